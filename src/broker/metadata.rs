//! Following the metadata log, and acting on it: become leader, become follower, create and delete replicas
//! (classes `BrokerMetadataPublisher`, `ReplicaManager.applyDelta`, `Partition.makeLeader`, `makeFollower`).

use super::{Broker, Event, Halt, Out};
use crate::clock::{Duration, Instant};
use crate::coordination::kraft::{ConfigResource, Image, MetadataRecord, PartitionRegistration};
use crate::disk::Disk;
use crate::protocol::{ErrorCode, FetchResponse};
use crate::replica::{self, Follower, Leader, Replica, Role};
use crate::storage::{Log, LogConfig};
use crate::types::{NodeId, Offset, PartitionEpoch, TopicName, TopicPartition, Uuid};
use std::collections::BTreeSet;

impl Broker {
    pub(super) fn metadata_fetched(
        &mut self,
        now: Instant,
        from: NodeId,
        response: FetchResponse,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        for answer in &response.partitions {
            if !matches!(answer.error, ErrorCode::NONE | ErrorCode::OFFSET_OUT_OF_RANGE) {
                self.metadata_refused(now, from, answer, out);
                return Ok(());
            }
            let mut events = Vec::new();
            let records = self.observer.handle(now, answer, disk, &mut events)?;
            out.events.extend(events.into_iter().map(Event::Metadata));
            self.metadata_applied(now, &records, disk, out)?;
        }
        self.controller_answers(now, from, out);
        self.fetch_metadata(now, out);
        Ok(())
    }

    /// A starting broker takes no replica into its hands before it has read its own registration: until then the
    /// metadata may speak of the process before it, as whose leader it must not act (class `BrokerServer`: publishers
    /// are installed after `initialCatchUpFuture`).
    pub(super) fn begin_to_act(
        &mut self,
        now: Instant,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let image = &self.observer.image;
        if self.acts_on_metadata || self.epoch.0 < 0 || image.offset.0 < self.epoch.0 {
            return Ok(());
        }
        self.acts_on_metadata = true;
        self.reconfigure(now, disk, out);
        let image = &self.observer.image;
        for (name, topic) in image.topics.iter() {
            self.groups.topic_ids.insert(name.clone(), topic.id);
        }
        let own: Vec<TopicPartition> = image
            .partitions()
            .filter(|(_, registration)| registration.replicas.contains(&self.id))
            .map(|(partition, _)| partition)
            .collect();
        for partition in own {
            self.reconcile(now, &partition, disk, out)?;
        }
        Ok(())
    }

    /// The image has more than before: what follows from it.
    pub(super) fn metadata_applied(
        &mut self,
        now: Instant,
        records: &[MetadataRecord],
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        if records.is_empty() {
            return Ok(());
        }
        let (offset, count) = (self.observer.image.offset, records.len());
        out.events.push(Event::MetadataApplied { offset, count });
        if self.acts_on_metadata {
            self.apply(now, records, disk, out)?;
        } else {
            self.begin_to_act(now, disk, out)?;
        }
        self.caught_up_with_metadata(now, out);
        Ok(())
    }

    fn apply(
        &mut self,
        now: Instant,
        records: &[MetadataRecord],
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let mut changed: BTreeSet<TopicPartition> = BTreeSet::new();
        let mut removed: BTreeSet<Uuid> = BTreeSet::new();
        let mut configured: BTreeSet<TopicName> = BTreeSet::new();
        let mut reconfigured = false;
        for record in records {
            let (topic, partition) = match record {
                MetadataRecord::Partition(record) => (record.topic, record.partition),
                MetadataRecord::PartitionChange(change) => (change.topic, change.partition),
                MetadataRecord::RemoveTopic { id } => {
                    removed.insert(*id);
                    continue;
                }
                MetadataRecord::Config { resource: ConfigResource::Topic(topic), .. } => {
                    configured.insert(TopicName::new(topic));
                    continue;
                }
                MetadataRecord::Config { resource: ConfigResource::Broker(whose), .. } => {
                    reconfigured |= whose.is_empty() || *whose == self.id.to_string();
                    continue;
                }
                _ => continue,
            };
            if let Some((name, _)) = self.observer.image.topic_by_id(topic) {
                changed.insert(TopicPartition::new(name, partition));
            }
        }
        for record in records {
            if let MetadataRecord::Topic { name, id } = record {
                self.groups.topic_ids.insert(name.clone(), *id);
            }
        }
        if !removed.is_empty() {
            self.delete_removed(now, disk, out)?;
        }
        if reconfigured {
            self.reconfigure(now, disk, out);
        }
        for partition in self.replicas.keys() {
            if configured.contains(&partition.topic) {
                changed.insert(partition.clone());
            }
        }
        for partition in changed {
            self.reconcile(now, &partition, disk, out)?;
        }
        self.complete_deletes(out);
        Ok(())
    }

    /// Settings of `topic`: the topic's own over the broker's, whatever those come from.
    pub(super) fn log_config(&self, topic: &TopicName) -> LogConfig {
        configured(&self.config.log, &self.observer.image, topic)
    }

    /// Makes this broker's copy of `partition` what the registration says.
    fn reconcile(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let Some(registration) = self.observer.image.partition(partition).cloned() else {
            return Ok(());
        };
        if !registration.replicas.contains(&self.id) {
            if self.replicas.contains_key(partition) {
                self.drop_replica(now, partition, disk, out)?;
            }
            return Ok(());
        }
        let config = self.log_config(&partition.topic);
        if !self.replicas.contains_key(partition) {
            let topic = self.observer.image.topics.get(&partition.topic);
            let id = topic.map_or(Uuid::ZERO, |topic| topic.id);
            self.create_replica(now, partition, id, config, disk)?;
        } else if let Some(replica) = self.replicas.get_mut(partition) {
            replica.log.set_config(config);
        }
        let Some(replica) = self.replicas.get(partition) else {
            return Ok(());
        };
        if registration.partition_epoch <= replica.partition_epoch
            && replica.leader_epoch == registration.leader_epoch
        {
            return Ok(());
        }
        if registration.leader == Some(self.id) {
            self.make_leader(now, partition, &registration, disk, out)
        } else {
            self.make_follower(now, partition, &registration, disk, out)
        }
    }

    /// Opens the log of a replica, or begins it; it leads nothing yet.
    pub(super) fn create_replica(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        id: Uuid,
        config: LogConfig,
        disk: &mut Disk,
    ) -> Result<(), Halt> {
        let directory = format!("{}/{partition}", self.directory);
        let mut log = match self.found.remove(partition) {
            Some(mut log) if log.topic_id() == id || !self.config.log.era.topic_ids => {
                log.set_config(config);
                log
            }
            Some(log) => {
                // The same name, but another topic: set aside, as Kafka does (`-stray`).
                log.forget(disk);
                crate::storage::set_aside(disk, &self.directory, &partition.to_string())?;
                Log::create(disk, &directory, partition, id, config)?
            }
            None => Log::create(disk, &directory, partition, id, config)?,
        };
        log.opened(now);
        let found = self.found_high_watermarks.remove(partition).unwrap_or(Offset::ZERO);
        let high_watermark = found.max(log.log_start_offset()).min(log.log_end_offset());
        let replica = Replica {
            partition: partition.clone(),
            broker: self.id,
            assigned: Vec::new(),
            partition_epoch: PartitionEpoch(-1),
            leader_epoch: crate::types::LeaderEpoch::NONE,
            log,
            role: Role::Follower(Follower::new(None, high_watermark)),
        };
        self.replicas.insert(partition.clone(), replica);
        Ok(())
    }

    pub(super) fn make_leader(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        registration: &PartitionRegistration,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        self.unfollow(partition, out);
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(());
        };
        replica.assigned = registration.replicas.clone();
        replica.partition_epoch = registration.partition_epoch;
        let same_reign = replica.is_leader() && replica.leader_epoch == registration.leader_epoch;
        if same_reign {
            if let Role::Leader(leader) = &mut replica.role {
                let before = leader.isr.clone();
                leader.update(self.id, &registration.replicas, &registration.isr);
                if before != registration.isr {
                    out.events.push(Event::Replica(replica::Event::IsrChanged {
                        partition: partition.clone(),
                        from: before,
                        to: registration.isr.clone(),
                    }));
                }
            }
        } else {
            let start = replica.log.log_end_offset();
            replica.leader_epoch = registration.leader_epoch;
            if self.config.era().leader_epochs {
                let mut events = Vec::new();
                replica.log.assign_epoch(disk, registration.leader_epoch, start, &mut events)?;
                out.events.extend(events.into_iter().map(Event::Storage));
            }
            let mut leader = Leader::new(
                self.id,
                &registration.replicas,
                &registration.isr,
                start,
                replica.high_watermark(),
                now,
            );
            leader.recovering = registration.recovering;
            if let Role::Leader(old) = &mut replica.role {
                leader.waiting_fetches = std::mem::take(&mut old.waiting_fetches);
                leader.waiting_produces = std::mem::take(&mut old.waiting_produces);
            }
            replica.role = Role::Leader(leader);
            out.events.push(Event::Replica(replica::Event::BecameLeader {
                partition: partition.clone(),
                epoch: registration.leader_epoch,
                start,
                isr: registration.isr.clone(),
            }));
            self.leads_offsets(now, partition, disk, out)?;
        }
        self.advance_high_watermark(now, partition, disk, out)?;
        self.complete_produces(now, partition, disk, out)
    }

    pub(super) fn make_follower(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        registration: &PartitionRegistration,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        let id = self.id;
        let Some(replica) = self.replicas.get_mut(partition) else {
            return Ok(());
        };
        replica.assigned = registration.replicas.clone();
        replica.partition_epoch = registration.partition_epoch;
        let same_leader = replica.leader() == registration.leader && !replica.is_leader();
        if same_leader && replica.leader_epoch == registration.leader_epoch {
            return Ok(());
        }
        if same_leader && registration.leader.is_some() && !self.config.era().leader_epochs {
            // Before 0.11 a new epoch of the same leader changed nothing for its followers (`Partition.makeFollower`).
            replica.leader_epoch = registration.leader_epoch;
            for fetcher in self.fetchers.values_mut() {
                if let Some(following) = fetcher.partitions.get_mut(partition) {
                    following.epoch = registration.leader_epoch;
                }
            }
            return Ok(());
        }
        replica.leader_epoch = registration.leader_epoch;
        let high_watermark = replica.high_watermark();
        let role = Role::Follower(Follower::new(registration.leader, high_watermark));
        let before = std::mem::replace(&mut replica.role, role);
        out.events.push(Event::Replica(replica::Event::BecameFollower {
            partition: partition.clone(),
            leader: registration.leader,
            epoch: registration.leader_epoch,
        }));
        if let Role::Leader(leader) = before {
            self.fail_fetches(leader.waiting_fetches, disk, out)?;
            self.fail_produces(now, leader.waiting_produces, partition, disk, out)?;
            self.lost_offsets(now, partition, out);
        }
        self.unfollow(partition, out);
        if let Some(leader) = registration.leader
            && leader != id
        {
            self.cut_before_following(partition, disk, out)?;
            self.follow(now, partition, leader, registration.leader_epoch, out);
        }
        Ok(())
    }

    /// Lets go of a copy; its directory is renamed and removed later.
    pub(super) fn drop_replica(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<(), Halt> {
        self.unfollow(partition, out);
        let Some(replica) = self.replicas.remove(partition) else {
            return Ok(());
        };
        if let Role::Leader(leader) = &replica.role {
            let (fetches, produces) =
                (leader.waiting_fetches.clone(), leader.waiting_produces.clone());
            self.fail_fetches(fetches, disk, out)?;
            self.fail_produces(now, produces, partition, disk, out)?;
            self.lost_offsets(now, partition, out);
        }
        let from = format!("{}/{partition}", self.directory);
        let suffix = self.deletion_id(replica.log.topic_id(), now).0;
        let suffix: String = suffix.iter().map(|byte| format!("{byte:02x}")).collect();
        let to = format!("{from}.{suffix}-delete");
        replica.log.forget(disk);
        disk.rename(&from, &to)?;
        let delay = Duration::from_ms(replica.log.config().file_delete_delay_ms as u64);
        self.deleting.push((now + delay, to));
        self.forget_cleaned(partition, disk)?;
        Ok(())
    }

    /// Lets go of a copy that nobody has claimed since the start.
    pub(super) fn drop_found(
        &mut self,
        now: Instant,
        partition: &TopicPartition,
        disk: &mut Disk,
    ) -> Result<(), Halt> {
        let Some(log) = self.found.remove(partition) else { return Ok(()) };
        let from = format!("{}/{partition}", self.directory);
        let suffix = self.deletion_id(log.topic_id(), now).0;
        let suffix: String = suffix.iter().map(|byte| format!("{byte:02x}")).collect();
        let to = format!("{from}.{suffix}-delete");
        log.forget(disk);
        disk.rename(&from, &to)?;
        self.deleting.push((now + Duration::from_ms(60_000), to));
        Ok(())
    }

    /// Drops the copies of topics that the image has no more.
    fn delete_removed(&mut self, now: Instant, disk: &mut Disk, out: &mut Out) -> Result<(), Halt> {
        let gone: Vec<TopicPartition> = self
            .replicas
            .iter()
            .filter(|(partition, replica)| {
                let topic = self.observer.image.topics.get(&partition.topic);
                topic.is_none_or(|topic| topic.id != replica.log.topic_id())
            })
            .map(|(partition, _)| partition.clone())
            .collect();
        for partition in gone {
            self.drop_replica(now, &partition, disk, out)?;
        }
        Ok(())
    }
}

/// Settings of `topic` as an image of the metadata has them: the topic's own over the broker's.
pub(super) fn configured(own: &LogConfig, image: &Image, topic: &TopicName) -> LogConfig {
    let mut config = own.clone();
    let topic = image.configs.get(&ConfigResource::Topic(topic.as_str().to_owned()));
    for (name, value) in topic.into_iter().flatten() {
        // The controller refused what does not fit; a name of a later version changes nothing here.
        let _ = config.set(name, value);
    }
    config
}
