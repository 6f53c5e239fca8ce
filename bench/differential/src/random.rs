//! Random numbers that depend on nothing but their seed.

/// SplitMix64: small, and good from any seed on.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// As many bytes as asked for.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// A number as code is likely to treat specially, or any: for an integer of `bits` bits.
    pub fn integer(&mut self, bits: u32) -> u64 {
        let random = self.next();
        let most = u64::MAX >> (64 - bits);
        most & match random % 8 {
            0 => 0,
            1 => 1,
            2 => most,
            3 => 1 << (bits - 1),
            4 => most >> 1,
            5 => self.next() % 256,
            _ => self.next(),
        }
    }

    /// The bits of a float of 32 or 64 bits, special ones often among them; NaNs are canonical.
    pub fn float(&mut self, bits: u32) -> u64 {
        let special =
            [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, f64::from(i32::MAX), 0.5];
        let random = self.next();
        let x = match random % 4 {
            0 | 1 => special[(random >> 8) as usize % special.len()],
            2 => (self.next() as i64 >> 40) as f64 / 16.0,
            _ => f64::from_bits(self.next()),
        };
        match bits {
            32 if x.is_nan() => 0x7fc0_0000,
            32 => u64::from((x as f32).to_bits()),
            _ if x.is_nan() => 0x7ff8_0000_0000_0000,
            _ => x.to_bits(),
        }
    }
}
