//! Settings of topics, of all brokers and of one broker, changed one by one (`ConfigurationControlManager`, KIP-339).
//!
//! Always: all changes of one request are made, or none; what would not change is not written; another value of
//! `min.insync.replicas` clears the eligible leader replicas (KIP-966). Left out: policies.

use super::controller::{Controller, MAX_RECORDS, Out};
use super::partitions::Refusal;
use super::record::*;
use super::topic_configs::{self, Scope};
use super::topics::refuse;
use crate::clock::Instant;
use crate::coordination::Event;
use crate::disk::Disk;
use crate::protocol::{ErrorCode, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use crate::storage::StorageError;
use crate::types::NodeId;

impl Controller {
    pub(super) fn alter_configs(
        &mut self,
        now: Instant,
        from: NodeId,
        request: IncrementalAlterConfigsRequest,
        disk: &mut Disk,
        out: &mut Out,
    ) -> Result<IncrementalAlterConfigsResponse, StorageError> {
        match self.changed_configs(&request) {
            Ok(records) => {
                for record in &records {
                    if let MetadataRecord::Config { resource, name, value } = record {
                        let (name, value) = (name.clone(), value.clone());
                        out.events.push(Event::ConfigChanged {
                            resource: resource.to_string(),
                            name,
                            value,
                        });
                    }
                }
                self.write(now, records, self.asked(), disk, out)?;
                Ok(IncrementalAlterConfigsResponse {
                    error: ErrorCode::NONE,
                    message: String::new(),
                })
            }
            Err((error, message)) => {
                let (request, about) = ("IncrementalAlterConfigs", message.clone());
                out.events.push(Event::RequestRefused { from, request, error, about });
                Ok(IncrementalAlterConfigsResponse { error, message })
            }
        }
    }

    /// Records for what really changes (`incrementalAlterConfigResource`).
    fn changed_configs(
        &self,
        request: &IncrementalAlterConfigsRequest,
    ) -> Result<Vec<MetadataRecord>, Refusal> {
        let (scope, resource) = match &request.topic {
            Some(topic) if !self.state().topics.contains_key(topic) => {
                let about = format!("there is no topic {topic}");
                return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, about);
            }
            Some(topic) => (Scope::Topic, ConfigResource::topic(topic)),
            None => match request.broker {
                Some(broker) => (Scope::Broker, ConfigResource::Broker(broker.to_string())),
                None => (Scope::Cluster, ConfigResource::cluster()),
            },
        };
        let before = self.state().configs_of(&resource);
        let mut records = Vec::new();
        for (name, value) in request.configs.iter().take(MAX_RECORDS) {
            if name == "min.insync.replicas" && self.config.era.eligible_leader_replicas {
                // With ELR the cluster's value must always be known, and be the same for all (KIP-966).
                let about = match (scope, value) {
                    (Scope::Broker, _) => "Broker-level min.insync.replicas cannot be altered",
                    (Scope::Cluster, None) => "Cluster-level min.insync.replicas cannot be removed",
                    _ => "",
                };
                if !about.is_empty() {
                    let about = format!("{about} while ELR is enabled.");
                    return refuse(ErrorCode::INVALID_CONFIG, about);
                }
            }
            if let Some(value) = value {
                topic_configs::check(self.config.era, scope, name, value)
                    .map_err(|about| (ErrorCode::INVALID_CONFIG, about))?;
            }
            // Those of brokers are written even when equal, so that brokers load them again (KAFKA-14136).
            if before.get(name) != value.as_ref() || scope != Scope::Topic {
                let (resource, name, value) = (resource.clone(), name.clone(), value.clone());
                records.push(MetadataRecord::Config { resource, name, value });
            }
        }
        records.extend(clear_elr(&records));
        Ok(records)
    }
}

/// Another `min.insync.replicas` makes the eligible replicas of before meaningless (`createClearElrRecordsAsNeeded`).
pub(super) fn clear_elr(records: &[MetadataRecord]) -> Vec<MetadataRecord> {
    let clear = |record: &MetadataRecord| match record {
        MetadataRecord::Config { resource, name, .. } if name == "min.insync.replicas" => {
            let topic = match resource {
                ConfigResource::Topic(name) => name.clone(),
                _ => String::new(),
            };
            Some(MetadataRecord::ClearElr { topic })
        }
        _ => None,
    };
    records.iter().filter_map(clear).collect()
}
