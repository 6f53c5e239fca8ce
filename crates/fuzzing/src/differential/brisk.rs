//! The engine that is tested.

use super::INSTANCES;
use super::outcome::{Event, Kind, Outcome, State, Stop, Type, Value};
use crate::random::Random;
use brisk::{
    AsContext, AsContextMut, Config, Engine, Error, ExportType, Extern, ExternRef, ExternType, Func, Global,
    HeapType, Instance, Memory, Module, Ref, RefType, Result, Store, Table, Tier, Trap, Val, ValType,
};

/// More than modules use before their own counter stops them.
const STACK_BYTES: usize = 64 << 20;
const NATIVE_STACK_BYTES: usize = 24 << 20;
/// What the thread needs that runs a module.
pub const THREAD_STACK_BYTES: usize = NATIVE_STACK_BYTES + (8 << 20);

struct Data {
    events: Vec<Event>,
    random: Random,
}

/// Runs a module on a tier, of which `Auto` takes over the first loops and compiles on the first calls.
pub fn run(wasm: &[u8], seed: u64, tier: Tier, canonical_nans: bool) -> Outcome {
    let mut config = Config::new();
    config.tier(tier).tier_threshold(0).compile_threads(0).deterministic(canonical_nans);
    config.max_native_stack(NATIVE_STACK_BYTES);
    config.max_wasm_stack(STACK_BYTES).parallel_compilation(false);
    let engine = Engine::new(&config).expect("such an engine exists");
    let data = Data { events: Vec::new(), random: Random::new(seed) };
    let mut store = Store::new(&engine, data);
    let mut state = Vec::new();
    match Module::new(&engine, wasm) {
        Ok(module) => {
            store.data_mut().events.push(Event::Loaded(Ok(())));
            for number in 0..INSTANCES {
                let Some(instance) = instantiate(&mut store, &module) else { break };
                call_exports(&mut store, &module, instance, number);
                state.extend(held(&mut store, &module, instance));
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
    match error.downcast_ref::<Trap>().copied().and_then(Kind::of_brisk) {
        Some(kind) => Stop::Trap(kind),
        None => Stop::Error(format!("{error:#}")),
    }
}

fn imports(store: &mut Store<Data>, module: &Module) -> Result<Vec<Extern>> {
    let mut imports = Vec::new();
    for import in module.imports() {
        imports.push(match import.ty() {
            ExternType::Func(ty) => {
                let name = (import.module().to_string(), import.name().to_string());
                let results: Vec<Type> = ty.results().map(|ty| shared(&ty)).collect();
                Extern::Func(Func::new(&mut *store, ty, move |mut caller, arguments, values| {
                    let arguments = arguments.iter().map(|argument| seen(&caller, argument)).collect();
                    caller.data_mut().events.push(Event::HostCall { import: name.clone(), arguments });
                    for (value, &ty) in values.iter_mut().zip(&results) {
                        *value = make(&mut caller, ty)?;
                    }
                    Ok(())
                }))
            }
            ExternType::Global(ty) => {
                let value = make(&mut *store, shared(ty.content()))?;
                Extern::Global(Global::new(&mut *store, ty, value)?)
            }
            ExternType::Memory(ty) => Extern::Memory(Memory::new(&mut *store, ty)?),
            ExternType::Table(ty) => {
                let null = Ref::null(ty.element().heap_type());
                Extern::Table(Table::new(&mut *store, ty, null)?)
            }
            ExternType::Tag(_) => unreachable!("modules for both engines have no tags"),
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
        let Some(func) = instance.get_func(&mut *store, export.name()) else { continue };
        let ty = func.ty(&*store);
        let arguments: Result<Vec<Val>> = ty.params().map(|ty| make(&mut *store, shared(&ty))).collect();
        let mut results = vec![Val::I32(0); ty.results().len()];
        let ended = arguments.and_then(|arguments| func.call(&mut *store, &arguments, &mut results));
        let ended = match ended {
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

fn held(store: &mut Store<Data>, module: &Module, instance: Instance) -> Vec<(String, State)> {
    let mut all = Vec::new();
    for export in exports(module) {
        let state = match instance.get_export(&mut *store, export.name()) {
            Some(Extern::Memory(memory)) => State::Memory(memory.data(&*store).to_vec()),
            Some(Extern::Global(global)) => {
                let value = global.get(&mut *store);
                State::Global(seen(&*store, &value))
            }
            Some(Extern::Table(table)) => {
                let mut elements = Vec::new();
                for index in 0..table.size(&*store) {
                    let Some(element) = table.get(&mut *store, index) else { break };
                    elements.push(seen(&*store, &element.into()));
                }
                State::Table(elements)
            }
            _ => continue,
        };
        all.push((export.name().to_string(), state));
    }
    all
}

fn shared(ty: &ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(ty) if RefType::eq(ty, &RefType::EXTERNREF) => Type::Extern,
        ValType::Ref(ty) => {
            assert!(matches!(ty.heap_type(), HeapType::Func), "modules for both engines have no {ty}");
            Type::Func
        }
    }
}

/// The next value of a type.
fn make(mut store: impl AsContextMut<Data = Data>, ty: Type) -> Result<Val> {
    Ok(match Value::make(ty, &mut store.as_context_mut().data_mut().random) {
        Value::I32(x) => Val::I32(x.cast_signed()),
        Value::I64(x) => Val::I64(x.cast_signed()),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(x) => Val::V128(x.into()),
        Value::Null(Type::Extern) => Val::ExternRef(None),
        Value::Null(_) | Value::Func => Val::FuncRef(None),
        Value::Extern(number) => Val::ExternRef(Some(ExternRef::new(store, number)?)),
    })
}

/// What of a value can be compared.
fn seen(store: impl AsContext<Data = Data>, value: &Val) -> Value {
    match value {
        Val::I32(x) => Value::I32(x.cast_unsigned()),
        Val::I64(x) => Value::I64(x.cast_unsigned()),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(x) => Value::V128(x.as_u128()),
        Val::FuncRef(None) => Value::Null(Type::Func),
        Val::FuncRef(Some(_)) => Value::Func,
        Val::ExternRef(None) => Value::Null(Type::Extern),
        Val::ExternRef(Some(object)) => {
            let data = object.data(&store).ok().flatten();
            let number = data.and_then(|data| data.downcast_ref());
            Value::Extern(*number.expect("objects are numbers"))
        }
        other => unreachable!("modules for both engines have no {other:?}"),
    }
}
