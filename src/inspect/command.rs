//! The words behind `klab inspect DIR`, which the prompt of its screen knows as well.
//!
//! ```text
//!   (nothing)                                       the listing
//!   T-P                                             facts, segments and batches of a partition
//!   partition|log|index|bytes|batches T-P [offset=N] [broker=N]
//!   lookup T-P offset=N|timestamp=T [broker=N]      every step of finding an offset or a time
//!   find key=… value~… offset=… time=… [topic=T] [T-P] [limit=N]
//!   findings [T-P]                                  reads every log; exit code 1 when something is bad
//!   verify T-P                                      rebuilds the indexes and compares; exit code 1 when one is wrong
//!   groups | transactions | metadata                the internal topics, read
//! ```

use super::find::wanted_time;
use super::findings::Weight;
use super::pictures::Steps;
use super::{Inspection, Place, Verified, Wanted};
use crate::trace::Canvas;
use crate::types::{Offset, Timestamp, TopicPartition};

/// The words that a request may begin with, and what they do.
pub const VERBS: &[(&str, &str, &str)] = &[
    (
        "lookup",
        "lookup T-P offset=N, or timestamp=T: every step",
        "lookup T-P offset=N 或 timestamp=T：逐步查找",
    ),
    (
        "find",
        "find key=alice, value~apples, time=2026-09-21: records",
        "find key=alice、value~apples、time=2026-09-21：查找记录",
    ),
    ("findings", "read every log and tell what is wrong", "读取所有日志并报告问题"),
    ("check", "the same as findings", "同 findings"),
    ("verify", "verify T-P: rebuild the indexes and compare", "verify T-P：重建索引并比较"),
    (
        "partition",
        "a partition's facts: epochs, producers, aborted transactions",
        "分区信息：纪元、生产者、已中止的事务",
    ),
    ("log", "the segments to scale", "按比例显示日志段"),
    ("index", "the entries of an index and what they lead to", "索引条目及其指向"),
    ("bytes", "bytes T-P offset=N: a batch, field by field", "bytes T-P offset=N：逐字段显示批次"),
    ("batches", "the batches in the order of writing", "按写入顺序显示批次"),
    ("groups", "groups and committed offsets", "消费组和已提交的偏移量"),
    ("transactions", "transactions, from __transaction_state", "事务（来自 __transaction_state）"),
    ("metadata", "the cluster, from __cluster_metadata", "集群元数据（来自 __cluster_metadata）"),
];

/// A partition, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Where it is.
    pub place: Place,
    /// Which offset.
    pub offset: Option<Offset>,
    /// Which time.
    pub timestamp: Option<Timestamp>,
}

/// What is asked of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the words")]
pub enum Request {
    Listing,
    Whole(Asked),
    Partition(Asked),
    Log(Asked),
    Index(Asked),
    Bytes(Asked),
    Batches(Asked),
    Lookup(Asked),
    Find(Wanted),
    Findings(Option<Asked>),
    Verify(Asked),
    Groups,
    Transactions,
    Metadata,
}

impl Request {
    /// Reads the words. The error is a sentence.
    pub fn parse(inspection: &Inspection, words: &[String]) -> Result<Request, String> {
        let Some(first) = words.first() else { return Ok(Request::Listing) };
        let verb = VERBS.iter().map(|verb| verb.0).chain(["timeline"]).find(|verb| verb == first);
        let rest = if verb.is_some() { &words[1..] } else { words };
        let asked = || asked(inspection, rest);
        Ok(match verb {
            None => Request::Whole(asked()?),
            Some("find") => {
                let wanted = Wanted::parse(rest)?;
                inspection.may_search(&wanted)?;
                Request::Find(wanted)
            }
            Some("findings" | "check") if rest.is_empty() => Request::Findings(None),
            Some("findings" | "check") => Request::Findings(Some(asked()?)),
            Some("groups") => Request::Groups,
            Some("transactions") => Request::Transactions,
            Some("metadata") => Request::Metadata,
            Some("lookup") => {
                let asked = asked()?;
                if asked.offset.is_none() && asked.timestamp.is_none() {
                    return Err("lookup wants offset=N or timestamp=T".into());
                }
                Request::Lookup(asked)
            }
            Some("verify") => Request::Verify(asked()?),
            Some("partition") => Request::Partition(asked()?),
            Some("log") => Request::Log(asked()?),
            Some("index") => Request::Index(asked()?),
            Some("bytes") => Request::Bytes(asked()?),
            Some(_) => Request::Batches(asked()?),
        })
    }
}

fn asked(inspection: &Inspection, words: &[String]) -> Result<Asked, String> {
    let name = words
        .first()
        .ok_or("a partition is missing: write it as topic-number, such as orders-0")?;
    let verbs = || VERBS.iter().map(|verb| verb.0).collect::<Vec<_>>().join(", ");
    let partition = TopicPartition::parse(name).ok_or_else(|| {
        format!("'{name}' is neither a partition (topic-number) nor one of {}", verbs())
    })?;
    let (mut offset, mut timestamp, mut broker) = (None, None, None);
    for word in &words[1..] {
        let wrong = || format!("'{word}' should be a number");
        match word.split_once('=') {
            Some(("offset", value)) => offset = Some(Offset(value.parse().map_err(|_| wrong())?)),
            Some(("broker" | "node", value)) => broker = Some(value.parse().map_err(|_| wrong())?),
            Some(("timestamp" | "time", value)) => {
                let read = wanted_time(value).ok_or_else(|| {
                    format!("'{word}' should be milliseconds since 1970 or a time such as 2026-09-21T10:00")
                })?;
                timestamp = Some(Timestamp(read.0));
            }
            _ => {
                return Err(format!(
                    "'{word}' is not known here; offset=N, timestamp=T and broker=N are"
                ));
            }
        }
    }
    let place = inspection.find_partition(&partition, broker).ok_or_else(|| match broker {
        Some(id) => format!("there is no {partition} of broker {id} in this directory"),
        None => format!("there is no {partition} in this directory"),
    })?;
    Ok(Asked { place, offset, timestamp })
}

/// What a request brought: the text, and whether it means that something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The text, or JSON.
    pub text: String,
    /// Something is bad, or wrong, or was not found.
    pub wrong: bool,
}

/// Carries out the words behind the directory. The error is a sentence; it means that an argument is wrong. `tell`
/// hears now and then how far it is, and may end it by giving `false`.
pub fn run(
    inspection: &Inspection,
    words: &[String],
    as_json: bool,
    canvas: &Canvas,
    tell: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Answer, String> {
    let request = Request::parse(inspection, words)?;
    let good = |text: String| Ok(Answer { text, wrong: false });
    if as_json && let Some(text) = inspection.request_json(&request) {
        return good(text?);
    }
    let picture = match request {
        Request::Listing => {
            let mut text = inspection.overview(canvas).to_text();
            let findings = inspection.findings.sorted();
            if !findings.is_empty() {
                let picture = inspection.findings_picture(&findings, None, true, canvas);
                text.push_str(&format!("\n{}", picture.to_text()));
            }
            return good(text);
        }
        Request::Whole(asked) => {
            let facts = inspection.partition_picture(asked.place, None, canvas).to_text();
            let log = inspection.log_picture(asked.place, asked.offset, canvas).to_text();
            let batches = inspection.timeline_picture(asked.place, asked.offset, canvas).to_text();
            return good(format!("{facts}\n{log}\n{batches}"));
        }
        Request::Partition(asked) => inspection.partition_picture(asked.place, None, canvas),
        Request::Log(asked) => inspection.log_picture(asked.place, asked.offset, canvas),
        Request::Index(asked) => {
            inspection.index_picture(asked.place, asked.offset, Steps::None, canvas)
        }
        Request::Bytes(asked) => {
            let first = inspection.partition(asked.place).and_then(|files| files.start_offset());
            let offset = asked.offset.or(first).unwrap_or_default();
            inspection.bytes_picture(asked.place, offset, canvas)
        }
        Request::Batches(asked) => inspection.timeline_picture(asked.place, asked.offset, canvas),
        Request::Lookup(asked) => return lookup(inspection, asked, as_json, canvas),
        Request::Find(wanted) => return find(inspection, wanted, as_json, canvas, tell),
        Request::Findings(only) => {
            return findings(inspection, only.map(|asked| asked.place), as_json, canvas, tell);
        }
        Request::Verify(asked) => return verify(inspection, asked.place, as_json, canvas),
        Request::Groups => inspection.groups_picture(canvas),
        Request::Transactions => inspection.transactions_picture(canvas),
        Request::Metadata => inspection.metadata_picture(canvas),
    };
    good(picture.to_text())
}

fn lookup(
    inspection: &Inspection,
    asked: Asked,
    as_json: bool,
    canvas: &Canvas,
) -> Result<Answer, String> {
    let english = crate::types::Language::English;
    let lines = |texts: Vec<String>| {
        texts.iter().enumerate().fold(String::new(), |mut lines, (at, text)| {
            let line = serde_json::json!({"step": at + 1, "text": text});
            lines.push_str(&format!("{line}\n"));
            lines
        })
    };
    let text = match (asked.offset, asked.timestamp) {
        (Some(offset), _) => {
            let steps = inspection.lookup(asked.place, offset)?;
            let picture = || {
                inspection.index_picture(asked.place, Some(offset), Steps::Offset(&steps), canvas)
            };
            match as_json {
                true => lines(steps.iter().map(|step| step.sentence(english)).collect()),
                false => picture().to_text(),
            }
        }
        (None, time) => {
            let steps = inspection.lookup_timestamp(asked.place, time.unwrap_or_default())?;
            let picture =
                || inspection.index_picture(asked.place, None, Steps::Time(&steps), canvas);
            match as_json {
                true => lines(steps.iter().map(|step| step.sentence(english)).collect()),
                false => picture().to_text(),
            }
        }
    };
    Ok(Answer { text, wrong: false })
}

/// Bytes of one piece of work between two looks at the clock on the wall.
const PIECE_BYTES: u64 = 8 << 20;

fn find(
    inspection: &Inspection,
    wanted: Wanted,
    as_json: bool,
    canvas: &Canvas,
    tell: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Answer, String> {
    let mut find = inspection.search(wanted);
    while find.piece(inspection, PIECE_BYTES) {
        if !tell(find.progress.0, find.progress.1) {
            return Err("stopped".into());
        }
    }
    let text = match as_json {
        true => find.hits.iter().map(|hit| format!("{}\n", hit.json())).collect(),
        false => inspection.hits_picture(&find, false, canvas).to_text(),
    };
    let none = find.hits.is_empty();
    let text = if as_json && none { "{\"hits\":0}\n".into() } else { text };
    Ok(Answer { text, wrong: none })
}

fn findings(
    inspection: &Inspection,
    only: Option<Place>,
    as_json: bool,
    canvas: &Canvas,
    tell: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Answer, String> {
    let mut check = inspection.check(only);
    while check.piece(inspection, PIECE_BYTES) {
        if !tell(check.progress.0, check.progress.1) {
            return Err("stopped".into());
        }
    }
    let found = check.findings.sorted();
    let text = match as_json {
        true => found.iter().map(|finding| format!("{}\n", finding.json())).collect(),
        false => inspection.findings_picture(&found, None, true, canvas).to_text(),
    };
    let text = if as_json && found.is_empty() { "{\"findings\":0}\n".into() } else { text };
    Ok(Answer { text, wrong: check.findings.worst() == Some(Weight::Bad) })
}

fn verify(
    inspection: &Inspection,
    place: Place,
    as_json: bool,
    canvas: &Canvas,
) -> Result<Answer, String> {
    let count = inspection.partition(place).map_or(0, |files| files.segments.len());
    let all: Vec<Verified> = (0..count).filter_map(|at| inspection.verify(place, at)).collect();
    let text = match as_json {
        true => all.iter().map(|one| format!("{}\n", one.json())).collect(),
        false => inspection.verify_picture(place, &all, canvas).to_text(),
    };
    let wrong = all.iter().any(|one| one.is_wrong() || one.lacks_entries());
    Ok(Answer { text, wrong })
}
