//! The engine that is believed.

use super::INSTANCES;
use super::outcome::{Event, Kind, Outcome, State, Stop, Type, Value};
use crate::random::Random;
use wasmi::errors::{ErrorKind, InstantiationError};
use wasmi::{
    AsContext, AsContextMut, Config, Engine, Error, ExportType, Extern, ExternRef, ExternType, F32, F64,
    Func, Global, Instance, Memory, Module, Nullable, Ref, RefType, Store, Table, Val, ValType,
};

/// More than modules use before their own counter stops them.
const RECURSION: usize = 100_000;
const STACK_BYTES: usize = 64 << 20;

struct Data {
    events: Vec<Event>,
    random: Random,
}

/// Runs a module.
pub fn run(wasm: &[u8], seed: u64) -> Outcome {
    let mut config = Config::default();
    config
        .wasm_custom_page_sizes(true)
        .wasm_wide_arithmetic(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true);
    config.set_max_recursion_depth(RECURSION).set_max_stack_height(STACK_BYTES);
    let engine = Engine::new(&config);
    let data = Data { events: Vec::new(), random: Random::new(seed) };
    let mut store = Store::new(&engine, data);
    let mut state = Vec::new();
    match Module::new(&engine, wasm) {
        Ok(module) => {
            store.data_mut().events.push(Event::Loaded(Ok(())));
            for number in 0..INSTANCES {
                let Some(instance) = instantiate(&mut store, &module) else { break };
                call_exports(&mut store, &module, instance, number);
                state.extend(held(&store, &module, instance));
            }
        }
        Err(error) => store.data_mut().events.push(Event::Loaded(Err(stop(&error)))),
    }
    Outcome { events: store.into_data().events, state }
}

fn instantiate(store: &mut Store<Data>, module: &Module) -> Option<Instance> {
    let result = imports(store, module).and_then(|imports| Instance::new(&mut *store, module, &imports));
    let event = Event::Instantiated(result.as_ref().map(drop).map_err(stop));
    store.data_mut().events.push(event);
    result.ok()
}

fn stop(error: &Error) -> Stop {
    if let ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) = error.kind() {
        return Stop::Trap(Kind::TableOutOfBounds);
    }
    match error.as_trap_code().and_then(Kind::of_wasmi) {
        Some(kind) => Stop::Trap(kind),
        None => Stop::Error(error.to_string()),
    }
}

fn imports(store: &mut Store<Data>, module: &Module) -> Result<Vec<Extern>, Error> {
    let mut imports = Vec::new();
    for import in module.imports() {
        imports.push(match import.ty() {
            ExternType::Func(ty) => {
                let name = (import.module().to_string(), import.name().to_string());
                let results: Vec<Type> = ty.results().iter().map(|&ty| shared(ty)).collect();
                Extern::Func(Func::new(&mut *store, ty.clone(), move |mut caller, arguments, values| {
                    let arguments = arguments.iter().map(|argument| seen(&caller, argument)).collect();
                    caller.data_mut().events.push(Event::HostCall { import: name.clone(), arguments });
                    for (value, &ty) in values.iter_mut().zip(&results) {
                        *value = make(&mut caller, ty);
                    }
                    Ok(())
                }))
            }
            ExternType::Global(ty) => {
                let value = make(&mut *store, shared(ty.content()));
                Extern::Global(Global::new(&mut *store, value, ty.mutability()))
            }
            ExternType::Memory(ty) => Extern::Memory(Memory::new(&mut *store, *ty)?),
            ExternType::Table(ty) => Extern::Table(Table::new(&mut *store, *ty, Ref::null(ty.element()))?),
        });
    }
    Ok(imports)
}

/// The exports, in the order of their names: wasmi has no other.
fn exports(module: &Module) -> Vec<ExportType<'_>> {
    let mut exports: Vec<ExportType> = module.exports().collect();
    exports.sort_by(|a, b| a.name().cmp(b.name()));
    exports
}

/// Calls the exported functions, in each instance beginning with another one.
fn call_exports(store: &mut Store<Data>, module: &Module, instance: Instance, number: usize) {
    let mut functions = exports(module);
    functions.retain(|export| matches!(export.ty(), ExternType::Func(_)));
    let first = functions.len() * number / INSTANCES;
    functions.rotate_left(first);
    for export in functions {
        let Some(func) = instance.get_func(&*store, export.name()) else { continue };
        let ty = func.ty(&*store);
        let arguments: Vec<Val> = ty.params().iter().map(|&ty| make(&mut *store, shared(ty))).collect();
        let mut results: Vec<Val> = ty.results().iter().map(|&ty| Val::default_for_ty(ty)).collect();
        let ended = match func.call(&mut *store, &arguments, &mut results) {
            Ok(()) => Ok(results.iter().map(|result| seen(&*store, result)).collect()),
            Err(error) => Err(stop(&error)),
        };
        let event = Event::Called { export: export.name().to_string(), ended };
        let out_of_steps = event.out_of_steps();
        store.data_mut().events.push(event);
        if out_of_steps {
            break;
        }
    }
}

fn held(store: &Store<Data>, module: &Module, instance: Instance) -> Vec<(String, State)> {
    let mut all = Vec::new();
    for export in exports(module) {
        let state = match instance.get_export(store, export.name()) {
            Some(Extern::Memory(memory)) => State::Memory(memory.data(store).to_vec()),
            Some(Extern::Global(global)) => State::Global(seen(store, &global.get(store))),
            Some(Extern::Table(table)) => {
                let elements = (0..table.size(store)).filter_map(|index| table.get(store, index));
                State::Table(elements.map(|element| seen(store, &element.into())).collect())
            }
            _ => continue,
        };
        all.push((export.name().to_string(), state));
    }
    all
}

fn shared(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::FuncRef => Type::Func,
        ValType::ExternRef => Type::Extern,
    }
}

/// The next value of a type.
fn make(mut store: impl AsContextMut<Data = Data>, ty: Type) -> Val {
    match Value::make(ty, &mut store.as_context_mut().data_mut().random) {
        Value::I32(x) => Val::I32(x.cast_signed()),
        Value::I64(x) => Val::I64(x.cast_signed()),
        Value::F32(bits) => Val::F32(F32::from_bits(bits)),
        Value::F64(bits) => Val::F64(F64::from_bits(bits)),
        Value::V128(x) => Val::V128(x.into()),
        Value::Null(Type::Extern) => Val::from(Ref::null(RefType::Extern)),
        Value::Null(_) | Value::Func => Val::from(Ref::null(RefType::Func)),
        Value::Extern(number) => Val::from(Nullable::Val(ExternRef::new(store, number))),
    }
}

/// What of a value can be compared.
fn seen(store: impl AsContext<Data = Data>, value: &Val) -> Value {
    match value {
        Val::I32(x) => Value::I32(x.cast_unsigned()),
        Val::I64(x) => Value::I64(x.cast_unsigned()),
        Val::F32(x) => Value::F32(x.to_bits()),
        Val::F64(x) => Value::F64(x.to_bits()),
        Val::V128(x) => Value::V128(x.as_u128()),
        Val::FuncRef(Nullable::Null) => Value::Null(Type::Func),
        Val::FuncRef(Nullable::Val(_)) => Value::Func,
        Val::ExternRef(Nullable::Null) => Value::Null(Type::Extern),
        Val::ExternRef(Nullable::Val(object)) => {
            let number = object.data(store.as_context()).downcast_ref();
            Value::Extern(*number.expect("objects are numbers"))
        }
    }
}
