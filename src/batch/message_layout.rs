//! The layouts of messages in formats 0 and 1, as the tables that [`super::FIELDS`] is for format 2.
//!
//! ```text
//!   v0   offset 8 │ size 4 │ crc 4 │ magic 1 │ attr 1 │               │ key length 4 │ key │ value length 4 │ value
//!   v1   offset 8 │ size 4 │ crc 4 │ magic 1 │ attr 1 │ timestamp 8   │ key length 4 │ key │ value length 4 │ value
//!                           └ CRC-32 (IEEE) covers from here … ─────────────────────────────────────────────────────
//! ```
//!
//! The overhead of a message without key is 26 bytes in v0 and 34 in v1 (class `LegacyRecord`; v1 came with KIP-32).

use super::layout::{Field, row};

const OFFSET: Field = row(
    "offset",
    0,
    8,
    "offset of the message; of a compressed set: of the last message inside",
    "消息的偏移量；压缩消息集则是其中最后一条的偏移量",
);
const SIZE: Field = row(
    "message_size",
    8,
    4,
    "bytes that follow this field: the message is 12 bytes longer",
    "此字段之后的字节数：整条消息再长 12 字节",
);
const MESSAGE_CRC: Field = row(
    "crc",
    12,
    4,
    "CRC-32 (IEEE) of everything from magic to the end of the message",
    "从 magic 到消息末尾全部字节的 CRC-32(IEEE) 校验和",
);
const KEY_MEANING: (&str, &str) = ("bytes of the key; -1: null", "键的字节数；-1 表示空值");

/// The fixed fields of a message in format 0, up to the key.
pub const MESSAGE_V0_FIELDS: &[Field] = &[
    OFFSET,
    SIZE,
    MESSAGE_CRC,
    row("magic", 16, 1, "version of the format: 0 up to Kafka 0.9", "格式版本：0，直到 Kafka 0.9"),
    row("attributes", 17, 1, "bits 0-2: codec", "位 0-2：压缩算法"),
    row("key_length", 18, 4, KEY_MEANING.0, KEY_MEANING.1),
];

/// The fixed fields of a message in format 1, up to the key.
pub const MESSAGE_V1_FIELDS: &[Field] = &[
    OFFSET,
    SIZE,
    MESSAGE_CRC,
    row("magic", 16, 1, "version of the format: 1 in Kafka 0.10", "格式版本：1，Kafka 0.10 所用"),
    row(
        "attributes",
        17,
        1,
        "bits 0-2: codec, 3: timestamp type (0 CreateTime, 1 LogAppendTime)",
        "位 0-2：压缩算法，3：时间戳类型（0 为创建时间，1 为追加时间）",
    ),
    row(
        "timestamp",
        18,
        8,
        "milliseconds since 1970; of a compressed set: the greatest inside",
        "自 1970 年起的毫秒数；压缩消息集则是其中的最大值",
    ),
    row("key_length", 26, 4, KEY_MEANING.0, KEY_MEANING.1),
];

/// What follows the fixed fields, with names of its own: these lengths are plain numbers of 4 bytes.
pub const MESSAGE_TAIL_FIELDS: &[Field] = &[
    row(
        "key",
        0,
        0,
        "the key: decides the partition and what compaction keeps",
        "键：决定分区，也决定压实时保留什么",
    ),
    row("value_length", 0, 4, "bytes of the value; -1: null", "值的字节数；-1 表示空值"),
    row("value", 0, 0, "the value: Kafka never looks inside", "值：Kafka 从不查看其内容"),
    row(
        "compressed_records",
        0,
        0,
        "the value of a wrapper: a message set, compressed as a whole",
        "外层消息的值：整体压缩的消息集",
    ),
    row("undecoded", 0, 0, "bytes that could not be decoded", "无法解码的字节"),
];

pub(crate) const MESSAGE_OFFSET: Field = OFFSET;
pub(crate) const MESSAGE_SIZE: Field = SIZE;
pub(crate) const CRC32: Field = MESSAGE_CRC;
pub(crate) const MESSAGE_ATTRIBUTES: Field = MESSAGE_V0_FIELDS[4];
pub(crate) const MESSAGE_TIMESTAMP: Field = MESSAGE_V1_FIELDS[5];

/// The fixed fields of a message of this magic, 0 or 1.
pub fn message_fields(magic: i8) -> &'static [Field] {
    if magic == 0 { MESSAGE_V0_FIELDS } else { MESSAGE_V1_FIELDS }
}

/// Bytes of a message before its key length: 18 or 26.
pub(crate) fn key_length_start(magic: i8) -> usize {
    if magic == 0 { 18 } else { 26 }
}
