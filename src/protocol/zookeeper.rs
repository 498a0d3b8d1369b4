//! What processes say to ZooKeeper, and what it answers (its `ZooDefs.OpCode`, `KeeperException.Code`, `Stat`).
//!
//! ```text
//!   broker ── ZooKeeperConnect{timeout} ─────────▶ ZooKeeper      a session begins (or goes on, given its id)
//!          ── ZooKeeper{create /controller …} ───▶
//!          ◀── ZooKeeper{Ok(Created) | NodeExists}
//!          ◀── ZooKeeper{Event: NodeDeleted /controller}          a watch fired: unasked, correlation 0
//! ```
//!
//! Always: answers come in the order of the requests, and the notice of a change before any answer that shows it. A
//! session's requests bear its id, where real ones belong to a connection. Left out: access lists, containers, TTLs,
//! persistent watches.

use super::message::record;
use std::fmt;
use std::sync::Arc;

/// A session's number; 0 stands for "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub i64);

impl SessionId {
    /// No session.
    pub const NONE: SessionId = SessionId(0);
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// How long a new znode lives, and whether ZooKeeper completes its name (`CreateMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateMode {
    /// Until somebody deletes it.
    Persistent,
    /// Until its session ends.
    Ephemeral,
    /// Persistent, its name followed by ten digits that grow.
    PersistentSequential,
    /// Ephemeral, its name followed by ten digits that grow.
    EphemeralSequential,
}

impl CreateMode {
    /// Whether it goes with its session.
    pub fn is_ephemeral(self) -> bool {
        matches!(self, CreateMode::Ephemeral | CreateMode::EphemeralSequential)
    }
    /// Whether ZooKeeper completes its name.
    pub fn is_sequential(self) -> bool {
        matches!(self, CreateMode::PersistentSequential | CreateMode::EphemeralSequential)
    }
}

/// Why ZooKeeper refused an operation (`KeeperException.Code`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ZooKeeperError {
    /// There is no such znode (-101).
    NoNode,
    /// There is one of this path already (-110).
    NodeExists,
    /// The znode has another version than expected (-103).
    BadVersion,
    /// It has children (-111).
    NotEmpty,
    /// The parent is ephemeral (-108).
    NoChildrenForEphemerals,
    /// The session ended (-112).
    SessionExpired,
    /// The path is not valid, or a limit is passed (-8).
    BadArguments,
    /// The connection broke before the answer came; whether it was done is not known (-4, the client's own).
    ConnectionLoss,
    /// In a `multi` that failed: this part was fine, and undone (0).
    RolledBack,
    /// In a `multi` that failed: this part was not tried (-2).
    RuntimeInconsistency,
}

impl ZooKeeperError {
    /// ZooKeeper's number.
    pub fn code(self) -> i32 {
        match self {
            ZooKeeperError::NoNode => -101,
            ZooKeeperError::NodeExists => -110,
            ZooKeeperError::BadVersion => -103,
            ZooKeeperError::NotEmpty => -111,
            ZooKeeperError::NoChildrenForEphemerals => -108,
            ZooKeeperError::SessionExpired => -112,
            ZooKeeperError::BadArguments => -8,
            ZooKeeperError::ConnectionLoss => -4,
            ZooKeeperError::RolledBack => 0,
            ZooKeeperError::RuntimeInconsistency => -2,
        }
    }
    /// Its name, as Kafka's logs print it.
    pub fn name(self) -> &'static str {
        match self {
            ZooKeeperError::NoNode => "NoNode",
            ZooKeeperError::NodeExists => "NodeExists",
            ZooKeeperError::BadVersion => "BadVersion",
            ZooKeeperError::NotEmpty => "NotEmpty",
            ZooKeeperError::NoChildrenForEphemerals => "NoChildrenForEphemerals",
            ZooKeeperError::SessionExpired => "SessionExpired",
            ZooKeeperError::BadArguments => "BadArguments",
            ZooKeeperError::ConnectionLoss => "ConnectionLoss",
            ZooKeeperError::RolledBack => "RolledBack",
            ZooKeeperError::RuntimeInconsistency => "RuntimeInconsistency",
        }
    }
}

impl fmt::Display for ZooKeeperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing to do with the tree. A version of `None` (-1 in ZooKeeper) fits any.
#[derive(Clone, Debug, PartialEq)]
pub enum ZooKeeperOperation {
    /// A new znode; its parent must be there.
    Create {
        /// Where.
        path: Arc<str>,
        /// What is in it.
        data: Arc<str>,
        /// For how long.
        mode: CreateMode,
    },
    /// A znode goes; it must have no children.
    Delete {
        /// Which.
        path: Arc<str>,
        /// The version that it must have.
        version: Option<i32>,
    },
    /// Other data.
    SetData {
        /// In which znode.
        path: Arc<str>,
        /// What shall be in it.
        data: Arc<str>,
        /// The version that it must have.
        version: Option<i32>,
    },
    /// What is in a znode.
    GetData {
        /// Which.
        path: Arc<str>,
        /// Whether to tell of its next change or end (not set when it is missing).
        watch: bool,
    },
    /// Whether a znode is there.
    Exists {
        /// Which.
        path: Arc<str>,
        /// Whether to tell of its birth, next change or end.
        watch: bool,
    },
    /// The names of a znode's children.
    GetChildren {
        /// Which.
        path: Arc<str>,
        /// Whether to tell when one comes or goes.
        watch: bool,
    },
    /// Inside a `multi`: the rest holds only if this znode has this version.
    Check {
        /// Which.
        path: Arc<str>,
        /// The version that it must have.
        version: Option<i32>,
    },
    /// All of them or none: creates, deletes, setDatas and checks.
    Multi(Vec<ZooKeeperOperation>),
    /// The session lives.
    Ping,
    /// The session ends now.
    Close,
}

impl ZooKeeperOperation {
    /// ZooKeeper's name for it; what scripts and panes call the message.
    pub fn kind(&self) -> &'static str {
        match self {
            ZooKeeperOperation::Create { .. } => "ZkCreate",
            ZooKeeperOperation::Delete { .. } => "ZkDelete",
            ZooKeeperOperation::SetData { .. } => "ZkSetData",
            ZooKeeperOperation::GetData { .. } => "ZkGetData",
            ZooKeeperOperation::Exists { .. } => "ZkExists",
            ZooKeeperOperation::GetChildren { .. } => "ZkGetChildren",
            ZooKeeperOperation::Check { .. } => "ZkCheck",
            ZooKeeperOperation::Multi(_) => "ZkMulti",
            ZooKeeperOperation::Ping => "ZkPing",
            ZooKeeperOperation::Close => "ZkClose",
        }
    }
    /// All kinds, for scripts that speak of a kind of message.
    pub const KINDS: &[&str] = &[
        "ZkCreate",
        "ZkDelete",
        "ZkSetData",
        "ZkGetData",
        "ZkExists",
        "ZkGetChildren",
        "ZkMulti",
        "ZkPing",
        "ZkClose",
        "ZkWatchEvent",
    ];
    /// The znode that it is about; a `multi` names its first.
    pub fn path(&self) -> Option<&str> {
        match self {
            ZooKeeperOperation::Create { path, .. }
            | ZooKeeperOperation::Delete { path, .. }
            | ZooKeeperOperation::SetData { path, .. }
            | ZooKeeperOperation::GetData { path, .. }
            | ZooKeeperOperation::Exists { path, .. }
            | ZooKeeperOperation::GetChildren { path, .. }
            | ZooKeeperOperation::Check { path, .. } => Some(path),
            ZooKeeperOperation::Multi(parts) => parts.first().and_then(ZooKeeperOperation::path),
            ZooKeeperOperation::Ping | ZooKeeperOperation::Close => None,
        }
    }
    /// Whether it changes the tree.
    pub fn is_write(&self) -> bool {
        matches!(
            self,
            ZooKeeperOperation::Create { .. }
                | ZooKeeperOperation::Delete { .. }
                | ZooKeeperOperation::SetData { .. }
                | ZooKeeperOperation::Multi(_)
                | ZooKeeperOperation::Close
        )
    }
}

/// A znode's numbers (`Stat`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// The transaction that created it.
    pub czxid: i64,
    /// The transaction that last changed its data.
    pub mzxid: i64,
    /// The transaction that last added or took a child.
    pub pzxid: i64,
    /// When it was created, ms since 1970.
    pub ctime_ms: i64,
    /// When its data was last changed, ms since 1970.
    pub mtime_ms: i64,
    /// How often its data was changed.
    pub version: i32,
    /// How often a child came or went.
    pub cversion: i32,
    /// The session that it goes with, if ephemeral.
    pub ephemeral_owner: SessionId,
    /// How many characters it holds.
    pub data_length: usize,
    /// How many children it has.
    pub children: usize,
}

/// What ZooKeeper answers to an operation that worked.
#[derive(Clone, Debug, PartialEq)]
pub enum ZooKeeperReply {
    /// The znode is there, under this path (completed, if it is sequential).
    Created {
        /// Its path.
        path: Arc<str>,
        /// Its numbers.
        stat: Stat,
    },
    /// It is gone.
    Deleted,
    /// Its data is set; its numbers now.
    Set(Stat),
    /// Its data.
    Data {
        /// What is in it.
        data: Arc<str>,
        /// Its numbers.
        stat: Stat,
    },
    /// It is there.
    Exists(Stat),
    /// Its children.
    Children {
        /// Their names, in order.
        names: Vec<Arc<str>>,
        /// Its numbers.
        stat: Stat,
    },
    /// The version fits.
    Checked,
    /// One answer for each part. If one failed, all are errors and nothing was done.
    Multi(Vec<Result<ZooKeeperReply, ZooKeeperError>>),
    /// The session's clock starts anew.
    Pong,
    /// The session is over.
    Closed,
    /// Unasked, with correlation 0: a watch fired.
    Event(WatchEvent),
}

/// What a watch has seen (`Watcher.Event.EventType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchKind {
    /// The znode came.
    NodeCreated,
    /// It went.
    NodeDeleted,
    /// Its data changed.
    NodeDataChanged,
    /// A child came or went.
    NodeChildrenChanged,
}

impl WatchKind {
    /// ZooKeeper's name.
    pub fn name(self) -> &'static str {
        match self {
            WatchKind::NodeCreated => "NodeCreated",
            WatchKind::NodeDeleted => "NodeDeleted",
            WatchKind::NodeDataChanged => "NodeDataChanged",
            WatchKind::NodeChildrenChanged => "NodeChildrenChanged",
        }
    }
}

impl fmt::Display for WatchKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

record! {
    /// A watch fired; it fires once.
    WatchEvent {
        /// What happened.
        kind: WatchKind,
        /// To which znode.
        path: Arc<str>,
    }
    /// `ConnectRequest`.
    ZooKeeperConnectRequest {
        /// The session to take up; [`SessionId::NONE`]: a new one.
        session: SessionId,
        /// The time-out wished for; ZooKeeper keeps it between 2 and 20 of its ticks.
        timeout_ms: u32,
        /// The last transaction that the client has heard of.
        last_zxid: i64,
        /// Watches to set again.
        watches: WatchesToSet,
    }
    /// Watches that a client had on its connection before (`setWatches`).
    WatchesToSet {
        /// Znodes watched for their data.
        data: Vec<Arc<str>>,
        /// Znodes that were not there, watched for their birth.
        births: Vec<Arc<str>>,
        /// Znodes watched for their children.
        children: Vec<Arc<str>>,
    }
    /// `ConnectResponse`.
    ZooKeeperConnectResponse {
        /// The session; [`SessionId::NONE`]: the one asked for has ended.
        session: SessionId,
        /// The time-out that holds.
        timeout_ms: u32,
    }
    /// A request of a session.
    ZooKeeperRequest {
        /// The session.
        session: SessionId,
        /// What to do.
        operation: ZooKeeperOperation,
    }
    /// The answer to one, or a watch event.
    ZooKeeperResponse {
        /// The session.
        session: SessionId,
        /// The last transaction of the tree.
        zxid: i64,
        /// What came of it.
        result: Result<ZooKeeperReply, ZooKeeperError>,
    }
}

impl ZooKeeperResponse {
    /// What scripts and panes call the message.
    pub fn kind(&self) -> &'static str {
        match &self.result {
            Ok(ZooKeeperReply::Created { .. }) => "ZkCreateResponse",
            Ok(ZooKeeperReply::Deleted) => "ZkDeleteResponse",
            Ok(ZooKeeperReply::Set(_)) => "ZkSetDataResponse",
            Ok(ZooKeeperReply::Data { .. }) => "ZkGetDataResponse",
            Ok(ZooKeeperReply::Exists(_)) => "ZkExistsResponse",
            Ok(ZooKeeperReply::Children { .. }) => "ZkGetChildrenResponse",
            Ok(ZooKeeperReply::Checked) => "ZkCheckResponse",
            Ok(ZooKeeperReply::Multi(_)) => "ZkMultiResponse",
            Ok(ZooKeeperReply::Pong) => "ZkPingResponse",
            Ok(ZooKeeperReply::Closed) => "ZkCloseResponse",
            Ok(ZooKeeperReply::Event(_)) => "ZkWatchEvent",
            Err(_) => "ZkErrorResponse",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_numbers_of_zookeeper() {
        assert_eq!(ZooKeeperError::NodeExists.code(), -110);
        assert_eq!(ZooKeeperError::SessionExpired.to_string(), "SessionExpired");
    }

    #[test]
    fn an_operation_names_its_kind_and_its_znode() {
        let path: Arc<str> = "/controller".into();
        let read = ZooKeeperOperation::GetData { path, watch: true };
        assert_eq!((read.kind(), read.path()), ("ZkGetData", Some("/controller")));
        assert!(!read.is_write() && ZooKeeperOperation::Close.is_write());
        assert!(ZooKeeperOperation::KINDS.contains(&read.kind()));
    }
}
