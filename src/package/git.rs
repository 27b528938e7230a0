//! Git repositories as sources: fetched once into the cache by the `git` command, checked out for
//! each build.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Context;
use crate::net::{self, shown};
use crate::report::{Silent, escaped};
use crate::store;
use crate::store::atomic::Staging;
use crate::store::digest::Sha256;
use crate::store::lock::Lock;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("git is needed for {}, and it isn't there\ninstall it with the system's package \
             manager", escaped(&shown(url)))]
    NoGit { url: String },
    #[error("git can't fetch {}: {}\nis the address right, and may you read \
             it?", escaped(&shown(url)), escaped(reason))]
    Fetch { url: String, reason: String },
    #[error("{} has no branch, tag or commit {}\nleave @{} out for its default \
             branch", escaped(&shown(url)), escaped(rev), escaped(rev))]
    NoRev { url: String, rev: String },
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// The commit that `rev` of the repository means now; without one, that of its default branch. It
/// is in the cache afterwards.
pub(crate) fn commit(ctx: &Context, url: &str, rev: Option<&str>) -> Result<String> {
    let bare = folder(ctx, url);
    let _lock = Lock::hold(&ctx.paths.locks(), &lock_name(&bare), &Silent)?;
    // A whole commit never means another one.
    let fixed =
        rev.filter(|rev| rev.len() == 40 && rev.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if let Some(rev) = fixed.filter(|_| bare.exists())
        && let Some(commit) = resolve(&bare, rev)
    {
        return Ok(commit);
    }
    if !ctx.offline || url.starts_with("file:") {
        fetch(ctx, url, &bare)?;
    } else if !bare.exists() {
        return Err(net::Error::Offline { url: url.into() }.into());
    }
    let found = match rev {
        None => resolve(&bare, "refs/boot/head"),
        Some(rev) => [
            format!("refs/tags/{rev}"),
            format!("refs/heads/{rev}"),
            rev.to_string(),
        ]
        .iter()
        .find_map(|name| resolve(&bare, name)),
    };
    found.ok_or_else(|| Error::NoRev {
        url: url.into(),
        rev: rev.unwrap_or("HEAD").into(),
    })
}

/// A working tree of one commit. Gone when dropped.
pub(crate) struct Checkout {
    tree: PathBuf,
    _staging: Staging,
}

impl Checkout {
    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }
}

/// Checks a commit out, which [`commit`] has put into the cache.
pub(crate) fn checkout(ctx: &Context, url: &str, commit: &str) -> Result<Checkout> {
    let bare = folder(ctx, url);
    let staging = Staging::within(&ctx.paths.builds())?;
    // A folder of its own name: some projects take theirs from it.
    let stem = url
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or("")
        .trim_end_matches(".git");
    let plain = !stem.is_empty()
        && stem
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let tree = staging.path().join(if plain { stem } else { "source" });
    run(
        ctx,
        url,
        git(ctx, url)
            .args(["clone", "--quiet", "--no-checkout", "--template="])
            .arg(&bare)
            .arg(&tree),
    )?;
    run(
        ctx,
        url,
        git(ctx, url)
            .arg("-C")
            .arg(&tree)
            .args(["checkout", "--quiet", "--detach", commit]),
    )?;
    if tree.join(".gitmodules").exists() {
        // Relative addresses of submodules are meant from where the repository really is.
        run(
            ctx,
            url,
            git(ctx, url).arg("-C").arg(&tree).args([
                "remote",
                "set-url",
                "origin",
                &net::without_credentials(url),
            ]),
        )?;
        run(
            ctx,
            url,
            git(ctx, url).arg("-C").arg(&tree).args([
                "submodule",
                "update",
                "--quiet",
                "--init",
                "--recursive",
            ]),
        )?;
    }
    Ok(Checkout {
        tree,
        _staging: staging,
    })
}

fn folder(ctx: &Context, url: &str) -> PathBuf {
    ctx.paths
        .git()
        .join(&Sha256::of(net::without_credentials(url).as_bytes()).to_string()[..32])
}

fn lock_name(bare: &Path) -> String {
    format!(
        "git-{}",
        &bare.file_name().unwrap_or_default().to_string_lossy()[..3]
    )
}

fn fetch(ctx: &Context, url: &str, bare: &Path) -> Result<()> {
    let address = net::without_credentials(url);
    // All branches and tags: versions are often counted from them.
    let what = [
        "+HEAD:refs/boot/head",
        "+refs/heads/*:refs/heads/*",
        "+refs/tags/*:refs/tags/*",
    ];
    let staging = if bare.exists() {
        None
    } else {
        Some(Staging::beside(bare)?)
    };
    let into = staging.as_ref().map_or(bare, Staging::path);
    if staging.is_some() {
        run(
            ctx,
            url,
            git(ctx, url)
                .args(["init", "--quiet", "--bare", "--template="])
                .arg(into),
        )?;
    }
    run(
        ctx,
        url,
        git(ctx, url)
            .arg("--git-dir")
            .arg(into)
            .args(["fetch", "--quiet", "--prune", "--force", &address])
            .args(what),
    )?;
    if let Some(staging) = staging {
        staging.publish(bare)?;
    }
    Ok(())
}

fn resolve(bare: &Path, name: &str) -> Option<String> {
    let output = net::git::command()
        .arg("--git-dir")
        .arg(bare)
        .args(["rev-parse", "--quiet", "--verify", "--end-of-options"])
        .arg(format!("{name}^{{commit}}"))
        .output()
        .ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !commit.is_empty()).then_some(commit)
}

fn run(ctx: &Context, url: &str, command: &mut Command) -> Result<()> {
    ctx.report.step(&format!("git {}", shown(url)));
    let output = command
        .output()
        .map_err(|_| Error::NoGit { url: url.into() })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let said = text
        .lines()
        .find(|line| line.starts_with("fatal:") || line.starts_with("error:"))
        .or_else(|| text.lines().next());
    Err(Error::Fetch {
        url: url.into(),
        reason: said
            .unwrap_or("it says nothing")
            .trim_start_matches("fatal: ")
            .into(),
    })
}

/// Git with what it needs to know for `url`. A password goes by the environment: arguments are for
/// everybody to read.
fn git(ctx: &Context, url: &str) -> Command {
    let mut git = net::git::command();
    if let Some(header) = ctx.auth.basic(url).filter(|_| url.starts_with("http")) {
        git.env("GIT_CONFIG_COUNT", "1")
            .env(
                "GIT_CONFIG_KEY_0",
                format!("http.{}.extraHeader", net::origin(url)),
            )
            .env("GIT_CONFIG_VALUE_0", format!("Authorization: {header}"));
    }
    git
}
