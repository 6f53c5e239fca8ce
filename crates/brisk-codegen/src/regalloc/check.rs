//! A symbolic checker of allocations, independent of how they are made.
//!
//! The lattice: to each 8-byte cell (two for each preg, one for each cell of the spill area) belongs the set of halves
//! of vregs whose current value it holds for certain. Top is "not reached yet", that is: all; bottom is the empty set;
//! the meet is the intersection. A narrow value has its low half only. A definition takes the vreg out of all cells
//! and puts it into one; a move copies cells; a clobber empties them; an edge renames arguments to parameters. The
//! sets at the starts of blocks are found by iteration, then each use must find its vreg where the allocation says, in a
//! place that its constraint allows.

use crate::vcode::{Allocation, Constraint, Loc, Move, Operand, RegClass, RegSets, Remat, Role, VCode};

/// Cells: what each holds. Small sorted lists.
type State = Vec<Vec<u32>>;

const REG_CELLS: usize = 128;

fn cell(loc: Loc) -> usize {
    match loc {
        Loc::Reg(r) => r.0 as usize * 2,
        Loc::Slot(c) => REG_CELLS + c as usize,
    }
}

struct Checker<'a, I> {
    code: &'a VCode<I>,
    regs: &'a RegSets,
    out: &'a Allocation,
    cells: usize,
    /// The only edge into each block, if there is one only: there, a constant made again is the parameter, too.
    only_edge: Vec<Option<u32>>,
}

/// Verifies an allocation; the error says what is wrong where.
pub fn check<I>(code: &VCode<I>, regs: &RegSets, out: &Allocation) -> Result<(), String> {
    let cells = REG_CELLS + out.spill_cells as usize + 1;
    let mut only_edge = vec![None; code.blocks.len()];
    let mut entered = vec![false; code.blocks.len()];
    entered[0] = true;
    for (e, edge) in code.edges.iter().enumerate() {
        let to = edge.to as usize;
        only_edge[to] = if entered[to] { None } else { Some(e as u32) };
        entered[to] = true;
    }
    let checker = Checker { code, regs, out, cells, only_edge };
    checker.shape()?;
    let mut at_start: Vec<Option<State>> = vec![None; code.blocks.len()];
    at_start[0] = Some(vec![Vec::new(); cells]);
    let mut work = vec![0u32];
    let mut queued = vec![false; code.blocks.len()];
    while let Some(b) = work.pop() {
        queued[b as usize] = false;
        let mut state = at_start[b as usize].clone().expect("it was reached");
        checker.block(b, &mut state, false)?;
        for edge in code.blocks[b as usize].succs.indices() {
            let edge = &code.edges[edge];
            let next = checker.rename(&state, edge.to, edge.args.indices());
            let changed = match &mut at_start[edge.to as usize] {
                None => {
                    at_start[edge.to as usize] = Some(next);
                    true
                }
                Some(old) => meet(old, &next),
            };
            if changed && !queued[edge.to as usize] {
                queued[edge.to as usize] = true;
                work.push(edge.to);
            }
        }
    }
    for (b, state) in at_start.into_iter().enumerate() {
        if let Some(mut state) = state {
            checker.block(b as u32, &mut state, true)?;
        }
    }
    Ok(())
}

/// Intersects; whether that changed anything.
fn meet(old: &mut State, new: &State) -> bool {
    let mut changed = false;
    for (old, new) in old.iter_mut().zip(new) {
        let before = old.len();
        old.retain(|x| new.contains(x));
        changed |= old.len() != before;
    }
    changed
}

impl<I> Checker<'_, I> {
    /// What needs no flow.
    fn shape(&self) -> Result<(), String> {
        if self.out.locs.len() != self.code.operands.len() {
            return Err("not one place for each operand".into());
        }
        if !self.out.groups.is_sorted_by_key(|g| g.0) {
            return Err("groups are not sorted".into());
        }
        let mut written = 0u64;
        for m in &self.out.moves {
            let slots = [m.from, Some(m.to)].into_iter().flatten().filter_map(|l| match l {
                Loc::Slot(c) => Some(c),
                Loc::Reg(_) => None,
            });
            for c in slots.clone() {
                if c.saturating_add(1 + u32::from(m.wide)) > self.out.spill_cells || m.wide && c % 2 != 0 {
                    return Err(format!("bad slot {c} in {m:?}"));
                }
            }
            if slots.count() == 2 || m.from.is_none() && matches!(m.to, Loc::Slot(_)) {
                return Err(format!("{m:?} is not one instruction"));
            }
            if let Loc::Reg(r) = m.to {
                written |= 1 << r.0;
                if !self.regs.allocatable.contains(r)
                    && r != self.regs.scratch_int
                    && r != self.regs.scratch_vector
                {
                    return Err(format!("{m:?} writes a preg that is not free"));
                }
            }
        }
        for (op, loc) in self.code.operands.iter().zip(&self.out.locs) {
            let used = matches!(op.role, Role::Use | Role::UseLate);
            if let Loc::Slot(c) = *loc
                && c >= self.out.spill_cells
                && !(used && op.constraint == Constraint::Spare)
            {
                return Err(format!("{op:?} in a slot that is not there: {c}"));
            }
            if let Loc::Reg(r) = loc
                && !used
            {
                written |= 1 << r.0;
            }
        }
        let unsaved = written & self.regs.callee_saved.0 & !self.out.used_callee_saved.0;
        if unsaved != 0 {
            return Err(format!("callee-saved pregs {unsaved:x} are written but not listed"));
        }
        Ok(())
    }

    fn block(&self, b: u32, state: &mut State, verify: bool) -> Result<(), String> {
        let block = &self.code.blocks[b as usize];
        if block.takes_fixed {
            state[..REG_CELLS].iter_mut().for_each(Vec::clear);
        }
        let mut group = self.out.groups.partition_point(|g| g.0 < block.insts.start);
        for inst in block.insts.indices() {
            while let Some((at, range)) = self.out.groups.get(group)
                && *at as usize == inst
            {
                for m in &self.out.moves[range.indices()] {
                    let regs = [m.from, Some(m.to)].into_iter().flatten();
                    if verify
                        && block.takes_fixed
                        && inst == block.insts.start as usize
                        && regs
                            .into_iter()
                            .any(|l| matches!(l, Loc::Reg(r) if self.regs.allocatable.contains(r)))
                    {
                        return Err(format!("inst {inst}: {m:?} where fixed pregs are taken over"));
                    }
                    self.apply(state, m, b).map_err(|e| format!("before inst {inst}: {e}"))?;
                }
                group += 1;
            }
            self.inst(inst, state, verify).map_err(|e| format!("inst {inst} (block {b}): {e}"))?;
        }
        Ok(())
    }

    fn apply(&self, state: &mut State, m: &Move, b: u32) -> Result<(), String> {
        let to = cell(m.to);
        let halves = 1 + usize::from(m.wide);
        match m.from {
            Some(from) => {
                for half in 0..halves {
                    state[to + half] = state[cell(from) + half].clone();
                }
            }
            None => {
                let inst = m.remat;
                let range = super::live::operands(self.code, inst);
                let [op] = self.code.operands[range] else { return Err(format!("{m:?} has other operands")) };
                if self.code.remat[op.vreg.0 as usize] != Remat::Inst(inst) {
                    return Err(format!("{m:?} makes what cannot be made again"));
                }
                for half in 0..halves {
                    state[to + half] = vec![op.vreg.0 * 2 + half as u32];
                }
                if let Some(edge) = self.only_edge[b as usize] {
                    let args = self.code.edges[edge as usize].args.indices();
                    let params = self.code.blocks[b as usize].params.indices();
                    for (a, p) in self.code.vregs[args].iter().zip(&self.code.vregs[params]) {
                        if *a == op.vreg {
                            for half in 0..halves {
                                state[to + half].push(p.0 * 2 + half as u32);
                            }
                        }
                    }
                }
            }
        }
        if !m.wide && matches!(m.to, Loc::Reg(_)) {
            state[to + 1].clear();
        }
        Ok(())
    }

    fn inst(&self, inst: usize, state: &mut State, verify: bool) -> Result<(), String> {
        let range = super::live::operands(self.code, inst as u32);
        let ops = &self.code.operands[range.clone()];
        let locs = &self.out.locs[range];
        let clobbers = self.code.clobber_sets[self.code.clobbers[inst] as usize];
        if verify {
            for (op, &loc) in ops.iter().zip(locs) {
                self.operand(op, loc, ops, locs, state)?;
                if let (Role::UseLate, Loc::Reg(r)) = (op.role, loc)
                    && clobbers.contains(r)
                {
                    return Err(format!("{op:?} in {loc:?} is clobbered"));
                }
            }
        }
        for r in clobbers.iter() {
            state[r.0 as usize * 2].clear();
            state[r.0 as usize * 2 + 1].clear();
        }
        for (op, &loc) in ops.iter().zip(locs) {
            if !matches!(op.role, Role::Use | Role::UseLate) {
                let wide = self.code.wide[op.vreg.0 as usize];
                kill(state, op.vreg.0);
                for half in 0..1 + usize::from(wide || matches!(loc, Loc::Reg(_))) {
                    state[cell(loc) + half].clear();
                }
            }
        }
        for (op, &loc) in ops.iter().zip(locs) {
            if matches!(op.role, Role::Def | Role::DefEarly) {
                for half in 0..1 + usize::from(self.code.wide[op.vreg.0 as usize]) {
                    state[cell(loc) + half].push(op.vreg.0 * 2 + half as u32);
                }
            }
        }
        Ok(())
    }

    /// Whether an operand is where it may be and, if it is used, has its value there.
    fn operand(
        &self,
        op: &Operand,
        loc: Loc,
        ops: &[Operand],
        locs: &[Loc],
        state: &State,
    ) -> Result<(), String> {
        let bad = |what: &str| Err(format!("{op:?} in {loc:?}: {what}"));
        let used = matches!(op.role, Role::Use | Role::UseLate);
        let class: RegClass = self.code.classes[op.vreg.0 as usize];
        let wide = self.code.wide[op.vreg.0 as usize];
        match loc {
            Loc::Reg(r) if r.class() != class => return bad("wrong class"),
            Loc::Reg(r) if !self.regs.allocatable.contains(r) => return bad("not allocatable"),
            Loc::Slot(u32::MAX) if op.constraint == Constraint::Spare && used => return Ok(()),
            Loc::Slot(_) if op.constraint != Constraint::Any => return bad("not in a register"),
            Loc::Slot(c)
                if c.saturating_add(1 + u32::from(wide)) > self.out.spill_cells || wide && c % 2 != 0 =>
            {
                return bad("no such slot");
            }
            _ => {}
        }
        match op.constraint {
            Constraint::Fixed(r) if loc != Loc::Reg(r) => return bad("not where it is fixed"),
            Constraint::Reuse(n) if locs[n as usize] != loc => return bad("not in the reused register"),
            _ => {}
        }
        let reused = match op.constraint {
            Constraint::Reuse(n) => Some(ops[n as usize].vreg),
            _ => None,
        };
        for (other, &at) in ops.iter().zip(locs) {
            if std::ptr::eq(other, op) || at != loc {
                continue;
            }
            let other_used = matches!(other.role, Role::Use | Role::UseLate);
            let clash = match op.role {
                Role::Use | Role::UseLate => false,
                _ if !other_used => true,
                Role::Def => other.role == Role::UseLate,
                Role::DefEarly => reused != Some(other.vreg),
                Role::Temp => true,
            };
            if clash {
                return bad(&format!("shared with {other:?}"));
            }
        }
        if used {
            for half in 0..1 + usize::from(wide) {
                let holds = &state[cell(loc) + half];
                if !holds.contains(&(op.vreg.0 * 2 + half as u32)) {
                    return bad(&format!("holds {holds:?} instead"));
                }
            }
        }
        Ok(())
    }

    /// What holds behind an edge.
    fn rename(&self, state: &State, to: u32, args: std::ops::Range<usize>) -> State {
        let params = &self.code.vregs[self.code.blocks[to as usize].params.indices()];
        let args = &self.code.vregs[args];
        let mut next = state.clone();
        for p in params {
            kill(&mut next, p.0);
        }
        for (old, new) in state.iter().zip(&mut next) {
            for (a, p) in args.iter().zip(params) {
                for half in 0..2 {
                    if old.contains(&(a.0 * 2 + half)) {
                        new.push(p.0 * 2 + half);
                    }
                }
            }
        }
        debug_assert_eq!(next.len(), self.cells);
        next
    }
}

/// Takes a vreg out of all cells.
fn kill(state: &mut State, v: u32) {
    for cell in state {
        if !cell.is_empty() {
            cell.retain(|&x| x / 2 != v);
        }
    }
}
