//! How `perf record` learns of a jit dump: it notes each mapping of a file that can be executed.

use std::fs::File;
use std::io;
use std::ptr;

/// Maps the beginning of a dump so that it could be executed, for as long as the process lives. Nobody does.
pub(crate) fn leave(dump: &File) -> io::Result<()> {
    use rustix::mm::{MapFlags, ProtFlags, mmap};
    let access = ProtFlags::READ | ProtFlags::EXEC;
    // SAFETY: the system chooses the place, so nothing else is touched; the address is not used.
    unsafe { mmap(ptr::null_mut(), super::reservation::page_size(), access, MapFlags::PRIVATE, dump, 0) }?;
    Ok(())
}
