//! Where a handler takes its operands from and puts its result: slots of the frame, an immediate
//! in the instruction, or one of three accumulators that travel from handler to handler in
//! machine registers (one for integers and references, one for `f32`, one for `f64`).

use super::dispatch::Regs;
use brisk_module::numeric::V128;

/// A value at any address.
#[repr(C, packed)]
struct Packed<T>(T);

/// Reads a value from any address. Unlike `read_unaligned`, which builds with debug assertions implement
/// with the address of a local, this leaves the handler able to end in a jump.
///
/// # Safety
/// The bytes must be readable and a value.
#[inline(always)]
pub(crate) unsafe fn read<T: Copy>(p: *const T) -> T {
    // SAFETY: by the contract of this function.
    unsafe { (*p.cast::<Packed<T>>()).0 }
}

/// Writes a value to any address; see [`read`].
///
/// # Safety
/// The bytes must be writable.
#[inline(always)]
pub(crate) unsafe fn write<T: Copy>(p: *mut T, value: T) {
    // SAFETY: by the contract of this function.
    unsafe { (*p.cast::<Packed<T>>()).0 = value }
}

/// Reads the words of an instruction in order.
#[derive(Clone, Copy)]
pub(crate) struct Words(pub *const u16);

impl Words {
    /// The next word.
    ///
    /// # Safety
    /// The instruction must have one more word.
    #[inline(always)]
    pub unsafe fn u16(&mut self) -> u16 {
        // SAFETY: by the contract of this function.
        unsafe {
            let value = self.0.read();
            self.0 = self.0.add(1);
            value
        }
    }

    /// The next two words as a number.
    ///
    /// # Safety
    /// The instruction must have two more words.
    #[inline(always)]
    pub unsafe fn u32(&mut self) -> u32 {
        // SAFETY: by the contract of this function; the read may be unaligned.
        unsafe {
            let value = read(self.0.cast::<u32>());
            self.0 = self.0.add(2);
            value
        }
    }

    /// The next four words as a number.
    ///
    /// # Safety
    /// The instruction must have four more words.
    #[inline(always)]
    pub unsafe fn u64(&mut self) -> u64 {
        // SAFETY: by the contract of this function; the read may be unaligned.
        unsafe {
            let value = read(self.0.cast::<u64>());
            self.0 = self.0.add(4);
            value
        }
    }

    /// Leaves out words.
    ///
    /// # Safety
    /// The instruction must have that many more words.
    #[inline(always)]
    pub unsafe fn skip(&mut self, words: usize) {
        // SAFETY: by the contract of this function.
        unsafe { self.0 = self.0.add(words) }
    }

    /// The next eight words as a vector.
    ///
    /// # Safety
    /// The instruction must have eight more words.
    #[inline(always)]
    pub unsafe fn v128(&mut self) -> V128 {
        // SAFETY: by the contract of this function; bytes need no alignment.
        unsafe {
            let value = read(self.0.cast::<V128>());
            self.0 = self.0.add(8);
            value
        }
    }
}

/// A value that fits one slot.
pub(crate) trait Scalar: Copy {
    /// From the 64 bits of a slot.
    fn from_slot(bits: u64) -> Self;
    /// To the 64 bits of a slot; what is narrower is zero-extended, so that slots can be copied and
    /// 32-bit addresses read as 64 bits.
    fn to_slot(self) -> u64;
    /// From this type's accumulator.
    fn acc(r: &Regs) -> Self;
    /// To this type's accumulator.
    fn set_acc(self, r: &mut Regs);
    /// From the instruction.
    ///
    /// # Safety
    /// An immediate of this type must come next.
    unsafe fn imm(w: &mut Words) -> Self;
}

impl Scalar for u32 {
    #[inline(always)]
    fn from_slot(bits: u64) -> Self {
        bits as u32
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        u64::from(self)
    }
    #[inline(always)]
    fn acc(r: &Regs) -> Self {
        r.acc as u32
    }
    #[inline(always)]
    fn set_acc(self, r: &mut Regs) {
        r.acc = u64::from(self);
    }
    #[inline(always)]
    unsafe fn imm(w: &mut Words) -> Self {
        // SAFETY: by the contract of this function.
        unsafe { w.u32() }
    }
}

impl Scalar for u64 {
    #[inline(always)]
    fn from_slot(bits: u64) -> Self {
        bits
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        self
    }
    #[inline(always)]
    fn acc(r: &Regs) -> Self {
        r.acc
    }
    #[inline(always)]
    fn set_acc(self, r: &mut Regs) {
        r.acc = self;
    }
    #[inline(always)]
    unsafe fn imm(w: &mut Words) -> Self {
        // SAFETY: by the contract of this function.
        unsafe { w.u64() }
    }
}

impl Scalar for f32 {
    #[inline(always)]
    fn from_slot(bits: u64) -> Self {
        f32::from_bits(bits as u32)
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        u64::from(self.to_bits())
    }
    #[inline(always)]
    fn acc(r: &Regs) -> Self {
        r.f32
    }
    #[inline(always)]
    fn set_acc(self, r: &mut Regs) {
        r.f32 = self;
    }
    #[inline(always)]
    unsafe fn imm(w: &mut Words) -> Self {
        // SAFETY: by the contract of this function.
        unsafe { f32::from_bits(w.u32()) }
    }
}

impl Scalar for f64 {
    #[inline(always)]
    fn from_slot(bits: u64) -> Self {
        f64::from_bits(bits)
    }
    #[inline(always)]
    fn to_slot(self) -> u64 {
        self.to_bits()
    }
    #[inline(always)]
    fn acc(r: &Regs) -> Self {
        r.f64
    }
    #[inline(always)]
    fn set_acc(self, r: &mut Regs) {
        r.f64 = self;
    }
    #[inline(always)]
    unsafe fn imm(w: &mut Words) -> Self {
        // SAFETY: by the contract of this function.
        unsafe { f64::from_bits(w.u64()) }
    }
}

/// Source of an operand.
pub(crate) trait Src {
    /// The operand; slots and immediates take words of the instruction.
    ///
    /// # Safety
    /// The instruction must have the words and the frame the slot.
    unsafe fn get<T: Scalar>(w: &mut Words, r: &Regs) -> T;
}

/// A slot.
pub(crate) struct S;
/// The accumulator of the operand's type.
pub(crate) struct A;
/// An immediate.
pub(crate) struct I;

impl Src for S {
    #[inline(always)]
    unsafe fn get<T: Scalar>(w: &mut Words, r: &Regs) -> T {
        // SAFETY: by the contract of this function.
        unsafe { T::from_slot(r.slot(w.u16())) }
    }
}

impl Src for A {
    #[inline(always)]
    unsafe fn get<T: Scalar>(_: &mut Words, r: &Regs) -> T {
        T::acc(r)
    }
}

impl Src for I {
    #[inline(always)]
    unsafe fn get<T: Scalar>(w: &mut Words, _: &Regs) -> T {
        // SAFETY: by the contract of this function.
        unsafe { T::imm(w) }
    }
}

/// Destination of a result. It always goes to the accumulator, and to a slot where one is named,
/// as the last word of the instruction.
pub(crate) trait Dst {
    /// Writes the result.
    ///
    /// # Safety
    /// The instruction must have the word and the frame the slot.
    unsafe fn put<T: Scalar>(value: T, w: &mut Words, r: &mut Regs);
}

/// Slot and accumulator.
pub(crate) struct ToSlot;
/// Accumulator only: the next instruction takes it from there.
pub(crate) struct ToAcc;

impl Dst for ToSlot {
    #[inline(always)]
    unsafe fn put<T: Scalar>(value: T, w: &mut Words, r: &mut Regs) {
        // SAFETY: by the contract of this function.
        unsafe { r.set_slot(w.u16(), value.to_slot()) }
        value.set_acc(r);
    }
}

impl Dst for ToAcc {
    #[inline(always)]
    unsafe fn put<T: Scalar>(value: T, _: &mut Words, r: &mut Regs) {
        value.set_acc(r);
    }
}

/// Address of a memory access, as 64 bits that cannot wrap when an offset is added.
pub(crate) trait Addr {
    /// The address.
    ///
    /// # Safety
    /// The instruction must have the words and the frame the slots.
    unsafe fn get(w: &mut Words, r: &Regs) -> u64;
}

/// The sum of two 32-bit operands: an `i32.add` that computes an address.
pub(crate) struct Sum<X, Y>(std::marker::PhantomData<(X, Y)>);

impl Addr for S {
    #[inline(always)]
    unsafe fn get(w: &mut Words, r: &Regs) -> u64 {
        // SAFETY: by the contract of this function.
        unsafe { u64::from(<S as Src>::get::<u32>(w, r)) }
    }
}

impl Addr for A {
    #[inline(always)]
    unsafe fn get(_: &mut Words, r: &Regs) -> u64 {
        u64::from(r.acc as u32)
    }
}

impl<X: Src, Y: Src> Addr for Sum<X, Y> {
    #[inline(always)]
    unsafe fn get(w: &mut Words, r: &Regs) -> u64 {
        // SAFETY: by the contract of this function.
        unsafe {
            let a: u32 = X::get(w, r);
            let b: u32 = Y::get(w, r);
            u64::from(a.wrapping_add(b))
        }
    }
}
