//! Which code an event of the queue goes to, and what becomes of one that fails (`KafkaController.process`).
//!
//! Always: who is not controller does nothing and says so; a write that another controller's reign forbids ends in a
//! look at who is controller now; any other failure ends the event and nothing else.

use super::event::ControllerEvent;
use super::run::{Run, Step, Stop, Work};
use crate::coordination::ElectionReason;
use crate::protocol::{
    AlterPartitionReassignmentsResponse, AlterPartitionResponse, ControlledShutdownResponse,
    ElectLeadersResponse, ErrorCode, Request, Response,
};
use crate::types::{NodeId, TopicPartition};

/// What a request hears that is not served any more (`preempt`), or by one who is not controller.
pub(super) fn preempted(work: &Work) -> Option<(NodeId, u64, Response)> {
    let error = ErrorCode::NOT_CONTROLLER;
    let sentence = || error.sentence().to_owned();
    let (to, correlation, request) = match work {
        Work::Request { from, correlation, request } => (*from, *correlation, request),
        Work::Reassign { todo, done, answer_to: Some((to, correlation)) } => {
            let mut partitions = done.clone();
            partitions.extend(todo.iter().map(|(one, _)| (one.clone(), error, sentence())));
            let response = AlterPartitionReassignmentsResponse { partitions };
            return Some((*to, *correlation, Response::AlterPartitionReassignments(response)));
        }
        _ => return None,
    };
    let refuse = |one: &TopicPartition| (one.clone(), error, sentence());
    let response = match request {
        Request::ElectLeaders(request) => {
            let named = request.partitions.iter().flatten();
            Response::ElectLeaders(ElectLeadersResponse { partitions: named.map(refuse).collect() })
        }
        Request::AlterPartitionReassignments(request) => {
            let partitions = request.partitions.iter().map(|(one, _)| refuse(one)).collect();
            let response = AlterPartitionReassignmentsResponse { partitions };
            Response::AlterPartitionReassignments(response)
        }
        Request::AlterPartition(_) => {
            Response::AlterPartition(AlterPartitionResponse { error, partitions: Vec::new() })
        }
        Request::ControlledShutdown(_) => {
            let response = ControlledShutdownResponse { error, remaining: Vec::new() };
            Response::ControlledShutdown(response)
        }
        _ => return None,
    };
    Some((to, correlation, response))
}

impl Run<'_> {
    /// Plays one event (`KafkaController.process`).
    pub fn process(&mut self, work: &Work) -> Step<()> {
        match self.dispatch(work) {
            Err(Stop::Moved) => {
                if let Some((to, correlation, response)) = preempted(work) {
                    self.answer(to, correlation, response);
                }
                self.maybe_resign()
            }
            Err(Stop::Failed(what)) => {
                self.tell(ControllerEvent::Trouble { during: work.name(), what });
                Ok(())
            }
            other => other,
        }
    }

    fn dispatch(&mut self, work: &Work) -> Step<()> {
        if self.settings.election_per_partition {
            return self.dispatch_for_itself(work);
        }
        match work {
            Work::Startup => return self.startup(),
            Work::ControllerChange => return self.maybe_resign(),
            Work::Reelect => {
                self.maybe_resign()?;
                return self.elect();
            }
            Work::Expire => {
                self.expire();
                return Ok(());
            }
            _ if !self.is_active() => {
                if let Some((to, correlation, response)) = preempted(work) {
                    self.answer(to, correlation, response);
                }
                return Ok(());
            }
            _ => {}
        }
        match work {
            Work::BrokerChange => self.broker_change(),
            Work::TopicChange => self.topic_change(),
            Work::PartitionModifications(topic) => self.partition_modifications(topic),
            Work::TopicDeletion => self.topic_deletion(),
            Work::IsrChangeNotification => self.isr_change_notification(),
            Work::ZooKeeperReassignment => self.zookeeper_reassignment(),
            Work::ReassignmentIsrChange(partition) => self.complete_reassignment_if_due(partition),
            Work::ZooKeeperElection => self.zookeeper_election(),
            Work::Balance => self.balance(),
            Work::UncleanEnabled(topic) => {
                self.reason = ElectionReason::Unclean;
                self.trigger_online(topic.as_ref()).map(|_| ())
            }
            Work::CopiesDeleted { broker, partitions } => self.copies_deleted(*broker, partitions),
            Work::Reassign { todo, done, answer_to } => self.reassign(todo, done, *answer_to),
            Work::InOffice => self.in_office(),
            Work::Request { from, correlation, request } => {
                self.serve(*from, *correlation, request)
            }
            Work::Startup | Work::ControllerChange | Work::Reelect | Work::Expire => Ok(()),
            Work::LeaderNodeGone(_) => Ok(()),
        }
    }

    /// What concerns a broker that knows no controller.
    fn dispatch_for_itself(&mut self, work: &Work) -> Step<()> {
        match work {
            Work::Startup | Work::Reelect => self.itself_start(),
            Work::BrokerChange => self.itself_brokers(),
            Work::TopicChange => self.itself_topics(),
            Work::PartitionModifications(topic) => self.itself_again(topic),
            Work::LeaderNodeGone(partition) => self.race(vec![partition.clone()]),
            other => {
                if let Some((to, correlation, response)) = preempted(other) {
                    self.answer(to, correlation, response);
                }
                Ok(())
            }
        }
    }

    fn serve(&mut self, from: NodeId, correlation: u64, request: &Request) -> Step<()> {
        let response = match request {
            Request::ElectLeaders(request) => Response::ElectLeaders(self.elect_as_asked(request)?),
            Request::ControlledShutdown(request) => {
                Response::ControlledShutdown(self.controlled_shutdown(request)?)
            }
            Request::AlterPartition(request) => {
                let (response, answered) = self.alter_isrs(request)?;
                self.answer(from, correlation, Response::AlterPartition(response));
                for partition in answered {
                    self.complete_reassignment_if_due(&partition)?;
                }
                return Ok(());
            }
            Request::AlterPartitionReassignments(request) => {
                return self.alter_reassignments(&request.partitions, (from, correlation));
            }
            _ => return Ok(()),
        };
        self.answer(from, correlation, response);
        Ok(())
    }
}
