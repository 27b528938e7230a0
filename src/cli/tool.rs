//! `boot tool`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Install tools, each in an environment of its own
    #[command(visible_alias = "i")]
    Install(Install),
    /// Put more packages into a tool's environment
    Inject(Inject),
    /// Take injected packages out again, and what only they needed
    Uninject(Uninject),
    /// Upgrade tools, all without a name
    Upgrade(Upgrade),
    /// Make tools' environments anew, from the same requests
    Reinstall(Reinstall),
    /// Remove tools and their commands
    Uninstall(Uninstall),
    /// What is installed
    #[command(visible_alias = "ls")]
    List(List),
    /// Hold tools at their version
    Pin(Names),
    /// Let pinned tools go on
    Unpin(Names),
    /// Link a command of the tool's environment
    Expose(Expose),
    /// Take links of the tool away
    Unexpose(Unexpose),
    /// Run a tool without installing it, or the installed one where that is what is asked for
    #[command(disable_version_flag = true)]
    Run(Run),
    /// Run a command inside a tool's environment
    #[command(disable_version_flag = true)]
    Exec(Exec),
    /// Run pip on a tool's environment, to look into it
    #[command(disable_version_flag = true)]
    Pip(Pip),
}

#[derive(Debug, Args)]
pub(crate) struct Install {
    /// What to install: black, black==24.*, black[d], black@24.4.2, git+URL, a wheel, an archive, a
    /// folder
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<String>,
    /// Inject DEP too
    #[arg(short, long, value_name = "DEP")]
    pub with: Vec<String>,
    /// Inject what this requirements file lists
    #[arg(short = 'r', long = "requirements", aliases = ["requirement", "with-requirements"], value_name = "FILE")]
    pub requirements: Vec<PathBuf>,
    /// The Python to use, as 3.11 or 3.11.9
    #[arg(short, long, value_name = "REQUEST")]
    pub python: Option<String>,
    /// Add this to the names of the tool and its commands
    #[arg(long, value_name = "TEXT")]
    pub suffix: Option<String>,
    /// Link the commands of this package too
    #[arg(long, visible_aliases = ["with-executables-from", "include-resources-from"], value_name = "PACKAGE")]
    pub expose_from: Vec<String>,
    /// Choose only versions that this file allows
    #[arg(
        short = 'c',
        long = "constraint",
        alias = "constraints",
        value_name = "FILE"
    )]
    pub constraints: Vec<PathBuf>,
    /// Use the code of a folder where it lies, so that changes count at once
    #[arg(short = 'e', long)]
    pub editable: bool,
    /// Consider pre-releases
    #[arg(long)]
    pub pre: bool,
    #[command(flatten)]
    pub index: Index,
    /// Make it anew, and take over names in the bin folder (a copy of what is there is kept)
    #[arg(short, long)]
    pub force: bool,
}

/// Where packages may come from.
#[derive(Debug, Args)]
pub(crate) struct Index {
    /// Take packages from this index instead of the configured one
    #[arg(short, long, alias = "default-index", value_name = "URL")]
    pub index_url: Option<String>,
    /// Ask this index first; the first that has a name is the one for it
    #[arg(long, alias = "index", value_name = "URL")]
    pub extra_index_url: Vec<String>,
    /// Only what was published before, as 2026-01-31
    #[arg(long, visible_aliases = ["exclude-newer", "uploaded-prior-to"], value_name = "DATE")]
    pub before: Option<String>,
    /// Wheels only: run no build
    #[arg(long)]
    pub no_build: bool,
    /// Ask the indexes again, however fresh the cache is
    #[arg(long)]
    pub refresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inject {
    /// The tool
    pub tool: String,
    /// What to put into its environment
    #[arg(required_unless_present = "requirements", value_name = "DEP")]
    pub packages: Vec<String>,
    /// Inject what this requirements file lists
    #[arg(short = 'r', long = "requirements", aliases = ["requirement", "with-requirements"], value_name = "FILE")]
    pub requirements: Vec<PathBuf>,
    /// Link their commands too
    #[arg(long, visible_alias = "include-apps")]
    pub expose: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Uninject {
    /// The tool
    pub tool: String,
    /// What to take out
    #[arg(required = true, value_name = "DEP")]
    pub packages: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Upgrade {
    /// The tools; all without one
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// As without a name
    #[arg(short, long, conflicts_with = "tools")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Reinstall {
    /// The tools
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// Every tool
    #[arg(short, long, conflicts_with = "tools")]
    pub all: bool,
    /// Another Python
    #[arg(short, long, value_name = "REQUEST")]
    pub python: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Uninstall {
    /// The tools
    #[arg(value_name = "TOOL")]
    pub tools: Vec<String>,
    /// Every tool
    #[arg(short, long, conflicts_with = "tools")]
    pub all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Those of which a newer version is allowed by what was asked for
    #[arg(long)]
    pub outdated: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Expose {
    /// The tool
    pub tool: String,
    /// Commands in its environment, of whichever package
    #[arg(required = true, value_name = "CMD")]
    pub commands: Vec<String>,
    /// Link it under this name
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unexpose {
    /// The tool
    pub tool: String,
    /// What is linked
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Names {
    /// The tools
    #[arg(required = true, value_name = "TOOL")]
    pub tools: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The tool
    pub tool: String,
    /// The command and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    pub command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What to run: black, black@24.4.2, script.py; with --from, the command
    #[arg(value_name = "SPEC")]
    pub spec: String,
    /// Have DEP beside it
    #[arg(short, long, value_name = "DEP")]
    pub with: Vec<String>,
    /// The package that has the command
    #[arg(long, visible_alias = "spec", value_name = "PACKAGE")]
    pub from: Option<String>,
    /// The Python to use, as 3.11 or 3.11.9
    #[arg(short, long, value_name = "REQUEST")]
    pub python: Option<String>,
    #[command(flatten)]
    pub index: Index,
    /// The command's own arguments
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    pub arguments: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Pip {
    /// The tool
    pub tool: String,
    /// What pip is to do
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    pub arguments: Vec<std::ffi::OsString>,
}
