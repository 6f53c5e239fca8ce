//! The function around an instruction, and its compilation.

use crate::cases::{CHOICE, Case, Use};
use crate::machine::OTHERS;
use crate::rows::Row;
use brisk_codegen::code::Code;
use brisk_codegen::ir::{Access, BlockData, Func, Inst, IntCond, Op, Range, Region, Ty, Value, Width};
use brisk_codegen::isa::{Backend, Processor, Settings};
use brisk_codegen::layout::VmLayout;

/// What the function's parameter points to: operands, results, and the operands that are kept.
#[repr(C, align(16))]
pub struct Cells {
    operands: [[u8; 16]; 4],
    results: [[u8; 16]; 2],
    kept: [[u8; 16]; 4],
    /// Values that crowd the registers, and what became of them.
    others: [[u8; 16]; OTHERS],
    others_kept: [[u8; 16]; OTHERS],
    count: usize,
}

pub const RESULTS: usize = 4;
const KEPT: usize = 6;
const FIRST_OTHER: usize = 10;
/// What memory holds before: no result.
const FILLER: u8 = 0xa5;

impl Cells {
    pub fn new(operands: &[u128]) -> Cells {
        let mut cells = Cells {
            operands: [[FILLER; 16]; 4],
            results: [[0; 16]; 2],
            kept: [[FILLER; 16]; 4],
            others: std::array::from_fn(|nth| [nth as u8 + 1; 16]),
            others_kept: [[0; 16]; OTHERS],
            count: operands.len(),
        };
        for (nth, operand) in operands.iter().enumerate() {
            cells.operands[nth] = operand.to_le_bytes();
            cells.kept[nth] = operand.to_le_bytes();
        }
        cells
    }

    pub fn results(&self, count: usize) -> [u128; 2] {
        let results = self.results.map(u128::from_le_bytes);
        [results[0], if count > 1 { results[1] } else { 0 }]
    }

    /// Whether the values that crowd the registers, if they do, are still there.
    pub fn others_are_kept(&self, case: &Case) -> bool {
        let bytes = |nth: usize| if other(nth) == Ty::V128 { 16 } else { 8 };
        !case.crowded
            || (0..OTHERS).all(|nth| self.others[nth][..bytes(nth)] == self.others_kept[nth][..bytes(nth)])
    }

    /// The operands as they were kept.
    pub fn operands(&self) -> Vec<u128> {
        self.kept[..self.count].iter().map(|&bytes| u128::from_le_bytes(bytes)).collect()
    }
}

/// The width of a type.
pub fn access_width(ty: Ty) -> Width {
    match ty {
        Ty::I32 | Ty::F32 => Width::U32,
        Ty::V128 => Width::V128,
        _ => Width::U64,
    }
}

/// Type of one of the values that crowd the registers.
fn other(nth: usize) -> Ty {
    if nth.is_multiple_of(2) { Ty::V128 } else { Ty::I64 }
}

/// Makes a function of one block.
#[derive(Default)]
pub struct Maker {
    func: Func,
}

impl Maker {
    pub fn inst(&mut self, op: Op, ty: Ty, aux: u16, [a, b, c]: [u32; 3]) -> Value {
        let value = Value(self.func.insts.len() as u32);
        self.func.insts.push(Inst { op, ty, aux, a, b, c });
        self.func.positions.push(0);
        if op != Op::Param {
            self.func.layout.push(value);
        }
        value
    }

    pub fn constant(&mut self, ty: Ty, bits: u64) -> Value {
        self.inst(Op::Const, ty, 0, [bits as u32, (bits >> 32) as u32, 0])
    }

    /// A constant's index.
    pub fn vector(&mut self, bits: u128) -> u32 {
        self.func.vectors.push(bits);
        self.func.vectors.len() as u32 - 1
    }

    fn access(width: Width) -> u16 {
        Access { width, pinned: false, region: Region::Memories, traps: false }.to_aux()
    }

    pub fn load(&mut self, pointer: Value, cell: usize, ty: Ty, width: Width) -> Value {
        self.inst(Op::Load, ty, Maker::access(width), [pointer.0, 16 * cell as u32, 0])
    }

    pub fn store(&mut self, pointer: Value, cell: usize, value: Value) {
        self.store_width(pointer, cell, value, access_width(self.func.ty(value)));
    }

    fn store_width(&mut self, pointer: Value, cell: usize, value: Value, width: Width) {
        let aux = Maker::access(width);
        self.inst(Op::Store, Ty::None, aux, [pointer.0, 16 * cell as u32, value.0]);
    }

    /// The function, which returns here; its parameter is the pointer.
    pub fn finish(mut self, pointer: Value) -> Func {
        self.inst(Op::Return, Ty::None, 0, [0; 3]);
        let Maker { mut func } = self;
        func.lists.push(pointer.0);
        let insts = Range { start: 0, end: func.layout.len() as u32 };
        let params = Range { start: 0, end: 1 };
        func.blocks.push(BlockData { params, insts, ..BlockData::default() });
        func
    }
}

/// The function of a case.
fn function(row: &Row, case: &Case) -> Func {
    let mut maker = Maker::default();
    let pointer = maker.inst(Op::Param, Ty::I64, 0, [0; 3]);
    let types = row.operands();
    let mut operands: Vec<Value> = Vec::new();
    for (nth, &ty) in types.iter().enumerate() {
        let value = match case.constants[nth] {
            _ if case.same && nth > 0 && ty == types[0] => operands[0],
            Some(bits) if ty == Ty::V128 => {
                let index = maker.vector(bits);
                maker.inst(Op::ConstVector, ty, 0, [index, 0, 0])
            }
            Some(bits) => maker.constant(ty, bits as u64),
            None if case.narrow => maker.load(pointer, nth, ty, row.narrow(ty).0),
            None => maker.load(pointer, nth, ty, access_width(ty)),
        };
        operands.push(value);
    }
    if case.crowded {
        let others: Vec<Value> = (0..OTHERS)
            .map(|nth| maker.load(pointer, FIRST_OTHER + nth, other(nth), access_width(other(nth))))
            .collect();
        for (nth, &value) in others.iter().enumerate() {
            maker.store(pointer, FIRST_OTHER + OTHERS + nth, value);
        }
    }
    let mut results = row.make(&mut maker, &operands, case.imm);
    if case.used != Use::Value {
        if case.used == Use::Inverted {
            let zero = maker.constant(Ty::I32, 0);
            results[0] = maker.inst(Op::Icmp, Ty::I32, IntCond::Eq as u16, [results[0].0, zero.0, 0]);
        }
        let ty = if case.used == Use::Floats { Ty::F64 } else { Ty::I64 };
        let [a, b] = CHOICE.map(|bits| maker.constant(ty, bits));
        results[0] = maker.inst(Op::Select, ty, 0, [a.0, b.0, results[0].0]);
    }
    for (nth, &result) in results.iter().enumerate() {
        let ty = row.results[nth];
        if case.narrow && ty.is_int() {
            maker.store_width(pointer, RESULTS + nth, result, row.narrow(ty).0);
        } else {
            maker.store(pointer, RESULTS + nth, result);
        }
    }
    if case.kept {
        for (nth, &operand) in operands.iter().enumerate() {
            maker.store(pointer, KEPT + nth, operand);
        }
    }
    maker.finish(pointer)
}

/// Compiles functions.
pub struct Compiler(Box<dyn Backend>);

impl Compiler {
    pub fn new(processor: Processor) -> Compiler {
        Compiler(processor.backend())
    }

    pub fn compile(&mut self, row: &Row, case: &Case) -> Code {
        self.compile_func(&function(row, case))
    }

    pub fn compile_func(&mut self, func: &Func) -> Code {
        let settings = Settings {
            layout: VmLayout::default(),
            spectre: false,
            func: 0,
            imported_funcs: 0,
            pinned_memory: false,
            tail_calls_out: false,
            fuel: false,
            direct_recursion: false,
        };
        self.0.lower(func, &settings);
        self.0.find_live_ranges(&settings);
        self.0.allocate(&settings);
        self.0.resolve(&settings);
        let mut code = Code::default();
        self.0.emit(func, &settings, &mut code);
        code
    }
}
