//! What emission asks of the machine: frames, calls, moves.
//!
//! A frame, from its top down: the return address and the caller's frame pointer, which `x29` points to; the VmContext and
//! the base of memory 0, where they are kept; saved registers; the spill area, down to the stack pointer.

use super::*;
use crate::layout::{HOST_INDEX, VmLayout};

/// Where the VmContext and the base of memory 0 are kept, from the frame pointer.
const CONTEXT_AT: i32 = -8;
const BASE_AT: i32 = -16;

impl emit::Machine for A64 {
    type Assembler = Assembler;
    type Slow = Slow;
    type EmitState = Known;
    const ROOM: u32 = 256;

    fn begin(emit: &mut Emit<'_>) {
        emit.s.machine.masks = false;
        emit.find_jumped_to();
    }

    fn begin_block(emit: &mut Emit<'_>, block: u32) {
        if emit.s.machine.jumped_to.get(block as usize) == Some(&true) {
            emit.asm.jumped_to();
        }
    }

    fn forget(emit: &mut Emit<'_>) {
        emit.s.machine.compared = None;
    }

    fn emit(emit: &mut Emit<'_>, inst: Inst, block: u32, next: u32) {
        if emit.is_compared(inst) {
            return;
        }
        match inst {
            Inst::Common(inst) => emit.common(inst, block, next),
            Inst::Branch(test) => emit.branch(block, next, |emit, holds, label| {
                emit.jump_if(if holds { test } else { test.invert() }, label);
            }),
            Inst::TrapIf(test, code) => {
                let cold = emit.cold(Cold::Trap(code));
                emit.jump_if(test, cold);
            }
            _ => {
                if !emit.emit_int(inst) {
                    emit.emit_float(inst);
                }
            }
        }
    }

    /// Uses the second scratch register.
    fn constant(emit: &mut Emit<'_>, inst: Inst, to: PReg) {
        match inst {
            Inst::Common(Common::Int(bits)) => emit.asm.mov_imm(Size::B64, gpr(to), bits),
            Inst::Common(Common::Place(offset)) => {
                let dst = gpr(to);
                if let Some(imm) = AddImm::new(offset) {
                    emit.asm.add_imm(AddOp::Add, Size::B64, dst, MEMORY_BASE, imm);
                } else if let (Some(high), Some(low)) =
                    (AddImm::new(offset & !0xfff), AddImm::new(offset & 0xfff))
                {
                    emit.asm.add_imm(AddOp::Add, Size::B64, dst, MEMORY_BASE, high);
                    emit.asm.add_imm(AddOp::Add, Size::B64, dst, dst, low);
                } else {
                    emit.asm.mov_imm(Size::B64, dst, offset);
                    emit.asm.add_rr(AddOp::Add, Size::B64, dst, MEMORY_BASE, dst);
                }
            }
            Inst::Common(Common::StoreAddress) => {
                emit.asm.load_word(gpr(to), VM_CONTEXT, emit.settings.layout.ctx_store);
            }
            Inst::Common(Common::Float(bits)) => emit.float_constant(vector_reg(to), bits),
            Inst::Common(Common::Vector(index)) => {
                let bits = emit.func.vectors[index as usize];
                emit.vector_constant(vector_reg(to), bits);
            }
            Inst::Simd(inst) => emit.simd_constant(inst, vector_reg(to)),
            _ => unreachable!("{inst:?} is no constant"),
        }
    }

    fn load_spilled(emit: &mut Emit<'_>, to: PReg, cell: u32, wide: bool) {
        let width = if wide { Width::Q } else { Width::D };
        let from = emit.slot(cell, width.bytes());
        match to.class() {
            RegClass::Int => emit.asm.load(LoadOp::LdrX, gpr(to), from),
            RegClass::Vector => emit.asm.vec_load(width, vector_reg(to), from),
        }
    }

    fn store_spilled(emit: &mut Emit<'_>, cell: u32, from: PReg, wide: bool) {
        let width = if wide { Width::Q } else { Width::D };
        let to = emit.slot(cell, width.bytes());
        match from.class() {
            RegClass::Int => emit.asm.store(Size::B64, to, gpr(from)),
            RegClass::Vector => emit.asm.vec_store(width, to, vector_reg(from)),
        }
    }

    /// Those that are stored to or loaded from slots side by side go together.
    fn pair(emit: &mut Emit<'_>, first: &Move, second: &Move) -> bool {
        let offset = |low: u32| Pair::fits(8 * i64::from(low), 8).then_some(8 * low as i32);
        match (first.from, first.to, second.from, second.to) {
            (Some(Loc::Reg(a)), Loc::Slot(x), Some(Loc::Reg(b)), Loc::Slot(y))
                if a.class() == RegClass::Int && b.class() == RegClass::Int && x.abs_diff(y) == 1 =>
            {
                let Some(offset) = offset(x.min(y)) else { return false };
                let (low, high) = if x < y { (a, b) } else { (b, a) };
                let mem = Pair::base(SP, offset);
                emit.asm.stp(Size::B64, mem, gpr(low), gpr(high));
                true
            }
            (Some(Loc::Slot(x)), Loc::Reg(a), Some(Loc::Slot(y)), Loc::Reg(b))
                if a.class() == RegClass::Int
                    && b.class() == RegClass::Int
                    && x.abs_diff(y) == 1
                    && a != b =>
            {
                let Some(offset) = offset(x.min(y)) else { return false };
                let (low, high) = if x < y { (a, b) } else { (b, a) };
                let mem = Pair::base(SP, offset);
                emit.asm.ldp(Size::B64, gpr(low), gpr(high), mem);
                true
            }
            _ => false,
        }
    }

    fn prologue(emit: &mut Emit<'_>) {
        let layout = emit.settings.layout;
        if emit.settings.pinned_memory {
            // What aligns the entry stands in front, where nobody comes by.
            let insts = 1 + u32::from(emit.asm.features().bti);
            for _ in insts..4 {
                emit.asm.udf(0);
            }
            emit.out.outside_entry = emit.asm.offset();
            emit.asm.called();
            emit.asm.load_word(MEMORY_BASE, VM_CONTEXT, layout.ctx_memory_base);
            emit.asm.align(16);
        }
        emit.out.entry = emit.asm.offset();
        let entry = emit.asm.new_label();
        emit.asm.bind(entry);
        emit.s.machine.entry = Some(entry);
        emit.asm.called_and_signs();
        emit.asm.stp(Size::B64, Pair::pre(SP, -16), FP, LR);
        emit.asm.move_word(FP, SP);
        if let Some((stopped, back)) = emit.stack_check() {
            emit.asm.load_word(SCRATCH, VM_CONTEXT, layout.ctx_store);
            emit.asm.load_word(SCRATCH, SCRATCH, layout.store_stack_limit);
            if emit.is_large() {
                emit.below_sp(SCRATCH2, emit.frame);
                emit.asm.cmp_rr(Size::B64, SCRATCH2, SCRATCH);
            } else {
                emit.compare_sp(SCRATCH);
            }
            emit.asm.b_cond(Cond::Lo, stopped);
            emit.asm.bind(back);
        }
        let (kept, count) = emit.kept();
        for pair in kept[..count].chunks_exact(2) {
            emit.asm.stp(Size::B64, Pair::pre(SP, -16), pair[1], pair[0]);
        }
        let spills = emit.frame - 8 * count as u32;
        if spills > 0 {
            emit.below_sp(SP, spills);
        }
    }

    /// Only the registers that it restores are changed.
    fn epilogue(emit: &mut Emit<'_>) {
        let (kept, count) = emit.kept();
        let first = usize::from(emit.keeps_context) + usize::from(emit.keeps_base);
        let is_saved = |reg: Gpr| CONVENTION.regs.callee_saved.contains(int(reg));
        if emit.frame == 8 * count as u32
            && kept[..count].chunks_exact(2).all(|pair| pair.iter().any(|&reg| is_saved(reg)))
        {
            // There is nothing else: taken from the stack. The VmContext is already that of whoever is jumped to.
            let restored = |reg: Gpr| if is_saved(reg) { reg } else { XZR };
            for pair in kept[..count].chunks_exact(2).rev() {
                emit.asm.ldp(Size::B64, restored(pair[1]), restored(pair[0]), Pair::post(SP, 16));
            }
        } else {
            let mut nth = first;
            while nth < count && is_saved(kept[nth]) {
                let at = -8 * (nth as i32 + 1);
                if nth + 1 < count && is_saved(kept[nth + 1]) {
                    emit.asm.ldp(Size::B64, kept[nth + 1], kept[nth], Pair::base(FP, at - 8));
                    nth += 2;
                } else {
                    emit.asm.load(LoadOp::LdrX, kept[nth], Mem::base(FP, at));
                    nth += 1;
                }
            }
            if emit.frame > 0 {
                emit.asm.mov_rr(Size::B64, SP, FP);
            }
        }
        emit.asm.ldp(Size::B64, FP, LR, Pair::post(SP, 16));
        emit.asm.authenticate();
    }

    fn reload_pins(emit: &mut Emit<'_>) {
        if emit.keeps_base {
            emit.asm.ldp(Size::B64, MEMORY_BASE, VM_CONTEXT, Pair::base(FP, BASE_AT));
        } else {
            emit.asm.load(LoadOp::LdrX, VM_CONTEXT, Mem::base(FP, CONTEXT_AT));
        }
    }

    fn load_cell(emit: &mut Emit<'_>, to: PReg, cell: u16) {
        let from = emit.cell(cell);
        match to.class() {
            RegClass::Int => emit.asm.load(LoadOp::LdrX, gpr(to), from),
            RegClass::Vector => emit.asm.vec_load(Width::Q, vector_reg(to), from),
        }
    }

    fn store_cell(emit: &mut Emit<'_>, cell: u16, from: PReg) {
        let to = emit.cell(cell);
        match from.class() {
            RegClass::Int => emit.asm.store(Size::B64, to, gpr(from)),
            RegClass::Vector => emit.asm.vec_store(Width::Q, to, vector_reg(from)),
        }
    }

    fn call(emit: &mut Emit<'_>, func: u32) {
        match emit.s.machine.entry {
            Some(entry) if func == emit.settings.func && emit.settings.direct_recursion => emit.asm.bl(entry),
            _ => {
                emit.load_slot(func);
                emit.asm.blr(SCRATCH);
            }
        }
    }

    fn tail_call(emit: &mut Emit<'_>, func: u32) {
        emit.load_slot(func);
        emit.asm.br(SCRATCH);
    }

    /// The state goes to the second scratch register.
    fn load_callee(emit: &mut Emit<'_>, mut base: Gpr, mut offset: u32) {
        let VmLayout { func_ref_state, func_ref_ctx, func_ref_size, .. } = emit.settings.layout;
        if !Mem::fits((offset + func_ref_size).into(), 8) {
            // What is left fits into any load.
            let high = offset & !0xfff;
            match AddImm::new(high.into()) {
                Some(high) => emit.asm.add_imm(AddOp::Add, Size::B64, SCRATCH, base, high),
                None => {
                    emit.asm.mov_imm(Size::B64, SCRATCH, high.into());
                    emit.asm.add_rr(AddOp::Add, Size::B64, SCRATCH, base, SCRATCH);
                }
            }
            (base, offset) = (SCRATCH, offset - high);
        }
        let (state, ctx) = (offset + func_ref_state, offset + func_ref_ctx);
        if ctx == state + 8 && Pair::fits(state.into(), 8) {
            emit.asm.ldp(Size::B64, SCRATCH2, VM_CONTEXT, Pair::base(base, state as i32));
        } else {
            emit.asm.load_word(SCRATCH2, base, state);
            emit.asm.load_word(VM_CONTEXT, base, ctx);
        }
    }

    fn call_loaded(emit: &mut Emit<'_>) {
        emit.asm.load_word(SCRATCH, SCRATCH2, emit.settings.layout.state_native);
        emit.asm.blr(SCRATCH);
    }

    fn jump_loaded(emit: &mut Emit<'_>) {
        emit.asm.load_word(SCRATCH, SCRATCH2, emit.settings.layout.state_native);
        emit.asm.br(SCRATCH);
    }

    fn jump_if_host(emit: &mut Emit<'_>, host: Label) {
        let index = Mem::base(SCRATCH2, emit.settings.layout.state_index as i32);
        emit.asm.load(LoadOp::LdrW, SCRATCH, index);
        const { assert!(HOST_INDEX == u32::MAX) };
        emit.asm.cmn_imm(Size::B32, SCRATCH, ONE);
        emit.asm.b_cond(Cond::Eq, host);
    }

    fn jump_if_stopped(emit: &mut Emit<'_>, store: Gpr, stopped: Label) {
        emit.asm.load_word(SCRATCH, store, emit.settings.layout.store_stack_limit);
        // No address of a program has the highest bit set; an interrupt's mark is all ones.
        emit.asm.tbnz(SCRATCH, 63, stopped);
    }

    fn charge(emit: &mut Emit<'_>, cost: u32, out: Option<Label>) {
        let op = if out.is_some() { AddOp::Subs } else { AddOp::Sub };
        if let Some(imm) = AddImm::new(cost.into()) {
            emit.asm.add_imm(op, Size::B64, FUEL, FUEL, imm);
        } else {
            emit.asm.mov_imm(Size::B64, SCRATCH, cost.into());
            emit.asm.add_rr(op, Size::B64, FUEL, FUEL, SCRATCH);
        }
        if let Some(out) = out {
            emit.asm.b_cond(Cond::Mi, out);
        }
    }

    fn jump_if_number(emit: &mut Emit<'_>, reg: Gpr, number: u32, equal: bool, label: Label) {
        match (number, equal) {
            (0, true) => return emit.asm.cbz(Size::B32, reg, label),
            (0, false) => return emit.asm.cbnz(Size::B32, reg, label),
            _ => emit.compare_number(reg, number),
        }
        emit.asm.b_cond(if equal { Cond::Eq } else { Cond::Ne }, label);
    }

    /// No branch that could be predicted wrongly, to somewhere behind the table; the first entry is the default's.
    fn jump_table(emit: &mut Emit<'_>, block: u32, first: bool) {
        let succs = emit.low.code.blocks[block as usize].succs;
        let count = succs.end - succs.start;
        emit.asm.room(A64::ROOM + 4 * count);
        let (index, target) = (emit.gpr(0), emit.gpr(1));
        if first {
            let usual = emit.label(emit.target(block, 0));
            emit.asm.cbz(Size::B32, index, usual);
        }
        let table = emit.asm.new_label();
        emit.compare_number(index, count - 1);
        emit.asm.select(SelectOp::Csinc, Size::B32, SCRATCH, XZR, index, Cond::Hs);
        emit.asm.adr(SCRATCH2, table);
        let entry = Mem::Index { base: SCRATCH2, index: SCRATCH, extend: Extend::Uxtx, scaled: true };
        emit.asm.load(LoadOp::Ldrsw, target, entry);
        emit.asm.add_rr(AddOp::Add, Size::B64, target, SCRATCH2, target);
        // Not through the scratch registers, as whose jumps count as calls: see `Hint::BtiC`.
        emit.asm.br(target);
        emit.asm.bind(table);
        for nth in [count - 1].into_iter().chain(0..count - 1) {
            let target = emit.label(emit.target(block, nth));
            emit.asm.table_entry(table, target);
        }
    }

    fn slow(emit: &mut Emit<'_>, slow: Slow, label: Label) {
        emit.asm.bind(label);
        let Slow::FloatToInt(back) = slow;
        emit.float_to_int_slow(back);
    }
}

impl Emit<'_> {
    /// What is kept below the frame pointer, a word each from the top: pins, then saved registers. An odd number is filled
    /// up with the frame pointer itself, in what may be the last cell of the spill area.
    fn kept(&self) -> ([Gpr; 12], usize) {
        let mut regs = [FP; 12];
        let mut count = 0;
        let pins = [(self.keeps_context, VM_CONTEXT), (self.keeps_base, MEMORY_BASE)];
        let saved = self.saved_regs();
        let saved = saved.iter().map(gpr);
        for reg in pins.into_iter().filter_map(|(is, reg)| is.then_some(reg)).chain(saved) {
            regs[count] = reg;
            count += 1;
        }
        (regs, count.next_multiple_of(2))
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

    /// `cmp reg, number`, of 32 bits.
    fn compare_number(&mut self, reg: Gpr, number: u32) {
        if let Some(imm) = AddImm::new(number.into()) {
            self.asm.cmp_imm(Size::B32, reg, imm);
        } else {
            self.asm.mov_imm(Size::B32, SCRATCH, number.into());
            self.asm.cmp_rr(Size::B32, reg, SCRATCH);
        }
    }

    /// `cmp sp, reg`
    fn compare_sp(&mut self, reg: Gpr) {
        self.asm.add_extend(AddOp::Subs, Size::B64, XZR, SP, reg, Extend::Uxtx, 0);
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
        self.asm.load_word(SCRATCH, VM_CONTEXT, layout.ctx_store);
        self.asm.load_word(SCRATCH, SCRATCH, layout.store_overflow);
        let offset = i64::from(u32::from(cell) * OVERFLOW_CELL);
        if Mem::fits(offset, 8) {
            return Mem::base(SCRATCH, offset as i32);
        }
        self.asm.mov_imm(Size::B64, SCRATCH2, offset as u64);
        Mem::index(SCRATCH, SCRATCH2)
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
}

/// The immediate 1.
const ONE: AddImm = match AddImm::new(1) {
    Some(imm) => imm,
    None => unreachable!(),
};
