//! `cluster … controllers=3` ends when the cluster can be used: the controllers have elected one of them, and every
//! broker is let in. (A real cluster is waited for in the same way: no broker listens to clients before.) With a
//! trailing `&` the command ends at step 0, and the election can be walked.

use super::{Execution, Progress, State, Step, done, wrong};
use crate::broker::Life;
use crate::clock::{Duration, Instant};
use crate::cluster::Lab;
use crate::script::say::Said;
use crate::script::session::Session;

/// An election takes a few seconds; something is wrong when there is none after so long.
const LONGEST: Duration = Duration::from_ms(120_000);

impl Execution {
    pub(super) fn ready(&mut self, session: &mut Session, said: Said) -> Step {
        let Some(lab) = session.lab.as_mut() else { return Ok(wrong("there is no cluster")) };
        if is_ready(lab) || lab.now() > Instant(0) + LONGEST || !lab.step()? {
            return Ok(done(said));
        }
        self.state = State::Ready(said);
        Ok(Progress::Stepped)
    }
}

fn is_ready(lab: &Lab) -> bool {
    let cluster = lab.cluster();
    let Some(image) = cluster.active_image() else { return false };
    let works = |broker: &crate::broker::Broker| broker.life == Life::Running;
    let is_in = |id| image.is_active(id) && cluster.broker(id).is_some_and(works);
    cluster.brokers.keys().all(|&id| is_in(id))
}
