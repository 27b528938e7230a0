//! `boot which` and `boot exec`.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::shim::{is_pythons, path_for, system};
use crate::cli::python::{Exec, Which};
use crate::error::{Error, Result};
use crate::project::choice::{self, Choice, Missing};
use crate::shell::shim;
use crate::ui::table;
use crate::{Code, Context};

pub fn which(args: &Which, ctx: &Context) -> Result<Code> {
    let choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
    let program = program(ctx, &choice, OsStr::new(&args.command))?;
    table::out(&format!("{}\n", program.display()))?;
    Ok(Code::Done)
}

pub fn exec(args: &Exec, ctx: &Context) -> Result<Code> {
    let choice = match &args.python {
        Some(request) => choice::of_request(&ctx.paths, request).map_err(|error| Error::Usage(error.to_string()))?,
        None => choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default()),
    };
    // clap asks for at least one.
    let Some((command, arguments)) = args.command.split_first() else { return Ok(Code::Usage) };
    let program = program(ctx, &choice, command)?;
    let path = path_for(ctx, &choice);
    Err(shim::become_program(&program, arguments.iter().cloned(), Some(&path)).into())
}

/// A path as it is; a Python's own name from the choice and from nowhere else; other names from PATH, the choice's folders first.
fn program(ctx: &Context, choice: &Choice, name: &OsStr) -> Result<PathBuf> {
    let text = name.to_string_lossy();
    if text.contains('/') {
        return Ok(PathBuf::from(name));
    }
    if is_pythons(name) {
        return Ok(choice.program(&ctx.paths, &text, &|name| system(ctx, name))?);
    }
    choice.whole()?;
    let missing = || Missing { asked: text.to_string(), reason: choice.reason.clone() };
    Ok(shim::look_up(&text, &path_for(ctx, choice)).ok_or_else(missing)?)
}
