//! Runs a benchmark guest in brisk or wasmtime: `brisk-emulated ENGINE FILE.wasm [N]`; brisk's code can be interrupted if the
//! engine is called `interruptible`, does not protect where branches and returns lead if it is called `unprotected`, and signs
//! return addresses if it is called `signing`. Prints the checksum, and the bytes of the functions' machine code. Whoever wants to know
//! how many instructions the guest takes counts those that are not of this program itself, as `scripts/a64-instructions.sh`
//! does.

use std::process::ExitCode;

/// What a run gives: the checksum, and the size of the code.
type Ran = Result<(u64, usize), String>;

/// The same text for both engines, whose interfaces have the same names and shapes.
macro_rules! run {
    ($api:ident, $engine:expr, $wasm:expr, $n:expr) => {{
        use $api::{Func, Instance, Module, Store};
        let text = |error: $api::Error| format!("{error:#}");
        let engine = $engine.map_err(text)?;
        let module = Module::new(&engine, $wasm).map_err(text)?;
        let mut store = Store::new(&engine, ());
        let nothing = |import: $api::ImportType<'_>| {
            let ty = import.ty().unwrap_func().clone();
            Func::new(&mut store, ty, |_, _, _| Err($api::Error::msg("nothing is there"))).into()
        };
        let imports: Vec<_> = module.imports().map(nothing).collect();
        let instance = Instance::new(&mut store, &module, &imports).map_err(text)?;
        let n = match $n {
            Some(n) => n,
            None => {
                let size = instance.get_typed_func::<(), i32>(&mut store, "size").map_err(text)?;
                size.call(&mut store, ()).map_err(text)?
            }
        };
        let run = instance.get_typed_func::<i32, i64>(&mut store, "run").map_err(text)?;
        let sum = run.call(&mut store, n).map_err(text)? as u64;
        (engine, module, sum)
    }};
}

fn brisk(engine: &str, wasm: &[u8], n: Option<i32>) -> Ran {
    use brisk::CpuFeature::{Bti, DotProd, I8mm, Lse, Paca};
    let mut config = brisk::Config::new();
    config.tier(brisk::Tier::Jit).log_tiers(true).interruptible(engine == "interruptible");
    match engine {
        "unprotected" => config.cpu_features(&[Lse, DotProd, I8mm]),
        "signing" => config.cpu_features(&[Lse, DotProd, I8mm, Bti, Paca]),
        _ => &mut config,
    };
    let (engine, _, sum) = run!(brisk, brisk::Engine::new(&config), wasm, n);
    let mut bytes = 0;
    for event in engine.tier_events() {
        match event.outcome {
            brisk::TierOutcome::Compiled { code_bytes } => bytes += code_bytes,
            // Nothing may be left to the interpreter.
            left => return Err(format!("function {}: {left:?}", event.func)),
        }
    }
    Ok((sum, bytes))
}

fn wasmtime(wasm: &[u8], n: Option<i32>) -> Ran {
    let (_, module, sum) = run!(wasmtime, wasmtime::Engine::new(&wasmtime::Config::new()), wasm, n);
    Ok((sum, module.functions().map(|function| function.len).sum()))
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (engine, file, n) = match &args[..] {
        [engine, file] => (engine, file, None),
        [engine, file, n] => (engine, file, n.parse().ok()),
        _ => {
            eprintln!("usage: brisk-emulated brisk|interruptible|unprotected|signing|wasmtime FILE.wasm [N]");
            return ExitCode::from(2);
        }
    };
    let ran = match (&**engine, std::fs::read(file)) {
        (_, Err(error)) => Err(error.to_string()),
        ("brisk" | "interruptible" | "unprotected" | "signing", Ok(wasm)) => brisk(engine, &wasm, n),
        ("wasmtime", Ok(wasm)) => wasmtime(&wasm, n),
        (other, _) => Err(format!("no engine is called {other}")),
    };
    match ran {
        Ok((sum, bytes)) => println!("{sum:016x} {bytes}"),
        Err(error) => {
            eprintln!("{engine}: {file}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
