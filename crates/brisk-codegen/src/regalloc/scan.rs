//! The scan: pieces of live ranges get registers, in the order in which they begin.
//!
//! Requires [`Live`]; provides for each vreg a chain of pieces, each in a register or in memory (in its slot, or to be
//! made again). Linear scan with splitting after Wimmer and Mössenböck ("Optimized interval splitting in a linear scan
//! register allocator", VEE 2005), with one difference: a live range with holes is split at them. What is taken up
//! again behind a hole wants its old register, which on SSA form is free unless the range or another one was split in
//! between. So a register holds at most one piece at a time, nothing is ever inactive, and each decision looks at the
//! registers and at the next reservation of each, at no other intervals.

use super::live::{BEFORE, EARLY, Live, Reservation, Use, UseKind, block_start};
use super::{NO_REG, NONE};
use crate::vcode::{RegSet, RegSets, VCode};

/// How a piece came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// It begins with a definition that writes a register.
    Def,
    /// It begins with a definition elsewhere, or behind a hole, or where it would be good to have it in a register.
    Soft,
    /// It begins in the middle of an instruction that destroys its register.
    Spilled,
}

/// A vreg in one place for a while.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub start: u32,
    pub end: u32,
    pub vreg: u32,
    /// The next piece of the vreg; before, the next one in the queue.
    pub next: u32,
    /// The live range it is in.
    range: u32,
    /// It cannot be split before this.
    pin: u32,
    /// Its register; `NO_REG`: in memory.
    pub reg: u8,
    origin: Origin,
}

/// What is left of a live range.
#[derive(Clone, Copy)]
struct Rest {
    from: u32,
    end: u32,
    range: u32,
}

/// The state; recycled.
pub(super) struct Scan {
    pub pieces: Vec<Piece>,
    /// For each preg, its pieces in order. Pieces that are in memory after all are still among them.
    pub by_reg: Vec<Vec<u32>>,
    pub used: RegSet,
    /// For each position, the pieces that begin there.
    queue: Vec<u32>,
    /// For each preg the piece that is in it, and until when.
    active: [u32; 64],
    active_end: [u32; 64],
    /// The next reservation of each preg.
    reserved_start: [u32; 64],
    reserved_end: [u32; 64],
    reserved_owner: [u32; 64],
    /// Until when each preg is that of a parameter of a loop's header.
    carried: [u32; 64],
    allocatable: RegSet,
    callee_saved: RegSet,
}

impl Default for Scan {
    fn default() -> Scan {
        Scan {
            pieces: Vec::new(),
            by_reg: Vec::new(),
            used: RegSet::EMPTY,
            queue: Vec::new(),
            active: [NONE; 64],
            active_end: [0; 64],
            reserved_start: [0; 64],
            reserved_end: [0; 64],
            reserved_owner: [NONE; 64],
            carried: [0; 64],
            allocatable: RegSet::EMPTY,
            callee_saved: RegSet::EMPTY,
        }
    }
}

impl Scan {
    /// Gives every piece a place.
    pub(super) fn run<I>(&mut self, code: &VCode<I>, regs: &RegSets, live: &mut Live) {
        self.pieces.clear();
        self.by_reg.resize_with(64, Vec::new);
        for list in &mut self.by_reg {
            list.clear();
        }
        self.used = RegSet::EMPTY;
        self.callee_saved = regs.callee_saved;
        self.queue.clear();
        self.queue.resize(code.insts.len() * 4 + 8, NONE);
        self.active = [NONE; 64];
        self.active_end = [0; 64];
        self.reserved_end = [0; 64];
        self.carried = [0; 64];
        self.allocatable = regs.allocatable;
        for &(v, r) in &code.hints {
            let info = &mut live.vregs[v.0 as usize];
            if info.hint == NO_REG {
                info.hint = r.0;
            }
        }
        for v in (0..live.vregs.len() as u32).rev() {
            let info = &live.vregs[v as usize];
            if info.range != NONE {
                let range = live.ranges[info.range as usize];
                let origin = if info.is_param || info.fixed_def { Origin::Soft } else { Origin::Def };
                let pin =
                    if origin == Origin::Def { range.end.min((range.start & !3) + 4 + EARLY) } else { 0 };
                self.enqueue(range.start, range.end, v, info.range, pin, origin);
            }
        }
        for pos in 0..self.queue.len() {
            while self.queue[pos] != NONE {
                let piece = self.queue[pos];
                self.queue[pos] = self.pieces[piece as usize].next;
                self.pieces[piece as usize].next = NONE;
                self.place(code, live, piece);
            }
        }
    }

    fn enqueue(&mut self, start: u32, end: u32, vreg: u32, range: u32, pin: u32, origin: Origin) {
        let next = self.queue[start as usize];
        self.queue[start as usize] = self.pieces.len() as u32;
        self.pieces.push(Piece { start, end, vreg, next, range, pin, reg: NO_REG, origin });
    }

    /// Puts a piece behind the others of its vreg.
    fn append(&mut self, live: &mut Live, piece: u32) {
        let info = &mut live.vregs[self.pieces[piece as usize].vreg as usize];
        if info.first_piece == NONE {
            info.first_piece = piece;
        } else {
            self.pieces[info.last_piece as usize].next = piece;
        }
        info.last_piece = piece;
    }

    /// Where a register is reserved next, for others than `v`; 0 if it is now.
    #[inline]
    fn next_reserved(&mut self, live: &mut Live, r: u8, pos: u32, v: u32) -> u32 {
        let at = r as usize & 63;
        if self.reserved_end[at] > pos && self.reserved_owner[at] != v {
            let start = self.reserved_start[at];
            return if start <= pos { 0 } else { start };
        }
        self.next_reserved_again(live, r, pos, v)
    }

    /// As above, if the reservation that is known is behind, or that of `v`.
    #[inline(never)]
    fn next_reserved_again(&mut self, live: &mut Live, r: u8, pos: u32, v: u32) -> u32 {
        let at = r as usize & 63;
        if self.reserved_end[at] <= pos {
            let list = &mut live.reserved[at];
            while list.last().is_some_and(|last| last.end <= pos) {
                list.pop();
            }
            let none = Reservation { start: u32::MAX, end: u32::MAX, owner: NONE };
            let next = list.last().copied().unwrap_or(none);
            self.reserved_start[at] = next.start;
            self.reserved_end[at] = next.end;
            self.reserved_owner[at] = next.owner;
        }
        let mut start = self.reserved_start[at];
        if self.reserved_owner[at] == v {
            let others = live.reserved[at].iter().rev().take(64).find(|other| other.owner != v);
            start = match others {
                Some(other) => other.start,
                None => live.reserved[at].iter().rev().nth(64).map_or(u32::MAX, |other| other.start),
            };
        }
        if start <= pos { 0 } else { start }
    }

    fn place<I>(&mut self, code: &VCode<I>, live: &mut Live, piece: u32) {
        let Piece { start, end, vreg: v, range, origin, .. } = self.pieces[piece as usize];
        if live.ranges[range as usize].start == start {
            let next = live.ranges[range as usize].next;
            if next != NONE {
                let r = live.ranges[next as usize];
                self.enqueue(r.start, r.end, v, next, 0, Origin::Soft);
            }
        }
        advance(live, v, start);
        if origin == Origin::Spilled {
            self.memory(code, live, v, Rest { from: start, end, range }, start);
            return;
        }
        let first = live.vregs[v as usize].uses;
        let first_use = (first != NONE).then(|| live.uses[first as usize]).filter(|u| u.pos < end);
        let until = self.pieces[piece as usize].pin.max(needed_until(live, v, start));
        let must = until > start;
        self.pieces[piece as usize].pin = until;
        // Not used before the next hole, or in the next round of the loop only: it takes a register if that costs no other.
        let passes = !must && first_use.is_none();
        if passes {
            let info = &live.vregs[v as usize];
            let (r, def) = (info.last_reg, info.def);
            let kept = info.last_piece != NONE && self.pieces[info.last_piece as usize].reg == r;
            if r != NO_REG
                && (kept || around(live, start, def, end) != NONE)
                && self.active_end[r as usize & 63] <= start
                && self.next_reserved(live, r, start, v) >= end
            {
                self.assign(live, piece, r);
                return;
            }
            let freq = |pos: u32| live.freq[live.block_of[(pos / 4) as usize] as usize];
            if first == NONE || freq(live.uses[first as usize].pos) < freq(start) {
                self.memory(code, live, v, Rest { from: start, end, range }, start);
                return;
            }
        }
        let hints = self.hints(live, v, start, end);
        let class = code.classes[v as usize] as usize;
        for h in hints {
            if h != NO_REG
                && h as usize / 32 == class
                && (self.allocatable.0 & (!self.callee_saved.0 | self.used.0)) >> h & 1 != 0
                && self.active_end[h as usize & 63] <= start
                && self.next_reserved(live, h, start, v) >= end
            {
                self.assign(live, piece, h);
                return;
            }
        }
        let (mut best, mut best_score) = (NO_REG, 0);
        let (mut part, mut part_end) = (NO_REG, 0);
        let pays = live.vregs[v as usize].weight > 48;
        for r in class_bits(self.allocatable, class) {
            if self.active_end[r as usize & 63] > start {
                continue;
            }
            let free = self.next_reserved(live, r, start, v);
            if free <= start || free < until {
                continue;
            }
            let unpaid = (self.callee_saved.0 & !self.used.0) >> r & 1 != 0;
            if free >= end {
                // Left to the next values of the parameters of the loop, if possible.
                let carried = self.carried[r as usize & 63] > start;
                let score =
                    (u64::from(!unpaid) << 34 | u64::from(!carried) << 33 | u64::from(u32::MAX - free)) + 1;
                if score > best_score {
                    (best, best_score) = (r, score);
                }
            } else if free > part_end || free == part_end && hints.contains(&r) {
                (part, part_end) = (r, free);
            }
        }
        let unpaid = |r: u8| (self.callee_saved.0 & !self.used.0) >> r & 1 != 0;
        // A register that is lost in a block that is seldom reached is as good as free.
        let lost_cold = part != NO_REG && reserved_cold(live, part, start, end, v);
        if best != NO_REG && !(unpaid(best) && part != NO_REG && (!pays || lost_cold)) {
            self.assign(live, piece, best);
            return;
        }
        if passes {
            self.memory(code, live, v, Rest { from: start, end, range }, start);
            return;
        }
        if part != NO_REG && (must || lost_cold || first_use.is_some_and(|u| u.pos < part_end)) {
            self.assign(live, piece, part);
            self.cut(code, live, piece, start, part_end);
            return;
        }
        let wants = must || first_use.is_some_and(|u| matches!(u.kind, UseKind::Reg | UseKind::Any));
        if wants && part == NO_REG {
            let limit = if must { f32::INFINITY } else { score(live, v, start) * 0.5 };
            if let Some(r) = self.victim(live, class, start, until, v, limit) {
                self.evict(code, live, r, start);
                let free = self.next_reserved(live, r, start, v);
                self.assign(live, piece, r);
                if free < end {
                    self.cut(code, live, piece, start, free);
                }
                return;
            }
        }
        assert!(!must, "an instruction needs more registers than there are");
        self.memory(code, live, v, Rest { from: start, end, range }, start);
    }

    /// The registers that would suit a piece, best first.
    fn hints(&self, live: &Live, v: u32, start: u32, end: u32) -> [u8; 5] {
        let info = &live.vregs[v as usize];
        let mut hints = [NO_REG; 5];
        hints[0] = info.last_reg;
        if info.param != NONE {
            hints[1] = live.vregs[info.param as usize].param_hint;
        }
        if info.is_param {
            hints[1] = info.param_hint;
        }
        if info.reuse != NONE && info.def == start {
            let source = live.vregs[info.reuse as usize].last_piece;
            if source != NONE && self.pieces[source as usize].end >= start {
                hints[2] = self.pieces[source as usize].reg;
            }
        }
        let mut at = info.uses;
        for _ in 0..4 {
            if at == NONE {
                break;
            }
            let used = live.uses[at as usize];
            if used.pos > end {
                break;
            }
            if used.hint != NO_REG {
                hints[3] = used.hint;
                break;
            }
            at = used.next;
        }
        hints[4] = info.hint;
        hints
    }

    /// Puts a piece into a register.
    fn assign(&mut self, live: &mut Live, piece: u32, r: u8) {
        let p = &mut self.pieces[piece as usize];
        p.reg = r;
        self.active[r as usize] = piece;
        self.active_end[r as usize & 63] = p.end;
        self.by_reg[r as usize].push(piece);
        if self.callee_saved.0 >> r & 1 != 0 {
            self.used.0 |= 1 << r;
        }
        let v = p.vreg as usize;
        live.vregs[v].last_reg = r;
        self.append(live, piece);
        if live.vregs[v].is_param {
            live.vregs[v].param_hint = r;
            let l = live.loop_of[live.vregs[v].def_block as usize];
            if l != NONE && live.loops[l as usize].start == live.vregs[v].def_block {
                self.carried[r as usize & 63] = live.loops[l as usize].end_pos;
            }
        }
        let param = live.vregs[v].param;
        if param != NONE && live.vregs[param as usize].first_piece == NONE {
            live.vregs[param as usize].param_hint = r;
        }
    }

    /// Ends a piece that is in a register before `free`, where that register is reserved.
    fn cut<I>(&mut self, code: &VCode<I>, live: &mut Live, piece: u32, start: u32, free: u32) {
        let Piece { end, vreg, range, pin, reg, .. } = self.pieces[piece as usize];
        let (last, next) = uses_around(live, vreg, start, free);
        let lo = last.max(pin.saturating_sub(1)).max(start);
        let mut at = out_of_loops(live, lo, free).max(pin);
        let block = live.block_of[(at / 4) as usize];
        if live.freq[block as usize] * 4 <= live.freq[live.block_of[(lo / 4) as usize] as usize] {
            // Not into a block that is seldom reached.
            let before = block_start(code, block);
            if before > lo && before >= pin {
                self.pieces[piece as usize].end = before;
                self.active_end[reg as usize & 63] = before;
                self.enqueue(before, end, vreg, range, 0, Origin::Spilled);
                return;
            }
        }
        if let Some(u) = next
            && u.pos < end
            && matches!(u.kind, UseKind::Reg | UseKind::Any)
            && gap(u) < at
        {
            // It is needed while the register is reserved: it must leave before that instruction.
            at = gap(u);
        }
        self.pieces[piece as usize].end = at;
        self.active_end[reg as usize] = at;
        if at & 3 == EARLY || at & 3 == BEFORE && at == block_start(code, live.block_of[(at / 4) as usize]) {
            // Here it can go to another register.
            self.enqueue(at, end, vreg, range, 0, Origin::Soft);
        } else {
            self.enqueue(at, end, vreg, range, 0, Origin::Spilled);
        }
    }

    /// The register whose value is cheapest to spill at `pos`, if that costs less than `limit`.
    fn victim(
        &mut self,
        live: &mut Live,
        class: usize,
        pos: u32,
        until: u32,
        v: u32,
        limit: f32,
    ) -> Option<u8> {
        let (mut best, mut least) = (None, limit);
        for r in class_bits(self.allocatable, class) {
            if self.active_end[r as usize & 63] <= pos {
                continue;
            }
            let piece = self.pieces[self.active[r as usize] as usize];
            let free = self.next_reserved(live, r, pos, v);
            if piece.pin > pos || free <= pos || free < until {
                continue;
            }
            advance(live, piece.vreg, pos);
            if needed_until(live, piece.vreg, pos) > pos {
                continue;
            }
            let cost = score(live, piece.vreg, pos);
            if cost < least || best.is_none() && limit == f32::INFINITY {
                (best, least) = (Some(r), cost);
            }
        }
        best
    }

    /// Takes the register from what is in it at `pos`.
    fn evict<I>(&mut self, code: &VCode<I>, live: &mut Live, r: u8, pos: u32) {
        let piece = self.active[r as usize];
        let Piece { start, end, vreg, range, pin, .. } = self.pieces[piece as usize];
        let lo = live.vregs[vreg as usize].last_use.max(pin.saturating_sub(1)).max(start);
        let at = out_of_loops(live, lo, pos);
        let p = &mut self.pieces[piece as usize];
        p.end = at;
        if at == start {
            p.reg = NO_REG;
        }
        self.active_end[r as usize & 63] = pos;
        self.memory(code, live, vreg, Rest { from: at, end, range }, pos);
    }

    /// Vreg `v` is in memory from `from` on; if there is a use that needs a register behind `lo`, it is back in time.
    fn memory<I>(&mut self, code: &VCode<I>, live: &mut Live, v: u32, rest: Rest, lo: u32) {
        let Rest { from, end, range } = rest;
        let mut at = live.vregs[v as usize].uses;
        let mut back = end;
        if live.vregs[v as usize].last_reg != NO_REG {
            back = back.min(behind_cold(code, live, v, lo, end));
        }
        while at != NONE {
            let u = live.uses[at as usize];
            if u.pos >= end || back < end {
                break;
            }
            let wanted = match u.kind {
                UseKind::Reg => gap(u) > lo,
                // Outside its loop only.
                UseKind::Spare => loop_start(live, gap(u)).is_some_and(|start| start > lo),
                _ => false,
            };
            if wanted {
                back = reload_at(code, live, lo, u);
                break;
            }
            at = u.next;
        }
        let last = live.vregs[v as usize].last_piece;
        if last != NONE && self.pieces[last as usize].reg == NO_REG && self.pieces[last as usize].end == from
        {
            self.pieces[last as usize].end = back;
        } else {
            let piece = self.pieces.len() as u32;
            let next = NONE;
            self.pieces.push(Piece {
                start: from,
                end: back,
                vreg: v,
                next,
                range,
                pin: 0,
                reg: NO_REG,
                origin: Origin::Spilled,
            });
            self.append(live, piece);
        }
        if back < end {
            self.enqueue(back, end, v, range, 0, Origin::Soft);
        }
    }
}

/// The registers of a class.
fn class_bits(set: RegSet, class: usize) -> impl Iterator<Item = u8> {
    let mut rest = (set.0 >> (class * 32)) as u32;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let r = rest.trailing_zeros();
        rest &= rest - 1;
        Some((r as usize + class * 32) as u8)
    })
}

/// Where the moves stand that bring a value to where it is used.
fn gap(u: Use) -> u32 {
    (u.pos & !3) + EARLY
}

/// Until when the instruction at `pos` needs `v` where it is.
fn needed_until(live: &Live, v: u32, pos: u32) -> u32 {
    let mut at = live.vregs[v as usize].uses;
    let mut until = 0;
    while at != NONE {
        let u = live.uses[at as usize];
        if gap(u) > pos {
            break;
        }
        match u.kind {
            UseKind::Reg => until = until.max(u.pos + 1),
            UseKind::Any if gap(u) < pos => until = until.max(u.pos + 1),
            _ => {}
        }
        at = u.next;
    }
    until
}

/// Passes the uses of `v` before `pos`.
fn advance(live: &mut Live, v: u32, pos: u32) {
    let info = &mut live.vregs[v as usize];
    while info.uses != NONE && live.uses[info.uses as usize].pos < pos {
        let u = live.uses[info.uses as usize];
        info.last_use = u.pos;
        info.uses = u.next;
    }
}

/// The last use of `v` before `pos`, `start` if there is none, and the first one from there on.
fn uses_around(live: &Live, v: u32, start: u32, pos: u32) -> (u32, Option<Use>) {
    let mut at = live.vregs[v as usize].uses;
    let mut last = start;
    while at != NONE {
        let u = live.uses[at as usize];
        if u.pos >= pos {
            return (last, Some(u));
        }
        last = u.pos;
        at = u.next;
    }
    (last, None)
}

/// A position behind `lo`, `hi` or before it, that is in as few of the loops around `hi` as possible.
fn out_of_loops(live: &Live, lo: u32, hi: u32) -> u32 {
    let mut at = hi;
    let mut l = live.loop_of[live.block_of[(hi / 4) as usize] as usize];
    while l != NONE && live.loops[l as usize].start_pos > lo {
        at = live.loops[l as usize].start_pos;
        l = live.loops[l as usize].parent;
    }
    at
}

/// Where the innermost loop around `pos` begins.
fn loop_start(live: &Live, pos: u32) -> Option<u32> {
    let l = live.loop_of[live.block_of[(pos / 4) as usize] as usize];
    (l != NONE).then(|| live.loops[l as usize].start_pos)
}

/// Where to reload what is in memory at `lo` for `u`.
fn reload_at<I>(code: &VCode<I>, live: &Live, lo: u32, u: Use) -> u32 {
    let block = live.block_of[(u.pos / 4) as usize] as usize;
    let inner = live.loop_of[block];
    if inner != NONE && live.loops[inner as usize].start_pos > lo {
        // If it could not be had before one loop, it is before the innermost one only.
        let around = live.loop_of[live.block_of[(lo / 4) as usize] as usize];
        let failed = around != NONE && live.loops[around as usize].start_pos == lo;
        return if failed { live.loops[inner as usize].start_pos } else { out_of_loops(live, lo, gap(u)) };
    }
    // Behind blocks that are seldom reached.
    let (at, from, to) = (gap(u), live.block_of[(lo / 4) as usize], block as u32);
    let wanted = live.freq[to as usize];
    if live.freq[from as usize] < wanted {
        for b in from + 1..=to.min(from + 8) {
            if live.freq[b as usize] >= wanted {
                let start = block_start(code, b);
                return if start > lo { start } else { at };
            }
        }
    }
    at
}

/// Whether `r` is reserved between `start` and `end` only where that is seldom reached.
fn reserved_cold(live: &Live, r: u8, start: u32, end: u32, v: u32) -> bool {
    let freq = |pos: u32| live.freq[live.block_of[(pos / 4) as usize] as usize];
    let usual = freq(start);
    let mut others = live.reserved[r as usize].iter().rev().filter(|other| other.owner != v);
    for _ in 0..32 {
        match others.next() {
            Some(other) if other.start < end => {
                if freq(other.start) * 4 > usual {
                    return false;
                }
            }
            _ => return true,
        }
    }
    false
}

/// The innermost loop around `pos` that `v`, defined at `def` and live up to `end`, is live throughout.
fn around(live: &Live, pos: u32, def: u32, end: u32) -> u32 {
    let l = live.loop_of[live.block_of[(pos / 4) as usize] as usize];
    if l != NONE && live.loops[l as usize].start_pos > def && live.loops[l as usize].end_pos <= end {
        l
    } else {
        NONE
    }
}

/// If `lo` is in a block that is seldom reached: where `v` should be back in its register if it is used behind that.
fn behind_cold<I>(code: &VCode<I>, live: &Live, v: u32, lo: u32, end: u32) -> u32 {
    let from = live.block_of[(lo / 4) as usize];
    let cold = live.freq[from as usize] * 4;
    if !code.blocks[from as usize].cold {
        return u32::MAX;
    }
    let info = &live.vregs[v as usize];
    let mut at = info.uses;
    while at != NONE && live.uses[at as usize].pos <= lo {
        at = live.uses[at as usize].next;
    }
    let l = around(live, lo, info.def, end);
    let wanted = match at {
        _ if at != NONE && live.uses[at as usize].pos < end => live.uses[at as usize].pos,
        _ if l != NONE => live.loops[l as usize].end_pos - 1,
        _ => return u32::MAX,
    };
    let to = live.block_of[(wanted / 4) as usize];
    for b in from + 1..=to.min(from + 8) {
        if live.freq[b as usize] >= cold {
            let start = block_start(code, b);
            return if start > lo && start < end { start } else { u32::MAX };
        }
    }
    u32::MAX
}

/// What it costs to spill `v` at `pos`.
fn score(live: &Live, v: u32, pos: u32) -> f32 {
    let first = live.vregs[v as usize].uses;
    if first == NONE {
        return 0.0;
    }
    let u = live.uses[first as usize];
    let freq = live.freq[live.block_of[((u.pos & !3) / 4) as usize] as usize] as f32;
    let weak = matches!(u.kind, UseKind::Moved | UseKind::Arg | UseKind::Spare);
    let distance = (u.pos.max(pos) - pos) as f32 / 4.0 + 4.0;
    if weak { freq * 0.5 / distance } else { freq / distance }
}
