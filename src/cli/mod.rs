//! Every option and argument: what `--help`, the completions and the man pages are made from. One
//! file a group.

pub(crate) mod help;
pub(crate) mod machine;
pub(crate) mod python;
pub(crate) mod rest;
pub(crate) mod shell;
pub(crate) mod tool;
pub(crate) mod trust;
pub(crate) mod venv;
pub(crate) mod words;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::Error;

/// Makes a machine ready for Python work, and keeps it so.
#[derive(Debug, Parser)]
#[command(
    name = "boot",
    bin_name = "boot",
    version,
    disable_help_subcommand = false,
    propagate_version = true
)]
#[command(after_help = help::START, after_long_help = help::LONG)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads a command line, its first word being the program's name. Ends the process where help
    /// or the version is asked for. A word that is another program's is an error, with the command
    /// of boot that does the same.
    pub(crate) fn of(words: impl IntoIterator<Item = OsString>) -> Result<Cli, Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        if let Some(cli) = read_shell_command(&words) {
            return Ok(cli);
        }
        let parsed = command()
            .try_get_matches_from(&words)
            .and_then(|matches| Cli::from_arg_matches(&matches));
        let error = match parsed {
            Ok(cli) => {
                return match cli.misread(&words) {
                    Some(message) => Err(Error::Usage(message)),
                    None => Ok(cli),
                };
            }
            Err(error) => error,
        };
        if error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
        {
            return Err(Error::Usage(words::message(&words, &error)));
        }
        error.exit()
    }

    /// The error of a command line that clap takes for another one than was meant.
    fn misread(&self, words: &[OsString]) -> Option<String> {
        match &self.command {
            Command::Venv(venv) if venv.what.is_none() => {
                words::trap(words, venv.make.path.as_deref()?.to_str())
            }
            Command::Init(_) => words::trap(words, None),
            _ => None,
        }
    }
}

/// Reads `boot shell …` by the definition of that group alone: the hook calls it when the folder
/// changes, and building the whole command line takes a third of that run. None for another command
/// and for whatever that group doesn't take; then the whole definition decides.
fn read_shell_command(words: &[OsString]) -> Option<Cli> {
    let [_, group, ..] = words else { return None };
    if group != "shell" {
        return None;
    }
    let definition = shell::Shell::augment_subcommands(clap::Command::new("shell"));
    let matches = definition.try_get_matches_from(&words[1..]).ok()?;
    Some(Cli {
        global: Global::default(),
        command: Command::Shell(shell::Shell::from_arg_matches(&matches).ok()?),
    })
}

/// The definition of the command line, its commands in groups.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let template = help::template(&command);
    command.help_template(template)
}

/// Options that every command takes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Global {
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
pub(crate) enum Command {
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
    /// Take what pipx, uv, pyenv or a Brewfile have here into boot.toml; what is theirs stays as it
    /// is
    Import(machine::Import),
    /// Put back what the last apply replaced: content, mode, link
    Undo(machine::Undo),
    Doctor(rest::Doctor),
    /// What boot keeps so that it needn't fetch it again
    #[command(subcommand)]
    Cache(rest::Cache),
    /// boot itself: update, uninstall, version
    #[command(name = "self", subcommand)]
    Boot(rest::SelfCommand),
    /// Print a completion script
    Completions(rest::Completions),
    /// Write the man pages
    Man(rest::Man),
}
