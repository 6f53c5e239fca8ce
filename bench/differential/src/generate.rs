//! Modules to run, each made from a number.

use crate::random::Random;
use arbitrary::Unstructured;
use brisk_fuzzing::generate::functions_only;
use brisk_fuzzing::loops;
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

/// Loop iterations and calls until a module's own counter stops it.
const STEPS: u32 = 20_000;
/// How many modules are made to find one that can be had without structures and arrays.
const TRIES: u32 = 10;
/// Enough for several pages, small enough to compare.
const MEMORY_BYTES: u64 = 10 << 16;

/// What a module may be made of. Each leaves some of the others' instructions out, so that its own
/// are frequent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Theme {
    /// Everything but typed function references.
    Mixed,
    /// Exceptions, tail calls and references, without vectors and floats.
    Control,
    /// Several memories and tables, 64-bit ones among them, with pages of any size.
    Memories,
    /// Vectors, relaxed ones included, and floats.
    Vectors,
    /// Typed function references, recursive and sub-typed function types.
    References,
    /// Nested loops that get hot, with calls, memory accesses and exceptions in them.
    Loops,
}

impl Theme {
    /// All of them.
    pub const ALL: [Theme; 6] =
        [Theme::Mixed, Theme::Control, Theme::Memories, Theme::Vectors, Theme::References, Theme::Loops];

    fn instructions(self) -> InstructionKinds {
        use InstructionKind::{
            Control, Memory, Numeric, NumericInt, Parametric, Reference, Table, Variable, Vector,
        };
        InstructionKinds::new(match self {
            Theme::Mixed => &[Control, Memory, Numeric, Parametric, Reference, Table, Variable, Vector],
            Theme::Control => &[Control, NumericInt, Parametric, Reference, Table, Variable],
            Theme::Memories => &[Control, Memory, Numeric, Parametric, Table, Variable],
            Theme::Vectors => &[Control, Memory, Numeric, Parametric, Variable, Vector],
            Theme::References => &[Control, NumericInt, Parametric, Reference, Table, Variable],
            Theme::Loops => &[],
        })
    }

    fn config(self) -> Config {
        Config {
            allowed_instructions: self.instructions(),
            allow_floats: !matches!(self, Theme::Control),
            compact_imports_enabled: false,
            custom_page_sizes_enabled: matches!(self, Theme::Mixed | Theme::Memories),
            exceptions_enabled: !matches!(self, Theme::Memories | Theme::Vectors),
            export_everything: true,
            gc_enabled: self == Theme::References,
            max_data_segments: 6,
            max_element_segments: 6,
            max_funcs: 20,
            max_globals: 20,
            max_imports: 8,
            max_instructions: 400,
            max_memories: if self == Theme::Memories { 4 } else { 1 },
            max_memory32_bytes: MEMORY_BYTES,
            max_memory64_bytes: u128::from(MEMORY_BYTES),
            max_table_elements: 100,
            max_tables: 3,
            max_types: 20,
            min_types: 8,
            // Growth must not end where the machine does.
            memory_max_size_required: true,
            min_funcs: 5,
            relaxed_simd_enabled: matches!(self, Theme::Mixed | Theme::Vectors),
            simd_enabled: matches!(self, Theme::Mixed | Theme::Vectors),
            table_max_size_required: true,
            tail_call_enabled: self != Theme::Vectors,
            threads_enabled: false,
            wide_arithmetic_enabled: !matches!(self, Theme::Control),
            ..Config::default()
        }
    }
}

/// The module of a seed, if there is one: few seeds give none.
pub fn module(theme: Theme, seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::new(seed);
    match theme {
        Theme::Loops => Some(loops::module(Unstructured::new(&bytes(&mut random)), true).wasm),
        // wasm-smith has one switch for typed function references and for structures and arrays.
        Theme::References => (0..TRIES).find_map(|_| functions_only(&generate(theme, &mut random)?, None)),
        _ => generate(theme, &mut random),
    }
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let length = 1000 + (random.next() % 30_000) as usize;
    random.bytes(length)
}

fn generate(theme: Theme, random: &mut Random) -> Option<Vec<u8>> {
    let bytes = bytes(random);
    let mut module = Module::new(theme.config(), &mut Unstructured::new(&bytes)).ok()?;
    // It counts down in the module itself, so every engine stops it at the same instruction.
    module.ensure_termination(STEPS).ok()?;
    Some(module.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_gives_valid_modules_and_the_same_for_the_same_seed() {
        for theme in Theme::ALL {
            let modules: Vec<Vec<u8>> = (0..400).filter_map(|seed| module(theme, seed)).collect();
            assert!(modules.len() >= 300, "{theme:?}: {} of 400", modules.len());
            for wasm in &modules {
                let features = wasmparser::WasmFeatures::WASM3
                    | wasmparser::WasmFeatures::CUSTOM_PAGE_SIZES
                    | wasmparser::WasmFeatures::WIDE_ARITHMETIC;
                wasmparser::Validator::new_with_features(features).validate_all(wasm).unwrap();
            }
            assert_eq!((0..400).find_map(|seed| module(theme, seed)).as_ref(), modules.first());
        }
    }
}
