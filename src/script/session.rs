//! What a running script knows: the lab, if there is one, and how to make another.
//!
//! The session holds no knowledge about the cluster of its own, so going back in the lab goes back in everything: which
//! producer was started by hand is read from the acts of the lab's present branch. One thing is the looker's own: what
//! the metrics were when they were shown last.

use super::complete::Names;
use super::error::nearest;
use crate::chinese::tell;
use crate::client::Client;
use crate::cluster::{ClusterSpec, Lab};
use crate::disk::Disk;
use crate::trace::metrics::Seen;
use crate::types::{Language, NodeId};
use std::cell::RefCell;
use std::sync::Arc;

/// Where the files of a new cluster shall be.
pub type MakeDisk = Box<dyn FnMut() -> Result<Disk, String>>;

/// Who carries out `perf`. The core has no clock and no threads of its own, so somebody above lends it one; without
/// one (tests, checks of lessons, printed lessons) `perf` says only what would be measured.
pub trait Measure {
    /// Begins to measure what the words ask for; whatever was under way before is stopped.
    fn begin(&mut self, words: &str, language: Language) -> Result<(), String>;
    /// Waits a moment. `None`: not done yet.
    fn poll(&mut self) -> Option<Result<(Vec<String>, serde_json::Value), String>>;
}

/// Who carries out `inspect`. Directories of real brokers are files, which the core does not read, so somebody above
/// lends it the eyes.
pub trait Inspect {
    /// Carries out the words: a sample's name or a directory, then what of it. Lines for people, and an object or a
    /// list of objects for programs. The error is a sentence.
    fn inspect(
        &mut self,
        words: &str,
        language: Language,
    ) -> Result<(Vec<String>, serde_json::Value), String>;
}

/// The lab and its surroundings.
pub struct Session {
    /// The lab; none before the first `cluster` command.
    pub lab: Option<Lab>,
    /// The language of sentences.
    pub language: Language,
    /// The seed of a cluster that names none.
    pub seed: u64,
    /// Whether a broken promise fails the script.
    pub strict: bool,
    /// The commands that were run, as written.
    pub commands: Vec<String>,
    /// Who carries out `perf`, if anybody.
    pub measure: Option<Box<dyn Measure>>,
    /// Who carries out `inspect`, if anybody.
    pub inspector: Option<Box<dyn Inspect>>,
    /// What the last `inspect` or `crc check` brought: `inspected(FIELD)` asks for it.
    pub inspected: serde_json::Value,
    /// Whether labs can go back. Without it they are faster and keep no events but the present step's.
    pub has_history: bool,
    make_disk: MakeDisk,
    pub(super) violations_told: u64,
    /// The metrics as `show metrics` showed them last.
    pub(super) metrics_seen: RefCell<Option<Arc<Seen>>>,
}

impl Session {
    /// A session whose clusters live in memory.
    pub fn in_memory(language: Language) -> Session {
        Session::new(language, Box::new(|| Ok(Disk::memory())))
    }

    /// A session whose clusters live where `make_disk` says.
    pub fn new(language: Language, make_disk: MakeDisk) -> Session {
        Session {
            lab: None,
            language,
            seed: 1,
            strict: false,
            commands: Vec::new(),
            measure: None,
            inspector: None,
            inspected: serde_json::Value::Null,
            has_history: true,
            make_disk,
            violations_told: 0,
            metrics_seen: RefCell::default(),
        }
    }

    /// A session around a lab that runs already.
    pub fn with_lab(language: Language, lab: Lab) -> Session {
        let mut session = Session::in_memory(language);
        session.seed = lab.spec().seed;
        session.lab = Some(lab);
        session
    }

    /// Begins a cluster; an earlier one is gone.
    pub(super) fn begin(&mut self, spec: ClusterSpec) -> Result<(), String> {
        spec.broker_config()?;
        self.lab = None;
        let disk = (self.make_disk)()?;
        let lab = match self.has_history {
            true => Lab::new(spec, disk),
            false => Lab::without_history(spec, disk),
        };
        self.lab = Some(lab.map_err(|error| error.to_string())?);
        self.violations_told = 0;
        self.metrics_seen.take();
        Ok(())
    }

    /// The default cluster, for a script that names none.
    pub(super) fn ensure_lab(&mut self) -> Result<&mut Lab, String> {
        if self.lab.is_none() {
            self.begin(ClusterSpec { seed: self.seed, ..ClusterSpec::default() })?;
        }
        self.lab.as_mut().ok_or_else(|| "there is no cluster".to_string())
    }

    /// Whether a producer was begun by `producer start`, rather than by a bare `produce`.
    pub(super) fn started_by_hand(&self, producer: &str) -> bool {
        let Some(lab) = &self.lab else { return false };
        let step = lab.step_number();
        lab.acts().filter(|(at, _)| *at <= step).any(|(_, command)| {
            let mut words = command.split_whitespace();
            words.next() == Some("producer")
                && words.next() == Some("start")
                && words.next() == Some(producer)
        })
    }

    /// Promises that broke since this was last asked, as sentences.
    pub(crate) fn new_violations(&mut self) -> Vec<String> {
        let Some(lab) = &self.lab else { return vec![] };
        let told = self.violations_told;
        let fresh: Vec<String> = lab
            .cluster()
            .invariants
            .violations()
            .iter()
            .filter(|violation| violation.event > told)
            .map(|v| {
                let (name, sentence, event) = (v.name, &v.sentence, v.event);
                let line =
                    format!("broken promise {name}: {sentence}; 'show why {event}' tells why");
                tell(self.language, &line).into_owned()
            })
            .collect();
        let last = lab.cluster().invariants.violations().iter().map(|v| v.event).max();
        self.violations_told = last.unwrap_or(0);
        fresh
    }
}

/// A sentence about a client that is not there.
pub(super) fn no_client(lab: &Lab, name: &str) -> String {
    let names = || lab.cluster().names.keys().map(String::as_str);
    match nearest(name, names()) {
        Some(near) => format!("there is no client '{name}': did you mean '{near}'?"),
        None if names().next().is_none() => {
            format!("there is no client '{name}': 'producer start' or 'consumer start' makes one")
        }
        None => format!(
            "there is no client '{name}'; there are {}",
            names().collect::<Vec<_>>().join(", ")
        ),
    }
}

/// A sentence about a broker that is not there.
pub(super) fn no_broker(lab: &Lab, broker: NodeId) -> String {
    let ids: Vec<String> = lab.cluster().brokers.keys().map(NodeId::to_string).collect();
    format!("there is no broker {broker}; there are {}", ids.join(", "))
}

impl Session {
    fn clients(&self, fits: impl Fn(&Client) -> bool) -> Vec<String> {
        let Some(lab) = &self.lab else { return vec![] };
        let cluster = lab.cluster();
        let named = cluster.names.keys().filter(|name| cluster.client(name).is_some_and(&fits));
        named.cloned().collect()
    }
}

impl Names for Session {
    fn topics(&self) -> Vec<String> {
        let image = self.lab.as_ref().and_then(|lab| lab.cluster().image());
        image.map_or(vec![], |image| image.topics.keys().map(|topic| topic.to_string()).collect())
    }
    fn partitions(&self) -> Vec<String> {
        let image = self.lab.as_ref().and_then(|lab| lab.cluster().image());
        let all = image.map_or(vec![], |image| {
            image.partitions().map(|(partition, _)| partition.to_string()).collect::<Vec<_>>()
        });
        all.into_iter().filter(|name| !name.starts_with("__")).take(200).collect()
    }
    fn brokers(&self) -> Vec<String> {
        let lab = self.lab.as_ref();
        lab.map_or(vec![], |lab| lab.cluster().brokers.keys().map(NodeId::to_string).collect())
    }
    fn producers(&self) -> Vec<String> {
        self.clients(|client| matches!(client, Client::Producer(_)))
    }
    fn consumers(&self) -> Vec<String> {
        self.clients(|client| matches!(client, Client::Consumer(_)))
    }
    fn groups(&self) -> Vec<String> {
        let Some(lab) = &self.lab else { return vec![] };
        let brokers = lab.cluster().brokers.values().filter_map(|node| node.broker.as_deref());
        let mut groups: Vec<String> =
            brokers.flat_map(|broker| broker.groups.groups.keys().map(|g| g.to_string())).collect();
        groups.extend(crate::trace::registry::names(lab).iter().map(|name| name.to_string()));
        groups.sort();
        groups.dedup();
        groups
    }
    fn branches(&self) -> Vec<String> {
        let lab = self.lab.as_ref();
        lab.map_or(vec![], |lab| lab.branches().into_iter().map(|branch| branch.name).collect())
    }
    fn files(&self) -> Vec<String> {
        let lab = self.lab.as_ref();
        lab.map_or(vec![], |lab| {
            super::files::list(lab, None).into_iter().map(|file| file.path).collect()
        })
    }
}
