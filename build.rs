//! Packs the catalogs in `data/`, and says how the released binary is linked.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    link();
    pack()
}

/// The catalogs, for the binary: a quarter of their size, and unpacked in less than a millisecond
/// by who needs them.
fn pack() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    for name in ["cpython-standalone.tsv", "cpython-sources.tsv"] {
        let file = Path::new("data").join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        let packed = fs::File::create(Path::new(&out).join(format!("{name}.gz")))?;
        let mut packed = GzEncoder::new(packed, Compression::best());
        packed.write_all(&fs::read(file)?)?;
        packed.finish()?;
    }
    Ok(())
}

/// On Linux with glibc, where each shim pays for what the loader does first.
fn link() {
    let var = |name: &str| env::var(name).unwrap_or_default();
    let glibc = var("CARGO_CFG_TARGET_OS") == "linux" && var("CARGO_CFG_TARGET_ENV") == "gnu";
    if !glibc || var("PROFILE") != "release" || var("HOST") != var("TARGET") {
        return;
    }
    // At a fixed address. A position-independent one has half a megabyte of pointers rewritten at
    // each start; distributions link their Pythons so for the same reason.
    println!("cargo::rustc-link-arg-bins=-no-pie");
    // The unwinder, for a panic's backtrace, out of the archive beside the compiler. The shared one
    // asks the processor for its features when it is loaded, and on a virtual machine each such
    // question is answered by the host.
    let archive = Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .ok();
    let archive = archive
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string())
        .unwrap_or_default();
    if Path::new(&archive).is_absolute() {
        println!("cargo::rustc-link-lib=dylib:+verbatim=libgcc_eh.a");
    }
}
