//! What emission asks of the machine: frames, calls, moves.

use super::*;
use crate::ir::Range;
use crate::layout::HOST_INDEX;

impl emit::Machine for X64 {
    type Assembler = Assembler;
    type Slow = Slow;
    type EmitState = Known;
    /// All branches reach their labels.
    const ROOM: u32 = 0;

    fn forget(emit: &mut Emit<'_>) {
        emit.s.machine.flags = None;
    }

    fn moved(emit: &mut Emit<'_>, moves: Range) {
        let is_written = |reg: Gpr| {
            let mut moves = emit.alloc.moves[moves.indices()].iter();
            moves.any(|one| matches!(one.to, Loc::Reg(to) if to.class() == RegClass::Int && gpr(to) == reg))
        };
        if emit.s.machine.flags.is_some_and(|(reg, _)| is_written(reg)) {
            emit.s.machine.flags = None;
        }
    }

    fn emit(emit: &mut Emit<'_>, inst: Inst, block: u32, next: u32) {
        // What a test would tell, the arithmetic before it has told.
        if let Inst::Test(size) = inst
            && emit.gpr(0) == emit.gpr(1)
            && emit.s.machine.flags == Some((emit.gpr(0), size))
        {
            return;
        }
        match inst {
            Inst::Common(inst) => emit.common(inst, block, next),
            Inst::Jcc(flags) => emit.branch(block, next, |emit, holds, label| {
                emit.jump_if(if holds { flags } else { flags.invert() }, label);
            }),
            Inst::TrapIf(flags, code) => {
                let cold = emit.cold(Cold::Trap(code));
                emit.jump_if(flags, cold);
            }
            _ => {
                if !emit.emit_int(inst) {
                    emit.emit_float(inst);
                }
            }
        }
        emit.s.machine.flags = emit.told();
    }

    fn constant(emit: &mut Emit<'_>, inst: Inst, to: PReg) {
        match inst {
            Inst::Common(Common::Int(bits)) => emit.asm.mov_imm64(gpr(to), bits),
            Inst::Common(Common::StoreAddress) => {
                emit.asm.load_word(gpr(to), VM_CONTEXT, emit.settings.layout.ctx_store);
            }
            Inst::Common(Common::Float(0)) => emit.asm.vec_zero(vector_reg(to)),
            Inst::Common(Common::Float(bits)) => {
                let label = emit.asm.constant8(bits);
                emit.asm.vec_load(VecOp::LoadMovsd, vector_reg(to), Mem::label(label));
            }
            Inst::Common(Common::Vector(index)) => {
                let bits = emit.func.vectors[index as usize];
                if bits == u128::MAX {
                    emit.asm.vec_ones(vector_reg(to));
                } else {
                    let label = emit.asm.constant16(bits);
                    emit.asm.vec_load(VecOp::Movaps, vector_reg(to), Mem::label(label));
                }
            }
            Inst::Simd(SimdInst::Constant(constant)) => emit.simd_constant(constant, vector_reg(to)),
            _ => unreachable!("{inst:?} is no constant"),
        }
    }

    fn load_spilled(emit: &mut Emit<'_>, to: PReg, cell: u32, wide: bool) {
        let from = emit.slot(cell);
        match to.class() {
            RegClass::Int => emit.asm.mov_load(Size::B64, gpr(to), from),
            RegClass::Vector => {
                let op = if wide { VecOp::Movups } else { VecOp::LoadMovsd };
                emit.asm.vec_load(op, vector_reg(to), from);
            }
        }
    }

    fn store_spilled(emit: &mut Emit<'_>, cell: u32, from: PReg, wide: bool) {
        let to = emit.slot(cell);
        match from.class() {
            RegClass::Int => emit.asm.mov_store(Size::B64, to, gpr(from)),
            RegClass::Vector => {
                let op = if wide { VecOp::StoreMovups } else { VecOp::StoreMovsd };
                emit.asm.vec_store(op, to, vector_reg(from));
            }
        }
    }

    fn prologue(emit: &mut Emit<'_>) {
        let layout = &emit.settings.layout;
        if emit.settings.pinned_memory {
            // What aligns the entry stands in front, where nobody comes by: the load takes 4 bytes.
            for _ in 0..12 {
                emit.asm.int3();
            }
            emit.out.outside_entry = emit.asm.offset();
            emit.asm.load_word(MEMORY_BASE, VM_CONTEXT, layout.ctx_memory_base);
            emit.asm.align(16);
        }
        emit.out.entry = emit.asm.offset();
        emit.asm.push(RBP);
        emit.asm.move_word(RBP, RSP);
        let frame = emit.frame as i32;
        if let Some((stopped, back)) = emit.stack_check() {
            emit.asm.load_word(SCRATCH, VM_CONTEXT, layout.ctx_store);
            let limit = Mem::base(SCRATCH, layout.store_stack_limit as i32);
            if emit.is_large() {
                // rax holds no argument.
                emit.asm.lea(Size::B64, RAX, Mem::base(RSP, -frame));
                emit.asm.alu(AluOp::Cmp, Size::B64, RAX, limit);
            } else {
                emit.asm.alu(AluOp::Cmp, Size::B64, RSP, limit);
            }
            emit.asm.jcc(Cond::B, stopped);
            emit.asm.bind(back);
        }
        if frame > 0 {
            emit.asm.alu_imm(AluOp::Sub, Size::B64, RSP, frame);
        }
        if emit.keeps_context {
            emit.asm.mov_store(Size::B64, Mem::base(RBP, -8), VM_CONTEXT);
        }
        if emit.keeps_base {
            emit.asm.mov_store(Size::B64, Mem::base(RBP, -16), MEMORY_BASE);
        }
        for (reg, at) in emit.saved() {
            emit.asm.mov_store(Size::B64, Mem::base(RBP, at), reg);
        }
    }

    fn epilogue(emit: &mut Emit<'_>) {
        for (reg, at) in emit.saved() {
            emit.asm.mov_load(Size::B64, reg, Mem::base(RBP, at));
        }
        if emit.frame > 0 {
            emit.asm.leave();
        } else {
            emit.asm.pop(RBP);
        }
    }

    fn reload_pins(emit: &mut Emit<'_>) {
        emit.asm.mov_load(Size::B64, VM_CONTEXT, Mem::base(RBP, -8));
        if emit.keeps_base {
            emit.asm.mov_load(Size::B64, MEMORY_BASE, Mem::base(RBP, -16));
        }
    }

    fn load_cell(emit: &mut Emit<'_>, to: PReg, cell: u16) {
        let from = emit.cell(cell);
        match to.class() {
            RegClass::Int => emit.asm.mov_load(Size::B64, gpr(to), from),
            RegClass::Vector => emit.asm.vec_load(VecOp::Movups, vector_reg(to), from),
        }
    }

    fn store_cell(emit: &mut Emit<'_>, cell: u16, from: PReg) {
        let to = emit.cell(cell);
        match from.class() {
            RegClass::Int => emit.asm.mov_store(Size::B64, to, gpr(from)),
            RegClass::Vector => emit.asm.vec_store(VecOp::StoreMovups, to, vector_reg(from)),
        }
    }

    fn call(emit: &mut Emit<'_>, func: u32) {
        let slot = emit.slot_of(func);
        emit.asm.call_rm(slot);
    }

    fn tail_call(emit: &mut Emit<'_>, func: u32) {
        let slot = emit.slot_of(func);
        emit.asm.jmp_rm(slot);
    }

    /// The state goes to the scratch register.
    fn load_callee(emit: &mut Emit<'_>, base: Gpr, offset: u32) {
        let layout = &emit.settings.layout;
        emit.asm.load_word(SCRATCH, base, offset + layout.func_ref_state);
        emit.asm.load_word(VM_CONTEXT, base, offset + layout.func_ref_ctx);
    }

    fn call_loaded(emit: &mut Emit<'_>) {
        emit.asm.call_rm(Mem::base(SCRATCH, emit.settings.layout.state_native as i32));
    }

    fn jump_loaded(emit: &mut Emit<'_>) {
        emit.asm.jmp_rm(Mem::base(SCRATCH, emit.settings.layout.state_native as i32));
    }

    fn jump_if_host(emit: &mut Emit<'_>, host: Label) {
        let index = Mem::base(SCRATCH, emit.settings.layout.state_index as i32);
        emit.asm.alu_imm(AluOp::Cmp, Size::B32, index, HOST_INDEX as i32);
        emit.asm.jcc(Cond::E, host);
    }

    fn jump_if_stopped(emit: &mut Emit<'_>, store: Gpr, stopped: Label) {
        let limit = Mem::base(store, emit.settings.layout.store_stack_limit as i32);
        emit.asm.alu(AluOp::Cmp, Size::B64, RSP, limit);
        emit.asm.jcc(Cond::B, stopped);
    }

    fn charge(emit: &mut Emit<'_>, cost: u32, out: Option<Label>) {
        let mut rest = cost;
        while rest > i32::MAX as u32 {
            emit.asm.alu_imm(AluOp::Sub, Size::B64, FUEL, i32::MAX);
            rest -= i32::MAX as u32;
        }
        emit.asm.alu_imm(AluOp::Sub, Size::B64, FUEL, rest as i32);
        if let Some(out) = out {
            emit.asm.jcc(Cond::S, out);
        }
    }

    fn jump_if_number(emit: &mut Emit<'_>, reg: Gpr, number: u32, equal: bool, label: Label) {
        match number {
            0 => emit.asm.test(Size::B32, reg, reg),
            _ => emit.asm.alu_imm(AluOp::Cmp, Size::B32, reg, number as i32),
        }
        emit.asm.jcc(if equal { Cond::E } else { Cond::Ne }, label);
    }

    fn jump_table(emit: &mut Emit<'_>, block: u32, first: bool) {
        let succs = emit.low.code.blocks[block as usize].succs;
        let last = succs.end - succs.start - 1;
        let (index, scratch) = (emit.gpr(0), emit.gpr(1));
        let table = emit.cold(Cold::Slow(Slow::Table(block)));
        if first {
            let usual = emit.label(emit.target(block, 0));
            emit.asm.test(Size::B32, index, index);
            emit.asm.jcc(Cond::E, usual);
        }
        // No branch that could be predicted wrongly, to somewhere behind the table; the last entry is the default's.
        emit.asm.mov_imm64(scratch, u64::from(last));
        emit.asm.alu(AluOp::Cmp, Size::B32, index, scratch);
        emit.asm.cmov(Cond::B, Size::B32, scratch, index);
        emit.asm.lea(Size::B64, SCRATCH, Mem::label(table));
        emit.asm.movsxd(scratch, Mem::index(SCRATCH, scratch, Scale::Four, 0));
        emit.asm.alu(AluOp::Add, Size::B64, scratch, SCRATCH);
        emit.asm.jmp_rm(scratch);
    }

    fn slow(emit: &mut Emit<'_>, slow: Slow, label: Label) {
        if let Slow::Table(block) = slow {
            return emit.table(label, block);
        }
        emit.asm.bind(label);
        match slow {
            Slow::FloatToInt(back) => emit.float_to_int_slow(back),
            Slow::DivMinusOne(back) => emit.div_minus_one(back),
            Slow::Table(_) => {}
        }
    }
}

impl Emit<'_> {
    /// Saved registers, and where from the frame pointer.
    fn saved(&self) -> impl Iterator<Item = (Gpr, i32)> + use<> {
        let first = -8 * (1 + i32::from(self.keeps_context) + i32::from(self.keeps_base));
        let regs = self.saved_regs();
        regs.iter().enumerate().map(move |(nth, reg)| (gpr(reg), first - 8 * nth as i32))
    }

    fn slot_of(&self, func: u32) -> Mem {
        Mem::symbol(Symbol(Target::Slot(func - self.settings.imported_funcs).number()))
    }

    /// A cell of the overflow area.
    fn cell(&mut self, cell: u16) -> Mem {
        let layout = &self.settings.layout;
        self.asm.load_word(SCRATCH, VM_CONTEXT, layout.ctx_store);
        self.asm.load_word(SCRATCH, SCRATCH, layout.store_overflow);
        Mem::base(SCRATCH, (u32::from(cell) * OVERFLOW_CELL) as i32)
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

    fn table(&mut self, label: Label, block: u32) {
        self.asm.align(4);
        self.asm.bind(label);
        let succs = self.low.code.blocks[block as usize].succs;
        for nth in 0..succs.end - succs.start {
            let target = self.label(self.target(block, nth));
            self.asm.table_entry(label, target);
        }
    }
}
