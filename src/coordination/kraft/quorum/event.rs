//! What happens in the quorum of controllers, for people: one sentence each, in both languages.

use crate::types::{Language, NodeId, Offset};

/// Why a leader of the quorum gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResignReason {
    /// No majority fetches from it (KAFKA-15489).
    NoMajority,
    /// It stops in good order.
    Stopping,
    /// Its process began again; it may not go on in an epoch that it led before.
    Restarted,
}

/// Something that happened to a voter, or to a node's snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuorumEvent {
    /// It has nobody to follow.
    Unattached {
        /// Its epoch.
        epoch: i32,
    },
    /// It follows a leader.
    Follows {
        /// Whom.
        leader: NodeId,
        /// The leader's epoch.
        epoch: i32,
    },
    /// It asks whether it would be elected (KIP-996).
    Prospective {
        /// Its epoch, which stays.
        epoch: i32,
    },
    /// It stands for election.
    Stands {
        /// The new epoch.
        epoch: i32,
        /// Its log end, which the others compare with theirs.
        end: Offset,
    },
    /// It gave its vote, or did not.
    Vote {
        /// To whom.
        candidate: NodeId,
        /// In which epoch.
        epoch: i32,
        /// Whether it was only asked what it would do.
        pre_vote: bool,
        /// Whether it gave it.
        granted: bool,
    },
    /// It leads the quorum.
    Elected {
        /// Its epoch.
        epoch: i32,
        /// Who voted for it.
        votes: Vec<NodeId>,
    },
    /// It leads no more, by its own decision.
    Resigned {
        /// The epoch that it led.
        epoch: i32,
        /// Why.
        why: ResignReason,
    },
    /// It is not the active controller any more.
    Abdicates {
        /// The epoch that it led.
        epoch: i32,
        /// How many decisions had not been committed.
        undecided: usize,
    },
    /// A majority has the log up to here.
    Committed {
        /// The new high watermark.
        up_to: Offset,
    },
    /// It lacks more than the leader's log still has.
    NeedsSnapshot {
        /// The snapshot's end offset.
        offset: Offset,
        /// The snapshot's epoch.
        epoch: i32,
    },
    /// A snapshot came from the leader and is loaded.
    SnapshotLoaded {
        /// Its end offset.
        offset: Offset,
        /// Its epoch.
        epoch: i32,
    },
    /// A snapshot of its own is written.
    SnapshotTaken {
        /// Its end offset.
        offset: Offset,
        /// Its epoch.
        epoch: i32,
        /// Where the log begins now.
        starts: Offset,
    },
}

impl QuorumEvent {
    /// What kind of happening it is: a stable word.
    pub fn kind(&self) -> &'static str {
        match self {
            QuorumEvent::Unattached { .. } => "QuorumUnattached",
            QuorumEvent::Follows { .. } => "QuorumFollower",
            QuorumEvent::Prospective { .. } => "QuorumProspective",
            QuorumEvent::Stands { .. } => "QuorumCandidate",
            QuorumEvent::Vote { .. } => "QuorumVote",
            QuorumEvent::Elected { .. } => "QuorumLeader",
            QuorumEvent::Resigned { .. } => "QuorumResigned",
            QuorumEvent::Abdicates { .. } => "ControllerInactive",
            QuorumEvent::Committed { .. } => "MetadataCommitted",
            QuorumEvent::NeedsSnapshot { .. } => "SnapshotNeeded",
            QuorumEvent::SnapshotLoaded { .. } => "SnapshotLoaded",
            QuorumEvent::SnapshotTaken { .. } => "SnapshotTaken",
        }
    }

    /// What happened, in one sentence.
    pub fn sentence(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::Chinese => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            QuorumEvent::Unattached { epoch } => {
                format!("quorum: it knows no leader in epoch {epoch}")
            }
            QuorumEvent::Follows { leader, epoch } => {
                format!("quorum: it follows {leader} in epoch {epoch}")
            }
            QuorumEvent::Prospective { epoch } => {
                format!("quorum: it asks who would vote for it; the epoch stays {epoch}")
            }
            QuorumEvent::Stands { epoch, end } => {
                format!("quorum: it stands for election in epoch {epoch}; its log ends at {end}")
            }
            QuorumEvent::Vote { candidate, epoch, pre_vote, granted } => {
                let verb = match (pre_vote, granted) {
                    (false, true) => "it votes for",
                    (false, false) => "it does not vote for",
                    (true, true) => "it would vote for",
                    (true, false) => "it would not vote for",
                };
                format!("quorum: {verb} {candidate} in epoch {epoch}")
            }
            QuorumEvent::Elected { epoch, votes } => {
                format!("quorum: it leads epoch {epoch}, elected by {}", set(votes))
            }
            QuorumEvent::Resigned { epoch, why } => {
                let why = match why {
                    ResignReason::NoMajority => "no majority fetches from it any more",
                    ResignReason::Stopping => "it is about to stop",
                    ResignReason::Restarted => "its process began again",
                };
                format!("quorum: it gives up epoch {epoch}: {why}")
            }
            QuorumEvent::Abdicates { epoch, undecided } => {
                let lost = match undecided {
                    0 => String::new(),
                    1 => "; a batch that it wrote was not committed".to_owned(),
                    _ => format!("; {undecided} batches that it wrote were not committed"),
                };
                format!("it is no longer the active controller of epoch {epoch}{lost}")
            }
            QuorumEvent::Committed { up_to } => {
                format!("metadata log: committed up to {up_to}, since a majority has it")
            }
            QuorumEvent::NeedsSnapshot { offset, epoch } => {
                format!("the leader's log begins too late: snapshot {offset}-{epoch} is fetched")
            }
            QuorumEvent::SnapshotLoaded { offset, epoch } => {
                format!("snapshot {offset}-{epoch} is loaded; the log goes on from {offset}")
            }
            QuorumEvent::SnapshotTaken { offset, epoch, starts } => {
                format!("snapshot {offset}-{epoch} is written; the log begins at {starts}")
            }
        }
    }

    fn chinese(&self) -> String {
        match self {
            QuorumEvent::Unattached { epoch } => format!("仲裁：epoch {epoch} 中它不知道 leader"),
            QuorumEvent::Follows { leader, epoch } => {
                format!("仲裁：它在 epoch {epoch} 跟随 {leader}")
            }
            QuorumEvent::Prospective { epoch } => {
                format!("仲裁：它先询问谁会投票给它，epoch 仍为 {epoch}")
            }
            QuorumEvent::Stands { epoch, end } => {
                format!("仲裁：它在 epoch {epoch} 参选，日志末端为 {end}")
            }
            QuorumEvent::Vote { candidate, epoch, pre_vote, granted } => {
                let verb = match (pre_vote, granted) {
                    (false, true) => "它投票给",
                    (false, false) => "它不投票给",
                    (true, true) => "它会投票给",
                    (true, false) => "它不会投票给",
                };
                format!("仲裁：epoch {epoch} 中{verb} {candidate}")
            }
            QuorumEvent::Elected { epoch, votes } => {
                format!("仲裁：它当选 epoch {epoch} 的 leader，投票者 {}", set(votes))
            }
            QuorumEvent::Resigned { epoch, why } => {
                let why = match why {
                    ResignReason::NoMajority => "多数派不再从它拉取",
                    ResignReason::Stopping => "它即将停机",
                    ResignReason::Restarted => "它的进程重新启动",
                };
                format!("仲裁：它放弃 epoch {epoch}：{why}")
            }
            QuorumEvent::Abdicates { epoch, undecided } => match undecided {
                0 => format!("它不再是 epoch {epoch} 的活动 controller"),
                _ => {
                    format!(
                        "它不再是 epoch {epoch} 的活动 controller；它写入的 {undecided} 个批次未提交"
                    )
                }
            },
            QuorumEvent::Committed { up_to } => {
                format!("元数据日志：多数派已拥有，提交到 {up_to}")
            }
            QuorumEvent::NeedsSnapshot { offset, epoch } => {
                format!("leader 的日志起点太晚：拉取快照 {offset}-{epoch}")
            }
            QuorumEvent::SnapshotLoaded { offset, epoch } => {
                format!("已加载快照 {offset}-{epoch}，日志从 {offset} 继续")
            }
            QuorumEvent::SnapshotTaken { offset, epoch, starts } => {
                format!("已写入快照 {offset}-{epoch}，日志现从 {starts} 开始")
            }
        }
    }
}

fn set(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    format!("{{{}}}", names.join(","))
}
