//! What a compilation has to know of this runtime, for tools that show compiled code.

use crate::interp::LINK_SLOTS;
use crate::vm::guarded::GUARD;
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
    /// The processor, or one like it.
    pub processor: Processor,
}

/// What code is compiled for in this process; on other machines than x86-64, for some such machine.
pub fn compiler_facts() -> CompilerFacts {
    #[cfg(target_arch = "x86_64")]
    let layout = crate::vm::native::vm_layout();
    #[cfg(not(target_arch = "x86_64"))]
    let layout = VmLayout::default();
    CompilerFacts { layout, guard_size: GUARD as u64, link_slots: LINK_SLOTS, processor: processor() }
}

#[cfg(target_arch = "x86_64")]
fn processor() -> Processor {
    crate::vm::native::cpu()
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> Processor {
    Processor::X64_ALL
}
