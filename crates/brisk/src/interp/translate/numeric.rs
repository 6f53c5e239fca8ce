//! Pure instructions.

use super::Translator;
use super::stack::{Kind, Loc, Operand, Source};
use crate::interp::ops::{self, Form, misc};
use crate::interp::rows::*;
use brisk_module::wasmparser::Operator;

macro_rules! kind {
    (i32) => {
        Kind::I32
    };
    (i64) => {
        Kind::I64
    };
    (f32) => {
        Kind::F32
    };
    (f64) => {
        Kind::F64
    };
    (v128) => {
        Kind::V128
    };
}

macro_rules! numeric_instruction {
    (
        unary { $($un:ident $un_f:ident ($un_a:ident) -> $un_r:ident;)* }
        unary_trap { $($ut:ident $ut_f:ident ($ut_a:ident) -> $ut_r:ident;)* }
        binary { $($bi:ident $bi_f:ident ($bi_a:ident, $bi_b:ident) -> $bi_r:ident;)* }
        binary_commutative { $($bc:ident $bc_f:ident ($bc_a:ident, $bc_b:ident) -> $bc_r:ident;)* }
        binary_trap { $($bt:ident $bt_f:ident ($bt_a:ident, $bt_b:ident) -> $bt_r:ident;)* }
        compare { $($cm:ident $cm_f:ident ($cm_a:ident, $cm_b:ident) -> i32;)* }
        test { $($te:ident $te_f:ident ($te_a:ident) -> i32;)* }
        wide { $($wi:ident $wi_f:ident $wi_s:tt -> $wi_r:tt;)* }
        v_unary { $($vu:ident $vu_f:ident ($vu_a:ident) -> $vu_r:ident;)* }
        v_binary { $($vb:ident $vb_f:ident (v128, $vb_b:ident) -> v128;)* }
        v_ternary { $($vt:ident $vt_f:ident (v128, v128, v128) -> v128;)* }
        extract_lane { $($xl:ident $xl_f:ident (v128, lane) -> $xl_r:ident;)* }
        replace_lane { $($rl:ident $rl_f:ident (v128, lane, $rl_b:ident) -> v128;)* }
        shuffle { $($sh:ident $sh_f:ident (v128, v128, lanes) -> v128;)* }
    ) => {
        impl Translator<'_> {
            /// Translates a pure instruction; false if it is none.
            pub fn numeric(&mut self, op: &Operator<'_>) -> bool {
                match op {
                    Operator::I32Eqz => self.eqz(CompareRow::I32Eq, Kind::I32),
                    Operator::I64Eqz => self.eqz(CompareRow::I64Eq, Kind::I64),
                    $(Operator::$un => self.unary(UnaryRow::$un, kind!($un_r), false),)*
                    $(Operator::$ut => self.unary(UnaryRow::$ut, kind!($ut_r), true),)*
                    $(Operator::$bi => self.binary(BinaryRow::$bi, kind!($bi_r)),)*
                    $(Operator::$bc => self.commutative(CommutativeRow::$bc, kind!($bc_r)),)*
                    $(Operator::$bt => self.binary_trap(BinaryRow::$bt, kind!($bt_r)),)*
                    $(Operator::$cm => self.compare(CompareRow::$cm),)*
                    $(Operator::$wi => self.wide(WideRow::$wi),)*
                    $(Operator::$vu => self.in_slots(ops::v_unary(VUnaryRow::$vu), 1, kind!($vu_r)),)*
                    $(Operator::$vb => self.in_slots(ops::v_binary(VBinaryRow::$vb), 2, Kind::V128),)*
                    $(Operator::$vt => self.in_slots(ops::v_ternary(VTernaryRow::$vt), 3, Kind::V128),)*
                    $(Operator::$xl { lane } => {
                        self.lane(ops::extract_lane(ExtractLaneRow::$xl), *lane, 1, kind!($xl_r))
                    })*
                    $(Operator::$rl { lane } => {
                        self.lane(ops::replace_lane(ReplaceLaneRow::$rl), *lane, 2, Kind::V128)
                    })*
                    $(Operator::$sh { lanes } => self.shuffle(lanes),)*
                    _ => return false,
                }
                if self.settings.canonical_nans {
                    self.canonicalize(op);
                }
                true
            }
        }
    };
}
brisk_module::for_each_numeric_op!(numeric_instruction);

impl Translator<'_> {
    /// `a == 0`. The opposite of an integer comparison just made turns that around; else it is a
    /// comparison with 0, which can join a branch.
    fn eqz(&mut self, row: CompareRow, kind: Kind) {
        if let (Some(last), Some(a)) = (self.last, self.walker.operands.last())
            && a.loc == Loc::Slot
            && last.dst == a.slot
            && let Some(op) = ops::inverted_compare(self.code[last.start])
        {
            self.code[last.start] = op;
            return;
        }
        self.push_const(kind, 0);
        self.compare(row);
    }

    fn unary(&mut self, row: UnaryRow, result: Kind, may_trap: bool) {
        let a = self.pop();
        let source = self.source_in_slot(&a);
        self.consume(&a, source);
        if may_trap {
            self.position();
        }
        let start = self.code.len();
        self.emit(ops::unary(row, source.form), &[]);
        self.push_source(source);
        self.push_result(start, result);
    }

    /// The sources of a binary instruction's popped operands; at most one is the accumulator.
    fn sources(&mut self, a: &Operand, b: &Operand) -> (Source, Source) {
        let second = self.source(b);
        let mut first = self.source(a);
        if first.form == Form::I && second.form == Form::I {
            first = self.source_in_slot(a);
        }
        if first.form == Form::A && second.form == Form::A {
            // The same local twice.
            first.form = Form::S;
        }
        self.consume(b, second);
        self.consume(a, first);
        (first, second)
    }

    fn emit_binary(&mut self, op: u16, a: Source, b: Source, result: Kind) {
        let start = self.code.len();
        self.emit(op, &[]);
        self.push_source(a);
        self.push_source(b);
        self.push_result(start, result);
    }

    fn binary(&mut self, row: BinaryRow, result: Kind) {
        let (b, a) = (self.pop(), self.pop());
        let (a, b) = self.sources(&a, &b);
        self.emit_binary(ops::binary(row, a.form, b.form), a, b, result);
    }

    fn binary_trap(&mut self, row: BinaryRow, result: Kind) {
        let (b, a) = (self.pop(), self.pop());
        let (a, b) = self.sources(&a, &b);
        self.position();
        self.emit_binary(ops::binary(row, a.form, b.form), a, b, result);
    }

    fn commutative(&mut self, row: CommutativeRow, result: Kind) {
        let (b, a) = (self.pop(), self.pop());
        let (mut a, mut b) = self.sources(&a, &b);
        if swap_needed(a.form, b.form) {
            std::mem::swap(&mut a, &mut b);
        }
        self.emit_binary(ops::commutative(row, a.form, b.form), a, b, result);
    }

    pub fn compare(&mut self, mut row: CompareRow) {
        let (b, a) = (self.pop(), self.pop());
        let (mut a, mut b) = self.sources(&a, &b);
        if swap_needed(a.form, b.form) {
            std::mem::swap(&mut a, &mut b);
            row = swapped(row);
        }
        self.emit_binary(ops::compare(row, a.form, b.form), a, b, Kind::I32);
    }

    fn wide(&mut self, row: WideRow) {
        let (op, operands) = match row {
            WideRow::I64Add128 => (misc::ADD_128, 4),
            WideRow::I64Sub128 => (misc::SUB_128, 4),
            WideRow::I64MulWideS => (misc::MUL_WIDE_S, 2),
            WideRow::I64MulWideU => (misc::MUL_WIDE_U, 2),
        };
        self.flush_top(operands);
        let height = self.walker.operands.len() - operands;
        self.truncate_operands(height);
        let base = self.top as u16;
        self.emit(op, &[base]);
        for _ in 0..2 {
            let slot = self.push_slot(Kind::I64);
            self.held.written(slot);
        }
    }

    /// An instruction that takes its operands from slots.
    fn in_slots(&mut self, op: u16, operands: usize, result: Kind) {
        let slots = self.pop_to_slots(operands);
        let start = self.code.len();
        self.emit(op, &slots[..operands]);
        self.push_vector_result(start, result);
    }

    /// Pops operands and gives the slots that hold them, in order.
    fn pop_to_slots(&mut self, count: usize) -> [u16; 3] {
        let mut slots = [0; 3];
        for at in (0..count).rev() {
            let operand = self.pop();
            slots[at] = self.in_slot(&operand);
        }
        slots
    }

    fn lane(&mut self, op: u16, lane: u8, operands: usize, result: Kind) {
        let slots = self.pop_to_slots(operands);
        let start = self.code.len();
        self.emit(op, &[u16::from(lane)]);
        self.code.extend_from_slice(&slots[..operands]);
        self.push_vector_result(start, result);
    }

    fn shuffle(&mut self, lanes: &[u8; 16]) {
        let slots = self.pop_to_slots(2);
        let start = self.code.len();
        self.emit(misc::SHUFFLE, &[]);
        for pair in lanes.chunks_exact(2) {
            self.code.push(u16::from_le_bytes([pair[0], pair[1]]));
        }
        self.code.extend_from_slice(&slots[..2]);
        self.push_result(start, Kind::V128);
    }

    /// Makes NaNs of an arithmetic result canonical.
    fn canonicalize(&mut self, op: &Operator<'_>) {
        let Some(&Operand { kind, slot, loc: Loc::Slot }) = self.walker.operands.last() else { return };
        let canon = match (kind, vector_lanes(op)) {
            (Kind::F32, _) if !keeps_bits(op) => misc::CANON_F32,
            (Kind::F64, _) if !keeps_bits(op) => misc::CANON_F64,
            (Kind::V128, Some(32)) => misc::CANON_F32X4,
            (Kind::V128, Some(64)) => misc::CANON_F64X2,
            _ => return,
        };
        self.emit(canon, &[slot]);
        self.written(kind, slot);
    }
}

/// Whether two operands must change places: an immediate comes second, an accumulator first.
fn swap_needed(a: Form, b: Form) -> bool {
    a == Form::I || b == Form::A
}

/// The comparison with its operands swapped.
fn swapped(row: CompareRow) -> CompareRow {
    use CompareRow as C;
    match row {
        C::I32LtS => C::I32GtS,
        C::I32LtU => C::I32GtU,
        C::I32GtS => C::I32LtS,
        C::I32GtU => C::I32LtU,
        C::I32LeS => C::I32GeS,
        C::I32LeU => C::I32GeU,
        C::I32GeS => C::I32LeS,
        C::I32GeU => C::I32LeU,
        C::I64LtS => C::I64GtS,
        C::I64LtU => C::I64GtU,
        C::I64GtS => C::I64LtS,
        C::I64GtU => C::I64LtU,
        C::I64LeS => C::I64GeS,
        C::I64LeU => C::I64GeU,
        C::I64GeS => C::I64LeS,
        C::I64GeU => C::I64LeU,
        C::F32Lt => C::F32Gt,
        C::F32Gt => C::F32Lt,
        C::F32Le => C::F32Ge,
        C::F32Ge => C::F32Le,
        C::F64Lt => C::F64Gt,
        C::F64Gt => C::F64Lt,
        C::F64Le => C::F64Ge,
        C::F64Ge => C::F64Le,
        C::I32Eq | C::I32Ne | C::I64Eq | C::I64Ne | C::F32Eq | C::F32Ne | C::F64Eq | C::F64Ne => row,
    }
}

/// Scalar float instructions whose NaNs are the operand's own bits.
fn keeps_bits(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::F32Abs
            | Operator::F32Neg
            | Operator::F32Copysign
            | Operator::F32ReinterpretI32
            | Operator::F64Abs
            | Operator::F64Neg
            | Operator::F64Copysign
            | Operator::F64ReinterpretI64
            | Operator::F32x4ExtractLane { .. }
            | Operator::F64x2ExtractLane { .. }
    )
}

/// Width of the float lanes an arithmetic vector instruction computes.
fn vector_lanes(op: &Operator<'_>) -> Option<u32> {
    use Operator::*;
    match op {
        F32x4Ceil | F32x4Floor | F32x4Trunc | F32x4Nearest | F32x4Sqrt | F32x4Add | F32x4Sub | F32x4Mul
        | F32x4Div | F32x4Min | F32x4Max | F32x4DemoteF64x2Zero | F32x4RelaxedMadd | F32x4RelaxedNmadd
        | F32x4RelaxedMin | F32x4RelaxedMax => Some(32),
        F64x2Ceil | F64x2Floor | F64x2Trunc | F64x2Nearest | F64x2Sqrt | F64x2Add | F64x2Sub | F64x2Mul
        | F64x2Div | F64x2Min | F64x2Max | F64x2PromoteLowF32x4 | F64x2RelaxedMadd | F64x2RelaxedNmadd
        | F64x2RelaxedMin | F64x2RelaxedMax => Some(64),
        _ => None,
    }
}
