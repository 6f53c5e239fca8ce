//! The calling convention of compiled code, as data. See [`crate::convention`].
//!
//! The VmContext is pinned in `x27`, the base of memory 0 in `x28`; `x29` is the frame pointer of every function, so that
//! `x30` is free once the return address has been saved. `x16`, `x17`, `x30`, `v30` and `v31` are scratch: never
//! allocated. `x18` belongs to the platform and is not touched.

use super::asm::*;
use crate::convention::{Convention, int, ints, set_of, vector, vectors};
use crate::vcode::{RegSet, RegSets};

/// The running instance.
pub const VM_CONTEXT: Gpr = X27;
/// Base of memory 0.
pub const MEMORY_BASE: Gpr = X28;
/// The frame pointer.
pub const FP: Gpr = X29;
/// The return address, until it is saved; scratch then.
pub const LR: Gpr = X30;
/// Scratch for integers, which the allocator's moves use too.
pub const SCRATCH: Gpr = X16;
/// Another one; at a function's cold entry, the function's state.
pub const SCRATCH2: Gpr = X17;
/// What is left of the fuel, in code that charges it.
pub const FUEL: Gpr = X26;
/// Scratch for vectors, which the allocator's moves use too.
pub const SCRATCH_VECTOR: Fpr = V31;
/// Another one, in front of it.
pub const SCRATCH_VECTOR2: Fpr = V30;

/// Registers of the first integer arguments and results.
pub const INT_ARGS: [Gpr; 8] = [X0, X1, X2, X3, X4, X5, X6, X7];
/// Registers of the first float and vector arguments and results.
pub const VECTOR_ARGS: [Fpr; 8] = [V0, V1, V2, V3, V4, V5, V6, V7];
/// Registers a function gives back as it found them, beside the pinned ones.
pub const CALLEE_SAVED: [Gpr; 8] = [X19, X20, X21, X22, X23, X24, X25, X26];

/// Not the allocator's: scratch, the platform's, pinned, frame.
const RESERVED: RegSet = set_of(&ints([SCRATCH, SCRATCH2, X18, VM_CONTEXT, MEMORY_BASE, FP, LR, XZR]));

const ALL_INTS: RegSet = RegSet(0xffff_ffff);

/// All but the scratch registers.
const ALL_VECTORS: RegSet = RegSet(((1 << SCRATCH_VECTOR2.0) - 1) << 32);

/// All of it.
pub const CONVENTION: Convention = Convention {
    int_args: &ints(INT_ARGS),
    vector_args: &vectors(VECTOR_ARGS),
    int_results: &ints(INT_ARGS),
    vector_results: &vectors(VECTOR_ARGS),
    vm_context: VM_CONTEXT,
    memory_base: MEMORY_BASE,
    fuel: FUEL,
    regs: RegSets {
        allocatable: ALL_INTS.minus(RESERVED).union(ALL_VECTORS),
        callee_saved: set_of(&ints(CALLEE_SAVED)),
        scratch_int: int(SCRATCH),
        scratch_vector: vector(SCRATCH_VECTOR),
    },
    enter_frame: super::trampoline::ENTER_FRAME,
    exit_frame: super::trampoline::EXIT_FRAME,
    exit_context: super::trampoline::EXIT_CONTEXT,
    // udf #0
    filler: 0,
    // Branches reach 128 MiB.
    reach: (128 << 20) - 4,
};
