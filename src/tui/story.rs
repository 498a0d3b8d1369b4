//! The story of a lesson's step as lines: prose, commands with what they printed, the question, hints.

use super::stage::{CommandLine, Done, Part, Prose, Question};
use super::words::{Words, words};
use crate::trace::{Canvas, Line, Picture, Role, Target, prose};

/// Rows of output of a command whose picture stands in a pane beside it anyway: `lookup`.
const OUTPUT_ROWS: usize = 6;
/// Rows of output of any other command: lists of files, what is in them, chains of causes, measurements.
const LONG_OUTPUT_ROWS: usize = 60;

/// The first row that is seen of a story: its top, unless what it is at would be out of sight.
pub fn first_row(story: &Picture, rows: usize) -> usize {
    story.attention.map_or(0, |row| (row + 1).saturating_sub(rows))
}

/// The story. A step that is not begun is read from its top; then its attention is what it is at: the last row of it
/// that still leaves the last command, hint or answered question in sight.
pub fn draw(story: &Prose, canvas: &Canvas) -> Picture {
    let w = words(canvas.language);
    let cells = canvas.width;
    let mut picture = Picture::default();
    if !story.heading.is_empty() {
        picture.extend(prose::wrap(&prose::inline(&story.heading, Role::Strong), cells));
        picture.blank();
    }
    let mut before = true;
    // Where that begins what the story is at: an answered question stays in sight with the commands that answered it.
    let (mut at, mut answered) = (0, false);
    for part in &story.parts {
        let command = matches!(part, Part::Command(_));
        if !picture.lines.is_empty() && (before || !command) && !ends_blank(&picture) {
            picture.blank();
        }
        before = !command;
        let here = picture.lines.len();
        match part {
            Part::Text(_) | Part::Kept(_) => answered = false,
            Part::Command(line) if answered && line.state != Done::UnderWay => {}
            Part::Command(_) => (at, answered) = (here, false),
            Part::Question(question) => (at, answered) = (here, question.truth.is_some()),
        }
        match part {
            Part::Text(text) => picture.extend(prose::paragraphs(text, cells, Role::Plain)),
            Part::Kept(text) => {
                let kept = |row: &str| Line::of(row, Role::Code).cut(cells, &canvas.glyphs);
                picture.extend(text.lines().map(kept));
            }
            Part::Command(line) => command_line(&mut picture, line, canvas),
            Part::Question(question) => ask(&mut picture, question, canvas, w),
        }
    }
    for hint in &story.hints {
        picture.blank();
        at = if answered { at } else { picture.lines.len() };
        let text = format!("{}: {hint}", w.hint);
        picture.extend(prose::wrap(&prose::inline(&text, Role::Warn), cells));
    }
    if story.done {
        for (head, text) in &story.footnotes {
            picture.blank();
            picture.push(Line::of(head, Role::Heading));
            picture.extend(prose::paragraphs(text, cells, Role::Dim));
        }
        picture.blank();
        picture.push(Line::of(format!("{} {}", canvas.glyphs.good, w.step_done), Role::Good));
    }
    if story.begun {
        let last = picture.lines.len().checked_sub(1);
        picture.attention = last.map(|last| last.min(at + canvas.height.saturating_sub(1)));
    }
    picture
}

fn ends_blank(picture: &Picture) -> bool {
    picture.lines.last().is_none_or(|line| line.spans.is_empty())
}

fn command_line(picture: &mut Picture, line: &CommandLine, canvas: &Canvas) {
    let (mark, role) = match line.state {
        Done::ToDo => (canvas.glyphs.bullet, Role::Dim),
        Done::UnderWay => (canvas.glyphs.chosen, Role::Heading),
        Done::Done => (canvas.glyphs.good, Role::Good),
        Done::Failed => (canvas.glyphs.bad, Role::Bad),
    };
    let text = if line.state == Done::ToDo { Role::Dim } else { Role::Code };
    let rows = prose::wrap(
        &[crate::trace::Span::new(&line.command, text)],
        canvas.width.saturating_sub(2),
    );
    for (at, row) in rows.into_iter().enumerate() {
        let head = if at == 0 { mark } else { " " };
        picture.push(Line::of(head, role).text(" ").join(row));
    }
    let output: Vec<&String> = line.output.iter().filter(|l| !l.is_empty()).collect();
    let most = output_rows(&line.command);
    for row in output.iter().take(most) {
        let line = Line::of(format!("  {row}"), Role::Plain);
        // Sentences are wrapped; the rows of a table keep their columns as far as they go.
        if line.width() > canvas.width && !row.trim_start().contains("   ") {
            let cells = canvas.width.saturating_sub(2);
            let rows = prose::wrap(&[crate::trace::Span::new(row.as_str(), Role::Plain)], cells);
            picture.extend(rows.into_iter().map(|line| line.indent(2)));
        } else {
            picture.push(line.cut(canvas.width, &canvas.glyphs));
        }
    }
    if output.len() > most {
        let more = format!("  {} +{}", canvas.glyphs.ellipsis, output.len() - most);
        picture.push(Line::of(more, Role::Dim));
    }
}

/// How many rows of what a command printed are shown.
fn output_rows(command: &str) -> usize {
    let mut words = command.split_whitespace();
    match words.next() {
        Some("lookup") => OUTPUT_ROWS,
        _ => LONG_OUTPUT_ROWS,
    }
}

fn ask(picture: &mut Picture, question: &Question, canvas: &Canvas, w: &Words) {
    let mut text = prose::inline(&question.text, Role::Strong);
    text.insert(0, crate::trace::Span::new("? ", Role::Heading));
    picture.extend(prose::wrap(&text, canvas.width));
    for (at, choice) in question.choices.iter().enumerate() {
        let given = question.given.as_deref() == Some(choice.as_str());
        let mark = if given { canvas.glyphs.chosen } else { " " };
        let rows = prose::wrap(&prose::inline(choice, Role::Plain), canvas.width.saturating_sub(7));
        for (row, line) in rows.into_iter().enumerate() {
            let head = if row == 0 { format!("  {mark} {}  ", at + 1) } else { " ".repeat(7) };
            picture.push(Line::of(head, Role::Heading).join(line).to(Target::Choice(at)));
        }
    }
    if question.choices.is_empty() && question.given.is_none() {
        picture.push(Line::of(format!("    {}", w.type_answer), Role::Dim));
    }
    let by_engine = question.given.as_deref() == Some("");
    if by_engine && question.truth.is_none() {
        picture.push(Line::of(format!("    {}", w.by_engine), Role::Dim));
    }
    if question.choices.is_empty()
        && !by_engine
        && let Some(given) = &question.given
    {
        picture.push(Line::of(format!("    {}{}", w.you_said, w.colon), Role::Dim).text(given));
    }
    if let Some(truth) = &question.truth {
        let (glyph, word, role) = match question.right {
            _ if by_engine => (canvas.glyphs.chosen, w.by_engine, Role::Heading),
            Some(true) => (canvas.glyphs.good, w.right, Role::Good),
            _ => (canvas.glyphs.bad, w.not_quite, Role::Bad),
        };
        let line = Line::of(format!("    {glyph} {word}"), role)
            .span(
                match by_engine {
                    true => w.colon.into(),
                    false => format!("   {}{}", w.engine_says, w.colon),
                },
                Role::Dim,
            )
            .span(truth, Role::Strong);
        picture.extend(prose::wrap(&line.spans, canvas.width));
        if !question.why.is_empty() {
            let why = prose::paragraphs(&question.why, canvas.width.saturating_sub(4), Role::Plain);
            picture.extend(why.into_iter().map(|line| line.indent(4)));
        }
    }
}
