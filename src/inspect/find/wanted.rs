//! What is searched for, read from words.

use super::super::records::RecordRow;
use crate::types::TopicPartition;

/// Text or bytes to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    bytes: Vec<u8>,
    whole: bool,
}

impl Pattern {
    /// `0x…` is bytes, all else text.
    fn new(text: &str, whole: bool) -> Result<Pattern, String> {
        let bytes = text.strip_prefix("0x").and_then(|hex| {
            let digits = hex.as_bytes().chunks(2);
            let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            (hex.len() % 2 == 0 && !hex.is_empty()).then(|| digits.map(pair).collect())?
        });
        if bytes.is_none() && text.starts_with("0x") {
            return Err(format!(
                "'{text}': behind 0x stand pairs of hexadecimal digits, such as 0x00ff"
            ));
        }
        Ok(Pattern { bytes: bytes.unwrap_or_else(|| text.as_bytes().to_vec()), whole })
    }

    fn fits(&self, bytes: Option<&[u8]>) -> bool {
        let Some(bytes) = bytes else { return self.whole && self.bytes == b"null" };
        match self.whole {
            true => bytes == self.bytes,
            false => {
                self.bytes.is_empty()
                    || bytes.windows(self.bytes.len()).any(|part| part == self.bytes)
            }
        }
    }
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The key, or a part of it.
    pub key: Option<Pattern>,
    /// The value, or a part of it.
    pub value: Option<Pattern>,
    /// From this offset to that.
    pub offsets: Option<(i64, i64)>,
    /// From this time to that, in milliseconds since 1970.
    pub times: Option<(i64, i64)>,
    /// In this topic only.
    pub topic: Option<String>,
    /// In this partition only.
    pub partition: Option<TopicPartition>,
    /// On this node only.
    pub node: Option<u32>,
    /// Most hits.
    pub limit: usize,
    /// The words as given.
    pub text: String,
}

const USAGE: &str = "say what to find: key=alice, value~apples, offset=5..9, time=2026-09-21..2026-09-22; \
                     = means all of it, ~ a part; topic=T, broker=N or a partition narrow it, limit=N bounds it";
/// Most hits, when nothing is said about it.
const LIMIT: usize = 1_000;

impl Wanted {
    /// Reads the words. The error is a sentence.
    pub fn parse(words: &[String]) -> Result<Wanted, String> {
        let mut wanted = Wanted { limit: LIMIT, text: words.join(" "), ..Wanted::default() };
        for word in words {
            let at = word.find(['=', '~']);
            let Some(at) = at else {
                let partition = TopicPartition::parse(word);
                wanted.partition = Some(partition.ok_or_else(|| format!("'{word}': {USAGE}"))?);
                continue;
            };
            let (name, value) = (&word[..at], &word[at + 1..]);
            let whole = word.as_bytes()[at] == b'=';
            let number =
                || value.parse::<u64>().map_err(|_| format!("'{word}' should be a number"));
            match name {
                "key" => wanted.key = Some(Pattern::new(value, whole)?),
                "value" => wanted.value = Some(Pattern::new(value, whole)?),
                "offset" => {
                    wanted.offsets = Some(range(value, number_pair).ok_or_else(|| {
                        format!("'{word}' should be a number or a range such as 5..9")
                    })?)
                }
                "time" | "timestamp" => {
                    wanted.times = Some(range(value, time_pair).ok_or_else(|| {
                        format!("'{word}' should be a time or a range, such as 2026-09-21T10:00..2026-09-21T11:00 or milliseconds since 1970")
                    })?);
                }
                "topic" => wanted.topic = Some(value.to_owned()),
                "partition" => {
                    let partition = TopicPartition::parse(value);
                    wanted.partition =
                        Some(partition.ok_or_else(|| format!("'{value}' is no partition"))?);
                }
                "broker" | "node" => wanted.node = Some(number()? as u32),
                "limit" => wanted.limit = (number()? as usize).clamp(1, 1_000_000),
                _ => return Err(format!("'{word}': {USAGE}")),
            }
        }
        for (name, range) in [("offset", wanted.offsets), ("time", wanted.times)] {
            if range.is_some_and(|(from, to)| from > to) {
                return Err(format!("{name}: the range ends before it begins"));
            }
        }
        let any = wanted.key.is_some()
            || wanted.value.is_some()
            || wanted.offsets.is_some()
            || wanted.times.is_some();
        if any { Ok(wanted) } else { Err(USAGE.into()) }
    }

    pub(super) fn fits(&self, record: &RecordRow) -> bool {
        let within = |range: Option<(i64, i64)>, n: i64| {
            range.is_none_or(|(from, to)| (from..=to).contains(&n))
        };
        within(self.offsets, record.offset.0)
            && within(self.times, record.timestamp.map_or(i64::MIN, |time| time.0))
            && self.key.as_ref().is_none_or(|key| key.fits(record.key.as_deref()))
            && self.value.as_ref().is_none_or(|value| value.fits(record.value.as_deref()))
    }
}

/// `A..B`, `A..`, `..B` or `A`, whose ends are ranges themselves (a day, a minute).
fn range(text: &str, read: fn(&str) -> Option<(i64, i64)>) -> Option<(i64, i64)> {
    let Some((from, to)) = text.split_once("..") else { return read(text) };
    let from = if from.is_empty() { i64::MIN } else { read(from)?.0 };
    let to = if to.is_empty() { i64::MAX } else { read(to)?.1 };
    Some((from, to))
}

fn number_pair(text: &str) -> Option<(i64, i64)> {
    text.parse().ok().map(|n| (n, n))
}

/// A time by the clock of UTC: `2026-09-21`, `2026-09-21T10:00`, `…:30`, `…:30.250`, or milliseconds; from its first
/// millisecond to its last.
pub fn time_pair(text: &str) -> Option<(i64, i64)> {
    if let Ok(ms) = text.parse::<i64>() {
        return Some((ms, ms));
    }
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970, counting years from March (Howard Hinnant's days_from_civil).
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted / 400;
    let of_era = shifted - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let mut at = days * 86_400_000;
    if time.is_empty() {
        return Some((at, at + 86_399_999));
    }
    let mut width = 3_600_000;
    for (part, (unit, below)) in
        time.splitn(3, ':').zip([(3_600_000, 24), (60_000, 60), (1000, 60)])
    {
        let (whole, fraction) = part.split_once('.').unwrap_or((part, ""));
        let number: i64 = whole.parse().ok().filter(|n| (0..below).contains(n))?;
        at += number * unit;
        width = unit;
        if !fraction.is_empty() {
            let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
            at += padded.parse::<i64>().ok()?;
            width = 1;
        }
    }
    Some((at, at + width - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_long_as_they_are_written() {
        assert_eq!(time_pair("1970-01-02"), Some((86_400_000, 172_799_999)));
        assert_eq!(time_pair("2024-02-29T12:30"), Some((1_709_209_800_000, 1_709_209_859_999)));
        assert_eq!(
            time_pair("2024-02-29T12:30:05.25Z"),
            Some((1_709_209_805_250, 1_709_209_805_250))
        );
        assert_eq!(time_pair("17"), Some((17, 17)));
        for bad in ["", "yesterday", "2024-13-01", "2024-02-29T25:00", "2024-02"] {
            assert_eq!(time_pair(bad), None, "{bad}");
        }
    }

    #[test]
    fn words_are_read_or_refused_with_advice() {
        let read = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Wanted::parse(&words)
        };
        let wanted = read("key=alice value~0x00ff offset=5.. topic=orders limit=3").unwrap();
        assert_eq!(wanted.offsets, Some((5, i64::MAX)));
        assert!(wanted.value.unwrap().fits(Some(&[7, 0, 255, 7])));
        assert!(wanted.key.unwrap().fits(Some(b"alice")));
        for bad in [
            "",
            "orders-0",
            "key",
            "offset=x",
            "offset=9..5",
            "key=0xzz",
            "value~0x0",
            "time=soon key=a",
            "colour=red",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
