//! `boot plan` and `boot status`: the manifest beside the machine. Touches nothing.

use crate::cli::machine::Plan;
use crate::error::Result;
use crate::machine::plan;
use crate::machine::session::load_remembered;
use crate::manifest::lock::Lock;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn plan(args: &Plan, ctx: &Context) -> Result<Code> {
    run(args, ctx, "nothing to do")
}

pub(super) fn status(args: &Plan, ctx: &Context) -> Result<Code> {
    run(args, ctx, "this machine is what its manifest says")
}

fn run(args: &Plan, ctx: &Context, nothing: &str) -> Result<Code> {
    let (repository, loaded, applied) = load_remembered(ctx)?;
    let name = repository.name(&ctx.paths);
    let manifest = &loaded.manifest;
    let lock = Lock::read(&manifest.place)?;
    let plan = plan::plan(ctx, manifest, &applied, lock.as_ref())?;
    if args.json {
        table::json(plan.json(manifest))?;
    } else if plan.is_done() {
        table::out(&format!("{nothing}\n"))?;
    } else {
        table::out(&format!("{name}\n{}", plan.to_text()))?;
    }
    Ok(if args.exit_code && !plan.is_done() {
        Code::Failed
    } else {
        Code::Done
    })
}
