//! Which followers lag: the rule of 0.8, of 0.9, and of today (KIP-16; class `Partition`, getOutOfSyncReplicas).
//!
//! | rule               | versions      | a follower lags when                                                        |
//! |--------------------|---------------|-----------------------------------------------------------------------------|
//! | messages + silence | 0.8.2         | it is more than `replica.lag.max.messages` behind, or has not fetched for   |
//! |                    |               | `replica.lag.time.max.ms`                                                   |
//! | time               | 0.9 … 0.10.2  | it was not caught up for `replica.lag.time.max.ms`, even if nothing is      |
//! |                    |               | written                                                                     |
//! | behind + time      | 2.1 …         | so, and it lacks something that the leader has                              |
//!
//! The first rule needed a number that fits every topic: 4,000 messages are a second of one and a year of another, so
//! healthy followers of a busy topic fell out and came back with the next fetch. Versions were compared in their jars.
//! Left out: that the leader of 0.9 took a follower for caught up only when it had read to the very end.

use super::leader::NEVER;
use super::{Event, FollowerState, Leader};
use crate::clock::{Duration, Instant};
use crate::era::{ERAS, Era, LagRule};
use crate::types::{NodeId, Offset, TopicPartition};

/// What a leader goes by.
#[derive(Clone, Copy, Debug)]
pub struct LagLimits<'a> {
    /// `replica.lag.time.max.ms`.
    pub time: Duration,
    /// `replica.lag.max.messages`: in 0.8 only.
    pub messages: i64,
    /// The rules of this version.
    pub era: &'a Era,
}

impl LagLimits<'static> {
    /// Those of the newest version.
    pub const TODAY: LagLimits<'static> =
        LagLimits { time: Duration::from_ms(30_000), messages: 4_000, era: &ERAS[ERAS.len() - 1] };
}

impl LagLimits<'_> {
    /// Whether a follower counts as caught up.
    pub(super) fn is_caught_up(self, state: &FollowerState, end: Offset, now: Instant) -> bool {
        let recent = || state.caught_up_at != NEVER && now.since(state.caught_up_at) <= self.time;
        state.log_end == end || recent()
    }
}

impl Leader {
    /// Members of the ISR that lag, each with its reason as an event.
    pub fn lagging(
        &self,
        partition: &TopicPartition,
        leader_end: Offset,
        now: Instant,
        limits: LagLimits<'_>,
        events: &mut Vec<Event>,
    ) -> Vec<NodeId> {
        let mut lagging = Vec::new();
        if self.proposal.is_some() {
            return lagging;
        }
        for (&node, state) in &self.followers {
            if !self.isr.contains(&node) {
                continue;
            }
            if let Some(why) = self.lags(partition, node, state, leader_end, now, limits) {
                lagging.push(node);
                events.push(why);
            }
        }
        lagging
    }

    fn lags(
        &self,
        partition: &TopicPartition,
        follower: NodeId,
        state: &FollowerState,
        leader_end: Offset,
        now: Instant,
        limits: LagLimits<'_>,
    ) -> Option<Event> {
        let partition = partition.clone();
        let limit_ms = limits.time.as_ms();
        let not_caught_up = now.since(state.caught_up_at);
        let silent = now.since(state.fetched_at.max(self.since));
        match limits.era.lag_rule {
            LagRule::MessagesAndSilence if silent > limits.time => Some(Event::FollowerSilent {
                partition,
                follower,
                silent_ms: silent.as_ms(),
                limit_ms,
            }),
            LagRule::MessagesAndSilence => {
                let behind = leader_end - state.log_end;
                (state.log_end >= Offset::ZERO && behind > limits.messages).then_some(
                    Event::FollowerBehind { partition, follower, behind, limit: limits.messages },
                )
            }
            LagRule::BehindAndTime if state.log_end == leader_end => None,
            LagRule::CaughtUpTime | LagRule::BehindAndTime => {
                (not_caught_up > limits.time).then(|| Event::FollowerLags {
                    partition,
                    follower,
                    follower_end: state.log_end,
                    leader_end,
                    behind_ms: not_caught_up.as_ms(),
                    limit_ms,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReplicaFetch;
    use super::*;
    use crate::types::BrokerEpoch;

    fn limits(kafka: &str) -> LagLimits<'static> {
        let era = ERAS.iter().find(|era| era.kafka == kafka).unwrap();
        LagLimits { time: Duration::from_ms(10_000), messages: 4_000, era }
    }

    /// Follower 2 fetched `behind` before the log end at second 0; who lags at `second`?
    fn lags(kafka: &str, behind: i64, second: u64) -> Vec<NodeId> {
        let all = [NodeId(1), NodeId(2)];
        let mut leader = Leader::new(NodeId(1), &all, &all, Offset(0), Offset(0), Instant(0));
        let fetch = ReplicaFetch {
            follower: NodeId(2),
            offset: Offset(9_000 - behind),
            log_start: Offset(0),
            broker_epoch: BrokerEpoch(1),
        };
        leader.note_fetch(fetch, Offset(9_000), Instant(0));
        let partition = TopicPartition::parse("orders-0").unwrap();
        let now = Instant(second * 1_000_000);
        let mut events = Vec::new();
        let lagging = leader.lagging(&partition, Offset(9_000), now, limits(kafka), &mut events);
        assert_eq!(lagging.len(), events.len());
        lagging
    }

    #[test]
    fn a_burst_throws_a_healthy_follower_out_in_0_8_and_nowhere_else() {
        assert_eq!(lags("0.8.2", 4_001, 1), [NodeId(2)]);
        assert_eq!(lags("0.8.2", 4_000, 1), []);
        for kafka in ["0.9.0", "0.10.2", "2.1", "3.9", "4.3"] {
            assert_eq!(lags(kafka, 9_000, 1), [], "{kafka}");
        }
    }

    #[test]
    fn a_frozen_follower_of_an_idle_partition_lags_until_0_10_and_no_more() {
        for kafka in ["0.8.2", "0.9.0", "0.10.2"] {
            assert_eq!(lags(kafka, 0, 11), [NodeId(2)], "{kafka}");
        }
        for kafka in ["2.1", "3.9", "4.3"] {
            assert_eq!(lags(kafka, 0, 11), [], "{kafka}");
            assert_eq!(lags(kafka, 1, 11), [NodeId(2)], "{kafka}");
        }
    }
}
