//! Conditions and values: what `until`, `expect` and `predict` speak about.
//!
//! ```text
//! condition := and ("or" and)*           and := not ("and" not)*        not := "not" not | comparison
//! comparison := value (("==" | "!=" | "<" | "<=" | ">" | ">=") value)?
//! value := function "(" arguments ")" | "(" condition ")" | {set} | [list] | "quoted" | word
//! ```
//!
//! A word is a number, `none`, `true`, `false`, or text such as `orders-0`, `0:12`, `Stable`. Sets compare without
//! order, lists with it; both nest. Every node remembers where it stands.

use super::error::Span;
use std::fmt;

/// A node of an expression and its place in the line.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpressionKind {
    /// A value as it stands.
    Literal(Value),
    /// `{a, b}`.
    Set(Vec<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `leo(orders-0, 2)`, `offset_at(orders-0, timestamp=5)`.
    Call {
        /// The function; always one of the table's.
        name: &'static str,
        /// The arguments by place.
        arguments: Vec<Expression>,
        /// The arguments by name.
        named: Vec<(&'static str, Expression)>,
    },
    /// A comparison.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// Both.
    And(Box<Expression>, Box<Expression>),
    /// One at least.
    Or(Box<Expression>, Box<Expression>),
    /// The opposite.
    Not(Box<Expression>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::Unequal => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
    /// The comparison written so.
    pub fn parse(text: &str) -> Option<Comparison> {
        Some(match text {
            "==" => Comparison::Equal,
            "!=" => Comparison::Unequal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }
    /// Whether it holds between two values. Numbers have an order; whatever has none is only equal or not, and
    /// `none` is neither smaller nor greater than anything.
    pub fn holds(self, left: &Value, right: &Value) -> bool {
        let order = || Some(left.number()?.cmp(&right.number()?));
        match self {
            Comparison::Equal => left.same(right),
            Comparison::Unequal => !left.same(right),
            Comparison::Less => order().is_some_and(|o| o.is_lt()),
            Comparison::LessOrEqual => order().is_some_and(|o| o.is_le()),
            Comparison::Greater => order().is_some_and(|o| o.is_gt()),
            Comparison::GreaterOrEqual => order().is_some_and(|o| o.is_ge()),
        }
    }
}

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing there: no leader, no committed offset.
    None,
    /// A number.
    Number(i64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(String),
    /// Values whose order means nothing.
    Set(Vec<Value>),
    /// Values in order.
    List(Vec<Value>),
}

impl Value {
    /// Text.
    pub fn text(text: impl fmt::Display) -> Value {
        Value::Text(text.to_string())
    }
    /// A list of texts.
    pub fn texts<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> Value {
        Value::List(items.into_iter().map(Value::text).collect())
    }
    /// A set of numbers.
    pub fn number_set(items: impl IntoIterator<Item = i64>) -> Value {
        Value::Set(items.into_iter().map(Value::Number).collect())
    }
    /// A list of numbers.
    pub fn numbers(items: impl IntoIterator<Item = i64>) -> Value {
        Value::List(items.into_iter().map(Value::Number).collect())
    }
    /// The number it is, or that its text spells.
    pub fn number(&self) -> Option<i64> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
    /// Whether it counts as true where a condition is wanted.
    pub fn truth(&self) -> bool {
        match self {
            Value::None => false,
            Value::Number(number) => *number != 0,
            Value::Bool(truth) => *truth,
            Value::Text(text) => !text.is_empty(),
            Value::Set(items) | Value::List(items) => !items.is_empty(),
        }
    }
    /// Whether two values are the same for a script: `7` and `"7"` are, and where one side is a set, order is nothing.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Value::Set(a) | Value::List(a), Value::Set(b) | Value::List(b)) => {
                let within =
                    |a: &[Value], b: &[Value]| a.iter().all(|x| b.iter().any(|y| x.same(y)));
                within(a, b) && within(b, a)
            }
            (Value::Number(_), Value::Text(_)) | (Value::Text(_), Value::Number(_)) => {
                self.to_string() == other.to_string()
            }
            _ => self == other,
        }
    }
    /// As JSON, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::None => serde_json::Value::Null,
            Value::Number(number) => (*number).into(),
            Value::Bool(truth) => (*truth).into(),
            Value::Text(text) => text.clone().into(),
            Value::Set(items) | Value::List(items) => items.iter().map(Value::to_json).collect(),
        }
    }
}

fn commas<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if i > 0 { "," } else { "" })?;
    }
    Ok(())
}

/// Whether text can stand in an expression without quotes.
pub fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_bare_character) && !matches!(text, "and" | "or" | "not")
}

/// Whether a character belongs to a bare word of an expression.
pub fn is_bare_character(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(c, '(' | ')' | '{' | '}' | '[' | ']' | ',' | '=' | '!' | '<' | '>' | '"')
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::None => write!(f, "none"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Text(text) if is_bare(text) => write!(f, "{text}"),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Set(items) => {
                write!(f, "{{")?;
                commas(f, items)?;
                write!(f, "}}")
            }
            Value::List(items) => {
                write!(f, "[")?;
                commas(f, items)?;
                write!(f, "]")
            }
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExpressionKind::Literal(value) => write!(f, "{value}"),
            ExpressionKind::Set(items) => {
                write!(f, "{{")?;
                commas(f, items)?;
                write!(f, "}}")
            }
            ExpressionKind::List(items) => {
                write!(f, "[")?;
                commas(f, items)?;
                write!(f, "]")
            }
            ExpressionKind::Call { name, arguments, named } => {
                write!(f, "{name}(")?;
                let by_name = named.iter().map(|(name, value)| format!("{name}={value}"));
                let all: Vec<String> =
                    arguments.iter().map(|a| a.to_string()).chain(by_name).collect();
                write!(f, "{})", all.join(", "))
            }
            ExpressionKind::Compare(how, left, right) => {
                write!(f, "{left} {} {right}", how.text())
            }
            ExpressionKind::And(left, right) => write!(f, "{left} and {right}"),
            ExpressionKind::Or(left, right) => write!(f, "({left} or {right})"),
            ExpressionKind::Not(inner) => write!(f, "not {inner}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_forget_order_and_lists_keep_it() {
        let (ab, ba) = (Value::numbers([1, 2]), Value::numbers([2, 1]));
        assert!(!ab.same(&ba));
        assert!(Value::number_set([1, 2]).same(&ba));
        assert!(!Value::number_set([1, 2]).same(&Value::numbers([1])));
    }

    #[test]
    fn text_and_number_are_compared_as_written() {
        assert!(Value::text("7").same(&Value::Number(7)));
        assert!(!Value::text("07").same(&Value::Number(7)));
        assert!(!Comparison::Less.holds(&Value::None, &Value::Number(1)));
        assert!(Comparison::GreaterOrEqual.holds(&Value::Number(3), &Value::Number(3)));
    }
}
