//! The disk. Only this folder creates, renames or deletes under boot's folders; only `paths` reads
//! `HOME` and `XDG_*`.
//!
//! Every change is staged beside its target and published by one rename, so that whatever
//! interrupts it leaves the old state.

pub(crate) mod atomic;
pub(crate) mod bounded;
pub(crate) mod cache;
pub mod digest;
pub(crate) mod env;
pub(crate) mod file;
pub(crate) mod generation;
pub(crate) mod hard_link;
pub(crate) mod lock;
pub(crate) mod marker;
pub(crate) mod owner;
pub(crate) mod paths;
pub(crate) mod umask;
pub mod unpack;

use std::io;
use std::path::{Path, PathBuf};

/// An operation that the disk refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no home directory is known\nset HOME, or BOOT_DATA_DIR and its sisters")]
    NoHome,
    #[error("can't {verb} {}: {}", path.display(), plain(source, path))]
    Io {
        verb: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error(
        "another boot{} works on {name}, and isn't done yet\n\
         wait until it is, or end it; then press Enter",
        lock::shown(holder)
    )]
    Busy {
        name: String,
        holder: Option<lock::Holder>,
    },
    #[error("can't lock {}: {source}\nits filesystem has no locks: BOOT_STATE_DIR names another \
             folder, on a disk of this machine", path.display())]
    NoLocks { path: PathBuf, source: io::Error },
    #[error("{} holds {name}, which would land outside of where it belongs\n\
             nothing of it was kept; get the archive elsewhere", archive.display())]
    Unsafe { archive: PathBuf, name: String },
    #[error("{} can't be unpacked: {reason}\nnothing of it was kept; run the same command \
             again", archive.display())]
    Broken { archive: PathBuf, reason: String },
    #[error("{} is packed with {method}, which isn't unpacked here: wheels are stored or deflated\n\
             ask for another version, or tell the package's authors", archive.display())]
    Method { archive: PathBuf, method: String },
}

impl Error {
    /// Shorthand for `map_err`: what was tried with `path`.
    pub fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { verb, path, source }
    }

    /// The same failure, of what was being done by it.
    fn tried(self, verb: &'static str, path: &Path) -> Error {
        match self {
            Error::Io { source, .. } => Error::Io {
                verb,
                path: path.into(),
                source,
            },
            other => other,
        }
    }
}

/// Words for the errors that people meet most, with what to do.
fn plain(error: &io::Error, path: &Path) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full\n\
                                       free some space (boot cache clean helps), then run the same \
                                       command again"
            .into(),
        io::ErrorKind::QuotaExceeded => {
            "your disk quota is used up\nfree some space (boot cache clean helps), then run the \
             same command again"
                .into()
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only\nset BOOT_DATA_DIR, BOOT_STATE_DIR and BOOT_CACHE_DIR to \
             folders that can be written"
                .into()
        }
        // Of boot's own folders or of any other: a dotfile's, a project's.
        io::ErrorKind::PermissionDenied => {
            let folder = path.parent().unwrap_or(path).display();
            format!(
                "permission denied\nmay you write to {folder}? BOOT_DATA_DIR, BOOT_STATE_DIR and \
                 BOOT_CACHE_DIR name other folders for what is boot's own"
            )
        }
        _ => error.to_string(),
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
