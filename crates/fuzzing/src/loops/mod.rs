//! Modules that get hot: functions of nested loops, each of a bounded number of iterations, in which happens what
//! optimizers and register allocators have to get right.
//!
//! - Many locals of all types, and operands below loops, live across them; parallel moves between locals; parameters and
//!   results of loops and blocks.
//! - Calls within loops: of small functions that are worth inlining, of recursive ones (twofold, mutual, by tail calls,
//!   with a bounded depth), of one that is called nowhere else, through a table, through references, of the host, of
//!   other functions with loops.
//! - Loads and stores through addresses that overlap, at widths that differ; growth, fills and copies of memories.
//! - Loops around tables that jumps choose a label of, most of them by a constant, some with parts that do little but read
//!   and write the same places.
//! - Loops without any iteration, and what would trap but for a condition that is the same in all iterations.
//! - Ways out of the middle of loops: branches, `br_table`, `return`, `return_call`, exceptions caught around the
//!   loop, within it, or by nobody; traps and exceptions that come in one iteration of many.
//!
//! In half of the modules NaNs are made the same where their bits would be seen, so that engines need not make them
//! so, which most do not.
//!
//! The number of instructions that a function executes is known, about, when it is made, so that modules end soon
//! without a counter in every loop, which optimizers would see. Only calls that could go on for ever are paid
//! for out of the global [`STEPS`]. Modules are written as text, so that what is found can be read.

mod body;
mod dispatch;
mod expression;
mod ops;
mod source;

use crate::generate::{Generated, STEPS};
use arbitrary::Unstructured;
use body::Body;
use source::Source;
use std::fmt::Write;

/// Instructions that a function executes at most, about.
const FUNCTION_COST: u64 = 12_000;
/// The same for one without loops, which is made to be called often.
const LEAF_COST: u64 = 40;
/// What a call of the host counts as, which writes a line.
const HOST_COST: u64 = 60;

/// A type of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
    Extern,
}

impl Type {
    const NUMBERS: [Type; 4] = [Type::I32, Type::I64, Type::F32, Type::F64];

    fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::V128 => "v128",
            Type::Extern => "externref",
        }
    }
}

/// What a module has, beside functions.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Exceptions, typed references and whatever else wasmi has not, or has another way.
    all: bool,
    simd: bool,
    /// NaNs are made the same before their bits are seen, so that engines need not.
    canonical_nans: bool,
    memory64: bool,
    second_memory: bool,
}

/// A function that can be called.
#[derive(Clone, Debug)]
struct Callee {
    name: String,
    params: Vec<Type>,
    results: Vec<Type>,
    /// Instructions that a call executes, about.
    cost: u64,
    /// Mask of the first argument, which says how deep recursion goes.
    depth: Option<u32>,
    /// Which type of functions in the table it has.
    in_table: Option<usize>,
}

/// What has been made of a module.
struct Module {
    shape: Shape,
    callees: Vec<Callee>,
    /// Types of the functions in the table: parameters, results and what a call may cost.
    table_types: [Callee; 2],
    /// The type of a function with loops that an import has, too, for instances to be linked by.
    linked: (Vec<Type>, Vec<Type>),
}

/// Functions of one type in the table, one after the other.
const TABLE_SLOTS: usize = 4;

/// A module made of bytes; `all` with what wasmi has not.
pub fn module(bytes: Unstructured, all: bool) -> Generated {
    let (text, canonical_nans) = text(bytes, all);
    let wasm = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Generated { wasm, canonical_nans }
}

/// The module's text, and whether its NaNs are canonical wherever they are seen.
fn text(bytes: Unstructured, all: bool) -> (String, bool) {
    let source = &mut Source::new(bytes);
    let shape = Shape {
        all,
        simd: !source.one_in(4),
        canonical_nans: source.one_in(2),
        memory64: source.one_in(6),
        second_memory: source.one_in(6),
    };
    let table_types = [0, 1].map(|number| Callee {
        name: format!("table{number}"),
        params: types(source, shape, 4),
        results: types(source, shape, 2),
        cost: LEAF_COST * 3,
        depth: None,
        in_table: Some(number),
    });
    let linked = (types(source, shape, 9), types(source, shape, 4));
    let mut module = Module { shape, callees: Vec::new(), table_types, linked };
    let mut out = String::new();
    declarations(&module, &mut out);
    imports(&mut module, source, &mut out);
    state(&module, source, &mut out);
    for number in 0..2 + source.below(4) {
        leaf(&mut module, source, number, &mut out);
    }
    for number in 0..1 + source.below(3) {
        recursive(&mut module, source, number, &mut out);
    }
    for number in 0..1 + source.below(3) {
        dispatching(&mut module, source, number, &mut out);
    }
    for number in 0..1 + source.below(4) {
        with_loops(&mut module, source, number, &mut out);
    }
    table(&module, source, &mut out);
    // Imports stand before whatever the module has itself.
    let (imports, rest): (Vec<&str>, Vec<&str>) = out.lines().partition(|line| line.starts_with("(import"));
    (format!("(module\n{}\n{}\n)\n", imports.join("\n"), rest.join("\n")), shape.canonical_nans)
}

fn ty(source: &mut Source, shape: Shape) -> Type {
    match source.below(12) {
        0..=3 => Type::I32,
        4..=6 => Type::I64,
        7 => Type::F32,
        8 | 9 => Type::F64,
        10 if shape.simd => Type::V128,
        _ => Type::Extern,
    }
}

fn types(source: &mut Source, shape: Shape, most: usize) -> Vec<Type> {
    (0..source.below(most + 1)).map(|_| ty(source, shape)).collect()
}

/// `keyword` and types, in brackets, if there are any.
fn list(keyword: &str, types: &[Type]) -> String {
    if types.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = types.iter().map(|ty| ty.name()).collect();
    format!(" ({keyword} {})", names.join(" "))
}

/// The types of functions in the table.
fn declarations(module: &Module, out: &mut String) {
    for ty in &module.table_types {
        let _ = writeln!(
            out,
            "(type ${} (func{}{}))",
            ty.name,
            list("param", &ty.params),
            list("result", &ty.results)
        );
    }
}

fn imports(module: &mut Module, source: &mut Source, out: &mut String) {
    let shape = module.shape;
    for number in 0..1 + source.below(3) {
        // Some fit functions that are exported, and are linked with them.
        let (params, results) = match source.below(4) {
            0 => (types(source, shape, 8), types(source, shape, 3)),
            1 => module.linked.clone(),
            of => (module.table_types[of - 2].params.clone(), module.table_types[of - 2].results.clone()),
        };
        let cost = if (&params, &results) == (&module.linked.0, &module.linked.1) {
            FUNCTION_COST / 4
        } else {
            HOST_COST
        };
        let name = format!("host{number}");
        let _ = writeln!(
            out,
            "(import \"host\" \"{name}\" (func ${name}{}{}))",
            list("param", &params),
            list("result", &results)
        );
        module.callees.push(Callee { name, params, results, cost, depth: None, in_table: None });
    }
    if shape.all {
        // Of the host, so that it can throw what is caught.
        out.push_str("(import \"host\" \"tag0\" (tag $tag0 (param i32)))\n");
        out.push_str("(tag $tag1 (export \"tag1\") (param i64 f64))\n(export \"tag0\" (tag $tag0))\n");
    }
    if source.one_in(4) {
        out.push_str("(import \"host\" \"i32\" (global $shared (mut i32)))\n");
    } else {
        out.push_str("(global $shared (export \"shared\") (mut i32) (i32.const 5))\n");
    }
}

/// Memories and globals.
fn state(module: &Module, source: &mut Source, out: &mut String) {
    let shape = module.shape;
    let address = if shape.memory64 { "i64 " } else { "" };
    // Two that are imported may be the same one.
    let imported = shape.second_memory && source.one_in(2);
    if imported || source.one_in(5) {
        let _ = writeln!(
            out,
            "(import \"host\" \"memory\" (memory $m {address}1 3))\n(export \"m\" (memory $m))"
        );
    } else {
        let _ = writeln!(out, "(memory $m (export \"m\") {address}1 3)");
    }
    if shape.second_memory {
        if imported {
            out.push_str("(import \"host\" \"other\" (memory $n 1 3))\n(export \"n\" (memory $n))\n");
        } else {
            out.push_str("(memory $n (export \"n\") 1 2)\n");
        }
    }
    let bytes: String = (0..source.below(64)).map(|_| format!("\\{:02x}", source.below(256))).collect();
    let _ = writeln!(
        out,
        "(data (memory $m) ({}.const 64) \"{bytes}\")",
        if shape.memory64 { "i64" } else { "i32" }
    );
    for (ty, zero) in
        [("i32", "i32.const 7"), ("i64", "i64.const -9"), ("f32", "f32.const 0.5"), ("f64", "f64.const -2")]
    {
        let _ = writeln!(out, "(global ${ty} (export \"{ty}\") (mut {ty}) ({zero}))");
    }
    if shape.simd {
        out.push_str("(global $v128 (export \"v128\") (mut v128) (v128.const i32x4 1 2 3 4))\n");
    }
    out.push_str("(global $externref (export \"externref\") (mut externref) (ref.null extern))\n");
    out.push_str("(global $hash (export \"hash\") (mut i64) (i64.const 0))\n");
    let _ = writeln!(out, "(global $steps (export \"{STEPS}\") (mut i32) (i32.const 1000))");
}

/// A function without loops.
fn leaf(module: &mut Module, source: &mut Source, number: usize, out: &mut String) {
    let of_table = source.below(3);
    let (params, results, in_table) = match of_table {
        // The first ones are those that the table needs.
        _ if number < 2 => (
            module.table_types[number].params.clone(),
            module.table_types[number].results.clone(),
            Some(number),
        ),
        2 => (types(source, module.shape, 6), types(source, module.shape, 3), None),
        of => (module.table_types[of].params.clone(), module.table_types[of].results.clone(), Some(of)),
    };
    let mut body = Body::new(module, source, &params, &results, LEAF_COST);
    let locals = body.source.below(4);
    body.locals(locals);
    // Costs something at its entry, where the interpreter can run out of fuel.
    body.line("i32.const 0 drop");
    for _ in 0..body.source.below(3) {
        body.statement(1, false);
    }
    body.results(false);
    let name = format!("leaf{number}");
    let cost = body.finish(&name, true, out);
    module.callees.push(Callee { name, params, results, cost, depth: None, in_table });
}

/// Functions that call themselves, or each other, with a first argument that counts down.
fn recursive(module: &mut Module, source: &mut Source, number: usize, out: &mut String) {
    let result = source.choose(&Type::NUMBERS);
    let mut params = vec![Type::I32];
    params.extend(types(source, module.shape, 3));
    params.push(result);
    let kind = source.below(4);
    // Two that call each other, in the last case.
    let names: Vec<String> =
        (0..1 + usize::from(kind == 3)).map(|nth| format!("again{number}_{nth}")).collect();
    let mut cost = 0;
    for (nth, name) in names.iter().enumerate() {
        let mut body = Body::new(module, source, &params, &[result], LEAF_COST);
        body.keep_param(0);
        let locals = body.source.below(3);
        body.locals(locals);
        if body.source.one_in(3) {
            body.statement(1, false);
        }
        body.line("local.get 0");
        let least = 1 + body.source.below(2);
        body.line(&format!("i32.const {least}"));
        body.line("i32.lt_s");
        body.line(&format!("if (result {})", result.name()));
        body.expression(result, 2);
        body.line("else");
        let other = &names[(nth + 1) % names.len()];
        let call = |body: &mut Body, down: u32, keyword: &str| {
            body.line(&format!("local.get 0 i32.const {down} i32.sub"));
            for &param in &params[1..] {
                body.expression(param, 1);
            }
            body.line(&format!("{keyword} ${other}"));
        };
        match kind {
            0 => {
                call(&mut body, 1, "call");
                call(&mut body, 2, "call");
                body.combine(result);
            }
            1 => {
                body.expression(result, 1);
                call(&mut body, 1, "call");
                body.combine(result);
            }
            _ => call(&mut body, 1, "return_call"),
        }
        body.line("end");
        cost += body.finish(name, false, out);
    }
    let (depth, calls) = if kind == 0 { (7, 42) } else { (31, 32) };
    module.callees.push(Callee {
        name: names[0].clone(),
        params,
        results: vec![result],
        cost: (cost + 10) * calls / names.len() as u64,
        depth: Some(depth),
        in_table: None,
    });
}

/// A function around a loop that dispatches, by a parameter that says where to resume.
fn dispatching(module: &mut Module, source: &mut Source, number: usize, out: &mut String) {
    let mut params = vec![Type::I32];
    params.extend(types(source, module.shape, 4));
    let results = types(source, module.shape, 3);
    let mut body = Body::new(module, source, &params, &results, FUNCTION_COST / 4);
    let locals = body.source.below(6);
    body.locals(locals);
    for _ in 0..body.source.below(2) {
        body.statement(1, false);
    }
    body.dispatch(1);
    body.results(true);
    let name = format!("resumed{number}");
    let cost = body.finish(&name, true, out);
    module.callees.push(Callee { name, params, results, cost, depth: None, in_table: None });
}

/// A function with a loop that nobody knows but the function that is made next, which calls it at one place.
fn called_once(module: &Module, source: &mut Source, number: usize, out: &mut String) -> Callee {
    let (params, results) = (types(source, module.shape, 5), types(source, module.shape, 3));
    let mut body = Body::new(module, source, &params, &results, FUNCTION_COST / 12);
    let locals = body.source.below(4);
    body.locals(locals);
    if body.source.one_in(2) {
        body.statement(1, false);
    }
    body.repeat(1);
    body.results(false);
    let name = format!("only{number}");
    let cost = body.finish(&name, false, out);
    Callee { name, params, results, cost, depth: None, in_table: None }
}

/// A function with loops.
fn with_loops(module: &mut Module, source: &mut Source, number: usize, out: &mut String) {
    let (params, results) = match number {
        0 => module.linked.clone(),
        _ => (types(source, module.shape, 9), types(source, module.shape, 5)),
    };
    let budget = FUNCTION_COST / (1 + source.below(4) as u64);
    let only = source.one_in(2).then(|| called_once(module, source, number, out));
    let name = format!("loops{number}");
    // Known before it is made, for calls of itself.
    module.callees.push(Callee {
        name: name.clone(),
        params: params.clone(),
        results: results.clone(),
        cost: u64::MAX,
        depth: None,
        in_table: None,
    });
    let mut body = Body::new(module, source, &params, &results, budget);
    body.only = only;
    let locals = [2, 5, 9, 16, 30][body.source.below(5)];
    body.locals(locals);
    for _ in 0..body.source.below(3) {
        body.statement(2, false);
    }
    for _ in 0..1 + body.source.below(2) {
        body.repeat(3);
    }
    for _ in 0..body.source.below(3) {
        body.statement(3, true);
    }
    if body.only.is_some() {
        body.call_only();
    }
    body.results(true);
    let cost = body.finish(&name, true, out);
    module.callees.last_mut().expect("it is there").cost = cost;
}

/// The table: functions of one type, then those of the other, then one of any type, then nothing.
fn table(module: &Module, source: &mut Source, out: &mut String) {
    let mut elements = Vec::new();
    for number in 0..module.table_types.len() {
        let fitting: Vec<&str> = module
            .callees
            .iter()
            .filter(|callee| callee.in_table == Some(number))
            .map(|callee| callee.name.as_str())
            .collect();
        elements.extend((0..TABLE_SLOTS).map(|_| source.choose(&fitting)));
    }
    elements.push(&module.callees[source.below(module.callees.len())].name);
    let elements: Vec<String> = elements.iter().map(|name| format!("${name}")).collect();
    let leaves: Vec<String> = module
        .callees
        .iter()
        .filter(|callee| callee.in_table.is_some())
        .map(|callee| format!("${}", callee.name))
        .collect();
    if module.shape.all {
        let _ = writeln!(out, "(elem declare func {})", leaves.join(" "));
    }
    let _ = writeln!(
        out,
        "(table $t (export \"t\") 12 funcref)\n(elem (i32.const 0) func {})",
        elements.join(" ")
    );
}
