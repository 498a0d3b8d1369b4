//! `klab inspect DIR …` without a screen: the words behind the directory, carried out.
//!
//! ```text
//!   (nothing)                              the listing
//!   T-P                                    the log and the batches of a partition
//!   log|index|bytes|timeline T-P [offset=N] [broker=N]
//!   lookup T-P offset=N [broker=N]         every step of finding an offset
//! ```

use super::{Inspection, Place};
use crate::storage::LookupStep;
use crate::trace::Canvas;
use crate::types::{Offset, TopicPartition};
use serde_json::json;

/// What may stand before the partition.
const VERBS: &[&str] = &["lookup", "log", "index", "bytes", "timeline"];

struct Asked {
    verb: Option<&'static str>,
    place: Place,
    offset: Option<Offset>,
}

fn parse(inspection: &Inspection, words: &[String]) -> Result<Asked, String> {
    let mut rest = words.iter().map(String::as_str).peekable();
    let verb = rest.peek().and_then(|word| VERBS.iter().copied().find(|verb| verb == word));
    if verb.is_some() {
        rest.next();
    }
    let name =
        rest.next().ok_or("a partition is missing: write it as topic-number, such as orders-0")?;
    let partition = TopicPartition::parse(name).ok_or_else(|| {
        format!("'{name}' is neither a partition (topic-number) nor one of {}", VERBS.join(", "))
    })?;
    let (mut offset, mut broker) = (None, None);
    for word in rest {
        let wrong = || format!("'{word}' should be a number");
        match word.split_once('=') {
            Some(("offset", value)) => offset = Some(Offset(value.parse().map_err(|_| wrong())?)),
            Some(("broker", value)) => broker = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(format!("'{word}' is not known here; offset=N and broker=N are")),
        }
    }
    let place = inspection.find(&partition, broker).ok_or_else(|| match broker {
        Some(id) => format!("there is no {partition} of broker {id} in this directory"),
        None => format!("there is no {partition} in this directory"),
    })?;
    Ok(Asked { verb, place, offset })
}

/// Carries out the words behind the directory. The error is a sentence; it means that an argument is wrong.
pub fn run(
    inspection: &Inspection,
    words: &[String],
    as_json: bool,
    canvas: &Canvas,
) -> Result<String, String> {
    if words.is_empty() {
        return Ok(match as_json {
            true => format!("{:#}\n", inspection.json()),
            false => inspection.overview(canvas).to_text(),
        });
    }
    let Asked { verb, place, offset } = parse(inspection, words)?;
    let first =
        || inspection.partition(place).and_then(|p| p.segments.first()).map(|s| s.base_offset);
    let at = offset.or_else(first).unwrap_or(Offset(0));
    if verb == Some("lookup") {
        let target = offset.ok_or("lookup wants offset=N")?;
        let steps = inspection.lookup(place, target)?;
        return Ok(match as_json {
            true => lookup_json(&steps),
            false => inspection.index_picture(place, Some(target), &steps, canvas).to_text(),
        });
    }
    if as_json {
        let rows =
            inspection.partition(place).map(|files| files.segments.clone()).unwrap_or_default();
        let mut lines = String::new();
        for row in rows.iter().flat_map(|segment| inspection.batches(place, segment)) {
            let row = row?;
            let line = json!({
                "segment": row.segment.0,
                "position": row.position,
                "size_bytes": row.size_bytes,
                "format": row.format.name(),
                "base_offset": row.base_offset.0,
                "last_offset": row.last_offset.0,
                "records": row.records(),
            });
            lines.push_str(&format!("{line}\n"));
        }
        return Ok(lines);
    }
    Ok(match verb {
        Some("log") => inspection.log_picture(place, offset, canvas).to_text(),
        Some("index") => inspection.index_picture(place, offset, &[], canvas).to_text(),
        Some("bytes") => inspection.bytes_picture(place, at, canvas).to_text(),
        Some("timeline") => inspection.timeline_picture(place, offset, canvas).to_text(),
        _ => {
            let log = inspection.log_picture(place, offset, canvas).to_text();
            format!("{log}\n{}", inspection.timeline_picture(place, offset, canvas).to_text())
        }
    })
}

fn lookup_json(steps: &[LookupStep]) -> String {
    steps.iter().enumerate().fold(String::new(), |mut lines, (at, step)| {
        let text = step.sentence(crate::types::Language::English);
        lines.push_str(&format!("{}\n", json!({"step": at + 1, "text": text})));
        lines
    })
}
