//! What the interpreter computes, where something broke once or where translation is easy to get wrong.

use brisk::{
    AsContextMut, Caller, Config, Engine, ExnRef, ExnRefPre, ExnType, Extern, Func, FuncType, Instance,
    Module, Result, Store, Tag, TagType, Trap, UpdateDeadline, Val,
};
use std::time::Duration;

/// Calls the export `run` of a module.
#[track_caller]
fn run(wat: &str, args: &[Val]) -> Result<Vec<Val>> {
    run_with(&Engine::default(), wat, args)
}

#[track_caller]
fn run_with(engine: &Engine, wat: &str, args: &[Val]) -> Result<Vec<Val>> {
    let module = Module::new(engine, wat).expect("the test's module is valid");
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let func = instance.get_func(&mut store, "run").expect("the test's module exports `run`");
    let mut results = vec![Val::I32(0); func.ty(&store).results().len()];
    func.call(&mut store, args, &mut results)?;
    Ok(results)
}

#[track_caller]
fn i32_of(wat: &str, args: &[i32]) -> i32 {
    let args: Vec<Val> = args.iter().map(|&arg| arg.into()).collect();
    run(wat, &args).expect("the function returns")[0].unwrap_i32()
}

/// The shape TinyGo gives an iterative Fibonacci: a local is read, kept on the stack and assigned.
#[test]
fn stale_copies_survive_local_set_and_tee() {
    let fib = r#"(module (func (export "run") (param $n i32) (result i32)
        (local $a i32) (local $b i32)
        (local.set $b (i32.const 1))
        (block $done
            (loop $next
                (br_if $done (i32.eqz (local.get $n)))
                local.get $b
                local.get $a
                local.get $b
                i32.add
                local.set $b
                local.set $a
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br $next)))
        (local.get $a)))"#;
    assert_eq!(i32_of(fib, &[25]), 75025);
    let tee = r#"(module (func (export "run") (param i32) (result i32)
        local.get 0
        local.get 0
        (local.tee 0 (i32.const 100))
        local.get 0
        i32.add i32.add i32.add))"#;
    assert_eq!(i32_of(tee, &[7]), 7 + 7 + 100 + 100);
}

/// A frame without locals has its link where the results go.
#[test]
fn results_do_not_overwrite_the_link_before_it_is_read() {
    assert_eq!(
        i32_of(
            r#"(module (func $one (result i32) (i32.const 1))
        (func (export "run") (result i32) (i32.add (call $one) (call $one))))"#,
            &[]
        ),
        2
    );
    let pair = r#"(module (func $pair (result i64 f64) (i64.const 5) (f64.const 2.5))
        (func (export "run") (result i64 f64) (call $pair)))"#;
    let results = run(pair, &[]).expect("returns");
    assert_eq!((results[0].unwrap_i64(), results[1].unwrap_f64()), (5, 2.5));
}

/// A loop whose body is its own back-edge is as interruptible as any other.
#[test]
fn a_loop_of_one_branch_meets_its_deadline() {
    for body in ["(loop (br 0))", "(loop (br_if 0 (i32.const 1)))", "(loop (br_table 0 0 (i32.const 0)))"] {
        let engine = Engine::default();
        let module =
            Module::new(&engine, format!(r#"(module (func (export "run") {body}))"#)).expect("valid");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("typed");
        store.set_timeout(Duration::from_millis(5)).expect("a timer can be had");
        let error = run.call(&mut store, ()).expect_err("the loop has no end");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Deadline), "{body}");
    }
}

#[test]
fn a_conditional_branch_with_a_value_keeps_the_value_when_it_falls_through() {
    let wat = r#"(module (func (export "run") (param i32 i32) (result i32)
        (block $out (result i32)
            (local.get 1)
            (br_if $out (local.get 0))
            (i32.add (i32.const 1000)))))"#;
    assert_eq!(i32_of(wat, &[1, 5]), 5);
    assert_eq!(i32_of(wat, &[0, 5]), 1005);
    let returning = r#"(module (func (export "run") (param i32 i32) (result i32)
        (local.get 1)
        (br_if 0 (i32.eqz (f64.lt (f64.convert_i32_s (local.get 0)) (f64.const 3))))
        (i32.add (i32.const 1000))))"#;
    assert_eq!(i32_of(returning, &[3, 5]), 5);
    assert_eq!(i32_of(returning, &[2, 5]), 1005);
}

#[test]
fn branch_tables_pass_values_to_labels_of_different_depths() {
    let wat = r#"(module (func (export "run") (param i32) (result i32)
        (block $a (result i32)
            (block $b (result i32)
                (i32.const 7)
                (br_table $a $b 2 (local.get 0)))
            (i32.add (i32.const 10)))
        (i32.add (i32.const 100))))"#;
    assert_eq!(i32_of(wat, &[0]), 107);
    assert_eq!(i32_of(wat, &[1]), 117);
    assert_eq!(i32_of(wat, &[2]), 7);
    assert_eq!(i32_of(wat, &[-1]), 7);
}

#[test]
fn both_arms_of_an_if_see_its_parameters_in_place() {
    let wat = r#"(module (func (export "run") (param i32 i32) (result i32)
        (local.get 1)
        (i32.const 3)
        (if (param i32 i32) (result i32) (local.get 0)
            (then i32.add)
            (else i32.sub))))"#;
    assert_eq!(i32_of(wat, &[1, 10]), 13);
    assert_eq!(i32_of(wat, &[0, 10]), 7);
}

/// The sum that an address and a value share is computed once and found by both.
#[test]
fn an_address_sum_that_is_also_stored_keeps_its_value() {
    let wat = r#"(module (memory 1) (func (export "run") (param i32 i32) (result i32)
        (local $sum i32)
        (i32.store (local.tee $sum (i32.add (local.get 0) (local.get 1))) (local.get $sum))
        (i32.store offset=4 (i32.add (local.get 0) (local.get 1)) (local.get $sum))
        (i32.add (i32.load (local.get $sum)) (i32.load offset=4 (local.get $sum)))))"#;
    assert_eq!(i32_of(wat, &[20, 30]), 100);
}

#[test]
fn tail_calls_between_instances_take_no_stack() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let table = r#"(module (table (export "table") 2 funcref))"#;
    let table =
        Instance::new(&mut store, &Module::new(&engine, table).expect("valid"), &[]).expect("instantiates");
    let table = table.get_export(&mut store, "table").expect("exported");
    let player = |mine: i32, other: i32| {
        format!(
            r#"(module
                (type $hit (func (param i32 i64) (result i64)))
                (import "" "table" (table 2 funcref))
                (func $hit (export "run") (type $hit)
                    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
                    (return_call_indirect (type $hit)
                        (i32.sub (local.get 0) (i32.const 1))
                        (i64.add (local.get 1) (i64.const {mine}))
                        (i32.const {other})))
                (elem (i32.const {mine}) func $hit))"#
        )
    };
    let mut instances = [(0, 1), (1, 0)].map(|(mine, other)| {
        let module = Module::new(&engine, player(mine, other)).expect("valid");
        Instance::new(&mut store, &module, std::slice::from_ref(&table)).expect("instantiates")
    });
    let run = instances[0].get_typed_func::<(i32, i64), i64>(&mut store, "run").expect("typed");
    assert_eq!(run.call(&mut store, (1_000_000, 0)).expect("returns"), 500_000);
    instances.reverse();
}

#[test]
fn locals_beyond_a_byte_of_index_are_like_others() {
    for count in [300, 5_000, 50_000] {
        let last = count - 1;
        let wat = format!(
            r#"(module (func (export "run") (param i32) (result i32) (local {locals})
                (local.set {last} (i32.mul (local.get 0) (i32.const 3)))
                (local.set 256 (i32.add (local.get {last}) (i32.const 1)))
                (i32.add (local.get 256) (local.get 255))))"#,
            locals = "i32 ".repeat(last),
        );
        assert_eq!(i32_of(&wat, &[14]), 43, "{count} locals");
    }
}

#[test]
fn fuel_runs_out_at_the_same_point_however_the_code_is_fused() {
    let engine = Engine::new(Config::new().consume_fuel(true)).expect("an engine");
    let module = Module::new(
        &engine,
        r#"(module (global (export "n") (mut i32) (i32.const 0))
            (func (export "run") (loop
                (global.set 0 (i32.add (global.get 0) (i32.const 1)))
                (br_if 0 (i32.ne (global.get 0) (i32.const -1))))))"#,
    )
    .expect("valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("typed");
    // Eight instructions a round: global.get, const, add, global.set, global.get, const, ne, br_if.
    store.set_fuel(800).expect("fuel is on");
    let error = run.call(&mut store, ()).expect_err("fuel runs out");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
    let n = instance.get_global(&mut store, "n").expect("exported").get(&mut store).unwrap_i32();
    assert_eq!(n, 100);
}

#[test]
fn deterministic_mode_makes_nans_canonical() {
    let engine = Engine::new(Config::new().deterministic(true)).expect("an engine");
    let wat = r#"(module (func (export "run") (param f64) (result i64)
        (i64.reinterpret_f64 (f64.add (local.get 0) (f64.const nan:0x4000000000001)))))"#;
    let nan = Val::F64(0xfff8_0000_0000_0123);
    assert_eq!(run_with(&engine, wat, &[nan]).expect("returns")[0].unwrap_i64(), 0x7ff8_0000_0000_0000);
}

/// The sum of a counting loop's end may be compared with the local that was counted.
#[test]
fn an_addition_joined_with_its_branch_writes_before_it_compares() {
    let wat = r#"(module (func (export "run") (param i32) (result i32)
        (block
            (local.set 0 (i32.add (local.get 0) (i32.const 1)))
            (br_if 0 (i32.eq (local.get 0) (local.get 0)))
            (return (i32.const 0)))
        (i32.const 1)))"#;
    assert_eq!(i32_of(wat, &[5]), 1);
}

/// What many branches pass is put in place once, not on the way to each of them.
#[test]
fn branches_that_pass_many_values_do_not_multiply_the_code() {
    let (values, branches) = (900, 2_000);
    let wat = format!(
        r#"(module (func (export "run") (param i32) (result {results}) {values} {branches}))"#,
        results = "i32 ".repeat(values),
        values = "(i32.const 7) ".repeat(values),
        branches = "(br_if 0 (local.get 0)) ".repeat(branches),
    );
    let module = Module::new(&Engine::default(), &wat).expect("valid");
    let lines = module.register_code(0).expect("defined here").lines().count();
    assert!(lines < 4 * (values + branches), "{lines} instructions");
    let results = run(&wat, &[Val::I32(1)]).expect("returns");
    assert!(results.iter().all(|value| value.unwrap_i32() == 7));
}

#[test]
fn tables_beyond_16_bits_of_index_are_themselves() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let count = 65_537;
    let tables = r#"(module (table (export "e") 1 externref) (table (export "f") 1 funcref)
        (func $one (result i32) (i32.const 1)) (elem (table 1) (i32.const 0) func $one))"#;
    let tables = Instance::new(&mut store, &Module::new(&engine, tables).expect("valid"), &[]);
    let tables = tables.expect("instantiates");
    let [first, last] = ["e", "f"].map(|name| tables.get_table(&mut store, name).expect("exported"));
    let wat = format!(
        r#"(module {imports} (import "" "" (table 1 funcref))
            (func (export "run") (result i32) (call_indirect {last} (result i32) (i32.const 0)))
            (func (export "size") (result i32) (table.size {last})))"#,
        imports = r#"(import "" "" (table 0 externref))"#.repeat(count - 1),
        last = count - 1,
    );
    let mut imports: Vec<Extern> = (1..count).map(|_| first.into()).collect();
    imports.push(last.into());
    let module = Module::new(&engine, wat).expect("valid");
    let instance = Instance::new(&mut store, &module, &imports).expect("instantiates");
    for name in ["run", "size"] {
        let func = instance.get_typed_func::<(), i32>(&mut store, name).expect("typed");
        assert_eq!(func.call(&mut store, ()).expect("returns"), 1, "{name}");
    }
}

#[test]
fn arguments_survive_an_epoch_callback_that_calls_before_the_function_begins() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).expect("an engine");
    let wat = r#"(module (func (export "same") (param i64) (result i64) (local.get 0)))"#;
    let module = Module::new(&engine, wat).expect("valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
    let same = instance.get_typed_func::<i64, i64>(&mut store, "same").expect("typed");
    let other = Func::wrap(&mut store, |value: i64| value);
    store.epoch_deadline_callback(move |mut store| {
        other.call(&mut store, &[Val::I64(-1)], &mut [Val::I64(0)])?;
        Ok(UpdateDeadline::Continue(1_000_000))
    });
    assert_eq!(same.call(&mut store, 42).expect("returns"), 42);
}

/// On a small stack, so that one that grows with each round is noticed.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(768 << 10).spawn(test).expect("a thread");
    thread.join().expect("the test passes");
}

#[test]
fn throwing_and_catching_takes_no_stack() {
    on_a_small_stack(|| {
        let wat = r#"(module (tag $t (param i32)) (func $thrower (param i32) (throw $t (local.get 0)))
            (func (export "run") (param i32) (result i32) (local $sum i32)
                (loop $next
                    (block $caught (result i32)
                        (try_table (catch $t $caught) (call $thrower (local.get 0)))
                        (unreachable))
                    (local.set $sum (i32.add (local.get $sum)))
                    (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                (local.get $sum)))"#;
        assert_eq!(i32_of(wat, &[300_000]), (1..=300_000u32).fold(0, u32::wrapping_add) as i32);
    });
}

#[test]
fn a_loop_closed_by_a_catch_clause_meets_its_deadline() {
    on_a_small_stack(|| {
        let engine = Engine::default();
        let wat =
            r#"(module (tag $t) (func (export "run") (loop $l (try_table (catch_all $l) (throw $t)))))"#;
        let module = Module::new(&engine, wat).expect("valid");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("instantiates");
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").expect("typed");
        store.set_timeout(Duration::from_millis(20)).expect("a timer can be had");
        let error = run.call(&mut store, ()).expect_err("the loop has no end");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Deadline));
    });
}

#[test]
fn a_tail_called_host_function_throws_past_the_frame_it_replaced() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let tag = Tag::new(&mut store, &TagType::new(FuncType::new(&engine, [], []))).expect("a tag");
    let throw = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
        let ty = ExnType::from_tag_type(&tag.ty(&caller))?;
        let allocator = ExnRefPre::new(&mut caller, ty);
        let exception = ExnRef::new(&mut caller, &allocator, &tag, &[])?;
        caller.as_context_mut().throw(exception)
    });
    let wat = r#"(module (import "" "throw" (func $throw))
        (func (export "run") (result i32)
            (block $caught (try_table (catch_all $caught) (call $tail)))
            (i32.const 1))
        (func $tail (block $h (try_table (catch_all $h) (return_call $throw))) (unreachable)))"#;
    let module = Module::new(&engine, wat).expect("valid");
    let instance = Instance::new(&mut store, &module, &[throw.into()]).expect("instantiates");
    let run = instance.get_typed_func::<(), i32>(&mut store, "run").expect("typed");
    assert_eq!(run.call(&mut store, ()).expect("caught by the caller"), 1);
}

#[test]
fn tracing_calls_does_not_change_results() {
    let engine = Engine::new(Config::new().trace_calls(true)).expect("an engine");
    let wat = r#"(module (func (export "run") (param i32 i32) (result i32)
        (i32.add (br_if 0 (local.get 0) (local.get 1)) (i32.const 1))))"#;
    for (condition, expected) in [(0, 6), (1, 5)] {
        let results = run_with(&engine, wat, &[Val::I32(5), Val::I32(condition)]).expect("returns");
        assert_eq!(results[0].unwrap_i32(), expected);
    }
}

/// A single vector takes the way of several results.
#[test]
fn a_vector_is_returned_from_the_local_it_is_in() {
    let wat = r#"(module (func $same (param v128) (result v128) (local.get 0))
        (func (export "run") (result i32)
            (i32x4.extract_lane 3 (call $same (v128.const i32x4 1 2 3 4)))))"#;
    assert_eq!(i32_of(wat, &[]), 4);
}
