//! From typed arguments to a command: the rules between arguments.

use super::arguments::Arguments;
use super::command::*;
use super::configs::Scope;
use super::error::Fault;
use super::form::Form;
use crate::clock::Duration;
use crate::disk;
use crate::types::{TopicName, TopicPartition};

/// The longest time that one command may let pass.
const LONGEST: Duration = Duration(100 * 366 * 86_400_000_000);
/// Most steps that one `step` or `back` walks.
const MOST_STEPS: u64 = 10_000_000;
/// The shortest time between two records of a workload.
const SHORTEST_EVERY: Duration = Duration::from_ms(1);
/// How many brokers a cluster may have.
const BROKER_LIMIT: u32 = 100;
/// How many controllers it may have.
const MOST_CONTROLLERS: u32 = 9;

/// Makes the command of a form.
pub fn build(form: &'static Form, a: &Arguments) -> Result<Command, Fault> {
    if let Some(kind) = form.words.strip_prefix("show ") {
        return show(kind, a);
    }
    if let Some(capability) =
        ["streams", "connect", "compare"].into_iter().find(|word| form.words == *word)
    {
        return Err(Fault::needs(a.whole, capability));
    }
    let (verb, object) = form.words.split_once(' ').unwrap_or((form.words, ""));
    Ok(match verb {
        "cluster" => cluster(a)?,
        "topic" => Command::Topic { topic: a.name("topic"), act: topic(object, a)? },
        "partition" => Command::Partition(match object {
            "plan" => PartitionCommand::Plan {
                topic: a.name("topic"),
                brokers: a.numbers("brokers"),
                start_index: a.number("start-index")?,
            },
            "reassign verify" => PartitionCommand::Verify(partition(a)),
            _ => PartitionCommand::Reassign {
                partition: partition(a),
                replicas: (object != "reassign cancel").then(|| a.numbers("replicas")),
                throttle: a.number("throttle")?,
            },
        }),
        "produce" => Command::Produce(Box::new(produce(a)?)),
        "producer" => Command::Producer {
            name: a.name("name"),
            act: match object {
                "start" => ProducerAct::Start { configs: a.configs.clone() },
                "stop" => ProducerAct::Stop,
                "kill" => ProducerAct::Kill,
                "pause" => ProducerAct::Pause,
                _ => ProducerAct::Resume,
            },
        },
        "txn" => Command::Transaction {
            producer: a.name("name"),
            act: match object {
                "begin" => TransactionAct::Begin,
                "commit" => TransactionAct::Commit,
                "abort" => TransactionAct::Abort,
                _ => TransactionAct::Offsets {
                    consumer: a.name("consumer"),
                    offsets: a.offsets.clone(),
                },
            },
        },
        "consumer" => Command::Consumer { name: a.name("name"), act: consumer(object, a)? },
        "broker" if object == "add" => {
            Command::BrokerAdd { id: a.the_number("id")?, rack: a.text("rack") }
        }
        "broker" if object == "config" => broker_config(a)?,
        "broker" => Command::Broker { broker: a.expression("broker"), act: broker(object, a) },
        "controller" => Command::Controller(match object {
            "kill" => ControllerAct::Kill(a.number("controller")?),
            "stop" => ControllerAct::Stop(a.number("controller")?),
            "power-off" => ControllerAct::PowerOff(a.number("controller")?),
            "pause" => ControllerAct::Pause(a.number("controller")?),
            "resume" => ControllerAct::Resume(a.number("controller")?),
            "start" => ControllerAct::Start(a.number("controller")?),
            _ => ControllerAct::Move(a.expression("broker")),
        }),
        "network" => network(object, a)?,
        "message" => message(object, a)?,
        "timer" if object == "fire" => Command::TimerFire(a.the_number("id")?),
        "timer" => message(object, a)?,
        "fetcher" => Command::Fetcher {
            broker: a.expression("broker"),
            act: match object {
                "pause" => FetcherAct::Pause,
                "resume" => FetcherAct::Resume,
                _ => FetcherAct::Slow(a.duration("by").unwrap_or(Duration::from_ms(1000))),
            },
        },
        "elect" => Command::ElectLeader {
            partition: partition(a),
            unclean: a.text("type").as_deref() == Some("unclean"),
        },
        "settle" => {
            Command::Settle { within: a.duration("within").unwrap_or(Duration::from_ms(600_000)) }
        }
        "run" => {
            let time = a.duration("time").unwrap_or_default();
            if time > LONGEST {
                return Err(Fault::new(a.span("time"), "longer than a hundred years", ""));
            }
            Command::Run(time)
        }
        "step" => Command::Step(steps(a)?),
        "back" => Command::Back(steps(a)?),
        "goto" => Command::Goto(a.the_number("step")?),
        "branch" => Command::Branch(a.name("name")),
        "switch" => Command::Switch(a.name("name")),
        "diff" => Command::Diff(a.name("name")),
        _ => return look(form, a),
    })
}

/// Commands that look at files and words, and those that write behind Kafka's back.
fn look(form: &'static Form, a: &Arguments) -> Result<Command, Fault> {
    Ok(match form.words {
        "lookup" => Command::Lookup {
            partition: partition(a),
            target: target(a)?,
            broker: a.number("broker")?,
            without_index: a.flag("without-index"),
        },
        "fill" => Command::Fill {
            topic: a.name("topic"),
            partition: a.the_number("partition")?,
            count: a.the_number("count")?,
            size: a.number("size")?.unwrap_or(100),
            over: a.duration("over"),
        },
        "start-log" => Command::StartLog { partition: partition(a), at: a.the_number("at")? },
        "roll" => Command::Roll { partition: partition(a), broker: a.number("broker")? },
        "records delete" => {
            Command::RecordsDelete { partition: partition(a), before: a.the_number("before")? }
        }
        "retention run" => Command::RetentionRun,
        "compact" => Command::Compact { partition: partition(a), steps: a.flag("steps") },
        "log flush" => Command::LogFlush(partition(a)),
        "disk flip-bit" => {
            let (file, position) = (a.name("file"), a.the_number("position")?);
            Command::Disk(DiskAct::FlipBit { file, position })
        }
        "disk tear" => {
            Command::Disk(DiskAct::Tear { file: a.name("file"), bytes: a.number("bytes")? })
        }
        "disk delete" => Command::Disk(DiskAct::Delete(a.name("file"))),
        "disk full" | "disk read-only" | "disk heal" => {
            let fault = match form.words {
                "disk full" => Some(disk::Fault::Full),
                "disk read-only" => Some(disk::Fault::ReadOnly),
                _ => None,
            };
            Command::Disk(DiskAct::Break(a.node("node")?.unwrap_or(NodeWord::Id(0)), fault))
        }
        "zookeeper kill" => Command::ZookeeperProcess(BrokerAct::Kill),
        "zookeeper start" => Command::ZookeeperProcess(BrokerAct::Start),
        "zookeeper pause" => Command::ZookeeperProcess(BrokerAct::Pause),
        "zookeeper resume" => Command::ZookeeperProcess(BrokerAct::Resume),
        "zookeeper expire" => Command::ZookeeperExpire(a.node("node")?.unwrap_or(NodeWord::Id(0))),
        "fetch" => Command::Fetch {
            partition: partition(a),
            offset: a.the_number("offset")?,
            max_bytes: a.number("max.bytes")?,
            version: a.number("version")?,
            client_rack: a.text("client.rack"),
        },
        "files" => Command::Files { directory: a.text("directory"), broker: a.number("broker")? },
        "files diff" => Command::FilesDiff(a.name("a"), a.name("b")),
        "cat" => Command::Cat(a.name("file")),
        "dump" => Command::Dump {
            file: a.name("file"),
            options: ["option", "second", "third"].iter().filter_map(|it| a.text(it)).collect(),
        },
        "where" => Command::Where,
        "glossary" => Command::Glossary(a.text("word")),
        "help" => Command::Help(a.texts("words")),
        "crc check" => Command::CrcCheck { partition: partition(a), broker: a.number("broker")? },
        "inspect" => Command::Inspect,
        "perf" => Command::Perf(a.texts("words").join(" ")),
        "hint" => Command::Hint,
        "goal" => Command::Goal,
        "reset" => Command::Reset,
        words => return Err(Fault::new(a.whole, format!("'{words}' cannot be run"), "")),
    })
}

fn partition(a: &Arguments) -> TopicPartition {
    let nothing = || TopicPartition::new(&TopicName::new("?"), 0);
    a.partition("partition").unwrap_or_else(nothing)
}

fn cluster(a: &Arguments) -> Result<Command, Fault> {
    let brokers = a.number("brokers")?.unwrap_or(3);
    if brokers > BROKER_LIMIT {
        let message = format!("{brokers} brokers are more than {BROKER_LIMIT}");
        let advice = format!("take 1 to {BROKER_LIMIT}");
        return Err(Fault::new(a.span("brokers"), message, advice));
    }
    let controllers = a.number("controllers")?.unwrap_or(1);
    if controllers > MOST_CONTROLLERS {
        let message = format!("{controllers} controllers are more than {MOST_CONTROLLERS}");
        let advice = "take 1, 3 or 5: a larger quorum is only slower";
        return Err(Fault::new(a.span("controllers"), message, advice));
    }
    Ok(Command::Cluster(ClusterCommand {
        brokers,
        controllers,
        kafka: a.text("kafka").unwrap_or_else(|| "4.3".into()),
        coordination: a.text("coordination"),
        seed: a.number("seed")?,
        configs: a.configs.clone(),
    }))
}

fn topic(object: &str, a: &Arguments) -> Result<TopicAct, Fault> {
    if object == "create"
        && let Some(assignment) = a.assignment("assignment")
        && let Some(count) = a.number::<usize>("partitions")?
        && count != assignment.len()
    {
        let message = format!("partitions={count}, but assignment= names {}", assignment.len());
        return Err(Fault::new(a.span("assignment"), message, "leave partitions= off"));
    }
    Ok(match object {
        "create" => TopicAct::Create {
            partitions: a.number("partitions")?,
            replication_factor: a.number("replication-factor")?,
            assignment: a.assignment("assignment"),
            start_index: a.number("start-index")?,
            configs: a.configs.clone(),
        },
        "alter" => TopicAct::Alter {
            partitions: a.the_number("partitions")?,
            assignment: a.assignment("assignment"),
            start_index: a.number("start-index")?,
        },
        "config" if a.configs.is_empty() => {
            return Err(Fault::new(
                a.whole,
                "expected a setting",
                "for example retention.ms=60000",
            ));
        }
        "config" => TopicAct::Config { configs: a.configs.clone() },
        _ => TopicAct::Delete,
    })
}

fn produce(a: &Arguments) -> Result<ProduceCommand, Fault> {
    if a.has("value") && a.has("size") {
        return Err(Fault::new(
            a.span("size"),
            "value= and size= exclude each other",
            "leave one off",
        ));
    }
    let value = match a.text("value") {
        None if !a.has("value") && !a.has("size") => Some(String::new()),
        value => value,
    };
    if a.duration("every").is_some_and(|every| every < SHORTEST_EVERY) {
        let message = "every= takes 1ms at least";
        return Err(Fault::new(a.span("every"), message, "count= writes many records at once"));
    }
    let standing = a.has("every") && !a.has("count");
    Ok(ProduceCommand {
        topic: a.name("topic"),
        producer: a.text("producer"),
        key: a.text("key"),
        value,
        partition: a.number("partition")?,
        headers: a.pairs("headers"),
        timestamp: a.number("timestamp")?,
        timestamp_step: a.the_number("timestamp.step")?,
        count: a.number("count")?.unwrap_or(if standing { u64::MAX } else { 1 }),
        size: a.number("size")?,
        every: a.duration("every"),
        sequence: a.number("sequence")?,
        producer_epoch: a.number("producer_epoch")?,
        configs: a.configs.clone(),
    })
}

/// How many steps to walk; one, if nothing is said.
fn steps(a: &Arguments) -> Result<u64, Fault> {
    match a.number("steps")?.unwrap_or(1) {
        steps if steps > MOST_STEPS => {
            let message = format!("{steps} steps are too many: take at most {MOST_STEPS}");
            Err(Fault::new(a.span("steps"), message, "'run 10m' walks by time, 'goto N' to a step"))
        }
        steps => Ok(steps),
    }
}

/// `offset=` or `timestamp=`, exactly one.
fn target(a: &Arguments) -> Result<LookupTarget, Fault> {
    match (a.number("offset")?, a.number("timestamp")?) {
        (Some(offset), None) => Ok(LookupTarget::Offset(offset)),
        (None, Some(timestamp)) => Ok(LookupTarget::Timestamp(timestamp)),
        _ => Err(Fault::new(
            a.whole,
            "expected either offset= or timestamp=",
            "for example offset=5",
        )),
    }
}

fn consumer(object: &str, a: &Arguments) -> Result<ConsumerAct, Fault> {
    Ok(match object {
        "start" => {
            let (topics, assign) = (a.texts("topics"), a.partitions("assign"));
            if topics.is_empty() == assign.is_empty() {
                let advice = "topics=orders joins a group, assign=orders-0 does not";
                return Err(Fault::new(a.whole, "expected either topics= or assign=", advice));
            }
            if !topics.is_empty() && !a.has("group") {
                return Err(Fault::new(
                    a.whole,
                    "topics= takes a group=",
                    "for example group=billing",
                ));
            }
            ConsumerAct::Start {
                group: a.text("group"),
                topics,
                assign,
                paused: a.flag("paused"),
                configs: a.configs.clone(),
            }
        }
        "stop" => ConsumerAct::Stop,
        "kill" => ConsumerAct::Kill,
        "pause" => ConsumerAct::Pause,
        "resume" => ConsumerAct::Resume,
        "poll" => ConsumerAct::Poll { max: a.number("max")? },
        "commit" => match (a.partition("partition"), a.number("offset")?) {
            (None, None) => ConsumerAct::Commit { offset: None },
            (Some(partition), Some(offset)) => {
                ConsumerAct::Commit { offset: Some((partition, offset)) }
            }
            _ => {
                let advice = "for example consumer commit c1 orders-0 offset=7";
                return Err(Fault::new(a.whole, "partition and offset= go together", advice));
            }
        },
        _ => ConsumerAct::Seek { partition: partition(a), target: target(a)? },
    })
}

fn broker(object: &str, a: &Arguments) -> BrokerAct {
    match object {
        "stop" => BrokerAct::Stop,
        "kill" => BrokerAct::Kill,
        "power-off" => BrokerAct::PowerOff,
        "start" => BrokerAct::Start,
        "pause" => BrokerAct::Pause,
        "resume" => BrokerAct::Resume,
        "skew" => {
            let us =
                |name| a.duration(name).map_or(0, |time| i64::try_from(time.0).unwrap_or(i64::MAX));
            BrokerAct::Skew(us("by").saturating_sub(us("behind")))
        }
        _ => BrokerAct::Slow(a.duration("by").unwrap_or(Duration::from_ms(100))),
    }
}

fn broker_config(a: &Arguments) -> Result<Command, Fault> {
    let broker = match a.node("broker")? {
        Some(NodeWord::Id(id)) => Some(id),
        Some(NodeWord::Client(word)) if word == "all" => None,
        _ => {
            let advice = "for example 2, or all: what no broker has a value of its own for";
            return Err(Fault::new(a.span("broker"), "expected a broker's id or 'all'", advice));
        }
    };
    let given = a.configs.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    let mut configs: Vec<(String, Option<String>)> = given.collect();
    for rate in crate::era::dynamic::BRAKES {
        let value = a.number::<u64>(rate)?;
        configs.extend(value.map(|value| (rate.to_owned(), Some(value.to_string()))));
    }
    let deleted = a.text("delete").unwrap_or_default();
    for name in deleted.split(',').filter(|name| !name.is_empty()) {
        let known = crate::era::dynamic::BRAKES.iter().chain(Scope::Broker.names());
        let known: Vec<&str> = known.copied().collect();
        if !known.contains(&name) {
            return Err(Fault::unknown(
                a.span("delete"),
                "broker setting",
                name,
                known.into_iter(),
            ));
        }
        if configs.iter().any(|(given, _)| given == name) {
            let message = format!("'{name}' is given and deleted");
            return Err(Fault::new(a.span("delete"), message, "leave one of them off"));
        }
        configs.push((name.to_owned(), None));
    }
    if configs.is_empty() {
        return Err(Fault::new(
            a.whole,
            "expected a setting",
            "for example log.retention.ms=60000, or delete=log.retention.ms",
        ));
    }
    Ok(Command::BrokerConfig { broker, configs })
}

fn network(object: &str, a: &Arguments) -> Result<Command, Fault> {
    if object == "split" {
        return Ok(Command::NetworkSplit(a.numbers("nodes")));
    }
    let nodes = (a.node("a")?, a.node("b")?);
    Ok(match (object, nodes) {
        ("heal", (None, _)) => Command::NetworkHeal(None),
        ("heal", (Some(x), Some(y))) => Command::NetworkHeal(Some((x, y))),
        (_, (Some(x), Some(y))) if x != y => Command::NetworkCut(x, y),
        _ => return Err(Fault::new(a.whole, "expected two different nodes", "for example 1 3")),
    })
}

fn message(object: &str, a: &Arguments) -> Result<Command, Fault> {
    let (act, next) = object.split_once(' ').unwrap_or((object, ""));
    let act = match act {
        "deliver" => MessageAct::Deliver,
        "drop" => MessageAct::Drop,
        "hold" => MessageAct::Hold,
        "release" => MessageAct::Release,
        "corrupt" => MessageAct::Corrupt,
        _ => MessageAct::Delay(a.duration("by").unwrap_or_default()),
    };
    let target = if next.is_empty() {
        MessageTarget::Id(a.the_number("id")?)
    } else {
        let (from, to) = (a.node("from")?, a.node("to")?);
        MessageTarget::Next { kind: a.name("kind"), from, to }
    };
    Ok(Command::Message { act, target })
}

fn show(kind: &'static str, a: &Arguments) -> Result<Command, Fault> {
    let words = ["topic", "path", "group", "producer"];
    let event = a.number::<i64>("event")?.map(|event| event.to_string());
    Ok(Command::Show(ShowCommand {
        kind,
        subject: words.iter().find_map(|word| a.text(word)).or(event),
        partition: a.partition("partition"),
        broker: a.number("broker")?,
        offset: a.number("offset")?,
    }))
}
