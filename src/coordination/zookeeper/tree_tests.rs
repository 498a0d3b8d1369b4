//! The tree's rules, one by one, as ZooKeeper's documentation states them.

use super::*;

const ANN: SessionId = SessionId(1);
const BOB: SessionId = SessionId(2);

struct World {
    tree: Tree,
}

impl World {
    fn new() -> World {
        World { tree: Tree::default() }
    }
    fn apply(&mut self, who: SessionId, operation: ZooKeeperOperation) -> Applied {
        self.tree.apply(Timestamp(7), who, &operation)
    }
    fn create(
        &mut self,
        who: SessionId,
        path: &str,
        mode: CreateMode,
    ) -> Result<ZooKeeperReply, ZooKeeperError> {
        self.apply(who, create(path, mode)).result
    }
    fn set(&mut self, path: &str, version: Option<i32>) -> Applied {
        let (path, data) = (path.into(), "new".into());
        self.apply(ANN, ZooKeeperOperation::SetData { path, data, version })
    }
    fn exists(&mut self, who: SessionId, path: &str) -> Result<ZooKeeperReply, ZooKeeperError> {
        self.apply(who, ZooKeeperOperation::Exists { path: path.into(), watch: true }).result
    }
    fn children(&mut self, who: SessionId, path: &str) {
        let read = ZooKeeperOperation::GetChildren { path: path.into(), watch: true };
        self.apply(who, read).result.unwrap();
    }
}

fn create(path: &str, mode: CreateMode) -> ZooKeeperOperation {
    ZooKeeperOperation::Create { path: path.into(), data: "".into(), mode }
}

fn told(notices: &[Notice]) -> Vec<String> {
    notices.iter().map(|(who, e)| format!("{} {} {}", who.0, e.kind, e.path)).collect()
}

#[test]
fn versions_count_changes_and_guard_them() {
    let mut world = World::new();
    world.create(ANN, "/a", CreateMode::Persistent).unwrap();
    assert!(
        matches!(world.set("/a", Some(0)).result, Ok(ZooKeeperReply::Set(s)) if s.version == 1)
    );
    assert_eq!(world.set("/a", Some(0)).result, Err(ZooKeeperError::BadVersion));
    assert!(matches!(world.set("/a", None).result, Ok(ZooKeeperReply::Set(s)) if s.version == 2));
    assert_eq!(world.set("/b", None).result, Err(ZooKeeperError::NoNode));
    let stat = world.tree.get("/a").unwrap().stat();
    assert_eq!((stat.czxid, stat.mzxid), (1, 4), "refused writes are transactions too");
}

#[test]
fn a_parent_must_be_there_and_must_last() {
    let mut world = World::new();
    let persistent = CreateMode::Persistent;
    assert_eq!(world.create(ANN, "/a/b", persistent), Err(ZooKeeperError::NoNode));
    world.create(ANN, "/e", CreateMode::Ephemeral).unwrap();
    let refused = world.create(ANN, "/e/b", persistent);
    assert_eq!(refused, Err(ZooKeeperError::NoChildrenForEphemerals));
    assert_eq!(world.create(BOB, "/e", persistent), Err(ZooKeeperError::NodeExists));
    for bad in ["/a//b", "a", "/a/", "/a/../b", "/\u{7}"] {
        assert!(world.create(ANN, bad, persistent).is_err(), "{bad}");
    }
}

#[test]
fn a_session_takes_its_ephemerals_with_it() {
    let mut world = World::new();
    world.create(ANN, "/ids", CreateMode::Persistent).unwrap();
    world.create(ANN, "/ids/1", CreateMode::Ephemeral).unwrap();
    world.create(BOB, "/ids/2", CreateMode::Ephemeral).unwrap();
    world.children(BOB, "/ids");
    let (gone, notices) = world.tree.close_session(ANN);
    assert_eq!(gone, vec![Arc::from("/ids/1")]);
    assert_eq!(told(&notices), ["2 NodeChildrenChanged /ids"]);
    let stat = world.tree.get("/ids").unwrap().stat();
    assert_eq!((stat.children, stat.cversion), (1, 3), "two came, one went");
}

#[test]
fn a_sequential_name_counts_births_not_children() {
    let mut world = World::new();
    world.create(ANN, "/n", CreateMode::Persistent).unwrap();
    let mode = CreateMode::PersistentSequential;
    for expected in ["/n/x0000000000", "/n/x0000000001"] {
        let made = world.create(ANN, "/n/x", mode).unwrap();
        assert!(matches!(made, ZooKeeperReply::Created { path, .. } if &*path == expected));
        let delete = ZooKeeperOperation::Delete { path: expected.into(), version: None };
        world.apply(ANN, delete).result.unwrap();
    }
}

#[test]
fn a_watch_fires_once() {
    let mut world = World::new();
    assert_eq!(world.exists(BOB, "/c"), Err(ZooKeeperError::NoNode));
    let made = world.apply(ANN, create("/c", CreateMode::Ephemeral));
    assert_eq!(told(&made.notices), ["2 NodeCreated /c"]);
    assert!(world.set("/c", None).notices.is_empty(), "it was not set again");
    world.exists(BOB, "/c").unwrap();
    world.exists(BOB, "/c").unwrap();
    assert_eq!(told(&world.set("/c", None).notices), ["2 NodeDataChanged /c"]);
    let missing = ZooKeeperOperation::GetData { path: "/none".into(), watch: true };
    assert_eq!(world.apply(BOB, missing).result, Err(ZooKeeperError::NoNode));
    assert!(world.tree.watchers("/none").0.is_empty(), "getData of nothing leaves no watch");
}

#[test]
fn who_watches_data_and_children_hears_of_the_end_once() {
    let mut world = World::new();
    world.create(ANN, "/c", CreateMode::Persistent).unwrap();
    world.exists(BOB, "/c").unwrap();
    world.children(BOB, "/c");
    world.children(ANN, "/c");
    let gone = world.apply(ANN, ZooKeeperOperation::Delete { path: "/c".into(), version: Some(0) });
    assert_eq!(told(&gone.notices), ["2 NodeDeleted /c", "1 NodeDeleted /c"]);
    assert_eq!(world.tree.watch_counts(), (0, 0));
}

#[test]
fn a_multi_is_done_whole_or_not_at_all() {
    let mut world = World::new();
    world.create(ANN, "/epoch", CreateMode::Persistent).unwrap();
    world.exists(BOB, "/new").unwrap_err();
    let parts = |version| {
        let path: Arc<str> = "/epoch".into();
        let check = ZooKeeperOperation::Check { path: path.clone(), version: Some(version) };
        vec![create("/new", CreateMode::Persistent), check, create("/two", CreateMode::Persistent)]
    };
    let before = world.tree.clone();
    let failed = world.apply(ANN, ZooKeeperOperation::Multi(parts(9)));
    let errors = [
        ZooKeeperError::RolledBack,
        ZooKeeperError::BadVersion,
        ZooKeeperError::RuntimeInconsistency,
    ];
    assert_eq!(failed.result, Ok(ZooKeeperReply::Multi(errors.map(Err).into())));
    assert!(failed.notices.is_empty());
    assert_eq!(world.tree.zxid, before.zxid + 1, "a failed transaction has a number too");
    assert_eq!(Tree { zxid: before.zxid, ..world.tree.clone() }, before);
    let done = world.apply(ANN, ZooKeeperOperation::Multi(parts(0)));
    assert_eq!(told(&done.notices), ["2 NodeCreated /new"]);
    let czxid = |path: &str| world.tree.get(path).unwrap().stat().czxid;
    assert_eq!(czxid("/new"), czxid("/two"), "one transaction");
}

#[test]
fn watches_set_again_tell_what_was_missed() {
    let mut world = World::new();
    for path in ["/a", "/b", "/gone"] {
        world.create(ANN, path, CreateMode::Persistent).unwrap();
    }
    let seen = world.tree.zxid;
    world.set("/a", None);
    world.apply(ANN, ZooKeeperOperation::Delete { path: "/gone".into(), version: None });
    let data = ["/a", "/b", "/gone"].map(Arc::from);
    world.create(ANN, "/born", CreateMode::Persistent).unwrap();
    let births = ["/born", "/unborn"].map(Arc::from).into();
    let watches = WatchesToSet { data: data.into(), births, children: vec!["/".into()] };
    let notices = world.tree.set_watches(BOB, seen, &watches);
    let expected = [
        "2 NodeCreated /born",
        "2 NodeDataChanged /a",
        "2 NodeDeleted /gone",
        "2 NodeChildrenChanged /",
    ];
    assert_eq!(told(&notices), expected);
    assert_eq!(world.tree.watches_of(BOB).0, ["/b", "/unborn"].map(Arc::from));
}
