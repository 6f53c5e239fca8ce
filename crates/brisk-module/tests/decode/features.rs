//! Each proposal is found where it is used, and its switch turns it off.

use super::*;
use brisk_module::Feature;

/// For each proposal, modules that need it.
const USES: &[(Feature, &[&str])] = &[
    (
        Feature::MutableGlobal,
        &[
            r#"(module (import "" "" (global (mut i32))))"#,
            r#"(module (global (export "") (mut i32) (i32.const 0)))"#,
        ],
    ),
    (
        Feature::SaturatingFloatToInt,
        &[
            "(module (func (drop (i32.trunc_sat_f32_s (f32.const 1)))))",
            "(module (func (drop (i64.trunc_sat_f64_u (f64.const 1)))))",
        ],
    ),
    (
        Feature::SignExtension,
        &[
            "(module (func (drop (i32.extend8_s (i32.const 1)))))",
            "(module (func (drop (i64.extend32_s (i64.const 1)))))",
        ],
    ),
    (
        Feature::MultiValue,
        &[
            "(module (type (func (result i32 i32))))",
            "(module (func i32.const 1 (block (param i32) drop)))",
            "(module (func i32.const 1 (loop (param i32) drop)))",
            "(module (func i32.const 1 i32.const 2 (if (param i32) (then drop) (else drop))))",
        ],
    ),
    (
        Feature::BulkMemory,
        &[
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
            "(module (memory 1) (func (memory.copy (i32.const 0) (i32.const 0) (i32.const 0))))",
            r#"(module (data "x"))"#,
            "(module (elem func 0) (func))",
            "(module (table 1 funcref) (func (table.copy (i32.const 0) (i32.const 0) (i32.const 0))))",
        ],
    ),
    (
        Feature::ReferenceTypes,
        &[
            "(module (table 1 externref))",
            "(module (table 1 funcref) (table 1 funcref))",
            "(module (func (param externref)))",
            "(module (func (local funcref)))",
            "(module (global funcref (ref.null func)))",
            "(module (func (drop (ref.is_null (ref.null extern)))))",
            "(module (func (drop (select (result i32) (i32.const 1) (i32.const 1) (i32.const 1)))))",
            "(module (table 1 funcref) (func (drop (table.size 0))))",
            "(module (table 1 funcref) (func (drop (table.get 0 (i32.const 0)))))",
            "(module (func (block (result funcref) unreachable) drop))",
        ],
    ),
    (
        Feature::Simd,
        &[
            "(module (func (param v128)))",
            "(module (func (local v128)))",
            "(module (global v128 (v128.const i64x2 0 0)))",
            "(module (func (drop (i32x4.splat (i32.const 1)))))",
            "(module (func (block (result v128) unreachable) drop))",
        ],
    ),
    (
        Feature::RelaxedSimd,
        &[
            "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
            "(module (func (param v128)
               (drop (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 0) (local.get 0)))))",
        ],
    ),
    (
        Feature::TailCall,
        &[
            "(module (func (return_call 0)))",
            "(module (table 1 funcref) (type $t (func)) (func (return_call_indirect (type $t) (i32.const 0))))",
            "(module (type $t (func)) (func (param (ref $t)) (return_call_ref $t (local.get 0))))",
        ],
    ),
    (
        Feature::ExtendedConst,
        &[
            "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
            "(module (global i64 (i64.mul (i64.const 1) (i64.const 2))))",
        ],
    ),
    (Feature::MultiMemory, &["(module (memory 1) (memory 1))"]),
    (Feature::Memory64, &["(module (memory i64 1))", r#"(module (import "" "" (table i64 1 funcref)))"#]),
    (
        Feature::FunctionReferences,
        &[
            "(module (type $t (func)) (func (param (ref null $t))))",
            "(module (func (param (ref func))))",
            "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
            "(module (type $t (func)) (func (param (ref null $t)) (drop (ref.as_non_null (local.get 0)))))",
            "(module (table 1 (ref func) (ref.func 0)) (func))",
            "(module (func (block (result (ref func)) unreachable) drop))",
        ],
    ),
    (
        Feature::Exceptions,
        &[
            "(module (tag))",
            r#"(module (import "" "" (tag)))"#,
            "(module (func (param exnref)))",
            "(module (func (try_table)))",
            "(module (func (param exnref) (throw_ref (local.get 0))))",
            "(module (func (block (result exnref) unreachable) drop))",
        ],
    ),
    (
        Feature::Gc,
        &[
            "(module (rec (type (func)) (type (func))))",
            "(module (type (sub (func))))",
            "(module (func (param anyref)))",
            "(module (func (local structref)))",
            "(module (func (block (result i31ref) unreachable) drop))",
            "(module (global i32 (i32.const 0)) (global i32 (global.get 0)))",
        ],
    ),
    (
        Feature::WideArithmetic,
        &[
            "(module (func (drop (drop (i64.mul_wide_s (i64.const 1) (i64.const 1))))))",
            "(module (func i64.const 1 i64.const 1 i64.const 1 i64.const 1 i64.add128 drop drop))",
        ],
    ),
    (Feature::CustomPageSizes, &["(module (memory 1 (pagesize 1)))"]),
];

#[test]
fn found_where_used() {
    assert_eq!(decode("(module)").features_used, [""; 0]);
    let plain = r#"(module (import "" "" (func)) (memory 1) (table 1 funcref) (global (mut i32) (i32.const 1))
        (elem (i32.const 0) 0) (data (i32.const 0) "x")
        (func (param i32) (result i32) (block (result i32) (call_indirect (param) (i32.const 0)) (local.get 0))))"#;
    assert_eq!(decode(plain).features_used, [""; 0]);
    for (feature, modules) in USES {
        for module in *modules {
            let found = decode(module).features_used;
            assert!(found.contains(&feature.name()), "{}: {found:?} in {module}", feature.name());
        }
    }
}

#[test]
fn switched_off() {
    for (feature, modules) in USES {
        // References are a ladder: each step is also there with the one above it.
        let off = match feature {
            Feature::FunctionReferences => feature.flag().union(WasmFeatures::GC),
            _ => feature.flag(),
        };
        for module in *modules {
            if let Err(error) = decode_with(module, &without(off)) {
                assert_invalid(&error, "invalid module");
            } else {
                panic!("{} is off, yet accepted: {module}", feature.name());
            }
        }
    }
}

/// Also for what is refused anyway: switched off, it is invalid.
#[test]
fn switched_off_threads() {
    for module in ["(module (memory 1 1 shared))", "(module (func atomic.fence))"] {
        assert_unsupported(&refuse(module), "threads", "");
        assert_invalid(&decode_with(module, &without(WasmFeatures::THREADS)).unwrap_err(), "threads");
    }
    let module = "(module (type (struct)))";
    assert_invalid(&decode_with(module, &without(WasmFeatures::GC)).unwrap_err(), "gc");
}

#[test]
fn every_feature_is_tested() {
    for feature in Feature::ALL {
        let tested = USES.iter().any(|(tested, _)| tested == feature);
        assert!(tested || matches!(feature, Feature::Threads | Feature::CompactImports), "{feature:?}");
    }
}

#[test]
fn compact_imports() {
    // Module name "m", empty name and 0x7f: two items, each with a name and a type.
    let imports = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\
        \x02\x0f\x01\x01m\x00\x7f\x02\x01a\x00\x00\x01b\x03\x7f\x00";
    assert_invalid(&refuse(imports), "compact imports");
    let on = DecodeOptions { features: serial().features.union(WasmFeatures::COMPACT_IMPORTS), ..serial() };
    let module = decode_with(imports, &on).unwrap();
    assert_eq!(module.features_used, ["compact-imports"]);
    let names: Vec<_> = module.imports.iter().map(|i| (&*i.module, &*i.name)).collect();
    assert_eq!(names, [("m", "a"), ("m", "b")]);
    assert_eq!((module.imported_funcs, module.imported_globals), (1, 1));
}

/// Switches beyond what the decoder knows have no effect.
#[test]
fn unknown_switches() {
    let all = DecodeOptions { features: WasmFeatures::all(), ..serial() };
    let legacy = wat::parse_str("(module (func try catch_all end))").unwrap();
    assert_invalid(&decode_with(legacy, &all).unwrap_err(), "");
    let cont = "(module (type $f (func)) (type (cont $f)))";
    assert_invalid(&decode_with(cont, &all).unwrap_err(), "");
    assert_invalid(&decode_with("(module (table shared 1 (ref null (shared func))))", &all).unwrap_err(), "");
}
