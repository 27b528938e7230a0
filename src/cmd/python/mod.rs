//! `boot python …`, a file a verb.

mod adopt;
mod available;
mod find;
mod install;
mod list;
mod pin;
mod row;
mod uninstall;
mod upgrade;
mod verify;

use crate::cli::python::Python;
use crate::error::{Error, Result};
use crate::python::request::Request;
use crate::store::env::var;
use crate::{Code, Context};

pub(super) fn run(what: Python, ctx: &Context) -> Result<Code> {
    match what {
        Python::Install(args) => install::run(&args, ctx),
        Python::List(args) => list::run(&args, ctx),
        Python::Find(args) => find::run(&args, ctx),
        Python::Pin(args) => pin::run(&args, ctx),
        Python::Upgrade(args) => upgrade::run(&args, ctx),
        Python::Uninstall(args) => uninstall::run(&args, ctx),
        Python::Verify(args) => verify::run(&args, ctx),
        Python::Adopt(args) => adopt::run(&args, ctx),
    }
}

/// The request that `text` makes; wrong usage, where it makes none.
fn request(text: &str) -> Result<Request> {
    text.parse()
        .map_err(|error: crate::python::request::NotARequest| Error::Usage(error.to_string()))
}

/// All of them, or the first that is none.
fn requests(texts: &[String]) -> Result<Vec<Request>> {
    texts.iter().map(|text| request(text)).collect()
}

/// A left-over of pyenv: who sets it wants its effect.
fn tell_of_pyenv(ctx: &Context) {
    if var("PYENV_VERSION").is_some() {
        ctx.report.info(
            "PYENV_VERSION is set, and boot doesn't read it: boot's name for it is BOOT_PYTHON",
        );
    }
}
