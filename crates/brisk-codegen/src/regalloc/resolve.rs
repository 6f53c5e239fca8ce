//! From pieces to the answer: slots, a place for each operand, and all moves.
//!
//! Where control flow joins what was placed apart, values move on the edge. Only what is in a register at the start of
//! the edge's target can have to move: whatever is in memory there has been since its definition. So an edge costs as
//! many steps as there are registers, however many values are live on it.

use super::lift::lift;
use super::live::{EARLY, Live, block_end, operands, reused, takes_reused};
use super::moves::{ParallelMove, ParallelMoves, preg};
use super::scan::Scan;
use super::{NO_REG, NONE, Stats};
use crate::ir::Range;
use crate::vcode::{Allocation, Constraint, Loc, Move, RegSet, RegSets, Remat, Role, VCode};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The state; recycled.
#[derive(Default)]
pub(super) struct Resolve {
    /// The piece of each vreg that was looked at last.
    cursor: Vec<u32>,
    /// Changes of place inside blocks: the position, and the piece before.
    changes: Vec<(u32, u32)>,
    /// Stores where values leave registers inside blocks: instruction, vreg, preg.
    sinks: Vec<(u32, u32, u8)>,
    /// What is in registers at block boundaries: (vreg, preg).
    residents: Vec<(u32, u8)>,
    /// Of each block, where in `residents` those at its start begin, and those at its end.
    at_start: Vec<u32>,
    at_end: Vec<u32>,
    /// The register of each vreg at the start of the edge at hand.
    there: Vec<u8>,
    expiring: BinaryHeap<Reverse<(u32, u32, bool)>>,
    free: [Vec<u32>; 2],
    parallel: ParallelMoves,
    pending: Vec<ParallelMove>,
}

struct Context<'a, I> {
    code: &'a VCode<I>,
    regs: &'a RegSets,
    live: &'a mut Live,
    scan: &'a Scan,
    out: &'a mut Allocation,
    stats: &'a mut Stats,
}

impl Resolve {
    /// Writes the answer.
    pub(super) fn run<I>(
        &mut self,
        code: &VCode<I>,
        regs: &RegSets,
        live: &mut Live,
        scan: &Scan,
        out: &mut Allocation,
        stats: &mut Stats,
    ) {
        out.used_callee_saved = scan.used;
        let mut cx = Context { code, regs, live, scan, out, stats };
        self.slots(&mut cx);
        self.boundaries(&cx);
        self.cursor.clear();
        self.cursor.extend(cx.live.vregs.iter().map(|v| v.first_piece));
        self.there.clear();
        self.there.resize(cx.live.vregs.len(), NO_REG);
        self.parallel.reset(cx.out.spill_cells);
        cx.out.locs.resize(code.operands.len(), Loc::Slot(NONE));
        let (mut change, mut sink) = (0, 0);
        for b in 0..code.blocks.len() as u32 {
            let block = &code.blocks[b as usize];
            for inst in block.insts.indices() {
                let inst = inst as u32;
                let begun = cx.out.moves.len();
                if inst == block.insts.start {
                    if cx.live.pred_count[b as usize] == 1 && b != 0 {
                        let (pred, edge) = (cx.live.pred[b as usize], cx.live.edge_in[b as usize]);
                        self.edge(&mut cx, pred, edge);
                    }
                    for p in &code.vregs[block.params.indices()] {
                        self.store(&cx, p.0, None);
                    }
                }
                while let Some(&(pos, piece)) = self.changes.get(change)
                    && pos / 4 == inst
                {
                    change += 1;
                    let before = &scan.pieces[piece as usize];
                    let after = &scan.pieces[before.next as usize];
                    let from = source(&cx, before.vreg, before.reg);
                    self.parallel.add(to_move(&cx, before.vreg, from, Loc::Reg(preg(after.reg))));
                }
                while let Some(&(at, v, r)) = self.sinks.get(sink)
                    && at == inst
                {
                    sink += 1;
                    let slot = Loc::Slot(cx.live.vregs[v as usize].slot);
                    self.parallel.add(to_move(&cx, v, Some(Loc::Reg(preg(r))), slot));
                }
                self.inst(&mut cx, inst);
                if inst + 1 == block.insts.end && block.succs.indices().len() == 1 {
                    let edge = block.succs.start;
                    let to = code.edges[edge as usize].to as usize;
                    if cx.live.pred_count[to] > 1 {
                        let count = cx.out.moves.len();
                        self.edge(&mut cx, b, edge);
                        debug_assert!(
                            count == cx.out.moves.len() || operands(code, inst).is_empty(),
                            "moves before a terminator with operands"
                        );
                    }
                }
                let end = cx.out.moves.len();
                if end > begun {
                    let range = Range { start: begun as u32, end: end as u32 };
                    cx.out.groups.push((inst, range));
                    cx.stats.count(code, b, &cx.out.moves[begun..]);
                }
            }
            self.check_critical(&mut cx, b);
        }
        let (ends, starts, residents) = (&self.at_end, &self.at_start, &self.residents);
        let at_end = |b: u32| &residents[ends[b as usize] as usize..starts[b as usize + 1] as usize];
        lift(code, cx.live, scan, at_end, cx.out);
    }

    /// Gives slots to what is ever in memory; finds changes of place.
    fn slots<I>(&mut self, cx: &mut Context<'_, I>) {
        self.changes.clear();
        self.sinks.clear();
        self.expiring.clear();
        self.free.iter_mut().for_each(Vec::clear);
        let mut cells = 0;
        for n in 0..cx.live.def_order.len() {
            let v = cx.live.def_order[n];
            let info = &cx.live.vregs[v as usize];
            let (mut at, mut in_memory, mut end) = (info.first_piece, false, 0);
            let def = info.def;
            while at != NONE {
                let piece = &cx.scan.pieces[at as usize];
                in_memory |= piece.reg == NO_REG && piece.end > piece.start;
                end = piece.end;
                if piece.next != NONE {
                    let next = &cx.scan.pieces[piece.next as usize];
                    if next.start == end
                        && next.start & 3 == EARLY
                        && next.reg != NO_REG
                        && next.reg != piece.reg
                    {
                        self.changes.push((end, at));
                    }
                }
                at = piece.next;
            }
            if !in_memory || cx.code.remat[v as usize] != Remat::No {
                continue;
            }
            while let Some(&Reverse((end, cell, wide))) = self.expiring.peek()
                && end <= def
            {
                self.expiring.pop();
                self.free[wide as usize].push(cell);
            }
            let wide = cx.code.wide[v as usize];
            let cell = self.free[wide as usize].pop().unwrap_or_else(|| {
                let cell = if wide { (cells + 1) & !1 } else { cells };
                cells = cell + 1 + u32::from(wide);
                cell
            });
            self.expiring.push(Reverse((end, cell, wide)));
            cx.live.vregs[v as usize].slot = cell;
            self.sink(cx, v);
        }
        self.changes.sort_unstable();
        self.sinks.sort_unstable();
        cx.out.spill_cells = cells;
    }

    /// Stores a value where it leaves its register, if that is cheaper than where it is defined.
    ///
    /// Then its slot is right wherever it is in memory: each way there from a register stores it. Ways inside a block
    /// are listed here, those along edges are found at the edges.
    fn sink<I>(&mut self, cx: &mut Context<'_, I>, v: u32) {
        let info = &cx.live.vregs[v as usize];
        let pieces = &cx.scan.pieces;
        let first = &pieces[info.first_piece as usize];
        if first.reg == NO_REG {
            return;
        }
        let budget = cx.live.freq[info.def_block as usize];
        let known = self.sinks.len();
        let (mut cost, mut steps) = (0u32, 0);
        let mut before = None;
        let mut at = info.first_piece;
        while at != NONE && cost < budget && steps < 32 {
            let piece = &pieces[at as usize];
            steps += 1;
            if piece.reg == NO_REG && piece.end > piece.start {
                let inst = piece.start / 4;
                if piece.start & 3 != 0
                    && let Some((from, earlier)) = before
                {
                    let from: &super::scan::Piece = from;
                    let earlier: Option<&super::scan::Piece> = earlier;
                    let reg = if from.start <= inst * 4 {
                        from.reg
                    } else {
                        match earlier {
                            Some(e) if e.end == from.start => e.reg,
                            _ => info.hint,
                        }
                    };
                    if reg != NO_REG {
                        self.sinks.push((inst, v, reg));
                        cost = cost.saturating_add(cx.live.freq[cx.live.block_of[inst as usize] as usize]);
                    }
                }
                // The blocks that begin with it in memory.
                let mut b = cx.live.block_of[piece.start.div_ceil(4) as usize];
                if cx.code.blocks[b as usize].insts.start * 4 < piece.start {
                    b += 1;
                }
                while cost < budget
                    && let Some(block) = cx.code.blocks.get(b as usize)
                    && block.insts.start * 4 < piece.end
                {
                    steps += 1;
                    if steps >= 32 {
                        break;
                    }
                    let pred = cx.live.pred[b as usize];
                    let inside = cx.live.pred_count[b as usize] == 1 && {
                        let end = block_end(cx.code, pred) - 1;
                        piece.start <= end && end < piece.end
                    };
                    if !inside {
                        cost = cost.saturating_add(cx.live.freq[b as usize]);
                    }
                    b += 1;
                }
            }
            before = Some((piece, before.map(|b| b.0)));
            at = piece.next;
        }
        let sunk = cost < budget && steps < 32;
        if !sunk {
            self.sinks.truncate(known);
        }
        cx.live.vregs[v as usize].sunk = sunk;
    }

    /// Finds what is in registers where blocks begin and end.
    fn boundaries<I>(&mut self, cx: &Context<'_, I>) {
        self.residents.clear();
        self.at_start.clear();
        self.at_end.clear();
        let mut next = [0usize; 64];
        let mut from = [0u32; 64];
        let used = cx.regs.allocatable.iter().filter(|r| !cx.scan.by_reg[r.0 as usize].is_empty());
        let used = used.fold(RegSet::EMPTY, RegSet::with);
        for block in &cx.code.blocks {
            for (pos, list) in
                [(block.insts.start * 4, &mut self.at_start), (block.insts.end * 4 - 1, &mut self.at_end)]
            {
                list.push(self.residents.len() as u32);
                for r in used.iter() {
                    // Nothing to look at until then.
                    if from[r.0 as usize & 63] > pos {
                        continue;
                    }
                    let pieces = &cx.scan.by_reg[r.0 as usize];
                    let at = &mut next[r.0 as usize & 63];
                    from[r.0 as usize & 63] = u32::MAX;
                    while let Some(&p) = pieces.get(*at) {
                        let piece = &cx.scan.pieces[p as usize];
                        if piece.reg == r.0 && piece.end > pos {
                            from[r.0 as usize & 63] = piece.start;
                            if piece.start <= pos {
                                self.residents.push((piece.vreg, r.0));
                            }
                            break;
                        }
                        *at += 1;
                    }
                }
            }
        }
        self.at_start.push(self.residents.len() as u32);
    }

    /// Moves what has to move on an edge.
    fn edge<I>(&mut self, cx: &mut Context<'_, I>, from: u32, edge: u32) {
        let edge = cx.code.edges[edge as usize];
        let to = edge.to as usize;
        let end = self.at_end[from as usize] as usize..self.at_start[from as usize + 1] as usize;
        for &(v, r) in &self.residents[end.clone()] {
            self.there[v as usize] = r;
        }
        let start = self.at_start[to] as usize..self.at_end[to] as usize;
        let block_start = cx.code.blocks[to].insts.start * 4;
        let pos = block_end(cx.code, from) - 1;
        for &(v, r) in &self.residents[start] {
            let info = &cx.live.vregs[v as usize];
            if info.def == block_start || info.def > pos {
                continue;
            }
            let item = to_move(cx, v, source(cx, v, self.there[v as usize]), Loc::Reg(preg(r)));
            self.parallel.add(item);
        }
        let params = cx.code.blocks[to].params.indices();
        for (a, p) in cx.code.vregs[edge.args.indices()].iter().zip(&cx.code.vregs[params]) {
            let info = &cx.live.vregs[p.0 as usize];
            if info.first_piece == NONE {
                continue;
            }
            let target = match cx.scan.pieces[info.first_piece as usize].reg {
                NO_REG if info.slot == NONE => continue,
                NO_REG => Loc::Slot(info.slot),
                r => Loc::Reg(preg(r)),
            };
            let item = to_move(cx, a.0, source(cx, a.0, self.there[a.0 as usize]), target);
            self.parallel.add(item);
        }
        for &(v, r) in &self.residents[end] {
            self.there[v as usize] = NO_REG;
            let info = &cx.live.vregs[v as usize];
            if info.sunk && in_memory(cx, v, block_start) {
                let item = to_move(cx, v, Some(Loc::Reg(preg(r))), Loc::Slot(info.slot));
                self.parallel.add(item);
            }
        }
        self.parallel.finish(cx.regs, &mut cx.out.moves);
    }

    /// A critical edge has no moves.
    fn check_critical<I>(&mut self, cx: &mut Context<'_, I>, b: u32) {
        let succs = cx.code.blocks[b as usize].succs.indices();
        if succs.len() < 2 {
            return;
        }
        for e in succs {
            if cx.live.pred_count[cx.code.edges[e].to as usize] > 1 {
                let count = cx.out.moves.len();
                self.edge(cx, b, e as u32);
                assert_eq!(cx.out.moves.len(), count, "moves on a critical edge");
            }
        }
    }

    /// Where `v` is at `pos`: positions must not go back.
    fn at<I>(&mut self, cx: &Context<'_, I>, v: u32, pos: u32) -> u8 {
        let cursor = &mut self.cursor[v as usize];
        if *cursor == NONE {
            return NO_REG;
        }
        let mut piece = &cx.scan.pieces[*cursor as usize];
        while piece.end <= pos && piece.next != NONE {
            *cursor = piece.next;
            piece = &cx.scan.pieces[*cursor as usize];
        }
        if piece.start <= pos && pos < piece.end { piece.reg } else { NO_REG }
    }

    /// Where `v` is just before the moves before `inst`.
    fn before<I>(&mut self, cx: &Context<'_, I>, v: u32, inst: u32) -> u8 {
        let info = &cx.live.vregs[v as usize];
        if info.fixed_def && info.def == inst * 4 + EARLY { info.hint } else { self.at(cx, v, inst * 4) }
    }

    /// Has `v`, which has just been defined, in `reg` or where its first piece is, stored if it has a slot.
    fn store<I>(&mut self, cx: &Context<'_, I>, v: u32, reg: Option<u8>) {
        let info = &cx.live.vregs[v as usize];
        if info.first_piece == NONE {
            return;
        }
        let first = cx.scan.pieces[info.first_piece as usize].reg;
        let from = reg.unwrap_or(first);
        if from == NO_REG {
            return;
        }
        let from_loc = Some(Loc::Reg(preg(from)));
        if info.slot != NONE && !info.sunk {
            self.pending.push(to_move(cx, v, from_loc, Loc::Slot(info.slot)));
        }
        if first != from && first != NO_REG {
            self.pending.push(to_move(cx, v, from_loc, Loc::Reg(preg(first))));
        }
    }

    fn inst<I>(&mut self, cx: &mut Context<'_, I>, inst: u32) {
        for item in self.pending.drain(..) {
            self.parallel.add(item);
        }
        let range = operands(cx.code, inst);
        let ops = &cx.code.operands[range.clone()];
        let reused = reused(ops);
        // First what is moved from where it is before the instruction.
        for (n, op) in ops.iter().enumerate() {
            if !matches!(op.role, Role::Use | Role::UseLate) {
                continue;
            }
            if let Constraint::Fixed(r) = op.constraint {
                cx.out.locs[range.start + n] = Loc::Reg(r);
                let from = self.before_again(cx, op.vreg.0, inst);
                let twice = ops[..n].iter().any(|o| {
                    o.vreg == op.vreg
                        && o.constraint == op.constraint
                        && matches!(o.role, Role::Use | Role::UseLate)
                });
                // Its next piece may be there: then it is moved there as a change of place.
                let info = &cx.live.vregs[op.vreg.0 as usize];
                let moved = from != r.0 && info.first_piece != NONE && {
                    let after = self.at(cx, op.vreg.0, inst * 4 + EARLY);
                    after == r.0
                };
                if !twice && !moved {
                    let item = to_move(cx, op.vreg.0, source(cx, op.vreg.0, from), Loc::Reg(r));
                    self.parallel.add(item);
                }
            }
        }
        if let Some((_, u)) = reused {
            let d = ops
                .iter()
                .find(|op| matches!(op.constraint, Constraint::Reuse(_)))
                .expect("it has one")
                .vreg
                .0;
            let from = self.before_again(cx, u, inst);
            let to = self.at(cx, d, inst * 4 + EARLY);
            let item = to_move(cx, u, source(cx, u, from), Loc::Reg(preg(to)));
            self.parallel.add(item);
        }
        self.parallel.finish(cx.regs, &mut cx.out.moves);
        for (n, op) in ops.iter().enumerate() {
            let v = op.vreg.0;
            let reg = match (op.role, op.constraint) {
                (Role::Use | Role::UseLate, Constraint::Fixed(_)) => continue,
                (Role::Use | Role::UseLate, _) if takes_reused(op, n, reused) => {
                    let d = ops.iter().find(|op| matches!(op.constraint, Constraint::Reuse(_)));
                    self.at(cx, d.expect("it has one").vreg.0, inst * 4 + EARLY)
                }
                (Role::Use | Role::UseLate, _) => self.at(cx, v, inst * 4 + EARLY),
                (role, Constraint::Fixed(r)) => {
                    cx.out.locs[range.start + n] = Loc::Reg(r);
                    if role != Role::Temp {
                        self.store(cx, v, Some(r.0));
                    }
                    continue;
                }
                (role, _) => {
                    if role != Role::Temp {
                        self.store(cx, v, None);
                    }
                    match cx.live.vregs[v as usize].first_piece {
                        NONE => NO_REG,
                        first => cx.scan.pieces[first as usize].reg,
                    }
                }
            };
            cx.out.locs[range.start + n] = match reg {
                NO_REG => Loc::Slot(cx.live.vregs[v as usize].slot),
                r => Loc::Reg(preg(r)),
            };
        }
    }

    /// As `before`, if the vreg may have been looked at behind it.
    fn before_again<I>(&mut self, cx: &Context<'_, I>, v: u32, inst: u32) -> u8 {
        let info = &cx.live.vregs[v as usize];
        if self.cursor[v as usize] != NONE
            && cx.scan.pieces[self.cursor[v as usize] as usize].start > inst * 4
        {
            // Rare: the vreg has a fixed use here, too.
            let mut at = info.first_piece;
            if info.fixed_def && info.def == inst * 4 + EARLY {
                return info.hint;
            }
            while at != NONE {
                let piece = &cx.scan.pieces[at as usize];
                if piece.start <= inst * 4 && inst * 4 < piece.end {
                    return piece.reg;
                }
                at = piece.next;
            }
            return NO_REG;
        }
        self.before(cx, v, inst)
    }
}

/// Whether `v` is in memory at `pos`. For vregs of few pieces.
fn in_memory<I>(cx: &Context<'_, I>, v: u32, pos: u32) -> bool {
    let mut at = cx.live.vregs[v as usize].first_piece;
    while at != NONE {
        let piece = &cx.scan.pieces[at as usize];
        if piece.start <= pos && pos < piece.end {
            return piece.reg == NO_REG;
        }
        at = piece.next;
    }
    false
}

/// Where to take `v` from that is in `reg`.
fn source<I>(cx: &Context<'_, I>, v: u32, reg: u8) -> Option<Loc> {
    if reg != NO_REG {
        return Some(Loc::Reg(preg(reg)));
    }
    match cx.code.remat[v as usize] {
        Remat::Inst(_) => None,
        Remat::No => Some(Loc::Slot(cx.live.vregs[v as usize].slot)),
    }
}

fn to_move<I>(cx: &Context<'_, I>, v: u32, from: Option<Loc>, to: Loc) -> ParallelMove {
    let remat = match (from, cx.code.remat[v as usize]) {
        (None, Remat::Inst(inst)) => inst,
        _ => 0,
    };
    ParallelMove { from, to, remat, wide: cx.code.wide[v as usize], class: cx.code.classes[v as usize] }
}

impl Stats {
    fn count<I>(&mut self, code: &VCode<I>, b: u32, moves: &[Move]) {
        let depth = (code.blocks[b as usize].loop_depth as usize).min(self.moves.len() - 1);
        for m in moves {
            let count = match (m.from, m.to) {
                (None, _) => &mut self.remats,
                (Some(Loc::Reg(_)), Loc::Reg(_)) => &mut self.moves,
                (Some(Loc::Reg(_)), _) => &mut self.stores,
                _ => &mut self.reloads,
            };
            count[depth] += 1;
        }
    }
}
