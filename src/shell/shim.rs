//! Shims: boot called by another name. Looks for the program that the name means here, and becomes it; arguments, signals and
//! exit code are the program's own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Counts how deep shims call each other: a program that puts the shims back on PATH and calls its own name would never end.
const DEPTH: &str = "BOOT_SHIM_DEPTH";
/// Real nesting reaches five (rustup's first limit); twenty is a loop.
const DEEPEST: u32 = 20;

/// The name that boot was called by, if it is a shim's.
pub fn called_as(argv0: &OsStr) -> Option<String> {
    let name = Path::new(argv0).file_name()?.to_str()?;
    is_shim(name).then(|| name.to_string())
}

/// `python`, `python3`, `python3.12`, `python3.13t`, and pip's the same.
fn is_shim(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("python").or_else(|| name.strip_prefix("pip")) else { return false };
    rest.is_empty() || rest.strip_suffix('t').unwrap_or(rest).bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// `PATH` without the folder `shims`, by whatever name it is on it.
pub fn path_without(path: &OsStr, shims: &Path) -> OsString {
    let real = fs::canonicalize(shims).ok();
    let kept: Vec<&[u8]> = path
        .as_bytes()
        .split(|byte| *byte == b':')
        .filter(|part| {
            let part = Path::new(OsStr::from_bytes(part));
            part != shims && (real.is_none() || fs::canonicalize(part).ok() != real)
        })
        .collect();
    OsStr::from_bytes(&kept.join(&b':')).to_os_string()
}

/// The program `name` on `path`.
pub fn look_up(name: &str, path: &OsStr) -> Option<PathBuf> {
    which::which_in_global(name, Some(path)).ok()?.next()
}

/// Becomes `program`. Returns only if that fails.
pub fn become_program(program: &Path, arguments: impl Iterator<Item = OsString>, path: Option<&OsStr>) -> Failure {
    let depth: u32 = std::env::var(DEPTH).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    if depth >= DEEPEST {
        return Failure::Loop(program.into());
    }
    let mut command = Command::new(program);
    command.args(arguments).env(DEPTH, (depth + 1).to_string());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    Failure::Exec(program.into(), command.exec())
}

/// The program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{} calls itself through boot's shims, again and again\nis the shims folder on PATH inside of it?", .0.display())]
    Loop(PathBuf),
    #[error("can't run {}: {}\nboot python verify shows whether its Python is whole", .0.display(), .1)]
    Exec(PathBuf, std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pythons_names_are_shims() {
        for name in ["python", "python3", "python3.12", "python3.13t", "pip", "pip3", "pip3.11"] {
            assert_eq!(called_as(OsStr::new(&format!("/x/{name}"))).as_deref(), Some(name));
        }
        for name in ["boot", "pythonw", "pipx", "python-config", "bootx"] {
            assert_eq!(called_as(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn the_shims_leave_path_under_any_name() {
        let root = tempfile::tempdir().unwrap();
        let shims = root.path().join("shims");
        fs::create_dir(&shims).unwrap();
        std::os::unix::fs::symlink(&shims, root.path().join("alias")).unwrap();
        let path = format!("/usr/bin:{}:{}/alias:/bin", shims.display(), root.path().display());
        assert_eq!(path_without(OsStr::new(&path), &shims), OsStr::new("/usr/bin:/bin"));
    }
}
