//! Walking: to the end of a command, back to the lesson, backwards; and the work under way, piece by piece.

use super::{Play, halt};
use crate::cluster::{Lab, LabError};
use crate::tui::stage::{Note, Pace};

impl Play {
    /// To the end of the command under way, or on.
    pub fn forward_far(&mut self) -> Pace {
        if self.astray() {
            return self.go_home();
        }
        let in_past = self.lab().is_some_and(Lab::in_past);
        if in_past && !self.stands() {
            let left = if self.lessons.is_empty() { u64::MAX } else { self.left };
            return self.walk(|lab| lab.goto(left.min(lab.head())));
        }
        self.far = true;
        let pace = self.forward();
        self.far &= pace == Pace::More;
        pace
    }

    /// Back to where the lesson was left.
    pub fn go_home(&mut self) -> Pace {
        self.run = self.waiting.take().or(self.run.take().filter(|run| run.beat.is_some()));
        let home = self.home.clone();
        match self.session.lab.as_mut().map(|lab| lab.switch(&home)) {
            Some(Err(error)) => Pace::Halt(Note::bad(error.to_string())),
            _ => halt("back in the lesson, where you left it", "已回到课程中离开的地方", self),
        }
    }

    /// A bounded piece of what is under way.
    pub fn advance(&mut self) -> Pace {
        match self.piece() {
            // On the way to where the learner left nothing stops, not even a command that failed.
            Pace::Done(_) | Pace::Halt(_) if self.at < self.resume_at && !self.finished => {
                Pace::More
            }
            pace => {
                if pace != Pace::More {
                    self.resume_at = 0;
                    self.far = false;
                }
                pace
            }
        }
    }

    fn piece(&mut self) -> Pace {
        self.far |= self.at < self.resume_at;
        if self.run.is_some() {
            return self.go_on();
        }
        if self.begins.is_empty() && self.hidden_next() {
            return self.next_beat();
        }
        if self.begins.is_empty() {
            self.begins.push(self.lab().map_or(0, Lab::step_number));
        }
        if self.at < self.resume_at {
            // What was answered in an earlier session is not asked again.
            return match self.question() {
                Some(_) => self.answer(String::new()),
                None => self.next_beat(),
            };
        }
        Pace::Done(None)
    }

    /// Stops what is under way.
    pub fn cancel(&mut self) {
        self.queue.clear();
        self.far = false;
        self.resume_at = 0;
        if self.run.as_ref().is_some_and(|run| run.beat.is_none()) {
            self.run = self.waiting.take();
        }
    }

    /// One happening back.
    pub fn back(&mut self) -> Pace {
        if self.lab().is_none_or(|lab| lab.step_number() == 0) {
            return halt(
                "this is the beginning: nothing happened yet",
                "这是起点：什么都还没有发生",
                self,
            );
        }
        self.walk(|lab| lab.back(1))
    }

    /// To the beginning of this step of the lesson, or of the one before; in a sandbox, to the last act.
    pub fn back_far(&mut self) -> Pace {
        let step = self.lab().map_or(0, Lab::step_number);
        if self.lessons.is_empty() || self.astray() {
            let acts = self.lab().into_iter().flat_map(Lab::acts).map(|(at, _)| at);
            let before = acts.filter(|at| *at <= step).max().map_or(0, |at| at.saturating_sub(1));
            if step == 0 {
                return self.back(); // says that this is the beginning
            }
            return self.walk(|lab| lab.goto(before));
        }
        let begin = self.begins.get(self.at).copied().unwrap_or(0);
        if step <= begin && self.at > 0 {
            self.at -= 1;
        }
        let at = self.at;
        let begin = self.begins.get(at).copied().unwrap_or(0);
        let pace = self.walk(|lab| lab.goto(begin));
        self.at = at;
        pace
    }

    /// Walks in the history, and in the lesson with it.
    pub fn walk(&mut self, walk: impl FnOnce(&mut Lab) -> Result<(), LabError>) -> Pace {
        let Some(lab) = self.session.lab.as_mut() else { return Pace::Done(None) };
        if let Err(error) = walk(lab) {
            return Pace::Halt(Note::bad(error.to_string()));
        }
        let step = lab.step_number();
        if self.stands() {
            self.at = self.begins.len().saturating_sub(1);
        } else if !self.astray() {
            while self.at > 0 && step < self.begins.get(self.at).copied().unwrap_or(0) {
                self.at -= 1;
            }
            while self.begins.get(self.at + 1).is_some_and(|begin| step >= *begin) {
                self.at += 1;
            }
        }
        Pace::Done(None)
    }
}
