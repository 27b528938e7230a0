//! Installed Pythons, read from the disk without starting any: each Python's folder holds a
//! `boot.json` that was published with it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::key::{Key, Version};
use super::request::{Numbers, Request};
use super::source;
use crate::package::facts::Facts;
use crate::store::digest::Sha256;
use crate::store::paths::Paths;

/// The record's name inside a Python's folder.
pub(crate) const RECORD: &str = "boot.json";

/// The origin of a Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    Prebuilt,
    Source,
    Adopted,
}

/// `boot.json`: what was installed, from what, and what the self-test learned of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub schema: u32,
    /// See [`Key`]; as text, so that a record of a newer boot can still be passed over.
    pub key: String,
    pub origin: Origin,
    /// The archive's; None for adopted ones.
    pub sha256: Option<Sha256>,
    /// The interpreter, relative to the folder; absolute for adopted ones.
    pub executable: PathBuf,
    pub facts: Facts,
    /// Modules that the self-test missed, as the user was told; empty for a complete one.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Options of its build, if it was built: an upgrade builds the next one alike.
    #[serde(default)]
    pub build: source::Options,
    /// The key of the patch whose place it took. What an upgrade that was cut off left of that one
    /// goes with the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// An installed Python.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    pub key: Key,
    /// Its folder, `pythons/KEY`.
    pub root: PathBuf,
    /// The interpreter itself, by its full version's path.
    pub executable: PathBuf,
    pub origin: Origin,
    pub facts: Facts,
    pub build: source::Options,
    /// See [`Record::replaces`].
    pub replaces: Option<Key>,
}

/// All installed Pythons, newest first. Folders without a readable record are no Pythons, nor is
/// one whose interpreter is gone: see [`gone`].
pub(crate) fn list(paths: &Paths) -> Vec<Installed> {
    matching(paths, &|_| true)
        .filter(Installed::is_there)
        .collect()
}

/// Installed and adopted Pythons that have lost their interpreter, newest first: somebody removed
/// it
/// by hand.
pub(crate) fn gone(paths: &Paths) -> Vec<Installed> {
    matching(paths, &|_| true)
        .filter(|python| !python.is_there())
        .collect()
}

/// Those whose key is `wanted`, there or gone, newest first, each read when it is asked for: a shim
/// needs the first.
fn matching(
    paths: &Paths,
    wanted: &dyn Fn(&Key) -> bool,
) -> impl Iterator<Item = Installed> + use<> {
    let folder = paths.pythons();
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    // The minors' links lead to the same Pythons once more; their names are no keys.
    let mut keys: Vec<Key> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(wanted)
        .collect();
    keys.sort_by(|a, b| b.version.cmp(&a.version).then(a.variant.cmp(&b.variant)));
    keys.into_iter()
        .filter_map(move |key| recorded(&folder.join(key.to_string())))
}

/// The Python in the folder `root`, if there is one and its interpreter too.
pub(crate) fn read(root: &Path) -> Option<Installed> {
    recorded(root).filter(Installed::is_there)
}

/// Reads the record in the folder `root`, whether or not the interpreter is still there.
fn recorded(root: &Path) -> Option<Installed> {
    let key: Key = root.file_name()?.to_str()?.parse().ok()?;
    let record: Record = serde_json::from_slice(&fs::read(root.join(RECORD)).ok()?).ok()?;
    if record.key != key.to_string() {
        return None;
    }
    Some(Installed {
        key,
        root: root.into(),
        executable: root.join(&record.executable),
        origin: record.origin,
        facts: record.facts,
        build: record.build,
        replaces: record.replaces.and_then(|key| key.parse().ok()),
    })
}

/// The newest installed Python that meets `request`; of one minor that which its link leads to, if
/// that meets it, so that everybody means the same. `system` and paths are not boot's: None.
pub(crate) fn find(paths: &Paths, request: &Request) -> Option<Installed> {
    match request {
        Request::Key(key) => return read(&paths.pythons().join(key.to_string())),
        // What most pins say: no need to look at what else there is.
        Request::Version {
            numbers: Numbers::Minor(major, minor),
            variant,
        } => {
            let name = Version::new(*major, *minor, 0).minor_name(*variant);
            if let Some(linked) = linked(paths, &name, request) {
                return Some(linked);
            }
        }
        _ => {}
    }
    let newest = matching(paths, &|key| request.matches(key)).find(Installed::is_there)?;
    linked(
        paths,
        &newest.key.version.minor_name(newest.key.variant),
        request,
    )
    .or(Some(newest))
}

/// The Python whose interpreter is at `path`, by whatever name: for people who name one by its
/// place.
pub(crate) fn at(paths: &Paths, path: &Path) -> Option<Installed> {
    let real = fs::canonicalize(path).ok()?;
    list(paths)
        .into_iter()
        .find(|python| fs::canonicalize(&python.executable).is_ok_and(|there| there == real))
}

/// The Python that the link of `minor` leads to, if it meets `request`.
fn linked(paths: &Paths, minor: &str, request: &Request) -> Option<Installed> {
    let folder = paths.pythons();
    let key: Key = fs::read_link(folder.join(minor))
        .ok()?
        .to_str()?
        .parse()
        .ok()?;
    request
        .matches(&key)
        .then(|| read(&folder.join(key.to_string())))?
}

impl Installed {
    /// True if its interpreter is there; an adopted one may go any day.
    pub(crate) fn is_there(&self) -> bool {
        fs::metadata(&self.executable).is_ok()
    }

    /// The command that puts a Python in order whose interpreter is gone: one of boot's is
    /// installed again, an adopted one is its owner's, and can only be forgotten.
    pub(crate) fn way_out(&self) -> String {
        let verb = if self.origin == Origin::Adopted {
            "uninstall"
        } else {
            "install"
        };
        format!(
            "boot python {verb} {}{}",
            self.key.version,
            self.key.variant.suffix()
        )
    }

    /// The minor's link, `pythons/3.11`, whichever patch it leads to.
    pub(crate) fn minor_link(&self, paths: &Paths) -> PathBuf {
        paths
            .pythons()
            .join(self.key.version.minor_name(self.key.variant))
    }

    /// The interpreter's path through the minor's link, `pythons/3.11/bin/python3.11`: what
    /// environments are bound to so that they follow an upgrade. The interpreter itself where the
    /// link leads to another patch, and for adopted ones.
    pub(crate) fn minor_executable(&self, paths: &Paths) -> PathBuf {
        let link = self.minor_link(paths);
        let leads_here = fs::read_link(&link)
            .is_ok_and(|target| Some(target.as_os_str()) == self.root.file_name());
        match self.executable.strip_prefix(&self.root) {
            Ok(inside) if leads_here => link.join(inside),
            _ => self.executable.clone(),
        }
    }
}
