//! `boot shell init`, `install`, `uninstall`, `status`.

use std::io::Write;

use crate::cli::shell::Name;
use crate::context::var;
use crate::error::Result;
use crate::shell::install::{self, Change};
use crate::shell::{Shell, init};
use crate::store::Error;
use crate::ui;
use crate::{Code, Context};

pub fn init(shell: Name, ctx: &Context) -> Result<Code> {
    let hook = init::hook(shell.into(), &ctx.paths, &init::binary(&ctx.paths).map_err(Error::io("find", "boot itself".as_ref()))?);
    std::io::stdout().write_all(&hook).map_err(ui::Error::from)?;
    Ok(Code::Done)
}

fn shells(asked: Vec<Name>, ctx: &Context) -> Vec<Shell> {
    if asked.is_empty() { install::in_use(&ctx.paths, var("SHELL").as_deref()) } else { asked.into_iter().map(Shell::from).collect() }
}

pub fn install(asked: Vec<Name>, ctx: &Context) -> Result<Code> {
    let binary = init::binary(&ctx.paths).map_err(Error::io("find", "boot itself".as_ref()))?;
    let changes = install::plan(&ctx.paths, &shells(asked, ctx), &binary)?;
    let news = tell(&changes, "added the hook to", ctx);
    install::apply(&changes)?;
    if news {
        ctx.report.info("it is live in new shells");
    } else {
        ctx.report.info("the hook is installed already: nothing to do");
    }
    Ok(Code::Done)
}

pub fn uninstall(asked: Vec<Name>, ctx: &Context) -> Result<Code> {
    let shells = if asked.is_empty() { Shell::ALL.to_vec() } else { shells(asked, ctx) };
    let changes = install::removal(&ctx.paths, &shells)?;
    let news = tell(&changes, "removed the hook from", ctx);
    install::apply(&changes)?;
    if !news {
        ctx.report.info("the hook isn't installed: nothing to do");
    }
    Ok(Code::Done)
}

/// Says which of the user's files change; true if anything does.
fn tell(changes: &[Change], what: &str, ctx: &Context) -> bool {
    for change in changes.iter().filter(|change| change.is_needed() && !change.is_own(&ctx.paths)) {
        ctx.report.info(&format!("{what} {} ({})", ctx.paths.tilde(&change.file), change.shell));
    }
    changes.iter().any(Change::is_needed)
}

pub fn status(ctx: &Context) -> Result<Code> {
    let binary = init::binary(&ctx.paths).map_err(Error::io("find", "boot itself".as_ref()))?;
    let mut rows = Vec::new();
    for shell in install::in_use(&ctx.paths, var("SHELL").as_deref()) {
        for change in install::plan(&ctx.paths, &[shell], &binary)?.iter().filter(|change| !change.is_own(&ctx.paths)) {
            let state = if change.is_needed() { "no hook: boot shell install" } else { "has the hook" };
            rows.push(vec![shell.to_string(), ctx.paths.tilde(&change.file), state.into()]);
        }
    }
    ui::table::columns(&rows)?;
    Ok(Code::Done)
}
