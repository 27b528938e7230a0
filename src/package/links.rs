//! What pip's `find-links` names: folders of archives, and pages that link to some.

use std::fs;
use std::path::{Path, PathBuf};

use super::filename::{WheelName, source_version};
use super::index::Error;
use super::page::{Beside, File};
use super::requirement::Name;
use crate::net;
use crate::store::digest;

/// The files of `name` at `place`, a path or an address. `fetch` reads a page.
///
/// # Errors
/// A folder that is there can't be read, or a page can't be had. A folder that isn't there has
/// nothing, as with pip.
pub(crate) fn files(
    place: &str,
    name: &Name,
    fetch: impl Fn(&str) -> Result<Vec<File>, Error>,
) -> Result<Vec<File>, Error> {
    if place.starts_with("http://") || place.starts_with("https://") {
        return match fetch(place) {
            Err(Error::Net(error)) if error.is_missing() => Ok(Vec::new()),
            other => other,
        };
    }
    let path = match url::Url::parse(place) {
        Ok(url) if url.scheme() == "file" => url.to_file_path().unwrap_or_default(),
        _ => PathBuf::from(place),
    };
    let unreadable = |source| Error::Links {
        place: place.into(),
        source,
    };
    let Ok(path) = fs::canonicalize(&path) else {
        return Ok(Vec::new());
    };
    if !path.is_dir() {
        return fetch(&address(&path));
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let Some(file) = path
            .file_name()
            .and_then(|file| file.to_str())
            .map(str::to_string)
        else {
            continue;
        };
        let is_wheel = WheelName::parse(&file).is_some_and(|wheel| wheel.name == *name);
        if !(is_wheel || source_version(&file, name).is_some()) || !path.is_file() {
            continue;
        }
        found.push(File {
            url: address(&path),
            sha256: digest::file(&path)?,
            size: None,
            requires_python: None,
            yanked: false,
            metadata: Beside::Absent,
            uploaded: None,
            file,
        });
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

fn address(path: &Path) -> String {
    url::Url::from_file_path(path)
        .map_or_else(|()| net::shown(&path.to_string_lossy()), String::from)
}
