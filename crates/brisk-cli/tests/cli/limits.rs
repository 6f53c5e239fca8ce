//! Fuel, time, memory, tables and stack.

use crate::support::{Place, has, wasi_program};
use std::process::Stdio;
use std::time::{Duration, Instant};

const LOOP: &str = "(module (func $spin (export \"_start\") (loop (br 0))))";

#[test]
fn fuel_runs_out() {
    let place = Place::with("loop.wat", LOOP);
    has(&place.brisk("--fuel 10_000 loop.wat").failed(134), &["running `loop.wat`", "fuel", "at spin"]);
    place.file("short.wat", "(module (func (export \"_start\")))");
    assert_eq!(place.brisk("--fuel 10000 short.wat").printed(), "");
    has(&place.brisk("--fuel lots loop.wat").failed(2), &["error: ", "lots"]);
}

#[test]
fn time_runs_out_in_a_loop() {
    let place = Place::with("loop.wat", LOOP);
    let start = Instant::now();
    // On a loaded machine, with its processor emulated, it takes some time to get there.
    has(
        &place.brisk("--timeout 1s loop.wat").failed(134),
        &["running `loop.wat`", "deadline passed", "at spin"],
    );
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn time_runs_out_before_the_program_starts() {
    let place = Place::with("start.wat", "(module (func $spin (loop (br 0))) (start $spin))");
    has(&place.brisk("--timeout 50ms start.wat").failed(134), &["deadline passed"]);
}

#[test]
fn time_runs_out_in_a_sleep() {
    // A subscription to the monotonic clock (tag 0, id 1), in an hour.
    let sleep = wasi_program(
        &["poll_oneoff"],
        "(i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 3_600_000_000_000))
         (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))",
    );
    let place = Place::with("sleep.wat", &sleep);
    let start = Instant::now();
    has(&place.brisk("--timeout 100ms sleep.wat").failed(134), &["deadline passed"]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn time_runs_out_waiting_for_input() {
    let read = wasi_program(
        &["fd_read"],
        "(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 1))
         (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))",
    );
    let place = Place::with("read.wat", &read);
    let (_open, input) = std::io::pipe().map(|(reader, writer)| (writer, reader)).unwrap();
    let ran = crate::support::ran(place.command("--timeout 100ms read.wat").stdin(Stdio::from(input)));
    has(&ran.failed(134), &["deadline passed"]);
}

#[test]
fn a_time_needs_a_unit() {
    let place = Place::with("loop.wat", LOOP);
    has(&place.brisk("--timeout 5 loop.wat").failed(2), &["error: ", "5", "`500ms`"]);
}

/// Exports `grow` (pages) and, in a second memory, `grow_other`; both give -1 if they cannot.
const MEMORIES: &str = r#"(module (memory 1) (memory $other 1)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "both") (param i32) (result i32 i32)
        (memory.grow (local.get 0)) (memory.grow $other (local.get 0))))"#;

#[test]
fn memories_share_a_limit() {
    let place = Place::with("grow.wat", MEMORIES);
    assert_eq!(place.brisk("--max-memory 256KiB --invoke grow grow.wat 2").printed(), "1\n");
    assert_eq!(place.brisk("--max-memory 256KiB --invoke grow grow.wat 3").printed(), "-1\n");
    assert_eq!(place.brisk("--max-memory 262144 --invoke both grow.wat 1").printed(), "1\n1\n");
    assert_eq!(place.brisk("--max-memory 256K --invoke both grow.wat 2").printed(), "1\n-1\n");
    assert_eq!(place.brisk("--invoke both grow.wat 2").printed(), "1\n1\n");
}

#[test]
fn a_program_that_begins_beyond_its_limit_is_not_run() {
    let place = Place::with("big.wat", "(module (memory 100) (func (export \"_start\")))");
    has(&place.brisk("--max-memory 1MiB big.wat").failed(1), &["error: running `big.wat`", "memory"]);
    place.file("table.wat", "(module (table 100 funcref) (func (export \"_start\")))");
    has(
        &place.brisk("--max-table-elements 10 table.wat").failed(1),
        &["error: running `table.wat`", "table"],
    );
    has(&place.brisk("--max-memory 1parsec big.wat").failed(2), &["error: ", "MiB"]);
}

#[test]
fn growing_beyond_the_limit_can_be_a_trap() {
    let place = Place::with("grow.wat", MEMORIES);
    let stderr =
        place.brisk("--max-memory 256KiB --trap-on-grow-failure --invoke grow grow.wat 3").failed(134);
    has(&stderr, &["growing a memory", "memory limit"]);
}

#[test]
fn tables_have_a_limit() {
    let place = Place::with(
        "table.wat",
        r#"(module (table 1 funcref)
            (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#,
    );
    assert_eq!(place.brisk("--max-table-elements 10 --invoke grow table.wat 9").printed(), "1\n");
    assert_eq!(place.brisk("--max-table-elements 10 --invoke grow table.wat 10").printed(), "-1\n");
}

#[test]
fn the_stack_has_a_limit_that_can_be_moved() {
    let place = Place::with(
        "deep.wat",
        r#"(module (func $deep (export "deep") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 0)))))"#,
    );
    assert_eq!(place.brisk("--invoke deep deep.wat 1000").printed(), "1000\n");
    has(&place.brisk("--invoke deep deep.wat 1000000").failed(134), &["call stack exhausted", "at deep"]);
    has(&place.brisk("--max-stack 16KiB --invoke deep deep.wat 1000").failed(134), &["call stack exhausted"]);
    assert_eq!(place.brisk("--max-stack 256MiB --invoke deep deep.wat 1000000").printed(), "1000000\n");
}
