//! The stopwatch: repeats a piece of work for its share of the time, tells how far it is, stops when it is asked to.
//!
//! ```text
//!   time asked for  ├── share 0.2 ──┤├── share 0.2 ──┤├──── share 0.6 ────┤
//!                     repeat until over: at least once, then as often as there is time
//! ```
//!
//! What always holds: a piece of work is never cut in the middle; between two pieces it is asked whether to stop. Wall
//! time is the machine's; processor time is that of the calling thread alone.

use super::place::Place;
use crate::types::Language;
use std::fmt;
use std::time::{Duration, Instant};

/// Who listens while it is measured.
pub struct Ears<'a> {
    /// Is told how much is done (0 to 1) and what is under way.
    pub progress: &'a mut dyn FnMut(f64, &str),
    /// Is asked whether to stop.
    pub stop: &'a dyn Fn() -> bool,
}

/// Why nothing was measured.
#[derive(Debug)]
pub enum PerfError {
    /// Somebody asked to stop.
    Interrupted,
    /// A sentence: what failed, and what to do.
    Failed(String),
}

impl fmt::Display for PerfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PerfError::Interrupted => {
                f.write_str("the measurement was stopped; its files are gone")
            }
            PerfError::Failed(sentence) => f.write_str(sentence),
        }
    }
}

impl From<std::io::Error> for PerfError {
    fn from(error: std::io::Error) -> PerfError {
        PerfError::Failed(format!("the measurement failed: {error}. Its files are gone."))
    }
}

impl From<crate::storage::StorageError> for PerfError {
    fn from(error: crate::storage::StorageError) -> PerfError {
        PerfError::Failed(format!("the measurement failed: {error}"))
    }
}

impl From<crate::disk::DiskError> for PerfError {
    fn from(error: crate::disk::DiskError) -> PerfError {
        PerfError::Failed(format!("the measurement failed: {error}"))
    }
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, PerfError>;

/// How long something took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured {
    /// How often it was done.
    pub rounds: u64,
    /// By the clock on the wall.
    pub wall: Duration,
    /// Of the processor, by this thread.
    pub processor: Duration,
}

impl Measured {
    /// So many of something a second.
    pub fn a_second(&self, count: u64) -> f64 {
        count as f64 / self.wall.as_secs_f64().max(1e-9)
    }

    /// Megabytes a second.
    pub fn megabytes(&self, bytes: u64) -> f64 {
        self.a_second(bytes) / 1e6
    }

    /// Microseconds for each round.
    pub fn each_us(&self) -> f64 {
        self.wall.as_secs_f64() * 1e6 / self.rounds.max(1) as f64
    }
}

/// One experiment under way.
pub struct Bench<'a> {
    /// Where its files are.
    pub place: Place,
    /// The language of what it says.
    pub language: Language,
    ears: Ears<'a>,
    time: Duration,
    began: Instant,
    done: f64,
}

impl<'a> Bench<'a> {
    /// Begins now.
    #[allow(clippy::disallowed_methods)] // a measurement is about the clock on the wall
    pub fn new(time: Duration, language: Language, place: Place, ears: Ears<'a>) -> Bench<'a> {
        Bench { place, language, ears, time, began: Instant::now(), done: 0.0 }
    }

    /// Since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// So much of the whole time.
    pub fn share(&self, share: f64) -> Duration {
        self.time.mul_f64(share)
    }

    /// Tells what is under way; an error if somebody wants it to stop.
    pub fn tell(&mut self, done: f64, what: &str) -> Result<()> {
        if (self.ears.stop)() {
            return Err(PerfError::Interrupted);
        }
        (self.ears.progress)(done.clamp(0.0, 1.0), what);
        Ok(())
    }

    /// Asks whether to stop, and says nothing.
    pub fn check(&self) -> Result<()> {
        if (self.ears.stop)() { Err(PerfError::Interrupted) } else { Ok(()) }
    }

    /// Does `once` again and again for its share of the time, at least once, at most `most` times.
    #[allow(clippy::disallowed_methods)] // a measurement is about the clock on the wall
    pub fn repeat(
        &mut self,
        share: f64,
        what: &str,
        most: u64,
        mut once: impl FnMut(u64) -> Result<()>,
    ) -> Result<Measured> {
        const TELL: Duration = Duration::from_millis(50);
        let time = self.share(share);
        self.tell(self.done, what)?;
        let (began, processor) = (Instant::now(), processor_time());
        let (mut rounds, mut told) = (0, began);
        let wall = loop {
            once(rounds)?;
            rounds += 1;
            let now = Instant::now();
            if now - told >= TELL {
                told = now;
                let part = (now - began).as_secs_f64() / time.as_secs_f64().max(1e-9);
                self.tell(self.done + share * part.min(1.0), what)?;
            }
            if now - began >= time || rounds >= most {
                break now - began;
            }
        };
        let processor = processor_time().saturating_sub(processor);
        self.done += share;
        Ok(Measured { rounds, wall, processor })
    }

    /// Work that is no measurement, such as filling a file.
    pub fn prepare(&mut self, what: &str) -> Result<()> {
        self.tell(self.done, what)
    }
}

/// What the processor spent on this thread so far, for the program and for the system.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.max(0) as u64, time.tv_nsec.clamp(0, 999_999_999) as u32)
}

/// Numbers that look random and are the same every time: what is written must not be compressible by accident.
pub struct Noise(u64);

impl Noise {
    /// From a seed.
    pub fn new(seed: u64) -> Noise {
        Noise(seed | 1)
    }

    /// The next 64 bits (xorshift64*).
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
