//! What `broker …` does to a broker's process, its machine and its clock.

use super::acts::{Acts, one, started};
use super::command::BrokerAct;
use crate::clock::Duration;
use crate::cluster::Act;
use crate::types::NodeId;

pub(super) fn broker_acts(id: NodeId, act: BrokerAct) -> Result<Acts, String> {
    match act {
        BrokerAct::Stop => one(Act::Stop(id), format!("broker {id} stopped")),
        BrokerAct::Kill => one(Act::Kill(id), format!("killed broker {id}")),
        BrokerAct::PowerOff => one(Act::PowerOff(id), format!("broker {id} lost its power")),
        BrokerAct::Start => started(id),
        BrokerAct::Pause => one(Act::Pause(id), format!("broker {id} is frozen")),
        BrokerAct::Resume => one(Act::Resume(id), format!("broker {id} goes on")),
        BrokerAct::Slow(Duration::ZERO) => {
            one(Act::Slow(id, Duration::ZERO), format!("broker {id} is as fast as ever"))
        }
        BrokerAct::Slow(by) => {
            one(Act::Slow(id, by), format!("what broker {id} says leaves {by} later"))
        }
        BrokerAct::Skew(0) => one(Act::Skew(id, 0), format!("the clock of broker {id} is right")),
        BrokerAct::Skew(by) => {
            let (off, how) = (Duration(by.unsigned_abs()), if by > 0 { "fast" } else { "slow" });
            one(Act::Skew(id, by), format!("the clock of broker {id} is {off} {how}"))
        }
    }
}
