//! Ends of blocks.

use super::*;

impl<M: Machine> Lower<'_, M> {
    pub(super) fn terminator(&mut self, inst: &Inst) {
        match inst.op {
            Op::Jump => {
                let edge = self.func.edges[inst.a as usize];
                let args = self.edge_args(edge);
                self.s.edges.push((Target::Block(edge.to.0), args));
                self.push_common(Common::Jump, Ops::new());
            }
            Op::Branch => {
                self.edges_in_order(&[Edge(inst.b), Edge(inst.c)]);
                M::branch(self, Value(inst.a));
            }
            Op::BranchTable => {
                // Of a function's dispatch all but the first are seldom taken.
                self.edges_with(inst.c, inst.aux != 0, |nth| Edge(inst.b + nth));
                if inst.c == 1 {
                    self.push_common(Common::Jump, Ops::new());
                    return;
                }
                let index = self.reg(Value(inst.a));
                let scratch = self.new_int();
                let table = Common::JumpTable { first: inst.aux != 0 };
                self.push_common(table, Ops::new().with(used_late(index)).with(temp(scratch)));
            }
            Op::Return => self.return_values(inst),
            Op::Trap => self.push_common(Common::Trap(TrapCode::from_aux(inst.aux)), Ops::new()),
            _ => self.tail_call(inst),
        }
    }

    /// Makes the edges of a block with several successors, in the order of the function's.
    pub(super) fn edges_of(&mut self, block: Block) {
        let range = self.func.successors(block);
        self.edges_with(range.end - range.start, false, |nth| Edge(range.start + nth));
    }

    fn edges_in_order(&mut self, edges: &[Edge]) {
        self.edges_with(edges.len() as u32, false, |nth| edges[nth as usize]);
    }

    /// The edges of a block: those to blocks with other predecessors get a block of their own, where the moves for
    /// parameters can stand. Equal ones share it. Those behind the first are seldom taken if `first` says so.
    fn edges_with(&mut self, count: u32, first: bool, edge: impl Fn(u32) -> Edge) {
        let mut splits = std::mem::take(&mut self.s.splits);
        splits.clear();
        let mut targets = std::mem::take(&mut self.s.targets);
        targets.clear();
        for nth in 0..count {
            let data = self.func.edges[edge(nth).0 as usize];
            // A block whose other predecessors were dropped may still have parameters.
            let passes = data.args.start < data.args.end;
            if !passes && (count == 1 || self.s.preds[data.to.0 as usize] == 1) {
                targets.push(Target::Block(data.to.0));
                continue;
            }
            let args = &self.func.lists[data.args.indices()];
            // A table may have a million edges to a few places.
            let known = if args.is_empty() { splits.get(&(data.to.0, NONE)).copied() } else { None };
            let known = known.or_else(|| {
                let made = splits.get(&(data.to.0, args.first().copied()?)).copied()?;
                let (other, _) = self.s.split_edges[made as usize - self.s.split_base];
                (self.func.lists[self.func.edges[other as usize].args.indices()] == *args).then_some(made)
            });
            let made = known.unwrap_or_else(|| {
                let made = self.split(edge(nth), data, first && nth > 0);
                splits.insert((data.to.0, args.first().copied().unwrap_or(NONE)), made);
                made
            });
            targets.push(Target::Split(made));
        }
        for &target in &targets {
            let none = self.s.args.len() as u32;
            self.s.edges.push((target, Range { start: none, end: none }));
        }
        self.s.splits = splits;
        self.s.targets = targets;
    }

    /// A block on an edge.
    fn split(&mut self, edge: Edge, data: EdgeData, seldom: bool) -> u32 {
        let made = self.s.made.len();
        if self.s.split_edges.is_empty() {
            self.s.split_base = made;
        }
        self.s.split_edges.push((edge.0, made as u32));
        let groups = self.s.groups.len() as u32;
        let first_edge = self.s.edges.len() as u32;
        let args = self.edge_args(data);
        self.s.edges.push((Target::Block(data.to.0), args));
        self.push_common(Common::Jump, Ops::new());
        self.end_group();
        let to = self.func.blocks[data.to.0 as usize];
        self.s.made.push(Made {
            block: NONE,
            groups: Range { start: groups, end: self.s.groups.len() as u32 },
            edges: Range { start: first_edge, end: first_edge + 1 },
            params: Range::default(),
            loop_depth: to.loop_depth.min(self.func.blocks[self.block.0 as usize].loop_depth),
            loop_header: false,
            cold: seldom || to.cold || self.func.blocks[self.block.0 as usize].cold,
            takes_fixed: false,
        });
        made as u32
    }

    /// Registers passed along an edge to the parameters that count.
    fn edge_args(&mut self, edge: EdgeData) -> Range {
        let to = self.func.blocks[edge.to.0 as usize];
        let mut regs = std::mem::take(&mut self.s.edge_regs);
        regs.clear();
        for (param, arg) in to.params.indices().zip(edge.args.indices()) {
            if to.loop_header || self.wanted(Value(self.func.lists[param])) {
                let reg = self.reg_to_move(Value(self.func.lists[arg]));
                regs.push(reg);
            }
        }
        let start = self.s.args.len() as u32;
        self.s.args.extend_from_slice(&regs);
        self.s.edge_regs = regs;
        Range { start, end: self.s.args.len() as u32 }
    }
}
