//! Installing, injecting, upgrading: one road. What is wanted is resolved as a whole, a new
//! environment is made beside the old one, and takes its place in one step. Until then the old one
//! works, and whatever fails leaves it so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::environment::{self, Addition, Now, Resolved, ResolvedPin};
use super::expose::Moved;
use super::outcome::{self, Change, Outcome};
use super::receipt::{Receipt, Subject, Wanted};
use super::spec::{self, Spec};
use super::{Error, Result, commands, contents, expose, find, folder, manuals};
use crate::Context;
use crate::package::options::IndexOptions;
use crate::package::requirement::{self, Name};
use crate::package::resolve::Gate;
use crate::package::{self, bytecode, link, wheel};
use crate::report::{Bar, Silent};
use crate::store::atomic::Staging;
use crate::store::cache;
use crate::store::lock::Lock;
use crate::store::paths::Paths;

/// How a tool is to be installed, beside its requirement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Injected from the start.
    pub with: Vec<Spec>,
    /// A request for a Python.
    pub python: Option<String>,
    pub suffix: String,
    pub expose_from: Vec<String>,
    pub constraints: Vec<String>,
    pub pre: bool,
    /// Where packages may come from.
    pub index: IndexOptions,
    /// The packages that it is made of, found out before: nothing is resolved, and nothing else
    /// goes in.
    pub locked: Option<Resolved>,
    /// Links beside those of its own: the name, and the command.
    pub expose: BTreeMap<String, String>,
    /// Makes it anew, and takes over names in the bin folder.
    pub force: bool,
}

/// Installs a tool, or finds it installed.
pub(crate) fn install(ctx: &Context, spec: &Spec, options: &Options) -> Result<Outcome> {
    let wanted = Wanted {
        suffix: spec::suffix(&options.suffix)?,
        python_request: options.python.clone(),
        pre: options.pre,
        expose: options.expose.clone(),
        expose_from: options
            .expose_from
            .iter()
            .map(|name| name.parse())
            .collect::<std::result::Result<_, requirement::Error>>()?,
        constraints: options.constraints.clone(),
        index: options.index.clone(),
        ..Wanted::new(spec.clone())
    };
    let home = folder(&ctx.paths, &wanted.tool());
    // Looked at before the lock is taken: the answer is the usual one, and reading needs none.
    let is_news = |done: &Outcome| {
        done.receipt
            .wanted
            .spec()
            .is_some_and(|asked| spec.is_another_choice(asked))
    };
    if let Some(done) = already(
        ctx,
        &wanted,
        spec,
        options,
        Receipt::read(&home).ok().flatten(),
    )
    .filter(|done| !is_news(done))
    {
        return Ok(done);
    }
    let _lock = hold(ctx, &wanted.tool())?;
    // A receipt that can't be read is a reason to make the tool anew.
    let old = Receipt::read(&home).ok().flatten();
    if let Some(other) = old
        .as_ref()
        .map(|old| &old.wanted)
        .filter(|other| other.name() != wanted.name())
    {
        return Err(Error::OtherPackage {
            tool: wanted.tool(),
            package: other.name().into(),
            suffix: other.suffix.clone(),
        });
    }
    if let Some(mut done) = already(ctx, &wanted, spec, options, old.clone()) {
        // What is installed is what is asked for; upgrades are to know what that was.
        if is_news(&done) {
            done.receipt.wanted.subject = Subject::Package(spec.clone());
            done.receipt.write(&home)?;
        }
        return Ok(done);
    }
    let mut wanted = wanted;
    let mut additions: Vec<Addition> = options.with.iter().cloned().map(Addition::inside).collect();
    if let Some(old) = old.as_ref().filter(|_| options.locked.is_none()) {
        // What was injected before, and wasn't asked for differently now, stays.
        for addition in additions_of(old) {
            if !additions
                .iter()
                .any(|other| other.spec.name() == addition.spec.name())
            {
                additions.push(addition);
            }
        }
        wanted.python_request = wanted.python_request.or(old.wanted.python_request.clone());
        if wanted.expose_from.is_empty() {
            wanted.expose_from = old.wanted.expose_from.clone();
        }
        for (name, script) in &old.wanted.expose {
            wanted
                .expose
                .entry(name.clone())
                .or_insert_with(|| script.clone());
        }
        wanted.hide = old.wanted.hide.clone();
        // A held tool is held at what is asked for now; what bound it before binds it still, where
        // nothing else is said.
        wanted.pinned = old.wanted.pinned;
        if wanted.constraints.is_empty() {
            wanted.constraints = old.wanted.constraints.clone();
        }
    }
    let bar = ctx.report.spinner(&wanted.tool());
    let now = old.as_ref().map_or(Now::Nothing, Now::Python);
    let resolved = match &options.locked {
        Some(locked) => locked.clone(),
        None => prepare(ctx, &wanted, &additions, now, options.force, bar.as_ref())?,
    };
    let made = make(
        ctx,
        &wanted,
        &additions,
        &resolved,
        options.force,
        bar.as_ref(),
    )?;
    let change = match old {
        Some(old) if old.version != made.0.version => outcome::upgraded(&old, &made.0),
        _ => Change::Installed,
    };
    Ok(Outcome {
        change,
        receipt: made.0,
        moved: made.1,
    })
}

/// Puts more packages into a tool's environment.
pub(crate) fn inject(ctx: &Context, tool: &str, specs: &[Spec], expose: bool) -> Result<Outcome> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = hold(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let mut additions = additions_of(&old);
    let mut new: Vec<Name> = Vec::new();
    for spec in specs {
        if old
            .injected
            .iter()
            .any(|there| there.meets(spec) && (there.expose || !expose))
        {
            continue;
        }
        let there = old
            .injected
            .iter()
            .find(|injected| injected.name() == spec.name());
        let asked = expose;
        let expose = expose || there.is_some_and(|there| there.expose);
        // One of a name, but for those that conditions tell apart.
        let of_now = |other: &Addition| specs.contains(&other.spec);
        additions.retain(|other| other.spec.name() != spec.name() || of_now(other));
        additions.push(Addition {
            spec: spec.clone(),
            expose,
            anew: asked,
        });
        if !new.contains(spec.name()) {
            new.push(spec.name().clone());
        }
    }
    if new.is_empty() && is_whole(ctx, &old) {
        let names = specs.iter().map(|spec| spec.name().clone()).collect();
        return Ok(Outcome {
            change: Change::AlreadyInjected(names),
            receipt: old,
            moved: Vec::new(),
        });
    }
    let (receipt, moved) = remake(ctx, &held(&old), &additions, &old, &BTreeSet::new())?;
    let linked = outcome::commands_only_in(&receipt, &old);
    new.retain(|name| {
        receipt
            .injected
            .iter()
            .any(|there| there.name() == name && there.version.is_some())
    });
    Ok(Outcome {
        change: Change::Injected(new, linked),
        receipt,
        moved,
    })
}

/// Takes packages out again, and what only they needed: the environment is made without them. None
/// where nothing of `packages` was in it; beside it those that were not.
pub(crate) fn uninject(
    ctx: &Context,
    tool: &str,
    packages: &[String],
) -> Result<(Option<Outcome>, Vec<Error>)> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = hold(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let mut additions = additions_of(&old);
    let (mut gone, mut unknown) = (Vec::new(), Vec::new());
    for package in packages {
        let parsed = package.parse::<Name>().ok();
        let before = additions.len();
        additions.retain(|addition| Some(addition.spec.name()) != parsed.as_ref());
        if additions.len() < before {
            gone.extend(parsed);
        } else if !gone.iter().any(|name| Some(name) == parsed.as_ref()) {
            unknown.push(Error::NotInjected {
                tool: name.clone(),
                package: package.clone(),
            });
        }
    }
    if gone.is_empty() {
        return Ok((None, unknown));
    }
    // As if they had never been there: what they held back is held no more.
    let loose = contents::needed_by(&folder(&ctx.paths, &name), &gone);
    let (receipt, moved) = remake(ctx, &held(&old), &additions, &old, &loose)?;
    Ok((
        Some(Outcome {
            change: Change::Uninjected(gone),
            receipt,
            moved,
        }),
        unknown,
    ))
}

/// The newest of everything that the tool's requests allow.
pub(crate) fn upgrade(ctx: &Context, tool: &str) -> Result<Outcome> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = hold(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    if old.wanted.pinned {
        if is_whole(ctx, &old) {
            return Ok(Outcome {
                change: Change::Held,
                receipt: old,
                moved: Vec::new(),
            });
        }
        let (receipt, moved) = remake(
            ctx,
            &held(&old),
            &additions_of(&old),
            &old,
            &BTreeSet::new(),
        )?;
        return Ok(Outcome {
            change: Change::Remade,
            receipt,
            moved,
        });
    }
    let bar = ctx.report.spinner(&name);
    let wanted = old.wanted.clone();
    let additions = additions_of(&old);
    let resolved = prepare(
        ctx,
        &wanted,
        &additions,
        Now::Python(&old),
        false,
        bar.as_ref(),
    )?;
    if resolved.packages() == old.packages
        && resolved.addressed() == old.addressed
        && same_minor(&old, &resolved)
        && is_whole(ctx, &old)
    {
        return Ok(Outcome {
            change: Change::Newest,
            receipt: old,
            moved: Vec::new(),
        });
    }
    let (receipt, moved) = make(ctx, &wanted, &additions, &resolved, false, bar.as_ref())?;
    let change = outcome::upgraded(&old, &receipt);
    Ok(Outcome {
        change,
        receipt,
        moved,
    })
}

/// The other version that [`upgrade`] would come to, were the tool not held; of a tool from git that
/// has another commit now, with that.
///
/// # Errors
/// What is asked for can't be had, or nobody can be asked.
pub(crate) fn newest(ctx: &Context, old: &Receipt) -> Result<Option<String>> {
    // Nothing is installed for a question.
    if std::fs::metadata(folder(&ctx.paths, &old.wanted.tool()).join("bin/python")).is_err() {
        return Ok(None);
    }
    let bar = ctx.report.spinner(&old.wanted.tool());
    let resolved = environment::find(
        ctx,
        &old.wanted,
        &additions_of(old),
        Now::Python(old),
        false,
        None,
        bar.as_ref(),
    )?;
    let mut pins = resolved.pins.iter();
    let Some(found) = pins.find(|pin| old.wanted.is_for(&pin.name)) else {
        return Ok(None);
    };
    let before = old.commits.get(&found.name);
    if let Some(commit) = found
        .commit()
        .filter(|commit| before.is_some_and(|before| before != commit))
    {
        return Ok(Some(format!("{} ({commit:.7})", found.version)));
    }
    Ok((found.version != old.version).then(|| found.version.to_string()))
}

/// Makes a tool's environment anew from its receipt.
pub(crate) fn reinstall(ctx: &Context, tool: &str, python: Option<String>) -> Result<Outcome> {
    let name = find(&ctx.paths, tool)?.wanted.tool();
    let _lock = hold(ctx, &name)?;
    let old = find(&ctx.paths, tool)?;
    let mut wanted = held(&old);
    wanted.python_request = python.or(wanted.python_request);
    let (receipt, moved) = remake(ctx, &wanted, &additions_of(&old), &old, &BTreeSet::new())?;
    Ok(Outcome {
        change: Change::Remade,
        receipt,
        moved,
    })
}

/// Makes it again of the versions that it has, as far as they go with what is asked for; those of
/// `loose` may change.
fn remake(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    old: &Receipt,
    loose: &BTreeSet<Name>,
) -> Result<(Receipt, Vec<Moved>)> {
    let bar = ctx.report.spinner(&wanted.tool());
    let resolved = prepare(
        ctx,
        wanted,
        additions,
        Now::Versions(old, loose),
        false,
        bar.as_ref(),
    )?;
    let (mut receipt, moved) = make(ctx, wanted, additions, &resolved, false, bar.as_ref())?;
    restore_spec(ctx, old, &mut receipt)?;
    Ok((receipt, moved))
}

/// What a pinned tool asks for is its very version.
fn held(old: &Receipt) -> Wanted {
    let mut wanted = old.wanted.clone();
    if wanted.pinned {
        wanted
            .constraints
            .push(format!("{}=={}", wanted.name(), old.version));
    }
    wanted
}

/// A held version is no request: unpinned, the tool goes on.
fn restore_spec(ctx: &Context, old: &Receipt, receipt: &mut Receipt) -> Result<()> {
    if receipt.wanted.constraints != old.wanted.constraints {
        receipt.wanted.constraints = old.wanted.constraints.clone();
        receipt.write(&folder(&ctx.paths, &receipt.wanted.tool()))?;
    }
    Ok(())
}

/// Nobody else changes the tool meanwhile. Links that a run left which was killed before it could
/// remove them go now: the receipt has forgotten them, so no later step would.
fn hold(ctx: &Context, tool: &str) -> Result<Lock> {
    let lock = Lock::hold(
        &ctx.paths.locks(),
        &format!("tool-{tool}"),
        ctx.report.as_ref(),
    )?;
    let stale = expose::dangling_of(&ctx.paths, tool);
    if !stale.is_empty() {
        let _bin = Lock::hold(&ctx.paths.locks(), "bin", &Silent)?;
        stale
            .iter()
            .try_for_each(|link| expose::remove_dangling(&ctx.paths, link))?;
    }
    Ok(lock)
}

fn additions_of(receipt: &Receipt) -> Vec<Addition> {
    let injected = receipt.injected.iter();
    injected
        .map(|injected| Addition {
            spec: injected.spec.clone(),
            expose: injected.expose,
            anew: false,
        })
        .collect()
}

/// The outcome where there is nothing to do: it is there, whole, and is what is asked for.
fn already(
    ctx: &Context,
    wanted: &Wanted,
    spec: &Spec,
    options: &Options,
    old: Option<Receipt>,
) -> Option<Outcome> {
    let old = old.filter(|_| !options.force)?;
    let same_python = match &wanted.python_request {
        None => true,
        Some(request) if old.wanted.python_request.as_ref() == Some(request) => true,
        Some(_) => {
            let request = environment::request_of(wanted).ok().flatten()?;
            request.matches(&old.python)
        }
    };
    let met = spec.is_met_by(&old.version, old.wanted.spec()?)
        && same_python
        && options
            .locked
            .as_ref()
            .is_none_or(|locked| has_all(&old, locked))
        && wanted.binds_no_more_than(&old.wanted)
        && environment::has_exposed(&old, &wanted.expose)
        && wanted
            .expose_from
            .iter()
            .all(|package| old.wanted.expose_from.contains(package))
        && options
            .with
            .iter()
            .all(|with| old.injected.iter().any(|there| there.meets(with)));
    (met && is_whole(ctx, &old)).then(|| Outcome {
        change: Change::Already,
        receipt: old,
        moved: Vec::new(),
    })
}

/// Whether all that a lock names is in the environment, in its version or of its commit, and for
/// its Python. There may be more: what somebody injected.
pub(crate) fn has_all(receipt: &Receipt, locked: &Resolved) -> bool {
    same_minor(receipt, locked)
        && locked
            .packages()
            .iter()
            .all(|(name, version)| receipt.packages.get(name) == Some(version))
        && locked
            .commits()
            .iter()
            .all(|(name, commit)| receipt.commits.get(name) == Some(commit))
}

/// Whether the tool's interpreter is there, and its commands are linked.
pub(crate) fn is_whole(ctx: &Context, receipt: &Receipt) -> bool {
    let home = folder(&ctx.paths, &receipt.wanted.tool());
    let apps = receipt
        .apps
        .iter()
        .map(|app| (app.name.as_str(), app.script.as_str()));
    std::fs::metadata(home.join("bin/python")).is_ok()
        && expose::is_linked(&ctx.paths, &home.join("bin"), apps)
}

fn same_minor(old: &Receipt, resolved: &Resolved) -> bool {
    old.python.is_same_minor(&resolved.python.key)
}

/// Finds out what would be made. Names in the bin folder are looked at first, as far as they are
/// known: those of the old environment, and the tool's own name, which nearly every tool has as a
/// command.
fn prepare(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    now: Now<'_>,
    force: bool,
    bar: &dyn Bar,
) -> Result<Resolved> {
    let tool = wanted.tool();
    let likely: Vec<String> = match now.receipt() {
        Some(old) => old.apps.iter().map(|app| app.name.clone()).collect(),
        None => vec![tool.clone()],
    };
    expose::check(
        &ctx.paths,
        &tool,
        likely
            .iter()
            .chain(wanted.expose.keys())
            .map(String::as_str),
        force,
    )?;
    // Others are asked for the names of their commands before anything of them is fetched, where
    // there is somebody who may have one.
    let shared = !force && !ctx.offline && expose::is_shared(&ctx.paths, &tool);
    let gate = shared.then(|| {
        let name = wanted.spec()?.name().clone();
        let (paths, wanted) = (ctx.paths.clone(), wanted.clone());
        let agrees = move |scripts: &[String]| check_links(&paths, &wanted, scripts).is_ok();
        Some(Gate {
            name,
            agrees: Arc::new(agrees),
        })
    });
    let resolved = environment::find(ctx, wanted, additions, now, true, gate.flatten(), bar)?;
    if shared
        && resolved
            .pins
            .iter()
            .any(|pin| !wheel::is_cached(&ctx.paths, &pin.sha256))
    {
        let offering = |pin: &&ResolvedPin| {
            pin.file.ends_with(".whl") && environment::offers(wanted, additions, &pin.name)
        };
        for pin in resolved.pins.iter().filter(offering) {
            let url = pin.url.as_deref();
            if let Some(scripts) = url.and_then(|url| package::commands::of(ctx, url, &pin.sha256))
            {
                check_links(&ctx.paths, wanted, &scripts)?;
            }
        }
    }
    Ok(resolved)
}

/// Finds the first link to one of `scripts` that the tool may not have.
fn check_links(
    paths: &Paths,
    wanted: &Wanted,
    scripts: &[String],
) -> std::result::Result<(), expose::Error> {
    let names: Vec<String> = scripts
        .iter()
        .map(|script| format!("{script}{}", wanted.suffix))
        .collect();
    let shown = names
        .iter()
        .filter(|name| !wanted.hide.contains(name) && !wanted.expose.contains_key(*name));
    expose::check(paths, &wanted.tool(), shown.map(String::as_str), false)
}

/// Makes the environment, publishes it and links its commands.
fn make(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    resolved: &Resolved,
    force: bool,
    bar: &dyn Bar,
) -> Result<(Receipt, Vec<Moved>)> {
    match make_once(ctx, wanted, additions, resolved, force, bar) {
        // The cache was damaged, and has dropped the wheel: fetched anew it is whole.
        Err(Error::Link(link::Error::Lost { .. })) => {
            make_once(ctx, wanted, additions, resolved, force, bar)
        }
        done => done,
    }
}

fn make_once(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    resolved: &Resolved,
    force: bool,
    bar: &dyn Bar,
) -> Result<(Receipt, Vec<Moved>)> {
    let tool = wanted.tool();
    let step = |what: &str| ctx.report.step(&format!("{tool}: {what}"));
    let wheels = environment::fetch(ctx, wanted, resolved, bar)?;
    let wanted = &environment::shown(wanted, additions, &wheels);
    let apps = environment::apps(wanted, additions, &wheels)?;
    let names = || apps.iter().map(|app| app.name.as_str());
    expose::check(&ctx.paths, &tool, names(), force)?;

    bar.say("linking");
    let home = folder(&ctx.paths, &tool);
    let staging = Staging::beside(&home)?;
    let receipt = environment::write(
        ctx,
        wanted,
        additions,
        resolved,
        &wheels,
        apps.clone(),
        staging.path(),
        &home,
    )?
    .ok_or_else(|| super::not_installed(&ctx.paths, &tool))?;
    step("packages linked into its environment");

    // Nobody else of ours changes the bin folder between the look and the links.
    let _lock = Lock::hold(&ctx.paths.locks(), "bin", &Silent)?;
    expose::check(&ctx.paths, &tool, names(), force)?;
    if !apps.is_empty() {
        // Found out before anything is published.
        expose::make_ready(&ctx.paths)?;
    }
    let scripts = home.join(&resolved.python.facts.scripts);
    let links = || {
        apps.iter()
            .map(|app| (app.name.as_str(), app.script.as_str()))
    };
    // Whenever this is cut off, all commands of the old one work or all of the new one: new names
    // are there before they lead anywhere, and old ones go when nobody needs them.
    let ahead = if std::fs::symlink_metadata(&home).is_ok() {
        expose::link_ahead(&ctx.paths, &scripts, links())?
    } else {
        Vec::new()
    };
    if let Err(error) = staging.publish(&home) {
        ahead
            .iter()
            .for_each(|link| drop(std::fs::remove_file(link)));
        return Err(error.into());
    }
    step("published");
    // A killed run may have left something there, which this one had no need to write to.
    cache::sweep_index(&ctx.paths);
    for (name, owner) in expose::of_others(&ctx.paths, &tool, names()) {
        commands::give_up(&ctx.paths, &owner, name)?;
        ctx.report.info(&format!(
            "{name} was a command of {owner}; boot tool expose {owner} {name} \
                                  gives it back once it is free"
        ));
    }
    let moved = expose::link(&ctx.paths, &tool, &scripts, links())?;
    step(&format!("{} commands linked", apps.len()));
    manuals::link(
        &ctx.paths,
        &tool,
        &home,
        &manuals::of(environment::offering(wanted, additions, &wheels)),
    )?;
    bytecode::compile_later(&ctx.paths, &wheels, &resolved.python.facts, &home);
    Ok((receipt, moved))
}

#[cfg(test)]
mod tests;
