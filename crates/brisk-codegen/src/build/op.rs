//! Which instruction goes where.

use super::Build;
use crate::ir::{Libcall, Op, TrapCode, Ty};
use brisk_module::wasmparser::Operator;

impl Build<'_> {
    /// Builds one reachable instruction.
    pub fn operator(&mut self, op: &Operator<'_>) {
        match *op {
            Operator::LocalGet { local_index } => {
                let value = self.get_local(self.first_local + local_index);
                self.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.set_local(self.first_local + local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = *self.walker.operands.last().expect("a validated body has the operand");
                self.set_local(self.first_local + local_index, value);
            }
            Operator::I32Const { value } => self.push_constant(Ty::I32, u64::from(value as u32)),
            Operator::I64Const { value } => self.push_constant(Ty::I64, value as u64),
            Operator::F32Const { value } => self.push_constant(Ty::F32, u64::from(value.bits())),
            Operator::F64Const { value } => self.push_constant(Ty::F64, value.bits()),
            Operator::Nop => {}
            Operator::Unreachable => {
                self.trap(TrapCode::Unreachable);
                self.unreachable_rest();
            }
            Operator::Block { blockty } => {
                self.open(brisk_module::walk::ControlKind::Block, blockty, super::control::Label::default());
            }
            Operator::Loop { blockty } => self.loop_(blockty),
            Operator::If { blockty } => self.if_(blockty),
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(relative_depth),
            Operator::BrTable { ref targets } => self.br_table(targets),
            Operator::BrOnNull { relative_depth } => self.br_on_null(relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(relative_depth),
            Operator::Return => self.return_op(),
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
                let condition = self.pop();
                let b = self.pop();
                let a = self.pop();
                let value = self.select(a, b, condition);
                self.push(value);
            }
            Operator::GlobalGet { global_index } => self.global_get(global_index),
            Operator::GlobalSet { global_index } => self.global_set(global_index),
            _ => {
                if !self.scalar(op) && !self.vector(op) {
                    self.rare(op);
                }
            }
        }
    }

    fn push_constant(&mut self, ty: Ty, bits: u64) {
        let value = self.constant(ty, bits);
        self.push(value);
    }

    /// References, exceptions, wide arithmetic, and the management of tables and memories.
    fn rare(&mut self, op: &Operator<'_>) {
        match *op {
            Operator::V128Const { value } => {
                let value = self.vector_constant(u128::from_le_bytes(*value.bytes()));
                self.push(value);
            }
            Operator::I64Add128 => self.wide_sum(Op::Add),
            Operator::I64Sub128 => self.wide_sum(Op::Sub),
            Operator::I64MulWideS => self.wide_product(Op::MulHighS),
            Operator::I64MulWideU => self.wide_product(Op::MulHighU),
            Operator::TryTable { ref try_table } => self.try_table(try_table),
            Operator::Throw { tag_index } => self.throw(tag_index),
            Operator::ThrowRef => self.throw_ref(),
            Operator::RefNull { .. } => self.push_constant(Ty::I64, 0),
            Operator::RefIsNull => {
                let value = self.pop();
                let value = self.is_null(value);
                self.push(value);
            }
            Operator::RefAsNonNull => self.ref_as_non_null(),
            Operator::RefFunc { function_index } => self.ref_func(function_index),
            Operator::MemorySize { mem } => self.memory_size(mem),
            Operator::MemoryGrow { mem } => self.memory_grow(mem),
            Operator::MemoryCopy { dst_mem, src_mem } => self.bulk(Libcall::MemoryCopy, &[dst_mem, src_mem]),
            Operator::MemoryFill { mem } => self.bulk(Libcall::MemoryFill, &[mem]),
            Operator::MemoryInit { data_index, mem } => self.bulk(Libcall::MemoryInit, &[data_index, mem]),
            Operator::DataDrop { data_index } => self.bulk(Libcall::DataDrop, &[data_index]),
            Operator::TableGet { table } => self.table_get(table),
            Operator::TableSet { table } => self.table_set(table),
            Operator::TableSize { table } => self.table_size(table),
            Operator::TableGrow { table } => self.table_grow(table),
            Operator::TableFill { table } => self.bulk(Libcall::TableFill, &[table]),
            Operator::TableCopy { dst_table, src_table } => {
                self.bulk(Libcall::TableCopy, &[dst_table, src_table]);
            }
            Operator::TableInit { elem_index, table } => self.bulk(Libcall::TableInit, &[elem_index, table]),
            Operator::ElemDrop { elem_index } => self.bulk(Libcall::ElemDrop, &[elem_index]),
            _ => unreachable!("{op:?} is refused when the module is decoded"),
        }
    }
}
