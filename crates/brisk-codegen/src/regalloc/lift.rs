//! Moves on the edges back to loop headers.
//!
//! A loop that ends in a branch back to its header has the moves of that edge in a block of their own, so that going around
//! takes the branch and a jump. Where leaving the loop needs nothing of what they overwrite, they are done ahead of the branch,
//! and of the comparison before it, instead: then their block is empty, and left out.

use super::NONE;
use super::live::{Live, operands};
use super::scan::Scan;
use crate::vcode::{Allocation, Loc, RegSet, Role, VCode};

/// Moves what can be moved. `at_end` gives what is in registers at the end of a block: (vreg, preg).
pub(super) fn lift<'a, I>(
    code: &VCode<I>,
    live: &Live,
    scan: &Scan,
    at_end: impl Fn(u32) -> &'a [(u32, u8)],
    out: &mut Allocation,
) {
    // Groups and where they go. (The list stays sorted while it is searched.)
    let mut lifted: Vec<(usize, u32)> = Vec::new();
    // The last block that moves were lifted to: one edge each.
    let mut taken = NONE;
    for n in 0..out.groups.len() {
        let (jump, moves) = out.groups[n];
        let block = live.block_of[jump as usize];
        let [edge] = code.edges[code.blocks[block as usize].succs.indices()] else { continue };
        let pred = live.pred[block as usize];
        if edge.to > block
            || !code.blocks[edge.to as usize].loop_header
            || code.blocks[block as usize].insts.indices().len() != 1
            || live.pred_count[block as usize] != 1
            || pred == taken
        {
            continue;
        }
        let [first, second] = &code.edges[code.blocks[pred as usize].succs.indices()] else { continue };
        let exit = if first.to == block { second.to } else { first.to };
        let mut written = RegSet::EMPTY;
        let only_registers = out.moves[moves.indices()].iter().all(|one| match one.to {
            Loc::Reg(reg) => {
                written = written.with(reg);
                true
            }
            Loc::Slot(_) => false,
        });
        // Whether moves can be done ahead of an instruction.
        let passes = |inst: u32| {
            let range = operands(code, inst);
            code.clobber_sets[usize::from(code.clobbers[inst as usize])] == RegSet::EMPTY
                && code.operands[range.clone()]
                    .iter()
                    .zip(&out.locs[range])
                    .all(|(operand, loc)| operand.role == Role::Use && !is_in(*loc, written))
        };
        let insts = code.blocks[pred as usize].insts;
        let branch = insts.end - 1;
        let exit_start = code.blocks[exit as usize].insts.start * 4;
        if !only_registers
            || exit == block
            || !passes(branch)
            || at_end(pred)
                .iter()
                .any(|&(v, reg)| written.0 >> reg & 1 != 0 && is_live(live, scan, v, exit_start))
        {
            continue;
        }
        let moved_there = out.groups.binary_search_by_key(&branch, |group| group.0).is_ok();
        let ahead = !moved_there && branch > insts.start && passes(branch - 1);
        lifted.push((n, if ahead { branch - 1 } else { branch }));
        taken = pred;
    }
    if !lifted.is_empty() {
        for (n, inst) in lifted {
            out.groups[n].0 = inst;
        }
        out.groups.sort_by_key(|group| group.0);
    }
}

fn is_in(loc: Loc, set: RegSet) -> bool {
    matches!(loc, Loc::Reg(reg) if set.contains(reg))
}

/// Whether a value is needed at a position, wherever it is there.
fn is_live(live: &Live, scan: &Scan, v: u32, pos: u32) -> bool {
    let mut at = live.vregs[v as usize].first_piece;
    while at != NONE {
        let piece = &scan.pieces[at as usize];
        if piece.start <= pos && pos < piece.end {
            return true;
        }
        at = piece.next;
    }
    false
}
