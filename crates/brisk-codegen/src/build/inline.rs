//! Called functions in place of calls.
//!
//! A function is inlined while its caller is built: its body is walked in a frame of its own on the same stacks, where
//! the label of its outermost frame is where it returns to. Its locals are new locals, which hold the arguments and
//! zeros. It charges its own fuel, and its instructions keep their positions, from which backtraces are made. What
//! disappears is the look at the stack limit at its entry: the code that is left of a recursion still has one.
//!
//! What is never inlined, all limits:
//!
//! - functions that catch exceptions (their handlers would make the caller save all registers) or tail-call;
//! - functions with loops: there they spend their time, and do so as well alone, with more registers. Functions that
//!   call themselves may have loops, though: the calls are what costs there;
//! - bodies and frames larger than [`MAX_BODY`], for such functions [`MAX_RECURSIVE_BODY`], and [`MAX_LOCALS`] say;
//! - more than [`MAX_DEPTH`] functions in each other, and any function more than [`MAX_COPIES`] times in itself;
//! - more than [`budget`] says, all together;
//! - at calls in code that leads to a trap, and in code that is compiled for a loop that the interpreter is in, before
//!   the way into that loop;
//! - in modules of more than 2 GiB, whose offsets have no bit to spare.
//!
//! The interpreter's frames are not taken over at loops of inlined functions.

use super::control::Label;
use super::{Build, MAX_STEPS, STEPS_PER_BYTE};
use crate::ir::{INLINED, Inlined, NONE, Place, Ty};
use brisk_module::module::BodyFacts;
use brisk_module::walk::{self, BlockSig, Control, ControlKind};
use brisk_module::wasmparser::{BinaryReader, FunctionBody, Result};

/// Bytes of the largest body.
const MAX_BODY: usize = 64;

/// The same for a function that is inlined in itself.
const MAX_RECURSIVE_BODY: usize = 128;

/// What no inlined function has.
const REFUSED: BodyFacts = BodyFacts::TRY_TABLE.with(BodyFacts::TAIL_CALL);

/// Slots of parameters and locals.
const MAX_LOCALS: u32 = 32;

/// Functions inlined in each other.
const MAX_DEPTH: u32 = 6;

/// How often a function may stand in itself, one copy in the other: levels of recursion.
const MAX_COPIES: u32 = 2;

/// Bytes of bodies that may be inlined in a body of so many.
pub(super) fn budget(body_len: usize) -> u32 {
    256 + body_len as u32 / 2
}

impl<'a> Build<'a> {
    /// Says which instruction comes next.
    pub fn at(&mut self, offset: u32) {
        self.position = offset;
        if self.inlined != NONE {
            self.position = INLINED | self.f.places.len() as u32;
            self.f.places.push(Place { offset, inlined: self.inlined });
        }
    }

    /// Builds a function in place of a call of it, if that seems worth it.
    pub fn inline(&mut self, func: u32) -> bool {
        let module = self.module;
        let body = &module.bodies[(func - module.imported_funcs) as usize];
        let len = body.range.len();
        if !self.settings.inlining
            || len > MAX_RECURSIVE_BODY
            || len as u32 > self.inline_budget
            || self.inline_depth == MAX_DEPTH
            || body.facts.has_any(REFUSED)
        {
            return false;
        }
        let copies = self.copies(func);
        if copies > MAX_COPIES
            || copies == 0 && (len > MAX_BODY || body.facts.has_any(BodyFacts::LOOP))
            || self.cx.blocks[self.block as usize].cold
            || self.is_before_entry()
            || module.bytes().len() >= INLINED as usize
        {
            return false;
        }
        let bytes = &module.bytes()[body.range.clone()];
        let body = FunctionBody::new(BinaryReader::new(bytes, body.range.start as u64));
        let locals = self.count_locals(func, &body).expect("a validated body decodes");
        if locals > MAX_LOCALS {
            return false;
        }
        self.inline_budget -= len as u32;
        self.max_steps = MAX_STEPS.min(self.max_steps + STEPS_PER_BYTE * len as u64);
        self.inlined_body(func, body).expect("a validated body decodes");
        true
    }

    /// How many of the functions around the call are this one.
    fn copies(&self, func: u32) -> u32 {
        let mut copies = u32::from(func == self.func);
        let mut at = self.inlined;
        while at != NONE {
            let Inlined { func: around, call } = self.f.inlined[at as usize];
            copies += u32::from(func == around);
            at = if call & INLINED == 0 { NONE } else { self.f.places[(call & !INLINED) as usize].inlined };
        }
        copies
    }

    /// Slots of all parameters and locals.
    fn count_locals(&self, func: u32, body: &FunctionBody<'_>) -> Result<u32> {
        let mut slots = self.module.func_type(func).params.iter().map(|ty| ty.slots()).sum::<u32>();
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            slots = slots.saturating_add(count.saturating_mul(walk::val_type(ty).slots()));
        }
        Ok(slots)
    }

    fn inlined_body(&mut self, func: u32, body: FunctionBody<'a>) -> Result<()> {
        let module = self.module;
        let params = &module.func_type(func).params;
        let outer = (self.inlined, self.first_local, self.function_frame, self.position);
        let written = self.cx.written.len();
        self.inlined = self.f.inlined.len() as u32;
        self.f.inlined.push(Inlined { func, call: self.position });
        self.inline_depth += 1;

        // Arguments become the parameters.
        let first = self.cx.local_types.len() as u32;
        for ty in params {
            self.new_locals(1, Ty::from_wasm(*ty));
        }
        let below = self.walker.operands.len() - params.len();
        for at in 0..params.len() {
            self.set_local(first + at as u32, self.walker.operands[below + at]);
        }
        self.walker.operands.truncate(below);
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            let ty = Ty::from_wasm(walk::val_type(ty));
            let start = self.new_locals(count, ty);
            // Not that of the function's own entry, which is nowhere in code entered at a loop.
            let zero = match ty {
                Ty::V128 => self.vector_constant(0),
                ty => self.constant(ty, 0),
            };
            for local in start..start + count {
                self.set_local(local, zero);
            }
        }
        self.first_local = first;
        let end = self.cx.local_types.len() as u32;

        self.keep_operands(below);
        self.function_frame = self.walker.control.len();
        let sig = BlockSig::Func(module.funcs[func as usize]);
        // Its parameters are no operands.
        let (kind, height) = (ControlKind::Function, below);
        let frame = Control { kind, sig, height, unreachable: false, live: true, label: Label::default() };
        self.walker.control.push(frame);
        let ops = body.get_operators_reader()?;
        self.at(ops.original_position() as u32);
        self.open_segment(true);
        self.operators(ops)?;

        (self.inlined, self.first_local, self.function_frame, self.position) = outer;
        self.inline_depth -= 1;
        // Nobody asks for its locals any more.
        let (start, mut kept) = (written.min(self.cx.written.len()), 0);
        for at in start..self.cx.written.len() {
            let local = self.cx.written[at];
            if !(first..end).contains(&local) {
                self.cx.written[start + kept] = local;
                kept += 1;
            }
        }
        self.cx.written.truncate(start + kept);
        Ok(())
    }
}
