//! Frames, calls, branches: the instructions that every machine has.

use super::*;

/// Tables with no more entries that differ from the last are comparisons: a jump through a table takes seven instructions.
const MAX_COMPARED: usize = 3;

/// Below this a frame is not counted against the stack limit: the reserve behind it is much larger.
const SMALL_FRAME: u32 = 4096;

impl<M: Machine> Emit<'_, M> {
    /// Finds what is in the frame, and how large that is.
    pub(super) fn frame_layout(&mut self) {
        for inst in &self.low.code.insts {
            match M::as_common(inst) {
                Some(Common::Call(_) | Common::CallLib(_) | Common::TailCallRef(_)) => self.calls = true,
                // A loop may be made of tail calls: it must notice an interrupt.
                Some(Common::TailCall(_)) => self.checks = true,
                Some(Common::CallRef(_)) => {
                    (self.calls, self.keeps_base) = (true, self.settings.pinned_memory);
                }
                _ => {}
            }
        }
        self.checks |= self.calls;
        self.keeps_context = self.calls;
        self.keeps_base |= self.calls && self.settings.pinned_memory && self.settings.tail_calls_out;
        self.keeps_base |= !self.low.invokes.is_empty() && self.settings.pinned_memory;
        let saved = self.saved_regs().0.count_ones();
        let words = u32::from(self.keeps_context) + u32::from(self.keeps_base) + saved;
        // Also the spill area's start is aligned to 16: wide cells are at even numbers.
        self.frame = (8 * (words + self.alloc.spill_cells)).next_multiple_of(16);
        self.out.frame_size = self.frame;
    }

    /// The registers to be saved: on the way to a handler those of inner frames are lost.
    pub(crate) fn saved_regs(&self) -> RegSet {
        let used = self.alloc.used_callee_saved;
        match self.low.invokes.is_empty() {
            true => used,
            false => used.union(M::CONVENTION.reg_sets(self.settings.fuel).callee_saved),
        }
    }

    /// Whether the frame itself counts against the stack limit.
    pub(crate) fn is_large(&self) -> bool {
        self.frame > SMALL_FRAME
    }

    /// Where the prologue goes to, and comes back from, if the stack pointer is below the limit; `None` if it need not look.
    pub(crate) fn stack_check(&mut self) -> Option<(Label, Label)> {
        (self.checks || self.is_large()).then(|| {
            let back = self.asm.new_label();
            // The position of a stack overflow is that of the function's first instruction.
            self.inst = 0;
            (self.cold(Cold::Call(Libcall::StackLimit, back)), back)
        })
    }

    /// Emits an instruction that every machine has.
    pub(crate) fn common(&mut self, inst: Common, block: u32, next: u32) {
        match inst {
            Common::Take => {}
            Common::Catch => {
                M::reload_pins(self);
                if self.settings.fuel {
                    let fuel = M::CONVENTION.fuel;
                    self.load_store(fuel);
                    self.asm.load_word(fuel, fuel, self.settings.layout.store_fuel);
                }
            }
            Common::LoadCell(cell) => M::load_cell(self, self.reg(0), cell),
            Common::StoreCell(cell) => M::store_cell(self, cell, self.reg(0)),
            Common::Context => {
                let dst = self.gpr(0);
                self.asm.move_word(dst, M::CONVENTION.vm_context);
            }
            Common::StoreAddress
            | Common::Place(_)
            | Common::Int(_)
            | Common::Float(_)
            | Common::Vector(_) => M::constant(self, M::common(inst), self.reg(0)),
            Common::Poll => {
                let back = self.asm.new_label();
                let stopped = self.cold(Cold::Call(Libcall::Interrupted, back));
                let store = match self.loc(0) {
                    Loc::Reg(reg) => gpr(reg),
                    Loc::Slot(_) => {
                        let scratch = gpr(M::CONVENTION.regs.scratch_int);
                        self.load_store(scratch);
                        scratch
                    }
                };
                M::jump_if_stopped(self, store, stopped);
                self.asm.bind(back);
            }
            Common::Fuel { cost, test: false } => M::charge(self, cost, None),
            Common::Fuel { cost, test: true } => {
                let back = self.asm.new_label();
                let out = self.cold(Cold::Call(Libcall::OutOfFuel, back));
                M::charge(self, cost, Some(out));
                self.asm.bind(back);
            }
            Common::Call(func) => {
                M::call(self, func);
                self.returned(block);
                if self.settings.tail_calls_out {
                    M::reload_pins(self);
                }
                self.jump_on(block, next);
            }
            Common::CallRef(own) => {
                self.load_callee(own);
                M::call_loaded(self);
                self.returned(block);
                M::reload_pins(self);
                self.jump_on(block, next);
            }
            Common::CallLib(libcall) => {
                let first = gpr(M::CONVENTION.int_args[0]);
                self.asm.move_word(first, M::CONVENTION.vm_context);
                self.asm.call_symbol(Symbol(Target::Libcall(libcall).number()));
                self.returned(block);
                self.jump_on(block, next);
            }
            Common::TailCall(func) => {
                M::epilogue(self);
                M::tail_call(self, func);
            }
            Common::TailCallRef(own) => {
                self.load_callee(own);
                // A host function sees its caller, which has to be there.
                let host = self.cold(Cold::HostTailCall);
                M::jump_if_host(self, host);
                M::epilogue(self);
                M::jump_loaded(self);
            }
            Common::Ret => {
                M::epilogue(self);
                self.asm.ret();
            }
            Common::Trap(code) => self.raise(code),
            Common::Jump => {
                let to = self.target(block, 0);
                let cold = self.low.code.blocks[block as usize].cold;
                if to != next && self.s.flow.inverted[to as usize] && to <= block && !cold && !self.copying {
                    self.copying = true;
                    self.insts(to, next);
                    self.copying = false;
                } else {
                    self.go(to, next);
                }
            }
            Common::JumpTable { first } => match self.compared(block) {
                Some((compared, count)) => self.go_by_number(block, next, &compared[..count]),
                None => M::jump_table(self, block, first),
            },
        }
    }

    /// The address of the store's words.
    fn load_store(&mut self, to: Gpr) {
        self.asm.load_word(to, M::CONVENTION.vm_context, self.settings.layout.ctx_store);
    }

    /// Loads a function's state and its VmContext, by the reference at an offset in this VmContext, or by the last operand.
    fn load_callee(&mut self, own: Option<u32>) {
        match own {
            Some(offset) => M::load_callee(self, M::CONVENTION.vm_context, offset),
            None => M::load_callee(self, self.gpr(self.operands() - 1), 0),
        }
    }

    /// A host function is called from this frame, and its results are returned.
    pub(super) fn host_tail_call(&mut self) {
        M::call_loaded(self);
        self.site(SiteKind::Return);
        M::epilogue(self);
        self.asm.ret();
    }

    /// Goes on at edge 0 if a test holds, else at edge 1. `jump_if` goes to a label if the test comes out as it is told.
    pub(crate) fn branch(&mut self, block: u32, next: u32, jump_if: impl Fn(&mut Self, bool, Label)) {
        let (taken, other) = (self.target(block, 0), self.target(block, 1));
        if taken == other {
            self.go(taken, next);
        } else if taken == next {
            jump_if(self, false, self.label(other));
        } else {
            jump_if(self, true, self.label(taken));
            self.go(other, next);
        }
    }

    fn go(&mut self, to: u32, next: u32) {
        if to != next {
            let label = self.label(to);
            self.asm.jump(label);
        }
    }

    /// The entries of a block's table that lead elsewhere than the last, and how many there are, if they are few.
    pub(crate) fn compared(&self, block: u32) -> Option<([u32; MAX_COMPARED], usize)> {
        let succs = self.low.code.blocks[block as usize].succs;
        let last = succs.end - succs.start - 1;
        let other = self.target(block, last);
        let (mut compared, mut count) = ([0; MAX_COMPARED], 0);
        for nth in (0..last).filter(|&nth| self.target(block, nth) != other) {
            *compared.get_mut(count)? = nth;
            count += 1;
        }
        Some((compared, count))
    }

    /// Goes on at the edge with the number of the first operand if that is one of a few, else at the last.
    fn go_by_number(&mut self, block: u32, next: u32, numbers: &[u32]) {
        let succs = self.low.code.blocks[block as usize].succs;
        let other = self.target(block, succs.end - succs.start - 1);
        for (at, &number) in numbers.iter().enumerate() {
            let target = self.target(block, number);
            if at + 1 == numbers.len() && target == next {
                return M::jump_if_number(self, self.gpr(0), number, false, self.label(other));
            }
            M::jump_if_number(self, self.gpr(0), number, true, self.label(target));
        }
        self.go(other, next);
    }

    /// Where an edge of a block leads.
    pub(crate) fn target(&self, block: u32, edge: u32) -> u32 {
        self.s.flow.target(&self.low.code, block, edge)
    }

    pub(crate) fn label(&self, block: u32) -> Label {
        self.s.labels[block as usize]
    }

    /// Notes a return address, and its handlers.
    fn returned(&mut self, block: u32) {
        self.site(SiteKind::Return);
        let at = self.asm.offset();
        let invokes = &self.low.invokes;
        let Ok(found) = invokes.binary_search_by_key(&(self.inst as u32), |&(inst, _)| inst) else { return };
        for (nth, index) in invokes[found].1.indices().enumerate() {
            let tag = self.low.handlers[index];
            let landing = self.target(block, nth as u32 + 1);
            self.s.landings.push((at, (tag != NONE).then_some(tag), landing));
        }
    }

    /// A call with handlers ends its block: goes on at its first edge.
    fn jump_on(&mut self, block: u32, next: u32) {
        let data = &self.low.code.blocks[block as usize];
        if data.insts.end as usize == self.inst + 1 && data.succs.end > data.succs.start {
            let to = self.target(block, 0);
            self.go(to, next);
        }
    }
}
