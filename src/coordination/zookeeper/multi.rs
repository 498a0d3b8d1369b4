//! Several changes as one transaction: all of them, or none (ZooKeeper's `multi`).
//!
//! ```text
//!   check /controller_epoch, version 4 ─▶ fits        setData …/state ─▶ done        both, or
//!   check /controller_epoch, version 3 ─▶ BadVersion  setData …/state ─▶ not tried   nothing: a zombie writes nothing
//! ```
//!
//! Always: what was done is undone when a later part fails, so that nobody ever sees a half.

use super::tree::{Notice, Tree, Znode};
use crate::protocol::{SessionId, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply};
use crate::types::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

type Path = Arc<str>;

/// What was there before.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Undo {
    Node(Path, Option<Arc<Znode>>),
    Ephemeral(SessionId, Path, bool),
    Watches(bool, Path, BTreeSet<SessionId>),
}

impl Tree {
    /// All parts or none: what was done is undone when one fails.
    pub(super) fn multi(
        &mut self,
        now: Timestamp,
        session: SessionId,
        parts: &[ZooKeeperOperation],
        notices: &mut Vec<Notice>,
    ) -> Result<ZooKeeperReply, ZooKeeperError> {
        let is_read = |part: &ZooKeeperOperation| {
            !part.is_write() && !matches!(part, ZooKeeperOperation::Check { .. })
        };
        if parts.iter().any(|p| is_read(p) || matches!(p, ZooKeeperOperation::Close)) {
            return Err(ZooKeeperError::BadArguments);
        }
        self.journal = Some(Vec::new());
        let mut answers = Vec::new();
        let mut fired = Vec::new();
        for part in parts {
            match self.one(now, session, part, &mut fired) {
                Ok(answer) => answers.push(Ok(answer)),
                Err(error) => {
                    let journal = self.journal.take().unwrap_or_default();
                    self.undo(journal);
                    let done = std::iter::repeat_n(ZooKeeperError::RolledBack, answers.len());
                    let left = parts.len() - answers.len() - 1;
                    let untried = std::iter::repeat_n(ZooKeeperError::RuntimeInconsistency, left);
                    let all = done.chain([error]).chain(untried).map(Err).collect();
                    return Ok(ZooKeeperReply::Multi(all));
                }
            }
        }
        self.journal = None;
        notices.extend(fired);
        Ok(ZooKeeperReply::Multi(answers))
    }

    /// Notes what undoes the next change, if a `multi` is under way.
    pub(super) fn note(&mut self, undo: impl FnOnce(&Tree) -> Undo) {
        if let Some(mut journal) = self.journal.take() {
            journal.push(undo(self));
            self.journal = Some(journal);
        }
    }

    fn undo(&mut self, journal: Vec<Undo>) {
        for undo in journal.into_iter().rev() {
            match undo {
                Undo::Node(path, Some(node)) => {
                    self.nodes.insert(path, node);
                }
                Undo::Node(path, None) => {
                    self.nodes.remove(&path);
                }
                Undo::Ephemeral(owner, path, keep) => {
                    self.keep_ephemeral(owner, &path, keep);
                }
                Undo::Watches(true, path, watchers) => {
                    self.data_watches.insert(path, watchers);
                }
                Undo::Watches(false, path, watchers) => {
                    self.child_watches.insert(path, watchers);
                }
            }
        }
    }
}
