//! The batches of a foreign log, walked by their size fields, whatever format they have.
//!
//! ```text
//!   position 0        12 + length          …
//!   [v2, 7 records][v2 gzip, 20 records][magic 1: named, not decoded] … what cannot be is the end, with its place
//! ```
//!
//! Kafka's `FileLogInputStream.nextBatch`: offset, size, magic; then the header of its format.

use super::directory::{PartitionFiles, SegmentFiles};
use super::{Inspection, Place};
use crate::batch::{Codec, HEADER_SIZE_BYTES, Header, batch_size, verify};
use crate::disk::{Disk, FileId};
use crate::storage::file_name;

use crate::types::{Offset, Timestamp};
use std::collections::BTreeMap;

/// Most batches of one partition that are counted; a listing says when there are more.
pub const MOST_BATCHES: usize = 200_000;

/// Most bytes of a batch that are read whole.
const MOST_BATCH_BYTES: usize = 64 << 20;

/// How a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A record batch, and how its records are compressed.
    Batch(Codec),
    /// A message set of magic 0 or 1, which is named here and not decoded.
    MessageSet(u8),
}

impl Format {
    /// `v2`, `v2 gzip`, `message set v1`.
    pub fn name(self) -> String {
        match self {
            Format::Batch(Codec::None) => "v2".into(),
            Format::Batch(codec) => format!("v2 {codec}"),
            Format::MessageSet(magic) => format!("message set v{magic}"),
        }
    }

    /// Can its records be read here?
    pub fn is_decoded(self) -> bool {
        self == Format::Batch(Codec::None)
    }
}

/// One batch where it lies.
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
    /// Its first offset.
    pub base_offset: Offset,
    /// Its last offset (of a message set: the one in its place, which with a codec is the last inside).
    pub last_offset: Offset,
    /// The header, if it is a record batch.
    pub header: Option<Header>,
}

impl BatchRow {
    /// How many records, if the header says it.
    pub fn records(&self) -> Option<u64> {
        self.header.map(|header| header.records_count.max(0) as u64)
    }

    /// The greatest timestamp, if the header says it.
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.header.map(|header| header.max_timestamp)
    }
}

/// What the batches of a partition sum up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Batches seen.
    pub batches: u64,
    /// Records that the headers of record batches tell of.
    pub records: u64,
    /// First and last offset seen.
    pub offsets: Option<(Offset, Offset)>,
    /// Least and greatest of the batches' greatest timestamps.
    pub timestamps: Option<(Timestamp, Timestamp)>,
    /// Batches by the name of their format.
    pub formats: BTreeMap<String, u64>,
    /// Whether there were more than [`MOST_BATCHES`].
    pub cut_short: bool,
    /// Where a segment could not be walked to its end: file and sentence.
    pub errors: Vec<(String, String)>,
}

/// The header fields that all formats share: offset, size, magic; then what the format has.
fn row_at(
    disk: &Disk,
    file: FileId,
    segment: Offset,
    position: u64,
    left: u64,
) -> Result<BatchRow, String> {
    if left < 17 {
        return Err(format!("byte {position}: {left} bytes are left, too few for any batch"));
    }
    disk.with_bytes(file, position, HEADER_SIZE_BYTES, |bytes| {
        let place = |error: crate::batch::BatchError| error.shifted(position).to_string();
        let size_bytes = batch_size(bytes).map_err(place)? as u64;
        if size_bytes > left {
            return Err(format!(
                "byte {position}: a batch of {size_bytes} bytes begins, but {left} are left"
            ));
        }
        let base_offset = Offset(i64::from_be_bytes(bytes[..8].try_into().expect("eight bytes")));
        let row = BatchRow {
            segment,
            position,
            size_bytes,
            format: Format::MessageSet(bytes[16]),
            base_offset,
            last_offset: base_offset,
            header: None,
        };
        if bytes[16] < 2 {
            return Ok(row);
        }
        let header = Header::parse(bytes).map_err(place)?;
        Ok(BatchRow {
            format: Format::Batch(header.codec()),
            last_offset: header.last_offset(),
            header: Some(header),
            ..row
        })
    })
    .map_err(|error| super::sentence(&error))?
}

impl Inspection {
    /// The path of a segment's file from the top.
    pub(super) fn segment_path(
        files: &PartitionFiles,
        base_offset: Offset,
        suffix: &str,
    ) -> String {
        format!("{}/{}", files.directory, file_name(base_offset, suffix))
    }

    /// The batches of one segment, in order; the last item may say why the walk ended early.
    pub fn batches(
        &self,
        place: Place,
        segment: &SegmentFiles,
    ) -> impl Iterator<Item = Result<BatchRow, String>> + '_ {
        let (base, size) = (segment.base_offset, segment.log_bytes);
        let file = self.file(place, base);
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let position = at.take().filter(|&position| position < size)?;
            let Some(file) = file else {
                return Some(Err("the .log file could not be opened".into()));
            };
            let row = row_at(&self.disk, file, base, position, size - position);
            at = row.as_ref().ok().map(|row| position + row.size_bytes);
            Some(row)
        })
    }

    fn file(&self, place: Place, base_offset: Offset) -> Option<FileId> {
        self.partition(place)?.files.get(&base_offset).copied()
    }

    /// Walks all batches of a partition.
    pub fn scan(&self, place: Place) -> Scan {
        let mut scan = Scan::default();
        let Some(files) = self.partition(place) else { return scan };
        for segment in &files.segments {
            for row in self.batches(place, segment) {
                if scan.batches as usize >= MOST_BATCHES {
                    scan.cut_short = true;
                    return scan;
                }
                match row {
                    Ok(row) => scan.take(&row),
                    Err(error) => {
                        let path = Inspection::segment_path(files, segment.base_offset, ".log");
                        scan.errors.push((path, error));
                    }
                }
            }
        }
        scan
    }

    /// The batch that holds an offset, by the scan of its segment alone, without an index.
    pub fn batch_of(&self, place: Place, offset: Offset) -> Option<BatchRow> {
        let files = self.partition(place)?;
        let from = files.segments.iter().rposition(|s| s.base_offset <= offset).unwrap_or(0);
        files.segments[from..].iter().find_map(|segment| {
            self.batches(place, segment).map_while(Result::ok).find(|r| r.last_offset >= offset)
        })
    }

    /// The bytes of a batch. The error is a sentence.
    pub fn bytes(&self, place: Place, row: &BatchRow) -> Result<Vec<u8>, String> {
        let file = self.file(place, row.segment).ok_or("the .log file could not be opened")?;
        let size = row.size_bytes as usize;
        if size > MOST_BATCH_BYTES {
            return Err(format!("a batch of {size} bytes is too large to show"));
        }
        self.disk.read(file, row.position, size).map_err(|error| super::sentence(&error))
    }

    /// Reads a whole batch and checks its checksum; of an uncompressed one all records are decoded, and counted.
    pub fn verify(&self, place: Place, row: &BatchRow) -> Result<Option<usize>, String> {
        if row.header.is_none() {
            return Ok(None);
        }
        let bytes = self.bytes(place, row)?;
        verify(&bytes).map_err(|error| error.shifted(row.position).to_string())?;
        if !row.format.is_decoded() {
            return Ok(None);
        }
        let records = crate::batch::records(&bytes);
        records.map(|r| Some(r.len())).map_err(|error| error.shifted(row.position).to_string())
    }
}

impl Scan {
    fn take(&mut self, row: &BatchRow) {
        self.batches += 1;
        self.records += row.records().unwrap_or(0);
        *self.formats.entry(row.format.name()).or_default() += 1;
        let first = self.offsets.map_or(row.base_offset, |(first, _)| first);
        self.offsets = Some((first, row.last_offset));
        if let Some(timestamp) = row.timestamp() {
            let (least, most) = self.timestamps.unwrap_or((timestamp, timestamp));
            self.timestamps = Some((least.min(timestamp), most.max(timestamp)));
        }
    }

    /// `v2`, `v2 gzip`, or `v2 x9, gzip x12, message set v1 x3`.
    pub fn format_names(&self) -> String {
        if let (1, Some(name)) = (self.formats.len(), self.formats.keys().next()) {
            return name.clone();
        }
        let short = |name: &str| name.strip_prefix("v2 ").unwrap_or(name).to_owned();
        let names = self.formats.iter().map(|(name, count)| format!("{} x{count}", short(name)));
        names.collect::<Vec<_>>().join(", ")
    }
}
