//! Everything that follows from the installed Pythons: each minor's link to its newest patch, and
//! the shims.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::installed::{self, Installed, Origin};
use super::key::number;
use super::{adopt, shims};
use crate::report::Silent;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{Result, atomic, generation};

/// Makes the links and shims what they should be, each in one step. Called after every change of
/// what is installed.
pub(crate) fn refresh(paths: &Paths) -> Result<()> {
    set(paths)?;
    // Shells that wait for one of these look again.
    generation::advance(paths)
}

/// As [`refresh`], where nothing has changed unless an earlier run was killed in the middle of it.
pub(crate) fn repair(paths: &Paths) -> Result<()> {
    if set(paths)? {
        generation::advance(paths)
    } else {
        Ok(())
    }
}

/// As [`repair`], for a boot that has just taken the place of another; nothing where nothing was
/// ever
/// installed.
pub(crate) fn renew(paths: &Paths) -> Result<()> {
    if paths.pythons().is_dir() || paths.shims().is_dir() {
        repair(paths)
    } else {
        Ok(())
    }
}

/// True if there was anything to change.
fn set(paths: &Paths) -> Result<bool> {
    // Two installs that end at once: whoever looks at what is installed sets the links by it before
    // the next one looks.
    let _lock = Lock::hold(&paths.locks(), "links", &Silent)?;
    let mut changed = false;
    let pythons = installed::list(paths);
    let minors = minors(&pythons);
    let folder = paths.pythons();
    for (minor, key) in &minors {
        changed |= link(Path::new(key), &folder.join(minor))?;
    }
    for python in &pythons {
        changed |= adopt::renew_commands(python)?;
    }
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        // Links to Pythons that are gone. One by another name is the user's own, who keeps a Python
        // somewhere else.
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_symlink())
            && is_minor(&name)
            && !minors.contains_key(&name)
        {
            changed |= fs::remove_file(entry.path()).is_ok();
        }
    }
    Ok(shims::set(paths, &shim_names(&minors))? | changed)
}

/// Shims in a wrong state: see [`shims::State`].
pub(crate) fn wrong_shims(paths: &Paths) -> Vec<(PathBuf, shims::State)> {
    shims::wrong(paths, &shim_names(&minors(&installed::list(paths))))
}

/// The key that each minor's link leads to.
fn minors(pythons: &[Installed]) -> BTreeMap<String, String> {
    let mut minors: BTreeMap<String, String> = BTreeMap::new();
    // Newest first, so the first of a minor is its newest; an adopted one only where there
    // is none of boot's own.
    let mut pythons: Vec<&Installed> = pythons.iter().collect();
    pythons.sort_by_key(|python| python.origin == Origin::Adopted);
    for python in pythons {
        // A pre-release is a minor's Python only while it has no other.
        let name = python.key.version.minor_name(python.key.variant);
        minors.entry(name).or_insert_with(|| python.key.to_string());
    }
    minors
}

/// The names of the shims: none where no Python is installed.
fn shim_names(minors: &BTreeMap<String, String>) -> Vec<String> {
    let plain = ["python", "python3", "pip", "pip3"]
        .map(String::from)
        .into_iter()
        .filter(|_| !minors.is_empty());
    plain
        .chain(
            minors
                .keys()
                .flat_map(|minor| [format!("python{minor}"), format!("pip{minor}")]),
        )
        .collect()
}

/// True if a link of boot's own can have this name: `3.11`, `3.13t`.
fn is_minor(name: &str) -> bool {
    let numbers = name.strip_suffix('t').unwrap_or(name).split_once('.');
    numbers.is_some_and(|(major, minor)| number(major).is_some() && number(minor).is_some())
}

/// True if it wasn't so.
fn link(target: &Path, link: &Path) -> Result<bool> {
    let changed = fs::read_link(link).map_or(true, |there| there != target);
    atomic::symlink(target, link)?;
    Ok(changed)
}
