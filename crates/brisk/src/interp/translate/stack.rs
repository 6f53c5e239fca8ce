//! Operands at translation time: where each one is, and getting it where it has to be.

use super::Translator;
use crate::interp::ops::{self, Form};
use brisk_module::types::ValType;

/// What a value is to register code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    I32,
    I64,
    F32,
    F64,
    V128,
    /// A reference: 64 bits, 0 for null.
    Ref,
}

/// The accumulator a scalar goes through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Int,
    F32,
    F64,
}

impl Kind {
    pub fn new(ty: ValType) -> Kind {
        match ty {
            ValType::I32 => Kind::I32,
            ValType::I64 => Kind::I64,
            ValType::F32 => Kind::F32,
            ValType::F64 => Kind::F64,
            ValType::V128 => Kind::V128,
            ValType::Ref(_) => Kind::Ref,
        }
    }

    pub fn slots(self) -> u32 {
        if self == Kind::V128 { 2 } else { 1 }
    }

    pub fn class(self) -> Option<Class> {
        match self {
            Kind::I32 | Kind::I64 | Kind::Ref => Some(Class::Int),
            Kind::F32 => Some(Class::F32),
            Kind::F64 => Some(Class::F64),
            Kind::V128 => None,
        }
    }
}

/// Where an operand's value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loc {
    /// In its own slot.
    Slot,
    /// Still in a local that has not been assigned since. Holds the next operand below that stands
    /// for the same local, plus one.
    Local { index: u32, below: u32 },
    /// A constant, as the bits of a slot.
    Const(u64),
}

/// An operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Operand {
    pub kind: Kind,
    /// Its own slot, whether or not the value is there.
    pub slot: u16,
    pub loc: Loc,
}

/// The instruction emitted last: a result that may still be redirected, or a copy that may be joined.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    /// Offset of its first word.
    pub start: usize,
    /// The slot its last word names.
    pub dst: u16,
    /// The accumulators before it.
    pub held: Held,
}

/// An instruction that is settled but may still be joined with a later one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// Offset of its first word.
    pub start: usize,
    /// Offset behind its last word.
    pub end: usize,
    /// The accumulators before it.
    pub held: Held,
    /// Whether its result is in the accumulator only, for the next instruction; else it is in a local.
    pub dropped: bool,
}

/// For each accumulator, the slot it is known to equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Held([Option<u16>; 3]);

impl Held {
    pub fn clear(&mut self) {
        self.0 = [None; 3];
    }

    pub fn holds(&self, class: Class, slot: u16) -> bool {
        self.0[class as usize] == Some(slot)
    }

    pub fn set(&mut self, class: Class, slot: Option<u16>) {
        self.0[class as usize] = slot;
    }

    /// A slot was written: no accumulator equals it any more.
    pub fn written(&mut self, slot: u16) {
        for held in &mut self.0 {
            if *held == Some(slot) {
                *held = None;
            }
        }
    }
}

/// An operand as an instruction takes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    pub form: Form,
    /// Slot or immediate.
    pub bits: u64,
    /// Width of the immediate in words.
    pub imm_words: u8,
}

impl Translator<'_> {
    /// Pushes a value that is in its own slot (or about to be written there).
    pub fn push_slot(&mut self, kind: Kind) -> u16 {
        let slot = self.top as u16;
        self.push_operand(kind, Loc::Slot);
        slot
    }

    pub fn push_const(&mut self, kind: Kind, bits: u64) {
        self.push_operand(kind, Loc::Const(bits));
    }

    pub fn push_local(&mut self, index: u32) {
        let kind = Kind::new(self.local_types[index as usize]);
        let below = self.local_users[index as usize];
        self.push_operand(kind, Loc::Local { index, below });
        self.local_users[index as usize] = self.walker.operands.len() as u32;
    }

    fn push_operand(&mut self, kind: Kind, loc: Loc) {
        debug_assert!(self.top + kind.slots() <= 65_536, "the frame was checked at load");
        self.walker.operands.push(Operand { kind, slot: self.top as u16, loc });
        self.top += kind.slots();
        self.max = self.max.max(self.top);
        if loc == Loc::Slot && self.flushed + 1 == self.walker.operands.len() {
            self.flushed += 1;
        }
    }

    pub fn pop(&mut self) -> Operand {
        let operand = self.walker.operands.pop().expect("a validated body has the operand");
        self.top = u32::from(operand.slot);
        self.flushed = self.flushed.min(self.walker.operands.len());
        if let Loc::Local { index, below } = operand.loc {
            self.local_users[index as usize] = below;
        }
        operand
    }

    /// Drops all operands above a height.
    pub fn truncate_operands(&mut self, height: usize) {
        while self.walker.operands.len() > height {
            self.pop();
        }
    }

    /// The slot that has the operand's value, or will once [`Translator::in_slot`] has run.
    pub fn value_slot(&self, operand: &Operand) -> Option<u16> {
        match operand.loc {
            Loc::Slot => Some(operand.slot),
            Loc::Local { index, .. } => Some(self.local_slots[index as usize]),
            Loc::Const(_) => None,
        }
    }

    /// A slot that has the value of a popped operand; constants are written to the operand's own.
    pub fn in_slot(&mut self, operand: &Operand) -> u16 {
        if let Loc::Const(bits) = operand.loc {
            self.emit_const(bits, operand.slot);
        }
        self.value_slot(operand).unwrap_or(operand.slot)
    }

    /// The cheapest way for an instruction to take a popped scalar operand: the accumulator if it has
    /// the value, an immediate if it is a constant, else a slot.
    pub fn source(&self, operand: &Operand) -> Source {
        if let Loc::Const(bits) = operand.loc {
            return Source { form: Form::I, bits, imm_words: immediate_words(operand.kind) };
        }
        let slot = self.value_slot(operand).unwrap_or(operand.slot);
        let held = operand.kind.class().is_some_and(|class| self.held.holds(class, slot));
        let form = if held { Form::A } else { Form::S };
        Source { form, bits: u64::from(slot), imm_words: 0 }
    }

    /// As [`Translator::source`], never an immediate.
    pub fn source_in_slot(&mut self, operand: &Operand) -> Source {
        self.in_slot(operand);
        match operand.loc {
            Loc::Const(_) => Source { form: Form::S, bits: u64::from(operand.slot), imm_words: 0 },
            _ => self.source(operand),
        }
    }

    /// Called once a popped operand's source is the accumulator: if the last instruction computed it
    /// for this use alone, it need not write the slot.
    pub fn consume(&mut self, operand: &Operand, source: Source) {
        if source.form != Form::A || operand.loc != Loc::Slot {
            return;
        }
        let Some(last) = self.last.take() else { return };
        if last.dst != operand.slot {
            self.last = Some(last);
            return;
        }
        if let Some(op) = ops::to_acc(self.code[last.start]) {
            self.code[last.start] = op;
            self.code.pop();
            let end = self.code.len();
            self.before = Some(Before { start: last.start, end, held: last.held, dropped: true });
            self.held.written(operand.slot);
        }
    }

    /// Takes back the last instruction if it computed this popped operand, for fusing with the one
    /// that uses it. Returns its number and its words without the destination.
    pub fn take_back(&mut self, operand: &Operand) -> Option<Last> {
        let last = self.last?;
        (operand.loc == Loc::Slot && last.dst == operand.slot).then(|| {
            self.last = None;
            last
        })
    }

    /// Writes operand number `at` to its own slot.
    pub fn flush_operand(&mut self, at: usize) {
        let operand = self.walker.operands[at];
        match operand.loc {
            Loc::Slot => return,
            Loc::Local { index, .. } => {
                let src = self.local_slots[index as usize];
                self.emit_copy(operand.kind, src, operand.slot);
            }
            Loc::Const(bits) => self.emit_const(bits, operand.slot),
        }
        self.walker.operands[at].loc = Loc::Slot;
    }

    /// Writes the topmost `count` operands to their own slots.
    pub fn flush_top(&mut self, count: usize) {
        let len = self.walker.operands.len();
        self.flush_from(len - count);
        if self.flushed >= len - count {
            self.flushed = len;
        }
    }

    /// Writes all operands to their own slots.
    pub fn flush(&mut self) {
        self.flush_from(self.flushed);
        self.flushed = self.walker.operands.len();
    }

    /// Flushes from the top down to operand `from`: in this order each user of a local is at the
    /// head of its list.
    fn flush_from(&mut self, from: usize) {
        for at in (from..self.walker.operands.len()).rev() {
            if let Loc::Local { index, below } = self.walker.operands[at].loc {
                debug_assert_eq!(self.local_users[index as usize], at as u32 + 1);
                self.local_users[index as usize] = below;
            }
            self.flush_operand(at);
        }
    }

    /// Writes operands that stand for a local to their own slots, before the local is assigned.
    pub fn flush_users(&mut self, index: u32) {
        let mut user = std::mem::take(&mut self.local_users[index as usize]) as usize;
        while user != 0 {
            let Loc::Local { below, .. } = self.walker.operands[user - 1].loc else { break };
            self.flush_operand(user - 1);
            user = below as usize;
        }
    }
}

/// Words an immediate takes.
fn immediate_words(kind: Kind) -> u8 {
    match kind {
        Kind::I32 | Kind::F32 => 2,
        Kind::I64 | Kind::Ref | Kind::F64 => 4,
        Kind::V128 => unreachable!("vectors are never constants"),
    }
}
