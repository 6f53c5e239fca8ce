//! The constants of one function, each kept once.

use super::Label;

/// Slots of the hash table that is used first; a power of two.
const FIRST_SLOTS: usize = 64;
/// A slot that is free.
const FREE: u32 = u32::MAX;

struct Constant {
    bytes: [u8; 16],
    len: u8,
    label: Label,
}

/// Constants of 4, 8 and 16 bytes, found by open addressing.
#[derive(Default)]
pub(crate) struct Pool {
    constants: Vec<Constant>,
    /// Positions in `constants`; empty until the first constant comes.
    slots: Vec<u32>,
}

impl Pool {
    /// Forgets all constants.
    pub(crate) fn clear(&mut self) {
        if !self.constants.is_empty() {
            self.constants.clear();
            self.slots.fill(FREE);
        }
    }

    /// The label of a constant that is there.
    pub(crate) fn find(&self, value: u128, len: u8) -> Option<Label> {
        if self.slots.is_empty() {
            return None;
        }
        let found = self.slots[self.slot(value.to_le_bytes(), len)];
        (found != FREE).then(|| self.constants[found as usize].label)
    }

    /// Adds a constant that is not there.
    pub(crate) fn add(&mut self, value: u128, len: u8, label: Label) {
        let bytes = value.to_le_bytes();
        if self.slots.len() < 2 * (self.constants.len() + 1) {
            self.grow();
        }
        let slot = self.slot(bytes, len);
        self.slots[slot] = self.constants.len() as u32;
        self.constants.push(Constant { bytes, len, label });
    }

    /// The constants in their order in memory, the widest first.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = (Label, &[u8])> {
        [16, 8, 4].into_iter().flat_map(|len| {
            let of_len = self.constants.iter().filter(move |constant| constant.len == len);
            of_len.map(|constant| (constant.label, &constant.bytes[..usize::from(constant.len)]))
        })
    }

    /// How many bytes they take, at most.
    pub(crate) fn bytes(&self) -> u32 {
        16 * self.constants.len() as u32
    }

    /// The slot where a constant is, or where it would go.
    fn slot(&self, bytes: [u8; 16], len: u8) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(bytes, len) & mask;
        loop {
            match self.constants.get(self.slots[slot] as usize) {
                None => return slot,
                Some(there) if there.bytes == bytes && there.len == len => return slot,
                Some(_) => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        let slots = (2 * self.slots.len()).max(FIRST_SLOTS);
        self.slots.clear();
        self.slots.resize(slots, FREE);
        for position in 0..self.constants.len() {
            let Constant { bytes, len, .. } = self.constants[position];
            let slot = self.slot(bytes, len);
            self.slots[slot] = position as u32;
        }
    }
}

/// Multiplicative hashing of both halves; the high bits are the good ones.
fn hash(bytes: [u8; 16], len: u8) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let value = u128::from_le_bytes(bytes);
    let folded =
        (value as u64).wrapping_mul(FACTOR) ^ ((value >> 64) as u64).rotate_left(29) ^ u64::from(len);
    (folded.wrapping_mul(FACTOR) >> 32) as usize
}
