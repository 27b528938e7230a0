//! What a wheel says of itself: its dependencies above all. Had as cheaply as the index allows: the
//! file beside the wheel, else the few parts of the archive that are needed, else the whole wheel,
//! which then is in the cache already.

use std::fs;
use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;

use pep440_rs::{Version, VersionSpecifiers};

use super::filename::WheelName;
use super::page::{Beside, File};
use super::ranges::Ranges;
use super::requirement::{self, Name, Requirement};
use super::wheel;
use crate::context::Context;
use crate::net::{self, Client};
use crate::package::shared::Answers;
use crate::report::Silent;
use crate::store::cache;
use crate::store::digest::Sha256;

/// More than any metadata that was ever seen.
const LARGEST: u64 = 16 << 20;

/// The headers that matter for resolving.
#[derive(Clone, Debug)]
pub struct Metadata {
    pub name: Name,
    pub version: Version,
    pub requires: Vec<Requirement>,
    pub requires_python: Option<VersionSpecifiers>,
    pub extras: Vec<Name>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This file is no use; another version may be.
    #[error(
        "the metadata of {} can't be used: {reason}\nask for another version, or tell the \
         package's authors",
        crate::report::escaped(file)
    )]
    Bad { file: String, reason: String },
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Wheel(#[from] wheel::Error),
    /// There is no wheel, and making one failed.
    #[error(transparent)]
    Build(Box<super::build::Error>),
}

impl FromStr for Metadata {
    type Err = String;

    fn from_str(text: &str) -> Result<Metadata, String> {
        let (mut name, mut version, mut requires_python) = (None, None, None);
        let (mut requires, mut extras) = (Vec::new(), Vec::new());
        for (key, value) in headers(text) {
            match key.to_ascii_lowercase().as_str() {
                "name" => name = Some(value.parse::<Name>().map_err(|error| error.to_string())?),
                "version" => {
                    version = Some(
                        value
                            .parse::<Version>()
                            .map_err(|error| error.to_string())?,
                    )
                }
                "requires-python" => requires_python = requirement::requires_python(&value),
                "requires-dist" => requires.push(
                    value
                        .parse::<Requirement>()
                        .map_err(|error| error.to_string())?,
                ),
                "provides-extra" => extras.extend(value.parse::<Name>()),
                _ => {}
            }
        }
        let (Some(name), Some(version)) = (name, version) else {
            return Err("it has no name or no version".into());
        };
        Ok(Metadata {
            name,
            version,
            requires,
            requires_python,
            extras,
        })
    }
}

/// Key and value of each header; lines that go on are joined, what comes after the empty line is a
/// description. A line of blanks goes on: licences that are headers have such lines, and
/// dependencies come after them.
fn headers(text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = found.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            found.push((key, value.trim().to_string()));
        }
    }
    found
}

/// The metadata of a wheel, from the cache or from the index.
pub fn fetch(ctx: &Context, file: &File) -> Result<Arc<Metadata>, Error> {
    Answers::of_run(ctx)
        .metadata
        .get(file.sha256, || Ok(Arc::new(known(ctx, file)?)))
}

fn known(ctx: &Context, file: &File) -> Result<Metadata, Error> {
    let path = ctx
        .paths
        .index()
        .join("metadata")
        .join(file.sha256.to_string());
    // The empty line is its end: without it a power cut has taken what came after.
    let kept = fs::read_to_string(&path)
        .ok()
        .filter(|text| text.ends_with("\n\n"));
    if let Some(metadata) = kept.and_then(|text| check(file, &text).ok()) {
        return Ok(metadata);
    }
    let text = text(ctx, file)?;
    let metadata = check(file, &text)?;
    // Descriptions are most of it, and nobody resolves by them. A cache that can't be written does
    // no harm.
    let head = head(&text) + "\n";
    cache::keep(&ctx.paths, &path, head.as_bytes());
    Ok(metadata)
}

/// The headers of a METADATA or PKG-INFO.
pub(super) fn head(text: &str) -> String {
    text.lines()
        .take_while(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Parses, and makes sure that it is of the wheel whose name promised it.
fn check(file: &File, text: &str) -> Result<Metadata, Error> {
    let bad = |reason: String| Error::Bad {
        file: file.file.clone(),
        reason,
    };
    let metadata: Metadata = text.parse().map_err(bad)?;
    match WheelName::parse(&file.file) {
        Some(wheel) if wheel.name == metadata.name && wheel.version == metadata.version => {
            Ok(metadata)
        }
        _ => Err(bad(format!(
            "it is of {} {}",
            metadata.name, metadata.version
        ))),
    }
}

fn text(ctx: &Context, file: &File) -> Result<String, Error> {
    // A wheel that was installed once is here already.
    if let Some(text) = installed(ctx, &file.sha256) {
        return Ok(text);
    }
    let client = ctx.client()?;
    if file.metadata != Beside::Absent {
        match beside(client, file) {
            Ok(text) => return Ok(text),
            // Promised and not there, or not what was promised: the wheel, whose hash is known, has
            // it too.
            Err(error @ (net::Error::Offline { .. } | net::Error::Unreachable { .. })) => {
                return Err(error.into());
            }
            Err(_) => {}
        }
    }
    match from_archive(ctx, file) {
        Ok(Some(text)) => return Ok(text),
        // Whatever is odd about the archive, or about how it is served: the whole of it is checked
        // thoroughly below.
        Ok(None) => {}
        Err(error @ (net::Error::Offline { .. } | net::Error::Unreachable { .. })) => {
            return Err(error.into());
        }
        Err(_) => {}
    }
    wheel::fetch(ctx, &file.file, &file.url, &file.sha256, &Silent)?;
    installed(ctx, &file.sha256).ok_or_else(|| Error::Bad {
        file: file.file.clone(),
        reason: "it isn't UTF-8 text".into(),
    })
}

fn installed(ctx: &Context, sha256: &Sha256) -> Option<String> {
    of_cached(&wheel::CachedWheel::open(&ctx.paths, sha256)?)
}

/// The METADATA of a wheel in the cache.
pub(super) fn of_cached(wheel: &wheel::CachedWheel) -> Option<String> {
    let path = format!("{}/METADATA", wheel.dist_info());
    let file = wheel.files().iter().find(|file| file.path == path)?;
    fs::read(wheel.path_of(file))
        .ok()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn beside(client: &Client, file: &File) -> net::Result<String> {
    let url = match file.url.split_once('?') {
        Some((path, query)) => format!("{path}.metadata?{query}"),
        None => format!("{}.metadata", file.url),
    };
    let bytes = client.get(&url)?.bytes(LARGEST)?;
    if let Beside::Hashed(wanted) = file.metadata {
        let found = Sha256::of(&bytes);
        if found != wanted {
            return Err(net::Error::Checksum { url, wanted, found });
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads METADATA out of the archive through ranges. None if the server can't do that, or the
/// archive is odd.
fn from_archive(ctx: &Context, file: &File) -> net::Result<Option<String>> {
    let Some(ranges) = Ranges::open(ctx, &file.url)? else {
        return Ok(None);
    };
    let wheel = match file.file.split_once('-') {
        Some((name, _)) => name.parse::<Name>().ok(),
        None => None,
    };
    let Ok(mut archive) = zip::ZipArchive::new(ranges) else {
        return Ok(None);
    };
    let path = archive.file_names().find_map(|path| {
        let path = path.ok()?;
        let (folder, file) = path.split_once('/')?;
        let (name, _) = folder.strip_suffix(".dist-info")?.split_once('-')?;
        (file == "METADATA" && name.parse().ok() == wheel).then(|| path.to_string())
    });
    let Some(path) = path else { return Ok(None) };
    let Ok(entry) = archive.by_name(&path) else {
        return Ok(None);
    };
    let mut text = String::new();
    Ok(entry
        .take(LARGEST)
        .read_to_string(&mut text)
        .is_ok()
        .then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_reads_headers_and_skips_description() {
        let text = "Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\n\
                    Requires-Dist: b (>=1.0.*) ;\n  extra == 'x'\nRequires-Dist: c\r\n\
                    Provides-Extra: X.y\nRequires-Python: >=3.8\n\nRequires-Dist: d\n";
        let metadata: Metadata = text.parse().unwrap();
        assert_eq!(metadata.name.as_str(), "foo-bar");
        assert_eq!(metadata.requires.len(), 2);
        assert_eq!(metadata.extras[0].as_str(), "x-y");
        assert!(metadata.requires_python.is_some());
        assert!("Name: a\n\nVersion: 1\n".parse::<Metadata>().is_err());
        assert!(
            "Name: a\nVersion: 1\nRequires-Dist: what?!\n"
                .parse::<Metadata>()
                .is_err()
        );
    }

    #[test]
    fn metadata_blank_line_in_licence_is_no_end() {
        let text = "Name: a\nVersion: 1\nLicense: As is.\n        \n        No warranty.\n\
                    Requires-Dist: b\r\n\r\nRequires-Dist: c\n";
        assert_eq!(text.parse::<Metadata>().unwrap().requires.len(), 1);
        assert_eq!(head(text).parse::<Metadata>().unwrap().requires.len(), 1);
    }

    #[test]
    fn check_refuses_metadata_of_another_package() {
        let file = File {
            file: "a-1.0-py3-none-any.whl".into(),
            url: String::new(),
            sha256: Sha256::of(b""),
            size: None,
            requires_python: None,
            yanked: false,
            metadata: Beside::Absent,
            uploaded: None,
        };
        assert!(check(&file, "Name: A\nVersion: 1.0.0\n").is_ok());
        assert!(check(&file, "Name: b\nVersion: 1.0\n").is_err());
        assert!(check(&file, "Name: a\nVersion: 1.1\n").is_err());
    }
}
