//! `brisk validate FILE…`.

use crate::flags::Validate;
use crate::{Failure, load};

/// Checks modules, all of them, and says what is wrong with each that is not valid.
pub fn validate(options: Validate) -> Result<u8, Failure> {
    let engine = load::engine(&load::config(&options.engine))?;
    let mut status = 0;
    for file in &options.files {
        if let Err(error) = load::module(&engine, file) {
            let failure = Failure::Failed(error);
            failure.print();
            status = failure.status();
        }
    }
    Ok(status)
}
