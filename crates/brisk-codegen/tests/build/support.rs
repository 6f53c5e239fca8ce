//! Modules to functions of the IR.

use brisk_codegen::build::{self, BuildError, Builder, Entry, MemoryStyle, Settings};
use brisk_codegen::ir::Func;
use brisk_codegen::ir::{print::print, verify::verify};
use brisk_codegen::layout::VmLayout;
use brisk_module::{DecodeOptions, Module};

/// A layout in which the fields that the build uses have different offsets in each structure.
fn layout() -> VmLayout {
    VmLayout {
        ctx_store: 0,
        ctx_globals: 24,
        ctx_memories: 32,
        ctx_tables: 40,
        ctx_records: 96,
        global_size: 48,
        memory_size: 64,
        table_size: 80,
        store_overflow: 80,
        func_ref_size: 32,
        func_ref_type: 16,
        func_ref_self: 24,
        memory_base: 0,
        memory_len: 8,
        table_base: 0,
        table_len: 8,
        ..VmLayout::default()
    }
}

/// Settings of the straight path: guarded memories, nothing else.
pub fn plain() -> Settings<'static> {
    Settings {
        layout: layout(),
        fuel: false,
        canonical_nans: false,
        interrupts: false,
        memories: &[MemoryStyle::Guarded; 100],
        guard_size: 32 << 20,
        spectre: false,
        entry: Entry::Normal,
        inlining: false,
    }
}

/// Everything that adds instructions.
pub fn full() -> Settings<'static> {
    Settings {
        fuel: true,
        canonical_nans: true,
        interrupts: true,
        memories: &[MemoryStyle::Checked; 100],
        spectre: true,
        ..plain()
    }
}

pub fn decode(wat: &str) -> Module {
    decode_binary(wat::parse_str(wat).expect("the text is a module"))
}

pub fn decode_binary(bytes: Vec<u8>) -> Module {
    Module::decode(bytes, &DecodeOptions::default()).expect("the module is valid")
}

pub fn build(module: &Module, func: u32, settings: &Settings<'_>) -> Result<Func, BuildError> {
    let mut out = Func::default();
    build::build(&mut Builder::default(), module, func, settings, &mut out)?;
    verify(&out).unwrap_or_else(|error| panic!("function {func}: {error}\n{}", print(&out)));
    Ok(out)
}

/// Whether the memory of a module can be guarded.
pub fn styles(module: &Module) -> Vec<MemoryStyle> {
    let style = |wide: bool| if wide { MemoryStyle::Checked } else { MemoryStyle::Guarded };
    module.memories.iter().map(|memory| style(memory.memory64 || memory.page_size_log2 != 16)).collect()
}
