//! What is live where: live ranges, uses and reservations, from one pass backward over the code.
//!
//! Requires: blocks in an order in which every definition comes before its uses (any reverse post-order). Provides
//! everything the scan needs. The pass is that of Wimmer and Franz, "Linear scan register allocation on SSA form" (CGO
//! 2010), but never walks the set of live values: sets are compared a word at a time at branches and joins, and a value
//! that is found live in a loop it was defined outside of is made live in the whole loop at once.

use super::flow::Flow;
use super::{NO_REG, NONE};
use crate::vcode::{Constraint, Operand, Remat, Role, VCode};

/// Positions: four for an instruction.
///
/// Between `BEFORE` and `EARLY` stand the moves before the instruction; `EARLY`: uses are read; `LATE`: definitions are
/// written; the fourth is behind all that.
pub(super) const BEFORE: u32 = 0;
/// See [`BEFORE`].
pub(super) const EARLY: u32 = 1;
/// See [`BEFORE`].
pub(super) const LATE: u32 = 2;

/// A part of a vreg's life without holes; `end` is not in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiveRange {
    pub start: u32,
    pub end: u32,
    pub next: u32,
}

/// What a use wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum UseKind {
    /// A register, at the instruction.
    Reg,
    /// A register or a slot, at the instruction.
    Any,
    /// A register, if that costs nothing.
    Spare,
    /// The value, just before the instruction: it is moved from there to where it must be.
    Moved,
    /// The value, at the end of a block: an argument.
    Arg,
}

/// A use of a vreg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    /// The last position at which the value is needed.
    pub pos: u32,
    pub next: u32,
    pub kind: UseKind,
    /// Where it is moved to, or `NO_REG`.
    pub hint: u8,
}

/// A preg that is not free for a while, other than for `owner`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reservation {
    pub start: u32,
    pub end: u32,
    pub owner: u32,
}

/// A loop: the blocks from `start` to `end` (in it).
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    pub start: u32,
    pub end: u32,
    pub parent: u32,
    pub start_pos: u32,
    pub end_pos: u32,
    /// Global vregs with a smaller number are defined before the loop.
    threshold: u32,
}

/// What is known of a vreg.
#[derive(Clone, Copy, Debug)]
pub(super) struct VRegInfo {
    /// First live range.
    pub range: u32,
    /// First use; during the scan, the first one that is not behind.
    pub uses: u32,
    /// During the scan: the last use that is behind.
    pub last_use: u32,
    /// Where the first range begins.
    pub def: u32,
    pub def_block: u32,
    /// Where the range that is being built ends; 0 if none is.
    open_end: u32,
    /// Number among those that live in several blocks.
    pub global: u32,
    /// Sum of the frequencies of its definition and uses.
    pub weight: u32,
    /// The first and last piece.
    pub first_piece: u32,
    pub last_piece: u32,
    /// The block parameter that it is an argument for.
    pub param: u32,
    /// The vreg whose register its definition reuses.
    pub reuse: u32,
    /// Spill slot, or `NONE`.
    pub slot: u32,
    /// A preg that would suit it, or that a fixed definition leaves it in.
    pub hint: u8,
    /// A preg that would suit it as a parameter.
    pub param_hint: u8,
    /// Whether its definition is in `hint`.
    pub fixed_def: bool,
    /// Whether it is stored where it leaves its register, not where it is defined.
    pub sunk: bool,
    /// The register it was in last.
    pub last_reg: u8,
    pub is_param: bool,
}

const NEW: VRegInfo = VRegInfo {
    range: NONE,
    uses: NONE,
    last_use: 0,
    def: NONE,
    def_block: NONE,
    open_end: 0,
    global: NONE,
    weight: 0,
    first_piece: NONE,
    last_piece: NONE,
    param: NONE,
    reuse: NONE,
    slot: NONE,
    hint: NO_REG,
    param_hint: NO_REG,
    fixed_def: false,
    sunk: false,
    last_reg: NO_REG,
    is_param: false,
};

/// More words than this in sets of live values, and holes are given up.
const MAX_SAVED: usize = 8 << 20;

/// How what is live at the end of a block is found.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Method {
    /// On the way: all loops have one entry, so what is live around one is live in all of it.
    #[default]
    Loops,
    /// Before, by iteration.
    Flow,
    /// Not at all: ranges have no holes.
    Coarse,
}

/// The facts; recycled.
#[derive(Default)]
pub(super) struct Live {
    pub vregs: Vec<VRegInfo>,
    pub ranges: Vec<LiveRange>,
    pub uses: Vec<Use>,
    /// For each preg; those that come first are at the end.
    pub reserved: Vec<Vec<Reservation>>,
    pub loops: Vec<Loop>,
    /// Innermost loop of each block.
    pub loop_of: Vec<u32>,
    pub block_of: Vec<u32>,
    /// How often each block is run, in an unknown unit.
    pub freq: Vec<u32>,
    pub pred_count: Vec<u32>,
    /// A predecessor of each block, and the edge from it.
    pub pred: Vec<u32>,
    pub edge_in: Vec<u32>,
    loop_end: Vec<u32>,
    keep: Vec<bool>,
    saved_at: Vec<(u32, u32)>,
    saved: Vec<(u32, u64)>,
    cur: Vec<u64>,
    sticky: Vec<u64>,
    next: Vec<u64>,
    pub def_order: Vec<u32>,
    globals: Vec<u32>,
    stack: Vec<u32>,
    headers: Vec<u32>,
    flow: Flow,
    method: Method,
}

/// The position at which block `b` begins.
pub(super) fn block_start<I>(code: &VCode<I>, b: u32) -> u32 {
    code.blocks[b as usize].insts.start * 4
}

/// The position behind the last one of block `b`.
pub(super) fn block_end<I>(code: &VCode<I>, b: u32) -> u32 {
    code.blocks[b as usize].insts.end * 4
}

/// The operands of an instruction.
pub(super) fn operands<I>(code: &VCode<I>, inst: u32) -> std::ops::Range<usize> {
    let i = inst as usize;
    let start = if i == 0 { 0 } else { code.operand_ends[i - 1] };
    start as usize..code.operand_ends[i] as usize
}

/// Of an instruction with a reuse: the index of the operand that is reused and its vreg's.
pub(super) fn reused(ops: &[Operand]) -> Option<(usize, u32)> {
    ops.iter().find_map(|op| match op.constraint {
        Constraint::Reuse(n) => Some((n as usize, ops[n as usize].vreg.0)),
        _ => None,
    })
}

/// Whether the use at `index` takes its value from the register of the definition that reuses.
pub(super) fn takes_reused(op: &Operand, index: usize, reused: Option<(usize, u32)>) -> bool {
    let Some((n, vreg)) = reused else { return false };
    index == n || op.vreg.0 == vreg && op.role == Role::Use && !matches!(op.constraint, Constraint::Fixed(_))
}

impl Live {
    /// Finds it all.
    pub(super) fn run<I>(&mut self, code: &VCode<I>, allocatable: u64) {
        self.clear(code);
        self.edges(code);
        self.find_loops(code);
        self.globals(code);
        if self.method == Method::Flow {
            let count = self.globals.len() as u32;
            let backward = |b: usize| self.loop_end[b] != NONE;
            if !self.flow.run(code, &self.vregs, count, backward, MAX_SAVED) {
                self.method = Method::Coarse;
            }
        }
        let ok = self.backward(code, allocatable);
        if !ok {
            self.method = Method::Coarse;
            let blocks = code.blocks.len();
            self.ranges.clear();
            self.uses.clear();
            self.saved_at[..blocks].fill((0, 0));
            for list in &mut self.reserved {
                list.clear();
            }
            for v in &mut self.vregs {
                *v = VRegInfo { def_block: v.def_block, is_param: v.is_param, global: v.global, ..NEW };
            }
            self.backward(code, allocatable);
        }
    }

    fn clear<I>(&mut self, code: &VCode<I>) {
        fn fill<T: Clone>(list: &mut Vec<T>, len: usize, value: T) {
            list.clear();
            list.resize(len, value);
        }
        let blocks = code.blocks.len();
        fill(&mut self.vregs, code.classes.len(), NEW);
        fill(&mut self.loop_of, blocks, NONE);
        fill(&mut self.freq, blocks, 0);
        fill(&mut self.pred_count, blocks, 0);
        fill(&mut self.pred, blocks, NONE);
        fill(&mut self.edge_in, blocks, NONE);
        fill(&mut self.loop_end, blocks, NONE);
        fill(&mut self.keep, blocks, false);
        fill(&mut self.saved_at, blocks, (0, 0));
        self.block_of.clear();
        self.ranges.clear();
        self.uses.clear();
        self.loops.clear();
        self.saved.clear();
        self.def_order.clear();
        self.globals.clear();
        self.stack.clear();
        self.headers.clear();
        self.reserved.resize_with(64, Vec::new);
        for list in &mut self.reserved {
            list.clear();
        }
        self.method = Method::Loops;
    }

    fn edges<I>(&mut self, code: &VCode<I>) {
        // The function is entered at the first one.
        self.pred_count[0] = 1;
        for (b, block) in code.blocks.iter().enumerate() {
            assert_eq!(block.insts.start as usize, self.block_of.len(), "blocks in order, without gaps");
            self.block_of.resize(block.insts.end as usize, b as u32);
            let depth = block.loop_depth.min(6);
            let freq = 16u32 << (3 * depth);
            self.freq[b] = if block.cold { (freq >> 6).max(1) } else { freq };
            for e in block.succs.indices() {
                let to = code.edges[e].to as usize;
                // A table's edges to one block come from one block.
                if self.pred[to] != b as u32 {
                    self.pred_count[to] += 1;
                }
                if self.pred[to] == NONE {
                    self.pred[to] = b as u32;
                    self.edge_in[to] = e as u32;
                }
                if to <= b {
                    self.loop_end[to] = b as u32;
                } else if to > b + 1 {
                    self.keep[to] = true;
                }
            }
        }
    }

    /// Loops nest and are contiguous, or are taken to be. They may be entered elsewhere than at their headers.
    fn find_loops<I>(&mut self, code: &VCode<I>) {
        for b in 0..code.blocks.len() as u32 {
            while let Some(&top) = self.stack.last()
                && self.loops[top as usize].end < b
            {
                self.stack.pop();
            }
            let end = self.loop_end[b as usize];
            if end != NONE {
                self.headers.push(b);
                let parent = self.stack.last().copied().unwrap_or(NONE);
                // A loop whose last way back is in the middle of one inside it ends with that one.
                for &around in self.stack.iter().rev() {
                    let around = &mut self.loops[around as usize];
                    if around.end >= end {
                        break;
                    }
                    (around.end, around.end_pos) = (end, block_end(code, end));
                }
                self.stack.push(self.loops.len() as u32);
                self.loops.push(Loop {
                    start: b,
                    end,
                    parent,
                    start_pos: block_start(code, b),
                    end_pos: block_end(code, end),
                    threshold: 0,
                });
            }
            self.loop_of[b as usize] = self.stack.last().copied().unwrap_or(NONE);
        }
        for (b, block) in code.blocks.iter().enumerate() {
            for edge in &code.edges[block.succs.indices()] {
                let l = self.inside(edge.to);
                if l != NONE {
                    let Loop { start, end, .. } = self.loops[l as usize];
                    if !(start..=end).contains(&(b as u32)) {
                        self.method = Method::Flow;
                        return;
                    }
                }
            }
        }
    }

    /// The innermost loop that `b` is in but not the header of.
    fn inside(&self, b: u32) -> u32 {
        let l = self.loop_of[b as usize];
        if l != NONE && self.loops[l as usize].start == b { self.loops[l as usize].parent } else { l }
    }

    /// Finds where vregs are defined and which are used in other blocks; numbers those in the order of definition.
    fn globals<I>(&mut self, code: &VCode<I>) {
        for (b, block) in code.blocks.iter().enumerate() {
            let b = b as u32;
            for v in &code.vregs[block.params.indices()] {
                let info = &mut self.vregs[v.0 as usize];
                info.def_block = b;
                info.is_param = true;
                self.def_order.push(v.0);
            }
            let first = operands(code, block.insts.start).start;
            let last = code.operand_ends[block.insts.end as usize - 1] as usize;
            for op in &code.operands[first..last] {
                let info = &mut self.vregs[op.vreg.0 as usize];
                match op.role {
                    Role::Use | Role::UseLate => {
                        assert!(info.def_block != NONE, "used before it is defined");
                        if info.def_block != b {
                            info.global = 0;
                        }
                    }
                    _ => {
                        info.def_block = b;
                        self.def_order.push(op.vreg.0);
                    }
                }
            }
            for edge in &code.edges[block.succs.indices()] {
                for v in &code.vregs[edge.args.indices()] {
                    let info = &mut self.vregs[v.0 as usize];
                    assert!(info.def_block != NONE, "used before it is defined");
                    if info.def_block != b {
                        info.global = 0;
                    }
                }
            }
        }
        let (mut count, mut l) = (0, 0);
        for &v in &self.def_order {
            let info = &mut self.vregs[v as usize];
            while l < self.loops.len() && self.loops[l].start <= info.def_block {
                self.loops[l].threshold = count;
                l += 1;
            }
            if info.global == 0 {
                info.global = count;
                count += 1;
                self.globals.push(v);
            }
        }
        for l in &mut self.loops[l..] {
            l.threshold = count;
        }
        let words = count.div_ceil(64) as usize;
        for set in [&mut self.cur, &mut self.sticky, &mut self.next] {
            set.clear();
            set.resize(words, 0);
        }
    }

    fn backward<I>(&mut self, code: &VCode<I>, allocatable: u64) -> bool {
        for b in (0..code.blocks.len() as u32).rev() {
            let block = &code.blocks[b as usize];
            match self.method {
                Method::Loops => self.live_out(code, b),
                Method::Flow => {
                    self.next.fill(0);
                    for edge in &code.edges[block.succs.indices()] {
                        unite(&mut self.next, self.flow.live_in(edge.to));
                    }
                    self.change(code, b);
                }
                Method::Coarse => {}
            }
            let end = block_end(code, b);
            for edge in &code.edges[block.succs.indices()] {
                let params = code.blocks[edge.to as usize].params.indices();
                for (v, p) in code.vregs[edge.args.indices()].iter().zip(&code.vregs[params]) {
                    self.vregs[v.0 as usize].param = p.0;
                    self.used(
                        code,
                        b,
                        v.0,
                        end,
                        Use { pos: end - 1, next: NONE, kind: UseKind::Arg, hint: NO_REG },
                    );
                }
            }
            for inst in block.insts.indices().rev() {
                self.inst(code, b, inst as u32, allocatable);
            }
            let start = block_start(code, b);
            for v in &code.vregs[block.params.indices()] {
                self.defined(v.0, start, start, self.freq[b as usize]);
            }
            if block.takes_fixed {
                let all = crate::vcode::RegSet(allocatable);
                for r in all.iter() {
                    let r = &mut self.reserved[r.0 as usize];
                    r.push(Reservation { start, end: start + LATE, owner: NONE });
                }
            }
            if self.method == Method::Loops {
                if self.keep[b as usize] {
                    let first = self.saved.len() as u32;
                    for (w, &bits) in self.cur.iter().enumerate() {
                        if bits != 0 {
                            self.saved.push((w as u32, bits));
                        }
                    }
                    self.saved_at[b as usize] = (first, self.saved.len() as u32);
                    if self.saved.len() > MAX_SAVED {
                        return false;
                    }
                }
                let l = self.loop_of[b as usize];
                if l != NONE && self.loops[l as usize].start == b {
                    let parent = self.loops[l as usize].parent;
                    let keep = if parent == NONE { 0 } else { self.loops[parent as usize].threshold };
                    truncate(&mut self.sticky, keep);
                }
            }
        }
        true
    }

    /// Makes `cur` what is live at the end of `b`.
    fn live_out<I>(&mut self, code: &VCode<I>, b: u32) {
        let succs = code.blocks[b as usize].succs.indices();
        if !(succs.len() == 1 && code.edges[succs.start].to == b + 1) {
            self.next.copy_from_slice(&self.sticky);
            for edge in &code.edges[succs] {
                if edge.to == b + 1 {
                    unite(&mut self.next, &self.cur);
                } else if edge.to > b {
                    let (from, to) = self.saved_at[edge.to as usize];
                    for &(w, bits) in &self.saved[from as usize..to as usize] {
                        self.next[w as usize] |= bits;
                    }
                }
            }
            self.change(code, b);
        }
        let l = self.loop_of[b as usize];
        if l != NONE && self.loops[l as usize].end == b {
            let threshold = self.loops[l as usize].threshold;
            let words = (threshold / 64) as usize;
            for w in 0..words {
                self.sticky[w] |= self.cur[w];
            }
            if !threshold.is_multiple_of(64) {
                self.sticky[words] |= self.cur[words] & ((1 << (threshold % 64)) - 1);
            }
        }
    }
}

impl Live {
    /// Goes from `cur` to `next` at the end of block `b`.
    fn change<I>(&mut self, code: &VCode<I>, b: u32) {
        let end = block_end(code, b);
        for w in 0..self.cur.len() {
            let (cur, next) = (self.cur[w], self.next[w]);
            if cur == next {
                continue;
            }
            self.cur[w] = cur & next;
            let mut removed = cur & !next;
            while removed != 0 {
                let v = self.globals[w * 64 + removed.trailing_zeros() as usize];
                removed &= removed - 1;
                self.close(v, end);
            }
            let mut added = next & !cur;
            while added != 0 {
                let v = self.globals[w * 64 + added.trailing_zeros() as usize];
                added &= added - 1;
                self.open(code, b, v, end);
            }
        }
    }

    /// Ends, going backward, a live range.
    fn close(&mut self, v: u32, start: u32) {
        let info = &mut self.vregs[v as usize];
        let range = LiveRange { start, end: info.open_end, next: info.range };
        info.open_end = 0;
        info.range = self.ranges.len() as u32;
        self.ranges.push(range);
    }

    /// Vreg `v` is live in block `b` up to position `end`.
    fn open<I>(&mut self, code: &VCode<I>, b: u32, v: u32, end: u32) {
        let info = &mut self.vregs[v as usize];
        if info.open_end != 0 {
            // Of several uses by one instruction, the last one.
            info.open_end = info.open_end.max(end);
            return;
        }
        debug_assert!(info.def == NONE, "live before it is defined");
        let mut end = end;
        if info.global != NONE {
            let (word, bit) = (info.global as usize / 64, 1u64 << (info.global % 64));
            if self.method != Method::Coarse {
                self.cur[word] |= bit;
            }
            if self.method == Method::Loops {
                let mut outer = NONE;
                let mut l = self.loop_of[b as usize];
                while l != NONE && self.loops[l as usize].start > info.def_block {
                    outer = l;
                    l = self.loops[l as usize].parent;
                }
                if outer != NONE {
                    self.sticky[word] |= bit;
                    end = self.loops[outer as usize].end_pos;
                }
            } else if self.method == Method::Coarse {
                end = coarse_end(code, &self.headers, &self.loop_end, info.def_block, b, end);
            }
            while info.range != NONE && self.ranges[info.range as usize].start <= end {
                let range = self.ranges[info.range as usize];
                end = end.max(range.end);
                info.range = range.next;
            }
        }
        info.open_end = end;
    }

    fn used<I>(&mut self, code: &VCode<I>, b: u32, v: u32, end: u32, mut used: Use) {
        self.open(code, b, v, end);
        let info = &mut self.vregs[v as usize];
        info.weight = info.weight.saturating_add(self.freq[b as usize]);
        if used.hint != NO_REG {
            info.hint = used.hint;
        }
        let at = self.uses.len() as u32;
        let first = info.uses;
        if first != NONE && self.uses[first as usize].pos < used.pos {
            // Another use by the same instruction.
            used.next = self.uses[first as usize].next;
            self.uses[first as usize].next = at;
        } else {
            used.next = first;
            info.uses = at;
        }
        self.uses.push(used);
    }

    /// Vreg `v` is defined at `start`; if it is not used, it is there until `dead`.
    fn defined(&mut self, v: u32, start: u32, dead: u32, freq: u32) {
        let info = &mut self.vregs[v as usize];
        info.def = start;
        info.weight = info.weight.saturating_add(freq);
        let open = info.open_end;
        if info.global != NONE && self.method != Method::Coarse {
            let (word, bit) = (info.global as usize / 64, 1u64 << (info.global % 64));
            self.cur[word] &= !bit;
            self.sticky[word] &= !bit;
        }
        if open == 0 {
            self.vregs[v as usize].open_end = dead;
        }
        if self.vregs[v as usize].open_end > start {
            self.close(v, start);
        } else {
            self.vregs[v as usize].open_end = 0;
        }
    }

    fn inst<I>(&mut self, code: &VCode<I>, b: u32, inst: u32, allocatable: u64) {
        let at = inst * 4;
        let freq = self.freq[b as usize];
        let ops = &code.operands[operands(code, inst)];
        let clobbers = code.clobber_sets[code.clobbers[inst as usize] as usize].0 & allocatable;
        // A temporary may be in what is destroyed, but not in a definition: then the temporary ends before they begin, and
        // definitions begin early.
        let is_temp = |op: &Operand| op.role == Role::Temp && !matches!(op.constraint, Constraint::Fixed(_));
        let tight = clobbers != 0 && ops.iter().any(is_temp);
        let mut defined = 0;
        let mut uses = 0;
        for op in ops {
            let v = op.vreg.0;
            match (op.role, op.constraint) {
                (Role::Use | Role::UseLate, _) => uses += 1,
                (Role::Temp, Constraint::Fixed(r)) => {
                    let (start, end) = (at + EARLY, at + LATE + 1);
                    self.reserved[r.0 as usize].push(Reservation { start, end, owner: NONE });
                }
                (_, Constraint::Fixed(r)) => {
                    let start = if op.role == Role::Def && !tight { at + LATE } else { at + EARLY };
                    let info = &mut self.vregs[v as usize];
                    info.hint = r.0;
                    info.fixed_def = true;
                    defined |= 1 << r.0;
                    let end = if info.open_end == 0 { at + LATE + 1 } else { at + 4 + EARLY };
                    self.reserved[r.0 as usize].push(Reservation { start, end, owner: v });
                    self.defined(v, at + 4 + EARLY, 0, freq);
                }
                (role, constraint) => {
                    let late = role == Role::Def && !tight && !matches!(constraint, Constraint::Reuse(_));
                    let start = if late { at + LATE } else { at + EARLY };
                    if let Constraint::Reuse(n) = constraint {
                        self.vregs[v as usize].reuse = ops[n as usize].vreg.0;
                    }
                    let dead = if tight && role == Role::Temp { at + LATE } else { at + LATE + 1 };
                    self.defined(v, start, dead, freq);
                }
            }
        }
        for r in crate::vcode::RegSet(clobbers & !defined).iter() {
            let (start, end) = (at + LATE, at + LATE + 1);
            self.reserved[r.0 as usize].push(Reservation { start, end, owner: NONE });
        }
        if uses == 0 {
            return;
        }
        let reused = reused(ops);
        for (n, op) in ops.iter().enumerate() {
            if !matches!(op.role, Role::Use | Role::UseLate) {
                continue;
            }
            let late = op.role == Role::UseLate;
            let (pos, end, kind, hint) = if let Constraint::Fixed(r) = op.constraint {
                let end = if late { at + LATE + 1 } else { at + LATE };
                self.reserved[r.0 as usize].push(Reservation { start: at + EARLY, end, owner: op.vreg.0 });
                (at, at + EARLY, UseKind::Moved, r.0)
            } else if takes_reused(op, n, reused) {
                (at, at + EARLY, UseKind::Moved, NO_REG)
            } else {
                // What can be made again has no slot.
                let any = op.constraint == Constraint::Any && code.remat[op.vreg.0 as usize] == Remat::No;
                let kind = match op.constraint {
                    Constraint::Spare => UseKind::Spare,
                    _ if any => UseKind::Any,
                    _ => UseKind::Reg,
                };
                let pos = if late { at + LATE } else { at + EARLY };
                (pos, pos + 1, kind, NO_REG)
            };
            self.used(code, b, op.vreg.0, end, Use { pos, next: NONE, kind, hint });
        }
    }
}

/// Where a range ends that would end at `end` in block `b`, if all that is known of loops is where edges lead back from.
fn coarse_end<I>(
    code: &VCode<I>,
    headers: &[u32],
    loop_end: &[u32],
    def_block: u32,
    b: u32,
    end: u32,
) -> u32 {
    let mut last = b;
    let first = headers.partition_point(|&h| h <= def_block);
    for &h in &headers[first..] {
        if h > last {
            break;
        }
        last = last.max(loop_end[h as usize]);
    }
    if last == b && !headers[first..].iter().any(|&h| h <= b && loop_end[h as usize] == b) {
        end
    } else {
        block_end(code, last)
    }
}

/// Adds the members of `more`.
fn unite(set: &mut [u64], more: &[u64]) {
    for (set, more) in set.iter_mut().zip(more) {
        *set |= more;
    }
}

/// Removes the members from `from` on.
fn truncate(set: &mut [u64], from: u32) {
    let word = (from / 64) as usize;
    if word < set.len() {
        set[word] &= (1u64 << (from % 64)) - 1;
        set[word + 1..].fill(0);
    }
}
