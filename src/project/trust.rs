//! Which environments may be put on PATH: those in boot's own folder, and those that the user
//! named.
//!
//! A checkout can bring a `.venv` with a `python`, a `git` and an `ls` inside, and a prompt that
//! runs git would run that one with no key pressed. So an environment outside of boot's folder is
//! known by its canonical path *and* its inode and birth, in a file that no project can write; and
//! only [`check`] and [`check_environment`] make the type that the hook's output accepts.

mod store;

use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::store::{Entry, Tree, TrustStore};
use super::environment::{self, Environment, Standing};
use super::{Error, exclude, venv};
use crate::Context;
use crate::report::escaped;
use crate::shell::quote;
use crate::store::paths::Paths;
use crate::store::{Error as StoreError, generation, owner};

/// An environment that may be put on PATH. Made by [`check`] and [`check_environment`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrustedVenv {
    root: PathBuf,
    made: bool,
}

impl TrustedVenv {
    /// Its canonical path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Made by boot, which may change it; others are only trusted.
    pub(crate) fn is_made(&self) -> bool {
        self.made
    }
}

/// Why an environment isn't put on PATH. Each is one line, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{} wasn't made by boot, so it isn't activated; if you trust it: boot trust \
             {}", shown(.0), project_of(.0))]
    Unknown(PathBuf),
    #[error("{} was replaced since it was trusted, so it isn't activated; if you did that: boot \
             trust {}", shown(.0), project_of(.0))]
    Replaced(PathBuf),
    #[error("{} is a link, so it isn't activated: it could lead anywhere", shown(.0))]
    Link(PathBuf),
    #[error("{} isn't a virtual environment, so it isn't activated", shown(.0))]
    NoVenv(PathBuf),
    #[error("{} belongs to somebody else, so {} isn't activated", shown(.0), shown(.1))]
    Owner(PathBuf, PathBuf),
    #[error(
        "{} was made at {}, which its commands still name, so it isn't activated; to make it \
         again: boot venv --clear",
        shown(.0),
        shown(.1)
    )]
    Moved(PathBuf, PathBuf),
    #[error(
        "{} leads to the environment of {}, so it isn't activated; to use that here too: boot \
         trust {}",
        shown(.0),
        shown(.1),
        project_of(.0)
    )]
    OfAnother(PathBuf, PathBuf),
    #[error("others can write to {}, so {} isn't activated; to change that: chmod go-w {} && boot \
             trust {}", shown(.0), shown(.1), quote::for_message(.0), project_of(.1))]
    Writable(PathBuf, PathBuf),
    #[error(
        "{} has files of the repository in it, so it isn't activated; to make another: git rm -r \
         --cached .venv && boot venv --clear",
        shown(.0)
    )]
    Tracked(PathBuf),
    #[error("{} isn't trusted any more, so its environment isn't activated; to have that again: \
             boot trust {}", shown(.0), quote::for_message(.0))]
    Untrusted(PathBuf),
    #[error("{}, so {} isn't activated; {}", .0, shown(.1), .0.advice(project(.1)))]
    Open(Box<owner::OpenFolder>, PathBuf),
    #[error("{} has a colon in its path, which PATH can't hold, so it isn't activated", shown(.0))]
    Colon(PathBuf),
}

/// A path for a message.
pub(super) fn shown(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// Returns the argument for `boot trust`, quoted. A named environment stands in no project.
fn project_of(venv: &Path) -> String {
    quote::for_message(project(venv))
}

/// The folder that an environment belongs to.
fn project(venv: &Path) -> &Path {
    let in_project = venv.file_name().is_some_and(|name| name == venv::NAME);
    venv.parent().filter(|_| in_project).unwrap_or(venv)
}

/// Checks that `venv` may be activated: it is known, and nobody else can change it.
pub(crate) fn check(paths: &Paths, venv: &Path) -> Result<TrustedVenv, Refusal> {
    let (root, data) = check_folder(venv)?;
    // A trust store that can't be read trusts nothing.
    let store = TrustStore::read(paths).unwrap_or_default();
    let mut known = store
        .venv
        .iter()
        .filter(|entry| entry.path.0 == root)
        .peekable();
    let replaced = known.peek().is_some();
    if let Some(entry) = known.find(|entry| entry.is(&data)) {
        return Ok(TrustedVenv {
            root,
            made: entry.made,
        });
    }
    if store.has_in_a_tree(&root) {
        return Ok(TrustedVenv { root, made: false });
    }
    let moved = store
        .venv
        .iter()
        .find(|entry| entry.made && entry.is(&data));
    Err(if let Some(entry) = moved {
        Refusal::Moved(root, entry.path.0.clone())
    } else if replaced {
        Refusal::Replaced(root)
    } else {
        Refusal::Unknown(root)
    })
}

/// As [`check`], of an environment that stands at the `.venv` of `project`: what is under version
/// control there was written by a checkout, whoever vouches for the folder.
pub(crate) fn check_in_project(
    paths: &Paths,
    project: &Path,
    root: &Path,
) -> Result<TrustedVenv, Refusal> {
    let trusted = check(paths, root).map_err(|refusal| {
        match (&refusal, environment::find_owner(paths, root)) {
            (Refusal::Unknown(_), Some(owner)) => {
                Refusal::OfAnother(project.join(venv::NAME), owner)
            }
            _ => refusal,
        }
    })?;
    let is_inside = fs::canonicalize(project).is_ok_and(|project| root.starts_with(project));
    if is_inside && exclude::is_tracked(project) {
        Err(Refusal::Tracked(root.into()))
    } else {
        Ok(trusted)
    }
}

/// A project's environment in boot's own folder: nobody else can write there, unless the folder was
/// opened to others.
pub(crate) fn check_environment(environment: &Environment) -> Result<TrustedVenv, Refusal> {
    if environment.is_untrusted() {
        return Err(Refusal::Untrusted(environment.project().into()));
    }
    let (root, _) = check_folder(environment.root())?;
    Ok(TrustedVenv { root, made: true })
}

/// Checks the conditions on an environment, whoever vouches for it. Returns its canonical path and
/// its folder's data.
fn check_folder(venv: &Path) -> Result<(PathBuf, Metadata), Refusal> {
    let none = |_| Refusal::NoVenv(venv.into());
    let data = fs::symlink_metadata(venv).map_err(none)?;
    if data.is_symlink() {
        return Err(Refusal::Link(venv.into()));
    }
    let root = fs::canonicalize(venv).map_err(none)?;
    let bin = root.join("bin");
    if fs::symlink_metadata(&bin).map_err(none)?.is_symlink() {
        return Err(Refusal::Link(bin));
    }
    if !data.is_dir()
        || !bin.is_dir()
        || !fs::symlink_metadata(root.join(venv::CONFIG))
            .map_err(none)?
            .is_file()
    {
        return Err(Refusal::NoVenv(root));
    }
    if root.as_os_str().as_bytes().contains(&b':') {
        return Err(Refusal::Colon(root));
    }
    for folder in [&root, &bin] {
        let data = fs::metadata(folder).map_err(none)?;
        if !owner::is_own_or_roots(&data) {
            return Err(Refusal::Owner(folder.into(), root.clone()));
        }
        if owner::others_can_write(&data) {
            return Err(Refusal::Writable(folder.into(), root.clone()));
        }
    }
    // Whoever may rename things above it may put another environment in its place.
    if let Some(open) = owner::first_open_folder(root.parent().unwrap_or(&root)) {
        return Err(Refusal::Open(Box::new(open), root));
    }
    Ok((root, data))
}

/// Notes that `folder`, which boot made, is the environment at the canonical path `target`, or will
/// be once it is published: a run that is cut in between leaves no environment of boot's that
/// nothing is known of. What stands there until then stays known.
pub(crate) fn record(ctx: &Context, target: &Path, folder: &Path) -> Result<(), Error> {
    let data = fs::symlink_metadata(folder).map_err(StoreError::io("find", folder))?;
    write_entry(ctx, target, &data, true)
}

/// Trusts the environment of the project `folder`, or `folder` itself where that is one; returns
/// its path, and false if it could be activated before.
///
/// # Errors
/// There is none; or others can write to it or to a folder above it.
pub(crate) fn trust(ctx: &Context, folder: &Path) -> Result<(PathBuf, bool), Error> {
    let link = folder.join(venv::NAME);
    let venv = if folder.join(venv::CONFIG).exists() {
        folder.to_path_buf()
    } else {
        match environment::inspect(&ctx.paths, folder) {
            Standing::Own(environment)
            | Standing::Renamed(environment)
            | Standing::Moved(environment, _) => {
                let changed = environment.set_untrusted(false)?;
                generation::advance(&ctx.paths)?;
                return Ok((link, changed));
            }
            Standing::Foreign(root) => root,
            Standing::Unusable => return Err(Error::Refused(Refusal::NoVenv(link))),
            Standing::Nothing | Standing::Copied(_) | Standing::Dangling => {
                return Err(Error::Nothing(folder.into()));
            }
        }
    };
    if check(&ctx.paths, &venv).is_ok() {
        // It may have been refused for what has been put right since: open shells are to look
        // again.
        generation::advance(&ctx.paths)?;
        return Ok((venv, false));
    }
    let (root, data) = check_folder(&venv).map_err(Error::Refused)?;
    write_entry(ctx, &root, &data, false)?;
    Ok((root, true))
}

fn write_entry(ctx: &Context, root: &Path, data: &Metadata, made: bool) -> Result<(), Error> {
    let there = fs::symlink_metadata(root).ok();
    TrustStore::change(ctx, |store| {
        let is_there = |entry: &Entry| there.as_ref().is_some_and(|data| entry.is(data));
        store
            .venv
            .retain(|entry| entry.path.0 != root || (is_there(entry) && !entry.is(data)));
        store.venv.push(Entry::new(root.into(), data, made));
        true
    })?;
    Ok(())
}

/// Trusts every environment below `folder`, those to come included. False if it was trusted before.
pub(crate) fn trust_tree(ctx: &Context, folder: &Path) -> Result<bool, Error> {
    let root = fs::canonicalize(folder).map_err(StoreError::io("find", folder))?;
    TrustStore::change(ctx, |store| {
        let exceptions = store.except.len();
        store.except.retain(|tree| !tree.path.0.starts_with(&root));
        let new = !store.tree.iter().any(|tree| tree.path.0 == root);
        if new {
            store.tree.push(Tree::of(&root));
        }
        new || store.except.len() != exceptions
    })
}

/// Trusts nothing of `folder` any more: its environment, itself as an environment, and itself as a
/// tree; in another tree it becomes an exception. False if nothing of it was trusted.
pub(crate) fn untrust(ctx: &Context, folder: &Path) -> Result<bool, Error> {
    if let Standing::Own(environment)
    | Standing::Renamed(environment)
    | Standing::Moved(environment, _) = environment::inspect(&ctx.paths, folder)
    {
        let changed = environment.set_untrusted(true)?;
        generation::advance(&ctx.paths)?;
        return Ok(changed);
    }
    let root = fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
    TrustStore::change(ctx, |store| {
        let known = drop_venvs(store, &root);
        let trees = store.tree.len();
        store.tree.retain(|tree| tree.path.0 != root);
        let in_another = store.has_in_a_tree(&root);
        if in_another {
            store.except.push(Tree::of(&root));
        }
        // An exception means nothing outside of every tree.
        let TrustStore { tree, except, .. } = store;
        except.retain(|exception| {
            tree.iter()
                .any(|tree| exception.path.0.starts_with(&tree.path.0))
        });
        known || in_another || trees != store.tree.len()
    })
}

/// Forgets the environment at the canonical path `venv`, which is gone.
pub(crate) fn forget(ctx: &Context, venv: &Path) -> Result<bool, Error> {
    TrustStore::change(ctx, |store| drop_venvs(store, venv))
}

fn drop_venvs(store: &mut TrustStore, root: &Path) -> bool {
    let before = store.venv.len();
    store
        .venv
        .retain(|entry| entry.path.0 != root && entry.path.0 != root.join(venv::NAME));
    before != store.venv.len()
}

/// A line in the list of trusted environments and folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub path: PathBuf,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Made by boot.
    Made,
    /// Trusted by hand.
    Trusted,
    /// A folder of whose environments all are trusted.
    Tree,
    /// A folder in such a tree of whose environments none is.
    Except,
}

/// Everything that is trusted, by path.
pub(crate) fn list_trusted(paths: &Paths) -> Result<Vec<Known>, Error> {
    let store = TrustStore::read(paths)?;
    let venvs = store.venv.into_iter().map(|entry| Known {
        path: entry.path.0,
        kind: if entry.made {
            Kind::Made
        } else {
            Kind::Trusted
        },
    });
    let trees = store.tree.into_iter().map(|tree| Known {
        path: tree.path.0,
        kind: Kind::Tree,
    });
    let exceptions = store.except.into_iter().map(|tree| Known {
        path: tree.path.0,
        kind: Kind::Except,
    });
    let mut all: Vec<Known> = venvs.chain(trees).chain(exceptions).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all.dedup();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Silent;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::Arc;

    fn context(home: &Path) -> Context {
        let paths = Paths::from(&|name| (name == "HOME").then(|| home.into())).unwrap();
        Context::new(paths, Arc::new(Silent), true)
    }

    fn venv(project: &Path) -> PathBuf {
        let venv = project.join(".venv");
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::write(venv.join("pyvenv.cfg"), "home = /x\n").unwrap();
        for folder in [project, &venv, &venv.join("bin")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::canonicalize(venv).unwrap()
    }

    #[test]
    fn check_accepts_only_recorded_unchanged_folder() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        let venv_path = venv(&home.path().join("p"));
        assert_eq!(
            check(&ctx.paths, &venv_path),
            Err(Refusal::Unknown(venv_path.clone()))
        );
        record(&ctx, &venv_path, &venv_path).unwrap();
        assert_eq!(check(&ctx.paths, &venv_path).unwrap().root(), venv_path);
        // Another folder in its place; the old one is kept so that its inode isn't used again.
        fs::rename(&venv_path, home.path().join("old")).unwrap();
        venv(&home.path().join("p"));
        assert_eq!(
            check(&ctx.paths, &venv_path),
            Err(Refusal::Replaced(venv_path.clone()))
        );
        assert!(trust(&ctx, &venv_path).unwrap().1);
        assert!(!trust(&ctx, &venv_path).unwrap().1);
        assert!(untrust(&ctx, &home.path().join("p")).unwrap());
        assert!(check(&ctx.paths, &venv_path).is_err());
    }

    #[test]
    fn trust_tree_matches_components() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        let (inside, outside) = (
            venv(&home.path().join("w/app/x")),
            venv(&home.path().join("w/app-evil")),
        );
        assert!(trust_tree(&ctx, &home.path().join("w/app")).unwrap());
        assert!(check(&ctx.paths, &inside).is_ok());
        assert!(check(&ctx.paths, &outside).is_err());
    }

    #[test]
    fn check_refuses_links_open_folders_and_colons() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        trust_tree(&ctx, home.path()).unwrap();
        let real = venv(&home.path().join("real"));
        fs::create_dir(home.path().join("q")).unwrap();
        symlink(&real, home.path().join("q/.venv")).unwrap();
        assert!(matches!(
            check(&ctx.paths, &home.path().join("q/.venv")),
            Err(Refusal::Link(_))
        ));
        fs::set_permissions(home.path().join("real"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(check(&ctx.paths, &real), Err(Refusal::Open(..))));
        let colon = venv(&home.path().join("a:b"));
        assert!(matches!(check(&ctx.paths, &colon), Err(Refusal::Colon(_))));
        assert!(matches!(
            trust(&ctx, &colon),
            Err(Error::Refused(Refusal::Colon(_)))
        ));
    }

    #[test]
    fn record_before_replacement_keeps_both_known() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        let (old, new) = (
            venv(&home.path().join("p")),
            venv(&home.path().join("staging")),
        );
        record(&ctx, &old, &old).unwrap();
        record(&ctx, &old, &new).unwrap();
        assert!(check(&ctx.paths, &old).is_ok());
        fs::rename(&old, home.path().join("old")).unwrap();
        fs::rename(&new, &old).unwrap();
        assert!(check(&ctx.paths, &old).unwrap().is_made());
        record(&ctx, &old, &old).unwrap();
        assert_eq!(TrustStore::read(&ctx.paths).unwrap().venv.len(), 1);
    }
}
