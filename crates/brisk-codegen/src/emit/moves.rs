//! The moves that the allocator asks for.

use super::*;

impl<M: Machine> Emit<'_, M> {
    /// A group of moves.
    pub(super) fn moves(&mut self, moves: Range) {
        let mut at = moves.indices();
        while let Some(nth) = at.next() {
            self.asm.room(M::ROOM);
            let copy = &self.alloc.moves[nth];
            if at.start < at.end && M::pair(self, copy, &self.alloc.moves[at.start]) {
                at.next();
                continue;
            }
            self.copy(copy);
        }
    }

    fn copy(&mut self, copy: &Move) {
        let RegSets { scratch_int, scratch_vector, .. } = M::CONVENTION.regs;
        let wide = copy.wide;
        let Some(from) = copy.from else {
            let inst = self.low.code.insts[copy.remat as usize];
            match copy.to {
                Loc::Reg(reg) => M::constant(self, inst, reg),
                Loc::Slot(cell) => {
                    let is_int = M::as_common(&inst).is_some_and(|inst| inst.is_int_constant());
                    let scratch = if is_int { scratch_int } else { scratch_vector };
                    M::constant(self, inst, scratch);
                    M::store_spilled(self, cell, scratch, wide);
                }
            }
            return;
        };
        match (from, copy.to) {
            (Loc::Reg(from), Loc::Reg(to)) => match to.class() {
                RegClass::Int => self.asm.move_word(gpr(to), gpr(from)),
                RegClass::Vector => self.asm.move_vector(vector_reg(to), vector_reg(from)),
            },
            (Loc::Reg(from), Loc::Slot(to)) => M::store_spilled(self, to, from, wide),
            (Loc::Slot(from), Loc::Reg(to)) => M::load_spilled(self, to, from, wide),
            (Loc::Slot(from), Loc::Slot(to)) => {
                let scratch = if wide { scratch_vector } else { scratch_int };
                M::load_spilled(self, scratch, from, wide);
                M::store_spilled(self, to, scratch, wide);
            }
        }
    }
}
