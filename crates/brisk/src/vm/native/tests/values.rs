//! Arguments and results of all classes, in registers and beyond, in every direction.

use super::*;
use crate::vm::native::processor::CONVENTION;
use crate::{Engine, Func, FuncType, V128, Val, ValType};
use brisk_codegen::boundary::Shape;
use brisk_codegen::convention::Place;
use brisk_codegen::ir::Ty;
use brisk_codegen::vcode::RegClass;

/// The text of a type.
fn name(ty: Ty) -> &'static str {
    match ty {
        Ty::I32 => "i32",
        Ty::I64 => "i64",
        Ty::F32 => "f32",
        Ty::F64 => "f64",
        _ => "v128",
    }
}

/// A module of functions that return their arguments: `id` does, the others call it or each other.
fn module(engine: &Engine, types: &[Ty]) -> Module {
    let list: Vec<&str> = types.iter().map(|&ty| name(ty)).collect();
    let list = list.join(" ");
    let gets: Vec<String> = (0..types.len()).map(|index| format!("(local.get {index})")).collect();
    let gets = gets.join(" ");
    let ty = format!("(param {list}) (result {list})");
    Module::new(
        engine,
        format!(
            r#"(module
                (import "host" "id" (func $host {ty}))
                (memory 1)
                (func $id (export "id") {ty} {gets})
                (func (export "tail") {ty} (return_call $id {gets}))
                (func (export "call") {ty} (call $id {gets}))
                (func (export "call_host") {ty} (call $host {gets}))
                (func $tail_of_call (export "call_tail") {ty} (call 2 {gets})))"#
        ),
    )
    .unwrap()
}

/// Signatures: none, some in registers, one class beyond its registers, both.
fn signatures() -> Vec<Vec<Ty>> {
    const ALL: [Ty; 5] = [Ty::I32, Ty::F32, Ty::I64, Ty::V128, Ty::F64];
    let of = |types: &[Ty], count: usize| types.iter().copied().cycle().take(count).collect::<Vec<_>>();
    vec![
        vec![],
        of(&[Ty::I32], 1),
        of(&[Ty::F32], 2),
        of(&ALL, 5),
        of(&[Ty::I64, Ty::I32], 9),
        of(&[Ty::F32, Ty::V128, Ty::F64], 11),
        of(&ALL, 29),
    ]
}

/// A value of a type, different for each index; bits that a narrow value must not bring along are in the way.
fn value(ty: Ty, index: usize) -> Val {
    let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(index as u64 + 1);
    match ty {
        Ty::I32 => Val::I32(-(seed as i32 | 1).abs()),
        Ty::I64 => Val::I64(seed as i64),
        // Signaling NaNs among them: nothing may touch the bits.
        Ty::F32 => Val::F32(0x7f80_0001 | seed as u32 & 0x8000_ffff),
        Ty::F64 => Val::F64(seed),
        _ => Val::V128(V128::from(u128::from(seed) << 64 | u128::from(!seed))),
    }
}

fn bits(val: &Val) -> u128 {
    match val {
        Val::I32(value) => u128::from(*value as u32),
        Val::I64(value) => u128::from(*value as u64),
        Val::F32(bits) => u128::from(*bits),
        Val::F64(bits) => u128::from(*bits),
        Val::V128(value) => value.as_u128(),
        _ => unreachable!("no references here"),
    }
}

/// A function that returns its arguments.
fn identity(module: &Module, types: &[Ty], osr: bool) -> Code {
    let func = export(module, "id");
    let mut a = Raw::new(module);
    a.frame(16 * types.len() as i32 + 16);
    let mut args = CONVENTION.args();
    let mut slot = 0;
    for (at, &ty) in (0..).step_by(16).zip(types) {
        if osr {
            let bytes = if ty == Ty::V128 { 16 } else { 8 };
            a.asm.vector_load(bytes as u32, SCRATCH_VECTOR, ARG, slot);
            a.asm.vector_store(SP, at, SCRATCH_VECTOR);
            slot += bytes;
            continue;
        }
        match args.next(ty) {
            Place::Reg(reg) if reg.class() == RegClass::Int => a.asm.store(SP, at, Gpr(reg.number())),
            Place::Reg(reg) => a.asm.vector_store(SP, at, Vector(reg.number())),
            Place::Cell(index) => {
                a.overflow(SCRATCH);
                a.asm.vector_load(16, SCRATCH_VECTOR, SCRATCH, 16 * index as i32);
                a.asm.vector_store(SP, at, SCRATCH_VECTOR);
            }
        }
    }
    a.garbage();
    let mut results = CONVENTION.results();
    // Cells first, through registers that are results' afterwards.
    let places: Vec<Place> = types.iter().map(|&ty| results.next(ty)).collect();
    for (at, (&ty, &place)) in (0..).step_by(16).zip(types.iter().zip(&places)) {
        if let Place::Cell(index) = place {
            let cell = 16 * index as i32;
            a.overflow(SCRATCH);
            // What a value does not fill of a cell is anything.
            a.asm.imm(TEMP, GARBAGE);
            a.asm.store(SCRATCH, cell, TEMP);
            a.asm.load(TEMP, SP, at);
            if matches!(ty, Ty::I32 | Ty::F32) {
                a.asm.store32(SCRATCH, cell, TEMP);
            } else {
                a.asm.store(SCRATCH, cell, TEMP);
            }
            a.asm.load(TEMP, SP, at + 8);
            a.asm.store(SCRATCH, cell + 8, TEMP);
        }
    }
    a.garbage();
    for (at, (&ty, &place)) in (0..).step_by(16).zip(types.iter().zip(&places)) {
        let Place::Reg(reg) = place else { continue };
        match ty {
            Ty::I32 => a.asm.load32(Gpr(reg.number()), SP, at),
            // Only the low lane is replaced; garbage stays above.
            Ty::F32 => a.asm.vector_load_low(Vector(reg.number()), SP, at),
            _ if reg.class() == RegClass::Int => a.asm.load(Gpr(reg.number()), SP, at),
            _ => a.asm.vector_load(16, Vector(reg.number()), SP, at),
        }
    }
    a.ret();
    a.finish(func, 16 * types.len() as u32 + 32)
}

/// A function that calls another of its signature with its arguments and returns what that gives.
fn forward(module: &Module, from: &str, callee: Callee) -> Code {
    let func = export(module, from);
    let mut a = Raw::new(module);
    a.frame(16);
    match callee {
        Callee::Defined(index) => a.call_slot(index),
        Callee::Import(index) => a.call_import(index),
    }
    a.ret();
    a.finish(func, 32)
}

fn check(store: &mut Store<()>, instance: Instance, types: &[Ty], name: &str) {
    let func = instance.get_func(&mut *store, name).unwrap();
    let args: Vec<Val> = types.iter().enumerate().map(|(index, &ty)| value(ty, index)).collect();
    // What the first call finds is not what later ones do.
    for _ in 0..3 {
        let mut results = vec![Val::I32(0); types.len()];
        func.call(&mut *store, &args, &mut results).unwrap();
        let (args, results): (Vec<_>, Vec<_>) =
            (args.iter().map(bits).collect(), results.iter().map(bits).collect());
        assert_eq!(args, results, "{name} of {:?}", Shape { params: types.into(), results: types.into() });
    }
}

/// Publishes what the closure says, then calls all functions.
fn with(publish_some: impl Fn(&Module, &[Ty])) {
    for types in signatures() {
        let engine = protected();
        let module = module(&engine, &types);
        let mut store = Store::new(&engine, ());
        let of_val = |ty: &Ty| match ty {
            Ty::I32 => ValType::I32,
            Ty::I64 => ValType::I64,
            Ty::F32 => ValType::F32,
            Ty::F64 => ValType::F64,
            _ => ValType::V128,
        };
        let ty = FuncType::new(&engine, types.iter().map(of_val), types.iter().map(of_val));
        let host = Func::new(&mut store, ty, |_, args, results| {
            results.clone_from_slice(args);
            Ok(())
        });
        let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        publish_some(&module, &types);
        for name in ["id", "tail", "call", "call_host", "call_tail"] {
            check(&mut store, instance, &types, name);
        }
    }
}

fn defined(module: &Module, name: &str) -> Callee {
    Callee::Defined(export(module, name) - module.info().imported_funcs)
}

#[test]
fn the_interpreter_passes_them_on() {
    with(|_, _| {});
}

#[test]
fn machine_code_takes_and_returns_them() {
    with(|module, types| {
        publish(module, export(module, "id"), Tier::MachineCode, identity(module, types, false))
    });
}

#[test]
fn osr_code_takes_and_returns_them() {
    with(|module, types| publish(module, export(module, "id"), Tier::Osr, identity(module, types, true)));
}

fn publish_forward(module: &Module, from: &str, callee: Callee) {
    publish(module, export(module, from), Tier::MachineCode, forward(module, from, callee));
}

#[test]
fn machine_code_passes_them_to_the_interpreter() {
    with(|module, _| publish_forward(module, "call", defined(module, "id")));
}

#[test]
fn machine_code_passes_them_to_osr_code() {
    with(|module, types| {
        publish_forward(module, "call", defined(module, "id"));
        publish(module, export(module, "id"), Tier::Osr, identity(module, types, true));
    });
}

#[test]
fn machine_code_passes_them_to_machine_code() {
    with(|module, types| {
        publish_forward(module, "call", defined(module, "id"));
        publish(module, export(module, "id"), Tier::MachineCode, identity(module, types, false));
    });
}

#[test]
fn machine_code_passes_them_to_the_host() {
    with(|module, _| publish_forward(module, "call_host", Callee::Import(0)));
}

#[test]
fn a_tail_call_of_the_interpreter_passes_them_on() {
    with(|module, types| {
        publish_forward(module, "call_tail", defined(module, "tail"));
        publish(module, export(module, "id"), Tier::MachineCode, identity(module, types, false));
    });
}

#[test]
fn a_tail_call_of_the_interpreter_passes_them_to_osr_code() {
    with(|module, types| {
        publish_forward(module, "call_tail", defined(module, "tail"));
        publish(module, export(module, "id"), Tier::Osr, identity(module, types, true));
    });
}
