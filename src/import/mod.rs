//! What others have on this machine, in the words of a manifest: pipx, uv, pyenv, and the Python
//! part of a Brewfile. Reads their files, runs nothing of theirs, and changes nothing.
//!
//! What a manifest can't say is left out, and that is said: never guessed.

pub(crate) mod brewfile;
pub(crate) mod pipx;
pub(crate) mod pyenv;
pub(crate) mod uv;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::machine::items;
use crate::manifest::{Source, Tool};
use crate::net;
use crate::package::requirement::Name;
use crate::report::escaped;
use crate::store::env::var;
use crate::store::file;
use crate::store::paths::Paths;
use crate::tool::Spec;
use crate::tool::spec::{self, is_tool_name};

/// Honest records are a few kilobytes.
const LONGEST: u64 = 4 << 20;

/// Why one of their files isn't taken in.
#[derive(Debug, thiserror::Error)]
#[error("{} can't be taken in: {reason}\n{hint}", escaped(&path.display().to_string()))]
pub(crate) struct Error {
    pub path: PathBuf,
    pub reason: String,
    pub hint: &'static str,
}

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Where it was looked for, for people.
    pub place: PathBuf,
    /// Requests; the default first.
    pub pythons: Vec<String>,
    pub tools: Vec<Tool>,
    /// Named virtualenvs, and the request for the Python of each.
    pub venvs: BTreeMap<String, String>,
    pub left: Vec<Left>,
    /// Records that can't be read; the others are taken in.
    pub failed: Vec<Error>,
}

/// What a manifest can't say, or what isn't Python's.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Left {
    pub what: String,
    pub why: String,
}

impl Found {
    fn leave(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left.push(Left {
            what: what.into(),
            why: why.into(),
        });
    }

    /// Whether there is nothing of theirs at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.pythons.is_empty()
            && self.tools.is_empty()
            && self.venvs.is_empty()
            && self.left.is_empty()
            && self.failed.is_empty()
    }
}

/// Those that have something on this machine, as `boot import` names them. Looks at folders only.
pub(crate) fn here(paths: &Paths) -> Vec<&'static str> {
    let all = [
        ("pipx", pipx::place(paths)),
        ("uv", uv::place(paths)),
        ("pyenv", pyenv::place(paths)),
    ];
    all.into_iter()
        .filter(|(_, place)| !folders(place, true).is_empty())
        .map(|(name, _)| name)
        .collect()
}

/// Reads a record of theirs: a regular file of an honest size, in UTF-8.
fn read(path: &Path) -> io::Result<String> {
    file::read_bounded_text(path, LONGEST)
}

/// A folder that a variable names, as their own programs read it: `~` is the home directory.
fn folder(paths: &Paths, variable: &str) -> Option<PathBuf> {
    let text = var(variable)?;
    Some(match text.strip_prefix("~/") {
        Some(below) => paths.home.join(below),
        None if text == "~" => paths.home.clone(),
        None => std::path::absolute(text).ok()?,
    })
}

/// The folders in `folder` whose names are plain, sorted; links among them too with `links`.
fn folders(folder: &Path, links: bool) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(String, PathBuf)> = entries
        .filter(|entry| {
            entry
                .file_type()
                .is_ok_and(|kind| kind.is_dir() || links && kind.is_symlink())
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

/// The tool that `requirement` means: a requirement of PEP 508, or an address of git, for the
/// package `name`. Otherwise why a manifest can't have it.
fn tool(name: &str, requirement: &str) -> Result<Tool, String> {
    if !is_tool_name(name) {
        return Err("its name is none of a package".into());
    }
    let mut tool = Tool {
        name: name.into(),
        ..Tool::default()
    };
    let requirement = requirement.trim();
    match requirement.parse::<Spec>() {
        Ok(parsed) if parsed.name() != Name::normalize(name) => {
            return Err(format!("it was asked for as {}", escaped(requirement)));
        }
        Ok(parsed) => match parsed.url() {
            None => (tool.extras, tool.version) = items::parts(parsed.name(), parsed.text()),
            Some(url) => {
                tool.extras = items::parts(parsed.name(), parsed.text()).0;
                tool.source = Some(Source::of(url)?);
            }
        },
        Err(spec::Error::Unnamed { .. }) => tool.source = Some(Source::of(requirement)?),
        Err(error) => {
            return Err(error
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_string());
        }
    }
    items::check_tool(&tool)?;
    Ok(tool)
}

/// The minor in `Python 3.11.7` or `3.11.7`, if it is one that boot installs.
fn minor(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("Python ");
    let mut numbers = text.split('.');
    let (major, minor) = (numbers.next()?, numbers.next()?);
    let request = format!(
        "{major}.{}",
        minor.trim_end_matches(|c: char| !c.is_ascii_digit())
    );
    is_supported(&request).then_some(request)
}

/// Whether boot has Pythons of this version: 3.8 and newer.
fn is_supported(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| {
        part.trim_end_matches(|c: char| !c.is_ascii_digit())
            .parse::<u32>()
    });
    let new_enough =
        matches!((numbers.next(), numbers.next()), (Some(Ok(3)), Some(Ok(minor))) if minor >= 8);
    new_enough && items::check_python(version).is_ok()
}

/// Gives tools the Python they are on where that isn't the one that most of them are on: only
/// somebody who wanted it can have asked for it.
fn ask_for_odd_pythons(tools: &mut [(Tool, Option<String>)]) {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    let rank = |minor: &str| {
        minor
            .rsplit('.')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    for minor in tools.iter().filter_map(|(_, minor)| minor.as_deref()) {
        *counts.entry(rank(minor)).or_default() += 1;
    }
    let usual = counts
        .into_iter()
        .max_by_key(|(rank, count)| (*count, *rank))
        .map(|(rank, _)| rank);
    for (tool, minor) in tools.iter_mut().filter(|(tool, _)| tool.python.is_none()) {
        tool.python = minor.clone().filter(|minor| Some(rank(minor)) != usual);
    }
}

/// A text of theirs, with what could be a password taken out.
fn plain(text: &str) -> String {
    text.split_whitespace()
        .map(net::shown)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_converts_requirement_of_others_or_gives_reason() {
        for (name, asked, spec) in [
            ("black", "black", "black"),
            ("black", "black[d] >= 24, <26", "black[d]>=24,<26"),
            ("x", "git+https://h/x", "x @ git+https://h/x"),
            (
                "x",
                "git+https://me:secret@h/x.git@v1.2",
                "x @ git+https://h/x.git@v1.2",
            ),
            ("x", "git+ssh://git@h/x.git", "x @ git+ssh://git@h/x.git"),
            ("x", "x @ git+https://h/x@main", "x @ git+https://h/x@main"),
        ] {
            assert_eq!(tool(name, asked).unwrap().spec(), spec, "{asked}");
        }
        for asked in [
            "./x",
            "/src/x",
            "x.whl",
            "https://h/x.whl",
            "git+https://h/x#subdirectory=a",
            "git+file:///x",
            "other",
            "x; python_version > '3'",
        ] {
            assert!(tool("x", asked).is_err(), "{asked}");
        }
    }

    #[test]
    fn minor_accepts_only_pythons_that_boot_has() {
        assert_eq!(minor("Python 3.11.7"), Some("3.11".into()));
        assert_eq!(minor("3.13.0rc1"), Some("3.13".into()));
        assert!(is_supported("3.8.20") && is_supported("3.13.0t"));
        for text in ["Python 2.7.18", "3.7.16", "", "3", "\u{1b}[2J", "3.x"] {
            assert_eq!(minor(text), None, "{text}");
        }
    }

    #[test]
    fn ask_for_odd_pythons_skips_the_commonest() {
        let tool = |name: &str| Tool {
            name: name.into(),
            ..Tool::default()
        };
        let mut tools = vec![
            (tool("a"), Some("3.12".into())),
            (tool("b"), Some("3.9".into())),
            (tool("c"), Some("3.12".into())),
            (tool("d"), None),
        ];
        ask_for_odd_pythons(&mut tools);
        let asked: Vec<Option<&str>> = tools
            .iter()
            .map(|(tool, _)| tool.python.as_deref())
            .collect();
        assert_eq!(asked, [None, Some("3.9"), None, None]);
    }
}
