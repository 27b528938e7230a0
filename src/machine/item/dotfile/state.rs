//! The state of a dotfile's place: what stands there, and whether boot may write to it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::list::{Dotfile, LARGEST, canonical};
use crate::machine::applied::{Applied, Placed};
use crate::machine::vars::Vars;
use crate::machine::{Error, Result};
use crate::manifest::Mode;
use crate::shell::rcfile;
use crate::store;
use crate::store::digest::Sha256;
use crate::store::paths::Paths;

/// The state of a dotfile's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FileState {
    Right,
    Missing,
    /// Boot's own, of an earlier time.
    Own,
    /// Somebody else's: what it is.
    Foreign(&'static str),
}

/// Checks that the place is boot's to write to: below the real home directory, and not among boot's
/// own files. `going` is a link above it that will be gone by then, see [`link_above`].
pub(crate) fn check_place(paths: &Paths, dotfile: &Dotfile, going: Option<&str>) -> Result<()> {
    let wrong = |reason: &str, hint: &'static str| Error::Content {
        what: format!("~/{}", dotfile.target),
        reason: reason.into(),
        hint,
    };
    let target = paths.home.join(&dotfile.target);
    if [&paths.data, &paths.state, &paths.cache]
        .iter()
        .any(|own| target.starts_with(own))
    {
        return Err(wrong(
            "it lies in a folder that boot keeps for itself",
            "remove it from the repository; nothing was done",
        ));
    }
    // The nearest folder above that is there: what is made is made in it.
    let made = going.map_or_else(|| target.clone(), |link| paths.home.join(link));
    let above = made
        .ancestors()
        .skip(1)
        .find(|folder| fs::symlink_metadata(folder).is_ok())
        .unwrap_or(&paths.home);
    let Ok(real) = fs::canonicalize(above) else {
        return Err(wrong(
            "a folder above it is a link that leads nowhere",
            "remove that link first; nothing was done",
        ));
    };
    let in_repository =
        fs::canonicalize(&dotfile.place.root).is_ok_and(|root| real.starts_with(root));
    if dotfile.mode != Mode::Link && in_repository {
        // What is copied there would take the place of a file of the repository, its own source as
        // a rule.
        return Err(wrong(
            "a folder above it is a link into the repository, where a copy would replace the file \
             that it is made from",
            "remove that link first, or link the file: remove its line from [dotfiles]; nothing \
             was done",
        ));
    }
    if !in_repository && !real.starts_with(canonical(&paths.home)?) {
        return Err(wrong(
            "a folder above it is a link that leads out of the home directory",
            "remove the link, or the dotfile; nothing was done",
        ));
    }
    Ok(())
}

/// A folder above the dotfile that boot itself has linked whole, by its path below the home
/// directory. Who asks for the dotfile asks for that link no more.
pub(crate) fn link_above<'a>(paths: &Paths, applied: &'a Applied, target: &str) -> Option<&'a str> {
    let mut above = Path::new(target)
        .ancestors()
        .skip(1)
        .filter_map(Path::to_str);
    above.find_map(|folder| {
        let (folder, placed) = applied.dotfiles.get_key_value(folder)?;
        (matches!(placed, Placed::Link(_)) && is_placed_at(paths, folder, placed))
            .then_some(folder.as_str())
    })
}

/// The state of what stands at the dotfile's place.
pub(crate) fn file_state(
    paths: &Paths,
    vars: &Vars,
    applied: &Applied,
    dotfile: &Dotfile,
) -> FileState {
    let target = paths.home.join(&dotfile.target);
    let data = match fs::symlink_metadata(&target) {
        Ok(data) => data,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return FileState::Foreign("has a file where a folder should be");
        }
        Err(_) => return FileState::Missing,
    };
    let placed = applied.dotfiles.get(&dotfile.target);
    if data.is_symlink() {
        return link_state(&target, placed, dotfile);
    }
    // Through a folder that is itself a link into the repository: the file *is* the source, and
    // replacing it would destroy it.
    if dotfile.mode == Mode::Link && is_source(&target, dotfile) {
        return FileState::Right;
    }
    if data.is_dir() {
        return FileState::Foreign("is a folder");
    }
    if !data.is_file() {
        // Reading a pipe would wait for ever.
        return FileState::Foreign("is neither a file nor a folder");
    }
    let ours = match placed {
        Some(Placed::Copy(ours)) => Some(ours),
        _ => None,
    };
    if dotfile.mode == Mode::Link && ours.is_none() {
        return FileState::Foreign("is a file");
    }
    // What is larger isn't boot's.
    let bytes = Some(&target)
        .filter(|_| data.len() <= 2 * LARGEST)
        .and_then(|target| fs::read(target).ok());
    let hash = bytes.as_deref().map(hash_without_hook);
    if dotfile.mode != Mode::Link
        && let Some(bytes) = bytes
    {
        if rcfile::without(&bytes).is_none() {
            // There is nothing in it but the hook, which stays.
            return FileState::Own;
        }
        let wanted = dotfile.content(vars);
        let wanted = wanted.ok().map(|bytes| hash_without_hook(&bytes));
        if hash == wanted && has_right_mode(&data, applied, dotfile) {
            return FileState::Right;
        }
    }
    if hash.is_some() && hash.as_ref() == ours {
        FileState::Own
    } else {
        FileState::Foreign("is a file")
    }
}

/// Tells whether `target` is the dotfile's source by another way.
fn is_source(target: &Path, dotfile: &Dotfile) -> bool {
    let source = fs::canonicalize(dotfile.place.root.join(&dotfile.source));
    source.is_ok_and(|source| fs::canonicalize(target).is_ok_and(|real| real == source))
}

/// The state of a link at the dotfile's place.
fn link_state(target: &Path, placed: Option<&Placed>, dotfile: &Dotfile) -> FileState {
    let source = dotfile.place.root.join(&dotfile.source);
    match (fs::read_link(target).ok(), placed) {
        (Some(leads), _) if dotfile.mode == Mode::Link && leads == source => FileState::Right,
        (Some(leads), Some(Placed::Link(ours))) if leads == *ours => FileState::Own,
        // Somebody's own link, to the same file by another way: stow's are relative.
        _ if dotfile.mode == Mode::Link && is_source(target, dotfile) => FileState::Right,
        _ => FileState::Foreign("is a link"),
    }
}

/// Tells whether a copy has the mode that it should have. Without `chmod` that may be somebody's
/// choice; only a source whose mode has changed is followed.
fn has_right_mode(data: &fs::Metadata, applied: &Applied, dotfile: &Dotfile) -> bool {
    match dotfile.chmod {
        Some(mode) => data.mode() & 0o777 == mode,
        None => applied
            .modes
            .get(&dotfile.target)
            .is_none_or(|mode| source_mode(&dotfile.from()).is_ok_and(|now| now == *mode)),
    }
}

/// Of a file's bytes without the hook's block: that comes and goes by other ways.
pub(super) fn hash_without_hook(bytes: &[u8]) -> Sha256 {
    Sha256::of(&rcfile::without(bytes).unwrap_or_default())
}

/// Tells whether what boot placed can be taken away: it is as boot left it, and isn't a file of a
/// repository, seen through a link above it.
pub(crate) fn can_go(paths: &Paths, applied: &Applied, target: &str) -> bool {
    let Some(placed) = applied
        .dotfiles
        .get(target)
        .filter(|placed| is_placed_at(paths, target, placed))
    else {
        return false;
    };
    let real = paths
        .home
        .join(target)
        .parent()
        .and_then(|folder| fs::canonicalize(folder).ok());
    let is_within = |root: &Path| {
        real.as_ref()
            .is_some_and(|real| fs::canonicalize(root).is_ok_and(|root| real.starts_with(root)))
    };
    let in_repository = || {
        is_within(&paths.data)
            || applied
                .source
                .as_ref()
                .is_some_and(|source| is_within(&source.root))
    };
    link_above(paths, applied, target).is_none()
        && (matches!(placed, Placed::Link(_)) || !in_repository())
}

/// Tells whether something that boot placed, and that the manifest asks for no more, is still there
/// as boot left it.
pub(crate) fn is_placed_at(paths: &Paths, target: &str, placed: &Placed) -> bool {
    is_placed(&paths.home.join(target), placed)
}

/// Tells whether what boot placed stands at `path`.
pub(crate) fn is_placed(path: &Path, placed: &Placed) -> bool {
    match placed {
        Placed::Link(ours) => fs::read_link(path).is_ok_and(|leads| leads == *ours),
        Placed::Copy(ours) => {
            let is_file = fs::symlink_metadata(path).is_ok_and(|data| data.is_file());
            is_file && fs::read(path).is_ok_and(|bytes| hash_without_hook(&bytes) == *ours)
        }
    }
}

/// The bits of a file's mode that a copy has too.
pub(super) fn source_mode(source: &Path) -> Result<u32> {
    Ok(fs::metadata(source)
        .map_err(store::Error::io("read", source))?
        .mode()
        & 0o777)
}
