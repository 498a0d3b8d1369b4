//! Hostile bytes for every format and codec: every prefix, every flipped byte, lengths of nothing, minus one and most,
//! and small inputs that would unpack to gigabytes. Never a panic, never more memory than the limit.

use super::*;
use crate::types::{LeaderEpoch, Offset, Timestamp};
use proptest::prelude::*;

const TIME: Timestamp = Timestamp(1_704_067_200_000);

/// One entry of each format and codec, three records in each.
fn samples() -> Vec<(i8, Codec, Vec<u8>)> {
    let mut all = Vec::new();
    for codec in Codec::ALL {
        let mut batch = BatchBuilder::new(Offset(70))
            .with_epoch(LeaderEpoch(3))
            .with_producer(9, 1, 5)
            .compressed(codec, None);
        for n in 0..3 {
            batch.push(&NewRecord {
                timestamp: Timestamp(TIME.0 + n),
                key: (n > 0).then(|| b"key".to_vec()),
                value: Some(b"three apples, three apples".to_vec()),
                headers: vec![("h".into(), None)],
            });
        }
        all.push((2, codec, batch.build()));
        for magic in [0, 1] {
            if codec == Codec::Zstd {
                continue;
            }
            let mut set = MessageSetBuilder::new(magic, codec, Offset(70));
            let count = if codec == Codec::None { 1 } else { 3 };
            for n in 0..count {
                let value = Some(&b"three apples, three apples"[..]);
                set.push_parts(Offset(70 + n), TIME, (n > 0).then_some(&b"key"[..]), value);
            }
            all.push((magic, codec, set.build()));
        }
    }
    all
}

/// Everything that reads is asked to.
fn read_all(bytes: &[u8]) -> bool {
    let total: usize = fields(bytes).iter().map(|field| field.width).sum();
    assert_eq!(total, bytes.len());
    if let Ok(Some(unpacked)) = unpacked(bytes) {
        let total: usize = unpacked.fields.iter().map(|field| field.width).sum();
        assert_eq!(total, unpacked.bytes.len());
    }
    let mut good = false;
    for entry in entries(bytes) {
        match entry {
            Ok(entry) => {
                good = entry.checksum_holds();
                let _ = (entry.base_offset(), entry.verify());
                if let Err(error) = entry.records() {
                    assert!(!error.field.is_empty() && !error.to_string().is_empty());
                    good = false;
                }
            }
            Err(error) => assert!(!error.field.is_empty()),
        }
    }
    good
}

#[test]
fn samples_are_read_back_and_every_prefix_is_an_error() {
    for (magic, codec, bytes) in samples() {
        assert!(read_all(&bytes), "{magic} {codec}");
        let records = records(&bytes).unwrap();
        let first = records.first().unwrap();
        assert_eq!(
            (first.offset, &first.value.as_deref().unwrap()[..5]),
            (Offset(70), &b"three"[..])
        );
        assert_eq!(Entry::parse(&bytes).unwrap().base_offset(), Ok(Offset(70)));
        for cut in 0..bytes.len() {
            assert!(!read_all(&bytes[..cut]), "{magic} {codec} {cut}");
            assert!(verify(&bytes[..cut]).is_err());
        }
    }
}

#[test]
fn every_flipped_byte_is_read_or_refused_and_the_checksum_finds_it() {
    for (magic, codec, good) in samples() {
        for at in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                let fine = read_all(&bad);
                // Offset, and in format 2 the leader's epoch, are the leader's to set. The checksum of format 2 does
                // not cover the magic byte, but another magic is read otherwise.
                let free = at < 8 || (magic == 2 && (12..16).contains(&at));
                assert!(!fine || free, "{magic} {codec} byte {at}");
            }
        }
    }
}

#[test]
fn lengths_of_nothing_minus_one_and_most_are_refused_everywhere() {
    for (magic, codec, good) in samples() {
        for at in 8..good.len() - 4 {
            for value in [0, -1, i32::MAX, i32::MIN] {
                let mut bad = good.clone();
                bad[at..at + 4].copy_from_slice(&value.to_be_bytes());
                read_all(&bad);
                let mut sealed = bad.clone();
                if magic == 2 {
                    build::put_crc(&mut sealed);
                } else {
                    message::put_message_crc(&mut sealed);
                }
                read_all(&sealed); // with a fitting checksum, so that nothing is refused for that alone
            }
        }
        let _ = codec;
    }
}

#[test]
fn a_small_bomb_unpacks_to_no_more_than_the_limit() {
    let zeros = vec![0u8; 8 << 20];
    for codec in Codec::ALL.into_iter().filter(|codec| *codec != Codec::None) {
        for magic in [0, 1, 2] {
            let packed = compress(codec, magic, &zeros);
            assert_eq!(decompress(codec, magic, &packed, zeros.len()).unwrap(), zeros);
            let error = decompress(codec, magic, &packed, 1 << 20).unwrap_err();
            assert!(error.what.contains("more than 1048576 bytes"), "{codec}: {error}");
            let error = decompress(codec, magic, &packed, zeros.len() - 1).unwrap_err();
            assert!(error.what.contains("more than"), "{codec}: {error}");
        }
    }
    // Raw snappy that claims four gigabytes in six bytes.
    let claim = [0xff, 0xff, 0xff, 0xff, 0x0f, 0x00];
    assert!(decompress(Codec::Snappy, 2, &claim, usize::MAX).is_err());
}

#[test]
fn a_lz4_header_checksum_is_wrong_in_format_0_and_right_behind_it() {
    let bytes = b"three apples, three apples, three apples";
    let (old, new) = (compress(Codec::Lz4, 0, bytes), compress(Codec::Lz4, 1, bytes));
    assert_eq!((old[6], new[6], &old[7..]), (0x1a, 0x82, &new[7..]));
    assert!(decompress(Codec::Lz4, 0, &new, 100).is_ok(), "format 0 passes over the byte");
    let error = decompress(Codec::Lz4, 1, &old, 100).unwrap_err();
    assert!(error.what.contains("checksum of the frame's header"), "{error}");
}

#[test]
fn raw_snappy_is_read_too() {
    let bytes = b"three apples, three apples, three apples";
    let raw = snap::raw::Encoder::new().compress_vec(bytes).unwrap();
    assert_eq!(decompress(Codec::Snappy, 2, &raw, 100).unwrap(), bytes);
    let twice = [compress(Codec::Snappy, 2, bytes), compress(Codec::Snappy, 2, bytes)].concat();
    assert_eq!(decompress(Codec::Snappy, 2, &twice, 100).unwrap(), [&bytes[..], bytes].concat());
}

#[test]
fn what_trails_behind_a_stream_is_passed_over_where_kafka_passes_over_it() {
    let bytes = b"three apples, three apples, three apples";
    let read = |codec, tail: &[u8]| {
        let packed = [&compress(codec, 2, bytes)[..], tail].concat();
        decompress(codec, 2, &packed, 100)
    };
    let tails: [(Codec, &[u8]); 7] = [
        (Codec::Gzip, b"junk"),
        (Codec::Gzip, &[0; 64]),
        (Codec::Gzip, &[0x1f; 40]),
        (Codec::Snappy, &[0, 0]),
        (Codec::Zstd, &[0x28, 0xb5, 0x2f]),
        (Codec::Lz4, b"junk"),
        (Codec::Zstd, &[]),
    ];
    for (codec, tail) in tails {
        assert_eq!(read(codec, tail).unwrap(), bytes, "{codec} and {tail:?}");
    }
    for (codec, tail) in [(Codec::Zstd, &b"junk"[..]), (Codec::Snappy, &[0, 0, 0, 5, b'a'])] {
        assert!(read(codec, tail).is_err(), "{codec} and {tail:?}");
    }
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Zstd] {
        let again = read(codec, &compress(codec, 2, bytes)).unwrap();
        assert_eq!(again, [&bytes[..], bytes].concat(), "{codec}: one stream behind the other");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn packing_and_unpacking_gives_the_bytes_back(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        repeat in 1usize..800,
        level in -2i32..23,
    ) {
        let bytes = bytes.repeat(repeat);
        for codec in Codec::ALL {
            for magic in 0..3 {
                let packed = compress_at(codec, magic, Some(level), &bytes);
                prop_assert_eq!(&decompress(codec, magic, &packed, bytes.len()).unwrap(), &bytes);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_unpacked_within_the_limit(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        keep in 0usize..20,
    ) {
        for codec in Codec::ALL {
            let mut packed = compress(codec, 2, b"three apples, three apples");
            packed.truncate(keep);
            packed.extend(&bytes);
            if let Ok(unpacked) = decompress(codec, 2, &packed, 4096) {
                prop_assert!(unpacked.len() <= 4096);
            }
        }
    }
}

/// A run of records says what their views say, whatever the bytes are.
#[test]
fn a_run_is_its_views() {
    let mut builder = BatchBuilder::new(Offset(7));
    let long = vec![b'x'; 20_000];
    let headers = [("h".to_string(), Some(b"v".to_vec()))];
    builder.push_parts(Offset(7), Timestamp(1_000), Some(b"k"), Some(b"v"), &[]);
    builder.push_parts(Offset(8), Timestamp(900), None, Some(&long), &[]);
    builder.push_parts(Offset(9), Timestamp(9_000_000_000_000), Some(&long[..70]), None, &headers);
    builder.push_parts(Offset(10), Timestamp(1_001), Some(b""), Some(b""), &[]);
    let whole = builder.build();
    // Runs, and the records between them, until the end or an error; whether any run was longer than nothing.
    let same = |bytes: &[u8]| -> bool {
        let Ok(mut ahead) = iterate(bytes) else { return false };
        let (mut views, mut ran) = (iterate(bytes).unwrap(), false);
        loop {
            let run = ahead.run();
            let seen: Vec<_> =
                views.by_ref().take(run.count as usize).map(Result::unwrap).collect();
            if let Some(first) = seen.first() {
                ran = true;
                let offsets = seen.iter().map(|view| view.offset.0);
                assert!(offsets.eq(first.offset.0..first.offset.0 + i64::from(run.count)));
                let times = seen.iter().map(|view| view.timestamp);
                let want = (first.offset, times.clone().min().unwrap(), times.max().unwrap());
                assert_eq!((run.first_offset, run.least, run.greatest), want);
                assert_eq!(run.all_keys, seen.iter().all(|view| view.key.is_some()));
            }
            let (one, other) = (ahead.next(), views.next());
            assert_eq!(one, other);
            if one.is_none() {
                return ran;
            }
        }
    };
    assert!(same(&whole));
    for at in HEADER_SIZE_BYTES..whole.len() {
        if (300..whole.len() - 400).contains(&at) {
            continue; // inside the long value
        }
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            same(&bytes);
        }
    }
}
