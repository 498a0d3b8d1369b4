//! What answers, and answers that will not come, lead to.

use super::*;
use crate::protocol::{Body, Message, Response};

impl Consumer {
    pub(super) fn response(
        &mut self,
        now: Instant,
        from: NodeId,
        message: Message,
        out: &mut Output<Event>,
    ) {
        let Body::Response(response) = message.body else { return };
        let Some(what) = self.connections.answered(from, message.correlation, out) else { return };
        match (what, response) {
            (Purpose::Metadata, Response::Metadata(answer)) => {
                self.metadata.update(now, answer, &mut self.connections, out);
                self.counts_changed();
            }
            (Purpose::Coordinator, Response::FindCoordinator(answer)) => {
                match answer.coordinator.filter(|_| answer.error.is_none()) {
                    None => self.back_off(now),
                    Some(coordinator) => {
                        self.coordinator = Some(coordinator);
                        if let Some(group) = self.group.clone() {
                            out.events.push(Event::CoordinatorFound { group, coordinator });
                        }
                    }
                }
            }
            (Purpose::Join, Response::JoinGroup(answer)) => self.joined(now, answer, out),
            (Purpose::Sync, Response::SyncGroup(answer)) => self.synced(now, answer, out),
            (Purpose::Heartbeat, Response::Heartbeat(answer)) => {
                if answer.error.is_none() {
                    self.tries = 0;
                } else if matches!(self.membership, Membership::Stable | Membership::Syncing) {
                    self.group_error(now, answer.error, out);
                }
            }
            (Purpose::Leave, Response::LeaveGroup(_)) => self.left(out),
            (Purpose::Commit(commit), Response::OffsetCommit(answer)) => {
                self.commit_answered(now, commit, Some(answer), out);
            }
            (Purpose::OffsetFetch, Response::OffsetFetch(answer)) => {
                self.committed_fetched(now, answer, out);
            }
            (Purpose::ListOffsets(asked), Response::ListOffsets(answer)) => {
                self.offsets_listed(now, asked, answer, out);
            }
            (Purpose::Fetch(asked), Response::Fetch(answer)) => {
                self.fetched(now, asked, answer, out);
            }
            (what, _) => self.lost(now, what, out),
        }
    }

    /// The connection to `peer` broke.
    pub(super) fn disconnected(&mut self, now: Instant, peer: NodeId, out: &mut Output<Event>) {
        let lost = self.connections.lost(now, peer, out);
        if !lost.is_empty() {
            out.events.push(Event::ConnectionLost { to: peer, requests: lost.len() });
        }
        if self.coordinator == Some(peer) {
            self.coordinator = None;
        }
        self.metadata.request_update();
        for what in lost {
            self.lost(now, what, out);
        }
    }

    fn lost(&mut self, now: Instant, what: Purpose, out: &mut Output<Event>) {
        match what {
            Purpose::Metadata => self.metadata.failed(now, &mut self.connections),
            Purpose::Coordinator | Purpose::OffsetFetch => self.back_off(now),
            Purpose::Join | Purpose::Sync => {
                if matches!(self.membership, Membership::Joining | Membership::Syncing) {
                    self.membership = Membership::Unjoined;
                }
                self.back_off(now);
            }
            Purpose::Leave => self.left(out),
            Purpose::Commit(commit) => self.commit_answered(now, commit, None, out),
            Purpose::Heartbeat | Purpose::ListOffsets(_) | Purpose::Fetch(_) => {}
        }
    }
}
