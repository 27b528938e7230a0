//! Kernel locks, one a resource. They end with the process, however it ends; reading takes none.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::{Error, Result};
use crate::report::Report;

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, but for a child that another thread has just forked: until its exec it holds the same open file.
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

impl Lock {
    /// Waits for the lock `name` in `folder`, and says so once if it has to.
    /// `name` must be a plain file name.
    pub fn hold(folder: &Path, name: &str, report: &dyn Report) -> Result<Lock> {
        if let Some(lock) = Lock::try_hold(folder, name)? {
            return Ok(lock);
        }
        report.info(&format!("waiting for another boot that works on {name}"));
        let file = open(folder, name)?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(Lock { file }),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(Error::io("lock", &folder.join(name))(error.into())),
            }
        }
    }

    /// The lock, or None where another process has it.
    pub fn try_hold(folder: &Path, name: &str) -> Result<Option<Lock>> {
        let file = open(folder, name)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Error::io("lock", &folder.join(name))(error.into())),
        }
    }
}

/// Lock files are never deleted: a lock on a deleted name would be a second lock of the same resource.
fn open(folder: &Path, name: &str) -> Result<File> {
    debug_assert!(!name.contains('/'));
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let path = folder.join(name);
    OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(Error::io("open", &path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_waits_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::try_hold(folder.path(), "a").unwrap().unwrap();
        assert!(Lock::try_hold(folder.path(), "a").unwrap().is_none());
        assert!(Lock::try_hold(folder.path(), "b").unwrap().is_some());
        drop(held);
        assert!(Lock::try_hold(folder.path(), "a").unwrap().is_some());
    }
}
