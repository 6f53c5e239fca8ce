//! Lowering: from the IR to machine instructions over virtual registers.
//!
//! Requires a verified function whose blocks are in emission order. Blocks and instructions are
//! visited backwards, so that every use of a value is seen before the value: what nobody asked for is
//! not made, and what a user can do by itself (a load as a memory operand, a comparison for its
//! branch, an address sum) is done there. Provides a [`VCode`] whose critical edges are split.
//!
//! What is said here holds for every machine: blocks and edges, calls, what comes in fixed registers. Each instruction
//! set's `lower` folder chooses instructions, as methods of its [`Lower`], which [`Machine::inst`] leads to.

mod call;
mod control;
pub(crate) mod reciprocal;

use crate::convention::{Convention, class};
use crate::inst::Common;
use crate::ir::*;
use crate::layout::VmLayout;
use crate::vcode::*;
use std::fmt::Debug;

/// What lowering asks of a machine.
pub trait Machine: Sized + 'static {
    /// Its instructions.
    type Inst: Copy + PartialEq + Debug + Send;
    /// Its extensions.
    type Features: Copy + Debug + Send;
    /// What it keeps while a function is lowered, recycled.
    type State: Default + Send;
    /// Its calling convention.
    const CONVENTION: Convention;

    /// def, use: the low 32 bits of an integer.
    const LOW: Self::Inst;

    /// An instruction that every machine has.
    fn common(inst: Common) -> Self::Inst;
    /// The other way round; `None` if it is the machine's own.
    fn as_common(inst: &Self::Inst) -> Option<Common>;
    /// Called before anything is lowered.
    fn prepare(_: &mut Lower<'_, Self>) {}
    /// Whether it makes a constant, and leaves the flags alone.
    fn is_constant(inst: &Self::Inst) -> bool;
    /// Whether it has an address: that of a load that was folded into it, maybe.
    fn has_address(inst: &Self::Inst) -> bool;
    /// How many constants of a class of registers loops share.
    const MAX_SHARED: usize;
    /// Whether loops share constants of 128 bits: if they are no operands in memory.
    const SHARES_VECTORS: bool;

    /// Whether making a constant takes so much that loops share it, for an operand that may be in any register.
    fn is_shared(ty: Ty, bits: u64) -> bool;
    /// Whether that is so for a value that is moved to where it is wanted, too.
    fn is_long(ty: Ty, bits: u64) -> bool;
    /// Lowers an instruction that is neither a call nor the end of a block.
    fn inst(lower: &mut Lower<'_, Self>, value: Value, inst: &Inst);
    /// Ends a block: goes on at edge 0 if the value is not 0, else at edge 1.
    fn branch(lower: &mut Lower<'_, Self>, value: Value);
}

/// What lowering must know beside the function.
#[derive(Clone, Copy, Debug)]
pub struct LowerSettings<F> {
    /// The runtime's structures.
    pub layout: VmLayout,
    /// What the processor has.
    pub features: F,
    /// Mask what a mispredicted bounds check would read.
    pub spectre: bool,
}

/// The code of a function before registers are allocated.
#[derive(Clone, Debug)]
pub struct Lowered<I> {
    /// Instructions, operands, blocks.
    pub code: VCode<I>,
    /// Offset in the module's bytes that each instruction comes from.
    pub positions: Vec<u32>,
    /// For each block, whether it is the header of a small innermost loop.
    pub small_loops: Vec<bool>,
    /// For each instruction that ends its block with handlers: (instruction, range in `handlers`).
    pub invokes: Vec<(u32, Range)>,
    /// Tag indices (`NONE` catches all), for the edges behind the first.
    pub handlers: Vec<u32>,
}

impl<I> Default for Lowered<I> {
    fn default() -> Lowered<I> {
        Lowered {
            code: VCode::default(),
            positions: Vec::new(),
            small_loops: Vec::new(),
            invokes: Vec::new(),
            handlers: Vec::new(),
        }
    }
}

impl<I> Lowered<I> {
    fn clear(&mut self) {
        self.code.clear();
        self.positions.clear();
        self.small_loops.clear();
        self.invokes.clear();
        self.handlers.clear();
    }
}

/// Where an edge leads while blocks have no numbers yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    /// A block of the IR.
    Block(u32),
    /// A block made on an edge, by its number in the order of making.
    Split(u32),
}

/// A block while code is made backwards.
#[derive(Clone, Copy, Debug)]
struct Made {
    /// Block of the IR, `NONE` for one made on an edge.
    block: u32,
    /// Groups.
    groups: Range,
    edges: Range,
    params: Range,
    loop_depth: u32,
    loop_header: bool,
    cold: bool,
    takes_fixed: bool,
}

/// Operands of one instruction while it is put together.
#[derive(Clone, Copy)]
pub(crate) struct Ops {
    list: [Operand; 6],
    len: u8,
}

impl Ops {
    pub fn new() -> Ops {
        let none = Operand { vreg: VReg(0), constraint: Constraint::Reg, role: Role::Use };
        Ops { list: [none; 6], len: 0 }
    }

    pub fn with(mut self, operand: Operand) -> Ops {
        self.list[usize::from(self.len)] = operand;
        self.len += 1;
        self
    }

    pub fn join(mut self, more: Ops) -> Ops {
        for &operand in &more.list[..usize::from(more.len)] {
            self = self.with(operand);
        }
        self
    }
}

/// A loop of so many instructions is likely to fit into a line of the cache.
const SMALL_LOOP: u32 = 14;

/// A constant that loops share.
#[derive(Clone, Copy)]
struct Shared<I> {
    /// What makes it.
    inst: I,
    class: RegClass,
    reg: VReg,
    /// The last block that uses it.
    last: u32,
}

/// The blocks of loops that follow each other, on the way backwards.
#[derive(Clone, Copy)]
struct Region {
    /// The last of them.
    last: u32,
    /// The first block from which an edge leads to one of them, but for the one at hand.
    from: u32,
}

/// Recycled state of lowering.
pub struct Lowerer<M: Machine> {
    /// Virtual register of each value somebody has asked for, else `NONE`.
    regs: Vec<u32>,
    /// How many operands a value is, saturating.
    uses: Vec<u8>,
    /// Number of effects up to and with each instruction, in its function.
    pub(crate) colors: Vec<u32>,
    /// Loads that became memory operands.
    pub(crate) sunk: Vec<bool>,
    /// Number of predecessors' edges of each block.
    pub(crate) preds: Vec<u32>,
    /// The call with edges whose results a block takes, else `NONE`.
    takes: Vec<u32>,
    insts: Vec<M::Inst>,
    positions: Vec<u32>,
    ends: Vec<u32>,
    operands: Vec<Operand>,
    clobbers: Vec<u8>,
    /// First instruction of each group, and the one behind its last.
    groups: Vec<(u32, u32)>,
    made: Vec<Made>,
    edges: Vec<(Target, Range)>,
    /// Arguments of edges.
    args: Vec<VReg>,
    /// Handlers of the invokes, by position from the end of `insts`.
    invokes: Vec<(u32, Range)>,
    /// Final number of each IR block.
    numbers: Vec<u32>,
    /// Uses of fixed registers of the call at hand.
    fixed: Vec<Operand>,
    /// Parameters of the function.
    taken: Vec<Value>,
    /// Blocks made on the edges of the terminator at hand: (target, arguments in the function's lists, made).
    splits: std::collections::HashMap<(u32, u32), u32>,
    targets: Vec<Target>,
    /// The edge each block made for the terminator at hand stands on; the first of them has the number `split_base`.
    split_edges: Vec<(u32, u32)>,
    split_base: usize,
    edge_regs: Vec<VReg>,
    /// Constants that loops share, and are not made yet.
    shared: Vec<Shared<M::Inst>>,
    /// The first block from which an edge leads to each.
    first_pred: Vec<u32>,
    /// The outermost loop at hand.
    region: Region,
    /// The address of the store's words, for loops, once one has asked for it.
    store: Option<VReg>,
    /// The machine's.
    pub(crate) machine: M::State,
}

/// Lowering of one function.
pub struct Lower<'a, M: Machine> {
    pub(crate) func: &'a Func,
    pub(crate) settings: &'a LowerSettings<M::Features>,
    pub(crate) s: &'a mut Lowerer<M>,
    pub(crate) out: &'a mut Lowered<M::Inst>,
    /// Effects before the instruction at hand.
    pub(crate) color: u32,
    position: u32,
    /// Position of the load that the next instruction with an address does, if its fault is a trap.
    pub(crate) sunk: Option<u32>,
    pub(crate) block: Block,
}

/// Lowers a function.
pub fn lower<M: Machine>(
    state: &mut Lowerer<M>,
    func: &Func,
    settings: &LowerSettings<M::Features>,
    out: &mut Lowered<M::Inst>,
) {
    out.clear();
    state.prepare(func);
    let mut lower: Lower<'_, M> =
        Lower { func, settings, s: state, out, color: 0, position: 0, sunk: None, block: Block(0) };
    M::prepare(&mut lower);
    lower.blocks();
    lower.finish();
}

impl<M: Machine> Default for Lowerer<M> {
    fn default() -> Lowerer<M> {
        Lowerer {
            regs: Vec::new(),
            uses: Vec::new(),
            colors: Vec::new(),
            sunk: Vec::new(),
            preds: Vec::new(),
            takes: Vec::new(),
            insts: Vec::new(),
            positions: Vec::new(),
            ends: Vec::new(),
            operands: Vec::new(),
            clobbers: Vec::new(),
            groups: Vec::new(),
            made: Vec::new(),
            edges: Vec::new(),
            args: Vec::new(),
            invokes: Vec::new(),
            numbers: Vec::new(),
            fixed: Vec::new(),
            taken: Vec::new(),
            splits: std::collections::HashMap::new(),
            targets: Vec::new(),
            split_edges: Vec::new(),
            split_base: 0,
            edge_regs: Vec::new(),
            shared: Vec::new(),
            first_pred: Vec::new(),
            region: Region { last: 0, from: NONE },
            store: None,
            machine: M::State::default(),
        }
    }
}

impl<M: Machine> Lowerer<M> {
    fn prepare(&mut self, func: &Func) {
        let values = func.insts.len();
        self.regs.clear();
        self.regs.resize(values, NONE);
        self.uses.clear();
        self.uses.resize(values, 0);
        self.colors.clear();
        self.colors.resize(values, 0);
        self.sunk.clear();
        self.sunk.resize(values, false);
        self.preds.clear();
        self.preds.resize(func.blocks.len(), 0);
        self.takes.clear();
        self.takes.resize(func.blocks.len(), NONE);
        self.groups.clear();
        for list in [&mut self.positions, &mut self.ends, &mut self.numbers] {
            list.clear();
        }
        self.insts.clear();
        self.operands.clear();
        self.clobbers.clear();
        self.made.clear();
        self.shared.clear();
        self.region = Region { last: func.blocks.len() as u32 - 1, from: NONE };
        self.first_pred.clear();
        self.first_pred.resize(func.blocks.len(), NONE);
        self.store = None;
        self.edges.clear();
        self.args.clear();
        self.invokes.clear();
        let mut color = 0;
        for block in 0..func.blocks.len() as u32 {
            // No memory operand reaches across blocks.
            color += 1;
            for &value in func.block_insts(Block(block)) {
                let inst = func.inst(value);
                let uses = &mut self.uses;
                func.for_each_operand(inst, |operand| {
                    let count = &mut uses[operand.0 as usize];
                    *count = count.saturating_add(1);
                });
                let ordered = match inst.op.effect() {
                    Effect::Pure => false,
                    Effect::Read => Access::from_aux(inst.aux).traps,
                    Effect::Trap | Effect::Effect | Effect::Terminator => true,
                };
                color += u32::from(ordered);
                self.colors[value.0 as usize] = color;
            }
            for edge in func.successors(Block(block)).indices() {
                let edge = &func.edges[edge];
                self.preds[edge.to.0 as usize] += 1;
                let first = &mut self.first_pred[edge.to.0 as usize];
                *first = block.min(*first);
                for &arg in &func.lists[edge.args.indices()] {
                    // Arguments count twice: they are no reason to fold.
                    self.uses[arg as usize] = self.uses[arg as usize].saturating_add(2);
                }
            }
            let last = func.terminator(Block(block));
            let inst = func.inst(last);
            if inst.op.effect() != Effect::Terminator && func.is_terminator(inst) {
                self.takes[func.edges[inst.c as usize].to.0 as usize] = last.0;
            }
        }
    }
}

impl<M: Machine> Lower<'_, M> {
    fn blocks(&mut self) {
        for block in (0..self.func.blocks.len() as u32).rev() {
            self.block(Block(block));
        }
    }

    fn block(&mut self, block: Block) {
        let data = self.func.blocks[block.0 as usize];
        self.block = block;
        self.s.split_edges.clear();
        let first_group = self.s.groups.len() as u32;
        let first_edge = self.s.edges.len() as u32;
        let insts = data.insts.indices();
        // The terminator makes blocks on edges, which come behind this one: made before it.
        let split_start = self.s.made.len();
        for at in insts.clone().rev() {
            let value = self.func.layout[at];
            let inst = self.func.inst(value);
            self.position = self.func.positions[value.0 as usize];
            let ordered = match inst.op.effect() {
                Effect::Pure => {
                    if !self.wanted(value) {
                        continue;
                    }
                    false
                }
                Effect::Read => {
                    let traps = Access::from_aux(inst.aux).traps;
                    if self.s.sunk[value.0 as usize] || !traps && !self.wanted(value) {
                        continue;
                    }
                    traps
                }
                Effect::Trap | Effect::Effect | Effect::Terminator => true,
            };
            self.color = self.s.colors[value.0 as usize] - u32::from(ordered);
            self.inst(value, inst, at, block);
            self.end_group();
            if at + 1 == insts.end {
                self.constants_of_loop(block);
            }
        }
        if block.0 == 0 {
            self.shared_constants();
        }
        self.take(block);
        let edges = if self.s.made.len() == split_start {
            Range { start: first_edge, end: self.s.edges.len() as u32 }
        } else {
            // Those of the splits come first; the block's own were added last, see `control`.
            let own = self.func.successors(block);
            let end = self.s.edges.len() as u32;
            Range { start: end - (own.end - own.start), end }
        };
        let params = self.block_params(block, &data);
        let split_groups = self.s.made[split_start..].last().map_or(first_group, |made| made.groups.end);
        self.s.made.push(Made {
            block: block.0,
            groups: Range { start: split_groups, end: self.s.groups.len() as u32 },
            edges,
            params,
            loop_depth: data.loop_depth,
            loop_header: data.loop_header,
            cold: data.cold,
            takes_fixed: block.0 == 0
                || self.s.takes[block.0 as usize] != NONE
                || data
                    .insts
                    .indices()
                    .next()
                    .is_some_and(|at| self.func.inst(self.func.layout[at]).op == Op::Caught),
        });
    }

    /// The registers of a block's parameters. Those of the entry are taken from the convention's registers; a
    /// parameter that nobody reads is left out, at loop headers only when that is known of all.
    fn block_params(&mut self, block: Block, data: &BlockData) -> Range {
        let start = self.out.code.vregs.len() as u32;
        if block.0 != 0 {
            for &param in &self.func.lists[data.params.indices()] {
                if data.loop_header || self.wanted(Value(param)) {
                    let reg = self.reg_of(Value(param));
                    self.out.code.vregs.push(reg);
                }
            }
        }
        Range { start, end: self.out.code.vregs.len() as u32 }
    }

    fn end_group(&mut self) {
        let start = self.s.groups.last().map_or(0, |group| group.1);
        let end = self.s.insts.len() as u32;
        if start < end {
            self.s.groups.push((start, end));
        }
    }

    /// Whether somebody has asked for a value.
    pub(crate) fn wanted(&self, value: Value) -> bool {
        self.s.regs[value.0 as usize] != NONE
    }

    pub(crate) fn is_single_use(&self, value: Value) -> bool {
        self.s.uses[value.0 as usize] == 1
    }

    pub(crate) fn new_reg(&mut self, class: RegClass, wide: bool) -> VReg {
        let code = &mut self.out.code;
        let reg = VReg(code.classes.len() as u32);
        code.classes.push(class);
        code.wide.push(wide);
        code.remat.push(Remat::No);
        reg
    }

    pub(crate) fn new_int(&mut self) -> VReg {
        self.new_reg(RegClass::Int, false)
    }

    pub(crate) fn new_vector(&mut self, ty: Ty) -> VReg {
        self.new_reg(RegClass::Vector, ty == Ty::V128)
    }

    /// The register of a value; from now on it is wanted.
    pub(crate) fn reg_of(&mut self, value: Value) -> VReg {
        let known = self.s.regs[value.0 as usize];
        if known != NONE {
            return VReg(known);
        }
        let ty = self.func.ty(value);
        let reg = self.new_reg(class(ty), ty == Ty::V128);
        self.s.regs[value.0 as usize] = reg.0;
        reg
    }

    /// A register with a value, for a user. Constants are made anew for each.
    pub(crate) fn reg(&mut self, value: Value) -> VReg {
        let inst = self.func.inst(value);
        match inst.op {
            // A register with a 32-bit value has zeros above.
            Op::ExtendU => self.reg(Value(inst.a)),
            Op::Const => {
                let bits = u64::from(inst.a) | u64::from(inst.b) << 32;
                match M::is_shared(inst.ty, bits) {
                    true => self.shared(inst.ty, bits),
                    false => self.constant(inst.ty, bits),
                }
            }
            Op::ConstVector => {
                let bits = self.func.vectors[inst.a as usize];
                let constant = if bits == 0 { Common::Float(0) } else { Common::Vector(inst.a) };
                self.vector_constant(M::common(constant))
            }
            _ => self.reg_of(value),
        }
    }

    /// As [`Lower::reg`], for a user that reads the low 32 bits only.
    pub(crate) fn reg_low(&mut self, value: Value) -> VReg {
        let inst = self.func.inst(value);
        match inst.op {
            Op::Wrap => self.reg(Value(inst.a)),
            _ => self.reg(value),
        }
    }

    /// By the type: a user of an i32 that reads 32 bits, or of an i64.
    pub(crate) fn reg_sized(&mut self, value: Value) -> VReg {
        if self.func.ty(value) == Ty::I32 { self.reg_low(value) } else { self.reg(value) }
    }

    /// As [`Lower::reg`], for a value that is moved to a register of its own: a constant is made there, unless that takes
    /// much.
    pub(crate) fn reg_to_move(&mut self, value: Value) -> VReg {
        match self.func.constant(value) {
            Some(bits) => self.constant(self.func.ty(value), bits),
            None => self.reg(value),
        }
    }

    pub(crate) fn constant(&mut self, ty: Ty, bits: u64) -> VReg {
        if M::is_long(ty, bits) {
            return self.shared(ty, bits);
        }
        let reg = self.new_reg(class(ty), false);
        self.make_constant(ty, bits, reg);
        reg
    }

    /// A constant, which in a loop is made in front of it, not over and over. Of type `None` it is a place in memory 0.
    pub(crate) fn shared(&mut self, ty: Ty, bits: u64) -> VReg {
        self.share(M::common(constant_of(ty, bits)), class(ty), false)
    }

    /// A constant of 128 bits, by what makes it.
    pub(crate) fn vector_constant(&mut self, inst: M::Inst) -> VReg {
        if M::SHARES_VECTORS {
            return self.share(inst, RegClass::Vector, true);
        }
        let reg = self.new_vector(Ty::V128);
        self.push(inst, Ops::new().with(def(reg)));
        reg
    }

    /// What an instruction makes that makes a constant, in front of the loop if this is one. The allocator makes it again
    /// where it has no register for it.
    fn share(&mut self, inst: M::Inst, class: RegClass, wide: bool) -> VReg {
        let in_loop = self.func.blocks[self.block.0 as usize].loop_depth > 0;
        let mut count = 0;
        if in_loop {
            for known in &self.s.shared {
                if known.inst == inst {
                    return known.reg;
                }
                count += usize::from(known.class == class);
            }
        }
        let reg = self.new_reg(class, wide);
        if in_loop && count < M::MAX_SHARED {
            self.s.shared.push(Shared { inst, class, reg, last: self.block.0 });
        } else {
            self.push(inst, Ops::new().with(def(reg)));
        }
        reg
    }

    fn make_constant(&mut self, ty: Ty, bits: u64, reg: VReg) {
        self.push_common(constant_of(ty, bits), Ops::new().with(def(reg)));
    }

    /// The operand by which a poll knows the store's words: their address, made at the function's entry, if the allocator
    /// has a register to spare for it.
    fn store_address(&mut self) -> Operand {
        let reg = self.s.store.unwrap_or_else(|| self.new_int());
        self.s.store = Some(reg);
        operand(reg, Constraint::Spare, Role::Use)
    }

    /// Makes the constants of the loops behind a block, if all ways to them lead through it, and it is in none: at its end,
    /// whose terminator has been seen.
    fn constants_of_loop(&mut self, block: Block) {
        let Region { last, from } = self.s.region;
        if self.func.blocks[block.0 as usize].loop_depth > 0 {
            let header = block.0 + 1;
            self.s.region.from =
                if header > last { NONE } else { from.min(self.s.first_pred[header as usize]) };
            return;
        }
        self.s.region = Region { last: block.0.wrapping_sub(1), from: NONE };
        let header = block.0 + 1;
        if block.0 == 0 || header > last || from < header || self.s.first_pred[header as usize] != block.0 {
            return;
        }
        let mut shared = std::mem::take(&mut self.s.shared);
        shared.retain(|known| {
            let here = known.last <= last;
            if here {
                self.push(known.inst, Ops::new().with(def(known.reg)));
            }
            !here
        });
        self.s.shared = shared;
        self.end_group();
    }

    /// Makes the constants that loops share, and that are not made in front of them. Called last, when all uses have been
    /// seen.
    fn shared_constants(&mut self) {
        for at in 0..self.s.shared.len() {
            let Shared { inst, reg, .. } = self.s.shared[at];
            self.push(inst, Ops::new().with(def(reg)));
        }
        if let Some(reg) = self.s.store {
            self.push_common(Common::StoreAddress, Ops::new().with(def(reg)));
        }
        self.end_group();
    }

    pub(crate) fn push(&mut self, inst: M::Inst, ops: Ops) {
        self.push_list(inst, &ops.list[..usize::from(ops.len)], RegSet::EMPTY);
    }

    fn push_common(&mut self, inst: Common, ops: Ops) {
        self.push(M::common(inst), ops);
    }

    pub(crate) fn push_clobbering(&mut self, inst: M::Inst, ops: Ops, clobbers: RegSet) {
        self.push_list(inst, &ops.list[..usize::from(ops.len)], clobbers);
    }

    pub(crate) fn push_list(&mut self, inst: M::Inst, ops: &[Operand], clobbers: RegSet) {
        self.s.operands.extend_from_slice(ops);
        self.seal(inst, clobbers);
    }

    /// Ends the instruction whose operands stand at the end of the list.
    pub(crate) fn seal(&mut self, inst: M::Inst, clobbers: RegSet) {
        let position = match M::has_address(&inst) {
            true => self.sunk.take().unwrap_or(self.position),
            false => self.position,
        };
        let s = &mut *self.s;
        s.insts.push(inst);
        s.positions.push(position);
        s.ends.push(s.operands.len() as u32);
        let sets = &mut self.out.code.clobber_sets;
        let index = sets.iter().position(|&set| set == clobbers).unwrap_or_else(|| {
            sets.push(clobbers);
            sets.len() - 1
        });
        s.clobbers.push(index as u8);
    }

    /// Lowers one instruction.
    fn inst(&mut self, value: Value, inst: &Inst, at: usize, block: Block) {
        match inst.op {
            Op::Nop | Op::Param | Op::Const | Op::ConstVector | Op::ExtendU | Op::Result | Op::Caught => {
                if inst.op == Op::ExtendU {
                    // Wanted under its own name only by a parameter's or a result's list.
                    let dst = self.reg_of(value);
                    let src = self.reg(Value(inst.a));
                    self.push(M::LOW, Ops::new().with(def(dst)).with(used(src)));
                }
            }
            Op::VmContext => {
                let dst = self.reg_of(value);
                self.push_common(Common::Context, Ops::new().with(def(dst)));
            }
            op if op.effect() == Effect::Terminator => self.terminator(inst),
            Op::Call | Op::CallRef | Op::CallLib => self.call(value, inst, at, block),
            Op::Poll => {
                let store = self.store_address();
                self.push_common(Common::Poll, Ops::new().with(store));
            }
            Op::Fuel => {
                self.push_common(Common::Fuel { cost: inst.a, test: inst.b != 0 }, Ops::new());
            }
            _ => M::inst(self, value, inst),
        }
    }

    /// Puts everything in forward order.
    fn finish(&mut self) {
        let s = &mut *self.s;
        let code = &mut self.out.code;
        let blocks = s.made.len();
        s.numbers.clear();
        s.numbers.resize(self.func.blocks.len(), NONE);
        for (made, data) in s.made.iter().enumerate() {
            if data.block != NONE {
                s.numbers[data.block as usize] = (blocks - 1 - made) as u32;
            }
        }
        let mut invokes = s.invokes.iter().rev().peekable();
        for made in s.made.iter().rev() {
            let start = code.insts.len() as u32;
            for group in made.groups.indices().rev() {
                for at in s.groups[group].0 as usize..s.groups[group].1 as usize {
                    let ops = at.checked_sub(1).map_or(0, |before| s.ends[before]) as usize;
                    code.operands.extend_from_slice(&s.operands[ops..s.ends[at] as usize]);
                    code.operand_ends.push(code.operands.len() as u32);
                    if let Some((_, handlers)) = invokes.next_if(|(inst, _)| *inst as usize == at) {
                        self.out.invokes.push((code.insts.len() as u32, *handlers));
                    }
                    code.insts.push(s.insts[at]);
                    code.clobbers.push(s.clobbers[at]);
                    self.out.positions.push(s.positions[at]);
                }
            }
            let first_edge = code.edges.len() as u32;
            for &(target, args) in &s.edges[made.edges.indices()] {
                let to = match target {
                    Target::Block(block) => s.numbers[block as usize],
                    Target::Split(made) => (blocks - 1) as u32 - made,
                };
                let arg_start = code.vregs.len() as u32;
                code.vregs.extend_from_slice(&s.args[args.indices()]);
                code.edges.push(VEdge { to, args: Range { start: arg_start, end: code.vregs.len() as u32 } });
            }
            code.blocks.push(VBlock {
                insts: Range { start, end: code.insts.len() as u32 },
                params: made.params,
                succs: Range { start: first_edge, end: code.edges.len() as u32 },
                loop_depth: made.loop_depth,
                loop_header: made.loop_header,
                cold: made.cold,
                takes_fixed: made.takes_fixed,
            });
        }
        self.find_small_loops();
        self.remats();
    }

    /// Finds the innermost loops that are likely to fit into a line of the cache.
    fn find_small_loops(&mut self) {
        let code = &self.out.code;
        let small_loops = &mut self.out.small_loops;
        small_loops.resize(code.blocks.len(), false);
        let mut header = 0;
        for (number, block) in code.blocks.iter().enumerate() {
            if block.loop_header {
                header = number;
            }
            for edge in &code.edges[block.succs.indices()] {
                // The last edge back is seen last. A loop with others in it is not the header seen last.
                if edge.to as usize == header {
                    let insts = block.insts.end - code.blocks[header].insts.start;
                    small_loops[header] = insts <= SMALL_LOOP;
                }
            }
        }
    }

    /// Notes which registers hold constants.
    fn remats(&mut self) {
        let code = &mut self.out.code;
        for (at, inst) in code.insts.iter().enumerate() {
            if M::is_constant(inst) {
                let operand = code.operands[code.operand_ends[at] as usize - 1];
                code.remat[operand.vreg.0 as usize] = Remat::Inst(at as u32);
            }
        }
    }
}

/// What makes a constant of a type; of type `None` a place in memory 0.
fn constant_of(ty: Ty, bits: u64) -> Common {
    match ty {
        Ty::None => Common::Place(bits),
        Ty::I32 | Ty::I64 => Common::Int(bits),
        _ => Common::Float(bits),
    }
}

pub(crate) fn operand(vreg: VReg, constraint: Constraint, role: Role) -> Operand {
    Operand { vreg, constraint, role }
}

pub(crate) fn def(vreg: VReg) -> Operand {
    operand(vreg, Constraint::Reg, Role::Def)
}

pub(crate) fn def_reuse(vreg: VReg, with: u8) -> Operand {
    operand(vreg, Constraint::Reuse(with), Role::Def)
}

pub(crate) fn def_fixed(vreg: VReg, reg: PReg) -> Operand {
    operand(vreg, Constraint::Fixed(reg), Role::Def)
}

pub(crate) fn used(vreg: VReg) -> Operand {
    operand(vreg, Constraint::Reg, Role::Use)
}

pub(crate) fn used_any(vreg: VReg) -> Operand {
    operand(vreg, Constraint::Any, Role::Use)
}

pub(crate) fn used_fixed(vreg: VReg, reg: PReg) -> Operand {
    operand(vreg, Constraint::Fixed(reg), Role::Use)
}

pub(crate) fn used_late(vreg: VReg) -> Operand {
    operand(vreg, Constraint::Reg, Role::UseLate)
}

pub(crate) fn temp(vreg: VReg) -> Operand {
    operand(vreg, Constraint::Reg, Role::Temp)
}
