//! `boot tool uninstall`.

use super::{list_named, report_error, require_names};
use crate::cli::tool::Uninstall;
use crate::error::Result;
use crate::tool;
use crate::{Code, Context};

pub(super) fn uninstall(args: Uninstall, ctx: &Context) -> Result<Code> {
    let (names, codes) = list_named(ctx, require_names(args.tools, args.all, "uninstall")?);
    let done = names.iter().map(|name| match tool::uninstall(ctx, name) {
        Ok(name) => {
            ctx.report.info(&format!("uninstalled {name}"));
            Code::Done
        }
        Err(error) => report_error(ctx, &error),
    });
    Ok(Code::sum(codes.into_iter().chain(done)))
}
