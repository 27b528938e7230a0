//! `boot python`, `boot which`, `boot exec`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Python {
    Install(Install),
    #[command(visible_alias = "ls")]
    List(List),
    Find(Find),
    Pin(Pin),
    Upgrade(Upgrade),
    Uninstall(Uninstall),
    Verify(Verify),
    Adopt(Adopt),
}

/// Install Pythons: prebuilt where there are archives, else built from source
#[derive(Debug, Args)]
pub(crate) struct Install {
    /// 3.11, 3.11.9, 3.13t, '>=3.10,<3.13', latest; without one what the pin asks for, else the
    /// newest
    pub requests: Vec<String>,
    /// Make the first one the default where no project says otherwise
    #[arg(long)]
    pub default: bool,
    /// Also if it is there already
    #[arg(short = 'f', long, visible_alias = "force")]
    pub reinstall: bool,
    /// As it is without the option: what is there stays as it is
    #[arg(short = 's', long, hide = true, conflicts_with = "reinstall")]
    pub skip_existing: bool,
    /// Build it, whatever archives there are; without debug information, unless CFLAGS or
    /// --configure-opts ask for it
    #[arg(long, conflicts_with = "prebuilt")]
    pub source: bool,
    /// Never build it
    #[arg(long)]
    pub prebuilt: bool,
    /// Build with PGO and LTO: faster, and ten times as long to build
    #[arg(long)]
    pub optimize: bool,
    /// Further options for configure
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true)]
    pub configure_opts: Option<String>,
    /// Base of the prebuilt archives, in place of the publisher's
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Ask now what is new, instead of once a day
    #[arg(long)]
    pub refresh: bool,
    /// Compiler processes at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// The installed Pythons, and which one is in effect here
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those that meet it
    pub request: Option<String>,
    /// Those that could be installed
    #[arg(long)]
    pub available: bool,
    /// Ask now what is new, instead of once a day
    #[arg(long)]
    pub refresh: bool,
    /// Those of which a newer patch is known
    #[arg(long, conflicts_with = "available")]
    pub outdated: bool,
    /// As it is without the option
    #[arg(long, hide = true, conflicts_with = "available")]
    pub only_installed: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Print the path of the interpreter that is meant here
#[derive(Debug, Args)]
pub(crate) struct Find {
    /// A request, or a path; without one what is in effect here
    pub request: Option<String>,
}

/// Write .python-version here, or show what is pinned
#[derive(Debug, Args)]
pub(crate) struct Pin {
    /// One or more; the first is the project's Python
    pub requests: Vec<String>,
    /// The default for everywhere, instead of this folder
    #[arg(long)]
    pub global: bool,
    /// Remove the pin
    #[arg(long, visible_alias = "rm", conflicts_with = "requests")]
    pub unset: bool,
}

/// Bring installed minors to their newest patch; what runs on them follows
#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    /// 3.11, 3.13t; without one every minor that boot installed
    pub requests: Vec<String>,
    /// Leave the old patch installed
    #[arg(long)]
    pub keep: bool,
    /// Base of the prebuilt archives, in place of the publisher's
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
    /// Ask now what is new, instead of once a day
    #[arg(long)]
    pub refresh: bool,
    /// Compiler processes at once
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// Uninstall Pythons; refuses while environments use them
#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    #[arg(required = true)]
    pub requests: Vec<String>,
    /// Although environments use it
    #[arg(short, long)]
    pub force: bool,
}

/// Import the whole standard library of installed Pythons, make an environment, and tell what is
/// missing
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Without one all that are installed
    pub requests: Vec<String>,
    /// Every module a line of its own
    #[arg(long, conflicts_with = "json")]
    pub all: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Adopt interpreters of pyenv, uv, Homebrew or the system, by link, changing nothing of theirs
#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// Interpreters, installations, or names on PATH
    pub paths: Vec<PathBuf>,
    /// Every one that is found here
    #[arg(long)]
    pub all: bool,
}

/// Print what a command would run here
#[derive(Debug, Args)]
pub(crate) struct Which {
    pub command: OsString,
}

/// Run a command with the Python that is in effect here
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// With this one instead
    #[arg(short, long, value_name = "REQUEST")]
    pub python: Option<String>,
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
}
