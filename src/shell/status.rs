//! Is the hook live? For each shell in use and each way it is started, in plain words; and what
//! stands before the Python that boot would run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::company::{self, Activator};
use super::install::{self, Change};
use super::probe::{self, Hook, Kind, Seen};
use super::{Shell, init};
use crate::store::Result;
use crate::store::paths::Paths;

/// The state of a shell, started in one way.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    pub shell: Shell,
    pub run: Kind,
    /// boot's commands are found ahead of the system's, and at a prompt the hook runs.
    pub live: bool,
    /// In plain words; empty where it is live and nothing stands in between.
    pub note: String,
    /// The meaning of `python` there, as the shell tells it.
    pub python: Option<String>,
    /// Others that activate environments there; asked at a prompt only.
    pub activators: Vec<Activator>,
}

/// The shell that boot was called from, by what it exports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Here {
    pub hook: bool,
    /// The hook looks when the folder changes, and not at prompts only.
    pub follows_cd: bool,
    /// `deactivate` was typed in this folder.
    pub held: bool,
    pub environment: Option<PathBuf>,
    pub activation: Activation,
    pub activators: Vec<Activator>,
}

/// The way in which an environment is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Activation {
    None,
    Boot,
    /// Its commands are on PATH by other means.
    Foreign,
    /// VIRTUAL_ENV names it, and that is all.
    NameOnly,
}

/// The state of the shell whose process is `parent`, by the variables that it exports.
pub(crate) fn here(var: impl Fn(&str) -> Option<OsString>, parent: u32) -> Here {
    let text = |name: &str| {
        var(name)
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let hook = text("__BOOT_HOOK");
    let mut words = hook.split(' ');
    // A shell without the hook inherits the word of the one around it.
    let is_live = words.next() == Some(parent.to_string().as_str());
    let words: Vec<&str> = words.filter(|_| is_live).collect();
    let environment = var("VIRTUAL_ENV")
        .filter(|root| !root.is_empty())
        .map(PathBuf::from);
    let path: Vec<PathBuf> = var("PATH").iter().flat_map(std::env::split_paths).collect();
    let activation = match &environment {
        None => Activation::None,
        Some(root) if var("__BOOT_ACTIVE").is_some_and(|active| active == root.as_os_str()) => {
            Activation::Boot
        }
        Some(root) if path.contains(&root.join("bin")) => Activation::Foreign,
        Some(_) => Activation::NameOnly,
    };
    let is_off = text("BOOT_CD") == "off";
    Here {
        hook: is_live,
        follows_cd: words.contains(&"cd") && !is_off,
        held: words.contains(&"held"),
        environment,
        activation,
        activators: company::of_environment(&var),
    }
}

/// The state of each of `shells`.
///
/// # Errors
/// A start-up file that can't be read, a shell that can't be started.
pub(crate) fn lines(paths: &Paths, shells: &[Shell], binary: &Path) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for &shell in shells {
        let changes = install::plan(paths, &[shell], binary)?;
        for run in Kind::ALL {
            let commands: Vec<&str> = std::iter::once("python")
                .chain(company::functions())
                .collect();
            let seen = probe::ask(shell, run, paths, &commands)?;
            let (live, note) = judge(paths, shell, run, &changes, seen.as_ref());
            let activators = seen
                .as_ref()
                .filter(|_| run == Kind::Interactive)
                .map(activators)
                .unwrap_or_default();
            let python = seen.and_then(|seen| seen.commands.into_iter().next().flatten());
            lines.push(Line {
                shell,
                run,
                live,
                note,
                python,
                activators,
            });
        }
    }
    Ok(lines)
}

/// Lists the other activators of environments in a shell. It was asked for `python` and then for
/// their functions.
fn activators(seen: &Seen) -> Vec<Activator> {
    let is_there: Vec<bool> = seen.commands.iter().skip(1).map(Option::is_some).collect();
    company::of_shell(&is_there, &seen.path)
}

fn judge(
    paths: &Paths,
    shell: Shell,
    run: Kind,
    changes: &[Change],
    seen: Option<&Seen>,
) -> (bool, String) {
    let Some(seen) = seen else {
        let there = which::which(shell.name()).is_ok();
        return (
            false,
            if there {
                format!("{shell} doesn't come to a prompt in ten seconds")
            } else {
                format!("{shell} isn't on PATH")
            },
        );
    };
    let (own, users): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.is_own(paths));
    let leads = probe::leads(&seen.path, &[&paths.shims(), &paths.bin]);
    let is_called = matches!(seen.hook, Hook::Live | Hook::AtPrompts);
    let live = leads && (run != Kind::Interactive || is_called);
    if live {
        if own.iter().any(|change| change.is_needed()) {
            return (
                true,
                "the hook is of another boot: boot shell install brings it up to date".into(),
            );
        }
        let note = shadow(paths, seen).or_else(|| {
            (run == Kind::Interactive && seen.hook == Hook::AtPrompts)
                .then(|| "at prompts only: `cd` is a function or an alias of your own".to_string())
        });
        return (true, note.unwrap_or_default());
    }
    let missing: Vec<String> = users
        .iter()
        .filter(|change| change.is_needed())
        .map(|change| paths.tilde(&change.file))
        .collect();
    if shell == Shell::Bash && run == Kind::Plain {
        return (
            false,
            "bash -c reads no start-up file: it has the PATH of what starts it".into(),
        );
    }
    let note = if !missing.is_empty() {
        format!("no hook in {}: boot shell install", missing.join(", "))
    } else if leads && run == Kind::Interactive && seen.hook == Hook::Unregistered {
        match shell {
            Shell::Bash => {
                "no prompt calls the hook: a line behind its block sets PROMPT_COMMAND; \
                            move it in front of the block, or add to it with +="
                    .into()
            }
            _ => {
                "no prompt calls the hook: a line behind its block sets precmd_functions; move it \
                  in front of the block, or add to it with +="
                    .into()
            }
        }
    } else if leads {
        "boot's commands are there, but the hook isn't: what comes behind its block takes it out, \
         or an earlier line ends the file"
            .into()
    } else if seen.path.contains(&paths.shims()) {
        "what comes behind the hook's block puts other folders ahead of boot's on PATH".into()
    } else {
        "the block is in place, but isn't reached: an earlier line ends the file".into()
    };
    (false, note)
}

/// Describes the `python` that runs in place of boot's. It is an alias, a function, or one in a
/// folder further ahead.
fn shadow(paths: &Paths, seen: &Seen) -> Option<String> {
    let python = seen.commands.first()?.as_deref()?;
    let folder = Path::new(python).parent().unwrap_or(Path::new(""));
    if folder == paths.shims() || !paths.shims().join("python").exists() {
        return None;
    }
    let what = if python.starts_with('/') {
        paths.tilde(Path::new(python))
    } else {
        format!("an alias or a function ({python})")
    };
    Some(format!("`python` is {what}, ahead of boot's"))
}

/// Every `python` on this shell's PATH, in order: the first is what runs, the others are shadowed.
pub(crate) fn pythons(path: Option<&std::ffi::OsStr>) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = which::which_in_all("python", path, "/")
        .map(Iterator::collect)
        .unwrap_or_default();
    all.dedup();
    all
}

/// Returns the path that start-up files call this program by. `lines` compares with it.
///
/// # Errors
/// This program's own file isn't known.
pub(crate) fn binary(paths: &Paths) -> Result<PathBuf> {
    init::binary(paths).map_err(crate::store::Error::io("find", "boot itself".as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here_with(variables: &[(&str, &str)]) -> Here {
        here(
            |name| {
                variables
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).into())
            },
            42,
        )
    }

    #[test]
    fn here_reads_what_shell_exports() {
        let live = here_with(&[
            ("__BOOT_HOOK", "42 cd"),
            ("VIRTUAL_ENV", "/e"),
            ("__BOOT_ACTIVE", "/e"),
            ("PATH", "/e/bin:/bin"),
        ]);
        assert!(live.hook && live.follows_cd && !live.held);
        assert_eq!(live.activation, Activation::Boot);
        let held = here_with(&[("__BOOT_HOOK", "42 held"), ("PATH", "/bin")]);
        assert!(held.hook && !held.follows_cd && held.held);
        assert_eq!(held.activation, Activation::None);
        let nested = here_with(&[
            ("__BOOT_HOOK", "421 cd held"),
            ("VIRTUAL_ENV", "/e"),
            ("PATH", "/e/bin:/bin"),
        ]);
        assert!(!nested.hook && !nested.follows_cd && !nested.held);
        assert_eq!(nested.activation, Activation::Foreign);
        assert_eq!(
            here_with(&[("VIRTUAL_ENV", "/e"), ("PATH", "/bin")]).activation,
            Activation::NameOnly
        );
        assert!(!here_with(&[("__BOOT_HOOK", "42 cd"), ("BOOT_CD", "off")]).follows_cd);
    }
}
