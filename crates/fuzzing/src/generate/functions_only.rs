//! A module's structures and arrays made functions of no parameters, so that what is left of it loads: brisk has
//! recursive types, subtypes and typed references of functions, but no structures, arrays and casts yet, and
//! wasm-smith has one switch for them all.

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{ExportKind, ExportSection, Function, Instruction};
use wasmparser::{CompositeInnerType, Operator, Parser};

/// The operations of garbage collection, as wasmparser's table of operators has them.
macro_rules! define_is_gc {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        fn is_gc(operator: &Operator) -> bool {
            let proposal = match operator {
                $( Operator::$op { .. } => stringify!($proposal), )*
                _ => "",
            };
            proposal == "gc"
        }
    };
}
wasmparser::for_each_operator!(define_is_gc);

/// The module without structures, arrays and casts; `None` if a constant expression needs them. With `steps`, exports
/// the global of that number by the name [`STEPS`](super::STEPS).
pub fn functions_only(wasm: &[u8], steps: Option<u32>) -> Option<Vec<u8>> {
    let mut module = wasm_encoder::Module::new();
    FunctionsOnly { steps }.parse_core_module(&mut module, Parser::new(0), wasm).ok()?;
    Some(module.finish())
}

struct FunctionsOnly {
    steps: Option<u32>,
}

/// Found what cannot be replaced.
#[derive(Debug)]
pub struct Structure;

type Error = reencode::Error<Structure>;

impl Reencode for FunctionsOnly {
    type Error = Structure;

    /// References of whatever is no function become those of functions, which keeps every type a subtype of what it
    /// was a subtype of.
    fn abstract_heap_type(
        &mut self,
        ty: wasmparser::AbstractHeapType,
    ) -> Result<wasm_encoder::AbstractHeapType, Error> {
        use wasmparser::AbstractHeapType::{Any, Array, Eq, I31, None, Struct};
        Ok(match ty {
            Any | Eq | Struct | Array | I31 => wasm_encoder::AbstractHeapType::Func,
            None => wasm_encoder::AbstractHeapType::NoFunc,
            other => reencode::utils::abstract_heap_type(self, other),
        })
    }

    fn composite_type(
        &mut self,
        ty: wasmparser::CompositeType,
    ) -> Result<wasm_encoder::CompositeType, Error> {
        match ty.inner {
            CompositeInnerType::Func(_) => reencode::utils::composite_type(self, ty),
            _ => Ok(wasm_encoder::CompositeType {
                inner: wasm_encoder::CompositeInnerType::Func(wasm_encoder::FuncType::new([], [])),
                shared: false,
                descriptor: None,
                describes: None,
            }),
        }
    }

    fn const_expr(&mut self, expression: wasmparser::ConstExpr) -> Result<wasm_encoder::ConstExpr, Error> {
        let plain = |operator: Operator| !is_gc(&operator);
        if !expression.get_operators_reader().into_iter().all(|operator| operator.is_ok_and(plain)) {
            return Err(reencode::Error::UserError(Structure));
        }
        reencode::utils::const_expr(self, expression)
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: wasmparser::ExportSectionReader,
    ) -> Result<(), Error> {
        reencode::utils::parse_export_section(self, exports, section)?;
        if let Some(global) = self.steps {
            exports.export(super::STEPS, ExportKind::Global, global);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        body: wasmparser::FunctionBody,
    ) -> Result<(), Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let operator = reader.read()?;
            match is_gc(&operator) {
                true => replace(&operator, &mut function),
                false => {
                    function.instruction(&self.instruction(operator)?);
                }
            }
        }
        code.function(&function);
        Ok(())
    }
}

/// Something of the same type; where there is nothing, code ends.
fn replace(operator: &Operator, function: &mut Function) {
    let (operands, result) = match operator {
        Operator::RefEq => (2, Some(1)),
        Operator::RefTestNonNull { .. } | Operator::RefTestNullable { .. } => (1, Some(0)),
        Operator::I31GetS | Operator::I31GetU | Operator::ArrayLen => (1, Some(3)),
        Operator::StructSet { .. } => (2, None),
        Operator::ArraySet { .. } => (3, None),
        Operator::ArrayFill { .. } | Operator::ArrayInitData { .. } | Operator::ArrayInitElem { .. } => {
            (4, None)
        }
        Operator::ArrayCopy { .. } => (5, None),
        _ => {
            function.instruction(&Instruction::Unreachable);
            return;
        }
    };
    for _ in 0..operands {
        function.instruction(&Instruction::Drop);
    }
    if let Some(result) = result {
        function.instruction(&Instruction::I32Const(result));
    }
}
