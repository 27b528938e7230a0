//! What stands at the place of a dotfile, and putting it there. What boot didn't place is never replaced.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::super::applied::{Applied, Backup, Placed};
use super::super::manifest::Mode;
use super::super::vars::Vars;
use super::super::{Error, Result};
use super::{Dotfile, There, canonical};
use crate::store::digest::Sha256;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Checks that the place is boot's to write to: below the real home directory, and not among boot's own files.
pub fn check_place(paths: &Paths, dotfile: &Dotfile) -> Result<()> {
    let wrong = |reason: &str, hint: &'static str| Error::Content { what: format!("~/{}", dotfile.target), reason: reason.into(), hint };
    let target = paths.home.join(&dotfile.target);
    if [&paths.data, &paths.state, &paths.cache].iter().any(|own| target.starts_with(own)) {
        return Err(wrong("it lies in a folder that boot keeps for itself", "remove it from the repository; nothing was done"));
    }
    // The nearest folder above that is there: what is made is made in it.
    let above = target.ancestors().skip(1).find(|folder| fs::symlink_metadata(folder).is_ok()).unwrap_or(&paths.home);
    let Ok(real) = fs::canonicalize(above) else {
        return Err(wrong("a folder above it is a link that leads nowhere", "remove that link first; nothing was done"));
    };
    let in_repository = fs::canonicalize(&dotfile.place.root).is_ok_and(|root| real.starts_with(root));
    if !in_repository && !real.starts_with(canonical(&paths.home)?) {
        return Err(wrong(
            "a folder above it is a link that leads out of the home directory",
            "remove the link, or the dotfile; nothing was done",
        ));
    }
    Ok(())
}

/// What stands at the dotfile's place.
pub fn there(paths: &Paths, vars: &Vars, applied: &Applied, dotfile: &Dotfile) -> There {
    let target = paths.home.join(&dotfile.target);
    let source = dotfile.place.root.join(&dotfile.source);
    let placed = applied.dotfiles.get(&dotfile.target);
    let data = match fs::symlink_metadata(&target) {
        Ok(data) => data,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return There::Foreign("has a file where a folder should be"),
        Err(_) => return There::Nothing,
    };
    if data.is_symlink() {
        let leads = fs::read_link(&target).ok();
        return match (leads, placed) {
            (Some(leads), _) if dotfile.mode == Mode::Link && leads == source => There::Right,
            (Some(leads), Some(Placed::Link(ours))) if leads == *ours => There::Ours,
            _ => There::Foreign("is a link"),
        };
    }
    // Through a folder that is itself a link into the repository: the file *is* the source, and replacing it would destroy it.
    let same = || fs::canonicalize(&target).is_ok_and(|one| fs::canonicalize(&source).is_ok_and(|other| one == other));
    if dotfile.mode == Mode::Link && same() {
        return There::Right;
    }
    if data.is_dir() {
        return There::Foreign("is a folder");
    }
    let found = fs::read(&target).map(|bytes| Sha256::of(&bytes)).ok();
    if dotfile.mode != Mode::Link && found.is_some() {
        let wanted = dotfile.content(vars).map(|bytes| Sha256::of(&bytes)).ok();
        if found == wanted && dotfile.chmod.is_none_or(|mode| data.mode() & 0o777 == mode) {
            return There::Right;
        }
    }
    match (placed, found) {
        (Some(Placed::Copy(ours)), Some(found)) if *ours == found => There::Ours,
        _ => There::Foreign("is a file"),
    }
}

/// Puts the dotfile in its place, where nothing is or what boot itself placed, and remembers that.
pub fn place(paths: &Paths, vars: &Vars, applied: &mut Applied, dotfile: &Dotfile) -> Result<()> {
    let target = paths.home.join(&dotfile.target);
    let source = dotfile.place.root.join(&dotfile.source);
    // What a run that was killed here left behind.
    target.parent().into_iter().for_each(atomic::sweep);
    // Looked at again: time has passed since the plan.
    let there = there(paths, vars, applied, dotfile);
    if let There::Foreign(what) = there {
        return Err(Error::Item(format!(
            "{} {what} by now; it was left alone\nboot apply --on-conflict backup moves it away",
            paths.tilde(&target)
        )));
    }
    let placed = match dotfile.mode {
        Mode::Link => {
            if there == There::Ours && !fs::symlink_metadata(&target).is_ok_and(|data| data.is_symlink()) {
                // A copy of ours becomes a link.
                fs::remove_file(&target).map_err(store::Error::io("replace", &target))?;
            }
            if there != There::Right {
                atomic::symlink(&source, &target)?;
            }
            Placed::Link(source)
        }
        Mode::Copy | Mode::Template => {
            let bytes = dotfile.content(vars)?;
            let mode = match dotfile.chmod {
                Some(mode) => mode,
                None => fs::metadata(&source).map_err(store::Error::io("read", &source))?.mode() & 0o777,
            };
            let folder = target.parent().unwrap_or(&paths.home);
            if mode & 0o077 == 0 && !folder.exists() {
                // Private files live in private folders, as ssh and gnupg insist.
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(store::Error::io("create", folder))?;
            }
            if fs::symlink_metadata(&target).is_ok_and(|data| data.is_file()) {
                fs::set_permissions(&target, fs::Permissions::from_mode(mode)).map_err(store::Error::io("change", &target))?;
            } else if fs::symlink_metadata(&target).is_ok() {
                fs::remove_file(&target).map_err(store::Error::io("replace", &target))?;
            }
            atomic::write(&target, &bytes, Some(mode))?;
            Placed::Copy(Sha256::of(&bytes))
        }
    };
    applied.dotfiles.insert(dotfile.target.clone(), placed);
    applied.write(paths)
}

/// Moves what stands at the dotfile's place into boot's backups, with its mode, its link, its whole folder. Says where it is now.
pub fn back_up(paths: &Paths, vars: &Vars, applied: &mut Applied, dotfile: &Dotfile) -> Result<PathBuf> {
    let placed = match dotfile.mode {
        Mode::Link => Placed::Link(dotfile.place.root.join(&dotfile.source)),
        Mode::Copy | Mode::Template => Placed::Copy(Sha256::of(&dotfile.content(vars)?)),
    };
    let mut target = paths.home.join(&dotfile.target);
    // A file may stand where a folder should be.
    while fs::symlink_metadata(&target).is_err_and(|error| error.kind() == io::ErrorKind::NotADirectory) && target.pop() {}
    let folder = new_folder(&paths.backups())?;
    let name = target.file_name().unwrap_or_default();
    let is = folder.join(name);
    // Remembered first: a cut in between leaves a note of a backup that isn't there, rather than one that nobody knows of.
    let made_room_for = dotfile.target.clone();
    applied.backups.push(Backup { apply: applied.applies, was: target.clone(), is: is.clone(), target: made_room_for, placed });
    applied.write(paths)?;
    match fs::rename(&target, &is) {
        Ok(()) => Ok(is),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_over(&target, &is).map(|()| is),
        Err(error) => Err(store::Error::io("move away", &target)(error).into()),
    }
}

fn copy_over(target: &Path, is: &Path) -> Result<()> {
    let data = fs::symlink_metadata(target).map_err(store::Error::io("read", target))?;
    if data.is_symlink() {
        let leads = fs::read_link(target).map_err(store::Error::io("read", target))?;
        std::os::unix::fs::symlink(leads, is).map_err(store::Error::io("write", is))?;
    } else if data.is_file() {
        fs::copy(target, is).map_err(store::Error::io("copy", target))?;
    } else {
        return Err(Error::Item(format!("{} is a folder on another disk than boot's backups\nmove it away yourself", target.display())));
    }
    Ok(fs::remove_file(target).map_err(store::Error::io("move away", target))?)
}

/// A folder of its own for each backup, so that none ever collides.
fn new_folder(backups: &Path) -> Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(backups).map_err(store::Error::io("create", backups))?;
    let stamp = jiff::Zoned::now().strftime("%Y-%m-%d-%H%M%S-").to_string();
    Ok(tempfile::Builder::new().prefix(&stamp).tempdir_in(backups).map_err(store::Error::io("write into", backups))?.keep())
}

/// Whether something that boot placed, and that the manifest asks for no more, is still there as boot left it.
pub fn gone(paths: &Paths, target: &str, placed: &Placed) -> bool {
    let path = paths.home.join(target);
    match placed {
        Placed::Link(ours) => fs::read_link(&path).is_ok_and(|leads| leads == *ours),
        Placed::Copy(ours) => {
            let is_file = fs::symlink_metadata(&path).is_ok_and(|data| data.is_file());
            is_file && fs::read(&path).is_ok_and(|bytes| Sha256::of(&bytes) == *ours)
        }
    }
}

/// Takes away what boot placed and what nobody has changed since, with the folders that it leaves empty.
pub fn forget(paths: &Paths, applied: &mut Applied, target: &str) -> Result<()> {
    let path = paths.home.join(target);
    if applied.dotfiles.get(target).is_some_and(|placed| gone(paths, target, placed)) {
        fs::remove_file(&path).map_err(store::Error::io("remove", &path))?;
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != paths.home) {
            // Fails, as it should, where something else lies in it.
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    applied.dotfiles.remove(target);
    applied.write(paths)
}
