//! The layout of a record batch as data: one row for each field of the 61-byte header, one for each field of a record.
//!
//! Nobody else knows a start or a width. The header rows have fixed places; the record rows are of variable length and
//! have only names and meanings.

/// One field of a fixed layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Kafka's name for it.
    pub name: &'static str,
    /// First byte, counted from the start of the batch.
    pub start: usize,
    /// Width in bytes; 0 in [`RECORD_FIELDS`], where it varies.
    pub width: usize,
    /// What it means, in one English sentence.
    pub meaning: &'static str,
    /// The same in Chinese.
    pub meaning_zh: &'static str,
}

/// Bytes before the part that `batch_length` counts: base offset and the length itself (`Records.LOG_OVERHEAD`).
pub const LOG_OVERHEAD_BYTES: usize = 12;
/// Bytes of a batch's header (`DefaultRecordBatch.RECORD_BATCH_OVERHEAD`).
pub const HEADER_SIZE_BYTES: usize = 61;

pub(super) const fn row(
    name: &'static str,
    start: usize,
    width: usize,
    meaning: &'static str,
    meaning_zh: &'static str,
) -> Field {
    Field { name, start, width, meaning, meaning_zh }
}

/// The header of a record batch, version 2. Rows are in the order of the bytes and leave no gap.
pub const FIELDS: &[Field] = &[
    row(
        "base_offset",
        0,
        8,
        "offset of the first record; set by the leader, so outside the checksum",
        "首条记录的偏移量；由领导者写入，因此不在校验和之内",
    ),
    row(
        "batch_length",
        8,
        4,
        "bytes that follow this field: the batch is 12 bytes longer",
        "此字段之后的字节数：整个批次再长 12 字节",
    ),
    row(
        "partition_leader_epoch",
        12,
        4,
        "reign of the leader that appended the batch; set by the leader, outside the checksum",
        "追加该批次的领导者纪元；由领导者写入，不在校验和之内",
    ),
    row(
        "magic",
        16,
        1,
        "version of the format: 2 since Kafka 0.11",
        "格式版本：自 Kafka 0.11 起为 2",
    ),
    row(
        "crc",
        17,
        4,
        "CRC-32C of everything from attributes to the end of the batch",
        "从 attributes 到批次末尾全部字节的 CRC-32C 校验和",
    ),
    row(
        "attributes",
        21,
        2,
        "bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon",
        "位 0-2 压缩算法，3 时间戳类型，4 事务，5 控制批次，6 删除期限",
    ),
    row(
        "last_offset_delta",
        23,
        4,
        "offset of the last record minus base_offset; kept by the cleaner",
        "最后一条记录的偏移量减去 base_offset；清理时保持不变",
    ),
    row(
        "base_timestamp",
        27,
        8,
        "timestamp of the first record; the deltas in the records count from it",
        "首条记录的时间戳；记录中的时间差以它为起点",
    ),
    row(
        "max_timestamp",
        35,
        8,
        "greatest timestamp of the records, or the append time of the leader",
        "各记录时间戳的最大值，或领导者的追加时间",
    ),
    row(
        "producer_id",
        43,
        8,
        "idempotent or transactional producer; -1: none",
        "幂等或事务生产者的编号；-1 表示没有",
    ),
    row(
        "producer_epoch",
        51,
        2,
        "reign of that producer id; an older one is fenced; -1: none",
        "该生产者编号的纪元；旧纪元会被隔离；-1 表示没有",
    ),
    row(
        "base_sequence",
        53,
        4,
        "sequence number of the first record, to recognise repeats; -1: none",
        "首条记录的序列号，用于识别重复；-1 表示没有",
    ),
    row("records_count", 57, 4, "number of records that follow", "其后记录的条数"),
];

/// The fields of one record, in order. All but `attributes` are of variable length.
pub const RECORD_FIELDS: &[Field] = &[
    row(
        "length",
        0,
        0,
        "bytes of this record after this number (varint)",
        "此数之后本记录的字节数（varint）",
    ),
    row("record_attributes", 0, 1, "no bit of it is used", "目前没有使用任何一位"),
    row(
        "timestamp_delta",
        0,
        0,
        "timestamp minus base_timestamp (varlong)",
        "时间戳减去 base_timestamp(varlong)",
    ),
    row(
        "offset_delta",
        0,
        0,
        "offset minus base_offset (varint)",
        "偏移量减去 base_offset(varint)",
    ),
    row(
        "key_length",
        0,
        0,
        "bytes of the key; -1: null (varint)",
        "键的字节数；-1 表示空值（varint）",
    ),
    row(
        "key",
        0,
        0,
        "the key: decides the partition and what compaction keeps",
        "键：决定分区，也决定压实时保留什么",
    ),
    row(
        "value_length",
        0,
        0,
        "bytes of the value; -1: null (varint)",
        "值的字节数；-1 表示空值（varint）",
    ),
    row("value", 0, 0, "the value: Kafka never looks inside", "值：Kafka 从不查看其内容"),
    row("headers_count", 0, 0, "number of headers (varint)", "消息头的个数（varint）"),
    row(
        "header_key_length",
        0,
        0,
        "bytes of the header's name (varint)",
        "消息头名称的字节数（varint）",
    ),
    row("header_key", 0, 0, "the header's name, UTF-8", "消息头名称，UTF-8"),
    row(
        "header_value_length",
        0,
        0,
        "bytes of the header's value; -1: null (varint)",
        "消息头内容的字节数；-1 表示空值（varint）",
    ),
    row("header_value", 0, 0, "the header's value", "消息头内容"),
    row("compressed_records", 0, 0, "the records, compressed together", "压缩在一起的全部记录"),
    row("undecoded", 0, 0, "bytes that could not be decoded", "无法解码的字节"),
];

pub(crate) const BASE_OFFSET: Field = FIELDS[0];
pub(crate) const BATCH_LENGTH: Field = FIELDS[1];
pub(crate) const PARTITION_LEADER_EPOCH: Field = FIELDS[2];
pub(crate) const MAGIC: Field = FIELDS[3];
pub(crate) const CRC: Field = FIELDS[4];
pub(crate) const ATTRIBUTES: Field = FIELDS[5];
pub(crate) const LAST_OFFSET_DELTA: Field = FIELDS[6];
pub(crate) const BASE_TIMESTAMP: Field = FIELDS[7];
pub(crate) const MAX_TIMESTAMP: Field = FIELDS[8];
pub(crate) const PRODUCER_ID: Field = FIELDS[9];
pub(crate) const PRODUCER_EPOCH: Field = FIELDS[10];
pub(crate) const BASE_SEQUENCE: Field = FIELDS[11];
pub(crate) const RECORDS_COUNT: Field = FIELDS[12];

/// The row of [`RECORD_FIELDS`] with this name.
pub(crate) fn record_field(name: &'static str) -> &'static Field {
    RECORD_FIELDS
        .iter()
        .find(|field| field.name == name)
        .expect("record fields are named in the table")
}

impl Field {
    /// The big-endian number in this field; `bytes` must hold the whole header.
    #[inline(always)]
    pub(crate) fn get(&self, bytes: &[u8]) -> i64 {
        let bytes = &bytes[self.start..self.start + self.width];
        match *bytes {
            [a] => i64::from(a as i8),
            [a, b] => i64::from(i16::from_be_bytes([a, b])),
            [a, b, c, d] => i64::from(i32::from_be_bytes([a, b, c, d])),
            [a, b, c, d, e, f, g, h] => i64::from_be_bytes([a, b, c, d, e, f, g, h]),
            _ => bytes.iter().fold(0, |value, &byte| (value << 8) | i64::from(byte)),
        }
    }

    /// Writes the low bytes of `value`, big-endian.
    pub(crate) fn put(&self, bytes: &mut [u8], value: i64) {
        let all = value.to_be_bytes();
        bytes[self.start..self.start + self.width].copy_from_slice(&all[8 - self.width..]);
    }
}
