//! `brisk FILE` and `brisk run FILE`: programs, their arguments and their status.

use crate::support::{Place, exits_with, has, prints, prints_args, ran, wasi_program};

#[test]
fn a_program_is_run_with_or_without_the_word_run() {
    let place = Place::with("hello.wat", &prints("hello"));
    assert_eq!(place.brisk("hello.wat").printed(), "hello");
    assert_eq!(place.brisk("run hello.wat").printed(), "hello");
    assert_eq!(place.brisk("--tier interp hello.wat").printed(), "hello");
}

#[test]
fn binary_modules_are_run() {
    let place = Place::new();
    place.file("hello.wasm", wat::parse_str(prints("hello")).unwrap());
    assert_eq!(place.brisk("hello.wasm").printed(), "hello");
}

#[test]
fn a_minus_reads_the_module_from_standard_input() {
    let place = Place::new();
    let text = prints("hello");
    assert_eq!(place.brisk_with_input("-", &text).printed(), "hello");
    assert_eq!(place.brisk_with_input("run -", wat::parse_str(&text).unwrap()).printed(), "hello");
    assert_eq!(place.brisk_with_input("- a", prints_args()).printed(), "-\0a\0");
}

#[test]
fn whatever_follows_the_file_is_the_programs() {
    let place = Place::with("args.wat", &prints_args());
    assert_eq!(place.brisk("args.wat").printed(), "args.wat\0");
    assert_eq!(place.brisk("args.wat a b").printed(), "args.wat\0a\0b\0");
    let options = "args.wat --help --dir . -- -x --invoke f";
    assert_eq!(place.brisk(options).printed(), "args.wat\0--help\0--dir\0.\0--\0-x\0--invoke\0f\0");
    assert_eq!(place.brisk("run --tier=interp args.wat --version").printed(), "args.wat\0--version\0");
    assert_eq!(place.brisk("run -- args.wat --env").printed(), "args.wat\0--env\0");
}

#[test]
fn the_programs_name_can_be_set() {
    let place = Place::with("args.wat", &prints_args());
    assert_eq!(place.brisk("--argv0 tool args.wat x").printed(), "tool\0x\0");
}

#[test]
fn cargo_can_use_it_as_a_runner() {
    // Cargo splits the variable at blanks and appends the program and its arguments.
    let place = Place::with("test.wat", &prints_args());
    assert_eq!(place.brisk("run --dir=. test.wat --nocapture").printed(), "test.wat\0--nocapture\0");
}

#[test]
fn the_status_is_the_programs_own() {
    let place = Place::new();
    for (name, status, expected) in
        [("zero.wat", "0", 0), ("seven.wat", "7", 7), ("byte.wat", "255", 255), ("high.wat", "0x103", 3)]
    {
        place.file(name, exits_with(&[], &format!("(i32.const {status})")));
        assert_eq!(place.brisk(name).failed(expected), "", "{name}");
    }
    place.file("returns.wat", "(module (func (export \"_start\")))");
    assert_eq!(place.brisk("returns.wat").printed(), "");
}

#[test]
fn a_signal_ends_the_program_as_a_shell_would_say_it() {
    let place =
        Place::with("raise.wat", &wasi_program(&["proc_raise"], "(drop (call $proc_raise (i32.const 6)))"));
    // WASI's signal 6 is `abrt`.
    assert_eq!(place.brisk("raise.wat").failed(134), "");
}

#[test]
fn a_program_can_exit_while_it_is_instantiated() {
    let place = Place::with(
        "start.wat",
        r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func $main (call $exit (i32.const 9)))
            (start $main))"#,
    );
    assert_eq!(place.brisk("start.wat").failed(9), "");
}

#[test]
fn a_trap_ends_with_134_and_names_its_functions() {
    let place = Place::with(
        "trap.wat",
        r#"(module $guest
            (func $divide (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
            (func $main (export "_start") (drop (call $divide (i32.const 1) (i32.const 0)))))"#,
    );
    let stderr = place.brisk("trap.wat").failed(134);
    has(
        &stderr,
        &[
            "error: running `trap.wat`",
            "integer divide by zero\n",
            "at divide (guest, 0x",
            "at main (guest, 0x",
        ],
    );
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
}

#[test]
fn functions_without_names_are_named_by_their_index() {
    let place = Place::with("trap.wat", "(module (func) (func (export \"_start\") unreachable))");
    has(&place.brisk("trap.wat").failed(134), &["`unreachable`", "\n  at function 1 (0x"]);
}

#[test]
fn a_trap_in_a_start_function_is_a_trap() {
    let place = Place::with("trap.wat", "(module (func $begin unreachable) (start $begin))");
    has(&place.brisk("trap.wat").failed(134), &["running `trap.wat`", "`unreachable`", "at begin"]);
}

#[test]
fn an_uncaught_exception_ends_the_program_like_a_trap() {
    let place = Place::with("throw.wat", "(module (tag $t) (func $main (export \"_start\") (throw $t)))");
    let stderr = place.brisk("throw.wat").failed(134);
    has(&stderr, &["running `throw.wat`", "exception", "at main"]);
}

#[test]
fn output_before_a_trap_is_not_lost() {
    let place = Place::with("trap.wat", &prints("first\n").replacen("(data", "(func $unused) (data", 1));
    assert_eq!(place.brisk("trap.wat").printed(), "first\n");
    let traps = wasi_program(
        &["fd_write"],
        "(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 2))
         (i32.store8 (i32.const 16) (i32.const 0x68)) (i32.store8 (i32.const 17) (i32.const 0x69))
         (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) unreachable",
    );
    place.file("trap.wat", traps);
    let ran = place.brisk("trap.wat");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(134), "hi"));
}

#[test]
fn a_module_that_is_only_initialized_is_run_too() {
    let place = Place::new();
    place.file("reactor.wat", "(module (func (export \"_initialize\") unreachable))");
    has(&place.brisk("reactor.wat").failed(134), &["`unreachable`"]);
    place.file("start.wat", "(module (func $f (export \"f\")) (start $f))");
    assert_eq!(place.brisk("start.wat").printed(), "");
}

#[test]
fn a_module_without_a_program_says_what_can_be_called() {
    let place = Place::with(
        "lib.wat",
        "(module (func (export \"add\")) (func (export \"sub\")) (memory (export \"m\") 1))",
    );
    let stderr = place.brisk("lib.wat").failed(2);
    has(&stderr, &["`lib.wat` is not a program", "no `_start`", "--invoke", "`add`, `sub`\n"]);
    place.file("empty.wat", "(module)");
    has(&place.brisk("empty.wat").failed(2), &["is not a program"]);
    place.file("odd.wat", "(module (func (export \"_start\") (param i32)))");
    has(&place.brisk("odd.wat").failed(2), &["`_start`", "without parameters"]);
}

#[test]
fn programs_from_before_preview_1_run_too() {
    let old = prints("hello").replace("wasi_snapshot_preview1", "wasi_unstable");
    assert_eq!(Place::with("old.wat", &old).brisk("old.wat").printed(), "hello");
    // The numbers for what an offset counts from are others: 1 is the end.
    let seek = r#"(module
        (import "wasi_unstable" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
        (import "wasi_unstable" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (drop (call $seek (i32.const 0) (i64.const -1) (i32.const 1) (i32.const 8)))
            (call $exit (i32.load (i32.const 8)))))"#;
    let place = Place::with("seek.wat", seek);
    place.file("input", "four");
    let input = std::fs::File::open(place.path().join("input")).unwrap();
    assert_eq!(ran(place.command("seek.wat").stdin(input)).status, Some(3));
}
