//! Vectors.

use super::*;

impl Emit<'_> {
    /// Emits an instruction on vectors.
    pub(super) fn emit_simd(&mut self, inst: SimdInst) {
        match inst {}
    }

    /// A constant that only vectors have.
    pub(super) fn simd_constant(&mut self, inst: SimdInst, dst: Fpr) {
        let _ = dst;
        match inst {}
    }
}
