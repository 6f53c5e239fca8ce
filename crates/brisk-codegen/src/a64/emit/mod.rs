//! Emission: from allocated machine instructions to bytes.
//!
//! Blocks are written in order, the seldom reached ones behind the others; what follows a trap, a slow path or an
//! interrupt stands behind all blocks. Before each machine instruction the assembler is asked for room, so that branches
//! reach their labels in functions of any size.

mod control;
mod float;
mod int;
mod simd;

use super::asm::*;
use super::convention::*;
use super::inst::{Address, Base, Index, Inst, LogicRhs, Rhs, Test};
use super::lower::Lowered;
use super::simd::SimdInst;
use crate::code::{self, Code, Site, SiteKind, Target};
use crate::convention::{CACHE_LINE, OVERFLOW_CELL};
use crate::emit::{Flow, MAX_PADDING, Positions};
use crate::ir::{Func, Libcall, NONE, TrapCode};
use crate::isa::Settings;
use crate::vcode::{Allocation, Loc, Move, RegClass};

/// More bytes than any machine instruction takes, its moves included one by one; but for a jump table.
const ROOM: u32 = 256;

/// What stands behind the blocks.
#[derive(Clone, Copy, Debug)]
enum Cold {
    /// Raises a trap.
    Trap(TrapCode),
    /// Calls the runtime, keeping all registers, and goes back.
    Call(Libcall, Label),
    /// A float that may be out of an integer's range.
    FloatToInt(Label),
    /// A tail call of a host function.
    HostTailCall,
}

/// Recycled state of emission.
#[derive(Default)]
pub struct Emitter {
    labels: Vec<Label>,
    cold: Vec<(Label, Cold, u32)>,
    flow: Flow,
    positions: Positions,
    /// For each handler of a call: (return address, tag, block).
    landings: Vec<(u32, Option<u32>, u32)>,
    /// For each block, whether a jump table leads there; empty unless that has to be marked.
    table_targets: Vec<bool>,
}

impl Emitter {
    /// Where a block of the function emitted last begins; `None` if it was left out.
    pub fn block_offset(&self, asm: &Assembler, block: u32) -> Option<u32> {
        asm.label_offset(*self.labels.get(block as usize)?)
    }
}

struct Emit<'a> {
    asm: &'a mut Assembler,
    low: &'a Lowered,
    alloc: &'a Allocation,
    settings: &'a Settings,
    func: &'a Func,
    s: &'a mut Emitter,
    out: &'a mut Code,
    /// Index of the instruction at hand and its first operand.
    inst: usize,
    first: usize,
    /// Bytes from the frame pointer down to the stack pointer, where the spill area is.
    frame: u32,
    /// Whether the VmContext, and the base of memory 0, are kept in the frame.
    keeps_context: bool,
    keeps_base: bool,
    /// Whether anything is called.
    calls: bool,
    /// Whether the stack limit is looked at, and an interrupt noticed, at the function's entry.
    checks: bool,
    /// The function's entry.
    entry: Label,
    /// The comparison whose flags stand, and where its operands are: one that traps has been made, and what comes next may
    /// ask for the same again, to mask what a mispredicted trap would let through.
    compared: Option<(Inst, Loc, Option<Loc>)>,
    /// Whether that has happened: the selection by it is the mask.
    masks: bool,
}

/// Emits a function.
pub fn emit(
    state: &mut Emitter,
    asm: &mut Assembler,
    low: &Lowered,
    alloc: &Allocation,
    func: &Func,
    settings: &Settings,
    out: &mut Code,
) {
    asm.clear();
    let Code { bytes, entry, outside_entry, relocs, sites, positions, handlers, frame_size } = out;
    bytes.clear();
    relocs.clear();
    sites.clear();
    positions.clear();
    handlers.clear();
    (*entry, *outside_entry, *frame_size) = (0, 0, 0);
    let entry = asm.new_label();
    let mut emit = Emit {
        asm: &mut *asm,
        low,
        alloc,
        settings,
        func,
        s: state,
        out: &mut *out,
        inst: 0,
        first: 0,
        frame: 0,
        keeps_context: false,
        keeps_base: false,
        calls: false,
        checks: false,
        entry,
        compared: None,
        masks: false,
    };
    emit.function();
    let assembled = asm.finish();
    out.bytes.extend_from_slice(assembled.code);
    out.relocs.extend(assembled.relocs.iter().map(|reloc| code::Reloc {
        at: reloc.at,
        target: Target::from_number(reloc.symbol.0),
        addend: 0,
        kind: reloc.kind,
    }));
    out.sites.sort_by_key(|site| site.at);
    out.handlers.sort_by_key(|handler| handler.at);
}

impl Emit<'_> {
    fn function(&mut self) {
        self.frame_layout();
        let blocks = self.low.code.blocks.len();
        self.s.labels.clear();
        self.s.cold.clear();
        self.s.landings.clear();
        self.s.positions.clear(self.func);
        for _ in 0..blocks {
            let label = self.asm.new_label();
            self.s.labels.push(label);
        }
        self.s.flow.find(&self.low.code, self.alloc, |inst| *inst == Inst::Jmp);
        self.find_table_targets();
        self.prologue();
        for nth in 0..self.s.flow.order.len() {
            let block = self.s.flow.order[nth];
            let next = self.s.flow.order.get(nth + 1).copied().unwrap_or(NONE);
            self.block(block, next);
        }
        self.behind();
        for at in 0..self.s.landings.len() {
            let (at, tag, block) = self.s.landings[at];
            let landing = self.asm.label_offset(self.s.labels[block as usize]);
            let landing = landing.unwrap_or_else(|| unreachable!("a handler's block is never left out"));
            self.out.handlers.push(code::Handler { at, tag, landing });
        }
    }

    fn block(&mut self, block: u32, next: u32) {
        let data = self.low.code.blocks[block as usize];
        self.asm.room(ROOM);
        if self.low.small_loops[block as usize] && !data.cold {
            let padding = self.asm.offset().next_multiple_of(CACHE_LINE) - self.asm.offset();
            if padding <= MAX_PADDING {
                self.asm.align(CACHE_LINE);
            }
        }
        let label = self.s.labels[block as usize];
        self.asm.bind(label);
        if self.s.table_targets.get(block as usize) == Some(&true) {
            self.asm.hint(Hint::BtiJ);
        }
        self.compared = None;
        let insts = data.insts.indices();
        let mut group = self.alloc.groups.partition_point(|&(inst, _)| (inst as usize) < insts.start);
        for inst in insts {
            while let Some(&(at, moves)) = self.alloc.groups.get(group) {
                if at as usize != inst {
                    break;
                }
                self.moves(moves);
                self.compared = None;
                group += 1;
            }
            self.inst = inst;
            self.first = inst.checked_sub(1).map_or(0, |at| self.low.code.operand_ends[at] as usize);
            self.asm.room(ROOM);
            self.emit_inst(block, next);
        }
    }

    /// Where indirect jumps may lead to, for a processor that looks.
    fn find_table_targets(&mut self) {
        self.s.table_targets.clear();
        if !self.asm.features().bti {
            return;
        }
        let code = &self.low.code;
        self.s.table_targets.resize(code.blocks.len(), false);
        for (number, block) in (0..).zip(&code.blocks) {
            if block.insts.end > block.insts.start
                && matches!(code.insts[block.insts.end as usize - 1], Inst::JmpTable { .. })
            {
                for nth in 0..block.succs.end - block.succs.start {
                    let target = self.s.flow.target(code, number, nth);
                    self.s.table_targets[target as usize] = true;
                }
            }
        }
    }

    fn target(&self, block: u32, edge: u32) -> u32 {
        self.s.flow.target(&self.low.code, block, edge)
    }

    // Operands.

    fn loc(&self, nth: usize) -> Loc {
        self.alloc.locs[self.first + nth]
    }

    fn gpr(&self, nth: usize) -> Gpr {
        match self.loc(nth) {
            Loc::Reg(reg) => Gpr(reg.number()),
            Loc::Slot(_) => unreachable!("operand {nth} of {:?} must be in a register", self.current()),
        }
    }

    fn fpr(&self, nth: usize) -> Fpr {
        match self.loc(nth) {
            Loc::Reg(reg) => Fpr(reg.number()),
            Loc::Slot(_) => unreachable!("operand {nth} of {:?} must be in a register", self.current()),
        }
    }

    fn current(&self) -> &Inst {
        &self.low.code.insts[self.inst]
    }

    /// How many operands the instruction at hand has.
    fn operands(&self) -> usize {
        self.low.code.operand_ends[self.inst] as usize - self.first
    }

    /// An address whose operands begin at the one with a number, for an access of so many bytes that comes next; notes
    /// that as a place where a fault is a trap.
    fn mem(&mut self, address: Address, nth: usize, bytes: u32) -> Mem {
        let (base, nth) = match address.base {
            Base::Memory => (MEMORY_BASE, nth),
            Base::Context => (VM_CONTEXT, nth),
            Base::Reg => (self.gpr(nth), nth + 1),
        };
        let last = address.offset + i64::from(bytes) - 1;
        let fits = Mem::fits(address.offset, bytes) && (!address.probe || Mem::fits(last, 1));
        let mem = match address.index {
            Index::None if fits => Mem::base(base, address.offset as i32),
            Index::None => {
                self.asm.mov_imm(Size::B64, SCRATCH, address.offset as u64);
                if address.probe {
                    self.asm.add_rr(AddOp::Add, Size::B64, SCRATCH, base, SCRATCH);
                    Mem::base(SCRATCH, 0)
                } else {
                    Mem::index(base, SCRATCH)
                }
            }
            index if address.offset == 0 && !address.probe => {
                let reg = self.gpr(nth);
                match index {
                    Index::Low => Mem::uxtw(base, reg),
                    Index::Shifted(shift) => {
                        Mem::Index { base, index: reg, extend: Extend::Uxtx, scaled: shift != 0 }
                    }
                    Index::None => Mem::base(base, 0),
                }
            }
            index => {
                let reg = self.gpr(nth);
                match index {
                    Index::Low => {
                        self.asm.add_extend(AddOp::Add, Size::B64, SCRATCH, base, reg, Extend::Uxtw, 0);
                    }
                    Index::Shifted(shift) => {
                        self.asm.add_shift(AddOp::Add, Size::B64, SCRATCH, base, reg, Shift::Lsl, shift);
                    }
                    Index::None => {}
                }
                if fits {
                    Mem::base(SCRATCH, address.offset as i32)
                } else {
                    self.asm.mov_imm(Size::B64, SCRATCH2, address.offset as u64);
                    if address.probe {
                        self.asm.add_rr(AddOp::Add, Size::B64, SCRATCH, SCRATCH, SCRATCH2);
                        Mem::base(SCRATCH, 0)
                    } else {
                        Mem::index(SCRATCH, SCRATCH2)
                    }
                }
            }
        };
        if let (true, Mem::Offset { base, offset }) = (address.probe, mem) {
            self.site(SiteKind::Fault);
            self.asm.load(LoadOp::Ldrb, XZR, Mem::base(base, offset + bytes as i32 - 1));
        }
        if address.traps {
            self.site(SiteKind::Fault);
        }
        mem
    }

    /// Notes the place at hand: the instruction that comes next, or the return address just passed.
    fn site(&mut self, kind: SiteKind) {
        let position = self.low.positions[self.inst];
        let Emit { func, settings, out, .. } = self;
        let position = self.s.positions.of(func, settings.func, position, &mut out.positions);
        out.sites.push(Site { at: self.asm.offset(), kind, position });
    }

    // Moves.

    /// A group of moves; those that are stored to or loaded from slots side by side go together.
    fn moves(&mut self, moves: crate::ir::Range) {
        let mut at = moves.indices();
        while let Some(nth) = at.next() {
            self.asm.room(ROOM);
            let copy = self.alloc.moves[nth];
            if at.start < at.end && self.pair(&copy, &self.alloc.moves[at.start]) {
                at.next();
                continue;
            }
            self.copy(&copy);
        }
    }

    /// Two moves as one, if they can be.
    fn pair(&mut self, first: &Move, second: &Move) -> bool {
        let offset = |low: u32| Pair::fits(8 * i64::from(low), 8).then_some(8 * low as i32);
        match (first.from, first.to, second.from, second.to) {
            (Some(Loc::Reg(a)), Loc::Slot(x), Some(Loc::Reg(b)), Loc::Slot(y))
                if a.class() == RegClass::Int && b.class() == RegClass::Int && x.abs_diff(y) == 1 =>
            {
                let Some(offset) = offset(x.min(y)) else { return false };
                let (low, high) = if x < y { (a, b) } else { (b, a) };
                let mem = Pair::base(SP, offset);
                self.asm.stp(Size::B64, mem, Gpr(low.number()), Gpr(high.number()));
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
                self.asm.ldp(Size::B64, Gpr(low.number()), Gpr(high.number()), mem);
                true
            }
            _ => false,
        }
    }

    /// A cell of the spill area, for an access of so many bytes. Uses the second scratch register.
    fn slot(&mut self, cell: u32, bytes: u32) -> Mem {
        let offset = 8 * i64::from(cell);
        if Mem::fits(offset, bytes) {
            return Mem::base(SP, offset as i32);
        }
        self.asm.mov_imm(Size::B64, SCRATCH2, offset as u64);
        Mem::index(SP, SCRATCH2)
    }

    fn copy(&mut self, copy: &Move) {
        let wide = copy.wide;
        let Some(from) = copy.from else {
            let inst = self.low.code.insts[copy.remat as usize];
            match copy.to {
                Loc::Reg(reg) => self.make_constant(inst, reg.class(), reg.number()),
                Loc::Slot(slot) => {
                    if matches!(inst, Inst::Imm(_) | Inst::Place(_) | Inst::StoreAddress) {
                        let to = self.slot(slot, 8);
                        self.make_constant(inst, RegClass::Int, SCRATCH.0);
                        self.asm.store(Size::B64, to, SCRATCH);
                    } else {
                        self.make_constant(inst, RegClass::Vector, SCRATCH_VECTOR.0);
                        self.store_vector(slot, SCRATCH_VECTOR, wide);
                    }
                }
            }
            return;
        };
        match (from, copy.to) {
            (Loc::Reg(from), Loc::Reg(to)) => match to.class() {
                RegClass::Int => self.asm.mov_rr(Size::B64, Gpr(to.number()), Gpr(from.number())),
                RegClass::Vector => self.asm.vec_mov(Fpr(to.number()), Fpr(from.number())),
            },
            (Loc::Reg(from), Loc::Slot(slot)) => match from.class() {
                RegClass::Int => {
                    let to = self.slot(slot, 8);
                    self.asm.store(Size::B64, to, Gpr(from.number()));
                }
                RegClass::Vector => self.store_vector(slot, Fpr(from.number()), wide),
            },
            (Loc::Slot(slot), Loc::Reg(to)) => match to.class() {
                RegClass::Int => {
                    let from = self.slot(slot, 8);
                    self.asm.load(LoadOp::LdrX, Gpr(to.number()), from);
                }
                RegClass::Vector => self.load_vector(Fpr(to.number()), slot, wide),
            },
            (Loc::Slot(from), Loc::Slot(to)) => {
                if wide {
                    self.load_vector(SCRATCH_VECTOR, from, true);
                    self.store_vector(to, SCRATCH_VECTOR, true);
                } else {
                    let from = self.slot(from, 8);
                    self.asm.load(LoadOp::LdrX, SCRATCH, from);
                    let to = self.slot(to, 8);
                    self.asm.store(Size::B64, to, SCRATCH);
                }
            }
        }
    }

    fn store_vector(&mut self, to: u32, from: Fpr, wide: bool) {
        let width = if wide { Width::Q } else { Width::D };
        let to = self.slot(to, width.bytes());
        self.asm.vec_store(width, to, from);
    }

    fn load_vector(&mut self, to: Fpr, from: u32, wide: bool) {
        let width = if wide { Width::Q } else { Width::D };
        let from = self.slot(from, width.bytes());
        self.asm.vec_load(width, to, from);
    }

    /// A constant into a register. Leaves the flags alone, and all registers but the second scratch one.
    fn make_constant(&mut self, inst: Inst, class: RegClass, number: u8) {
        match inst {
            Inst::Imm(bits) if class == RegClass::Int => self.asm.mov_imm(Size::B64, Gpr(number), bits),
            Inst::Place(offset) => {
                let dst = Gpr(number);
                if let Some(imm) = AddImm::new(offset) {
                    self.asm.add_imm(AddOp::Add, Size::B64, dst, MEMORY_BASE, imm);
                } else if let (Some(high), Some(low)) =
                    (AddImm::new(offset & !0xfff), AddImm::new(offset & 0xfff))
                {
                    self.asm.add_imm(AddOp::Add, Size::B64, dst, MEMORY_BASE, high);
                    self.asm.add_imm(AddOp::Add, Size::B64, dst, dst, low);
                } else {
                    self.asm.mov_imm(Size::B64, dst, offset);
                    self.asm.add_rr(AddOp::Add, Size::B64, dst, MEMORY_BASE, dst);
                }
            }
            Inst::StoreAddress => {
                let store = self.settings.layout.ctx_store;
                self.asm.load(LoadOp::LdrX, Gpr(number), Mem::base(VM_CONTEXT, store as i32));
            }
            Inst::VecImm(bits) => self.float_constant(Fpr(number), bits),
            Inst::VecConst(index) => {
                let bits = self.func.vectors[index as usize];
                self.vector_constant(Fpr(number), bits);
            }
            Inst::Simd(inst) => self.simd_constant(inst, Fpr(number)),
            _ => unreachable!("{inst:?} is no constant"),
        }
    }

    /// Low bits of a vector register, the rest 0.
    fn float_constant(&mut self, dst: Fpr, bits: u64) {
        let single = (bits >> 32 == 0).then(|| FloatImm::new(Size::B32, bits)).flatten();
        if bits == 0 {
            self.asm.vec_zero(dst);
        } else if let Some(imm) = single {
            self.asm.fmov_imm(Size::B32, dst, imm);
        } else if let Some(imm) = FloatImm::new(Size::B64, bits) {
            self.asm.fmov_imm(Size::B64, dst, imm);
        } else if bits >> 32 == 0 {
            let label = self.asm.constant4(bits as u32);
            self.asm.vec_load(Width::S, dst, Mem::Label(label));
        } else {
            let label = self.asm.constant8(bits);
            self.asm.vec_load(Width::D, dst, Mem::Label(label));
        }
    }

    fn vector_constant(&mut self, dst: Fpr, bits: u128) {
        if let Some(imm) = VecImm::new(bits) {
            self.asm.vec_imm(dst, imm);
        } else {
            let label = self.asm.constant16(bits);
            self.asm.vec_load(Width::Q, dst, Mem::Label(label));
        }
    }

    fn emit_inst(&mut self, block: u32, next: u32) {
        let inst = *self.current();
        if self.is_compared(inst) {
            return;
        }
        if self.emit_int(inst) || self.emit_float(inst) {
            return;
        }
        self.emit_control(inst, block, next);
    }

    /// Whether an instruction sets the flags as they are.
    fn is_compared(&mut self, inst: Inst) -> bool {
        let known = self.compared.take();
        match inst {
            Inst::Cmp(_, rhs) => {
                let second = if matches!(rhs, Rhs::Imm(_)) { None } else { Some(self.loc(1)) };
                self.compared = Some((inst, self.loc(0), second));
                self.masks = known.is_some() && known == self.compared;
                self.masks
            }
            Inst::TrapIf(Test::Flags(_), _) => {
                self.compared = known;
                false
            }
            _ => false,
        }
    }

    /// A label behind the blocks.
    fn cold(&mut self, cold: Cold) -> Label {
        let label = self.asm.new_label();
        self.s.cold.push((label, cold, self.inst as u32));
        label
    }

    /// Writes what stands behind the blocks.
    fn behind(&mut self) {
        let mut at = 0;
        while let Some(&(label, cold, inst)) = self.s.cold.get(at) {
            self.inst = inst as usize;
            self.first = self.inst.checked_sub(1).map_or(0, |at| self.low.code.operand_ends[at] as usize);
            self.asm.room(ROOM);
            self.asm.bind(label);
            match cold {
                Cold::Trap(code) => self.raise(code),
                Cold::Call(libcall, back) => {
                    self.asm.call_symbol(Symbol(Target::Libcall(libcall).number()));
                    self.site(SiteKind::Return);
                    self.asm.b(back);
                }
                Cold::FloatToInt(back) => self.float_to_int_slow(back),
                Cold::HostTailCall => self.host_tail_call(),
            }
            at += 1;
        }
    }

    fn raise(&mut self, code: TrapCode) {
        self.asm.call_symbol(Symbol(Target::Trap(code).number()));
        self.site(SiteKind::Return);
    }
}
