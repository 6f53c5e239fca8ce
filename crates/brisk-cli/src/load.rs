//! Modules from files and from standard input.

use crate::Failure;
use crate::flags::EngineFlags;
use brisk::{Config, Context as _, Engine, Feature, Module, Result, ensure};
use brisk_module::DecodeOptions;
use brisk_module::limits::MAX_MODULE_SIZE;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The configuration that the options ask for.
pub fn config(flags: &EngineFlags) -> Config {
    let mut config = Config::new();
    for switch in &flags.wasm {
        config.wasm_features(switch.features, switch.enable);
    }
    config
}

/// An engine. What it does not like about its configuration comes from the command line.
pub fn engine(config: &Config) -> Result<Engine, Failure> {
    Engine::new(config).map_err(|error| Failure::Usage(format!("{error:#}")))
}

/// The bytes of a file, or of standard input if it is `-`.
pub fn bytes(file: &Path) -> Result<Vec<u8>> {
    if is_stdin(file) {
        return all(std::io::stdin().lock()).context("cannot read standard input");
    }
    let cannot = || format!("cannot read `{}`", file.display());
    all(File::open(file).with_context(cannot)?).with_context(cannot)
}

/// Everything there is to read, which may have no end.
fn all(source: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_MODULE_SIZE as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= MAX_MODULE_SIZE, "a module has {MAX_MODULE_SIZE} bytes at most");
    Ok(bytes)
}

/// The module of a file, or of standard input if it is `-`, in the binary or the text format.
pub fn module(engine: &Engine, file: &Path) -> Result<Module> {
    if is_stdin(file) {
        return Module::new(engine, bytes(file)?).context("cannot load standard input");
    }
    Module::from_file(engine, file)
}

fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// To decode modules whatever proposals they use.
pub fn every_feature() -> DecodeOptions {
    let mut options = DecodeOptions::default();
    for feature in Feature::ALL {
        options.features |= feature.flag();
    }
    options
}

/// Whether a module in the binary format has a start section.
pub fn has_start(binary: &[u8]) -> bool {
    const START_SECTION: u8 = 8;
    let mut rest = binary.get(8..).unwrap_or_default();
    while let [id, after @ ..] = rest {
        if *id == START_SECTION {
            return true;
        }
        let Some(end) = after.iter().position(|byte| byte & 0x80 == 0) else { return false };
        let size = after[..=end].iter().rev().fold(0usize, |size, byte| size << 7 | usize::from(byte & 0x7f));
        rest = after.get(end + 1 + size..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_section_is_found_behind_others() {
        let start =
            wat::parse_str("(module (@custom \"c\" (before first) \"\\08\\08\") (func) (start 0) (func))")
                .unwrap();
        assert!(has_start(&start));
        let data = "\\08".repeat(300);
        let none = wat::parse_str(format!("(module (func) (memory 1) (data \"{data}\"))")).unwrap();
        assert!(!has_start(&none));
        assert!(!has_start(b""));
    }
}
