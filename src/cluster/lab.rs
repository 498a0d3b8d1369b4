//! Time that runs both ways: the cluster, its disk, its history, its branches.
//!
//! ```text
//!   step   0 ─────── 512 ─────── 1024 ──── 1200       main      (● checkpoint: a clone and a mark on the disk)
//!          ●          ●           ●         ▲ head
//!                                 └── 540 ─ 580        what-if   (an act at 540 began it)
//! ```
//!
//! The world is deterministic, so the history is only *what was done*: acts by step. Going back to step n undoes the
//! disk to the mark of the checkpoint before n, takes that checkpoint's clone and runs forward. Bytes are the same
//! again. Checkpoints lie close together near the present and further apart in the past, so memory stays bounded.

use super::act::{Act, Outcome, Refusal, Ticket};
use super::event::Stamped;
use super::file_check::FilesSeen;
use super::network::Pending;
use super::spec::ClusterSpec;
use super::world::Cluster;
use crate::clock::Instant;
use crate::disk::{Disk, DiskError, Mark};
use crate::storage::StorageError;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// Steps between two checkpoints.
const SPACING: u64 = 512;
/// The same where there are so many brokers that a checkpoint costs more than the steps it saves.
const WIDE_SPACING: u64 = 2_048;
/// From so many brokers on.
const MANY_BROKERS: u32 = 32;
/// Most checkpoints that are kept; a third of them near the present, which keep their spacing.
const MOST_CHECKPOINTS: usize = 96;
/// The same with many brokers.
const FEW_CHECKPOINTS: usize = 24;
/// Most events that are kept in memory; older ones are told again by going back to them.
const MOST_EVENTS: usize = 100_000;

/// What can go wrong with the lab itself (not with Kafka).
#[derive(Debug)]
pub enum LabError {
    /// The cluster that was asked for cannot be made.
    Spec(String),
    /// The disk failed.
    Disk(DiskError),
    /// A log failed outside a node.
    Storage(StorageError),
    /// A name or a step that does not exist.
    Name(String),
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LabError::Spec(text) | LabError::Name(text) => f.write_str(text),
            LabError::Disk(error) => error.fmt(f),
            LabError::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LabError {}

impl From<DiskError> for LabError {
    fn from(error: DiskError) -> LabError {
        LabError::Disk(error)
    }
}

impl From<StorageError> for LabError {
    fn from(error: StorageError) -> LabError {
        LabError::Storage(error)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Checkpoint {
    pub(super) step: u64,
    pub(super) cluster: Cluster,
    pub(super) mark: Mark,
}

/// An act with the words it was given in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Done {
    pub(super) act: Arc<Act>,
    pub(super) command: Arc<str>,
}

#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) name: String,
    /// The branch that it left, and the step after which it goes its own way.
    pub(super) parent: Option<(String, u64)>,
    pub(super) acts: BTreeMap<u64, Done>,
    pub(super) head: u64,
}

/// The cluster, its disk and its history.
pub struct Lab {
    pub(super) cluster: Cluster,
    pub(super) disk: Disk,
    pub(super) events: VecDeque<Stamped>,
    pub(super) scratch: Vec<Stamped>,
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) branches: Vec<Branch>,
    pub(super) current: usize,
    pub(super) spec: ClusterSpec,
    /// Whether it can go back; without it nothing but the present is kept.
    pub(super) has_history: bool,
    /// What the files said when they were asked last.
    pub(super) seen: FilesSeen,
}

impl Lab {
    /// Formats a cluster on `disk`. At step 0 nothing runs and no log has a byte.
    pub fn new(spec: ClusterSpec, mut disk: Disk) -> Result<Lab, LabError> {
        let cluster = Cluster::format(spec.clone(), &mut disk)?;
        let main = Branch { name: "main".to_owned(), parent: None, acts: BTreeMap::new(), head: 0 };
        let first = Checkpoint { step: 0, cluster: cluster.clone(), mark: disk.mark() };
        Ok(Lab {
            cluster,
            disk,
            events: VecDeque::new(),
            scratch: Vec::new(),
            checkpoints: vec![first],
            branches: vec![main],
            current: 0,
            spec,
            has_history: true,
            seen: FilesSeen::default(),
        })
    }

    /// The same without a past: it cannot go back, keeps the events of the present step only, and is faster. For those
    /// who play thousands of schedules.
    pub fn without_history(spec: ClusterSpec, mut disk: Disk) -> Result<Lab, LabError> {
        disk.set_reversible(false);
        let mut lab = Lab::new(spec, disk)?;
        lab.checkpoints.clear();
        lab.has_history = false;
        Ok(lab)
    }

    /// The world at the present step.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }
    /// The disk at the present step.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }
    /// The disk, for those who close or keep it.
    pub fn disk_mut(&mut self) -> &mut Disk {
        &mut self.disk
    }
    /// What the cluster was made from.
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }
    /// The present moment.
    pub fn now(&self) -> Instant {
        self.cluster.now
    }
    /// The present step.
    pub fn step_number(&self) -> u64 {
        self.cluster.step
    }
    /// The last step that was ever taken on this branch.
    pub fn head(&self) -> u64 {
        self.branch_ref().head.max(self.cluster.step)
    }
    /// Whether the present step lies before the head.
    pub fn in_past(&self) -> bool {
        self.cluster.step < self.head()
    }
    /// The branch on the screen.
    pub fn branch_name(&self) -> &str {
        &self.branch_ref().name
    }
    /// When the next happening is due.
    pub fn next_at(&self) -> Option<Instant> {
        self.cluster.network.next_at()
    }
    /// What happened up to now, oldest first (the newest 100,000).
    pub fn events(&self) -> &VecDeque<Stamped> {
        &self.events
    }
    /// The event of this number.
    pub fn event(&self, id: u64) -> Option<&Stamped> {
        let at = self.events.partition_point(|event| event.id < id);
        self.events.get(at).filter(|event| event.id == id)
    }
    /// The events of the present step.
    pub fn step_events(&self) -> impl DoubleEndedIterator<Item = &Stamped> {
        let step = self.cluster.step;
        let from = self.events.partition_point(|event| event.step < step);
        self.events.range(from..)
    }
    /// What may happen next, soonest first.
    pub fn pending(&self) -> Vec<Pending> {
        self.cluster.network.pending().collect()
    }
    /// What came of an act, once it is known.
    pub fn outcome(&self, ticket: Ticket) -> Option<Outcome> {
        self.cluster.outcome(ticket)
    }
    /// Whether nothing would change any more without a new act; otherwise what is under way.
    pub fn settled(&self) -> Result<(), String> {
        self.cluster.settled()
    }

    pub(super) fn branch_ref(&self) -> &Branch {
        &self.branches[self.current]
    }

    /// Does something. In the past this begins a branch of its own; what came later stays where it was.
    pub fn act(&mut self, act: Act, command: &str) -> Result<Result<Ticket, Refusal>, LabError> {
        if self.in_past() {
            let name = self.free_name("what-if");
            self.begin_branch(&name)?;
        }
        self.checkpoint_if_due();
        let step = self.cluster.step + 1;
        let bulk = matches!(act, Act::Fill { .. });
        let command: Arc<str> = Arc::from(command);
        let before = self.cluster.step;
        self.scratch.clear();
        let done = self.cluster.perform(&act, &command, &mut self.disk, &mut self.scratch)?;
        self.take_events();
        if self.cluster.step > before && self.has_history {
            let branch = &mut self.branches[self.current];
            branch.acts.insert(step, Done { act: Arc::new(act), command });
            branch.head = branch.head.max(step);
        }
        if bulk && self.has_history {
            self.checkpoint();
        }
        Ok(done)
    }

    fn take_events(&mut self) {
        if !self.has_history {
            self.events.clear();
        }
        self.events.extend(self.scratch.drain(..));
        if self.events.len() > MOST_EVENTS {
            let surplus = self.events.len() - MOST_EVENTS;
            self.events.drain(..surplus);
        }
    }

    /// Takes the next step: in the past the one that was taken before, acts included; at the head the next happening.
    /// `false`: nothing is pending.
    pub fn step(&mut self) -> Result<bool, LabError> {
        if !self.has_history {
            self.scratch.clear();
            let moved = self.cluster.step(&mut self.disk, &mut self.scratch)?;
            self.take_events();
            return Ok(moved);
        }
        self.checkpoint_if_due();
        let next = self.cluster.step + 1;
        let branch = &self.branches[self.current];
        let in_past = next <= branch.head;
        let recorded = if in_past { branch.acts.get(&next).cloned() } else { None };
        self.scratch.clear();
        let moved = match recorded {
            Some(done) => {
                // A refusal is repeated as it was: the act counted as a step then, and it does now.
                let _ = self.cluster.perform(
                    &done.act,
                    &done.command,
                    &mut self.disk,
                    &mut self.scratch,
                )?;
                true
            }
            None => self.cluster.step(&mut self.disk, &mut self.scratch)?,
        };
        self.take_events();
        let step = self.cluster.step;
        let branch = &mut self.branches[self.current];
        branch.head = branch.head.max(step);
        Ok(moved)
    }

    /// If nothing but idle rounds would happen up to `until`, passes over them as one step. `false`: there is more.
    pub fn skip_idle(&mut self, until: Instant) -> Result<bool, LabError> {
        if self.in_past() {
            return Ok(false);
        }
        match self.cluster.idle_until(until, &self.disk) {
            None => Ok(false),
            Some(limit) => {
                let by = limit.since(self.cluster.now);
                let _ = self.act(Act::Idle { until: limit }, &format!("# idle for {by}"))?;
                Ok(true)
            }
        }
    }

    /// Lets time pass up to `until`, if nothing is due before it.
    pub fn wait_until(&mut self, until: Instant) -> Result<(), LabError> {
        let due = self.next_at().is_some_and(|at| at <= until);
        if !self.in_past() && !due && until > self.cluster.now {
            let _ = self.act(Act::Wait { until }, "# time passes")?;
        }
        Ok(())
    }

    fn checkpoint_if_due(&mut self) {
        if !self.has_history {
            return;
        }
        let last = self.checkpoints.last().map_or(0, |checkpoint| checkpoint.step);
        let spacing = if self.is_wide() { WIDE_SPACING } else { SPACING };
        if self.cluster.step >= last + spacing {
            self.checkpoint();
        }
    }

    fn is_wide(&self) -> bool {
        self.spec.brokers >= MANY_BROKERS
    }

    fn most_checkpoints(&self) -> usize {
        if self.is_wide() { FEW_CHECKPOINTS } else { MOST_CHECKPOINTS }
    }

    fn checkpoint(&mut self) {
        let step = self.cluster.step;
        if self.checkpoints.last().is_some_and(|last| last.step >= step) {
            return;
        }
        let mark = self.disk.mark();
        self.checkpoints.push(Checkpoint { step, cluster: self.cluster.clone(), mark });
        if self.checkpoints.len() > self.most_checkpoints() {
            self.thin_out();
        }
    }

    /// Drops every other checkpoint of the older part; the first one stays.
    fn thin_out(&mut self) {
        let old = self.checkpoints.len() - self.most_checkpoints() / 3;
        let mut number = 0;
        self.checkpoints.retain(|_| {
            number += 1;
            let index = number - 1;
            index == 0 || index >= old || index % 2 == 0
        });
    }

    /// Goes back by `steps`.
    pub fn back(&mut self, steps: u64) -> Result<(), LabError> {
        let target = self.cluster.step.saturating_sub(steps);
        self.goto(target)
    }

    /// Goes to a step of this branch, forwards or backwards, the disk included.
    pub fn goto(&mut self, target: u64) -> Result<(), LabError> {
        if !self.has_history && target < self.cluster.step {
            return Err(LabError::Name("this lab was begun without a history".to_owned()));
        }
        if target > self.head() {
            return Err(LabError::Name(format!(
                "step {target} does not exist yet: the last one on '{}' is {}; 'step' goes on from there",
                self.branch_name(),
                self.head()
            )));
        }
        if target < self.cluster.step {
            self.rewind(target)?;
        }
        while self.cluster.step < target {
            if !self.step()? {
                break;
            }
        }
        Ok(())
    }

    /// Back to the last checkpoint at or before `target`.
    pub(super) fn rewind(&mut self, target: u64) -> Result<(), LabError> {
        let keep = self.checkpoints.partition_point(|checkpoint| checkpoint.step <= target).max(1);
        self.checkpoints.truncate(keep);
        let Some(checkpoint) = self.checkpoints.last() else {
            return Ok(());
        };
        self.disk.undo_to(checkpoint.mark)?;
        self.cluster = checkpoint.cluster.clone();
        let step = self.cluster.step;
        let cut = self.events.partition_point(|event| event.step <= step);
        self.events.truncate(cut);
        Ok(())
    }

    /// Ends as a careful operator would: everything that still runs is stopped cleanly, logs closed, indexes trimmed.
    pub fn close(&mut self) -> Result<(), LabError> {
        self.cluster.close_all(&mut self.disk)?;
        Ok(())
    }
}
