//! AArch64: which processors are compiled for, and code around the functions.

use brisk_codegen::a64::asm::*;
use brisk_codegen::ir::TrapCode;
use brisk_codegen::isa::Processor;

/// More values than there are registers of either class; every other one is a vector.
pub const OTHERS: usize = 64;

/// What is not there is not used: nothing computes in another way for it.
pub fn processors() -> impl Iterator<Item = (&'static str, Processor)> {
    [("all", Processor::A64(Features::ALL))].into_iter()
}

/// Undefined, between functions.
pub const FILLER: u8 = 0;

/// Code that calls a function, and returns 0, or the number of the trap that ended it and 1; and what the functions
/// call to trap, whose offsets are given. All begin at multiples of 16; the first one stands at 0.
pub fn stubs() -> (Vec<u8>, Vec<u32>) {
    let mut asm = Assembler::new(Features::BASELINE);
    let pairs = [(X19, X20), (X21, X22), (X23, X24), (X25, X26), (X27, X28), (X29, X30)];
    let vectors = [(V8, V9), (V10, V11), (V12, V13), (V14, V15)];
    for (a, b) in pairs {
        asm.stp(Size::B64, Pair::pre(SP, -16), a, b);
    }
    for (a, b) in vectors {
        asm.vec_stp(Width::D, Pair::pre(SP, -16), a, b);
    }
    // Nothing is written to x27, or called, in a function that calls no others: the way back from a trap.
    asm.mov_rr(Size::B64, X27, SP);
    asm.blr(X1);
    asm.mov_imm(Size::B64, X0, 0);
    let back = asm.here();
    for &(a, b) in vectors.iter().rev() {
        asm.vec_ldp(Width::D, a, b, Pair::post(SP, 16));
    }
    for &(a, b) in pairs.iter().rev() {
        asm.ldp(Size::B64, a, b, Pair::post(SP, 16));
    }
    asm.ret();
    let mut traps = Vec::new();
    for (nth, _) in TrapCode::ALL.iter().enumerate() {
        asm.align(16);
        traps.push(asm.offset());
        asm.mov_imm(Size::B64, X0, nth as u64 + 1);
        asm.mov_rr(Size::B64, SP, X27);
        asm.b(back);
    }
    (asm.finish().code.to_vec(), traps)
}

/// Makes written code visible to the fetching of instructions.
pub fn written(base: *mut u8, len: usize) {
    unsafe extern "C" {
        fn __clear_cache(start: *mut u8, end: *mut u8);
    }
    // SAFETY: the range is a mapping of its caller's.
    unsafe { __clear_cache(base, base.add(len)) };
}
