//! The x64 assembler: instructions by family in, bytes, labels resolved, relocations out.
//!
//! One [`Assembler`] serves many functions, one after the other ([`Assembler::clear`]); an
//! instruction costs no allocation and no `Result`. Each family of instructions is a table enum
//! ([`AluOp`], [`ShiftOp`], [`VecOp`], ...) that a few generic methods consume, so that lowering
//! passes the operation as data. Operand combinations that no encoding exists for are the
//! caller's bug: they are `debug_assert`ed.
//!
//! Encodings follow Intel's Software Developer's Manual, volume 2. Vector instructions are encoded
//! with VEX if [`Features::avx`] is set, else in their legacy form.

mod buffer;
mod flow;
mod int;
mod operand;
mod vec;
mod vec_table;

pub use crate::asm::{Assemble, Assembled, Reloc};
pub use crate::code::RelocKind;
pub use buffer::Assembler;
pub use int::{AluOp, AndnOp, BitTestOp, CountOp, DoubleShiftOp, ShiftOp, ShiftxOp, UnaryOp};
pub use operand::*;
pub use vec_table::{Form, Level, VecInfo, VecOp};
