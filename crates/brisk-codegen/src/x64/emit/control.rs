//! Frames, calls, branches.

use super::*;
use crate::ir::Range;
use crate::layout::HOST_INDEX;
use crate::vcode::RegSet;

/// Below this a frame is not counted against the stack limit: the reserve behind it is much larger.
const SMALL_FRAME: i32 = 4096;

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
        let saved = self.saved_regs().0.count_ones() as i32;
        let words = i32::from(self.keeps_context) + i32::from(self.keeps_base) + saved;
        let bytes = 8 * (words + self.alloc.spill_cells as i32);
        // Also the spill area's start is aligned to 16: wide cells are at even numbers.
        self.frame = (bytes + 15) & !15;
        self.out.frame_size = self.frame as u32;
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

    fn saved(&self) -> impl Iterator<Item = (Gpr, i32)> + use<> {
        let first = -8 * (1 + i32::from(self.keeps_context) + i32::from(self.keeps_base));
        let regs = self.saved_regs();
        regs.iter().enumerate().map(move |(nth, reg)| (Gpr(reg.number()), first - 8 * nth as i32))
    }

    pub(super) fn prologue(&mut self) {
        let layout = &self.settings.layout;
        if self.settings.pinned_memory {
            self.asm.mov_load(Size::B64, SCRATCH, Mem::base(VM_CONTEXT, layout.ctx_memories as i32));
            self.asm.mov_load(Size::B64, SCRATCH, Mem::base(SCRATCH, 0));
            self.asm.mov_load(Size::B64, MEMORY_BASE, Mem::base(SCRATCH, layout.memory_base as i32));
            self.asm.align(16);
        }
        self.out.entry = self.asm.offset();
        self.asm.push(RBP);
        self.asm.mov_rr(Size::B64, RBP, RSP);
        if self.checks || self.frame > SMALL_FRAME {
            let back = self.asm.new_label();
            // The position of a stack overflow is that of the function's first instruction.
            self.inst = 0;
            let cold = self.cold(Cold::Call(Libcall::StackLimit, back));
            self.asm.mov_load(Size::B64, SCRATCH, Mem::base(VM_CONTEXT, layout.ctx_store as i32));
            let limit = Mem::base(SCRATCH, layout.store_stack_limit as i32);
            if self.frame > SMALL_FRAME {
                // rax holds no argument.
                self.asm.lea(Size::B64, RAX, Mem::base(RSP, -self.frame));
                self.asm.alu(AluOp::Cmp, Size::B64, RAX, limit);
            } else {
                self.asm.alu(AluOp::Cmp, Size::B64, RSP, limit);
            }
            self.asm.jcc(Cond::B, cold);
            self.asm.bind(back);
        }
        if self.frame > 0 {
            self.asm.alu_imm(AluOp::Sub, Size::B64, RSP, self.frame);
        }
        if self.keeps_context {
            self.asm.mov_store(Size::B64, Mem::base(RBP, -8), VM_CONTEXT);
        }
        if self.keeps_base {
            self.asm.mov_store(Size::B64, Mem::base(RBP, -16), MEMORY_BASE);
        }
        for (reg, at) in self.saved() {
            self.asm.mov_store(Size::B64, Mem::base(RBP, at), reg);
        }
    }

    fn epilogue(&mut self) {
        for (reg, at) in self.saved() {
            self.asm.mov_load(Size::B64, reg, Mem::base(RBP, at));
        }
        if self.frame > 0 {
            self.asm.leave();
        } else {
            self.asm.pop(RBP);
        }
    }

    fn reload_pins(&mut self) {
        self.asm.mov_load(Size::B64, VM_CONTEXT, Mem::base(RBP, -8));
        if self.keeps_base {
            self.asm.mov_load(Size::B64, MEMORY_BASE, Mem::base(RBP, -16));
        }
    }

    /// Loads what a call through a function reference needs; the reference is the last operand.
    fn load_callee(&mut self) {
        let layout = &self.settings.layout;
        let count = self.low.code.operand_ends[self.inst] as usize - self.first;
        let func_ref = self.gpr(count - 1);
        self.asm.mov_load(Size::B64, SCRATCH, Mem::base(func_ref, layout.func_ref_state as i32));
        self.asm.mov_load(Size::B64, VM_CONTEXT, Mem::base(func_ref, layout.func_ref_ctx as i32));
    }

    fn slot_of(&self, func: u32) -> Mem {
        Mem::symbol(Symbol(Target::Slot(func - self.settings.imported_funcs).number()))
    }

    fn cell(&mut self, cell: u16) -> Mem {
        let layout = &self.settings.layout;
        self.asm.mov_load(Size::B64, SCRATCH, Mem::base(VM_CONTEXT, layout.ctx_store as i32));
        self.asm.mov_load(Size::B64, SCRATCH, Mem::base(SCRATCH, layout.store_overflow as i32));
        Mem::base(SCRATCH, (u32::from(cell) * OVERFLOW_CELL) as i32)
    }

    pub(super) fn emit_control(&mut self, inst: Inst, block: u32, next: u32) {
        let layout = &self.settings.layout;
        match inst {
            Inst::LoadCell { cell, vector } => {
                let from = self.cell(cell);
                if vector {
                    let dst = self.xmm(0);
                    self.load_vector(dst, from, true);
                } else {
                    let dst = self.gpr(0);
                    self.asm.mov_load(Size::B64, dst, from);
                }
            }
            Inst::StoreCell { cell, vector } => {
                let to = self.cell(cell);
                if vector {
                    let src = self.xmm(0);
                    self.store_vector(to, src, true);
                } else {
                    let src = self.gpr(0);
                    self.asm.mov_store(Size::B64, to, src);
                }
            }
            Inst::TrapIf(flags, code) => {
                let cold = self.cold(Cold::Trap(code));
                self.jump_if(flags, cold);
            }
            Inst::Poll => {
                let back = self.asm.new_label();
                let cold = self.cold(Cold::Call(Libcall::Interrupted, back));
                let store = match self.loc(0) {
                    Loc::Reg(reg) => Gpr(reg.number()),
                    Loc::Slot(_) => {
                        self.constant(Inst::StoreAddress, RegClass::Int, SCRATCH.0);
                        SCRATCH
                    }
                };
                let limit = Mem::base(store, layout.store_stack_limit as i32);
                self.asm.alu(AluOp::Cmp, Size::B64, RSP, limit);
                self.asm.jcc(Cond::B, cold);
                self.asm.bind(back);
            }
            Inst::Fuel { cost, test } => {
                let mut rest = cost;
                while rest > i32::MAX as u32 {
                    self.asm.alu_imm(AluOp::Sub, Size::B64, FUEL, i32::MAX);
                    rest -= i32::MAX as u32;
                }
                self.asm.alu_imm(AluOp::Sub, Size::B64, FUEL, rest as i32);
                if test {
                    let back = self.asm.new_label();
                    let cold = self.cold(Cold::Call(Libcall::OutOfFuel, back));
                    self.asm.jcc(Cond::S, cold);
                    self.asm.bind(back);
                }
            }
            Inst::Call(func) => {
                let slot = self.slot_of(func);
                self.asm.call_rm(slot);
                self.returned(block);
                if self.settings.tail_calls_out {
                    self.reload_pins();
                }
                self.jump_on(block, next);
            }
            Inst::CallRef => {
                self.load_callee();
                let native = Mem::base(SCRATCH, self.settings.layout.state_native as i32);
                self.asm.call_rm(native);
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
                let slot = self.slot_of(func);
                self.asm.jmp_rm(slot);
            }
            Inst::TailCallRef => {
                self.load_callee();
                // A host function sees its caller, which has to be there.
                let host = self.cold(Cold::HostTailCall);
                let index = Mem::base(SCRATCH, self.settings.layout.state_index as i32);
                self.asm.alu_imm(AluOp::Cmp, Size::B32, index, HOST_INDEX as i32);
                self.asm.jcc(Cond::E, host);
                self.epilogue();
                let native = Mem::base(SCRATCH, self.settings.layout.state_native as i32);
                self.asm.jmp_rm(native);
            }
            Inst::Catch => {
                self.reload_pins();
                if self.settings.fuel {
                    self.asm.mov_load(Size::B64, FUEL, Mem::base(VM_CONTEXT, layout.ctx_store as i32));
                    self.asm.mov_load(Size::B64, FUEL, Mem::base(FUEL, layout.store_fuel as i32));
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
            Inst::Jcc(flags) => {
                let (taken, other) = (self.target(block, 0), self.target(block, 1));
                if taken == other {
                    self.go(taken, next);
                } else if taken == next {
                    let label = self.s.labels[other as usize];
                    self.jump_if(flags.invert(), label);
                } else {
                    let label = self.s.labels[taken as usize];
                    self.jump_if(flags, label);
                    self.go(other, next);
                }
            }
            Inst::JmpTable { first } => {
                let succs = self.low.code.blocks[block as usize].succs;
                let last = succs.end - succs.start - 1;
                let (index, scratch) = (self.gpr(0), self.gpr(1));
                let table = self.cold(Cold::Table(block));
                if first {
                    let usual = self.target(block, 0);
                    self.asm.test(Size::B32, index, index);
                    self.asm.jcc(Cond::E, self.s.labels[usual as usize]);
                }
                // No branch that could be predicted wrongly, to somewhere behind the table; the last entry is the default's.
                self.asm.mov_imm64(scratch, u64::from(last));
                self.asm.alu(AluOp::Cmp, Size::B32, index, scratch);
                self.asm.cmov(Cond::B, Size::B32, scratch, index);
                self.asm.lea(Size::B64, SCRATCH, Mem::label(table));
                self.asm.movsxd(scratch, Mem::index(SCRATCH, scratch, Scale::Four, 0));
                self.asm.alu(AluOp::Add, Size::B64, scratch, SCRATCH);
                self.asm.jmp_rm(scratch);
            }
            _ => unreachable!("{inst:?} is emitted elsewhere"),
        }
    }

    /// A host function is called from this frame, and its results are returned.
    pub(super) fn host_tail_call(&mut self) {
        let native = Mem::base(SCRATCH, self.settings.layout.state_native as i32);
        self.asm.call_rm(native);
        self.site(SiteKind::Return);
        self.epilogue();
        self.asm.ret();
    }

    fn go(&mut self, to: u32, next: u32) {
        if to != next {
            let label = self.s.labels[to as usize];
            self.asm.jmp(label);
        }
    }

    fn jump_if(&mut self, flags: Flags, label: Label) {
        match flags {
            Flags::Is(cond) => self.asm.jcc(cond, label),
            Flags::FloatNe => {
                self.asm.jcc(Cond::Ne, label);
                self.asm.jcc(Cond::P, label);
            }
            Flags::FloatEq => {
                let unordered = self.asm.new_label();
                self.asm.jcc_short(Cond::P, unordered);
                self.asm.jcc(Cond::E, label);
                self.asm.bind(unordered);
            }
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

    pub(super) fn table(&mut self, label: Label, block: u32) {
        self.asm.align(4);
        self.asm.bind(label);
        let succs = self.low.code.blocks[block as usize].succs;
        for nth in 0..succs.end - succs.start {
            let target = self.target(block, nth);
            self.asm.table_entry(label, self.s.labels[target as usize]);
        }
    }
}
