//! Vector instructions on x64: which instructions each becomes.

use super::lower::Lower;
use crate::ir::{Inst, SimdOp, Value};

/// A vector instruction that takes several of the machine's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequence {}

/// Lowers a vector instruction.
pub(super) fn lower(lower: &mut Lower<'_>, value: Value, inst: &Inst, op: SimdOp) {
    let _ = (lower, value, inst);
    unreachable!("{op:?}")
}
