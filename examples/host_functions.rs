//! Give a module functions of the host, which share state through the store, and see their errors
//! come back.
//!
//! `cargo run -p brisk --example host_functions`

use brisk::{Caller, Engine, Error, Linker, Module, Result, Store};

/// What the host keeps for one program.
#[derive(Default)]
struct Ledger {
    entries: Vec<i64>,
}

/// An error of the host, found again on the other side of the wasm code.
#[derive(Debug)]
struct Overdrawn {
    by: i64,
}

impl std::fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "overdrawn by {}", self.by)
    }
}

impl std::error::Error for Overdrawn {}

fn main() -> Result<()> {
    let engine = Engine::default();
    let mut linker: Linker<Ledger> = Linker::new(&engine);
    linker.func_wrap("ledger", "post", |mut caller: Caller<'_, Ledger>, amount: i64| -> Result<i64> {
        let ledger = caller.data_mut();
        let balance = ledger.entries.iter().sum::<i64>() + amount;
        if balance < 0 {
            return Err(Error::new(Overdrawn { by: -balance }));
        }
        ledger.entries.push(amount);
        Ok(balance)
    })?;

    let module = Module::new(
        &engine,
        r#"(module
            (import "ledger" "post" (func $post (param i64) (result i64)))
            (func (export "month") (result i64)
                (drop (call $post (i64.const 1200)))
                (drop (call $post (i64.const -700)))
                (call $post (i64.const -300)))
            (func (export "holiday") (drop (call $post (i64.const -900)))))"#,
    )?;
    let mut store = Store::new(&engine, Ledger::default());
    let instance = linker.instantiate(&mut store, &module)?;

    let balance = instance.get_typed_func::<(), i64>(&mut store, "month")?.call(&mut store, ())?;
    println!("after a month: {balance}, entries {:?}", store.data().entries);
    assert_eq!(balance, 200);

    let holiday = instance.get_typed_func::<(), ()>(&mut store, "holiday")?;
    let error = holiday.call(&mut store, ()).expect_err("the account does not allow it");
    let overdrawn = error.downcast_ref::<Overdrawn>().expect("the host's own error comes back");
    println!("a holiday: {overdrawn}");
    assert_eq!(overdrawn.by, 700);
    Ok(())
}
