//! The program behind a shim's name.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::project::choice::{self, DataFolder};
use crate::project::surroundings::find_system_program;
use crate::report::Silent;
use crate::shell::shim::{self, Called, Surroundings};
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
    let program = choice.program(&ctx.paths, &called.name, &|name| {
        find_system_program(&ctx.paths, name)
    });
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
