//! `boot add`: a dotfile moves into the repository, and a link takes its place. The file is at its
//! place at every moment, and what stood there is kept for `boot undo`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::Context;
use crate::machine::applied::{Applied, Placed};
use crate::machine::item::dotfile::{self, Dotfile, FileState};
use crate::machine::vars::Vars;
use crate::machine::{Error, Result};
use crate::manifest::condition::Surroundings;
use crate::manifest::edit;
use crate::manifest::{Dotfiles, FILE, Manifest, Mode, Place};
use crate::report::escaped;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

mod keys;

/// A dotfile is something that a person writes; more is a mistake, and no repository's matter.
const LONGEST: u64 = 16 << 20;

/// The outcome for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is in the repository now, at this path.
    Moved(PathBuf),
    /// It was there, and linked.
    Already,
}

/// Moves `file` into the repository of `manifest`, at the place that its place below the home
/// directory says. `applied` is from [`super::apply::begin`], whose lock is still held.
///
/// Errors: it isn't a plain file below the home directory, it holds a private key, the repository
/// or one that it extends has another file for that place, or another program places the dotfiles.
pub(crate) fn add(
    ctx: &Context,
    manifest: &Manifest,
    applied: &mut Applied,
    file: &Path,
) -> Result<Added> {
    let paths = &ctx.paths;
    let root = &manifest.place.root;
    let target = target(paths, file)?;
    let own = manifest
        .dotfiles
        .iter()
        .find(|dotfiles| dotfiles.place.root == *root);
    let folder = own.map_or(Path::new("home"), |dotfiles| &dotfiles.root);
    let place = Place::at(root);
    let dotfile = Dotfile {
        source: folder.join(&target),
        target,
        place,
        mode: Mode::Link,
        chmod: None,
    };
    may_be_placed(paths, manifest, own, &dotfile)?;
    let vars = Vars::of(manifest, applied);
    if dotfile::file_state(paths, &vars, applied, &dotfile) == FileState::Right {
        return Ok(Added::Already);
    }
    let from = paths.home.join(&dotfile.target);
    is_fit(paths, root, &from)?;
    let source = root.join(&dotfile.source);
    copy_into_repository(paths, root, &dotfile)?;
    if own.is_none() {
        // Without the table, the next apply would take the link for one that nobody asks for any
        // more.
        edit::change(&root.join(FILE), |document| {
            document.entry("dotfiles").or_insert_with(toml_edit::table);
        })?;
    }
    let placed = Placed::Link(source.clone());
    if dotfile::is_placed(&from, &placed) {
        return Ok(Added::Already);
    }
    dotfile::supplant(paths, &vars, applied, &dotfile)?;
    Ok(Added::Moved(source))
}

/// Copies the file to its place in the repository, unless it is there already.
fn copy_into_repository(paths: &Paths, root: &Path, dotfile: &Dotfile) -> Result<()> {
    let from = paths.home.join(&dotfile.target);
    let source = root.join(&dotfile.source);
    match fs::symlink_metadata(&source) {
        // The same file, from a run that was cut off, say.
        Ok(_) if atomic::is_same(&from, &source) => {}
        Ok(_) => {
            let reason = format!(
                "the repository has another one, {}",
                escaped(&dotfile.source.display().to_string())
            );
            return Err(wrong(
                paths,
                &from,
                &reason,
                "make them one, or boot apply --on-conflict backup to take the repository's",
            ));
        }
        Err(_) => {
            let above = source.parent().unwrap_or(root);
            fs::create_dir_all(above).map_err(store::Error::io("create", above))?;
            if !fs::canonicalize(above)
                .is_ok_and(|real| fs::canonicalize(root).is_ok_and(|root| real.starts_with(root)))
            {
                return Err(wrong(
                    paths,
                    &from,
                    "its place in the repository lies behind a link that leads out of it",
                    "remove that link",
                ));
            }
            atomic::copy(&from, &source)?;
        }
    }
    Ok(())
}

fn wrong(paths: &Paths, file: &Path, reason: &str, hint: &'static str) -> Error {
    Error::Content {
        what: paths.tilde(file),
        reason: reason.into(),
        hint,
    }
}

/// The file's path below the home directory. Links in the folders above it are followed, the file
/// itself may be one.
fn target(paths: &Paths, file: &Path) -> Result<String> {
    let file = match file.strip_prefix("~") {
        Ok(rest) => paths.home.join(rest),
        Err(_) => std::path::absolute(file).map_err(store::Error::io("find", file))?,
    };
    let home = fs::canonicalize(&paths.home).map_err(store::Error::io("read", &paths.home))?;
    let Some(name) = file.file_name() else {
        return Err(wrong(
            paths,
            &file,
            "it is a folder",
            "name the files in it one by one",
        ));
    };
    let above = file.parent().unwrap_or(&file);
    let real = fs::canonicalize(above)
        .map_err(store::Error::io("find", &file))?
        .join(name);
    // As it is named below the home directory, unless there are detours in that name.
    let plain = |path: &Path| {
        path.components()
            .all(|part| matches!(part, Component::Normal(_)))
    };
    let below = match file.strip_prefix(&paths.home) {
        Ok(below) if plain(below) => below,
        _ => real.strip_prefix(&home).map_err(|_| {
            wrong(
                paths,
                &file,
                "it isn't below the home directory",
                "boot keeps dotfiles of the home directory only",
            )
        })?,
    };
    if below.as_os_str().is_empty() {
        return Err(wrong(
            paths,
            &file,
            "it is a folder",
            "name the files in it one by one",
        ));
    }
    match below
        .to_str()
        .filter(|text| !text.chars().any(char::is_control))
    {
        Some(text) => Ok(text.into()),
        None => Err(wrong(
            paths,
            &file,
            "its name isn't UTF-8, or has control characters",
            "rename it",
        )),
    }
}

/// Tells whether the repository is one that may have it, and nobody else claims its place.
fn may_be_placed(
    paths: &Paths,
    manifest: &Manifest,
    own: Option<&Dotfiles>,
    dotfile: &Dotfile,
) -> Result<()> {
    let file = paths.home.join(&dotfile.target);
    let wrong = |reason: &str, hint: &'static str| Err(wrong(paths, &file, reason, hint));
    if let Some(manager) = own.and_then(|own| own.manager) {
        let reason = format!(
            "{0} places the dotfiles of this repository\n{0} add takes it in",
            manager.name()
        );
        return Err(Error::Item(format!(
            "{}: {reason}",
            escaped(&paths.tilde(&file))
        )));
    }
    let here = Surroundings::here();
    if let Some(entry) = own.and_then(|own| {
        own.entries
            .iter()
            .find(|entry| file.starts_with(paths.home.join(&entry.target)))
    }) {
        if entry.mode != Mode::Link {
            return wrong(
                "boot.toml says that it is a copy",
                "put it into the repository yourself, or remove its line from boot.toml",
            );
        }
        if !entry.only.holds(&here) {
            return wrong(
                "boot.toml says that it isn't for this machine",
                "change `only` in its line of boot.toml",
            );
        }
    }
    if Path::new(&dotfile.target)
        .components()
        .any(|part| matches!(part.as_os_str().to_str(), Some(".git" | ".DS_Store")))
    {
        return wrong(
            "git keeps it for itself",
            "boot leaves files of that name out of every repository",
        );
    }
    let others = manifest
        .dotfiles
        .iter()
        .filter(|other| other.place.root != dotfile.place.root)
        .cloned()
        .collect();
    let others = Manifest {
        dotfiles: others,
        ..manifest.clone()
    };
    let target = Path::new(&dotfile.target);
    let clash = |other: &&Dotfile| {
        target.starts_with(&other.target) || Path::new(&other.target).starts_with(target)
    };
    if let Some(other) = dotfile::list(&others, &here)?.iter().find(clash) {
        let reason = format!("{} claims it", other.from().display());
        return wrong(
            &reason,
            "the repositories that boot.toml extends come with it; nothing was done",
        );
    }
    dotfile::check_place(paths, dotfile, None)
}

/// A plain file that may be shown to whoever reads the repository.
fn is_fit(paths: &Paths, root: &Path, file: &Path) -> Result<()> {
    let wrong = |reason: &str, hint: &'static str| Err(wrong(paths, file, reason, hint));
    let data = fs::symlink_metadata(file).map_err(store::Error::io("read", file))?;
    if fs::canonicalize(file)
        .is_ok_and(|real| fs::canonicalize(root).is_ok_and(|root| real.starts_with(root)))
    {
        return wrong(
            "it lies in the repository already",
            "boot plan shows what is linked where",
        );
    }
    if data.is_dir() {
        return wrong("it is a folder", "name the files in it one by one");
    }
    if data.is_symlink() {
        return wrong(
            "it is a link",
            "add the file that it leads to, or put that in its place first",
        );
    }
    if !data.is_file() || data.len() > LONGEST {
        return wrong(
            "it isn't a file of less than 16 MiB",
            "such a file is no dotfile",
        );
    }
    let bytes = fs::read(file).map_err(store::Error::io("read", file))?;
    if keys::is_private_key(file, &bytes) {
        return wrong(
            "it holds a private key, which belongs in no repository",
            "move it to the other machine by hand, or make a new one there",
        );
    }
    Ok(())
}
