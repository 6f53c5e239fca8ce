//! Silverfir-nano, interpreting or compiling. A module belongs to one instance there, and is compiled when
//! that is made, so instantiating has the compiling in it.

use crate::clock::Clock;
use crate::peer::{Kind, Load, Loaded, Peer, Result, Run, Timed, added, counted};
use crate::wasi::Wasi;
use sf_nano_core::{Config, Engine, Func, Import, Instance, Tier, Value, WasmError};
use std::cell::RefCell;
use std::rc::Rc;

/// The interpreter's name.
pub const INTERP: &str = "sf-nano-interp";
/// The compiler's name.
pub const JIT: &str = "sf-nano-jit";

/// One of the two.
pub fn peer(name: &'static str, clock: Clock) -> Result<Box<dyn Peer>> {
    let tier = if name == INTERP { Tier::Interp } else { Tier::Jit };
    let config = Config::new().tier(tier).parallel_compilation(false);
    let engine = Engine::new(config).map_err(|error| error.to_string())?;
    Ok(Box::new(Nano { name, clock, engine }))
}

struct Nano {
    name: &'static str,
    clock: Clock,
    engine: Engine,
}

fn text(error: WasmError) -> String {
    error.to_string()
}

/// Imports of a module: `next` of `calls`, or WASI.
fn imports(wasm: &[u8], wasi: &Rc<RefCell<Wasi>>) -> Result<Vec<Import>> {
    let mut imports = Vec::new();
    for (module, name) in crate::imports(wasm)? {
        let wasi = Rc::clone(wasi);
        let function = name.clone();
        imports.push(if module == "host" {
            Import::func(&module, &name, |_, args, results| {
                if let (Value::I32(x), [result]) = (&args[0], results) {
                    *result = Value::I32(x.wrapping_add(1));
                }
                Ok(())
            })
        } else {
            Import::func(&module, &name, move |caller, args, results| {
                let mut words = [0; 9];
                for (word, arg) in words.iter_mut().zip(args) {
                    *word = match arg {
                        Value::I32(x) => u64::from(*x as u32),
                        Value::I64(x) => *x as u64,
                        _ => return Err(WasmError::trap("not WASI")),
                    };
                }
                let memory = caller.memory_mut().ok_or_else(|| WasmError::trap("no memory"))?;
                let errno = wasi.borrow_mut().call(&function, &words, memory);
                let errno = errno.ok_or_else(|| WasmError::trap("exit"))?;
                if let [result] = results {
                    *result = Value::I32(errno as i32);
                }
                Ok(())
            })
        });
    }
    Ok(imports)
}

fn instance(engine: &Engine, wasm: &[u8], wasi: &Rc<RefCell<Wasi>>) -> Result<Instance> {
    Instance::new(engine, wasm, &imports(wasm, wasi)?).map_err(text)
}

fn export(instance: &Instance, name: &str) -> Result<Func> {
    instance.get_func(name).ok_or_else(|| format!("no export {name}"))
}

fn call(instance: &mut Instance, func: &Func, args: &[Value]) -> Result<i32> {
    let mut results = [Value::I32(0)];
    instance.call(func, args, &mut results).map_err(text)?;
    match results {
        [Value::I32(x)] => Ok(x),
        _ => Err("not an i32".to_owned()),
    }
}

struct Program {
    clock: Clock,
    engine: Engine,
    wasm: Vec<u8>,
}

impl Loaded for Program {
    fn run(&mut self, args: &[String]) -> Result<Run> {
        let wasi = Rc::new(RefCell::new(Wasi::new(args)));
        let (instantiate, made) = self.clock.time(|| instance(&self.engine, &self.wasm, &wasi));
        let mut made = made?;
        let start = export(&made, "_start")?;
        let (run, result) = self.clock.time(|| made.call(&start, &[], &mut []));
        let wasi = wasi.borrow();
        match (result, wasi.exit) {
            (Ok(()), _) | (Err(_), Some(0)) => {}
            (Err(_), Some(status)) => return Err(format!("exit status {status}")),
            (Err(error), None) => return Err(text(error)),
        }
        Ok(Run { instantiate, run, output: String::from_utf8_lossy(&wasi.output).trim().to_owned() })
    }
}

impl Peer for Nano {
    fn name(&self) -> &'static str {
        self.name
    }

    fn load(&mut self, wasm: &[u8], load: Load, times: u32) -> Option<Result<f64>> {
        if load == Load::Lazy {
            return None;
        }
        let wasi = Rc::new(RefCell::new(Wasi::new(&[])));
        let (seconds, result) = self
            .clock
            .of_process()
            .time(|| (0..times).try_for_each(|_| instance(&self.engine, wasm, &wasi).map(drop)));
        Some(result.map(|()| seconds))
    }

    fn program(&mut self, wasm: &[u8]) -> Result<Box<dyn Loaded>> {
        Ok(Box::new(Program { clock: self.clock, engine: self.engine, wasm: wasm.to_vec() }))
    }

    fn prepare(&mut self, wasm: &[u8], kind: Kind) -> Result<Timed> {
        let (clock, engine, bytes) = (self.clock, self.engine, wasm.to_vec());
        let wasi = Rc::new(RefCell::new(Wasi::new(&[])));
        if kind == Kind::Instantiate {
            return Ok(Box::new(move |times| {
                let (seconds, result) =
                    clock.time(|| (0..times).try_for_each(|_| instance(&engine, &bytes, &wasi).map(drop)));
                result.map(|()| seconds)
            }));
        }
        let mut made = instance(&engine, &bytes, &wasi)?;
        if kind == Kind::TypedCall {
            let add = export(&made, "add")?;
            return Ok(Box::new(move |times| {
                let (seconds, sum) = clock.time(|| {
                    (0..times as i32)
                        .try_fold(0, |sum, i| call(&mut made, &add, &[Value::I32(sum), Value::I32(i)]))
                });
                added(sum?, times).map(|()| seconds)
            }));
        }
        let count = export(&made, kind.export())?;
        Ok(Box::new(move |times| {
            let (seconds, result) = clock.time(|| call(&mut made, &count, &[Value::I32(times as i32)]));
            counted(result?, times).map(|()| seconds)
        }))
    }
}
