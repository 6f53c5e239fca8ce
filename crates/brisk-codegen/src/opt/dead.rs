//! Removal of what nobody uses.
//!
//! Requires nothing. Provides that each instruction without effect has a user; what may trap, stays. Destroys nothing.
//! One walk backwards: uses come before definitions, but for parameters of loop headers, whose arguments count as used.

use crate::ir::{Access, Block, Effect, Func, Op, Range};

/// Memory of the pass.
#[derive(Debug, Default)]
pub struct Dead {
    used: Vec<bool>,
}

/// See the module.
pub(super) fn opt_dead(s: &mut Dead, f: &mut Func) {
    s.used.clear();
    s.used.resize(f.insts.len(), false);
    let used = &mut s.used;
    for block in &f.blocks {
        if block.loop_header {
            f.lists[block.params.indices()].iter().for_each(|&param| used[param as usize] = true);
        }
    }
    // What is kept is moved up against the end of the layout.
    let mut end = f.layout.len();
    for block in (0..f.blocks.len() as u32).rev() {
        for edge in f.successors(Block(block)).indices() {
            let edge = f.edges[edge];
            let params = f.params(edge.to);
            for (&arg, &param) in f.lists[edge.args.indices()].iter().zip(params) {
                if used[param as usize] {
                    used[arg as usize] = true;
                }
            }
        }
        let last = end;
        for at in f.blocks[block as usize].insts.indices().rev() {
            let value = f.layout[at];
            let inst = *f.inst(value);
            let needed = used[value.0 as usize]
                || match inst.op {
                    Op::Result => true,
                    Op::Load => Access::from_aux(inst.aux).traps,
                    op => !matches!(op.effect(), Effect::Pure | Effect::Read),
                };
            if needed {
                end -= 1;
                f.layout[end] = value;
                f.for_each_operand(&inst, |operand| used[operand.0 as usize] = true);
            }
        }
        f.blocks[block as usize].insts = Range { start: end as u32, end: last as u32 };
    }
    f.layout.drain(..end);
    for block in &mut f.blocks {
        let Range { start, end: last } = block.insts;
        block.insts = Range { start: start - end as u32, end: last - end as u32 };
    }
}
