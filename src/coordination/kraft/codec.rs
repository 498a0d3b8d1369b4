//! The alphabet of Kafka's flexible messages (KIP-482): compact strings and arrays, unsigned varints, tagged fields.
//!
//! ```text
//!   compact string   varint(length + 1)  bytes           null = varint(0)
//!   compact array    varint(count + 1)   elements        null = varint(0)
//!   tagged fields    varint(count)  then for each: varint(tag)  varint(size)  bytes     in rising order of tags
//! ```
//!
//! The reader trusts no length: a count is held against the bytes that are left before anything is allocated, and each
//! error names the field and the byte where it begins. Kafka's classes: `ByteUtils`, `ByteBufferAccessor`,
//! `RawTaggedField`.

use crate::types::{NodeId, Uuid};
use std::fmt;

/// A metadata record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// The field, by the schema's name.
    pub field: &'static str,
    /// The byte where the field begins.
    pub position: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata record, field {} at byte {}: {}", self.field, self.position, self.what)
    }
}

impl std::error::Error for RecordError {}

/// Writes fields one after the other.
#[derive(Default)]
pub(super) struct Writer {
    pub bytes: Vec<u8>,
}

impl Writer {
    pub fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.bytes.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
    pub fn i8(&mut self, value: i8) {
        self.bytes.push(value as u8);
    }
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(u8::from(value));
    }
    pub fn i16(&mut self, value: i16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }
    pub fn i32(&mut self, value: i32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }
    pub fn i64(&mut self, value: i64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }
    pub fn node(&mut self, node: NodeId) {
        self.i32(node.0 as i32);
    }
    /// A leader; none is -1.
    pub fn leader(&mut self, leader: Option<NodeId>) {
        self.i32(leader.map_or(-1, |node| node.0 as i32));
    }
    pub fn uuid(&mut self, id: Uuid) {
        self.bytes.extend_from_slice(&id.0);
    }
    pub fn string(&mut self, text: &str) {
        self.varint(text.len() as u32 + 1);
        self.bytes.extend_from_slice(text.as_bytes());
    }
    pub fn nullable(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.varint(0),
        }
    }
    pub fn array<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Writer, &T)) {
        self.varint(items.len() as u32 + 1);
        for item in items {
            each(self, item);
        }
    }
    pub fn nodes(&mut self, nodes: &[NodeId]) {
        self.array(nodes, |out, &node| out.node(node));
    }
    pub fn uuids(&mut self, ids: &[Uuid]) {
        self.array(ids, |out, &id| out.uuid(id));
    }
    pub fn tags(&mut self, tags: Tags) {
        self.varint(tags.0.len() as u32);
        for (tag, bytes) in tags.0 {
            self.varint(tag);
            self.varint(bytes.len() as u32);
            self.bytes.extend_from_slice(&bytes);
        }
    }
    pub fn no_tags(&mut self) {
        self.varint(0);
    }
}

/// Tagged fields to be written, in rising order.
#[derive(Default)]
pub(super) struct Tags(Vec<(u32, Vec<u8>)>);

impl Tags {
    /// Adds a field when there is a value.
    pub fn put<T>(
        mut self,
        tag: u32,
        value: Option<T>,
        write: impl FnOnce(&mut Writer, T),
    ) -> Tags {
        if let Some(value) = value {
            let mut out = Writer::default();
            write(&mut out, value);
            self.0.push((tag, out.bytes));
        }
        self
    }
}

/// Reads fields one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, RecordError>;

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }
    pub fn error<T>(&self, field: &'static str, what: impl Into<String>) -> Read<T> {
        Err(RecordError { field, position: self.at, what: what.into() })
    }
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }
    pub fn take(&mut self, field: &'static str, count: usize) -> Read<&'a [u8]> {
        if count > self.left() {
            let left = self.left();
            return self.error(field, format!("{count} bytes are needed, {left} are left"));
        }
        self.at += count;
        Ok(&self.bytes[self.at - count..self.at])
    }
    fn fixed<const N: usize>(&mut self, field: &'static str) -> Read<[u8; N]> {
        let mut fixed = [0; N];
        fixed.copy_from_slice(self.take(field, N)?);
        Ok(fixed)
    }
    pub fn varint(&mut self, field: &'static str) -> Read<u32> {
        let mut value = 0u64;
        for place in 0..5 {
            let byte = self.take(field, 1)?[0];
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return match u32::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) => self.error(field, "the number needs more than 32 bits"),
                };
            }
        }
        self.error(field, "the number has more than five bytes")
    }
    pub fn i8(&mut self, field: &'static str) -> Read<i8> {
        Ok(self.fixed::<1>(field)?[0] as i8)
    }
    pub fn bool(&mut self, field: &'static str) -> Read<bool> {
        Ok(self.i8(field)? != 0)
    }
    pub fn i16(&mut self, field: &'static str) -> Read<i16> {
        Ok(i16::from_be_bytes(self.fixed(field)?))
    }
    pub fn u16(&mut self, field: &'static str) -> Read<u16> {
        Ok(u16::from_be_bytes(self.fixed(field)?))
    }
    pub fn i32(&mut self, field: &'static str) -> Read<i32> {
        Ok(i32::from_be_bytes(self.fixed(field)?))
    }
    pub fn i64(&mut self, field: &'static str) -> Read<i64> {
        Ok(i64::from_be_bytes(self.fixed(field)?))
    }
    pub fn node(&mut self, field: &'static str) -> Read<NodeId> {
        match self.i32(field)? {
            id @ 0.. => Ok(NodeId(id as u32)),
            id => self.error(field, format!("{id} is no node id")),
        }
    }
    pub fn leader(&mut self, field: &'static str) -> Read<Option<NodeId>> {
        match self.i32(field)? {
            -1 => Ok(None),
            id @ 0.. => Ok(Some(NodeId(id as u32))),
            id => self.error(field, format!("{id} is neither a node id nor -1 (none)")),
        }
    }
    pub fn uuid(&mut self, field: &'static str) -> Read<Uuid> {
        Ok(Uuid(self.fixed(field)?))
    }
    pub fn nullable(&mut self, field: &'static str) -> Read<Option<String>> {
        let Some(length) = (self.varint(field)? as usize).checked_sub(1) else { return Ok(None) };
        let bytes = self.take(field, length)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => self.error(field, "the text is not UTF-8"),
        }
    }
    pub fn string(&mut self, field: &'static str) -> Read<String> {
        match self.nullable(field)? {
            Some(text) => Ok(text),
            None => self.error(field, "null is not allowed here"),
        }
    }
    pub fn array<T>(
        &mut self,
        field: &'static str,
        mut each: impl FnMut(&mut Reader<'a>) -> Read<T>,
    ) -> Read<Vec<T>> {
        let Some(count) = (self.varint(field)? as usize).checked_sub(1) else {
            return self.error(field, "null is not allowed here");
        };
        if count > self.left() {
            let left = self.left();
            return self.error(field, format!("{count} elements cannot lie in {left} bytes"));
        }
        let mut items = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            items.push(each(self)?);
        }
        Ok(items)
    }
    pub fn nodes(&mut self, field: &'static str) -> Read<Vec<NodeId>> {
        self.array(field, |input| input.node(field))
    }
    pub fn uuids(&mut self, field: &'static str) -> Read<Vec<Uuid>> {
        self.array(field, |input| input.uuid(field))
    }
    /// Hands each tagged field to `each`, which reads it whole or refuses the tag.
    pub fn tags(&mut self, mut each: impl FnMut(u32, &mut Reader<'a>) -> Read<()>) -> Read<()> {
        let count = self.varint("tagged fields")?;
        for _ in 0..count {
            let tag = self.varint("tag")?;
            let size = self.varint("tag size")? as usize;
            let mut inner = Reader::new(self.take("tagged field", size)?);
            each(tag, &mut inner)?;
            if inner.left() > 0 {
                return self.error("tagged field", format!("tag {tag} has bytes too many"));
            }
        }
        Ok(())
    }
    /// Reads an empty list of tagged fields.
    pub fn no_tags(&mut self) -> Read<()> {
        self.tags(|tag, input| input.error("tagged fields", format!("tag {tag} is not known")))
    }
    pub fn end(&self) -> Read<()> {
        match self.left() {
            0 => Ok(()),
            left => self.error("end", format!("{left} bytes follow the last field")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_and_strings_read_back() {
        let mut out = Writer::default();
        for number in [0, 1, 127, 128, 300, u32::MAX] {
            out.varint(number);
        }
        out.nullable(None);
        out.string("héllo");
        let mut input = Reader::new(&out.bytes);
        for number in [0, 1, 127, 128, 300, u32::MAX] {
            assert_eq!(input.varint("n"), Ok(number));
        }
        assert_eq!(input.nullable("s"), Ok(None));
        assert_eq!(input.string("s"), Ok("héllo".to_owned()));
        assert_eq!(input.end(), Ok(()));
    }

    #[test]
    fn a_claimed_length_is_not_believed() {
        let error = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f]).string("name").unwrap_err();
        assert_eq!((error.field, error.position), ("name", 5));
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).varint("n").is_err());
        assert!(Reader::new(&[5, 0, 0]).nodes("replicas").is_err());
    }
}
