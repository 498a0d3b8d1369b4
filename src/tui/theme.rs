//! Roles to colours.
//!
//! Four themes: dark and light (the terminal's own background stays), plain (the terminal's 16 colours) and mono
//! (`NO_COLOR`): there only weight, and meaning stays, since every state also has a glyph and a word. One accent, used
//! for what just changed and for nothing else.

use crate::trace::Role;
use ratatui::style::{Color, Modifier, Style};

/// Which colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// The terminal's own 16 colours.
    Plain,
    /// No colours at all.
    Mono,
}

struct Palette {
    dim: Color,
    heading: Color,
    accent: Color,
    good: Color,
    warn: Color,
    bad: Color,
    leader: Color,
    follower: Color,
    key: Color,
    value: Color,
    number: Color,
    offset: Color,
    position: Color,
    epoch: Color,
    high_watermark: Color,
    link: Color,
    code: Color,
    flushed: Color,
    cached: Color,
    chosen: Color,
    rule: Color,
}

const fn hex(code: u32) -> Color {
    Color::Rgb((code >> 16) as u8, (code >> 8) as u8, code as u8)
}

static DARK: Palette = Palette {
    dim: hex(0x7b8496),
    heading: hex(0x8fb6e8),
    accent: hex(0xffb347),
    good: hex(0x86d19a),
    warn: hex(0xe0cf7a),
    bad: hex(0xf2777a),
    leader: hex(0x7fd1b9),
    follower: hex(0x8fb6e8),
    key: hex(0xc9a7eb),
    value: hex(0xd5dbe6),
    number: hex(0xd5dbe6),
    offset: hex(0xa8d4e6),
    position: hex(0xc9b896),
    epoch: hex(0xc9a7eb),
    high_watermark: hex(0x7fd1b9),
    link: hex(0x8fb6e8),
    code: hex(0xb8cf9c),
    flushed: hex(0x6f9bd1),
    cached: hex(0x4f6d94),
    chosen: hex(0x2b3547),
    rule: hex(0x3c4557),
};

static LIGHT: Palette = Palette {
    dim: hex(0x767d8a),
    heading: hex(0x1f5fa8),
    accent: hex(0xc25a00),
    good: hex(0x23803f),
    warn: hex(0x8a6d00),
    bad: hex(0xc02530),
    leader: hex(0x0f7b63),
    follower: hex(0x1f5fa8),
    key: hex(0x7a3fb0),
    value: hex(0x30343b),
    number: hex(0x30343b),
    offset: hex(0x0f6d8c),
    position: hex(0x7d6226),
    epoch: hex(0x7a3fb0),
    high_watermark: hex(0x0f7b63),
    link: hex(0x1f5fa8),
    code: hex(0x4c7020),
    flushed: hex(0x4478b8),
    cached: hex(0x9dbbe0),
    chosen: hex(0xdde6f3),
    rule: hex(0xc4cad4),
};

static PLAIN: Palette = Palette {
    dim: Color::DarkGray,
    heading: Color::Blue,
    accent: Color::Yellow,
    good: Color::Green,
    warn: Color::LightYellow,
    bad: Color::Red,
    leader: Color::Cyan,
    follower: Color::Blue,
    key: Color::Magenta,
    value: Color::Reset,
    number: Color::Reset,
    offset: Color::Cyan,
    position: Color::Reset,
    epoch: Color::Magenta,
    high_watermark: Color::Cyan,
    link: Color::Blue,
    code: Color::Green,
    flushed: Color::Blue,
    cached: Color::DarkGray,
    chosen: Color::DarkGray,
    rule: Color::DarkGray,
};

impl Theme {
    /// The theme for this terminal, by the habits of terminals: `NO_COLOR`, `COLORTERM`, `COLORFGBG`.
    pub fn detect(no_color: bool, variable: impl Fn(&str) -> Option<String>) -> Theme {
        let light = variable("COLORFGBG").is_some_and(|v| {
            v.rsplit(';').next().is_some_and(|background| matches!(background, "7" | "15"))
        });
        let many = variable("COLORTERM").is_some_and(|v| v == "truecolor" || v == "24bit");
        if no_color || variable("NO_COLOR").is_some_and(|v| !v.is_empty()) {
            Theme::Mono
        } else if !many {
            let terminal = variable("TERM").unwrap_or_default();
            if terminal == "dumb" { Theme::Mono } else { Theme::Plain }
        } else if light {
            Theme::Light
        } else {
            Theme::Dark
        }
    }

    /// The next theme, for the key that changes it.
    pub fn next(self) -> Theme {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Plain,
            Theme::Plain => Theme::Mono,
            Theme::Mono => Theme::Dark,
        }
    }

    fn palette(self) -> Option<&'static Palette> {
        match self {
            Theme::Dark => Some(&DARK),
            Theme::Light => Some(&LIGHT),
            Theme::Plain => Some(&PLAIN),
            Theme::Mono => None,
        }
    }

    /// How text of a role looks.
    pub fn style(self, role: Role) -> Style {
        let bold = matches!(role, Role::Strong | Role::Heading | Role::Accent | Role::Bad);
        let plain = Style::new();
        let Some(p) = self.palette() else {
            return match role {
                Role::Cursor => plain.add_modifier(Modifier::REVERSED),
                Role::Accent => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                Role::Link => plain.add_modifier(Modifier::UNDERLINED),
                Role::Dim | Role::Dead => plain.add_modifier(Modifier::DIM),
                _ if bold => plain.add_modifier(Modifier::BOLD),
                _ => plain,
            };
        };
        let colour = match role {
            Role::Plain | Role::Strong => None,
            Role::Dim | Role::Dead => Some(p.dim),
            Role::Heading => Some(p.heading),
            Role::Accent => Some(p.accent),
            Role::Good => Some(p.good),
            Role::Warn | Role::OutOfSync => Some(p.warn),
            Role::Bad => Some(p.bad),
            Role::Leader => Some(p.leader),
            Role::Follower => Some(p.follower),
            Role::Key => Some(p.key),
            Role::Value => Some(p.value),
            Role::Number => Some(p.number),
            Role::Offset => Some(p.offset),
            Role::Position => Some(p.position),
            Role::Epoch => Some(p.epoch),
            Role::HighWatermark => Some(p.high_watermark),
            Role::Link => Some(p.link),
            Role::Code => Some(p.code),
            Role::Flushed => Some(p.flushed),
            Role::Cached => Some(p.cached),
            Role::Cursor => return plain.bg(p.chosen).add_modifier(Modifier::BOLD),
        };
        let style = colour.map_or(plain, |c| plain.fg(c));
        if bold { style.add_modifier(Modifier::BOLD) } else { style }
    }

    /// Thin lines between parts.
    pub fn rule(self) -> Style {
        self.palette().map_or(Style::new().add_modifier(Modifier::DIM), |p| Style::new().fg(p.rule))
    }

    /// Laid over a chosen row.
    pub fn chosen(self) -> Style {
        self.palette()
            .map_or(Style::new().add_modifier(Modifier::REVERSED), |p| Style::new().bg(p.chosen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_means_no_colour() {
        let set = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
        assert_eq!(Theme::detect(false, set), Theme::Mono);
        for role in [Role::Accent, Role::Cursor, Role::Dim, Role::Leader, Role::Bad] {
            let style = Theme::Mono.style(role);
            assert!(style.fg.is_none() && style.bg.is_none(), "{role:?}");
        }
    }

    #[test]
    fn the_accent_is_used_once() {
        for theme in [Theme::Dark, Theme::Light, Theme::Plain] {
            let accent = theme.style(Role::Accent).fg;
            for role in [Role::Good, Role::Warn, Role::Bad, Role::Leader, Role::Key, Role::Heading]
            {
                assert_ne!(theme.style(role).fg, accent, "{theme:?} {role:?}");
            }
        }
    }

    #[test]
    fn light_is_seen_by_its_background() {
        let set = |name: &str| match name {
            "COLORTERM" => Some("truecolor".to_owned()),
            "COLORFGBG" => Some("0;15".to_owned()),
            _ => None,
        };
        assert_eq!(Theme::detect(false, set), Theme::Light);
    }
}
