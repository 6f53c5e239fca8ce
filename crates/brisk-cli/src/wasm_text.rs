//! The instructions of a function as text.

use brisk_module::Module;
use brisk_module::wasmparser::{
    self, BinaryReader, BlockType, BrTable, Catch, FunctionBody, HeapType, Ieee32, Ieee64, MemArg,
    MemArgTarget, Operator, TryTable, V128, ValType,
};
use std::fmt::Write as _;

/// What stands before the first dot of a name; other names have none.
const DOTTED: [&str; 20] = [
    "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "local",
    "global", "table", "memory", "data", "elem", "ref", "struct", "array",
];

/// An immediate as it is shown.
trait Immediate {
    fn text(&self, name: &str) -> String;
}

macro_rules! immediates {
    ($($ty:ty => |$value:ident, $name:ident| $text:expr;)*) => {
        $(
            impl Immediate for $ty {
                fn text(&self, $name: &str) -> String {
                    let $value = self;
                    $text
                }
            }
        )*
    };
}

immediates! {
    // Several indices of one instruction are told apart by their kinds.
    u32 => |value, name| match name {
        "type_index" => format!("type {value}"),
        "table" | "table_index" => format!("table {value}"),
        "mem" => format!("memory {value}"),
        _ => value.to_string(),
    };
    u8 => |value, _name| value.to_string();
    i32 => |value, _name| value.to_string();
    i64 => |value, _name| value.to_string();
    [u8; 16] => |value, _name| value.map(|lane| lane.to_string()).join(" ");
    Ieee32 => |value, _name| {
        let float = f32::from_bits(value.bits());
        if float.is_nan() { format!("nan:{:#x}", value.bits()) } else { format!("{float:?}") }
    };
    Ieee64 => |value, _name| {
        let float = f64::from_bits(value.bits());
        if float.is_nan() { format!("nan:{:#x}", value.bits()) } else { format!("{float:?}") }
    };
    V128 => |value, _name| format!("{:#034x}", value.i128());
    MemArg => |value, _name| {
        let mut parts = Vec::new();
        match value.target {
            MemArgTarget::Memory(memory) if memory != 0 => parts.push(format!("memory {memory}")),
            MemArgTarget::Array(ty) => parts.push(format!("type {ty}")),
            MemArgTarget::Memory(_) => {}
        }
        if value.offset != 0 {
            parts.push(format!("offset={}", value.offset));
        }
        if value.align != value.max_align {
            parts.push(format!("align={}", 1u64 << value.align));
        }
        parts.join(" ")
    };
    BlockType => |value, _name| match value {
        BlockType::Empty => String::new(),
        BlockType::Type(ty) => format!("(result {ty})"),
        BlockType::FuncType(index) => format!("(type {index})"),
    };
    BrTable<'_> => |value, _name| {
        let targets = value.targets().map_while(Result::ok).chain([value.default()]);
        targets.map(|depth| depth.to_string()).collect::<Vec<_>>().join(" ")
    };
    TryTable => |value, name| {
        let mut text = value.ty.text(name);
        for catch in &value.catches {
            text += &match catch {
                Catch::One { tag, label } => format!(" (catch {tag} {label})"),
                Catch::OneRef { tag, label } => format!(" (catch_ref {tag} {label})"),
                Catch::All { label } => format!(" (catch_all {label})"),
                Catch::AllRef { label } => format!(" (catch_all_ref {label})"),
            };
        }
        text.trim_start().to_owned()
    };
    ValType => |value, _name| value.to_string();
    Vec<ValType> => |value, _name| {
        format!("(result {})", value.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    HeapType => |value, _name| match value {
        HeapType::Concrete(index) => match index.as_module_index() {
            Some(index) => index.to_string(),
            None => format!("{index:?}"),
        },
        HeapType::Abstract { ty, .. } => format!("{ty:?}").to_lowercase(),
        other => format!("{other:?}"),
    };
    wasmparser::RefType => |value, _name| value.to_string();
    wasmparser::Ordering => |value, _name| format!("{value:?}");
    wasmparser::ResumeTable => |value, _name| format!("{value:?}");
}

macro_rules! define_parts {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        /// The name of its visitor, and immediates.
        fn parts(op: &Operator<'_>) -> (&'static str, Vec<String>) {
            match op {
                $(Operator::$op $({ $($arg),* })? => {
                    (stringify!($visit), vec![$($($arg.text(stringify!($arg))),*)?])
                })*
                _ => ("visit_unknown", vec![format!("{op:?}")]),
            }
        }
    };
}

wasmparser::for_each_operator!(define_parts);

/// An instruction as in the text format.
fn text(op: &Operator<'_>) -> String {
    let (name, immediates) = parts(op);
    let name = name.trim_start_matches("visit_");
    let mut text = match name.split_once('_') {
        _ if name == "typed_select" => "select".to_owned(),
        Some((first, rest)) if DOTTED.contains(&first) => format!("{first}.{rest}"),
        _ => name.to_owned(),
    };
    for immediate in immediates.iter().filter(|immediate| !immediate.is_empty()) {
        text.push(' ');
        text.push_str(immediate);
    }
    text
}

/// Whether any instruction of a defined function is of a kind.
pub fn any(module: &Module, func: u32, mut is: impl FnMut(&Operator<'_>) -> bool) -> bool {
    let Ok(ops) = body(module, func).get_operators_reader() else { return false };
    ops.into_iter().map_while(Result::ok).any(|op| is(&op))
}

fn body(module: &Module, func: u32) -> FunctionBody<'_> {
    let range = module.bodies[(func - module.imported_funcs) as usize].range.clone();
    FunctionBody::new(BinaryReader::new(&module.bytes()[range.clone()], range.start as u64))
}

/// The instructions of a defined function, one a line: offset in the module's bytes, then the text.
pub fn listing(module: &Module, func: u32) -> wasmparser::Result<String> {
    let body = body(module, func);
    let mut out = String::new();
    let params = module.func_type(func).params.len();
    let mut local = params as u32;
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        let last = local + count;
        if count == 1 {
            let _ = writeln!(out, "{:8} local {local}: {ty}", "");
        } else if count > 1 {
            let _ = writeln!(out, "{:8} locals {local} to {}: {ty}", "", last - 1);
        }
        local = last;
    }
    let mut ops = body.get_operators_reader()?;
    let mut depth = 1usize;
    while !ops.eof() {
        let (op, offset) = ops.read_with_offset()?;
        let ends = matches!(op, Operator::Else | Operator::End);
        depth -= usize::from(ends && depth > 0);
        let _ = writeln!(out, "{offset:8x} {:width$}{}", "", text(&op), width = 2 * depth);
        let opens = matches!(
            op,
            Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Else
                | Operator::TryTable { .. }
        );
        depth += usize::from(opens);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use brisk_module::DecodeOptions;

    #[test]
    fn instructions_read_as_in_the_text_format() {
        let body = "\
            block (result i32)
            i32.const -1
            i64.const 5
            drop
            end
            drop
            i32.const 0
            i32.load8_u memory 1 offset=16
            drop
            f64.const 1.5
            i32.trunc_sat_f64_s
            drop
            loop
            local.get 1
            br_if 0
            local.get 1
            br_table 0 1 0
            end
            i32.const 0
            call_indirect type 0 table 0
            v128.const 0x00000004000000030000000200000001
            i8x16.extract_lane_s 3
            drop
            ref.null func
            drop
            i32.const 1
            i32.const 2
            i32.const 3
            memory.copy 0 1
            end";
        let source = "(module (memory 1) (memory 1) (type (func)) (table 1 funcref)
            (func (param i32) (local i32) (local f32 f32)
              block (result i32) i32.const -1 i64.const 5 drop end drop
              i32.const 0 i32.load8_u 1 offset=16 drop
              f64.const 1.5 i32.trunc_sat_f64_s drop
              loop local.get 1 br_if 0 local.get 1 br_table 0 1 0 end
              i32.const 0 call_indirect (type 0)
              v128.const i32x4 1 2 3 4 i8x16.extract_lane_s 3 drop
              ref.null func drop
              i32.const 1 i32.const 2 i32.const 3 memory.copy 0 1))";
        let module = Module::decode(wat::parse_str(source).unwrap(), &DecodeOptions::default()).unwrap();
        let listing = listing(&module, 0).unwrap();
        let (locals, ops): (Vec<&str>, Vec<&str>) =
            listing.lines().map(str::trim).partition(|line| line.starts_with("local"));
        assert_eq!(locals[..2], ["local 1: i32", "locals 2 to 3: f32"]);
        let ops: Vec<&str> = ops.iter().map(|line| line.split_once(' ').unwrap().1.trim()).collect();
        let expected: Vec<&str> = body.lines().map(str::trim).collect();
        assert_eq!(ops, expected);
    }
}
