//! The half of a session that a broker holds (`ClientCnxn`, Kafka's `ZooKeeperClient`).
//!
//! ```text
//!   Connecting ──answered──▶ Connected ──nothing heard for 2/3 of the timeout, or the connection broke──▶ Connecting
//!       ▲                       │ ping when nothing was sent for 1/3                                  same session
//!       └── a new session ◀─────┴── Expired: ZooKeeper says so, once it can be reached again ◀────────────┘
//! ```
//!
//! Always: answers come in the order of the questions. What was asked and not answered when the connection broke is
//! asked again on the next one (`retryRequestsUntilConnected`); when the session ends it is lost. A client cannot know
//! by itself that its session ended: only ZooKeeper says so. Left out: several servers, read-only mode.

use crate::clock::{Duration, Instant};
use crate::protocol::{
    Message, Output, Request, SessionId, Timer, WatchEvent, WatchKind, WatchesToSet,
    ZooKeeperConnectRequest, ZooKeeperConnectResponse, ZooKeeperError, ZooKeeperOperation,
    ZooKeeperReply, ZooKeeperRequest, ZooKeeperResponse,
};
use crate::types::NodeId;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// How long to wait before trying again to connect.
const RECONNECT: Duration = Duration::from_ms(500);

/// Where the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Not connected; trying.
    Connecting,
    /// Connected.
    Connected,
    /// Closed by its owner.
    Closed,
}

/// What the session tells the broker around it.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A new session began.
    Began,
    /// The session goes on after a broken connection.
    Resumed,
    /// The connection is gone; the session may live on.
    Disconnected,
    /// The session has ended: what was its is gone, what was asked is lost. A new one is being opened.
    Expired,
    /// An operation was answered.
    Answered {
        /// Its number.
        token: u64,
        /// What came of it.
        answer: Result<ZooKeeperReply, ZooKeeperError>,
    },
    /// A watch fired.
    Watch(WatchEvent),
}

/// An operation without answer.
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    token: u64,
    operation: ZooKeeperOperation,
}

/// A broker's session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Where the connection stands.
    pub state: SessionState,
    /// The session's number; none before the first connection and after an expiry.
    pub id: SessionId,
    /// What was agreed on; before, what is wished for.
    pub timeout: Duration,
    /// When something was last heard.
    pub last_heard: Instant,
    last_sent: Instant,
    wished_ms: u32,
    outstanding: VecDeque<Asked>,
    next_token: u64,
    /// The number of the newest connection request: answers to older ones came over connections that are gone.
    connecting: u64,
    last_zxid: i64,
    data_watches: BTreeSet<Arc<str>>,
    birth_watches: BTreeSet<Arc<str>>,
    child_watches: BTreeSet<Arc<str>>,
}

impl Session {
    /// A session to be; its first token is greater than those of the process before.
    pub fn open<E>(now: Instant, timeout_ms: u32, start: u64, out: &mut Output<E>) -> Session {
        let mut session = Session {
            state: SessionState::Connecting,
            id: SessionId::NONE,
            timeout: Duration::from_ms(u64::from(timeout_ms)),
            last_heard: now,
            last_sent: now,
            wished_ms: timeout_ms,
            outstanding: VecDeque::new(),
            next_token: start,
            connecting: start,
            last_zxid: 0,
            data_watches: BTreeSet::new(),
            birth_watches: BTreeSet::new(),
            child_watches: BTreeSet::new(),
        };
        session.connect(now, out);
        session
    }

    /// How long silence is borne (`readTimeout`).
    fn patience(&self) -> Duration {
        Duration(self.timeout.0 / 3 * 2)
    }

    /// Whether the connection is to be given up for silence.
    pub fn is_silent(&self, now: Instant) -> bool {
        self.state != SessionState::Closed && now.since(self.last_heard) >= self.patience()
    }

    /// How many operations have no answer yet.
    pub fn outstanding(&self) -> usize {
        self.outstanding.len()
    }

    fn connect<E>(&mut self, now: Instant, out: &mut Output<E>) {
        self.state = SessionState::Connecting;
        let list = |paths: &BTreeSet<Arc<str>>| paths.iter().cloned().collect();
        let watches = WatchesToSet {
            data: list(&self.data_watches),
            births: list(&self.birth_watches),
            children: list(&self.child_watches),
        };
        let request = Request::ZooKeeperConnect(ZooKeeperConnectRequest {
            session: self.id,
            timeout_ms: self.wished_ms,
            last_zxid: self.last_zxid,
            watches,
        });
        self.last_heard = now;
        self.next_token += 1;
        self.connecting = self.next_token;
        out.send(NodeId::ZOOKEEPER, Message::request(self.next_token, request));
        out.set(Timer::ZooKeeperSession, now + self.patience());
    }

    /// Asks for an operation. Its answer comes as [`News::Answered`] with the number returned.
    pub fn ask<E>(
        &mut self,
        now: Instant,
        operation: ZooKeeperOperation,
        out: &mut Output<E>,
    ) -> u64 {
        self.next_token += 1;
        let token = self.next_token;
        if self.state == SessionState::Connected {
            self.send(now, token, operation.clone(), out);
        }
        self.outstanding.push_back(Asked { token, operation });
        token
    }

    fn send<E>(
        &mut self,
        now: Instant,
        token: u64,
        operation: ZooKeeperOperation,
        out: &mut Output<E>,
    ) {
        self.last_sent = now;
        let request = Request::ZooKeeper(ZooKeeperRequest { session: self.id, operation });
        out.send(NodeId::ZOOKEEPER, Message::request(token, request));
    }

    /// Ends the session in good order.
    pub fn close<E>(&mut self, now: Instant, out: &mut Output<E>) {
        if self.state == SessionState::Connected {
            self.next_token += 1;
            self.send(now, self.next_token, ZooKeeperOperation::Close, out);
        }
        self.state = SessionState::Closed;
        out.cancel(Timer::ZooKeeperSession);
    }

    /// ZooKeeper answered a connection request.
    pub fn connected<E>(
        &mut self,
        now: Instant,
        correlation: u64,
        response: &ZooKeeperConnectResponse,
        out: &mut Output<E>,
    ) -> Vec<News> {
        if self.state != SessionState::Connecting || correlation != self.connecting {
            return Vec::new();
        }
        self.last_heard = now;
        if response.session == SessionId::NONE {
            return self.expired(now, out);
        }
        let is_new = self.id == SessionId::NONE;
        self.id = response.session;
        self.timeout = Duration::from_ms(u64::from(response.timeout_ms));
        self.state = SessionState::Connected;
        self.last_sent = now;
        let again: Vec<Asked> = self.outstanding.iter().cloned().collect();
        for Asked { token, operation } in again {
            self.send(now, token, operation, out);
        }
        out.set(Timer::ZooKeeperSession, now + Duration(self.timeout.0 / 3));
        vec![if is_new { News::Began } else { News::Resumed }]
    }

    /// Everything that belonged to the session is gone; a new one is opened.
    fn expired<E>(&mut self, now: Instant, out: &mut Output<E>) -> Vec<News> {
        self.id = SessionId::NONE;
        self.last_zxid = 0;
        self.data_watches.clear();
        self.birth_watches.clear();
        self.child_watches.clear();
        self.outstanding.clear();
        self.connect(now, out);
        vec![News::Expired]
    }

    /// ZooKeeper answered, or a watch fired.
    pub fn heard<E>(
        &mut self,
        now: Instant,
        correlation: u64,
        response: ZooKeeperResponse,
        out: &mut Output<E>,
    ) -> Vec<News> {
        if self.state != SessionState::Connected || response.session != self.id {
            return Vec::new(); // of an earlier connection or session
        }
        self.last_heard = now;
        self.last_zxid = self.last_zxid.max(response.zxid);
        match response.result {
            Err(ZooKeeperError::SessionExpired) => self.expired(now, out),
            Ok(ZooKeeperReply::Event(event)) => {
                self.forget_watch(&event);
                vec![News::Watch(event)]
            }
            Ok(ZooKeeperReply::Pong) => Vec::new(),
            answer => {
                if self.outstanding.front().is_none_or(|asked| asked.token != correlation) {
                    return Vec::new();
                }
                let Some(asked) = self.outstanding.pop_front() else { return Vec::new() };
                self.remember_watch(&asked.operation, &answer);
                vec![News::Answered { token: asked.token, answer }]
            }
        }
    }

    fn remember_watch(
        &mut self,
        operation: &ZooKeeperOperation,
        answer: &Result<ZooKeeperReply, ZooKeeperError>,
    ) {
        match operation {
            ZooKeeperOperation::GetData { path, watch: true } if answer.is_ok() => {
                self.data_watches.insert(path.clone());
            }
            ZooKeeperOperation::Exists { path, watch: true } => {
                let watches =
                    if answer.is_ok() { &mut self.data_watches } else { &mut self.birth_watches };
                watches.insert(path.clone());
            }
            ZooKeeperOperation::GetChildren { path, watch: true } if answer.is_ok() => {
                self.child_watches.insert(path.clone());
            }
            _ => {}
        }
    }

    fn forget_watch(&mut self, event: &WatchEvent) {
        match event.kind {
            WatchKind::NodeCreated | WatchKind::NodeDataChanged => {
                self.data_watches.remove(&event.path);
                self.birth_watches.remove(&event.path);
            }
            WatchKind::NodeDeleted => {
                self.data_watches.remove(&event.path);
                self.child_watches.remove(&event.path);
            }
            WatchKind::NodeChildrenChanged => {
                self.child_watches.remove(&event.path);
            }
        }
    }

    /// Time to ping, to give a silent connection up, or to try again.
    pub fn timer<E>(&mut self, now: Instant, out: &mut Output<E>) -> Vec<News> {
        match self.state {
            SessionState::Closed => Vec::new(),
            SessionState::Connecting => {
                self.connect(now, out);
                Vec::new()
            }
            SessionState::Connected if self.is_silent(now) => {
                self.connect(now, out);
                vec![News::Disconnected]
            }
            SessionState::Connected => {
                let rhythm = Duration(self.timeout.0 / 3);
                if now.since(self.last_sent) >= rhythm {
                    self.next_token += 1;
                    self.send(now, self.next_token, ZooKeeperOperation::Ping, out);
                }
                let ping = self.last_sent + rhythm;
                out.set(Timer::ZooKeeperSession, ping.min(self.last_heard + self.patience()));
                Vec::new()
            }
        }
    }

    /// The connection broke.
    pub fn broken<E>(&mut self, now: Instant, out: &mut Output<E>) -> Vec<News> {
        let was = self.state;
        if was == SessionState::Closed {
            return Vec::new();
        }
        self.state = SessionState::Connecting;
        out.set(Timer::ZooKeeperSession, now + RECONNECT);
        match was {
            SessionState::Connected => vec![News::Disconnected],
            _ => Vec::new(),
        }
    }

    /// Idle time was passed over.
    pub fn shift(&mut self, by: Duration) {
        self.last_heard = self.last_heard + by;
        self.last_sent = self.last_sent + by;
    }
}
