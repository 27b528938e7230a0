//! What would be done: the manifest beside the machine. Reads, and touches nothing.

use std::collections::BTreeSet;

use super::applied::Applied;
use super::items::{self, ToolState};
use super::vars::Vars;
use crate::Context;
use crate::machine::item::delegate;
use crate::machine::item::dotfile::{self, Dotfile, There};
use crate::machine::item::package::{self, Package};
use crate::machine::item::script::{self, Script};
use crate::machine::{Error, Result};
use crate::manifest::condition::Surroundings;
use crate::manifest::lock::Lock;
use crate::manifest::{Manager, Manifest, Phase, Place, Tool};
use crate::python::key::Platform;
use crate::store::digest::Sha256;

mod shown;

/// The kinds of items, as `--only` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub(crate) enum Kind {
    Pythons,
    Tools,
    Venvs,
    Dotfiles,
    Packages,
    Scripts,
    Shell,
}

impl Kind {
    /// One of them.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Pythons => "python",
            Kind::Tools => "tool",
            Kind::Venvs => "venv",
            Kind::Dotfiles => "dotfile",
            Kind::Packages => "package",
            Kind::Scripts => "script",
            Kind::Shell => "shell",
        }
    }
}

/// What an item is about.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Python(String),
    /// The global pin.
    Default(String),
    Tool(Tool),
    /// A named virtualenv, and the request for its Python.
    Venv(String, String),
    Dotfile(Dotfile),
    /// A dotfile that boot placed and that the manifest has no more.
    Gone(String),
    /// The repository's own manager of dotfiles, and what the repository holds.
    Handover(Manager, Place, Sha256),
    Package(Package),
    Script(Script),
    Hook,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Done,
    Todo,
    /// Something that boot did not make is in the way: what it is.
    Conflict(&'static str),
    /// It can't be had here, and nothing needs it: why.
    Skipped(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub what: What,
    pub state: State,
    /// Beside what it is: why there is something to do.
    pub note: String,
}

/// Everything the manifest asks for here, in the order in which it is done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub items: Vec<Item>,
    /// Where the home directory is, for showing.
    home: String,
}

impl Item {
    pub(crate) fn kind(&self) -> Kind {
        match self.what {
            What::Python(_) | What::Default(_) => Kind::Pythons,
            What::Tool(_) => Kind::Tools,
            What::Venv(..) => Kind::Venvs,
            What::Dotfile(_) | What::Gone(_) | What::Handover(..) => Kind::Dotfiles,
            What::Package(_) => Kind::Packages,
            What::Script(_) => Kind::Scripts,
            What::Hook => Kind::Shell,
        }
    }

    /// What tells it from the others of its kind.
    pub(crate) fn id(&self) -> String {
        match &self.what {
            What::Python(request) => request.clone(),
            What::Default(_) => "default".into(),
            What::Tool(tool) => tool.name.clone(),
            What::Venv(name, _) => name.clone(),
            What::Dotfile(dotfile) => format!("~/{}", dotfile.target),
            What::Gone(target) => format!("~/{target}"),
            What::Handover(manager, ..) => manager.name().into(),
            What::Package(package) => package.name.clone(),
            What::Script(script) => script.id.clone(),
            What::Hook => "hook".into(),
        }
    }
}

impl Plan {
    pub(crate) fn todo(&self) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(|item| matches!(item.state, State::Todo | State::Conflict(_)))
    }

    pub(crate) fn conflicts(&self) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(|item| matches!(item.state, State::Conflict(_)))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.todo().next().is_none()
    }

    /// Scripts that would run.
    pub(crate) fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.todo().filter_map(|item| match &item.what {
            What::Script(script) => Some(script),
            _ => None,
        })
    }

    /// Without the kinds that weren't asked for.
    pub(crate) fn only(mut self, kinds: &[Kind]) -> Plan {
        if !kinds.is_empty() {
            self.items.retain(|item| kinds.contains(&item.kind()));
        }
        self
    }
}

/// Compares the manifest with this machine.
pub(crate) fn plan(
    ctx: &Context,
    manifest: &Manifest,
    applied: &Applied,
    lock: Option<&Lock>,
) -> Result<Plan> {
    let locked = lock.and_then(|lock| lock.platform.get(&Platform::host()?.to_string()));
    let here = Surroundings::here();
    let mut items = Vec::new();
    let mut after = Vec::new();
    for run in manifest.runs.iter().filter(|run| run.only.holds(&here)) {
        let script = script::script(run)?;
        let item = Item {
            state: is(script.is_done(applied)),
            what: What::Script(script),
            note: String::new(),
        };
        match run.phase {
            Phase::Before => items.push(item),
            Phase::After => after.push(item),
        }
    }
    // Before Pythons and tools: pip's configuration may be among them.
    dotfiles(ctx, manifest, applied, &here, &mut items)?;
    one_of_a_name(ctx, manifest, &here, &items)?;
    let mut add = |what: What, state: State, note: &str| {
        items.push(Item {
            what,
            state,
            note: note.into(),
        })
    };
    let wanted = package::list(&manifest.packages);
    for (package, there) in wanted.iter().zip(package::installed(&wanted)) {
        let state = match package::obstacle(package) {
            _ if there => State::Done,
            Some(why) => State::Skipped(why),
            None => State::Todo,
        };
        add(What::Package(package.clone()), state, "");
    }
    for request in manifest.python_requests(|tool| tool.only.holds(&here)) {
        let (done, there) = match locked.and_then(|locked| locked.python.get(request)) {
            Some(locked) => items::locked_python(ctx, request, locked, applied),
            None => {
                let there = items::python(ctx, request);
                (there.is_some(), there)
            }
        };
        add(
            What::Python(request.clone()),
            is(done),
            there.as_deref().unwrap_or(""),
        );
    }
    if let Some(first) = manifest.pythons.first() {
        match items::default_python(ctx) {
            None => add(What::Default(first.clone()), State::Todo, ""),
            Some(now) if items::is_default(&now, first) => {
                add(What::Default(first.clone()), State::Done, "")
            }
            // Changed by hand since, or never boot's: the user's word counts.
            Some(now) if applied.default_python.as_ref() != Some(&now) => {
                add(What::Default(now), State::Done, "your own choice")
            }
            Some(now) => add(
                What::Default(first.clone()),
                State::Todo,
                &format!("it is {now}"),
            ),
        }
    }
    for tool in manifest.tools.iter().filter(|tool| tool.only.holds(&here)) {
        let (state, note) = match items::tool(ctx, tool, locked) {
            ToolState::Right => (State::Done, ""),
            ToolState::Missing => (State::Todo, ""),
            ToolState::Other(why) => (State::Todo, why),
        };
        // Its commands are known when it is resolved; what can be told before is no reason to
        // begin.
        let taken = if state == State::Todo {
            items::command_in_the_way(ctx, tool)
        } else {
            None
        };
        match taken {
            Some(path) => add(
                What::Tool(tool.clone()),
                State::Conflict("there is a command of its name"),
                &ctx.paths.tilde(&path),
            ),
            None => add(What::Tool(tool.clone()), state, note),
        }
    }
    for (name, request) in &manifest.venvs {
        let (done, there) = items::venv(ctx, name, request);
        add(What::Venv(name.clone(), request.clone()), is(done), &there);
    }
    if manifest.hook == Some(true) {
        add(What::Hook, is(items::hook(ctx)?), "");
    }
    items.extend(after);
    Ok(Plan {
        items,
        home: ctx.paths.home.display().to_string(),
    })
}

/// Fails where a dotfile and a tool claim one command, as far as a tool's are known beforehand:
/// each apply would undo the one before.
fn one_of_a_name(
    ctx: &Context,
    manifest: &Manifest,
    here: &Surroundings,
    items: &[Item],
) -> Result<()> {
    for tool in manifest.tools.iter().filter(|tool| tool.only.holds(here)) {
        let own = tool.installed_name();
        for name in tool.expose.keys().chain([&own]) {
            let command = ctx.paths.bin.join(name);
            let same = |item: &&Item| matches!(&item.what, What::Dotfile(dotfile) if ctx.paths.home.join(&dotfile.target) == command);
            if let Some(What::Dotfile(dotfile)) = items.iter().find(same).map(|item| &item.what) {
                return Err(Error::Content {
                    what: ctx.paths.tilde(&command),
                    reason: format!(
                        "both {} and the tool {own} claim it",
                        dotfile.from().display()
                    ),
                    hint: "remove one of them, or give the tool a suffix; nothing was done",
                });
            }
        }
    }
    Ok(())
}

fn is(done: bool) -> State {
    if done { State::Done } else { State::Todo }
}

/// The dotfiles of every repository, those that are there no more, and the repositories that others
/// take care of.
fn dotfiles(
    ctx: &Context,
    manifest: &Manifest,
    applied: &Applied,
    here: &Surroundings,
    items: &mut Vec<Item>,
) -> Result<()> {
    let paths = &ctx.paths;
    let vars = Vars::of(manifest, applied);
    let mut wanted = BTreeSet::new();
    let mut going = BTreeSet::new();
    let mut add = |what: What, state: State, note: &str| {
        items.push(Item {
            what,
            state,
            note: note.into(),
        })
    };
    for dotfile in dotfile::list(manifest, here)? {
        let link = dotfile::link_above(paths, applied, &dotfile.target);
        dotfile::check_place(paths, &dotfile, link)?;
        dotfile.check(&vars)?;
        let (state, note) = match dotfile::there(paths, &vars, applied, &dotfile) {
            // What is seen through the link is the source. The link goes first.
            _ if link.is_some() => (State::Todo, "instead of a link of its whole folder"),
            There::Right => (State::Done, ""),
            There::Nothing => (State::Todo, ""),
            There::Ours => (State::Todo, "boot's own, of an earlier time"),
            There::Foreign(what) => (State::Conflict(what), ""),
        };
        if let Some(link) = link.filter(|link| going.insert(*link)) {
            add(What::Gone(link.into()), State::Todo, "");
        }
        wanted.insert(dotfile.target.clone());
        add(What::Dotfile(dotfile), state, note);
    }
    for target in applied
        .dotfiles
        .keys()
        .filter(|target| !wanted.contains(*target) && !going.contains(target.as_str()))
    {
        if dotfile::can_go(paths, applied, target) {
            add(What::Gone(target.clone()), State::Todo, "");
        }
    }
    for (manager, place) in manifest
        .dotfiles
        .iter()
        .filter_map(|dotfiles| Some((dotfiles.manager?, &dotfiles.place)))
    {
        let content = delegate::content(place)?;
        add(
            What::Handover(manager, place.clone(), content),
            is(applied.handed_over.get(manager.name()) == Some(&content)),
            "",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
