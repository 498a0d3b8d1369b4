//! Codecs: how the records of a batch are compressed together (classes `CompressionType`, `Compression`).
//!
//! ```text
//!   bits 0–2   0 none   1 gzip          2 snappy                 3 lz4                       4 zstd (KIP-110)
//!                       one member      xerial blocks of 32 KiB  a frame, blocks of 64 KiB   one frame
//! ```
//!
//! What always holds: `decompress(compress(bytes)) == bytes`; decompressing never yields more than the limit asked for,
//! however little was there to begin with. Levels (KIP-390) exist for gzip, lz4 and zstd; our lz4 has one speed and
//! passes over its level.

use super::error::BatchError;
use super::{lz4, snappy};
use std::fmt;
use std::io::{Read, Write};

/// How the records of a batch are compressed (attribute bits 0–2, class `CompressionType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Not compressed.
    #[default]
    None,
    /// GZIP.
    Gzip,
    /// Snappy in xerial framing.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard (KIP-110).
    Zstd,
    /// A number that Kafka does not know.
    Unknown(u8),
}

/// Most bytes that the records of one batch may take when unpacked here. Kafka has no such limit; a batch that needs
/// more is reported, not read.
pub const DECOMPRESSED_LIMIT_BYTES: usize = 128 << 20;

impl Codec {
    /// The codecs that Kafka knows, by their number.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    pub(super) fn from_bits(bits: i16) -> Codec {
        let number = (bits & 0x07) as u8;
        Codec::ALL.get(usize::from(number)).copied().unwrap_or(Codec::Unknown(number))
    }

    /// Its number in the attributes.
    pub fn bits(self) -> i16 {
        match self {
            Codec::None => 0,
            Codec::Gzip => 1,
            Codec::Snappy => 2,
            Codec::Lz4 => 3,
            Codec::Zstd => 4,
            Codec::Unknown(number) => i16::from(number & 0x07),
        }
    }

    /// The codec of this name, as in `compression.type`.
    pub fn from_name(name: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.name() == name)
    }

    /// Its name, as in `compression.type`.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
            Codec::Unknown(_) => "unknown",
        }
    }

    /// The levels that `compression.NAME.level` takes and the one without it (KIP-390); `None`: it has no levels.
    pub fn levels(self) -> Option<(i32, i32, i32)> {
        match self {
            Codec::Gzip => Some((1, 9, -1)),
            Codec::Lz4 => Some((1, 17, 9)),
            Codec::Zstd => Some((-131_072, 22, 3)),
            _ => None,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Codec::Unknown(number) => write!(f, "unknown codec {number}"),
            known => f.write_str(known.name()),
        }
    }
}

/// Compresses as Kafka's clients do at the codec's own level. `magic` matters to lz4 alone: format 0 has its famous
/// wrong header checksum. Bytes of an unknown codec stay as they are.
pub fn compress(codec: Codec, magic: i8, bytes: &[u8]) -> Vec<u8> {
    compress_at(codec, magic, None, bytes)
}

/// The same at a level of `compression.NAME.level`.
pub fn compress_at(codec: Codec, magic: i8, level: Option<i32>, bytes: &[u8]) -> Vec<u8> {
    const MEMORY: &str = "compressing into memory does not fail";
    match codec {
        Codec::None | Codec::Unknown(_) => bytes.to_vec(),
        Codec::Gzip => {
            let level = match level {
                Some(level @ 1..=9) => flate2::Compression::new(level as u32),
                _ => flate2::Compression::default(),
            };
            let mut out = flate2::write::GzEncoder::new(Vec::new(), level);
            out.write_all(bytes).expect(MEMORY);
            out.finish().expect(MEMORY)
        }
        Codec::Snappy => snappy::compress(bytes),
        Codec::Lz4 => lz4::compress(magic, bytes),
        Codec::Zstd => {
            let level = level.unwrap_or(3).clamp(-131_072, 22);
            let mut out = zstd::stream::write::Encoder::new(Vec::new(), level).expect(MEMORY);
            out.write_all(bytes).expect(MEMORY);
            out.finish().expect(MEMORY)
        }
    }
}

/// Unpacks at most `limit` bytes; more of them is an error, as is anything that is not of the codec.
pub fn decompress(
    codec: Codec,
    magic: i8,
    bytes: &[u8],
    limit: usize,
) -> Result<Vec<u8>, BatchError> {
    let wrong = |what: String| {
        let what = format!("not {codec} that can be read: {what}");
        BatchError::new(0, bytes.len(), "compressed_records", what)
    };
    match codec {
        Codec::None => Ok(bytes.to_vec()),
        Codec::Gzip => bounded(flate2::read::MultiGzDecoder::new(bytes), limit).map_err(wrong),
        Codec::Snappy => snappy::decompress(bytes, limit).map_err(wrong),
        Codec::Lz4 => lz4::decompress(magic, bytes, limit).map_err(wrong),
        Codec::Zstd => {
            let reader = zstd::stream::read::Decoder::with_buffer(bytes);
            let reader = reader.and_then(|mut reader| {
                reader.window_log_max(27)?; // 128 MiB: what a level up to 22 asks for
                Ok(reader)
            });
            bounded(reader.map_err(|error| wrong(error.to_string()))?, limit).map_err(wrong)
        }
        Codec::Unknown(_) => Err(wrong("Kafka does not know this number".into())),
    }
}

/// What a reader gives, unless it is more than `limit`.
fn bounded(reader: impl Read, limit: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    reader.take(limit as u64 + 1).read_to_end(&mut out).map_err(|error| error.to_string())?;
    match out.len() > limit {
        true => Err(too_much(limit)),
        false => Ok(out),
    }
}

/// The sentence of a bomb.
pub(super) fn too_much(limit: usize) -> String {
    format!("it unpacks to more than {limit} bytes")
}
