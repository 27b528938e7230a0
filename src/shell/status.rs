//! Is the hook live? For each shell in use and each way it is started, in plain words; and what stands before the Python that boot
//! would run.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::install::{self, Change};
use super::probe::{self, Kind, Seen};
use super::{Shell, init};
use crate::store::Result;
use crate::store::paths::Paths;

/// One shell, started in one way.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub shell: Shell,
    pub run: Kind,
    /// boot's commands are found ahead of the system's, and at a prompt the hook runs.
    pub live: bool,
    /// In plain words; empty where it is live and nothing stands in between.
    pub note: String,
    /// What `python` is there.
    pub python: Option<String>,
}

/// The state of each of `shells`.
///
/// # Errors
/// A start-up file that can't be read, a shell that can't be started.
pub fn lines(paths: &Paths, shells: &[Shell], binary: &Path) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for &shell in shells {
        let changes = install::plan(paths, &[shell], binary)?;
        for run in Kind::ALL {
            let seen = probe::ask(shell, run, paths, &["python"])?;
            let (live, note) = judge(paths, shell, run, &changes, seen.as_ref());
            let python = seen.and_then(|seen| seen.commands.into_iter().next().flatten());
            lines.push(Line { shell, run, live, note, python });
        }
    }
    Ok(lines)
}

fn judge(paths: &Paths, shell: Shell, run: Kind, changes: &[Change], seen: Option<&Seen>) -> (bool, String) {
    let Some(seen) = seen else {
        let there = which::which(shell.name()).is_ok();
        return (false, if there { format!("{shell} doesn't come to a prompt in ten seconds") } else { format!("{shell} isn't on PATH") });
    };
    let (own, users): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.is_own(paths));
    let leads = probe::leads(&seen.path, &[&paths.shims(), &paths.bin]);
    let live = leads && (run != Kind::Interactive || seen.hook);
    if live {
        if own.iter().any(|change| change.is_needed()) {
            return (true, "the hook is of another boot: boot shell install brings it up to date".into());
        }
        return (true, shadow(paths, seen).unwrap_or_default());
    }
    let missing: Vec<String> = users.iter().filter(|change| change.is_needed()).map(|change| paths.tilde(&change.file)).collect();
    if shell == Shell::Bash && run == Kind::Plain {
        return (false, "bash -c reads no start-up file: it has the PATH of what starts it".into());
    }
    let note = if !missing.is_empty() {
        format!("no hook in {}: boot shell install", missing.join(", "))
    } else if leads {
        "boot's commands are there, but the hook isn't: what comes behind its block takes it out, or an earlier line ends the file".into()
    } else if seen.path.contains(&paths.shims()) {
        "what comes behind the hook's block puts other folders ahead of boot's on PATH".into()
    } else {
        "the block is in place, but isn't reached: an earlier line ends the file".into()
    };
    (false, note)
}

/// What runs in place of boot's `python`: an alias, a function, or one in a folder further ahead.
fn shadow(paths: &Paths, seen: &Seen) -> Option<String> {
    let python = seen.commands.first()?.as_deref()?;
    let folder = Path::new(python).parent().unwrap_or(Path::new(""));
    if folder == paths.shims() || !paths.shims().join("python").exists() {
        return None;
    }
    let what = if python.starts_with('/') { paths.tilde(Path::new(python)) } else { format!("an alias or a function ({python})") };
    Some(format!("`python` is {what}, ahead of boot's"))
}

/// Every `python` on this shell's PATH, in order: the first is what runs, the others are shadowed.
pub fn pythons(path: Option<&std::ffi::OsStr>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = which::which_in_all("python", path, "/").map(Iterator::collect).unwrap_or_default();
    all.dedup();
    all
}

/// How this program is called in start-up files; what `lines` compares with.
///
/// # Errors
/// This program's own file isn't known.
pub fn binary(paths: &Paths) -> Result<PathBuf> {
    init::binary(paths).map_err(crate::store::Error::io("find", "boot itself".as_ref()))
}
