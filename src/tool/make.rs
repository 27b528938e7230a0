//! Making a tool's environment, publishing it, and linking its commands.

use std::path::Path;
use std::sync::Arc;

use super::environment::{Addition, Now, Purpose, Recipe, Resolved};
use super::expose::Moved;
use super::outcome::{Change, Outcome};
use super::receipt::{App, Receipt, Wanted};
use super::{Error, Result, commands, expose, folder, manuals};
use crate::Context;
use crate::package::resolve::Gate;
use crate::package::{self, bytecode, link, wheel};
use crate::report::{Bar, Silent};
use crate::store::atomic::Staging;
use crate::store::cache;
use crate::store::lock::Lock;
use crate::store::paths::Paths;

/// An install: an environment that becomes the tool's.
#[derive(Clone, Copy)]
pub(super) struct Install<'a> {
    recipe: Recipe<'a>,
    /// Takes over names in the bin folder.
    force: bool,
}

/// A tool that was made, and the foreign files that had to move for its commands.
pub(super) struct Made {
    pub receipt: Receipt,
    pub moved: Vec<Moved>,
}

impl Made {
    pub(super) fn outcome(self, change: Change) -> Outcome {
        Outcome {
            change,
            receipt: self.receipt,
            moved: self.moved,
        }
    }
}

impl<'a> Install<'a> {
    pub(super) fn new(
        ctx: &'a Context,
        wanted: &'a Wanted,
        additions: &'a [Addition],
        bar: &'a dyn Bar,
    ) -> Install<'a> {
        Install {
            recipe: Recipe {
                ctx,
                wanted,
                additions,
                bar,
            },
            force: false,
        }
    }

    pub(super) fn force(self, force: bool) -> Install<'a> {
        Install { force, ..self }
    }

    /// Finds what would be made. Names in the bin folder are looked at first, as far as they are
    /// known: those of the old environment, and the tool's own name, which nearly every tool has as
    /// a command.
    pub(super) fn prepare(&self, now: Now<'_>) -> Result<Resolved> {
        let Recipe { ctx, wanted, .. } = self.recipe;
        let tool = wanted.tool();
        let likely: Vec<String> = match now.receipt() {
            Some(old) => old.apps.iter().map(|app| app.name.clone()).collect(),
            None => vec![tool.clone()],
        };
        let names = likely.iter().chain(wanted.expose.keys());
        self.check_names(names.map(String::as_str))?;
        // Others are asked for the names of their commands before anything of them is fetched,
        // where there is somebody who may have one.
        let is_shared = !self.force && !ctx.offline && expose::is_shared(&ctx.paths, &tool);
        let gate = wanted.spec().filter(|_| is_shared).map(|spec| {
            let (paths, wanted) = (ctx.paths.clone(), wanted.clone());
            Gate {
                name: spec.name().clone(),
                agrees: Arc::new(move |scripts| check_links(&paths, &wanted, scripts).is_ok()),
            }
        });
        let resolved = self.recipe.resolve(now, Purpose::Install(gate))?;
        if is_shared {
            self.check_offered(&resolved)?;
        }
        Ok(resolved)
    }

    fn check_names<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> std::result::Result<(), expose::Error> {
        let Recipe { ctx, wanted, .. } = self.recipe;
        expose::check(&ctx.paths, &wanted.tool(), names, self.force)
    }

    /// Fails where a command of a wheel that would have to be fetched is taken.
    fn check_offered(&self, resolved: &Resolved) -> Result<()> {
        let Recipe { ctx, wanted, .. } = self.recipe;
        let mut pins = resolved.pins.iter();
        if pins.all(|pin| wheel::is_cached(&ctx.paths, &pin.sha256)) {
            return Ok(());
        }
        for pin in &resolved.pins {
            if !pin.file.ends_with(".whl") || !self.recipe.offers(&pin.name) {
                continue;
            }
            let url = pin.url.as_deref();
            let scripts = url.and_then(|url| package::commands::of(ctx, url, &pin.sha256));
            if let Some(scripts) = scripts {
                check_links(&ctx.paths, wanted, &scripts)?;
            }
        }
        Ok(())
    }

    /// Makes the environment, publishes it and links its commands.
    pub(super) fn make(&self, resolved: &Resolved) -> Result<Made> {
        match self.make_once(resolved) {
            // The cache was damaged, and has dropped the wheel: fetched again it is complete.
            Err(Error::Link(link::Error::Lost { .. })) => self.make_once(resolved),
            done => done,
        }
    }

    fn make_once(&self, resolved: &Resolved) -> Result<Made> {
        let Recipe { ctx, bar, .. } = self.recipe;
        let wheels = self.recipe.fetch(resolved)?;
        let wanted = self.recipe.unhide(&wheels);
        let tool = wanted.tool();
        let recipe = Recipe {
            wanted: &wanted,
            ..self.recipe
        };
        let apps = recipe.apps(&wheels)?;
        self.check_names(apps.iter().map(|app| app.name.as_str()))?;

        bar.say("linking");
        let home = folder(&ctx.paths, &tool);
        let staging = Staging::beside(&home)?;
        recipe.write(resolved, &wheels, staging.path(), &home)?;
        let receipt = recipe
            .receipt(resolved, apps)
            .ok_or_else(|| super::not_installed(&ctx.paths, &tool))?;
        receipt.write(staging.path())?;
        recipe.step("packages linked into its environment");
        let scripts = home.join(&resolved.python.facts.scripts);
        let manuals = manuals::of(recipe.offering(&wheels));
        let moved = self.publish(staging, &receipt, &scripts, &manuals)?;
        bytecode::compile_later(&ctx.paths, &wheels, &resolved.python.facts, &home);
        Ok(Made { receipt, moved })
    }

    /// Puts the environment in `staging` in its place, and links its commands and manuals. Gives
    /// the foreign files that had to move.
    fn publish(
        &self,
        staging: Staging,
        receipt: &Receipt,
        scripts: &Path,
        manuals: &[String],
    ) -> Result<Vec<Moved>> {
        let Recipe { ctx, .. } = self.recipe;
        let (tool, paths) = (receipt.wanted.tool(), &ctx.paths);
        let home = folder(paths, &tool);
        let names = || receipt.apps.iter().map(|app| app.name.as_str());
        let links = || receipt.apps.iter().map(App::link);
        // Nobody else of ours changes the bin folder between the look and the links.
        let _lock = Lock::hold(&paths.locks(), "bin", &Silent)?;
        self.check_names(names())?;
        if !receipt.apps.is_empty() {
            // Found out before anything is published.
            expose::make_ready(paths)?;
        }
        // Whenever this is cut off, all commands of the old one work or all of the new one: new
        // names are there before they lead anywhere, and old ones go when nobody needs them.
        let ahead = if std::fs::symlink_metadata(&home).is_ok() {
            expose::link_ahead(paths, scripts, links())?
        } else {
            Vec::new()
        };
        if let Err(error) = staging.publish(&home) {
            ahead
                .iter()
                .for_each(|link| drop(std::fs::remove_file(link)));
            return Err(error.into());
        }
        self.recipe.step("published");
        // A killed run may have left something there, which this one had no need to write to.
        cache::sweep_index(paths);
        for (name, owner) in expose::of_others(paths, &tool, names()) {
            commands::give_up(paths, &owner, name)?;
            ctx.report.info(&format!(
                "{name} was a command of {owner}; boot tool expose {owner} {name} gives it back \
                 once it is free"
            ));
        }
        let moved = expose::link(paths, &tool, scripts, links())?;
        let count = receipt.apps.len();
        self.recipe.step(&format!("{count} commands linked"));
        manuals::link(paths, &tool, &home, manuals)?;
        Ok(moved)
    }
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
    let linked = names
        .iter()
        .filter(|name| !wanted.hide.contains(name) && !wanted.expose.contains_key(*name));
    expose::check(paths, &wanted.tool(), linked.map(String::as_str), false)
}

/// Locks a tool against changes by others. Links that a killed run could not remove go now: the
/// receipt has forgotten them, so no later step would.
pub(super) fn lock_tool(ctx: &Context, tool: &str) -> Result<Lock> {
    let lock = super::lock(ctx, tool)?;
    let stale = expose::dangling_of(&ctx.paths, tool);
    if !stale.is_empty() {
        let _bin = Lock::hold(&ctx.paths.locks(), "bin", &Silent)?;
        stale
            .iter()
            .try_for_each(|link| expose::remove_dangling(&ctx.paths, link))?;
    }
    Ok(lock)
}
