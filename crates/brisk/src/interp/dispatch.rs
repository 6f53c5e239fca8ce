//! The handlers' calling convention and how one leads to the next.
//!
//! A handler gets the state of the interpreter in machine registers, does its work and ends in a
//! call of the next instruction's handler, which the optimizer turns into a jump (see `build.rs`).
//! Where it would not, `dispatch` returns to a loop instead, and the state travels through memory.

use super::operand::{Words, read, write};
use crate::trap::Trap;
use crate::vm::context::{VmContext, VmExit, VmStore};
use brisk_module::numeric::V128;

/// How an activation came to its end.
#[repr(u32)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// The outermost function returned; its results stand where its arguments were.
    Return = 0,
    /// A trap, kept in [`VmStore::trap`].
    Trap = 1,
    /// An error or a panic of the host is pending in the store.
    Unwind = 2,
    /// A wasm exception that nothing in this activation catches is pending in the store.
    Exception = 3,
    /// The outermost function tail-called machine code, or that is to take over its frame: see [`VmStore::tail`].
    TailCall = 4,
    /// Not an end: the loop goes on with the next handler.
    #[cfg(brisk_loop_dispatch)]
    Continue = 5,
}

/// A handler: executes the instruction at `ip`.
pub(crate) type Handler = unsafe extern "C" fn(
    ip: *const u16,
    sp: *mut u64,
    mem: *mut u8,
    len: usize,
    ctx: *mut VmContext,
    acc: u64,
    f32: f32,
    f64: f64,
) -> Status;

/// The state of the interpreter between two instructions.
#[derive(Clone, Copy)]
pub(crate) struct Regs {
    /// The instruction being executed.
    pub ip: *const u16,
    /// Slot 0 of the running function's frame.
    pub sp: *mut u64,
    /// First byte of memory 0.
    pub mem: *mut u8,
    /// Length of memory 0.
    pub len: usize,
    /// The running function's instance.
    pub ctx: *mut VmContext,
    /// Accumulator for integers.
    pub acc: u64,
    /// Accumulator for `f32`.
    pub f32: f32,
    /// Accumulator for `f64`.
    pub f64: f64,
}

impl Regs {
    /// Reads a slot.
    ///
    /// # Safety
    /// The frame must have the slot.
    #[inline(always)]
    pub unsafe fn slot(&self, slot: u16) -> u64 {
        // SAFETY: by the contract of this function.
        unsafe { self.sp.add(usize::from(slot)).read() }
    }

    /// Writes a slot.
    ///
    /// # Safety
    /// The frame must have the slot.
    #[inline(always)]
    pub unsafe fn set_slot(&self, slot: u16, value: u64) {
        // SAFETY: by the contract of this function.
        unsafe { self.sp.add(usize::from(slot)).write(value) }
    }

    /// Reads a vector from a pair of slots.
    ///
    /// # Safety
    /// The frame must have the slots.
    #[inline(always)]
    pub unsafe fn vector(&self, slot: u16) -> V128 {
        // SAFETY: by the contract of this function.
        unsafe { read(self.sp.add(usize::from(slot)).cast::<V128>()) }
    }

    /// Writes a vector to a pair of slots.
    ///
    /// # Safety
    /// The frame must have the slots.
    #[inline(always)]
    pub unsafe fn set_vector(&self, slot: u16, value: V128) {
        // SAFETY: by the contract of this function.
        unsafe { write(self.sp.add(usize::from(slot)).cast::<V128>(), value) }
    }

    /// The store's words.
    ///
    /// # Safety
    /// `ctx` must be a live instance.
    #[inline(always)]
    pub unsafe fn store(&self) -> *mut VmStore {
        // SAFETY: by the contract of this function.
        unsafe { (*self.ctx).store }
    }

    /// Fetches base and length of memory 0 again, after anything that may have moved or grown it.
    ///
    /// # Safety
    /// `ctx` must be a live instance; it always has an entry for memory 0, an empty one at need.
    #[inline(always)]
    pub unsafe fn reload_memory(&mut self) {
        // SAFETY: by the contract of this function.
        unsafe {
            let memory = *(*self.ctx).memories;
            self.mem = (*memory).base;
            self.len = (*memory).len;
        }
    }

    /// Where this instruction stands, for traps and backtraces.
    #[inline(always)]
    pub fn exit(&self) -> VmExit {
        VmExit { ip: self.ip, sp: self.sp, ctx: self.ctx }
    }
}

/// Goes on with the instruction at `w`.
///
/// # Safety
/// `w` must point to an instruction of translated code, `r` hold a frame of its function.
#[cfg(not(brisk_loop_dispatch))]
#[inline(always)]
pub(crate) unsafe fn next(w: Words, r: Regs) -> Status {
    // SAFETY: linked code holds a handler's address at the start of each instruction.
    unsafe {
        let handler = read(w.0.cast::<Handler>());
        handler(w.0, r.sp, r.mem, r.len, r.ctx, r.acc, r.f32, r.f64)
    }
}

/// Goes on with the instruction at `w`.
///
/// # Safety
/// As above.
#[cfg(brisk_loop_dispatch)]
#[inline(always)]
pub(crate) unsafe fn next(w: Words, mut r: Regs) -> Status {
    r.ip = w.0;
    // SAFETY: `ctx` is live while its code runs.
    unsafe { (*r.store()).regs = Some(r) };
    Status::Continue
}

/// Runs from `r.ip` until the activation ends.
///
/// # Safety
/// As for [`next`].
#[inline(never)]
pub(crate) unsafe fn run(r: Regs) -> Status {
    #[cfg(not(brisk_loop_dispatch))]
    // SAFETY: by the contract of this function.
    unsafe {
        next(Words(r.ip), r)
    }
    #[cfg(brisk_loop_dispatch)]
    // SAFETY: by the contract of this function; each handler that continues leaves its state.
    unsafe {
        let store = r.store();
        (*store).regs = Some(r);
        loop {
            let r = (*store).regs.take().expect("a handler that continues leaves its state");
            let handler = read(r.ip.cast::<Handler>());
            let status = handler(r.ip, r.sp, r.mem, r.len, r.ctx, r.acc, r.f32, r.f64);
            if status != Status::Continue {
                return status;
            }
        }
    }
}

/// Ends the activation with a trap at the current instruction. In the C convention, which does not unwind: handlers
/// jump here, too.
///
/// # Safety
/// `r` must be the state of running code.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn trap(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    trap: Trap,
) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        let store = (*ctx).store;
        (*store).exit = VmExit { ip, sp, ctx };
        (*store).trap = Some(trap);
    }
    Status::Trap
}

/// Defines a handler. The body sees the words after the operation number and the registers; it
/// ends in [`next`] or with a status.
///
/// All handlers rest on one argument: register code comes only from the translator, for a validated
/// module; it names slots below the frame's size and indices the module has, and it runs with the
/// context of an instance of that module in a store that outlives the activation.
macro_rules! handler {
    ($(#[$meta:meta])* fn $name:ident $([$($generics:tt)*])? ($w:ident, $r:ident) $body:block) => {
        $(#[$meta])*
        pub(crate) unsafe extern "C" fn $name $(<$($generics)*>)? (
            ip: *const u16,
            sp: *mut u64,
            mem: *mut u8,
            len: usize,
            ctx: *mut $crate::vm::context::VmContext,
            acc: u64,
            f32: f32,
            f64: f64,
        ) -> $crate::interp::dispatch::Status {
            #[allow(unused_mut)]
            let mut $r = $crate::interp::dispatch::Regs { ip, sp, mem, len, ctx, acc, f32, f64 };
            // SAFETY: see the argument at the macro.
            unsafe {
                #[allow(unused_mut)]
                let mut $w = $crate::interp::operand::Words(ip.add($crate::interp::ops::OP_WORDS));
                $body
            }
        }
    };
}
pub(crate) use handler;

/// Ends a handler with a trap.
macro_rules! raise {
    ($r:ident, $trap:expr) => {
        return $crate::interp::dispatch::trap($r.ip, $r.sp, $r.ctx, $trap)
    };
}
pub(crate) use raise;
