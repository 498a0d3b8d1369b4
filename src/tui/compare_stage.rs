//! Two clusters side by side: the same commands, the same seed, one setting that differs.
//!
//! ```text
//!   kafka 0.10.2   t +8.3 s              │ kafka 4.3   t +8.3 s
//!     orders-0   ● 5   ○ 5   ○ 4         │   orders-0   ● 5   ○ 5   ○ 4
//! ```
//!
//! Rows that differ bear a mark between them. What always holds: every command is run in both; a step is one
//! happening on the left, and on the right all that is due by then, so the two clocks stay together while one walks; a
//! command that took one of them longer lets the other one's clock go on to the same moment.
//! Each pane shows both, the left one first.

use super::lab_stage::LabStage;
use super::menu::Offers;
use super::stage::{
    CommandLine, Completion, Done, Mark, Moment, Note, Pace, Pane, Part, Prose, Stage, Status,
};
use crate::clock::Instant;
use crate::script::ComparedSetting;
use crate::trace::{Canvas, Focus, Line, Picture, Role, Target, timeline};
use crate::types::Language;
use std::cmp::Ordering;

/// Below this width the two stand one above the other.
const BESIDE: usize = 90;

/// Two clusters side by side.
pub struct CompareStage {
    left: LabStage,
    right: LabStage,
    /// The setting that differs, and its two values.
    setting: String,
    values: [String; 2],
    /// Which of them are at work.
    working: [bool; 2],
}

/// The setting and its two values in `kafka=0.10.2,4.3`.
pub fn parse(text: &str) -> Result<ComparedSetting, String> {
    let setting = ComparedSetting::parse(text.trim())?;
    match setting.values.len() {
        2 => Ok(setting),
        count => Err(format!(
            "'{text}' has {count} values: two fit side by side, for example kafka=0.10.2,4.3 \
             ('klab run --compare' takes up to four)"
        )),
    }
}

impl CompareStage {
    /// Two stages with the clusters that the two values make.
    pub fn new(
        left: LabStage,
        right: LabStage,
        setting: &str,
        values: [String; 2],
    ) -> CompareStage {
        let setting = setting.to_owned();
        CompareStage { left, right, setting, values, working: [false; 2] }
    }

    fn both(&mut self, left: Pace, right: Pace) -> Pace {
        self.working = [left == Pace::More, right == Pace::More];
        if self.working == [false; 2] {
            self.level();
        }
        match (left, right) {
            (Pace::More, _) | (_, Pace::More) => Pace::More,
            (Pace::Halt(note), _) => Pace::Halt(self.told(0, note)),
            (_, Pace::Halt(note)) => Pace::Halt(self.told(1, note)),
            (Pace::Done(Some(note)), _) => Pace::Done(Some(self.told(0, note))),
            (_, Pace::Done(Some(note))) => Pace::Done(Some(self.told(1, note))),
            (Pace::Done(None), Pace::Done(None)) => Pace::Done(None),
        }
    }

    fn told(&self, side: usize, note: Note) -> Note {
        Note { text: format!("{}: {}", self.values[side], note.text), bad: note.bad }
    }

    /// The right one goes where the clock of the left one stands.
    fn follow(&mut self) {
        let at = self.left.status().at;
        if self.right.status().at > at {
            if let Some(step) = self.right.step_at(at) {
                let _ = self.right.goto(step);
            }
            return;
        }
        catch_up(&mut self.right, at);
    }

    /// A command took one of them longer: the other one's clock goes on to the same moment.
    fn level(&mut self) {
        let (left, right) = (self.left.status(), self.right.status());
        let in_past = left.step < left.head || right.step < right.head;
        match left.at.cmp(&right.at) {
            _ if in_past => {}
            Ordering::Less => catch_up(&mut self.left, right.at),
            Ordering::Equal => {}
            Ordering::Greater => catch_up(&mut self.right, left.at),
        }
    }

    /// The latest moments of both, each with its value before it; the times of both are the same.
    fn moments(&self, count: usize, language: Language) -> Vec<Moment> {
        let of = |side: usize| {
            let stage = [&self.left, &self.right][side];
            let value = self.values[side].clone();
            stage.recent_at(count, language).into_iter().map(move |(at, mut moment)| {
                moment.sentence = format!("{value}: {}", moment.sentence);
                (at, moment)
            })
        };
        let mut all: Vec<(Instant, Moment)> = of(0).chain(of(1)).collect();
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        all.into_iter().take(count).map(|(_, moment)| moment).collect()
    }

    fn walk(&mut self, walk: impl FnOnce(&mut LabStage) -> Pace) -> Pace {
        let pace = walk(&mut self.left);
        self.follow();
        pace
    }

    fn head(&self, side: usize, status: &Status, canvas: &Canvas) -> Line {
        Line::of(format!("{} {}", self.setting, self.values[side]), Role::Strong)
            .span(format!("   t {}", status.at), Role::Number)
            .span(format!("   {} {}", canvas.word("step", "步"), status.step), Role::Dim)
    }

    fn beside(&self, pictures: [Picture; 2], canvas: &Canvas) -> Picture {
        let cells = (canvas.width.saturating_sub(3)) / 2;
        let rows = pictures.iter().map(|picture| picture.lines.len()).max().unwrap_or(0);
        let [left, right] = pictures;
        let attention = left.attention.or(right.attention).map(|row| row + 1);
        let (left_caption, right_caption) = (left.caption, right.caption);
        let mut lefts = std::iter::once(left_caption.indent(2)).chain(left.lines);
        let mut rights = std::iter::once(right_caption.indent(2)).chain(right.lines);
        let mut out = Picture { attention, ..Picture::default() };
        for _ in 0..=rows {
            let (left, right) =
                (lefts.next().unwrap_or_default(), rights.next().unwrap_or_default());
            // Rows that differ are marked between the two.
            let (mark, role) = match left.to_text() == right.to_text() {
                true => (canvas.glyphs.side, Role::Dim),
                false => (canvas.glyphs.act, Role::Accent),
            };
            let left = left.cut(cells, &canvas.glyphs).pad_to(cells);
            let right = right.cut(cells, &canvas.glyphs);
            out.push(left.span(format!(" {mark} "), role).join(right));
        }
        out
    }
}

/// What is due by then happens, and the clock stands there.
fn catch_up(stage: &mut LabStage, at: Instant) {
    const MOST: usize = 50;
    for _ in 0..MOST {
        let _ = stage.play_until(at);
        if stage.status().at >= at {
            return;
        }
    }
}

/// The rows of a picture from `top` on that fit; what is left out is told by the picture's part.
fn cut_to(mut picture: Picture, top: usize, rows: usize) -> Picture {
    let all = picture.lines.len();
    if all <= rows {
        return picture;
    }
    let top = top.min(all - rows);
    picture.lines.drain(..top);
    picture.lines.truncate(rows);
    picture.attention =
        picture.attention.and_then(|row| row.checked_sub(top)).filter(|row| *row < rows);
    picture.part = picture.part.or(Some((top, rows, all)));
    picture
}

impl Stage for CompareStage {
    fn status(&self) -> Status {
        let status = self.left.status();
        Status {
            title: format!("{} {} | {}", self.setting, self.values[0], self.values[1]),
            kafka: String::new(),
            under_way: status.under_way.clone().or_else(|| self.right.status().under_way),
            place: String::new(),
            ..status
        }
    }

    fn panes(&self) -> Vec<Pane> {
        self.left.panes().into_iter().filter(|pane| *pane != Pane::Diff).collect()
    }

    fn begin(&mut self) -> Pace {
        let (left, right) = (self.left.begin(), self.right.begin());
        self.both(left, right)
    }

    fn prose(&self, language: Language) -> Prose {
        let heading = match language {
            Language::English => format!("{} and {}, side by side", self.values[0], self.values[1]),
            Language::Chinese => format!("{} 与 {} 并排", self.values[0], self.values[1]),
        };
        let text = match language {
            Language::English => format!(
                "Every command runs in both clusters, every step walks both. They have the same seed, so what differs \
                 comes from `{}`.",
                self.setting
            ),
            Language::Chinese => format!(
                "每条命令都在两个集群中执行，每一步两边都走。两者种子相同，因此不同之处都来自 `{}`。",
                self.setting
            ),
        };
        let begun = self.left.prose(language).begun;
        let mut prose = Prose { heading, begun, ..Prose::default() };
        prose.parts.push(Part::Text(text));
        let commands = |stage: &LabStage| -> Vec<CommandLine> {
            let parts = stage.prose(language).parts.into_iter();
            parts
                .filter_map(|part| match part {
                    Part::Command(line) => Some(line),
                    _ => None,
                })
                .collect()
        };
        let (left, right) = (commands(&self.left), commands(&self.right));
        if left.is_empty() {
            // What to type first, as in a sandbox.
            prose.parts.extend(self.left.prose(language).parts);
        }
        let mut right = right.into_iter();
        for line in left {
            let other = right.next();
            let output = match &other {
                Some(other) if other.output != line.output => {
                    let named = |side: usize, lines: &[String]| -> Vec<String> {
                        let value = &self.values[side];
                        lines.iter().map(|line| format!("{value}: {line}")).collect()
                    };
                    [named(0, &line.output), named(1, &other.output)].concat()
                }
                _ => line.output.clone(),
            };
            let state = match other.map(|other| other.state) {
                Some(state) if line.state == Done::Done => state,
                _ => line.state,
            };
            prose.parts.push(Part::Command(CommandLine { state, output, ..line }));
        }
        prose
    }

    fn picture(&self, pane: Pane, focus: &Focus, canvas: &Canvas) -> Picture {
        let stages = [&self.left, &self.right];
        let beside = canvas.width >= BESIDE;
        let part = match beside {
            true => Canvas {
                width: (canvas.width.saturating_sub(3)) / 2,
                height: canvas.height.saturating_sub(2),
                ..*canvas
            },
            false => Canvas { height: (canvas.height.saturating_sub(2) / 2).max(2), ..*canvas },
        };
        let pictures = [0, 1].map(|side| {
            let picture = stages[side].picture(pane, focus, &part);
            cut_to(picture, focus.top.unwrap_or(0), part.height)
        });
        let hidden = |part: &(usize, usize, usize)| part.2.saturating_sub(part.1);
        let scrolled = pictures.iter().filter_map(|picture| picture.part).max_by_key(hidden);
        let heads = [0, 1].map(|side| self.head(side, &stages[side].status(), canvas));
        let title = super::words::pane(pane, canvas.language);
        if beside {
            let mut out = self.beside(pictures, canvas);
            let [left, right] = heads;
            let cells = part.width;
            let side = format!(" {} ", canvas.glyphs.side);
            let head = left.indent(2).cut(cells, &canvas.glyphs).pad_to(cells);
            out.lines.insert(0, head.span(side, Role::Dim).join(right.indent(2)));
            out.attention = out.attention.map(|row| row + 1);
            out.title = title.to_owned();
            out.part = scrolled;
            return out;
        }
        let mut out = Picture::new(title);
        out.part = scrolled;
        for (picture, head) in pictures.into_iter().zip(heads) {
            out.push(head.text("   ").join(picture.caption).indent(2));
            let attention = picture.attention.map(|row| out.lines.len() + row);
            out.attention = out.attention.or(attention);
            out.extend(picture.lines);
        }
        out
    }

    /// One line of time for both: the steps are the left one's, what happened on the right stands where its clock says.
    fn marks(&self, cells: usize) -> Vec<Mark> {
        let mut marks = self.left.marks(cells);
        let head = self.left.status().head;
        for (at, mark) in self.right.marked() {
            let step = self.left.step_at(at).unwrap_or(0);
            let cell = marks.get_mut(timeline::cell_of(step, head, cells));
            if let Some(cell) = cell {
                *cell = mark.max(*cell);
            }
        }
        marks
    }

    fn recent(&self, count: usize, language: Language) -> Vec<Moment> {
        self.moments(count, language)
    }

    fn story_cells(&self, screen: u16) -> Option<u16> {
        Some((screen / 5).clamp(30, 60))
    }

    fn causes(&self, focus: &Focus, language: Language) -> Vec<String> {
        self.left.causes(focus, language)
    }

    fn forward(&mut self) -> Pace {
        self.walk(|stage| stage.forward())
    }
    fn forward_far(&mut self) -> Pace {
        self.walk(|stage| stage.forward_far())
    }
    fn back(&mut self) -> Pace {
        self.walk(|stage| stage.back())
    }
    fn back_far(&mut self) -> Pace {
        self.walk(|stage| stage.back_far())
    }
    fn goto(&mut self, step: u64) -> Pace {
        self.walk(|stage| stage.goto(step))
    }

    fn command(&mut self, line: &str) -> Pace {
        let (left, right) = (self.left.command(line), self.right.command(line));
        self.both(left, right)
    }

    fn advance(&mut self) -> Pace {
        let [left, right] = self.working;
        let left = if left { self.left.advance() } else { Pace::Done(None) };
        let right = if right { self.right.advance() } else { Pace::Done(None) };
        self.both(left, right)
    }

    fn cancel(&mut self) {
        self.left.cancel();
        self.right.cancel();
        self.working = [false; 2];
    }

    fn play_until(&mut self, until: Instant) -> Pace {
        let (left, right) = (self.left.play_until(until), self.right.play_until(until));
        self.both(left, right)
    }

    fn next_at(&self) -> Option<Instant> {
        self.left.next_at()
    }

    fn answer(&mut self, _answer: &str) -> Pace {
        Pace::Done(None)
    }

    fn hint(&mut self) -> Pace {
        Pace::Done(None) // hints belong to lessons: the keys say so
    }

    fn pending(&mut self, id: u64, deliver: bool) -> Pace {
        self.walk(|stage| stage.pending(id, deliver))
    }

    fn complete(&self, line: &str, cursor: usize) -> Vec<Completion> {
        self.left.complete(line, cursor)
    }

    fn focus(&self, target: &Target, focus: &Focus) -> Option<(Pane, Focus)> {
        self.left.focus(target, focus)
    }

    fn offers(&self, target: Option<&Target>, language: Language) -> Option<Offers> {
        self.left.offers(target, language)
    }

    fn branches(&self) -> Vec<String> {
        self.left.branches()
    }

    fn take_broken(&mut self) -> Option<(String, u64)> {
        let [a, b] = self.values.clone();
        let named = |value: &str, (text, event): (String, u64)| (format!("{value}: {text}"), event);
        let left = self.left.take_broken().map(|told| named(&a, told));
        let right = self.right.take_broken().map(|told| named(&b, told));
        left.or(right)
    }

    fn take_shown(&mut self) -> Option<(Pane, Focus)> {
        self.right.take_shown();
        self.left.take_shown()
    }

    fn save(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn set_language(&mut self, language: Language) {
        self.left.set_language(language);
        self.right.set_language(language);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_setting_with_two_values() {
        let parsed = parse("kafka=0.10.2,4.3").expect("it parses");
        assert_eq!((parsed.name.as_str(), parsed.values.len()), ("kafka", 2));
        for wrong in ["", "kafka", "kafka=4.3", "kafka=0.8.2,2.1,4.3", "=1,2", "kafka=,4.3"] {
            assert!(parse(wrong).expect_err(wrong).contains("kafka=0.10.2,4.3"));
        }
    }
}
