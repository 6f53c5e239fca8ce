//! Loads and stores. Those on memory 0 with a 32-bit address and offset take base and length from
//! the registers; all others ("far") look their memory up.

use crate::interp::dispatch::{Regs, handler, next, raise};
use crate::interp::operand::{Addr, Dst, Scalar, Src, Words, write};
use crate::interp::rows::{Load, MemoryLane, SlotValue, Store, VLoad};
use crate::trap::Trap;
use brisk_module::numeric::V128;

/// Address of `size` bytes at `addr + offset` of memory 0.
///
/// # Safety
/// `r` must be the state of running code.
#[inline(always)]
unsafe fn near(r: &Regs, addr: u64, offset: u32, size: u64) -> Option<*mut u8> {
    // Both are below 2^32: the sums cannot wrap.
    let effective = addr + u64::from(offset);
    if effective + size > r.len as u64 {
        return None;
    }
    // SAFETY: inside the memory, as just checked.
    Some(unsafe { r.mem.add(effective as usize) })
}

/// Address of `size` bytes at an address and offset of any memory: `memory addr offset64`.
///
/// # Safety
/// `r` must be the state of running code, `w` stand at these words.
#[inline(always)]
unsafe fn far(w: &mut Words, r: &Regs, size: u64) -> Option<*mut u8> {
    // SAFETY: the translator names memories and slots that exist; addresses are compared with the
    // current length. 32-bit addresses are zero-extended in their slots.
    unsafe {
        let memory = *(*r.ctx).memories.add(usize::from(w.u16()));
        let addr = r.slot(w.u16());
        let effective = addr.checked_add(w.u64())?;
        let end = effective.checked_add(size)?;
        if end > (*memory).len as u64 {
            return None;
        }
        Some((*memory).base.add(effective as usize))
    }
}

macro_rules! located {
    ($r:ident, $address:expr) => {
        match $address {
            Some(address) => address,
            None => raise!($r, Trap::MemoryOutOfBounds),
        }
    };
}

handler! {
    /// `addr offset32 [dst]`
    fn load [L: Load, X: Addr, D: Dst] (w, r) {
        let addr = X::get(&mut w, &r);
        let offset = w.u32();
        let p = located!(r, near(&r, addr, offset, L::SIZE));
        D::put(L::load(p), &mut w, &mut r);
        next(w, r)
    }
}

handler! {
    /// `addr offset32 value`
    fn store [O: Store, X: Addr, Y: Src] (w, r) {
        let addr = X::get(&mut w, &r);
        let offset = w.u32();
        let value = Y::get(&mut w, &r);
        let p = located!(r, near(&r, addr, offset, O::SIZE));
        O::store(p, value);
        next(w, r)
    }
}

handler! {
    /// `memory addr offset64 dst`
    fn load_far [L: Load] (w, r) {
        let p = located!(r, far(&mut w, &r, L::SIZE));
        let value = L::load(p);
        r.set_slot(w.u16(), value.to_slot());
        value.set_acc(&mut r);
        next(w, r)
    }
}

handler! {
    /// `memory addr offset64 value`
    fn store_far [O: Store] (w, r) {
        let p = located!(r, far(&mut w, &r, O::SIZE));
        O::store(p, O::V::from_slot(r.slot(w.u16())));
        next(w, r)
    }
}

super::vector::on_slots! {
    fn put_loaded [L: VLoad] (sp, p: *const u8, dst: u16) {
        L::load(p).put(sp, dst)
    }
    fn put_lane [L: MemoryLane] (sp, p: *const u8, lane: u16, vector: u16, dst: u16) {
        L::load_lane(p, SlotValue::get(sp, vector), lane as u8).put(sp, dst)
    }
    fn take_lane [L: MemoryLane] (sp, p: *mut u8, lane: u16, vector: u16) {
        L::store_lane(p, SlotValue::get(sp, vector), lane as u8)
    }
}

handler! {
    /// `addr offset32 dst`
    fn load_vector [L: VLoad] (w, r) {
        let addr = r.slot(w.u16()) & 0xffff_ffff;
        let offset = w.u32();
        let p = located!(r, near(&r, addr, offset, L::SIZE));
        put_loaded::<L>(r.sp, p, w.u16());
        next(w, r)
    }
}

handler! {
    /// `memory addr offset64 dst`
    fn load_vector_far [L: VLoad] (w, r) {
        let p = located!(r, far(&mut w, &r, L::SIZE));
        put_loaded::<L>(r.sp, p, w.u16());
        next(w, r)
    }
}

handler! {
    /// `addr offset32 value`
    fn store_vector (w, r) {
        let addr = r.slot(w.u16()) & 0xffff_ffff;
        let offset = w.u32();
        let p = located!(r, near(&r, addr, offset, 16));
        write(p.cast::<V128>(), r.vector(w.u16()));
        next(w, r)
    }
}

handler! {
    /// `memory addr offset64 value`
    fn store_vector_far (w, r) {
        let p = located!(r, far(&mut w, &r, 16));
        write(p.cast::<V128>(), r.vector(w.u16()));
        next(w, r)
    }
}

handler! {
    /// `memory addr offset64 lane vector dst`
    fn load_lane [L: MemoryLane] (w, r) {
        let p = located!(r, far(&mut w, &r, L::SIZE));
        put_lane::<L>(r.sp, p, w.u16(), w.u16(), w.u16());
        next(w, r)
    }
}

handler! {
    /// `memory addr offset64 lane vector`
    fn store_lane [L: MemoryLane] (w, r) {
        let p = located!(r, far(&mut w, &r, L::SIZE));
        take_lane::<L>(r.sp, p, w.u16(), w.u16());
        next(w, r)
    }
}
