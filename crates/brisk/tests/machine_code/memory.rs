//! Code that can be executed.

use crate::cases::Case;
use crate::machine::{self, FILLER};
use crate::make::{Cells, Compiler};
use crate::rows::Row;
use brisk_codegen::code::{Code, Target};
use brisk_codegen::ir::TrapCode;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ptr;

/// Functions, such as those of all cases of a row, for every processor whose features this one has.
pub struct Image {
    base: *mut c_void,
    len: usize,
    /// For each case, for each processor, the entry's offset.
    entries: Vec<Vec<(&'static str, usize)>>,
}

impl Image {
    pub fn new(row: &Row, cases: &[Case]) -> Image {
        Image::of(cases.len(), |compiler, nth| compiler.compile(row, &cases[nth]))
    }

    /// Some functions, each compiled for every processor.
    pub fn of(count: usize, compile: impl Fn(&mut Compiler, usize) -> Code) -> Image {
        let (mut bytes, trap_stubs) = machine::stubs();
        let mut entries = vec![Vec::new(); count];
        for (name, processor) in machine::processors() {
            let mut compiler = Compiler::new(processor);
            for (nth, entries) in entries.iter_mut().enumerate() {
                let code = compile(&mut compiler, nth);
                let start = bytes.len().next_multiple_of(16);
                bytes.resize(start, FILLER);
                bytes.extend_from_slice(&code.bytes);
                for reloc in &code.relocs {
                    let Target::Trap(trap) = reloc.target else { panic!("function {nth} calls {reloc:?}") };
                    let target = trap_stubs[trap as usize];
                    reloc.apply(&mut bytes[start..], start as u64, target.into());
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
            machine::written(base.cast(), len);
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
            let stub: extern "C" fn(*mut Cells, *mut u8) -> usize = std::mem::transmute(self.image.base);
            stub(cells, entry)
        };
        trap.checked_sub(1).map(|nth| TrapCode::ALL[nth])
    }
}
