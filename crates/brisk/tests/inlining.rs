//! Calls that machine code does not make, because it has the called function in their place, look like all others.

use brisk::*;
use std::fmt::Write;

fn places(trace: &WasmBacktrace) -> Vec<(u32, Option<usize>)> {
    trace.frames().iter().map(|frame| (frame.func_index(), frame.func_offset())).collect()
}

/// How a program is run.
#[derive(Clone, Copy, Debug)]
struct Way {
    tier: Tier,
    signals: bool,
    inlining: bool,
}

const WAYS: [Way; 6] = [
    Way { tier: Tier::Interp, signals: true, inlining: true },
    Way { tier: Tier::Jit, signals: true, inlining: true },
    Way { tier: Tier::Jit, signals: false, inlining: true },
    Way { tier: Tier::Auto, signals: true, inlining: true },
    Way { tier: Tier::Jit, signals: true, inlining: false },
    Way { tier: Tier::Auto, signals: true, inlining: false },
];

/// What can be seen of a call of the export `f`: results, or why and where it ended; what the host saw (the import
/// `e.see`, which fails for 13); what is left in the exported global `g`; fuel left.
fn seen(way: Way, text: &str, fuel: Option<u64>, argument: i32) -> String {
    let mut config = Config::new();
    config.deterministic(true).compile_threads(0).tier_threshold(0).log_tiers(true);
    config.tier(way.tier).signals_based_traps(way.signals).compiler_inlining(way.inlining);
    config.consume_fuel(fuel.is_some());
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, String::new());
    if let Some(fuel) = fuel {
        store.set_fuel(fuel).unwrap();
    }
    let mut linker = Linker::new(&engine);
    let see = |mut caller: Caller<'_, String>, value: i32| -> Result<i32> {
        let trace = places(&WasmBacktrace::force_capture(&caller));
        write!(caller.data_mut(), "{value} {trace:?}; ").unwrap();
        if value == 13 { Err(Error::msg("thirteen")) } else { Ok(value + 1) }
    };
    linker.func_wrap("e", "see", see).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let func = instance.get_func(&mut store, "f").unwrap();
    let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
    let mut text = match func.call(&mut store, &[argument.into()], &mut results) {
        Ok(()) => format!("{results:?}"),
        Err(error) => {
            let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
            format!("{:?} {:?}", error.downcast_ref::<Trap>(), places(trace))
        }
    };
    if let Some(global) = instance.get_global(&mut store, "g") {
        write!(text, " g {:?}", global.get(&mut store)).unwrap();
    }
    if fuel.is_some() {
        write!(text, " fuel {}", store.get_fuel().unwrap()).unwrap();
    }
    for event in engine.tier_events() {
        assert!(matches!(event.outcome, TierOutcome::Compiled { .. }), "{way:?}: {event:?}: {text}");
    }
    format!("{text} {}", store.data())
}

/// The same is seen in every way; that is given.
fn everywhere(text: &str, fuel: Option<u64>, argument: i32) -> String {
    let [first, others @ ..] = WAYS;
    let expected = seen(first, text, fuel, argument);
    for way in others {
        assert_eq!(seen(way, text, fuel, argument), expected, "{way:?}, {argument}, fuel {fuel:?}: {text}");
    }
    expected
}

/// As above, with every amount of fuel that is not enough, and more.
fn with_every_fuel(text: &str, argument: i32) {
    for fuel in (0..300).chain((300..10_000).step_by(17)) {
        let seen = everywhere(text, Some(fuel), argument);
        if !seen.starts_with("Some(OutOfFuel)") {
            assert!(fuel > 5, "{seen}");
            everywhere(text, Some(fuel + 3), argument);
            return;
        }
    }
    panic!("ten thousand are not enough");
}

#[test]
fn traps_say_where_they_are() {
    let text = r#"(module (memory 1) (global $g (export "g") (mut i32) (i32.const 0))
        (func $divide (param i32) (result i32)
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (i32.div_u (i32.const 100) (local.get 0)))
        (func $load (param i32) (result i32)
            (i32.add (i32.load offset=65532 (local.get 0)) (call $divide (i32.sub (local.get 0) (i32.const 3)))))
        (func $dead (param i32) (if (local.get 0) (then unreachable)))
        (func (export "f") (param i32) (result i32)
            (call $dead (i32.eq (local.get 0) (i32.const 7)))
            (i32.mul (call $divide (i32.add (local.get 0) (i32.const 1))) (call $load (local.get 0)))))"#;
    assert_eq!(everywhere(text, None, 0), "[I32(0)] g I32(2) ");
    assert_eq!(
        everywhere(text, None, -1),
        "Some(IntegerDivisionByZero) [(0, Some(13)), (3, Some(13))] g I32(1) "
    );
    assert_eq!(
        everywhere(text, None, 7),
        "Some(UnreachableCodeReached) [(2, Some(5)), (3, Some(6))] g I32(0) "
    );
    assert_eq!(everywhere(text, None, 3), "Some(MemoryOutOfBounds) [(1, Some(3)), (3, Some(17))] g I32(1) ");
}

#[test]
fn a_trap_two_calls_deep_has_three_frames() {
    let text = r#"(module
        (func $a (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
        (func $b (param i32) (result i32) (i32.add (call $a (local.get 0)) (call $a (i32.sub (local.get 0) (i32.const 1)))))
        (func (export "f") (param i32) (result i32) (local i32)
            (local.set 1 (call $b (i32.add (local.get 0) (i32.const 1))))
            (i32.add (local.get 1) (call $b (local.get 0)))))"#;
    assert_eq!(
        everywhere(text, None, 0),
        "Some(IntegerDivisionByZero) [(0, Some(5)), (1, Some(10)), (2, Some(8))] "
    );
    assert_eq!(
        everywhere(text, None, -1),
        "Some(IntegerDivisionByZero) [(0, Some(5)), (1, Some(3)), (2, Some(8))] "
    );
    everywhere(text, None, 1);
    with_every_fuel(text, 5);
}

#[test]
fn the_host_sees_who_called() {
    let text = r#"(module (import "e" "see" (func $see (param i32) (result i32)))
        (func $leaf (param i32) (result i32) (call $see (i32.add (local.get 0) (i32.const 1))))
        (func $twice (param i32) (result i32) (call $leaf (call $leaf (local.get 0))))
        (func (export "f") (param i32) (result i32) (call $leaf (call $twice (local.get 0)))))"#;
    let seen = everywhere(text, None, 0);
    assert!(seen.starts_with("[I32(6)] 1 [(1, Some("), "{seen}");
    // A host function that fails, in each of the calls.
    for first in [12, 10, 8] {
        let seen = everywhere(text, None, first);
        assert!(seen.starts_with("None [(1, Some(6)), "), "{seen}");
    }
    with_every_fuel(text, 0);
}

#[test]
fn fuel_ends_where_it_does_without() {
    // Branches, a loop, early returns, and recursion in what is inlined.
    let text = r#"(module (global $g (export "g") (mut i32) (i32.const 0))
        (func $odd (param i32) (result i32)
            (if (i32.eqz (i32.and (local.get 0) (i32.const 1))) (then (return (i32.const 0))))
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (block (br_if 0 (i32.lt_s (local.get 0) (i32.const 3))) (return (i32.const 2)))
            (i32.const 1))
        (func $sum (param i32) (result i32) (local i32)
            (block (loop
                (br_if 1 (i32.eqz (local.get 0)))
                (local.set 1 (i32.add (local.get 1) (call $odd (local.get 0))))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br 0)))
            (local.get 1))
        (func $fib (param i32) (result i32)
            (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0)) (else
                (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                    (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
        (func (export "f") (param i32) (result i32) (local i32)
            (loop
                (local.set 1 (i32.add (local.get 1) (i32.mul (call $sum (local.get 0)) (call $fib (local.get 0)))))
                (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))
            (local.get 1)))"#;
    assert!(everywhere(text, Some(1000), 4).starts_with("[I32(17)]"));
    with_every_fuel(text, 4);
}

#[test]
fn handlers_around_a_call_catch_what_is_thrown_in_its_place() {
    let text = r#"(module (import "e" "see" (func $see (param i32) (result i32)))
        (tag $t (param i32 i64)) (tag $u) (global $g (export "g") (mut i32) (i32.const 0))
        (func $throws (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $t (i32.const 40) (i64.const 2))))
            (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $u)))
            (if (i32.eq (local.get 0) (i32.const 3)) (then unreachable))
            (local.get 0))
        (func $large (param i32) (result i32) (local v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128 v128
                v128 v128 v128 v128 v128 v128)
            (call $throws (local.get 0)))
        (func $through (param i32) (result i32)
            (i32.add (call $throws (local.get 0)) (call $large (i32.sub (local.get 0) (i32.const 3)))))
        (func $catches (param i32) (result i32) (local i32)
            (local.set 1 (i32.const 100))
            (block $u
                (block $t (result i32 i64)
                    (try_table (catch $t $t) (catch $u $u)
                        (local.set 1 (i32.const 200))
                        (local.set 1 (call $through (local.get 0)))
                        (local.set 1 (i32.add (local.get 1) (call $see (local.get 0)))))
                    (return (local.get 1)))
                (return (i32.add (i32.wrap_i64) (i32.add (local.get 1)))))
            (i32.mul (local.get 1) (i32.const 7)))
        (func (export "f") (param i32) (result i32)
            (global.set $g (call $catches (local.get 0)))
            (block $all
                (return (try_table (result i32) (catch_all $all)
                    (call $through (i32.sub (local.get 0) (i32.const 10))))))
            (i32.const 77)))"#;
    for argument in [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16] {
        everywhere(text, None, argument);
    }
    assert!(everywhere(text, None, 1).contains("g I32(242)"));
    assert!(everywhere(text, None, 2).contains("g I32(1400)"));
    for argument in [1, 2, 4, 5, 11] {
        with_every_fuel(text, argument);
    }
}

#[test]
fn handlers_in_what_is_compiled_may_leave_it() {
    // The label of the handlers is the function itself, and the handlers stand around an inlined function's calls.
    let text = r#"(module (tag $t (param i32))
        (func $throws (param i32) (result i32)
            (if (i32.gt_s (local.get 0) (i32.const 5)) (then (throw $t (local.get 0))))
            (i32.const 1))
        (func (export "f") (param i32) (result i32)
            (try_table (catch $t 0)
                (drop (i32.add (local.get 0) (i32.mul (call $throws (local.get 0)) (i32.const 3)))))
            (i32.const -1)))"#;
    assert_eq!(everywhere(text, None, 5), "[I32(-1)] ");
    assert_eq!(everywhere(text, None, 6), "[I32(6)] ");
    with_every_fuel(text, 6);
}

#[test]
fn parameters_are_the_callees_own_and_locals_begin_as_zeros() {
    let text = r#"(module
        (func $mix (param i32 i64 f32 f64) (result i32) (local i32 i64 f32 f64 v128 externref)
            (local.set 0 (i32.add (local.get 0) (local.get 4)))
            (local.set 4 (i32.const 7))
            (local.set 1 (i64.add (local.get 1) (local.get 5)))
            (local.set 5 (i64.const 9))
            (local.set 2 (f32.add (local.get 2) (local.get 6)))
            (local.set 6 (f32.const 3))
            (local.set 3 (f64.add (local.get 3) (local.get 7)))
            (local.set 7 (f64.const 5))
            (i32.add (i32.add (local.get 0) (i32.wrap_i64 (local.get 1)))
                (i32.add (i32.trunc_f32_s (local.get 2))
                    (i32.add (i32.trunc_f64_s (local.get 3)) (ref.is_null (local.get 9))))))
        (func (export "f") (param i32) (result i32) (local i32 i64)
            (local.set 2 (i64.const 1))
            (loop
                (local.set 1 (i32.add (local.get 1)
                    (call $mix (local.get 0) (local.get 2) (f32.convert_i32_s (local.get 0)) (f64.convert_i32_s (local.get 0)))))
                (local.set 2 (i64.add (local.get 2) (i64.const 1)))
                (br_if 0 (i32.gt_s (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))
            (i32.add (local.get 1) (local.get 0))))"#;
    let one = |n: i32, at: i32| 3 * n + at + 1;
    let expected: i32 = (1..=9).map(|n| one(n, 10 - n)).sum();
    assert_eq!(everywhere(text, None, 9), format!("[I32({expected})] "));
    with_every_fuel(text, 3);
}

#[test]
fn several_results_and_branches_out() {
    let text = r#"(module
        (func $three (param i32) (result i32 i64 i32)
            (i32.const 1000)
            (block
                (br_if 0 (i32.lt_s (local.get 0) (i32.const 3)))
                (i32.const 1) (i32.const 5) (i64.const 6) (i32.const 7)
                (br_if 1 (i32.eq (local.get 0) (i32.const 4)))
                drop drop drop drop
                (i32.const 25) (i64.const 26) (local.get 0)
                (br_table 1 1 1 (i32.sub (local.get 0) (i32.const 5))))
            (i64.const 36)
            (local.get 0))
        (func (export "f") (param i32) (result i32 i64 i32 i32) (local i32)
            (local.set 1 (i32.const 500))
            (call $three (local.get 0))
            (local.set 0)
            (i64.const 1) (i64.add) (local.get 0)
            (call $three (i32.const 8)) (drop) (drop) (drop)
            (i32.add (local.get 1) (i32.const 1))))"#;
    assert_eq!(everywhere(text, None, 2), "[I32(1000), I64(37), I32(2), I32(501)] ");
    assert_eq!(everywhere(text, None, 4), "[I32(5), I64(7), I32(7), I32(501)] ");
    assert_eq!(everywhere(text, None, 5), "[I32(25), I64(27), I32(5), I32(501)] ");
    with_every_fuel(text, 5);
}

#[test]
fn what_follows_a_call_that_never_returns() {
    let text = r#"(module (global $g (export "g") (mut i32) (i32.const 0))
        (func $forever (param i32) (result i32 i64)
            (loop
                (global.set $g (i32.add (global.get $g) (i32.const 1)))
                (if (i32.eq (global.get $g) (local.get 0)) (then unreachable))
                (br 0))
            (unreachable))
        (func $stop (param i32) (unreachable))
        (func $around (param i32) (result i32)
            (call $forever (local.get 0)) (drop) (drop)
            (block (loop (br_if 1 (local.get 0)) (br 0)))
            (i32.const 3))
        (func (export "f") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (call $stop (i32.const 1)) (local.set 0 (i32.const 4))))
            (if (result i32) (i32.eq (local.get 0) (i32.const 1)) (then (i32.const 8))
                (else (i32.const 9) (i32.const 10) (call $around (local.get 0)) (i32.add) (i32.add)))))"#;
    assert_eq!(everywhere(text, None, 1), "[I32(8)] g I32(0) ");
    assert!(everywhere(text, None, 5).starts_with("Some(UnreachableCodeReached) [(0, "));
    assert!(everywhere(text, None, 0).starts_with("Some(UnreachableCodeReached) [(1, "));
    with_every_fuel(text, 3);
}

#[test]
fn recursion_still_ends_where_the_stack_does() {
    for text in [
        r#"(module (func $f (export "f") (param i32) (result i32)
            (i32.add (i32.const 1) (call $f (i32.add (local.get 0) (i32.const 1))))))"#,
        r#"(module (func $f (export "f") (param i32) (result i32)
                (i32.add (i32.const 1) (call $g (i32.add (local.get 0) (i32.const 1)))))
            (func $g (param i32) (result i32) (i32.add (i32.const 1) (call $h (local.get 0))))
            (func $h (param i32) (result i32) (i32.add (call $f (local.get 0)) (call $g (local.get 0)))))"#,
    ] {
        for way in WAYS {
            let seen = seen(way, text, None, 0);
            assert!(seen.starts_with("Some(StackOverflow) "), "{way:?} {}", &seen[..100.min(seen.len())]);
        }
    }
}

#[test]
fn functions_that_call_each_other() {
    let text = r#"(module
        (func $even (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
                (else (call $odd (i32.sub (local.get 0) (i32.const 1))))))
        (func $odd (param i32) (result i32)
            (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
                (else (call $even (i32.sub (local.get 0) (i32.const 1))))))
        (func (export "f") (param i32) (result i32)
            (i32.add (call $even (local.get 0)) (i32.mul (call $odd (local.get 0)) (i32.const 2)))))"#;
    for argument in 0..20 {
        assert_eq!(everywhere(text, None, argument), format!("[I32({})] ", 1 + (argument & 1)));
    }
    with_every_fuel(text, 9);
}

#[test]
fn loops_taken_over_have_functions_in_them() {
    // Values stand on the stack while a call's place has joins and loops of its own, and the function calls itself
    // before, in and behind its loop.
    let text = r#"(module (memory 1) (global $g (export "g") (mut i32) (i32.const 0))
        (func $power (param i32 i32) (result i32) (local i32)
            (local.set 2 (i32.const 1))
            (block (loop (br_if 1 (i32.eqz (local.get 1)))
                (local.set 2 (i32.mul (local.get 2) (local.get 0)))
                (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
                (br 0)))
            (local.get 2))
        (func $pick (param i32) (result i32)
            (if (result i32) (i32.and (local.get 0) (i32.const 1))
                (then (global.set $g (i32.add (global.get $g) (i32.const 1))) (i32.const 3)) (else (i32.const 5))))
        (func $f (export "f") (param i32) (result i32) (local $i i32) (local $s i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
            (local.set $s (call $f (i32.sub (local.get 0) (i32.const 1))))
            (loop $outer
                (i32.const 17) (local.get $s)
                (loop $inner
                    (i32.const 1000) (local.get $i)
                    (call $power (call $pick (local.get $i)) (i32.and (local.get $i) (i32.const 3)))
                    (i32.add) (i32.add)
                    (local.set $s (i32.add (local.get $s)))
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $inner (i32.and (local.get $i) (i32.const 7))))
                (i32.add) (local.set $s (i32.add (local.get $s)))
                (br_if $outer (i32.lt_s (local.get $i) (i32.const 24))))
            (i32.add (local.get $s) (call $f (i32.const 0)))))"#;
    for argument in 0..5 {
        everywhere(text, None, argument);
    }
    with_every_fuel(text, 1);
}

#[test]
fn memories_that_grow_and_calls_through_tables() {
    let text = r#"(module (memory 1 9) (table 4 funcref) (elem (i32.const 0) $grow $load)
        (type $t (func (param i32) (result i32)))
        (func $grow (param i32) (result i32) (memory.grow (local.get 0)))
        (func $load (param i32) (result i32) (i32.load (local.get 0)))
        (func $indirect (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1)))
        (func $get (param i32) (result i32)
            (i32.add (i32.load (local.get 0)) (call $indirect (local.get 0) (i32.const 1))))
        (func (export "f") (param i32) (result i32)
            (i32.store (i32.const 65532) (i32.const 5))
            (i32.add (call $get (i32.const 65532))
                (i32.add (call $grow (i32.const 1))
                    (i32.add (call $indirect (i32.const 1) (i32.const 0))
                        (i32.add (call $get (i32.const 65533)) (call $indirect (i32.const 0) (local.get 0))))))))"#;
    for argument in 0..5 {
        everywhere(text, None, argument);
    }
}

#[test]
fn what_is_not_inlined_works_as_well() {
    let text = r#"(module (tag $t (param i32))
        (func $tail (param i32) (result i32)
            (if (result i32) (local.get 0) (then (return_call $tail (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 5))))
        (func $catches (param i32) (result i32)
            (block (result i32) (try_table (result i32) (catch $t 0) (throw $t (local.get 0)))))
        (func (export "f") (param i32) (result i32)
            (i32.add (call $tail (local.get 0)) (call $catches (local.get 0)))))"#;
    assert_eq!(everywhere(text, None, 10), "[I32(15)] ");
    with_every_fuel(text, 4);
}
