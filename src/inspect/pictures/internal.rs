//! The internal topics as tables: committed offsets, groups, transactions, the metadata log.

use super::super::internal::Internal;
use super::super::{Inspection, MetadataSnapshot, directory};
use super::{MOST_ROWS, bytes_text, short_time};
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, prose};
use crate::types::{Language, Offset, Timestamp, TopicName, TopicPartition};
use serde_json::Value;

/// `field` of an object as text; nothing when it is not there.
fn text(value: &Value, field: &str) -> Option<String> {
    match value.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

/// An object's fields as `name value  name value`, without what is empty.
fn flat(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| match value {
                Value::Null => None,
                Value::String(text) if text.is_empty() => None,
                Value::Array(list) if list.is_empty() => None,
                Value::String(text) => Some(format!("{name} {text}")),
                other => Some(format!("{name} {other}")),
            };
            fields.iter().filter_map(one).collect::<Vec<_>>().join("  ")
        }
        Value::String(text) => text.clone(),
        Value::Null => "null".into(),
        other => other.to_string(),
    }
}

fn none(picture: &mut Picture, topic: &str, canvas: &Canvas) {
    let text = match canvas.language {
        Language::English => format!("there is no {topic} here, or nothing in it"),
        Language::Chinese => format!("此处没有 {topic}，或其中没有内容"),
    };
    picture.push(Line::of(text, Role::Dim).indent(2));
}

/// A record of Kafka's own, a field a row.
pub(super) fn whole(one: &Internal, canvas: &Canvas) -> Vec<Line> {
    let head = Line::of(format!("  {} ", one.offset), Role::Offset);
    let mut lines = vec![head.span(&one.kind, Role::Link)];
    for (value, role) in [(&one.key, Role::Key), (&one.value, Role::Value)] {
        let Value::Object(fields) = value else {
            if role == Role::Value || !value.is_null() {
                lines.push(Line::of(flat(value), role).indent(4).cut(canvas.width, &canvas.glyphs));
            }
            continue;
        };
        let widest = fields.keys().map(|name| name.len()).max().unwrap_or(0);
        for (name, value) in fields {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let room = canvas.width.saturating_sub(widest + 8).max(20);
            let rows = prose::wrap(&Line::of(text, role).spans, room);
            for (at, row) in rows.into_iter().enumerate() {
                let name = if at == 0 { name.as_str() } else { "" };
                lines.push(Line::of(format!("    {name:<widest$}  "), Role::Dim).join(row));
            }
        }
    }
    lines.into_iter().map(|line| line.cut(canvas.width, &canvas.glyphs)).collect()
}

/// Records that have no table of their own.
pub(super) fn rest<'a>(all: impl Iterator<Item = &'a Internal>, canvas: &Canvas) -> Vec<Line> {
    let all: Vec<&Internal> = all.take(MOST_ROWS).collect();
    // Records of the metadata log have no keys.
    let keyed = all.iter().any(|one| !one.key.is_null());
    let mut heads = vec![
        canvas.word("offset", "偏移量"),
        canvas.word("type", "类型"),
        canvas.word("key", "键"),
        canvas.word("value", "值"),
    ];
    let mut columns = vec![Align::Right, Align::Left, Align::Left, Align::Left];
    if !keyed {
        heads.remove(2);
        columns.remove(2);
    }
    let mut table = Table::new(&columns).gap(2).heads(&heads);
    for one in all {
        let mut cells =
            vec![Line::of(one.offset.to_string(), Role::Offset), Line::of(&one.kind, Role::Link)];
        if keyed {
            let key = if one.key.is_null() { String::new() } else { flat(&one.key) };
            cells.push(Line::of(key.chars().take(40).collect::<String>(), Role::Key));
        }
        cells.push(Line::of(flat(&one.value), Role::Value));
        table.row_to(cells, Target::Record(one.partition.clone(), one.offset));
    }
    if table.is_empty() { Vec::new() } else { table.lines(canvas.width, canvas.glyphs.ellipsis) }
}

impl Inspection {
    /// Groups and what they committed.
    pub fn groups_picture(&self, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("groups", "消费组")).caption("__consumer_offsets");
        let all = self.internal("__consumer_offsets", false);
        if all.is_empty() {
            none(&mut picture, "__consumer_offsets", canvas);
            return picture;
        }
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, left, right, right, left]).gap(2).heads(&[
            canvas.word("group", "组"),
            canvas.word("partition", "分区"),
            canvas.word("committed", "已提交"),
            canvas.word("lag", "滞后"),
            canvas.word("committed at (UTC)", "提交时间 (UTC)"),
        ]);
        let is_offset =
            |one: &Internal| one.kind == "OFFSET_COMMIT" || one.kind == "LEGACY_OFFSET_COMMIT";
        for one in all.iter().filter(|one| is_offset(one)).take(MOST_ROWS) {
            let topic = text(&one.key, "topic").unwrap_or_default();
            let number = one.key.get("partition").and_then(Value::as_u64).unwrap_or(0) as u32;
            let partition = TopicPartition::new(&TopicName::new(&topic), number);
            let committed = one.value.get("offset").and_then(Value::as_i64);
            let end =
                self.find_partition(&partition, None).and_then(|place| self.end(place).offset);
            let lag =
                committed.zip(end).map(|(committed, end)| (end - Offset(committed)).to_string());
            let at = one.value.get("commitTimestamp").and_then(Value::as_i64).map(Timestamp);
            table.row(vec![
                Line::of(text(&one.key, "group").unwrap_or_default(), Role::Key),
                Line::of(partition.to_string(), Role::Link),
                Line::of(committed.map_or_else(String::new, |c| c.to_string()), Role::Offset),
                Line::of(lag.unwrap_or_else(|| canvas.glyphs.dash.into()), Role::Number),
                Line::of(at.map_or_else(String::new, |at| short_time(at, canvas)), Role::Dim),
            ]);
        }
        if !table.is_empty() {
            picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
            picture.blank();
        }
        picture.extend(rest(all.iter().filter(|one| !is_offset(one)), canvas));
        picture
    }

    /// Transactions.
    pub fn transactions_picture(&self, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("transactions", "事务")).caption("__transaction_state");
        let all = self.internal("__transaction_state", false);
        if all.is_empty() {
            none(&mut picture, "__transaction_state", canvas);
            return picture;
        }
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, right, right, left, left, left]).gap(2).heads(&[
            canvas.word("id", "事务 id"),
            canvas.word("producer", "生产者"),
            canvas.word("epoch", "纪元"),
            canvas.word("state", "状态"),
            canvas.word("updated (UTC)", "更新时间 (UTC)"),
            canvas.word("partitions", "分区"),
        ]);
        let known = |one: &Internal| one.kind == "TRANSACTION_LOG" && one.value.is_object();
        for one in all.iter().filter(|one| known(one)).take(MOST_ROWS) {
            let state = one.value.get("transactionStatus").and_then(Value::as_i64).unwrap_or(-1);
            let at = one.value.get("transactionLastUpdateTimestampMs").and_then(Value::as_i64);
            let partitions = one.value.get("transactionPartitions").and_then(Value::as_array);
            let partitions = partitions.map_or_else(String::new, |list| {
                let one = |entry: &Value| {
                    let ids = entry.get("partitionIds").map_or_else(String::new, Value::to_string);
                    format!("{}{ids}", text(entry, "topic").unwrap_or_default())
                };
                list.iter().map(one).collect::<Vec<_>>().join(" ")
            });
            let number = |field| text(&one.value, field).unwrap_or_default();
            table.row(vec![
                Line::of(text(&one.key, "transactionalId").unwrap_or_default(), Role::Key),
                Line::of(number("producerId"), Role::Number),
                Line::of(number("producerEpoch"), Role::Epoch),
                Line::of(state_name(state), if state == 1 { Role::Warn } else { Role::Plain }),
                Line::of(
                    at.map_or_else(String::new, |at| short_time(Timestamp(at), canvas)),
                    Role::Dim,
                ),
                Line::of(partitions, Role::Link),
            ]);
        }
        if !table.is_empty() {
            picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
            picture.blank();
        }
        picture.extend(rest(all.iter().filter(|one| !known(one)), canvas));
        picture
    }

    /// The cluster's metadata: the quorum, snapshots, and the log of changes.
    pub fn metadata_picture(&self, canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("metadata", "元数据")).caption("__cluster_metadata");
        let mut snapshots: std::collections::BTreeMap<_, (MetadataSnapshot, usize)> =
            std::collections::BTreeMap::new();
        for (place, files) in self.metadata_places() {
            for one in self.metadata_snapshots(files) {
                snapshots.entry((one.end, one.epoch)).or_insert((one, 0)).1 += 1;
            }
            let path = directory::join(&files.directory, "quorum-state");
            let Ok(Some(bytes)) = self.files.small(&path) else { continue };
            let state: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            let node = &self.nodes[place.node].name;
            let head = Line::of(format!("  {node:<16}  "), Role::Strong);
            let line = head.join(quorum(&state, canvas)).cut(canvas.width, &canvas.glyphs);
            picture.push(line.to(Target::File(path)));
        }
        if !snapshots.is_empty() {
            picture.blank();
            picture.push(Line::of(canvas.word("snapshots", "快照"), Role::Heading));
        }
        for (one, copies) in snapshots.values().rev().take(MOST_ROWS / 4) {
            let (end, epoch) = (one.end, one.epoch);
            let size = bytes_text(one.size_bytes);
            let text = match canvas.language {
                Language::English => {
                    format!("everything before {end}, epoch {epoch}   {size}   copies: {copies}")
                }
                Language::Chinese => {
                    format!("{end} 之前的全部，纪元 {epoch}   {size}   份数：{copies}")
                }
            };
            let line = Line::of(format!("  {text}"), Role::Plain);
            picture.push(line.cut(canvas.width, &canvas.glyphs).to(Target::File(one.path.clone())));
        }
        let all = self.internal("__cluster_metadata", true);
        if all.is_empty() {
            none(&mut picture, "__cluster_metadata", canvas);
            return picture;
        }
        picture.blank();
        picture.extend(rest(all.iter(), canvas));
        picture
    }
}

/// `quorum-state` in words: leader, epoch, vote, voters.
fn quorum(state: &Value, canvas: &Canvas) -> Line {
    let number = |field: &str| state.get(field).and_then(Value::as_i64).filter(|n| *n >= 0);
    let mut line = Line::new();
    for (english, chinese, field, role) in [
        ("leader", "领导者", "leaderId", Role::Number),
        ("epoch", "纪元", "leaderEpoch", Role::Epoch),
        ("voted for", "投票给", "votedId", Role::Number),
    ] {
        let Some(value) = number(field) else { continue };
        line = line.span(format!("{} ", canvas.word(english, chinese)), Role::Dim);
        line = line.span(value.to_string(), role).text("   ");
    }
    let voters = state.get("currentVoters").and_then(Value::as_array).map(|voters| {
        let ids = voters.iter().filter_map(|one| one.get("voterId")?.as_i64());
        ids.map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
    });
    if let Some(voters) = voters.filter(|voters| !voters.is_empty()) {
        line = line.span(format!("{} ", canvas.word("voters", "投票者")), Role::Dim).text(voters);
    }
    line
}

/// Kafka's `TransactionState`.
fn state_name(state: i64) -> &'static str {
    match state {
        0 => "Empty",
        1 => "Ongoing",
        2 => "PrepareCommit",
        3 => "PrepareAbort",
        4 => "CompleteCommit",
        5 => "CompleteAbort",
        6 => "Dead",
        7 => "PrepareEpochFence",
        _ => "?",
    }
}
