//! Validation of function bodies, and what is learnt on the way: proposals in use, what this
//! release refuses, the size of each frame.
//!
//! Bodies are independent of each other, so large modules validate them on several threads. What
//! is reported does not depend on the number of threads: the first error by offset.

use crate::convert::Notes;
use crate::error::{DecodeError, FuncRef};
use crate::features::{Feature, FeatureSet};
use crate::limits;
use crate::module::{BodyFacts, FuncBody};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use wasmparser::{
    BinaryReader, CompositeInnerType, FuncToValidate, FuncValidator, FuncValidatorAllocations, FunctionBody,
    Operator, ValidatorResources, WasmFeatures, WasmModuleResources,
};

/// What is needed to validate the bodies of a module.
pub(crate) struct Bodies<'a> {
    /// The module's bytes.
    pub bytes: &'a [u8],
    /// The module as its validator knows it.
    pub resources: &'a ValidatorResources,
    pub features: WasmFeatures,
    pub bodies: &'a [FuncBody],
    /// Where the facts of each body go.
    pub facts: &'a [AtomicU8],
    /// Index of the first body's function.
    pub imported_funcs: u32,
}

/// Functions that a thread takes at a time.
const CHUNK: usize = 16;

/// Stack of a validation thread; validation does not recurse.
const STACK_SIZE: usize = 512 * 1024;

/// What one thread found.
#[derive(Default)]
struct Findings {
    notes: Notes,
    /// The first invalid body, by its number, and what is wrong with it.
    error: Option<(usize, DecodeError)>,
}

impl Findings {
    fn merge(&mut self, other: Findings) {
        self.notes.used.add(other.notes.used);
        if let Some(error) = other.notes.deferred {
            self.notes.defer(error);
        }
        if let Some((body, error)) = other.error
            && self.error.as_ref().is_none_or(|(first, _)| body < *first)
        {
            self.error = Some((body, error));
        }
    }
}

/// Where the threads are: the next body to take, and the first body known to be invalid.
struct Progress {
    next: AtomicUsize,
    stop: AtomicUsize,
}

impl Bodies<'_> {
    /// Validates all bodies, on `threads` threads including the calling one.
    pub(crate) fn validate(&self, threads: usize, notes: &mut Notes) -> Result<(), DecodeError> {
        let progress = Progress { next: AtomicUsize::new(0), stop: AtomicUsize::new(usize::MAX) };
        let threads = threads.min(self.bodies.len().div_ceil(CHUNK));
        let findings = if threads <= 1 {
            self.work(&progress)
        } else {
            std::thread::scope(|scope| {
                // A thread that cannot be had is done without: the calling thread takes what is left.
                let spawned: Vec<_> = (1..threads)
                    .map_while(|_| {
                        std::thread::Builder::new()
                            .name("brisk-validate".into())
                            .stack_size(STACK_SIZE)
                            .spawn_scoped(scope, || self.work(&progress))
                            .ok()
                    })
                    .collect();
                let mut findings = self.work(&progress);
                for thread in spawned {
                    match thread.join() {
                        Ok(other) => findings.merge(other),
                        Err(panic) => std::panic::resume_unwind(panic),
                    }
                }
                findings
            })
        };
        notes.used.add(findings.notes.used);
        if let Some(error) = findings.notes.deferred {
            notes.defer(error);
        }
        match findings.error {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }

    /// Takes chunks of bodies, in order, until none are left or an earlier one is invalid.
    ///
    /// All bodies before an invalid one are in chunks already taken, by threads that go on until
    /// they reach a body behind it; so the first invalid body is found by any number of threads.
    fn work(&self, progress: &Progress) -> Findings {
        let mut findings = Findings::default();
        let mut allocations = FuncValidatorAllocations::default();
        loop {
            let start = progress.next.fetch_add(CHUNK, Ordering::Relaxed);
            for body in start..(start + CHUNK).min(self.bodies.len()) {
                if body > progress.stop.load(Ordering::Relaxed) {
                    return findings;
                }
                match self.validate_body(body, allocations, &mut findings.notes) {
                    Ok(recycled) => allocations = recycled,
                    Err(error) => {
                        progress.stop.fetch_min(body, Ordering::Relaxed);
                        findings.error = Some((body, error.in_func(self.imported_funcs + body as u32)));
                        return findings;
                    }
                }
            }
            if start + CHUNK >= self.bodies.len() {
                return findings;
            }
        }
    }

    fn validator(
        &self,
        body: usize,
        allocations: FuncValidatorAllocations,
    ) -> Result<FuncValidator<&ValidatorResources>, DecodeError> {
        let index = self.imported_funcs + body as u32;
        let ty = self.resources.type_index_of_function(index).ok_or_else(|| DecodeError::Invalid {
            message: "function body without a function".into(),
            func: None,
            offset: self.bodies[body].range.start,
        })?;
        let func = FuncToValidate { resources: self.resources, index, ty, features: self.features };
        Ok(func.into_validator(allocations))
    }

    fn reader(&self, body: usize) -> BinaryReader<'_> {
        let range = self.bodies[body].range.clone();
        let reader =
            BinaryReader::new_features(&self.bytes[range.clone()], range.start as u64, self.features);
        FunctionBody::new(reader).get_binary_reader()
    }

    fn validate_body(
        &self,
        body: usize,
        allocations: FuncValidatorAllocations,
        notes: &mut Notes,
    ) -> Result<FuncValidatorAllocations, DecodeError> {
        let mut validator = self.validator(body, allocations)?;
        let mut reader = self.reader(body);
        let func = self.imported_funcs + body as u32;

        let mut local_slots = self.param_slots(func);
        for _ in 0..reader.read_var_u32()? {
            let offset = reader.original_position();
            let count: u32 = reader.read()?;
            let ty: wasmparser::ValType = reader.read()?;
            notes.val_type(ty);
            validator.define_locals(offset, count, ty)?;
            local_slots += u64::from(count) * slots(ty);
        }

        // Both stay in registers: this loop is most of the time that decoding takes.
        let mut height = 0;
        let mut used = FeatureSet::EMPTY;
        let mut seen = BodyFacts::default();
        while !reader.eof() {
            let position = reader.original_position();
            let facts = OPCODES[self.bytes[position as usize] as usize];
            used.add(facts.uses);
            seen = seen.with(facts.is);
            if facts.look_closer {
                self.look_closer(position as usize, func, notes);
            }
            reader.visit_operator(&mut validator.visitor(position))??;
            height = height.max(validator.operand_stack_height());
        }
        reader.finish_expression(&validator.visitor(reader.original_position()))?;
        notes.used.add(used);
        self.facts[body].store(seen.0, Ordering::Relaxed);
        let allocations = validator.into_allocations();

        // Nearly every function passes with every operand and every call taken to be as wide as can
        // be; only for the others are the widths looked at.
        let widest = 2 * limits::MAX_PARAMS.max(limits::MAX_RESULTS) as u64;
        let bound = limits::frame_slots(local_slots, 2 * u64::from(height), widest);
        if bound <= limits::MAX_FRAME_SLOTS {
            return Ok(allocations);
        }
        self.check_frame(body, local_slots, allocations, notes)
    }

    /// Works out the frame of a valid function instruction by instruction, with the width of each
    /// operand.
    #[cold]
    #[inline(never)]
    fn check_frame(
        &self,
        body: usize,
        local_slots: u64,
        allocations: FuncValidatorAllocations,
        notes: &mut Notes,
    ) -> Result<FuncValidatorAllocations, DecodeError> {
        let mut validator = self.validator(body, allocations)?;
        let mut reader = self.reader(body);
        let func = self.imported_funcs + body as u32;
        validator.read_locals(&mut reader)?;

        // The number of slots below each operand, and below the next.
        let mut below = vec![0u64];
        let mut operands = 0;
        let mut call = self.signature_slots(self.resources.type_index_of_function(func)).1;
        while !reader.eof() {
            let position = reader.original_position();
            let op = reader.peek_operator(&validator.visitor(position))?;
            let pushed = op.operator_arity(&validator).map_or(usize::MAX, |(_, results)| results as usize);
            reader.visit_operator(&mut validator.visitor(position))??;
            let height = validator.operand_stack_height() as usize;
            // Operands below those that the instruction pushed are as they were.
            below.truncate(height.saturating_sub(pushed) + 1);
            while below.len() <= height {
                let depth = height - below.len();
                let ty = validator.get_operand_type(depth).flatten();
                below.push(below[below.len() - 1] + ty.map_or(1, slots));
            }
            operands = operands.max(below[height]);
            if let Some((params, results)) = self.callee_slots(&op) {
                call = call.max(params).max(results);
            }
        }
        let total = limits::frame_slots(local_slots, operands, call);
        if total > limits::MAX_FRAME_SLOTS {
            let message = format!(
                "the frame takes {total} slots of 64 bits, more than {} (locals {local_slots}, operands {operands})",
                limits::MAX_FRAME_SLOTS
            );
            notes.defer(DecodeError::limit(message, self.bodies[body].range.start).in_func(func));
        }
        Ok(validator.into_allocations())
    }

    fn param_slots(&self, func: u32) -> u64 {
        self.signature_slots(self.resources.type_index_of_function(func)).0
    }

    /// Slots of the parameters and of the results of a function type.
    fn signature_slots(&self, ty: Option<u32>) -> (u64, u64) {
        let Some(ty) = ty.and_then(|ty| self.resources.sub_type_at(ty)) else { return (0, 0) };
        let CompositeInnerType::Func(func) = &ty.composite_type.inner else { return (0, 0) };
        let sum = |types: &[wasmparser::ValType]| types.iter().map(|&ty| slots(ty)).sum();
        (sum(func.params()), sum(func.results()))
    }

    fn callee_slots(&self, op: &Operator<'_>) -> Option<(u64, u64)> {
        let ty = match *op {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                self.resources.type_index_of_function(function_index)
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => Some(type_index),
            _ => return None,
        };
        Some(self.signature_slots(ty))
    }

    /// What an instruction uses whose first byte does not say it all.
    fn look_closer(&self, at: usize, func: u32, notes: &mut Notes) {
        let op = &self.bytes[at..];
        match op[0] {
            BLOCK | LOOP | IF | TRY_TABLE => {
                if let Some(&ty) = op.get(1) {
                    notes.used.add(BLOCK_TYPES[ty as usize]);
                }
            }
            MISC_PREFIX => match sub_opcode(op) {
                0..=7 => notes.used.insert(Feature::SaturatingFloatToInt),
                8..=14 => notes.used.insert(Feature::BulkMemory),
                15..=17 => notes.used.insert(Feature::ReferenceTypes),
                19..=22 => notes.used.insert(Feature::WideArithmetic),
                _ => {}
            },
            SIMD_PREFIX => {
                if (0x100..=0x12f).contains(&sub_opcode(op)) {
                    notes.used.insert(Feature::RelaxedSimd);
                }
            }
            // `wasmparser` has this one with the typed function references alone.
            RETURN_CALL_REF if self.features.tail_call() => {}
            RETURN_CALL_REF => notes.defer(DecodeError::Invalid {
                message: "tail calls support is not enabled".into(),
                func: Some(FuncRef { index: func, name: None }),
                offset: at,
            }),
            _ => self.refuse(at, func, notes),
        }
    }

    #[cold]
    #[inline(never)]
    fn refuse(&self, at: usize, func: u32, notes: &mut Notes) {
        let op = &self.bytes[at..];
        let (feature, what) = match op[0] {
            REF_EQ => (Feature::Gc, "instruction `ref.eq`".to_string()),
            GC_PREFIX => (
                Feature::Gc,
                match GC_OPCODES.get(sub_opcode(op) as usize) {
                    Some(name) => format!("instruction `{name}`"),
                    None => "instruction".to_string(),
                },
            ),
            _ => (Feature::Threads, format!("atomic instruction 0xfe {:#04x}", sub_opcode(op))),
        };
        notes.used.insert(feature);
        notes.defer(DecodeError::unsupported(feature.name(), what, at).in_func(func));
    }
}

fn slots(ty: wasmparser::ValType) -> u64 {
    if ty == wasmparser::ValType::V128 { 2 } else { 1 }
}

/// The second part of a prefixed opcode; what is malformed, the validator reports.
fn sub_opcode(op: &[u8]) -> u32 {
    let mut value = 0;
    for (i, &byte) in op[1..].iter().take(5).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            break;
        }
    }
    value
}

const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const IF: u8 = 0x04;
const RETURN_CALL_REF: u8 = 0x15;
const TRY_TABLE: u8 = 0x1f;
const REF_EQ: u8 = 0xd3;
const GC_PREFIX: u8 = 0xfb;
const MISC_PREFIX: u8 = 0xfc;
const SIMD_PREFIX: u8 = 0xfd;
const ATOMIC_PREFIX: u8 = 0xfe;

/// Instructions behind the prefix 0xFB, by number.
const GC_OPCODES: [&str; 31] = [
    "struct.new",
    "struct.new_default",
    "struct.get",
    "struct.get_s",
    "struct.get_u",
    "struct.set",
    "array.new",
    "array.new_default",
    "array.new_fixed",
    "array.new_data",
    "array.new_elem",
    "array.get",
    "array.get_s",
    "array.get_u",
    "array.set",
    "array.len",
    "array.fill",
    "array.copy",
    "array.init_data",
    "array.init_elem",
    "ref.test",
    "ref.test",
    "ref.cast",
    "ref.cast",
    "br_on_cast",
    "br_on_cast_fail",
    "any.convert_extern",
    "extern.convert_any",
    "ref.i31",
    "i31.get_s",
    "i31.get_u",
];

/// What the first byte of an instruction says.
#[derive(Clone, Copy)]
struct Opcode {
    uses: FeatureSet,
    /// What it is.
    is: BodyFacts,
    /// Whether the bytes after it say more.
    look_closer: bool,
}

static OPCODES: [Opcode; 256] = {
    let mut table = [Opcode { uses: FeatureSet::EMPTY, is: BodyFacts(0), look_closer: false }; 256];
    let mut byte = 0;
    while byte < 256 {
        let uses = FeatureSet::EMPTY;
        table[byte] = Opcode {
            uses: match byte as u8 {
                // throw, throw_ref, try_table
                0x08 | 0x0a | TRY_TABLE => uses.with(Feature::Exceptions),
                // return_call, return_call_indirect
                0x12 | 0x13 => uses.with(Feature::TailCall),
                // call_ref
                0x14 => uses.with(Feature::FunctionReferences),
                RETURN_CALL_REF => uses.with(Feature::FunctionReferences).with(Feature::TailCall),
                // select with a type, table.get, table.set, ref.null, ref.is_null, ref.func
                0x1c | 0x25 | 0x26 | 0xd0..=0xd2 => uses.with(Feature::ReferenceTypes),
                0xc0..=0xc4 => uses.with(Feature::SignExtension),
                // ref.as_non_null, br_on_null, br_on_non_null
                0xd4..=0xd6 => uses.with(Feature::FunctionReferences),
                SIMD_PREFIX => uses.with(Feature::Simd),
                _ => uses,
            },
            is: match byte as u8 {
                LOOP => BodyFacts::LOOP,
                // call, call_indirect, call_ref
                0x10 | 0x11 | 0x14 => BodyFacts::CALL,
                // return_call, return_call_indirect
                0x12 | 0x13 | RETURN_CALL_REF => BodyFacts::TAIL_CALL,
                TRY_TABLE => BodyFacts::TRY_TABLE,
                _ => BodyFacts(0),
            },
            look_closer: matches!(
                byte as u8,
                BLOCK
                    | LOOP
                    | IF
                    | RETURN_CALL_REF
                    | TRY_TABLE
                    | REF_EQ
                    | GC_PREFIX
                    | MISC_PREFIX
                    | SIMD_PREFIX
                    | ATOMIC_PREFIX
            ),
        };
        byte += 1;
    }
    table
};

/// What the first byte of a block type says: a type index is a non-negative number, all else a
/// negative one of one byte.
static BLOCK_TYPES: [FeatureSet; 256] = {
    let mut table = [FeatureSet::EMPTY; 256];
    let mut byte = 0;
    while byte < 256 {
        let uses = FeatureSet::EMPTY;
        table[byte] = match byte as u8 {
            b if b & 0xc0 != 0x40 => uses.with(Feature::MultiValue),
            0x7b => uses.with(Feature::Simd),
            // funcref, externref
            0x70 | 0x6f => uses.with(Feature::ReferenceTypes),
            // (ref ht), (ref null ht)
            0x63 | 0x64 => uses.with(Feature::ReferenceTypes).with(Feature::FunctionReferences),
            // exnref, nullexnref
            0x69 | 0x74 => uses.with(Feature::ReferenceTypes).with(Feature::Exceptions),
            0x65..=0x73 => uses.with(Feature::ReferenceTypes).with(Feature::Gc),
            _ => uses,
        };
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::OperatorsReader;

    /// `wasmparser`'s name for the instruction at the start of some bytes.
    fn name_of(op: &[u8]) -> Option<String> {
        let op = OperatorsReader::new(BinaryReader::new(op, 0)).read().ok()?;
        let variant = format!("{op:?}");
        Some(variant.split([' ', '{']).next().unwrap().to_lowercase())
    }

    #[test]
    fn names_of_gc_instructions() {
        for (code, name) in GC_OPCODES.iter().enumerate() {
            let found = name_of(&[GC_PREFIX, code as u8, 0, 0, 0, 0]).unwrap();
            let expected = name.replace(['.', '_'], "");
            // Tests and casts to a type with and without null are one instruction in the text format.
            let found = found.trim_end_matches("nonnull").trim_end_matches("nullable");
            assert_eq!(found, expected, "{code}");
        }
    }

    #[test]
    fn sub_opcodes() {
        assert_eq!(sub_opcode(&[MISC_PREFIX, 0x08]), 8);
        assert_eq!(sub_opcode(&[SIMD_PREFIX, 0x80, 0x02, 0xff]), 0x100);
        assert_eq!(sub_opcode(&[MISC_PREFIX, 0x88, 0x80, 0x80, 0x80, 0x00]), 8);
        assert_eq!(sub_opcode(&[MISC_PREFIX]), 0);
    }
}
