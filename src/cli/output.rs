//! The standard output: whole texts, and a reader who may go away.
//!
//! A closed pipe (`klab run x.klab | head -1`) is no error: whoever closed it has what they wanted. The first failed
//! write is remembered and nothing more is written; long work asks [`Output::is_closed`] and stops.

use std::io::Write;

/// Where text goes.
pub struct Output<'a> {
    out: &'a mut dyn Write,
    failed: Option<std::io::Error>,
}

impl<'a> Output<'a> {
    /// Writes to `out`.
    pub fn new(out: &'a mut dyn Write) -> Output<'a> {
        Output { out, failed: None }
    }

    /// Writes a text as it stands.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Writes bytes as they stand.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(bytes).err();
        }
    }

    /// Writes a line.
    pub fn line(&mut self, line: &str) {
        self.text(line);
        self.text("\n");
    }

    /// Sends what is buffered on its way.
    pub fn flush(&mut self) {
        if self.failed.is_none() {
            self.failed = self.out.flush().err();
        }
    }

    /// Has the reader gone, or is the file full?
    pub fn is_closed(&self) -> bool {
        self.failed.is_some()
    }

    /// Flushes; the exit code is that of the work, unless the output could not be written for another reason than a
    /// reader who left: then a sentence on `err` says so.
    pub fn end(mut self, code: i32, err: &mut dyn Write) -> i32 {
        self.flush();
        match self.failed {
            Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                let _ = writeln!(
                    err,
                    "klab: the output cannot be written: {error}. Send it somewhere with space."
                );
                code.max(super::WRONG)
            }
            _ => code,
        }
    }
}
