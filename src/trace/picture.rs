//! A pane as styled text: roles, spans, lines, pictures; and what they are drawn on (canvas) and about (focus).
//!
//! ```text
//!  log   orders-0 on b2, leader                      title, caption
//!    00000000000000000000   0–39   ████▓▓   4 102 B    lines; each may bear a target: what choosing it means
//! ```
//!
//! What always holds: a span's text holds no control character, so a width in cells is the sum over its characters;
//! lines are never wrapped by whoever shows them, only cut with `…`.

use super::glyphs::Glyphs;
use super::width;
use crate::types::{Language, NodeId, Offset, TopicPartition};

/// What a piece of text is. The theme turns it into a colour; the text itself already says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    #[default]
    Plain,
    /// Of less weight: units, paths, what is over.
    Dim,
    /// Of more weight.
    Strong,
    /// The head of a column or of a part.
    Heading,
    /// What just changed. The one accent of the screen.
    Accent,
    Good,
    Warn,
    Bad,
    Leader,
    Follower,
    OutOfSync,
    Dead,
    Key,
    Value,
    Number,
    Offset,
    Position,
    Epoch,
    HighWatermark,
    /// What is chosen, or where the search stands.
    Cursor,
    /// Leads somewhere: a word with an entry in the glossary, a file.
    Link,
    /// A command of the language.
    Code,
    /// Bytes on the disk, or flushed to it.
    Flushed,
    /// Bytes in the page cache only.
    Cached,
}

/// Text of one role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The text, without control characters.
    pub text: String,
    /// What it is.
    pub role: Role,
}

impl Span {
    /// Text of a role; control characters in it are made visible.
    pub fn new(text: impl AsRef<str>, role: Role) -> Span {
        Span { text: width::clean(text.as_ref()), role }
    }
    /// Cells it takes.
    pub fn width(&self) -> usize {
        width::of(&self.text)
    }
}

impl From<&str> for Span {
    fn from(text: &str) -> Span {
        Span::new(text, Role::Plain)
    }
}

impl From<String> for Span {
    fn from(text: String) -> Span {
        Span::new(text, Role::Plain)
    }
}

/// What choosing a line (or clicking it) means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A node.
    Node(NodeId),
    /// A partition, anywhere.
    Partition(TopicPartition),
    /// One replica: of a partition, on a node.
    Replica(TopicPartition, NodeId),
    /// An event, by its id.
    Event(u64),
    /// A step of the history.
    Step(u64),
    /// A pending happening, by its id.
    Pending(u64),
    /// A segment, by its base offset.
    Segment(Offset),
    /// A record or batch, by its offset.
    Offset(Offset),
    /// A record of any partition.
    Record(TopicPartition, Offset),
    /// An entry of an index, by its number.
    Entry(u64),
    /// A file, by its path in the cluster's directory.
    File(String),
    /// Bytes of the file in focus: from, up to but without.
    Bytes(u64, u64),
    /// A consumer group.
    Group(String),
    /// A word of the glossary.
    Word(String),
    /// A choice of a list or of a prediction, from 0.
    Choice(usize),
    /// The link between two nodes.
    Link(NodeId, NodeId),
    /// A branch of the history.
    Branch(String),
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pieces, left to right.
    pub spans: Vec<Span>,
    /// What choosing it means.
    pub target: Option<Target>,
}

impl Line {
    /// An empty row.
    pub fn new() -> Line {
        Line::default()
    }
    /// A row of plain text.
    pub fn plain(text: impl AsRef<str>) -> Line {
        Line::of(text, Role::Plain)
    }
    /// A row of one role.
    pub fn of(text: impl AsRef<str>, role: Role) -> Line {
        Line { spans: vec![Span::new(text, role)], target: None }
    }
    /// With plain text behind.
    pub fn text(self, text: impl AsRef<str>) -> Line {
        self.span(text, Role::Plain)
    }
    /// With text of a role behind.
    pub fn span(mut self, text: impl AsRef<str>, role: Role) -> Line {
        self.spans.push(Span::new(text, role));
        self
    }
    /// With the pieces of another line behind; its target is taken if this one has none.
    pub fn join(mut self, other: Line) -> Line {
        self.spans.extend(other.spans);
        self.target = self.target.or(other.target);
        self
    }
    /// With the mark of what just changed behind, if it did.
    pub fn changed(self, changed: bool, glyphs: &Glyphs) -> Line {
        if changed { self.text(" ").span(glyphs.changed, Role::Accent) } else { self }
    }
    /// With a target.
    pub fn to(mut self, target: Target) -> Line {
        self.target = Some(target);
        self
    }
    /// With spaces in front.
    pub fn indent(mut self, cells: usize) -> Line {
        if cells > 0 {
            self.spans.insert(0, Span { text: " ".repeat(cells), role: Role::Plain });
        }
        self
    }
    /// With spaces behind, so that the next piece begins at column `cells`.
    pub fn pad_to(mut self, cells: usize) -> Line {
        let missing = cells.saturating_sub(self.width());
        if missing > 0 {
            self.spans.push(Span { text: " ".repeat(missing), role: Role::Plain });
        }
        self
    }
    /// With `right` at the right edge of `cells`; nothing of it if there is no room for it and a gap.
    pub fn right(self, right: Line, cells: usize) -> Line {
        if self.width() + right.width() + 2 > cells {
            return self;
        }
        let at = cells - right.width();
        self.pad_to(at).join(right)
    }
    /// Cut to `cells`, with an ellipsis where something was cut.
    pub fn cut(self, cells: usize, glyphs: &Glyphs) -> Line {
        if self.width() <= cells {
            return self;
        }
        let ellipsis = glyphs.ellipsis.chars().next().unwrap_or('~');
        let mut left = cells;
        let mut spans = Vec::new();
        let mut rest = self.spans.into_iter().peekable();
        while let Some(span) = rest.next() {
            let wide = span.width();
            let more: usize = rest.peek().map_or(0, Span::width);
            if wide < left || (wide == left && more == 0) {
                left -= wide;
                spans.push(span);
                continue;
            }
            let text = if wide <= left { format!("{} ", span.text) } else { span.text };
            spans.push(Span { text: width::cut(&text, left, ellipsis), role: span.role });
            break;
        }
        Line { spans, target: self.target }
    }
    /// Cells it takes.
    pub fn width(&self) -> usize {
        self.spans.iter().map(Span::width).sum()
    }
    /// Its text, without spaces at the end.
    pub fn to_text(&self) -> String {
        let all: String = self.spans.iter().map(|s| s.text.as_str()).collect();
        all.trim_end().to_owned()
    }
}

impl From<Span> for Line {
    fn from(span: Span) -> Line {
        Line { spans: vec![span], target: None }
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Line {
        Line::plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Line {
        Line::plain(text)
    }
}

/// The picture of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// What it is a picture of: the pane's name.
    pub title: String,
    /// What exactly: `orders-0 on b2, leader`.
    pub caption: Line,
    /// The rows.
    pub lines: Vec<Line>,
    /// The row that must stay in sight when there is no room for all.
    pub attention: Option<usize>,
    /// Of a list of which only a part was drawn: the first row drawn, how many were, and how many there are.
    pub part: Option<(usize, usize, usize)>,
}

impl Picture {
    /// An empty picture.
    pub fn new(title: impl AsRef<str>) -> Picture {
        Picture { title: width::clean(title.as_ref()), ..Picture::default() }
    }
    /// With a caption.
    pub fn caption(mut self, caption: impl Into<Line>) -> Picture {
        self.caption = caption.into();
        self
    }
    /// Adds a row.
    pub fn push(&mut self, line: impl Into<Line>) {
        self.lines.push(line.into());
    }
    /// Adds an empty row.
    pub fn blank(&mut self) {
        self.lines.push(Line::new());
    }
    /// Adds rows.
    pub fn extend(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.lines.extend(lines);
    }
    /// The last row is the one to keep in sight.
    pub fn attend(&mut self) {
        self.attention = self.lines.len().checked_sub(1);
    }
    /// The row with the title and the caption.
    pub fn head(&self) -> Line {
        let title = Line::of(&self.title, Role::Heading);
        if self.caption.width() == 0 { title } else { title.text("   ").join(self.caption.clone()) }
    }
    /// The first row to show when `height` rows fit: the row to keep in sight stays in the middle third.
    pub fn first_row(&self, height: usize) -> usize {
        let last = self.lines.len().saturating_sub(height);
        self.attention.map_or(0, |row| row.saturating_sub(height / 2)).min(last)
    }
    /// Title and rows as plain text, each line ended.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        if !self.title.is_empty() {
            out.push_str(&self.head().to_text());
            out.push('\n');
        }
        for line in &self.lines {
            out.push_str(&line.to_text());
            out.push('\n');
        }
        out
    }
}

/// What a picture is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Cells from left to right.
    pub width: usize,
    /// Rows, without the title. A picture may be longer; then the screen shows a part and scrolls.
    pub height: usize,
    /// The marks to use.
    pub glyphs: Glyphs,
    /// The language of labels.
    pub language: Language,
}

impl Canvas {
    /// The canvas of `show`: wide enough for a file or a pipe, as long as the picture wants.
    pub fn text(language: Language) -> Canvas {
        Canvas { width: 110, height: 10_000, glyphs: Glyphs::unicode(), language }
    }
    /// Picks the label of this canvas's language.
    pub fn word<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        self.language.pick(english, chinese)
    }
}

/// What a picture is about. Whatever is `None` the picture chooses itself: the first, or what just changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// A node: whose log, whose files.
    pub node: Option<NodeId>,
    /// A partition.
    pub partition: Option<TopicPartition>,
    /// A segment of it, by base offset.
    pub segment: Option<Offset>,
    /// A record of it.
    pub offset: Option<Offset>,
    /// A consumer group.
    pub group: Option<String>,
    /// An event, for `why`.
    pub event: Option<u64>,
    /// A pending happening, for `network`.
    pub pending: Option<u64>,
    /// A file, by its path in the cluster's directory.
    pub file: Option<String>,
    /// A byte of it.
    pub byte: Option<u64>,
    /// The row that is chosen, by what it means.
    pub chosen: Option<Target>,
    /// The first row of a long list, where somebody scrolled.
    pub top: Option<usize>,
    /// What rows must contain.
    pub filter: Option<String>,
    /// How many partitions are not well, if that is known already.
    pub counts: Option<super::metrics::Counts>,
    /// What the metrics were when they were last looked at.
    pub was: Option<std::sync::Arc<super::metrics::Seen>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_in_cells_and_keeps_its_roles() {
        let g = Glyphs::unicode();
        let line = Line::plain("副本").span("同步abc", Role::Good);
        assert_eq!(line.width(), 11);
        assert_eq!(line.clone().cut(11, &g).to_text(), "副本同步abc");
        for cells in 0..11 {
            let cut = line.clone().cut(cells, &g);
            assert!(cut.width() <= cells, "{cells}: {cut:?}");
            assert!(cells == 0 || cut.to_text().ends_with('…'), "{cells}: {cut:?}");
        }
        assert_eq!(line.cut(7, &g).spans[1].role, Role::Good);
    }

    #[test]
    fn right_text_stands_at_the_edge_or_not_at_all() {
        let line = Line::plain("left").right(Line::plain("right"), 20);
        assert_eq!(line.to_text(), "left           right");
        assert_eq!(Line::plain("left").right(Line::plain("right"), 10).to_text(), "left");
    }

    #[test]
    fn the_row_in_focus_stays_in_sight() {
        let mut picture = Picture::new("log");
        for row in 0..100 {
            picture.push(Line::plain(row.to_string()));
        }
        assert_eq!(picture.first_row(10), 0);
        picture.attention = Some(50);
        assert_eq!(picture.first_row(10), 45);
        picture.attention = Some(99);
        assert_eq!(picture.first_row(10), 90);
        assert_eq!(picture.first_row(200), 0);
    }

    #[test]
    fn text_has_the_caption_and_no_spaces_at_the_end() {
        let mut picture = Picture::new("log").caption("orders-0 on b2");
        picture.push(Line::plain("a  ").changed(true, &Glyphs::ascii()).text("  "));
        picture.blank();
        assert_eq!(picture.to_text(), "log   orders-0 on b2\na   <\n\n");
    }
}
