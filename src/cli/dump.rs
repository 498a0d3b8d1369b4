//! `klab dump`: files as Kafka's own tool prints them.
//!
//! What always holds: the standard output has the lines alone; what is wrong with a file goes to the error output, and
//! the exit code is 2 then. The bar is drawn only on a terminal that does not show the lines as well. Left out:
//! following a growing file.

use super::arguments::DumpArguments;
use super::output::Output;
use super::{ENDED, WRONG, interrupt};
use crate::dump::Options;
use crate::inspect::dump_files;
use crate::schema::Topic;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The decoder that the tool uses when none is named.
const STRING_DECODER: &str = "org.apache.kafka.tools.api.StringDecoder";

/// Cells of the bar.
const BAR: u64 = 30;

/// `klab dump`
pub fn dump(asked: &DumpArguments, out: &mut Output, err: &mut dyn Write) -> Result<i32, String> {
    let options = options(asked)?;
    let listed = asked.files.iter().flat_map(|list| list.split(','));
    // The tool passes over what is empty between two commas, or behind the last.
    let listed = listed.filter(|path| !path.is_empty()).map(PathBuf::from);
    let paths: Vec<PathBuf> = asked.paths.iter().cloned().chain(listed).collect();
    if paths.is_empty() {
        return Err("dump wants files or directories: klab dump PATH…".into());
    }
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        return Err(format!("there is no {}", missing.display()));
    }
    interrupt::listen();
    let draws = std::io::stderr().is_terminal() && !std::io::stdout().is_terminal();
    let mut drawn = None;
    let report = {
        let mut progress = |path: &Path, done: u64, all: u64| {
            let percent = done * 100 / all.max(1);
            if draws && drawn != Some(percent) {
                drawn = Some(percent);
                bar(err, path, done, all);
            }
        };
        let mut take = |text: &[u8]| {
            out.bytes(text);
            !out.is_closed()
        };
        dump_files(&paths, &options, &mut take, &mut progress)
    };
    if drawn.is_some() {
        let _ = write!(err, "\r\x1b[K");
    }
    out.flush();
    let _ = err.write_all(report.text().as_bytes());
    Ok(if report.holds() { ENDED } else { WRONG })
}

fn bar(err: &mut dyn Write, path: &Path, done: u64, all: u64) {
    let full = (done * BAR / all.max(1)) as usize;
    let empty = BAR as usize - full.min(BAR as usize);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mib = |bytes: u64| bytes >> 20;
    let _ = write!(
        err,
        "\r{name} [{}{}] {:>3}%  {} of {} MiB",
        "#".repeat(full),
        ".".repeat(empty),
        done * 100 / all.max(1),
        mib(done),
        mib(all)
    );
    let _ = err.flush();
}

fn options(asked: &DumpArguments) -> Result<Options, String> {
    let classes = [&asked.key_decoder_class, &asked.value_decoder_class];
    for class in classes.into_iter().flatten().flatten() {
        if class != STRING_DECODER {
            return Err(format!(
                "a decoder class needs a JVM, which klab is not: '{class}'. Text is what \
                 --print-data-log shows; Kafka's own topics have --offsets-decoder, \
                 --transaction-log-decoder, --share-group-state-decoder, \
                 --cluster-metadata-decoder"
            ));
        }
    }
    let decoders = [
        (asked.offsets_decoder, Topic::ConsumerOffsets),
        (asked.transaction_log_decoder, Topic::TransactionState),
        (asked.cluster_metadata_decoder, Topic::ClusterMetadata),
        (asked.remote_log_metadata_decoder, Topic::RemoteLogMetadata),
        (asked.share_group_state_decoder, Topic::ShareGroupState),
    ];
    let named = asked.key_decoder_class.is_some() || asked.value_decoder_class.is_some();
    Ok(Options {
        print_data_log: asked.print_data_log || named,
        deep_iteration: asked.deep_iteration,
        skip_record_metadata: asked.skip_record_metadata,
        max_bytes: asked.max_bytes.filter(|bytes| *bytes < i32::MAX as u64),
        max_message_size_bytes: asked.max_message_size,
        verify_index_only: asked.verify_index_only,
        index_sanity_check: asked.index_sanity_check,
        // Of several the tool takes the first in this order.
        decoder: decoders.into_iter().find(|(asked, _)| *asked).map(|(_, topic)| topic),
        json: asked.json,
    })
}
