//! What the commands themselves write to standard output.

use crate::Failure;
use brisk::Error;
use std::io::{ErrorKind, Write, stdout};

/// Writes a command's result. A reader that has gone away wants no more, so that is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::new(error).context("cannot write to standard output").into())
        }
        _ => Ok(()),
    }
}
