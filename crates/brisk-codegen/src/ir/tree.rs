//! A tree of blocks that grows at its leaves.

/// A tree with pointers that skip (Myers, *An applicative random-access stack*, 1983), so that an ancestor is found in
/// logarithmic time.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub parent: Vec<u32>,
    skip: Vec<u32>,
    depth: Vec<u32>,
}

impl Tree {
    pub fn clear(&mut self) {
        let Tree { parent, skip, depth } = self;
        parent.clear();
        skip.clear();
        depth.clear();
    }

    /// Adds the next node; the parent of the first one does not matter.
    pub fn push(&mut self, parent: u32) {
        let this = self.parent.len() as u32;
        if this == 0 {
            self.parent.push(0);
            self.skip.push(0);
            self.depth.push(0);
            return;
        }
        let skip = self.skip[parent as usize];
        let (a, b) = (self.depth[parent as usize] - self.depth[skip as usize], self.skip[skip as usize]);
        let b = self.depth[skip as usize] - self.depth[b as usize];
        self.skip.push(if a == b { self.skip[skip as usize] } else { parent });
        self.depth.push(self.depth[parent as usize] + 1);
        self.parent.push(parent);
    }

    fn ancestor(&self, mut at: u32, depth: u32) -> u32 {
        while self.depth[at as usize] > depth {
            let skip = self.skip[at as usize];
            at = if self.depth[skip as usize] >= depth { skip } else { self.parent[at as usize] };
        }
        at
    }

    /// The innermost node that two nodes are below, or one of them.
    pub fn common(&self, a: u32, b: u32) -> u32 {
        let depth = self.depth[a as usize].min(self.depth[b as usize]);
        let (mut a, mut b) = (self.ancestor(a, depth), self.ancestor(b, depth));
        while a != b {
            let (x, y) = (self.skip[a as usize], self.skip[b as usize]);
            if x != y {
                (a, b) = (x, y);
            } else {
                (a, b) = (self.parent[a as usize], self.parent[b as usize]);
            }
        }
        a
    }

    /// Whether `b` is below `a`, or is it.
    pub fn dominates(&self, a: u32, b: u32) -> bool {
        self.depth[a as usize] <= self.depth[b as usize] && self.ancestor(b, self.depth[a as usize]) == a
    }
}
