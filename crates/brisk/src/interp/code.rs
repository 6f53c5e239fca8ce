//! Register code of one function, and the per-function state through which it is reached.

use super::handlers::Handlers;
use super::ops;
use std::sync::atomic::AtomicPtr;

/// State of a defined function, shared by all instances of its module. One per function in the
/// module's image; code reaches it by index.
#[repr(C)]
pub struct FuncState {
    /// Register code, null until the first call translates the function.
    pub code: AtomicPtr<Code>,
    /// Index of the function in its module (imported functions count).
    pub index: u32,
}

/// Register code of one function. Position-independent and read-only once published.
#[repr(C)]
pub struct Code {
    /// First instruction.
    pub entry: *const u16,
    /// Slots of the whole frame: parameters and locals, link, operands.
    pub frame_slots: u32,
    /// Slots of parameters.
    pub param_slots: u32,
    /// Slots of parameters and locals; the link follows them.
    pub local_slots: u32,
    /// Index of the function in its module.
    pub func: u32,
    /// The instructions.
    pub words: Box<[u16]>,
    /// Offset of each instruction in `words`, until the code is linked.
    pub starts: Vec<u32>,
    /// Wasm offset of each instruction that can trap, throw or call: (offset in `words`, offset in
    /// the module's bytes), in order.
    pub positions: Box<[(u32, u32)]>,
    /// Exception handlers.
    pub handlers: Handlers,
}

// SAFETY: `entry` points into `words`, which nothing changes after the code is published.
unsafe impl Send for Code {}
// SAFETY: as above; shared access is read-only.
unsafe impl Sync for Code {}

impl Code {
    /// Replaces operation numbers by addresses of handlers: the code can be executed from now on. Until
    /// then it is position-independent, serializable and can be printed.
    pub fn link(&mut self) {
        for start in std::mem::take(&mut self.starts) {
            let start = start as usize;
            let words = ops::link(self.words[start]);
            self.words[start..start + ops::OP_WORDS].copy_from_slice(&words);
        }
    }

    /// Offset in the module's bytes of the instruction at `ip`, or of the nearest one before it that
    /// has a position.
    pub fn position(&self, ip: *const u16) -> u32 {
        let at = ((ip as usize - self.words.as_ptr() as usize) / 2) as u32;
        let index = self.positions.partition_point(|&(start, _)| start <= at);
        index.checked_sub(1).map_or(0, |index| self.positions[index].1)
    }
}
