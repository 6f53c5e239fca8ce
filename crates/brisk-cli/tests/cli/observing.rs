//! `--profile` and `--trace`.

use crate::support::{Place, has, prints};

/// Calls `$callee` three times.
const CALLS: &str = r#"(module $guest
    (func $callee (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $main (export "main") (result i32)
        (call $callee (call $callee (call $callee (i32.const 4))))))"#;

fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn instructions_are_counted() {
    let ran = Place::with("calls.wat", CALLS).brisk("--profile ops --invoke main calls.wat");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "7\n"));
    let rows = rows(&ran.stderr);
    has(rows[0][1], &["instruction"]);
    let total: u64 = rows[0][0].parse().unwrap();
    let counts: Vec<u64> = rows[1..].iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(counts.iter().sum::<u64>(), total);
    assert!(counts.is_sorted_by(|a, b| a >= b), "{rows:?}");
    let count = |name: &str| rows[1..].iter().find(|row| row[3] == name).map(|row| (row[0], row[2]));
    assert_eq!(count("i32.add"), Some(("3", "%")));
    assert_eq!(count("call"), Some(("3", "%")));
}

#[test]
fn calls_are_counted_with_shares() {
    let ran = Place::with("calls.wat", CALLS).brisk("--profile=calls --invoke main calls.wat");
    assert_eq!(ran.status, Some(0));
    let rows = rows(&ran.stderr);
    assert_eq!(
        rows,
        [vec!["4", "calls:"], vec!["3", "75.00", "%", "callee"], vec!["1", "25.00", "%", "main"]]
    );
}

#[test]
fn a_profile_comes_after_a_trap_too() {
    let place = Place::with("trap.wat", "(module (func $main (export \"_start\") unreachable))");
    let stderr = place.brisk("--profile calls,ops trap.wat").failed(134);
    has(&stderr, &["1 call:", "100.00 %  main", "instruction", "error: running `trap.wat`"]);
}

#[test]
fn calls_are_traced() {
    let ran = Place::with("calls.wat", CALLS).brisk("--trace=calls --invoke main calls.wat");
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "7\n"));
    has(&ran.stderr, &["main", "callee", "4", "callee", "5", "callee", "6", "7"]);
}

#[test]
fn calls_of_the_system_are_traced() {
    let place = Place::with("hello.wat", &prints("hello"));
    for args in
        ["--trace wasi hello.wat", "--trace=calls,wasi hello.wat", "--trace calls --trace wasi hello.wat"]
    {
        let ran = place.brisk(args);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "hello"));
        has(&ran.stderr, &["fd_write(1, [5 bytes]) = 5\n"]);
        assert_eq!(ran.stderr.contains("main"), args.contains("calls"), "{args}: {}", ran.stderr);
    }
}
