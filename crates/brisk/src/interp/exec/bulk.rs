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
unsafe fn after(result: Result<(), Stop>, w: Words, mut r: Regs) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        match result {
            Ok(()) => {
                r.reload_memory();
                next(w, r)
            }
            Err(stop) => call::stop!(r.ip, r.sp, r.ctx, stop),
        }
    }
}

/// Defines libcalls that put their result in a slot. Not inlined: a result beside a reason to stop has an address, and
/// so have the libcall's locals; a handler with any could not end in a jump.
macro_rules! libcalls_to_slot {
    ($(fn $name:ident ($slot:ident, $ctx:ident, $($arg:ident: $ty:ty),*) $body:block)*) => {$(
        /// # Safety
        /// As for the libcall; the slot must be one of the running frame.
        #[inline(never)]
        unsafe fn $name($slot: *mut u64, $ctx: *mut VmContext, $($arg: $ty),*) -> Result<(), Stop> {
            // SAFETY: passed on.
            unsafe { $slot.write($body); }
            Ok(())
        }
    )*};
}

libcalls_to_slot! {
    fn grow_memory(slot, ctx, memory: u32, delta: u64, wide: bool) {
        let old = libcalls::memory_grow(ctx, memory, delta)?;
        if wide { old } else { u64::from(old as u32) }
    }
    fn grow_table(slot, ctx, table: u32, init: u64, delta: u64, wide: bool) {
        let old = libcalls::table_grow(ctx, table, init, delta)?;
        if wide { old } else { u64::from(old as u32) }
    }
    fn get_from_table(slot, ctx, table: u32, index: u64) {
        libcalls::table_get(ctx, table, index)?
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
                after(result, w, r)
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
        let result = grow_memory(r.sp.add(usize::from(slot)), r.ctx, memory, delta, wide);
        after(result, w, r)
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

handler! {
    /// `table32 wide base`: `init` and the number of elements; the old size replaces `init`.
    fn table_grow (w, r) {
        let table = w.u32();
        let wide = w.u16() != 0;
        let slot = w.u16();
        let (init, delta) = (r.slot(slot), r.slot(slot + 1));
        call::leave(r.ip, r.sp, r.ctx);
        let result = grow_table(r.sp.add(usize::from(slot)), r.ctx, table, init, delta, wide);
        after(result, w, r)
    }
}

handler! {
    /// `table32 base`: the index is replaced by the element.
    fn table_get (w, r) {
        let table = w.u32();
        let slot = w.u16();
        let result = get_from_table(r.sp.add(usize::from(slot)), r.ctx, table, r.slot(slot));
        after(result, w, r)
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
