//! The code buffer, labels and fixups, and the two encoders (legacy and VEX) behind all families.

use super::operand::*;
use crate::asm::{Assemble, Assembled, Labels, Pool, Reloc};
use crate::code::RelocKind;

/// Room that an instruction is written into: 15 bytes at most remain, but its parts are stored as
/// whole words, of which the next part overwrites what is too much.
const BLOCK: usize = 24;
/// Bytes that the buffer starts with.
const FIRST_BYTES: usize = 4096;

/// In a fixup's offset: one byte is to be filled in, not four.
const SHORT: u32 = 1 << 31;

/// Assembles one function after the other.
pub struct Assembler {
    /// The code, then bytes that mean nothing.
    buf: Vec<u8>,
    /// Where the code ends.
    end: usize,
    /// A fixup is the offset of a displacement. The addend is in the code already.
    labels: Labels<u32>,
    relocs: Vec<Reloc>,
    pool: Pool,
    features: Features,
}

impl Assemble for Assembler {
    type Features = Features;

    fn new(features: Features) -> Assembler {
        Assembler {
            buf: vec![0; FIRST_BYTES],
            end: 0,
            labels: Labels::default(),
            relocs: Vec::new(),
            pool: Pool::default(),
            features,
        }
    }

    fn clear(&mut self) {
        self.end = 0;
        self.labels.clear();
        self.relocs.clear();
        self.pool.clear();
    }

    #[inline]
    fn offset(&self) -> u32 {
        self.end as u32
    }

    fn finish(&mut self) -> Assembled<'_> {
        let mut pool = std::mem::take(&mut self.pool);
        for (label, bytes) in pool.in_order() {
            while !self.end.is_multiple_of(bytes.len()) {
                // Not reachable.
                self.int3();
            }
            self.bind(label);
            self.bytes(bytes);
        }
        pool.clear();
        self.pool = pool;
        debug_assert!(self.labels.are_bound(), "a label is used and not bound");
        Assembled { code: &self.buf[..self.end], relocs: &self.relocs }
    }

    /// All branches reach as far as code does.
    #[inline]
    fn room(&mut self, _: u32) {}

    fn align(&mut self, to: u32) {
        debug_assert!(to.is_power_of_two());
        let end = self.offset().next_multiple_of(to);
        self.nop((end - self.offset()) as usize);
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
        let mut waiting = self.labels.bind(label, here);
        while let Some((_, fixup)) = self.labels.next(&mut waiting) {
            if fixup & SHORT != 0 {
                let at = fixup & !SHORT;
                let distance = here - (at + 1);
                assert!(distance < 128, "a short jump of {distance} bytes");
                self.buf[at as usize] = distance as u8;
            } else {
                let at = fixup as usize;
                let field: &mut [u8] = &mut self.buf[at..at + 4];
                let addend = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
                let value = addend.wrapping_add(here).wrapping_sub(fixup + 4);
                field.copy_from_slice(&value.to_le_bytes());
            }
        }
    }

    fn jump(&mut self, label: Label) {
        self.jmp(label);
    }

    /// `call symbol`
    fn call_symbol(&mut self, symbol: Symbol) {
        let field = self.symbol_field(self.offset() + 1, symbol, 0);
        self.branch32([0xe8], field);
    }

    /// `ret`
    fn ret(&mut self) {
        self.fixed([0xc3]);
    }

    fn move_word(&mut self, dst: Gpr, src: Gpr) {
        self.mov_rr(Size::B64, dst, src);
    }

    fn move_vector(&mut self, dst: Xmm, src: Xmm) {
        self.vec_mov(dst, src);
    }

    fn load_word(&mut self, dst: Gpr, base: Gpr, offset: u32) {
        self.mov_load(Size::B64, dst, Mem::base(base, offset as i32));
    }

    fn store_word(&mut self, base: Gpr, offset: u32, src: Gpr) {
        self.mov_store(Size::B64, Mem::base(base, offset as i32), src);
    }
}

impl Assembler {
    /// The extensions that code may use.
    pub fn features(&self) -> Features {
        self.features
    }

    /// The bytes so far.
    pub fn code(&self) -> &[u8] {
        &self.buf[..self.end]
    }

    /// A new label bound to this place.
    pub fn here(&mut self) -> Label {
        let label = self.new_label();
        self.bind(label);
        label
    }

    /// What to write now into the 32-bit field at `at` that is to hold
    /// `label + addend - (at + 4)`.
    pub(super) fn label_field(&mut self, at: u32, label: Label, addend: i32) -> u32 {
        if let Some(target) = self.labels.offset(label) {
            return (addend as u32).wrapping_add(target).wrapping_sub(at + 4);
        }
        self.labels.wait(label, at);
        addend as u32
    }

    /// Like `label_field` for one byte, which is 0 for now; only for labels not yet bound.
    pub(super) fn short_field(&mut self, at: u32, label: Label) {
        self.labels.wait(label, at | SHORT);
    }

    /// What to write now into the 32-bit field at `at` that is to hold
    /// `symbol + addend - (at + 4)`.
    pub(super) fn symbol_field(&mut self, at: u32, symbol: Symbol, addend: i32) -> u32 {
        self.relocs.push(Reloc { at, symbol, addend: addend.wrapping_sub(4), kind: RelocKind::Rel32 });
        0
    }

    // Constants and data.

    /// A constant of 4 bytes in the pool; equal ones share their place.
    pub fn constant4(&mut self, value: u32) -> Label {
        self.constant(value.into(), 4)
    }

    /// A constant of 8 bytes in the pool.
    pub fn constant8(&mut self, value: u64) -> Label {
        self.constant(value.into(), 8)
    }

    /// A constant of 16 bytes in the pool, aligned as legacy vector instructions want it.
    pub fn constant16(&mut self, value: u128) -> Label {
        self.constant(value, 16)
    }

    fn constant(&mut self, value: u128, bytes: u8) -> Label {
        if let Some(label) = self.pool.find(value, bytes) {
            return label;
        }
        let label = self.new_label();
        self.pool.add(value, bytes, label);
        label
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let end = self.end + bytes.len();
        if end > self.buf.len() {
            self.grow(end);
        }
        self.buf[self.end..end].copy_from_slice(bytes);
        self.end = end;
    }

    /// Entry of a jump table: the 32-bit distance of `target` from `table`, which is bound.
    pub fn table_entry(&mut self, table: Label, target: Label) {
        let at = self.offset();
        let table = self.label_offset(table);
        debug_assert!(table.is_some(), "the table is where its entries are");
        let back = at + 4 - table.unwrap_or(at);
        let field = self.label_field(at, target, back as i32);
        self.fixed(field.to_le_bytes());
    }

    // Encoders.

    #[cold]
    fn grow(&mut self, to: usize) {
        self.buf.resize(to.next_power_of_two(), 0);
    }

    /// Room for an instruction.
    #[inline]
    fn block(&mut self) -> &mut [u8; BLOCK] {
        if self.buf.len() < self.end + BLOCK {
            self.grow(self.end + BLOCK);
        }
        self.buf[self.end..].first_chunk_mut().expect("it has grown")
    }

    /// Appends an instruction.
    #[inline]
    fn emit(&mut self, head: Head, disp: u32, disp_len: u8, imm: Imm) {
        // Masks say what is so anyway: the parts are in the block.
        let (disp_at, disp_len) = (usize::from(head.bits / 8) & 7, usize::from(disp_len) & 7);
        let imm_at = disp_at + disp_len;
        let block = self.block();
        block[..8].copy_from_slice(&head.bytes.to_le_bytes());
        block[disp_at..disp_at + 4].copy_from_slice(&disp.to_le_bytes());
        block[imm_at..imm_at + 4].copy_from_slice(&imm.value.to_le_bytes());
        self.end += imm_at + usize::from(imm.len);
    }

    /// An instruction of these bytes.
    #[inline]
    pub(super) fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.block()[..N].copy_from_slice(&bytes);
        self.end += N;
    }

    /// An instruction on al, ax, eax or rax without ModRM.
    pub(super) fn accumulator(&mut self, opcode: Opcode, rex: Rex, imm: Imm) {
        let mut head = Head::default();
        head.put_unless_zero(opcode.prefix);
        head.rex(u8::from(rex.wide) << 3, false);
        head.put(opcode.byte);
        self.emit(head, 0, 0, imm);
    }

    /// Opcode with the register in its low bits.
    pub(super) fn plus_reg(&mut self, opcode: Opcode, wide: bool, reg: Gpr, imm: Imm) {
        let mut head = Head::default();
        head.rex(u8::from(wide) << 3 | reg.0 >> 3, false);
        head.map(opcode.map);
        head.put(opcode.byte | reg.0 & 7);
        self.emit(head, 0, 0, imm);
    }

    /// Legacy encoding: prefixes, opcode, ModRM and what follows.
    pub(super) fn legacy(&mut self, opcode: Opcode, rex: Rex, reg: u8, rm: RawRm, imm: Imm) {
        debug_assert!(reg < 16);
        let place = Place::new(rm);
        let mut head = Head::default();
        head.put_unless_zero(if opcode.lock { 0xf0 } else { 0 });
        head.put_unless_zero(opcode.prefix);
        head.rex(u8::from(rex.wide) << 3 | reg >> 3 << 2 | place.extension, rex.force);
        head.map(opcode.map);
        head.put(opcode.byte);
        self.emit_modrm(head, reg, rm, place, imm);
    }

    /// VEX encoding with a vector length of 128 bits (or LZ). `third` is the register in `vvvv`, 0 if
    /// the instruction has none.
    pub(super) fn vex(&mut self, opcode: Opcode, wide: bool, reg: u8, third: u8, rm: RawRm, imm: Imm) {
        debug_assert!(reg < 16 && third < 16);
        let place = Place::new(rm);
        let mut head = Head::default();
        let not_r = !(reg >> 3) << 7;
        let tail = (!third & 15) << 3 | vex_prefix(opcode.prefix);
        if opcode.map == Map::M0F && !wide && place.extension == 0 {
            head.put(0xc5);
            head.put(not_r | tail);
        } else {
            head.put(0xc4);
            head.put(not_r | (!place.extension & 3) << 5 | opcode.map as u8);
            head.put(u8::from(wide) << 7 | tail);
        }
        head.put(opcode.byte);
        self.emit_modrm(head, reg, rm, place, imm);
    }

    /// Appends an instruction whose opcode is in `head`.
    #[inline]
    fn emit_modrm(&mut self, mut head: Head, reg: u8, rm: RawRm, mut place: Place, imm: Imm) {
        head.bytes |= u64::from(place.modrm | u16::from(reg & 7) << 3) << head.bits;
        head.bits += place.modrm_bits;
        if let RegMem::Mem(mem @ (Mem::Label { .. } | Mem::Symbol { .. })) = rm {
            let at = self.offset() + u32::from(head.bits / 8);
            place.disp = self.distant_field(at, mem, imm.len);
        }
        self.emit(head, place.disp, place.disp_len, imm);
    }

    /// What to write now into the displacement at `at` of an operand that counts from rip.
    fn distant_field(&mut self, at: u32, mem: Mem, imm_len: u8) -> u32 {
        let past = i32::from(imm_len);
        match mem {
            Mem::Label { label, disp } => self.label_field(at, label, disp.wrapping_sub(past)),
            Mem::Symbol { symbol, addend } => self.symbol_field(at, symbol, addend.wrapping_sub(past)),
            _ => 0,
        }
    }
}

/// How a register or memory operand is encoded.
#[derive(Clone, Copy)]
struct Place {
    /// ModRM without the register, then SIB.
    modrm: u16,
    /// How many bits of them.
    modrm_bits: u8,
    /// Bits 3 of the index (X) and of the base or register (B).
    extension: u8,
    disp: u32,
    disp_len: u8,
}

impl Place {
    #[inline]
    fn new(rm: RawRm) -> Place {
        let (modrm, modrm_bits, extension, disp, disp_len) = match rm {
            RegMem::Reg(reg) => {
                debug_assert!(reg < 16);
                (0xc0 | u16::from(reg & 7), 8, reg >> 3, 0, 0)
            }
            RegMem::Mem(Mem::Base { base, disp }) => {
                let (mode, disp_len) = displacement_mode(base, disp);
                // The encoding of rsp and r12 as a base says that a SIB byte follows.
                let sib = base.0 & 7 == RSP.0;
                let bits = if sib { 16 } else { 8 };
                (0x2400 | mode | u16::from(base.0 & 7), bits, base.0 >> 3, disp, disp_len)
            }
            RegMem::Mem(Mem::Index { base, index, scale, disp }) => {
                debug_assert!(index != RSP, "rsp is no index");
                let (mode, disp_len) = displacement_mode(base, disp);
                let sib = (scale as u8) << 6 | (index.0 & 7) << 3 | base.0 & 7;
                let extension = index.0 >> 3 << 1 | base.0 >> 3;
                (u16::from(sib) << 8 | mode | 4, 16, extension, disp, disp_len)
            }
            RegMem::Mem(Mem::Scaled { index, scale, disp }) => {
                debug_assert!(index != RSP, "rsp is no index");
                let sib = (scale as u8) << 6 | (index.0 & 7) << 3 | 5;
                (u16::from(sib) << 8 | 4, 16, index.0 >> 3 << 1, disp, 4)
            }
            // The displacement depends on where it is.
            RegMem::Mem(Mem::Label { .. } | Mem::Symbol { .. }) => (5, 8, 0, 0, 4),
        };
        let modrm = if modrm_bits == 8 { modrm & 0xff } else { modrm };
        Place { modrm, modrm_bits, extension, disp: disp as u32, disp_len }
    }
}

/// The opcode map, by its number in VEX.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Map {
    /// One-byte opcodes.
    One = 0,
    /// `0F`
    M0F = 1,
    /// `0F 38`
    M38 = 2,
    /// `0F 3A`
    M3A = 3,
}

/// An opcode with what comes before it.
#[derive(Clone, Copy)]
pub(super) struct Opcode {
    lock: bool,
    /// 66, F3, F2 or 0.
    prefix: u8,
    map: Map,
    byte: u8,
}

impl Opcode {
    pub(super) const fn one(byte: u8) -> Opcode {
        Opcode { lock: false, prefix: 0, map: Map::One, byte }
    }

    pub(super) const fn new(prefix: u8, map: Map, byte: u8) -> Opcode {
        Opcode { lock: false, prefix, map, byte }
    }

    pub(super) const fn m0f(byte: u8) -> Opcode {
        Opcode::new(0, Map::M0F, byte)
    }

    pub(super) const fn locked(self) -> Opcode {
        Opcode { lock: true, ..self }
    }

    /// The form of an opcode for an integer size: even opcodes are for bytes, odd ones for the rest.
    pub(super) const fn sized(self, size: Size) -> Opcode {
        let byte = match size {
            Size::B8 => self.byte,
            _ => self.byte | 1,
        };
        Opcode { byte, ..self }.prefixed(size)
    }

    /// Only the operand-size prefix.
    pub(super) const fn prefixed(self, size: Size) -> Opcode {
        match size {
            Size::B16 => Opcode { prefix: 0x66, ..self },
            _ => self,
        }
    }
}

/// What the REX prefix says apart from register numbers.
#[derive(Clone, Copy)]
pub(super) struct Rex {
    /// 64-bit operands.
    wide: bool,
    /// The prefix is there even if empty, so that 4 to 7 mean spl to dil.
    force: bool,
}

impl Rex {
    pub(super) const NONE: Rex = Rex { wide: false, force: false };

    /// For operands of this size.
    pub(super) const fn size(size: Size) -> Rex {
        Rex { wide: matches!(size, Size::B64), force: false }
    }

    /// With `reg` as an operand of `size`.
    pub(super) const fn and_reg(self, size: Size, reg: Gpr) -> Rex {
        Rex { wide: self.wide, force: self.force || matches!(size, Size::B8) && reg.0 & 0xc == 4 }
    }

    /// With `rm` as an operand of `size`.
    pub(super) const fn and_rm(self, size: Size, rm: Rm) -> Rex {
        match rm {
            RegMem::Reg(reg) => self.and_reg(size, reg),
            RegMem::Mem(_) => self,
        }
    }
}

/// An immediate of 0 to 4 bytes.
#[derive(Clone, Copy)]
pub(super) struct Imm {
    value: u32,
    len: u8,
}

impl Imm {
    pub(super) const NONE: Imm = Imm { value: 0, len: 0 };

    pub(super) const fn byte(value: u8) -> Imm {
        Imm { value: value as u32, len: 1 }
    }

    pub(super) const fn dword(value: u32) -> Imm {
        Imm { value, len: 4 }
    }

    /// As wide as operands of `size` want it.
    pub(super) const fn sized(size: Size, value: i32) -> Imm {
        let len = match size {
            Size::B8 => 1,
            Size::B16 => 2,
            Size::B32 | Size::B64 => 4,
        };
        Imm { value: value as u32, len }
    }
}

/// The first bytes of an instruction, up to SIB: never more than 7.
#[derive(Clone, Copy, Default)]
struct Head {
    bytes: u64,
    bits: u8,
}

impl Head {
    #[inline]
    fn put(&mut self, byte: u8) {
        self.bytes |= u64::from(byte) << self.bits;
        self.bits += 8;
    }

    #[inline]
    fn put_unless_zero(&mut self, byte: u8) {
        self.bytes |= u64::from(byte) << self.bits;
        self.bits += u8::from(byte != 0) * 8;
    }

    #[inline]
    fn rex(&mut self, bits: u8, force: bool) {
        let there = bits != 0 || force;
        self.put_unless_zero(if there { 0x40 | bits } else { 0 });
    }

    /// The escape bytes of a map.
    #[inline]
    fn map(&mut self, map: Map) {
        const ESCAPES: [(u16, u8); 4] = [(0, 0), (0x0f, 8), (0x380f, 16), (0x3a0f, 16)];
        let (bytes, bits) = ESCAPES[map as usize];
        self.bytes |= u64::from(bytes) << self.bits;
        self.bits += bits;
    }
}

/// The `mod` field for a base and a displacement of 0, 1 or 4 bytes. rbp and r13 have no form
/// without.
#[inline]
fn displacement_mode(base: Gpr, disp: i32) -> (u16, u8) {
    if disp == 0 && base.0 & 7 != RBP.0 {
        (0x00, 0)
    } else if fits_i8(disp) {
        (0x40, 1)
    } else {
        (0x80, 4)
    }
}

/// The `pp` field of VEX.
#[inline]
fn vex_prefix(prefix: u8) -> u8 {
    match prefix {
        0x66 => 1,
        0xf3 => 2,
        0xf2 => 3,
        _ => 0,
    }
}

#[inline]
pub(super) fn fits_i8(value: i32) -> bool {
    value == i32::from(value as i8)
}
