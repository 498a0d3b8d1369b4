//! A stage made of paper: the offset lookup as it was drawn before the first line of code.

use super::super::home::{Card, Mastery, SampleCard, Shelf};
use super::super::stage::*;
use crate::clock::Instant;
use crate::trace::{Align, Canvas, Focus, Line, Picture, Role, Table, Target, width};
use crate::types::{Language, NodeId, Offset};

pub fn shelf() -> Shelf {
    let card = |id: &str, title: &str, track, mastery| Card {
        id: id.into(),
        title: title.into(),
        track,
        minutes: 8,
        mastery,
    };
    Shelf {
        cards: vec![
            card("a02-record-batch", "A record batch, byte by byte", 'A', Mastery::Done),
            card("a03-segment-roll", "A segment is full", 'A', Mastery::Done),
            card("a04-sparse-index", "The sparse index", 'A', Mastery::New),
            card("a05-offset-lookup", "From an offset to a byte", 'A', Mastery::At(3, 7)),
            card("b04-isr-shrink-expand", "The ISR shrinks and grows", 'B', Mastery::New),
            card("b07-leader-failover", "A leader dies", 'B', Mastery::New),
            card("e02-group-assignment", "Who reads which partition", 'E', Mastery::New),
            card("h01-tour", "The lab in five minutes", 'H', Mastery::New),
        ],
        unfinished: Some("a05-offset-lookup".into()),
        samples: vec![SampleCard {
            name: "plain".into(),
            origin: "Kafka 4.3.1".into(),
            about: "one broker".into(),
        }],
        tour: Some("h01-tour".into()),
    }
}

/// What was done to the paper.
#[derive(Default)]
pub struct Paper {
    pub step: u64,
    pub answered: Option<String>,
    pub log: Vec<String>,
}

impl Paper {
    pub fn new() -> Paper {
        Paper { step: 412, answered: None, log: Vec::new() }
    }

    fn note(&mut self, text: impl Into<String>) -> Pace {
        self.log.push(text.into());
        Pace::Done(None)
    }
}

fn log(canvas: &Canvas) -> Picture {
    let g = canvas.glyphs;
    let mut picture = Picture::new("log").caption("orders-0 on b2, leader");
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Left, Align::Right]);
    for (base, end, flushed, size) in
        [(0, "39", 4102, 4102), (40, "95", 2800, 3988), (96, "", 0, 411)]
    {
        let (solid, soft) = g.scale(flushed, size, 4102, 24);
        table.row_to(
            vec![
                Line::of(format!("{base:020}"), Role::Offset),
                Line::plain(format!("{base}{}{end}", g.range)),
                Line::of(solid, Role::Flushed).span(soft, Role::Cached),
                Line::plain(format!("{} B", width::number(size as i64))).changed(base == 40, &g),
            ],
            Target::Segment(Offset(base)),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    picture
}

fn index(canvas: &Canvas) -> Picture {
    let g = canvas.glyphs;
    let caption =
        Line::of("00000000000000000040.index", Role::Link).text("   6 entries, 48 B mapped");
    let mut picture = Picture::new("index").caption(caption);
    let heads = match canvas.language {
        Language::English => ["entry", "relative", "offset", "position"],
        Language::Chinese => ["条目", "相对位移", "位移", "位置"],
    };
    let mut table = Table::new(&[Align::Right; 4]).heads(&heads).indent(4);
    for (entry, relative, position) in
        [(0, 4, 389), (1, 13, 1022), (2, 22, 1655), (3, 31, 2288), (4, 48, 3451), (5, 53, 3812)]
    {
        let mark = match entry {
            3 => Line::of(format!("{} ≤ 87  low", g.good), Role::Good),
            4 => Line::of(format!("{} 88 > 87  high", g.changed), Role::Accent),
            _ => Line::new(),
        };
        table.row_to(
            vec![
                Line::plain(entry.to_string()),
                Line::plain(relative.to_string()),
                Line::of((relative + 40).to_string(), Role::Offset),
                Line::of(width::number(position), Role::Position),
                mark,
            ],
            Target::Entry(entry),
        );
    }
    picture.extend(table.lines(canvas.width, g.ellipsis));
    picture
}

fn cluster(canvas: &Canvas) -> Picture {
    let g = canvas.glyphs;
    let mut picture = Picture::new("cluster");
    for (id, state, role) in
        [(1, g.dead, Role::Dead), (2, g.leader, Role::Leader), (3, g.follower, Role::Follower)]
    {
        picture.push(Line::plain(format!("b{id} ")).span(state, role).to(Target::Node(NodeId(id))));
    }
    picture
}

fn network() -> Picture {
    let mut picture = Picture::new("network").caption("in flight");
    for (id, text) in
        [(7, "b2 ← b3   Fetch orders-0 from 4, epoch 1"), (8, "3001 → b1   (nobody there)")]
    {
        picture.push(Line::plain(text).to(Target::Pending(id)));
    }
    picture
}

impl Stage for Paper {
    fn status(&self) -> Status {
        Status {
            id: "a05-offset-lookup".into(),
            title: "From an offset to a byte".into(),
            progress: Some((3, 7)),
            kafka: "4.3".into(),
            seed: 7,
            step: self.step,
            head: 418,
            at: Instant(2_310_000),
            branch: "main".into(),
            place: "/home/ann/klab/a05/broker-2/orders-0".into(),
            under_way: None,
            read_only: false,
        }
    }
    fn panes(&self) -> Vec<Pane> {
        vec![
            Pane::Lesson,
            Pane::Log,
            Pane::Index,
            Pane::Cluster,
            Pane::Network,
            Pane::Why,
            Pane::Timeline,
        ]
    }
    fn prose(&self, language: Language) -> Prose {
        let (heading, text, question) = match language {
            Language::English => (
                "A binary search in a sparse index",
                "A reader asks for offset 87. The broker has already chosen the segment: 40 is the \
                 greatest base offset not beyond 87.\n\nNow the index. It is **sparse**: 6 entries \
                 for 56 records. A binary search finds the greatest entry not beyond 87.",
                "Where will the scan of the log begin?",
            ),
            Language::Chinese => (
                "在稀疏索引里二分查找",
                "读者要位移 87。broker 已经选好了日志段：40 是不超过 87 的最大基准位移。\n\n\
                 现在看索引。它是**稀疏**的：56 条记录只有 6 个条目。二分查找找到不超过 87 的最大条目。",
                "对日志的扫描将从哪里开始？",
            ),
        };
        Prose {
            begun: true,
            heading: heading.into(),
            parts: vec![
                Part::Text(text.into()),
                Part::Command(CommandLine {
                    command: "lookup orders-0 offset=87".into(),
                    state: Done::UnderWay,
                    output: vec!["segment 40".into()],
                }),
                Part::Question(Question {
                    text: question.into(),
                    choices: vec![
                        "position 1 655".into(),
                        "position 2 288".into(),
                        "position 3 451".into(),
                    ],
                    given: self.answered.clone(),
                    truth: self.answered.as_ref().map(|_| "position 2 288".into()),
                    right: self.answered.as_ref().map(|a| a == "position 2 288"),
                    why: "Entry 3 is the greatest not beyond 87.".into(),
                }),
            ],
            hints_left: 1,
            ..Prose::default()
        }
    }
    fn picture(&self, pane: Pane, _: &Focus, canvas: &Canvas) -> Picture {
        match pane {
            Pane::Log => log(canvas),
            Pane::Index => index(canvas),
            Pane::Cluster => cluster(canvas),
            Pane::Network => network(),
            Pane::Why => {
                let mut picture = Picture::new("why");
                for cause in ["Probe entry 4", "Lookup orders-0 offset=87", "you, step 409"] {
                    picture.push(cause);
                }
                picture
            }
            pane => {
                let mut picture = Picture::new(pane.name());
                for row in 0..200 {
                    picture.push(format!("row {row}"));
                }
                picture
            }
        }
    }
    fn marks(&self, cells: usize) -> Vec<Mark> {
        (0..cells)
            .map(|cell| match cell % 7 {
                3 => Mark::Event,
                5 if cell % 2 == 0 => Mark::Act,
                6 if cell == 13 => Mark::Fault,
                _ => Mark::Quiet,
            })
            .collect()
    }
    fn recent(&self, count: usize, _: Language) -> Vec<Moment> {
        let all = [(412, "Probe entry 4"), (411, "Probe entry 3"), (409, "Lookup orders-0")];
        all.iter()
            .take(count)
            .map(|(step, text)| Moment {
                id: *step,
                step: *step,
                sentence: (*text).into(),
                mark: Mark::Event,
            })
            .collect()
    }
    fn causes(&self, _: &Focus, _: Language) -> Vec<String> {
        ["Probe entry 4", "Lookup orders-0 offset=87", "you, step 409"].map(String::from).into()
    }
    fn forward(&mut self) -> Pace {
        self.step += 1;
        self.note("forward")
    }
    fn forward_far(&mut self) -> Pace {
        self.note("forward far");
        Pace::More
    }
    fn back(&mut self) -> Pace {
        self.step -= 1;
        self.note("back")
    }
    fn back_far(&mut self) -> Pace {
        self.note("back far")
    }
    fn goto(&mut self, step: u64) -> Pace {
        self.step = step;
        self.note(format!("goto {step}"))
    }
    fn command(&mut self, line: &str) -> Pace {
        self.log.push(line.into());
        if line == "nonsense" {
            return Pace::Halt(Note::bad("nonsense is no command; the nearest is: network"));
        }
        Pace::Done(Some(Note::good(format!("done: {line}"))))
    }
    fn advance(&mut self) -> Pace {
        self.note("advance")
    }
    fn cancel(&mut self) {
        self.log.push("cancel".into());
    }
    fn play_until(&mut self, _: Instant) -> Pace {
        Pace::Halt(Note::good("nothing is pending: type a command"))
    }
    fn next_at(&self) -> Option<Instant> {
        None
    }
    fn answer(&mut self, answer: &str) -> Pace {
        self.answered = Some(answer.into());
        Pace::Done(None)
    }
    fn hint(&mut self) -> Pace {
        self.note("hint")
    }
    fn pending(&mut self, id: u64, deliver: bool) -> Pace {
        Pace::Done(Some(Note::good(format!("{} {id}", if deliver { "deliver" } else { "drop" }))))
    }
    fn complete(&self, line: &str, _: usize) -> Vec<Completion> {
        let all = [
            ("show", "a pane as text"),
            ("settle", "until nothing would change"),
            ("step", "one happening"),
        ];
        all.iter()
            .filter(|(word, _)| word.starts_with(line))
            .map(|(word, doc)| Completion { text: (*word).into(), from: 0, doc: (*doc).into() })
            .collect()
    }
    fn focus(&self, target: &Target, focus: &Focus) -> Option<(Pane, Focus)> {
        match target {
            Target::Segment(base) => {
                Some((Pane::Index, Focus { segment: Some(*base), ..focus.clone() }))
            }
            _ => None,
        }
    }
    fn save(&mut self) -> Result<(), String> {
        Ok(())
    }
}
