//! Where lessons, sandboxes and directories come from: the library, the learner's progress, places for files.
//!
//! A cluster's files stand in a directory of their own: the one that was asked for, or a new one among the temporary
//! ones that is removed in the end (unless it is to be kept).

use super::compare_stage::{self, CompareStage};
use super::home::{Card, Mastery, SampleCard, Shelf};
use super::inspect_stage::InspectStage;
use super::lab_stage::{LabStage, Saver};
use super::play::Play;
use super::stage::Stage;
use super::{Library, Options, Start, litter};
use crate::disk::Disk;
use crate::inspect::{self, Inspection};
use crate::lesson::{self, Progress};
use crate::script::{MakeDisk, Session};
use crate::simulate::perf::Live;
use crate::trace::Canvas;
use crate::types::Language;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The directories of real brokers that come along.
fn samples(language: Language) -> Vec<SampleCard> {
    let card = |sample: &inspect::Sample| SampleCard {
        name: sample.name.into(),
        origin: sample.origin.into(),
        about: sample.about(language).into(),
    };
    inspect::samples().iter().map(card).collect()
}

/// The shop of the real program.
pub struct Shop {
    lessons: lesson::Library,
    progress: Rc<RefCell<Progress>>,
    file: Option<PathBuf>,
    seed: Option<u64>,
    directory: Option<PathBuf>,
    keep: bool,
    by_itself: bool,
    opened: usize,
    made: Vec<PathBuf>,
}

impl Shop {
    /// Opens the shop; the second value is what should be told about the learner's file.
    pub fn new(options: &Options) -> (Shop, Option<String>) {
        let file = options
            .progress
            .clone()
            .or_else(|| lesson::data_directory().map(|directory| directory.join("progress.json")));
        let (progress, told) = match file.as_deref().map(Progress::load) {
            Some(Ok(loaded)) => loaded,
            Some(Err(error)) => {
                (Progress::default(), Some(format!("the progress cannot be read: {error}")))
            }
            None => (Progress::default(), None),
        };
        let shop = Shop {
            lessons: options.lessons.clone(),
            progress: Rc::new(RefCell::new(progress)),
            file,
            seed: options.seed,
            directory: options.dir.clone(),
            keep: options.keep,
            by_itself: options.play.is_some(),
            opened: 0,
            made: Vec::new(),
        };
        (shop, told)
    }

    /// The directories that stay when the program ends.
    pub fn kept(&self) -> impl Iterator<Item = &Path> {
        self.made.iter().filter(|_| self.keep).map(PathBuf::as_path)
    }

    /// A place for a cluster's files, and the way to make a disk there.
    fn place(&mut self, name: &str) -> (PathBuf, MakeDisk) {
        self.opened += 1;
        let path = match &self.directory {
            Some(directory) if self.opened == 1 => directory.clone(),
            Some(directory) => directory.with_file_name(format!(
                "{}-{}",
                directory
                    .file_name()
                    .map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
                self.opened
            )),
            None => {
                let number =
                    if self.opened == 1 { String::new() } else { format!("-{}", self.opened) };
                litter::parent().join(format!("{name}{number}"))
            }
        };
        self.made.push(path.clone());
        let root = path.clone();
        let (mut again, keep) = (false, self.keep);
        let make = move || {
            let was_there = root.exists();
            if again {
                fs::remove_dir_all(&root)
                    .map_err(|error| format!("cannot empty {}: {error}", root.display()))?;
            }
            let disk = Disk::real(&root).map_err(|error| error.to_string())?;
            if !keep && !again {
                litter::leave(&root, was_there);
            }
            again = true;
            Ok(disk)
        };
        (path, Box::new(make))
    }

    fn lesson(&mut self, word: &str, language: Language) -> Result<Box<dyn Stage>, String> {
        let id = self.lessons.find(word)?.to_owned();
        let told = |errors: Vec<crate::script::ScriptError>| {
            errors
                .first()
                .map_or_else(String::new, ToString::to_string)
                .lines()
                .collect::<Vec<_>>()
                .join(" ")
        };
        let mut lessons = BTreeMap::new();
        lessons.insert(Language::English, self.lessons.load(&id, Language::English).map_err(told)?);
        if self.lessons.has_chinese(&id) {
            lessons.insert(
                Language::Chinese,
                self.lessons.load(&id, Language::Chinese).map_err(told)?,
            );
        }
        // What plays by itself begins at the beginning, and is not the learner's progress.
        let resume_at = match self.progress.borrow().lessons.get(&id) {
            Some(so_far) if !so_far.done && !self.by_itself => so_far.step,
            _ => 0,
        };
        let (path, make) = self.place(super::home::short(&id));
        let mut session = Session::new(language, make);
        session.measure = Some(Box::new(Live::new(None, Canvas::text(language), || false)));
        session.seed = self.seed.unwrap_or_else(|| lessons[&Language::English].seed);
        let play = Play::new(session, lessons, resume_at);
        let save = (!self.by_itself).then(|| self.saver(id.clone()));
        Ok(Box::new(LabStage::new(play, &id, save, (!self.keep).then_some(path))))
    }

    fn saver(&self, id: String) -> Saver {
        let (progress, file) = (Rc::clone(&self.progress), self.file.clone());
        Box::new(move |mut now| {
            let mut progress = progress.borrow_mut();
            progress.last = (!now.done).then(|| id.clone());
            now.done |= progress.lessons.get(&id).is_some_and(|before| before.done);
            progress.lessons.insert(id.clone(), now);
            let Some(file) = &file else { return Ok(()) };
            progress.save(file).map_err(|error| format!("the progress is not saved: {error}"))
        })
    }

    /// A cluster of three brokers, or what a script makes, up to the step in which a promise breaks.
    fn sandbox(
        &mut self,
        language: Language,
        script: Option<&str>,
    ) -> Result<Box<dyn Stage>, String> {
        let begin = match script {
            Some(script) => script.to_owned(),
            None => format!("cluster brokers=3 kafka=4.3 seed={}", self.seed.unwrap_or(1)),
        };
        Ok(Box::new(self.cluster("sandbox", &begin, language)?))
    }

    fn compare(&mut self, text: &str, language: Language) -> Result<Box<dyn Stage>, String> {
        let setting = compare_stage::parse(text)?;
        let mut one = |value: &str| {
            let name = format!("compare-{value}").replace(|c: char| !c.is_alphanumeric(), "-");
            let begin = setting.cluster_line(value, self.seed.unwrap_or(1));
            self.cluster(&name, &begin, language).map_err(|error| format!("{value}: {error}"))
        };
        let (left, right) = (one(&setting.values[0])?, one(&setting.values[1])?);
        let values = [setting.values[0].clone(), setting.values[1].clone()];
        Ok(Box::new(CompareStage::new(left, right, &setting.name, values)))
    }

    /// What a script makes, up to the step in which a promise breaks, on the stage.
    fn cluster(
        &mut self,
        name: &str,
        script: &str,
        language: Language,
    ) -> Result<LabStage, String> {
        let (path, make) = self.place(name);
        let mut session = Session::new(language, make);
        session.measure = Some(Box::new(Live::new(None, Canvas::text(language), || false)));
        session.seed = self.seed.unwrap_or(1);
        let played = crate::script::run_to_violation(script, &mut session)?;
        let mut play = Play::new(session, BTreeMap::new(), 0);
        if played.len() > 1 {
            play.was_played(played);
        }
        Ok(LabStage::new(play, "", None, (!self.keep).then_some(path)))
    }
}

impl Library for Shop {
    fn shelf(&mut self, language: Language) -> Shelf {
        let progress = self.progress.borrow();
        let mut cards = Vec::new();
        for id in self.lessons.ids() {
            let Some(lesson) = self.lessons.card(id, language) else { continue };
            let mastery = match progress.lessons.get(id) {
                Some(p) if p.done => Mastery::Done,
                Some(p) => Mastery::At(p.step + 1, lesson.steps),
                None => Mastery::New,
            };
            cards.push(Card {
                id: id.into(),
                title: lesson.title,
                track: lesson.track,
                minutes: lesson.minutes,
                mastery,
            });
        }
        let there =
            |id: &String| cards.iter().any(|card| card.id == *id && card.mastery != Mastery::Done);
        Shelf {
            unfinished: progress.last.clone().filter(there),
            tour: cards.iter().find(|card| card.id.ends_with("-tour")).map(|card| card.id.clone()),
            samples: samples(language),
            cards,
        }
    }

    fn open(&mut self, start: &Start, language: Language) -> Result<Box<dyn Stage>, String> {
        match start {
            Start::Lesson(id) => self.lesson(id, language),
            Start::Sandbox => self.sandbox(language, None),
            Start::Script(text) => self.sandbox(language, Some(text)),
            Start::Compare(text) => self.compare(text, language),
            // A file of commands: what `klab simulate` found, or a script of one's own.
            Start::Inspect(path) if path.extension().is_some_and(|end| end == "klab") => {
                let text = fs::read_to_string(path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                self.sandbox(language, Some(&text))
                    .map_err(|error| format!("{}: {error}", path.display()))
            }
            Start::Inspect(path) => {
                Ok(Box::new(InspectStage::new(Inspection::open(path)?, language)))
            }
            Start::Sample(name) => {
                let found = match name.as_str() {
                    "" => inspect::sample(),
                    name => inspect::sample_named(name),
                };
                Ok(Box::new(InspectStage::new(found?, language)))
            }
            Start::Home => Err("the first screen needs no stage".into()),
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for path in &self.made {
            litter::remove(path);
        }
    }
}
