//! The table of instructions, each with its meaning and its place in the IR.

use crate::cases::{Case, Use};
use crate::make::{Maker, access_width};
use brisk_codegen::ir::{FloatCond, IntCond, Op, SimdOp, SimdShape, Ty, Value, Width};
use brisk_module::numeric::{self, NumericTrap, V128};

/// Scalar or vector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    Scalar,
    Vector,
}

/// An instruction.
pub struct Row {
    pub name: &'static str,
    pub section: Section,
    /// Types of its operands.
    pub params: &'static [Ty],
    pub results: &'static [Ty],
    /// Results for operands and an immediate.
    pub eval: fn(&[u128], u128) -> Outcome,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Scalar(Scalar),
    Vector(SimdOp),
    /// What the deterministic mode adds: NaNs become canonical, in a type and its lanes.
    Canonical(Ty, u16),
}

/// Operands and results as bits.
trait Bits: Sized {
    fn of(args: &mut Args<'_>) -> Self;
}

/// What is left of the operands, and the immediate.
struct Args<'a>(std::slice::Iter<'a, u128>, u128);

impl Args<'_> {
    fn next(&mut self) -> u128 {
        *self.0.next().expect("an operand")
    }
}

impl Bits for u32 {
    fn of(args: &mut Args<'_>) -> u32 {
        args.next() as u32
    }
}

impl Bits for u64 {
    fn of(args: &mut Args<'_>) -> u64 {
        args.next() as u64
    }
}

impl Bits for f32 {
    fn of(args: &mut Args<'_>) -> f32 {
        f32::from_bits(args.next() as u32)
    }
}

impl Bits for f64 {
    fn of(args: &mut Args<'_>) -> f64 {
        f64::from_bits(args.next() as u64)
    }
}

impl Bits for V128 {
    fn of(args: &mut Args<'_>) -> V128 {
        args.next().into()
    }
}

impl Bits for u8 {
    fn of(args: &mut Args<'_>) -> u8 {
        args.1 as u8
    }
}

impl Bits for [u8; 16] {
    fn of(args: &mut Args<'_>) -> [u8; 16] {
        args.1.to_le_bytes()
    }
}

/// Results, or why there are none.
pub type Outcome = Result<Vec<u128>, NumericTrap>;

/// What a function returns.
trait Returned {
    fn bits(self) -> Outcome;
}

impl Returned for u32 {
    fn bits(self) -> Outcome {
        Ok(vec![self.into()])
    }
}

impl Returned for u64 {
    fn bits(self) -> Outcome {
        Ok(vec![self.into()])
    }
}

impl Returned for f32 {
    fn bits(self) -> Outcome {
        Ok(vec![self.to_bits().into()])
    }
}

impl Returned for f64 {
    fn bits(self) -> Outcome {
        Ok(vec![self.to_bits().into()])
    }
}

impl Returned for V128 {
    fn bits(self) -> Outcome {
        Ok(vec![self.into()])
    }
}

impl Returned for (u64, u64) {
    fn bits(self) -> Outcome {
        Ok(vec![self.0.into(), self.1.into()])
    }
}

impl<T: Returned> Returned for Result<T, NumericTrap> {
    fn bits(self) -> Outcome {
        self?.bits()
    }
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
    (lane) => {
        Ty::None
    };
    (lanes) => {
        Ty::None
    };
}

macro_rules! results {
    (($($ty:ident),*)) => { &[$(ty!($ty)),*] };
    ($ty:ident) => { &[ty!($ty)] };
}

macro_rules! kind {
    (unary $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (unary_trap $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (binary $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (binary_commutative $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (binary_trap $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (compare $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (test $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    (wide $op:ident) => {
        Kind::Scalar(Scalar::$op)
    };
    ($section:ident $op:ident) => {
        Kind::Vector(SimdOp::$op)
    };
}

macro_rules! rows {
    (
        unary { $($u:ident $uf:ident $ua:tt -> $ur:tt;)* }
        unary_trap { $($ut:ident $utf:ident $uta:tt -> $utr:tt;)* }
        binary { $($b:ident $bf:ident $ba:tt -> $br:tt;)* }
        binary_commutative { $($bc:ident $bcf:ident $bca:tt -> $bcr:tt;)* }
        binary_trap { $($bt:ident $btf:ident $bta:tt -> $btr:tt;)* }
        compare { $($c:ident $cf:ident $ca:tt -> $cr:tt;)* }
        test { $($t:ident $tf:ident $ta:tt -> $tr:tt;)* }
        wide { $($w:ident $wf:ident $wa:tt -> $wr:tt;)* }
        $($vector:ident { $($v:ident $vf:ident $va:tt -> $vr:tt;)* })*
    ) => {
        /// The scalar instructions.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        enum Scalar {
            $($u,)* $($ut,)* $($b,)* $($bc,)* $($bt,)* $($c,)* $($t,)* $($w,)*
        }

        /// All instructions.
        pub fn rows() -> Vec<Row> {
            let mut rows = canonical();
            rows.extend([
                $(row!(unary $u $uf $ua $ur),)*
                $(row!(unary_trap $ut $utf $uta $utr),)*
                $(row!(binary $b $bf $ba $br),)*
                $(row!(binary_commutative $bc $bcf $bca $bcr),)*
                $(row!(binary_trap $bt $btf $bta $btr),)*
                $(row!(compare $c $cf $ca $cr),)*
                $(row!(test $t $tf $ta $tr),)*
                $(row!(wide $w $wf $wa $wr),)*
                $($(row!($vector $v $vf $va $vr),)*)*
            ]);
            rows
        }
    };
}

macro_rules! row {
    ($section:ident $op:ident $function:ident ($($arg:ident),*) $result:tt) => {
        Row {
            name: stringify!($function),
            section: match kind!($section $op) {
                Kind::Vector(_) => Section::Vector,
                _ => Section::Scalar,
            },
            params: const { &[$(ty!($arg)),*] },
            results: results!($result),
            eval: |operands, imm| {
                let mut args = Args(operands.iter(), imm);
                // Operands of a call are evaluated in order.
                let returned = numeric::$function($({
                    let _ = stringify!($arg);
                    Bits::of(&mut args)
                }),*);
                returned.bits()
            },
            kind: kind!($section $op),
        }
    };
}

brisk_module::for_each_numeric_op!(rows);

/// What is no instruction of its own.
fn canonical() -> Vec<Row> {
    macro_rules! canonical {
        ($($function:ident $ty:ident $lanes:literal $section:ident;)*) => {
            vec![$(Row {
                name: stringify!($function),
                section: Section::$section,
                params: &[Ty::$ty],
                results: &[Ty::$ty],
                eval: |operands, imm| numeric::$function(Bits::of(&mut Args(operands.iter(), imm))).bits(),
                kind: Kind::Canonical(Ty::$ty, $lanes),
            }),*]
        };
    }
    canonical! {
        canonicalize_f32 F32 0 Scalar;
        canonicalize_f64 F64 0 Scalar;
        canonicalize_f32x4 V128 0 Vector;
        canonicalize_f64x2 V128 1 Vector;
    }
}

impl Row {
    /// Types of the operands that are values.
    pub fn operands(&self) -> Vec<Ty> {
        self.params.iter().copied().filter(|&ty| ty != Ty::None).collect()
    }

    /// A width below that of a type, and its bits.
    pub fn narrow(&self, ty: Ty) -> (Width, u128) {
        match ty {
            Ty::I32 if self.name.starts_with("i16") => (Width::U16, 0xffff),
            Ty::I32 => (Width::U8, 0xff),
            Ty::I64 => (Width::U32, 0xffff_ffff),
            Ty::V128 => (Width::U64, u64::MAX.into()),
            _ => (access_width(ty), u128::MAX),
        }
    }

    /// How many immediates there are to choose from, and whether they are the lanes of a shuffle.
    pub fn lanes(&self) -> (u32, bool) {
        let Kind::Vector(op) = self.kind else { return (1, false) };
        match op.shape() {
            SimdShape::ExtractLane | SimdShape::ReplaceLane => {
                let lanes = self.name.split_once('x').and_then(|(_, rest)| rest.split_once('_'));
                (lanes.expect("lanes in the name").0.parse().expect("a number"), false)
            }
            SimdShape::Shuffle => (1, true),
            _ => (1, false),
        }
    }

    /// Whether the second operand counts bits.
    pub fn shifts(&self) -> bool {
        ["_shl", "_shr_s", "_shr_u", "_rotl", "_rotr"].iter().any(|end| self.name.ends_with(end))
    }

    /// Whether a result is right. Arithmetic may give any quiet NaN where it gives one.
    pub fn agrees(&self, case: &Case, expected: u128, found: u128) -> bool {
        if expected == found {
            return true;
        }
        let (lanes, operation) = self.name.split_once('_').expect("a name of two parts");
        let arithmetic = [
            "ceil",
            "floor",
            "trunc",
            "nearest",
            "sqrt",
            "add",
            "sub",
            "mul",
            "div",
            "min",
            "max",
            "demote_f64",
            "demote_f64x2_zero",
            "promote_f32",
            "promote_low_f32x4",
            "relaxed_madd",
            "relaxed_nmadd",
            "relaxed_min",
            "relaxed_max",
        ];
        if case.used != Use::Value || !arithmetic.contains(&operation) {
            return false;
        }
        let single = |at: u32| {
            let (expected, found) = ((expected >> at) as u32, (found >> at) as u32);
            expected == found || f32::from_bits(expected).is_nan() && found & 0x7fc0_0000 == 0x7fc0_0000
        };
        let double = |at: u32| {
            let (expected, found) = ((expected >> at) as u64, (found >> at) as u64);
            expected == found || f64::from_bits(expected).is_nan() && found & 0x7ff8 << 48 == 0x7ff8 << 48
        };
        match lanes {
            "f32" | "f32x4" => [0, 32, 64, 96].into_iter().all(single),
            "f64" | "f64x2" => [0, 64].into_iter().all(double),
            _ => false,
        }
    }

    /// Makes the instruction of operands and an immediate.
    pub fn make(&self, maker: &mut Maker, operands: &[Value], imm: u128) -> Vec<Value> {
        let operand = |nth: usize| operands.get(nth).map_or(0, |value| value.0);
        match self.kind {
            Kind::Vector(op) => {
                let [a, mut b, mut c] = [operand(0), operand(1), operand(2)];
                match op.shape() {
                    SimdShape::ExtractLane => b = imm as u32,
                    SimdShape::ReplaceLane => c = imm as u32,
                    SimdShape::Shuffle => c = maker.vector(imm),
                    SimdShape::Unary => (b, c) = (0, 0),
                    SimdShape::Binary => c = 0,
                    SimdShape::Ternary => {}
                }
                vec![maker.inst(Op::Simd, op.result(), op as u16, [a, b, c])]
            }
            Kind::Canonical(ty, lanes) => vec![maker.inst(Op::Canon, ty, lanes, [operands[0].0, 0, 0])],
            Kind::Scalar(op) => scalar(op, maker, self.results[0], operands),
        }
    }
}

/// A scalar instruction in the IR.
fn scalar(op: Scalar, maker: &mut Maker, ty: Ty, operands: &[Value]) -> Vec<Value> {
    use Scalar::*;
    let plain = |op: Op| (op, 0);
    let int = |cond: IntCond| (Op::Icmp, cond as u16);
    let float = |cond: FloatCond| (Op::Fcmp, cond as u16);
    let (ir, aux) = match op {
        I32Clz | I64Clz => plain(Op::Clz),
        I32Ctz | I64Ctz => plain(Op::Ctz),
        I32Popcnt | I64Popcnt => plain(Op::Popcnt),
        I32Extend8S | I64Extend8S => plain(Op::Extend8S),
        I32Extend16S | I64Extend16S => plain(Op::Extend16S),
        I64Extend32S => plain(Op::Extend32S),
        F32Abs | F64Abs => plain(Op::Fabs),
        F32Neg | F64Neg => plain(Op::Fneg),
        F32Ceil | F64Ceil => plain(Op::Ceil),
        F32Floor | F64Floor => plain(Op::Floor),
        F32Trunc | F64Trunc => plain(Op::Trunc),
        F32Nearest | F64Nearest => plain(Op::Nearest),
        F32Sqrt | F64Sqrt => plain(Op::Sqrt),
        I32WrapI64 => plain(Op::Wrap),
        I64ExtendI32S => plain(Op::ExtendS),
        I64ExtendI32U => plain(Op::ExtendU),
        I32TruncSatF32S | I32TruncSatF64S | I64TruncSatF32S | I64TruncSatF64S => plain(Op::FtoiSatS),
        I32TruncSatF32U | I32TruncSatF64U | I64TruncSatF32U | I64TruncSatF64U => plain(Op::FtoiSatU),
        I32TruncF32S | I32TruncF64S | I64TruncF32S | I64TruncF64S => plain(Op::FtoiS),
        I32TruncF32U | I32TruncF64U | I64TruncF32U | I64TruncF64U => plain(Op::FtoiU),
        F32ConvertI32S | F32ConvertI64S | F64ConvertI32S | F64ConvertI64S => plain(Op::ItofS),
        F32ConvertI32U | F32ConvertI64U | F64ConvertI32U | F64ConvertI64U => plain(Op::ItofU),
        F32DemoteF64 => plain(Op::Demote),
        F64PromoteF32 => plain(Op::Promote),
        I32ReinterpretF32 | I64ReinterpretF64 | F32ReinterpretI32 | F64ReinterpretI64 => plain(Op::Bitcast),
        I32Add | I64Add => plain(Op::Add),
        I32Sub | I64Sub => plain(Op::Sub),
        I32Mul | I64Mul => plain(Op::Mul),
        I32DivS | I64DivS => plain(Op::DivS),
        I32DivU | I64DivU => plain(Op::DivU),
        I32RemS | I64RemS => plain(Op::RemS),
        I32RemU | I64RemU => plain(Op::RemU),
        I32And | I64And => plain(Op::And),
        I32Or | I64Or => plain(Op::Or),
        I32Xor | I64Xor => plain(Op::Xor),
        I32Shl | I64Shl => plain(Op::Shl),
        I32ShrS | I64ShrS => plain(Op::ShrS),
        I32ShrU | I64ShrU => plain(Op::ShrU),
        I32Rotl | I64Rotl => plain(Op::Rotl),
        I32Rotr | I64Rotr => plain(Op::Rotr),
        F32Add | F64Add => plain(Op::Fadd),
        F32Sub | F64Sub => plain(Op::Fsub),
        F32Mul | F64Mul => plain(Op::Fmul),
        F32Div | F64Div => plain(Op::Fdiv),
        F32Min | F64Min => plain(Op::Fmin),
        F32Max | F64Max => plain(Op::Fmax),
        F32Copysign | F64Copysign => plain(Op::Copysign),
        I32Eq | I64Eq => int(IntCond::Eq),
        I32Ne | I64Ne => int(IntCond::Ne),
        I32LtS | I64LtS => int(IntCond::LtS),
        I32LtU | I64LtU => int(IntCond::LtU),
        I32GtS | I64GtS => int(IntCond::GtS),
        I32GtU | I64GtU => int(IntCond::GtU),
        I32LeS | I64LeS => int(IntCond::LeS),
        I32LeU | I64LeU => int(IntCond::LeU),
        I32GeS | I64GeS => int(IntCond::GeS),
        I32GeU | I64GeU => int(IntCond::GeU),
        F32Eq | F64Eq => float(FloatCond::Eq),
        F32Ne | F64Ne => float(FloatCond::Ne),
        F32Lt | F64Lt => float(FloatCond::Lt),
        F32Gt | F64Gt => float(FloatCond::Gt),
        F32Le | F64Le => float(FloatCond::Le),
        F32Ge | F64Ge => float(FloatCond::Ge),
        I32Eqz | I64Eqz => {
            let zero = maker.constant(if op == I32Eqz { Ty::I32 } else { Ty::I64 }, 0);
            return vec![maker.inst(Op::Icmp, ty, IntCond::Eq as u16, [operands[0].0, zero.0, 0])];
        }
        I64Add128 | I64Sub128 => return carried(op == I64Sub128, maker, operands),
        I64MulWideS | I64MulWideU => {
            let high = if op == I64MulWideS { Op::MulHighS } else { Op::MulHighU };
            let fields = [operands[0].0, operands[1].0, 0];
            return vec![maker.inst(Op::Mul, ty, 0, fields), maker.inst(high, ty, 0, fields)];
        }
    };
    let b = operands.get(1).map_or(0, |value| value.0);
    vec![maker.inst(ir, ty, aux, [operands[0].0, b, 0])]
}

/// A sum or difference of two halves each.
fn carried(subtract: bool, maker: &mut Maker, operands: &[Value]) -> Vec<Value> {
    let op = if subtract { Op::Sub } else { Op::Add };
    let [low_a, high_a, low_b, high_b] = [0, 1, 2, 3].map(|nth| operands[nth].0);
    let low = maker.inst(op, Ty::I64, 0, [low_a, low_b, 0]);
    let compared = if subtract { [low_a, low_b, 0] } else { [low.0, low_a, 0] };
    let carry = maker.inst(Op::Icmp, Ty::I32, IntCond::LtU as u16, compared);
    let carry = maker.inst(Op::ExtendU, Ty::I64, 0, [carry.0, 0, 0]);
    let high = maker.inst(op, Ty::I64, 0, [high_a, high_b, 0]);
    vec![low, maker.inst(op, Ty::I64, 0, [high.0, carry.0, 0])]
}
