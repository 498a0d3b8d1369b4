//! Snappy as Java clients write it: not the stream format of Google's library but that of xerial's `snappy-java`.
//!
//! ```text
//!   82 "SNAPPY" 00 │ 00000001 version │ 00000001 compatible │ length │ raw snappy of ≤ 32 KiB │ length │ raw … │
//! ```
//!
//! Numbers are big-endian. Other clients sent raw snappy without any frame, and Kafka reads that too
//! (`SnappyInputStream`): so do we.

use super::codec::too_much;

const HEADER: [u8; 16] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
/// Bytes of input in one block (`SnappyOutputStream.DEFAULT_BLOCK_SIZE`).
const BLOCK_BYTES: usize = 32 << 10;

/// In xerial frames.
pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    let mut encoder = snap::raw::Encoder::new();
    for block in bytes.chunks(BLOCK_BYTES) {
        let packed = encoder.compress_vec(block).expect("32 KiB are no problem for snappy");
        out.extend((packed.len() as u32).to_be_bytes());
        out.extend(packed);
    }
    out
}

/// Framed or raw.
pub(super) fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let framed = bytes.len() >= HEADER.len() && bytes[..8] == HEADER[..8];
    if !framed {
        block(bytes, &mut out, limit)?;
        return Ok(out);
    }
    let mut at = HEADER.len();
    while at < bytes.len() {
        // Streams may be put one behind the other: then a header stands where a length should.
        if bytes[at..].starts_with(&HEADER[..8]) && bytes.len() - at >= HEADER.len() {
            at += HEADER.len();
            continue;
        }
        // Kafka's reader takes the end of the bytes inside a length for the end of the stream.
        let Some(length) = bytes.get(at..at + 4) else { break };
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        at += 4;
        if length > bytes.len() - at {
            let left = bytes.len() - at;
            return Err(format!("a block of {length} bytes, but only {left} are left"));
        }
        block(&bytes[at..at + length], &mut out, limit)?;
        at += length;
    }
    Ok(out)
}

fn block(packed: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), String> {
    let size = snap::raw::decompress_len(packed).map_err(|error| error.to_string())?;
    if size > limit - out.len() {
        return Err(too_much(limit));
    }
    // A copy of 2 bytes yields at most 64: a claim beyond that is refused before memory is taken for it.
    if size > packed.len().saturating_mul(64) {
        return Err(format!("{} bytes cannot unpack to {size}", packed.len()));
    }
    let start = out.len();
    out.resize(start + size, 0);
    let written = snap::raw::Decoder::new().decompress(packed, &mut out[start..]);
    written.map(|_| ()).map_err(|error| error.to_string())
}
