//! `--preload`: modules that provide imports of others.

use crate::support::{Place, has, prints};

#[test]
fn imports_come_from_modules_loaded_before() {
    let place = Place::new();
    place.file("one.wat", "(module (func (export \"one\") (result i32) (i32.const 1)))");
    place.file(
        "two.wat",
        r#"(module (import "one" "one" (func $one (result i32)))
            (func (export "two") (result i32) (i32.add (call $one) (call $one))))"#,
    );
    place.file(
        "main.wat",
        r#"(module (import "one" "one" (func $one (result i32))) (import "two" "two" (func $two (result i32)))
            (func (export "three") (result i32) (i32.add (call $one) (call $two))))"#,
    );
    assert_eq!(
        place.brisk("--preload one=one.wat --preload two=two.wat --invoke three main.wat").printed(),
        "3\n"
    );
    // Each can only import from those before it.
    let stderr = place.brisk("--preload two=two.wat --preload one=one.wat --invoke three main.wat").failed(1);
    has(&stderr, &["error: ", "one"]);
}

#[test]
fn memories_tables_and_globals_are_shared() {
    let place = Place::new();
    place.file(
        "env.wat",
        r#"(module (memory (export "memory") 1) (global (export "at") i32 (i32.const 8))
            (data (i32.const 8) "\2a") (table (export "table") 1 funcref))"#,
    );
    place.file(
        "main.wat",
        r#"(module (import "env" "memory" (memory 1)) (import "env" "at" (global $at i32)) (import "env" "table" (table 1 funcref))
            (func (export "read") (result i32) (i32.load8_u (global.get $at))))"#,
    );
    assert_eq!(place.brisk("--preload env=env.wat --invoke read main.wat").printed(), "42\n");
}

#[test]
fn what_is_preloaded_is_initialized_and_may_use_wasi() {
    let place = Place::new();
    let lib = prints("ready\n").replace("_start", "_initialize");
    place.file("lib.wat", lib);
    place.file("main.wat", "(module (func (export \"_start\")))");
    assert_eq!(place.brisk("--preload lib=lib.wat main.wat").printed(), "ready\n");
}

#[test]
fn a_missing_import_is_named() {
    let place = Place::with(
        "main.wat",
        r#"(module (import "env" "missing" (func (param i32))) (func (export "_start")))"#,
    );
    has(
        &place.brisk("main.wat").failed(1),
        &["error: running `main.wat`", "env", "missing", "--preload env=FILE"],
    );
    place.file("other.wat", r#"(module (func (export "missing")))"#);
    has(&place.brisk("--preload env=other.wat main.wat").failed(1), &["env", "missing"]);
}

#[test]
fn what_cannot_be_preloaded_is_an_error() {
    let place = Place::with("main.wat", r#"(module (func (export "_start")))"#);
    has(&place.brisk("--preload env=missing.wasm main.wat").failed(1), &["missing.wasm", "No such file"]);
    has(&place.brisk("--preload env main.wat").failed(2), &["error: ", "NAME=FILE"]);
}
