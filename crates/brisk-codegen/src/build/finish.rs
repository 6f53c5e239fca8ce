//! The final form: what is reached and used, in order.
//!
//! Blocks keep the order of the body, except that those which leave a loop inside of its text follow the loop, so that
//! loops are contiguous. Loops are found in the graph (Havlak's nesting by search from back edges, innermost first),
//! not taken from the text. Then one walk backwards over all instructions resolves
//! aliases, and keeps what has an effect or is used.

use super::{Build, BuildError, Builder, Entry};
use crate::ir::{
    Access, Block, BlockData, EdgeData, Effect, NONE, Op, Range, Shape, SimdOp, SimdShape, Value,
};

/// Memory of this stage.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Place in the order of each block; `NONE` if it is not reached.
    place: Vec<u32>,
    /// Innermost loop of each place: the place of its header, `NONE` outside of loops.
    loop_of: Vec<u32>,
    /// Outermost loop found so far, with shortened ways.
    outer: Vec<u32>,
    depth: Vec<u32>,
    header: Vec<bool>,
    /// List of the items of each loop (and of no loop), by place.
    first: Vec<u32>,
    last: Vec<u32>,
    next: Vec<u32>,
    /// By header: a list of the places from which edges lead into the middle of its loop, from before it.
    entries: Vec<u32>,
    entry_list: Vec<(u32, u32)>,
    stack: Vec<(u32, u32)>,
    sorted: Vec<u32>,
    used: Vec<bool>,
}

impl Build<'_> {
    /// Writes the final form, and gives back what was borrowed.
    pub fn finish(mut self) -> Result<(), BuildError> {
        let result = self.checked();
        if result.is_ok() {
            if self.settings.entry != Entry::Normal {
                self.reachable_order();
            } else {
                self.text_order();
            }
            self.nest_loops();
            if self.dispatches {
                self.simplify_cycles();
            }
            self.simplify_all();
            self.write_blocks();
        }
        self.cx.operands = std::mem::take(&mut self.walker.operands);
        self.cx.control = std::mem::take(&mut self.walker.control);
        result
    }

    /// Sets the place of each block as it was begun.
    fn text_order(&mut self) {
        let place = &mut self.cx.finish.place;
        place.clear();
        place.resize(self.cx.blocks.len(), NONE);
        for (at, &block) in self.cx.order.iter().enumerate() {
            place[block as usize] = at as u32;
        }
    }

    /// The edges of a block's terminator, in the order in which the IR has them.
    fn edges_of(&self, block: u32) -> (u32, u32, bool) {
        let end = self.cx.blocks[block as usize].end;
        let inst = self.f.insts[end as usize - 1];
        match inst.op {
            Op::Jump => (inst.a, 1, false),
            Op::Branch => (inst.b.min(inst.c), 2, false),
            Op::BranchTable => (inst.b, inst.c, true),
            Op::Call | Op::CallRef | Op::CallLib if inst.c != NONE => {
                (inst.c, 1 + self.f.call(&inst).handlers.len() as u32, false)
            }
            _ => (0, 0, false),
        }
    }

    fn nth_edge(&self, edges: (u32, u32, bool), at: u32) -> u32 {
        if edges.2 { self.cx.tables[(edges.0 + at) as usize] } else { edges.0 + at }
    }

    /// An order of the blocks reached from the interpreter's entry in which all but back edges lead forwards.
    fn reachable_order(&mut self) {
        let count = self.cx.blocks.len();
        let mut place = std::mem::take(&mut self.cx.finish.place);
        let mut stack = std::mem::take(&mut self.cx.finish.stack);
        place.clear();
        place.resize(count, NONE);
        stack.clear();
        self.cx.order.clear();
        stack.push((self.osr_block, 0));
        place[self.osr_block as usize] = 0;
        while let Some((block, at)) = stack.pop() {
            let edges = self.edges_of(block);
            if at == edges.1 {
                self.cx.order.push(block);
                continue;
            }
            stack.push((block, at + 1));
            // The last edge first, so that the first one comes first in the reversed order.
            let edge = self.nth_edge(edges, edges.1 - 1 - at);
            let to = self.cx.edges[edge as usize].to;
            if place[to as usize] == NONE {
                place[to as usize] = 0;
                stack.push((to, 0));
            }
        }
        self.cx.order.reverse();
        if self.dispatches {
            // The entry, then the order of the text: then also edges backwards into loops with several entries lead
            // to labels of the table. (The entry is begun in the middle of the text.)
            let Builder { order, blocks, .. } = &mut *self.cx;
            order[1..].sort_unstable_by_key(|&block| blocks[block as usize].start);
        }
        for (at, &block) in self.cx.order.iter().enumerate() {
            place[block as usize] = at as u32;
        }
        self.cx.finish.place = place;
        self.cx.finish.stack = stack;
    }

    /// Finds the loops, and makes them contiguous.
    fn nest_loops(&mut self) {
        let mut s = std::mem::take(&mut self.cx.finish);
        let count = self.cx.order.len();
        s.loop_of.clear();
        s.loop_of.resize(count, NONE);
        s.outer.clear();
        s.outer.extend(0..count as u32);
        s.header.clear();
        s.header.resize(count, false);
        s.depth.clear();
        s.depth.resize(count, 0);
        s.entries.clear();
        s.entries.resize(count, NONE);
        s.entry_list.clear();
        for at in (0..count as u32).rev() {
            s.stack.clear();
            let mut edge = self.cx.blocks[self.cx.order[at as usize] as usize].first_pred;
            while edge != NONE {
                let data = self.cx.edges[edge as usize];
                let from = s.place[data.from as usize];
                if from != NONE && from >= at {
                    s.header[at as usize] = true;
                    s.stack.push((from, 0));
                }
                edge = data.next;
            }
            while let Some((member, _)) = s.stack.pop() {
                let top = find(&mut s.outer, member);
                if top == at {
                    continue;
                }
                s.outer[top as usize] = at;
                s.loop_of[top as usize] = at;
                let mut edge = self.cx.blocks[self.cx.order[top as usize] as usize].first_pred;
                while edge != NONE {
                    let data = self.cx.edges[edge as usize];
                    let from = s.place[data.from as usize];
                    if from != NONE {
                        s.reach(at, from);
                    }
                    edge = data.next;
                }
                let mut entry = s.entries[top as usize];
                while entry != NONE {
                    let (from, next) = s.entry_list[entry as usize];
                    s.reach(at, from);
                    entry = next;
                }
            }
        }
        // Headers come before their members.
        for at in 0..count {
            let parent = s.loop_of[at];
            let around = if parent == NONE { 0 } else { s.depth[parent as usize] };
            s.depth[at] = around + u32::from(s.header[at]);
        }
        self.sort(&mut s);
        self.cx.finish = s;
    }

    /// Orders blocks by loop: each loop's members in their order, a loop within it where its header is.
    fn sort(&mut self, s: &mut Scratch) {
        let count = self.cx.order.len();
        let outside = count;
        s.first.clear();
        s.first.resize(count + 1, NONE);
        s.last.clear();
        s.last.resize(count + 1, NONE);
        s.next.clear();
        s.next.resize(count, NONE);
        for at in 0..count {
            let parent = s.loop_of[at];
            let list = if parent == NONE { outside } else { parent as usize };
            let last = std::mem::replace(&mut s.last[list], at as u32);
            if last == NONE {
                s.first[list] = at as u32;
            } else {
                s.next[last as usize] = at as u32;
            }
        }
        s.sorted.clear();
        s.stack.clear();
        let mut at = s.first[outside];
        loop {
            if at == NONE {
                let Some((resume, _)) = s.stack.pop() else { break };
                at = resume;
                continue;
            }
            s.sorted.push(at);
            let next = s.next[at as usize];
            if s.first[at as usize] == NONE {
                at = next;
            } else {
                s.stack.push((next, 0));
                at = s.first[at as usize];
            }
        }
        debug_assert_eq!(s.sorted.len(), count);
    }

    /// Writes blocks, edges, layout and lists, and puts final numbers into the instructions.
    fn write_blocks(&mut self) {
        let mut s = std::mem::take(&mut self.cx.finish);
        // `place` says from here on which number a block gets.
        for (number, &at) in s.sorted.iter().enumerate() {
            s.place[self.cx.order[at as usize] as usize] = number as u32;
        }
        s.used.clear();
        s.used.resize(self.f.insts.len(), false);
        self.mark_loop_arguments(&mut s);
        self.f.blocks.resize(s.sorted.len(), BlockData::default());
        for number in (0..s.sorted.len()).rev() {
            let at = s.sorted[number] as usize;
            let data = self.cx.blocks[self.cx.order[at] as usize];
            let end = self.f.layout.len() as u32;
            for inst in (data.start..data.end).rev() {
                self.keep(inst, &mut s.used);
            }
            let insts = Range { start: end, end: self.f.layout.len() as u32 };
            let header = s.header[at];
            self.f.blocks[number] = BlockData {
                params: Range::default(),
                insts,
                loop_depth: s.depth[at],
                loop_header: header,
                cold: data.cold,
            };
            if !header {
                self.mark_arguments(self.cx.order[at], &mut s.used);
            }
        }
        // The layout was written backwards.
        let total = self.f.layout.len() as u32;
        self.f.layout.reverse();
        for block in &mut self.f.blocks {
            block.insts = Range { start: total - block.insts.end, end: total - block.insts.start };
        }
        self.write_params(&s);
        self.write_edges(&s);
        self.cx.finish = s;
    }

    /// Marks what is passed to the parameters of loop headers. (Which of these are used is known only later.)
    fn mark_loop_arguments(&mut self, s: &mut Scratch) {
        for at in 0..s.sorted.len() {
            if s.header[at] {
                let mut phi = self.cx.blocks[self.cx.order[at] as usize].first_phi;
                while phi != NONE {
                    let value = self.cx.phis[phi as usize].value;
                    if self.f.insts[value as usize].b == NONE {
                        s.used[value as usize] = true;
                    }
                    phi = self.cx.phis[phi as usize].next;
                }
                self.mark_arguments(self.cx.order[at], &mut s.used);
            }
        }
    }

    /// Marks what is passed to the used parameters of a block.
    fn mark_arguments(&mut self, block: u32, used: &mut [bool]) {
        let data = self.cx.blocks[block as usize];
        let mut phi = data.first_phi;
        while phi != NONE {
            let this = self.cx.phis[phi as usize];
            if used[this.value as usize] && self.f.insts[this.value as usize].b == NONE {
                for at in this.args..this.args + data.preds {
                    let value = self.cx.phi_args[at as usize];
                    let value = self.resolve(value);
                    self.cx.phi_args[at as usize] = value;
                    used[value as usize] = true;
                }
            }
            phi = this.next;
        }
    }

    /// Appends an instruction to the layout if it is needed, with its operands resolved.
    fn keep(&mut self, value: u32, used: &mut [bool]) {
        let inst = self.f.insts[value as usize];
        let needed = match inst.op {
            Op::Param | Op::Nop => false,
            // All of a call's or none: their order says which is which.
            Op::Result => true,
            Op::Load => used[value as usize] || Access::from_aux(inst.aux).traps,
            op => used[value as usize] || !matches!(op.effect(), Effect::Pure | Effect::Read),
        };
        if !needed {
            return;
        }
        self.f.layout.push(Value(value));
        let mut new = inst;
        let mut resolve = |this: &mut Self, field: &mut u32| {
            *field = this.resolve(*field);
            used[*field as usize] = true;
        };
        match inst.op.shape() {
            Shape::Nullary | Shape::Jump => return,
            Shape::Unary | Shape::Branch | Shape::BranchTable => resolve(self, &mut new.a),
            Shape::Load => {
                resolve(self, &mut new.a);
                // What told loads apart.
                new.c = 0;
            }
            Shape::Binary => {
                resolve(self, &mut new.a);
                resolve(self, &mut new.b);
            }
            Shape::Ternary => {
                resolve(self, &mut new.a);
                resolve(self, &mut new.b);
                resolve(self, &mut new.c);
            }
            Shape::Store => {
                resolve(self, &mut new.a);
                resolve(self, &mut new.c);
            }
            Shape::Simd => {
                resolve(self, &mut new.a);
                match SimdOp::from_aux(inst.aux).shape() {
                    SimdShape::Unary | SimdShape::ExtractLane => {}
                    SimdShape::Binary | SimdShape::ReplaceLane | SimdShape::Shuffle => {
                        resolve(self, &mut new.b);
                    }
                    SimdShape::Ternary => {
                        resolve(self, &mut new.b);
                        resolve(self, &mut new.c);
                    }
                }
            }
            Shape::Call | Shape::CallValue => {
                if inst.op.shape() == Shape::CallValue {
                    resolve(self, &mut new.a);
                }
                let first = inst.b as usize + 2;
                for at in first..first + self.f.lists[first - 1] as usize {
                    let mut arg = self.f.lists[at];
                    resolve(self, &mut arg);
                    self.f.lists[at] = arg;
                }
            }
            Shape::List => {
                for at in inst.b as usize..(inst.b + inst.c) as usize {
                    let mut value = self.f.lists[at];
                    resolve(self, &mut value);
                    self.f.lists[at] = value;
                }
            }
        }
        self.f.insts[value as usize] = new;
    }

    /// Whether a parameter is still one and is used.
    fn is_param(&self, value: u32, s: &Scratch) -> bool {
        self.f.insts[value as usize].b == NONE && s.used[value as usize]
    }

    fn write_params(&mut self, s: &Scratch) {
        for number in 0..s.sorted.len() {
            let block = self.cx.order[s.sorted[number] as usize];
            let start = self.f.lists.len() as u32;
            if number == 0 {
                // The function's parameters, used or not.
                let data = self.cx.blocks[block as usize];
                for value in data.start..data.end {
                    if self.f.insts[value as usize].op != Op::Param {
                        break;
                    }
                    self.f.insts[value as usize].a = 0;
                    self.f.lists.push(value);
                }
            }
            let mut phi = self.cx.blocks[block as usize].first_phi;
            while phi != NONE {
                let value = self.cx.phis[phi as usize].value;
                if self.is_param(value, s) {
                    let param = &mut self.f.insts[value as usize];
                    (param.a, param.c) = (number as u32, NONE);
                    self.f.lists.push(value);
                }
                phi = self.cx.phis[phi as usize].next;
            }
            self.f.blocks[number].params = Range { start, end: self.f.lists.len() as u32 };
        }
        // Those that are none have become nothing. (Until here a parameter has its own index in `c`.)
        for phi in &self.cx.phis {
            let param = &mut self.f.insts[phi.value as usize];
            if param.c != NONE {
                param.op = Op::Nop;
            }
            (param.b, param.c) = (0, 0);
        }
        if self.osr_block != NONE {
            // The function's own parameters.
            let dead = self.cx.blocks[0];
            for param in &mut self.f.insts[dead.start as usize..dead.end as usize] {
                if param.op == Op::Param {
                    param.op = Op::Nop;
                }
            }
        }
        for at in self.f.blocks[0].params.indices() {
            let param = &mut self.f.insts[self.f.lists[at] as usize];
            (param.b, param.c) = (0, 0);
        }
    }

    fn write_edges(&mut self, s: &Scratch) {
        for number in 0..s.sorted.len() {
            let block = self.cx.order[s.sorted[number] as usize];
            let terminator = self.f.layout[self.f.blocks[number].insts.end as usize - 1];
            let edges = self.edges_of(block);
            let inst = self.f.insts[terminator.0 as usize];
            let first = self.f.edges.len() as u32;
            for at in 0..edges.1 {
                let edge = self.nth_edge(edges, at);
                self.write_edge(edge, s, edges.2);
            }
            let inst_mut = &mut self.f.insts[terminator.0 as usize];
            match inst.op {
                Op::Jump => inst_mut.a = first,
                Op::Branch => {
                    inst_mut.b = first + inst.b - edges.0;
                    inst_mut.c = first + inst.c - edges.0;
                }
                Op::BranchTable => inst_mut.b = first,
                Op::Call | Op::CallRef | Op::CallLib if inst.c != NONE => inst_mut.c = first,
                _ => {}
            }
        }
    }

    /// Appends an edge. The edges of a table that lead to one label share their arguments.
    fn write_edge(&mut self, edge: u32, s: &Scratch, shared: bool) {
        let data = self.cx.edges[edge as usize];
        let to = Block(s.place[data.to as usize]);
        // The edge as it is written, in the field that led to the next one: preds are no longer walked.
        if shared && data.args == NONE {
            let args = self.f.edges[data.args_end as usize].args;
            self.f.edges.push(EdgeData { to, args });
            return;
        }
        let start = self.f.lists.len() as u32;
        let mut phi = self.cx.blocks[data.to as usize].first_phi;
        while phi != NONE {
            let this = self.cx.phis[phi as usize];
            // What is no parameter in the end has become nothing.
            if self.f.insts[this.value as usize].op == Op::Param {
                self.f.lists.push(self.cx.phi_args[(this.args + data.index) as usize]);
            }
            phi = this.next;
        }
        if shared {
            let edge = &mut self.cx.edges[edge as usize];
            (edge.args, edge.args_end) = (NONE, self.f.edges.len() as u32);
        }
        self.f.edges.push(EdgeData { to, args: Range { start, end: self.f.lists.len() as u32 } });
    }
}

impl Scratch {
    /// Notes that `from` leads into the loop of the header at `at`. What comes behind the header is taken for a part of
    /// the loop even where only the loop can be reached from it, so that edges forwards stay such when loops are made
    /// contiguous; what comes before is another entry.
    fn reach(&mut self, at: u32, from: u32) {
        if from >= at {
            self.stack.push((from, 0));
            return;
        }
        let first = &mut self.entries[at as usize];
        if *first == NONE || self.entry_list[*first as usize].0 != from {
            self.entry_list.push((from, *first));
            *first = self.entry_list.len() as u32 - 1;
        }
    }
}

/// The outermost loop a place is known to be in, or itself.
fn find(outer: &mut [u32], mut at: u32) -> u32 {
    while outer[at as usize] != at {
        let above = outer[outer[at as usize] as usize];
        outer[at as usize] = above;
        at = above;
    }
    at
}
