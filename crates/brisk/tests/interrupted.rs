//! Interrupts whose callbacks do much: whatever was on its way between functions gets there all the same.

use brisk::*;

/// Of each type there are so many parameters, more than registers.
const OF_EACH: usize = 10;
const TYPES: [&str; 6] = ["i32", "i64", "f32", "f64", "v128", "externref"];

fn types() -> impl Iterator<Item = &'static str> {
    std::iter::repeat_n(TYPES, OF_EACH).flatten()
}

/// An instance that others are called in, and one that calls.
fn modules() -> [String; 2] {
    let all: String = types().map(|ty| format!("{ty} ")).collect();
    let count = types().count();
    let locals: String = (0..count).map(|at| format!("(local.get {at}) ")).collect();
    let set_locals: String = (0..count).rev().map(|at| format!("(local.set {at}) ")).collect();
    let count_down = |then: &str| {
        format!(
            "(local.set 0 (i32.sub (local.get 0) (i32.const 1)))
            (if (i32.le_s (local.get 0) (i32.const 0)) (then (return {locals})))
            {then}"
        )
    };
    let tail = count_down(&format!("(return_call_indirect (type $p) {locals} (i32.const 0))"));
    let called = format!(
        r#"(module
            (type $p (func (param {all}) (result {all})))
            (table (export "table") 8 funcref)
            (memory 1)
            (tag $tag (export "tag") (param {all}))
            (func (export "id") (type $p) {locals})
            (func (export "throws") (param {all}) (throw $tag {locals}))
            (func (export "tail") (type $p) {tail}))"#
    );
    let hash: String = types()
        .enumerate()
        .map(|(at, ty)| {
            let get = format!("(local.get {at})");
            let value = match ty {
                "i32" => format!("(i64.extend_i32_u {get})"),
                "i64" => get,
                "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 {get}))"),
                "f64" => format!("(i64.reinterpret_f64 {get})"),
                "v128" => {
                    let [low, high] = [0, 1].map(|lane| format!("(i64x2.extract_lane {lane} {get})"));
                    format!("(i64.xor {low} (i64.mul (i64.const 7) {high}))")
                }
                _ => format!("(i64.extend_i32_u (call $id_of {get}))"),
            };
            format!("(local.set $hash (i64.add (i64.mul (local.get $hash) (i64.const 31)) {value}))\n")
        })
        .collect();
    let values: String = types()
        .enumerate()
        .map(|(at, ty)| {
            let seed = format!("(i32.add (local.get $seed) (i32.const {at}))");
            match ty {
                "i32" => seed,
                "i64" => format!("(i64.mul (i64.extend_i32_s {seed}) (i64.const 0x123456789ab))"),
                "f32" => format!("(f32.convert_i32_s {seed})"),
                "f64" => format!("(f64.convert_i32_s {seed})"),
                "v128" => format!("(i32x4.replace_lane 2 (i32x4.splat {seed}) (i32.const {at}))"),
                _ => format!("(call $make {seed})"),
            }
        })
        .collect();
    let round = "(local.set $n (i32.sub (local.get $n) (i32.const 1))) (br_if $round (local.get $n))";
    let runs: String = WAYS
        .iter()
        .map(|way| {
            format!(
                r#"(func $values_{way} (param $seed i32) (result {all}) {values} (call ${way}))
                (func $hash_{way} (param {all}) (result i64) (local $hash i64) {hash} (local.get $hash))
                (func (export "{way}") (param $seed i32) (result i64)
                    (call $hash_{way} (call $values_{way} (local.get $seed))))"#
            )
        })
        .collect();
    let steps: String = (5..8)
        .map(|step| {
            format!(
                "(func $long{step} (type $p) (local $n i32)
                    (local.set $n (i32.const 50))
                    (loop $round (local.set 0 (i32.add (local.get 0) (i32.const 1))) {round})
                    {locals})
                (func $step{step} (type $p)
                    (if (i32.eq (local.get 0) (i32.const {step})) (then (return (call_indirect (type $p) {locals} (i32.const {step})))))
                    {locals})"
            )
        })
        .collect();
    let tail = count_down(&format!("(return_call $other_tail {locals})"));
    let caller = format!(
        r#"(module
            (type $p (func (param {all}) (result {all})))
            (import "host" "make" (func $make (param i32) (result externref)))
            (import "host" "id_of" (func $id_of (param externref) (result i32)))
            (import "host" "pass" (func $pass (type $p)))
            (import "called" "id" (func $id (type $p)))
            (import "called" "throws" (func $throws (param {all})))
            (import "called" "tail" (func $other_tail (type $p)))
            (import "called" "tag" (tag $tag (param {all})))
            (import "called" "table" (table 8 funcref))
            (memory 1)
            (elem (i32.const 0) func $tail)
            (elem (i32.const 5) func $long5 $long6 $long7)
            (func $tail (type $p) {tail})
            (func $round (type $p) (local $n i32)
                (local.set $n (i32.const 5))
                (loop $round (local.set 0 (i32.add (local.get 0) (i32.const 1))) {round})
                {locals})
            (func $rounds (type $p) (local $n i32)
                (local.set $n (i32.const 5))
                (loop $round (call $id (call $round {locals})) {set_locals} {round})
                {locals})
            (func $thrower (type $p) (call $throws {locals}) (unreachable))
            (func $catch (type $p)
                (block $caught (result {all})
                    (try_table (result {all}) (catch $tag $caught) (call $thrower {locals}))))
            (func $own_throw (type $p)
                (block $caught (result {all})
                    (try_table (result {all}) (catch $tag $caught) (throw $tag {locals}))))
            (func $host (type $p) (call $pass {locals}))
            (func $host_tail (type $p) (return_call $pass {locals}))
            (func $all (type $p)
                (call $catch (call $rounds (call $tail (call $host (call $own_throw (call $host_tail {locals})))))))
            {steps}
            {runs})"#
    );
    [called, caller]
}

/// What is called, with values of all types. A step calls a loop for one number only, after it has become machine code
/// itself.
const WAYS: [&str; 12] = [
    "id",
    "tail",
    "round",
    "rounds",
    "catch",
    "own_throw",
    "host",
    "host_tail",
    "all",
    "step5",
    "step6",
    "step7",
];

struct Data {
    noise: Option<TypedFunc<i32, i64>>,
    quiet: i64,
    interrupts: usize,
}

/// What calls give, with nothing but 0 ticks between interrupts, or with none.
fn run(config: &mut Config, seeds: std::ops::Range<i32>, interrupts: bool) -> Vec<i64> {
    let engine = Engine::new(config.epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, Data { noise: None, quiet: 0, interrupts: 0 });
    store.set_epoch_deadline(1_000_000);
    // Refused where none is charged.
    let _ = store.set_fuel(u64::MAX / 4);
    let make = Func::wrap(&mut store, |mut caller: Caller<'_, Data>, value: i32| {
        ExternRef::new(&mut caller, value).map(Some)
    });
    let id_of = Func::wrap(&mut store, |caller: Caller<'_, Data>, object: Option<Rooted<ExternRef>>| {
        let object = object.context("it is not null")?;
        let data = object.data(&caller)?.context("it is there")?;
        Ok(*data.downcast_ref::<i32>().context("it is a number")?)
    });
    let [called, caller] = modules().map(|text| Module::new(&engine, text).unwrap());
    let called = Instance::new(&mut store, &called, &[]).unwrap();
    let id = called.get_func(&mut store, "id").unwrap();
    let ty = id.ty(&store);
    let pass = Func::new(&mut store, ty, |_, params, results| {
        results.clone_from_slice(params);
        Ok(())
    });
    let mut imports: Vec<Extern> = vec![make.into(), id_of.into(), pass.into()];
    for name in ["id", "throws", "tail", "tag", "table"] {
        imports.push(called.get_export(&mut store, name).unwrap());
    }
    let instance = Instance::new(&mut store, &caller, &imports).unwrap();
    let noise = instance.get_typed_func::<i32, i64>(&mut store, "all").unwrap();
    store.data_mut().quiet = noise.call(&mut store, -77).unwrap();
    store.data_mut().noise = Some(noise);
    if interrupts {
        store.epoch_deadline_callback(|mut store| {
            store.data_mut().interrupts += 1;
            // Else a loop whose counter is lost would go on for hours.
            ensure!(store.data().interrupts < 20_000, "there is no end");
            let noise = store.data().noise.clone().unwrap();
            // Not interrupted itself.
            store.set_epoch_deadline(1_000_000);
            store.gc(None)?;
            assert_eq!(noise.call(&mut store, -77)?, store.data().quiet);
            Ok(UpdateDeadline::Continue(0))
        });
        store.set_epoch_deadline(0);
    }
    let mut seen = Vec::new();
    for seed in seeds {
        for way in WAYS {
            let func = instance.get_typed_func::<i32, i64>(&mut store, way).unwrap();
            seen.push(func.call(&mut store, seed).unwrap());
        }
    }
    assert_eq!(store.data().interrupts > 0, interrupts);
    seen
}

#[test]
fn whatever_a_callback_does_values_on_their_way_arrive() {
    let expected = run(Config::new().tier(Tier::Interp), 1..8, false);
    for fuel in [false, true] {
        let mut config = Config::new();
        config.consume_fuel(fuel);
        assert!(run(config.tier(Tier::Interp), 1..8, true) == expected, "interpreter, fuel {fuel}");
        assert!(run(config.tier(Tier::Jit), 1..8, true) == expected, "machine code, fuel {fuel}");
        for (threshold, threads) in
            (70..140).step_by(5).map(|threshold| (threshold, 0)).chain([(0, 0), (7, 0), (20, 1)])
        {
            config.tier(Tier::Auto).tier_threshold(threshold).compile_threads(threads);
            assert!(
                run(&mut config, 1..8, true) == expected,
                "threshold {threshold}, threads {threads}, fuel {fuel}"
            );
        }
    }
}

/// Frames that an exception has passed are in its backtrace, whatever interrupts on its way run.
#[test]
fn interrupts_leave_the_frames_that_an_exception_has_passed() {
    for tier in [Tier::Interp, Tier::Auto] {
        let mut config = Config::new();
        config.epoch_interruption(true).tier(tier).compile_threads(0).tier_threshold(3);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(
            &engine,
            r#"(module
                (tag $tag (param i64))
                (func $down (export "down") (param i32 i64)
                    (if (i32.eqz (local.get 0)) (then (throw $tag (local.get 1))))
                    (call $down (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
                (func $deep (param i64 i64 i64 i64) (result i64) (local i64 i64 i64 i64)
                    (if (result i64) (i64.eqz (local.get 0))
                        (then (throw $tag (local.get 1)))
                        (else (call $deep (i64.sub (local.get 0) (i64.const 1)) (i64.const -1) (i64.const -2)
                            (i64.const -3)))))
                (func (export "other") (result i64)
                    (block (result i64)
                        (try_table (result i64) (catch $tag 0)
                            (call $deep (i64.const 40) (i64.const -1) (i64.const -2) (i64.const -3))))))"#,
        )
        .unwrap();
        let mut store = Store::new(&engine, None);
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let down = instance.get_typed_func::<(i32, i64), ()>(&mut store, "down").unwrap();
        let other = instance.get_typed_func::<(), i64>(&mut store, "other").unwrap();
        *store.data_mut() = Some(other);
        store.epoch_deadline_callback(|mut store| {
            let other = store.data().clone().unwrap();
            store.set_epoch_deadline(1_000_000);
            assert_eq!(other.call(&mut store, ()).unwrap(), -1);
            Ok(UpdateDeadline::Continue(0))
        });
        for interrupted in [false, true, true, true] {
            store.set_epoch_deadline(if interrupted { 0 } else { 1_000_000 });
            let error = down.call(&mut store, (12, 7)).unwrap_err();
            store.set_epoch_deadline(1_000_000);
            assert!(error.is::<ThrownException>());
            let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
            assert_eq!(frames.len(), 13, "{tier}, interrupted: {interrupted}");
            assert!(frames.iter().all(|frame| frame.func_name() == Some("down")));
            let exception = store.take_pending_exception().unwrap();
            assert!(matches!(exception.field(&mut store, 0).unwrap(), Val::I64(7)));
        }
    }
}
