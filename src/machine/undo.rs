//! Putting back what the last apply replaced: content, mode, link. Each path is the old or the new
//! at any moment, and what was put away is deleted only when it stands at its place again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::applied::{Applied, Backup};
use crate::machine::item::dotfile;
use crate::machine::{Error, Result};
use crate::report::escaped;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// The outcome of an undo for one path.
#[derive(Debug)]
pub(crate) struct Undone {
    pub path: PathBuf,
    pub result: Result<()>,
}

/// Puts back what the last apply that replaced anything put away, and tries what an undo couldn't
/// put back before; empty where there is nothing. `applied` is from [`super::apply::begin`].
///
/// # Errors
/// What boot remembers can't be written. A path that can't be put back is an outcome of its own.
pub(crate) fn undo(paths: &Paths, applied: &mut Applied) -> Result<Vec<Undone>> {
    let last = applied
        .backups
        .iter()
        .filter(|backup| !backup.stuck)
        .map(|backup| backup.apply)
        .max();
    let backups: Vec<Backup> = applied
        .backups
        .iter()
        .filter(|backup| backup.stuck || Some(backup.apply) == last)
        .cloned()
        .collect();
    let mut all = Vec::new();
    // The last one first: it may lie in what an earlier one made room for.
    for backup in backups.iter().rev() {
        backup.was.parent().into_iter().for_each(atomic::sweep);
        let known = applied.dotfiles.get(&backup.target).cloned();
        let result = put_back(paths, applied, backup);
        if result.is_ok() {
            applied.backups.retain(|other| other != backup);
            applied.write(paths)?;
            // A folder of its own held it, in which a run that was cut may have left something.
            let _ = backup
                .is
                .parent()
                .map(|folder| (atomic::sweep_own(folder), fs::remove_dir(folder)));
        } else {
            applied
                .backups
                .iter_mut()
                .filter(|other| *other == backup)
                .for_each(|other| other.stuck = true);
            // A command of a tool, say, is no dotfile for having been looked at.
            if known.is_none() {
                applied.dotfiles.remove(&backup.target);
            }
            applied.write(paths)?;
        }
        all.push(Undone {
            path: backup.was.clone(),
            result,
        });
    }
    Ok(all)
}

/// Puts one backup back.
fn put_back(paths: &Paths, applied: &mut Applied, backup: &Backup) -> Result<()> {
    let below = |target: &str| paths.home.join(target).starts_with(&backup.was);
    // A run that was cut may have placed it, and not have come to remember that.
    if dotfile::is_placed_at(paths, &backup.target, &backup.placed) {
        applied
            .dotfiles
            .insert(backup.target.clone(), backup.placed.clone());
    }
    dotfile::settle(paths, backup)?;
    let ours: Vec<String> = applied
        .dotfiles
        .keys()
        .filter(|target| below(target))
        .cloned()
        .collect();
    if fs::symlink_metadata(&backup.is).is_err() {
        if fs::symlink_metadata(&backup.was).is_err()
            || dotfile::is_placed_at(paths, &backup.target, &backup.placed)
        {
            return Err(lost(paths, backup));
        }
        // It never left, or stands at its place already: an earlier run was cut.
        applied.dotfiles.retain(|target, placed| {
            !ours.contains(target) || dotfile::is_placed_at(paths, target, placed)
        });
        return Ok(());
    }
    if have_changed_places(paths, backup) {
        // A run that was cut had put it back, and not come to forget what was there instead.
        atomic::remove(&backup.is);
        applied.dotfiles.retain(|target, _| !ours.contains(target));
        return Ok(());
    }
    if atomic::is_same(&backup.is, &backup.was) {
        // A run that was cut had kept it, and not come to replace it.
        return Ok(fs::remove_file(&backup.is).map_err(store::Error::io("remove", &backup.is))?);
    }
    check_unchanged(paths, applied, backup, &ours)?;
    make_room(paths, applied, backup, &ours)?;
    if fs::symlink_metadata(&backup.is).is_ok() {
        let folder = backup.was.parent().unwrap_or(&paths.home);
        fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
        restore(&backup.is, &backup.was)?;
    }
    for target in &ours {
        applied.dotfiles.remove(target);
    }
    Ok(())
}

/// Fails where somebody has changed what boot placed there.
fn check_unchanged(
    paths: &Paths,
    applied: &Applied,
    backup: &Backup,
    ours: &[String],
) -> Result<()> {
    let is_changed = |target: &&String| {
        let is_there = fs::symlink_metadata(paths.home.join(target)).is_ok();
        is_there
            && applied
                .dotfiles
                .get(*target)
                .is_some_and(|placed| !dotfile::is_placed_at(paths, target, placed))
    };
    match ours.iter().find(is_changed) {
        Some(target) => Err(changed_since(target, &backup.is)),
        None => Ok(()),
    }
}

/// Takes away what boot placed where the backup was. Its own file or link at the very place stays:
/// one rename takes its place. So does one exchange with a folder of nothing else. Anything deeper
/// goes first.
fn make_room(paths: &Paths, applied: &mut Applied, backup: &Backup, ours: &[String]) -> Result<()> {
    if ours.len() == 1 && paths.home.join(&ours[0]) == backup.was {
        return Ok(());
    }
    let own: Vec<PathBuf> = ours.iter().map(|target| paths.home.join(target)).collect();
    if fs::symlink_metadata(&backup.was).is_ok_and(|data| data.is_dir())
        && holds_only(&backup.was, &own)
        && atomic::swap(&backup.is, &backup.was)?
    {
        atomic::remove(&backup.is);
        return Ok(());
    }
    for target in ours {
        dotfile::forget(paths, applied, target)?;
    }
    // Where a file had made room for a folder, that one was made for the dotfile.
    let target = paths.home.join(&backup.target);
    let above = target.ancestors().skip(1);
    for folder in above.take_while(|folder| folder.starts_with(&backup.was)) {
        let _ = fs::remove_dir(folder);
    }
    if fs::symlink_metadata(&backup.was).is_ok() {
        return Err(changed_since(&backup.was.display().to_string(), &backup.is));
    }
    Ok(())
}

/// Tells whether the backup is where it was, and what had its place lies where the backup was.
fn have_changed_places(paths: &Paths, backup: &Backup) -> bool {
    let is_folder = |path: &Path| fs::symlink_metadata(path).is_ok_and(|data| data.is_dir());
    if paths.home.join(&backup.target) == backup.was {
        is_folder(&backup.was) && dotfile::is_placed(&backup.is, &backup.placed)
    } else {
        // A file had made room for a folder.
        is_folder(&backup.is)
    }
}

/// Tells whether there is nothing in `folder` but `own`, and folders for them.
fn holds_only(folder: &Path, own: &[PathBuf]) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().map(|entry| entry.path()).all(|path| {
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|data| data.is_dir());
        own.contains(&path)
            || is_folder && own.iter().any(|own| own.starts_with(&path)) && holds_only(&path, own)
    })
}

fn changed_since(what: &str, backup: &Path) -> Error {
    let (what, backup) = (escaped(what), escaped(&backup.display().to_string()));
    Error::Item(format!(
        "{what} was changed since, so it stays\nwhat was there before is in {backup}"
    ))
}

fn lost(paths: &Paths, backup: &Backup) -> Error {
    let [was, is] = [&backup.was, &backup.is].map(|path| escaped(&paths.tilde(path)));
    Error::Item(format!(
        "{was} can't be put back: what was there before is no longer in {is}"
    ))
}

/// Moves `from` to `to`, where at most a file or a link of boot's stands.
fn restore(from: &Path, to: &Path) -> Result<()> {
    let is_folder = fs::symlink_metadata(from).is_ok_and(|data| data.is_dir());
    if is_folder && fs::symlink_metadata(to).is_ok() {
        atomic::exchange(from, to)?;
        // Where the disk can't exchange, it is gone already.
        let _ = fs::remove_file(from);
        return Ok(());
    }
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            atomic::copy(from, to)?;
            Ok(fs::remove_file(from).map_err(store::Error::io("remove", from))?)
        }
        result => Ok(result.map_err(store::Error::io("put back", to))?),
    }
}
