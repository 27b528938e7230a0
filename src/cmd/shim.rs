//! What runs where boot was called by a shim's name, and what `boot which` and `boot exec` share
//! with it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;
use crate::project::choice::{self, Choice, DataFolder, Reason, Target};
use crate::report::Silent;
use crate::shell::shim::{self, Active, Called, Surroundings};
use crate::store::env;
use crate::store::paths::Paths;
use crate::ui::term;
use crate::{Code, Context};

/// Becomes the program that the shim means in this folder.
pub(crate) fn run(called: &Called) -> Result<Code> {
    let paths = called
        .place
        .as_deref()
        .and_then(Paths::of_shim)
        .map_or_else(Paths::discover, Ok)?;
    let ctx = Context::new(paths, Arc::new(Silent), true);
    let choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
    for warning in &choice.warnings {
        term::warning(warning);
    }
    let program = choice.program(&ctx.paths, &called.name, &|name| system(&ctx, name));
    let program = program.map_err(|missing| {
        missing
            .explained(&ctx)
            .in_data(looked_in(&ctx.paths, called.place.as_deref()))
    })?;
    Err(shim::become_program(
        &program,
        std::env::args_os().skip(1),
        &Surroundings::default(),
    )
    .into())
}

/// The data folder, where a person may expect another one: that of `boot` here, or that of the shim
/// at `place`.
fn looked_in(paths: &Paths, place: Option<&Path>) -> Option<DataFolder> {
    let folder = paths.data.clone();
    let Some(place) = place else {
        return Some(DataFolder::Default(folder));
    };
    if Paths::discover().map_or(true, |own| own.data != folder) {
        return Some(DataFolder::OfShim(folder));
    }
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let is_own = place
        .ancestors()
        .nth(2)
        .is_some_and(|data| real(data) == real(&folder));
    (!is_own).then_some(DataFolder::Named(folder))
}

/// What PATH has that is neither boot's nor an environment's. Debian's Python goes by `python3`
/// alone.
pub(crate) fn system(ctx: &Context, name: &str) -> Option<PathBuf> {
    let path = shim::system_path(&env::var_os("PATH")?, &ctx.paths);
    let found = shim::look_up_foreign(name, &path, &ctx.paths);
    match name {
        "python" | "pip" => {
            found.or_else(|| shim::look_up_foreign(&format!("{name}3"), &path, &ctx.paths))
        }
        _ => found,
    }
}

/// The surroundings of a program that is to find the Pythons of `choice` first, as at a prompt
/// where they are in effect.
pub(crate) fn surroundings(ctx: &Context, choice: &Choice) -> Surroundings {
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

/// Whether the hook has activated the environment that `VIRTUAL_ENV` names: it is that of the
/// folder where the shell stood last.
pub(crate) fn is_active_by_hook() -> bool {
    env::var_os("__BOOT_ACTIVE").is_some_and(|own| env::var_os("VIRTUAL_ENV") == Some(own))
}

/// Whether `name` is one that only Pythons have.
pub(crate) fn is_pythons(name: &OsStr) -> bool {
    shim::called_as(name).is_some()
}
