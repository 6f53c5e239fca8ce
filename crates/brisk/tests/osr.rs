//! Machine code that takes over running loops.

use brisk::*;

/// Calls an export with an argument under the interpreter and where every loop is taken over at once.
fn same_everywhere(text: &str, arguments: &[i32]) {
    let results = [Tier::Interp, Tier::Auto].map(|tier| {
        let engine =
            Engine::new(Config::new().tier(tier).tier_threshold(0).compile_threads(0).log_tiers(true))
                .unwrap();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, text).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        let results: Vec<i32> =
            arguments.iter().map(|&argument| run.call(&mut store, argument).unwrap()).collect();
        let taken_over = engine.tier_events().iter().any(|event| event.loop_offset.is_some());
        assert_eq!(taken_over, tier == Tier::Auto);
        results
    });
    assert_eq!(results[0], results[1]);
}

#[test]
fn a_join_that_only_the_loop_reaches_keeps_its_parameters() {
    // The way around the loop does not exist in code that begins inside it.
    let text = r#"(module (func (export "run") (param $n i32) (result i32) (local $a i32) (local $b i32)
        (block $out
            (br_if $out (i32.eqz (local.get $n)))
            (loop $again
                (local.set $a (i32.add (local.get $a) (i32.const 3)))
                (local.set $b (i32.xor (local.get $b) (local.get $a)))
                (br_if $out (i32.eqz (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (br $again)))
        (i32.add (i32.mul (local.get $a) (i32.const 31)) (local.get $b))))"#;
    same_everywhere(text, &[5, 0, 1, 1000]);
}
