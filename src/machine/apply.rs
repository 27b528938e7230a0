//! Doing a plan. One item that fails stops no other; each is remembered after it is done, so that a
//! run that was cut off goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;

use super::applied::{Applied, Ran};
use super::plan::{Item, Kind, Plan, State, What};
use super::vars::{self, Question, Vars};
use crate::machine::item::dotfile::There;
use crate::machine::item::{delegate, dotfile, script};
use crate::machine::{Error, Result, items};
use crate::manifest::Manifest;
use crate::manifest::lock as boot_lock;
use crate::parallel;
use crate::report::{escaped, set_in};
use crate::store::atomic;
use crate::store::lock::Lock;
use crate::{Code, Context};

mod fetched;

/// What happens to files that are in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnConflict {
    /// Nothing at all is done
    Fail,
    /// They are moved into boot's backups
    Backup,
    /// They stay, and what they are in the way of isn't done
    Keep,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many of each kind are new.
    done: BTreeMap<&'static str, usize>,
    /// Dotfiles that the manifest has no more.
    gone: usize,
    failed: Vec<String>,
    kept: usize,
    codes: Vec<Code>,
}

impl Outcome {
    pub(crate) fn code(&self) -> Code {
        Code::sum(self.codes.iter().copied())
    }

    pub(crate) fn failed(&self) -> &[String] {
        &self.failed
    }

    /// Whether the shell reads something that it didn't before.
    pub(crate) fn has_new_hook(&self) -> bool {
        self.done.contains_key(Kind::Shell.name())
    }

    /// `new: 1 Python, 2 tools, the shell hook; gone: 1 dotfile`.
    pub(crate) fn summary(&self) -> String {
        let parts: Vec<String> = [
            Kind::Pythons,
            Kind::Tools,
            Kind::Venvs,
            Kind::Dotfiles,
            Kind::Packages,
            Kind::Scripts,
            Kind::Shell,
        ]
        .iter()
        .filter_map(|kind| {
            let count = *self.done.get(kind.name())?;
            let s = if count == 1 { "" } else { "s" };
            Some(match kind {
                Kind::Pythons => format!("{count} Python{s}"),
                Kind::Shell => "the shell hook".into(),
                Kind::Venvs => format!("{count} virtualenv{s}"),
                kind => format!("{count} {}{s}", kind.name()),
            })
        })
        .collect();
        let mut said = Vec::new();
        if !parts.is_empty() {
            said.push(format!("new: {}", parts.join(", ")));
        }
        if self.gone > 0 {
            said.push(format!(
                "gone: {} dotfile{}",
                self.gone,
                if self.gone == 1 { "" } else { "s" }
            ));
        }
        if self.kept > 0 {
            said.push(format!("kept as it was: {}", self.kept));
        }
        if !self.failed.is_empty() {
            said.push(format!("failed: {}", self.failed.join(", ")));
        }
        if said.is_empty() {
            "done".into()
        } else {
            said.join("; ")
        }
    }

    fn take(&mut self, ctx: &Context, item: &Item, result: Result<String>) {
        match result {
            Ok(said) => {
                self.codes.push(Code::Done);
                match item.what {
                    // The default goes with its Python, and isn't one more.
                    What::Default(_) => {}
                    What::Gone(_) => self.gone += 1,
                    _ => *self.done.entry(item.kind().name()).or_default() += 1,
                }
                ctx.report
                    .info(&format!("  ✓ {:<8} {}", item.kind().name(), escaped(&said)));
            }
            Err(error) => {
                self.codes.push(Code::Failed);
                self.failed
                    .push(format!("{} {}", item.kind().name(), escaped(&item.id())));
                let text = set_in(&error.to_string());
                ctx.report.error(&format!(
                    "{} {}: {text}",
                    item.kind().name(),
                    escaped(&item.id())
                ));
            }
        }
    }
}

/// Fails where the plan has conflicts and nothing was decided about them: before anything is done.
pub(crate) fn check_conflicts(plan: &Plan, on_conflict: OnConflict) -> Result<()> {
    let path = |item: &Item| {
        if item.kind() == Kind::Tools {
            item.note.clone()
        } else {
            item.id()
        }
    };
    let paths: Vec<String> = plan.conflicts().map(path).collect();
    if paths.is_empty() || on_conflict != OnConflict::Fail {
        Ok(())
    } else {
        Err(Error::Conflicts(paths))
    }
}

/// What only one boot at a time may do: changing the machine, and what is remembered of it. What
/// was remembered is read again, for another may have been at work while this one asked.
pub(crate) fn begin(ctx: &Context) -> Result<(Lock, Applied)> {
    let lock = Lock::hold(&ctx.paths.locks(), "apply", ctx.report.as_ref())?;
    atomic::sweep(&ctx.paths.state);
    fs::read_dir(ctx.paths.backups())
        .into_iter()
        .flatten()
        .flatten()
        .for_each(|backup| atomic::sweep(&backup.path()));
    Ok((lock, Applied::read(&ctx.paths)?))
}

/// How a plan is done.
#[derive(Clone, Debug)]
pub(crate) struct How {
    pub on_conflict: OnConflict,
    /// What the lock beside the manifest says, if there is one.
    pub lock: Option<boot_lock::Lock>,
    /// Nothing but what the lock says will do.
    pub locked: bool,
}

/// Does the plan. `applied` is from [`begin`], whose lock is still held.
pub(crate) fn apply(
    ctx: &Context,
    manifest: &Manifest,
    plan: &Plan,
    applied: &mut Applied,
    how: &How,
) -> Result<Outcome> {
    let on_conflict = how.on_conflict;
    check_conflicts(plan, on_conflict)?;
    applied.applies += 1;
    let outcome = Mutex::new(Outcome::default());
    let todo: Vec<&Item> = plan.todo().collect();
    let first = todo
        .iter()
        .position(|item| fetched::is(item))
        .unwrap_or(todo.len());
    let last = todo
        .iter()
        .rposition(|item| fetched::is(item))
        .map_or(first, |last| last + 1);
    let in_turn = |items: &[&Item], applied: &mut Applied| {
        in_turn(ctx, manifest, items, applied, on_conflict, &outcome)
    };
    in_turn(&todo[..first], applied);
    let (fetched, between): (Vec<&Item>, Vec<&Item>) =
        todo[first..last].iter().partition(|item| fetched::is(item));
    fetched::fetch(ctx, manifest, &fetched, applied, how, &outcome);
    in_turn(&between, applied);
    in_turn(&todo[last..], applied);
    // A start-up file that is a dotfile has taken the place of the one with the hook.
    let hook = plan
        .items
        .iter()
        .find(|item| matches!(item.what, What::Hook) && item.state == State::Done);
    if let Some(hook) = hook.filter(|_| matches!(items::hook(ctx), Ok(false))) {
        in_turn(&[hook], applied);
    }
    Ok(parallel::into_inner(outcome))
}

/// Does items that aren't fetched one by one: scripts and dotfiles build on each other, and all of
/// them write down what they did.
fn in_turn(
    ctx: &Context,
    manifest: &Manifest,
    items: &[&Item],
    applied: &mut Applied,
    on_conflict: OnConflict,
    outcome: &Mutex<Outcome>,
) {
    for item in items {
        if let Some(result) = one(ctx, manifest, item, applied, on_conflict, outcome) {
            take(outcome, ctx, item, result);
        }
    }
}

fn take(outcome: &Mutex<Outcome>, ctx: &Context, item: &Item, result: Result<String>) {
    parallel::lock(outcome).take(ctx, item, result);
}

/// Leaves what is in the way of an item as it is.
fn keep(ctx: &Context, item: &Item, what: &str, outcome: &Mutex<Outcome>) {
    let mut outcome = parallel::lock(outcome);
    outcome.kept += 1;
    outcome.codes.push(Code::Done);
    ctx.report.info(&format!(
        "  - {:<8} {} stays as it was",
        item.kind().name(),
        escaped(what)
    ));
}

/// Does one item that isn't fetched; None where there turns out to be nothing to say of it.
fn one(
    ctx: &Context,
    manifest: &Manifest,
    item: &Item,
    applied: &mut Applied,
    on_conflict: OnConflict,
    outcome: &Mutex<Outcome>,
) -> Option<Result<String>> {
    Some(match &item.what {
        What::Python(_) | What::Tool(_) | What::Package(_) => return None,
        What::Dotfile(dotfile) => {
            let vars = Vars::of(manifest, applied);
            let is_foreign = || {
                matches!(
                    dotfile::there(&ctx.paths, &vars, applied, dotfile),
                    There::Foreign(_)
                )
            };
            match (&item.state, on_conflict) {
                (State::Conflict(_), OnConflict::Keep) => {
                    keep(ctx, item, &item.id(), outcome);
                    return None;
                }
                // Looked at again: another apply may have put it there since the plan.
                (State::Conflict(_), _) if is_foreign() => {
                    dotfile::supplant(&ctx.paths, &vars, applied, dotfile).map(|backup| {
                        format!(
                            "{}; what was there is in {}",
                            item.id(),
                            ctx.paths.tilde(&backup)
                        )
                    })
                }
                _ => dotfile::place(&ctx.paths, &vars, applied, dotfile).map(|()| item.id()),
            }
        }
        What::Gone(target) => {
            dotfile::forget(&ctx.paths, applied, target).map(|()| format!("{} is gone", item.id()))
        }
        What::Handover(manager, place, content) => {
            delegate::apply(ctx, *manager, place).and_then(|()| {
                applied.handed_over.insert(manager.name().into(), *content);
                applied.write(&ctx.paths)?;
                Ok(format!("placed by {}", manager.name()))
            })
        }
        What::Venv(name, request) => items::make_venv(ctx, name, request),
        // Its Python failed, and has said so.
        What::Default(request) if items::python(ctx, request).is_none() => return None,
        What::Default(request) => items::set_default_python(ctx, applied, request),
        What::Script(script) if script.is_done(applied) => return None,
        What::Script(script) => {
            ctx.report.step(&format!("runs {}", script.id));
            script::run(ctx, script).and_then(|()| {
                // Only now: a script that failed, or was cut off, runs again.
                applied.runs.insert(
                    script.id.clone(),
                    Ran {
                        sha256: script.sha256,
                    },
                );
                applied.write(&ctx.paths)?;
                Ok(script.id.clone())
            })
        }
        What::Hook => items::install_hook(ctx),
    })
}

/// The questions that the plan's templates ask and that nobody has answered yet.
pub(crate) fn questions(
    manifest: &Manifest,
    plan: &Plan,
    applied: &Applied,
) -> Result<Vec<Question>> {
    let mut used = BTreeSet::new();
    for item in plan.todo() {
        if let What::Dotfile(dotfile) = &item.what {
            used.extend(dotfile.variables()?);
        }
    }
    Ok(vars::questions(manifest, applied, &used))
}

/// Notes that somebody has agreed to these scripts: they aren't asked about again until they
/// change.
pub(crate) fn agree(applied: &mut Applied, plan: &Plan) {
    applied
        .agreed
        .extend(plan.scripts().map(|script| script.sha256));
}

/// Whether a script would run that nobody has agreed to yet.
pub(crate) fn is_new_to_the_user(applied: &Applied, plan: &Plan) -> bool {
    plan.scripts()
        .any(|script| !applied.agreed.contains(&script.sha256))
}
