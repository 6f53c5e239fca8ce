//! In how many ways an instruction is tried.

use crate::inputs::{Random, special};
use crate::rows::{Outcome, Row};
use brisk_codegen::ir::Ty;

/// What becomes of the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// It is stored.
    Value,
    /// It chooses between two constants.
    Condition,
    /// As above, inverted.
    Inverted,
    /// It chooses between two floats.
    Floats,
}

/// One way.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    /// Lane or lanes.
    pub imm: u128,
    /// Constants that stand for operands.
    pub constants: [Option<u128>; 4],
    /// Whether all operands of the first one's type are the first one.
    pub same: bool,
    /// Whether operands are needed afterwards.
    pub kept: bool,
    /// Whether more values than there are registers come and go between the loads and the instruction.
    pub crowded: bool,
    /// Whether less than a type's width is loaded, with zeros above, and less of an integer is stored.
    pub narrow: bool,
    pub used: Use,
}

/// What a condition chooses from.
pub const CHOICE: [u64; 2] = [0x1234_5678_9abc_def0, 0x0fed_cba9_8765_4321];

impl Case {
    /// The result, given operands as they stand in memory.
    pub fn expected(&self, row: &Row, operands: &[u128]) -> Outcome {
        let types = row.operands();
        let mut operands = operands.to_vec();
        for nth in 0..operands.len() {
            if self.same && types[nth] == types[0] {
                operands[nth] = operands[0];
            }
            if let Some(bits) = self.constants[nth] {
                operands[nth] = bits;
            }
            if self.narrow {
                operands[nth] &= row.narrow(types[nth]).1;
            }
        }
        let mut results = (row.eval)(&operands, self.imm)?;
        for (result, ty) in results.iter_mut().zip(row.results) {
            if self.narrow && ty.is_int() {
                *result &= row.narrow(*ty).1;
            }
        }
        let choice = |holds: bool| Ok(vec![u128::from(CHOICE[usize::from(!holds)])]);
        match self.used {
            Use::Value => Ok(results),
            Use::Condition | Use::Floats => choice(results[0] as u32 != 0),
            Use::Inverted => choice(results[0] as u32 == 0),
        }
    }
}

/// All ways to try an instruction.
pub fn cases(row: &Row) -> Vec<Case> {
    let types = row.operands();
    let (lanes, shuffle) = row.lanes();
    let mut random = Random::new(row.name);
    let plain = Case {
        imm: 0,
        constants: [None; 4],
        same: false,
        kept: false,
        crowded: false,
        narrow: false,
        used: Use::Value,
    };
    let mut imms: Vec<u128> = (0..u128::from(lanes)).collect();
    if shuffle {
        imms = patterns(&mut random);
    }
    let mut cases = Vec::new();
    for imm in imms {
        let plain = Case { imm, ..plain.clone() };
        cases.push(plain.clone());
        cases.push(Case { kept: true, ..plain.clone() });
        cases.push(Case { crowded: true, ..plain.clone() });
        cases.push(Case { crowded: true, kept: true, ..plain.clone() });
        if types.iter().chain(row.results).any(|&ty| ty.is_int() || ty == Ty::V128) {
            cases.push(Case { narrow: true, ..plain.clone() });
        }
        if types.len() > 1 && types[1..].contains(&types[0]) {
            cases.push(Case { same: true, ..plain.clone() });
        }
        if row.results == [Ty::I32] {
            cases.push(Case { used: Use::Condition, ..plain.clone() });
            cases.push(Case { used: Use::Inverted, ..plain.clone() });
            cases.push(Case { used: Use::Floats, ..plain.clone() });
        }
        if shuffle {
            for nth in 0..2 {
                let mut constants = [None; 4];
                constants[nth] = Some(0);
                cases.push(Case { constants, ..plain.clone() });
            }
            continue;
        }
        for nth in 0..types.len() {
            let mut chosen: Vec<u128> = (0..6).map(|_| special(types[nth], &mut random)).collect();
            chosen.push(0);
            if types[nth] == Ty::V128 {
                chosen.push(u128::MAX);
            }
            if nth == 1 && row.shifts() {
                chosen.extend(0..66);
            }
            chosen.sort_unstable();
            chosen.dedup();
            for bits in chosen {
                let mut constants = [None; 4];
                constants[nth] = Some(bits);
                cases.push(Case { constants, ..plain.clone() });
                if row.results == [Ty::I32] && row.params.len() > 1 {
                    cases.push(Case { constants, used: Use::Condition, ..plain.clone() });
                }
            }
        }
    }
    cases
}

/// Lanes of shuffles: what has an instruction of its own, what nearly has, and others.
fn patterns(random: &mut Random) -> Vec<u128> {
    let mut patterns: Vec<[u8; 16]> = Vec::new();
    let at = |f: &dyn Fn(u8) -> u8| std::array::from_fn(|lane| f(lane as u8));
    for count in 0..32 {
        patterns.push(at(&|lane| (lane + count) % 32));
        patterns.push(at(&|lane| (lane + count) % 16));
        patterns.push(at(&|_| count));
    }
    for bytes in [1, 2, 4, 8] {
        for first in [0, 8] {
            for second in [0, 16] {
                let zip =
                    |lane: u8| first + lane / bytes / 2 * bytes + lane % bytes + lane / bytes % 2 * 16 % 32;
                patterns.push(at(&|lane| zip(lane) ^ second));
                patterns.push(at(&|lane| zip(lane) % 16 + second));
            }
        }
        // Reversed, even and odd lanes.
        patterns.push(at(&|lane| (15 - lane) / bytes * bytes + lane % bytes));
        for odd in [0, bytes] {
            patterns.push(at(&|lane| lane / bytes * bytes * 2 % 32 + odd + lane % bytes));
            for second in [0, 16] {
                // The first, or the second, of each pair of both.
                let pairs = |lane: u8| {
                    let pair = lane / (2 * bytes) * 2 * bytes;
                    pair + odd + lane % bytes + lane / bytes % 2 * 16
                };
                patterns.push(at(&|lane| pairs(lane) ^ second));
                patterns.push(at(&|lane| pairs(lane) % 16 + second));
            }
        }
        // Parts turned around, one lane from elsewhere.
        for part in [2, 4, 8].into_iter().filter(|&part| part > bytes) {
            patterns.push(at(&|lane| lane ^ (part - bytes)));
            patterns.push(at(&|lane| (lane ^ (part - bytes)) + 16));
        }
        for (to, from) in [(0, 16 - bytes), (16 - bytes, 0), (0, 16), (16 - bytes, 16), (0, 32 - bytes)] {
            let moved = |lane: u8| if lane / bytes * bytes == to { from + lane % bytes } else { lane };
            patterns.push(at(&moved));
            patterns.push(at(&|lane| moved(lane) ^ 16));
        }
    }
    for _ in 0..12 {
        let bits = random.next();
        // Blends, then lanes of 32 and 16 bits from anywhere, then bytes.
        patterns.push(at(&|lane| lane + (bits >> lane & 1) as u8 * 16));
        patterns.push(at(&|lane| lane + (bits >> (lane / 2) & 1) as u8 * 16));
        patterns.push(at(&|lane| (bits >> (lane / 4 * 3) & 7) as u8 * 4 + lane % 4));
        patterns.push(at(&|lane| {
            let half = if lane < 8 { 0 } else { 16 };
            half + (bits >> (lane / 4 * 2) & 3) as u8 * 4 + lane % 4
        }));
        patterns.push(at(&|lane| (bits >> (lane / 4 * 2) & 3) as u8 * 4 + lane % 4));
        patterns.push(at(&|lane| (bits >> (lane / 2 * 4) & 15) as u8 * 2 + lane % 2));
        for moved in [0, 8] {
            patterns.push(at(&|lane| {
                let inside = (moved..moved + 8).contains(&lane);
                if inside { moved + (bits >> (lane / 2 * 2) & 3) as u8 * 2 + lane % 2 } else { lane }
            }));
        }
        let bytes = random.vector().to_le_bytes();
        patterns.push(bytes.map(|lane| lane % 32));
        patterns.push(bytes.map(|lane| lane % 16));
        patterns.push(bytes.map(|lane| lane % 16 + 16));
    }
    let mut patterns: Vec<u128> = patterns.into_iter().map(u128::from_le_bytes).collect();
    patterns.sort_unstable();
    patterns.dedup();
    patterns
}
