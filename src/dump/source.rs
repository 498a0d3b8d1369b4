//! Where bytes come from, and how a log is cut into spans of whole entries without reading all of it.
//!
//! ```text
//!   │ entry │ entry  │ entry │ entry      │ entry │ e…      the headers are walked, the rest is left
//!   └──── a span of about 1 MiB ──────────┘└─ the next, for whoever is free
//! ```
//!
//! The walk is that of `FileLogInputStream.nextBatch`: it ends quietly before an entry that is not whole, and loudly at
//! a size below 14. What always holds: a span has at least one entry and only whole ones. Left out: nothing.

use std::io;

/// Bytes of a span, unless one entry alone is larger.
pub const SPAN_BYTES: u64 = 1 << 20;

/// How much of a file is looked at to find the next headers: many small entries at once, or one large one's head.
const WINDOW_BYTES: usize = 64 << 10;
const LARGE_BYTES: u64 = 8 << 10;

/// Bytes up to and including the magic byte.
const HEAD_BYTES: u64 = 17;
/// Bytes of offset and size, which the size does not count.
const OVERHEAD_BYTES: u64 = 12;
/// The least size of a message of format 0.
const LEAST_SIZE: i32 = 14;

/// Something with bytes: a file, a part of memory.
pub trait Source: Sync {
    /// How many there are.
    fn size_bytes(&self) -> u64;
    /// Fills the buffer from this position, as far as there are bytes; says how many.
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Source for [u8] {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(self.len());
        let length = buffer.len().min(self.len() - start);
        buffer[..length].copy_from_slice(&self[start..start + length]);
        Ok(length)
    }
}

impl Source for Vec<u8> {
    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(position, buffer)
    }
}

/// Some whole entries of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where they begin.
    pub position: u64,
    /// How long they are together.
    pub size_bytes: u64,
}

/// Walks the entries of a log, some at a time.
pub struct Spans<'a> {
    source: &'a dyn Source,
    end: u64,
    /// Where the next entry would begin: at the end of the walk, the end of what is whole.
    pub position: u64,
    window: Vec<u8>,
    window_start: u64,
    last_size: u64,
    stopped: Option<Result<(), String>>,
}

impl<'a> Spans<'a> {
    /// From a position to an end (or the end of the source).
    pub fn new(source: &'a dyn Source, position: u64, end: Option<u64>) -> Spans<'a> {
        let end = end.unwrap_or(u64::MAX).min(source.size_bytes());
        let window = Vec::new();
        Spans { source, end, position, window, window_start: 0, last_size: u64::MAX, stopped: None }
    }

    /// What is wrong with the entry at which the walk ended, if it is not just the end.
    pub fn trouble(&self) -> Option<&str> {
        match &self.stopped {
            Some(Err(what)) => Some(what),
            _ => None,
        }
    }

    /// The size of the next entry, its overhead included.
    pub fn next_entry(&mut self) -> Option<u64> {
        if self.stopped.is_some() {
            return None;
        }
        match self.look() {
            Ok(Some(size)) => {
                self.position += size;
                self.last_size = size;
                Some(size)
            }
            Ok(None) => {
                self.stopped = Some(Ok(()));
                None
            }
            Err(what) => {
                self.stopped = Some(Err(what));
                None
            }
        }
    }

    fn look(&mut self) -> Result<Option<u64>, String> {
        if self.position + HEAD_BYTES >= self.end {
            return Ok(None);
        }
        let known = self.window_start + self.window.len() as u64;
        if self.position < self.window_start || self.position + HEAD_BYTES > known {
            let large = self.last_size > LARGE_BYTES;
            self.window.resize(if large { HEAD_BYTES as usize } else { WINDOW_BYTES }, 0);
            self.window_start = self.position;
            let read = self.source.read_at(self.position, &mut self.window);
            let read = read.map_err(|error| format!("cannot be read: {error}"))?;
            self.window.truncate(read);
            if (read as u64) < HEAD_BYTES {
                return Err("became shorter while it was read".into());
            }
        }
        let head = &self.window[(self.position - self.window_start) as usize..];
        let size = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        if size < LEAST_SIZE {
            return Err(format!(
                "at position {}: found record size {size} smaller than minimum record overhead \
                 ({LEAST_SIZE}); what follows cannot be read",
                self.position
            ));
        }
        let whole = OVERHEAD_BYTES + size as u64;
        Ok((self.position + whole <= self.end).then_some(whole))
    }
}

impl Iterator for Spans<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let start = self.position;
        loop {
            let before = self.position;
            let Some(size) = self.next_entry() else { break };
            if before > start && before + size - start > SPAN_BYTES {
                self.position = before;
                break;
            }
        }
        let size_bytes = self.position - start;
        (size_bytes > 0).then_some(Span { position: start, size_bytes })
    }
}
