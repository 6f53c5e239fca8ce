//! The table of vector instructions.

use super::buffer::Map;

/// Which operands an instruction has; says which method of the assembler takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// `op dst, a, src`; in legacy form `dst` is `a`. [`Assembler::vec_rrr`](super::Assembler::vec_rrr)
    Rrr,
    /// The same with an immediate. `vec_rrr_imm`
    RrrImm,
    /// `Rrr` without a memory form.
    RrrReg,
    /// `Rrr` without a register form.
    RrrMem,
    /// `op dst, src`. `vec_rr`
    Rr,
    /// The same with an immediate. `vec_rr_imm`
    RrImm,
    /// One lane of `op src`, the others from a third register, in legacy form `dst`. `vec_rr` chooses
    /// the third register, `vec_rrr` is given it.
    Scalar,
    /// The same with an immediate. `vec_rr_imm` and `vec_rrr_imm`
    ScalarImm,
    /// `op dst, [mem]`. `vec_rr` (and `vec_load`)
    Load,
    /// `op [mem], src`. `vec_store`
    Store,
    /// `op dst, a, count` with an immediate count and this number in ModRM. `vec_shift_imm`
    ShiftImm(u8),
    /// `op dst, a, src, mask`; in legacy form `dst` is `a` and the mask is xmm0. The legacy opcode is
    /// in the table, the opcode of VEX is given here. `vec_blendv`
    Blendv(u8),
    /// From a general-purpose register: `op dst, a, src`, the size from the caller. `vec_from_int`
    FromInt,
    /// To a general-purpose register: `op dst, src`, the size from the caller. `vec_to_int`
    ToInt,
    /// `op dst, a, src, lane`, `src` a general-purpose register or memory. `vec_insert`
    Insert,
    /// `op dst, src, lane`, `dst` a general-purpose register or memory. `vec_extract`
    Extract,
    /// `op dst, src`: bits into a general-purpose register. `vec_mask`
    Mask,
    /// `Rrr` that also reads `dst`; VEX only. `vec_rrr`
    Fma,
}

/// The extension that an instruction belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// SSE or SSE2: always there.
    Sse2,
    /// SSSE3.
    Ssse3,
    /// SSE4.1.
    Sse41,
    /// SSE4.2.
    Sse42,
    /// AVX, with no legacy form.
    Avx,
    /// AVX2, with no legacy form.
    Avx2,
    /// FMA3, with no legacy form.
    Fma,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct VecInfo {
    pub(super) prefix: u8,
    pub(super) map: Map,
    pub(super) opcode: u8,
    /// The bit W: part of the opcode.
    pub(super) wide: bool,
    /// Which operands it has.
    pub form: Form,
    /// Bytes of its memory operand; 0 if it has none, or if the caller's size says it. The legacy form
    /// of 16 bytes wants memory aligned, but for the moves whose name has a `u` in it.
    pub memory: u8,
    /// What the processor must have.
    pub level: Level,
}

macro_rules! prefix {
    (NP) => {
        0
    };
    (P66) => {
        0x66
    };
    (PF3) => {
        0xf3
    };
    (PF2) => {
        0xf2
    };
}

macro_rules! wide {
    () => {
        false
    };
    (W1) => {
        true
    };
}

macro_rules! vec_ops {
    ($($name:ident: $prefix:ident $map:ident $opcode:literal $($wide:ident)?, $form:ident $(($number:literal))?, $memory:literal, $level:ident;)+) => {
        /// A vector instruction: its legacy name (VEX puts a `v` before it), or the name of the VEX form
        /// without the `v` if there is no other.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[repr(u8)]
        pub enum VecOp {
            $(
                #[doc = concat!("`", stringify!($name), "`")]
                $name
            ),+
        }

        impl VecOp {
            /// All members, in the order of the table.
            pub const ALL: &'static [VecOp] = &[$(VecOp::$name),+];
        }

        static TABLE: [VecInfo; VecOp::ALL.len()] = [
            $(VecInfo {
                prefix: prefix!($prefix),
                map: Map::$map,
                opcode: $opcode,
                wide: wide!($($wide)?),
                form: Form::$form $(($number))?,
                memory: $memory,
                level: Level::$level,
            }),+
        ];
    };
}

vec_ops! {
    // Moves. Between registers `Movaps`; `Movss` and `Movsd` of registers merge.
    Movaps: NP M0F 0x28, Rr, 16, Sse2;
    Movups: NP M0F 0x10, Rr, 16, Sse2;
    Movdqa: P66 M0F 0x6f, Rr, 16, Sse2;
    Movdqu: PF3 M0F 0x6f, Rr, 16, Sse2;
    Movq: PF3 M0F 0x7e, Rr, 8, Sse2;
    LoadMovd: P66 M0F 0x6e, Load, 4, Sse2;
    LoadMovss: PF3 M0F 0x10, Load, 4, Sse2;
    LoadMovsd: PF2 M0F 0x10, Load, 8, Sse2;
    Movss: PF3 M0F 0x10, RrrReg, 0, Sse2;
    Movsd: PF2 M0F 0x10, RrrReg, 0, Sse2;
    Movhlps: NP M0F 0x12, RrrReg, 0, Sse2;
    Movlhps: NP M0F 0x16, RrrReg, 0, Sse2;
    Movlps: NP M0F 0x12, RrrMem, 8, Sse2;
    Movhps: NP M0F 0x16, RrrMem, 8, Sse2;
    StoreMovss: PF3 M0F 0x11, Store, 4, Sse2;
    StoreMovsd: PF2 M0F 0x11, Store, 8, Sse2;
    StoreMovaps: NP M0F 0x29, Store, 16, Sse2;
    StoreMovups: NP M0F 0x11, Store, 16, Sse2;
    StoreMovdqu: PF3 M0F 0x7f, Store, 16, Sse2;
    StoreMovd: P66 M0F 0x7e, Store, 4, Sse2;
    StoreMovq: P66 M0F 0xd6, Store, 8, Sse2;
    StoreMovlps: NP M0F 0x13, Store, 8, Sse2;
    StoreMovhps: NP M0F 0x17, Store, 8, Sse2;
    Movddup: PF2 M0F 0x12, Rr, 8, Ssse3;
    Movshdup: PF3 M0F 0x16, Rr, 16, Ssse3;
    Movsldup: PF3 M0F 0x12, Rr, 16, Ssse3;
    Broadcastss: P66 M38 0x18, Load, 4, Avx;
    Pbroadcastb: P66 M38 0x78, Rr, 1, Avx2;
    Pbroadcastw: P66 M38 0x79, Rr, 2, Avx2;
    Pbroadcastd: P66 M38 0x58, Rr, 4, Avx2;
    Pbroadcastq: P66 M38 0x59, Rr, 8, Avx2;

    // Between the register classes.
    MovFromInt: P66 M0F 0x6e, FromInt, 0, Sse2;
    MovToInt: P66 M0F 0x7e, ToInt, 0, Sse2;
    Cvtsi2ss: PF3 M0F 0x2a, FromInt, 0, Sse2;
    Cvtsi2sd: PF2 M0F 0x2a, FromInt, 0, Sse2;
    Cvttss2si: PF3 M0F 0x2c, ToInt, 4, Sse2;
    Cvttsd2si: PF2 M0F 0x2c, ToInt, 8, Sse2;
    Pinsrb: P66 M3A 0x20, Insert, 1, Sse41;
    Pinsrw: P66 M0F 0xc4, Insert, 2, Sse2;
    Pinsrd: P66 M3A 0x22, Insert, 4, Sse41;
    Pinsrq: P66 M3A 0x22 W1, Insert, 8, Sse41;
    Pextrb: P66 M3A 0x14, Extract, 1, Sse41;
    Pextrw: P66 M3A 0x15, Extract, 2, Sse41;
    Pextrd: P66 M3A 0x16, Extract, 4, Sse41;
    Pextrq: P66 M3A 0x16 W1, Extract, 8, Sse41;
    Extractps: P66 M3A 0x17, Extract, 4, Sse41;
    Pmovmskb: P66 M0F 0xd7, Mask, 0, Sse2;
    Movmskps: NP M0F 0x50, Mask, 0, Sse2;
    Movmskpd: P66 M0F 0x50, Mask, 0, Sse2;

    // Float arithmetic.
    Addss: PF3 M0F 0x58, Rrr, 4, Sse2;
    Addsd: PF2 M0F 0x58, Rrr, 8, Sse2;
    Addps: NP M0F 0x58, Rrr, 16, Sse2;
    Addpd: P66 M0F 0x58, Rrr, 16, Sse2;
    Subss: PF3 M0F 0x5c, Rrr, 4, Sse2;
    Subsd: PF2 M0F 0x5c, Rrr, 8, Sse2;
    Subps: NP M0F 0x5c, Rrr, 16, Sse2;
    Subpd: P66 M0F 0x5c, Rrr, 16, Sse2;
    Mulss: PF3 M0F 0x59, Rrr, 4, Sse2;
    Mulsd: PF2 M0F 0x59, Rrr, 8, Sse2;
    Mulps: NP M0F 0x59, Rrr, 16, Sse2;
    Mulpd: P66 M0F 0x59, Rrr, 16, Sse2;
    Divss: PF3 M0F 0x5e, Rrr, 4, Sse2;
    Divsd: PF2 M0F 0x5e, Rrr, 8, Sse2;
    Divps: NP M0F 0x5e, Rrr, 16, Sse2;
    Divpd: P66 M0F 0x5e, Rrr, 16, Sse2;
    Minss: PF3 M0F 0x5d, Rrr, 4, Sse2;
    Minsd: PF2 M0F 0x5d, Rrr, 8, Sse2;
    Minps: NP M0F 0x5d, Rrr, 16, Sse2;
    Minpd: P66 M0F 0x5d, Rrr, 16, Sse2;
    Maxss: PF3 M0F 0x5f, Rrr, 4, Sse2;
    Maxsd: PF2 M0F 0x5f, Rrr, 8, Sse2;
    Maxps: NP M0F 0x5f, Rrr, 16, Sse2;
    Maxpd: P66 M0F 0x5f, Rrr, 16, Sse2;
    Sqrtss: PF3 M0F 0x51, Scalar, 4, Sse2;
    Sqrtsd: PF2 M0F 0x51, Scalar, 8, Sse2;
    Sqrtps: NP M0F 0x51, Rr, 16, Sse2;
    Sqrtpd: P66 M0F 0x51, Rr, 16, Sse2;
    Roundss: P66 M3A 0x0a, ScalarImm, 4, Sse41;
    Roundsd: P66 M3A 0x0b, ScalarImm, 8, Sse41;
    Roundps: P66 M3A 0x08, RrImm, 16, Sse41;
    Roundpd: P66 M3A 0x09, RrImm, 16, Sse41;
    Fmadd213ss: P66 M38 0xa9, Fma, 4, Fma;
    Fmadd213sd: P66 M38 0xa9 W1, Fma, 8, Fma;
    Fmadd213ps: P66 M38 0xa8, Fma, 16, Fma;
    Fmadd213pd: P66 M38 0xa8 W1, Fma, 16, Fma;
    Fmadd231ss: P66 M38 0xb9, Fma, 4, Fma;
    Fmadd231sd: P66 M38 0xb9 W1, Fma, 8, Fma;
    Fmadd231ps: P66 M38 0xb8, Fma, 16, Fma;
    Fmadd231pd: P66 M38 0xb8 W1, Fma, 16, Fma;
    Fnmadd213ss: P66 M38 0xad, Fma, 4, Fma;
    Fnmadd213sd: P66 M38 0xad W1, Fma, 8, Fma;
    Fnmadd213ps: P66 M38 0xac, Fma, 16, Fma;
    Fnmadd213pd: P66 M38 0xac W1, Fma, 16, Fma;
    Fnmadd231ss: P66 M38 0xbd, Fma, 4, Fma;
    Fnmadd231sd: P66 M38 0xbd W1, Fma, 8, Fma;
    Fnmadd231ps: P66 M38 0xbc, Fma, 16, Fma;
    Fnmadd231pd: P66 M38 0xbc W1, Fma, 16, Fma;

    // Float comparison.
    Ucomiss: NP M0F 0x2e, Rr, 4, Sse2;
    Ucomisd: P66 M0F 0x2e, Rr, 8, Sse2;
    Cmpss: PF3 M0F 0xc2, RrrImm, 4, Sse2;
    Cmpsd: PF2 M0F 0xc2, RrrImm, 8, Sse2;
    Cmpps: NP M0F 0xc2, RrrImm, 16, Sse2;
    Cmppd: P66 M0F 0xc2, RrrImm, 16, Sse2;

    // Conversion.
    Cvtss2sd: PF3 M0F 0x5a, Scalar, 4, Sse2;
    Cvtsd2ss: PF2 M0F 0x5a, Scalar, 8, Sse2;
    Cvtps2pd: NP M0F 0x5a, Rr, 8, Sse2;
    Cvtpd2ps: P66 M0F 0x5a, Rr, 16, Sse2;
    Cvtdq2ps: NP M0F 0x5b, Rr, 16, Sse2;
    Cvtps2dq: P66 M0F 0x5b, Rr, 16, Sse2;
    Cvttps2dq: PF3 M0F 0x5b, Rr, 16, Sse2;
    Cvtdq2pd: PF3 M0F 0xe6, Rr, 8, Sse2;
    Cvttpd2dq: P66 M0F 0xe6, Rr, 16, Sse2;

    // Bits.
    Andps: NP M0F 0x54, Rrr, 16, Sse2;
    Andnps: NP M0F 0x55, Rrr, 16, Sse2;
    Orps: NP M0F 0x56, Rrr, 16, Sse2;
    Xorps: NP M0F 0x57, Rrr, 16, Sse2;
    Andpd: P66 M0F 0x54, Rrr, 16, Sse2;
    Andnpd: P66 M0F 0x55, Rrr, 16, Sse2;
    Orpd: P66 M0F 0x56, Rrr, 16, Sse2;
    Xorpd: P66 M0F 0x57, Rrr, 16, Sse2;
    Pand: P66 M0F 0xdb, Rrr, 16, Sse2;
    Pandn: P66 M0F 0xdf, Rrr, 16, Sse2;
    Por: P66 M0F 0xeb, Rrr, 16, Sse2;
    Pxor: P66 M0F 0xef, Rrr, 16, Sse2;
    Ptest: P66 M38 0x17, Rr, 16, Sse41;

    // Selection.
    Pblendvb: P66 M38 0x10, Blendv(0x4c), 16, Sse41;
    Blendvps: P66 M38 0x14, Blendv(0x4a), 16, Sse41;
    Blendvpd: P66 M38 0x15, Blendv(0x4b), 16, Sse41;
    Pblendw: P66 M3A 0x0e, RrrImm, 16, Sse41;
    Blendps: P66 M3A 0x0c, RrrImm, 16, Sse41;
    Blendpd: P66 M3A 0x0d, RrrImm, 16, Sse41;
    Insertps: P66 M3A 0x21, RrrImm, 4, Sse41;

    // Integer arithmetic.
    Paddb: P66 M0F 0xfc, Rrr, 16, Sse2;
    Paddw: P66 M0F 0xfd, Rrr, 16, Sse2;
    Paddd: P66 M0F 0xfe, Rrr, 16, Sse2;
    Paddq: P66 M0F 0xd4, Rrr, 16, Sse2;
    Psubb: P66 M0F 0xf8, Rrr, 16, Sse2;
    Psubw: P66 M0F 0xf9, Rrr, 16, Sse2;
    Psubd: P66 M0F 0xfa, Rrr, 16, Sse2;
    Psubq: P66 M0F 0xfb, Rrr, 16, Sse2;
    Paddsb: P66 M0F 0xec, Rrr, 16, Sse2;
    Paddsw: P66 M0F 0xed, Rrr, 16, Sse2;
    Psubsb: P66 M0F 0xe8, Rrr, 16, Sse2;
    Psubsw: P66 M0F 0xe9, Rrr, 16, Sse2;
    Paddusb: P66 M0F 0xdc, Rrr, 16, Sse2;
    Paddusw: P66 M0F 0xdd, Rrr, 16, Sse2;
    Psubusb: P66 M0F 0xd8, Rrr, 16, Sse2;
    Psubusw: P66 M0F 0xd9, Rrr, 16, Sse2;
    Pmullw: P66 M0F 0xd5, Rrr, 16, Sse2;
    Pmulhw: P66 M0F 0xe5, Rrr, 16, Sse2;
    Pmulhuw: P66 M0F 0xe4, Rrr, 16, Sse2;
    Pmulhrsw: P66 M38 0x0b, Rrr, 16, Ssse3;
    Pmulld: P66 M38 0x40, Rrr, 16, Sse41;
    Pmuludq: P66 M0F 0xf4, Rrr, 16, Sse2;
    Pmuldq: P66 M38 0x28, Rrr, 16, Sse41;
    Pmaddwd: P66 M0F 0xf5, Rrr, 16, Sse2;
    Pmaddubsw: P66 M38 0x04, Rrr, 16, Ssse3;
    Psadbw: P66 M0F 0xf6, Rrr, 16, Sse2;
    Pavgb: P66 M0F 0xe0, Rrr, 16, Sse2;
    Pavgw: P66 M0F 0xe3, Rrr, 16, Sse2;
    Pminub: P66 M0F 0xda, Rrr, 16, Sse2;
    Pminuw: P66 M38 0x3a, Rrr, 16, Sse41;
    Pminud: P66 M38 0x3b, Rrr, 16, Sse41;
    Pminsb: P66 M38 0x38, Rrr, 16, Sse41;
    Pminsw: P66 M0F 0xea, Rrr, 16, Sse2;
    Pminsd: P66 M38 0x39, Rrr, 16, Sse41;
    Pmaxub: P66 M0F 0xde, Rrr, 16, Sse2;
    Pmaxuw: P66 M38 0x3e, Rrr, 16, Sse41;
    Pmaxud: P66 M38 0x3f, Rrr, 16, Sse41;
    Pmaxsb: P66 M38 0x3c, Rrr, 16, Sse41;
    Pmaxsw: P66 M0F 0xee, Rrr, 16, Sse2;
    Pmaxsd: P66 M38 0x3d, Rrr, 16, Sse41;
    Pabsb: P66 M38 0x1c, Rr, 16, Ssse3;
    Pabsw: P66 M38 0x1d, Rr, 16, Ssse3;
    Pabsd: P66 M38 0x1e, Rr, 16, Ssse3;
    Psignb: P66 M38 0x08, Rrr, 16, Ssse3;
    Psignw: P66 M38 0x09, Rrr, 16, Ssse3;
    Psignd: P66 M38 0x0a, Rrr, 16, Ssse3;

    // Integer comparison.
    Pcmpeqb: P66 M0F 0x74, Rrr, 16, Sse2;
    Pcmpeqw: P66 M0F 0x75, Rrr, 16, Sse2;
    Pcmpeqd: P66 M0F 0x76, Rrr, 16, Sse2;
    Pcmpeqq: P66 M38 0x29, Rrr, 16, Sse41;
    Pcmpgtb: P66 M0F 0x64, Rrr, 16, Sse2;
    Pcmpgtw: P66 M0F 0x65, Rrr, 16, Sse2;
    Pcmpgtd: P66 M0F 0x66, Rrr, 16, Sse2;
    Pcmpgtq: P66 M38 0x37, Rrr, 16, Sse42;

    // Shifts. By a register (its low 64 bits), then by an immediate.
    Psllw: P66 M0F 0xf1, Rrr, 16, Sse2;
    Pslld: P66 M0F 0xf2, Rrr, 16, Sse2;
    Psllq: P66 M0F 0xf3, Rrr, 16, Sse2;
    Psrlw: P66 M0F 0xd1, Rrr, 16, Sse2;
    Psrld: P66 M0F 0xd2, Rrr, 16, Sse2;
    Psrlq: P66 M0F 0xd3, Rrr, 16, Sse2;
    Psraw: P66 M0F 0xe1, Rrr, 16, Sse2;
    Psrad: P66 M0F 0xe2, Rrr, 16, Sse2;
    PsllwImm: P66 M0F 0x71, ShiftImm(6), 0, Sse2;
    PslldImm: P66 M0F 0x72, ShiftImm(6), 0, Sse2;
    PsllqImm: P66 M0F 0x73, ShiftImm(6), 0, Sse2;
    PsrlwImm: P66 M0F 0x71, ShiftImm(2), 0, Sse2;
    PsrldImm: P66 M0F 0x72, ShiftImm(2), 0, Sse2;
    PsrlqImm: P66 M0F 0x73, ShiftImm(2), 0, Sse2;
    PsrawImm: P66 M0F 0x71, ShiftImm(4), 0, Sse2;
    PsradImm: P66 M0F 0x72, ShiftImm(4), 0, Sse2;
    PslldqImm: P66 M0F 0x73, ShiftImm(7), 0, Sse2;
    PsrldqImm: P66 M0F 0x73, ShiftImm(3), 0, Sse2;

    // Shuffles.
    Pshufb: P66 M38 0x00, Rrr, 16, Ssse3;
    Pshufd: P66 M0F 0x70, RrImm, 16, Sse2;
    Pshuflw: PF2 M0F 0x70, RrImm, 16, Sse2;
    Pshufhw: PF3 M0F 0x70, RrImm, 16, Sse2;
    Shufps: NP M0F 0xc6, RrrImm, 16, Sse2;
    Shufpd: P66 M0F 0xc6, RrrImm, 16, Sse2;
    Palignr: P66 M3A 0x0f, RrrImm, 16, Ssse3;
    Unpcklps: NP M0F 0x14, Rrr, 16, Sse2;
    Unpckhps: NP M0F 0x15, Rrr, 16, Sse2;
    Unpcklpd: P66 M0F 0x14, Rrr, 16, Sse2;
    Unpckhpd: P66 M0F 0x15, Rrr, 16, Sse2;
    Punpcklbw: P66 M0F 0x60, Rrr, 16, Sse2;
    Punpcklwd: P66 M0F 0x61, Rrr, 16, Sse2;
    Punpckldq: P66 M0F 0x62, Rrr, 16, Sse2;
    Punpcklqdq: P66 M0F 0x6c, Rrr, 16, Sse2;
    Punpckhbw: P66 M0F 0x68, Rrr, 16, Sse2;
    Punpckhwd: P66 M0F 0x69, Rrr, 16, Sse2;
    Punpckhdq: P66 M0F 0x6a, Rrr, 16, Sse2;
    Punpckhqdq: P66 M0F 0x6d, Rrr, 16, Sse2;

    // Widening and narrowing.
    Packsswb: P66 M0F 0x63, Rrr, 16, Sse2;
    Packssdw: P66 M0F 0x6b, Rrr, 16, Sse2;
    Packuswb: P66 M0F 0x67, Rrr, 16, Sse2;
    Packusdw: P66 M38 0x2b, Rrr, 16, Sse41;
    Pmovsxbw: P66 M38 0x20, Rr, 8, Sse41;
    Pmovsxbd: P66 M38 0x21, Rr, 4, Sse41;
    Pmovsxbq: P66 M38 0x22, Rr, 2, Sse41;
    Pmovsxwd: P66 M38 0x23, Rr, 8, Sse41;
    Pmovsxwq: P66 M38 0x24, Rr, 4, Sse41;
    Pmovsxdq: P66 M38 0x25, Rr, 8, Sse41;
    Pmovzxbw: P66 M38 0x30, Rr, 8, Sse41;
    Pmovzxbd: P66 M38 0x31, Rr, 4, Sse41;
    Pmovzxbq: P66 M38 0x32, Rr, 2, Sse41;
    Pmovzxwd: P66 M38 0x33, Rr, 8, Sse41;
    Pmovzxwq: P66 M38 0x34, Rr, 4, Sse41;
    Pmovzxdq: P66 M38 0x35, Rr, 8, Sse41;
}

impl VecOp {
    /// The row of the table.
    #[inline]
    pub fn info(self) -> &'static VecInfo {
        &TABLE[self as usize]
    }
}
