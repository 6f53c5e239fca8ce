//! The trampolines of an engine: made when first needed, shared by all functions of a shape.

use super::boundary::entry;
use super::{layout, libcalls};
use crate::vm::code_memory::{CodeMemory, CodeRefused};
use brisk_codegen::boundary::{Runtime, Shape, Stubs};
use brisk_codegen::isa::Processor;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Most bytes of code for trampolines.
const RESERVED: usize = 16 << 20;

/// The trampolines of an engine, if it has any.
pub(crate) struct Trampolines {
    fuel: bool,
    processor: Processor,
    made: OnceLock<Result<Made, CodeRefused>>,
}

/// Trampolines that have been made.
pub(crate) struct Made {
    memory: CodeMemory<()>,
    /// What they are made for.
    pub processor: Processor,
    pub runtime: Runtime,
    /// Addresses of the stubs that trampolines use.
    raise: usize,
    refused: usize,
    osr_tail: usize,
    shapes: Mutex<HashMap<Shape, ShapeAddresses>>,
}

/// Addresses of a shape's trampolines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShapeAddresses {
    pub enter: usize,
    pub cold: usize,
    pub tail: usize,
    pub host: usize,
    pub enter_osr: usize,
}

impl Trampolines {
    /// Those of an engine whose code charges fuel, or does not, and is for a processor.
    pub fn new(fuel: bool, cpu: Processor) -> Trampolines {
        Trampolines { fuel, processor: cpu.boundary(), made: OnceLock::new() }
    }

    /// The trampolines; an error where memory may not be executable.
    pub fn get(&self) -> Result<&Made, CodeRefused> {
        self.made.get_or_init(|| Made::new(self.fuel, self.processor)).as_ref().map_err(|refused| *refused)
    }
}

/// Assembles stubs.
pub(super) fn assemble_stubs(processor: Processor, runtime: &Runtime) -> (Stubs, Vec<u8>) {
    processor.backend().stubs(&layout::vm_layout(), runtime)
}

impl Made {
    fn new(fuel: bool, processor: Processor) -> Result<Made, CodeRefused> {
        let runtime = Runtime {
            interpret: entry::interpret as *const () as u64,
            call_host: entry::call_host as *const () as u64,
            unwind: entry::unwind as *const () as u64,
            trap: entry::trap as *const () as u64,
            refused: entry::refused as *const () as u64,
            libcalls: libcalls::addresses(),
            fuel,
        };
        let memory = CodeMemory::new(0, RESERVED)?.marked(processor.marks_branch_targets());
        let (stubs, code) = assemble_stubs(processor, &runtime);
        let start = memory.reserve_batch(code.len())?.commit(&code, ())?.as_ptr() as usize;
        let at = |offset: u32| start + offset as usize;
        let (raise, refused, osr_tail) = (at(stubs.raise), at(stubs.refused), at(stubs.osr_tail));
        Ok(Made { memory, processor, runtime, raise, refused, osr_tail, shapes: Mutex::default() })
    }

    /// What stands for the code of a function that there can be no trampoline for.
    pub fn refused(&self) -> usize {
        self.refused
    }

    /// The code that goes on with one that takes over a frame of the interpreter.
    pub fn osr_tail(&self) -> usize {
        self.osr_tail
    }

    /// The trampolines of a shape.
    pub fn shape(&self, shape: &Shape) -> Result<ShapeAddresses, CodeRefused> {
        self.prepare(std::iter::once(shape.clone()))?;
        let shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.get(shape).copied().ok_or(CodeRefused::Full(0))
    }

    /// Makes the trampolines of many shapes together, which takes less memory than one by one.
    pub fn prepare(&self, shapes: impl Iterator<Item = Shape>) -> Result<(), CodeRefused> {
        let mut known = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = HashSet::new();
        let missing = |shape: &Shape| !known.contains_key(shape) && seen.insert(shape.clone());
        let wanted: Vec<Shape> = shapes.filter(missing).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let raise = self.raise as u64;
        let (made, code) =
            self.processor.backend().trampolines(&layout::vm_layout(), &self.runtime, &wanted, raise);
        let start = self.memory.reserve_batch(code.len())?.commit(&code, ())?.as_ptr() as usize;
        let at = |offset: u32| start + offset as usize;
        known.extend(wanted.into_iter().zip(made).map(|(shape, code)| {
            let addresses = ShapeAddresses {
                enter: at(code.enter),
                cold: at(code.cold),
                tail: at(code.tail),
                host: at(code.host),
                enter_osr: at(code.enter_osr),
            };
            (shape, addresses)
        }));
        Ok(())
    }
}
