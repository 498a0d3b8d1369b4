//! JoinGroup: newcomers, rejoining members, static members (`GroupMetadataManager.classicGroupJoin`).

use super::*;

/// A refused JoinGroup.
pub(super) fn refusal(error: ErrorCode, member_id: Arc<str>) -> Response {
    Response::JoinGroup(JoinGroupResponse {
        error,
        generation: -1,
        protocol: None,
        leader: Arc::from(""),
        member_id,
        members: Vec::new(),
    })
}

impl Group {
    /// The answer to `member`: the present generation; the leader gets all subscriptions.
    pub(super) fn join_response(&self, member: &Arc<str>) -> Response {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let empty: Arc<[u8]> = Arc::from([]);
        let members = match self.is_leader(member) {
            false => Vec::new(),
            true => self
                .members
                .values()
                .map(|one| {
                    let subscription = one.subscription(protocol).unwrap_or(&empty).clone();
                    (one.id.clone(), one.instance_id.clone(), subscription)
                })
                .collect(),
        };
        Response::JoinGroup(JoinGroupResponse {
            error: ErrorCode::NONE,
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_else(|| Arc::from("")),
            member_id: member.clone(),
            members,
        })
    }
    /// FENCED_INSTANCE_ID, UNKNOWN_MEMBER_ID or NONE (`ClassicGroup.validateMember`).
    pub(super) fn validate(&self, member: &str, instance: Option<&str>) -> ErrorCode {
        match instance {
            Some(instance) => match self.static_members.get(instance) {
                None => ErrorCode::UNKNOWN_MEMBER_ID,
                Some(known) if &**known != member => ErrorCode::FENCED_INSTANCE_ID,
                Some(_) => ErrorCode::NONE,
            },
            None if self.members.contains_key(member) => ErrorCode::NONE,
            None => ErrorCode::UNKNOWN_MEMBER_ID,
        }
    }
    fn accepts(&self, member: &str, max_size: usize) -> bool {
        let known = match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => {
                self.members.contains_key(member) || self.pending_members.contains(member)
            }
            _ => self.members.get(member).is_some_and(|one| one.awaiting_join.is_some()),
        };
        known || self.members.len() < max_size
    }
}

impl Coordinator {
    pub(super) fn join(
        &mut self,
        now: Instant,
        reply: Reply,
        request: JoinGroupRequest,
        out: &mut Out,
    ) -> Vec<Append> {
        let id = request.group.clone();
        let refuse = |error: ErrorCode, member: Arc<str>, out: &mut Out| {
            if error != ErrorCode::MEMBER_ID_REQUIRED {
                out.events.push(Event::Refused { group: id.clone(), request: "JoinGroup", error });
            }
            out.send(reply.0, Message::response(reply.1, refusal(error, member)));
            Vec::new()
        };
        let nobody: Arc<str> = Arc::from("");
        let sessions = self.config.min_session_timeout_ms..=self.config.max_session_timeout_ms;
        let is_newcomer = request.member_id.is_empty();
        let is_new_group = !self.groups.contains_key(&id);
        if id.is_empty() {
            return refuse(ErrorCode::INVALID_GROUP_ID, nobody, out);
        } else if !self.serves(&id) {
            return refuse(ErrorCode::NOT_COORDINATOR, request.member_id, out);
        } else if !sessions.contains(&request.session_timeout_ms) {
            return refuse(ErrorCode::INVALID_SESSION_TIMEOUT, request.member_id, out);
        } else if is_new_group && !is_newcomer {
            return refuse(ErrorCode::UNKNOWN_MEMBER_ID, request.member_id, out);
        }
        let max_size = self.config.max_size as usize;
        let group = self.group_or_new(&id, now);
        if !group.accepts(&request.member_id, max_size) {
            group.remove(&request.member_id);
            return refuse(ErrorCode::GROUP_MAX_SIZE_REACHED, nobody, out);
        } else if !group.supports(&request.protocols, &request.member_id) {
            return refuse(ErrorCode::INCONSISTENT_GROUP_PROTOCOL, request.member_id, out);
        }
        let mut appends = match is_newcomer {
            true => self.join_newcomer(now, reply, request, out),
            false => self.join_known(now, reply, request, out),
        };
        if is_new_group
            && appends.is_empty()
            && let Some(group) = self.groups.get(&id)
        {
            // A group that was just made is written down at once, empty.
            let record = GroupRecord::Group {
                group: id.clone(),
                value: Some(GroupMetadata {
                    version: 3,
                    protocol_type: nobody,
                    generation: 0,
                    protocol: None,
                    leader: None,
                    current_state_timestamp: group.state_since,
                    members: Vec::new(),
                }),
            };
            appends.push(self.write(now, &id, &[record], Write::State));
        }
        appends
    }

    fn join_newcomer(
        &mut self,
        now: Instant,
        reply: Reply,
        request: JoinGroupRequest,
        out: &mut Out,
    ) -> Vec<Append> {
        let id = request.group.clone();
        let Some(instance) = request.group_instance_id.clone() else {
            // KIP-394: come back with this id.
            let member = self.draw_member_id(now, &request.client_id);
            let session = Duration::from_ms(u64::from(request.session_timeout_ms));
            self.group_or_new(&id, now).pending_members.insert(member.clone());
            out.set(session_timer(&id, &member), now + session);
            out.events.push(Event::MemberIdGiven { group: id, member: member.clone() });
            self.answer(reply, refusal(ErrorCode::MEMBER_ID_REQUIRED, member), out);
            return Vec::new();
        };
        let member = self.draw_member_id(now, &instance);
        let known = self.groups.get(&id).and_then(|group| group.static_members.get(&instance));
        match known.cloned() {
            Some(old) => self.replace_static(now, reply, request, &old, member, out),
            None => self.add_member(now, reply, request, member, out),
        }
    }

    fn join_known(
        &mut self,
        now: Instant,
        reply: Reply,
        request: JoinGroupRequest,
        out: &mut Out,
    ) -> Vec<Append> {
        let (id, member_id) = (request.group.clone(), request.member_id.clone());
        let Some(group) = self.groups.get_mut(&id) else { return Vec::new() };
        if group.pending_members.contains(&member_id) {
            return self.add_member(now, reply, request, member_id, out);
        }
        let error = group.validate(&member_id, request.group_instance_id.as_deref());
        if !error.is_none() {
            out.events.push(Event::Refused { group: id, request: "JoinGroup", error });
            self.answer(reply, refusal(error, member_id), out);
            return Vec::new();
        }
        let same = group.members.get(&member_id).is_some_and(|m| m.protocols == request.protocols);
        let reason = match group.state {
            GroupState::PreparingRebalance => "a member joins again",
            GroupState::CompletingRebalance if same => {
                let response = group.join_response(&member_id);
                self.answer(reply, response, out);
                return Vec::new();
            }
            GroupState::Stable if group.is_leader(&member_id) => "the leader joins again",
            GroupState::Stable if same => {
                let response = group.join_response(&member_id);
                self.answer(reply, response, out);
                return Vec::new();
            }
            GroupState::Stable | GroupState::CompletingRebalance => {
                "a member changed its subscription"
            }
            GroupState::Empty | GroupState::Dead => {
                self.answer(reply, refusal(ErrorCode::UNKNOWN_MEMBER_ID, member_id), out);
                return Vec::new();
            }
        };
        group.update(&member_id, &request, Some(reply));
        self.rebalance_or_complete(now, &id, reason, out)
    }

    fn add_member(
        &mut self,
        now: Instant,
        reply: Reply,
        request: JoinGroupRequest,
        member_id: Arc<str>,
        out: &mut Out,
    ) -> Vec<Append> {
        let id = request.group.clone();
        let group = self.group_or_new(&id, now);
        group.pending_members.remove(&member_id);
        if group.state == GroupState::PreparingRebalance
            && group.previous_state == GroupState::Empty
        {
            group.new_member_added = true;
        }
        let mut member = Member {
            id: member_id.clone(),
            instance_id: request.group_instance_id.clone(),
            client_id: request.client_id.clone(),
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            protocols: request.protocols,
            assignment: Arc::from([]),
            awaiting_join: Some(reply),
            awaiting_sync: None,
            is_new: true,
            session_ends: now,
        };
        // A newcomer cannot send heartbeats while it waits: it has five minutes (group.new.member.join.timeout.ms).
        member.session_for(300_000, &id, now, out);
        if let Some(instance) = &member.instance_id {
            group.static_members.insert(instance.clone(), member_id.clone());
        }
        if group.members.is_empty() {
            group.protocol_type = Some(Arc::from("consumer"));
        }
        group.leader.get_or_insert_with(|| member_id.clone());
        group.members.insert(member_id.clone(), member);
        let members = group.members.len();
        out.events.push(Event::MemberJoined { group: id.clone(), member: member_id, members });
        self.rebalance_or_complete(now, &id, "a member joins", out)
    }

    /// A new process takes the place of a static member (`updateStaticMemberThenRebalanceOrCompleteJoin`).
    fn replace_static(
        &mut self,
        now: Instant,
        reply: Reply,
        request: JoinGroupRequest,
        old: &Arc<str>,
        new: Arc<str>,
        out: &mut Out,
    ) -> Vec<Append> {
        let id = request.group.clone();
        let Some(group) = self.groups.get_mut(&id) else { return Vec::new() };
        let Some(mut member) = group.members.remove(old) else { return Vec::new() };
        out.cancel(session_timer(&id, old));
        member.refuse_waiting(ErrorCode::FENCED_INSTANCE_ID, out);
        member.id = new.clone();
        if group.is_leader(old) {
            group.leader = Some(new.clone());
        }
        if group.pending_sync.remove(old) {
            group.pending_sync.insert(new.clone());
        }
        if let Some(instance) = &request.group_instance_id {
            group.static_members.insert(instance.clone(), new.clone());
            out.events.push(Event::MemberReplaced {
                group: id.clone(),
                instance: instance.clone(),
                old: old.clone(),
                new: new.clone(),
            });
        }
        member.heard_of(&id, now, out);
        group.members.insert(new.clone(), member);
        group.update(&new, &request, Some(reply));
        match group.state {
            GroupState::Stable if group.select_protocol() == group.protocol => {
                // Nothing changes for the others: no rebalance, but the new id is written down first.
                let shares = group.shares();
                let record = group.to_record(&shares);
                vec![self.write(now, &id, &[record], Write::StaticJoin { member: new })]
            }
            GroupState::Stable => {
                self.rebalance_or_complete(now, &id, "a static member changed its assignors", out)
            }
            GroupState::CompletingRebalance => {
                self.prepare_rebalance(now, &id, "a static member came back", out)
            }
            _ => self.maybe_complete_join(now, &id, out),
        }
    }

    pub(super) fn static_join_written(
        &mut self,
        id: &Arc<str>,
        member: &Arc<str>,
        result: ErrorCode,
        out: &mut Out,
    ) {
        let Some(group) = self.groups.get_mut(id) else { return };
        let response = match result.is_none() {
            true => group.join_response(member),
            false => refusal(sync::write_error(result), Arc::from("")),
        };
        if let Some(member) = group.members.get_mut(member)
            && let Some((to, correlation)) = member.awaiting_join.take()
        {
            out.send(to, Message::response(correlation, response));
        }
    }
}

impl Group {
    fn update(&mut self, member: &Arc<str>, request: &JoinGroupRequest, reply: Option<Reply>) {
        let Some(member) = self.members.get_mut(member) else { return };
        member.protocols = request.protocols.clone();
        member.session_timeout_ms = request.session_timeout_ms;
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
        member.awaiting_join = reply;
    }
    /// Everybody's share.
    pub(super) fn shares(&self) -> BTreeMap<Arc<str>, Arc<[u8]>> {
        self.members.iter().map(|(id, member)| (id.clone(), member.assignment.clone())).collect()
    }
}
