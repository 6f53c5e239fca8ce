//! The handlers, by family.

pub(crate) mod arith;
pub(crate) mod bulk;
pub(crate) mod call;
pub(crate) mod control;
pub(crate) mod exception;
pub(crate) mod memory;
pub(crate) mod native;
pub(crate) mod vector;

use super::dispatch::{Status, trap};
use crate::trap::Trap;
use crate::vm::context::VmContext;
use brisk_module::numeric::NumericTrap;

/// Ends the activation with the trap a numeric instruction asks for.
///
/// # Safety
/// As for [`trap`].
#[cold]
#[inline(never)]
#[allow(
    improper_ctypes_definitions,
    reason = "called from here only; the convention says that it does not unwind"
)]
unsafe extern "C" fn numeric_trap(
    ip: *const u16,
    sp: *mut u64,
    ctx: *mut VmContext,
    why: NumericTrap,
) -> Status {
    let kind = match why {
        NumericTrap::IntegerDivideByZero => Trap::IntegerDivisionByZero,
        NumericTrap::IntegerOverflow => Trap::IntegerOverflow,
        NumericTrap::BadConversionToInteger => Trap::BadConversionToInteger,
    };
    // SAFETY: by the contract of this function.
    unsafe { trap(ip, sp, ctx, kind) }
}
