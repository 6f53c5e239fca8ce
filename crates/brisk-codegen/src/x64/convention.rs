//! The calling convention of compiled code, as data. Trampolines, lowering, emission and the allocator's pool all
//! derive from it.
//!
//! The VmContext is pinned in `r14`, the base of memory 0 in `r15`; `rbp` is the frame pointer of every function. `r11` and
//! `xmm15` are scratch: never allocated. Arguments and results that do not fit in registers go
//! through the store's overflow area, a cell of 16 bytes for each; there are no stack arguments, so that a
//! tail call never has to move a frame.

use super::asm::*;
use crate::ir::Ty;
use crate::vcode::{PReg, RegClass, RegSet, RegSets};

/// The running instance.
pub const VM_CONTEXT: Gpr = R14;
/// Base of memory 0.
pub const MEMORY_BASE: Gpr = R15;
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

/// Bytes of a cell of the overflow area.
pub const OVERFLOW_CELL: u32 = 16;

/// Where an argument or a result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a register.
    Reg(PReg),
    /// In a cell of the overflow area.
    Cell(u32),
}

/// The allocator's name of an integer register.
pub const fn int(reg: Gpr) -> PReg {
    PReg::int(reg.0)
}

/// The allocator's name of a vector register.
pub const fn vector(reg: Xmm) -> PReg {
    PReg::vector(reg.0)
}

/// The class a type is kept in.
pub fn class(ty: Ty) -> RegClass {
    match ty {
        Ty::F32 | Ty::F64 | Ty::V128 => RegClass::Vector,
        _ => RegClass::Int,
    }
}

/// Hands out places in order.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    ints: &'static [Gpr],
    vectors: &'static [Xmm],
    cells: u32,
}

impl Places {
    /// Those of arguments.
    pub fn args() -> Places {
        Places { ints: &INT_ARGS, vectors: &VECTOR_ARGS, cells: 0 }
    }

    /// Those of results.
    pub fn results() -> Places {
        Places { ints: &INT_RESULTS, vectors: &VECTOR_RESULTS, cells: 0 }
    }

    /// The place of the next value.
    pub fn next(&mut self, ty: Ty) -> Place {
        match class(ty) {
            RegClass::Int => {
                if let [first, rest @ ..] = self.ints {
                    self.ints = rest;
                    return Place::Reg(int(*first));
                }
            }
            RegClass::Vector => {
                if let [first, rest @ ..] = self.vectors {
                    self.vectors = rest;
                    return Place::Reg(vector(*first));
                }
            }
        }
        self.cells += 1;
        Place::Cell(self.cells - 1)
    }
}

const fn ints(regs: &[Gpr]) -> RegSet {
    let mut set = RegSet::EMPTY;
    let mut at = 0;
    while at < regs.len() {
        set = set.with(int(regs[at]));
        at += 1;
    }
    set
}

const fn all_vectors() -> RegSet {
    let mut set = RegSet::EMPTY;
    let mut number = 0;
    while number < SCRATCH_VECTOR.0 {
        set = set.with(PReg::vector(number));
        number += 1;
    }
    set
}

/// Not the allocator's: pinned, frame, scratch.
const RESERVED: RegSet = ints(&[RSP, RBP, VM_CONTEXT, MEMORY_BASE, SCRATCH]);

const ALL_INTS: RegSet = RegSet(0xffff);

/// What the allocator may use: the complement of what is reserved.
pub const REG_SETS: RegSets = RegSets {
    allocatable: ALL_INTS.minus(RESERVED).union(all_vectors()),
    callee_saved: ints(&CALLEE_SAVED),
    scratch_int: int(SCRATCH),
    scratch_vector: vector(SCRATCH_VECTOR),
};

/// What a call destroys.
pub const CALLER_SAVED: RegSet = REG_SETS.allocatable.minus(REG_SETS.callee_saved);
