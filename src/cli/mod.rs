//! Every option and argument: what `--help`, the completions and the man pages are made from. One file a group.

pub mod help;
pub mod machine;
pub mod python;
pub mod rest;
pub mod shell;
pub mod tool;
pub mod trust;
pub mod venv;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};

use crate::error::Error;
use crate::report::escaped;

/// Makes a machine ready for Python work, and keeps it so.
#[derive(Debug, Parser)]
#[command(name = "boot", bin_name = "boot", version, disable_help_subcommand = false, propagate_version = true)]
#[command(after_help = help::START, after_long_help = help::LONG)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line, its first word being the program's name. Ends the process where help or the version is asked for. A command that boot
    /// hasn't got is an error, with those that may have been meant.
    pub fn of(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        let error = match Cli::try_parse_from(&words) {
            Ok(cli) => return Ok(cli),
            Err(error) => error,
        };
        match error.get(ContextKind::InvalidSubcommand) {
            // Below a group clap knows better: its commands are few, and it names the nearest.
            Some(ContextValue::String(word)) if error.kind() == ErrorKind::InvalidSubcommand && !is_below_a_group(&words, word) => {
                let next = match (help::meant(word), error.get(ContextKind::SuggestedSubcommand)) {
                    ([], Some(ContextValue::Strings(near))) => {
                        near.iter().map(|name| format!("boot {name}")).collect::<Vec<_>>().join(", or ")
                    }
                    ([], _) => "boot -h names those that there are".into(),
                    (meant, _) => meant.join(", or "),
                };
                Err(Error::Usage(format!("boot has no command {}\n{next}", escaped(word))))
            }
            _ if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Err(Error::Usage(lines(&error.to_string())))
            }
            _ => error.exit(),
        }
    }
}

/// What clap says of a wrong command line, a line a paragraph: what is wrong, what may have been meant, the usage.
fn lines(said: &str) -> String {
    let said = said.strip_prefix("error: ").unwrap_or(said);
    let paragraphs = said.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.filter(|line| !line.is_empty() && !line.starts_with("For more information")).collect::<Vec<_>>().join("\n")
}

/// Whether another command stands before `word`.
fn is_below_a_group(words: &[OsString], word: &str) -> bool {
    let mut before = words.iter().skip(1).take_while(|given| *given != word);
    before.any(|given| !given.as_encoded_bytes().starts_with(b"-"))
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
    /// Is every command that boot.toml promises found in each shell?
    Verify(machine::Verify),
    /// Move dotfiles into the repository, and link them
    Add(machine::Add),
    /// Take what pipx, uv, pyenv or a Brewfile have here into boot.toml; what is theirs stays as it is
    Import(machine::Import),
    /// Put back what the last apply replaced: content, mode, link
    Undo(machine::Undo),
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
