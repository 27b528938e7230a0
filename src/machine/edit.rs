//! Changes to a `boot.toml` that its owner wrote: comments, order and layout stay.

use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use super::manifest::Manifest;
use super::{Error, Result};
use crate::store::{self, atomic};

/// Changes the manifest at `path`, and says whether that changed a byte. What would come out of it is read before it is written: a
/// manifest that can't be applied is never left behind.
pub fn change(path: &Path, with: impl FnOnce(&mut DocumentMut)) -> Result<bool> {
    // The file itself, where a link leads to it.
    let path = &fs::canonicalize(path).map_err(store::Error::io("read", path))?;
    let old = fs::read_to_string(path).map_err(store::Error::io("read", path))?;
    let (mark, text) = match old.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", old.as_str()),
    };
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| Error::Content {
        what: path.display().to_string(),
        reason: error.message().lines().next().unwrap_or("it isn't TOML").into(),
        hint: "boot plan shows where",
    })?;
    with(&mut document);
    let new = document.to_string();
    if new == text {
        return Ok(false);
    }
    Manifest::parse(&new, &path.display().to_string())?;
    atomic::write(path, format!("{mark}{new}").as_bytes(), None)?;
    Ok(true)
}
