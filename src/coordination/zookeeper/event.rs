//! What happens in ZooKeeper, for people: one sentence each, in both languages.

use super::znodes;
use crate::protocol::{SessionId, WatchKind, ZooKeeperError};
use crate::types::{Language, NodeId, TopicPartition};
use std::sync::Arc;

/// Something that happened in ZooKeeper.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerEvent {
    /// A session began.
    SessionOpened {
        /// Its number.
        session: SessionId,
        /// Whose.
        node: NodeId,
        /// What was agreed on.
        timeout_ms: u32,
    },
    /// A session has a connection again.
    SessionResumed {
        /// Its number.
        session: SessionId,
        /// Whose.
        node: NodeId,
    },
    /// Somebody wants to go on with a session that has ended.
    SessionRefused {
        /// Its number.
        session: SessionId,
        /// Who.
        node: NodeId,
    },
    /// A session ended because nothing was heard, or because somebody closed it behind its owner's back.
    SessionExpired {
        /// Its number.
        session: SessionId,
        /// Whose.
        node: NodeId,
        /// For how long nothing was heard, in ms; nothing: it was closed by a command.
        silent_ms: Option<u64>,
    },
    /// A session was closed by its owner.
    SessionClosed {
        /// Its number.
        session: SessionId,
        /// Whose.
        node: NodeId,
    },
    /// A znode came.
    Created {
        /// Its path.
        path: Arc<str>,
        /// What is in it.
        data: Arc<str>,
        /// Whether it goes with its session.
        ephemeral: bool,
        /// Who made it.
        by: NodeId,
    },
    /// A znode has other data.
    Changed {
        /// Its path.
        path: Arc<str>,
        /// What is in it.
        data: Arc<str>,
        /// Its version now.
        version: i32,
        /// Who wrote it.
        by: NodeId,
    },
    /// A znode went.
    Deleted {
        /// Its path.
        path: Arc<str>,
        /// Who deleted it, or whose session took it along; 0: somebody with the shell.
        by: NodeId,
        /// Whose it was, if it was ephemeral.
        owner: Option<NodeId>,
        /// Whether it went because its owner's session ended.
        with_session: bool,
    },
    /// An operation was refused.
    Refused {
        /// Its znode.
        path: Arc<str>,
        /// Which.
        operation: &'static str,
        /// Why.
        error: ZooKeeperError,
        /// Who wanted it.
        by: NodeId,
    },
    /// A watch fired, and is gone.
    WatchFired {
        /// What was watched.
        path: Arc<str>,
        /// What happened.
        kind: WatchKind,
        /// Who is told.
        to: NodeId,
    },
}

/// Most characters of data that a sentence quotes.
const MOST_QUOTED: usize = 160;

fn quoted(data: &str) -> String {
    match data.char_indices().nth(MOST_QUOTED) {
        Some((at, _)) => format!("{}…", &data[..at]),
        None => data.to_owned(),
    }
}

impl ServerEvent {
    /// A stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            ServerEvent::SessionOpened { .. } => "SessionOpened",
            ServerEvent::SessionResumed { .. } => "SessionResumed",
            ServerEvent::SessionRefused { .. } => "SessionRefused",
            ServerEvent::SessionExpired { .. } => "SessionExpired",
            ServerEvent::SessionClosed { .. } => "SessionClosed",
            ServerEvent::Created { .. } => "ZnodeCreated",
            ServerEvent::Changed { .. } => "ZnodeChanged",
            ServerEvent::Deleted { .. } => "ZnodeDeleted",
            ServerEvent::Refused { .. } => "ZnodeRefused",
            ServerEvent::WatchFired { .. } => "WatchFired",
        }
    }

    /// The znode that it is about.
    pub fn path(&self) -> Option<&Arc<str>> {
        match self {
            ServerEvent::Created { path, .. }
            | ServerEvent::Changed { path, .. }
            | ServerEvent::Deleted { path, .. }
            | ServerEvent::Refused { path, .. }
            | ServerEvent::WatchFired { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The partition whose state it is about.
    pub fn partition(&self) -> Option<TopicPartition> {
        self.path().and_then(|path| znodes::partition_of_state_path(path))
    }

    /// What happened, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            ServerEvent::SessionOpened { session, node, timeout_ms } => {
                format!(
                    "session {session} of {node} begins, it lasts {timeout_ms} ms without a word"
                )
            }
            ServerEvent::SessionResumed { session, node } => {
                format!("session {session} of {node} goes on over a new connection")
            }
            ServerEvent::SessionRefused { session, node } => {
                format!("{node} wants to go on with session {session}, which has ended")
            }
            ServerEvent::SessionExpired { session, node, silent_ms: Some(silent_ms) } => {
                format!("session {session} of {node} expires: not a word for {silent_ms} ms")
            }
            ServerEvent::SessionExpired { session, node, silent_ms: None } => {
                format!("session {session} of {node} is closed by a command, as if it had expired")
            }
            ServerEvent::SessionClosed { session, node } => {
                format!("session {session} is closed by {node}")
            }
            ServerEvent::Created { path, data, ephemeral, by } => {
                let how = if *ephemeral { "ephemeral " } else { "" };
                let data = quoted(data);
                let what = if data.is_empty() { String::new() } else { format!(": {data}") };
                format!("{by} creates {how}{path}{what}")
            }
            ServerEvent::Changed { path, data, version, by } => {
                format!("{by} writes {path}, version {version}: {}", quoted(data))
            }
            ServerEvent::Deleted { path, by, with_session: true, .. } => {
                format!("{path} of {by} is gone")
            }
            ServerEvent::Deleted { path, by: NodeId(0), owner, .. } => {
                let whose = owner.map(|owner| format!(" of {owner}")).unwrap_or_default();
                format!("{path}{whose} is deleted by a command")
            }
            ServerEvent::Deleted { path, by, owner, .. } => {
                let other = owner.filter(|owner| owner != by);
                let whose = other.map(|owner| format!(", which was of {owner}"));
                format!("{by} deletes {path}{}", whose.unwrap_or_default())
            }
            ServerEvent::Refused { path, operation, error, by } => {
                format!("{operation} {path} of {by} is refused: {error}")
            }
            ServerEvent::WatchFired { path, kind, to } => {
                format!("the watch of {to} on {path} fires: {kind}")
            }
        }
    }

    fn chinese(&self) -> String {
        match self {
            ServerEvent::SessionOpened { session, node, timeout_ms } => {
                format!("{node} 的会话 {session} 开始，静默 {timeout_ms} ms 即过期")
            }
            ServerEvent::SessionResumed { session, node } => {
                format!("{node} 的会话 {session} 通过新连接继续")
            }
            ServerEvent::SessionRefused { session, node } => {
                format!("{node} 想继续会话 {session}，但它已结束")
            }
            ServerEvent::SessionExpired { session, node, silent_ms: Some(silent_ms) } => {
                format!("{node} 的会话 {session} 过期：已静默 {silent_ms} ms")
            }
            ServerEvent::SessionExpired { session, node, silent_ms: None } => {
                format!("{node} 的会话 {session} 被命令关闭，如同过期")
            }
            ServerEvent::SessionClosed { session, node } => {
                format!("{node} 关闭了会话 {session}")
            }
            ServerEvent::Created { path, data, ephemeral, by } => {
                let how = if *ephemeral { "临时节点 " } else { "" };
                let data = quoted(data);
                let what = if data.is_empty() { String::new() } else { format!("：{data}") };
                format!("{by} 创建{how}{path}{what}")
            }
            ServerEvent::Changed { path, data, version, by } => {
                format!("{by} 写入 {path}，版本 {version}：{}", quoted(data))
            }
            ServerEvent::Deleted { path, by, with_session: true, .. } => {
                format!("{by} 的 {path} 随会话消失")
            }
            ServerEvent::Deleted { path, by: NodeId(0), owner, .. } => {
                let whose = owner.map(|owner| format!("{owner} 的 ")).unwrap_or_default();
                format!("{whose}{path} 被命令删除")
            }
            ServerEvent::Deleted { path, by, owner, .. } => {
                let other = owner.filter(|owner| owner != by);
                let whose = other.map(|owner| format!("（原属 {owner}）")).unwrap_or_default();
                format!("{by} 删除 {path}{whose}")
            }
            ServerEvent::Refused { path, operation, error, by } => {
                format!("拒绝 {by} 的 {operation} {path}：{error}")
            }
            ServerEvent::WatchFired { path, kind, to } => {
                format!("{to} 对 {path} 的监视触发：{kind}")
            }
        }
    }
}
