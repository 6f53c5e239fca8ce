//! Register allocation: linear scan on SSA live ranges, with splitting.
//!
//! `live` finds live ranges and uses (`flow` helps it where loops have several entries), `scan` gives registers, `resolve`
//! writes places and moves (`lift` those on the way around loops), `check` verifies.

pub mod check;
mod flow;
mod lift;
mod live;
mod moves;
mod resolve;
mod scan;
#[doc(hidden)]
pub mod testing;

use crate::vcode::{Allocation, RegSets, VCode};

/// No index.
const NONE: u32 = u32::MAX;
/// No preg.
const NO_REG: u8 = u8::MAX;

/// What an allocation costs: counts by loop depth (the last one: that deep or deeper).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Moves between registers.
    pub moves: [u32; 8],
    /// Loads from slots.
    pub reloads: [u32; 8],
    /// Stores to slots.
    pub stores: [u32; 8],
    /// Constants made again.
    pub remats: [u32; 8],
    /// Parts that live ranges were split into.
    pub pieces: u32,
}

/// The register allocator. Keep it: its tables are used again.
#[derive(Default)]
pub struct Allocator {
    live: live::Live,
    scan: scan::Scan,
    resolve: resolve::Resolve,
    stats: Stats,
}

impl Allocator {
    /// One with empty tables.
    pub fn new() -> Allocator {
        Allocator::default()
    }

    /// Allocates registers for `code`. Its blocks must be in an order in which dominators come first, and critical edges
    /// must be split.
    pub fn run<I>(&mut self, code: &VCode<I>, regs: &RegSets, out: &mut Allocation) {
        self.find_live_ranges(code, regs);
        self.scan(code, regs);
        self.resolve(code, regs, out);
    }

    /// The first of its three steps.
    pub fn find_live_ranges<I>(&mut self, code: &VCode<I>, regs: &RegSets) {
        self.live.run(code, regs.allocatable.0);
    }

    /// The second, for the same code.
    pub fn scan<I>(&mut self, code: &VCode<I>, regs: &RegSets) {
        self.scan.run(code, regs, &mut self.live);
    }

    /// The third, for the same code.
    pub fn resolve<I>(&mut self, code: &VCode<I>, regs: &RegSets, out: &mut Allocation) {
        out.locs.clear();
        out.moves.clear();
        out.groups.clear();
        self.stats = Stats::default();
        self.resolve.run(code, regs, &mut self.live, &self.scan, out, &mut self.stats);
        self.stats.pieces = self.scan.pieces.len() as u32;
        // The check goes over the blocks again and again, the more often the deeper they nest.
        let depth = code.blocks.iter().map(|block| block.loop_depth as usize).max().unwrap_or(0);
        let steps = code.blocks.len() * (out.spill_cells as usize + 128) * (1 + depth / 4);
        if cfg!(debug_assertions) && steps < 1 << 20 {
            check::check(code, regs, out).expect("a right allocation");
        }
    }

    /// Where each vreg was put by the last run, as text.
    pub fn print(&self) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for (v, info) in self.live.vregs.iter().enumerate() {
            let _ = write!(text, "v{v} def {} slot {}:", info.def as i32, info.slot as i32);
            let mut at = info.range;
            while at != NONE {
                let range = &self.live.ranges[at as usize];
                let _ = write!(text, " ({}..{})", range.start, range.end);
                at = range.next;
            }
            let mut at = info.first_piece;
            while at != NONE {
                let piece = &self.scan.pieces[at as usize];
                let _ = write!(text, " [{}..{} {}]", piece.start, piece.end, piece.reg as i8);
                at = piece.next;
            }
            text.push('\n');
        }
        text
    }

    /// What the last allocation costs.
    pub fn stats(&self) -> Stats {
        self.stats
    }
}
