//! Vector instructions: the IR takes them as WebAssembly has them.

use super::Ty;
use brisk_module::for_each_numeric_op;

/// How a vector instruction uses the fields of its IR instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SimdShape {
    /// One operand, `a`: a vector, or the scalar of a splat.
    Unary,
    /// Two operands; the second is a vector, or the i32 count of a shift.
    Binary,
    /// Three vectors.
    Ternary,
    /// `a` is a vector, `b` the number of the lane.
    ExtractLane,
    /// `a` is a vector, `b` a scalar value, `c` the number of the lane.
    ReplaceLane,
    /// `a` and `b` are vectors, `c` is the index of the lanes in `Func::vectors`.
    Shuffle,
}

macro_rules! ty {
    (i32) => {
        Ty::I32
    };
    (i64) => {
        Ty::I64
    };
    (f32) => {
        Ty::F32
    };
    (f64) => {
        Ty::F64
    };
    (v128) => {
        Ty::V128
    };
}

macro_rules! params {
    ($a:tt, lane, $b:tt) => {
        &[ty!($a), ty!($b)]
    };
    ($a:tt, lane) => {
        &[ty!($a)]
    };
    ($a:tt, $b:tt, lanes) => {
        &[ty!($a), ty!($b)]
    };
    ($($a:tt),*) => {
        &[$(ty!($a)),*]
    };
}

macro_rules! define_simd {
    (
        unary { $($u:tt)* } unary_trap { $($ut:tt)* } binary { $($b:tt)* } binary_commutative { $($bc:tt)* }
        binary_trap { $($bt:tt)* } compare { $($c:tt)* } test { $($t:tt)* } wide { $($w:tt)* }
        v_unary { $($vu:ident $vuf:ident ($($vua:tt),*) -> $vur:ident;)* }
        v_binary { $($vb:ident $vbf:ident ($($vba:tt),*) -> $vbr:ident;)* }
        v_ternary { $($vt:ident $vtf:ident ($($vta:tt),*) -> $vtr:ident;)* }
        extract_lane { $($el:ident $elf:ident ($($ela:tt),*) -> $elr:ident;)* }
        replace_lane { $($rl:ident $rlf:ident ($($rla:tt),*) -> $rlr:ident;)* }
        shuffle { $($sh:ident $shf:ident ($($sha:tt),*) -> $shr:ident;)* }
    ) => {
        /// A vector instruction, by the name of its `wasmparser::Operator`.
        #[allow(missing_docs)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum SimdOp {
            $($vu,)* $($vb,)* $($vt,)* $($el,)* $($rl,)* $($sh,)*
        }

        impl SimdOp {
            /// All vector instructions; the index is the number in `aux`.
            pub const ALL: &'static [SimdOp] = &[
                $(SimdOp::$vu,)* $(SimdOp::$vb,)* $(SimdOp::$vt,)* $(SimdOp::$el,)* $(SimdOp::$rl,)*
                $(SimdOp::$sh,)*
            ];

            /// How it uses the fields of its instruction.
            pub fn shape(self) -> SimdShape {
                match self {
                    $(SimdOp::$vu => SimdShape::Unary,)*
                    $(SimdOp::$vb => SimdShape::Binary,)*
                    $(SimdOp::$vt => SimdShape::Ternary,)*
                    $(SimdOp::$el => SimdShape::ExtractLane,)*
                    $(SimdOp::$rl => SimdShape::ReplaceLane,)*
                    $(SimdOp::$sh => SimdShape::Shuffle,)*
                }
            }

            /// Types of its operands; immediates are left out.
            pub fn params(self) -> &'static [Ty] {
                match self {
                    $(SimdOp::$vu => params!($($vua),*),)*
                    $(SimdOp::$vb => params!($($vba),*),)*
                    $(SimdOp::$vt => params!($($vta),*),)*
                    $(SimdOp::$el => params!($($ela),*),)*
                    $(SimdOp::$rl => params!($($rla),*),)*
                    $(SimdOp::$sh => params!($($sha),*),)*
                }
            }

            /// Type of its result.
            pub fn result(self) -> Ty {
                match self {
                    $(SimdOp::$vu => ty!($vur),)*
                    $(SimdOp::$vb => ty!($vbr),)*
                    $(SimdOp::$vt => ty!($vtr),)*
                    $(SimdOp::$el => ty!($elr),)*
                    $(SimdOp::$rl => ty!($rlr),)*
                    $(SimdOp::$sh => ty!($shr),)*
                }
            }

            /// Its name: the function of `brisk_module::numeric`.
            pub fn name(self) -> &'static str {
                match self {
                    $(SimdOp::$vu => stringify!($vuf),)*
                    $(SimdOp::$vb => stringify!($vbf),)*
                    $(SimdOp::$vt => stringify!($vtf),)*
                    $(SimdOp::$el => stringify!($elf),)*
                    $(SimdOp::$rl => stringify!($rlf),)*
                    $(SimdOp::$sh => stringify!($shf),)*
                }
            }
        }
    };
}

for_each_numeric_op!(define_simd);

impl SimdOp {
    /// The instruction with a number, as it stands in `aux`.
    pub fn from_aux(aux: u16) -> SimdOp {
        SimdOp::ALL[usize::from(aux)]
    }

    /// Whether it tells whether any lane, or each, is not 0.
    pub fn tests_lanes(self) -> bool {
        matches!(
            self,
            SimdOp::V128AnyTrue
                | SimdOp::I8x16AllTrue
                | SimdOp::I16x8AllTrue
                | SimdOp::I32x4AllTrue
                | SimdOp::I64x2AllTrue
        )
    }
}
