//! The interpreter's handlers end in jumps, however the crate was built: no instruction leaves anything on the native stack.
//! A test inside the crate reads their machine code, but that of another build than embedders get; this one runs theirs. See
//! `scripts/check-handlers.sh`.

use brisk::{Config, Engine, Func, Instance, Module, Store, Tier, UpdateDeadline};
use std::fmt::Write;

/// More than the thread's stack has room for, with as little as a return address for each.
const ITERATIONS: i32 = 40_000;
const STACK: usize = 256 * 1024;

fn constant(ty: &str) -> &'static str {
    match ty {
        "i32" => "(i32.const 7)",
        "i64" => "(i64.const 7)",
        "f32" => "(f32.const 1.5)",
        "f64" => "(f64.const 1.5)",
        "v128" => "(v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)",
        _ => unreachable!("{ty}"),
    }
}

/// The instruction with its immediates, its operands and how many results it has.
fn instruction(function: &str, operands: &[&str], results: usize) -> String {
    let mut text = format!("({}", function.replacen('_', ".", 1));
    for ty in operands {
        match *ty {
            "lane" => text += " 1",
            "lanes" => text += " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31",
            _ => {}
        }
    }
    for ty in operands.iter().filter(|ty| !ty.starts_with("lane")) {
        write!(text, " (local.get ${ty})").expect("strings are written to");
    }
    text + ")" + &" drop".repeat(results)
}

macro_rules! instructions {
    ($($section:ident { $($operator:ident $function:ident ($($operand:ident),*) -> $result:tt;)* })*) => {
        vec![$($(
            instruction(stringify!($function), &[$(stringify!($operand)),*], if stringify!($result).starts_with('(') { 2 } else { 1 }),
        )*)*]
    };
}

fn memory_instructions() -> Vec<String> {
    let mut all = Vec::new();
    for load in ["8x8_s", "8x8_u", "16x4_s", "16x4_u", "32x2_s", "32x2_u"] {
        all.push(format!("(v128.load{load} (local.get $i32)) drop"));
    }
    for bits in [8, 16, 32, 64] {
        all.push(format!("(v128.load{bits}_splat (local.get $i32)) drop"));
        all.push(format!("(v128.load{bits}_lane 1 (local.get $i32) (local.get $v128)) drop"));
        all.push(format!("(v128.store{bits}_lane 1 (local.get $i32) (local.get $v128))"));
    }
    for load in [
        "v128.load",
        "v128.load32_zero",
        "v128.load64_zero",
        "i32.load",
        "i64.load8_s",
        "f32.load",
        "f64.load",
    ] {
        all.push(format!("({load} (local.get $i32)) drop"));
    }
    all.push("(memory.grow (i32.const 0)) drop".to_owned());
    all.push("memory.size drop".to_owned());
    for (store, ty) in
        [("v128.store", "v128"), ("i32.store16", "i32"), ("i64.store", "i64"), ("f64.store", "f64")]
    {
        all.push(format!("({store} (local.get $i32) (local.get ${ty}))"));
    }
    all
}

#[test]
fn no_instruction_uses_up_the_native_stack() {
    let mut all = brisk_module::for_each_numeric_op!(instructions);
    all.extend(memory_instructions());
    assert!(all.len() > 400, "{} instructions", all.len());
    let mut wat = String::from("(module (memory 1)");
    for instruction in &all {
        wat += "(func (export \"";
        wat += &instruction.replace(['(', ')', '"'], "");
        wat += "\") (param $n i32)";
        let types = ["i32", "i64", "f32", "f64", "v128"];
        types.iter().for_each(|ty| write!(wat, " (local ${ty} {ty})").expect("strings are written to"));
        for ty in types {
            write!(wat, "(local.set ${ty} {})", constant(ty)).expect("strings are written to");
        }
        write!(wat, "(loop {instruction} (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))")
            .expect("strings are written to");
    }
    wat += ")";
    let run = move || {
        let mut config = Config::new();
        config.tier(Tier::Interp).wasm_relaxed_simd(true).wasm_wide_arithmetic(true);
        let engine = Engine::new(&config).expect("an engine");
        let module = Module::new(&engine, wat).expect("a module of every instruction");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
        let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
        for name in names {
            let func = instance.get_typed_func::<i32, ()>(&mut store, &name).expect("a function");
            func.call(&mut store, ITERATIONS).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    };
    on_a_small_stack(run);
}

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread").join().expect("all of them");
}

/// Calls each export of a module of calls and loops.
fn calls_and_loops(mut config: Config, prepare: fn(&mut Store<()>)) {
    let wat = r#"(module
        (import "host" "function" (func $host (param i32)))
        (tag $tag (param i32))
        (type $type (func (param i32)))
        (table funcref (elem $callee))
        (func $callee (param i32))
        (func $throws (param i32) (throw $tag (local.get 0)))
        (func (export "loops") (param $n i32)
            (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "calls") (param $n i32)
            (loop (call $callee (i32.const 1))
                (call_indirect (type $type) (i32.const 1) (i32.const 0))
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "calls of the host") (param $n i32)
            (loop (call $host (i32.const 1))
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "exceptions") (param $n i32)
            (loop (block (result i32) (try_table (result i32) (catch $tag 0) (call $throws (i32.const 1)) (i32.const 2))) drop
                (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))"#;
    on_a_small_stack(move || {
        config.wasm_exceptions(true);
        let engine = Engine::new(&config).expect("an engine");
        let module = Module::new(&engine, wat).expect("a module");
        let mut store = Store::new(&engine, ());
        prepare(&mut store);
        let host = Func::wrap(&mut store, |_: i32| {});
        let instance = Instance::new(&mut store, &module, &[host.into()]).expect("an instance");
        let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
        for name in names {
            let func = instance.get_typed_func::<i32, ()>(&mut store, &name).expect("a function");
            func.call(&mut store, ITERATIONS).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    });
}

#[test]
fn no_call_uses_up_the_native_stack() {
    let mut config = Config::new();
    config.tier(Tier::Interp);
    calls_and_loops(config, |_| {});
}

#[test]
fn no_interrupt_uses_up_the_native_stack() {
    let mut config = Config::new();
    config.tier(Tier::Interp).epoch_interruption(true);
    calls_and_loops(config, |store| {
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(0)));
        store.set_epoch_deadline(0);
    });
}

/// Hot code asks for machine code again and again while there is none.
#[test]
fn no_waiting_for_machine_code_uses_up_the_native_stack() {
    let mut config = Config::new();
    config.tier(Tier::Auto).tier_threshold(0).max_code_memory(0).compile_threads(0);
    calls_and_loops(config, |_| {});
}

#[test]
fn no_call_of_machine_code_uses_up_the_native_stack() {
    let mut config = Config::new();
    // Callees are hot soon, as calls count more than iterations; loops never.
    config.tier(Tier::Auto).tier_threshold(ITERATIONS as u32 + 1).compile_threads(0);
    calls_and_loops(config, |_| {});
}
