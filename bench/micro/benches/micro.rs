//! What brisk's parts cost by themselves: `cargo bench -p brisk-micro [FILTER]`. The passes of the compiler, by the
//! byte, are what `brisk-stages` prints.

use brisk::{Config, Engine, Func, Instance, Memory, Module, Store, Tier, TypedFunc};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

const RUST: &[u8] = include_bytes!("../../../guests/rust/guests.wasm");
const JSON: &[u8] = include_bytes!("../../../guests/bench/json.wasm");

/// Some of everything that is called below.
const PARTS: &str = r#"
(module
  (import "host" "next" (func $next (param i32) (result i32)))
  (type $unary (func (param i32) (result i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $increment)
  (func $increment (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "host_calls") (param $n i32) (result i32)
    (local $x i32)
    (loop $again
      (local.set $x (call $next (local.get $x)))
      (br_if $again (i32.lt_u (local.get $x) (local.get $n))))
    (local.get $x))
  (func (export "indirect_calls") (param $n i32) (result i32)
    (local $x i32)
    (loop $again
      (local.set $x (call_indirect (type $unary) (local.get $x) (i32.const 0)))
      (br_if $again (i32.lt_u (local.get $x) (local.get $n))))
    (local.get $x))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))
"#;

const TIERS: [Tier; 2] = [Tier::Interp, Tier::Jit];
const CALLS: u32 = 1000;

fn engine(tier: Tier) -> Engine {
    let mut config = Config::new();
    config.tier(tier).parallel_compilation(false);
    Engine::new(&config).expect("a configuration without contradictions")
}

fn parts(tier: Tier) -> (Store<()>, Instance) {
    let engine = engine(tier);
    let module = Module::new(&engine, PARTS).expect("a valid module");
    let mut store = Store::new(&engine, ());
    let next = Func::wrap(&mut store, |x: i32| x + 1);
    let instance = Instance::new(&mut store, &module, &[next.into()]).expect("its import is there");
    (store, instance)
}

fn unary(tier: Tier, name: &str) -> (Store<()>, TypedFunc<i32, i32>) {
    let (mut store, instance) = parts(tier);
    let func = instance.get_typed_func::<i32, i32>(&mut store, name).expect("an export of this type");
    (store, func)
}

/// Decoding and validating a module on one thread.
#[divan::bench]
fn validate(bencher: Bencher) {
    let engine = engine(Tier::Interp);
    bencher.counter(BytesCount::of_slice(RUST)).bench(|| Module::validate(&engine, black_box(RUST)));
}

/// Loading a module: validation, and compiling all of it in the tier `jit`.
#[divan::bench(args = TIERS)]
fn load(bencher: Bencher, tier: Tier) {
    let engine = engine(tier);
    bencher.counter(BytesCount::of_slice(RUST)).bench(|| Module::new(&engine, black_box(RUST)));
}

/// The first run of a program, which translates what it calls: less a second run of the same module, the
/// translation's own cost.
#[divan::bench(args = [true, false])]
fn first_run(bencher: Bencher, fresh: bool) {
    let engine = engine(Tier::Interp);
    let kept = Module::new(&engine, PARTS).expect("a valid module");
    bencher
        .with_inputs(
            || if fresh { Module::new(&engine, PARTS).expect("a valid module") } else { kept.clone() },
        )
        .bench_values(|module| {
            let mut store = Store::new(&engine, ());
            let next = Func::wrap(&mut store, |x: i32| x + 1);
            let instance = Instance::new(&mut store, &module, &[next.into()]).expect("its import is there");
            for name in ["host_calls", "indirect_calls", "grow"] {
                let func = instance.get_typed_func::<i32, i32>(&mut store, name).expect("an export");
                func.call(&mut store, 1).expect("no trap");
            }
        });
}

/// A store with an instance in it, made and dropped.
#[divan::bench(args = TIERS)]
fn instantiate(bencher: Bencher, tier: Tier) {
    let engine = engine(tier);
    let module = Module::new(&engine, JSON).expect("a valid module");
    bencher.bench(|| {
        let mut store = Store::new(&engine, ());
        let imports: Vec<_> = module
            .imports()
            .map(|import| match import.ty() {
                brisk::ExternType::Func(ty) => Func::new(&mut store, ty, |_, _, _| Ok(())).into(),
                _ => unreachable!("functions of WASI alone"),
            })
            .collect();
        Instance::new(&mut store, &module, &imports).expect("its imports are there")
    });
}

/// One call by the host.
#[divan::bench(args = TIERS)]
fn typed_call(bencher: Bencher, tier: Tier) {
    let (mut store, instance) = parts(tier);
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add").expect("an export");
    bencher.bench_local(|| add.call(&mut store, black_box((1, 2))));
}

/// A thousand calls of a host function.
#[divan::bench(args = TIERS)]
fn host_calls(bencher: Bencher, tier: Tier) {
    let (mut store, calls) = unary(tier, "host_calls");
    bencher.counter(CALLS).bench_local(|| calls.call(&mut store, CALLS as i32));
}

/// A thousand calls through a table.
#[divan::bench(args = TIERS)]
fn indirect_calls(bencher: Bencher, tier: Tier) {
    let (mut store, calls) = unary(tier, "indirect_calls");
    bencher.counter(CALLS).bench_local(|| calls.call(&mut store, CALLS as i32));
}

/// Growing a memory by a page, a hundred times.
#[divan::bench(args = TIERS)]
fn memory_grow(bencher: Bencher, tier: Tier) {
    bencher.with_inputs(|| unary(tier, "grow")).bench_local_values(|(mut store, grow)| {
        for _ in 0..100 {
            grow.call(&mut store, 1).expect("no trap");
        }
        store
    });
}

/// Growing it from the host.
#[divan::bench]
fn memory_grow_by_host(bencher: Bencher) {
    let make = || {
        let (mut store, instance) = parts(Tier::Interp);
        let memory: Memory = instance.get_memory(&mut store, "memory").expect("an export");
        (store, memory)
    };
    bencher.with_inputs(make).bench_local_values(|(mut store, memory)| {
        for _ in 0..100 {
            memory.grow(&mut store, 1).expect("within the limits");
        }
        store
    });
}

/// A division by zero, back in the host as an error.
#[divan::bench(args = TIERS)]
fn trap(bencher: Bencher, tier: Tier) {
    let (mut store, instance) = parts(tier);
    let divide = instance.get_typed_func::<(i32, i32), i32>(&mut store, "divide").expect("an export");
    bencher.bench_local(|| divide.call(&mut store, black_box((1, 0))).expect_err("a trap"));
}

/// A load outside of the memory: a fault and a signal in the tier `jit`.
#[divan::bench(args = TIERS)]
fn trap_of_memory(bencher: Bencher, tier: Tier) {
    let (mut store, load) = unary(tier, "load");
    bencher.bench_local(|| load.call(&mut store, black_box(1 << 20)).expect_err("a trap"));
}

fn main() {
    divan::main();
}
