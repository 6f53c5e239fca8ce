//! The code buffer, labels, fixups, islands.
//!
//! A branch forward is written in its short form, and its fixup waits for the label. If the label does
//! not come while the branch reaches ([`Assemble::room`] looks), an island is written: the branch
//! goes to a `b` there, which waits on for the label and reaches 128 MiB. Constants that loads wait for
//! are put into islands, too. Each fixup is queued once, led on at most once and filled in once, so all of
//! it is linear in the size of the code.

use super::operand::*;
use super::{Hint, LoadOp};
use crate::asm::{Assemble, Assembled, Labels, Pool, Reloc};
use crate::code::RelocKind;
use std::collections::VecDeque;

/// Bytes that the buffer starts with.
const FIRST_BYTES: usize = 4096;

/// No island is needed.
const NEVER: u32 = u32::MAX;
/// Of a branch on a bit: it reaches less than this many bytes forward.
const REACH_14: u32 = 1 << 15;
/// Of a branch on a condition, a literal and `adr`.
const REACH_19: u32 = 1 << 20;
/// All that branches on bits can need in an island: one for each instruction in their reach.
const ISLAND_14: u32 = REACH_14;
/// Branches that would need an island so soon after this one are led on already.
const EARLY_14: u32 = REACH_14 / 4;
/// The same for branches on conditions.
const EARLY_19: u32 = REACH_19 / 16;

/// What a fixup fills in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    /// 26 bits of `b` and `bl`.
    Branch26,
    /// 19 bits of `b.cond`, `cbz` and `cbnz`.
    Branch19,
    /// 14 bits of `tbz` and `tbnz`.
    Branch14,
    /// 19 bits of a load of a literal.
    Literal19,
    /// 21 bits of `adr`, in two pieces.
    Adr21,
    /// Data: the distance from a place before it, which is there as the distance from the fixup.
    Table32,
    /// Nothing any more: it goes to an island.
    Done,
}

/// A distance to fill in when its label is bound.
#[derive(Clone, Copy)]
struct Fixup {
    at: u32,
    label: Label,
    field: Field,
}

/// Assembles one function after the other.
pub struct Assembler {
    buf: Vec<u8>,
    labels: Labels<Fixup>,
    relocs: Vec<Reloc>,
    pool: Pool,
    /// Fixups whose branch may come to need an island, in the order of their places: branches on bits, the others.
    near_14: VecDeque<u32>,
    near_19: VecDeque<u32>,
    /// The first load of a constant that is still in the pool, `NEVER` if there is none.
    first_literal: u32,
    /// Where an island has to begin at the latest.
    island_at: u32,
    /// Where each label's last island is: (label, offset), of the island written now.
    islands: Vec<(Label, u32)>,
    /// The end of the code if what comes there is not reached from what is before it.
    unreached: u32,
    features: Features,
}

impl Assemble for Assembler {
    type Features = Features;

    fn new(features: Features) -> Assembler {
        Assembler {
            buf: Vec::with_capacity(FIRST_BYTES),
            labels: Labels::default(),
            relocs: Vec::new(),
            pool: Pool::default(),
            near_14: VecDeque::new(),
            near_19: VecDeque::new(),
            first_literal: NEVER,
            island_at: NEVER,
            islands: Vec::new(),
            unreached: NEVER,
            features,
        }
    }

    fn clear(&mut self) {
        self.buf.clear();
        self.labels.clear();
        self.relocs.clear();
        self.pool.clear();
        self.near_14.clear();
        self.near_19.clear();
        self.first_literal = NEVER;
        self.island_at = NEVER;
        self.unreached = NEVER;
    }

    #[inline]
    fn offset(&self) -> u32 {
        self.buf.len() as u32
    }

    fn finish(&mut self) -> Assembled<'_> {
        self.place_pool();
        debug_assert!(self.labels.are_bound(), "a label is used and not bound");
        Assembled { code: &self.buf, relocs: &self.relocs }
    }

    /// Writes an island here if one is needed.
    #[inline]
    fn room(&mut self, bytes: u32) {
        if self.offset() + bytes >= self.island_at {
            self.island(bytes);
        }
    }

    fn align(&mut self, to: u32) {
        debug_assert!(to.is_power_of_two());
        while !self.offset().is_multiple_of(to) {
            self.hint(Hint::Nop);
        }
    }

    #[inline]
    fn new_label(&mut self) -> Label {
        self.labels.add()
    }

    #[inline]
    fn label_offset(&self, label: Label) -> Option<u32> {
        self.labels.offset(label)
    }

    fn bind(&mut self, label: Label) {
        let here = self.offset();
        self.unreached = NEVER;
        let mut waiting = self.labels.bind(label, here);
        while let Some((number, Fixup { at, field, .. })) = self.labels.next(&mut waiting) {
            self.labels.fixup(number).field = Field::Done;
            self.fill(at, field, here);
        }
    }

    #[inline]
    fn jump(&mut self, label: Label) {
        self.b(label);
    }

    /// `bl symbol`
    fn call_symbol(&mut self, symbol: Symbol) {
        self.reloc(symbol, RelocKind::Call26);
        self.word(0x9400_0000);
    }

    /// `ret`
    fn ret(&mut self) {
        self.word(0xd65f_03c0);
        self.ends_here();
    }

    fn move_word(&mut self, dst: Gpr, src: Gpr) {
        self.mov_rr(Size::B64, dst, src);
    }

    fn move_vector(&mut self, dst: Fpr, src: Fpr) {
        self.vec_mov(dst, src);
    }

    fn load_word(&mut self, dst: Gpr, base: Gpr, offset: u32) {
        self.load(LoadOp::LdrX, dst, Mem::base(base, offset as i32));
    }

    fn store_word(&mut self, base: Gpr, offset: u32, src: Gpr) {
        self.store(Size::B64, Mem::base(base, offset as i32), src);
    }
}

impl Assembler {
    /// The extensions that code may use.
    pub fn features(&self) -> Features {
        self.features
    }

    /// The bytes so far.
    pub fn code(&self) -> &[u8] {
        &self.buf
    }

    /// A new label bound to this place.
    pub fn here(&mut self) -> Label {
        let label = self.new_label();
        self.bind(label);
        label
    }

    /// Fills in the distance to an offset.
    ///
    /// # Panics
    ///
    /// Panics if it does not fit: `room` was not asked often enough, or `adr` leads too far.
    fn fill(&mut self, at: u32, field: Field, target: u32) {
        if field == Field::Done {
            return;
        }
        let at = at as usize;
        let bytes: &mut [u8] = &mut self.buf[at..at + 4];
        let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let distance = target.wrapping_sub(at as u32) as i32;
        let word = match field {
            Field::Table32 => word.wrapping_add(distance as u32),
            _ => word | field_bits(field, distance),
        };
        bytes.copy_from_slice(&word.to_le_bytes());
    }

    /// What to write now into the field of the instruction that comes next.
    pub(super) fn field(&mut self, field: Field, label: Label) -> u32 {
        if let Some(target) = self.labels.offset(label) {
            return field_bits(field, target.wrapping_sub(self.offset()) as i32);
        }
        self.wait_for(label, field);
        0
    }

    /// Whether a label is bound and too far back for a field of so many bits, in words.
    pub(super) fn too_far(&self, label: Label, bits: u32) -> bool {
        let reach = 1u32 << (bits + 1);
        self.label_offset(label).is_some_and(|target| self.offset() - target > reach)
    }

    fn wait_for(&mut self, label: Label, field: Field) {
        let at = self.offset();
        let fixup = self.labels.wait(label, Fixup { at, label, field });
        match field {
            Field::Branch14 => {
                self.near_14.push_back(fixup);
                self.island_at = self.island_at.min(at + (REACH_14 - 4));
            }
            Field::Branch19 => {
                self.near_19.push_back(fixup);
                self.island_at = self.island_at.min(at + (REACH_19 - ISLAND_14 - 4));
                self.note_literals();
            }
            _ => {}
        }
    }

    /// Brings the next island forward as the pool, and what is written before it, grow.
    fn note_literals(&mut self) {
        if self.first_literal != NEVER {
            let before = ISLAND_14 + 4 * self.near_19.len() as u32 + 32;
            let latest = (self.first_literal + REACH_19).saturating_sub(before + self.pool.bytes());
            self.island_at = self.island_at.min(latest);
        }
    }

    // Islands.

    #[cold]
    fn island(&mut self, bytes: u32) {
        let over = (self.unreached != self.offset()).then(|| self.new_label());
        if let Some(over) = over {
            self.b(over);
        }
        self.islands.clear();
        let start = self.offset();
        let pool_due = self.first_literal != NEVER && {
            let before = ISLAND_14 + 4 * self.near_19.len() as u32 + 32;
            start + bytes + before + self.pool.bytes() + EARLY_19 >= self.first_literal + REACH_19
        };
        let past_pool = if pool_due { self.pool.bytes() + 4 * self.near_19.len() as u32 + 32 } else { 0 };
        let until = start + bytes + past_pool;
        self.lead_on(true, until + EARLY_14);
        self.lead_on(false, until + ISLAND_14 + EARLY_19);
        if pool_due {
            self.place_pool();
        }
        if let Some(over) = over {
            self.bind(over);
        }
        self.next_island();
    }

    /// Leads those branches of a kind on that reach less far than to `until`.
    fn lead_on(&mut self, bits: bool, until: u32) {
        let reach = if bits { REACH_14 } else { REACH_19 };
        loop {
            let queue = if bits { &mut self.near_14 } else { &mut self.near_19 };
            let Some(&fixup) = queue.front() else { return };
            let Fixup { at, field, .. } = *self.labels.fixup(fixup);
            if field != Field::Done && at + reach > until {
                return;
            }
            queue.pop_front();
            if field != Field::Done {
                let target = self.led_on(fixup);
                self.fill(at, field, target);
                self.labels.fixup(fixup).field = Field::Done;
            }
        }
    }

    /// The `b` in this island to the label that a fixup waits for.
    fn led_on(&mut self, fixup: u32) -> u32 {
        let label = self.labels.fixup(fixup).label;
        if let Some(&(_, target)) = self.islands.iter().rev().take(4).find(|island| island.0 == label) {
            return target;
        }
        let target = self.offset();
        self.islands.push((label, target));
        self.b(label);
        target
    }

    fn next_island(&mut self) {
        self.island_at = NEVER;
        for (bits, reach) in [(true, REACH_14 - 4), (false, REACH_19 - ISLAND_14 - 4)] {
            let queue = if bits { &mut self.near_14 } else { &mut self.near_19 };
            while let Some(&fixup) = queue.front() {
                let Fixup { at, field, .. } = *self.labels.fixup(fixup);
                if field != Field::Done {
                    self.island_at = self.island_at.min(at + reach);
                    break;
                }
                queue.pop_front();
            }
        }
        self.note_literals();
    }

    // Constants and data.

    /// A constant of 4 bytes in the pool; equal ones share their place. It is for a load or `adr` that
    /// comes next.
    pub fn constant4(&mut self, value: u32) -> Label {
        self.constant(value.into(), 4)
    }

    /// A constant of 8 bytes in the pool.
    pub fn constant8(&mut self, value: u64) -> Label {
        self.constant(value.into(), 8)
    }

    /// A constant of 16 bytes in the pool.
    pub fn constant16(&mut self, value: u128) -> Label {
        self.constant(value, 16)
    }

    fn constant(&mut self, value: u128, bytes: u8) -> Label {
        if let Some(label) = self.pool.find(value, bytes) {
            return label;
        }
        let label = self.new_label();
        self.pool.add(value, bytes, label);
        self.first_literal = self.first_literal.min(self.offset());
        self.note_literals();
        label
    }

    fn place_pool(&mut self) {
        let mut pool = std::mem::take(&mut self.pool);
        for (label, bytes) in pool.in_order() {
            while !self.buf.len().is_multiple_of(bytes.len()) {
                // Not reachable.
                self.word(0);
            }
            self.bind(label);
            self.buf.extend_from_slice(bytes);
        }
        pool.clear();
        self.pool = pool;
        self.first_literal = NEVER;
    }

    /// Bytes as they are; instructions after them want a multiple of 4.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Entry of a jump table: the 32-bit distance of `target` from `table`, which is bound.
    pub fn table_entry(&mut self, table: Label, target: Label) {
        let at = self.offset();
        let table = self.label_offset(table);
        debug_assert!(table.is_some(), "the table is where its entries are");
        let table = table.unwrap_or(at);
        match self.label_offset(target) {
            Some(target) => self.word(target.wrapping_sub(table)),
            None => {
                self.wait_for(target, Field::Table32);
                self.word(at - table);
            }
        }
    }

    // Instructions.

    /// Appends an instruction.
    #[inline]
    pub(super) fn word(&mut self, word: u32) {
        self.buf.extend_from_slice(&word.to_le_bytes());
    }

    /// Says that what comes next is not reached from the instruction before.
    pub(super) fn ends_here(&mut self) {
        self.unreached = self.offset();
    }

    /// Notes that the instruction that comes next depends on a symbol.
    pub(super) fn reloc(&mut self, symbol: Symbol, kind: RelocKind) {
        self.relocs.push(Reloc { at: self.offset(), symbol, addend: 0, kind });
    }
}

/// A distance in bytes in its field.
///
/// # Panics
///
/// Panics if it does not fit.
fn field_bits(field: Field, distance: i32) -> u32 {
    let (bits, shift) = match field {
        Field::Branch26 => (26, 0),
        Field::Branch19 | Field::Literal19 => (19, 5),
        Field::Branch14 => (14, 5),
        Field::Adr21 => {
            assert!((-(1 << 20)..1 << 20).contains(&distance), "adr over {distance} bytes");
            return (distance as u32 & 3) << 29 | (distance as u32 >> 2 & 0x7_ffff) << 5;
        }
        Field::Table32 | Field::Done => return 0,
    };
    debug_assert!(distance & 3 == 0, "instructions are aligned");
    let words = distance >> 2;
    assert!(-(1 << (bits - 1)) <= words && words < 1 << (bits - 1), "a branch over {distance} bytes");
    (words as u32 & ((1 << bits) - 1)) << shift
}
