//! Integers of variable length, seven bits a byte, least first; the signed kinds zigzag (0, -1, 1, -2, …) so that small
//! negative numbers stay short.
//!
//! ```text
//!   300 zigzag → 600 = 0b100_1011000 → d8 04        -1 zigzag → 1 → 01
//!                                      ││ └ high bits, top bit 0: the last byte
//!                                      └ low 7 bits, top bit 1: more follow
//! ```
//!
//! Kafka's class `ByteUtils`. As there, bits of the last allowed byte beyond the type's width are dropped, and a byte
//! that says "more follow" in that place is an error.

/// Why a variable-length integer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarintError {
    /// The bytes end inside the number.
    CutShort,
    /// More bytes than the type can have: 5 for 32 bits, 10 for 64 bits.
    TooLong,
}

impl VarintError {
    /// As a sentence for an error message.
    pub fn sentence(self) -> &'static str {
        match self {
            VarintError::CutShort => "the bytes end inside this variable-length number",
            VarintError::TooLong => {
                "this variable-length number has more bytes than its type allows"
            }
        }
    }
}

fn read(bytes: &[u8], at: &mut usize, most: usize) -> Result<u64, VarintError> {
    let mut value = 0u64;
    for index in 0..most {
        let byte = *bytes.get(*at + index).ok_or(VarintError::CutShort)?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *at += index + 1;
            return Ok(value);
        }
    }
    Err(VarintError::TooLong)
}

fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

/// Reads an unsigned 32-bit number at `at` and moves `at` behind it.
pub fn read_u32(bytes: &[u8], at: &mut usize) -> Result<u32, VarintError> {
    read(bytes, at, 5).map(|value| value as u32)
}

/// Reads an unsigned 64-bit number at `at` and moves `at` behind it.
pub fn read_u64(bytes: &[u8], at: &mut usize) -> Result<u64, VarintError> {
    read(bytes, at, 10)
}

/// Reads a zigzag 32-bit number at `at` and moves `at` behind it.
pub fn read_i32(bytes: &[u8], at: &mut usize) -> Result<i32, VarintError> {
    let value = read_u32(bytes, at)?;
    Ok((value >> 1) as i32 ^ -((value & 1) as i32))
}

/// Reads a zigzag 64-bit number at `at` and moves `at` behind it.
pub fn read_i64(bytes: &[u8], at: &mut usize) -> Result<i64, VarintError> {
    read_u64(bytes, at).map(unzigzag)
}

/// Appends an unsigned 32-bit number.
pub fn write_u32(out: &mut Vec<u8>, value: u32) {
    write(out, u64::from(value));
}

/// Appends an unsigned 64-bit number.
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    write(out, value);
}

/// Appends a zigzag 32-bit number.
pub fn write_i32(out: &mut Vec<u8>, value: i32) {
    write(out, zigzag(i64::from(value)));
}

/// Appends a zigzag 64-bit number.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    write(out, zigzag(value));
}

/// How many bytes an unsigned number takes.
pub fn size_u64(value: u64) -> usize {
    size(value)
}

/// How many bytes a zigzag number takes.
pub fn size_i64(value: i64) -> usize {
    size(zigzag(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varint_vectors_of_kafka_byte_utils_hold() {
        let vectors = crate::vectors::load("varint");
        let mut seen = 0;
        for case in vectors["cases"].as_array().unwrap() {
            let bytes = crate::vectors::hex(&case["bytes"]);
            let kind = case["kind"].as_str().unwrap();
            let mut at = 0;
            let got: Result<String, VarintError> = match kind {
                "varint" => read_i32(&bytes, &mut at).map(|v| v.to_string()),
                "varlong" => read_i64(&bytes, &mut at).map(|v| v.to_string()),
                "uvarint" => read_u32(&bytes, &mut at).map(|v| v.to_string()),
                _ => read_u64(&bytes, &mut at).map(|v| v.to_string()),
            };
            if case["error"].is_string() {
                assert!(got.is_err(), "{case}");
                seen += 1;
                continue;
            }
            let want = case["value"].as_str().unwrap();
            assert_eq!(got.as_deref(), Ok(want), "{case}");
            if case["op"] == "encode" {
                let mut out = Vec::new();
                match kind {
                    "varint" => write_i32(&mut out, want.parse().unwrap()),
                    "varlong" => write_i64(&mut out, want.parse().unwrap()),
                    "uvarint" => write_u32(&mut out, want.parse().unwrap()),
                    _ => write_u64(&mut out, want.parse().unwrap()),
                }
                assert_eq!(out, bytes, "{case}");
                let size = match kind.starts_with('u') {
                    true => size_u64(want.parse().unwrap()),
                    false => size_i64(want.parse().unwrap()),
                };
                assert_eq!(size as u64, case["size"].as_u64().unwrap(), "{case}");
            } else {
                assert_eq!(at as u64, case["consumed"].as_u64().unwrap(), "{case}");
            }
            seen += 1;
        }
        assert_eq!(seen, 1246);
    }
}
