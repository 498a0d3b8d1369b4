//! Offsets: committed through the log, fetched from what is committed (class `OffsetMetadataManager`).

use super::super::records::OffsetCommit;
use super::*;

impl Group {
    /// Whether the sender may commit (`ClassicGroup.validateOffsetCommit`).
    fn validate_commit(&self, request: &OffsetCommitRequest) -> ErrorCode {
        if request.generation < 0 && self.state == GroupState::Empty {
            return ErrorCode::NONE;
        }
        let anonymous = request.generation < 0
            && request.member_id.is_empty()
            && request.group_instance_id.is_none();
        let error = match anonymous {
            true => ErrorCode::UNKNOWN_MEMBER_ID,
            false => self.validate_in(
                &request.member_id,
                request.group_instance_id.as_deref(),
                request.generation,
            ),
        };
        match error {
            ErrorCode::NONE if self.state == GroupState::CompletingRebalance => {
                ErrorCode::REBALANCE_IN_PROGRESS
            }
            error => error,
        }
    }
}

impl Coordinator {
    pub(super) fn commit(
        &mut self,
        now: Instant,
        reply: Reply,
        request: OffsetCommitRequest,
        out: &mut Out,
    ) -> Vec<Append> {
        let id = request.group.clone();
        let error = match (self.serves(&id), self.groups.get(&id)) {
            (false, _) => ErrorCode::NOT_COORDINATOR,
            (true, None) if id.is_empty() => ErrorCode::INVALID_GROUP_ID,
            (true, None) if request.generation < 0 => ErrorCode::NONE,
            (true, None) => ErrorCode::ILLEGAL_GENERATION,
            (true, Some(group)) => group.validate_commit(&request),
        };
        if !error.is_none() || request.offsets.is_empty() {
            if !error.is_none() {
                out.events.push(Event::Refused { group: id, request: "OffsetCommit", error });
            }
            let partitions = request.offsets.into_iter().map(|(tp, ..)| (tp, error)).collect();
            let response = OffsetCommitResponse { partitions };
            self.answer(reply, Response::OffsetCommit(response), out);
            return Vec::new();
        }
        let group = self.group_or_new(&id, now);
        if let Some(member) = group.members.get_mut(&request.member_id) {
            // A commit keeps the session alive, too.
            member.heard_of(&id, now, out);
        }
        let timestamp = now.off_by(self.config.clock_skew_us).timestamp();
        let mut records = Vec::with_capacity(request.offsets.len());
        let mut offsets = Vec::with_capacity(request.offsets.len());
        for (partition, offset, leader_epoch) in request.offsets {
            let topic_id = self.topic_ids.get(&partition.topic).copied().unwrap_or(Uuid::ZERO);
            records.push(GroupRecord::Offset {
                key_version: 1,
                group: id.clone(),
                partition: partition.clone(),
                value: Some(OffsetCommit {
                    version: 4,
                    offset,
                    leader_epoch,
                    metadata: Arc::from(""),
                    commit_timestamp: timestamp,
                    expire_timestamp: crate::types::Timestamp::NONE,
                    topic_id,
                }),
            });
            offsets.push((partition, Committed { offset, leader_epoch, timestamp }));
        }
        vec![self.write(now, &id, &records, Write::Offsets { offsets, reply })]
    }

    pub(super) fn offsets_written(
        &mut self,
        id: &Arc<str>,
        offsets: Vec<(TopicPartition, Committed)>,
        reply: Reply,
        result: ErrorCode,
        out: &mut Out,
    ) {
        let error = sync::write_error(result);
        let mut partitions = Vec::with_capacity(offsets.len());
        for (partition, committed) in offsets {
            partitions.push((partition.clone(), error));
            if !error.is_none() {
                continue;
            }
            out.events.push(Event::OffsetCommitted {
                group: id.clone(),
                partition: partition.clone(),
                offset: committed.offset,
            });
            if let Some(group) = self.groups.get_mut(id) {
                group.offsets.insert(partition, committed);
            }
        }
        self.answer(reply, Response::OffsetCommit(OffsetCommitResponse { partitions }), out);
    }

    /// No partitions in the request: all that the group has.
    pub(super) fn fetch_offsets(&self, reply: Reply, request: OffsetFetchRequest, out: &mut Out) {
        let group = self.groups.get(&request.group);
        let error = match self.serves(&request.group) {
            true => ErrorCode::NONE,
            false => ErrorCode::NOT_COORDINATOR,
        };
        let partitions = if !error.is_none() {
            Vec::new()
        } else if request.partitions.is_empty() {
            group.map_or(Vec::new(), |group| {
                group.offsets.iter().map(|(tp, committed)| (tp.clone(), committed.offset)).collect()
            })
        } else {
            let offset = |partition: &TopicPartition| {
                let committed = group.and_then(|group| group.offsets.get(partition));
                committed.map_or(Offset::NONE, |committed| committed.offset)
            };
            request.partitions.into_iter().map(|tp| (tp.clone(), offset(&tp))).collect()
        };
        let response = OffsetFetchResponse { error, partitions };
        self.answer(reply, Response::OffsetFetch(response), out);
    }
}
