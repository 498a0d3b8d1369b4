//! Where a new follower cuts its log so that it agrees with the leader's, in all three eras, step by step.
//!
//! ```text
//!   leader    0 1 2 3│4 5 6 7 8      epoch 1 │ epoch 3 begins at 4
//!   follower  0 1 2 3 4 5│6 7        epoch 1     │ epoch 2 begins at 6: nobody else has these
//!
//!   before 0.11   cut to the follower's own high watermark (KIP-101 tells what that loses, and what it leaves)
//!   0.11 … 2.6    "where did epoch 2 end?" "I know epoch 1, it ended at 4": cut to 4 (KIP-101, KIP-279)
//!   since 2.7     the same answer, without a question: the fetch names epoch 2 and the leader says where it ended
//!                 (KIP-595)
//! ```
//!
//! Always: a cut never lies behind the log end nor before the log start; when both sides named their epochs and the cut
//! is complete, the two logs agree below it. It is not complete when the leader named an epoch that the follower lacks:
//! the follower cuts to the end of the greatest epoch of its own below, and asks again. The answers of 0.11 name no
//! epoch, so it cannot notice that, and logs may differ for ever (KIP-279).
//!
//! Sources: `ReplicaManager.makeFollowers` (to 0.10.2), `AbstractFetcherThread.getOffsetTruncationState` (since 0.11).

use crate::storage::Log;
use crate::types::{Language, LeaderEpoch, Offset};

/// What a follower goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guide {
    /// Its own high watermark.
    HighWatermark,
    /// What the leader said about the epoch of its last record.
    Answer {
        /// The greatest epoch that the leader knows at or below the one asked for; -1: the answer does not say (0.11),
        /// or the leader does not know.
        epoch: LeaderEpoch,
        /// Where that epoch ended; -1: the leader does not know.
        end: Offset,
    },
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TruncationStep {
    /// What the follower has.
    Own {
        /// Its log end.
        log_end: Offset,
        /// What it believes to be committed.
        high_watermark: Offset,
        /// Epoch of its last record; -1: it knows no epochs.
        epoch: LeaderEpoch,
    },
    /// It goes by its high watermark.
    ByHighWatermark(Reason),
    /// It takes the leader's offset, without comparing epochs.
    ByEndAlone {
        /// The leader's offset.
        end: Offset,
    },
    /// It compares the leader's answer with its own epochs.
    Compare {
        /// The leader's epoch.
        epoch: LeaderEpoch,
        /// Its end at the leader.
        end: Offset,
        /// The follower's greatest epoch at or below.
        own_epoch: LeaderEpoch,
        /// Its end here.
        own_end: Offset,
    },
    /// There it cuts.
    Cut(Cut),
}

/// Why a follower goes by its high watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// This Kafka knows no other way.
    Era,
    /// The log has no epochs.
    NoEpochs,
    /// The leader does not know the epoch.
    LeaderDoesNotKnow,
}

/// Where to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The new log end.
    pub to: Offset,
    /// Whether the logs agree now; else the follower asks again.
    pub complete: bool,
    /// Why, in Kafka's words.
    pub reason: &'static str,
}

/// The steps of one truncation.
pub struct TruncationSteps<'a> {
    log: &'a Log,
    high_watermark: Offset,
    guide: Guide,
    next: Option<TruncationStep>,
}

/// Walks through a truncation.
pub fn truncation_steps(log: &Log, high_watermark: Offset, guide: Guide) -> TruncationSteps<'_> {
    let next = Some(TruncationStep::Own {
        log_end: log.log_end_offset(),
        high_watermark,
        epoch: log.latest_epoch(),
    });
    TruncationSteps { log, high_watermark, guide, next }
}

/// Where to cut: the last step.
pub fn cut(log: &Log, high_watermark: Offset, guide: Guide) -> Cut {
    let last = truncation_steps(log, high_watermark, guide).last();
    match last {
        Some(TruncationStep::Cut(cut)) => cut,
        _ => unreachable!("the last step of a truncation is the cut"),
    }
}

impl TruncationSteps<'_> {
    fn within(&self, offset: Offset) -> Offset {
        offset.max(self.log.log_start_offset()).min(self.log.log_end_offset())
    }

    fn after(&self, step: &TruncationStep) -> Option<TruncationStep> {
        let cut = |to: Offset, complete: bool, reason: &'static str| {
            TruncationStep::Cut(Cut { to: self.within(to), complete, reason })
        };
        Some(match *step {
            TruncationStep::Own { .. } => match self.guide {
                Guide::HighWatermark if self.log.config().era.leader_epochs => {
                    TruncationStep::ByHighWatermark(Reason::NoEpochs)
                }
                Guide::HighWatermark => TruncationStep::ByHighWatermark(Reason::Era),
                Guide::Answer { end: Offset::NONE, .. } => {
                    TruncationStep::ByHighWatermark(Reason::LeaderDoesNotKnow)
                }
                Guide::Answer { epoch: LeaderEpoch::NONE, end } => {
                    TruncationStep::ByEndAlone { end }
                }
                Guide::Answer { epoch, end } => {
                    let (own_epoch, own_end) = self.log.end_offset_for_epoch(epoch);
                    TruncationStep::Compare { epoch, end, own_epoch, own_end }
                }
            },
            TruncationStep::ByHighWatermark(reason) => {
                let words = match reason {
                    Reason::Era => "to its own high watermark, as before KIP-101",
                    Reason::NoEpochs => "to its own high watermark: its log has no epochs",
                    Reason::LeaderDoesNotKnow => {
                        "to its own high watermark: the leader knows no such epoch"
                    }
                };
                cut(self.high_watermark, true, words)
            }
            TruncationStep::ByEndAlone { end } => {
                cut(end, true, "to the leader's end of the epoch, whichever that was")
            }
            TruncationStep::Compare { end, own_epoch: LeaderEpoch::NONE, .. } => {
                cut(end, true, "the leader's epochs differ")
            }
            TruncationStep::Compare { epoch, end, own_epoch, own_end } if own_epoch == epoch => {
                cut(end.min(own_end), true, "the leader's epochs differ")
            }
            TruncationStep::Compare { own_end, .. } => {
                cut(own_end, false, "the leader's epoch is unknown here, asks again")
            }
            TruncationStep::Cut(_) => return None,
        })
    }
}

impl Iterator for TruncationSteps<'_> {
    type Item = TruncationStep;

    fn next(&mut self) -> Option<TruncationStep> {
        let step = self.next.take()?;
        self.next = self.after(&step);
        Some(step)
    }
}

impl TruncationStep {
    /// A short name, the same in every language.
    pub fn kind(&self) -> &'static str {
        match self {
            TruncationStep::Own { .. } => "TruncationOwn",
            TruncationStep::ByHighWatermark(_) => "TruncationByHighWatermark",
            TruncationStep::ByEndAlone { .. } => "TruncationByEndAlone",
            TruncationStep::Compare { .. } => "TruncationCompare",
            TruncationStep::Cut(_) => "TruncationCut",
        }
    }

    /// One sentence that can be read aloud.
    pub fn sentence(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        match self {
            TruncationStep::Own { log_end, high_watermark, epoch } => match (zh, *epoch) {
                (true, LeaderEpoch::NONE) => {
                    format!("本地日志末端 {log_end}，高水位 {high_watermark}，没有纪元")
                }
                (true, epoch) => {
                    format!(
                        "本地日志末端 {log_end}，高水位 {high_watermark}，末条记录的纪元 {epoch}"
                    )
                }
                (false, LeaderEpoch::NONE) => {
                    format!("here: log end {log_end}, high watermark {high_watermark}, no epochs")
                }
                (false, epoch) => {
                    format!(
                        "here: log end {log_end}, high watermark {high_watermark}, last epoch {epoch}"
                    )
                }
            },
            TruncationStep::ByHighWatermark(reason) => match (reason, zh) {
                (Reason::Era, true) => "这个版本只凭自己的高水位（KIP-101 之前）",
                (Reason::Era, false) => {
                    "goes by its own high watermark: this Kafka has no epochs (before KIP-101)"
                }
                (Reason::NoEpochs, true) => "日志没有纪元，只能凭自己的高水位",
                (Reason::NoEpochs, false) => {
                    "goes by its own high watermark: its log has no epochs"
                }
                (Reason::LeaderDoesNotKnow, true) => "领导者不知道这个纪元，只能凭自己的高水位",
                (Reason::LeaderDoesNotKnow, false) => {
                    "goes by its own high watermark: the leader does not know the epoch"
                }
            }
            .to_owned(),
            TruncationStep::ByEndAlone { end } if zh => {
                format!("领导者只给出末端 {end}，没有说是哪个纪元的（0.11）")
            }
            TruncationStep::ByEndAlone { end } => {
                format!("the leader gives the end {end} and not whose epoch's it is (0.11)")
            }
            TruncationStep::Compare { epoch, end, own_epoch, own_end } if zh => format!(
                "领导者：纪元 {epoch} 止于 {end}；本地：不大于它的最大纪元 {own_epoch} 止于 {own_end}"
            ),
            TruncationStep::Compare { epoch, end, own_epoch, own_end } => format!(
                "leader: epoch {epoch} ended at {end}; here: the greatest epoch up to that, {own_epoch}, ended at {own_end}"
            ),
            TruncationStep::Cut(Cut { to, complete, .. }) => match (zh, complete) {
                (true, true) => format!("截断到 {to}"),
                (true, false) => format!("先截断到 {to}，再问一次"),
                (false, true) => format!("cuts to {to}"),
                (false, false) => format!("cuts to {to} for now and asks again"),
            },
        }
    }
}
