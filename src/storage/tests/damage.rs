//! Damaged directories and what the real broker made of them (Kafka 4.3.1): `before` is opened by us, and `.log`,
//! `.index` and `.timeindex` must then be those of `after`, byte for byte.
//!
//! The cases lie in `data/logs/damage-orders.tar.gz`: CASE/before with the partition, the checkpoints and the clean
//! flag; CASE/after with the log files; CASE/end_offset as the broker told it, or "refused" when it did not start.

use super::*;
use std::collections::BTreeMap;
use std::io::Read;

type Files = BTreeMap<String, Vec<u8>>;

fn cases() -> BTreeMap<String, Files> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/logs/damage-orders.tar.gz");
    let packed = std::fs::read(path).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
    let mut cases: BTreeMap<String, Files> = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_string();
        let Some((case, file)) = path.split_once('/') else { continue };
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if !file.is_empty() && !file.ends_with('/') {
            cases.entry(case.to_string()).or_default().insert(file.to_string(), bytes);
        }
    }
    cases
}

/// Opens `before` as a broker does and closes it again; answers log end and the files of the log.
fn start_and_stop(files: &Files) -> Result<(Offset, Files)> {
    let mut disk = Disk::memory();
    for (path, bytes) in files {
        let Some(path) = path.strip_prefix("before/") else { continue };
        match path.ends_with(".log") {
            true => {
                let file = disk.create(path)?;
                disk.append(file, bytes)?;
            }
            false => disk.replace(path, bytes)?,
        }
    }
    let partition = TopicPartition::parse("orders-0").unwrap();
    let points = read_offsets(&disk, RECOVERY_POINTS)?;
    let point =
        points.iter().find(|(tp, _)| *tp == partition).map_or(Offset(0), |(_, point)| *point);
    let clean = disk.exists(CLEAN_SHUTDOWN);
    let settings = [("internal.segment.bytes", "4500"), ("index.interval.bytes", "341")];
    let config = config(&settings);
    let mut log =
        Log::open(&mut disk, "orders-0", &partition, config, clean, point, &mut Vec::new())?;
    let starts = read_offsets(&disk, LOG_START_OFFSETS)?;
    if let Some((_, start)) = starts.iter().find(|(tp, _)| *tp == partition) {
        log.advance_log_start(&mut disk, *start, &mut Vec::new())?;
    }
    log.close(&mut disk, &mut Vec::new())?;
    let mut left = Files::new();
    for entry in disk.list("orders-0")? {
        if [".log", ".index", ".timeindex"].iter().any(|suffix| entry.name.ends_with(suffix)) {
            let bytes = disk.read_small(&format!("orders-0/{}", entry.name))?;
            left.insert(entry.name, bytes);
        }
    }
    Ok((log.log_end_offset(), left))
}

#[test]
fn damaged_logs_come_out_as_the_real_broker_left_them() {
    let mut wrong = Vec::new();
    let cases = cases();
    assert_eq!(cases.len(), 16);
    for (case, files) in cases {
        let told = String::from_utf8(files["end_offset"].clone()).unwrap();
        match (start_and_stop(&files), told.trim().parse::<i64>()) {
            (Ok((end, left)), Ok(told)) => {
                let want: Files = files
                    .iter()
                    .filter_map(|(path, bytes)| {
                        let name = path.strip_prefix("after/orders-0/")?;
                        let ours =
                            [".log", ".index", ".timeindex"].iter().any(|s| name.ends_with(s));
                        ours.then(|| (name.to_string(), bytes.clone()))
                    })
                    .collect();
                if end.0 != told || left != want {
                    let names =
                        want.keys().chain(left.keys()).filter(|n| want.get(*n) != left.get(*n));
                    let sizes: Vec<_> = names
                        .map(|n| (n, left.get(n).map(Vec::len), want.get(n).map(Vec::len)))
                        .collect();
                    wrong.push(format!("{case}: end {end}, told {told}; {sizes:?}"));
                }
            }
            (Err(_), Err(_)) => {}
            (Ok((end, _)), Err(_)) => {
                wrong.push(format!("{case}: we start with end {end}, Kafka does not"))
            }
            (Err(error), Ok(_)) => wrong.push(format!("{case}: Kafka starts, we do not: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
