//! `boot completions SHELL`, and what the script that it prints asks at each <Tab>: options and
//! commands from the same definitions as `--help`, and the names that there are here (tools,
//! Pythons, environments).

use std::ffi::OsString;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use clap_complete::env::{Bash, EnvCompleter, Fish, Zsh};

use crate::cli::Cli;
use crate::cli::rest::Completions;
use crate::error::{Error, Result};
use crate::project::known;
use crate::python::{catalog, installed};
use crate::report::Silent;
use crate::shell::Shell;
use crate::store::env::var;
use crate::store::paths::Paths;
use crate::tool::receipt;
use crate::ui;
use crate::ui::table;
use crate::{Code, Context};

/// Set by the printed script, to the shell that asks.
pub(crate) const VARIABLE: &str = "_BOOT_COMPLETE";

fn completer(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
    }
}

/// The script; it asks the `boot` that is on PATH by then.
pub(crate) fn run(args: &Completions) -> Result<Code> {
    let mut script = Vec::new();
    completer(args.shell.into())
        .write_registration(VARIABLE, "boot", "boot", "boot", &mut script)
        .map_err(ui::Error::from)?;
    table::out(&String::from_utf8_lossy(&script))?;
    Ok(Code::Done)
}

/// Answers the script: `words`, behind `--`, is the line that is being typed.
///
/// # Errors
/// It wasn't the script that asked.
pub(crate) fn answer(shell: &str, words: impl Iterator<Item = OsString>) -> Result<Code> {
    let shell: Shell = shell
        .parse()
        .map_err(|error: crate::shell::UnknownShell| Error::Usage(error.to_string()))?;
    let words: Vec<OsString> = words.skip_while(|word| word != "--").skip(1).collect();
    if words.is_empty() {
        return Err(Error::Usage(format!(
            "{VARIABLE} is for completion scripts only\nboot completions {shell} prints one"
        )));
    }
    let mut command = with_names(Cli::command());
    command.build();
    let here = std::env::current_dir().ok();
    let mut found = Vec::new();
    completer(shell)
        .write_complete(&mut command, words, here.as_deref(), &mut found)
        .map_err(ui::Error::from)?;
    table::out(&String::from_utf8_lossy(&found))?;
    Ok(Code::Done)
}

/// Every argument that takes one of our names is told how to find them: by what its help calls the
/// value.
fn with_names(command: Command) -> Command {
    let installs = command.get_name() == "install";
    let names: Vec<String> = command
        .get_arguments()
        .map(|arg| arg.get_id().to_string())
        .collect();
    let command = names.into_iter().fold(command, |command, name| {
        command.mut_arg(name, |arg| with_candidates(arg, installs))
    });
    let below: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_string())
        .collect();
    below.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, with_names)
    })
}

fn with_candidates(arg: Arg, installs: bool) -> Arg {
    let value = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| name.to_string())
        .unwrap_or_default();
    match (arg.get_id().as_str(), value.as_str()) {
        ("tool" | "tools", _) => arg.add(ArgValueCandidates::new(tools)),
        ("requests", _) if installs => arg.add(ArgValueCandidates::new(available)),
        ("requests" | "request", _) | (_, "REQUEST") => arg.add(ArgValueCandidates::new(pythons)),
        (_, "NAME_OR_PATH") => arg.add(ArgValueCandidates::new(environments)),
        _ => arg,
    }
}

fn context() -> Option<Context> {
    Some(Context::new(
        Paths::discover().ok()?,
        std::sync::Arc::new(Silent),
        true,
    ))
}

fn tools() -> Vec<CompletionCandidate> {
    let Some(ctx) = context() else {
        return Vec::new();
    };
    let (receipts, _) = receipt::all(&ctx.paths);
    receipts
        .iter()
        .map(|receipt| {
            CompletionCandidate::new(receipt.wanted.tool())
                .help(Some(receipt.version.to_string().into()))
        })
        .collect()
}

/// The installed Pythons: each minor, then each patch.
fn pythons() -> Vec<CompletionCandidate> {
    let Some(ctx) = context() else {
        return Vec::new();
    };
    let all = installed::list(&ctx.paths);
    let mut names: Vec<String> = all
        .iter()
        .map(|python| python.key.version.minor_name(python.key.variant))
        .collect();
    names.extend(
        all.iter()
            .map(|python| format!("{}{}", python.key.version, python.key.variant.suffix())),
    );
    unique(names)
}

/// Pythons that could be installed here: each minor, then each patch, without a request to anybody.
fn available() -> Vec<CompletionCandidate> {
    let (Some(ctx), Some(platform)) = (context(), crate::python::key::Platform::host()) else {
        return Vec::new();
    };
    let Ok(builds) = catalog::builds(&ctx) else {
        return Vec::new();
    };
    let keys: Vec<_> = builds
        .iter()
        .map(|build| build.key)
        .filter(|key| key.platform == platform)
        .collect();
    let finals = keys.iter().filter(|key| key.version.pre.is_none());
    let mut names: Vec<String> = finals
        .map(|key| key.version.minor_name(key.variant))
        .collect();
    names.extend(
        keys.iter()
            .map(|key| format!("{}{}", key.version, key.variant.suffix())),
    );
    unique(names)
}

/// Named environments by name, others by path.
fn environments() -> Vec<CompletionCandidate> {
    let Some(ctx) = context() else {
        return Vec::new();
    };
    unique(known::list_removable(&ctx.paths))
}

fn unique(names: Vec<String>) -> Vec<CompletionCandidate> {
    let mut seen = std::collections::HashSet::new();
    names
        .into_iter()
        .filter(|name| seen.insert(name.clone()))
        .map(CompletionCandidate::new)
        .collect()
}

/// The shell whose script asks, if this is such a run.
pub(crate) fn asking() -> Option<String> {
    var(VARIABLE)
}
