//! The calling convention of compiled code, as data. See [`crate::convention`].
//!
//! The VmContext is pinned in `r14`, the base of memory 0 in `r15`; `rbp` is the frame pointer of every function. `r11` and
//! `xmm15` are scratch: never allocated.

use super::asm::*;
use crate::convention::{Convention, set_of};
use crate::vcode::{PReg, RegSet, RegSets};

/// The running instance.
pub const VM_CONTEXT: Gpr = R14;
/// Base of memory 0.
pub const MEMORY_BASE: Gpr = R15;
/// What is left of the fuel, in code that charges it: see [`reg_sets`].
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

/// The allocator's name of an integer register.
pub const fn int(reg: Gpr) -> PReg {
    PReg::int(reg.0)
}

/// The allocator's name of a vector register.
pub const fn vector(reg: Xmm) -> PReg {
    PReg::vector(reg.0)
}

const fn ints<const N: usize>(regs: [Gpr; N]) -> [PReg; N] {
    let mut all = [PReg::int(0); N];
    let mut at = 0;
    while at < N {
        all[at] = int(regs[at]);
        at += 1;
    }
    all
}

const fn vectors<const N: usize>(regs: [Xmm; N]) -> [PReg; N] {
    let mut all = [PReg::vector(0); N];
    let mut at = 0;
    while at < N {
        all[at] = vector(regs[at]);
        at += 1;
    }
    all
}

/// All but the scratch register.
const ALL_VECTORS: RegSet = RegSet(((1 << SCRATCH_VECTOR.0) - 1) << 32);

/// Not the allocator's: pinned, frame, scratch.
const RESERVED: RegSet = set_of(&ints([RSP, RBP, VM_CONTEXT, MEMORY_BASE, SCRATCH]));

const ALL_INTS: RegSet = RegSet(0xffff);

/// What the allocator may use. Code that charges fuel keeps it in a register, which the allocator has in all other code:
/// all code of an engine does, or none.
pub const fn reg_sets(fuel: bool) -> RegSets {
    if !fuel {
        return REG_SETS;
    }
    let fuel = set_of(&[int(FUEL)]);
    RegSets {
        allocatable: REG_SETS.allocatable.minus(fuel),
        callee_saved: REG_SETS.callee_saved.minus(fuel),
        ..REG_SETS
    }
}

/// The complement of what is reserved: what the allocator may use in code that charges no fuel.
pub const REG_SETS: RegSets = RegSets {
    allocatable: ALL_INTS.minus(RESERVED).union(ALL_VECTORS),
    callee_saved: set_of(&ints(CALLEE_SAVED)),
    scratch_int: int(SCRATCH),
    scratch_vector: vector(SCRATCH_VECTOR),
};

/// All of it.
pub const CONVENTION: Convention = Convention {
    int_args: &ints(INT_ARGS),
    vector_args: &vectors(VECTOR_ARGS),
    int_results: &ints(INT_RESULTS),
    vector_results: &vectors(VECTOR_RESULTS),
    regs: REG_SETS,
    enter_frame: super::trampoline::ENTER_FRAME as usize,
    exit_frame: super::trampoline::EXIT_FRAME,
    exit_context: super::trampoline::EXIT_WORDS as usize,
    // int3
    filler: 0xcc,
    reach: (1 << 31) - 1,
};
