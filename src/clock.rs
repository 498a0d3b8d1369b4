//! Virtual time.
//!
//! Nothing in the core looks at a clock. Time is a number that the world hands to each state machine; between two
//! happenings it jumps. It begins at 2024-01-01T00:00:00Z, so that record timestamps look like a real cluster's and are
//! the same in every run.

use crate::types::Timestamp;
use std::fmt;

/// Milliseconds since 1970 at which virtual time begins: 2024-01-01T00:00:00Z.
pub const EPOCH_MS: i64 = 1_704_067_200_000;

/// A moment of virtual time, in microseconds since its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

/// A length of virtual time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

impl Instant {
    /// The wall-clock reading at this moment, as a record would bear it.
    pub fn timestamp(self) -> Timestamp {
        Timestamp(EPOCH_MS + (self.0 / 1000) as i64)
    }
    /// The moment at which clocks show `timestamp`; times before the first moment are that moment.
    pub fn of_timestamp(timestamp: Timestamp) -> Instant {
        let since_ms = u64::try_from(timestamp.0.saturating_sub(EPOCH_MS)).unwrap_or(0);
        Instant(since_ms.saturating_mul(1000))
    }
    /// What a clock shows at this moment that is wrong by so many microseconds.
    pub fn off_by(self, us: i64) -> Instant {
        Instant(self.0.saturating_add_signed(us))
    }
    /// How long after `earlier`; nothing if it is not.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Duration = Duration(0);
    /// `ms` milliseconds.
    pub const fn from_ms(ms: u64) -> Duration {
        Duration(ms.saturating_mul(1000))
    }
    /// In whole milliseconds, rounded down.
    pub const fn as_ms(self) -> u64 {
        self.0 / 1000
    }
    /// Reads `600ms`, `30s`, `1.5s`, `7d`, `2h`, `3m`, `250us`.
    pub fn parse(text: &str) -> Option<Duration> {
        let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, unit) = text.split_at(split);
        let unit_us: u64 = match unit {
            "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" | "min" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() || fraction.len() > 9 || (number.contains('.') && fraction.is_empty()) {
            return None;
        }
        let whole = whole.parse::<u64>().ok()?.checked_mul(unit_us)?;
        let part = if fraction.is_empty() {
            0
        } else {
            let digits = u128::from(fraction.parse::<u64>().ok()?);
            (digits * u128::from(unit_us) / 10u128.pow(fraction.len() as u32)) as u64
        };
        whole.checked_add(part).map(Duration)
    }
}

impl std::ops::Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, by: Duration) -> Instant {
        Instant(self.0.saturating_add(by.0))
    }
}

impl std::ops::Add<Duration> for Duration {
    type Output = Duration;
    fn add(self, by: Duration) -> Duration {
        Duration(self.0.saturating_add(by.0))
    }
}

impl fmt::Display for Duration {
    /// `600 ms`, `9.0 s`, `12 m 5 s`, `7 d 0 h`: two units at most, readable aloud.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0;
        match us {
            0..1_000 => write!(f, "{us} µs"),
            1_000..10_000 => write!(f, "{}.{} ms", us / 1000, us % 1000 / 100),
            10_000..1_000_000 => write!(f, "{} ms", us / 1000),
            1_000_000..60_000_000 => write!(f, "{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
            60_000_000..3_600_000_000 => {
                write!(f, "{} m {} s", us / 60_000_000, us / 1_000_000 % 60)
            }
            3_600_000_000..86_400_000_000 => {
                write!(f, "{} h {} m", us / 3_600_000_000, us / 60_000_000 % 60)
            }
            _ => write!(f, "{} d {} h", us / 86_400_000_000, us / 3_600_000_000 % 24),
        }
    }
}

impl fmt::Display for Instant {
    /// Seconds since the beginning with milliseconds, `+2.310 s`; from a day on `+8d 00:00:02.310`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, ms) = (self.0 / 1_000_000, self.0 / 1000 % 1000);
        if seconds < 24 * 3600 {
            return write!(f, "+{seconds}.{ms:03} s");
        }
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        write!(f, "+{days}d {hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_show() {
        for (text, us, shown) in [
            ("600ms", 600_000, "600 ms"),
            ("1.5s", 1_500_000, "1.5 s"),
            ("7d", 604_800_000_000, "7 d 0 h"),
            ("250us", 250, "250 µs"),
            ("0.5ms", 500, "500 µs"),
            ("90s", 90_000_000, "1 m 30 s"),
        ] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!((duration.0, duration.to_string().as_str()), (us, shown));
        }
        for bad in ["", "5", "s", "1.s", ".5s", "5 s", "99999999999999999999d", "-1s"] {
            assert_eq!(Duration::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn time_begins_in_2024() {
        assert_eq!(Instant(0).timestamp(), Timestamp(1_704_067_200_000));
        assert_eq!(Instant(2_310_999).to_string(), "+2.310 s");
    }
}
