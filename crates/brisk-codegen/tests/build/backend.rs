//! Whole modules through the back ends of both instruction sets. In debug builds each allocation is checked.

use crate::corpus::wasm_files;
use crate::support::{decode, decode_binary, full, plain, styles};
use brisk_codegen::build;
use brisk_codegen::code::RelocKind;
use brisk_codegen::compile::{CompileContext, Settings};
use brisk_codegen::isa::Processor;
use brisk_module::Module;
use std::path::Path;

const PROCESSORS: [Processor; 2] = [Processor::X64_ALL, Processor::A64_ALL];

/// Compiles each function of a module; gives the bytes of code.
fn compile_all(module: &Module, processor: Processor, settings: &build::Settings<'_>, what: &str) -> usize {
    let mut context = CompileContext::new(processor);
    let settings = Settings { build: *settings, tail_calls_out: false };
    let mut bytes = 0;
    for func in module.imported_funcs..module.funcs.len() as u32 {
        let compiled = context.compile(module, func, &settings);
        compiled.unwrap_or_else(|error| panic!("{what}: {func}: {error}"));
        let code = &mut context.code;
        assert!(code.sites.is_sorted_by_key(|site| site.at), "{what}: {func}");
        // Whatever it refers to may be a little below it or almost as far above it as the format can reach.
        for reloc in code.relocs.clone() {
            let is_x64 = matches!(processor, Processor::X64(_));
            assert_eq!(reloc.kind == RelocKind::Rel32, is_x64, "{what}: {func}");
            reloc.apply(&mut code.bytes, 0x7fff_0000_1000, 0x7fff_0000_0ff8);
        }
        bytes += code.bytes.len();
    }
    bytes
}

#[test]
fn every_function_of_the_guests_is_compiled() {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests");
    let mut files = Vec::new();
    wasm_files(&guests, &mut files);
    for path in files {
        let bytes = std::fs::read(&path).expect("the file can be read");
        // What takes minutes with each allocation checked is left to the tests that run it.
        if bytes.len() > 1 << 20 {
            continue;
        }
        let module = decode_binary(bytes);
        let styles = styles(&module);
        let what = path.display().to_string();
        for processor in PROCESSORS {
            let inlining = build::Settings { memories: &styles, inlining: true, interrupts: true, ..plain() };
            compile_all(&module, processor, &inlining, &what);
            compile_all(&module, processor, &full(), &what);
        }
    }
}

/// A module of one function with a memory.
fn function(locals: &str, body: &str) -> Module {
    decode(&format!("(module (memory 1) (func (param i32) (result i32) {locals} {body} (local.get 0)))"))
}

/// Twice the parts make at most a little more than twice the code.
fn linear(make: impl Fn(usize) -> Module, count: usize) {
    for processor in PROCESSORS {
        let size = |count| compile_all(&make(count), processor, &plain(), "grown");
        let (one, two) = (size(count), size(2 * count));
        assert!(two <= 2 * one + one / 8, "{one} for {count}, {two} for twice as many");
    }
}

#[test]
fn code_grows_with_blocks() {
    let one = "(block (br_if 0 (local.get 0)) (local.set 1 (i32.add (local.get 1) (i32.const 3))))";
    linear(|count| function("(local i32)", &one.repeat(count)), 500);
}

#[test]
fn code_grows_with_values_that_live() {
    let make = |count: usize| {
        let loads: String =
            (0..count).map(|at| format!("(i32.load offset={} (local.get 0))", 4 * at)).collect();
        let sums = "(i32.add)".repeat(count - 1);
        function("", &format!("{loads} {sums} (local.set 0)"))
    };
    linear(make, 300);
}

#[test]
fn code_grows_with_calls() {
    let make = |count: usize| {
        let calls = "(local.set 0 (call 0 (local.get 0)))".repeat(count);
        function("", &calls)
    };
    linear(make, 300);
}

/// One function of several megabytes: branches on bits reach 32 KiB and those on conditions 1 MiB, the way out and the
/// constants are farther away; and so is the loop's beginning.
#[test]
fn branches_reach_their_labels_in_large_functions() {
    let part = |at: usize| {
        format!(
            "(br_if $out (i32.and (local.get 0) (i32.const 16)))
             (br_if $out (i32.eq (local.get 0) (i32.const {at})))
             (br_if $again (i32.eqz (local.get 0)))
             (local.set 1 (i32.div_u (local.get 0) (i32.load offset={at} (local.get 1))))
             (local.set 3 (f64.mul (local.get 3) (f64.const {at}.1)))
             (block $a (block $b (br_table $a $b $out (local.get 1))) (local.set 0 (i32.const {at})))
             (block $a (block $b (br_table $a $b $a $b $a $b $out (local.get 2))) (local.set 0 (i32.const {at})))
             (i32.store offset={at} (local.get 1) (local.get 0))"
        )
    };
    let parts: String = (1..16_000).map(part).collect();
    let module = function(
        "(local i32 i32 f64)",
        &format!("(block $out (loop $again {parts})) (drop (f64.eq (local.get 3) (f64.const 1.5)))"),
    );
    for processor in PROCESSORS {
        let bytes = compile_all(&module, processor, &plain(), "large");
        assert!(bytes > 2 << 20, "{bytes}");
    }
}
