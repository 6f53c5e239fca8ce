//! Reciprocals of constants, by which quotients are products and shifts (Hacker's Delight, chapter 10).

use crate::ir::Ty;

/// A constant that a product and shifts divide by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Divisor {
    /// Without its sign.
    pub magnitude: u64,
    /// Its sign.
    pub negative: bool,
}

impl Divisor {
    /// From the bits of an integer of a type. `None` if the division is left to the machine's instruction.
    pub fn of(ty: Ty, signed: bool, bits: u64) -> Option<Divisor> {
        let value = if ty == Ty::I32 { i64::from(bits as i32) } else { bits as i64 };
        let least = if ty == Ty::I32 { i64::from(i32::MIN) } else { i64::MIN };
        let divisor = match signed {
            true => Divisor { magnitude: value.unsigned_abs(), negative: value < 0 },
            false => Divisor { magnitude: bits, negative: false },
        };
        // A power of two without a sign is a shift already, by the builder.
        let is_plain = if signed { value != least } else { !bits.is_power_of_two() };
        (divisor.magnitude >= 2 && is_plain).then_some(divisor)
    }
}

/// How an unsigned integer is divided by a constant that is no power of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Unsigned {
    /// The factor. Of 32 bits it may have 33; where `add` is set, the bit above is left out.
    pub magic: u64,
    /// The high half of the product, with the dividend added if `add` is set, is shifted right so far.
    pub shift: u8,
    /// Whether the dividend is added.
    pub add: bool,
}

impl Unsigned {
    /// The reciprocal of `d` for integers of 32 or 64 bits.
    pub fn of(bits: u32, d: u64) -> Unsigned {
        let log = 63 - d.leading_zeros();
        // ceil(2^(bits + log) / d) is exact if the error is small; else one bit more is.
        let power = 1_u128 << (bits + log);
        let (floor, rest) = (power / u128::from(d), power % u128::from(d));
        let fits = u128::from(d) - rest <= 1 << log && floor < u128::from(u64::MAX);
        if fits {
            return Unsigned { magic: floor as u64 + 1, shift: log as u8, add: false };
        }
        let magic = 2 * floor + u128::from(2 * rest >= u128::from(d)) + 1;
        let mask = if bits == 32 { u64::from(u32::MAX) } else { u64::MAX };
        Unsigned { magic: magic as u64 & mask, shift: log as u8 + 1, add: true }
    }
}

/// How a signed integer is divided by a constant that is no power of two: the high half of the product is shifted right
/// arithmetically, and one is added if the dividend is negative.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Signed {
    /// The factor, below 2^bits.
    pub magic: u64,
    /// How far.
    pub shift: u8,
}

impl Signed {
    /// The reciprocal of a magnitude for integers of 32 or 64 bits.
    pub fn of(bits: u32, magnitude: u64) -> Signed {
        let log = 63 - magnitude.leading_zeros();
        Signed { magic: ((1_u128 << (bits + log)) / u128::from(magnitude)) as u64 + 1, shift: log as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_are_right() {
        let interesting = |bits: u32| {
            let top = if bits == 32 { u64::from(u32::MAX) } else { u64::MAX };
            let mut all: Vec<u64> = (1..300).chain((0..bits).map(|bit| 1 << bit)).collect();
            all.extend((1..bits).flat_map(|bit| [(1 << bit) - 1, (1 << bit) + 1]));
            all.extend(
                (0..20).flat_map(|n| [top - n, top / 2 - n, top / 2 + n, top / 3 * 2 + n, top / 7 * 4 + n]),
            );
            all
        };
        for bits in [32, 64] {
            for d in interesting(bits).into_iter().filter(|d| !d.is_power_of_two()) {
                let Unsigned { magic, shift, add } = Unsigned::of(bits, d);
                for n in interesting(bits).into_iter().chain([0, d - 1, d]) {
                    let high = (u128::from(magic) * u128::from(n)) >> bits;
                    let sum = high + if add { u128::from(n) } else { 0 };
                    assert_eq!((sum >> shift) as u64, n / d, "{n} / {d}");
                }
                if d < 1 << (bits - 1) {
                    let Signed { magic, shift } = Signed::of(bits, d);
                    for n in interesting(bits) {
                        let n = if bits == 32 { i64::from(n as i32) } else { n as i64 };
                        let high = (i128::from(magic) * i128::from(n)) >> bits;
                        let quotient = (high >> shift) as i64 + i64::from(n < 0);
                        assert_eq!(quotient, n.wrapping_div(d as i64), "{n} / {d}");
                    }
                }
            }
        }
    }
}
