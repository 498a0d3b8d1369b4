//! What was measured: tables, bars and sentences; as a picture for eyes, as JSON for programs.
//!
//! ```text
//!   { "experiment": "zero-copy", "seconds": 6.1, "notes": ["…"],
//!     "sections": [ { "name": "copy", "rows": [ { "way": "sendfile", "megabytes_per_second": 2900.4, … } ] } ] }
//! ```
//!
//! What always holds: the JSON names of columns are the same in every language and carry their unit; a cell that could
//! not be measured is `null`, and a note says why.

use crate::trace::{Align, Canvas, Line, Picture, Role, Span, Table, prose, width};
use serde_json::{Map, Value, json};

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, with so many digits behind the point.
    Number(f64, usize),
    /// Not measured here.
    None,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl Cell {
    fn line(&self) -> Line {
        match self {
            Cell::Text(text) => Line::plain(text),
            Cell::Number(value, 0) => Line::of(width::number(value.round() as i64), Role::Number),
            Cell::Number(value, digits) => Line::of(format!("{value:.digits$}"), Role::Number),
            Cell::None => Line::of("-", Role::Dim),
        }
    }

    fn json(&self) -> Value {
        match self {
            Cell::Text(text) => json!(text),
            Cell::Number(value, digits) => {
                let shift = 10_f64.powi(*digits as i32);
                json!((value * shift).round() / shift)
            }
            Cell::None => Value::Null,
        }
    }
}

/// A column: its name in JSON, its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name in JSON, unit last.
    pub key: &'static str,
    /// The head.
    pub head: String,
}

/// One bar of the plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// How long.
    pub value: f64,
}

/// A table with its plot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The name in JSON.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// What the bars count: `MB/s`.
    pub unit: String,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Lines under it, as they are: a drawing.
    pub drawing: Vec<String>,
}

/// What an experiment found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Its name on the command line.
    pub experiment: &'static str,
    /// What was asked.
    pub question: String,
    /// How long it took.
    pub seconds: f64,
    /// The tables.
    pub sections: Vec<Section>,
    /// What to bear in mind: caches, what the machine cannot tell.
    pub notes: Vec<String>,
}

impl Report {
    /// As a picture.
    pub fn picture(&self, canvas: &Canvas) -> Picture {
        let mut picture = Picture::new(format!("perf {}", self.experiment))
            .caption(Line::of(&self.question, Role::Plain));
        for section in &self.sections {
            picture.blank();
            section.draw(&mut picture, canvas);
        }
        picture.blank();
        for note in &self.notes {
            let words = [Span::from(note.as_str())];
            let lines = prose::wrap(&words, canvas.width.min(100).saturating_sub(4));
            for (at, line) in lines.into_iter().enumerate() {
                let mark = if at == 0 { canvas.glyphs.bullet } else { " " };
                picture.push(Line::of(format!("  {mark} "), Role::Dim).join(line));
            }
        }
        picture
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let sections: Vec<Value> = self.sections.iter().map(Section::json).collect();
        json!({
            "experiment": self.experiment,
            "question": self.question,
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
            "sections": sections,
            "notes": self.notes,
        })
    }
}

impl Section {
    /// A section without rows.
    pub fn new(name: &'static str, title: &str, columns: &[(&'static str, &str)]) -> Section {
        let column = |(key, head): &(&'static str, &str)| Column { key, head: (*head).to_owned() };
        Section {
            name,
            title: title.to_owned(),
            columns: columns.iter().map(column).collect(),
            ..Section::default()
        }
    }

    /// Adds a bar.
    pub fn bar(&mut self, label: impl Into<String>, value: f64) {
        self.bars.push(Bar { label: label.into(), value });
    }

    fn draw(&self, picture: &mut Picture, canvas: &Canvas) {
        picture.push(Line::of(&self.title, Role::Heading));
        let words =
            |at: usize| self.rows.iter().any(|row| matches!(row.get(at), Some(Cell::Text(_))));
        let aligns: Vec<Align> = (0..self.columns.len())
            .map(|at| if words(at) { Align::Left } else { Align::Right })
            .collect();
        let heads: Vec<&str> = self.columns.iter().map(|column| column.head.as_str()).collect();
        let mut table = Table::new(&aligns).heads(&heads).gap(2);
        for row in &self.rows {
            table.row(row.iter().map(Cell::line).collect());
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        if !self.bars.is_empty() {
            picture.blank();
            picture.extend(self.plot(canvas));
        }
        if !self.drawing.is_empty() {
            picture.blank();
            for line in &self.drawing {
                picture.push(Line::plain(format!("  {line}")));
            }
        }
    }

    /// One bar a row, all to one scale; what is there at all has a mark. The scale begins at zero, unless the values
    /// lie so far apart that most bars could not be told from each other: then a step to the right is a factor.
    fn plot(&self, canvas: &Canvas) -> Vec<Line> {
        const LONGEST: usize = 36;
        const FAR_APART: f64 = 200.0;
        let labels = self.bars.iter().map(|bar| width::of(&bar.label)).max().unwrap_or(0);
        let most = self.bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
        let room = canvas.width.saturating_sub(labels + 24).clamp(8, LONGEST);
        let least = self.bars.iter().map(|bar| bar.value).filter(|v| *v > 0.0).fold(most, f64::min);
        let is_logarithmic = most / least > FAR_APART;
        let part = |value: f64| match is_logarithmic {
            true => (value.max(least) / least * 2.0).ln() / (most / least * 2.0).ln(),
            false => value / most,
        };
        let said = is_logarithmic.then(|| {
            let (english, chinese) =
                ("logarithmic: a step is a factor", "对数刻度：每一格是一个倍数");
            Line::of(format!("  ({})", canvas.word(english, chinese)), Role::Dim)
        });
        self.bars
            .iter()
            .map(|bar| {
                let cells = (part(bar.value) * room as f64).round() as usize;
                let cells = cells.clamp(usize::from(bar.value > 0.0), room);
                let digits = if bar.value < 10.0 { 2 } else { 0 };
                Line::plain(format!("  {}  ", width::pad(&bar.label, labels)))
                    .span(canvas.glyphs.flushed.repeat(cells), Role::Flushed)
                    .text(" ")
                    .join(Cell::Number(bar.value, digits).line())
                    .text(format!(" {}", self.unit))
            })
            .chain(said)
            .collect()
    }

    fn json(&self) -> Value {
        let row = |row: &Vec<Cell>| -> Value {
            let cells = self.columns.iter().zip(row);
            Value::Object(
                cells
                    .map(|(column, cell)| (column.key.to_owned(), cell.json()))
                    .collect::<Map<String, Value>>(),
            )
        };
        json!({ "name": self.name, "title": self.title, "rows": self.rows.iter().map(row).collect::<Vec<_>>() })
    }
}
