//! Stores that may straddle the end of memory.
//!
//! Such a store may write what is inside before it faults, so its last byte is read first. Most stores do without: memory
//! ends where a page does, so what is aligned straddles nothing; and memory never shrinks, so an access on every way to the
//! store that counts from the same index shows that it reaches as far. Both hold of a block's parameter if they hold of all
//! that is passed to it, which may be said under the assumption that they held when the block was entered before.

use crate::ir::{Access, Block, Func, NONE, Op, Value};
use crate::opt::Dominators;

/// An access of a guarded memory.
#[derive(Clone, Copy)]
struct Reach {
    block: u32,
    /// Its place among the function's instructions.
    at: u32,
    /// Memory reaches from the index at least so far.
    end: u64,
    /// The access before it that counts from the same index, `NONE` if there is none.
    before: u32,
}

/// A store to be judged.
#[derive(Clone, Copy)]
struct Store {
    value: Value,
    block: u32,
    at: u32,
}

/// A place in a function.
#[derive(Clone, Copy)]
struct Here {
    block: u32,
    at: u32,
}

/// How much is looked at for one store.
const STEPS: u32 = 48;

/// How many sums, shifts and parameters are looked through on the way to one value.
const DEPTH: u32 = 8;

/// Parameters behind these are not looked through.
const MAX_PARAMS: usize = 32;

/// The stores of a function, recycled.
#[derive(Default)]
pub(super) struct Probes {
    reaches: Vec<Reach>,
    /// By index, the last access that counts from it.
    last: Vec<u32>,
    stores: Vec<Store>,
    dominators: Dominators,
    /// For each block the first edge to it, for each edge the next one to the same block, and where it comes from.
    first: Vec<u32>,
    next: Vec<u32>,
    from: Vec<u32>,
    /// What is assumed of parameters: how far memory reaches from them, or how many low bits are zeros. What turns out wrong
    /// is taken back, with all that was found by it.
    reaching: Vec<(Value, u64)>,
    aligned: Vec<(Value, u32)>,
    steps: u32,
}

impl Probes {
    /// Calls `probe` for each store whose last byte must be read first.
    pub fn find(&mut self, func: &Func, mut probe: impl FnMut(Value)) {
        self.collect(func);
        if self.stores.is_empty() {
            return;
        }
        self.dominators.run(func);
        self.find_edges(func);
        for nth in 0..self.stores.len() {
            let Store { value, block, at } = self.stores[nth];
            let inst = func.inst(value);
            let bytes = Access::from_aux(inst.aux).bytes();
            self.steps = STEPS;
            self.reaching.clear();
            self.aligned.clear();
            let (index, offset) = (Value(inst.a), u64::from(inst.b));
            let search = Search { probes: self, func, offset, bytes };
            if !search.safe(index, offset + u64::from(bytes), Here { block, at }) {
                probe(value);
            }
        }
    }

    /// Notes all accesses, and the stores of which it must be known whether they straddle.
    fn collect(&mut self, func: &Func) {
        self.reaches.clear();
        self.stores.clear();
        self.last.clear();
        self.last.resize(func.insts.len(), NONE);
        for block in 0..func.blocks.len() as u32 {
            for at in func.blocks[block as usize].insts.indices() {
                let (value, at) = (func.layout[at], at as u32);
                let inst = func.inst(value);
                if !matches!(inst.op, Op::Load | Op::Store) {
                    continue;
                }
                let access = Access::from_aux(inst.aux);
                if !access.traps {
                    continue;
                }
                let end = u64::from(inst.b) + u64::from(access.bytes());
                let last = &mut self.last[inst.a as usize];
                if let Some(&Reach { block: other, end: known, .. }) = self.reaches.get(*last as usize)
                    && other == block
                    && known >= end
                {
                    continue;
                }
                if inst.op == Op::Store && access.bytes() > 1 {
                    self.stores.push(Store { value, block, at });
                }
                self.reaches.push(Reach { block, at, end, before: *last });
                *last = self.reaches.len() as u32 - 1;
            }
        }
    }

    fn find_edges(&mut self, func: &Func) {
        let Probes { first, next, from, .. } = self;
        first.clear();
        first.resize(func.blocks.len(), NONE);
        next.clear();
        next.resize(func.edges.len(), NONE);
        from.clear();
        from.resize(func.edges.len(), NONE);
        for block in 0..func.blocks.len() as u32 {
            for edge in func.successors(Block(block)).indices() {
                let to = func.edges[edge].to.0 as usize;
                (next[edge], from[edge]) = (first[to], block);
                first[to] = edge as u32;
            }
        }
    }
}

/// The question about one store.
struct Search<'a> {
    probes: &'a mut Probes,
    func: &'a Func,
    offset: u64,
    bytes: u32,
}

impl Search<'_> {
    /// Whether an access that counts from an index and ends so far behind it cannot straddle the end of memory.
    fn safe(mut self, index: Value, end: u64, here: Here) -> bool {
        let aligned = self.offset.is_multiple_of(self.bytes.into());
        aligned && self.is_aligned(index, self.bytes.trailing_zeros(), DEPTH)
            || self.reaches(index, end, here, DEPTH)
    }

    /// Whether there is anything left to spend.
    fn step(&mut self) -> bool {
        self.probes.steps = self.probes.steps.saturating_sub(1);
        self.probes.steps > 0
    }

    /// Whether so many low bits of an integer are zeros.
    fn is_aligned(&mut self, value: Value, zeros: u32, depth: u32) -> bool {
        if let Some(bits) = self.func.constant(value) {
            return bits.trailing_zeros() >= zeros;
        }
        if zeros == 0 {
            return true;
        }
        if depth == 0 || !self.step() {
            return false;
        }
        let inst = *self.func.inst(value);
        let (a, b, depth) = (Value(inst.a), Value(inst.b), depth - 1);
        match inst.op {
            Op::Shl => self.func.constant(b).is_some_and(|count| {
                // Of 32 bits the count is less than that; of 64 it is at least its low five bits.
                self.is_aligned(a, zeros.saturating_sub(count as u32 & 31), depth)
            }),
            Op::And => self.is_aligned(b, zeros, depth) || self.is_aligned(a, zeros, depth),
            Op::Add | Op::Sub | Op::Or | Op::Xor => {
                self.is_aligned(b, zeros, depth) && self.is_aligned(a, zeros, depth)
            }
            Op::Mul => {
                let known = self.func.constant(b).map_or(0, u64::trailing_zeros);
                self.is_aligned(a, zeros.saturating_sub(known), depth)
                    || known == 0 && self.is_aligned(b, zeros, depth)
            }
            Op::ExtendU | Op::ExtendS | Op::Wrap => self.is_aligned(a, zeros, depth),
            Op::Select => self.is_aligned(a, zeros, depth) && self.is_aligned(b, zeros, depth),
            Op::Param => {
                if self.probes.aligned.iter().any(|&(known, least)| known == value && least >= zeros) {
                    return true;
                }
                let known = self.probes.aligned.len();
                self.probes.aligned.push((value, zeros));
                let all = self.passed(value, |search, arg, _| search.is_aligned(arg, zeros, depth));
                if !all {
                    self.probes.aligned.truncate(known);
                }
                all
            }
            _ => false,
        }
    }

    /// Whether memory is known to reach from an index so far.
    fn reaches(&mut self, index: Value, end: u64, here: Here, depth: u32) -> bool {
        let mut next = self.probes.last[index.0 as usize];
        while next != NONE && self.step() {
            let reach = self.probes.reaches[next as usize];
            let before = if reach.block == here.block {
                reach.at < here.at
            } else {
                self.probes.dominators.dominates(reach.block, here.block)
            };
            if before && reach.end >= end {
                return true;
            }
            next = reach.before;
        }
        if depth == 0 || !self.step() {
            return false;
        }
        let inst = *self.func.inst(index);
        match inst.op {
            // Where the memory reaches from the term to the end of the access, the sum does not wrap.
            Op::Add => self.func.constant(Value(inst.b)).is_some_and(|more| {
                i32::try_from(more as i64).is_ok_and(|more| more >= 0)
                    && self.reaches(Value(inst.a), end + more, here, depth - 1)
            }),
            Op::Param => {
                if self.probes.reaching.iter().any(|&(known, far)| known == index && far >= end) {
                    return true;
                }
                let known = self.probes.reaching.len();
                self.probes.reaching.push((index, end));
                let all = self.passed(index, |search, arg, there| search.reaches(arg, end, there, depth - 1));
                if !all {
                    self.probes.reaching.truncate(known);
                }
                all
            }
            _ => false,
        }
    }

    /// Whether something holds of all that is passed to a parameter, where it is passed.
    fn passed(&mut self, param: Value, mut holds: impl FnMut(&mut Self, Value, Here) -> bool) -> bool {
        let block = Block(self.func.inst(param).a);
        let nth = self.func.params(block).iter().take(MAX_PARAMS).position(|&known| known == param.0);
        let mut next = self.probes.first[block.0 as usize];
        let (Some(nth), true) = (nth, block.0 != 0 && next != NONE) else { return false };
        while next != NONE {
            let edge = self.func.edges[next as usize];
            let arg = Value(self.func.lists[edge.args.start as usize + nth]);
            let there = Here { block: self.probes.from[next as usize], at: u32::MAX };
            if !self.step() || !holds(self, arg, there) {
                return false;
            }
            next = self.probes.next[next as usize];
        }
        true
    }
}
