//! WebAssembly text in; the IR after all passes and machine code out. `BRISK_BLESS=1` writes the expected texts anew.
//!
//! The words of a first line `;; …` say how a case is compiled.

use crate::snapshots::{compare, last_loop};
use crate::support::{decode, plain, styles};
use brisk_codegen::a64::asm as a64;
use brisk_codegen::build::{self, Entry, MemoryStyle};
use brisk_codegen::compile::{CompileContext, Settings};
use brisk_codegen::disasm::{Columns, disassemble};
use brisk_codegen::ir::{print::print, verify::verify};
use brisk_codegen::isa::Processor;
use brisk_codegen::layout::VmLayout;
use brisk_codegen::x64::asm::Features;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A layout in which each field has another offset, as far as machine code tells them apart.
fn layout() -> VmLayout {
    VmLayout {
        ctx_funcs: 8,
        ctx_tags: 56,
        store_stack_limit: 64,
        store_fuel: 72,
        store_exit_fp: 88,
        func_ref_state: 0,
        func_ref_ctx: 8,
        state_native: 40,
        state_size: 48,
        ..plain().layout
    }
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/build/asm")
}

/// Each function of a case as IR and assembly, for x64.
fn compiled(name: &str) -> String {
    // What every machine has that is compiled for.
    let floor = Features { ssse3: true, sse41: true, ..Features::BASELINE };
    compiled_for(name, Processor::X64(if name == "baseline" { floor } else { Features::ALL }), true)
}

/// Each function of a case as assembly, for a64.
fn compiled_a64(name: &str) -> String {
    compiled_for(name, Processor::A64(a64::Features::BASELINE), false)
}

fn compiled_for(name: &str, processor: Processor, with_ir: bool) -> String {
    let source =
        std::fs::read_to_string(cases().join(name).with_extension("wat")).expect("the case is there");
    let module = decode(&source);
    let words: Vec<&str> =
        source.lines().next().and_then(|line| line.strip_prefix(";; ")).unwrap_or("").split(' ').collect();
    let is = |word| words.contains(&word);
    let known = [
        "",
        "baseline",
        "canonical_nans",
        "checked",
        "fuel",
        "inlining",
        "interrupts",
        "osr",
        "spectre",
        "tail_calls_out",
    ];
    assert!(words.iter().all(|word| known.contains(word)), "{name}: {words:?}");
    let memories =
        if is("checked") { vec![MemoryStyle::Checked; module.memories.len()] } else { styles(&module) };
    let mut context = CompileContext::new(processor);
    let mut text = String::new();
    for defined in 0..module.bodies.len() {
        let func = module.imported_funcs + defined as u32;
        let entry = match is("osr") {
            true => Entry::Osr { header: last_loop(&module, defined), link_slots: 3 },
            false => Entry::Normal,
        };
        let settings = Settings {
            build: build::Settings {
                layout: layout(),
                fuel: is("fuel"),
                canonical_nans: is("canonical_nans"),
                interrupts: is("interrupts"),
                memories: &memories,
                spectre: is("spectre"),
                entry,
                inlining: is("inlining"),
                ..plain()
            },
            tail_calls_out: is("tail_calls_out"),
        };
        context.compile(&module, func, &settings).expect("the function is compiled");
        let ir = print(&context.func);
        verify(&context.func).unwrap_or_else(|error| panic!("{name}: {error}\n{ir}"));
        let called = |defined| {
            let func = module.imported_funcs + defined;
            module.names().func_name(func).map_or_else(|| func.to_string(), str::to_owned)
        };
        let asm = disassemble(&context, &called, Columns::default());
        let ir = if with_ir { format!("{ir}--\n") } else { String::new() };
        let _ = write!(text, "== {}\n{ir}{asm}\n", called(defined as u32));
    }
    text
}

fn snapshot(name: &str) {
    compare(name, &cases().join(name).with_extension("txt"), &compiled(name));
}

fn snapshot_a64(name: &str) {
    let path = cases().with_file_name("asm_a64").join(name).with_extension("txt");
    compare(name, &path, &compiled_a64(name));
}

macro_rules! snapshots {
    (both: $($name:ident)*; x64: $($x64:ident)*;) => {
        $(
            #[test]
            fn $name() {
                snapshot(stringify!($name));
            }
        )*
        $(
            #[test]
            fn $x64() {
                snapshot(stringify!($x64));
            }
        )*

        /// The same code for the other instruction set.
        mod on_a64 {
            $(
                #[test]
                fn $name() {
                    super::snapshot_a64(stringify!($name));
                }
            )*
        }

        #[test]
        fn every_case_is_a_test() {
            let names = [$(stringify!($name),)* $(stringify!($x64)),*];
            for entry in std::fs::read_dir(cases()).expect("the cases are there") {
                let path = entry.expect("the cases are there").path();
                let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
                assert!(names.contains(&name), "{name}");
            }
        }
    };
}

snapshots! {
    both: calls_direct calls_indirect calls_many_values calls_spectre calls_spills calls_tail calls_tail_out
    control_br_table control_if control_loops exceptions float_arithmetic float_canonical float_compare float_convert
    fuel int_arithmetic int_compare int_division interrupts memory64 memory_access memory_bulk memory_checked
    inlining memory_modes memory_several osr osr_fuel recursion references tables wide_arithmetic;
    x64: baseline globals simd_float simd_integer simd_lanes;
}

/// A call of the module's own function goes straight to it: nothing is looked up, and neither the VmContext nor the
/// memory's base is loaded again, which that function leaves as they are.
#[test]
fn recursion_is_direct_and_reloads_nothing() {
    let text = compiled("recursion");
    let body = text.split_once("\nentry:\n").expect("an entry behind that for calls from outside").1;
    let insts: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("    ")).map(|line| line.trim()).collect();
    let of = |what: &str| insts.iter().filter(|inst| inst.contains(what)).count();
    let recursive = "call qword ptr [slot:fib]";
    assert_eq!(of(recursive), 2, "{text}");
    assert_eq!(of("call "), 3, "the third one is that of the stack's limit:\n{text}");
    assert_eq!(of("call libcall:stack_limit"), 1, "{text}");
    let loads = |reg: &str| insts.iter().filter(|inst| inst.starts_with(&format!("mov {reg}, ["))).count();
    assert_eq!((loads("r14"), loads("r15")), (0, 0), "{text}");
    // What is loaded is what was spilled or saved, and once the way to the stack's limit.
    let from_context = insts.iter().filter(|inst| inst.contains("[r14")).count();
    assert_eq!(from_context, 1, "{text}");
    assert_eq!(of("r15"), 0, "memory is not used:\n{text}");
    let indirect =
        insts.iter().filter(|inst| inst.starts_with("call [") || inst.starts_with("call r")).count();
    assert_eq!(indirect, 0, "{text}");
}

/// Two levels of recursion are part of the function: of three calls in each other one is made. Each site says through
/// which calls it came about.
#[test]
fn recursion_is_inlined_twice() {
    let text = compiled("inlining");
    let fib = text
        .split_once("\nentry:\n")
        .expect("an entry")
        .1
        .split_once("== load")
        .expect("the next function")
        .0;
    let calls: Vec<&str> = fib.lines().filter(|line| line.contains("call qword ptr [slot:fib]")).collect();
    assert_eq!(calls.len(), 8, "{fib}");
    for call in calls {
        assert_eq!(call.matches(" of function 0 in 0x").count(), 2, "{call}");
    }
    assert_eq!(fib.matches("libcall:stack_limit").count(), 1, "{fib}");
    // Both loads and the division that may trap: in `load` in `sum` in `main`.
    let main = text.split_once("== main").expect("the last function").1;
    assert!(!main.contains("[slot:"), "{main}");
    assert_eq!(main.matches("; fault 0x").count(), 2, "{main}");
    assert!(main.matches(" of function 1 in 0x").count() >= 3, "{main}");
    assert_eq!(
        main.matches(" of function 1 in 0x").count(),
        main.matches(" of function 2 in 0x").count(),
        "{main}"
    );
}

/// On the way to a handler the registers that inner frames saved are lost; who catches gives its own caller what that
/// had in them.
#[test]
fn who_catches_saves_all_that_callers_keep() {
    let text = compiled("exceptions");
    let (catching, throwing) = text.split_once("== throw").expect("two functions");
    for reg in ["rbx", "r12", "r13"] {
        let (saved, restored) = (format!("], {reg}\n"), format!("mov {reg}, ["));
        assert_eq!(catching.matches(&saved).count(), 1, "{reg} in {catching}");
        let returns = catching.matches("    ret\n").count();
        assert_eq!(catching.matches(&restored).count(), returns, "{reg} in {catching}");
        assert!(!throwing.contains(&saved), "{reg} in {throwing}");
    }
}
