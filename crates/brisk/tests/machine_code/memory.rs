//! Code that can be executed.

use crate::cases::Case;
use crate::make::{Cells, Compiler, PROCESSORS};
use crate::rows::Row;
use brisk_codegen::code::Target;
use brisk_codegen::ir::TrapCode;
use brisk_codegen::x64::asm::*;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ptr;

/// The functions of all cases of a row, for every processor whose features this one has.
pub struct Image {
    base: *mut c_void,
    len: usize,
    /// For each case, for each processor, the entry's offset.
    entries: Vec<Vec<(&'static str, usize)>>,
}

/// A breakpoint, between functions.
const FILLER: u8 = 0xcc;

/// Code that calls a function, and returns 0, or the number of the trap that ended it and 1; and what the functions
/// call to trap. All begin at multiples of 16; the first one stands at 0.
fn stubs() -> Vec<u8> {
    let mut asm = Assembler::new(Features::BASELINE);
    let kept = [RBX, RBP, R12, R13, R14, R15, RAX];
    for reg in kept {
        asm.push(reg);
    }
    // Nothing is written to r14, or called, in a function that calls no others: the way back from a trap.
    asm.mov_rr(Size::B64, R14, RSP);
    asm.call_rm(RSI);
    asm.zero(RAX);
    let back = asm.new_label();
    asm.bind(back);
    asm.alu_imm(AluOp::Add, Size::B64, RSP, 8);
    for &reg in kept[..6].iter().rev() {
        asm.pop(reg);
    }
    asm.ret();
    for (nth, _) in TrapCode::ALL.iter().enumerate() {
        while asm.offset() as usize != trap_stub(nth) {
            asm.int3();
        }
        asm.mov_imm32(RAX, nth as u32 + 1);
        asm.mov_rr(Size::B64, RSP, R14);
        asm.jmp(back);
    }
    asm.finish().code.to_vec()
}

/// Where what raises a trap begins.
fn trap_stub(nth: usize) -> usize {
    64 + 16 * nth
}

impl Image {
    pub fn new(row: &Row, cases: &[Case]) -> Image {
        let mut bytes = stubs();
        let mut entries = vec![Vec::new(); cases.len()];
        for (name, features) in PROCESSORS.into_iter().filter(|(_, features)| is_here(features)) {
            let mut compiler = Compiler::new(features);
            for (case, entries) in cases.iter().zip(&mut entries) {
                let code = compiler.compile(row, case);
                let start = bytes.len().next_multiple_of(16);
                bytes.resize(start, FILLER);
                bytes.extend_from_slice(&code.bytes);
                for reloc in &code.relocs {
                    let Target::Trap(trap) = reloc.target else {
                        panic!("{row:?} calls {reloc:?}", row = row.name)
                    };
                    let at = start + reloc.at as usize;
                    let distance = trap_stub(trap as usize) as i32 + reloc.addend - at as i32;
                    bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
                }
                entries.push((name, start + code.entry as usize));
            }
        }
        let len = bytes.len();
        // SAFETY: the mapping is new, and nobody else knows it; it holds all the bytes.
        let base = unsafe {
            let access = ProtFlags::READ | ProtFlags::WRITE;
            let base = mmap_anonymous(ptr::null_mut(), len, access, MapFlags::PRIVATE).expect("memory");
            ptr::copy_nonoverlapping(bytes.as_ptr(), base.cast(), len);
            mprotect(base, len, MprotectFlags::READ | MprotectFlags::EXEC).expect("executable memory");
            base
        };
        Image { base, len, entries }
    }

    /// The functions of a case, each with its processor's name.
    pub fn functions(&self, case: usize) -> Vec<(&'static str, Function<'_>)> {
        let function = |&(name, offset): &(&'static str, usize)| (name, Function { image: self, offset });
        self.entries[case].iter().map(function).collect()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // SAFETY: the mapping is this image's own, and its functions borrow it.
        unsafe { munmap(self.base, self.len).expect("a mapping") };
    }
}

/// A function of the image.
pub struct Function<'a> {
    image: &'a Image,
    offset: usize,
}

impl Function<'_> {
    /// Calls it; gives the trap that ends it.
    pub fn call(&self, cells: &mut Cells) -> Option<TrapCode> {
        // SAFETY: at the offset a function begins that takes a pointer to cells, touches nothing else, and calls
        // nothing but what raises traps. At the base stands what calls it, by the system's convention.
        let trap = unsafe {
            let entry = self.image.base.cast::<u8>().add(self.offset);
            let stub: extern "sysv64" fn(*mut Cells, *mut u8) -> usize = std::mem::transmute(self.image.base);
            stub(cells, entry)
        };
        trap.checked_sub(1).map(|nth| TrapCode::ALL[nth])
    }
}

/// Whether this processor has features.
fn is_here(features: &Features) -> bool {
    (!features.ssse3 || is_x86_feature_detected!("ssse3"))
        && (!features.sse41 || is_x86_feature_detected!("sse4.1"))
        && (!features.sse42 || is_x86_feature_detected!("sse4.2"))
        && (!features.avx || is_x86_feature_detected!("avx"))
        && (!features.avx2 || is_x86_feature_detected!("avx2"))
        && (!features.fma || is_x86_feature_detected!("fma"))
        && (!features.bmi1 || is_x86_feature_detected!("bmi1"))
        && (!features.bmi2 || is_x86_feature_detected!("bmi2"))
        && (!features.lzcnt || is_x86_feature_detected!("lzcnt"))
        && (!features.popcnt || is_x86_feature_detected!("popcnt"))
}
