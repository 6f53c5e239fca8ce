//! Values on a command line: arguments read by type, results printed such that they could be arguments.

use crate::text::one_line;
use brisk::{
    AsContextMut, ExternRef, FuncType, HeapType, Instance, Ref, RefType, Result, V128, Val, ValType,
};
use std::fmt::{Display, LowerHex, Write as _};
use std::str::FromStr;
use wast::parser::{self, Parse, ParseBuffer};
use wast::token;

/// What the host hands a guest for an `externref`: the text of the argument.
struct Text(String);

/// The arguments for a function of type `ty`, or what is wrong with them. Function references are named by
/// exports of the instance.
pub fn arguments(
    mut store: impl AsContextMut,
    instance: &Instance,
    ty: &FuncType,
    texts: &[String],
) -> Result<Vec<Val>, String> {
    if texts.len() != ty.params().len() {
        let (takes, given) = (ty.params().len(), texts.len());
        let plural = crate::text::plural(takes);
        return Err(format!("it takes {takes} argument{plural}, {given} given; its type is {ty}"));
    }
    let mut values = Vec::with_capacity(texts.len());
    for (number, (text, ty)) in texts.iter().zip(ty.params()).enumerate() {
        let value = argument(&mut store, instance, &ty, text);
        values.push(value.map_err(|why| format!("argument {}, `{}`, {why}", number + 1, one_line(text)))?);
    }
    Ok(values)
}

fn argument(store: impl AsContextMut, instance: &Instance, ty: &ValType, text: &str) -> Result<Val, String> {
    let is_no = |what: &str| format!("is no {what}");
    match ty {
        ValType::I32 => integer(text, 32).map(|bits| Val::I32(bits as i32)).ok_or_else(|| is_no("i32")),
        ValType::I64 => integer(text, 64).map(|bits| Val::I64(bits as i64)).ok_or_else(|| is_no("i64")),
        ValType::F32 => float32(text).map(Val::F32).ok_or_else(|| is_no("f32")),
        ValType::F64 => float64(text).map(Val::F64).ok_or_else(|| is_no("f64")),
        ValType::V128 => vector(text)
            .map(|bits| Val::V128(V128::from(bits)))
            .ok_or_else(|| is_no("v128, as in `i32x4:1,2,3,4` or `0x…` with 128 bits")),
        ValType::Ref(ty) => reference(store, instance, ty, text),
    }
}

fn reference(
    mut store: impl AsContextMut,
    instance: &Instance,
    ty: &RefType,
    text: &str,
) -> Result<Val, String> {
    if text == "null" {
        return match ty.is_nullable() {
            true => Ok(Val::null_ref(ty.heap_type())),
            false => Err(format!("is not allowed: {ty} is never null")),
        };
    }
    match ty.heap_type() {
        HeapType::Extern => {
            let value = ExternRef::new(store.as_context_mut(), Text(text.to_owned()));
            value
                .map(|value| Val::ExternRef(Some(value)))
                .map_err(|error| format!("cannot be passed: {error:#}"))
        }
        HeapType::Func | HeapType::ConcreteFunc(_) => {
            let func = instance
                .get_func(store.as_context_mut(), text)
                .ok_or("is neither `null` nor an exported function")?;
            match Ref::Func(Some(func)).matches_ty(&store, ty) {
                Ok(true) => Ok(Val::FuncRef(Some(func))),
                _ => Err(format!("is a function of type {}, not a {ty}", func.ty(&store))),
            }
        }
        _ => Err(format!("is not `null`, and a command line has no other {ty}")),
    }
}

/// The bits of an integer that has so many, signed or unsigned.
fn integer(text: &str, bits: u32) -> Option<u64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let magnitude = unsigned(digits)?;
    let most = u128::from(u64::MAX >> (64 - bits));
    match negative {
        false => (magnitude <= most).then_some(magnitude as u64),
        true => (magnitude <= most / 2 + 1).then(|| (magnitude as u64).wrapping_neg() & most as u64),
    }
}

/// Decimal or `0x…`, with underscores between digits.
fn unsigned(text: &str) -> Option<u128> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let starts_with_digit = digits.starts_with(|c: char| c.is_digit(radix));
    starts_with_digit.then(|| u128::from_str_radix(&digits.replace('_', ""), radix).ok())?
}

/// A float of hexadecimal digits, as the text format has them.
fn hexadecimal<F: for<'a> Parse<'a>>(text: &str) -> Option<F> {
    parser::parse(&ParseBuffer::new(text).ok()?).ok()
}

macro_rules! float {
    ($parse:ident $print:ident $float:ident $bits:ident $token:ident) => {
        /// The bits of a float: a number, decimal or as in `0x1.8p-3`, `inf`, `nan` or `nan:0x…` with its payload.
        fn $parse(text: &str) -> Option<$bits> {
            const QUIET: $bits = 1 << ($float::MANTISSA_DIGITS - 2);
            const PAYLOAD: $bits = 2 * QUIET - 1;
            let (sign, magnitude) = match text.strip_prefix('-') {
                Some(magnitude) => (1 << ($bits::BITS - 1), magnitude),
                None => (0, text.strip_prefix('+').unwrap_or(text)),
            };
            let bits = match magnitude.strip_prefix("nan") {
                Some("") => $float::INFINITY.to_bits() | QUIET,
                Some(payload) => {
                    let payload = $bits::try_from(unsigned(payload.strip_prefix(':')?)?).ok()?;
                    (1..=PAYLOAD).contains(&payload).then_some($float::INFINITY.to_bits() | payload)?
                }
                None if magnitude.starts_with("0x") => hexadecimal::<token::$token>(magnitude)?.bits,
                None => {
                    let begins =
                        magnitude == "inf" || magnitude.starts_with(|c: char| c.is_ascii_digit() || c == '.');
                    begins.then(|| $float::from_str(&magnitude.replace('_', "")).ok())??.to_bits()
                }
            };
            Some(sign | bits)
        }

        fn $print(bits: $bits) -> String {
            const QUIET: $bits = 1 << ($float::MANTISSA_DIGITS - 2);
            let float = $float::from_bits(bits);
            if !float.is_nan() {
                // Debug has exponents where the digits would be many.
                let text = format!("{float:?}");
                return text.strip_suffix(".0").map(str::to_owned).unwrap_or(text);
            }
            let sign = if float.is_sign_negative() { "-" } else { "" };
            match bits & (2 * QUIET - 1) {
                QUIET => format!("{sign}nan"),
                payload => format!("{sign}nan:{payload:#x}"),
            }
        }
    };
}

float! { float32 print_float32 f32 u32 F32 }
float! { float64 print_float64 f64 u64 F64 }

/// The bits of a vector: a number of 128 bits, or a shape and its lanes, lane 0 first.
fn vector(text: &str) -> Option<u128> {
    let Some((shape, lanes)) = text.split_once(':') else { return unsigned(text) };
    let lane: fn(&str) -> Option<u64> = match shape {
        "i8x16" => |text| integer(text, 8),
        "i16x8" => |text| integer(text, 16),
        "i32x4" => |text| integer(text, 32),
        "i64x2" => |text| integer(text, 64),
        "f32x4" => |text| float32(text).map(u64::from),
        "f64x2" => float64,
        _ => return None,
    };
    let count: usize = shape.rsplit('x').next()?.parse().ok()?;
    let lanes: Vec<u64> = lanes.split(',').map(|text| lane(text.trim())).collect::<Option<_>>()?;
    let width = 128 / count;
    (lanes.len() == count).then(|| {
        lanes.iter().enumerate().fold(0, |bits, (number, &lane)| bits | u128::from(lane) << (number * width))
    })
}

/// A result as text, on a line of its own.
pub fn result(store: impl AsContextMut, value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => print_float32(*bits),
        Val::F64(bits) => print_float64(*bits),
        Val::V128(vector) => {
            print_lanes("i32x4", (0..4).map(|lane| (vector.as_u128() >> (32 * lane)) as u32))
        }
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            "null".to_owned()
        }
        Val::FuncRef(Some(func)) => func.ty(&store).to_string(),
        Val::ExternRef(Some(value)) => {
            match value.data(&store).ok().flatten().map(|data| data.downcast_ref()) {
                Some(Some(Text(text))) => one_line(text),
                _ => "externref".to_owned(),
            }
        }
        Val::AnyRef(Some(_)) => "anyref".to_owned(),
        Val::ExnRef(Some(_)) => "exnref".to_owned(),
    }
}

fn print_lanes<T: Display + LowerHex>(shape: &str, lanes: impl Iterator<Item = T>) -> String {
    let mut text = format!("{shape}:");
    for (number, lane) in lanes.enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(text, "{comma}{lane:#x}").expect("writing to a string does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_either_sign_fit_or_are_refused() {
        for (text, bits, value) in [
            ("0", 32, 0),
            ("-1", 32, 0xffff_ffff),
            ("4294967295", 32, 0xffff_ffff),
            ("-2147483648", 32, 0x8000_0000),
            ("+0xFf", 32, 255),
            ("-0x80", 8, 0x80),
            ("1_000", 32, 1000),
            ("-1", 64, u64::MAX),
            ("18446744073709551615", 64, u64::MAX),
            ("-9223372036854775808", 64, 1 << 63),
        ] {
            assert_eq!(integer(text, bits), Some(value), "{text}");
        }
        for (text, bits) in [
            ("", 32),
            ("-", 32),
            ("--1", 32),
            ("4294967296", 32),
            ("-2147483649", 32),
            ("256", 8),
            ("-129", 8),
            ("1.0", 32),
            ("0x", 32),
            ("_1", 32),
            ("a", 32),
            ("é", 32),
            ("18446744073709551616", 64),
        ] {
            assert_eq!(integer(text, bits), None, "{text}");
        }
    }

    #[test]
    fn floats_come_back_as_they_went_in() {
        for text in ["0", "-0", "1.5", "-1e30", "inf", "-inf", "nan", "-nan", "nan:0x1", "-nan:0x200001"] {
            assert_eq!(print_float32(float32(text).unwrap()), text);
            assert_eq!(print_float64(float64(text).unwrap()), text);
        }
        for (text, value) in [("0x10", 16.0), ("-0x1.8p-3", -0.1875), ("0x1_0p+4", 256.0), ("0x0.8", 0.5)] {
            assert_eq!(float64(text).map(f64::from_bits), Some(value), "{text}");
            assert_eq!(float32(text).map(f32::from_bits), Some(value as f32), "{text}");
        }
        assert_eq!(float32("nan"), Some(0x7fc0_0000));
        assert_eq!(float64("-nan:0xfffffffffffff"), Some(u64::MAX));
        assert_eq!(print_float32(float32("16777216").unwrap()), "16777216");
        for text in [
            "",
            "-",
            "x",
            "nan:",
            "nan:0",
            "nan:0x800000",
            "infinity",
            "1.5f",
            "+-1",
            "NaN",
            "0x",
            "0x1p",
            "0x1 2",
            "0x1p999",
        ] {
            assert_eq!(float32(text), None, "{text}");
        }
    }

    #[test]
    fn vectors_have_lanes_or_all_bits_at_once() {
        assert_eq!(vector("i32x4:1,2,3,-1"), Some(0xffff_ffff_0000_0003_0000_0002_0000_0001));
        assert_eq!(vector("i64x2:1, 2"), Some(1 | 2 << 64));
        assert_eq!(vector("f64x2:1,-0"), Some(0x8000_0000_0000_0000_3ff0_0000_0000_0000));
        assert_eq!(vector("f32x4:0,0,0,1"), Some(0x3f80_0000 << 96));
        assert_eq!(vector("i16x8:0,0,0,0,0,0,0,0xffff"), Some(0xffff << 112));
        assert_eq!(
            vector("i8x16:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"),
            Some(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100)
        );
        assert_eq!(vector("0xffffffffffffffffffffffffffffffff"), Some(u128::MAX));
        assert_eq!(vector("7"), Some(7));
        for text in ["", "i32x4:", "i32x4:1,2,3", "i32x4:1,2,3,4,5", "i8x16:256", "i32x3:1,2,3", "-1", "x"] {
            assert_eq!(vector(text), None, "{text}");
        }
    }
}
