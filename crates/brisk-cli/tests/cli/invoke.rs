//! `--invoke`: arguments by type, results, and what is said when they do not fit.

use crate::support::{Place, has};

/// A place with a function that gives back its parameter.
fn identity(ty: &str) -> Place {
    Place::with("f.wat", &format!("(module (func (export \"f\") (param {ty}) (result {ty}) (local.get 0)))"))
}

#[test]
fn values_of_each_type_go_in_and_come_out() {
    for (ty, pairs) in [
        (
            "i32",
            &[("1", "1"), ("-1", "-1"), ("4294967295", "-1"), ("0x10", "16"), ("-0x80000000", "-2147483648")]
                [..],
        ),
        ("i64", &[("-1", "-1"), ("18446744073709551615", "-1"), ("1_000_000_000_000", "1000000000000")]),
        (
            "f32",
            &[
                ("1.5", "1.5"),
                ("-0", "-0"),
                ("3", "3"),
                ("inf", "inf"),
                ("nan", "nan"),
                ("nan:0x1", "nan:0x1"),
            ],
        ),
        ("f64", &[("1e300", "1e300"), ("0.1", "0.1"), ("-inf", "-inf"), ("-nan", "-nan")]),
        (
            "v128",
            &[
                ("i32x4:1,2,3,-1", "i32x4:0x1,0x2,0x3,0xffffffff"),
                ("i8x16:1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,2", "i32x4:0x1,0x0,0x0,0x2000000"),
                ("f64x2:0,1", "i32x4:0x0,0x0,0x0,0x3ff00000"),
                ("0x1_00000000", "i32x4:0x0,0x1,0x0,0x0"),
            ],
        ),
        ("externref", &[("null", "null"), ("some-text", "some-text")]),
        ("funcref", &[("null", "null"), ("f", "(func (param funcref) (result funcref))")]),
        ("exnref", &[("null", "null")]),
        ("anyref", &[("null", "null")]),
    ] {
        let place = identity(ty);
        for (argument, result) in pairs {
            let printed = place.brisk(&format!("--invoke f f.wat {argument}")).printed();
            assert_eq!(printed, format!("{result}\n"), "{ty} {argument}");
        }
    }
}

#[test]
fn negative_numbers_need_no_quoting() {
    let place = identity("i32");
    assert_eq!(place.brisk("run --invoke=f f.wat -7").printed(), "-7\n");
}

#[test]
fn several_results_are_printed_one_a_line() {
    let place = Place::with(
        "swap.wat",
        "(module (func (export \"swap\") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
                 (func (export \"none\")))",
    );
    assert_eq!(place.brisk("--invoke swap swap.wat 1 2.5").printed(), "2.5\n1\n");
    assert_eq!(place.brisk("--invoke none swap.wat").printed(), "");
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    for (ty, argument, why) in [
        ("i32", "x", "`x`, is no i32"),
        ("i32", "4294967296", "is no i32"),
        ("i64", "1.5", "is no i64"),
        ("f32", "one", "is no f32"),
        ("v128", "i32x4:1,2", "is no v128"),
        ("funcref", "g", "neither `null` nor an exported function"),
        ("exnref", "x", "is not `null`"),
    ] {
        let stderr = identity(ty).brisk(&format!("--invoke f f.wat {argument}")).failed(2);
        has(&stderr, &["error: cannot call `f`: argument 1, ", why]);
    }
    let place = identity("i32");
    has(
        &place.brisk("--invoke f f.wat").failed(2),
        &["it takes 1 argument, 0 given", "(param i32) (result i32)"],
    );
    has(&place.brisk("--invoke f f.wat 1 2").failed(2), &["it takes 1 argument, 2 given"]);
}

#[test]
fn references_that_are_never_null_are_asked_for_by_name() {
    let place = Place::with(
        "f.wat",
        r#"(module
            (type $t (func (result i32)))
            (func (export "seven") (result i32) (i32.const 7))
            (func (export "other") (param i32))
            (func (export "call") (param (ref $t)) (result i32) (call_ref $t (local.get 0))))"#,
    );
    assert_eq!(place.brisk("--invoke call f.wat seven").printed(), "7\n");
    has(&place.brisk("--invoke call f.wat null").failed(2), &["`null`", "never null"]);
    has(&place.brisk("--invoke call f.wat other").failed(2), &["`other`", "(param i32)"]);
}

#[test]
fn a_name_that_is_not_exported_is_guessed_at() {
    let place = Place::with(
        "math.wat",
        "(module (func (export \"multiply\")) (func (export \"add\")) (global (export \"pi\") i32 (i32.const 3)))",
    );
    has(
        &place.brisk("--invoke multipyl math.wat").failed(2),
        &["`math.wat` exports no `multipyl`; is `multiply` meant?"],
    );
    has(
        &place.brisk("--invoke nothing-like-it math.wat").failed(2),
        &["its functions are `multiply`, `add`"],
    );
    has(&place.brisk("--invoke pi math.wat").failed(2), &["`pi` is not a function"]);
    place.file("empty.wat", "(module)");
    has(&place.brisk("--invoke f empty.wat").failed(2), &["exports no `f`, nor any other function"]);
}

#[test]
fn what_a_module_exports_cannot_drive_the_terminal() {
    let place = Place::with("esc.wat", "(module (func (export \"\\1b[2J\")))");
    let stderr = place.brisk("--invoke f esc.wat").failed(2);
    assert!(!stderr.contains('\x1b'), "{stderr:?}");
    has(&stderr, &["\\u{1b}[2J"]);
}

#[test]
fn a_reactor_is_initialized_first() {
    let place = Place::with(
        "reactor.wat",
        r#"(module
            (global $ready (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $ready (i32.add (global.get $ready) (i32.const 1))))
            (func (export "ready") (result i32) (global.get $ready)))"#,
    );
    assert_eq!(place.brisk("--invoke ready reactor.wat").printed(), "1\n");
}

#[test]
fn a_program_is_not_started_by_calling_another_function() {
    let place = Place::with(
        "program.wat",
        r#"(module (func (export "_start") unreachable) (func (export "f") (result i32) (i32.const 5)))"#,
    );
    assert_eq!(place.brisk("--invoke f program.wat").printed(), "5\n");
}

#[test]
fn a_trap_in_a_called_function_is_a_trap() {
    let place = Place::with("f.wat", "(module (func $f (export \"f\") (param i32) unreachable))");
    has(&place.brisk("--invoke f f.wat 1").failed(134), &["`unreachable`", "at f"]);
}
