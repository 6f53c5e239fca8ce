// The body of each module in peer.rs that adapts an engine. The engines' interfaces have the same
// names and shapes, so the text is the same for each: `api` is the engine's crate; making an `engine` and
// whether stores are given `FUEL` are what differs.

use super::{Load, Peer, Program, Repeat, Result};

/// The engine, once for each of its ways of loading modules.
pub struct Adapter {
    eager: Option<api::Engine>,
    lazy: Option<api::Engine>,
    /// The one that runs programs: eager, so that no translation is in their times, if there is a choice.
    engine: api::Engine,
}

impl Adapter {
    /// The engine as `engine` configures it.
    pub fn new() -> Result<Self> {
        let [eager, lazy] = [engine(Load::Eager).transpose()?, engine(Load::Lazy).transpose()?];
        let engine = eager.clone().or_else(|| lazy.clone()).ok_or("no way to load a module")?;
        Ok(Self { eager, lazy, engine })
    }

    fn instance(&self, wasm: &[u8]) -> Result<(api::Store<()>, api::Instance)> {
        let module = api::Module::new(&self.engine, wasm).map_err(text)?;
        let mut store = api::Store::new(&self.engine, ());
        if FUEL {
            store.set_fuel(u64::MAX / 2).map_err(text)?;
        }
        let imports = imports(&mut store, &module);
        let instance = api::Instance::new(&mut store, &module, &imports).map_err(text)?;
        Ok((store, instance))
    }
}

/// The host function that the module of `calls` imports, if this is that module.
fn imports(store: &mut api::Store<()>, module: &api::Module) -> Vec<api::Extern> {
    module.imports().map(|_| api::Func::wrap(&mut *store, |x: i32| x.wrapping_add(1)).into()).collect()
}

fn text(error: api::Error) -> String {
    format!("{error:#}")
}

impl Peer for Adapter {
    fn name(&self) -> &'static str {
        NAME
    }

    fn load(&self, wasm: &[u8], load: Load) -> Option<Result<()>> {
        let engine = match load {
            Load::Eager => self.eager.as_ref()?,
            Load::Lazy => self.lazy.as_ref()?,
        };
        Some(api::Module::new(engine, wasm).map(drop).map_err(text))
    }

    fn program(&self, wasm: &[u8]) -> Result<Program> {
        let (mut store, instance) = self.instance(wasm)?;
        let size = instance.get_typed_func::<(), i32>(&mut store, "size").map_err(text)?;
        let size = size.call(&mut store, ()).map_err(text)?;
        let run = instance.get_typed_func::<i32, i64>(&mut store, "run").map_err(text)?;
        Ok(Program { size, run: Box::new(move |n| run.call(&mut store, n).map_err(text)) })
    }

    fn instantiate(&self, wasm: &[u8]) -> Result<Repeat> {
        let engine = self.engine.clone();
        let module = api::Module::new(&engine, wasm).map_err(text)?;
        Ok(Box::new(move |times| {
            for _ in 0..times {
                let mut store = api::Store::new(&engine, ());
                let imports = imports(&mut store, &module);
                api::Instance::new(&mut store, &module, &imports).map_err(text)?;
            }
            Ok(())
        }))
    }

    fn typed_call(&self, wasm: &[u8]) -> Result<Repeat> {
        let (mut store, instance) = self.instance(wasm)?;
        let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add").map_err(text)?;
        Ok(Box::new(move |times| {
            let mut sum = 0;
            for i in 0..times {
                sum = add.call(&mut store, (sum, i as i32)).map_err(text)?;
            }
            let expected = (0..times).fold(0, |sum: i32, i| sum.wrapping_add(i as i32));
            if sum == expected { Ok(()) } else { Err(format!("add returned {sum}, not {expected}")) }
        }))
    }

    fn host_call(&self, wasm: &[u8]) -> Result<Repeat> {
        let (mut store, instance) = self.instance(wasm)?;
        let count = instance.get_typed_func::<i32, i32>(&mut store, "count").map_err(text)?;
        Ok(Box::new(move |times| match count.call(&mut store, times as i32) {
            Ok(counted) if counted == times as i32 => Ok(()),
            Ok(counted) => Err(format!("counted {counted} calls of {times}")),
            Err(error) => Err(text(error)),
        }))
    }
}
