//! Keeps a project's link `.venv` out of `git status`. Patterns that end in a slash, as most
//! projects have them, match folders and no links, so the repository's own `info/exclude` gets a
//! line where nothing else ignores it. Git isn't started: in a hostile checkout that runs what its
//! configuration says.

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::OFlags;

use super::venv::NAME;
use crate::store::{file, owner};

/// The line that is written.
const LINE: &str = ".venv";
/// Plain patterns that match a link of this name; those that are missed cost a line that says it
/// twice.
const MATCHING: [&str; 7] = [".venv", "/.venv", "**/.venv", ".venv*", ".*", "*", ".v*"];
/// Files of patterns are short.
const LONGEST_PATTERNS: u64 = 1 << 20;
/// The largest index of a repository that is looked at, in bytes.
const LONGEST_INDEX: u64 = 256 << 20;

/// Has git ignore the `.venv` of `project`, if it lies in a repository of the user's. Best effort:
/// the environment works without.
pub(super) fn ignore(project: &Path) {
    let Some((top, folder)) = repository(project) else {
        return;
    };
    let own = |file: &Path| names_it(file);
    let exclude = folder.join("info/exclude");
    let mut above = project
        .ancestors()
        .take_while(|folder| folder.starts_with(&top));
    if own(&exclude) || above.any(|folder| own(&folder.join(".gitignore"))) {
        return;
    }
    let info = folder.join("info");
    let _ = fs::create_dir(&info);
    if !fs::symlink_metadata(&info).is_ok_and(|data| data.is_dir() && owner::is_own(&data)) {
        // A link could lead anywhere.
        return;
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
    let opened = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .custom_flags(flags)
        .open(&exclude);
    let Ok(mut opened) = opened else { return };
    let Ok(data) = opened.metadata() else { return };
    if !data.is_file() || data.nlink() != 1 {
        return;
    }
    let ends = fs::read(&exclude).is_ok_and(|text| text.is_empty() || text.ends_with(b"\n"));
    let line = if ends {
        format!("{LINE}\n")
    } else {
        format!("\n{LINE}\n")
    };
    let _ = opened.write_all(line.as_bytes());
}

/// As [`ignore`], where the repository was made after `time`: `git init` came after the
/// environment.
pub(super) fn ignore_in_new_repository(project: &Path, time: SystemTime) {
    let is_new = repository(project)
        .and_then(|(_, folder)| fs::metadata(folder).ok()?.created().ok())
        .is_some_and(|created| created > time);
    if is_new {
        ignore(project);
    }
}

/// Tells whether the repository that `project` lies in has the link `.venv` itself under control.
pub(super) fn is_link_tracked(project: &Path) -> bool {
    has_in_index(project, |index, below| {
        // A name stands behind its own length, in the low bits of the flags.
        let length = (below.len().min(0xfff) as u16).to_be_bytes();
        let name = [&length[..], below, b"\0"].concat();
        let is_same = |window: &[u8]| window[0] & 0x0f == name[0] && window[1..] == name[1..];
        index.windows(name.len()).any(is_same)
    })
}

/// Tells whether the repository that `project` lies in has files below its `.venv` under control:
/// then a checkout has written there.
pub(super) fn is_tracked(project: &Path) -> bool {
    has_in_index(project, |index, below| {
        // Version 4 writes of each name only what the one before has not: the end has to do.
        let is_compressed = index.get(4..8) == Some(&[0, 0, 0, 4]);
        let name = if is_compressed {
            b"venv/".to_vec()
        } else {
            [below, b"/"].concat()
        };
        index.windows(name.len()).any(|window| window == name)
    })
}

/// Asks `has` of the repository's index and the path of the project's `.venv` in it.
fn has_in_index(project: &Path, has: impl FnOnce(&[u8], &[u8]) -> bool) -> bool {
    let Some((top, _)) = repository(project) else {
        return false;
    };
    let git = top.join(".git");
    let own = if git.is_dir() {
        Some(git)
    } else {
        pointed_to(&git)
    };
    let Some(own) = own else { return false };
    let Ok(mut index) = file::read_bounded(&own.join("index"), LONGEST_INDEX) else {
        return false;
    };
    // The other half of a split index.
    let names = fs::read_dir(&own)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let is_shared = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.as_bytes().starts_with(b"sharedindex."))
    };
    index.extend(
        names
            .filter(is_shared)
            .filter_map(|path| file::read_bounded(&path, LONGEST_INDEX).ok())
            .flatten(),
    );
    let real = fs::canonicalize(project).unwrap_or_else(|_| project.into());
    let below = real.strip_prefix(&top).unwrap_or(Path::new("")).join(NAME);
    has(&index, below.as_os_str().as_bytes())
}

/// Tells whether a file of patterns has one that plainly matches the link.
fn names_it(patterns: &Path) -> bool {
    let Ok(text) = file::read_bounded(patterns, LONGEST_PATTERNS) else {
        return false;
    };
    text.split(|byte| *byte == b'\n').any(|line| {
        MATCHING
            .iter()
            .any(|pattern| line.trim_ascii_end() == pattern.as_bytes())
    })
}

/// The top of the working tree that `project` lies in, and the folder of the repository that its
/// worktrees share.
fn repository(project: &Path) -> Option<(PathBuf, PathBuf)> {
    let real = fs::canonicalize(project).ok()?;
    let top = real
        .ancestors()
        .find(|folder| fs::symlink_metadata(folder.join(".git")).is_ok())?;
    let git = top.join(".git");
    let own = if fs::symlink_metadata(&git).ok()?.is_dir() {
        git
    } else {
        let own = fs::canonicalize(pointed_to(&git)?).ok()?;
        is_pointed_back(&own, &git, &real).then_some(own)?
    };
    let shared = match file::read_bounded(&own.join("commondir"), 4096) {
        Ok(text) => own.join(Path::new(std::ffi::OsStr::from_bytes(text.trim_ascii()))),
        Err(_) => own,
    };
    // What a repository is known by; and nothing of anybody else's is written to.
    let is_one = shared.join("HEAD").is_file()
        && shared.join("objects").is_dir()
        && shared.join("refs").is_dir();
    let data = fs::metadata(&shared).ok()?;
    (is_one && owner::is_own(&data)).then(|| (top.to_path_buf(), shared))
}

/// Tells whether the repository's folder `own` knows of the working tree whose `.git` is a file: a
/// worktree's folder names that file, a submodule's lies in the repository around it. An archive
/// can write any path into such a file.
fn is_pointed_back(own: &Path, git: &Path, project: &Path) -> bool {
    let named = file::read_bounded(&own.join("gitdir"), 4096).ok();
    let named = named.map(|text| own.join(std::ffi::OsStr::from_bytes(text.trim_ascii())));
    let is_worktrees = named.is_some_and(|named| {
        fs::canonicalize(named)
            .is_ok_and(|named| fs::canonicalize(git).is_ok_and(|git| git == named))
    });
    is_worktrees
        || project
            .ancestors()
            .any(|folder| own.starts_with(folder.join(".git/modules")))
}

/// The folder that the file `.git` of a worktree or a submodule names.
fn pointed_to(git: &Path) -> Option<PathBuf> {
    let text = file::read_bounded(git, 4096).ok()?;
    let path = text.strip_prefix(b"gitdir:")?.trim_ascii();
    Some(git.parent()?.join(std::ffi::OsStr::from_bytes(path)))
}
