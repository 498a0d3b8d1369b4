//! From one message format to another: for consumers that are older than the log (`RecordsUtil.downConvert`), and for
//! leaders whose topic has another format than the producer (`LogValidator`).
//!
//! ```text
//!   v2 │ base 5, three records │   →   v1 │ 5 │ 6 │ 7 │           headers, producer id, leader epoch are lost
//!   v2 │ gzip(5, 6, 7)         │   →   v1 │ 7: gzip(0, 1, 2) │   one wrapper, packed anew
//!   v2 │ control batch         │   →   nothing: old readers have no word for it
//! ```
//!
//! What always holds: offsets, keys, values and times (where the format has one) stay. What is of the format asked for,
//! or older, goes through untouched. Zstandard cannot go below format 2 (KIP-110).

use super::build::BatchBuilder;
use super::codec::Codec;
use super::entry::{Entry, entries};
use super::error::BatchError;
use super::header::TimestampType;
use super::message::MessageSetBuilder;
use super::read::RecordView;
use crate::types::{Offset, Timestamp};

/// Records in another format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many records were written anew.
    pub records: u32,
}

/// A batch or message set of any format in the making.
#[derive(Clone, Debug)]
pub enum AnyBuilder {
    /// Format 2.
    Batch(BatchBuilder),
    /// Formats 0 and 1.
    Messages(MessageSetBuilder),
}

impl AnyBuilder {
    /// An empty one of format `magic` that begins at `base_offset`; with LogAppendTime if a time is given.
    pub fn new(
        magic: i8,
        codec: Codec,
        level: Option<i32>,
        base_offset: Offset,
        log_append_time: Option<Timestamp>,
    ) -> AnyBuilder {
        if magic >= 2 {
            let builder = BatchBuilder::new(base_offset).compressed(codec, level);
            return AnyBuilder::Batch(match log_append_time {
                Some(time) => builder.with_log_append_time(time),
                None => builder,
            });
        }
        let builder = MessageSetBuilder::new(magic, codec, base_offset).with_level(level);
        AnyBuilder::Messages(match log_append_time {
            Some(time) => builder.with_log_append_time(time),
            None => builder,
        })
    }

    /// Adds a record at `offset`. Headers are kept where the format has them.
    pub fn push(&mut self, offset: Offset, record: &RecordView) {
        let RecordView { timestamp, key, value, .. } = *record;
        match self {
            AnyBuilder::Batch(builder) => {
                builder.push_parts(offset, timestamp, key, value, &record.headers());
            }
            AnyBuilder::Messages(builder) => builder.push_parts(offset, timestamp, key, value),
        }
    }

    /// The finished bytes.
    pub fn build(self) -> Vec<u8> {
        match self {
            AnyBuilder::Batch(builder) => builder.build(),
            AnyBuilder::Messages(builder) => builder.build(),
        }
    }
}

/// What a reader of format `magic` gets of these batches when it asked for `first_offset`. Of an uncompressed batch the
/// records before that offset are left out, since each becomes an entry of its own; some clients rely on it.
pub fn down_convert(
    bytes: &[u8],
    magic: i8,
    first_offset: Offset,
) -> Result<Converted, BatchError> {
    let mut converted = Converted::default();
    for entry in entries(bytes) {
        let entry = entry?;
        if entry.magic <= magic {
            converted.bytes.extend_from_slice(entry.bytes);
            continue;
        }
        if magic < 2 && entry.is_control() {
            continue;
        }
        if magic < 2 && entry.codec() == Codec::Zstd {
            let what = "zstd does not exist below format 2: Kafka refuses to convert it";
            let error = BatchError::new(21, 2, "attributes", what).recognised();
            return Err(error.shifted(entry.position));
        }
        convert_one(&entry, magic, first_offset, &mut converted)
            .map_err(|error| error.shifted(entry.position))?;
    }
    Ok(converted)
}

fn convert_one(
    entry: &Entry,
    magic: i8,
    first_offset: Offset,
    converted: &mut Converted,
) -> Result<(), BatchError> {
    let codec = entry.codec();
    let appended = entry.timestamp_type() == TimestampType::LogAppendTime;
    let time = appended.then_some(entry.max_timestamp);
    let contents = entry.contents()?;
    let mut builder: Option<AnyBuilder> = None;
    for record in &contents {
        let record = record?;
        if codec == Codec::None && record.offset < first_offset {
            continue;
        }
        builder
            .get_or_insert_with(|| AnyBuilder::new(magic, codec, None, record.offset, time))
            .push(record.offset, &record);
        converted.records += 1;
    }
    if let Some(builder) = builder {
        converted.bytes.extend(builder.build());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, NewRecord, records};
    use super::*;
    use crate::types::LeaderEpoch;

    fn batch(codec: Codec) -> Vec<u8> {
        let mut builder =
            BatchBuilder::new(Offset(5)).with_epoch(LeaderEpoch(3)).compressed(codec, None);
        for n in 0..3u8 {
            builder.push(&NewRecord {
                timestamp: Timestamp(1000 + i64::from(n)),
                key: Some(vec![n]),
                value: Some(b"v".to_vec()),
                headers: vec![("h".into(), None)],
            });
        }
        builder.build()
    }

    #[test]
    fn offsets_and_contents_stay_and_headers_go() {
        for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4] {
            for magic in [0, 1] {
                let bytes = batch(codec);
                let converted = down_convert(&bytes, magic, Offset(5)).unwrap();
                assert_eq!(converted.records, 3);
                let all: Vec<_> = entries(&converted.bytes).map(|entry| entry.unwrap()).collect();
                assert_eq!(all.len(), if codec == Codec::None { 3 } else { 1 });
                assert!(all.iter().all(|e| e.magic == magic && e.checksum_holds()));
                let read: Vec<_> = all.iter().flat_map(|e| e.records().unwrap()).collect();
                for (was, is) in records(&bytes).unwrap().iter().zip(&read) {
                    assert_eq!((was.offset, &was.key, &was.value), (is.offset, &is.key, &is.value));
                    assert!(is.headers.is_empty());
                    let time = if magic == 0 { Timestamp::NONE } else { was.timestamp };
                    assert_eq!(is.timestamp, time);
                }
                // The other way: what is older than asked for goes through untouched.
                assert_eq!(
                    down_convert(&converted.bytes, 2, Offset(0)).unwrap().bytes,
                    converted.bytes
                );
            }
        }
    }

    #[test]
    fn records_before_the_offset_are_left_out_of_plain_batches_alone() {
        let plain = down_convert(&batch(Codec::None), 1, Offset(7)).unwrap();
        assert_eq!(
            (plain.records, Entry::parse(&plain.bytes).unwrap().last_offset()),
            (1, Offset(7))
        );
        assert_eq!(down_convert(&batch(Codec::Gzip), 1, Offset(7)).unwrap().records, 3);
    }

    #[test]
    fn control_batches_are_dropped_and_zstd_is_refused() {
        let mut marker = BatchBuilder::new(Offset(8)).transactional().control();
        marker.push(&NewRecord { key: Some(vec![0, 0, 0, 1]), ..NewRecord::default() });
        let marker = marker.build();
        assert_eq!(down_convert(&marker, 1, Offset(0)).unwrap(), Converted::default());
        assert_eq!(down_convert(&marker, 2, Offset(0)).unwrap().bytes, marker);
        let error = down_convert(&batch(Codec::Zstd), 1, Offset(0)).unwrap_err();
        assert!(error.what.contains("zstd"), "{error}");
    }

    #[test]
    fn append_time_stays_append_time() {
        let mut builder = BatchBuilder::new(Offset(0)).with_log_append_time(Timestamp(77));
        builder.push(&NewRecord { timestamp: Timestamp(5), ..NewRecord::default() });
        let converted = down_convert(&builder.build(), 1, Offset(0)).unwrap();
        let entry = Entry::parse(&converted.bytes).unwrap();
        assert_eq!(
            (entry.timestamp_type_name(), entry.max_timestamp),
            ("LogAppendTime", Timestamp(77))
        );
    }
}
