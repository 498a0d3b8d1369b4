//! Wrapping of text, Chinese included, and inline markup.
//!
//! English breaks at spaces; Chinese may break between any two characters, but a line never begins with a closing mark
//! (`，。」`) nor ends with an opening one (`「（`). Markup is the little that lessons use: `` `code` ``, `**strong**`,
//! `*emphasis*`, `[text](address)`.

use super::picture::{Line, Role, Span};
use super::width;

/// The text's pieces by its inline markup. Marks without a partner are ordinary signs.
pub fn inline(text: &str, base: Role) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found =
            ["`", "**", "*"].iter().find_map(|&mark| between(rest, mark).map(|f| (mark, f)));
        if let Some((mark, (inner, after))) = found {
            flush(&mut spans, &mut plain, base);
            match mark {
                "`" => spans.push(Span::new(inner, Role::Code)),
                _ => spans.extend(inline(inner, Role::Strong)),
            }
            rest = after;
        } else if let Some((inner, after)) = link(rest) {
            flush(&mut spans, &mut plain, base);
            spans.push(Span::new(inner, Role::Link));
            rest = after;
        } else {
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    flush(&mut spans, &mut plain, base);
    spans
}

fn flush(spans: &mut Vec<Span>, plain: &mut String, role: Role) {
    if !plain.is_empty() {
        spans.push(Span::new(std::mem::take(plain), role));
    }
}

fn between<'a>(rest: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let body = rest.strip_prefix(mark)?;
    let end = body.find(mark)?;
    let inner = &body[..end];
    let tight = mark == "`" || (!inner.starts_with([' ', '*']) && !inner.ends_with(' '));
    (!inner.is_empty() && tight).then(|| (inner, &body[end + mark.len()..]))
}

fn link(rest: &str) -> Option<(&str, &str)> {
    let body = rest.strip_prefix('[')?;
    let (inner, after) = body.split_once("](")?;
    let (_, after) = after.split_once(')')?;
    (!inner.is_empty() && !inner.contains([']', '['])).then_some((inner, after))
}

/// The spans as lines of at most `cells` (a single wider word is cut hard).
pub fn wrap(spans: &[Span], cells: usize) -> Vec<Line> {
    let cells = cells.max(2);
    let mut lines = vec![Line::new()];
    let mut used = 0;
    let mut gap: Option<Role> = None;
    for piece in pieces(spans) {
        if piece.space {
            gap = piece.glyphs.first().map(|(_, role)| *role);
            continue;
        }
        let wide: usize = piece.glyphs.iter().map(|(c, _)| width::of_char(*c)).sum();
        let lead = usize::from(gap.is_some() && used > 0);
        if used > 0 && used + lead + wide > cells {
            lines.push(Line::new());
            used = 0;
        } else if lead > 0 {
            put(&mut lines, ' ', gap.unwrap_or_default());
            used += 1;
        }
        gap = None;
        for (c, role) in piece.glyphs {
            let more = width::of_char(c);
            if used + more > cells {
                lines.push(Line::new());
                used = 0;
            }
            put(&mut lines, c, role);
            used += more;
        }
    }
    lines
}

/// The text, with its markup, as lines of at most `cells`. Paragraphs are kept apart by empty rows; rows that begin
/// with `- ` hang under their mark.
pub fn paragraphs(text: &str, cells: usize, role: Role) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for block in blocks(text) {
        match block {
            Block::Blank if lines.last().is_some_and(|l| !l.spans.is_empty()) => {
                lines.push(Line::new())
            }
            Block::Blank => {}
            Block::Text(text) => lines.extend(wrap(&inline(&text, role), cells)),
            Block::Item(mark, text) => {
                let lead = width::of(&mark);
                for (at, line) in
                    wrap(&inline(&text, role), cells.saturating_sub(lead)).into_iter().enumerate()
                {
                    let head = if at == 0 { mark.clone() } else { " ".repeat(lead) };
                    lines.push(Line::of(head, Role::Dim).join(line));
                }
            }
            Block::Kept(text) => lines.push(Line::of(format!("  {text}"), Role::Code)),
        }
    }
    while lines.last().is_some_and(|l| l.spans.is_empty()) {
        lines.pop();
    }
    lines
}

enum Block {
    Blank,
    Text(String),
    Item(String, String),
    Kept(String),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut fenced = false;
    for row in text.lines() {
        let trimmed = row.trim();
        if trimmed.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            out.push(Block::Kept(row.trim_end().to_owned()));
        } else if trimmed.is_empty() {
            out.push(Block::Blank);
        } else if let Some((mark, item)) = item(trimmed) {
            out.push(Block::Item(mark, item.to_owned()));
        } else {
            match out.last_mut() {
                Some(Block::Text(before) | Block::Item(_, before)) => glue(before, trimmed),
                _ => out.push(Block::Text(trimmed.to_owned())),
            }
        }
    }
    out
}

fn item(row: &str) -> Option<(String, &str)> {
    if let Some(rest) = row.strip_prefix("- ").or_else(|| row.strip_prefix("* ")) {
        return Some(("- ".into(), rest));
    }
    let digits = row.bytes().take_while(u8::is_ascii_digit).count();
    let rest = row.get(digits..)?.strip_prefix(". ")?;
    (1..=2).contains(&digits).then(|| (format!("{}. ", &row[..digits]), rest))
}

/// Joins a row of the source to the one before: with a space, except between Chinese characters and at a Chinese mark.
pub fn glue(before: &mut String, row: &str) {
    let wide = |c: char| width::of_char(c) == 2;
    let mark = |c: char| "，。；：、！？（）「」“”".contains(c);
    let (last, first) = (before.chars().next_back(), row.chars().next());
    let both_wide = last.is_some_and(wide) && first.is_some_and(wide);
    if !(both_wide || last.is_some_and(mark) || first.is_some_and(mark)) {
        before.push(' ');
    }
    before.push_str(row);
}

struct Piece {
    glyphs: Vec<(char, Role)>,
    space: bool,
}

/// Cuts the text where a line may break.
fn pieces(spans: &[Span]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let all = spans.iter().flat_map(|span| span.text.chars().map(move |c| (c, span.role)));
    let mut before: Option<char> = None;
    for (c, role) in all {
        let space = c == ' ';
        let joins = before.is_some_and(|b| !space && b != ' ' && !may_break(b, c));
        match out.last_mut() {
            Some(piece) if joins => piece.glyphs.push((c, role)),
            Some(piece) if space && piece.space => {}
            _ => out.push(Piece { glyphs: vec![(c, role)], space }),
        }
        before = Some(c);
    }
    out
}

fn may_break(before: char, after: char) -> bool {
    const CLOSING: &str = "，。、；：？！」』）》】”’…,.;:?!)]}%";
    const OPENING: &str = "「『（《【“‘([{";
    let wide = width::of_char(before) == 2 || width::of_char(after) == 2;
    wide && width::of_char(after) > 0 && !CLOSING.contains(after) && !OPENING.contains(before)
}

fn put(lines: &mut [Line], c: char, role: Role) {
    if let Some(line) = lines.last_mut() {
        match line.spans.last_mut() {
            Some(span) if span.role == role => span.text.push(c),
            _ => line.spans.push(Span { text: c.to_string(), role }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::to_text).collect()
    }

    #[test]
    fn english_breaks_at_spaces_and_long_words_hard() {
        assert_eq!(text(&wrap(&["one two  three".into()], 8)), ["one two", "three"]);
        assert_eq!(text(&wrap(&["abcdefghij".into()], 4)), ["abcd", "efgh", "ij"]);
        assert_eq!(text(&wrap(&["".into()], 4)), [""]);
    }

    #[test]
    fn chinese_breaks_anywhere_but_not_before_a_full_stop() {
        assert_eq!(text(&wrap(&["副本同步了。好".into()], 10)), ["副本同步", "了。好"]);
        assert_eq!(text(&wrap(&["由 leader 写入日志".into()], 9)), ["由 leader", "写入日志"]);
    }

    #[test]
    fn markup_becomes_roles_and_lonely_marks_stay() {
        let spans = inline("the `high watermark` is **never** 2 * 3 or a`b", Role::Plain);
        let codes: Vec<_> = spans.iter().map(|s| (s.text.as_str(), s.role)).collect();
        assert_eq!(
            codes,
            [
                ("the ", Role::Plain),
                ("high watermark", Role::Code),
                (" is ", Role::Plain),
                ("never", Role::Strong),
                (" 2 * 3 or a`b", Role::Plain)
            ]
        );
        assert_eq!(inline("see [KIP-101](https://x)", Role::Plain)[1].text, "KIP-101");
    }

    #[test]
    fn lists_hang_and_source_lines_flow() {
        let lines = paragraphs(
            "一行\n二行\n\n- first item\n  goes on\n- second\n\n```\nkept  so\n```\n",
            14,
            Role::Plain,
        );
        assert_eq!(
            text(&lines),
            ["一行二行", "", "- first item", "  goes on", "- second", "", "  kept  so"]
        );
    }
}
