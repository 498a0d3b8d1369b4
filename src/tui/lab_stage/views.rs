//! What the stage remembers between two frames, so that a frame costs what is seen and not what happened.
//!
//! ```text
//!   marks      the weight of each step, added to as events come     one byte a step
//!   metrics    what they are at this step, and what they were when the screen stood elsewhere
//!   diff       two branches compared, when somebody asked
//!   pictures   drawn once, until something is done: a key and a frame ask for the same ones many times
//!   counts     of partitions that are not well, until the controller's image is another one
//! ```
//!
//! What always holds: steps that were walked keep their marks when the screen goes back, since the same branch gives
//! the same steps again.

use crate::chinese;
use crate::cluster::{Difference, Lab};
use crate::trace::diff::Side;
use crate::trace::metrics::{self, Counted, Seen};
use crate::trace::timeline::{self, Weight};
use crate::trace::{Canvas, Focus, Picture, Target};
use crate::tui::stage::{Mark, Pane};
use crate::types::Language;
use std::cell::RefCell;
use std::sync::Arc;

/// Most steps whose marks are kept; what comes later is not marked.
const MOST_STEPS: u64 = 20_000_000;

/// The weight of each step of a branch.
#[derive(Default)]
struct Marks {
    branch: String,
    weights: Vec<Weight>,
    seen: u64,
}

/// Metrics at a place of the history.
struct Looked {
    branch: String,
    step: u64,
    now: Arc<Seen>,
    was: Option<Arc<Seen>>,
}

/// Two branches compared.
pub(super) struct Compared {
    pub here: Side,
    pub there: Side,
    pub differences: Vec<Difference>,
}

/// A picture, and what it was drawn for.
struct Drawn {
    pane: Pane,
    focus: Focus,
    canvas: Canvas,
    picture: Picture,
}

/// Most pictures that are kept.
const MOST_PICTURES: usize = 24;

/// What is remembered.
#[derive(Default)]
pub(super) struct Views {
    drawn: RefCell<Vec<Drawn>>,
    counted: RefCell<Option<Counted>>,
    marks: RefCell<Marks>,
    metrics: RefCell<Option<Looked>>,
    /// The last comparison.
    pub compared: Option<Compared>,
    /// Whether it shall be shown.
    pub show_compared: bool,
    /// The last broken promise that was told.
    pub told: u64,
}

fn mark(weight: Weight) -> Mark {
    match weight {
        Weight::Quiet => Mark::Quiet,
        Weight::Event => Mark::Event,
        Weight::Branch | Weight::Act => Mark::Act,
        Weight::Fault => Mark::Fault,
    }
}

impl Views {
    /// Something is done: what was drawn holds no longer.
    pub fn forget(&mut self) {
        self.drawn.get_mut().clear();
    }

    /// The picture as it was drawn since something was done, or drawn now.
    pub fn picture(
        &self,
        pane: Pane,
        focus: &Focus,
        canvas: &Canvas,
        draw: impl FnOnce() -> Picture,
    ) -> Picture {
        let same = |d: &&Drawn| d.pane == pane && d.canvas == *canvas && d.focus == *focus;
        if let Some(drawn) = self.drawn.borrow().iter().find(same) {
            return drawn.picture.clone();
        }
        let picture = draw();
        let mut drawn = self.drawn.borrow_mut();
        if drawn.len() == MOST_PICTURES {
            drawn.remove(0);
        }
        let (focus, canvas) = (focus.clone(), *canvas);
        drawn.push(Drawn { pane, focus, canvas, picture: picture.clone() });
        picture
    }

    /// How many partitions are not well.
    pub fn counts(&self, lab: &Lab) -> metrics::Counts {
        let mut counted = self.counted.borrow_mut();
        let now = Counted::of(lab, counted.take());
        let counts = now.counts;
        *counted = Some(now);
        counts
    }

    /// For each of `cells` equal parts of the history, its weightiest step.
    pub fn marks(&self, lab: &Lab, cells: usize) -> Vec<Mark> {
        let mut marks = self.marks.borrow_mut();
        let head = lab.head();
        // Steps count from 0: a history that ends at `head` has one more of them.
        if marks.branch != lab.branch_name() || head + 1 < marks.weights.len() as u64 {
            *marks = Marks { branch: lab.branch_name().to_owned(), ..Marks::default() };
        }
        let from = lab.events().partition_point(|event| event.id <= marks.seen);
        for event in lab.events().range(from..) {
            marks.seen = event.id;
            if event.step >= MOST_STEPS {
                continue;
            }
            let at = event.step as usize;
            if marks.weights.len() <= at {
                marks.weights.resize(at + 1, Weight::Quiet);
            }
            marks.weights[at] = marks.weights[at].max(timeline::weight(event));
        }
        let mut out = vec![Weight::Quiet; cells];
        let mut put = |step: u64, weight: Weight| {
            if let Some(cell) = out.get_mut(timeline::cell_of(step, head, cells)) {
                *cell = weight.max(*cell);
            }
        };
        let weighty = marks.weights.iter().enumerate().filter(|(_, w)| **w != Weight::Quiet);
        weighty.for_each(|(step, weight)| put(step as u64, *weight));
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
        out.into_iter().map(mark).collect()
    }

    /// What the metrics were when the screen stood somewhere else last.
    pub fn metrics_before(&self, lab: &Lab) -> Option<Arc<Seen>> {
        let mut looked = self.metrics.borrow_mut();
        let here = looked
            .as_ref()
            .is_some_and(|l| l.step == lab.step_number() && l.branch == lab.branch_name());
        if !here {
            let was = looked.take().map(|looked| looked.now);
            *looked = Some(Looked {
                branch: lab.branch_name().to_owned(),
                step: lab.step_number(),
                now: Arc::new(metrics::seen(lab)),
                was,
            });
        }
        looked.as_ref().and_then(|looked| looked.was.clone())
    }

    /// A promise that broke and was not told yet: a sentence and the event.
    pub fn broken(&mut self, lab: &Lab, language: Language) -> Option<(String, u64)> {
        let violation = lab.cluster().invariants.violations().last()?;
        let fresh = violation.event > self.told && violation.step <= lab.step_number();
        self.told = self.told.max(violation.event);
        fresh.then(|| {
            let name = violation.name;
            let sentence = chinese::tell(language, &violation.sentence);
            let text = match language {
                Language::English => format!("broken promise {name} (w tells why): {sentence}"),
                Language::Chinese => format!("违背了承诺 {name}（按 w 查看原因）：{sentence}"),
            };
            (text, violation.event)
        })
    }
}

/// The pane that a row leads to, and what it is then about.
pub(super) fn pane_of(target: &Target, focus: &Focus) -> Option<(Pane, Focus)> {
    let mut focus = focus.clone();
    let pane = match target {
        Target::Node(node) => {
            focus.node = Some(*node);
            if node.is_controller() { Pane::Controller } else { Pane::Log }
        }
        Target::Partition(partition) => {
            focus.partition = Some(partition.clone());
            Pane::Partition
        }
        Target::Replica(partition, node) => {
            focus.partition = Some(partition.clone());
            focus.node = Some(*node);
            Pane::Log
        }
        Target::Event(event) => {
            focus.event = Some(*event);
            Pane::Why
        }
        Target::Segment(base) => {
            focus.segment = Some(*base);
            Pane::Index
        }
        Target::Offset(offset) => {
            focus.offset = Some(*offset);
            Pane::Bytes
        }
        Target::Bytes(from, _) => {
            focus.byte = Some(*from);
            Pane::Bytes
        }
        Target::File(file) => {
            focus.file = Some(file.clone());
            Pane::Bytes
        }
        Target::Group(group) => {
            focus.group = Some(group.clone());
            Pane::Group
        }
        Target::Entry(_)
        | Target::Step(_)
        | Target::Record(..)
        | Target::Pending(_)
        | Target::Word(_)
        | Target::Link(..)
        | Target::Branch(_)
        | Target::Choice(_) => return None,
    };
    Some((pane, focus))
}
