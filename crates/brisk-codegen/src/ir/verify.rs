//! The rules of the IR, checked.
//!
//! Dominators come from forward edges alone: an edge backwards must lead to a block that dominates its origin, and
//! such edges change no dominator.

use super::tree::Tree;
use super::{
    Access, Block, Effect, FloatCond, Func, Inst, IntCond, Libcall, NONE, Op, Range, Shape, SimdOp,
    SimdShape, TrapCode, Ty, Value, Width,
};

/// A broken rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError(String);

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invalid IR: {}", self.0)
    }
}

impl std::error::Error for VerifyError {}

type Result<T = ()> = std::result::Result<T, VerifyError>;

macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err(VerifyError(format!($($message)*)));
        }
    };
}

/// Checks a function.
///
/// # Errors
///
/// The first broken rule found.
pub fn verify(f: &Func) -> Result {
    let mut verifier =
        Verifier { f, home: vec![NONE; f.insts.len()], place: vec![0; f.insts.len()], tree: Tree::default() };
    verifier.shape()?;
    verifier.graph()?;
    for block in 0..f.blocks.len() as u32 {
        verifier.block(Block(block))?;
    }
    Ok(())
}

struct Verifier<'a> {
    f: &'a Func,
    /// Block of each value that is somewhere.
    home: Vec<u32>,
    /// Place in it, parameters at 0.
    place: Vec<u32>,
    tree: Tree,
}

fn within(range: Range, len: usize) -> bool {
    range.start <= range.end && range.end as usize <= len
}

impl Verifier<'_> {
    /// Ranges and indices, and where each value is.
    fn shape(&mut self) -> Result {
        let f = self.f;
        ensure!(!f.blocks.is_empty(), "no blocks");
        ensure!(f.positions.len() == f.insts.len(), "positions and instructions differ in number");
        let mut next = 0;
        for (number, block) in f.blocks.iter().enumerate() {
            ensure!(within(block.params, f.lists.len()), "block{number}: parameters out of range");
            ensure!(within(block.insts, f.layout.len()), "block{number}: instructions out of range");
            ensure!(block.insts.start == next, "block{number}: the layout has a gap");
            ensure!(block.insts.end > block.insts.start, "block{number} is empty");
            next = block.insts.end;
            for &param in f.params(Block(number as u32)) {
                ensure!((param as usize) < f.insts.len(), "block{number}: no such value");
                let inst = f.inst(Value(param));
                ensure!(inst.op == Op::Param && inst.a == number as u32, "block{number}: not its parameter");
                ensure!(inst.ty != Ty::None, "block{number}: a parameter without type");
                self.put(param, number as u32, 0)?;
            }
            for (place, &value) in f.block_insts(Block(number as u32)).iter().enumerate() {
                ensure!((value.0 as usize) < f.insts.len(), "block{number}: no such instruction");
                ensure!(f.inst(value).op != Op::Param, "block{number}: a parameter in the layout");
                self.put(value.0, number as u32, place as u32 + 1)?;
            }
        }
        ensure!(next as usize == f.layout.len(), "the layout has instructions of no block");
        for (at, edge) in f.edges.iter().enumerate() {
            ensure!((edge.to.0 as usize) < f.blocks.len(), "edge {at} leads nowhere");
            ensure!(within(edge.args, f.lists.len()), "edge {at}: arguments out of range");
        }
        for block in 0..f.blocks.len() as u32 {
            let insts = f.block_insts(Block(block));
            for (at, &value) in insts.iter().enumerate() {
                let inst = f.inst(value);
                self.lists(inst, block)?;
                let last = at + 1 == insts.len();
                ensure!(
                    f.is_terminator(inst) == last,
                    "block{block}: {} at {at} of {}",
                    inst.op.name(),
                    insts.len()
                );
            }
            ensure!(within(f.successors(Block(block)), f.edges.len()), "block{block}: no such edge");
        }
        Ok(())
    }

    fn put(&mut self, value: u32, block: u32, place: u32) -> Result {
        ensure!(self.home[value as usize] == NONE, "block{block}: a value stands in two places");
        self.home[value as usize] = block;
        self.place[value as usize] = place;
        Ok(())
    }

    /// The lists of an instruction are within bounds.
    fn lists(&self, inst: &Inst, block: u32) -> Result {
        let f = self.f;
        let len = f.lists.len() as u64;
        match inst.op.shape() {
            Shape::Call | Shape::CallValue => {
                let start = u64::from(inst.b);
                ensure!(start + 2 <= len, "block{block}: a call list out of range");
                let end = start + 2 + u64::from(f.lists[start as usize + 1]);
                ensure!(end <= len, "block{block}: a call list out of range");
                if inst.c != NONE {
                    ensure!(end < len, "block{block}: a call list without edges");
                    let edges = u64::from(f.lists[end as usize]);
                    ensure!(edges >= 1 && end + edges <= len, "block{block}: a call's edges out of range");
                    let no_edges = matches!(inst.op, Op::TailCall | Op::TailCallRef);
                    ensure!(!no_edges, "block{block}: a tail call with edges");
                }
            }
            Shape::List => {
                ensure!(u64::from(inst.b) + u64::from(inst.c) <= len, "block{block}: a list out of range");
            }
            Shape::Branch => {
                ensure!(inst.b.abs_diff(inst.c) == 1, "block{block}: the edges of a branch are apart");
            }
            Shape::BranchTable => ensure!(inst.c > 0, "block{block}: a table without edges"),
            _ => {}
        }
        Ok(())
    }

    /// Dominators, loop headers, reachability.
    fn graph(&mut self) -> Result {
        let f = self.f;
        let count = f.blocks.len();
        let mut dominator = vec![NONE; count];
        let mut header = vec![false; count];
        let mut back = Vec::new();
        for block in 0..count as u32 {
            if block > 0 {
                ensure!(dominator[block as usize] != NONE, "block{block}: no block before it leads there");
            }
            self.tree.push(if block == 0 { 0 } else { dominator[block as usize] });
            for edge in f.successors(Block(block)).indices() {
                let to = f.edges[edge].to.0;
                ensure!(to != 0, "block{block}: an edge to the entry");
                if to <= block {
                    header[to as usize] = true;
                    back.push((block, to));
                } else {
                    let known = dominator[to as usize];
                    dominator[to as usize] =
                        if known == NONE { block } else { self.tree.common(known, block) };
                }
            }
        }
        for (from, to) in back {
            // A loop may have several entries, if that is known from edges forwards.
            ensure!(
                self.tree.dominates(self.tree.parent[to as usize], from),
                "block{from}: an edge backwards changes what dominates block{to}"
            );
        }
        for (block, (data, &header)) in f.blocks.iter().zip(&header).enumerate() {
            ensure!(data.loop_header == header, "block{block}: wrong mark of a loop header");
        }
        Ok(())
    }

    fn available(&self, value: Value, block: u32, place: u32) -> Result {
        ensure!((value.0 as usize) < self.f.insts.len(), "block{block}: a use of no value");
        let home = self.home[value.0 as usize];
        ensure!(home != NONE, "block{block}: a use of value {} that is nowhere", value.0);
        let before = if home == block {
            self.place[value.0 as usize] < place
        } else {
            self.tree.dominates(home, block)
        };
        ensure!(before, "block{block}: a use of value {} before it is defined", value.0);
        Ok(())
    }

    fn block(&self, block: Block) -> Result {
        let f = self.f;
        for (at, &value) in f.block_insts(block).iter().enumerate() {
            let inst = f.inst(value);
            let mut result = Ok(());
            f.for_each_operand(inst, |operand| {
                if result.is_ok() {
                    result = self.available(operand, block.0, at as u32 + 1);
                }
            });
            result?;
            self.types(inst).map_err(|error| {
                VerifyError(format!("block{} at {at}: {}: {}", block.0, inst.op.name(), error.0))
            })?;
            self.placement(inst, block, at)?;
        }
        self.edges(block)
    }

    /// What is passed along the edges.
    fn edges(&self, block: Block) -> Result {
        let f = self.f;
        for edge in f.successors(block).indices() {
            let edge = f.edges[edge];
            let (args, params) = (&f.lists[edge.args.indices()], f.params(edge.to));
            ensure!(
                args.len() == params.len(),
                "block{}: wrong number of arguments to block{}",
                block.0,
                edge.to.0
            );
            for (&arg, &param) in args.iter().zip(params) {
                self.available(Value(arg), block.0, u32::MAX)?;
                let same = f.ty(Value(arg)) == f.ty(Value(param));
                ensure!(
                    same,
                    "block{}: an argument of another type than the parameter of block{}",
                    block.0,
                    edge.to.0
                );
            }
        }
        let last = f.inst(f.terminator(block));
        if matches!(last.op, Op::Call | Op::CallRef | Op::CallLib) {
            for edge in f.successors(block).indices().skip(1) {
                let to = f.edges[edge].to;
                let first = f.inst(f.block_insts(to)[0]);
                ensure!(first.op == Op::Caught, "block{}: a handler that does not begin with caught", to.0);
            }
        }
        Ok(())
    }

    /// `Result` and `Caught` stand where they have to.
    fn placement(&self, inst: &Inst, block: Block, at: usize) -> Result {
        let f = self.f;
        let insts = f.block_insts(block);
        match inst.op {
            Op::Result => {
                let others = insts[..at].iter().rev();
                let mut before =
                    others.skip_while(|&&other| f.inst(other).op == Op::Result && f.inst(other).a == inst.a);
                let call = *f.inst(Value(inst.a));
                let behind = match before.next() {
                    Some(other) => other.0 == inst.a,
                    None => {
                        let home = self.home[inst.a as usize];
                        let edges = f.successors(Block(home));
                        f.is_terminator(&call) && f.edges[edges.start as usize].to == block
                    }
                };
                ensure!(behind, "block{}: a result apart from its call", block.0);
            }
            Op::Caught => {
                ensure!(at == 0, "block{}: caught is not first", block.0);
                let from = if block.0 == 0 { None } else { Some(self.tree.parent[block.0 as usize]) };
                let handled = from.is_some_and(|from| {
                    let last = f.inst(f.terminator(Block(from)));
                    matches!(last.op, Op::Call | Op::CallRef | Op::CallLib)
                        && f.successors(Block(from)).indices().skip(1).any(|edge| f.edges[edge].to == block)
                });
                ensure!(handled, "block{}: caught in a block that is no handler", block.0);
            }
            _ => {}
        }
        Ok(())
    }

    fn types(&self, inst: &Inst) -> Result {
        let f = self.f;
        let ty = |value: u32| f.ty(Value(value));
        let &Inst { op, ty: result, aux, a, b, c } = inst;
        let expect = |value: u32, expected: Ty| -> Result {
            let found = ty(value);
            ensure!(found == expected, "an operand is {}, not {}", found.name(), expected.name());
            Ok(())
        };
        let gives = |expected: Ty| -> Result {
            ensure!(result == expected, "the result is {}, not {}", result.name(), expected.name());
            Ok(())
        };
        let int = |ty: Ty| -> Result {
            ensure!(ty.is_int(), "{} is no integer type", ty.name());
            Ok(())
        };
        let float = |ty: Ty| -> Result {
            ensure!(matches!(ty, Ty::F32 | Ty::F64), "{} is no float type", ty.name());
            Ok(())
        };
        match op {
            Op::Nop | Op::Poll | Op::Fuel | Op::Trap | Op::Jump => gives(Ty::None)?,
            Op::Param => ensure!(false, "a parameter is no instruction"),
            Op::Const => ensure!(!matches!(result, Ty::None | Ty::V128), "no scalar type"),
            Op::ConstVector => {
                gives(Ty::V128)?;
                ensure!((a as usize) < f.vectors.len(), "no such vector");
            }
            Op::VmContext | Op::Caught => gives(Ty::I64)?,
            Op::MulHighS | Op::MulHighU => {
                gives(Ty::I64)?;
                expect(a, result)?;
                expect(b, result)?;
            }
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::DivS
            | Op::DivU
            | Op::RemS
            | Op::RemU
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::Shl
            | Op::ShrS
            | Op::ShrU
            | Op::Rotl
            | Op::Rotr => {
                int(result)?;
                expect(a, result)?;
                expect(b, result)?;
            }
            Op::Clz | Op::Ctz | Op::Popcnt | Op::Extend8S | Op::Extend16S => {
                int(result)?;
                expect(a, result)?;
            }
            Op::Extend32S => {
                gives(Ty::I64)?;
                expect(a, Ty::I64)?;
            }
            Op::Wrap => {
                gives(Ty::I32)?;
                expect(a, Ty::I64)?;
            }
            Op::ExtendS | Op::ExtendU => {
                gives(Ty::I64)?;
                expect(a, Ty::I32)?;
            }
            Op::Icmp => {
                ensure!(usize::from(aux) < IntCond::ALL.len(), "no such condition");
                gives(Ty::I32)?;
                int(ty(a))?;
                expect(b, ty(a))?;
            }
            Op::Fcmp => {
                ensure!(usize::from(aux) < FloatCond::ALL.len(), "no such condition");
                gives(Ty::I32)?;
                float(ty(a))?;
                expect(b, ty(a))?;
            }
            Op::Fadd | Op::Fsub | Op::Fmul | Op::Fdiv | Op::Fmin | Op::Fmax | Op::Copysign => {
                float(result)?;
                expect(a, result)?;
                expect(b, result)?;
            }
            Op::Fabs | Op::Fneg | Op::Ceil | Op::Floor | Op::Trunc | Op::Nearest | Op::Sqrt => {
                float(result)?;
                expect(a, result)?;
            }
            Op::Canon => {
                ensure!(result == Ty::V128 && aux < 2 || aux == 0 && float(result).is_ok(), "no such lanes");
                expect(a, result)?;
            }
            Op::FtoiS | Op::FtoiU | Op::FtoiSatS | Op::FtoiSatU => {
                int(result)?;
                float(ty(a))?;
            }
            Op::ItofS | Op::ItofU => {
                float(result)?;
                int(ty(a))?;
            }
            Op::Demote => {
                gives(Ty::F32)?;
                expect(a, Ty::F64)?;
            }
            Op::Promote => {
                gives(Ty::F64)?;
                expect(a, Ty::F32)?;
            }
            Op::Bitcast => {
                let pair = match result {
                    Ty::I32 => Ty::F32,
                    Ty::F32 => Ty::I32,
                    Ty::I64 => Ty::F64,
                    Ty::F64 => Ty::I64,
                    _ => Ty::None,
                };
                expect(a, pair)?;
            }
            Op::Select => {
                ensure!(result != Ty::None, "no type");
                expect(a, result)?;
                expect(b, result)?;
                expect(c, Ty::I32)?;
            }
            Op::Simd => self.simd(inst, &expect)?,
            Op::Load => {
                self.access(Access::from_aux(aux), result)?;
                int(ty(a))?;
            }
            Op::Store => {
                gives(Ty::None)?;
                self.access(Access::from_aux(aux), ty(c))?;
                let signed = matches!(Access::from_aux(aux).width, Width::S8 | Width::S16 | Width::S32);
                ensure!(!signed, "a store has no sign");
                int(ty(a))?;
            }
            Op::Check => {
                gives(Ty::I64)?;
                int(ty(a))?;
                expect(b, Ty::I64)?;
            }
            Op::TrapIf => {
                gives(Ty::None)?;
                expect(a, Ty::I32)?;
                ensure!(usize::from(aux) < TrapCode::ALL.len(), "no such trap");
            }
            Op::Call | Op::TailCall => gives(Ty::None)?,
            Op::CallRef | Op::TailCallRef => {
                gives(Ty::None)?;
                expect(a, Ty::I64)?;
            }
            Op::CallLib => {
                ensure!(usize::from(aux) < Libcall::ALL.len(), "no such libcall");
                let libcall = Libcall::from_aux(aux);
                gives(libcall.result())?;
                let call = f.call(inst);
                ensure!(call.ty == NONE, "a libcall has no type index");
                ensure!(call.args.len() == libcall.params().len(), "wrong number of arguments");
                for (&arg, &param) in call.args.iter().zip(libcall.params()) {
                    expect(arg, param)?;
                }
            }
            Op::Result => {
                ensure!(result != Ty::None, "no type");
                ensure!(matches!(f.inst(Value(a)).op, Op::Call | Op::CallRef), "the operand is no call");
            }
            Op::Branch | Op::BranchTable => {
                gives(Ty::None)?;
                expect(a, Ty::I32)?;
            }
            Op::Return => {
                gives(Ty::None)?;
                ensure!(c as usize == f.results.len(), "wrong number of results");
                for (at, &expected) in f.results.iter().enumerate() {
                    expect(f.lists[b as usize + at], expected)?;
                }
            }
        }
        if matches!(op.shape(), Shape::Call | Shape::CallValue) && op != Op::CallLib {
            ensure!(f.call(inst).ty != NONE, "a call without type index");
        }
        if op.effect() == Effect::Effect && matches!(op, Op::Call | Op::CallRef | Op::CallLib) {
            ensure!(f.calls, "the function is said not to call");
        }
        Ok(())
    }

    fn access(&self, access: Access, ty: Ty) -> Result {
        let fits = match access.width {
            Width::U8 | Width::S8 | Width::U16 | Width::S16 => ty.is_int(),
            Width::U32 => ty != Ty::None,
            Width::S32 => ty == Ty::I64,
            Width::U64 => matches!(ty, Ty::I64 | Ty::F64 | Ty::V128),
            Width::V128 => ty == Ty::V128,
        };
        ensure!(fits, "{} is not accessed as {}", ty.name(), access.width.name());
        Ok(())
    }

    fn simd(&self, inst: &Inst, expect: &impl Fn(u32, Ty) -> Result) -> Result {
        let &Inst { a, b, c, .. } = inst;
        ensure!(usize::from(inst.aux) < SimdOp::ALL.len(), "no such vector instruction");
        let op = SimdOp::from_aux(inst.aux);
        ensure!(inst.ty == op.result(), "the result is {}", inst.ty.name());
        let params = op.params();
        expect(a, params[0])?;
        match op.shape() {
            SimdShape::Unary | SimdShape::ExtractLane => {}
            SimdShape::Binary | SimdShape::ReplaceLane => expect(b, params[1])?,
            SimdShape::Ternary => {
                expect(b, params[1])?;
                expect(c, params[2])?;
            }
            SimdShape::Shuffle => {
                expect(b, params[1])?;
                ensure!((c as usize) < self.f.vectors.len(), "no such lanes");
            }
        }
        Ok(())
    }
}
