//! Making a tool again of the versions that it has.

use std::collections::BTreeSet;

use super::environment::{Addition, Now};
use super::make::{Install, Made, lock_tool};
use super::outcome::{Change, Outcome};
use super::receipt::{Receipt, Wanted};
use super::{Result, find, folder};
use crate::Context;
use crate::package::requirement::Name;

/// Makes a tool's environment again from its receipt.
pub(crate) fn reinstall(ctx: &Context, tool: &str, python: Option<String>) -> Result<Outcome> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = lock_tool(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let mut wanted = hold_version(&old);
    wanted.python_request = python.or(wanted.python_request);
    let made = remake(ctx, &wanted, &Addition::list(&old), &old, &BTreeSet::new())?;
    Ok(made.outcome(Change::Remade))
}

/// Makes a tool again of the versions that it has, as far as they go with what is asked for; those
/// of `loose` may change.
pub(super) fn remake(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    old: &Receipt,
    loose: &BTreeSet<Name>,
) -> Result<Made> {
    let bar = ctx.report.spinner(&wanted.tool());
    let install = Install::new(ctx, wanted, additions, bar.as_ref());
    let resolved = install.prepare(Now::Versions(old, loose))?;
    let mut made = install.make(&resolved)?;
    // A held version is no request: unpinned, the tool goes on.
    if made.receipt.wanted.constraints != old.wanted.constraints {
        made.receipt.wanted.constraints = old.wanted.constraints.clone();
        let tool = made.receipt.wanted.tool();
        made.receipt.write(&folder(&ctx.paths, &tool))?;
    }
    Ok(made)
}

/// The request of a tool; of a pinned one bound to its very version.
pub(super) fn hold_version(old: &Receipt) -> Wanted {
    let mut wanted = old.wanted.clone();
    if wanted.pinned {
        let version = format!("{}=={}", wanted.name(), old.version);
        wanted.constraints.push(version);
    }
    wanted
}
