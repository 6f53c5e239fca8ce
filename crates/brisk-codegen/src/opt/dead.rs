//! Removal of what nobody uses.
//!
//! Requires nothing. Provides that each instruction without effect has a user; what may trap, stays; that the next value of
//! a loop's parameter, if that is its sum with a constant and nothing else wants it, is computed behind what reads the
//! parameter: then both can have one register. Destroys nothing.
//! One walk backwards: uses come before definitions, but for parameters of loop headers, whose arguments count as used.

use crate::ir::{Access, Block, Effect, Func, Op, Range, Value};

/// Memory of the pass.
#[derive(Debug, Default)]
pub struct Dead {
    used: Vec<Use>,
    /// Values at hand that are [`Use::Next`].
    next: Vec<u32>,
}

/// What is known of a value's users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    None,
    /// The one edge backwards at the end of the block at hand passes it to the parameter it is computed from.
    Next,
    Some,
}

/// An instruction is moved to the end of its block past so many at most.
const MOST_PASSED: usize = 64;

/// See the module.
pub(super) fn opt_dead(s: &mut Dead, f: &mut Func) {
    s.used.clear();
    s.used.resize(f.insts.len(), Use::None);
    let used = &mut s.used;
    for block in &f.blocks {
        if block.loop_header {
            f.lists[block.params.indices()].iter().for_each(|&param| used[param as usize] = Use::Some);
        }
    }
    // What is kept is moved up against the end of the layout.
    let mut end = f.layout.len();
    for block in (0..f.blocks.len() as u32).rev() {
        s.next.clear();
        for edge in f.successors(Block(block)).indices() {
            let edge = f.edges[edge];
            let back = edge.to.0 <= block;
            let params = f.params(edge.to);
            for (&arg, &param) in f.lists[edge.args.indices()].iter().zip(params) {
                if used[param as usize] == Use::None {
                    continue;
                }
                let used = &mut used[arg as usize];
                *used = if back && *used == Use::None && is_step(f, arg, param) {
                    s.next.push(arg);
                    Use::Next
                } else {
                    Use::Some
                };
            }
        }
        let last = end;
        for at in f.blocks[block as usize].insts.indices().rev() {
            let value = f.layout[at];
            let inst = *f.inst(value);
            let needed = used[value.0 as usize] != Use::None
                || match inst.op {
                    Op::Result => true,
                    Op::Load => Access::from_aux(inst.aux).traps,
                    op => !matches!(op.effect(), Effect::Pure | Effect::Read),
                };
            if needed {
                end -= 1;
                f.layout[end] = value;
                f.for_each_operand(&inst, |operand| used[operand.0 as usize] = Use::Some);
                let passed = last - end;
                if used[value.0 as usize] == Use::Next
                    && (3..MOST_PASSED).contains(&passed)
                    && reads(f, end + 1..last - 1, inst.a)
                {
                    f.layout[end..last - 1].rotate_left(1);
                }
            }
        }
        for &value in &s.next {
            used[value as usize] = Use::Some;
        }
        f.blocks[block as usize].insts = Range { start: end as u32, end: last as u32 };
    }
    f.layout.drain(..end);
    for block in &mut f.blocks {
        let Range { start, end: last } = block.insts;
        block.insts = Range { start: start - end as u32, end: last - end as u32 };
    }
}

/// Whether a value is the sum of a parameter and a constant.
fn is_step(f: &Func, value: u32, param: u32) -> bool {
    let inst = f.inst(Value(value));
    inst.op == Op::Add && inst.a == param && f.constant(Value(inst.b)).is_some()
}

/// Whether one of the instructions at these places of the layout reads a value.
fn reads(f: &Func, places: std::ops::Range<usize>, value: u32) -> bool {
    places.into_iter().any(|at| {
        let mut found = false;
        f.for_each_operand(f.inst(f.layout[at]), |operand| found |= operand.0 == value);
        found
    })
}
