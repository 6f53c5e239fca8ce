//! The table of commands and options: names, values and what `--help` says of them.

use crate::units;
use brisk::{Feature, WasmFeatures};
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold());

const USAGE: &str = "brisk [run] [OPTIONS] FILE [ARGS]...\n       brisk COMMAND [OPTIONS] ...";

const EXAMPLES: &str = "\
Examples:
  brisk hello.wasm                        run a program
  brisk --dir . --env HOME=/ tool.wasm -v run it with a directory and a variable
  brisk --invoke add math.wat 2 3         call an exported function
  brisk inspect hello.wasm                see what a module needs and offers

Exit status:
  the program's own; 134 after a trap, 1 if it cannot be run, 2 if brisk was called wrongly";

const RUN_EXAMPLES: &str = "\
A program sees nothing of this machine but its arguments, the standard streams and the clocks, unless an
option gives it more. Options of brisk come before FILE; whatever follows FILE is the program's.

Examples:
  brisk run --dir data::/data tool.wasm --help      the program gets `--help`
  brisk run --invoke add math.wat 2 0x10            arguments are read by the function's type:
                                                    1, -1, 0xff, 1.5, nan, i32x4:1,2,3,4, null
  brisk run --preload env=lib.wasm main.wasm        imports from `env` are exports of lib.wasm
  brisk run --timeout 500ms --max-memory 64MiB untrusted.wasm
  cat prog.wasm | brisk run - arg

As a runner of cargo:
  CARGO_TARGET_WASM32_WASIP1_RUNNER=\"brisk run --dir=.\" cargo test --target wasm32-wasip1

Exit status:
  the program's own; 134 after a trap, 1 if it cannot be run, 2 if brisk was called wrongly";

/// Runs WebAssembly programs
#[derive(Parser, Debug)]
#[command(name = "brisk", version, styles = STYLES, override_usage = USAGE, after_help = EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// What is to be done.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a program, or call a function of a module (`brisk FILE` is `brisk run FILE`)
    Run(Box<Run>),
    /// Check that modules are valid
    Validate(Validate),
    /// Show what a module imports, exports and is made of
    Inspect(Inspect),
    /// Show a function on its way to machine code
    Explore(Explore),
    /// Run scripts of the specification's test suite
    Wast(Wast),
    /// List the proposals that are supported
    Features(Features),
    /// Print a completion script for a shell
    Completions(Completions),
}

/// Options that every command that loads modules has.
#[derive(Args, Debug)]
pub struct EngineFlags {
    /// Switch a proposal, as in `-W simd=n,compact-imports`; `brisk features` lists them
    #[arg(short = 'W', long = "wasm", value_name = "PROPOSAL[=y|n]", value_delimiter = ',')]
    #[arg(value_parser = wasm_switch, help_heading = "Engine")]
    pub wasm: Vec<WasmSwitch>,
}

/// Options of `brisk run`.
#[derive(Args, Debug)]
#[command(override_usage = "brisk [run] [OPTIONS] FILE [ARGS]...", after_help = RUN_EXAMPLES)]
pub struct Run {
    /// Call this exported function with ARGS and print its results
    #[arg(long, value_name = "NAME")]
    pub invoke: Option<String>,
    /// Instantiate FILE first, for imports from NAME (repeatable, in order)
    #[arg(long, value_name = "NAME=FILE", value_parser = preload)]
    pub preload: Vec<Preload>,

    /// Let the program see a directory, under another name if GUEST is given
    #[arg(long, value_name = "HOST[::GUEST]", value_hint = ValueHint::DirPath, value_parser = mapping)]
    #[arg(help_heading = "What the program sees")]
    pub dir: Vec<Mapping>,
    /// The same, but nothing in it can be changed
    #[arg(long, value_name = "HOST[::GUEST]", value_hint = ValueHint::DirPath, value_parser = mapping)]
    #[arg(help_heading = "What the program sees")]
    pub dir_ro: Vec<Mapping>,
    /// Set an environment variable; without a value, pass on this one
    #[arg(long, value_name = "NAME[=VALUE]", help_heading = "What the program sees")]
    pub env: Vec<String>,
    /// Pass on all environment variables (`--env` comes on top)
    #[arg(long, help_heading = "What the program sees")]
    pub inherit_env: bool,
    /// The program's name for itself, instead of FILE
    #[arg(long, value_name = "NAME", help_heading = "What the program sees")]
    pub argv0: Option<String>,
    /// Listen on an address and hand the program the socket
    #[arg(long, value_name = "HOST:PORT", help_heading = "What the program sees")]
    pub tcplisten: Vec<String>,

    /// Trap after this many units of fuel, about one for each instruction
    #[arg(long, value_name = "N", value_parser = units::count, help_heading = "Limits")]
    pub fuel: Option<u64>,
    /// Trap after this time, as in `500ms` or `2s`
    #[arg(long, value_name = "TIME", value_parser = units::duration, help_heading = "Limits")]
    pub timeout: Option<Duration>,
    /// Bytes that all memories together may have, as in `64MiB`
    #[arg(long, value_name = "SIZE", value_parser = units::size_here, help_heading = "Limits")]
    pub max_memory: Option<usize>,
    /// Elements that all tables together may have
    #[arg(long, value_name = "N", help_heading = "Limits")]
    pub max_table_elements: Option<usize>,
    /// Bytes of stack for values and calls (2MiB unless given)
    #[arg(long, value_name = "SIZE", value_parser = units::size_here, help_heading = "Limits")]
    pub max_stack: Option<usize>,
    /// Trap when a memory or table may not grow, where the program would be told -1
    #[arg(long, help_heading = "Limits")]
    pub trap_on_grow_failure: bool,

    /// How code is run
    #[arg(long, value_name = "auto|interp|jit", default_value = "auto", hide_possible_values = true)]
    #[arg(help_heading = "Engine")]
    pub tier: TierName,
    /// Compile a function after so many iterations of loops, or a quarter as many calls
    #[arg(long, value_name = "N", help_heading = "Engine")]
    pub tier_threshold: Option<u32>,
    /// Threads that compile in the background; with 0, code waits until it is compiled
    #[arg(long, value_name = "N", help_heading = "Engine")]
    pub compile_threads: Option<usize>,
    /// Bytes of machine code that a module may have, as in `64MiB`; the rest is interpreted
    #[arg(long, value_name = "SIZE", value_parser = units::size_here, help_heading = "Engine")]
    pub max_code_memory: Option<usize>,
    /// Check addresses in code, instead of reserving address space and handling SIGSEGV
    #[arg(long, help_heading = "Engine")]
    pub no_signals: bool,
    /// Make results the same everywhere: canonical NaNs, relaxed SIMD of one kind
    #[arg(long, help_heading = "Engine")]
    pub deterministic: bool,
    /// Switches of proposals.
    #[command(flatten)]
    pub engine: EngineFlags,

    /// Print counts, or what was compiled, on standard error at the end; or write files for perf
    #[arg(
        long,
        value_name = "ops|calls|tiers|perfmap|jitdump",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    #[arg(help_heading = "Observing")]
    pub profile: Vec<ProfileOf>,
    /// Print calls of functions or of the system, or what is compiled, on standard error
    #[arg(long, value_name = "calls,wasi,tier", value_delimiter = ',', hide_possible_values = true)]
    #[arg(help_heading = "Observing")]
    pub trace: Vec<TraceOf>,

    /// The module, binary or text (`-`: standard input), and the program's arguments
    // One list, because only then does whatever follows the first value belong to the program.
    #[arg(value_names = ["FILE", "ARGS"], required = true, num_args = 1.., trailing_var_arg = true)]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file_and_args: Vec<OsString>,
}

/// Options of `brisk validate`.
#[derive(Args, Debug)]
pub struct Validate {
    /// Switches of proposals.
    #[command(flatten)]
    pub engine: EngineFlags,
    /// Modules in the binary or the text format (`-`: standard input)
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// Options of `brisk inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// A module in the binary or the text format (`-`: standard input)
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// Options of `brisk explore`.
#[derive(Args, Debug)]
pub struct Explore {
    /// The function: its number, its name or what it is exported as
    #[arg(long, value_name = "N|NAME")]
    pub func: String,
    /// Enter at the loop at this offset, as running code does that became hot
    #[arg(long, value_name = "OFFSET", value_parser = units::offset)]
    pub osr: Option<u32>,
    /// Compare addresses with the memory's length, instead of leaving that to the hardware
    #[arg(long)]
    pub checked: bool,
    /// Charge fuel
    #[arg(long)]
    pub fuel: bool,
    /// Notice interrupts in loops
    #[arg(long)]
    pub interrupts: bool,
    /// What is shown: everything, unless stages are named
    #[arg(
        long,
        value_name = "wasm,register,ir,machine,asm",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub stage: Vec<Stage>,
    /// Show the bytes of machine code too
    #[arg(long)]
    pub bytes: bool,
    /// Switches of proposals.
    #[command(flatten)]
    pub engine: EngineFlags,
    /// The module, binary or text (`-`: standard input)
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// A stage of a function on its way to machine code.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// The module's instructions, with their offsets
    Wasm,
    /// What the interpreter runs
    Register,
    /// The IR after each pass
    Ir,
    /// Machine instructions, and where their operands are
    Machine,
    /// Machine code
    Asm,
}

/// Options of `brisk wast`.
#[derive(Args, Debug)]
pub struct Wast {
    /// How code is run
    #[arg(long, value_name = "auto|interp|jit", default_value = "auto", hide_possible_values = true)]
    #[arg(help_heading = "Engine")]
    pub tier: TierName,
    /// Switches of proposals.
    #[command(flatten)]
    pub engine: EngineFlags,
    /// Scripts of assertions about modules
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

/// Options of `brisk features`.
#[derive(Args, Debug)]
pub struct Features {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `brisk completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// How code is run.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum TierName {
    /// Whatever is best for each function
    Auto,
    /// Always interpreted
    Interp,
    /// Compiled to machine code before it first runs
    Jit,
}

impl From<TierName> for brisk::Tier {
    fn from(name: TierName) -> brisk::Tier {
        match name {
            TierName::Auto => brisk::Tier::Auto,
            TierName::Interp => brisk::Tier::Interp,
            TierName::Jit => brisk::Tier::Jit,
        }
    }
}

/// What a profile counts.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProfileOf {
    /// Instructions, by kind
    Ops,
    /// Calls, by function
    Calls,
    /// What was compiled: when, how long, how much
    Tiers,
    /// Nothing; names of functions for `perf report`
    Perfmap,
    /// Nothing; names and code of functions for `perf inject --jit`
    Jitdump,
}

/// What a trace shows.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceOf {
    /// Calls of the program's functions, and their results
    Calls,
    /// Calls of the system
    Wasi,
    /// What is compiled
    Tier,
}

/// `--preload NAME=FILE`.
#[derive(Clone, Debug)]
pub struct Preload {
    /// Where others import from to get the exports.
    pub name: String,
    /// The module.
    pub file: PathBuf,
}

fn preload(text: &str) -> Result<Preload, String> {
    match text.split_once('=') {
        Some((name, file)) if !file.is_empty() => Ok(Preload { name: name.to_owned(), file: file.into() }),
        _ => Err("has to be NAME=FILE".to_owned()),
    }
}

/// `--dir HOST[::GUEST]`.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The directory.
    pub host: PathBuf,
    /// What the program calls it.
    pub guest: String,
}

fn mapping(text: &str) -> Result<Mapping, String> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    if host.is_empty() || guest.is_empty() {
        return Err("has to be a directory, or HOST::GUEST".to_owned());
    }
    Ok(Mapping { host: host.into(), guest: guest.to_owned() })
}

/// `-W PROPOSAL[=y|n]`.
#[derive(Clone, Copy, Debug)]
pub struct WasmSwitch {
    /// What is switched.
    pub features: WasmFeatures,
    /// On or off.
    pub enable: bool,
}

/// Stands for every proposal.
const ALL_PROPOSALS: &str = "all-proposals";

fn wasm_switch(text: &str) -> Result<WasmSwitch, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, "y"));
    let enable = match value {
        "y" | "yes" | "true" => true,
        "n" | "no" | "false" => false,
        _ => return Err(format!("`{value}` is neither `y` nor `n`")),
    };
    let features = match Feature::ALL.iter().find(|feature| feature.name() == name) {
        Some(feature) => feature.flag(),
        None if name == ALL_PROPOSALS => {
            Feature::ALL.iter().fold(WasmFeatures::empty(), |all, feature| all | feature.flag())
        }
        None => {
            let names = Feature::ALL.iter().map(|feature| feature.name()).chain([ALL_PROPOSALS]);
            let hint = match crate::text::nearest(name, names) {
                Some(near) => format!("is `{near}` meant?"),
                None => "`brisk features` lists them".to_owned(),
            };
            return Err(format!("no proposal is called `{name}`; {hint}"));
        }
    };
    Ok(WasmSwitch { features, enable })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_table_is_consistent() {
        Cli::command().debug_assert();
    }
}
