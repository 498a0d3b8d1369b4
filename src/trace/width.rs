//! How many cells a text takes, and cutting and padding to cells.
//!
//! A Chinese character takes two cells, a combining mark none. The width of a text is the sum over its characters; to
//! make that true, [`clean`] takes out what would break it: control characters (a record's value may hold an escape
//! sequence, which must never reach the terminal) and joiners.

use unicode_width::UnicodeWidthChar;

/// Cells that a character takes; control characters take none.
pub fn of_char(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Cells that a text takes.
pub fn of(text: &str) -> usize {
    text.chars().map(of_char).sum()
}

/// The text without control characters (shown as `·`, a tab as a space) and without joiners and variation selectors.
pub fn clean(text: &str) -> String {
    let odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
    };
    if !text.chars().any(odd) {
        return text.to_owned();
    }
    let shown = |c: char| match c {
        '\t' => Some(' '),
        c if c.is_control() => Some('·'),
        c if odd(c) => None,
        c => Some(c),
    };
    text.chars().filter_map(shown).collect()
}

/// The longest beginning of `text` that fits into `cells`, and the cells it takes.
pub fn fitting(text: &str, cells: usize) -> (&str, usize) {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        let more = of_char(c);
        if taken + more > cells {
            return (&text[..at], taken);
        }
        taken += more;
    }
    (text, taken)
}

/// The text cut to `cells`, with `…` as its last sign where something was cut.
pub fn cut(text: &str, cells: usize, ellipsis: char) -> String {
    if of(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    let (head, _) = fitting(text, cells - 1);
    format!("{head}{ellipsis}")
}

/// The text with spaces behind it up to `cells`; a longer one is cut.
pub fn pad(text: &str, cells: usize) -> String {
    let cut = cut(text, cells, '…');
    let spaces = cells - of(&cut);
    cut + &" ".repeat(spaces)
}

/// A number with its digits in groups of three: `1 048 576`.
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_cells_and_is_cut_at_a_whole_character() {
        assert_eq!(of("副本 ab"), 7);
        assert_eq!(cut("副本同步", 6, '…'), "副本…");
        assert_eq!(of(&cut("副本同步", 6, '…')), 5);
        assert_eq!(pad("副本同步", 6), "副本… ");
        assert_eq!(cut("abc", 0, '…'), "");
    }

    #[test]
    fn control_characters_never_get_through() {
        assert_eq!(clean("a\u{1b}[31mb\tc\u{200d}"), "a·[31mb c");
        assert_eq!(clean("plain"), "plain");
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        for (n, text) in [(0, "0"), (999, "999"), (1000, "1 000"), (-1234567, "-1 234 567")] {
            assert_eq!(number(n), text);
        }
    }
}
