//! Old or new, never between: a file or a folder is made beside its target and takes its place by
//! one rename.

mod copy;
mod exchange;
mod remove;
mod staging;
mod sweep;
mod write;

pub(crate) use copy::{copy, is_same, keep};
pub(crate) use exchange::{exchange, swap};
pub(crate) use remove::{remove, remove_folder};
pub(super) use staging::STAGING;
pub(crate) use staging::{Staging, abandon};
pub(crate) use sweep::{has_leftovers, sweep, sweep_own};
pub(crate) use write::{put, put_symlink, symlink, try_link, write, write_unsynced};

use std::ffi::OsStr;
use std::path::Path;

use super::{Error, Result};

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(OsStr::new(""))
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
