//! Where a log ends and how it is written, without reading it all: from its last index entry on.
//!
//! ```text
//!   last segment   [batch]…[batch ▲ last index entry][batch][batch]│ end
//!                                 └ walk only from here
//! ```
//!
//! The answer is kept until the file's size changes. At most [`MOST_BATCHES`] batches are walked.

use super::{BatchRow, Format, Inspection, Place};
use crate::types::Offset;

/// Most batches that are walked to find an end.
const MOST_BATCHES: usize = 5_000;

/// What is known of a log's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// The offset behind the last record.
    pub offset: Option<Offset>,
    /// Whether more may follow: the walk was cut short.
    pub at_least: bool,
    /// The format of its first batch.
    pub first_format: Option<Format>,
    /// The format of its last batch.
    pub last_format: Option<Format>,
    /// The last batch.
    pub last: Option<BatchRow>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    size: u64,
    segments: usize,
    end: End,
}

impl Inspection {
    /// The end of a log.
    pub fn end(&self, place: Place) -> End {
        let Some(files) = self.partition(place) else { return End::default() };
        let Some(last) = files.segments.last() else { return End::default() };
        let (size, segments) = (last.log_bytes, files.segments.len());
        if let Some(known) = self.ends.borrow().get(&files.directory)
            && (known.size, known.segments) == (size, segments)
        {
            return known.end;
        }
        let end = self.find_end(place);
        let known = Known { size, segments, end };
        self.ends.borrow_mut().insert(files.directory.clone(), known);
        end
    }

    fn find_end(&self, place: Place) -> End {
        let mut end = End::default();
        let Some(files) = self.partition(place) else { return end };
        let first = files.segments.iter().position(|segment| segment.log_bytes > 0);
        end.first_format =
            first.and_then(|segment| self.batches(place, segment).next()).map(|row| row.format);
        let Some(at) = files.segments.len().checked_sub(1) else { return end };
        let base = files.segments[at].base_offset;
        end.offset = Some(base);
        let from = match self.offset_entries(place, at) {
            Some((used, _)) if used > 0 => self
                .offset_index_entry(place, at, used - 1)
                .map_or(0, |entry| u64::from(entry.position)),
            _ => 0,
        };
        for start in if from > 0 { vec![from, 0] } else { vec![0] } {
            let Some(mut walk) = self.walk(place, at, start) else { break };
            for count in 0.. {
                let Some(row) = self.next(&mut walk) else { break };
                if start > 0 && row.base_offset < base {
                    break;
                }
                end.last = Some(row);
                end.at_least = count >= MOST_BATCHES;
                if end.at_least {
                    break;
                }
            }
            if end.last.is_some() {
                break;
            }
        }
        if let Some(row) = end.last {
            end.offset = Some(row.last_offset + 1);
            end.last_format = Some(row.format);
        } else if at > 0 {
            let row = self.batches(place, at - 1).take(MOST_BATCHES).last();
            end.last_format = row.map(|row| row.format);
        }
        end
    }
}
