//! Branches, traps, fuel and counters. A branch offset counts words from the branch's own first word.

use crate::interp::dispatch::{Regs, Status, handler, next, raise};
use crate::interp::operand::{I, S, Scalar, Src, Words};
use crate::interp::rows::Binary;
use crate::trap::Trap;
use crate::vm::libcalls;
use std::sync::atomic::Ordering;

/// Takes a branch; one backwards is where an interrupt is noticed.
///
/// # Safety
/// `offset` must lead from `r.ip` to an instruction of the same function.
#[inline(always)]
unsafe fn branch(offset: i32, r: Regs) -> Status {
    // SAFETY: by the contract of this function.
    unsafe {
        let target = Words(r.ip.offset(offset as isize));
        // 0 leads a branch to itself.
        if offset <= 0 && (*r.store()).value_limit.load(Ordering::Relaxed) == 0 {
            return interrupted(target.0, r.sp, r.ctx);
        }
        next(target, r)
    }
}

/// Finds out what the interrupt asks for and goes on at `ip` if it may. Branch targets and function
/// entries expect nothing in the accumulators.
///
/// # Safety
/// `ip` must be an instruction of running code, `sp` its frame, `ctx` its instance.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn interrupted(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut crate::vm::context::VmContext,
) -> Status {
    let mut r = Regs { ip, sp, mem: std::ptr::null_mut(), len: 0, ctx, acc: 0, f32: 0.0, f64: 0.0 };
    // SAFETY: by the contract of this function.
    unsafe {
        super::call::leave(ip, sp, ctx);
        if let Err(stop) = libcalls::interrupted(ctx) {
            return super::call::stop!(ip, sp, ctx, stop);
        }
        r.reload_memory();
        next(Words(ip), r)
    }
}

handler! {
    /// `offset32`
    fn br (w, r) {
        let offset = w.u32() as i32;
        branch(offset, r)
    }
}

handler! {
    /// `[a] [b] offset32`: branches if the comparison gives `SENSE`.
    fn compare_branch [O: Binary<R = u32>, X: Src, Y: Src, const SENSE: bool] (w, r) {
        let a = X::get(&mut w, &r);
        let b = Y::get(&mut w, &r);
        let offset = w.u32() as i32;
        match O::apply(a, b) {
            Ok(value) if (value != 0) == SENSE => branch(offset, r),
            _ => next(w, r),
        }
    }
}

handler! {
    /// `src imm dst [b] offset32`: adds an immediate to a slot and branches if the comparison of the
    /// sum with `b` holds: the end of most counting loops.
    fn add_branch [P: Binary<A = C::A, B = C::A, R = C::A>, C: Binary<R = u32>, Y: Src] (w, r) {
        let src: C::A = S::get(&mut w, &r);
        let step: C::A = I::get(&mut w, &r);
        let dst = w.u16();
        // An addition always has a sum.
        let sum = P::apply(src, step).unwrap_or(src);
        r.set_slot(dst, sum.to_slot());
        // After the sum is written: `b` may be the same slot.
        let b = Y::get(&mut w, &r);
        let offset = w.u32() as i32;
        match C::apply(sum, b) {
            Ok(value) if value != 0 => branch(offset, r),
            _ => {
                sum.set_acc(&mut r);
                next(w, r)
            }
        }
    }
}

handler! {
    /// `[a] [b] offset32`: branches if `a & b` is (not) 0.
    fn test_branch [T: Scalar + Into<u64>, X: Src, Y: Src, const SENSE: bool] (w, r) {
        let a: T = X::get(&mut w, &r);
        let b: T = Y::get(&mut w, &r);
        let offset = w.u32() as i32;
        if (a.into() & b.into() != 0) == SENSE { branch(offset, r) } else { next(w, r) }
    }
}

handler! {
    /// `[index] n32` then `n + 1` offsets of 32 bits, the default last. Offsets count from the
    /// instruction's first word.
    fn br_table [X: Src] (w, r) {
        let index: u32 = X::get(&mut w, &r);
        let n = w.u32();
        let mut entry = Words(w.0.add(2 * index.min(n) as usize));
        let offset = entry.u32() as i32;
        branch(offset, r)
    }
}

handler! {
    fn unreachable (_w, r) {
        raise!(r, Trap::UnreachableCodeReached)
    }
}

handler! {
    /// `slot`: traps on a null reference.
    fn trap_if_null (w, r) {
        if r.slot(w.u16()) == 0 {
            raise!(r, Trap::NullReference)
        }
        next(w, r)
    }
}

handler! {
    /// `cost32`: charges fuel and goes on.
    fn fuel (w, r) {
        (*r.store()).fuel -= i64::from(w.u32());
        next(w, r)
    }
}

handler! {
    /// `cost32`: charges fuel and stops if it ran out.
    fn fuel_check (w, r) {
        let store = r.store();
        (*store).fuel -= i64::from(w.u32());
        if (*store).fuel < 0 {
            return out_of_fuel(w.0, r.ip, r.sp, r.ctx);
        }
        next(w, r)
    }
}

/// Goes on at `after` if the store has more fuel in reserve.
#[cold]
#[inline(never)]
unsafe extern "C" fn out_of_fuel(
    after: *const u16,
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut crate::vm::context::VmContext,
) -> Status {
    let mut r = Regs { ip, sp, mem: std::ptr::null_mut(), len: 0, ctx, acc: 0, f32: 0.0, f64: 0.0 };
    // SAFETY: the caller is a handler and passes its own state.
    unsafe {
        if let Err(stop) = libcalls::out_of_fuel(ctx) {
            return super::call::stop!(ip, sp, ctx, stop);
        }
        r.reload_memory();
        next(Words(after), r)
    }
}

handler! {
    /// `op`: counts one execution of a wasm instruction for the profile.
    fn count_op (w, r) {
        let op = usize::from(w.u16());
        let counts = (*r.store()).op_counts;
        if !counts.is_null() {
            *counts.add(op) += 1;
        }
        next(w, r)
    }
}
