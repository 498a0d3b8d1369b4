//! A consumer against scripted brokers: joining, rebalances, polls, seeks, resets, lost nodes, stopping.

use super::*;
use crate::batch::{BatchBuilder, NewRecord};
use crate::client::testing::{Driver, metadata_of};
use crate::group::{decode_assignment, encode_assignment};
use crate::protocol::*;

/// Brokers as simple as can be: one group, one topic; broker 1 coordinates and leads all.
struct Brokers {
    partitions: Vec<(u32, i32)>,
    member: &'static str,
    generation: i32,
    heartbeat: ErrorCode,
    committed: BTreeMap<TopicPartition, Offset>,
    records: i64,
    fetch_error: Option<ErrorCode>,
    seen: Vec<&'static str>,
}

impl Brokers {
    fn new() -> Brokers {
        Brokers {
            partitions: vec![(1, 0), (1, 0)],
            member: "c1-1",
            generation: 1,
            heartbeat: ErrorCode::NONE,
            committed: BTreeMap::new(),
            records: 3,
            fetch_error: None,
            seen: Vec::new(),
        }
    }
    fn batch(&self, from: Offset) -> RecordBytes {
        let mut builder = BatchBuilder::new(from);
        for number in from.0..self.records {
            let value = Some(format!("v{number}").into_bytes());
            builder.push(&NewRecord { value, ..NewRecord::default() });
        }
        Arc::from(if builder.is_empty() { Vec::new() } else { builder.build() })
    }
    /// The answer; `None` while a long poll has nothing.
    fn answer(&mut self, request: Request) -> Option<Response> {
        self.seen.push(request.kind());
        Some(match request {
            Request::Metadata(_) => metadata_of("orders", &self.partitions),
            Request::FindCoordinator(_) => Response::FindCoordinator(FindCoordinatorResponse {
                error: ErrorCode::NONE,
                coordinator: Some(NodeId(1)),
            }),
            Request::JoinGroup(request) => {
                let known = !request.member_id.is_empty();
                let member: Arc<str> = self.member.into();
                let subscription = request.protocols[0].1.clone();
                Response::JoinGroup(JoinGroupResponse {
                    error: match known {
                        true => ErrorCode::NONE,
                        false => ErrorCode::MEMBER_ID_REQUIRED,
                    },
                    generation: self.generation,
                    protocol: Some("range".into()),
                    leader: member.clone(),
                    member_id: member.clone(),
                    members: vec![(member, None, subscription)],
                })
            }
            Request::SyncGroup(request) => {
                let share = decode_assignment(&request.assignments[0].1).unwrap();
                let assignment = encode_assignment(&share);
                Response::SyncGroup(SyncGroupResponse { error: ErrorCode::NONE, assignment })
            }
            Request::Heartbeat(_) => {
                let error = std::mem::replace(&mut self.heartbeat, ErrorCode::NONE);
                Response::Heartbeat(HeartbeatResponse { error })
            }
            Request::LeaveGroup(_) => {
                Response::LeaveGroup(LeaveGroupResponse { error: ErrorCode::NONE })
            }
            Request::OffsetCommit(request) => {
                let mut partitions = Vec::new();
                for (partition, offset, _) in request.offsets {
                    partitions.push((partition.clone(), ErrorCode::NONE));
                    self.committed.insert(partition, offset);
                }
                Response::OffsetCommit(OffsetCommitResponse { partitions })
            }
            Request::OffsetFetch(request) => {
                let offset = |tp: &TopicPartition| self.committed.get(tp).copied();
                let partitions = request.partitions.into_iter();
                let partitions = partitions
                    .map(|tp| (tp.clone(), offset(&tp).unwrap_or(Offset::NONE)))
                    .collect();
                let error = ErrorCode::NONE;
                Response::OffsetFetch(OffsetFetchResponse { error, partitions })
            }
            Request::ListOffsets(request) => {
                let offset = |time: Timestamp| match time.0 {
                    -1 => Offset(self.records),
                    -2 => Offset(0),
                    _ => Offset::NONE,
                };
                let partitions = request.partitions.into_iter();
                let partitions = partitions
                    .map(|(tp, t)| (tp, ErrorCode::NONE, t, offset(t), LeaderEpoch(0)))
                    .collect();
                Response::ListOffsets(ListOffsetsResponse { partitions })
            }
            Request::Fetch(request) => {
                let error = self.fetch_error.take().unwrap_or(ErrorCode::NONE);
                let answer = |one: FetchPartition| FetchPartitionResponse {
                    records: match error {
                        ErrorCode::NONE => self.batch(one.fetch_offset),
                        _ => Arc::from([]),
                    },
                    partition: one.partition,
                    error,
                    high_watermark: Offset(self.records),
                    last_stable_offset: Offset(self.records),
                    log_start_offset: Offset(0),
                    diverging_epoch: None,
                    current_leader: None,
                    snapshot: None,
                };
                let partitions: Vec<_> = request.partitions.into_iter().map(answer).collect();
                if error.is_none() && partitions.iter().all(|one| one.records.is_empty()) {
                    return None;
                }
                Response::Fetch(FetchResponse { partitions })
            }
            other => panic!("{other:?}"),
        })
    }
}

/// Answers everything that is asked until only long polls are under way; these stay open.
fn serve(driver: &mut Driver<Consumer>, brokers: &mut Brokers) {
    let mut open = VecDeque::new();
    while let Some((to, correlation, request)) = driver.requests.pop_front() {
        match brokers.answer(request.clone()) {
            Some(response) => driver.answer(to, correlation, response),
            None => open.push_back((to, correlation, request)),
        }
    }
    driver.requests = open;
}

/// The long polls end: their answers are empty.
fn end_polls(driver: &mut Driver<Consumer>) {
    for (to, correlation, request) in std::mem::take(&mut driver.requests) {
        let Request::Fetch(request) = request else { panic!("{request:?}") };
        let partitions = request.partitions.into_iter().map(|one| FetchPartitionResponse {
            partition: one.partition,
            error: ErrorCode::NONE,
            high_watermark: Offset(0),
            last_stable_offset: Offset(0),
            log_start_offset: Offset(0),
            diverging_epoch: None,
            current_leader: None,
            snapshot: None,
            records: Arc::from([]),
        });
        let response = FetchResponse { partitions: partitions.collect() };
        driver.answer(to, correlation, Response::Fetch(response));
    }
}

fn consumer(settings: &[(&str, &str)], topics: &[&str], paused: bool) -> Driver<Consumer> {
    let mut config = ConsumerConfig::default();
    for (name, value) in settings {
        assert_eq!(config.set(name, value), Ok(true));
    }
    let nodes = vec![NodeId(1), NodeId(2)];
    let mut consumer = Consumer::new(NodeId(10003), "c1", nodes, 5, config);
    let topics: Vec<TopicName> = topics.iter().map(|topic| TopicName::new(topic)).collect();
    let assign = [partition(0)];
    let assign: &[TopicPartition] = if topics.is_empty() { &assign } else { &[] };
    consumer.subscribe(Some("billing"), &topics, assign, paused);
    let mut driver = Driver::new(consumer, Consumer::step);
    driver.act(|consumer, now, out| consumer.start(now, out));
    driver
}

fn partition(number: u32) -> TopicPartition {
    TopicPartition::new(&TopicName::new("orders"), number)
}

const EARLIEST: (&str, &str) = ("auto.offset.reset", "earliest");

#[test]
fn a_member_joins_is_assigned_and_reads_from_the_earliest_record() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    let consumer = &driver.machine;
    assert_eq!((consumer.membership(), consumer.generation()), (Membership::Stable, 1));
    assert_eq!(consumer.rebalances(), &["assigned orders-0,orders-1"]);
    assert_eq!((consumer.count(), consumer.position(&partition(1))), (6, Some(Offset(3))));
    assert_eq!(consumer.unsettled(), None);
    assert_eq!(brokers.seen.iter().filter(|kind| **kind == "JoinGroup").count(), 2);
    assert!(driver.events.iter().all(|e| !e.sentence(Default::default()).is_empty()));
}

#[test]
fn positions_are_committed_by_themselves_and_a_rebalance_gives_the_share_back() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    driver.run_timer(Timer::ConsumerAutoCommit);
    serve(&mut driver, &mut brokers);
    assert_eq!(brokers.committed[&partition(0)], Offset(3));
    brokers.records = 5;
    end_polls(&mut driver);
    serve(&mut driver, &mut brokers);
    (brokers.heartbeat, brokers.generation) = (ErrorCode::REBALANCE_IN_PROGRESS, 2);
    driver.run_timer(Timer::ConsumerHeartbeat);
    serve(&mut driver, &mut brokers);
    assert_eq!(brokers.committed[&partition(0)], Offset(5), "committed before it rejoined");
    let consumer = &driver.machine;
    assert_eq!(consumer.generation(), 2);
    let told: Vec<&str> = consumer.rebalances().iter().map(String::as_str).collect();
    let both = "orders-0,orders-1";
    assert_eq!(
        told,
        [format!("assigned {both}"), format!("revoked {both}"), format!("assigned {both}")]
    );
    assert_eq!(consumer.count(), 10, "nothing is read twice");
}

#[test]
fn a_member_that_is_not_known_any_more_begins_anew() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    (brokers.heartbeat, brokers.member) = (ErrorCode::UNKNOWN_MEMBER_ID, "c1-2");
    driver.run_timer(Timer::ConsumerHeartbeat);
    serve(&mut driver, &mut brokers);
    assert_eq!(&**driver.machine.member_id(), "c1-2");
    assert_eq!(driver.machine.count(), 6, "the old long poll is still under way");
    end_polls(&mut driver);
    serve(&mut driver, &mut brokers);
    assert_eq!(driver.machine.count(), 12, "what was not committed is read again");
}

#[test]
fn more_partitions_make_the_leader_rejoin() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    (brokers.partitions, brokers.generation) = (vec![(1, 0); 3], 2);
    driver.run_timers_until(|d| {
        d.requests.iter().any(|r| r.2.kind() == "Metadata") || {
            d.requests.iter().any(|r| r.2.kind() == "Heartbeat")
        }
    });
    for _ in 0..400 {
        serve(&mut driver, &mut brokers);
        if driver.machine.generation() == 2 {
            break;
        }
        driver.run_next_timer();
    }
    serve(&mut driver, &mut brokers);
    assert_eq!(driver.machine.assignment().count(), 3);
}

#[test]
fn a_paused_consumer_hands_over_only_when_asked() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &[], true), Brokers::new());
    serve(&mut driver, &mut brokers);
    assert_eq!(driver.machine.count(), 0);
    driver.act(|consumer, now, out| consumer.poll(now, 1, Some(2), out));
    serve(&mut driver, &mut brokers);
    let outcome = driver.machine.outcome(1).unwrap();
    let values = outcome.records.iter().map(|(_, record)| record.value.clone().unwrap());
    assert_eq!(values.collect::<Vec<_>>(), [b"v0", b"v1"]);
    assert_eq!(driver.machine.position(&partition(0)), Some(Offset(2)));
    driver.act(|consumer, now, out| consumer.commit(now, 2, None, out));
    serve(&mut driver, &mut brokers);
    assert_eq!(driver.machine.outcome(2).unwrap().offsets, [(partition(0), Offset(2))]);
    for ticket in [3, 4] {
        driver.act(|consumer, now, out| consumer.poll(now, ticket, None, out));
        serve(&mut driver, &mut brokers);
        end_polls(&mut driver);
    }
    assert_eq!(driver.machine.outcome(3).unwrap().records.len(), 1);
    assert_eq!(driver.machine.outcome(4).unwrap().records.len(), 0, "there was nothing");
}

#[test]
fn seeks_move_the_position_and_late_answers_are_dropped() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &[], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    assert_eq!(driver.machine.count(), 3);
    let to = SeekTo::Offset(Offset(1));
    driver.act(|consumer, now, out| consumer.seek(now, 1, partition(0), to, out));
    assert_eq!(driver.machine.outcome(1).unwrap().offsets, [(partition(0), Offset(1))]);
    end_polls(&mut driver);
    serve(&mut driver, &mut brokers);
    assert_eq!(
        (driver.machine.count(), driver.machine.position(&partition(0))),
        (5, Some(Offset(3)))
    );
    for (ticket, to, offset) in [
        (2, SeekTo::Beginning, 0),
        (3, SeekTo::End, 3),
        (4, SeekTo::Timestamp(Timestamp(9_999)), 3),
    ] {
        driver.act(|consumer, now, out| consumer.seek(now, ticket, partition(0), to, out));
        serve(&mut driver, &mut brokers);
        let outcome = driver.machine.outcome(ticket).unwrap();
        assert_eq!(outcome.offsets, [(partition(0), Offset(offset))], "{to:?}");
    }
    driver.act(|consumer, now, out| consumer.seek(now, 5, partition(7), to, out));
    assert!(!driver.machine.outcome(5).unwrap().error.is_none());
}

#[test]
fn an_offset_out_of_range_is_reset_by_policy() {
    for (policy, position) in [("earliest", Some(3)), ("latest", Some(3)), ("none", None)] {
        let settings = [("auto.offset.reset", policy)];
        let (mut driver, mut brokers) = (consumer(&settings, &[], false), Brokers::new());
        brokers.committed.insert(partition(0), Offset(1));
        brokers.fetch_error = Some(ErrorCode::OFFSET_OUT_OF_RANGE);
        serve(&mut driver, &mut brokers);
        let consumer = &driver.machine;
        assert_eq!(consumer.position(&partition(0)), position.map(Offset), "{policy}");
        assert_eq!(consumer.count(), if policy == "earliest" { 3 } else { 0 });
        assert_eq!(consumer.last_error().is_none(), policy != "none");
        assert_eq!(consumer.unsettled(), None);
    }
}

#[test]
fn a_new_leader_and_a_lost_coordinator_are_found() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    brokers.partitions = vec![(2, 1), (2, 1)];
    driver.requests.clear();
    driver.input(Input::Disconnected { peer: NodeId(1) });
    brokers.records = 4;
    for _ in 0..20 {
        serve(&mut driver, &mut brokers);
        if driver.machine.count() == 8 {
            break;
        }
        driver.run_next_timer();
    }
    assert_eq!(driver.machine.count(), 8);
    assert_eq!(driver.machine.membership(), Membership::Stable);
    assert_eq!(driver.machine.generation(), 1, "no rebalance for that");
}

#[test]
fn stopping_commits_and_leaves() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    driver.act(|consumer, now, out| consumer.stop(now, 9, out));
    driver.requests.retain(|request| request.2.kind() != "Fetch");
    serve(&mut driver, &mut brokers);
    assert!(driver.machine.is_stopped() && driver.machine.outcome(9).is_some());
    assert!(driver.timers.is_empty(), "{:?}", driver.timers);
    assert_eq!(brokers.committed.len(), 2);
    assert_eq!(brokers.seen.last(), Some(&"LeaveGroup"));
}

#[test]
fn an_application_that_does_not_poll_loses_its_membership() {
    let (mut driver, mut brokers) = (consumer(&[EARLIEST], &["orders"], false), Brokers::new());
    serve(&mut driver, &mut brokers);
    driver.act(|consumer, now, out| consumer.set_paused(now, true, out));
    for _ in 0..1_000 {
        driver.requests.retain(|request| request.2.kind() != "Fetch");
        serve(&mut driver, &mut brokers);
        if brokers.seen.contains(&"LeaveGroup") {
            break;
        }
        driver.run_next_timer();
    }
    assert_eq!(driver.now, Instant(300_000_000));
    assert_eq!(driver.machine.assignment().count(), 0);
    assert_eq!(driver.machine.membership(), Membership::Unjoined);
}
