//! The `git` command, as boot calls it for all that comes from elsewhere.

use std::io::IsTerminal;
use std::process::{Command, Stdio};

use crate::store::env::var;

/// `git`, to which the caller adds what is to be done: it asks nothing, runs nothing that a
/// repository or a template brings, and is told of no other repository by the environment.
pub(crate) fn command() -> Command {
    let mut git = Command::new("git");
    // Questions would hang where nobody sees them; hooks and clever protocols have no place here.
    git.env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
        .env("LC_ALL", "C")
        .args([
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "advice.detachedHead=false",
        ])
        .stdin(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        git.env_remove(name);
    }
    if var("GIT_SSH_COMMAND").is_none()
        && var("GIT_SSH").is_none()
        && !std::io::stdin().is_terminal()
    {
        git.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
    }
    git
}
