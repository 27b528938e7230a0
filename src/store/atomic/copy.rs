//! Copies of files and links, complete before they have their name.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::staging::staged_file;
use super::write::symlink;
use super::{Error, Result, parent};

/// Gives a file or a link a second name, `to`; where that can't be, it is copied. Folders are
/// refused.
pub(crate) fn keep(from: &Path, to: &Path) -> Result<()> {
    // Of a link, not of what it leads to.
    if fs::hard_link(from, to).is_ok() {
        Ok(())
    } else {
        copy(from, to)
    }
}

/// True if two names are of one file, or of two that are alike: kind, mode, content, where a link
/// leads.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(a), Ok(b)) = (fs::symlink_metadata(one), fs::symlink_metadata(other)) else {
        return false;
    };
    if (a.dev(), a.ino()) == (b.dev(), b.ino()) {
        return true;
    }
    if a.mode() != b.mode() || a.is_dir() {
        return false;
    }
    if a.is_symlink() {
        return fs::read_link(one)
            .is_ok_and(|leads| fs::read_link(other).is_ok_and(|other| other == leads));
    }
    a.len() == b.len()
        && fs::read(one).is_ok_and(|bytes| fs::read(other).is_ok_and(|other| other == bytes))
}

/// Copies a file with its mode and time, or a link, to `to` on another disk: it is whole before it
/// has its name. Folders are refused.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    let data = fs::symlink_metadata(from).map_err(Error::io("read", from))?;
    if data.is_symlink() {
        return symlink(&fs::read_link(from).map_err(Error::io("read", from))?, to);
    }
    let bytes = fs::read(from).map_err(Error::io("read", from))?;
    let folder = parent(to);
    let mut file = staged_file(folder)?;
    file.write_all(&bytes).map_err(Error::io("write", to))?;
    let mode = fs::Permissions::from_mode(data.mode() & 0o7777);
    file.as_file()
        .set_permissions(mode)
        .map_err(Error::io("write", to))?;
    if let Ok(time) = data.modified() {
        // Not every disk takes any time.
        let _ = file.as_file().set_modified(time);
    }
    file.as_file().sync_data().map_err(Error::io("write", to))?;
    file.persist(to)
        .map_err(|error| Error::io("write", to)(error.error))?;
    Ok(())
}
