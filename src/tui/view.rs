//! Draws the bench: top line, story, pictures, prompt, time line, keys.

use super::bench::{Asking, Bench};
use super::hints;
use super::layout::Plan;
use super::paint::{Paint, View};
use super::stage::{Note, Pane, Status};
use super::timeline;
use super::words::words;
use crate::trace::{Glyphs, Line, Picture, Role, Span, prose, to_ascii, width};
use crate::types::Language;
use ratatui::Frame;
use ratatui::layout::Rect;

/// Draws the bench.
pub fn draw(bench: &Bench, paint: &Paint, frame: &mut Frame<'_>) {
    let plan = bench.plan();
    let status = bench.stage.status();
    let buffer = frame.buffer_mut();
    paint.line(buffer, plan.status, 0, &top(bench, &status, usize::from(plan.status.width)));
    if let Some(place) = plan.place {
        paint.line(buffer, place, 0, &where_files_are(bench, &status, usize::from(place.width)));
    }
    if let Some(rect) = plan.story {
        let picture = bench.story_picture(rect);
        let first = first_row(bench, Pane::Lesson, &picture, usize::from(rect.height));
        for (row, line) in
            picture.lines.iter().skip(first).take(usize::from(rect.height)).enumerate()
        {
            paint.line(buffer, rect, row as u16, line);
        }
        // The margin says that there is more above, or below.
        let rows = usize::from(rect.height);
        let more = [
            (first > 0, rect.y, paint.glyphs.up),
            (first + rows < picture.lines.len(), rect.y + rect.height - 1, paint.glyphs.down),
        ];
        for (_, y, glyph) in more.into_iter().filter(|more| more.0 && rows > 0) {
            buffer.set_string(rect.x + rect.width, y, glyph, paint.theme.style(Role::Heading));
        }
        if let (Some((_, right)), true) = (plan.panes.first(), plan.place.is_some()) {
            let x = right.x - 2;
            for y in rect.y..rect.y + rect.height {
                buffer.set_string(x, y, paint.glyphs.side, paint.theme.rule());
            }
        }
    }
    for (pane, rect) in &plan.panes {
        let (picture, view) = pane_view(bench, *pane, *rect);
        paint.picture(buffer, *rect, &picture, view);
    }
    if let Some(tabs) = plan.tabs {
        paint.line(buffer, tabs, 0, &tab_line(bench, &status, usize::from(tabs.width)));
    }
    let line = time(bench, &status, usize::from(plan.timeline.width));
    paint.line(buffer, plan.timeline, 0, &line);
    if let Some(why) = plan.why {
        paint.line(buffer, why, 0, &because(bench, usize::from(why.width)));
    }
    let keys = hints::line(&hints::of_bench(bench), usize::from(plan.keys.width));
    paint.line(buffer, plan.keys, 0, &keys);
    if let Some(menu) = &bench.menu {
        super::menu::draw(menu, paint, frame.area(), frame.buffer_mut());
    }
    let cursor = prompt(bench, paint, frame, &plan);
    if let Some((x, y)) = cursor {
        frame.set_cursor_position((x, y));
    }
}

/// The picture of a pane and what of it is seen.
pub fn pane_view(bench: &Bench, pane: Pane, rect: Rect) -> (Picture, View) {
    let canvas = bench.canvas(rect);
    let mut picture = bench.stage.picture(pane, &bench.focus_of(pane), &canvas);
    let name = bench.stage.pane_name(pane, bench.language);
    if picture.title.is_empty() || picture.title == pane.name() {
        picture.title = name.to_owned();
    }
    if let Some(filter) = bench.sights.get(&pane).and_then(|sight| sight.filter.as_deref()) {
        let head = Line::of(format!("/{filter}"), Role::Strong);
        picture.caption = head.text("   ").join(std::mem::take(&mut picture.caption));
    }
    let active = bench.active == pane;
    let chosen = bench.sights.get(&pane).and_then(|s| s.chosen.as_ref());
    let chosen =
        chosen.and_then(|t| picture.lines.iter().position(|l| l.target.as_ref() == Some(t)));
    if active && chosen.is_some() {
        picture.attention = chosen;
    }
    let first = first_row(bench, pane, &picture, canvas.height);
    (picture, View { first, chosen: chosen.filter(|_| active), active })
}

fn first_row(bench: &Bench, pane: Pane, picture: &Picture, rows: usize) -> usize {
    let last = picture.lines.len().saturating_sub(rows);
    match bench.sights.get(&pane).and_then(|s| s.scroll) {
        Some(scroll) => scroll.min(last),
        None if pane == Pane::Lesson => super::story::first_row(picture, rows),
        None => picture.first_row(rows),
    }
}

fn top(bench: &Bench, status: &Status, cells: usize) -> Line {
    let w = words(bench.language);
    let g = &bench.glyphs;
    let mut left = Line::new();
    if !status.id.is_empty() {
        left = left.span(format!("{} ", super::home::short(&status.id)), Role::Dim);
    }
    left = left.span(&status.title, Role::Strong);
    if let Some((at, of)) = status.progress {
        let bar = g.bar(at, of, of.clamp(1, 12));
        left = left.span(format!("  {at}/{of} "), Role::Dim).span(bar, Role::Heading);
    }
    let play = match bench.playing {
        Some(_) => Line::of(format!("{} {}", g.playing, bench.speed.label()), Role::Good),
        None if bench.working => Line::of(format!("{} {}", g.ellipsis, w.working), Role::Accent),
        None if status.read_only => Line::of(w.read_only, Role::Dim),
        None => Line::of(format!("{} {}", g.waiting, w.paused), Role::Dim),
    };
    let gap = "   ";
    let mut right = play;
    let branch = Line::of(&status.branch, Role::Key);
    let time = Line::of(format!("t {}", status.at), Role::Number);
    let of_head =
        if status.step < status.head { format!("/{}", status.head) } else { String::new() };
    let step = Line::of(format!("{} ", w.step), Role::Dim)
        .span(width::number(status.step as i64), Role::Strong)
        .span(of_head, Role::Dim);
    let room = cells.saturating_sub(left.width() + right.width() + 2 * gap.len());
    let both = step.clone().text(gap).join(time);
    let moment = if both.width() <= room { both } else { step };
    let seed = Line::of(format!("{} {}", w.seed, status.seed), Role::Dim);
    let kafka = Line::of(format!("kafka {}", status.kafka), Role::Dim);
    // The most important stands nearest to the right edge and stays when the line gets short.
    let extras = [
        (status.branch != "main" && !status.branch.is_empty(), branch, true),
        (!status.read_only, moment, false),
        (!status.read_only, seed, false),
        (!status.kafka.is_empty(), kafka, false),
    ];
    for (wanted, part, behind) in extras {
        if !wanted {
            continue;
        }
        if left.width() + right.width() + part.width() + 2 * gap.len() > cells {
            break;
        }
        right = if behind { right.text(gap).join(part) } else { part.text(gap).join(right) };
    }
    let room = cells.saturating_sub(right.width() + 2);
    left.cut(room, g).right(right, cells)
}

fn where_files_are(bench: &Bench, status: &Status, cells: usize) -> Line {
    let w = words(bench.language);
    if status.place.is_empty() || status.place == status.title {
        return Line::new();
    }
    let place = Line::of(format!("{} ", w.files_at), Role::Dim).span(&status.place, Role::Link);
    Line::new().right(place, cells)
}

fn tab_line(bench: &Bench, status: &Status, cells: usize) -> Line {
    let g = &bench.glyphs;
    let mut line = Line::new();
    let panes = bench.stage.panes();
    let named = named(bench, &panes, cells);
    for pane in Pane::ALL.into_iter().filter(|p| panes.contains(p)) {
        let active = pane == bench.active;
        let name = bench.stage.pane_name(pane, bench.language);
        let long = named.contains(&pane);
        let text = if long { format!("{} {name}", pane.key()) } else { format!("{}", pane.key()) };
        let mark = if active { g.chosen } else { " " };
        let role = if active { Role::Heading } else { Role::Dim };
        line = line.span(format!("{mark}{text} "), role);
    }
    let room = cells.saturating_sub(line.width() + 4);
    let place = if status.place == status.title { "" } else { &status.place };
    let place = shorten_path(place, room, g.ellipsis);
    line.right(Line::of(place, Role::Link), cells)
}

/// The panes whose names have room: the active one always, then those that the step wants most. The end of a path
/// keeps some cells to the right; on a narrow screen it keeps all of them.
fn named(bench: &Bench, panes: &[Pane], cells: usize) -> Vec<Pane> {
    const PATH: usize = 20;
    const NARROW: usize = 90;
    let name = |pane: &Pane| width::of(bench.stage.pane_name(*pane, bench.language)) + 1;
    // A directory of somebody else's names itself in the top line: its row is all for names.
    let read_only = bench.stage.status().read_only;
    let path = if read_only { 0 } else { PATH };
    let mut room = cells.saturating_sub(3 * panes.len() + path + name(&bench.active));
    let mut named = vec![bench.active];
    if cells < NARROW && !read_only {
        return named;
    }
    for pane in panes.iter().filter(|pane| **pane != bench.active) {
        if name(pane) > room {
            break;
        }
        room -= name(pane);
        named.push(*pane);
    }
    named
}

/// The pane at a column of the line of tabs.
pub fn tab_at(bench: &Bench, cells: usize, column: usize) -> Option<Pane> {
    let mut from = 0;
    let panes = bench.stage.panes();
    let named = named(bench, &panes, cells);
    Pane::ALL.into_iter().filter(|p| panes.contains(p)).find(|pane| {
        let long = named.contains(pane);
        let name = width::of(bench.stage.pane_name(*pane, bench.language));
        let wide = if long { 4 + name } else { 3 };
        let here = (from..from + wide).contains(&column);
        from += wide;
        here
    })
}

/// The end of a path: its last parts say the most.
fn shorten_path(path: &str, cells: usize, ellipsis: &str) -> String {
    if width::of(path) <= cells {
        return path.to_owned();
    }
    let mut out = String::new();
    for part in path.rsplit('/') {
        let longer = if out.is_empty() { part.to_owned() } else { format!("{part}/{out}") };
        if width::of(&longer) + 2 > cells {
            break;
        }
        out = longer;
    }
    if out.is_empty() { out } else { format!("{ellipsis}/{out}") }
}

/// Cells of the scrubber for a row of so many cells.
pub fn scrubber_cells(cells: usize) -> usize {
    match cells {
        0..60 => 16,
        60..110 => 30,
        110..150 => 48,
        _ => 72,
    }
}

/// The column at which the scrubber begins.
pub fn scrubber_column(bench: &Bench) -> usize {
    width::of(words(bench.language).timeline) + 2
}

fn time(bench: &Bench, status: &Status, cells: usize) -> Line {
    let w = words(bench.language);
    if status.read_only {
        let news = bench.stage.recent(1, bench.language);
        let Some(news) = news.first() else { return Line::new() };
        let lead = format!("{} ", bench.glyphs.message);
        return Line::of(lead, Role::Accent).text(&news.sentence).cut(cells, &bench.glyphs);
    }
    let marks = bench.stage.marks(scrubber_cells(cells));
    let head = Line::of(format!("{}  ", w.timeline), Role::Heading);
    let recent = bench.stage.recent(3, bench.language);
    let recent = if recent.is_empty() {
        Line::of(w.nothing_yet, Role::Dim)
    } else {
        timeline::recent(&recent, &bench.glyphs)
    };
    head.join(timeline::scrubber(&marks, status.step, status.head, &bench.glyphs))
        .text("   ")
        .join(sentences(recent, &bench.glyphs))
        .cut(cells, &bench.glyphs)
}

fn because(bench: &Bench, cells: usize) -> Line {
    let w = words(bench.language);
    if bench.order.contains(&Pane::Why) && bench.stage.status().step > 0 {
        let mut line = Line::of(width::pad(w.why, scrubber_column(bench)), Role::Heading);
        for (at, cause) in bench.stage.causes(&bench.focus, bench.language).iter().enumerate() {
            if at > 0 {
                line = line.span(format!(" {} ", bench.glyphs.cause), Role::Dim);
            }
            line = line.span(cause, if at == 0 { Role::Plain } else { Role::Dim });
        }
        return sentences(line, &bench.glyphs).cut(cells, &bench.glyphs);
    }
    Line::new()
}

/// What happened, told with the marks of the screen: sentences know nothing of ASCII.
fn sentences(mut line: Line, glyphs: &Glyphs) -> Line {
    if glyphs.is_ascii() {
        for span in line.spans.iter_mut().filter(|span| !span.text.is_ascii()) {
            span.text = to_ascii(&span.text.replace('≤', "<=").replace('≥', ">="));
        }
    }
    line
}

/// The prompt, or the note, or the command under way. Gives the place of the cursor while one types.
fn prompt(bench: &Bench, paint: &Paint, frame: &mut Frame<'_>, plan: &Plan) -> Option<(u16, u16)> {
    let w = words(bench.language);
    let rect = plan.prompt;
    let buffer = frame.buffer_mut();
    let Some(asking) = bench.asking else {
        if let Some(note) = bench.note.as_ref().filter(|note| is_long(note, bench.language, rect)) {
            long_note(note, bench, paint, frame, rect);
            return None;
        }
        let line = match (&bench.note, &bench.stage.status().under_way) {
            (Some(note), _) => {
                let (glyph, role) = if note.bad {
                    (bench.glyphs.bad, Role::Bad)
                } else {
                    (bench.glyphs.chosen, Role::Heading)
                };
                let text = crate::chinese::tell(bench.language, &note.text);
                Line::of(format!("{glyph} "), role).span(&*text, role)
            }
            (None, Some(command)) => Line::of("> ", Role::Heading)
                .span(command, Role::Code)
                .span(format!("   {} {}", bench.glyphs.ellipsis, w.under_way), Role::Dim),
            _ => Line::of("> ", Role::Dim),
        };
        paint.line(buffer, rect, 0, &line);
        return None;
    };
    let lead = match asking {
        Asking::Command => "> ".to_owned(),
        Asking::Branch => format!("{}{}", w.branch_name, w.colon),
        Asking::Filter(pane) => {
            let name = bench.stage.pane_name(pane, bench.language);
            format!("{} {name} / ", w.filter)
        }
        Asking::Answer => format!("{}{}", w.type_answer, w.colon),
    };
    let from = width::of(&lead);
    let room = usize::from(rect.width).saturating_sub(from + 1);
    let (text, column) = bench.prompt.window(room);
    let line = Line::of(&lead, Role::Heading)
        .span(text, Role::Strong)
        .span(bench.prompt.ghost(), Role::Dim);
    paint.line(buffer, rect, 0, &line);
    offers(bench, paint, frame, rect, from);
    Some((rect.x + (from + column) as u16, rect.y))
}

/// Whether a note has no room in the prompt's row.
fn is_long(note: &Note, language: Language, prompt: Rect) -> bool {
    width::of(&crate::chinese::tell(language, &note.text)) + 2 > usize::from(prompt.width)
}

/// A note that is longer than the prompt's row: its end says what to do, so it takes the rows above.
fn long_note(note: &Note, bench: &Bench, paint: &Paint, frame: &mut Frame<'_>, prompt: Rect) {
    const MOST: usize = 6;
    let (glyph, role) = match note.bad {
        true => (bench.glyphs.bad, Role::Bad),
        false => (bench.glyphs.chosen, Role::Heading),
    };
    let text = [Span::new(&*crate::chinese::tell(bench.language, &note.text), role)];
    let rows = prose::wrap(&text, usize::from(prompt.width).saturating_sub(2));
    let above = (rows.len().clamp(1, MOST) as u16 - 1).min(prompt.y);
    let area = Rect { y: prompt.y - above, height: above + 1, ..prompt };
    let buffer = frame.buffer_mut();
    ratatui::widgets::Widget::render(ratatui::widgets::Clear, area, buffer);
    for (row, line) in rows.into_iter().enumerate().take(usize::from(area.height)) {
        let head = if row == 0 { glyph } else { " " };
        paint.line(buffer, area, row as u16, &Line::of(format!("{head} "), role).join(line));
    }
}

/// What may be put in, above the prompt.
fn offers(bench: &Bench, paint: &Paint, frame: &mut Frame<'_>, prompt: Rect, from: usize) {
    let offers = &bench.prompt.offers;
    if offers.is_empty() || (bench.prompt.text.is_empty() && bench.prompt.chosen.is_none()) {
        return;
    }
    let rows = offers.len().min(8).min(usize::from(prompt.y.saturating_sub(1)));
    let chosen = bench.prompt.chosen.unwrap_or(0);
    let first = (chosen + 1).saturating_sub(rows);
    let wide = offers.iter().map(|o| width::of(&o.text)).max().unwrap_or(0);
    let docs = offers.iter().map(|o| width::of(&o.doc)).max().unwrap_or(0);
    let begin = offers.first().map_or(0, |o| {
        let typed = bench.prompt.text.get(..o.from).unwrap_or_default();
        width::of(typed)
    });
    let x = prompt.x + ((from + begin) as u16).saturating_sub(1).min(prompt.width / 2);
    let cells = ((wide + docs + 5) as u16).min(prompt.x + prompt.width - x);
    let area = Rect { x, y: prompt.y - rows as u16, width: cells, height: rows as u16 };
    let buffer = frame.buffer_mut();
    ratatui::widgets::Widget::render(ratatui::widgets::Clear, area, buffer);
    for (row, offer) in offers.iter().enumerate().skip(first).take(rows) {
        let here = (row - first) as u16;
        let line = Line::of(format!(" {}  ", width::pad(&offer.text, wide)), Role::Code)
            .span(&offer.doc, Role::Dim);
        paint.line(buffer, area, here, &line);
        if bench.prompt.chosen == Some(row) {
            paint.choose(buffer, area, here);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_keeps_its_end() {
        assert_eq!(shorten_path("/tmp/klab/a05/broker-2", 40, "…"), "/tmp/klab/a05/broker-2");
        assert_eq!(shorten_path("/tmp/klab/a05/broker-2", 16, "…"), "…/a05/broker-2");
        assert_eq!(shorten_path("/tmp/klab/a05/broker-2", 4, "…"), "");
    }
}
