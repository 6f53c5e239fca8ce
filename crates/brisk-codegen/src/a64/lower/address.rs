//! Addresses: what is known of the accesses to guarded memories before code is made, and how an access is written.
//!
//! An access has a base and either an index or an offset, not all three. Accesses with one index and several offsets
//! share the sum of the base and the index. The last byte of stores that may straddle the end of memory is read first, see
//! [`super::probes`].

use super::probes::Probes;
use super::*;
use crate::a64::asm::Mem;
use crate::a64::inst::{Address, Base, Index};

/// Not part of a group.
const ALONE: u32 = u32::MAX;

/// What is known of one access.
#[derive(Clone, Copy)]
struct Note {
    /// Its group.
    group: u32,
    /// Whether its last byte is read first.
    probe: bool,
}

/// Accesses that count from one index, without a call between them, in blocks that follow each other.
#[derive(Clone, Copy)]
struct Group {
    /// The first of them, which makes the sum.
    first: Value,
    /// Instructions that are saved if there is a sum, and one.
    gain: u32,
    /// The register of the sum, `NONE` as long as nobody has asked for it.
    sum: u32,
}

/// An index that accesses have counted from, in the blocks at hand.
#[derive(Clone, Copy)]
struct Seen {
    /// The index; of memories that are not pinned the address.
    index: Value,
    /// The group that the next access with it joins.
    group: u32,
    /// Whether that group still stands: a call ends it.
    open: bool,
}

/// The accesses of a function.
#[derive(Default)]
pub struct Accesses {
    /// By value.
    notes: Vec<Note>,
    groups: Vec<Group>,
    seen: Vec<Seen>,
    probes: Probes,
}

/// How many indices are remembered.
const MAX_SEEN: usize = 16;

impl Lower<'_> {
    /// Looks at the accesses to guarded memories, in order.
    pub(super) fn find_accesses(&mut self) {
        let func = self.func;
        let accesses = &mut self.s.machine;
        accesses.notes.clear();
        accesses.notes.resize(func.insts.len(), Note { group: ALONE, probe: false });
        accesses.groups.clear();
        accesses.seen.clear();
        let Accesses { notes, probes, .. } = accesses;
        probes.find(func, |store| notes[store.0 as usize].probe = true);
        let mut before = None;
        for number in 0..func.blocks.len() as u32 {
            let block = Block(number);
            // What is known at the end of a block is known in one that is reached from there only.
            let follows = before.is_some_and(|before| {
                self.s.preds[number as usize] == 1
                    && func.edges[func.successors(before).indices()].iter().any(|edge| edge.to == block)
            });
            if !follows {
                self.s.machine.seen.clear();
            }
            // A sum is made where it is used, not in front of a loop or a branch.
            self.s.machine.seen.iter_mut().for_each(|seen| seen.open = false);
            for &value in func.block_insts(block) {
                let inst = func.inst(value);
                match inst.op {
                    Op::Load | Op::Store => {
                        let access = Access::from_aux(inst.aux);
                        if access.traps {
                            self.note(value, inst, access);
                        }
                    }
                    Op::Call | Op::CallRef | Op::CallLib => {
                        self.s.machine.seen.iter_mut().for_each(|seen| seen.open = false);
                    }
                    _ => {}
                }
            }
            before = Some(block);
        }
    }

    fn note(&mut self, value: Value, inst: &ir::Inst, access: Access) {
        let index = Value(inst.a);
        if !access.pinned || self.func.constant(index).is_some() {
            return;
        }
        let (offset, bytes) = (i64::from(inst.b), access.bytes());
        let Accesses { notes, groups, seen, .. } = &mut self.s.machine;
        let note = &mut notes[value.0 as usize];
        // With other offsets it is the sum of the base and the offset that is made.
        if !Mem::fits(offset, bytes) || note.probe && !Mem::fits(offset + i64::from(bytes) - 1, 1) {
            return;
        }
        let at = seen.iter().position(|seen| seen.index == index).unwrap_or_else(|| {
            if seen.len() == MAX_SEEN {
                seen.remove(0);
            }
            seen.push(Seen { index, group: ALONE, open: false });
            seen.len() - 1
        });
        let seen = &mut seen[at];
        if !seen.open {
            (seen.open, seen.group) = (true, groups.len() as u32);
            groups.push(Group { first: value, gain: 0, sum: NONE });
        }
        note.group = seen.group;
        groups[seen.group as usize].gain += u32::from(offset > 0) + u32::from(note.probe);
    }

    /// The address of a load or store, and its operands. Reads the last byte of a store that needs it.
    pub(super) fn address(&mut self, value: Value, inst: &ir::Inst) -> (Address, Ops) {
        let access = Access::from_aux(inst.aux);
        let note = self.s.machine.notes[value.0 as usize];
        let (base, offset) = (Value(inst.a), i64::from(inst.b));
        let last = offset + i64::from(access.bytes()) - 1;
        if !access.pinned {
            if note.probe {
                let base = self.reg(base);
                let plain = |offset| Address { base: Base::Reg, index: Index::None, offset, traps: true };
                self.push(Inst::Probe(plain(last)), Ops::new().with(used(base)));
                return (plain(offset), Ops::new().with(used(base)));
            }
            return self.machine_address(base, offset, access);
        }
        let gain = match note.group {
            ALONE => 0,
            group => self.s.machine.groups[group as usize].gain,
        };
        let sum = if gain > 1 { Some(self.sum(value, base, note.group)) } else { None };
        if note.probe {
            let (address, ops) = self.pinned_address(base, last, access, note.group, sum);
            self.push(Inst::Probe(address), ops);
        }
        self.pinned_address(base, offset, access, note.group, sum)
    }

    /// An address in memory 0, if there is one by the sum of its base and the index.
    fn pinned_address(
        &mut self,
        index: Value,
        offset: i64,
        access: Access,
        group: u32,
        sum: Option<VReg>,
    ) -> (Address, Ops) {
        let plain = |base, offset| Address { base, index: Index::None, offset, traps: access.traps };
        if let Some(bits) = self.func.constant(index) {
            return (plain(Base::Memory, offset.wrapping_add(bits as i64)), Ops::new());
        }
        if let Some(sum) = sum {
            return (plain(Base::Reg, offset), Ops::new().with(used(sum)));
        }
        let in_loop = self.func.blocks[self.block.0 as usize].loop_depth > 0;
        // In loops the base and the offset are what stays the same.
        let place = match offset != 0 && (in_loop || group == ALONE) {
            true => Some(self.shared(Ty::None, offset as u64)),
            false => None,
        };
        let low = self.func.ty(index) == Ty::I32;
        let reg = if low { self.reg_low(index) } else { self.reg(index) };
        let index = if low { Index::Low } else { Index::Shifted(0) };
        match place {
            Some(place) => {
                (Address { index, ..plain(Base::Reg, 0) }, Ops::new().with(used(place)).with(used(reg)))
            }
            None => (Address { index, ..plain(Base::Memory, offset) }, Ops::new().with(used(reg))),
        }
    }

    /// The sum of the base of memory 0 and an index. The first access with it makes it.
    fn sum(&mut self, value: Value, index: Value, group: u32) -> VReg {
        let known = self.s.machine.groups[group as usize];
        let sum = if known.sum == NONE { self.new_int() } else { VReg(known.sum) };
        self.s.machine.groups[group as usize].sum = sum.0;
        if known.first == value {
            let low = self.func.ty(index) == Ty::I32;
            let src = if low { self.reg_low(index) } else { self.reg(index) };
            self.push1(Inst::MemorySum { low }, sum, src);
        }
        sum
    }

    /// An address of the machine: sums of 64 bits that nobody else has asked for are taken apart.
    fn machine_address(&mut self, mut value: Value, mut offset: i64, access: Access) -> (Address, Ops) {
        let bytes = access.bytes();
        loop {
            let sum = self.func.inst(value);
            if sum.op != Op::Add || sum.ty != Ty::I64 {
                break;
            }
            match self.func.constant(Value(sum.b)).map(|bits| offset.wrapping_add(bits as i64)) {
                Some(sum_offset) if Mem::fits(sum_offset, bytes) => {
                    offset = sum_offset;
                    value = Value(sum.a);
                }
                _ => break,
            }
        }
        let plain = |base| Address { base, index: Index::None, offset, traps: access.traps };
        let inst = *self.func.inst(value);
        if inst.op == Op::VmContext {
            return (plain(Base::Context), Ops::new());
        }
        if inst.op == Op::Add && inst.ty == Ty::I64 && !self.wanted(value) && offset == 0 {
            let (base, mut index, mut shift) = (Value(inst.a), Value(inst.b), 0);
            let shifted = *self.func.inst(index);
            if shifted.op == Op::Shl
                && shifted.ty == Ty::I64
                && !self.wanted(index)
                && self.func.constant(Value(shifted.b)) == Some(u64::from(bytes.trailing_zeros()))
            {
                (index, shift) = (Value(shifted.a), bytes.trailing_zeros() as u8);
            }
            let (base, index) = (self.reg(base), self.reg(index));
            let address = Address { index: Index::Shifted(shift), ..plain(Base::Reg) };
            return (address, Ops::new().with(used(base)).with(used(index)));
        }
        let base = self.reg(value);
        (plain(Base::Reg), Ops::new().with(used(base)))
    }
}
