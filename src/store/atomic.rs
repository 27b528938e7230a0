//! Old or new, never between: a file or a folder is made beside its target and takes its place by one rename.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink as make_symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FlockOperation, RenameFlags, flock, renameat_with};

use super::{Error, Result};

/// What a leftover is recognised by; nobody else's files are called like this.
const STAGING: &str = ".boot-staging-";

/// Writes `bytes` to `path`: a reader sees the old content or the new. `mode` is for a file that is made; one
/// that is there keeps its own, and its owner.
pub fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<()> {
    let there = fs::metadata(path).ok();
    let mode = there.as_ref().map(|data| data.mode() & 0o7777).or(mode).unwrap_or(0o644);
    let file = written(parent(path), path, bytes, there.as_ref(), mode)?;
    file.as_file().sync_data().map_err(Error::io("write", path))?;
    persist(file, path)
}

/// Puts a new file with `bytes` and `mode` in the place of whatever file or link stands at `path`: a link isn't followed, and what it was
/// is nothing to the new one but for the owner.
pub fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let file = written(parent(path), path, bytes, fs::symlink_metadata(path).ok().as_ref(), mode)?;
    file.as_file().sync_data().map_err(Error::io("write", path))?;
    persist(file, path)
}

/// As [`write`], for what may be empty after a power cut: it doesn't wait for the disk. The new file is made in `staging`, a folder of the same
/// filesystem: where many files lie, looking for leftovers among them would take long.
pub fn write_unsynced(path: &Path, bytes: &[u8], staging: &Path) -> Result<()> {
    let folder = parent(path);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let there = fs::metadata(path).ok();
    let mode = there.as_ref().map_or(0o644, |data| data.mode() & 0o7777);
    persist(written(staging, path, bytes, there.as_ref(), mode)?, path)
}

/// The new file for `path` under a staging name in `folder`; it gets the owner of what is `there`.
fn written(folder: &Path, path: &Path, bytes: &[u8], there: Option<&fs::Metadata>, mode: u32) -> Result<tempfile::NamedTempFile> {
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let mut file = tempfile::Builder::new().prefix(STAGING).tempfile_in(folder).map_err(Error::io("write into", folder))?;
    // How a sweeper knows that its maker lives.
    let _ = flock(file.as_file(), FlockOperation::NonBlockingLockExclusive);
    if let Some(there) = there
        && let Ok(made) = file.as_file().metadata()
        && (made.uid(), made.gid()) != (there.uid(), there.gid())
    {
        // Under sudo a user's file stays the user's; others may not give files away.
        let _ = std::os::unix::fs::fchown(file.as_file(), Some(there.uid()), Some(there.gid()));
    }
    file.write_all(bytes).map_err(Error::io("write", path))?;
    file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(Error::io("write", path))?;
    Ok(file)
}

fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

/// Points `link` at `target`, replacing a link that is there in one step. The caller has made sure that what
/// stands at `link` is boot's own; anything but a link is refused by the kernel's rename of a link over a folder, and
/// by the check here over a file.
pub fn symlink(target: &Path, link: &Path) -> Result<()> {
    if fs::read_link(link).is_ok_and(|there| there == target) {
        return Ok(());
    }
    if fs::symlink_metadata(link).is_ok_and(|data| !data.is_symlink()) {
        return Err(Error::io("replace", link)(io::Error::new(io::ErrorKind::AlreadyExists, "it isn't a link")));
    }
    put_symlink(target, link)
}

/// Finds out whether a link can be made in `folder`, by making one under a staging name and removing it.
pub fn try_link(folder: &Path) -> Result<()> {
    let tried = tempfile::Builder::new().prefix(STAGING).make_in(folder, |path| make_symlink("nowhere", path));
    tried.map(drop).map_err(Error::io("write to", folder))
}

/// As [`symlink`], in the place of a file too.
pub fn put_symlink(target: &Path, link: &Path) -> Result<()> {
    let folder = parent(link);
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let made = tempfile::Builder::new()
        .prefix(STAGING)
        .make_in(folder, |path| make_symlink(target, path))
        .map_err(Error::io("link into", folder))?;
    fs::rename(made.path(), link).map_err(Error::io("link", link))?;
    // The name has moved on to `link`; there is nothing left to delete.
    let _ = made.into_temp_path().keep();
    Ok(())
}

/// The staging folders of this process: what Ctrl-C has to clear away. A list of its own, since a signal finds no owner to ask.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Deletes all that this process has in staging. For the end of an interrupted run: other threads may be writing still, so it is
/// tried a few times, and what stays is swept by the next run.
pub fn abandon() {
    let live = std::mem::take(&mut *LIVE.lock().unwrap_or_else(PoisonError::into_inner));
    for _ in 0..5 {
        live.iter().filter(|path| fs::symlink_metadata(path).is_ok()).for_each(|path| remove(path));
        if live.iter().all(|path| fs::symlink_metadata(path).is_err()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// A folder in the making, beside its target so that one rename publishes it. Deleted when dropped; after a
/// `kill -9` the next run's [`sweep`] does that.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    /// Holds a lock on the folder: how a sweeper knows that its maker lives.
    _alive: File,
}

impl Staging {
    /// An empty folder beside `target`.
    pub fn beside(target: &Path) -> Result<Staging> {
        Staging::within(parent(target))
    }

    /// An empty folder in `folder`, which is made if needed and whose other leftovers are swept.
    pub fn within(folder: &Path) -> Result<Staging> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        sweep(folder);
        loop {
            let made = tempfile::Builder::new().prefix(STAGING).tempdir_in(folder).map_err(Error::io("create a folder in", folder))?;
            let path = made.keep();
            // A sweeper may have come between; then the name is gone and we take another.
            let Ok(alive) = File::open(&path) else { continue };
            if flock(&alive, FlockOperation::NonBlockingLockExclusive).is_err() || fs::metadata(&path).is_err() {
                continue;
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(Error::io("create", &path))?;
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).push(path.clone());
            return Ok(Staging { path, _alive: alive });
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes `target`'s place in one step; what was there before is deleted afterwards.
    pub fn publish(self, target: &Path) -> Result<()> {
        if fs::symlink_metadata(target).is_err() {
            match fs::rename(&self.path, target) {
                Ok(()) => return Ok(()),
                Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {}
                Err(error) => return Err(Error::io("publish", target)(error)),
            }
        }
        exchange(&self.path, target)
        // Dropping deletes what is now at the staging name: the old one.
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.path);
        if fs::symlink_metadata(&self.path).is_ok() {
            remove(&self.path);
        }
    }
}

/// Gives a file or a link a second name, `to`; where that can't be, it is copied. Folders are refused.
pub fn keep(from: &Path, to: &Path) -> Result<()> {
    // Of a link, not of what it leads to.
    if fs::hard_link(from, to).is_ok() { Ok(()) } else { copy(from, to) }
}

/// Whether two names are of one file, or of two that are alike: kind, mode, content, where a link leads.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let (Ok(a), Ok(b)) = (fs::symlink_metadata(one), fs::symlink_metadata(other)) else { return false };
    if (a.dev(), a.ino()) == (b.dev(), b.ino()) {
        return true;
    }
    if a.mode() != b.mode() || a.is_dir() {
        return false;
    }
    if a.is_symlink() {
        return fs::read_link(one).is_ok_and(|leads| fs::read_link(other).is_ok_and(|other| other == leads));
    }
    a.len() == b.len() && fs::read(one).is_ok_and(|bytes| fs::read(other).is_ok_and(|other| other == bytes))
}

/// Copies a file with its mode and time, or a link, to `to` on another disk: it is whole before it has its name. Folders are refused.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let data = fs::symlink_metadata(from).map_err(Error::io("read", from))?;
    if data.is_symlink() {
        return symlink(&fs::read_link(from).map_err(Error::io("read", from))?, to);
    }
    let bytes = fs::read(from).map_err(Error::io("read", from))?;
    let folder = parent(to);
    let mut file = tempfile::Builder::new().prefix(STAGING).tempfile_in(folder).map_err(Error::io("write into", folder))?;
    file.write_all(&bytes).map_err(Error::io("write", to))?;
    let mode = fs::Permissions::from_mode(data.mode() & 0o7777);
    file.as_file().set_permissions(mode).map_err(Error::io("write", to))?;
    if let Ok(time) = data.modified() {
        // Not every disk takes any time.
        let _ = file.as_file().set_modified(time);
    }
    file.as_file().sync_data().map_err(Error::io("write", to))?;
    file.persist(to).map_err(|error| Error::io("write", to)(error.error))?;
    Ok(())
}

/// Swaps what stands at two names; false where kernel or filesystem can't, or where they are two filesystems: then nothing was done.
pub fn swap(one: &Path, other: &Path) -> Result<bool> {
    use rustix::fs::CWD;
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::XDEV) => Ok(false),
        Err(error) => Err(Error::io("publish", other)(error.into())),
    }
}

/// Swaps two folders on one filesystem. Where the kernel or the filesystem can't, two renames: in between the old
/// folder stands under a staging name beside the target, and `target` is missing for an instant.
pub fn exchange(new: &Path, target: &Path) -> Result<()> {
    match swap(new, target)? {
        true => Ok(()),
        false => {
            let aside = new.with_file_name(format!("{}.old", name(new)));
            fs::rename(target, &aside).map_err(Error::io("move aside", target))?;
            match fs::rename(new, target) {
                Ok(()) => {
                    remove(&aside);
                    Ok(())
                }
                Err(error) => {
                    let _ = fs::rename(&aside, target);
                    Err(Error::io("publish", target)(error))
                }
            }
        }
    }
}

/// Deletes a folder of boot's in two steps, so that it is there whole or not at all: it moves to a staging name, then goes.
pub fn remove_folder(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let aside = Staging::beside(path)?;
    fs::rename(path, aside.path().join("old")).map_err(Error::io("remove", path))
}

/// Whether dead processes have left anything in `folder`.
pub fn has_leftovers(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| name(path).starts_with(STAGING)).any(|path| {
        if path.is_dir() {
            File::open(&path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok())
        } else {
            is_dead(&path, path.is_symlink())
        }
    })
}

/// Deletes what dead processes left in `folder`. Best effort: what can't go now goes next time.
pub fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(STAGING) {
            continue;
        }
        let path = entry.path();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            let Ok(file) = File::open(&path) else { continue };
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                remove(&path);
            }
        } else if is_dead(&path, kind.is_symlink()) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// As [`sweep`], of a folder that nobody but the caller can be writing to: nothing in it is somebody's, however young it is.
pub fn sweep_own(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(STAGING)).for_each(|entry| remove(&entry.path()));
}

/// Whether a staged file or link has lost its maker. Both live for milliseconds: one that was made just now may not have its lock yet, and
/// a link can have none.
fn is_dead(path: &Path, is_link: bool) -> bool {
    let least = if is_link { 60 } else { 2 };
    let is_old = fs::symlink_metadata(path)
        .and_then(|data| data.modified())
        .is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() >= least));
    is_old && (is_link || File::open(path).is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()))
}

/// Deletes a tree, folders without write permission included, as unpacked archives may have them.
pub fn remove(path: &Path) {
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
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(OsStr::new("")).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_folder_replaces_the_old_one_whole() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("tool");
        for content in ["one", "two"] {
            let staging = Staging::beside(&target).unwrap();
            fs::write(staging.path().join("f"), content).unwrap();
            staging.publish(&target).unwrap();
            assert_eq!(fs::read_to_string(target.join("f")).unwrap(), content);
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "no staging is left");
    }

    #[test]
    fn leftovers_of_the_dead_are_swept_and_those_of_the_living_stay() {
        let root = tempfile::tempdir().unwrap();
        let dead = root.path().join(format!("{STAGING}dead"));
        fs::create_dir_all(dead.join("locked")).unwrap();
        fs::set_permissions(dead.join("locked"), fs::Permissions::from_mode(0o500)).unwrap();
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(5);
        let staged = ["dead-file", "living-file"].map(|name| {
            let path = root.path().join(format!("{STAGING}{name}"));
            fs::write(&path, "").unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_modified(long_ago).unwrap();
            (path, file)
        });
        flock(&staged[1].1, FlockOperation::NonBlockingLockExclusive).unwrap();
        let alive = Staging::within(root.path()).unwrap();
        assert!(!dead.exists());
        assert!(!staged[0].0.exists() && staged[1].0.exists());
        let second = Staging::within(root.path()).unwrap();
        assert!(alive.path().exists() && second.path().exists());
    }

    #[test]
    fn a_link_replaces_a_link_but_never_a_file() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("l");
        symlink(Path::new("a"), &link).unwrap();
        symlink(Path::new("b"), &link).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("b"));
        let file = root.path().join("f");
        fs::write(&file, "mine").unwrap();
        assert!(symlink(Path::new("a"), &file).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_rewritten_file_keeps_its_mode() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("f");
        write(&path, b"1", Some(0o600)).unwrap();
        write(&path, b"2", Some(0o644)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
