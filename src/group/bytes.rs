//! Reading and writing the primitive types of Kafka's schemas. No length is trusted: it must fit what is left.

use crate::batch::varint;
use std::fmt;
use std::sync::Arc;

/// Why bytes do not fit a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// Where in the bytes.
    pub position: usize,
    /// The field that could not be read.
    pub field: &'static str,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}: {}", self.position, self.field, self.what)
    }
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

type Read<T> = Result<T, SchemaError>;

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }
    fn wrong<T>(&self, field: &'static str, what: &'static str) -> Read<T> {
        Err(SchemaError { position: self.at, field, what })
    }
    fn take(&mut self, length: usize, field: &'static str) -> Read<&'a [u8]> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return self.wrong(field, "the bytes end inside this field") };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }
    fn array<const N: usize>(&mut self, field: &'static str) -> Read<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, field)?);
        Ok(array)
    }
    pub fn i16(&mut self, field: &'static str) -> Read<i16> {
        self.array(field).map(i16::from_be_bytes)
    }
    pub fn i32(&mut self, field: &'static str) -> Read<i32> {
        self.array(field).map(i32::from_be_bytes)
    }
    pub fn i64(&mut self, field: &'static str) -> Read<i64> {
        self.array(field).map(i64::from_be_bytes)
    }
    pub fn uuid(&mut self, field: &'static str) -> Read<[u8; 16]> {
        self.array(field)
    }
    /// An unsigned varint.
    pub fn compact(&mut self, field: &'static str) -> Read<u32> {
        varint::read_u32(self.bytes, &mut self.at).map_err(|error| SchemaError {
            position: self.at,
            field,
            what: error.sentence(),
        })
    }
    pub fn raw(&mut self, length: usize, field: &'static str) -> Read<&'a [u8]> {
        self.take(length, field)
    }
    fn text(&mut self, bytes: &'a [u8], field: &'static str) -> Read<Arc<str>> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Arc::from(text)),
            Err(_) => self.wrong(field, "this text is not UTF-8"),
        }
    }
    pub fn nullable_string(&mut self, field: &'static str) -> Read<Option<Arc<str>>> {
        match self.i16(field)? {
            -1 => Ok(None),
            ..-1 => self.wrong(field, "the length is negative"),
            length => {
                let bytes = self.take(length as usize, field)?;
                self.text(bytes, field).map(Some)
            }
        }
    }
    pub fn string(&mut self, field: &'static str) -> Read<Arc<str>> {
        match self.nullable_string(field)? {
            Some(text) => Ok(text),
            None => self.wrong(field, "this text may not be null"),
        }
    }
    /// A compact string or, in front of version 4, a plain one.
    pub fn flexible_string(&mut self, compact: bool, field: &'static str) -> Read<Arc<str>> {
        match self.flexible_nullable_string(compact, field)? {
            Some(text) => Ok(text),
            None => self.wrong(field, "this text may not be null"),
        }
    }
    pub fn flexible_nullable_string(
        &mut self,
        compact: bool,
        field: &'static str,
    ) -> Read<Option<Arc<str>>> {
        if !compact {
            return self.nullable_string(field);
        }
        match self.compact(field)? {
            0 => Ok(None),
            length => {
                let bytes = self.take(length as usize - 1, field)?;
                self.text(bytes, field).map(Some)
            }
        }
    }
    pub fn nullable_bytes(&mut self, field: &'static str) -> Read<Option<Arc<[u8]>>> {
        match self.i32(field)? {
            -1 => Ok(None),
            ..-1 => self.wrong(field, "the length is negative"),
            length => Ok(Some(Arc::from(self.take(length as usize, field)?))),
        }
    }
    pub fn flexible_bytes(&mut self, compact: bool, field: &'static str) -> Read<Arc<[u8]>> {
        let bytes = match compact {
            false => self.nullable_bytes(field)?,
            true => match self.compact(field)? {
                0 => None,
                length => Some(Arc::from(self.take(length as usize - 1, field)?)),
            },
        };
        match bytes {
            Some(bytes) => Ok(bytes),
            None => self.wrong(field, "these bytes may not be null"),
        }
    }
    /// The length of a list whose items have at least `least` bytes each.
    pub fn count(&mut self, compact: bool, least: usize, field: &'static str) -> Read<usize> {
        let count = match compact {
            true => i64::from(self.compact(field)?) - 1,
            false => i64::from(self.i32(field)?),
        };
        let left = self.bytes.len() - self.at;
        match usize::try_from(count) {
            Ok(count) if count <= left / least.max(1) => Ok(count),
            Ok(_) => self.wrong(field, "the list would reach beyond the bytes"),
            Err(_) => self.wrong(field, "the length is negative"),
        }
    }
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }
    pub fn end(&self) -> Read<()> {
        match self.at == self.bytes.len() {
            true => Ok(()),
            false => self.wrong("end", "bytes follow the last field"),
        }
    }
}

pub(super) fn put_string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as i16).to_be_bytes());
    out.extend(text.as_bytes());
}

pub(super) fn put_nullable_string(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.extend((-1i16).to_be_bytes()),
    }
}

pub(super) fn put_flexible_string(out: &mut Vec<u8>, compact: bool, text: Option<&str>) {
    if !compact {
        return put_nullable_string(out, text);
    }
    put_compact(out, text.map_or(0, |text| text.len() as u32 + 1));
    out.extend(text.unwrap_or_default().as_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            out.extend((bytes.len() as i32).to_be_bytes());
            out.extend(bytes);
        }
        None => out.extend((-1i32).to_be_bytes()),
    }
}

pub(super) fn put_flexible_bytes(out: &mut Vec<u8>, compact: bool, bytes: &[u8]) {
    if !compact {
        return put_bytes(out, Some(bytes));
    }
    put_compact(out, bytes.len() as u32 + 1);
    out.extend(bytes);
}

pub(super) fn put_count(out: &mut Vec<u8>, compact: bool, count: usize) {
    match compact {
        true => put_compact(out, count as u32 + 1),
        false => out.extend((count as i32).to_be_bytes()),
    }
}

pub(super) fn put_compact(out: &mut Vec<u8>, number: u32) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
