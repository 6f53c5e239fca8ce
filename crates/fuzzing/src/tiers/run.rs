//! A module's run on one tier, written down line by line.

use crate::random::Random;
use brisk::{
    AsContext, AsContextMut, Config, Engine, Error, Extern, ExternRef, ExternType, Func, Global, Instance,
    Memory, Module, Ref, Result, Store, StoreLimits, StoreLimitsBuilder, Table, Tag, ThrownException, Tier,
    Trap, Val, ValType, WasmBacktrace, bail,
};
use std::fmt::Write;

/// Beginning of the line of a call that used up a stack. Interpreter and machine code do so at different depths.
pub const OVERFLOW: &str = "stack overflow";
const MEMORY_BYTES: usize = 4 << 20;
const TABLE_ELEMENTS: usize = 10_000;
const STACK_BYTES: usize = 4 << 20;

/// A way to run code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Interpreted: what the others are compared with.
    Interp,
    /// Compiled first.
    Jit,
    /// Compiled first, with explicit bounds checks.
    Checked,
    /// Interpreted until the first loop iteration or call.
    Auto,
    /// Interpreted for a while.
    Late,
}

impl Way {
    /// Every way, the one that is believed first.
    pub const ALL: [Way; 5] = [Way::Interp, Way::Jit, Way::Checked, Way::Auto, Way::Late];

    fn config(self) -> Config {
        let mut config = Config::new();
        config.deterministic(true).parallel_compilation(false).compile_threads(0);
        config.max_wasm_stack(STACK_BYTES);
        match self {
            Way::Interp => config.tier(Tier::Interp),
            Way::Jit => config.tier(Tier::Jit),
            Way::Checked => config.tier(Tier::Jit).signals_based_traps(false),
            Way::Auto => config.tier(Tier::Auto).tier_threshold(0),
            Way::Late => config.tier(Tier::Auto).tier_threshold(30),
        };
        config
    }
}

/// How a module is run, on every tier alike.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Seed of arguments and of what host functions return.
    pub seed: u64,
    /// Fuel of each call, if it is counted.
    pub fuel: Option<u64>,
    /// How often each export is called.
    pub rounds: u32,
}

struct Data {
    lines: Vec<String>,
    random: Random,
    limits: StoreLimits,
}

/// Runs a module. Nothing if brisk refuses it.
pub fn run(wasm: &[u8], way: Way, plan: Plan) -> Option<Vec<String>> {
    let mut config = way.config();
    config.consume_fuel(plan.fuel.is_some());
    let engine = Engine::new(&config).expect("such an engine exists");
    let module = Module::from_binary(&engine, wasm).ok()?;
    let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).table_elements(TABLE_ELEMENTS).build();
    let data = Data { lines: Vec::new(), random: Random::new(plan.seed), limits };
    let mut store = Store::new(&engine, data);
    store.limiter(|data| &mut data.limits);
    refuel(&mut store, plan);
    let made = imports(&mut store, &module).and_then(|imports| Instance::new(&mut store, &module, &imports));
    let line = match &made {
        Ok(_) => "instantiated".to_string(),
        Err(error) => format!("not instantiated: {}", stop(&mut store, error)),
    };
    push(&mut store, line, plan);
    if let Ok(instance) = made {
        for _ in 0..plan.rounds {
            call_exports(&mut store, &module, instance, plan);
        }
        held(&mut store, &module, instance);
    }
    Some(store.into_data().lines)
}

fn refuel(store: &mut Store<Data>, plan: Plan) {
    if let Some(fuel) = plan.fuel {
        store.set_fuel(fuel).expect("the engine counts fuel");
    }
}

/// Notes a line, with the fuel that is left.
fn push(store: &mut Store<Data>, mut line: String, plan: Plan) {
    if plan.fuel.is_some() {
        let left = store.get_fuel().expect("the engine counts fuel");
        let _ = write!(line, "; fuel {left}");
    }
    store.data_mut().lines.push(line);
}

/// Why and where code stopped.
fn stop(store: &mut Store<Data>, error: &Error) -> String {
    let mut text = match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return OVERFLOW.to_string(),
        Some(trap) => format!("{trap:?}"),
        None => format!("{:#}", error.root_cause()),
    };
    if error.is::<ThrownException>()
        && let Some(exception) = store.take_pending_exception()
    {
        let fields = exception.ty(&*store).map_or(0, |ty| ty.fields().count());
        for index in 0..fields {
            let field = exception.field(&mut *store, index).map(|value| seen(&*store, &value));
            let _ = write!(text, " {}", field.unwrap_or_else(|error| format!("{error:#}")));
        }
    }
    for frame in error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |trace| trace.frames()) {
        let _ = write!(text, " at {}:{:#x}", frame.func_index(), frame.module_offset().unwrap_or(0));
    }
    text
}

fn imports(store: &mut Store<Data>, module: &Module) -> Result<Vec<Extern>> {
    let mut imports = Vec::new();
    for import in module.imports() {
        imports.push(match import.ty() {
            ExternType::Func(ty) => {
                let name = import.name().to_string();
                let results: Vec<ValType> = ty.results().collect();
                Extern::Func(Func::new(&mut *store, ty, move |mut caller, arguments, values| {
                    let mut line = format!("call of {name}");
                    for argument in arguments {
                        let _ = write!(line, " {}", seen(&caller, argument));
                    }
                    // Fuel is exact wherever the host can look.
                    if let Ok(fuel) = caller.get_fuel() {
                        let _ = write!(line, "; fuel {fuel}");
                    }
                    caller.data_mut().lines.push(line);
                    for (value, ty) in values.iter_mut().zip(&results) {
                        *value = make(&mut caller, ty)?;
                    }
                    Ok(())
                }))
            }
            ExternType::Global(ty) => {
                let value = make(&mut *store, ty.content())?;
                Extern::Global(Global::new(&mut *store, ty, value)?)
            }
            ExternType::Memory(ty) => Extern::Memory(Memory::new(&mut *store, ty)?),
            ExternType::Table(ty) => {
                let null = Ref::null(ty.element().heap_type());
                Extern::Table(Table::new(&mut *store, ty, null)?)
            }
            ExternType::Tag(ty) => Extern::Tag(Tag::new(&mut *store, &ty)?),
        });
    }
    Ok(imports)
}

fn call_exports(store: &mut Store<Data>, module: &Module, instance: Instance, plan: Plan) {
    for export in module.exports() {
        let Some(func) = instance.get_func(&mut *store, export.name()) else { continue };
        let ty = func.ty(&*store);
        let arguments: Result<Vec<Val>> = ty.params().map(|ty| make(&mut *store, &ty)).collect();
        let Ok(arguments) = arguments else { continue };
        let mut results = vec![Val::I32(0); ty.results().len()];
        refuel(store, plan);
        let mut line = export.name().to_string();
        match func.call(&mut *store, &arguments, &mut results) {
            Ok(()) => {
                for result in &results {
                    let _ = write!(line, " {}", seen(&*store, result));
                }
            }
            Err(error) => {
                let stop = stop(store, &error);
                line = if stop == OVERFLOW { stop } else { format!("{line} stopped: {stop}") };
            }
        }
        push(store, line, plan);
    }
}

/// What is held in the end.
fn held(store: &mut Store<Data>, module: &Module, instance: Instance) {
    for export in module.exports() {
        let name = export.name();
        let line = match instance.get_export(&mut *store, name) {
            Some(Extern::Memory(memory)) => {
                let data = memory.data(&*store);
                let mut line = format!("memory {name}: {} bytes", data.len());
                // What is not 0, in short: modules touch little of their memories.
                for (number, chunk) in data.chunks(64).enumerate() {
                    if chunk.iter().any(|&byte| byte != 0) {
                        let hash = chunk.iter().fold(0u64, |hash, &byte| {
                            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3).rotate_left(5)
                        });
                        let _ = write!(line, " {:#x}={hash:x}", number * 64);
                    }
                }
                line
            }
            Some(Extern::Global(global)) => {
                let value = global.get(&mut *store);
                format!("global {name}: {}", seen(&*store, &value))
            }
            Some(Extern::Table(table)) => {
                let size = table.size(&*store);
                let mut line = format!("table {name}: {size}");
                for index in 0..size {
                    let Some(element) = table.get(&mut *store, index) else { break };
                    let _ = write!(line, " {}", seen(&*store, &element.into()));
                }
                line
            }
            _ => continue,
        };
        store.data_mut().lines.push(line);
    }
}

/// The next value of a type.
fn make(mut store: impl AsContextMut<Data = Data>, ty: &ValType) -> Result<Val> {
    let mut context = store.as_context_mut();
    let random = &mut context.data_mut().random;
    Ok(match ty {
        ValType::I32 => Val::I32(random.integer() as i32),
        ValType::I64 => Val::I64(random.integer().cast_signed()),
        ValType::F32 => Val::F32(random.f32()),
        ValType::F64 => Val::F64(random.f64()),
        ValType::V128 => Val::V128((u128::from(random.integer()) << 64 | u128::from(random.f64())).into()),
        ValType::Ref(ty) => {
            let number = random.number() as u32;
            let null = Val::null_ref(ty.heap_type());
            match null {
                Val::ExternRef(_) if !number.is_multiple_of(3) || !ty.is_nullable() => {
                    Val::ExternRef(Some(ExternRef::new(context, number)?))
                }
                _ if ty.is_nullable() => null,
                _ => bail!("the host has no {ty}"),
            }
        }
    })
}

/// What of a value can be compared.
fn seen(store: impl AsContext<Data = Data>, value: &Val) -> String {
    match value {
        Val::I32(x) => format!("i32:{x:#x}"),
        Val::I64(x) => format!("i64:{x:#x}"),
        Val::F32(bits) => format!("f32:{bits:#x}"),
        Val::F64(bits) => format!("f64:{bits:#x}"),
        Val::V128(x) => format!("v128:{:#x}", x.as_u128()),
        Val::ExternRef(Some(object)) => {
            let data = object.data(&store).ok().flatten();
            format!("extern:{:?}", data.and_then(|data| data.downcast_ref::<u32>()))
        }
        Val::FuncRef(Some(func)) => format!("func:{}", func.ty(&store)),
        Val::ExnRef(Some(exception)) => {
            format!("exception:{:?}", exception.ty(&store).map(|ty| ty.fields().count()).ok())
        }
        Val::AnyRef(Some(_)) => "any".to_string(),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::ExnRef(None) | Val::AnyRef(None) => {
            "null".to_string()
        }
    }
}
