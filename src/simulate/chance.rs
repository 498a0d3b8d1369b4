//! Draws for a schedule: by (seed, what for, number), so that one decision more does not shift the others.

use crate::prng::{self, Purpose};

/// A source of draws for one thing that is decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    seed: u64,
    what: u64,
    number: u64,
}

impl Chance {
    /// Draws for `what`, a number of one's own.
    pub fn new(seed: u64, what: u64) -> Chance {
        Chance { seed, what, number: 0 }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number += 1;
        prng::below(self.seed, Purpose::Simulation, self.what, 0, self.number, bound)
    }

    /// A number from `least` to `most`.
    pub fn within(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// One of them; the list is not empty.
    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }

    /// Whether it happens, `percent` times of a hundred.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
