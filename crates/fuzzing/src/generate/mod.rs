//! Modules made of bytes, by wasm-smith.

mod functions_only;

pub use functions_only::functions_only;

use arbitrary::{Arbitrary, Result, Unstructured};
use wasm_smith::{Config, InstructionKind, InstructionKinds, MemoryOffsetChoices, Module};

/// Name of the exported global that counts down loop iterations and calls until the module stops itself. What runs a
/// module may set it before each call.
pub const STEPS: &str = "steps left";
/// What it begins with.
const FIRST_STEPS: u32 = 20_000;
/// Enough for several pages, and little enough to compare.
const MEMORY_BYTES: u64 = 8 << 16;

/// A module to run.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// Whether it makes its NaNs canonical itself. Otherwise engines have to, if they are to agree.
    pub canonical_nans: bool,
}

/// What generated modules may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proposals {
    /// What wasmi knows and does in one way only: no exceptions, no references beyond version 2.0, and no relaxed
    /// vector instructions, whose results brisk and wasmi choose differently.
    Shared,
    /// All that brisk runs.
    All,
    /// All that there is, also what brisk refuses.
    Any,
}

/// A valid module that stops by itself. All of its functions, memories, tables and globals are exported.
pub fn module(u: &mut Unstructured, proposals: Proposals) -> Result<Generated> {
    let config = config(u, proposals)?;
    let canonical_nans = config.canonicalize_nans;
    let mut module = Module::new(config, u)?;
    // Counts in the module itself, so that every engine stops at the same instruction.
    let steps = module.ensure_termination(FIRST_STEPS).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    let mut wasm = module.to_bytes();
    if proposals == Proposals::All {
        wasm = functions_only(&wasm, Some(steps)).ok_or(arbitrary::Error::IncorrectFormat)?;
    }
    Ok(Generated { wasm, canonical_nans })
}

/// Settings that differ from module to module: what all modules have a little of, none has much of.
fn config(u: &mut Unstructured, proposals: Proposals) -> Result<Config> {
    let all = proposals != Proposals::Shared;
    let any = proposals == Proposals::Any;
    let canonicalize_nans = u.arbitrary()?;
    Ok(Config {
        allowed_instructions: instructions(u)?,
        allow_floats: u.ratio(7, 8)?,
        allow_start_export: u.ratio(1, 4)?,
        bulk_memory_enabled: u.ratio(7, 8)?,
        canonicalize_nans,
        compact_imports_enabled: false,
        custom_page_sizes_enabled: u.ratio(1, 4)?,
        // Otherwise few functions get to their end.
        disallow_traps: u.ratio(2, 3)?,
        exceptions_enabled: all && u.arbitrary()?,
        export_everything: true,
        extended_const_enabled: u.arbitrary()?,
        gc_enabled: any && u.arbitrary()? || all && u.ratio(1, 4)?,
        max_data_segments: 6,
        max_element_segments: 6,
        max_funcs: u.int_in_range(6..=24)?,
        max_globals: 20,
        max_imports: 8,
        max_instructions: u.choose(&[30, 100, 400, 1500]).copied()?,
        max_memories: u.choose(&[1, 1, 3]).copied()?,
        max_memory32_bytes: MEMORY_BYTES,
        max_memory64_bytes: u128::from(MEMORY_BYTES),
        max_nesting_depth: u.int_in_range(4..=30)?,
        max_table_elements: 100,
        max_tables: u.choose(&[1, 4]).copied()?,
        max_tags: 4,
        max_types: 16,
        memory64_enabled: u.ratio(1, 3)?,
        memory_max_size_required: true,
        // More often within the memory than not.
        memory_offset_choices: MemoryOffsetChoices(90, 9, 1),
        min_funcs: 6,
        min_globals: 3,
        min_types: 4,
        min_memories: u.int_in_range(0..=1)?,
        min_tables: u.int_in_range(0..=1)?,
        multi_value_enabled: u.ratio(7, 8)?,
        reference_types_enabled: u.ratio(3, 4)?,
        // Its results differ where NaNs do.
        relaxed_simd_enabled: all && !canonicalize_nans && u.arbitrary()?,
        simd_enabled: u.arbitrary()?,
        table_max_size_required: true,
        tail_call_enabled: u.arbitrary()?,
        threads_enabled: any && u.ratio(1, 8)?,
        wide_arithmetic_enabled: u.ratio(1, 4)?,
        ..Config::default()
    })
}

/// Some of the kinds of instructions, so that those are frequent.
fn instructions(u: &mut Unstructured) -> Result<InstructionKinds> {
    use InstructionKind::{Control, Memory, Numeric, Parametric, Reference, Table, Variable, Vector};
    let mut kinds = vec![Numeric, Variable];
    for kind in [Control, Memory, Parametric, Reference, Table, Vector] {
        if u.ratio(3, 4)? {
            kinds.push(kind);
        }
    }
    Ok(InstructionKinds::new(&kinds))
}

/// Any bytes at all, or those of a valid module with a few changed.
pub fn broken_module(u: &mut Unstructured) -> Result<Vec<u8>> {
    if u.arbitrary()? {
        let rest = u.len();
        return Ok(u.bytes(rest)?.to_vec());
    }
    let changes = u.int_in_range(0..=4)?;
    let changes: Vec<(u32, u8)> =
        (0..changes).map(|_| Ok((u32::arbitrary(u)?, u8::arbitrary(u)?))).collect::<Result<_>>()?;
    let mut wasm = module(u, Proposals::Any)?.wasm;
    for (at, byte) in changes {
        let at = at as usize % wasm.len();
        wasm[at] = byte;
    }
    Ok(wasm)
}
