//! Sessions and watches over time, with ZooKeeper and the client's half face to face.

use super::*;
use crate::coordination::zookeeper::session::{News, Session};
use crate::protocol::{CreateMode, WatchKind};

/// ZooKeeper, and clients that are reached at once.
struct World {
    now: Instant,
    server: Server,
    clients: BTreeMap<NodeId, Session>,
    news: Vec<(NodeId, News)>,
    events: Vec<String>,
}

impl World {
    fn new() -> World {
        let now = Instant(0);
        let server = Server::new(now);
        World { now, server, clients: BTreeMap::new(), news: Vec::new(), events: Vec::new() }
    }
    fn open(&mut self, id: u32) {
        let mut out: Out = Output::default();
        let session = Session::open(self.now, 6_000, 0, &mut out);
        self.clients.insert(NodeId(id), session);
        self.deliver_to_server(NodeId(id), out);
    }
    fn deliver_to_server(&mut self, from: NodeId, out: Out) {
        for send in out.sends {
            let mut answer = Output::default();
            let input = Input::Message { from, message: send.message };
            self.server.step(self.now, input, &mut answer);
            self.deliver_to_clients(answer);
        }
    }
    fn deliver_to_clients(&mut self, out: Out) {
        let told = out.events.iter().map(|event| event.sentence(crate::types::Language::English));
        self.events.extend(told);
        for send in out.sends {
            let Some(client) = self.clients.get_mut(&send.to) else { continue };
            let Message { correlation, body } = send.message;
            let mut more: Out = Output::default();
            let news = match body {
                Body::Response(Response::ZooKeeperConnect(response)) => {
                    client.connected(self.now, correlation, &response, &mut more)
                }
                Body::Response(Response::ZooKeeper(response)) => {
                    client.heard(self.now, correlation, response, &mut more)
                }
                _ => Vec::new(),
            };
            self.news.extend(news.into_iter().map(|news| (send.to, news)));
            self.deliver_to_server(send.to, more);
        }
    }
    fn ask(&mut self, id: u32, operation: ZooKeeperOperation) -> u64 {
        let mut out: Out = Output::default();
        let client = self.clients.get_mut(&NodeId(id)).unwrap();
        let token = client.ask(self.now, operation, &mut out);
        self.deliver_to_server(NodeId(id), out);
        token
    }
    /// Time passes; the clients named ping.
    fn pass(&mut self, ms: u64, alive: &[u32]) {
        let end = self.now + Duration::from_ms(ms);
        while self.now < end {
            self.now = self.now + Duration::from_ms(500);
            for &id in alive {
                let mut out: Out = Output::default();
                let client = self.clients.get_mut(&NodeId(id)).unwrap();
                let news = client.timer(self.now, &mut out);
                self.news.extend(news.into_iter().map(|news| (NodeId(id), news)));
                self.deliver_to_server(NodeId(id), out);
            }
            let mut out = Output::default();
            self.server.step(self.now, Input::Timer(Timer::ZooKeeperTick), &mut out);
            self.deliver_to_clients(out);
        }
    }
    fn create(&mut self, id: u32, path: &str) {
        let mode = CreateMode::Ephemeral;
        self.ask(id, ZooKeeperOperation::Create { path: path.into(), data: "".into(), mode });
    }
    fn watch(&mut self, id: u32, path: &str) -> u64 {
        self.ask(id, ZooKeeperOperation::Exists { path: path.into(), watch: true })
    }
}

#[test]
fn a_silent_session_ends_at_a_tick_and_takes_its_znodes_along() {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    world.create(1, "/controller");
    world.watch(2, "/controller");
    world.pass(7_000, &[1, 2]);
    assert!(world.server.tree.get("/controller").is_some(), "pings keep it");
    let heard = world.server.session_of(NodeId(1)).unwrap().1.last_heard;
    world.pass(6_000, &[2]);
    assert!(world.server.tree.get("/controller").is_some(), "6 s end between two ticks");
    world.pass(2_000, &[2]);
    assert!(world.server.tree.get("/controller").is_none());
    assert_eq!(world.server.counts.expired, 1);
    let fired = |news: &News| matches!(news, News::Watch(e) if e.kind == WatchKind::NodeDeleted);
    assert!(world.news.iter().any(|(who, news)| who.0 == 2 && fired(news)));
    assert!(heard.0 > 0 && world.events.iter().any(|told| told.contains("expires")));
    world.pass(500, &[1]);
    assert!(world.news.iter().any(|(who, news)| who.0 == 1 && *news == News::Expired));
    let again = world.server.session_of(NodeId(1)).unwrap();
    assert_eq!(again.0, world.clients[&NodeId(1)].id, "a new session");
}

#[test]
fn a_broken_connection_ends_no_session_and_missed_watches_are_told_later() {
    let mut world = World::new();
    world.open(1);
    world.open(2);
    world.create(2, "/two");
    world.watch(1, "/two");
    world.watch(1, "/three");
    let id = world.clients[&NodeId(1)].id;
    world.server.step(world.now, Input::Disconnected { peer: NodeId(1) }, &mut Output::default());
    let mut out: Out = Output::default();
    let news = world.clients.get_mut(&NodeId(1)).unwrap().broken(world.now, &mut out);
    assert_eq!(news, [News::Disconnected]);
    world.create(2, "/three");
    world.ask(2, ZooKeeperOperation::Delete { path: "/two".into(), version: None });
    let token = world.watch(1, "/three");
    world.news.clear();
    world.pass(500, &[1, 2]);
    let (told, answered): (Vec<_>, Vec<_>) = world
        .news
        .iter()
        .filter(|(who, _)| who.0 == 1)
        .partition(|(_, n)| matches!(n, News::Watch(_)));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(answered.iter().any(|(_, news)| *news == News::Resumed));
    let asked_again = |news: &News| matches!(news, News::Answered { token: t, .. } if *t == token);
    assert!(answered.iter().any(|(_, news)| asked_again(news)));
    assert_eq!(world.clients[&NodeId(1)].id, id, "the same session");
}

#[test]
fn a_restarted_zookeeper_knows_tree_and_sessions_and_gives_full_time() {
    let mut world = World::new();
    world.open(1);
    world.create(1, "/one");
    world.pass(30_000, &[1]);
    world.now = world.now + Duration::from_ms(60_000);
    world.server = world.server.clone().restart(world.now, &mut Output::default());
    assert!(world.server.tree.get("/one").is_some());
    world.pass(5_000, &[]);
    assert!(world.server.tree.get("/one").is_some(), "the session has its full time again");
    world.pass(4_000, &[]);
    assert!(world.server.tree.get("/one").is_none());
}

#[test]
fn the_timeout_is_kept_between_two_and_twenty_ticks() {
    for (wished, agreed) in [(1, 4_000), (6_000, 6_000), (3_600_000, 40_000)] {
        let mut world = World::new();
        let mut out: Out = Output::default();
        let session = Session::open(world.now, wished, 0, &mut out);
        world.clients.insert(NodeId(1), session);
        world.deliver_to_server(NodeId(1), out);
        assert_eq!(world.clients[&NodeId(1)].timeout, Duration::from_ms(agreed));
    }
}

#[test]
fn a_node_may_not_use_the_session_of_another_one_nor_one_that_has_ended() {
    let mut world = World::new();
    world.open(1);
    let session = world.clients[&NodeId(1)].id;
    let ping =
        Request::ZooKeeper(ZooKeeperRequest { session, operation: ZooKeeperOperation::Ping });
    let mut out = Output::default();
    let input = Input::Message { from: NodeId(2), message: Message::request(1, ping) };
    world.server.step(world.now, input, &mut out);
    let Body::Response(Response::ZooKeeper(answer)) = &out.sends[0].message.body else {
        panic!("no answer")
    };
    assert_eq!(answer.result, Err(ZooKeeperError::SessionExpired));
}
