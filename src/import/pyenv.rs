//! Inventory of pyenv: versions, the global file, and environments. Each version has a folder; the
//! environments of pyenv-virtualenv are among the versions.

use std::fs;
use std::path::{Path, PathBuf};

use crate::import::{Inventory, Links, folder_of_variable, is_supported, list_folders, read_text};
use crate::project::pin::Name;
use crate::project::venv::{CONFIG, Config};
use crate::python::key::Version;
use crate::report::escaped;
use crate::store::paths::Paths;

/// The folder of pyenv's versions.
pub(crate) fn place(paths: &Paths) -> PathBuf {
    folder_of_variable(paths, "PYENV_ROOT")
        .unwrap_or_else(|| paths.home.join(".pyenv"))
        .join("versions")
}

/// Every version and every named environment of pyenv's.
pub(crate) fn find(paths: &Paths) -> Inventory {
    let place = place(paths);
    let mut found = Inventory {
        place: place.clone(),
        ..Inventory::default()
    };
    let mut versions: Vec<(Version, String)> = Vec::new();
    let mut environments = Vec::new();
    // pyenv-virtualenv links `versions/NAME` to `versions/3.11.7/envs/NAME`; without the link the
    // environment has no name there.
    for (name, path) in list_folders(&place, Links::Followed) {
        if path.join(CONFIG).is_file() {
            environments.push((name, path));
            continue;
        }
        let is_link = fs::symlink_metadata(&path).is_ok_and(|data| data.is_symlink());
        let version = version(&name).filter(|_| path.join("bin").is_dir());
        match version {
            // A link among versions is another name for one that is there, or for another
            // manager's: `boot python adopt` is for those.
            Some(_) if is_link => found.leave_out(
                name,
                "it is a link to a Python of somebody else; boot python adopt is for those",
            ),
            Some(version) if is_supported(&name) => versions.push((version, name)),
            Some(_) => found.leave_out(format!("Python {name}"), "boot has CPython 3.8 and newer"),
            None => found.leave_out(escaped(&name), "it isn't a CPython"),
        }
    }
    // Newest first, the global one before all: the first is the default.
    versions.sort_by(|a, b| b.cmp(a));
    let global = read_text(&place.with_file_name("version")).unwrap_or_default();
    let global: Vec<&str> = global.split_whitespace().collect();
    let rank = |name: &str| {
        global
            .iter()
            .position(|word| *word == name)
            .unwrap_or(usize::MAX)
    };
    versions.sort_by_key(|(_, name)| rank(name));
    found.pythons = versions.into_iter().map(|(_, name)| name).collect();
    for (name, path) in environments {
        environment(&mut found, name, &path);
    }
    found
}

fn environment(found: &mut Inventory, name: String, path: &Path) {
    if name.parse::<Name>().is_err() {
        return found.leave_out(escaped(&name), "its name can't be one of a virtualenv");
    }
    let version = Config::read(path)
        .map(|config| config.version)
        .unwrap_or_default();
    if !is_supported(&version) {
        return found.leave_out(
            format!("virtualenv {name}"),
            "boot has CPython 3.8 and newer",
        );
    }
    // What else is in it isn't written down anywhere but there.
    let count = packages(path);
    if count > 0 {
        let why = format!(
            "a manifest makes it without them; {}/bin/pip freeze tells which they are",
            escaped(&path.display().to_string())
        );
        found.leave_out(format!("{count} packages in the virtualenv {name}"), why);
    }
    found.venvs.insert(name, version);
}

/// `3.11.7`, `3.13.0t`, `3.14.0rc1`.
fn version(name: &str) -> Option<Version> {
    name.strip_suffix('t').unwrap_or(name).parse().ok()
}

/// The number of distributions in an environment, pip and what it brings aside.
fn packages(path: &Path) -> usize {
    let site = list_folders(&path.join("lib"), Links::Ignored)
        .into_iter()
        .find(|(name, _)| name.starts_with("python"));
    let Some((_, lib)) = site else { return 0 };
    let own = ["pip", "setuptools", "wheel"];
    list_folders(&lib.join("site-packages"), Links::Ignored)
        .iter()
        .filter_map(|(name, _)| name.strip_suffix(".dist-info")?.split('-').next())
        .filter(|name| !own.contains(name))
        .count()
}
