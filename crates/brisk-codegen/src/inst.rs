//! Machine instructions that every machine has. What else there is, each instruction set's `inst` says.
//!
//! An instruction's registers are operands of the [`VCode`](crate::vcode::VCode), in the order given with each variant.

use crate::ir::{Libcall, TrapCode};

/// An instruction that every machine has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Common {
    /// Takes values from fixed registers. Definitions.
    Take,
    /// The start of a handler: def of the exception, or none. The pinned registers are loaded again.
    Catch,
    /// Loads an argument or result from a cell of the overflow area: def.
    LoadCell(u16),
    /// Stores an argument or result to a cell of the overflow area: use.
    StoreCell(u16),
    /// def: the VmContext.
    Context,
    /// def: the address of the store's words, which is the same wherever the function is. A constant to the allocator.
    StoreAddress,
    /// def: a place so many bytes into memory 0, counted from its pinned base. A constant to the allocator.
    Place(u64),
    /// def: an integer.
    Int(u64),
    /// def: a vector register with these low bits, the rest 0.
    Float(u64),
    /// def: a constant of `Func::vectors`.
    Vector(u32),
    /// A call of a function of the module: definitions, uses in fixed registers.
    Call(u32),
    /// A call through a function reference: definitions, uses in fixed registers, the reference (last), unless it is so many
    /// bytes into the VmContext.
    CallRef(Option<u32>),
    /// A call of the runtime.
    CallLib(Libcall),
    /// uses in fixed registers.
    TailCall(u32),
    /// uses in fixed registers, the reference (last), unless it is so many bytes into the VmContext.
    TailCallRef(Option<u32>),
    /// uses in fixed registers.
    Ret,
    /// Traps.
    Trap(TrapCode),
    /// Goes on at the block's only edge.
    Jump,
    /// late use, temp: goes on at the edge with the number of the use, or the last.
    JumpTable {
        /// The first edge is taken almost always.
        first: bool,
    },
    /// use (spare): notices an interrupt. The operand is what [`Common::StoreAddress`] gives.
    Poll,
    /// Charges fuel.
    Fuel {
        /// How much.
        cost: u32,
        /// Whether there must be some left.
        test: bool,
    },
}

impl Common {
    /// Whether it makes a constant in an integer register, and leaves the flags alone.
    pub fn is_int_constant(&self) -> bool {
        matches!(self, Common::StoreAddress | Common::Place(_) | Common::Int(_))
    }

    /// Whether it can stand in code twice: it goes nowhere, and nobody asks where it is.
    pub fn is_straight(&self) -> bool {
        self.is_constant() || matches!(self, Common::Context | Common::Poll | Common::Fuel { .. })
    }

    /// Whether it makes a constant, and leaves the flags alone.
    pub fn is_constant(&self) -> bool {
        self.is_int_constant() || matches!(self, Common::Float(_) | Common::Vector(_))
    }
}
