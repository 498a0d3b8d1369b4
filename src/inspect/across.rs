//! What can be seen only by looking at several directories together.

use super::findings::{Finding, Findings, Weight};
use super::{Inspection, NodeFiles, directory};
use crate::storage::{
    CLEAN_SHUTDOWN, META_PROPERTIES, PARTITION_METADATA, RECOVERY_POINTS, REPLICATION_OFFSETS,
};
use crate::types::{TopicName, TopicPartition, Uuid};
use std::collections::BTreeMap;

fn twice<'a, K: Ord, V: PartialEq + 'a>(
    items: impl Iterator<Item = (K, V, &'a str)>,
) -> Vec<(K, V, String, String)> {
    let mut first: BTreeMap<K, (V, &str)> = BTreeMap::new();
    let mut found = Vec::new();
    for (key, value, place) in items {
        match first.get(&key) {
            Some((before, _)) if *before == value => {}
            Some((_, at)) => found.push((key, value, place.to_owned(), (*at).to_owned())),
            None => {
                first.insert(key, (value, place));
            }
        }
    }
    found
}

impl Inspection {
    /// Findings across log directories and partitions.
    pub(super) fn across(&mut self) {
        let mut findings = std::mem::take(&mut self.findings);
        self.nodes_agree(&mut findings);
        self.partitions_agree(&mut findings);
        for node in &self.nodes {
            of_node(node, self.only.is_some(), &mut findings);
        }
        self.findings = findings;
    }

    fn nodes_agree(&self, findings: &mut Findings) {
        let path = |node: &NodeFiles| directory::join(&node.directory, META_PROPERTIES);
        let paths: Vec<String> = self.nodes.iter().map(path).collect();
        let both = || self.nodes.iter().zip(&paths);
        let clusters = both().filter_map(|(node, path)| {
            Some(((), node.properties.cluster_id.clone()?, path.as_str()))
        });
        for ((), cluster, place, other) in twice(clusters) {
            findings.add(Finding::new(
                "meta-disagree",
                Weight::Odd,
                place,
                format!("cluster {cluster}, but {other} names another"),
                format!("集群 {cluster}，而 {other} 是另一个集群"),
            ));
        }
        // The same id at two places: each place is its own value, so that equal keys disagree.
        let ids = both().filter_map(|(node, path)| {
            Some((node.properties.directory_id.clone()?, path.clone(), path.as_str()))
        });
        for (id, _, place, other) in twice(ids) {
            findings.add(Finding::new(
                "meta-disagree",
                Weight::Bad,
                place,
                format!("directory.id {id} is also that of {other}"),
                format!("directory.id {id} 与 {other} 相同"),
            ));
        }
    }

    fn partitions_agree(&self, findings: &mut Findings) {
        let all = || {
            self.nodes.iter().enumerate().flat_map(|(at, node)| {
                let here = node.partitions.iter().filter(|files| files.state.is_none());
                here.map(move |files| (at, node, files))
            })
        };
        // One copy of a partition per node, whatever the log directory.
        let copies = all().filter_map(|(_, node, files)| {
            let id = node.properties.node?;
            let key: (u32, TopicPartition) = (id, files.partition.clone());
            (!files.is_metadata()).then_some((
                key,
                files.directory.clone(),
                files.directory.as_str(),
            ))
        });
        for ((id, partition), _, place, other) in twice(copies) {
            findings.add(Finding::new(
                "partition-twice",
                Weight::Bad,
                place,
                format!("{partition} of node {id} is also in {other}"),
                format!("节点 {id} 的 {partition} 也在 {other} 中"),
            ));
        }
        let ids = all().filter_map(|(_, node, files)| {
            let key: (Option<&String>, &TopicName) =
                (node.properties.cluster_id.as_ref(), &files.partition.topic);
            let id: Uuid = files.topic_id?;
            Some((key, id, files.directory.as_str()))
        });
        for (_, id, place, other) in twice(ids) {
            findings.add(Finding::new(
                "topic-id-differs",
                Weight::Bad,
                directory::join(&place, PARTITION_METADATA),
                format!("topic id {id}, but {other} has another"),
                format!("主题 id 为 {id}，而 {other} 中不同"),
            ));
        }
    }
}

/// What one log directory should have throughout, or nowhere.
fn of_node(node: &NodeFiles, only: bool, findings: &mut Findings) {
    if only {
        return;
    }
    let alive = || node.partitions.iter().filter(|files| files.state.is_none());
    let with_id = alive().filter(|files| files.topic_id.is_some()).count();
    let malformed = |path: &str, findings: &Findings| findings.iter().any(|f| f.place == path);
    for files in alive().filter(|_| with_id > 0 || node.properties.version == Some(1)) {
        let path = directory::join(&files.directory, PARTITION_METADATA);
        if files.topic_id.is_none() && !malformed(&path, findings) {
            findings.add(Finding::new(
                "partition-metadata-missing",
                Weight::Bad,
                path,
                "missing, though this broker gives topics ids",
                "缺失，而此 broker 的主题都有 id",
            ));
        }
    }
    if node.stopped_cleanly {
        unnamed(node, findings);
    }
    if !node.stopped_cleanly && node.partitions.iter().any(|files| !files.is_metadata()) {
        findings.add(Finding::new(
            "not-stopped-cleanly",
            Weight::Note,
            directory::join(&node.directory, CLEAN_SHUTDOWN),
            "not there: the broker is running, or was not stopped cleanly",
            "不存在：broker 正在运行，或没有正常停止",
        ));
    }
}

/// Partitions that a checkpoint does not name. A clean stop writes all of them (`LogManager.shutdown`,
/// `ReplicaManager.shutdown`).
fn unnamed(node: &NodeFiles, findings: &mut Findings) {
    for name in [RECOVERY_POINTS, REPLICATION_OFFSETS] {
        let path = directory::join(&node.directory, name);
        if findings.iter().any(|finding| finding.place == path) {
            continue;
        }
        let named = node.checkpoints.get(name);
        let missing: Vec<String> = node
            .partitions
            .iter()
            .filter(|files| files.state.is_none() && !files.is_metadata())
            .map(|files| &files.partition)
            .filter(|partition| {
                named.is_none_or(|lines| lines.iter().all(|(known, _)| known != *partition))
            })
            .map(ToString::to_string)
            .collect();
        let Some(first) = missing.first() else { continue };
        let (more, more_zh) = match missing.len() - 1 {
            0 => (String::new(), String::new()),
            n => (format!(" and {n} more"), format!(" 等 {} 个分区", n + 1)),
        };
        let (english, chinese) = match named {
            None => (
                format!("missing, though the broker stopped cleanly and has {first}{more}"),
                format!("缺失，而 broker 正常停止且有 {first}{more_zh}"),
            ),
            Some(_) => (
                format!("it does not name {first}{more}, though the broker stopped cleanly"),
                format!("其中没有 {first}{more_zh}，而 broker 是正常停止的"),
            ),
        };
        findings.add(Finding::new("checkpoint-incomplete", Weight::Odd, path, english, chinese));
    }
}
