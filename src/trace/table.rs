//! Aligned columns, and pictures side by side.
//!
//! ```text
//!   entry   relative   offset   position        numbers to the right, words to the left
//!       0          4       44        389
//! ```
//!
//! A table that is too wide gives up cells of its widest left-aligned column, then the end of its rows.

use super::picture::{Line, Picture, Role, Span, Target};
use super::width;

/// Where a cell's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left: words.
    Left,
    /// At the right: numbers.
    Right,
    /// In the middle: glyphs.
    Middle,
}

/// Rows of cells under aligned heads.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Align>,
    heads: Option<Vec<Line>>,
    rows: Vec<(Vec<Line>, Option<Target>)>,
    gap: usize,
    indent: usize,
    least: Vec<usize>,
}

impl Table {
    /// A table with these columns.
    pub fn new(columns: &[Align]) -> Table {
        let least = vec![0; columns.len()];
        Table { columns: columns.to_vec(), heads: None, rows: Vec::new(), gap: 3, indent: 2, least }
    }
    /// With heads over the columns.
    pub fn heads(mut self, heads: &[&str]) -> Table {
        self.heads = Some(heads.iter().map(|h| Line::of(h, Role::Dim)).collect());
        self
    }
    /// With this many cells between columns (3 if left out).
    pub fn gap(mut self, cells: usize) -> Table {
        self.gap = cells;
        self
    }
    /// With this many cells in front (2 if left out).
    pub fn indent(mut self, cells: usize) -> Table {
        self.indent = cells;
        self
    }
    /// Column `column` takes at least `cells`: so that nothing moves when a number grows.
    pub fn least(mut self, column: usize, cells: usize) -> Table {
        if let Some(least) = self.least.get_mut(column) {
            *least = cells;
        }
        self
    }
    /// Adds a row; missing cells are empty, cells beyond the last column stand behind it.
    pub fn row(&mut self, cells: Vec<Line>) {
        self.rows.push((cells, None));
    }
    /// Adds a row that means something when it is chosen.
    pub fn row_to(&mut self, cells: Vec<Line>, target: Target) {
        self.rows.push((cells, Some(target)));
    }
    /// How many rows there are, without the heads.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// The rows as lines, in no more than `cells` where that can be.
    pub fn lines(self, cells: usize, ellipsis: &str) -> Vec<Line> {
        let mut widths = self.least.clone();
        let all = self.heads.iter().chain(self.rows.iter().map(|(row, _)| row));
        for row in all {
            for (at, cell) in row.iter().enumerate().take(widths.len()) {
                widths[at] = widths[at].max(cell.width());
            }
        }
        let fixed = self.indent + self.gap * widths.len().saturating_sub(1);
        self.squeeze(&mut widths, cells.saturating_sub(fixed));
        let mut lines = Vec::new();
        for (row, target) in self.heads.clone().map(|h| (h, None)).into_iter().chain(self.rows) {
            let mut line = Line::new().indent(self.indent);
            for (at, cell) in row.into_iter().enumerate() {
                if at > 0 {
                    line = line.text(" ".repeat(self.gap));
                }
                line = match widths.get(at) {
                    Some(&wide) => line.join(place(cell, wide, self.columns[at], ellipsis)),
                    None => line.join(cell),
                };
            }
            line.target = target;
            lines.push(line);
        }
        lines
    }

    fn squeeze(&self, widths: &mut [usize], room: usize) {
        const LEAST: usize = 6;
        loop {
            let over = widths.iter().sum::<usize>().saturating_sub(room);
            let words = (0..widths.len()).filter(|&at| self.columns[at] == Align::Left);
            let widest = words.max_by_key(|&at| widths[at]);
            match widest {
                Some(at) if over > 0 && widths[at] > LEAST => {
                    widths[at] = widths[at].saturating_sub(over).max(widths[at] / 2).max(LEAST);
                }
                _ => return,
            }
        }
    }
}

fn place(cell: Line, wide: usize, align: Align, ellipsis: &str) -> Line {
    let cell = if cell.width() > wide { shorten(cell, wide, ellipsis) } else { cell };
    let missing = wide - cell.width();
    let before = match align {
        Align::Left => 0,
        Align::Right => missing,
        Align::Middle => missing / 2,
    };
    cell.indent(before).pad_to(wide)
}

fn shorten(cell: Line, wide: usize, ellipsis: &str) -> Line {
    let ellipsis = ellipsis.chars().next().unwrap_or('~');
    let mut left = wide;
    let mut out = Line { spans: Vec::new(), target: cell.target };
    for span in cell.spans {
        if span.width() < left {
            left -= span.width();
            out.spans.push(span);
        } else {
            let text = width::cut(&format!("{} ", span.text), left, ellipsis);
            out.spans.push(Span { text, role: span.role });
            break;
        }
    }
    out
}

/// Two pictures side by side, the left one `left_cells` wide, `gap` cells between them. The left title stays the title.
pub fn beside(left: Picture, right: Picture, left_cells: usize, gap: usize) -> Picture {
    let mut out =
        Picture { title: left.title.clone(), caption: left.caption.clone(), ..Picture::default() };
    let right_lines = std::iter::once(right.head()).chain(right.lines);
    let left_lines = std::iter::once(Line::new()).chain(left.lines);
    let mut lefts: Vec<Line> = left_lines.collect();
    let rights: Vec<Line> = right_lines.collect();
    let count = lefts.len().max(rights.len());
    lefts.resize(count, Line::new());
    for (at, line) in lefts.into_iter().enumerate() {
        let line = shorten(line.pad_to(left_cells), left_cells + 1, "…").pad_to(left_cells + gap);
        out.lines.push(match rights.get(at) {
            Some(right) => line.join(right.clone()),
            None => line,
        });
    }
    out.attention = left.attention.map(|row| row + 1);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|l| l.to_text() + "\n").collect()
    }

    #[test]
    fn columns_line_up_in_both_languages() {
        let mut table = Table::new(&[Align::Left, Align::Right, Align::Middle])
            .heads(&["分区", "offset", "b1"]);
        table.row(vec!["orders-0".into(), "12".into(), "●".into(), "«".into()]);
        table.row(vec!["支付-1".into(), "1 022".into(), "○".into()]);
        assert_eq!(
            text(&table.lines(80, "…")),
            "  分区       offset   b1\n  orders-0       12   ●    «\n  支付-1      1 022   ○\n"
        );
    }

    #[test]
    fn a_wide_table_gives_up_words_before_numbers() {
        let mut table = Table::new(&[Align::Left, Align::Right]).indent(0);
        table.row(vec!["a very long description of it".into(), "1 655".into()]);
        for cells in 16..40 {
            for line in table.clone().lines(cells, "…") {
                assert!(line.width() <= cells, "{cells}: {}", line.to_text());
                assert!(line.to_text().ends_with("1 655"), "{cells}");
            }
        }
        assert!(table.lines(0, "…")[0].width() > 0);
    }

    #[test]
    fn pictures_stand_side_by_side() {
        let mut left = Picture::new("before");
        left.push("a long left line");
        let mut right = Picture::new("after");
        right.push("b");
        assert_eq!(beside(left, right, 8, 2).to_text(), "before\n          after\na long l… b\n");
    }
}
