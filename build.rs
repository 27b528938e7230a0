//! How the released binary is linked on Linux with glibc, where each shim pays for what the loader does first.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let var = |name: &str| std::env::var(name).unwrap_or_default();
    let glibc = var("CARGO_CFG_TARGET_OS") == "linux" && var("CARGO_CFG_TARGET_ENV") == "gnu";
    if !glibc || var("PROFILE") != "release" || var("HOST") != var("TARGET") {
        return;
    }
    // At a fixed address. A position-independent one has half a megabyte of pointers rewritten at each start; distributions link their
    // Pythons so for the same reason.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    // The unwinder, for a panic's backtrace, out of the archive beside the compiler. The shared one asks the processor for its features
    // when it is loaded, and on a virtual machine each such question is answered by the host.
    let archive = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output().ok();
    let archive = archive.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string()).unwrap_or_default();
    if Path::new(&archive).is_absolute() {
        println!("cargo:rustc-link-lib=dylib:+verbatim=libgcc_eh.a");
    }
}
