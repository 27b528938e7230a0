//! `boot tool upgrade` and `boot tool reinstall`.

use super::{require_names, work_on_named};
use crate::cli::tool::{Reinstall, Upgrade};
use crate::error::Result;
use crate::tool;
use crate::{Code, Context};

pub(super) fn upgrade(args: Upgrade, ctx: &Context) -> Result<Code> {
    ctx.force_revalidation();
    work_on_named(ctx, args.tools, |name| tool::upgrade(ctx, name))
}

pub(super) fn reinstall(args: Reinstall, ctx: &Context) -> Result<Code> {
    let names = require_names(args.tools, args.all, "reinstall")?;
    work_on_named(ctx, names, |name| {
        tool::reinstall(ctx, name, args.python.clone())
    })
}
