//! `boot venv`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Make a virtual environment, or see and remove those that boot made
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
The project's environment lies in boot's own folder; `.venv` is a link to it.
  python -m venv .venv     refuses a link: boot venv --clear replaces the environment
  virtualenv .venv         writes into what the link leads to
  tar -xf ARCHIVE          does so too, where it has files below .venv/ and no .venv itself")]
pub(crate) struct Venv {
    #[command(subcommand)]
    pub what: Option<What>,
    #[command(flatten)]
    pub make: Make,
}

#[derive(Debug, Args)]
pub(crate) struct Make {
    /// Where; `.venv` in the project by default
    pub path: Option<PathBuf>,
    /// Make a named one, which `.python-version` can name
    #[arg(long, short, conflicts_with = "path")]
    pub name: Option<String>,
    /// The Python, instead of the one that is pinned here
    #[arg(long, short, value_name = "REQUEST")]
    pub python: Option<String>,
    /// Leave pip out
    #[arg(long, alias = "without-pip")]
    pub no_pip: bool,
    /// As it is without the option: pip is put in
    #[arg(long, hide = true, conflicts_with = "no_pip")]
    pub seed: bool,
    /// Replace an environment that is there
    #[arg(long)]
    pub clear: bool,
    /// What prompts show; the project's name by default
    #[arg(long)]
    pub prompt: Option<String>,
    /// Let it see the interpreter's own packages
    #[arg(long)]
    pub system_site_packages: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// What boot made or was told to trust, with which Python, and whether it still works
    #[command(visible_alias = "ls")]
    List {
        #[arg(long)]
        json: bool,
    },
    /// Have a project lead to its environment of before again
    Restore {
        /// The project; here by default
        path: Option<PathBuf>,
        /// Which of several, as `--list` counts them
        #[arg(long, short, default_value_t = 1, value_name = "NUMBER")]
        number: usize,
        /// Only show those that are kept
        #[arg(long, short, conflicts_with = "number")]
        list: bool,
    },
    /// As `boot venv` without a command
    #[command(aliases = ["make", "new"])]
    Create(Make),
    /// Remove an environment that boot made
    #[command(visible_aliases = ["rm", "delete"], alias = "uninstall")]
    Remove {
        #[arg(required = true, value_name = "NAME_OR_PATH")]
        what: Vec<PathBuf>,
    },
}
