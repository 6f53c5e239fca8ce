//! Blocks and branches.

use super::ssa::OPERAND;
use super::{Build, BuildError, Entry};
use crate::ir::{Access, IntCond, NONE, Op, Range, Region, TrapCode, Ty, Width};
use brisk_module::types::ValType;
use brisk_module::walk::{BlockSig, ControlKind};
use brisk_module::wasmparser::{BlockType, BrTable};

/// What a control frame's label is to the build.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// The block a branch leads to, once there is one; a loop's header.
    pub block: u32,
    /// How the `else` of an `if` is reached.
    pub other: Other,
    /// Clauses of a `try_table`, in `Builder::clauses`.
    pub clauses: Range,
    /// The edge of the `br_table` under way, and which that is.
    pub table: (u32, u32),
}

/// How the `else` of an `if` is reached, or what follows an `if` without one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Other {
    /// Not at all, or no `if`.
    No,
    /// Along an edge that leads nowhere yet and passes the parameters.
    Edge(u32),
    /// From the current block: the condition is never true.
    Here,
    /// It is this block, to which all edges are known.
    Block(u32),
}

/// A clause of a `try_table`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clause {
    /// Tag, or `NONE` for all.
    pub tag: u32,
    pub with_ref: bool,
    /// Index of the frame it leads to.
    pub frame: u32,
}

/// How a loop is entered from the interpreter's frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum WayIn {
    /// Not.
    No,
    /// It is around the loop meant.
    Through,
    /// At its header.
    Here,
    /// Behind what is charged in each round.
    Behind,
}

impl Default for Label {
    fn default() -> Label {
        Label { block: NONE, other: Other::No, clauses: Range::default(), table: (NONE, NONE) }
    }
}

impl Build<'_> {
    /// Opens a frame that is no loop.
    pub fn open(&mut self, kind: ControlKind, ty: BlockType, label: Label) {
        let sig = BlockSig::new(ty);
        let params = sig.params(self.module).len();
        self.keep_operands(self.walker.operands.len() - params);
        self.walker.open(kind, sig, label);
    }

    pub fn loop_(&mut self, ty: BlockType) {
        let sig = BlockSig::new(ty);
        let params = sig.params(self.module).len();
        let height = self.walker.operands.len() - params;
        self.keep_operands(height);
        let header = self.new_block();
        self.cx.blocks[header as usize].header = true;
        self.cx.blocks[header as usize].sealed = false;
        self.jump(header, params);
        let entered = self.way_in(header, params);
        self.begin(header);
        self.forget();
        for at in 0..params {
            let ty = self.ty(self.walker.operands[height + at]);
            let phi = self.new_phi(header, ty, OPERAND | at as u32);
            self.walker.operands[height + at] = self.cx.phis[phi as usize].value;
        }
        self.find_operands(height);
        match entered {
            WayIn::No => {}
            WayIn::Through => self.pass_on(),
            WayIn::Here => self.not_entering(),
            WayIn::Behind => {
                // Who comes from the frame has been charged for this round.
                let (body, charge) = (self.new_block(), self.new_block());
                let entering = self.get_local(self.entering);
                let parent = self.block;
                let then = self.edge(body, 0);
                let other = self.edge(charge, 0);
                self.branch(entering, then, other);
                self.begin_child(charge, parent);
                self.walker.open(ControlKind::Loop, sig, Label { block: header, ..Label::default() });
                self.charge();
                self.jump(body, 0);
                self.begin_child(body, parent);
                self.not_entering();
                return;
            }
        }
        self.walker.open(ControlKind::Loop, sig, Label { block: header, ..Label::default() });
        self.charge();
    }

    /// What happens in each round of a loop.
    fn charge(&mut self) {
        if self.settings.interrupts {
            self.emit(Op::Poll, Ty::None, 0, 0, 0, 0);
        }
        self.open_segment(true);
    }

    /// The way from the interpreter's frame into the loop whose header this will be. So that every loop keeps its
    /// header as the only entry, the way goes through the headers of the loops around: each passes on who is
    /// entering, as a local of its own says.
    fn way_in(&mut self, header: u32, params: usize) -> WayIn {
        if self.inlined != NONE || self.cx.way.get(self.way_at) != Some(&self.position) {
            return WayIn::No;
        }
        self.way_at += 1;
        let first = self.way_at == 1;
        let last = self.way_at == self.cx.way.len();
        if first {
            self.way_start = header;
        }
        if last {
            self.enter_from_frame(header, params, first);
            return if self.settings.fuel { WayIn::Behind } else { WayIn::Here };
        }
        if !first {
            self.attach(self.way_edge, header);
        }
        let edge = if first { NONE } else { self.way_edge };
        self.cx.way_params.push((edge, params as u32));
        WayIn::Through
    }

    /// Passes on to the next loop who is entering.
    fn pass_on(&mut self) {
        let entering = self.get_local(self.entering);
        let (parent, body) = (self.block, self.new_block());
        let on = self.loose_edge(0);
        let other = self.edge(body, 0);
        self.branch(entering, on, other);
        self.way_edge = on;
        self.begin_child(body, parent);
        self.not_entering();
    }

    /// Whether no code so far can be reached from the interpreter's frame, where that is where it comes from.
    pub fn is_before_entry(&self) -> bool {
        self.settings.entry != Entry::Normal && self.way_start == NONE
    }

    fn not_entering(&mut self) {
        self.set_local(self.entering, self.not_entering);
    }

    /// Builds the block entered from the interpreter's frame: it loads all locals and operands and goes to the
    /// outermost loop.
    fn enter_from_frame(&mut self, header: u32, params: usize, first: bool) {
        let link_slots = match self.settings.entry {
            Entry::Osr { link_slots, .. } => link_slots,
            Entry::Normal => 0,
        };
        let entry = self.new_block();
        self.begin(entry);
        self.forget();
        self.osr_block = entry;
        let frame = self.emit(Op::Param, Ty::I64, 0, entry, NONE, NONE);
        let mut slot = 0;
        for local in 0..self.local_count {
            let value = self.load_slot(frame, &mut slot, self.cx.local_types[local as usize]);
            self.define(entry, local, value);
        }
        slot += link_slots;
        let count = self.walker.operands.len();
        let args = self.cx.args.len() as u32;
        for at in 0..count {
            let ty = self.ty(self.walker.operands[at]);
            let value = self.load_slot(frame, &mut slot, ty);
            if at < count - params {
                self.define_operand(entry, at, value);
            } else {
                self.cx.args.push(value);
            }
        }
        let args = (args, self.cx.args.len() as u32);
        let yes = self.constant(Ty::I32, 1);
        let no = self.constant(Ty::I32, 0);
        self.f.insts[self.not_entering as usize].b = no;
        self.define(entry, self.entering, yes);
        let start = self.loose_edge(0);
        self.attach(start, self.way_start);
        if first {
            self.set_args(start, args);
        } else {
            self.attach(self.way_edge, header);
            self.set_args(self.way_edge, args);
        }
        // Who is only passing a header has nothing to pass to its parameters.
        for at in 0..self.cx.way_params.len() {
            let (edge, params) = self.cx.way_params[at];
            let edge = if edge == NONE { start } else { edge };
            let args = self.cx.args.len() as u32;
            let mut phi = self.cx.blocks[self.cx.edges[edge as usize].to as usize].first_phi;
            for _ in 0..params {
                // A loop's own parameters are the first of its header's.
                let this = self.cx.phis[phi as usize];
                let zero = match self.ty(this.value) {
                    Ty::V128 => self.vector_constant(0),
                    ty => self.constant(ty, 0),
                };
                self.cx.args.push(zero);
                phi = this.next;
            }
            self.set_args(edge, (args, self.cx.args.len() as u32));
        }
        self.emit(Op::Jump, Ty::None, 0, start, 0, 0);
        self.end_block();
    }

    fn set_args(&mut self, edge: u32, args: (u32, u32)) {
        let edge = &mut self.cx.edges[edge as usize];
        (edge.args, edge.args_end) = args;
    }

    fn load_slot(&mut self, frame: u32, slot: &mut u32, ty: Ty) -> u32 {
        let access = Access { width: slot_width(ty), pinned: false, region: Region::Store, traps: false };
        let value = self.emit(Op::Load, ty, access.to_aux(), frame, *slot * 8, 0);
        *slot += if ty == Ty::V128 { 2 } else { 1 };
        value
    }

    /// What a value says as a condition: the value to test, and whether the opposite is meant.
    pub(super) fn condition(&self, mut value: u32) -> (u32, bool) {
        let mut inverted = false;
        loop {
            let inst = self.inst(value);
            if inst.op != Op::Icmp || self.ty(inst.a) != Ty::I32 || self.constant_of(inst.b) != Some(0) {
                return (value, inverted);
            }
            match IntCond::from_aux(inst.aux) {
                IntCond::Eq => inverted = !inverted,
                IntCond::Ne => {}
                _ => return (value, inverted),
            }
            value = inst.a;
        }
    }

    /// Ends the current block: to `then` if the value is not 0, else to `other`, which is the next edge.
    fn branch(&mut self, value: u32, then: u32, other: u32) {
        let (value, inverted) = self.condition(value);
        let (then, other) = if inverted { (other, then) } else { (then, other) };
        self.emit(Op::Branch, Ty::None, 0, value, then, other);
        self.end_block();
    }

    /// As [`Build::branch`] to two new blocks: one that is seldom reached, and one that goes on in this segment. The
    /// first is begun; the second is returned.
    pub fn branch_aside(&mut self, value: u32) -> u32 {
        let (aside, next) = (self.new_block(), self.new_block());
        let parent = self.block;
        let then = self.edge(aside, 0);
        let other = self.edge(next, 0);
        self.branch(value, then, other);
        self.set_parent(next, parent);
        self.cx.blocks[aside as usize].cold = true;
        self.begin_child(aside, parent);
        next
    }

    pub fn if_(&mut self, ty: BlockType) {
        let condition = self.pop();
        if let Some(constant) = self.constant_of(condition) {
            let other = if constant == 0 { Other::Here } else { Other::No };
            self.open(ControlKind::If, ty, Label { other, ..Label::default() });
            if constant == 0 {
                self.walker.set_unreachable();
            }
            return;
        }
        let params = BlockSig::new(ty).params(self.module).len();
        if params == 0
            && let Some(threaded) = self.threaded(condition)
        {
            let (then, other) = (self.new_block(), self.new_block());
            self.lead_on(threaded, then, other);
            self.begin_led(then);
            self.open(ControlKind::If, ty, Label { other: Other::Block(other), ..Label::default() });
            return;
        }
        self.keep_operands(self.walker.operands.len() - params);
        let (parent, then) = (self.block, self.new_block());
        let edge = self.edge(then, 0);
        let other = self.loose_edge(params);
        self.branch(condition, edge, other);
        self.begin_child(then, parent);
        self.open(ControlKind::If, ty, Label { other: Other::Edge(other), ..Label::default() });
    }

    pub fn else_(&mut self) {
        let at = self.walker.control.len() - 1;
        if !self.walker.innermost().unreachable {
            let results = self.label_arity(at);
            let block = self.label_block(at);
            self.jump(block, results);
        }
        let frame = self.walker.innermost();
        frame.kind = ControlKind::Else;
        let height = frame.height;
        match std::mem::replace(&mut frame.label.other, Other::No) {
            Other::No => frame.unreachable = true,
            Other::Here => frame.unreachable = false,
            Other::Block(block) => {
                frame.unreachable = false;
                self.walker.operands.truncate(height);
                self.begin_led(block);
            }
            Other::Edge(edge) => {
                frame.unreachable = false;
                let block = self.new_block();
                self.attach(edge, block);
                let data = self.cx.edges[edge as usize];
                self.begin_child(block, data.from);
                self.forget();
                self.walker.operands.truncate(height);
                let args = data.args as usize..data.args_end as usize;
                self.walker.operands.extend_from_slice(&self.cx.args[args]);
                self.find_operands(height);
            }
        }
    }

    pub fn end(&mut self) {
        let at = self.walker.control.len() - 1;
        if at == 0 {
            return self.end_function();
        }
        let frame = self.walker.innermost();
        let (kind, label) = (frame.kind, frame.label);
        // What an `if` that is never true leaves is its parameters.
        let reachable = !frame.unreachable || label.other == Other::Here;
        let results = frame.sig;
        match kind {
            ControlKind::Loop => {
                self.end_dispatch(at);
                self.seal(label.block);
                self.walker.control.pop();
                if !reachable {
                    self.walker.set_unreachable();
                }
                return;
            }
            ControlKind::TryTable => {
                self.tries -= 1;
                self.cx.clauses.truncate(label.clauses.start as usize);
            }
            _ => {}
        }
        let edge = match label.other {
            Other::Edge(edge) => Some(edge),
            _ => None,
        };
        if let Other::Block(other) = label.other {
            // There are neither parameters nor results.
            if label.block == NONE {
                self.walker.control[at].label.block = other;
            } else {
                if reachable {
                    self.jump(label.block, 0);
                }
                self.walker.operands.truncate(self.walker.control[at].height);
                self.begin_led(other);
                self.jump(label.block, 0);
                self.bind(at, &[]);
                self.walker.control.pop();
                return;
            }
        } else if label.block == NONE && edge.is_none() {
            self.walker.control.pop();
            if !reachable {
                self.walker.set_unreachable();
            }
            return;
        }
        let block = self.label_block(at);
        let types = results.results(self.module);
        if reachable {
            self.jump(block, types.len());
        }
        if let Some(edge) = edge {
            self.attach(edge, block);
        }
        self.bind(at, types);
        self.walker.control.pop();
    }

    /// Begins the block of a label to which all edges are known; what they pass becomes operands.
    fn bind(&mut self, at: usize, types: &[ValType]) {
        let frame = &self.walker.control[at];
        let (block, height) = (frame.label.block, frame.height);
        let data = self.cx.blocks[block as usize];
        if data.preds == 1 && data.sealed {
            let parent = self.cx.edges[data.first_pred as usize].from;
            self.set_parent(block, parent);
        }
        self.begin(block);
        self.forget();
        self.walker.operands.truncate(height);
        self.find_operands(height);
        for (at, &ty) in types.iter().enumerate() {
            let value = self.meet(block, at as u32, Ty::from_wasm(ty));
            self.push(value);
        }
    }

    /// The operand number `at` of a label: what all edges pass, or a parameter.
    fn meet(&mut self, block: u32, at: u32, ty: Ty) -> u32 {
        let data = self.cx.blocks[block as usize];
        self.steps += u64::from(data.preds);
        let args = self.cx.phi_args.len();
        let (mut edge, mut same, mut first) = (data.first_pred, true, NONE);
        while edge != NONE {
            let data = self.cx.edges[edge as usize];
            let value = self.resolve(self.cx.args[(data.args + at) as usize]);
            self.cx.phi_args.push(value);
            if first == NONE {
                first = value;
            }
            same &= value == first;
            edge = data.next;
        }
        if same {
            self.cx.phi_args.truncate(args);
            return first;
        }
        let phi = self.new_phi(block, ty, OPERAND | at);
        self.cx.phis[phi as usize].args = args as u32;
        self.cx.phis[phi as usize].value
    }

    fn end_function(&mut self) {
        let reachable = !self.walker.innermost().unreachable;
        let label = self.walker.innermost().label.block;
        let results = self.f.results.len();
        if label == NONE {
            if reachable {
                self.return_();
            }
        } else {
            if reachable {
                self.jump(label, results);
            }
            let types = &self.module.func_type(self.func).results;
            self.bind(0, types);
            self.return_();
        }
        self.walker.control.clear();
    }

    /// Emits a return of the topmost operands.
    fn return_(&mut self) {
        let count = self.f.results.len();
        let first = self.walker.operands.len() - count;
        let start = self.f.lists.len() as u32;
        self.f.lists.extend_from_slice(&self.walker.operands[first..]);
        self.emit(Op::Return, Ty::None, 0, 0, start, count as u32);
        self.end_block();
    }

    /// The block that a branch to the frame at `at` leads to.
    pub fn label_block(&mut self, at: usize) -> u32 {
        let block = self.walker.control[at].label.block;
        if block != NONE {
            return block;
        }
        let block = self.new_block();
        self.walker.control[at].label.block = block;
        block
    }

    pub fn label_arity(&self, at: usize) -> usize {
        self.walker.control[at].label_types(self.module).len()
    }

    fn frame_at(&self, depth: u32) -> usize {
        self.walker.control.len() - 1 - depth as usize
    }

    /// The rest of the frame cannot be reached.
    pub fn unreachable_rest(&mut self) {
        let height = self.walker.innermost().height;
        self.walker.operands.truncate(height);
        self.walker.set_unreachable();
    }

    /// Ends the current block with a jump to the frame at `at`, or a return.
    pub fn leave_to(&mut self, at: usize) {
        if at == 0 {
            return self.return_();
        }
        let arity = self.label_arity(at);
        let block = self.branch_block(at);
        self.jump(block, arity);
    }

    pub fn return_op(&mut self) {
        self.leave_to(self.function_frame);
        self.unreachable_rest();
    }

    pub fn br(&mut self, depth: u32) {
        self.leave_to(self.frame_at(depth));
        self.unreachable_rest();
    }

    pub fn br_if(&mut self, depth: u32) {
        let condition = self.pop();
        self.branch_on(condition, true, depth);
    }

    /// Branches to a label if a condition is not 0 (or is, if `sense` is false).
    fn branch_on(&mut self, condition: u32, sense: bool, depth: u32) {
        if let Some(constant) = self.constant_of(condition) {
            if (constant != 0) == sense {
                self.br(depth);
            }
            return;
        }
        let at = self.frame_at(depth);
        let arity = self.label_arity(at);
        if arity == 0
            && let Some(threaded) = self.threaded(condition)
        {
            let (target, next) = (self.branch_block(at), self.new_block());
            let (then, other) = if sense { (target, next) } else { (next, target) };
            self.lead_on(threaded, then, other);
            self.begin_led(next);
            return;
        }
        let target = self.branch_block(at);
        let (parent, next) = (self.block, self.new_block());
        let taken = self.edge(target, arity);
        let other = self.edge(next, 0);
        if sense {
            self.branch(condition, taken, other);
        } else {
            self.branch(condition, other, taken);
        }
        self.begin_child(next, parent);
    }

    pub fn br_table(&mut self, table: &BrTable<'_>) {
        let index = self.pop();
        if let Some(index) = self.constant_of(index) {
            let depth = usize::try_from(index).ok().and_then(|index| {
                if index < table.len() as usize { table.targets().nth(index) } else { None }
            });
            let depth = depth.map_or(table.default(), |depth| depth.expect("a validated table decodes"));
            return self.br(depth);
        }
        if table.is_empty() {
            return self.br(table.default());
        }
        let start = self.cx.tables.len() as u32;
        for depth in table.targets().chain(std::iter::once(Ok(table.default()))) {
            let at = self.frame_at(depth.expect("a validated table decodes"));
            let edge = match self.walker.control[at].label.table {
                (edge, table) if table == start => edge,
                _ => {
                    let arity = self.label_arity(at);
                    let block = self.label_block(at);
                    let edge = self.edge(block, arity);
                    self.walker.control[at].label.table = (edge, start);
                    edge
                }
            };
            self.cx.tables.push(edge);
        }
        let dispatches = self.begins_dispatch(index, start, table.len() + 1);
        self.emit(Op::BranchTable, Ty::None, u16::from(dispatches), index, start, table.len() + 1);
        self.end_block();
        self.unreachable_rest();
    }

    pub fn br_on_null(&mut self, depth: u32) {
        let reference = self.pop();
        let null = self.is_null(reference);
        self.branch_on(null, true, depth);
        if !self.walker.innermost().unreachable {
            self.push(reference);
        }
    }

    pub fn br_on_non_null(&mut self, depth: u32) {
        // The reference is passed with the branch.
        let reference = *self.walker.operands.last().expect("a validated body has the operand");
        let null = self.is_null(reference);
        self.branch_on(null, false, depth);
        if !self.walker.innermost().unreachable {
            self.pop();
        }
    }

    pub fn is_null(&mut self, reference: u32) -> u32 {
        let null = self.constant(Ty::I64, 0);
        self.icmp(IntCond::Eq, reference, null)
    }

    pub fn trap(&mut self, code: TrapCode) {
        self.cx.blocks[self.block as usize].cold = self.block != 0;
        self.emit(Op::Trap, Ty::None, code as u16, 0, 0, 0);
        self.end_block();
    }

    /// Traps if a value is not 0.
    pub fn trap_if(&mut self, condition: u32, code: TrapCode) {
        if self.constant_of(condition) != Some(0) {
            self.emit(Op::TrapIf, Ty::None, code as u16, condition, 0, 0);
        }
    }

    /// The result of all that could be known while building.
    pub fn checked(&self) -> Result<(), BuildError> {
        if self.too_large() {
            Err(BuildError::TooLarge)
        } else if self.settings.entry != Entry::Normal && self.osr_block == NONE {
            Err(BuildError::NoSuchLoop)
        } else {
            Ok(())
        }
    }
}

/// Width of a value of a type in a slot or a cell.
pub(super) fn slot_width(ty: Ty) -> Width {
    match ty {
        Ty::I32 | Ty::F32 => Width::U32,
        Ty::V128 => Width::V128,
        _ => Width::U64,
    }
}
