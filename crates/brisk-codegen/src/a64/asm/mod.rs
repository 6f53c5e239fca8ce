//! The AArch64 assembler: instructions by family in, bytes, labels resolved, relocations out.
//!
//! One [`Assembler`] serves many functions, one after the other ([`Assembler::clear`]); an
//! instruction costs no allocation and no `Result`. Each family of instructions is a table enum
//! ([`AddOp`], [`LogicOp`], [`LoadOp`], ...) that a few generic methods consume, so that lowering passes
//! the operation as data. Immediates that only some numbers can be are types whose constructors say
//! which ([`AddImm`], [`LogicImm`], ...); other operands that no encoding exists for are the caller's bug:
//! they are `debug_assert`ed.
//!
//! Encodings follow the Arm Architecture Reference Manual for A-profile, chapter C4.

// Methods take an operation and each operand.
#![allow(clippy::too_many_arguments)]

mod atomic;
mod buffer;
mod float;
mod flow;
mod imm;
mod int;
mod memory;
mod operand;
mod vec;
mod vec_table;

pub use crate::asm::{Assemble, Assembled, Reloc};
pub use crate::code::RelocKind;
pub use atomic::AtomicOp;
pub use buffer::Assembler;
pub use float::{Float1Op, Float2Op, Float3Op, FromIntOp, ToIntOp};
pub use flow::{Barrier, Hint};
pub use imm::{AddImm, FloatImm, LogicImm, VecImm};
pub use int::{
    AddOp, BitfieldOp, CarryOp, CcmpOp, Data1Op, Data2Op, LogicOp, MulAddOp, SelectOp, WideOp, mov_imm_len,
};
pub use memory::{LoadOp, Pair, PairMode};
pub use operand::*;
pub use vec_table::{Arr, Form, VecInfo, VecOp};
