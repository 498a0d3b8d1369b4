//! Reading a log file from front to back in large pieces: the batches of a segment lie side by side, and a system call
//! for each would cost more than looking at them.
//!
//! ```text
//!   file   ├─batch─┼──batch──┼─batch─┼───batch───┼─batch─┼ …
//!   window ├────────────────────────────────┤               the next piece begins where a batch was cut
//! ```
//!
//! A window begins small, since a lookup mostly wants one or two headers, and grows while the reader goes straight on;
//! a reader that jumps over large batches keeps a small one. It holds bytes as they were when they were read: whoever
//! writes to the file meanwhile needs a new window.

use super::error::{Result, StorageError};
use super::segment::Segment;
use crate::batch::{HEADER_SIZE_BYTES, Header, verify_checksum_of};
use crate::disk::{Disk, FileId};
use crate::types::Position;

/// Bytes of the first piece.
const LEAST_BYTES: usize = 256;
/// Bytes of the largest piece, if no batch is larger.
const MOST_BYTES: usize = 256 << 10;

/// A piece of one file in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// The piece is at its front; what lies behind is of no interest.
    buffer: Vec<u8>,
    held: usize,
    start: u64,
    piece_bytes: usize,
}

impl Window {
    /// Nothing read yet.
    pub(super) fn new() -> Window {
        Window::default()
    }

    /// `length` bytes from `position` on; fewer only at the end of the file.
    #[inline]
    pub(super) fn bytes(
        &mut self,
        disk: &Disk,
        file: FileId,
        position: u64,
        length: usize,
    ) -> Result<&[u8]> {
        let end = self.start + self.held as u64;
        if position < self.start || position + length as u64 > end {
            self.fill(disk, file, position, length)?;
        }
        let from = (position - self.start) as usize;
        let to = (from + length).min(self.held);
        Ok(&self.buffer[from..to])
    }

    /// The next piece. What the last one has of it is kept.
    #[cold]
    fn fill(&mut self, disk: &Disk, file: FileId, position: u64, length: usize) -> Result<()> {
        let end = self.start + self.held as u64;
        let straight = position >= self.start && position <= end && self.held > 0;
        let kept = if straight { (end - position) as usize } else { 0 };
        self.piece_bytes = match straight {
            true => (self.piece_bytes * 4).min(MOST_BYTES),
            false => LEAST_BYTES,
        };
        self.buffer.copy_within(self.held - kept..self.held, 0);
        (self.start, self.held) = (position, kept);
        let wanted = length.max(self.piece_bytes);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let behind = position + kept as u64;
        self.held += disk.read_over(file, behind, &mut self.buffer[kept..wanted])?;
        Ok(())
    }
}

impl Segment {
    /// Walks the batches from `position` to the end; ends after the first error.
    pub fn headers<'a>(
        &'a self,
        disk: &'a Disk,
        position: Position,
    ) -> impl Iterator<Item = Result<(Position, Header)>> + 'a {
        self.walk(disk, position, false)
    }

    /// The same, and every checksum is compared: the first that does not fit is an error with its place.
    pub fn sound_headers<'a>(
        &'a self,
        disk: &'a Disk,
        position: Position,
    ) -> impl Iterator<Item = Result<(Position, Header)>> + 'a {
        self.walk(disk, position, true)
    }

    fn walk<'a>(
        &'a self,
        disk: &'a Disk,
        position: Position,
        sound: bool,
    ) -> impl Iterator<Item = Result<(Position, Header)>> + 'a {
        let (mut at, mut window) = (Some(position), Window::new());
        std::iter::from_fn(move || {
            let position = at.take()?;
            let header = self.header_within(disk, &mut window, position).and_then(|header| {
                if let Some(header) = header.filter(|_| sound) {
                    self.check_within(disk, &mut window, position, &header)?;
                }
                Ok(header)
            });
            match header.transpose()? {
                Ok(header) => {
                    at = Some(Position(position.0 + header.size_bytes() as u32));
                    Some(Ok((position, header)))
                }
                Err(error) => Some(Err(error)),
            }
        })
    }

    /// [`Segment::header_at`], through a window.
    pub(super) fn header_within(
        &self,
        disk: &Disk,
        window: &mut Window,
        position: Position,
    ) -> Result<Option<Header>> {
        if self.left_at(position) < 17 {
            return Ok(None);
        }
        let start = u64::from(position.0);
        let bytes = window.bytes(disk, self.log, start, HEADER_SIZE_BYTES)?;
        self.header_in(disk, position, bytes)
    }

    /// Compares the checksum of the batch at `position`.
    pub(super) fn check_within(
        &self,
        disk: &Disk,
        window: &mut Window,
        position: Position,
        header: &Header,
    ) -> Result<()> {
        let start = u64::from(position.0);
        let bytes = window.bytes(disk, self.log, start, header.size_bytes())?;
        verify_checksum_of(header, bytes)
            .map_err(|error| StorageError::batch(disk.path(self.log), start, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_bytes_of_the_file_wherever_they_are_cut() {
        let mut disk = Disk::memory();
        let file = disk.create("a/0.log").unwrap();
        let whole: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
        disk.append(file, &whole).unwrap();
        let mut window = Window::new();
        let (mut at, mut step) = (0usize, 1usize);
        while at < whole.len() {
            let length = step * 37 % 70_000;
            let want = &whole[at..(at + length).min(whole.len())];
            assert_eq!(window.bytes(&disk, file, at as u64, length).unwrap(), want, "at {at}");
            (at, step) = (at + length.min(9_000) + 1, step * 3 % 9_973);
        }
        for at in [2_999_990u64, 5, 1_000_000, 999_000, 3_000_000] {
            let want = &whole[at as usize..(at as usize + 61).min(whole.len())];
            assert_eq!(window.bytes(&disk, file, at, 61).unwrap(), want, "at {at}");
        }
    }
}
