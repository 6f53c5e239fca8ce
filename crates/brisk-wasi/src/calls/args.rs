//! Arguments and environment.

use crate::ctx::{Strings, WasiCtx};
use crate::errno::Outcome;
use crate::guest::Guest;

pub(crate) fn args_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, argv: u32, argv_buf: u32) -> Outcome {
    get(&ctx.args, mem, argv, argv_buf)
}

pub(crate) fn args_sizes_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, argc: u32, buf_size: u32) -> Outcome {
    sizes_get(&ctx.args, mem, argc, buf_size)
}

pub(crate) fn environ_get(ctx: &mut WasiCtx, mem: &mut Guest<'_>, environ: u32, environ_buf: u32) -> Outcome {
    get(&ctx.env, mem, environ, environ_buf)
}

pub(crate) fn environ_sizes_get(
    ctx: &mut WasiCtx,
    mem: &mut Guest<'_>,
    count: u32,
    buf_size: u32,
) -> Outcome {
    sizes_get(&ctx.env, mem, count, buf_size)
}

fn get(strings: &Strings, mem: &mut Guest<'_>, pointers: u32, buffer: u32) -> Outcome {
    let pointers = mem.range(pointers, strings.starts.len() as u32, 4)?;
    let bytes = mem.range(buffer, strings.bytes.len() as u32, 1)?;
    mem.slice_mut(bytes).copy_from_slice(&strings.bytes);
    for (slot, start) in mem.slice_mut(pointers).chunks_exact_mut(4).zip(&strings.starts) {
        slot.copy_from_slice(&(buffer + start).to_le_bytes());
    }
    Ok(())
}

fn sizes_get(strings: &Strings, mem: &mut Guest<'_>, count: u32, size: u32) -> Outcome {
    let count = mem.out(count)?;
    let size = mem.out(size)?;
    mem.put_u32(count, strings.starts.len() as u32);
    mem.put_u32(size, strings.bytes.len() as u32);
    Ok(())
}
