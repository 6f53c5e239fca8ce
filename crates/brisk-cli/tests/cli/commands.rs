//! `validate`, `inspect`, `wast`, `features`, `completions`, `--help` and `--version`.

use crate::support::{Place, has};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

#[test]
fn the_version_is_printed() {
    let printed = Place::new().brisk("--version").printed();
    assert_eq!(printed, format!("brisk {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(Place::new().brisk("-V").printed(), printed);
}

#[test]
fn help_has_examples() {
    let place = Place::new();
    has(
        &place.brisk("--help").printed(),
        &["Usage: brisk", "validate", "completions", "Examples:", "brisk hello.wasm", "134"],
    );
    let run = place.brisk("run --help").printed();
    has(
        &run,
        &["Usage: brisk", "--invoke", "--preload", "--dir", "--dir-ro", "--env", "--argv0", "--tcplisten"],
    );
    has(
        &run,
        &[
            "--fuel",
            "--timeout",
            "--max-memory",
            "--max-table-elements",
            "--max-stack",
            "--tier",
            "--profile",
            "--trace",
        ],
    );
    has(&run, &["Examples:", "CARGO_TARGET_WASM32_WASIP1_RUNNER"]);
    assert_eq!(place.brisk("help run").printed(), run);
    assert!(run.lines().all(|line| line.chars().count() <= 120), "{run}");
}

#[test]
fn valid_modules_are_accepted_in_silence() {
    let place = Place::with("a.wat", "(module)");
    place.file("b.wasm", b"\0asm\x01\0\0\0");
    assert_eq!(place.brisk("validate a.wat b.wasm").printed(), "");
    assert_eq!(place.brisk_with_input("validate -", "(module (func))").printed(), "");
}

#[test]
fn each_invalid_module_is_reported() {
    let place = Place::with("a.wat", "(module (func (result i32)))");
    place.file("b.wat", "(module)").file("c.wasm", b"\0asm\x01\0\0\0\xff");
    let stderr = place.brisk("validate a.wat b.wat c.wasm").failed(1);
    has(&stderr, &["error: ", "`a.wat`", "type mismatch", "\nerror: ", "`c.wasm`"]);
    assert!(!stderr.contains("b.wat"), "{stderr}");
}

const MODULE: &str = r#"(module $shop
    (type $t (func (param i32) (result i64)))
    (import "env" "price" (func $price (type $t)))
    (import "env" "stock" (memory $stock 1 4))
    (import "env" "\"odd\"\n" (global i32))
    (table $shelf (export "shelf") 2 10 funcref)
    (memory $till i64 3)
    (global $count (export "count") (mut i32) (i32.const 0))
    (tag $sold (export "sold") (param i32))
    (func $buy (export "buy") (param v128) (result i32) (i32.const 1))
    (func $open)
    (start $open)
    (elem (table $shelf) (i32.const 0) func $buy $open)
    (data (memory $till) (i64.const 0) "abc")
    (@custom "notes" "12345"))"#;

#[test]
fn a_module_is_shown_to_people() {
    let printed = Place::with("shop.wat", MODULE).brisk("inspect shop.wat").printed();
    has(
        &printed,
        &[
            "shop.wat (module shop): ",
            " bytes\n",
            "proposals used: ",
            "functions: 1 imported, 2 defined",
            "start: function 2 (open)",
        ],
    );
    has(&printed, &["sections: ", "type", "at 0x", "bytes", "entries\n", "custom", "notes"]);
    has(
        &printed,
        &[
            "imports: 3\n",
            "func    env.price  (param i32) (result i64)\n",
            "memory  env.stock  1 4\n",
            "global  env.\"odd\"\\n  i32\n",
        ],
    );
    has(
        &printed,
        &[
            "exports: 4\n",
            "table   shelf  2 10 funcref\n",
            "global  count  (mut i32)\n",
            "func    buy  (param v128) (result i32)\n",
        ],
    );
    has(
        &printed,
        &["memory  0 stock (imported)  1 4\n", "memory  1 till  i64 3\n", "tag     0 sold  (param i32)\n"],
    );
    has(&printed, &["1 data segment with 3 bytes, 1 element segment with 2 references"]);
}

#[test]
fn modules_with_floats_are_shown() {
    let printed =
        Place::with("f.wat", "(module (func (export \"f\") (param f32) (result f64) (f64.const 0)))");
    has(&printed.brisk("inspect f.wat").printed(), &["func    f  (param f32) (result f64)\n"]);
}

#[test]
fn a_module_is_shown_to_programs() {
    let printed = Place::with("shop.wat", MODULE).brisk("inspect --json shop.wat").printed();
    let module = json(&printed);
    assert_eq!(module["file"], "shop.wat");
    assert_eq!(module["name"], "shop");
    let proposals = module["proposals"].as_array().unwrap();
    for proposal in ["exceptions", "memory64", "multi-memory", "simd"] {
        assert!(proposals.iter().any(|name| name == proposal), "{proposal} in {proposals:?}");
    }
    assert_eq!(module["imports"].as_array().unwrap().len(), 3);
    assert_eq!(module["imports"][0]["module"], "env");
    assert_eq!(module["imports"][0]["name"], "price");
    assert_eq!(module["imports"][0]["kind"], "func");
    assert_eq!(module["imports"][0]["type"], "(param i32) (result i64)");
    assert_eq!(module["imports"][2]["name"], "\"odd\"\n");
    let names: Vec<&Value> =
        module["exports"].as_array().unwrap().iter().map(|export| &export["name"]).collect();
    assert_eq!(names, ["shelf", "count", "sold", "buy"]);
    assert_eq!(module["functions"]["imported"], 1);
    assert_eq!(module["functions"]["defined"], 2);
    assert_eq!(module["functions"]["named"], 3);
    assert_eq!(module["memories"][0]["imported"], true);
    assert_eq!(module["memories"][0]["maximum"], 4);
    assert_eq!(module["memories"][1]["address"], "i64");
    assert_eq!(module["memories"][1]["minimum"], 3);
    assert_eq!(module["memories"][1]["maximum"], Value::Null);
    assert_eq!(module["memories"][1]["page_size"], 65536);
    assert_eq!(module["tables"][0]["name"], "shelf");
    assert_eq!(module["globals"][1]["mutable"], true);
    assert_eq!(module["tags"][0]["type"], "(param i32)");
    assert_eq!(module["start"], 2);
    assert_eq!(module["data_segments"], json("[3]"));
    assert_eq!(module["element_segments"], json("[2]"));

    let sections = module["sections"].as_array().unwrap();
    let end = |section: &Value| section["offset"].as_u64().unwrap() + section["size"].as_u64().unwrap();
    assert_eq!(sections.last().map(end), module["size"].as_u64());
    let notes = sections.iter().find(|section| section["name"] == "notes").unwrap();
    assert_eq!(notes["id"], "custom");
}

#[test]
fn the_smallest_module_can_be_inspected() {
    let place = Place::with("empty.wat", "(module)");
    has(&place.brisk("inspect empty.wat").printed(), &["empty.wat: 8 bytes\n", "proposals used: none\n"]);
    let module = json(&place.brisk("inspect --json empty.wat").printed());
    assert_eq!(
        (&module["size"], &module["imports"], &module["name"]),
        (&json("8"), &json("[]"), &Value::Null)
    );
    assert_eq!(place.brisk_with_input("inspect -", "(module)").status, Some(0));
}

#[test]
fn scripts_of_assertions_are_run() {
    let place = Place::with(
        "good.wast",
        r#"(module (func (export "one") (result i32) (i32.const 1)))
           (assert_return (invoke "one") (i32.const 1))"#,
    );
    has(&place.brisk("wast good.wast").printed(), &["good.wast: 2 passed, 0 failed"]);
    place.file(
        "bad.wast",
        r#"(module (func (export "one") (result i32) (i32.const 1)))
        (assert_return (invoke "one") (i32.const 2))"#,
    );
    let ran = place.brisk("wast good.wast bad.wast");
    assert_eq!(ran.status, Some(1));
    has(&ran.stdout, &["good.wast: 2 passed", "bad.wast:2: assert_return", "bad.wast: 1 passed, 1 failed"]);
}

#[test]
fn the_proposals_are_listed() {
    let place = Place::new();
    let printed = place.brisk("features").printed();
    has(
        &printed,
        &[
            "proposal",
            "\nbulk-memory ",
            "2.0",
            "on",
            "yes",
            "\nsimd ",
            "\nthreads ",
            "not yet",
            "\ncompact-imports ",
            "off",
        ],
    );
    let features = json(&place.brisk("features --json").printed());
    assert_eq!(features["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(features["tiers"], json(r#"["interp", "jit", "auto"]"#));
    assert_eq!(features["wasi"], json(r#"["wasi_snapshot_preview1", "wasi_unstable"]"#));
    let proposals = features["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), printed.lines().count() - 1);
    let simd = proposals.iter().find(|proposal| proposal["name"] == "simd").unwrap();
    assert_eq!((&simd["default"], &simd["supported"]), (&Value::Bool(true), &json("\"yes\"")));
}

#[test]
fn what_is_listed_as_supported_is_accepted_and_the_rest_refused() {
    let place = Place::new();
    for (proposal, module) in [
        ("mutable-global", r#"(module (global (export "g") (mut i32) (i32.const 0)))"#),
        ("saturating-float-to-int", "(module (func (drop (i32.trunc_sat_f32_s (f32.const 0)))))"),
        ("sign-extension", "(module (func (drop (i32.extend8_s (i32.const 0)))))"),
        ("multi-value", "(module (func (result i32 i32) (i32.const 0) (i32.const 0)))"),
        ("bulk-memory", "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))"),
        ("reference-types", "(module (func (param externref)))"),
        ("simd", "(module (func (param v128)))"),
        (
            "relaxed-simd",
            "(module (func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0)))))",
        ),
        ("tail-call", "(module (func $f (return_call $f)))"),
        ("extended-const", "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))"),
        ("multi-memory", "(module (memory 1) (memory 1))"),
        ("memory64", "(module (memory i64 1))"),
        (
            "function-references",
            "(module (type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0))))",
        ),
        ("exceptions", "(module (tag $t) (func (throw $t)))"),
        ("gc", "(module (type (struct)))"),
        ("threads", "(module (memory 1 1 shared))"),
        (
            "wide-arithmetic",
            "(module (func (param i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 0))))",
        ),
        ("custom-page-sizes", "(module (memory 1 (pagesize 1)))"),
    ] {
        place.file("m.wat", module);
        let features = json(&place.brisk("features --json").printed());
        let rows = features["proposals"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == proposal).expect(proposal);
        let ran = place.brisk("validate m.wat");
        assert_eq!(ran.status == Some(0), row["supported"] == "yes", "{proposal}: {ran:?}");
        if row["supported"] != "yes" {
            has(&ran.stderr, &[&format!("`{proposal}`")]);
        }
    }
}

#[test]
fn there_are_completions_for_each_shell() {
    let place = Place::new();
    for (shell, part) in [
        ("bash", "complete -F _brisk"),
        ("zsh", "#compdef brisk"),
        ("fish", "complete -c brisk"),
        ("elvish", "brisk"),
        ("powershell", "brisk"),
    ] {
        let script = place.brisk(&format!("completions {shell}")).printed();
        has(&script, &[part]);
        for word in ["inspect", "invoke", "max-memory", "validate"] {
            assert!(script.contains(word), "{word} in the script for {shell}");
        }
    }
}
