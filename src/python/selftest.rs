//! No Python counts as installed before it has shown that it is complete: it imports what a build
//! can lack, tells what packaging needs to know, and makes a virtual environment.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde::Deserialize;

use super::key::Key;
use super::packages;
use crate::package::facts::{self, Facts};
use crate::store::env;

/// Far beyond what any honest interpreter needs.
const LONGEST_ANSWER: u64 = 1 << 20;
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Modules that no Python is published without: those that a build lacks when a library was
/// missing, and what
/// environments are made with.
const NEEDED: [&str; 11] = [
    "ssl", "sqlite3", "zlib", "bz2", "lzma", "ctypes", "readline", "curses", "hashlib", "uuid",
    "venv",
];

/// The interpreter's answers about itself.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub facts: Facts,
    /// Modules that it can't import; empty for a complete one.
    pub missing: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "{key} doesn't run on this machine: {reason}\nit was not installed; boot python install \
         --source builds one that does"
    )]
    DoesNotRun { key: Key, reason: String },
    #[error(
        "{key} says that it is {found}\nit was not installed; the archive isn't what its name says"
    )]
    Other { key: Key, found: String },
    #[error("{key} is incomplete: it can't import {}\nit was not installed; \
             {}", missing.join(", "), hint(missing))]
    Incomplete { key: Key, missing: Vec<String> },
    #[error("{key} can't make a virtual environment: {reason}\nit was not installed")]
    NoVenv { key: Key, reason: String },
}

fn hint(missing: &[String]) -> String {
    match packages::for_build(missing.iter().map(String::as_str)) {
        Some(line) => format!("this has what it lacks: {line}"),
        None => "a build with all libraries is needed".into(),
    }
}

/// Runs the interpreter `executable`, which stands below `staging` and will live below `home`.
///
/// Errors: it doesn't run, isn't what `key` says, can't import what it needs, or makes no
/// environment that runs.
pub(crate) fn run(
    key: &Key,
    executable: &Path,
    staging: &Path,
    home: &Path,
) -> Result<Passed, Error> {
    // Side by side: each is an interpreter's start or two, and most of what an install takes after
    // its download.
    let (examined, environment) = std::thread::scope(|scope| {
        let environment = scope.spawn(|| venv(executable));
        (
            examine(executable),
            environment
                .join()
                .unwrap_or_else(|_| Err("it could not be tried".into())),
        )
    });
    let mut passed = examined.map_err(|reason| Error::DoesNotRun { key: *key, reason })?;
    if passed.version() != key.version.to_string() {
        return Err(Error::Other {
            key: *key,
            found: passed.facts.markers.python_full_version,
        });
    }
    if !passed.missing.is_empty() {
        return Err(Error::Incomplete {
            key: *key,
            missing: passed.missing,
        });
    }
    environment.map_err(|reason| Error::NoVenv { key: *key, reason })?;
    passed.facts.stdlib = rebased(&passed.facts.stdlib, staging, home);
    Ok(passed)
}

/// Asks any program whether it is a Python, what it can import, and what packaging needs to know of
/// it. In words why not, if it isn't one that boot works with.
pub(crate) fn examine(executable: &Path) -> Result<Passed, String> {
    #[derive(Deserialize)]
    struct Imports {
        missing: Vec<String>,
    }

    let program = format!(
        "import importlib, json\nmissing = []\nfor name in {NEEDED:?}:\n    try:\n        \
         importlib.import_module(name)\n    except ImportError:\n        \
         missing.append(name)\nprint(json.dumps({{'missing': missing}}))\n{}",
        facts::SCRIPT
    );
    let text = ask(executable, &program)?;
    let mut lines = text.lines();
    let nonsense = || "it doesn't answer like a Python".to_string();
    let imports: Imports = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(nonsense)?;
    let facts: Facts = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok())
        .ok_or_else(nonsense)?;
    Ok(Passed {
        facts,
        missing: imports.missing,
    })
}

impl Passed {
    /// As a key writes it; distributions append a `+` to what they built from a branch.
    pub(crate) fn version(&self) -> &str {
        self.facts.markers.python_full_version.trim_end_matches('+')
    }
}

/// The output of the interpreter for `program`. Somebody may have named any program: it gets
/// half a minute and a megabyte.
pub(super) fn ask(executable: &Path, program: &str) -> Result<String, String> {
    let mut command = clean(executable);
    command.args(["-I", "-B", "-Wignore", "-c", program]);
    answer(command)
}

/// The interpreter's `pip --version`, of the installation itself and not of the user's folder of
/// packages.
pub(super) fn ask_pip(pip: &Path) -> Result<String, String> {
    let mut command = clean(pip);
    command
        .arg("--version")
        .env("PYTHONNOUSERSITE", "1")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    answer(command)
}

fn answer(mut command: Command) -> Result<String, String> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let reader = |pipe: Option<Box<dyn Read + Send>>| {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(pipe) = pipe {
                let _ = pipe.take(LONGEST_ANSWER).read_to_end(&mut bytes);
            }
            let _ = sender.send(bytes);
        });
        receiver
    };
    let stdout = reader(
        child
            .stdout
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    );
    let stderr = reader(
        child
            .stderr
            .take()
            .map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    );
    let Ok(answer) = stdout.recv_timeout(LONGEST_WAIT) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err("it doesn't answer".into());
    };
    if answer.len() as u64 == LONGEST_ANSWER {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        let words = stderr
            .recv_timeout(Duration::from_secs(1))
            .unwrap_or_default();
        return Err(last_line(&words, &status));
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Makes an environment with the interpreter's own module, without pip, and runs what is in it. In
/// words what went wrong.
pub(super) fn venv(executable: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let root = folder.path().join("venv");
    let made = clean(executable)
        .args(["-I", "-B", "-m", "venv", "--without-pip"])
        .arg(&root)
        .output()
        .map_err(|error| error.to_string())?;
    if !made.status.success() {
        return Err(last_line(&made.stderr, &made.status));
    }
    let ran = clean(&root.join("bin/python"))
        .args(["-I", "-c", "import sys"])
        .output()
        .map_err(|error| error.to_string())?;
    if ran.status.success() {
        Ok(())
    } else {
        Err(last_line(&ran.stderr, &ran.status))
    }
}

/// The interpreter, with nothing of this environment that could change what it does.
fn clean(executable: &Path) -> Command {
    let mut command = Command::new(executable);
    command.env_clear().stdin(std::process::Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = env::var_os(name) {
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
