use crate::*;

/// The name of a function that the compiler fails at.
pub(super) const FAILS: &str = "the compiler fails here";

/// Two functions of which one is not to be compiled.
const TEXT: &str = r#"(module
    (func $sum (@name "the compiler fails here") (export "sum") (param i32) (result i32) (local i32)
        (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))
            (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get 1))
    (func (export "twice") (param i32) (result i32)
        (i32.add (call $sum (local.get 0)) (call $sum (local.get 0)))))"#;

fn outcomes(tier: Tier, threads: usize) {
    let mut config = Config::new();
    config.tier(tier).tier_threshold(1).compile_threads(threads).log_tiers(true);
    let engine = Engine::new(&config).unwrap();
    let module = Module::new(&engine, TEXT).unwrap();
    let mut store = Store::new(&engine, ());
    let made = Instance::new(&mut store, &module, &[]).unwrap();
    let twice = made.get_typed_func::<i32, i32>(&mut store, "twice").unwrap();
    let outcome = |func| {
        let events = engine.tier_events();
        let mut of_func =
            events.into_iter().filter(|event| event.func == func && event.loop_offset.is_none());
        let found = of_func.next().map(|event| event.outcome);
        assert!(of_func.next().is_none(), "nobody asks again");
        found
    };
    for _ in 0..10_000 {
        assert_eq!(twice.call(&mut store, 100).unwrap(), 10_100);
        if outcome(0).is_some() && outcome(1).is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(u64::from(threads != 0)));
    }
    assert_eq!(outcome(0), Some(TierOutcome::Failed), "{tier:?}");
    assert!(matches!(outcome(1), Some(TierOutcome::Compiled { .. })), "{tier:?}");
    assert_eq!(twice.call(&mut store, 10).unwrap(), 110);
}

#[test]
fn the_interpreter_keeps_what_the_compiler_fails_at() {
    outcomes(Tier::Jit, 0);
    outcomes(Tier::Auto, 0);
    outcomes(Tier::Auto, 1);
}
