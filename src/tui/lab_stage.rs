//! A living cluster on the stage: a lesson or a sandbox.

use super::beats::Beat;
use super::menu::Offers;
use super::play::Play;
use super::stage::{
    Completion, Mark, Moment, Note, Pace, Pane, Part as Shown, Prose, Stage, Status,
};
use crate::clock::Instant;
use crate::cluster::{Happening, Lab, Stamped};
use crate::lesson::{self, Part};
use crate::script;
use crate::trace::{self, Canvas, Focus, Line, Picture, Role, Target};
use crate::types::Language;
use std::path::PathBuf;
use views::{Compared, Views};

mod offers; // what can be done to what is chosen
mod prose; // the story beside the pictures
mod views; // what is remembered between two frames
#[cfg(test)]
mod ways; // every fault from everywhere

/// Happenings that one beat of playing may deliver.
const BEAT: usize = 400;

/// What is written down when the learner leaves: how far the lesson is.
pub type Saver = Box<dyn FnMut(lesson::LessonProgress) -> Result<(), String>>;

/// A living cluster on the stage.
pub struct LabStage {
    play: Play,
    id: String,
    save: Option<Saver>,
    /// The directory to remove in the end.
    remove: Option<PathBuf>,
    views: Views,
}

impl LabStage {
    /// Puts a lesson (with its id) or a sandbox on the stage. `remove` is taken away in the end.
    pub fn new(play: Play, id: &str, save: Option<Saver>, remove: Option<PathBuf>) -> LabStage {
        LabStage { play, id: id.into(), save, remove, views: Views::default() }
    }

    /// Compares the branch on the screen with another one.
    fn compare(&mut self, name: &str) -> Pace {
        let Some(lab) = self.play.lab() else { return Pace::Done(None) };
        let head = lab.forks().find(|fork| fork.0 == name).map_or(0, |fork| fork.2);
        match lab.diff(name) {
            Err(error) => Pace::Halt(Note::bad(error.to_string())),
            Ok(differences) => {
                let side = |branch: &str, step| trace::diff::Side { branch: branch.into(), step };
                let here = side(lab.branch_name(), lab.step_number());
                let there = side(name, head);
                self.views.compared = Some(Compared { here, there, differences });
                self.views.show_compared = true;
                Pace::Done(None)
            }
        }
    }

    fn diff(&self, canvas: &Canvas) -> Picture {
        match &self.views.compared {
            Some(seen) => trace::diff::draw(&seen.differences, &seen.here, &seen.there, canvas),
            None => {
                let mut picture = Picture::new(Pane::Diff.name());
                let text = canvas.word(
                    "  nothing compared yet: `diff NAME`, or choose a branch in the timeline and press v",
                    "  尚未对比：输入 `diff 分支名`，或在时间线中选中分支后按 v",
                );
                let words = trace::prose::inline(text, Role::Dim);
                picture.extend(trace::prose::wrap(&words, canvas.width));
                picture
            }
        }
    }

    /// A picture, drawn.
    fn drawn(&self, pane: Pane, focus: &Focus, canvas: &Canvas) -> Picture {
        let Some(lab) = self.play.lab() else {
            let mut picture = Picture::new(pane.name());
            let text = canvas.word(
                "no cluster yet: type 'cluster brokers=3'",
                "还没有集群：输入 'cluster brokers=3'",
            );
            picture.push(Line::of(text, Role::Dim));
            return picture;
        };
        if pane == Pane::Zookeeper {
            let picture = trace::show(pane.name(), &[], lab, canvas);
            return picture.unwrap_or_else(|_| Picture::new(pane.name()));
        }
        if pane == Pane::Diff {
            return self.diff(canvas);
        }
        let known = match pane {
            Pane::Metrics => Focus { was: self.views.metrics_before(lab), ..focus.clone() },
            Pane::Cluster => Focus { counts: Some(self.views.counts(lab)), ..focus.clone() },
            _ => focus.clone(),
        };
        let focus = &known;
        trace::draw(pane.name(), lab, focus, canvas).unwrap_or_else(|| Picture::new(pane.name()))
    }

    /// The last things that happened and when, latest first.
    pub(super) fn recent_at(&self, count: usize, language: Language) -> Vec<(Instant, Moment)> {
        let Some(lab) = self.play.lab() else { return Vec::new() };
        let told = |event: &Stamped| Moment {
            id: event.id,
            step: event.step,
            sentence: lab.cluster().sentence(event, language),
            mark: mark_of(event),
        };
        let events = lab.events().iter().rev().take(2_000);
        let events = events.filter(|event| !event.body.is_background()).take(count);
        events.map(|event| (event.at, told(event))).collect()
    }

    /// When the latest things happened, and their weight.
    pub(super) fn marked(&self) -> Vec<(Instant, Mark)> {
        let events = self.play.lab().into_iter().flat_map(|lab| lab.events().iter().rev());
        let events = events.take(2_000).filter(|event| !event.body.is_background());
        events.map(|event| (event.at, mark_of(event))).collect()
    }

    /// The last step that was over at a moment.
    pub(super) fn step_at(&self, at: Instant) -> Option<u64> {
        let events = self.play.lab()?.events();
        let behind = events.partition_point(|event| event.at <= at);
        events.get(behind.checked_sub(1)?).map(|event| event.step)
    }

    fn progress(&self) -> lesson::LessonProgress {
        let mut progress = lesson::LessonProgress {
            step: self.play.at,
            steps: self.play.lesson(Language::English).map_or(0, |lesson| lesson.steps.len()),
            done: self.play.finished,
            hints: self.play.hints.values().sum(),
            ..lesson::LessonProgress::default()
        };
        let questions = self.play.beats.iter().zip(&self.play.records);
        let questions = questions.filter(|(placed, _)| matches!(placed.beat, Beat::Question));
        for (number, (placed, record)) in questions.enumerate() {
            let lesson = self.play.lesson(Language::English);
            let part = lesson.zip(placed.part).and_then(|(l, p)| l.steps[placed.step].parts.get(p));
            if let (Some(Part::Predict(predict)), Some((engine, right))) = (part, &record.truth) {
                progress.answers.insert(
                    number,
                    lesson::Answer {
                        question: predict.question.clone(),
                        said: record.said.clone().filter(|said| !said.is_empty()),
                        engine: engine.clone(),
                        right: *right,
                    },
                );
            }
        }
        progress
    }
}

fn mark_of(event: &Stamped) -> Mark {
    match trace::timeline::weight(event) {
        trace::timeline::Weight::Fault => Mark::Fault,
        trace::timeline::Weight::Act => Mark::Act,
        trace::timeline::Weight::Quiet => Mark::Quiet,
        _ => Mark::Event,
    }
}

impl Stage for LabStage {
    fn status(&self) -> Status {
        let language = self.play.session.language;
        let lesson = self.play.lesson(language);
        let lab = self.play.lab();
        let place = lab.and_then(|lab| lab.disk().root());
        Status {
            id: self.id.clone(),
            title: lesson.map_or_else(
                || language.pick("Sandbox", "沙盒").to_owned(),
                |lesson| lesson.title_in(language).to_owned(),
            ),
            progress: lesson.map(|lesson| (self.play.at + 1, lesson.steps.len())),
            kafka: lab.map_or_else(String::new, |lab| lab.spec().kafka.clone()),
            seed: lab.map_or(self.play.session.seed, |lab| lab.spec().seed),
            step: lab.map_or(0, Lab::step_number),
            head: lab.map_or(0, Lab::head),
            at: lab.map_or(Instant(0), Lab::now),
            branch: lab.map_or_else(String::new, |lab| lab.branch_name().to_owned()),
            place: place.map_or_else(String::new, |path| path.display().to_string()),
            under_way: self.play.under_way().map(str::to_owned),
            read_only: false,
        }
    }

    fn panes(&self) -> Vec<Pane> {
        let lesson = self.play.lesson(Language::English);
        let wanted = lesson.map_or(&[][..], |lesson| lesson.panes_at(self.play.at));
        let mut panes = vec![Pane::Lesson];
        panes.extend(wanted.iter().filter_map(|name| Pane::parse(name)));
        for pane in [
            Pane::Cluster,
            Pane::Network,
            Pane::Partition,
            Pane::Log,
            Pane::Index,
            Pane::Bytes,
            Pane::Controller,
            Pane::Group,
            Pane::Metrics,
            Pane::Overview,
            Pane::Timeline,
            Pane::Diff,
            Pane::Why,
            Pane::Files,
        ] {
            if !panes.contains(&pane) {
                panes.push(pane);
            }
        }
        // A cluster of the ZooKeeper era has a tree to look into.
        let era = self.play.lab().is_some_and(|lab| lab.cluster().controllers.is_empty());
        panes.retain(|pane| *pane != Pane::Zookeeper || era);
        if era && !panes.contains(&Pane::Zookeeper) {
            panes.push(Pane::Zookeeper);
        }
        panes
    }

    fn begin(&mut self) -> Pace {
        self.views.forget();
        self.play.begin()
    }

    fn prose(&self, language: Language) -> Prose {
        let mut prose = Prose::default();
        if self.lesson_pane(language, &mut prose).is_none() {
            self.sandbox_pane(language, &mut prose);
        }
        prose.parts.extend(self.play.tried().map(Shown::Command));
        prose
    }

    fn picture(&self, pane: Pane, focus: &Focus, canvas: &Canvas) -> Picture {
        self.views.picture(pane, focus, canvas, || self.drawn(pane, focus, canvas))
    }

    fn marks(&self, cells: usize) -> Vec<Mark> {
        let Some(lab) = self.play.lab() else { return vec![Mark::Quiet; cells] };
        self.views.marks(lab, cells)
    }

    fn recent(&self, count: usize, language: Language) -> Vec<Moment> {
        self.recent_at(count, language).into_iter().map(|(_, moment)| moment).collect()
    }

    fn causes(&self, focus: &Focus, language: Language) -> Vec<String> {
        let Some(lab) = self.play.lab() else { return Vec::new() };
        let last = || lab.events().iter().rev().take(2_000).find(|e| !e.body.is_background());
        let Some(event) = focus.event.or_else(|| last().map(|event| event.id)) else {
            return Vec::new();
        };
        let (chain, _) = trace::why::chain(lab, event);
        chain.iter().take(5).map(|event| lab.cluster().sentence(event, language)).collect()
    }

    fn forward(&mut self) -> Pace {
        self.views.forget();
        self.play.forward()
    }
    fn forward_far(&mut self) -> Pace {
        self.views.forget();
        self.play.forward_far()
    }
    fn back(&mut self) -> Pace {
        self.views.forget();
        self.play.back()
    }
    fn back_far(&mut self) -> Pace {
        self.views.forget();
        self.play.back_far()
    }
    fn goto(&mut self, step: u64) -> Pace {
        self.views.forget();
        self.play.walk(|lab| lab.goto(step.min(lab.head())))
    }

    fn command(&mut self, line: &str) -> Pace {
        self.views.forget();
        match line.trim() {
            "hint" => self.hint(),
            "reset" => {
                let home = self.play.go_home();
                let begin = self.play.begins.get(self.play.at).copied().unwrap_or(0);
                self.play.tries.clear();
                self.play.walk(|lab| lab.goto(begin));
                home
            }
            "goal" => {
                let language = self.play.session.language;
                let step = self.play.lesson(language).and_then(|l| l.steps.get(self.play.at));
                let goal = step.map(|step| step.goal().to_owned());
                let none =
                    || language.pick("a sandbox has no goal but yours", "沙盒没有目标，由你决定");
                Pace::Done(Some(Note::good(goal.unwrap_or_else(|| none().to_owned()))))
            }
            line => match line.strip_prefix("diff ") {
                Some(name) => self.compare(name.trim()),
                None => self.play.command(line),
            },
        }
    }

    fn advance(&mut self) -> Pace {
        self.views.forget();
        self.play.advance()
    }
    fn cancel(&mut self) {
        self.views.forget();
        self.play.cancel();
    }

    fn play_until(&mut self, until: Instant) -> Pace {
        self.views.forget();
        for _ in 0..BEAT {
            let free = self.play.is_idle() && self.play.lessons.is_empty();
            let Some(lab) = self.play.session.lab.as_mut() else { return self.play.forward() };
            let lab_next = lab.next_at();
            if free && !lab.in_past() && lab_next.is_some_and(|at| at > until) {
                let waited = lab.wait_until(until);
                return waited
                    .map_or_else(|e| Pace::Halt(Note::bad(e.to_string())), |()| Pace::Done(None));
            }
            if lab_next.is_some_and(|at| at > until) {
                return Pace::Done(None);
            }
            match self.play.forward() {
                Pace::Done(None) => {}
                other => return other,
            }
        }
        Pace::Done(None)
    }

    fn next_at(&self) -> Option<Instant> {
        self.play.lab().and_then(Lab::next_at)
    }

    fn answer(&mut self, answer: &str) -> Pace {
        self.views.forget();
        let language = self.play.session.language;
        let question = self.play.question();
        let choices: Vec<String> = question
            .and_then(|beat| {
                let placed = &self.play.beats[beat];
                let lesson = self.play.lesson(language)?;
                match lesson.steps.get(placed.step)?.parts.get(placed.part?)? {
                    Part::Predict(predict) => {
                        Some(predict.options.iter().map(|option| option.text.clone()).collect())
                    }
                    _ => None,
                }
            })
            .unwrap_or_default();
        let said = choices.iter().position(|choice| choice == answer);
        self.play.answer(said.map_or_else(|| answer.to_owned(), |at| at.to_string()))
    }

    fn hint(&mut self) -> Pace {
        self.views.forget();
        let language = self.play.session.language;
        let step = self.play.lesson(language).and_then(|lesson| lesson.steps.get(self.play.at));
        let all = step.map_or(0, |step| step.hints.len());
        let given = self.play.hints.entry(self.play.at).or_default();
        if *given >= all {
            let text = language.pick("there is no further hint here", "这里没有更多提示");
            return Pace::Done(Some(Note::good(text)));
        }
        *given += 1;
        Pace::Done(None)
    }

    fn pending(&mut self, id: u64, deliver: bool) -> Pace {
        let verb = if deliver { "deliver" } else { "drop" };
        let network = self.play.lab().map(|lab| &lab.cluster().network);
        let is_timer = network.and_then(|n| n.pending().find(|pending| pending.id == id));
        match is_timer.map(|pending| pending.happening) {
            Some(Happening::Timer { .. }) if deliver => self.command(&format!("timer fire {id}")),
            _ => self.command(&format!("message {verb} {id}")),
        }
    }

    fn complete(&self, line: &str, cursor: usize) -> Vec<Completion> {
        let characters = line[..cursor].chars().count();
        let session = &self.play.session;
        let byte = |at: usize| line.char_indices().nth(at).map_or(line.len(), |(byte, _)| byte);
        script::complete(line, characters, session, session.language)
            .into_iter()
            .map(|found| Completion { text: found.text, from: byte(found.from), doc: found.about })
            .collect()
    }

    fn focus(&self, target: &Target, focus: &Focus) -> Option<(Pane, Focus)> {
        views::pane_of(target, focus)
    }

    fn offers(&self, target: Option<&Target>, language: Language) -> Option<Offers> {
        offers::offers(self.play.lab()?, target, language)
    }

    fn races(&self, language: Language) -> Vec<(String, Vec<String>)> {
        // A race begins where the step ends, as `klab check` plays it.
        let lesson = self.play.lesson(language).filter(|_| self.play.at_end_of_step());
        let step = lesson.and_then(|lesson| lesson.steps.get(self.play.at));
        let races = step.map_or(&[][..], |step| &step.races);
        races.iter().map(|race| (race.title.clone(), race.commands.clone())).collect()
    }

    fn commands(&mut self, lines: &[String]) -> Pace {
        self.play.queue = lines.iter().skip(1).cloned().collect();
        lines.first().map_or(Pace::Done(None), |line| self.command(line))
    }

    fn branches(&self) -> Vec<String> {
        self.play.lab().map_or_else(Vec::new, |lab| lab.forks().map(|f| f.0.to_owned()).collect())
    }

    fn take_broken(&mut self) -> Option<(String, u64)> {
        let language = self.play.session.language;
        self.views.broken(self.play.session.lab.as_ref()?, language)
    }

    fn save(&mut self) -> Result<(), String> {
        let progress = self.progress();
        self.save.as_mut().map_or(Ok(()), |save| save(progress))
    }

    fn take_shown(&mut self) -> Option<(Pane, Focus)> {
        if std::mem::take(&mut self.views.show_compared) {
            return Some((Pane::Diff, Focus::default()));
        }
        self.play.take_shown()
    }

    fn set_language(&mut self, language: Language) {
        self.views.forget();
        self.play.session.language = language;
    }
}

impl Drop for LabStage {
    fn drop(&mut self) {
        match self.remove.take() {
            Some(directory) => {
                self.play.session.lab = None;
                super::litter::remove(&directory);
            }
            None => {
                if let Some(lab) = self.play.session.lab.as_mut() {
                    let _ = lab.close();
                }
            }
        }
    }
}
