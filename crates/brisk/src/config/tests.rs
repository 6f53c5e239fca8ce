use super::*;
use crate::{Engine, Error, Module};

fn error(config: &Config, wat: &str) -> String {
    let engine = Engine::new(config).unwrap();
    format!("{:#}", Module::new(&engine, wat).map(drop).unwrap_err())
}

/// For each switch: its name, and a module that needs it.
const SAMPLES: &[(Feature, &str)] = &[
    (Feature::MutableGlobal, r#"(module (global (import "" "") (mut i32)))"#),
    (Feature::SaturatingFloatToInt, "(module (func (param f32) (drop (i32.trunc_sat_f32_s (local.get 0)))))"),
    (Feature::SignExtension, "(module (func (param i32) (drop (i32.extend8_s (local.get 0)))))"),
    (Feature::MultiValue, "(module (type (func (result i32 i32))))"),
    (
        Feature::BulkMemory,
        "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
    ),
    (Feature::ReferenceTypes, "(module (type (func (param externref))))"),
    (Feature::Simd, "(module (type (func (param v128))))"),
    (
        Feature::RelaxedSimd,
        "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
    ),
    (Feature::TailCall, "(module (func $f (return_call $f)))"),
    (Feature::ExtendedConst, "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"),
    (Feature::MultiMemory, "(module (memory 1) (memory 1))"),
    (Feature::Memory64, "(module (memory i64 1))"),
    (Feature::FunctionReferences, "(module (type $t (func)) (func (param (ref null $t))))"),
    (Feature::Exceptions, "(module (tag))"),
    (Feature::Gc, "(module (type (sub (func))))"),
    (
        Feature::WideArithmetic,
        "(module (func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0))))",
    ),
    (Feature::CustomPageSizes, "(module (memory 1 (pagesize 1)))"),
];

#[test]
fn every_switch_works() {
    for &(feature, wat) in SAMPLES {
        let engine = Engine::default();
        Module::new(&engine, wat).unwrap_or_else(|error| panic!("{}: {error:#}", feature.name()));
        let mut config = Config::new();
        config.wasm_features(feature.flag(), false);
        let text = error(&config, wat);
        assert!(text.contains("invalid module"), "{}: {text}", feature.name());
    }
}

#[test]
fn every_known_proposal_has_a_switch() {
    let mut switched: Vec<Feature> = NEEDS.iter().map(|(feature, _)| *feature).collect();
    switched.sort();
    let mut all = Feature::ALL.to_vec();
    all.sort();
    assert_eq!(switched, all);
    // What a proposal needs stands before it, so one pass over the list is enough.
    for (at, (feature, needs)) in NEEDS.iter().enumerate() {
        for need in *needs {
            assert!(NEEDS[..at].iter().any(|(earlier, _)| earlier == need), "{}", feature.name());
        }
    }
}

#[test]
fn named_switches_set_their_own_proposal() {
    let mut config = Config::new();
    config.wasm_tail_call(false).wasm_memory64(false);
    let features = config.features().unwrap();
    assert!(!features.contains(Feature::TailCall.flag()) && !features.contains(Feature::Memory64.flag()));
    assert!(features.contains(Feature::Simd.flag()));
    config.wasm_tail_call(true);
    assert!(config.features().unwrap().contains(Feature::TailCall.flag()));
}

#[test]
fn what_needs_a_proposal_that_is_off_goes_off_with_it() {
    let mut config = Config::new();
    config.wasm_simd(false);
    assert!(!config.features().unwrap().contains(Feature::RelaxedSimd.flag()));
    let mut config = Config::new();
    config.wasm_bulk_memory(false);
    let features = config.features().unwrap();
    for gone in [Feature::ReferenceTypes, Feature::FunctionReferences, Feature::Gc, Feature::Exceptions] {
        assert!(!features.contains(gone.flag()), "{}", gone.name());
    }
}

#[test]
fn contradictions_are_errors() {
    let fails = |config: &Config| Engine::new(config).unwrap_err().to_string();
    let mut config = Config::new();
    config.wasm_simd(false).wasm_relaxed_simd(true);
    assert_eq!(fails(&config), "proposal `relaxed-simd` needs proposal `simd`, which is off");
    let mut config = Config::new();
    config.wasm_features(WasmFeatures::STACK_SWITCHING, true);
    assert_eq!(fails(&config), "proposal `stack-switching` is not supported");
    config.wasm_features(WasmFeatures::STACK_SWITCHING, false);
    assert!(Engine::new(&config).is_ok());
    assert!(fails(Config::new().max_wasm_stack(0)).contains("stack"));
}

#[test]
fn settings_reach_the_engine() {
    let mut config = Config::new();
    config.consume_fuel(true).max_wasm_stack(4096).max_native_stack(8192).deterministic(true);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(3)).max_heap_size(77).tier(Tier::Interp);
    let engine = Engine::new(&config).unwrap();
    let tunables = engine.tunables();
    assert!(tunables.consume_fuel && tunables.deterministic && !tunables.epoch_interruption);
    assert_eq!(
        (tunables.value_stack_bytes, tunables.native_stack_bytes, tunables.heap_bytes),
        (4096, 8192, 77)
    );
    assert_eq!(tunables.backtrace_frames, NonZeroUsize::new(3));
    config.wasm_backtrace(false);
    assert_eq!(Engine::new(&config).unwrap().tunables().backtrace_frames, None);
    config.wasm_backtrace(true);
    assert_eq!(Engine::new(&config).unwrap().tunables().backtrace_frames, NonZeroUsize::new(20));
}

#[test]
fn tiers_are_read_from_their_names() {
    for tier in [Tier::Auto, Tier::Interp, Tier::Jit] {
        assert_eq!(tier.to_string().parse::<Tier>().unwrap(), tier);
    }
    let error: Error = "fast".parse::<Tier>().unwrap_err();
    assert_eq!(error.to_string(), "no tier is called `fast`; there are `auto`, `interp` and `jit`");
}
