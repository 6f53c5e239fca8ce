//! Machine code and the process around it: forks, threads, signals, interrupts, memory that may not be executable.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use brisk::*;
use std::fmt::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Functions, each with a loop, and one that calls all of them and adds up what they give.
fn busy(functions: usize) -> String {
    let mut text =
        String::from("(module (memory 1) (func (export \"run\") (param i32) (result i32) (local i32)");
    for nth in 0..functions {
        let _ = write!(text, "(local.set 1 (i32.add (local.get 1) (call $f{nth} (local.get 0))))");
    }
    text.push_str("(local.get 1))");
    for nth in 0..functions {
        let _ = write!(
            text,
            "(func $f{nth} (param i32) (result i32) (local i32)
                (loop (local.set 1 (i32.add (i32.mul (local.get 1) (i32.const 31)) (i32.const {nth})))
                    (i32.store (i32.const 64) (local.get 1))
                    (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))
                (i32.load (i32.const 64)))"
        );
    }
    text + ")"
}

/// What `run` of [`busy`] gives.
fn expected(functions: usize, rounds: i32) -> i32 {
    (0..functions as i32).fold(0, |sum: i32, nth| {
        sum.wrapping_add((0..rounds.max(1)).fold(0, |x: i32, _| x.wrapping_mul(31).wrapping_add(nth)))
    })
}

fn config(tier: Tier, threads: usize) -> Config {
    let mut config = Config::new();
    config.tier(tier).tier_threshold(1).compile_threads(threads).log_tiers(true);
    config
}

struct Running {
    store: Store<()>,
    run: TypedFunc<i32, i32>,
}

impl Running {
    fn new(engine: &Engine, module: &Module) -> Running {
        let mut store = Store::new(engine, ());
        let made = Instance::new(&mut store, module, &[]).unwrap();
        let run = made.get_typed_func(&mut store, "run").unwrap();
        Running { store, run }
    }

    fn call(&mut self, arg: i32) -> i32 {
        self.run.call(&mut self.store, arg).unwrap()
    }
}

fn count(engine: &Engine, wanted: impl Fn(TierOutcome) -> bool) -> usize {
    engine.tier_events().iter().filter(|event| wanted(event.outcome)).count()
}

fn is_compiled(outcome: TierOutcome) -> bool {
    matches!(outcome, TierOutcome::Compiled { .. })
}

const CHILD: &str = "BRISK_TEST_CHILD";

/// Runs a test again, in a process of its own, unless this is that process.
fn child(name: &str) -> Option<Output> {
    if std::env::var_os(CHILD).is_some() {
        return None;
    }
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test);
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    Some(command.output().unwrap())
}

/// As above, and the child must succeed. Whether this is the child.
fn is_child(name: &str) -> bool {
    let Some(output) = child(name) else { return true };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{:?} {out} {err}", output.status);
    false
}

// Code memory.

#[test]
fn little_code_memory_leaves_the_rest_to_the_interpreter() {
    let module = busy(300);
    for bytes in [0, 1, 16 << 10, 96 << 10, 1 << 20] {
        for tier in [Tier::Jit, Tier::Auto] {
            let engine = Engine::new(config(tier, 0).max_code_memory(bytes)).unwrap();
            let module = Module::new(&engine, &module).unwrap();
            let mut running = Running::new(&engine, &module);
            for round in 0..5 {
                assert_eq!(running.call(20 + round), expected(300, 20 + round), "{bytes} {tier:?}");
            }
            let compiled = count(&engine, is_compiled);
            let refused = count(&engine, |outcome| outcome == TierOutcome::Refused);
            assert_eq!(engine.tier_events().len(), compiled + refused, "{bytes} {tier:?}");
            match bytes {
                // One by one each takes a page.
                0x1_0000.. => {
                    assert!(
                        compiled > 5 && (refused > 0) == (tier == Tier::Auto),
                        "{bytes} {tier:?} {compiled}"
                    );
                }
                0x4000 => assert!(compiled > 0 && refused > 100, "{tier:?} {compiled} {refused}"),
                _ => assert!(compiled == 0 && refused >= 300, "{bytes} {tier:?} {compiled} {refused}"),
            }
        }
    }
}

#[test]
fn where_nothing_may_become_executable_all_is_interpreted() {
    const PR_SET_MDWE: i32 = 65;
    if !is_child("where_nothing_may_become_executable_all_is_interpreted") {
        return;
    }
    // SAFETY: restricts this process, which is there for that.
    if unsafe { libc::prctl(PR_SET_MDWE, 1_usize, 0_usize, 0_usize, 0_usize) } != 0 {
        return;
    }
    for tier in [Tier::Jit, Tier::Auto] {
        let engine = Engine::new(&config(tier, 0)).unwrap();
        let module = Module::new(&engine, busy(20)).unwrap();
        let mut running = Running::new(&engine, &module);
        assert_eq!(running.call(100), expected(20, 100));
        assert_eq!(running.call(200), expected(20, 200));
        assert_eq!(count(&engine, is_compiled), 0, "{tier:?}");
        assert!(count(&engine, |outcome| outcome == TierOutcome::Refused) >= 20, "{tier:?}");
    }
}

#[test]
fn few_addresses_are_enough() {
    if !is_child("few_addresses_are_enough") {
        return;
    }
    let limit = libc::rlimit { rlim_cur: 512 << 20, rlim_max: 512 << 20 };
    // SAFETY: restricts this process, which is there for that.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    let engine = Engine::new(&config(Tier::Auto, 1)).unwrap();
    let text = busy(10);
    let mut all = Vec::new();
    for _ in 0..60 {
        let module = Module::new(&engine, &text).unwrap();
        let mut running = Running::new(&engine, &module);
        assert_eq!(running.call(100), expected(10, 100));
        all.push(running);
        std::thread::sleep(Duration::from_millis(2));
    }
    for running in &mut all {
        assert_eq!(running.call(50), expected(10, 50));
    }
}

#[test]
fn nothing_is_writable_and_executable() {
    let engine = Engine::new(&config(Tier::Auto, 2)).unwrap();
    let module = Module::new(&engine, busy(300)).unwrap();
    let mut running = Running::new(&engine, &module);
    let mut seen = 0;
    for _ in 0..200 {
        assert_eq!(running.call(10), expected(300, 10));
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        for line in maps.lines() {
            let access = line.split_whitespace().nth(1).unwrap();
            assert!(!(access.contains('w') && access.contains('x')), "{line}");
        }
        seen = count(&engine, is_compiled);
        if seen >= 300 {
            break;
        }
    }
    assert!(seen > 0);
}

// Forks and threads.

#[test]
fn a_child_goes_on_while_its_parent_compiles() {
    if !is_child("a_child_goes_on_while_its_parent_compiles") {
        return;
    }
    let text = busy(200);
    for round in 0..60 {
        let engine = Engine::new(&config(Tier::Auto, 4)).unwrap();
        let module = Module::new(&engine, &text).unwrap();
        let mut running = Running::new(&engine, &module);
        assert_eq!(running.call(10), expected(200, 10));
        std::thread::sleep(Duration::from_micros(round * 50));
        // SAFETY: the child runs what is made to be run there, and ends without what the parent registered.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: ends a child that hangs.
            unsafe { libc::alarm(20) };
            let right = running.call(11) == expected(200, 11) && {
                // Something new, for its own threads.
                let module = Module::new(&engine, &text).unwrap();
                let mut fresh = Running::new(&engine, &module);
                let before = count(&engine, is_compiled);
                let mut right = true;
                while right && count(&engine, is_compiled) < before + 100 {
                    right = fresh.call(12) == expected(200, 12) && running.call(12) == expected(200, 12);
                }
                right
            };
            // SAFETY: ends the process without running what the parent has registered.
            unsafe { libc::_exit(if right { 0 } else { 1 }) };
        }
        assert!(child > 0);
        assert_eq!(running.call(13), expected(200, 13));
        let mut status = 0;
        // SAFETY: waits for the child, which is one of this process.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0, "round {round}");
        assert_eq!(running.call(14), expected(200, 14));
    }
}

#[test]
fn a_deadline_holds_in_a_child() {
    if !is_child("a_deadline_holds_in_a_child") {
        return;
    }
    for tier in [Tier::Interp, Tier::Jit] {
        let engine = Engine::new(Config::new().tier(tier)).unwrap();
        let text = r#"(module (import "" "fork" (func $fork (result i32)))
            (func (export "here") (loop $again (br $again)))
            (func (export "inside") (if (call $fork) (then (return))) (loop $again (br $again))))"#;
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        let fork = Func::wrap(&mut store, || {
            // SAFETY: the child runs what is made to be run there, and ends without what the parent registered.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: ends a child that hangs.
                unsafe { libc::alarm(20) };
            }
            child
        });
        let instance = Instance::new(&mut store, &module, &[fork.into()]).unwrap();
        let [here, inside] =
            ["here", "inside"].map(|name| instance.get_typed_func::<(), ()>(&mut store, name).unwrap());
        let parent = std::process::id();
        let ends = |store: &mut Store<()>, inside: &TypedFunc<(), ()>| {
            let ended = inside.call(&mut *store, ());
            if std::process::id() == parent {
                ended.unwrap();
                let mut status = 0;
                // SAFETY: waits for the child, which is the only one of this process.
                unsafe { libc::waitpid(-1, &raw mut status, 0) };
                assert_eq!(status, 0, "{tier}");
                return;
            }
            let deadline = |ended: Result<()>| ended.unwrap_err().downcast_ref() == Some(&Trap::Deadline);
            let mut right = deadline(ended);
            // Once more, to be watched by the child's thread.
            store.set_timeout(Duration::from_millis(30)).unwrap();
            right &= deadline(here.call(&mut *store, ()));
            // SAFETY: ends the process without running what the parent has registered.
            unsafe { libc::_exit(if right { 0 } else { 1 }) };
        };
        store.set_timeout(Duration::from_millis(300)).unwrap();
        ends(&mut store, &inside);
    }
}

/// Threads that compile, of this process.
fn compile_threads() -> usize {
    let names = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("brisk-compile")).count()
}

#[test]
fn threads_end_with_their_engine() {
    if !is_child("threads_end_with_their_engine") {
        return;
    }
    let text = busy(100);
    let mut most = 0;
    for _ in 0..20 {
        let engine = Engine::new(&config(Tier::Auto, 4)).unwrap();
        let module = Module::new(&engine, &text).unwrap();
        let mut running = Running::new(&engine, &module);
        assert_eq!(running.call(10), expected(100, 10));
        most = most.max(compile_threads());
        // All of it ends with jobs that wait and some that run.
    }
    assert!(most > 0);
    let start = Instant::now();
    while compile_threads() > 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} threads are left", compile_threads());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn modules_come_and_go_on_many_threads() {
    let engine = Engine::new(&config(Tier::Auto, 3)).unwrap();
    let text = Arc::new(busy(12));
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (engine, text) = (engine.clone(), text.clone());
            std::thread::spawn(move || {
                for nth in 0..50 {
                    let module = Module::new(&engine, text.as_str()).unwrap();
                    let mut running = Running::new(&engine, &module);
                    drop(module);
                    for _ in 0..=(nth + thread) % 4 {
                        assert_eq!(running.call(nth), expected(12, nth));
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(count(&engine, |outcome| outcome == TierOutcome::Failed), 0);
}

// Signals.

const FAULTS: &str = r#"(module (import "" "host" (func $host)) (memory 1)
    (func (export "host") (call $host))
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    (func $deep (export "deep") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.load (i32.const -4)))))
    (func $endless (export "endless") (param i32) (result i32)
        (i32.add (i32.const 1) (call $endless (local.get 0)))))"#;

fn faults(tier: Tier) -> (Store<()>, Instance) {
    let engine = Engine::new(&config(tier, 0)).unwrap();
    let module = Module::new(&engine, FAULTS).unwrap();
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, || {
        // SAFETY: there is nothing there, which the handler is to learn.
        unsafe { std::ptr::dangling::<u8>().read_volatile() };
    });
    let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    (store, made)
}

/// Traps, and everything works as before.
fn traps(tier: Tier) {
    let (mut store, made) = faults(tier);
    for _ in 0..3 {
        for (name, arg, trap) in [
            ("load", -4, Trap::MemoryOutOfBounds),
            ("load", 0x1_0000, Trap::MemoryOutOfBounds),
            ("deep", 2_000, Trap::MemoryOutOfBounds),
            ("endless", 0, Trap::StackOverflow),
        ] {
            let func = made.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            let ended = func.call(&mut store, arg).unwrap_err();
            assert_eq!(ended.downcast_ref(), Some(&trap), "{name} {arg} {tier:?}");
        }
        let load = made.get_typed_func::<i32, i32>(&mut store, "load").unwrap();
        assert_eq!(load.call(&mut store, 0xfffc).unwrap(), 0);
    }
}

#[test]
fn traps_in_deep_recursion_and_at_the_end_of_the_stack() {
    traps(Tier::Jit);
    traps(Tier::Auto);
}

#[test]
fn traps_on_threads_that_others_made() {
    extern "C" fn run(_: *mut libc::c_void) -> *mut libc::c_void {
        traps(Tier::Jit);
        traps(Tier::Auto);
        std::ptr::dangling_mut()
    }
    let mut thread = 0;
    let mut result = std::ptr::null_mut();
    // SAFETY: a thread that is waited for; a panic there ends the process.
    unsafe {
        let (none, arg) = (std::ptr::null(), std::ptr::null_mut());
        assert_eq!(libc::pthread_create(&raw mut thread, none, run, arg), 0);
        assert_eq!(libc::pthread_join(thread, &raw mut result), 0);
    }
    assert!(!result.is_null());
}

static PREVIOUS: std::sync::OnceLock<libc::sigaction> = std::sync::OnceLock::new();

/// Ends the process as only this handler does.
extern "C" fn last(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(42) };
}

/// Passes everything on.
extern "C" fn pass(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let previous = PREVIOUS.get().unwrap();
    // SAFETY: it was installed as a handler of this kind.
    unsafe {
        type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
        let handler: Handler = std::mem::transmute(previous.sa_sigaction);
        handler(signal, info, context);
    }
}

/// Installs a handler; gives the previous one.
fn install(handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void)) -> libc::sigaction {
    // SAFETY: an action without a mask, with a handler of the kind that the flag says.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        let mut previous = std::mem::zeroed();
        assert_eq!(libc::sigaction(libc::SIGSEGV, &raw const action, &raw mut previous), 0);
        previous
    }
}

/// A process with handlers of its own before and after ours: traps are traps, and what else there is gets to the first.
fn handlers(name: &str, after: bool) {
    if let Some(output) = child(name) {
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.status.signal()), (Some(42), None), "{err}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("about to fault"));
        return;
    }
    install(last);
    let (mut store, made) = faults(Tier::Jit);
    if after {
        assert!(PREVIOUS.set(install(pass)).is_ok());
    }
    traps(Tier::Jit);
    traps(Tier::Auto);
    let host = made.get_typed_func::<(), ()>(&mut store, "host").unwrap();
    println!("about to fault");
    host.call(&mut store, ()).unwrap();
    unreachable!("the handler ends the process");
}

#[test]
fn a_fault_of_a_host_function_gets_to_the_handler_from_before() {
    handlers("a_fault_of_a_host_function_gets_to_the_handler_from_before", false);
}

#[test]
fn a_handler_from_after_passes_traps_on() {
    handlers("a_handler_from_after_passes_traps_on", true);
}

// Interrupts.

const ENDLESS: &str = r#"(module (type $f (func (param i32) (result i32)))
    (table 2 funcref) (elem (i32.const 0) func $indirect $other) (memory 1) (global $g (mut i32) (i32.const 0))
    (func (export "loop") (param i32) (result i32) (loop (br 0)) (unreachable))
    (func (export "loop with work") (param i32) (result i32)
        (loop (i32.store (i32.const 8) (i32.add (local.get 0) (i32.load (i32.const 8)))) (br 0)) (unreachable))
    (func (export "outer loop") (param i32) (result i32) (local i32)
        (loop $outer (local.set 1 (i32.const 3))
            (loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))) (br $outer)) (unreachable))
    (func (export "by table") (param i32) (result i32)
        (loop (block (br_table 0 1 0 1 (global.get $g))) (br 0)) (unreachable))
    (func (export "with calls") (param i32) (result i32)
        (loop (drop (call $other (i32.const 0))) (br 0)) (unreachable))
    (func (export "exceptions") (param i32) (result i32)
        (loop (block (try_table (catch_all 0) (throw $t))) (br 0)) (unreachable))
    (tag $t)
    (func $tail (export "tail calls") (param i32) (result i32) (return_call $tail (local.get 0)))
    (func $ping (export "ping") (param i32) (result i32) (return_call $pong (local.get 0)))
    (func $pong (param i32) (result i32) (return_call $ping (local.get 0)))
    (func $indirect (export "indirect tail calls") (param i32) (result i32)
        (return_call_indirect (type $f) (local.get 0) (i32.const 0)))
    (func $by_ref (export "tail calls by reference") (param i32) (result i32)
        (return_call_ref $f (local.get 0) (ref.func $indirect)))
    (func $other (param i32) (result i32) (local.get 0))
    (func $fib (export "recursion") (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 60))
            (then (i32.add (call $fib (i32.add (local.get 0) (i32.const 1)))
                (call $fib (i32.add (local.get 0) (i32.const 1)))))
            (else (i32.const 1))))
    (elem declare func $indirect))"#;

const ENDLESS_NAMES: [&str; 11] = [
    "loop",
    "loop with work",
    "outer loop",
    "by table",
    "with calls",
    "exceptions",
    "tail calls",
    "ping",
    "indirect tail calls",
    "tail calls by reference",
    "recursion",
];

#[test]
fn whatever_does_not_end_can_be_interrupted() {
    for (tier, threads) in [(Tier::Jit, 0), (Tier::Auto, 0), (Tier::Auto, 1)] {
        let engine = Engine::new(config(tier, threads).epoch_interruption(true)).unwrap();
        let module = Module::new(&engine, ENDLESS).unwrap();
        let mut store = Store::new(&engine, ());
        let made = Instance::new(&mut store, &module, &[]).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let clock = std::thread::spawn({
            let (engine, ended) = (engine.clone(), ended.clone());
            move || {
                while !ended.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(10));
                    engine.increment_epoch();
                }
            }
        });
        for name in ENDLESS_NAMES {
            let func = made.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            for by_deadline in [false, true, false] {
                store.set_epoch_deadline(if by_deadline { u64::MAX / 2 } else { 2 });
                let soon = Instant::now() + Duration::from_millis(20);
                store.set_deadline(by_deadline.then_some(soon)).unwrap();
                let error = func.call(&mut store, 0).unwrap_err();
                let expected = if by_deadline { Trap::Deadline } else { Trap::Interrupt };
                assert_eq!(error.downcast_ref(), Some(&expected), "{name} {tier:?} {error:?}");
            }
        }
        ended.store(true, Ordering::Relaxed);
        clock.join().unwrap();
    }
}

// Fuel.

/// With each amount of fuel: how it ends, and what is left.
fn fuel(tier: Tier, text: &str, amounts: &[u64]) -> Vec<(Option<i32>, u64, i32)> {
    let engine = Engine::new(config(tier, 0).consume_fuel(true)).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let made = Instance::new(&mut store, &module, &[]).unwrap();
    let run = made.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    let seen = made.get_global(&mut store, "seen").unwrap();
    let each = amounts.iter().map(|&amount| {
        store.set_fuel(amount).unwrap();
        let ended = run.call(&mut store, 25);
        if let Err(error) = &ended {
            assert_eq!(error.downcast_ref(), Some(&Trap::OutOfFuel));
        }
        (ended.ok(), store.get_fuel().unwrap(), seen.get(&mut store).i32().unwrap())
    });
    each.collect()
}

#[test]
fn fuel_runs_out_at_the_same_point_in_each_tier() {
    let programs = [
        r#"(module (global $seen (export "seen") (mut i32) (i32.const 0)) (func (export "run") (param i32) (result i32) (local i32)
            (loop (local.set 1 (i32.add (local.get 1) (i32.mul (local.get 0) (local.get 0))))
                (global.set $seen (local.get 1))
                (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 1)))"#,
        r#"(module (global $seen (export "seen") (mut i32) (i32.const 0)) (memory 1)
            (func $f (param i32) (result i32) (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
                (if (result i32) (i32.lt_s (local.get 0) (i32.const 20)) (then (local.get 0))
                    (else (i32.add (call $f (i32.sub (local.get 0) (i32.const 1)))
                        (call $f (i32.sub (local.get 0) (i32.const 2)))))))
            (func (export "run") (param i32) (result i32) (call $f (local.get 0))))"#,
        r#"(module (global $seen (export "seen") (mut i32) (i32.const 0)) (tag $t (param i32))
            (func $g (param i32) (result i32)
                (if (i32.and (local.get 0) (i32.const 1)) (then (throw $t (local.get 0)))) (local.get 0))
            (func (export "run") (param i32) (result i32) (local i32 i32)
                (loop $outer (local.set 2 (i32.const 3))
                    (loop (local.set 1 (i32.add (local.get 1)
                            (block (result i32) (try_table (result i32) (catch $t 0) (call $g (local.get 0))))))
                        (global.set $seen (local.get 1))
                        (br_if 0 (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))))
                    (br_if $outer (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get 1)))"#,
    ];
    let amounts: Vec<u64> = (0..700).chain([1_000, 1_234, 10_000, 100_000]).collect();
    for (nth, text) in programs.iter().enumerate() {
        let expected = fuel(Tier::Interp, text, &amounts);
        assert!(expected[0].0.is_none() && expected.last().unwrap().0.is_some());
        for tier in [Tier::Jit, Tier::Auto] {
            let found = fuel(tier, text, &amounts);
            for ((amount, found), expected) in amounts.iter().zip(&found).zip(&expected) {
                assert_eq!(found, expected, "program {nth}, {amount} of fuel, {tier:?}");
            }
        }
    }
}
