//! Answers by ticket: whoever asked for something looks its outcome up here. Only the newest are kept.

use std::collections::BTreeMap;

/// How many outcomes a client keeps.
pub const OUTCOMES_KEPT: usize = 1000;

/// The newest outcomes by ticket.
#[derive(Clone, Debug)]
pub struct Outcomes<T> {
    by_ticket: BTreeMap<u64, T>,
}

impl<T> Default for Outcomes<T> {
    fn default() -> Self {
        Outcomes { by_ticket: BTreeMap::new() }
    }
}

impl<T> Outcomes<T> {
    /// Keeps `outcome`; the oldest ticket goes when there are too many.
    pub fn put(&mut self, ticket: u64, outcome: T) {
        self.by_ticket.insert(ticket, outcome);
        if self.by_ticket.len() > OUTCOMES_KEPT {
            self.by_ticket.pop_first();
        }
    }
    /// The outcome of `ticket`, if it is there and still kept.
    pub fn get(&self, ticket: u64) -> Option<&T> {
        self.by_ticket.get(&ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_newest_are_kept() {
        let mut outcomes = Outcomes::default();
        for ticket in 0..2000u64 {
            outcomes.put(ticket, ticket);
        }
        assert_eq!(outcomes.get(999), None);
        assert_eq!(outcomes.get(1000), Some(&1000));
        assert_eq!(outcomes.get(1999), Some(&1999));
    }
}
