//! Who leads next (`Election`, `PartitionLeaderElectionAlgorithms`): one walk along the assigned replicas.
//!
//! ```text
//!   assignment [2, 3, 1]   ISR [2, 1]   alive {1, 3}
//!       2  dead                    ▸ passed over
//!       3  alive, not in the ISR   ▸ passed over
//!       1  alive, in the ISR       ▸ leads; the new ISR is [1]
//! ```
//!
//! Four occasions, four rules about the ISR. An offline partition's ISR loses its dead members; a controlled shutdown
//! takes out those that stop, and no other ones; reassignment and preferred election leave it as it is. Always: the
//! leader epoch grows by one with each decision; the order is that of the assignment, never that of the ISR.

use crate::types::{LeaderEpoch, NodeId, PartitionEpoch};

/// Who leads a partition and who is in sync: the content of its state node (`LeaderAndIsr`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderAndIsr {
    /// Its leader; none: -1.
    pub leader: Option<NodeId>,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// Those in sync, in the order in which they were written.
    pub isr: Vec<NodeId>,
    /// Whether the leader still recovers from an unclean election (KIP-704).
    pub recovering: bool,
    /// The state node's version.
    pub partition_epoch: PartitionEpoch,
}

impl LeaderAndIsr {
    /// The first one of a new partition.
    pub fn first(replicas: Vec<NodeId>) -> LeaderAndIsr {
        LeaderAndIsr {
            leader: replicas.first().copied(),
            leader_epoch: LeaderEpoch(0),
            isr: replicas,
            recovering: false,
            partition_epoch: PartitionEpoch(0),
        }
    }

    /// Another leader or another ISR; in any case another epoch (`newLeaderAndIsr`, `newEpoch`).
    pub fn next(&self, leader: Option<NodeId>, isr: Vec<NodeId>) -> LeaderAndIsr {
        let leader_epoch = LeaderEpoch(self.leader_epoch.0.saturating_add(1));
        LeaderAndIsr { leader, isr, leader_epoch, ..self.clone() }
    }
}

/// On which occasion a leader is chosen (`PartitionLeaderElectionStrategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The leader is gone.
    Offline {
        /// Whether a replica that is not in sync may lead: asked for by command. A topic's own setting is asked later.
        allow_unclean: bool,
    },
    /// The replicas were replaced by others.
    Reassign,
    /// Back to the first replica.
    Preferred,
    /// The leader is about to stop.
    ControlledShutdown,
}

/// What is known about a partition when its leader is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// The occasion.
    pub strategy: Strategy,
    /// The replicas in order (the target ones of a reassignment).
    pub assignment: Vec<NodeId>,
    /// Those of them that are alive; a broker that is shutting down counts only for [`Strategy::ControlledShutdown`].
    pub live: Vec<NodeId>,
    /// Brokers in controlled shutdown.
    pub shutting_down: Vec<NodeId>,
    /// Whether a replica that is not in sync may lead (`unclean.leader.election.enable`, or the command).
    pub unclean: bool,
    /// Whether the version knows leader recovery (KIP-704, 3.2).
    pub recovery: bool,
    /// What the state node says.
    pub current: LeaderAndIsr,
}

/// Why a replica may not lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Its broker is not there.
    Dead,
    /// It is not in the ISR.
    OutOfSync,
    /// Its broker is about to stop.
    ShuttingDown,
    /// Only the first replica is asked.
    NotPreferred,
}

/// One step of an election.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A replica was looked at and may not lead.
    Passed {
        /// Which.
        replica: NodeId,
        /// Why not.
        because: Unfit,
    },
    /// Nobody in sync is alive: the walk begins anew, and whoever is alive will do.
    Unclean,
    /// A leader was found.
    Elected {
        /// What is to be written.
        state: LeaderAndIsr,
        /// Whether committed records may be lost.
        unclean: bool,
    },
    /// Nobody can lead.
    Nobody,
}

/// An election, step by step.
#[derive(Clone, Debug)]
pub struct Election {
    ballot: Ballot,
    at: usize,
    unclean: bool,
    over: bool,
}

impl Election {
    /// Begins.
    pub fn new(ballot: Ballot) -> Election {
        Election { ballot, at: 0, unclean: false, over: false }
    }

    fn unfit(&self, replica: NodeId) -> Option<Unfit> {
        let ballot = &self.ballot;
        if ballot.strategy == Strategy::Preferred && self.at > 0 {
            Some(Unfit::NotPreferred)
        } else if !ballot.live.contains(&replica) {
            Some(Unfit::Dead)
        } else if !self.unclean && !ballot.current.isr.contains(&replica) {
            Some(Unfit::OutOfSync)
        } else if ballot.strategy == Strategy::ControlledShutdown
            && ballot.shutting_down.contains(&replica)
        {
            Some(Unfit::ShuttingDown)
        } else {
            None
        }
    }

    fn elected(&self, leader: NodeId) -> LeaderAndIsr {
        let Ballot { strategy, live, shutting_down, recovery, current, .. } = &self.ballot;
        let in_sync = current.isr.contains(&leader);
        let isr = match strategy {
            Strategy::Offline { .. } if !in_sync => vec![leader],
            Strategy::Offline { .. } => {
                current.isr.iter().copied().filter(|id| live.contains(id)).collect()
            }
            Strategy::ControlledShutdown => {
                current.isr.iter().copied().filter(|id| !shutting_down.contains(id)).collect()
            }
            Strategy::Reassign | Strategy::Preferred => current.isr.clone(),
        };
        let mut next = current.next(Some(leader), isr);
        next.recovering |= !in_sync && *recovery;
        next
    }
}

impl Iterator for Election {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.over {
            return None;
        }
        if let Some(&replica) = self.ballot.assignment.get(self.at) {
            if let Some(because) = self.unfit(replica) {
                self.at += 1;
                return Some(Step::Passed { replica, because });
            }
            self.over = true;
            return Some(Step::Elected { state: self.elected(replica), unclean: self.unclean });
        }
        let offline = matches!(self.ballot.strategy, Strategy::Offline { .. });
        if offline && self.ballot.unclean && !self.unclean {
            self.unclean = true;
            self.at = 0;
            return Some(Step::Unclean);
        }
        self.over = true;
        Some(Step::Nobody)
    }
}

/// What to write, and whether the election is unclean; none: nobody can lead.
pub fn elect(ballot: Ballot) -> Option<(LeaderAndIsr, bool)> {
    match Election::new(ballot).last() {
        Some(Step::Elected { state, unclean }) => Some((state, unclean)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn nodes(value: &Value) -> Vec<NodeId> {
        let list = value.as_array().unwrap();
        list.iter().map(|id| NodeId(id.as_u64().unwrap() as u32)).collect()
    }

    #[test]
    fn kafkas_elections_come_out_as_kafkas() {
        let vectors = crate::vectors::load("leader_election_zk");
        for case in vectors["cases"].as_array().unwrap() {
            let assignment = nodes(&case["assignment"]);
            let unclean = case["unclean"].as_bool().unwrap();
            let strategy = match case["strategy"].as_str().unwrap() {
                "offline" => Strategy::Offline { allow_unclean: unclean },
                "reassign" => Strategy::Reassign,
                "preferred" => Strategy::Preferred,
                _ => Strategy::ControlledShutdown,
            };
            let number = |value: &Value| value.as_i64().unwrap() as i32;
            let leader = number(&case["leader"]);
            let current = LeaderAndIsr {
                leader: (leader >= 0).then_some(NodeId(leader as u32)),
                leader_epoch: LeaderEpoch(number(&case["leader_epoch"])),
                isr: nodes(&case["isr"]),
                recovering: false,
                partition_epoch: PartitionEpoch(number(&case["partition_epoch"])),
            };
            let shutting_down = nodes(&case["shutting_down"]);
            let mut live = nodes(&case["live"]);
            if strategy != Strategy::ControlledShutdown {
                live.retain(|id| !shutting_down.contains(id));
            }
            let ballot = Ballot {
                strategy,
                live,
                assignment,
                shutting_down,
                unclean,
                recovery: true,
                current,
            };
            let elected = elect(ballot).map(|(state, _)| state);
            let new = &case["new"];
            let expected = (!new.is_null()).then(|| LeaderAndIsr {
                leader: Some(NodeId(number(&new["leader"]) as u32)),
                leader_epoch: LeaderEpoch(number(&new["leader_epoch"])),
                isr: nodes(&new["isr"]),
                recovering: new["recovery"] == "RECOVERING",
                partition_epoch: PartitionEpoch(number(&new["partition_epoch"])),
            });
            assert_eq!(elected, expected, "case {}", case["id"]);
        }
    }

    #[test]
    fn who_is_passed_over_and_why_is_told() {
        let ids = |list: &[u32]| list.iter().map(|id| NodeId(*id)).collect::<Vec<_>>();
        let mut ballot = Ballot {
            strategy: Strategy::Offline { allow_unclean: false },
            assignment: ids(&[2, 3, 1]),
            live: ids(&[1, 3]),
            shutting_down: Vec::new(),
            unclean: false,
            recovery: false,
            current: LeaderAndIsr::first(ids(&[2, 1])),
        };
        let steps: Vec<Step> = Election::new(ballot.clone()).collect();
        assert_eq!(steps[0], Step::Passed { replica: NodeId(2), because: Unfit::Dead });
        assert_eq!(steps[1], Step::Passed { replica: NodeId(3), because: Unfit::OutOfSync });
        assert!(
            matches!(&steps[2], Step::Elected { state, unclean: false } if state.isr == ids(&[1]))
        );
        ballot.live = ids(&[3]);
        assert_eq!(elect(ballot.clone()), None);
        ballot.unclean = true;
        let (state, unclean) = elect(ballot).unwrap();
        assert_eq!((state.leader, state.isr, unclean), (Some(NodeId(3)), ids(&[3]), true));
    }
}
