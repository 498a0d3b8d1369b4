//! The last line: only the keys that do something now. A click on one presses it.

use super::bench::{Asking, Bench};
use super::stage::Pane;
use super::words::words;
use crate::trace::{Line, Role, Target};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key that does something now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The key.
    pub key: KeyCode,
    /// How it is written.
    pub shown: String,
    /// What it does.
    pub label: String,
}

impl Hint {
    /// A hint.
    pub fn new(key: KeyCode, shown: impl Into<String>, label: &str) -> Hint {
        Hint { key, shown: shown.into(), label: label.into() }
    }
    /// The key as if it were pressed.
    pub fn press(&self) -> KeyEvent {
        KeyEvent::new(self.key, KeyModifiers::NONE)
    }
    fn width(&self) -> usize {
        crate::trace::width::of(&self.shown) + 1 + crate::trace::width::of(&self.label)
    }
}

const GAP: usize = 3;

/// As many hints as fit; the first ones matter most.
pub fn line(hints: &[Hint], cells: usize) -> Line {
    let mut line = Line::new();
    for hint in fitting(hints, cells) {
        let gap = if line.spans.is_empty() { "" } else { "   " };
        line = line
            .text(gap)
            .span(&hint.shown, Role::Strong)
            .span(format!(" {}", hint.label), Role::Dim);
    }
    line
}

/// The hint at a column.
pub fn at(hints: &[Hint], cells: usize, column: usize) -> Option<&Hint> {
    let mut from = 0;
    fitting(hints, cells).into_iter().find(|hint| {
        let here = (from..from + hint.width()).contains(&column);
        from += hint.width() + GAP;
        here
    })
}

fn fitting(hints: &[Hint], cells: usize) -> Vec<&Hint> {
    let mut used = 0;
    let fits = |hint: &&Hint| {
        used += hint.width() + if used > 0 { GAP } else { 0 };
        used <= cells
    };
    hints.iter().take_while(fits).collect()
}

/// The keys of the bench that do something now.
pub fn of_bench(bench: &Bench) -> Vec<Hint> {
    let w = words(bench.language);
    let ascii = bench.glyphs.is_ascii();
    let arrow =
        |unicode: &str, plain: &str| if ascii { plain.to_owned() } else { unicode.to_owned() };
    let key = |c: char, label: &str| Hint::new(KeyCode::Char(c), c.to_string(), label);
    if bench.menu.is_some() {
        return vec![
            Hint::new(KeyCode::Enter, "Enter", w.run),
            key('e', w.edit),
            Hint::new(KeyCode::Down, arrow("↑↓", "Up Down"), w.choose),
            Hint::new(KeyCode::Esc, "Esc", w.cancel),
        ];
    }
    if let Some(asking) = bench.asking {
        let mut hints = vec![Hint::new(
            KeyCode::Enter,
            "Enter",
            match asking {
                Asking::Filter(_) => w.filter,
                Asking::Command => w.run,
                Asking::Branch => w.branch,
                Asking::Answer => w.answer,
            },
        )];
        if !bench.prompt.offers.is_empty() {
            hints.push(Hint::new(KeyCode::Tab, "Tab", w.complete));
        }
        if asking == Asking::Command && bench.prompt.remembers() {
            hints.push(Hint::new(KeyCode::Up, arrow("↑", "Up"), w.history));
        }
        hints.push(Hint::new(KeyCode::Esc, "Esc", w.cancel));
        return hints;
    }
    if bench.working {
        return vec![Hint::new(KeyCode::Esc, "Esc", w.cancel), key('q', w.leave)];
    }
    let status = bench.stage.status();
    let prose = bench.stage.prose(bench.language);
    let mut hints = Vec::new();
    if let Some(question) = prose.open_question() {
        match question.choices.len() {
            0 => hints.push(Hint::new(KeyCode::Enter, "Enter", w.answer)),
            1 => hints.push(key('1', w.answer)),
            count => hints.push(Hint::new(KeyCode::Char('1'), format!("1-{count}"), w.answer)),
        }
    }
    match bench.chosen_in(bench.active) {
        Some(Target::Pending(_)) => {
            let has = |verb: &str| bench.chosen_command(verb).is_some();
            let now = if has("fire") { w.fire } else { w.deliver };
            hints.push(Hint::new(KeyCode::Enter, "Enter", now));
            hints.push(key('o', if has("release") { w.release } else { w.hold }));
            if has("drop") {
                hints.push(key('d', w.drop));
            }
            hints.push(key('y', w.delay));
            hints.push(key('a', w.act));
        }
        Some(Target::Branch(_)) => {
            hints.push(Hint::new(KeyCode::Enter, "Enter", w.switch));
            hints.push(key('v', w.compare));
        }
        Some(Target::Node(_) | Target::Replica(..)) if !status.read_only => {
            hints.push(key('a', w.act));
            hints.push(key('x', w.kill));
            hints.push(Hint::new(KeyCode::Enter, "Enter", w.look));
        }
        Some(Target::Partition(_)) if !status.read_only => {
            hints.push(Hint::new(KeyCode::Enter, "Enter", w.look));
            hints.push(key('a', w.act));
        }
        Some(_) => hints.push(Hint::new(KeyCode::Enter, "Enter", w.look)),
        None => {}
    }
    let more = status.step < status.head;
    if more || (prose.open_question().is_none() && !status.read_only) {
        hints.push(Hint::new(KeyCode::Right, arrow("→", "Right"), w.step));
    }
    if status.progress.is_some() && prose.open_question().is_none() {
        hints.push(Hint::new(KeyCode::PageDown, "PgDn", w.next));
    }
    if status.step > 0 {
        hints.push(Hint::new(KeyCode::Left, arrow("←", "Left"), w.back));
    }
    if !status.read_only {
        let play = if bench.playing.is_some() { w.pause } else { w.play };
        hints.push(Hint::new(KeyCode::Char(' '), "Space", play));
        if bench.playing.is_some() {
            hints.push(Hint::new(KeyCode::Char('+'), "+ -", w.faster));
        }
    }
    if status.read_only {
        if status.under_way.is_some() {
            hints.insert(0, Hint::new(KeyCode::Esc, "Esc", w.cancel));
        }
        if bench.chosen_in(bench.active).is_none() {
            hints.push(Hint::new(KeyCode::Down, arrow("↑↓", "Up Down"), w.choose));
        }
        hints.push(key('/', w.search));
        if bench.stage.panes().contains(&Pane::Findings) {
            hints.push(key('!', w.findings));
        }
    }
    if super::keys::FILTERED.contains(&bench.active) && !status.read_only {
        hints.push(key('/', w.filter));
    }
    hints.push(key(':', w.command));
    hints.push(key('?', w.help));
    hints.push(key('q', w.leave));
    if bench.stage.panes().contains(&Pane::Why) && status.step > 0 {
        hints.push(key('w', w.why));
    }
    if !bench.stage.races(bench.language).is_empty() {
        hints.push(key('R', w.race));
    }
    if prose.hints_left > 0 {
        hints.push(key('H', w.hint));
    }
    if !status.read_only {
        hints.push(key('b', w.branch));
        if bench.stage.branches().len() > 1 {
            hints.push(Hint::new(KeyCode::Char(']'), "[ ]", w.branches));
        }
        if bench.chosen_in(bench.active).is_none() {
            hints.push(key('a', w.act));
        }
    }
    hints.push(Hint::new(KeyCode::Tab, "Tab", w.pane));
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_finds_the_key_under_it() {
        let hints = [
            Hint::new(KeyCode::Right, "→", "step"),
            Hint::new(KeyCode::Char('q'), "q", "leave"),
            Hint::new(KeyCode::Tab, "Tab", "a label that does not fit"),
        ];
        assert_eq!(line(&hints, 20).to_text(), "→ step   q leave");
        assert_eq!(at(&hints, 20, 5), Some(&hints[0]));
        assert_eq!(at(&hints, 20, 7), None);
        assert_eq!(at(&hints, 20, 9), Some(&hints[1]));
        assert_eq!(at(&hints, 20, 30), None);
    }
}
