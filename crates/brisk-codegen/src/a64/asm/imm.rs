//! Immediates that only some numbers can be.

use super::operand::Size;

/// An immediate of additions: 12 bits, or 12 bits above 12 zeros.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AddImm {
    /// The bits 22 to 10 of the instruction.
    field: u16,
}

impl AddImm {
    /// Zero.
    pub const ZERO: AddImm = AddImm { field: 0 };

    /// The immediate of a number, if it is one.
    pub const fn new(value: u64) -> Option<AddImm> {
        if value < 1 << 12 {
            Some(AddImm { field: value as u16 })
        } else if value < 1 << 24 && value & 0xfff == 0 {
            Some(AddImm { field: 1 << 12 | (value >> 12) as u16 })
        } else {
            None
        }
    }

    /// The number.
    pub const fn value(self) -> u32 {
        ((self.field & 0xfff) as u32) << if self.field >> 12 != 0 { 12 } else { 0 }
    }

    pub(super) const fn bits(self) -> u32 {
        (self.field as u32) << 10
    }
}

/// An immediate of logic operations: a run of ones, rotated, in each element of 2, 4, 8, 16, 32 or 64
/// bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogicImm {
    /// N, immr, imms: the bits 22 to 10 of the instruction.
    field: u16,
}

impl LogicImm {
    /// The immediate of a number for an operation of a size, if it is one. Of 32 bits only the lower half
    /// counts.
    pub const fn new(size: Size, value: u64) -> Option<LogicImm> {
        let value = match size {
            Size::B64 => value,
            _ => (value as u32 as u64) << 32 | value as u32 as u64,
        };
        if value == 0 || value == u64::MAX {
            return None;
        }
        // The smallest element that repeats.
        let mut bits = 64;
        while bits > 2 {
            let half = bits / 2;
            let mask = (1 << half) - 1;
            if value & mask != (value >> half) & mask {
                break;
            }
            bits = half;
        }
        let mask = u64::MAX >> (64 - bits);
        let element = value & mask;
        let ones = element.count_ones();
        // Where the run begins: a run that wraps is one of zeros, which ends there.
        let first = if element & 1 == 0 {
            element.trailing_zeros()
        } else {
            let zeros = !element & mask;
            (zeros.trailing_zeros() + (bits - ones)) % bits
        };
        let run = (1u64 << (ones - 1) << 1).wrapping_sub(1);
        let rotated = if first == 0 { run } else { run << first | run >> (bits - first) };
        if rotated & mask != element {
            return None;
        }
        let rotate = (bits - first) % bits;
        let imms = (bits * 2).wrapping_neg() & 0x3f | (ones - 1);
        let wide = (bits == 64) as u32;
        Some(LogicImm { field: (wide << 12 | rotate << 6 | imms) as u16 })
    }

    pub(super) const fn bits(self) -> u32 {
        (self.field as u32) << 10
    }
}

/// An immediate of floats: a sign, three bits of exponent, four of fraction, so that its magnitude is from
/// 0.125 to 31. There is no 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FloatImm(u8);

impl FloatImm {
    /// The immediate of a float of a size by its bits, if it is one.
    pub const fn new(float: Size, bits: u64) -> Option<FloatImm> {
        // Below the fraction all is zeros; the exponent's first bit is the opposite of all that follow but two.
        let (total, top) = match float {
            Size::B64 => (64, 0x100),
            _ => (32, 0x20),
        };
        let fraction_at = if total == 64 { 48 } else { 19 };
        if bits & ((1 << fraction_at) - 1) != 0 {
            return None;
        }
        let repeated = bits >> (fraction_at + 6) & (2 * top - 1);
        let repeats = (repeated == top - 1) as u64;
        if repeats == 0 && repeated != top {
            return None;
        }
        let sign = bits >> (total - 1) & 1;
        Some(FloatImm((sign << 7 | repeats << 6 | bits >> fraction_at & 0x3f) as u8))
    }

    pub(super) const fn bits(self) -> u32 {
        self.0 as u32
    }
}

/// What `movi`, `mvni` and `fmov` can put into a whole vector register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VecImm {
    /// The instruction without its register.
    word: u32,
}

impl VecImm {
    /// The immediate of a vector, if it is one.
    pub const fn new(value: u128) -> Option<VecImm> {
        let half = value as u64;
        if half != (value >> 64) as u64 {
            return None;
        }
        // Each byte all zeros or all ones: `movi v.2d`.
        let ones = half & 0x0101_0101_0101_0101;
        if ones * 0xff == half {
            // The lowest bits of the bytes come together in the top byte.
            let imm8 = ones.wrapping_mul(0x0102_0408_1020_4080) >> 56;
            return Some(VecImm::of(0x6f00_e400, imm8 as u32));
        }
        let word = half as u32;
        if word != (half >> 32) as u32 {
            // `fmov v.2d`
            if let Some(FloatImm(imm8)) = FloatImm::new(Size::B64, half) {
                return Some(VecImm::of(0x6f00_f400, imm8 as u32));
            }
            return None;
        }
        let byte = word & 0xff;
        if word == byte * 0x0101_0101 {
            return Some(VecImm::of(0x4f00_e400, byte));
        }
        let short = word & 0xffff;
        if word >> 16 == short {
            // A byte of each 16 bits.
            return match (short & 0xff, short >> 8) {
                (low, 0) => Some(VecImm::of(0x4f00_8400, low)),
                (0, high) => Some(VecImm::of(0x4f00_a400, high)),
                (low, 0xff) => Some(VecImm::of(0x6f00_8400, low ^ 0xff)),
                (0xff, high) => Some(VecImm::of(0x6f00_a400, high ^ 0xff)),
                _ => None,
            };
        }
        // A byte of each 32 bits, the others zeros (`movi`) or ones (`mvni`).
        let mut invert = 0;
        while invert < 2 {
            let (bits, op) = if invert == 0 { (word, 0x4f00_0400) } else { (!word, 0x6f00_0400) };
            let mut nth = 0;
            while nth < 4 {
                if bits & !(0xff << (8 * nth)) == 0 {
                    return Some(VecImm::of(op | nth << 13, bits >> (8 * nth)));
                }
                nth += 1;
            }
            // Ones shifted in below it.
            if bits & 0xff == 0xff && bits >> 16 == 0 {
                return Some(VecImm::of(op | 0xc000, bits >> 8));
            }
            if bits & 0xffff == 0xffff && bits >> 24 == 0 {
                return Some(VecImm::of(op | 0xd000, bits >> 16));
            }
            invert += 1;
        }
        if let Some(FloatImm(imm8)) = FloatImm::new(Size::B32, word as u64) {
            return Some(VecImm::of(0x4f00_f400, imm8 as u32));
        }
        None
    }

    const fn of(word: u32, imm8: u32) -> VecImm {
        VecImm { word: word | (imm8 >> 5) << 16 | (imm8 & 31) << 5 }
    }

    pub(super) const fn bits(self) -> u32 {
        self.word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// All of them, made from the definition: of 5334 there are no more.
    #[test]
    fn logic_immediates_are_the_runs() {
        let mut all = HashSet::new();
        for bits in [2, 4, 8, 16, 32, 64] {
            for ones in 1..bits {
                for rotate in 0..bits {
                    let run = (1u128 << ones) - 1;
                    let run = (run << (bits - rotate) | run >> rotate) & ((1 << bits) - 1);
                    let value = (0..64 / bits).fold(0, |value, nth| value | (run as u64) << (nth * bits));
                    all.insert(value);
                    let imm = LogicImm::new(Size::B64, value).expect("it is one");
                    let (n, immr, imms) = (imm.field >> 12, imm.field >> 6 & 63, imm.field & 63);
                    // As the manual decodes it.
                    let len = 15 - ((n << 6 | !imms & 63).leading_zeros() as i32);
                    assert_eq!(1 << len, decoded_bits(value), "{value:#x}");
                    let mask = (1u16 << len) - 1;
                    let (s, r) = (u32::from(imms & mask), u32::from(immr & mask));
                    let esize = 1u32 << len;
                    let welem = (1u128 << (s + 1)) - 1;
                    let elem = (welem >> r | welem << (esize - r)) & ((1u128 << esize) - 1);
                    let again = (0..64 / esize).fold(0, |again, nth| again | (elem as u64) << (nth * esize));
                    assert_eq!(again, value);
                }
            }
        }
        assert_eq!(all.len(), 5334);
        let mut state = 1u64;
        for _ in 0..200_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = state & state.rotate_left(9) & state.rotate_left(23);
            for value in [state, value, !value, value & 0xffff_ffff] {
                assert_eq!(LogicImm::new(Size::B64, value).is_some(), all.contains(&value), "{value:#x}");
                let twice = value << 32 | value & 0xffff_ffff;
                assert_eq!(LogicImm::new(Size::B32, value).is_some(), all.contains(&twice), "{value:#x}");
            }
        }
    }

    fn decoded_bits(value: u64) -> i32 {
        *[2, 4, 8, 16, 32, 64]
            .iter()
            .find(|&&bits| value.rotate_left(bits as u32) == value)
            .expect("64 bits turned by 64 are the same")
    }

    #[test]
    fn add_immediates() {
        assert_eq!(AddImm::new(0).map(AddImm::value), Some(0));
        assert_eq!(AddImm::new(4095).map(AddImm::value), Some(4095));
        assert_eq!(AddImm::new(4096).map(AddImm::value), Some(4096));
        assert_eq!(AddImm::new(4097), None);
        assert_eq!(AddImm::new(0xff_f000).map(AddImm::value), Some(0xff_f000));
        assert_eq!(AddImm::new(0x100_0000), None);
        assert_eq!(AddImm::new(u64::MAX), None);
    }
}
