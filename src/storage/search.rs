//! The binary search of both indexes, one look at a time (class `AbstractIndex`, methods `indexSlotRangeFor` and
//! `binarySearch`).
//!
//! ```text
//!   entries  0 ······················· first warm ············ last
//!                                          ▲ 1. look here first: is the target behind it? (since 2.1)
//!            ▲ 2. if not: is it before everything?
//!                        ▲ 3. then halve: low … middle … high
//! ```
//!
//! Most lookups are near the end. The warm section is the last 8,192 bytes of entries, two to four memory pages that
//! every lookup touches, so they stay in the page cache; a plain binary search would touch cold pages (KAFKA-6432).
//!
//! The plain function is the last step of the same machine that the index pane draws.

use super::error::Result;

/// Bytes of entries that count as warm.
const WARM_BYTES: u32 = 8192;

/// One look at the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// At the first entry of the warm section: is its key below the target?
    Warm { slot: u32, key: i64, below: bool },
    /// At the first entry: is the target before it?
    Least { key: i64, beyond: bool },
    /// At the middle between two entries.
    Probe { low: u32, high: u32, middle: u32, key: i64, order: std::cmp::Ordering },
    /// The end: the greatest entry at or below the target, and whether a probe hit the target exactly.
    Answer { slot: Option<u32>, exact: bool },
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Warm,
    Least,
    Probing,
    Done { slot: Option<u32>, exact: bool },
}

/// A search that has not ended yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    target: i64,
    first_warm: u32,
    low: u32,
    high: u32,
    phase: Phase,
}

impl Search {
    /// A search for `target` among `entries` sorted keys.
    pub(crate) fn new(entries: u32, entry_size_bytes: u32, target: i64) -> Search {
        let last = entries.saturating_sub(1);
        let first_warm = last.saturating_sub(WARM_BYTES / entry_size_bytes);
        let phase = match entries {
            0 => Phase::Done { slot: None, exact: false },
            _ => Phase::Warm,
        };
        Search { target, first_warm, low: first_warm, high: last, phase }
    }

    /// The same search as before 2.1, which knows no warm section: the first entry, then halves of all.
    pub(super) fn without_warm_section(mut self) -> Search {
        if let Phase::Warm = self.phase {
            (self.first_warm, self.phase) = (self.high, Phase::Least);
        }
        self
    }

    /// Takes one look; `key` reads the key of a slot. After `Answer` it repeats the answer.
    pub(crate) fn next(&mut self, mut key: impl FnMut(u32) -> Result<i64>) -> Result<Look> {
        match self.phase {
            Phase::Warm => {
                let found = key(self.first_warm)?;
                let below = found < self.target;
                self.phase = if below { Phase::Probing } else { Phase::Least };
                Ok(Look::Warm { slot: self.first_warm, key: found, below })
            }
            Phase::Least => {
                let found = key(0)?;
                let beyond = found > self.target;
                if beyond {
                    self.phase = Phase::Done { slot: None, exact: false };
                } else {
                    (self.low, self.high, self.phase) = (0, self.first_warm, Phase::Probing);
                }
                Ok(Look::Least { key: found, beyond })
            }
            Phase::Probing if self.low >= self.high => {
                self.phase = Phase::Done { slot: Some(self.low), exact: false };
                Ok(Look::Answer { slot: Some(self.low), exact: false })
            }
            Phase::Probing => {
                let (low, high) = (self.low, self.high);
                let middle = low + (high - low).div_ceil(2);
                let found = key(middle)?;
                let order = found.cmp(&self.target);
                match order {
                    std::cmp::Ordering::Greater => self.high = middle - 1,
                    std::cmp::Ordering::Less => self.low = middle,
                    std::cmp::Ordering::Equal => {
                        self.phase = Phase::Done { slot: Some(middle), exact: true };
                    }
                }
                Ok(Look::Probe { low, high, middle, key: found, order })
            }
            Phase::Done { slot, exact } => Ok(Look::Answer { slot, exact }),
        }
    }

    /// All looks at once: the slot, and whether a probe hit the target exactly.
    pub(crate) fn finish(
        mut self,
        mut key: impl FnMut(u32) -> Result<i64>,
    ) -> Result<(Option<u32>, bool)> {
        loop {
            if let Look::Answer { slot, exact } = self.next(&mut key)? {
                return Ok((slot, exact));
            }
        }
    }
}
