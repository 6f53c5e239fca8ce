//! The operations of register code: their numbers, their handlers and how they print.
//!
//! An operation belongs to a family. Most families are a list of wasm instructions ([`super::rows`])
//! times a list of operand forms; an operation's number is `base + row * forms + form`. The rest
//! ("misc") are named one by one.

use super::dispatch::Handler;
use super::exec::{arith, bulk, call, control, exception, memory, native, vector};
use super::operand::{A, I, S, Sum, ToAcc, ToSlot};
use super::rows::{for_each_memory_op, memory_row, row};

/// Source of a scalar operand, as the translator names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// A slot.
    S,
    /// The accumulator.
    A,
    /// An immediate.
    I,
}

/// Source of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AddrForm {
    /// A slot.
    S,
    /// The accumulator.
    A,
    /// The sum of two slots.
    SumSS,
    /// The sum of the accumulator and a slot.
    SumAS,
    /// The sum of a slot and an immediate.
    SumSI,
    /// The sum of the accumulator and an immediate.
    SumAI,
}

/// Handlers for one row of each family, in the order of the forms. The order is what the
/// constructors below rely on.
macro_rules! unary_forms {
    ($row:ty) => {
        [
            arith::unary::<$row, S, ToSlot>,
            arith::unary::<$row, S, ToAcc>,
            arith::unary::<$row, A, ToSlot>,
            arith::unary::<$row, A, ToAcc>,
        ]
    };
}
macro_rules! binary_forms {
    ($row:ty) => {
        [
            arith::binary::<$row, S, S, ToSlot>,
            arith::binary::<$row, S, S, ToAcc>,
            arith::binary::<$row, A, S, ToSlot>,
            arith::binary::<$row, A, S, ToAcc>,
            arith::binary::<$row, S, I, ToSlot>,
            arith::binary::<$row, S, I, ToAcc>,
            arith::binary::<$row, A, I, ToSlot>,
            arith::binary::<$row, A, I, ToAcc>,
            arith::binary::<$row, S, A, ToSlot>,
            arith::binary::<$row, S, A, ToAcc>,
            arith::binary::<$row, I, S, ToSlot>,
            arith::binary::<$row, I, S, ToAcc>,
            arith::binary::<$row, I, A, ToSlot>,
            arith::binary::<$row, I, A, ToAcc>,
        ]
    };
}
macro_rules! swappable_forms {
    ($row:ty) => {
        [
            arith::binary::<$row, S, S, ToSlot>,
            arith::binary::<$row, S, S, ToAcc>,
            arith::binary::<$row, A, S, ToSlot>,
            arith::binary::<$row, A, S, ToAcc>,
            arith::binary::<$row, S, I, ToSlot>,
            arith::binary::<$row, S, I, ToAcc>,
            arith::binary::<$row, A, I, ToSlot>,
            arith::binary::<$row, A, I, ToAcc>,
        ]
    };
}
macro_rules! branch_forms {
    ($($handler:tt)*) => {
        [
            $($handler)*, S, S, false>,
            $($handler)*, S, S, true>,
            $($handler)*, A, S, false>,
            $($handler)*, A, S, true>,
            $($handler)*, S, I, false>,
            $($handler)*, S, I, true>,
            $($handler)*, A, I, false>,
            $($handler)*, A, I, true>,
        ]
    };
}
macro_rules! select_forms {
    ($cond:ty) => {
        [
            arith::select::<$cond, S, S, ToSlot>,
            arith::select::<$cond, S, S, ToAcc>,
            arith::select::<$cond, S, I, ToSlot>,
            arith::select::<$cond, S, I, ToAcc>,
            arith::select::<$cond, I, S, ToSlot>,
            arith::select::<$cond, I, S, ToAcc>,
            arith::select::<$cond, I, I, ToSlot>,
            arith::select::<$cond, I, I, ToAcc>,
        ]
    };
}
macro_rules! load_forms {
    ($row:ty) => {
        [
            memory::load::<$row, S, ToSlot>,
            memory::load::<$row, S, ToAcc>,
            memory::load::<$row, A, ToSlot>,
            memory::load::<$row, A, ToAcc>,
            memory::load::<$row, Sum<S, S>, ToSlot>,
            memory::load::<$row, Sum<S, S>, ToAcc>,
            memory::load::<$row, Sum<A, S>, ToSlot>,
            memory::load::<$row, Sum<A, S>, ToAcc>,
            memory::load::<$row, Sum<S, I>, ToSlot>,
            memory::load::<$row, Sum<S, I>, ToAcc>,
            memory::load::<$row, Sum<A, I>, ToSlot>,
            memory::load::<$row, Sum<A, I>, ToAcc>,
        ]
    };
}
macro_rules! store_forms {
    ($row:ty) => {
        [
            memory::store::<$row, S, S>,
            memory::store::<$row, S, A>,
            memory::store::<$row, S, I>,
            memory::store::<$row, A, S>,
            memory::store::<$row, A, A>,
            memory::store::<$row, A, I>,
            memory::store::<$row, Sum<S, S>, S>,
            memory::store::<$row, Sum<S, S>, A>,
            memory::store::<$row, Sum<S, S>, I>,
            memory::store::<$row, Sum<A, S>, S>,
            memory::store::<$row, Sum<A, S>, A>,
            memory::store::<$row, Sum<A, S>, I>,
            memory::store::<$row, Sum<S, I>, S>,
            memory::store::<$row, Sum<S, I>, A>,
            memory::store::<$row, Sum<S, I>, I>,
            memory::store::<$row, Sum<A, I>, S>,
            memory::store::<$row, Sum<A, I>, A>,
            memory::store::<$row, Sum<A, I>, I>,
        ]
    };
}

macro_rules! numeric_handlers {
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
        const UNARY: &[[Handler; 4]] = &[
            $(unary_forms!(row::$un),)* $(unary_forms!(row::$ut),)*
        ];
        const UNARY_NAMES: &[&str] = &[
            $(stringify!($un_f),)* $(stringify!($ut_f),)*
        ];
        const BINARY: &[[Handler; 14]] = &[$(binary_forms!(row::$bi),)* $(binary_forms!(row::$bt),)*];
        const BINARY_NAMES: &[&str] = &[$(stringify!($bi_f),)* $(stringify!($bt_f),)*];
        const BINARY_OPERANDS: &[&str] = &[$(stringify!($bi_a),)* $(stringify!($bt_a),)*];
        const COMMUTATIVE: &[[Handler; 8]] = &[$(swappable_forms!(row::$bc),)*];
        const COMMUTATIVE_NAMES: &[&str] = &[$(stringify!($bc_f),)*];
        const COMMUTATIVE_OPERANDS: &[&str] = &[$(stringify!($bc_a),)*];
        const COMPARE: &[[Handler; 8]] = &[$(swappable_forms!(row::$cm),)*];
        const COMPARE_BRANCH: &[[Handler; 8]] =
            &[$(branch_forms!(control::compare_branch::<row::$cm),)*];
        const COMPARE_NAMES: &[&str] = &[$(stringify!($cm_f),)*];
        const COMPARE_OPERANDS: &[&str] = &[$(stringify!($cm_a),)*];
        const V_UNARY: &[Handler] = &[$(vector::v_unary::<row::$vu>,)*];
        const V_UNARY_NAMES: &[&str] = &[$(stringify!($vu_f),)*];
        const V_BINARY: &[Handler] = &[$(vector::v_binary::<row::$vb>,)*];
        const V_BINARY_NAMES: &[&str] = &[$(stringify!($vb_f),)*];
        const V_TERNARY: &[Handler] = &[$(vector::v_ternary::<row::$vt>,)*];
        const V_TERNARY_NAMES: &[&str] = &[$(stringify!($vt_f),)*];
        const EXTRACT_LANE: &[Handler] = &[$(vector::extract_lane::<row::$xl>,)*];
        const EXTRACT_LANE_NAMES: &[&str] = &[$(stringify!($xl_f),)*];
        const REPLACE_LANE: &[Handler] = &[$(vector::replace_lane::<row::$rl>,)*];
        const REPLACE_LANE_NAMES: &[&str] = &[$(stringify!($rl_f),)*];
    };
}
brisk_module::for_each_numeric_op!(numeric_handlers);

/// `select`, by the sources of its condition and its values.
const SELECT: &[[Handler; 8]] = &[select_forms!(S), select_forms!(A)];

/// Rows and handlers of additions joined with a comparison and a branch.
macro_rules! add_branch_handlers {
    ($($compare:ident $add:ident,)*) => {
        const ADD_BRANCH: &[[Handler; 2]] = &[$([
            control::add_branch::<row::$add, row::$compare, S>,
            control::add_branch::<row::$add, row::$compare, I>,
        ],)*];
        const ADD_BRANCH_ROWS: &[super::rows::CompareRow] = &[$(super::rows::CompareRow::$compare,)*];
    };
}
add_branch_handlers! {
    I32Eq I32Add, I32Ne I32Add, I32LtS I32Add, I32LtU I32Add, I32GtS I32Add, I32GtU I32Add, I32LeS I32Add,
    I32LeU I32Add, I32GeS I32Add, I32GeU I32Add, I64Eq I64Add, I64Ne I64Add, I64LtS I64Add, I64LtU I64Add,
    I64GtS I64Add, I64GtU I64Add, I64LeS I64Add, I64LeU I64Add, I64GeS I64Add, I64GeU I64Add,
}

const TEST_BRANCH: &[[Handler; 8]] =
    &[branch_forms!(control::test_branch::<u32), branch_forms!(control::test_branch::<u64)];

macro_rules! memory_handlers {
    (
        load { $($ld:ident $ld_m:ident $ld_v:ident $ld_r:ident;)* }
        store { $($st:ident $st_v:ident $st_m:ident;)* }
        v_load { $($vl:ident $vl_n:literal $vl_f:ident;)* }
        v_lane { $($ll:ident $sl:ident $la:ident;)* }
    ) => {
        const LOAD: &[[Handler; 12]] = &[$(load_forms!(memory_row::$ld),)*];
        const LOAD_FAR: &[Handler] = &[$(memory::load_far::<memory_row::$ld>,)*];
        const LOAD_NAMES: &[&str] = &[$(stringify!($ld),)*];
        const STORE: &[[Handler; 18]] = &[$(store_forms!(memory_row::$st),)*];
        const STORE_FAR: &[Handler] = &[$(memory::store_far::<memory_row::$st>,)*];
        const STORE_NAMES: &[&str] = &[$(stringify!($st),)*];
        const STORE_OPERANDS: &[&str] = &[$(stringify!($st_v),)*];
        const LOAD_VECTOR: &[Handler] = &[$(memory::load_vector::<memory_row::$vl>,)*];
        const LOAD_VECTOR_FAR: &[Handler] = &[$(memory::load_vector_far::<memory_row::$vl>,)*];
        const LOAD_VECTOR_NAMES: &[&str] = &[$(stringify!($vl),)*];
        const LOAD_LANE: &[Handler] = &[$(memory::load_lane::<$la>,)*];
        const LOAD_LANE_NAMES: &[&str] = &[$(stringify!($ll),)*];
        const STORE_LANE: &[Handler] = &[$(memory::store_lane::<$la>,)*];
        const STORE_LANE_NAMES: &[&str] = &[$(stringify!($sl),)*];
    };
}
for_each_memory_op!(memory_handlers);

/// The operations named one by one: number, handler, and the layout of the words after the number:
/// `s` slot, `h` 16-bit immediate, `w` 32-bit immediate, `q` 64-bit immediate, `v` 128-bit
/// immediate, `b` branch offset, `t` branch table, `d` destination slot.
macro_rules! misc_ops {
    ($($name:ident $handler:expr, $layout:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, dead_code, reason = "numbers")]
        #[derive(Clone, Copy)]
        #[repr(u16)]
        enum Misc { $($name,)* COUNT }

        /// Numbers of the operations named one by one.
        #[allow(dead_code, reason = "an accumulator twin is reached from its twin's number")]
        pub(crate) mod misc {
            use super::{Misc, base};
            $(pub(crate) const $name: u16 = base::MISC + Misc::$name as u16;)*
        }

        const MISC: [Handler; Misc::COUNT as usize] = [$($handler,)*];
        const MISC_NAMES: [&str; Misc::COUNT as usize] = [$(stringify!($name),)*];
        const MISC_LAYOUTS: [&str; Misc::COUNT as usize] = [$($layout,)*];
    };
}

misc_ops! {
    COPY arith::copy, "sd";
    COPY_2 arith::copy_2, "sdsd";
    COPY_VECTOR arith::copy_vector, "sd";
    COPY_SPAN arith::copy_span, "sdh";
    CONST_32 arith::const_32, "wd";
    CONST_64 arith::const_64, "qd";
    CONST_VECTOR arith::const_vector, "vd";
    SELECT_VECTOR arith::select_vector, "sssd";
    GLOBAL_GET arith::global_get::<ToSlot>, "wd";
    GLOBAL_GET_ACC arith::global_get::<ToAcc>, "w";
    GLOBAL_SET_S arith::global_set::<S>, "ws";
    GLOBAL_SET_A arith::global_set::<A>, "w";
    GLOBAL_SET_I arith::global_set::<I>, "wq";
    GLOBAL_GET_VECTOR arith::global_get_vector, "wd";
    GLOBAL_SET_VECTOR arith::global_set_vector, "ws";
    ADD_128 arith::add_128, "s";
    SUB_128 arith::sub_128, "s";
    MUL_WIDE_S arith::mul_wide_s, "s";
    MUL_WIDE_U arith::mul_wide_u, "s";
    CANON_F32 arith::canon_f32, "s";
    CANON_F64 arith::canon_f64, "s";
    CANON_F32X4 vector::canon_f32x4, "s";
    CANON_F64X2 vector::canon_f64x2, "s";
    SHUFFLE vector::shuffle, "vssd";
    STORE_VECTOR memory::store_vector, "sws";
    STORE_VECTOR_FAR memory::store_vector_far, "hsqs";
    BR control::br, "b";
    BR_TABLE_S control::br_table::<S>, "st";
    BR_TABLE_A control::br_table::<A>, "t";
    UNREACHABLE control::unreachable, "";
    TRAP_IF_NULL control::trap_if_null, "s";
    FUEL control::fuel, "w";
    FUEL_CHECK control::fuel_check, "w";
    COUNT_OP control::count_op, "h";
    COUNT_CALL call::count_call, "w";
    TRACE_ENTER call::trace_enter, "w";
    TRACE_LEAVE call::trace_leave, "ws";
    CALL call::call, "ws";
    CALL_IMPORT call::call_import, "ws";
    CALL_INDIRECT_S call::call_indirect::<S>, "wwss";
    CALL_INDIRECT_A call::call_indirect::<A>, "wws";
    CALL_REF call::call_ref, "ss";
    RETURN_CALL call::return_call, "wss";
    RETURN_CALL_IMPORT call::return_call_import, "wssh";
    RETURN_CALL_INDIRECT call::return_call_indirect::<S>, "wwsssh";
    RETURN_CALL_REF call::return_call_ref, "sssh";
    ENTER_NATIVE native::enter_native, "q";
    HOT_ENTRY native::hot_entry, "w";
    HOT_LOOP native::hot_loop, "hw";
    RET call::ret, "s";
    RET_S call::ret_1::<u64, S>, "ss";
    RET_A call::ret_1::<u64, A>, "s";
    RET_F32_A call::ret_1::<f32, A>, "s";
    RET_F64_A call::ret_1::<f64, A>, "s";
    RET_I call::ret_1::<u32, I>, "sw";
    RET_N call::ret_n, "ssh";
    THROW exception::throw, "ws";
    THROW_REF exception::throw_ref, "s";
    MEMORY_COPY bulk::memory_copy, "wws";
    MEMORY_FILL bulk::memory_fill, "ws";
    MEMORY_INIT bulk::memory_init, "wws";
    DATA_DROP bulk::data_drop, "w";
    MEMORY_SIZE bulk::memory_size, "hdh";
    MEMORY_GROW bulk::memory_grow, "whs";
    TABLE_GET bulk::table_get, "ws";
    TABLE_SET bulk::table_set, "ws";
    TABLE_SIZE bulk::table_size, "wd";
    TABLE_GROW bulk::table_grow, "whs";
    TABLE_FILL bulk::table_fill, "ws";
    TABLE_COPY bulk::table_copy, "wws";
    TABLE_INIT bulk::table_init, "wws";
    ELEM_DROP bulk::elem_drop, "w";
    REF_FUNC bulk::ref_func, "wd";
}

/// First number of each family.
mod base {
    pub(super) const UNARY: u16 = 0;
    pub(super) const BINARY: u16 = UNARY + 4 * super::UNARY.len() as u16;
    pub(super) const COMMUTATIVE: u16 = BINARY + 14 * super::BINARY.len() as u16;
    pub(super) const COMPARE: u16 = COMMUTATIVE + 8 * super::COMMUTATIVE.len() as u16;
    pub(super) const COMPARE_BRANCH: u16 = COMPARE + 8 * super::COMPARE.len() as u16;
    pub(super) const TEST_BRANCH: u16 = COMPARE_BRANCH + 8 * super::COMPARE_BRANCH.len() as u16;
    pub(super) const ADD_BRANCH: u16 = TEST_BRANCH + 8 * super::TEST_BRANCH.len() as u16;
    pub(super) const SELECT: u16 = ADD_BRANCH + 2 * super::ADD_BRANCH.len() as u16;
    pub(super) const LOAD: u16 = SELECT + 8 * super::SELECT.len() as u16;
    pub(super) const STORE: u16 = LOAD + 12 * super::LOAD.len() as u16;
    pub(super) const LOAD_FAR: u16 = STORE + 18 * super::STORE.len() as u16;
    pub(super) const STORE_FAR: u16 = LOAD_FAR + super::LOAD_FAR.len() as u16;
    pub(super) const LOAD_VECTOR: u16 = STORE_FAR + super::STORE_FAR.len() as u16;
    pub(super) const LOAD_VECTOR_FAR: u16 = LOAD_VECTOR + super::LOAD_VECTOR.len() as u16;
    pub(super) const LOAD_LANE: u16 = LOAD_VECTOR_FAR + super::LOAD_VECTOR_FAR.len() as u16;
    pub(super) const STORE_LANE: u16 = LOAD_LANE + super::LOAD_LANE.len() as u16;
    pub(super) const V_UNARY: u16 = STORE_LANE + super::STORE_LANE.len() as u16;
    pub(super) const V_BINARY: u16 = V_UNARY + super::V_UNARY.len() as u16;
    pub(super) const V_TERNARY: u16 = V_BINARY + super::V_BINARY.len() as u16;
    pub(super) const EXTRACT_LANE: u16 = V_TERNARY + super::V_TERNARY.len() as u16;
    pub(super) const REPLACE_LANE: u16 = EXTRACT_LANE + super::EXTRACT_LANE.len() as u16;
    pub(super) const MISC: u16 = REPLACE_LANE + super::REPLACE_LANE.len() as u16;
}

/// Words at the start of an instruction that lead to its handler: the handler's address once the code
/// is linked, the operation's number in the first of them before that.
pub(crate) const OP_WORDS: usize = size_of::<Handler>() / size_of::<u16>();

/// Number of operations.
pub(crate) const OP_COUNT: usize = base::MISC as usize + Misc::COUNT as usize;

/// The handler of each operation.
static HANDLERS: [Handler; OP_COUNT] = {
    const fn put<const N: usize>(
        table: &mut [Handler; OP_COUNT],
        mut at: usize,
        rows: &[[Handler; N]],
    ) -> usize {
        let mut row = 0;
        while row < rows.len() {
            let mut form = 0;
            while form < N {
                table[at] = rows[row][form];
                at += 1;
                form += 1;
            }
            row += 1;
        }
        at
    }
    const fn put_flat(table: &mut [Handler; OP_COUNT], mut at: usize, rows: &[Handler]) -> usize {
        let mut row = 0;
        while row < rows.len() {
            table[at] = rows[row];
            at += 1;
            row += 1;
        }
        at
    }
    let mut table: [Handler; OP_COUNT] = [control::unreachable; OP_COUNT];
    let mut at = 0;
    at = put(&mut table, at, UNARY);
    at = put(&mut table, at, BINARY);
    at = put(&mut table, at, COMMUTATIVE);
    at = put(&mut table, at, COMPARE);
    at = put(&mut table, at, COMPARE_BRANCH);
    at = put(&mut table, at, TEST_BRANCH);
    at = put(&mut table, at, ADD_BRANCH);
    at = put(&mut table, at, SELECT);
    at = put(&mut table, at, LOAD);
    at = put(&mut table, at, STORE);
    at = put_flat(&mut table, at, LOAD_FAR);
    at = put_flat(&mut table, at, STORE_FAR);
    at = put_flat(&mut table, at, LOAD_VECTOR);
    at = put_flat(&mut table, at, LOAD_VECTOR_FAR);
    at = put_flat(&mut table, at, LOAD_LANE);
    at = put_flat(&mut table, at, STORE_LANE);
    at = put_flat(&mut table, at, V_UNARY);
    at = put_flat(&mut table, at, V_BINARY);
    at = put_flat(&mut table, at, V_TERNARY);
    at = put_flat(&mut table, at, EXTRACT_LANE);
    at = put_flat(&mut table, at, REPLACE_LANE);
    at = put_flat(&mut table, at, &MISC);
    assert!(at == OP_COUNT);
    table
};

/// Address of an operation's handler.
pub(crate) fn address(op: u16) -> *const u8 {
    HANDLERS[usize::from(op)] as *const u8
}

/// The words that lead to an operation's handler.
pub(crate) fn link(op: u16) -> [u16; OP_WORDS] {
    let address = address(op) as usize;
    std::array::from_fn(|word| (address >> (16 * word)) as u16)
}

/// Number of a form in the list `SS AS SI AI SA IS IA`, doubled to leave room for the destination.
fn pair(a: Form, b: Form) -> u16 {
    2 * match (a, b) {
        (Form::S, Form::S) => 0,
        (Form::A, Form::S) => 1,
        (Form::S, Form::I) => 2,
        (Form::A, Form::I) => 3,
        (Form::S, Form::A) => 4,
        (Form::I, Form::S) => 5,
        (Form::I, Form::A) => 6,
        (Form::A, Form::A) | (Form::I, Form::I) => unreachable!("the translator never emits this form"),
    }
}

/// An operation with a destination slot; [`to_acc`] gives its twin that leaves the result in the
/// accumulator only.
pub(crate) fn unary(row: super::rows::UnaryRow, a: Form) -> u16 {
    base::UNARY + 4 * row as u16 + 2 * u16::from(a == Form::A)
}

/// A binary operation.
pub(crate) fn binary(row: super::rows::BinaryRow, a: Form, b: Form) -> u16 {
    base::BINARY + 14 * row as u16 + pair(a, b)
}

/// A commutative binary operation; an immediate must come second, an accumulator first.
pub(crate) fn commutative(row: super::rows::CommutativeRow, a: Form, b: Form) -> u16 {
    debug_assert!(pair(a, b) < 8);
    base::COMMUTATIVE + 8 * row as u16 + pair(a, b)
}

/// A comparison; an immediate must come second, an accumulator first.
pub(crate) fn compare(row: super::rows::CompareRow, a: Form, b: Form) -> u16 {
    debug_assert!(pair(a, b) < 8);
    base::COMPARE + 8 * row as u16 + pair(a, b)
}

/// The operation that branches if the given comparison, without its destination, gives `sense`.
pub(crate) fn compare_to_branch(op: u16, sense: bool) -> Option<u16> {
    let form = op.checked_sub(base::COMPARE)?;
    (op < base::COMPARE_BRANCH).then_some(base::COMPARE_BRANCH + (form & !1) + u16::from(sense))
}

/// Whether an operation is a comparison with a destination.
pub(crate) fn is_compare(op: u16) -> bool {
    (base::COMPARE..base::COMPARE_BRANCH).contains(&op) && is_slot_twin(op)
}

/// The comparison that gives the opposite of an integer one, in the same form.
pub(crate) fn inverted_compare(op: u16) -> Option<u16> {
    use super::rows::CompareRow as C;
    let index = op.checked_sub(base::COMPARE)?;
    if op >= base::COMPARE_BRANCH {
        return None;
    }
    // Rows of integers come in the order eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u.
    const OPPOSITE: [u16; 10] = [1, 0, 8, 9, 6, 7, 4, 5, 2, 3];
    let row = index / 8;
    if row > C::I64GeU as u16 {
        return None;
    }
    let group = row / 10 * 10;
    Some(base::COMPARE + 8 * (group + OPPOSITE[usize::from(row % 10)]) + index % 8)
}

/// The operation that branches if `a & b` is not 0 (`sense`) or is 0, from `i32.and` or `i64.and`
/// without its destination.
pub(crate) fn and_to_branch(op: u16, sense: bool) -> Option<u16> {
    use super::rows::CommutativeRow as C;
    let index = op.checked_sub(base::COMMUTATIVE)?;
    let row = match index / 8 {
        row if row == C::I32And as u16 => 0,
        row if row == C::I64And as u16 => 1,
        _ => return None,
    };
    Some(base::TEST_BRANCH + 8 * row + ((index % 8) & !1) + u16::from(sense))
}

/// A `select`; a condition is never an immediate, a value never the accumulator.
pub(crate) fn select(cond: Form, a: Form, b: Form) -> u16 {
    let values = 2 * u16::from(a == Form::I) + u16::from(b == Form::I);
    base::SELECT + 8 * u16::from(cond == Form::A) + 2 * values
}

/// The operation that joins an addition of an immediate to a slot with the branch that compares the sum
/// (in the accumulator) with something.
pub(crate) fn add_to_branch(add: u16, branch: u16) -> Option<u16> {
    use super::rows::{CommutativeRow as C, CompareRow};
    let index = branch.checked_sub(base::COMPARE_BRANCH).filter(|_| branch < base::TEST_BRANCH)?;
    let (row, form) = (index / 8, index % 8);
    let wanted = if row <= CompareRow::I32GeU as u16 { C::I32Add } else { C::I64Add };
    // Forms 2 and 6 compare the accumulator with a slot or an immediate; odd ones branch if it holds.
    let takes = matches!(form, 3 | 7) && row <= CompareRow::I64GeU as u16;
    (takes && add == commutative(wanted, Form::S, Form::I))
        .then_some(base::ADD_BRANCH + 2 * row + u16::from(form == 7))
}

/// A load from memory 0.
pub(crate) fn load(row: super::rows::LoadRow, addr: AddrForm) -> u16 {
    base::LOAD + 12 * row as u16 + 2 * addr as u16
}

/// A store to memory 0.
pub(crate) fn store(row: super::rows::StoreRow, addr: AddrForm, value: Form) -> u16 {
    base::STORE + 18 * row as u16 + 3 * addr as u16 + value as u16
}

macro_rules! flat_constructors {
    ($($(#[$meta:meta])* $name:ident $row:ident $base:ident;)*) => {$(
        $(#[$meta])*
        pub(crate) fn $name(row: super::rows::$row) -> u16 {
            base::$base + row as u16
        }
    )*};
}
flat_constructors! {
    /// A load from any memory.
    load_far LoadRow LOAD_FAR;
    /// A store to any memory.
    store_far StoreRow STORE_FAR;
    /// A vector load from memory 0.
    load_vector VLoadRow LOAD_VECTOR;
    /// A vector load from any memory.
    load_vector_far VLoadRow LOAD_VECTOR_FAR;
    /// A lane load.
    load_lane LoadLaneRow LOAD_LANE;
    /// A lane store.
    store_lane StoreLaneRow STORE_LANE;
    /// A vector instruction with one operand.
    v_unary VUnaryRow V_UNARY;
    /// A vector instruction with two operands.
    v_binary VBinaryRow V_BINARY;
    /// A vector instruction with three operands.
    v_ternary VTernaryRow V_TERNARY;
    /// A lane extraction.
    extract_lane ExtractLaneRow EXTRACT_LANE;
    /// A lane replacement.
    replace_lane ReplaceLaneRow REPLACE_LANE;
}

/// The twin of an operation that ends in a destination slot, leaving the result in the accumulator
/// only: its number is one more and the last word is missing.
pub(crate) fn to_acc(op: u16) -> Option<u16> {
    let paired =
        op < base::COMPARE_BRANCH || (base::SELECT..base::STORE).contains(&op) || op == misc::GLOBAL_GET;
    (paired && is_slot_twin(op)).then_some(op + 1)
}

/// Whether an operation of a paired family is the one with a destination slot.
fn is_slot_twin(op: u16) -> bool {
    let base = match op {
        _ if op < base::BINARY => base::UNARY,
        _ if op < base::COMMUTATIVE => base::BINARY,
        _ if op < base::COMPARE => base::COMMUTATIVE,
        _ if op < base::COMPARE_BRANCH => base::COMPARE,
        _ if op < base::LOAD => base::SELECT,
        _ if op < base::STORE => base::LOAD,
        _ => return true,
    };
    (op - base).is_multiple_of(2)
}

/// Name of an operation and layout of the words after its number, in the letters of the table above
/// and `a` for an accumulator, which takes no word.
pub(crate) fn describe(op: u16) -> (String, String) {
    let dst = |form: u16| if form.is_multiple_of(2) { "d" } else { "" };
    let imm = |ty: &str| if ty.ends_with("64") { "q" } else { "w" };
    let operands = |form: u16, ty: &str| {
        let (i, s) = (imm(ty), "s");
        match form / 2 {
            0 => [s, s],
            1 => ["a", s],
            2 => [s, i],
            3 => ["a", i],
            4 => [s, "a"],
            5 => [i, s],
            _ => [i, "a"],
        }
        .concat()
    };
    let addr = |form: u16| ["s", "a", "ss", "as", "sw", "aw"][usize::from(form)];
    let at = |base: u16, forms: u16| (usize::from((op - base) / forms), (op - base) % forms);
    if op < base::BINARY {
        let (row, form) = at(base::UNARY, 4);
        let a = if form / 2 == 0 { "s" } else { "a" };
        (UNARY_NAMES[row].into(), format!("{a}{}", dst(form)))
    } else if op < base::COMMUTATIVE {
        let (row, form) = at(base::BINARY, 14);
        (BINARY_NAMES[row].into(), operands(form, BINARY_OPERANDS[row]) + dst(form))
    } else if op < base::COMPARE {
        let (row, form) = at(base::COMMUTATIVE, 8);
        (COMMUTATIVE_NAMES[row].into(), operands(form, COMMUTATIVE_OPERANDS[row]) + dst(form))
    } else if op < base::COMPARE_BRANCH {
        let (row, form) = at(base::COMPARE, 8);
        (COMPARE_NAMES[row].into(), operands(form, COMPARE_OPERANDS[row]) + dst(form))
    } else if op < base::TEST_BRANCH {
        let (row, form) = at(base::COMPARE_BRANCH, 8);
        let sense = if form % 2 == 0 { "br_unless" } else { "br_if" };
        (format!("{sense}_{}", COMPARE_NAMES[row]), operands(form, COMPARE_OPERANDS[row]) + "b")
    } else if op < base::ADD_BRANCH {
        let (row, form) = at(base::TEST_BRANCH, 8);
        let sense = if form % 2 == 0 { "br_unless" } else { "br_if" };
        let ty = ["i32", "i64"][row];
        (format!("{sense}_{ty}_and"), operands(form, ty) + "b")
    } else if op < base::SELECT {
        let (row, form) = at(base::ADD_BRANCH, 2);
        let compare = ADD_BRANCH_ROWS[row] as usize;
        let i = imm(COMPARE_OPERANDS[compare]);
        (format!("add_br_if_{}", COMPARE_NAMES[compare]), format!("s{i}d{}b", ["s", i][usize::from(form)]))
    } else if op < base::LOAD {
        let (row, form) = at(base::SELECT, 8);
        let values = ["ss", "sq", "qs", "qq"][usize::from(form / 2)];
        ("select".into(), format!("{}{values}{}", ["s", "a"][row], dst(form)))
    } else if op < base::STORE {
        let (row, form) = at(base::LOAD, 12);
        (LOAD_NAMES[row].into(), format!("{}w{}", addr(form / 2), dst(form)))
    } else if op < base::LOAD_FAR {
        let (row, form) = at(base::STORE, 18);
        let value = ["s", "a", imm(STORE_OPERANDS[row])][usize::from(form % 3)];
        (STORE_NAMES[row].into(), format!("{}w{value}", addr(form / 3)))
    } else if op < base::MISC {
        let families: [(u16, &[&str], &str); 11] = [
            (base::LOAD_FAR, LOAD_NAMES, "hsqd"),
            (base::STORE_FAR, STORE_NAMES, "hsqs"),
            (base::LOAD_VECTOR, LOAD_VECTOR_NAMES, "swd"),
            (base::LOAD_VECTOR_FAR, LOAD_VECTOR_NAMES, "hsqd"),
            (base::LOAD_LANE, LOAD_LANE_NAMES, "hsqhsd"),
            (base::STORE_LANE, STORE_LANE_NAMES, "hsqhs"),
            (base::V_UNARY, V_UNARY_NAMES, "sd"),
            (base::V_BINARY, V_BINARY_NAMES, "ssd"),
            (base::V_TERNARY, V_TERNARY_NAMES, "sssd"),
            (base::EXTRACT_LANE, EXTRACT_LANE_NAMES, "hsd"),
            (base::REPLACE_LANE, REPLACE_LANE_NAMES, "hssd"),
        ];
        let family = families.iter().rev().find(|family| family.0 <= op).unwrap_or(&families[0]);
        (family.1[usize::from(op - family.0)].into(), family.2.into())
    } else {
        let index = usize::from(op - base::MISC);
        (MISC_NAMES[index].to_lowercase(), MISC_LAYOUTS[index].into())
    }
}
