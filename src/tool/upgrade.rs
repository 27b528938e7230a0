//! Upgrading a tool, and what an upgrade would come to.

use std::collections::BTreeSet;

use super::environment::{Addition, Now, Purpose, Recipe};
use super::make::{Install, lock_tool};
use super::outcome::{self, Change, Outcome};
use super::receipt::Receipt;
use super::reinstall::{hold_version, remake};
use super::{Result, find, folder, health};
use crate::Context;

/// Makes a tool of the newest of everything that its requests allow.
pub(crate) fn upgrade(ctx: &Context, tool: &str) -> Result<Outcome> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = lock_tool(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let additions = Addition::list(&old);
    if old.wanted.pinned {
        if health::is_complete(ctx, &old) {
            return Ok(Outcome::unchanged(Change::Held, old));
        }
        let made = remake(ctx, &hold_version(&old), &additions, &old, &BTreeSet::new())?;
        return Ok(made.outcome(Change::Remade));
    }
    let bar = ctx.report.spinner(&name);
    let install = Install::new(ctx, &old.wanted, &additions, bar.as_ref());
    let resolved = install.prepare(Now::Python(&old))?;
    if resolved.packages() == old.packages
        && resolved.addressed() == old.addressed
        && old.python.is_same_minor(&resolved.python.key)
        && health::is_complete(ctx, &old)
    {
        return Ok(Outcome::unchanged(Change::Newest, old));
    }
    let made = install.make(&resolved)?;
    let change = outcome::compare(&old, &made.receipt);
    Ok(made.outcome(change))
}

/// The other version that [`upgrade`] would come to, were the tool not held; of a tool from git
/// that has another commit now, with that.
///
/// # Errors
/// What is asked for doesn't exist, or the indexes are unreachable.
pub(crate) fn find_newer(ctx: &Context, old: &Receipt) -> Result<Option<String>> {
    let tool = old.wanted.tool();
    // Nothing is installed for a question.
    if std::fs::metadata(folder(&ctx.paths, &tool).join("bin/python")).is_err() {
        return Ok(None);
    }
    let bar = ctx.report.spinner(&tool);
    let recipe = Recipe {
        ctx,
        wanted: &old.wanted,
        additions: &Addition::list(old),
        bar: bar.as_ref(),
    };
    let resolved = recipe.resolve(Now::Python(old), Purpose::Question)?;
    let mut pins = resolved.pins.iter();
    let Some(found) = pins.find(|pin| old.wanted.is_for(&pin.name)) else {
        return Ok(None);
    };
    let before = old.commits.get(&found.name);
    if let Some(commit) = found.commit()
        && before.is_some_and(|before| *before != commit)
    {
        return Ok(Some(format!("{} ({commit:.7})", found.version)));
    }
    Ok((found.version != old.version).then(|| found.version.to_string()))
}
