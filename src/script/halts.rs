//! Processes that end by themselves: whoever reads text is told at the command during which it happened.
//!
//! ```text
//!   produce orders count=1000
//!   ──▶ broker 1 exits: cannot append to broker-1/orders-0/…0000.log: the disk is full. Free some space, …
//! ```
//!
//! What Kafka itself would not survive (an offset that its index cannot hold) is part of the story: a line more. Where
//! the machine under the lab failed, what follows says nothing about Kafka: the command is wrong, and the run ends.

use super::execute::{Output, Status};
use crate::cluster::{Body, Lab, WorldEvent};
use crate::types::Language;

/// Adds what happened after the event `since` to what a command said.
pub(super) fn tell(lab: &Lab, since: u64, language: Language, output: &mut Output) {
    let from = lab.events().partition_point(|event| event.id <= since);
    let mut failed = Vec::new();
    for event in lab.events().range(from..) {
        let Body::World(WorldEvent::NodeHalted { host, reason, .. }) = &event.body else {
            continue;
        };
        // A start that failed has said so itself.
        if output.lines.iter().any(|line| line.ends_with(&format!("did not start: {reason}"))) {
            if *host {
                output.status = Status::Wrong;
            }
            continue;
        }
        let sentence = event.body.sentence(language);
        if *host { failed.push(sentence) } else { output.lines.push(sentence) }
    }
    if !failed.is_empty() {
        output.status = Status::Wrong;
        output.lines.splice(0..0, failed);
    }
}

#[cfg(test)]
mod tests {
    use crate::disk::Disk;
    use crate::script::{RunOptions, Session, run_script};
    use crate::types::Language;

    fn run(session: &mut Session, text: &str) -> (i32, Vec<String>) {
        let mut lines = Vec::new();
        let mut out = |line: &str| lines.push(line.to_string());
        let end = run_script("f.klab", text, session, RunOptions::default(), &mut out, &|| false);
        (end.exit_code, lines)
    }

    #[test]
    fn a_full_disk_of_the_host_is_told_and_ends_the_run() {
        let mut session = Session::new(Language::English, Box::new(|| Ok(Disk::memory())));
        let begin = "cluster brokers=1\ntopic create o\nproduce o value=a\n";
        assert_eq!(run(&mut session, begin).0, 0);
        let disk = session.lab.as_mut().unwrap().disk_mut();
        disk.fill_host();
        let (code, lines) = run(&mut session, "produce o value=b\nproduce o value=c\n");
        assert_eq!(code, 2);
        let told: Vec<&String> = lines.iter().filter(|l| l.contains("broker 1 exits")).collect();
        assert_eq!(told.len(), 1, "{lines:?}");
        assert!(told[0].starts_with("f.klab:1:1: broker 1 exits: "), "{told:?}");
        assert!(told[0].contains("the disk is full"), "{told:?}");
    }
}
