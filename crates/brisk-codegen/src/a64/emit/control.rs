//! Frames, calls, branches.
//!
//! A frame, from its top down: the return address and the caller's frame pointer, which `x29` points to; the VmContext and
//! the base of memory 0, where they are kept; saved registers; the spill area, down to the stack pointer.

use super::*;
use crate::convention::int;
use crate::ir::Range;
use crate::layout::HOST_INDEX;
use crate::vcode::RegSet;

/// Below this a frame is not counted against the stack limit: the reserve behind it is much larger.
const SMALL_FRAME: u32 = 4096;

/// Where the VmContext and the base of memory 0 are kept, from the frame pointer.
const CONTEXT_AT: i32 = -8;
const BASE_AT: i32 = -16;

impl Emit<'_> {
    pub(super) fn frame_layout(&mut self) {
        for inst in &self.low.code.insts {
            match inst {
                Inst::Call(_) | Inst::CallLib(_) | Inst::TailCallRef => self.calls = true,
                // A loop may be made of tail calls: it must notice an interrupt.
                Inst::TailCall(_) => self.checks = true,
                Inst::CallRef => (self.calls, self.keeps_base) = (true, self.settings.pinned_memory),
                _ => {}
            }
        }
        self.checks |= self.calls;
        self.keeps_context = self.calls;
        self.keeps_base |= self.calls && self.settings.pinned_memory && self.settings.tail_calls_out;
        self.keeps_base |= !self.low.invokes.is_empty() && self.settings.pinned_memory;
        let saved = self.saved_regs().0.count_ones();
        let words = u32::from(self.keeps_context) + u32::from(self.keeps_base) + saved;
        // The spill area's start, at the stack pointer, is aligned to 16: wide cells are at even numbers.
        self.frame = (8 * (words + self.alloc.spill_cells)).next_multiple_of(16);
        self.out.frame_size = self.frame;
    }

    /// The registers to be saved: on the way to a handler those of inner frames are lost.
    fn saved_regs(&self) -> RegSet {
        let used = self.alloc.used_callee_saved;
        if self.low.invokes.is_empty() {
            used
        } else {
            used.union(CONVENTION.reg_sets(self.settings.fuel).callee_saved)
        }
    }

    /// What is kept below the frame pointer, a word each from the top: pins, then saved registers. An odd number is filled
    /// up with the frame pointer itself, in what may be the last cell of the spill area.
    fn kept(&self) -> ([Gpr; 12], usize) {
        let mut regs = [FP; 12];
        let mut count = 0;
        let pins = [(self.keeps_context, VM_CONTEXT), (self.keeps_base, MEMORY_BASE)];
        let saved = self.saved_regs();
        let saved = saved.iter().map(|reg| Gpr(reg.number()));
        for reg in pins.into_iter().filter_map(|(is, reg)| is.then_some(reg)).chain(saved) {
            regs[count] = reg;
            count += 1;
        }
        (regs, count.next_multiple_of(2))
    }

    pub(super) fn prologue(&mut self) {
        let layout = self.settings.layout;
        let features = self.asm.features();
        if self.settings.pinned_memory {
            if features.bti {
                self.asm.hint(Hint::BtiC);
            }
            self.load(MEMORY_BASE, VM_CONTEXT, layout.ctx_memories);
            self.load(MEMORY_BASE, MEMORY_BASE, 0);
            self.load(MEMORY_BASE, MEMORY_BASE, layout.memory_base);
            self.asm.align(16);
        }
        self.out.entry = self.asm.offset();
        let entry = self.entry;
        self.asm.bind(entry);
        if features.bti {
            self.asm.hint(Hint::BtiC);
        }
        self.asm.stp(Size::B64, Pair::pre(SP, -16), FP, LR);
        self.asm.mov_rr(Size::B64, FP, SP);
        if self.checks || self.frame > SMALL_FRAME {
            let back = self.asm.new_label();
            // The position of a stack overflow is that of the function's first instruction.
            self.inst = 0;
            let cold = self.cold(Cold::Call(Libcall::StackLimit, back));
            self.load(SCRATCH, VM_CONTEXT, layout.ctx_store);
            self.load(SCRATCH, SCRATCH, layout.store_stack_limit);
            if self.frame > SMALL_FRAME {
                self.below_sp(SCRATCH2, self.frame);
                self.asm.cmp_rr(Size::B64, SCRATCH2, SCRATCH);
            } else {
                self.compare_sp(SCRATCH);
            }
            self.asm.b_cond(Cond::Lo, cold);
            self.asm.bind(back);
        }
        let (kept, count) = self.kept();
        for pair in kept[..count].chunks_exact(2) {
            self.asm.stp(Size::B64, Pair::pre(SP, -16), pair[1], pair[0]);
        }
        let spills = self.frame - 8 * count as u32;
        if spills > 0 {
            self.below_sp(SP, spills);
        }
    }

    /// What lies so many bytes below the stack pointer.
    fn below_sp(&mut self, dst: Gpr, bytes: u32) {
        if let Some(imm) = AddImm::new(bytes.into()) {
            self.asm.add_imm(AddOp::Sub, Size::B64, dst, SP, imm);
        } else {
            self.asm.mov_imm(Size::B64, SCRATCH2, bytes.into());
            self.asm.add_extend(AddOp::Sub, Size::B64, dst, SP, SCRATCH2, Extend::Uxtx, 0);
        }
    }

    /// `cmp sp, reg`
    fn compare_sp(&mut self, reg: Gpr) {
        self.asm.add_extend(AddOp::Subs, Size::B64, XZR, SP, reg, Extend::Uxtx, 0);
    }

    /// Leaves the frame. Only the registers that it restores are changed.
    fn epilogue(&mut self) {
        let (kept, count) = self.kept();
        let first = usize::from(self.keeps_context) + usize::from(self.keeps_base);
        let is_saved = |reg: Gpr| CONVENTION.regs.callee_saved.contains(int(reg));
        if self.frame == 8 * count as u32
            && kept[..count].chunks_exact(2).all(|pair| pair.iter().any(|&reg| is_saved(reg)))
        {
            // There is nothing else: taken from the stack. The VmContext comes out as it is.
            for pair in kept[..count].chunks_exact(2).rev() {
                let high = if pair[0] == FP { XZR } else { pair[0] };
                let low = if pair[1] == FP { XZR } else { pair[1] };
                self.asm.ldp(Size::B64, low, high, Pair::post(SP, 16));
            }
        } else {
            let mut nth = first;
            while nth < count && is_saved(kept[nth]) {
                let at = -8 * (nth as i32 + 1);
                if nth + 1 < count && is_saved(kept[nth + 1]) {
                    self.asm.ldp(Size::B64, kept[nth + 1], kept[nth], Pair::base(FP, at - 8));
                    nth += 2;
                } else {
                    self.asm.load(LoadOp::LdrX, kept[nth], Mem::base(FP, at));
                    nth += 1;
                }
            }
            if self.frame > 0 {
                self.asm.mov_rr(Size::B64, SP, FP);
            }
        }
        self.asm.ldp(Size::B64, FP, LR, Pair::post(SP, 16));
    }

    fn reload_pins(&mut self) {
        if self.keeps_base {
            self.asm.ldp(Size::B64, MEMORY_BASE, VM_CONTEXT, Pair::base(FP, BASE_AT));
        } else {
            self.asm.load(LoadOp::LdrX, VM_CONTEXT, Mem::base(FP, CONTEXT_AT));
        }
    }

    /// Loads a word of the runtime's structures.
    fn load(&mut self, dst: Gpr, base: Gpr, offset: u32) {
        self.asm.load(LoadOp::LdrX, dst, Mem::base(base, offset as i32));
    }

    /// Loads what a call through a function reference needs; the reference is the last operand. The state goes to the
    /// second scratch register.
    fn load_callee(&mut self) {
        let layout = self.settings.layout;
        let func_ref = self.gpr(self.operands() - 1);
        if layout.func_ref_ctx == layout.func_ref_state + 8 {
            let mem = Pair::base(func_ref, layout.func_ref_state as i32);
            self.asm.ldp(Size::B64, SCRATCH2, VM_CONTEXT, mem);
        } else {
            self.load(SCRATCH2, func_ref, layout.func_ref_state);
            self.load(VM_CONTEXT, func_ref, layout.func_ref_ctx);
        }
    }

    /// Loads the address of a function of the module into the first scratch register.
    fn load_slot(&mut self, func: u32) {
        let symbol = Symbol(Target::Slot(func - self.settings.imported_funcs).number());
        self.asm.adrp_symbol(SCRATCH, symbol);
        self.asm.load_symbol_low(SCRATCH, SCRATCH, symbol);
    }

    /// The overflow area's cell, whose address is in the first scratch register.
    fn cell(&mut self, cell: u16) -> Mem {
        let layout = self.settings.layout;
        self.load(SCRATCH, VM_CONTEXT, layout.ctx_store);
        self.load(SCRATCH, SCRATCH, layout.store_overflow);
        let offset = i64::from(u32::from(cell) * OVERFLOW_CELL);
        if Mem::fits(offset, 8) {
            return Mem::base(SCRATCH, offset as i32);
        }
        self.asm.mov_imm(Size::B64, SCRATCH2, offset as u64);
        Mem::index(SCRATCH, SCRATCH2)
    }

    pub(super) fn emit_control(&mut self, inst: Inst, block: u32, next: u32) {
        let layout = self.settings.layout;
        match inst {
            Inst::LoadCell { cell, vector } => {
                let from = self.cell(cell);
                if vector {
                    let dst = self.fpr(0);
                    self.asm.vec_load(Width::Q, dst, from);
                } else {
                    let dst = self.gpr(0);
                    self.asm.load(LoadOp::LdrX, dst, from);
                }
            }
            Inst::StoreCell { cell, vector } => {
                let to = self.cell(cell);
                if vector {
                    let src = self.fpr(0);
                    self.asm.vec_store(Width::Q, to, src);
                } else {
                    let src = self.gpr(0);
                    self.asm.store(Size::B64, to, src);
                }
            }
            Inst::TrapIf(test, code) => {
                let cold = self.cold(Cold::Trap(code));
                self.jump_if(test, cold);
            }
            Inst::Poll => {
                let back = self.asm.new_label();
                let cold = self.cold(Cold::Call(Libcall::Interrupted, back));
                let store = match self.loc(0) {
                    Loc::Reg(reg) => Gpr(reg.number()),
                    Loc::Slot(_) => {
                        self.load(SCRATCH, VM_CONTEXT, layout.ctx_store);
                        SCRATCH
                    }
                };
                self.load(SCRATCH, store, layout.store_stack_limit);
                self.compare_sp(SCRATCH);
                self.asm.b_cond(Cond::Lo, cold);
                self.asm.bind(back);
            }
            Inst::Fuel { cost, test } => {
                let op = if test { AddOp::Subs } else { AddOp::Sub };
                if let Some(imm) = AddImm::new(cost.into()) {
                    self.asm.add_imm(op, Size::B64, FUEL, FUEL, imm);
                } else {
                    self.asm.mov_imm(Size::B64, SCRATCH, cost.into());
                    self.asm.add_rr(op, Size::B64, FUEL, FUEL, SCRATCH);
                }
                if test {
                    let back = self.asm.new_label();
                    let cold = self.cold(Cold::Call(Libcall::OutOfFuel, back));
                    self.asm.b_cond(Cond::Mi, cold);
                    self.asm.bind(back);
                }
            }
            Inst::Call(func) => {
                if func == self.settings.func && self.settings.direct_recursion {
                    let entry = self.entry;
                    self.asm.bl(entry);
                } else {
                    self.load_slot(func);
                    self.asm.blr(SCRATCH);
                }
                self.returned(block);
                if self.settings.tail_calls_out {
                    self.reload_pins();
                }
                self.jump_on(block, next);
            }
            Inst::CallRef => {
                self.load_callee();
                self.load(SCRATCH, SCRATCH2, layout.state_native);
                self.asm.blr(SCRATCH);
                self.returned(block);
                self.reload_pins();
                self.jump_on(block, next);
            }
            Inst::CallLib(libcall) => {
                self.asm.mov_rr(Size::B64, INT_ARGS[0], VM_CONTEXT);
                self.asm.call_symbol(Symbol(Target::Libcall(libcall).number()));
                self.returned(block);
                self.jump_on(block, next);
            }
            Inst::TailCall(func) => {
                self.epilogue();
                self.load_slot(func);
                self.asm.br(SCRATCH);
            }
            Inst::TailCallRef => {
                self.load_callee();
                // A host function sees its caller, which has to be there.
                let host = self.cold(Cold::HostTailCall);
                self.asm.load(LoadOp::LdrW, SCRATCH, Mem::base(SCRATCH2, layout.state_index as i32));
                const { assert!(HOST_INDEX == u32::MAX) };
                self.asm.cmn_imm(Size::B32, SCRATCH, ONE);
                self.asm.b_cond(Cond::Eq, host);
                self.epilogue();
                self.load(SCRATCH, SCRATCH2, layout.state_native);
                self.asm.br(SCRATCH);
            }
            Inst::Catch => {
                if self.asm.features().bti {
                    self.asm.hint(Hint::BtiJ);
                }
                self.reload_pins();
                if self.settings.fuel {
                    self.load(FUEL, VM_CONTEXT, layout.ctx_store);
                    self.load(FUEL, FUEL, layout.store_fuel);
                }
            }
            Inst::Ret => {
                self.epilogue();
                self.asm.ret();
            }
            Inst::Trap(code) => self.raise(code),
            Inst::Jmp => {
                let to = self.target(block, 0);
                self.go(to, next);
            }
            Inst::Branch(test) => {
                let (taken, other) = (self.target(block, 0), self.target(block, 1));
                if taken == other {
                    self.go(taken, next);
                } else if taken == next {
                    let label = self.s.labels[other as usize];
                    self.jump_if(test.invert(), label);
                } else {
                    let label = self.s.labels[taken as usize];
                    self.jump_if(test, label);
                    self.go(other, next);
                }
            }
            Inst::JmpTable { first } => self.jump_table(block, first),
            _ => unreachable!("{inst:?} is emitted elsewhere"),
        }
    }

    /// No branch that could be predicted wrongly, to somewhere behind the table; the last entry is the default's.
    fn jump_table(&mut self, block: u32, first: bool) {
        let succs = self.low.code.blocks[block as usize].succs;
        let count = succs.end - succs.start;
        self.asm.room(ROOM + 4 * count);
        let (index, target) = (self.gpr(0), self.gpr(1));
        if first {
            let usual = self.target(block, 0);
            self.asm.cbz(Size::B32, index, self.s.labels[usual as usize]);
        }
        let table = self.asm.new_label();
        self.asm.mov_imm(Size::B32, SCRATCH, u64::from(count - 1));
        self.asm.cmp_rr(Size::B32, index, SCRATCH);
        self.asm.select(SelectOp::Csel, Size::B32, SCRATCH, index, SCRATCH, Cond::Lo);
        self.asm.adr(SCRATCH2, table);
        let entry = Mem::Index { base: SCRATCH2, index: SCRATCH, extend: Extend::Uxtx, scaled: true };
        self.asm.load(LoadOp::Ldrsw, target, entry);
        self.asm.add_rr(AddOp::Add, Size::B64, SCRATCH, SCRATCH2, target);
        self.asm.br(SCRATCH);
        self.asm.bind(table);
        for nth in 0..count {
            let target = self.target(block, nth);
            self.asm.table_entry(table, self.s.labels[target as usize]);
        }
    }

    /// A host function is called from this frame, and its results are returned.
    pub(super) fn host_tail_call(&mut self) {
        self.load(SCRATCH, SCRATCH2, self.settings.layout.state_native);
        self.asm.blr(SCRATCH);
        self.site(SiteKind::Return);
        self.epilogue();
        self.asm.ret();
    }

    fn go(&mut self, to: u32, next: u32) {
        if to != next {
            let label = self.s.labels[to as usize];
            self.asm.b(label);
        }
    }

    /// The test's operand is the first.
    fn jump_if(&mut self, test: Test, label: Label) {
        match test {
            Test::Flags(cond) => self.asm.b_cond(cond, label),
            Test::Zero(size) => self.asm.cbz(size, self.gpr(0), label),
            Test::NotZero(size) => self.asm.cbnz(size, self.gpr(0), label),
            Test::BitClear(bit) => self.asm.tbz(self.gpr(0), bit, label),
            Test::BitSet(bit) => self.asm.tbnz(self.gpr(0), bit, label),
        }
    }

    /// Notes a return address, and its handlers.
    fn returned(&mut self, block: u32) {
        self.site(SiteKind::Return);
        let at = self.asm.offset();
        let invokes = &self.low.invokes;
        let Ok(found) = invokes.binary_search_by_key(&(self.inst as u32), |&(inst, _)| inst) else { return };
        let handlers: Range = invokes[found].1;
        for (nth, index) in handlers.indices().enumerate() {
            let tag = self.low.handlers[index];
            let landing = self.target(block, nth as u32 + 1);
            self.s.landings.push((at, (tag != NONE).then_some(tag), landing));
        }
    }

    /// A call with handlers ends its block: goes on at its first edge.
    fn jump_on(&mut self, block: u32, next: u32) {
        let data = &self.low.code.blocks[block as usize];
        if data.insts.end as usize == self.inst + 1 && data.succs.end > data.succs.start {
            let to = self.target(block, 0);
            self.go(to, next);
        }
    }
}

/// The immediate 1.
const ONE: AddImm = match AddImm::new(1) {
    Some(imm) => imm,
    None => unreachable!(),
};
