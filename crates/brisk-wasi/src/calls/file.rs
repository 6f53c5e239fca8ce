//! Reading, writing and positions.

use std::io::Write;
use std::num::NonZeroU64;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::fs::SeekFrom;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags};

use crate::ctx::{WaitHook, WasiCtx};
use crate::errno::{Errno, Outcome};
use crate::fd_table::{Descriptor, Object};
use crate::guest::{Guest, Iovs};
use crate::limits::WRITE_SLICE;
use crate::types::{Advice, FdFlags, Rights, Whence};
use crate::wait::{ask, poll_once, wait_for};

pub(crate) fn fd_read(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nread: u32,
) -> Outcome {
    let out = mem.out(nread)?;
    let iovs = mem.iovs(iovs, iovs_len)?;
    let descriptor = ctx.fds.get_mut(fd)?;
    require(descriptor, Rights::FD_READ)?;
    let count = if iovs.is_empty() { 0 } else { read(descriptor, &mut ctx.on_wait, mem, &iovs)? };
    mem.put_u32(out, count as u32);
    Ok(())
}

pub(crate) fn fd_write(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nwritten: u32,
) -> Outcome {
    let out = mem.out(nwritten)?;
    let iovs = mem.iovs(iovs, iovs_len)?;
    let descriptor = ctx.fds.get_mut(fd)?;
    require(descriptor, Rights::FD_WRITE)?;
    let count = if iovs.is_empty() { 0 } else { write(descriptor, &mut ctx.on_wait, mem, iovs)? };
    mem.put_u32(out, count as u32);
    Ok(())
}

pub(crate) fn fd_pread(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nread: u32,
) -> Outcome {
    let out = mem.out(nread)?;
    let iovs = mem.iovs(iovs, iovs_len)?;
    let descriptor = ctx.fds.get(fd)?;
    require(descriptor, Rights::FD_READ | Rights::FD_SEEK)?;
    let host = descriptor.object.host().ok_or(Errno::Spipe)?;
    let count =
        if iovs.is_empty() { 0 } else { rustix::io::preadv(host, &mut mem.io_slices_mut(&iovs), offset)? };
    mem.put_u32(out, count as u32);
    Ok(())
}

/// On a file opened with `append`, Linux writes at the end whatever the offset says.
pub(crate) fn fd_pwrite(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nwritten: u32,
) -> Outcome {
    let out = mem.out(nwritten)?;
    let iovs = mem.iovs(iovs, iovs_len)?;
    let descriptor = ctx.fds.get(fd)?;
    require(descriptor, Rights::FD_WRITE | Rights::FD_SEEK)?;
    let host = descriptor.object.host().ok_or(Errno::Spipe)?;
    let count = if iovs.is_empty() { 0 } else { rustix::io::pwritev(host, &mem.io_slices(&iovs), offset)? };
    mem.put_u32(out, count as u32);
    Ok(())
}

/// The descriptor has the rights, and is not a directory: that is the better answer then.
fn require(descriptor: &Descriptor, rights: Rights) -> Result<(), Errno> {
    if let Object::Directory(_) = descriptor.object {
        return Err(Errno::Isdir);
    }
    descriptor.require(rights)
}

fn read(
    descriptor: &mut Descriptor,
    on_wait: &mut Option<WaitHook>,
    mem: &mut Guest<'_>,
    iovs: &Iovs,
) -> Outcome<usize> {
    let mut buffers = mem.io_slices_mut(iovs);
    match &mut descriptor.object {
        Object::Null => Ok(0),
        Object::Input(pipe) => Ok(pipe.read(&mut buffers)),
        Object::Socket(_) => transfer(descriptor, on_wait, PollFlags::IN, |socket| {
            let mut control = RecvAncillaryBuffer::default();
            Ok(rustix::net::recvmsg(socket, &mut buffers, &mut control, RecvFlags::empty())?.bytes)
        }),
        _ => transfer(descriptor, on_wait, PollFlags::IN, |host| rustix::io::readv(host, &mut buffers)),
    }
}

fn write(
    descriptor: &mut Descriptor,
    on_wait: &mut Option<WaitHook>,
    mem: &Guest<'_>,
    mut iovs: Iovs,
) -> Outcome<usize> {
    if on_wait.is_some() && descriptor.is_stream() && !descriptor.own {
        iovs.truncate(WRITE_SLICE);
    }
    let buffers = mem.io_slices(&iovs);
    match &descriptor.object {
        Object::Null => Ok(iovs.total()),
        Object::Output(pipe) => Ok(pipe.write(&buffers)?),
        Object::Socket(_) => transfer(descriptor, on_wait, PollFlags::OUT, |socket| {
            let mut control = SendAncillaryBuffer::default();
            rustix::net::sendmsg(socket, &buffers, &mut control, SendFlags::NOSIGNAL)
        }),
        object => {
            if let Object::Stdout(stdout) = object {
                // What the host itself has printed comes first; if it cannot be written, then neither
                // can what follows, and that is reported.
                let _ = stdout.lock().flush();
            }
            transfer(descriptor, on_wait, PollFlags::OUT, |host| rustix::io::writev(host, &buffers))
        }
    }
}

/// Runs a read or a write of the host until it has an answer for the guest: what the guest sees as
/// blocking or not is independent of how the host's descriptor behaves.
pub(crate) fn transfer<T>(
    descriptor: &Descriptor,
    on_wait: &mut Option<WaitHook>,
    events: PollFlags,
    mut operation: impl FnMut(BorrowedFd<'_>) -> rustix::io::Result<T>,
) -> Outcome<T> {
    let host = descriptor.object.host().ok_or(Errno::Badf)?;
    let blocks = !descriptor.flags.contains(FdFlags::NONBLOCK);
    // Where the host's descriptor may block, it is only used when ready.
    let look_first = descriptor.is_stream() && !descriptor.own;
    loop {
        if look_first && !blocks {
            if poll_once(&mut [PollFd::from_borrowed_fd(host, events)], Duration::ZERO)? == 0 {
                return Err(Errno::Again.into());
            }
        } else if look_first && on_wait.is_some() {
            wait_for(host, events, ask(on_wait))?;
        }
        match operation(host) {
            Ok(result) => return Ok(result),
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) if blocks => wait_for(host, events, ask(on_wait))?,
            Err(errno) => return Err(errno.into()),
        }
    }
}

pub(crate) fn fd_seek(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    newoffset: u32,
) -> Outcome {
    let out = mem.out(newoffset)?;
    let whence = Whence::from_raw(whence).ok_or(Errno::Inval)?;
    let offset = offset as i64;
    let position = match whence {
        Whence::Set => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
        Whence::Cur => SeekFrom::Current(offset),
        Whence::End => SeekFrom::End(offset),
    };
    // Asking where one is does not need the right to go elsewhere.
    let tells = whence == Whence::Cur && offset == 0;
    let position = seek(ctx, fd, position, if tells { Rights::FD_TELL } else { Rights::FD_SEEK })?;
    mem.put_u64(out, position);
    Ok(())
}

pub(crate) fn fd_tell(ctx: &mut WasiCtx, mem: &mut Guest<'_>, fd: u32, offset: u32) -> Outcome {
    let out = mem.out(offset)?;
    let position = seek(ctx, fd, SeekFrom::Current(0), Rights::FD_TELL)?;
    mem.put_u64(out, position);
    Ok(())
}

fn seek(ctx: &WasiCtx, fd: u32, position: SeekFrom, right: Rights) -> Outcome<u64> {
    let descriptor = ctx.fds.get(fd)?;
    if let Object::Directory(_) = descriptor.object {
        return Err(Errno::Isdir.into());
    }
    // The right to seek includes the right to tell.
    if !descriptor.base.contains(Rights::FD_SEEK) {
        descriptor.require(right)?;
    }
    let host = descriptor.object.host().ok_or(Errno::Spipe)?;
    Ok(rustix::fs::seek(host, position)?)
}

pub(crate) fn fd_advise(
    ctx: &mut WasiCtx,
    _: &mut Guest<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Outcome {
    use rustix::fs::Advice as Host;
    let advice = match Advice::from_raw(advice).ok_or(Errno::Inval)? {
        Advice::Normal => Host::Normal,
        Advice::Sequential => Host::Sequential,
        Advice::Random => Host::Random,
        Advice::WillNeed => Host::WillNeed,
        Advice::DontNeed => Host::DontNeed,
        Advice::NoReuse => Host::NoReuse,
    };
    let descriptor = ctx.fds.get(fd)?;
    require(descriptor, Rights::FD_ADVISE)?;
    check_extent(offset, len, Errno::Inval)?;
    let host = descriptor.object.host().ok_or(Errno::Spipe)?;
    rustix::fs::fadvise(host, offset, NonZeroU64::new(len), advice)?;
    Ok(())
}

pub(crate) fn fd_allocate(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32, offset: u64, len: u64) -> Outcome {
    let descriptor = ctx.fds.get(fd)?;
    require(descriptor, Rights::FD_ALLOCATE)?;
    if len == 0 {
        return Err(Errno::Inval.into());
    }
    check_extent(offset, len, Errno::Fbig)?;
    let host = descriptor.object.host().ok_or(Errno::Spipe)?;
    rustix::fs::fallocate(host, rustix::fs::FallocateFlags::empty(), offset, len)?;
    Ok(())
}

/// The host counts in signed numbers.
fn check_extent(offset: u64, len: u64, errno: Errno) -> Result<(), Errno> {
    match offset.checked_add(len) {
        Some(end) if i64::try_from(end).is_ok() => Ok(()),
        _ => Err(errno),
    }
}

pub(crate) fn fd_sync(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32) -> Outcome {
    let descriptor = ctx.fds.get(fd)?;
    descriptor.require(Rights::FD_SYNC)?;
    if let Some(host) = descriptor.object.host() {
        rustix::fs::fsync(host)?;
    }
    Ok(())
}

pub(crate) fn fd_datasync(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32) -> Outcome {
    let descriptor = ctx.fds.get(fd)?;
    descriptor.require(Rights::FD_DATASYNC)?;
    if let Some(host) = descriptor.object.host() {
        rustix::fs::fdatasync(host)?;
    }
    Ok(())
}
