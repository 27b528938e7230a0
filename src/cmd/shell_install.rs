//! `boot shell init`, `install`, `uninstall`, `status`.

use std::io::Write;

use crate::cli::shell::Name;
use crate::context::var;
use crate::error::Result;
use crate::report::escaped;
use crate::shell::install::{self, Change};
use crate::shell::{Shell, init, status};
use crate::store::Error;
use crate::ui::{self, table};
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

/// Says which of the user's files change, a line a shell; true if anything does.
fn tell(changes: &[Change], what: &str, ctx: &Context) -> bool {
    for shell in Shell::ALL {
        let files = changes.iter().filter(|change| change.shell == shell && change.is_needed() && !change.is_own(&ctx.paths));
        let files: Vec<String> = files.map(|change| ctx.paths.tilde(&change.file)).collect();
        if !files.is_empty() {
            ctx.report.info(&format!("{what} {} ({shell})", files.join(", ")));
        }
    }
    changes.iter().any(Change::is_needed)
}

pub fn status(json: bool, ctx: &Context) -> Result<Code> {
    let lines = status::lines(&ctx.paths, &install::in_use(&ctx.paths, var("SHELL").as_deref()), &status::binary(&ctx.paths)?)?;
    let pythons = status::pythons(std::env::var_os("PATH").as_deref());
    if json {
        let python: Vec<_> = pythons.iter().map(|path| path.to_string_lossy()).collect();
        table::json(serde_json::json!({ "runs": lines, "python": python }))?;
        return Ok(Code::Done);
    }
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            vec![line.shell.to_string(), line.run.name().into(), if line.live { "live" } else { "not live" }.into(), escaped(&line.note)]
        })
        .collect();
    let mut shown = pythons.iter().map(|path| escaped(&ctx.paths.tilde(path)));
    let first = shown.next().unwrap_or_else(|| "none on PATH".into());
    let others: Vec<String> = shown.collect();
    rows.push(vec![
        "here".into(),
        "python".into(),
        first,
        if others.is_empty() { String::new() } else { format!("ahead of {}", others.join(", ")) },
    ]);
    table::columns(&rows)?;
    Ok(Code::Done)
}
