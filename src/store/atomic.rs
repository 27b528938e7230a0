//! Old or new, never between: a file or a folder is made beside its target and takes its place by
//! one rename.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, symlink as make_symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{FlockOperation, OFlags, RenameFlags, flock, renameat_with};

use super::{Error, Result};
use crate::parallel;

/// What the name of all that is in the making begins with. The inode follows, in hexadecimal, and
/// what is random: a checkout or an archive can bring a file of any name, but can't know which
/// inode it will get. So what is swept is boot's, whatever others call theirs.
pub(super) const STAGING: &str = ".boot-staging-";

/// How many random characters a name has before its inode is known: boot's, and those of Python's
/// `mkdtemp`.
const RANDOM: [usize; 2] = [6, 8];

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

/// An empty file in `folder` under a staging name.
fn staged_file(folder: &Path) -> Result<tempfile::NamedTempFile> {
    let failed = || Error::io("write into", folder);
    let file = builder().tempfile_in(folder).map_err(failed())?;
    // How a sweeper knows that its maker lives.
    let _ = flock(file.as_file(), FlockOperation::NonBlockingLockExclusive);
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
fn named(path: &Path, inodes: &[u64]) -> PathBuf {
    let name = name(path);
    let random = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .trim_start_matches("boot-staging-");
    let inodes: String = inodes.iter().map(|inode| format!("{inode:x}.")).collect();
    path.with_file_name(format!("{STAGING}{inodes}{random}"))
}

/// What a staging name is of.
enum Staged {
    /// Of what it says itself, by the inode: boot's, with all that is in it.
    Known,
    /// Of something that boot was just about to name, and that must be empty.
    Bare,
}

/// Whether `data` is of something that boot has staged under `name`.
fn staged(name: &OsStr, data: &fs::Metadata) -> Option<Staged> {
    let rest = name.to_str()?.strip_prefix(STAGING)?;
    if !super::owner::is_own(data) {
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
    _alive: File,
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
    fn new(folder: &Path) -> Result<Staging> {
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
            if flock(&alive, FlockOperation::NonBlockingLockExclusive).is_err() {
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
    fn rename_for(&mut self, target: &Path) -> Result<()> {
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

/// Whether two names are of one file, or of two that are alike: kind, mode, content, where a link
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

/// Swaps what stands at two names; false where kernel or filesystem can't, or where they are two
/// filesystems: then nothing was done.
pub(crate) fn swap(one: &Path, other: &Path) -> Result<bool> {
    use rustix::fs::CWD;
    use rustix::io::Errno;
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::XDEV) => Ok(false),
        Err(error) => Err(Error::io("publish", other)(error.into())),
    }
}

/// Swaps two folders on one filesystem. Where the kernel or the filesystem can't, two renames: in
/// between the old folder stands under a staging name beside the target, and `target` is missing
/// for an instant.
pub(crate) fn exchange(new: &Path, target: &Path) -> Result<()> {
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

/// Deletes a folder of boot's in two steps, so that it is there whole or not at all: it moves to a
/// staging name, then goes.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let aside = Staging::beside(path)?;
    fs::rename(path, aside.path().join("old")).map_err(Error::io("remove", path))
}

/// Whether dead processes have left anything in `folder`.
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

/// What has been staged in `folder` and has no maker any more; `own`: nobody can be making anything
/// there.
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
            let is_dead = is_it && flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
            is_dead.then_some(Left {
                path,
                is_folder,
                staged,
                _lock: Some(file),
            })
        })
}

/// Whether it is as boot makes it, with nothing in it yet.
fn is_bare(path: &Path, data: &fs::Metadata) -> bool {
    if data.is_dir() {
        return fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    }
    data.len() == 0 && data.mode() & 0o777 == 0o600
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
mod tests {
    use super::*;

    #[test]
    fn publish_replaces_folder_whole() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("tool");
        for content in ["one", "two"] {
            let staging = Staging::beside(&target).unwrap();
            fs::write(staging.path().join("f"), content).unwrap();
            staging.publish(&target).unwrap();
            assert_eq!(fs::read_to_string(target.join("f")).unwrap(), content);
        }
        assert_eq!(
            fs::read_dir(root.path()).unwrap().count(),
            1,
            "no staging is left"
        );
    }

    /// What a run that was killed leaves: kept, and its lock let go.
    fn killed_folder(root: &Path) -> PathBuf {
        let staging = Staging::new(root).unwrap();
        let path = staging.path.clone();
        let Staging { _alive: alive, .. } = &staging;
        flock(alive, FlockOperation::Unlock).unwrap();
        std::mem::forget(staging);
        path
    }

    fn set_old(path: &Path) {
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(5);
        File::open(path).unwrap().set_modified(long_ago).unwrap();
    }

    #[test]
    fn staging_sweeps_leftovers_of_dead_runs_only() {
        let root = tempfile::tempdir().unwrap();
        let dead = killed_folder(root.path());
        fs::create_dir_all(dead.join("locked")).unwrap();
        fs::set_permissions(dead.join("locked"), fs::Permissions::from_mode(0o500)).unwrap();
        let dead_file = staged_file(root.path()).unwrap();
        flock(dead_file.as_file(), FlockOperation::Unlock).unwrap();
        let dead_file = dead_file.into_temp_path().keep().unwrap();
        let living = staged_file(root.path()).unwrap();
        set_old(&dead_file);
        set_old(living.path());
        // Killed before they had their names.
        let bare = [
            root.path().join(format!("{STAGING}aB3dE6")),
            root.path().join(format!("{STAGING}aB3dE7")),
        ];
        fs::create_dir(&bare[0]).unwrap();
        fs::write(&bare[1], "").unwrap();
        fs::set_permissions(&bare[1], fs::Permissions::from_mode(0o600)).unwrap();
        bare.iter().for_each(|path| set_old(path));
        assert!(has_leftovers(root.path()));
        let alive = Staging::within(root.path()).unwrap();
        assert!(!dead.exists() && !dead_file.exists() && !bare[0].exists() && !bare[1].exists());
        assert!(living.path().exists());
        let second = Staging::within(root.path()).unwrap();
        assert!(alive.path().exists() && second.path().exists());
        assert!(!has_leftovers(root.path()));
    }

    #[test]
    fn sweep_removes_replaced_folder_of_killed_run() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("tool");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("old"), "").unwrap();
        for after in [false, true] {
            let mut staging = Staging::beside(&target).unwrap();
            staging.rename_for(&target).unwrap();
            if after {
                exchange(&staging.path, &target).unwrap();
            }
            flock(&staging._alive, FlockOperation::Unlock).unwrap();
            std::mem::forget(staging);
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
            sweep(root.path());
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
            assert_eq!(target.join("old").exists(), !after);
        }
    }

    #[test]
    fn sweep_spares_lookalikes_of_others() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(format!("{STAGING}{name}"));
        for name in ["mine", "abcdef", "7f.abcdef", "7f.80.abcdef", "", "."] {
            fs::create_dir(at(&format!("{name}-folder"))).unwrap();
            fs::create_dir(at(name).join("x"))
                .unwrap_or_else(|_| fs::create_dir_all(at(name).join("x")).unwrap());
            fs::write(at(&format!("{name}-file")), "mine").unwrap();
        }
        fs::write(at("abcde1"), "").unwrap();
        fs::write(at("abcde2"), "mine").unwrap();
        fs::set_permissions(at("abcde2"), fs::Permissions::from_mode(0o600)).unwrap();
        make_symlink("/nowhere", at("abcde3")).unwrap();
        for path in [at("abcde4"), at("pipe")] {
            assert!(
                std::process::Command::new("mkfifo")
                    .arg(&path)
                    .status()
                    .unwrap()
                    .success()
            );
            // A name with the right inode makes no FIFO boot's.
            fs::rename(
                &path,
                named(&path, &[fs::symlink_metadata(&path).unwrap().ino()]),
            )
            .unwrap();
        }
        let _socket = std::os::unix::net::UnixListener::bind(at("abcde5")).unwrap();
        make_symlink(at("pipe"), at("abcde6")).unwrap();
        let names = || {
            fs::read_dir(root.path())
                .unwrap()
                .flatten()
                .map(|entry| entry.file_name())
                .collect::<std::collections::BTreeSet<_>>()
        };
        let before = names();
        for entry in fs::read_dir(root.path())
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_type().unwrap().is_file())
        {
            set_old(&entry.path());
        }
        assert!(!has_leftovers(root.path()));
        sweep(root.path());
        sweep_own(root.path());
        drop(Staging::within(root.path()).unwrap());
        assert_eq!(names(), before);
    }

    #[test]
    fn symlink_replaces_links_but_no_files() {
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
    fn write_keeps_mode_of_file() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("f");
        write(&path, b"1", Some(0o600)).unwrap();
        write(&path, b"2", Some(0o644)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
