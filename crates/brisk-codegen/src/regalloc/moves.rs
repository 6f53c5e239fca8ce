//! Parallel moves made sequential.

use super::NONE;
use crate::vcode::{Loc, Move, PReg, RegClass, RegSets};

/// A move among others that happen at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ParallelMove {
    /// Where from; `None` if it is made again.
    pub from: Option<Loc>,
    pub to: Loc,
    pub remat: u32,
    pub wide: bool,
    pub class: RegClass,
}

/// What has to move; recycled.
#[derive(Default)]
pub(super) struct ParallelMoves {
    items: Vec<ParallelMove>,
    /// For each place, the item that writes it, and how many read it. Slots come behind the pregs. Wide and narrow
    /// slots never overlap, so the first cell stands for a slot.
    writer: Vec<u32>,
    readers: Vec<u32>,
    ready: Vec<u32>,
    done: Vec<bool>,
}

fn index(loc: Loc) -> usize {
    match loc {
        Loc::Reg(r) => r.0 as usize,
        Loc::Slot(cell) => 64 + cell as usize,
    }
}

fn is_slot(loc: Loc) -> bool {
    matches!(loc, Loc::Slot(_))
}

impl ParallelMoves {
    /// Makes room for slots in so many cells.
    pub(super) fn reset(&mut self, cells: u32) {
        self.items.clear();
        self.writer.clear();
        self.writer.resize(64 + cells as usize, NONE);
        self.readers.clear();
        self.readers.resize(64 + cells as usize, 0);
    }

    /// Adds a move.
    pub(super) fn add(&mut self, item: ParallelMove) {
        if item.from != Some(item.to) {
            self.items.push(item);
        }
    }

    /// Puts them into an order, and forgets them.
    pub(super) fn finish(&mut self, regs: &RegSets, out: &mut Vec<Move>) {
        if let [item] = self.items[..] {
            self.items.clear();
            emit(item, regs, None, out);
            return;
        }
        self.done.clear();
        self.done.resize(self.items.len(), false);
        for (n, item) in self.items.iter().enumerate() {
            debug_assert_eq!(self.writer[index(item.to)], NONE, "two moves to {:?}", item.to);
            self.writer[index(item.to)] = n as u32;
            if let Some(from) = item.from {
                self.readers[index(from)] += 1;
            }
        }
        for (n, item) in self.items.iter().enumerate() {
            if self.readers[index(item.to)] == 0 {
                self.ready.push(n as u32);
            }
        }
        while let Some(n) = self.ready.pop() {
            let item = self.items[n as usize];
            self.done[n as usize] = true;
            emit(item, regs, None, out);
            if let Some(from) = item.from {
                let from = index(from);
                self.readers[from] -= 1;
                if self.readers[from] == 0 && self.writer[from] != NONE {
                    self.ready.push(self.writer[from]);
                }
            }
        }
        // What is left are cycles.
        for n in 0..self.items.len() {
            if self.done[n] {
                continue;
            }
            let first = self.items[n];
            // The value that is held is that of the item that reads it.
            let mut reader = first;
            while let Some(from) = reader.from
                && from != first.to
            {
                reader = self.items[self.writer[index(from)] as usize];
            }
            let hold = match reader.class {
                RegClass::Int => Loc::Reg(regs.scratch_int),
                RegClass::Vector => Loc::Reg(regs.scratch_vector),
            };
            emit(ParallelMove { from: Some(first.to), to: hold, ..reader }, regs, Some(hold), out);
            let mut at = n;
            loop {
                self.done[at] = true;
                let mut item = self.items[at];
                let from = item.from.expect("a cycle has no constants");
                if from == first.to {
                    item.from = Some(hold);
                    emit(item, regs, Some(hold), out);
                    break;
                }
                emit(item, regs, Some(hold), out);
                at = self.writer[index(from)] as usize;
            }
        }
        for item in &self.items {
            self.writer[index(item.to)] = NONE;
            if let Some(from) = item.from {
                self.readers[index(from)] = 0;
            }
        }
        self.items.clear();
    }
}

/// One move; `hold`: the scratch register that holds something.
fn emit(item: ParallelMove, regs: &RegSets, hold: Option<Loc>, out: &mut Vec<Move>) {
    let ParallelMove { from, to, remat, wide, class } = item;
    let (int, vector) = (Loc::Reg(regs.scratch_int), Loc::Reg(regs.scratch_vector));
    let own = if class == RegClass::Int { int } else { vector };
    let mut push = |from, to, wide| out.push(Move { from, to, remat, wide });
    match from {
        None if is_slot(to) => {
            push(None, own, wide);
            push(Some(own), to, wide);
        }
        Some(Loc::Slot(f)) if let Loc::Slot(t) = to => {
            if hold == Some(vector) && wide {
                for cell in 0..2 {
                    push(Some(Loc::Slot(f + cell)), int, false);
                    push(Some(int), Loc::Slot(t + cell), false);
                }
            } else {
                let through = match hold {
                    Some(h) if h == int => vector,
                    Some(_) => int,
                    None => own,
                };
                push(Some(Loc::Slot(f)), through, wide);
                push(Some(through), to, wide);
            }
        }
        _ => push(from, to, wide),
    }
}

/// The register with this index.
pub(super) fn preg(r: u8) -> PReg {
    PReg(r)
}
