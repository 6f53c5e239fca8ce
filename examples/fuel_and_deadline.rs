//! Bound what a program may use: by fuel, which stops it at the same point in every run, or by time.
//!
//! `cargo run -p brisk --example fuel_and_deadline`

use brisk::{Config, Engine, Instance, Module, Result, Store, Trap};
use std::time::{Duration, Instant};

/// Counts up for ever.
const ENDLESS: &str = r#"(module
    (global (export "count") (mut i64) (i64.const 0))
    (func (export "run")
        (loop $again
            (global.set 0 (i64.add (global.get 0) (i64.const 1)))
            (br $again))))"#;

fn main() -> Result<()> {
    fuel()?;
    deadline()
}

fn fuel() -> Result<()> {
    let engine = Engine::new(Config::new().consume_fuel(true))?;
    let module = Module::new(&engine, ENDLESS)?;
    let mut counts = Vec::new();
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        store.set_fuel(10_000)?;
        let instance = Instance::new(&mut store, &module, &[])?;
        let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
        let error = run.call(&mut store, ()).expect_err("nothing runs for ever on 10,000 units of fuel");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
        // The store is still good: its globals can be read, and more fuel lets the program run on.
        let count = instance.get_global(&mut store, "count").expect("exported").get(&mut store);
        counts.push(count.unwrap_i64());
    }
    println!("10,000 units of fuel counted to {}, twice", counts[0]);
    assert_eq!(counts[0], counts[1]);
    Ok(())
}

fn deadline() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, ENDLESS)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    let start = Instant::now();
    store.set_timeout(Duration::from_millis(50))?;
    let error = run.call(&mut store, ()).expect_err("time runs out");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Deadline));
    println!("stopped after {:?}: {}", start.elapsed(), error.root_cause());
    Ok(())
}
