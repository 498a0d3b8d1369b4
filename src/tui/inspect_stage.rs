//! A directory that somebody else wrote, on the stage: to be looked at, and to look an offset up in.
//!
//! Nothing happens here but what the learner asks to see: choosing a partition, a segment, a batch; and the offset
//! lookup, walked entry by entry with the same steps as in the lab.

use super::stage::{Completion, Mark, Moment, Note, Pace, Pane, Prose, Stage, Status};
use crate::clock::Instant;
use crate::inspect::{Inspection, Place};
use crate::script::{self, Command, LookupTarget, NoNames};
use crate::storage::LookupStep;
use crate::trace::{Canvas, Focus, Picture, Target};
use crate::types::{Language, NodeId, Offset};

/// A directory that somebody else wrote.
pub struct InspectStage {
    inspection: Inspection,
    language: Language,
    /// The lookup that is walked: where, which offset, its steps, how many of them were taken.
    lookup: Option<(Place, Offset, Vec<LookupStep>, usize)>,
    /// Where a lookup has just begun: its index is to be seen.
    shown: Option<Place>,
}

impl InspectStage {
    /// Puts an opened directory on the stage.
    pub fn new(inspection: Inspection, language: Language) -> InspectStage {
        InspectStage { inspection, language, lookup: None, shown: None }
    }

    fn place(&self, focus: &Focus) -> Option<Place> {
        let node = focus.node.map(|node| node.0);
        let named =
            focus.partition.as_ref().and_then(|partition| self.inspection.find(partition, node));
        named.or(self.lookup.as_ref().map(|lookup| lookup.0)).or_else(|| self.inspection.first())
    }

    /// The offset in focus: chosen, looked up, or the first of the segment.
    fn offset(&self, place: Place, focus: &Focus) -> Option<Offset> {
        let walked = self.lookup.as_ref().filter(|lookup| lookup.0 == place).map(|lookup| lookup.1);
        let first = || Some(self.inspection.partition(place)?.segments.first()?.base_offset);
        focus.offset.or(walked).or(focus.segment).or_else(first)
    }

    fn look_up(&mut self, place: Place, offset: Offset) -> Pace {
        match self.inspection.lookup(place, offset) {
            Err(why) => Pace::Halt(Note::bad(why)),
            Ok(steps) => {
                self.lookup = Some((place, offset, steps, 1));
                self.shown = Some(place);
                self.told()
            }
        }
    }

    /// The last step of the lookup, as a sentence.
    fn told(&self) -> Pace {
        let last = self
            .lookup
            .as_ref()
            .and_then(|(_, _, steps, walked)| steps.get(walked.checked_sub(1)?));
        Pace::Done(last.map(|step| Note::good(step.sentence(self.language))))
    }

    fn walk(&mut self, by: isize) -> Pace {
        if let Some((_, _, steps, walked)) = &mut self.lookup {
            *walked = walked.saturating_add_signed(by).clamp(1, steps.len().max(1));
            return self.told();
        }
        let text = self.language.pick(
            "nothing is under way: type ':lookup orders-0 offset=5' to walk a lookup",
            "没有进行中的操作：输入 ':lookup orders-0 offset=5' 来逐步查找",
        );
        Pace::Halt(Note::good(text))
    }
}

impl Stage for InspectStage {
    fn status(&self) -> Status {
        let (step, head) = self
            .lookup
            .as_ref()
            .map_or((0, 0), |(_, _, steps, walked)| (*walked as u64, steps.len() as u64));
        Status {
            title: self.inspection.directory.display().to_string(),
            step,
            head,
            place: self.inspection.directory.display().to_string(),
            read_only: true,
            ..Status::default()
        }
    }

    fn panes(&self) -> Vec<Pane> {
        vec![Pane::Cluster, Pane::Log, Pane::Index, Pane::Timeline, Pane::Bytes]
    }

    fn prose(&self, _: Language) -> Prose {
        Prose::default()
    }

    fn picture(&self, pane: Pane, focus: &Focus, canvas: &Canvas) -> Picture {
        let overview = || self.inspection.overview(canvas);
        let Some(place) = self.place(focus) else { return overview() };
        let offset = self.offset(place, focus);
        match pane {
            Pane::Log => self.inspection.log_picture(place, offset, canvas),
            Pane::Index => {
                let steps = match &self.lookup {
                    Some((at, _, steps, walked)) if *at == place => {
                        &steps[..(*walked).min(steps.len())]
                    }
                    _ => &[],
                };
                self.inspection.index_picture(place, offset, steps, canvas)
            }
            Pane::Bytes => self.inspection.bytes_picture(place, offset.unwrap_or_default(), canvas),
            Pane::Timeline => {
                self.inspection.timeline_picture(place, focus.offset.or(focus.segment), canvas)
            }
            _ => overview(),
        }
    }

    fn marks(&self, cells: usize) -> Vec<Mark> {
        vec![Mark::Quiet; cells]
    }
    fn recent(&self, _: usize, _: Language) -> Vec<Moment> {
        Vec::new()
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
    fn goto(&mut self, _: u64) -> Pace {
        Pace::Done(None)
    }

    fn command(&mut self, line: &str) -> Pace {
        match script::parse_line(line, 1).map(|statement| statement.map(|s| s.command)) {
            Ok(Some(Command::Lookup {
                partition,
                target: LookupTarget::Offset(offset),
                broker,
                ..
            })) => match self.inspection.find(&partition, broker) {
                Some(place) => self.look_up(place, Offset(offset)),
                None => Pace::Halt(Note::bad(format!("there is no {partition} in this directory"))),
            },
            Ok(None) => Pace::Done(None),
            Ok(Some(_)) => {
                let text = self.language.pick(
                    "this directory is only looked at: 'lookup orders-0 offset=5' works here",
                    "此目录只读：这里可以用 'lookup orders-0 offset=5'",
                );
                Pace::Halt(Note::bad(text))
            }
            Err(fault) => {
                Pace::Halt(Note::bad(format!("{} {}", fault.message, fault.advice).trim()))
            }
        }
    }

    fn advance(&mut self) -> Pace {
        Pace::Done(None)
    }
    fn cancel(&mut self) {}
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

    fn complete(&self, line: &str, cursor: usize) -> Vec<Completion> {
        let characters = line[..cursor].chars().count();
        let byte = |at: usize| line.char_indices().nth(at).map_or(line.len(), |(byte, _)| byte);
        script::complete(line, characters, &NoNames, self.language)
            .into_iter()
            .filter(|found| found.from > 0 || found.text.starts_with("lookup"))
            .map(|found| Completion { text: found.text, from: byte(found.from), doc: found.about })
            .collect()
    }

    fn focus(&self, target: &Target, focus: &Focus) -> Option<(Pane, Focus)> {
        let mut focus = focus.clone();
        let pane = match target {
            Target::Partition(partition) => {
                focus = Focus { partition: Some(partition.clone()), ..Focus::default() };
                Pane::Log
            }
            Target::Segment(base) => {
                focus.segment = Some(*base);
                focus.offset = None;
                Pane::Index
            }
            Target::Offset(offset) => {
                focus.offset = Some(*offset);
                Pane::Bytes
            }
            _ => return None,
        };
        Some((pane, focus))
    }

    fn save(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn take_shown(&mut self) -> Option<(Pane, Focus)> {
        let place = self.shown.take()?;
        let partition = self.inspection.partition(place)?.partition.clone();
        let node = self.inspection.nodes.get(place.node)?.node.map(NodeId);
        Some((Pane::Index, Focus { partition: Some(partition), node, ..Focus::default() }))
    }

    fn set_language(&mut self, language: Language) {
        self.language = language;
    }
}
