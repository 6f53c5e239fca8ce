//! Jumps, calls, padding.

use super::buffer::{Assembler, Imm, Opcode, Rex, fits_i8};
use super::operand::*;
use crate::asm::Assemble;

/// No-operations of 1 to 9 bytes as the manuals recommend them.
const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

impl Assembler {
    /// `jmp label`; backward and near: 2 bytes
    pub fn jmp(&mut self, label: Label) {
        if let Some(distance) = self.short_distance(label) {
            return self.fixed([0xeb, distance]);
        }
        let field = self.label_field(self.offset() + 1, label, 0);
        self.branch32([0xe9], field);
    }

    /// `jcc label`; backward and near: 2 bytes
    pub fn jcc(&mut self, cond: Cond, label: Label) {
        if let Some(distance) = self.short_distance(label) {
            return self.fixed([0x70 | cond as u8, distance]);
        }
        let field = self.label_field(self.offset() + 2, label, 0);
        self.branch32([0x0f, 0x80 | cond as u8], field);
    }

    /// `jmp label` forward by less than 128 bytes, in 2 bytes. `bind` panics if that is not so: only
    /// for jumps over a few known instructions.
    pub fn jmp_short(&mut self, label: Label) {
        self.forward_short(0xeb, label);
    }

    /// `jcc label` forward by less than 128 bytes; see [`Self::jmp_short`].
    pub fn jcc_short(&mut self, cond: Cond, label: Label) {
        self.forward_short(0x70 | cond as u8, label);
    }

    /// `jmp target` through a register or memory
    pub fn jmp_rm(&mut self, target: impl Into<Rm>) {
        self.legacy(Opcode::one(0xff), Rex::NONE, 4, target.into().into(), Imm::NONE);
    }

    /// `jmp symbol`
    pub fn jmp_symbol(&mut self, symbol: Symbol) {
        let field = self.symbol_field(self.offset() + 1, symbol, 0);
        self.branch32([0xe9], field);
    }

    /// `jcc symbol`
    pub fn jcc_symbol(&mut self, cond: Cond, symbol: Symbol) {
        let field = self.symbol_field(self.offset() + 2, symbol, 0);
        self.branch32([0x0f, 0x80 | cond as u8], field);
    }

    /// `call label`
    pub fn call(&mut self, label: Label) {
        let field = self.label_field(self.offset() + 1, label, 0);
        self.branch32([0xe8], field);
    }

    /// `call target` through a register or memory
    pub fn call_rm(&mut self, target: impl Into<Rm>) {
        self.legacy(Opcode::one(0xff), Rex::NONE, 2, target.into().into(), Imm::NONE);
    }

    /// `leave`: `mov rsp, rbp; pop rbp`
    pub fn leave(&mut self) {
        self.fixed([0xc9]);
    }

    /// `ud2`
    pub fn ud2(&mut self) {
        self.fixed([0x0f, 0x0b]);
    }

    /// `int3`
    pub fn int3(&mut self) {
        self.fixed([0xcc]);
    }

    /// `len` bytes that do nothing, in few instructions
    pub fn nop(&mut self, mut len: usize) {
        while len > 0 {
            let one = len.min(NOPS.len());
            self.bytes(NOPS[one - 1]);
            len -= one;
        }
    }

    /// The displacement of a 2-byte jump to a label that is bound and near.
    fn short_distance(&self, label: Label) -> Option<u8> {
        let target = self.label_offset(label)?;
        let distance = target as i32 - (self.offset() as i32 + 2);
        fits_i8(distance).then_some(distance as u8)
    }

    fn forward_short(&mut self, opcode: u8, label: Label) {
        debug_assert!(self.label_offset(label).is_none(), "a jump forward");
        self.short_field(self.offset() + 1, label);
        self.fixed([opcode, 0]);
    }

    pub(super) fn branch32<const N: usize>(&mut self, opcode: [u8; N], field: u32) {
        self.fixed(opcode);
        self.fixed(field.to_le_bytes());
    }
}
