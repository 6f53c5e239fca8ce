//! Lowering to a64: which instructions do what the IR says. The rest is [`crate::lower`].

mod address;
mod bits;
mod compare;
mod division;
mod float;
mod int;
mod memory;
mod probes;
mod select;
mod simd;

use super::A64;
use super::asm::{Features, Size, mov_imm_len};
use super::convention::CONVENTION;
use super::inst::{Inst, Test};
use crate::convention::Convention;
use crate::inst::Common;
use crate::ir::{self, *};
use crate::lower::{self, Machine, Ops, def, def_reuse, used};
use crate::vcode::*;

/// Lowering of one function.
type Lower<'a> = lower::Lower<'a, A64>;

impl Machine for A64 {
    type Inst = Inst;
    type Features = Features;
    type State = address::Accesses;
    const CONVENTION: Convention = CONVENTION;

    const LOW: Inst = Inst::Mov(Size::B32);

    fn common(inst: Common) -> Inst {
        Inst::Common(inst)
    }

    fn as_common(inst: &Inst) -> Option<Common> {
        match inst {
            Inst::Common(inst) => Some(*inst),
            _ => None,
        }
    }

    fn prepare(lower: &mut Lower<'_>) {
        lower.find_accesses();
    }

    fn is_constant(inst: &Inst) -> bool {
        inst.is_constant()
    }

    /// No load is folded into its user.
    fn has_address(_: &Inst) -> bool {
        false
    }

    /// Half of the registers.
    const MAX_SHARED: usize = 16;
    const SHARES_VECTORS: bool = true;

    /// What an instruction cannot have as an immediate takes another one; but for zero, which is a register.
    fn is_shared(_: Ty, bits: u64) -> bool {
        bits != 0
    }

    /// Two instructions and more, or a load.
    fn is_long(ty: Ty, bits: u64) -> bool {
        match ty {
            Ty::F32 => bits != 0 && super::asm::FloatImm::new(Size::B32, bits).is_none(),
            Ty::F64 => bits != 0 && super::asm::FloatImm::new(Size::B64, bits).is_none(),
            _ => mov_imm_len(Size::B64, bits) > 1,
        }
    }

    fn inst(lower: &mut Lower<'_>, value: Value, inst: &ir::Inst) {
        match inst.op {
            Op::Load | Op::Store | Op::Check | Op::TrapIf => lower.memory(value, inst),
            Op::Simd => lower.simd(value, inst),
            _ => {
                if !lower.int(value, inst) {
                    lower.float(value, inst);
                }
            }
        }
    }

    fn branch(lower: &mut Lower<'_>, value: Value) {
        let (test, ops) = lower.test(value);
        lower.push(Inst::Branch(test), ops);
    }
}

/// Size of an integer or float type.
fn size(ty: Ty) -> Size {
    if matches!(ty, Ty::I32 | Ty::F32) { Size::B32 } else { Size::B64 }
}

impl Lower<'_> {
    /// Whether an instruction's only user is the one at hand, which may then do its work.
    fn folds(&self, value: Value) -> bool {
        self.is_single_use(value) && !self.wanted(value)
    }

    /// A binary instruction.
    fn push2(&mut self, inst: Inst, dst: VReg, a: VReg, b: VReg) {
        self.push(inst, Ops::new().with(def(dst)).with(used(a)).with(used(b)));
    }

    /// A unary instruction.
    fn push1(&mut self, inst: Inst, dst: VReg, a: VReg) {
        self.push(inst, Ops::new().with(def(dst)).with(used(a)));
    }
}
