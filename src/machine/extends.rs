//! `extends`: a team's manifest below one's own. Tables merge by key, lists are united, the nearer file wins. A repository is taken at the
//! commit that the lock says, else at the one that was taken here before, else as it is now; until somebody agrees it is kept nowhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::applied::Applied;
use super::lock::Lock;
use super::manifest::{Extends, Manifest, Place};
use super::repo::{self, Repo};
use super::{Error, Result};
use crate::net::{endpoints, shown};
use crate::store::atomic::Staging;
use crate::store::digest::Sha256;
use crate::{Context, store};

/// Longer chains are a mistake.
const DEEPEST: usize = 8;

/// A manifest with all that it extends, and what was fetched for it.
#[derive(Debug)]
pub struct Loaded {
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
    /// Whether something was fetched that isn't at its place yet.
    pub fn is_new(&self) -> bool {
        self.fetched.iter().any(|fetched| fetched.staging.is_some())
    }

    /// Moves what was fetched to its place, and remembers which commits were taken.
    pub fn settle(&mut self, ctx: &Context, applied: &mut Applied) -> Result<()> {
        for fetched in &mut self.fetched {
            if let Some(staging) = fetched.staging.take()
                && fs::symlink_metadata(&fetched.root).is_err()
            {
                let root = &fetched.root;
                fs::rename(staging.path().join("repository"), root).map_err(store::Error::io("publish", root))?;
            }
        }
        if applied.extends != self.manifest.commits {
            applied.extends = self.manifest.commits.clone();
            applied.write(&ctx.paths)?;
        }
        Ok(())
    }
}

/// Reads the manifest of a repository and of those that it extends. With `anew`, these are asked for what is newest.
pub fn load(ctx: &Context, place: &Place, name: &str, applied: &Applied, anew: bool) -> Result<Loaded> {
    let manifest = Manifest::load(place, name)?;
    if manifest.extends.is_empty() {
        return Ok(Loaded { manifest, fetched: Vec::new() });
    }
    let known = match Lock::read(place)? {
        _ if anew => BTreeMap::new(),
        Some(lock) => lock.extends.into_iter().map(|(repo, pinned)| (repo, pinned.commit)).collect(),
        None => applied.extends.clone(),
    };
    let mut work = Work { ctx, known, fetched: Vec::new(), commits: BTreeMap::new() };
    let mut manifest = work.follow(manifest, &mut vec![identity(place)])?;
    manifest.commits = work.commits;
    Ok(Loaded { manifest, fetched: work.fetched })
}

struct Work<'a> {
    ctx: &'a Context,
    /// Commits by repository, as the manifests name them.
    known: BTreeMap<String, String>,
    fetched: Vec<Fetched>,
    commits: BTreeMap<String, String>,
}

impl Work<'_> {
    /// `above` are the repositories that lead here: none may come again.
    fn follow(&mut self, mut manifest: Manifest, above: &mut Vec<String>) -> Result<Manifest> {
        for extends in manifest.extends.clone() {
            let wrong =
                |reason: String, hint: &'static str| Error::Content { what: format!("{}: {}", extends.at, extends.repo), reason, hint };
            let (place, id) = self.place(&manifest.place, &extends)?;
            if above.contains(&id) || above.len() >= DEEPEST {
                return Err(wrong("it leads back to where it is extended".into(), "remove one of the lines; nothing was done"));
            }
            above.push(id);
            let below = Manifest::load(&place, &extends.repo)?;
            let below = self.follow(below, above)?;
            above.pop();
            merge(&mut manifest, below);
        }
        Ok(manifest)
    }

    /// Where the repository is or will be, and what tells it from others.
    fn place(&mut self, own: &Place, extends: &Extends) -> Result<(Place, String)> {
        let wrong = |reason: String, hint: &'static str| Error::Content { what: format!("{}: {}", extends.at, extends.repo), reason, hint };
        match repo::parse(&extends.repo, &endpoints::git_host(), false, &|_| false)? {
            Repo::Folder(path) => {
                let base = fs::canonicalize(own.readable()).map_err(store::Error::io("read", own.readable()))?;
                let inside = fs::canonicalize(base.join(&path)).ok().filter(|real| real.starts_with(&base) && path.is_relative());
                let Some(real) = inside else {
                    return Err(wrong(
                        "a folder that is extended lies in the repository".into(),
                        "write \"./team\", or the address of a repository",
                    ));
                };
                let below = real.strip_prefix(&base).unwrap_or(Path::new(""));
                let place = Place { root: own.root.join(below), base: real.clone() };
                Ok((place, real.display().to_string()))
            }
            Repo::Git(url) => {
                let known = self.known.get(&extends.repo).cloned();
                if known.as_ref().is_some_and(|commit| !repo::is_commit(commit)) {
                    return Err(wrong("the lock names no commit of it".into(), "boot update asks for it anew"));
                }
                let folder = |commit: &str| {
                    let name = &Sha256::of(shown(&url).as_bytes()).to_string()[..12];
                    self.ctx.paths.data.join("extends").join(format!("{name}-{commit}"))
                };
                if let Some(commit) = known.as_ref().filter(|commit| folder(commit).is_dir()) {
                    self.commits.insert(extends.repo.clone(), commit.clone());
                    return Ok((Place::at(&folder(commit)), shown(&url)));
                }
                let home = self.ctx.paths.data.join("extends");
                let made: Vec<PathBuf> = home.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
                let staging = Staging::within(&home)?;
                let base = staging.path().join("repository");
                let commit = repo::fetch_commit(self.ctx, &url, known.as_deref(), &base)?;
                let root = folder(&commit);
                self.commits.insert(extends.repo.clone(), commit);
                // Dropped from the front: the folders go with the first, when the others are gone.
                self.fetched.insert(0, Fetched { staging: Some(staging), root: root.clone(), made });
                Ok((Place { root, base }, shown(&url)))
            }
        }
    }
}

fn identity(place: &Place) -> String {
    fs::canonicalize(place.readable()).map_or_else(|_| place.root.display().to_string(), |real| real.display().to_string())
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
        if !near.tools.iter().any(|own| super::items::same_tool(&own.name, &tool.name)) {
            near.tools.push(tool);
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
    for run in below.runs {
        if !near.runs.iter().any(|own| own.id == run.id) {
            near.runs.push(run);
        }
    }
    near.dotfiles.extend(below.dotfiles);
    near.hook = near.hook.or(below.hook);
}
