//! Scalar arithmetic, moves, constants, globals and `select`.

use super::numeric_trap;
use crate::interp::dispatch::{handler, next};
use crate::interp::operand::{Dst, Scalar, Src};
use crate::interp::rows::{Binary, Unary};
use brisk_module::numeric;

handler! {
    /// `[a] [dst]`
    fn unary [O: Unary, X: Src, D: Dst] (w, r) {
        match O::apply(X::get(&mut w, &r)) {
            Ok(value) => {
                D::put(value, &mut w, &mut r);
                next(w, r)
            }
            Err(trap) => return numeric_trap(r.ip, r.sp, r.ctx, trap),
        }
    }
}

handler! {
    /// `[a] [b] [dst]`
    fn binary [O: Binary, X: Src, Y: Src, D: Dst] (w, r) {
        let a = X::get(&mut w, &r);
        let b = Y::get(&mut w, &r);
        match O::apply(a, b) {
            Ok(value) => {
                D::put(value, &mut w, &mut r);
                next(w, r)
            }
            Err(trap) => return numeric_trap(r.ip, r.sp, r.ctx, trap),
        }
    }
}

handler! {
    /// `[cond] a b [dst]`: `a` where the condition is not 0.
    fn select [C: Src, X: Src, Y: Src, D: Dst] (w, r) {
        let cond: u32 = C::get(&mut w, &r);
        let a: u64 = X::get(&mut w, &r);
        let b: u64 = Y::get(&mut w, &r);
        // Programs use it where a branch would be unpredictable: a conditional move, not a jump.
        D::put(std::hint::select_unpredictable(cond != 0, a, b), &mut w, &mut r);
        next(w, r)
    }
}

handler! {
    /// `cond a b dst`, for vectors.
    fn select_vector (w, r) {
        let cond = r.slot(w.u16()) as u32;
        let a = w.u16();
        let b = w.u16();
        let value = r.vector(std::hint::select_unpredictable(cond != 0, a, b));
        r.set_vector(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `src dst`
    fn copy (w, r) {
        let value = r.slot(w.u16());
        r.set_slot(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `src1 dst1 src2 dst2`: two copies, one after the other.
    fn copy_2 (w, r) {
        let value = r.slot(w.u16());
        r.set_slot(w.u16(), value);
        let value = r.slot(w.u16());
        r.set_slot(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `src dst`, for vectors.
    fn copy_vector (w, r) {
        let value = r.vector(w.u16());
        r.set_vector(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `src dst n`: `n` slots; the two ranges may overlap.
    fn copy_span (w, r) {
        let src = r.sp.add(usize::from(w.u16()));
        let dst = r.sp.add(usize::from(w.u16()));
        std::ptr::copy(src, dst, usize::from(w.u16()));
        next(w, r)
    }
}

handler! {
    /// `imm32 dst`: zero-extended.
    fn const_32 (w, r) {
        let value = u64::from(w.u32());
        r.set_slot(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `imm64 dst`
    fn const_64 (w, r) {
        let value = w.u64();
        r.set_slot(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `imm128 dst`
    fn const_vector (w, r) {
        let value = w.v128();
        r.set_vector(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `global32 [dst]`: one slot of any type, which goes to the integer accumulator.
    fn global_get [D: Dst] (w, r) {
        let cell = *(*r.ctx).globals.add(w.u32() as usize);
        D::put((*cell).slots[0], &mut w, &mut r);
        next(w, r)
    }
}

handler! {
    /// `global32 [src]`
    fn global_set [X: Src] (w, r) {
        let cell = *(*r.ctx).globals.add(w.u32() as usize);
        (*cell).slots[0] = X::get(&mut w, &r);
        next(w, r)
    }
}

handler! {
    /// `global32 dst`
    fn global_get_vector (w, r) {
        let cell = *(*r.ctx).globals.add(w.u32() as usize);
        let value = (*cell).slots.as_ptr().cast::<numeric::V128>().read();
        r.set_vector(w.u16(), value);
        next(w, r)
    }
}

handler! {
    /// `global32 src`
    fn global_set_vector (w, r) {
        let cell = *(*r.ctx).globals.add(w.u32() as usize);
        let value = r.vector(w.u16());
        (*cell).slots.as_mut_ptr().cast::<numeric::V128>().write(value);
        next(w, r)
    }
}

macro_rules! wide_handlers {
    ($($name:ident $function:ident ($($operand:ident $at:literal),*);)*) => {$(
        handler! {
            /// `base`: operands in consecutive slots, the two results in the first two of them.
            fn $name (w, r) {
                let base = r.sp.add(usize::from(w.u16()));
                $(let $operand = base.add($at).read();)*
                let (low, high) = numeric::$function($($operand),*);
                base.write(low);
                base.add(1).write(high);
                next(w, r)
            }
        }
    )*};
}
wide_handlers! {
    add_128 i64_add128 (a 0, b 1, c 2, d 3);
    sub_128 i64_sub128 (a 0, b 1, c 2, d 3);
    mul_wide_s i64_mul_wide_s (a 0, b 1);
    mul_wide_u i64_mul_wide_u (a 0, b 1);
}

handler! {
    /// `slot`: makes a NaN canonical.
    fn canon_f32 (w, r) {
        let slot = w.u16();
        r.set_slot(slot, numeric::canonicalize_f32(f32::from_slot(r.slot(slot))).to_slot());
        next(w, r)
    }
}

handler! {
    /// `slot`: makes a NaN canonical.
    fn canon_f64 (w, r) {
        let slot = w.u16();
        r.set_slot(slot, numeric::canonicalize_f64(f64::from_slot(r.slot(slot))).to_slot());
        next(w, r)
    }
}
