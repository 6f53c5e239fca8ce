//! The boundary of machine code: trampolines, which change the convention, and stubs, by which machine code reaches the
//! runtime. Each instruction set's `trampoline` makes them.
//!
//! Machine code between two boundaries is a segment. It is entered by [`ShapeCode::enter`], whose frame holds what the
//! segment is left through when nothing in it handles a trap or an exception: the stack pointer is noted in the innermost
//! activation (`activation_entry_sp`), and the word it points to says where to go on. It is left by the stubs and
//! trampolines here, all of which begin with the same frame and note it in the store (`store_exit_fp`):
//!
//! ```text
//! [fp+8]  return address: where the segment stands
//! [fp]    frame pointer of the machine code
//! [fp-8]  the registers that calls preserve, one below the other: a collector finds references in them here
//! then    the VmContext of the machine code, or 0 if that is at `[[fp]-8]`: in a frame that calls functions it is
//! ```
//!
//! What is needed of the runtime's structures is given as data ([`VmLayout`](crate::layout::VmLayout)), and so are the
//! addresses of its functions ([`Runtime`]), which follow the system's convention for C (on x64 the System V convention).

use crate::ir::Ty;

/// How an activation of the interpreter, a libcall or a host function came back: 0 with results.
pub mod status {
    /// With results.
    pub const RETURN: u32 = 0;
    /// With a tail call: the callee stands in the store, its arguments where those of the caller were.
    pub const TAIL_CALL: u32 = 4;
    /// In what tells [`Runtime::trap`](super::Runtime::trap) a trap from a fault.
    pub const FAULT: u32 = 1 << 16;
}

/// Words that [`Runtime::unwind`] and [`Runtime::trap`] fill in: where to go on.
pub const RESUME_WORDS: usize = 4;

/// Addresses of the runtime's functions.
#[derive(Clone, Debug, Default)]
pub struct Runtime {
    /// `fn(state, VmContext, slots) -> (status, address)`: runs a function in the interpreter. With
    /// [`status::TAIL_CALL`], the address is that of the code that loads the arguments, [`ShapeCode::tail`] or
    /// [`Stubs::osr_tail`].
    pub interpret: u64,
    /// `fn(host function, frame pointer of the trampoline, slots) -> status`: calls a host function.
    pub call_host: u64,
    /// `fn(store, status, out)`: finds where to go on after anything but results.
    pub unwind: u64,
    /// `fn(store, trap code, out)`: as above after a trap.
    pub trap: u64,
    /// `fn(store) -> status`: reports that a callee cannot be called for lack of executable memory.
    pub refused: u64,
    /// The libcalls, by number.
    pub libcalls: Vec<u64>,
    /// Whether machine code keeps what is left of the fuel in a register. It is in the store while none runs.
    pub fuel: bool,
}

/// Types of a function's parameters and results. Functions of one shape share their trampolines.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Shape {
    /// Parameters.
    pub params: Box<[Ty]>,
    /// Results.
    pub results: Box<[Ty]>,
}

/// Offsets of a shape's trampolines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShapeCode {
    /// `fn(slots, VmContext, entry, state) -> status`: calls machine code with arguments from slots, and puts the results in
    /// the same place.
    pub enter: u32,
    /// The code of functions that have no machine code: calls the interpreter.
    pub cold: u32,
    /// Loads the arguments of a tail call from the slots at the store's `value_top` and jumps to machine code.
    pub tail: u32,
    /// The code of host functions: calls [`Runtime::call_host`].
    pub host: u32,
    /// `fn(frame, VmContext, entry, state) -> status`: calls code that takes over a frame of the interpreter, whose first
    /// slots receive the results.
    pub enter_osr: u32,
}

/// Offsets of the stubs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stubs {
    /// Of libcalls, by number.
    pub libcalls: Vec<u32>,
    /// Of traps, by number.
    pub traps: Vec<u32>,
    /// Where code whose memory access faulted is made to go on, with the address of the instruction pushed, as if it had
    /// called.
    pub fault: u32,
    /// Goes on after a boundary came back with the status in `esi` and the store in `rdi`.
    pub raise: u32,
    /// Called in place of a function that there can be no trampoline for.
    pub refused: u32,
    /// What [`ShapeCode::tail`] is to functions, to code that takes over a frame of the interpreter: the frame is at the
    /// store's `value_top`.
    pub osr_tail: u32,
}

/// Bytes of the slot or pair of slots that a value takes.
pub(crate) fn slot_bytes(ty: Ty) -> i32 {
    if ty == Ty::V128 { 16 } else { 8 }
}
