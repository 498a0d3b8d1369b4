//! What the cleaner must know of transactions while it reads a log from front to back (`CleanedTransactionMetadata`).
//!
//! ```text
//!   [data p7][data p7][data p9][ABORT p7][COMMIT p9]
//!    └─ aborted: dropped ─┘      │         └ may go once no batch of its transaction was met any more
//!                                └ stays, and so does its entry in the .txnindex, while a batch was still there
//! ```
//!
//! Which transactions were aborted stands in the `.txnindex` files; a batch cannot tell by itself.

use crate::batch::{ControlType, Header};
use crate::storage::transaction_index::AbortedTransaction;
use crate::types::Offset;
use std::collections::{BTreeMap, BTreeSet};

/// Transactions under way at the place where the cleaner reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    committed: BTreeSet<i64>,
    /// By producer: its transaction, and whether a batch of it was met.
    aborted: BTreeMap<i64, (AbortedTransaction, bool)>,
    /// Not reached yet, by first offset; the number keeps equal ones apart.
    ahead: BTreeMap<(Offset, usize), AbortedTransaction>,
    counter: usize,
    /// Entries for the index of the segment that is being written.
    pub(super) kept: Vec<AbortedTransaction>,
}

impl Transactions {
    /// More aborted transactions that the `.txnindex` files know.
    pub(super) fn add_aborted(&mut self, found: Vec<AbortedTransaction>) {
        for transaction in found {
            self.counter += 1;
            self.ahead.insert((transaction.first_offset, self.counter), transaction);
        }
    }

    fn reach(&mut self, offset: Offset) {
        while let Some(entry) = self.ahead.first_entry()
            && entry.key().0 <= offset
        {
            let transaction = entry.remove();
            self.aborted.entry(transaction.producer_id).or_insert((transaction, false));
        }
    }

    /// A data batch; says whether it belongs to an aborted transaction and so may go.
    pub(super) fn data(&mut self, header: &Header) -> bool {
        self.reach(header.last_offset());
        if !header.is_transactional() {
            return false;
        }
        match self.aborted.get_mut(&header.producer_id) {
            Some((_, met)) => {
                *met = true;
                true
            }
            None => {
                self.committed.insert(header.producer_id);
                false
            }
        }
    }

    /// A control batch with the type of its record, nothing if it was emptied before; says whether it may go.
    pub(super) fn control(&mut self, header: &Header, control: Option<ControlType>) -> bool {
        self.reach(header.last_offset());
        match control {
            None => true,
            Some(ControlType::Abort) => match self.aborted.remove(&header.producer_id) {
                Some((transaction, true)) => {
                    self.kept.push(transaction);
                    false
                }
                _ => true,
            },
            Some(ControlType::Commit) => !self.committed.remove(&header.producer_id),
            Some(_) => false,
        }
    }
}
