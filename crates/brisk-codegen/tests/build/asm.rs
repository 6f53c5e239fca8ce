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
use std::collections::BTreeSet;
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
        ctx_memory_base: 48,
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
        let called = |func| module.names().func_name(func).map_or_else(|| func.to_string(), str::to_owned);
        let asm = disassemble(&context, module.imported_funcs, &called, Columns::default());
        let ir = if with_ir { format!("{ir}--\n") } else { String::new() };
        let _ = write!(text, "== {}\n{ir}{asm}\n", called(func));
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
    fuel int_arithmetic int_bits int_compare int_division interrupts memory64 memory_access memory_bulk memory_checked
    inlining loop_constants loop_layout loop_vectors memory_modes memory_probes memory_several memory_widths osr osr_fuel recursion references globals simd_float simd_fused
    simd_integer simd_lanes simd_memory tables wide_arithmetic;
    x64: baseline;
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
        assert_eq!(call.matches(" of fib in 0x").count(), 2, "{call}");
    }
    assert_eq!(fib.matches("libcall:stack_limit").count(), 1, "{fib}");
    // Both loads and the division that may trap: in `load` in `sum` in `main`.
    let main = text.split_once("== main").expect("the last function").1;
    assert!(!main.contains("[slot:"), "{main}");
    assert_eq!(main.matches("; fault 0x").count(), 2, "{main}");
    assert!(main.matches(" of load in 0x").count() >= 3, "{main}");
    assert_eq!(main.matches(" of load in 0x").count(), main.matches(" of sum in 0x").count(), "{main}");
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

/// Functions that indirect branches lead into the middle of, and that are left in each way there is.
const PROTECTED: [&str; 4] = ["calls_tail", "control_br_table", "exceptions", "osr"];

/// As assembly for a64, where indirect branches may lead marked, and return addresses signed or not.
fn compiled_protected(name: &str, paca: bool) -> String {
    compiled_for(name, Processor::A64(a64::Features { bti: true, paca, ..a64::Features::BASELINE }), false)
}

#[test]
fn marks_and_signatures_on_a64() {
    for name in PROTECTED {
        let path = cases().with_file_name("asm_a64").join(format!("{name}_protected.txt"));
        compare(name, &path, &compiled_protected(name, true));
    }
}

/// Marks of where indirect branches may lead to (`bti c` and `bti j`, which older processors take for hints without a
/// meaning) stand at entries, at what jump tables lead to, and where exceptions land, and nowhere else. What signs a return
/// address is a mark, too.
#[test]
fn places_of_indirect_branches_are_marked_on_a64() {
    let mut middle = 0;
    for (name, paca) in PROTECTED.into_iter().flat_map(|name| [(name, false), (name, true)]) {
        let text = compiled_protected(name, paca);
        for function in text.split("\n\n").filter(|function| function.contains("== ")) {
            let at = |label: &str| {
                let label = [":\n", ":  ; cold\n"].map(|end| function.find(&format!("\n{label}{end}")));
                let at = label.into_iter().flatten().next().expect("the label is there");
                function[at + 1..].lines().nth(1).map_or("", str::trim)
            };
            assert_eq!(at("entry"), if paca { "paciasp" } else { "bti c" }, "{function}");
            let outside = function.contains("\nentry from outside:");
            assert!(!outside || at("entry from outside") == "bti c", "{function}");
            assert_eq!(function.matches("bti c").count(), usize::from(outside) + usize::from(!paca));
            let in_tables = function.lines().filter_map(|line| line.trim().strip_prefix(".long "));
            let caught = function.lines().flat_map(|line| line.split(" at ").skip(1));
            let blocks: BTreeSet<&str> =
                in_tables.chain(caught).map(|block| block.split([' ', ',']).next().unwrap_or("")).collect();
            assert!(blocks.iter().all(|block| at(block) == "bti j"), "{blocks:?} in {function}");
            assert_eq!(function.matches("bti j").count(), blocks.len(), "{function}");
            middle += blocks.len();
        }
    }
    assert!(middle > 8, "{middle} places");
    for name in PROTECTED {
        assert!(!compiled_a64(name).contains("bti"), "{name}");
    }
}

/// A return address is signed before it is stored, and the signature checked when it has been loaded: with the stack
/// pointer that the function was entered with.
#[test]
fn return_addresses_are_signed_on_a64() {
    for name in PROTECTED {
        let text = compiled_protected(name, true);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let mut loads = 0;
        for pair in lines.windows(2) {
            let [before, after] = [pair[0], pair[1]];
            assert_eq!(
                after == "stp x29, x30, [sp, #-0x10]!",
                before == "paciasp",
                "{before}, {after} in {text}"
            );
            assert_eq!(
                before == "ldp x29, x30, [sp], #0x10",
                after == "autiasp",
                "{before}, {after} in {text}"
            );
            loads += usize::from(after == "autiasp");
        }
        assert!(loads > 0, "{text}");
        assert!(!compiled_protected(name, false).contains("asp"), "{name}");
    }
}

/// The instructions of a function on a64, without labels and what is known of them.
fn insts_a64(text: &str, function: &str) -> Vec<String> {
    let start = text.find(&format!("== {function}\n")).expect("the function is there");
    let body = text[start..].split("\n\n").next().unwrap_or("");
    let insts = body.lines().filter_map(|line| line.strip_prefix("    "));
    insts.map(|line| line.split(';').next().unwrap_or("").trim().to_owned()).collect()
}

/// One branch, in a function that loads from memory, too: nothing is looked up, nothing is loaded again.
#[test]
fn recursion_is_one_branch_on_a64() {
    let text = compiled_a64("recursion");
    let insts = insts_a64(&text, "fib");
    let of = |what: &str| insts.iter().filter(|inst| inst.starts_with(what)).count();
    assert_eq!(of("bl entry"), 2, "{text}");
    assert_eq!((of("bl libcall:stack_limit"), of("bl "), of("blr")), (1, 3, 0), "{text}");
    assert_eq!((of("adr"), of("ldr x27"), of("ldp x28")), (0, 0, 0), "{text}");
}

/// Other functions of the module are called through their slot: no table of functions, no entry of another tier.
#[test]
fn direct_calls_go_through_one_word_on_a64() {
    let text = compiled_a64("calls_direct");
    let insts = insts_a64(&text, "to_own");
    let at = insts.iter().position(|inst| inst == "adrp x16, slot:inner").expect("the slot's page");
    assert_eq!(insts[at + 1..at + 3], ["ldr x16, [x16, slot:inner]", "blr x16"], "{text}");
}

/// No result is moved to where it is wanted: it is made there.
#[test]
fn results_are_made_where_they_go_on_a64() {
    for name in ["int_arithmetic", "int_bits", "int_division", "float_arithmetic"] {
        let text = compiled_a64(name);
        for function in text.split("\n\n").filter(|function| !function.contains("\nb1:")) {
            for line in function.lines().map(str::trim) {
                let moves =
                    line.starts_with("mov x") || line.starts_with("mov w") || line.starts_with("mov v");
                assert!(!moves || line == "mov x29, sp" || line.contains('#'), "{name}: {line}\n{function}");
            }
        }
    }
}

/// What lives across a call is stored once and loaded once for each use behind it; nothing else is.
#[test]
fn only_what_lives_across_a_call_is_spilled_on_a64() {
    let text = compiled_a64("recursion");
    let insts = insts_a64(&text, "fib");
    let of = |what: &str| insts.iter().filter(|inst| inst.contains(what)).count();
    let spills = insts.iter().filter(|inst| inst.starts_with("str ") && inst.contains("[sp")).count();
    let reloads = insts.iter().filter(|inst| inst.starts_with("ldr ") && inst.contains("[sp")).count();
    assert_eq!((spills, reloads), (1, 1), "the first call's result, across the second:\n{text}");
    assert_eq!(of("x19, x27"), 1, "the parameter is in a register that calls keep:\n{text}");
}

/// Traps have no epilogue of their own: each is a call of the stub that all code of a module shares.
#[test]
fn traps_share_their_way_out_on_a64() {
    for name in ["int_division", "float_convert", "calls_indirect", "memory_checked"] {
        let text = compiled_a64(name);
        for (at, _) in text.match_indices("    bl trap:") {
            let next = text[at..].lines().nth(1).unwrap_or("");
            let ends = next.is_empty() || !next.starts_with("    ") || next.contains("bl trap:");
            assert!(ends || next.trim_start().starts_with(".data"), "{name}: {next} follows a trap\n{text}");
        }
        assert!(!text.contains("brk") && !text.contains("udf"), "{name}");
    }
}

/// What can trap looks for it: the divisor, and the smallest integer by -1; not where a constant says that it cannot be.
#[test]
fn divisions_look_for_their_traps_on_a64() {
    let text = compiled_a64("int_division");
    let has =
        |function: &str, what: &str| insts_a64(&text, function).iter().any(|inst| inst.starts_with(what));
    assert!(has("signed", "cbz w1") && has("signed", "ccmp") && has("signed", "b.vs"), "{text}");
    assert!(has("unsigned", "cbz x1") && !has("unsigned", "ccmp"), "{text}");
    assert!(has("remainder", "cbz w1") && !has("remainder", "ccmp"), "{text}");
    for function in ["by_ten", "by_eight", "mod_seven"] {
        assert!(!has(function, "bl trap") && !has(function, "sdiv") && !has(function, "udiv"), "{text}");
    }
}

/// The fourteen widths of integers, and floats, each in one instruction.
#[test]
fn each_width_is_one_load_or_store_on_a64() {
    let text = compiled_a64("memory_widths");
    let expected: [(&str, &[&str]); 6] = [
        ("loads_i32", &["ldrsb w", "ldrb w", "ldrsh w", "ldrh w", "ldr w"]),
        ("loads_i64", &["ldrsb x", "ldrb w", "ldrsh x", "ldrh w", "ldrsw x", "ldr w", "ldr x"]),
        ("loads_float", &["ldr s", "ldr d"]),
        ("stores_i32", &["strb w", "strh w", "str w"]),
        ("stores_i64", &["strb w", "strh w", "str w", "str x"]),
        ("stores_float", &["str s", "str d"]),
    ];
    for (function, widths) in expected {
        let insts = insts_a64(&text, function);
        for width in widths {
            let accesses = insts.iter().filter(|inst| inst.starts_with(width) && !inst.contains("x27"));
            assert!(accesses.count() >= 1, "{width} in {function}:\n{text}");
        }
    }
    // Nothing is read ahead of a store that cannot straddle a page's end.
    assert!(!insts_a64(&text, "aligned").iter().any(|inst| inst.starts_with("ldrb wzr")), "{text}");
    assert_eq!(text.matches("ldrb wzr").count(), 8, "one for each other store wider than a byte:\n{text}");
}

/// Rotations, counts, extensions and selections are an instruction each, with what they are used on folded in.
#[test]
fn bits_take_one_instruction_on_a64() {
    let text = compiled_a64("int_bits");
    let expected = [
        ("rotate_mixed", "eor w0, w0, w1, ror #16"),
        ("extend8", "sxtb w0, w0"),
        ("extend16", "sxth w0, w0"),
        ("extend32", "sxtw x0, w0"),
        ("select_more", "csinc w0, w0, w1, lt"),
        ("select_zero", "csel x0, xzr, x0, hi"),
        ("select_float", "fcsel d0, d0, d1, mi"),
        ("field", "ubfx w0, w0, #0x3, #0x5"),
        ("field_up", "ubfiz w0, w0, #0x8, #0x8"),
        ("field_in", "bfi w0, w1, #0x8, #0x8"),
        ("wide_product", "smaddl x0, w0, w1, x2"),
        ("both", "ccmp"),
        ("one_bit", "tbnz x0, #0x24"),
        ("sign", "tbz w0, #0x1f"),
    ];
    for (function, inst) in expected {
        let insts = insts_a64(&text, function);
        assert!(insts.iter().any(|found| found.starts_with(inst)), "{inst} in {function}:\n{text}");
    }
}
