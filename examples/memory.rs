//! Exchange bytes with a program through its memory.
//!
//! `cargo run -p brisk --example memory`

use brisk::{Engine, Instance, Module, Result, Store, Trap};

fn main() -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (memory (export "memory") 1 4)
            ;; Reverses `length` bytes from `start` on.
            (func (export "reverse") (param $start i32) (param $length i32)
                (local $end i32) (local $byte i32)
                (local.set $end (i32.sub (i32.add (local.get $start) (local.get $length)) (i32.const 1)))
                (block $done
                    (loop $next
                        (br_if $done (i32.ge_s (local.get $start) (local.get $end)))
                        (local.set $byte (i32.load8_u (local.get $start)))
                        (i32.store8 (local.get $start) (i32.load8_u (local.get $end)))
                        (i32.store8 (local.get $end) (local.get $byte))
                        (local.set $start (i32.add (local.get $start) (i32.const 1)))
                        (local.set $end (i32.sub (local.get $end) (i32.const 1)))
                        (br $next)))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let memory = instance.get_memory(&mut store, "memory").expect("the module exports its memory");
    let reverse = instance.get_typed_func::<(i32, i32), ()>(&mut store, "reverse")?;

    let text = b"was it a rat I saw";
    memory.write(&mut store, 100, text)?;
    reverse.call(&mut store, (100, text.len() as i32))?;
    let reversed = memory.data(&store)[100..100 + text.len()].to_vec();
    println!("{}", String::from_utf8_lossy(&reversed));
    assert_eq!(reversed, b"was I tar a ti saw");

    // Growing is bounded by what the module declares, and by the store's limiter if it has one.
    assert_eq!(memory.grow(&mut store, 3)?, 1);
    assert!(memory.grow(&mut store, 1).is_err());
    println!("grown to {} pages", memory.size(&store));

    // What lies beyond the end cannot be reached.
    let error = reverse.call(&mut store, (4 * 65536, 2)).expect_err("beyond the end of the memory");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
    println!("{error:#}");
    Ok(())
}
