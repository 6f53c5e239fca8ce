//! Listing directories.

use rustix::fs::{AtFlags, Dir};

use crate::ctx::WasiCtx;
use crate::errno::{Errno, Outcome};
use crate::fd_table::{DirReader, Directory};
use crate::guest::Guest;
use crate::types::{DirPerms, FileType, Rights};

/// Bytes in front of a name.
const HEADER: usize = 24;

/// Writes entries from the one that `cookie` names on, as many as fit; the last one may be cut off, and
/// a buffer that is not filled means the directory's end.
///
/// A cookie is the file system's own position, which stays valid while entries come and go. Entries
/// whose names are not UTF-8 are left out: the guest could not pass such a name back.
pub(crate) fn fd_readdir(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    buf: u32,
    buf_len: u32,
    cookie: u64,
    bufused: u32,
) -> Outcome {
    let out = mem.out(bufused)?;
    let buffer = mem.range(buf, buf_len, 1)?;
    let reader = ctx.fds.take_reader(fd);
    let (_, directory) = ctx.fds.directory(fd, Rights::FD_READDIR)?;
    if !directory.dir_perms.contains(DirPerms::READ) {
        return Err(Errno::Acces.into());
    }
    let mut reader = match reader {
        Some(reader) => reader,
        // A description of its own: the position is not shared with anybody.
        None => DirReader { stream: Dir::read_from(&directory.dir)?, position: Some(0) },
    };
    // From the start means from what is there now, not from what was read ahead.
    if cookie == 0 || reader.position != Some(cookie) {
        reader.stream.seek(i64::try_from(cookie).map_err(|_| Errno::Inval)?)?;
    }
    let used = fill(directory, &mut reader, cookie, mem.slice_mut(buffer))?;
    // After an error the stream is opened anew.
    ctx.fds.keep_reader(fd, reader);
    mem.put_u32(out, used as u32);
    Ok(())
}

fn fill(
    directory: &Directory,
    reader: &mut DirReader,
    cookie: u64,
    buffer: &mut [u8],
) -> Result<usize, Errno> {
    let mut used = 0;
    reader.position = Some(cookie);
    while used < buffer.len() {
        let Some(entry) = reader.stream.read() else { break };
        let entry = entry?;
        let next = entry.offset() as u64;
        let name = entry.file_name();
        if name.to_str().is_err() {
            reader.position = Some(next);
            continue;
        }
        let filetype = match FileType::from_host(entry.file_type()) {
            FileType::Unknown => filetype_of(directory, name),
            known => known,
        };
        let name = name.to_bytes();
        // What is above is not the guest's: the directory may be the preopened one.
        let ino = if name == b".." { 0 } else { entry.ino() };
        let mut header = [0; HEADER];
        header[0..8].copy_from_slice(&next.to_le_bytes());
        header[8..16].copy_from_slice(&ino.to_le_bytes());
        header[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
        header[20] = filetype.raw() as u8;
        let mut complete = true;
        for part in [&header[..], name] {
            let len = part.len().min(buffer.len() - used);
            buffer[used..used + len].copy_from_slice(&part[..len]);
            used += len;
            complete &= len == part.len();
        }
        reader.position = complete.then_some(next);
    }
    Ok(used)
}

/// Not every file system keeps types with names.
fn filetype_of(directory: &Directory, name: &std::ffi::CStr) -> FileType {
    match rustix::fs::statat(&directory.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileType::from_host(rustix::fs::FileType::from_raw_mode(stat.st_mode)),
        Err(_) => FileType::Unknown,
    }
}
