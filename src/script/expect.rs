//! `expect` and `predict`: what shall hold, and what is asked.

use super::evaluate::{evaluate, holds, is_condition, saw};
use super::execute::{Progress, done, failed, wanted, wrong};
use super::expression::Expression;
use super::say::Said;
use crate::cluster::Lab;
use serde_json::json;

/// Fails the script if a condition does not hold.
pub fn expect(condition: &Expression, lab: &Lab) -> Progress {
    match holds(condition, lab) {
        Err(error) => wrong(error),
        Ok(true) => {
            done(Said::new(vec![], json!({ "condition": condition.to_string(), "holds": true })))
        }
        Ok(false) => {
            let saw = saw(condition, lab);
            let result = json!({ "condition": condition.to_string(), "holds": false, "saw": saw });
            failed(format!("expected {}", wanted(condition, &saw)), result)
        }
    }
}

/// Without a learner the engine answers alone, and says so. A condition that does not hold fails.
pub fn predict(question: &str, answer: &Expression, lab: &Lab) -> Progress {
    match evaluate(answer, lab) {
        Err(error) => wrong(error),
        Ok(value) => {
            let line = format!("{question} {value} (answered by the engine)");
            let result = json!({ "question": question, "answer": value.to_json() });
            if is_condition(answer) && !value.truth() {
                let saw = saw(answer, lab);
                let line = if saw.is_empty() { line } else { format!("{line}; {saw}") };
                return failed(line, result);
            }
            done(Said::new(vec![line], result))
        }
    }
}
