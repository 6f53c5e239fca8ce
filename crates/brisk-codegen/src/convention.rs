//! The calling convention of compiled code, as data: what every instruction set says of its own. Trampolines, lowering,
//! emission and the allocator's pool all derive from it.
//!
//! Arguments and results that do not fit in registers go through the store's overflow area, a cell of 16 bytes for each;
//! there are no stack arguments, so that a tail call never has to move a frame. The VmContext and the base of memory 0 are
//! pinned; every function has a frame pointer.

use crate::asm::{Gpr, VectorReg};
use crate::ir::Ty;
use crate::vcode::{PReg, RegClass, RegSet, RegSets};

/// Bytes of a cell of the overflow area.
pub const OVERFLOW_CELL: u32 = 16;

/// Small loops begin at multiples of this, and so do functions.
pub const CACHE_LINE: u32 = 64;

/// The convention of an instruction set.
#[derive(Clone, Copy, Debug)]
pub struct Convention {
    /// Registers of the first integer arguments.
    pub int_args: &'static [PReg],
    /// Registers of the first float and vector arguments.
    pub vector_args: &'static [PReg],
    /// Registers of the first integer results.
    pub int_results: &'static [PReg],
    /// Registers of the first float and vector results.
    pub vector_results: &'static [PReg],
    /// The running instance.
    pub vm_context: Gpr,
    /// The base of memory 0.
    pub memory_base: Gpr,
    /// What is left of the fuel, in code that charges it.
    pub fuel: Gpr,
    /// What the allocator may use in code that charges no fuel.
    pub regs: RegSets,
    /// Distance of the entered segment's stack pointer from the frame pointer of the frame of
    /// [`enter`](crate::boundary::ShapeCode::enter).
    pub enter_frame: usize,
    /// How far below the frame pointer of the frame with which a segment is left there may be references. Where a
    /// libcall was called that keeps all registers, the word there is the register of the first integer argument.
    pub exit_frame: usize,
    /// How many words below that frame pointer the VmContext of the machine code is, or 0.
    pub exit_context: usize,
    /// What is between functions, and stops whoever gets there.
    pub filler: u8,
    /// How far apart code and what it refers to may be, in bytes.
    pub reach: u64,
}

impl Convention {
    /// The places of arguments.
    pub const fn args(&self) -> Places {
        Places { ints: self.int_args, vectors: self.vector_args, cells: 0 }
    }

    /// The places of results.
    pub const fn results(&self) -> Places {
        Places { ints: self.int_results, vectors: self.vector_results, cells: 0 }
    }

    /// Where libcalls leave their result, and where an exception is when it is caught.
    pub const fn first_result(&self) -> PReg {
        self.int_results[0]
    }

    /// What the allocator may use. Code that charges fuel keeps it in a register, which the allocator has in all other
    /// code: all code of an engine does, or none.
    pub const fn reg_sets(&self, fuel: bool) -> RegSets {
        let RegSets { allocatable, callee_saved, .. } = self.regs;
        let kept = if fuel { set_of(&[int(self.fuel)]) } else { RegSet::EMPTY };
        RegSets { allocatable: allocatable.minus(kept), callee_saved: callee_saved.minus(kept), ..self.regs }
    }

    /// What a call destroys.
    pub const fn caller_saved(&self) -> RegSet {
        self.regs.allocatable.minus(self.regs.callee_saved)
    }
}

/// Where an argument or a result is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a register.
    Reg(PReg),
    /// In a cell of the overflow area.
    Cell(u32),
}

/// Hands out places in order.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    ints: &'static [PReg],
    vectors: &'static [PReg],
    cells: u32,
}

impl Places {
    /// The place of the next value.
    pub fn next(&mut self, ty: Ty) -> Place {
        let regs = match class(ty) {
            RegClass::Int => &mut self.ints,
            RegClass::Vector => &mut self.vectors,
        };
        if let [first, rest @ ..] = *regs {
            *regs = rest;
            return Place::Reg(*first);
        }
        self.cells += 1;
        Place::Cell(self.cells - 1)
    }

    /// How many of the values have their places in the overflow area.
    pub fn cells(mut self, types: &[Ty]) -> usize {
        types.iter().filter(|&&ty| matches!(self.next(ty), Place::Cell(_))).count()
    }
}

/// The class a type is kept in.
pub fn class(ty: Ty) -> RegClass {
    match ty {
        Ty::F32 | Ty::F64 | Ty::V128 => RegClass::Vector,
        _ => RegClass::Int,
    }
}

/// The allocator's name of an integer register.
pub const fn int(reg: Gpr) -> PReg {
    PReg::int(reg.0)
}

/// The allocator's name of a vector register.
pub const fn vector(reg: VectorReg) -> PReg {
    PReg::vector(reg.0)
}

/// The allocator's names of integer registers.
pub const fn ints<const N: usize>(regs: [Gpr; N]) -> [PReg; N] {
    let mut all = [PReg::int(0); N];
    let mut at = 0;
    while at < N {
        all[at] = int(regs[at]);
        at += 1;
    }
    all
}

/// The allocator's names of vector registers.
pub const fn vectors<const N: usize>(regs: [VectorReg; N]) -> [PReg; N] {
    let mut all = [PReg::vector(0); N];
    let mut at = 0;
    while at < N {
        all[at] = vector(regs[at]);
        at += 1;
    }
    all
}

/// The integer register that the allocator calls so.
pub fn gpr(reg: PReg) -> Gpr {
    debug_assert!(reg.class() == RegClass::Int);
    Gpr(reg.number())
}

/// The vector register that the allocator calls so.
pub fn vector_reg(reg: PReg) -> VectorReg {
    debug_assert!(reg.class() == RegClass::Vector);
    VectorReg(reg.number())
}

/// A set of registers of a list.
pub const fn set_of(regs: &[PReg]) -> RegSet {
    let mut set = RegSet::EMPTY;
    let mut at = 0;
    while at < regs.len() {
        set = set.with(regs[at]);
        at += 1;
    }
    set
}
