//! The repository that a machine is set up from: a folder that is used where it is, or what was
//! fetched from an address.

pub(crate) mod archive;
pub(crate) mod extends;
mod git;
mod manager;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Context;
use crate::machine::applied::{Applied, Source};
use crate::machine::{Error, Result};
use crate::manifest::address::{Address, NotAnAddress, Protocol};
use crate::manifest::{self, Dotfiles, FILE, Manifest, Place};
use crate::net::{endpoints, shown};
use crate::report::escaped;
use crate::store::atomic::Staging;
use crate::store::paths::Paths;

pub(crate) use git::fetch_commit;

/// A repository that can be read now.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Its folder or, until somebody has agreed, the one that it will have.
    pub root: PathBuf,
    /// Without a password; None for a folder.
    pub url: Option<String>,
    /// The branch that was asked for.
    branch: Option<String>,
    /// Fetched, and not yet published.
    staged: Option<Staging>,
    /// Folders that were made for it, the deepest first.
    made: Vec<PathBuf>,
}

/// Leaves nothing of what nobody agreed to, not even an empty folder.
impl Drop for Repository {
    fn drop(&mut self) {
        if self.staged.take().is_some() {
            // Fails, as it should, where something else has come to lie in it.
            let _ = self.made.iter().try_for_each(fs::remove_dir);
        }
    }
}

impl Repository {
    /// A repository that is at its place already.
    fn settled(root: PathBuf, url: Option<String>, branch: Option<String>) -> Repository {
        Repository {
            root,
            url,
            branch,
            staged: None,
            made: Vec::new(),
        }
    }

    /// Finds the repository at `address`: a folder as it is, anything else fetched into staging
    /// unless it was fetched before.
    pub(crate) fn open(
        ctx: &Context,
        address: &Address,
        branch: Option<&str>,
        applied: &Applied,
    ) -> Result<Repository> {
        match address {
            Address::Folder(path) => Repository::open_folder(path, branch),
            Address::Git(url) if fs::symlink_metadata(ctx.paths.dotfiles()).is_ok() => {
                Repository::open_fetched(ctx, url, branch, applied)
            }
            Address::Git(url) => Repository::fetch(ctx, url, branch),
        }
    }

    fn open_folder(path: &Path, branch: Option<&str>) -> Result<Repository> {
        let shown = path.display().to_string();
        let root = fs::canonicalize(path).map_err(|source| manifest::Error::Unreadable {
            path: path.into(),
            source,
        })?;
        if !root.is_dir() {
            return Err(manifest::Error::from(NotAnAddress {
                text: shown,
                reason: "it is a file",
            })
            .into());
        }
        if branch.is_some() {
            return Err(Error::Usage(format!(
                "--branch is for repositories that are fetched, and {} is a folder\n\
                 check the branch out in it",
                escaped(&shown)
            )));
        }
        Ok(Repository::settled(root, None, None))
    }

    /// The repository that was fetched before, if that was from `url` and is of `branch`.
    fn open_fetched(
        ctx: &Context,
        url: &str,
        branch: Option<&str>,
        applied: &Applied,
    ) -> Result<Repository> {
        let root = ctx.paths.dotfiles();
        let name = shown(url);
        let source = applied.source.as_ref().filter(|source| source.root == root);
        // Nothing is remembered where the last run was cut off between the two.
        let from = source
            .and_then(|source| source.url.clone())
            .or_else(|| git::origin(&root));
        if from.as_deref() != Some(&name) {
            return Err(Error::Repo {
                reason: format!(
                    "this machine already has a repository, from {}",
                    from.as_deref().unwrap_or("somewhere else")
                ),
                hint: format!(
                    "boot apply applies that one; to change over, move {} away first",
                    ctx.paths.tilde(&root)
                ),
            });
        }
        let asked = source.and_then(|source| source.branch.clone());
        let current = git::current_branch(&root).or(asked.clone());
        if let Some(branch) = branch.filter(|branch| current.as_deref() != Some(branch)) {
            let at = current.map_or_else(
                || "its main branch".to_string(),
                |current| format!("the branch {}", escaped(&current)),
            );
            return Err(Error::Repo {
                reason: format!("{name} is here already, at {at}"),
                hint: format!(
                    "to change over, check {} out in {}, or move that away first",
                    escaped(branch),
                    ctx.paths.tilde(&root)
                ),
            });
        }
        Ok(Repository::settled(root, Some(name), asked))
    }

    /// Fetches the repository into staging beside its place.
    fn fetch(ctx: &Context, url: &str, branch: Option<&str>) -> Result<Repository> {
        let root = ctx.paths.dotfiles();
        let name = shown(url);
        if ctx.offline {
            return Err(not_fetched_offline(&name));
        }
        let made = root
            .ancestors()
            .skip(1)
            .take_while(|folder| !folder.exists())
            .map(Path::to_path_buf)
            .collect();
        let repository = Repository {
            staged: Some(Staging::beside(&root)?),
            root,
            url: Some(name),
            branch: branch.map(str::to_string),
            made,
        };
        let into = repository.base();
        if git::is_installed() || archive::fetch(ctx, url, branch, &into)?.is_none() {
            git::clone(ctx, url, branch, &into)?;
        }
        Ok(repository)
    }

    /// The repository that this machine was set up from; else the manifest in boot's configuration
    /// folder.
    pub(crate) fn remembered(paths: &Paths, applied: &Applied) -> Result<Repository> {
        if let Some(source) = &applied.source {
            if !has_manifest(&source.root) {
                return Err(manifest::Error::NoBootToml(paths.tilde(&source.root)).into());
            }
            return Ok(Repository::settled(
                source.root.clone(),
                source.url.clone(),
                source.branch.clone(),
            ));
        }
        if paths.config.join(FILE).is_file() {
            return Ok(Repository::settled(paths.config.clone(), None, None));
        }
        Err(Error::NoManifest)
    }

    /// The folder in which its files can be read.
    pub(crate) fn base(&self) -> PathBuf {
        self.staged.as_ref().map_or_else(
            || self.root.clone(),
            |staging| staging.path().join("repository"),
        )
    }

    /// The same, and where it is or will be.
    pub(crate) fn place(&self) -> Place {
        Place {
            root: self.root.clone(),
            base: self.base(),
        }
    }

    /// Its name for people.
    pub(crate) fn name(&self, paths: &Paths) -> String {
        match &self.url {
            Some(url) => url.clone(),
            None => paths.tilde(&self.root),
        }
    }

    /// Brings a fetched repository up to date; a folder of somebody's own is theirs to pull. A lock
    /// that only this machine wrote gives way: it is made from the manifest.
    pub(crate) fn pull(&self, ctx: &Context) -> Result<()> {
        let Some(url) = &self.url else {
            return Ok(());
        };
        let name = self.name(&ctx.paths);
        if ctx.offline {
            return Err(Error::Repo {
                reason: format!("{name} can't be pulled with --offline"),
                hint: "boot apply applies what is here".into(),
            });
        }
        if self.root.join(".git").exists() {
            return git::pull(&self.root, &name, &ctx.paths.tilde(&self.root));
        }
        archive::pull(ctx, &self.root, url, &mut Applied::read(&ctx.paths)?)
    }

    /// Tells whether this is the repository that the other verbs mean.
    pub(crate) fn is_remembered(&self, applied: &Applied) -> bool {
        self.staged.is_none()
            && applied
                .source
                .as_ref()
                .is_some_and(|source| source.root == self.root && source.url == self.url)
    }

    /// Moves what was fetched to its place, and remembers it: from now on the other verbs know
    /// which repository is meant.
    pub(crate) fn settle(&mut self, paths: &Paths, applied: &mut Applied) -> Result<()> {
        if let Some(staging) = self.staged.take() {
            // The clone is a folder inside of the staging folder, which git would have refused to
            // fill.
            fs::rename(staging.path().join("repository"), &self.root)
                .map_err(crate::store::Error::io("publish", &self.root))?;
        }
        let as_archive = self.url.is_some() && !self.root.join(".git").exists();
        let tree = if as_archive {
            Some(archive::tree(&self.root)?)
        } else {
            None
        };
        applied.source = Some(Source {
            root: self.root.clone(),
            url: self.url.clone(),
            branch: self.branch.clone(),
            tree,
        });
        applied.write(paths)
    }
}

/// Understands a typed REPO, with this machine's folders and host.
pub(crate) fn parse_argument(paths: &Paths, text: &str, protocol: Protocol) -> Result<Address> {
    let is_folder = |path: &Path| has_manifest(path);
    let address = Address::parse(text, &endpoints::git_host(), protocol, &is_folder)
        .map_err(manifest::Error::from)?;
    Ok(match address {
        Address::Folder(path) => match path.strip_prefix("~") {
            Ok(rest) => Address::Folder(paths.home.join(rest)),
            Err(_) => Address::Folder(path),
        },
        git => git,
    })
}

/// Tells whether a machine can be set up from `folder`: it has a manifest, or is a repository of
/// chezmoi or yadm.
pub(crate) fn has_manifest(folder: &Path) -> bool {
    folder.join(FILE).is_file() || manager::detect(folder).is_some()
}

/// Reads the manifest of the repository that a machine is set up from. The dotfiles of one that is
/// chezmoi's or yadm's are theirs to place, also where it has no manifest that says so.
pub(crate) fn load_manifest(place: &Place, shown: &str) -> Result<Manifest> {
    let manager = manager::detect(place.readable());
    let mut manifest = match Manifest::load(place, shown) {
        Err(manifest::Error::NoBootToml(_)) if manager.is_some() => Manifest {
            place: place.clone(),
            ..Manifest::default()
        },
        loaded => loaded?,
    };
    if manifest.dotfiles.is_empty() && manager.is_some() {
        manifest.dotfiles.push(Dotfiles {
            place: place.clone(),
            manager,
            ..Dotfiles::default()
        });
    }
    Ok(manifest)
}

/// The error of a repository that would have to be fetched with `--offline`.
fn not_fetched_offline(name: &str) -> Error {
    Error::Repo {
        reason: format!("{name} isn't here yet, and nothing is fetched with --offline"),
        hint: "run the same command once without it".into(),
    }
}
