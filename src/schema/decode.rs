//! Bytes by the table: a message of one version becomes a value (Kafka's generated `read` and `*JsonConverter.write`).
//!
//! ```text
//!   version < flexible_from     lengths of 2 (text) or 4 bytes (bytes, arrays), -1 is null
//!   version ≥ flexible_from     lengths as varint of length + 1, 0 is null; behind each struct its tagged fields:
//!                               ┌ count ┐┌ tag ┐┌ size ┐┌ field … ┐ …
//! ```
//!
//! What always holds: no length is believed before it is held against the bytes that are left; an array claims at most
//! one element per byte; nesting is that of the tables, so it is finite. Messages of errors are Kafka's own, since the
//! dump tool prints them. A tagged field that is not there, or that has its default, is not in the value, as in Kafka's
//! JSON. Left out: the content of tagged fields whose number is unknown (they are skipped).

use super::table::{Default, Field, Kind, Message};
use super::text;
use super::value::Value;

/// Reads a message of this version from the beginning of `bytes`; gives the value and how many bytes it took. The
/// error is what Kafka's exception says (`null` where it says nothing).
pub fn read(message: &Message, version: i16, bytes: &[u8]) -> Result<(Value, usize), String> {
    let flexible = version >= message.flexible_from;
    let mut reader = Reader { bytes, at: 0, version, flexible };
    let value = reader.fields(message.fields)?;
    Ok((value, reader.at))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    version: i16,
    flexible: bool,
}

/// What Kafka says when the bytes end within a number: its exception has no message.
fn underflow() -> String {
    "null".into()
}

impl<'a> Reader<'a> {
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.bytes[self.at..].first_chunk::<N>().ok_or_else(underflow)?;
        self.at += N;
        Ok(*taken)
    }

    fn slice(&mut self, length: usize) -> Result<&'a [u8], String> {
        if length > self.left() {
            return Err(format!(
                "Error reading byte array of {length} byte(s): only {} byte(s) available",
                self.left()
            ));
        }
        self.at += length;
        Ok(&self.bytes[self.at - length..self.at])
    }

    fn unsigned_varint(&mut self) -> Result<u32, String> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("Varint is too long, the most significant bit in the 5th byte is set".into())
    }

    /// A length of text or bytes, a count: None is null.
    fn length(&mut self, wide: bool) -> Result<Option<usize>, String> {
        let length = match (self.flexible, wide) {
            (true, _) => i64::from(self.unsigned_varint()? as i32) - 1,
            (false, true) => i64::from(i32::from_be_bytes(self.take()?)),
            (false, false) => i64::from(i16::from_be_bytes(self.take()?)),
        };
        Ok(usize::try_from(length).ok())
    }

    /// The fields of a struct, then its tagged ones; the value has them in the order of the table.
    fn fields(&mut self, fields: &'static [Field]) -> Result<Value, String> {
        let mut found: Vec<Option<Value>> = vec![None; fields.len()];
        for (field, place) in fields.iter().zip(&mut found) {
            if field.tag.is_none() && field.is_in(self.version) {
                *place = Some(self.field(field)?);
            }
        }
        let tags = if self.flexible { self.unsigned_varint()? } else { 0 };
        for _ in 0..tags {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()?;
            let here = |field: &Field| field.tag == Some(tag) && field.is_in(self.version);
            match fields.iter().position(here) {
                Some(at) => {
                    let value = self.field(&fields[at])?;
                    found[at] = (!is_default(&fields[at], &value)).then_some(value);
                }
                None => {
                    self.slice(size as usize)?;
                }
            }
        }
        let named = fields.iter().zip(found);
        Ok(Value::Object(named.filter_map(|(field, it)| Some((field.name, it?))).collect()))
    }

    fn field(&mut self, field: &Field) -> Result<Value, String> {
        match self.value(&field.kind, field)? {
            Value::Null if !field.may_be_null(self.version) => {
                Err(format!("non-nullable field {} was serialized as null", field.name))
            }
            value => Ok(value),
        }
    }

    fn value(&mut self, kind: &Kind, field: &Field) -> Result<Value, String> {
        Ok(match kind {
            Kind::Bool => Value::Boolean(self.take::<1>()?[0] != 0),
            Kind::Int8 => Value::Integer(i8::from_be_bytes(self.take()?).into()),
            Kind::Int16 => Value::Integer(i16::from_be_bytes(self.take()?).into()),
            Kind::Uint16 => Value::Integer(u16::from_be_bytes(self.take()?).into()),
            Kind::Int32 => Value::Integer(i32::from_be_bytes(self.take()?).into()),
            Kind::Uint32 => Value::Integer(u32::from_be_bytes(self.take()?).into()),
            Kind::Int64 => Value::Integer(i64::from_be_bytes(self.take()?)),
            Kind::Float64 => Value::Float(f64::from_be_bytes(self.take()?)),
            Kind::Uuid => Value::Uuid(self.take()?),
            Kind::String => match self.length(false)? {
                None => Value::Null,
                Some(length) if length > 0x7fff => {
                    return Err(format!("string field {} had invalid length {length}", field.name));
                }
                Some(length) => Value::Text(text::java_utf8(self.slice(length)?).into()),
            },
            Kind::Bytes => match self.length(true)? {
                None => Value::Null,
                Some(length) => Value::Bytes(self.slice(length)?.to_vec()),
            },
            Kind::Array(element) => match self.length(true)? {
                None => Value::Null,
                Some(count) => self.list(count, element, field)?,
            },
            Kind::Struct(fields) => {
                if field.may_be_null(self.version) {
                    let there = match field.tag {
                        Some(_) => self.unsigned_varint()? as i32 > 0,
                        None => i8::from_be_bytes(self.take()?) >= 0,
                    };
                    if !there {
                        return Ok(Value::Null);
                    }
                }
                self.fields(fields)?
            }
        })
    }

    fn list(&mut self, count: usize, element: &Kind, field: &Field) -> Result<Value, String> {
        if count > self.left() {
            return Err(format!(
                "Tried to allocate a collection of size {count}, but there are only {} bytes \
                 remaining.",
                self.left()
            ));
        }
        // A null within a list is refused by the same sentence as a null field; lists of structs hold no nulls.
        let plain = Field { nullable_from: None, tag: None, ..*field };
        let mut values = Vec::new();
        for _ in 0..count {
            match self.value(element, &plain)? {
                Value::Null => {
                    return Err(format!(
                        "non-nullable field {} element was serialized as null",
                        field.name
                    ));
                }
                value => values.push(value),
            }
        }
        Ok(Value::List(values))
    }
}

/// Is this what the field would be if it were not there?
fn is_default(field: &Field, value: &Value) -> bool {
    match (field.default, value) {
        (Default::Null, Value::Null) => true,
        (Default::Null, _) => false,
        (Default::True, value) => *value == Value::Boolean(true),
        (Default::Number(number), value) => *value == Value::Integer(number),
        (Default::Zero, value) => is_zero(value),
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Boolean(it) => !it,
        Value::Integer(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Uuid(id) => *id == [0; 16],
        Value::List(values) => values.is_empty(),
        Value::Object(fields) => fields.iter().all(|(_, value)| is_zero(value)),
    }
}
