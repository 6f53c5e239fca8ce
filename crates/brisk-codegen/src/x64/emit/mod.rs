//! Emission: from allocated machine instructions to bytes.
//!
//! Blocks are written in order, the seldom reached ones behind the others; what follows a trap, a slow path or an
//! interrupt stands behind all blocks.

mod control;
mod float;
mod int;
mod simd;

use super::asm::*;
use super::convention::*;
use super::inst::*;
use super::lower::Lowered;
use super::simd::SimdInst;
use crate::code::{self, Code, RelocKind, Site, SiteKind, Target};
use crate::convention::{CACHE_LINE, OVERFLOW_CELL};
use crate::emit::{Flow, MAX_PADDING, Positions};
use crate::ir::{Func, Libcall, NONE, TrapCode};
use crate::isa::Settings;
use crate::vcode::{Allocation, Loc, Move, RegClass};

/// What stands behind the blocks.
#[derive(Clone, Copy, Debug)]
enum Cold {
    /// Raises a trap.
    Trap(TrapCode),
    /// Calls the runtime, keeping all registers, and goes back.
    Call(Libcall, Label),
    /// A float that `cvtt` could not convert.
    FloatToInt(Label),
    /// A division by -1.
    DivMinusOne(Label),
    /// A tail call of a host function.
    HostTailCall,
    /// A jump table: the block.
    Table(u32),
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
    /// The register whose value, of a size, the flags tell from zero and the sign of.
    flags: Option<(Gpr, Size)>,
    /// Bytes from the frame pointer down to the spill area's first cell.
    frame: i32,
    /// Whether the VmContext, and the base of memory 0, are kept in the frame.
    keeps_context: bool,
    keeps_base: bool,
    /// Whether anything is called.
    calls: bool,
    /// Whether the stack limit is looked at, and an interrupt noticed, at the function's entry.
    checks: bool,
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
        flags: None,
        frame: 0,
        keeps_context: false,
        keeps_base: false,
        calls: false,
        checks: false,
    };
    emit.function();
    let assembled = asm.finish();
    out.bytes.extend_from_slice(assembled.code);
    out.relocs.extend(assembled.relocs.iter().map(|reloc| code::Reloc {
        at: reloc.at,
        target: Target::from_number(reloc.symbol.0),
        addend: reloc.addend,
        kind: RelocKind::Rel32,
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
        if self.low.small_loops[block as usize] && !data.cold {
            let padding = self.asm.offset().next_multiple_of(CACHE_LINE) - self.asm.offset();
            if padding <= MAX_PADDING {
                self.asm.align(CACHE_LINE);
            }
        }
        self.bind(block);
        self.flags = None;
        let insts = data.insts.indices();
        let mut group = self.alloc.groups.partition_point(|&(inst, _)| (inst as usize) < insts.start);
        for inst in insts {
            while let Some(&(at, moves)) = self.alloc.groups.get(group) {
                if at as usize != inst {
                    break;
                }
                for at in moves.indices() {
                    let copy = self.alloc.moves[at];
                    self.copy(&copy);
                }
                self.flags = None;
                group += 1;
            }
            self.inst = inst;
            self.first = inst.checked_sub(1).map_or(0, |at| self.low.code.operand_ends[at] as usize);
            // What a test would tell, the arithmetic before it has told.
            if let Inst::Test(size) = self.low.code.insts[inst]
                && self.gpr(0) == self.gpr(1)
                && self.flags == Some((self.gpr(0), size))
            {
                continue;
            }
            self.emit_inst(block, next);
            self.flags = self.told();
        }
    }

    /// What the flags tell behind the instruction at hand.
    fn told(&self) -> Option<(Gpr, Size)> {
        use AluOp::{Add, And, Or, Sub, Xor};
        match *self.current() {
            Inst::Alu(Add | Sub | And | Or | Xor, size)
            | Inst::AluImm(Add | Sub | And | Or | Xor, size, _)
            | Inst::AluMem(Add | Sub | And | Or | Xor, size, _) => Some((self.gpr(0), size)),
            // Into another register it is a `lea`.
            Inst::AddImm(size, _) if self.gpr(0) == self.gpr(1) => Some((self.gpr(0), size)),
            Inst::Add(size) if self.gpr(0) == self.gpr(1) || self.gpr(0) == self.gpr(2) => {
                Some((self.gpr(0), size))
            }
            _ => None,
        }
    }

    fn bind(&mut self, block: u32) {
        self.asm.bind(self.s.labels[block as usize]);
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

    fn xmm(&self, nth: usize) -> Xmm {
        match self.loc(nth) {
            Loc::Reg(reg) => Xmm(reg.number()),
            Loc::Slot(_) => unreachable!("operand {nth} of {:?} must be in a register", self.current()),
        }
    }

    fn rm(&self, nth: usize) -> Rm {
        match self.loc(nth) {
            Loc::Reg(reg) => Rm::Reg(Gpr(reg.number())),
            Loc::Slot(slot) => Rm::Mem(self.slot(slot)),
        }
    }

    fn rmx(&self, nth: usize) -> RmX {
        match self.loc(nth) {
            Loc::Reg(reg) => RmX::Reg(Xmm(reg.number())),
            Loc::Slot(slot) => RmX::Mem(self.slot(slot)),
        }
    }

    fn current(&self) -> &Inst {
        &self.low.code.insts[self.inst]
    }

    fn slot(&self, cell: u32) -> Mem {
        Mem::base(RBP, 8 * cell as i32 - self.frame)
    }

    /// An address whose operands begin at the one with a number; notes the instruction that comes next as a place where
    /// a fault is a trap.
    fn mem(&mut self, address: Address, nth: usize) -> Mem {
        if address.traps {
            self.site(SiteKind::Fault);
        }
        let Address { disp, base, index, scale, .. } = address;
        let scale = Scale::ALL[usize::from(scale)];
        let (base, nth) = match base {
            Base::None => (None, nth),
            Base::Memory => (Some(MEMORY_BASE), nth),
            Base::Context => (Some(VM_CONTEXT), nth),
            Base::Reg => (Some(self.gpr(nth)), nth + 1),
        };
        match (base, index) {
            (Some(base), true) => Mem::index(base, self.gpr(nth), scale, disp),
            (Some(base), false) => Mem::base(base, disp),
            (None, _) => Mem::scaled(self.gpr(nth), scale, disp),
        }
    }

    /// Notes the place at hand: the instruction that comes next, or the return address just passed.
    fn site(&mut self, kind: SiteKind) {
        self.site_of(kind, self.low.positions[self.inst]);
    }

    fn site_of(&mut self, kind: SiteKind, position: u32) {
        let Emit { func, settings, out, .. } = self;
        let position = self.s.positions.of(func, settings.func, position, &mut out.positions);
        self.out.sites.push(Site { at: self.asm.offset(), kind, position });
    }

    // Moves.

    fn copy(&mut self, copy: &Move) {
        let Some(from) = copy.from else {
            let inst = self.low.code.insts[copy.remat as usize];
            match copy.to {
                Loc::Reg(reg) => self.constant(inst, reg.class(), reg.number()),
                Loc::Slot(slot) => {
                    let to = self.slot(slot);
                    if matches!(inst, Inst::Imm(_) | Inst::StoreAddress) {
                        self.constant(inst, RegClass::Int, SCRATCH.0);
                        self.asm.mov_store(Size::B64, to, SCRATCH);
                    } else {
                        self.constant(inst, RegClass::Vector, SCRATCH_VECTOR.0);
                        self.store_vector(to, SCRATCH_VECTOR, copy.wide);
                    }
                }
            }
            return;
        };
        match (from, copy.to) {
            (Loc::Reg(from), Loc::Reg(to)) => match to.class() {
                RegClass::Int => self.asm.mov_rr(Size::B64, Gpr(to.number()), Gpr(from.number())),
                RegClass::Vector => self.asm.vec_mov(Xmm(to.number()), Xmm(from.number())),
            },
            (Loc::Reg(from), Loc::Slot(slot)) => {
                let to = self.slot(slot);
                match from.class() {
                    RegClass::Int => self.asm.mov_store(Size::B64, to, Gpr(from.number())),
                    RegClass::Vector => self.store_vector(to, Xmm(from.number()), copy.wide),
                }
            }
            (Loc::Slot(slot), Loc::Reg(to)) => {
                let from = self.slot(slot);
                match to.class() {
                    RegClass::Int => self.asm.mov_load(Size::B64, Gpr(to.number()), from),
                    RegClass::Vector => self.load_vector(Xmm(to.number()), from, copy.wide),
                }
            }
            (Loc::Slot(from), Loc::Slot(to)) => {
                let (from, to) = (self.slot(from), self.slot(to));
                if copy.wide {
                    self.load_vector(SCRATCH_VECTOR, from, true);
                    self.store_vector(to, SCRATCH_VECTOR, true);
                } else {
                    self.asm.mov_load(Size::B64, SCRATCH, from);
                    self.asm.mov_store(Size::B64, to, SCRATCH);
                }
            }
        }
    }

    fn store_vector(&mut self, to: Mem, from: Xmm, wide: bool) {
        self.asm.vec_store(if wide { VecOp::StoreMovups } else { VecOp::StoreMovsd }, to, from);
    }

    fn load_vector(&mut self, to: Xmm, from: Mem, wide: bool) {
        self.asm.vec_load(if wide { VecOp::Movups } else { VecOp::LoadMovsd }, to, from);
    }

    /// A constant into a register. Leaves the flags alone.
    fn constant(&mut self, inst: Inst, class: RegClass, number: u8) {
        match inst {
            Inst::Imm(bits) if class == RegClass::Int => self.asm.mov_imm64(Gpr(number), bits),
            Inst::StoreAddress => {
                let store = self.settings.layout.ctx_store;
                self.asm.mov_load(Size::B64, Gpr(number), Mem::base(VM_CONTEXT, store as i32));
            }
            Inst::VecImm(0) => self.asm.vec_zero(Xmm(number)),
            Inst::VecImm(bits) => {
                let label = self.asm.constant8(bits);
                self.asm.vec_load(VecOp::LoadMovsd, Xmm(number), Mem::label(label));
            }
            Inst::VecConst(index) => {
                let bits = self.func.vectors[index as usize];
                if bits == u128::MAX {
                    self.asm.vec_ones(Xmm(number));
                } else {
                    let label = self.asm.constant16(bits);
                    self.asm.vec_load(VecOp::Movaps, Xmm(number), Mem::label(label));
                }
            }
            Inst::Simd(SimdInst::Constant(constant)) => self.simd_constant(constant, Xmm(number)),
            _ => unreachable!("{inst:?} is no constant"),
        }
    }

    fn emit_inst(&mut self, block: u32, next: u32) {
        let inst = *self.current();
        if self.emit_int(inst) || self.emit_float(inst) {
            return;
        }
        self.emit_control(inst, block, next);
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
            if let Cold::Table(block) = cold {
                self.table(label, block);
            } else {
                self.asm.bind(label);
                match cold {
                    Cold::Trap(code) => self.raise(code),
                    Cold::Call(libcall, back) => {
                        self.asm.call_symbol(Symbol(Target::Libcall(libcall).number()));
                        self.site(SiteKind::Return);
                        self.asm.jmp(back);
                    }
                    Cold::FloatToInt(back) => self.float_to_int_slow(back),
                    Cold::DivMinusOne(back) => self.div_minus_one(back),
                    Cold::HostTailCall => self.host_tail_call(),
                    Cold::Table(_) => {}
                }
            }
            at += 1;
        }
    }

    fn raise(&mut self, code: TrapCode) {
        self.asm.call_symbol(Symbol(Target::Trap(code).number()));
        self.site(SiteKind::Return);
    }
}
