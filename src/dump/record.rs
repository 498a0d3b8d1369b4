//! Records of one entry, read where they lie: fast, and refusing just what Kafka's readers refuse.
//!
//! ```text
//!   format 2    │ size │ attr │ Δtime │ Δoffset │ key │ value │ headers │ …      varints (`DefaultRecord.readFrom`)
//!   formats 0, 1 │ offset │ size │ crc │ magic │ attr │ (time) │ key │ value │ …   (`LegacyRecord`)
//! ```
//!
//! What always holds: no length is believed before it is held against the bytes that are left; the words of an error
//! are those of Kafka's exception. Left out: `batch` has the readers that explain each byte.

/// One record, as bytes of the log.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub offset: i64,
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub sequence: i32,
    /// The headers' bytes and how many there are: already walked once.
    pub headers: &'a [u8],
    pub headers_count: usize,
    /// A message of format 0 or 1 has its own checksum: whether it holds, and what it is.
    pub message: Option<(bool, u32)>,
}

/// What the batch says for all of its records.
#[derive(Clone, Copy, Debug)]
pub struct Base {
    pub offset: i64,
    pub timestamp: i64,
    pub append_time: Option<i64>,
    pub sequence: i32,
    pub count: i32,
}

const INVALID: &str = "Found invalid record structure";
const EARLY: &str = "Incorrect declared batch size, premature EOF reached";

/// `ByteUtils.readVarint`: None where the bytes end, or the number does not within five of them.
#[inline]
fn varint(bytes: &[u8], at: &mut usize) -> Option<i32> {
    let first = *bytes.get(*at)?;
    if first < 0x80 {
        *at += 1;
        return Some(i32::from(first >> 1) ^ -i32::from(first & 1));
    }
    let mut raw = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *bytes.get(*at)?;
        *at += 1;
        raw |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((raw >> 1) as i32 ^ -((raw & 1) as i32));
        }
    }
    None
}

#[inline]
fn varlong(bytes: &[u8], at: &mut usize) -> Option<i64> {
    let mut raw = 0u64;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        raw |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((raw >> 1) as i64 ^ -((raw & 1) as i64));
        }
    }
    None
}

/// A length and so many bytes; a negative length is null.
#[inline]
fn sized<'a>(bytes: &'a [u8], at: &mut usize) -> Option<Option<&'a [u8]>> {
    let length = varint(bytes, at)?;
    if length < 0 {
        return Some(None);
    }
    let found = bytes.get(*at..*at + length as usize)?;
    *at += length as usize;
    Some(Some(found))
}

/// The name of the header at `at`, which moves behind it.
pub fn header_name<'a>(bytes: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let name = sized(bytes, at)??;
    sized(bytes, at)?;
    Some(name)
}

/// `DefaultRecordBatch.incrementSequence`
pub fn sequence_after(sequence: i32, increment: i32) -> i32 {
    let sum = i64::from(sequence) + i64::from(increment);
    if sum > i64::from(i32::MAX) { (sum - i64::from(i32::MAX) - 1) as i32 } else { sum as i32 }
}

/// Calls `take` with each record of a batch of format 2 whose unpacked records are `bytes`. The error is Kafka's; the
/// records before it were taken.
pub fn each<'a>(base: &Base, bytes: &'a [u8], mut take: impl FnMut(Row<'a>)) -> Result<(), String> {
    if base.count < 0 {
        return Err(format!("Found invalid record count {} in magic v2 batch", base.count));
    }
    let mut at = 0;
    for number in 1..=base.count {
        let size = varint(bytes, &mut at).ok_or(EARLY)?;
        let left = bytes.len() - at;
        if size > 0 && size as usize > left {
            return Err(format!(
                "Invalid record size: expected {size} bytes in record payload, but instead the \
                 buffer has only {left} remaining bytes."
            ));
        }
        let start = at;
        let row = body(base, bytes, &mut at)?;
        if (at - start) as i64 != i64::from(size) {
            return Err(format!(
                "Invalid record size: expected to read {size} bytes in record payload, but instead \
                 read {}",
                at - start
            ));
        }
        if number == base.count && at < bytes.len() {
            return Err(
                "Incorrect declared batch size, records still remaining in file".to_string()
            );
        }
        take(row);
    }
    Ok(())
}

#[inline]
fn body<'a>(base: &Base, bytes: &'a [u8], at: &mut usize) -> Result<Row<'a>, String> {
    bytes.get(*at).ok_or(INVALID)?;
    *at += 1; // attributes, unused
    let time = varlong(bytes, at).ok_or(INVALID)?;
    let delta = varint(bytes, at).ok_or(INVALID)?;
    let key = sized(bytes, at).ok_or(INVALID)?;
    let value = sized(bytes, at).ok_or(INVALID)?;
    let count = varint(bytes, at).ok_or(INVALID)?;
    if count < 0 {
        return Err(format!("Found invalid number of record headers {count}"));
    }
    if count as usize > bytes.len() - *at {
        return Err(format!(
            "Found invalid number of record headers. {count} is larger than the remaining size of \
             the buffer"
        ));
    }
    let start = *at;
    for _ in 0..count {
        header_name(bytes, at).ok_or(INVALID)?;
    }
    Ok(Row {
        offset: base.offset.wrapping_add(i64::from(delta)),
        timestamp: base.append_time.unwrap_or(base.timestamp.wrapping_add(time)),
        key,
        value,
        sequence: if base.sequence >= 0 { sequence_after(base.sequence, delta) } else { -1 },
        headers: &bytes[start..*at],
        headers_count: count as usize,
        message: None,
    })
}

/// A message of format 0 or 1 without its offset and size.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub crc: u32,
    pub magic: i8,
    pub attributes: u8,
    pub timestamp: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub holds: bool,
}

/// Reads a message.
pub fn message(bytes: &[u8]) -> Result<Message<'_>, String> {
    let short = || format!("a message of {} bytes is too short for its fields", bytes.len());
    let four = |at: usize| bytes.get(at..)?.first_chunk::<4>().copied();
    let crc = u32::from_be_bytes(four(0).ok_or_else(short)?);
    let (magic, attributes) = match bytes.get(4..6) {
        Some(&[magic, attributes]) => (magic as i8, attributes),
        _ => return Err(short()),
    };
    let mut at = 6;
    let mut timestamp = -1;
    if magic != 0 {
        let eight = bytes.get(6..).and_then(|rest| rest.first_chunk::<8>()).ok_or_else(short)?;
        timestamp = i64::from_be_bytes(*eight);
        at = 14;
    }
    let mut part = || {
        let length = i32::from_be_bytes(four(at)?);
        at += 4;
        if length < 0 {
            return Some(None);
        }
        let found = bytes.get(at..at + length as usize)?;
        at += length as usize;
        Some(Some(found))
    };
    let key = part().ok_or_else(short)?;
    let value = part().ok_or_else(short)?;
    let holds = crc32fast::hash(&bytes[4..]) == crc;
    Ok(Message { crc, magic, attributes, timestamp, key, value, holds })
}

impl<'a> Message<'a> {
    /// As a record at this offset; `append_time` overrides its own timestamp.
    pub fn row(&self, offset: i64, append_time: Option<i64>) -> Row<'a> {
        let timestamp = append_time.filter(|_| self.magic != 0).unwrap_or(self.timestamp);
        Row {
            offset,
            timestamp,
            key: self.key,
            value: self.value,
            sequence: -1,
            headers: &[],
            headers_count: 0,
            message: Some((self.holds, self.crc)),
        }
    }
}

/// The messages inside a compressed set (`AbstractLegacyRecordBatch.DeepRecordsIterator`): all, or an error.
pub fn inner<'a>(
    wrapper: &Message<'_>,
    wrapper_offset: i64,
    bytes: &'a [u8],
) -> Result<Vec<Row<'a>>, String> {
    let append_time =
        (wrapper.magic == 1 && wrapper.attributes & 8 != 0).then_some(wrapper.timestamp);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(head) = bytes.get(at..).and_then(|rest| rest.first_chunk::<12>()) {
        let offset = i64::from_be_bytes([
            head[0], head[1], head[2], head[3], head[4], head[5], head[6], head[7],
        ]);
        let size = i32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        if size < 14 {
            return Err("Record size is less than the minimum record overhead (14)".into());
        }
        let Some(body) = bytes.get(at + 12..at + 12 + size as usize) else { break };
        at += 12 + size as usize;
        let message = message(body)?;
        if message.attributes & 7 != 0 {
            return Err("Inner messages must not be compressed".into());
        }
        let time = append_time.filter(|_| message.magic == 1);
        found.push(message.row(offset, time));
    }
    let Some(last) = found.last().map(|row| row.offset) else {
        return Err("Found invalid compressed record set with no inner records".into());
    };
    if wrapper.magic == 1 && wrapper_offset != 0 {
        if wrapper_offset < last {
            return Err(format!(
                "Found invalid wrapper offset in compressed v1 message set, wrapper offset \
                 '{wrapper_offset}' is less than the last inner message offset '{last}' and it is \
                 not zero."
            ));
        }
        found
            .iter_mut()
            .for_each(|row| row.offset = row.offset.wrapping_add(wrapper_offset - last));
    }
    Ok(found)
}
