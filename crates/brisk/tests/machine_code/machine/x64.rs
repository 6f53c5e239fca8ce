//! x86-64: which processors are compiled for, and code around the functions.

use brisk_codegen::ir::TrapCode;
use brisk_codegen::isa::Processor;
use brisk_codegen::x64::asm::*;

/// More values than there are registers of either class; every other one is a vector.
pub const OTHERS: usize = 36;

/// Processors: what each has.
pub const PROCESSORS: [(&str, Features); 5] = [
    ("sse4.1", SSE41),
    ("sse4.2", Features { sse42: true, popcnt: true, ..SSE41 }),
    ("avx", AVX),
    ("avx2", Features { avx2: true, ..AVX }),
    ("all", Features::ALL),
];

const SSE41: Features = Features { ssse3: true, sse41: true, ..Features::BASELINE };
const AVX: Features = Features { sse42: true, popcnt: true, avx: true, ..SSE41 };

/// Those whose features this one has.
pub fn processors() -> impl Iterator<Item = (&'static str, Processor)> {
    let here = PROCESSORS.into_iter().filter(|(_, features)| is_here(features));
    here.map(|(name, features)| (name, Processor::X64(features)))
}

/// A breakpoint, between functions.
pub const FILLER: u8 = 0xcc;

/// Code that calls a function, and returns 0, or the number of the trap that ended it and 1; and what the functions
/// call to trap, whose offsets are given. All begin at multiples of 16; the first one stands at 0.
pub fn stubs() -> (Vec<u8>, Vec<u32>) {
    let mut asm = Assembler::new(Features::BASELINE);
    let kept = [RBX, RBP, R12, R13, R14, R15, RAX];
    for reg in kept {
        asm.push(reg);
    }
    // As the system's convention on Unix has it: the first argument stays where it is, the second is called.
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
    let mut traps = Vec::new();
    for (nth, _) in TrapCode::ALL.iter().enumerate() {
        asm.align(16);
        traps.push(asm.offset());
        asm.mov_imm32(RAX, nth as u32 + 1);
        asm.mov_rr(Size::B64, RSP, R14);
        asm.jmp(back);
    }
    (asm.finish().code.to_vec(), traps)
}

/// Nothing is to be done for written code.
pub fn written(_: *mut u8, _: usize) {}

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
