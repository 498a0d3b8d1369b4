//! How fast it plays: by happenings, or by virtual time against the clock on the wall.
//!
//! The slow speeds go by happenings, each gets its time to be read. The others map virtual time: at 1× a second of the
//! cluster takes a second. Whoever plays tells how much real time went by; nothing here looks at a clock.

use crate::clock::{Duration, Instant};

/// One speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// A happening each so many milliseconds.
    Each(u64),
    /// Virtual time to real time, in hundredths.
    Times(u64),
}

/// All speeds, slowest first.
pub const SPEEDS: [Speed; 11] = [
    Speed::Each(2_000),
    Speed::Each(1_000),
    Speed::Each(400),
    Speed::Each(100),
    Speed::Times(1),
    Speed::Times(10),
    Speed::Times(100),
    Speed::Times(500),
    Speed::Times(2_000),
    Speed::Times(10_000),
    Speed::Times(100_000),
];

/// The speed to begin with: a happening each second.
pub const FIRST: Speed = SPEEDS[1];

/// Happenings that one beat may ask for.
const MOST: u64 = 64;

impl Speed {
    /// The next faster of [`SPEEDS`], or itself.
    pub fn faster(self) -> Speed {
        SPEEDS.into_iter().find(|other| other.rank() > self.rank()).unwrap_or(self)
    }

    /// The next slower of [`SPEEDS`], or itself.
    pub fn slower(self) -> Speed {
        SPEEDS.into_iter().rev().find(|other| other.rank() < self.rank()).unwrap_or(self)
    }

    /// Greater is faster.
    fn rank(self) -> (bool, u64) {
        match self {
            Speed::Each(ms) => (false, u64::MAX - ms),
            Speed::Times(hundredths) => (true, hundredths),
        }
    }

    /// As the top line says it.
    pub fn label(self) -> String {
        match self {
            Speed::Each(ms) if ms >= 1000 => {
                format!("1/{:.1} s", ms as f64 / 1000.0).replace(".0 ", " ")
            }
            Speed::Each(ms) => format!("{:.1}/s", 1000.0 / ms as f64).replace(".0/", "/"),
            Speed::Times(hundredths) if hundredths >= 100 => format!("{}×", hundredths / 100),
            Speed::Times(hundredths) => format!("0.{hundredths:02}×"),
        }
    }
}

/// Playing: real time that went by and is not used up yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Playing {
    waited_ms: u64,
    /// Where virtual time should be by now.
    pub until: Instant,
}

/// What playing wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Nothing yet.
    Wait,
    /// So many happenings, one after another.
    Step(u64),
    /// Everything up to this instant.
    Until(Instant),
}

impl Playing {
    /// Begins at the virtual time of now.
    pub fn from(now: Instant) -> Playing {
        Playing { waited_ms: u64::MAX / 2, until: now }
    }

    /// Real time went by.
    pub fn beat(&mut self, speed: Speed, elapsed_ms: u64, now: Instant) -> Beat {
        match speed {
            Speed::Each(ms) => {
                self.until = now;
                self.waited_ms = self.waited_ms.saturating_add(elapsed_ms);
                if self.waited_ms < ms {
                    return Beat::Wait;
                }
                self.waited_ms = 0;
                Beat::Step((elapsed_ms / ms.max(1)).clamp(1, MOST))
            }
            Speed::Times(hundredths) => {
                let us = elapsed_ms.min(250).saturating_mul(10).saturating_mul(hundredths);
                self.until = self.until.max(now) + Duration(us);
                Beat::Until(self.until)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_beat_steps_at_once_and_the_next_waits() {
        let mut playing = Playing::from(Instant(0));
        let beats: Vec<Beat> =
            (0..4).map(|_| playing.beat(Speed::Each(100), 50, Instant(0))).collect();
        assert_eq!(beats, [Beat::Step(1), Beat::Wait, Beat::Step(1), Beat::Wait]);
        assert_eq!(playing.beat(Speed::Each(10), 50, Instant(0)), Beat::Step(5));
    }

    #[test]
    fn any_speed_has_a_next_one_on_either_side() {
        assert_eq!(Speed::Each(300).faster(), Speed::Each(100));
        assert_eq!(Speed::Each(300).slower(), Speed::Each(400));
        assert_eq!(Speed::Each(5).faster(), Speed::Times(1));
        assert_eq!(Speed::Times(1).slower(), Speed::Each(100));
        assert_eq!(SPEEDS[10].faster(), SPEEDS[10]);
        assert_eq!(Speed::Each(9_000).slower(), Speed::Each(9_000));
    }

    #[test]
    fn at_1x_a_second_takes_a_second() {
        let mut playing = Playing::from(Instant(5));
        assert_eq!(playing.beat(Speed::Times(100), 40, Instant(5)), Beat::Until(Instant(40_005)));
    }

    #[test]
    fn labels_are_short() {
        let labels: Vec<String> = SPEEDS.iter().map(|s| s.label()).collect();
        assert_eq!(labels[1], "1/1 s");
        assert_eq!(labels[2], "2.5/s");
        assert_eq!(labels[3], "10/s");
        assert_eq!(labels[4], "0.01×");
        assert_eq!(labels[10], "1000×");
    }
}
