//! Shuffles: the patterns that one instruction does, and all others.

use super::super::Lower;
use super::*;

/// Lanes of a shuffle; those of the second operand have 16 added.
type Pattern = [u8; 16];

/// An instruction of two vectors that does a shuffle.
#[derive(Clone, Copy)]
enum Match {
    /// With operands in this order, or exchanged.
    Plain(VecOp, bool),
    /// As above, with an immediate.
    Imm(VecOp, u8, bool),
}

impl Lower<'_> {
    pub(super) fn swizzle(&mut self, value: Value, a: Value, lanes: Value) {
        let lanes_inst = *self.func.inst(lanes);
        let dst = self.reg_of(value);
        if lanes_inst.op == Op::ConstVector {
            let a = self.reg(a);
            self.pool_to(Pshufb, dst, a, Constant::Swizzle(lanes_inst.a));
            return;
        }
        let (a, lanes) = (self.reg(a), self.reg(lanes));
        // Sets the top bit of what is 16 or more, and keeps the low four of what is less.
        let lanes = self.pool(Paddusb, lanes, Constant::Splat8(0x70));
        self.step_to(Pshufb, dst, a, lanes);
    }

    pub(super) fn shuffle(&mut self, value: Value, a: Value, b: Value, index: u32) {
        let lanes = self.func.vectors[index as usize].to_le_bytes().map(|lane| lane % 32);
        let dst = self.reg_of(value);
        let single = if a == b || lanes.iter().all(|&lane| lane < 16) {
            Some(a)
        } else if lanes.iter().all(|&lane| lane >= 16) {
            Some(b)
        } else {
            None
        };
        if let Some(a) = single {
            let a = self.reg(a);
            self.shuffle_one(dst, a, lanes.map(|lane| lane % 16), index);
            return;
        }
        if self.is_zero(b) {
            let a = self.reg(a);
            self.pool_to(Pshufb, dst, a, Constant::ShuffleFirst(index));
            return;
        }
        if self.is_zero(a) {
            let b = self.reg(b);
            self.pool_to(Pshufb, dst, b, Constant::ShuffleSecond(index));
            return;
        }
        let (a, b) = (self.reg(a), self.reg(b));
        match match_two(lanes) {
            Some(Match::Plain(op, exchanged)) => {
                let (a, b) = if exchanged { (b, a) } else { (a, b) };
                self.step_to(op, dst, a, b);
            }
            Some(Match::Imm(op, imm, exchanged)) => {
                let (a, b) = if exchanged { (b, a) } else { (a, b) };
                self.mix_to(op, dst, a, b, imm);
            }
            None => {
                let a = self.pool(Pshufb, a, Constant::ShuffleFirst(index));
                let b = self.pool(Pshufb, b, Constant::ShuffleSecond(index));
                self.step_to(Por, dst, a, b);
            }
        }
    }

    fn is_zero(&self, value: Value) -> bool {
        let inst = self.func.inst(value);
        inst.op == Op::ConstVector && self.func.vectors[inst.a as usize] == 0
    }

    /// A shuffle of one vector.
    fn shuffle_one(&mut self, dst: VReg, a: VReg, lanes: Pattern, index: u32) {
        if lanes == IDENTITY {
            self.copy_to(dst, a);
        } else if let Some(imm) = dwords(lanes) {
            self.pick_to(Pshufd, dst, a, imm);
        } else if lanes == [0; 16] && self.settings.features.avx2 {
            self.one_to(Pbroadcastb, dst, a);
        } else if lanes == std::array::from_fn(|at| at as u8 & 1) && self.settings.features.avx2 {
            self.one_to(Pbroadcastw, dst, a);
        } else if let Some(imm) = words(lanes, 0) {
            self.pick_to(Pshuflw, dst, a, imm);
        } else if let Some(imm) = words(lanes, 8) {
            self.pick_to(Pshufhw, dst, a, imm);
        } else if let Some(&(op, _)) = UNPACKS.iter().find(|(_, like)| like.map(|lane| lane % 16) == lanes) {
            self.step_to(op, dst, a, a);
        } else if let Some(count) = rotation(lanes.map(|lane| lane % 16), 16) {
            self.mix_to(Palignr, dst, a, a, count);
        } else {
            self.pool_to(Pshufb, dst, a, Constant::ShuffleBoth(index));
        }
    }
}

const IDENTITY: Pattern = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Interleavings of lanes with so many bytes, from the low or the high half.
const fn unpack(bytes: u8, high: bool) -> Pattern {
    let mut lanes = [0; 16];
    let mut at = 0;
    while at < 16 {
        let (lane, byte) = (at / bytes, at % bytes);
        let first = if high { 8 } else { 0 };
        lanes[at as usize] = first + lane / 2 * bytes + byte + lane % 2 * 16;
        at += 1;
    }
    lanes
}

const UNPACKS: [(VecOp, Pattern); 8] = [
    (Punpcklbw, unpack(1, false)),
    (Punpckhbw, unpack(1, true)),
    (Punpcklwd, unpack(2, false)),
    (Punpckhwd, unpack(2, true)),
    (Punpckldq, unpack(4, false)),
    (Punpckhdq, unpack(4, true)),
    (Punpcklqdq, unpack(8, false)),
    (Punpckhqdq, unpack(8, true)),
];

/// The instruction that does a shuffle of two vectors.
fn match_two(lanes: Pattern) -> Option<Match> {
    for exchanged in [false, true] {
        let lanes = if exchanged { lanes.map(|lane| lane ^ 16) } else { lanes };
        if let Some(&(op, _)) = UNPACKS.iter().find(|(_, like)| *like == lanes) {
            return Some(Match::Plain(op, exchanged));
        }
        if let Some(count) = rotation(lanes, 32) {
            // The first operand is the upper one.
            return Some(Match::Imm(Palignr, count, !exchanged));
        }
        if let Some(imm) = blend(lanes) {
            return Some(Match::Imm(Pblendw, imm, exchanged));
        }
        if let Some(imm) = two_dwords(lanes) {
            return Some(Match::Imm(Shufps, imm, exchanged));
        }
    }
    None
}

/// How far the bytes of a vector, or of two, are rotated; less than one vector.
fn rotation(lanes: Pattern, bytes: u8) -> Option<u8> {
    let first = lanes[0];
    let rotated = lanes.iter().zip(0..).all(|(&lane, at)| lane == (first + at) % bytes);
    (rotated && first < 16).then_some(first)
}

/// Lanes of 16 bits that stay in their place.
fn blend(lanes: Pattern) -> Option<u8> {
    let mut imm = 0;
    for at in 0..8 {
        let word = [lanes[2 * at], lanes[2 * at + 1]];
        let own = [2 * at as u8, 2 * at as u8 + 1];
        if word == own.map(|lane| lane + 16) {
            imm |= 1 << at;
        } else if word != own {
            return None;
        }
    }
    Some(imm)
}

/// The lane of 32 bits that four bytes are.
fn dword(lanes: Pattern, at: usize) -> Option<u8> {
    let first = lanes[4 * at];
    let whole = first.is_multiple_of(4) && (0..4).all(|byte| lanes[4 * at + byte] == first + byte as u8);
    whole.then_some(first / 4)
}

/// `pshufd`'s immediate.
fn dwords(lanes: Pattern) -> Option<u8> {
    let mut imm = 0;
    for at in 0..4 {
        imm |= dword(lanes, at)? << (2 * at);
    }
    Some(imm)
}

/// `shufps`'s: two lanes of the first operand, then two of the second.
fn two_dwords(lanes: Pattern) -> Option<u8> {
    let mut imm = 0;
    for at in 0..4 {
        let lane = dword(lanes, at)?;
        if (lane >= 4) != (at >= 2) {
            return None;
        }
        imm |= (lane % 4) << (2 * at);
    }
    Some(imm)
}

/// The immediate of `pshuflw` (from byte 0) or `pshufhw` (from byte 8).
fn words(lanes: Pattern, from: u8) -> Option<u8> {
    let mut imm = 0;
    for at in 0..8 {
        let (low, high) = (lanes[2 * at], lanes[2 * at + 1]);
        if low % 2 != 0 || high != low + 1 {
            return None;
        }
        let moved = (from..from + 8).contains(&(2 * at as u8));
        if !moved {
            if usize::from(low) != 2 * at {
                return None;
            }
        } else if (from..from + 8).contains(&low) {
            imm |= ((low - from) / 2) << (2 * (at % 4));
        } else {
            return None;
        }
    }
    Some(imm)
}
