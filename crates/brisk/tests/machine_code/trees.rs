//! Programs of several instructions at random: what one instruction of the machine does for two or three of them.

use crate::inputs::{Random, special};
use crate::make::{Cells, Maker, RESULTS, access_width};
use crate::memory::Image;
use crate::rows::{Row, Section, rows};
use brisk_codegen::ir::{Func, Op, Ty, Value};

/// Types of what the programs are given; each has a cell.
const GIVEN: [Ty; 4] = [Ty::V128, Ty::V128, Ty::I64, Ty::I32];
const PROGRAMS: usize = 2_000;
/// How often each program runs.
const RUNS: usize = 6;

/// Where a value comes from.
enum Source {
    Given(usize),
    Constant(u128),
    /// An instruction of values that come before it, with an immediate.
    Row(usize, Vec<usize>, u128),
}

/// A program, and all its values; the last one is its result.
struct Program {
    values: Vec<(Source, Ty, Value)>,
    func: Func,
}

struct Writer<'a> {
    rows: &'a [Row],
    random: Random,
    maker: Maker,
    values: Vec<(Source, Ty, Value)>,
}

impl Writer<'_> {
    fn constant(&mut self, ty: Ty, bits: u128) -> usize {
        let value = match ty {
            Ty::V128 => {
                let index = self.maker.vector(bits);
                self.maker.inst(Op::ConstVector, ty, 0, [index, 0, 0])
            }
            _ => self.maker.constant(ty, bits as u64),
        };
        self.values.push((Source::Constant(bits), ty, value));
        self.values.len() - 1
    }

    fn row(&mut self, row: usize, operands: Vec<usize>, imm: u128) -> usize {
        let values: Vec<Value> = operands.iter().map(|&operand| self.values[operand].2).collect();
        let value = self.rows[row].make(&mut self.maker, &values, imm)[0];
        let ty = self.rows[row].results[0];
        self.values.push((Source::Row(row, operands, imm), ty, value));
        self.values.len() - 1
    }

    fn named(&mut self, name: &str, operands: Vec<usize>) -> usize {
        let row = self.rows.iter().position(|row| row.name == name).expect("a row with the name");
        self.row(row, operands, 0)
    }

    /// A value of a type: often a late one, sometimes a constant.
    fn operand(&mut self, ty: Ty, count: bool) -> usize {
        let fitting: Vec<usize> = (0..self.values.len()).filter(|&nth| self.values[nth].1 == ty).collect();
        if fitting.is_empty() || self.random.below(if count { 2 } else { 8 }) == 0 {
            let bits = if self.random.below(4) == 0 { 0 } else { special(ty, &mut self.random) };
            return self.constant(ty, bits);
        }
        let late = if self.random.below(3) > 0 { fitting.len().min(2) } else { fitting.len() };
        fitting[fitting.len() - 1 - self.random.below(late)]
    }

    /// Any instruction.
    fn step(&mut self, among: &[usize]) {
        let number = among[self.random.below(among.len())];
        let row = &self.rows[number];
        let types = row.operands();
        let operands =
            types.iter().enumerate().map(|(nth, &ty)| self.operand(ty, nth == 1 && row.shifts())).collect();
        let (lanes, shuffle) = row.lanes();
        let imm = match shuffle {
            true => u128::from_le_bytes(std::array::from_fn(|_| self.random.below(32) as u8)),
            false => self.random.below(lanes as usize) as u128,
        };
        self.row(number, operands, imm);
    }

    /// Two shifts that are one rotation, or nearly, and two instructions whose difference is a distance, or nearly.
    fn pattern(&mut self) {
        let (a, b) = (self.operand(Ty::V128, false), self.operand(Ty::V128, false));
        let number = self.random.below(4);
        let lanes = ["i8x16", "i16x8", "i32x4", "i64x2"][number];
        if self.random.below(2) == 0 {
            let bits = 8 << number;
            let up = if self.random.below(3) == 0 { bits / 2 } else { self.random.below(bits) };
            let down = if self.random.below(4) == 0 { self.random.below(bits) } else { bits - up };
            let (up, down) = (self.constant(Ty::I32, up as u128), self.constant(Ty::I32, down as u128));
            let same = self.random.below(3) > 0;
            let left = self.named(&format!("{lanes}_shl"), vec![a, up]);
            let right = self.named(&format!("{lanes}_shr_u"), vec![if same { a } else { b }, down]);
            let joined = ["v128_or", "v128_xor"][self.random.below(2)];
            self.named(joined, vec![left, right]);
        } else if number < 2 {
            let (first, second, joined) = match self.random.below(3) {
                0 => ("sub_sat_u", "sub_sat_u", "v128_or".to_string()),
                1 => ("max_u", "min_u", format!("{lanes}_sub")),
                _ => ("max_s", "min_s", format!("{lanes}_sub")),
            };
            let first = self.named(&format!("{lanes}_{first}"), vec![a, b]);
            let exchanged = self.random.below(4) > 0;
            let operands = if exchanged { vec![b, a] } else { vec![a, b] };
            let second = self.named(&format!("{lanes}_{second}"), operands);
            self.named(&joined, vec![first, second]);
        }
    }
}

/// Instructions that give one result, never trap, and say of every bit what it is.
fn exact(row: &Row) -> bool {
    let float = row.name.starts_with(['f', 'c']);
    let moved = ["splat", "lane", "abs", "neg", "eq", "ne", "lt", "gt", "le", "ge", "pmin", "pmax"];
    let known = !float || moved.iter().any(|name| row.name.split('_').any(|part| part == *name));
    let traps = ["_div", "_rem", "_trunc_f"].iter().any(|name| row.name.contains(name));
    known && row.results.len() == 1 && (!traps || row.name.contains("sat"))
}

fn program(rows: &[Row], among: &[Vec<usize>], seed: usize) -> Program {
    let random = Random::new(&format!("program {seed}"));
    let mut writer = Writer { rows, random, maker: Maker::default(), values: Vec::new() };
    let pointer = writer.maker.inst(Op::Param, Ty::I64, 0, [0; 3]);
    for (cell, &ty) in GIVEN.iter().enumerate() {
        let value = writer.maker.load(pointer, cell, ty, access_width(ty));
        writer.values.push((Source::Given(cell), ty, value));
    }
    for _ in 0..2 + writer.random.below(6) {
        let among = &among[writer.random.below(among.len())];
        writer.step(among);
    }
    if writer.random.below(3) == 0 {
        writer.pattern();
    }
    let Writer { mut maker, values, .. } = writer;
    let result = values.last().expect("what is given").2;
    maker.store(pointer, RESULTS, result);
    Program { values, func: maker.finish(pointer) }
}

impl Program {
    fn expected(&self, rows: &[Row], given: &[u128]) -> u128 {
        let mut found: Vec<u128> = Vec::new();
        for (source, ..) in &self.values {
            found.push(match source {
                Source::Given(cell) => given[*cell],
                Source::Constant(bits) => *bits,
                Source::Row(row, operands, imm) => {
                    let operands: Vec<u128> = operands.iter().map(|&operand| found[operand]).collect();
                    (rows[*row].eval)(&operands, *imm).expect("it never traps")[0]
                }
            });
        }
        *found.last().expect("what is given")
    }

    fn print(&self, rows: &[Row]) -> String {
        let line = |(nth, (source, ..)): (usize, &(Source, Ty, Value))| match source {
            Source::Given(cell) => format!("{nth}: given {cell}\n"),
            Source::Constant(bits) => format!("{nth}: {bits:#x}\n"),
            Source::Row(row, operands, imm) => format!("{nth}: {} {operands:?} {imm:#x}\n", rows[*row].name),
        };
        self.values.iter().enumerate().map(line).collect()
    }
}

#[test]
fn programs() {
    let rows = rows();
    let numbers = |which: &dyn Fn(&Row) -> bool| {
        (0..rows.len()).filter(|&nth| exact(&rows[nth]) && which(&rows[nth])).collect()
    };
    let fused = ["_add", "_sub", "_mul", "ext", "_shl", "_shr", "v128", "splat", "lane"];
    let is_vector = |row: &Row| row.section == Section::Vector;
    let among: [Vec<usize>; 3] = [
        numbers(&|_| true),
        numbers(&is_vector),
        numbers(&|row| is_vector(row) && fused.iter().any(|name| row.name.contains(name))),
    ];
    let programs: Vec<Program> = (0..PROGRAMS).map(|seed| program(&rows, &among, seed)).collect();
    let image = Image::of(PROGRAMS, |compiler, nth| compiler.compile_func(&programs[nth].func));
    let mut random = Random::new("operands");
    for (nth, program) in programs.iter().enumerate() {
        for _ in 0..RUNS {
            let given: Vec<u128> = GIVEN.iter().map(|&ty| special(ty, &mut random)).collect();
            let expected = program.expected(&rows, &given);
            for (processor, function) in image.functions(nth) {
                let mut cells = Cells::new(&given);
                assert_eq!(function.call(&mut cells), None);
                let found = cells.results(1)[0];
                let text = program.print(&rows);
                assert_eq!(found, expected, "{processor}: {given:x?} in\n{text}gives {found:#x}");
            }
        }
    }
}
