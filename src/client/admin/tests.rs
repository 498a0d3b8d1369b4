//! The administrator's tool against a made-up cluster: answers, errors, retries, time-outs.

use super::*;
use crate::client::testing::{Driver, metadata_of};
use crate::protocol::*;
use crate::types::{Offset, TopicName};

fn admin() -> Driver<Admin> {
    let admin =
        Admin::new(NodeId(10002), "admin", vec![NodeId(1), NodeId(2)], 3, AdminTool::TwoTimeouts);
    Driver::new(admin, Admin::step)
}

fn create() -> Request {
    Request::DeleteTopics(DeleteTopicsRequest { topics: vec![TopicName::new("orders")] })
}

fn created(error: ErrorCode) -> Response {
    let topics = vec![(TopicName::new("orders"), error, "why".to_owned())];
    Response::DeleteTopics(DeleteTopicsResponse { topics })
}

#[test]
fn an_answer_is_an_outcome_and_a_wrong_controller_is_asked_again() {
    let mut driver = admin();
    driver.act(|admin, now, out| admin.request(now, 1, create(), out));
    let (to, correlation, _) = driver.take_request();
    driver.answer(to, correlation, created(ErrorCode::NOT_CONTROLLER));
    assert!(driver.machine.outcome(1).is_none());
    driver.run_timers_until(|driver| !driver.requests.is_empty());
    let (to, correlation, _) = driver.take_request();
    driver.answer(to, correlation, created(ErrorCode::INVALID_REQUEST));
    let (error, text) = driver.machine.outcome(1).unwrap().error();
    assert_eq!((error, text.as_str()), (ErrorCode::INVALID_REQUEST, "why"));
    assert!(driver.machine.is_idle() && driver.timers.is_empty());
}

#[test]
fn a_lost_connection_leads_to_another_broker_and_silence_to_a_timeout() {
    let mut driver = admin();
    driver.act(|admin, now, out| admin.request(now, 1, create(), out));
    let (first, _, _) = driver.take_request();
    driver.input(Input::Disconnected { peer: first });
    driver.run_timers_until(|driver| !driver.requests.is_empty());
    let (second, _, _) = driver.take_request();
    assert_ne!(first, second);
    driver.run_timers_until(|driver| driver.machine.outcome(1).is_some());
    let (error, why) = driver.machine.outcome(1).unwrap().error();
    assert_eq!(error, ErrorCode::TIMEOUT);
    assert!(why.contains(" timed out after 60 s: "), "{why}");
    assert_eq!(driver.now.0, 60_000_000);
}

#[test]
fn delete_records_goes_to_the_leader() {
    let mut driver = admin();
    let partition = TopicPartition::parse("orders-1").unwrap();
    let request = DeleteRecordsRequest { partitions: vec![(partition, Offset(3))] };
    driver.act(|admin, now, out| admin.request(now, 1, Request::DeleteRecords(request), out));
    let (to, correlation, _) = driver.take_request();
    driver.answer(to, correlation, metadata_of("orders", &[(1, 0), (2, 0)]));
    let (to, _, request) = driver.take_request();
    assert_eq!((to, request.kind()), (NodeId(2), "DeleteRecords"));
}

#[test]
fn offsets_of_a_group_come_from_its_coordinator() {
    let mut driver = admin();
    let request = OffsetFetchRequest { group: "g".into(), partitions: Vec::new() };
    driver.act(|admin, now, out| admin.request(now, 1, Request::OffsetFetch(request), out));
    let (to, correlation, request) = driver.take_request();
    assert_eq!(request.kind(), "FindCoordinator");
    let found = FindCoordinatorResponse { error: ErrorCode::NONE, coordinator: Some(NodeId(2)) };
    driver.answer(to, correlation, Response::FindCoordinator(found));
    let (to, _, request) = driver.take_request();
    assert_eq!((to, request.kind()), (NodeId(2), "OffsetFetch"));
}
