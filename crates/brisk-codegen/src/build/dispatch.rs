//! Loops that only dispatch: what a compiler without `goto` makes of jumps.
//!
//! Go's compiler writes a function as a loop around nested blocks that begins with a `br_table` on a local, and a jump
//! backwards as `i32.const N, local.set, br` to that loop. Here the branch leads to where the table would lead, and
//! the table is left for who enters: with the value that a caller who resumes the function passes, so that the local is a
//! parameter. Each label of such a table may be reached from behind, so each is treated as a loop header while it is
//! built; loops so made may have several entries, of which all but the header's come from the dispatching block or
//! through blocks it leads to. As the dispatching block leads to each such header, no edge backwards changes a dominator;
//! what is true of memory at a header must hold on all ways in, see `opt::number`.

use super::Build;
use crate::ir::{Access, Effect, NONE, Op, Ty};
use brisk_module::walk::ControlKind;

/// A loop that dispatches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dispatch {
    /// The loop's frame.
    frame: usize,
    /// The local that says where to.
    local: u32,
    /// The table's edges, in `Builder::tables`.
    start: u32,
    count: u32,
}

impl Build<'_> {
    /// Whether a table of `count` edges from `start` on, about to be emitted with the index `index`, begins a loop that
    /// dispatches. If so, its labels are loop headers from here on.
    pub fn begins_dispatch(&mut self, index: u32, start: u32, count: u32) -> bool {
        let inst = self.inst(index);
        // With fuel, each round of the loop is charged.
        let possible =
            self.dispatch.is_none() && !self.settings.fuel && self.inlined == NONE && self.tries == 0;
        if !possible || inst.op != Op::Param || inst.b != NONE || inst.c == NONE {
            return false;
        }
        let phi = self.cx.phis[inst.c as usize];
        // Nothing else may happen in a round before the table. (Whoever enters from the interpreter's frame has entered.)
        let insts = &self.f.insts[self.cx.blocks[self.block as usize].start as usize..];
        let only = insts.iter().all(|inst| match inst.op.effect() {
            Effect::Pure => true,
            Effect::Read => !Access::from_aux(inst.aux).traps,
            _ => inst.op == Op::Poll,
        });
        if !only || self.cx.written.iter().any(|&local| local != self.entering) {
            return false;
        }
        let control = &self.walker.control;
        let at_header = phi.block == self.block && phi.key < self.local_count;
        let is_header = |frame: usize| {
            control[frame].kind == ControlKind::Loop && control[frame].label.block == self.block
        };
        let Some(frame) = (0..control.len()).rev().find(|&frame| is_header(frame)).filter(|_| at_header)
        else {
            return false;
        };
        // Nothing but the local says where a label is reached from.
        let plain = control[frame..].iter().all(|frame| {
            frame.height == 0
                && frame.label_types(self.module).is_empty()
                && matches!(frame.kind, ControlKind::Loop | ControlKind::Block)
        });
        // What compilers make of jumps into loops looks the same, but for who passes the number. Those lose by it: they have many
        // values live around them, which no label's registers suit.
        let passed = (phi.key as usize) < self.module.func_type(self.func).params.len();
        if !plain || !passed {
            return false;
        }
        for at in frame + 1..self.walker.control.len() {
            let block = self.walker.control[at].label.block;
            if block != NONE {
                let block = &mut self.cx.blocks[block as usize];
                (block.header, block.sealed) = (true, false);
            }
        }
        self.dispatch = Some(Dispatch { frame, local: phi.key, start, count });
        self.dispatches = true;
        true
    }

    /// Where a branch to the frame at `at` leads: to its label's block, or, if that would dispatch by a constant, to
    /// where the table leads.
    pub fn branch_block(&mut self, at: usize) -> u32 {
        if let Some(dispatch) = self.dispatch
            && dispatch.frame == at
            && self.inlined == NONE
            && let Some(index) = self.known_local(dispatch.local)
            && let Some(index) = self.constant_of(index)
        {
            let index = (index as u32).min(dispatch.count - 1);
            let edge = self.cx.tables[(dispatch.start + index) as usize];
            let to = self.cx.edges[edge as usize].to;
            // (Block 0 is the function's entry.)
            if self.cx.blocks[to as usize].start != 0 && self.settings.interrupts {
                self.emit(Op::Poll, Ty::None, 0, 0, 0, 0);
            }
            return to;
        }
        self.label_block(at)
    }

    /// All branches to the labels of a loop that dispatches are known: its frame, at `at`, ends.
    pub fn end_dispatch(&mut self, at: usize) {
        if let Some(Dispatch { frame, start, count, .. }) = self.dispatch
            && frame == at
        {
            self.dispatch = None;
            for edge in start..start + count {
                let to = self.cx.edges[self.cx.tables[edge as usize] as usize].to;
                if !self.cx.blocks[to as usize].sealed {
                    self.seal(to);
                }
            }
        }
    }

    /// Makes aliases of parameters that pass one value around among them: cycles with several entries have such.
    /// Optimistic: all parameters are taken to be aliases until they are found not to be.
    pub fn simplify_cycles(&mut self) {
        let mut same = std::mem::take(&mut self.cx.same);
        same.clear();
        for phi in &self.cx.phis {
            same.push(if phi.args == NONE { phi.value } else { NONE });
        }
        let mut changed = true;
        // Each parameter changes twice at most.
        while changed && !self.too_large() {
            changed = false;
            for phi in 0..self.cx.phis.len() {
                let this = self.cx.phis[phi];
                if same[phi] == this.value || self.f.insts[this.value as usize].b != NONE {
                    continue;
                }
                let count = self.cx.blocks[this.block as usize].preds;
                self.steps += u64::from(count);
                let mut met = NONE;
                for at in this.args..this.args + count {
                    let arg = self.cx.phi_args[at as usize];
                    let arg = self.resolve(arg);
                    let inst = self.f.insts[arg as usize];
                    let is_phi = inst.op == Op::Param && inst.c != NONE;
                    let arg = if is_phi { same[inst.c as usize] } else { arg };
                    if arg == NONE || arg == met {
                        continue;
                    }
                    if met != NONE {
                        met = this.value;
                        break;
                    }
                    met = arg;
                }
                if met != same[phi] {
                    same[phi] = met;
                    changed = true;
                }
            }
        }
        if !changed {
            for (phi, &same) in self.cx.phis.iter().zip(&same) {
                let param = &mut self.f.insts[phi.value as usize];
                if same != NONE && same != phi.value && param.b == NONE {
                    param.b = same;
                }
            }
        }
        self.cx.same = same;
    }
}
