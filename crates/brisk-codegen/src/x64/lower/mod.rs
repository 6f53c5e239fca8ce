//! Lowering to x64: which instructions do what the IR says. The rest is [`crate::lower`].

mod float;
mod int;
mod memory;
mod simd;

use super::X64;
use super::asm::{Features, Size, VecOp};
use super::convention::CONVENTION;
use super::inst::{Address, Inst, VecWidth};
use crate::convention::Convention;
use crate::inst::Common;
use crate::ir::{self, *};
use crate::lower::{
    self, Machine, Ops, def, def_fixed, def_reuse, operand, temp, used, used_any, used_fixed, used_late,
};
use crate::vcode::*;

/// Lowering of one function.
type Lower<'a> = lower::Lower<'a, X64>;

impl Machine for X64 {
    type Inst = Inst;
    type Features = Features;
    type State = ();
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

    fn is_constant(inst: &Inst) -> bool {
        inst.is_constant()
    }

    fn has_address(inst: &Inst) -> bool {
        inst.address().is_some()
    }

    /// More than there are registers are none.
    const MAX_SHARED: usize = 8;
    const SHARES_VECTORS: bool = false;

    fn is_shared(ty: Ty, bits: u64) -> bool {
        Self::is_long(ty, bits)
    }

    /// Ten bytes of code.
    fn is_long(ty: Ty, bits: u64) -> bool {
        ty.is_int() && bits > u64::from(u32::MAX) && i32::try_from(bits as i64).is_err()
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
        let flags = lower.condition(value);
        lower.push(Inst::Jcc(flags), Ops::new());
    }
}

/// An operand that is a register or memory.
#[derive(Clone, Copy)]
enum RegMem {
    Reg(VReg),
    Mem(Address, Ops),
}

impl Lower<'_> {
    /// A three-operand vector instruction: definition and first operand share a register without AVX.
    fn vec_def(&self, dst: VReg) -> Operand {
        if self.settings.features.avx { def(dst) } else { def_reuse(dst, 1) }
    }

    /// Whether memory operands of 16 bytes may be anywhere.
    fn unaligned(&self) -> bool {
        self.settings.features.avx
    }

    /// A binary vector instruction on two values, the second from memory if it can be.
    fn vec_binary(&mut self, op: VecOp, value: Value, a: Value, b: Value) {
        let dst = self.reg_of(value);
        let first = self.reg(a);
        let def = self.vec_def(dst);
        match self.vec_rm(b, u32::from(op.info().memory)) {
            RegMem::Reg(second) => {
                self.push(Inst::Vec(op), Ops::new().with(def).with(used(first)).with(used(second)));
            }
            RegMem::Mem(address, ops) => {
                self.push(Inst::VecMem(op, address), Ops::new().with(def).with(used(first)).join(ops));
            }
        }
    }

    /// A unary vector instruction, its operand from memory if it can be.
    fn vec_unary(&mut self, op: VecOp, value: Value, a: Value) {
        let dst = self.reg_of(value);
        match self.vec_rm(a, u32::from(op.info().memory)) {
            RegMem::Reg(src) => self.push(Inst::VecUnary(op), Ops::new().with(def(dst)).with(used(src))),
            RegMem::Mem(address, ops) => {
                self.push(Inst::VecUnaryMem(op, address), Ops::new().with(def(dst)).join(ops));
            }
        }
    }

    /// A value in a vector register, or the load of `bytes` bytes that gives it.
    fn vec_rm(&mut self, value: Value, bytes: u32) -> RegMem {
        if bytes == 16 && !self.unaligned() {
            return RegMem::Reg(self.reg(value));
        }
        match self.sink_load(value, bytes) {
            Some((address, ops)) => RegMem::Mem(address, ops),
            None => RegMem::Reg(self.reg(value)),
        }
    }
}
