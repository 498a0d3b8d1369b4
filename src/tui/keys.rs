//! What the keys do on the bench.
//!
//! A key does a bounded piece of work at most; what takes longer is gone on with by `tick`. While a question waits, the
//! digits answer it; otherwise they choose panes.

use super::bench::{Asking, Bench, Wanted};
use super::help::Help;
use super::menu::Does;
use super::prompt::Typed;
use super::speed::{Playing, Speed};
use super::stage::{Note, Pace, Pane, Stage};
use crate::trace::{Focus, Target};
use crate::types::Language;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Panes whose rows can be narrowed by typing.
pub(super) const FILTERED: &[Pane] = &[Pane::Cluster, Pane::Network, Pane::Timeline];

/// Lines up to this long are completed.
const OFFERED_BYTES: usize = 1_000;

impl Bench {
    /// A key.
    pub fn key(&mut self, key: KeyEvent) -> Wanted {
        if self.asking.is_some() {
            self.type_key(key);
            return Wanted::Nothing;
        }
        if self.menu.is_some() {
            return self.menu_key(key);
        }
        self.note = None;
        if self.working && key.code != KeyCode::Char('q') {
            if key.code == KeyCode::Esc {
                self.stage.cancel();
                self.working = false;
                self.say(("stopped: what was done so far stays", "已停止：已完成的部分保留"));
            } else {
                self.say((
                    "this takes a moment: Esc stops it, q leaves",
                    "需要一点时间：Esc 停止，q 离开",
                ));
            }
            return Wanted::Nothing;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL)
            || key.modifiers.contains(KeyModifiers::ALT)
        {
            self.idle(KeyCode::Null);
            return Wanted::Nothing;
        }
        let question = self.stage.prose(self.language).open_question().cloned();
        if let (KeyCode::Char(c), Some(question)) = (key.code, &question)
            && let Some(digit) = c.to_digit(10)
            && (1..=question.choices.len()).contains(&(digit as usize))
        {
            let pace = self.stage.answer(&question.choices[digit as usize - 1]);
            self.done(pace);
            return Wanted::Nothing;
        }
        match key.code {
            KeyCode::Right | KeyCode::Char('n' | 'l') => self.move_by(|stage| stage.forward()),
            KeyCode::Left | KeyCode::Char('p' | 'h') => self.move_by(|stage| stage.back()),
            KeyCode::PageDown => self.move_by(|stage| stage.forward_far()),
            KeyCode::PageUp => self.move_by(|stage| stage.back_far()),
            KeyCode::Home => self.go(key.code, 0),
            KeyCode::End => self.go(key.code, self.stage.status().head),
            KeyCode::Char(' ') => self.toggle_play(),
            KeyCode::Char('+' | '=') => self.set_speed(self.speed.faster()),
            KeyCode::Char('-') => self.set_speed(self.speed.slower()),
            KeyCode::Up | KeyCode::Char('k') => self.move_choice(key.code, -1),
            KeyCode::Down | KeyCode::Char('j') => self.move_choice(key.code, 1),
            KeyCode::Char('J') => self.move_choice(key.code, 10),
            KeyCode::Char('K') => self.move_choice(key.code, -10),
            KeyCode::Tab => self.turn_pane(key.code, 1),
            KeyCode::BackTab => self.turn_pane(key.code, -1),
            KeyCode::Enter => return self.enter(question.is_some()),
            KeyCode::Char(':') => self.ask(Asking::Command),
            KeyCode::Char('b') if !self.read_only() => self.ask(Asking::Branch),
            KeyCode::Char('H') if self.stage.status().progress.is_some() => {
                let pace = self.stage.hint();
                self.done(pace);
            }
            KeyCode::Char('d') => self.drop_message(),
            KeyCode::Char('o') => self.message("hold"),
            KeyCode::Char('y') => self.message("delay"),
            KeyCode::Char('c') => self.message("corrupt"),
            KeyCode::Char('x') => self.node("kill"),
            KeyCode::Char('s') => self.node("start"),
            KeyCode::Char('a') if !self.read_only() => {
                let target = self.chosen_in(self.active);
                let at = self.chosen_place();
                self.open_menu(target.as_ref(), at);
            }
            KeyCode::Char('[') => self.other_branch(-1),
            KeyCode::Char(']') => self.other_branch(1),
            KeyCode::Char('R') if !self.read_only() => self.open_races(),
            KeyCode::Char('v') => match self.chosen_in(self.active) {
                Some(Target::Branch(name)) => self.run(&format!("diff {name}")),
                _ => self.compare_branch(),
            },
            KeyCode::Char('?') => {
                return Wanted::Help(Help { read_only: self.read_only(), ..Help::default() });
            }
            KeyCode::Char('/') if self.read_only() => {
                self.ask(Asking::Command);
                self.prompt.set("find ");
                self.offer();
            }
            KeyCode::Char('/') if FILTERED.contains(&self.active) => {
                self.ask(Asking::Filter(self.active));
                let filter = self.sights.get(&self.active).and_then(|s| s.filter.clone());
                self.prompt.set(&filter.unwrap_or_default());
            }
            KeyCode::Char('/') => {
                return Wanted::Help(Help { first: usize::MAX, ..Help::default() });
            }
            KeyCode::Char('q') => return Wanted::Leave,
            KeyCode::Esc => self.take_back(),
            KeyCode::Char(c) => match Pane::ALL.into_iter().find(|p| p.key() == c) {
                Some(pane) if pane != self.active => self.show(pane),
                _ => self.idle(key.code),
            },
            code => self.idle(code),
        }
        Wanted::Nothing
    }

    /// Esc: stops what is under way or plays, takes the choice away, then the filter, then what the pictures are about.
    fn take_back(&mut self) {
        const STOPPED: (&str, &str) =
            ("stopped: what was done so far stays", "已停止：已完成的部分保留");
        let playing = self.playing.take().is_some();
        if self.read_only() && self.stage.status().under_way.is_some() {
            self.stage.cancel();
            self.say(STOPPED);
            return;
        }
        // In the network something is always chosen.
        let chooses = self.active != Pane::Network;
        let sight = self.sights.entry(self.active).or_default();
        sight.top = None;
        let was = chooses && sight.chosen.take().is_some() || sight.filter.take().is_some();
        if was || playing {
            return;
        }
        if self.focus == Focus::default() {
            self.idle(KeyCode::Esc);
        } else {
            self.focus = Focus::default();
            self.say(("the panes show again what changed last", "各面板重新显示最近的变化"));
        }
    }

    /// To a step of the history, if one is not there yet.
    fn go(&mut self, code: KeyCode, step: u64) {
        let status = self.stage.status();
        match status.step == step || status.read_only && status.head == 0 {
            true => self.idle(code),
            false => self.wanted_step = Some(step),
        }
    }

    /// The speed is told, since it is seen only while it plays.
    fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        if self.playing.is_none() {
            let label = speed.label();
            self.note = Some(Note::good(match self.language {
                Language::English => format!("speed {label}: Space plays"),
                Language::Chinese => format!("速度 {label}：按 Space 播放"),
            }));
        }
    }

    /// Moves the choice; at its end the line of the prompt says so.
    fn move_choice(&mut self, code: KeyCode, by: isize) {
        let seen = |bench: &Bench| {
            let sight = bench.sights.get(&bench.active);
            let first = |row: Option<usize>| row.unwrap_or(0);
            sight.map_or((None, 0, 0), |s| (s.chosen.clone(), first(s.top), first(s.scroll)))
        };
        let before = seen(self);
        self.choose(by);
        if seen(self) == before {
            self.idle(code);
        }
    }

    fn turn_pane(&mut self, code: KeyCode, by: isize) {
        let before = self.active;
        self.next_pane(by);
        if self.active == before {
            self.idle(code);
        }
    }

    /// Pasted text goes to the prompt; what was not open is opened by it.
    pub fn paste(&mut self, text: &str) {
        if self.asking.is_none() {
            self.ask(Asking::Command);
        }
        self.prompt.insert(text);
        self.offer();
    }

    fn read_only(&self) -> bool {
        self.stage.status().read_only
    }

    fn move_by(&mut self, step: fn(&mut (dyn Stage + 'static)) -> Pace) {
        self.playing = None;
        let pace = step(self.stage.as_mut());
        self.done(pace);
    }

    fn toggle_play(&mut self) {
        self.playing = match self.playing {
            Some(_) => None,
            None => Some(Playing::from(self.stage.status().at)),
        };
    }

    pub(super) fn ask(&mut self, asking: Asking) {
        self.note = None;
        self.playing = None;
        self.asking = Some(asking);
        self.prompt.set("");
        self.offer();
    }

    fn type_key(&mut self, key: KeyEvent) {
        let typed = self.prompt.key(key);
        if let Some(Asking::Filter(pane)) = self.asking {
            self.type_filter(pane, typed);
            return;
        }
        match typed {
            Typed::Changed | Typed::Complete => self.offer(),
            Typed::Close => self.asking = None,
            Typed::Nothing => {}
            Typed::Line(line) => {
                // A colon opens the prompt; typed again in it, it means nothing.
                let line = line.trim().trim_start_matches(':').trim_start().to_owned();
                let asking = self.asking.take();
                if line.is_empty() {
                    match asking {
                        Some(Asking::Branch) => self.say((
                            "a branch needs a name: b, then type one, such as what-if",
                            "分支需要名字：按 b 后输入，例如 what-if",
                        )),
                        Some(Asking::Answer) => self.say((
                            "nothing was typed: Enter asks again, ? explains words",
                            "没有输入内容：按 Enter 再次作答，? 解释术语",
                        )),
                        _ => {}
                    }
                    return;
                }
                if let (Some(Asking::Command), Some(words)) =
                    (asking, line.strip_prefix("compare "))
                {
                    self.wanted_start = Some(super::Start::Compare(words.trim().to_owned()));
                    return;
                }
                let pace = match asking {
                    Some(Asking::Branch) => self.stage.command(&format!("branch {line}")),
                    Some(Asking::Answer) => self.stage.answer(&line),
                    _ => self.stage.command(&line),
                };
                self.done(pace);
            }
        }
    }

    /// What is typed narrows the rows at once; Enter keeps it, Esc takes it away.
    fn type_filter(&mut self, pane: Pane, typed: Typed) {
        let text = self.prompt.text.clone();
        let sight = self.sights.entry(pane).or_default();
        sight.top = None;
        match typed {
            Typed::Changed | Typed::Complete | Typed::Nothing => {
                sight.filter = Some(text).filter(|text| !text.is_empty());
            }
            Typed::Close => {
                sight.filter = None;
                self.asking = None;
            }
            Typed::Line(line) => {
                sight.filter = Some(line.trim().to_owned()).filter(|text| !text.is_empty());
                self.asking = None;
            }
        }
    }

    pub(super) fn offer(&mut self) {
        self.prompt.offers = match self.asking {
            // Nobody types lines that long: text that floods in is taken as it is.
            Some(Asking::Command) if self.prompt.text.len() <= OFFERED_BYTES => {
                self.stage.complete(&self.prompt.text, self.prompt.cursor)
            }
            _ => Vec::new(),
        };
        self.prompt.offers.truncate(64);
    }

    fn enter(&mut self, question: bool) -> Wanted {
        let chosen = self.sights.get(&self.active).and_then(|s| s.chosen.clone());
        match chosen {
            Some(target) if self.active != Pane::Lesson => return self.act(&target),
            _ if question => {
                let typed = self.stage.prose(self.language).open_question().cloned();
                match typed.is_some_and(|q| q.choices.is_empty()) {
                    true => self.ask(Asking::Answer),
                    false => self.idle(KeyCode::Enter),
                }
            }
            _ => self.ask(Asking::Command),
        }
        Wanted::Nothing
    }

    /// What choosing a row does.
    pub fn act(&mut self, target: &Target) -> Wanted {
        match target {
            Target::Pending(id) => {
                let pace = self.stage.pending(*id, true);
                self.done(pace);
            }
            Target::Branch(name) => self.run(&format!("switch {name}")),
            Target::Link(..) => {
                let at = self.chosen_place();
                self.open_menu(Some(target), at);
            }
            Target::Step(step) => self.wanted_step = Some(*step),
            Target::Word(word) => {
                return Wanted::Help(Help { search: word.clone(), ..Help::default() });
            }
            other => match self.stage.focus(other, &self.focus) {
                Some((pane, focus)) if pane != self.active || focus != self.focus => {
                    self.focus = focus;
                    self.show(pane);
                }
                _ => self.idle(KeyCode::Enter),
            },
        }
        Wanted::Nothing
    }

    fn drop_message(&mut self) {
        match self.chosen_in(Pane::Network) {
            Some(Target::Pending(id)) => {
                let pace = self.stage.pending(id, false);
                self.done(pace);
            }
            _ => self.idle(KeyCode::Char('d')),
        }
    }

    /// The comparison with another branch; of several, with the one that was begun last.
    fn compare_branch(&mut self) {
        let here = self.stage.status().branch;
        let other = self.stage.branches().into_iter().rev().find(|name| *name != here);
        match other.filter(|_| self.active != Pane::Diff) {
            Some(name) => self.run(&format!("diff {name}")),
            None if self.active == Pane::Diff => self.idle(KeyCode::Char('v')),
            None => self.show(Pane::Diff),
        }
    }

    /// Runs a command as if it had been typed.
    fn run(&mut self, command: &str) {
        let pace = self.stage.command(command);
        self.done(pace);
    }

    /// What the network pane's keys do to the chosen message or timer: as their menu has it.
    fn message(&mut self, verb: &str) {
        let other = if verb == "hold" { self.chosen_command("release") } else { None };
        match other.or_else(|| self.chosen_command(verb)) {
            Some(command) => self.run(&command),
            None => self.idle(KeyCode::Char('o')),
        }
    }

    /// The command of the chosen message's or timer's menu that does this.
    pub(super) fn chosen_command(&self, verb: &str) -> Option<String> {
        let target = self.chosen_in(Pane::Network)?;
        if !matches!(target, Target::Pending(_)) {
            return None;
        }
        let offers = self.stage.offers(Some(&target), self.language)?;
        offers.offers.into_iter().find_map(|offer| match offer.does {
            Does::Run(command) if command.split(' ').nth(1) == Some(verb) => Some(command),
            _ => None,
        })
    }

    /// The branch before or behind the one on the screen.
    fn other_branch(&mut self, by: isize) {
        let names = self.stage.branches();
        let here = self.stage.status().branch;
        match names.iter().position(|name| *name == here) {
            Some(at) if names.len() > 1 => {
                let next = (at as isize + by).rem_euclid(names.len() as isize) as usize;
                self.run(&format!("switch {}", names[next]));
            }
            _ => self.idle(KeyCode::Char(']')),
        }
    }

    fn node(&mut self, verb: &str) {
        let chosen = self.chosen_in(self.active);
        if let Some(Target::Node(node) | Target::Replica(_, node)) = chosen {
            let kind = if node.is_controller() { "controller" } else { "broker" };
            let pace = self.stage.command(&format!("{kind} {verb} {node}"));
            self.done(pace);
        } else {
            self.idle(KeyCode::Char('x'));
        }
    }
}
