//! Leftovers of dead processes: found by their staging names, and deleted.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::remove::remove;
use super::staging::{STAGING, Staged, staged};

/// True if dead processes have left anything in `folder`.
pub(crate) fn has_leftovers(folder: &Path) -> bool {
    leftovers(folder, false).next().is_some()
}

/// Deletes what dead processes left in `folder`. Best effort: what can't go now goes next time.
pub(crate) fn sweep(folder: &Path) {
    leftovers(folder, false).for_each(|left| left.delete());
}

/// As [`sweep`], of a folder that nobody but the caller can be writing to: nothing in it is
/// somebody's, however young it is.
pub(crate) fn sweep_own(folder: &Path) {
    leftovers(folder, true).for_each(|left| left.delete());
}

/// Something that lost its maker.
struct Left {
    path: PathBuf,
    is_folder: bool,
    staged: Staged,
    /// Held while it is deleted, so that no two do.
    _lock: Option<File>,
}

impl Left {
    fn delete(self) {
        match self.staged {
            Staged::Known => remove(&self.path),
            // Fails where anything is in it.
            Staged::Bare if self.is_folder => drop(fs::remove_dir(&self.path)),
            Staged::Bare => drop(fs::remove_file(&self.path)),
        }
    }
}

/// Lists staged things in `folder` that have no maker any more. `own`: nobody can be making
/// anything there.
fn leftovers(folder: &Path, own: bool) -> impl Iterator<Item = Left> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().as_bytes().starts_with(STAGING.as_bytes()))
        .filter_map(move |entry| {
            let path = entry.path();
            let data = fs::symlink_metadata(&path).ok()?;
            let staged = staged(&entry.file_name(), &data)?;
            // Anything else (a FIFO, a device, a socket, a link) is never staged, nor opened.
            let is_folder = data.is_dir();
            if !is_folder && !data.is_file() {
                return None;
            }
            if matches!(staged, Staged::Bare) && !is_bare(&path, &data) {
                return None;
            }
            if own {
                return Some(Left {
                    path,
                    is_folder,
                    staged,
                    _lock: None,
                });
            }
            // One that was made just now may not have its lock yet.
            let is_old = data
                .modified()
                .is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() >= 2));
            if !is_old && (!is_folder || matches!(staged, Staged::Bare)) {
                return None;
            }
            let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY;
            let file = File::options()
                .read(true)
                .custom_flags(flags.bits() as i32)
                .open(&path)
                .ok()?;
            // It may have been replaced since.
            let is_it = file
                .metadata()
                .is_ok_and(|now| (now.dev(), now.ino()) == (data.dev(), data.ino()));
            let is_dead = is_it && file.try_lock().is_ok();
            is_dead.then_some(Left {
                path,
                is_folder,
                staged,
                _lock: Some(file),
            })
        })
}

/// True if it is as boot makes it, with nothing in it yet.
fn is_bare(path: &Path, data: &fs::Metadata) -> bool {
    if data.is_dir() {
        return fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    }
    data.len() == 0 && data.mode() & 0o777 == 0o600
}
