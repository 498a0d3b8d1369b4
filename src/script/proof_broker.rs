//! A real broker on the lab's files: Kafka 4.3.1 started on the directory that `data/proof/real-broker.klab` leaves,
//! found nothing to repair, and gave its console consumer what stands in `real-broker.consumed-4.3.1.txt.gz`.
//!
//! ```text
//!   always                  the script's records, printed as that consumer prints them = the recorded text
//!   KLAB_KAFKA_LIB=DIR      (a directory of Kafka's jars; `java` on the path) the whole proof anew:
//!                           script ─► D ─► controller, broker on D ─► console consumer ─► same text, same .log bytes
//! ```
//!
//! With `KLAB_UPDATE` the recorded text is written from what the real consumer printed.

use super::*;
use crate::batch;
use crate::disk::Disk;
use crate::types::{Language, TopicPartition};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};

const SCRIPT: &str = include_str!("../../data/proof/real-broker.klab");

fn recorded_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/proof/real-broker.consumed-4.3.1.txt.gz")
}

fn recorded() -> String {
    let file = std::fs::File::open(recorded_path()).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

fn run(session: &mut Session) {
    let end = run_script(
        "real-broker.klab",
        SCRIPT,
        session,
        RunOptions::default(),
        &mut |_| {},
        &|| false,
    );
    assert!(end.error.is_none(), "{:?}", end.error);
}

/// The records of a partition as the console consumer prints them.
fn consumed(disk: &Disk, partition: &TopicPartition) -> String {
    let directory = format!("broker-1/{partition}");
    let names = disk.list(&directory).unwrap().into_iter().map(|entry| entry.name);
    let mut text = String::new();
    for name in names.filter(|name| name.ends_with(".log")) {
        let bytes = disk.read_small(&format!("{directory}/{name}")).unwrap();
        for entry in batch::entries(&bytes) {
            let entry = entry.unwrap();
            entry.verify().unwrap();
            for record in entry.records().unwrap() {
                let words = |bytes: &Option<Vec<u8>>| match bytes {
                    Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    None => "null".to_owned(),
                };
                let headers: Vec<String> = record
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}:{}", words(value)))
                    .collect();
                let headers =
                    if headers.is_empty() { "NO_HEADERS".into() } else { headers.join(",") };
                let (time, number) = (record.timestamp.0, partition.partition);
                text += &format!(
                    "CreateTime:{time}\tPartition:{number}\tOffset:{}\t{headers}\t{}\t{}\n",
                    record.offset,
                    words(&record.key),
                    words(&record.value)
                );
            }
        }
    }
    text
}

fn both_partitions() -> [TopicPartition; 2] {
    ["orders-0", "orders-1"].map(|name| TopicPartition::parse(name).unwrap())
}

#[test]
fn a_real_broker_has_served_these_records() {
    let mut session = Session::in_memory(Language::English);
    run(&mut session);
    let mut lab = session.lab.take().unwrap();
    lab.close().unwrap();
    let ours: String = both_partitions().iter().map(|p| consumed(lab.disk(), p)).collect();
    assert!(
        ours == recorded(),
        "the records differ from those that Kafka 4.3.1 served of these files"
    );
    // What the real ones asked for before they started.
    for path in [
        "controller-3001/meta.properties",
        "controller-3001/bootstrap.checkpoint",
        "controller-3001/__cluster_metadata-0/quorum-state",
        "broker-1/meta.properties",
        "broker-1/.kafka_cleanshutdown",
        "broker-1/__cluster_metadata-0/00000000000000000000.log",
        "broker-1/recovery-point-offset-checkpoint",
        "broker-1/replication-offset-checkpoint",
        "broker-1/log-start-offset-checkpoint",
        "broker-1/orders-0/partition.metadata",
    ] {
        assert!(lab.disk().exists(path), "{path}");
    }
}

/// A process that ends with the test.
struct Ends(Child);

impl Ends {
    /// Asks it to stop, as an operator does, and waits until it has.
    fn stop(&mut self) {
        let _ = Process::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn java(lib: &Path, place: &Path) -> Process {
    let mut java = Process::new("java");
    let logging = place.join("log4j2.properties");
    std::fs::write(
        &logging,
        "status = error\nappender.out.type = Console\nappender.out.name = OUT\n\
         appender.out.layout.type = PatternLayout\nappender.out.layout.pattern = %p %m (%c)%n\n\
         rootLogger.level = INFO\nrootLogger.appenderRef.out.ref = OUT\n",
    )
    .unwrap();
    java.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!("-Dlog4j2.configurationFile={}", logging.display()))
        .arg("-cp")
        .arg(format!("{}/*", lib.display()))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    java
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_real_broker_starts_on_the_labs_files_and_repairs_nothing() {
    let Some(lib) = std::env::var_os("KLAB_KAFKA_LIB").map(PathBuf::from) else {
        eprintln!("not played: KLAB_KAFKA_LIB names no directory with Kafka's jars");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let root = data.clone();
    let make = move || Disk::real(&root).map_err(|error| error.to_string());
    let mut session = Session::new(Language::English, Box::new(make));
    run(&mut session);
    session.lab.take().unwrap().close().unwrap();
    drop(session);
    let before = log_files(&data);

    let (port, controller_port) = (free_port(), free_port());
    let common = format!(
        "controller.quorum.voters=3001@127.0.0.1:{controller_port}\ncontroller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
         offsets.topic.replication.factor=1\n"
    );
    let controller = format!(
        "process.roles=controller\nnode.id=3001\nlisteners=CONTROLLER://127.0.0.1:{controller_port}\n\
         log.dirs={}\n{common}",
        data.join("controller-3001").display()
    );
    let broker = format!(
        "process.roles=broker\nnode.id=1\nlisteners=PLAINTEXT://127.0.0.1:{port}\n\
         inter.broker.listener.name=PLAINTEXT\nlog.dirs={}\n{common}",
        data.join("broker-1").display()
    );
    let start = |name: &str, settings: &str, out: Stdio| {
        let path = place.path().join(name);
        std::fs::write(&path, settings).unwrap();
        let process = java(&lib, place.path()).arg("kafka.Kafka").arg(path).stdout(out).spawn();
        Ends(process.expect("java on the path"))
    };
    let controller_log = place.path().join("controller.log");
    let out = std::fs::File::create(&controller_log).unwrap();
    let mut controller = start("controller.properties", &controller, out.into());
    let mut broker = start("broker.properties", &broker, Stdio::piped());
    let mut lines = BufReader::new(broker.0.stdout.take().unwrap()).lines();
    let mut said: Vec<String> = Vec::new();
    for line in lines.by_ref().map(|line| line.unwrap()) {
        let up = line.contains("Kafka Server started");
        said.push(line);
        if up {
            break;
        }
    }
    let is_up = said.last().is_some_and(|line| line.contains("Kafka Server started"));
    assert!(is_up, "the broker did not start:\n{}", said.join("\n"));
    // What it says from now on must go somewhere.
    let rest = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<String>>());

    let theirs: String = both_partitions()
        .iter()
        .map(|partition| {
            let mut consumer = java(&lib, place.path());
            consumer
                .arg("org.apache.kafka.tools.consumer.ConsoleConsumer")
                .args(["--bootstrap-server", &format!("127.0.0.1:{port}"), "--topic", "orders"])
                .args(["--partition", &partition.partition.to_string(), "--offset", "earliest"])
                .args(["--timeout-ms", "8000"]);
            for shown in ["timestamp", "partition", "offset", "headers", "key"] {
                consumer.args(["--formatter-property", &format!("print.{shown}=true")]);
            }
            let printed = consumer.output().unwrap().stdout;
            let text = String::from_utf8_lossy(&printed).into_owned();
            let records = text.lines().filter(|line| line.starts_with("CreateTime:"));
            records.map(|line| format!("{line}\n")).collect::<String>()
        })
        .collect();
    broker.stop();
    said.extend(rest.join().unwrap());
    controller.stop();

    if std::env::var_os("KLAB_UPDATE").is_some() {
        let file = std::fs::File::create(recorded_path()).unwrap();
        let mut packed = flate2::GzBuilder::new().write(file, flate2::Compression::best());
        packed.write_all(theirs.as_bytes()).unwrap();
        packed.finish().unwrap();
    }
    assert!(theirs == recorded(), "the real consumer printed {} lines", theirs.lines().count());
    assert!(said.iter().any(|line| line.contains("since clean shutdown file was found")));
    for line in &said {
        // The metadata log alone is always opened so by KRaft, clean or not.
        let of_files =
            ["LogLoader", "LogManager", "UnifiedLog", "LocalLog", "LogSegment", "ProducerState"]
                .iter()
                .any(|class| line.contains(class));
        let repairs =
            line.contains("Recovering unflushed") || line.to_lowercase().contains("corrupt");
        let complains = line.starts_with("WARN") || line.starts_with("ERROR");
        assert!(
            !(of_files && (repairs || complains)) || line.contains("__cluster_metadata-0"),
            "the broker had something to repair: {line}"
        );
    }
    for (path, bytes) in before {
        let now = std::fs::read(&path).unwrap_or_default();
        assert!(now.starts_with(&bytes), "{} was changed", path.display());
    }
}

/// All `.log` files below a directory with their content.
fn log_files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() && !name.ends_with("-delete") {
            found.extend(log_files(&path));
        } else if name.ends_with(".log") {
            found.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
    found
}
