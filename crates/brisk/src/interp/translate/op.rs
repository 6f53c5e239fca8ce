//! Which instruction goes where, and those that need no room of their own.

use super::Translator;
use super::stack::{Class, Kind, Loc, Operand, Source};
use crate::interp::ops::{self, Form, misc};
use crate::interp::rows::CompareRow;
use brisk_module::types::ValType;
use brisk_module::walk::ControlKind;
use brisk_module::wasmparser::Operator;

impl Translator<'_> {
    /// Translates one reachable instruction.
    pub fn operator(&mut self, op: &Operator<'_>) {
        if self.numeric(op) || self.memory_access(op) {
            return;
        }
        match *op {
            Operator::Nop => {}
            Operator::Unreachable => {
                self.position();
                self.emit(misc::UNREACHABLE, &[]);
                self.unreachable_rest();
            }
            Operator::Block { blockty } => self.block(ControlKind::Block, blockty),
            Operator::Loop { blockty } => self.block(ControlKind::Loop, blockty),
            Operator::If { blockty } => self.if_(blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::TryTable { ref try_table } => self.try_table(try_table),
            Operator::Throw { tag_index } => self.throw(tag_index),
            Operator::ThrowRef => self.throw_ref(),
            Operator::Br { relative_depth } => self.br(relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(relative_depth),
            Operator::BrTable { ref targets } => self.br_table(targets),
            Operator::BrOnNull { relative_depth } => self.br_on_null(relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(relative_depth),
            Operator::Return => {
                self.return_();
                self.unreachable_rest();
            }
            Operator::Call { function_index } => self.call(function_index, false),
            Operator::ReturnCall { function_index } => self.call(function_index, true),
            Operator::CallIndirect { type_index, table_index } => {
                self.call_indirect(type_index, table_index, false);
            }
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.call_indirect(type_index, table_index, true);
            }
            Operator::CallRef { type_index } => self.call_ref(type_index, false),
            Operator::ReturnCallRef { type_index } => self.call_ref(type_index, true),
            Operator::Drop => {
                self.pop();
            }
            Operator::Select | Operator::TypedSelect { .. } | Operator::TypedSelectMulti { .. } => {
                self.select()
            }
            Operator::LocalGet { local_index } => self.push_local(local_index),
            Operator::LocalSet { local_index } => {
                let operand = self.pop();
                self.assign_local(local_index, operand);
            }
            Operator::LocalTee { local_index } => {
                let operand = self.pop();
                self.assign_local(local_index, operand);
                self.push_local(local_index);
            }
            Operator::GlobalGet { global_index } => self.global_get(global_index),
            Operator::GlobalSet { global_index } => self.global_set(global_index),
            Operator::I32Const { value } => self.push_const(Kind::I32, u64::from(value as u32)),
            Operator::I64Const { value } => self.push_const(Kind::I64, value as u64),
            Operator::F32Const { value } => self.push_const(Kind::F32, u64::from(value.bits())),
            Operator::F64Const { value } => self.push_const(Kind::F64, value.bits()),
            Operator::V128Const { value } => {
                let start = self.code.len();
                self.emit(misc::CONST_VECTOR, &[]);
                for pair in value.bytes().chunks_exact(2) {
                    self.code.push(u16::from_le_bytes([pair[0], pair[1]]));
                }
                self.push_result(start, Kind::V128);
            }
            Operator::RefNull { .. } => self.push_const(Kind::Ref, 0),
            Operator::RefIsNull => {
                self.push_const(Kind::I64, 0);
                self.compare(CompareRow::I64Eq);
            }
            Operator::RefAsNonNull => self.ref_as_non_null(),
            Operator::RefFunc { function_index } => {
                self.emit(misc::REF_FUNC, &[]);
                self.push_u32(function_index);
                self.push_result_in_slot(Kind::Ref);
            }
            _ => self.table_or_memory(op),
        }
    }

    /// Management of tables and memories.
    fn table_or_memory(&mut self, op: &Operator<'_>) {
        match *op {
            Operator::MemorySize { mem } => {
                let shift = self.module.memories[mem as usize].page_size_log2;
                let kind = self.address_kind(self.module.memories[mem as usize].memory64);
                let slot = self.push_slot(kind);
                self.emit(misc::MEMORY_SIZE, &[mem as u16, slot, u16::from(shift)]);
                self.written(kind, slot);
            }
            Operator::MemoryGrow { mem } => {
                let wide = self.module.memories[mem as usize].memory64;
                self.managed(misc::MEMORY_GROW, &[mem], 1, Some(self.address_kind(wide)), Some(wide));
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.managed(misc::MEMORY_COPY, &[dst_mem, src_mem], 3, None, None);
            }
            Operator::MemoryFill { mem } => self.managed(misc::MEMORY_FILL, &[mem], 3, None, None),
            Operator::MemoryInit { data_index, mem } => {
                self.managed(misc::MEMORY_INIT, &[data_index, mem], 3, None, None);
            }
            Operator::DataDrop { data_index } => {
                self.emit(misc::DATA_DROP, &[]);
                self.push_u32(data_index);
            }
            Operator::TableGet { table } => self.managed(misc::TABLE_GET, &[table], 1, Some(Kind::Ref), None),
            Operator::TableSet { table } => self.managed(misc::TABLE_SET, &[table], 2, None, None),
            Operator::TableSize { table } => {
                let kind = self.address_kind(self.module.tables[table as usize].table64);
                let slot = self.push_slot(kind);
                self.emit(misc::TABLE_SIZE, &[]);
                self.push_u32(table);
                self.code.push(slot);
                self.written(kind, slot);
            }
            Operator::TableGrow { table } => {
                let wide = self.module.tables[table as usize].table64;
                self.managed(misc::TABLE_GROW, &[table], 2, Some(self.address_kind(wide)), Some(wide));
            }
            Operator::TableFill { table } => self.managed(misc::TABLE_FILL, &[table], 3, None, None),
            Operator::TableCopy { dst_table, src_table } => {
                self.managed(misc::TABLE_COPY, &[dst_table, src_table], 3, None, None);
            }
            Operator::TableInit { elem_index, table } => {
                self.managed(misc::TABLE_INIT, &[elem_index, table], 3, None, None);
            }
            Operator::ElemDrop { elem_index } => {
                self.emit(misc::ELEM_DROP, &[]);
                self.push_u32(elem_index);
            }
            _ => unreachable!("{op:?} is refused when the module is decoded"),
        }
    }

    fn address_kind(&self, wide: bool) -> Kind {
        if wide { Kind::I64 } else { Kind::I32 }
    }

    /// An instruction that finds its operands in consecutive slots, after its 32-bit immediates and,
    /// for some, the width of its result; a result replaces the first operand.
    fn managed(&mut self, op: u16, imms: &[u32], operands: usize, result: Option<Kind>, wide: Option<bool>) {
        self.flush_top(operands);
        let height = self.walker.operands.len() - operands;
        self.truncate_operands(height);
        let base = self.top as u16;
        self.position();
        self.emit(op, &[]);
        for &imm in imms {
            self.push_u32(imm);
        }
        self.code.extend(wide.map(u16::from));
        self.code.push(base);
        if let Some(kind) = result {
            let slot = self.push_slot(kind);
            self.held.written(slot);
        }
    }

    fn select(&mut self) {
        let (cond, b, a) = (self.pop(), self.pop(), self.pop());
        if a.kind == Kind::V128 {
            let (a, b) = (self.in_slot(&a), self.in_slot(&b));
            let cond = self.in_slot(&cond);
            let start = self.code.len();
            self.emit(misc::SELECT_VECTOR, &[cond, a, b]);
            self.push_result(start, Kind::V128);
            return;
        }
        let source = self.source_in_slot(&cond);
        self.consume(&cond, source);
        let (first, second) = (self.whole(&a), self.whole(&b));
        let start = self.code.len();
        self.emit(ops::select(source.form, first.form, second.form), &[]);
        for source in [source, first, second] {
            self.push_source(source);
        }
        self.push_result_bits(start, a.kind);
    }

    fn global_get(&mut self, index: u32) {
        let kind = Kind::new(self.module.globals[index as usize].content);
        let start = self.code.len();
        self.emit(if kind == Kind::V128 { misc::GLOBAL_GET_VECTOR } else { misc::GLOBAL_GET }, &[]);
        self.push_u32(index);
        self.push_result_bits(start, kind);
    }

    fn global_set(&mut self, index: u32) {
        let value = self.pop();
        if self.module.globals[index as usize].content == ValType::V128 {
            let slot = self.in_slot(&value);
            self.emit(misc::GLOBAL_SET_VECTOR, &[]);
            self.push_u32(index);
            self.code.push(slot);
            return;
        }
        let mut source = self.whole(&value);
        if source.form == Form::S && value.kind.class() == Some(Class::Int) {
            source = self.source(&value);
            self.consume(&value, source);
        }
        let op = match source.form {
            Form::S => misc::GLOBAL_SET_S,
            Form::A => misc::GLOBAL_SET_A,
            Form::I => misc::GLOBAL_SET_I,
        };
        self.emit(op, &[]);
        self.push_u32(index);
        self.push_source(source);
    }

    /// An operand for an instruction that moves 64 bits whatever they mean: a slot or an immediate.
    fn whole(&self, operand: &Operand) -> Source {
        match (operand.loc, self.value_slot(operand)) {
            (Loc::Const(bits), _) => Source { form: Form::I, bits, imm_words: 4 },
            (_, slot) => {
                Source { form: Form::S, bits: u64::from(slot.unwrap_or(operand.slot)), imm_words: 0 }
            }
        }
    }

    fn ref_as_non_null(&mut self) {
        let reference = self.pop();
        let slot = self.in_slot(&reference);
        self.position();
        self.emit(misc::TRAP_IF_NULL, &[slot]);
        match reference.loc {
            Loc::Local { index, .. } => self.push_local(index),
            _ => {
                self.push_slot(Kind::Ref);
            }
        }
    }
}
