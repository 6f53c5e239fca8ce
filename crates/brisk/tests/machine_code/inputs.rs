//! Operands: special ones, ones that nearly are, and any others.

use crate::cases::Case;
use crate::rows::Row;
use brisk_codegen::ir::Ty;

/// A generator of numbers: xorshift64*.
pub struct Random(u64);

impl Random {
    /// Always the same for the same name.
    pub fn new(name: &str) -> Random {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Random(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn vector(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() >> 33) as usize % count
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const FLOATS: [f64; 24] = [
    0.0,
    0.5,
    1.0,
    1.5,
    2.5,
    0.999_999_9,
    127.0,
    255.5,
    32_767.5,
    65_535.5,
    65_536.0,
    8_388_609.0,
    16_777_217.0,
    2_147_483_520.0,
    2_147_483_647.0,
    2_147_483_648.0,
    2_147_483_649.0,
    4_294_967_040.0,
    4_294_967_295.0,
    4_294_967_296.0,
    9_223_372_036_854_775_807.0,
    18_446_744_073_709_551_615.0,
    1e300,
    f64::INFINITY,
];

fn small(random: &mut Random, bits: u32) -> u64 {
    // A power of two, or one less, or one more, or its complement.
    let power = 1_u64 << random.below(bits as usize);
    let near = power.wrapping_add([0, 1, u64::MAX][random.below(3)]);
    if random.below(2) == 0 { near } else { !near }
}

fn single(random: &mut Random) -> u32 {
    let nans = [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffa0_0000, 0x7fff_ffff];
    match random.below(6) {
        0 => random.one_of(&nans),
        1 => random.one_of(&[1, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff]) | random.one_of(&[0, 1 << 31]),
        2 => random.next() as u32,
        3 => (random.next() as i32 as f32 / 64.0).to_bits(),
        _ => (random.one_of(&FLOATS) as f32).to_bits() ^ random.one_of(&[0, 1 << 31]),
    }
}

fn double(random: &mut Random) -> u64 {
    let nans = [0x7ff8 << 48, 0xfff8 << 48, (0x7ff0 << 48) | 1, 0xfff4 << 48, u64::MAX >> 1];
    match random.below(6) {
        0 => random.one_of(&nans),
        1 => random.one_of(&[1, (1 << 52) - 1, 1 << 52, (0x7ff0 << 48) - 1]) | random.one_of(&[0, 1 << 63]),
        2 => random.next(),
        3 => (random.next() as i64 as f64 / 4096.0).to_bits(),
        _ => random.one_of(&FLOATS).to_bits() ^ random.one_of(&[0, 1 << 63]),
    }
}

/// A value of a type, often a special one.
pub fn special(ty: Ty, random: &mut Random) -> u128 {
    match ty {
        Ty::I32 => match random.below(4) {
            0 => random.next() as u32,
            1 => random.below(70) as u32,
            _ => small(random, 32) as u32,
        }
        .into(),
        Ty::I64 => match random.below(4) {
            0 => random.next(),
            1 => random.below(70) as u64,
            _ => small(random, 64),
        }
        .into(),
        Ty::F32 => single(random).into(),
        Ty::F64 => double(random).into(),
        _ => vector(random),
    }
}

fn vector(random: &mut Random) -> u128 {
    let mut lanes = |bits: u32, lane: &mut dyn FnMut(&mut Random) -> u64| {
        (0..128 / bits).fold(0, |vector, at| vector | u128::from(lane(random)) << (at * bits))
    };
    let kind = lanes(64, &mut |random| random.next()) % 9;
    match kind {
        0 => lanes(8, &mut |random| random.one_of(&[0, 1, 0x7f, 0x80, 0x81, 0xff, 15, 16])),
        1 => lanes(16, &mut |random| small(random, 16) & 0xffff),
        2 => lanes(32, &mut |random| small(random, 32) & 0xffff_ffff),
        3 => lanes(64, &mut |random| small(random, 64)),
        4 => lanes(8, &mut |random| random.one_of(&[0, 0xff])),
        5 | 6 => lanes(32, &mut |random| single(random).into()),
        7 => lanes(64, &mut |random| double(random)),
        _ => lanes(64, &mut |random| random.next()),
    }
}

/// Operands for a case.
pub struct Inputs {
    types: Vec<Ty>,
    random: Random,
    count: usize,
    last: Vec<u128>,
}

impl Inputs {
    pub fn new(row: &Row, case: &Case) -> Inputs {
        let types = row.operands();
        let free = case.constants[..types.len()].iter().filter(|constant| constant.is_none()).count();
        let plain = case.constants == [None; 4] && row.lanes() == (1, false);
        let count = if free == 0 {
            1
        } else if plain {
            1500
        } else {
            60
        };
        Inputs { types, random: Random::new(&format!("{} {case:?}", row.name)), count, last: Vec::new() }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// The next operands. Every now and then two are equal, or one is the last one again.
    pub fn next(&mut self) -> Vec<u128> {
        let random = &mut self.random;
        let mut operands: Vec<u128> = self.types.iter().map(|&ty| special(ty, random)).collect();
        if operands.len() > 1 && self.types[0] == self.types[1] {
            match random.below(8) {
                0 => operands[1] = operands[0],
                1 if !self.last.is_empty() => operands[0] = self.last[0],
                // Some lanes are equal.
                2 if self.types[0] == Ty::V128 => {
                    let mask =
                        (0..16).fold(0, |mask, at| mask | (random.next() as u128 % 2 * 255) << (at * 8));
                    operands[1] = operands[1] & mask | operands[0] & !mask;
                }
                _ => {}
            }
        }
        self.last.clone_from(&operands);
        operands
    }
}
