//! Pythons and tools of pyenv, pipx, uv and a Brewfile, in the words of a manifest. Reads their
//! files, runs nothing of theirs, and changes nothing.
//!
//! What a manifest can't say is left out, and that is said: never guessed.

pub(crate) mod brewfile;
pub(crate) mod pipx;
pub(crate) mod pyenv;
mod tool;
pub(crate) mod uv;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::net;
use crate::python::request::Request;
use crate::report::escaped;
use crate::store::env::var;
use crate::store::file;
use crate::store::paths::Paths;

use tool::ask_for_odd_pythons;
pub(crate) use tool::{GitSource, ImportedTool};

/// Honest records are a few kilobytes.
const LONGEST: u64 = 4 << 20;

/// A record of theirs that can't be imported.
#[derive(Debug, thiserror::Error)]
#[error("{} can't be imported: {reason}\n{hint}", escaped(&path.display().to_string()))]
pub(crate) struct Error {
    pub path: PathBuf,
    pub reason: String,
    pub hint: &'static str,
}

/// The Pythons, tools and environments of one manager.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// The folder or file that was read, for people.
    pub place: PathBuf,
    /// Requests; the default first.
    pub pythons: Vec<String>,
    pub tools: Vec<ImportedTool>,
    /// Named virtualenvs, and the request for the Python of each.
    pub venvs: BTreeMap<String, String>,
    pub left: Vec<LeftOut>,
    /// Records that can't be read; the others are imported.
    pub failed: Vec<Error>,
}

/// Something that a manifest can't say, or that isn't Python's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct LeftOut {
    pub what: String,
    pub why: String,
}

impl Inventory {
    fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left.push(LeftOut {
            what: what.into(),
            why: why.into(),
        });
    }

    /// Tells whether there is nothing of theirs at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.pythons.is_empty()
            && self.tools.is_empty()
            && self.venvs.is_empty()
            && self.left.is_empty()
            && self.failed.is_empty()
    }
}

/// The managers with something on this machine, as `boot import` names them. Looks at folders only.
pub(crate) fn present_managers(paths: &Paths) -> Vec<&'static str> {
    let all = [
        ("pipx", pipx::place(paths)),
        ("uv", uv::place(paths)),
        ("pyenv", pyenv::place(paths)),
    ];
    all.into_iter()
        .filter(|(_, place)| !list_folders(place, Links::Followed).is_empty())
        .map(|(name, _)| name)
        .collect()
}

/// Reads a record of theirs: a regular file of an honest size, in UTF-8.
fn read_text(path: &Path) -> io::Result<String> {
    file::read_bounded_text(path, LONGEST)
}

/// A folder that a variable names, as their own programs read it: `~` is the home directory.
fn folder_of_variable(paths: &Paths, variable: &str) -> Option<PathBuf> {
    let text = var(variable)?;
    Some(match text.strip_prefix("~/") {
        Some(below) => paths.home.join(below),
        None if text == "~" => paths.home.clone(),
        None => std::path::absolute(text).ok()?,
    })
}

/// Tells whether links to folders count as folders.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Followed,
    Ignored,
}

/// The folders in `folder` whose names are plain, sorted.
fn list_folders(folder: &Path, links: Links) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .filter(|entry| {
            entry
                .file_type()
                .is_ok_and(|kind| kind.is_dir() || links == Links::Followed && kind.is_symlink())
        })
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .filter(|(name, _)| !name.starts_with('.'))
        .collect();
    found.sort();
    found
}

/// The minor in `Python 3.11.7` or `3.11.7`, if it is one that boot installs.
fn supported_minor(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("Python ");
    let mut numbers = text.split('.');
    let (major, minor) = (numbers.next()?, numbers.next()?);
    let request = format!(
        "{major}.{}",
        minor.trim_end_matches(|c: char| !c.is_ascii_digit())
    );
    is_supported(&request).then_some(request)
}

/// Tells whether boot has Pythons of this version: 3.8 and newer.
fn is_supported(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| {
        part.trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse::<u32>()
    });
    let new_enough =
        matches!((numbers.next(), numbers.next()), (Some(Ok(3)), Some(Ok(minor))) if minor >= 8);
    new_enough && is_installable(version)
}

/// Tells whether `request` names a Python that boot could install; a path names one of this
/// machine.
pub(crate) fn is_installable(request: &str) -> bool {
    request
        .parse::<Request>()
        .is_ok_and(|request| request != Request::System)
}

/// A text of theirs, with what could be a password taken out.
fn without_passwords(text: &str) -> String {
    text.split_whitespace()
        .map(net::shown)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn supported_minor_accepts_3_8_and_newer_only() {
        assert_eq!(supported_minor("Python 3.11.7"), Some("3.11".into()));
        assert_eq!(supported_minor("3.13.0rc1"), Some("3.13".into()));
        assert!(is_supported("3.8.20") && is_supported("3.13.0t"));
        for text in ["Python 2.7.18", "3.7.16", "", "3", "\u{1b}[2J", "3.x"] {
            assert_eq!(supported_minor(text), None, "{text}");
        }
    }
}
