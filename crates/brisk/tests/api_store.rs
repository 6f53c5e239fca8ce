//! Stores: data, limits, fuel, epochs, deadlines.

use brisk::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const FOREVER: &str = r#"(module
    (func (export "forever") (loop (br 0)))
    (func (export "recurse") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (call 1 (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7))))
    (func (export "one") (result i32) (i32.const 1)))"#;

fn instance<T: 'static>(store: &mut Store<T>, wat: &str) -> Instance {
    let module = Module::new(store.engine(), wat).unwrap();
    Instance::new(store, &module, &[]).unwrap()
}

fn trap(error: Error) -> Trap {
    *error.downcast_ref().unwrap_or_else(|| panic!("not a trap: {error:?}"))
}

#[test]
fn data_is_dropped_once_or_given_back() {
    let counter = Arc::new(());
    let store = Store::new(&Engine::default(), counter.clone());
    assert_eq!(Arc::strong_count(&counter), 2);
    let back = store.into_data();
    assert_eq!(Arc::strong_count(&counter), 2);
    drop(Store::new(&Engine::default(), back));
    assert_eq!(Arc::strong_count(&counter), 1);
}

#[test]
fn fuel_is_used_up_the_same_way_each_time() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    assert_eq!(store.get_fuel().unwrap(), 0);
    store.set_fuel(1_000_000).unwrap();
    let instance = instance(&mut store, FOREVER);
    let recurse = instance.get_typed_func::<i32, i32>(&mut store, "recurse").unwrap();
    let mut used = Vec::new();
    for _ in 0..3 {
        store.set_fuel(1_000_000).unwrap();
        recurse.call(&mut store, 100).unwrap();
        used.push(1_000_000 - store.get_fuel().unwrap());
    }
    assert!(used[0] > 100 && used.iter().all(|&fuel| fuel == used[0]), "{used:?}");
    // Exactly that much is enough. With half of it, it ends at the same place each time.
    store.set_fuel(used[0]).unwrap();
    recurse.call(&mut store, 100).unwrap();
    let places = [(); 2].map(|()| {
        store.set_fuel(used[0] / 2).unwrap();
        let error = recurse.call(&mut store, 100).unwrap_err();
        assert_eq!(store.get_fuel().unwrap(), 0);
        let place = format!("{:?}", error.downcast_ref::<WasmBacktrace>().unwrap());
        assert_eq!(trap(error), Trap::OutOfFuel);
        place
    });
    assert_eq!(places[0], places[1]);
    store.set_fuel(u64::MAX).unwrap();
    assert_eq!(store.get_fuel().unwrap(), u64::MAX);
    recurse.call(&mut store, 100).unwrap();
    assert_eq!(store.get_fuel().unwrap(), u64::MAX - used[0]);
}

#[test]
fn fuel_needs_its_configuration() {
    let mut store = Store::<()>::default();
    assert!(store.get_fuel().is_err());
    assert!(store.set_fuel(1).is_err());
}

#[test]
fn a_host_function_can_refuel() {
    let engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_fuel(10_000).unwrap();
    let fill = Func::wrap(&mut store, |mut caller: Caller<'_, ()>| -> Result<()> {
        let left = caller.get_fuel()?;
        assert!(left < 10_000);
        caller.set_fuel(10_000)
    });
    let module = Module::new(
        &engine,
        r#"(module (import "" "fill" (func $fill))
            (func (export "run") (param i32)
                (loop (call $fill)
                    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#,
    )
    .unwrap();
    let instance = Instance::new(&mut store, &module, &[fill.into()]).unwrap();
    let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
    run.call(&mut store, 100_000).unwrap();
}

#[test]
fn an_epoch_interrupts_loops_and_calls_until_the_deadline_moves() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(1);
    let instance = instance(&mut store, FOREVER);
    let forever = instance.get_typed_func::<(), ()>(&mut store, "forever").unwrap();
    let one = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap();
    assert_eq!(one.call(&mut store, ()).unwrap(), 1);
    let ticker = engine.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        ticker.increment_epoch();
    });
    assert_eq!(trap(forever.call(&mut store, ()).unwrap_err()), Trap::Interrupt);
    thread.join().unwrap();
    assert_eq!(trap(one.call(&mut store, ()).unwrap_err()), Trap::Interrupt);
    store.set_epoch_deadline(1);
    assert_eq!(one.call(&mut store, ()).unwrap(), 1);
}

#[test]
fn an_epoch_callback_decides() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, 0);
    store.epoch_deadline_callback(|mut store| {
        *store.data_mut() += 1;
        match *store.data() {
            5 => bail!("enough"),
            _ => Ok(UpdateDeadline::Continue(1)),
        }
    });
    let instance = instance(&mut store, FOREVER);
    let forever = instance.get_typed_func::<(), ()>(&mut store, "forever").unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                engine.increment_epoch();
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let error = forever.call(&mut store, ()).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "enough");
        assert_eq!(*store.data(), 5);
        store.epoch_deadline_trap();
        store.set_epoch_deadline(1);
        assert_eq!(trap(forever.call(&mut store, ()).unwrap_err()), Trap::Interrupt);
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_panic_of_an_epoch_callback_reaches_the_host() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let mut store = Store::new(&engine, ());
    store.epoch_deadline_callback(|_| std::panic::resume_unwind(Box::new("epoch")));
    let instance = instance(&mut store, FOREVER);
    let forever = instance.get_typed_func::<(), ()>(&mut store, "forever").unwrap();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| forever.call(&mut store, ())));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "epoch");
    store.set_epoch_deadline(100);
    let one = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap();
    assert_eq!(one.call(&mut store, ()).unwrap(), 1);
}

#[test]
fn a_deadline_ends_loops_and_stays_until_it_is_moved() {
    let mut store = Store::<()>::default();
    let instance = instance(&mut store, FOREVER);
    let forever = instance.get_typed_func::<(), ()>(&mut store, "forever").unwrap();
    let one = instance.get_typed_func::<(), i32>(&mut store, "one").unwrap();
    let begin = Instant::now();
    store.set_timeout(Duration::from_millis(50)).unwrap();
    assert_eq!(trap(forever.call(&mut store, ()).unwrap_err()), Trap::Deadline);
    assert!(begin.elapsed() >= Duration::from_millis(50));
    assert_eq!(trap(one.call(&mut store, ()).unwrap_err()), Trap::Deadline);
    store.set_deadline(None).unwrap();
    assert_eq!(one.call(&mut store, ()).unwrap(), 1);
    assert_eq!(store.deadline(), None);
}

#[test]
fn a_host_function_sees_the_deadline() {
    let mut store = Store::<()>::default();
    let deadline = Instant::now() + Duration::from_secs(3600);
    let seen =
        Func::wrap(&mut store, move |caller: Caller<'_, ()>| i32::from(caller.deadline() == Some(deadline)));
    let seen = seen.typed::<(), i32>(&store).unwrap();
    assert_eq!(seen.call(&mut store, ()).unwrap(), 0);
    store.set_deadline(Some(deadline)).unwrap();
    assert_eq!(seen.call(&mut store, ()).unwrap(), 1);
}

#[test]
fn a_store_can_be_interrupted_while_it_moves_between_threads() {
    let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let (ticker, stop) = (engine.clone(), done.clone());
    let thread = std::thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            ticker.increment_epoch();
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let mut store = Store::new(&engine, ());
    let wasm = instance(&mut store, FOREVER);
    let forever = wasm.get_typed_func::<(), ()>(&mut store, "forever").unwrap();
    for _ in 0..20 {
        let forever = forever.clone();
        store = std::thread::spawn(move || {
            store.set_epoch_deadline(2);
            assert_eq!(trap(forever.call(&mut store, ()).unwrap_err()), Trap::Interrupt);
            store
        })
        .join()
        .unwrap();
    }
    done.store(true, Ordering::Relaxed);
    thread.join().unwrap();
}

#[test]
fn stack_overflow_is_a_trap_and_the_store_goes_on() {
    let engine = Engine::new(Config::new().max_wasm_stack(64 << 10)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = instance(&mut store, FOREVER);
    let recurse = instance.get_typed_func::<i32, i32>(&mut store, "recurse").unwrap();
    assert_eq!(recurse.call(&mut store, 100).unwrap(), 7);
    let error = recurse.call(&mut store, 1_000_000).unwrap_err();
    assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 20);
    assert_eq!(trap(error), Trap::StackOverflow);
    assert_eq!(recurse.call(&mut store, 100).unwrap(), 7);
}

#[test]
fn a_stack_too_small_for_any_frame_is_a_trap() {
    let engine = Engine::new(Config::new().max_wasm_stack(1)).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = instance(&mut store, "(module (func (export \"f\") (param i64 i64 i64 i64)))");
    let f = instance.get_typed_func::<(i64, i64, i64, i64), ()>(&mut store, "f").unwrap();
    assert_eq!(trap(f.call(&mut store, (1, 2, 3, 4)).unwrap_err()), Trap::StackOverflow);
    let host = Func::wrap(&mut store, |_: i64, _: i64, _: i64, _: i64| ());
    let host = host.typed::<(i64, i64, i64, i64), ()>(&store).unwrap();
    assert_eq!(trap(host.call(&mut store, (1, 2, 3, 4)).unwrap_err()), Trap::StackOverflow);
}

#[test]
fn limits_count_instances_memories_and_tables() {
    let engine = Engine::default();
    let limits = StoreLimitsBuilder::new().instances(2).memories(1).tables(1).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    let both = Module::new(&engine, "(module (memory 1) (table 1 funcref))").unwrap();
    Instance::new(&mut store, &both, &[]).unwrap();
    let error = Instance::new(&mut store, &both, &[]).unwrap_err();
    assert!(error.to_string().contains("count too high"), "{error}");
    assert!(Memory::new(&mut store, MemoryType::new(0, None)).is_err());
    let neither = Module::new(&engine, "(module)").unwrap();
    Instance::new(&mut store, &neither, &[]).unwrap();
    assert!(Instance::new(&mut store, &neither, &[]).is_err());
}

/// Allows everything, and notes what it was asked.
#[derive(Default)]
struct Log(Vec<(usize, usize, Option<usize>)>, bool);

impl ResourceLimiter for Log {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.0.push((current, desired, maximum));
        if self.1 { bail!("no more") } else { Ok(true) }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.0.push((current, desired, maximum));
        if self.1 { std::panic::resume_unwind(Box::new("no more")) } else { Ok(true) }
    }
}

#[test]
fn a_limiter_is_asked_before_growth_and_its_errors_and_panics_reach_the_host() {
    let mut store = Store::new(&Engine::default(), Log::default());
    store.limiter(|log| log);
    let instance = instance(
        &mut store,
        r#"(module (memory 1 3) (table 2 funcref)
            (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#,
    );
    let memory = instance.get_typed_func::<i32, i32>(&mut store, "memory").unwrap();
    let table = instance.get_typed_func::<i32, i32>(&mut store, "table").unwrap();
    assert_eq!(memory.call(&mut store, 1).unwrap(), 1);
    assert_eq!(memory.call(&mut store, 2).unwrap(), -1, "beyond the maximum");
    assert_eq!(table.call(&mut store, 5).unwrap(), 2);
    const PAGE: usize = 65536;
    assert_eq!(
        store.data().0,
        [
            (0, PAGE, Some(3 * PAGE)),
            (0, 2, None),
            (PAGE, 2 * PAGE, Some(3 * PAGE)),
            (2 * PAGE, 4 * PAGE, Some(3 * PAGE)),
            (2, 7, None),
        ]
    );
    store.data_mut().1 = true;
    assert_eq!(memory.call(&mut store, 1).unwrap_err().root_cause().to_string(), "no more");
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| table.call(&mut store, 1)));
    assert_eq!(*caught.unwrap_err().downcast::<&str>().unwrap(), "no more");
    store.data_mut().1 = false;
    assert_eq!(memory.call(&mut store, 1).unwrap(), 2);
    assert_eq!(table.call(&mut store, 1).unwrap(), 7);
}

#[test]
fn a_limiter_can_make_refusal_a_trap() {
    let limits =
        StoreLimitsBuilder::new().memory_size(1 << 16).table_elements(2).trap_on_grow_failure(true).build();
    let mut store = Store::new(&Engine::default(), limits);
    store.limiter(|limits| limits);
    let instance = instance(
        &mut store,
        r#"(module (memory 1) (table 2 funcref)
            (func (export "memory") (drop (memory.grow (i32.const 1))))
            (func (export "table") (drop (table.grow (ref.null func) (i32.const 1)))))"#,
    );
    for (name, expected) in [("memory", Trap::MemoryLimit), ("table", Trap::TableLimit)] {
        let grow = instance.get_typed_func::<(), ()>(&mut store, name).unwrap();
        let error = grow.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 1);
        assert_eq!(trap(error), expected);
    }
}

#[test]
fn many_stores_and_instances_leave_nothing_behind() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Count;
    impl Count {
        fn new() -> Count {
            ALIVE.fetch_add(1, Ordering::Relaxed);
            Count
        }
    }
    impl Drop for Count {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let engine = Engine::default();
    let module = Module::new(&engine, FOREVER).unwrap();
    for _ in 0..200 {
        let mut store = Store::new(&engine, Count::new());
        for _ in 0..10 {
            Instance::new(&mut store, &module, &[]).unwrap();
            ExternRef::new(&mut store, Count::new()).unwrap();
        }
        assert_eq!(ALIVE.load(Ordering::Relaxed), 11);
    }
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
}
