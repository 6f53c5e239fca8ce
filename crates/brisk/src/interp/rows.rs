//! One marker type for each instruction that comes in several operand forms. The handlers are
//! generic over them, so that a family of instructions is one handler and one row per instruction.

use super::operand::{Scalar, read, write};
use brisk_module::numeric::{self, NumericTrap, V128};

/// A scalar instruction with one operand.
pub(crate) trait Unary {
    type A: Scalar;
    type R: Scalar;
    fn apply(a: Self::A) -> Result<Self::R, NumericTrap>;
}

/// A scalar instruction with two operands.
pub(crate) trait Binary {
    type A: Scalar;
    type B: Scalar;
    type R: Scalar;
    fn apply(a: Self::A, b: Self::B) -> Result<Self::R, NumericTrap>;
}

/// A value of a vector instruction's signature: a scalar in one slot or a vector in two.
pub(crate) trait SlotValue: Copy {
    /// # Safety
    /// The frame at `sp` must have the slot or slots.
    unsafe fn get(sp: *mut u64, slot: u16) -> Self;
    /// # Safety
    /// The frame at `sp` must have the slot or slots.
    unsafe fn put(self, sp: *mut u64, slot: u16);
}

impl<T: Scalar> SlotValue for T {
    #[inline(always)]
    unsafe fn get(sp: *mut u64, slot: u16) -> Self {
        // SAFETY: by the contract of this function.
        unsafe { T::from_slot(*sp.add(usize::from(slot))) }
    }
    #[inline(always)]
    unsafe fn put(self, sp: *mut u64, slot: u16) {
        // SAFETY: by the contract of this function.
        unsafe { *sp.add(usize::from(slot)) = self.to_slot() };
    }
}

impl SlotValue for V128 {
    #[inline(always)]
    unsafe fn get(sp: *mut u64, slot: u16) -> Self {
        // SAFETY: by the contract of this function.
        unsafe { read(sp.add(usize::from(slot)).cast::<V128>()) }
    }
    #[inline(always)]
    unsafe fn put(self, sp: *mut u64, slot: u16) {
        // SAFETY: by the contract of this function.
        unsafe { write(sp.add(usize::from(slot)).cast::<V128>(), self) }
    }
}

/// A vector instruction with one operand.
pub(crate) trait VUnary {
    type A: SlotValue;
    type R: SlotValue;
    fn apply(a: Self::A) -> Self::R;
}

/// A vector instruction with two operands.
pub(crate) trait VBinary {
    type B: SlotValue;
    fn apply(a: V128, b: Self::B) -> V128;
}

/// A vector instruction with three operands.
pub(crate) trait VTernary {
    fn apply(a: V128, b: V128, c: V128) -> V128;
}

/// Extraction of a lane.
pub(crate) trait ExtractLane {
    type R: SlotValue;
    fn apply(a: V128, lane: u8) -> Self::R;
}

/// Replacement of a lane.
pub(crate) trait ReplaceLane {
    type B: SlotValue;
    fn apply(a: V128, lane: u8, b: Self::B) -> V128;
}

/// A load of a scalar.
pub(crate) trait Load {
    type R: Scalar;
    const SIZE: u64;
    /// # Safety
    /// `SIZE` bytes must be readable at `p`.
    unsafe fn load(p: *const u8) -> Self::R;
}

/// A store of a scalar.
pub(crate) trait Store {
    type V: Scalar;
    const SIZE: u64;
    /// # Safety
    /// `SIZE` bytes must be writable at `p`.
    unsafe fn store(p: *mut u8, value: Self::V);
}

/// A load of a whole vector.
pub(crate) trait VLoad {
    const SIZE: u64;
    /// # Safety
    /// `SIZE` bytes must be readable at `p`.
    unsafe fn load(p: *const u8) -> V128;
}

macro_rules! scalar {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
    (f32) => {
        f32
    };
    (f64) => {
        f64
    };
    (v128) => {
        V128
    };
}

/// Indices of the rows of each family, and a marker type with its meaning for each row.
macro_rules! numeric_rows {
    (
        unary { $($un:ident $un_f:ident ($un_a:ident) -> $un_r:ident;)* }
        unary_trap { $($ut:ident $ut_f:ident ($ut_a:ident) -> $ut_r:ident;)* }
        binary { $($bi:ident $bi_f:ident ($bi_a:ident, $bi_b:ident) -> $bi_r:ident;)* }
        binary_commutative { $($bc:ident $bc_f:ident ($bc_a:ident, $bc_b:ident) -> $bc_r:ident;)* }
        binary_trap { $($bt:ident $bt_f:ident ($bt_a:ident, $bt_b:ident) -> $bt_r:ident;)* }
        compare { $($cm:ident $cm_f:ident ($cm_a:ident, $cm_b:ident) -> i32;)* }
        test { $($te:ident $te_f:ident ($te_a:ident) -> i32;)* }
        wide { $($wi:ident $wi_f:ident ($($wi_a:ident),*) -> (i64, i64);)* }
        v_unary { $($vu:ident $vu_f:ident ($vu_a:ident) -> $vu_r:ident;)* }
        v_binary { $($vb:ident $vb_f:ident (v128, $vb_b:ident) -> v128;)* }
        v_ternary { $($vt:ident $vt_f:ident (v128, v128, v128) -> v128;)* }
        extract_lane { $($xl:ident $xl_f:ident (v128, lane) -> $xl_r:ident;)* }
        replace_lane { $($rl:ident $rl_f:ident (v128, lane, $rl_b:ident) -> v128;)* }
        shuffle { $($sh:ident $sh_f:ident (v128, v128, lanes) -> v128;)* }
    ) => {
        /// Marker types, named like `wasmparser`'s operators.
        pub(crate) mod row {
            $(pub(crate) struct $un;)* $(pub(crate) struct $ut;)*
            $(pub(crate) struct $bi;)* $(pub(crate) struct $bc;)* $(pub(crate) struct $bt;)*
            $(pub(crate) struct $cm;)*
            $(pub(crate) struct $vu;)* $(pub(crate) struct $vb;)* $(pub(crate) struct $vt;)*
            $(pub(crate) struct $xl;)* $(pub(crate) struct $rl;)*
        }

        /// Rows of the unary family: conversions and sign extensions included. `eqz` is a comparison with 0.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum UnaryRow { $($un,)* $($ut,)* }
        /// Rows of the binary family whose operands may not be swapped.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum BinaryRow { $($bi,)* $($bt,)* }
        /// Rows of the binary family whose operands may be swapped.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum CommutativeRow { $($bc,)* }
        /// Rows of the comparisons.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum CompareRow { $($cm,)* }
        /// Rows of wide arithmetic.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum WideRow { $($wi,)* }
        /// Rows of vector instructions with one operand.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum VUnaryRow { $($vu,)* }
        /// Rows of vector instructions with two operands.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum VBinaryRow { $($vb,)* }
        /// Rows of vector instructions with three operands.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum VTernaryRow { $($vt,)* }
        /// Rows of lane extractions.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum ExtractLaneRow { $($xl,)* }
        /// Rows of lane replacements.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        #[allow(clippy::enum_variant_names, reason = "named like the operators")]
        pub(crate) enum ReplaceLaneRow { $($rl,)* }

        $(impl Unary for row::$un {
            type A = scalar!($un_a);
            type R = scalar!($un_r);
            #[inline(always)]
            fn apply(a: Self::A) -> Result<Self::R, NumericTrap> { Ok(numeric::$un_f(a)) }
        })*
        $(impl Unary for row::$ut {
            type A = scalar!($ut_a);
            type R = scalar!($ut_r);
            #[inline(always)]
            fn apply(a: Self::A) -> Result<Self::R, NumericTrap> { numeric::$ut_f(a) }
        })*
        $(impl Binary for row::$bi {
            type A = scalar!($bi_a);
            type B = scalar!($bi_b);
            type R = scalar!($bi_r);
            #[inline(always)]
            fn apply(a: Self::A, b: Self::B) -> Result<Self::R, NumericTrap> { Ok(numeric::$bi_f(a, b)) }
        })*
        $(impl Binary for row::$bc {
            type A = scalar!($bc_a);
            type B = scalar!($bc_b);
            type R = scalar!($bc_r);
            #[inline(always)]
            fn apply(a: Self::A, b: Self::B) -> Result<Self::R, NumericTrap> { Ok(numeric::$bc_f(a, b)) }
        })*
        $(impl Binary for row::$bt {
            type A = scalar!($bt_a);
            type B = scalar!($bt_b);
            type R = scalar!($bt_r);
            #[inline(always)]
            fn apply(a: Self::A, b: Self::B) -> Result<Self::R, NumericTrap> { numeric::$bt_f(a, b) }
        })*
        $(impl Binary for row::$cm {
            type A = scalar!($cm_a);
            type B = scalar!($cm_b);
            type R = u32;
            #[inline(always)]
            fn apply(a: Self::A, b: Self::B) -> Result<u32, NumericTrap> { Ok(numeric::$cm_f(a, b)) }
        })*
        $(impl VUnary for row::$vu {
            type A = scalar!($vu_a);
            type R = scalar!($vu_r);
            #[inline(always)]
            fn apply(a: Self::A) -> Self::R { numeric::$vu_f(a) }
        })*
        $(impl VBinary for row::$vb {
            type B = scalar!($vb_b);
            #[inline(always)]
            fn apply(a: V128, b: Self::B) -> V128 { numeric::$vb_f(a, b) }
        })*
        $(impl VTernary for row::$vt {
            #[inline(always)]
            fn apply(a: V128, b: V128, c: V128) -> V128 { numeric::$vt_f(a, b, c) }
        })*
        $(impl ExtractLane for row::$xl {
            type R = scalar!($xl_r);
            #[inline(always)]
            fn apply(a: V128, lane: u8) -> Self::R { numeric::$xl_f(a, lane) }
        })*
        $(impl ReplaceLane for row::$rl {
            type B = scalar!($rl_b);
            #[inline(always)]
            fn apply(a: V128, lane: u8, b: Self::B) -> V128 { numeric::$rl_f(a, lane, b) }
        })*
    };
}
brisk_module::for_each_numeric_op!(numeric_rows);

/// Calls `$callback!` with the memory instructions: scalar loads (`Operator memory-type via-type
/// result`), scalar stores (`Operator value-type memory-type`), vector loads (`Operator size
/// function`), lane loads and stores (`Operator lane-type`).
macro_rules! for_each_memory_op {
    ($callback:ident) => {
        $callback! {
            load {
                I32Load u32 u32 i32; I64Load u64 u64 i64; F32Load f32 f32 f32; F64Load f64 f64 f64;
                I32Load8S i8 i32 i32; I32Load8U u8 u32 i32; I32Load16S i16 i32 i32; I32Load16U u16 u32 i32;
                I64Load8S i8 i64 i64; I64Load8U u8 u64 i64; I64Load16S i16 i64 i64; I64Load16U u16 u64 i64;
                I64Load32S i32 i64 i64; I64Load32U u32 u64 i64;
            }
            store {
                I32Store i32 u32; I64Store i64 u64; F32Store f32 f32; F64Store f64 f64;
                I32Store8 i32 u8; I32Store16 i32 u16; I64Store8 i64 u8; I64Store16 i64 u16; I64Store32 i64 u32;
            }
            v_load {
                V128Load 16 v128_load;
                V128Load8x8S 8 v128_load8x8_s; V128Load8x8U 8 v128_load8x8_u;
                V128Load16x4S 8 v128_load16x4_s; V128Load16x4U 8 v128_load16x4_u;
                V128Load32x2S 8 v128_load32x2_s; V128Load32x2U 8 v128_load32x2_u;
                V128Load8Splat 1 v128_load8_splat; V128Load16Splat 2 v128_load16_splat;
                V128Load32Splat 4 v128_load32_splat; V128Load64Splat 8 v128_load64_splat;
                V128Load32Zero 4 v128_load32_zero; V128Load64Zero 8 v128_load64_zero;
            }
            v_lane {
                V128Load8Lane V128Store8Lane u8; V128Load16Lane V128Store16Lane u16;
                V128Load32Lane V128Store32Lane u32; V128Load64Lane V128Store64Lane u64;
            }
        }
    };
}
pub(crate) use for_each_memory_op;

macro_rules! memory_rows {
    (
        load { $($ld:ident $ld_m:ident $ld_v:ident $ld_r:ident;)* }
        store { $($st:ident $st_v:ident $st_m:ident;)* }
        v_load { $($vl:ident $vl_n:literal $vl_f:ident;)* }
        v_lane { $($ll:ident $sl:ident $la:ident;)* }
    ) => {
        /// Marker types of the memory instructions.
        pub(crate) mod memory_row {
            $(pub(crate) struct $ld;)* $(pub(crate) struct $st;)* $(pub(crate) struct $vl;)*
        }
        /// Rows of the scalar loads.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum LoadRow { $($ld,)* }
        /// Rows of the scalar stores.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum StoreRow { $($st,)* }
        /// Rows of the vector loads.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub(crate) enum VLoadRow { $($vl,)* }
        /// Rows of the lane loads.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        #[allow(clippy::enum_variant_names, reason = "named like the operators")]
        pub(crate) enum LoadLaneRow { $($ll,)* }
        /// Rows of the lane stores.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        #[allow(clippy::enum_variant_names, reason = "named like the operators")]
        pub(crate) enum StoreLaneRow { $($sl,)* }

        $(impl Load for memory_row::$ld {
            type R = scalar!($ld_r);
            const SIZE: u64 = size_of::<$ld_m>() as u64;
            #[inline(always)]
            unsafe fn load(p: *const u8) -> Self::R {
                // SAFETY: by the contract of this function; any bits are a value.
                let value = unsafe { read(p.cast::<$ld_m>()) };
                // Widens by the memory type's sign, then takes the bits.
                (value as $ld_v) as Self::R
            }
        })*
        $(impl Store for memory_row::$st {
            type V = scalar!($st_v);
            const SIZE: u64 = size_of::<$st_m>() as u64;
            #[inline(always)]
            unsafe fn store(p: *mut u8, value: Self::V) {
                // SAFETY: by the contract of this function.
                unsafe { write(p.cast::<$st_m>(), value as $st_m) }
            }
        })*
        $(impl VLoad for memory_row::$vl {
            const SIZE: u64 = $vl_n;
            #[inline(always)]
            unsafe fn load(p: *const u8) -> V128 {
                // SAFETY: by the contract of this function; bytes need no alignment.
                $vl_f(unsafe { read(p.cast::<[u8; $vl_n]>()) })
            }
        })*
    };
}
for_each_memory_op!(memory_rows);

/// A lane that `v128.loadN_lane` and `v128.storeN_lane` move.
pub(crate) trait MemoryLane: Copy {
    const SIZE: u64;
    /// # Safety
    /// `SIZE` bytes must be readable at `p`.
    unsafe fn load_lane(p: *const u8, vector: V128, lane: u8) -> V128;
    /// # Safety
    /// `SIZE` bytes must be writable at `p`.
    unsafe fn store_lane(p: *mut u8, vector: V128, lane: u8);
}

macro_rules! memory_lanes {
    ($($ty:ident $lanes:literal,)*) => {$(
        impl MemoryLane for $ty {
            const SIZE: u64 = size_of::<$ty>() as u64;
            #[inline(always)]
            unsafe fn load_lane(p: *const u8, vector: V128, lane: u8) -> V128 {
                let mut lanes: [$ty; $lanes] = vector.lanes();
                // SAFETY: by the contract of this function.
                lanes[usize::from(lane) % $lanes] = unsafe { read(p.cast::<$ty>()) };
                V128::from_lanes(lanes)
            }
            #[inline(always)]
            unsafe fn store_lane(p: *mut u8, vector: V128, lane: u8) {
                let lanes: [$ty; $lanes] = vector.lanes();
                // SAFETY: by the contract of this function.
                unsafe { write(p.cast::<$ty>(), lanes[usize::from(lane) % $lanes]) }
            }
        }
    )*};
}
memory_lanes! { u8 16, u16 8, u32 4, u64 2, }

#[inline(always)]
fn v128_load(bytes: [u8; 16]) -> V128 {
    V128(bytes)
}

/// The bytes as the low half of a vector.
#[inline(always)]
fn low_half(bytes: [u8; 8]) -> V128 {
    V128::from_lanes([u64::from_le_bytes(bytes), 0])
}

macro_rules! extending_loads {
    ($($name:ident $extend:ident;)*) => {$(
        #[inline(always)]
        fn $name(bytes: [u8; 8]) -> V128 {
            numeric::$extend(low_half(bytes))
        }
    )*};
}
extending_loads! {
    v128_load8x8_s i16x8_extend_low_i8x16_s;
    v128_load8x8_u i16x8_extend_low_i8x16_u;
    v128_load16x4_s i32x4_extend_low_i16x8_s;
    v128_load16x4_u i32x4_extend_low_i16x8_u;
    v128_load32x2_s i64x2_extend_low_i32x4_s;
    v128_load32x2_u i64x2_extend_low_i32x4_u;
}

#[inline(always)]
fn v128_load8_splat(bytes: [u8; 1]) -> V128 {
    V128::from_lanes([bytes[0]; 16])
}

#[inline(always)]
fn v128_load16_splat(bytes: [u8; 2]) -> V128 {
    V128::from_lanes([u16::from_le_bytes(bytes); 8])
}

#[inline(always)]
fn v128_load32_splat(bytes: [u8; 4]) -> V128 {
    V128::from_lanes([u32::from_le_bytes(bytes); 4])
}

#[inline(always)]
fn v128_load64_splat(bytes: [u8; 8]) -> V128 {
    V128::from_lanes([u64::from_le_bytes(bytes); 2])
}

#[inline(always)]
fn v128_load32_zero(bytes: [u8; 4]) -> V128 {
    V128::from_lanes([u32::from_le_bytes(bytes), 0, 0, 0])
}

#[inline(always)]
fn v128_load64_zero(bytes: [u8; 8]) -> V128 {
    low_half(bytes)
}
