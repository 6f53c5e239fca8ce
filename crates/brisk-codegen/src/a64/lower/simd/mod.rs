//! Vectors.

use super::*;
use crate::a64::asm::Cond;

impl Lower<'_> {
    /// Lowers an instruction on vectors.
    pub(super) fn simd(&mut self, value: Value, inst: &ir::Inst) {
        unreachable!("{value:?}: {:?}", inst.op);
    }

    /// Sets the flags by what a vector instruction says of all lanes: the condition for which the value is not 0.
    pub(super) fn vector_condition(&mut self, value: Value) -> Option<Cond> {
        let _ = value;
        None
    }

    /// A store of a lane, if that is what a value is.
    pub(super) fn store_lane(&mut self, at: Value, inst: &ir::Inst, value: Value, bytes: u32) -> bool {
        let _ = (at, inst, value, bytes);
        false
    }
}
