//! Codecs: how the records of a batch are compressed together (classes `CompressionType`, `Compression`).
//!
//! ```text
//!   bits 0–2   0 none   1 gzip          2 snappy                 3 lz4                       4 zstd (KIP-110)
//!                       one member      xerial blocks of 32 KiB  a frame, blocks of 64 KiB   one frame
//! ```
//!
//! What always holds: `decompress(compress(bytes)) == bytes`; decompressing never yields more than the limit asked for,
//! however little was there to begin with. Levels (KIP-390) exist for gzip, lz4 and zstd; our lz4 has one speed and
//! passes over its level. What trails behind a stream is no reason to refuse it, where it is none to Kafka's reader:
//! `GZIPInputStream` ends where no other member begins, `ZstdInputStream` where the bytes end behind a whole frame,
//! `SnappyInputStream` where fewer than four are left, the lz4 reader at the end mark.

use super::error::BatchError;
use super::{lz4, snappy};
use std::fmt;
use std::io::ErrorKind::UnexpectedEof;
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
        Codec::Gzip => gunzip(bytes, limit).map_err(wrong),
        Codec::Snappy => snappy::decompress(bytes, limit).map_err(wrong),
        Codec::Lz4 => lz4::decompress(magic, bytes, limit).map_err(wrong),
        Codec::Zstd => unzstd(bytes, limit).map_err(wrong),
        Codec::Unknown(_) => Err(wrong("Kafka does not know this number".into())),
    }
}

/// Appends what a reader gives, unless all is more than `limit` then.
fn bounded(mut reader: impl Read, out: &mut Vec<u8>, limit: usize) -> Result<(), std::io::Error> {
    let room = limit.saturating_sub(out.len()) as u64 + 1;
    (&mut reader).take(room).read_to_end(out)?;
    match out.len() > limit {
        true => Err(std::io::Error::other(too_much(limit))),
        false => Ok(()),
    }
}

/// Another member must have more bytes than its smallest header and trailer (`GZIPInputStream.readTrailer`).
const NEXT_MEMBER_BYTES: usize = 18;

/// All members. What trails behind the last and does not begin with a header is not looked at.
fn gunzip(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    loop {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        if rest.len() < bytes.len() && member.header().is_none() {
            return Ok(out);
        }
        bounded(&mut member, &mut out, limit).map_err(|error| error.to_string())?;
        rest = member.into_inner();
        if rest.len() <= NEXT_MEMBER_BYTES {
            return Ok(out);
        }
    }
}

/// All frames. Behind a whole frame the bytes may end anywhere; what is no frame there is an error.
fn unzstd(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let (mut out, mut rest) = (Vec::new(), bytes);
    loop {
        let mut frame = zstd::stream::read::Decoder::with_buffer(rest)
            .map_err(|error| error.to_string())?
            .single_frame();
        frame.window_log_max(27).map_err(|error| error.to_string())?; // 128 MiB: a level up to 22 asks for it
        match bounded(&mut frame, &mut out, limit) {
            Ok(()) => {}
            Err(error) if error.kind() == UnexpectedEof && rest.len() < bytes.len() => {
                return Ok(out);
            }
            Err(error) => return Err(error.to_string()),
        }
        let left = frame.finish();
        if left.is_empty() || left.len() == rest.len() {
            return Ok(out);
        }
        rest = left;
    }
}

/// The sentence of a bomb.
pub(super) fn too_much(limit: usize) -> String {
    format!("it unpacks to more than {limit} bytes")
}
