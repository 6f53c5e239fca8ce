//! From the text form back to a function: what [`print`](super::print::print) writes, for tests.

use super::{
    Access, Block, BlockData, Edge, EdgeData, FloatCond, Func, Inst, IntCond, Libcall, NONE, Op, REGIONS,
    Range, Region, Shape, SimdOp, SimdShape, TrapCode, Ty, Value, WIDTHS, Width,
};
use std::collections::HashMap;

/// A line that is not in the text form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

type Result<T = ()> = std::result::Result<T, String>;

/// Parses the text of one function. Positions are 0.
///
/// # Errors
///
/// If the text has not the form; whether the function keeps the rules is for [`verify`](super::verify::verify).
pub fn parse(text: &str) -> std::result::Result<Func, ParseError> {
    let mut parser = Parser { f: Func::default(), names: HashMap::new(), next: 0 };
    for (at, line) in text.lines().enumerate() {
        parser.declare(line).map_err(|message| ParseError { line: at + 1, message })?;
    }
    for (at, line) in text.lines().enumerate() {
        parser.line(line).map_err(|message| ParseError { line: at + 1, message })?;
    }
    parser.end_block();
    parser.f.positions = vec![0; parser.f.insts.len()];
    Ok(parser.f)
}

struct Parser {
    f: Func,
    /// Values by name.
    names: HashMap<String, u32>,
    /// Index of the next value.
    next: u32,
}

/// The rest of a line.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn skip_space(&mut self) {
        self.0 = self.0.trim_start();
    }

    /// Takes a token if it is next.
    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        let rest = self.0.strip_prefix(token);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, token: &str) -> Result {
        if self.eat(token) { Ok(()) } else { Err(format!("expected `{token}` before `{}`", self.0)) }
    }

    /// Letters, digits, dots, underscores and signs.
    fn word(&mut self) -> Result<&'a str> {
        self.skip_space();
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '?');
        let end = self.0.find(|c| !in_word(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        if word.is_empty() { Err(format!("expected a word before `{rest}`")) } else { Ok(word) }
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("`{word}` is no such number"))
    }

    fn hex(&mut self) -> Result<u128> {
        let word = self.word()?;
        let digits = word.strip_prefix("0x").ok_or_else(|| format!("`{word}` is not hexadecimal"))?;
        u128::from_str_radix(digits, 16).map_err(|_| format!("`{word}` is no such number"))
    }
}

fn find<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str, text: &str) -> Result<T> {
    all.iter().copied().find(|&one| name(one) == text).ok_or_else(|| format!("no `{text}`"))
}

fn ty(text: &str) -> Result<Ty> {
    find(&[Ty::I32, Ty::I64, Ty::F32, Ty::F64, Ty::V128], Ty::name, text)
}

fn is_block(line: &str) -> bool {
    line.starts_with("block")
}

fn is_inst(line: &str) -> bool {
    line.starts_with("    ")
}

impl Parser {
    /// Numbers the values that a line defines.
    fn declare(&mut self, line: &str) -> Result {
        if is_block(line) {
            let inside = line.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
            let (params, _) = inside.ok_or("a block without parameters in parentheses")?;
            for param in params.split(',').filter(|param| !param.trim().is_empty()) {
                let (name, _) = param.split_once(':').ok_or("a parameter without type")?;
                self.name(name.trim())?;
            }
        } else if is_inst(line) {
            match line.split_once(" = ") {
                Some((result, _)) => {
                    self.name(result.split(':').next().unwrap_or(result).trim())?;
                }
                None => self.next += 1,
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &str) -> Result {
        if self.names.insert(name.to_owned(), self.next).is_some() {
            return Err(format!("{name} is defined twice"));
        }
        self.next += 1;
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result {
        if line.trim().is_empty() {
            return Ok(());
        }
        let mut cursor = Cursor(line);
        if is_block(line) {
            self.block(&mut cursor)?;
        } else if is_inst(line) {
            self.inst(&mut cursor)?;
        } else {
            self.header(&mut cursor)?;
        }
        cursor.skip_space();
        if cursor.0.is_empty() { Ok(()) } else { Err(format!("`{}` is left", cursor.0)) }
    }

    fn header(&mut self, cursor: &mut Cursor<'_>) -> Result {
        cursor.expect("func")?;
        cursor.expect("->")?;
        cursor.expect("(")?;
        while !cursor.eat(")") {
            self.f.results.push(ty(cursor.word()?)?);
            cursor.eat(",");
        }
        self.f.calls = cursor.eat("calls");
        Ok(())
    }

    fn end_block(&mut self) {
        let end = self.f.layout.len() as u32;
        if let Some(block) = self.f.blocks.last_mut() {
            block.insts.end = end;
        }
    }

    fn block(&mut self, cursor: &mut Cursor<'_>) -> Result {
        self.end_block();
        let number = self.f.blocks.len() as u32;
        cursor.expect(&format!("block{number}"))?;
        cursor.expect("(")?;
        let mut params = Vec::new();
        while !cursor.eat(")") {
            params.push(self.f.insts.len() as u32);
            cursor.word()?;
            cursor.expect(":")?;
            let ty = ty(cursor.word()?)?;
            self.f.insts.push(Inst { op: Op::Param, ty, aux: 0, a: number, b: 0, c: 0 });
            cursor.eat(",");
        }
        let params = self.list(&params);
        let start = self.f.layout.len() as u32;
        let loop_depth = if cursor.eat("depth") { cursor.number()? } else { 0 };
        let loop_header = cursor.eat("loop");
        let cold = cursor.eat("cold");
        cursor.expect(":")?;
        let insts = Range { start, end: start };
        self.f.blocks.push(BlockData { params, insts, loop_depth, loop_header, cold });
        Ok(())
    }

    fn list(&mut self, values: &[u32]) -> Range {
        let start = self.f.lists.len() as u32;
        self.f.lists.extend_from_slice(values);
        Range { start, end: self.f.lists.len() as u32 }
    }

    fn value(&self, cursor: &mut Cursor<'_>) -> Result<u32> {
        let word = cursor.word()?;
        self.names.get(word).copied().ok_or_else(|| format!("no value `{word}`"))
    }

    /// Values up to a closing parenthesis.
    fn values(&self, cursor: &mut Cursor<'_>) -> Result<Vec<u32>> {
        let mut values = Vec::new();
        while !cursor.eat(")") {
            values.push(self.value(cursor)?);
            cursor.eat(",");
        }
        Ok(values)
    }

    fn edge(&mut self, cursor: &mut Cursor<'_>) -> Result<u32> {
        cursor.expect("block")?;
        let to = Block(cursor.number()?);
        cursor.expect("(")?;
        let args = self.values(cursor)?;
        let args = self.list(&args);
        self.f.edges.push(EdgeData { to, args });
        Ok(Edge(self.f.edges.len() as u32 - 1).0)
    }

    fn vector(&mut self, cursor: &mut Cursor<'_>) -> Result<u32> {
        let bits = cursor.hex()?;
        self.f.vectors.push(bits);
        Ok(self.f.vectors.len() as u32 - 1)
    }

    fn inst(&mut self, cursor: &mut Cursor<'_>) -> Result {
        let mut inst = Inst { op: Op::Nop, ty: Ty::None, aux: 0, a: 0, b: 0, c: 0 };
        if cursor.0.contains(" = ") {
            cursor.word()?;
            if cursor.eat(":") {
                inst.ty = ty(cursor.word()?)?;
            }
            cursor.expect("=")?;
        }
        let word = cursor.word()?;
        let (name, modifier) = word.split_once('.').unwrap_or((word, ""));
        inst.op = find(Op::ALL, Op::name, name)?;
        inst.aux = self.modifier(inst.op, modifier)?;
        self.operands(&mut inst, cursor)?;
        self.f.layout.push(Value(self.f.insts.len() as u32));
        self.f.insts.push(inst);
        Ok(())
    }

    fn modifier(&self, op: Op, text: &str) -> Result<u16> {
        Ok(match op {
            Op::Icmp => find(IntCond::ALL, IntCond::name, text)? as u16,
            Op::Fcmp => find(FloatCond::ALL, FloatCond::name, text)? as u16,
            Op::Trap | Op::TrapIf => find(TrapCode::ALL, TrapCode::name, text)? as u16,
            Op::CallLib => find(Libcall::ALL, Libcall::name, text)? as u16,
            Op::Simd => find(SimdOp::ALL, SimdOp::name, text)? as u16,
            Op::Load | Op::Store => {
                let mut parts = text.split('.');
                let mut part = || parts.next().unwrap_or("");
                let width = find(&WIDTHS, Width::name, part())?;
                let region = find(&REGIONS, Region::name, part())?;
                let (mut pinned, mut traps) = (false, false);
                for flag in parts {
                    match flag {
                        "pinned" => pinned = true,
                        "traps" => traps = true,
                        _ => return Err(format!("no `{flag}`")),
                    }
                }
                Access { width, pinned, region, traps }.to_aux()
            }
            _ if text.is_empty() => 0,
            _ => text.parse().map_err(|_| format!("no `{text}`"))?,
        })
    }

    fn operands(&mut self, inst: &mut Inst, cursor: &mut Cursor<'_>) -> Result {
        match inst.op.shape() {
            Shape::Nullary => match (inst.op, inst.ty) {
                (Op::Const, Ty::I32) => inst.a = cursor.number::<i32>()? as u32,
                (Op::Const, Ty::I64) => {
                    let bits = cursor.number::<i64>()? as u64;
                    (inst.a, inst.b) = (bits as u32, (bits >> 32) as u32);
                }
                (Op::Const, _) => {
                    let bits = cursor.hex()? as u64;
                    (inst.a, inst.b) = (bits as u32, (bits >> 32) as u32);
                }
                (Op::ConstVector, _) => inst.a = self.vector(cursor)?,
                (Op::Fuel, _) => {
                    inst.a = cursor.number()?;
                    cursor.expect(",")?;
                    inst.b = cursor.number()?;
                }
                _ => {}
            },
            Shape::Unary => {
                inst.a = self.value(cursor)?;
                if inst.op == Op::Result {
                    inst.b = self.next_number(cursor)?;
                }
            }
            Shape::Binary => {
                inst.a = self.value(cursor)?;
                inst.b = self.next_value(cursor)?;
                if inst.op == Op::Check {
                    inst.c = self.next_number(cursor)?;
                }
            }
            Shape::Ternary => {
                inst.a = self.value(cursor)?;
                inst.b = self.next_value(cursor)?;
                inst.c = self.next_value(cursor)?;
            }
            Shape::Simd => self.simd(inst, cursor)?,
            Shape::Load | Shape::Store => {
                inst.a = self.value(cursor)?;
                cursor.expect("+")?;
                inst.b = cursor.number()?;
                if inst.op == Op::Store {
                    inst.c = self.next_value(cursor)?;
                }
            }
            Shape::Call | Shape::CallValue => self.call(inst, cursor)?,
            Shape::Jump => inst.a = self.edge(cursor)?,
            Shape::Branch => {
                inst.a = self.value(cursor)?;
                cursor.expect(",")?;
                inst.b = self.edge(cursor)?;
                cursor.expect(",")?;
                inst.c = self.edge(cursor)?;
            }
            Shape::BranchTable => {
                inst.a = self.value(cursor)?;
                inst.b = self.f.edges.len() as u32;
                while cursor.eat(",") {
                    self.edge(cursor)?;
                }
                inst.c = self.f.edges.len() as u32 - inst.b;
            }
            Shape::List => {
                let mut values = Vec::new();
                cursor.skip_space();
                while !cursor.0.is_empty() {
                    values.push(self.value(cursor)?);
                    cursor.eat(",");
                    cursor.skip_space();
                }
                let list = self.list(&values);
                (inst.b, inst.c) = (list.start, list.end - list.start);
            }
        }
        Ok(())
    }

    fn next_value(&self, cursor: &mut Cursor<'_>) -> Result<u32> {
        cursor.expect(",")?;
        self.value(cursor)
    }

    fn next_number(&self, cursor: &mut Cursor<'_>) -> Result<u32> {
        cursor.expect(",")?;
        cursor.number()
    }

    fn simd(&mut self, inst: &mut Inst, cursor: &mut Cursor<'_>) -> Result {
        inst.a = self.value(cursor)?;
        match SimdOp::from_aux(inst.aux).shape() {
            SimdShape::Unary => {}
            SimdShape::Binary => inst.b = self.next_value(cursor)?,
            SimdShape::Ternary => {
                inst.b = self.next_value(cursor)?;
                inst.c = self.next_value(cursor)?;
            }
            SimdShape::ExtractLane => inst.b = self.next_number(cursor)?,
            SimdShape::ReplaceLane => {
                inst.b = self.next_value(cursor)?;
                inst.c = self.next_number(cursor)?;
            }
            SimdShape::Shuffle => {
                inst.b = self.next_value(cursor)?;
                cursor.expect(",")?;
                inst.c = self.vector(cursor)?;
            }
        }
        Ok(())
    }

    fn call(&mut self, inst: &mut Inst, cursor: &mut Cursor<'_>) -> Result {
        match inst.op {
            Op::Call | Op::TailCall => inst.a = cursor.number()?,
            Op::CallRef | Op::TailCallRef => inst.a = self.value(cursor)?,
            _ => {}
        }
        let ty = if cursor.eat("type") { cursor.number()? } else { NONE };
        cursor.expect("(")?;
        let args = self.values(cursor)?;
        inst.c = NONE;
        let mut handlers = Vec::new();
        if cursor.eat("->") {
            inst.c = self.edge(cursor)?;
            while cursor.eat(",") {
                handlers.push(if cursor.eat("all") {
                    NONE
                } else {
                    cursor.expect("tag")?;
                    cursor.number()?
                });
                self.edge(cursor)?;
            }
        }
        inst.b = self.f.lists.len() as u32;
        self.f.lists.extend_from_slice(&[ty, args.len() as u32]);
        self.f.lists.extend_from_slice(&args);
        if inst.c != NONE {
            self.f.lists.push(1 + handlers.len() as u32);
            self.f.lists.extend_from_slice(&handlers);
        }
        Ok(())
    }
}
