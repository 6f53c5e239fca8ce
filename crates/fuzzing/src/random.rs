//! Numbers that depend on nothing but a seed.

/// A generator of numbers (splitmix64, after Steele, Lea and Flood).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound.max(1)
    }

    /// One of `choices`.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// So many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.number().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    /// An integer, more often than not one at which something changes.
    pub fn integer(&mut self) -> u64 {
        match self.below(4) {
            0 => self.number(),
            1 => self.below(256),
            2 => (self.below(5) as i64 - 2) as u64,
            _ => {
                let power = 1u64.wrapping_shl(self.below(64) as u32);
                power.wrapping_add((self.below(3) as i64 - 1) as u64)
            }
        }
    }

    /// The bits of an `f32`, more often than not a special one.
    pub fn f32(&mut self) -> u32 {
        const SPECIAL: [f32; 12] = [
            0.0,
            -0.0,
            1.0,
            -1.5,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MIN_POSITIVE,
            f32::MAX,
            2147483648.0,
            4294967296.0,
            9223372036854775808.0,
            1e-40,
        ];
        match self.below(4) {
            0 => self.number() as u32,
            // NaNs: canonical, with a payload, signalling.
            1 => self.choose(&[0x7fc0_0000, 0xffc0_0000, 0x7fc0_1234, 0x7fa0_0000, 0xff80_0001]),
            _ => self.choose(&SPECIAL).to_bits(),
        }
    }

    /// The bits of an `f64`, more often than not a special one.
    pub fn f64(&mut self) -> u64 {
        match self.below(4) {
            0 => self.number(),
            1 => self.choose(&[
                0x7ff8_0000_0000_0000,
                0xfff8_0000_0000_0000,
                0x7ff8_0000_0000_1234,
                0x7ff4 << 48,
            ]),
            2 => self.choose(&[-0.5f64, 4294967295.5, 18446744073709551616.0, f64::MAX, 5e-324]).to_bits(),
            _ => f64::from(f32::from_bits(self.f32())).to_bits(),
        }
    }
}
