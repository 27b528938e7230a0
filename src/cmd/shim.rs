//! What runs where boot was called by a shim's name, and what `boot which` and `boot exec` share with it.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::Result;
use crate::project::choice::{self, Choice};
use crate::report::Silent;
use crate::shell::shim;
use crate::store::paths::Paths;
use crate::ui::term;
use crate::{Code, Context};

/// Becomes the program that `name` means in this folder.
pub fn run(name: &str) -> Result<Code> {
    let ctx = Context::new(Paths::discover()?, Arc::new(Silent), true);
    let choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
    for warning in &choice.warnings {
        term::warning(warning);
    }
    let program = choice.program(&ctx.paths, name, &|name| system(&ctx, name))?;
    Err(shim::become_program(&program, std::env::args_os().skip(1), None).into())
}

/// What PATH has without boot's shims. Debian's Python goes by `python3` alone.
pub fn system(ctx: &Context, name: &str) -> Option<PathBuf> {
    let path = shim::path_without(&std::env::var_os("PATH")?, &ctx.paths.shims());
    let found = shim::look_up(name, &path);
    match name {
        "python" | "pip" => found.or_else(|| shim::look_up(&format!("{name}3"), &path)),
        _ => found,
    }
}

/// PATH for a program that is to find the Pythons of `choice` first.
pub fn path_for(ctx: &Context, choice: &Choice) -> OsString {
    let rest = shim::path_without(&std::env::var_os("PATH").unwrap_or_default(), &ctx.paths.shims());
    let mut parts: Vec<PathBuf> = choice.folders(&ctx.paths);
    parts.extend(std::env::split_paths(&rest));
    std::env::join_paths(parts).unwrap_or(rest)
}

/// Whether `name` is one that only Pythons have.
pub fn is_pythons(name: &OsStr) -> bool {
    shim::called_as(name).is_some()
}
