//! `boot shell`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::shell;

/// The hook: boot's commands on PATH, and a project's environment while you are in it
#[derive(Debug, Subcommand)]
pub(crate) enum Shell {
    /// Print the hook, for `eval`
    Init { shell: Name },
    /// Put it into the start-up files of the shells in use: one marked block in each
    Install {
        /// Only these shells
        #[arg(long)]
        shell: Vec<Name>,
    },
    /// Take it out again; every other byte stays
    Uninstall {
        /// Only these shells
        #[arg(long)]
        shell: Vec<Name>,
    },
    /// Is the hook live: in a login, at a prompt, in plain runs; and what stands before boot's
    /// python
    Status {
        #[arg(long)]
        json: bool,
    },
    /// What the hook asks when something changed
    #[command(hide = true)]
    Enter {
        shell: Name,
        /// Where the shell stands
        folder: PathBuf,
        /// What it has already said
        told: OsString,
        /// The environment that is active by other means than boot's
        foreign: Option<PathBuf>,
        /// Make nothing: a subshell asks
        #[arg(long)]
        look: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Name {
    Bash,
    Zsh,
    Fish,
}

impl From<Name> for shell::Shell {
    fn from(name: Name) -> shell::Shell {
        match name {
            Name::Bash => shell::Shell::Bash,
            Name::Zsh => shell::Shell::Zsh,
            Name::Fish => shell::Shell::Fish,
        }
    }
}
