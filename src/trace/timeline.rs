//! The time line: acts, faults and branches over all steps, and what happened last.
//!
//! ```text
//!   timeline   step 96 of 120   main
//!     ──◆──▪▪──✕─────▪▪┃···◆····
//!     41   +2.400 s   world   you: broker kill 1
//!     96  +11.402 s   3001    orders-0: leader 2 is elected, epoch 1 …  «
//! ```
//!
//! `◆` an act, `✕` a fault, `⑂` a branch begins, `▪` something happened, `┃` the present; what lies beyond it was
//! walked before. A cell stands for equally many steps and shows the weightiest of them.

use super::common::{self, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::prose;
use crate::cluster::{Body, Lab, Stamped, WorldEvent};
use crate::types::NodeId;

/// How many events of one kind, node and step are shown each for itself.
const ALIKE: usize = 3;
/// How many events are looked at for the list.
const MOST_LOOKED_AT: usize = 20_000;

/// How much a step weighs on the line; the greatest of a cell is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing to speak of.
    #[default]
    Quiet,
    /// Something happened.
    Event,
    /// A branch begins here.
    Branch,
    /// Somebody did something.
    Act,
    /// Something broke.
    Fault,
}

/// The weight of an event.
pub fn weight(event: &Stamped) -> Weight {
    match &event.body {
        Body::World(
            WorldEvent::Fault(_) | WorldEvent::NodeHalted { .. } | WorldEvent::Violated { .. },
        ) => Weight::Fault,
        // what the lab does by itself so that time passes is written as a comment
        Body::World(WorldEvent::Act { command }) if command.starts_with('#') => Weight::Quiet,
        Body::World(WorldEvent::Act { .. }) => Weight::Act,
        Body::World(WorldEvent::IdlePassed { .. }) => Weight::Quiet,
        body if body.is_background() || is_of_internal_log(body) => Weight::Quiet,
        _ => Weight::Event,
    }
}

/// Whether something happened to a log of Kafka's own topics: their coordinators tell the same in better words.
fn is_of_internal_log(body: &Body) -> bool {
    use crate::coordination::{ElectionReason, Event};
    let is_internal = common::partition_of(body).is_some_and(|p| common::is_internal(&p.topic));
    is_internal
        && match body {
            Body::Broker(_) => true,
            Body::Controller(Event::LeaderElected { reason, .. }) => {
                *reason == ElectionReason::Created
            }
            _ => false,
        }
}

/// For each of `cells` equal parts of the history 0..=head, its weightiest step.
pub fn weights(lab: &Lab, cells: usize) -> Vec<Weight> {
    let head = lab.head();
    let mut weights = vec![Weight::Quiet; cells];
    let mut put = |step: u64, weight: Weight| {
        if let Some(cell) = weights.get_mut(cell_of(step, head, cells)) {
            *cell = weight.max(*cell);
        }
    };
    for event in lab.events() {
        put(event.step, weight(event));
    }
    for (step, command) in lab.acts() {
        if !command.starts_with('#') {
            put(step, Weight::Act);
        }
    }
    for (_, parent, _, current) in lab.forks() {
        if let Some((parent, step)) = parent
            && (parent == lab.branch_name() || current)
        {
            put(step, Weight::Branch);
        }
    }
    weights
}

/// The cell of a step: one for each while they fit, then each stands for equally many.
pub fn cell_of(step: u64, head: u64, cells: usize) -> usize {
    let last = cells.saturating_sub(1) as u64;
    let cell = match head <= last {
        true => step,
        false => (u128::from(step) * u128::from(last) / u128::from(head.max(1))) as u64,
    };
    cell.min(last) as usize
}

/// The line of cells.
fn scrubber(lab: &Lab, cells: usize, canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    let now = cell_of(lab.step_number(), lab.head(), cells);
    let end = cell_of(lab.head(), lab.head(), cells);
    let mut line = Line::new();
    for (cell, weight) in weights(lab, cells).into_iter().enumerate().take(end + 1) {
        let past = cell < now;
        let (glyph, role) = match weight {
            _ if cell == now => (g.now, Role::Accent),
            Weight::Quiet if past => (g.past, Role::Dim),
            Weight::Quiet => (g.future, Role::Dim),
            Weight::Event if past => (g.past_event, Role::Number),
            Weight::Event => (g.future_event, Role::Dim),
            Weight::Branch => (g.branch, Role::Link),
            Weight::Act => (g.act, Role::Heading),
            Weight::Fault => (g.dead, Role::Bad),
        };
        line = line.span(glyph, role);
    }
    line
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let caption = match canvas.language {
        crate::types::Language::English => {
            format!("step {} of {}   {}", lab.step_number(), lab.head(), lab.now())
        }
        crate::types::Language::Chinese => {
            format!("步骤 {} / {}   {}", lab.step_number(), lab.head(), lab.now())
        }
    };
    let mut caption = Line::plain(caption).span(format!("   {}", lab.branch_name()), Role::Link);
    let others = lab.forks().count().saturating_sub(1);
    if others > 0 {
        let text =
            canvas.word(if others == 1 { "more branch" } else { "more branches" }, "个其他分支");
        caption = caption.span(format!("   {others} {text}"), Role::Dim);
    }
    let mut picture = Picture::new(canvas.word("timeline", "时间线")).caption(caption);
    picture.push(scrubber(lab, canvas.width.saturating_sub(4).clamp(8, 100), canvas).indent(2));
    let tree = super::branches::tree(lab, canvas, (canvas.height / 3).clamp(2, 12));
    let forked = tree.len();
    picture.extend(tree);
    if forked > 0 {
        picture.blank();
    }
    let room = canvas.height.saturating_sub(3 + forked + usize::from(forked > 0)).clamp(3, 40);
    let mut last: Vec<&Stamped> = Vec::new();
    let mut earlier = false;
    let (mut rows, mut alike) = (0, 0);
    let filter = focus.filter.as_deref().filter(|filter| !filter.is_empty());
    for event in lab.events().iter().rev() {
        if filter.is_some_and(|filter| !matches(lab, event, filter, canvas)) {
            continue;
        }
        if weight(event) == Weight::Quiet && focus.event != Some(event.id) {
            continue;
        }
        let follows = last.last().is_some_and(|later| {
            let kind = |event: &Stamped| (event.step, event.node, event.body.kind());
            kind(event) == kind(later)
        });
        alike = if follows { alike + 1 } else { 0 };
        rows += usize::from(alike <= ALIKE);
        if rows > room || last.len() >= MOST_LOOKED_AT {
            earlier = true;
            break;
        }
        last.push(event);
    }
    last.reverse();
    if earlier {
        let text = canvas.word("earlier events", "更早的事件");
        picture.push(Line::of(format!("  {} {text}", canvas.glyphs.ellipsis), Role::Dim));
    } else if last.is_empty() {
        let text = canvas
            .word("nothing has happened yet; `step` goes on", "还没有发生任何事；`step` 继续");
        picture.push(Line::of(format!("  {text}"), Role::Dim));
    }
    let names = last.iter().map(|event| super::width::of(&common::node_name(lab, event.node)));
    let name = names.max().unwrap_or(0).clamp(5, 14);
    let mut run: Option<(u64, NodeId, &'static str, usize)> = None;
    for event in last {
        let focused = focus.event == Some(event.id);
        let key = (event.step, event.node, event.body.kind());
        let seen =
            run.filter(|&(step, node, kind, _)| (step, node, kind) == key).map_or(0, |r| r.3);
        if seen == 0 {
            picture.extend(folded(run.take(), canvas));
        }
        run = Some((key.0, key.1, key.2, seen + 1));
        if seen < ALIKE || focused {
            picture.extend(row(lab, event, name, canvas));
        }
        if focused {
            picture.attend();
        }
    }
    picture.extend(folded(run, canvas));
    if focus.event.is_none() {
        picture.attend();
    }
    finish(picture, canvas)
}

/// Whether an event's kind, node or sentence contains the filter.
fn matches(lab: &Lab, event: &Stamped, filter: &str, canvas: &Canvas) -> bool {
    event.body.kind().contains(filter)
        || common::node_name(lab, event.node).contains(filter)
        || lab.cluster().sentence(event, canvas.language).contains(filter)
}

/// `… 48 more LeaderElected`, behind the first events of a long run.
fn folded(run: Option<(u64, NodeId, &'static str, usize)>, canvas: &Canvas) -> Option<Line> {
    let (_, _, kind, count) = run.filter(|run| run.3 > ALIKE)?;
    let word = canvas.word("more", "个更多的");
    let text = format!("  {} {} {word} {kind}", canvas.glyphs.ellipsis, count - ALIKE);
    Some(Line::of(text, Role::Dim))
}

fn row(lab: &Lab, event: &Stamped, name: usize, canvas: &Canvas) -> Vec<Line> {
    let g = &canvas.glyphs;
    let now = event.step == lab.step_number();
    let digits = lab.step_number().to_string().len().max(3);
    let time = lab.now().to_string().len();
    let role = match weight(event) {
        Weight::Fault => Role::Bad,
        Weight::Act => Role::Code,
        _ => Role::Plain,
    };
    let head = Line::of(format!("  {:>digits$}", event.step), Role::Dim)
        .span(format!("  {:>time$}", event.at.to_string()), Role::Dim)
        .span(format!("  {}", common::node_name(lab, event.node)), Role::Strong)
        .pad_to(2 + digits + 2 + time + 2 + name)
        .text("  ");
    let left = head.width();
    let mut sentence = vec![super::Span::new(lab.cluster().sentence(event, canvas.language), role)];
    if now {
        sentence.push(super::Span::new(format!(" {}", g.changed), Role::Accent));
    }
    let target = Target::Event(event.id);
    let narrow = canvas.width < left + 24;
    let indent = if narrow { 4 } else { left };
    let room = canvas.width.saturating_sub(indent).max(8);
    let mut wrapped = prose::wrap(&sentence, room).into_iter();
    let mut lines = Vec::new();
    match narrow {
        true => lines.push(head),
        false => lines.push(head.join(wrapped.next().unwrap_or_default())),
    }
    lines.extend(wrapped.map(|line| line.indent(indent)));
    lines.into_iter().map(|line| line.to(target.clone())).collect()
}
