//! Tables, globals and references.

use super::Build;
use super::control::slot_width;
use crate::ir::{Access, IntCond, Libcall, Op, Region, TrapCode, Ty, Width};
use brisk_module::types::HeapType;

impl Build<'_> {
    /// The words of a table: an address and an offset.
    fn table(&mut self, index: u32) -> (u32, u32) {
        let context = self.context();
        let layout = self.settings.layout;
        if let Some(own) = index.checked_sub(self.module.imported_tables) {
            return (context, self.own.tables + own * layout.table_size);
        }
        let tables = self.load_pointer(context, layout.ctx_tables);
        (self.load_pointer(tables, index * 8), 0)
    }

    /// Address of a table's entry of the given size; traps beyond the end.
    pub fn table_entry(&mut self, table: u32, index: u32, size: u32) -> u32 {
        let layout = self.settings.layout;
        let (table, words) = self.table(table);
        let mut index = self.wide(index);
        let len = self.load_descriptor(Region::TableDescriptor, table, words + layout.table_len);
        let beyond = self.icmp(IntCond::GeU, index, len);
        self.trap_if(beyond, TrapCode::TableOutOfBounds);
        if self.settings.spectre {
            let zero = self.constant(Ty::I64, 0);
            index = self.select(zero, index, beyond);
        }
        let base = self.load_descriptor(Region::TableDescriptor, table, words + layout.table_base);
        let size = self.constant(Ty::I64, u64::from(size));
        let offset = self.binary(Op::Mul, Ty::I64, index, size);
        self.binary(Op::Add, Ty::I64, base, offset)
    }

    /// Whether the entries of a table are functions.
    fn holds_functions(&self, table: u32) -> bool {
        // Function types are the only types a module can define.
        let heap = self.module.tables[table as usize].element.heap;
        matches!(heap, HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_))
    }

    pub fn table_get(&mut self, table: u32) {
        let index = self.pop();
        let layout = self.settings.layout;
        let (size, field) =
            if self.holds_functions(table) { (layout.func_ref_size, layout.func_ref_self) } else { (8, 0) };
        let entry = self.table_entry(table, index, size);
        let value = self.load(Width::U64, Ty::I64, Region::Table, entry, field);
        self.push(value);
    }

    /// By the runtime: it keeps note of how far a table has been used.
    pub fn table_set(&mut self, table: u32) {
        let value = self.pop();
        let index = self.pop();
        let index = self.wide(index);
        let table = self.immediate(table);
        self.libcall(Libcall::TableSet, &[table, index, value]);
    }

    pub fn table_size(&mut self, table: u32) {
        let wide = self.module.tables[table as usize].table64;
        let (record, words) = self.table(table);
        let layout = self.settings.layout;
        let len = self.load_descriptor(Region::TableDescriptor, record, words + layout.table_len);
        let len = self.narrow(len, wide);
        self.push(len);
    }

    pub fn table_grow(&mut self, table: u32) {
        let count = self.pop();
        let init = self.pop();
        let count = self.wide(count);
        let index = self.immediate(table);
        let old = self.libcall(Libcall::TableGrow, &[index, init, count]);
        self.descriptors += 1;
        let old = self.narrow(old, self.module.tables[table as usize].table64);
        self.push(old);
    }

    /// A global's cell: an address and an offset.
    fn cell(&mut self, global: u32) -> (u32, u32) {
        let context = self.context();
        let layout = self.settings.layout;
        if let Some(own) = global.checked_sub(self.module.imported_globals) {
            return (context, self.own.globals + own * layout.global_size);
        }
        let globals = self.load_pointer(context, layout.ctx_globals);
        (self.load_pointer(globals, global * 8), 0)
    }

    pub fn global_get(&mut self, global: u32) {
        let ty = self.module.globals[global as usize];
        let (cell, offset) = self.cell(global);
        let ir_ty = Ty::from_wasm(ty.content);
        let value = if ty.mutable {
            self.load(slot_width(ir_ty), ir_ty, Region::Global, cell, offset)
        } else {
            self.load_constant(slot_width(ir_ty), ir_ty, cell, offset)
        };
        self.push(value);
    }

    pub fn global_set(&mut self, global: u32) {
        let value = self.pop();
        let (cell, offset) = self.cell(global);
        // The rest of the cell's word is 0 and stays so.
        let width = slot_width(self.ty(value));
        let access = Access { width, pinned: false, region: Region::Global, traps: false };
        self.emit(Op::Store, Ty::None, access.to_aux(), cell, offset, value);
    }

    pub fn ref_func(&mut self, func: u32) {
        let func = self.immediate(func);
        let value = self.libcall(Libcall::RefFunc, &[func]);
        self.push(value);
    }

    pub fn ref_as_non_null(&mut self) {
        let value = *self.walker.operands.last().expect("a validated body has the operand");
        let null = self.is_null(value);
        self.trap_if(null, TrapCode::NullReference);
    }
}
