//! Which block is on every way to which: a fact, found from forward edges alone. (What dominates a block by those dominates
//! all from where an edge leads back to it, also in loops with several entries: so edges backwards change nothing.)

use crate::ir::{Block, Func, NONE, tree::Tree};

/// The dominators of a function's blocks, as intervals of a walk over their tree.
#[derive(Debug, Default)]
pub(crate) struct Dominators {
    /// Immediate dominator of each block; `NONE` of the entry.
    pub parent: Vec<u32>,
    tree: Tree,
    /// Number of each block in the walk, and how many blocks it dominates, itself included.
    place: Vec<u32>,
    size: Vec<u32>,
    /// First number below each block that is not given away.
    free: Vec<u32>,
}

impl Dominators {
    /// Finds them.
    pub fn run(&mut self, f: &Func) {
        let count = f.blocks.len();
        self.parent.clear();
        self.parent.resize(count, NONE);
        self.tree.clear();
        self.size.clear();
        self.size.resize(count, 1);
        self.place.clear();
        self.place.resize(count, 0);
        for block in 0..count as u32 {
            let parent = self.parent[block as usize];
            self.tree.push(if block == 0 { 0 } else { parent });
            for edge in f.successors(Block(block)).indices() {
                let to = f.edges[edge].to.0;
                if to > block {
                    let known = self.parent[to as usize];
                    self.parent[to as usize] =
                        if known == NONE || known == block { block } else { self.tree.common(known, block) };
                }
            }
        }
        for block in (1..count).rev() {
            let size = self.size[block];
            self.size[self.parent[block] as usize] += size;
        }
        let free = &mut self.free;
        free.clear();
        free.resize(count, 1);
        for block in 1..count {
            let parent = self.parent[block] as usize;
            self.place[block] = free[parent];
            free[parent] += self.size[block];
            free[block] = self.place[block] + 1;
        }
    }

    /// Whether `a` is on every way to `b`, or is `b`.
    #[inline]
    pub fn dominates(&self, a: u32, b: u32) -> bool {
        self.place[b as usize].wrapping_sub(self.place[a as usize]) < self.size[a as usize]
    }
}
