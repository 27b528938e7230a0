//! The plan: the manifest beside the machine. Reads, and touches nothing. Knows what an item is,
//! and no kind of item: see `item`.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Write};
use std::path::PathBuf;

use super::applied::Applied;
use super::apply::{Run, Takeover};
use super::item::{self, Kind};
use super::vars::Vars;
use super::{Error, Result};
use crate::Context;
use crate::manifest::Manifest;
use crate::manifest::condition::Surroundings;
use crate::manifest::lock::{Lock, Locked};
use crate::report::escaped;
use crate::store::digest::Sha256;
use crate::store::paths::Paths;

/// A thing that a machine should have, or should have no longer.
pub(crate) trait Item: fmt::Debug + Send + Sync {
    fn kind(&self) -> Kind;

    /// Tells it from the others of its kind.
    fn id(&self) -> String;

    /// Its line in a plan, without its kind.
    fn line(&self) -> String;

    /// Its state on this machine, looked up without changing anything.
    fn assess(&self, view: &View<'_>) -> Result<Assessment>;

    /// Does it, and says what was done; None where there turns out to be nothing to say.
    fn apply(&self, run: &Run<'_>, takeover: Takeover) -> Result<Option<String>>;

    /// When it is done, beside the others of a plan.
    fn stage(&self) -> Stage {
        Stage::InTurn
    }

    fn effect(&self) -> Effect {
        Effect::Adds
    }

    /// The files that it will have for itself.
    fn claims(&self, _: &Paths) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Its name in an error about two that claim one file.
    fn claimant(&self) -> String {
        self.line()
    }

    /// The variables of templates that it needs, as templates write them.
    fn variables(&self) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }

    /// A script that somebody has to agree to.
    fn script(&self) -> Option<ScriptText<'_>> {
        None
    }

    /// Tells whether what is done can be undone by another item of the same plan.
    fn is_fragile(&self) -> bool {
        false
    }

    /// Fetches what it is made of, as far as a lock names that. Failures are for `apply` to tell.
    fn prefetch(&self, _: &Run<'_>) {}
}

/// When an item is done. Only a stage of its own is done side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Alone, in the order of the plan.
    InTurn,
    /// In turn, beside everything else that is fetched.
    Background,
    /// Fetched side by side, first.
    First,
    /// In turn, once the first ones are there.
    Between,
    /// Fetched side by side with a complete lock, last.
    Last,
}

/// The effect by which a plan counts and marks an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Adds,
    Removes,
    /// Goes with another item, and isn't one more.
    Settles,
}

/// The script behind an item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScriptText<'a> {
    /// The text for reading; None where the item's line has all of it.
    pub text: Option<&'a str>,
    /// Of the text and of what is watched.
    pub sha256: Sha256,
}

/// The machine as a plan sees it.
pub(crate) struct View<'a> {
    pub ctx: &'a Context,
    pub applied: &'a Applied,
    /// The lock's part for this machine.
    pub locked: Option<&'a Locked>,
    pub here: Surroundings,
    pub vars: Vars,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        ctx: &'a Context,
        manifest: &Manifest,
        applied: &'a Applied,
        lock: Option<&'a Lock>,
    ) -> View<'a> {
        View {
            ctx,
            applied,
            locked: lock.and_then(Lock::for_this_machine),
            here: Surroundings::here(),
            vars: Vars::of(manifest, applied),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Done,
    Todo,
    Conflict(Conflict),
    /// It can't be had here, and nothing needs it: why.
    Skipped(&'static str),
}

/// Something that boot did not make stands where an item should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// In a few words, as in `is a file`.
    pub why: &'static str,
    /// Its path, as people write it.
    pub path: String,
    /// The remark behind the item's line.
    pub remark: String,
}

/// A state, and a remark on why there is something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assessment {
    pub state: State,
    pub note: String,
}

impl Assessment {
    pub(crate) fn new(state: State, note: impl Into<String>) -> Assessment {
        Assessment {
            state,
            note: note.into(),
        }
    }

    pub(crate) fn done_if(done: bool) -> Assessment {
        Assessment::new(if done { State::Done } else { State::Todo }, "")
    }

    pub(crate) fn todo(note: impl Into<String>) -> Assessment {
        Assessment::new(State::Todo, note)
    }
}

/// An item with its state on this machine.
#[derive(Debug)]
pub(crate) struct Entry {
    pub item: Box<dyn Item>,
    pub state: State,
    /// Beside what it is: why there is something to do.
    pub note: String,
}

impl Entry {
    pub(crate) fn is_todo(&self) -> bool {
        matches!(self.state, State::Todo | State::Conflict(_))
    }

    /// Its line in a plan, without its kind, as people read it.
    pub(crate) fn line(&self) -> String {
        let mut line = self.item.line();
        let remark = match &self.state {
            State::Conflict(conflict) => conflict.remark.clone(),
            State::Skipped(why) => format!("skipped: {why}"),
            _ => self.note.clone(),
        };
        if !remark.is_empty() {
            let _ = write!(line, " ({remark})");
        }
        escaped(&line)
    }

    fn mark(&self) -> char {
        match &self.state {
            State::Conflict(_) => '!',
            State::Skipped(_) => '-',
            _ if self.item.effect() == Effect::Removes => '-',
            _ => '+',
        }
    }

    fn json(&self) -> serde_json::Value {
        let (state, why) = match &self.state {
            State::Done => ("done", ""),
            State::Todo => ("todo", self.note.as_str()),
            State::Conflict(conflict) => ("conflict", conflict.why),
            State::Skipped(why) => ("skipped", *why),
        };
        serde_json::json!({
            "kind": self.item.kind().name,
            "id": self.item.id(),
            "state": state,
            "what": self.line(),
            "why": why,
        })
    }
}

/// Everything the manifest asks for here, in the order in which it is done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub entries: Vec<Entry>,
    /// The home directory, for showing.
    home: String,
}

impl Plan {
    pub(crate) fn todo(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_todo())
    }

    pub(crate) fn conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.entries.iter().filter_map(|entry| match &entry.state {
            State::Conflict(conflict) => Some(conflict),
            _ => None,
        })
    }

    pub(crate) fn is_done(&self) -> bool {
        self.todo().next().is_none()
    }

    /// The hashes of the scripts that would run.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = Sha256> {
        self.todo()
            .filter_map(|entry| Some(entry.item.script()?.sha256))
    }

    /// Leaves out the kinds that weren't asked for; none means all.
    pub(crate) fn restrict_to(mut self, kinds: &[Kind]) -> Plan {
        if !kinds.is_empty() {
            self.entries
                .retain(|entry| kinds.contains(&entry.item.kind()));
        }
        self
    }

    /// The list that one can agree to: every item that isn't done, scripts with all of their text.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            if entry.state == State::Done {
                continue;
            }
            let kind = entry.item.kind().name;
            let _ = writeln!(text, "  {} {kind:<8} {}", entry.mark(), entry.line());
            let script = entry.item.script().and_then(|script| script.text);
            for line in script.into_iter().flat_map(str::lines) {
                let _ = writeln!(text, "      | {}", escaped(&line.replace('\t', "    ")));
            }
        }
        let done = self.entries.iter().filter(|e| e.state == State::Done);
        match done.count() {
            0 => {}
            1 => text.push_str("  1 is already done\n"),
            count => {
                let _ = writeln!(text, "  {count} are already done");
            }
        }
        text
    }

    /// For `--json`.
    pub(crate) fn json(&self, manifest: &Manifest) -> serde_json::Value {
        serde_json::json!({
            "root": manifest.place.root,
            "home": self.home,
            "todo": self.todo().count(),
            "conflicts": self.conflicts().count(),
            "items": self.entries.iter().map(Entry::json).collect::<Vec<_>>(),
        })
    }
}

/// Compares the manifest with this machine.
pub(crate) fn plan(
    ctx: &Context,
    manifest: &Manifest,
    applied: &Applied,
    lock: Option<&Lock>,
) -> Result<Plan> {
    let view = View::new(ctx, manifest, applied, lock);
    let items = item::wanted(manifest, &view)?;
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let Assessment { state, note } = item.assess(&view)?;
        entries.push(Entry { item, state, note });
    }
    check_claims(&ctx.paths, &entries)?;
    Ok(Plan {
        entries,
        home: ctx.paths.home.display().to_string(),
    })
}

/// Fails where items of two kinds claim one file: each apply would undo the one before.
fn check_claims(paths: &Paths, entries: &[Entry]) -> Result<()> {
    let mut claimed: HashMap<PathBuf, &dyn Item> = HashMap::new();
    for item in entries.iter().map(|entry| entry.item.as_ref()) {
        for path in item.claims(paths) {
            let earlier = *claimed.entry(path.clone()).or_insert(item);
            if earlier.kind() != item.kind() {
                return Err(Error::Content {
                    what: paths.tilde(&path),
                    reason: format!(
                        "both {} and {} claim it",
                        earlier.claimant(),
                        item.claimant()
                    ),
                    hint: "remove one of them, or give the tool a suffix; nothing was done",
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
