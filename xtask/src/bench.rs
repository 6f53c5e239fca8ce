//! `cargo xtask bench`: builds brisk and, in a workspace of their own, its peers; measures; draws the page.

use crate::figures::Figures;
use crate::{Result, USAGE, check, output, page, process, root, run, target};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// What the command line asked for.
#[derive(Debug, Default)]
pub struct Options {
    filters: Vec<String>,
    layers: Option<Vec<String>>,
    engines: Option<Vec<String>>,
    pub rounds: usize,
    pub programs: Option<PathBuf>,
    json: Option<PathBuf>,
    fast: bool,
    built: Option<PathBuf>,
    page: bool,
    check: bool,
    bless: bool,
}

/// The layers, and the other things to measure.
const LAYERS: [&str; 9] = ["wat", "languages", "kernels", "limits", "load", "calls", "start", "real", "size"];

/// Engines that can stop a program and that count its fuel, each behind the one it is compared with.
pub const LIMITED: [&str; 6] = [
    "brisk-jit",
    "brisk-jit-interruptible",
    "brisk-jit-fuel",
    "wasmtime",
    "wasmtime-epochs",
    "wasmtime-fuel",
];

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { rounds: 5, ..Self::default() };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
            match arg.as_str() {
                "--layers" => options.layers = Some(list(value()?)),
                "--engines" => options.engines = Some(list(value()?)),
                "--rounds" => options.rounds = value()?.parse().map_err(|_| "--rounds needs a number")?,
                "--programs" => {
                    let dir = value()?;
                    let found = std::fs::canonicalize(&dir).map_err(|error| format!("{dir}: {error}"))?;
                    options.programs = Some(found);
                }
                "--json" => options.json = Some(value()?.into()),
                "--built" => options.built = Some(value()?.into()),
                "--fast" => options.fast = true,
                "--page" => options.page = true,
                "--check" => options.check = true,
                "--bless" => options.bless = true,
                option if option.starts_with('-') => return Err(format!("no option {option}\n\n{USAGE}")),
                _ => options.filters.push(arg),
            }
        }
        if options.rounds == 0 {
            return Err("--rounds must not be zero".to_owned());
        }
        for layer in options.layers.iter().flatten() {
            if !LAYERS.contains(&layer.as_str()) {
                return Err(format!("no layer {layer}; there are {}", LAYERS.join(", ")));
            }
        }
        Ok(options)
    }

    /// Whether a program was asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter))
    }

    fn layer(&self, layer: &str) -> bool {
        match &self.layers {
            Some(layers) => layers.iter().any(|wanted| wanted == layer),
            None => layer != "real" || self.programs.is_some(),
        }
    }

    /// Whether all of each layer was measured, so that the page may show it.
    fn whole(&self) -> bool {
        self.filters.is_empty() && self.engines.is_none()
    }
}

/// `cargo xtask bench` with these arguments.
pub fn main(args: impl Iterator<Item = String>) -> Result<()> {
    let options = Options::parse(args)?;
    if options.check {
        return check::main(options.bless, options.built.as_deref());
    }
    let data = root().join("docs/benchmarks.json");
    if options.page {
        return page::draw(&Figures::read(&data)?);
    }
    if options.layers.is_none() && options.programs.is_none() {
        println!("no --programs, so the layer `real` is left out (scripts/fetch-programs.sh fetches them)\n");
    }
    let (figures, errors) = measure(&options)?;
    if let Some(json) = &options.json {
        figures.write(json)?;
    }
    if errors.is_empty() && options.whole() {
        let mut all = Figures::read(&data)?;
        all.merge(&figures);
        all.write(&data)?;
        page::draw(&all)?;
        println!("docs/benchmarks.md and README.md are up to date");
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\nerror: ")) }
}

/// What was measured when, where, and built how.
fn circumstances(options: &Options) -> Result<Value> {
    let git = |args: &[&str]| output(Command::new("git").arg("-C").arg(root()).args(args));
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let lto = !options.fast && std::env::var("CARGO_PROFILE_RELEASE_LTO").as_deref() != Ok("off");
    Ok(json!({
        "date": output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?,
        "commit": git(&["rev-parse", "--short", "HEAD"])?,
        "commit_date": git(&["show", "-s", "--format=%cs", "HEAD"])?,
        "rustc": output(Command::new("rustc").arg("--version"))?,
        "cpu": cpu.unwrap_or("unknown"),
        "cpus": std::thread::available_parallelism().map_or(1, usize::from),
        "system": output(Command::new("uname").args(["-sr"]))?,
        "load": load.split(' ').next().unwrap_or_default(),
        "lto": lto,
        "rounds": options.rounds,
    }))
}

fn measure(options: &Options) -> Result<(Figures, Vec<String>)> {
    let peers_manifest = root().join("bench/Cargo.toml");
    let mut build = Command::new("cargo");
    build.args([
        "build",
        "--release",
        "--locked",
        "-p",
        "brisk-peers",
        "-p",
        "brisk-spawn",
        "--manifest-path",
    ]);
    build.arg(&peers_manifest);
    if options.fast {
        build.envs([("CARGO_PROFILE_RELEASE_LTO", "off"), ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "8")]);
    }
    let peers = match &options.built {
        Some(dir) => dir.clone(),
        None => {
            run(&mut build)?;
            target(&peers_manifest)?.join("release")
        }
    };

    let mut figures = Figures::new();
    let mut errors = Vec::new();
    let done = |figures: &mut Figures, layers: &[&str]| -> Result<()> {
        let circumstances = circumstances(options)?;
        for layer in layers {
            figures.runs[*layer] = circumstances.clone();
        }
        Ok(())
    };

    // In one process: the layers of programs, loading, calls.
    for layer in LAYERS[..6].iter().filter(|layer| options.layer(layer)) {
        let json = std::env::temp_dir().join(format!("brisk-bench-{}.json", std::process::id()));
        let mut command = Command::new(peers.join("brisk-peers"));
        command.args(["--rounds", &options.rounds.to_string(), "--json"]).arg(&json).args(&options.filters);
        match (&options.engines, *layer) {
            (Some(engines), _) => drop(command.args(["--engines", &engines.join(",")])),
            (None, "limits") => drop(command.args(["--engines", &LIMITED.join(",")])),
            (None, _) => {}
        }
        match *layer {
            "load" => {
                command.args(["--only", "load"]);
                let modules =
                    ["hello/hello", "bench/json", "rust/guests", "assemblyscript/guests", "go/guests"];
                for module in modules {
                    command.arg("--modules").arg(root().join(format!("guests/{module}.wasm")));
                }
                for module in ["avr-as", "quickjs", "resvg", "python-3.11.3"] {
                    if let Some(programs) = &options.programs {
                        command.arg("--modules").arg(programs.join(format!("{module}.wasm")));
                    }
                }
            }
            "calls" => drop(command.args(["--only", "calls"])),
            "limits" => drop(command.args(["--only", "programs", "--layers", "kernels"])),
            layer => drop(command.args(["--only", "programs", "--layers", layer])),
        }
        if let Err(error) = run(&mut command) {
            errors.push(error);
        }
        let text = std::fs::read_to_string(&json).map_err(|error| format!("{layer}: no figures: {error}"))?;
        let _ = std::fs::remove_file(&json);
        let read: Vec<Value> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        figures.all.extend(read.into_iter().map(|mut figure| {
            figure["layer"] = json!(layer);
            figure
        }));
        done(&mut figures, &[layer])?;
    }

    // Whole processes.
    if ["start", "real", "size"].iter().any(|layer| options.layer(layer)) {
        let brisk = match &options.built {
            Some(dir) => dir.join("brisk"),
            None => {
                let mut build = Command::new("cargo");
                run(build.current_dir(root()).args(["build", "--release", "--locked", "-p", "brisk-cli"]))?;
                target(&root().join("Cargo.toml"))?.join("release/brisk")
            }
        };
        let (mut runners, missing) = process::runners(options, &brisk)?;
        if let Some(engines) = &options.engines {
            runners.retain(|runner| engines.iter().any(|engine| engine == runner.name));
        }
        println!("not on this machine, so not measured as processes: {}\n", missing.join(", "));
        for layer in ["start", "real"] {
            if options.layer(layer) {
                let spawn = peers.join("brisk-spawn");
                errors.extend(process::measure(options, layer, &runners, &spawn, &mut figures.all)?);
                done(&mut figures, &[layer])?;
                let versions: serde_json::Map<String, Value> =
                    runners.iter().map(|runner| (runner.name.to_owned(), json!(runner.version))).collect();
                figures.runs[layer]["versions"] = json!(versions);
                figures.runs[layer]["missing"] = json!(missing);
            }
        }
        if options.layer("size") {
            for runner in &runners {
                figures.all.push(json!({
                    "kind": "size", "layer": "size", "subject": "program", "engine": runner.name, "unit": "MB",
                    "median": runner.size as f64 / 1e6,
                }));
            }
            done(&mut figures, &["size"])?;
        }
    }
    Ok((figures, errors))
}
