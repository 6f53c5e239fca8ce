//! Sockets that the host has opened, and the connections they accept.

use rustix::event::PollFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketFlags,
};

use crate::calls::file::transfer;
use crate::ctx::WasiCtx;
use crate::errno::{Errno, Fail, Outcome};
use crate::fd_table::{Descriptor, FdTable, Object};
use crate::guest::Guest;
use crate::types::{FdFlags, RiFlags, Rights, RoFlags, SdFlags};

fn socket(fds: &FdTable, fd: u32, right: Rights) -> Result<&Descriptor, Errno> {
    let descriptor = fds.get(fd)?;
    if !matches!(descriptor.object, Object::Socket(_)) {
        return Err(Errno::NotSock);
    }
    descriptor.require(right)?;
    Ok(descriptor)
}

pub(crate) fn sock_accept(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    flags: u32,
    opened_fd: u32,
) -> Outcome {
    let out = mem.out(opened_fd)?;
    let flags = FdFlags::parse(flags.into())?;
    if !FdFlags::NONBLOCK.contains(flags) {
        return Err(Errno::Inval.into());
    }
    let listener = socket(&ctx.fds, fd, Rights::SOCK_ACCEPT)?;
    let inheriting = listener.inheriting;
    ctx.fds.reserve()?;
    let accepted = transfer(listener, &mut ctx.on_wait, PollFlags::IN, |listener| {
        rustix::net::accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)
    })?;
    let mut descriptor = Descriptor::socket(accepted)?;
    descriptor.flags = flags;
    descriptor.base = descriptor.base.intersection(inheriting);
    let opened = ctx.fds.insert(descriptor)?;
    mem.put_u32(out, opened);
    Ok(())
}

pub(crate) fn sock_recv(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    ri_data: u32,
    ri_data_len: u32,
    ri_flags: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Outcome {
    let out_len = mem.out::<4>(ro_datalen)?;
    let out_flags = mem.out::<2>(ro_flags)?;
    let flags = RiFlags::parse(ri_flags.into())?;
    let mut iovs = mem.iovs(ri_data, ri_data_len)?;
    let descriptor = socket(&ctx.fds, fd, Rights::FD_READ)?;
    let peek = if flags.contains(RiFlags::PEEK) { RecvFlags::PEEK } else { RecvFlags::empty() };
    // The host's socket does not block, so waiting for everything is done here. Peeking does not
    // consume what it sees: there it is one look.
    let all = flags.contains(RiFlags::WAITALL)
        && !flags.contains(RiFlags::PEEK)
        && !descriptor.flags.contains(FdFlags::NONBLOCK);
    let mut received = 0;
    let mut truncated = false;
    loop {
        let step = transfer(descriptor, &mut ctx.on_wait, PollFlags::IN, |socket| {
            let mut control = RecvAncillaryBuffer::default();
            rustix::net::recvmsg(socket, &mut mem.io_slices_mut(&iovs), &mut control, peek)
        });
        match step {
            Ok(message) => {
                received += message.bytes;
                truncated |= message.flags.contains(ReturnFlags::TRUNC);
                iovs.advance(message.bytes);
                if !all || message.bytes == 0 || iovs.is_empty() {
                    break;
                }
            }
            // What has been received is not lost to an error behind it.
            Err(Fail::Errno(_)) if received > 0 => break,
            Err(fail) => return Err(fail),
        }
    }
    mem.put_u32(out_len, received as u32);
    let flags = if truncated { RoFlags::DATA_TRUNCATED } else { RoFlags::empty() };
    mem.put(out_flags, flags.bits().to_le_bytes());
    Ok(())
}

pub(crate) fn sock_send(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    fd: u32,
    si_data: u32,
    si_data_len: u32,
    si_flags: u32,
    so_datalen: u32,
) -> Outcome {
    let out = mem.out(so_datalen)?;
    let iovs = mem.iovs(si_data, si_data_len)?;
    // There are no flags for sending.
    if si_flags != 0 {
        return Err(Errno::Inval.into());
    }
    let descriptor = socket(&ctx.fds, fd, Rights::FD_WRITE)?;
    let buffers = mem.io_slices(&iovs);
    let sent = transfer(descriptor, &mut ctx.on_wait, PollFlags::OUT, |socket| {
        let mut control = SendAncillaryBuffer::default();
        rustix::net::sendmsg(socket, &buffers, &mut control, SendFlags::NOSIGNAL)
    })?;
    mem.put_u32(out, sent as u32);
    Ok(())
}

pub(crate) fn sock_shutdown(ctx: &mut WasiCtx, _: &mut Guest<'_>, fd: u32, how: u32) -> Outcome {
    let how = SdFlags::parse(how.into())?;
    let descriptor = socket(&ctx.fds, fd, Rights::SOCK_SHUTDOWN)?;
    let how = match (how.contains(SdFlags::RD), how.contains(SdFlags::WR)) {
        (true, true) => Shutdown::Both,
        (true, false) => Shutdown::Read,
        (false, true) => Shutdown::Write,
        (false, false) => return Err(Errno::Inval.into()),
    };
    let host = descriptor.object.host().ok_or(Errno::NotSock)?;
    rustix::net::shutdown(host, how)?;
    Ok(())
}
