//! Machine code and how it is reached and left.
//!
//! Machine code runs in segments: from where it is entered by a trampoline to where it calls out, to the runtime, a host
//! function or the interpreter. A segment is an [`Activation`](super::Activation) as a run of the interpreter is; what
//! happens at its ends is described at `brisk_codegen::boundary`. Nothing unwinds through a Rust
//! function: a trap or an exception goes on inside the segment, or leaves it at the trampoline with a status, and
//! whoever entered it goes on from there.

#[cfg(target_arch = "x86_64")]
mod boundary;
#[cfg(target_arch = "x86_64")]
mod image;
#[cfg(target_arch = "x86_64")]
mod layout;
#[cfg(target_arch = "x86_64")]
mod libcalls;
#[cfg(not(target_arch = "x86_64"))]
mod none;
#[cfg(target_arch = "x86_64")]
mod segment;
#[cfg(all(test, target_arch = "x86_64"))]
mod tests;
#[cfg(target_arch = "x86_64")]
mod trampolines;

#[cfg(target_arch = "x86_64")]
pub(crate) use self::{
    boundary::{enter, enter_as, unresolved},
    image::{Frame, NativeCode, Publish},
    layout::vm_layout,
    segment::{Segment, for_each_word},
    trampolines::Trampolines,
};

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use self::none::{
    Frame, NativeCode, Publish, Segment, Trampolines, cpu, enter, enter_as, for_each_word, unresolved,
    vm_layout,
};

pub(crate) use crate::vm::guarded::GUARD;
use brisk_codegen::isa::Processor;
#[cfg(target_arch = "x86_64")]
use brisk_codegen::{convention::Convention, x64};

/// Whether there can be machine code on this processor.
pub(crate) const AVAILABLE: bool = cfg!(target_arch = "x86_64");

/// What trampolines and stubs are made for: every processor that this runs on.
#[cfg(target_arch = "x86_64")]
const BASELINE: Processor = Processor::X64(x64::asm::Features::BASELINE);

/// How machine code passes values, and what its frames are.
#[cfg(target_arch = "x86_64")]
const CONVENTION: Convention = x64::convention::CONVENTION;

/// What the processor has that machine code may use.
#[cfg(target_arch = "x86_64")]
pub(crate) fn cpu() -> Processor {
    use std::arch::is_x86_feature_detected as has;
    Processor::X64(x64::asm::Features {
        ssse3: has!("ssse3"),
        sse41: has!("sse4.1"),
        sse42: has!("sse4.2"),
        avx: has!("avx"),
        avx2: has!("avx2"),
        fma: has!("fma"),
        bmi1: has!("bmi1"),
        bmi2: has!("bmi2"),
        lzcnt: has!("lzcnt"),
        popcnt: has!("popcnt"),
    })
}
