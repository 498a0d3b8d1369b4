//! What was decoded, as a value of the shape of JSON, and its text as Kafka's tools print it (Jackson's
//! `ObjectNode.toString` over the generated `*JsonConverter`): no blanks, bytes in base64, ids in base64 for URLs.
//!
//! What always holds: the text is valid JSON, and fields stand in the order of the message's definition.

use super::text;
use std::fmt;

/// A decoded value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Null.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An id of a topic, a directory, a process.
    Uuid([u8; 16]),
    /// Several of one kind.
    List(Vec<Value>),
    /// Fields by name, in order.
    Object(Vec<(&'static str, Value)>),
}

impl Value {
    /// The field of this name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(fields) => fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Appends the JSON text.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Boolean(true) => out.extend_from_slice(b"true"),
            Value::Boolean(false) => out.extend_from_slice(b"false"),
            Value::Integer(number) => text::push_i64(out, *number),
            Value::Float(number) => out.extend_from_slice(text::java_double(*number).as_bytes()),
            Value::Text(text) => text::push_json_string(out, text),
            Value::Bytes(bytes) => {
                out.push(b'"');
                text::push_base64(out, bytes);
                out.push(b'"');
            }
            Value::Uuid(id) => {
                out.push(b'"');
                text::push_uuid(out, id);
                out.push(b'"');
            }
            Value::List(values) => {
                out.push(b'[');
                for (i, value) in values.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    value.write_json(out);
                }
                out.push(b']');
            }
            Value::Object(fields) => {
                out.push(b'{');
                for (i, (name, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    text::push_json_string(out, name);
                    out.push(b':');
                    value.write_json(out);
                }
                out.push(b'}');
            }
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write_json(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}
