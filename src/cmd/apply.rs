//! `boot apply`: makes the machine what its manifest says.

use super::lock::Found;
use crate::cli::machine::Apply;
use crate::error::Result;
use crate::machine::Error;
use crate::machine::applied::Applied;
use crate::machine::apply::{self, How, OnConflict, Outcome};
use crate::machine::item::script;
use crate::machine::plan::{self, Plan};
use crate::machine::repository::Repository;
use crate::machine::repository::extends::{self, Loaded};
use crate::manifest::Manifest;
use crate::manifest::lock::{self, Lock};
use crate::store::env::var;
use crate::ui::prompt;
use crate::{Code, Context};

pub(super) fn run(args: &Apply, ctx: &Context) -> Result<Code> {
    let applied = Applied::read(&ctx.paths)?;
    let repository = Repository::remembered(&ctx.paths, &applied)?;
    run_with(
        ctx,
        extends::load(
            ctx,
            &repository.place(),
            &repository.name(&ctx.paths),
            &applied,
            false,
        )?,
        args,
        None,
    )
}

/// Applies a manifest that has been read, with the lock that was `found` for it, which is written
/// once somebody has agreed.
pub(super) fn run_with(
    ctx: &Context,
    mut loaded: Loaded,
    args: &Apply,
    found: Option<Found>,
) -> Result<Code> {
    let manifest = &loaded.manifest.clone();
    let applied = Applied::read(&ctx.paths)?;
    loaded.keep_changes(ctx, &applied)?;
    let lock = match &found {
        Some(found) => Some(found.lock.clone()),
        None => Lock::read(&manifest.place)?,
    };
    let write = || {
        found
            .iter()
            .try_for_each(|found| found.write(ctx, &manifest.place))
    };
    if args.locked {
        lock::must_be_fresh(manifest, &script::hashes(manifest)?, lock.as_ref())?;
    }
    let plan = plan::plan(ctx, manifest, &applied, lock.as_ref())?.only(&args.only);
    if plan.is_done() {
        if loaded.is_new() {
            let (_lock, mut applied) = apply::begin(ctx)?;
            loaded.settle(ctx, &mut applied)?;
        }
        write()?;
        ctx.report.info("nothing to do");
        return Ok(Code::Done);
    }
    // Typing `apply` agrees to what was asked for before; a script's text may have come with the
    // last pull.
    let new = apply::is_new_to_the_user(&applied, &plan) && !args.yes;
    if new || plan.conflicts().next().is_some() {
        show(ctx, &plan, !args.yes);
    }
    let on_conflict = decided(&plan, args.on_conflict, args.yes)?;
    if new && !prompt::confirm("Some of these scripts are new or changed. Run them?")? {
        return Err(Error::Declined.into());
    }
    let answers = answers(manifest, &plan, &applied, args.yes)?;
    let (_lock, mut applied) = apply::begin(ctx)?;
    apply::agree(&mut applied, &plan);
    loaded.settle(ctx, &mut applied)?;
    write()?;
    applied.answers.extend(answers);
    applied.write(&ctx.paths)?;
    let how = How {
        on_conflict,
        lock,
        locked: args.locked,
    };
    let outcome = apply::apply(ctx, manifest, &plan, &mut applied, &how)?;
    Ok(closing(ctx, &outcome))
}

/// What to do about files that are in the way: as was said, else as is answered, else nothing is
/// done. Found out before anything is done.
pub(super) fn decided(plan: &Plan, said: Option<OnConflict>, yes: bool) -> Result<OnConflict> {
    let on_conflict = match said {
        Some(said) => said,
        None if yes || plan.conflicts().next().is_none() || !prompt::is_possible() => {
            OnConflict::Fail
        }
        None => match prompt::choose(
            "What is marked with ! is in the way, and boot did not make it.",
            &["backup", "keep", "stop"],
        )? {
            "backup" => OnConflict::Backup,
            "keep" => OnConflict::Keep,
            _ => OnConflict::Fail,
        },
    };
    apply::check_conflicts(plan, on_conflict)?;
    Ok(on_conflict)
}

/// Asks what the plan's templates want to know. Where nobody can be asked, or everything was agreed
/// to beforehand, defaults will do; they aren't remembered, so that a terminal asks later.
pub(super) fn answers(
    manifest: &Manifest,
    plan: &Plan,
    applied: &Applied,
    yes: bool,
) -> Result<Vec<(String, String)>> {
    let mut answers = Vec::new();
    for question in apply::questions(manifest, plan, applied)? {
        if question.default.is_some() && (yes || !prompt::is_possible()) {
            continue;
        }
        answers.push((
            question.name,
            prompt::ask(&question.text, question.default.as_deref())?,
        ));
    }
    Ok(answers)
}

/// The plan. Whoever is about to be asked sees it even with `--quiet`.
pub(super) fn show(ctx: &Context, plan: &Plan, asking: bool) {
    for line in plan.shown().lines() {
        if asking {
            eprintln!("{line}")
        } else {
            ctx.report.info(line)
        }
    }
}

/// The last lines: what is new, and what to do next.
pub(super) fn closing(ctx: &Context, outcome: &Outcome) -> Code {
    ctx.report.info(&outcome.summary());
    if !outcome.failed().is_empty() {
        ctx.report.info("boot apply tries again what failed");
    }
    if outcome.has_new_hook() {
        let shell = var("SHELL")
            .and_then(|path| path.rsplit('/').next().map(str::to_string))
            .filter(|name| ["bash", "zsh", "fish"].contains(&name.as_str()));
        ctx.report.info(&format!(
            "open a new shell, or: exec {}",
            shell.as_deref().unwrap_or("bash")
        ));
    }
    outcome.code()
}
