//! Shims: boot called by another name. Looks for the program that the name means here, and becomes
//! it; arguments, signals and exit code are the program's own.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::store::env;
use crate::store::paths::Paths;
use crate::store::umask;

/// Counts how deep shims call each other: a program that puts the shims back on PATH and calls its
/// own name would never end.
const DEPTH: &str = "BOOT_SHIM_DEPTH";
/// Real nesting reaches five (rustup's first limit); twenty is a loop.
const DEEPEST: u32 = 20;

/// The shim that this process was started as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    /// `python3`, `pip3.12`.
    pub name: String,
    /// The shim's own place; None where the system doesn't tell it, or where boot was called by a
    /// shim's name from elsewhere.
    pub place: Option<PathBuf>,
}

/// The shim that this process is, by the name it was called by, else by the name of its file.
pub(crate) fn called(argv0: &OsStr) -> Option<Called> {
    let exe = std::env::current_exe().ok().map(without_mark);
    // macOS tells the name by which it was found, which may be a link to the shim.
    let exe = if cfg!(target_os = "macos") {
        exe.map(|exe| fs::canonicalize(&exe).unwrap_or(exe))
    } else {
        exe
    };
    let shim = exe.filter(|exe| is_in_shims(exe));
    let by_file = || {
        shim.as_deref()
            .and_then(Path::file_name)
            .and_then(called_as)
    };
    let name = called_as(argv0).or_else(by_file)?;
    let place = shim.or_else(|| called_at(argv0).into_iter().find(|path| is_in_shims(path)));
    Some(Called { name, place })
}

/// The name that boot was called by, if it is a shim's.
pub(crate) fn called_as(argv0: &OsStr) -> Option<String> {
    let name = Path::new(argv0).file_name()?.to_str()?;
    is_shim(name).then(|| name.to_string())
}

/// `python`, `python3`, `python3.12`, `python3.13t`, and pip's the same.
pub(crate) fn is_shim(name: &str) -> bool {
    let Some(rest) = name
        .strip_prefix("python")
        .or_else(|| name.strip_prefix("pip"))
    else {
        return false;
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match rest.split_once('.') {
        None => rest.is_empty() || is_number(rest),
        Some((major, minor)) => {
            is_number(major) && is_number(minor.strip_suffix('t').unwrap_or(minor))
        }
    }
}

/// Tells whether a program lies in the shims folder of a boot.
pub(crate) fn is_in_shims(program: &Path) -> bool {
    Paths::of_shim(program).is_some()
}

/// Linux says ` (deleted)` behind the path of a running program whose file has been replaced.
pub(crate) fn without_mark(exe: PathBuf) -> PathBuf {
    let replaced = exe
        .to_str()
        .and_then(|text| text.strip_suffix(" (deleted)"))
        .map(PathBuf::from);
    replaced
        .filter(|there| !exe.exists() && there.exists())
        .unwrap_or(exe)
}

/// The places that the first word of a command line may name: as it is, with its links followed,
/// and on PATH.
fn called_at(argv0: &OsStr) -> Vec<PathBuf> {
    let path = Path::new(argv0);
    let named = match argv0.as_bytes().contains(&b'/') {
        true => std::path::absolute(path).ok(),
        false => env::var_os("PATH")
            .and_then(|folders| which::which_in_global(path, Some(folders)).ok()?.next()),
    };
    let real = named
        .as_ref()
        .and_then(|named| fs::canonicalize(named).ok());
    named.into_iter().chain(real).collect()
}

/// `PATH` without what is boot's, by whatever names it is on it: its shims, its Pythons, its
/// environments.
pub(crate) fn path_without_own(path: &OsStr, paths: &Paths) -> OsString {
    let own = Folder::at(&paths.data);
    kept(path, &|folder| !own.has(folder))
}

/// As [`path_without_own`], without the active environment.
pub(crate) fn path_without_active(path: &OsStr, paths: &Paths) -> OsString {
    let active = env::var_os("VIRTUAL_ENV")
        .filter(|root| !root.is_empty())
        .map(|root| Folder::at(&Path::new(&root).join("bin")));
    kept(&path_without_own(path, paths), &|folder| {
        !active.as_ref().is_some_and(|active| active.has(folder))
    })
}

/// As [`path_without_active`], without any environment: what the system has.
pub(crate) fn system_path(path: &OsStr, paths: &Paths) -> OsString {
    kept(&path_without_active(path, paths), &|folder| {
        !is_environments(folder)
    })
}

fn kept(path: &OsStr, wanted: &dyn Fn(&Path) -> bool) -> OsString {
    let parts = path.as_bytes().split(|byte| *byte == b':');
    let kept: Vec<&[u8]> = parts
        .filter(|part| wanted(Path::new(OsStr::from_bytes(part))))
        .collect();
    OsStr::from_bytes(&kept.join(&b':')).to_os_string()
}

/// A folder by its name and by its real one.
struct Folder {
    named: PathBuf,
    real: Option<PathBuf>,
}

impl Folder {
    fn at(path: &Path) -> Folder {
        Folder {
            named: path.into(),
            real: fs::canonicalize(path).ok(),
        }
    }

    /// Tells whether `path` is it, or lies in it.
    fn has(&self, path: &Path) -> bool {
        let is_below =
            |real: &PathBuf| fs::canonicalize(path).is_ok_and(|path| path.starts_with(real));
        path.starts_with(&self.named) || self.real.as_ref().is_some_and(is_below)
    }
}

/// Tells whether the commands in `folder` are an environment's.
fn is_environments(folder: &Path) -> bool {
    folder.is_absolute()
        && folder
            .parent()
            .is_some_and(|root| root.join("pyvenv.cfg").is_file())
}

/// The program `name` on `path`.
pub(crate) fn look_up(name: &str, path: &OsStr) -> Option<PathBuf> {
    which::which_in_global(name, Some(path)).ok()?.next()
}

/// As [`look_up`], passing over links that lead to boot's shims and further names of them.
pub(crate) fn look_up_foreign(name: &str, path: &OsStr, paths: &Paths) -> Option<PathBuf> {
    let shims = fs::canonicalize(paths.shims()).unwrap_or_else(|_| paths.shims());
    let shim = std::env::current_exe().ok().and_then(|exe| file_id(&exe));
    let is_foreign = |program: &PathBuf| {
        let is_shim = shim.is_some() && file_id(program) == shim;
        !is_shim && !fs::canonicalize(program).is_ok_and(|real| real.starts_with(&shims))
    };
    which::which_in_global(name, Some(path))
        .ok()?
        .find(is_foreign)
}

fn file_id(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).map(|data| (data.dev(), data.ino())).ok()
}

/// The variables that a program is started with where they differ from boot's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub path: Option<OsString>,
    pub environment: Active,
}

/// The environment that `VIRTUAL_ENV` names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Active {
    #[default]
    AsItIs,
    None,
    At(PathBuf),
}

/// Becomes `program`. Returns only if that fails.
pub(crate) fn become_program(
    program: &Path,
    arguments: impl Iterator<Item = OsString>,
    surroundings: &Surroundings,
) -> Failure {
    let depth: u32 = env::var(DEPTH)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if depth >= DEEPEST {
        return Failure::Loop(program.into());
    }
    let mut command = Command::new(program);
    command.args(arguments).env(DEPTH, (depth + 1).to_string());
    if let Some(path) = &surroundings.path {
        command.env("PATH", path);
    }
    match &surroundings.environment {
        Active::AsItIs => {}
        Active::None => drop(command.env_remove("VIRTUAL_ENV")),
        Active::At(root) => drop(command.env("VIRTUAL_ENV", root)),
    }
    umask::restore();
    Failure::Exec(program.into(), command.exec())
}

/// The program could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{} calls itself through boot's shims, again and again\n\
             is the shims folder on PATH inside of it?", .0.display())]
    Loop(PathBuf),
    #[error("can't run {}: {}\nboot python verify shows whether its Python is \
             whole", .0.display(), .1)]
    Exec(PathBuf, std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn called_as_knows_only_names_of_python() {
        for name in [
            "python",
            "python3",
            "python3.12",
            "python3.13t",
            "pip",
            "pip3",
            "pip3.11",
        ] {
            assert_eq!(
                called_as(OsStr::new(&format!("/x/{name}"))).as_deref(),
                Some(name)
            );
        }
        for name in ["boot", "pythonw", "pipx", "python-config", "bootx"] {
            assert_eq!(called_as(OsStr::new(name)), None, "{name}");
        }
    }

    #[test]
    fn path_without_own_drops_shims_under_any_name() {
        let root = tempfile::tempdir().unwrap();
        let paths = Paths::from(&|name| (name == "HOME").then(|| root.path().into())).unwrap();
        fs::create_dir_all(paths.shims()).unwrap();
        std::os::unix::fs::symlink(paths.shims(), root.path().join("alias")).unwrap();
        let venv = root.path().join("venv");
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::write(venv.join("pyvenv.cfg"), "").unwrap();
        let (shims, home, venv) = (paths.shims(), root.path().display(), venv.join("bin"));
        let named = paths.venvs().join("named/bin");
        let path = format!(
            "/usr/bin:{}:{home}/alias:{}:{}:/bin",
            shims.display(),
            named.display(),
            venv.display()
        );
        let own = format!("/usr/bin:{}:/bin", venv.display());
        assert_eq!(
            path_without_own(OsStr::new(&path), &paths),
            OsStr::new(&own)
        );
        assert_eq!(
            system_path(OsStr::new(&path), &paths),
            OsStr::new("/usr/bin:/bin")
        );
    }
}
