//! Putting packages into a tool's environment, and taking them out again.

use std::collections::BTreeSet;

use super::environment::Addition;
use super::make::lock_tool;
use super::outcome::{self, Change, Outcome};
use super::receipt::Receipt;
use super::reinstall::{hold_version, remake};
use super::spec::Spec;
use super::{Error, Result, contents, find, folder, health};
use crate::Context;
use crate::package::requirement::Name;

/// Puts more packages into a tool's environment.
pub(crate) fn inject(ctx: &Context, tool: &str, specs: &[Spec], expose: bool) -> Result<Outcome> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = lock_tool(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let mut additions = Addition::list(&old);
    let mut new = add(&mut additions, &old, specs, expose);
    if new.is_empty() && health::is_complete(ctx, &old) {
        let names = specs.iter().map(|spec| spec.name().clone()).collect();
        return Ok(Outcome::unchanged(Change::AlreadyInjected(names), old));
    }
    let made = remake(ctx, &hold_version(&old), &additions, &old, &BTreeSet::new())?;
    let linked = outcome::list_new_commands(&old, &made.receipt);
    let injected = &made.receipt.injected;
    new.retain(|name| {
        let mut injected = injected.iter();
        injected.any(|package| package.name() == name && package.version.is_some())
    });
    Ok(made.outcome(Change::Injected(new, linked)))
}

/// Adds to `additions` what isn't in `old` as it is asked for. Gives the names of those.
fn add(additions: &mut Vec<Addition>, old: &Receipt, specs: &[Spec], expose: bool) -> Vec<Name> {
    let mut new: Vec<Name> = Vec::new();
    for spec in specs {
        let injected = |name: &Name| old.injected.iter().find(|package| package.name() == name);
        let is_met = old
            .injected
            .iter()
            .any(|package| package.meets(spec) && (package.expose || !expose));
        if is_met {
            continue;
        }
        // One of a name, but for those that conditions tell apart.
        let is_of_now = |other: &Addition| specs.contains(&other.spec);
        additions.retain(|other| other.spec.name() != spec.name() || is_of_now(other));
        additions.push(Addition {
            spec: spec.clone(),
            expose: expose || injected(spec.name()).is_some_and(|package| package.expose),
            unhides: expose,
        });
        if !new.contains(spec.name()) {
            new.push(spec.name().clone());
        }
    }
    new
}

/// Takes packages out again, and what only they needed: the environment is made without them. None
/// where nothing of `packages` was in it; beside it those that were not.
pub(crate) fn uninject(
    ctx: &Context,
    tool: &str,
    packages: &[String],
) -> Result<(Option<Outcome>, Vec<Error>)> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = lock_tool(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let mut additions = Addition::list(&old);
    let (mut removed, mut unknown): (Vec<Name>, Vec<Error>) = (Vec::new(), Vec::new());
    for package in packages {
        let parsed = package.parse::<Name>().ok();
        let before = additions.len();
        additions.retain(|addition| Some(addition.spec.name()) != parsed.as_ref());
        if additions.len() < before {
            removed.extend(parsed);
        } else if !removed.iter().any(|name| Some(name) == parsed.as_ref()) {
            unknown.push(Error::NotInjected {
                tool: name.clone(),
                package: package.clone(),
            });
        }
    }
    if removed.is_empty() {
        return Ok((None, unknown));
    }
    // As if they had never been there: what they held back is no longer held.
    let loose = contents::needed_by(&folder(&ctx.paths, &name), &removed);
    let made = remake(ctx, &hold_version(&old), &additions, &old, &loose)?;
    Ok((Some(made.outcome(Change::Uninjected(removed))), unknown))
}
