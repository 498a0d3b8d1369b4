//! SyncGroup, Heartbeat, LeaveGroup (`classicGroupSync`, `classicGroupHeartbeat`, `classicGroupLeave`).

use super::*;

/// What a member hears when the write failed (`appendGroupMetadataErrorToResponseError`).
pub(super) fn write_error(error: ErrorCode) -> ErrorCode {
    use ErrorCode::*;
    match error {
        UNKNOWN_TOPIC_OR_PARTITION | NOT_ENOUGH_REPLICAS | REQUEST_TIMED_OUT => {
            COORDINATOR_NOT_AVAILABLE
        }
        NOT_LEADER_OR_FOLLOWER | KAFKA_STORAGE_ERROR => NOT_COORDINATOR,
        MESSAGE_TOO_LARGE | RECORD_LIST_TOO_LARGE | INVALID_FETCH_SIZE => UNKNOWN_SERVER_ERROR,
        other => other,
    }
}

fn share(error: ErrorCode, assignment: Arc<[u8]>) -> Response {
    Response::SyncGroup(SyncGroupResponse { error, assignment })
}

impl Coordinator {
    pub(super) fn sync(
        &mut self,
        now: Instant,
        reply: Reply,
        request: SyncGroupRequest,
        out: &mut Out,
    ) -> Vec<Append> {
        let id = request.group.clone();
        let mut error = match self.serves(&id) {
            false => ErrorCode::NOT_COORDINATOR,
            true => self.groups.get(&id).map_or(ErrorCode::UNKNOWN_MEMBER_ID, |group| {
                group.validate_in(
                    &request.member_id,
                    request.group_instance_id.as_deref(),
                    request.generation,
                )
            }),
        };
        let group = self.groups.get_mut(&id).filter(|_| error.is_none());
        if group.as_ref().is_some_and(|group| group.state == GroupState::PreparingRebalance) {
            error = ErrorCode::REBALANCE_IN_PROGRESS;
        }
        let Some(group) = group.filter(|_| error.is_none()) else {
            let event = Event::Refused { group: id, request: "SyncGroup", error };
            out.events.push(event);
            self.answer(reply, share(error, Arc::from([])), out);
            return Vec::new();
        };
        group.pending_sync.remove(&request.member_id);
        if group.pending_sync.is_empty() {
            out.cancel(Timer::GroupRebalance { group: id.clone() });
        }
        let is_leader = group.is_leader(&request.member_id);
        let Some(member) = group.members.get_mut(&request.member_id) else { return Vec::new() };
        if group.state == GroupState::Stable {
            let response = share(ErrorCode::NONE, member.assignment.clone());
            self.answer(reply, response, out);
            return Vec::new();
        }
        member.awaiting_sync = Some(reply);
        if !is_leader {
            return Vec::new();
        }
        let given: BTreeMap<Arc<str>, Arc<[u8]>> = request.assignments.into_iter().collect();
        let empty: Arc<[u8]> = Arc::from([]);
        let shares: BTreeMap<Arc<str>, Arc<[u8]>> = group
            .members
            .keys()
            .map(|id| (id.clone(), given.get(id).unwrap_or(&empty).clone()))
            .collect();
        let record = group.to_record(&shares);
        let write = Write::Shares { generation: request.generation, shares };
        vec![self.write(now, &id, &[record], write)]
    }

    /// The leader's shares are committed, or could not be written.
    pub(super) fn shares_written(
        &mut self,
        now: Instant,
        id: &Arc<str>,
        generation: i32,
        shares: BTreeMap<Arc<str>, Arc<[u8]>>,
        result: ErrorCode,
        out: &mut Out,
    ) -> Vec<Append> {
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        if group.state != GroupState::CompletingRebalance || group.generation != generation {
            return Vec::new();
        }
        if !result.is_none() {
            for member in group.members.values_mut() {
                member.refuse_sync(write_error(result), out);
            }
            return self.rebalance_or_complete(now, id, "the shares could not be stored", out);
        }
        out.events.push(Event::AssignmentStored { group: id.clone(), generation });
        for member in group.members.values_mut() {
            if let Some(assignment) = shares.get(&member.id) {
                member.assignment = assignment.clone();
            }
            if let Some((to, correlation)) = member.awaiting_sync.take() {
                let response = share(ErrorCode::NONE, member.assignment.clone());
                out.send(to, Message::response(correlation, response));
                member.heard_of(id, now, out);
            }
        }
        group.transition(GroupState::Stable, now.off_by(self.config.clock_skew_us).timestamp());
        Vec::new()
    }

    pub(super) fn heartbeat(
        &mut self,
        now: Instant,
        request: &HeartbeatRequest,
        out: &mut Out,
    ) -> ErrorCode {
        if !self.serves(&request.group) {
            return ErrorCode::NOT_COORDINATOR;
        }
        let Some(group) = self.groups.get_mut(&request.group) else {
            return ErrorCode::UNKNOWN_MEMBER_ID;
        };
        let instance = request.group_instance_id.as_deref();
        let error = group.validate_in(&request.member_id, instance, request.generation);
        if !error.is_none() {
            return error;
        }
        if let Some(member) = group.members.get_mut(&request.member_id) {
            member.heard_of(&request.group, now, out);
        }
        match group.state {
            GroupState::PreparingRebalance => ErrorCode::REBALANCE_IN_PROGRESS,
            GroupState::Empty | GroupState::Dead => ErrorCode::UNKNOWN_MEMBER_ID,
            GroupState::CompletingRebalance | GroupState::Stable => ErrorCode::NONE,
        }
    }

    pub(super) fn leave(
        &mut self,
        now: Instant,
        reply: Reply,
        request: LeaveGroupRequest,
        out: &mut Out,
    ) -> Vec<Append> {
        let (id, member) = (request.group, request.member_id);
        let known = self.groups.get(&id).is_some_and(|group| {
            group.members.contains_key(&member) || group.pending_members.contains(&member)
        });
        let error = match (self.serves(&id), known) {
            (false, _) => ErrorCode::NOT_COORDINATOR,
            (true, false) => ErrorCode::UNKNOWN_MEMBER_ID,
            (true, true) => ErrorCode::NONE,
        };
        self.answer(reply, Response::LeaveGroup(LeaveGroupResponse { error }), out);
        if !error.is_none() {
            return Vec::new();
        }
        out.cancel(session_timer(&id, &member));
        out.events.push(Event::MemberLeft { group: id.clone(), member: member.clone() });
        self.remove_member(now, &id, &member, "a member left", out)
    }
}

impl Group {
    /// The same as `validate`, and the generation must be the present one.
    pub(super) fn validate_in(
        &self,
        member: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        match self.validate(member, instance) {
            ErrorCode::NONE if generation != self.generation => ErrorCode::ILLEGAL_GENERATION,
            error => error,
        }
    }
}
