use super::{CompileJob, Job, Worker};
use crate::module::Style;
use crate::vm::reservation::page_size;
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

/// Small functions that are compiled one after the other share pages; larger ones are there as soon as they fill one, and so
/// is all that was put off when another module's turn comes.
#[test]
fn functions_are_published_together() {
    let mut config = Config::new();
    config.tier(Tier::Auto).compile_threads(1).log_tiers(true);
    let engine = Engine::new(&config).unwrap();
    let text = |adds: usize| {
        let add = "(local.set 0 (i32.mul (local.get 0) (i32.add (local.get 0) (i32.const 5))))";
        let func = format!("(func (param i32) (result i32) {} (local.get 0))", add.repeat(adds));
        format!("(module {})", func.repeat(8))
    };
    let modules = [1, 1000].map(|adds| Module::new(&engine, text(adds)).unwrap());
    let mut worker = Worker::default();
    let mut compile = |module: &Module, func| {
        CompileJob { module: module.weak(), style: Style::Primary, func, osr: None }.run(&mut worker);
        engine.tier_events().len()
    };
    let used = |module: &Module| module.native().existing().map_or(0, |image| image.used());
    let [small, large] = &modules;
    for func in 0..8 {
        assert_eq!((compile(small, func), used(small)), (0, 0));
    }
    // The small ones are published first.
    assert_eq!(compile(large, 0), 9);
    assert_eq!(compile(large, 1), 10);
    let stubs = 2 * page_size();
    assert!(used(small) <= page_size() + stubs, "{}", used(small));
    compile(small, 0);
    CompileJob::settle(&mut worker);
    assert_eq!(engine.tier_events().len(), 11);
}
