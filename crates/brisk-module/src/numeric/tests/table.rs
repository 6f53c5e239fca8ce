use crate::for_each_numeric_op;
use crate::numeric;
use std::collections::{BTreeMap, BTreeSet};

/// A row: operator, function, section, number of operands on the stack.
struct Row(&'static str, &'static str, &'static str, usize);

macro_rules! value {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
    (f32) => {
        f32
    };
    (f64) => {
        f64
    };
    (v128) => {
        numeric::V128
    };
    (lane) => {
        u8
    };
    (lanes) => {
        [u8; 16]
    };
}

macro_rules! result {
    (unary_trap $result:ident) => { Result<value!($result), numeric::NumericTrap> };
    (binary_trap $result:ident) => { Result<value!($result), numeric::NumericTrap> };
    ($section:ident ($($result:ident),*)) => { ($(value!($result)),*) };
    ($section:ident $result:ident) => { value!($result) };
}

macro_rules! rows {
    (prefix tokens; $($section:ident {
        $($operator:ident $function:ident ($($operand:ident),*) -> $result:tt;)*
    })*) => {
        fn rows() -> Vec<Row> {
            // The row's types are the function's.
            $($(let _: fn($(value!($operand)),*) -> result!($section $result) = numeric::$function;)*)*
            let on_stack = |operands: &[&str]| operands.iter().filter(|name| !name.starts_with("lane")).count();
            vec![$($(Row(
                stringify!($operator),
                stringify!($function),
                stringify!($section),
                on_stack(&[$(stringify!($operand)),*]),
            ),)*)*]
        }
    };
}
for_each_numeric_op!(rows, prefix tokens;);

/// An operator: proposal, visitor, arity annotation.
struct Operator(&'static str, &'static str, &'static str);

macro_rules! operators {
    ($(@$proposal:ident $operator:ident $({ $($field:ident: $type:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        fn operators() -> BTreeMap<&'static str, Operator> {
            BTreeMap::from([$((
                stringify!($operator),
                Operator(stringify!($proposal), stringify!($visit), stringify!($($arity)*)),
            ),)*])
        }
    };
}
wasmparser::for_each_operator!(operators);

/// Instructions of the 1.0 set that are control, variables, memory, parametric or constants.
const IMPURE: &[&str] = &[
    "Unreachable",
    "Nop",
    "Block",
    "Loop",
    "If",
    "Else",
    "End",
    "Br",
    "BrIf",
    "BrTable",
    "Return",
    "Call",
    "CallIndirect",
    "Drop",
    "Select",
    "LocalGet",
    "LocalSet",
    "LocalTee",
    "GlobalGet",
    "GlobalSet",
    "I32Load",
    "I64Load",
    "F32Load",
    "F64Load",
    "I32Load8S",
    "I32Load8U",
    "I32Load16S",
    "I32Load16U",
    "I64Load8S",
    "I64Load8U",
    "I64Load16S",
    "I64Load16U",
    "I64Load32S",
    "I64Load32U",
    "I32Store",
    "I64Store",
    "F32Store",
    "F64Store",
    "I32Store8",
    "I32Store16",
    "I64Store8",
    "I64Store16",
    "I64Store32",
    "MemorySize",
    "MemoryGrow",
    "I32Const",
    "I64Const",
    "F32Const",
    "F64Const",
];

/// The vector instructions on memory, and the constant.
const IMPURE_SIMD: &[&str] = &[
    "V128Load",
    "V128Load8x8S",
    "V128Load8x8U",
    "V128Load16x4S",
    "V128Load16x4U",
    "V128Load32x2S",
    "V128Load32x2U",
    "V128Load8Splat",
    "V128Load16Splat",
    "V128Load32Splat",
    "V128Load64Splat",
    "V128Load32Zero",
    "V128Load64Zero",
    "V128Store",
    "V128Load8Lane",
    "V128Load16Lane",
    "V128Load32Lane",
    "V128Load64Lane",
    "V128Store8Lane",
    "V128Store16Lane",
    "V128Store32Lane",
    "V128Store64Lane",
    "V128Const",
];

#[test]
fn the_table_lists_exactly_the_pure_instructions() {
    let pure: BTreeSet<&str> = operators()
        .into_iter()
        .filter(|(name, Operator(proposal, ..))| match *proposal {
            "mvp" => !IMPURE.contains(name),
            "simd" => !IMPURE_SIMD.contains(name),
            "sign_extension" | "saturating_float_to_int" | "relaxed_simd" | "wide_arithmetic" => true,
            _ => false,
        })
        .map(|(name, _)| name)
        .collect();
    let listed: BTreeSet<&str> = rows().iter().map(|row| row.0).collect();
    assert_eq!(listed, pure);
    assert_eq!(rows().len(), pure.len(), "no row twice");
    // 1.0 has 172 instructions and the vector set 236.
    assert_eq!(pure.len(), (172 - IMPURE.len()) + (236 - IMPURE_SIMD.len()) + 5 + 8 + 20 + 4);
}

#[test]
fn each_row_is_named_and_shaped_as_its_instruction() {
    let operators = operators();
    for Row(operator, function, section, operands) in rows() {
        let Operator(_, visit, arity) = &operators[operator];
        assert_eq!(*visit, format!("visit_{function}"));
        let results = if section == "wide" { 2 } else { 1 };
        assert_eq!(*arity, format!("arity {operands} -> {results}"), "{operator}");
        let expected = match section {
            "unary" | "unary_trap" | "test" | "v_unary" | "extract_lane" => 1..=1,
            "v_ternary" => 3..=3,
            "wide" => 2..=4,
            _ => 2..=2,
        };
        assert!(expected.contains(&operands), "{operator} in {section}");
    }
}

const PAIRS: [(u64, u64); 4] =
    [(3, 5), (0, u64::MAX), (0x8000_0000_8000_0000, 0x7fff_ffff_7fff_ffff), (1, 0xff00_ff00_0ff0_00ff)];

/// Calls a function of two `i32` or two `i64` in both orders.
macro_rules! commutes {
    ($($section:ident {
        $($operator:ident $function:ident $operands:tt -> $result:tt;)*
    })*) => {
        #[test]
        fn commutative_rows_commute() {
            $($(commutes!(@$section $function $operands);)*)*
        }
    };
    (@binary_commutative $function:ident $operands:tt) => {
        for (a, b) in PAIRS {
            assert_eq!(numeric::$function(a as _, b as _), numeric::$function(b as _, a as _));
        }
    };
    (@$section:ident $function:ident $operands:tt) => {};
}
for_each_numeric_op!(commutes);
