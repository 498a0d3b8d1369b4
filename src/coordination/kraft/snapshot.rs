//! Snapshots of the metadata log: the image as records in a file, so that the log before it may go (KIP-630;
//! `SnapshotGenerator`, `ImageWriter`, `Snapshots`).
//!
//! ```text
//!   00000000000000000073-0000000002.checkpoint     end offset 73 (not included), epoch 2
//!     [SnapshotHeader][features · brokers · controllers · topics with their partitions · settings][SnapshotFooter]
//!
//!   log     73 ├────────────▶        a node that asks for less than the log has fetches the snapshot first
//! ```
//!
//! Each node writes its own, after `metadata.log.max.record.bytes.between.snapshots` or
//! `metadata.log.max.snapshot.interval.ms`, from committed records only. Always: snapshot and the log from its end
//! offset on give the same image as the log alone; the log never begins behind the newest snapshot.

use super::config::SnapshotConfig;
use super::controller::endpoint;
use super::image::Image;
use super::metadata_log::{self, log_directory};
use super::record::*;
use super::release::MetadataRelease;
use crate::batch;
use crate::clock::{Duration, Instant};
use crate::disk::Disk;
use crate::storage::{Log, StorageError, StorageErrorKind};
use crate::types::{LeaderEpoch, NodeId, Offset, Timestamp};

/// End offset and epoch of a snapshot (`OffsetAndEpoch`).
pub(super) type SnapshotId = (Offset, LeaderEpoch);

/// A snapshot larger than this is not fetched: nothing in a lab comes near it.
pub(super) const LARGEST: u64 = 1 << 30;

/// Records of one batch of a snapshot (`RaftSnapshotWriter`).
const BATCH_RECORDS: usize = 1024;

/// The snapshots of a node, and what happened since the last one.
#[derive(Clone, Debug, Default)]
pub struct Snapshots {
    /// The newest one.
    pub latest: Option<SnapshotId>,
    /// All that are on the disk, oldest first.
    pub all: Vec<SnapshotId>,
    /// Bytes of committed records since.
    pub bytes_since: u64,
    /// When the last one was taken, or the process began.
    pub since: Instant,
}

/// The file of a snapshot (`Snapshots.filenameFromSnapshotId`).
pub(super) fn path(directory: &str, (offset, epoch): SnapshotId) -> String {
    format!("{}/{:020}-{:010}.checkpoint", log_directory(directory), offset.0, epoch.0)
}

/// Finds the snapshots of a node.
pub(super) fn find(disk: &Disk, directory: &str, now: Instant) -> Result<Snapshots, StorageError> {
    let mut all: Vec<SnapshotId> = Vec::new();
    for entry in disk.list(&log_directory(directory))? {
        let id = entry.name.strip_suffix(".checkpoint").and_then(|name| name.split_once('-'));
        if let Some((offset, epoch)) = id
            && let (Ok(offset), Ok(epoch)) = (offset.parse(), epoch.parse())
        {
            all.push((Offset(offset), LeaderEpoch(epoch)));
        }
    }
    all.sort();
    Ok(Snapshots { latest: all.last().copied(), all, bytes_since: 0, since: now })
}

/// The image that a snapshot holds.
pub(super) fn read(bytes: &[u8], id: SnapshotId, path: &str) -> Result<Image, StorageError> {
    let wrong = |what: String| StorageError {
        kind: StorageErrorKind::Corrupt,
        path: path.to_owned(),
        start: 0,
        end: bytes.len() as u64,
        field: "",
        what,
    };
    let mut image = Image::default();
    for batch in batch::batches(bytes) {
        let (_, header, content) = batch.map_err(|error| wrong(error.to_string()))?;
        if header.is_control() {
            continue;
        }
        for record in batch::records(content).map_err(|error| wrong(error.to_string()))? {
            let value = record.value.unwrap_or_default();
            let decoded = MetadataRecord::decode(&value)
                .map_err(|error| wrong(format!("record {}: {error}", record.offset)))?;
            image.apply(&decoded);
        }
    }
    image.offset = Offset(id.0.0 - 1);
    image.epoch = id.1.0;
    Ok(image)
}

/// The image of the newest snapshot; an empty one, if there is none.
pub(super) fn load(
    disk: &Disk,
    directory: &str,
    snapshots: &Snapshots,
) -> Result<Image, StorageError> {
    let Some(id) = snapshots.latest else { return Ok(Image::default()) };
    let path = path(directory, id);
    read(&disk.read_small(&path)?, id, &path)
}

/// A snapshot that came from the leader: the log begins anew behind it (`truncateToLatestSnapshot`).
pub(super) fn install(
    log: &mut Log,
    directory: &str,
    id: SnapshotId,
    bytes: &[u8],
    disk: &mut Disk,
) -> Result<Image, StorageError> {
    let path = path(directory, id);
    let image = read(bytes, id, &path)?;
    disk.replace(&path, bytes)?;
    log.advance_log_start(disk, id.0, &mut Vec::new())?;
    Ok(image)
}

impl Snapshots {
    /// A snapshot was written, or came from the leader.
    pub(super) fn taken(&mut self, id: SnapshotId, now: Instant) {
        self.all.retain(|known| *known != id);
        self.all.push(id);
        self.latest = Some(id);
        self.bytes_since = 0;
        self.since = now;
    }

    /// Whether it is time for one, after this many more bytes of records were committed (`SnapshotGenerator`).
    pub(super) fn is_due(&mut self, bytes: u64, now: Instant, config: &SnapshotConfig) -> bool {
        self.bytes_since = self.bytes_since.saturating_add(bytes);
        let late = config.max_interval > Duration::ZERO
            && now.since(self.since) >= config.max_interval
            && self.bytes_since > 0;
        late || self.bytes_since >= config.max_bytes
    }

    /// Writes the image as a snapshot, and lets go what is old (`KafkaRaftLog.maybeClean`).
    pub(super) fn take(
        &mut self,
        image: &Image,
        log: &mut Log,
        directory: &str,
        now: Instant,
        config: &SnapshotConfig,
        disk: &mut Disk,
    ) -> Result<SnapshotId, StorageError> {
        let id = (image.offset + 1, LeaderEpoch(image.epoch));
        if self.latest != Some(id) {
            let bytes = bytes(image, now.timestamp());
            disk.replace(&path(directory, id), &bytes)?;
        }
        self.taken(id, now);
        log.remove_due(disk, now, &mut Vec::new())?;
        self.clean(log, directory, now, config, disk)?;
        Ok(id)
    }

    /// Only what a newer snapshot covers may go, and only for want of room or for its age.
    fn clean(
        &mut self,
        log: &mut Log,
        directory: &str,
        now: Instant,
        config: &SnapshotConfig,
        disk: &mut Disk,
    ) -> Result<(), StorageError> {
        while let [oldest, next, ..] = self.all[..] {
            let path = path(directory, oldest);
            let mut size = log.size_bytes();
            for &id in &self.all {
                size += disk.read_small(&self::path(directory, id))?.len() as u64;
            }
            let time = batch::batches(&disk.read_small(&path)?)
                .next()
                .and_then(Result::ok)
                .map_or(Timestamp(0), |(_, header, _)| header.max_timestamp);
            let age = now.timestamp().0.saturating_sub(time.0);
            let old = config.retention_ms >= 0 && age > config.retention_ms;
            let large = config.retention_bytes >= 0 && size > config.retention_bytes as u64;
            if !old && !large {
                break;
            }
            log.advance_log_start(disk, next.0, &mut Vec::new())?;
            let end = log.log_end_offset();
            log.apply_retention(disk, end, now, now.timestamp(), &mut Vec::new())?;
            disk.remove(&path)?;
            self.all.remove(0);
        }
        Ok(())
    }
}

/// The whole file.
pub(super) fn bytes(image: &Image, time: Timestamp) -> Vec<u8> {
    let level = image.release().level();
    metadata_log::checkpoint(image.epoch, time, level, &records(image), BATCH_RECORDS)
}

/// The image as records, in Kafka's order (`MetadataImage.write`).
pub(super) fn records(image: &Image) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    let level = |(name, level): (&String, &i16)| MetadataRecord::FeatureLevel {
        name: name.clone(),
        level: *level,
    };
    let is_version = |name: &str| name == "metadata.version";
    records.extend(image.features.iter().filter(|(name, _)| is_version(name)).map(level));
    records.extend(image.features.iter().filter(|(name, _)| !is_version(name)).map(level));
    for (&broker, known) in image.brokers.iter() {
        records.push(MetadataRecord::RegisterBroker(RegisterBroker {
            broker,
            incarnation: known.incarnation,
            epoch: known.epoch,
            endpoints: vec![endpoint("PLAINTEXT", broker)],
            features: image.release().supported(),
            rack: known.rack.clone(),
            fenced: known.fenced,
            in_controlled_shutdown: known.in_controlled_shutdown,
            log_directories: vec![known.log_directory],
            cordoned: None,
        }));
    }
    for (&controller, &incarnation) in image.controllers.iter() {
        records.push(MetadataRecord::RegisterController(registration(
            controller,
            incarnation,
            image.release(),
        )));
    }
    for (name, topic) in image.topics.iter() {
        records.push(MetadataRecord::Topic { name: name.clone(), id: topic.id });
        for (number, partition) in (0u32..).zip(&topic.partitions) {
            records.push(MetadataRecord::Partition(partition.to_record(topic.id, number)));
        }
    }
    for (resource, settings) in image.configs.iter() {
        for (name, value) in settings {
            let (resource, name, value) = (resource.clone(), name.clone(), Some(value.clone()));
            records.push(MetadataRecord::Config { resource, name, value });
        }
    }
    records
}

/// How a controller introduces itself.
pub(super) fn registration(
    controller: NodeId,
    incarnation: crate::types::Uuid,
    release: &MetadataRelease,
) -> RegisterController {
    RegisterController {
        controller,
        incarnation,
        migration_ready: false,
        endpoints: vec![endpoint("CONTROLLER", controller)],
        features: release.supported(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::controller_tests::World;
    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same_image() {
        let mut world = World::of_three();
        world.orders(&[&[1, 2, 3], &[2, 3, 1]], &[("min.insync.replicas", "2")]);
        let image = world.controller.image.clone();
        let id = (image.offset + 1, LeaderEpoch(image.epoch));
        let back = read(&bytes(&image, Timestamp(7)), id, "x").unwrap();
        assert_eq!(back, image);
        assert_eq!(
            path("controller-3001", (Offset(73), LeaderEpoch(2))),
            "controller-3001/__cluster_metadata-0/00000000000000000073-0000000002.checkpoint"
        );
    }
}
