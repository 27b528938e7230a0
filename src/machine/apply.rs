//! Doing a plan. One item that fails stops no other; each is remembered after it is done, so that a
//! run that was cut off goes on where it stopped. Knows stages, and no kind of item.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Mutex, MutexGuard};

use super::applied::Applied;
use super::item::Kind;
use super::lock_in_use::LockInUse;
use super::plan::{Effect, Entry, Plan, Stage, State, View};
use super::vars::{self, Question, Vars};
use super::{Error, Result};
use crate::manifest::Manifest;
use crate::manifest::lock::Lock as ManifestLock;
use crate::parallel::{self, side_by_side};
use crate::report::{escaped, set_in};
use crate::store::atomic;
use crate::store::lock::Lock;
use crate::{Code, Context};

/// Items that are fetched at a time.
const AT_ONCE: usize = 8;

/// The treatment of files that boot did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnConflict {
    /// Nothing at all is done
    Fail,
    /// They are moved into boot's backups
    Backup,
    /// They stay, and what they are in the way of isn't done
    Keep,
}

/// Tells whether an item may take the place of what boot did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takeover {
    Refused,
    /// Somebody has seen the conflict, and agreed.
    Agreed,
}

/// The strictness with which a lock is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Whatever the lock lacks is resolved, and added to it.
    Completing,
    /// Nothing but what the lock says will do.
    LockedOnly,
}

/// Options of a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub on_conflict: OnConflict,
    /// The lock beside the manifest, if there is one.
    pub lock: Option<ManifestLock>,
    pub strictness: Strictness,
}

/// A run of a plan, shared by the items that it does.
pub(crate) struct Run<'a> {
    pub ctx: &'a Context,
    pub manifest: &'a Manifest,
    pub lock: LockInUse<'a>,
    applied: Mutex<&'a mut Applied>,
    outcome: Mutex<Outcome>,
}

impl<'a> Run<'a> {
    /// The memory of this machine. It is held for as long as one item needs it.
    pub(crate) fn applied(&self) -> MutexGuard<'_, &'a mut Applied> {
        parallel::lock(&self.applied)
    }

    /// The number of this apply, counted from the first on this machine.
    pub(crate) fn number(&self) -> u64 {
        self.applied().applies
    }

    /// The variables of templates, with the answers that are known now.
    pub(crate) fn vars(&self) -> Vars {
        Vars::of(self.manifest, &self.applied())
    }
}

/// The outcome of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The number of new ones of each kind.
    added: BTreeMap<Kind, usize>,
    /// The number of those that are no longer in the manifest.
    removed: BTreeMap<Kind, usize>,
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

    /// Tells whether something of this kind is new.
    pub(crate) fn has_added(&self, kind: Kind) -> bool {
        self.added.contains_key(&kind)
    }

    /// `new: 1 Python, 2 tools, the shell hook; gone: 1 dotfile`.
    pub(crate) fn summary(&self) -> String {
        let list = |counts: &BTreeMap<Kind, usize>| {
            let counts = counts.iter().map(|(kind, count)| kind.count(*count));
            counts.collect::<Vec<_>>().join(", ")
        };
        let mut parts = Vec::new();
        if !self.added.is_empty() {
            parts.push(format!("new: {}", list(&self.added)));
        }
        if !self.removed.is_empty() {
            parts.push(format!("gone: {}", list(&self.removed)));
        }
        if self.kept > 0 {
            parts.push(format!("kept as it was: {}", self.kept));
        }
        if !self.failed.is_empty() {
            parts.push(format!("failed: {}", self.failed.join(", ")));
        }
        if parts.is_empty() {
            "done".into()
        } else {
            parts.join("; ")
        }
    }

    fn record(&mut self, ctx: &Context, entry: &Entry, result: Result<String>) {
        let kind = entry.item.kind();
        match result {
            Ok(done) => {
                self.codes.push(Code::Done);
                match entry.item.effect() {
                    Effect::Adds => *self.added.entry(kind).or_default() += 1,
                    Effect::Removes => *self.removed.entry(kind).or_default() += 1,
                    Effect::Settles => {}
                }
                ctx.report
                    .info(&format!("  ✓ {:<8} {}", kind.name, escaped(&done)));
            }
            Err(error) => {
                self.codes.push(Code::Failed);
                let name = format!("{} {}", kind.name, escaped(&entry.item.id()));
                let text = set_in(&error.to_string());
                ctx.report.error(&format!("{name}: {text}"));
                self.failed.push(name);
            }
        }
    }
}

/// Fails where the plan has conflicts and nothing was decided about them: before anything is done.
pub(crate) fn check_conflicts(plan: &Plan, on_conflict: OnConflict) -> Result<()> {
    let paths: Vec<String> = plan.conflicts().map(|c| c.path.clone()).collect();
    if paths.is_empty() || on_conflict != OnConflict::Fail {
        Ok(())
    } else {
        Err(Error::Conflicts(paths))
    }
}

/// Holds what only one boot at a time may do: changing the machine, and the memory of it. That is
/// read again, for another may have been at work while this one asked.
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

/// Does the plan. `applied` is from [`begin`], whose lock is still held.
pub(crate) fn apply(
    ctx: &Context,
    manifest: &Manifest,
    plan: &Plan,
    applied: &mut Applied,
    options: &Options,
) -> Result<Outcome> {
    check_conflicts(plan, options.on_conflict)?;
    applied.applies += 1;
    let run = Run {
        ctx,
        manifest,
        lock: LockInUse::new(ctx, manifest, options),
        applied: Mutex::new(applied),
        outcome: Mutex::default(),
    };
    let (todo, kept): (Vec<&Entry>, Vec<&Entry>) = plan.todo().partition(|entry| {
        !matches!(entry.state, State::Conflict(_)) || options.on_conflict != OnConflict::Keep
    });
    let is_fetched = |entry: &&&Entry| entry.item.stage() != Stage::InTurn;
    let first = todo.iter().position(|entry| is_fetched(&entry));
    let (before, rest) = todo.split_at(first.unwrap_or(todo.len()));
    let (fetched, after): (Vec<&Entry>, Vec<&Entry>) =
        rest.iter().copied().partition(|entry| is_fetched(&entry));
    kept.iter().for_each(|entry| run.keep(entry));
    run.do_in_turn(before);
    run.fetch(&fetched);
    run.do_in_turn(&after);
    run.repeat_undone(plan);
    Ok(parallel::into_inner(run.outcome))
}

impl Run<'_> {
    /// Does items one by one: scripts and dotfiles build on each other.
    fn do_in_turn<'e>(&self, entries: impl IntoIterator<Item = &'e &'e Entry>) {
        entries.into_iter().for_each(|entry| self.do_entry(entry));
    }

    fn do_entry(&self, entry: &Entry) {
        let takeover = match entry.state {
            State::Conflict(_) => Takeover::Agreed,
            _ => Takeover::Refused,
        };
        match entry.item.apply(self, takeover) {
            Ok(None) => {}
            Ok(Some(done)) => self.record(entry, Ok(done)),
            Err(error) => self.record(entry, Err(error)),
        }
    }

    fn record(&self, entry: &Entry, result: Result<String>) {
        parallel::lock(&self.outcome).record(self.ctx, entry, result);
    }

    /// Leaves what stands in the place of an item as it is.
    fn keep(&self, entry: &Entry) {
        let State::Conflict(conflict) = &entry.state else {
            return;
        };
        let mut outcome = parallel::lock(&self.outcome);
        outcome.kept += 1;
        outcome.codes.push(Code::Done);
        self.ctx.report.info(&format!(
            "  - {:<8} {} stays as it was",
            entry.item.kind().name,
            escaped(&conflict.path)
        ));
    }

    /// Does what comes from elsewhere. What the lock names is fetched at once; what it lacks is
    /// resolved meanwhile, and the lock is written at the end.
    fn fetch(&self, entries: &[&Entry]) {
        let of_stage = |stage: Stage| -> Vec<&Entry> {
            let entries = entries.iter().copied();
            entries.filter(|e| e.item.stage() == stage).collect()
        };
        let (first, last) = (of_stage(Stage::First), of_stage(Stage::Last));
        let is_idle = first.is_empty() && last.is_empty();
        std::thread::scope(|scope| {
            scope.spawn(|| self.do_in_turn(&of_stage(Stage::Background)));
            // What is there already is in the lock too, for the other machines.
            if is_idle && !self.lock.is_missing() {
                return;
            }
            scope.spawn(|| side_by_side(&first, AT_ONCE, |entry| self.do_entry(entry)));
            self.lock.complete();
            // Wheels need no Python to be fetched and unpacked: they come while it does.
            side_by_side(&last, AT_ONCE, |entry| entry.item.prefetch(self));
        });
        // Before the last: what isn't locked is made with the default Python.
        self.do_in_turn(&of_stage(Stage::Between));
        if let Err(error) = self.lock.retry() {
            match entries.first() {
                Some(entry) if !is_idle => self.record(entry, Err(error)),
                _ => self.lock.warn_unwritten(&error),
            }
            return;
        }
        side_by_side(&last, AT_ONCE, |entry| self.do_entry(entry));
        self.lock.write();
    }

    /// Does again what other items have undone: a start-up file that is a dotfile has taken the
    /// place of the one with the hook.
    fn repeat_undone(&self, plan: &Plan) {
        let done = plan.entries.iter().filter(|e| e.state == State::Done);
        for entry in done.filter(|entry| entry.item.is_fragile()) {
            let is_undone = {
                let applied = self.applied();
                let view = View::new(self.ctx, self.manifest, &applied, None);
                entry.item.assess(&view)
            };
            if is_undone.is_ok_and(|assessment| assessment.state == State::Todo) {
                self.do_entry(entry);
            }
        }
    }
}

/// The questions that the plan's templates ask and that nobody has answered yet.
pub(crate) fn questions(
    manifest: &Manifest,
    plan: &Plan,
    applied: &Applied,
) -> Result<Vec<Question>> {
    let mut used = BTreeSet::new();
    for entry in plan.todo() {
        used.extend(entry.item.variables()?);
    }
    Ok(vars::questions(manifest, applied, &used))
}

/// Notes that somebody has agreed to these scripts: they aren't asked about again until they
/// change.
pub(crate) fn agree(applied: &mut Applied, plan: &Plan) {
    applied.agreed.extend(plan.scripts());
}

/// Tells whether a script would run that nobody has agreed to yet.
pub(crate) fn has_new_scripts(applied: &Applied, plan: &Plan) -> bool {
    plan.scripts()
        .any(|sha256| !applied.agreed.contains(&sha256))
}
