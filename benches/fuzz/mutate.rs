//! How inputs are made from real files: small damages, and checksums and lengths put right again, so that what is deep
//! inside gets its share.

/// Chance by key: (seed, target, number of the execution).
pub struct Chance(u64);

impl Chance {
    /// Chance of one execution.
    pub fn new(seed: u64, name: &str, number: u64) -> Chance {
        let mut state = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for byte in name.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut chance = Chance(state | 1);
        chance.next();
        chance
    }

    /// The next 64 bits (xorshift64*).
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below a bound; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound.max(1)
    }
}

/// What is put right after the damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing: the format has no checksum.
    None,
    /// Sizes and checksums of log entries of any format.
    Entries,
    /// The checksum of a producer snapshot.
    Snapshot,
}

const NUMBERS: [i64; 14] = [
    0,
    1,
    -1,
    2,
    61,
    127,
    128,
    255,
    32_767,
    65_536,
    2_147_483_647,
    -2_147_483_648,
    i64::MAX,
    i64::MIN,
];
const WORDS: [&str; 12] = [
    "\n",
    " ",
    "=",
    "{",
    "}",
    "-1",
    "99999999999999999999",
    "\u{0}",
    "```",
    "---",
    "\u{4f60}",
    "\"",
];
const MOST_BYTES: usize = 256 << 10;

/// An input: a real one with one to eight damages.
pub fn mutate(chance: &mut Chance, seeds: &[Vec<u8>], repair: Repair) -> Vec<u8> {
    let mut bytes = seeds[chance.below(seeds.len())].clone();
    for _ in 0..1 + chance.below(8) {
        damage(chance, &mut bytes, seeds);
    }
    bytes.truncate(MOST_BYTES);
    if chance.below(10) < 7 {
        match repair {
            Repair::None => {}
            Repair::Entries => repair_entries(&mut bytes),
            Repair::Snapshot => repair_snapshot(&mut bytes),
        }
    }
    bytes
}

fn damage(chance: &mut Chance, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    // Headers are where structure is: half of the damages hit the first hundred bytes.
    let reach = if chance.below(2) == 0 { bytes.len().min(100) } else { bytes.len() };
    let at = chance.below(reach);
    match chance.below(11) {
        0..=1 if !bytes.is_empty() => bytes[at] ^= 1 << chance.below(8),
        2 if !bytes.is_empty() => bytes[at] = chance.next() as u8,
        3..=4 if !bytes.is_empty() => {
            let width = [1, 2, 4, 8][chance.below(4)];
            let number = match chance.below(4) {
                0 => bytes.len() as i64 + chance.below(9) as i64 - 4,
                _ => NUMBERS[chance.below(NUMBERS.len())],
            };
            for (to, from) in bytes[at..].iter_mut().zip(&number.to_be_bytes()[8 - width..]) {
                *to = *from;
            }
        }
        5 => bytes.truncate(at),
        6 => {
            let end = (at + 1 + chance.below(64)).min(bytes.len());
            bytes.drain(at..end.max(at));
        }
        7 => {
            let word = match chance.below(2) {
                0 => WORDS[chance.below(WORDS.len())].as_bytes().to_vec(),
                _ => (0..1 + chance.below(16)).map(|_| chance.next() as u8).collect(),
            };
            bytes.splice(at..at, word);
        }
        8 => {
            let end = (at + 1 + chance.below(256)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            let to = chance.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        9 => {
            let other = &seeds[chance.below(seeds.len())];
            let from = chance.below(other.len());
            let end = (from + 1 + chance.below(512)).min(other.len());
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        _ => {
            let other = &seeds[chance.below(seeds.len())];
            bytes.truncate(at);
            let from = at.min(other.len());
            bytes.extend_from_slice(&other[from..]);
        }
    }
}

fn i32_at(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..at + 4).map(|four| i32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}

/// Walks over the entries; one whose size leads beyond the end gets what is left; checksums of every format follow.
fn repair_entries(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(length) = i32_at(bytes, at + 8) {
        let left = bytes.len() - at - 12;
        let length = match usize::try_from(length) {
            Ok(length) if length <= left && length >= 14 => length,
            _ => {
                bytes[at + 8..at + 12].copy_from_slice(&(left as u32).to_be_bytes());
                left
            }
        };
        let entry = &mut bytes[at..at + 12 + length];
        match entry.get(16) {
            Some(2) if entry.len() > 21 => {
                let crc = crc32c::crc32c(&entry[21..]);
                entry[17..21].copy_from_slice(&crc.to_be_bytes());
            }
            Some(0 | 1) => {
                let crc = crc32fast::hash(&entry[16..]);
                entry[12..16].copy_from_slice(&crc.to_be_bytes());
            }
            _ => {}
        }
        at += 12 + length;
    }
}

fn repair_snapshot(bytes: &mut [u8]) {
    if bytes.len() > 6 {
        let crc = crc32c::crc32c(&bytes[6..]);
        bytes[2..6].copy_from_slice(&crc.to_be_bytes());
    }
}

/// The same finding with fewer bytes: pieces are left out as long as it stays.
pub fn smaller(input: &[u8], same: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut small = input.to_vec();
    let mut piece = small.len() / 2;
    let mut tries = 0;
    while piece > 0 && tries < 3000 {
        let mut at = 0;
        while at < small.len() && tries < 3000 {
            let mut shorter = small.clone();
            shorter.drain(at..(at + piece).min(small.len()));
            tries += 1;
            if same(&shorter) {
                small = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    small
}
