//! The machine: what `boot.toml` says.

use clap::Args;

use crate::machine::apply::OnConflict;
use crate::machine::item::Kind;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// USER (the repository dotfiles of that user), USER/NAME, HOST/USER, HOST/USER/NAME, a git
    /// address, or a folder
    pub repo: Option<String>,
    /// Write install.sh here, which Codespaces and devcontainers run in a clone of the repository,
    /// and do nothing else
    #[arg(long, conflicts_with_all = ["repo", "yes", "dry_run"])]
    pub entry_script: bool,
    /// Agree beforehand to everything that the plan lists
    #[arg(short, long)]
    pub yes: bool,
    /// Show the plan, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The branch to take
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
    /// Fetch USER/NAME with your SSH key
    #[arg(long)]
    pub ssh: bool,
    /// The treatment of files that boot did not make [default: ask; fail where nobody can be asked]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_conflict: Option<OnConflict>,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// End with 1 if there is anything to do
    #[arg(long)]
    pub exit_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// Only these kinds of items
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub only: Vec<Kind>,
    /// The treatment of files that boot did not make [default: ask; fail where nobody can be asked]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_conflict: Option<OnConflict>,
    /// Agree beforehand to scripts that are new or changed
    #[arg(short, long)]
    pub yes: bool,
    /// Fail where boot.lock isn't what boot.toml asks for, and take nothing but what it names
    #[arg(long)]
    pub locked: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Files below the home directory
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<std::path::PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Agree beforehand to scripts that are new or changed
    #[arg(short, long)]
    pub yes: bool,
    /// Pull and apply, and leave boot.lock as it is
    #[arg(long)]
    pub locked: bool,
    /// The treatment of files that boot did not make [default: ask; fail where nobody can be asked]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub on_conflict: Option<OnConflict>,
}

#[derive(Debug, Args)]
pub(crate) struct Lock {
    /// Add a platform, such as linux-aarch64-gnu or darwin-aarch64-none
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// Write nothing; end with 1 if the lock isn't what boot.toml asks for
    #[arg(long)]
    pub check: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The managers whose Pythons and tools are imported
    #[arg(required = true, value_enum, value_name = "SOURCE")]
    pub sources: Vec<Whose>,
    /// The Brewfile to read [default: the one that Homebrew would take here]
    #[arg(long, value_name = "PATH")]
    pub file: Option<std::path::PathBuf>,
    /// Print the boot.toml that would come out of it, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// A manager that may keep Pythons and tools on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Whose {
    /// Tools, with what is injected into them
    Pipx,
    /// Tools, and the Pythons that uv manages
    Uv,
    /// Pythons, and the environments of pyenv-virtualenv
    Pyenv,
    /// Pythons and Python tools that a Brewfile lists
    Brewfile,
}
