//! Staging: files and folders in the making, under names that only boot can have given them, and
//! the registry of this process's own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::exchange::exchange;
use super::remove::remove;
use super::sweep::sweep;
use super::{Error, Result, name, parent};
use crate::parallel;
use crate::store::owner;

/// The prefix of every staging name. The inode follows, in hexadecimal, and
/// what is random: a checkout or an archive can bring a file of any name, but can't know which
/// inode it will get. So what is swept is boot's, whatever others call theirs.
pub(in crate::store) const STAGING: &str = ".boot-staging-";

/// The number of random characters in a name whose inode isn't known yet: boot's, and those of
/// Python's
/// `mkdtemp`.
const RANDOM: [usize; 2] = [6, 8];

/// The staging folders of this process: what Ctrl-C has to clear away. A list of its own, since a
/// signal finds no owner to ask.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Deletes all that this process has in staging. For the end of an interrupted run: other threads
/// may be writing still, so it is tried a few times, and what stays is swept by the next run.
pub(crate) fn abandon() {
    let live = std::mem::take(&mut *parallel::lock(&LIVE));
    for _ in 0..5 {
        live.iter()
            .filter(|path| fs::symlink_metadata(path).is_ok())
            .for_each(|path| remove(path));
        if live.iter().all(|path| fs::symlink_metadata(path).is_err()) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// A folder in the making, beside its target so that one rename publishes it. Deleted when dropped;
/// after a `kill -9` the next run's [`sweep`] does that.
#[derive(Debug)]
pub(crate) struct Staging {
    path: PathBuf,
    /// Holds a lock on the folder: how a sweeper knows that its maker lives.
    pub(super) _alive: File,
}

impl Staging {
    /// An empty folder beside `target`.
    pub(crate) fn beside(target: &Path) -> Result<Staging> {
        Staging::within(parent(target))
    }

    /// An empty folder in `folder`, which is made if needed and whose other leftovers are swept.
    pub(crate) fn within(folder: &Path) -> Result<Staging> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        sweep(folder);
        let staging = Staging::new(folder)?;
        fs::set_permissions(&staging.path, fs::Permissions::from_mode(0o755))
            .map_err(Error::io("create", &staging.path))?;
        Ok(staging)
    }

    /// As [`Staging::within`], for the moment only: nothing is swept, and nobody else may look
    /// inside.
    pub(super) fn new(folder: &Path) -> Result<Staging> {
        loop {
            let made = builder()
                .permissions(fs::Permissions::from_mode(0o700))
                .tempdir_in(folder);
            let bare = made
                .map_err(Error::io("create a folder in", folder))?
                .keep();
            // A sweeper may have come between; then the name is gone and we take another.
            let Ok(alive) = File::open(&bare) else {
                continue;
            };
            if alive.try_lock().is_err() {
                continue;
            }
            let path = named(
                &bare,
                &[alive.metadata().map_err(Error::io("find", &bare))?.ino()],
            );
            if fs::rename(&bare, &path).is_err() {
                continue;
            }
            parallel::lock(&LIVE).push(path.clone());
            return Ok(Staging {
                path,
                _alive: alive,
            });
        }
    }

    /// Has the staging name say the inode of what will stand there once `target` is published, too.
    pub(super) fn rename_for(&mut self, target: &Path) -> Result<()> {
        let inode = |path: &Path| {
            fs::symlink_metadata(path)
                .map(|data| data.ino())
                .map_err(Error::io("find", path))
        };
        let path = named(&self.path, &[inode(&self.path)?, inode(target)?]);
        let mut live = parallel::lock(&LIVE);
        fs::rename(&self.path, &path).map_err(Error::io("publish", target))?;
        live.iter_mut()
            .filter(|live| **live == self.path)
            .for_each(|live| live.clone_from(&path));
        drop(live);
        self.path = path;
        Ok(())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Takes `target`'s place in one step; what was there before is deleted afterwards.
    pub(crate) fn publish(mut self, target: &Path) -> Result<()> {
        if fs::symlink_metadata(target).is_err() {
            match fs::rename(&self.path, target) {
                Ok(()) => return Ok(()),
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists
                    ) => {}
                Err(error) => return Err(Error::io("publish", target)(error)),
            }
        }
        self.rename_for(target)?;
        exchange(&self.path, target)
        // Dropping deletes what is now at the staging name: the old one.
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        parallel::lock(&LIVE).retain(|path| *path != self.path);
        if fs::symlink_metadata(&self.path).is_ok() {
            remove(&self.path);
        }
    }
}

/// An empty file in `folder` under a staging name.
pub(super) fn staged_file(folder: &Path) -> Result<tempfile::NamedTempFile> {
    let failed = || Error::io("write into", folder);
    let file = builder().tempfile_in(folder).map_err(failed())?;
    // How a sweeper knows that its maker lives.
    let _ = file.as_file().try_lock();
    let inode = file.as_file().metadata().map_err(failed())?.ino();
    let (file, path) = file.into_parts();
    let named = named(&path, &[inode]);
    fs::rename(&path, &named).map_err(failed())?;
    // The old name is nobody's any more; should the new one be lost, so is the file.
    let _ = path.keep();
    let path = tempfile::TempPath::try_from_path(&named).map_err(failed())?;
    Ok(tempfile::NamedTempFile::from_parts(file, path))
}

/// Makes names that say nothing but boot's.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(STAGING).rand_bytes(RANDOM[0]);
    builder
}

/// The staging name `path` with the inodes of what stands there, or will.
pub(super) fn named(path: &Path, inodes: &[u64]) -> PathBuf {
    let name = name(path);
    let random = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .trim_start_matches("boot-staging-");
    let inodes: String = inodes.iter().map(|inode| format!("{inode:x}.")).collect();
    path.with_file_name(format!("{STAGING}{inodes}{random}"))
}

/// The content of a staging name.
pub(super) enum Staged {
    /// Of what it says itself, by the inode: boot's, with all that is in it.
    Known,
    /// Of something that boot was just about to name, and that must be empty.
    Bare,
}

/// Returns the kind of staging that `name` and `data` show. None: boot hasn't staged it.
pub(super) fn staged(name: &OsStr, data: &fs::Metadata) -> Option<Staged> {
    let rest = name.to_str()?.strip_prefix(STAGING)?;
    if !owner::is_own(data) {
        return None;
    }
    if RANDOM.contains(&rest.len())
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        return Some(Staged::Bare);
    }
    let (inodes, _) = rest.rsplit_once('.')?;
    let is_of = inodes
        .split('.')
        .any(|inode| u64::from_str_radix(inode, 16) == Ok(data.ino()));
    is_of.then_some(Staged::Known)
}
