//! What stands for machine code where there is none.

use crate::interp::Frame;
use crate::interp::code::Bridge;
use crate::interp::dispatch::Status;
use crate::vm::{Activation, VmContext, VmStore};

/// No machine code of a module.
#[derive(Default)]
pub(crate) struct NativeCode;

/// No trampolines.
#[derive(Default)]
pub(crate) struct Trampolines;

/// A segment that is never made. Inhabited, or what follows its making were unreachable to the compiler.
pub(crate) struct Segment;

impl Segment {
    /// # Safety
    /// None: there are no activations of machine code.
    pub unsafe fn new(_: *const Activation, _: *const usize) -> Segment {
        unreachable!("no activation is one of machine code")
    }

    pub fn faulted(self) -> Segment {
        self
    }

    /// # Safety
    /// None.
    pub unsafe fn next_frame(&mut self) -> Option<Frame> {
        None
    }
}

/// What machine code would call.
pub(crate) fn unresolved() -> *mut u8 {
    std::ptr::null_mut()
}

/// # Safety
/// None: no function has a bridge.
pub(crate) unsafe fn enter(
    _: *mut VmStore,
    _: *const Bridge,
    _: *mut VmContext,
    _: *mut u64,
    _: *const Activation,
    _: bool,
) -> Status {
    unreachable!("no function has machine code")
}

/// # Safety
/// None.
pub(crate) unsafe fn for_each_word(_: *const VmStore, _: impl FnMut(u64)) {}
