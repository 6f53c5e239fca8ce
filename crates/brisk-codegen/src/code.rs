//! What compiling a function gives: bytes, what is to be filled in, and what is known of places in them.
//!
//! All offsets count from the first byte of the function. Tables are sorted by offset.

use crate::ir::{Libcall, TrapCode};

/// A compiled function.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Code {
    /// Instructions and the constants behind them. The first byte wants an alignment of 16.
    pub bytes: Vec<u8>,
    /// Where direct calls enter: the pinned registers are those of this instance already.
    pub entry: u32,
    /// Where calls through a function reference, an import or a table enter, trampolines included: only the
    /// VmContext's register is set; code here loads the other pinned registers and goes on at `entry`. The same as
    /// `entry` in code that pins nothing else.
    pub outside_entry: u32,
    /// Places to be filled in.
    pub relocs: Vec<Reloc>,
    /// Return addresses of all calls (libcalls and trap stubs included) and all instructions whose fault is a trap.
    pub sites: Vec<Site>,
    /// The WebAssembly instructions that sites belong to.
    pub positions: Vec<Position>,
    /// Exception handlers. A function that has any keeps its VmContext at `[fp-8]` and saves all callee-saved
    /// registers: on the way to a handler those of inner frames are lost.
    pub handlers: Vec<Handler>,
    /// Bytes between the frame pointer and the stack pointer in the function's body.
    pub frame_size: u32,
}

/// A field that depends on the address of something outside of the function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Offset of the field, or of the instruction it is part of.
    pub at: u32,
    /// What it depends on.
    pub target: Target,
    /// To be added to the target's address; on x64 it accounts for the end of the instruction.
    pub addend: i32,
    /// How it is stored.
    pub kind: RelocKind,
}

/// How the value of a field is found and stored: `s` is the target's address with the addend, `p` that of the field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RelocKind {
    /// x64: 32 bits, `s - p`; ELF's `R_X86_64_PC32`.
    Rel32,
    /// a64: `b` and `bl`, 26 bits of `(s - p) / 4`; ELF's `R_AARCH64_CALL26`.
    Call26,
    /// a64: `adrp`, 21 bits of the distance in pages; ELF's `R_AARCH64_ADR_PREL_PG_HI21`.
    AdrpPage21,
    /// a64: `adr`, 21 bits of `s - p`; ELF's `R_AARCH64_ADR_PREL_LO21`.
    Adr21,
    /// a64: an addition, 12 bits: the place in its page; ELF's `R_AARCH64_ADD_ABS_LO12_NC`.
    AddLo12,
    /// a64: a load or store of 8 bytes, 12 bits: the place in its page by 8; ELF's `R_AARCH64_LDST64_ABS_LO12_NC`.
    Load64Lo12,
}

impl Reloc {
    /// Fills in the field. `code` is the function's, `address` where its first byte will be.
    ///
    /// # Panics
    /// Panics if the target is out of reach: who lays out code keeps it near enough.
    pub fn apply(&self, code: &mut [u8], address: u64, target: u64) {
        let field = address.wrapping_add(u64::from(self.at));
        let target = target.wrapping_add_signed(self.addend.into());
        let distance = target.wrapping_sub(field) as i64;
        let bytes = &mut code[self.at as usize..][..4];
        let old = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let reaches = |value: i64, bits: u32| {
            assert!(value >> (bits - 1) == value >> 63, "{self:?} is {distance} bytes away");
            value as u32 & ((1_u64 << bits) - 1) as u32
        };
        let pc_relative = |value: u32| old & !(3 << 29 | 0x7ffff << 5) | (value & 3) << 29 | value >> 2 << 5;
        let new = match self.kind {
            RelocKind::Rel32 => reaches(distance, 32),
            RelocKind::Call26 => old & !0x3ff_ffff | reaches(distance >> 2, 26),
            RelocKind::AdrpPage21 => {
                pc_relative(reaches((target >> 12).wrapping_sub(field >> 12) as i64, 21))
            }
            RelocKind::Adr21 => pc_relative(reaches(distance, 21)),
            RelocKind::AddLo12 => old & !(0xfff << 10) | (target as u32 & 0xfff) << 10,
            RelocKind::Load64Lo12 => old & !(0xfff << 10) | (target as u32 & 0xfff) >> 3 << 10,
        };
        bytes.copy_from_slice(&new.to_le_bytes());
    }
}

/// What code refers to outside of itself, in its image.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// The slot of a function, a pointer to its `entry`, by defined function index. Until there is machine code it leads
    /// to the interpreter.
    Slot(u32),
    /// The stub of a libcall.
    Libcall(Libcall),
    /// The stub that raises a trap. It does not return; the return address says where the trap was.
    Trap(TrapCode),
}

const KIND_SHIFT: u32 = 28;

impl Target {
    /// As a number, for an assembler's symbols. Defined function indices are below 2^28.
    pub fn number(self) -> u32 {
        match self {
            Target::Slot(func) => func,
            Target::Libcall(libcall) => 1 << KIND_SHIFT | libcall as u32,
            Target::Trap(code) => 2 << KIND_SHIFT | code as u32,
        }
    }

    /// From [`Target::number`].
    ///
    /// # Panics
    /// Panics if the number is none of those.
    pub fn from_number(number: u32) -> Target {
        let index = (number & ((1 << KIND_SHIFT) - 1)) as usize;
        match number >> KIND_SHIFT {
            0 => Target::Slot(number),
            1 => Target::Libcall(Libcall::ALL[index]),
            2 => Target::Trap(TrapCode::ALL[index]),
            kind => panic!("{kind} is no kind of target"),
        }
    }
}

/// What a site is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SiteKind {
    /// The return address of a call.
    Return,
    /// An instruction whose memory access may fault; the fault is the trap [`TrapCode::MemoryOutOfBounds`].
    Fault,
}

/// A place in the code that is known by its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Site {
    /// Offset of the return address or of the instruction. A return address and an instruction may share it.
    pub at: u32,
    /// Which of the two.
    pub kind: SiteKind,
    /// The WebAssembly instruction, in `Code::positions`.
    pub position: u32,
}

/// A WebAssembly instruction, in the function compiled or in one that was inlined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Index of the function in its module.
    pub func: u32,
    /// Offset of the instruction in the module's bytes.
    pub offset: u32,
    /// The call that this function was inlined at, in `Code::positions`; `None` in the function compiled.
    pub inlined_at: Option<u32>,
}

/// Where to go on when an exception comes out of a call.
///
/// The handlers of one call stand in the order in which they are tried. The runtime goes on at `landing` with the frame
/// pointer of the function, the stack pointer `frame_size` below, and a reference to the exception in the first
/// register of integer results. No other register holds anything: pinned ones are loaded again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    /// Offset of the call's return address.
    pub at: u32,
    /// Index of the tag that is caught; `None` catches all.
    pub tag: Option<u32>,
    /// Offset of the code that handles it.
    pub landing: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_targets() {
        let all = (0..3).map(Target::Slot);
        let all = all.chain(Libcall::ALL.iter().map(|&libcall| Target::Libcall(libcall)));
        for target in all.chain(TrapCode::ALL.iter().map(|&code| Target::Trap(code))) {
            assert_eq!(Target::from_number(target.number()), target);
        }
    }

    #[test]
    fn fields_are_filled_in() {
        let applied = |kind, old: u32, addend, distance: i64| {
            let mut code = [0; 12];
            code[4..8].copy_from_slice(&old.to_le_bytes());
            let reloc = Reloc { at: 4, target: Target::Slot(0), addend, kind };
            let address: u64 = 0x1234_5678_9ff8;
            reloc.apply(&mut code, address, (address + 4).wrapping_add_signed(distance));
            u32::from_le_bytes([code[4], code[5], code[6], code[7]])
        };
        assert_eq!(applied(RelocKind::Rel32, 0, -4, 0x1234), 0x1230);
        assert_eq!(applied(RelocKind::Rel32, 0, -4, -0x1234), (-0x1238_i32) as u32);
        // bl .-4, bl .+128 MiB-4
        assert_eq!(applied(RelocKind::Call26, 0x9400_0000, 0, -4), 0x97ff_ffff);
        assert_eq!(applied(RelocKind::Call26, 0x9400_0000, 0, (128 << 20) - 4), 0x95ff_ffff);
        // The field is in the last word of a page. adrp x16, the next page; ldr x16, [x16, #0x20]
        assert_eq!(applied(RelocKind::AdrpPage21, 0x9000_0010, 0, 0x24), 0xb000_0010);
        assert_eq!(applied(RelocKind::AdrpPage21, 0x9000_0010, 0, -0x1000), 0xf0ff_fff0);
        assert_eq!(applied(RelocKind::Load64Lo12, 0xf940_0210, 0, 0x24), 0xf940_1210);
        // add x16, x16, #0x20
        assert_eq!(applied(RelocKind::AddLo12, 0x9100_0210, 0, 0x24), 0x9100_8210);
        // adr x0, .-1
        assert_eq!(applied(RelocKind::Adr21, 0x1000_0000, 0, -1), 0x70ff_ffe0);
    }

    #[test]
    #[should_panic(expected = "bytes away")]
    fn what_is_out_of_reach_is_refused() {
        let reloc = Reloc { at: 0, target: Target::Slot(0), addend: 0, kind: RelocKind::Call26 };
        reloc.apply(&mut [0; 4], 0, 128 << 20);
    }
}
