//! ZooKeeper: the tree with what is in it, the sessions with their ends, the watches.
//!
//! ```text
//!   zookeeper   41 znodes   zxid 57   3 sessions   12 watches
//!     session of   number             lasts   ends in   ephemeral              watches
//!     b1           0x8cc251f4000000   6 s       5.1 s   /brokers/ids/1             9
//!
//!     znode                  version   with   watched by   data
//!     /controller                  0   b1     b2 b3        {"version":1,"brokerid":1,"timestamp":"…"}
//!     /controller_epoch            1          -            1
//! ```
//!
//! The pane *controller* of that era is the sessions, `/controller` and the last writes; `show zookeeper` has the whole
//! tree, `show zookeeper PATH` a part of it, or one znode with all its numbers.

use super::common::{self, Fresh, finish};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use super::table::{Align, Table};
use crate::clock::Duration;
use crate::cluster::{Body, Lab, NodeState};
use crate::coordination::zookeeper::{Server, ServerEvent, Znode, znodes};
use crate::protocol::SessionId;
use crate::types::{Language, NodeId};
use std::sync::Arc;

/// Most znodes that one picture lists.
const MOST_ROWS: usize = 400;

/// Cells that the columns between path and data want, gaps included.
const BETWEEN: usize = 36;

/// Cells that data shall have at least.
const LEAST_DATA: usize = 16;

/// Most writes that the controller's pane shows.
const MOST_WRITES: usize = 8;

fn server(lab: &Lab) -> Option<&Server> {
    lab.cluster().zookeeper()
}

/// `show zookeeper [PATH]`.
pub fn tree(lab: &Lab, path: Option<&str>, canvas: &Canvas) -> Result<Picture, String> {
    let Some(server) = server(lab) else {
        let text = canvas.word(
            "this cluster has no ZooKeeper; `cluster kafka=2.1` has one",
            "本集群没有 ZooKeeper；`cluster kafka=2.1` 有",
        );
        return Ok(common::nothing(canvas.word("zookeeper", "ZooKeeper"), text, canvas));
    };
    let path = path.unwrap_or("/").trim_end_matches('/');
    let mut picture =
        Picture::new(canvas.word("zookeeper", "ZooKeeper")).caption(caption(lab, server, canvas));
    if path.is_empty() {
        sessions(lab, server, canvas, &mut picture);
        picture.blank();
    } else if let Some(node) = server.tree.get(path) {
        numbers(lab, server, path, node, canvas, &mut picture);
        picture.blank();
    } else {
        let above = crate::coordination::zookeeper::parent(path);
        let known: Vec<&str> = server
            .tree
            .get(above)
            .map(|node| node.children.iter().map(AsRef::as_ref).collect())
            .unwrap_or_default();
        return Err(super::show::unknown("znode", path, &known));
    }
    rows(lab, server, path, canvas, &mut picture);
    Ok(finish(picture, canvas))
}

/// The pane of the controller, in this era.
pub fn controller(lab: &Lab, _focus: &Focus, canvas: &Canvas) -> Picture {
    let Some(server) = server(lab) else {
        return common::nothing("controller", "", canvas);
    };
    let g = &canvas.glyphs;
    let active = lab.cluster().active_controller();
    let epoch = server.tree.get(znodes::CONTROLLER_EPOCH).map_or("-".into(), |n| n.data.clone());
    let head = match active {
        Some(id) => Line::of(format!("b{id} "), Role::Leader)
            .span(canvas.word("has /controller", "持有 /controller"), Role::Good),
        None => Line::of(canvas.word("nobody has /controller", "无人持有 /controller"), Role::Bad),
    };
    let changed = active.is_some_and(|id| Fresh::of(lab).node(id));
    let head = head
        .changed(changed, g)
        .text("   /controller_epoch ")
        .span(epoch.as_ref(), Role::Epoch)
        .text("   ")
        .join(caption(lab, server, canvas));
    let mut picture = Picture::new(canvas.word("controller", "控制器")).caption(head);
    sessions(lab, server, canvas, &mut picture);
    for (id, node) in &lab.cluster().brokers {
        let Some(side) = node.broker.as_ref().and_then(|broker| broker.zookeeper.as_ref()) else {
            continue;
        };
        if side.controller.is_active() && node.state == NodeState::Alive {
            let (work, waiting) = side.controller.queue();
            let work = work.map_or(canvas.word("idle", "空闲"), |work| work.name());
            let line = Line::of(format!("  b{id} "), Role::Strong)
                .text(
                    canvas.word("believes that it is the controller: ", "认为自己是 controller："),
                )
                .text(work);
            picture.push(match (waiting, canvas.language) {
                (0, _) => line,
                (_, Language::English) => line.text(format!(", then {waiting} more")),
                (_, Language::Chinese) => line.text(format!("，之后还有 {waiting} 件")),
            });
        }
    }
    picture.blank();
    writes(lab, canvas, &mut picture);
    finish(picture, canvas)
}

fn caption(lab: &Lab, server: &Server, canvas: &Canvas) -> Line {
    let (data, children) = server.tree.watch_counts();
    let counted = |n: usize, noun: &str| crate::types::counted(n, noun);
    let text = match canvas.language {
        Language::English => format!(
            "{}   zxid {}   {}   {}",
            counted(server.tree.len(), "znode"),
            server.tree.zxid,
            counted(server.sessions.len(), "session"),
            counted(data + children, "watch"),
        ),
        Language::Chinese => format!(
            "{} 个 znode   zxid {}   {} 个会话   {} 个监视",
            server.tree.len(),
            server.tree.zxid,
            server.sessions.len(),
            data + children
        ),
    };
    match lab.cluster().state(NodeId::ZOOKEEPER) {
        NodeState::Alive => Line::plain(text),
        NodeState::Paused => {
            Line::plain(text).span(format!("   {}", canvas.word("frozen", "冻结")), Role::Warn)
        }
        _ => Line::plain(text).span(format!("   {}", canvas.word("down", "已停")), Role::Dead),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.0 as f64 / 1e6)
}

fn sessions(lab: &Lab, server: &Server, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let columns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["session of", "number", "lasts", "ends in", "watches", "ephemeral"],
        Language::Chinese => ["会话属于", "编号", "时长", "剩余", "监视", "临时节点"],
    });
    let room = canvas.height.saturating_sub(10).max(3);
    for (id, session) in server.sessions.iter().take(room) {
        let left = session.expires_at.since(lab.now());
        let silent = lab.now().since(session.last_heard) > Duration(session.timeout.0 / 2);
        let role = if silent { Role::Warn } else { Role::Dim };
        let (data, children) = server.tree.watches_of(*id);
        let ephemerals: Vec<&str> = server.tree.ephemerals(*id).map(AsRef::as_ref).collect();
        let owner = match session.connected {
            true => Line::of(common::node_name(lab, session.node), Role::Strong),
            false => Line::of(common::node_name(lab, session.node), Role::Strong)
                .span(canvas.word(" (no connection)", "（无连接）"), Role::Warn),
        };
        table.row_to(
            vec![
                owner,
                Line::of(id.to_string(), Role::Dim),
                Line::plain(seconds(session.timeout)),
                Line::of(seconds(left), role),
                Line::plain((data.len() + children.len()).to_string()),
                Line::plain(ephemerals.join(" ")),
            ],
            Target::Node(session.node),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if server.sessions.len() > room {
        picture.push(common::more(server.sessions.len() - room, canvas));
    }
}

fn owner(lab: &Lab, session: SessionId) -> String {
    match server(lab).and_then(|server| server.sessions.get(&session)) {
        Some(session) => common::node_name(lab, session.node),
        None => String::new(),
    }
}

/// A path that is too long keeps its end, from a slash on: there it differs from its neighbours.
fn tail(path: &str, room: usize, ellipsis: &str) -> String {
    if path.len() <= room {
        return path.to_owned();
    }
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let fits = |&at: &usize| path.len() - at + ellipsis.chars().count() <= room;
    let from = slashes.find(fits).or_else(|| path.rfind('/')).unwrap_or(0);
    format!("{ellipsis}{}", &path[from..])
}

fn rows(lab: &Lab, server: &Server, path: &str, canvas: &Canvas, picture: &mut Picture) {
    let g = &canvas.glyphs;
    let columns = [Align::Left, Align::Right, Align::Left, Align::Left, Align::Left];
    let mut table = Table::new(&columns).gap(2).heads(&match canvas.language {
        Language::English => ["znode", "version", "ends with", "watched by", "data"],
        Language::Chinese => ["znode", "版本", "随谁结束", "监视者", "数据"],
    });
    let below =
        |at: &str| at == path || at.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    let all: Vec<(&Arc<str>, &Znode)> =
        server.tree.nodes().filter(|(at, _)| below(at) && at.as_ref() != "/").collect();
    let path_room = canvas.width.saturating_sub(BETWEEN + LEAST_DATA).max(24);
    let widest = all.iter().map(|(at, _)| at.len().min(path_room)).max().unwrap_or(0);
    let data_room = canvas.width.saturating_sub(BETWEEN + widest).max(LEAST_DATA);
    for (at, node) in all.iter().take(MOST_ROWS) {
        let stat = node.stat();
        let (data, children) = server.tree.watchers(at);
        let mut watchers: Vec<String> =
            data.iter().chain(&children).map(|id| owner(lab, *id)).collect();
        watchers.sort();
        watchers.dedup();
        let role = if node.is_ephemeral() { Role::Warn } else { Role::Plain };
        let path = tail(at, path_room, g.ellipsis);
        table.row(vec![
            Line::of(path, role),
            Line::of(stat.version.to_string(), Role::Epoch),
            Line::of(owner(lab, stat.ephemeral_owner), Role::Strong),
            Line::of(watchers.join(" "), Role::Dim),
            Line::plain(node.data.as_ref()).cut(data_room, g),
        ]);
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    if all.len() > MOST_ROWS {
        picture.push(common::more(all.len() - MOST_ROWS, canvas));
    }
}

/// A znode's numbers, as `stat` of the shell prints them.
fn numbers(
    lab: &Lab,
    server: &Server,
    path: &str,
    node: &Znode,
    canvas: &Canvas,
    picture: &mut Picture,
) {
    let stat = node.stat();
    picture.push(Line::of(path, Role::Strong));
    if !node.data.is_empty() {
        picture.push(Line::plain(node.data.as_ref()).indent(2));
    }
    let mut facts = vec![
        format!("czxid {}  mzxid {}  pzxid {}", stat.czxid, stat.mzxid, stat.pzxid),
        format!(
            "version {}  cversion {}  dataLength {}  numChildren {}",
            stat.version, stat.cversion, stat.data_length, stat.children
        ),
    ];
    if node.is_ephemeral() {
        let who = owner(lab, stat.ephemeral_owner);
        facts.push(format!("ephemeralOwner {} {who}", stat.ephemeral_owner));
    }
    let (data, children) = server.tree.watchers(path);
    let names =
        |all: &[SessionId]| all.iter().map(|id| owner(lab, *id)).collect::<Vec<_>>().join(" ");
    if !data.is_empty() {
        let word = canvas.word("data watched by", "数据监视者");
        facts.push(format!("{word} {}", names(&data)));
    }
    if !children.is_empty() {
        let word = canvas.word("children watched by", "子节点监视者");
        facts.push(format!("{word} {}", names(&children)));
    }
    picture.extend(facts.into_iter().map(|fact| Line::of(fact, Role::Dim).indent(2)));
}

/// The last writes, newest last.
fn writes(lab: &Lab, canvas: &Canvas, picture: &mut Picture) {
    let is_write = |event: &ServerEvent| {
        !matches!(event, ServerEvent::WatchFired { .. } | ServerEvent::SessionOpened { .. })
    };
    let mut last: Vec<Line> = Vec::new();
    for event in lab.events().iter().rev() {
        let Body::ZooKeeper(body) = &event.body else { continue };
        if !is_write(body) {
            continue;
        }
        let line = Line::of(format!("  {} ", event.at), Role::Dim);
        let sentence = lab.cluster().sentence(event, canvas.language);
        last.push(line.text(sentence).cut(canvas.width, &canvas.glyphs));
        if last.len() == MOST_WRITES {
            break;
        }
    }
    last.reverse();
    picture.extend(last);
}
