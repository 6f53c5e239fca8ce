//! Measures brisk and its peers: run time of the benchmark programs, loading of modules, instantiation and
//! calls. Engines take turns in every round, and all of them must print the programs' checksums. All are in
//! this process but V8, which is in processes of its own that take their own times.

mod calls;
mod clock;
mod load;
mod peer;
mod programs;
mod report;
mod sf_nano;
mod v8;
mod wasi;

use clock::Clock;
use peer::{Peer, Result};
use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: brisk-peers [FILTER...] [OPTIONS]

  FILTER               only programs whose name contains it
  --engines A,B,...    only these, in this order; also brisk-jit-interruptible, brisk-jit-fuel,
                       wasmtime-epochs and wasmtime-fuel
  --layers A,B,...     only programs of these layers: wat, languages, kernels
  --only KIND          programs, load or calls (default: all three)
  --rounds N           rounds of which the median is taken (default: 5)
  --clock cpu|wall     processor time of the thread, or time that passed (default: cpu)
  --guests DIR         where the programs are (default: guests of this repository)
  --modules PATH       a module or a folder of them to load (repeatable; default: the programs)
  --json FILE          write every figure there
";

/// What the command line asked for.
pub struct Options {
    filters: Vec<String>,
    layers: Option<Vec<String>>,
    engines: Option<Vec<String>>,
    only: Option<String>,
    rounds: usize,
    clock: Clock,
    guests: PathBuf,
    modules: Vec<PathBuf>,
    json: Option<PathBuf>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut options = Options {
            filters: Vec::new(),
            layers: None,
            engines: None,
            only: None,
            rounds: 5,
            clock: Clock::Cpu,
            guests: repository.join("guests"),
            modules: Vec::new(),
            json: None,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--engines" => options.engines = Some(value()?.split(',').map(str::to_owned).collect()),
                "--layers" => options.layers = Some(value()?.split(',').map(str::to_owned).collect()),
                "--only" => match value()? {
                    kind if ["programs", "load", "calls"].contains(&kind.as_str()) => {
                        options.only = Some(kind)
                    }
                    kind => return Err(format!("--only {kind}: not a kind of measurement")),
                },
                "--rounds" => match value()?.parse() {
                    Ok(rounds) if rounds > 0 => options.rounds = rounds,
                    _ => return Err("--rounds needs a number above zero".to_owned()),
                },
                "--clock" => {
                    options.clock = match value()?.as_str() {
                        "cpu" => Clock::Cpu,
                        "wall" => Clock::Wall,
                        other => return Err(format!("--clock {other}: neither cpu nor wall")),
                    }
                }
                "--guests" => options.guests = value()?.into(),
                "--modules" => options.modules.push(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                "--help" => return Err("Measures brisk and its peers.".to_owned()),
                option if option.starts_with('-') => return Err(format!("unknown option {option}")),
                _ => options.filters.push(arg),
            }
        }
        if options.modules.is_empty() {
            let files = ["hello/hello.wasm", "bench/json.wasm", "rust/guests.wasm", "go/guests.wasm"];
            options.modules = files.map(|file| options.guests.join(file)).into();
        }
        Ok(options)
    }

    fn wants(&self, kind: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == kind)
    }
}

/// The modules of a folder, by name.
fn wasm_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    Ok(files)
}

/// The engines that were asked for, in that order.
fn chosen(options: &Options) -> Result<Vec<Box<dyn Peer>>> {
    let Some(engines) = &options.engines else {
        return peer::PEERS.iter().map(|(_, make)| make(options.clock)).collect();
    };
    // An engine that is not there must not turn into a comparison that was not made.
    let find = |engine: &String| {
        let found = peer::PEERS.iter().chain(peer::EXTRAS).find(|(name, _)| name == engine);
        let (_, make) = found.ok_or_else(|| format!("no engine {engine} in this build"))?;
        make(options.clock)
    };
    engines.iter().map(find).collect()
}

/// The modules and the imports' names of a module.
fn imports(wasm: &[u8]) -> Result<Vec<(String, String)>> {
    let mut imports = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ImportSection(section) = payload.map_err(|error| error.to_string())? {
            for import in section.into_imports() {
                let import = import.map_err(|error| error.to_string())?;
                imports.push((import.module.to_owned(), import.name.to_owned()));
            }
        }
    }
    Ok(imports)
}

fn measure(options: &Options) -> Result<Vec<String>> {
    let mut peers = chosen(options)?;
    let mut report = Report::default();
    let mut errors = Vec::new();
    if options.wants("programs") {
        errors.extend(programs::measure(options, &mut peers, &mut report)?);
    }
    if options.wants("load") {
        errors.extend(load::measure(options, &mut peers, &mut report)?);
    }
    if options.wants("calls") {
        errors.extend(calls::measure(options, &mut peers, &mut report)?);
    }
    if let Some(path) = &options.json {
        std::fs::write(path, report.json()).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(errors)
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprint!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match measure(&options) {
        Ok(errors) if errors.is_empty() => ExitCode::SUCCESS,
        Ok(errors) => {
            errors.iter().for_each(|error| eprintln!("error: {error}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
