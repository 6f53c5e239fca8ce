//! The table of vector instructions.

use super::operand::vocabulary;

vocabulary! {
    /// Size and number of a vector's lanes; twice the logarithm of the lanes' bytes, plus one if all 128 bits are
    /// meant and not the lower 64.
    Arr {
        /// 8 of 8 bits.
        B8 = 0,
        /// 16 of 8 bits.
        B16 = 1,
        /// 4 of 16 bits.
        H4 = 2,
        /// 8 of 16 bits.
        H8 = 3,
        /// 2 of 32 bits.
        S2 = 4,
        /// 4 of 32 bits.
        S4 = 5,
        /// 1 of 64 bits.
        D1 = 6,
        /// 2 of 64 bits.
        D2 = 7,
    }
}

impl Arr {
    /// The logarithm of the bytes of a lane.
    pub const fn log2(self) -> u32 {
        self as u32 >> 1
    }

    /// Bits of a lane.
    pub const fn lane_bits(self) -> u32 {
        8 << self.log2()
    }

    /// Whether all 128 bits are meant.
    pub const fn full(self) -> bool {
        self as u32 & 1 != 0
    }

    /// Lanes of the same size in all 128 bits.
    pub const fn whole(self) -> Arr {
        Arr::ALL[self as usize | 1]
    }

    /// Lanes of twice the size in all 128 bits.
    pub const fn wider(self) -> Arr {
        Arr::ALL[((self.log2() + 1) << 1 | 1) as usize & 7]
    }

    /// The bit Q.
    pub(super) const fn q(self) -> u32 {
        (self as u32 & 1) << 30
    }
}

/// Which operands an instruction has; says which method of the assembler takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `op dst, a, b`, all alike. `vec3`
    Three,
    /// The same of floats. `vec3`
    ThreeFloat,
    /// The same of bits: lanes of 8 bits. `vec3`
    ThreeBits,
    /// `op dst, a, b` with `dst` twice as wide; the arrangement is that of `a` and `b`, and if it is one of 128 bits,
    /// their upper half is meant (`op2`). `vec3`
    ThreeLong,
    /// The same with `a` twice as wide, too. `vec3`
    ThreeWide,
    /// `op dst, a, b` with `dst` half as wide; the arrangement is that of `dst`, and if it is one of 128 bits, its upper half
    /// is written and the lower one kept (`op2`). `vec3`
    ThreeNarrow,
    /// Sums of products of four lanes of 8 bits, added to `dst`, whose arrangement it is. `vec3`
    Dot,
    /// `op dst, src`, both alike. `vec2`
    Two,
    /// The same of floats. `vec2`
    TwoFloat,
    /// Compares with zero. `vec2`
    Zero,
    /// Compares floats with zero. `vec2`
    ZeroFloat,
    /// `op dst, src` with pairs of lanes made one; the arrangement is that of `src`. `vec2`
    Pairs,
    /// `op dst, src` with `dst` half as wide; like `ThreeNarrow`. `vec2`
    Narrow,
    /// Floats to half their size; the arrangement is that of `dst`. `vec2`
    NarrowFloat,
    /// Floats to twice their size; the arrangement is that of `src`. `vec2`
    LongFloat,
    /// All lanes made one scalar of the same size. `vec2`
    Across,
    /// All lanes made one scalar of twice the size. `vec2`
    AcrossLong,
    /// All lanes of floats made one. `vec2`
    AcrossFloat,
    /// Shifts left by an immediate of 0 to the lanes' bits less one. `vec_shift`
    ShiftLeft,
    /// Shifts right by an immediate of 1 to the lanes' bits. `vec_shift`
    ShiftRight,
    /// Shifts left to twice the width; the arrangement is that of `src`, like `ThreeLong`. `vec_shift`
    ShiftLong,
    /// Shifts right to half the width; the arrangement is that of `dst`, like `ThreeNarrow`. `vec_shift`
    ShiftNarrow,
    /// `op dst, a, b[lane]`. `vec_lane`
    Lane,
    /// The same of floats. `vec_lane`
    LaneFloat,
    /// `op dst, a, b[lane]` with `dst` twice as wide, like `ThreeLong`. `vec_lane`
    LaneLong,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct VecInfo {
    pub(super) bits: u32,
    /// Which operands it has.
    pub form: Form,
    /// Which arrangements it has: bit n for the one with number n.
    pub arrs: u8,
}

/// Lanes of 8, 16, 32 bits, and all.
const BYTES: u8 = 0x03;
const SHORTS: u8 = 0x0c;
const WORDS: u8 = 0x30;
const D2: u8 = 0x80;
const BHS: u8 = BYTES | SHORTS | WORDS;
const ALL: u8 = BHS | D2;
const FLOATS: u8 = WORDS | D2;

macro_rules! vec_ops {
    ($($(#[$meta:meta])? $name:ident: $bits:literal $form:ident $arrs:expr;)+) => {
        /// A vector instruction by its name; `0` compares with zero, `Imm` has an immediate, `Lane` one lane of
        /// its last operand.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum VecOp {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name
            ),+
        }

        impl VecOp {
            /// All rows.
            pub const ALL: &'static [VecOp] = &[$(VecOp::$name),+];

            /// The row.
            #[inline]
            pub const fn info(self) -> &'static VecInfo {
                const ROWS: &[VecInfo] = &[$(VecInfo { bits: $bits, form: Form::$form, arrs: $arrs }),+];
                &ROWS[self as usize]
            }
        }
    };
}

vec_ops! {
    Add: 0x0e20_8400 Three ALL;
    Sub: 0x2e20_8400 Three ALL;
    Mul: 0x0e20_9c00 Three BHS;
    Mla: 0x0e20_9400 Three BHS;
    Mls: 0x2e20_9400 Three BHS;
    Addp: 0x0e20_bc00 Three ALL;
    Shadd: 0x0e20_0400 Three BHS;
    Uhadd: 0x2e20_0400 Three BHS;
    Srhadd: 0x0e20_1400 Three BHS;
    Urhadd: 0x2e20_1400 Three BHS;
    Sqadd: 0x0e20_0c00 Three ALL;
    Uqadd: 0x2e20_0c00 Three ALL;
    Sqsub: 0x0e20_2c00 Three ALL;
    Uqsub: 0x2e20_2c00 Three ALL;
    Cmgt: 0x0e20_3400 Three ALL;
    Cmge: 0x0e20_3c00 Three ALL;
    Cmhi: 0x2e20_3400 Three ALL;
    Cmhs: 0x2e20_3c00 Three ALL;
    Cmeq: 0x2e20_8c00 Three ALL;
    Cmtst: 0x0e20_8c00 Three ALL;
    Sshl: 0x0e20_4400 Three ALL;
    Ushl: 0x2e20_4400 Three ALL;
    Srshl: 0x0e20_5400 Three ALL;
    Urshl: 0x2e20_5400 Three ALL;
    Smax: 0x0e20_6400 Three BHS;
    Umax: 0x2e20_6400 Three BHS;
    Smin: 0x0e20_6c00 Three BHS;
    Umin: 0x2e20_6c00 Three BHS;
    Smaxp: 0x0e20_a400 Three BHS;
    Umaxp: 0x2e20_a400 Three BHS;
    Sminp: 0x0e20_ac00 Three BHS;
    Uminp: 0x2e20_ac00 Three BHS;
    Sabd: 0x0e20_7400 Three BHS;
    Uabd: 0x2e20_7400 Three BHS;
    Saba: 0x0e20_7c00 Three BHS;
    Uaba: 0x2e20_7c00 Three BHS;
    Sqdmulh: 0x0e20_b400 Three SHORTS | WORDS;
    Sqrdmulh: 0x2e20_b400 Three SHORTS | WORDS;
    Uzp1: 0x0e00_1800 Three ALL;
    Uzp2: 0x0e00_5800 Three ALL;
    Trn1: 0x0e00_2800 Three ALL;
    Trn2: 0x0e00_6800 Three ALL;
    Zip1: 0x0e00_3800 Three ALL;
    Zip2: 0x0e00_7800 Three ALL;

    And: 0x0e20_1c00 ThreeBits BYTES;
    Bic: 0x0e60_1c00 ThreeBits BYTES;
    Orr: 0x0ea0_1c00 ThreeBits BYTES;
    Orn: 0x0ee0_1c00 ThreeBits BYTES;
    Eor: 0x2e20_1c00 ThreeBits BYTES;
    Bsl: 0x2e60_1c00 ThreeBits BYTES;
    Bit: 0x2ea0_1c00 ThreeBits BYTES;
    Bif: 0x2ee0_1c00 ThreeBits BYTES;

    Fadd: 0x0e20_d400 ThreeFloat FLOATS;
    Fsub: 0x0ea0_d400 ThreeFloat FLOATS;
    Fmul: 0x2e20_dc00 ThreeFloat FLOATS;
    Fdiv: 0x2e20_fc00 ThreeFloat FLOATS;
    Fmla: 0x0e20_cc00 ThreeFloat FLOATS;
    Fmls: 0x0ea0_cc00 ThreeFloat FLOATS;
    Fmax: 0x0e20_f400 ThreeFloat FLOATS;
    Fmin: 0x0ea0_f400 ThreeFloat FLOATS;
    Fmaxnm: 0x0e20_c400 ThreeFloat FLOATS;
    Fminnm: 0x0ea0_c400 ThreeFloat FLOATS;
    Faddp: 0x2e20_d400 ThreeFloat FLOATS;
    Fmaxp: 0x2e20_f400 ThreeFloat FLOATS;
    Fminp: 0x2ea0_f400 ThreeFloat FLOATS;
    Fabd: 0x2ea0_d400 ThreeFloat FLOATS;
    Fcmeq: 0x0e20_e400 ThreeFloat FLOATS;
    Fcmge: 0x2e20_e400 ThreeFloat FLOATS;
    Fcmgt: 0x2ea0_e400 ThreeFloat FLOATS;

    Saddl: 0x0e20_0000 ThreeLong BHS;
    Uaddl: 0x2e20_0000 ThreeLong BHS;
    Ssubl: 0x0e20_2000 ThreeLong BHS;
    Usubl: 0x2e20_2000 ThreeLong BHS;
    Sabdl: 0x0e20_7000 ThreeLong BHS;
    Uabdl: 0x2e20_7000 ThreeLong BHS;
    Smull: 0x0e20_c000 ThreeLong BHS;
    Umull: 0x2e20_c000 ThreeLong BHS;
    Smlal: 0x0e20_8000 ThreeLong BHS;
    Umlal: 0x2e20_8000 ThreeLong BHS;
    Smlsl: 0x0e20_a000 ThreeLong BHS;
    Umlsl: 0x2e20_a000 ThreeLong BHS;
    Saddw: 0x0e20_1000 ThreeWide BHS;
    Uaddw: 0x2e20_1000 ThreeWide BHS;
    Ssubw: 0x0e20_3000 ThreeWide BHS;
    Usubw: 0x2e20_3000 ThreeWide BHS;
    Addhn: 0x0e20_4000 ThreeNarrow BHS;
    Subhn: 0x0e20_6000 ThreeNarrow BHS;

    Sdot: 0x0e80_9400 Dot WORDS;
    Udot: 0x2e80_9400 Dot WORDS;
    Usdot: 0x0e80_9c00 Dot WORDS;

    Abs: 0x0e20_b800 Two ALL;
    Neg: 0x2e20_b800 Two ALL;
    Not: 0x2e20_5800 Two BYTES;
    Rbit: 0x2e60_5800 Two BYTES;
    Cnt: 0x0e20_5800 Two BYTES;
    Cls: 0x0e20_4800 Two BHS;
    Clz: 0x2e20_4800 Two BHS;
    Rev16: 0x0e20_1800 Two BYTES;
    Rev32: 0x2e20_0800 Two BYTES | SHORTS;
    Rev64: 0x0e20_0800 Two BHS;
    Cmgt0: 0x0e20_8800 Zero ALL;
    Cmge0: 0x2e20_8800 Zero ALL;
    Cmeq0: 0x0e20_9800 Zero ALL;
    Cmle0: 0x2e20_9800 Zero ALL;
    Cmlt0: 0x0e20_a800 Zero ALL;
    Saddlp: 0x0e20_2800 Pairs BHS;
    Uaddlp: 0x2e20_2800 Pairs BHS;
    Sadalp: 0x0e20_6800 Pairs BHS;
    Uadalp: 0x2e20_6800 Pairs BHS;
    Xtn: 0x0e21_2800 Narrow BHS;
    Sqxtn: 0x0e21_4800 Narrow BHS;
    Uqxtn: 0x2e21_4800 Narrow BHS;
    Sqxtun: 0x2e21_2800 Narrow BHS;

    Fabs: 0x0ea0_f800 TwoFloat FLOATS;
    Fneg: 0x2ea0_f800 TwoFloat FLOATS;
    Fsqrt: 0x2ea1_f800 TwoFloat FLOATS;
    Frintn: 0x0e21_8800 TwoFloat FLOATS;
    Frintm: 0x0e21_9800 TwoFloat FLOATS;
    Frintp: 0x0ea1_8800 TwoFloat FLOATS;
    Frintz: 0x0ea1_9800 TwoFloat FLOATS;
    Frinta: 0x2e21_8800 TwoFloat FLOATS;
    Scvtf: 0x0e21_d800 TwoFloat FLOATS;
    Ucvtf: 0x2e21_d800 TwoFloat FLOATS;
    Fcvtns: 0x0e21_a800 TwoFloat FLOATS;
    Fcvtnu: 0x2e21_a800 TwoFloat FLOATS;
    Fcvtzs: 0x0ea1_b800 TwoFloat FLOATS;
    Fcvtzu: 0x2ea1_b800 TwoFloat FLOATS;
    Fcmgt0: 0x0ea0_c800 ZeroFloat FLOATS;
    Fcmge0: 0x2ea0_c800 ZeroFloat FLOATS;
    Fcmeq0: 0x0ea0_d800 ZeroFloat FLOATS;
    Fcmle0: 0x2ea0_d800 ZeroFloat FLOATS;
    Fcmlt0: 0x0ea0_e800 ZeroFloat FLOATS;
    Fcvtn: 0x0e21_6800 NarrowFloat SHORTS | WORDS;
    Fcvtl: 0x0e21_7800 LongFloat SHORTS | WORDS;

    Addv: 0x0e31_b800 Across BYTES | SHORTS | 0x20;
    Smaxv: 0x0e30_a800 Across BYTES | SHORTS | 0x20;
    Sminv: 0x0e31_a800 Across BYTES | SHORTS | 0x20;
    Umaxv: 0x2e30_a800 Across BYTES | SHORTS | 0x20;
    Uminv: 0x2e31_a800 Across BYTES | SHORTS | 0x20;
    Saddlv: 0x0e30_3800 AcrossLong BYTES | SHORTS | 0x20;
    Uaddlv: 0x2e30_3800 AcrossLong BYTES | SHORTS | 0x20;
    Fmaxv: 0x2e30_f800 AcrossFloat 0x20;
    Fminv: 0x2eb0_f800 AcrossFloat 0x20;

    ShlImm: 0x0f00_5400 ShiftLeft ALL;
    SliImm: 0x2f00_5400 ShiftLeft ALL;
    SshrImm: 0x0f00_0400 ShiftRight ALL;
    UshrImm: 0x2f00_0400 ShiftRight ALL;
    SsraImm: 0x0f00_1400 ShiftRight ALL;
    UsraImm: 0x2f00_1400 ShiftRight ALL;
    SrshrImm: 0x0f00_2400 ShiftRight ALL;
    UrshrImm: 0x2f00_2400 ShiftRight ALL;
    SriImm: 0x2f00_4400 ShiftRight ALL;
    SshllImm: 0x0f00_a400 ShiftLong BHS;
    UshllImm: 0x2f00_a400 ShiftLong BHS;
    ShrnImm: 0x0f00_8400 ShiftNarrow BHS;
    SqshrnImm: 0x0f00_9400 ShiftNarrow BHS;
    UqshrnImm: 0x2f00_9400 ShiftNarrow BHS;
    SqshrunImm: 0x2f00_8400 ShiftNarrow BHS;

    MulLane: 0x0f00_8000 Lane SHORTS | WORDS;
    MlaLane: 0x2f00_0000 Lane SHORTS | WORDS;
    MlsLane: 0x2f00_4000 Lane SHORTS | WORDS;
    SqdmulhLane: 0x0f00_c000 Lane SHORTS | WORDS;
    SqrdmulhLane: 0x0f00_d000 Lane SHORTS | WORDS;
    FmulLane: 0x0f80_9000 LaneFloat FLOATS;
    FmlaLane: 0x0f80_1000 LaneFloat FLOATS;
    FmlsLane: 0x0f80_5000 LaneFloat FLOATS;
    SmullLane: 0x0f00_a000 LaneLong SHORTS | WORDS;
    UmullLane: 0x2f00_a000 LaneLong SHORTS | WORDS;
    SmlalLane: 0x0f00_2000 LaneLong SHORTS | WORDS;
    UmlalLane: 0x2f00_2000 LaneLong SHORTS | WORDS;
}
