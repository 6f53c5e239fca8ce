//! `brisk explore FILE --func N`: one function, stage by stage, from WebAssembly to machine code.

use crate::flags::{Explore, Stage};
use crate::text::{nearest, one_line};
use crate::{Failure, load, output, wasm_text};
use brisk::{Context as _, Engine, Error};
use brisk_codegen::build::{self, Entry, MemoryStyle};
use brisk_codegen::compile::{CompileContext, Settings};
use brisk_codegen::ir::print::print;
use brisk_module::Module;
use brisk_module::module::ExternKind;
use brisk_module::wasmparser::Operator;
use std::fmt::Write as _;
use std::sync::mpsc;

/// Prints the stages.
pub fn explore(options: Explore) -> Result<u8, Failure> {
    let mut config = load::config(&options.engine);
    config.consume_fuel(options.fuel);
    let engine = load::engine(&config)?;
    let loaded = load::module(&engine, &options.file)?;
    let module = decode(&loaded)?;
    let func = find(&module, &options)?;
    output::print(&stages(&engine, &loaded, &module, func, &options)?)?;
    Ok(0)
}

/// What the compiler sees of a module that is valid already.
fn decode(loaded: &brisk::Module) -> Result<Module, Error> {
    Module::decode(loaded.bytes().to_vec(), &load::every_feature()).context("cannot decode the module again")
}

/// The function that is asked for, by its number, its name or the name of its export.
fn find(module: &Module, options: &Explore) -> Result<u32, Failure> {
    let wanted = &*options.func;
    let names = module.names();
    let all = 0..module.funcs.len() as u32;
    let exports = || module.exports.iter().filter(|export| export.kind == ExternKind::Func);
    let found = wanted
        .parse()
        .ok()
        .filter(|func| all.contains(func))
        .or_else(|| exports().find(|export| &*export.name == wanted).map(|export| export.index))
        .or_else(|| all.clone().find(|&func| names.func_name(func) == Some(wanted)));
    let file = options.file.display();
    let Some(func) = found else {
        let known = all.filter_map(|func| names.func_name(func)).chain(exports().map(|export| &*export.name));
        let hint = match nearest(wanted, known) {
            Some(near) => format!("is `{}` meant?", one_line(near)),
            None => format!("there are functions 0 to {}", module.funcs.len().saturating_sub(1)),
        };
        return Err(Failure::Usage(format!("`{file}` has no function `{}`; {hint}", one_line(wanted))));
    };
    if func < module.imported_funcs {
        return Err(Failure::Usage(format!(
            "function {func} of `{file}` is imported: there is no code of it"
        )));
    }
    Ok(func)
}

fn func_name(module: &Module, func: u32) -> String {
    match module.names().func_name(func) {
        Some(name) => one_line(name),
        None => {
            match module.exports.iter().find(|export| export.kind == ExternKind::Func && export.index == func)
            {
                Some(export) => one_line(&export.name),
                None => format!("func{func}"),
            }
        }
    }
}

fn stages(
    engine: &Engine,
    loaded: &brisk::Module,
    module: &Module,
    func: u32,
    options: &Explore,
) -> Result<String, Failure> {
    let wanted = |stage| options.stage.is_empty() || options.stage.contains(&stage);
    let mut out = String::new();
    let mut section = |title: &str, text: &str| {
        // Writing to a string does not fail.
        let gap = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{gap}== {title}\n{}", text.trim_end_matches('\n'));
    };
    if wanted(Stage::Wasm) {
        let range = &module.bodies[(func - module.imported_funcs) as usize].range;
        let title = format!(
            "wasm: function {func} ({}), {} bytes at {:#x}",
            func_name(module, func),
            range.len(),
            range.start
        );
        section(&title, &wasm_text::listing(module, func).context("cannot decode the function")?);
    }
    if wanted(Stage::Register) {
        section("register code", &loaded.register_code(func).unwrap_or_default());
    }
    if [Stage::Ir, Stage::Machine, Stage::Asm].into_iter().any(wanted) {
        compile(engine, module, func, options, &mut section)?;
    }
    Ok(out)
}

fn compile(
    _engine: &Engine,
    module: &Module,
    func: u32,
    options: &Explore,
    section: &mut impl FnMut(&str, &str),
) -> Result<(), Failure> {
    let wanted = |stage| options.stage.is_empty() || options.stage.contains(&stage);
    let runtime = brisk::__compiler_facts();
    let memories: Vec<MemoryStyle> = module
        .memories
        .iter()
        .map(|memory| match options.checked || memory.memory64 || memory.page_size_log2 != 16 {
            true => MemoryStyle::Checked,
            false => MemoryStyle::Guarded,
        })
        .collect();
    let settings = Settings {
        build: build::Settings {
            layout: runtime.layout,
            fuel: options.fuel,
            canonical_nans: false,
            interrupts: options.interrupts,
            memories: &memories,
            guard_size: runtime.guard_size,
            spectre: false,
            entry: match options.osr {
                Some(header) => Entry::Osr { header, link_slots: runtime.link_slots },
                None => Entry::Normal,
            },
            inlining: true,
        },
        tail_calls_out: tail_calls_out(module),
    };
    let mut context = CompileContext::new(runtime.processor);
    let (sender, printed) = mpsc::channel();
    if wanted(Stage::Ir) {
        context.observer = Some(Box::new(move |done, func| {
            // The receiver outlives the compilation.
            let _ = sender.send((done.to_owned(), print(func)));
        }));
    }
    let compiled = context.compile(module, func, &settings);
    let mut last = String::new();
    for (done, text) in printed.try_iter() {
        section(&format!("IR after {done}"), if text == last { "(the same)" } else { &text });
        last = text;
    }
    if let Err(error) = compiled {
        return Err(Error::new(error).context(format!("cannot compile function {func}")).into());
    }
    if wanted(Stage::Machine) {
        section("machine instructions", &context.backend.print());
    }
    if wanted(Stage::Asm) {
        let code = &context.code;
        let title = format!("assembly: {} bytes, frame of {}", code.bytes.len(), code.frame_size);
        section(&title, &assembly(module, &context, options)?);
    }
    Ok(())
}

#[cfg(feature = "disassemble")]
fn assembly(module: &Module, context: &CompileContext, options: &Explore) -> Result<String, Failure> {
    use brisk_codegen::disasm::{Columns, disassemble};
    let name = |func| func_name(module, func);
    Ok(disassemble(context, module.imported_funcs, &name, Columns { offsets: true, bytes: options.bytes }))
}

/// Without a disassembler: the bytes.
#[cfg(not(feature = "disassemble"))]
fn assembly(_: &Module, context: &CompileContext, _: &Explore) -> Result<String, Failure> {
    let mut out = String::from("(this brisk was built without the feature `disassemble`)\n");
    for (line, bytes) in context.code.bytes.chunks(16).enumerate() {
        let bytes: String = bytes.iter().map(|byte| format!(" {byte:02x}")).collect();
        let _ = writeln!(out, "{:6x} {bytes}", 16 * line);
    }
    Ok(out)
}

/// Whether a function of the module may be left by a tail call to another instance.
fn tail_calls_out(module: &Module) -> bool {
    (module.imported_funcs..module.funcs.len() as u32).any(|func| {
        wasm_text::any(module, func, |op| match *op {
            Operator::ReturnCall { function_index } => function_index < module.imported_funcs,
            Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => true,
            _ => false,
        })
    })
}
