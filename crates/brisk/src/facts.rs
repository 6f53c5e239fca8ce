//! What a compilation has to know of this runtime, for tools that show compiled code.

use crate::interp::LINK_SLOTS;
use crate::vm::guarded::GUARD;
use crate::vm::native::{self, vm_layout};
use brisk_codegen::isa::Processor;
use brisk_codegen::layout::VmLayout;

/// See [`compiler_facts`].
#[derive(Clone, Copy, Debug)]
pub struct CompilerFacts {
    /// Where things are in the runtime's structures.
    pub layout: VmLayout,
    /// Bytes of the guard behind what an index can reach in a guarded memory.
    pub guard_size: u64,
    /// Slots between locals and operands in the interpreter's frames.
    pub link_slots: u32,
    /// The processor, or one like it; without what code uses only if it is asked for.
    pub processor: Processor,
}

/// What code is compiled for in this process.
pub fn compiler_facts() -> CompilerFacts {
    CompilerFacts {
        layout: vm_layout(),
        guard_size: GUARD as u64,
        link_slots: LINK_SLOTS,
        processor: native::cpu().unless_asked(),
    }
}
