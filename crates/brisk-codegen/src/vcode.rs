//! Machine instructions over virtual registers: what lowering gives to the register allocator.
//!
//! The allocator sees blocks, operands and clobbers, and nothing of the ISA but [`RegSets`]. The
//! instructions themselves (`I`) it carries without looking at them.

use crate::ir::Range;

/// The two classes of register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RegClass {
    /// Integers, references, addresses: 64 bits.
    Int,
    /// Floats and vectors: 128 bits.
    Vector,
}

/// A virtual register: written once (SSA).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct VReg(pub u32);

/// A physical register: 0..32 are of class Int, 32..64 of class Vector; the low 5 bits are the hardware's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PReg(pub u8);

impl PReg {
    /// An integer register.
    pub const fn int(number: u8) -> PReg {
        PReg(number)
    }

    /// A vector register.
    pub const fn vector(number: u8) -> PReg {
        PReg(32 + number)
    }

    /// Its class.
    pub fn class(self) -> RegClass {
        if self.0 < 32 { RegClass::Int } else { RegClass::Vector }
    }

    /// The hardware's number.
    pub fn number(self) -> u8 {
        self.0 & 31
    }
}

/// A set of physical registers of both classes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RegSet(pub u64);

impl RegSet {
    /// None.
    pub const EMPTY: RegSet = RegSet(0);

    /// With one more.
    #[must_use]
    pub const fn with(self, reg: PReg) -> RegSet {
        RegSet(self.0 | 1 << reg.0)
    }

    /// Whether it holds a register.
    pub const fn contains(self, reg: PReg) -> bool {
        self.0 >> reg.0 & 1 != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn union(self, other: RegSet) -> RegSet {
        RegSet(self.0 | other.0)
    }

    /// Those not in the other.
    #[must_use]
    pub const fn minus(self, other: RegSet) -> RegSet {
        RegSet(self.0 & !other.0)
    }

    /// The registers in it.
    pub fn iter(self) -> impl Iterator<Item = PReg> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let next = rest.trailing_zeros();
            rest &= rest.wrapping_sub(1);
            (next < 64).then_some(PReg(next as u8))
        })
    }
}

/// Where an operand may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// In any register of its class.
    Reg,
    /// In a register or in its spill slot (the instruction can take it from memory).
    Any,
    /// A use in a register that is idle otherwise, or nowhere (`Loc::Slot(u32::MAX)`): the instruction can make the value
    /// itself. Of vregs that can be made again.
    Spare,
    /// In this register.
    Fixed(PReg),
    /// A definition in the register of the operand with this index in the same instruction, a use with
    /// `Constraint::Reg`. That use ends here: if its value lives on, the allocator copies it first.
    Reuse(u8),
}

/// What an instruction does with an operand, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Read before anything is written.
    Use,
    /// Read; must keep its register until all is written (the instruction writes a result or temporary before it
    /// reads this).
    UseLate,
    /// Written after all `Use` operands are read.
    Def,
    /// Written before all operands are read: shares no register with any use.
    DefEarly,
    /// Scratch: some register, written at any time, holding nothing before or after. Its vreg is used nowhere else.
    Temp,
}

/// An operand of a machine instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The virtual register.
    pub vreg: VReg,
    /// Where it may be.
    pub constraint: Constraint,
    /// What is done with it.
    pub role: Role,
}

/// A block of machine instructions. Block indices are in emission order; loops are contiguous.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct VBlock {
    /// Instructions, by index.
    pub insts: Range,
    /// Parameters, in `VCode::vregs`.
    pub params: Range,
    /// Edges by which it is left, in `VCode::edges`. A block with several successors has no arguments on its
    /// edges to blocks with several predecessors: lowering splits such edges.
    pub succs: Range,
    /// How many loops it is in.
    pub loop_depth: u32,
    /// Whether a predecessor comes after it.
    pub loop_header: bool,
    /// Whether it is seldom reached.
    pub cold: bool,
    /// Whether its first instruction takes values from fixed registers that the block's predecessor left there
    /// (entry parameters, a call's results, a caught exception): no value may be in a register at the block's
    /// start, and no moves are placed on the edge into it other than to and from spill slots through scratch registers.
    pub takes_fixed: bool,
}

/// An edge between blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VEdge {
    /// Where to, by block index.
    pub to: u32,
    /// A vreg for each parameter, in `VCode::vregs`.
    pub args: Range,
}

/// How to make a constant again rather than keep it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remat {
    /// It must be kept.
    No,
    /// The instruction with this index has no uses and this definition only: repeating it gives the value.
    Inst(u32),
}

/// A function in machine instructions. `I` is the ISA's instruction.
#[derive(Clone, Debug)]
pub struct VCode<I> {
    /// Instructions.
    pub insts: Vec<I>,
    /// For each instruction the end of its operands; they begin where those of the one before end.
    pub operand_ends: Vec<u32>,
    /// Operands.
    pub operands: Vec<Operand>,
    /// For each instruction, the registers it destroys beside its definitions: an index in `clobber_sets`.
    pub clobbers: Vec<u8>,
    /// The sets; 0 is empty.
    pub clobber_sets: Vec<RegSet>,
    /// Blocks.
    pub blocks: Vec<VBlock>,
    /// Edges.
    pub edges: Vec<VEdge>,
    /// Parameters and arguments.
    pub vregs: Vec<VReg>,
    /// Class of each vreg.
    pub classes: Vec<RegClass>,
    /// Bytes of each vreg's spill slot: 8 or 16.
    pub wide: Vec<bool>,
    /// How each vreg can be made again.
    pub remat: Vec<Remat>,
    /// Pairs of (vreg, preferred register): from calling conventions.
    pub hints: Vec<(VReg, PReg)>,
}

impl<I> Default for VCode<I> {
    fn default() -> VCode<I> {
        VCode {
            insts: Vec::new(),
            operand_ends: Vec::new(),
            operands: Vec::new(),
            clobbers: Vec::new(),
            clobber_sets: vec![RegSet::EMPTY],
            blocks: Vec::new(),
            edges: Vec::new(),
            vregs: Vec::new(),
            classes: Vec::new(),
            wide: Vec::new(),
            remat: Vec::new(),
            hints: Vec::new(),
        }
    }
}

impl<I> VCode<I> {
    /// Forgets the function, keeps the memory.
    pub fn clear(&mut self) {
        self.insts.clear();
        self.operand_ends.clear();
        self.operands.clear();
        self.clobbers.clear();
        self.clobber_sets.truncate(1);
        self.blocks.clear();
        self.edges.clear();
        self.vregs.clear();
        self.classes.clear();
        self.wide.clear();
        self.remat.clear();
        self.hints.clear();
    }
}

/// The registers an ISA lets the allocator have.
#[derive(Clone, Copy, Debug)]
pub struct RegSets {
    /// All that may be allocated.
    pub allocatable: RegSet,
    /// Those that a function must save before it uses them.
    pub callee_saved: RegSet,
    /// Free for moves at any time, one of each class; not allocatable.
    pub scratch_int: PReg,
    /// As above.
    pub scratch_vector: PReg,
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Loc {
    /// In a register.
    Reg(PReg),
    /// In a spill slot: an index of 8-byte cells in the spill area; a wide one takes two, aligned.
    Slot(u32),
}

/// A move or a rematerialization the allocator asks for, before an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    /// Where from; `None` if it is made again.
    pub from: Option<Loc>,
    /// Where to.
    pub to: Loc,
    /// The instruction that makes it, if `from` is `None`.
    pub remat: u32,
    /// Whether all 128 bits count.
    pub wide: bool,
}

/// The allocator's answer. Recycled: the allocator clears it first.
#[derive(Clone, Debug, Default)]
pub struct Allocation {
    /// For each operand of `VCode::operands`, where it is.
    pub locs: Vec<Loc>,
    /// Moves in the order of execution, already sequential (parallel ones resolved, through scratch registers where
    /// needed).
    pub moves: Vec<Move>,
    /// For each group of moves: the instruction it comes before, and its range in `moves`; sorted by instruction, several
    /// of one in order. Moves on an edge stand at the end of the block it leaves (before its terminator, or one earlier) or
    /// at the start of the block it leads to.
    pub groups: Vec<(u32, Range)>,
    /// Cells of the spill area.
    pub spill_cells: u32,
    /// Callee-saved registers that are used.
    pub used_callee_saved: RegSet,
}

impl<I: std::fmt::Debug> VCode<I> {
    /// As text; with an allocation, its moves and the places of operands too.
    pub fn print(&self, allocation: Option<&Allocation>) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let _ = write!(text, "b{number}");
            let _ = self.print_list(&mut text, block.params);
            let _ = write!(text, " depth {}", block.loop_depth);
            for (flag, name) in
                [(block.loop_header, " loop"), (block.cold, " cold"), (block.takes_fixed, " takes")]
            {
                text.push_str(if flag { name } else { "" });
            }
            text.push_str(":\n");
            for inst in block.insts.indices() {
                let moves = allocation.into_iter().flat_map(|allocation| {
                    let first = allocation.groups.partition_point(|group| group.0 < inst as u32);
                    let groups = allocation.groups[first..].iter().take_while(|group| group.0 == inst as u32);
                    groups.flat_map(|group| &allocation.moves[group.1.indices()])
                });
                for copy in moves {
                    let from = copy.from.map_or_else(|| format!("again {}", copy.remat), loc);
                    let _ = writeln!(text, "        {} <- {from}", loc(copy.to));
                }
                let _ = write!(text, "    {inst:>4} {:?}", self.insts[inst]);
                let first = inst.checked_sub(1).map_or(0, |before| self.operand_ends[before] as usize);
                for at in first..self.operand_ends[inst] as usize {
                    let operand = &self.operands[at];
                    let role = match operand.role {
                        Role::Use => "",
                        Role::UseLate => "late ",
                        Role::Def => "def ",
                        Role::DefEarly => "early def ",
                        Role::Temp => "temp ",
                    };
                    let _ = write!(text, ", {role}v{}", operand.vreg.0);
                    match (allocation.and_then(|allocation| allocation.locs.get(at)), operand.constraint) {
                        (Some(&place), _) => {
                            let _ = write!(text, "={}", loc(place));
                        }
                        (None, Constraint::Fixed(reg)) => {
                            let _ = write!(text, "={}", loc(Loc::Reg(reg)));
                        }
                        (None, Constraint::Reuse(with)) => {
                            let _ = write!(text, "=#{with}");
                        }
                        (None, Constraint::Any) => text.push('?'),
                        (None, Constraint::Spare) => text.push('~'),
                        (None, Constraint::Reg) => {}
                    }
                }
                text.push('\n');
            }
            for edge in &self.edges[block.succs.indices()] {
                let _ = write!(text, "         -> b{}", edge.to);
                let _ = self.print_list(&mut text, edge.args);
                text.push('\n');
            }
        }
        text
    }

    fn print_list(&self, text: &mut String, list: Range) -> std::fmt::Result {
        use std::fmt::Write;
        for (nth, vreg) in self.vregs[list.indices()].iter().enumerate() {
            write!(text, "{}v{}", if nth == 0 { "(" } else { ", " }, vreg.0)?;
        }
        if list.start < list.end { text.write_str(")") } else { Ok(()) }
    }
}

fn loc(place: Loc) -> String {
    match place {
        Loc::Reg(reg) if reg.class() == RegClass::Int => format!("r{}", reg.number()),
        Loc::Reg(reg) => format!("x{}", reg.number()),
        Loc::Slot(cell) => format!("[{cell}]"),
    }
}
