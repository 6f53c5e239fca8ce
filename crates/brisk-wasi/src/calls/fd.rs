//! What concerns a descriptor and not its contents.

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use crate::ctx::WasiCtx;
use crate::errno::{Errno, Fail, Outcome};
use crate::fd_table::{Descriptor, Object};
use crate::filestat::FileStat;
use crate::guest::Guest;
use crate::types::{DirPerms, FdFlags, FstFlags, Rights};

pub(crate) fn fd_close(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32) -> Outcome {
    ctx.fds.remove(fd)?;
    Ok(())
}

pub(crate) fn fd_renumber(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32, to: u32) -> Outcome {
    ctx.fds.renumber(fd, to)?;
    Ok(())
}

pub(crate) fn fd_fdstat_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, fd: u32, stat: u32) -> Outcome {
    let out = mem.out::<24>(stat)?;
    let descriptor = ctx.fds.get(fd)?;
    let mut bytes = [0; 24];
    bytes[0] = descriptor.filetype.raw() as u8;
    bytes[2..4].copy_from_slice(&descriptor.flags.bits().to_le_bytes());
    bytes[8..16].copy_from_slice(&descriptor.base.bits().to_le_bytes());
    bytes[16..24].copy_from_slice(&descriptor.inheriting.bits().to_le_bytes());
    mem.put(out, bytes);
    Ok(())
}

/// `append` and `nonblock` can be changed; the flags about synchronizing only when a file is opened.
pub(crate) fn fd_fdstat_set_flags(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32, flags: u32) -> Outcome {
    let flags = FdFlags::parse(flags.into())?;
    let descriptor = ctx.fds.get_mut(fd)?;
    descriptor.require(Rights::FD_FDSTAT_SET_FLAGS)?;
    let fixed = FdFlags::DSYNC | FdFlags::RSYNC | FdFlags::SYNC;
    if flags.intersection(fixed) != descriptor.flags.intersection(fixed) {
        return Err(Errno::Inval.into());
    }
    let appends = flags.contains(FdFlags::APPEND);
    if appends != descriptor.flags.contains(FdFlags::APPEND) {
        // The host's streams are shared with other processes, and elsewhere appending means nothing.
        let Object::File(file) = &descriptor.object else { return Err(Errno::Notsup.into()) };
        if !descriptor.own {
            return Err(Errno::Notsup.into());
        }
        set_append(file, appends)?;
    }
    // Not blocking is this crate's doing, whatever the host's descriptor does.
    descriptor.flags = flags;
    Ok(())
}

/// Sets or clears `O_APPEND` of a host's file and leaves its other flags.
pub(crate) fn set_append(file: &std::fs::File, append: bool) -> Result<(), Errno> {
    let mut flags = rustix::fs::fcntl_getfl(file)?;
    flags.set(rustix::fs::OFlags::APPEND, append);
    rustix::fs::fcntl_setfl(file, flags)?;
    Ok(())
}

/// Rights can be given up and never come back.
pub(crate) fn fd_fdstat_set_rights(
    ctx: &mut WasiCtx,
    _: &mut Guest<'_>,
    fd: u32,
    base: u64,
    inheriting: u64,
) -> Outcome {
    let descriptor = ctx.fds.get_mut(fd)?;
    let exceeds = |wanted: u64, have: Rights| wanted & !have.bits() != 0;
    if exceeds(base, descriptor.base) || exceeds(inheriting, descriptor.inheriting) {
        return Err(Errno::NotCapable.into());
    }
    descriptor.base = Rights::truncate(base);
    descriptor.inheriting = Rights::truncate(inheriting);
    Ok(())
}

pub(crate) fn fd_filestat_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, fd: u32, stat: u32) -> Outcome {
    let out = mem.out(stat)?;
    mem.put(out, filestat(ctx, fd)?.to_bytes());
    Ok(())
}

/// The attributes of what is behind a descriptor.
pub(crate) fn filestat(ctx: &WasiCtx, fd: u32) -> Outcome<FileStat> {
    let descriptor = ctx.fds.get(fd)?;
    descriptor.require(Rights::FD_FILESTAT_GET)?;
    let mut stat = match descriptor.object.host() {
        Some(host) => FileStat::from(&rustix::fs::fstat(host)?),
        None => FileStat::unknown(descriptor.filetype),
    };
    // A socket's mode does not say which kind it is.
    stat.filetype = descriptor.filetype;
    Ok(stat)
}

pub(crate) fn fd_filestat_set_size(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32, size: u64) -> Outcome {
    let descriptor = ctx.fds.get(fd)?;
    if let Object::Directory(_) = descriptor.object {
        return Err(Errno::Isdir.into());
    }
    descriptor.require(Rights::FD_FILESTAT_SET_SIZE)?;
    let Object::File(file) = &descriptor.object else { return Err(Errno::Inval.into()) };
    if i64::try_from(size).is_err() {
        return Err(Errno::Fbig.into());
    }
    rustix::fs::ftruncate(file, size)?;
    Ok(())
}

pub(crate) fn fd_filestat_set_times(
    ctx: &mut WasiCtx,
    _: &mut Guest<'_>,
    fd: u32,
    atim: u64,
    mtim: u64,
    fst_flags: u32,
) -> Outcome {
    let times = timestamps(atim, mtim, fst_flags)?;
    let descriptor = ctx.fds.get(fd)?;
    descriptor.require(Rights::FD_FILESTAT_SET_TIMES)?;
    let read_only = match &descriptor.object {
        Object::Directory(directory) => !directory.dir_perms.contains(DirPerms::MUTATE),
        Object::File(_) => descriptor.read_only,
        _ => return Err(Errno::Inval.into()),
    };
    if read_only {
        return Err(Errno::Rofs.into());
    }
    rustix::fs::futimens(host(descriptor)?, &times)?;
    Ok(())
}

fn host(descriptor: &Descriptor) -> Result<std::os::fd::BorrowedFd<'_>, Fail> {
    descriptor.object.host().ok_or_else(|| Errno::Inval.into())
}

/// The two times as the host takes them. A time cannot be both given and now.
pub(crate) fn timestamps(atim: u64, mtim: u64, fst_flags: u32) -> Result<Timestamps, Errno> {
    let flags = FstFlags::parse(fst_flags.into())?;
    let time = |given: FstFlags, now: FstFlags, value: u64| {
        let nsec = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
        match (flags.contains(given), flags.contains(now)) {
            (true, true) => Err(Errno::Inval),
            (true, false) => {
                Ok(Timespec { tv_sec: (value / 1_000_000_000) as i64, tv_nsec: (value % 1_000_000_000) as _ })
            }
            (false, true) => Ok(nsec(UTIME_NOW as _)),
            (false, false) => Ok(nsec(UTIME_OMIT as _)),
        }
    };
    Ok(Timestamps {
        last_access: time(FstFlags::ATIM, FstFlags::ATIM_NOW, atim)?,
        last_modification: time(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim)?,
    })
}

pub(crate) fn fd_prestat_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, fd: u32, prestat: u32) -> Outcome {
    let out = mem.out::<8>(prestat)?;
    let name = preopen(ctx, fd)?;
    let mut bytes = [0; 8];
    bytes[4..8].copy_from_slice(&(name.len() as u32).to_le_bytes());
    mem.put(out, bytes);
    Ok(())
}

pub(crate) fn fd_prestat_dir_name(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Outcome {
    let name = preopen(ctx, fd)?;
    if (path_len as usize) < name.len() {
        return Err(Errno::NameTooLong.into());
    }
    let range = mem.range(path, name.len() as u32, 1)?;
    mem.slice_mut(range).copy_from_slice(name.as_bytes());
    Ok(())
}

/// The guest's name of a preopened directory. Programs look for them from descriptor 3 on until they
/// get `badf`, which is therefore the answer for everything else.
fn preopen(ctx: &WasiCtx, fd: u32) -> Result<&str, Errno> {
    ctx.fds.get(fd)?.preopen.as_deref().ok_or(Errno::Badf)
}
