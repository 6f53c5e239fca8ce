//! Randomness.

use crate::ctx::WasiCtx;
use crate::errno::Outcome;
use crate::guest::Guest;
use crate::limits::RANDOM_SLICE;

pub(crate) fn random_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, buf: u32, buf_len: u32) -> Outcome {
    let range = mem.range(buf, buf_len, 1)?;
    for slice in mem.slice_mut(range).chunks_mut(RANDOM_SLICE) {
        ctx.random.fill(slice)?;
        ctx.ask_host()?;
    }
    Ok(())
}
