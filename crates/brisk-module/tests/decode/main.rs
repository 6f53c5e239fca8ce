//! Decoding and validation seen from outside: what is accepted, what is refused and how.

mod bad_input;
mod big_input;
mod contents;
mod features;
mod frame;
mod limits;
mod names;
mod parallel;
mod refused;

use brisk_module::{DecodeError, DecodeOptions, Module, WasmFeatures};

/// Decodes text or bytes on the calling thread.
#[track_caller]
fn try_decode(source: impl AsRef<[u8]>) -> Result<Module, DecodeError> {
    decode_with(source, &serial())
}

#[track_caller]
fn decode(source: impl AsRef<[u8]>) -> Module {
    try_decode(source).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn refuse(source: impl AsRef<[u8]>) -> DecodeError {
    match try_decode(source) {
        Ok(_) => panic!("the module was accepted"),
        Err(error) => error,
    }
}

#[track_caller]
fn decode_with(source: impl AsRef<[u8]>, options: &DecodeOptions) -> Result<Module, DecodeError> {
    let source = source.as_ref();
    let bytes = if source.starts_with(b"(module") {
        wat::parse_bytes(source).unwrap_or_else(|error| panic!("{error}")).into_owned()
    } else {
        source.to_vec()
    };
    Module::decode(bytes, options)
}

fn serial() -> DecodeOptions {
    DecodeOptions { parallel_threads: 1, ..DecodeOptions::default() }
}

fn without(features: WasmFeatures) -> DecodeOptions {
    let default = serial();
    DecodeOptions { features: default.features.difference(features), ..default }
}

#[track_caller]
fn assert_invalid(error: &DecodeError, part: &str) {
    assert!(matches!(error, DecodeError::Invalid { .. }), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

#[track_caller]
fn assert_limit(error: &DecodeError, part: &str) {
    assert!(matches!(error, DecodeError::Limit { .. }), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}

#[track_caller]
fn assert_unsupported(error: &DecodeError, proposal: &str, part: &str) {
    assert_eq!(error.proposal(), Some(proposal), "{error:?}");
    assert!(error.to_string().contains(part), "{error}");
}
