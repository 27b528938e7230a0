//! What a story needs of the machine that it is told on: programs, rights, a network. One that
//! lacks something says so and goes on; where everything is decided (`.ci/run` sets the variables)
//! nothing is left out, and what is missing is a failure.

use std::process::Command;

/// Whether all that can be tested here has to be.
fn decides() -> bool {
    ["BOOT_TEST_ALL_SHELLS", "BOOT_TEST_NETWORK"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// Whether `program` is on this machine.
pub fn program(program: &str) -> bool {
    let here = which::which(program).is_ok();
    if !here {
        assert!(!decides(), "{program} is missing");
        eprintln!("SKIPPED: {program} is missing");
    }
    here
}

/// Says that a story, or a part of it, isn't told for what the system doesn't give: a failure where
/// everything is decided, which is as root on Linux. Of macOS nothing of the kind is promised.
pub fn skipped(why: &str) {
    assert!(!decides() || !cfg!(target_os = "linux"), "{why}");
    eprintln!("SKIPPED: {why}");
}

/// Whether the public network is to be used.
pub fn network() -> bool {
    let asked = std::env::var_os("BOOT_TEST_NETWORK").is_some_and(|value| value == "1");
    if !asked {
        eprintln!("SKIPPED: BOOT_TEST_NETWORK=1 runs this");
    }
    asked
}

/// Whether file systems can be mounted here, where nobody else sees them.
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
