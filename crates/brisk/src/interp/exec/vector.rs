//! Vector instructions. Their operands and results are always in slots.
//!
//! The computation of each family is a function of its own that takes slots. Where the optimizer leaves a call of a
//! numeric function in it, the vector that returns has an address, and a handler whose locals have addresses cannot
//! end in a jump: the native stack would grow with each instruction. All of it is inlined, by attributes, where
//! `build.rs` says that this leaves no such call; elsewhere, and with debug assertions, whose checks take addresses
//! as well, the handler calls it.

use crate::interp::dispatch::{handler, next};
use crate::interp::rows::{ExtractLane, ReplaceLane, SlotValue, VBinary, VTernary, VUnary};
use brisk_module::numeric::{self, V128};

/// Defines computations on slots of the frame at `sp`.
macro_rules! on_slots {
    ($(fn $name:ident [$($generics:tt)*] ($sp:ident $(, $arg:ident: $ty:ty)*) $body:block)*) => {$(
        #[cfg_attr(all(brisk_inline_vectors, not(debug_assertions)), inline(always))]
        #[cfg_attr(not(all(brisk_inline_vectors, not(debug_assertions))), inline(never))]
        unsafe fn $name<$($generics)*>($sp: *mut u64 $(, $arg: $ty)*) {
            // SAFETY: called by handlers with slots of their frame; see `handler!`.
            unsafe { $body }
        }
    )*};
}
pub(super) use on_slots;

on_slots! {
    fn apply_unary [O: VUnary] (sp, a: u16, dst: u16) {
        O::apply(SlotValue::get(sp, a)).put(sp, dst)
    }
    fn apply_binary [O: VBinary] (sp, a: u16, b: u16, dst: u16) {
        O::apply(SlotValue::get(sp, a), SlotValue::get(sp, b)).put(sp, dst)
    }
    fn apply_ternary [O: VTernary] (sp, a: u16, b: u16, c: u16, dst: u16) {
        O::apply(SlotValue::get(sp, a), SlotValue::get(sp, b), SlotValue::get(sp, c)).put(sp, dst)
    }
    fn apply_extract [O: ExtractLane] (sp, lane: u16, a: u16, dst: u16) {
        O::apply(SlotValue::get(sp, a), lane as u8).put(sp, dst)
    }
    fn apply_replace [O: ReplaceLane] (sp, lane: u16, a: u16, b: u16, dst: u16) {
        O::apply(SlotValue::get(sp, a), lane as u8, SlotValue::get(sp, b)).put(sp, dst)
    }
    fn apply_shuffle [] (sp, lanes: *const V128, a: u16, b: u16, dst: u16) {
        let lanes = crate::interp::operand::read(lanes).0;
        numeric::i8x16_shuffle(SlotValue::get(sp, a), SlotValue::get(sp, b), lanes).put(sp, dst)
    }
    fn apply_canon_f32x4 [] (sp, slot: u16) {
        numeric::canonicalize_f32x4(SlotValue::get(sp, slot)).put(sp, slot)
    }
    fn apply_canon_f64x2 [] (sp, slot: u16) {
        numeric::canonicalize_f64x2(SlotValue::get(sp, slot)).put(sp, slot)
    }
}

handler! {
    /// `a dst`
    fn v_unary [O: VUnary] (w, r) {
        apply_unary::<O>(r.sp, w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `a b dst`
    fn v_binary [O: VBinary] (w, r) {
        apply_binary::<O>(r.sp, w.u16(), w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `a b c dst`
    fn v_ternary [O: VTernary] (w, r) {
        apply_ternary::<O>(r.sp, w.u16(), w.u16(), w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `lane a dst`
    fn extract_lane [O: ExtractLane] (w, r) {
        apply_extract::<O>(r.sp, w.u16(), w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `lane a b dst`
    fn replace_lane [O: ReplaceLane] (w, r) {
        apply_replace::<O>(r.sp, w.u16(), w.u16(), w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `lanes128 a b dst`
    fn shuffle (w, r) {
        let lanes = w.0.cast::<V128>();
        w.skip(8);
        apply_shuffle(r.sp, lanes, w.u16(), w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `slot`: makes NaNs in the lanes canonical.
    fn canon_f32x4 (w, r) {
        apply_canon_f32x4(r.sp, w.u16());
        next(w, r)
    }
}

handler! {
    /// `slot`: makes NaNs in the lanes canonical.
    fn canon_f64x2 (w, r) {
        apply_canon_f64x2(r.sp, w.u16());
        next(w, r)
    }
}
