//! Calls.

use super::Build;
use crate::ir::{Access, IntCond, Libcall, NONE, Op, Region, TrapCode, Ty, Width};
use brisk_module::types::FuncType;

impl Build<'_> {
    /// The VmContext.
    pub fn context(&mut self) -> u32 {
        self.pure(Op::VmContext, Ty::I64, 0, 0, 0, 0)
    }

    /// A load of what never changes while the instance lives.
    pub fn load_constant(&mut self, width: Width, ty: Ty, address: u32, offset: u32) -> u32 {
        let access = Access { width, pinned: false, region: Region::Constant, traps: false };
        self.pure(Op::Load, ty, access.to_aux(), address, offset, 0)
    }

    /// A pointer that never changes.
    pub fn load_pointer(&mut self, address: u32, offset: u32) -> u32 {
        self.load_constant(Width::U64, Ty::I64, address, offset)
    }

    /// A load of a base or length, good until the next call or growth.
    pub fn load_descriptor(&mut self, region: Region, address: u32, offset: u32) -> u32 {
        let access = Access { width: Width::U64, pinned: false, region, traps: false };
        self.pure(Op::Load, Ty::I64, access.to_aux(), address, offset, self.descriptors)
    }

    /// Any other load that cannot trap.
    pub fn load(&mut self, width: Width, ty: Ty, region: Region, address: u32, offset: u32) -> u32 {
        let access = Access { width, pinned: false, region, traps: false };
        self.emit(Op::Load, ty, access.to_aux(), address, offset, 0)
    }

    /// Calls the runtime.
    pub fn libcall(&mut self, libcall: Libcall, args: &[u32]) -> u32 {
        debug_assert_eq!(args.len(), libcall.params().len());
        self.f.calls = true;
        let start = self.f.lists.len() as u32;
        self.f.lists.extend_from_slice(&[NONE, args.len() as u32]);
        self.f.lists.extend_from_slice(args);
        self.emit(Op::CallLib, libcall.result(), libcall as u16, 0, start, NONE)
    }

    /// Begins a call's list with the topmost operands as arguments, and pops them.
    pub fn call_list(&mut self, ty: u32, args: usize) -> u32 {
        let start = self.f.lists.len() as u32;
        let first = self.walker.operands.len() - args;
        self.f.lists.extend_from_slice(&[ty, args as u32]);
        self.f.lists.extend_from_slice(&self.walker.operands[first..]);
        self.walker.operands.truncate(first);
        start
    }

    /// Emits a call or a tail call of `callee`, a function index or a value.
    fn call_to(&mut self, op: Op, callee: u32, type_index: u32, ty: &FuncType) {
        let list = self.call_list(type_index, ty.params.len());
        if matches!(op, Op::TailCall | Op::TailCallRef) {
            self.emit(op, Ty::None, 0, callee, list, NONE);
            self.end_block();
            self.unreachable_rest();
            return;
        }
        self.f.calls = true;
        self.descriptors += 1;
        let call = self.call_with_handlers(op, 0, callee, list);
        for (at, &result) in ty.results.iter().enumerate() {
            let value = self.emit(Op::Result, Ty::from_wasm(result), 0, call, at as u32, 0);
            self.push(value);
        }
    }

    pub fn call(&mut self, func: u32, tail: bool) {
        let module = self.module;
        let (ty, type_index) = (module.func_type(func), module.funcs[func as usize].0);
        if func >= module.imported_funcs {
            if !tail && self.inline(func) {
                return;
            }
            let op = if tail { Op::TailCall } else { Op::Call };
            return self.call_to(op, func, type_index, ty);
        }
        let context = self.context();
        let offset = self.own.imports + func * self.settings.layout.func_ref_size;
        let offset = self.constant(Ty::I64, u64::from(offset));
        let callee = self.binary(Op::Add, Ty::I64, context, offset);
        self.call_to(if tail { Op::TailCallRef } else { Op::CallRef }, callee, type_index, ty);
    }

    pub fn call_ref(&mut self, type_index: u32, tail: bool) {
        let callee = self.pop();
        let null = self.is_null(callee);
        self.trap_if(null, TrapCode::NullReference);
        let ty = &self.module.types[type_index as usize].func;
        self.call_to(if tail { Op::TailCallRef } else { Op::CallRef }, callee, type_index, ty);
    }

    pub fn call_indirect(&mut self, type_index: u32, table: u32, tail: bool) {
        let index = self.pop();
        let layout = self.settings.layout;
        let entry = self.table_entry(table, index, layout.func_ref_size);
        let actual = self.load(Width::U32, Ty::I32, Region::Table, entry, layout.func_ref_type);
        let context = self.context();
        let expected = self.load_constant(Width::U32, Ty::I32, context, self.own.type_ids + type_index * 4);
        let differ = self.icmp(IntCond::Ne, actual, expected);
        let numbers = self.numbers_epoch;
        let next = self.branch_aside(differ);
        self.forget_numbers();
        let ty = &self.module.types[type_index as usize];
        if ty.is_final {
            let null = self.eqz(actual);
            self.trap_if(null, TrapCode::IndirectCallToNull);
            self.trap(TrapCode::BadSignature);
        } else {
            self.libcall(Libcall::CheckSubtype, &[actual, expected]);
            self.jump(next, 0);
        }
        // What was computed before the branch stands.
        self.numbers_epoch = numbers;
        self.begin(next);
        self.call_to(if tail { Op::TailCallRef } else { Op::CallRef }, entry, type_index, &ty.func);
    }
}
