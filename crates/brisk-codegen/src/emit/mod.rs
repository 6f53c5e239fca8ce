//! Emission: from allocated machine instructions to bytes.
//!
//! Blocks are written in order, the seldom reached ones behind the others; what follows a trap, a slow path or an
//! interrupt stands behind all blocks. Before each machine instruction the assembler is asked for room, so that branches
//! reach their labels in functions of any size.
//!
//! What is said here holds for every machine: blocks, moves, frames, calls, where jumps lead. Each instruction set's `emit`
//! folder writes its instructions, as methods of its [`Emit`], which [`Machine::emit`] leads to.

mod control;
mod flow;
mod moves;
mod positions;

use crate::asm::{Assemble, Gpr, Label, Symbol, VectorReg};
use crate::code::{self, Code, Site, SiteKind, Target};
use crate::convention::{CACHE_LINE, gpr, vector_reg};
use crate::inst::Common;
use crate::ir::{Func, Libcall, NONE, Range, TrapCode};
use crate::isa::Settings;
use crate::lower::{self, Lowered};
use crate::vcode::{Allocation, Loc, Move, PReg, RegClass, RegSet, RegSets};
use flow::{Flow, MAX_PADDING};
use positions::Positions;

/// What emission asks of a machine.
pub trait Machine: lower::Machine {
    /// Its assembler.
    type Assembler: Assemble<Features = Self::Features>;
    /// What it has behind the blocks that other machines have not.
    type Slow: Copy + Send;
    /// What it keeps while a function is emitted, recycled.
    type EmitState: Default + Send;
    /// More bytes than any of its instructions takes, its moves included one by one; but for a jump table.
    const ROOM: u32;

    /// Called before anything is emitted, when the order of blocks is known.
    fn begin(_: &mut Emit<'_, Self>) {}
    /// Called at a block's start.
    fn begin_block(_: &mut Emit<'_, Self>, _block: u32) {}
    /// What was known of the flags holds no more.
    fn forget(emit: &mut Emit<'_, Self>);
    /// Called behind moves, which leave the flags alone.
    fn moved(emit: &mut Emit<'_, Self>, _moves: Range) {
        Self::forget(emit);
    }
    /// Emits the instruction at hand; `next` is the block that comes behind this one.
    fn emit(emit: &mut Emit<'_, Self>, inst: Self::Inst, block: u32, next: u32);

    /// A constant into a register. Leaves the flags alone, and all registers that are allocated.
    fn constant(emit: &mut Emit<'_, Self>, inst: Self::Inst, to: PReg);
    /// Loads from the spill area; all 128 bits if `wide`, else 64.
    fn load_spilled(emit: &mut Emit<'_, Self>, to: PReg, cell: u32, wide: bool);
    /// Stores to the spill area.
    fn store_spilled(emit: &mut Emit<'_, Self>, cell: u32, from: PReg, wide: bool);
    /// Two moves as one, if that is possible.
    fn pair(_: &mut Emit<'_, Self>, _first: &Move, _second: &Move) -> bool {
        false
    }

    /// The function's entries: sets up the frame, looks at the stack limit.
    fn prologue(emit: &mut Emit<'_, Self>);
    /// Leaves the frame.
    fn epilogue(emit: &mut Emit<'_, Self>);
    /// Loads the pinned registers that are kept in the frame.
    fn reload_pins(emit: &mut Emit<'_, Self>);

    /// Loads an argument or result from the overflow area.
    fn load_cell(emit: &mut Emit<'_, Self>, to: PReg, cell: u16);
    /// Stores an argument or result to the overflow area.
    fn store_cell(emit: &mut Emit<'_, Self>, cell: u16, from: PReg);

    /// Calls a function of the module.
    fn call(emit: &mut Emit<'_, Self>, func: u32);
    /// Jumps to a function of the module; the frame has been left.
    fn tail_call(emit: &mut Emit<'_, Self>, func: u32);
    /// Loads what a call through a function reference needs: its VmContext into the pinned register, and its state. The
    /// reference is so many bytes behind where a register points to, which may be the pinned one.
    fn load_callee(emit: &mut Emit<'_, Self>, base: Gpr, offset: u32);
    /// Calls what was loaded.
    fn call_loaded(emit: &mut Emit<'_, Self>);
    /// Jumps to what was loaded; the frame has been left.
    fn jump_loaded(emit: &mut Emit<'_, Self>);
    /// Goes to a label if what was loaded is a host function.
    fn jump_if_host(emit: &mut Emit<'_, Self>, host: Label);

    /// Goes to a label if the stack pointer is below the limit in the store, whose address is in a register.
    fn jump_if_stopped(emit: &mut Emit<'_, Self>, store: Gpr, stopped: Label);
    /// Charges fuel; goes to the label if there is none left then.
    fn charge(emit: &mut Emit<'_, Self>, cost: u32, out: Option<Label>);
    /// Goes to a label if a register of 32 bits is a number, or if it is not.
    fn jump_if_number(emit: &mut Emit<'_, Self>, reg: Gpr, number: u32, equal: bool, label: Label);
    /// Goes on at the edge with the number of the first operand, or the last; the second is free. The first edge is taken
    /// almost always if `first` says so.
    fn jump_table(emit: &mut Emit<'_, Self>, block: u32, first: bool);
    /// Writes what stands behind the blocks; its label is not bound yet.
    fn slow(emit: &mut Emit<'_, Self>, slow: Self::Slow, label: Label);
}

/// What stands behind the blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cold<S> {
    /// Raises a trap.
    Trap(TrapCode),
    /// Calls the runtime, keeping all registers, and goes back.
    Call(Libcall, Label),
    /// A tail call of a host function.
    HostTailCall,
    /// What only this machine has.
    Slow(S),
}

/// Recycled state of emission.
pub struct Emitter<M: Machine> {
    labels: Vec<Label>,
    cold: Vec<(Label, Cold<M::Slow>, u32)>,
    flow: Flow,
    positions: Positions,
    /// For each handler of a call: (return address, tag, block).
    landings: Vec<(u32, Option<u32>, u32)>,
    /// The machine's.
    pub(crate) machine: M::EmitState,
}

impl<M: Machine> Default for Emitter<M> {
    fn default() -> Emitter<M> {
        Emitter {
            labels: Vec::new(),
            cold: Vec::new(),
            flow: Flow::default(),
            positions: Positions::default(),
            landings: Vec::new(),
            machine: M::EmitState::default(),
        }
    }
}

impl<M: Machine> Emitter<M> {
    /// Where a block of the function emitted last begins; `None` if it was left out.
    pub fn block_offset(&self, asm: &M::Assembler, block: u32) -> Option<u32> {
        asm.label_offset(*self.labels.get(block as usize)?)
    }
}

/// Emission of one function.
pub struct Emit<'a, M: Machine> {
    pub(crate) asm: &'a mut M::Assembler,
    pub(crate) low: &'a Lowered<M::Inst>,
    pub(crate) alloc: &'a Allocation,
    pub(crate) settings: &'a Settings,
    pub(crate) func: &'a Func,
    pub(crate) s: &'a mut Emitter<M>,
    pub(crate) out: &'a mut Code,
    /// Index of the instruction at hand and its first operand.
    pub(crate) inst: usize,
    first: usize,
    /// Bytes from the frame pointer down to the stack pointer, where the spill area is.
    pub(crate) frame: u32,
    /// Whether the VmContext, and the base of memory 0, are kept in the frame.
    pub(crate) keeps_context: bool,
    pub(crate) keeps_base: bool,
    /// Whether anything is called.
    calls: bool,
    /// Whether the block at hand is a copy.
    copying: bool,
    /// Whether the stack limit is looked at, and an interrupt noticed, at the function's entry.
    checks: bool,
}

/// Emits a function.
pub fn emit<M: Machine>(
    state: &mut Emitter<M>,
    asm: &mut M::Assembler,
    low: &Lowered<M::Inst>,
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
    let mut emit: Emit<'_, M> = Emit {
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
        copying: false,
        checks: false,
    };
    emit.function();
    let assembled = asm.finish();
    out.bytes.extend_from_slice(assembled.code);
    out.relocs.extend(assembled.relocs.iter().map(|reloc| code::Reloc {
        at: reloc.at,
        target: Target::from_number(reloc.symbol.0),
        addend: reloc.addend,
        kind: reloc.kind,
    }));
    out.sites.sort_by_key(|site| site.at);
    out.handlers.sort_by_key(|handler| handler.at);
}

impl<M: Machine> Emit<'_, M> {
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
        let jump = M::common(Common::Jump);
        self.s.flow.find(&self.low.code, self.alloc, |inst| *inst == jump);
        self.s.flow.invert_loops(
            &self.low.code,
            |inst| *inst == jump,
            |inst| M::as_common(inst).is_none_or(|common| common.is_straight()),
        );
        M::begin(self);
        M::prologue(self);
        for nth in 0..self.s.flow.order.len() {
            let block = self.s.flow.order[nth];
            let next = self.s.flow.order.get(nth + 1).copied().unwrap_or(NONE);
            let before = nth.checked_sub(1).map_or(NONE, |before| self.s.flow.order[before]);
            self.block(before, block, next);
        }
        self.behind();
        for at in 0..self.s.landings.len() {
            let (at, tag, block) = self.s.landings[at];
            let landing = self.asm.label_offset(self.label(block));
            let landing = landing.unwrap_or_else(|| unreachable!("a handler's block is never left out"));
            self.out.handlers.push(code::Handler { at, tag, landing });
        }
    }

    fn block(&mut self, before: u32, block: u32, next: u32) {
        self.asm.room(M::ROOM);
        if self.begins_small_loop(before, block) {
            let padding = self.asm.offset().next_multiple_of(CACHE_LINE) - self.asm.offset();
            if padding <= MAX_PADDING {
                self.asm.align(CACHE_LINE);
            }
        }
        let label = self.label(block);
        self.asm.bind(label);
        M::begin_block(self, block);
        self.insts(block, next);
    }

    /// Whether what is executed over and over in a small loop begins with a block: with the header, or behind it if that
    /// is copied.
    fn begins_small_loop(&self, before: u32, block: u32) -> bool {
        let is_small = |header: u32| self.low.small_loops[header as usize];
        let is_inverted = |header: u32| self.s.flow.inverted[header as usize];
        !self.low.code.blocks[block as usize].cold
            && (is_small(block) && !is_inverted(block)
                || before != NONE && is_small(before) && is_inverted(before))
    }

    /// Emits the instructions of a block: behind its label, or in place of a jump to it.
    pub(super) fn insts(&mut self, block: u32, next: u32) {
        M::forget(self);
        let insts = self.low.code.blocks[block as usize].insts.indices();
        let mut group = self.alloc.groups.partition_point(|&(inst, _)| (inst as usize) < insts.start);
        for inst in insts {
            while let Some(&(at, moves)) = self.alloc.groups.get(group) {
                if at as usize != inst {
                    break;
                }
                self.moves(moves);
                M::moved(self, moves);
                group += 1;
            }
            self.at(inst);
            self.asm.room(M::ROOM);
            M::emit(self, self.low.code.insts[inst], block, next);
        }
    }

    /// Goes to an instruction.
    fn at(&mut self, inst: usize) {
        self.inst = inst;
        self.first = inst.checked_sub(1).map_or(0, |at| self.low.code.operand_ends[at] as usize);
    }

    // Operands.

    pub(crate) fn current(&self) -> &M::Inst {
        &self.low.code.insts[self.inst]
    }

    /// How many operands the instruction at hand has.
    fn operands(&self) -> usize {
        self.low.code.operand_ends[self.inst] as usize - self.first
    }

    pub(crate) fn loc(&self, nth: usize) -> Loc {
        self.alloc.locs[self.first + nth]
    }

    pub(crate) fn reg(&self, nth: usize) -> PReg {
        match self.loc(nth) {
            Loc::Reg(reg) => reg,
            Loc::Slot(_) => unreachable!("operand {nth} of {:?} must be in a register", self.current()),
        }
    }

    pub(crate) fn gpr(&self, nth: usize) -> Gpr {
        gpr(self.reg(nth))
    }

    pub(crate) fn vector(&self, nth: usize) -> VectorReg {
        vector_reg(self.reg(nth))
    }

    /// Notes the place at hand: the instruction that comes next, or the return address just passed.
    pub(crate) fn site(&mut self, kind: SiteKind) {
        let position = self.low.positions[self.inst];
        let Emit { func, settings, out, .. } = self;
        let position = self.s.positions.of(func, settings.func, position, &mut out.positions);
        out.sites.push(Site { at: self.asm.offset(), kind, position });
    }

    // What stands behind the blocks.

    /// A label behind the blocks.
    pub(crate) fn cold(&mut self, cold: Cold<M::Slow>) -> Label {
        let label = self.asm.new_label();
        self.s.cold.push((label, cold, self.inst as u32));
        label
    }

    /// Writes what stands behind the blocks.
    fn behind(&mut self) {
        let mut at = 0;
        while let Some(&(label, cold, inst)) = self.s.cold.get(at) {
            self.at(inst as usize);
            self.asm.room(M::ROOM);
            match cold {
                Cold::Slow(slow) => M::slow(self, slow, label),
                Cold::Trap(code) => {
                    self.asm.bind(label);
                    self.raise(code);
                }
                Cold::Call(libcall, back) => {
                    self.asm.bind(label);
                    self.asm.call_symbol(Symbol(Target::Libcall(libcall).number()));
                    self.site(SiteKind::Return);
                    self.asm.jump(back);
                }
                Cold::HostTailCall => {
                    self.asm.bind(label);
                    self.host_tail_call();
                }
            }
            at += 1;
        }
    }

    pub(crate) fn raise(&mut self, code: TrapCode) {
        self.asm.call_symbol(Symbol(Target::Trap(code).number()));
        self.site(SiteKind::Return);
    }
}
