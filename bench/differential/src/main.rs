//! Runs generated modules in wasmtime and on each tier of brisk, and compares results, the order and arguments of host
//! calls, traps, exceptions, memories, tables and globals.

mod generate;
mod outcome;
mod random;
mod side;

use generate::Theme;
use outcome::Verdict;
use side::{Side, THREAD_STACK};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "\
usage: brisk-differential [OPTIONS]

  --seconds N      stop after so long (default: 60)
  --modules N      stop after so many modules
  --seed N         begin with this module (default: 0)
  --theme NAME     mixed, control, memories, vectors, references or loops (default: in turn)
  --tier NAME      interp, jit or auto (default: each)
  --file FILE      run this module, with the arguments of --seed, instead of generated ones
  --save DIR       keep the module that is being run, and those on which the engines differ
  --self-check     compare wasmtime with itself in another configuration
";

struct Options {
    seconds: u64,
    modules: u64,
    seed: u64,
    theme: Option<Theme>,
    tier: Option<brisk::Tier>,
    file: Option<PathBuf>,
    save: Option<PathBuf>,
    self_check: bool,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            seconds: 60,
            modules: u64::MAX,
            seed: 0,
            theme: None,
            tier: None,
            file: None,
            save: None,
            self_check: false,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            let number = |text: String| text.parse().map_err(|_| format!("{text} is not a number"));
            match arg.as_str() {
                "--seconds" => options.seconds = number(value()?)?,
                "--modules" => options.modules = number(value()?)?,
                "--seed" => options.seed = number(value()?)?,
                "--theme" => {
                    let name = value()?;
                    let theme =
                        Theme::ALL.iter().find(|theme| format!("{theme:?}").eq_ignore_ascii_case(&name));
                    options.theme = Some(*theme.ok_or_else(|| format!("no theme {name}"))?);
                }
                "--tier" => {
                    options.tier = Some(value()?.parse().map_err(|error| format!("{error:#}"))?);
                }
                "--file" => options.file = Some(value()?.into()),
                "--save" => options.save = Some(value()?.into()),
                "--self-check" => options.self_check = true,
                _ => return Err(format!("unknown option {arg}")),
            }
        }
        Ok(options)
    }
}

/// The engine that is believed, and those that are tested.
struct Sides {
    expected: Box<dyn Side>,
    tested: Vec<Box<dyn Side>>,
}

fn sides(options: &Options) -> Result<Sides, String> {
    let expected = Box::new(side::wasmtime::new()?);
    let mut tested: Vec<Box<dyn Side>> = Vec::new();
    if options.self_check {
        tested.push(Box::new(side::wasmtime::plain()?));
    } else {
        for tier in [brisk::Tier::Interp, brisk::Tier::Jit, brisk::Tier::Auto] {
            if options.tier.is_none_or(|wanted| wanted == tier) {
                tested.push(Box::new(side::brisk::new(tier)?));
            }
        }
    }
    Ok(Sides { expected, tested })
}

/// What was seen, so that a run which compared nothing of interest shows.
#[derive(Default)]
struct Tally {
    modules: u64,
    /// Classes of events with their numbers, for each theme.
    seen: BTreeMap<(Option<Theme>, String), u64>,
    differing: u64,
}

impl Tally {
    fn see(&mut self, theme: Option<Theme>, class: impl Into<String>) {
        *self.seen.entry((theme, class.into())).or_default() += 1;
    }

    fn print(&self) {
        let mut last = None;
        for ((theme, class), count) in &self.seen {
            if let Some(theme) = theme
                && last != Some(*theme)
            {
                println!("{theme:?}");
                last = Some(*theme);
            }
            println!("  {class}: {count}");
        }
        println!("{} modules, {} differ", self.modules, self.differing);
    }
}

/// Runs one module in all engines, to the first that differs.
fn check(sides: &Sides, wasm: &[u8], (theme, seed): (Option<Theme>, u64), tally: &mut Tally) -> Verdict {
    tally.modules += 1;
    tally.see(theme, "modules");
    let run = |side: &dyn Side| {
        let outcome = catch_unwind(AssertUnwindSafe(|| side.run(wasm, seed)));
        let fault = side.fault();
        let outcome = outcome.map_err(|_| format!("{} panicked", side.name()))?;
        match fault {
            Some(fault) => Err(format!("{}: {fault}", side.name())),
            None => Ok(outcome),
        }
    };
    let mut compared = || -> Result<Verdict, String> {
        let expected = run(&*sides.expected)?;
        expected.classes().for_each(|class| tally.see(theme, class));
        let mut verdict = Verdict::Agree;
        for side in &sides.tested {
            match outcome::compare(&expected, &run(&**side)?) {
                Verdict::Agree => {}
                Verdict::SetAside(reason) => {
                    tally.see(theme, format!("set aside: {reason}"));
                    verdict = Verdict::SetAside(reason);
                }
                Verdict::Differ(difference) => return Err(format!("{}: {difference}", side.name())),
            }
        }
        Ok(verdict)
    };
    compared().unwrap_or_else(|difference| {
        tally.differing += 1;
        Verdict::Differ(difference)
    })
}

fn run(options: &Options) -> Result<Tally, String> {
    let sides = sides(options)?;
    let write = |name: &str, wasm: &[u8]| match &options.save {
        Some(dir) => std::fs::create_dir_all(dir)
            .and_then(|()| std::fs::write(dir.join(name), wasm))
            .map_err(|error| format!("{}: {error}", dir.display())),
        None => Ok(()),
    };
    let mut tally = Tally::default();
    if let Some(file) = &options.file {
        let wasm = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        println!("{:?}", check(&sides, &wasm, (None, options.seed), &mut tally));
        return Ok(tally);
    }
    let end = Instant::now() + Duration::from_secs(options.seconds);
    for seed in options.seed.. {
        if tally.modules >= options.modules || Instant::now() >= end {
            break;
        }
        let theme = options.theme.unwrap_or(Theme::ALL[(seed % Theme::ALL.len() as u64) as usize]);
        let Some(wasm) = generate::module(theme, seed) else { continue };
        // Should an engine take the process down, this is the one.
        write("current.wasm", &wasm)?;
        if let Verdict::Differ(difference) = check(&sides, &wasm, (Some(theme), seed), &mut tally) {
            println!("seed {seed}, theme {theme:?}: {difference}");
            write(&format!("{seed}.wasm"), &wasm)?;
        }
    }
    Ok(tally)
}

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprint!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let worker = std::thread::Builder::new().stack_size(THREAD_STACK).spawn(move || run(&options));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(tally))) => {
            tally.print();
            // To have compared nothing is no success.
            if tally.differing == 0 && tally.modules > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(Ok(Err(error))) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) | Err(_) => {
            eprintln!("error: the comparing thread did not end well");
            ExitCode::FAILURE
        }
    }
}
