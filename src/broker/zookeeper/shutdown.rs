//! A broker that stops in good order: the controller takes its leaderships away first (class `KafkaServer`,
//! controlledShutdown).
//!
//! ```text
//!   /controller ─▶ who? ─▶ ControlledShutdown ─▶ remaining: none ─▶ logs closed, session closed: the znode goes
//!                    ▲                            │ some, or no answer: in 5 s again, three times in all
//!                    └────────────────────────────┘ then it stops all the same
//! ```

use super::job::Task;
use super::{ZooKeeperEvent, told};
use crate::broker::{Broker, Halt, Life, Out, Purpose};
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::protocol::{ControlledShutdownRequest, ControlledShutdownResponse, Request, Timer};
use crate::types::NodeId;

/// `controlled.shutdown.max.retries`.
const TRIES: u32 = 3;
/// `controlled.shutdown.retry.backoff.ms`.
const BACKOFF: Duration = Duration::from_ms(5_000);

impl Broker {
    /// Begins to stop.
    pub(in crate::broker) fn stop_in_zookeeper(&mut self, now: Instant, out: &mut Out) {
        out.set(Timer::ControlledShutdown, now);
    }

    pub(super) fn ask_for_shutdown(
        &mut self,
        now: Instant,
        controller: Option<NodeId>,
        out: &mut Out,
    ) {
        if self.life != Life::ShuttingDown {
            return;
        }
        let Some(controller) = controller else {
            self.count_shutdown_try(now, out);
            return;
        };
        told(out, ZooKeeperEvent::ShutdownAsked { controller });
        let request = Request::ControlledShutdown(ControlledShutdownRequest {
            broker: self.id,
            broker_epoch: self.epoch,
        });
        let timeout = Duration::from_ms(30_000);
        self.ask(now, controller, request, Purpose::ControlledShutdown, timeout, out);
    }

    /// The controller answered.
    pub(in crate::broker) fn shutdown_answered(
        &mut self,
        now: Instant,
        response: &ControlledShutdownResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        if self.life != Life::ShuttingDown {
            return Ok(());
        }
        if response.error.is_none() && response.remaining.is_empty() {
            return self.finish_in_zookeeper(now, disk, out);
        }
        let left = self.count_shutdown_try(now, out);
        let remaining = response.remaining.len();
        told(out, ZooKeeperEvent::ShutdownUnfinished { remaining, left });
        Ok(())
    }

    /// The controller did not answer.
    pub(in crate::broker) fn shutdown_lost(&mut self, now: Instant, out: &mut Out) {
        self.count_shutdown_try(now, out);
    }

    /// One try less; how many are left.
    fn count_shutdown_try(&mut self, now: Instant, out: &mut Out) -> u32 {
        let Some(side) = self.zookeeper_mut() else { return 0 };
        side.shutdown_tries += 1;
        let left = TRIES.saturating_sub(side.shutdown_tries);
        let wait = if left > 0 { BACKOFF } else { Duration::ZERO };
        out.set(Timer::ControlledShutdown, now + wait);
        left
    }

    /// It is time to ask again, or to stop without having been heard.
    pub(super) fn shutdown_due(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let tries = self.zookeeper.as_ref().map_or(0, |side| side.shutdown_tries);
        if self.life != Life::ShuttingDown {
            return Ok(());
        } else if tries >= TRIES || self.config.nobody_decides() {
            return self.finish_in_zookeeper(now, disk, out);
        }
        self.begin_job(Task::Shutdown);
        Ok(())
    }

    fn finish_in_zookeeper(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        self.finish(disk, out)?;
        if let Some(side) = self.zookeeper_mut() {
            side.session.close(now, out);
        }
        Ok(())
    }
}
