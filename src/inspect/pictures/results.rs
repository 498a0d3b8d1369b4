//! What a check, a search and a verification brought: rows that lead into the bytes.

use super::super::find::Find;
use super::super::findings::{Finding, Weight};
use super::super::verify::{Verdict, Verified};
use super::super::{Inspection, Place};
use super::{MOST_ROWS, bytes_text, count, short_time};
use crate::storage::file_name;
use crate::trace::width::number;
use crate::trace::{Align, Canvas, Line, Picture, Role, Table, Target, prose};
use crate::types::Language;
use std::collections::BTreeMap;

/// Most notes of one kind that are shown.
const MOST_NOTES: usize = 3;
/// So many findings that say the same of different files are told as one.
const ALIKE: usize = 4;

/// How far a search or check is: a bar and numbers.
pub(super) fn progress_line(done: u64, all: u64, canvas: &Canvas) -> Line {
    let cells = 24;
    let bar = canvas.glyphs.bar(done.min(all) as usize, all.max(1) as usize, cells);
    let text = format!("  {} / {}", bytes_text(done.min(all)), bytes_text(all));
    Line::of(format!("  {bar}"), Role::Good).span(text, Role::Dim)
}

impl Inspection {
    /// Findings, the worst first. `progress` is that of a check that is under way.
    pub fn findings_picture(
        &self,
        findings: &[&Finding],
        progress: Option<(u64, u64)>,
        checked: bool,
        canvas: &Canvas,
    ) -> Picture {
        let of = |weight| findings.iter().filter(|finding| finding.weight == weight).count();
        let (bad, odd, notes) = (of(Weight::Bad), of(Weight::Odd), of(Weight::Note));
        let caption = match canvas.language {
            Language::English => format!("{bad} bad   {odd} odd   {notes} to note"),
            Language::Chinese => format!("{bad} 处损坏   {odd} 处异常   {notes} 处提示"),
        };
        let mut picture = Picture::new(canvas.word("findings", "发现")).caption(caption);
        if let Some((done, all)) = progress {
            picture.push(progress_line(done, all, canvas));
        } else if !checked {
            let text = canvas.word(
                "names, sizes and small files only: ':check' reads every log",
                "仅检查了文件名、大小和小文件：':check' 会读取所有日志",
            );
            picture.push(Line::of(text, Role::Dim).indent(2));
        } else if findings.is_empty() {
            let text =
                canvas.word("every log was read: nothing is wrong", "已读取所有日志：没有问题");
            picture.push(Line::of(format!("  {} {text}", canvas.glyphs.good), Role::Good));
        }
        let mut notes_of: BTreeMap<&str, usize> = BTreeMap::new();
        let mut alike: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
        let same = |finding: &Finding| (finding.kind, finding.sentence(canvas.language));
        for finding in findings.iter().filter(|finding| finding.range.is_none()) {
            alike.entry(same(finding)).or_default().push(&finding.place);
        }
        alike.retain(|_, places| places.len() >= ALIKE);
        let mut told = 0;
        for (at, finding) in findings.iter().enumerate() {
            let places = alike.get(&same(finding)).filter(|_| finding.range.is_none());
            if places.is_some_and(|places| places[0] != finding.place) {
                continue;
            }
            told += 1;
            if told > MOST_ROWS {
                break;
            }
            // A running broker has two untrimmed indexes in each partition: three of a kind tell what it is.
            if finding.weight == Weight::Note {
                let seen = notes_of.entry(finding.kind).or_default();
                *seen += 1;
                if *seen > MOST_NOTES {
                    continue;
                }
            }
            picture.blank();
            picture.extend(finding_rows(finding, at, canvas));
            if let Some(places) = places {
                picture.push(others_line(&places[1..], canvas));
            }
        }
        for (kind, seen) in notes_of.into_iter().filter(|(_, seen)| *seen > MOST_NOTES) {
            let more = seen - MOST_NOTES;
            let text = match canvas.language {
                Language::English => format!("{more} more of {kind}; --json tells them all"),
                Language::Chinese => format!("另有 {more} 处 {kind}；--json 会全部列出"),
            };
            picture.blank();
            let line = Line::of(format!("  {} {text}", canvas.glyphs.ellipsis), Role::Dim);
            picture.push(line.cut(canvas.width, &canvas.glyphs));
        }
        if told > MOST_ROWS {
            let folded: usize = alike.values().map(|places| places.len() - 1).sum();
            let more = findings.len().saturating_sub(MOST_ROWS + folded);
            picture.push(Line::of(format!("  {} {more}", canvas.glyphs.ellipsis), Role::Dim));
        }
        picture
    }

    /// What a search found.
    pub fn hits_picture(&self, find: &Find, running: bool, canvas: &Canvas) -> Picture {
        let hits = number(find.hits.len() as i64);
        let more = if find.full { "+" } else { "" };
        let caption = match canvas.language {
            Language::English => format!("{}   {hits}{more} found", find.wanted.text),
            Language::Chinese => format!("{}   找到 {hits}{more} 条", find.wanted.text),
        };
        let mut picture = Picture::new(canvas.word("search", "查找")).caption(caption);
        if running {
            picture.push(progress_line(find.progress.0, find.progress.1, canvas));
        } else {
            picture.push(searched(find, canvas));
        }
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, right, left, left, left]).gap(2).heads(&[
            canvas.word("partition", "分区"),
            canvas.word("offset", "偏移量"),
            canvas.word("time (UTC)", "时间 (UTC)"),
            canvas.word("key", "键"),
            canvas.word("value", "值"),
        ]);
        for (at, hit) in find.hits.iter().enumerate().take(MOST_ROWS) {
            let node = hit.node.map_or(String::new(), |id| format!(" b{id}"));
            let key: String = hit.key.chars().take(24).collect();
            table.row_to(
                vec![
                    Line::of(hit.partition.to_string(), Role::Link).span(node, Role::Dim),
                    Line::of(hit.offset.to_string(), Role::Offset),
                    Line::of(
                        hit.timestamp.map_or_else(String::new, |at| short_time(at, canvas)),
                        Role::Dim,
                    ),
                    Line::of(key, Role::Key),
                    Line::of(&hit.value, Role::Value),
                ],
                Target::Choice(at),
            );
        }
        if !table.is_empty() {
            picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        }
        picture
    }

    /// How the rebuilt indexes of a partition compare.
    pub fn verify_picture(&self, place: Place, all: &[Verified], canvas: &Canvas) -> Picture {
        let mut picture =
            Picture::new(canvas.word("verify", "校验")).caption(self.caption(place, canvas));
        let (left, right) = (Align::Left, Align::Right);
        let mut table = Table::new(&[left, right, left, left, right]).gap(2).heads(&[
            canvas.word("segment", "日志段"),
            canvas.word("batches", "批次"),
            ".index",
            ".timeindex",
            "index.interval.bytes",
        ]);
        for one in all.iter().take(MOST_ROWS) {
            let interval = one.interval.map_or_else(
                || canvas.glyphs.dash.to_owned(),
                |(from, to)| match to {
                    u64::MAX => format!("{from}+"),
                    to => format!("{from}{}{to}", canvas.glyphs.range),
                },
            );
            table.row_to(
                vec![
                    Line::of(
                        match canvas.width < 100 {
                            true => one.base_offset.to_string(),
                            false => file_name(one.base_offset, ""),
                        },
                        Role::Link,
                    ),
                    count(one.batches),
                    verdict(one.index, canvas),
                    verdict(one.time_index, canvas),
                    Line::of(interval, Role::Number),
                ],
                Target::Segment(one.base_offset),
            );
        }
        picture.extend(table.lines(canvas.width, canvas.glyphs.ellipsis));
        let same = all.iter().filter(|one| one.index.0 == Verdict::Identical).count();
        let wrong = all.iter().filter(|one| one.is_wrong()).count();
        let text = match canvas.language {
            Language::English => format!(
                "rebuilt from the log: {same} of {} offset indexes are identical byte for byte, {wrong} segments are wrong. \
                 Equivalent means: other entries, since the broker's counter began anew at a restart, but each leads to a batch.",
                all.len()
            ),
            Language::Chinese => format!(
                "由日志重建：{} 个偏移量索引中有 {same} 个逐字节相同，{wrong} 个段有误。“等效”指条目不同（broker 重启后计数器归零），但每条都指向一个批次。",
                all.len()
            ),
        };
        picture.blank();
        picture.extend(prose::paragraphs(&text, canvas.width.saturating_sub(2), Role::Dim));
        picture
    }
}

fn verdict((verdict, there, made): (Verdict, u64, u64), canvas: &Canvas) -> Line {
    let g = &canvas.glyphs;
    match verdict {
        Verdict::Identical => Line::of(
            format!("{} {} ({there})", g.good, canvas.word("identical", "相同")),
            Role::Good,
        ),
        Verdict::Equivalent => Line::of(
            format!("{} {} ({there} / {made})", g.bullet, canvas.word("equivalent", "等效")),
            Role::Plain,
        ),
        Verdict::Wrong => Line::of(
            format!("{} {} ({there} / {made})", g.bad, canvas.word("wrong", "有误")),
            Role::Bad,
        ),
        Verdict::Missing => {
            let lost = if made > 0 { format!(" ({there} / {made})") } else { String::new() };
            Line::of(format!("{} {}{lost}", g.dash, canvas.word("missing", "缺失")), Role::Warn)
        }
    }
}

fn searched(find: &Find, canvas: &Canvas) -> Line {
    let (records, bytes) = (number(find.records as i64), bytes_text(find.progress.0));
    let (mut text, mut role) = match canvas.language {
        Language::English => (format!("{records} records looked at, {bytes} passed"), Role::Dim),
        Language::Chinese => (format!("查看了 {records} 条记录，经过 {bytes}"), Role::Dim),
    };
    if find.unread > 0 {
        role = Role::Warn;
        text += &match canvas.language {
            Language::English => format!("; {} batches could not be opened", find.unread),
            Language::Chinese => format!("；{} 个批次无法打开", find.unread),
        };
    }
    if find.full {
        text += canvas
            .word("; the limit was reached: limit=N says another", "；已达上限：limit=N 可更改");
    }
    if find.hits.is_empty() {
        text += canvas.word("; ~ instead of = finds parts", "；用 ~ 代替 = 可查找部分内容");
    }
    Line::of(text, role).indent(2).cut(canvas.width, &canvas.glyphs)
}

/// The rows of one finding: kind and place, what it is, what to do.
fn finding_rows(finding: &Finding, at: usize, canvas: &Canvas) -> Vec<Line> {
    let g = &canvas.glyphs;
    let (mark, role) = match finding.weight {
        Weight::Bad => (g.bad, Role::Bad),
        Weight::Odd => (g.bullet, Role::Warn),
        Weight::Note => (g.dash, Role::Dim),
    };
    let range = finding.range.map_or(String::new(), |(from, to)| {
        let word = canvas.word("bytes", "字节");
        format!("  {word} {from}{}{to}", g.range)
    });
    let room = canvas.width.saturating_sub(6 + range.chars().count() + finding.kind.len());
    let place = tail(&finding.place, room, g.ellipsis);
    let mut rows = vec![
        Line::of(format!("  {mark} {}", finding.kind), role)
            .span(format!("  {place}"), Role::Link)
            .span(range, Role::Position)
            .cut(canvas.width, g)
            .to(Target::Event(at as u64)),
    ];
    let cells = canvas.width.saturating_sub(6).max(20);
    let wrap = |text: String, role| prose::wrap(&[crate::trace::Span::new(text, role)], cells);
    rows.extend(
        wrap(finding.sentence(canvas.language), Role::Plain).into_iter().map(|r| r.indent(4)),
    );
    let advice = finding.advice(canvas.language);
    if !advice.is_empty() {
        let text = format!("{} {advice}", g.message);
        rows.extend(wrap(text, Role::Dim).into_iter().map(|r| r.indent(4)));
    }
    rows
}

/// The other places of which the same was found: how many, and the first ones' names.
fn others_line(places: &[&str], canvas: &Canvas) -> Line {
    let name = |path: &&&str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = places.iter().take(12).map(|path| name(&path)).collect();
    let (count, names) = (places.len(), names.join(canvas.word(", ", "、")));
    let text = match canvas.language {
        Language::English => format!("{count} more like it: {names}"),
        Language::Chinese => format!("另有 {count} 处相同：{names}"),
    };
    let rest = if places.len() > 12 { canvas.glyphs.ellipsis.to_string() } else { String::new() };
    let line = Line::of(format!("{text} {rest}"), Role::Dim).indent(4);
    line.cut(canvas.width, &canvas.glyphs)
}

/// The end of a path, which says the most.
fn tail(path: &str, cells: usize, ellipsis: &str) -> String {
    let all: Vec<char> = path.chars().collect();
    if all.len() <= cells || cells < 8 {
        return path.to_owned();
    }
    let kept: String = all[all.len() - (cells - 1)..].iter().collect();
    format!("{ellipsis}{kept}")
}
