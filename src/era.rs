//! The table of Kafka versions: which rules a cluster of that version plays by. So far the rules of files.
//!
//! ```text
//!   rule               0.8.2   0.9.0   0.10.2  2.1     3.9     4.3     source
//!   message format     0       0       1       2       2       2       KIP-32, KIP-98
//!   index entry key    first   first   first   last    last    last    LogSegment.append
//!   …
//! ```
//!
//! What always holds: a rule that differs between versions stands here and nowhere else; whoever acts on it asks its
//! row. `klab eras` prints the table. Left out: the columns of coordination, which come with the ZooKeeper era.

/// Which offset of a batch an entry of the offset index bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKey {
    /// The first one.
    First,
    /// The last one.
    Last,
}

/// What the interval counter of the sparse index counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexCounter {
    /// All that one append call brought: at most one entry for all of it.
    Append,
    /// Each batch.
    Batch,
}

/// Which clock decides when a segment is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeBase {
    /// The file's: when the segment was made (roll) and last written (retention).
    File,
    /// The records' own timestamps (KIP-33).
    Records,
}

/// What a broker leaves behind at a clean stop, and when the next start takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanFlag {
    /// An empty file; it goes once all logs are loaded.
    Empty,
    /// The broker's epoch as JSON (KIP-966); it goes before the first log is loaded (KAFKA-10471).
    Epoch,
}

/// Which snapshots of producers lie beside a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshots {
    /// None: there are no idempotent producers, no transactions and no leader epochs yet.
    Unknown,
    /// The newest few, wherever they lie.
    Newest,
    /// One at the base offset of each segment, and the newest (KAFKA-9393).
    EachSegment,
}

/// What `message.format.version` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatSetting {
    /// There is no such setting.
    Unknown,
    /// The leader writes in that format.
    Obeyed,
    /// It is accepted and passed over (KIP-724).
    Ignored,
}

/// The rules of one version of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    /// The version.
    pub kafka: &'static str,
    /// The message format in which a leader writes unless told otherwise.
    pub message_format: i8,
    /// What `message.format.version` does.
    pub format_setting: FormatSetting,
    /// The key of an index entry.
    pub index_key: IndexKey,
    /// What the interval counter counts.
    pub index_counter: IndexCounter,
    /// Whether the index search looks at the warm section first.
    pub warm_search: bool,
    /// Which clock rolls and retires segments.
    pub time_base: TimeBase,
    /// Whether a start looks at every index for sense, and scans its segment when there is none.
    pub index_check: bool,
    /// The mark of a clean stop.
    pub clean_flag: CleanFlag,
    /// Snapshots of producers.
    pub snapshots: Snapshots,
    /// Least fetch version that is answered: below, the log would have to be converted down.
    pub least_fetch_version: i16,
    /// Defaults of topics that differ from 4.3's, by the topic's name for the setting.
    pub defaults: &'static [(&'static str, &'static str)],
}

const V0_8_2: Era = Era {
    kafka: "0.8.2",
    message_format: 0,
    format_setting: FormatSetting::Unknown,
    index_key: IndexKey::First,
    index_counter: IndexCounter::Append,
    warm_search: false,
    time_base: TimeBase::File,
    index_check: true,
    clean_flag: CleanFlag::Empty,
    snapshots: Snapshots::Unknown,
    least_fetch_version: 0,
    defaults: &[("max.message.bytes", "1000012"), ("unclean.leader.election.enable", "true")],
};
const V0_9_0: Era = Era { kafka: "0.9.0", ..V0_8_2 };
const V0_10_2: Era = Era {
    kafka: "0.10.2",
    message_format: 1,
    format_setting: FormatSetting::Obeyed,
    time_base: TimeBase::Records,
    ..V0_9_0
};
const V2_1: Era = Era {
    kafka: "2.1",
    message_format: 2,
    index_key: IndexKey::Last,
    warm_search: true,
    snapshots: Snapshots::Newest,
    defaults: &[("max.message.bytes", "1000012")],
    ..V0_10_2
};
const V3_9: Era = Era {
    kafka: "3.9",
    format_setting: FormatSetting::Ignored,
    index_counter: IndexCounter::Batch,
    index_check: false,
    clean_flag: CleanFlag::Epoch,
    snapshots: Snapshots::EachSegment,
    defaults: &[],
    ..V2_1
};
const V4_3: Era =
    Era { kafka: "4.3", format_setting: FormatSetting::Unknown, least_fetch_version: 4, ..V3_9 };

/// All rows, oldest first.
pub const ERAS: &[Era] = &[V0_8_2, V0_9_0, V0_10_2, V2_1, V3_9, V4_3];

impl Default for Era {
    fn default() -> Era {
        V4_3
    }
}

/// The row of a version: `2.1` and `2.1.1` have one. The error names the rows.
pub fn of(kafka: &str) -> Result<Era, String> {
    let fits = |era: &&Era| {
        kafka.strip_prefix(era.kafka).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    ERAS.iter().find(fits).copied().ok_or_else(|| {
        let rows: Vec<&str> = ERAS.iter().map(|era| era.kafka).collect();
        format!("kafka={kafka} is not in the table of versions: take one of {}", rows.join(", "))
    })
}

/// One rule in all versions.
pub struct Rule {
    /// What it is called.
    pub name: &'static str,
    /// The cell of a version.
    pub cell: fn(&Era) -> String,
    /// Where Kafka says so.
    pub source: &'static str,
}

fn default_of(era: &Era, name: &str, latest: &str) -> String {
    let given = era.defaults.iter().find(|(known, _)| *known == name);
    given.map_or(latest, |(_, value)| value).to_owned()
}

/// The table, rule by rule.
pub const RULES: &[Rule] = &[
    Rule {
        name: "message format",
        cell: |era| era.message_format.to_string(),
        source: "KIP-32 (1), KIP-98 (2), KIP-724 (0 and 1 not written from 4.0)",
    },
    Rule {
        name: "message.format.version",
        cell: |era| {
            match era.format_setting {
                FormatSetting::Unknown => "-",
                FormatSetting::Obeyed => "obeyed",
                FormatSetting::Ignored => "ignored",
            }
            .into()
        },
        source: "KIP-31, KIP-724; LogConfig",
    },
    Rule {
        name: "index entry key",
        cell: |era| {
            match era.index_key {
                IndexKey::First => "first",
                IndexKey::Last => "last",
            }
            .into()
        },
        source: "LogSegment.append: first offset through 0.11.0.3, last by 2.1.1",
    },
    Rule {
        name: "index counter",
        cell: |era| {
            match era.index_counter {
                IndexCounter::Append => "append",
                IndexCounter::Batch => "batch",
            }
            .into()
        },
        source: "LogSegment.append: per append call up to 2.1.1, per batch in 3.9.1",
    },
    Rule {
        name: "warm index search",
        cell: |era| if era.warm_search { "yes" } else { "no" }.into(),
        source: "KAFKA-6432 (2.1); AbstractIndex",
    },
    Rule {
        name: "roll and retention by",
        cell: |era| {
            match era.time_base {
                TimeBase::File => "file",
                TimeBase::Records => "records",
            }
            .into()
        },
        source: "KIP-33 (0.10.1); LogSegment.shouldRoll",
    },
    Rule {
        name: "indexes checked at start",
        cell: |era| if era.index_check { "yes" } else { "no" }.into(),
        source: "AbstractIndex.sanityCheck; KAFKA-7283 (2.3): no",
    },
    Rule {
        name: "clean-stop flag",
        cell: |era| {
            match era.clean_flag {
                CleanFlag::Empty => "empty",
                CleanFlag::Epoch => "epoch",
            }
            .into()
        },
        source: "KIP-966: with the broker's epoch; KAFKA-10471: removed before the logs are loaded",
    },
    Rule {
        name: "producer snapshots",
        cell: |era| {
            match era.snapshots {
                Snapshots::Unknown => "-",
                Snapshots::Newest => "newest",
                Snapshots::EachSegment => "segment",
            }
            .into()
        },
        source: "KIP-98 (0.11); KAFKA-9393 (2.8): one a segment",
    },
    Rule {
        name: "least fetch version",
        cell: |era| era.least_fetch_version.to_string(),
        source: "KIP-896 (4.0): no answer below, hence no down-conversion",
    },
    Rule {
        name: "max.message.bytes",
        cell: |era| default_of(era, "max.message.bytes", "1048588"),
        source: "LogConfig; 1048588 since 2.5 (KAFKA-4203)",
    },
    Rule {
        name: "unclean.leader.election",
        cell: |era| default_of(era, "unclean.leader.election.enable", "false"),
        source: "KIP-106 (0.11): false",
    },
];

/// The table as aligned lines, the versions as columns.
pub fn table() -> Vec<String> {
    let mut rows = vec![vec!["rule".to_owned()]];
    rows[0].extend(ERAS.iter().map(|era| era.kafka.to_owned()));
    rows[0].push("source".to_owned());
    for rule in RULES {
        let mut row = vec![rule.name.to_owned()];
        row.extend(ERAS.iter().map(|era| (rule.cell)(era)));
        row.push(rule.source.to_owned());
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| -> String {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_finds_its_row_and_an_unknown_one_hears_which_there_are() {
        assert_eq!(of("2.1.1").unwrap().kafka, "2.1");
        assert_eq!(of("0.10.2.1").unwrap().message_format, 1);
        assert_eq!(of("4.3").unwrap(), Era::default());
        let told = of("2.10").unwrap_err();
        assert!(told.contains("kafka=2.10") && told.contains("0.8.2, 0.9.0"), "{told}");
    }

    #[test]
    fn the_table_has_a_cell_for_every_rule_and_version() {
        let lines = table();
        assert_eq!(lines.len(), RULES.len() + 1);
        assert!(lines[0].starts_with("rule ") && lines[0].ends_with("source"));
        for rule in RULES {
            assert!(ERAS.iter().all(|era| !(rule.cell)(era).is_empty()), "{}", rule.name);
        }
    }
}
