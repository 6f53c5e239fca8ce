//! Arguments and expected results.

use super::Failure;
use brisk::{ExternRef, Store, Val};
use std::fmt;
use wast::core::{AbstractHeapType, HeapType, NanPattern, V128Const, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

/// The bits of a float that say that it is an infinity or a NaN, the first bit of the fraction, which a
/// quiet NaN has, and all bits but the sign.
struct FloatBits {
    exponent: u64,
    quiet: u64,
    magnitude: u64,
}

const F32_BITS: FloatBits = FloatBits { exponent: 0x7f80_0000, quiet: 0x0040_0000, magnitude: 0x7fff_ffff };
const F64_BITS: FloatBits = FloatBits {
    exponent: 0x7ff0_0000_0000_0000,
    quiet: 0x0008_0000_0000_0000,
    magnitude: 0x7fff_ffff_ffff_ffff,
};

impl FloatBits {
    /// The fraction is the quiet bit alone.
    fn is_canonical_nan(&self, bits: u64) -> bool {
        bits & self.magnitude == self.exponent | self.quiet
    }

    /// The fraction has the quiet bit.
    fn is_arithmetic_nan(&self, bits: u64) -> bool {
        bits & (self.exponent | self.quiet) == self.exponent | self.quiet
    }

    fn matches(&self, bits: u64, expected: NanPattern<u64>) -> bool {
        match expected {
            NanPattern::CanonicalNan => self.is_canonical_nan(bits),
            NanPattern::ArithmeticNan => self.is_arithmetic_nan(bits),
            NanPattern::Value(value) => bits == value,
        }
    }
}

fn f32_matches(bits: u32, expected: &NanPattern<F32>) -> bool {
    F32_BITS.matches(bits.into(), map(expected, |value| value.bits.into()))
}

fn f64_matches(bits: u64, expected: &NanPattern<F64>) -> bool {
    F64_BITS.matches(bits, map(expected, |value| value.bits))
}

fn map<T>(pattern: &NanPattern<T>, bits: impl FnOnce(&T) -> u64) -> NanPattern<u64> {
    match pattern {
        NanPattern::CanonicalNan => NanPattern::CanonicalNan,
        NanPattern::ArithmeticNan => NanPattern::ArithmeticNan,
        NanPattern::Value(value) => NanPattern::Value(bits(value)),
    }
}

/// The value of an argument.
pub fn argument(store: &mut Store<()>, arg: &WastArg) -> Result<Val, Failure> {
    let WastArg::Core(arg) = arg else { return Err(Failure::new("not an argument of core wasm")) };
    Ok(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(v128_bits(value).into()),
        WastArgCore::RefNull(ty) => match Hierarchy::of(ty)? {
            Hierarchy::Func => Val::FuncRef(None),
            Hierarchy::Extern => Val::ExternRef(None),
            Hierarchy::Any => Val::AnyRef(None),
            Hierarchy::Exn => Val::ExnRef(None),
        },
        WastArgCore::RefExtern(value) => {
            let object = ExternRef::new(store, *value).map_err(|error| Failure::new(format!("{error:#}")))?;
            Val::ExternRef(Some(object))
        }
        WastArgCore::RefHost(_) => {
            return Err(Failure { message: "no host object is an `anyref` yet".into(), needs: Some("gc") });
        }
    })
}

/// Whether `actual` is what `expected` says.
pub fn matches(store: &Store<()>, actual: &Val, expected: &WastRet) -> bool {
    let WastRet::Core(expected) = expected else { return false };
    core_matches(store, actual, expected)
}

fn core_matches(store: &Store<()>, actual: &Val, expected: &WastRetCore) -> bool {
    match (actual, expected) {
        (_, WastRetCore::Either(any)) => any.iter().any(|expected| core_matches(store, actual, expected)),
        (Val::I32(actual), WastRetCore::I32(expected)) => actual == expected,
        (Val::I64(actual), WastRetCore::I64(expected)) => actual == expected,
        (Val::F32(actual), WastRetCore::F32(expected)) => f32_matches(*actual, expected),
        (Val::F64(actual), WastRetCore::F64(expected)) => f64_matches(*actual, expected),
        (Val::V128(actual), WastRetCore::V128(expected)) => v128_matches(actual.as_u128(), expected),
        (_, WastRetCore::RefNull(expected)) => null_matches(actual, expected.as_ref()),
        (Val::FuncRef(actual), WastRetCore::RefFunc(_)) => actual.is_some(),
        (Val::ExternRef(Some(_)), WastRetCore::RefExtern(None)) => true,
        (Val::ExternRef(Some(actual)), WastRetCore::RefExtern(Some(expected))) => {
            matches!(actual.data(store), Ok(Some(data)) if data.downcast_ref::<u32>() == Some(expected))
        }
        // Other references than null are of these kinds in no store yet.
        (
            _,
            WastRetCore::RefHost(_)
            | WastRetCore::RefAny
            | WastRetCore::RefEq
            | WastRetCore::RefArray
            | WastRetCore::RefStruct
            | WastRetCore::RefI31
            | WastRetCore::RefI31Shared,
        ) => false,
        _ => false,
    }
}

/// The hierarchies of reference types; each has a null of its own.
#[derive(PartialEq)]
enum Hierarchy {
    Func,
    Extern,
    Any,
    Exn,
}

impl Hierarchy {
    fn of(ty: &HeapType) -> Result<Hierarchy, Failure> {
        let HeapType::Abstract { ty, .. } = ty else {
            return Err(Failure::new(format!("no null of a type index: {ty:?}")));
        };
        Ok(match ty {
            AbstractHeapType::Func | AbstractHeapType::NoFunc => Hierarchy::Func,
            AbstractHeapType::Extern | AbstractHeapType::NoExtern => Hierarchy::Extern,
            AbstractHeapType::Exn | AbstractHeapType::NoExn => Hierarchy::Exn,
            AbstractHeapType::Any
            | AbstractHeapType::Eq
            | AbstractHeapType::Struct
            | AbstractHeapType::Array
            | AbstractHeapType::I31
            | AbstractHeapType::None => Hierarchy::Any,
            AbstractHeapType::Cont | AbstractHeapType::NoCont => {
                return Err(Failure::new("continuations are not supported"));
            }
        })
    }
}

/// Whether a value is null, and of the hierarchy of `expected` where that is said.
fn null_matches(actual: &Val, expected: Option<&HeapType>) -> bool {
    let hierarchy = match actual {
        Val::FuncRef(None) => Hierarchy::Func,
        Val::ExternRef(None) => Hierarchy::Extern,
        Val::AnyRef(None) => Hierarchy::Any,
        Val::ExnRef(None) => Hierarchy::Exn,
        _ => return false,
    };
    expected.is_none_or(|expected| Hierarchy::of(expected).is_ok_and(|expected| expected == hierarchy))
}

fn v128_bits(value: &V128Const) -> u128 {
    u128::from_le_bytes(value.to_le_bytes())
}

fn v128_matches(actual: u128, expected: &V128Pattern) -> bool {
    let bytes = actual.to_le_bytes();
    let u32s = |lane: usize| u32::from_le_bytes(std::array::from_fn(|byte| bytes[lane * 4 + byte]));
    let u64s = |lane: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[lane * 8 + byte]));
    match expected {
        V128Pattern::I8x16(lanes) => v128_bits(&V128Const::I8x16(*lanes)) == actual,
        V128Pattern::I16x8(lanes) => v128_bits(&V128Const::I16x8(*lanes)) == actual,
        V128Pattern::I32x4(lanes) => v128_bits(&V128Const::I32x4(*lanes)) == actual,
        V128Pattern::I64x2(lanes) => v128_bits(&V128Const::I64x2(*lanes)) == actual,
        V128Pattern::F32x4(lanes) => {
            lanes.iter().enumerate().all(|(lane, expected)| f32_matches(u32s(lane), expected))
        }
        V128Pattern::F64x2(lanes) => {
            lanes.iter().enumerate().all(|(lane, expected)| f64_matches(u64s(lane), expected))
        }
    }
}

/// Values as a failure shows them, with their bits.
pub struct Shown<'a>(pub &'a [Val]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (at, value) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            match value {
                Val::I32(value) => write!(f, "i32 {value}"),
                Val::I64(value) => write!(f, "i64 {value}"),
                Val::F32(bits) => write!(f, "f32 {:?} ({bits:#010x})", f32::from_bits(*bits)),
                Val::F64(bits) => write!(f, "f64 {:?} ({bits:#018x})", f64::from_bits(*bits)),
                Val::V128(value) => write!(f, "v128 {:#034x}", value.as_u128()),
                other => write!(f, "{other:?}"),
            }?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: u32 = 0x7fc0_0000;

    #[test]
    fn nan_patterns() {
        let canonical = |bits| f32_matches(bits, &NanPattern::CanonicalNan);
        assert!(canonical(QUIET) && canonical(QUIET | 1 << 31));
        assert!(!canonical(QUIET | 1) && !canonical(0x7f80_0001) && !canonical(0x7f80_0000) && !canonical(0));
        let arithmetic = |bits| f32_matches(bits, &NanPattern::ArithmeticNan);
        assert!(arithmetic(QUIET) && arithmetic(QUIET | 5) && arithmetic(QUIET | 1 << 31));
        assert!(!arithmetic(0x7f80_0001) && !arithmetic(0x7f80_0000) && !arithmetic(0x3fc0_0000));
        assert!(f64_matches(0x7ff8_0000_0000_0000, &NanPattern::CanonicalNan));
        assert!(!f64_matches(0x7ff8_0000_0000_0001, &NanPattern::CanonicalNan));
        assert!(f64_matches(0xfff8_0000_0000_0001, &NanPattern::ArithmeticNan));
        assert!(!f64_matches(0x7ff0_0000_0000_0001, &NanPattern::ArithmeticNan));
    }

    #[test]
    fn floats_are_compared_by_their_bits() {
        let zero = NanPattern::Value(F32 { bits: 0 });
        assert!(f32_matches(0, &zero) && !f32_matches(1 << 31, &zero));
        let nan = NanPattern::Value(F32 { bits: QUIET | 1 });
        assert!(f32_matches(QUIET | 1, &nan) && !f32_matches(QUIET, &nan));
    }

    #[test]
    fn lanes_are_compared_in_order() {
        let bits = u128::from(QUIET | 3) | 1 << 32;
        let lane = |bits| NanPattern::Value(F32 { bits });
        assert!(v128_matches(
            bits,
            &V128Pattern::F32x4([NanPattern::ArithmeticNan, lane(1), lane(0), lane(0)])
        ));
        assert!(!v128_matches(
            bits,
            &V128Pattern::F32x4([NanPattern::CanonicalNan, lane(1), lane(0), lane(0)])
        ));
        assert!(!v128_matches(
            bits,
            &V128Pattern::F32x4([NanPattern::ArithmeticNan, lane(0), lane(1), lane(0)])
        ));
        assert!(v128_matches(1 << 64 | 2, &V128Pattern::I64x2([2, 1])));
        assert!(!v128_matches(1 << 64 | 2, &V128Pattern::I64x2([1, 2])));
    }
}
