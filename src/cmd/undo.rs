//! `boot undo`.

use crate::error::Result;
use crate::machine::{apply, undo};
use crate::report::escaped;
use crate::ui::term;
use crate::{Code, Context};

pub fn run(ctx: &Context) -> Result<Code> {
    let (_lock, mut applied) = apply::begin(ctx)?;
    let undone = undo::undo(&ctx.paths, &mut applied)?;
    if undone.is_empty() {
        ctx.report.info("nothing was replaced, so there is nothing to undo");
    }
    Ok(Code::sum(undone.iter().map(|one| match &one.result {
        Ok(()) => {
            ctx.report.info(&format!("put back {}", escaped(&ctx.paths.tilde(&one.path))));
            Code::Done
        }
        Err(error) => {
            term::error(&error.to_string());
            Code::Failed
        }
    })))
}
