//! `applied.toml` in boot's state folder: what was done on this machine, so that it is neither done
//! twice nor taken for somebody else's. Written after each thing is done, never before: what was
//! cut off is tried again.
//!
//! Places below the home directory are written from there, `~/…`, since a home directory may move.
//! Where a link leads is written as the link has it: it doesn't move along.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, Result};
use crate::manifest::Written;
use crate::python::key::Key;
use crate::store::atomic;
use crate::store::digest::Sha256;
use crate::store::paths::Paths;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Applied {
    #[serde(default)]
    version: u32,
    /// The repository that was initialised: the other verbs need no argument.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Scripts whose text somebody has agreed to, by hash.
    #[serde(default)]
    pub agreed: BTreeSet<Sha256>,
    /// The global pin that boot wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_python: Option<String>,
    /// Answers to the manifest's questions, by the variable's name.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// The hashes of extended repositories when they came, see `extends::content`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contents: BTreeMap<String, Sha256>,
    /// The commits that were taken of repositories that the manifest extends.
    #[serde(default)]
    pub extends: BTreeMap<String, String>,
    /// Pythons of a lock that couldn't be had here, and what was taken instead; both are keys.
    #[serde(default)]
    pub instead: BTreeMap<Written<Key>, Key>,
    /// Scripts that ran well, by id.
    #[serde(default)]
    pub runs: BTreeMap<String, Ran>,
    /// Dotfiles that boot placed, by their path below the home directory.
    #[serde(default)]
    pub dotfiles: BTreeMap<String, Placed>,
    /// The modes of the sources of copies that have no `chmod`, as they were when they were copied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub modes: BTreeMap<String, u32>,
    /// Folders that were made for dotfiles, by their path below the home directory: they go with
    /// the last that lies in them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub folders: BTreeSet<String>,
    /// The hash of a repository when its own manager placed its dotfiles, by the manager's name.
    #[serde(default)]
    pub handed_over: BTreeMap<String, Sha256>,
    /// The number of plans that were done on this machine.
    #[serde(default)]
    pub applies: u64,
    /// Files that were moved away, in order.
    #[serde(default)]
    pub backups: Vec<Backup>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    /// The repository's folder.
    pub root: PathBuf,
    /// The address that it was fetched from, without a password; None for a folder that is used
    /// where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The branch that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The hash of its files when it came as an archive, without git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<Sha256>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ran {
    /// Of the script and what it watches.
    pub sha256: Sha256,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Placed {
    /// A link to this.
    Link(PathBuf),
    /// A copy with this content, apart from the hook's block.
    Copy(Sha256),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Backup {
    /// Which apply moved it, counted from the first.
    #[serde(default)]
    pub apply: u64,
    pub was: PathBuf,
    pub is: PathBuf,
    /// The file that it made room for: the dotfile, by its path below the home directory, or the
    /// command, whole where it isn't below that; and what is placed there.
    pub target: String,
    pub placed: Placed,
    /// An undo couldn't put it back; it doesn't keep the applies before from being undone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stuck: bool,
}

impl Applied {
    pub(crate) fn read(paths: &Paths) -> Result<Applied> {
        let path = paths.applied_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Applied {
                    version: 1,
                    ..Applied::default()
                });
            }
            Err(error) => {
                return Err(Error::Applied {
                    path,
                    reason: error.to_string(),
                });
            }
        };
        let mut applied: Applied = toml::from_str(&text).map_err(|error| Error::Applied {
            path: path.clone(),
            reason: crate::report::first_line(error.message()),
        })?;
        if applied.version != 1 {
            return Err(Error::Applied {
                path,
                reason: "a newer boot wrote it".into(),
            });
        }
        if let Some(source) = &mut applied.source {
            source.root = from_home(paths, &source.root);
            // A folder that is used where it is has its real name.
            if source.url.is_none() {
                source.root =
                    fs::canonicalize(&source.root).unwrap_or_else(|_| source.root.clone());
            }
        }
        applied
            .backups
            .iter_mut()
            .for_each(|backup| backup.find(paths));
        Ok(applied)
    }

    /// Writes it, unless it says the same already.
    pub(crate) fn write(&self, paths: &Paths) -> Result<()> {
        let path = paths.applied_file();
        let mut written = self.clone();
        written
            .source
            .iter_mut()
            .for_each(|source| source.root = to_home(paths, &source.root));
        for backup in &mut written.backups {
            (backup.was, backup.is) = (to_home(paths, &backup.was), to_home(paths, &backup.is));
        }
        let text = toml::to_string(&written).map_err(|error| Error::Applied {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        Ok(atomic::write(&path, text.as_bytes(), Some(0o600))?)
    }
}

impl Backup {
    /// Finds its places again. An older boot wrote them in full: they are found by what
    /// doesn't change when a home directory moves.
    fn find(&mut self, paths: &Paths) {
        (self.was, self.is) = (from_home(paths, &self.was), from_home(paths, &self.is));
        if !self.was.starts_with(&paths.home)
            && let Some(below) = Path::new(&self.target)
                .ancestors()
                .find(|below| !below.as_os_str().is_empty() && self.was.ends_with(below))
        {
            self.was = paths.home.join(below);
        }
        if fs::symlink_metadata(&self.is).is_err()
            && let (Some(folder), Some(name)) = (
                self.is.parent().and_then(Path::file_name),
                self.is.file_name(),
            )
        {
            let here = paths.backups().join(folder);
            // The folder of a backup outlives it where a run was cut.
            if here.is_dir() {
                self.is = here.join(name);
            }
        }
    }
}

/// As it is written down.
fn to_home(paths: &Paths, path: &Path) -> PathBuf {
    path.strip_prefix(&paths.home)
        .map_or_else(|_| path.into(), |below| Path::new("~").join(below))
}

/// A path in full, from how it is written down.
fn from_home(paths: &Paths, path: &Path) -> PathBuf {
    path.strip_prefix("~")
        .map_or_else(|_| path.into(), |below| paths.home.join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applied_round_trips_and_follows_moved_home() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::from(&|name| (name == "HOME").then(|| home.path().into())).unwrap();
        let mut applied = Applied::read(&paths).unwrap();
        assert_eq!(applied.source, None);
        applied.source = Some(Source {
            root: "/r".into(),
            url: None,
            branch: None,
            tree: None,
        });
        applied.agreed.insert(Sha256::of(b"x"));
        applied.runs.insert(
            "a".into(),
            Ran {
                sha256: Sha256::of(b"x"),
            },
        );
        applied
            .dotfiles
            .insert(".a.b".into(), Placed::Link("/r/a".into()));
        applied
            .dotfiles
            .insert(".c".into(), Placed::Copy(Sha256::of(b"c")));
        applied.backups.push(Backup {
            apply: 1,
            was: home.path().join(".a"),
            is: "/s/1/.a".into(),
            target: ".a".into(),
            placed: Placed::Link("/r/a".into()),
            stuck: false,
        });
        applied.write(&paths).unwrap();
        assert_eq!(Applied::read(&paths).unwrap(), applied);
        // The home directory has another name by now; what is elsewhere stays there.
        let moved = Paths {
            home: "/moved".into(),
            ..paths.clone()
        };
        let there = Applied::read(&moved).unwrap().backups.remove(0);
        assert_eq!(
            (there.was, there.is),
            ("/moved/.a".into(), "/s/1/.a".into())
        );
        fs::write(paths.applied_file(), "version = 2").unwrap();
        assert!(
            Applied::read(&paths)
                .unwrap_err()
                .to_string()
                .lines()
                .count()
                <= 3
        );
    }
}
