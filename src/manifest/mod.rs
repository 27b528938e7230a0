//! `boot.toml` and `boot.lock` as data: whoever has a [`Manifest`] or a [`lock::Lock`] needn't
//! doubt a name or a path in it.
//!
//! Nothing here knows a machine: the only files that are read and written are these two.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::manifest::address::Address;
use crate::manifest::document::{At, Document, Table};
use crate::manifest::lock::Pinned;
use crate::project::pin::Name;
use crate::report::{escaped, nearest};
use crate::store::file;
use crate::{Code, store};

pub(crate) mod address;
pub(crate) mod condition;
pub(crate) mod document;
pub(crate) mod edit;
pub(crate) mod lock;
pub(crate) mod place;
pub(crate) mod tables;
pub(crate) mod template;
mod written;

pub(crate) use place::Place;
pub(crate) use tables::dotfiles::{Dotfiles, Entry, Manager, Mode};
pub(crate) use tables::packages::{MANAGERS, Packages};
pub(crate) use tables::python::PythonRequest;
pub(crate) use tables::runs::{On, Phase, ScriptEntry};
pub(crate) use tables::tools::{Source, Tool, is_same_tool};
pub(crate) use tables::vars::Var;
pub(crate) use written::Written;

/// The file's name, at the root of a repository.
pub(crate) const FILE: &str = "boot.toml";

/// No honest manifest comes near it.
const LONGEST: u64 = 1 << 20;

/// Why a manifest or its lock can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Problem(#[from] document::Problem),
    #[error("can't read {}: {source}\nis it a repository with a boot.toml at its \
             root?", escaped(&path.display().to_string()))]
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("there is no boot.toml in {}\nwrite one: version = 1 and a [tools] table is enough to \
             begin with", escaped(.0))]
    NoBootToml(String),
    #[error(transparent)]
    Address(#[from] address::NotAnAddress),
    #[error("{}: {reason}\n{hint}", escaped(what))]
    Content {
        what: String,
        reason: String,
        hint: &'static str,
    },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// The exit code that this error means.
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::Problem(_) | Error::Address(_) => Code::Usage,
            _ => Code::Failed,
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The wishes of a `boot.toml`, read and checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The repository that this machine was set up from.
    pub place: Place,
    /// Other repositories whose manifests this one goes on from.
    pub extends: Vec<Extends>,
    /// The commits that were taken of them, once they have been followed: see `extends`.
    pub commits: BTreeMap<String, Pinned>,
    /// Requests; the first is the default.
    pub pythons: Vec<PythonRequest>,
    pub tools: Vec<Tool>,
    /// Named virtualenvs, and the request for the Python of each.
    pub venvs: BTreeMap<Name, PythonRequest>,
    pub packages: Packages,
    /// The dotfiles of each repository that has some.
    pub dotfiles: Vec<Dotfiles>,
    pub vars: BTreeMap<String, Var>,
    pub scripts: Vec<ScriptEntry>,
    /// Tells whether the shell hook should be installed; None where nothing is said.
    pub hook: Option<bool>,
}

/// A line of `extends`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extends {
    pub repo: String,
    /// `boot.toml:2:12`.
    pub at: String,
}

impl Manifest {
    /// Reads the manifest of the repository at `place`. `shown` is what complaints call the
    /// repository. What it extends isn't looked at: see `extends`.
    pub(crate) fn load(place: &Place, shown: &str) -> Result<Manifest> {
        let path = place.readable().join(FILE);
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NoBootToml(shown.into()));
            }
            Err(source) => {
                return Err(Error::Unreadable {
                    path: Path::new(shown).join(FILE),
                    source,
                });
            }
        };
        let file = format!("{}/{FILE}", shown.trim_end_matches('/'));
        let mut manifest = Manifest::parse(&text, &file)?;
        manifest.place = place.clone();
        manifest
            .dotfiles
            .iter_mut()
            .for_each(|dotfiles| dotfiles.place = place.clone());
        manifest
            .scripts
            .iter_mut()
            .for_each(|run| run.place = place.clone());
        for tool in &mut manifest.tools {
            if let Some(Source::Folder(path)) = &mut tool.source {
                *path = place.root.join(&*path);
            }
        }
        Ok(manifest)
    }

    /// The requests for all Pythons that are needed here, each once: those to install, and those of
    /// tools and virtualenvs. A more exact one serves a wider one too.
    pub(crate) fn python_requests(&self, wanted: impl Fn(&Tool) -> bool) -> Vec<&PythonRequest> {
        let mut found: Vec<&PythonRequest> = self.pythons.iter().collect();
        let of_tools = self
            .tools
            .iter()
            .filter(|tool| wanted(tool))
            .filter_map(|tool| tool.python.as_ref());
        for request in of_tools.chain(self.venvs.values()) {
            let serves = |other: &&&PythonRequest| {
                **other == request
                    || other
                        .as_str()
                        .strip_prefix(request.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            };
            if !found.iter().any(|other| serves(&other)) {
                found.push(request);
            }
        }
        found
    }

    /// As [`Manifest::load`], from text.
    pub(crate) fn parse(text: &str, file: &str) -> document::Result<Manifest> {
        let doc = Document { file, text };
        let parsed = doc.parse()?;
        let top = doc.root(parsed.get_ref());
        top.only_keys(&[
            "version", "extends", "python", "tools", "venvs", "packages", "dotfiles", "vars",
            "run", "shell",
        ])?;
        version(&top)?;
        Ok(Manifest {
            place: Place::default(),
            extends: extends(&top)?,
            commits: BTreeMap::new(),
            pythons: tables::python::read_pythons(&top)?,
            tools: tables::tools::read_tools(&top)?,
            venvs: tables::venvs::read_venvs(&top)?,
            packages: tables::packages::read_packages(&top)?,
            dotfiles: tables::dotfiles::read_dotfiles(&top)?.into_iter().collect(),
            vars: tables::vars::read_vars(&top)?,
            scripts: tables::runs::read_scripts(&top)?,
            hook: match top.table("shell", "[shell]")? {
                Some(shell) => {
                    shell.only_keys(&["hook"])?;
                    shell.boolean("hook")?
                }
                None => None,
            },
        })
    }
}

/// A pipe or a device must not make boot wait, nor a huge file fill the memory.
fn read(path: &Path) -> io::Result<String> {
    let text = file::read_bounded_text(path, LONGEST)?;
    // Some editors put a byte order mark there.
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_string)
        .unwrap_or(text))
}

fn version(top: &Table<'_>) -> document::Result<()> {
    match top.integer("version")? {
        Some(At { value: 1, .. }) => Ok(()),
        Some(At { span, value }) => Err(top.problem(
            &span,
            format!("version {value} of boot.toml isn't known to this boot"),
            "write version = 1, or take a newer boot",
        )),
        None => Err(top.lacks(
            "boot.toml doesn't say its version",
            "write version = 1 at its top",
        )),
    }
}

fn extends(top: &Table<'_>) -> document::Result<Vec<Extends>> {
    let mut found: Vec<Extends> = Vec::new();
    for repo in top.strings("extends")? {
        if found.iter().any(|other| other.repo == repo.value) {
            return Err(top.problem(
                &repo.span,
                format!("{} stands there twice", escaped(&repo.value)),
                "keep one of them",
            ));
        }
        // Any host will do to tell whether it is an address.
        if let Err(address::NotAnAddress { text, reason }) =
            Address::in_manifest(&repo.value, "https://example.org")
        {
            let message = format!("{} isn't a repository: {reason}", escaped(&text));
            return Err(top.problem(
                &repo.span,
                message,
                "write USER, USER/NAME, HOST/USER/NAME, a git address, or \"./FOLDER\"",
            ));
        }
        found.push(Extends {
            at: top.place(&repo.span),
            repo: repo.value,
        });
    }
    Ok(found)
}

/// A relative path that stays below what it is joined to, and that a terminal can show.
fn inside(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let shown = escaped(text) == text;
    (plain && shown && !text.is_empty()).then(|| {
        path.components()
            .filter(|part| !matches!(part, Component::CurDir))
            .collect()
    })
}

/// The value of `key`, which must be one of `known`.
fn word<'w>(table: &Table<'_>, key: &str, known: &[&'w str]) -> document::Result<Option<&'w str>> {
    let Some(found) = table.string(key)? else {
        return Ok(None);
    };
    match known.iter().find(|word| **word == found.value) {
        Some(word) => Ok(Some(word)),
        None => {
            let hint = match nearest(&found.value, known) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("write one of {}", known.join(", ")),
            };
            Err(table.problem(
                &found.span,
                format!("{} isn't a value of {key}", escaped(&found.value)),
                hint,
            ))
        }
    }
}

#[cfg(test)]
mod tests;
