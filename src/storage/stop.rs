//! A clean stop of all log directories (`LogManager.shutdown`).
//!
//! ```text
//!   each log      flushed, the closing time index entry, indexes trimmed, a snapshot of its producers
//!   checkpoints   recovery points = log ends; log starts; high watermarks
//!   last of all   .kafka_cleanshutdown: whoever finds it may believe the rest
//! ```
//!
//! A directory that is offline is left as it is, without the flag.

use super::checkpoint::*;
use super::error::Result;
use super::event::Event;
use super::start::Started;
use super::start_step::{StartEvent, StartStep};
use crate::disk::Disk;
use crate::era::{CleanFlag, Snapshots};
use crate::types::Offset;

impl Started {
    /// A clean stop: everything is flushed, closed and written down (`LogManager.shutdown`).
    pub fn stop(
        &mut self,
        disk: &mut Disk,
        broker_epoch: i64,
        told: &mut Vec<StartEvent>,
    ) -> Result<()> {
        for directory in self.directories.iter().filter(|directory| directory.offline.is_none()) {
            let name = &directory.name;
            let inside = format!("{name}/");
            let mut events: Vec<Event> = Vec::new();
            let (mut points, mut starts, mut marks) = (Vec::new(), Vec::new(), Vec::new());
            for (partition, log) in &mut self.logs {
                if !log.directory().starts_with(&inside) {
                    continue;
                }
                log.close(disk, &mut events)?;
                points.push((partition.clone(), log.log_end_offset()));
                if log.log_start_offset() > log.segments()[0].base_offset {
                    starts.push((partition.clone(), log.log_start_offset()));
                }
                let mark = self.high_watermarks.get(partition).copied().unwrap_or(Offset::ZERO);
                let mark = mark.max(log.log_start_offset()).min(log.log_end_offset());
                marks.push((partition.clone(), mark));
            }
            write_offsets(disk, &format!("{name}/{RECOVERY_POINTS}"), &points)?;
            if self.era.snapshots != Snapshots::Unknown {
                write_offsets(disk, &format!("{name}/{LOG_START_OFFSETS}"), &starts)?; // KIP-107
            }
            write_offsets(disk, &format!("{name}/{REPLICATION_OFFSETS}"), &marks)?;
            match self.era.clean_flag {
                CleanFlag::Epoch => write_clean_shutdown(disk, name, broker_epoch)?,
                CleanFlag::Empty => disk.replace(&format!("{name}/{CLEAN_SHUTDOWN}"), b"")?,
            }
            let directory = name.clone();
            let step = StartStep::Stopped { logs: points.len(), broker_epoch };
            told.push(StartEvent { directory, step });
        }
        Ok(())
    }
}
