//! From `wasmparser`'s types and constant expressions to those of this crate.
//!
//! Everything here runs after `wasmparser` has accepted the section, so what is left to refuse is
//! what is valid but not run yet.

use crate::error::DecodeError;
use crate::features::{Feature, FeatureSet};
use crate::module::{ConstArith, ConstExpr, ConstOp, ImportType};
use crate::types::*;
use wasmparser as wp;

const I32_CONST: u8 = 0x41;
const END: u8 = 0x0b;

/// What conversion notes along the way.
#[derive(Default)]
pub(crate) struct Notes {
    /// Proposals seen so far.
    pub used: FeatureSet,
    /// The first thing that is valid but refused, or beyond a limit of this crate.
    pub deferred: Option<DecodeError>,
}

impl Notes {
    /// Remembers a refusal, to be reported if the module turns out to be valid.
    pub(crate) fn defer(&mut self, error: DecodeError) {
        match &self.deferred {
            Some(first) if first.offset() <= error.offset() => {}
            _ => self.deferred = Some(error),
        }
    }

    fn uses(&mut self, feature: Feature) {
        self.used.insert(feature);
    }

    pub(crate) fn val_type(&mut self, ty: wp::ValType) -> ValType {
        match ty {
            wp::ValType::I32 => ValType::I32,
            wp::ValType::I64 => ValType::I64,
            wp::ValType::F32 => ValType::F32,
            wp::ValType::F64 => ValType::F64,
            wp::ValType::V128 => {
                self.uses(Feature::Simd);
                ValType::V128
            }
            wp::ValType::Ref(ty) => {
                self.uses(Feature::ReferenceTypes);
                ValType::Ref(self.ref_type(ty))
            }
        }
    }

    pub(crate) fn ref_type(&mut self, ty: wp::RefType) -> RefType {
        let nullable = ty.is_nullable();
        let heap = self.heap_type(ty.heap_type());
        match heap {
            HeapType::Func => {}
            HeapType::Extern => self.uses(Feature::ReferenceTypes),
            HeapType::Exn | HeapType::NoExn => self.uses(Feature::Exceptions),
            HeapType::Concrete(_) => self.uses(Feature::FunctionReferences),
            _ => self.uses(Feature::Gc),
        }
        if !nullable {
            self.uses(Feature::FunctionReferences);
        }
        RefType { nullable, heap }
    }

    fn heap_type(&mut self, heap: wp::HeapType) -> HeapType {
        use wp::AbstractHeapType as A;
        match heap {
            wp::HeapType::Abstract { ty, .. } => match ty {
                A::Func => HeapType::Func,
                A::NoFunc => HeapType::NoFunc,
                A::Extern => HeapType::Extern,
                A::NoExtern => HeapType::NoExtern,
                A::Exn => HeapType::Exn,
                A::NoExn => HeapType::NoExn,
                A::Any => HeapType::Any,
                A::Eq => HeapType::Eq,
                A::I31 => HeapType::I31,
                A::Struct => HeapType::Struct,
                A::Array => HeapType::Array,
                A::None => HeapType::None,
                // The switch that would make these valid is never on.
                A::Cont | A::NoCont => self.refused_heap("stack-switching", "continuation types"),
            },
            wp::HeapType::Concrete(index) => match index.as_module_index() {
                Some(index) => HeapType::Concrete(TypeIndex(index)),
                None => self.refused_heap("gc", "a canonical type index"),
            },
            // As above.
            wp::HeapType::Exact(_) => self.refused_heap("custom-descriptors", "exact types"),
        }
    }

    fn refused_heap(&mut self, proposal: &'static str, what: &str) -> HeapType {
        self.defer(DecodeError::unsupported(proposal, what, 0));
        HeapType::None
    }

    pub(crate) fn func_type(&mut self, ty: &wp::FuncType) -> FuncType {
        if ty.results().len() > 1 {
            self.uses(Feature::MultiValue);
        }
        FuncType::new(
            ty.params().iter().map(|&t| self.val_type(t)).collect::<Box<_>>(),
            ty.results().iter().map(|&t| self.val_type(t)).collect::<Box<_>>(),
        )
    }

    pub(crate) fn sub_type(&mut self, ty: &wp::SubType, offset: usize) -> SubType {
        let supertype = ty.supertype_idxs.first().and_then(|index| index.as_module_index()).map(TypeIndex);
        if !ty.is_final || supertype.is_some() {
            self.uses(Feature::Gc);
        }
        let func = match &ty.composite_type.inner {
            wp::CompositeInnerType::Func(func) => self.func_type(func),
            other => {
                let (proposal, what) = match other {
                    wp::CompositeInnerType::Struct(_) => ("gc", "structure types"),
                    wp::CompositeInnerType::Array(_) => ("gc", "array types"),
                    _ => ("stack-switching", "continuation types"),
                };
                self.defer(DecodeError::unsupported(proposal, what, offset));
                FuncType::default()
            }
        };
        SubType { is_final: ty.is_final, supertype, func }
    }

    pub(crate) fn memory_type(&mut self, ty: &wp::MemoryType, offset: usize) -> MemoryType {
        if ty.memory64 {
            self.uses(Feature::Memory64);
        }
        if ty.page_size_log2.is_some() {
            self.uses(Feature::CustomPageSizes);
        }
        if ty.shared {
            self.uses(Feature::Threads);
            self.defer(DecodeError::unsupported("threads", "shared memories", offset));
        }
        MemoryType {
            limits: Limits { min: ty.initial, max: ty.maximum },
            memory64: ty.memory64,
            shared: ty.shared,
            page_size_log2: ty.page_size_log2() as u8,
        }
    }

    pub(crate) fn table_type(&mut self, ty: &wp::TableType) -> TableType {
        if ty.table64 {
            self.uses(Feature::Memory64);
        }
        TableType {
            element: self.ref_type(ty.element_type),
            limits: Limits { min: ty.initial, max: ty.maximum },
            table64: ty.table64,
        }
    }

    pub(crate) fn global_type(&mut self, ty: &wp::GlobalType) -> GlobalType {
        GlobalType { content: self.val_type(ty.content_type), mutable: ty.mutable }
    }

    pub(crate) fn import_type(&mut self, ty: &wp::TypeRef, offset: usize) -> ImportType {
        match ty {
            wp::TypeRef::Func(index) | wp::TypeRef::FuncExact(index) => ImportType::Func(TypeIndex(*index)),
            wp::TypeRef::Table(ty) => ImportType::Table(self.table_type(ty)),
            wp::TypeRef::Memory(ty) => ImportType::Memory(self.memory_type(ty, offset)),
            wp::TypeRef::Global(ty) => {
                if ty.mutable {
                    self.uses(Feature::MutableGlobal);
                }
                ImportType::Global(self.global_type(ty))
            }
            wp::TypeRef::Tag(ty) => {
                self.uses(Feature::Exceptions);
                ImportType::Tag(TypeIndex(ty.func_type_idx))
            }
        }
    }

    /// A constant expression. `imported_globals` tells globals of 1.0 from those of the gc proposal.
    pub(crate) fn const_expr(
        &mut self,
        expr: &wp::ConstExpr<'_>,
        imported_globals: u32,
    ) -> Result<ConstExpr, DecodeError> {
        // Nearly every segment has an `i32.const` for its offset, and a module may have many.
        let mut reader = expr.get_binary_reader();
        if reader.read_u8()? == I32_CONST {
            let value = reader.read_var_i32()?;
            if reader.read_u8()? == END {
                return Ok(ConstExpr::One(ConstOp::I32(value)));
            }
        }
        let mut ops = expr.get_operators_reader();
        let mut first = None;
        let mut many = Vec::new();
        loop {
            let (op, offset) = ops.read_with_offset()?;
            if matches!(op, wp::Operator::End) {
                break;
            }
            let op = self.const_op(&op, offset as usize, imported_globals);
            match first {
                None if many.is_empty() => first = Some(op),
                None => many.push(op),
                Some(one) => {
                    first = None;
                    many.extend([one, op]);
                }
            }
        }
        Ok(match first {
            Some(op) => ConstExpr::One(op),
            None => ConstExpr::Many(many.into()),
        })
    }

    fn const_op(&mut self, op: &wp::Operator<'_>, offset: usize, imported_globals: u32) -> ConstOp {
        use wp::Operator as O;
        let arith = |notes: &mut Notes, op| {
            notes.uses(Feature::ExtendedConst);
            ConstOp::Arith(op)
        };
        match *op {
            O::I32Const { value } => ConstOp::I32(value),
            O::I64Const { value } => ConstOp::I64(value),
            O::F32Const { value } => ConstOp::F32(value.bits()),
            O::F64Const { value } => ConstOp::F64(value.bits()),
            O::V128Const { value } => {
                self.uses(Feature::Simd);
                ConstOp::V128(u128::from_le_bytes(*value.bytes()))
            }
            O::GlobalGet { global_index } => {
                if global_index >= imported_globals {
                    self.uses(Feature::Gc);
                }
                ConstOp::GlobalGet(global_index)
            }
            O::RefNull { .. } => {
                self.uses(Feature::ReferenceTypes);
                ConstOp::RefNull
            }
            O::RefFunc { function_index } => {
                self.uses(Feature::ReferenceTypes);
                ConstOp::RefFunc(function_index)
            }
            O::I32Add => arith(self, ConstArith::I32Add),
            O::I32Sub => arith(self, ConstArith::I32Sub),
            O::I32Mul => arith(self, ConstArith::I32Mul),
            O::I64Add => arith(self, ConstArith::I64Add),
            O::I64Sub => arith(self, ConstArith::I64Sub),
            O::I64Mul => arith(self, ConstArith::I64Mul),
            // What else is constant makes or converts a collected object.
            _ => {
                self.uses(Feature::Gc);
                self.defer(DecodeError::unsupported(
                    "gc",
                    "object construction in a constant expression",
                    offset,
                ));
                ConstOp::RefNull
            }
        }
    }
}
