//! Kernel locks, one a resource. They end with the process, however it ends; reading takes none.
//!
//! Whoever may read a lock file may lock it: the files and their folder are the user's alone.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Error, Result, owner};
use crate::report::Report;

/// The time that this process waits for a lock; without end where nothing is set.
static PATIENCE: OnceLock<Duration> = OnceLock::new();

/// The factor of the limit for a holder that is known to run.
const BUSY: u32 = 5;

/// Has this process wait no longer than `limit` for one that is stopped or isn't known, and some
/// times that for one that runs, and then fail: for the hook, behind which somebody waits for a
/// prompt.
pub(crate) fn limit(limit: Duration) {
    // The first word counts.
    let _ = PATIENCE.set(limit);
}

/// Held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, but for a child that another thread has just forked: until its exec it
        // holds the same open file.
        let _ = self.file.unlock();
    }
}

/// The holder of a lock, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    pid: u32,
    is_stopped: bool,
}

impl Holder {
    /// The process that wrote its number into the lock file and still runs.
    fn of(file: &File) -> Option<Holder> {
        let mut bytes = [0; 12];
        let read = file.read_at(&mut bytes, 0).ok()?;
        let pid: u32 = std::str::from_utf8(&bytes[..read])
            .ok()?
            .lines()
            .next()?
            .parse()
            .ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        if stat.is_err() && Path::new("/proc/self/stat").exists() {
            return None;
        }
        // pid (name) state …; the name may hold anything.
        let is_stopped = stat.is_ok_and(|stat| {
            stat.rsplit_once(") ")
                .is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
        });
        Some(Holder { pid, is_stopped })
    }
}

/// The end of a line about whom one waits for.
pub(super) fn shown(holder: &Option<Holder>) -> String {
    match holder {
        None => String::new(),
        Some(Holder {
            pid,
            is_stopped: false,
        }) => format!(" (process {pid})"),
        Some(Holder {
            pid,
            is_stopped: true,
        }) => format!(" (process {pid}, which is stopped: kill -CONT {pid} lets it go on)"),
    }
}

impl Lock {
    /// Waits for the lock `name` in `folder`, and says once whom for if it has to; no longer than
    /// [`limit`] allows. `name` must be a plain file name.
    ///
    /// # Errors
    /// The lock file can't be opened, its filesystem has no locks, or the time is up.
    pub fn hold(folder: &Path, name: &str, report: &dyn Report) -> Result<Lock> {
        if let Some(lock) = Lock::try_hold(folder, name)? {
            return Ok(lock);
        }
        let file = open(folder, name)?;
        match PATIENCE.get() {
            None => {
                report.info(&format!(
                    "waiting for another boot that works on {name}{}",
                    shown(&Holder::of(&file))
                ));
                lock_file(&file, Wait::Forever, folder, name)?;
            }
            Some(limit) => {
                let mut since = (Instant::now(), None);
                while !lock_file(&file, Wait::Not, folder, name)? {
                    let holder = Holder::of(&file);
                    // Each of several that wait in a row has its own time, and one that runs is
                    // about to finish.
                    if holder.map(|holder| holder.pid) != since.1 {
                        since = (Instant::now(), holder.map(|holder| holder.pid));
                    }
                    let patience = if holder.is_some_and(|holder| !holder.is_stopped) {
                        *limit * BUSY
                    } else {
                        *limit
                    };
                    if since.0.elapsed() >= patience {
                        return Err(Error::Busy {
                            name: name.into(),
                            holder,
                        });
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        Ok(Lock::signed(file))
    }

    /// The lock, or None where another process has it.
    ///
    /// # Errors
    /// The lock file can't be opened, or its filesystem has no locks.
    pub fn try_hold(folder: &Path, name: &str) -> Result<Option<Lock>> {
        let file = open(folder, name)?;
        Ok(lock_file(&file, Wait::Not, folder, name)?.then(|| Lock::signed(file)))
    }

    /// With this process's number in the file, for those who wait.
    fn signed(file: File) -> Lock {
        // Nothing depends on it: a full disk is no reason.
        let _ = file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0);
        Lock { file }
    }
}

/// The time that a lock is waited for.
#[derive(Clone, Copy)]
enum Wait {
    Not,
    Forever,
}

/// Locks `file`; false where another process has it.
fn lock_file(file: &File, wait: Wait, folder: &Path, name: &str) -> Result<bool> {
    let error = loop {
        let locked = match wait {
            Wait::Forever => file.lock(),
            Wait::Not => match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) => Err(error),
                Ok(()) => Ok(()),
            },
        };
        match locked {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break error,
        }
    };
    let path = folder.join(name);
    Err(match Errno::from_io_error(&error) {
        Some(Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS | Errno::INVAL) => Error::NoLocks {
            path,
            source: error,
        },
        _ => Error::io("lock", &path)(error),
    })
}

/// Lock files are never deleted: a lock on a deleted name would be a second lock of the same
/// resource.
fn open(folder: &Path, name: &str) -> Result<File> {
    debug_assert!(!name.contains('/'));
    make_private(folder)?;
    let path = folder.join(name);
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags.bits() as i32);
    let file = options.open(&path).map_err(Error::io("open", &path))?;
    // One of an older boot.
    if file
        .metadata()
        .is_ok_and(|data| owner::is_own(&data) && data.mode() & 0o077 != 0)
    {
        let _ = file.set_permissions(fs::Permissions::from_mode(0o600));
    }
    Ok(file)
}

/// Makes the locks' folder, and the state folder that it lies in, for the user alone; those that
/// are there become so. A state folder that was given another name may hold what isn't boot's, and
/// stays as it is.
fn make_private(folder: &Path) -> Result<()> {
    let state = folder
        .parent()
        .filter(|state| !state.as_os_str().is_empty());
    for (folder, is_boots) in [
        (
            state,
            state
                .and_then(Path::file_name)
                .is_some_and(|name| name == "boot"),
        ),
        (Some(folder), true),
    ] {
        let Some(folder) = folder else { continue };
        match fs::metadata(folder) {
            Ok(data) if is_boots && owner::is_own(&data) && data.mode() & 0o077 != 0 => {
                let _ =
                    fs::set_permissions(folder, fs::Permissions::from_mode(data.mode() & 0o7700));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_folder(folder)?,
            Err(error) => return Err(Error::io("find", folder)(error)),
        }
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<()> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above).map_err(Error::io("create", above))?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("create", folder)(error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn try_hold_fails_until_holder_drops() {
        let folder = tempfile::tempdir().unwrap();
        let held = Lock::try_hold(folder.path(), "a").unwrap().unwrap();
        assert!(Lock::try_hold(folder.path(), "a").unwrap().is_none());
        assert!(Lock::try_hold(folder.path(), "b").unwrap().is_some());
        drop(held);
        assert!(Lock::try_hold(folder.path(), "a").unwrap().is_some());
    }

    #[test]
    fn holder_is_known_by_process_id() {
        let folder = tempfile::tempdir().unwrap();
        let _held = Lock::try_hold(folder.path(), "a").unwrap().unwrap();
        let file = open(folder.path(), "a").unwrap();
        let me = Holder {
            pid: std::process::id(),
            is_stopped: false,
        };
        assert_eq!(Holder::of(&file), Some(me));
        assert_eq!(shown(&Some(me)), format!(" (process {})", me.pid));
        fs::write(folder.path().join("a"), "nonsense\n").unwrap();
        assert_eq!(Holder::of(&file), None);
    }

    #[test]
    fn try_hold_makes_locks_private() {
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        let locks = root.path().join("boot/locks");
        Lock::try_hold(&locks, "a").unwrap().unwrap();
        assert_eq!(
            (
                mode(&root.path().join("boot")),
                mode(&locks),
                mode(&locks.join("a"))
            ),
            (0o700, 0o700, 0o600)
        );
        for (path, loose) in [
            (root.path().join("boot"), 0o777),
            (locks.clone(), 0o755),
            (locks.join("a"), 0o666),
        ] {
            fs::set_permissions(path, fs::Permissions::from_mode(loose)).unwrap();
        }
        Lock::try_hold(&locks, "a").unwrap().unwrap();
        assert_eq!(
            (
                mode(&root.path().join("boot")),
                mode(&locks),
                mode(&locks.join("a"))
            ),
            (0o700, 0o700, 0o600)
        );
        // A folder of another name, which a variable names, may be shared with others.
        let shared = root.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
        Lock::try_hold(&shared.join("locks"), "a").unwrap().unwrap();
        assert_eq!((mode(&shared), mode(&shared.join("locks"))), (0o755, 0o700));
    }
}
