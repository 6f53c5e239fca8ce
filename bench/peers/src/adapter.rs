// The body of each module in peer.rs that adapts an engine. The engines' interfaces have the same
// names and shapes, so the text is the same for each: `api` is the engine's crate; making an `engine` and an
// `error`, and how a store's program is `limited`, are what differs.

use super::{Kind, Limit, Load, Loaded, Peer, Result, Run, Timed};
use crate::clock::Clock;
use crate::wasi::Wasi;

/// The engine in one of its tiers.
pub struct Setup {
    pub name: &'static str,
    /// What may stop a program.
    limit: Limit,
    /// How a module is loaded so far; `None` if there is no such mode.
    config: fn(Load) -> Option<api::Config>,
}

impl Setup {
    /// As [`super::Peer`].
    pub fn peer(&'static self, clock: Clock) -> Result<Box<dyn Peer>> {
        Ok(Box::new(Adapter::new(clock, self)?))
    }

    fn engine(&self, load: Load) -> Result<Option<api::Engine>> {
        (self.config)(load).map(|config| engine(&config)).transpose()
    }
}

/// The engine, once for each of its ways of loading modules.
struct Adapter {
    clock: Clock,
    setup: &'static Setup,
    eager: Option<api::Engine>,
    lazy: Option<api::Engine>,
    /// The one that runs programs: eager, so that no translation is in their times, if there is a choice.
    engine: api::Engine,
}

impl Adapter {
    fn new(clock: Clock, setup: &'static Setup) -> Result<Self> {
        let [eager, lazy] = [setup.engine(Load::Eager)?, setup.engine(Load::Lazy)?];
        let engine = eager.clone().or_else(|| lazy.clone()).ok_or("no way to load a module")?;
        Ok(Self { clock, setup, eager, lazy, engine })
    }

    fn instance(&self, wasm: &[u8]) -> Result<(api::Store<()>, api::Instance)> {
        let module = api::Module::new(&self.engine, wasm).map_err(text)?;
        let mut store = api::Store::new(&self.engine, ());
        limited(&mut store, self.setup.limit)?;
        let imports = next(&mut store, &module);
        let instance = api::Instance::new(&mut store, &module, &imports).map_err(text)?;
        Ok((store, instance))
    }
}

/// The host function that the module of `calls` imports.
fn next(store: &mut api::Store<()>, module: &api::Module) -> Vec<api::Extern> {
    module.imports().map(|_| api::Func::wrap(&mut *store, |x: i32| x.wrapping_add(1)).into()).collect()
}

/// The functions of WASI that a program imports.
fn wasi(store: &mut api::Store<Wasi>, module: &api::Module) -> Result<Vec<api::Extern>> {
    let mut imports = Vec::new();
    for import in module.imports() {
        let name = import.name().to_owned();
        let ty = match import.ty() {
            api::ExternType::Func(ty) => ty.clone(),
            _ => return Err(format!("the import {name} is no function")),
        };
        let call = move |mut caller: api::Caller<'_, Wasi>, args: &[api::Val], results: &mut [api::Val]| {
            let mut words = [0; 9];
            for (word, arg) in words.iter_mut().zip(args) {
                *word = match arg {
                    api::Val::I32(x) => u64::from(*x as u32),
                    api::Val::I64(x) => *x as u64,
                    _ => return Err(error("not WASI")),
                };
            }
            let memory = caller.get_export("memory").and_then(api::Extern::into_memory);
            let memory = memory.ok_or_else(|| error("no memory"))?;
            let (memory, wasi) = memory.data_and_store_mut(&mut caller);
            let errno = wasi.call(&name, &words, memory).ok_or_else(|| error("exit"))?;
            if let [result] = results {
                *result = api::Val::I32(errno as i32);
            }
            Ok(())
        };
        imports.push(api::Func::new(&mut *store, ty, call).into());
    }
    Ok(imports)
}

fn text(error: api::Error) -> String {
    format!("{error:#}")
}

struct Program {
    clock: Clock,
    limit: Limit,
    engine: api::Engine,
    module: api::Module,
}

impl Loaded for Program {
    fn run(&mut self, args: &[String]) -> Result<Run> {
        let (instantiate, instance) = self.clock.time(|| {
            let mut store = api::Store::new(&self.engine, Wasi::new(args));
            limited(&mut store, self.limit)?;
            let imports = wasi(&mut store, &self.module)?;
            let instance = api::Instance::new(&mut store, &self.module, &imports).map_err(text)?;
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start").map_err(text)?;
            Ok::<_, String>((store, start))
        });
        let (mut store, start) = instance?;
        let (run, result) = self.clock.time(|| start.call(&mut store, ()));
        let wasi = store.into_data();
        match (result, wasi.exit) {
            (Ok(()), _) | (Err(_), Some(0)) => {}
            (Err(_), Some(status)) => return Err(format!("exit status {status}")),
            (Err(error), None) => return Err(text(error)),
        }
        Ok(Run { instantiate, run, output: String::from_utf8_lossy(&wasi.output).trim().to_owned() })
    }
}

impl Peer for Adapter {
    fn name(&self) -> &'static str {
        self.setup.name
    }

    fn load(&mut self, wasm: &[u8], load: Load, times: u32) -> Option<Result<f64>> {
        let engine = match load {
            Load::Eager => self.eager.as_ref()?,
            Load::Lazy => self.lazy.as_ref()?,
        };
        // Another thread of the engine's may do the work.
        let (seconds, result) = self
            .clock
            .of_process()
            .time(|| (0..times).try_for_each(|_| api::Module::new(engine, wasm).map(drop).map_err(text)));
        Some(result.map(|()| seconds))
    }

    fn program(&mut self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        let module = api::Module::new(&self.engine, wasm).map_err(text)?;
        let Adapter { clock, setup, ref engine, .. } = *self;
        Ok(Box::new(Program { clock, limit: setup.limit, engine: engine.clone(), module }))
    }

    fn prepare(&mut self, wasm: &[u8], kind: Kind) -> Result<Timed> {
        let clock = self.clock;
        if kind == Kind::Instantiate {
            let engine = self.engine.clone();
            let module = api::Module::new(&engine, wasm).map_err(text)?;
            return Ok(Box::new(move |times| {
                let (seconds, result) = clock.time(|| {
                    (0..times).try_for_each(|_| {
                        let mut store = api::Store::new(&engine, ());
                        let imports = next(&mut store, &module);
                        api::Instance::new(&mut store, &module, &imports).map(drop).map_err(text)
                    })
                });
                result.map(|()| seconds)
            }));
        }
        let (mut store, instance) = self.instance(wasm)?;
        if kind == Kind::TypedCall {
            let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add").map_err(text)?;
            return Ok(Box::new(move |times| {
                let (seconds, sum) = clock.time(|| {
                    (0..times as i32).try_fold(0, |sum, i| add.call(&mut store, (sum, i)).map_err(text))
                });
                super::added(sum?, times).map(|()| seconds)
            }));
        }
        let export = kind.export();
        let count = instance.get_typed_func::<i32, i32>(&mut store, export).map_err(text)?;
        Ok(Box::new(move |times| {
            let (seconds, counted) = clock.time(|| count.call(&mut store, times as i32));
            super::counted(counted.map_err(text)?, times).map(|()| seconds)
        }))
    }
}
