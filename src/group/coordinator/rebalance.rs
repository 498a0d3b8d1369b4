//! The joining phase: it begins, waits, and ends with a generation (`prepareRebalance`, `completeClassicGroupJoin`).

use super::*;

fn rebalance_timer(group: &Arc<str>) -> Timer {
    Timer::GroupRebalance { group: group.clone() }
}

impl Coordinator {
    pub(super) fn rebalance_or_complete(
        &mut self,
        now: Instant,
        id: &Arc<str>,
        reason: &'static str,
        out: &mut Out,
    ) -> Vec<Append> {
        match self.groups.get(id).is_some_and(Group::can_rebalance) {
            true => self.prepare_rebalance(now, id, reason, out),
            false => self.maybe_complete_join(now, id, out),
        }
    }

    pub(super) fn prepare_rebalance(
        &mut self,
        now: Instant,
        id: &Arc<str>,
        reason: &'static str,
        out: &mut Out,
    ) -> Vec<Append> {
        let delay_ms = self.config.initial_rebalance_delay_ms;
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        if group.state == GroupState::CompletingRebalance {
            for member in group.members.values_mut() {
                member.assignment = Arc::from([]);
                member.refuse_sync(ErrorCode::REBALANCE_IN_PROGRESS, out);
            }
        }
        group.pending_sync.clear();
        let is_initial = group.state == GroupState::Empty;
        group.transition(
            GroupState::PreparingRebalance,
            now.off_by(self.config.clock_skew_us).timestamp(),
        );
        out.events.push(Event::RebalanceStarted { group: id.clone(), reason });
        if is_initial {
            group.initial_left_ms = Some(group.rebalance_timeout_ms().saturating_sub(delay_ms));
            group.new_member_added = false;
            out.set(rebalance_timer(id), now + Duration::from_ms(delay_ms));
            out.events.push(Event::RebalanceDelayed { group: id.clone(), delay_ms });
            return Vec::new();
        }
        group.initial_left_ms = None;
        if group.all_joined() {
            return self.complete_join(now, id, out);
        }
        out.set(rebalance_timer(id), now + Duration::from_ms(group.rebalance_timeout_ms()));
        Vec::new()
    }

    /// Ends the joining phase if everybody is in and it is not the delayed first one.
    pub(super) fn maybe_complete_join(
        &mut self,
        now: Instant,
        id: &Arc<str>,
        out: &mut Out,
    ) -> Vec<Append> {
        let ready = self.groups.get(id).is_some_and(|group| {
            group.state == GroupState::PreparingRebalance
                && group.previous_state != GroupState::Empty
                && group.all_joined()
        });
        if ready { self.complete_join(now, id, out) } else { Vec::new() }
    }

    /// The timer of the present phase has struck.
    pub(super) fn phase_over(&mut self, now: Instant, id: &Arc<str>, out: &mut Out) -> Vec<Append> {
        let delay_ms = self.config.initial_rebalance_delay_ms;
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        match group.state {
            GroupState::PreparingRebalance => {
                if let Some(left) = group.initial_left_ms
                    && left > 0
                    && group.new_member_added
                {
                    // Somebody came during the delay: wait once more (tryCompleteInitialRebalanceElseSchedule).
                    group.new_member_added = false;
                    let delay_ms = delay_ms.min(left);
                    group.initial_left_ms = Some(left - delay_ms);
                    out.set(rebalance_timer(id), now + Duration::from_ms(delay_ms));
                    out.events.push(Event::RebalanceDelayed { group: id.clone(), delay_ms });
                    return Vec::new();
                }
                self.complete_join(now, id, out)
            }
            GroupState::CompletingRebalance | GroupState::Stable
                if !group.pending_sync.is_empty() =>
            {
                for late in std::mem::take(&mut group.pending_sync) {
                    group.remove(&late);
                    out.cancel(session_timer(id, &late));
                    let reason = "no SyncGroup in time";
                    out.events.push(Event::MemberExpired {
                        group: id.clone(),
                        member: late,
                        reason,
                    });
                }
                self.prepare_rebalance(now, id, "a member did not ask for its share", out)
            }
            _ => Vec::new(),
        }
    }

    /// Begins the next generation (`completeClassicGroupJoin`).
    fn complete_join(&mut self, now: Instant, id: &Arc<str>, out: &mut Out) -> Vec<Append> {
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        out.cancel(rebalance_timer(id));
        group.initial_left_ms = None;
        let late = group
            .members
            .values()
            .filter(|member| member.awaiting_join.is_none() && member.instance_id.is_none());
        let late: Vec<Arc<str>> = late.map(|member| member.id.clone()).collect();
        for member in late {
            group.remove(&member);
            out.cancel(session_timer(id, &member));
            let reason = "it did not rejoin in time";
            out.events.push(Event::MemberExpired { group: id.clone(), member, reason });
        }
        if !group.elect_joined_leader() && !group.members.is_empty() {
            // Only static members that have not rejoined: wait until their sessions end.
            out.set(rebalance_timer(id), now + Duration::from_ms(group.rebalance_timeout_ms()));
            return Vec::new();
        }
        group.generation += 1;
        group.pending_sync.clear();
        if group.members.is_empty() {
            group.protocol = None;
            group.leader = None;
            group.transition(GroupState::Empty, now.off_by(self.config.clock_skew_us).timestamp());
            let generation = group.generation;
            out.events.push(Event::GroupEmpty { group: id.clone(), generation });
            let record = group.to_record(&BTreeMap::new());
            return vec![self.write(now, id, &[record], Write::State)];
        }
        group.protocol = group.select_protocol();
        group.transition(
            GroupState::CompletingRebalance,
            now.off_by(self.config.clock_skew_us).timestamp(),
        );
        out.events.push(Event::GenerationBegan {
            group: id.clone(),
            generation: group.generation,
            members: group.members.len(),
            leader: group.leader.clone(),
            protocol: group.protocol.clone(),
        });
        let members: Vec<Arc<str>> = group.members.keys().cloned().collect();
        for member_id in members {
            let response = group.join_response(&member_id);
            group.pending_sync.insert(member_id.clone());
            let Some(member) = group.members.get_mut(&member_id) else { continue };
            if let Some((to, correlation)) = member.awaiting_join.take() {
                out.send(to, Message::response(correlation, response));
            }
            member.heard_of(id, now, out);
            member.is_new = false;
        }
        out.set(rebalance_timer(id), now + Duration::from_ms(group.rebalance_timeout_ms()));
        Vec::new()
    }

    /// A member's session is over (`expireClassicGroupMemberHeartbeat`).
    pub(super) fn session_over(
        &mut self,
        now: Instant,
        id: &Arc<str>,
        member_id: &Arc<str>,
        out: &mut Out,
    ) -> Vec<Append> {
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        if group.pending_members.contains(member_id) {
            let reason = "it never came back with its id";
            let member = member_id.clone();
            out.events.push(Event::MemberExpired { group: id.clone(), member, reason });
            return self.remove_member(now, id, member_id, "", out);
        }
        let Some(member) = group.members.get_mut(member_id) else { return Vec::new() };
        let waits = member.awaiting_join.is_some() || member.awaiting_sync.is_some();
        if waits && !member.is_new {
            // Whoever waits for the coordinator cannot be late; look again later.
            member.heard_of(id, now, out);
            return Vec::new();
        }
        let reason = "its session ended without a heartbeat";
        let member = member_id.clone();
        out.events.push(Event::MemberExpired { group: id.clone(), member, reason });
        self.remove_member(now, id, member_id, "a member's session ended", out)
    }

    /// Takes a member out, with what follows from it.
    pub(super) fn remove_member(
        &mut self,
        now: Instant,
        id: &Arc<str>,
        member_id: &Arc<str>,
        reason: &'static str,
        out: &mut Out,
    ) -> Vec<Append> {
        let Some(group) = self.groups.get_mut(id) else { return Vec::new() };
        let was_member = match group.remove(member_id) {
            Some(mut member) => {
                member.refuse_waiting(ErrorCode::UNKNOWN_MEMBER_ID, out);
                true
            }
            None => false,
        };
        match group.state {
            GroupState::Stable | GroupState::CompletingRebalance if was_member => {
                self.prepare_rebalance(now, id, reason, out)
            }
            GroupState::PreparingRebalance if group.all_joined() => {
                self.complete_join(now, id, out)
            }
            _ => Vec::new(),
        }
    }
}
