//! One long log on several threads, its lines in order.
//!
//! ```text
//!   jobs      ─▶ worker 0: span 0, span 2, span 4 …      each worker has its own queue of two, so that the order
//!             ─▶ worker 1: span 1, span 3, span 5 …      of the answers is the order of the questions
//! ```
//!
//! What always holds: buffers go round, so memory does not grow with the log; a reader who leaves ends the work. Left
//! out: sharing one batch between threads.

use super::ReadFile;
use crate::dump::{
    FileKind, Options, Place, Report, Seen, Source, Span, Spans, end_log, follow, start_log,
    write_entries,
};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Spans that wait at each worker.
const QUEUE: usize = 2;

/// A buffer that grew beyond this is not kept.
const KEPT_BYTES: usize = 32 << 20;

struct Job {
    span: Span,
    out: Vec<u8>,
}

struct Done {
    end: u64,
    out: Vec<u8>,
    seen: Seen,
}

fn work(
    options: &Options,
    path: &str,
    source: &ReadFile,
    jobs: Receiver<Job>,
    answers: SyncSender<Done>,
) {
    let mut bytes = Vec::new();
    for Job { span, mut out } in jobs {
        let size = span.size_bytes as usize;
        if bytes.len() < size {
            bytes.resize(size, 0);
        }
        let mut seen = Seen::default();
        match source.read_at(span.position, &mut bytes[..size]) {
            Ok(read) => {
                write_entries(options, path, &bytes[..read], span.position, &mut out, &mut seen);
            }
            Err(error) => seen.problems.push(format!("at position {}: {error}", span.position)),
        }
        if bytes.len() > KEPT_BYTES {
            bytes = Vec::new();
        }
        let end = span.position + span.size_bytes;
        if answers.send(Done { end, out, seen }).is_err() {
            return;
        }
    }
}

/// The lines of a log.
pub(super) fn dump_log(
    kind: FileKind,
    options: &Options,
    place: &Place<'_>,
    source: &ReadFile,
    report: &mut Report,
    take: &mut dyn FnMut(&[u8]) -> bool,
    done: &mut dyn FnMut(u64),
) {
    let mut out = Vec::new();
    if !options.json {
        out.extend_from_slice(format!("Dumping {}\n", place.path).as_bytes());
    }
    start_log(kind, options, place, &mut out, report);
    if !take(&out) {
        return;
    }
    out.clear();
    let mut spans = Spans::new(source, 0, options.max_bytes);
    let path = place.path;
    let workers = thread::available_parallelism().map_or(2, |count| count.get()).clamp(1, 8);
    let complete = thread::scope(|scope| {
        let (mut jobs, mut answers) = (Vec::new(), Vec::new());
        for _ in 0..workers {
            let (send_job, receive_job) = sync_channel(QUEUE);
            let (send_done, receive_done) = sync_channel(QUEUE);
            scope.spawn(move || work(options, path, source, receive_job, send_done));
            jobs.push(send_job);
            answers.push(receive_done);
        }
        let (mut asked, mut answered, mut last) = (0, 0, None);
        let mut buffers: Vec<Vec<u8>> = Vec::new();
        loop {
            while asked - answered < workers * QUEUE {
                let Some(span) = spans.next() else { break };
                let out = buffers.pop().unwrap_or_default();
                if jobs[asked % workers].send(Job { span, out }).is_err() {
                    return false;
                }
                asked += 1;
            }
            if asked == answered {
                return true;
            }
            let Ok(mut answer) = answers[answered % workers].recv() else { return false };
            answered += 1;
            follow(&mut last, answer.seen, place, report);
            done(answer.end);
            if !take(&answer.out) {
                return false;
            }
            answer.out.clear();
            if answer.out.capacity() <= KEPT_BYTES {
                buffers.push(answer.out);
            }
        }
    });
    if complete {
        end_log(options, place, source.size_bytes(), &spans, &mut out, report);
        take(&out);
    }
}
