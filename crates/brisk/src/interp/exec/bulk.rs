//! Memory and table management: thin handlers over libcalls. Operands stand in consecutive slots
//! from `base` on; a result replaces the first of them.

use super::call;
use crate::interp::dispatch::{Regs, Status, handler, next};
use crate::interp::operand::Words;
use crate::vm::{Stop, VmContext, libcalls};

/// Goes on after a libcall, or ends the activation. Memory may have moved.
///
/// # Safety
/// `r` must be the state of running code, `w` the next instruction.
#[inline(always)]
unsafe fn after<T>(result: Result<T, Stop>, w: Words, mut r: Regs, put: impl FnOnce(Regs, T)) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        match result {
            Ok(value) => {
                put(r, value);
                r.reload_memory();
                next(w, r)
            }
            Err(stop) => call::stop!(r.ip, r.sp, r.ctx, stop),
        }
    }
}

/// Handlers that pass immediates and operand slots to a libcall that neither runs code of the host nor
/// collects: it need not know where the running code stands.
macro_rules! libcall_handlers {
    ($($(#[$meta:meta])* $name:ident: ($($imm:ident),*) ($($operand:ident $at:literal),*) => $call:expr;)*) => {$(
        handler! {
            $(#[$meta])*
            fn $name (w, r) {
                $(let $imm = w.u32();)*
                let base = r.sp.add(usize::from(w.u16()));
                $(let $operand = base.add($at).read();)*
                #[allow(clippy::redundant_closure_call)]
                let result = ($call)(r.ctx);
                after(result, w, r, |_, ()| ())
            }
        }
    )*};
}

libcall_handlers! {
    /// `dst32 src32 base`
    memory_copy: (dst, src) (d 0, s 1, n 2) => |ctx| libcalls::memory_copy(ctx, dst, src, d, s, n);
    /// `memory32 base`
    memory_fill: (memory) (d 0, value 1, n 2) => |ctx| libcalls::memory_fill(ctx, memory, d, value as u8, n);
    /// `segment32 memory32 base`
    memory_init: (segment, memory) (d 0, s 1, n 2) =>
        |ctx| libcalls::memory_init(ctx, segment, memory, d, s as u32, n as u32);
    /// `table32 base`
    table_set: (table) (index 0, value 1) => |ctx| libcalls::table_set(ctx, table, index, value);
    /// `table32 base`
    table_fill: (table) (index 0, value 1, n 2) => |ctx| libcalls::table_fill(ctx, table, index, value, n);
    /// `dst32 src32 base`
    table_copy: (dst, src) (d 0, s 1, n 2) => |ctx| libcalls::table_copy(ctx, dst, src, d, s, n);
    /// `segment32 table32 base`
    table_init: (segment, table) (d 0, s 1, n 2) =>
        |ctx| libcalls::table_init(ctx, segment, table, d, s as u32, n as u32);
}

handler! {
    /// `segment32`
    fn data_drop (w, r) {
        libcalls::data_drop(r.ctx, w.u32());
        next(w, r)
    }
}

handler! {
    /// `segment32`
    fn elem_drop (w, r) {
        libcalls::elem_drop(r.ctx, w.u32());
        next(w, r)
    }
}

handler! {
    /// `memory dst shift`: the size in pages.
    fn memory_size (w, r) {
        let memory = *(*r.ctx).memories.add(usize::from(w.u16()));
        let dst = w.u16();
        let pages = ((*memory).len as u64) >> w.u16();
        r.set_slot(dst, pages);
        next(w, r)
    }
}

handler! {
    /// `memory32 wide base`: the number of pages is replaced by the old size, or -1 of the address type.
    fn memory_grow (w, r) {
        let memory = w.u32();
        let wide = w.u16() != 0;
        let slot = w.u16();
        let delta = r.slot(slot);
        call::leave(r.ip, r.sp, r.ctx);
        let result = libcalls::memory_grow(r.ctx, memory, delta);
        after(result, w, r, |r, old| r.set_slot(slot, if wide { old } else { u64::from(old as u32) }))
    }
}

handler! {
    /// `table32 dst`
    fn table_size (w, r) {
        let table = *(*r.ctx).tables.add(w.u32() as usize);
        r.set_slot(w.u16(), (*table).len as u64);
        next(w, r)
    }
}

/// Not inlined: the libcall's locals have addresses.
///
/// # Safety
/// As for the libcall.
#[inline(never)]
unsafe fn grow_table(ctx: *mut VmContext, table: u32, init: u64, delta: u64) -> Result<u64, Stop> {
    // SAFETY: passed on.
    unsafe { libcalls::table_grow(ctx, table, init, delta) }
}

handler! {
    /// `table32 wide base`: `init` and the number of elements; the old size replaces `init`.
    fn table_grow (w, r) {
        let table = w.u32();
        let wide = w.u16() != 0;
        let slot = w.u16();
        let (init, delta) = (r.slot(slot), r.slot(slot + 1));
        call::leave(r.ip, r.sp, r.ctx);
        let result = grow_table(r.ctx, table, init, delta);
        after(result, w, r, |r, old| r.set_slot(slot, if wide { old } else { u64::from(old as u32) }))
    }
}

handler! {
    /// `table32 base`: the index is replaced by the element.
    fn table_get (w, r) {
        let table = w.u32();
        let slot = w.u16();
        let result = libcalls::table_get(r.ctx, table, r.slot(slot));
        after(result, w, r, |r, value| r.set_slot(slot, value))
    }
}

handler! {
    /// `func32 dst`
    fn ref_func (w, r) {
        let func = w.u32();
        let value = libcalls::ref_func(r.ctx, func);
        r.set_slot(w.u16(), value);
        next(w, r)
    }
}
