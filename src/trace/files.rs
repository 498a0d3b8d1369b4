//! The files: what lies in the directories of the nodes, as `ls` would show it.
//!
//! ```text
//!   files   /tmp/klab
//!     broker-1
//!       meta.properties                           86 B
//!       orders-0
//!         00000000000000000000.index      10 485 760 B   24 B used
//!         00000000000000000000.log             1 022 B «   73 B unflushed
//! ```
//!
//! An index file that is still written has its full preallocated size (`segment.index.bytes`) and uses a part of it.
//! Where there is no room for every file, a partition's directory is one row with the number of its files, but for the
//! partition in focus (the one that just changed, else the first), which stays open.

use super::common::{self, bytes, finish, is_internal, more};
use super::picture::{Canvas, Focus, Line, Picture, Role, Target};
use crate::cluster::Lab;
use crate::storage::{Log, file_name};
use crate::types::{NodeId, TopicPartition};
use std::collections::BTreeMap;

/// A row: depth, name, size, note.
struct Row {
    depth: usize,
    name: String,
    path: String,
    size: Option<u64>,
    note: String,
    changed: bool,
}

/// Draws the pane.
pub fn draw(lab: &Lab, focus: &Focus, canvas: &Canvas) -> Picture {
    let place = match lab.disk().root() {
        Some(root) => root.display().to_string(),
        None => canvas.word("in memory", "在内存中").to_owned(),
    };
    let mut picture =
        Picture::new(canvas.word("files", "文件")).caption(Line::of(place, Role::Dim));
    let limit = canvas.height.saturating_sub(1).max(4);
    let (mut rows, mut left_out) = rows(lab, focus, None, limit);
    if left_out > 0 {
        let open = common::partition(lab, focus).map(|partition| partition.to_string());
        (rows, left_out) = self::rows(lab, focus, Some(open.as_deref().unwrap_or("")), limit);
    }
    let name =
        rows.iter().map(|row| row.depth * 2 + super::width::of(&row.name)).max().unwrap_or(0);
    let sizes: Vec<String> =
        rows.iter().map(|row| row.size.map(bytes).unwrap_or_default()).collect();
    let size = sizes.iter().map(String::len).max().unwrap_or(0);
    let name = name.min(canvas.width.saturating_sub(size + 6).max(16));
    for (row, size_text) in rows.into_iter().zip(sizes) {
        let role = if row.size.is_some() { Role::Link } else { Role::Strong };
        let mut line = Line::of(&row.name, role).indent(2 + row.depth * 2);
        if !size_text.is_empty() {
            line = line.pad_to(2 + name + 2).span(format!("{size_text:>size$}"), Role::Number);
        }
        if !row.note.is_empty() {
            let note = crate::chinese::tell(canvas.language, &row.note);
            line = line.span(format!("   {note}"), Role::Dim);
        }
        let line = line.changed(row.changed, &canvas.glyphs);
        let chosen = focus.file.as_deref() == Some(&row.path);
        picture.push(line.to(Target::File(row.path)));
        if chosen {
            picture.attend();
        }
    }
    if left_out > 0 {
        picture.push(more(left_out, canvas));
    }
    finish(picture, canvas)
}

/// The rows of all nodes, or of the one in focus, and how many had no room. With `open` the directories of other
/// partitions are folded.
fn rows(lab: &Lab, focus: &Focus, open: Option<&str>, limit: usize) -> (Vec<Row>, usize) {
    let wanted = focus.node.map(|node| match node.is_controller() {
        true => format!("controller-{node}"),
        false => format!("broker-{node}"),
    });
    let (mut rows, mut left_out) = (Vec::new(), 0);
    for top in lab.disk().list("").unwrap_or_default() {
        if wanted.as_ref().is_some_and(|wanted| *wanted != top.name) {
            continue;
        }
        let node = top.name.rsplit_once('-').and_then(|(_, id)| id.parse().ok()).map(NodeId);
        let used = node.map(|node| used(lab, node)).unwrap_or_default();
        let walk_of = Walk { lab, used: &used, focus, open, limit };
        walk(&walk_of, &top.name, &top.name, 0, &mut rows, &mut left_out);
    }
    (rows, left_out)
}

/// What stays the same on a walk through the directories of a node.
struct Walk<'a> {
    lab: &'a Lab,
    used: &'a BTreeMap<String, Used>,
    focus: &'a Focus,
    open: Option<&'a str>,
    limit: usize,
}

/// What is known of a file beyond its size: bytes in use, whether the step changed it, bytes only in the page cache.
type Used = (u64, bool, u64);

/// Bytes in use of each index file of a node, what is not on the platter, and whether the step changed the log.
fn used(lab: &Lab, node: NodeId) -> BTreeMap<String, Used> {
    let fresh = common::Fresh::of(lab);
    let mut used = BTreeMap::new();
    let mut add = |log: &Log, changed: bool| {
        let active = log.active_segment().base_offset;
        for segment in log.segments() {
            let files = [
                (".index", segment.index.file, u64::from(segment.index.used_bytes())),
                (".timeindex", segment.time_index.file, u64::from(segment.time_index.used_bytes())),
                (".log", segment.log, u64::from(segment.size_bytes)),
            ];
            for (suffix, file, bytes) in files {
                let name = file_name(segment.base_offset, suffix);
                let path = format!("{}/{name}", log.directory());
                let cached = bytes.saturating_sub(lab.disk().flushed(file));
                let changed = changed && suffix == ".log" && segment.base_offset == active;
                used.insert(path, (bytes, changed, cached));
            }
        }
    };
    if let Some(broker) = lab.cluster().broker(node) {
        for replica in broker.replicas.values() {
            let changed = fresh.log_end(&replica.partition, node).is_some();
            add(&replica.log, changed);
        }
        if broker.zookeeper.is_none() {
            add(&broker.observer.log, false);
        }
    }
    if let Some(controller) =
        lab.cluster().controllers.get(&node).and_then(|node| node.controller.as_ref())
    {
        add(&controller.log, false);
    }
    used
}

fn walk(
    of: &Walk<'_>,
    path: &str,
    name: &str,
    depth: usize,
    rows: &mut Vec<Row>,
    left_out: &mut usize,
) {
    if rows.len() >= of.limit {
        *left_out += 1;
        return;
    }
    let row = |depth, name: &str, path: &str| Row {
        depth,
        name: name.to_owned(),
        path: path.to_owned(),
        size: None,
        note: String::new(),
        changed: false,
    };
    let entries = of.lab.disk().list(path).unwrap_or_default();
    if depth > 0 && of.open.is_some_and(|open| open != name) {
        let mut folded = row(depth, name, path);
        folded.note = match entries.len() {
            1 => "1 file".to_owned(),
            many => format!("{many} files"),
        };
        let inside =
            |file: &String| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        folded.changed = of.used.iter().any(|(file, (_, changed, _))| *changed && inside(file));
        rows.push(folded);
        return;
    }
    rows.push(row(depth, name, path));
    let mut folded: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        let below = format!("{path}/{}", entry.name);
        if entry.is_directory {
            let partition = TopicPartition::parse(&entry.name);
            let hidden = partition.filter(|p| {
                is_internal(&p.topic)
                    && p.topic.as_str() != "__cluster_metadata"
                    && of.focus.partition.as_ref() != Some(p)
            });
            match hidden {
                Some(partition) => *folded.entry(partition.topic.to_string()).or_default() += 1,
                None => walk(of, &below, &entry.name, depth + 1, rows, left_out),
            }
            continue;
        }
        if rows.len() >= of.limit {
            *left_out += 1;
            continue;
        }
        let mut file = row(depth + 1, &entry.name, &below);
        file.size = Some(entry.size);
        if let Some(&(bytes_used, changed, cached)) = of.used.get(&below) {
            file.changed = changed;
            if bytes_used < entry.size {
                file.note = format!("{bytes_used} B used");
            }
            if cached > 0 {
                let comma = if file.note.is_empty() { "" } else { ", " };
                file.note.push_str(&format!("{comma}{cached} B unflushed"));
            }
        }
        rows.push(file);
    }
    for (topic, count) in folded {
        let mut line = row(depth + 1, &format!("{topic}-*"), path);
        line.note = format!("{count} directories");
        rows.push(line);
    }
}
