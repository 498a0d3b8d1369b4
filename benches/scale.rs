//! A large cluster: 100 brokers, 10 000 partitions, three replicas of each, created, run and shown; how long going back
//! takes far from the beginning; how many schedules the simulator plays.
//!
//! `cargo bench --bench scale`; `-- brokers topics partitions` takes other sizes, `-- schedules` the simulator alone,
//! `-- back` going back alone.

#![allow(clippy::disallowed_methods)] // a benchmark needs a real clock

use klab::cluster::Lab;
use klab::script::{Execution, Session, parse_line};
use klab::simulate::{Wish, search};
use klab::tui::{Options, Start, paper};
use klab::types::Language;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::{Duration, Instant};

fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Resident memory of this program, in MiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn play(session: &mut Session, line: &str) {
    let statement = parse_line(line, 1).expect("a command").expect("not empty");
    let output = Execution::new(statement).finish(session);
    assert_eq!(output.status.exit_code(), 0, "{line}: {:?}", output.lines);
}

fn lab(session: &mut Session) -> &mut Lab {
    session.lab.as_mut().expect("a lab")
}

fn rate(session: &mut Session, steps: u64) -> f64 {
    let begin = Instant::now();
    for _ in 0..steps {
        lab(session).step().expect("a step");
    }
    steps as f64 / begin.elapsed().as_secs_f64()
}

fn lines(brokers: u32, topics: u32, partitions: u32) -> Vec<String> {
    let mut lines = vec![format!("cluster brokers={brokers} seed=1"), "run 5s".to_owned()];
    for topic in 1..=topics {
        lines.push(format!("topic create t{topic} partitions={partitions} replication-factor=3"));
    }
    lines.push("run 2s".to_owned());
    for producer in 1..=5.min(topics) {
        lines.push(format!(
            "produce t{producer} producer=p{producer} value=x every=1ms linger.ms=0 &"
        ));
    }
    lines
}

fn large(brokers: u32, topics: u32, partitions: u32) {
    println!("{brokers} brokers, {} partitions, 3 replicas", topics * partitions);
    let before = memory();
    let begin = Instant::now();
    let mut session = Session::in_memory(Language::English);
    for line in lines(brokers, topics, partitions) {
        play(&mut session, &line);
    }
    let steps = lab(&mut session).step_number();
    println!("created                 {:>9.2} s, {steps} steps", begin.elapsed().as_secs_f64());
    println!("memory                  {:>9} MiB", memory() - before);
    let idle = rate(&mut session, 50_000);
    println!("steps a second          {idle:>9.0}");
    println!("memory after them       {:>9} MiB", memory() - before);
    let begin = Instant::now();
    play(&mut session, "broker kill 1");
    play(&mut session, "until not alive(1) within=60s");
    play(&mut session, "run 1s");
    println!("broker fail-over        {:>9.2} s of real time", begin.elapsed().as_secs_f64());
    let begin = Instant::now();
    play(&mut session, "controller kill");
    play(&mut session, "controller start");
    play(&mut session, "run 1s");
    println!("controller fail-over    {:>9.2} s of real time", begin.elapsed().as_secs_f64());
    back(&mut session, 20);
}

fn back(session: &mut Session, rounds: usize) {
    let step = lab(session).step_number();
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        lab(session).back(1).expect("one step back");
        times.push(begin.elapsed());
    }
    let (half, most) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!(
        "back one step at {step:>7} {:>7.3} ms median, {:.3} ms p99   aim 50 ms",
        ms(half),
        ms(most)
    );
}

fn frames(brokers: u32, topics: u32, partitions: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options {
        progress: Some(directory.path().join("progress.json")),
        dir: Some(directory.path().join("files")),
        ..Options::default()
    };
    let start = Start::Script(lines(brokers, topics, partitions).join("\n"));
    let size = (200, 60);
    let (app, _shop) =
        paper::open(&options, &start, Language::English, size).expect("a sandbox on paper");
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a terminal");
    let mut times = Vec::new();
    for _ in 0..300 {
        let begin = Instant::now();
        let _ = terminal.draw(|frame| app.draw(frame));
        times.push(begin.elapsed());
    }
    let (half, most) = (percentile(&mut times, 0.5), percentile(&mut times, 0.99));
    println!(
        "frame at 200x60         {:>9.3} ms median, {:.3} ms p99   aim 2 ms",
        ms(half),
        ms(most)
    );
}

fn schedules() {
    let wish = Wish { seeds: 200, ..Wish::default() };
    let report = search(&wish, &mut |_| {}, &|| false).expect("a search");
    println!(
        "schedules a minute      {:>9.0}   aim 2000 of 10 000 steps on 2 cores; {:.0} steps a second, {} threads",
        report.schedules as f64 / (report.seconds / 60.0),
        report.steps_per_second(),
        wish.threads
    );
}

fn far_back() {
    let mut session = Session::in_memory(Language::English);
    for line in [
        "cluster brokers=3 seed=1",
        "run 3s",
        "topic create orders partitions=3 replication-factor=3",
        "produce orders producer=p1 value=x every=1ms linger.ms=0 &",
    ] {
        play(&mut session, line);
    }
    while lab(&mut session).step_number() < 100_000 {
        lab(&mut session).step().expect("a step");
    }
    back(&mut session, 1_000);
}

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let numbers: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let (brokers, topics, partitions) = match numbers[..] {
        [brokers, topics, partitions] => (brokers, topics, partitions),
        _ => (100, 100, 100),
    };
    let all = words.iter().all(|word| word.parse::<u32>().is_ok());
    let asked = |word: &str| all || words.iter().any(|known| known == word);
    if asked("schedules") {
        schedules();
    }
    if asked("back") {
        far_back();
    }
    if asked("large") {
        large(brokers, topics, partitions);
        frames(brokers, topics, partitions);
    }
}
