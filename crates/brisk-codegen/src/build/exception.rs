//! Throwing and catching.

use super::Build;
use super::control::{Clause, Label, Other, slot_width};
use crate::ir::{Access, IntCond, Libcall, NONE, Op, Range, Region, TrapCode, Ty};
use brisk_module::walk::ControlKind;
use brisk_module::wasmparser::{Catch, TryTable};

impl Build<'_> {
    pub fn try_table(&mut self, table: &TryTable) {
        let start = self.cx.clauses.len() as u32;
        // Clauses count depths from outside the `try_table`.
        let frame = |depth: u32| self.walker.control.len() as u32 - 1 - depth;
        for catch in &table.catches {
            self.cx.clauses.push(match *catch {
                Catch::One { tag, label } => Clause { tag, with_ref: false, frame: frame(label) },
                Catch::OneRef { tag, label } => Clause { tag, with_ref: true, frame: frame(label) },
                Catch::All { label } => Clause { tag: NONE, with_ref: false, frame: frame(label) },
                Catch::AllRef { label } => Clause { tag: NONE, with_ref: true, frame: frame(label) },
            });
        }
        self.tries += 1;
        let clauses = Range { start, end: self.cx.clauses.len() as u32 };
        self.open(ControlKind::TryTable, table.ty, Label { clauses, other: Other::No, ..Label::default() });
    }

    /// Emits a call. Where there are handlers it ends its block: these are built, and then the block it returns to
    /// is begun.
    pub fn call_with_handlers(&mut self, op: Op, aux: u16, callee: u32, list: u32) -> u32 {
        if self.tries == 0 {
            return self.emit(op, Ty::None, aux, callee, list, NONE);
        }
        let count_at = self.f.lists.len();
        self.f.lists.push(1);
        'frames: for frame in self.walker.control.iter().rev() {
            for clause in &self.cx.clauses[frame.label.clauses.indices()] {
                self.f.lists.push(clause.tag);
                if clause.tag == NONE {
                    break 'frames;
                }
            }
        }
        let handlers = self.f.lists.len() - count_at - 1;
        // Each handler is a block with a call and loads.
        self.steps += 16 * handlers as u64;
        if handlers == 0 {
            self.f.lists.truncate(count_at);
            return self.emit(op, Ty::None, aux, callee, list, NONE);
        }
        self.f.lists[count_at] += handlers as u32;
        let next = self.new_block();
        let first = self.edge(next, 0);
        let first_handler = self.cx.blocks.len() as u32;
        for _ in 0..handlers {
            let block = self.new_block();
            self.edge(block, 0);
        }
        let call = self.emit(op, Ty::None, aux, callee, list, first);
        self.end_block();
        let (parent, mut block) = (self.block, first_handler);
        'handlers: for frame in (0..self.walker.control.len()).rev() {
            for at in self.walker.control[frame].label.clauses.indices() {
                let clause = self.cx.clauses[at];
                self.begin_child(block, parent);
                self.forget_numbers();
                self.handler(clause);
                block += 1;
                if clause.tag == NONE {
                    break 'handlers;
                }
            }
        }
        self.forget_numbers();
        self.begin_child(next, parent);
        call
    }

    /// The current block, which handles an exception.
    fn handler(&mut self, clause: Clause) {
        self.cx.blocks[self.block as usize].cold = true;
        let height = self.walker.operands.len();
        let exception = self.emit(Op::Caught, Ty::I64, 0, 0, 0, 0);
        let module = self.module;
        if clause.tag != NONE && !module.tag_type(clause.tag).params.is_empty() {
            let payload = self.libcall(Libcall::ExceptionPayload, &[exception]);
            let mut slot = 0;
            for &ty in &module.tag_type(clause.tag).params {
                let ir_ty = Ty::from_wasm(ty);
                let value = self.load(slot_width(ir_ty), ir_ty, Region::Heap, payload, slot * 8);
                self.push(value);
                slot += ty.slots();
            }
        }
        if clause.with_ref {
            self.push(exception);
        }
        self.leave_to(clause.frame as usize);
        self.walker.operands.truncate(height);
    }

    pub fn throw(&mut self, tag: u32) {
        let params = &self.module.tag_type(tag).params;
        let first = self.walker.operands.len() - params.len();
        if !params.is_empty() {
            let layout = self.settings.layout;
            let context = self.context();
            let store = self.load_pointer(context, layout.ctx_store);
            let cells = self.load_pointer(store, layout.store_overflow);
            for (at, &ty) in params.iter().enumerate() {
                let access = Access {
                    width: slot_width(Ty::from_wasm(ty)),
                    pinned: false,
                    region: Region::Store,
                    traps: false,
                };
                let value = self.walker.operands[first + at];
                self.emit(Op::Store, Ty::None, access.to_aux(), cells, at as u32 * 16, value);
            }
        }
        self.walker.operands.truncate(first);
        let tag = self.constant(Ty::I32, u64::from(tag));
        self.throw_by(Libcall::Throw, tag);
    }

    pub fn throw_ref(&mut self) {
        let exception = self.pop();
        let zero = self.constant(Ty::I64, 0);
        let null = self.icmp(IntCond::Eq, exception, zero);
        self.trap_if(null, TrapCode::NullReference);
        self.throw_by(Libcall::ThrowRef, exception);
    }

    fn throw_by(&mut self, libcall: Libcall, argument: u32) {
        self.f.calls = true;
        let list = self.f.lists.len() as u32;
        self.f.lists.extend_from_slice(&[NONE, 1, argument]);
        self.call_with_handlers(Op::CallLib, libcall as u16, 0, list);
        self.trap(TrapCode::Unreachable);
        self.unreachable_rest();
    }
}
