//! Dotfiles: which there are, what stands at their places, and placing them. What boot didn't place is never replaced.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::applied::{Applied, Backup, Placed};
use super::condition::Surroundings;
use super::manifest::{Dotfiles, Entry, FILE, Manifest, Mode};
use super::{Error, Result};
use crate::store::atomic;
use crate::store::digest::Sha256;
use crate::store::paths::Paths;
use crate::store::{self};

/// One dotfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dotfile {
    /// Relative to the home directory.
    pub target: String,
    /// Relative to the repository.
    pub source: PathBuf,
    pub mode: Mode,
    pub chmod: Option<u32>,
}

/// What stands at a dotfile's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    Right,
    Nothing,
    /// Boot's own, of an earlier time.
    Ours,
    /// Somebody else's: what it is.
    Foreign(&'static str),
}

/// Every dotfile of the manifest, sorted by target.
pub fn list(manifest: &Manifest, here: &Surroundings) -> Result<Vec<Dotfile>> {
    let Some(dotfiles) = &manifest.dotfiles else { return Ok(Vec::new()) };
    let mut walk = Walk { manifest, dotfiles, here, base: canonical(&manifest.base)?, found: Vec::new() };
    let root = manifest.base.join(&dotfiles.root);
    if !root.is_dir() {
        return Err(Error::Content {
            what: dotfiles.root.display().to_string(),
            reason: "the repository has no such folder".into(),
            hint: "make it, or name the folder of your dotfiles in [dotfiles]: root = \"home\"",
        });
    }
    walk.folder(Path::new(""))?;
    if let Some(entry) = dotfiles.entries.iter().find(|entry| fs::symlink_metadata(root.join(&entry.target)).is_err()) {
        return Err(Error::Content {
            what: format!("{}: ~/{}", entry.at, entry.target.display()),
            reason: format!("the repository has no {}", dotfiles.root.join(&entry.target).display()),
            hint: "put the file there, or remove the line",
        });
    }
    walk.found.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(walk.found)
}

struct Walk<'a> {
    manifest: &'a Manifest,
    dotfiles: &'a Dotfiles,
    here: &'a Surroundings,
    base: PathBuf,
    found: Vec<Dotfile>,
}

impl Walk<'_> {
    /// `below` is relative to the dotfiles' root.
    fn folder(&mut self, below: &Path) -> Result<()> {
        let folder = self.manifest.base.join(&self.dotfiles.root).join(below);
        self.stays_inside(&folder)?;
        for entry in fs::read_dir(&folder).map_err(store::Error::io("read", &folder))? {
            let entry = entry.map_err(store::Error::io("read", &folder))?;
            let path = below.join(entry.file_name());
            let Some(name) = path.to_str().filter(|name| !name.chars().any(char::is_control)) else {
                return Err(Error::Content {
                    what: path.display().to_string(),
                    reason: "its name has characters that a terminal or a script would stumble over".into(),
                    hint: "rename it; boot takes UTF-8 names without control characters",
                });
            };
            let is_repository = self.dotfiles.root.as_os_str().is_empty() || self.dotfiles.root == Path::new(".");
            if matches!(entry.file_name().to_str(), Some(".git" | ".DS_Store")) || (is_repository && matches!(name, FILE | "boot.lock")) {
                continue;
            }
            let said = self.dotfiles.entries.iter().find(|said| said.target == path);
            let kind = entry.file_type().map_err(store::Error::io("read", &entry.path()))?;
            if kind.is_dir() && said.is_none() {
                self.folder(&path)?;
                continue;
            }
            self.leaf(name, &path, kind, said)?;
        }
        Ok(())
    }

    fn leaf(&mut self, name: &str, path: &Path, kind: fs::FileType, said: Option<&Entry>) -> Result<()> {
        let source = self.dotfiles.root.join(path);
        self.stays_inside(&self.manifest.base.join(&source))?;
        let wrong = |reason: &str, hint: &'static str| Error::Content { what: source.display().to_string(), reason: reason.into(), hint };
        if !kind.is_file() && !kind.is_dir() && !kind.is_symlink() {
            return Err(wrong("it is neither a file nor a folder", "remove it from the repository"));
        }
        let mode = said.map_or(Mode::Link, |said| said.mode);
        if mode == Mode::Copy && !self.manifest.base.join(&source).is_file() {
            return Err(wrong("only files can be copied", "link the folder, or name its files one by one"));
        }
        if said.is_none_or(|said| said.only.holds(self.here)) {
            self.found.push(Dotfile { target: name.into(), mode, chmod: said.and_then(|said| said.chmod), source });
        }
        Ok(())
    }

    fn stays_inside(&self, path: &Path) -> Result<()> {
        if fs::canonicalize(path).is_ok_and(|real| real.starts_with(&self.base)) {
            return Ok(());
        }
        Err(Error::Content {
            what: path.strip_prefix(&self.manifest.base).unwrap_or(path).display().to_string(),
            reason: "it is a link that leads nowhere, or out of the repository".into(),
            hint: "put the file itself there; nothing was done",
        })
    }
}

fn canonical(path: &Path) -> Result<PathBuf> {
    Ok(fs::canonicalize(path).map_err(store::Error::io("read", path))?)
}

/// Checks that the place is boot's to write to: below the real home directory, and not among boot's own files.
pub fn check_place(paths: &Paths, manifest: &Manifest, dotfile: &Dotfile) -> Result<()> {
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
    let in_repository = fs::canonicalize(&manifest.root).is_ok_and(|root| real.starts_with(root));
    if !in_repository && !real.starts_with(canonical(&paths.home)?) {
        return Err(wrong(
            "a folder above it is a link that leads out of the home directory",
            "remove the link, or the dotfile; nothing was done",
        ));
    }
    Ok(())
}

/// What stands at the dotfile's place.
pub fn there(paths: &Paths, manifest: &Manifest, applied: &Applied, dotfile: &Dotfile) -> There {
    let target = paths.home.join(&dotfile.target);
    let source = manifest.root.join(&dotfile.source);
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
    if dotfile.mode == Mode::Copy && found.is_some() {
        let wanted = fs::read(manifest.base.join(&dotfile.source)).map(|bytes| Sha256::of(&bytes)).ok();
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
pub fn place(paths: &Paths, manifest: &Manifest, applied: &mut Applied, dotfile: &Dotfile) -> Result<()> {
    let target = paths.home.join(&dotfile.target);
    let source = manifest.root.join(&dotfile.source);
    // Looked at again: time has passed since the plan.
    let there = there(paths, manifest, applied, dotfile);
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
        Mode::Copy => {
            let bytes = fs::read(&source).map_err(store::Error::io("read", &source))?;
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
pub fn back_up(paths: &Paths, applied: &mut Applied, dotfile: &Dotfile) -> Result<PathBuf> {
    let mut target = paths.home.join(&dotfile.target);
    // A file may stand where a folder should be.
    while fs::symlink_metadata(&target).is_err_and(|error| error.kind() == io::ErrorKind::NotADirectory) && target.pop() {}
    let folder = new_folder(&paths.backups())?;
    let name = target.file_name().unwrap_or_default();
    let is = folder.join(name);
    // Remembered first: a cut in between leaves a note of a backup that isn't there, rather than one that nobody knows of.
    applied.backups.push(Backup { was: target.clone(), is: is.clone() });
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

#[cfg(test)]
mod tests;
