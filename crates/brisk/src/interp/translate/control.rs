//! Blocks, branches, calls and exceptions.
//!
//! At a label every operand is in its own slot, and a branch moves what it passes to the label's
//! slots. These lie at or below the slots the operands come from, so moving them in order from the
//! first never overwrites one that is still to be moved.

use super::Translator;
use super::stack::{Class, Kind, Loc, Operand};
use crate::interp::code::LoopState;
use crate::interp::handlers::{Handler, TryRange};
use crate::interp::ops::{self, Form, misc};
use crate::interp::rows::CompareRow;
use brisk_module::types::{FuncType, ValType};
use brisk_module::walk::{BlockSig, ControlKind};
use brisk_module::wasmparser::{BlockType, BrTable, Catch, TryTable};
use std::sync::atomic::{AtomicPtr, AtomicU8};

/// What a control frame's label is to the translator.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// First slot of what a branch passes.
    base: u16,
    /// Where a loop begins.
    start: Option<u32>,
    /// Branches that wait for the label, as a list through [`Fixup::next`].
    fixups: Option<usize>,
    /// The branch of an `if` to its `else`.
    to_else: Option<Fixup>,
    /// Clauses and start of a `try_table`.
    catches: Option<(Box<[Catch]>, u32)>,
}

impl Label {
    /// The label of a function body.
    pub fn function() -> Label {
        Label { base: 0, start: None, fixups: None, to_else: None, catches: None }
    }
}

/// Something that waits for a label's offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fixup {
    waiting: Waiting,
    next: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Waiting {
    /// A branch offset at `field`, relative to the instruction at `start`.
    Branch { start: u32, field: u32 },
    /// The target of a handler.
    Clause(usize),
}

/// A condition ready to become a branch: a comparison taken back from the code, or a value.
struct Condition {
    /// The comparison or `and`, as an operation with a destination.
    op: u16,
    words: [u16; 10],
    count: usize,
    /// The opposite is meant.
    negated: bool,
}

impl Condition {
    /// The comparison of a slot or the accumulator with a 32-bit 0.
    fn with_zero(op: u16, slot: Option<u16>) -> Condition {
        let mut words = [0; 10];
        words[0] = slot.unwrap_or(0);
        Condition { op, words, count: if slot.is_some() { 3 } else { 2 }, negated: false }
    }
}

impl Translator<'_> {
    /// Types as kinds, with the slots they take in sum.
    fn slots_of(types: &[ValType]) -> u32 {
        types.iter().map(|ty| ty.slots()).sum()
    }

    /// A label point: whatever was known of the last instruction and the accumulators is forgotten.
    fn forget(&mut self) {
        self.fence();
        self.held.clear();
    }

    pub fn block(&mut self, kind: ControlKind, ty: BlockType) {
        let sig = BlockSig::new(ty);
        self.flush();
        let params = sig.params(self.module).len();
        let first = self.walker.operands.len() - params;
        let base = self.walker.operands.get(first).map_or(self.top as u16, |operand| operand.slot);
        let mut label = Label { base, ..Label::function() };
        if kind == ControlKind::Loop {
            self.forget();
            label.start = Some(self.code.len() as u32);
        }
        self.walker.open(kind, sig, label);
        if kind == ControlKind::Loop {
            self.open_segment(true);
            self.count_iterations();
        }
    }

    /// Counts the iterations of the loop that begins here; where machine code may take the frame over.
    fn count_iterations(&mut self) {
        if !self.settings.heat || self.loops.len() > usize::from(u16::MAX) {
            return;
        }
        self.position();
        self.emit(misc::HOT_LOOP, &[self.loops.len() as u16]);
        self.push_u32(self.func - self.module.imported_funcs);
        self.loops.push(LoopState {
            offset: self.offset,
            compilation: AtomicU8::new(0),
            bridge: AtomicPtr::default(),
        });
        self.last = None;
    }

    pub fn if_(&mut self, ty: BlockType) {
        let condition = self.pop_condition();
        self.flush();
        let fixup = self.emit_condition(&condition, false);
        self.block(ControlKind::If, ty);
        self.walker.innermost().label.to_else = Some(fixup);
    }

    pub fn try_table(&mut self, table: &TryTable) {
        self.block(ControlKind::TryTable, table.ty);
        self.fence();
        let start = self.code.len() as u32;
        self.walker.innermost().label.catches = Some((table.catches.clone().into_boxed_slice(), start));
    }

    pub fn else_(&mut self) {
        let live = !self.walker.innermost().unreachable;
        if live {
            // What the first arm leaves is where the label wants it.
            self.flush();
            let at = self.walker.control.len() - 1;
            self.branch_to(at);
        }
        let to_else = self.walker.innermost().label.to_else.take();
        if let Some(fixup) = to_else {
            self.bind(fixup);
        }
        self.forget();
        self.reset_operands(false);
        let frame = self.walker.innermost();
        frame.kind = ControlKind::Else;
        frame.unreachable = false;
    }

    /// Drops the operands of the innermost frame and pushes its results, or its parameters, in slots.
    fn reset_operands(&mut self, results: bool) {
        let module = self.module;
        let frame = self.walker.innermost();
        let (sig, height) = (frame.sig, frame.height);
        self.truncate_operands(height);
        self.flushed = height;
        let types = if results { sig.results(module) } else { sig.params(module) };
        for &ty in types {
            self.push_slot(Kind::new(ty));
        }
    }

    pub fn end(&mut self) {
        let reachable = !self.walker.innermost().unreachable;
        let depth = self.walker.control.len() - 1;
        if depth == 0 {
            return self.end_function(reachable);
        }
        if reachable {
            self.flush();
        }
        let catches = self.walker.innermost().label.catches.take();
        if let Some((catches, start)) = catches {
            self.end_try(&catches, start);
        }
        let to_else = self.walker.innermost().label.to_else.take();
        let without_else = to_else.is_some();
        if let Some(fixup) = to_else {
            // An `if` without `else`: its results are its parameters, which are in place.
            self.bind(fixup);
        }
        let fixups = self.walker.innermost().label.fixups;
        if without_else || fixups.is_some() || !reachable {
            self.forget();
        }
        self.bind_list(fixups);
        self.reset_operands(true);
        self.walker.control.pop();
        if !reachable && !without_else && fixups.is_none() {
            // Nothing leads here.
            let height = self.walker.innermost().height;
            let _ = height;
            self.walker.set_unreachable();
        }
    }

    /// Registers the clauses of a `try_table` whose body lies between `start` and here.
    fn end_try(&mut self, catches: &[Catch], start: u32) {
        self.fence();
        let first = self.clauses.len() as u32;
        for catch in catches {
            let (tag, with_ref, depth) = match *catch {
                Catch::One { tag, label } => (Some(tag), false, label),
                Catch::OneRef { tag, label } => (Some(tag), true, label),
                Catch::All { label } => (None, false, label),
                Catch::AllRef { label } => (None, true, label),
            };
            // Clauses count depths from outside the `try_table`.
            let at = self.walker.control.len() - 2 - depth as usize;
            let label = &self.walker.control[at].label;
            let (slot, target) = (u32::from(label.base), label.start);
            let slot = if at == 0 { self.link + super::LINK_SLOTS } else { slot };
            if at == 0 {
                let results = Self::slots_of(&self.module.func_type(self.func).results);
                self.max = self.max.max(slot + results);
            }
            self.clauses.push(Handler { tag, with_ref, target: target.unwrap_or(0), slot });
            if target.is_none() {
                self.wait(at, Waiting::Clause(self.clauses.len() - 1));
            }
        }
        let (covers, clauses) = (start..self.code.len() as u32, first..self.clauses.len() as u32);
        self.try_tables.push(TryRange { covers, clauses });
    }

    fn end_function(&mut self, reachable: bool) {
        if reachable {
            self.return_();
        }
        let fixups = self.walker.control[0].label.fixups;
        if fixups.is_some() {
            // Exceptions caught by the function's own label: their payload is the result.
            self.bind_list(fixups);
            self.forget();
            self.truncate_operands(0);
            self.flushed = 0;
            let module = self.module;
            for &ty in &module.func_type(self.func).results {
                self.push_slot(Kind::new(ty));
            }
            self.return_();
        }
        self.walker.control.clear();
    }

    /// Makes something wait for the label of the frame at `at`.
    fn wait(&mut self, at: usize, waiting: Waiting) {
        let next = self.walker.control[at].label.fixups.replace(self.fixups.len());
        self.fixups.push(Fixup { waiting, next });
    }

    fn bind_list(&mut self, mut list: Option<usize>) {
        while let Some(at) = list {
            let fixup = self.fixups[at];
            self.bind(fixup);
            list = fixup.next;
        }
    }

    /// Resolves a fixup to the current offset.
    fn bind(&mut self, fixup: Fixup) {
        self.fence();
        let here = self.code.len() as u32;
        match fixup.waiting {
            Waiting::Branch { start, field } => self.patch_u32(field as usize, here.wrapping_sub(start)),
            Waiting::Clause(at) => self.clauses[at].target = here,
        }
    }

    /// Appends the offset to the label of the frame at `at` to the instruction at `start`.
    fn push_offset(&mut self, start: u32, at: usize) {
        match self.walker.control[at].label.start {
            Some(target) => self.push_u32(target.wrapping_sub(start)),
            None => {
                let field = self.code.len() as u32;
                self.wait(at, Waiting::Branch { start, field });
                self.push_u32(0);
            }
        }
    }

    /// Emits an unconditional branch to the frame at `at`; what it passes is in place.
    fn branch_to(&mut self, at: usize) {
        self.position();
        let start = self.code.len() as u32;
        self.emit(misc::BR, &[]);
        self.push_offset(start, at);
    }

    /// Pops a condition, taking back the comparison that computed it where there is one.
    fn pop_condition(&mut self) -> Condition {
        let operand = self.pop();
        if let Some(last) = self.take_back(&operand) {
            let op = self.code[last.start];
            if ops::compare_to_branch(op, true).or(ops::and_to_branch(op, true)).is_some() {
                let (words, count) = self.take_operands(last.start);
                self.held = last.held;
                return self.without_eqz(Condition { op, words, count, negated: false });
            }
            self.last = Some(last);
        }
        let source = self.source_in_slot(&operand);
        self.consume(&operand, source);
        let op = ops::compare(CompareRow::I32Ne, source.form, Form::I);
        match source.form {
            Form::A => Condition::with_zero(op, None),
            _ => Condition::with_zero(op, Some(source.bits as u16)),
        }
    }

    /// Takes a comparison of floats back from under the `eqz` that turns it around (integer ones are
    /// turned around in place).
    fn without_eqz(&mut self, condition: Condition) -> Condition {
        let eqz = ops::compare(CompareRow::I32Eq, Form::A, Form::I);
        let Some(before) = self.before.filter(|before| before.dropped && before.end == self.code.len())
        else {
            return condition;
        };
        // The result was left in the accumulator only: the operation's number is one more.
        let op = self.code[before.start] - 1;
        if condition.op != eqz || condition.words[..2] != [0, 0] || !ops::is_compare(op) {
            return condition;
        }
        let (words, count) = self.take_words(before.start, before.end);
        self.held = before.held;
        self.fence();
        Condition { op, words, count, negated: true }
    }

    /// Emits a branch taken if the condition is `sense`; the offset waits to be bound.
    fn emit_condition(&mut self, condition: &Condition, sense: bool) -> Fixup {
        let start = self.begin_condition(condition, sense);
        let field = self.code.len() as u32;
        self.push_u32(0);
        Fixup { waiting: Waiting::Branch { start, field }, next: None }
    }

    /// Emits all of a conditional branch but its offset.
    fn begin_condition(&mut self, condition: &Condition, sense: bool) -> u32 {
        let sense = sense != condition.negated;
        let op = ops::compare_to_branch(condition.op, sense)
            .or(ops::and_to_branch(condition.op, sense))
            .expect("a condition is a comparison or an and");
        let words = &condition.words[..condition.count];
        if let Some(before) = self.before
            && !before.dropped
            && before.end == self.code.len()
            && let Some(op) = ops::add_to_branch(self.code[before.start], op)
        {
            // The counting end of a loop: the addition's operands, then what its sum is compared with.
            let end = self.code.len();
            let (operands, count) = self.take_words(before.start, end);
            self.position();
            self.emit(op, &operands[..count]);
            self.code.extend_from_slice(words);
            return before.start as u32;
        }
        self.position();
        let start = self.code.len() as u32;
        self.emit(op, words);
        start
    }

    /// Whether the operands a branch to the frame at `at` passes are in the label's slots already.
    fn in_place(&self, at: usize) -> bool {
        let frame = &self.walker.control[at];
        let types = frame.label_types(self.module);
        let first = self.walker.operands.len() - types.len();
        let mut slot = u32::from(frame.label.base);
        self.walker.operands[first..].iter().all(|operand| {
            let there = operand.loc == Loc::Slot && u32::from(operand.slot) == slot;
            slot += operand.kind.slots();
            there
        })
    }

    /// Moves the topmost operands to the slots of the label at `at`. They stay on the stack as they were.
    fn pass_operands(&mut self, at: usize) {
        let frame = &self.walker.control[at];
        let (types, slot) = (frame.label_types(self.module), frame.label.base);
        match *types {
            [] => {}
            [_] => {
                let Some(&operand) = self.walker.operands.last() else { return };
                match (operand.loc, self.value_slot(&operand)) {
                    (Loc::Const(bits), _) => self.emit_const(bits, slot),
                    (_, src) => self.emit_copy(operand.kind, src.unwrap_or(operand.slot), slot),
                }
            }
            _ => {
                // All in their slots, which are consecutive: see `settle`.
                let (src, slots) = (self.results_base(types.len()), Self::slots_of(types));
                if src != slot {
                    self.emit(misc::COPY_SPAN, &[src, slot, slots as u16]);
                    self.held.clear();
                }
            }
        }
    }

    /// Puts what a branch to the frame at `at` passes in its own slots for good, if it is more than one
    /// slot. Doing that anew on the way to each of many branches would multiply the code by the number of
    /// values.
    fn settle(&mut self, at: usize) {
        let types = self.walker.control[at].label_types(self.module);
        let (count, slots) = (types.len(), Self::slots_of(types));
        if slots > 1 || (at == 0 && self.settings.trace_calls) {
            self.flush_top(count);
        }
    }

    /// A branch to the frame at `at`, as the end of straight code.
    fn take_branch(&mut self, at: usize) {
        if at == 0 {
            return self.return_();
        }
        self.pass_operands(at);
        self.branch_to(at);
    }

    fn frame_at(&self, depth: u32) -> usize {
        self.walker.control.len() - 1 - depth as usize
    }

    /// The rest of the block cannot be reached.
    pub fn unreachable_rest(&mut self) {
        let height = self.walker.innermost().height;
        self.truncate_operands(height);
        self.walker.set_unreachable();
        self.forget();
    }

    pub fn br(&mut self, depth: u32) {
        self.settle(self.frame_at(depth));
        self.take_branch(self.frame_at(depth));
        self.unreachable_rest();
    }

    pub fn br_if(&mut self, depth: u32) {
        let condition = self.pop_condition();
        self.branch_on(&condition, true, depth);
    }

    /// Branches if the condition is `sense`, passing what the label takes.
    fn branch_on(&mut self, condition: &Condition, sense: bool, depth: u32) {
        let at = self.frame_at(depth);
        self.settle(at);
        if at != 0 && self.in_place(at) {
            let start = self.begin_condition(condition, sense);
            self.push_offset(start, at);
            return;
        }
        // The way to the branch is the detour, falling through the straight one.
        let over = self.emit_condition(condition, !sense);
        let held = self.held;
        let operands = self.walker.operands.len();
        self.take_branch(at);
        debug_assert_eq!(operands, self.walker.operands.len());
        self.bind(over);
        self.held = held;
    }

    pub fn br_table(&mut self, table: &BrTable<'_>) {
        let index = self.pop();
        let source = self.source_in_slot(&index);
        self.consume(&index, source);
        // All labels of a table take as many operands.
        self.settle(self.frame_at(table.default()));
        if self.settings.trace_calls {
            let count = self.walker.target(table.default()).label_types(self.module).len();
            self.flush_top(count);
        }
        self.position();
        let start = self.code.len() as u32;
        match source.form {
            Form::A => self.emit(misc::BR_TABLE_A, &[]),
            _ => self.emit(misc::BR_TABLE_S, &[source.bits as u16]),
        }
        self.push_u32(table.len());
        let depths = table.targets().chain(std::iter::once(Ok(table.default())));
        let entries = self.code.len();
        // Depths that need operands moved, or a return, get a stub of their own behind the table.
        let mut stubs: Vec<(u32, usize)> = Vec::new();
        for depth in depths {
            let depth = depth.expect("a validated table decodes");
            let at = self.frame_at(depth);
            if at != 0 && self.in_place(at) {
                self.push_offset(start, at);
            } else {
                stubs.push((depth, self.code.len()));
                self.push_u32(0);
            }
        }
        debug_assert_eq!(self.code.len(), entries + 2 * (table.len() as usize + 1));
        stubs.sort_unstable();
        let mut previous = None;
        let mut stub = 0;
        for (depth, field) in stubs {
            if previous != Some(depth) {
                previous = Some(depth);
                stub = self.code.len() as u32;
                self.forget();
                self.take_branch(self.frame_at(depth));
            }
            self.patch_u32(field, stub.wrapping_sub(start));
        }
        self.unreachable_rest();
    }

    /// Returns what the topmost operands are; they stay on the stack.
    pub fn return_(&mut self) {
        let module = self.module;
        let results = &module.func_type(self.func).results;
        let link = self.link as u16;
        self.settle(0);
        if self.settings.trace_calls {
            let base = self.results_base(results.len());
            self.emit(misc::TRACE_LEAVE, &[]);
            self.push_u32(self.func);
            self.code.push(base);
        }
        match **results {
            [] => self.emit(misc::RET, &[link]),
            [ty] if ty.slots() == 1 => self.return_one(link),
            [ty] => {
                // A vector, which may still be in a local: `settle` moves only several values.
                let Some(&operand) = self.walker.operands.last() else { return };
                let src = self.value_slot(&operand).unwrap_or(operand.slot);
                self.emit(misc::RET_N, &[link, src, ty.slots() as u16]);
            }
            _ => {
                let base = self.results_base(results.len());
                self.emit(misc::RET_N, &[link, base, Self::slots_of(results) as u16]);
            }
        }
    }

    /// Own slot of the first of the topmost `count` operands.
    fn results_base(&self, count: usize) -> u16 {
        let first = self.walker.operands.len() - count;
        self.walker.operands.get(first).map_or(self.top as u16, |operand| operand.slot)
    }

    fn return_one(&mut self, link: u16) {
        let Some(&operand) = self.walker.operands.last() else { return };
        if let Loc::Const(bits) = operand.loc {
            if let Ok(bits) = u32::try_from(bits) {
                self.emit(misc::RET_I, &[link]);
                self.push_u32(bits);
                return;
            }
            let slot = self.in_slot(&operand);
            self.emit(misc::RET_S, &[link, slot]);
            return;
        }
        let source = self.source(&operand);
        self.consume(&operand, source);
        match (source.form, operand.kind.class()) {
            (Form::A, Some(Class::Int)) => self.emit(misc::RET_A, &[link]),
            (Form::A, Some(Class::F32)) => self.emit(misc::RET_F32_A, &[link]),
            (Form::A, Some(Class::F64)) => self.emit(misc::RET_F64_A, &[link]),
            _ => self.emit(misc::RET_S, &[link, source.bits as u16]),
        }
    }

    /// Puts the arguments of a call in place and pops them; gives the slot of the first.
    fn arguments(&mut self, ty: &FuncType) -> u16 {
        let count = ty.params.len();
        self.flush_top(count);
        let height = self.walker.operands.len() - count;
        self.truncate_operands(height);
        // Arguments and results share their place.
        self.max = self.max.max(self.top + ty.param_slots.max(ty.result_slots));
        self.top as u16
    }

    /// Pushes the results a call left.
    fn results(&mut self, ty: &FuncType) {
        self.forget();
        for &result in &ty.results {
            let slot = self.push_slot(Kind::new(result));
            if let ([_], Some(Class::Int)) = (&*ty.results, Kind::new(result).class()) {
                self.held.set(Class::Int, Some(slot));
            }
        }
    }

    pub fn call(&mut self, func: u32, tail: bool) {
        let module = self.module;
        let ty = module.func_type(func);
        let base = self.arguments(ty);
        self.position();
        let (op, index) = match (func.checked_sub(module.imported_funcs), tail) {
            (Some(defined), false) => (misc::CALL, defined),
            (None, false) => (misc::CALL_IMPORT, func),
            (Some(defined), true) => (misc::RETURN_CALL, defined),
            (None, true) => (misc::RETURN_CALL_IMPORT, func),
        };
        self.emit(op, &[]);
        self.push_u32(index);
        self.code.push(base);
        self.after_call(ty, tail, op == misc::RETURN_CALL_IMPORT);
    }

    /// What follows a call's common words: those of a tail call, or the results.
    fn after_call(&mut self, ty: &FuncType, tail: bool, may_be_host: bool) {
        if tail {
            self.code.push(self.link as u16);
            if may_be_host {
                self.code.push(ty.result_slots as u16);
            }
            self.unreachable_rest();
        } else {
            self.results(ty);
        }
    }

    pub fn call_indirect(&mut self, type_index: u32, table: u32, tail: bool) {
        let module = self.module;
        let ty = &module.types[type_index as usize].func;
        let index = self.pop();
        // The index may stand where the callee's frame will: it is read before that.
        let mut source = self.source_in_slot(&index);
        if tail && source.form == Form::A {
            source.form = Form::S;
        }
        self.consume(&index, source);
        let base = self.arguments(ty);
        if source.form == Form::S {
            self.max = self.max.max(u32::from(index.slot) + 1);
        }
        self.position();
        match (tail, source.form) {
            (false, Form::A) => self.emit(misc::CALL_INDIRECT_A, &[]),
            (false, _) => self.emit(misc::CALL_INDIRECT_S, &[]),
            (true, _) => self.emit(misc::RETURN_CALL_INDIRECT, &[]),
        }
        self.push_u32(table);
        self.push_u32(type_index);
        self.push_source(source);
        self.code.push(base);
        self.after_call(ty, tail, true);
    }

    pub fn call_ref(&mut self, type_index: u32, tail: bool) {
        let module = self.module;
        let ty = &module.types[type_index as usize].func;
        let func = self.pop();
        let slot = self.in_slot(&func);
        let base = self.arguments(ty);
        self.position();
        let op = if tail { misc::RETURN_CALL_REF } else { misc::CALL_REF };
        self.emit(op, &[slot, base]);
        self.after_call(ty, tail, true);
    }

    pub fn throw(&mut self, tag: u32) {
        let module = self.module;
        let base = self.arguments(module.tag_type(tag));
        self.position();
        self.emit(misc::THROW, &[]);
        self.push_u32(tag);
        self.code.push(base);
        self.unreachable_rest();
    }

    pub fn throw_ref(&mut self) {
        let exn = self.pop();
        let slot = self.in_slot(&exn);
        self.position();
        self.emit(misc::THROW_REF, &[slot]);
        self.unreachable_rest();
    }

    /// A condition that holds if a reference is null.
    fn null_condition(&mut self, reference: &Operand) -> Condition {
        let slot = self.in_slot(reference);
        let op = ops::compare(CompareRow::I64Eq, Form::S, Form::I);
        let mut words = [0; 10];
        words[0] = slot;
        // A 64-bit 0 follows the slot.
        Condition { op, words, count: 5, negated: false }
    }

    pub fn br_on_null(&mut self, depth: u32) {
        let reference = self.pop();
        let condition = self.null_condition(&reference);
        // The reference is not passed; its slot may be where a passed operand goes, on that way only.
        self.branch_on(&condition, true, depth);
        self.push_reference_back(reference);
    }

    /// Pushes a popped reference whose constant, if it was one, has been written to its slot.
    fn push_reference_back(&mut self, reference: Operand) {
        match reference.loc {
            Loc::Local { index, .. } => self.push_local(index),
            _ => {
                self.push_slot(reference.kind);
            }
        }
    }

    pub fn br_on_non_null(&mut self, depth: u32) {
        let reference = self.pop();
        let condition = self.null_condition(&reference);
        self.push_reference_back(reference);
        self.branch_on(&condition, false, depth);
        self.pop();
    }
}
