//! ZooKeeper as a process: sessions over the tree, expired in ticks, and watches told in order (`ZooKeeperServer`,
//! `SessionTrackerImpl`, `ExpiryQueue`).
//!
//! ```text
//!   last heard          timeout 6 s                 rounded up to the next tick (2 s)
//!   ──┼──────────────────────────────┼──────────┼───────▶
//!     10.3 s                         16.3 s     18 s: the session expires: its ephemerals go, watches fire
//!     └ any request or ping moves this end; a broken connection does not end a session, only silence does
//! ```
//!
//! Always: a session's requests are answered in order, and a watch is told before the answer to any later read. The
//! tree and the sessions survive a crash (they are in its transaction log); watches belong to connections and do not:
//! clients set them again. Left out: the ensemble, the transaction log as files (ledger: `zookeeper-one-node`).

use super::event::ServerEvent;
use super::mirror;
use super::tree::{Notice, Tree};
use super::znodes;
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::Image;
use crate::protocol::{
    Body, Input, Message, Output, Request, Response, SessionId, Timer, ZooKeeperConnectRequest,
    ZooKeeperConnectResponse, ZooKeeperError, ZooKeeperOperation, ZooKeeperReply, ZooKeeperRequest,
    ZooKeeperResponse,
};
use crate::types::NodeId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `tickTime`: sessions end at multiples of it.
pub const TICK: Duration = Duration::from_ms(2_000);

/// The shortest session (`minSessionTimeout`: two ticks).
const LEAST_TIMEOUT_MS: u32 = 4_000;

/// The longest session (`maxSessionTimeout`: twenty ticks).
const MOST_TIMEOUT_MS: u32 = 40_000;

/// Most sessions at once (`maxCnxns`).
const MOST_SESSIONS: usize = 10_000;

/// A session, as ZooKeeper knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSession {
    /// Whose it is.
    pub node: NodeId,
    /// What was agreed on.
    pub timeout: Duration,
    /// When its owner was last heard.
    pub last_heard: Instant,
    /// The tick at which it ends if nothing more is heard.
    pub expires_at: Instant,
    /// Whether there is a connection.
    pub connected: bool,
}

/// How much was asked of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads.
    pub reads: u64,
    /// Writes, refused ones too.
    pub writes: u64,
    /// Watches that fired.
    pub notices: u64,
    /// Sessions that expired.
    pub expired: u64,
}

/// ZooKeeper.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// The data.
    pub tree: Tree,
    /// The sessions.
    pub sessions: BTreeMap<SessionId, ServerSession>,
    /// What was asked since the process began.
    pub counts: Counts,
    /// What the tree says about brokers, topics and partitions, for those who look at the cluster.
    pub image: Image,
    next_session: i64,
    /// When the timer is set to fire.
    armed: Option<Instant>,
    /// Whether the process is frozen: it hears nobody while its sessions' time runs.
    frozen: bool,
}

type Out = Output<ServerEvent>;

/// The next tick after `at` (`ExpiryQueue.roundToNextInterval`).
fn next_tick(at: Instant) -> Instant {
    Instant((at.0 / TICK.0 + 1).saturating_mul(TICK.0))
}

impl Server {
    /// An empty ZooKeeper. Its first session's number comes from the clock (`initializeNextSessionId`).
    pub fn new(now: Instant) -> Server {
        let next_session = (((now.timestamp().0 as u64) << 24) >> 8) as i64;
        Server {
            tree: Tree::default(),
            sessions: BTreeMap::new(),
            counts: Counts::default(),
            image: Image::default(),
            next_session,
            armed: None,
            frozen: false,
        }
    }

    /// The process begins again with what its transaction log says: all sessions are given their full time.
    pub fn restart(mut self, now: Instant, out: &mut Out) -> Server {
        self.counts = Counts::default();
        self.armed = None;
        self.frozen = false;
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for id in sessions {
            self.tree.forget_watches(id);
            self.touch(now, id);
            if let Some(session) = self.sessions.get_mut(&id) {
                session.connected = false;
            }
        }
        self.arm(out);
        self
    }

    /// Takes one input.
    pub fn step(&mut self, now: Instant, input: Input, out: &mut Out) {
        match input {
            Input::Message { from, message: Message { correlation, body } } => match body {
                Body::Request(Request::ZooKeeperConnect(request)) => {
                    self.connect(now, from, correlation, &request, out);
                }
                Body::Request(Request::ZooKeeper(request)) => {
                    self.request(now, from, correlation, &request, out);
                }
                _ => {}
            },
            Input::Timer(Timer::ZooKeeperTick) => self.expire_due(now, out),
            Input::Timer(_) => {}
            Input::Disconnected { peer } => {
                let gone = self.sessions.iter_mut().filter(|(_, session)| session.node == peer);
                let mut ids = Vec::new();
                for (id, session) in gone {
                    session.connected = false;
                    ids.push(*id);
                }
                ids.into_iter().for_each(|id| self.tree.forget_watches(id));
            }
        }
    }

    fn connect(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: &ZooKeeperConnectRequest,
        out: &mut Out,
    ) {
        let mut notices = Vec::new();
        let (session, timeout_ms) = if request.session == SessionId::NONE {
            if self.sessions.len() >= MOST_SESSIONS {
                return;
            }
            let id = SessionId(self.next_session);
            self.next_session = self.next_session.wrapping_add(1);
            let timeout_ms = request.timeout_ms.clamp(LEAST_TIMEOUT_MS, MOST_TIMEOUT_MS);
            let timeout = Duration::from_ms(u64::from(timeout_ms));
            let expires_at = next_tick(now + timeout);
            let session =
                ServerSession { node: from, timeout, last_heard: now, expires_at, connected: true };
            self.sessions.insert(id, session);
            self.tree.open_session();
            out.events.push(ServerEvent::SessionOpened { session: id, node: from, timeout_ms });
            (id, timeout_ms)
        } else if let Some(session) = self.sessions.get_mut(&request.session) {
            session.connected = true;
            session.node = from;
            let (id, timeout_ms) = (request.session, session.timeout.as_ms() as u32);
            self.touch(now, id);
            self.tree.forget_watches(id);
            notices = self.tree.set_watches(id, request.last_zxid, &request.watches);
            out.events.push(ServerEvent::SessionResumed { session: id, node: from });
            (id, timeout_ms)
        } else {
            out.events.push(ServerEvent::SessionRefused { session: request.session, node: from });
            (SessionId::NONE, 0)
        };
        let response = Response::ZooKeeperConnect(ZooKeeperConnectResponse { session, timeout_ms });
        out.send(from, Message::response(correlation, response));
        self.tell(notices, out);
        self.arm(out);
    }

    fn request(
        &mut self,
        now: Instant,
        from: NodeId,
        correlation: u64,
        request: &ZooKeeperRequest,
        out: &mut Out,
    ) {
        let id = request.session;
        let expired = self.sessions.get(&id).is_none_or(|session| session.node != from);
        let result = if expired {
            Err(ZooKeeperError::SessionExpired)
        } else if request.operation == ZooKeeperOperation::Close {
            let (gone, notices) = self.end(id);
            out.events.push(ServerEvent::SessionClosed { session: id, node: from });
            self.gone_with_session(gone, from, out);
            self.tell(notices, out);
            Ok(ZooKeeperReply::Closed)
        } else {
            self.touch(now, id);
            self.operate(now, from, id, &request.operation, out)
        };
        let zxid = self.tree.zxid;
        let response = Response::ZooKeeper(ZooKeeperResponse { session: id, zxid, result });
        out.send(from, Message::response(correlation, response));
        self.arm(out);
    }

    fn operate(
        &mut self,
        now: Instant,
        from: NodeId,
        id: SessionId,
        operation: &ZooKeeperOperation,
        out: &mut Out,
    ) -> Result<ZooKeeperReply, ZooKeeperError> {
        match operation {
            ZooKeeperOperation::Ping => {}
            write if write.is_write() => self.counts.writes += 1,
            _ => self.counts.reads += 1,
        }
        let owners = self.owners(operation);
        let applied = self.tree.apply(now.timestamp(), id, operation);
        self.report(from, operation, &applied.result, &owners, out);
        self.tell(applied.notices, out);
        applied.result
    }

    /// Tells people what a write did.
    fn report(
        &mut self,
        by: NodeId,
        operation: &ZooKeeperOperation,
        result: &Result<ZooKeeperReply, ZooKeeperError>,
        owners: &BTreeMap<Arc<str>, NodeId>,
        out: &mut Out,
    ) {
        match (operation, result) {
            (ZooKeeperOperation::Multi(parts), Ok(ZooKeeperReply::Multi(answers))) => {
                for (part, answer) in parts.iter().zip(answers) {
                    let untold = [ZooKeeperError::RolledBack, ZooKeeperError::RuntimeInconsistency];
                    if !answer.as_ref().is_err_and(|error| untold.contains(error)) {
                        self.report(by, part, answer, owners, out);
                    }
                }
            }
            (
                ZooKeeperOperation::Create { data, mode, .. },
                Ok(ZooKeeperReply::Created { path, .. }),
            ) => {
                mirror::reflect(&mut self.image, &self.tree, path);
                let (path, data, ephemeral) = (path.clone(), data.clone(), mode.is_ephemeral());
                out.events.push(ServerEvent::Created { path, data, ephemeral, by });
            }
            (ZooKeeperOperation::SetData { path, data, .. }, Ok(ZooKeeperReply::Set(stat))) => {
                mirror::reflect(&mut self.image, &self.tree, path);
                let (path, data, version) = (path.clone(), data.clone(), stat.version);
                out.events.push(ServerEvent::Changed { path, data, version, by });
            }
            (ZooKeeperOperation::Delete { path, .. }, Ok(_)) => {
                mirror::reflect(&mut self.image, &self.tree, path);
                let (owner, path) = (owners.get(path).copied(), path.clone());
                out.events.push(ServerEvent::Deleted { path, by, owner, with_session: false });
            }
            (operation, Err(error)) if operation.is_write() || is_check(operation) => {
                // That a parent is there already is no news: whoever makes sure of it asks for nothing else.
                let path: Arc<str> = operation.path().unwrap_or("/").into();
                if *error == ZooKeeperError::NodeExists && znodes::is_persistent(path.as_ref()) {
                    return;
                }
                let (operation, error) = (operation.kind(), *error);
                out.events.push(ServerEvent::Refused { path, operation, error, by });
            }
            _ => {}
        }
    }

    /// Whose the ephemeral znodes are that an operation would delete.
    fn owners(&self, operation: &ZooKeeperOperation) -> BTreeMap<Arc<str>, NodeId> {
        let parts = match operation {
            ZooKeeperOperation::Multi(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let owner = |path: &str| {
            let session = self.tree.get(path)?.owner();
            self.sessions.get(&session).map(|session| session.node)
        };
        let deletes = parts.iter().filter_map(|part| match part {
            ZooKeeperOperation::Delete { path, .. } => Some((path.clone(), owner(path)?)),
            _ => None,
        });
        deletes.collect()
    }

    fn gone_with_session(&mut self, paths: Vec<Arc<str>>, by: NodeId, out: &mut Out) {
        for path in paths {
            mirror::reflect(&mut self.image, &self.tree, &path);
            let (owner, with_session) = (Some(by), true);
            out.events.push(ServerEvent::Deleted { path, by, owner, with_session });
        }
    }

    /// Sends what watches saw; a session without connection hears it when it sets its watches again.
    fn tell(&mut self, notices: Vec<Notice>, out: &mut Out) {
        for (id, event) in notices {
            let Some(session) = self.sessions.get(&id).filter(|session| session.connected) else {
                continue;
            };
            self.counts.notices += 1;
            let (to, zxid) = (session.node, self.tree.zxid);
            let (kind, path) = (event.kind, event.path.clone());
            out.events.push(ServerEvent::WatchFired { path, kind, to });
            let result = Ok(ZooKeeperReply::Event(event));
            let response = Response::ZooKeeper(ZooKeeperResponse { session: id, zxid, result });
            out.send(to, Message::response(0, response));
        }
    }

    fn touch(&mut self, now: Instant, id: SessionId) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.last_heard = now;
            session.expires_at = session.expires_at.max(next_tick(now + session.timeout));
        }
    }

    fn end(&mut self, id: SessionId) -> (Vec<Arc<str>>, Vec<Notice>) {
        self.sessions.remove(&id);
        self.tree.close_session(id)
    }

    /// The process is frozen.
    pub fn freeze(&mut self) {
        self.frozen = true;
    }

    /// The process goes on after it was frozen: its session tracker's clock went on, and it looks before anything that
    /// waits in the sockets is read. So who was silent for too long has lost its session, pings in the buffers or not
    /// (`SessionTrackerImpl.run`; real ones of 2.1.1 and 3.9.1 did so, frozen for 20 s and 60 s).
    pub fn thaw(&mut self, now: Instant, out: &mut Out) {
        self.frozen = false;
        self.expire_due(now, out);
    }

    fn expire_due(&mut self, now: Instant, out: &mut Out) {
        self.armed = None;
        let due = self.sessions.iter().filter(|(_, session)| session.expires_at <= now);
        let due: Vec<SessionId> = due.map(|(id, _)| *id).collect();
        for id in due {
            let heard = self.sessions.get(&id).map_or(now, |session| session.last_heard);
            self.expire(id, Some(now.since(heard).as_ms()), out);
        }
        self.arm(out);
    }

    /// Ends a session: by the clock, or because somebody wants to see it (who knows a session's number and password can
    /// close it).
    pub fn expire(&mut self, id: SessionId, silent_ms: Option<u64>, out: &mut Out) {
        let Some(session) = self.sessions.get(&id).cloned() else { return };
        self.counts.expired += 1;
        let (gone, notices) = self.end(id);
        let node = session.node;
        out.events.push(ServerEvent::SessionExpired { session: id, node, silent_ms });
        self.gone_with_session(gone, node, out);
        self.tell(notices, out);
    }

    /// Somebody deletes a znode with the shell.
    pub fn delete_by_hand(&mut self, now: Instant, path: &str, out: &mut Out) {
        let operation = ZooKeeperOperation::Delete { path: path.into(), version: None };
        let by = NodeId(0);
        let result = self.operate(now, by, SessionId::NONE, &operation, out);
        debug_assert!(result.is_ok() || self.tree.get(path).is_none());
    }

    /// The session of a node.
    pub fn session_of(&self, node: NodeId) -> Option<(SessionId, &ServerSession)> {
        let mut all = self.sessions.iter().filter(|(_, session)| session.node == node);
        all.next_back().map(|(id, session)| (*id, session))
    }

    /// One timer for the next tick at which a session ends.
    fn arm(&mut self, out: &mut Out) {
        let next = self.sessions.values().map(|session| session.expires_at).min();
        if self.armed != next {
            self.armed = next;
            match next {
                Some(at) => out.set(Timer::ZooKeeperTick, at),
                None => out.cancel(Timer::ZooKeeperTick),
            }
        }
    }

    /// Idle time was passed over: sessions move with it, and end at ticks as before; not while nobody can be heard.
    pub fn shift(&mut self, by: Duration) {
        if self.frozen {
            return;
        }
        for session in self.sessions.values_mut() {
            session.last_heard = session.last_heard + by;
            session.expires_at = session.expires_at + by;
        }
        self.armed = self.armed.map(|at| at + by);
    }
}

fn is_check(operation: &ZooKeeperOperation) -> bool {
    matches!(operation, ZooKeeperOperation::Check { .. })
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
