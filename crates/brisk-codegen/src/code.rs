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

/// A 32-bit field that holds the distance to something outside of the function.
///
/// What is stored is `address(target) + addend - address(at)`, ELF's `R_X86_64_PC32`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reloc {
    /// Offset of the field.
    pub at: u32,
    /// To what.
    pub target: Target,
    /// To be added; accounts for the end of the instruction.
    pub addend: i32,
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
}
