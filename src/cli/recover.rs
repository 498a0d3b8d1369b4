//! `klab recover`: a copy of a broker's directory, recovered as the broker would, and every step told.

use super::arguments::{Arguments, RecoverArguments};
use super::output::Output;
use super::{ENDED, FAILED, interrupt};
use crate::chinese::tell;
use crate::inspect::{RecoverRequest, recover, recovered_json, recovered_text};
use crate::storage::LogConfig;
use crate::types::Timestamp;

/// Exit code 0: all brokers started; 1: one would not; 130: interrupted; an error: something given is wrong.
pub fn run(
    arguments: &Arguments,
    asked: &RecoverArguments,
    out: &mut Output,
    err: &mut dyn std::io::Write,
) -> Result<i32, String> {
    let era =
        crate::era::of(&asked.kafka).map_err(|why| format!("--kafka {}: {why}", asked.kafka))?;
    let mut config = LogConfig::of(era);
    let mut settings = Vec::new();
    for setting in &asked.settings {
        let parts = setting.split_once('=');
        let (topic, name, value) =
            match parts.map(|(name, value)| (name.split_once(':'), name, value)) {
                Some((Some((topic, name)), _, value)) => (Some(topic.to_string()), name, value),
                Some((None, name, value)) => (None, name, value),
                None => (None, "", ""),
            };
        let known = match topic {
            Some(_) => config.clone().set(name, value),
            None => config.set(name, value),
        };
        if !known? {
            return Err(format!(
                "--set {setting}: a setting of topics is needed, name=value or topic:name=value"
            ));
        }
        settings.push((topic, name.to_string(), value.to_string()));
    }
    let request = RecoverRequest {
        directories: &asked.directories,
        to: &asked.to,
        node_id: asked.node_id,
        metadata: asked.metadata.as_deref(),
        now: asked.now.map_or_else(wall_clock, Timestamp),
        config,
        settings: &settings,
        stop: &interrupt::asked,
    };
    interrupt::listen();
    let language = arguments.language();
    let (mut code, mut first) = (ENDED, true);
    let done = recover(&request, &mut |broker| {
        if !std::mem::replace(&mut first, false) && !asked.json {
            out.line("");
        }
        if broker.refused.is_some() {
            code = FAILED;
        }
        out.text(&match asked.json {
            true => recovered_json(broker),
            false => recovered_text(broker, language),
        });
    });
    match done {
        Err(why) if interrupt::asked() => {
            let _ = writeln!(err, "klab: {}", tell(arguments.language(), &why));
            Ok(interrupt::INTERRUPTED)
        }
        Err(why) => Err(why),
        Ok(()) => Ok(code),
    }
}

/// Producers expire by the clock of the start.
#[allow(clippy::disallowed_methods)] // a real broker asks the real clock, too; --now makes a run repeatable
fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_millis() as i64))
}
