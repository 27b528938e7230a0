//! `boot python find`.

use crate::cli::python::Find;
use crate::cmd::shim::system;
use crate::error::{Error, Result};
use crate::project::choice::{self, Missing, Reason};
use crate::python::installed;
use crate::python::request::{NotARequest, Request};
use crate::ui::table;
use crate::{Code, Context};

pub fn run(args: &Find, ctx: &Context) -> Result<Code> {
    let path = match &args.request {
        Some(text) => {
            let missing = || Missing { asked: text.clone(), reason: Reason::Newest };
            match Request::from_argument(text).map_err(|error: NotARequest| Error::Usage(error.to_string()))? {
                Request::Path(path) if path.is_file() => path,
                Request::System => system(ctx, "python3").ok_or_else(missing)?,
                request => installed::find(&ctx.paths, &request).ok_or_else(missing)?.executable,
            }
        }
        None => {
            let choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
            match choice.python() {
                Some(python) => python.executable.clone(),
                None => choice.program(&ctx.paths, "python", &|name| system(ctx, name))?,
            }
        }
    };
    table::out(&format!("{}\n", path.display()))?;
    Ok(Code::Done)
}
