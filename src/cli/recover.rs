//! `klab recover`: a copy of a broker's directory, recovered as the broker would, and every step told.

use super::arguments::{Arguments, RecoverArguments};
use super::output::Output;
use super::{ENDED, FAILED};
use crate::inspect::{RecoverRequest, recover, recovered_json, recovered_text};
use crate::storage::LogConfig;
use crate::types::Timestamp;

/// Exit code 0: all brokers started; 1: one would not; an error: something given is wrong.
pub fn run(
    arguments: &Arguments,
    asked: &RecoverArguments,
    out: &mut Output,
) -> Result<i32, String> {
    let mut config = LogConfig::default();
    for setting in &asked.settings {
        let known = match setting.split_once('=') {
            Some((name, value)) => config.set(name, value)?,
            None => false,
        };
        if !known {
            return Err(format!("--set {setting}: a setting of a topic is needed, name=value"));
        }
    }
    let version = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        Some((parts.next()??, parts.next().unwrap_or(Some(0))?))
    };
    let kafka = version(&asked.kafka)
        .ok_or_else(|| format!("--kafka {}: a version is needed, 4.3 or 2.1", asked.kafka))?;
    let now = asked.now.map_or_else(wall_clock, Timestamp);
    let request =
        RecoverRequest { directories: &asked.directories, to: &asked.to, kafka, now, config };
    let language = arguments.language();
    let mut code = ENDED;
    recover(&request, &mut |broker| {
        if broker.refused.is_some() {
            code = FAILED;
        }
        out.text(&match asked.json {
            true => recovered_json(broker),
            false => recovered_text(broker, language),
        });
    })?;
    Ok(code)
}

/// Producers expire by the clock of the start.
#[allow(clippy::disallowed_methods)] // a real broker asks the real clock, too; --now makes a run repeatable
fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| since.as_millis() as i64))
}
