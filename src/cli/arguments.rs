//! The arguments, their help and their examples, as one definition: the parser, `--help` and the completions read it.

use super::simulate::SimulateArguments;
use crate::simulate::perf::{self, Experiment};
use crate::trace::{Canvas, Glyphs};
use crate::types::Language;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Text that ends `klab --help`.
const EXAMPLES: &str = "\
Examples:
  klab                                      the first screen
  klab lesson --list                        all lessons
  klab lesson a05 --plain                   a lesson without a screen
  klab run orders.klab --dir /tmp/k --keep  a script; its files stay
  klab inspect /var/lib/kafka/data          the files of a real broker, read-only
  klab inspect DIR lookup orders-0 offset=87
  klab perf zero-copy                       a measurement on this machine
  klab sandbox --compare kafka=0.10.2,4.3   two versions side by side, the same commands
  klab simulate --config acks=1             random faults, until a promise breaks
  klab eras                                 which rules hold in which version
  klab dump FILE.log --print-data-log       as kafka-dump-log prints it, faster
  klab glossary ISR                         what a word means

Exit codes: 0 ended; 1 an expect, until or predict failed; 2 a script, an argument, a name, a file
or a directory is wrong; 130 after Ctrl-C.";

/// A learning lab that makes Apache Kafka visible: a real cluster in one process, one happening at a time.
#[derive(Debug, Parser)]
#[command(name = "klab", version, after_help = EXAMPLES)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub options: Options,
    /// What to do; nothing: the first screen.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Options {
    /// What chance is drawn from: the same seed, the same run
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// Where the cluster's files are: a new or empty directory
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Leave the cluster's files when the program ends
    #[arg(long, global = true)]
    pub keep: bool,
    /// The language of prose and labels [default: from the environment]
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Tongue>,
    /// Only ASCII marks
    #[arg(long, global = true)]
    pub ascii: bool,
    /// No colours (NO_COLOR does the same)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// No screen: lines of text, for a pipe or a screen reader
    #[arg(long, global = true)]
    pub plain: bool,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tongue {
    /// English
    En,
    /// Chinese
    Zh,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays a lesson, or lists them
    #[command(after_help = "Examples: klab lesson a05 --lang zh; klab lesson h01 --play --speed 2")]
    Lesson(LessonArguments),
    /// Runs a script, without a screen
    #[command(after_help = RUN_EXAMPLES)]
    Run(RunArguments),
    /// A cluster of three brokers and a prompt; without a screen commands are read from the standard input
    #[command(
        after_help = "Examples: klab sandbox --seed 7 --dir /tmp/k --keep; klab sandbox --from lost.klab; \
                      klab sandbox --compare kafka=0.10.2,4.3"
    )]
    Sandbox(SandboxArguments),
    /// Holds lessons to what they say
    #[command(after_help = "Example: klab check a05 --update")]
    Check(CheckArguments),
    /// Opens the files of a real broker, read-only
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(InspectArguments),
    /// Small honest measurements on this machine: zero-copy, sequential, batching, compression, index
    #[command(after_help = PERF_EXAMPLES)]
    Perf(PerfArguments),
    /// Plays random schedules of faults, thousands a minute, and looks for a broken promise
    #[command(after_help = super::simulate::EXAMPLES)]
    Simulate(SimulateArguments),
    /// Prints files of a log directory as Kafka's own dump tool does
    #[command(after_help = DUMP_EXAMPLES)]
    Dump(DumpArguments),
    /// Does to a copy of a broker's directory what the broker would do at its next start, and tells every step
    #[command(after_help = RECOVER_EXAMPLES)]
    Recover(RecoverArguments),
    /// What is simplified, and why
    #[command(after_help = "Example: klab fidelity static-voters")]
    Fidelity {
        /// One entry
        id: Option<String>,
    },
    /// Which rules hold in which version of Kafka, and which defaults changed
    #[command(after_help = "\
Without a terminal the table is as wide as it needs to be; COLUMNS=80 tells each rule by its versions.
With --json: 'versions', and 'rules' with theme, name, source, values (by version).

Examples: klab eras; COLUMNS=80 klab eras | less; klab eras --json")]
    Eras {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// What words and abbreviations mean
    #[command(after_help = "Examples: klab glossary HW; klab glossary 压实")]
    Glossary {
        /// One word, in English or Chinese
        word: Option<String>,
    },
    /// Prints the completions of a shell
    #[command(
        after_help = "Example: klab completions bash > ~/.local/share/bash-completion/completions/klab"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `klab sandbox`
#[derive(Debug, Default, Args)]
pub struct SandboxArguments {
    /// Begins with a script, at the step in which a promise breaks in it, or at its end
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub from: Option<PathBuf>,
    /// Two clusters side by side that differ in one setting of `cluster`: kafka=0.10.2,4.3, brokers=1,3
    #[arg(long, value_name = "SETTING=A,B")]
    pub compare: Option<String>,
}

/// `klab check`
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// One lesson; without it all
    pub id: Option<String>,
    /// Records the outputs of commands anew, in the lesson files
    #[arg(long)]
    pub update: bool,
    /// Checks the lessons of a directory instead of those in the program
    #[arg(long, value_name = "DIR")]
    pub lessons: Option<PathBuf>,
}

/// `klab lesson`
#[derive(Debug, Args)]
pub struct LessonArguments {
    /// The lesson's id, or its beginning; without it the lessons are listed
    pub id: Option<String>,
    /// Lists the lessons and how far you are
    #[arg(long, conflicts_with = "id")]
    pub list: bool,
    /// Plays it by itself: the engine answers the questions, your progress stays as it is
    #[arg(long, conflicts_with = "list", requires = "id")]
    pub play: bool,
    /// With --play: happenings a second, 0.01 to 1000 [default: 1]
    #[arg(long, value_name = "X", requires = "play", value_parser = happening_ms)]
    pub speed: Option<u64>,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Reads the lessons of a directory instead of those in the program
    #[arg(long, value_name = "DIR")]
    pub lessons: Option<PathBuf>,
}

/// How long each happening stays, in milliseconds, from happenings a second.
fn happening_ms(text: &str) -> Result<u64, String> {
    let speed: f64 = text
        .trim_end_matches(['x', '×'])
        .parse()
        .map_err(|_| format!("'{text}' is no number: say 0.5, 1 or 10"))?;
    match (0.01..=1000.0).contains(&speed) {
        true => Ok((1000.0 / speed).round() as u64),
        false => Err("from 0.01 to 1000 happenings a second".into()),
    }
}

const RUN_EXAMPLES: &str = "\
Without --dir and --keep the files are in memory. With --keep the run ends with a clean close.

Examples:
  klab run orders.klab
  klab run orders.klab --dir /tmp/k --keep && ls /tmp/k/broker-1
  klab run orders.klab --compare kafka=0.10.2,4.3
  klab run orders.klab --compare replica.lag.time.max.ms=10000,30000
  klab run - --json < orders.klab";

/// `klab run`
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The script; - reads the standard input
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Events and results as JSON lines
    #[arg(long)]
    pub json: bool,
    /// Prints each command before what it says
    #[arg(long)]
    pub echo: bool,
    /// The same script in two to four clusters that differ in one setting of `cluster`, side by side
    #[arg(long, value_name = "NAME=A,B")]
    pub compare: Option<String>,
    /// A broken invariant fails the run
    #[arg(long)]
    pub strict: bool,
    /// With --keep: leaves the files as they are, as if all power went off at the end
    #[arg(long)]
    pub no_close: bool,
}

const INSPECT_EXAMPLES: &str = "\
DIR is the log.dirs of a broker, a directory of several such, or one partition's directory.
Nothing is locked or changed; the broker may run. Words behind it, and without them the screen:
  T-P                                    a partition: facts, segments, batches
  partition|log|index|bytes|batches T-P [offset=N] [broker=N]
  lookup T-P offset=N | timestamp=T      every step of finding it
  find key=alice value~apples offset=5..9 time=2026-09-21 [topic=T] [T-P] [limit=N]
                                         = is all of it, ~ a part, 0x... bytes
  findings [T-P]                         reads every log and tells what is wrong, and what to do
  verify T-P                             rebuilds the indexes from the log and compares
  groups | transactions | metadata       the internal topics

Exit codes: 0 done; 1 findings: something is bad, verify: an index is wrong, find: nothing found;
2 an argument or the directory is wrong; 130 after Ctrl-C.

Examples:
  klab inspect DIR
  klab inspect DIR lookup orders-0 offset=87
  klab inspect DIR findings --json
  klab inspect DIR orders-0 --follow     new batches as a broker writes them
  klab inspect --list-samples            real directories that come along
  klab inspect --sample 2.1 m0-lz4-0";

/// `klab inspect`
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// The directory; with --sample, the name of a sample
    #[arg(value_name = "DIR", required_unless_present_any = ["sample", "list_samples"])]
    pub directory: Option<PathBuf>,
    /// What of it, see below
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    /// Opens a real directory that comes along, by its name
    #[arg(long)]
    pub sample: bool,
    /// Lists the directories that come along
    #[arg(long)]
    pub list_samples: bool,
    /// Tells what a running broker adds, a line each, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// JSON instead of text
    #[arg(long)]
    pub json: bool,
}

const PERF_EXAMPLES: &str = "\
zero-copy    file to socket: through the program, or by sendfile
sequential   writes in order and at random, with and without fsync; hot and cold reads
batching     the same records, one a batch or many
compression  ratio and speed of each codec
index        finding an offset with and without the sparse index

--dir names the directory in whose device you are interested (else the system's for temporary files).
Files are removed at the end, also after Ctrl-C.

Examples:
  klab perf zero-copy
  klab perf sequential --dir /var/lib --seconds 20
  klab perf batching --json";

/// `klab perf`
#[derive(Debug, Args)]
pub struct PerfArguments {
    /// What to measure
    #[arg(value_name = "WHAT", value_parser = experiment)]
    pub experiment: Experiment,
    /// About how long to measure, 0.1 to 600 [default: 8]
    #[arg(long, value_name = "N", value_parser = perf::seconds)]
    pub seconds: Option<Duration>,
    /// JSON instead of tables
    #[arg(long)]
    pub json: bool,
}

/// An experiment by its name.
fn experiment(name: &str) -> Result<Experiment, String> {
    Experiment::parse(name)
        .ok_or_else(|| format!("say one of {}", Experiment::ALL.map(Experiment::name).join(", ")))
}

const DUMP_EXAMPLES: &str = "\
The lines are those of kafka-dump-log of Kafka 4.3, for .log .checkpoint .index .timeindex .snapshot
.txnindex; of a directory all such files in it are taken. What is wrong with a file is told on the
error output. The exit code is 2 if a file does not hold together: what cannot be read, a checksum,
bytes behind the last batch, an index entry that the log does not bear out. Gaps are no fault.

With --json each line is an object with 'file' and 'kind':
  batch      position sizeBytes magic baseOffset lastOffset count baseSequence lastSequence
             producerId producerEpoch partitionLeaderEpoch isTransactional isControl
             deleteHorizonMs timestampType maxTimestamp codec crc isValid
  record     offset timestamp keySize valueSize sequence headerKeys; isValid crc (formats 0 and 1);
             control; key value (text, or {base64}); with a decoder type version key value, or error
  index      offset position
  timeindex  timestamp offset
  snapshot   producerId producerEpoch coordinatorEpoch currentTxnFirstOffset lastTimestamp
             firstSequence lastSequence lastOffset offsetDelta timestamp
  txnindex   version producerId firstOffset lastOffset lastStableOffset
  mismatch   what (offset timestamp order notFound) indexed found: an index entry and the log
  sanity     passed reason (null: passed); an index without an entry is 'empty'
  invalid    position sizeBytes: bytes at the end of a log that are no whole batch

Examples:
  klab dump 00000000000000000000.log --print-data-log
  klab dump --files a.log,a.index --deep-iteration
  klab dump DIR/__consumer_offsets-0 --offsets-decoder
  klab dump DIR/orders-0 --json | jq 'select(.kind == \"batch\" and .isValid == false)'";

/// `klab dump`
#[derive(Debug, Args)]
pub struct DumpArguments {
    /// Files or directories
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Files with commas between them, as Kafka's tool takes them
    #[arg(long, value_name = "A,B")]
    pub files: Option<String>,
    /// Prints keys and values
    #[arg(long)]
    pub print_data_log: bool,
    /// Prints each record, not only each batch
    #[arg(long)]
    pub deep_iteration: bool,
    /// Prints keys and values only, without offsets and sizes
    #[arg(long)]
    pub skip_record_metadata: bool,
    /// Only says whether an index would pass a broker's check
    #[arg(long)]
    pub index_sanity_check: bool,
    /// Checks indexes without printing them
    #[arg(long)]
    pub verify_index_only: bool,
    /// Records are those of __consumer_offsets
    #[arg(long)]
    pub offsets_decoder: bool,
    /// Records are those of __transaction_state
    #[arg(long)]
    pub transaction_log_decoder: bool,
    /// Records are those of __cluster_metadata
    #[arg(long)]
    pub cluster_metadata_decoder: bool,
    /// Records are those of __share_group_state
    #[arg(long)]
    pub share_group_state_decoder: bool,
    /// Records are those of __remote_log_metadata
    #[arg(long)]
    pub remote_log_metadata_decoder: bool,
    /// Stops each log at this many bytes
    #[arg(long, value_name = "N")]
    pub max_bytes: Option<u64>,
    /// Largest batch that an index entry may point at
    #[arg(long, value_name = "N", default_value_t = 5 << 20)]
    pub max_message_size: u64,
    /// Only Kafka's StringDecoder is known: klab has no JVM
    #[arg(long, value_name = "CLASS", num_args = 0..=1)]
    pub key_decoder_class: Option<Option<String>>,
    /// Only Kafka's StringDecoder is known: klab has no JVM
    #[arg(long, value_name = "CLASS", num_args = 0..=1)]
    pub value_decoder_class: Option<Option<String>>,
    /// JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Text that ends `klab recover --help`.
const RECOVER_EXAMPLES: &str = "\
DIR is a log directory of a broker, several of one broker (log.dirs), or a folder with the directories
of several brokers. It is never changed and never locked. Each log directory has a directory of its
own name below OUT; there it is started as the broker would, and stopped cleanly.

Every step is told with its reason: ! what was found wrong, - what is taken away, + what is made anew,
= how the log ends. Settings of topics come from the metadata log in DIR; index.interval.bytes, where
nothing says it, is what the indexes show, and all else Kafka's default, unless --set says more.

What the controller does at a start needs its metadata log: that of a controller in DIR (the node itself
or one beside it), or the one in --metadata. Partitions that it does not know are set aside (-stray), missing ones are
made, and a broker that is the only one is elected for all: a new line in leader-epoch-checkpoint, and
the high watermark is the log end. Elections among several brokers, retention and compaction are left out.

--json prints one object a line: directory, step (a name), partition (null: the whole directory) and
sentence. The last line of a broker has the step Stopped or Refused.

Links are not followed; they are named. A file or nothing where one of several directories should be
is handed to the start as it is, as a broker would find it.

Examples:
  klab recover /var/lib/kafka/data --to /tmp/after
  klab recover /disk1/kafka /disk2/kafka --to /tmp/after --json
  klab recover DIR --to OUT --kafka 2.1 --set orders:index.interval.bytes=512
  klab recover broker-1 --to OUT --metadata controller-1

Exit codes: 0 every broker starts; 1 one would not start, and why is told (OUT holds what it left);
2 an argument or a directory is wrong; 130 after Ctrl-C. With 2 and 130, what OUT holds is a part of
the copy: remove it.";

/// `klab recover`
#[derive(Debug, Args)]
pub struct RecoverArguments {
    /// Log directories, or folders that hold some
    #[arg(value_name = "DIR", required = true)]
    pub directories: Vec<PathBuf>,
    /// Where the copy goes: a new or empty directory
    #[arg(long, value_name = "OUT")]
    pub to: PathBuf,
    /// The version of the broker that starts, one of `klab eras`
    #[arg(long, value_name = "V", default_value = "4.3")]
    pub kafka: String,
    /// A setting of one topic or of all, where it is not Kafka's default (more than once, if need be)
    #[arg(long = "set", value_name = "[TOPIC:]NAME=VALUE")]
    pub settings: Vec<String>,
    /// node.id of the broker that starts [default: what meta.properties says]
    #[arg(long, value_name = "N")]
    pub node_id: Option<u32>,
    /// A log directory with the controller's metadata log, where DIR has none
    #[arg(long, value_name = "DIR")]
    pub metadata: Option<PathBuf>,
    /// The clock of the start, in milliseconds since 1970: producers expire by it [default: now]
    #[arg(long, value_name = "MS")]
    pub now: Option<i64>,
    /// JSON lines instead of text
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// The language: asked for, or else the environment's.
    pub fn language(&self) -> Language {
        match self.options.lang {
            Some(Tongue::En) => Language::English,
            Some(Tongue::Zh) => Language::Chinese,
            None => of_locale(|name| std::env::var(name).ok()),
        }
    }

    /// What texts are drawn on.
    pub fn canvas(&self) -> Canvas {
        let canvas = Canvas::text(self.language());
        let glyphs = if self.options.ascii { Glyphs::ascii() } else { canvas.glyphs };
        Canvas { glyphs, ..canvas }
    }
}

/// The language of the locale: Chinese if it begins so.
pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    match locale.is_some_and(|locale| locale.starts_with("zh")) {
        true => Language::Chinese,
        false => Language::English,
    }
}
