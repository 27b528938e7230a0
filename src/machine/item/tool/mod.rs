//! A tool that should be installed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use pep440_rs::Version;

use super::{Kind, counted};
use crate::Context;
use crate::machine::applied::{Backup, Placed};
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Conflict, Item, Stage, State, View};
use crate::machine::{Error, Result};
use crate::manifest::lock::{Locked, LockedTool};
use crate::manifest::{Manifest, PythonRequest, Tool, Written};
use crate::package::requirement::Name;
use crate::store::paths::Paths;
use crate::tool::expose::Moved;
use crate::tool::{self, InstallOptions, Receipt, Spec, spec};

mod locked;

pub(crate) const KIND: Kind = Kind {
    name: "tool",
    plural: "tools",
    counted: |number| counted(number, "tool"),
};

#[derive(Debug)]
struct ToolItem {
    tool: Tool,
    requirement: std::result::Result<Spec, spec::Error>,
}

pub(super) fn wanted(manifest: &Manifest, view: &View<'_>) -> Vec<Box<dyn Item>> {
    manifest
        .tools
        .iter()
        .filter(|tool| tool.only.holds(&view.here))
        .map(|tool| -> Box<dyn Item> {
            Box::new(ToolItem {
                tool: tool.clone(),
                requirement: tool.requirement(),
            })
        })
        .collect()
}

impl Item for ToolItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        self.tool.name.clone()
    }

    fn line(&self) -> String {
        let mut line = describe(&self.tool);
        for (name, command) in &self.tool.expose {
            let _ = write!(line, ", {command} as {name}");
        }
        line
    }

    /// Its commands are known when it is resolved; what can be told before is no reason to begin.
    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        let Some(difference) = self.difference(view) else {
            return Ok(Assessment::done_if(true));
        };
        Ok(match self.taken_command(&view.ctx.paths) {
            None => Assessment::todo(difference),
            Some(path) => {
                let path = view.ctx.paths.tilde(&path);
                let conflict = Conflict {
                    why: "there is a command of its name",
                    remark: format!("{path} is there, and boot did not make it"),
                    path,
                };
                Assessment::new(State::Conflict(conflict), "")
            }
        })
    }

    fn apply(&self, run: &Run<'_>, takeover: Takeover) -> Result<Option<String>> {
        let locked = match run.lock.take_failure_of(&self.tool) {
            // What has to be built can't be locked; it is installed all the same.
            Some(Error::NoWheels(_)) if !run.lock.is_strict() => {
                run.lock.note_unlocked(&self.tool.name);
                None
            }
            Some(error) => return Err(error),
            None => run.lock.current(),
        };
        self.install(run, locked, takeover).map(Some)
    }

    fn stage(&self) -> Stage {
        Stage::Last
    }

    fn prefetch(&self, run: &Run<'_>) {
        if let Some(entry) = run
            .lock
            .current()
            .and_then(|locked| locked.tool(&self.tool))
        {
            let bar = run.ctx.report.spinner(&self.tool.name);
            let _ = entry.fetch(run.ctx, bar.as_ref());
        }
    }

    /// The commands that are known before it is resolved.
    fn claims(&self, paths: &Paths) -> Vec<PathBuf> {
        let own = self.tool.installed_name();
        let names = self.tool.expose.keys().chain([&own]);
        names.map(|name| paths.bin.join(name)).collect()
    }

    fn claimant(&self) -> String {
        format!("the tool {}", self.tool.installed_name())
    }
}

impl ToolItem {
    /// The difference of the installed tool to what is wanted, empty where there is none; None
    /// where it doesn't.
    fn difference(&self, view: &View<'_>) -> Option<&'static str> {
        let tool = &self.tool;
        let (Some(receipt), Ok(spec)) = (receipt(&view.ctx.paths, tool), &self.requirement) else {
            return Some("");
        };
        let is_version = |installed: &Spec| spec.is_met_by(&receipt.version, installed);
        if !receipt.wanted.spec().is_some_and(is_version) {
            return Some("another version");
        }
        let has = |with: &Written<Spec>| receipt.injected.iter().any(|own| own.meets(with.value()));
        if !tool.inject.iter().all(has) {
            return Some("more to inject");
        }
        let python = tool.python.as_ref();
        if !python.is_none_or(|request| is_made_for(&receipt, request)) {
            return Some("another Python");
        }
        if !receipt.has_exposed(&tool.expose) {
            return Some("other commands");
        }
        let entry = view.locked.and_then(|locked| locked.tool(tool));
        if !entry.is_none_or(|entry| entry.is_met_by(&receipt, spec.name())) {
            return Some("not what the lock says");
        }
        if !tool::health::is_complete(view.ctx, &receipt) {
            return Some("broken");
        }
        None
    }

    /// A command that somebody else has, and that the tool would have to take over.
    fn taken_command(&self, paths: &Paths) -> Option<PathBuf> {
        let exposed = self.tool.expose.keys().map(String::as_str);
        tool::expose::taken(paths, &self.tool.installed_name(), exposed)
    }

    /// Installs it with what is injected into it, as the lock says where it says something.
    fn install(
        &self,
        run: &Run<'_>,
        locked: Option<&Locked>,
        takeover: Takeover,
    ) -> Result<String> {
        let tool = &self.tool;
        let requirement = self.requirement.clone()?;
        let mut options = InstallOptions {
            with: tool
                .inject
                .iter()
                .map(|with| with.value().clone())
                .collect(),
            python: tool.python.as_ref().map(ToString::to_string),
            expose: tool.expose.clone(),
            force: takeover == Takeover::Agreed,
            suffix: tool.suffix.clone(),
            ..InstallOptions::default()
        };
        if let Some((locked, entry)) = locked.and_then(|l| Some((l, l.tool(tool)?))) {
            options.locked = Some(entry.prepare(run.ctx, locked, tool)?);
        }
        let outcome = tool::install(run.ctx, &requirement, &options)?;
        let mut done = outcome.to_string();
        if takeover == Takeover::Agreed {
            let backups: Vec<Backup> = outcome
                .moved
                .iter()
                .filter_map(|moved| backup(run, moved))
                .collect();
            for Backup { was, is, .. } in &backups {
                let (was, is) = (run.ctx.paths.tilde(was), run.ctx.paths.tilde(is));
                let _ = write!(done, "; what was {was} is in {is}");
            }
            let mut applied = run.applied();
            applied.backups.extend(backups);
            if let Err(error) = applied.write(&run.ctx.paths) {
                run.ctx.report.warn(&error.to_string());
            }
        }
        Ok(done)
    }
}

/// A tool as plans and imports name it: `black, with furo, on Python 3.12`.
pub(crate) fn describe(tool: &Tool) -> String {
    let mut line = tool.spec();
    if !tool.inject.is_empty() {
        let inject: Vec<&str> = tool.inject.iter().map(Written::as_str).collect();
        let _ = write!(line, ", with {}", inject.join(", "));
    }
    if !tool.suffix.is_empty() {
        let _ = write!(line, ", as {}", tool.name);
    }
    if let Some(request) = &tool.python {
        let _ = write!(line, ", on Python {request}");
    }
    line
}

/// A command that moved away for a tool, to be remembered as what this apply replaced.
fn backup(run: &Run<'_>, moved: &Moved) -> Option<Backup> {
    // The bin folder may be elsewhere; joined with the home directory, a whole path stays what it
    // is.
    let target = moved
        .from
        .strip_prefix(&run.ctx.paths.home)
        .unwrap_or(&moved.from)
        .to_string_lossy()
        .into_owned();
    Some(Backup {
        apply: run.number(),
        placed: Placed::Link(std::fs::read_link(&moved.from).ok()?),
        was: moved.from.clone(),
        is: moved.to.clone(),
        target,
        stuck: false,
    })
}

/// Tells whether it was made for the same request, or with a Python that meets it.
fn is_made_for(receipt: &Receipt, request: &PythonRequest) -> bool {
    receipt.wanted.python_request.as_deref() == Some(request.as_str())
        || request.value().matches(&receipt.python)
}

fn receipt(paths: &Paths, tool: &Tool) -> Option<Receipt> {
    Receipt::read(&tool::folder(paths, &tool.installed_name()))
        .ok()
        .flatten()
}

/// The linked commands of an installed tool; None where it isn't installed.
pub(crate) fn linked_commands(ctx: &Context, tool: &Tool) -> Option<Vec<String>> {
    let apps = receipt(&ctx.paths, tool)?.apps;
    Some(apps.into_iter().map(|app| app.name).collect())
}

/// The versions of what is installed with a tool, for a lock to keep.
pub(crate) fn installed_packages(ctx: &Context, tool: &Tool) -> BTreeMap<Name, Version> {
    receipt(&ctx.paths, tool)
        .map(|receipt| receipt.packages)
        .unwrap_or_default()
}

impl LockedTool {
    /// Tells whether what is installed is what the lock says of the tool `name`.
    fn is_met_by(&self, receipt: &Receipt, name: &Name) -> bool {
        let minor = receipt.python.version.minor_name(receipt.python.variant);
        let is_same_commit =
            self.commit.is_none() || self.commit.as_ref() == receipt.commits.get(name);
        minor == self.python.as_str()
            && is_same_commit
            && self
                .packages
                .iter()
                .all(|package| receipt.packages.get(&package.name) == Some(&package.version))
    }
}
