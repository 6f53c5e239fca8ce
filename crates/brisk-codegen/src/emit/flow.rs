//! The order of blocks, and where jumps lead in the end.

use crate::vcode::{Allocation, VCode};

/// Bytes of no-operations that a small loop may get in front of it. They are executed whenever the loop is entered, which for a
/// loop of few iterations costs more than it gains.
pub(crate) const MAX_PADDING: u32 = 10;

/// The order of a function's blocks, recycled.
#[derive(Default)]
pub(crate) struct Flow {
    /// The blocks that are emitted, the seldom reached ones last. What only jumps on is left out: who leads there leads
    /// on.
    pub order: Vec<u32>,
    /// Where each block's jumps lead after empty blocks are skipped.
    threaded: Vec<u32>,
    /// For each block, whether it holds nothing but a jump.
    empty: Vec<bool>,
    /// For each block, whether it stands in the way, see [`Flow::find_aside`].
    aside: Vec<bool>,
    /// For each block, whether it is the header of a loop whose way around ends in a copy of it, see [`Flow::invert_loops`].
    pub inverted: Vec<bool>,
}

/// Blocks of more instructions are not moved out of the way.
const MAX_ASIDE: usize = 4;

/// Headers of loops of more instructions are not copied.
const MAX_COPIED: usize = 6;

impl Flow {
    /// Finds the order.
    pub fn find<I>(&mut self, code: &VCode<I>, alloc: &Allocation, is_jump: impl Fn(&I) -> bool) {
        self.thread_jumps(code, alloc, is_jump);
        let blocks = code.blocks.len() as u32;
        self.find_aside(code);
        self.order.clear();
        for (cold, aside) in [(false, false), (false, true), (true, false), (true, true)] {
            self.order.extend((0..blocks).filter(|&block| {
                code.blocks[block as usize].cold == cold
                    && self.aside[block as usize] == aside
                    && self.threaded[block as usize] == block
            }));
        }
        self.swap_arms(code);
    }

    /// Where of two blocks that go on at the block behind them the second is where the block before goes on, they change
    /// places: then both ways have one jump, not one of them two.
    fn swap_arms<I>(&mut self, code: &VCode<I>) {
        for at in 3..self.order.len() {
            let [before, first, second, behind] = [3, 2, 1, 0].map(|back| self.order[at - back]);
            let goes_on = |block: u32| {
                code.blocks[block as usize].succs.indices().len() == 1
                    && self.target(code, block, 0) == behind
            };
            let leads_to = |block: u32| {
                (0..code.blocks[before as usize].succs.indices().len() as u32)
                    .any(|edge| self.target(code, before, edge) == block)
            };
            if goes_on(first) && goes_on(second) && leads_to(second) && !leads_to(first) {
                self.order.swap(at - 2, at - 1);
            }
        }
    }

    /// Finds the blocks that stand between a branch in a loop and a loop in that, which the branch leads to otherwise, and jump
    /// over that: they are moved out of the way, as the inner loop is likely to be where it goes.
    fn find_aside<I>(&mut self, code: &VCode<I>) {
        self.aside.clear();
        self.aside.resize(code.blocks.len(), false);
        for (number, block) in code.blocks.iter().enumerate() {
            let [taken, other] = &code.edges[block.succs.indices()] else { continue };
            if block.loop_depth == 0 || block.cold {
                continue;
            }
            let next = number as u32 + 1;
            let inner = if taken.to == next { other.to } else { taken.to };
            let (Some(between), Some(to)) = (code.blocks.get(next as usize), code.blocks.get(inner as usize))
            else {
                continue;
            };
            let [over] = &code.edges[between.succs.indices()] else { continue };
            let header = match &code.edges[to.succs.indices()] {
                [only] if !to.loop_header => &code.blocks[only.to as usize],
                _ => to,
            };
            self.aside[next as usize] = (taken.to == next || other.to == next)
                && inner == next + 1
                && over.to > inner
                && !between.loop_header
                && between.insts.indices().len() <= MAX_ASIDE
                && header.loop_header
                && header.loop_depth > block.loop_depth;
        }
    }

    /// Finds the loops whose headers decide whether to go around once more, and which blocks behind lead back to by a jump:
    /// with a copy of the header there instead, going around takes one jump, not two. `is_plain` tells what can be copied.
    pub fn invert_loops<I>(
        &mut self,
        code: &VCode<I>,
        is_jump: impl Fn(&I) -> bool,
        is_plain: impl Fn(&I) -> bool,
    ) {
        self.inverted.clear();
        self.inverted.resize(code.blocks.len(), false);
        for (number, block) in code.blocks.iter().enumerate() {
            if block.cold || !is_jump(&code.insts[block.insts.end as usize - 1]) {
                continue;
            }
            let to = self.target(code, number as u32, 0) as usize;
            let header = &code.blocks[to];
            self.inverted[to] = self.inverted[to]
                || to <= number
                    && header.succs.end - header.succs.start == 2
                    && header.insts.indices().len() <= MAX_COPIED
                    && code.insts[header.insts.indices()].iter().all(&is_plain)
                    && (0..2).all(|edge| self.target(code, to as u32, edge) as usize != to);
        }
    }

    /// Where a jump to a block ends up: behind blocks that hold nothing but a jump.
    fn thread_jumps<I>(&mut self, code: &VCode<I>, alloc: &Allocation, is_jump: impl Fn(&I) -> bool) {
        self.threaded.clear();
        self.empty.clear();
        self.threaded.extend(0..code.blocks.len() as u32);
        let mut group = alloc.groups.len();
        for block in (0..code.blocks.len()).rev() {
            let insts = code.blocks[block].insts;
            while group > 0 && alloc.groups[group - 1].0 >= insts.end {
                group -= 1;
            }
            let moves = group > 0 && alloc.groups[group - 1].0 >= insts.start;
            let only = insts.end - insts.start == 1 && is_jump(&code.insts[insts.start as usize]);
            self.empty.push(only && !moves && block != 0);
        }
        self.empty.reverse();
        for block in (0..code.blocks.len()).rev() {
            if !self.empty[block] {
                continue;
            }
            let to = code.edges[code.blocks[block].succs.start as usize].to as usize;
            if to > block {
                self.threaded[block] = self.threaded[to];
            } else if !self.empty[to] {
                self.threaded[block] = to as u32;
            }
        }
    }

    /// Where an edge of a block leads.
    pub fn target<I>(&self, code: &VCode<I>, block: u32, edge: u32) -> u32 {
        let edge = code.blocks[block as usize].succs.start + edge;
        self.threaded[code.edges[edge as usize].to as usize]
    }
}
