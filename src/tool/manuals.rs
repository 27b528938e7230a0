//! Man pages and completions that a package ships, linked to where `man` and the shells look:
//! beside the bin folder and in the user's data folder. As with commands, what is boot's is told by
//! where a link leads, and nothing else is ever touched.
//!
//! They are worth less than the commands: a name that somebody else has stays theirs, and no
//! install fails for it.

use std::fs;
use std::path::{Path, PathBuf};

use super::expose::{is_dangling, leads_to};
use crate::package::wheel::CachedWheel;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Folders of a package's data, and the sections of `share/man`, that others look into.
const COMPLETIONS: [&str; 3] = [
    "share/bash-completion/completions",
    "share/zsh/site-functions",
    "share/fish/vendor_completions.d",
];

/// What `wheels` ship of them: paths below the environment, sorted.
pub(crate) fn of<'a>(wheels: impl IntoIterator<Item = &'a CachedWheel>) -> Vec<String> {
    let files = wheels.into_iter().flat_map(CachedWheel::data_files);
    let mut found: Vec<String> = files
        .filter(|path| is_manual(path) || is_completion(path))
        .map(str::to_string)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// `share/man/man1/x.1`, also in a language's folder; any section.
fn is_manual(path: &str) -> bool {
    let Some((folder, name)) = path
        .strip_prefix("share/man/")
        .and_then(|rest| rest.rsplit_once('/'))
    else {
        return false;
    };
    let section = folder.rsplit('/').next().unwrap_or(folder);
    section
        .strip_prefix("man")
        .is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()) && number.len() <= 3)
        && folder.split('/').count() <= 2
        && is_plain(name)
}

fn is_completion(path: &str) -> bool {
    path.rsplit_once('/')
        .is_some_and(|(folder, name)| COMPLETIONS.contains(&folder) && is_plain(name))
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.chars().any(char::is_control)
}

/// Links `files` of `tool`, whose environment is `home`, and removes links of the same tool that
/// aren't wanted any more.
///
/// # Errors
/// A link can't be written or removed. The caller holds the bin folder's lock.
pub(crate) fn link(paths: &Paths, tool: &str, home: &Path, files: &[String]) -> store::Result<()> {
    let mut kept = Vec::new();
    for file in files {
        let Some(link) = place(paths, file) else {
            continue;
        };
        let free = match fs::symlink_metadata(&link) {
            Ok(_) => leads_to(paths, &link).is_some_and(|owner| owner == tool),
            Err(_) => true,
        };
        if !free {
            continue;
        }
        let target = home.join(file);
        if !fs::read_link(&link).is_ok_and(|there| there == target) {
            if let Some(folder) = link.parent() {
                fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
            }
            atomic::symlink(&target, &link)?;
        }
        kept.push(link);
    }
    for stale in links_of(paths, tool) {
        if !kept.contains(&stale) {
            fs::remove_file(&stale).map_err(store::Error::io("remove", &stale))?;
        }
    }
    Ok(())
}

/// Removes all of them of `tool`.
pub(crate) fn unlink(paths: &Paths, tool: &str) -> store::Result<()> {
    link(paths, tool, &super::folder(paths, tool), &[])
}

/// `share/…` in the data folder of the user.
fn place(paths: &Paths, file: &str) -> Option<PathBuf> {
    Some(paths.xdg_data.join(file.strip_prefix("share/")?))
}

/// Links of boot's among them that lead to nothing, sorted.
pub(crate) fn dangling(paths: &Paths) -> Vec<PathBuf> {
    let mut found = links(paths);
    found.retain(|link| is_dangling(paths, link));
    found.sort();
    found
}

/// Every link that leads into `tool`.
fn links_of(paths: &Paths, tool: &str) -> Vec<PathBuf> {
    let mut found = links(paths);
    found.retain(|link| leads_to(paths, link).is_some_and(|owner| owner == tool));
    found
}

/// Everything that lies where links of man pages and completions would.
fn links(paths: &Paths) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect()
    };
    let man = paths.xdg_data.join("man");
    // Sections, languages, and the sections of languages.
    let first: Vec<PathBuf> = below(&man)
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    let second: Vec<PathBuf> = first.iter().flat_map(|folder| below(folder)).collect();
    let (folders, mut found): (Vec<PathBuf>, Vec<PathBuf>) = second
        .into_iter()
        .partition(|path| fs::symlink_metadata(path).is_ok_and(|data| data.is_dir()));
    found.extend(folders.iter().flat_map(|folder| below(folder)));
    found.extend(
        COMPLETIONS
            .iter()
            .filter_map(|folder| place(paths, folder))
            .flat_map(|folder| below(&folder)),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_manual_and_is_completion_know_only_their_paths() {
        for path in [
            "share/man/man1/x.1",
            "share/man/de/man5/x.5.gz",
            "share/man/man3p/x.3p",
        ] {
            assert!(is_manual(path), "{path}");
        }
        for path in [
            "share/man/x.1",
            "share/man/manual/x",
            "share/man/a/b/man1/x.1",
            "share/man/man1/",
            "share/doc/man1/x",
            "share/man/man1/.x",
        ] {
            assert!(!is_manual(path), "{path}");
        }
        assert!(
            is_completion("share/zsh/site-functions/_x")
                && !is_completion("share/zsh/site-functions/sub/x")
                && !is_completion("share/x")
        );
    }
}
