//! Functions as large as they may be: compiled or left to the interpreter, but never in the way.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod shapes;

use brisk::*;
use shapes::SHAPES;

/// Calls `f` with each argument, as often as said, and gives the results of the last round.
fn results(engine: &Engine, bytes: &[u8], rounds: u32, done: impl Fn() -> bool) -> Vec<i32> {
    let module = Module::new(engine, bytes).expect("the module is valid");
    let mut store = Store::new(engine, ());
    let made = Instance::new(&mut store, &module, &[]).unwrap();
    let f = made.get_typed_func::<i32, i32>(&mut store, "f").unwrap();
    let mut results = Vec::new();
    for round in 0..rounds {
        results =
            [0, 1, 5, 1_000, -3].map(|arg| f.call(&mut store, arg).expect("there are no traps")).to_vec();
        if round + 1 < rounds && done() {
            break;
        }
    }
    results
}

fn engine(tier: Tier) -> Engine {
    let mut config = Config::new();
    config.tier(tier).tier_threshold(1).compile_threads(1).log_tiers(true).max_native_stack(160 << 10);
    Engine::new(&config).unwrap()
}

/// On a stack of 256 KB: nothing that compiles is recursive.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().expect("the test passes")
}

fn check(name: &str) {
    let &(_, size, make) = SHAPES.iter().find(|shape| shape.0 == name).expect("there is such a shape");
    let bytes = make(size);
    let expected = results(&engine(Tier::Interp), &bytes, 1, || true);
    let name = name.to_owned();
    on_a_small_stack(move || {
        for tier in [Tier::Jit, Tier::Auto] {
            let engine = engine(tier);
            let compiled = || {
                let pause = std::time::Duration::from_millis(20);
                std::thread::sleep(pause);
                // The large function comes last.
                !engine.tier_events().is_empty()
            };
            let found = results(&engine, &bytes, 200, compiled);
            assert_eq!(found, expected, "{name} {tier:?}");
            for event in engine.tier_events() {
                assert!(
                    matches!(event.outcome, TierOutcome::Compiled { .. } | TierOutcome::TooLarge),
                    "{name} {tier:?} {event:?}"
                );
            }
        }
    });
}

macro_rules! tests {
    ($($test:ident $name:literal;)*) => {
        $(#[test]
        fn $test() {
            check($name);
        })*

        #[test]
        fn each_shape_has_a_test() {
            assert!(SHAPES.iter().map(|shape| shape.0).eq([$($name),*]));
        }
    };
}

tests! {
    a_large_body "body of so many bytes";
    sequential_blocks "sequential blocks";
    many_live_values "values live at once";
    many_live_loads "loads live at once";
    a_large_table "targets of a table";
    deep_loops "nested loops";
    deep_blocks "nested blocks, left at each depth";
    many_parameters_and_results "parameters and results";
    many_locals "locals";
    many_vectors_live_across_calls "vectors live across calls";
    many_locals_live_across_calls "locals live across calls";
    many_calls_and_clauses "calls in a block of 100 clauses";
    a_large_expression "operators of one expression";
    many_selects "selects";
    many_loops "loops one after the other";
    many_conditions_in_a_loop "conditions in one loop";
}
