//! Machine code and how it is reached and left.
//!
//! Machine code runs in segments: from where it is entered by a trampoline to where it calls out, to the runtime, a host
//! function or the interpreter. A segment is an [`Activation`](super::Activation) as a run of the interpreter is; what
//! happens at its ends is described at `brisk_codegen::boundary`. Nothing unwinds through a Rust
//! function: a trap or an exception goes on inside the segment, or leaves it at the trampoline with a status, and
//! whoever entered it goes on from there.

#[cfg(brisk_machine_code)]
mod boundary;
#[cfg(brisk_machine_code)]
mod image;
#[cfg(brisk_machine_code)]
mod layout;
#[cfg(brisk_machine_code)]
mod libcalls;
#[cfg(not(brisk_machine_code))]
mod none;
#[cfg(brisk_machine_code)]
mod processor;
#[cfg(brisk_machine_code)]
mod segment;
#[cfg(all(test, brisk_machine_code))]
mod tests;
#[cfg(brisk_machine_code)]
mod trampolines;

#[cfg(brisk_machine_code)]
pub(crate) use self::{
    boundary::{enter, enter_as, unresolved},
    image::{Frame, NativeCode, Publish},
    layout::vm_layout,
    processor::{CALLS, FILLER, cpu},
    segment::{Segment, for_each_word},
    trampolines::Trampolines,
};

#[cfg(not(brisk_machine_code))]
pub(crate) use self::none::{
    CALLS, FILLER, Frame, NativeCode, Publish, Segment, Trampolines, cpu, enter, enter_as, for_each_word,
    unresolved, vm_layout,
};

pub(crate) use crate::vm::guarded::GUARD;

/// Whether there can be machine code on this processor.
pub(crate) const AVAILABLE: bool = cfg!(brisk_machine_code);
