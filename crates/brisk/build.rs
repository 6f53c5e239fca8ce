//! Picks how the interpreter dispatches: handlers that end in a call of the next one need tail
//! calls, which the optimizer makes at `opt-level` 2, 3, `s` and `z` for the two ISAs below. All else gets a
//! loop. And says whether there is machine code.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(brisk_loop_dispatch)");
    let opt_level = std::env::var("OPT_LEVEL").unwrap_or_default();
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let threaded = !matches!(&*opt_level, "0" | "1") && (arch == "x86_64" || arch == "aarch64");
    if !threaded || std::env::var_os("CARGO_CFG_MIRI").is_some() {
        println!("cargo::rustc-cfg=brisk_loop_dispatch");
    }
    println!("cargo::rustc-check-cfg=cfg(brisk_machine_code)");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    // What AArch64 systems want of code that comes to be at run time is known of Linux only.
    if arch == "x86_64" || arch == "aarch64" && matches!(&*os, "linux" | "android") {
        println!("cargo::rustc-cfg=brisk_machine_code");
    }
    // Vector handlers have their computations inlined where `scripts/check-handlers.sh` has found that they still
    // end in jumps then.
    println!("cargo::rustc-check-cfg=cfg(brisk_inline_vectors)");
    if threaded && opt_level == "3" && arch == "x86_64" {
        println!("cargo::rustc-cfg=brisk_inline_vectors");
    }
}
