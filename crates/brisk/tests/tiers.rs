//! What once differed between the tiers: the same is seen on each of them.

use brisk::*;

/// Runs the export `f` on every tier and gives what it returned, or why and where it stopped.
fn on_every_tier(text: &str, fuel: Option<u64>, argument: i32) -> String {
    let run = |tier: Tier, signals: bool, interruptible: bool| {
        let mut config = Config::new();
        config.deterministic(true).compile_threads(0).tier_threshold(0);
        config
            .tier(tier)
            .signals_based_traps(signals)
            .interruptible(interruptible)
            .consume_fuel(fuel.is_some());
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, text).unwrap();
        let mut store = Store::new(&engine, ());
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).unwrap();
        }
        let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [ValType::I32], []))).unwrap();
        // One for all imports.
        let memory = Memory::new(&mut store, MemoryType::new(1, None)).unwrap();
        // Functions of the host throw.
        let imports: Vec<Extern> = module
            .imports()
            .map(|import| match import.ty() {
                ExternType::Func(ty) => Func::new(&mut store, ty, move |mut caller, _, _| {
                    let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
                    let before = ExnRefPre::new(&mut caller, ty);
                    let exception = ExnRef::new(&mut caller, &before, &tag, &[Val::I32(5)])?;
                    caller.as_context_mut().throw(exception)
                })
                .into(),
                ExternType::Memory(_) => memory.into(),
                _ => tag.into(),
            })
            .collect();
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        let func = instance.get_func(&mut store, "f").unwrap();
        let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
        match func.call(&mut store, &[argument.into()], &mut results) {
            Ok(()) => format!("{results:?}"),
            Err(error) => {
                let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
                let places = trace.frames().iter().map(|frame| (frame.func_index(), frame.func_offset()));
                format!("{:?} {:?}", error.downcast_ref::<Trap>(), places.collect::<Vec<_>>())
            }
        }
    };
    let expected = run(Tier::Interp, true, true);
    for (tier, signals) in [(Tier::Jit, true), (Tier::Jit, false), (Tier::Auto, true)] {
        for interruptible in [false, true] {
            let seen = run(tier, signals, interruptible);
            assert_eq!(seen, expected, "{tier}, signals {signals}, interruptible {interruptible}: {text}");
        }
    }
    expected
}

#[test]
fn fuel_that_ends_at_an_entry_ends_at_the_first_instruction() {
    let text = r#"(module (func $f (export "f") (param i32) (local i64 f32)
        (call $f (local.get 0))))"#;
    let seen = on_every_tier(text, Some(0), 1);
    // Behind the number of groups of locals and two groups.
    assert_eq!(seen, "Some(OutOfFuel) [(0, Some(5))]");
}

#[test]
fn a_store_of_arithmetic_on_what_is_no_load() {
    for op in [
        "v128.any_true",
        "i8x16.all_true",
        "i16x8.all_true",
        "i32x4.all_true",
        "i64x2.all_true",
        "i8x16.bitmask",
        "i16x8.bitmask",
        "i32x4.bitmask",
        "i64x2.bitmask",
        "i8x16.extract_lane_s 3",
        "i8x16.extract_lane_u 3",
        "i16x8.extract_lane_s 3",
        "i16x8.extract_lane_u 3",
        "i32x4.extract_lane 3",
    ] {
        for sum in ["add", "sub", "xor"] {
            let text = format!(
                "(module (memory 1) (func (export \"f\") (param i32) (result i32)
                    (i32.store (i32.const 8) (i32.{sum} ({op} (i32x4.splat (local.get 0))) (local.get 0)))
                    (i32.load (i32.const 8))))"
            );
            on_every_tier(&text, None, 0x0102_0304);
        }
    }
}

/// As Go's compiler writes functions: a jump backwards leads around the loop, whose table leads to where the constant says. So
/// the loop of the second and third part is entered from the first part, too, which writes what the second part reads.
#[test]
fn what_is_written_on_another_way_into_a_loop_is_read_in_it() {
    for (read, write) in [
        ("(i32.load (i32.const 0))", "(i32.store (i32.const 0) (local.get $n))"),
        ("(global.get $global)", "(global.set $global (local.get $n))"),
        ("(table.size 0)", "(drop (table.grow 0 (ref.null func) (i32.const 1)))"),
    ] {
        let text = format!(
            r#"(module (memory 1) (global $global (mut i32) (i32.const 5)) (table 1 100 funcref)
                (func (export "f") (param $place i32) (result i32) (local $n i32) (local $sum i32)
                    (local.set $n (local.get $place))
                    (local.set $place (i32.rem_u (local.get $place) (i32.const 3)))
                    (local.set $sum {read})
                    (loop $dispatch
                        (block $third (block $second (block $first
                            (br_table $first $second $third (local.get $place)))
                            {write}
                            (local.set $place (i32.const 2))
                            (br $dispatch))
                            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 10)) {read})))
                        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                        (if (i32.le_s (local.get $n) (i32.const 0)) (then (return (local.get $sum))))
                        (local.set $place (i32.const 1))
                        (if (i32.and (local.get $n) (i32.const 1)) (then (br $dispatch)))
                        (local.set $place (i32.const 0))
                        (br $dispatch))
                    (unreachable)))"#
        );
        for n in 6..9 {
            on_every_tier(&text, None, n);
        }
    }
}

/// The caller has nothing in its frame but its instance and a value that was in a register across a call: with what it saved of
/// that register it must not take back the instance.
#[test]
fn a_tail_call_of_another_instance_behind_a_call() {
    let read = r#"(module (global $own (mut i64) (i64.const 7)) (global $other i64 (i64.const 900))
        (func (export "read") (param i64 i64) (result i64)
            (global.set $own (i64.add (global.get $own) (i64.const 1)))
            (i64.add (global.get $own) (i64.add (local.get 0) (local.get 1)))))"#;
    let calls = r#"(module (type $read (func (param i64 i64) (result i64)))
        (import "a" "read" (func $read (type $read)))
        (global $one (mut i64) (i64.const 100)) (global $two i64 (i64.const 200))
        (table funcref (elem $read))
        (func $add (type $read) (i64.add (local.get 0) (local.get 1)))
        (func (export "import") (param i64 i64) (result i64)
            (return_call $read (call $add (call $add (local.get 0) (local.get 1)) (local.get 0)) (local.get 0)))
        (func (export "table") (param i64 i64) (result i64)
            (return_call_indirect (type $read)
                (call $add (call $add (local.get 0) (local.get 1)) (local.get 0)) (local.get 0) (i32.const 0)))
        (func (export "global") (result i64) (global.get $one)))"#;
    for tier in [Tier::Interp, Tier::Jit, Tier::Auto] {
        let mut config = Config::new();
        config.tier(tier).tier_threshold(0).compile_threads(0).compiler_inlining(false);
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        let [read, calls] = [read, calls].map(|text| Module::new(&engine, text).unwrap());
        let read = Instance::new(&mut store, &read, &[]).unwrap();
        let read = read.get_export(&mut store, "read").unwrap();
        let instance = Instance::new(&mut store, &calls, &[read]).unwrap();
        for (name, own) in [("import", 8), ("table", 9)] {
            let func = instance.get_typed_func::<(i64, i64), i64>(&mut store, name).unwrap();
            assert_eq!(func.call(&mut store, (1000, 2000)).unwrap(), own + 5000, "{name}, {tier}");
        }
        let global = instance.get_typed_func::<(), i64>(&mut store, "global").unwrap();
        assert_eq!(global.call(&mut store, ()).unwrap(), 100, "{tier}");
    }
}

/// Conditions that are results of `if`s and blocks, or locals that several ways set: in loops, under loops, with something on the
/// operand stack below, with branches out of what comes before.
#[test]
fn conditions_from_where_ways_meet() {
    for (condition, more) in [
        (
            "(if (result i32) (local.get $a) (then (i32.lt_s (local.get $b) (i32.const 4))) (else (i32.const 0)))",
            "",
        ),
        (
            "(if (result i32) (local.get $a) (then (i32.const 1)) (else (i32.lt_s (local.get $b) (i32.const 4))))",
            "",
        ),
        ("(i32.eqz (if (result i32) (local.get $a) (then (i32.const 7)) (else (local.get $b))))", ""),
        (
            "(block $out (result i32) (drop (br_if $out (i32.const 3) (local.get $a))) (i32.and (local.get $b) (i32.const 1)))",
            "",
        ),
        ("(block $out (result i32) (br_table $out $out (i32.const 0) (local.get $a)))", ""),
        (
            "(local.get $c)",
            "(if (local.get $a) (then (local.set $c (local.get $b))) (else (local.set $c (i32.const 1))))",
        ),
        (
            "(if (result i32) (if (result i32) (local.get $a) (then (local.get $b)) (else (i32.const 0)))
                (then (i32.ne (local.get $n) (i32.const 2))) (else (i32.const 1)))",
            "",
        ),
    ] {
        let text = format!(
            r#"(module (memory 1)
                (func (export "f") (param $n i32) (result i32) (local $a i32) (local $b i32) (local $c i32) (local $sum i32)
                    (loop $again
                        (local.set $a (i32.and (local.get $n) (i32.const 1)))
                        (local.set $b (i32.rem_u (local.get $n) (i32.const 7)))
                        {more}
                        (if {condition}
                            (then (local.set $sum (i32.add (local.get $sum) (i32.const 3)))))
                        {more}
                        (local.set $sum (i32.mul (local.get $sum)
                            (i32.add (local.get $n) (if (result i32) {condition}
                                (then (i32.const 5))
                                (else (local.set $b (i32.const 2)) (i32.add (local.get $b) (i32.const 6)))))))
                        {more}
                        (block $skip
                            (br_if $skip {condition})
                            (local.set $sum (i32.xor (local.get $sum) (local.get $b))))
                        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                        {more}
                        (if {condition}
                            (then (br_if $again (i32.gt_s (local.get $n) (i32.const 0))) (br_if 0 (local.get $b)) (nop))
                            (else (br_if $again (i32.gt_s (local.get $n) (i32.const 1))))))
                    (i32.add (local.get $sum) (i32.shl (local.get $n) (i32.const 24)))))"#
        );
        for n in [1, 2, 3, 7, 30] {
            on_every_tier(&text, None, n);
        }
    }
}

/// Loops left at the top and at the bottom, with values that change places on the way around, and what leaving needs of
/// them.
#[test]
fn values_change_places_on_the_way_around() {
    for result in ["$a", "$b", "$c", "$d", "$n"] {
        let text = format!(
            r#"(module (memory 1)
                (func (export "f") (param $n i32) (result i64)
                    (local $a i64) (local $b i64) (local $c i64) (local $d i64) (local $t i64)
                    (local.set $b (i64.const 1)) (local.set $c (i64.const 2)) (local.set $d (i64.const 3))
                    (loop $again
                        (local.set $t (i64.add (local.get $a) (i64.mul (local.get $b) (i64.const 3))))
                        (local.set $a (local.get $b)) (local.set $b (local.get $c))
                        (local.set $c (local.get $d)) (local.set $d (local.get $t))
                        (br_if $again (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 20))))
                    (block $done (loop $again
                        (br_if $done (i32.le_s (local.get $n) (i32.const 0)))
                        (local.set $t (local.get $a)) (local.set $a (local.get $c))
                        (local.set $c (i64.xor (local.get $t) (i64.extend_i32_s (local.get $n))))
                        (local.set $t (local.get $b)) (local.set $b (local.get $d)) (local.set $d (local.get $t))
                        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                        (br $again)))
                    {}))"#,
            match result {
                "$n" => "(i64.extend_i32_s (local.get $n))".to_owned(),
                name => format!("(local.get {name})"),
            }
        );
        for n in [0, 1, 5, 21, 60] {
            on_every_tier(&text, None, n);
        }
    }
}

#[test]
fn an_exception_of_a_host_function_that_was_tail_called() {
    for (params, results) in [("", ""), ("f64", "i32"), ("i64 f64 i64 f32 i64", "i32 i32 i32")] {
        let pushed: String = params.split_whitespace().map(|ty| format!("({ty}.const 3)")).collect();
        let text = format!(
            r#"(module (import "" "host" (func $host (param {params}) (result {results})))
                (func $f (export "f") (param i32) (result {results})
                    (if (i32.eqz (local.get 0)) (then {pushed} return_call $host))
                    (call $f (i32.sub (local.get 0) (i32.const 1)))))"#
        );
        let seen = on_every_tier(&text, None, 2);
        // The host function was called from the frame that it replaces.
        assert_eq!(seen.matches("(1, ").count(), 3, "{seen}");
    }
}

/// Near the start of an instance's words, further than an immediate reaches, and at the end: by calls and by tail calls, and by
/// one behind another, which find the instance as it was.
#[test]
fn imported_memories_may_be_the_same() {
    for (store, load) in [("0", "1"), ("1", "0"), ("1", "2"), ("2", "0")] {
        let text = format!(
            r#"(module
                (import "host" "0" (memory 1))
                (import "host" "1" (memory 1))
                (import "host" "2" (memory 1))
                (memory 1)
                (func (export "f") (param i32) (result i32 i32)
                    (i32.store {load} offset=8 (local.get 0) (i32.const 1))
                    (i32.store 3 offset=8 (local.get 0) (i32.const 3))
                    (i32.store {store} offset=8 (local.get 0) (i32.const 2))
                    (i32.load {load} offset=8 (local.get 0))
                    (i32.load 3 offset=8 (local.get 0))))"#
        );
        assert_eq!(on_every_tier(&text, None, 16), "[I32(2), I32(3)]", "{text}");
        // What grows by one name has grown by the other.
        let text = format!(
            r#"(module
                (import "host" "0" (memory 1))
                (import "host" "1" (memory 1))
                (import "host" "2" (memory 1))
                (func (export "f") (param i32) (result i32 i32 i32)
                    (i32.load {load} (i32.const 0))
                    (drop (memory.grow {store} (i32.const 1)))
                    (i32.store {load} (local.get 0) (i32.const 7))
                    (i32.load {store} (local.get 0))
                    (memory.size {load})))"#
        );
        assert_eq!(on_every_tier(&text, None, 70_000), "[I32(0), I32(7), I32(2)]", "{text}");
    }
}

/// What an access of one memory shows of an index says nothing of another memory.
#[test]
fn each_memory_has_bounds_of_its_own() {
    for (first, second) in
        [("$large", "$small"), ("$small", "$large"), ("$large", "$empty"), ("$larger", "$small")]
    {
        for access in [
            "(i32.load {m} (local.get 0))",
            "(i32.store {m} (local.get 0) (i32.const 7)) (i32.const 0)",
            "(i32x4.extract_lane 0 (v128.load16x4_s {m} (local.get 0)))",
        ] {
            let (one, other) = (access.replace("{m}", first), access.replace("{m}", second));
            let text = format!(
                r#"(module
                    (memory $empty 0 0)
                    (memory $small 1 1)
                    (memory $large 7 9)
                    (memory $larger 9)
                    (func (export "f") (param i32) (result i32)
                        (i32.load $large offset=300000 (i32.const 0))
                        {one} (i32.add) {other} (i32.add)))"#
            );
            for argument in [0, 1_000, 65_533, 70_000, 458_752] {
                let seen = on_every_tier(&text, None, argument);
                let within = |memory: &str| match memory {
                    "$empty" => false,
                    "$small" => argument <= 65_528,
                    "$large" => argument <= 7 * 65_536 - 8,
                    _ => true,
                };
                let traps = seen.contains("MemoryOutOfBounds");
                assert_eq!(traps, !(within(first) && within(second)), "{argument} {text}: {seen}");
            }
        }
    }
}

#[test]
fn imports_are_called_wherever_their_records_are() {
    const COUNT: usize = 3000;
    let called: Vec<usize> = (0..20).chain((1000..1040).step_by(3)).chain([2047, 2048, COUNT - 1]).collect();
    let imports: String = (0..COUNT).map(|_| r#"(import "" "f" (func (param i32) (result i32)))"#).collect();
    let both: String = called
        .iter()
        .map(|nth| {
            format!(
                r#"(func (export "call {nth}") (param i32) (result i32)
                    (i32.add (global.get 0) (i32.mul (call {nth} (local.get 0)) (call {nth} (i32.const 1)))))
                (func (export "tail {nth}") (param i32) (result i32) (return_call {nth} (local.get 0)))"#
            )
        })
        .collect();
    let text = format!("(module {imports} (global (mut i32) (i32.const 7)) {both})");
    for tier in [Tier::Interp, Tier::Jit] {
        let mut config = Config::new();
        config.tier(tier);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, &text).unwrap();
        let mut store = Store::new(&engine, ());
        let imports: Vec<Extern> =
            (0..COUNT as i32).map(|nth| Func::wrap(&mut store, move |x: i32| x + nth).into()).collect();
        let instance = Instance::new(&mut store, &module, &imports).unwrap();
        for &nth in &called {
            for (name, expected) in
                [("call", 7 + (5 + nth as i32) * (1 + nth as i32)), ("tail", 5 + nth as i32)]
            {
                let func = instance.get_typed_func::<i32, i32>(&mut store, &format!("{name} {nth}")).unwrap();
                assert_eq!(func.call(&mut store, 5).unwrap(), expected, "{name} {nth}, {tier}");
            }
        }
    }
}

#[test]
fn code_uses_the_processor_features_it_may() {
    let text = r#"(module (func (export "f") (param i64) (result i64)
        (i64.add (i64.popcnt (local.get 0)) (i64.shl (i64.clz (local.get 0)) (i64.ctz (local.get 0))))))"#;
    let code_bytes = |features: Option<&[CpuFeature]>| {
        let mut config = Config::new();
        config.tier(Tier::Jit).log_tiers(true);
        if let Some(features) = features {
            config.cpu_features(features);
        }
        let engine = Engine::new(&config).unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, text).unwrap();
        let made = Instance::new(&mut store, &module, &[]).unwrap();
        let f = made.get_typed_func::<i64, i64>(&mut store, "f").unwrap();
        for (x, wanted) in [(0b1011_0000, 3 + (56 << 4)), (-1, 64), (1 << 62, 1 + (1 << 62))] {
            assert_eq!(f.call(&mut store, x).unwrap(), wanted, "{x:#x}, {features:?}");
        }
        match engine.tier_events()[..] {
            [TierEvent { outcome: TierOutcome::Compiled { code_bytes }, .. }] => code_bytes,
            ref events => panic!("{events:?}"),
        }
    };
    let [oldest, counting, newest] =
        [Some(&[][..]), Some(&[CpuFeature::Popcnt, CpuFeature::Lzcnt][..]), None].map(code_bytes);
    #[cfg(target_arch = "x86_64")]
    {
        assert!(newest <= counting && counting <= oldest, "{oldest}, {counting}, {newest}");
        let counts = std::arch::is_x86_feature_detected!("popcnt");
        assert_eq!(counting < oldest, counts, "{oldest}, {counting}, {newest}");
    }
    #[cfg(target_arch = "aarch64")]
    {
        assert_eq!(counting, oldest);
        // Marks of where indirect branches lead are there unless they are left out, signatures if they are asked for.
        let marked = std::arch::is_aarch64_feature_detected!("bti");
        assert_eq!(newest > oldest, marked, "{oldest}, {newest}");
        let signs = std::arch::is_aarch64_feature_detected!("paca");
        let signed = code_bytes(Some(&[CpuFeature::Paca]));
        assert_eq!(signed > oldest, signs, "{oldest}, {signed}");
    }
    let _ = (oldest, counting, newest);
}
