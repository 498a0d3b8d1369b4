//! Metadata records as bytes, exactly as Kafka 4.3 writes them (`MetadataRecordSerde`, `AbstractApiMessageSerde`).
//!
//! ```text
//!   ┌───────┬─────────┬─────────┬───────────────── fields in the schema's order ─────────────────┬───────────────┐
//!   │ frame │ api key │ version │  int32 …  uuid …  compact arrays …                              │ tagged fields │
//!   │   1   │ varint  │ varint  │                                                                 │               │
//!   └───────┴─────────┴─────────┴─────────────────────────────────────────────────────────────────┴───────────────┘
//! ```
//!
//! Decoding is the inverse of encoding, always: a record that this table would not write again byte for byte (another
//! version, a tag that 4.3 does not have) is kept as `Unknown`.

use super::codec::{Reader, RecordError, Tags, Writer};
use super::record::*;
use super::release;
use crate::types::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, TopicName};

const FRAME_VERSION: u32 = 1;

impl MetadataRecord {
    /// Kafka's API key of the record and the version that 4.3 writes.
    pub fn kind_and_version(&self) -> (u32, u32) {
        match self {
            MetadataRecord::RegisterBroker(_) => (0, 4),
            MetadataRecord::UnregisterBroker { .. } => (1, 0),
            MetadataRecord::Topic { .. } => (2, 0),
            MetadataRecord::Partition(_) => (3, 2),
            MetadataRecord::Config { .. } => (4, 0),
            MetadataRecord::PartitionChange(_) => (5, 2),
            MetadataRecord::RemoveTopic { .. } => (9, 0),
            MetadataRecord::FeatureLevel { .. } => (12, 0),
            MetadataRecord::ProducerIds { .. } => (15, 0),
            MetadataRecord::BrokerRegistrationChange(change) => {
                let version = match change {
                    BrokerRegistrationChange { cordoned: Some(_), .. } => 3,
                    BrokerRegistrationChange { log_directories: Some(_), .. } => 2,
                    _ => u32::from(change.in_controlled_shutdown),
                };
                (17, version)
            }
            MetadataRecord::NoOp => (20, 0),
            MetadataRecord::ZkMigrationState { .. } => (21, 0),
            MetadataRecord::BeginTransaction { .. } => (23, 0),
            MetadataRecord::EndTransaction => (24, 0),
            MetadataRecord::RegisterController(_) => (27, 0),
            MetadataRecord::ClearElr { .. } => (28, 0),
            MetadataRecord::Unknown { kind, version, .. } => (*kind, *version),
        }
    }

    /// The record's bytes: the value of a record of `__cluster_metadata-0`.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_as(self.kind_and_version().1)
    }

    /// Its bytes in a cluster with this level of `metadata.version`.
    pub fn encode_at(&self, level: i16) -> Vec<u8> {
        self.encode_as(self.version_at(level))
    }

    fn version_at(&self, level: i16) -> u32 {
        let (kind, newest) = self.kind_and_version();
        release::record_version(kind, level).unwrap_or(newest)
    }

    fn encode_as(&self, version: u32) -> Vec<u8> {
        if let MetadataRecord::Unknown { bytes, .. } = self {
            return bytes.clone();
        }
        let mut out = Writer::default();
        let kind = self.kind_and_version().0;
        out.varint(FRAME_VERSION);
        out.varint(kind);
        out.varint(version);
        self.put(&mut out);
        out.bytes
    }

    fn put(&self, out: &mut Writer) {
        match self {
            MetadataRecord::RegisterBroker(record) => return put_register_broker(out, record),
            MetadataRecord::Partition(record) => return put_partition(out, record),
            MetadataRecord::PartitionChange(record) => return put_partition_change(out, record),
            MetadataRecord::BrokerRegistrationChange(record) => {
                return put_registration_change(out, record);
            }
            MetadataRecord::UnregisterBroker { broker, epoch } => {
                out.node(*broker);
                out.i64(epoch.0);
            }
            MetadataRecord::Topic { name, id } => {
                out.string(name.as_str());
                out.uuid(*id);
            }
            MetadataRecord::Config { resource, name, value } => {
                let (kind, resource_name) = resource.parts();
                out.i8(kind);
                out.string(resource_name);
                out.string(name);
                out.nullable(value.as_deref());
            }
            MetadataRecord::RemoveTopic { id } => out.uuid(*id),
            MetadataRecord::FeatureLevel { name, level } => {
                out.string(name);
                out.i16(*level);
            }
            MetadataRecord::ProducerIds { broker, epoch, next_producer_id } => {
                out.node(*broker);
                out.i64(epoch.0);
                out.i64(*next_producer_id);
            }
            MetadataRecord::BeginTransaction { name } => {
                let tags = Tags::default().put(0, name.as_deref(), |out, name| out.string(name));
                return out.tags(tags);
            }
            MetadataRecord::RegisterController(record) => {
                out.node(record.controller);
                out.uuid(record.incarnation);
                out.bool(record.migration_ready);
                out.array(&record.endpoints, put_endpoint);
                out.array(&record.features, put_feature);
            }
            MetadataRecord::ClearElr { topic } => out.string(topic),
            MetadataRecord::ZkMigrationState { state } => out.i8(*state),
            MetadataRecord::NoOp
            | MetadataRecord::EndTransaction
            | MetadataRecord::Unknown { .. } => {}
        }
        out.no_tags();
    }

    /// Reads a record. What 4.3 would not write the same way comes back as `Unknown`; bytes that end too early, or a
    /// frame that is none, are an error.
    pub fn decode(bytes: &[u8]) -> Result<MetadataRecord, RecordError> {
        let mut input = Reader::new(bytes);
        let frame = input.varint("frame version")?;
        if frame != FRAME_VERSION {
            return input.error("frame version", format!("{frame} is not known, 1 is"));
        }
        let kind = input.varint("api key")?;
        let version = input.varint("version")?;
        let unknown = || MetadataRecord::Unknown { kind, version, bytes: bytes.to_vec() };
        let Some(record) = get(kind, version, &mut input)? else { return Ok(unknown()) };
        input.end()?;
        let is_ours = release::LEVELS.iter().any(|&level| record.version_at(level) == version);
        Ok(if is_ours && record.encode_as(version) == bytes { record } else { unknown() })
    }
}

fn put_endpoint(out: &mut Writer, endpoint: &Endpoint) {
    out.string(&endpoint.name);
    out.string(&endpoint.host);
    out.u16(endpoint.port);
    out.i16(endpoint.security_protocol);
    out.no_tags();
}

fn put_feature(out: &mut Writer, feature: &FeatureRange) {
    out.string(&feature.name);
    out.i16(feature.min);
    out.i16(feature.max);
    out.no_tags();
}

fn put_register_broker(out: &mut Writer, record: &RegisterBroker) {
    out.node(record.broker);
    out.bool(false); // IsMigratingZkBroker
    out.uuid(record.incarnation);
    out.i64(record.epoch.0);
    out.array(&record.endpoints, put_endpoint);
    out.array(&record.features, put_feature);
    out.nullable(record.rack.as_deref());
    out.bool(record.fenced);
    out.bool(record.in_controlled_shutdown);
    let directories = (!record.log_directories.is_empty()).then_some(&record.log_directories);
    let tags = Tags::default().put(0, directories, |out, ids| out.uuids(ids)).put(
        1,
        record.cordoned.as_ref(),
        |out, ids| out.uuids(ids),
    );
    out.tags(tags);
}

fn put_partition(out: &mut Writer, record: &PartitionRecord) {
    out.i32(record.partition as i32);
    out.uuid(record.topic);
    out.nodes(&record.replicas);
    out.nodes(&record.isr);
    out.nodes(&record.removing);
    out.nodes(&record.adding);
    out.leader(record.leader);
    out.i32(record.leader_epoch.0);
    out.i32(record.partition_epoch.0);
    out.uuids(&record.directories);
    let tags = Tags::default()
        .put(0, record.recovering.then_some(1), Writer::i8)
        .put(1, record.elr.as_ref(), |out, nodes| out.nodes(nodes))
        .put(2, record.last_known_elr.as_ref(), |out, nodes| out.nodes(nodes));
    out.tags(tags);
}

fn put_partition_change(out: &mut Writer, change: &PartitionChange) {
    out.i32(change.partition as i32);
    out.uuid(change.topic);
    let tags = Tags::default()
        .put(0, change.isr.as_ref(), |out, nodes| out.nodes(nodes))
        .put(1, change.leader, Writer::leader)
        .put(2, change.replicas.as_ref(), |out, nodes| out.nodes(nodes))
        .put(3, change.removing.as_ref(), |out, nodes| out.nodes(nodes))
        .put(4, change.adding.as_ref(), |out, nodes| out.nodes(nodes))
        .put(5, change.recovering, Writer::bool)
        .put(6, change.elr.as_ref(), |out, nodes| out.nodes(nodes))
        .put(7, change.last_known_elr.as_ref(), |out, nodes| out.nodes(nodes))
        .put(8, change.directories.as_ref(), |out, ids| out.uuids(ids));
    out.tags(tags);
}

fn put_registration_change(out: &mut Writer, change: &BrokerRegistrationChange) {
    out.node(change.broker);
    out.i64(change.epoch.0);
    let fenced = change.fenced.map(|fenced| if fenced { 1 } else { -1 });
    let tags = Tags::default()
        .put(0, fenced, Writer::i8)
        .put(1, change.in_controlled_shutdown.then_some(1), Writer::i8)
        .put(2, change.log_directories.as_ref(), |out, ids| out.uuids(ids))
        .put(3, change.cordoned.as_ref(), |out, ids| out.uuids(ids));
    out.tags(tags);
}

type Read<T> = Result<T, RecordError>;

fn get(kind: u32, version: u32, input: &mut Reader<'_>) -> Read<Option<MetadataRecord>> {
    let record = match (kind, version) {
        (0, 3 | 4) => MetadataRecord::RegisterBroker(get_register_broker(input)?),
        (3, 1 | 2) => MetadataRecord::Partition(get_partition(input)?),
        (5, 1 | 2) => MetadataRecord::PartitionChange(get_partition_change(input)?),
        (17, 0..=3) => MetadataRecord::BrokerRegistrationChange(get_registration_change(input)?),
        (23, 0) => {
            let mut name = None;
            input.tags(|tag, input| match tag {
                0 => {
                    name = input.nullable("Name")?;
                    Ok(())
                }
                _ => unknown_tag(tag, input),
            })?;
            MetadataRecord::BeginTransaction { name }
        }
        _ => {
            let Some(record) = get_plain(kind, version, input)? else { return Ok(None) };
            input.no_tags()?;
            record
        }
    };
    Ok(Some(record))
}

/// Records without tagged fields of their own.
fn get_plain(kind: u32, version: u32, input: &mut Reader<'_>) -> Read<Option<MetadataRecord>> {
    Ok(Some(match (kind, version) {
        (1, 0) => MetadataRecord::UnregisterBroker {
            broker: input.node("BrokerId")?,
            epoch: BrokerEpoch(input.i64("BrokerEpoch")?),
        },
        (2, 0) => MetadataRecord::Topic {
            name: TopicName::new(&input.string("Name")?),
            id: input.uuid("TopicId")?,
        },
        (4, 0) => {
            let kind = input.i8("ResourceType")?;
            let resource = ConfigResource::from_parts(kind, input.string("ResourceName")?);
            let name = input.string("Name")?;
            MetadataRecord::Config { resource, name, value: input.nullable("Value")? }
        }
        (9, 0) => MetadataRecord::RemoveTopic { id: input.uuid("TopicId")? },
        (12, 0) => MetadataRecord::FeatureLevel {
            name: input.string("Name")?,
            level: input.i16("FeatureLevel")?,
        },
        (15, 0) => MetadataRecord::ProducerIds {
            broker: input.node("BrokerId")?,
            epoch: BrokerEpoch(input.i64("BrokerEpoch")?),
            next_producer_id: input.i64("NextProducerId")?,
        },
        (20, 0) => MetadataRecord::NoOp,
        (21, 0) => MetadataRecord::ZkMigrationState { state: input.i8("ZkMigrationState")? },
        (24, 0) => MetadataRecord::EndTransaction,
        (27, 0) => MetadataRecord::RegisterController(RegisterController {
            controller: input.node("ControllerId")?,
            incarnation: input.uuid("IncarnationId")?,
            migration_ready: input.bool("ZkMigrationReady")?,
            endpoints: input.array("EndPoints", get_endpoint)?,
            features: input.array("Features", get_feature)?,
        }),
        (28, 0) => MetadataRecord::ClearElr { topic: input.string("TopicName")? },
        _ => return Ok(None),
    }))
}

fn unknown_tag(tag: u32, input: &mut Reader<'_>) -> Read<()> {
    input.take("tagged field", input.left())?; // the record is kept as Unknown, since it would lose this tag
    let _ = tag;
    Ok(())
}

fn get_endpoint(input: &mut Reader<'_>) -> Read<Endpoint> {
    let endpoint = Endpoint {
        name: input.string("EndPoints.Name")?,
        host: input.string("EndPoints.Host")?,
        port: input.u16("EndPoints.Port")?,
        security_protocol: input.i16("EndPoints.SecurityProtocol")?,
    };
    input.no_tags()?;
    Ok(endpoint)
}

fn get_feature(input: &mut Reader<'_>) -> Read<FeatureRange> {
    let feature = FeatureRange {
        name: input.string("Features.Name")?,
        min: input.i16("Features.MinSupportedVersion")?,
        max: input.i16("Features.MaxSupportedVersion")?,
    };
    input.no_tags()?;
    Ok(feature)
}

fn get_register_broker(input: &mut Reader<'_>) -> Read<RegisterBroker> {
    let broker = input.node("BrokerId")?;
    input.bool("IsMigratingZkBroker")?;
    let mut record = RegisterBroker {
        broker,
        incarnation: input.uuid("IncarnationId")?,
        epoch: BrokerEpoch(input.i64("BrokerEpoch")?),
        endpoints: input.array("EndPoints", get_endpoint)?,
        features: input.array("Features", get_feature)?,
        rack: input.nullable("Rack")?.map(Into::into),
        fenced: input.bool("Fenced")?,
        in_controlled_shutdown: input.bool("InControlledShutdown")?,
        log_directories: Vec::new(),
        cordoned: None,
    };
    input.tags(|tag, input| {
        match tag {
            0 => record.log_directories = input.uuids("LogDirs")?,
            1 => record.cordoned = Some(input.uuids("CordonedLogDirs")?),
            _ => unknown_tag(tag, input)?,
        }
        Ok(())
    })?;
    Ok(record)
}

fn get_partition_number(input: &mut Reader<'_>) -> Read<u32> {
    match input.i32("PartitionId")? {
        number @ 0.. => Ok(number as u32),
        number => input.error("PartitionId", format!("{number} is negative")),
    }
}

fn get_partition(input: &mut Reader<'_>) -> Read<PartitionRecord> {
    let mut record = PartitionRecord {
        partition: get_partition_number(input)?,
        topic: input.uuid("TopicId")?,
        replicas: input.nodes("Replicas")?,
        isr: input.nodes("Isr")?,
        removing: input.nodes("RemovingReplicas")?,
        adding: input.nodes("AddingReplicas")?,
        leader: input.leader("Leader")?,
        leader_epoch: LeaderEpoch(input.i32("LeaderEpoch")?),
        partition_epoch: PartitionEpoch(input.i32("PartitionEpoch")?),
        directories: input.uuids("Directories")?,
        ..PartitionRecord::default()
    };
    input.tags(|tag, input| {
        match tag {
            0 => record.recovering = input.bool("LeaderRecoveryState")?,
            1 => record.elr = Some(input.nodes("EligibleLeaderReplicas")?),
            2 => record.last_known_elr = Some(input.nodes("LastKnownElr")?),
            _ => unknown_tag(tag, input)?,
        }
        Ok(())
    })?;
    Ok(record)
}

fn get_partition_change(input: &mut Reader<'_>) -> Read<PartitionChange> {
    let mut change = PartitionChange {
        partition: get_partition_number(input)?,
        topic: input.uuid("TopicId")?,
        ..PartitionChange::default()
    };
    let nodes = |input: &mut Reader<'_>, field| -> Read<Option<Vec<NodeId>>> {
        Ok(Some(input.nodes(field)?))
    };
    input.tags(|tag, input| {
        match tag {
            0 => change.isr = nodes(input, "Isr")?,
            1 => change.leader = Some(input.leader("Leader")?),
            2 => change.replicas = nodes(input, "Replicas")?,
            3 => change.removing = nodes(input, "RemovingReplicas")?,
            4 => change.adding = nodes(input, "AddingReplicas")?,
            5 => change.recovering = Some(input.bool("LeaderRecoveryState")?),
            6 => change.elr = nodes(input, "EligibleLeaderReplicas")?,
            7 => change.last_known_elr = nodes(input, "LastKnownElr")?,
            8 => change.directories = Some(input.uuids("Directories")?),
            _ => unknown_tag(tag, input)?,
        }
        Ok(())
    })?;
    Ok(change)
}

fn get_registration_change(input: &mut Reader<'_>) -> Read<BrokerRegistrationChange> {
    let mut change = BrokerRegistrationChange {
        broker: input.node("BrokerId")?,
        epoch: BrokerEpoch(input.i64("BrokerEpoch")?),
        fenced: None,
        in_controlled_shutdown: false,
        log_directories: None,
        cordoned: None,
    };
    input.tags(|tag, input| {
        match tag {
            0 => change.fenced = Some(input.i8("Fenced")? > 0),
            1 => change.in_controlled_shutdown = input.bool("InControlledShutdown")?,
            2 => change.log_directories = Some(input.uuids("LogDirs")?),
            3 => change.cordoned = Some(input.uuids("CordonedLogDirs")?),
            _ => unknown_tag(tag, input)?,
        }
        Ok(())
    })?;
    Ok(change)
}
