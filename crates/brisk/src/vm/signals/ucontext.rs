//! The registers of a thread that was interrupted by a signal.

/// Those that say where machine code was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registers {
    pub pc: usize,
    pub sp: usize,
    pub fp: usize,
    /// The one pinned to the instance.
    pub ctx: usize,
}

pub(super) use system::{KNOWN, call, registers};

#[cfg(all(any(target_os = "linux", target_os = "android"), target_arch = "x86_64"))]
mod system {
    use super::*;

    /// Whether the system's layout is known.
    pub const KNOWN: bool = true;

    /// # Safety
    /// `context` is that of a signal.
    pub unsafe fn registers(context: *mut libc::c_void) -> Registers {
        // SAFETY: as the caller promises.
        let gregs = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
        let get = |register: libc::c_int| gregs[register as usize] as usize;
        Registers {
            pc: get(libc::REG_RIP),
            sp: get(libc::REG_RSP),
            fp: get(libc::REG_RBP),
            ctx: get(libc::REG_R14),
        }
    }

    /// Has the thread go on at `target` as if the instruction at which it was stopped had called that.
    ///
    /// # Safety
    /// `context` is that of a signal being handled, the thread may go on there, and its stack has room.
    pub unsafe fn call(context: *mut libc::c_void, target: usize) {
        // SAFETY: as the caller promises.
        unsafe {
            let gregs = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
            let sp = (gregs[libc::REG_RSP as usize] as *mut libc::greg_t).sub(1);
            sp.write(gregs[libc::REG_RIP as usize]);
            gregs[libc::REG_RSP as usize] = sp as libc::greg_t;
            gregs[libc::REG_RIP as usize] = target as libc::greg_t;
        }
    }
}

#[cfg(all(any(target_os = "linux", target_os = "android"), target_arch = "aarch64"))]
mod system {
    use super::*;

    /// Whether the system's layout is known.
    pub const KNOWN: bool = true;

    /// The pinned register.
    const CTX: usize = 27;
    const FP: usize = 29;
    /// Where calls put the return address.
    const LINK: usize = 30;

    /// # Safety
    /// `context` is that of a signal.
    pub unsafe fn registers(context: *mut libc::c_void) -> Registers {
        // SAFETY: as the caller promises.
        let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
        Registers {
            pc: machine.pc as usize,
            sp: machine.sp as usize,
            fp: machine.regs[FP] as usize,
            ctx: machine.regs[CTX] as usize,
        }
    }

    /// Has the thread go on at `target` as if the instruction at which it was stopped had called that.
    ///
    /// # Safety
    /// `context` is that of a signal being handled, and the thread may go on there.
    pub unsafe fn call(context: *mut libc::c_void, target: usize) {
        // SAFETY: as the caller promises.
        let machine = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
        machine.regs[LINK] = machine.pc;
        machine.pc = target as libc::c_ulonglong;
    }
}

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod system {
    use super::*;

    /// Whether the system's layout is known.
    pub const KNOWN: bool = false;

    /// # Safety
    /// None; no handler is installed that would call this.
    pub unsafe fn registers(_: *mut libc::c_void) -> Registers {
        Registers { pc: 0, sp: 0, fp: 0, ctx: 0 }
    }

    /// # Safety
    /// None; no handler is installed that would call this.
    pub unsafe fn call(_: *mut libc::c_void, _: usize) {}
}
