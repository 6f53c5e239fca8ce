//! Loads and stores.

use super::Translator;
use super::stack::{Kind, Operand, Source};
use crate::interp::ops::{self, AddrForm, Form, misc};
use crate::interp::rows::*;
use brisk_module::wasmparser::{MemArg, MemArgTarget, Operator};

/// An address as a load or store takes it.
struct Address {
    form: AddrForm,
    words: [u16; 10],
    count: usize,
}

macro_rules! kind {
    (i32) => {
        Kind::I32
    };
    (i64) => {
        Kind::I64
    };
    (f32) => {
        Kind::F32
    };
    (f64) => {
        Kind::F64
    };
}

macro_rules! memory_instruction {
    (
        load { $($ld:ident $ld_m:ident $ld_v:ident $ld_r:ident;)* }
        store { $($st:ident $st_v:ident $st_m:ident;)* }
        v_load { $($vl:ident $vl_n:literal $vl_f:ident;)* }
        v_lane { $($ll:ident $sl:ident $la:ident;)* }
    ) => {
        impl Translator<'_> {
            /// Translates a load or store; false if it is none.
            pub fn memory_access(&mut self, op: &Operator<'_>) -> bool {
                match op {
                    $(Operator::$ld { memarg } => self.load(LoadRow::$ld, memarg, kind!($ld_r)),)*
                    $(Operator::$st { memarg } => self.store(StoreRow::$st, memarg),)*
                    $(Operator::$vl { memarg } => self.load_vector(VLoadRow::$vl, memarg),)*
                    $(Operator::$ll { memarg, lane } => self.load_lane(LoadLaneRow::$ll, memarg, *lane),)*
                    $(Operator::$sl { memarg, lane } => self.store_lane(StoreLaneRow::$sl, memarg, *lane),)*
                    Operator::V128Store { memarg } => self.store_vector(memarg),
                    _ => return false,
                }
                true
            }
        }
    };
}
for_each_memory_op!(memory_instruction);

impl Translator<'_> {
    /// The offset, if the access may take the short way: memory 0, 32-bit address and offset.
    fn near(&self, memarg: &MemArg) -> Option<u32> {
        let index = memory_index(memarg);
        let memory64 = self.module.memories[index as usize].memory64;
        if index == 0 && !memory64 { u32::try_from(memarg.offset).ok() } else { None }
    }

    /// The address of a near access. A sum just computed for it joins it.
    fn address(&mut self, operand: &Operand) -> Address {
        if let Some(last) = self.take_back(operand) {
            let op = self.code[last.start];
            let sums = [
                (Form::S, Form::S, AddrForm::SumSS),
                (Form::A, Form::S, AddrForm::SumAS),
                (Form::S, Form::I, AddrForm::SumSI),
                (Form::A, Form::I, AddrForm::SumAI),
            ];
            let sum =
                sums.into_iter().find(|&(a, b, _)| op == ops::commutative(CommutativeRow::I32Add, a, b));
            if let Some((_, _, form)) = sum {
                let (words, count) = self.take_operands(last.start);
                self.held = last.held;
                return Address { form, words, count };
            }
            self.last = Some(last);
        }
        let source = self.source_in_slot(operand);
        self.consume(operand, source);
        match source.form {
            Form::A => Address { form: AddrForm::A, words: [0; 10], count: 0 },
            _ => {
                let mut words = [0; 10];
                words[0] = source.bits as u16;
                Address { form: AddrForm::S, words, count: 1 }
            }
        }
    }

    fn push_address(&mut self, address: &Address) {
        self.code.extend_from_slice(&address.words[..address.count]);
    }

    /// Words of a far access: memory, address, offset.
    fn push_far(&mut self, memarg: &MemArg, addr: u16) {
        self.code.extend_from_slice(&[memory_index(memarg) as u16, addr]);
        self.push_u64(memarg.offset);
    }

    fn load(&mut self, row: LoadRow, memarg: &MemArg, kind: Kind) {
        let addr = self.pop();
        if let Some(offset) = self.near(memarg) {
            let address = self.address(&addr);
            self.position();
            let start = self.code.len();
            self.emit(ops::load(row, address.form), &[]);
            self.push_address(&address);
            self.push_u32(offset);
            self.push_result(start, kind);
        } else {
            let slot = self.in_slot(&addr);
            self.position();
            let start = self.code.len();
            self.emit(ops::load_far(row), &[]);
            self.push_far(memarg, slot);
            self.push_result(start, kind);
        }
    }

    fn store(&mut self, row: StoreRow, memarg: &MemArg) {
        let (value, addr) = (self.pop(), self.pop());
        if let Some(offset) = self.near(memarg) {
            let mut source = self.source(&value);
            self.consume(&value, source);
            let address = self.address(&addr);
            if source.form == Form::A && !self.accumulator_still_has(&value, source) {
                source.form = Form::S;
            }
            self.position();
            self.emit(ops::store(row, address.form, source.form), &[]);
            self.push_address(&address);
            self.push_u32(offset);
            self.push_source(source);
        } else {
            let value = self.in_slot(&value);
            let addr = self.in_slot(&addr);
            self.position();
            self.emit(ops::store_far(row), &[]);
            self.push_far(memarg, addr);
            self.code.push(value);
        }
    }

    /// Taking an address sum back may leave the accumulator with what it held before the sum. A value
    /// that was in it because it was the sum itself is then found in its slot only.
    fn accumulator_still_has(&self, value: &Operand, source: Source) -> bool {
        value.loc == super::stack::Loc::Slot
            || value.kind.class().is_some_and(|class| self.held.holds(class, source.bits as u16))
    }

    fn load_vector(&mut self, row: VLoadRow, memarg: &MemArg) {
        let addr = self.pop();
        let slot = self.in_slot(&addr);
        self.position();
        let start = self.code.len();
        if let Some(offset) = self.near(memarg) {
            self.emit(ops::load_vector(row), &[slot]);
            self.push_u32(offset);
        } else {
            self.emit(ops::load_vector_far(row), &[]);
            self.push_far(memarg, slot);
        }
        self.push_result(start, Kind::V128);
    }

    fn store_vector(&mut self, memarg: &MemArg) {
        let (value, addr) = (self.pop(), self.pop());
        let value = self.in_slot(&value);
        let addr = self.in_slot(&addr);
        self.position();
        if let Some(offset) = self.near(memarg) {
            self.emit(misc::STORE_VECTOR, &[addr]);
            self.push_u32(offset);
        } else {
            self.emit(misc::STORE_VECTOR_FAR, &[]);
            self.push_far(memarg, addr);
        }
        self.code.push(value);
    }

    fn load_lane(&mut self, row: LoadLaneRow, memarg: &MemArg, lane: u8) {
        let (vector, addr) = (self.pop(), self.pop());
        let vector = self.in_slot(&vector);
        let addr = self.in_slot(&addr);
        self.position();
        let start = self.code.len();
        self.emit(ops::load_lane(row), &[]);
        self.push_far(memarg, addr);
        self.code.extend_from_slice(&[u16::from(lane), vector]);
        self.push_result(start, Kind::V128);
    }

    fn store_lane(&mut self, row: StoreLaneRow, memarg: &MemArg, lane: u8) {
        let (vector, addr) = (self.pop(), self.pop());
        let vector = self.in_slot(&vector);
        let addr = self.in_slot(&addr);
        self.position();
        self.emit(ops::store_lane(row), &[]);
        self.push_far(memarg, addr);
        self.code.extend_from_slice(&[u16::from(lane), vector]);
    }
}

/// The memory an instruction works on. Arrays are refused when the module is decoded.
fn memory_index(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(index) => index,
        MemArgTarget::Array(_) => unreachable!("array accesses are refused when the module is decoded"),
    }
}
