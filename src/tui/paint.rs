//! Lines of a picture onto cells of the screen.

use super::theme::Theme;
use crate::trace::{Glyphs, Line, Picture, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What painting needs to know everywhere.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// The colours.
    pub theme: Theme,
    /// The marks.
    pub glyphs: Glyphs,
}

impl Paint {
    /// Paints a line at the beginning of a row of `area`; rows beyond it are left out, so is what does not fit.
    pub fn line(&self, buffer: &mut Buffer, area: Rect, row: u16, line: &Line) {
        if row >= area.height || area.width == 0 {
            return;
        }
        let (mut x, y) = (area.x, area.y + row);
        let cells = usize::from(area.width);
        let end = area.x + area.width;
        let cut;
        let line = if line.width() > cells {
            cut = line.clone().cut(cells, &self.glyphs);
            &cut
        } else {
            line
        };
        for span in &line.spans {
            let room = usize::from(end.saturating_sub(x));
            (x, _) = buffer.set_stringn(x, y, &span.text, room, self.theme.style(span.role));
        }
    }

    /// Lays the style of a chosen row over a row.
    pub fn choose(&self, buffer: &mut Buffer, area: Rect, row: u16) {
        if row < area.height {
            let row = Rect { y: area.y + row, height: 1, ..area };
            buffer.set_style(row, self.theme.chosen());
        }
    }

    /// A thin frame around an area that is at least two cells wide and high.
    pub fn frame(&self, buffer: &mut Buffer, area: Rect) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let [top_left, top_right, bottom_left, bottom_right] =
            if self.glyphs.is_ascii() { ["+"; 4] } else { ["┌", "┐", "└", "┘"] };
        let across = self.glyphs.rule.repeat(usize::from(area.width) - 2);
        let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
        let style = self.theme.rule();
        buffer.set_string(area.x, area.y, format!("{top_left}{across}{top_right}"), style);
        buffer.set_string(area.x, bottom, format!("{bottom_left}{across}{bottom_right}"), style);
        for y in area.y + 1..bottom {
            buffer.set_string(area.x, y, self.glyphs.side, style);
            buffer.set_string(right, y, self.glyphs.side, style);
        }
    }

    /// A picture: its head, then its rows from `first` on; the chosen row is marked.
    pub fn picture(&self, buffer: &mut Buffer, area: Rect, picture: &Picture, view: View) {
        let mark = if view.active { self.glyphs.chosen } else { " " };
        let rows = usize::from(area.height.saturating_sub(1));
        let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
        for (at, line) in picture.lines.iter().enumerate().skip(view.first).take(rows) {
            let row = (at - view.first + 1) as u16;
            self.line(buffer, inner, row, line);
            if view.chosen == Some(at) {
                self.choose(buffer, Rect { x: area.x, width: area.width, ..inner }, row);
                self.line(buffer, area, row, &Line::of(self.glyphs.chosen, Role::Strong));
            }
        }
        let below = picture.lines.len().saturating_sub(view.first + rows);
        let (above, below) = match picture.part {
            Some((first, shown, total)) if shown < total => (first, total - first - shown),
            _ => (view.first, below),
        };
        let head = Line::of(mark, Role::Heading).text(" ").join(picture.head());
        let hidden = match (below > 0 || above > 0) && area.height > 2 {
            true => format!("{}{} {}{}", self.glyphs.up, above, self.glyphs.down, below),
            false => String::new(),
        };
        // That there is more matters more than the end of the head.
        let cells = usize::from(area.width);
        let room = cells.saturating_sub(hidden.chars().count() + 2);
        let head = if hidden.is_empty() { head } else { head.cut(room, &self.glyphs) };
        self.line(buffer, area, 0, &head.right(Line::of(hidden, Role::Dim), cells));
    }
}

/// How much of a picture is seen, and what of it is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// The first row shown.
    pub first: usize,
    /// The chosen row.
    pub chosen: Option<usize>,
    /// Whether keys go to this pane.
    pub active: bool,
}
