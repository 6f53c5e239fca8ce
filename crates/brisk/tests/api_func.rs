//! Calls between host and wasm: types, errors, panics, re-entrancy.

use brisk::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn instantiate<T: 'static>(store: &mut Store<T>, wat: &str, imports: &[Extern]) -> Instance {
    let module = Module::new(store.engine(), wat).unwrap();
    Instance::new(store, &module, imports).unwrap()
}

#[test]
fn every_numeric_type_passes_both_ways() {
    let mut store = Store::<()>::default();
    let all = Func::wrap(&mut store, |a: i32, b: u32, c: i64, d: u64, e: f32, f: f64, g: V128| {
        (a, b, c, d, e, f, g)
    });
    let instance = instantiate(
        &mut store,
        r#"(module
            (import "" "all" (func $all (param i32 i32 i64 i64 f32 f64 v128)
                (result i32 i32 i64 i64 f32 f64 v128)))
            (func (export "all") (param i32 i32 i64 i64 f32 f64 v128)
                (result i32 i32 i64 i64 f32 f64 v128)
                (call $all (local.get 0) (local.get 1) (local.get 2) (local.get 3)
                    (local.get 4) (local.get 5) (local.get 6))))"#,
        &[all.into()],
    );
    type All = (i32, u32, i64, u64, f32, f64, V128);
    let values: All = (-1, u32::MAX, i64::MIN, u64::MAX, -0.0, f64::INFINITY, V128::from(u128::MAX - 7));
    let typed = instance.get_typed_func::<All, All>(&mut store, "all").unwrap();
    let back = typed.call(&mut store, values).unwrap();
    assert_eq!(back, values);
    assert_eq!(back.4.to_bits(), (-0.0_f32).to_bits());

    let untyped = instance.get_func(&mut store, "all").unwrap();
    let params = [
        Val::I32(-1),
        Val::I32(-1),
        Val::I64(i64::MIN),
        Val::I64(-1),
        Val::from(1.5_f32),
        Val::F64(0x7ff0_0000_0000_0001),
        Val::from(1_u128 << 100),
    ];
    let mut results = [Val::null_func_ref(); 7];
    untyped.call(&mut store, &params, &mut results).unwrap();
    assert_eq!(results[0].unwrap_i32(), -1);
    assert_eq!(results[4].unwrap_f32(), 1.5);
    assert!(matches!(results[5], Val::F64(0x7ff0_0000_0000_0001)), "a signalling NaN keeps its bits");
    assert_eq!(results[6].unwrap_v128().as_u128(), 1 << 100);
}

#[test]
fn seventeen_parameters_and_no_results() {
    let mut store = Store::new(&Engine::default(), 0);
    #[rustfmt::skip]
    let sum = Func::wrap(
        &mut store,
        |mut caller: Caller<'_, i64>, a: i32, b: i64, c: i32, d: i64, e: i32, f: i64, g: i32, h: i64, i: i32, j: i64,
         k: i32, l: i64, m: i32, n: i64, o: i32, p: i64, q: i32| {
            let narrow = [a, c, e, g, i, k, m, o, q].iter().map(|&x| i64::from(x)).sum::<i64>();
            *caller.data_mut() = narrow + b + d + f + h + j + l + n + p;
        },
    );
    let mut args = Vec::new();
    for i in 0..17 {
        args.push(if i % 2 == 0 { Val::I32(1 << i) } else { Val::I64(1 << i) });
    }
    sum.call(&mut store, &args, &mut []).unwrap();
    assert_eq!(*store.data(), (1 << 17) - 1);
}

#[test]
fn a_tuple_of_results_and_a_result_of_a_tuple() {
    let mut store = Store::<()>::default();
    let split = Func::wrap(&mut store, |value: u64| (value as u32, (value >> 32) as u32));
    let checked = Func::wrap(&mut store, |a: i32, b: i32| -> Result<(i32, i32)> {
        ensure!(b != 0, "no division by zero here");
        Ok((a / b, a % b))
    });
    let split = split.typed::<u64, (u32, u32)>(&store).unwrap();
    assert_eq!(split.call(&mut store, 7 << 32 | 3).unwrap(), (3, 7));
    let checked = checked.typed::<(i32, i32), (i32, i32)>(&store).unwrap();
    assert_eq!(checked.call(&mut store, (17, 5)).unwrap(), (3, 2));
    assert_eq!(checked.call(&mut store, (1, 0)).unwrap_err().to_string(), "no division by zero here");
}

#[test]
fn wrong_types_and_counts_are_errors() {
    let mut store = Store::<()>::default();
    let func = Func::wrap(&mut store, |_: i32| 1_i64);
    assert!(func.typed::<i32, i64>(&store).is_ok());
    assert!(func.typed::<u32, u64>(&store).is_ok());
    assert!(func.typed::<(i32,), (i64,)>(&store).is_ok());
    for error in [
        func.typed::<i64, i64>(&store).map(|_| ()).unwrap_err(),
        func.typed::<(), i64>(&store).map(|_| ()).unwrap_err(),
        func.typed::<(i32, i32), i64>(&store).map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(error.to_string(), "type mismatch with parameters");
    }
    let error = func.typed::<i32, ()>(&store).map(|_| ()).unwrap_err();
    assert_eq!(error.to_string(), "type mismatch with results");

    let mut results = [Val::I32(0)];
    let error = func.call(&mut store, &[], &mut results).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 arguments, got 0");
    let error = func.call(&mut store, &[Val::I32(0)], &mut []).unwrap_err();
    assert_eq!(error.to_string(), "expected 1 results, got 0");
    let error = func.call(&mut store, &[Val::I64(0)], &mut results).unwrap_err();
    assert_eq!(error.to_string(), "argument type mismatch");
}

#[test]
fn a_dynamic_host_function_must_return_its_types() {
    let mut store = Store::<()>::default();
    let ty = FuncType::new(store.engine(), [], [ValType::I32]);
    let wrong = Func::new(&mut store, ty, |_, _, results| {
        results[0] = Val::I64(1);
        Ok(())
    });
    let error = wrong.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
    assert_eq!(error.to_string(), "function attempted to return an incompatible value");
}

#[derive(Debug, thiserror::Error)]
#[error("mine: {0}")]
struct Mine(i32);

#[test]
fn a_host_error_comes_back_as_the_type_it_was() {
    let mut store = Store::<()>::default();
    let fail = Func::wrap(&mut store, |value: i32| -> Result<()> { Err(Mine(value).into()) });
    let instance = instantiate(
        &mut store,
        r#"(module (import "" "fail" (func $fail (param i32)))
            (func $inner (param i32) (call $fail (local.get 0)))
            (func (export "run") (param i32) (call $inner (local.get 0))))"#,
        &[fail.into()],
    );
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    for i in 0..3 {
        let error = run.call(&mut store, i).unwrap_err();
        assert_eq!(error.downcast_ref::<Mine>().unwrap().0, i);
        let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
        assert_eq!(frames.iter().map(FrameInfo::func_index).collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn a_trap_has_kind_place_and_an_intact_store() {
    let mut store = Store::<()>::default();
    let instance = instantiate(
        &mut store,
        r#"(module $m (global $g (export "g") (mut i32) (i32.const 0))
            (func $f (export "f") (param i32) (result i32)
                (global.set $g (local.get 0))
                (i32.div_u (i32.const 10) (local.get 0))))"#,
        &[],
    );
    let f = instance.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    let error = f.call(&mut store, 0).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::IntegerDivisionByZero));
    let frame = &error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0];
    assert_eq!((frame.module().name(), frame.func_name()), (Some("m"), Some("f")));
    assert!(frame.module_offset().is_some());
    assert_eq!(f.call(&mut store, 5).unwrap(), 2);
    let global = instance.get_global(&mut store, "g").unwrap();
    assert_eq!(global.get(&mut store).unwrap_i32(), 5);
}

#[test]
fn a_trap_returned_by_a_host_function_is_a_trap() {
    let mut store = Store::<()>::default();
    let fail = Func::wrap(&mut store, || -> Result<()> { Err(Trap::UnreachableCodeReached.into()) });
    let instance = instantiate(
        &mut store,
        r#"(module (import "" "fail" (func $fail)) (func (export "run") (call $fail)))"#,
        &[fail.into()],
    );
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
}

#[test]
fn a_host_panic_passes_through_wasm_and_leaves_the_store_usable() {
    let mut store = Store::new(&Engine::default(), 0);
    let panic = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, value: i32| {
        *caller.data_mut() += 1;
        if value > 0 {
            std::panic::panic_any(value);
        }
    });
    let instance = instantiate(
        &mut store,
        r#"(module (import "" "panic" (func $panic (param i32)))
            (func (export "run") (param i32) (call $panic (local.get 0))))"#,
        &[panic.into()],
    );
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    // Once more from a host function in between: the panic passes through two activations.
    let nested =
        Func::wrap(&mut store, move |mut caller: Caller<'_, i32>, value: i32| run.call(&mut caller, value));
    let outer = instantiate(
        &mut store,
        r#"(module (import "" "nested" (func $nested (param i32)))
            (func (export "run") (param i32) (call $nested (local.get 0))))"#,
        &[nested.into()],
    );
    let outer = outer.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    std::panic::set_hook(Box::new(|_| {}));
    for i in 1..4 {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| outer.call(&mut store, i)));
        assert_eq!(*caught.unwrap_err().downcast::<i32>().unwrap(), i);
        outer.call(&mut store, 0).unwrap();
    }
    let _ = std::panic::take_hook();
    assert_eq!(*store.data(), 6);
}

#[test]
fn host_and_wasm_call_each_other_to_any_depth() {
    let mut store = Store::<()>::default();
    let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 1, None), Ref::Func(None)).unwrap();
    let bounce = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>, depth: i32| -> Result<i32> {
        let down = *table.get(&mut caller, 0).unwrap().unwrap_func().unwrap();
        Ok(1 + down.typed::<i32, i32>(&caller)?.call(&mut caller, depth)?)
    });
    let instance = instantiate(
        &mut store,
        r#"(module (import "" "bounce" (func $bounce (param i32) (result i32)))
            (func (export "down") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $bounce (i32.sub (local.get 0) (i32.const 1))))
                    (else (i32.const 0)))))"#,
        &[bounce.into()],
    );
    let down = instance.get_func(&mut store, "down").unwrap();
    table.set(&mut store, 0, down.into()).unwrap();
    let down = down.typed::<i32, i32>(&store).unwrap();
    for depth in [0, 1, 10, 100] {
        assert_eq!(down.call(&mut store, depth).unwrap(), depth);
    }
    // Without end it is a stack overflow, not a crash.
    let error = down.call(&mut store, i32::MAX).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::StackOverflow));
    assert_eq!(down.call(&mut store, 50).unwrap(), 50);
}

#[test]
fn instances_call_each_other_with_their_own_memories() {
    let mut store = Store::<()>::default();
    let library = instantiate(
        &mut store,
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "\07")
            (func (export "load") (result i32) (i32.load8_u (i32.const 0))))"#,
        &[],
    );
    let load = library.get_func(&mut store, "load").unwrap();
    let instance = instantiate(
        &mut store,
        r#"(module (import "" "load" (func $load (result i32)))
            (memory 1) (data (i32.const 0) "\05")
            (func (export "both") (result i32)
                (i32.add (i32.mul (i32.const 10) (call $load)) (i32.load8_u (i32.const 0)))))"#,
        &[load.into()],
    );
    let both = instance.get_typed_func::<(), i32>(&mut store, "both").unwrap();
    assert_eq!(both.call(&mut store, ()).unwrap(), 75);
    library.get_memory(&mut store, "memory").unwrap().data_mut(&mut store)[0] = 9;
    assert_eq!(both.call(&mut store, ()).unwrap(), 95);
}

#[test]
fn function_references_keep_their_identity() {
    let mut store = Store::<()>::default();
    let host = Func::wrap(&mut store, || 3);
    let instance = instantiate(
        &mut store,
        r#"(module (import "" "host" (func $host (result i32)))
            (table (export "table") 4 funcref)
            (elem (i32.const 1) $own $host)
            (func $own (export "own") (result i32) (i32.const 4))
            (func (export "get") (param i32) (result funcref) (table.get (local.get 0)))
            (func (export "put") (param i32 funcref) (table.set (local.get 0) (local.get 1)))
            (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))"#,
        &[host.into()],
    );
    let get = instance.get_typed_func::<i32, Option<Func>>(&mut store, "get").unwrap();
    let put = instance.get_typed_func::<(i32, Option<Func>), ()>(&mut store, "put").unwrap();
    let call = instance.get_typed_func::<i32, i32>(&mut store, "call").unwrap();
    assert!(get.call(&mut store, 0).unwrap().is_none());
    let own = get.call(&mut store, 1).unwrap().unwrap();
    assert_eq!(own.typed::<(), i32>(&store).unwrap().call(&mut store, ()).unwrap(), 4);
    put.call(&mut store, (3, Some(host))).unwrap();
    put.call(&mut store, (0, Some(own))).unwrap();
    put.call(&mut store, (1, None)).unwrap();
    assert_eq!([0, 2, 3].map(|i| call.call(&mut store, i).unwrap()), [4, 3, 3]);
    let error = call.call(&mut store, 1).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::IndirectCallToNull));
    let error = call.call(&mut store, 4).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::TableOutOfBounds));
}

#[test]
fn arguments_of_defined_types_are_checked_by_each_call() {
    let mut store = Store::<()>::default();
    let instance = instantiate(
        &mut store,
        r#"(module (type $unary (func (param i32) (result i32)))
            (func (export "apply") (param (ref $unary) i32) (result i32)
                (call_ref $unary (local.get 1) (local.get 0)))
            (func (export "maybe") (param (ref null $unary)) (result i32) (ref.is_null (local.get 0))))"#,
        &[],
    );
    let increment = Func::wrap(&mut store, |value: i32| value + 1);
    let other = Func::wrap(&mut store, |value: i64| value + 1);
    let apply = instance.get_typed_func::<(Func, i32), i32>(&mut store, "apply").unwrap();
    assert_eq!(apply.call(&mut store, (increment, 4)).unwrap(), 5);
    assert!(apply.call(&mut store, (other, 4)).is_err());
    let apply = instance.get_func(&mut store, "apply").unwrap();
    let mut results = [Val::I32(0)];
    apply.call(&mut store, &[increment.into(), Val::I32(6)], &mut results).unwrap();
    assert_eq!(results[0].unwrap_i32(), 7);
    for wrong in [other.into(), Val::null_func_ref()] {
        assert!(apply.call(&mut store, &[wrong, Val::I32(6)], &mut results).is_err());
    }
    let maybe = instance.get_typed_func::<Option<Func>, i32>(&mut store, "maybe").unwrap();
    assert_eq!(maybe.call(&mut store, None).unwrap(), 1);
    assert_eq!(maybe.call(&mut store, Some(increment)).unwrap(), 0);
    assert!(maybe.call(&mut store, Some(other)).is_err());
}

#[test]
fn the_caller_is_the_instance_that_called() {
    let mut store = Store::<()>::default();
    let read = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| -> i32 {
        match caller.get_export("value") {
            Some(Extern::Global(global)) => global.get(&mut caller).unwrap_i32(),
            Some(_) => -2,
            None => -1,
        }
    });
    let wat = |value: i32| {
        format!(
            r#"(module (import "" "read" (func $read (result i32)))
                (global (export "value") i32 (i32.const {value}))
                (func (export "run") (result i32) (call $read)))"#
        )
    };
    for value in [1, 2] {
        let instance = instantiate(&mut store, &wat(value), &[read.into()]);
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), value);
    }
    let direct = read.typed::<(), i32>(&store).unwrap();
    assert_eq!(direct.call(&mut store, ()).unwrap(), -1, "the host has no exports");
}

#[test]
fn things_of_another_store_are_refused() {
    let engine = Engine::default();
    let (mut one, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let func = Func::wrap(&mut one, |_: Option<Func>| ());
    let foreign = Func::wrap(&mut other, || ());

    let wrong = |error: Error| assert!(error.is::<WrongStore>(), "{error:?}");
    wrong(func.call(&mut other, &[Val::null_func_ref()], &mut []).unwrap_err());
    wrong(func.typed::<Option<Func>, ()>(&other).map(|_| ()).unwrap_err());
    let typed = func.typed::<Option<Func>, ()>(&one).unwrap();
    wrong(typed.call(&mut other, None).unwrap_err());
    wrong(typed.call(&mut one, Some(foreign)).unwrap_err());
    wrong(func.call(&mut one, &[foreign.into()], &mut []).unwrap_err());

    let module = Module::new(&engine, r#"(module (import "" "f" (func)))"#).unwrap();
    wrong(Instance::new(&mut one, &module, &[foreign.into()]).map(|_| ()).unwrap_err());
    let module = Module::new(&engine, "(module)").unwrap();
    let instance = Instance::new(&mut one, &module, &[]).unwrap();
    wrong(instance.get_typed_func::<(), ()>(&mut other, "f").map(|_| ()).unwrap_err());
    typed.call(&mut one, None).unwrap();
}

#[test]
#[should_panic(expected = "wrong store")]
fn a_type_asked_of_another_store_is_a_panic() {
    let engine = Engine::default();
    let (mut one, other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    Func::wrap(&mut one, || ()).ty(&other);
}

#[test]
fn what_a_host_function_returns_must_be_of_its_store() {
    let engine = Engine::default();
    let (mut one, mut other) = (Store::new(&engine, ()), Store::new(&engine, ()));
    let foreign = Func::wrap(&mut other, || ());
    let leak = Func::wrap(&mut one, move || Some(foreign));
    let leak = leak.typed::<(), Option<Func>>(&one).unwrap();
    assert!(leak.call(&mut one, ()).unwrap_err().is::<WrongStore>());
}

#[test]
fn closures_are_dropped_with_their_store() {
    let counter = Arc::new(AtomicUsize::new(0));
    let alive = counter.clone();
    {
        let mut store = Store::<()>::default();
        Func::wrap(&mut store, move || {
            alive.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(Arc::strong_count(&counter), 2);
    }
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn modules_are_shared_between_threads_and_stores_move() {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module (global $n (mut i32) (i32.const 0))
            (func (export "next") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))"#,
    )
    .unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (engine, module) = (engine.clone(), module.clone());
            std::thread::spawn(move || {
                let mut store = Store::new(&engine, ());
                let instance = Instance::new(&mut store, &module, &[]).unwrap();
                let next = instance.get_typed_func::<(), i32>(&mut store, "next").unwrap();
                for i in 1..=1000 {
                    assert_eq!(next.call(&mut store, ()).unwrap(), i);
                }
                (store, next)
            })
        })
        .collect();
    for thread in threads {
        let (mut store, next) = thread.join().unwrap();
        assert_eq!(next.call(&mut store, ()).unwrap(), 1001);
        let thread = std::thread::spawn(move || next.call(&mut store, ()).unwrap());
        assert_eq!(thread.join().unwrap(), 1002);
    }
}

#[test]
fn a_start_function_runs_and_its_trap_is_an_error() {
    let mut store = Store::new(&Engine::default(), 0);
    let count = Func::wrap(&mut store, |mut caller: Caller<'_, i32>| *caller.data_mut() += 1);
    instantiate(&mut store, r#"(module (import "" "count" (func $count)) (start $count))"#, &[count.into()]);
    assert_eq!(*store.data(), 1);
    let module = Module::new(
        store.engine(),
        r#"(module (import "" "count" (func $count)) (start $s) (func $s (call $count) unreachable))"#,
    )
    .unwrap();
    let error = Instance::new(&mut store, &module, &[count.into()]).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Trap::UnreachableCodeReached));
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames()[0].func_index(), 1);
    assert_eq!(*store.data(), 2);
}
