//! What a compilation has to know of this runtime, for tools that show compiled code.

use crate::interp::LINK_SLOTS;
use crate::vm::guarded::GUARD;
use brisk_codegen::layout::VmLayout;
use brisk_codegen::x64::asm::Features;

/// See [`compiler_facts`].
#[derive(Clone, Copy, Debug)]
pub struct CompilerFacts {
    /// Where things are in the runtime's structures.
    pub layout: VmLayout,
    /// Bytes of the guard behind what an index can reach in a guarded memory.
    pub guard_size: u64,
    /// Slots between locals and operands in the interpreter's frames.
    pub link_slots: u32,
    /// What the processor has.
    pub features: Features,
}

/// What code is compiled for in this process; on other machines than x86-64, for some such machine.
pub fn compiler_facts() -> CompilerFacts {
    #[cfg(target_arch = "x86_64")]
    let layout = crate::vm::native::vm_layout();
    #[cfg(not(target_arch = "x86_64"))]
    let layout = VmLayout::default();
    CompilerFacts { layout, guard_size: GUARD as u64, link_slots: LINK_SLOTS, features: features() }
}

#[cfg(target_arch = "x86_64")]
fn features() -> Features {
    use std::arch::is_x86_feature_detected;
    Features {
        ssse3: is_x86_feature_detected!("ssse3"),
        sse41: is_x86_feature_detected!("sse4.1"),
        sse42: is_x86_feature_detected!("sse4.2"),
        avx: is_x86_feature_detected!("avx"),
        avx2: is_x86_feature_detected!("avx2"),
        fma: is_x86_feature_detected!("fma"),
        bmi1: is_x86_feature_detected!("bmi1"),
        bmi2: is_x86_feature_detected!("bmi2"),
        lzcnt: is_x86_feature_detected!("lzcnt"),
        popcnt: is_x86_feature_detected!("popcnt"),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn features() -> Features {
    Features::ALL
}
