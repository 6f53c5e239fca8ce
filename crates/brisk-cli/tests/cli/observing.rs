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

/// Adds numbers in a loop, one call after the other.
const HOT: &str = r#"(module $guest
    (func $sum (param $n i32) (result i32)
        (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
    (func $idle)
    (func (export "main") (param $n i32) (result i32)
        (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (call $sum (i32.const 100))))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"#;

#[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), target_os = "linux"))]
mod tiers {
    use super::*;

    const RUN: &str = "--tier-threshold 10 --compile-threads 0 --invoke main hot.wat 1000";

    #[test]
    fn what_was_compiled_is_listed() {
        let ran = Place::with("hot.wat", HOT).brisk(&format!("--profile tiers {RUN}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "5050000\n"), "{ran:?}");
        has(&ran.stderr, &["compiled:\n", "at, ms", "wasm bytes", "code bytes\n"]);
        has(&ran.stderr, &["  sum", " function", " loop"]);
        has(&ran.stderr, &["left to the interpreter:\n", "1 not used enough\n"]);
        let ran =
            Place::with("hot.wat", HOT).brisk("--tier interp --profile tiers --invoke main hot.wat 1000");
        has(&ran.stderr, &["0 functions, 0 loops\n", "3 not used enough\n"]);
    }

    #[test]
    fn compilations_are_traced() {
        let ran = Place::with("hot.wat", HOT).brisk(&format!("--trace=tier {RUN}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "5050000\n"), "{ran:?}");
        has(&ran.stderr, &[" ms] compiled sum", " bytes to ", " in ", " ms\n"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn perf_is_told_of_machine_code() {
        let place = Place::with("hot.wat", HOT);
        let child = place.command(&format!("--profile perfmap,jitdump {RUN}")).spawn().expect("it starts");
        let id = child.id();
        assert!(child.wait_with_output().expect("it ends").status.success());
        let path = format!("/tmp/perf-{id}.map");
        let map = std::fs::read_to_string(&path).expect("a perf map");
        std::fs::remove_file(&path).expect("the perf map is there");
        assert!(map.lines().any(|line| line.split(' ').nth(2) == Some("sum")), "{map}");
        let dump = std::fs::read(place.path().join(format!("jit-{id}.dump"))).expect("a jit dump");
        assert!(dump.windows(4).any(|bytes| bytes == b"sum\0"));
    }
}
