//! Which CPythons exist: prebuilt archives and upstream's sources, with their checksums. Compiled in, and read only when
//! something is to be installed.

use std::fmt;
use std::path::PathBuf;

use super::key::{Key, Libc, Platform, Variant, Version};
use super::request::Request;
use crate::context::{Context, var};
use crate::store::digest::Sha256;

pub(super) const STANDALONE: &str = include_str!("../../data/cpython-standalone.tsv");
const SOURCES: &str = include_str!("../../data/cpython-sources.tsv");

/// Static musl builds of before this release load no extension module from a wheel.
const FIRST_DYNAMIC_MUSL: &str = "20250311";

/// One prebuilt archive. Displayed as a line of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub key: Key,
    /// The publisher's release, a date.
    pub release: String,
    pub file: String,
    pub sha256: Sha256,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Build { key, release, file, sha256 } = self;
        write!(f, "{}\t{}\t{}\t{release}\t{file}\t{sha256}", key.version, key.platform, key.variant.name())
    }
}

/// One source archive of upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub version: Version,
    pub file: String,
    pub sha256: Sha256,
}

impl Source {
    /// What it can be built to on `platform`: the global interpreter lock can be left out since 3.13.
    pub fn keys(&self, platform: Platform) -> impl Iterator<Item = Key> + use<> {
        let version = self.version;
        let free = (version.major, version.minor) >= (3, 13);
        let variants = [Some(Variant::Default), free.then_some(Variant::FreeThreaded)];
        variants.into_iter().flatten().map(move |variant| Key { version, variant, platform })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("can't read the catalog {}: {source}\nBOOT_PYTHON_CATALOG or python.catalog names it", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("the catalog {}, line {line}, isn't version, platform, variant, release, file, sha256 with tabs between\ncorrect it, or unset BOOT_PYTHON_CATALOG", path.display())]
    Line { path: PathBuf, line: usize },
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

/// The prebuilt archives, newest version first; the user's catalog in place of the one that is compiled in, if there is one.
pub fn builds(ctx: &Context) -> Result<Vec<Build>, Error> {
    let chosen = match var("BOOT_PYTHON_CATALOG") {
        Some(path) => Some(path),
        None => ctx.settings()?.python.catalog.clone(),
    };
    let mut builds = match chosen.map(PathBuf::from) {
        None => STANDALONE.lines().filter_map(|line| parse(line).ok().flatten()).collect(),
        Some(path) => {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
            read(&text).map_err(|line| Error::Line { path, line })?
        }
    };
    builds.sort_by(|a: &Build, b: &Build| b.key.version.cmp(&a.key.version).then_with(|| b.release.cmp(&a.release)));
    Ok(builds)
}

/// The builds in a catalog's text that boot can use, in its order; or the number of the first line that isn't one of a catalog.
pub fn read(text: &str) -> Result<Vec<Build>, usize> {
    let mut builds = Vec::new();
    for (number, line) in text.lines().enumerate() {
        builds.extend(parse(line).map_err(|()| number + 1)?);
    }
    Ok(builds)
}

/// One line of a catalog: a build, nothing (blank, a comment, a platform or kind of file that boot doesn't use), or nonsense.
fn parse(line: &str) -> Result<Option<Build>, ()> {
    let line = line.trim_end_matches('\r');
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split('\t').collect();
    let [version, platform, variant, release, file, sha256] = fields.as_slice() else { return Err(()) };
    let sha256 = sha256.parse().map_err(|_| ())?;
    if !is_plain(release) || !is_plain(file) {
        return Err(());
    }
    let (Ok(version), Ok(platform), Ok(variant)) = (version.parse(), platform.parse::<Platform>(), variant.parse()) else {
        return Ok(None);
    };
    let key = Key { version, variant, platform };
    Ok(Some(Build { key, release: release.to_string(), file: file.to_string(), sha256 }).filter(is_usable))
}

/// Whether boot can install it and what it installs is of use.
pub(super) fn is_usable(build: &Build) -> bool {
    let dynamic = build.key.platform.libc != Libc::Musl || build.release.as_str() >= FIRST_DYNAMIC_MUSL;
    dynamic && (build.file.ends_with(".tar.gz") || build.file.ends_with(".tar.zst"))
}

/// What becomes part of an address: a plain name.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte))
}

/// The archives that meet `request` on `platform`, newest first.
pub fn matching<'a>(builds: &'a [Build], request: &Request, platform: Platform) -> impl Iterator<Item = &'a Build> {
    builds.iter().filter(move |build| build.key.platform == platform && request.matches(&build.key))
}

/// The source archives, newest first, `.tgz` before `.tar.xz`: it unpacks faster.
pub fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = SOURCES
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('\t');
            Some(Source { version: fields.next()?.parse().ok()?, file: fields.next()?.to_string(), sha256: fields.next()?.parse().ok()? })
        })
        .collect();
    sources.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| b.file.cmp(&a.file)));
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_in_can_be_read_whole() {
        let all = STANDALONE.lines().filter(|line| !line.starts_with('#')).count();
        let read = STANDALONE.lines().filter(|line| matches!(parse(line), Ok(Some(_)))).count();
        let musl = STANDALONE.lines().filter(|line| line.contains("-musl\t") && matches!(parse(line), Ok(None))).count();
        assert_eq!(read + musl, all, "only static musl builds are left out");
        assert_eq!(sources().len(), SOURCES.lines().filter(|line| !line.starts_with('#')).count());
    }

    #[test]
    fn the_newest_final_release_comes_first() {
        let builds: Vec<Build> = STANDALONE.lines().filter_map(|line| parse(line).ok().flatten()).collect();
        let platform: Platform = "linux-x86_64-gnu".parse().unwrap();
        let mut sorted = builds.clone();
        sorted.sort_by_key(|build| std::cmp::Reverse(build.key.version));
        let latest = matching(&sorted, &Request::Latest, platform).next().unwrap();
        assert!(latest.key.version.pre.is_none());
        assert!(latest.key.version >= Version::new(3, 14, 0));
        assert_eq!(matching(&sorted, &"3.11.9".parse().unwrap(), platform).next().unwrap().key.version, Version::new(3, 11, 9));
    }

    #[test]
    fn a_line_with_a_path_in_it_is_refused() {
        let sha = Sha256::of(b"");
        for file in ["../x.tar.gz", "a/b.tar.gz", "x.tar.gz?y", ""] {
            assert!(parse(&format!("3.11.9\tlinux-x86_64-gnu\tdefault\t20240101\t{file}\t{sha}")).is_err(), "{file}");
        }
        assert!(parse("3.11.9 linux").is_err());
    }
}
