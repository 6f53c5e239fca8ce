//! Writing instructions.

use super::Translator;
use super::stack::{Before, Class, Kind, Last, Loc, Operand, Source};
use crate::interp::ops::{Form, OP_WORDS, misc};

impl Translator<'_> {
    /// Begins an instruction. What was last can no longer be changed.
    pub fn emit(&mut self, op: u16, words: &[u16]) {
        self.last = None;
        self.starts.push(self.code.len() as u32);
        self.code.push(op);
        self.code.extend_from_slice(&[0; OP_WORDS - 1]);
        self.code.extend_from_slice(words);
    }

    pub fn push_u32(&mut self, value: u32) {
        self.code.extend_from_slice(&[value as u16, (value >> 16) as u16]);
    }

    pub fn push_u64(&mut self, value: u64) {
        self.push_u32(value as u32);
        self.push_u32((value >> 32) as u32);
    }

    pub fn patch_u32(&mut self, at: usize, value: u32) {
        self.code[at] = value as u16;
        self.code[at + 1] = (value >> 16) as u16;
    }

    /// Records the wasm position of the instruction about to be emitted: it may trap, throw or call.
    pub fn position(&mut self) {
        self.positions.push((self.code.len() as u32, self.offset));
    }

    /// A point that code may jump to, or that bounds a range: what stands before it stays as it is.
    pub fn fence(&mut self) {
        self.last = None;
        self.before = None;
    }

    /// Takes back an instruction: returns the words of its operands, without the destination.
    pub fn take_operands(&mut self, start: usize) -> ([u16; 10], usize) {
        let end = self.code.len() - 1;
        self.take_words(start, end)
    }

    /// Takes back the last instruction, which has operands up to `end`.
    pub fn take_words(&mut self, start: usize, end: usize) -> ([u16; 10], usize) {
        let range = start + OP_WORDS..end;
        let mut words = [0; 10];
        let count = range.len();
        words[..count].copy_from_slice(&self.code[range]);
        self.code.truncate(start);
        self.starts.pop();
        (words, count)
    }

    /// Appends an operand's words.
    pub fn push_source(&mut self, source: Source) {
        match source.form {
            Form::A => {}
            Form::S => self.code.push(source.bits as u16),
            Form::I if source.imm_words == 4 => self.push_u64(source.bits),
            Form::I => self.push_u32(source.bits as u32),
        }
    }

    /// Ends an instruction that begins at `start` with a destination: a new operand of the given kind.
    pub fn push_result(&mut self, start: usize, kind: Kind) {
        let held = self.held;
        let slot = self.push_slot(kind);
        self.code.push(slot);
        self.written(kind, slot);
        if let Some(class) = kind.class() {
            self.held.set(class, Some(slot));
        }
        self.last = Some(Last { start, dst: slot, held });
    }

    /// As [`Translator::push_result`], for an instruction that moves 64 bits through the integer
    /// accumulator whatever they mean.
    pub fn push_result_bits(&mut self, start: usize, kind: Kind) {
        self.push_result(start, kind);
        if let Some(class @ (Class::F32 | Class::F64)) = kind.class() {
            self.held.set(class, None);
            self.held.set(Class::Int, None);
        }
    }

    /// As [`Translator::push_result`], for a vector instruction: a scalar result of one is in its slot only.
    pub fn push_vector_result(&mut self, start: usize, kind: Kind) {
        let held = self.held;
        let slot = self.push_slot(kind);
        self.code.push(slot);
        self.written(kind, slot);
        self.last = Some(Last { start, dst: slot, held });
    }

    /// As [`Translator::push_result`], for an instruction that touches no accumulator.
    pub fn push_result_in_slot(&mut self, kind: Kind) {
        let slot = self.push_slot(kind);
        self.code.push(slot);
        self.written(kind, slot);
    }

    /// Notes that a slot (two for a vector) was written.
    pub fn written(&mut self, kind: Kind, slot: u16) {
        self.held.written(slot);
        if kind == Kind::V128 {
            self.held.written(slot + 1);
        }
    }

    /// Writes a constant to a slot.
    pub fn emit_const(&mut self, bits: u64, dst: u16) {
        if bits <= u64::from(u32::MAX) {
            self.emit(misc::CONST_32, &[]);
            self.push_u32(bits as u32);
        } else {
            self.emit(misc::CONST_64, &[]);
            self.push_u64(bits);
        }
        self.code.push(dst);
        self.held.written(dst);
    }

    /// Copies a slot, joining the copy with one just before.
    pub fn emit_copy(&mut self, kind: Kind, src: u16, dst: u16) {
        if src == dst {
            return;
        }
        if kind == Kind::V128 {
            self.emit(misc::COPY_VECTOR, &[src, dst]);
        } else {
            match self.last {
                Some(last) if self.code[last.start] == misc::COPY => {
                    self.code[last.start] = misc::COPY_2;
                    self.code.extend_from_slice(&[src, dst]);
                    self.last = None;
                }
                _ => {
                    let start = self.code.len();
                    self.emit(misc::COPY, &[src, dst]);
                    // Not a result: no operand has this slot on top while the copy is last.
                    self.last = Some(Last { start, dst: u16::MAX, held: self.held });
                }
            }
        }
        self.written(kind, dst);
    }

    /// Assigns the popped operand to a local.
    pub fn assign_local(&mut self, index: u32, operand: Operand) {
        let last = self.last;
        let before = self.code.len();
        self.flush_users(index);
        let dst = self.local_slots[index as usize];
        let redirect = match last {
            Some(last) if self.code.len() == before => {
                (operand.loc == Loc::Slot && last.dst == operand.slot).then_some(last)
            }
            _ => None,
        };
        if let Some(last) = redirect {
            // The result goes straight to the local.
            let word = self.code.len() - 1;
            self.code[word] = dst;
            let class = operand.kind.class();
            let was_held = class.is_some_and(|class| self.held.holds(class, operand.slot));
            self.held.written(operand.slot);
            self.written(operand.kind, dst);
            if let (Some(class), true) = (class, was_held) {
                self.held.set(class, Some(dst));
            }
            self.last = None;
            let end = self.code.len();
            self.before = Some(Before { start: last.start, end, held: last.held, dropped: false });
            return;
        }
        match operand.loc {
            Loc::Const(bits) => self.emit_const(bits, dst),
            _ => {
                let src = self.value_slot(&operand).unwrap_or(operand.slot);
                let class = operand.kind.class();
                let was_held = class.is_some_and(|class| self.held.holds(class, src));
                self.emit_copy(operand.kind, src, dst);
                if let (Some(class), true) = (class, was_held) {
                    // Both slots equal the accumulator; the local is the one that will be read.
                    self.held.set(class, Some(dst));
                }
            }
        }
    }
}
