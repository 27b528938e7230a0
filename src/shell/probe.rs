//! Asks a real shell, started with the surroundings of a new login, what a person would find in it:
//! its PATH, whether the hook is live, and what a name runs. The user's own start-up files decide
//! that, so nothing short of running them can tell.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::{Shell, install, quote};
use crate::store::env;
use crate::store::paths::Paths;
use crate::store::{Error, Result};

/// A way to start a shell, which decides the files that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// `bash -l`: a console, ssh, and each terminal of macOS.
    Login,
    /// `bash -i`: a terminal window, tmux.
    Interactive,
    /// `bash -c`: cron, editors, `ssh host command`.
    Plain,
}

impl Kind {
    pub(crate) const ALL: [Kind; 3] = [Kind::Login, Kind::Interactive, Kind::Plain];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Login => "login",
            Kind::Interactive => "interactive",
            Kind::Plain => "plain",
        }
    }

    fn options(self) -> &'static [&'static str] {
        match self {
            Kind::Login => &["-l", "-c"],
            Kind::Interactive => &["-i", "-c"],
            Kind::Plain => &["-c"],
        }
    }
}

/// The state of the hook in an interactive shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    Missing,
    /// Its functions are there, and no prompt calls them.
    Unregistered,
    /// It runs at prompts; `cd` is a function or an alias of the user's.
    AtPrompts,
    /// It runs at prompts and when the folder changes.
    Live,
}

/// The findings in a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub path: Vec<PathBuf>,
    pub hook: Hook,
    /// For each name that was asked for, what the shell says it is: a path, an alias's text, a
    /// function's name. None: nothing.
    pub commands: Vec<Option<String>>,
}

/// Start-up files may do anything; this long they may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The PATH of a new login, before any file has added to it.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Stands before and behind the answer, among what start-up files print.
const MARK: &str = "\u{1}boot\u{1}";

/// Asks `shell`, started as `kind`, for `commands`. None where the shell isn't on this machine, or
/// doesn't come to an end.
pub(crate) fn ask(
    shell: Shell,
    kind: Kind,
    paths: &Paths,
    commands: &[&str],
) -> Result<Option<Seen>> {
    ask_within(shell, kind, paths, commands, None)
}

/// As [`ask`], in a session whose PATH is `path` already.
pub(crate) fn ask_within(
    shell: Shell,
    kind: Kind,
    paths: &Paths,
    commands: &[&str],
    path: Option<&str>,
) -> Result<Option<Seen>> {
    let Ok(program) = which::which(shell.name()) else {
        return Ok(None);
    };
    let mut command = Command::new(&program);
    command
        .args(kind.options())
        .arg(script(shell, commands))
        .current_dir(&paths.home);
    command
        .env_clear()
        .env("PATH", path.unwrap_or(SYSTEM_PATH))
        .env("HOME", &paths.home)
        .env("SHELL", &program)
        .env("TERM", "dumb");
    // Where ~/.zshenv sets it, a new login doesn't have it yet.
    if let Some(folder) = paths
        .zdotdir
        .as_ref()
        .filter(|_| !install::zshenv_sets_zdotdir(paths))
    {
        command.env("ZDOTDIR", folder);
    }
    let kept = |name: &str| {
        ["USER", "LOGNAME", "LANG", "TMPDIR"].contains(&name)
            || ["XDG_", "BOOT_", "LC_"]
                .iter()
                .any(|start| name.starts_with(start))
    };
    command.envs(env::vars_os().filter(|(name, _)| name.to_str().is_some_and(kept)));
    let started = Error::io("start", &program);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(started)?;
    let Some(output) = child.stdout.take() else {
        return Ok(None);
    };
    let end = Instant::now() + PATIENCE;
    let bytes = read_answer(output, end);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > end {
            // Gone already is as good.
            let _ = child.kill();
            let _ = child.wait();
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(parse(&String::from_utf8_lossy(&bytes), commands.len()))
}

/// Reads up to the second mark, or as far as it comes until `end`: what start-up files leave in the
/// background may hold the output open for ever.
fn read_answer(mut output: impl Read + Send + 'static, end: Instant) -> Vec<u8> {
    let (sender, chunks) = mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = output.read(&mut chunk) {
            if sender.send(chunk[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut bytes = Vec::new();
    let marks = |bytes: &[u8]| {
        bytes
            .windows(MARK.len())
            .filter(|window| *window == MARK.as_bytes())
            .count()
    };
    while marks(&bytes) < 2
        && let Ok(chunk) = chunks.recv_timeout(end.saturating_duration_since(Instant::now()))
    {
        bytes.extend(chunk);
    }
    bytes
}

/// Prints the mark, PATH, the hook's state, what each command is, and the mark; each ended by a
/// NUL.
fn script(shell: Shell, commands: &[&str]) -> String {
    let word = |text: &str| String::from_utf8_lossy(&quote::word(shell, text)).into_owned();
    let mut script = match shell {
        Shell::Fish => {
            format!(
                "printf '%s\\0' '{MARK}' (string join : -- $PATH)\n\
                 if functions -q __boot_begin; or functions -q __boot_prompt; printf 'live\\0'; \
                 else; printf '\\0'; end\n"
            )
        }
        Shell::Bash | Shell::Zsh => {
            let registered = if shell == Shell::Bash {
                "${PROMPT_COMMAND[*]-}"
            } else {
                "${precmd_functions[*]-}"
            };
            // zsh has a hook of its own for the folder; bash's is the function `cd`.
            let follows = if shell == Shell::Bash {
                "[ \"${BOOT_CD-}\" = off ] || case $(type cd 2>/dev/null) in *__boot_moved*) :;; \
                 *) \
                 ! :;; esac"
            } else {
                ":"
            };
            format!(
                "printf '%s\\0' '{MARK}' \"$PATH\"\n\
                 if ! type __boot_prompt >/dev/null 2>&1; then printf '\\0'\n\
                 else case \"{registered}\" in\n\
                 *__boot_prompt*) if {follows}; then printf 'live\\0'; else printf \
                 'prompts\\0'; fi;;\n\
                 *) printf 'unregistered\\0';;\n\
                 esac; fi\n"
            )
        }
    };
    for name in commands {
        script.push_str(&match shell {
            Shell::Fish => format!(
                "printf '%s\\0' \"$(functions -q {0}; and echo {0}; or command -v {0})\"\n",
                word(name)
            ),
            _ => format!("printf '%s\\0' \"$(command -v {} || :)\"\n", word(name)),
        });
    }
    script.push_str(&format!("printf '%s\\0' '{MARK}'\n"));
    script
}

fn parse(output: &str, commands: usize) -> Option<Seen> {
    let (_, answer) = output.split_once(&format!("{MARK}\0"))?;
    let (answer, _) = answer.split_once(&format!("{MARK}\0"))?;
    let mut fields = answer.split('\0');
    let path = fields
        .next()?
        .split(':')
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .collect();
    let hook = match fields.next()? {
        "live" => Hook::Live,
        "prompts" => Hook::AtPrompts,
        "unregistered" => Hook::Unregistered,
        _ => Hook::Missing,
    };
    let commands: Vec<Option<String>> = fields
        .take(commands)
        .map(|text| Some(text.trim().to_string()).filter(|text| !text.is_empty()))
        .collect();
    Some(Seen {
        path,
        hook,
        commands,
    })
}

/// Tells whether `folders` stand on `path` in this order, each ahead of the system's own.
pub(crate) fn leads(path: &[PathBuf], folders: &[&Path]) -> bool {
    let at = |folder: &Path| path.iter().position(|there| there == folder);
    let system = at(Path::new("/usr/bin")).unwrap_or(path.len());
    folders
        .iter()
        .all(|folder| at(folder).is_some_and(|place| place < system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_ignores_output_of_start_up_files() {
        let output = format!("Welcome!\nhook\0{MARK}\0/s:/usr/bin\0live\0/s/python\0\0{MARK}\0bye");
        let seen = parse(&output, 2).unwrap();
        assert_eq!(seen.path, [PathBuf::from("/s"), "/usr/bin".into()]);
        assert_eq!(seen.hook, Hook::Live);
        assert_eq!(seen.commands, [Some("/s/python".to_string()), None]);
        assert_eq!(parse("died early", 1), None);
        assert_eq!(parse(&format!("{MARK}\0/s:/usr/bin\0ho"), 1), None);
    }

    #[test]
    fn leads_is_false_behind_system_folders() {
        let path = ["/a", "/usr/bin", "/b"].map(PathBuf::from);
        assert!(leads(&path, &[Path::new("/a")]));
        assert!(!leads(&path, &[Path::new("/a"), Path::new("/b")]));
        assert!(!leads(&path, &[Path::new("/c")]));
    }
}
