//! The entries of an index and what each points at, with the steps of a lookup walked so far.
//!
//! ```text
//!   entry   relative   offset   position    leads to
//!       3         31       71      2 288  ✓ batch 68–71   the answer
//! ```

use super::super::{Inspection, Place};
use super::{MOST_ROWS, time_text};
use crate::storage::{LookupStep, TimestampStep, file_name};
use crate::trace::width::number;
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, prose};
use crate::types::{Language, Offset};

/// The steps of a lookup that were walked so far.
#[derive(Clone, Copy, Debug)]
pub enum Steps<'a> {
    /// No lookup is under way.
    None,
    /// Of an offset.
    Offset(&'a [LookupStep]),
    /// Of a time.
    Time(&'a [TimestampStep]),
}

/// What the steps say of the entries.
#[derive(Default)]
struct Marks {
    probed: Vec<u64>,
    answer: Option<u64>,
    segment: Option<Offset>,
    by_time: bool,
}

fn marks(steps: Steps<'_>) -> Marks {
    let mut marks = Marks::default();
    match steps {
        Steps::None => {}
        Steps::Offset(steps) => {
            for step in steps {
                match step {
                    LookupStep::ChooseSegment { base_offset, .. } => {
                        marks.segment = Some(*base_offset)
                    }
                    LookupStep::WarmSection { slot, .. } => marks.probed.push(u64::from(*slot)),
                    LookupStep::LeastEntry { .. } => marks.probed.push(0),
                    LookupStep::Probe { middle, .. } => marks.probed.push(u64::from(*middle)),
                    LookupStep::IndexAnswer { entry: Some((slot, _)), .. } => {
                        marks.answer = Some(u64::from(*slot));
                    }
                    _ => {}
                }
            }
        }
        Steps::Time(steps) => {
            marks.by_time = true;
            for step in steps {
                match step {
                    TimestampStep::ChooseSegment { base_offset, .. } => {
                        marks.segment = Some(*base_offset)
                    }
                    TimestampStep::Probe { slot, .. } => marks.probed.push(u64::from(*slot)),
                    _ => {}
                }
            }
        }
    }
    marks
}

fn sentences(steps: Steps<'_>, language: Language) -> Vec<String> {
    match steps {
        Steps::None => Vec::new(),
        Steps::Offset(steps) => steps.iter().map(|step| step.sentence(language)).collect(),
        Steps::Time(steps) => steps.iter().map(|step| step.sentence(language)).collect(),
    }
}

impl Inspection {
    /// The index of the segment that holds an offset, with the steps of a lookup walked so far. A lookup by time shows
    /// the time index.
    pub fn index_picture(
        &self,
        place: Place,
        offset: Option<Offset>,
        steps: Steps<'_>,
        canvas: &Canvas,
    ) -> Picture {
        let mut picture = Picture::new(canvas.word("index", "索引"));
        let Some(files) = self.partition(place) else { return picture };
        let marks = marks(steps);
        let at = marks.segment.or(offset).or_else(|| files.start_offset()).unwrap_or_default();
        let Some(segment) = files.segment_of(at).or((!files.segments.is_empty()).then_some(0))
        else {
            return picture;
        };
        let base = files.segments[segment].base_offset;
        let told: Vec<Line> = sentences(steps, canvas.language)
            .iter()
            .flat_map(|text| {
                let spans = prose::inline(text, Role::Plain);
                prose::wrap(&spans, canvas.width.saturating_sub(4).max(20))
            })
            .map(|row| row.indent(2))
            .collect();
        let suffix = if marks.by_time { ".timeindex" } else { ".index" };
        let entries = match marks.by_time {
            true => self.time_entries(place, segment),
            false => self.offset_entries(place, segment),
        };
        let (used, _) = entries.unwrap_or((0, 0));
        let entries_word = if used == 1 { " entry" } else { " entries" };
        let caption = self
            .caption(place, canvas)
            .span(format!("   {}   {}", file_name(base, suffix), number(used as i64)), Role::Dim);
        picture = picture.caption(caption.text(canvas.word(entries_word, " 项")));
        if entries.is_none() {
            let text = canvas.word(
                "there is no such file: readers begin at byte 0",
                "没有此文件：从字节 0 读起",
            );
            picture.push(Line::of(text, Role::Warn).indent(2));
        }
        let rows = canvas.height.saturating_sub(told.len().min(canvas.height / 2) + 2);
        let rows = rows.clamp(4, MOST_ROWS) as u64;
        let wanted = marks.answer.or(marks.probed.last().copied());
        let wanted = wanted.unwrap_or_else(|| {
            if marks.by_time { 0 } else { self.entry_near(place, segment, at, used) }
        });
        let first = wanted.saturating_sub(rows / 2).min(used.saturating_sub(rows));
        let table = match marks.by_time {
            true => self.time_rows(place, segment, (first, rows), &marks, canvas),
            false => self.offset_rows(place, segment, (first, rows), &marks, canvas),
        };
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        if !marks.by_time && told.is_empty() {
            picture.attention = usize::try_from(wanted - first).ok().map(|row| row + 1);
        }
        if !told.is_empty() {
            picture.extend(told);
            picture.attend();
        }
        picture
    }

    /// The last entry at or below an offset.
    fn entry_near(&self, place: Place, segment: usize, offset: Offset, used: u64) -> u64 {
        let (mut low, mut high) = (0, used);
        while low < high {
            let middle = (low + high) / 2;
            match self.offset_index_entry(place, segment, middle) {
                Some(entry) if entry.offset <= offset => low = middle + 1,
                _ => high = middle,
            }
        }
        low.saturating_sub(1)
    }

    fn offset_rows(
        &self,
        place: Place,
        segment: usize,
        (first, rows): (u64, u64),
        marks: &Marks,
        canvas: &Canvas,
    ) -> Table {
        let heads = match canvas.language {
            Language::English => ["entry", "relative", "offset", "position", "leads to"],
            Language::Chinese => ["条目", "相对", "偏移量", "位置", "指向"],
        };
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[right, right, right, right, left]).heads(&heads);
        let base = self
            .partition(place)
            .and_then(|files| files.segments.get(segment))
            .map_or(Offset(0), |segment| segment.base_offset);
        for (n, entry) in self.offset_index(place, segment, first, rows).iter().enumerate() {
            let n = first + n as u64;
            table.row_to(
                vec![
                    Line::of(n.to_string(), Role::Number),
                    Line::of(number(entry.offset - base), Role::Number),
                    Line::of(number(entry.offset.0), Role::Offset),
                    Line::of(number(i64::from(entry.position)), Role::Position),
                    self.leads_to(place, segment, (entry.offset, entry.position), canvas)
                        .join(note(n, marks, canvas)),
                ],
                Target::Offset(entry.offset),
            );
        }
        table
    }

    /// What lies at the byte that an entry points at.
    fn leads_to(
        &self,
        place: Place,
        segment: usize,
        (offset, position): (Offset, u32),
        canvas: &Canvas,
    ) -> Line {
        let g = &canvas.glyphs;
        let row = self
            .walk(place, segment, u64::from(position))
            .and_then(|mut walk| self.next(&mut walk))
            .filter(|row| row.base_offset <= offset || row.header.is_none());
        match row {
            Some(row) if row.base_offset == row.last_offset => {
                Line::of(format!("{} ", g.good), Role::Good)
                    .span(row.base_offset.to_string(), Role::Dim)
            }
            Some(row) => Line::of(format!("{} ", g.good), Role::Good)
                .span(format!("{}{}{}", row.base_offset, g.range, row.last_offset), Role::Dim),
            None => {
                let text = canvas.word("no such batch", "没有此批次");
                Line::of(format!("{} {text}", g.bad), Role::Bad)
            }
        }
    }

    fn time_rows(
        &self,
        place: Place,
        segment: usize,
        (first, rows): (u64, u64),
        marks: &Marks,
        canvas: &Canvas,
    ) -> Table {
        let heads = match canvas.language {
            Language::English => ["entry", "greatest time so far", "ms", "offset", ""],
            Language::Chinese => ["条目", "目前最大时间", "毫秒", "偏移量", ""],
        };
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[right, left, right, right, left]).heads(&heads);
        for (n, entry) in self.time_index(place, segment, first, rows).iter().enumerate() {
            let n = first + n as u64;
            table.row_to(
                vec![
                    Line::of(n.to_string(), Role::Number),
                    Line::of(time_text(entry.timestamp), Role::Plain),
                    Line::of(entry.timestamp.to_string(), Role::Dim),
                    Line::of(number(entry.offset.0), Role::Offset),
                    note(n, marks, canvas),
                ],
                Target::Offset(entry.offset),
            );
        }
        table
    }
}

fn note(n: u64, marks: &Marks, canvas: &Canvas) -> Line {
    if marks.answer == Some(n) {
        let text = canvas.word("the answer", "答案");
        return Line::of(format!("  {} {text}", canvas.glyphs.chosen), Role::Good);
    }
    if marks.probed.contains(&n) {
        return Line::of(format!("  {}", canvas.word("looked at", "查看过")), Role::Cursor);
    }
    Line::new()
}
