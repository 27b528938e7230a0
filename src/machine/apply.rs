//! Doing a plan. One item that fails stops no other; each is remembered after it is done, so that a run that was cut off goes on where
//! it stopped.

use std::collections::BTreeMap;

use super::applied::{Applied, Ran};
use super::manifest::Manifest;
use super::plan::{Item, Kind, Plan, State, What};
use super::{Error, Result, dotfiles, items, scripts};
use crate::report::escaped;
use crate::store::lock::Lock;
use crate::tool::environment::side_by_side;
use crate::{Code, Context};

/// What happens to files that are in the way of dotfiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum OnConflict {
    /// Nothing at all is done
    Fail,
    /// They are moved into boot's backups
    Backup,
    /// They stay, and the dotfile isn't placed
    Keep,
}

/// Items that are worked on at a time.
const AT_ONCE: usize = 8;

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many of each kind are new.
    done: BTreeMap<&'static str, usize>,
    failed: Vec<String>,
    kept: usize,
    codes: Vec<Code>,
}

impl Outcome {
    pub fn code(&self) -> Code {
        Code::sum(self.codes.iter().copied())
    }

    pub fn failed(&self) -> &[String] {
        &self.failed
    }

    /// Whether the shell reads something that it didn't before.
    pub fn has_new_hook(&self) -> bool {
        self.done.contains_key(Kind::Shell.name())
    }

    /// `new: 1 Python, 2 tools, the shell hook`.
    pub fn summary(&self) -> String {
        let mut parts: Vec<String> = [Kind::Pythons, Kind::Tools, Kind::Dotfiles, Kind::Scripts, Kind::Shell]
            .iter()
            .filter_map(|kind| {
                let count = *self.done.get(kind.name())?;
                let s = if count == 1 { "" } else { "s" };
                Some(match kind {
                    Kind::Pythons => format!("{count} Python{s}"),
                    Kind::Shell => "the shell hook".into(),
                    kind => format!("{count} {}{s}", kind.name()),
                })
            })
            .collect();
        if self.kept > 0 {
            parts.push(format!("{} kept as it was", self.kept));
        }
        match (parts.is_empty(), self.failed.is_empty()) {
            (true, true) => "done".into(),
            (true, false) => format!("failed: {}", self.failed.join(", ")),
            (false, true) => format!("new: {}", parts.join(", ")),
            (false, false) => format!("new: {}; failed: {}", parts.join(", "), self.failed.join(", ")),
        }
    }

    fn take(&mut self, ctx: &Context, item: &Item, result: Result<String>) {
        match result {
            Ok(said) => {
                self.codes.push(Code::Done);
                // The default goes with its Python, and isn't one more.
                if !matches!(item.what, What::Default(_)) {
                    *self.done.entry(item.kind().name()).or_default() += 1;
                }
                ctx.report.info(&format!("  ✓ {:<8} {}", item.kind().name(), escaped(&said)));
            }
            Err(error) => {
                self.codes.push(Code::Failed);
                self.failed.push(format!("{} {}", item.kind().name(), escaped(&item.id())));
                let text = error.to_string();
                let mut lines = text.lines();
                let first = lines.next().unwrap_or("it failed");
                crate::ui::term::error(&format!("{} {}: {first}", item.kind().name(), escaped(&item.id())));
                for line in lines {
                    crate::ui::term::error_more(line);
                }
            }
        }
    }
}

/// Fails where the plan has conflicts and nothing was decided about them: before anything is done.
pub fn check_conflicts(plan: &Plan, on_conflict: OnConflict) -> Result<()> {
    let paths: Vec<String> = plan.conflicts().map(Item::id).collect();
    if paths.is_empty() || on_conflict != OnConflict::Fail { Ok(()) } else { Err(Error::Conflicts(paths)) }
}

/// What only one boot at a time may do: changing the machine, and what is remembered of it. What was remembered is read again, for
/// another may have been at work while this one asked.
pub fn begin(ctx: &Context) -> Result<(Lock, Applied)> {
    let lock = Lock::hold(&ctx.paths.locks(), "apply", ctx.report.as_ref())?;
    Ok((lock, Applied::read(&ctx.paths)?))
}

/// Does the plan. `applied` is from [`begin`], whose lock is still held.
pub fn apply(ctx: &Context, manifest: &Manifest, plan: &Plan, applied: &mut Applied, on_conflict: OnConflict) -> Result<Outcome> {
    check_conflicts(plan, on_conflict)?;
    let mut outcome = Outcome::default();
    let todo: Vec<&Item> = plan.todo().collect();
    let mut next = 0;
    while next < todo.len() {
        let item = todo[next];
        next += 1;
        let result = match &item.what {
            What::Python(_) | What::Tool(_) => {
                // Those of a kind stand together, and don't wait for each other.
                let alike = |other: &&&Item| std::mem::discriminant(&other.what) == std::mem::discriminant(&item.what);
                let run = todo[next..].iter().take_while(alike).count();
                let items = &todo[next - 1..next + run];
                let results = side_by_side(items, AT_ONCE, |item| match &item.what {
                    What::Python(request) => items::install_python(ctx, request),
                    What::Tool(tool) => items::install_tool(ctx, tool),
                    _ => Ok(String::new()),
                });
                for (item, result) in items.iter().zip(results) {
                    outcome.take(ctx, item, result);
                }
                next += run;
                continue;
            }
            What::Dotfile(dotfile) => {
                let moved = match (&item.state, on_conflict) {
                    (State::Conflict(_), OnConflict::Keep) => {
                        outcome.kept += 1;
                        outcome.codes.push(Code::Done);
                        ctx.report.info(&format!("  - {:<8} {} stays as it was", "dotfile", escaped(&item.id())));
                        continue;
                    }
                    (State::Conflict(_), _) => dotfiles::back_up(&ctx.paths, applied, dotfile).map(Some),
                    _ => Ok(None),
                };
                moved.and_then(|moved| {
                    dotfiles::place(&ctx.paths, manifest, applied, dotfile)?;
                    Ok(match moved {
                        Some(backup) => format!("{}; what was there is in {}", item.id(), ctx.paths.tilde(&backup)),
                        None => item.id(),
                    })
                })
            }
            // Its Python failed, and has said so.
            What::Default(request) if items::python(ctx, request).is_none() => continue,
            What::Default(request) => items::set_default_python(ctx, request).and_then(|()| {
                applied.default_python = Some(request.clone());
                applied.write(&ctx.paths)?;
                Ok(format!("{request} is the default"))
            }),
            What::Script(script) if script.is_done(applied) => continue,
            What::Script(script) => {
                ctx.report.step(&format!("runs {}", script.id));
                scripts::run(ctx, manifest, script).and_then(|()| {
                    // Only now: a script that failed, or was cut off, runs again.
                    applied.runs.insert(script.id.clone(), Ran { sha256: script.sha256 });
                    applied.write(&ctx.paths)?;
                    Ok(script.id.clone())
                })
            }
            What::Hook => items::install_hook(ctx),
        };
        outcome.take(ctx, item, result);
    }
    Ok(outcome)
}

/// Notes that somebody has agreed to these scripts: they aren't asked about again until they change.
pub fn agree(applied: &mut Applied, plan: &Plan) {
    applied.agreed.extend(plan.scripts().map(|script| script.sha256));
}

/// Whether a script would run that nobody has agreed to yet.
pub fn is_new_to_the_user(applied: &Applied, plan: &Plan) -> bool {
    plan.scripts().any(|script| !applied.agreed.contains(&script.sha256))
}
