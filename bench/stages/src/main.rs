//! Compiles every function of the given modules on one thread and prints what each stage costs per byte of body.
//!
//! `brisk-stages [--rounds N] [--checked] [--no-inlining] FILE…`

use brisk_codegen::build::{Entry, MemoryStyle, Settings as BuildSettings};
use brisk_codegen::compile::{CompileContext, Settings, Stages};
use brisk_codegen::isa::Processor;
use brisk_codegen::layout::VmLayout;
use brisk_module::{DecodeOptions, Module};
use std::time::Duration;

fn main() {
    let mut rounds = 3;
    let mut checked = false;
    let mut inlining = true;
    let mut files = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => rounds = args.next().and_then(|n| n.parse().ok()).expect("--rounds takes a number"),
            "--checked" => checked = true,
            "--no-inlining" => inlining = false,
            _ => files.push(arg),
        }
    }
    println!(
        "{:<28} {:>8} {:>7} | {:>6} {:>6} {:>6} {:>6} {:>6} ns/byte | {:>7} MB/s {:>6} out/in {:>4} refused",
        "module", "bodies", "KB", "build", "opt", "lower", "alloc", "emit", "", "", ""
    );
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let module = Module::decode(bytes, &DecodeOptions::default())
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        let (stages, refused) = best(&module, rounds, checked, inlining);
        let name = file.rsplit('/').next().unwrap_or(&file);
        print(name, &stages, refused);
    }
}

fn best(module: &Module, rounds: u32, checked: bool, inlining: bool) -> (Stages, u32) {
    let memories: Vec<MemoryStyle> = module
        .memories
        .iter()
        .map(|memory| if memory.memory64 || checked { MemoryStyle::Checked } else { MemoryStyle::Guarded })
        .collect();
    let settings = Settings {
        build: BuildSettings {
            layout: layout(),
            fuel: false,
            canonical_nans: false,
            interrupts: true,
            memories: &memories,
            guard_size: 32 << 20,
            spectre: true,
            entry: Entry::Normal,
            inlining,
        },
        tail_calls_out: false,
    };
    let mut cx = CompileContext::new(Processor::X64_ALL);
    let mut least: Option<Stages> = None;
    let mut refused = 0;
    for _ in 0..rounds {
        cx.stages = Stages::default();
        refused = 0;
        for func in module.imported_funcs..module.funcs.len() as u32 {
            refused += u32::from(cx.compile(module, func, &settings).is_err());
        }
        if least.is_none_or(|least| cx.stages.total() < least.total()) {
            least = Some(cx.stages);
        }
    }
    (least.unwrap_or_default(), refused)
}

fn print(name: &str, stages: &Stages, refused: u32) {
    let bytes = stages.body_bytes.max(1) as f64;
    let per_byte = |time: Duration| time.as_nanos() as f64 / bytes;
    println!(
        "{name:<28} {:>8} {:>7.0} | {:>6.1} {:>6.1} {:>6.1} {:>6.1} {:>6.1}         | {:>7.2}      {:>6.2}        {refused:>4}",
        stages.functions,
        bytes / 1e3,
        per_byte(stages.build),
        per_byte(stages.optimize),
        per_byte(stages.lower),
        per_byte(stages.allocate),
        per_byte(stages.emit),
        bytes / 1e6 / stages.total().as_secs_f64().max(1e-9),
        stages.code_bytes as f64 / bytes,
    );
}

/// Offsets of plausible size: only their widths matter here.
fn layout() -> VmLayout {
    VmLayout {
        ctx_store: 0,
        ctx_funcs: 8,
        ctx_imports: 16,
        ctx_globals: 24,
        ctx_memories: 32,
        ctx_tables: 40,
        ctx_type_ids: 48,
        ctx_tags: 56,
        store_stack_limit: 64,
        store_fuel: 72,
        store_overflow: 80,
        func_ref_size: 32,
        func_ref_state: 0,
        func_ref_ctx: 8,
        func_ref_type: 16,
        func_ref_self: 24,
        state_native: 8,
        state_size: 32,
        memory_base: 0,
        memory_len: 8,
        table_base: 0,
        table_len: 8,
        ..VmLayout::default()
    }
}
