//! Commands of a user without root's rights, whoever runs the tests: root cannot test a refused
//! write.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use super::{BOOT, Home, Run, needs};

/// User and group id of `nobody`.
const NOBODY: u32 = 65534;

/// Returns the words that run a command as another user, and gives `home` to that user; empty
/// without root. None, with a message, if no other user is possible.
pub fn words(home: &Home) -> Option<Vec<String>> {
    if !is_root() {
        return Some(Vec::new());
    }
    if !needs::program("setpriv") {
        return None;
    }
    let words: [String; 3] = [
        "setpriv".into(),
        format!("--reuid={NOBODY}"),
        "--clear-groups".into(),
    ];
    // It may lie in a folder that only root may enter.
    let mut probe = home.command(which::which(&words[0]).unwrap());
    if !probe
        .args(&words[1..])
        .args([BOOT, "--version"])
        .current_dir("/")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        needs::skipped(&format!("nobody but root can run {BOOT}"));
        return None;
    }
    give(home, &NOBODY.to_string());
    chown(&home.root, Some(NOBODY), None).unwrap();
    Some(words.into())
}

/// Gives `home` to another user, except the shims, which are hard links to the tested binary.
pub fn give(home: &Home, owner: &str) {
    let mut give = Command::new("find");
    give.arg(&home.root).args([
        "!",
        "-samefile",
        BOOT,
        "-exec",
        "chown",
        "-h",
        owner,
        "{}",
        "+",
    ]);
    assert!(give.status().unwrap().success());
}

/// Runs boot as a user without root's rights; None if that is impossible.
pub fn boot(home: &Home, args: &[&str]) -> Option<Run> {
    let mut words = words(home)?;
    words.push(BOOT.into());
    // What PATH has in this home may be less than that.
    let program = which::which(&words[0]).unwrap_or_else(|_| Path::new(&words[0]).into());
    Some(home.run(home.command(program).args(&words[1..]).args(args)))
}

pub fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"))
}
