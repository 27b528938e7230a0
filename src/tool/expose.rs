//! The links in the bin folder: `~/.local/bin/black` leads to `tools/black/bin/black`.
//!
//! The folder is shared with others. What is boot's is told by where a link leads, and nothing else
//! is ever touched, unless `--force` says so, and then it is kept in the backups.

use std::fs;
use std::path::{Path, PathBuf};

use crate::package::requirement::Name;
use crate::report::escaped;
use crate::store::env;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Why a command can't be linked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} is there, and boot did not make it\nmove it away, or take the name over: boot tool \
             install --force (a copy is kept)", escaped(&path.to_string_lossy()))]
    Foreign { path: PathBuf },
    #[error("{} belongs to the tool {owner}\nboot tool unexpose {owner} {} frees it; boot tool \
             install also has --suffix for another name, and --force to take it \
             over", escaped(&path.to_string_lossy()), escaped(&path.file_name().unwrap_or_default().to_string_lossy()))]
    OtherTool { path: PathBuf, owner: String },
    #[error("{} is a folder\nmove it away: boot takes over files and links \
             only", escaped(&path.to_string_lossy()))]
    Folder { path: PathBuf },
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A foreign file or link that a command took the place of, kept in the backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The command's name in the bin folder.
    pub command: String,
    pub from: PathBuf,
    pub to: PathBuf,
}

/// Who has a name in the bin folder.
enum Owner {
    Nobody,
    Tool(String),
    Foreign,
    Folder,
}

fn owner(paths: &Paths, link: &Path) -> Owner {
    let Ok(data) = fs::symlink_metadata(link) else {
        return Owner::Nobody;
    };
    if data.is_dir() {
        return Owner::Folder;
    }
    match leads_to(paths, link) {
        Some(tool) => Owner::Tool(tool),
        None => Owner::Foreign,
    }
}

/// The tool that the link at `link` leads into; None if it leads elsewhere, or is no link.
pub(super) fn leads_to(paths: &Paths, link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    let tools = paths.tools();
    let inside = match target.strip_prefix(&tools) {
        Ok(inside) => inside.to_path_buf(),
        // The same folder by another name: a home directory behind a link.
        Err(_) => target
            .strip_prefix(fs::canonicalize(&tools).ok()?)
            .ok()?
            .to_path_buf(),
    };
    let plain = inside
        .components()
        .all(|part| matches!(part, std::path::Component::Normal(_)));
    plain.then(|| {
        inside
            .components()
            .next()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
    })?
}

/// Tells whether anything lies in the bin folder that isn't a link of `tool`.
pub(crate) fn is_shared(paths: &Paths, tool: &str) -> bool {
    let entries = fs::read_dir(&paths.bin).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| leads_to(paths, &path).is_none_or(|owner| owner != tool))
}

/// Finds the first of `names` that `tool` may not have.
pub(crate) fn check<'a>(
    paths: &Paths,
    tool: &str,
    names: impl IntoIterator<Item = &'a str>,
    force: bool,
) -> Result<(), Error> {
    for name in names {
        let path = paths.bin.join(name);
        match owner(paths, &path) {
            Owner::Folder => return Err(Error::Folder { path }),
            Owner::Foreign if !force => return Err(Error::Foreign { path }),
            Owner::Tool(owner) if owner != tool && !force => {
                return Err(Error::OtherTool { path, owner });
            }
            _ => {}
        }
    }
    Ok(())
}

/// The first name that an install of `tool` would find taken by somebody else, as far as that can
/// be told before it is resolved: its own name, `more`, and the commands of the environment that
/// pipx or uv has for it.
pub(crate) fn taken<'a>(
    paths: &Paths,
    tool: &'a str,
    more: impl IntoIterator<Item = &'a str>,
) -> Option<PathBuf> {
    let foreign = |path: &Path| matches!(owner(paths, path), Owner::Foreign);
    let named = [tool]
        .into_iter()
        .chain(more)
        .map(|name| paths.bin.join(name))
        .find(|path| foreign(path));
    named.or_else(|| {
        let entries = fs::read_dir(&paths.bin)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let theirs = |link: &PathBuf| {
            let Ok(target) = fs::read_link(link) else {
                return false;
            };
            let root = target
                .parent()
                .filter(|bin| bin.ends_with("bin"))
                .and_then(Path::parent);
            let same = root.and_then(Path::file_name).is_some_and(|name| {
                Name::normalize(&name.to_string_lossy()) == Name::normalize(tool)
            });
            let kept = root
                .and_then(Path::parent)
                .is_some_and(|folder| folder.ends_with("venvs") || folder.ends_with("tools"));
            same && kept && foreign(link)
        };
        let mut found: Vec<PathBuf> = entries.filter(theirs).collect();
        found.sort();
        found.into_iter().next()
    })
}

/// Makes the bin folder where it isn't there, and finds out whether a link can be made in it: a
/// tool that is published without its commands would be half a tool. What the folder's mode says is
/// not enough: its disk may be read-only, or full. What killed runs left in it goes.
///
/// # Errors
/// It can't be made, or nothing can be made in it.
pub(crate) fn make_ready(paths: &Paths) -> Result<(), Error> {
    fs::create_dir_all(&paths.bin).map_err(store::Error::io("create", &paths.bin))?;
    atomic::sweep(&paths.bin);
    Ok(atomic::try_link(&paths.bin)?)
}

/// Tells whether each `(name, script)` is linked as it should be, to a file that is there.
pub(crate) fn is_linked<'a>(
    paths: &Paths,
    scripts: &Path,
    apps: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> bool {
    apps.into_iter().all(|(name, script)| {
        let link = paths.bin.join(name);
        fs::read_link(&link).is_ok_and(|target| target == scripts.join(script))
            && fs::metadata(&link).is_ok_and(|data| data.is_file())
    })
}

/// Links those `(name, script)` whose name nobody has, before the environment is there that they
/// lead into. Gives the links that were made. The caller holds the bin folder's lock.
pub(crate) fn link_ahead<'a>(
    paths: &Paths,
    scripts: &Path,
    apps: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<PathBuf>, Error> {
    let mut made = Vec::new();
    for (name, script) in apps {
        let link = paths.bin.join(name);
        if let Owner::Nobody = owner(paths, &link) {
            atomic::symlink(&scripts.join(script), &link)?;
            made.push(link);
        }
    }
    Ok(made)
}

/// Those of `names` that are linked for another tool than `tool`, with that tool's name.
pub(crate) fn of_others<'a>(
    paths: &Paths,
    tool: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Vec<(&'a str, String)> {
    let owned = names
        .into_iter()
        .filter_map(|name| match owner(paths, &paths.bin.join(name)) {
            Owner::Tool(owner) if owner != tool => Some((name, owner)),
            _ => None,
        });
    owned.collect()
}

/// Links each `(name, script)` of `tool`, and removes links of the same tool that are no longer
/// wanted. Gives the foreign files that had to move. [`check`] has passed, and the caller holds the
/// bin folder's lock since.
pub(crate) fn link<'a>(
    paths: &Paths,
    tool: &str,
    scripts: &Path,
    apps: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<Moved>, Error> {
    let mut moved = Vec::new();
    let mut kept = Vec::new();
    for (name, script) in apps {
        let link = paths.bin.join(name);
        if let Owner::Foreign = owner(paths, &link) {
            moved.push(Moved {
                command: name.into(),
                to: set_aside(paths, &link)?,
                from: link.clone(),
            });
        }
        atomic::symlink(&scripts.join(script), &link)?;
        kept.push(link);
    }
    for stale in links_of(paths, tool) {
        if !kept.contains(&stale) {
            fs::remove_file(&stale).map_err(store::Error::io("remove", &stale))?;
        }
    }
    Ok(moved)
}

/// Links of boot's in the bin folder that lead into a tool which isn't there, or to a command that
/// it doesn't have.
pub(crate) fn dangling(paths: &Paths) -> Vec<PathBuf> {
    let entries = fs::read_dir(&paths.bin).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|link| is_dangling(paths, link))
        .collect();
    found.sort();
    found
}

/// Of those, the ones that lead into `tool`.
pub(crate) fn dangling_of(paths: &Paths, tool: &str) -> Vec<PathBuf> {
    links_of(paths, tool)
        .into_iter()
        .filter(|link| is_dangling(paths, link))
        .collect()
}

/// A tool whose receipt is there has it linked again when it is repaired; others are nobody's.
pub(super) fn is_dangling(paths: &Paths, link: &Path) -> bool {
    fs::metadata(link).is_err()
        && leads_to(paths, link).is_some_and(|tool| {
            let receipt = super::Receipt::read(&super::folder(paths, &tool))
                .ok()
                .flatten();
            !receipt.is_some_and(|receipt| {
                receipt
                    .apps
                    .iter()
                    .any(|app| paths.bin.join(&app.name) == link)
            })
        })
}

/// Removes such a link.
pub(crate) fn remove_dangling(paths: &Paths, link: &Path) -> Result<(), Error> {
    if is_dangling(paths, link) {
        fs::remove_file(link).map_err(store::Error::io("remove", link))?;
    }
    Ok(())
}

/// Removes all links of `tool`.
pub(crate) fn unlink(paths: &Paths, tool: &str) -> Result<(), Error> {
    for link in links_of(paths, tool) {
        fs::remove_file(&link).map_err(store::Error::io("remove", &link))?;
    }
    Ok(())
}

fn links_of(paths: &Paths, tool: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(&paths.bin) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .map(|entry| entry.path())
        .filter(|link| leads_to(paths, link).is_some_and(|owner| owner == tool))
        .collect()
}

/// Keeps a copy of a foreign file or link in the backups. The name is free afterwards.
fn set_aside(paths: &Paths, path: &Path) -> Result<PathBuf, Error> {
    let folder = paths.backups().join("bin");
    fs::create_dir_all(&folder).map_err(store::Error::io("create", &folder))?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let free = (0..).map(|number| {
        folder.join(if number == 0 {
            name.clone()
        } else {
            format!("{name}.{number}")
        })
    });
    let backup = free
        .into_iter()
        .find(|backup| fs::symlink_metadata(backup).is_err())
        .unwrap_or_else(|| folder.join(&name));
    if fs::rename(path, &backup).is_err() {
        match fs::read_link(path) {
            Ok(target) => std::os::unix::fs::symlink(target, &backup)
                .map_err(store::Error::io("keep a copy in", &backup))?,
            Err(_) => {
                fs::copy(path, &backup).map_err(store::Error::io("keep a copy in", &backup))?;
            }
        }
        fs::remove_file(path).map_err(store::Error::io("replace", path))?;
    }
    Ok(backup)
}

/// Tells whether the bin folder is on PATH.
pub(crate) fn is_on_path(paths: &Paths) -> bool {
    let Some(path) = env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|folder| folder == paths.bin)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::package::wheel::tests::paths;

    #[test]
    fn check_and_unlink_touch_only_links_into_the_tool() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        fs::create_dir_all(&paths.bin).unwrap();
        let bin = |name: &str| paths.bin.join(name);
        let scripts = |tool: &str| paths.tools().join(tool).join("bin");
        fs::create_dir_all(scripts("black")).unwrap();
        fs::write(scripts("black").join("black"), "").unwrap();
        link(
            &paths,
            "black",
            &scripts("black"),
            [("black", "black"), ("blackd", "blackd")],
        )
        .unwrap();
        fs::write(bin("mine"), "mine").unwrap();
        symlink("/usr/bin/env", bin("theirs")).unwrap();
        symlink(paths.tools().join("black/../../../x"), bin("tricky")).unwrap();
        fs::create_dir(bin("folder")).unwrap();

        assert!(check(&paths, "black", ["black", "free"], false).is_ok());
        assert!(
            matches!(check(&paths, "other", ["black"], false), Err(Error::OtherTool { owner, .. }) if owner == "black")
        );
        for name in ["mine", "theirs", "tricky"] {
            assert!(
                matches!(
                    check(&paths, "black", [name], false),
                    Err(Error::Foreign { .. })
                ),
                "{name}"
            );
            assert!(check(&paths, "black", [name], true).is_ok());
        }
        assert!(matches!(
            check(&paths, "black", ["folder"], true),
            Err(Error::Folder { .. })
        ));

        // A new version without blackd: its link goes, nobody else's does.
        link(&paths, "black", &scripts("black"), [("black", "black")]).unwrap();
        assert!(fs::symlink_metadata(bin("blackd")).is_err());
        assert!(is_linked(&paths, &scripts("black"), [("black", "black")]));
        unlink(&paths, "black").unwrap();
        let mut left: Vec<_> = fs::read_dir(&paths.bin)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["folder", "mine", "theirs", "tricky"]);
    }

    #[test]
    fn link_backs_up_what_force_replaces() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        fs::create_dir_all(&paths.bin).unwrap();
        for content in ["one", "two"] {
            let _ = fs::remove_file(paths.bin.join("black"));
            fs::write(paths.bin.join("black"), content).unwrap();
            let moved = link(
                &paths,
                "black",
                &paths.tools().join("black/bin"),
                [("black", "black")],
            )
            .unwrap();
            assert_eq!(moved[0].command, "black");
            assert_eq!(moved[0].from, paths.bin.join("black"));
            assert_eq!(fs::read_to_string(&moved[0].to).unwrap(), content);
        }
        assert_eq!(
            fs::read_dir(paths.backups().join("bin")).unwrap().count(),
            2
        );
    }
}
