//! An experiment on a thread of its own, for whoever must not stand still meanwhile: the screen, a script.
//!
//! What always holds: at most one is under way; dropping this, or beginning another, stops it and waits until its files
//! are gone (one piece of work at most).

use super::bench::Ears;
use super::{parse_words, run};
use crate::script::Measure;
use crate::trace::Canvas;
use crate::types::Language;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long one look waits.
const MOMENT: Duration = Duration::from_millis(15);

type Outcome = Result<(Vec<String>, Value), String>;

struct Under {
    stop: Arc<AtomicBool>,
    outcome: Receiver<Outcome>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Under {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a thread that fell over has removed its files on the way
        }
    }
}

/// Measures in the background.
pub struct Live {
    directory: Option<PathBuf>,
    canvas: Canvas,
    asked_to_stop: fn() -> bool,
    under: Option<Under>,
}

impl Live {
    /// Nothing is under way. `directory`: where files are made; `asked_to_stop`: asked between two pieces of work.
    pub fn new(directory: Option<PathBuf>, canvas: Canvas, asked_to_stop: fn() -> bool) -> Live {
        Live { directory, canvas, asked_to_stop, under: None }
    }
}

impl Measure for Live {
    fn begin(&mut self, words: &str, language: Language) -> Result<(), String> {
        self.under = None;
        let (experiment, mut wish) = parse_words(words, language)?;
        wish.directory = self.directory.clone();
        let (stop, (tell, outcome)) = (Arc::new(AtomicBool::new(false)), channel());
        let (flag, canvas, asked) = (Arc::clone(&stop), self.canvas, self.asked_to_stop);
        let canvas = Canvas { language, ..canvas };
        let thread = std::thread::spawn(move || {
            let stop = || flag.load(Ordering::Relaxed) || asked();
            let ears = Ears { progress: &mut |_, _| {}, stop: &stop };
            let report = run(experiment, &wish, ears);
            // Who asked may have left; then there is nobody to tell.
            let _ = tell.send(report.map_err(|error| error.to_string()).map(|report| {
                let text = report.picture(&canvas).to_text();
                (text.lines().map(str::to_owned).collect(), report.json())
            }));
        });
        self.under = Some(Under { stop, outcome, thread: Some(thread) });
        Ok(())
    }

    fn poll(&mut self) -> Option<Outcome> {
        let Some(under) = &self.under else {
            return Some(Err("nothing is being measured".into()));
        };
        match under.outcome.recv_timeout(MOMENT) {
            Err(RecvTimeoutError::Timeout) => None,
            Ok(outcome) => {
                self.under = None;
                Some(outcome)
            }
            Err(RecvTimeoutError::Disconnected) => {
                self.under = None;
                Some(Err("the measurement fell over; its files are gone".into()))
            }
        }
    }
}
