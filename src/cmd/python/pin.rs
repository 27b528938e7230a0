//! `boot python pin`.

use std::fs;
use std::path::Path;

use super::tell_of_pyenv;
use crate::cli::python::Pin;
use crate::error::{Error, Result};
use crate::project::hints;
use crate::project::pin::{self, Entry, FILE};
use crate::python::catalog::{self, Prospect};
use crate::python::installed;
use crate::python::refresh::{self, When};
use crate::python::request::Request;
use crate::report::escaped;
use crate::shell::quote;
use crate::store;
use crate::store::env::var;
use crate::ui::table;
use crate::{Code, Context, python};

pub(super) fn run(args: &Pin, ctx: &Context) -> Result<Code> {
    let here =
        std::env::current_dir().map_err(store::Error::io("find", std::path::Path::new(".")))?;
    let file = if args.global {
        ctx.paths.global_pin()
    } else {
        here.join(FILE)
    };
    if args.unset {
        return match fs::remove_file(&file) {
            Ok(()) => {
                ctx.report
                    .info(&format!("removed {}", ctx.paths.tilde(&file)));
                Ok(Code::Done)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                ctx.report
                    .info(&format!("there is no {}", ctx.paths.tilde(&file)));
                Ok(Code::Done)
            }
            Err(error) => Err(store::Error::io("remove", &file)(error).into()),
        };
    }
    if args.requests.is_empty() {
        return show(ctx, args.global, &here);
    }
    let mut entries: Vec<Entry> = Vec::new();
    for text in &args.requests {
        for entry in pin::parse_value(text) {
            check(ctx, &entry)?;
            entries.push(entry);
        }
    }
    if !pin::write(&ctx.paths, &file, &entries)? {
        ctx.report
            .info(&format!("{} says so already", ctx.paths.tilde(&file)));
        tell_of_variables(ctx);
        return Ok(Code::Done);
    }
    let said: Vec<String> = entries.iter().map(ToString::to_string).collect();
    ctx.report.info(&format!(
        "{} now says {}",
        ctx.paths.tilde(&file),
        said.join(", ")
    ));
    let missing = entries.iter().find(|entry| match entry {
        Entry::Python(request) => {
            *request != Request::System && installed::find(&ctx.paths, request).is_none()
        }
        Entry::Environment(_) | Entry::Unmet(_) => false,
    });
    if let Some(missing) = missing {
        ctx.report.info(&format!(
            "Python {missing} isn't installed yet: boot python install {}",
            quote::for_message(missing.to_string())
        ));
    }
    tell_of_variables(ctx);
    Ok(Code::Done)
}

fn show(ctx: &Context, global: bool, here: &Path) -> Result<Code> {
    // From the root of a filesystem upwards there is nothing: only the default is left.
    let found = if global {
        pin::find_from(Path::new("/"), &ctx.paths)
    } else {
        pin::find_from(here, &ctx.paths)
    };
    for warning in &found.warnings {
        ctx.report.warn(warning);
    }
    let found = found.pin.filter(|pin| !global || pin.global);
    if let Some(pin) = &found {
        let entries: Vec<String> = pin
            .entries
            .iter()
            .map(ToString::to_string)
            .filter(|text| !text.is_empty())
            .collect();
        table::out(&format!(
            "{}  ({})\n",
            entries.join(", "),
            ctx.paths.tilde(&pin.file)
        ))?;
        for unmet in pin.unmet() {
            ctx.report.warn(&unmet.line(&pin.file));
        }
    }
    let elsewhere = hints::asked_elsewhere(here)
        .filter(|_| !global && found.as_ref().is_none_or(|pin| pin.global));
    if let Some(asked) = elsewhere {
        ctx.report.info(&format!(
            "{} asks for Python {}, and no pin says so: boot python pin {}",
            asked.shown,
            asked.request,
            quote::for_message(&asked.request)
        ));
    } else if found.is_none() {
        ctx.report.info("nothing is pinned: boot python pin 3.11");
    }
    tell_of_variables(ctx);
    Ok(Code::Done)
}

/// Tells of variables that keep a pin from having its effect in this shell.
fn tell_of_variables(ctx: &Context) {
    if let Some(variable) = var("BOOT_PYTHON") {
        ctx.report.info(&format!(
            "BOOT_PYTHON is set and beats it: {}",
            escaped(&variable)
        ));
    }
    tell_of_pyenv(ctx);
    let active = var("VIRTUAL_ENV").filter(|active| {
        var("__BOOT_ACTIVE").as_ref() != Some(active)
            && !Path::new(active).starts_with(ctx.paths.venvs())
    });
    if let Some(active) = active {
        ctx.report.info(&format!(
            "{} was activated by hand and stays active at the next prompt: deactivate first",
            escaped(&active)
        ));
    }
}

/// Refuses what could never be met: no request and no environment's name, or a version that doesn't
/// exist for this machine.
fn check(ctx: &Context, entry: &Entry) -> Result<()> {
    let request = match entry {
        Entry::Python(request) => request,
        Entry::Environment(name) if ctx.paths.venvs().join(name.as_str()).is_dir() => return Ok(()),
        Entry::Environment(name) => {
            return Err(Error::Usage(format!(
                "{name} names no Python, and no environment that is here\n\
                 boot python pin 3.11, or make it: boot venv --name {name}"
            )));
        }
        Entry::Unmet(unmet) => return Err(Error::Usage(unmet.argument_error())),
    };
    if *request == Request::System || installed::find(&ctx.paths, request).is_some() {
        return Ok(());
    }
    let prospect = || catalog::prospect(ctx, request).map_err(python::Error::from);
    if matches!(prospect()?, Prospect::Unknown { .. }) {
        // Published since, perhaps.
        refresh::run(ctx, None, When::Daily)?;
    }
    match prospect()? {
        Prospect::Installable => Ok(()),
        Prospect::Unknown { newest, .. } => Err(python::Error::Unknown {
            request: request.to_string(),
            newest,
        }
        .into()),
    }
}
