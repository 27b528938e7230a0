//! What lies in a tool's environment, by the `.dist-info` folders there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pep440_rs::Version;

use crate::package::metadata::Metadata;
use crate::package::requirement::Name;

/// One installed package.
pub(super) struct Installed {
    pub name: Name,
    /// None where it is written in a way of its own.
    pub version: Option<Version>,
    /// Its `.dist-info`.
    pub info: PathBuf,
}

/// All that are installed in the environment at `home`.
pub(super) fn installed(home: &Path) -> Vec<Installed> {
    let libraries = ["lib", "lib64"]
        .into_iter()
        .flat_map(|lib| fs::read_dir(home.join(lib)).into_iter().flatten().flatten());
    let sites = libraries.map(|python| python.path().join("site-packages"));
    let entries = sites.flat_map(|site| fs::read_dir(site).into_iter().flatten().flatten());
    let known = entries.filter_map(|entry| {
        let name = entry.file_name();
        let (name, version) = name.to_str()?.strip_suffix(".dist-info")?.split_once('-')?;
        Some(Installed {
            name: name.parse().ok()?,
            version: version.parse().ok(),
            info: entry.path(),
        })
    });
    known.collect()
}

/// The names of all that `packages` need, in the environment at `home`, and of what that
/// needs: also what they would need on other machines, or for an extra.
pub(super) fn needed_by(home: &Path, packages: &[Name]) -> BTreeSet<Name> {
    let there = installed(home);
    let mut found = BTreeSet::new();
    let mut queue: Vec<Name> = packages.to_vec();
    while let Some(name) = queue.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        let infos = there
            .iter()
            .filter(|package| package.name == name)
            .map(|package| package.info.join("METADATA"));
        let texts = infos.filter_map(|path| fs::read(path).ok());
        let known =
            texts.filter_map(|text| String::from_utf8_lossy(&text).parse::<Metadata>().ok());
        queue.extend(
            known
                .flat_map(|metadata| metadata.requires)
                .map(|requirement| requirement.name),
        );
    }
    found
}
