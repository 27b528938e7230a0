//! Does every command that the manifest promises run what it should, in each shell and each way it
//! is started? The shells themselves are asked, as a new login would start them.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Result;
use super::item::tool::linked_commands;
use crate::Context;
use crate::manifest::Manifest;
use crate::manifest::PythonRequest;
use crate::manifest::condition::Surroundings;
use crate::python::installed;
use crate::report::escaped;
use crate::shell::Shell;
use crate::shell::probe::{self, Kind};

/// A promise that isn't kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Broken {
    pub command: String,
    /// The tool or Python that promises it: `black`, `Python 3.11`.
    pub by: String,
    /// In plain words.
    pub why: String,
    /// The runs in which it is so; none where it is so everywhere.
    pub runs: Vec<String>,
}

/// The findings of a verify.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// The commands that were looked for.
    pub commands: usize,
    /// The runs of shells that were asked, as in `bash login`.
    pub runs: Vec<String>,
    pub broken: Vec<Broken>,
}

/// A command and where it should be found.
struct Promise {
    command: String,
    by: String,
    place: PathBuf,
}

/// Asks each of `shells` for every command of the manifest's Pythons and tools.
///
/// # Errors
/// A shell that can't be started.
pub(crate) fn verify(ctx: &Context, manifest: &Manifest, shells: &[Shell]) -> Result<Found> {
    let mut found = Found::default();
    let promises = promises(ctx, manifest, &mut found.broken);
    found.commands = promises.len();
    let names: Vec<&str> = promises
        .iter()
        .map(|promise| promise.command.as_str())
        .collect();
    for &shell in shells {
        let mut login = None;
        for kind in Kind::ALL {
            // What is started plainly has the PATH of the session that starts it, in shells that
            // read no file then.
            let path = login
                .as_deref()
                .filter(|_| kind == Kind::Plain && shell == Shell::Bash);
            let Some(seen) = probe::ask_within(shell, kind, &ctx.paths, &names, path)? else {
                continue;
            };
            let run = format!("{shell} {}", kind.name());
            for (promise, there) in promises.iter().zip(&seen.commands) {
                if let Some(why) = complaint(ctx, promise, there.as_deref()) {
                    note(&mut found.broken, promise, why, &run);
                }
            }
            found.runs.push(run);
            if kind == Kind::Login {
                login = std::env::join_paths(&seen.path)
                    .ok()
                    .and_then(|path| path.into_string().ok());
            }
        }
    }
    Ok(found)
}

fn note(broken: &mut Vec<Broken>, promise: &Promise, why: String, run: &str) {
    match broken
        .iter_mut()
        .find(|one| one.command == promise.command && one.why == why)
    {
        Some(one) => one.runs.push(run.into()),
        None => broken.push(Broken {
            command: promise.command.clone(),
            by: promise.by.clone(),
            why,
            runs: vec![run.into()],
        }),
    }
}

fn complaint(ctx: &Context, promise: &Promise, there: Option<&str>) -> Option<String> {
    let Some(there) = there else {
        return Some("isn't found".into());
    };
    if Path::new(there) == promise.place {
        return None;
    }
    Some(if there.starts_with('/') {
        format!("is {}", escaped(&ctx.paths.tilde(Path::new(there))))
    } else {
        format!("is an alias or a function ({})", escaped(there))
    })
}

/// The commands that there should be. What isn't even installed is noted as broken at once.
fn promises(ctx: &Context, manifest: &Manifest, broken: &mut Vec<Broken>) -> Vec<Promise> {
    let mut promises = Vec::new();
    let mut missing = |command: &str, by: String| {
        broken.push(Broken {
            command: command.into(),
            by,
            why: "isn't installed".into(),
            runs: Vec::new(),
        });
    };
    let shims = ctx.paths.shims();
    for (number, request) in manifest.pythons.iter().enumerate() {
        let by = format!("Python {request}");
        let Some(minor) = installed_minor(ctx, request) else {
            missing("python", by);
            continue;
        };
        let mut names = vec![format!("python{minor}"), format!("pip{minor}")];
        if number == 0 {
            names.extend(["python", "python3", "pip", "pip3"].map(String::from));
        }
        promises.extend(names.into_iter().map(|command| Promise {
            place: shims.join(&command),
            command,
            by: by.clone(),
        }));
    }
    let here = Surroundings::here();
    for tool in manifest.tools.iter().filter(|tool| tool.only.holds(&here)) {
        match linked_commands(ctx, tool) {
            Some(commands) => promises.extend(commands.into_iter().map(|command| Promise {
                place: ctx.paths.bin.join(&command),
                command,
                by: tool.name.clone(),
            })),
            None => missing(&tool.name, tool.name.clone()),
        }
    }
    promises
}

/// The minor, as `3.11`, of the installed Python that meets a request.
fn installed_minor(ctx: &Context, request: &PythonRequest) -> Option<String> {
    let key = installed::find(&ctx.paths, request.value())?.key;
    Some(key.version.minor_name(key.variant))
}
