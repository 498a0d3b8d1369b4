//! Files of a real broker (Kafka 4.3.1, `data/logs`): their indexes are made again from their logs, bit for bit.

use super::*;
use std::collections::BTreeMap;
use std::io::Read;

/// The files of the real directory by path.
fn real_files() -> BTreeMap<String, Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/logs/kraft-4.3-plain-broker-3.tar.gz");
    let packed = std::fs::read(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(entry.path().unwrap().to_str().unwrap().to_string(), bytes);
        }
    }
    files
}

/// Appends the batches of a real segment to a log of our own, with a kill and a start before batch `killed_at`, and
/// answers our `.log`, `.index` and `.timeindex`.
fn regenerate(base: Offset, bytes: &[u8], killed_at: Option<usize>) -> [Vec<u8>; 3] {
    let mut disk = Disk::memory();
    let mut log = create(&mut disk, &[("index.interval.bytes", "512")]);
    log.truncate_fully_and_start_at(&mut disk, base, &mut Vec::new()).unwrap();
    for (n, batch) in crate::batch::batches(bytes).enumerate() {
        if killed_at == Some(n) {
            let config = log.config().clone();
            let events = &mut Vec::new();
            let directory = log.directory().to_string();
            log = Log::open(&mut disk, &directory, &partition(), config, false, base, events)
                .unwrap();
        }
        let (_, _, batch) = batch.unwrap();
        log.append_as_follower(&mut disk, batch, NOW, &mut Vec::new()).unwrap();
    }
    log.close(&mut disk, &mut Vec::new()).unwrap();
    [".log", ".index", ".timeindex"].map(|suffix| {
        disk.read_small(&format!("{}/{}", log.directory(), file_name(base, suffix))).unwrap()
    })
}

/// Broker 3 was killed once: two segments were recovered in the middle, which restarts the interval counter. They
/// come out right only with a kill at one certain batch; the other eight as they were written.
#[test]
fn indexes_of_a_real_broker_are_regenerated_bit_for_bit() {
    let files = real_files();
    let mut killed = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".log")) {
        let stem = path.trim_end_matches(".log");
        let base = Offset(stem.rsplit('/').next().unwrap().parse().unwrap());
        let real = [".log", ".index", ".timeindex"]
            .map(|suffix| files[&format!("{stem}{suffix}")].clone());
        if regenerate(base, bytes, None) != real {
            let batches = crate::batch::batches(bytes).count();
            let at: Vec<usize> =
                (1..batches).filter(|&n| regenerate(base, bytes, Some(n)) == real).collect();
            assert_eq!(at.len(), 1, "{path}: {at:?}");
            killed.push(path.as_str());
        }
    }
    assert_eq!(killed, ["plain-0/00000000000000000285.log", "plain-1/00000000000000000269.log"]);
}

#[test]
fn real_directory_opens_and_every_offset_is_found() {
    let mut disk = Disk::memory();
    for (path, bytes) in real_files() {
        match path.ends_with(".log") {
            true => {
                let file = disk.create(&path).unwrap();
                disk.append(file, &bytes).unwrap();
            }
            false => disk.replace(&path, &bytes).unwrap(),
        }
    }
    for (name, end) in [("plain-0", 395), ("plain-1", 411)] {
        let tp = TopicPartition::parse(name).unwrap();
        let log = Log::look(&mut disk, name, &tp, LogConfig::default()).unwrap();
        assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(0), Offset(end)));
        assert_eq!(log.topic_id(), Uuid::parse("_k1b40DUR2S61TG8E4J64A").unwrap());
        assert_eq!(log.epochs().entries().len(), 5);
        for offset in 0..end {
            let found = log.translate_offset(&disk, Offset(offset));
            let LookupStep::Found { base_offset, last_offset, .. } = found else {
                panic!("{name} {offset}: {found:?}")
            };
            assert!(base_offset.0 <= offset && offset <= last_offset.0);
        }
    }
}
