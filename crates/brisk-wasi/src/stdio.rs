//! What a guest's standard streams can be made of.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::sync::{Arc, Mutex, PoisonError};

use crate::errno::Errno;
use crate::fd_table::{Descriptor, Object};
use crate::types::Rights;

/// Bytes in memory that a guest reads as its standard input.
///
/// ```
/// use brisk_wasi::{InputPipe, WasiCtxBuilder};
///
/// let wasi = WasiCtxBuilder::new().stdin(InputPipe::from("two\nlines\n")).build();
/// ```
#[derive(Debug, Default)]
pub struct InputPipe {
    bytes: Vec<u8>,
    position: usize,
}

impl<B: Into<Vec<u8>>> From<B> for InputPipe {
    fn from(bytes: B) -> Self {
        Self { bytes: bytes.into(), position: 0 }
    }
}

impl InputPipe {
    /// Bytes not yet read.
    pub(crate) fn remaining(&self) -> &[u8] {
        &self.bytes[self.position..]
    }

    pub(crate) fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> usize {
        let start = self.position;
        for buffer in buffers {
            let len = buffer.len().min(self.remaining().len());
            buffer[..len].copy_from_slice(&self.remaining()[..len]);
            self.position += len;
        }
        self.position - start
    }
}

/// Memory that collects what a guest writes to its standard output or error, up to a capacity.
///
/// Clones share the memory, so the host keeps one and reads it while or after the guest runs. A write
/// beyond the capacity is short, and once it is reached fails with `nospc`.
///
/// ```
/// use brisk_wasi::{OutputPipe, WasiCtxBuilder};
///
/// let stdout = OutputPipe::new(64 * 1024);
/// let wasi = WasiCtxBuilder::new().stdout(stdout.clone()).build();
/// // ... run the guest ...
/// assert_eq!(stdout.contents(), b"");
/// ```
#[derive(Clone, Debug)]
pub struct OutputPipe {
    shared: Arc<Mutex<Vec<u8>>>,
    capacity: usize,
}

impl OutputPipe {
    /// A pipe that takes `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { shared: Arc::default(), capacity }
    }

    /// What has been written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what has been written so far, which makes room for as much again.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn write(&self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut bytes = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let before = bytes.len();
        for buffer in buffers {
            let len = buffer.len().min(self.capacity.saturating_sub(bytes.len()));
            bytes.extend_from_slice(&buffer[..len]);
        }
        let written = bytes.len() - before;
        if written == 0 && buffers.iter().any(|buffer| !buffer.is_empty()) {
            return Err(Errno::Nospc);
        }
        Ok(written)
    }
}

/// Where a guest's standard input comes from: an [`InputPipe`] or a file.
///
/// ```
/// use brisk_wasi::{InputStream, WasiCtxBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// let file = std::fs::File::open("/dev/null")?;
/// let wasi = WasiCtxBuilder::new().stdin(InputStream::from(file)).build();
/// # Ok(())
/// # }
/// ```
pub struct InputStream(pub(crate) Descriptor);

impl From<InputPipe> for InputStream {
    fn from(pipe: InputPipe) -> Self {
        Self(Descriptor::pipe(Object::Input(pipe), Rights::FD_READ))
    }
}

impl From<File> for InputStream {
    fn from(file: File) -> Self {
        Self(Descriptor::stdio(Object::File(file), Rights::FD_READ))
    }
}

/// Where a guest's standard output or error goes: an [`OutputPipe`] or a file.
///
/// ```
/// use brisk_wasi::{OutputStream, WasiCtxBuilder};
///
/// # fn main() -> std::io::Result<()> {
/// let log = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
/// let wasi = WasiCtxBuilder::new().stderr(OutputStream::from(log)).build();
/// # Ok(())
/// # }
/// ```
pub struct OutputStream(pub(crate) Descriptor);

impl From<OutputPipe> for OutputStream {
    fn from(pipe: OutputPipe) -> Self {
        Self(Descriptor::pipe(Object::Output(pipe), Rights::FD_WRITE))
    }
}

impl From<File> for OutputStream {
    fn from(file: File) -> Self {
        Self(Descriptor::stdio(Object::File(file), Rights::FD_WRITE))
    }
}
