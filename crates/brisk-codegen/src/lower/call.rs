//! Calls, and values that come in fixed registers.

use super::*;
use crate::convention::{Place, Places};

impl<M: Machine> Lower<'_, M> {
    /// A call that returns here.
    pub(super) fn call(&mut self, value: Value, inst: &Inst, at: usize, block: Block) {
        let list = self.func.call(inst);
        let inst = *inst;
        let first_handler = self.out.handlers.len() as u32;
        self.out.handlers.extend_from_slice(list.handlers);
        let handlers = Range { start: first_handler, end: self.out.handlers.len() as u32 };
        let has_edges = list.edges.is_some();
        if has_edges {
            self.edges_of(block);
        }
        let own = if inst.op == Op::CallRef { self.own_reference(Value(inst.a)) } else { None };
        let machine = match inst.op {
            Op::Call => Common::Call(inst.a),
            Op::CallRef => Common::CallRef(own),
            _ => Common::CallLib(Libcall::from_aux(inst.aux)),
        };
        let uses = if inst.op == Op::CallLib { self.libcall_args(&inst) } else { self.pass(&inst) };
        let callee = (inst.op == Op::CallRef && own.is_none()).then(|| self.reg(Value(inst.a)));
        // Everything is destroyed on the way to a handler.
        let mut clobbers =
            if has_edges { M::CONVENTION.regs.allocatable } else { M::CONVENTION.caller_saved() };
        let mut cells = 0;
        if !has_edges {
            // Results that nobody wants need no operand.
            let mut places = M::CONVENTION.results();
            let lib = inst.op == Op::CallLib;
            let results = self.results_at(value, at);
            for result in results {
                let place = if lib {
                    Place::Reg(M::CONVENTION.first_result())
                } else {
                    places.next(self.func.ty(result))
                };
                match place {
                    Place::Reg(reg) => {
                        if self.wanted(result) {
                            let dst = self.reg_of(result);
                            self.s.operands.push(def_fixed(dst, reg));
                            clobbers = clobbers.minus(RegSet::EMPTY.with(reg));
                        }
                    }
                    Place::Cell(_) => cells += 1,
                }
            }
        }
        self.s.operands.extend_from_slice(&uses);
        if let Some(callee) = callee {
            self.s.operands.push(used(callee));
        }
        if has_edges {
            self.s.invokes.push((self.s.insts.len() as u32, handlers));
        }
        self.seal(M::common(machine), clobbers);
        self.return_list(uses);
        if cells > 0 {
            let mut places = M::CONVENTION.results();
            let results = self.results_at(value, at);
            for result in results {
                if let Place::Cell(cell) = places.next(self.func.ty(result))
                    && self.wanted(result)
                {
                    self.load_cell(result, cell);
                }
            }
        }
    }

    /// Where in the VmContext a function reference is, if that is known: an import's.
    fn own_reference(&self, value: Value) -> Option<u32> {
        let sum = self.func.inst(value);
        if sum.op != Op::Add || self.func.inst(Value(sum.a)).op != Op::VmContext {
            return None;
        }
        // As far as any address with an immediate reaches.
        self.func.constant(Value(sum.b)).filter(|&offset| offset < 1 << 30).map(|offset| offset as u32)
    }

    /// The values a call that returns here gives.
    fn results_at(&self, value: Value, at: usize) -> ResultsOf {
        if self.func.ty(value) != Ty::None {
            return ResultsOf { next: value.0, end: value.0 + 1 };
        }
        let mut end = at + 1;
        while self.func.layout.get(end).is_some_and(|&next| {
            let inst = self.func.inst(next);
            inst.op == Op::Result && inst.a == value.0
        }) {
            end += 1;
        }
        match end - at {
            1 => ResultsOf { next: 0, end: 0 },
            count => {
                // Results are made together.
                let first = self.func.layout[at + 1].0;
                ResultsOf { next: first, end: first + count as u32 - 1 }
            }
        }
    }

    fn load_cell(&mut self, result: Value, cell: u32) {
        let dst = self.reg_of(result);
        self.push_common(Common::LoadCell(cell as u16), Ops::new().with(def(dst)));
    }

    /// Arguments in their places: uses of fixed registers, which are returned, and stores to the overflow area.
    fn pass(&mut self, inst: &Inst) -> Vec<Operand> {
        let list = inst.b as usize;
        let count = self.func.lists[list + 1] as usize;
        self.place(list + 2, count, M::CONVENTION.args())
    }

    /// Values of a list put in their places.
    fn place(&mut self, list: usize, count: usize, mut places: Places) -> Vec<Operand> {
        let mut uses = std::mem::take(&mut self.s.fixed);
        uses.clear();
        for at in list..list + count {
            let value = Value(self.func.lists[at]);
            let ty = self.func.ty(value);
            let reg = self.reg_to_move(value);
            match places.next(ty) {
                Place::Reg(place) => uses.push(used_fixed(reg, place)),
                Place::Cell(cell) => {
                    self.push_common(Common::StoreCell(cell as u16), Ops::new().with(used(reg)));
                }
            }
        }
        uses
    }

    fn libcall_args(&mut self, inst: &Inst) -> Vec<Operand> {
        let mut uses = std::mem::take(&mut self.s.fixed);
        uses.clear();
        let list = inst.b as usize;
        let count = self.func.lists[list + 1] as usize;
        for (nth, at) in (list + 2..list + 2 + count).enumerate() {
            let reg = self.reg_to_move(Value(self.func.lists[at]));
            // The first one is the VmContext, which emission moves there.
            uses.push(used_fixed(reg, M::CONVENTION.int_args[nth + 1]));
        }
        uses
    }

    fn return_list(&mut self, list: Vec<Operand>) {
        self.s.fixed = list;
    }

    /// A call in place of this function.
    pub(super) fn tail_call(&mut self, inst: &Inst) {
        let uses = self.pass(inst);
        let by_ref = inst.op == Op::TailCallRef;
        let own = if by_ref { self.own_reference(Value(inst.a)) } else { None };
        let callee = (by_ref && own.is_none()).then(|| self.reg(Value(inst.a)));
        self.s.operands.extend_from_slice(&uses);
        if let Some(callee) = callee {
            self.s.operands.push(used(callee));
        }
        let machine = if by_ref { Common::TailCallRef(own) } else { Common::TailCall(inst.a) };
        self.seal(M::common(machine), RegSet::EMPTY);
        self.return_list(uses);
    }

    pub(super) fn return_values(&mut self, inst: &Inst) {
        let uses = self.place(inst.b as usize, inst.c as usize, M::CONVENTION.results());
        self.s.operands.extend_from_slice(&uses);
        self.seal(M::common(Common::Ret), RegSet::EMPTY);
        self.return_list(uses);
    }

    /// What a block takes from fixed registers at its start: the function's parameters, the results of the call that ended
    /// its predecessor, the exception caught.
    pub(super) fn take(&mut self, block: Block) {
        let (mut next, end, places) = if block.0 == 0 {
            let params = self.func.blocks[0].params;
            (params.start, params.end, M::CONVENTION.args())
        } else if self.s.takes[block.0 as usize] != NONE {
            let call = Value(self.s.takes[block.0 as usize]);
            let lib = self.func.inst(call).op == Op::CallLib;
            if self.func.ty(call) != Ty::None {
                self.take_values(&[call], M::CONVENTION.results(), lib);
            } else {
                let results: Vec<Value> = self
                    .func
                    .block_insts(block)
                    .iter()
                    .copied()
                    .take_while(|&value| self.func.inst(value).op == Op::Result)
                    .collect();
                self.take_values(&results, M::CONVENTION.results(), lib);
            }
            return;
        } else {
            let first = self.func.block_insts(block)[0];
            if self.func.inst(first).op == Op::Caught {
                let mut ops = Ops::new();
                if self.wanted(first) {
                    let dst = self.reg_of(first);
                    ops = ops.with(def_fixed(dst, M::CONVENTION.first_result()));
                }
                self.push_common(Common::Catch, ops);
                self.end_group();
            }
            return;
        };
        let mut params = std::mem::take(&mut self.s.taken);
        params.clear();
        while next < end {
            params.push(Value(self.func.lists[next as usize]));
            next += 1;
        }
        self.take_values(&params, places, false);
        self.s.taken = params;
    }

    fn take_values(&mut self, values: &[Value], places: Places, lib: bool) {
        let mut left = places;
        for &value in values {
            let place =
                if lib { Place::Reg(M::CONVENTION.first_result()) } else { left.next(self.func.ty(value)) };
            if let Place::Reg(reg) = place
                && self.wanted(value)
            {
                let dst = self.reg_of(value);
                self.s.operands.push(def_fixed(dst, reg));
            }
        }
        // Registers that nobody wants are free at once.
        self.seal(M::common(Common::Take), RegSet::EMPTY);
        let mut left = places;
        for &value in values {
            let place =
                if lib { Place::Reg(M::CONVENTION.first_result()) } else { left.next(self.func.ty(value)) };
            if let Place::Cell(cell) = place
                && self.wanted(value)
            {
                self.load_cell(value, cell);
            }
        }
        self.end_group();
    }
}

/// Values with consecutive numbers.
struct ResultsOf {
    next: u32,
    end: u32,
}

impl Iterator for ResultsOf {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        (self.next < self.end).then(|| {
            self.next += 1;
            Value(self.next - 1)
        })
    }
}
