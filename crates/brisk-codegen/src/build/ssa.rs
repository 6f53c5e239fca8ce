//! Locals as values.
//!
//! Within a segment (blocks each of which is entered from the one before only) the value of a local stands in
//! [`Local`]. At the end of a block what it assigned goes to [`Defs`], where it is looked up on demand from blocks
//! further on. The search walks predecessors; it keeps its own stack, and remembers what it found on its way, so that
//! chains of many thousand blocks cost their length once for each local. A block parameter is made at loop headers and
//! where different values meet; one that turns out to have a single value becomes an alias of it: field `b` of its
//! instruction.

use super::Build;
use crate::ir::{NONE, Op, Ty};

/// A local in the current segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Local {
    value: u32,
    /// The segment in which `value` is right.
    epoch: u32,
    /// The block that assigned it last.
    written: u32,
}

/// A block while it is built.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuildBlock {
    /// First instruction, and behind the last.
    pub start: u32,
    pub end: u32,
    /// A block that dominates it and after which no local was assigned; `NONE` at joins.
    pub parent: u32,
    /// Edges that lead here, as a list in the order they were made.
    pub first_pred: u32,
    pub last_pred: u32,
    pub preds: u32,
    /// Parameters, as a list of [`Phi`]s.
    pub first_phi: u32,
    pub last_phi: u32,
    /// Whether all edges to it are known.
    pub sealed: bool,
    /// Whether it assigned a local.
    pub writes: bool,
    /// Whether [`Defs`] has anything for it.
    known: bool,
    pub header: bool,
    pub cold: bool,
}

/// An edge while it is built.
#[derive(Clone, Copy, Debug)]
pub(super) struct BuildEdge {
    pub from: u32,
    pub to: u32,
    /// Next edge to the same block.
    pub next: u32,
    /// What is passed for the label's operands, in `args`.
    pub args: u32,
    pub args_end: u32,
    /// Which of the edges to its block it is.
    pub index: u32,
}

/// A block parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phi {
    pub value: u32,
    pub block: u32,
    /// Next parameter of the same block.
    pub next: u32,
    /// An argument for each edge to the block, in `phi_args`; `NONE` until they are known.
    pub args: u32,
    /// The local, or [`OPERAND`] and the number of a label's operand.
    pub key: u32,
}

/// Marks a [`Phi::key`] that is no local.
pub(super) const OPERAND: u32 = 1 << 31;

/// What a block leaves in a local, for (block, local): a hash table of which each function uses as much as it needs,
/// so that small functions stay in the cache after a large one.
#[derive(Debug, Default)]
pub(super) struct Defs {
    entries: Vec<Def>,
    /// Entries in use, less one.
    mask: usize,
    len: usize,
    /// Marks entries of this function.
    stamp: u32,
    moved: Vec<Def>,
}

/// Entries a function begins with.
const DEFS: usize = 256;

#[derive(Clone, Copy, Debug, Default)]
struct Def {
    key: u64,
    value: u32,
    stamp: u32,
}

impl Defs {
    pub fn clear(&mut self) {
        self.len = 0;
        self.mask = DEFS - 1;
        if self.entries.is_empty() {
            self.entries.resize(DEFS, Def::default());
        }
        self.next_stamp();
    }

    /// Forgets all entries.
    fn next_stamp(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.stamp = 1;
            self.entries.fill(Def::default());
        }
    }

    #[inline]
    fn slot(&self, key: u64) -> usize {
        let mask = self.mask;
        let mut at = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            let entry = &self.entries[at];
            if entry.stamp != self.stamp || entry.key == key {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub fn get(&self, block: u32, local: u32) -> Option<u32> {
        let entry = &self.entries[self.slot(key(block, local))];
        (entry.stamp == self.stamp).then_some(entry.value)
    }

    #[inline]
    pub fn insert(&mut self, block: u32, local: u32, value: u32) {
        let key = key(block, local);
        let at = self.slot(key);
        if self.entries[at].stamp != self.stamp {
            self.len += 1;
        }
        self.entries[at] = Def { key, value, stamp: self.stamp };
        if self.len * 2 > self.mask {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let mut moved = std::mem::take(&mut self.moved);
        moved.clear();
        let stamp = self.stamp;
        moved.extend(self.entries[..=self.mask].iter().filter(|entry| entry.stamp == stamp));
        self.mask = (self.mask + 1) * 4 - 1;
        if self.entries.len() <= self.mask {
            self.entries.resize(self.mask + 1, Def::default());
        }
        self.next_stamp();
        for entry in &moved {
            let at = self.slot(entry.key);
            self.entries[at] = Def { stamp: self.stamp, ..*entry };
        }
        self.moved = moved;
    }
}

fn key(block: u32, local: u32) -> u64 {
    u64::from(block) << 32 | u64::from(local)
}

/// The stacks of a search.
#[derive(Debug, Default)]
pub(super) struct Search {
    joins: Vec<Join>,
    /// Values found along the edges to the joins under way.
    values: Vec<u32>,
    /// Blocks passed.
    path: Vec<u32>,
}

/// A join whose edges are being followed.
#[derive(Clone, Copy, Debug)]
struct Join {
    block: u32,
    edge: u32,
    /// First of its values.
    values: usize,
    /// Where the path that led to it begins.
    path: usize,
}

impl Search {
    pub fn clear(&mut self) {
        self.joins.clear();
        self.values.clear();
        self.path.clear();
    }
}

impl Build<'_> {
    pub fn new_block(&mut self) -> u32 {
        self.cx.blocks.push(BuildBlock {
            start: 0,
            end: 0,
            parent: NONE,
            first_pred: NONE,
            last_pred: NONE,
            preds: 0,
            first_phi: NONE,
            last_phi: NONE,
            sealed: true,
            writes: false,
            known: false,
            header: false,
            cold: false,
        });
        self.cx.blocks.len() as u32 - 1
    }

    /// What follows goes to this block.
    pub fn begin(&mut self, block: u32) {
        self.cx.epoch += 1;
        self.stamp = self.cx.epoch;
        self.cx.blocks[block as usize].start = self.f.insts.len() as u32;
        self.cx.order.push(block);
        self.block = block;
    }

    /// Begins a block that is entered from the current segment only.
    pub fn begin_child(&mut self, block: u32, parent: u32) {
        self.set_parent(block, parent);
        self.begin(block);
    }

    /// Says which block, ended before, is the only way to another.
    pub fn set_parent(&mut self, block: u32, parent: u32) {
        let above = self.cx.blocks[parent as usize];
        // One without assignments need not be asked.
        let skip = !above.writes && above.parent != NONE;
        self.cx.blocks[block as usize].parent = if skip { above.parent } else { parent };
    }

    /// Begins a new segment: nothing is known of locals and values.
    pub fn forget(&mut self) {
        self.cx.epoch += 1;
        self.epoch = self.cx.epoch;
        self.forget_numbers();
    }

    /// What was computed before must not be used again.
    pub fn forget_numbers(&mut self) {
        self.cx.epoch += 1;
        self.numbers_epoch = self.cx.epoch;
    }

    /// Ends the current block, whose terminator has been emitted.
    pub fn end_block(&mut self) {
        let block = &mut self.cx.blocks[self.block as usize];
        block.end = self.f.insts.len() as u32;
        block.writes = !self.cx.written.is_empty();
        for at in 0..self.cx.written.len() {
            let local = self.cx.written[at];
            let value = self.cx.locals[local as usize].value;
            self.define(self.block, local, value);
        }
        self.cx.written.clear();
    }

    /// An edge from the current block, not yet to anywhere, that passes the topmost operands.
    pub fn loose_edge(&mut self, operands: usize) -> u32 {
        let args = self.cx.args.len() as u32;
        let first = self.walker.operands.len() - operands;
        self.cx.args.extend_from_slice(&self.walker.operands[first..]);
        self.steps += 1 + operands as u64;
        let args_end = self.cx.args.len() as u32;
        self.cx.edges.push(BuildEdge { from: self.block, to: NONE, next: NONE, args, args_end, index: 0 });
        self.cx.edges.len() as u32 - 1
    }

    /// Leads an edge to a block.
    pub fn attach(&mut self, edge: u32, to: u32) {
        let block = &mut self.cx.blocks[to as usize];
        let last = std::mem::replace(&mut block.last_pred, edge);
        let index = block.preds;
        block.preds += 1;
        if last == NONE {
            block.first_pred = edge;
        } else {
            self.cx.edges[last as usize].next = edge;
        }
        let edge = &mut self.cx.edges[edge as usize];
        edge.to = to;
        edge.index = index;
    }

    /// An edge from the current block that passes the topmost operands.
    pub fn edge(&mut self, to: u32, operands: usize) -> u32 {
        let edge = self.loose_edge(operands);
        self.attach(edge, to);
        edge
    }

    /// Ends the current block with a jump.
    pub fn jump(&mut self, to: u32, operands: usize) {
        let edge = self.edge(to, operands);
        self.emit(Op::Jump, Ty::None, 0, edge, 0, 0);
        self.end_block();
    }

    /// The value a value is an alias of.
    #[inline]
    pub fn resolve(&mut self, mut value: u32) -> u32 {
        loop {
            let inst = self.f.insts[value as usize];
            if inst.op != Op::Param || inst.b == NONE {
                return value;
            }
            // Halves the path.
            let next = self.f.insts[inst.b as usize];
            if next.op == Op::Param && next.b != NONE {
                self.f.insts[value as usize].b = next.b;
            }
            value = inst.b;
        }
    }

    pub fn local_type(&self, local: u32) -> Ty {
        self.cx.local_types[local as usize]
    }

    #[inline]
    pub fn set_local(&mut self, local: u32, value: u32) {
        let entry = &mut self.cx.locals[local as usize];
        if entry.written != self.stamp {
            self.cx.written.push(local);
        }
        *entry = Local { value, epoch: self.epoch, written: self.stamp };
    }

    #[inline]
    pub fn get_local(&mut self, local: u32) -> u32 {
        let entry = self.cx.locals[local as usize];
        if entry.epoch == self.epoch { entry.value } else { self.find_local(local) }
    }

    /// The value of a local if the current segment knows it already.
    pub fn known_local(&self, local: u32) -> Option<u32> {
        let entry = self.cx.locals[local as usize];
        (entry.epoch == self.epoch).then_some(entry.value)
    }

    fn find_local(&mut self, local: u32) -> u32 {
        let value = self.lookup(self.block, local);
        let entry = &mut self.cx.locals[local as usize];
        entry.value = value;
        entry.epoch = self.epoch;
        value
    }

    /// The value of a local at the end of a block (or now, in the current one that has not assigned it).
    fn lookup(&mut self, block: u32, local: u32) -> u32 {
        let value = self.search(block, local);
        self.fill_pending();
        self.resolve(value)
    }

    fn search(&mut self, block: u32, local: u32) -> u32 {
        let mut at = block;
        let mut path = 0;
        'search: loop {
            // Up to where the value is known.
            let mut value = loop {
                let data = self.cx.blocks[at as usize];
                if data.known
                    && let Some(value) = self.cx.defs.get(at, local)
                {
                    break value;
                }
                self.steps += 1;
                self.cx.search.path.push(at);
                if data.parent != NONE {
                    at = data.parent;
                } else if data.header {
                    break self.header_param(at, local);
                } else if data.first_pred == NONE || self.too_large() {
                    break self.zero(local);
                } else {
                    let values = self.cx.search.values.len();
                    let edge = data.first_pred;
                    self.cx.search.joins.push(Join { block: at, edge, values, path });
                    path = self.cx.search.path.len();
                    at = self.cx.edges[edge as usize].from;
                }
            };
            // Back to a join with another edge to follow.
            loop {
                // The first for who asks again, the last because it is a join, and enough between them that no way
                // is long twice.
                let passed = self.cx.search.path.len();
                for index in (path..passed).step_by(16) {
                    let block = self.cx.search.path[index];
                    self.define(block, local, value);
                }
                if passed > path + 1 {
                    let block = self.cx.search.path[passed - 1];
                    self.define(block, local, value);
                }
                self.cx.search.path.truncate(path);
                let Some(join) = self.cx.search.joins.last_mut() else { return value };
                self.cx.search.values.push(value);
                let next = self.cx.edges[join.edge as usize].next;
                if next != NONE {
                    join.edge = next;
                    at = self.cx.edges[next as usize].from;
                    continue 'search;
                }
                let join = *join;
                self.cx.search.joins.pop();
                value = self.join(join.block, local, join.values);
                path = join.path;
            }
        }
    }

    /// What a local is at a join, where these values meet.
    fn join(&mut self, block: u32, local: u32, values: usize) -> u32 {
        let count = self.cx.search.values.len() - values;
        self.steps += count as u64;
        let first = self.cx.search.values[values];
        let first = self.resolve(first);
        let mut same = true;
        for at in values + 1..values + count {
            let value = self.cx.search.values[at];
            same &= self.resolve(value) == first;
        }
        if same {
            self.cx.search.values.truncate(values);
            return first;
        }
        let ty = self.local_type(local);
        let phi = self.new_phi(block, ty, local);
        self.cx.phis[phi as usize].args = self.cx.phi_args.len() as u32;
        self.cx.phi_args.extend(self.cx.search.values.drain(values..));
        self.cx.phis[phi as usize].value
    }

    /// A new parameter of a loop header, with arguments to be found later.
    fn header_param(&mut self, block: u32, local: u32) -> u32 {
        let ty = self.local_type(local);
        let phi = self.new_phi(block, ty, local);
        let value = self.cx.phis[phi as usize].value;
        self.define(block, local, value);
        if self.cx.blocks[block as usize].sealed {
            self.cx.pending.push(phi);
        }
        value
    }

    pub fn new_phi(&mut self, block: u32, ty: Ty, key: u32) -> u32 {
        self.steps += 1;
        let phi = self.cx.phis.len() as u32;
        let value = self.emit(Op::Param, ty, 0, block, NONE, phi);
        self.cx.phis.push(Phi { value, block, next: NONE, args: NONE, key });
        let data = &mut self.cx.blocks[block as usize];
        let last = std::mem::replace(&mut data.last_phi, phi);
        if last == NONE {
            data.first_phi = phi;
        } else {
            self.cx.phis[last as usize].next = phi;
        }
        phi
    }

    /// All edges to a loop header are known.
    pub fn seal(&mut self, block: u32) {
        self.cx.blocks[block as usize].sealed = true;
        let data = self.cx.blocks[block as usize];
        if data.preds == 1 {
            // No loop: what it has no parameter for is what came before.
            let parent = self.cx.edges[data.first_pred as usize].from;
            self.set_parent(block, parent);
        }
        let mut phi = data.first_phi;
        while phi != NONE {
            self.cx.pending.push(phi);
            phi = self.cx.phis[phi as usize].next;
        }
        self.fill_pending();
    }

    /// Finds the arguments of parameters that wait for them.
    fn fill_pending(&mut self) {
        while let Some(phi) = self.cx.pending.pop() {
            let Phi { block, key, .. } = self.cx.phis[phi as usize];
            let data = self.cx.blocks[block as usize];
            let args = self.cx.phi_args.len();
            self.steps += u64::from(data.preds);
            if self.too_large() {
                return;
            }
            self.cx.phi_args.resize(args + data.preds as usize, 0);
            let mut edge = data.first_pred;
            let mut at = args;
            while edge != NONE {
                let data = self.cx.edges[edge as usize];
                let value = if key & OPERAND != 0 {
                    self.cx.args[(data.args + (key & !OPERAND)) as usize]
                } else {
                    self.search(data.from, key)
                };
                self.cx.phi_args[at] = self.resolve(value);
                at += 1;
                edge = data.next;
            }
            self.cx.phis[phi as usize].args = args as u32;
            self.simplify(phi, args, data.preds as usize);
        }
    }

    /// Makes a parameter whose arguments are all one value (or itself) an alias of that value.
    fn simplify(&mut self, phi: u32, args: usize, count: usize) -> bool {
        let this = self.cx.phis[phi as usize].value;
        let mut same = NONE;
        for at in args..args + count {
            let value = self.cx.phi_args[at];
            let value = self.resolve(value);
            if value == this || value == same {
                continue;
            }
            if same != NONE {
                return false;
            }
            same = value;
        }
        if same == NONE {
            return false;
        }
        self.f.insts[this as usize].b = same;
        true
    }

    /// Simplifies parameters again, once others have become aliases. `reached` says of blocks whether edges from
    /// them count.
    pub fn simplify_all(&mut self) {
        // Each round goes outwards in; nests seldom need a second one, and what is left is only not minimal.
        for _ in 0..4 {
            let mut changed = false;
            for phi in 0..self.cx.phis.len() {
                let Phi { value, block, args, .. } = self.cx.phis[phi];
                if args == NONE || self.f.insts[value as usize].b != NONE {
                    continue;
                }
                let count = self.cx.blocks[block as usize].preds as usize;
                changed |= self.simplify(phi as u32, args as usize, count);
            }
            if !changed {
                break;
            }
        }
    }

    /// The value of a local that nothing has assigned.
    fn zero(&self, local: u32) -> u32 {
        self.zero_of(self.local_type(local))
    }

    pub fn zero_of(&self, ty: Ty) -> u32 {
        match ty {
            Ty::I32 | Ty::None => self.zeros[0],
            Ty::I64 => self.zeros[1],
            Ty::F32 => self.zeros[2],
            Ty::F64 => self.zeros[3],
            Ty::V128 => self.zeros[4],
        }
    }

    /// As many new locals of a type: the first.
    pub fn new_locals(&mut self, count: u32, ty: Ty) -> u32 {
        let first = self.cx.local_types.len();
        let len = first + count as usize;
        self.cx.local_types.resize(len, ty);
        if self.cx.locals.len() < len {
            self.cx.locals.resize(len, Local::default());
        }
        first as u32
    }

    /// The local that stands for the operand at a height, for entries from the interpreter: these make every
    /// loop header a place where what is on the stack may come from elsewhere.
    fn operand_local(&mut self, height: usize, ty: Ty) -> u32 {
        let at = 5 * height + (ty as usize - Ty::I32 as usize);
        if self.cx.operand_locals.len() <= at {
            self.cx.operand_locals.resize(5 * (height + 1), NONE);
        }
        if self.cx.operand_locals[at] == NONE {
            self.cx.operand_locals[at] = self.new_locals(1, ty);
        }
        self.cx.operand_locals[at]
    }

    /// Keeps operands up to a height findable from other blocks.
    pub fn keep_operands(&mut self, count: usize) {
        if self.settings.entry == super::Entry::Normal {
            return;
        }
        for at in 0..count {
            self.steps += 1;
            let value = self.walker.operands[at];
            let local = self.operand_local(at, self.ty(value));
            self.set_local(local, value);
        }
    }

    /// Finds operands up to a height again, at the start of a segment.
    pub fn find_operands(&mut self, count: usize) {
        if self.settings.entry == super::Entry::Normal {
            return;
        }
        for at in 0..count {
            self.steps += 1;
            let ty = self.ty(self.walker.operands[at]);
            let local = self.operand_local(at, ty);
            self.walker.operands[at] = self.get_local(local);
        }
    }

    /// Says what a block leaves in a local.
    #[inline]
    pub fn define(&mut self, block: u32, local: u32, value: u32) {
        self.cx.blocks[block as usize].known = true;
        self.cx.defs.insert(block, local, value);
    }

    /// As [`Build::define`], for the operand at a height.
    pub fn define_operand(&mut self, block: u32, height: usize, value: u32) {
        let local = self.operand_local(height, self.ty(value));
        self.define(block, local, value);
    }
}
