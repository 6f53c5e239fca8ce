// The body of each module in side.rs that adapts an engine. The engines' interfaces have the same
// names and shapes, so the text is the same for each: `api` is the engine's crate; `thrown` and
// `unsupported` are what differs.

use crate::outcome::{Event, Outcome, State as Held, Stop, Value};
use crate::random::Random;
use crate::side::Side;

/// The engine of one configuration.
pub struct Adapter {
    name: &'static str,
    engine: api::Engine,
    fault: Arc<Mutex<Option<String>>>,
}

/// What a store keeps of a run.
struct State {
    events: Vec<Event>,
    random: Random,
}

impl Adapter {
    fn new(name: &'static str, config: &api::Config) -> Result<Self, String> {
        let engine = api::Engine::new(config).map_err(|error| format!("{name}: {error:#}"))?;
        Ok(Self { name, engine, fault: Arc::default() })
    }
}

impl Side for Adapter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn fault(&self) -> Option<String> {
        self.fault.lock().expect("nobody panics with it").take()
    }

    fn run(&self, wasm: &[u8], seed: u64) -> Outcome {
        let module = match api::Module::new(&self.engine, wasm) {
            Ok(module) => module,
            Err(error) => return failed(refusal(&error)),
        };
        let state = State { events: Vec::new(), random: Random::new(seed ^ 0x686f_7374) };
        let mut store = api::Store::new(&self.engine, state);
        let imports = match imports(&mut store, &module) {
            Ok(imports) => imports,
            Err(stop) => return failed(stop),
        };
        let instance = match api::Instance::new(&mut store, &module, &imports) {
            Ok(instance) => instance,
            Err(error) => {
                let stop = stop(&mut store, &error);
                let mut events = std::mem::take(&mut store.data_mut().events);
                events.push(Event::Instantiated(Err(stop)));
                return Outcome { events, state: Vec::new() };
            }
        };
        store.data_mut().events.push(Event::Instantiated(Ok(())));
        call_exports(&mut store, &module, instance, seed);
        let state = held(&mut store, &module, instance);
        Outcome { events: std::mem::take(&mut store.data_mut().events), state }
    }
}

fn failed(stop: Stop) -> Outcome {
    Outcome { events: vec![Event::Instantiated(Err(stop))], state: Vec::new() }
}

fn refusal(error: &api::Error) -> Stop {
    let text = format!("{error:#}");
    if unsupported(&text) { Stop::Refused(text) } else { Stop::Failed(text) }
}

/// Why a call ended with `error`.
fn stop(store: &mut api::Store<State>, error: &api::Error) -> Stop {
    if let Some(payload) = thrown(store, error) {
        return Stop::Exception(payload);
    }
    if let Some(trap) = error.downcast_ref::<api::Trap>() {
        // Both libraries have the same names; one lacks some, so that they cannot be patterns here.
        let name = format!("{trap:?}");
        return match name.as_str() {
            "StackOverflow" | "AllocationTooLarge" => Stop::Exhausted(name),
            _ => Stop::Trap(name),
        };
    }
    let text = format!("{error:#}");
    if text.contains("memory") && !text.contains("bounds") { Stop::Exhausted(text) } else { Stop::Failed(text) }
}

fn imports(store: &mut api::Store<State>, module: &api::Module) -> Result<Vec<api::Extern>, Stop> {
    let types: Vec<api::ExternType> = module.imports().map(|import| import.ty()).collect();
    let fail = |error: api::Error| Stop::Failed(format!("{error:#}"));
    let missing = || Stop::Refused("no value for an import".to_owned());
    let mut imports = Vec::new();
    for (index, ty) in types.into_iter().enumerate() {
        imports.push(match ty {
            api::ExternType::Func(ty) => host_function(&mut *store, ty, Some(index)).into(),
            api::ExternType::Memory(ty) => api::Memory::new(&mut *store, ty).map_err(fail)?.into(),
            api::ExternType::Tag(ty) => api::Tag::new(&mut *store, &ty).map_err(fail)?.into(),
            api::ExternType::Global(ty) => {
                let value = make(&mut *store, ty.content()).ok_or_else(missing)?;
                api::Global::new(&mut *store, ty, value).map_err(fail)?.into()
            }
            api::ExternType::Table(ty) => {
                let element = api::ValType::Ref(ty.element().clone());
                let value = make(&mut *store, &element).and_then(api::Val::ref_).ok_or_else(missing)?;
                api::Table::new(&mut *store, ty, value).map_err(fail)?.into()
            }
        });
    }
    Ok(imports)
}

/// A function that makes up its results. Calls of an import are recorded; a function that is only
/// a reference's target does not tell which one it is.
fn host_function(
    mut store: impl api::AsContextMut<Data = State>,
    ty: api::FuncType,
    import: Option<usize>,
) -> api::Func {
    let result_types: Vec<api::ValType> = ty.results().collect();
    api::Func::new(&mut store, ty, move |mut caller, arguments, results| {
        let arguments = arguments.iter().map(|argument| value(&caller, argument)).collect();
        let import = import.unwrap_or(usize::MAX);
        caller.data_mut().events.push(Event::HostCall { import, arguments });
        for (result, ty) in results.iter_mut().zip(&result_types) {
            if let Some(made) = make(&mut caller, ty) {
                *result = made;
            } else {
                return Err(api::Error::msg("the host has no such value"));
            }
        }
        Ok(())
    })
}

/// The store's next value of a type, if the host can make one.
fn make(mut store: impl api::AsContextMut<Data = State>, ty: &api::ValType) -> Option<api::Val> {
    let mut context = store.as_context_mut();
    let random = &mut context.data_mut().random;
    Some(match ty {
        api::ValType::I32 => api::Val::I32(random.integer(32) as i32),
        api::ValType::I64 => api::Val::I64(random.integer(64) as i64),
        api::ValType::F32 => api::Val::F32(random.float(32) as u32),
        api::ValType::F64 => api::Val::F64(random.float(64)),
        api::ValType::V128 => {
            let (high, low) = (random.integer(64), random.float(64));
            api::Val::V128((u128::from(high) << 64 | u128::from(low)).into())
        }
        api::ValType::Ref(ty) => {
            let choice = random.next();
            if ty.is_nullable() && choice.is_multiple_of(3) {
                return Some(api::Val::null_ref(ty.heap_type()));
            }
            match ty.heap_type() {
                api::HeapType::Extern => {
                    api::ExternRef::new(&mut context, (choice >> 8) as u32).ok().map(Some).map(api::Val::ExternRef)?
                }
                api::HeapType::Func => {
                    let ty = api::FuncType::new(context.engine(), [], []);
                    api::Val::FuncRef(Some(host_function(&mut context, ty, None)))
                }
                api::HeapType::ConcreteFunc(ty) => {
                    api::Val::FuncRef(Some(host_function(&mut context, ty.clone(), None)))
                }
                _ if ty.is_nullable() => api::Val::null_ref(ty.heap_type()),
                _ => return None,
            }
        }
    })
}

/// What of a value can be compared.
fn value(store: impl api::AsContext<Data = State>, value: &api::Val) -> Value {
    match value {
        api::Val::I32(x) => Value::I32(x.cast_unsigned()),
        api::Val::I64(x) => Value::I64(x.cast_unsigned()),
        api::Val::F32(bits) => Value::F32(*bits),
        api::Val::F64(bits) => Value::F64(*bits),
        api::Val::V128(x) => Value::V128(x.as_u128()),
        api::Val::ExternRef(Some(object)) => {
            let data = object.data(store.as_context()).ok().flatten();
            data.and_then(|data| data.downcast_ref()).map_or(Value::NotNull, |&number| Value::Extern(number))
        }
        other => match (*other).ref_() {
            Some(reference) if reference.is_null() => Value::Null,
            _ => Value::NotNull,
        },
    }
}

/// Calls every exported function, with arguments made up from `seed`.
fn call_exports(store: &mut api::Store<State>, module: &api::Module, instance: api::Instance, seed: u64) {
    let functions: Vec<(String, api::FuncType)> = module
        .exports()
        .filter_map(|export| Some((export.name().to_owned(), export.ty().func()?.clone())))
        .collect();
    store.data_mut().random = Random::new(seed);
    for (export, ty) in functions {
        let Some(function) = instance.get_func(&mut *store, &export) else { continue };
        let arguments: Option<Vec<api::Val>> = ty.params().map(|ty| make(&mut *store, &ty)).collect();
        // An argument that the host cannot make: the same in every engine.
        let Some(arguments) = arguments else { continue };
        let mut results = vec![api::Val::I32(0); ty.results().len()];
        let ended = match function.call(&mut *store, &arguments, &mut results) {
            Ok(()) => Ok(results.iter().map(|result| value(&*store, result)).collect()),
            Err(error) => Err(stop(store, &error)),
        };
        store.data_mut().events.push(Event::Called { export, ended });
    }
}

/// What the exports hold.
fn held(store: &mut api::Store<State>, module: &api::Module, instance: api::Instance) -> Vec<(String, Held)> {
    let names: Vec<String> = module.exports().map(|export| export.name().to_owned()).collect();
    let mut all = Vec::new();
    for name in names {
        let held = match instance.get_export(&mut *store, &name) {
            Some(api::Extern::Memory(memory)) => Held::Memory(memory.data(&*store).to_vec()),
            Some(api::Extern::Global(global)) => {
                let content = global.get(&mut *store);
                Held::Global(value(&*store, &content))
            }
            Some(api::Extern::Table(table)) => {
                let mut elements = Vec::new();
                for index in 0..table.size(&*store) {
                    let Some(element) = table.get(&mut *store, index) else { break };
                    elements.push(value(&*store, &element.into()));
                }
                Held::Table(elements)
            }
            _ => continue,
        };
        all.push((name, held));
    }
    all
}
