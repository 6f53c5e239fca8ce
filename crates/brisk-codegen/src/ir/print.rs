//! The text form.
//!
//! Values are numbered in the order of the text, whatever their index, so that the text of equal functions is equal.
//! Positions are not part of it.

use super::{
    Access, Block, Edge, FloatCond, Func, Inst, IntCond, Libcall, NONE, Op, Region, Shape, SimdOp, SimdShape,
    TrapCode, Ty, Value, Width,
};
use std::fmt::{self, Write};

impl Ty {
    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Ty::None => "none",
            Ty::I32 => "i32",
            Ty::I64 => "i64",
            Ty::F32 => "f32",
            Ty::F64 => "f64",
            Ty::V128 => "v128",
        }
    }
}

impl Width {
    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Width::U8 => "u8",
            Width::S8 => "s8",
            Width::U16 => "u16",
            Width::S16 => "s16",
            Width::U32 => "u32",
            Width::S32 => "s32",
            Width::U64 => "u64",
            Width::V128 => "v128",
        }
    }
}

impl Region {
    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Region::Constant => "constant",
            Region::MemoryDescriptor => "memory_descriptor",
            Region::TableDescriptor => "table_descriptor",
            Region::Table => "table",
            Region::Global => "global",
            Region::Store => "store",
            Region::Memory0 => "memory0",
            Region::Memories => "memories",
            Region::Heap => "heap",
        }
    }
}

/// A function in the text form.
pub fn print(f: &Func) -> String {
    let mut printer = Printer { f, names: vec![NONE; f.insts.len()], out: String::new() };
    printer.name_values();
    // Writing to a string does not fail.
    let _ = printer.function();
    printer.out
}

struct Printer<'a> {
    f: &'a Func,
    names: Vec<u32>,
    out: String,
}

impl Printer<'_> {
    fn name_values(&mut self) {
        let mut next = 0;
        for block in 0..self.f.blocks.len() {
            let block = Block(block as u32);
            let params = self.f.params(block).iter().map(|&param| Value(param));
            for value in params.chain(self.f.block_insts(block).iter().copied()) {
                if self.f.ty(value) != Ty::None || matches!(self.f.inst(value).op, Op::Call | Op::CallRef) {
                    self.names[value.0 as usize] = next;
                    next += 1;
                }
            }
        }
    }

    fn value(&mut self, value: u32) -> fmt::Result {
        match self.names.get(value as usize) {
            Some(&name) if name != NONE => write!(self.out, "v{name}"),
            _ => write!(self.out, "v?{value}"),
        }
    }

    fn values(&mut self, values: &[u32]) -> fmt::Result {
        for (at, &value) in values.iter().enumerate() {
            if at > 0 {
                self.out.push_str(", ");
            }
            self.value(value)?;
        }
        Ok(())
    }

    fn function(&mut self) -> fmt::Result {
        let f = self.f;
        self.out.push_str("func -> (");
        for (at, ty) in f.results.iter().enumerate() {
            self.out.push_str(if at > 0 { ", " } else { "" });
            self.out.push_str(ty.name());
        }
        self.out.push(')');
        self.out.push_str(if f.calls { " calls\n" } else { "\n" });
        for number in 0..f.blocks.len() {
            let block = Block(number as u32);
            let data = f.blocks[number];
            write!(self.out, "block{number}(")?;
            for (at, &param) in f.params(block).iter().enumerate() {
                self.out.push_str(if at > 0 { ", " } else { "" });
                self.value(param)?;
                write!(self.out, ": {}", f.ty(Value(param)).name())?;
            }
            self.out.push(')');
            if data.loop_depth > 0 {
                write!(self.out, " depth {}", data.loop_depth)?;
            }
            self.out.push_str(if data.loop_header { " loop" } else { "" });
            self.out.push_str(if data.cold { " cold" } else { "" });
            self.out.push_str(":\n");
            for &value in f.block_insts(block) {
                self.inst(value)?;
                self.out.push('\n');
            }
        }
        Ok(())
    }

    fn edge(&mut self, edge: u32) -> fmt::Result {
        let Some(data) = self.f.edges.get(Edge(edge).0 as usize) else {
            return write!(self.out, "edge?{edge}");
        };
        write!(self.out, "block{}(", data.to.0)?;
        self.values(&self.f.lists[data.args.indices()])?;
        self.out.push(')');
        Ok(())
    }

    fn inst(&mut self, value: Value) -> fmt::Result {
        let inst = *self.f.inst(value);
        self.out.push_str("    ");
        if self.names[value.0 as usize] != NONE {
            self.value(value.0)?;
            if inst.ty != Ty::None {
                write!(self.out, ": {}", inst.ty.name())?;
            }
            self.out.push_str(" = ");
        }
        self.out.push_str(inst.op.name());
        self.modifier(&inst)?;
        self.operands(&inst)
    }

    fn modifier(&mut self, inst: &Inst) -> fmt::Result {
        match inst.op {
            Op::Icmp => write!(self.out, ".{}", IntCond::from_aux(inst.aux).name()),
            Op::Fcmp => write!(self.out, ".{}", FloatCond::from_aux(inst.aux).name()),
            Op::Trap | Op::TrapIf => write!(self.out, ".{}", TrapCode::from_aux(inst.aux).name()),
            Op::CallLib => write!(self.out, ".{}", Libcall::from_aux(inst.aux).name()),
            Op::Simd => write!(self.out, ".{}", SimdOp::from_aux(inst.aux).name()),
            Op::Load | Op::Store => {
                let access = Access::from_aux(inst.aux);
                write!(self.out, ".{}.{}", access.width.name(), access.region.name())?;
                self.out.push_str(if access.pinned { ".pinned" } else { "" });
                self.out.push_str(if access.traps { ".traps" } else { "" });
                Ok(())
            }
            _ if inst.aux != 0 => write!(self.out, ".{}", inst.aux),
            _ => Ok(()),
        }
    }

    fn operands(&mut self, inst: &Inst) -> fmt::Result {
        let &Inst { op, a, b, c, .. } = inst;
        self.out.push(' ');
        match op.shape() {
            Shape::Nullary => match (op, inst.ty) {
                (Op::Const, Ty::I32) => write!(self.out, "{}", a as i32)?,
                (Op::Const, Ty::I64) => write!(self.out, "{}", (u64::from(a) | u64::from(b) << 32) as i64)?,
                (Op::Const, _) => write!(self.out, "{:#x}", u64::from(a) | u64::from(b) << 32)?,
                (Op::ConstVector, _) => self.vector(a)?,
                (Op::Fuel, _) => write!(self.out, "{a}, {b}")?,
                _ => {
                    self.out.pop();
                }
            },
            Shape::Unary => {
                self.value(a)?;
                if op == Op::Result {
                    write!(self.out, ", {b}")?;
                }
            }
            Shape::Binary => {
                self.values(&[a, b])?;
                if op == Op::Check {
                    write!(self.out, ", {c}")?;
                }
            }
            Shape::Ternary => self.values(&[a, b, c])?,
            Shape::Simd => match SimdOp::from_aux(inst.aux).shape() {
                SimdShape::Unary => self.value(a)?,
                SimdShape::Binary => self.values(&[a, b])?,
                SimdShape::Ternary => self.values(&[a, b, c])?,
                SimdShape::ExtractLane => {
                    self.value(a)?;
                    write!(self.out, ", {b}")?;
                }
                SimdShape::ReplaceLane => {
                    self.values(&[a, b])?;
                    write!(self.out, ", {c}")?;
                }
                SimdShape::Shuffle => {
                    self.values(&[a, b])?;
                    self.out.push_str(", ");
                    self.vector(c)?;
                }
            },
            Shape::Load => {
                self.value(a)?;
                write!(self.out, " + {b}")?;
            }
            Shape::Store => {
                self.value(a)?;
                write!(self.out, " + {b}, ")?;
                self.value(c)?;
            }
            Shape::Call | Shape::CallValue => self.call(inst)?,
            Shape::Jump => self.edge(a)?,
            Shape::Branch => {
                self.value(a)?;
                self.out.push_str(", ");
                self.edge(b)?;
                self.out.push_str(", ");
                self.edge(c)?;
            }
            Shape::BranchTable => {
                self.value(a)?;
                for edge in b..b + c {
                    self.out.push_str(", ");
                    self.edge(edge)?;
                }
            }
            Shape::List => {
                if c == 0 {
                    self.out.pop();
                }
                self.values(&self.f.lists[b as usize..(b + c) as usize])?;
            }
        }
        Ok(())
    }

    fn vector(&mut self, index: u32) -> fmt::Result {
        match self.f.vectors.get(index as usize) {
            Some(bits) => write!(self.out, "{bits:#034x}"),
            None => write!(self.out, "vector?{index}"),
        }
    }

    fn call(&mut self, inst: &Inst) -> fmt::Result {
        let call = self.f.call(inst);
        match inst.op {
            Op::Call | Op::TailCall => write!(self.out, "{} ", inst.a)?,
            Op::CallRef | Op::TailCallRef => {
                self.value(inst.a)?;
                self.out.push(' ');
            }
            _ => {}
        }
        if call.ty != NONE {
            write!(self.out, "type {} ", call.ty)?;
        }
        self.out.push('(');
        self.values(call.args)?;
        self.out.push(')');
        let Some(first) = call.edges else { return Ok(()) };
        self.out.push_str(" -> ");
        self.edge(first.0)?;
        for (at, &tag) in call.handlers.iter().enumerate() {
            match tag {
                NONE => self.out.push_str(", all "),
                tag => write!(self.out, ", tag {tag} ")?,
            }
            self.edge(first.0 + 1 + at as u32)?;
        }
        Ok(())
    }
}
