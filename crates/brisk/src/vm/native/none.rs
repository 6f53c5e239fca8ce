//! What stands for machine code where there is none.

use crate::interp::Frame as InterpreterFrame;
use crate::interp::code::Bridge;
use crate::interp::dispatch::Status;
use crate::module::Module;
use crate::vm::code_memory::CodeRefused;
use crate::vm::{Activation, NativeActivation, VmContext, VmStore};
use brisk_codegen::code::Code;
use brisk_codegen::isa::Processor;
use brisk_codegen::layout::VmLayout;
use brisk_codegen::x64::asm::Features;

/// What fills the code up that there is none of.
pub(crate) const FILLER: u8 = 0;

/// How far calls reach in code that there is none of.
pub(crate) const CALLS: usize = 1 << 20;

/// No machine code of a module.
#[derive(Default)]
pub(crate) struct NativeCode;

/// A function to be published, which never is.
pub(crate) struct Publish {
    pub func: u32,
    pub code: Code,
    pub osr: Option<Frame>,
}

/// A frame of the interpreter that machine code would take over.
pub(crate) struct Frame {
    pub link: u32,
    pub slots: u32,
}

/// No place for machine code.
pub(crate) enum Image {}

impl Image {
    pub fn fitting<'a>(&self, _: impl Iterator<Item = &'a Code>) -> Vec<bool> {
        match *self {}
    }

    pub fn publish(&self, _: &Module, _: Vec<Publish>) -> Result<Vec<Bridge>, CodeRefused> {
        match *self {}
    }
}

impl NativeCode {
    pub fn image(&self, _: &Module) -> Result<&Image, CodeRefused> {
        Err(CodeRefused::Protection(0))
    }
}

/// The runtime's structures, of which no code knows.
pub(crate) fn vm_layout() -> VmLayout {
    VmLayout::default()
}

/// A processor that nothing is compiled for.
pub(crate) fn cpu() -> Processor {
    Processor::X64(Features::BASELINE)
}

/// No trampolines.
pub(crate) struct Trampolines;

impl Trampolines {
    pub fn new(_: bool, _: Processor) -> Trampolines {
        Trampolines
    }
}

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
    pub unsafe fn next_frame(&mut self) -> Option<InterpreterFrame> {
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
/// None: no function has a bridge.
pub(crate) unsafe fn enter_as(
    _: *mut VmStore,
    _: *const Bridge,
    _: *mut VmContext,
    _: *mut u64,
    _: *mut NativeActivation,
) -> Status {
    unreachable!("no function has machine code")
}

/// # Safety
/// None.
pub(crate) unsafe fn for_each_word(_: *const VmStore, _: impl FnMut(u64)) {}
