//! Why: from an event back through its causes to the act that began it.
//!
//! ```text
//!   why   orders-0: leader 2 is elected …
//!     step 96   +11.402 s   3001   orders-0: leader 2 is elected, epoch 1 …
//!      ← step 95   +11.402 s   3001   broker 1 is fenced: 9000 ms without a heartbeat
//!      ← step 41    +2.400 s   world  1 is killed
//!      ← step 41    +2.400 s   world  you: broker kill 1
//! ```
//!
//! Every event names the one that brought it about, so the chain is read, not guessed. Background events (bytes
//! appended, marks learned) are passed over unless they are what was asked about.

use super::common::{self, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::prose;
use super::timeline::{Weight, weight};
use crate::cluster::{Body, Lab, Stamped, WorldEvent};

/// Longest chain that is drawn; beyond it the middle is left out.
const LONGEST: usize = 24;
/// Longest chain that is followed.
const MOST_LINKS: usize = 2_000;

/// The event that a question without a number is about: the last one of weight, of this step if it has one.
pub(super) fn latest(lab: &Lab) -> Option<&Stamped> {
    let weighty = |event: &&Stamped| weight(event) != Weight::Quiet;
    lab.step_events()
        .rev()
        .find(weighty)
        .or_else(|| lab.events().iter().rev().take(10_000).find(weighty))
        .or_else(|| lab.events().back())
}

/// Whether a cause belongs into the story: not the background, and not what happened to another partition.
fn tells_more(cause: &Stamped, effect: &Stamped) -> bool {
    let same_step = cause.step == effect.step && cause.node == effect.node;
    let elsewhere = match (common::partition_of(&cause.body), common::partition_of(&effect.body)) {
        (Some(there), Some(here)) => there != here,
        _ => false,
    };
    let repeats = cause.body.kind() == effect.body.kind();
    let passed_over = cause.body.is_background() || elsewhere || (same_step && repeats);
    !passed_over
}

/// The chain of causes, the event itself first; and whether its beginning is no longer in memory.
pub fn chain(lab: &Lab, event: u64) -> (Vec<&Stamped>, bool) {
    let mut chain: Vec<&Stamped> = Vec::new();
    let mut next = Some(event);
    while let Some(id) = next {
        let Some(event) = lab.event(id) else { return (chain, true) };
        if chain.last().is_none_or(|effect| tells_more(event, effect)) {
            chain.push(event);
        }
        let is_act = matches!(event.body, Body::World(WorldEvent::Act { .. }));
        next = event.cause.filter(|&cause| cause < id && !is_act && chain.len() < MOST_LINKS);
    }
    (chain, false)
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let title = canvas.word("why", "为什么");
    let event = match focus.event {
        Some(id) => lab.event(id),
        None => latest(lab),
    };
    let Some(event) = event else {
        let text = match focus.event {
            Some(_) => canvas.word(
                "that event is not in the history up to this step",
                "到当前步骤为止的历史中没有这个事件",
            ),
            None => canvas
                .word("nothing has happened yet; `step` goes on", "还没有发生任何事；`step` 继续"),
        };
        return common::nothing(title, text, canvas);
    };
    let (chain, lost) = chain(lab, event.id);
    let mut picture = Picture::new(title).caption(format!("{}   #{}", event.body.kind(), event.id));
    let g = &canvas.glyphs;
    let times: Vec<String> = chain.iter().map(|event| event.at.to_string()).collect();
    let names: Vec<String> = chain.iter().map(|event| common::node_name(lab, event.node)).collect();
    let widest = |texts: &[String]| texts.iter().map(|t| super::width::of(t)).max().unwrap_or(0);
    let (time, name) = (widest(&times), widest(&names));
    let digits = chain.iter().map(|event| event.step.to_string().len()).max().unwrap_or(1);
    for (at, event) in chain.iter().enumerate() {
        if chain.len() > LONGEST && at >= LONGEST / 2 && at < chain.len() - LONGEST / 2 {
            if at == LONGEST / 2 {
                picture.push(common::more(chain.len() - LONGEST, canvas));
            }
            continue;
        }
        let mark = if at == 0 { " " } else { g.cause };
        let head = Line::of(format!("  {mark} "), Role::Accent)
            .span(format!("{} {:>digits$}", canvas.word("step", "步骤"), event.step), Role::Dim)
            .span(format!("  {:>time$}", times[at]), Role::Dim)
            .span(format!("  {}", names[at]), Role::Strong)
            .pad_to(4 + 5 + digits + 2 + time + 2 + name)
            .text("  ");
        let is_act =
            matches!(event.body, Body::World(WorldEvent::Act { .. } | WorldEvent::Fault(_)));
        let role = if is_act { Role::Code } else { Role::Plain };
        let sentence = [super::Span::new(lab.cluster().sentence(event, canvas.language), role)];
        let left = head.width();
        let narrow = canvas.width < left + 24;
        let room = canvas.width.saturating_sub(if narrow { 6 } else { left }).max(8);
        let target = Target::Event(event.id);
        let mut lines = prose::wrap(&sentence, room).into_iter();
        if narrow {
            picture.push(head.to(target.clone()));
        } else {
            let first = lines.next().unwrap_or_default();
            picture.push(head.join(first).to(target.clone()));
        }
        for line in lines {
            picture.push(line.indent(if narrow { 6 } else { left }).to(target.clone()));
        }
    }
    if lost {
        let text = canvas.word(
            "what came before is no longer in memory; `goto` an earlier step tells it again",
            "更早的原因已不在内存中；`goto` 到更早的步骤可以重现",
        );
        picture.push(Line::of(format!("    {text}"), Role::Dim));
    }
    finish(picture, canvas)
}
