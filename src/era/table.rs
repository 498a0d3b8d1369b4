//! The table for readers: each rule with its cell in each version and its source, by theme; wide, or narrow.
//!
//! ```text
//!   replication        0.8.2             0.9.0        …  4.3        source          a terminal of 160 cells
//!   truncation         high wm           high wm      …  in fetch   KIP-101 …
//!
//!   truncation                                                                      a narrow one
//!     0.8.2–0.10.2 high wm · 2.1 epoch asked · 3.9–4.3 in fetch
//!     KIP-101 (0.11), KIP-279 (2.0), KIP-595 (2.7)
//! ```

use super::words::word;
use super::{CHANGED_DEFAULTS, ERAS, Era};
use crate::types::Language;
use unicode_width::UnicodeWidthStr;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// What lies on the disk.
    Files,
    /// How copies are made and what is committed.
    Replication,
    /// Who decides.
    Coordination,
    /// Producers, consumers, groups.
    Clients,
}

impl Theme {
    /// All, in the order of the table.
    pub const ALL: [Theme; 4] =
        [Theme::Files, Theme::Replication, Theme::Coordination, Theme::Clients];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Theme::Files => "files",
            Theme::Replication => "replication",
            Theme::Coordination => "coordination",
            Theme::Clients => "clients",
        }
    }
}

/// One rule in all versions.
pub struct Rule {
    /// What it is about.
    pub theme: Theme,
    /// What it is called.
    pub name: &'static str,
    /// The cell of a version.
    pub cell: fn(&Era) -> String,
    /// Where Kafka says so.
    pub source: &'static str,
}

fn least_segment_bytes(era: &Era) -> &'static str {
    if super::is_before(era.kafka, "4.0") { "14" } else { "1048576" }
}

fn min_insync(era: &Era) -> &'static str {
    match (era.knows_min_insync_replicas, era.high_watermark_awaits_min_insync) {
        (false, _) => "no",
        (true, false) => "as set",
        (true, true) => "at most all",
    }
}

fn yes(it: bool) -> String {
    if it { "yes" } else { "no" }.to_owned()
}

fn joined(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
}

macro_rules! rules {
    ($($theme:ident $name:literal, |$era:ident| $cell:expr, $source:literal;)*) => {
        &[$(Rule {
            theme: Theme::$theme,
            name: $name,
            cell: |$era| $cell,
            source: $source,
        }),*]
    };
}

/// The table, rule by rule. Defaults that changed are not in it: they have their own list.
pub const RULES: &[Rule] = rules! {
    Files "message format", |era| era.message_format.to_string(),
        "KIP-32 (1), KIP-98 (2), KIP-724 (4.0: only 2 is written)";
    Files "message.format.version", |era| era.format_setting.to_string(), "KIP-31, KIP-724; LogConfig";
    Files "least segment.bytes", |era| least_segment_bytes(era).to_owned(),
        "KIP-1030 (4.0); LogConfig. The lab takes less everywhere (klab fidelity small-segments)";
    Files "index entry key", |era| era.index_key.to_string(), "LogSegment.append; first through 0.11.0.3";
    Files "index counter", |era| era.index_counter.to_string(), "LogSegment.append; per append call up to 2.1.1";
    Files "warm index search", |era| yes(era.warm_search), "KAFKA-6432 (2.1); AbstractIndex";
    Files "roll and retention by", |era| era.time_base.to_string(), "KIP-33 (0.10.1); LogSegment.shouldRoll";
    Files "indexes checked at start", |era| yes(era.index_check), "AbstractIndex.sanityCheck; KAFKA-7283 (2.3): no";
    Files "clean-stop flag", |era| era.clean_flag.to_string(), "KIP-966; KAFKA-10471";
    Files "producer snapshots", |era| era.snapshots.to_string(), "KIP-98 (0.11); KAFKA-9393 (2.8)";
    Files "leader-epoch-checkpoint", |era| yes(era.leader_epochs), "KIP-101 (0.11); LeaderEpochFileCache";
    Replication "truncation", |era| era.truncation.to_string(), "KIP-101 (0.11), KIP-279 (2.0), KIP-595 (2.7)";
    Replication "epoch in fetch requests", |era| yes(era.fetch_is_fenced), "KIP-320 (2.1); Partition.checkCurrentLeaderEpoch";
    Replication "a follower lags by", |era| era.lag_rule.to_string(), "KIP-16 (0.9); Partition.getOutOfSyncReplicas (jars)";
    Replication "lag looked for, per limit", |era| era.lag_checks_per_limit.to_string(),
        "KAFKA-4485 (0.10.2); ReplicaManager.startup (jars)";
    Replication "joins the ISR at", |era| if era.isr_joins_at_epoch_start { "hw+epoch" } else { "hw" }.to_owned(),
        "KAFKA-7128 (2.0.1); Partition.maybeExpandIsr (jars)";
    Replication "high watermark counts", |era| if era.high_watermark_counts_caught_up { "ISR+caught up" } else { "ISR" }.to_owned(),
        "KAFKA-4485 (0.10.2); Partition.maybeIncrementLeaderHW";
    Replication "ISR changes through", |era| era.isr_path.to_string(), "KIP-497 (2.7); Partition.submitAlterPartition";
    Replication "maximal ISR", |era| yes(era.maximal_isr), "KIP-497 (2.7); PartitionState.maximalIsr";
    Replication "broker epochs in the ISR", |era| yes(era.isr_has_broker_epochs), "KIP-841 (3.3), KIP-903 (3.5)";
    Replication "min.insync.replicas", |era| min_insync(era).to_owned(),
        "KAFKA-1555 (0.8.2); KIP-966 (3.7): Partition.effectiveMinIsr";
    Replication "high watermark awaits it", |era| yes(era.high_watermark_awaits_min_insync),
        "KIP-966 (3.7)";
    Replication "eligible leader replicas", |era| yes(era.eligible_leader_replicas), "KIP-966 (4.0; default 4.1)";
    Replication "acks=2 and more", |era| era.acks_above_one.to_string(), "KAFKA-1697 (0.9)";
    Replication "reading from followers", |era| yes(era.follower_fetching), "KIP-392 (2.4)";
    Replication "fetch versions", |era| format!("{}-{}", era.least_fetch_version, era.fetch_version),
        "FetchRequest.json; KIP-896 (4.0): none below 4";
    Coordination "coordination", |era| joined(era.coordination), "KIP-500 (3.3), KIP-833 (4.0: no ZooKeeper)";
    Coordination "zombie controller fenced", |era| yes(era.controller.fenced_writes),
        "KAFKA-6082 (2.1); KafkaZkClient";
    Coordination "controller asks at once", |era| era.controller.in_flight.to_string(), "KAFKA-5642 (1.1)";
    Coordination "dead leave at fail-over", |era| yes(era.controller.offline_at_start),
        "KAFKA-8152 (2.3); ReplicaStateMachine.startup";
    Coordination "form of a topic's znode", |era| era.controller.topic_form.to_string(), "KIP-455 (2.4), KIP-516 (2.8)";
    Coordination "settings changed while running", |era| match (era.kafka, super::dynamic::has_cluster_defaults(era)) {
        (_, true) => "one, all".to_owned(),
        (_, false) if super::dynamic::is_dynamic(super::dynamic::BRAKES[0], era) => "throttles".to_owned(),
        _ => "none".to_owned(),
    }, "KIP-73 (0.10.1), KIP-226 (1.1); DynamicBrokerConfig";
    Coordination "needless preferred election", |era| match era.controller.elects_again {
        true => "new epoch",
        false if super::is_before(era.kafka, "2.2") => "nothing",
        false => "refused",
    }.to_owned(), "KIP-183 (2.2): ELECTION_NOT_NEEDED; 2.1.1 elects again (jars)";
    Coordination "broker epochs", |era| yes(era.controller.broker_epochs), "KIP-380 (2.2), KIP-631";
    Coordination "pre-vote", |era| yes(era.pre_vote), "KIP-996 (4.0); QuorumState.ProspectiveState";
    Coordination "topic ids", |era| yes(era.topic_ids), "KIP-516 (2.8)";
    Coordination "topics are made by a tool that", |era| era.admin_tool.to_string(), "KIP-4 (0.10.1), KIP-117 (0.11), KIP-533 (2.5)";
    Coordination "forbidden deletions unmarked", |era| yes(era.controller.unmarks_deletions), "KAFKA-3175 (0.10.1); KIP-322 (2.1): refused";
    Clients "offsets are kept in", |era| era.offsets_storage.to_string(), "KAFKA-1000 (0.8.2), new consumer (0.9)";
    Clients "group protocols", |era| joined(era.group_protocols), "0.9; KIP-848 (4.0), KIP-932, KIP-1071 (4.2): share.version=1 in a new 4.3.1";
    Clients "record without a key", |era| era.keyless_partitioner.to_string(), "KIP-480 (2.4), KIP-794 (3.3)";
    Clients "transactions", |era| era.transactions.to_string(), "KIP-98 (0.11), KIP-890 (4.0)";
};

/// A line of the table: name, a cell for each version, source; or the head of a theme.
struct Row {
    name: String,
    cells: Vec<String>,
    source: String,
}

fn parts(language: Language) -> Vec<(String, Vec<Row>)> {
    let told = |english: &str| word(language, english).to_owned();
    let mut parts: Vec<(String, Vec<Row>)> = Vec::new();
    for theme in Theme::ALL {
        let rules = RULES.iter().filter(|rule| rule.theme == theme);
        let row = |rule: &Rule| Row {
            name: told(rule.name),
            cells: ERAS.iter().map(|era| told(&(rule.cell)(era))).collect(),
            source: rule.source.to_owned(),
        };
        parts.push((told(theme.word()), rules.map(row).collect()));
    }
    let default = |changed: &super::ChangedDefault| Row {
        name: changed.name.to_owned(),
        cells: ERAS.iter().map(|era| changed.of(era).unwrap_or("-").to_owned()).collect(),
        source: format!(
            "{}{}{}",
            told(changed.owner.word()),
            language.pick(": ", "："),
            changed.source
        ),
    };
    parts.push((told("defaults"), CHANGED_DEFAULTS.iter().map(default).collect()));
    parts
}

/// The table as lines that fit into `width` cells: the versions as columns, or, where those do not fit, each rule with
/// the versions between which it held.
pub fn table(width: usize, language: Language) -> Vec<String> {
    wide(width, language).unwrap_or_else(|| narrow(width, language))
}

/// The text, filled up with spaces to so many cells of the screen.
fn padded(text: &str, cells: usize) -> String {
    format!("{text}{}", " ".repeat(cells.saturating_sub(text.width())))
}

fn wide(width: usize, language: Language) -> Option<Vec<String>> {
    const LEAST_OF_SOURCE: usize = 24;
    let mut lines = Vec::new();
    for (theme, rows) in parts(language) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let name = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
        let cell = |column: usize| {
            let head = ERAS[column].kafka.len();
            rows.iter().map(|row| row.cells[column].width()).max().unwrap_or(0).max(head)
        };
        let cells: Vec<usize> = (0..ERAS.len()).map(cell).collect();
        let before_source = name + cells.iter().map(|cell| cell + 2).sum::<usize>() + 2;
        let source = width.checked_sub(before_source).filter(|&rest| rest >= LEAST_OF_SOURCE)?;
        let head = Row {
            name: theme.to_uppercase(),
            cells: ERAS.iter().map(|era| era.kafka.to_owned()).collect(),
            source: word(language, "source").to_owned(),
        };
        for row in std::iter::once(&head).chain(&rows) {
            let mut line = padded(&row.name, name + 2);
            for (cell, width) in row.cells.iter().zip(&cells) {
                line.push_str(&padded(cell, width + 2));
            }
            for text in wrapped(&row.source, source) {
                lines.push(format!("{}{text}", padded(&line, before_source)).trim_end().to_owned());
                line.clear();
            }
        }
    }
    Some(lines)
}

fn narrow(width: usize, language: Language) -> Vec<String> {
    let width = width.max(24);
    let mut lines = Vec::new();
    for (theme, rows) in parts(language) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(theme.to_uppercase());
        for row in rows {
            lines.push(row.name.clone());
            let mut spans: Vec<(usize, usize)> = Vec::new();
            for i in 0..ERAS.len() {
                match spans.last_mut() {
                    Some((from, to)) if row.cells[*from] == row.cells[i] => *to = i,
                    _ => spans.push((i, i)),
                }
            }
            let told = spans.iter().map(|&(from, to)| {
                let since = ERAS[from].kafka;
                let cell = &row.cells[from];
                if from == to {
                    format!("{since} {cell}")
                } else {
                    format!("{since}{}{} {cell}", language.pick(" to ", " 到 "), ERAS[to].kafka)
                }
            });
            let told = told.collect::<Vec<_>>().join(language.pick("; ", "；"));
            for line in wrapped(&told, width - 2).into_iter().chain(wrapped(&row.source, width - 2))
            {
                lines.push(format!("  {line}"));
            }
        }
    }
    lines
}

/// The text in lines of at most `width` letters, broken at spaces where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always one");
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            let gap = if line.is_empty() { "" } else { " " };
            line.push_str(gap);
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_cell_for_every_rule_and_version() {
        for rule in RULES {
            assert!(ERAS.iter().all(|era| !(rule.cell)(era).is_empty()), "{}", rule.name);
        }
        let lines = table(160, Language::English);
        assert!(lines[0].starts_with("FILES ") && lines[0].ends_with("source"));
        for rule in RULES {
            assert!(lines.iter().any(|line| line.starts_with(rule.name)), "{}", rule.name);
        }
    }

    #[test]
    fn the_table_fits_wide_and_narrow_terminals() {
        for width in [60, 80, 100, 120, 160, 200] {
            for language in [Language::English, Language::Chinese] {
                let lines = table(width, language);
                let longest = lines.iter().map(|line| line.width()).max().unwrap_or(0);
                assert!(longest <= width, "{longest} cells in a terminal of {width}");
            }
        }
        assert!(
            table(160, Language::English)[0].contains("0.10.2"),
            "160 cells are enough for columns"
        );
        let narrow = table(80, Language::English).join("\n");
        assert!(
            narrow.contains("0.8.2 to 0.10.2 high wm; 2.1 epoch asked; 3.9 to 4.3 in fetch"),
            "{narrow}"
        );
    }
}
