//! Hostile bytes in the small files of a log directory: each prefix, each flipped byte, lengths and numbers out of all
//! proportion. A file is read, or an error names it and a range within it; never a panic.

use super::*;

/// What is done to a sound text.
fn hostile(sound: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![Vec::new(), vec![0; 5000], vec![b'9'; 5000], vec![0xff; 40]];
    all.extend((0..sound.len()).map(|end| sound[..end].to_vec()));
    for at in 0..sound.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = sound.to_vec();
            bytes[at] ^= flip;
            all.push(bytes);
        }
        let digits = ["-1", "99999999999999999999999", "9223372036854775807", " ", "\n", "=", "\r"];
        for digits in digits {
            let mut bytes = sound[..at].to_vec();
            bytes.extend_from_slice(digits.as_bytes());
            bytes.extend_from_slice(&sound[at + 1..]);
            all.push(bytes);
        }
    }
    all
}

/// Reads each hostile form; `read` says how.
fn survives<T>(path: &str, sound: &[u8], read: impl Fn(&Disk) -> Result<T>) {
    let mut disk = Disk::memory();
    disk.replace(path, sound).unwrap();
    assert!(read(&disk).is_ok(), "{path}");
    let (mut good, mut bad) = (0, 0);
    for bytes in hostile(sound) {
        disk.replace(path, &bytes).unwrap();
        match read(&disk) {
            Ok(_) => good += 1,
            Err(error) => {
                bad += 1;
                assert_eq!(error.path, path);
                assert!(error.start <= error.end && error.end <= bytes.len() as u64, "{error}");
                assert!(!error.field.is_empty() && !error.to_string().is_empty());
            }
        }
    }
    assert!(good > 0 && bad > 0, "{path}: {good} read, {bad} refused");
}

#[test]
fn checkpoints_of_offsets_are_read_or_refused_with_a_place() {
    let text = b"0\n3\norders 0 225\nledger 0 112\n__transaction_state 0 96\n";
    survives(RECOVERY_POINTS, text, |disk| read_offsets(disk, RECOVERY_POINTS));
}

#[test]
fn leader_epochs_are_read_or_refused_and_always_rise() {
    let path = "orders-0/leader-epoch-checkpoint";
    survives(path, b"0\n3\n0 0\n4 120\n7 225\n", |disk| {
        let cache = EpochCache::open(disk, path)?;
        let rising = |pair: &[EpochEntry]| {
            pair[0].epoch < pair[1].epoch && pair[0].start_offset < pair[1].start_offset
        };
        assert!(cache.entries().windows(2).all(rising), "{:?}", cache.entries());
        Ok(cache)
    });
}

#[test]
fn partition_metadata_is_read_or_refused_with_a_place() {
    let text = b"version: 0\ntopic_id: _k1b40DUR2S61TG8E4J64A";
    survives("orders-0/partition.metadata", text, |disk| read_partition_metadata(disk, "orders-0"));
}

#[test]
fn meta_properties_are_read_or_refused_with_a_place() {
    let text = b"#\n#Mon Jan 01 00:00:00 UTC 2024\nnode.id=1\ndirectory.id=_k1b40DUR2S61TG8E4J64A\nversion=1\n\
        cluster.id=klab\n";
    survives(META_PROPERTIES, text, |disk| read_meta_properties(disk, META_PROPERTIES));
    let old = b"#\n#Fri Nov 20 08:44:50 UTC 2026\nbroker.id=0\nversion=0\n";
    survives(META_PROPERTIES, old, |disk| read_meta_properties(disk, META_PROPERTIES));
}

#[test]
fn any_clean_flag_counts_whatever_is_in_it() {
    let mut disk = Disk::memory();
    for bytes in hostile(b"{\"version\":0,\"brokerEpoch\":218}") {
        disk.replace(CLEAN_SHUTDOWN, &bytes).unwrap();
        disk.replace(&format!("d/{CLEAN_SHUTDOWN}"), &bytes).unwrap();
        assert!(read_clean_shutdown(&disk, "d").is_some());
    }
}
