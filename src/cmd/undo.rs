//! `boot undo`.

use crate::cli::machine::Undo;
use crate::error::Result;
use crate::machine::{apply, undo};
use crate::report::escaped;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Undo, ctx: &Context) -> Result<Code> {
    let (_lock, mut applied) = apply::begin(ctx)?;
    let undone = undo::undo(&ctx.paths, &mut applied)?;
    if args.json {
        let rows: Vec<_> = undone
            .iter()
            .map(|one| {
                let error = one.result.as_ref().err().map(ToString::to_string);
                serde_json::json!({ "path": one.path.to_string_lossy(), "error": error })
            })
            .collect();
        table::json(serde_json::json!({ "undone": rows }))?;
    } else if undone.is_empty() {
        ctx.report
            .info("nothing was replaced, so there is nothing to undo");
    }
    Ok(Code::sum(undone.iter().map(|one| match &one.result {
        Ok(()) if args.json => Code::Done,
        Ok(()) => {
            ctx.report.info(&format!(
                "put back {}",
                escaped(&ctx.paths.tilde(&one.path))
            ));
            Code::Done
        }
        Err(error) => {
            ctx.report.error(&error.to_string());
            Code::Failed
        }
    })))
}
