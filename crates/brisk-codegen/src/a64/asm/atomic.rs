//! Atomic accesses. All of them acquire, release, or both; the address is a register.

use super::buffer::Assembler;
use super::operand::*;

encodings! {
    /// Operations on memory in one instruction (FEAT_LSE). They give the value that was there before.
    AtomicOp {
        /// Sum.
        Ldaddal = 0x38e0_0000,
        /// Bits of the operand cleared.
        Ldclral = 0x38e0_1000,
        /// Exclusive or.
        Ldeoral = 0x38e0_2000,
        /// Bits of the operand set.
        Ldsetal = 0x38e0_3000,
        /// The operand.
        Swpal = 0x38e0_8000,
    }
}

impl Assembler {
    /// `op src, old, [base]`; less than 32 bits are zero-extended
    pub fn atomic(&mut self, op: AtomicOp, size: Size, old: Gpr, src: Gpr, base: Gpr) {
        debug_assert!(self.features().lse);
        self.ordered(op as u32, size, old, base, src.zr());
    }

    /// `casal expected, new, [base]` (FEAT_LSE): stores `new` if `expected` is there; `expected` gets what was there
    pub fn cas(&mut self, size: Size, expected: Gpr, new: Gpr, base: Gpr) {
        debug_assert!(self.features().lse);
        self.ordered(0x08e0_fc00, size, new, base, expected.zr());
    }

    /// `ldaxr dst, [base]`: loads, acquires and watches
    pub fn load_exclusive(&mut self, size: Size, dst: Gpr, base: Gpr) {
        self.ordered(0x085f_fc00, size, dst, base, 0);
    }

    /// `stlxr failed, src, [base]`: releases and stores if what was watched is untouched; `failed` is 0 or 1
    pub fn store_exclusive(&mut self, size: Size, failed: Gpr, src: Gpr, base: Gpr) {
        debug_assert!(failed != src && failed != base);
        self.ordered(0x0800_fc00, size, src, base, failed.zr());
    }

    /// `ldar dst, [base]`; less than 32 bits are zero-extended
    pub fn load_acquire(&mut self, size: Size, dst: Gpr, base: Gpr) {
        self.ordered(0x08df_fc00, size, dst, base, 0);
    }

    /// `stlr src, [base]`
    pub fn store_release(&mut self, size: Size, src: Gpr, base: Gpr) {
        self.ordered(0x089f_fc00, size, src, base, 0);
    }

    fn ordered(&mut self, bits: u32, size: Size, rt: Gpr, base: Gpr, rs: u32) {
        self.word(bits | (size as u32) << 30 | rs << 16 | base.sp() << 5 | rt.zr());
    }
}
