//! The list of trusted environments and folders, in `trust.toml` outside of every project. Only
//! `trust` reads and changes it.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::Context;
use crate::project::Error;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, atomic, generation};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct TrustStore {
    #[serde(default)]
    pub venv: Vec<Entry>,
    /// Folders of whose environments all are trusted.
    #[serde(default)]
    pub tree: Vec<Tree>,
    /// Folders in those trees of whose environments none is.
    #[serde(default)]
    pub except: Vec<Tree>,
}

/// An environment in the trust store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub path: Place,
    /// Device and inode in hexadecimal: TOML's integers end below the kernel's.
    id: String,
    /// When the folder was made, in nanoseconds and hexadecimal, where the filesystem knows: a
    /// deleted folder's inode is soon given to another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    born: Option<String>,
    /// Made by boot; otherwise trusted by hand.
    pub made: bool,
}

impl Entry {
    pub(super) fn new(path: PathBuf, data: &Metadata, made: bool) -> Entry {
        Entry {
            path: Place(path),
            id: id(data),
            born: born(data),
            made,
        }
    }

    /// Tells whether `data` is of the folder that was recorded. Where it is known when both were
    /// made, the inode and that time decide: after a restart some disks have another device number.
    pub(super) fn is(&self, data: &Metadata) -> bool {
        match (&self.born, born(data)) {
            (Some(then), Some(now)) => {
                *then == now && self.id.rsplit(':').next() == id(data).rsplit(':').next()
            }
            _ => self.id == id(data),
        }
    }
}

fn id(data: &Metadata) -> String {
    format!("{:x}:{:x}", data.dev(), data.ino())
}

fn born(data: &Metadata) -> Option<String> {
    Some(format!(
        "{:x}",
        data.created()
            .ok()?
            .duration_since(UNIX_EPOCH)
            .ok()?
            .as_nanos()
    ))
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tree {
    pub path: Place,
}

impl Tree {
    pub(super) fn of(path: &Path) -> Tree {
        Tree {
            path: Place(path.into()),
        }
    }
}

/// A path in TOML, which is UTF-8: others are written as `bytes:` and hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(super) struct Place(pub PathBuf);

impl From<String> for Place {
    fn from(text: String) -> Place {
        let bytes = text.strip_prefix("bytes:").and_then(|hex| {
            (0..hex.len())
                .step_by(2)
                .map(|at| {
                    hex.get(at..at + 2)
                        .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                })
                .collect::<Option<Vec<u8>>>()
        });
        Place(bytes.map_or_else(|| text.into(), |bytes| OsString::from_vec(bytes).into()))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        match place.0.to_str() {
            Some(text) => text.into(),
            None => {
                let hex = place
                    .0
                    .as_os_str()
                    .as_bytes()
                    .iter()
                    .map(|byte| format!("{byte:02x}"));
                format!("bytes:{}", hex.collect::<String>())
            }
        }
    }
}

impl TrustStore {
    pub(super) fn read(paths: &Paths) -> Result<TrustStore, Error> {
        let file = paths.trust_file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(TrustStore::default());
            }
            Err(error) => return Err(store::Error::io("read", &file)(error).into()),
        };
        toml::from_str(&text).map_err(|error| Error::TrustStore {
            path: file,
            message: error.message().into(),
        })
    }

    /// Changes the file under its lock. `change` says whether there was anything to change.
    pub(super) fn change(
        ctx: &Context,
        change: impl FnOnce(&mut TrustStore) -> bool,
    ) -> Result<bool, Error> {
        let _lock = Lock::hold(&ctx.paths.locks(), "trust", &*ctx.report)?;
        let mut store = TrustStore::read(&ctx.paths)?;
        if !change(&mut store) {
            return Ok(false);
        }
        // Tables of strings and a boolean: there is nothing in them that TOML can't hold.
        let text = toml::to_string(&store).map_err(|error| Error::TrustStore {
            path: ctx.paths.trust_file(),
            message: error.to_string(),
        })?;
        let text = format!(
            "# The environments that boot may activate. Written by boot: use `boot trust` and \
             `boot untrust`.\n{text}"
        );
        atomic::write(&ctx.paths.trust_file(), text.as_bytes(), Some(0o600))?;
        generation::advance(&ctx.paths)?;
        Ok(true)
    }

    /// Tells whether `path` lies in a trusted tree, and in no exception that is nearer to it. By
    /// components, never by letters.
    pub(super) fn has_in_a_tree(&self, path: &Path) -> bool {
        let nearest = |trees: &[Tree]| {
            trees
                .iter()
                .filter(|tree| path.starts_with(&tree.path.0))
                .map(|tree| tree.path.0.components().count())
                .max()
        };
        nearest(&self.tree) > nearest(&self.except)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_round_trips_non_utf8_paths() {
        for bytes in [&b"/plain"[..], b"/\xff\xfe", b"bytes:zz"] {
            let place = Place(OsString::from_vec(bytes.to_vec()).into());
            assert_eq!(Place::from(String::from(place.clone())), place);
        }
    }

    #[test]
    fn trust_store_nearest_rule_decides() {
        let trees = |paths: &[&str]| {
            paths
                .iter()
                .map(|path| Tree::of(Path::new(path)))
                .collect::<Vec<_>>()
        };
        let store = TrustStore {
            tree: trees(&["/w", "/w/a/b/c"]),
            except: trees(&["/w/a"]),
            ..TrustStore::default()
        };
        for (path, trusted) in [
            ("/w/x/.venv", true),
            ("/w/a/.venv", false),
            ("/w/a/b/.venv", false),
            ("/w/a/b/c/.venv", true),
            ("/wa", false),
        ] {
            assert_eq!(store.has_in_a_tree(Path::new(path)), trusted, "{path}");
        }
    }

    #[test]
    fn entry_matches_inode_and_creation_time() {
        let home = tempfile::tempdir().unwrap();
        let data = fs::metadata(home.path()).unwrap();
        let entry = Entry::new(home.path().into(), &data, true);
        assert!(entry.is(&data));
        if entry.born.is_some() {
            // The inode was given to another folder; the disk has another number after a restart.
            assert!(
                !Entry {
                    born: Some("1".into()),
                    ..entry.clone()
                }
                .is(&data)
            );
            assert!(
                Entry {
                    id: format!("ffff:{:x}", data.ino()),
                    ..entry.clone()
                }
                .is(&data)
            );
        }
        assert!(
            Entry {
                born: None,
                ..entry.clone()
            }
            .is(&data)
        );
        assert!(
            !Entry {
                id: format!("ffff:{:x}", data.ino()),
                born: None,
                ..entry
            }
            .is(&data)
        );
    }
}
