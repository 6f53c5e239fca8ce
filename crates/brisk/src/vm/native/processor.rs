//! What differs from processor to processor. Nothing else here asks which one it is.

pub(crate) use system::cpu;
pub(super) use system::{CONVENTION, Enter, resolve_first, without_signature};

/// What fills pages up, and stops whoever gets there.
pub(crate) const FILLER: u8 = CONVENTION.filler;

/// How far apart code may be that calls other code, with something to spare.
pub(crate) const CALLS: usize = CONVENTION.reach as usize - (1 << 20);

/// Gives functions the entries that trampolines and stubs call. These follow the convention of C; on x86-64 that
/// of Unix, on every system.
macro_rules! entry_points {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $result:ty)?;)*) => {
        $(
            #[cfg(target_arch = "x86_64")]
            pub unsafe extern "sysv64" fn $name($($arg: $ty),*) $(-> $result)? {
                // SAFETY: by the contract of the function.
                unsafe { super::$name($($arg),*) }
            }
            #[cfg(not(target_arch = "x86_64"))]
            pub unsafe extern "C" fn $name($($arg: $ty),*) $(-> $result)? {
                // SAFETY: by the contract of the function.
                unsafe { super::$name($($arg),*) }
            }
        )*
    };
}

pub(super) use entry_points;

#[cfg(target_arch = "x86_64")]
mod system {
    use crate::interp::code::FuncState;
    use crate::vm::VmContext;
    use crate::vm::native::boundary::entry;
    use brisk_codegen::convention::Convention;
    use brisk_codegen::isa::Processor;
    use brisk_codegen::x64::asm::Features;

    /// How machine code passes values, and what its frames are.
    pub const CONVENTION: Convention = brisk_codegen::x64::convention::CONVENTION;

    /// The trampolines that enter machine code.
    pub type Enter = unsafe extern "sysv64" fn(*mut u64, *mut VmContext, *const u8, *const FuncState) -> u32;

    /// What the processor has that machine code may use.
    pub(crate) fn cpu() -> Processor {
        use std::arch::is_x86_feature_detected as has;
        Processor::X64(Features {
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

    /// The return address that stands in a frame.
    pub fn without_signature(saved: usize) -> usize {
        saved
    }

    /// Called as a function is, with `r11` its state and `r14` its VmContext or host function: leaves all registers that
    /// hold arguments as they are.
    #[unsafe(naked)]
    pub unsafe extern "sysv64" fn resolve_first() {
        std::arch::naked_asm!(
            "push rbp",
            "mov rbp, rsp",
            "push r11",
            "push rdi",
            "push rsi",
            "push rdx",
            "push rcx",
            "push r8",
            "push r9",
            "sub rsp, 136",
            "movups [rsp], xmm0",
            "movups [rsp + 16], xmm1",
            "movups [rsp + 32], xmm2",
            "movups [rsp + 48], xmm3",
            "movups [rsp + 64], xmm4",
            "movups [rsp + 80], xmm5",
            "movups [rsp + 96], xmm6",
            "movups [rsp + 112], xmm7",
            "mov rdi, r11",
            "mov rsi, r14",
            "call {resolve}",
            "movups xmm0, [rsp]",
            "movups xmm1, [rsp + 16]",
            "movups xmm2, [rsp + 32]",
            "movups xmm3, [rsp + 48]",
            "movups xmm4, [rsp + 64]",
            "movups xmm5, [rsp + 80]",
            "movups xmm6, [rsp + 96]",
            "movups xmm7, [rsp + 112]",
            "add rsp, 136",
            "pop r9",
            "pop r8",
            "pop rcx",
            "pop rdx",
            "pop rsi",
            "pop rdi",
            "pop r11",
            "pop rbp",
            "jmp rax",
            resolve = sym entry::resolve,
        )
    }
}

#[cfg(target_arch = "aarch64")]
mod system {
    use crate::interp::code::FuncState;
    use crate::vm::VmContext;
    use crate::vm::native::boundary::entry;
    use brisk_codegen::a64::asm::Features;
    use brisk_codegen::convention::Convention;
    use brisk_codegen::isa::Processor;

    /// How machine code passes values, and what its frames are.
    pub const CONVENTION: Convention = brisk_codegen::a64::convention::CONVENTION;

    /// The trampolines that enter machine code.
    pub type Enter = unsafe extern "C" fn(*mut u64, *mut VmContext, *const u8, *const FuncState) -> u32;

    /// What the processor has that machine code may use, as the system says.
    pub(crate) fn cpu() -> Processor {
        use std::arch::is_aarch64_feature_detected as has;
        Processor::A64(Features {
            lse: has!("lse"),
            bti: has!("bti"),
            paca: has!("paca"),
            dotprod: has!("dotprod"),
            i8mm: has!("i8mm"),
        })
    }

    /// The return address that stands in a frame, where it may be signed.
    pub fn without_signature(saved: usize) -> usize {
        let address;
        // SAFETY: `xpaclri` strips what `x30` holds, and does nothing on processors that do not sign.
        unsafe {
            std::arch::asm!("hint #7", inlateout("x30") saved => address, options(nomem, nostack, preserves_flags));
        }
        address
    }

    /// Called as a function is, with `x17` its state and `x27` its VmContext or host function: leaves all registers that
    /// hold arguments as they are. Begins with `paciasp`, which is a mark for indirect branches, too, and ends with `autiasp`;
    /// both do nothing on processors that do not sign.
    #[unsafe(naked)]
    pub unsafe extern "C" fn resolve_first() {
        std::arch::naked_asm!(
            "hint #25",
            "stp x29, x30, [sp, #-16]!",
            "mov x29, sp",
            "sub sp, sp, #208",
            "stp x0, x1, [sp]",
            "stp x2, x3, [sp, #16]",
            "stp x4, x5, [sp, #32]",
            "stp x6, x7, [sp, #48]",
            "stp q0, q1, [sp, #64]",
            "stp q2, q3, [sp, #96]",
            "stp q4, q5, [sp, #128]",
            "stp q6, q7, [sp, #160]",
            "str x17, [sp, #192]",
            "mov x0, x17",
            "mov x1, x27",
            "bl {resolve}",
            "mov x16, x0",
            "ldp x0, x1, [sp]",
            "ldp x2, x3, [sp, #16]",
            "ldp x4, x5, [sp, #32]",
            "ldp x6, x7, [sp, #48]",
            "ldp q0, q1, [sp, #64]",
            "ldp q2, q3, [sp, #96]",
            "ldp q4, q5, [sp, #128]",
            "ldp q6, q7, [sp, #160]",
            "ldr x17, [sp, #192]",
            "mov sp, x29",
            "ldp x29, x30, [sp], #16",
            "hint #29",
            "br x16",
            resolve = sym entry::resolve,
        )
    }
}
