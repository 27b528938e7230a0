//! `boot python find`.

use std::path::{Path, PathBuf};

use crate::cli::python::Find;
use crate::error::{Error, Result};
use crate::project::choice::{self, Missing, Reason};
use crate::project::surroundings::find_system_program;
use crate::python::installed;
use crate::python::request::{NotARequest, Request};
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Find, ctx: &Context) -> Result<Code> {
    let path = match &args.request {
        Some(text) => {
            let missing = || Missing::new(text, &Reason::Argument).explained(ctx);
            match Request::from_argument(text)
                .map_err(|error: NotARequest| Error::Usage(error.to_string()))?
            {
                Request::Path(path) => interpreter(&path).ok_or_else(missing)?,
                Request::System => {
                    find_system_program(&ctx.paths, "python3").ok_or_else(missing)?
                }
                request => {
                    installed::find(&ctx.paths, &request)
                        .ok_or_else(missing)?
                        .executable
                }
            }
        }
        None => {
            let choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
            for warning in &choice.warnings {
                ctx.report.warn(warning);
            }
            match choice.python() {
                Some(python) => python.executable.clone(),
                None => choice
                    .program(&ctx.paths, "python", &|name| {
                        find_system_program(&ctx.paths, name)
                    })
                    .map_err(|missing| missing.explained(ctx))?,
            }
        }
    };
    table::out_path(&path)?;
    Ok(Code::Done)
}

/// The interpreter that a path means: an interpreter, or the environment or installation that one
/// is in.
fn interpreter(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let inside = ["bin/python", "bin/python3"].map(|name| path.join(name));
    [path].into_iter().chain(inside).find(|path| path.is_file())
}
