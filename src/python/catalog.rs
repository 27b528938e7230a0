//! Which CPythons exist: prebuilt archives and upstream's sources, with their checksums. Compiled
//! in, and read only when something is to be installed.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::path::PathBuf;

use super::key::{Key, Libc, Platform, Variant, Version};
use super::refresh;
use super::request::{Numbers, Request};
use crate::context::Context;
use crate::store::digest::Sha256;
use crate::store::env::var;

// Packed by build.rs: nothing is done with them at start-up.
const STANDALONE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cpython-standalone.tsv.gz"));
const SOURCES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/cpython-sources.tsv.gz"));

/// Static musl builds of before this release load no extension module from a wheel.
const FIRST_DYNAMIC_MUSL: &str = "20250311";

/// A prebuilt archive. Displayed as a line of a catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Build {
    pub key: Key,
    /// The publisher's release, a date.
    pub release: String,
    pub file: String,
    pub sha256: Sha256,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Build {
            key,
            release,
            file,
            sha256,
        } = self;
        write!(
            f,
            "{}\t{}\t{}\t{release}\t{file}\t{sha256}",
            key.version,
            key.platform,
            key.variant.name()
        )
    }
}

/// A source archive of upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub version: Version,
    pub file: String,
    pub sha256: Sha256,
}

impl Source {
    /// The keys that it can be built to on `platform`: the global interpreter lock can be left out
    /// since
    /// 3.13.
    pub fn keys(&self, platform: Platform) -> impl Iterator<Item = Key> + use<> {
        let version = self.version;
        let free = (version.major, version.minor) >= (3, 13);
        let variants = [
            Some(Variant::Default),
            free.then_some(Variant::FreeThreaded),
        ];
        variants.into_iter().flatten().map(move |variant| Key {
            version,
            variant,
            platform,
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("can't read the catalog {}: {source}\nBOOT_PYTHON_CATALOG or python.catalog names \
             it", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the catalog {}, line {line}, isn't version, platform, variant, release, file, sha256 \
             with tabs between\ncorrect it, or unset BOOT_PYTHON_CATALOG", path.display())]
    Line { path: PathBuf, line: usize },
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

/// The text of a catalog that is compiled in.
fn unpacked(packed: &[u8]) -> String {
    let mut text = String::new();
    // What build.rs packed can be unpacked; a test reads all of it.
    let _ = flate2::read::GzDecoder::new(packed).read_to_string(&mut text);
    text
}

/// The text of the builds that are compiled in.
pub(super) fn standalone() -> String {
    unpacked(STANDALONE)
}

/// The catalog that the user put in place of boot's own, if there is one.
pub(super) fn own(ctx: &Context) -> Result<Option<PathBuf>, crate::settings::Error> {
    Ok(match var("BOOT_PYTHON_CATALOG") {
        Some(path) => Some(path.into()),
        None => ctx.settings()?.python.catalog.as_ref().map(PathBuf::from),
    })
}

/// The prebuilt archives, newest version first; the user's catalog in place of the one that is
/// compiled in, if there is one.
pub fn builds(ctx: &Context) -> Result<Vec<Build>, Error> {
    builds_at(ctx, None)
}

/// As [`builds`], with what the last refresh from the base address `mirror` found; None is the
/// address that is set up.
pub fn builds_at(ctx: &Context, mirror: Option<&str>) -> Result<Vec<Build>, Error> {
    let mut builds = match own(ctx)? {
        Some(path) => {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?;
            read(&text).map_err(|line| Error::Line { path, line })?
        }
        None => {
            let mut builds = read(&standalone()).unwrap_or_default();
            let known: HashSet<(String, String)> = builds
                .iter()
                .map(|build| (build.release.clone(), build.file.clone()))
                .collect();
            // A mirror tells of what is new; it has no say in what is known.
            builds.extend(
                refresh::found(ctx, mirror)?
                    .into_iter()
                    .filter(|build| !known.contains(&(build.release.clone(), build.file.clone()))),
            );
            builds
        }
    };
    builds.sort_by(|a: &Build, b: &Build| {
        b.key
            .version
            .cmp(&a.key.version)
            .then_with(|| b.release.cmp(&a.release))
    });
    Ok(builds)
}

/// The builds in a catalog's text that boot can use, in its order; or the number of the first line
/// that isn't one of a catalog.
pub fn read(text: &str) -> Result<Vec<Build>, usize> {
    let mut builds = Vec::new();
    for (number, line) in text.lines().enumerate() {
        builds.extend(parse(line).map_err(|()| number + 1)?);
    }
    Ok(builds)
}

/// A line of a catalog: a build, nothing (blank, a comment, a platform or kind of file that boot
/// doesn't use), or nonsense.
fn parse(line: &str) -> Result<Option<Build>, ()> {
    let line = line.trim_end_matches('\r');
    if line.trim().is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let fields: Vec<&str> = line.split('\t').collect();
    let [version, platform, variant, release, file, sha256] = fields.as_slice() else {
        return Err(());
    };
    let sha256 = sha256.parse().map_err(|_| ())?;
    if !is_plain(release) || !is_plain(file) {
        return Err(());
    }
    let (Ok(version), Ok(platform), Ok(variant)) = (
        version.parse(),
        platform.parse::<Platform>(),
        variant.parse(),
    ) else {
        return Ok(None);
    };
    let key = Key {
        version,
        variant,
        platform,
    };
    Ok(Some(Build {
        key,
        release: release.to_string(),
        file: file.to_string(),
        sha256,
    })
    .filter(is_usable))
}

/// True if boot can install it and what it installs is of use.
pub(super) fn is_usable(build: &Build) -> bool {
    let dynamic =
        build.key.platform.libc != Libc::Musl || build.release.as_str() >= FIRST_DYNAMIC_MUSL;
    dynamic && (build.file.ends_with(".tar.gz") || build.file.ends_with(".tar.zst"))
}

/// True if `name` can become a part of an address.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-_.".contains(&byte))
}

/// The archives that meet `request` on `platform`, newest first.
pub fn matching<'a>(
    builds: &'a [Build],
    request: &Request,
    platform: Platform,
) -> impl Iterator<Item = &'a Build> {
    builds
        .iter()
        .filter(move |build| build.key.platform == platform && request.matches(&build.key))
}

/// The source archives, newest first, `.tgz` before `.tar.xz`: it unpacks faster. The user's
/// catalog may have more, on lines whose platform is `source`; it has the say about versions that
/// both name.
pub fn sources(ctx: &Context) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    if let Some(path) = own(ctx)? {
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
        sources.extend(text.lines().filter_map(|line| {
            let fields: Vec<&str> = line.trim_end_matches('\r').split('\t').collect();
            let [version, "source", _, _, file, sha256] = fields.as_slice() else {
                return None;
            };
            Some(Source {
                version: version.parse().ok()?,
                file: file.to_string(),
                sha256: sha256.parse().ok()?,
            })
            .filter(|_| is_plain(file))
        }));
    }
    let own: HashSet<Version> = sources.iter().map(|source| source.version).collect();
    sources.extend(
        upstream()
            .into_iter()
            .filter(|source| !own.contains(&source.version)),
    );
    sources.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| b.file.cmp(&a.file)));
    Ok(sources)
}

/// The prospect of a Python that isn't installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// It can be installed here.
    Installable,
    /// No catalog has it.
    Unknown {
        /// The newest release of its minor, else of all.
        newest: Option<Version>,
        /// True if it may have been published since the catalogs were.
        may_be_new: bool,
    },
}

/// The prospect of `request` on this machine, as far as is known without a network.
pub fn prospect(ctx: &Context, request: &Request) -> Result<Prospect, Error> {
    let Some(platform) = Platform::host() else {
        return Ok(Prospect::Unknown {
            newest: None,
            may_be_new: false,
        });
    };
    let mut keys: Vec<Key> = builds(ctx)?
        .into_iter()
        .map(|build| build.key)
        .filter(|key| key.platform == platform)
        .collect();
    keys.extend(
        sources(ctx)?
            .iter()
            .flat_map(|source| source.keys(platform)),
    );
    Ok(prospect_among(&keys, request))
}

fn prospect_among(keys: &[Key], request: &Request) -> Prospect {
    if keys.iter().any(|key| request.matches(key)) {
        return Prospect::Installable;
    }
    let newest = newest_like(keys, request);
    let asked = match request {
        Request::Version {
            numbers: Numbers::Full(version),
            ..
        } => Some(*version),
        Request::Version {
            numbers: Numbers::Minor(major, minor),
            ..
        } => Some(Version::new(*major, *minor, 0)),
        Request::Key(key) if keys.iter().any(|known| known.platform == key.platform) => {
            Some(key.version)
        }
        _ => None,
    };
    let may_be_new = match asked {
        Some(asked) => newest.is_none_or(|known| asked > known),
        None => matches!(request, Request::Specifiers { .. }),
    };
    Prospect::Unknown { newest, may_be_new }
}

/// The newest release of the minor that `request` names, else of all.
pub(super) fn newest_like(keys: &[Key], request: &Request) -> Option<Version> {
    let newest = |wanted: &dyn Fn(&Version) -> bool| {
        keys.iter()
            .map(|key| key.version)
            .filter(|version| version.pre.is_none() && wanted(version))
            .max()
    };
    let in_minor = request
        .minor()
        .and_then(|minor| newest(&|version| (version.major, version.minor) == minor));
    in_minor.or_else(|| newest(&|_| true))
}

/// Those that are compiled in.
fn upstream() -> Vec<Source> {
    let text = unpacked(SOURCES);
    let source = |line: &str| {
        let mut fields = line.split('\t');
        Some(Source {
            version: fields.next()?.parse().ok()?,
            file: fields.next()?.to_string(),
            sha256: fields.next()?.parse().ok()?,
        })
    };
    text.lines().filter_map(source).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_accepts_whole_compiled_catalog() {
        let text = standalone();
        let all = text.lines().filter(|line| !line.starts_with('#')).count();
        let builds = read(&text).unwrap();
        let musl = text
            .lines()
            .filter(|line| line.contains("-musl\t") && matches!(parse(line), Ok(None)))
            .count();
        assert!(all > 1000);
        assert_eq!(
            builds.len() + musl,
            all,
            "only static musl builds are left out"
        );
        assert_eq!(
            upstream().len(),
            unpacked(SOURCES)
                .lines()
                .filter(|line| !line.starts_with('#'))
                .count()
        );
    }

    /// Every minor from 3.8 up, on every platform, free-threaded from 3.13 on.
    #[test]
    fn catalog_has_every_minor_on_every_platform() {
        let builds = read(&standalone()).unwrap();
        let has = |minor: u32, platform: &str, variant: Variant| {
            let platform = platform.parse().unwrap();
            let same = |build: &Build| {
                let Key {
                    version,
                    variant: its,
                    platform: on,
                } = build.key;
                version.minor == minor && version.pre.is_none() && its == variant && on == platform
            };
            builds.iter().any(same)
        };
        for minor in 8..=14 {
            for platform in [
                "linux-x86_64-gnu",
                "linux-aarch64-gnu",
                "darwin-x86_64-none",
                "darwin-aarch64-none",
            ] {
                assert!(
                    has(minor, platform, Variant::Default),
                    "3.{minor} on {platform}"
                );
                assert!(
                    minor < 13 || has(minor, platform, Variant::FreeThreaded),
                    "3.{minor}t on {platform}"
                );
            }
        }
        // musl since its builds are dynamic.
        for minor in 9..=14 {
            for platform in ["linux-x86_64-musl", "linux-aarch64-musl"] {
                assert!(
                    has(minor, platform, Variant::Default),
                    "3.{minor} on {platform}"
                );
                assert!(
                    minor < 13 || has(minor, platform, Variant::FreeThreaded),
                    "3.{minor}t on {platform}"
                );
            }
        }
        let versions: HashSet<(u32, u32)> = upstream()
            .iter()
            .filter(|source| source.version.pre.is_none())
            .map(|source| (source.version.minor, source.version.patch))
            .collect();
        for minor in 8..=14 {
            let last = versions
                .iter()
                .filter(|(of, _)| *of == minor)
                .map(|(_, patch)| *patch)
                .max()
                .unwrap();
            let missing: Vec<u32> = (0..=last)
                .filter(|patch| !versions.contains(&(minor, *patch)))
                .collect();
            // Upstream withdrew 3.9.3.
            let withdrawn: &[u32] = if minor == 9 { &[3] } else { &[] };
            assert_eq!(missing, withdrawn, "sources of 3.{minor}");
        }
    }

    #[test]
    fn matching_puts_newest_final_release_first() {
        let mut sorted = read(&standalone()).unwrap();
        let platform: Platform = "linux-x86_64-gnu".parse().unwrap();
        sorted.sort_by_key(|build| std::cmp::Reverse(build.key.version));
        let latest = matching(&sorted, &Request::Latest, platform)
            .next()
            .unwrap();
        assert!(latest.key.version.pre.is_none());
        assert!(latest.key.version >= Version::new(3, 14, 0));
        assert_eq!(
            matching(&sorted, &"3.11.9".parse().unwrap(), platform)
                .next()
                .unwrap()
                .key
                .version,
            Version::new(3, 11, 9)
        );
    }

    #[test]
    fn prospect_names_newest_release_of_minor() {
        let platform: Platform = "linux-x86_64-gnu".parse().unwrap();
        let key = |version: &str| Key {
            version: version.parse().unwrap(),
            variant: Variant::Default,
            platform,
        };
        let keys = ["3.11.8", "3.11.15", "3.14.2", "3.15.0rc1"].map(key);
        for (request, newest, may_be_new) in [
            ("3.11.99", "3.11.15", true),
            ("3.11.3", "3.11.15", false),
            ("3.11.0rc1", "3.11.15", false),
            ("3.7", "3.14.2", false),
            ("2.7.18", "3.14.2", false),
            ("3.15", "3.14.2", true),
            ("3.11t", "3.11.15", false),
            (">=3.99", "3.14.2", true),
            ("cpython-3.11.16-linux-x86_64-gnu", "3.11.15", true),
            ("cpython-3.11.15-darwin-aarch64-none", "3.11.15", false),
        ] {
            let expected = Prospect::Unknown {
                newest: Some(newest.parse().unwrap()),
                may_be_new,
            };
            assert_eq!(
                prospect_among(&keys, &request.parse().unwrap()),
                expected,
                "{request}"
            );
        }
        for request in ["3.11", "latest", "3.15.0rc1", ">=3.12"] {
            assert_eq!(
                prospect_among(&keys, &request.parse().unwrap()),
                Prospect::Installable,
                "{request}"
            );
        }
    }

    #[test]
    fn parse_refuses_line_with_path() {
        let sha = Sha256::of(b"");
        for file in ["../x.tar.gz", "a/b.tar.gz", "x.tar.gz?y", ""] {
            assert!(
                parse(&format!(
                    "3.11.9\tlinux-x86_64-gnu\tdefault\t20240101\t{file}\t{sha}"
                ))
                .is_err(),
                "{file}"
            );
        }
        assert!(parse("3.11.9 linux").is_err());
    }
}
