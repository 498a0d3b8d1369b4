//! Bytes that Kafka itself has read: a finished lab's files, batch by batch, against the text that the dump tool of
//! Kafka 4.3.1 printed of the same files (`data/proof`). Whoever changes a byte must let that tool read them again.

use super::*;
use crate::batch;
use crate::types::Language;
use std::io::Read;

fn dump(name: &str) -> String {
    let path = format!("{}/data/proof/{name}.dump-4.3.1.txt.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let packed = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text
}

/// A batch as the dump tool prints it.
fn line(position: u64, header: &batch::Header, content: &[u8]) -> String {
    format!(
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} producerId: {} producerEpoch: {} \
         partitionLeaderEpoch: {} isTransactional: {} isControl: {} deleteHorizonMs: OptionalLong.empty position: \
         {position} CreateTime: {} size: {} magic: 2 compresscodec: none crc: {} isvalid: {}",
        header.base_offset,
        header.last_offset(),
        header.records_count,
        header.base_sequence,
        header.last_sequence(),
        header.producer_id,
        header.producer_epoch,
        header.partition_leader_epoch,
        header.is_transactional(),
        header.is_control(),
        header.max_timestamp,
        header.size_bytes(),
        header.crc,
        batch::verify(content).is_ok(),
    )
}

/// A file as the dump tool prints it, records left out.
fn told(path: &str, bytes: &[u8]) -> Vec<String> {
    let name = path.rsplit('/').next().unwrap();
    let base: i64 = name.split('.').next().unwrap().parse().unwrap_or(0); // a snapshot has no base
    let i32_at = |entry: &[u8], at: usize| {
        i64::from(i32::from_be_bytes(entry[at..at + 4].try_into().unwrap()))
    };
    if name.ends_with(".timeindex") {
        let entry = |entry: &[u8]| {
            let timestamp = i64::from_be_bytes(entry[..8].try_into().unwrap());
            format!("timestamp: {timestamp} offset: {}", base + i32_at(entry, 8))
        };
        bytes.chunks_exact(12).map(entry).collect()
    } else if name.ends_with(".index") {
        let entry = |entry: &[u8]| {
            format!("offset: {} position: {}", base + i32_at(entry, 0), i32_at(entry, 4))
        };
        bytes.chunks_exact(8).map(entry).collect()
    } else {
        let batch = |item: Result<_, batch::BatchError>| {
            let (position, header, content): (crate::types::Position, batch::Header, &[u8]) =
                item.unwrap();
            line(u64::from(position.0), &header, content)
        };
        batch::batches(bytes).map(batch).collect()
    }
}

/// Plays a script and holds its files to what the dump tool printed of them.
fn compare(name: &str, script: &str, at_least: usize) {
    let mut session = Session::in_memory(Language::English);
    let end = run_script(name, script, &mut session, RunOptions::default(), &mut |_| {}, &|| false);
    assert!(end.error.is_none(), "{:?}", end.error);
    let mut lab = session.lab.take().unwrap();
    lab.close().unwrap();
    let (mut compared, mut file) = (0, String::new());
    let mut ours: Vec<String> = Vec::new();
    for theirs in dump(name).lines() {
        if let Some(path) = theirs.strip_prefix("Dumping ") {
            assert!(ours.is_empty(), "{file}: Kafka saw less: {ours:?}");
            file = path.to_owned();
            let bytes = lab.disk().read_small(path).unwrap();
            ours = told(path, &bytes);
            ours.reverse();
        } else if ["baseOffset: ", "offset: ", "timestamp: "]
            .iter()
            .any(|is| theirs.starts_with(is))
        {
            assert_eq!(ours.pop().as_deref(), Some(theirs), "{file}");
            compared += 1;
        }
    }
    assert!(ours.is_empty() && compared > at_least, "{compared} lines compared");
}

#[test]
fn kafkas_dump_tool_has_read_the_files_of_a_finished_lab() {
    compare("finished-lab", include_str!("../../data/proof/finished-lab.klab"), 1_500);
}

#[test]
fn kafkas_dump_tool_has_read_the_logs_and_snapshots_of_a_quorum() {
    compare("quorum", include_str!("../../data/proof/quorum.klab"), 40);
}

/// `metadata-shell --snapshot controller-3001/…/00000000000000000076-0000000006.checkpoint ls /image/topics/byName`
#[test]
fn kafkas_metadata_shell_has_read_a_snapshot_of_a_quorum() {
    use crate::coordination::kraft::MetadataRecord;
    let mut session = Session::in_memory(Language::English);
    let script = include_str!("../../data/proof/quorum.klab");
    let end =
        run_script("quorum", script, &mut session, RunOptions::default(), &mut |_| {}, &|| false);
    assert!(end.error.is_none(), "{:?}", end.error);
    let lab = session.lab.take().unwrap();
    let told = include_str!("../../data/proof/quorum.shell-4.3.1.txt");
    let (path, listed) = told.split_once('\n').unwrap();
    let bytes = lab.disk().read_small(path).unwrap();
    let mut topics = Vec::new();
    for batch in batch::batches(&bytes) {
        let (_, header, content) = batch.unwrap();
        for record in batch::records(content).unwrap().iter().filter(|_| !header.is_control()) {
            let value = record.value.as_deref().unwrap();
            if let MetadataRecord::Topic { name, .. } = MetadataRecord::decode(value).unwrap() {
                topics.push(name.to_string());
            }
        }
    }
    assert_eq!(topics, listed.lines().collect::<Vec<_>>());
}
