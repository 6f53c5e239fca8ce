//! `brisk wast FILE…`.

use crate::flags::Wast;
use crate::text::visible;
use crate::{Failure, load, output, wast};
use brisk::{Error, Result};
use std::path::Path;

/// Runs scripts of the specification's tests, prints what failed in them and the numbers.
pub fn wast(options: Wast) -> Result<u8, Failure> {
    let mut config = load::config(&options.engine);
    config.tier(options.tier.into());
    let engine = load::engine(&config)?;
    let mut status = 0;
    for file in &options.files {
        let report = wast::run(&file.display().to_string(), &text(file)?, &engine);
        output::print(&format!("{}\n", visible(&report.to_string())))?;
        if !report.passed() {
            status = 1;
        }
    }
    Ok(status)
}

fn text(file: &Path) -> Result<String> {
    String::from_utf8(load::bytes(file)?)
        .map_err(|_| Error::msg(format!("`{}` is not a script: it is not UTF-8", file.display())))
}
