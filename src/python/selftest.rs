//! No Python counts as installed before it has shown that it is complete: it imports what a build can lack, tells what
//! packaging needs to know, and makes a virtual environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::key::Key;
use crate::package::facts::{self, Facts};
use crate::store;

/// The modules that a build lacks when a library was missing, with the packages that have it: apt, dnf, apk, pacman, brew.
pub const LIBRARIES: &[(&str, [&str; 5])] = &[
    ("ssl", ["libssl-dev", "openssl-devel", "openssl-dev", "openssl", "openssl@3"]),
    ("sqlite3", ["libsqlite3-dev", "sqlite-devel", "sqlite-dev", "sqlite", "sqlite"]),
    ("zlib", ["zlib1g-dev", "zlib-devel", "zlib-dev", "zlib", "zlib"]),
    ("bz2", ["libbz2-dev", "bzip2-devel", "bzip2-dev", "bzip2", "bzip2"]),
    ("lzma", ["liblzma-dev", "xz-devel", "xz-dev", "xz", "xz"]),
    ("ctypes", ["libffi-dev", "libffi-devel", "libffi-dev", "libffi", "libffi"]),
    ("readline", ["libreadline-dev", "readline-devel", "readline-dev", "readline", "readline"]),
    ("curses", ["libncurses-dev", "ncurses-devel", "ncurses-dev", "ncurses", "ncurses"]),
    ("hashlib", ["libssl-dev", "openssl-devel", "openssl-dev", "openssl", "openssl@3"]),
    ("uuid", ["uuid-dev", "libuuid-devel", "util-linux-dev", "util-linux-libs", "ossp-uuid"]),
    ("venv", ["python3-venv", "python3-libs", "python3", "python", "python"]),
];

/// What the interpreter said of itself.
#[derive(Clone, Debug)]
pub struct Passed {
    pub facts: Facts,
    /// Modules that it can't import; empty for a complete one.
    pub missing: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{key} doesn't run on this machine: {reason}\nit was not installed; boot python install --source builds one that does")]
    DoesNotRun { key: Key, reason: String },
    #[error("{key} says that it is {found}\nit was not installed; the archive isn't what its name says")]
    Other { key: Key, found: String },
    #[error("{key} is incomplete: it can't import {}\nit was not installed; {}", missing.join(", "), hint(missing))]
    Incomplete { key: Key, missing: Vec<String> },
    #[error("{key} can't make a virtual environment: {reason}\nit was not installed")]
    NoVenv { key: Key, reason: String },
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn hint(missing: &[String]) -> String {
    match install_line(missing.iter().map(String::as_str)) {
        Some(line) => format!("this has what it lacks: {line}"),
        None => "a build with all libraries is needed".into(),
    }
}

/// The command with which this machine's package manager installs what `modules` need.
pub fn install_line<'a>(modules: impl Iterator<Item = &'a str>) -> Option<String> {
    let managers = [
        ("apt-get", "sudo apt-get install -y"),
        ("dnf", "sudo dnf install -y"),
        ("apk", "sudo apk add"),
        ("pacman", "sudo pacman -S --needed"),
        ("brew", "brew install"),
    ];
    let (number, (_, command)) = managers.iter().enumerate().find(|(_, (name, _))| which::which(name).is_ok())?;
    let mut packages: Vec<&str> = Vec::new();
    for module in modules {
        if let Some((_, names)) = LIBRARIES.iter().find(|(name, _)| *name == module)
            && !packages.contains(&names[number])
        {
            packages.push(names[number]);
        }
    }
    (!packages.is_empty()).then(|| format!("{command} {}", packages.join(" ")))
}

/// Runs the interpreter `executable`, which stands below `staging` and will live below `home`. `lenient` lets an incomplete one
/// pass, with what is missing named: for interpreters that boot only takes in.
pub fn run(key: &Key, executable: &Path, staging: &Path, home: &Path, lenient: bool) -> Result<Passed, Error> {
    #[derive(Deserialize)]
    struct Imports {
        missing: Vec<String>,
    }

    let names: Vec<&str> = LIBRARIES.iter().map(|(name, _)| *name).collect();
    let program = format!(
        "import importlib, json\nmissing = []\nfor name in {names:?}:\n    try:\n        importlib.import_module(name)\n    except ImportError:\n        \
         missing.append(name)\nprint(json.dumps({{'missing': missing}}))\n{}",
        facts::SCRIPT
    );
    let does_not_run = |reason: String| Error::DoesNotRun { key: *key, reason };
    let output = clean(executable).args(["-I", "-B", "-c", &program]).output().map_err(|error| does_not_run(error.to_string()))?;
    if !output.status.success() {
        return Err(does_not_run(last_line(&output.stderr, &output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let imports: Imports =
        lines.next().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(|| does_not_run("it says nothing".into()))?;
    let mut facts: Facts = lines
        .next()
        .ok_or_else(|| does_not_run("it says nothing".into()))
        .and_then(|line| serde_json::from_str(line).map_err(|error| does_not_run(error.to_string())))?;
    if facts.markers.python_full_version.trim_end_matches('+') != key.version.to_string() {
        return Err(Error::Other { key: *key, found: facts.markers.python_full_version });
    }
    if !imports.missing.is_empty() && !lenient {
        return Err(Error::Incomplete { key: *key, missing: imports.missing });
    }
    if !imports.missing.iter().any(|name| name == "venv") {
        venv(key, executable)?;
    }
    facts.stdlib = rebased(&facts.stdlib, staging, home);
    Ok(Passed { facts, missing: imports.missing })
}

/// Makes an environment with the interpreter's own module, without pip, and runs what is in it.
fn venv(key: &Key, executable: &Path) -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(store::Error::io("create a folder in", &std::env::temp_dir()))?;
    let root = folder.path().join("venv");
    let failed = |reason: String| Error::NoVenv { key: *key, reason };
    let made = clean(executable)
        .args(["-I", "-B", "-m", "venv", "--without-pip"])
        .arg(&root)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !made.status.success() {
        return Err(failed(last_line(&made.stderr, &made.status)));
    }
    let ran = clean(&root.join("bin/python")).args(["-I", "-c", "import sys"]).output().map_err(|error| failed(error.to_string()))?;
    if !ran.status.success() {
        return Err(failed(last_line(&ran.stderr, &ran.status)));
    }
    Ok(())
}

/// The interpreter, with nothing of this environment that could change what it does.
fn clean(executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command.env_clear().stdin(std::process::Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("LANG", "C.UTF-8");
    command
}

/// `path` by the place where it will be.
fn rebased(path: &Path, staging: &Path, home: &Path) -> PathBuf {
    let real = std::fs::canonicalize(staging).unwrap_or_else(|_| staging.into());
    for root in [staging, &real] {
        if let Ok(inside) = path.strip_prefix(root) {
            return home.join(inside);
        }
    }
    path.into()
}

fn last_line(stderr: &[u8], status: &std::process::ExitStatus) -> String {
    let text = String::from_utf8_lossy(stderr);
    match text.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => crate::report::escaped(line.trim()),
        None => status.to_string(),
    }
}
