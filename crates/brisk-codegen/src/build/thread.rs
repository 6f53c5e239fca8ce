//! Conditions that come from where ways meet: `a && b`, as compilers without such an instruction write it.
//!
//! An `if` with a result that is another's condition is a block with a parameter that does nothing but branch on it. Such a
//! block is left out while it is built: who passes it a constant goes on where that leads, and who passes another value
//! branches on that.

use super::ssa::BuildEdge;
use super::{Build, Entry};
use crate::ir::{IntCond, NONE, Op, Ty};

/// A block of more predecessors is not taken apart.
const MAX_PREDS: u32 = 8;

/// What is emitted of a block before it branches, at most: constants and tests for zero.
const MAX_INSTS: usize = 8;

/// The way out of a block that only branches on its parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threaded {
    /// The parameter.
    phi: u32,
    /// Whether the branch is taken if it is 0.
    inverted: bool,
}

impl Build<'_> {
    /// Whether the current block does nothing but branch on the condition, which is its only parameter and used by nobody
    /// else.
    pub fn threaded(&mut self, condition: u32) -> Option<Threaded> {
        let block = self.cx.blocks[self.block as usize];
        let insts = self.f.insts.get(block.start as usize..)?;
        let (value, inverted) = self.condition(condition);
        let inst = self.inst(value);
        // What is charged at the block's start stays there, and a loop that dispatches knows its own branches. With an entry
        // from the interpreter, operands pushed since the block began are kept in it.
        if inst.op != Op::Param
            || inst.b != NONE
            || inst.c == NONE
            || self.settings.fuel
            || self.settings.entry != Entry::Normal
            || self.dispatch.is_some()
            || insts.len() > MAX_INSTS
            || block.header
            || !block.sealed
            || block.preds > MAX_PREDS
            || block.first_phi != block.last_phi
            || block.first_phi != inst.c
            || !self.cx.written.is_empty()
        {
            return None;
        }
        let phi = self.cx.phis[inst.c as usize];
        let is_test =
            |inst: &crate::ir::Inst| inst.op == Op::Icmp && IntCond::from_aux(inst.aux) == IntCond::Eq;
        let nothing_else = insts.iter().all(|inst| matches!(inst.op, Op::Param | Op::Const) || is_test(inst));
        if phi.args == NONE
            || !nothing_else
            || self.walker.operands.iter().any(|&operand| operand >= block.start)
        {
            return None;
        }
        // Both ways must be possible, and who decides must end in a jump.
        let (mut yes, mut no) = (false, false);
        let mut edge = block.first_pred;
        while edge != NONE {
            let data = self.cx.edges[edge as usize];
            let at = (phi.args + data.index) as usize;
            let arg = self.resolve(self.cx.phi_args[at]);
            self.cx.phi_args[at] = arg;
            match self.constant_of(arg) {
                Some(constant) => {
                    yes |= constant != 0;
                    no |= constant == 0;
                }
                None => {
                    let last = self.f.insts[self.cx.blocks[data.from as usize].end as usize - 1];
                    if last.op != Op::Jump || last.a != edge {
                        return None;
                    }
                    (yes, no) = (true, true);
                }
            }
            edge = data.next;
        }
        (yes && no).then_some(Threaded { phi: inst.c, inverted })
    }

    /// Leaves the current block out: all ways into it lead on, to `then` if what they pass is not 0, else to `other`.
    pub fn lead_on(&mut self, threaded: Threaded, then: u32, other: u32) {
        let (then, other) = if threaded.inverted { (other, then) } else { (then, other) };
        let args = self.cx.phis[threaded.phi as usize].args;
        let left_out = self.cx.order.pop();
        debug_assert_eq!(left_out, Some(self.block));
        let mut edge = self.cx.blocks[self.block as usize].first_pred;
        while edge != NONE {
            let data = self.cx.edges[edge as usize];
            let arg = self.cx.phi_args[(args + data.index) as usize];
            if let Some(constant) = self.constant_of(arg) {
                self.cx.edges[edge as usize].next = NONE;
                self.attach(edge, if constant != 0 { then } else { other });
            } else {
                let (value, inverted) = self.condition(arg);
                let first = self.cx.edges.len() as u32;
                for to in [then, other] {
                    let args = self.cx.args.len() as u32;
                    let from = data.from;
                    self.cx.edges.push(BuildEdge {
                        from,
                        to: NONE,
                        next: NONE,
                        args,
                        args_end: args,
                        index: 0,
                    });
                    self.attach(self.cx.edges.len() as u32 - 1, to);
                }
                let (yes, no) = if inverted { (first + 1, first) } else { (first, first + 1) };
                let last = self.cx.blocks[data.from as usize].end as usize - 1;
                let jump = &mut self.f.insts[last];
                (jump.op, jump.ty, jump.a, jump.b, jump.c) = (Op::Branch, Ty::None, value, yes, no);
            }
            edge = data.next;
        }
    }

    /// Begins a block that ways were led on to: what is known of operands and locals is found on each of them.
    pub fn begin_led(&mut self, block: u32) {
        let data = self.cx.blocks[block as usize];
        if data.preds == 1 {
            let parent = self.cx.edges[data.first_pred as usize].from;
            self.set_parent(block, parent);
        }
        self.begin(block);
        self.forget();
        self.find_operands(self.walker.operands.len());
    }
}
