//! The calling convention of compiled code, as data. See [`crate::convention`].
//!
//! The VmContext is pinned in `r14`, the base of memory 0 in `r15`; `rbp` is the frame pointer of every function. `r11` and
//! `xmm15` are scratch: never allocated.

use super::asm::*;
use crate::convention::{Convention, int, ints, set_of, vector, vectors};
use crate::vcode::{RegSet, RegSets};

/// The running instance.
pub const VM_CONTEXT: Gpr = R14;
/// Base of memory 0.
pub const MEMORY_BASE: Gpr = R15;
/// What is left of the fuel, in code that charges it.
pub const FUEL: Gpr = R13;
/// Scratch for integers; at a function's cold entry, the function's state.
pub const SCRATCH: Gpr = R11;
/// Scratch for vectors.
pub const SCRATCH_VECTOR: Xmm = XMM15;

/// Registers of the first integer arguments.
pub const INT_ARGS: [Gpr; 6] = [RDI, RSI, RDX, RCX, R8, R9];
/// Registers of the first float and vector arguments.
pub const VECTOR_ARGS: [Xmm; 8] = [XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7];
/// Registers of the first integer results.
pub const INT_RESULTS: [Gpr; 4] = [RAX, RDX, RCX, RSI];
/// Registers of the first float and vector results.
pub const VECTOR_RESULTS: [Xmm; 4] = [XMM0, XMM1, XMM2, XMM3];
/// Registers a function gives back as it found them, beside the pinned ones.
pub const CALLEE_SAVED: [Gpr; 3] = [RBX, R12, R13];

/// All but the scratch register.
const ALL_VECTORS: RegSet = RegSet(((1 << SCRATCH_VECTOR.0) - 1) << 32);

/// Not the allocator's: pinned, frame, scratch.
const RESERVED: RegSet = set_of(&ints([RSP, RBP, VM_CONTEXT, MEMORY_BASE, SCRATCH]));

const ALL_INTS: RegSet = RegSet(0xffff);

/// All of it.
pub const CONVENTION: Convention = Convention {
    int_args: &ints(INT_ARGS),
    vector_args: &vectors(VECTOR_ARGS),
    int_results: &ints(INT_RESULTS),
    vector_results: &vectors(VECTOR_RESULTS),
    vm_context: VM_CONTEXT,
    memory_base: MEMORY_BASE,
    fuel: FUEL,
    regs: RegSets {
        allocatable: ALL_INTS.minus(RESERVED).union(ALL_VECTORS),
        callee_saved: set_of(&ints(CALLEE_SAVED)),
        scratch_int: int(SCRATCH),
        scratch_vector: vector(SCRATCH_VECTOR),
    },
    enter_frame: super::trampoline::ENTER_FRAME as usize,
    exit_frame: super::trampoline::EXIT_FRAME,
    exit_context: super::trampoline::EXIT_WORDS as usize,
    // int3
    filler: 0xcc,
    reach: (1 << 31) - 1,
};
