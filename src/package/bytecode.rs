//! Bytecode: compiled once per wheel and Python, kept beside the wheel in the cache, linked into
//! every environment after that, so that a tool's first run is as fast as its tenth.
//!
//! Compiling takes seconds, so nobody waits for it: the first install of a wheel leaves it to a
//! process in the background, which runs the standard library's compiler and nothing of the wheel's
//! own.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::facts::Facts;
use super::wheel::CachedWheel;
use crate::store::atomic;
use crate::store::env::var;
use crate::store::paths::Paths;

const SCRIPT: &str = include_str!("bytecode.py");
/// The nicest that a process can be.
const LEAST_PRIORITY: i32 = 19;

/// The folder in the cache with `wheel`'s bytecode for an interpreter of `facts`, laid out as the
/// wheel; it may not exist yet. Bytecode differs with the magic number, which changes within a
/// pre-release's minor too.
pub(crate) fn folder(wheel: &CachedWheel, facts: &Facts) -> PathBuf {
    wheel
        .root()
        .join(format!("bytecode-{}-{}", facts.cache_tag, facts.magic))
}

/// Where the bytecode of the module at `source` lies, relative to its folder or environment; None
/// for what is no module.
pub(crate) fn place(source: &Path, facts: &Facts) -> Option<PathBuf> {
    let stem = source.file_name()?.to_str()?.strip_suffix(".py")?;
    Some(
        source
            .parent()?
            .join("__pycache__")
            .join(format!("{stem}.{}.pyc", facts.cache_tag)),
    )
}

/// Starts compiling what has no bytecode yet, and comes back at once. `home` is the published
/// environment. Whoever has set PYTHONDONTWRITEBYTECODE gets none.
pub(crate) fn compile_later(paths: &Paths, wheels: &[CachedWheel], facts: &Facts, home: &Path) {
    let missing: Vec<&CachedWheel> = wheels
        .iter()
        .filter(|wheel| !folder(wheel, facts).exists())
        .collect();
    if missing.is_empty() || var("PYTHONDONTWRITEBYTECODE").is_some() {
        return;
    }
    // One that was killed left what it had, and where all wheels are here nobody else looks into
    // their folder.
    atomic::sweep(&paths.wheels());
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let work = serde_json::json!({
        "folder": text(paths.wheels()),
        "wheels": missing.iter().map(|wheel| serde_json::json!({
            "tree": text(wheel.tree()),
            "done": text(folder(wheel, facts)),
            "site": text(home.join(if wheel.is_purelib() { &facts.purelib } else { &facts.platlib })),
        })).collect::<Vec<_>>(),
    });
    let python = home.join(&facts.scripts).join("python");
    // -I and -S: neither the user's shell nor a .pth file of a wheel has a say in this process.
    let started = Command::new(python)
        .args([
            OsStr::new("-I"),
            OsStr::new("-S"),
            OsStr::new("-c"),
            OsStr::new(SCRIPT),
        ])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own: Ctrl-C in the terminal is not meant for it.
        .process_group(0)
        .spawn();
    // It takes what others leave, from its very start on: the next tool may be on its way.
    if let Ok(child) = &started {
        let _ = rustix::process::setpriority_process(
            Some(rustix::process::Pid::from_child(child)),
            LEAST_PRIORITY,
        );
    }
    // Whatever goes wrong, Python compiles on first use.
    if let Ok(mut child) = started
        && let Some(mut stdin) = child.stdin.take()
    {
        let _ = stdin.write_all(work.to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::link::tests::facts;
    use super::*;

    #[test]
    fn place_is_where_python_looks_for_bytecode() {
        let facts = facts();
        assert_eq!(
            place(Path::new("a/b.py"), &facts).unwrap(),
            Path::new("a/__pycache__/b.cpython-311.pyc")
        );
        assert_eq!(
            place(Path::new("b.py"), &facts).unwrap(),
            Path::new("__pycache__/b.cpython-311.pyc")
        );
        assert_eq!(place(Path::new("a/b.so"), &facts), None);
    }
}
