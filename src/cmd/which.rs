//! `boot which` and `boot exec`.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::cli::python::{Exec, Which};
use crate::error::{Error, Result};
use crate::project::choice::{self, Choice, Item, NoCommand, Reason, Target};
use crate::project::surroundings::{
    find_system_program, is_active_by_hook, is_python_command, surroundings_of,
};
use crate::report::escaped;
use crate::shell::shim;
use crate::store::env;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn which(args: &Which, ctx: &Context) -> Result<Code> {
    let choice = here(ctx);
    let program = program(ctx, &choice, &args.command)?;
    table::out_path(&program)?;
    Ok(Code::Done)
}

pub(super) fn exec(args: &Exec, ctx: &Context) -> Result<Code> {
    let choice = match &args.python {
        Some(request) => choice::choose_for_request(&ctx.paths, request)
            .map_err(|error| Error::Usage(error.to_string()))?,
        None => here(ctx),
    };
    // clap asks for at least one.
    let Some((command, arguments)) = args.command.split_first() else {
        return Ok(Code::Usage);
    };
    let program = program(ctx, &choice, command)?;
    Err(shim::become_program(
        &program,
        arguments.iter().cloned(),
        &surroundings_of(ctx, &choice),
    )
    .into())
}

/// Returns the choice in effect here. An environment that somebody else than boot has activated
/// comes before what the folder asks for, but not before `BOOT_PYTHON`.
fn here(ctx: &Context) -> Choice {
    let mut choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
    for warning in &choice.warnings {
        ctx.report.warn(warning);
    }
    if choice.reason != Reason::Variable
        && let Some(root) = activated_by_hand()
    {
        choice.items.insert(
            0,
            Item {
                asked: root.to_string_lossy().into_owned(),
                target: Target::Environment(root),
            },
        );
    }
    choice
}

/// The active environment, if it comes first where a command is looked up. One that the hook has
/// activated is the folder's where the shell stood last: the folder says itself what it is here.
fn activated_by_hand() -> Option<PathBuf> {
    let active = env::var_os("VIRTUAL_ENV").filter(|root| !root.is_empty())?;
    if is_active_by_hook() {
        return None;
    }
    let root = PathBuf::from(active);
    let path = env::var_os("PATH")?;
    let first = std::env::split_paths(&path).find(|folder| folder.join("python").exists())?;
    (first == root.join("bin")).then_some(root)
}

/// A path as it is; a Python's own name from the choice and from nowhere else; other names from
/// PATH, the choice's folders first.
fn program(ctx: &Context, choice: &Choice, name: &OsStr) -> Result<PathBuf> {
    let text = name.to_string_lossy();
    if text.contains('/') {
        return Ok(PathBuf::from(name));
    }
    if is_python_command(name) {
        return Ok(choice
            .program(&ctx.paths, &text, &|name| {
                find_system_program(&ctx.paths, name)
            })
            .map_err(|missing| missing.explained(ctx))?);
    }
    choice
        .check_found()
        .map_err(|missing| missing.explained(ctx))?;
    let path = surroundings_of(ctx, choice).path.unwrap_or_default();
    Ok(shim::look_up(&text, &path).ok_or_else(|| NoCommand(escaped(&text)))?)
}
