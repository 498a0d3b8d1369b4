//! The quorum of controllers, seen from outside: is it at rest?
//!
//! ```text
//!   a voter that reaches a majority?  ── no ──▶ at rest, unless somebody still believes to lead
//!                │ yes
//!                ▼
//!   one leader, in the newest epoch, heard by a majority, and everybody who reaches it has all that it has
//! ```
//!
//! Voters without a majority go on asking each other for ever; that changes nothing and does not count.

use super::world::{Cluster, NodeState};
use crate::coordination::kraft::{Controller, QuorumRole};
use crate::types::NodeId;

impl Cluster {
    fn voters_alive(&self) -> Vec<&Controller> {
        let alive = self.controllers.values().filter(|node| node.state == NodeState::Alive);
        alive.filter_map(|node| node.controller.as_deref()).collect()
    }

    /// Whether the controllers would change anything without a new act; otherwise what is under way.
    pub(super) fn quorum_settled(&self) -> Result<(), String> {
        let majority = self.controllers.len() / 2 + 1;
        if self.controllers.len() < 2 {
            return Ok(());
        }
        let alive = self.voters_alive();
        let reaches = |a: NodeId, b: NodeId| a == b || !self.network.is_cut(a, b);
        let heard = |id: NodeId| alive.iter().filter(|other| reaches(id, other.id)).count();
        for controller in &alive {
            let id = controller.id;
            if matches!(controller.quorum.role, QuorumRole::Resigned { .. }) {
                return Err(format!("controller {id} is about to give its epoch up"));
            }
            if controller.leads() && heard(id) < majority {
                return Err(format!("controller {id} leads without a majority and will resign"));
            }
        }
        if !alive.iter().any(|controller| heard(controller.id) >= majority) {
            return Ok(());
        }
        let leaders = alive.iter().filter(|controller| controller.leads());
        let Some(leader) = leaders.max_by_key(|controller| controller.epoch) else {
            return Err("the controllers are about to elect a leader".to_owned());
        };
        let end = leader.log.log_end_offset();
        if !leader.is_active() || leader.quorum.high_watermark < end {
            return Err(format!("controller {} waits for a majority", leader.id));
        }
        for voter in alive.iter().filter(|voter| voter.id != leader.id) {
            let id = voter.id;
            if !reaches(id, leader.id) {
                continue;
            }
            let follows = matches!(voter.quorum.role, QuorumRole::Follower { .. });
            if !follows || voter.epoch != leader.epoch {
                return Err(format!("controller {id} does not follow {} yet", leader.id));
            }
            if voter.log.log_end_offset() != end || voter.quorum.high_watermark != end {
                return Err(format!("controller {id} has not fetched all metadata yet"));
            }
        }
        Ok(())
    }
}
