//! REPO: which repository is meant, and having it here. `USER`, `USER/NAME`, `HOST/USER`,
//! `HOST/USER/NAME`, a git address, or a folder, which is used where it is.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::Context;
use crate::machine::applied::{Applied, Source};
use crate::machine::{Error, Result};
use crate::manifest::address::{Address, NotAnAddress, Protocol, is_commit};
use crate::manifest::{self, Dotfiles, FILE, Manager, Manifest, Place};
use crate::net::{endpoints, git, shown};
use crate::report::escaped;
use crate::shell::shim;
use crate::store::atomic::{self, Staging};
use crate::store::env;
use crate::store::paths::Paths;

pub(crate) mod archive;
pub(crate) mod extends;

/// A repository that can be read now.
#[derive(Debug)]
pub(crate) struct Here {
    /// Where it is or, once agreed to, will be.
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

/// Whoever doesn't agree has nothing left of it, not even an empty folder.
impl Drop for Here {
    fn drop(&mut self) {
        if self.staged.take().is_some() {
            // Fails, as it should, where something else lies in it by now.
            let _ = self.made.iter().try_for_each(fs::remove_dir);
        }
    }
}

impl Here {
    /// Where its files can be read.
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

    /// What a person calls it.
    pub(crate) fn name(&self, paths: &Paths) -> String {
        match &self.url {
            Some(url) => url.clone(),
            None => paths.tilde(&self.root),
        }
    }

    /// Brings a fetched repository up to date; a folder of somebody's own is theirs to pull. A lock
    /// that only this machine wrote gives way: it is made from the manifest.
    pub(crate) fn pull(&self, ctx: &Context) -> Result<()> {
        if self.url.is_none() {
            return Ok(());
        }
        let name = self.name(&ctx.paths);
        if ctx.offline {
            return Err(Error::Repo {
                reason: format!("{name} can't be pulled with --offline"),
                hint: "boot apply applies what is here".into(),
            });
        }
        if let Some(url) = self
            .url
            .as_deref()
            .filter(|_| !self.root.join(".git").exists())
        {
            let mut applied = Applied::read(&ctx.paths)?;
            return archive::pull(ctx, &self.root, url, &mut applied);
        }
        let run = |args: &[&str]| git::command().arg("-C").arg(&self.root).args(args).output();
        let failed = |output: std::io::Result<Output>| match output {
            Ok(output) if output.status.success() => None,
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let line = said
                    .lines()
                    .find(|line| line.starts_with("fatal:"))
                    .or(said.lines().next())
                    .unwrap_or("git failed");
                Some(Error::Repo {
                    reason: format!(
                        "{name} can't be pulled: {}",
                        escaped(line.trim_start_matches("fatal: "))
                    ),
                    hint: format!("see git -C {} status", ctx.paths.tilde(&self.root)),
                })
            }
            Err(error) => Some(Error::Repo {
                reason: format!("git can't be run: {error}"),
                hint: "install git".into(),
            }),
        };
        if let Some(error) = failed(run(&["fetch", "--quiet", "--no-recurse-submodules"])) {
            return Err(error);
        }
        let lock = self.root.join("boot.lock");
        let own = fs::read(&lock).ok();
        let changed = run(&["status", "--porcelain", "--", "boot.lock"])
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        match changed.as_deref().map(str::trim).unwrap_or_default() {
            "" => {}
            text if text.starts_with("??") => drop(fs::remove_file(self.root.join("boot.lock"))),
            _ => drop(run(&["checkout", "--quiet", "--", "boot.lock"])),
        }
        let error = failed(run(&["merge", "--quiet", "--ff-only", "@{upstream}"]));
        if let (Some(_), Some(own)) = (&error, own) {
            atomic::write(&lock, &own, None)?;
        }
        error.map_or(Ok(()), Err)
    }

    /// Whether this is the repository that the other verbs mean.
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

/// Understands what was typed, with this machine's folders and host.
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

/// Whether a machine can be set up from `folder`: it has a manifest, or is a repository of chezmoi
/// or yadm.
pub(crate) fn has_manifest(folder: &Path) -> bool {
    folder.join(FILE).is_file() || Manager::of(folder).is_some()
}

/// Reads the manifest of the repository that a machine is set up from. The dotfiles of one that is
/// chezmoi's or yadm's are theirs to place, also where it has no manifest that says so.
pub(crate) fn load_manifest(place: &Place, shown: &str) -> Result<Manifest> {
    let manager = Manager::of(place.readable());
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

/// Has the repository here: a folder as it is, an address fetched into staging, unless it was
/// fetched before.
pub(crate) fn fetch(
    ctx: &Context,
    address: &Address,
    branch: Option<&str>,
    applied: &Applied,
) -> Result<Here> {
    match address {
        Address::Folder(path) => {
            let shown = path.display().to_string();
            let root = fs::canonicalize(path).map_err(|source| manifest::Error::Unreadable {
                path: path.clone(),
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
            Ok(Here {
                root,
                url: None,
                branch: None,
                staged: None,
                made: Vec::new(),
            })
        }
        Address::Git(url) => {
            let root = ctx.paths.dotfiles();
            let name = shown(url);
            if fs::symlink_metadata(&root).is_ok() {
                let from = applied
                    .source
                    .as_ref()
                    .filter(|source| source.root == root)
                    .and_then(|source| source.url.clone());
                // Nothing is remembered where the last run was cut off between the two.
                let from = from.or_else(|| origin(&root));
                if from.as_deref() == Some(&name) {
                    let taken = applied
                        .source
                        .as_ref()
                        .filter(|source| source.root == root)
                        .and_then(|source| source.branch.clone());
                    let is = head(&root).or(taken.clone());
                    if let Some(branch) = branch.filter(|branch| is.as_deref() != Some(branch)) {
                        return Err(Error::Repo {
                            reason: format!(
                                "{name} is here already, at {}",
                                is.map_or_else(
                                    || "its main branch".to_string(),
                                    |is| format!("the branch {}", escaped(&is))
                                )
                            ),
                            hint: format!(
                                "to change over, check {} out in {}, or move that away first",
                                escaped(branch),
                                ctx.paths.tilde(&root)
                            ),
                        });
                    }
                    return Ok(Here {
                        root,
                        url: Some(name),
                        branch: taken,
                        staged: None,
                        made: Vec::new(),
                    });
                }
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
            if ctx.offline {
                return Err(Error::Repo {
                    reason: format!("{name} isn't here yet, and nothing is fetched with --offline"),
                    hint: "run the same command once without it".into(),
                });
            }
            let made = root
                .ancestors()
                .skip(1)
                .take_while(|folder| !folder.exists())
                .map(Path::to_path_buf)
                .collect();
            let branch_name = branch.map(str::to_string);
            let here = Here {
                staged: Some(Staging::beside(&root)?),
                root,
                url: Some(name),
                branch: branch_name,
                made,
            };
            if has_git() || archive::fetch(ctx, url, branch, &here.base())?.is_none() {
                clone(ctx, url, branch, &here.base())?;
            }
            Ok(here)
        }
    }
}

/// The repository that this machine was set up from; else the manifest in boot's configuration
/// folder.
pub(crate) fn remembered(paths: &Paths, applied: &Applied) -> Result<Here> {
    if let Some(source) = &applied.source {
        if !has_manifest(&source.root) {
            return Err(manifest::Error::NoBootToml(paths.tilde(&source.root)).into());
        }
        return Ok(Here {
            root: source.root.clone(),
            url: source.url.clone(),
            branch: source.branch.clone(),
            staged: None,
            made: Vec::new(),
        });
    }
    if paths.config.join(FILE).is_file() {
        return Ok(Here {
            root: paths.config.clone(),
            url: None,
            branch: None,
            staged: None,
            made: Vec::new(),
        });
    }
    Err(Error::NoManifest)
}

fn has_git() -> bool {
    env::var_os("PATH").is_some_and(|path| shim::look_up("git", &path).is_some())
}

fn clone(ctx: &Context, url: &str, branch: Option<&str>, into: &Path) -> Result<()> {
    let name = shown(url);
    let bar = ctx.report.spinner("fetching");
    bar.say(&name);
    let mut command = git::command();
    command.args(["clone", "--quiet", "--template=", "--no-recurse-submodules"]);
    if let Some(branch) = branch {
        if branch.starts_with('-') || branch.is_empty() {
            return Err(Error::Usage(format!(
                "{} isn't a branch\ngive its name: --branch main",
                escaped(branch)
            )));
        }
        command.arg(format!("--branch={branch}"));
    }
    command.arg("--").arg(url).arg(into);
    let output = command.output().map_err(|error| Error::Repo {
        reason: match error.kind() {
            std::io::ErrorKind::NotFound => {
                "git isn't installed, and a repository is fetched with it".into()
            }
            _ => format!("git can't be run: {error}"),
        },
        hint: "install git, or give boot init a folder".into(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines()
        .find(|line| line.starts_with("fatal:") || line.starts_with("ERROR:"))
        .or_else(|| lines().next_back())
        .unwrap_or("git failed");
    Err(Error::Repo {
        reason: format!(
            "{name} can't be fetched: \
                         {}",
            escaped(&line.trim_start_matches("fatal: ").replace(url, &name))
        ),
        hint: "does it exist, and may you read it? --ssh uses your key; USER/NAME names another \
               repository than USER/dotfiles"
            .into(),
    })
}

/// Fetches a repository into `into`, at `commit` or as it is now, and says which commit that is.
/// Checked out is what git has of it by its hash, so a server can't send another; where there is no
/// git it comes as an archive, which says of itself what it is.
pub(crate) fn fetch_commit(
    ctx: &Context,
    url: &str,
    commit: Option<&str>,
    into: &Path,
) -> Result<String> {
    let name = shown(url);
    if ctx.offline {
        return Err(Error::Repo {
            reason: format!("{name} isn't here yet, and nothing is fetched with --offline"),
            hint: "run the same command once without it".into(),
        });
    }
    if !has_git()
        && let Some(found) = archive::fetch(ctx, url, commit, into)?
    {
        let wrong = |reason: &str| Error::Repo {
            reason: format!("the archive of {name} {reason}"),
            hint: "install git, which can tell".into(),
        };
        let found = found.ok_or_else(|| wrong("doesn't say which commit it is"))?;
        return if commit.is_none_or(|commit| commit == found) {
            Ok(found)
        } else {
            Err(wrong(&format!("is of another commit, {found}")))
        };
    }
    clone(ctx, url, None, into)?;
    let run = |args: &[&str]| {
        git::command()
            .arg("-C")
            .arg(into)
            .args(args)
            .output()
            .ok()
            .filter(|output| output.status.success())
    };
    if let Some(commit) = commit
        && run(&["checkout", "--quiet", "--detach", commit, "--"]).is_none()
    {
        return Err(Error::Repo {
            reason: format!("{name} has no commit {commit} any more"),
            hint: "boot update takes the newest, and writes it into boot.lock".into(),
        });
    }
    let head = run(&["rev-parse", "HEAD"])
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string());
    head.filter(|head| is_commit(head))
        .ok_or_else(|| Error::Repo {
            reason: format!("{name} is empty"),
            hint: "it has no commit yet".into(),
        })
}

/// Where a clone came from, without a password.
fn origin(root: &Path) -> Option<String> {
    let args: [OsString; 5] = [
        "-C".into(),
        root.into(),
        "config".into(),
        "--get".into(),
        "remote.origin.url".into(),
    ];
    let output = git::command()
        .args(args)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(shown(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The branch that is checked out at `root`, if one is.
fn head(root: &Path) -> Option<String> {
    let args: [OsString; 6] = [
        "-C".into(),
        root.into(),
        "symbolic-ref".into(),
        "--quiet".into(),
        "--short".into(),
        "HEAD".into(),
    ];
    let output = git::command()
        .args(args)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
