//! How a broker's last start went: every step of opening its logs, in order, with the reason.
//!
//! ```text
//!   start   b1, step 126   +1.152 s   without a clean-shutdown flag
//!     orders-0   no clean stop: scan 1 from recovery point 30 on, believe 3 before it
//!                the batch at byte 264 of segment 30 is bad …
//!                log opened recovered, offsets 0 to 33 in 4 segments
//! ```
//!
//! Read from the events, so it goes back with the lab. What stands in the log of a real broker at its start says the
//! same in other words (`LogManager`, `LogLoader`).

use super::common::{self, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::prose;
use crate::broker;
use crate::cluster::{Body, Lab, Stamped};
use crate::types::Language;

/// Most steps that are drawn; more are counted.
const MOST: usize = 400;

/// The last start of a broker, or of any.
fn last_start<'a>(lab: &'a Lab, focus: &Focus) -> Option<(&'a Stamped, bool)> {
    lab.events().iter().rev().find_map(|event| match &event.body {
        Body::Broker(broker::Event::Started { clean })
            if focus.node.is_none_or(|node| node == event.node) =>
        {
            Some((event, *clean))
        }
        _ => None,
    })
}

/// Draws it.
pub(super) fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("start", "启动");
    let Some((start, clean)) = last_start(lab, focus) else {
        let text =
            canvas.word("no broker has started that we remember", "没有记录到 broker 的启动");
        return common::nothing(title, text, canvas);
    };
    let how = match clean {
        true => canvas.word("after a clean stop", "上次正常停机"),
        false => canvas.word("without a clean-shutdown flag", "没有正常停机标志"),
    };
    let name = common::node_name(lab, start.node);
    let caption = match canvas.language {
        Language::English => format!("{name}, step {}   {}   {how}", start.step, start.at),
        Language::Chinese => format!("{name}，步骤 {}   {}   {how}", start.step, start.at),
    };
    let mut picture = Picture::new(title).caption(caption);
    let steps: Vec<(String, &Stamped)> = (lab.events().iter())
        .filter(|event| event.id > start.id && event.step == start.step && event.node == start.node)
        .filter_map(|event| match &event.body {
            Body::Broker(broker::Event::Storage(inner)) => {
                Some((inner.partition().to_string(), event))
            }
            _ => None,
        })
        .collect();
    if steps.is_empty() {
        let text = canvas.word("  there was no log to open", "  没有需要打开的日志");
        picture.push(Line::of(text, Role::Dim));
    }
    let wide = steps.iter().map(|(name, _)| super::width::of(name)).max().unwrap_or(0).min(30);
    let left = 2 + wide + 2;
    let mut before = "";
    for (partition, event) in steps.iter().take(MOST) {
        let sentence = event.body.sentence(canvas.language);
        let sentence = (sentence.strip_prefix(partition.as_str()))
            .map(|rest| rest.trim_start_matches([':', '：', ' ']))
            .unwrap_or(&sentence)
            .to_owned();
        let shown = if before == partition { "" } else { partition.as_str() };
        before = partition;
        let head = Line::of(shown, Role::Link).indent(2).pad_to(left);
        let room = canvas.width.saturating_sub(left).max(24);
        let target = Target::Event(event.id);
        let spans = [super::Span::new(sentence, Role::Plain)];
        let mut lines = prose::wrap(&spans, room).into_iter();
        picture.push(head.join(lines.next().unwrap_or_default()).to(target.clone()));
        for line in lines {
            picture.push(line.indent(left + 2).to(target.clone()));
        }
    }
    if steps.len() > MOST {
        picture.push(common::more(steps.len() - MOST, canvas));
    }
    finish(picture, canvas)
}
