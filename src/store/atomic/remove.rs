//! Trees that are deleted whole.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::staging::Staging;
use super::{Error, Result};

/// Deletes a folder of boot's in two steps, so that it is there whole or not at all: it moves to a
/// staging name, then goes.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let aside = Staging::beside(path)?;
    fs::rename(path, aside.path().join("old")).map_err(Error::io("remove", path))
}

/// Deletes a tree, folders without write permission included, as unpacked archives may have them.
pub(crate) fn remove(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|data| !data.is_dir()) {
        let _ = fs::remove_file(path);
        return;
    }
    if fs::remove_dir_all(path).is_err() {
        open_up(path);
        let _ = fs::remove_dir_all(path);
    }
}

fn open_up(folder: &Path) {
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}
