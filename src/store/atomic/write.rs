//! Files and links that are written beside their target and take its place by one rename.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink as make_symlink};
use std::path::Path;

use super::staging::{Staging, staged_file};
use super::{Error, Result, parent};

/// Writes `bytes` to `path`: a reader sees the old content or the new. `mode` is for a file that is
/// made; one that is there keeps its own, and its owner.
pub(crate) fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let there = fs::metadata(path).ok();
    let mode = there
        .as_ref()
        .map(|data| data.mode() & 0o7777)
        .or(mode)
        .unwrap_or(0o644);
    let file = written(parent(path), path, bytes, there.as_ref(), mode)?;
    file.as_file()
        .sync_data()
        .map_err(Error::io("write", path))?;
    persist(file, path)
}

/// Puts a new file with `bytes` and `mode` in the place of whatever file or link stands at `path`:
/// a link isn't followed, and what it was is nothing to the new one but for the owner.
pub(crate) fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let file = written(
        parent(path),
        path,
        bytes,
        fs::symlink_metadata(path).ok().as_ref(),
        mode,
    )?;
    file.as_file()
        .sync_data()
        .map_err(Error::io("write", path))?;
    persist(file, path)
}

/// As [`write`], for what may be empty after a power cut: it doesn't wait for the disk. The new
/// file is made in `staging`, a folder of the same filesystem: where many files lie, looking for
/// leftovers among them would take long.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8], staging: &Path) -> Result<()> {
    let folder = parent(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let there = fs::metadata(path).ok();
    let mode = there.as_ref().map_or(0o644, |data| data.mode() & 0o7777);
    persist(written(staging, path, bytes, there.as_ref(), mode)?, path)
}

/// The new file for `path` under a staging name in `folder`; it gets the owner of what is `there`.
fn written(
    folder: &Path,
    path: &Path,
    bytes: &[u8],
    there: Option<&fs::Metadata>,
    mode: u32,
) -> Result<tempfile::NamedTempFile> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut file = staged_file(folder)?;
    if let Some(there) = there
        && let Ok(made) = file.as_file().metadata()
        && (made.uid(), made.gid()) != (there.uid(), there.gid())
    {
        // Under sudo a user's file stays the user's; others may not give files away.
        let _ = std::os::unix::fs::fchown(file.as_file(), Some(there.uid()), Some(there.gid()));
    }
    file.write_all(bytes).map_err(Error::io("write", path))?;
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(mode))
        .map_err(Error::io("write", path))?;
    Ok(file)
}

fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path)
        .map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

/// Points `link` at `target`, replacing a link that is there in one step. The caller has made sure
/// that what stands at `link` is boot's own; anything but a link is refused by the kernel's rename
/// of a link over a folder, and by the check here over a file.
pub(crate) fn symlink(target: &Path, link: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|there| there == target) {
        return Ok(());
    }
    if fs::symlink_metadata(link).is_ok_and(|data| !data.is_symlink()) {
        return Err(Error::io("replace", link)(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "it isn't a link",
        )));
    }
    put_symlink(target, link)
}

/// Finds out whether a link can be made in `folder`, by making one under a staging name and
/// removing it.
pub(crate) fn try_link(folder: &Path) -> Result<()> {
    let staging = Staging::new(folder).map_err(|error| error.tried("write to", folder))?;
    make_symlink("nowhere", staging.path().join("link")).map_err(Error::io("write to", folder))
}

/// As [`symlink`], in the place of a file too.
pub(crate) fn put_symlink(target: &Path, link: &Path) -> Result<()> {
    let folder = parent(link);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let staging = Staging::new(folder).map_err(|error| error.tried("link into", folder))?;
    let made = staging.path().join("link");
    make_symlink(target, &made).map_err(Error::io("link into", folder))?;
    fs::rename(&made, link).map_err(Error::io("link", link))
}
