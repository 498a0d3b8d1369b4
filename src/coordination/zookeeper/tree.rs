//! The tree of znodes: what is in it, what may be done to it, and whom a change concerns (ZooKeeper's `DataTree`).
//!
//! ```text
//!   /brokers/ids ── cversion 3                       version  +1 with each setData, and what a conditional write names
//!    ├── 1  {"host":…}  ephemeral, owner 0x8c…01     czxid    the transaction that made it: since 2.2 a broker's epoch
//!    └── 2  {"host":…}  ephemeral, owner 0x8c…02     watches  exists, getData → data; getChildren → children; once
//! ```
//!
//! Always: a transaction has a number (zxid) greater than all before it, whether it succeeds or not is decided before
//! anything is changed, and a `multi` is one transaction. A watch is gone once it fired. Left out: access lists,
//! quotas, TTLs; data is text, since Kafka writes nothing else.

use super::multi::Undo;
use crate::protocol::{
    CreateMode, SessionId, Stat, WatchEvent, WatchKind, WatchesToSet, ZooKeeperError,
    ZooKeeperOperation, ZooKeeperReply,
};
use crate::types::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most bytes that a znode holds (`jute.maxbuffer`).
pub const MOST_DATA: usize = 1_048_575;

/// Most znodes that the lab keeps.
pub const MOST_NODES: usize = 1_000_000;

type Path = Arc<str>;

/// One node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Znode {
    /// What is in it.
    pub data: Arc<str>,
    /// The names of its children.
    pub children: BTreeSet<Arc<str>>,
    /// How many children it ever had: what a sequential child's name ends with.
    pub created_children: i32,
    /// Its numbers; see [`Znode::stat`].
    numbers: Stat,
}

impl Znode {
    /// Its numbers as ZooKeeper shows them (`DataNode.copyStat`: cversion counts deaths too).
    pub fn stat(&self) -> Stat {
        let children = self.children.len();
        let cversion = self.created_children.wrapping_mul(2).wrapping_sub(children as i32);
        Stat { cversion, data_length: self.data.len(), children, ..self.numbers }
    }
    /// The session that it goes with, or none.
    pub fn owner(&self) -> SessionId {
        self.numbers.ephemeral_owner
    }
    /// Whether it goes with a session.
    pub fn is_ephemeral(&self) -> bool {
        self.numbers.ephemeral_owner != SessionId::NONE
    }
}

/// A watch that fired: whom it is to be told.
pub type Notice = (SessionId, WatchEvent);

/// What came of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The answer.
    pub result: Result<ZooKeeperReply, ZooKeeperError>,
    /// The watches that fired, in order.
    pub notices: Vec<Notice>,
}

/// The tree with its ephemerals and its watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub(super) nodes: BTreeMap<Path, Arc<Znode>>,
    pub(super) ephemerals: BTreeMap<SessionId, BTreeSet<Path>>,
    pub(super) data_watches: BTreeMap<Path, BTreeSet<SessionId>>,
    pub(super) child_watches: BTreeMap<Path, BTreeSet<SessionId>>,
    /// While a `multi` is under way: what undoes it, last first.
    pub(super) journal: Option<Vec<Undo>>,
    /// The last transaction.
    pub zxid: i64,
}

impl Default for Tree {
    fn default() -> Tree {
        let root = Znode {
            data: "".into(),
            children: BTreeSet::new(),
            created_children: 0,
            numbers: Stat::default(),
        };
        Tree {
            nodes: BTreeMap::from([("/".into(), Arc::new(root))]),
            ephemerals: BTreeMap::new(),
            data_watches: BTreeMap::new(),
            child_watches: BTreeMap::new(),
            journal: None,
            zxid: 0,
        }
    }
}

/// The path of the parent; of the root, the root.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => &path[..at],
    }
}

/// ZooKeeper's rule for paths (`PathUtils.validatePath`), without that for rare characters.
fn is_valid(path: &str) -> bool {
    path == "/"
        || (path.len() <= 4_096
            && path.strip_prefix('/').is_some_and(|rest| {
                rest.split('/').all(|name| !name.is_empty() && name != "." && name != "..")
            })
            && !path.chars().any(char::is_control))
}

impl Tree {
    /// The znode at `path`.
    pub fn get(&self, path: &str) -> Option<&Znode> {
        self.nodes.get(path).map(Arc::as_ref)
    }
    /// All znodes, by path.
    pub fn nodes(&self) -> impl Iterator<Item = (&Arc<str>, &Znode)> {
        self.nodes.iter().map(|(path, node)| (path, node.as_ref()))
    }
    /// How many znodes there are, the root among them.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }
    /// Whether nobody has written anything yet.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }
    /// The ephemeral znodes of a session.
    pub fn ephemerals(&self, session: SessionId) -> impl Iterator<Item = &Arc<str>> {
        self.ephemerals.get(&session).into_iter().flatten()
    }
    /// Who watches a znode's data (or birth), and who its children.
    pub fn watchers(&self, path: &str) -> (Vec<SessionId>, Vec<SessionId>) {
        let of = |watches: &BTreeMap<Path, BTreeSet<SessionId>>| {
            watches.get(path).map(|w| w.iter().copied().collect()).unwrap_or_default()
        };
        (of(&self.data_watches), of(&self.child_watches))
    }
    /// Paths with watches that a session has set: for data, and for children.
    pub fn watches_of(&self, session: SessionId) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let of = |watches: &BTreeMap<Path, BTreeSet<SessionId>>| {
            let has = watches.iter().filter(|(_, who)| who.contains(&session));
            has.map(|(path, _)| path.clone()).collect()
        };
        (of(&self.data_watches), of(&self.child_watches))
    }
    /// How many watches are set: for data, and for children.
    pub fn watch_counts(&self) -> (usize, usize) {
        let of = |watches: &BTreeMap<Path, BTreeSet<SessionId>>| {
            watches.values().map(BTreeSet::len).sum()
        };
        (of(&self.data_watches), of(&self.child_watches))
    }

    /// Does one operation for a session. A write, even a refused one, is a transaction.
    pub fn apply(
        &mut self,
        now: Timestamp,
        session: SessionId,
        operation: &ZooKeeperOperation,
    ) -> Applied {
        let mut notices = Vec::new();
        if operation.is_write() {
            self.zxid += 1;
        }
        let result = match operation {
            ZooKeeperOperation::Multi(parts) => self.multi(now, session, parts, &mut notices),
            other => self.one(now, session, other, &mut notices),
        };
        Applied { result, notices }
    }

    /// A session begins: a transaction.
    pub fn open_session(&mut self) {
        self.zxid += 1;
    }

    /// A session ends: its ephemerals go in one transaction, and its watches are forgotten.
    pub fn close_session(&mut self, session: SessionId) -> (Vec<Arc<str>>, Vec<Notice>) {
        self.zxid += 1;
        self.forget_watches(session);
        let paths: Vec<Path> = self.ephemerals.remove(&session).into_iter().flatten().collect();
        let mut notices = Vec::new();
        for path in &paths {
            self.remove(path, &mut notices);
        }
        (paths, notices)
    }

    /// A session's connection broke: the server forgets its watches; the client sets them again when it is back.
    pub fn forget_watches(&mut self, session: SessionId) {
        for watches in [&mut self.data_watches, &mut self.child_watches] {
            watches.retain(|_, who| {
                who.remove(&session);
                !who.is_empty()
            });
        }
    }

    /// Sets a session's watches again after it was away; what changed since `zxid` is told at once
    /// (`DataTree.setWatches`).
    pub fn set_watches(
        &mut self,
        session: SessionId,
        zxid: i64,
        watches: &WatchesToSet,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        for path in &watches.births {
            let missed = self.nodes.get(path).map(|_| WatchKind::NodeCreated);
            self.watch_or_tell(session, path, missed, true, &mut notices);
        }
        for path in &watches.data {
            let missed = match self.nodes.get(path) {
                None => Some(WatchKind::NodeDeleted),
                Some(node) if node.numbers.mzxid > zxid => Some(WatchKind::NodeDataChanged),
                Some(_) => None,
            };
            self.watch_or_tell(session, path, missed, true, &mut notices);
        }
        for path in &watches.children {
            let missed = match self.nodes.get(path) {
                None => Some(WatchKind::NodeDeleted),
                Some(node) if node.numbers.pzxid > zxid => Some(WatchKind::NodeChildrenChanged),
                Some(_) => None,
            };
            self.watch_or_tell(session, path, missed, false, &mut notices);
        }
        notices
    }

    fn watch_or_tell(
        &mut self,
        session: SessionId,
        path: &Arc<str>,
        missed: Option<WatchKind>,
        is_data: bool,
        notices: &mut Vec<Notice>,
    ) {
        match missed {
            Some(kind) => notices.push((session, WatchEvent { kind, path: path.clone() })),
            None => {
                let watches =
                    if is_data { &mut self.data_watches } else { &mut self.child_watches };
                watches.entry(path.clone()).or_default().insert(session);
            }
        }
    }

    pub(super) fn one(
        &mut self,
        now: Timestamp,
        session: SessionId,
        operation: &ZooKeeperOperation,
        notices: &mut Vec<Notice>,
    ) -> Result<ZooKeeperReply, ZooKeeperError> {
        match operation {
            ZooKeeperOperation::Create { path, data, mode } => {
                self.create(now, session, path, data, *mode, notices)
            }
            ZooKeeperOperation::Delete { path, version } => {
                let node = self.checked(path, *version)?;
                if path.as_ref() == "/" {
                    return Err(ZooKeeperError::BadArguments);
                }
                if !node.children.is_empty() {
                    return Err(ZooKeeperError::NotEmpty);
                }
                self.remove(path, notices);
                Ok(ZooKeeperReply::Deleted)
            }
            ZooKeeperOperation::SetData { path, data, version } => {
                self.checked(path, *version)?;
                if data.len() > MOST_DATA {
                    return Err(ZooKeeperError::BadArguments);
                }
                let zxid = self.zxid;
                let Some(node) = self.node_mut(path) else {
                    return Err(ZooKeeperError::NoNode);
                };
                node.data = data.clone();
                node.numbers.version = node.numbers.version.wrapping_add(1);
                node.numbers.mzxid = zxid;
                node.numbers.mtime_ms = now.0;
                let stat = node.stat();
                self.fire(true, path, WatchKind::NodeDataChanged, notices);
                Ok(ZooKeeperReply::Set(stat))
            }
            ZooKeeperOperation::GetData { path, watch } => {
                let node = self.get(path).ok_or(ZooKeeperError::NoNode)?;
                let (data, stat) = (node.data.clone(), node.stat());
                self.watch(*watch, session, path, true);
                Ok(ZooKeeperReply::Data { data, stat })
            }
            ZooKeeperOperation::Exists { path, watch } => {
                if !is_valid(path) {
                    return Err(ZooKeeperError::BadArguments);
                }
                self.watch(*watch, session, path, true);
                self.get(path)
                    .map(|node| ZooKeeperReply::Exists(node.stat()))
                    .ok_or(ZooKeeperError::NoNode)
            }
            ZooKeeperOperation::GetChildren { path, watch } => {
                let node = self.get(path).ok_or(ZooKeeperError::NoNode)?;
                let (names, stat) = (node.children.iter().cloned().collect(), node.stat());
                self.watch(*watch, session, path, false);
                Ok(ZooKeeperReply::Children { names, stat })
            }
            ZooKeeperOperation::Check { path, version } => {
                self.checked(path, *version).map(|_| ZooKeeperReply::Checked)
            }
            ZooKeeperOperation::Multi(_) => Err(ZooKeeperError::BadArguments),
            ZooKeeperOperation::Ping => Ok(ZooKeeperReply::Pong),
            ZooKeeperOperation::Close => Ok(ZooKeeperReply::Closed),
        }
    }

    fn watch(&mut self, wanted: bool, session: SessionId, path: &Arc<str>, is_data: bool) {
        if wanted {
            let watches = if is_data { &mut self.data_watches } else { &mut self.child_watches };
            watches.entry(path.clone()).or_default().insert(session);
        }
    }

    /// The znode, if it is there and has this version.
    fn checked(&self, path: &str, version: Option<i32>) -> Result<&Znode, ZooKeeperError> {
        let node = self.get(path).ok_or(ZooKeeperError::NoNode)?;
        match version {
            Some(version) if version != node.numbers.version => Err(ZooKeeperError::BadVersion),
            _ => Ok(node),
        }
    }

    fn create(
        &mut self,
        now: Timestamp,
        session: SessionId,
        path: &Arc<str>,
        data: &Arc<str>,
        mode: CreateMode,
        notices: &mut Vec<Notice>,
    ) -> Result<ZooKeeperReply, ZooKeeperError> {
        let above: Path = parent(path).into();
        let Some(parent) = self.get(&above) else {
            return Err(ZooKeeperError::NoNode);
        };
        let path: Path = match mode.is_sequential() {
            true => format!("{path}{:010}", parent.created_children).into(),
            false => path.clone(),
        };
        if self.nodes.contains_key(&path) {
            return Err(ZooKeeperError::NodeExists);
        }
        if parent.is_ephemeral() {
            return Err(ZooKeeperError::NoChildrenForEphemerals);
        }
        if !is_valid(&path) || data.len() > MOST_DATA || self.nodes.len() >= MOST_NODES {
            return Err(ZooKeeperError::BadArguments);
        }
        let zxid = self.zxid;
        let owner = if mode.is_ephemeral() { session } else { SessionId::NONE };
        let node = Znode {
            data: data.clone(),
            children: BTreeSet::new(),
            created_children: 0,
            numbers: Stat {
                czxid: zxid,
                mzxid: zxid,
                pzxid: zxid,
                ctime_ms: now.0,
                mtime_ms: now.0,
                ephemeral_owner: owner,
                ..Stat::default()
            },
        };
        let stat = node.stat();
        self.note(|_| Undo::Node(path.clone(), None));
        self.nodes.insert(path.clone(), Arc::new(node));
        if let Some(parent) = self.node_mut(&above) {
            parent.children.insert(name_of(&path));
            parent.created_children = parent.created_children.wrapping_add(1);
            parent.numbers.pzxid = zxid;
        }
        if mode.is_ephemeral() {
            self.note(|_| Undo::Ephemeral(session, path.clone(), false));
            self.keep_ephemeral(session, &path, true);
        }
        self.fire(true, &path, WatchKind::NodeCreated, notices);
        self.fire(false, &above, WatchKind::NodeChildrenChanged, notices);
        Ok(ZooKeeperReply::Created { path, stat })
    }

    /// Takes a znode out, with all that follows from it.
    fn remove(&mut self, path: &Arc<str>, notices: &mut Vec<Notice>) {
        let Some(node) = self.nodes.remove(path) else { return };
        let owner = node.numbers.ephemeral_owner;
        self.note(|_| Undo::Node(path.clone(), Some(node)));
        if self.keep_ephemeral(owner, path, false) {
            self.note(|_| Undo::Ephemeral(owner, path.clone(), true));
        }
        let above: Path = parent(path).into();
        let zxid = self.zxid;
        if let Some(parent) = self.node_mut(&above) {
            parent.children.remove(&name_of(path));
            parent.numbers.pzxid = zxid;
        }
        // Who watches both its data and its children is told once.
        let told = notices.len();
        self.fire(true, path, WatchKind::NodeDeleted, notices);
        let told: BTreeSet<SessionId> = notices[told..].iter().map(|(who, _)| *who).collect();
        let mut rest = Vec::new();
        self.fire(false, path, WatchKind::NodeDeleted, &mut rest);
        notices.extend(rest.into_iter().filter(|(who, _)| !told.contains(who)));
        self.fire(false, &above, WatchKind::NodeChildrenChanged, notices);
    }

    fn fire(&mut self, is_data: bool, path: &Arc<str>, kind: WatchKind, notices: &mut Vec<Notice>) {
        let watches = if is_data { &mut self.data_watches } else { &mut self.child_watches };
        let Some(watchers) = watches.remove(path) else { return };
        let event = WatchEvent { kind, path: path.clone() };
        notices.extend(watchers.iter().map(|&who| (who, event.clone())));
        self.note(|_| Undo::Watches(is_data, path.clone(), watchers));
    }

    /// A znode to be changed.
    fn node_mut(&mut self, path: &Arc<str>) -> Option<&mut Znode> {
        self.note(|tree| Undo::Node(path.clone(), tree.nodes.get(path).cloned()));
        self.nodes.get_mut(path).map(Arc::make_mut)
    }

    /// Notes whether a session owns a znode; whether that is new.
    pub(super) fn keep_ephemeral(&mut self, owner: SessionId, path: &Arc<str>, keep: bool) -> bool {
        if keep {
            return self.ephemerals.entry(owner).or_default().insert(path.clone());
        }
        let Some(of) = self.ephemerals.get_mut(&owner) else { return false };
        let was = of.remove(path);
        if of.is_empty() {
            self.ephemerals.remove(&owner);
        }
        was
    }
}

/// The last part of a path.
fn name_of(path: &str) -> Arc<str> {
    path.rsplit('/').next().unwrap_or_default().into()
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
