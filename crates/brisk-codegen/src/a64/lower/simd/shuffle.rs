//! Shuffles: the patterns that one instruction does, and all others.

use super::*;

/// Bytes of a shuffle; those of the second operand have 16 added.
type Pattern = [u8; 16];

/// An instruction that does a shuffle. Of two operands, `true` says that they are exchanged.
#[derive(Clone, Copy)]
enum Match {
    /// Nothing: the first operand, or the second.
    Copy(bool),
    /// One lane of an operand to all.
    Dup(Arr, u8, bool),
    /// Lanes of one operand.
    One(VecOp, Arr, bool),
    /// Lanes of both.
    Two(VecOp, Arr, bool),
    /// The same with one operand for both.
    Both(VecOp, Arr, bool),
    /// Bytes of both, one behind the other.
    Ext(u8, bool),
    /// Bytes of one operand, turned around.
    ExtBoth(u8, bool),
    /// The first with one lane from the second, or the other way round; from the same, if `own`.
    Insert { width: Lane, lane: u8, from: u8, exchanged: bool, own: bool },
}

impl Lower<'_> {
    pub(super) fn swizzle(&mut self, value: Value, a: Value, lanes: Value) {
        let (dst, a, lanes) = (self.reg_of(value), self.reg(a), self.reg(lanes));
        self.other3_to(SimdInst::Table, dst, a, lanes);
    }

    pub(super) fn shuffle(&mut self, value: Value, a: Value, b: Value, index: u32) {
        let lanes = self.func.vectors[index as usize].to_le_bytes().map(|lane| lane % 32);
        let dst = self.reg_of(value);
        let lanes = if a == b { lanes.map(|lane| lane % 16) } else { lanes };
        if let Some(found) = find(lanes, a == b) {
            return self.matched(dst, a, b, found);
        }
        let (source, indices) = if lanes.iter().all(|&lane| lane < 16) {
            (a, Constant::ShuffleBoth(index))
        } else if lanes.iter().all(|&lane| lane >= 16) {
            (b, Constant::ShuffleBoth(index))
        } else if self.is_zero(b) {
            (a, Constant::ShuffleFirst(index))
        } else if self.is_zero(a) {
            (b, Constant::ShuffleSecond(index))
        } else {
            let (a, b) = (self.reg(a), self.reg(b));
            let indices = self.fixed(Constant::Shuffle(index));
            let ops = Ops::new().with(def(dst)).with(used(a)).with(used(b)).with(used(indices));
            return self.push(Inst::Simd(SimdInst::Table2), ops);
        };
        let source = self.reg(source);
        let indices = self.fixed(indices);
        self.other3_to(SimdInst::Table, dst, source, indices);
    }

    fn matched(&mut self, dst: VReg, a: Value, b: Value, found: Match) {
        let order = |exchanged: bool| if exchanged { (b, a) } else { (a, b) };
        match found {
            Match::Copy(exchanged) => {
                let src = self.reg(order(exchanged).0);
                self.copy_to(dst, src);
            }
            Match::Dup(arr, lane, exchanged) => {
                let src = self.reg(order(exchanged).0);
                self.other2_to(SimdInst::Dup(arr, lane), dst, src);
            }
            Match::One(op, arr, exchanged) => {
                let src = self.reg(order(exchanged).0);
                self.step2_to(op, arr, dst, src);
            }
            Match::Two(op, arr, exchanged) => {
                let (a, b) = order(exchanged);
                let (a, b) = (self.reg(a), self.reg(b));
                self.step3_to(op, arr, dst, a, b);
            }
            Match::Both(op, arr, exchanged) => {
                let src = self.reg(order(exchanged).0);
                self.step3_to(op, arr, dst, src, src);
            }
            Match::Ext(bytes, exchanged) => {
                let (a, b) = order(exchanged);
                let (a, b) = (self.reg(a), self.reg(b));
                self.other3_to(SimdInst::Ext(bytes), dst, a, b);
            }
            Match::ExtBoth(bytes, exchanged) => {
                let src = self.reg(order(exchanged).0);
                self.other3_to(SimdInst::Ext(bytes), dst, src, src);
            }
            Match::Insert { width, lane, from, exchanged, own } => {
                let (a, b) = order(exchanged);
                let into = self.reg(a);
                let src = if own { into } else { self.reg(b) };
                self.other_change_to(SimdInst::Insert(width, lane, from), dst, into, src);
            }
        }
    }
}

/// The instruction that does a shuffle, of one vector twice or of two.
fn find(lanes: Pattern, same: bool) -> Option<Match> {
    // Widest first: what is moved by lanes of 64 bits can be by smaller ones.
    for log2 in (0..4u32).rev() {
        let Some((pattern, count)) = by_lanes(lanes, log2) else { continue };
        let found = of_lanes(&pattern[..count], log2, same);
        if found.is_some() {
            return found;
        }
    }
    extract(lanes, same)
}

/// The shuffle by lanes of `1 << log2` bytes, if it is one.
fn by_lanes(lanes: Pattern, log2: u32) -> Option<(Pattern, usize)> {
    let (bytes, count) = (1 << log2, 16 >> log2);
    let mut pattern = [0; 16];
    for at in 0..count {
        let first = lanes[at * bytes];
        let whole = (0..bytes).all(|byte| lanes[at * bytes + byte] == first + byte as u8);
        if !whole || !usize::from(first).is_multiple_of(bytes) {
            return None;
        }
        pattern[at] = first >> log2;
    }
    Some((pattern, count))
}

/// The instruction that does a shuffle by lanes of `1 << log2` bytes.
fn of_lanes(pattern: &[u8], log2: u32, same: bool) -> Option<Match> {
    let count = pattern.len() as u8;
    let arr = Arr::ALL[log2 as usize * 2 + 1];
    if pattern.iter().all(|&lane| lane == pattern[0]) {
        return Some(Match::Dup(arr, pattern[0] % count, pattern[0] >= count));
    }
    let is = |wanted: &dyn Fn(u8) -> u8| {
        (0..count).zip(pattern).all(|(at, &lane)| {
            let wanted = wanted(at);
            lane == if same { wanted % count } else { wanted }
        })
    };
    for exchanged in [false, true] {
        let base = if exchanged { count } else { 0 };
        if is(&|at| base + at) {
            return Some(Match::Copy(exchanged));
        }
        // Lanes in reverse, in parts of 64, 32 and 16 bits.
        for (op, part) in [(V::Rev64, 3), (V::Rev32, 2), (V::Rev16, 1)] {
            if log2 < part && is(&|at| base + (at ^ ((1 << (part - log2)) - 1))) {
                return Some(Match::One(op, arr, exchanged));
            }
        }
        // The second of each pair comes from the other operand.
        let (first, second) = if exchanged { (count, 0) } else { (0, count) };
        let of = |at: u8| if at.is_multiple_of(2) { first } else { second };
        let half = count / 2;
        let twos: [(VecOp, &dyn Fn(u8) -> u8); 6] = [
            (V::Zip1, &|at| of(at) + at / 2),
            (V::Zip2, &|at| of(at) + half + at / 2),
            (V::Trn1, &|at| of(at) + at / 2 * 2),
            (V::Trn2, &|at| of(at) + at / 2 * 2 + 1),
            (V::Uzp1, &|at| if at < half { first + 2 * at } else { second + 2 * (at - half) }),
            (V::Uzp2, &|at| if at < half { first + 2 * at + 1 } else { second + 2 * (at - half) + 1 }),
        ];
        for (op, wanted) in twos {
            if is(wanted) {
                return Some(Match::Two(op, arr, exchanged));
            }
            // Of one operand, twice.
            if !same && is(&|at| wanted(at) % count + base) {
                return Some(Match::Both(op, arr, exchanged));
            }
        }
    }
    insertion(pattern, log2, same)
}

/// All lanes but one stay.
fn insertion(pattern: &[u8], log2: u32, same: bool) -> Option<Match> {
    let count = pattern.len() as u8;
    for exchanged in [false, true] {
        let base = if exchanged { count } else { 0 };
        let mut moved = (0..count).filter(|&at| pattern[usize::from(at)] != base + at);
        if let (Some(lane), None) = (moved.next(), moved.next()) {
            let from = pattern[usize::from(lane)];
            let own = same || (from >= count) == exchanged;
            let width = Lane::ALL[log2 as usize];
            return Some(Match::Insert { width, lane, from: from % count, exchanged, own });
        }
    }
    None
}

/// Bytes of both operands, one behind the other, or of one, turned around.
fn extract(lanes: Pattern, same: bool) -> Option<Match> {
    let first = lanes[0];
    let bytes = if same { 16 } else { 32 };
    let turned = lanes.iter().zip(0..).all(|(&lane, at)| lane == (first + at) % bytes);
    if turned {
        return Some(Match::Ext(first % 16, first >= 16));
    }
    // Of one of two.
    let other = first & 16;
    let turned = lanes.iter().zip(0..).all(|(&lane, at)| lane == (first + at) % 16 + other);
    turned.then_some(Match::ExtBoth(first % 16, other != 0))
}
