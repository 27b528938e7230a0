//! `extends`: a team's manifest below one's own. Tables merge by key, lists are united, the nearer
//! file wins. A repository is taken at the commit that the lock says, else at the one that was
//! taken here before, else as it is now; until somebody agrees it is kept nowhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::machine::applied::Applied;
use crate::machine::repository::{self, Repository};
use crate::machine::{Error, Result};
use crate::manifest::address::{Address, is_commit};
use crate::manifest::lock::{Lock, Pinned};
use crate::manifest::{self, Extends, Manifest, Place, is_same_tool};
use crate::net::{endpoints, git, shown};
use crate::store::atomic::Staging;
use crate::store::digest::{self, Sha256};
use crate::{Context, store};

/// Longer chains are a mistake.
const DEEPEST: usize = 8;

/// A manifest with all that it extends, and what was fetched for it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub manifest: Manifest,
    fetched: Vec<Fetched>,
}

/// A repository in staging.
#[derive(Debug)]
struct Fetched {
    staging: Option<Staging>,
    root: PathBuf,
    /// Folders that were made for it, the deepest first.
    made: Vec<PathBuf>,
}

/// Whoever doesn't agree has nothing left of it, not even an empty folder.
impl Drop for Fetched {
    fn drop(&mut self) {
        if self.staging.take().is_some() {
            // Fails, as it should, where something else lies in it by now.
            let _ = self.made.iter().try_for_each(fs::remove_dir);
        }
    }
}

impl Loaded {
    /// Tells whether something was fetched that isn't at its place yet.
    pub(crate) fn is_new(&self) -> bool {
        self.fetched.iter().any(|fetched| fetched.staging.is_some())
    }

    /// Fails where another commit, or none, is to take the place of one whose files somebody has
    /// changed: linked dotfiles are edited where they lie.
    pub(crate) fn keep_changes(&self, ctx: &Context, applied: &Applied) -> Result<()> {
        for (repo, before) in &applied.extends {
            if self
                .manifest
                .commits
                .get(repo)
                .is_some_and(|now| now.commit == *before)
            {
                continue;
            }
            let Ok(Address::Git(url)) = Address::in_manifest(repo, &endpoints::git_host()) else {
                continue;
            };
            let folder = folder(ctx, &url, before);
            if folder.is_dir() && is_changed(&folder, applied.contents.get(repo))? {
                return Err(Error::Repo {
                    reason: format!(
                        "{} has changes of yours, and is no longer the {repo} that is \
                                     asked for",
                        ctx.paths.tilde(&folder)
                    ),
                    hint:
                        "take them over into your own repository, then put the files there back, \
                           or move the folder away"
                            .into(),
                });
            }
        }
        Ok(())
    }

    /// Moves what was fetched to its place, and remembers which commits were taken.
    pub(crate) fn settle(&mut self, ctx: &Context, applied: &mut Applied) -> Result<()> {
        for fetched in &mut self.fetched {
            if let Some(staging) = fetched.staging.take()
                && fs::symlink_metadata(&fetched.root).is_err()
            {
                let root = &fetched.root;
                fs::rename(staging.path().join("repository"), root)
                    .map_err(store::Error::io("publish", root))?;
            }
        }
        let taken = || self.manifest.commits.iter();
        let commits: BTreeMap<String, String> = taken()
            .map(|(repo, taken)| (repo.clone(), taken.commit.clone()))
            .collect();
        let contents: BTreeMap<String, Sha256> = taken()
            .filter_map(|(repo, taken)| Some((repo.clone(), taken.sha256?)))
            .collect();
        if applied.extends != commits || applied.contents != contents {
            (applied.extends, applied.contents) = (commits, contents);
            applied.write(&ctx.paths)?;
        }
        Ok(())
    }
}

/// The commits at which extended repositories are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commits {
    /// Those of the lock, else those that were taken here before.
    Pinned,
    /// The newest.
    Newest,
}

/// Reads the manifest of a repository and of those that it extends.
pub(crate) fn load(
    ctx: &Context,
    repository: &Repository,
    applied: &Applied,
    commits: Commits,
) -> Result<Loaded> {
    let place = &repository.place();
    let manifest = repository::load_manifest(place, &repository.name(&ctx.paths))?;
    if manifest.extends.is_empty() {
        return Ok(Loaded {
            manifest,
            fetched: Vec::new(),
        });
    }
    let known = match Lock::read(place)? {
        _ if commits == Commits::Newest => BTreeMap::new(),
        Some(lock) => lock.extends,
        None => {
            let taken = applied.extends.iter();
            let pinned = |(repo, commit): (&String, &String)| Pinned {
                commit: commit.clone(),
                sha256: applied.contents.get(repo).copied(),
            };
            taken
                .map(|taken| (taken.0.clone(), pinned(taken)))
                .collect()
        }
    };
    let mut work = Work {
        ctx,
        known,
        fetched: Vec::new(),
        commits: BTreeMap::new(),
        merged: Vec::new(),
    };
    let mut manifest = work.follow(manifest, &mut vec![identity(place)])?;
    manifest.commits = work.commits;
    Ok(Loaded {
        manifest,
        fetched: work.fetched,
    })
}

/// Tells whether somebody has changed files of a repository that was fetched. What lies beside them
/// in a checkout, as editors and programs leave it, is no change; of an archive, only that it `was`
/// all there is is known.
fn is_changed(folder: &Path, was: Option<&Sha256>) -> Result<bool> {
    if folder.join(".git").exists()
        && let Ok(output) = git::command()
            .arg("-C")
            .arg(folder)
            .args(["status", "--porcelain", "--untracked-files=no"])
            .output()
        && output.status.success()
    {
        return Ok(!output.stdout.is_empty());
    }
    Ok(match was {
        Some(was) => content(folder)? != *was,
        None => false,
    })
}

/// The folder in which a commit of the repository at `url` is kept.
fn folder(ctx: &Context, url: &str, commit: &str) -> PathBuf {
    let name = &Sha256::of(shown(url).as_bytes()).to_string()[..12];
    ctx.paths
        .data
        .join("extends")
        .join(format!("{name}-{commit}"))
}

struct Work<'a> {
    ctx: &'a Context,
    /// The known commits by repository, as the manifests name them.
    known: BTreeMap<String, Pinned>,
    fetched: Vec<Fetched>,
    commits: BTreeMap<String, Pinned>,
    /// The repositories that are under the manifest: two that extend the same one have it once.
    merged: Vec<String>,
}

impl Work<'_> {
    /// `above` are the repositories that lead here: none may come again.
    fn follow(&mut self, mut manifest: Manifest, above: &mut Vec<String>) -> Result<Manifest> {
        for extends in manifest.extends.clone() {
            let (place, id) = self.place(&manifest.place, &extends)?;
            if above.contains(&id) || above.len() >= DEEPEST {
                return Err(wrong(
                    &extends,
                    "it leads back to where it is extended",
                    "remove one of the lines; nothing was done",
                ));
            }
            if self.merged.contains(&id) {
                continue;
            }
            self.merged.push(id.clone());
            above.push(id);
            let below = Manifest::load(&place, &extends.repo)?;
            let below = self.follow(below, above)?;
            above.pop();
            merge(&mut manifest, below);
        }
        Ok(manifest)
    }

    /// Finds the place where the repository is or will be, and what tells it from others.
    fn place(&mut self, own: &Place, extends: &Extends) -> Result<(Place, String)> {
        let address = Address::in_manifest(&extends.repo, &endpoints::git_host())
            .map_err(manifest::Error::from)?;
        let url = match address {
            Address::Folder(path) => return place_within(own, &path, extends),
            Address::Git(url) => url,
        };
        let known = self.known.get(&extends.repo).cloned();
        if known
            .as_ref()
            .is_some_and(|known| !is_commit(&known.commit))
        {
            return Err(wrong(
                extends,
                "the lock names no commit of it",
                "boot update asks for it again",
            ));
        }
        // Its files may be somebody's dotfiles by now, and changed by their owner: what lies there
        // is not asked what it was.
        if let Some(known) = &known {
            let folder = folder(self.ctx, &url, &known.commit);
            if folder.is_dir() {
                self.commits.insert(extends.repo.clone(), known.clone());
                return Ok((Place::at(&folder), shown(&url)));
            }
        }
        let (place, taken) = self.fetch(&url, known)?;
        self.commits.insert(extends.repo.clone(), taken);
        Ok((place, shown(&url)))
    }

    /// Fetches a repository into staging, at the commit that is known of it or as it is now.
    fn fetch(&mut self, url: &str, known: Option<Pinned>) -> Result<(Place, Pinned)> {
        let home = self.ctx.paths.data.join("extends");
        let made: Vec<PathBuf> = home
            .ancestors()
            .take_while(|folder| !folder.exists())
            .map(Path::to_path_buf)
            .collect();
        let staging = Staging::within(&home)?;
        let base = staging.path().join("repository");
        // What fails from here on leaves no folder.
        let mut fetched = Fetched {
            staging: Some(staging),
            root: PathBuf::new(),
            made,
        };
        let commit = known.as_ref().map(|known| known.commit.as_str());
        let commit = repository::fetch_commit(self.ctx, url, commit, &base)?;
        fetched.root = folder(self.ctx, url, &commit);
        let root = fetched.root.clone();
        let sha256 = content(&base)?;
        // What git checks out it has compared with the commit's hash itself.
        let is_archive = !base.join(".git").exists();
        let known = known.and_then(|known| known.sha256);
        if is_archive && known.is_some_and(|known| known != sha256) {
            return Err(Error::Repo {
                reason: format!(
                    "the archive of {} has other content than boot.lock says",
                    shown(url)
                ),
                hint: "install git, which can tell; nothing was done".into(),
            });
        }
        // Dropped from the front: the folders go with the first, when the others are gone.
        self.fetched.insert(0, fetched);
        let taken = Pinned {
            commit,
            sha256: Some(sha256),
        };
        Ok((Place { root, base }, taken))
    }
}

/// The place of a folder of the repository at `own` that it extends.
fn place_within(own: &Place, path: &Path, extends: &Extends) -> Result<(Place, String)> {
    let base =
        fs::canonicalize(own.readable()).map_err(store::Error::io("read", own.readable()))?;
    let inside = fs::canonicalize(base.join(path))
        .ok()
        .filter(|real| real.starts_with(&base) && path.is_relative());
    let Some(real) = inside else {
        return Err(wrong(
            extends,
            "a folder that is extended lies in the repository",
            "write \"./team\", or the address of a repository",
        ));
    };
    let below = real.strip_prefix(&base).unwrap_or(Path::new(""));
    let place = Place {
        root: own.root.join(below),
        base: real.clone(),
    };
    Ok((place, real.display().to_string()))
}

/// The error of a line of `extends`.
fn wrong(extends: &Extends, reason: &str, hint: &'static str) -> Error {
    Error::Content {
        what: format!("{}: {}", extends.at, extends.repo),
        reason: reason.into(),
        hint,
    }
}

/// The hash of what lies below `root`: each path with its kind, whether it can be run, and what it
/// holds or leads to. git's own folder is no part of it, nor are times, owners and other modes: a
/// checkout and an archive of one commit have the same.
///
/// # Errors
/// Something can't be read.
fn content(root: &Path) -> Result<Sha256> {
    fn walk(root: &Path, folder: &Path, lines: &mut Vec<Vec<u8>>) -> store::Result<()> {
        for entry in fs::read_dir(folder).map_err(store::Error::io("read", folder))? {
            let path = entry.map_err(store::Error::io("read", folder))?.path();
            let data = fs::symlink_metadata(&path).map_err(store::Error::io("read", &path))?;
            let below = path.strip_prefix(root).unwrap_or(&path);
            if below == Path::new(".git") {
                continue;
            }
            let mut line = below.as_os_str().as_bytes().to_vec();
            if data.is_dir() {
                walk(root, &path, lines)?;
                continue;
            } else if data.is_symlink() {
                line.extend(b"\0link\0");
                line.extend(
                    fs::read_link(&path)
                        .map_err(store::Error::io("read", &path))?
                        .as_os_str()
                        .as_bytes(),
                );
            } else {
                line.extend(if data.permissions().mode() & 0o100 == 0 {
                    &b"\0file\0"[..]
                } else {
                    b"\0program\0"
                });
                line.extend(digest::file(&path)?.bytes());
            }
            lines.push(line);
        }
        Ok(())
    }
    let mut lines = Vec::new();
    walk(root, root, &mut lines)?;
    lines.sort();
    // Each with its length: no name or target can pretend to be two.
    let all: Vec<u8> = lines
        .into_iter()
        .flat_map(|line| [line.len().to_be_bytes().to_vec(), line].concat())
        .collect();
    Ok(Sha256::of(&all))
}

fn identity(place: &Place) -> String {
    fs::canonicalize(place.readable()).map_or_else(
        |_| place.root.display().to_string(),
        |real| real.display().to_string(),
    )
}

/// Puts `below` under `near`.
fn merge(near: &mut Manifest, below: Manifest) {
    fn unite<T: PartialEq>(near: &mut Vec<T>, below: Vec<T>) {
        for one in below {
            if !near.contains(&one) {
                near.push(one);
            }
        }
    }
    unite(&mut near.pythons, below.pythons);
    for tool in below.tools {
        match near
            .tools
            .iter_mut()
            .find(|own| is_same_tool(&own.name, &tool.name))
        {
            Some(own) => own.extend(tool),
            None => near.tools.push(tool),
        }
    }
    for (name, request) in below.venvs {
        near.venvs.entry(name).or_insert(request);
    }
    unite(&mut near.packages.any, below.packages.any);
    for (manager, names) in below.packages.of {
        unite(near.packages.of.entry(manager).or_default(), names);
    }
    for (name, var) in below.vars {
        near.vars.entry(name).or_insert(var);
    }
    for script in below.scripts {
        if !near.scripts.iter().any(|own| own.id == script.id) {
            near.scripts.push(script);
        }
    }
    near.dotfiles.extend(below.dotfiles);
    near.hook = near.hook.or(below.hook);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_of_checkout_and_archive_is_equal() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, text: &str, mode: u32| {
            let root = folder.path().join(name);
            fs::create_dir_all(root.join("home")).unwrap();
            fs::write(root.join("home/.rc"), text).unwrap();
            fs::set_permissions(root.join("home/.rc"), fs::Permissions::from_mode(mode)).unwrap();
            std::os::unix::fs::symlink("home/.rc", root.join("link")).unwrap();
            root
        };
        let (checkout, archive) = (make("checkout", "x", 0o644), make("archive", "x", 0o600));
        fs::create_dir(checkout.join(".git")).unwrap();
        fs::write(checkout.join(".git/HEAD"), "x").unwrap();
        let same = content(&checkout).unwrap();
        assert_eq!(same, content(&archive).unwrap());
        assert_ne!(same, content(&make("other", "y", 0o644)).unwrap());
        assert_ne!(same, content(&make("program", "x", 0o755)).unwrap());
        fs::remove_file(archive.join("link")).unwrap();
        fs::write(archive.join("link"), "home/.rc").unwrap();
        assert_ne!(same, content(&archive).unwrap(), "a file is no link");
    }
}
