//! How wide does this terminal draw `●`?
//!
//! Signs of *ambiguous* width take two cells in some Chinese terminals, and every row after one would be out of line.
//! So
//! once the first frame stands, one such sign is printed in a corner and the terminal is asked where its cursor is. It
//! has 100 ms to answer; keys that come in meanwhile are kept. Two cells: the ASCII marks are used from then on.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Write};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(100);

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Cells the sign took; `None` if the terminal did not say.
    pub cells: Option<u16>,
    /// Keys pressed meanwhile.
    pub keys: Vec<Event>,
}

/// Asks. Call it in raw mode, before anybody else reads the terminal, with a blank at the upper left corner.
#[allow(
    clippy::disallowed_methods,
    reason = "a limit on waiting for the terminal, outside the core"
)]
pub fn ask() -> io::Result<Answer> {
    let mut out = io::stdout();
    write!(out, "\x1b7\x1b[1;1H●\x1b[6n")?;
    out.flush()?;
    let stdin = io::stdin();
    let begun = Instant::now();
    let mut bytes = Vec::new();
    while find(&bytes).is_none() && bytes.len() < 4096 {
        let Some(left) = LIMIT.checked_sub(begun.elapsed()) else { break };
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        let mut wanted = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut wanted, Some(&timeout)) {
            Ok(0) => break,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let mut buffer = [0; 256];
        match rustix::io::read(&stdin, &mut buffer)? {
            0 => break,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    write!(out, "\x1b[1;1H \x1b8")?;
    out.flush()?;
    Ok(read(&bytes))
}

/// Takes the answer out of what came in; the rest are keys.
fn read(bytes: &[u8]) -> Answer {
    match find(bytes) {
        Some((from, to, column)) => {
            let mut keys = keys(&bytes[..from]);
            keys.extend(self::keys(&bytes[to..]));
            Answer { cells: Some(column.saturating_sub(1)), keys }
        }
        None => Answer { cells: None, keys: keys(bytes) },
    }
}

/// Where `ESC [ row ; column R` stands, and its column.
fn find(bytes: &[u8]) -> Option<(usize, usize, u16)> {
    (0..bytes.len()).find_map(|from| {
        let body = bytes[from..].strip_prefix(b"\x1b[")?;
        let end = body.iter().position(|b| !(b.is_ascii_digit() || *b == b';'))?;
        if body[end] != b'R' {
            return None;
        }
        let text = std::str::from_utf8(&body[..end]).ok()?;
        let (_, column) = text.split_once(';')?;
        Some((from, from + 2 + end + 1, column.parse().ok()?))
    })
}

/// The plain keys among some bytes; sequences that are none of ours are passed over.
fn keys(bytes: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(bytes);
    let mut out = Vec::new();
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        let sequence = rest.strip_prefix("\x1b[").or_else(|| rest.strip_prefix("\x1bO"));
        if let Some(body) = sequence {
            let end = body.find(|c: char| ('@'..='~').contains(&c));
            let Some(end) = end else { break };
            let code = match &body[..=end] {
                "A" => Some(KeyCode::Up),
                "B" => Some(KeyCode::Down),
                "C" => Some(KeyCode::Right),
                "D" => Some(KeyCode::Left),
                "H" => Some(KeyCode::Home),
                "F" => Some(KeyCode::End),
                "Z" => Some(KeyCode::BackTab),
                "3~" => Some(KeyCode::Delete),
                "5~" => Some(KeyCode::PageUp),
                "6~" => Some(KeyCode::PageDown),
                _ => None,
            };
            out.extend(code.map(|code| press(code, KeyModifiers::NONE)));
            rest = &body[end + 1..];
            continue;
        }
        out.push(match c {
            '\r' | '\n' => press(KeyCode::Enter, KeyModifiers::NONE),
            '\t' => press(KeyCode::Tab, KeyModifiers::NONE),
            '\x1b' => press(KeyCode::Esc, KeyModifiers::NONE),
            '\x7f' => press(KeyCode::Backspace, KeyModifiers::NONE),
            '\x01'..='\x1a' => {
                press(KeyCode::Char((c as u8 + b'a' - 1) as char), KeyModifiers::CONTROL)
            }
            c => press(KeyCode::Char(c), KeyModifiers::NONE),
        });
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn press(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_found_among_keys_and_the_keys_are_kept() {
        let answer = read("n\x1b[B\x1b[1;3R副\x03".as_bytes());
        assert_eq!(answer.cells, Some(2));
        assert_eq!(
            answer.keys,
            [
                press(KeyCode::Char('n'), KeyModifiers::NONE),
                press(KeyCode::Down, KeyModifiers::NONE),
                press(KeyCode::Char('副'), KeyModifiers::NONE),
                press(KeyCode::Char('c'), KeyModifiers::CONTROL),
            ]
        );
    }

    #[test]
    fn silence_and_nonsense_are_no_answer() {
        assert_eq!(read(b""), Answer::default());
        for bytes in [&b"\x1b[1;R"[..], b"\x1b[;;R", b"\x1b[1;99999999R", b"\x1b[", b"\xff\xfe"] {
            assert_eq!(read(bytes).cells, None, "{bytes:?}");
        }
    }
}
