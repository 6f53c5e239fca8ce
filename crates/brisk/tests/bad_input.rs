//! Modules at the limits of what can be run.

use brisk::{Caller, Config, Engine, Func, Instance, Module, Result, Store, Trap, Val};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn instance(text: &str) -> (Store<()>, Result<Instance>) {
    let engine = Engine::default();
    let module = Module::new(&engine, text).expect("the module is valid");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]);
    (store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, args: &[Val]) -> Result<Vec<Val>> {
    let func = instance.get_func(&mut *store, name).expect("the export is there");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(store, args, &mut results)?;
    Ok(results)
}

fn trap(result: Result<Vec<Val>>) -> Option<Trap> {
    result.err().and_then(|error| error.downcast_ref().copied())
}

#[test]
fn a_memory_of_4_gib() {
    let (mut store, made) = instance(
        r#"(module (memory 65536)
            (func (export "last") (result i32) (i32.store8 (i32.const -1) (i32.const 7)) (i32.load8_u (i32.const -1)))
            (func (export "beyond") (result i32) (i32.load16_u (i32.const -1)))
            (func (export "offset") (result i32) (i32.load8_u offset=4294967295 (i32.const 1)))
            (func (export "grow") (result i32) (memory.grow (i32.const 1))))"#,
    );
    // A machine may refuse so much.
    let Ok(made) = made else { return };
    assert_eq!(call(&mut store, made, "last", &[]).unwrap()[0].i32(), Some(7));
    assert_eq!(trap(call(&mut store, made, "beyond", &[])), Some(Trap::MemoryOutOfBounds));
    assert_eq!(trap(call(&mut store, made, "offset", &[])), Some(Trap::MemoryOutOfBounds));
    assert_eq!(call(&mut store, made, "grow", &[]).unwrap()[0].i32(), Some(-1));
}

#[test]
fn memories_and_tables_beyond_any_machine_are_errors() {
    for text in [
        "(module (memory i64 0x1000000000000))",
        "(module (memory i64 0xffffffffffff))",
        "(module (table i64 0xffffffffffffffff funcref))",
        "(module (table i64 0x1000000000000000 externref))",
    ] {
        let (_store, made) = instance(text);
        assert!(made.is_err(), "{text}");
    }
    // This one may fit.
    drop(instance("(module (table 0xffffffff funcref))"));
}

#[test]
fn accesses_of_each_width_at_the_last_byte() {
    for (op, width) in [("8_u", 1u64), ("16_u", 2), ("32_u", 4), ("", 8)] {
        let text = format!(
            r#"(module (memory 1)
                (func (export "load") (param i32) (result i64) (i64.load{op} (local.get 0)))
                (func (export "store") (param i32) (i64.store{} (local.get 0) (i64.const -1))))"#,
            op.trim_end_matches("_u")
        );
        let (mut store, made) = instance(&text);
        let made = made.unwrap();
        let last = 0x1_0000 - width;
        assert!(call(&mut store, made, "store", &[Val::I32(last as i32)]).is_ok());
        let all = u64::MAX >> (64 - 8 * width);
        let args = [Val::I32(last as i32)];
        assert_eq!(call(&mut store, made, "load", &args).unwrap()[0].i64(), Some(all.cast_signed()), "{op}");
        for address in [last + 1, 0xffff + 1, 0xffff_ffff] {
            let args = [Val::I32(address as i32)];
            assert_eq!(trap(call(&mut store, made, "load", &args)), Some(Trap::MemoryOutOfBounds), "{op}");
            assert_eq!(trap(call(&mut store, made, "store", &args)), Some(Trap::MemoryOutOfBounds), "{op}");
        }
    }
}

#[test]
fn a_trap_in_the_middle_of_a_bulk_operation_writes_nothing() {
    let (mut store, made) = instance(
        r#"(module (memory 1) (data $d "abcd")
            (func (export "fill") (memory.fill (i32.const 65530) (i32.const 1) (i32.const 7)))
            (func (export "copy") (memory.copy (i32.const 65530) (i32.const 0) (i32.const 7)))
            (func (export "init") (memory.init $d (i32.const 65534) (i32.const 0) (i32.const 4)))
            (func (export "end") (result i64) (i64.load (i32.const 65528))))"#,
    );
    let made = made.unwrap();
    for name in ["fill", "copy", "init"] {
        assert_eq!(trap(call(&mut store, made, name, &[])), Some(Trap::MemoryOutOfBounds), "{name}");
        assert_eq!(call(&mut store, made, "end", &[]).unwrap()[0].i64(), Some(0), "{name}");
    }
}

#[test]
fn a_branch_table_with_a_million_targets() {
    let mut targets = "0 ".repeat(999_999);
    targets.push_str("1 0");
    let (mut store, made) = instance(&format!(
        r#"(module (func (export "f") (param i32) (result i32)
            (block (block (br_table {targets} (local.get 0))) (return (i32.const 10)))
            (i32.const 20)))"#
    ));
    let made = made.unwrap();
    for (index, expected) in [(0, 10), (999_998, 10), (999_999, 20), (1_000_000, 10), (-1, 10)] {
        let result = call(&mut store, made, "f", &[Val::I32(index)]).unwrap();
        assert_eq!(result[0].i32(), Some(expected), "{index}");
    }
}

#[test]
fn frames_of_many_locals() {
    for count in [300, 5_000, 50_000] {
        let mut text = format!(
            r#"(module (func (export "f") (param i32) (result i32) (local {})"#,
            "i32 ".repeat(count - 1)
        );
        // Each local is the one before it plus one.
        for local in 1..count {
            let _ = write!(text, "(local.set {local} (i32.add (local.get {}) (i32.const 1)))", local - 1);
        }
        let _ = write!(text, "(local.get {})))", count - 1);
        let (mut store, made) = instance(&text);
        let result = call(&mut store, made.unwrap(), "f", &[Val::I32(5)]).unwrap();
        assert_eq!(result[0].i32(), Some(5 + count as i32 - 1), "{count}");
    }
}

#[test]
fn recursion_through_the_host_ends_at_a_stack_limit() {
    let engine = Engine::new(&Config::new()).unwrap();
    let text = r#"(module (import "" "" (func $host))
        (func $deep (export "deep") (param i32)
            (if (i32.eqz (local.get 0)) (then (call $host)) (else (call $deep (i32.sub (local.get 0) (i32.const 1)))))))"#;
    let module = Module::new(&engine, text).unwrap();
    for depth in [0, 10, 1_000] {
        let mut store = Store::new(&engine, ());
        let again = Func::wrap(&mut store, move |mut caller: Caller<'_, ()>| -> Result<()> {
            let deep = caller.get_export("deep").and_then(brisk::Extern::into_func).expect("it is exported");
            deep.call(&mut caller, &[Val::I32(depth)], &mut [])
        });
        let made = Instance::new(&mut store, &module, &[again.into()]).unwrap();
        for _ in 0..2 {
            let ended = trap(call(&mut store, made, "deep", &[Val::I32(depth)]));
            assert_eq!(ended, Some(Trap::StackOverflow), "{depth}");
        }
    }
}

#[test]
fn a_panic_of_a_host_function_goes_through_and_the_store_stays_usable() {
    fn fail() {
        panic!("from the host");
    }
    let engine = Engine::default();
    let text = r#"(module (import "" "" (func $host)) (func (export "f") (call $host)) (func (export "g")))"#;
    let module = Module::new(&engine, text).unwrap();
    let mut store = Store::new(&engine, ());
    let host = Func::wrap(&mut store, fail);
    let made = Instance::new(&mut store, &module, &[host.into()]).unwrap();
    let ended = catch_unwind(AssertUnwindSafe(|| call(&mut store, made, "f", &[])));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"from the host"));
    assert!(call(&mut store, made, "g", &[]).is_ok());
}
