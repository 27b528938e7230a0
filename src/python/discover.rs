//! Finds the interpreters that others have put on this machine: pyenv's, uv's, those of asdf, mise
//! and Homebrew, and the system's. Looks at names only and starts nothing.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::key::number;
use crate::shell::shim;
use crate::store::env;
use crate::store::env::var;
use crate::store::paths::Paths;

/// Every interpreter by its numbered name, each once, those of version managers first.
pub(crate) fn interpreters(paths: &Paths) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut real: Vec<PathBuf> = Vec::new();
    let own = fs::canonicalize(&paths.data).unwrap_or_else(|_| paths.data.clone());
    for folder in folders(paths) {
        for name in numbered(&folder) {
            let path = folder.join(name);
            let Ok(target) = fs::canonicalize(&path) else {
                continue;
            };
            // Environments have a Python of somebody else.
            let environment = folder
                .parent()
                .is_some_and(|root| root.join("pyvenv.cfg").exists());
            if !environment && !target.starts_with(&own) && !real.contains(&target) {
                real.push(target);
                found.push(path);
            }
        }
    }
    found
}

/// The folders that have interpreters, most particular first.
fn folders(paths: &Paths) -> Vec<PathBuf> {
    let place = |variable: &str, default: PathBuf| var(variable).map_or(default, PathBuf::from);
    let home = &paths.home;
    let managers = [
        place("PYENV_ROOT", home.join(".pyenv")).join("versions"),
        place("UV_PYTHON_INSTALL_DIR", paths.xdg_data.join("uv/python")),
        place("ASDF_DATA_DIR", home.join(".asdf")).join("installs/python"),
        place("MISE_DATA_DIR", paths.xdg_data.join("mise")).join("installs/python"),
    ];
    // Links among them (`3.11`, `latest`) lead to the same ones again.
    let versions = managers
        .iter()
        .flat_map(|folder| inside(folder, &|kind| kind.is_dir()));
    let mut folders: Vec<PathBuf> = versions.map(|version| version.join("bin")).collect();
    let usual = ["/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew"].map(PathBuf::from);
    for prefix in var("HOMEBREW_PREFIX")
        .map(PathBuf::from)
        .into_iter()
        .chain(usual)
    {
        // `opt/python@3.11` stays when Homebrew brings another patch.
        let kegs = inside(&prefix.join("opt"), &|_| true).into_iter();
        folders.extend(
            kegs.filter(|keg| {
                keg.file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with("python@"))
            })
            .map(|keg| keg.join("bin")),
        );
    }
    let frameworks = Path::new("/Library/Frameworks/Python.framework/Versions");
    folders.extend(
        inside(frameworks, &|kind| kind.is_dir())
            .into_iter()
            .map(|version| version.join("bin")),
    );
    let path = shim::system_path(&env::var_os("PATH").unwrap_or_default(), paths);
    // Of pyenv's kind, which ask for a version each time; and on a Mac, /usr/bin's opens a window
    // that offers Apple's tools.
    let others = |folder: &PathBuf| {
        folder.is_absolute()
            && !folder.ends_with("shims")
            && !(cfg!(target_os = "macos") && folder.starts_with("/usr/bin"))
    };
    folders.extend(std::env::split_paths(&path).filter(others));
    folders
}

/// The entries of a folder, by name; nothing where there is none.
fn inside(folder: &Path, wanted: &dyn Fn(fs::FileType) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(wanted))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// The names in `folder` that are interpreters': `python3.11`, `python3.13t`; newest first.
fn numbered(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<(u32, String)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.to_string();
            Some((minor(OsStr::new(&name))?, name))
        })
        .collect();
    names.sort_by(|a, b| b.cmp(a));
    names.into_iter().map(|(_, name)| name).collect()
}

/// The minor in `python3.N` or `python3.Nt`.
fn minor(name: &OsStr) -> Option<u32> {
    let rest = name.to_str()?.strip_prefix("python3.")?;
    number(rest.strip_suffix('t').unwrap_or(rest))
}
