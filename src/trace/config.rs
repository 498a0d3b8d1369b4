//! `show config`: settings of brokers, and where each has its value from (`kafka-configs --describe`).
//!
//! ```text
//!   setting             broker  value   from           behind it
//!   log.retention.ms    1       70000   this broker    60000 all brokers, 604800000 default
//!   log.retention.ms    2,3     60000   all brokers    604800000 default
//! ```
//!
//! What always holds: brokers with the same value from the same place share a row. Without `broker=` only what differs
//! from the default is told; with it everything that can be changed while it runs. What a broker that is down was given
//! is kept, and holds again when it is back.

use super::common::{self, finish};
use super::picture::{Canvas, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::broker::{Broker, Source};
use crate::cluster::Lab;
use crate::coordination::kraft::ConfigResource;
use crate::era::dynamic;
use crate::types::{Language, NodeId};

fn word(source: Source, canvas: &Canvas) -> &'static str {
    match source {
        Source::ThisBroker => canvas.word("this broker", "本 broker"),
        Source::AllBrokers => canvas.word("all brokers", "全部 broker"),
        Source::Start => canvas.word("the start", "启动时"),
        Source::Default => canvas.word("default", "默认值"),
    }
}

/// What one broker says of one setting: the value in use, from where, and what stands behind it.
type Said = Vec<(Source, String)>;

fn said(broker: &Broker, name: &str) -> Said {
    let mut all = broker.setting(name);
    // What was taken at the start is in use: an unknown or unfit value is not.
    if let Some(used) = broker.config.dynamic_value(name)
        && all.first().is_some_and(|(_, value)| *value != used)
        && let Some(at) = all.iter().position(|(_, value)| *value == used)
    {
        all.drain(..at);
    }
    all
}

/// Draws them: of one broker, or of all that run.
pub fn draw(lab: &Lab, broker: Option<NodeId>, canvas: &Canvas) -> Result<Picture, String> {
    let cluster = lab.cluster();
    let era = cluster.config.log.era;
    if let Some(id) = broker.filter(|id| cluster.broker(*id).is_none()) {
        return Err(format!(
            "broker {id} is not there, or does not run: 'show cluster' tells who does"
        ));
    }
    let caption = match (canvas.language, dynamic::has_cluster_defaults(&era)) {
        (Language::English, true) => {
            "'broker config N|all NAME=VALUE' changes them without a restart"
        }
        (Language::Chinese, true) => "'broker config N|all NAME=VALUE' 可在运行中修改",
        (Language::English, false) => {
            "since Kafka 1.1 (KIP-226) they can be changed without a restart"
        }
        (Language::Chinese, false) => "自 Kafka 1.1（KIP-226）起可在运行中修改",
    };
    let mut picture = Picture::new("config").caption(caption.to_owned());
    let running: Vec<&Broker> = match broker {
        Some(id) => cluster.broker(id).into_iter().collect(),
        None => cluster.brokers.keys().filter_map(|id| cluster.broker(*id)).collect(),
    };
    let names = dynamic::DYNAMIC.iter().map(|(name, _)| *name).chain(dynamic::BRAKES);
    let names: Vec<&str> = names.filter(|name| dynamic::is_dynamic(name, &era)).collect();
    if !given(&running, &names, canvas, &mut picture) {
        picture.push(Line::plain(match canvas.language {
            Language::English => {
                format!("  every broker runs with the defaults of Kafka {}", era.kafka)
            }
            Language::Chinese => format!("  所有 broker 均使用 Kafka {} 的默认值", era.kafka),
        }));
    }
    if let (Some(_), [one]) = (broker, running.as_slice()) {
        standard(one, &names, canvas, &mut picture);
    }
    fixed(lab, &mut picture, canvas);
    kept(lab, &mut picture, canvas);
    Ok(finish(picture, canvas))
}

/// What differs from the defaults; whether anything does.
fn given(running: &[&Broker], names: &[&str], canvas: &Canvas, picture: &mut Picture) -> bool {
    let mut table = Table::new(&[Align::Left; 5]).heads(&match canvas.language {
        Language::English => ["setting", "broker", "value", "from", "behind it"],
        Language::Chinese => ["配置", "broker", "值", "来源", "其后"],
    });
    let mut any = false;
    for name in names {
        let mut groups: Vec<(Said, Vec<NodeId>)> = Vec::new();
        for one in running {
            let said = said(one, name);
            if said.first().is_none_or(|(source, _)| *source == Source::Default) {
                continue;
            }
            match groups.iter_mut().find(|(known, _)| *known == said) {
                Some((_, ids)) => ids.push(one.id),
                None => groups.push((said, vec![one.id])),
            }
        }
        for (said, ids) in groups {
            let Some(((source, value), behind)) = said.split_first() else { continue };
            let behind: Vec<String> = behind
                .iter()
                .map(|(source, value)| format!("{value} {}", word(*source, canvas)))
                .collect();
            let whose = match ids.len() == running.len() && ids.len() > 1 {
                true => canvas.word("all", "全部").to_owned(),
                false => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            };
            let target = Target::Node(ids[0]);
            let cells = vec![
                Line::plain(*name),
                Line::plain(whose),
                Line::of(value.clone(), Role::Strong),
                Line::plain(word(*source, canvas)),
                Line::of(behind.join(", "), Role::Dim),
            ];
            table.row_to(cells, target);
            any = true;
        }
    }
    if any {
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
    }
    any
}

/// What else can be changed while a broker runs: its defaults.
fn standard(broker: &Broker, names: &[&str], canvas: &Canvas, picture: &mut Picture) {
    let mut table = Table::new(&[Align::Left; 2]).heads(&match canvas.language {
        Language::English => ["at its default", "value"],
        Language::Chinese => ["仍为默认值", "值"],
    });
    for name in names {
        if let Some((Source::Default, value)) = said(broker, name).into_iter().next() {
            table.row(vec![Line::of(*name, Role::Dim), Line::of(value, Role::Dim)]);
        }
    }
    picture.blank();
    picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
}

/// What the cluster was started with and cannot be changed while it runs.
fn fixed(lab: &Lab, picture: &mut Picture, canvas: &Canvas) {
    let config = &lab.cluster().config;
    let fixed: Vec<String> = config
        .given
        .iter()
        .filter(|(name, _)| !dynamic::is_dynamic(name, &config.log.era))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !fixed.is_empty() {
        let head = canvas.word("read-only, from the start: ", "只读，启动时给定：");
        picture.push(Line::of(format!("  {head}{}", fixed.join(" ")), Role::Dim));
    }
}

/// What brokers that do not run will find when they are back.
fn kept(lab: &Lab, picture: &mut Picture, canvas: &Canvas) {
    let Some(image) = common::image(lab) else { return };
    for (resource, settings) in image.configs.iter() {
        let ConfigResource::Broker(id) = resource else { continue };
        let Some(id) = id.parse().ok().map(NodeId) else { continue };
        if lab.cluster().broker(id).is_some() || settings.is_empty() {
            continue;
        }
        let settings: Vec<String> = settings.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let settings = settings.join(" ");
        picture.push(Line::plain(match canvas.language {
            Language::English => format!("  broker {id} is down and will have {settings}"),
            Language::Chinese => format!("  broker {id} 未运行，恢复后将使用 {settings}"),
        }));
    }
}
