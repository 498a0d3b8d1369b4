//! LZ4 frames as Kafka writes them (classes `Lz4BlockOutputStream`, `Lz4BlockInputStream`); the blocks by a crate.
//!
//! ```text
//!   04 22 4d 18 │ flags 60 │ block size 40 │ HC │ length │ block of ≤ 64 KiB │ … │ 00 00 00 00
//!     magic        independent    64 KiB     ▲     top bit set: stored as it was      end
//!                                            └ second byte of xxHash-32
//! ```
//!
//! HC must cover flags and block size alone. Kafka's first client, in format 0, took the magic number in as well; such
//! frames are still written for format 0, and readers of format 0 pass over the byte (KIP-57).

use super::codec::too_much;

const MAGIC: u32 = 0x184d_2204;
const FLAGS: u8 = 0x60; // version 1, blocks independent of each other
const BLOCK_64_KIB: u8 = 0x40;
const BLOCK_BYTES: usize = 64 << 10;
const STORED: u32 = 1 << 31;

/// One frame; the header checksum as format `magic` has it.
pub(super) fn compress(magic: i8, bytes: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_le_bytes().to_vec();
    out.extend([FLAGS, BLOCK_64_KIB]);
    let covered = if magic == 0 { &out[..] } else { &out[4..] };
    out.push((xxh32(covered) >> 8) as u8);
    for block in bytes.chunks(BLOCK_BYTES) {
        let packed = lz4_flex::block::compress(block);
        if packed.len() >= block.len() {
            out.extend((block.len() as u32 | STORED).to_le_bytes());
            out.extend(block);
        } else {
            out.extend((packed.len() as u32).to_le_bytes());
            out.extend(packed);
        }
    }
    out.extend([0; 4]);
    out
}

fn number(bytes: &[u8], at: usize) -> Result<u32, String> {
    let four = bytes.get(at..).and_then(|rest| rest.get(..4));
    let four = four.ok_or("the stream ends too early")?;
    Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// Reads one frame up to its end mark; what lies behind it is not looked at, as in Kafka.
pub(super) fn decompress(magic: i8, bytes: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    if number(bytes, 0)? != MAGIC {
        return Err("it does not begin with the magic number of lz4 frames".into());
    }
    let (Some(&flags), Some(&descriptor)) = (bytes.get(4), bytes.get(5)) else {
        return Err("the stream ends too early".into());
    };
    if flags >> 6 != 1 || flags & 0x03 != 0 {
        return Err(format!("the frame's flags are {flags:#04x}"));
    }
    if flags & 0x20 == 0 {
        return Err("its blocks depend on each other, which Kafka does not read".into());
    }
    let (block_checksums, content_size) = (flags & 0x10 != 0, flags & 0x08 != 0);
    let most = match descriptor >> 4 {
        size @ 4..=7 if descriptor & 0x0f == 0 => 1usize << (8 + 2 * size),
        _ => return Err(format!("the frame's block size is {descriptor:#04x}")),
    };
    let checksum_at = if content_size { 14 } else { 6 };
    let &checksum = bytes.get(checksum_at).ok_or("the stream ends too early")?;
    if magic != 0 && checksum != (xxh32(&bytes[4..checksum_at]) >> 8) as u8 {
        return Err("the checksum of the frame's header is wrong".into());
    }
    let mut at = checksum_at + 1;
    let mut out = Vec::new();
    let mut room = Vec::new();
    loop {
        let length = number(bytes, at)?;
        at += 4;
        let (stored, length) = (length & STORED != 0, (length & !STORED) as usize);
        if length == 0 {
            return Ok(out);
        }
        if length > most {
            return Err(format!("a block of {length} bytes in a frame of {most}"));
        }
        let block = bytes.get(at..at + length).ok_or("the stream ends too early")?;
        at += length;
        if stored {
            out.extend(block);
        } else {
            room.resize(most, 0);
            let size = lz4_flex::block::decompress_into(block, &mut room);
            out.extend(&room[..size.map_err(|error| error.to_string())?]);
        }
        if block_checksums {
            if number(bytes, at)? != xxh32(block) {
                return Err("the checksum of a block is wrong".into());
            }
            at += 4;
        }
        if out.len() > limit {
            return Err(too_much(limit));
        }
    }
}

/// xxHash with 32 bits and seed 0 (the public algorithm by Yann Collet).
fn xxh32(bytes: &[u8]) -> u32 {
    const P: [u32; 5] = [2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393];
    let word = |at: &[u8]| u32::from_le_bytes([at[0], at[1], at[2], at[3]]);
    let (stripes, rest) = bytes.split_at(bytes.len() / 16 * 16);
    let mut hash = P[4];
    if !stripes.is_empty() {
        let mut lanes = [P[0].wrapping_add(P[1]), P[1], 0, 0u32.wrapping_sub(P[0])];
        for stripe in stripes.chunks_exact(16) {
            for (lane, input) in lanes.iter_mut().zip(stripe.chunks_exact(4)) {
                let mixed = lane.wrapping_add(word(input).wrapping_mul(P[1]));
                *lane = mixed.rotate_left(13).wrapping_mul(P[0]);
            }
        }
        hash = (lanes.iter().zip([1, 7, 12, 18]))
            .fold(0u32, |sum, (lane, turn)| sum.wrapping_add(lane.rotate_left(turn)));
    }
    hash = hash.wrapping_add(bytes.len() as u32);
    let words = rest.chunks_exact(4);
    let last = words.remainder();
    for input in words {
        hash = hash.wrapping_add(word(input).wrapping_mul(P[2]));
        hash = hash.rotate_left(17).wrapping_mul(P[3]);
    }
    for &byte in last {
        hash = hash.wrapping_add(u32::from(byte).wrapping_mul(P[4]));
        hash = hash.rotate_left(11).wrapping_mul(P[0]);
    }
    hash = (hash ^ (hash >> 15)).wrapping_mul(P[1]);
    hash = (hash ^ (hash >> 13)).wrapping_mul(P[2]);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::xxh32;

    #[test]
    fn the_hash_gives_the_known_answers() {
        assert_eq!(xxh32(b""), 0x02cc_5d05);
        assert_eq!(xxh32(b"a"), 0x550d_7456);
        assert_eq!(xxh32(b"Nobody inspects the spammish repetition"), 0xe229_3b2f);
        assert_eq!((xxh32(&[0x60, 0x40]) >> 8) as u8, 0x82, "the header that everybody knows");
    }
}
