//! Every option and argument: what `--help`, the completions and the man pages are made from. One file a group.

pub mod machine;
pub mod python;
pub mod rest;
pub mod shell;
pub mod tool;
pub mod trust;
pub mod venv;

use clap::{Args, Parser, Subcommand};

/// Makes a machine ready for Python work, and keeps it so.
#[derive(Debug, Parser)]
#[command(name = "boot", bin_name = "boot", version, disable_help_subcommand = false, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Tell every step and its time
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Open no socket: what the caches can't serve is an error (also BOOT_OFFLINE=1)
    #[arg(long, global = true)]
    pub offline: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pythons: install, list, pin
    #[command(subcommand)]
    Python(python::Python),
    /// Fetch your dotfiles repository, show what it asks for, and do that
    Init(machine::Init),
    /// Show what apply would do, item by item
    #[command(visible_alias = "diff")]
    Plan(machine::Plan),
    /// Make this machine what its boot.toml says
    Apply(machine::Apply),
    /// Pull the repository, find out anew what it means, and apply it
    Update(machine::Update),
    /// Write boot.lock: what boot.toml means, by checksum, for every platform that uses it
    Lock(machine::Lock),
    /// Is this machine what its boot.toml says?
    Status(machine::Plan),
    /// Python tools, each in an environment of its own
    #[command(subcommand)]
    Tool(tool::Tool),
    Venv(venv::Venv),
    Trust(trust::Trust),
    Untrust(trust::Untrust),
    /// The hook: boot's commands on PATH, and a project's environment while you are in it
    #[command(subcommand)]
    Shell(shell::Shell),
    Which(python::Which),
    Exec(python::Exec),
    /// Is every command that boot.toml promises found, in each shell and each way it is started?
    Verify(machine::Verify),
    /// Move dotfiles into the repository, and link them
    Add(machine::Add),
    /// Put back what the last apply replaced: content, mode, link
    Undo,
    Doctor(rest::Doctor),
    /// What boot keeps so that it needn't fetch it again
    #[command(subcommand)]
    Cache(rest::Cache),
    /// boot itself: update, uninstall, version
    #[command(name = "self", subcommand)]
    Itself(rest::Itself),
    /// Print a completion script
    Completions(rest::Completions),
    /// Write the man pages
    Man(rest::Man),
}
