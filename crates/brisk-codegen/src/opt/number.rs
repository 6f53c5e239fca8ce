//! Value numbering over dominators, with loads and stores.
//!
//! Requires the IR as it is built. Provides that what is computed, checked or loaded where a block on every way computed,
//! checked or loaded the same before, is not again; a load from where something was stored is what was stored.
//! Destroys nothing, but leaves instructions without users.
//!
//! One walk over the blocks in their order. What was seen last of everything equal stands in a table, and counts if its
//! block dominates the one at hand. Memory has versions, one for each region: a store or call begins a new one, and so
//! do joins at which different ones meet, headers of loops that change the region, and headers of loops that are entered
//! elsewhere, too: the way around such a loop may begin behind a write that is not in it. A load is equal to another of the
//! same version, and of the versions before as long as the stores between them are known to be elsewhere.
//!
//! Whatever traps is removed only where the same has been done before: a memory never shrinks, so what was in bounds
//! stays so.

use super::dominators::Dominators;
use crate::ir::{
    Access, Block, Effect, Func, Inst, Libcall, NONE, Op, Range, Region, Shape, SimdOp, SimdShape, Ty, Value,
    Width,
};

/// Regions that change: all but the first.
const REGIONS: usize = 9;

/// Versions of the regions, by [`Region`].
type State = [u32; REGIONS];

/// Where different versions meet.
const MIXED: u32 = u32::MAX;

/// Where nothing has been written: the state of a block that no edge was seen to.
const UNKNOWN: State = [NONE - 1; REGIONS];

/// The state of a region between two writes.
#[derive(Clone, Copy, Debug)]
struct Version {
    /// The store that began it; `NONE` if something else did.
    store: u32,
    /// The version before that store.
    before: u32,
}

/// How many stores a load looks behind.
const STORES: usize = 8;

/// Something computed or loaded.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Inst,
    epoch: u32,
    block: u32,
    value: u32,
}

const EMPTY: Entry =
    Entry { key: Inst { op: Op::Nop, ty: Ty::None, aux: 0, a: 0, b: 0, c: 0 }, epoch: 0, block: 0, value: 0 };

/// Most entries a table has.
const MAX_ENTRIES: usize = 1 << 13;

/// Memory of the pass.
#[derive(Debug, Default)]
pub struct Numbering {
    dominators: Dominators,
    entries: Vec<Entry>,
    mask: usize,
    /// Marks entries of this function.
    epoch: u32,
    /// What stands for a value; itself, mostly.
    alias: Vec<u32>,
    versions: Vec<Version>,
    /// State at the start of each block, as far as edges to it were seen.
    states: Vec<State>,
    /// What each block changes; from its loop's end on, of a loop's header what the loop changes. A bit for each region.
    changes: Vec<u16>,
    /// Headers of the loops around.
    loops: Vec<u32>,
    /// The header of the innermost loop around each block that it is not the header of.
    around: Vec<u32>,
}

const ALL: u16 = (1 << REGIONS) - 2;

fn bit(region: Region) -> u16 {
    1 << region as u16
}

/// Which regions an instruction changes.
fn changes(inst: &Inst) -> u16 {
    match inst.op {
        Op::Store => bit(Access::from_aux(inst.aux).region),
        Op::CallLib => match Libcall::from_aux(inst.aux) {
            Libcall::MemoryGrow => bit(Region::MemoryDescriptor),
            Libcall::MemoryCopy | Libcall::MemoryFill | Libcall::MemoryInit => {
                bit(Region::Memory0) | bit(Region::Memories)
            }
            Libcall::TableGrow => bit(Region::TableDescriptor) | bit(Region::Table),
            Libcall::TableGet
            | Libcall::TableSet
            | Libcall::TableFill
            | Libcall::TableCopy
            | Libcall::TableInit => bit(Region::Table),
            Libcall::DataDrop | Libcall::ElemDrop => 0,
            _ => ALL,
        },
        // An interrupt runs what the host wants.
        Op::Call | Op::CallRef | Op::Poll | Op::Caught => ALL,
        _ => 0,
    }
}

/// See the module.
pub(super) fn opt_number(s: &mut Numbering, f: &mut Func) {
    s.prepare(f);
    let mut pass = Pass { s, f, block: 0, state: UNKNOWN };
    pass.run();
}

impl Numbering {
    fn prepare(&mut self, f: &Func) {
        self.dominators.run(f);
        let entries = f.layout.len().next_power_of_two().clamp(64, MAX_ENTRIES);
        if self.entries.len() < entries {
            self.entries.resize(entries, EMPTY);
        }
        self.mask = entries - 1;
        self.epoch += 1;
        if self.epoch == u32::MAX {
            self.entries.fill(EMPTY);
            self.epoch = 1;
        }
        self.alias.clear();
        self.alias.extend(0..f.insts.len() as u32);
        self.versions.clear();
        self.states.clear();
        self.states.resize(f.blocks.len(), UNKNOWN);
        self.find_changes(f);
    }

    /// Finds what loops change.
    fn find_changes(&mut self, f: &Func) {
        self.changes.clear();
        self.changes.resize(f.blocks.len(), 0);
        self.loops.clear();
        self.around.clear();
        if !f.blocks.iter().any(|block| block.loop_header) {
            return;
        }
        for (number, block) in f.blocks.iter().enumerate() {
            while let Some(&header) = self.loops.last()
                && !within(f, header, number)
            {
                self.leave();
            }
            self.around.push(self.loops.last().copied().unwrap_or(NONE));
            if block.loop_header {
                self.loops.push(number as u32);
            }
            let Some(&header) = self.loops.last() else { continue };
            for &value in &f.layout[block.insts.indices()] {
                self.changes[header as usize] |= changes(f.inst(value));
            }
        }
        while !self.loops.is_empty() {
            self.leave();
        }
        for block in 0..f.blocks.len() as u32 {
            for edge in f.successors(Block(block)).indices() {
                let mut entered = self.around[f.edges[edge].to.0 as usize];
                // From before the header.
                while entered != NONE && entered > block {
                    self.changes[entered as usize] = ALL;
                    entered = self.around[entered as usize];
                }
            }
        }
    }

    /// Ends the innermost loop: what it changes, the one around changes.
    fn leave(&mut self) {
        if let Some(inner) = self.loops.pop()
            && let Some(&outer) = self.loops.last()
        {
            self.changes[outer as usize] |= self.changes[inner as usize];
        }
    }
}

/// Whether a block is in the loop of a header, if all between them are. (Loops are contiguous.)
fn within(f: &Func, header: u32, block: usize) -> bool {
    let (header, block) = (&f.blocks[header as usize], &f.blocks[block]);
    block.loop_depth > header.loop_depth || block.loop_depth == header.loop_depth && !block.loop_header
}

struct Pass<'a> {
    s: &'a mut Numbering,
    f: &'a mut Func,
    block: u32,
    /// The state at hand.
    state: State,
}

impl Pass<'_> {
    fn run(&mut self) {
        let mut end = 0;
        for block in 0..self.f.blocks.len() {
            self.block = block as u32;
            self.enter();
            let insts = self.f.blocks[block].insts;
            let start = end;
            for at in insts.indices() {
                let value = self.f.layout[at];
                if self.inst(value) {
                    self.f.layout[end] = value;
                    end += 1;
                }
            }
            self.f.blocks[block].insts = Range { start: start as u32, end: end as u32 };
            self.leave();
        }
        self.f.layout.truncate(end);
    }

    fn fresh(&mut self, store: u32, before: u32) -> u32 {
        self.s.versions.push(Version { store, before });
        self.s.versions.len() as u32 - 1
    }

    /// Finds the state at the start of the block.
    fn enter(&mut self) {
        let block = self.block as usize;
        self.state = self.s.states[block];
        let header = self.f.blocks[block].loop_header;
        let mut changed = match block {
            0 => ALL,
            _ if header => self.s.changes[block],
            _ => 0,
        };
        for region in 1..REGIONS {
            changed |= u16::from(self.state[region] == MIXED) << region;
        }
        self.change(changed);
    }

    /// Begins new versions of some regions. (One number will do: where it is looked up, the region is known.)
    fn change(&mut self, changed: u16) {
        if changed != 0 {
            let version = self.fresh(NONE, NONE);
            for region in 1..REGIONS {
                if changed >> region & 1 != 0 {
                    self.state[region] = version;
                }
            }
        }
    }

    /// Says at the end of the block what its successors begin with, and resolves what it passes to them.
    fn leave(&mut self) {
        for edge in self.f.successors(Block(self.block)).indices() {
            let data = self.f.edges[edge];
            for arg in &mut self.f.lists[data.args.indices()] {
                *arg = self.s.alias[*arg as usize];
            }
            let to = data.to.0;
            if to <= self.block {
                continue;
            }
            let state = &mut self.s.states[to as usize];
            if *state == UNKNOWN {
                *state = self.state;
            } else {
                for (known, &this) in state.iter_mut().zip(&self.state) {
                    if *known != this {
                        *known = MIXED;
                    }
                }
            }
        }
    }

    /// Whether an instruction stays.
    fn inst(&mut self, value: Value) -> bool {
        self.resolve(value);
        let inst = *self.f.inst(value);
        match inst.op {
            Op::Result => true,
            Op::Load => self.load(value, inst),
            Op::Store => {
                self.store(value, inst);
                true
            }
            Op::Check => self.check(value, inst),
            _ => match inst.op.effect() {
                Effect::Pure | Effect::Trap => self.number(value, inst),
                _ => {
                    self.change(changes(&inst));
                    true
                }
            },
        }
    }

    /// Puts what stands for its operands into an instruction.
    fn resolve(&mut self, value: Value) {
        let alias = &self.s.alias;
        let f = &mut *self.f;
        let inst = &mut f.insts[value.0 as usize];
        let resolve = |field: &mut u32| *field = alias[*field as usize];
        match inst.op.shape() {
            Shape::Nullary | Shape::Jump => {}
            Shape::Unary | Shape::Load | Shape::Branch | Shape::BranchTable => resolve(&mut inst.a),
            Shape::Binary => {
                resolve(&mut inst.a);
                resolve(&mut inst.b);
            }
            Shape::Ternary => {
                resolve(&mut inst.a);
                resolve(&mut inst.b);
                resolve(&mut inst.c);
            }
            Shape::Store => {
                resolve(&mut inst.a);
                resolve(&mut inst.c);
            }
            Shape::Simd => {
                resolve(&mut inst.a);
                match SimdOp::from_aux(inst.aux).shape() {
                    SimdShape::Unary | SimdShape::ExtractLane => {}
                    SimdShape::Binary | SimdShape::ReplaceLane | SimdShape::Shuffle => resolve(&mut inst.b),
                    SimdShape::Ternary => {
                        resolve(&mut inst.b);
                        resolve(&mut inst.c);
                    }
                }
            }
            Shape::Call | Shape::CallValue => {
                if inst.op.shape() == Shape::CallValue {
                    resolve(&mut inst.a);
                }
                let first = inst.b as usize + 2;
                let count = f.lists[first - 1] as usize;
                f.lists[first..first + count].iter_mut().for_each(resolve);
            }
            Shape::List => {
                f.lists[inst.b as usize..(inst.b + inst.c) as usize].iter_mut().for_each(resolve);
            }
        }
    }

    fn slot(&self, key: &Inst) -> usize {
        let head = u64::from(key.op as u8)
            | u64::from(key.ty as u8) << 8
            | u64::from(key.aux) << 16
            | u64::from(key.c) << 32;
        let hash = (head.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(key.a) | u64::from(key.b) << 32))
            .wrapping_mul(0xff51_afd7_ed55_8ccd);
        (hash >> 40) as usize & self.s.mask
    }

    /// The value with a key, if it is known here.
    fn find(&self, key: &Inst) -> Option<u32> {
        let entry = &self.s.entries[self.slot(key)];
        (entry.epoch == self.s.epoch
            && entry.key == *key
            && self.s.dominators.dominates(entry.block, self.block))
        .then_some(entry.value)
    }

    fn insert(&mut self, key: Inst, value: u32) {
        let slot = self.slot(&key);
        self.s.entries[slot] = Entry { key, epoch: self.s.epoch, block: self.block, value };
    }

    /// Makes a value an alias of the one with the same key, or remembers it. Whether it stays.
    fn number(&mut self, value: Value, key: Inst) -> bool {
        match self.find(&key) {
            Some(known) => {
                self.s.alias[value.0 as usize] = known;
                false
            }
            None => {
                self.insert(key, value.0);
                true
            }
        }
    }

    /// A check of an address is done if one against the same memory's length reached as far.
    fn check(&mut self, value: Value, inst: Inst) -> bool {
        // Lengths never fall: which one it was compared with does not matter, but whose it is. Those of an instance's own
        // memories are at different offsets from the same context.
        let len = self.f.inst(Value(inst.b));
        let (base, offset) = if len.op == Op::Load { (len.a, len.b) } else { (inst.b, 0) };
        let key = Inst { b: base, c: offset, ..inst };
        if let Some(known) = self.find(&key)
            && self.f.inst(Value(known)).c >= inst.c
        {
            self.s.alias[value.0 as usize] = known;
            return false;
        }
        self.insert(key, value.0);
        true
    }

    fn load(&mut self, value: Value, inst: Inst) -> bool {
        let region = Access::from_aux(inst.aux).region;
        if region == Region::Constant {
            return self.number(value, Inst { c: 0, ..inst });
        }
        let now = self.state[region as usize];
        let mut version = now;
        for _ in 0..STORES {
            if let Some(known) = self.find(&Inst { c: version, ..inst }) {
                self.s.alias[value.0 as usize] = known;
                return false;
            }
            let Version { store, before } = self.s.versions[version as usize];
            if store == NONE || !self.apart(&inst, store) {
                break;
            }
            version = before;
        }
        self.insert(Inst { c: now, ..inst }, value.0);
        true
    }

    /// Whether a load and a store touch different bytes of a region.
    fn apart(&self, load: &Inst, store: u32) -> bool {
        let store = self.f.inst(Value(store));
        let (from, to) = (Access::from_aux(load.aux), Access::from_aux(store.aux));
        let place = |inst: &Inst| match self.f.constant(Value(inst.a)) {
            Some(address) => (NONE, address.wrapping_add(u64::from(inst.b))),
            None => (inst.a, u64::from(inst.b)),
        };
        let ((base, first), (other, second)) = (place(load), place(store));
        base == other
            && from.pinned == to.pinned
            && (first + u64::from(from.bytes()) <= second || second + u64::from(to.bytes()) <= first)
    }

    fn store(&mut self, value: Value, inst: Inst) {
        let access = Access::from_aux(inst.aux);
        let region = access.region as usize;
        let before = self.state[region];
        let version = self.fresh(value.0, before);
        self.state[region] = version;
        let ty = self.f.ty(Value(inst.c));
        let whole = matches!(
            (ty, access.width),
            (Ty::I32 | Ty::F32, Width::U32) | (Ty::I64 | Ty::F64, Width::U64) | (Ty::V128, Width::V128)
        );
        if whole {
            let key = Inst { op: Op::Load, ty, aux: inst.aux, a: inst.a, b: inst.b, c: version };
            self.insert(key, inst.c);
        }
    }
}
