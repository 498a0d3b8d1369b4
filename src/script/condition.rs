//! Reads conditions and values from text; see `expression` for the grammar.

use super::error::{Fault, Span};
use super::expression::{Comparison, Expression, ExpressionKind, Value, is_bare_character};
use super::functions::{FUNCTIONS, Function, Parameter, function};
use super::lexer::quotes;
use crate::types::TopicPartition;

/// How deep brackets may nest.
const DEPTH_LIMIT: usize = 40;
/// How many terms an expression may have.
const TOKEN_LIMIT: usize = 20_000;
/// How many conditions may be joined in a row.
const JOIN_LIMIT: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

const SIGNS: &[&str] =
    &["==", "!=", "<=", ">=", "<", ">", "=", "(", ")", "{", "}", "[", "]", ",", "!"];

/// Reads an expression from `text` (a whole line) starting at character `from`. Gives the expression and the character
/// behind it: what follows (`within=30s`, a comment) is the caller's.
pub fn parse_at(text: &str, from: usize) -> Result<(Expression, usize), Fault> {
    let characters: Vec<char> = text.chars().collect();
    let tokens = tokens(&characters, from)?;
    let end = characters.len();
    let mut parser = Parser { tokens, at: 0, end, depth: 0, joined: 0 };
    let expression = parser.or()?;
    let next = parser.tokens.get(parser.at).map_or(end, |(_, span)| span.start);
    Ok((expression, next))
}

/// Reads an expression that is the whole text.
pub fn parse_all(text: &str) -> Result<Expression, Fault> {
    let (expression, next) = parse_at(text, 0)?;
    let rest: String = text.chars().skip(next).collect();
    if rest.trim().is_empty() || rest.starts_with('#') {
        return Ok(expression);
    }
    let advice = "a comparison, 'and' or 'or' could follow";
    Err(Fault::new(Span::new(next, rest.trim_end().chars().count()), "unexpected text", advice))
}

fn tokens(characters: &[char], from: usize) -> Result<Vec<(Token, Span)>, Fault> {
    let mut tokens = Vec::new();
    let mut at = from;
    while let Some(&c) = characters.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        if c == '#' && (at == 0 || characters[at - 1].is_whitespace()) {
            break;
        }
        if tokens.len() >= TOKEN_LIMIT {
            let message = format!("more than {TOKEN_LIMIT} terms in one condition");
            return Err(Fault::new(Span::new(at, 1), message, ""));
        }
        if c == '"' {
            let (inside, next) = quotes(characters, at)?;
            tokens.push((Token::Quoted(inside), Span::new(at, next - at)));
            at = next;
            continue;
        }
        let sign = SIGNS
            .iter()
            .find(|sign| sign.chars().enumerate().all(|(i, s)| characters.get(at + i) == Some(&s)));
        if let Some(sign) = sign {
            tokens.push((Token::Sign(sign), Span::new(at, sign.len())));
            at += sign.len();
            continue;
        }
        let start = at;
        while at < characters.len() && is_bare_character(characters[at]) {
            at += 1;
        }
        tokens.push((
            Token::Word(characters[start..at].iter().collect()),
            Span::new(start, at - start),
        ));
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    end: usize,
    depth: usize,
    joined: usize,
}

fn join(left: &Expression, right: &Expression) -> Span {
    let end = right.span.start + right.span.width;
    Span::new(left.span.start, end.saturating_sub(left.span.start))
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    /// Where the next token stands; behind the line, if there is none.
    fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(Span::new(self.end, 1), |(_, span)| *span)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(w)) if w == word);
        self.at += usize::from(found);
        found
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(s)) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(Fault::new(self.span(), "brackets nest too deep", ""));
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Expression, Fault> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            let right = self.and()?;
            self.joined += 1;
            self.not_too_many()?;
            let span = join(&left, &right);
            let kind = ExpressionKind::Or(Box::new(left), Box::new(right));
            left = Expression { kind, span };
        }
        Ok(left)
    }

    fn not_too_many(&self) -> Result<(), Fault> {
        if self.joined <= JOIN_LIMIT {
            return Ok(());
        }
        let message = format!("more than {JOIN_LIMIT} conditions joined");
        Err(Fault::new(self.span(), message, "write several lines"))
    }

    fn and(&mut self) -> Result<Expression, Fault> {
        let mut left = self.not()?;
        while self.takes_word("and") {
            let right = self.not()?;
            self.joined += 1;
            self.not_too_many()?;
            let span = join(&left, &right);
            let kind = ExpressionKind::And(Box::new(left), Box::new(right));
            left = Expression { kind, span };
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, Fault> {
        let start = self.span().start;
        if !self.takes_word("not") && !self.takes_sign("!") {
            return self.comparison();
        }
        let inner = self.deeper(Self::not)?;
        let span = Span::new(start, inner.span.start + inner.span.width - start);
        Ok(Expression { kind: ExpressionKind::Not(Box::new(inner)), span })
    }

    fn comparison(&mut self) -> Result<Expression, Fault> {
        let left = self.value()?;
        let how = match self.peek() {
            Some(Token::Sign("=")) => {
                return Err(Fault::new(self.span(), "'=' does not compare", "write '=='"));
            }
            Some(Token::Sign(sign)) => Comparison::parse(sign),
            _ => None,
        };
        let Some(how) = how else { return Ok(left) };
        self.at += 1;
        let right = self.value()?;
        let span = join(&left, &right);
        let kind = ExpressionKind::Compare(how, Box::new(left), Box::new(right));
        Ok(Expression { kind, span })
    }

    fn value(&mut self) -> Result<Expression, Fault> {
        let span = self.span();
        let Some(token) = self.peek().cloned() else {
            let advice = "for example leader(orders-0) == 1";
            return Err(Fault::new(span, "expected a condition or a value", advice));
        };
        self.at += 1;
        let kind = match token {
            Token::Quoted(text) => ExpressionKind::Literal(Value::Text(text)),
            Token::Sign("(") => {
                let inner = self.deeper(Self::or)?;
                self.close(")", span)?;
                return Ok(inner);
            }
            Token::Sign("{") => ExpressionKind::Set(self.deeper(|p| p.items("}", span))?),
            Token::Sign("[") => ExpressionKind::List(self.deeper(|p| p.items("]", span))?),
            Token::Sign(sign) => {
                let message = format!("unexpected '{sign}'");
                return Err(Fault::new(span, message, "expected a condition or a value"));
            }
            Token::Word(word) if matches!(self.peek(), Some(Token::Sign("("))) => {
                return self.call(&word, span);
            }
            Token::Word(word) => ExpressionKind::Literal(literal(&word)),
        };
        let end = self.tokens[self.at - 1].1;
        Ok(Expression { kind, span: Span::new(span.start, end.start + end.width - span.start) })
    }

    fn close(&mut self, sign: &str, open: Span) -> Result<(), Fault> {
        if self.takes_sign(sign) {
            return Ok(());
        }
        let message = format!("expected '{sign}'");
        let advice = format!("to close the bracket at column {}", open.start + 1);
        Err(Fault::new(self.span(), message, advice))
    }

    fn items(&mut self, close: &str, open: Span) -> Result<Vec<Expression>, Fault> {
        let mut items = Vec::new();
        if self.takes_sign(close) {
            return Ok(items);
        }
        loop {
            items.push(self.value()?);
            if !self.takes_sign(",") {
                self.close(close, open)?;
                return Ok(items);
            }
        }
    }

    fn call(&mut self, word: &str, span: Span) -> Result<Expression, Fault> {
        let Some(function) = function(word) else {
            return Err(Fault::unknown(span, "function", word, FUNCTIONS.iter().map(|f| f.name)));
        };
        self.at += 1;
        let (mut arguments, mut named) = (Vec::new(), Vec::new());
        while !self.takes_sign(")") {
            let before = arguments.len() + named.len();
            if before > 0 && !self.takes_sign(",") {
                let advice = format!("the form is {}", function.usage());
                return Err(Fault::new(self.span(), "expected ',' or ')'", advice));
            }
            match self.name_of_argument() {
                Some((name, place)) => {
                    let Some(known) = function.named.iter().find(|known| **known == name) else {
                        let known = function.named.iter().copied();
                        return Err(Fault::unknown(place, "argument", &name, known));
                    };
                    named.push((*known, self.deeper(Self::value)?));
                }
                None => arguments.push(self.deeper(Self::value)?),
            }
        }
        let end = self.tokens[self.at - 1].1;
        let whole = Span::new(span.start, end.start + end.width - span.start);
        check(function, &arguments, &named, whole)?;
        let kind = ExpressionKind::Call { name: function.name, arguments, named };
        Ok(Expression { kind, span: whole })
    }

    /// Takes `name=` if it comes next.
    fn name_of_argument(&mut self) -> Option<(String, Span)> {
        let (Token::Word(name), span) = self.tokens.get(self.at)?.clone() else { return None };
        let (Token::Sign("="), _) = self.tokens.get(self.at + 1)? else { return None };
        self.at += 2;
        Some((name, span))
    }
}

/// A bare word as a value.
fn literal(word: &str) -> Value {
    match word {
        "none" => Value::None,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            // `007` stays text: only what prints the same is a number.
            let number = word.parse::<i64>().ok().filter(|number| number.to_string() == word);
            number.map_or_else(|| Value::text(word), Value::Number)
        }
    }
}

/// Number and kind of the arguments.
fn check(
    function: &Function,
    arguments: &[Expression],
    named: &[(&'static str, Expression)],
    whole: Span,
) -> Result<(), Fault> {
    let form = format!("the form is {}", function.usage());
    let (least, most) = (function.required, function.takes.len());
    if arguments.len() < least || arguments.len() > most || named.len() != function.named.len() {
        let count = arguments.len() + named.len();
        let message = format!("{}() does not take {count} arguments", function.name);
        return Err(Fault::new(whole, message, form));
    }
    for (argument, parameter) in arguments.iter().zip(function.takes) {
        let literal = match &argument.kind {
            ExpressionKind::Literal(value) => value,
            ExpressionKind::Call { .. } if *parameter == Parameter::Broker => continue,
            _ => return Err(Fault::new(argument.span, "expected a plain word here", form)),
        };
        let (fits, expected) = match parameter {
            Parameter::Partition => (
                matches!(literal, Value::Text(text) if TopicPartition::parse(text).is_some()),
                "a partition like orders-0",
            ),
            Parameter::Broker => {
                (matches!(literal, Value::Number(1..=10_000)), "a broker's id like 1")
            }
            Parameter::Number => (matches!(literal, Value::Number(_)), "a number"),
            _ => (true, ""),
        };
        if !fits {
            return Err(Fault::new(argument.span, format!("expected {expected}"), form));
        }
    }
    for (name, value) in named {
        if !matches!(value.kind, ExpressionKind::Literal(Value::Number(_))) {
            return Err(Fault::new(value.span, format!("{name}= takes a number"), form));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        parse_all(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}")).to_string()
    }

    #[test]
    fn reads_every_form() {
        for text in [
            "leader(orders-0) == 2",
            "isr(orders-0) == {1,3}",
            "index(logs-0, 1) == [[25:4250,50:8500],[]]",
            "alive(coordinator(g-early))",
            "not reassigning(orders-0)",
            "state(app) == Stable and members(app) == {c1}",
            "rebalances(c2) == [\"assigned orders-2,orders-3\"]",
            "offset_at(orders-0, timestamp=1700000000301) == none",
            "values(c1) == [commit0.0,commit2.1]",
            "metric(UnderReplicatedPartitions) >= 1",
            "lag(g, orders-0) != -1",
        ] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(
            shown("(1 == 2 or 3<4) and controller()!=1"),
            "(1 == 2 or 3 < 4) and controller() != 1"
        );
    }

    #[test]
    fn stops_before_a_setting() {
        let text = "leo(orders-0, 2) == 4 within=60s";
        let (expression, next) = parse_at(text, 0).unwrap();
        assert_eq!(expression.to_string(), "leo(orders-0, 2) == 4");
        assert_eq!(&text[next..], "within=60s");
    }

    #[test]
    fn faults_say_where_and_what() {
        for (text, start, message, advice) in [
            ("leeder(orders-0) == 1", 0, "unknown function 'leeder'", "did you mean 'leader'?"),
            (
                "leader(orders) == 1",
                7,
                "expected a partition like orders-0",
                "the form is leader(T-P)",
            ),
            ("leader(orders-0) = 1", 17, "'=' does not compare", "write '=='"),
            ("isr(orders-0) == {1,2", 21, "expected '}'", "to close the bracket at column 18"),
            ("", 0, "expected a condition or a value", "for example leader(orders-0) == 1"),
            (
                "leo(orders-0, x) == 1",
                14,
                "expected a broker's id like 1",
                "the form is leo(T-P[, B])",
            ),
            ("1 == 1 2", 7, "unexpected text", "a comparison, 'and' or 'or' could follow"),
            ("leader() == 1", 0, "leader() does not take 0 arguments", "the form is leader(T-P)"),
            ("1 == )", 5, "unexpected ')'", "expected a condition or a value"),
            ("lag(g, orders-0 == 1", 16, "expected ',' or ')'", "the form is lag(G, T-P)"),
        ] {
            let fault = parse_all(text).unwrap_err();
            assert_eq!(
                (fault.span.start, fault.message.as_str(), fault.advice.as_str()),
                (start, message, advice),
                "{text}"
            );
        }
    }

    #[test]
    fn hostile_nesting_is_refused_not_overflowed() {
        for open in ["(", "[", "{", "not ", "!"] {
            assert!(parse_all(&open.repeat(15_000)).is_err(), "{open}");
        }
        assert!(parse_all(&"1 and ".repeat(30_000)).is_err());
    }
}
