//! PATH and `VIRTUAL_ENV` of a program that runs with the Pythons of a choice.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::choice::{Choice, Reason, Target};
use crate::Context;
use crate::shell::shim::{self, Active, Surroundings};
use crate::store::env;
use crate::store::paths::Paths;

/// A program of PATH that is neither boot's nor an environment's. Debian's Python goes by `python3`
/// alone.
pub(crate) fn find_system_program(paths: &Paths, name: &str) -> Option<PathBuf> {
    let path = shim::system_path(&env::var_os("PATH")?, paths);
    let found = shim::look_up_foreign(name, &path, paths);
    match name {
        "python" | "pip" => {
            found.or_else(|| shim::look_up_foreign(&format!("{name}3"), &path, paths))
        }
        _ => found,
    }
}

/// The surroundings of a program that is to find the Pythons of `choice` first, as at a prompt
/// where they are in effect.
pub(crate) fn surroundings_of(ctx: &Context, choice: &Choice) -> Surroundings {
    let environment = match choice.items.first().map(|item| &item.target) {
        Some(Target::Environment(root)) => Active::At(root.clone()),
        _ if matches!(choice.reason, Reason::Argument | Reason::Variable)
            || is_active_by_hook() =>
        {
            Active::None
        }
        // Somebody's own, further behind on PATH.
        _ => Active::AsItIs,
    };
    let path = env::var_os("PATH").unwrap_or_default();
    let rest = match environment {
        Active::AsItIs => shim::path_without_own(&path, &ctx.paths),
        _ => shim::path_without_active(&path, &ctx.paths),
    };
    let mut parts: Vec<PathBuf> = choice.folders(&ctx.paths);
    parts.extend(std::env::split_paths(&rest));
    Surroundings {
        path: Some(std::env::join_paths(parts).unwrap_or(rest)),
        environment,
    }
}

/// The hook has activated the environment that `VIRTUAL_ENV` names: it is that of the folder where
/// the shell stood last.
pub(crate) fn is_active_by_hook() -> bool {
    env::var_os("__BOOT_ACTIVE").is_some_and(|own| env::var_os("VIRTUAL_ENV") == Some(own))
}

/// `name` is a command that only Pythons have.
pub(crate) fn is_python_command(name: &OsStr) -> bool {
    shim::called_as(name).is_some()
}
