//! Compile a module, instantiate it and call one of its functions.
//!
//! `cargo run -p brisk --example hello`

use brisk::{Engine, Instance, Module, Result, Store};

fn main() -> Result<()> {
    // An engine holds the configuration; a module is code; a store holds the state of a program.
    let engine = Engine::default();
    let module = Module::new(
        &engine,
        r#"(module
            (func (export "gcd") (param i32 i32) (result i32)
                (local i32)
                (loop $next (result i32)
                    (if (result i32) (i32.eqz (local.get 1))
                        (then (local.get 0))
                        (else
                            (local.set 2 (i32.rem_u (local.get 0) (local.get 1)))
                            (local.set 0 (local.get 1))
                            (local.set 1 (local.get 2))
                            (br $next))))))"#,
    )?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;

    // Checked once against the function's type, then called with Rust values.
    let gcd = instance.get_typed_func::<(i32, i32), i32>(&mut store, "gcd")?;
    let answer = gcd.call(&mut store, (1071, 462))?;
    println!("the greatest common divisor of 1071 and 462 is {answer}");
    assert_eq!(answer, 21);
    Ok(())
}
