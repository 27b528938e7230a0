//! Repositories through the `git` command.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Output;

use crate::Context;
use crate::machine::repository::{archive, not_fetched_offline};
use crate::machine::{Error, Result};
use crate::manifest::{address, lock};
use crate::net::{git, shown};
use crate::report::escaped;
use crate::shell::shim;
use crate::store::{atomic, env};

/// Tells whether there is a `git` on PATH.
pub(super) fn is_installed() -> bool {
    env::var_os("PATH").is_some_and(|path| shim::look_up("git", &path).is_some())
}

/// Runs git in the folder `root`.
fn run(root: &Path, args: &[&str]) -> io::Result<Output> {
    git::command().arg("-C").arg(root).args(args).output()
}

/// The first line of what git prints in the folder `root`; None where it fails.
fn read_line(root: &Path, args: &[&str]) -> Option<String> {
    let output = run(root, args)
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// The address that a clone came from, without a password.
pub(super) fn origin(root: &Path) -> Option<String> {
    Some(shown(&read_line(
        root,
        &["config", "--get", "remote.origin.url"],
    )?))
}

/// The branch that is checked out at `root`, if one is.
pub(super) fn current_branch(root: &Path) -> Option<String> {
    read_line(root, &["symbolic-ref", "--quiet", "--short", "HEAD"])
}

/// Clones the repository at `url`, at its main branch or `branch`.
pub(super) fn clone(ctx: &Context, url: &str, branch: Option<&str>, into: &Path) -> Result<()> {
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
        return Err(not_fetched_offline(&name));
    }
    if !is_installed()
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
    if let Some(commit) = commit
        && read_line(into, &["checkout", "--quiet", "--detach", commit, "--"]).is_none()
    {
        return Err(Error::Repo {
            reason: format!("{name} has no commit {commit} any more"),
            hint: "boot update takes the newest, and writes it into boot.lock".into(),
        });
    }
    read_line(into, &["rev-parse", "HEAD"])
        .filter(|head| address::is_commit(head))
        .ok_or_else(|| Error::Repo {
            reason: format!("{name} is empty"),
            hint: "it has no commit yet".into(),
        })
}

/// Pulls the clone at `root`, which people call `name`. A `boot.lock` that the repository doesn't
/// track, or that was changed here, gives way; it comes back where the merge fails.
pub(super) fn pull(root: &Path, name: &str, shown_root: &str) -> Result<()> {
    let try_run = |args: &[&str]| match run(root, args) {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = stderr
                .lines()
                .find(|line| line.starts_with("fatal:"))
                .or(stderr.lines().next())
                .unwrap_or("git failed");
            Err(Error::Repo {
                reason: format!(
                    "{name} can't be pulled: {}",
                    escaped(line.trim_start_matches("fatal: "))
                ),
                hint: format!("see git -C {shown_root} status"),
            })
        }
        Err(error) => Err(Error::Repo {
            reason: format!("git can't be run: {error}"),
            hint: "install git".into(),
        }),
    };
    try_run(&["fetch", "--quiet", "--no-recurse-submodules"])?;
    let lock = root.join(lock::FILE);
    let before = fs::read(&lock).ok();
    let status = run(root, &["status", "--porcelain", "--", lock::FILE])
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    match status.as_deref().map(str::trim).unwrap_or_default() {
        "" => {}
        text if text.starts_with("??") => drop(fs::remove_file(&lock)),
        _ => drop(run(root, &["checkout", "--quiet", "--", lock::FILE])),
    }
    let merged = try_run(&["merge", "--quiet", "--ff-only", "@{upstream}"]);
    if let (Err(_), Some(before)) = (&merged, before) {
        atomic::write(&lock, &before, None)?;
    }
    merged
}
