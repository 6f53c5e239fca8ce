//! `brisk run FILE`: from options to an exit status.

use crate::flags::{Cli, Mapping, ProfileOf, Run, TraceOf};
use crate::limits::Limits;
use crate::text::{nearest, one_line};
use crate::{Failure, invoke, load, output, profile, tiers};
use brisk::{
    Context as _, Engine, Error, ExternType, FuncType, Instance, Linker, Module, Store, Trap,
    UnknownImportError, Val, WasmBacktrace,
};
use brisk_wasi::{DirPerms, FilePerms, I32Exit, WasiCtx, WasiCtxBuilder};
use clap::CommandFactory as _;
use std::ffi::OsString;
use std::io::{ErrorKind, Write as _, stderr};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where the functions of WASI preview 1 are imported from.
const WASI: &str = "wasi_snapshot_preview1";
/// Where the functions of its first version are imported from.
const WASI_UNSTABLE: &str = "wasi_unstable";
/// What a program is called at.
const START: &str = "_start";
/// What is called once in a module that is no program, before anything else.
const INITIALIZE: &str = "_initialize";
/// Exports that are named when one is asked for that there is not.
const EXPORTS_NAMED: usize = 10;

/// The data of the store.
struct Host {
    wasi: WasiCtx,
    limits: Limits,
}

/// Runs a program or calls a function; gives the exit status.
pub fn run(options: &Run) -> Result<u8, Failure> {
    let Some(stack) = options.max_stack else { return run_here(options) };
    // Machine code is on the native stack: the program needs a thread with as much.
    let size = stack.saturating_add(HOST_STACK);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(size).spawn_scoped(scope, || run_here(options));
        let thread = thread.map_err(|error| {
            brisk::Error::from(error)
                .context(format!("failed to start a thread with a stack of {size} bytes"))
        })?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Native stack for the command itself and for what a program calls.
const HOST_STACK: usize = 1 << 20;

fn run_here(options: &Run) -> Result<u8, Failure> {
    let deadline = options.timeout.and_then(|time| Instant::now().checked_add(time));
    let (file, args) = file_and_args(options)?;
    let engine = engine(options)?;
    let module = load::module(&engine, &file).map_err(|error| guess_command(error, &file))?;
    let entry = Entry::of(&module, options, &file)?;
    let preloads = preloads(options, &engine)?;

    let wasi = wasi(options, &file, &args, deadline)?;
    let mut store = store(options, &engine, wasi, deadline)?;
    let mut linker = Linker::new(&engine);
    let imports = |from: &str| {
        let mut modules = [&module].into_iter().chain(preloads.iter().map(|(_, module)| module));
        modules.any(|module| module.imports().any(|import| import.module() == from))
    };
    let unstable = imports(WASI_UNSTABLE);
    if unstable || imports(WASI) {
        brisk_wasi::add_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    }
    if unstable {
        brisk_wasi::add_unstable_to_linker(&mut linker, |host: &mut Host| &mut host.wasi)?;
    }

    let result = link_and_call(&mut store, &mut linker, &preloads, &module, &entry, &args);
    if !options.profile.is_empty() {
        let mut tables = profile::tables(&store.profile(), &options.profile);
        if options.profile.contains(&ProfileOf::Tiers) {
            let modules = preloads.iter().map(|(_, module)| module).chain([&module]);
            let defined = modules.map(|module| module.functions().len()).sum();
            tables += &tiers::table(&engine.tier_events(), defined);
        }
        let _ = stderr().write_all(tables.as_bytes());
    }
    match result {
        Ok(()) => Ok(0),
        Err(failure) => exit_status(failure, &file),
    }
}

fn link_and_call(
    store: &mut Store<Host>,
    linker: &mut Linker<Host>,
    preloads: &[(&str, Module)],
    module: &Module,
    entry: &Entry,
    args: &[String],
) -> Result<(), Failure> {
    for (name, module) in preloads {
        let instance = instantiate(store, linker, module)?;
        linker.instance(&mut *store, name, instance)?;
    }
    let instance = instantiate(store, linker, module)?;
    match entry {
        Entry::None => Ok(()),
        Entry::Start => call(store, &instance, START, &[]).map(|_| ()),
        Entry::Invoke(name, ty) => {
            let values = invoke::arguments(&mut *store, &instance, ty, args)
                .map_err(|why| Failure::Usage(format!("cannot call `{}`: {why}", one_line(name))))?;
            let results = call(store, &instance, name, &values)?;
            let lines = results.iter().map(|value| invoke::result(&mut *store, value) + "\n");
            output::print(&lines.collect::<String>())
        }
    }
}

/// The exit status of a guest that did not return: what it said itself, unless it trapped.
fn exit_status(failure: Failure, file: &Path) -> Result<u8, Failure> {
    let running = |error: Error| error.context(format!("running `{}`", file.display()));
    match failure {
        Failure::Trapped(error) => match error.downcast_ref::<I32Exit>() {
            // All that a process can tell its parent is the lowest byte.
            Some(I32Exit(status)) => Ok(*status as u8),
            None => Err(Failure::Trapped(running(error))),
        },
        Failure::Failed(error) => Err(Failure::Failed(running(error))),
        failure => Err(failure),
    }
}

/// Adds to a complaint about a missing file the command that was perhaps mistyped.
fn guess_command(error: Error, file: &Path) -> Error {
    let missing =
        error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::NotFound);
    let cli = Cli::command();
    let commands = cli.get_subcommands().map(|command| command.get_name());
    match file.to_str().and_then(|word| nearest(word, commands)) {
        Some(command) if missing => Error::msg(format!("{error:#}; is the command `{command}` meant?")),
        _ => error,
    }
}

/// The module's file and what comes after it.
fn file_and_args(options: &Run) -> Result<(PathBuf, Vec<String>), Failure> {
    let (file, args) = options.file_and_args.split_first().expect("the option is required");
    let text = |arg: &OsString| match arg.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::Usage(format!("argument `{}` is not UTF-8", arg.display()))),
    };
    Ok((file.into(), args.iter().map(text).collect::<Result<_, _>>()?))
}

fn engine(options: &Run) -> Result<Engine, Failure> {
    let mut config = load::config(&options.engine);
    config
        .tier(options.tier.into())
        .deterministic(options.deterministic)
        .consume_fuel(options.fuel.is_some())
        .profile_ops(options.profile.iter().any(|what| matches!(what, ProfileOf::Ops | ProfileOf::Calls)))
        .profile_perfmap(options.profile.contains(&ProfileOf::Perfmap))
        .profile_jitdump(options.profile.contains(&ProfileOf::Jitdump))
        .log_tiers(options.profile.contains(&ProfileOf::Tiers))
        .signals_based_traps(!options.no_signals)
        // Nothing else interrupts a program.
        .interruptible(options.timeout.is_some())
        .trace_calls(options.trace.contains(&TraceOf::Calls));
    if let Some(bytes) = options.max_stack {
        config.max_wasm_stack(bytes).max_native_stack(bytes);
    }
    if let Some(iterations) = options.tier_threshold {
        config.tier_threshold(iterations);
    }
    if let Some(threads) = options.compile_threads {
        config.compile_threads(threads);
    }
    if let Some(bytes) = options.max_code_memory {
        config.max_code_memory(bytes);
    }
    let engine = load::engine(&config)?;
    if options.trace.contains(&TraceOf::Tier) {
        engine.trace_tiers(|event| {
            let _ = writeln!(stderr(), "{}", tiers::line(event));
        });
    }
    Ok(engine)
}

fn store(
    options: &Run,
    engine: &Engine,
    wasi: WasiCtx,
    deadline: Option<Instant>,
) -> Result<Store<Host>, Error> {
    let limits = Limits::new(options.max_memory, options.max_table_elements, options.trap_on_grow_failure);
    let mut store = Store::try_new(engine, Host { wasi, limits })?;
    store.limiter(|host| &mut host.limits);
    if let Some(fuel) = options.fuel {
        store.set_fuel(fuel)?;
    }
    if deadline.is_some() {
        store.set_deadline(deadline)?;
    }
    if options.trace.contains(&TraceOf::Calls) {
        store.trace_calls(|line| {
            let _ = writeln!(stderr(), "{line}");
        });
    }
    Ok(store)
}

/// What the guest sees of this machine.
fn wasi(options: &Run, file: &Path, args: &[String], deadline: Option<Instant>) -> Result<WasiCtx, Failure> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio();
    match &options.argv0 {
        Some(name) => wasi.arg(name),
        None => wasi.arg(file.to_string_lossy()),
    };
    if options.invoke.is_none() {
        wasi.args(args);
    }
    for (name, value) in environment(options)? {
        wasi.env(name, value);
    }
    let mut open = |dirs: &[Mapping], dir_perms, file_perms| {
        dirs.iter()
            .try_for_each(|dir| wasi.preopened_dir(&dir.host, &dir.guest, dir_perms, file_perms).map(|_| ()))
    };
    open(&options.dir, DirPerms::all(), FilePerms::all())?;
    open(&options.dir_ro, DirPerms::READ, FilePerms::READ)?;
    for address in &options.tcplisten {
        let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on `{address}`"))?;
        wasi.tcp_listener(listener)?;
    }
    if options.trace.contains(&TraceOf::Wasi) {
        wasi.trace(stderr());
    }
    if let Some(deadline) = deadline {
        // The store's deadline stops code; this one stops what waits for time to pass or for input.
        wasi.on_wait(move || if Instant::now() < deadline { Ok(()) } else { Err(Trap::Deadline.into()) });
    }
    Ok(wasi.build())
}

/// Names and values of the environment; what is set last stands.
fn environment(options: &Run) -> Result<Vec<(String, String)>, Failure> {
    let mut vars: Vec<(String, String)> = Vec::new();
    if options.inherit_env {
        // A guest's strings are UTF-8; what is not cannot be passed on.
        vars.extend(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
    }
    for var in &options.env {
        let (name, value) = match var.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => match std::env::var(var) {
                Ok(value) => (&**var, value),
                Err(error) => {
                    return Err(Failure::Usage(format!(
                        "cannot pass on the environment variable `{var}`: {error}"
                    )));
                }
            },
        };
        if name.is_empty() {
            return Err(Failure::Usage(format!("`--env {var}` has no name")));
        }
        vars.retain(|(earlier, _)| earlier != name);
        vars.push((name.to_owned(), value));
    }
    Ok(vars)
}

fn preloads<'a>(options: &'a Run, engine: &Engine) -> Result<Vec<(&'a str, Module)>, Error> {
    options.preload.iter().map(|preload| Ok((&*preload.name, load::module(engine, &preload.file)?))).collect()
}

/// What is called in the module.
enum Entry {
    /// Nothing: instantiating it is all.
    None,
    /// The program.
    Start,
    /// A function.
    Invoke(String, FuncType),
}

impl Entry {
    fn of(module: &Module, options: &Run, file: &Path) -> Result<Entry, Failure> {
        if let Some(name) = &options.invoke {
            return match module.get_export(name) {
                Some(ExternType::Func(ty)) => Ok(Entry::Invoke(name.clone(), ty)),
                Some(_) => Err(Failure::Usage(format!("export `{}` is not a function", one_line(name)))),
                None => Err(Failure::Usage(no_such_export(module, name, file))),
            };
        }
        match module.get_export(START) {
            Some(ExternType::Func(ty)) if ty.params().len() + ty.results().len() == 0 => {
                return Ok(Entry::Start);
            }
            Some(_) => {
                let why = format!(
                    "the `{START}` of `{}` is not a function without parameters and results",
                    file.display()
                );
                return Err(Failure::Usage(why));
            }
            None => {}
        }
        if module.get_export(INITIALIZE).is_some() || load::has_start(module.bytes()) {
            return Ok(Entry::None);
        }
        let mut why = format!("`{}` is not a program: it exports no `{START}`", file.display());
        let funcs = exported_funcs(module);
        if !funcs.is_empty() {
            why += &format!("; with `--invoke` one can call {funcs}");
        }
        Err(Failure::Usage(why))
    }
}

fn no_such_export(module: &Module, name: &str, file: &Path) -> String {
    let mut why = format!("`{}` exports no `{}`", file.display(), one_line(name));
    let funcs = || module.exports().filter(|export| matches!(export.ty(), ExternType::Func(_)));
    match nearest(name, funcs().map(|export| export.name())) {
        Some(near) => why += &format!("; is `{}` meant?", one_line(near)),
        None => match exported_funcs(module) {
            none if none.is_empty() => why += ", nor any other function",
            funcs => why += &format!("; its functions are {funcs}"),
        },
    }
    why
}

/// Names of exported functions, as many as one wants to read.
fn exported_funcs(module: &Module) -> String {
    let mut text = String::new();
    let funcs = module.exports().filter(|export| matches!(export.ty(), ExternType::Func(_)));
    for (number, export) in funcs.enumerate() {
        if number == EXPORTS_NAMED {
            text += ", …";
            break;
        }
        let comma = if number == 0 { "" } else { ", " };
        text += &format!("{comma}`{}`", one_line(export.name()));
    }
    text
}

/// An instance, initialized if that is asked for by its exports.
fn instantiate(store: &mut Store<Host>, linker: &Linker<Host>, module: &Module) -> Result<Instance, Failure> {
    let instance = linker.instantiate(&mut *store, module).map_err(|error| {
        // Code runs already here, if the module has a start function.
        let trapped = error.is::<Trap>() || error.is::<WasmBacktrace>();
        if trapped { Failure::Trapped(error) } else { Failure::Failed(explain_import(error)) }
    })?;
    let initialize = match module.get_export(INITIALIZE) {
        Some(ExternType::Func(ty)) => ty.params().len() + ty.results().len() == 0,
        _ => false,
    };
    if initialize && module.get_export(START).is_none() {
        call(store, &instance, INITIALIZE, &[])?;
    }
    Ok(instance)
}

/// Adds to a complaint about a missing import how it could be provided.
fn explain_import(error: Error) -> Error {
    match error.downcast_ref::<UnknownImportError>() {
        Some(import) if ![WASI, WASI_UNSTABLE].contains(&import.module()) => {
            let module = one_line(import.module());
            Error::msg(format!("{error:#}; with `--preload {module}=FILE` it comes from another module"))
        }
        _ => error,
    }
}

fn call(store: &mut Store<Host>, instance: &Instance, name: &str, args: &[Val]) -> Result<Vec<Val>, Failure> {
    let func = instance.get_func(&mut *store, name).expect("the module exports it");
    let mut results = vec![Val::I32(0); func.ty(&*store).results().len()];
    func.call(&mut *store, args, &mut results).map_err(Failure::Trapped)?;
    Ok(results)
}
