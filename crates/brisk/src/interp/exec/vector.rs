//! Vector instructions. Their operands are always in slots.

use crate::interp::dispatch::{handler, next};
use crate::interp::rows::{ExtractLane, ReplaceLane, SlotValue, VBinary, VTernary, VUnary};
use brisk_module::numeric;

handler! {
    /// `a dst`
    fn v_unary [O: VUnary] (w, r) {
        let value = O::apply(SlotValue::get(&r, w.u16()));
        value.put(&mut r, w.u16());
        next(w, r)
    }
}

handler! {
    /// `a b dst`
    fn v_binary [O: VBinary] (w, r) {
        let a = r.vector(w.u16());
        let b = SlotValue::get(&r, w.u16());
        r.set_vector(w.u16(), O::apply(a, b));
        next(w, r)
    }
}

handler! {
    /// `a b c dst`
    fn v_ternary [O: VTernary] (w, r) {
        let a = r.vector(w.u16());
        let b = r.vector(w.u16());
        let c = r.vector(w.u16());
        r.set_vector(w.u16(), O::apply(a, b, c));
        next(w, r)
    }
}

handler! {
    /// `lane a dst`
    fn extract_lane [O: ExtractLane] (w, r) {
        let lane = w.u16() as u8;
        let value = O::apply(r.vector(w.u16()), lane);
        value.put(&mut r, w.u16());
        next(w, r)
    }
}

handler! {
    /// `lane a b dst`
    fn replace_lane [O: ReplaceLane] (w, r) {
        let lane = w.u16() as u8;
        let a = r.vector(w.u16());
        let b = SlotValue::get(&r, w.u16());
        r.set_vector(w.u16(), O::apply(a, lane, b));
        next(w, r)
    }
}

handler! {
    /// `lanes128 a b dst`
    fn shuffle (w, r) {
        let lanes = w.v128().0;
        let a = r.vector(w.u16());
        let b = r.vector(w.u16());
        r.set_vector(w.u16(), numeric::i8x16_shuffle(a, b, lanes));
        next(w, r)
    }
}
