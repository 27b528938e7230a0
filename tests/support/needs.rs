//! Requirements of a test: programs, rights, a network. A test without them prints SKIPPED and
//! passes; with the variables that `.ci/run` sets it fails instead.

use std::process::Command;

/// Returns whether every test has to run.
fn decides() -> bool {
    ["BOOT_TEST_ALL_SHELLS", "BOOT_TEST_NETWORK"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// Returns whether `program` is installed.
pub fn program(program: &str) -> bool {
    let here = which::which(program).is_ok();
    if !here {
        assert!(!decides(), "{program} is missing");
        eprintln!("SKIPPED: {program} is missing");
    }
    here
}

/// Skips a test, or a part of it, for what the system lacks. This fails where every test has to
/// run, except on macOS.
pub fn skipped(why: &str) {
    assert!(!decides() || !cfg!(target_os = "linux"), "{why}");
    eprintln!("SKIPPED: {why}");
}

/// Returns whether the public network may be used.
pub fn network() -> bool {
    let asked = std::env::var_os("BOOT_TEST_NETWORK").is_some_and(|value| value == "1");
    if !asked {
        eprintln!("SKIPPED: BOOT_TEST_NETWORK=1 runs this");
    }
    asked
}

/// Returns whether private mounts are possible.
pub fn mounts() -> bool {
    let probe = Command::new("unshare")
        .args(["--mount", "sh", "-c", "mount -t tmpfs none /mnt"])
        .output();
    let may = probe.is_ok_and(|output| output.status.success());
    if !may {
        skipped("mounts in a namespace need root");
    }
    may
}
