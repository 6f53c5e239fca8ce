//! What is live where each block begins, whatever the shape of the loops: the classic iteration over sets.
//!
//! Loops with one entry do not need it (see [`super::live`]). Those with several do: a value that is defined outside of
//! such a loop and used in it need not be live in all of it.

use super::NONE;
use super::live::{VRegInfo, operands};
use crate::vcode::{Role, VCode, VReg};

/// More rounds than this are not made.
const MAX_ROUNDS: u32 = 32;

/// A set of globals (vregs that live in several blocks) for each block; recycled.
#[derive(Default)]
pub(super) struct Flow {
    /// Of each block in turn, what is live where it begins.
    sets: Vec<u64>,
    /// The length of a set.
    words: usize,
    /// Of each block, how many globals are defined in those before it: only they can be live where it begins.
    before: Vec<u32>,
}

impl Flow {
    /// Finds it, of `globals` globals; `backward` tells of each block whether an edge leads back to it. False if it takes
    /// more than `most` words, or too many rounds.
    pub(super) fn run<I>(
        &mut self,
        code: &VCode<I>,
        vregs: &[VRegInfo],
        globals: u32,
        backward: impl Fn(usize) -> bool,
        most: usize,
    ) -> bool {
        let blocks = code.blocks.len();
        self.words = globals.div_ceil(64) as usize;
        self.sets.clear();
        if self.words * blocks > most {
            return false;
        }
        self.sets.resize(self.words * blocks, 0);
        self.before.clear();
        let mut defined = 0;
        for b in 0..blocks {
            self.before.push(defined);
            defined += self.own(code, vregs, b);
        }
        // As often as loops nest, and once more, unless they are entangled.
        for _ in 0..MAX_ROUNDS {
            let mut again = false;
            for b in (0..blocks).rev() {
                for edge in &code.edges[code.blocks[b].succs.indices()] {
                    again |= self.join(b, edge.to as usize) && backward(b);
                }
            }
            if !again {
                return true;
            }
        }
        false
    }

    /// What is live where block `b` begins.
    pub(super) fn live_in(&self, b: u32) -> &[u64] {
        &self.sets[b as usize * self.words..][..self.words]
    }

    /// Adds what block `b` itself reads; counts the globals it defines.
    fn own<I>(&mut self, code: &VCode<I>, vregs: &[VRegInfo], b: usize) -> u32 {
        let block = &code.blocks[b];
        let set = &mut self.sets[b * self.words..][..self.words];
        let mut read = |v: VReg| {
            let VRegInfo { global, def_block, .. } = vregs[v.0 as usize];
            if global != NONE && def_block != b as u32 {
                set[global as usize / 64] |= 1 << (global % 64);
            }
        };
        let is_global = |v: VReg| u32::from(vregs[v.0 as usize].global != NONE);
        let mut defined = code.vregs[block.params.indices()].iter().map(|&v| is_global(v)).sum();
        for inst in block.insts.indices() {
            for op in &code.operands[operands(code, inst as u32)] {
                match op.role {
                    Role::Use | Role::UseLate => read(op.vreg),
                    _ => defined += is_global(op.vreg),
                }
            }
        }
        for edge in &code.edges[block.succs.indices()] {
            code.vregs[edge.args.indices()].iter().for_each(|&v| read(v));
        }
        defined
    }

    /// Adds to what is live at block `b` what is at `to`, where it leads; tells whether that was news.
    fn join(&mut self, b: usize, to: usize) -> bool {
        let before = self.before[b] as usize;
        let mut news = false;
        for w in 0..before.div_ceil(64) {
            let bits = self.sets[to * self.words + w];
            let bits = if before - w * 64 >= 64 { bits } else { bits & ((1 << (before % 64)) - 1) };
            let set = &mut self.sets[b * self.words + w];
            news |= bits & !*set != 0;
            *set |= bits;
        }
        news
    }
}
