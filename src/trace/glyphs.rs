//! The marks of state, each one cell wide, in Unicode and in ASCII.
//!
//! | what                     | Unicode | ASCII |
//! |--------------------------|---------|-------|
//! | leader                   | `●`     | `L`   |
//! | follower in sync         | `○`     | `F`   |
//! | follower out of sync     | `◌`     | `f`   |
//! | dead                     | `✕`     | `x`   |
//! | paused                   | `‖`     | `z`   |
//! | flushed, in page cache   | `█` `▓` | `#` `+` |
//! | index tick               | `▾`     | `v`   |
//! | what just changed        | `«`     | `<`   |
//! | message, lost            | `→` `⇥` | `>` `\|` |
//! | high watermark           | `▲`     | `^`   |
//!
//! Many of the Unicode ones are of *ambiguous* width; the screen probes the terminal and falls back to ASCII.

/// One set of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is a row of the table above")]
pub struct Glyphs {
    pub leader: &'static str,
    pub follower: &'static str,
    pub out_of_sync: &'static str,
    pub dead: &'static str,
    pub paused: &'static str,
    pub stopped: &'static str,
    pub flushed: &'static str,
    pub cached: &'static str,
    pub empty: &'static str,
    pub tick: &'static str,
    pub changed: &'static str,
    pub message: &'static str,
    pub message_back: &'static str,
    pub lost: &'static str,
    pub high_watermark: &'static str,
    pub good: &'static str,
    pub bad: &'static str,
    pub chosen: &'static str,
    pub bullet: &'static str,
    pub ellipsis: &'static str,
    pub dash: &'static str,
    pub range: &'static str,
    pub up: &'static str,
    pub down: &'static str,
    pub cause: &'static str,
    pub branch: &'static str,
    pub playing: &'static str,
    pub waiting: &'static str,
    pub done: &'static str,
    pub to_do: &'static str,
    pub rule: &'static str,
    pub side: &'static str,
    pub corner: &'static str,
    pub tee: &'static str,
    pub past: &'static str,
    pub past_event: &'static str,
    pub now: &'static str,
    pub future: &'static str,
    pub future_event: &'static str,
    pub act: &'static str,
    pub cursor: &'static str,
}

impl Glyphs {
    /// The Unicode set.
    pub const fn unicode() -> Glyphs {
        Glyphs {
            leader: "●",
            follower: "○",
            out_of_sync: "◌",
            dead: "✕",
            paused: "‖",
            stopped: "□",
            flushed: "█",
            cached: "▓",
            empty: "░",
            tick: "▾",
            changed: "«",
            message: "→",
            message_back: "←",
            lost: "⇥",
            high_watermark: "▲",
            good: "✓",
            bad: "✗",
            chosen: "▸",
            bullet: "·",
            ellipsis: "…",
            dash: "–",
            range: "–",
            up: "↑",
            down: "↓",
            cause: "←",
            branch: "⑂",
            playing: "▶",
            waiting: "‖",
            done: "▰",
            to_do: "▱",
            rule: "─",
            side: "│",
            corner: "└",
            tee: "├",
            past: "─",
            past_event: "▪",
            now: "┃",
            future: "·",
            future_event: "▫",
            act: "◆",
            cursor: "▏",
        }
    }

    /// The ASCII set: for terminals that draw ambiguous signs two cells wide, for `--ascii` and for plain files.
    pub const fn ascii() -> Glyphs {
        Glyphs {
            leader: "L",
            follower: "F",
            out_of_sync: "f",
            dead: "x",
            paused: "z",
            stopped: "s",
            flushed: "#",
            cached: "+",
            empty: ".",
            tick: "v",
            changed: "<",
            message: ">",
            message_back: "<",
            lost: "|",
            high_watermark: "^",
            good: "y",
            bad: "n",
            chosen: ">",
            bullet: "-",
            ellipsis: "~",
            dash: "-",
            range: "-",
            up: "^",
            down: "v",
            cause: "<",
            branch: "Y",
            playing: ">",
            waiting: "=",
            done: "#",
            to_do: ".",
            rule: "-",
            side: "|",
            corner: "`",
            tee: "+",
            past: "-",
            past_event: "o",
            now: "|",
            future: ".",
            future_event: ":",
            act: "*",
            cursor: "_",
        }
    }

    /// Whether this is the ASCII set.
    pub fn is_ascii(&self) -> bool {
        self.leader == "L"
    }

    /// A progress bar of `cells` cells: `▰▰▱▱`. Something done shows at least one cell, something undone too.
    pub fn bar(&self, done: usize, all: usize, cells: usize) -> String {
        let done = done.min(all);
        let mut filled = (done * cells).checked_div(all).unwrap_or(0);
        if done > 0 && cells > 0 {
            filled = filled.max(1);
        }
        format!("{}{}", self.done.repeat(filled), self.to_do.repeat(cells - filled))
    }

    /// A bar to scale: flushed part, part in the page cache only, then nothing.
    pub fn scale(&self, flushed: u64, size: u64, greatest: u64, cells: usize) -> (String, String) {
        let cell = |bytes: u64| {
            let wide = u128::from(bytes.min(greatest)) * cells as u128;
            wide.div_ceil(u128::from(greatest.max(1))) as usize
        };
        let all = cell(size);
        let solid = if flushed >= size { all } else { cell(flushed).min(all) };
        (self.flushed.repeat(solid), self.cached.repeat(all - solid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::width;

    fn all(glyphs: Glyphs) -> Vec<String> {
        let text = format!("{glyphs:?}");
        text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_glyph_is_one_cell_and_the_ascii_ones_are_ascii() {
        for glyph in all(Glyphs::unicode()) {
            assert_eq!(width::of(&glyph), 1, "{glyph}");
        }
        for glyph in all(Glyphs::ascii()) {
            assert!(glyph.len() == 1, "{glyph}");
        }
    }

    #[test]
    fn bars_never_overflow() {
        let g = Glyphs::unicode();
        assert_eq!(g.bar(3, 12, 12), "▰▰▰▱▱▱▱▱▱▱▱▱");
        assert_eq!(g.bar(1, 1000, 4), "▰▱▱▱");
        assert_eq!(g.bar(9, 0, 4), "▱▱▱▱");
        assert_eq!(g.scale(10, 20, 20, 4), ("██".into(), "▓▓".into()));
        assert_eq!(g.scale(u64::MAX, u64::MAX, 0, 4).0.chars().count(), 0);
    }
}
