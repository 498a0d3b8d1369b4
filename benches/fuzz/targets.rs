//! What is fuzzed: each decoder with where its inputs come from and what of them is put right after the damage.

use crate::corpus::Corpus;
use crate::mutate::Repair;
use crate::place;
use klab::batch::{self, Codec, ControlType};
use klab::coordination::kraft::MetadataRecord;
use klab::disk::Disk;
use klab::dump::Options;
use klab::group::{GroupRecord, Subscription, decode_assignment};
use klab::inspect::{self, Inspection};
use klab::lesson;
use klab::schema::{self, Topic};
use klab::script::{self, NoNames};
use klab::storage::{
    EpochCache, Log, LogConfig, OffsetIndex, TimeIndex, file_name, producer_snapshot,
    read_clean_shutdown, read_meta_properties, read_offsets, read_partition_metadata,
    transaction_index,
};
use klab::trace::Canvas;
use klab::types::{Language, Offset, Timestamp, TopicName, TopicPartition};

/// One decoder.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// What is given to it.
    pub what: &'static str,
    /// What is put right after the damage.
    pub repair: Repair,
    /// Real inputs.
    pub seeds: fn(&Corpus) -> Vec<Vec<u8>>,
    /// Decodes.
    pub run: fn(&[u8]),
}

const fn target(
    name: &'static str,
    what: &'static str,
    repair: Repair,
    seeds: fn(&Corpus) -> Vec<Vec<u8>>,
    run: fn(&[u8]),
) -> Target {
    Target { name, what, repair, seeds, run }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target(
        "batch",
        "one log entry: header, records, fields",
        Repair::Entries,
        Corpus::entries,
        batch_one,
    ),
    target(
        "segment",
        "a .log file, batch by batch",
        Repair::Entries,
        |c| c.ending(".log"),
        segment,
    ),
    target(
        "entries",
        "a log of any format: headers, records, codecs",
        Repair::Entries,
        |c| c.ending(".log"),
        entries,
    ),
    target("entry", "one entry of any format, unpacked", Repair::Entries, Corpus::entries, entries),
    target(
        "gzip",
        "compressed records",
        Repair::None,
        |c| packed(c, Codec::Gzip),
        |b| unpack(Codec::Gzip, b),
    ),
    target(
        "snappy",
        "compressed records",
        Repair::None,
        |c| packed(c, Codec::Snappy),
        |b| unpack(Codec::Snappy, b),
    ),
    target(
        "lz4",
        "compressed records",
        Repair::None,
        |c| packed(c, Codec::Lz4),
        |b| unpack(Codec::Lz4, b),
    ),
    target(
        "zstd",
        "compressed records",
        Repair::None,
        |c| packed(c, Codec::Zstd),
        |b| unpack(Codec::Zstd, b),
    ),
    target("control", "the key of a control record", Repair::None, payloads, |b| {
        let _ = ControlType::from_key(b);
    }),
    target(
        "offset-index",
        "an .index: open, look up, truncate",
        Repair::None,
        |c| c.ending(".index"),
        offset_index,
    ),
    target(
        "time-index",
        "a .timeindex: open, look up",
        Repair::None,
        |c| c.ending(".timeindex"),
        time_index,
    ),
    target(
        "transaction-index",
        "a .txnindex",
        Repair::None,
        |c| c.ending(".txnindex"),
        transactions,
    ),
    target(
        "producer-snapshot",
        "a .snapshot of producers",
        Repair::Snapshot,
        |c| c.ending(".snapshot"),
        snapshot,
    ),
    target(
        "epochs",
        "leader-epoch-checkpoint",
        Repair::None,
        |c| c.ending("leader-epoch-checkpoint"),
        epochs,
    ),
    target(
        "offset-checkpoint",
        "recovery points and their like",
        Repair::None,
        |c| c.ending("offset-checkpoint"),
        offsets,
    ),
    target(
        "meta-properties",
        "meta.properties",
        Repair::None,
        |c| c.ending("meta.properties"),
        meta,
    ),
    target(
        "partition-metadata",
        "partition.metadata",
        Repair::None,
        |c| c.ending("partition.metadata"),
        partition,
    ),
    target(
        "clean-shutdown",
        ".kafka_cleanshutdown",
        Repair::None,
        |c| c.ending(".kafka_cleanshutdown"),
        shutdown,
    ),
    target(
        "group-record",
        "key and value of __consumer_offsets",
        Repair::None,
        payloads,
        group_record,
    ),
    target(
        "subscription",
        "what members send: subscriptions, assignments",
        Repair::None,
        payloads,
        subscription,
    ),
    target("metadata-record", "a value of __cluster_metadata", Repair::None, payloads, |b| {
        let _ = MetadataRecord::decode(b);
    }),
    target(
        "dump-log",
        "klab dump of a log, with all decoders",
        Repair::Entries,
        |c| c.ending(".log"),
        |b| {
            dump(&[("00000000000000000000.log", b)]);
        },
    ),
    target(
        "dump-small",
        "klab dump of every other kind of file",
        Repair::Snapshot,
        small_files,
        |b| {
            dump(&[
                ("00000000000000000000.log", &[]),
                ("00000000000000000000.index", b),
                ("00000000000000000000.timeindex", b),
                ("00000000000000000000.txnindex", b),
                ("00000000000000000005.snapshot", b),
                ("00000000000000000005-0000000001.checkpoint", b),
                ("leader-epoch-checkpoint", b),
                ("replication-offset-checkpoint", b),
                ("meta.properties", b),
                ("partition.metadata", b),
                ("quorum-state", b),
            ]);
        },
    ),
    target("schema", "keys and values of Kafka's own topics", Repair::None, payloads, schemas),
    target(
        "log-open",
        "a partition: open after a crash, read, look up",
        Repair::Entries,
        |c| c.ending(".log"),
        log_open,
    ),
    target(
        "log-look",
        "a partition of somebody else, looked at",
        Repair::Entries,
        |c| c.ending(".log"),
        log_look,
    ),
    target(
        "inspect",
        "a whole directory: overview, log, index, bytes",
        Repair::Entries,
        |c| c.ending(".log"),
        inspect,
    ),
    target("script", "a script: parse, complete", Repair::None, |c| c.scripts.clone(), scripts),
    target(
        "golden",
        "a golden file",
        Repair::None,
        |c| c.scripts.clone(),
        |b| {
            let _ = script::parse_golden(&String::from_utf8_lossy(b));
        },
    ),
    target(
        "lesson",
        "a lesson file",
        Repair::None,
        |c| c.lessons.clone(),
        |b| {
            let _ = lesson::parse("fuzz.md", &String::from_utf8_lossy(b));
        },
    ),
];

fn batch_one(bytes: &[u8]) {
    let _ = batch::fields(bytes);
    let _ = batch::batch_size(bytes);
    let _ = batch::verify(bytes);
    let _ = batch::verify_checksum(bytes);
    if let Ok(records) = batch::iterate(bytes) {
        for record in records.take(100_000) {
            let Ok(record) = record else { break };
            let _ = (record.headers(), record.to_record());
        }
    }
}

fn entries(bytes: &[u8]) {
    for entry in batch::entries(bytes).take(100_000) {
        let Ok(entry) = entry else { break };
        let _ = (entry.base_offset(), entry.checksum_holds(), entry.verify());
        let _ = entry.records();
    }
}

/// What is compressed in real entries of a codec.
fn packed(corpus: &Corpus, codec: Codec) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for bytes in corpus.all_entries() {
        for entry in batch::entries(&bytes).map_while(Result::ok) {
            if entry.header.codec() == codec
                && let Ok(Some(packed)) = entry.compressed()
            {
                found.push(packed.to_vec());
            }
        }
    }
    found.truncate(200);
    found.push(batch::compress(codec, 2, &[7; 1000]));
    found
}

fn unpack(codec: Codec, bytes: &[u8]) {
    const LIMIT: usize = 1 << 20;
    for magic in 0..3 {
        if let Ok(plain) = batch::decompress(codec, magic, bytes, LIMIT) {
            assert!(plain.len() <= LIMIT, "the limit holds");
        }
    }
}

fn segment(bytes: &[u8]) {
    for entry in batch::batches(bytes).take(100_000) {
        let Ok((_, _, content)) = entry else { break };
        batch_one(content);
    }
}

/// Keys and values of the internal topics' records, and of others: what record decoders are given. The first byte of a
/// seed is the length of the key.
fn payloads(corpus: &Corpus) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for file in corpus.matching(|path| path.contains("/__") && path.ends_with(".log")) {
        for entry in batch::batches(&file).map_while(Result::ok) {
            for record in batch::records(entry.2).unwrap_or_default() {
                let key = record.key.unwrap_or_default();
                let mut bytes = vec![key.len().min(255) as u8];
                bytes.extend(key);
                bytes.extend(record.value.unwrap_or_default());
                found.push(bytes);
            }
        }
    }
    found.sort_by_key(|bytes| (bytes.len(), bytes.clone()));
    found.dedup();
    let every = found.len().div_ceil(600).max(1);
    let mut seeds: Vec<Vec<u8>> = found.into_iter().step_by(every).collect();
    // What is not in a log: a subscription and an assignment.
    let topics = ["orders", "payments"].map(TopicName::new);
    seeds.push(Subscription::to(topics.clone()).encode().to_vec());
    let partitions = topics.map(|topic| TopicPartition::new(&topic, 1));
    seeds.push(klab::group::encode_assignment(&partitions).to_vec());
    // Values alone, as a metadata record is given.
    let values: Vec<Vec<u8>> = seeds
        .iter()
        .filter(|seed| seed.first() == Some(&0))
        .map(|seed| seed[1..].to_vec())
        .collect();
    seeds.extend(values);
    seeds
}

fn split(bytes: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = bytes.split_first() else { return (&[], &[]) };
    rest.split_at(usize::from(*length).min(rest.len()))
}

fn group_record(bytes: &[u8]) {
    let (key, value) = split(bytes);
    let _ = GroupRecord::decode(key, None);
    if let Ok(record) = GroupRecord::decode(key, Some(value)) {
        let _ = record.encode();
    }
}

fn subscription(bytes: &[u8]) {
    if let Ok(subscription) = Subscription::decode(bytes) {
        let _ = subscription.encode();
    }
    if let Ok(partitions) = decode_assignment(bytes) {
        let _ = klab::group::encode_assignment(&partitions);
    }
}

fn disk_of(files: &[(&str, &[u8])]) -> Disk {
    let mut disk = Disk::memory();
    for (path, bytes) in files {
        let file = disk.create(path).expect("a new file");
        disk.append(file, bytes).expect("room");
    }
    disk
}

fn offset_index(bytes: &[u8]) {
    let mut disk = disk_of(&[("t-0/00000000000000000000.index", bytes)]);
    let opened = OffsetIndex::open(&mut disk, "t-0/00000000000000000000.index", Offset::ZERO);
    let Ok(mut index) = opened else { return };
    for target in [0, 1, 100, 70_000, i64::MAX] {
        let _ = index.lookup(&disk, Offset(target));
    }
    let _ = index.entry(&disk, index.entries() / 2);
    let _ = index.truncate_to(&disk, Offset(50));
    let _ = index.trim(&mut disk);
}

fn time_index(bytes: &[u8]) {
    let mut disk = disk_of(&[("t-0/00000000000000000000.timeindex", bytes)]);
    let opened = TimeIndex::open(&mut disk, "t-0/00000000000000000000.timeindex", Offset::ZERO);
    let Ok(mut index) = opened else { return };
    for target in [-1, 0, 1_704_067_200_000, i64::MAX] {
        let _ = index.lookup(&disk, Timestamp(target));
    }
    let _ = index.entry(&disk, index.entries() / 2);
    let _ = index.truncate_to(&disk, Offset(50));
    let _ = index.trim(&mut disk);
}

fn transactions(bytes: &[u8]) {
    let entries: Vec<_> = transaction_index::read(bytes).take(100_000).collect();
    let _ = transaction_index::write(&entries);
    let _ = transaction_index::check(bytes, Offset::ZERO);
}

fn snapshot(bytes: &[u8]) {
    if let Ok(entries) = producer_snapshot::read(bytes) {
        let again = producer_snapshot::read(&producer_snapshot::write(&entries));
        assert_eq!(again.ok(), Some(entries), "what was written is read alike");
    }
}

fn epochs(bytes: &[u8]) {
    let disk = disk_of(&[("t-0/leader-epoch-checkpoint", bytes)]);
    if let Ok(cache) = EpochCache::open(&disk, "t-0/leader-epoch-checkpoint") {
        let _ = (cache.text(), cache.epoch_for_offset(Offset(5)));
        for entry in cache.entries() {
            let _ = cache.end_offset_for(entry.epoch, Offset(1000));
        }
    }
}

fn offsets(bytes: &[u8]) {
    let _ = read_offsets(
        &disk_of(&[("recovery-point-offset-checkpoint", bytes)]),
        "recovery-point-offset-checkpoint",
    );
}

fn meta(bytes: &[u8]) {
    let _ = read_meta_properties(&disk_of(&[("meta.properties", bytes)]), "meta.properties");
}

fn partition(bytes: &[u8]) {
    let _ = read_partition_metadata(&disk_of(&[("t-0/partition.metadata", bytes)]), "t-0");
}

fn shutdown(bytes: &[u8]) {
    let _ = read_clean_shutdown(&disk_of(&[("b/.kafka_cleanshutdown", bytes)]), "b");
}

/// A partition's directory made of the damaged log; its indexes are its own bytes, so they make as little sense.
fn partition_of(bytes: &[u8]) -> (Disk, TopicPartition, Offset) {
    let base =
        bytes.get(..8).map_or(0, |eight| i64::from_be_bytes(eight.try_into().expect("eight")));
    let base = Offset(base.clamp(0, 1 << 40));
    let name = |ending: &str| format!("t-0/{}", file_name(base, ending));
    let tail = &bytes[bytes.len() - bytes.len().min(240)..];
    let (log, index, times) = (name("log"), name("index"), name("timeindex"));
    let files: [(&str, &[u8]); 4] = [
        (&log, bytes),
        (&index, &tail[..tail.len() / 8 * 8]),
        (&times, &tail[..tail.len() / 12 * 12]),
        ("t-0/leader-epoch-checkpoint", b"0\n1\n0 0\n"),
    ];
    (disk_of(&files), TopicPartition::new(&TopicName::new("t"), 0), base)
}

fn use_log(disk: &Disk, log: &Log) {
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    for offset in [start, Offset(start.0 + 3), Offset(end.0.saturating_sub(1)), end] {
        let _ = log.read(disk, offset, 4096, end, true);
        let steps = log.lookup(disk, offset).take(100_000).count();
        assert!(steps < 100_000, "a lookup ends");
        let steps = log.lookup_without_index(disk, offset).take(100_000).count();
        assert!(steps < 100_000, "a scan ends");
    }
    for time in [0, 1_704_067_200_000, i64::MAX] {
        let _ = log.offset_for_timestamp(disk, Timestamp(time));
    }
}

fn log_open(bytes: &[u8]) {
    for clean in [false, true] {
        let (mut disk, partition, base) = partition_of(bytes);
        let mut events = Vec::new();
        let config = LogConfig::default();
        let from = if clean {
            klab::storage::LoadFrom::CLEAN
        } else {
            klab::storage::LoadFrom::unclean(base)
        };
        let opened = Log::open(&mut disk, "t-0", &partition, config, from, &mut events);
        if let Ok(mut log) = opened {
            use_log(&disk, &log);
            let _ = log.close(&mut disk, &mut events);
        }
    }
}

fn log_look(bytes: &[u8]) {
    let (mut disk, partition, _) = partition_of(bytes);
    if let Ok(log) = Log::look(&mut disk, "t-0", &partition, LogConfig::default()) {
        use_log(&disk, &log);
    }
}

fn inspect(bytes: &[u8]) {
    let (disk, _, _) = partition_of(bytes);
    let names: Vec<String> =
        disk.list("t-0").expect("a directory").into_iter().map(|entry| entry.name).collect();
    let read = |name: &String| disk.read_small(&format!("t-0/{name}")).expect("a file");
    let contents: Vec<(String, Vec<u8>)> =
        names.iter().map(|name| (format!("t-0/{name}"), read(name))).collect();
    let files: Vec<(&str, &[u8])> =
        contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let directory = place::with("inspect", &files);
    let Ok(inspection) = Inspection::open(&directory) else { return };
    let canvas = Canvas::text(Language::English);
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for asked in [
        "",
        "t-0",
        "lookup t-0 offset=3",
        "index t-0 offset=3",
        "bytes t-0 offset=0",
        "timeline t-0",
    ] {
        let asked = if asked.is_empty() { Vec::new() } else { words(asked) };
        for json in [false, true] {
            let _ = inspect::run(&inspection, &asked, json, &canvas, &mut |_, _| true);
        }
    }
}

fn small_files(corpus: &Corpus) -> Vec<Vec<u8>> {
    corpus.matching(|path| !path.ends_with(".log") && !path.ends_with(".json"))
}

fn dump(files: &[(&str, &[u8])]) {
    let directory = place::with("dump", files);
    let paths: Vec<std::path::PathBuf> =
        files.iter().map(|(name, _)| directory.join(name)).collect();
    let decoders = ["--offsets-decoder", "--transaction-log-decoder", "--cluster-metadata-decoder"];
    for (at, json) in [false, true, false].into_iter().enumerate() {
        let mut options = Options { json, ..Options::default() };
        options.set("--print-data-log");
        options.set(decoders[at]);
        let mut bytes = 0;
        let mut take = |text: &[u8]| {
            bytes += text.len();
            bytes < 64 << 20
        };
        let report = inspect::dump_files(&paths, &options, &mut take, &mut |_, _, _| {});
        let _ = report.text();
    }
}

fn schemas(bytes: &[u8]) {
    let (key, value) = split(bytes);
    for name in
        ["__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"]
    {
        let Some(topic) = Topic::of(name) else { continue };
        let _ = schema::decode(topic, Some(key), None);
        let _ = schema::decode(topic, None, Some(bytes));
        if let Ok(decoded) = schema::decode(topic, Some(key), Some(value)) {
            let mut text = Vec::new();
            for value in [decoded.key, decoded.value].into_iter().flatten() {
                value.write_json(&mut text);
            }
        }
    }
}

fn scripts(bytes: &[u8]) {
    let _ = script::decode("fuzz.klab", bytes);
    let text = String::from_utf8_lossy(bytes);
    if let Err(errors) = script::parse_script("fuzz.klab", &text, 1) {
        for error in errors {
            let _ = error.to_string();
        }
    }
    if let Some(line) = text.lines().max_by_key(|line| line.len()) {
        let line: String = line.chars().take(200).collect();
        let _ = script::complete(&line, line.chars().count() / 2, &NoNames, Language::English);
        let _ = script::parse_condition(&line);
    }
}
