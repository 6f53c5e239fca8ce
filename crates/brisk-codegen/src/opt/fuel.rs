//! Charges of fuel made together.
//!
//! Requires nothing. Provides that between a charge that is not tested and the next one stands something that may see what is
//! left: what traps, calls, notices interrupts or returns, or a join. Destroys nothing.
//!
//! Until then it is carried on: to the next charge in its block, which becomes the sum, or into all blocks that follow if
//! they have no other predecessor. So no way through the function charges more often than before, and whoever can see
//! what is left sees the same. A charge that is tested stays where it is: that is where the function may stop.

use crate::ir::{Access, Block, Effect, Func, Inst, Op, Range, Ty, Value};

/// Memory of the pass.
#[derive(Debug, Default)]
pub struct Charges {
    /// Number of edges to each block.
    preds: Vec<u32>,
    /// What is carried into each block, and the position of the last part of it.
    carried: Vec<(u32, u32)>,
    layout: Vec<Value>,
}

/// See the module.
pub(super) fn opt_fuel(s: &mut Charges, f: &mut Func) {
    let blocks = f.blocks.len() as u32;
    s.preds.clear();
    s.preds.resize(blocks as usize, 0);
    s.carried.clear();
    s.carried.resize(blocks as usize, (0, 0));
    s.layout.clear();
    for block in 0..blocks {
        for edge in f.successors(Block(block)).indices() {
            s.preds[f.edges[edge].to.0 as usize] += 1;
        }
    }
    for block in 0..blocks {
        let start = s.layout.len();
        // The charge that may be carried on.
        let mut open = None;
        let (cost, position) = s.carried[block as usize];
        if cost != 0 {
            let value = Value(f.insts.len() as u32);
            f.insts.push(Inst { op: Op::Fuel, ty: Ty::None, aux: 0, a: cost, b: 0, c: 0 });
            f.positions.push(position);
            s.layout.push(value);
            open = Some(value);
        }
        for at in f.blocks[block as usize].insts.indices() {
            let value = f.layout[at];
            let inst = *f.inst(value);
            s.layout.push(value);
            if inst.op == Op::Fuel {
                if let Some(before) = open.take()
                    && let Some(sum) = f.inst(before).a.checked_add(inst.a)
                {
                    f.insts[before.0 as usize].op = Op::Nop;
                    f.insts[value.0 as usize].a = sum;
                }
                if inst.b == 0 {
                    open = Some(value);
                }
            } else if sees(f, &inst)
                && let Some(before) = open.take()
                && matches!(inst.op, Op::Jump | Op::Branch | Op::BranchTable)
                && goes_on(f, &s.preds, block)
            {
                let carried = (f.inst(before).a, f.positions[before.0 as usize]);
                f.insts[before.0 as usize].op = Op::Nop;
                for edge in f.successors(Block(block)).indices() {
                    s.carried[f.edges[edge].to.0 as usize] = carried;
                }
            }
        }
        let mut end = start;
        for at in start..s.layout.len() {
            if f.inst(s.layout[at]).op != Op::Nop {
                s.layout[end] = s.layout[at];
                end += 1;
            }
        }
        s.layout.truncate(end);
        f.blocks[block as usize].insts = Range { start: start as u32, end: end as u32 };
    }
    std::mem::swap(&mut f.layout, &mut s.layout);
}

/// Whether an instruction lets somebody see what fuel is left, or ends the block.
fn sees(f: &Func, inst: &Inst) -> bool {
    match inst.op {
        Op::Load | Op::Store => Access::from_aux(inst.aux).traps,
        op => !matches!(op.effect(), Effect::Pure | Effect::Read) || f.is_terminator(inst),
    }
}

/// Whether all blocks that follow come from this one alone, and later.
fn goes_on(f: &Func, preds: &[u32], block: u32) -> bool {
    f.successors(Block(block)).indices().all(|edge| {
        let to = f.edges[edge].to.0;
        preds[to as usize] == 1 && to > block
    })
}
