//! The batches of a foreign log, walked by their size fields, whatever format they have.
//!
//! ```text
//!   position 0        12 + length          …
//!   [v2, 7 records][v2 gzip, 20 records][magic 1] … what cannot be walked is the end, with its place
//! ```
//!
//! Kafka's `FileLogInputStream.nextBatch`: offset, size, magic; then the header of its format. Memory is bounded by one
//! window, whatever the sizes in the file say.

use super::directory::join;
use super::files::Files;
use super::{Inspection, PartitionFiles, Place};
use crate::batch::{Codec, HEADER_SIZE_BYTES, Header};
use crate::storage::file_name;
use crate::types::{Offset, Timestamp};

/// Bytes that are read at once while walking.
const WINDOW_BYTES: usize = 32 << 10;
/// Most bytes of a batch that are read whole.
pub(super) const MOST_BATCH_BYTES: usize = 64 << 20;
/// Offset and size, which all formats begin with.
const OVERHEAD_BYTES: u64 = 12;
/// The least size that Kafka's reader accepts (`LegacyRecord.RECORD_OVERHEAD_V0`).
const LEAST_SIZE: i32 = 14;

/// How a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// 0, 1 or 2; anything else is no format.
    pub magic: u8,
    /// How its records are compressed: the number of the codec.
    pub codec: Codec,
}

impl Format {
    /// `v2`, `v2 gzip`, `v0 lz4`.
    pub fn name(self) -> String {
        match self.codec {
            Codec::None => format!("v{}", self.magic),
            codec => format!("v{} {codec}", self.magic),
        }
    }
}

/// One batch (or message of an old message set) where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// Base offset of the segment.
    pub segment: Offset,
    /// Its first byte in the segment's `.log`.
    pub position: u64,
    /// Bytes of it.
    pub size_bytes: u64,
    /// How it is written.
    pub format: Format,
    /// Its first offset; of a message set the offset in its place.
    pub base_offset: Offset,
    /// Its last offset.
    pub last_offset: Offset,
    /// Its time: of a record batch the greatest, of a message its own; nothing in format 0.
    pub timestamp: Option<Timestamp>,
    /// The header, if it is a record batch.
    pub header: Option<Header>,
}

impl BatchRow {
    /// How many records, if the header says it.
    pub fn records(&self) -> Option<u64> {
        match self.header {
            Some(header) => Some(header.records_count.max(0) as u64),
            None => (self.format.codec == Codec::None).then_some(1),
        }
    }

    /// Where the next one begins.
    pub fn end(&self) -> u64 {
        self.position + self.size_bytes
    }
}

/// Why a walk ended before the end of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The file ends inside a batch, or inside the fields before it.
    Torn { position: u64, left: u64, wanted: u64 },
    /// Zeros and nothing else from here on.
    Zeros { position: u64, left: u64 },
    /// No batch can begin like this.
    Garbage { position: u64, left: u64, english: String, chinese: String },
    /// The file cannot be read.
    Unreadable(String),
}

impl Stop {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Stop::Torn { position, left, wanted } => {
                format!("byte {position}: a batch of {wanted} bytes begins, but {left} are left")
            }
            Stop::Zeros { position, left } => {
                format!("byte {position}: {left} zero bytes to the end")
            }
            Stop::Garbage { position, english, .. } => format!("byte {position}: {english}"),
            Stop::Unreadable(why) => why.clone(),
        }
    }
}

/// Reads bytes of one file in their order, some thousand at a time.
#[derive(Debug, Default)]
pub(super) struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// Up to `length` bytes at a position; fewer where the file ends.
    pub fn at<'a>(
        &'a mut self,
        files: &Files,
        path: &str,
        position: u64,
        length: usize,
    ) -> Result<&'a [u8], String> {
        let end = self.start + self.bytes.len() as u64;
        if position < self.start || position + length as u64 > end {
            self.bytes.resize(length.max(WINDOW_BYTES), 0);
            let read = files.read_into(path, position, &mut self.bytes)?;
            self.bytes.truncate(read);
            self.start = position;
        }
        let from = (position - self.start) as usize;
        let to = (from + length).min(self.bytes.len());
        Ok(self.bytes.get(from..to).unwrap_or_default())
    }
}

/// A walk over the batches of one segment. It can be put aside and gone on with.
#[derive(Debug)]
pub struct Walk {
    path: String,
    segment: Offset,
    size: u64,
    position: u64,
    pub(super) window: Window,
    /// Why it ended early, once it has.
    pub stop: Option<Stop>,
}

impl Walk {
    pub(super) fn new(files: &PartitionFiles, base: Offset, size: u64, from: u64) -> Walk {
        let path = join(&files.directory, &file_name(base, ".log"));
        Walk { path, segment: base, size, position: from, window: Window::default(), stop: None }
    }

    /// Where the walk stands.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Bytes of the file, as many as are there.
    pub(super) fn bytes(
        &mut self,
        inspection: &Inspection,
        position: u64,
        length: usize,
    ) -> Result<&[u8], String> {
        self.window.at(&inspection.files, &self.path, position, length)
    }

    pub(super) fn next(&mut self, files: &Files) -> Option<BatchRow> {
        if self.stop.is_some() || self.position >= self.size {
            return None;
        }
        match self.row(files) {
            Ok(row) => {
                self.position = row.end();
                Some(row)
            }
            Err(stop) => {
                self.stop = Some(stop);
                None
            }
        }
    }

    fn row(&mut self, files: &Files) -> Result<BatchRow, Stop> {
        let position = self.position;
        let left = self.size - position;
        let torn = |wanted| Stop::Torn { position, left, wanted };
        let got = self.window.at(files, &self.path, position, HEADER_SIZE_BYTES);
        let bytes = got.map_err(Stop::Unreadable)?;
        let bytes = &bytes[..bytes.len().min(left.min(HEADER_SIZE_BYTES as u64) as usize)];
        if bytes.len() < OVERHEAD_BYTES as usize {
            if bytes.iter().all(|byte| *byte == 0) {
                return Err(Stop::Zeros { position, left });
            }
            return Err(torn(OVERHEAD_BYTES));
        }
        let base_offset = Offset(i64::from_be_bytes(bytes[..8].try_into().expect("eight bytes")));
        let length = i32::from_be_bytes(bytes[8..12].try_into().expect("four bytes"));
        if length < LEAST_SIZE {
            if bytes.iter().all(|byte| *byte == 0) && self.only_zeros(files, position) {
                return Err(Stop::Zeros { position, left });
            }
            return Err(Stop::Garbage {
                position,
                left,
                english: format!("the size field says {length}, less than any batch has"),
                chinese: format!("大小字段为 {length}，小于任何批次"),
            });
        }
        let wanted = OVERHEAD_BYTES + length as u64;
        if wanted > left || bytes.len() < 17 {
            return Err(torn(wanted));
        }
        let magic = bytes[16];
        if magic > 2 {
            return Err(Stop::Garbage {
                position,
                left,
                english: format!("magic byte {magic}: no such format exists"),
                chinese: format!("魔数为 {magic}：没有这种格式"),
            });
        }
        let header = Header::parse(bytes).map_err(|error| Stop::Garbage {
            position,
            left: wanted,
            english: error.to_string(),
            chinese: error.to_string(),
        })?;
        let time = Some(header.max_timestamp).filter(|_| magic > 0);
        Ok(BatchRow {
            segment: self.segment,
            position,
            size_bytes: wanted,
            format: Format { magic, codec: header.codec() },
            base_offset,
            last_offset: if magic == 2 { header.last_offset() } else { base_offset },
            timestamp: time,
            header: Some(header).filter(|_| magic == 2),
        })
    }

    fn only_zeros(&self, files: &Files, from: u64) -> bool {
        let mut buffer = vec![0; 64 << 10];
        let mut at = from;
        // What is behind the first megabyte of zeros makes no difference to anybody.
        while at < self.size && at < from + (1 << 20) {
            match files.read_into(&self.path, at, &mut buffer) {
                Ok(0) => return true,
                Ok(read) if buffer[..read].iter().all(|byte| *byte == 0) => at += read as u64,
                _ => return false,
            }
        }
        true
    }
}

impl Inspection {
    /// The path of a segment's file from the top.
    pub fn segment_path(files: &PartitionFiles, base_offset: Offset, suffix: &str) -> String {
        join(&files.directory, &file_name(base_offset, suffix))
    }

    /// A walk over a segment, by its number, from a byte on where a batch begins.
    pub fn walk(&self, place: Place, segment: usize, from: u64) -> Option<Walk> {
        let files = self.partition(place)?;
        let segment = files.segments.get(segment)?;
        Some(Walk::new(files, segment.base_offset, segment.log_bytes, from))
    }

    /// The next batch of a walk.
    pub fn next(&self, walk: &mut Walk) -> Option<BatchRow> {
        walk.next(&self.files)
    }

    /// The batches of a segment, by its number, from its first byte on.
    pub fn batches(&self, place: Place, segment: usize) -> impl Iterator<Item = BatchRow> + '_ {
        let mut walk = self.walk(place, segment, 0);
        std::iter::from_fn(move || self.next(walk.as_mut()?))
    }

    /// The batch that holds an offset; near it by the index, or else by walking the segment from its first byte.
    pub fn batch_of(&self, place: Place, offset: Offset) -> Option<BatchRow> {
        let files = self.partition(place)?;
        let from = files.segment_of(offset).unwrap_or(0);
        (from..files.segments.len().min(from + 3)).find_map(|segment| {
            let near = self.near(place, segment, offset);
            let seek = |start| {
                let mut walk = self.walk(place, segment, start)?;
                std::iter::from_fn(|| self.next(&mut walk)).find(|row| row.last_offset >= offset)
            };
            let sane = |row: &BatchRow| near == 0 || row.base_offset <= offset;
            seek(near).filter(sane).or_else(|| if near > 0 { seek(0) } else { None })
        })
    }

    /// The bytes of a batch. The error is a sentence.
    pub fn bytes(&self, place: Place, row: &BatchRow) -> Result<Vec<u8>, String> {
        let files = self.partition(place).ok_or("there is no such partition")?;
        let size = row.size_bytes as usize;
        if size > MOST_BATCH_BYTES {
            return Err(format!("a batch of {size} bytes is too large to show"));
        }
        let path = Inspection::segment_path(files, row.segment, ".log");
        let bytes = self.files.read(&path, row.position, size)?;
        if bytes.len() < size {
            return Err(format!("{path}: it was cut while we looked"));
        }
        Ok(bytes)
    }
}
