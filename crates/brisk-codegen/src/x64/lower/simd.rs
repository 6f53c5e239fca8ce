//! Vector instructions.

use super::*;

impl Lower<'_> {
    /// Lowers a vector instruction.
    pub(super) fn simd(&mut self, value: Value, inst: &crate::ir::Inst) {
        crate::x64::simd::lower(self, value, inst, SimdOp::from_aux(inst.aux));
    }
}
