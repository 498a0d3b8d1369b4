//! Which neighbours become one segment (`Cleaner.groupSegmentsBySize`), so that segments do not shrink for ever.
//!
//! A segment joins the group before it when log, offset index and time index together fit into `segment.bytes` and
//! `segment.index.bytes`, and its last offset is no further from the group's first than 32 bits hold. Sizes are those
//! before the pass: nobody knows yet how little will be left.

use crate::storage::Log;
use crate::types::Offset;

/// Base offsets of the segments below `end`, group by group.
pub(super) fn group_segments(
    log: &Log,
    end: Offset,
    first_uncleanable: Offset,
) -> Vec<Vec<Offset>> {
    let segments: Vec<_> = log.segments().iter().filter(|s| s.base_offset < end).collect();
    let (most, most_index) =
        (u64::from(log.config().segment_bytes), u64::from(log.config().segment_index_bytes));
    let mut groups: Vec<Vec<Offset>> = Vec::new();
    let mut sizes = [0u64; 3];
    for (n, segment) in segments.iter().enumerate() {
        let own = [
            u64::from(segment.size_bytes),
            u64::from(segment.index.used_bytes()),
            u64::from(segment.time_index.used_bytes()),
        ];
        let behind = segments.get(n + 1).map_or(first_uncleanable, |next| next.base_offset);
        let fits = groups.last().is_some_and(|group| {
            sizes[0] + own[0] <= most
                && sizes[1] + own[1] <= most_index
                && sizes[2] + own[2] <= most_index
                && (own[0] == 0 || behind - group[0] - 1 <= i64::from(i32::MAX))
        });
        match groups.last_mut() {
            Some(group) if fits => group.push(segment.base_offset),
            _ => {
                groups.push(vec![segment.base_offset]);
                sizes = [0; 3];
            }
        }
        for (sum, own) in sizes.iter_mut().zip(own) {
            *sum += own;
        }
    }
    groups
}
