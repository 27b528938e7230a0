//! Putting a dotfile in its place, and taking it away. What boot didn't place is never replaced,
//! but moved into boot's backups by consent.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::list::{Dotfile, LARGEST};
use super::state::{
    FileState, can_go, check_place, file_state, hash_without_hook, is_placed, source_mode,
};
use crate::machine::applied::{Applied, Backup, Placed};
use crate::machine::vars::Vars;
use crate::machine::{Error, Result};
use crate::manifest::Mode;
use crate::shell::rcfile;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Puts the dotfile in its place, where nothing is or what boot itself placed, and remembers that.
pub(crate) fn place(
    paths: &Paths,
    vars: &Vars,
    applied: &mut Applied,
    dotfile: &Dotfile,
) -> Result<()> {
    let target = paths.home.join(&dotfile.target);
    // What a run that was killed here left behind.
    target.parent().into_iter().for_each(atomic::sweep);
    // Looked at again: time has passed since the plan.
    check_place(paths, dotfile, None)?;
    let state = file_state(paths, vars, applied, dotfile);
    if let FileState::Foreign(what) = state {
        return Err(Error::Item(format!(
            "{} {what} by now; it was left alone\nboot apply --on-conflict backup moves it away",
            paths.tilde(&target)
        )));
    }
    let wanted = Wanted::of(vars, dotfile)?;
    if state != FileState::Right || dotfile.mode != Mode::Link {
        let made = missing_above(paths, &target);
        wanted.put(&target)?;
        applied.folders.extend(made);
    }
    wanted.remember(applied, dotfile);
    applied.write(paths)
}

/// The folders above `target` that aren't there yet, by their path below the home directory.
fn missing_above(paths: &Paths, target: &Path) -> Vec<String> {
    let above = target
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != paths.home);
    let missing = above.take_while(|folder| {
        !fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir() || data.is_symlink())
    });
    missing
        .filter_map(|folder| Some(folder.strip_prefix(&paths.home).ok()?.to_str()?.to_string()))
        .collect()
}

/// The link or file that is to stand at a place.
enum Wanted {
    Link(PathBuf),
    File { bytes: Vec<u8>, mode: u32 },
}

impl Wanted {
    fn of(vars: &Vars, dotfile: &Dotfile) -> Result<Wanted> {
        let source = dotfile.place.root.join(&dotfile.source);
        if dotfile.mode == Mode::Link {
            return Ok(Wanted::Link(source));
        }
        let mode = match dotfile.chmod {
            Some(mode) => mode,
            None => source_mode(&source)?,
        };
        Ok(Wanted::File {
            bytes: dotfile.content(vars)?,
            mode,
        })
    }

    fn placed(&self) -> Placed {
        match self {
            Wanted::Link(source) => Placed::Link(source.clone()),
            Wanted::File { bytes, .. } => Placed::Copy(hash_without_hook(bytes)),
        }
    }

    /// Notes that it is there.
    fn remember(&self, applied: &mut Applied, dotfile: &Dotfile) {
        applied
            .dotfiles
            .insert(dotfile.target.clone(), self.placed());
        match self {
            Wanted::File { mode, .. } if dotfile.chmod.is_none() => {
                applied.modes.insert(dotfile.target.clone(), *mode)
            }
            _ => applied.modes.remove(&dotfile.target),
        };
    }

    /// In the place of what file or link there is, by one rename.
    fn put(&self, at: &Path) -> Result<()> {
        match self {
            Wanted::Link(source) => Ok(atomic::put_symlink(source, at)?),
            Wanted::File { bytes, mode } => {
                let folder = at.parent().unwrap_or(at);
                if mode & 0o077 == 0 && !folder.exists() {
                    // Private files live in private folders, as ssh and gnupg insist.
                    fs::DirBuilder::new()
                        .recursive(true)
                        .mode(0o700)
                        .create(folder)
                        .map_err(store::Error::io("create", folder))?;
                }
                // A start-up file keeps the hook.
                let is_file = fs::symlink_metadata(at)
                    .is_ok_and(|data| data.is_file() && data.len() <= 2 * LARGEST);
                let there = if is_file {
                    fs::read(at).unwrap_or_default()
                } else {
                    Vec::new()
                };
                Ok(atomic::put(at, &rcfile::kept(&there, bytes), *mode)?)
            }
        }
    }
}

/// Under which name, in the folder of a backup, the new stands that is about to change places with
/// the old.
const NEW: &str = ".boot-new";

/// Puts the dotfile where something else stands, which moves into boot's backups with its mode, its
/// link, its whole folder: the old or the new is there at any moment. Says where the old is now.
pub(crate) fn supplant(
    paths: &Paths,
    vars: &Vars,
    applied: &mut Applied,
    dotfile: &Dotfile,
) -> Result<PathBuf> {
    let target = paths.home.join(&dotfile.target);
    let wanted = Wanted::of(vars, dotfile)?;
    let mut was = target.clone();
    // A file may stand where a folder should be.
    while fs::symlink_metadata(&was)
        .is_err_and(|error| error.kind() == io::ErrorKind::NotADirectory)
        && was.pop()
    {}
    was.parent().into_iter().for_each(atomic::sweep);
    let folder = new_folder(&paths.backups())?;
    let is = folder.join(was.file_name().unwrap_or_default());
    // Remembered first: a cut in between leaves a note of a backup that isn't there, rather than
    // one that nobody knows of.
    let placed = wanted.placed();
    let backup = Backup {
        apply: applied.applies,
        was,
        is,
        target: dotfile.target.clone(),
        placed,
        stuck: false,
    };
    applied.backups.push(backup.clone());
    applied.write(paths)?;
    let made = missing_above(paths, &target);
    if let Err(error) = change_places(&wanted, &target, &backup) {
        // What never left needs no way back.
        let is_kept =
            fs::symlink_metadata(&backup.is).is_ok() && !atomic::is_same(&backup.is, &backup.was);
        if fs::symlink_metadata(&backup.was).is_ok()
            && !is_placed(&target, &backup.placed)
            && !is_kept
        {
            atomic::remove(&folder);
            applied.backups.retain(|other| *other != backup);
            applied.write(paths)?;
        }
        return Err(error);
    }
    applied.folders.extend(made);
    // What boot had placed in a folder has moved away with it.
    applied
        .dotfiles
        .retain(|other, _| !Path::new(other).starts_with(&backup.target));
    wanted.remember(applied, dotfile);
    applied.write(paths)?;
    Ok(backup.is)
}

/// Puts `wanted` at `target`, and what stands in its way where the backup says.
fn change_places(wanted: &Wanted, target: &Path, backup: &Backup) -> Result<()> {
    let Backup { was, is, .. } = backup;
    let is_folder = fs::symlink_metadata(was).is_ok_and(|data| data.is_dir());
    if !is_folder && was == target {
        atomic::keep(was, is)?;
        return wanted.put(target);
    }
    let new = is.with_file_name(NEW);
    let within = target.strip_prefix(was).unwrap_or(Path::new(""));
    // Joined with nothing, it would end in a slash.
    wanted.put(&if within.as_os_str().is_empty() {
        new.clone()
    } else {
        new.join(within)
    })?;
    if atomic::swap(&new, was)? {
        return Ok(fs::rename(&new, is).map_err(store::Error::io("move away", was))?);
    }
    // What can't change places leaves a gap; nothing is lost in it.
    atomic::remove(&new);
    move_away(was, is)?;
    wanted.put(target).inspect_err(|_| {
        // A folder that was made for it is in the way.
        let _ = fs::remove_dir(was);
        let _ = fs::rename(is, was);
    })
}

fn move_away(was: &Path, is: &Path) -> Result<()> {
    match fs::rename(was, is) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            if fs::symlink_metadata(was).is_ok_and(|data| data.is_dir()) {
                return Err(Error::Item(format!(
                    "{} is a folder on another disk than boot's backups\nmove it away yourself",
                    was.display()
                )));
            }
            atomic::copy(was, is)?;
            Ok(fs::remove_file(was).map_err(store::Error::io("move away", was))?)
        }
        result => Ok(result.map_err(store::Error::io("move away", was))?),
    }
}

/// Finishes or takes back what a run that was cut in [`supplant`] left in the folder of a backup.
pub(crate) fn settle(paths: &Paths, backup: &Backup) -> Result<()> {
    let new = backup.is.with_file_name(NEW);
    let Ok(data) = fs::symlink_metadata(&new) else {
        return Ok(());
    };
    // A folder makes room for a file, or a file for a folder: so they can be told from each other.
    let folder_is_new = paths.home.join(&backup.target) != backup.was;
    if data.is_dir() == folder_is_new {
        atomic::remove(&new);
        return Ok(());
    }
    Ok(fs::rename(&new, &backup.is).map_err(store::Error::io("move away", &backup.was))?)
}

/// A folder of its own for each backup, so that none ever collides.
fn new_folder(backups: &Path) -> Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(backups)
        .map_err(store::Error::io("create", backups))?;
    let stamp = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S-").to_string();
    Ok(tempfile::Builder::new()
        .prefix(&stamp)
        .tempdir_in(backups)
        .map_err(store::Error::io("write into", backups))?
        .keep())
}

/// Takes away what boot placed and what nobody has changed since, with the folders that were made
/// for it and that it leaves empty.
pub(crate) fn forget(paths: &Paths, applied: &mut Applied, target: &str) -> Result<()> {
    let path = paths.home.join(target);
    if can_go(paths, applied, target) {
        fs::remove_file(&path).map_err(store::Error::io("remove", &path))?;
        let above = Path::new(target)
            .ancestors()
            .skip(1)
            .filter_map(Path::to_str);
        for folder in above.take_while(|folder| !folder.is_empty()) {
            // Fails, as it should, where something else lies in it. One that somebody else made is
            // theirs, empty or not.
            if !applied.folders.contains(folder) || fs::remove_dir(paths.home.join(folder)).is_err()
            {
                break;
            }
            applied.folders.remove(folder);
        }
    }
    applied.dotfiles.remove(target);
    applied.modes.remove(target);
    applied.folders.retain(|folder| {
        fs::symlink_metadata(paths.home.join(folder)).is_ok_and(|data| data.is_dir())
    });
    applied.write(paths)
}
