//! Clocks.

use crate::ctx::WasiCtx;
use crate::errno::{Errno, Outcome};
use crate::guest::Guest;
use crate::sources::nanoseconds;
use crate::types::ClockId;

pub(crate) fn clock_res_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, id: u32, resolution: u32) -> Outcome {
    let clock = ClockId::from_raw(id).ok_or(Errno::Inval)?;
    let out = mem.out(resolution)?;
    mem.put_u64(out, nanoseconds(ctx.clock.resolution(clock))?);
    Ok(())
}

/// The precision is how late the time may be; this one is never late.
pub(crate) fn clock_time_get(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    id: u32,
    _precision: u64,
    time: u32,
) -> Outcome {
    let clock = ClockId::from_raw(id).ok_or(Errno::Inval)?;
    let out = mem.out(time)?;
    mem.put_u64(out, nanoseconds(ctx.clock.now(clock))?);
    Ok(())
}
