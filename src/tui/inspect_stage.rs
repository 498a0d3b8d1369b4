//! A directory that somebody else wrote, on the stage: to be looked at, searched, checked; and watched while it grows.
//!
//! ```text
//!   keys ─► choose a partition, a segment, a batch ─► focus ─► pictures of `inspect`
//!   ':' and '/' ─► the words of `klab inspect DIR …` ─► lookup (walked), find, check, verify
//!   poll, every second ─► refresh: what a running broker added; while a search or check is under way: a piece of it
//! ```
//!
//! What always holds: no key is kept waiting (long work goes on in pieces between the keys); what grows moves nothing
//! that the reader looks at, since panes are about a focus (partition, offset, file), not about row numbers.

mod work;

use super::stage::{Completion, Mark, Moment, Note, Pace, Pane, Prose, Stage, Status};
use super::words;
use crate::clock::Instant;
use crate::inspect::{Asked, Check, Find, Inspection, Place, Request, Steps, VERBS, Verified};
use crate::storage::{LookupStep, TimestampStep};
use crate::trace::{Canvas, Focus, Picture, Target};
use crate::types::{Language, NodeId, Offset, TopicPartition};

/// How often a directory is looked at again, in milliseconds.
const LOOK_AGAIN_MS: u64 = 1_000;

/// The steps of a lookup.
enum Walk {
    Offset(Vec<LookupStep>),
    Time(Vec<TimestampStep>),
}

/// A lookup that is walked.
struct Lookup {
    place: Place,
    offset: Option<Offset>,
    walk: Walk,
    walked: usize,
}

impl Lookup {
    fn len(&self) -> usize {
        match &self.walk {
            Walk::Offset(steps) => steps.len(),
            Walk::Time(steps) => steps.len(),
        }
    }

    fn steps(&self) -> Steps<'_> {
        let walked = self.walked.min(self.len());
        match &self.walk {
            Walk::Offset(steps) => Steps::Offset(&steps[..walked]),
            Walk::Time(steps) => Steps::Time(&steps[..walked]),
        }
    }

    fn sentence(&self, language: Language) -> Option<String> {
        let at = self.walked.checked_sub(1)?;
        match &self.walk {
            Walk::Offset(steps) => Some(steps.get(at)?.sentence(language)),
            Walk::Time(steps) => Some(steps.get(at)?.sentence(language)),
        }
    }
}

/// What the pane of results shows.
enum Results {
    Nothing,
    Find(Box<Find>),
    Verify(Place, Vec<Verified>),
}

/// A directory that somebody else wrote.
pub struct InspectStage {
    inspection: Inspection,
    language: Language,
    lookup: Option<Lookup>,
    results: Results,
    finding: bool,
    check: Option<Check>,
    checking: bool,
    /// What a command wants to be seen.
    shown: Option<(Pane, Focus)>,
    /// What came last, in both languages.
    news: Option<(String, String)>,
    news_count: u64,
}

impl InspectStage {
    /// Puts an opened directory on the stage.
    pub fn new(inspection: Inspection, language: Language) -> InspectStage {
        InspectStage {
            inspection,
            language,
            lookup: None,
            results: Results::Nothing,
            finding: false,
            check: None,
            checking: false,
            shown: None,
            news: None,
            news_count: 0,
        }
    }

    fn place(&self, focus: &Focus) -> Option<Place> {
        let node = focus.node.map(|node| node.0);
        let named = focus
            .partition
            .as_ref()
            .and_then(|partition| self.inspection.find_partition(partition, node));
        named
            .or(self.lookup.as_ref().map(|lookup| lookup.place))
            .or_else(|| self.inspection.first())
    }

    /// The offset in focus: chosen, looked up, or the first of the segment.
    fn offset(&self, place: Place, focus: &Focus) -> Option<Offset> {
        let walked = self.lookup.as_ref().filter(|lookup| lookup.place == place);
        let first = || self.inspection.partition(place)?.start_offset();
        focus.offset.or(walked.and_then(|l| l.offset)).or(focus.segment).or_else(first)
    }

    fn focus_on(&self, place: Place, offset: Option<Offset>) -> Focus {
        let partition = self.inspection.partition(place).map(|files| files.partition.clone());
        let node = self.inspection.nodes.get(place.node);
        let node = node.and_then(|node| node.properties.node).map(NodeId);
        Focus { partition, node, offset, ..Focus::default() }
    }

    /// The last step of the lookup, as a sentence.
    fn told(&self) -> Pace {
        let last = self.lookup.as_ref().and_then(|lookup| lookup.sentence(self.language));
        Pace::Done(last.map(Note::good))
    }

    fn walk(&mut self, by: isize) -> Pace {
        if let Some(lookup) = &mut self.lookup {
            let most = lookup.len().max(1);
            lookup.walked = lookup.walked.saturating_add_signed(by).clamp(1, most);
            return self.told();
        }
        let text = self.language.pick(
            "nothing is under way: ':lookup T-P offset=N' walks a lookup step by step",
            "没有进行中的操作：':lookup T-P offset=N' 可逐步查找",
        );
        Pace::Halt(Note::good(text))
    }

    fn look_up(&mut self, asked: Asked) -> Result<(), String> {
        let walk = match (asked.offset, asked.timestamp) {
            (Some(offset), _) => Walk::Offset(self.inspection.lookup(asked.place, offset)?),
            (None, time) => {
                let time = time.unwrap_or_default();
                Walk::Time(self.inspection.lookup_timestamp(asked.place, time)?)
            }
        };
        self.lookup = Some(Lookup { place: asked.place, offset: asked.offset, walk, walked: 1 });
        self.shown = Some((Pane::Index, self.focus_on(asked.place, None)));
        Ok(())
    }

    fn carry_out(&mut self, request: Request) -> Result<Pace, String> {
        let show = |stage: &Self, pane, asked: Asked| {
            Some((pane, stage.focus_on(asked.place, asked.offset)))
        };
        self.shown = match request {
            Request::Listing => Some((Pane::Cluster, Focus::default())),
            Request::Partition(asked) => show(self, Pane::Partition, asked),
            Request::Whole(asked) | Request::Log(asked) => show(self, Pane::Log, asked),
            Request::Index(asked) => {
                self.lookup = None;
                show(self, Pane::Index, asked)
            }
            Request::Bytes(asked) => show(self, Pane::Bytes, asked),
            Request::Batches(asked) => show(self, Pane::Timeline, asked),
            Request::Groups => Some((Pane::Group, Focus::default())),
            Request::Transactions => Some((Pane::Transactions, Focus::default())),
            Request::Metadata => Some((Pane::Controller, Focus::default())),
            Request::Lookup(asked) => {
                self.look_up(asked)?;
                return Ok(self.told());
            }
            Request::Find(wanted) => {
                self.results = Results::Find(Box::new(self.inspection.search(wanted)));
                self.finding = true;
                Some((Pane::Results, Focus::default()))
            }
            Request::Findings(only) => {
                self.check = Some(self.inspection.check(only.map(|asked| asked.place)));
                self.checking = true;
                Some((Pane::Findings, Focus::default()))
            }
            Request::Verify(asked) => {
                let count = self.inspection.partition(asked.place).map_or(0, |f| f.segments.len());
                let all = (0..count.min(work::MOST_VERIFIED))
                    .filter_map(|at| self.inspection.verify(asked.place, at))
                    .collect();
                self.results = Results::Verify(asked.place, all);
                Some((Pane::Results, self.focus_on(asked.place, None)))
            }
        };
        Ok(Pace::Done(None))
    }
}

impl Stage for InspectStage {
    fn status(&self) -> Status {
        let lookup = self.lookup.as_ref();
        let (step, head) =
            lookup.map_or((0, 0), |lookup| (lookup.walked as u64, lookup.len() as u64));
        let place = self.inspection.directory.display().to_string();
        let title = match &self.inspection.sample {
            Some(sample) => format!("{}  {}", sample.name, sample.origin),
            None => place.clone(),
        };
        Status {
            title,
            step,
            head,
            place,
            under_way: self.under_way(),
            read_only: true,
            ..Status::default()
        }
    }

    fn pane_name(&self, pane: Pane, language: Language) -> &'static str {
        match pane {
            Pane::Cluster => language.pick("directory", "目录"),
            Pane::Timeline => language.pick("batches", "批次"),
            Pane::Controller => language.pick("metadata", "元数据"),
            Pane::Group => language.pick("groups", "消费组"),
            other => words::pane(other, language),
        }
    }

    fn panes(&self) -> Vec<Pane> {
        vec![
            Pane::Cluster,
            Pane::Log,
            Pane::Partition,
            Pane::Timeline,
            Pane::Index,
            Pane::Bytes,
            Pane::Findings,
            Pane::Results,
            Pane::Group,
            Pane::Transactions,
            Pane::Controller,
        ]
    }

    fn prose(&self, _: Language) -> Prose {
        Prose::default()
    }

    fn picture(&self, pane: Pane, focus: &Focus, canvas: &Canvas) -> Picture {
        match pane {
            Pane::Findings => return self.findings_picture(canvas),
            Pane::Results => return self.results_picture(canvas),
            Pane::Group => return self.inspection.groups_picture(canvas),
            Pane::Transactions => return self.inspection.transactions_picture(canvas),
            Pane::Controller => return self.inspection.metadata_picture(canvas),
            Pane::Bytes => {
                if let Some(file) = &focus.file {
                    return self.inspection.file_picture(file, focus.byte.unwrap_or(0), canvas);
                }
            }
            _ => {}
        }
        let overview = || self.inspection.overview(canvas);
        let Some(place) = self.place(focus) else { return overview() };
        let offset = self.offset(place, focus);
        match pane {
            Pane::Partition => {
                let counts = self.check.as_ref().and_then(|check| check.counts.get(&place));
                self.inspection.partition_picture(place, counts, canvas)
            }
            Pane::Log => self.inspection.log_picture(place, offset, canvas),
            Pane::Index => {
                let lookup = self.lookup.as_ref().filter(|lookup| lookup.place == place);
                let steps = lookup.map_or(Steps::None, Lookup::steps);
                self.inspection.index_picture(place, offset, steps, canvas)
            }
            Pane::Bytes => self.inspection.bytes_picture(place, offset.unwrap_or_default(), canvas),
            Pane::Timeline => {
                self.inspection.timeline_picture(place, focus.segment.or(focus.offset), canvas)
            }
            _ => overview(),
        }
    }

    fn marks(&self, cells: usize) -> Vec<Mark> {
        vec![Mark::Quiet; cells]
    }
    fn recent(&self, _: usize, language: Language) -> Vec<Moment> {
        let moment = |news: &(String, String)| Moment {
            id: self.news_count,
            step: self.news_count,
            sentence: language.pick(&news.0, &news.1).to_owned(),
            mark: Mark::Event,
        };
        self.news.iter().map(moment).collect()
    }
    fn causes(&self, _: &Focus, _: Language) -> Vec<String> {
        Vec::new()
    }
    fn forward(&mut self) -> Pace {
        self.walk(1)
    }
    fn forward_far(&mut self) -> Pace {
        self.walk(isize::MAX)
    }
    fn back(&mut self) -> Pace {
        self.walk(-1)
    }
    fn back_far(&mut self) -> Pace {
        self.walk(isize::MIN)
    }
    fn goto(&mut self, step: u64) -> Pace {
        if let Some(lookup) = &mut self.lookup {
            lookup.walked = (step as usize).clamp(1, lookup.len().max(1));
            return self.told();
        }
        Pace::Done(None)
    }

    fn command(&mut self, line: &str) -> Pace {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let done =
            Request::parse(&self.inspection, &words).and_then(|request| self.carry_out(request));
        done.unwrap_or_else(|why| Pace::Halt(Note::bad(why)))
    }

    fn advance(&mut self) -> Pace {
        Pace::Done(None)
    }
    fn cancel(&mut self) {
        (self.finding, self.checking) = (false, false);
    }
    fn play_until(&mut self, _: Instant) -> Pace {
        self.walk(1)
    }
    fn next_at(&self) -> Option<Instant> {
        None
    }
    fn answer(&mut self, _: &str) -> Pace {
        Pace::Done(None)
    }
    fn hint(&mut self) -> Pace {
        Pace::Done(None)
    }
    fn pending(&mut self, _: u64, _: bool) -> Pace {
        Pace::Done(None)
    }

    fn poll_ms(&self) -> Option<u64> {
        Some(if self.finding || self.checking { 1 } else { LOOK_AGAIN_MS })
    }

    fn poll(&mut self) {
        if self.finding || self.checking {
            self.piece();
        } else {
            self.look_again();
        }
    }

    fn complete(&self, line: &str, cursor: usize) -> Vec<Completion> {
        let before = line.get(..cursor).unwrap_or(line);
        let from = before.rfind(' ').map_or(0, |at| at + 1);
        let word = &before[from..];
        let offer = |text: &str, doc: &str| Completion { text: text.into(), from, doc: doc.into() };
        if from == 0 {
            let fits = VERBS.iter().filter(|verb| verb.0.starts_with(word));
            return fits.map(|verb| offer(verb.0, self.language.pick(verb.1, verb.2))).collect();
        }
        let mut names: Vec<&TopicPartition> = self
            .inspection
            .places()
            .filter_map(|place| self.inspection.partition(place))
            .map(|files| &files.partition)
            .collect();
        names.dedup();
        let mut all: Vec<Completion> = names
            .into_iter()
            .map(ToString::to_string)
            .filter(|name| name.starts_with(word))
            .take(64)
            .map(|name| offer(&name, ""))
            .collect();
        let keys: &[&str] = match before.split(' ').next() {
            Some("find") => &["key=", "value~", "offset=", "time=", "topic=", "limit="],
            Some("lookup") => &["offset=", "timestamp=", "broker="],
            _ => &["offset=", "broker="],
        };
        all.extend(keys.iter().filter(|key| key.starts_with(word)).map(|key| offer(key, "")));
        all.dedup_by(|a, b| a.text == b.text);
        all
    }

    fn focus(&self, target: &Target, focus: &Focus) -> Option<(Pane, Focus)> {
        let mut focus = Focus { file: None, byte: None, ..focus.clone() };
        let pane = match target {
            Target::Partition(partition) => {
                focus = Focus { partition: Some(partition.clone()), ..Focus::default() };
                Pane::Log
            }
            Target::Replica(partition, node) => {
                let (partition, node) = (Some(partition.clone()), Some(*node));
                focus = Focus { partition, node, ..Focus::default() };
                Pane::Log
            }
            Target::Segment(base) => {
                focus.segment = Some(*base);
                focus.offset = None;
                Pane::Timeline
            }
            Target::Offset(offset) => {
                focus.offset = Some(*offset);
                Pane::Bytes
            }
            Target::Record(partition, offset) => {
                let node = focus.node.filter(|node| {
                    self.inspection.find_partition(partition, Some(node.0)).is_some()
                });
                let (partition, offset) = (Some(partition.clone()), Some(*offset));
                focus = Focus { partition, node, offset, ..Focus::default() };
                Pane::Bytes
            }
            Target::File(file) => {
                (focus.file, focus.byte) = (Some(file.clone()), Some(0));
                Pane::Bytes
            }
            Target::Event(finding) => return self.finding_focus(*finding as usize, &focus),
            Target::Choice(hit) => return self.hit_focus(*hit),
            _ => return None,
        };
        Some((pane, focus))
    }

    fn save(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn take_shown(&mut self) -> Option<(Pane, Focus)> {
        self.shown.take()
    }

    fn set_language(&mut self, language: Language) {
        self.language = language;
    }
}
