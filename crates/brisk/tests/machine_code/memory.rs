//! Code that can be executed.

use crate::cases::Case;
use crate::make::{Cells, Compiler, PROCESSORS};
use crate::rows::Row;
use brisk_codegen::x64::asm::Features;
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

/// A breakpoint, which stops what traps.
const TRAP: u8 = 0xcc;

impl Image {
    pub fn new(row: &Row, cases: &[Case]) -> Image {
        let mut bytes = vec![TRAP; 16];
        let mut entries = vec![Vec::new(); cases.len()];
        for (name, features) in PROCESSORS.into_iter().filter(|(_, features)| is_here(features)) {
            let mut compiler = Compiler::new(features);
            for (case, entries) in cases.iter().zip(&mut entries) {
                let code = compiler.compile(row, case);
                let start = bytes.len().next_multiple_of(16);
                bytes.resize(start, TRAP);
                bytes.extend_from_slice(&code.bytes);
                // All that is called raises a trap.
                for reloc in &code.relocs {
                    let at = start + reloc.at as usize;
                    let distance = reloc.addend - at as i32;
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
    pub fn call(&self, cells: &mut Cells) {
        // SAFETY: here a function begins that takes a pointer to cells, touches nothing else, and keeps to the
        // convention: it takes one argument in rdi, and keeps those registers that the system's convention wants kept.
        unsafe {
            let entry = self.image.base.cast::<u8>().add(self.offset);
            let entry: extern "sysv64" fn(*mut Cells) = std::mem::transmute(entry);
            entry(cells);
        }
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
