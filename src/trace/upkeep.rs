//! What retention and the cleaner think of a log, drawn below its segments.
//!
//! ```text
//!   retention   …0: newest record 50 h old, retention.ms 48 h   goes at the next check
//!               …13: newest record 45 h old, retention.ms 48 h   stays
//!   compaction  clean to 113, dirty 42 %, min.cleanable.dirty.ratio 50 %
//!   going       00000000000000000000.log.deleted   4 492 B   in 60 s
//! ```
//!
//! Only what says something is drawn: rules that the topic set itself, and files that are there.

use super::common::bytes;
use super::picture::{Canvas, Line, Role, Target};
use crate::clock::Duration;
use crate::cluster::Lab;
use crate::storage::{Log, LogConfig, RetentionRule, RetentionStep, Verdict};
use crate::types::{Language, NodeId, TopicPartition, counted};

/// Most segments and files of one kind that are listed.
const MOST_ROWS: usize = 6;

/// The lines below the segments of a log.
pub(super) fn lines(
    lab: &Lab,
    partition: &TopicPartition,
    node: NodeId,
    log: &Log,
    canvas: &Canvas,
) -> Vec<Line> {
    let mut lines = retention(lab, partition, node, log, canvas);
    lines.extend(compaction(lab, partition, node, log, canvas));
    lines.extend(files(lab, log, canvas));
    lines
}

fn head(word: &str, first: bool) -> Line {
    Line::of(if first { word } else { "" }, Role::Dim).indent(2).pad_to(14)
}

/// The verdicts of the rules that this topic set for itself.
fn retention(
    lab: &Lab,
    partition: &TopicPartition,
    node: NodeId,
    log: &Log,
    canvas: &Canvas,
) -> Vec<Line> {
    let (config, standard) = (log.config(), LogConfig::default());
    let own = config.retention_ms != standard.retention_ms || config.retention_bytes >= 0;
    let replica = lab.cluster().broker(node).and_then(|broker| broker.replicas.get(partition));
    let Some(replica) = replica.filter(|_| own) else { return Vec::new() };
    let check = log.retention(replica.high_watermark(), lab.now().timestamp());
    let told = check.filter(|step| {
        step.rule != RetentionRule::LogStartOffset || matches!(step.verdict, Verdict::Delete(_))
    });
    let word = canvas.word("retention", "保留");
    // A segment that two rules keep is told once, with what both say.
    let mut rows: Vec<(RetentionStep, Vec<String>)> = Vec::new();
    for step in told {
        let why = reason(&step, canvas.language);
        match rows.iter_mut().find(|(other, _)| other.base_offset == step.base_offset) {
            Some((other, whys)) if !matches!(step.verdict, Verdict::Delete(_)) => {
                if !whys.contains(&why) {
                    whys.push(why);
                }
                other.verdict = step.verdict;
            }
            Some(row) => *row = (step, vec![why]),
            None => rows.push((step, vec![why])),
        }
    }
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    let mut lines = Vec::new();
    for (step, whys) in rows.into_iter().take(MOST_ROWS) {
        let goes = matches!(step.verdict, Verdict::Delete(_));
        let fate = match goes {
            true => canvas.word("goes at the next check", "下次检查时移出"),
            false => canvas.word("stays", "保留"),
        };
        let name = format!("{}{}: ", canvas.glyphs.ellipsis, step.base_offset);
        let indent = 14 + super::width::of(&name);
        for (n, why) in whys.iter().enumerate() {
            let mut line = match n {
                0 => head(word, lines.is_empty()).span(name.clone(), Role::Link),
                _ => Line::new().pad_to(indent),
            };
            line = line.text(why.clone());
            if n + 1 == whys.len() {
                let role = if goes { Role::Strong } else { Role::Dim };
                line = line.text("   ").span(fate, role);
            }
            lines.push(line.to(Target::Segment(step.base_offset)));
        }
    }
    if left_out > 0 {
        lines.push(super::common::more(left_out, canvas));
    }
    lines
}

fn reason(step: &RetentionStep, language: Language) -> String {
    let english = language == Language::English;
    let time = |ms: i64| Duration::from_ms(ms.max(0) as u64).to_string();
    match step.verdict {
        Verdict::Delete(reason) => reason.words(language),
        Verdict::Young { age_ms, limit_ms } if english => {
            format!("newest record {} old, retention.ms {}", time(age_ms), time(limit_ms))
        }
        Verdict::Young { age_ms, limit_ms } => {
            format!("最新记录 {}，retention.ms {}", time(age_ms), time(limit_ms))
        }
        Verdict::Needed { log_bytes, limit_bytes } if english => {
            format!("the log has {}, retention.bytes {limit_bytes}", counted(log_bytes, "byte"))
        }
        Verdict::Needed { log_bytes, limit_bytes } => {
            format!("日志共 {log_bytes} 字节，retention.bytes {limit_bytes}")
        }
        Verdict::NotCommitted => {
            language.pick("the high watermark has not passed it", "高水位尚未越过").to_owned()
        }
        Verdict::ActiveEmpty => language.pick("active and empty", "活动段且为空").to_owned(),
        Verdict::NotBeforeLogStart => {
            language.pick("not all before the log start", "未全部在日志起始之前").to_owned()
        }
    }
}

/// Up to where a compacted log is clean, and how dirty the rest is.
fn compaction(
    lab: &Lab,
    partition: &TopicPartition,
    node: NodeId,
    log: &Log,
    canvas: &Canvas,
) -> Option<Line> {
    let broker = lab.cluster().broker(node)?;
    let cleanable = broker.cleanable(partition, lab.disk(), lab.now())?;
    let percent = |ratio: f64| format!("{:.0} %", ratio * 100.0);
    let line = head(canvas.word("compaction", "压实"), true)
        .span(canvas.word("clean to ", "已清理至 "), Role::Dim)
        .span(cleanable.first_dirty_offset.to_string(), Role::Offset)
        .span(canvas.word("   dirty to ", "   脏区至 "), Role::Dim)
        .span(cleanable.first_uncleanable_offset.to_string(), Role::Offset)
        .span(
            format!(
                "   {} {}   min.cleanable.dirty.ratio {}",
                canvas.word("dirty", "脏比"),
                percent(cleanable.dirty_ratio()),
                percent(log.config().min_cleanable_dirty_ratio())
            ),
            Role::Dim,
        );
    Some(line)
}

/// Files that are no segments any more, or not yet.
fn files(lab: &Lab, log: &Log, canvas: &Canvas) -> Vec<Line> {
    let now = lab.now();
    let entries = lab.disk().list(log.directory()).unwrap_or_default();
    let loose = entries.into_iter().filter(|entry| {
        [".deleted", ".cleaned", ".swap"].iter().any(|suffix| entry.name.ends_with(suffix))
    });
    let mut lines = Vec::new();
    let mut left_out = 0;
    for entry in loose {
        if lines.len() == MOST_ROWS {
            left_out += 1;
            continue;
        }
        let path = format!("{}/{}", log.directory(), entry.name);
        let due = log.doomed().iter().find(|doomed| *doomed.path == *path);
        let when = due.map(|doomed| match canvas.language {
            Language::English => format!("   goes in {}", doomed.due.since(now)),
            Language::Chinese => format!("   {} 后删除", doomed.due.since(now)),
        });
        let line = head(canvas.word("loose files", "游离文件"), lines.is_empty())
            .span(entry.name, Role::Link)
            .span(format!("   {}", bytes(entry.size)), Role::Number)
            .span(when.unwrap_or_default(), Role::Dim)
            .to(Target::File(path));
        lines.push(line);
    }
    if left_out > 0 {
        lines.push(super::common::more(left_out, canvas));
    }
    lines
}
