//! Pictures of small real clusters, at many widths, in both languages and both sets of glyphs.

use super::common::Fresh;
use super::picture::{Canvas, Focus, Picture};
use super::{Glyphs, KINDS, show};
use crate::client::ProducerRecord;
use crate::clock::Duration;
use crate::cluster::{Act, ClusterSpec, Lab, NewConsumer};
use crate::disk::Disk;
use crate::protocol::{CreateTopicsRequest, NewTopic, Request};
use crate::types::{Language, NodeId, Offset, TopicName, TopicPartition};

fn act(lab: &mut Lab, what: Act, command: &str) {
    let ticket = lab.act(what, command).unwrap().unwrap();
    for _ in 0..50_000 {
        if lab.outcome(ticket).is_some() {
            return;
        }
        assert!(lab.step().unwrap(), "{command}: nothing is pending, no outcome");
    }
    panic!("{command}: no outcome");
}

fn run(lab: &mut Lab, ms: u64) {
    let until = lab.now() + Duration::from_ms(ms);
    while lab.next_at().is_some_and(|at| at <= until) {
        assert!(lab.step().unwrap());
    }
    lab.wait_until(until).unwrap();
}

fn produce(lab: &mut Lab, value: &str) {
    let record = ProducerRecord {
        topic: TopicName::new("orders"),
        partition: Some(0),
        key: Some(b"alice".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: Vec::new(),
        timestamp: None,
    };
    let configs = vec![("acks".to_owned(), "all".to_owned())];
    let command = format!("produce orders value=\"{value}\"");
    act(lab, Act::Produce { producer: None, configs, records: vec![record] }, &command);
}

fn lab() -> Lab {
    let mut lab = Lab::new(ClusterSpec::default(), Disk::memory()).unwrap();
    run(&mut lab, 1_000);
    let nodes = |ids: [u32; 3]| ids.map(NodeId).to_vec();
    let topic = NewTopic {
        name: TopicName::new("orders"),
        partitions: -1,
        replication_factor: -1,
        assignment: Some(vec![nodes([1, 2, 3]), nodes([2, 3, 1])]),
        configs: vec![("index.interval.bytes".to_owned(), "100".to_owned())],
    };
    let request = Request::CreateTopics(CreateTopicsRequest { topics: vec![topic] });
    act(&mut lab, Act::Admin(request), "topic create orders partitions=2 replication-factor=3");
    for value in ["3 apples", "4 pears", "5 plums", "6 figs", "7 kiwis", "8 limes"] {
        produce(&mut lab, value);
    }
    run(&mut lab, 2_000);
    lab
}

fn canvas(width: usize, height: usize, glyphs: Glyphs, language: Language) -> Canvas {
    Canvas { width, height, glyphs, language }
}

/// What `show` would be asked for each kind.
fn arguments(kind: &str) -> Vec<String> {
    let words: &[&str] = match kind {
        "topic" => &["orders"],
        "partition" | "log" | "segment" | "index" | "epochs" => &["orders-0"],
        "bytes" => &["orders-0", "offset=2"],
        "group" | "offsets" => &["billing"],
        "producer" => &["p1"],
        _ => &[],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn text(lab: &Lab, kind: &str) -> String {
    let canvas = Canvas::text(Language::English);
    show(kind, &arguments(kind), lab, &canvas).unwrap().to_text()
}

fn fits(picture: &Picture, kind: &str, canvas: &Canvas) {
    for line in picture.lines.iter().chain([&picture.head()]) {
        assert!(line.width() <= canvas.width.max(40), "{kind} {}: {line:?}", canvas.width);
        if canvas.glyphs.is_ascii() && canvas.language == Language::English {
            assert!(line.to_text().is_ascii(), "{kind}: {}", line.to_text());
        }
    }
    assert!(picture.attention.is_none_or(|row| row < picture.lines.len()), "{kind}");
}

fn with_clients() -> Lab {
    let mut lab = lab();
    let start = Act::ProducerStart { name: "p1".to_owned(), configs: Vec::new() };
    lab.act(start, "producer start p1").unwrap().unwrap();
    let consumer = NewConsumer {
        name: "c1".to_owned(),
        group: Some("billing".to_owned()),
        topics: vec![TopicName::new("orders")],
        ..NewConsumer::default()
    };
    lab.act(Act::ConsumerStart(consumer), "consumer start c1").unwrap().unwrap();
    run(&mut lab, 12_000);
    lab
}

#[test]
fn every_picture_fits_every_canvas_at_every_moment() {
    let mut lab = with_clients();
    let check = |lab: &Lab, kinds: &[&str]| {
        for language in [Language::English, Language::Chinese] {
            for glyphs in [Glyphs::unicode(), Glyphs::ascii()] {
                for (width, height) in [(40, 8), (60, 12), (80, 20), (110, 40), (200, 60)] {
                    let canvas = canvas(width, height, glyphs, language);
                    for kind in kinds {
                        let picture = show(kind, &arguments(kind), lab, &canvas);
                        fits(&picture.unwrap_or_else(|e| panic!("{kind}: {e}")), kind, &canvas);
                    }
                }
            }
        }
    };
    check(&lab, KINDS);
    let fault = Act::Kill(NodeId(1));
    lab.act(fault, "broker kill 1").unwrap().unwrap();
    check(&lab, &["cluster", "partition", "network", "controller", "why", "timeline"]);
    run(&mut lab, 10_000);
    check(&lab, KINDS);
}

#[test]
fn an_unstarted_cluster_has_pictures_too() {
    let lab = Lab::new(ClusterSpec::default(), Disk::memory()).unwrap();
    let canvas = Canvas::text(Language::English);
    for kind in KINDS {
        match show(kind, &arguments(kind), &lab, &canvas) {
            Ok(picture) => assert!(!picture.to_text().is_empty(), "{kind}"),
            Err(text) => assert!(text.contains("there is no"), "{kind}: {text}"),
        }
        if let Some(picture) = super::draw(kind, &lab, &Focus::default(), &canvas) {
            assert!(!picture.to_text().is_empty(), "{kind}");
        }
    }
}

#[test]
fn a_leader_dies() {
    let mut lab = lab();
    lab.act(Act::Kill(NodeId(1)), "broker kill 1").unwrap().unwrap();
    let partition = TopicPartition::parse("orders-0").unwrap();
    for _ in 0..20_000 {
        if Fresh::of(&lab).leader(&partition) {
            break;
        }
        assert!(lab.step().unwrap());
    }
    insta::assert_snapshot!("cluster_leader_elected", text(&lab, "cluster"));
    insta::assert_snapshot!("partition_leader_elected", text(&lab, "partition"));
    insta::assert_snapshot!("why_leader_elected", text(&lab, "why"));
    run(&mut lab, 1_000);
    produce(&mut lab, "9 nuts");
    let all = ["cluster", "partition", "log", "epochs", "controller", "metrics", "isr", "topic"];
    let pictures: Vec<String> = all.iter().map(|kind| text(&lab, kind)).collect();
    insta::assert_snapshot!("all_after_a_write_to_the_new_leader", pictures.join("\n"));
    let narrow = canvas(44, 12, Glyphs::ascii(), Language::English);
    let pictures: Vec<String> = ["cluster", "partition"]
        .iter()
        .map(|kind| show(kind, &arguments(kind), &lab, &narrow).unwrap().to_text())
        .collect();
    insta::assert_snapshot!("narrow_ascii", pictures.join("\n"));
}

#[test]
fn a_lookup_is_drawn_look_by_look() {
    let mut lab = lab();
    let lookup = Act::Lookup {
        partition: TopicPartition::parse("orders-0").unwrap(),
        broker: None,
        offset: Offset(4),
        without_index: false,
    };
    lab.act(lookup, "lookup orders-0 offset=4").unwrap().unwrap();
    let mut pictures = Vec::new();
    for _ in 0..200 {
        let walk = lab.cluster().lookup.as_ref().unwrap();
        let (shown, all) = (walk.shown, walk.steps.len());
        let picture = text(&lab, "index");
        if pictures.last() != Some(&picture) {
            pictures.push(picture);
        }
        if shown == all {
            break;
        }
        assert!(lab.step().unwrap());
    }
    insta::assert_snapshot!("index_lookup", pictures.join("\n"));
    insta::assert_snapshot!("bytes_of_a_batch", text(&lab, "bytes"));
    insta::assert_snapshot!("segment", text(&lab, "segment"));
}

#[test]
fn a_group_reads() {
    let lab = with_clients();
    insta::assert_snapshot!("group", text(&lab, "group"));
    insta::assert_snapshot!("timeline", text(&lab, "timeline"));
    let all = ["cluster", "network", "invariants", "producer", "offsets", "files"];
    let chinese = canvas(90, 30, Glyphs::unicode(), Language::Chinese);
    let pictures: Vec<String> = ["cluster", "partition", "log", "group", "controller", "network"]
        .iter()
        .map(|kind| show(kind, &arguments(kind), &lab, &chinese).unwrap().to_text())
        .collect();
    insta::assert_snapshot!("chinese", pictures.join("\n"));
    let pictures: Vec<String> = all.iter().map(|kind| text(&lab, kind)).collect();
    insta::assert_snapshot!("all_with_clients", pictures.join("\n"));
}

#[test]
fn what_does_not_exist_is_said_with_what_does() {
    let lab = lab();
    let canvas = Canvas::text(Language::English);
    let ask = |kind: &str, words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        show(kind, &words, &lab, &canvas).unwrap_err()
    };
    assert_eq!(ask("topic", &["x"]), "there is no topic 'x'; there are orders");
    assert_eq!(
        ask("partition", &["orders-7"]),
        "there is no partition 'orders-7': orders has 2 partitions, 0 to 1"
    );
    assert_eq!(
        ask("log", &["orders-0", "broker=9"]),
        "there is no broker '9'; there are 1, 2, 3, 3001"
    );
    assert!(ask("bytes", &["orders-0", "offset=x"]).contains("offset=5"));
    assert!(ask("why", &["999999999"]).contains("show timeline"));
    assert!(ask("nothing", &[]).contains("cluster"));
    assert!(ask("partition", &[]).contains("orders-0"));
}

#[test]
fn many_partitions_are_drawn_by_the_screenful() {
    let mut lab = Lab::new(ClusterSpec::default(), Disk::memory()).unwrap();
    run(&mut lab, 1_000);
    let topic = NewTopic {
        name: TopicName::new("wide"),
        partitions: 400,
        replication_factor: 1,
        assignment: None,
        configs: Vec::new(),
    };
    let request = Request::CreateTopics(CreateTopicsRequest { topics: vec![topic] });
    act(&mut lab, Act::Admin(request), "topic create wide partitions=400");
    let screen = canvas(80, 20, Glyphs::unicode(), Language::English);
    let focus = Focus { partition: TopicPartition::parse("wide-300"), ..Focus::default() };
    let picture = super::draw("cluster", &lab, &focus, &screen).unwrap();
    assert_eq!(picture.lines.len(), screen.height);
    let row = &picture.lines[picture.attention.unwrap()];
    assert!(row.to_text().starts_with("  wide-300 "), "{}", row.to_text());
    let (first, shown, total) = picture.part.unwrap();
    assert!(first < 300 && first + shown > 300 && total == 400, "{first} {shown} {total}");
}

#[test]
fn a_quorum_of_three_and_one_of_five_are_drawn() {
    for voters in [3, 5] {
        let spec = ClusterSpec { controllers: voters, ..ClusterSpec::default() };
        let mut lab = Lab::new(spec, Disk::memory()).unwrap();
        run(&mut lab, 5_000);
        let before = text(&lab, "quorum");
        let active = lab.cluster().active_controller().unwrap();
        lab.act(Act::Kill(active), "controller kill").unwrap().unwrap();
        run(&mut lab, 8_000);
        let after = text(&lab, "quorum");
        let small = canvas(44, 20, Glyphs::ascii(), Language::Chinese);
        let small = show("quorum", &[], &lab, &small).unwrap().to_text();
        let all = [before, after, small].join("\n\n");
        insta::assert_snapshot!(format!("quorum_of_{voters}_before_and_after_a_kill"), all);
    }
}
