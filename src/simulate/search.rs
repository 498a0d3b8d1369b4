//! Many seeds on all cores: each thread takes the next seed until one breaks a promise or none is left.

use super::plan::Plan;
use super::play::{Played, play};
use super::report::Report;
use super::shrink::shrink;
use super::wish::Wish;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Schedules played.
    pub done: u64,
    /// Schedules in all.
    pub of: u64,
    /// Steps taken.
    pub steps: u64,
    /// Whether it has found something and is making it smaller.
    pub is_shrinking: bool,
}

/// What the threads share.
#[derive(Default)]
struct Shared {
    next: AtomicU64,
    done: AtomicU64,
    steps: AtomicU64,
    found: AtomicBool,
    report: Mutex<Report>,
}

/// Searches. `progress` is told now and then, `stop` is asked now and then. An error is a sentence.
pub fn search(
    wish: &Wish,
    progress: &mut dyn FnMut(Progress),
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Report, String> {
    wish.check()?;
    #[allow(clippy::disallowed_methods)] // how long it took is told, and nothing else depends on it
    let begin = std::time::Instant::now();
    let shared = Shared::default();
    std::thread::scope(|scope| {
        let threads = wish.threads.min(wish.seeds as usize).max(1);
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| work(wish, &shared, stop))).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            std::thread::park_timeout(Duration::from_millis(60));
            progress(how_far(wish, &shared, false));
        }
    });
    let how_far_now = how_far(wish, &shared, false);
    let mut report = shared.report.into_inner().unwrap_or_else(|broken| broken.into_inner());
    if let Some(sentence) = report.wrong.take() {
        return Err(sentence);
    }
    report.wish = wish.clone();
    report.schedules = how_far_now.done;
    report.steps = how_far_now.steps;
    report.seconds = begin.elapsed().as_secs_f64();
    report.is_interrupted = stop();
    if let Some((seed, played)) = &report.found {
        progress(Progress { is_shrinking: true, ..how_far_now });
        report.shrunk = shrink(&Plan::new(wish, *seed), played, &|| stop());
    }
    Ok(report)
}

fn how_far(wish: &Wish, shared: &Shared, is_shrinking: bool) -> Progress {
    let (done, steps) = (shared.done.load(Ordering::Relaxed), shared.steps.load(Ordering::Relaxed));
    Progress { done, of: wish.seeds, steps, is_shrinking }
}

fn work(wish: &Wish, shared: &Shared, stop: &(dyn Fn() -> bool + Sync)) {
    // Seeds are taken in order and finished, so the least one that breaks a promise is the same on every machine.
    while !shared.found.load(Ordering::Relaxed) && !stop() {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= wish.seeds {
            return;
        }
        let seed = wish.seed + number;
        let played = play(&Plan::new(wish, seed), wish.steps, &|| stop());
        shared.done.fetch_add(1, Ordering::Relaxed);
        shared.steps.fetch_add(played.steps, Ordering::Relaxed);
        if played.broken.is_some() || played.wrong.is_some() {
            shared.found.store(true, Ordering::Relaxed);
        }
        let mut report = shared.report.lock().unwrap_or_else(|broken| broken.into_inner());
        add(&mut report, seed, played);
    }
}

fn add(report: &mut Report, seed: u64, played: Played) {
    for (name, count) in &played.findings {
        *report.findings.entry(name).or_default() += count;
    }
    report.elections += played.elections;
    report.records += played.records;
    if let Some(sentence) = &played.wrong {
        report.wrong.get_or_insert(sentence.clone());
    } else if played.broken.is_some() && report.found.as_ref().is_none_or(|found| seed < found.0) {
        report.found = Some((seed, played));
    }
}
