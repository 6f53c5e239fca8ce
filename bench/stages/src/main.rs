//! Compiles every function of the given modules on one thread, for each instruction set, and prints what each pass costs per
//! byte of body: the least of some rounds.
//!
//! `brisk-stages [--rounds N] [--isa x64|a64] [--checked] [--fuel] [--no-inlining | --apart] FILE…`
//!
//! `--apart` adds a line without inlining, which is a part of building and makes more for all the others to do.

use brisk_codegen::build::{Entry, MemoryStyle, Settings as BuildSettings};
use brisk_codegen::compile::{CompileContext, Settings, Stages};
use brisk_codegen::isa::Processor;
use brisk_codegen::layout::VmLayout;
use brisk_module::{DecodeOptions, Module};
use std::process::ExitCode;

const USAGE: &str =
    "usage: brisk-stages [--rounds N] [--isa x64|a64] [--checked] [--fuel] [--no-inlining | --apart] FILE...";

/// What the command line asked for.
struct Options {
    rounds: u32,
    isas: Vec<(&'static str, Processor)>,
    /// Whether memories' bounds are checked by code.
    checked: bool,
    fuel: bool,
    /// Whether to inline: each in a line of its own.
    inlining: Vec<bool>,
    files: Vec<String>,
}

impl Options {
    fn parse() -> Option<Options> {
        let mut options = Options {
            rounds: 3,
            isas: vec![("x64", Processor::X64_ALL), ("a64", Processor::A64_ALL)],
            checked: false,
            fuel: false,
            inlining: vec![true],
            files: Vec::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--rounds" => options.rounds = args.next()?.parse().ok().filter(|&rounds| rounds > 0)?,
                "--isa" => {
                    let wanted = args.next()?;
                    options.isas.retain(|(isa, _)| *isa == wanted);
                }
                "--checked" => options.checked = true,
                "--fuel" => options.fuel = true,
                "--no-inlining" => options.inlining = vec![false],
                "--apart" => options.inlining = vec![true, false],
                option if option.starts_with('-') => return None,
                _ => options.files.push(arg),
            }
        }
        (!options.files.is_empty() && !options.isas.is_empty()).then_some(options)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::parse() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("ns for each byte of body");
    let mut headed = false;
    for file in &options.files {
        let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let module = Module::decode(bytes, &DecodeOptions::default())
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        // Some are called the same, and differ by their folders.
        let mut parts = file.rsplit('/');
        let name = match (parts.next(), parts.next()) {
            (Some("guests.wasm"), Some(folder)) => folder,
            (name, _) => name.unwrap_or(file),
        };
        for &(isa, processor) in &options.isas {
            for &inlining in &options.inlining {
                let (stages, refused) = best(&module, processor, inlining, &options);
                if !std::mem::replace(&mut headed, true) {
                    header(&stages);
                }
                let variant = if inlining { isa.to_string() } else { format!("{isa}, no inlining") };
                line(&format!("{name} {variant}"), &stages, refused);
            }
        }
    }
    ExitCode::SUCCESS
}

/// The least that each pass took in a round, and how many functions were refused.
fn best(module: &Module, processor: Processor, inlining: bool, options: &Options) -> (Stages, u32) {
    let style = |memory64: bool| {
        if memory64 || options.checked { MemoryStyle::Checked } else { MemoryStyle::Guarded }
    };
    let memories: Vec<MemoryStyle> = module.memories.iter().map(|memory| style(memory.memory64)).collect();
    let settings = Settings {
        build: BuildSettings {
            layout: layout(),
            fuel: options.fuel,
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
    let mut cx = CompileContext::new(processor);
    let mut least: Option<Stages> = None;
    let mut refused = 0;
    for _ in 0..options.rounds {
        refused = 0;
        for func in module.imported_funcs..module.funcs.len() as u32 {
            refused += u32::from(cx.compile(module, func, &settings).is_err());
        }
        let stages = std::mem::take(&mut cx.stages);
        match &mut least {
            None => least = Some(stages),
            Some(least) => {
                for (known, (_, time)) in least.passes.iter_mut().zip(stages.passes) {
                    known.1 = known.1.min(time);
                }
            }
        }
    }
    (least.unwrap_or_default(), refused)
}

/// As wide as the passes' names.
fn width(pass: &str) -> usize {
    pass.len().max(5) + 1
}

fn header(stages: &Stages) {
    print!("{:<34} {:>9} {:>6} |", "module", "functions", "KB");
    stages.passes.iter().for_each(|(pass, _)| print!("{pass:>0$}", width(pass)));
    println!(" |   all   MB/s out/in refused");
}

fn line(name: &str, stages: &Stages, refused: u32) {
    let bytes = stages.body_bytes.max(1) as f64;
    print!("{name:<34} {:>9} {:>6.0} |", stages.functions, bytes / 1e3);
    for (pass, time) in &stages.passes {
        print!("{:>1$.1}", time.as_nanos() as f64 / bytes, width(pass));
    }
    let all = stages.total().as_secs_f64().max(1e-9);
    println!(
        " | {:>5.1} {:>6.2} {:>6.2} {refused:>7}",
        all * 1e9 / bytes,
        bytes / 1e6 / all,
        stages.code_bytes as f64 / bytes,
    );
}

/// Offsets of plausible size: only their widths matter here.
fn layout() -> VmLayout {
    VmLayout {
        ctx_store: 0,
        ctx_funcs: 8,
        ctx_globals: 24,
        ctx_memories: 32,
        ctx_tables: 40,
        ctx_memory_base: 48,
        ctx_records: 192,
        global_size: 48,
        memory_size: 96,
        table_size: 96,
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
