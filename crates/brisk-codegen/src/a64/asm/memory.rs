//! Loads and stores. Of vector registers `Width` says how much.

use super::buffer::{Assembler, Field};
use super::operand::*;
use crate::code::RelocKind;

encodings! {
    /// Loads of integers: what is loaded, and what becomes of it. Size and `opc` of the instruction.
    LoadOp {
        /// 8 bits, zero-extended.
        Ldrb = 0x0040_0000,
        /// 8 bits, sign-extended to 32.
        LdrsbW = 0x00c0_0000,
        /// 8 bits, sign-extended to 64.
        LdrsbX = 0x0080_0000,
        /// 16 bits, zero-extended.
        Ldrh = 0x4040_0000,
        /// 16 bits, sign-extended to 32.
        LdrshW = 0x40c0_0000,
        /// 16 bits, sign-extended to 64.
        LdrshX = 0x4080_0000,
        /// 32 bits, zero-extended.
        LdrW = 0x8040_0000,
        /// 32 bits, sign-extended to 64.
        Ldrsw = 0x8080_0000,
        /// 64 bits.
        LdrX = 0xc040_0000,
    }
}

impl LoadOp {
    /// A load of a size, zero-extended.
    pub const fn zero(size: Size) -> LoadOp {
        match size {
            Size::B8 => LoadOp::Ldrb,
            Size::B16 => LoadOp::Ldrh,
            Size::B32 => LoadOp::LdrW,
            Size::B64 => LoadOp::LdrX,
        }
    }

    /// How much is read.
    pub const fn from(self) -> Size {
        Size::ALL[(self as u32 >> 30) as usize]
    }
}

vocabulary! {
    /// How the address of a pair is made, by its encoding.
    PairMode {
        /// `[base], #offset`: the offset is added to the base afterwards.
        Post = 1,
        /// `[base, #offset]`
        Offset = 2,
        /// `[base, #offset]!`: the offset is added to the base first.
        Pre = 3,
    }
}

/// The memory operand of a pair: an offset of -64 to 63 times the bytes of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// Base register, may be sp.
    pub base: Gpr,
    /// Offset in bytes.
    pub offset: i32,
    /// What becomes of the base.
    pub mode: PairMode,
}

impl Pair {
    /// `[base, #offset]`
    pub const fn base(base: Gpr, offset: i32) -> Pair {
        Pair { base, offset, mode: PairMode::Offset }
    }

    /// `[base, #offset]!`
    pub const fn pre(base: Gpr, offset: i32) -> Pair {
        Pair { base, offset, mode: PairMode::Pre }
    }

    /// `[base], #offset`
    pub const fn post(base: Gpr, offset: i32) -> Pair {
        Pair { base, offset, mode: PairMode::Post }
    }

    /// Whether a pair of registers of so many bytes can have the offset.
    pub const fn fits(offset: i64, bytes: u32) -> bool {
        let bytes = bytes as i64;
        offset % bytes == 0 && -64 <= offset / bytes && offset / bytes < 64
    }
}

/// Integer registers.
const INT: u32 = 0x3800_0000;
/// Vector registers.
const VECTOR: u32 = 0x3c00_0000;

impl Assembler {
    /// `op dst, [mem]`
    #[inline]
    pub fn load(&mut self, op: LoadOp, dst: Gpr, mem: Mem) {
        let rt = dst.zr();
        if let Mem::Label(label) = mem {
            let bits = match op {
                LoadOp::LdrW => 0x1800_0000,
                LoadOp::LdrX => 0x5800_0000,
                LoadOp::Ldrsw => 0x9800_0000,
                _ => {
                    debug_assert!(false, "{op:?} has no literal");
                    return;
                }
            };
            return self.literal(bits, rt, label);
        }
        self.access(INT | op as u32, op as u32 >> 30, rt, mem);
    }

    /// `str`, `strh`, `strb src, [mem]`; 32 bits for `str` of a w register
    #[inline]
    pub fn store(&mut self, size: Size, mem: Mem, src: Gpr) {
        self.access(INT | (size as u32) << 30, size as u32, src.zr(), mem);
    }

    /// `ldr dst, [mem]`; what is above in the register becomes zero
    #[inline]
    pub fn vec_load(&mut self, width: Width, dst: Fpr, mem: Mem) {
        let rt = dst.n();
        if let Mem::Label(label) = mem {
            debug_assert!(width as u32 >= 2, "{width:?} has no literal");
            return self.literal(0x1c00_0000 | (width as u32).saturating_sub(2) << 30, rt, label);
        }
        self.access(vector(width) | 0x0040_0000, width as u32, rt, mem);
    }

    /// `str src, [mem]`
    #[inline]
    pub fn vec_store(&mut self, width: Width, mem: Mem, src: Fpr) {
        self.access(vector(width), width as u32, src.n(), mem);
    }

    /// `ldp a, b, [mem]` of 32 or 64 bits each, not the same register
    pub fn ldp(&mut self, size: Size, a: Gpr, b: Gpr, mem: Pair) {
        debug_assert!(a != b);
        self.pair(0x2840_0000 | sf(size), size.bytes(), a.zr(), b.zr(), mem);
    }

    /// `stp a, b, [mem]` of 32 or 64 bits each
    pub fn stp(&mut self, size: Size, mem: Pair, a: Gpr, b: Gpr) {
        self.pair(0x2800_0000 | sf(size), size.bytes(), a.zr(), b.zr(), mem);
    }

    /// `ldp a, b, [mem]` of 32, 64 or 128 bits each, not the same register
    pub fn vec_ldp(&mut self, width: Width, a: Fpr, b: Fpr, mem: Pair) {
        debug_assert!(a != b && width as u32 >= 2);
        self.pair(0x2c40_0000 | (width as u32 - 2) << 30, width.bytes(), a.n(), b.n(), mem);
    }

    /// `stp a, b, [mem]` of 32, 64 or 128 bits each
    pub fn vec_stp(&mut self, width: Width, mem: Pair, a: Fpr, b: Fpr) {
        debug_assert!(width as u32 >= 2);
        self.pair(0x2c00_0000 | (width as u32 - 2) << 30, width.bytes(), a.n(), b.n(), mem);
    }

    /// `ldr dst, [base, #lo12(symbol)]`, 64 bits: what is at a symbol whose page is in `base`
    pub fn load_symbol_low(&mut self, dst: Gpr, base: Gpr, symbol: Symbol) {
        self.reloc(symbol, RelocKind::Load64Lo12);
        self.word(0xf940_0000 | base.sp() << 5 | dst.zr());
    }

    /// A load or store of `1 << log2` bytes.
    #[inline]
    fn access(&mut self, bits: u32, log2: u32, rt: u32, mem: Mem) {
        let rest = match mem {
            Mem::Offset { base, offset } => {
                debug_assert!(
                    Mem::fits(offset.into(), 1 << log2),
                    "no offset for {} bytes: {offset}",
                    1 << log2
                );
                let scaled = (offset as u32) >> log2;
                if offset >= 0 && scaled << log2 == offset as u32 {
                    0x0100_0000 | (scaled & 0xfff) << 10 | base.sp() << 5
                } else {
                    imm9(offset) | base.sp() << 5
                }
            }
            Mem::Index { base, index, extend, scaled } => {
                debug_assert!(extend as u32 & 2 != 0, "{extend:?} is for no address");
                let scaled = u32::from(scaled) << 12;
                0x0020_0800 | index.zr() << 16 | (extend as u32) << 13 | scaled | base.sp() << 5
            }
            Mem::Pre { base, offset } => 0xc00 | imm9(offset) | base.sp() << 5,
            Mem::Post { base, offset } => 0x400 | imm9(offset) | base.sp() << 5,
            Mem::Label(_) => {
                debug_assert!(false, "nothing is stored to a label");
                return;
            }
        };
        self.word(bits | rest | rt);
    }

    fn literal(&mut self, bits: u32, rt: u32, label: Label) {
        let field = self.field(Field::Literal19, label);
        self.word(bits | field | rt);
    }

    fn pair(&mut self, bits: u32, bytes: u32, a: u32, b: u32, mem: Pair) {
        debug_assert!(Pair::fits(mem.offset.into(), bytes), "no offset for a pair: {}", mem.offset);
        let offset = (mem.offset / bytes as i32) as u32 & 0x7f;
        let bits = bits | (mem.mode as u32) << 23 | offset << 15;
        self.word(bits | b << 10 | mem.base.sp() << 5 | a);
    }
}

fn imm9(offset: i32) -> u32 {
    debug_assert!((-256..256).contains(&offset), "no offset of 9 bits: {offset}");
    (offset as u32 & 0x1ff) << 12
}

/// A store of a vector register.
fn vector(width: Width) -> u32 {
    match width {
        Width::Q => VECTOR | 0x0080_0000,
        _ => VECTOR | (width as u32) << 30,
    }
}
