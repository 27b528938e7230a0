//! `boot tool pin` and `boot tool unpin`.

use super::report_error;
use crate::error::Result;
use crate::tool;
use crate::{Code, Context};

pub(super) fn pin(names: &[String], ctx: &Context) -> Result<Code> {
    Ok(Code::sum(names.iter().map(|name| set(ctx, name, true))))
}

pub(super) fn unpin(names: &[String], ctx: &Context) -> Result<Code> {
    Ok(Code::sum(names.iter().map(|name| set(ctx, name, false))))
}

fn set(ctx: &Context, name: &str, pinned: bool) -> Code {
    let state = if pinned { "pinned" } else { "unpinned" };
    match tool::pin(ctx, name, pinned) {
        Ok(Some(receipt)) if pinned => ctx.report.info(&format!(
            "pinned {} at {}",
            receipt.wanted.tool(),
            receipt.version
        )),
        Ok(Some(receipt)) => ctx
            .report
            .info(&format!("unpinned {}", receipt.wanted.tool())),
        Ok(None) => ctx.report.info(&format!("{name} is {state} already")),
        Err(error) => return report_error(ctx, &error),
    }
    Code::Done
}
