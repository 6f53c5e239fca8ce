//! Run a WASI command with arguments, and with its output captured.
//!
//! `cargo run -p brisk-wasi --example wasi`

use brisk::{Engine, Linker, Module, Result, Store};
use brisk_wasi::{I32Exit, OutputPipe, WasiCtx, WasiCtxBuilder};

fn main() -> Result<()> {
    let engine = Engine::default();
    let module =
        Module::from_file(&engine, concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/hello/hello.wasm"))?;
    let mut linker: Linker<WasiCtx> = Linker::new(&engine);
    brisk_wasi::add_to_linker(&mut linker, |ctx| ctx)?;

    // The program sees its arguments and this pipe, and nothing else of the host.
    let stdout = OutputPipe::new(4096);
    let wasi = WasiCtxBuilder::new().arg("hello").arg("brisk").stdout(stdout.clone()).build();
    let mut store = Store::new(&engine, wasi);
    let instance = linker.instantiate(&mut store, &module)?;
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    match start.call(&mut store, ()) {
        Ok(()) => {}
        // A program that calls `exit` ends with this error.
        Err(error) => assert_eq!(error.downcast::<I32Exit>()?.0, 0),
    }

    let output = String::from_utf8_lossy(&stdout.contents()).into_owned();
    print!("{output}");
    assert_eq!(output, "Hello, brisk!\n");
    Ok(())
}
