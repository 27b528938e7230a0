//! Installing a tool.
//!
//! Installing, injecting and upgrading take one way: what is wanted is resolved as a whole, a new
//! environment is made beside the old one, and takes its place in one step. Until then the old one
//! works, and whatever fails leaves it so.

use std::collections::BTreeMap;

use super::environment::{Addition, Now, Resolved};
use super::make::{Install, lock_tool};
use super::outcome::{self, Change, Outcome};
use super::receipt::{Receipt, Subject, Wanted};
use super::spec::{self, Spec};
use super::{Error, Result, folder, health, python};
use crate::Context;
use crate::package::options::IndexOptions;
use crate::package::requirement::Name;

/// The options of an install, beside its requirement.
#[derive(Clone, Debug, Default)]
pub(crate) struct InstallOptions {
    /// Packages injected from the start.
    pub with: Vec<Spec>,
    /// A request for a Python.
    pub python: Option<String>,
    pub suffix: String,
    pub expose_from: Vec<Name>,
    pub constraints: Vec<String>,
    pub pre: bool,
    /// The indexes that packages may come from.
    pub index: IndexOptions,
    /// The packages of a lock: nothing is resolved, and nothing else goes in.
    pub locked: Option<Resolved>,
    /// Links beside those of its own: the name, and the command.
    pub expose: BTreeMap<String, String>,
    /// Makes it again, and takes over names in the bin folder.
    pub force: bool,
}

/// Installs a tool, or finds it installed.
pub(crate) fn install(ctx: &Context, spec: &Spec, options: &InstallOptions) -> Result<Outcome> {
    let mut wanted = Wanted {
        suffix: spec::suffix(&options.suffix)?,
        python_request: options.python.clone(),
        pre: options.pre,
        expose: options.expose.clone(),
        expose_from: options.expose_from.clone(),
        constraints: options.constraints.clone(),
        index: options.index.clone(),
        ..Wanted::new(spec.clone())
    };
    let home = folder(&ctx.paths, &wanted.tool());
    // Looked at before the lock is taken: the answer is the usual one, and reading needs none.
    let old = Receipt::read(&home).ok().flatten();
    if let Some(done) = find_installed(ctx, &wanted, spec, options, old)
        && !is_another_choice(spec, &done)
    {
        return Ok(done);
    }
    let _lock = lock_tool(ctx, &wanted.tool())?;
    // A receipt that can't be read is a reason to make the tool again.
    let old = Receipt::read(&home).ok().flatten();
    if let Some(old) = &old
        && old.wanted.name() != wanted.name()
    {
        return Err(Error::OtherPackage {
            tool: wanted.tool(),
            package: old.wanted.name().into(),
            suffix: old.wanted.suffix.clone(),
        });
    }
    if let Some(mut done) = find_installed(ctx, &wanted, spec, options, old.clone()) {
        // What is installed is what is asked for; upgrades are to know what that was.
        if is_another_choice(spec, &done) {
            done.receipt.wanted.subject = Subject::Package(spec.clone());
            done.receipt.write(&home)?;
        }
        return Ok(done);
    }
    let mut additions: Vec<Addition> = options.with.iter().cloned().map(Addition::inside).collect();
    if let Some(old) = old.as_ref().filter(|_| options.locked.is_none()) {
        wanted.inherit(&old.wanted);
        // What was injected before, and wasn't asked for differently now, stays.
        for addition in Addition::list(old) {
            let mut others = additions.iter();
            if !others.any(|other| other.spec.name() == addition.spec.name()) {
                additions.push(addition);
            }
        }
    }
    let bar = ctx.report.spinner(&wanted.tool());
    let now = old.as_ref().map_or(Now::Nothing, Now::Python);
    let install = Install::new(ctx, &wanted, &additions, bar.as_ref()).force(options.force);
    let resolved = match &options.locked {
        Some(locked) => locked.clone(),
        None => install.prepare(now)?,
    };
    let made = install.make(&resolved)?;
    let change = match old {
        Some(old) if old.version != made.receipt.version => outcome::compare(&old, &made.receipt),
        _ => Change::Installed,
    };
    Ok(made.outcome(change))
}

/// Tells whether `spec` asks for other versions than the installed tool was asked for.
fn is_another_choice(spec: &Spec, done: &Outcome) -> bool {
    let installed = done.receipt.wanted.spec();
    installed.is_some_and(|installed| spec.is_another_choice(installed))
}

/// The outcome where there is nothing to do: the tool is there, works, and is what is asked for.
fn find_installed(
    ctx: &Context,
    wanted: &Wanted,
    spec: &Spec,
    options: &InstallOptions,
    old: Option<Receipt>,
) -> Option<Outcome> {
    let old = old.filter(|_| !options.force)?;
    let is_met = spec.is_met_by(&old.version, old.wanted.spec()?)
        && has_python(&old, wanted.python_request.as_deref())
        && options
            .locked
            .as_ref()
            .is_none_or(|locked| has_all(&old, locked))
        && wanted.binds_no_more_than(&old.wanted)
        && old.has_exposed(&wanted.expose)
        && wanted
            .expose_from
            .iter()
            .all(|package| old.wanted.expose_from.contains(package))
        && options
            .with
            .iter()
            .all(|with| old.injected.iter().any(|injected| injected.meets(with)));
    (is_met && health::is_complete(ctx, &old)).then(|| Outcome::unchanged(Change::Already, old))
}

/// Tells whether the tool was made for the same request, or with a Python that meets it.
fn has_python(old: &Receipt, request: Option<&str>) -> bool {
    if request.is_none() || old.wanted.python_request.as_deref() == request {
        return true;
    }
    let parsed = python::parse_request(request).ok().flatten();
    parsed.is_some_and(|request| request.matches(&old.python))
}

/// Tells whether all that a lock names is in the environment, in its version or of its commit, and
/// for its Python. There may be more: what somebody injected.
fn has_all(receipt: &Receipt, locked: &Resolved) -> bool {
    receipt.python.is_same_minor(&locked.python.key)
        && locked
            .packages()
            .iter()
            .all(|(name, version)| receipt.packages.get(name) == Some(version))
        && locked
            .commits()
            .iter()
            .all(|(name, commit)| receipt.commits.get(name) == Some(commit))
}

#[cfg(test)]
mod tests;
