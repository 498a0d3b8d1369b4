//! Where everything stands, for any size of the terminal.
//!
//! ```text
//!  80×24                         120×36                          200×60
//!  status                        status                          status
//!  story, or                     story   │ picture               story │ picture │ picture
//!  short story over one picture          │ picture                     │ picture │ picture
//!  panes                         prompt                          prompt
//!  prompt                        timeline                        timeline, why
//!  timeline                      keys                            keys
//!  keys
//! ```
//!
//! Below 40×10 there is one sentence and nothing else. Everything here is arithmetic on rectangles; nothing is drawn.

use super::stage::Pane;
use ratatui::layout::Rect;

/// The smallest terminal in which the screen makes sense.
pub const LEAST: (u16, u16) = (40, 10);
/// The rows that a picture below the story has at least, its title's included.
const PICTURE: u16 = 7;
/// From this width on the story stands beside the pictures.
pub const WIDE: u16 = 110;

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The top line.
    pub status: Rect,
    /// Where the files are, under the top line (wide screens only).
    pub place: Option<Rect>,
    /// The story.
    pub story: Option<Rect>,
    /// The pictures, each with its title row.
    pub panes: Vec<(Pane, Rect)>,
    /// The names of the panes with their digits (narrow screens only).
    pub tabs: Option<Rect>,
    /// The prompt, or the note.
    pub prompt: Rect,
    /// The time line.
    pub timeline: Rect,
    /// Why the last thing happened (tall screens only).
    pub why: Option<Rect>,
    /// The keys that do something now.
    pub keys: Rect,
}

/// What the plan depends on besides the size.
#[derive(Clone, Debug, Default)]
pub struct Wish<'a> {
    /// The panes in the order in which they were last asked for.
    pub panes: &'a [Pane],
    /// How many rows each of them could use, its title's included; nothing known: what it gets anyway.
    pub rows: &'a [u16],
    /// Whether there is a story.
    pub story: bool,
    /// Whether the story is what keys go to.
    pub story_active: bool,
    /// The cells that the story wants on a wide screen; nothing: as many as prose is read well with.
    pub story_cells: Option<u16>,
    /// Rows that the story wants at the width it would get (asked for narrow screens).
    pub story_rows: u16,
}

/// Whether the terminal is too small for anything but a sentence.
pub fn too_small(area: Rect) -> bool {
    area.width < LEAST.0 || area.height < LEAST.1
}

/// The cells that the story gets.
pub fn story_width(area: Rect) -> u16 {
    if area.width < WIDE {
        area.width.saturating_sub(2)
    } else {
        (area.width * 38 / 100).clamp(42, 60)
    }
}

/// The plan for a size and a wish.
pub fn plan(area: Rect, wish: &Wish<'_>) -> Plan {
    // Smaller ones show a sentence instead; whoever asks for a plan all the same gets one that fits nowhere.
    let area = Rect { width: area.width.max(LEAST.0), height: area.height.max(LEAST.1), ..area };
    if area.width < WIDE { narrow(area, wish) } else { wide(area, wish) }
}

fn row(area: Rect, y: u16) -> Rect {
    Rect { x: area.x + 1, y: area.y + y, width: area.width - 2, height: 1 }
}

fn narrow(area: Rect, wish: &Wish<'_>) -> Plan {
    let last = area.height - 1;
    let tall = area.height >= 20;
    let top = if tall { 2 } else { 1 };
    let body =
        Rect { x: area.x + 1, y: area.y + top, width: area.width - 2, height: last - 3 - top };
    let mut plan = Plan {
        status: row(area, 0),
        tabs: Some(row(area, last - 3)),
        prompt: row(area, last - 2),
        timeline: row(area, last - 1),
        keys: row(area, last),
        ..Plan::default()
    };
    let picture = wish.panes.first().copied();
    match picture {
        Some(pane) if !(wish.story && wish.story_active) => {
            // The story gets what the picture does not use, and two fifths at least.
            let used = wish.rows.first().copied().filter(|rows| *rows > 0).unwrap_or(body.height);
            let unused = body.height.saturating_sub(used.max(PICTURE) + 1);
            let most = (body.height * 2 / 5).max(unused).min(wish.story_rows);
            let most = if wish.story { most } else { 0 };
            let story = Rect { height: most, ..body };
            let gap = u16::from(most > 0);
            let rest = body.height - most - gap;
            plan.story = (most > 0).then_some(story);
            plan.panes.push((pane, Rect { y: body.y + most + gap, height: rest, ..body }));
        }
        _ => plan.story = Some(body),
    }
    plan
}

fn wide(area: Rect, wish: &Wish<'_>) -> Plan {
    let last = area.height - 1;
    let why = area.height >= 30;
    let below = 3 + u16::from(why);
    let body =
        Rect { x: area.x + 1, y: area.y + 2, width: area.width - 2, height: last - below - 2 };
    let mut plan = Plan {
        status: row(area, 0),
        place: Some(row(area, 1)),
        prompt: row(area, last - below + 1),
        timeline: row(area, last - below + 2),
        why: why.then(|| row(area, last - 1)),
        keys: row(area, last),
        ..Plan::default()
    };
    let mut right = body;
    if wish.story {
        let cells = wish.story_cells.unwrap_or_else(|| story_width(area));
        plan.story = Some(Rect { width: cells, ..body });
        right.x += cells + 3;
        right.width -= cells + 3;
    }
    let columns: u16 = if right.width >= 130 { 2 } else { 1 };
    let rows: u16 = match right.height {
        0..22 => 1,
        22..40 => 2,
        _ => 3,
    };
    let count = usize::from(columns * rows).min(wish.panes.len()) as u16;
    let columns = columns.min(count.max(1));
    let rows = count.div_ceil(columns.max(1)).max(1);
    let cell_width = (right.width - 3 * (columns - 1)) / columns;
    let wished = |line: u16| {
        let panes = usize::from(line * columns)..usize::from((line + 1) * columns);
        wish.rows.iter().take(panes.end).skip(panes.start).copied().max().unwrap_or(0)
    };
    let starts = starts(right.height, rows, wished);
    for at in 0..count {
        let (column, line) = (at % columns, at / columns);
        let (y0, y1) = (starts[usize::from(line)], starts[usize::from(line) + 1]);
        let gap = u16::from(line + 1 < rows);
        let rect = Rect {
            x: right.x + column * (cell_width + 3),
            y: right.y + y0,
            width: cell_width,
            height: y1 - y0 - gap,
        };
        plan.panes.push((wish.panes[usize::from(at)], rect));
    }
    plan
}

/// Where the rows of pictures begin, and where the last one ends. A picture that could use more rows gets those that
/// another one has no use for; where all fit, or none has any to spare, nothing moves.
fn starts(height: u16, rows: u16, wished: impl Fn(u16) -> u16) -> Vec<u16> {
    const LEAST: u16 = 5;
    let usual = |line: u16| row_at(height, line + 1, rows) - row_at(height, line, rows);
    let mut heights: Vec<u16> = (0..rows).map(usual).collect();
    // The gap below belongs to a row too.
    let wishes: Vec<u16> = (0..rows)
        .map(|line| match wished(line) {
            0 => usual(line),
            wish => wish.saturating_add(u16::from(line + 1 < rows)).max(LEAST),
        })
        .collect();
    let lines = || 0..usize::from(rows);
    while let (Some(from), Some(to)) = (
        lines().filter(|&at| heights[at] > wishes[at]).max_by_key(|&at| heights[at] - wishes[at]),
        lines().filter(|&at| heights[at] < wishes[at]).max_by_key(|&at| wishes[at] - heights[at]),
    ) {
        heights[from] -= 1;
        heights[to] += 1;
    }
    let ends = heights.iter().scan(0, |end, height| {
        *end += height;
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}

/// Where a row of pictures usually begins. Of three the first is the tallest: it is what the lesson is about.
fn row_at(height: u16, line: u16, rows: u16) -> u16 {
    match (rows, line) {
        (3, 1) => height * 2 / 5,
        (3, 2) => height * 7 / 10,
        _ => height * line / rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(plan: &Plan) -> Vec<Rect> {
        let mut rects = vec![plan.status, plan.prompt, plan.timeline, plan.keys];
        rects.extend(plan.place.into_iter().chain(plan.story).chain(plan.tabs).chain(plan.why));
        rects.extend(plan.panes.iter().map(|(_, rect)| *rect));
        rects
    }

    /// The rows of panes are fitted whatever size the terminal has just been given.
    #[test]
    fn a_terminal_that_is_too_small_has_a_plan_all_the_same() {
        for (width, height) in [(0, 0), (1, 1), (5, 2), (12, 3), (39, 9), (200, 1), (3, 80)] {
            let area = Rect { x: 0, y: 0, width, height };
            assert!(too_small(area));
            let panes = [Pane::Log, Pane::Network];
            let (story, story_active, story_rows) = (true, false, 9);
            let (rows, story_cells) = (&[3, 40][..], None);
            let panes = &panes[..];
            plan(area, &Wish { panes, rows, story, story_active, story_cells, story_rows });
            story_width(area);
        }
    }

    #[test]
    fn at_every_size_all_parts_are_on_the_screen_and_apart() {
        let panes = [Pane::Log, Pane::Index, Pane::Bytes, Pane::Cluster, Pane::Network];
        for width in LEAST.0..260 {
            for height in LEAST.1..80 {
                for (story, story_active) in [(true, true), (true, false), (false, false)] {
                    let area = Rect { x: 0, y: 0, width, height };
                    let rows = [30, 3, 60, 2, 4];
                    let rows = if width % 2 == 0 { &rows[..] } else { &[] };
                    let story_cells = (height % 3 == 0).then_some(30);
                    let (panes, story_rows) = (&panes[..], 30);
                    let wish = Wish { panes, rows, story, story_active, story_cells, story_rows };
                    let rects = all(&plan(area, &wish));
                    for (at, rect) in rects.iter().enumerate() {
                        assert_eq!(rect.intersection(area), *rect, "{width}×{height}");
                        for other in &rects[at + 1..] {
                            assert!(
                                rect.intersection(*other).is_empty(),
                                "{width}×{height}: {rects:?}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn rows_go_to_whoever_can_use_them() {
        let none = |_| 0;
        assert_eq!(starts(40, 3, none), [0, 16, 28, 40]);
        assert_eq!(starts(40, 3, |line| [10, 25, 3][usize::from(line)]), [0, 11, 35, 40]);
        assert_eq!(starts(40, 3, |line| [16, 5, 5][usize::from(line)]), [0, 17, 29, 40]);
        assert_eq!(starts(40, 3, |_| 60), [0, 16, 28, 40]);
        assert_eq!(starts(20, 1, |_| 60), [0, 20]);
    }

    #[test]
    fn larger_screens_show_more() {
        let panes = [Pane::Log, Pane::Index, Pane::Bytes, Pane::Cluster];
        let count = |width, height| {
            let area = Rect { x: 0, y: 0, width, height };
            plan(area, &Wish { panes: &panes, story: true, ..Wish::default() }).panes.len()
        };
        assert_eq!((count(80, 24), count(120, 36), count(200, 60)), (1, 2, 4));
    }
}
