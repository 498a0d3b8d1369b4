//! What the program says, in Chinese: a table of sentences with holes.
//!
//! ```text
//!   "produced {} offset {#}"   "已写入 {}，偏移量 {}"      produced orders-0 offset 3   →  已写入 orders-0，偏移量 3
//!   "{w} did not start: {}"    "{} 没有启动：{~}"          … did not start: no disk     →  … 没有启动：没有磁盘
//! ```
//!
//! Pictures and events speak two languages where they are made. All other sentences (answers of commands, refusals,
//! errors, broken promises) are made in English where things are done and told again here, so that no module has to
//! know two languages for a few words.
//!
//! What always holds: a line that fits no row stays as it is; what stands in a hole is copied, or told again itself
//! where the Chinese side says so. Rows are tried in order, and a test holds that none hides another one. Left out:
//! grammar of any kind; a sentence that is put together of parts has a row for each way.

use crate::types::Language;
use std::borrow::Cow;

mod absent; // what the lab cannot do: not there, taken, not ready
mod acts; // what commands say when they have done something
mod errors; // what is wrong with a line of a script
mod files; // disks, logs, what a broker finds at its start
mod promises; // broken promises
mod refusals; // what Kafka refuses, with its reason
mod settings; // what is wrong with a setting
mod tools; // the commands of the shell: simulate, perf, inspect, lessons
mod waits; // what is still under way; names of timers

/// English and Chinese.
///
/// A hole in the English sentence: `{}` anything, `{#}` a number, `{w}` one word, `{p}` a partition, `{C}` a name
/// in CAPITALS. In the Chinese one: `{}` the next hole, `{2}` the second one, `{~}` and `{2~}` the same, told in
/// Chinese, `{2,}` a list of such.
type Row = (&'static str, &'static str);

/// All rows, in the order in which they are tried.
fn rows() -> impl Iterator<Item = &'static Row> {
    let rooms: [&'static [Row]; 9] = [
        promises::ROWS,
        errors::ROWS,
        settings::ROWS,
        files::ROWS,
        tools::ROWS,
        acts::ROWS,
        waits::ROWS,
        absent::ROWS,
        refusals::ROWS,
    ];
    rooms.into_iter().flatten()
}

/// Longer lines are data, not sentences.
const MOST_BYTES: usize = 4_000;
/// How deep sentences stand within sentences.
const DEEPEST: usize = 4;

/// A sentence in this language: as it is in English.
pub fn tell(language: Language, sentence: &str) -> Cow<'_, str> {
    match language {
        Language::English => Cow::Borrowed(sentence),
        Language::Chinese => Cow::Owned(told(sentence)),
    }
}

/// What something says of itself, in Chinese.
pub fn of(words: impl std::fmt::Display) -> String {
    told(&words.to_string())
}

/// A sentence in Chinese where the table has it, or as it is. Of several lines each is told for itself.
pub fn told(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| line_told(line, DEEPEST)).collect();
    lines.join("\n")
}

fn line_told(line: &str, deepest: usize) -> String {
    let body = line.trim_start();
    if body.is_empty() || line.len() > MOST_BYTES || deepest == 0 {
        return line.to_owned();
    }
    let indent = &line[..line.len() - body.len()];
    let found = rows().find_map(|(english, chinese)| Some((fit(body, english)?, chinese)));
    match found {
        Some((holes, chinese)) => format!("{indent}{}", filled(chinese, &holes, deepest)),
        None => line.to_owned(),
    }
}

/// The Chinese sentence with what stands in the holes.
fn filled(chinese: &str, holes: &[&str], deepest: usize) -> String {
    let mut out = String::new();
    let mut next = 0;
    let mut rest = chinese;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end);
        let name = &rest[at + 1..end];
        let which =
            name.trim_end_matches(['~', ',']).parse::<usize>().map_or(next, |named| named - 1);
        next += 1;
        let hole = holes.get(which).copied().unwrap_or_default();
        match name.ends_with('~') {
            true => out.push_str(&line_told(hole, deepest - 1)),
            false if name.ends_with(',') => {
                let all = hole.split(", ").map(|one| line_told(one, deepest - 1));
                out.push_str(&all.collect::<Vec<_>>().join("、"));
            }
            false => out.push_str(hole),
        }
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// A pattern as the text before its first hole, and its holes, each with the text behind it.
fn pieces(pattern: &str) -> (&str, impl Iterator<Item = (char, &str)>) {
    let mut parts = pattern.split('{');
    let head = parts.next().unwrap_or_default();
    let holes = parts.filter_map(|part| {
        let (kind, text) = part.split_once('}')?;
        Some((kind.chars().next().unwrap_or('*'), text))
    });
    (head, holes)
}

/// Whether this may stand in a hole of this kind.
fn suits(kind: char, text: &str) -> bool {
    match kind {
        '#' => text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.' | ',' | '+')),
        'w' => !text.contains([' ', ':', ',', ';']),
        'p' => text.rsplit_once('-').is_some_and(|(topic, number)| {
            !topic.contains(' ') && !number.is_empty() && suits('#', number)
        }),
        'C' => text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'),
        _ => true,
    }
}

/// The holes of a line that fits a pattern.
fn fit<'a>(line: &'a str, pattern: &str) -> Option<Vec<&'a str>> {
    let (head, pieces) = pieces(pattern);
    let mut rest = line.strip_prefix(head)?;
    let mut holes = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some((kind, behind)) = pieces.next() {
        let at = match pieces.peek() {
            None => rest.ends_with(behind).then(|| rest.len() - behind.len())?,
            Some(_) if behind.is_empty() => return None,
            Some(_) => rest.find(behind)?,
        };
        if at == 0 || !suits(kind, &rest[..at]) {
            return None;
        }
        holes.push(&rest[..at]);
        rest = &rest[at + behind.len()..];
    }
    rest.is_empty().then_some(holes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn lines_are_told_again_with_what_stands_in_them() {
        assert_eq!(told("produced orders-0 offset 3"), "已写入 orders-0，偏移量 3");
        assert_eq!(told("produced orders-0 offsets 3 to 9"), "已写入 orders-0，偏移量 3 到 9");
        assert_eq!(
            told("created orders: 3 partitions, 1 replica"),
            "已创建 orders：3 个分区，1 个副本"
        );
        assert_eq!(told("step 4 of 9 on main, 1.5 s"), "main 上的第 4 / 9 步，1.5 s");
        assert_eq!(
            told("lost Fetch 70 from broker 2 to broker 1"),
            "丢失从 broker 2 到 broker 1 的 Fetch 70"
        );
        assert_eq!(told("  something else"), "  something else");
    }

    #[test]
    fn a_hole_takes_only_what_suits_it() {
        assert_eq!(fit("a 12 b", "a {#} b"), Some(vec!["12"]));
        assert_eq!(fit("a x b", "a {#} b"), None);
        assert_eq!(fit("one runs", "{w} runs"), Some(vec!["one"]));
        assert_eq!(fit("one more runs", "{w} runs"), None);
        assert_eq!(fit("NONE: it", "{C}: {}"), Some(vec!["NONE", "it"]));
        assert_eq!(fit("None: it", "{C}: {}"), None);
    }

    #[test]
    fn every_row_has_the_same_holes_in_both_languages_or_leaves_some_out() {
        for (english, chinese) in rows() {
            let holes = english.matches('{').count();
            assert!(chinese.matches('{').count() <= holes, "{english}");
            let ends = chinese.ends_with(['。', '！', '？']) == english.ends_with(['.', '!', '?']);
            assert!(ends, "{english}: one side ends as a sentence, the other does not");
        }
    }

    /// Each row, with words in its holes, fits itself first.
    #[test]
    fn no_row_hides_another_one() {
        let mut hidden = Vec::new();
        let mut seen = BTreeMap::new();
        for row @ (english, _) in rows() {
            if seen.insert(english, ()).is_some() {
                hidden.push(format!("{english:?} is there twice"));
                continue;
            }
            let (head, pieces) = pieces(english);
            let mut line = head.to_owned();
            for (kind, behind) in pieces {
                line.push_str(match kind {
                    '#' => "7",
                    'C' => "XYZ",
                    'p' => "xyz-7",
                    'w' => "xyz",
                    _ => "xyz zyx",
                });
                line.push_str(behind);
            }
            let first = rows().find(|(pattern, _)| fit(&line, pattern).is_some());
            if first != Some(row) {
                let by = first.map_or("", |(pattern, _)| pattern);
                hidden.push(format!("{english:?} is hidden by {by:?}"));
            }
        }
        assert!(hidden.is_empty(), "{}", hidden.join("\n"));
    }
}
