//! `inspected(FIELD)`: what the last `inspect` or `crc check` brought, inside conditions and answers.
//!
//! Conditions are asked of the lab, and a real broker's directory is no part of it. So before a condition is asked,
//! each `inspected(…)` in it becomes the value that it stands for.
//!
//! ```text
//!   inspect plain verify plain-0      [{"index":"identical", "batches":113, …}, {…}]
//!   inspected(index)      a field of the first object
//!   inspected("1.index")  of the second
//! ```

use super::command::Command;
use super::evaluate::evaluate;
use super::expression::{Expression, ExpressionKind, Value};
use super::session::Session;
use serde_json::Value as Json;

/// The value of a field; `none` where there is no such field.
pub fn field(result: &Json, path: &str) -> Value {
    let first = path.split('.').next().unwrap_or_default();
    let mut at = match result {
        Json::Array(all) if first.parse::<usize>().is_err() && path != "count" => all.first(),
        other => Some(other),
    };
    for name in path.split('.') {
        at = at.and_then(|json| match json {
            Json::Array(all) => all.get(name.parse::<usize>().ok()?),
            other => other.get(name),
        });
    }
    match (at, result) {
        (None, Json::Array(all)) if path == "count" => Value::Number(all.len() as i64),
        (Some(Json::Bool(is)), _) => Value::Bool(*is),
        (Some(Json::Number(number)), _) => number.as_i64().map_or(Value::None, Value::Number),
        (Some(Json::String(text)), _) => Value::text(text),
        (Some(Json::Array(all)), _) => Value::Number(all.len() as i64),
        _ => Value::None,
    }
}

/// The same condition with every `inspected(…)` replaced.
pub fn known(expression: &Expression, result: &Json) -> Expression {
    let inner = |inner: &Expression| Box::new(known(inner, result));
    let all = |items: &[Expression]| items.iter().map(|item| known(item, result)).collect();
    let kind = match &expression.kind {
        ExpressionKind::Call { name: "inspected", arguments, .. } => {
            match arguments.first().map(|argument| &argument.kind) {
                Some(ExpressionKind::Literal(path)) => {
                    ExpressionKind::Literal(field(result, &path.to_string()))
                }
                _ => return expression.clone(),
            }
        }
        ExpressionKind::Set(items) => ExpressionKind::Set(all(items)),
        ExpressionKind::List(items) => ExpressionKind::List(all(items)),
        ExpressionKind::Compare(how, a, b) => ExpressionKind::Compare(*how, inner(a), inner(b)),
        ExpressionKind::And(a, b) => ExpressionKind::And(inner(a), inner(b)),
        ExpressionKind::Or(a, b) => ExpressionKind::Or(inner(a), inner(b)),
        ExpressionKind::Not(a) => ExpressionKind::Not(inner(a)),
        ExpressionKind::Literal(_) | ExpressionKind::Call { .. } => return expression.clone(),
    };
    Expression { kind, span: expression.span }
}

/// What an expression comes to, asked of the lab and of what the session knows beside it.
pub fn evaluate_in(expression: &Expression, session: &Session) -> Result<Value, String> {
    match &session.lab {
        Some(lab) => evaluate(&known(expression, &session.inspected), lab),
        None => Err("there is no cluster yet".into()),
    }
}

/// Whether a command asks what is broken, so that whole files are to be read first.
pub fn asks_files(command: &Command) -> bool {
    match command {
        Command::Show(show) => show.kind == "invariants",
        Command::Expect(condition)
        | Command::Until { condition, .. }
        | Command::Predict { answer: condition, .. } => asks_what_broke(condition),
        _ => false,
    }
}

fn asks_what_broke(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Call { name, .. } => *name == "violated",
        ExpressionKind::Set(items) | ExpressionKind::List(items) => {
            items.iter().any(asks_what_broke)
        }
        ExpressionKind::Compare(_, a, b) | ExpressionKind::And(a, b) | ExpressionKind::Or(a, b) => {
            asks_what_broke(a) || asks_what_broke(b)
        }
        ExpressionKind::Not(a) => asks_what_broke(a),
        ExpressionKind::Literal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::parse_condition;
    use serde_json::json;

    #[test]
    fn fields_are_found_by_name_and_number() {
        let result =
            json!([{"index": "identical", "batches": 113}, {"index": "wrong", "ok": true}]);
        let told = |path: &str| field(&result, path).to_string();
        assert_eq!(told("index"), "identical");
        assert_eq!(told("batches"), "113");
        assert_eq!(told("1.index"), "wrong");
        assert_eq!(told("1.ok"), "true");
        assert_eq!(told("count"), "2");
        assert_eq!(told("nothing"), "none");
        assert_eq!(field(&json!({"all": [{"n": 3}]}), "all.0.n").to_string(), "3");
        assert_eq!(field(&Json::Null, "index"), Value::None);
    }

    #[test]
    fn a_condition_is_asked_with_what_was_brought() {
        let result = json!([{"index": "identical"}]);
        let condition = parse_condition("not (inspected(index) == wrong) and 1 == 1").unwrap();
        let known = known(&condition, &result);
        assert_eq!(known.to_string(), "not identical == wrong and 1 == 1");
    }
}
