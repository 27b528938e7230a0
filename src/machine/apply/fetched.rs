//! What comes from elsewhere: packages of the system, Pythons, tools. None waits for another but a
//! tool for its Python, and for the default one to be known. What the lock names is fetched at
//! once; what it doesn't is resolved first, and the lock is written.

use std::sync::Mutex;

use super::{How, OnConflict, Outcome, in_turn, keep, take};
use crate::Context;
use crate::machine::applied::Applied;
use crate::machine::item::package::{self, Done};
use crate::machine::item::script;
use crate::machine::plan::{Item, State, What};
use crate::machine::resolve_lock;
use crate::machine::{Error, Result, items};
use crate::manifest::lock::{Lock, Locked};
use crate::manifest::{MANAGERS, Manifest, Tool};
use crate::parallel;
use crate::parallel::side_by_side;
use crate::python::key::Platform;
use crate::report::{escaped, first_line};

/// Items that are worked on at a time.
const AT_ONCE: usize = 8;

/// Whether an item is one of them.
pub(super) fn is(item: &Item) -> bool {
    matches!(
        item.what,
        What::Python(_) | What::Default(_) | What::Tool(_) | What::Package(_)
    )
}

pub(super) fn fetch(
    ctx: &Context,
    manifest: &Manifest,
    items: &[&Item],
    applied: &mut Applied,
    how: &How,
    outcome: &Mutex<Outcome>,
) {
    let pythons: Vec<&&Item> = items
        .iter()
        .filter(|item| matches!(item.what, What::Python(_)))
        .collect();
    let is_kept = |item: &Item| {
        matches!(item.state, State::Conflict(_)) && how.on_conflict == OnConflict::Keep
    };
    let (kept, tools): (Vec<&&Item>, Vec<&&Item>) = items
        .iter()
        .filter(|item| matches!(item.what, What::Tool(_)))
        .partition(|item| is_kept(item));
    kept.iter()
        .for_each(|item| keep(ctx, item, &item.note, outcome));
    let instead = Mutex::new(Vec::new());
    // What is there already is in the lock too, for the other machines.
    let unlocked = how.lock.is_none()
        && !(manifest.tools.is_empty() && manifest.python_requests(|_| true).is_empty());
    let idle = pythons.is_empty() && tools.is_empty();
    let mut lock = Ok(None);
    std::thread::scope(|scope| {
        scope.spawn(|| install_packages(ctx, items, outcome));
        if idle && !unlocked {
            return;
        }
        scope.spawn(|| {
            side_by_side(&pythons, AT_ONCE, |item| {
                if let What::Python(request) = &item.what {
                    let known = here(how.lock.as_ref())
                        .and_then(|locked| locked.python.get(request).cloned());
                    let locked = known.or_else(|| resolve_lock::archive(ctx, request));
                    let result =
                        items::install_locked_python(ctx, request, locked.as_ref(), how.locked);
                    let result = result.map(|(said, other)| {
                        parallel::lock(&instead).extend(other);
                        said
                    });
                    take(outcome, ctx, item, result);
                }
            })
        });
        lock = locked(ctx, manifest, how);
        // Wheels need no Python to be fetched and unpacked: they come while it does.
        if let Ok(Some((lock, _))) = &lock {
            side_by_side(&tools, AT_ONCE, |item| {
                let What::Tool(tool) = &item.what else { return };
                if let Some(locked) = here(Some(lock)).and_then(|locked| locked.tool(tool)) {
                    let bar = ctx.report.spinner(&tool.name);
                    // Whoever makes the tool sees what failed, and says so.
                    let _ = locked.fetch(ctx, bar.as_ref());
                }
            });
        }
    });
    applied.instead.extend(parallel::into_inner(instead));
    if let Err(error) = applied.write(&ctx.paths) {
        ctx.report.warn(&error.to_string());
    }
    // Before the tools: what isn't locked is made with it.
    let defaults: Vec<&Item> = items
        .iter()
        .copied()
        .filter(|item| matches!(item.what, What::Default(_)))
        .collect();
    in_turn(ctx, manifest, &defaults, applied, how.on_conflict, outcome);
    let (lock, failed) = match lock {
        Ok(Some((lock, failed))) => (Some(lock), failed),
        Ok(None) => (None, Vec::new()),
        Err(error) if idle => {
            ctx.report
                .warn(&format!("boot.lock isn't written: {}", first_line(error)));
            return;
        }
        Err(error) => {
            return items
                .iter()
                .take(1)
                .for_each(|item| take(outcome, ctx, item, Err(Error::Item(error.to_string()))));
        }
    };
    // What only a build could tell is asked again, now that there is a Python to build with.
    let (lock, mut failed) = match lock {
        Some(lock)
            if !how.locked
                && failed
                    .iter()
                    .any(|one| matches!(one.error, Error::NoWheels(_))) =>
        {
            match resolve_lock::make(ctx, manifest, Some(&lock), &[], false, how.lock.is_none()) {
                Ok(made) => (Some(made.lock), made.failed),
                Err(_) => (Some(lock), failed),
            }
        }
        lock => (lock, failed),
    };
    let failed_of = |tool: &Tool, failed: &mut Vec<resolve_lock::Failed>| {
        let at = failed.iter().position(|one| one.is_of(tool))?;
        Some(failed.remove(at).error)
    };
    let work: Vec<(&Item, &Tool, Mutex<Option<Error>>)> = tools
        .iter()
        .filter_map(|item| match &item.what {
            What::Tool(tool) => Some((**item, tool, Mutex::new(failed_of(tool, &mut failed)))),
            _ => None,
        })
        .collect();
    let (backups, unlocked) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let number = applied.applies;
    side_by_side(&work, AT_ONCE, |(item, tool, failed)| {
        // Somebody has agreed that its commands move away; a new tool needs no more, and one that
        // is there is made anew for it.
        let force = matches!(item.state, State::Conflict(_)).then_some(number);
        let failed = parallel::lock(failed).take();
        let result = match (failed, here(lock.as_ref())) {
            // What has to be built can't be locked; it is installed all the same.
            (Some(Error::NoWheels(_)), _) if !how.locked => {
                parallel::lock(&unlocked).push(tool.name.as_str());
                items::install_tool(ctx, tool, None, force)
            }
            (Some(error), _) => Err(error),
            (None, locked) => items::install_tool(ctx, tool, locked, force),
        };
        let result = result.map(|(said, moved)| {
            let said = moved.iter().fold(said, |said, backup| {
                format!(
                    "{said}; what was {} is in {}",
                    ctx.paths.tilde(&backup.was),
                    ctx.paths.tilde(&backup.is)
                )
            });
            parallel::lock(&backups).extend(moved);
            said
        });
        take(outcome, ctx, item, result);
    });
    let backups = parallel::into_inner(backups);
    if !backups.is_empty() {
        applied.backups.extend(backups);
        if let Err(error) = applied.write(&ctx.paths) {
            ctx.report.warn(&error.to_string());
        }
    }
    let mut unlocked = parallel::into_inner(unlocked);
    unlocked.sort_unstable();
    if !unlocked.is_empty() {
        ctx.report.warn(&format!(
            "found out for this machine alone, and not in the lock: {}; boot lock says why",
            unlocked.join(", ")
        ));
    }
    for one in failed {
        ctx.report.warn(&format!(
            "{} isn't in the lock: {}",
            escaped(&one.what),
            first_line(&one.error)
        ));
    }
    if let Some(lock) = lock.filter(|_| !how.locked) {
        match lock.write(&manifest.place) {
            Ok(true) => ctx.report.step("wrote boot.lock"),
            Ok(false) => {}
            Err(error) => ctx.report.warn(&format!(
                "boot.lock can't be written: {}",
                first_line(error)
            )),
        }
    }
}

/// What a lock has for this machine.
fn here(lock: Option<&Lock>) -> Option<&Locked> {
    lock?.platform.get(&Platform::host()?.to_string())
}

/// The lock, completed where it lacks something; and what couldn't be found out. None where this
/// machine has no platform of a lock.
#[allow(clippy::type_complexity)]
fn locked(
    ctx: &Context,
    manifest: &Manifest,
    how: &How,
) -> Result<Option<(Lock, Vec<resolve_lock::Failed>)>> {
    let Some(platform) = Platform::host() else {
        return Ok(None);
    };
    if let Some(lock) = &how.lock
        && (how.locked
            || lock
                .staleness(manifest, &script::hashes(manifest)?, &[platform])?
                .is_none())
    {
        return Ok(Some((lock.clone(), Vec::new())));
    }
    let made = resolve_lock::make(
        ctx,
        manifest,
        how.lock.as_ref(),
        &[platform],
        false,
        how.lock.is_none(),
    )?;
    Ok(Some((made.lock, made.failed)))
}

/// Package managers lock each other out, so theirs is one after the other.
fn install_packages(ctx: &Context, items: &[&Item], outcome: &Mutex<Outcome>) {
    for manager in MANAGERS {
        let of: Vec<(&Item, &str)> = items
            .iter()
            .filter_map(|item| match &item.what {
                What::Package(package) if package.manager == manager => {
                    Some((*item, package.name.as_str()))
                }
                _ => None,
            })
            .collect();
        if of.is_empty() {
            continue;
        }
        let names: Vec<&str> = of.iter().map(|(_, name)| *name).collect();
        let bar = ctx.report.spinner(manager);
        bar.say(&names.join(" "));
        let mut said = false;
        for ((item, name), done) in of.iter().zip(package::install(manager, &names)) {
            match done {
                Ok(Done::Skipped(command)) if !said => {
                    said = true;
                    ctx.report.warn(&format!(
                        "packages of the system are skipped: sudo wants a password; \
                                        you can type: {}",
                        escaped(&command)
                    ));
                }
                Ok(Done::Skipped(_)) => {}
                Ok(Done::Installed) => {
                    take(outcome, ctx, item, Ok(format!("{name}, through {manager}")))
                }
                Err(error) => take(outcome, ctx, item, Err(error)),
            }
        }
    }
}
