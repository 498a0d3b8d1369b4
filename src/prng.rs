//! Chance, drawn by key.
//!
//! A stream of random numbers makes every later draw depend on how many were drawn before: change one rule and the
//! whole run changes. Here each draw is a hash of (seed, purpose, sender, receiver, ordinal), so two rule sets under
//! one seed see the same latencies for the same messages and stay comparable. The mixer is SplitMix64 (public domain),
//! applied once per word of the key.

/// What a draw is for. Two purposes never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u64)]
pub enum Purpose {
    /// How long a message travels.
    Latency = 1,
    /// An id that Kafka draws at random: topic, cluster, directory, member.
    Identity = 2,
    /// Where replica placement begins.
    Placement = 3,
    /// Which partition a keyless batch sticks to.
    StickyPartition = 4,
    /// What survives a power loss.
    PowerLoss = 5,
    /// Everything that a client leaves to chance: first broker asked, back-off jitter.
    Client = 6,
    /// What the simulator does.
    Simulation = 7,
    /// How much earlier a segment rolls (`segment.jitter.ms`).
    SegmentJitter = 8,
    /// How much longer than the others a voter waits before it stands for election.
    Election = 20,
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One draw of 64 bits.
pub fn draw(seed: u64, purpose: Purpose, from: u64, to: u64, ordinal: u64) -> u64 {
    let mut hash = mix(seed);
    for word in [purpose as u64, from, to, ordinal] {
        hash = mix(hash ^ word.wrapping_mul(0xff51_afd7_ed55_8ccd));
    }
    hash
}

/// One draw of `0..bound`; 0 if `bound` is 0. The bias is below 2⁻³² for bounds that fit 32 bits.
pub fn below(seed: u64, purpose: Purpose, from: u64, to: u64, ordinal: u64, bound: u64) -> u64 {
    let wide = u128::from(draw(seed, purpose, from, to, ordinal)) * u128::from(bound);
    (wide >> 64) as u64
}

/// Sixteen bytes, for ids.
pub fn bytes16(seed: u64, purpose: Purpose, from: u64, to: u64, ordinal: u64) -> [u8; 16] {
    let high = draw(seed, purpose, from, to, ordinal.wrapping_mul(2));
    let low = draw(seed, purpose, from, to, ordinal.wrapping_mul(2).wrapping_add(1));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_key_same_number_other_key_other_number() {
        let one = draw(7, Purpose::Latency, 1, 2, 3);
        assert_eq!(one, draw(7, Purpose::Latency, 1, 2, 3));
        for other in [
            draw(8, Purpose::Latency, 1, 2, 3),
            draw(7, Purpose::Identity, 1, 2, 3),
            draw(7, Purpose::Latency, 2, 1, 3),
            draw(7, Purpose::Latency, 1, 2, 4),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn below_is_even_and_bounded() {
        let mut counts = [0u32; 8];
        for ordinal in 0..8000 {
            counts[below(1, Purpose::Client, 1, 1, ordinal, 8) as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (850..1150).contains(&n)), "{counts:?}");
        assert_eq!(below(1, Purpose::Client, 1, 1, 1, 0), 0);
    }
}
