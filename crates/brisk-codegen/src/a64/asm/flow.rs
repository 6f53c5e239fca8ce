//! Branches, calls, hints, barriers.

use super::buffer::{Assembler, Field};
use super::operand::*;
use crate::code::RelocKind;

encodings! {
    /// Instructions that older processors take for `nop`.
    Hint {
        /// Nothing.
        Nop = 0xd503_201f,
        /// Says that this thread spins.
        Yield = 0xd503_203f,
        /// Signs the return address in x30 by the stack pointer. Indirect calls may lead here as to `BtiC`.
        Paciasp = 0xd503_233f,
        /// Checks and strips what `Paciasp` signed.
        Autiasp = 0xd503_23bf,
        /// Keeps results of speculation from later instructions.
        Csdb = 0xd503_229f,
        /// A place that indirect calls may lead to; so may jumps through x16 and x17.
        BtiC = 0xd503_245f,
        /// A place that indirect jumps may lead to, through any register.
        BtiJ = 0xd503_249f,
        /// Either.
        BtiJc = 0xd503_24df,
    }
}

encodings! {
    /// Barriers.
    Barrier {
        /// Orders all accesses.
        DmbIsh = 0xd503_3bbf,
        /// Orders loads before with all accesses after.
        DmbIshld = 0xd503_39bf,
        /// Orders stores.
        DmbIshst = 0xd503_3abf,
        /// Waits for all accesses.
        DsbIsh = 0xd503_3b9f,
        /// Fetches what comes next again.
        Isb = 0xd503_3fdf,
    }
}

impl Assembler {
    /// `b label`
    #[inline]
    pub fn b(&mut self, label: Label) {
        let field = self.field(Field::Branch26, label);
        self.word(0x1400_0000 | field);
        self.ends_here();
    }

    /// `b.cond label`; two instructions if it is far back
    #[inline]
    pub fn b_cond(&mut self, cond: Cond, label: Label) {
        if self.too_far(label, 19) {
            self.word(0x5400_0040 | cond.invert() as u32);
            return self.b_reached(label);
        }
        let field = self.field(Field::Branch19, label);
        self.word(0x5400_0000 | field | cond as u32);
    }

    /// `cbz src, label`; two instructions if it is far back
    #[inline]
    pub fn cbz(&mut self, size: Size, src: Gpr, label: Label) {
        self.compare_branch(0x3400_0000, size, src, label);
    }

    /// `cbnz src, label`; two instructions if it is far back
    #[inline]
    pub fn cbnz(&mut self, size: Size, src: Gpr, label: Label) {
        self.compare_branch(0x3500_0000, size, src, label);
    }

    /// `tbz src, #bit, label`; two instructions if it is far back
    #[inline]
    pub fn tbz(&mut self, src: Gpr, bit: u8, label: Label) {
        self.test_branch(0x3600_0000, src, bit, label);
    }

    /// `tbnz src, #bit, label`; two instructions if it is far back
    #[inline]
    pub fn tbnz(&mut self, src: Gpr, bit: u8, label: Label) {
        self.test_branch(0x3700_0000, src, bit, label);
    }

    /// `bl label`
    pub fn bl(&mut self, label: Label) {
        let field = self.field(Field::Branch26, label);
        self.word(0x9400_0000 | field);
    }

    /// `b symbol`
    pub fn b_symbol(&mut self, symbol: Symbol) {
        self.reloc(symbol, RelocKind::Call26);
        self.word(0x1400_0000);
        self.ends_here();
    }

    /// `br target`
    pub fn br(&mut self, target: Gpr) {
        self.word(0xd61f_0000 | target.zr() << 5);
        self.ends_here();
    }

    /// `blr target`
    pub fn blr(&mut self, target: Gpr) {
        self.word(0xd63f_0000 | target.zr() << 5);
    }

    /// `adr dst, label`: within 1 MiB
    pub fn adr(&mut self, dst: Gpr, label: Label) {
        let field = self.field(Field::Adr21, label);
        self.word(0x1000_0000 | field | dst.zr());
    }

    /// `adr dst, symbol`: within 1 MiB
    pub fn adr_symbol(&mut self, dst: Gpr, symbol: Symbol) {
        self.reloc(symbol, RelocKind::Adr21);
        self.word(0x1000_0000 | dst.zr());
    }

    /// `adrp dst, symbol`: its page
    pub fn adrp_symbol(&mut self, dst: Gpr, symbol: Symbol) {
        self.reloc(symbol, RelocKind::AdrpPage21);
        self.word(0x9000_0000 | dst.zr());
    }

    /// `add dst, base, #lo12(symbol)`: a symbol whose page is in `base`
    pub fn add_symbol_low(&mut self, dst: Gpr, base: Gpr, symbol: Symbol) {
        self.reloc(symbol, RelocKind::AddLo12);
        self.word(0x9100_0000 | base.sp() << 5 | dst.sp());
    }

    /// A hint
    pub fn hint(&mut self, hint: Hint) {
        self.word(hint as u32);
    }

    /// Marks a place that is called, or jumped to through a scratch register, if the processor looks.
    pub fn called(&mut self) {
        if self.features().bti {
            self.hint(Hint::BtiC);
        }
    }

    /// Marks a place that is jumped to through any register, if the processor looks.
    pub fn jumped_to(&mut self) {
        if self.features().bti {
            self.hint(Hint::BtiJ);
        }
    }

    /// Signs the return address, if that is asked for. The stack pointer must be what it is at the next `authenticate`.
    pub fn sign(&mut self) {
        if self.features().paca {
            self.hint(Hint::Paciasp);
        }
    }

    /// `called`, then `sign`, of which the latter is enough if there is one.
    pub fn called_and_signs(&mut self) {
        if self.features().paca {
            self.sign();
        } else {
            self.called();
        }
    }

    /// Checks the return address that was signed and takes the signature off.
    pub fn authenticate(&mut self) {
        if self.features().paca {
            self.hint(Hint::Autiasp);
        }
    }

    /// A barrier
    pub fn barrier(&mut self, barrier: Barrier) {
        self.word(barrier as u32);
    }

    /// `brk #imm`
    pub fn brk(&mut self, imm: u16) {
        self.word(0xd420_0000 | u32::from(imm) << 5);
        self.ends_here();
    }

    /// `udf #imm`
    pub fn udf(&mut self, imm: u16) {
        self.word(imm.into());
        self.ends_here();
    }

    fn compare_branch(&mut self, bits: u32, size: Size, src: Gpr, label: Label) {
        let bits = bits | sf(size) | src.zr();
        if self.too_far(label, 19) {
            self.word((bits ^ 1 << 24) | 2 << 5);
            return self.b_reached(label);
        }
        let field = self.field(Field::Branch19, label);
        self.word(bits | field);
    }

    fn test_branch(&mut self, bits: u32, src: Gpr, bit: u8, label: Label) {
        debug_assert!(bit < 64);
        let bits = bits | u32::from(bit >> 5) << 31 | u32::from(bit & 31) << 19 | src.zr();
        if self.too_far(label, 14) {
            self.word((bits ^ 1 << 24) | 2 << 5);
            return self.b_reached(label);
        }
        let field = self.field(Field::Branch14, label);
        self.word(bits | field);
    }

    /// The second instruction of a branch with a condition: what comes next is reached over it.
    fn b_reached(&mut self, label: Label) {
        let field = self.field(Field::Branch26, label);
        self.word(0x1400_0000 | field);
    }
}
