//! How a plan reads: as a list that one can agree to, or for programs.

use std::fmt::Write;

use super::{Item, Plan, State, What};
use crate::manifest::{Manifest, Mode, On};
use crate::report::escaped;

impl Item {
    /// One line, without its kind.
    pub(crate) fn line(&self) -> String {
        let mut line = match &self.what {
            What::Python(request) => request.clone(),
            What::Default(request) => format!("{request} is the default"),
            What::Tool(tool) => {
                let mut line = tool.spec();
                if !tool.inject.is_empty() {
                    let _ = write!(line, ", with {}", tool.inject.join(", "));
                }
                if !tool.suffix.is_empty() {
                    let _ = write!(line, ", as {}", tool.name);
                }
                if let Some(request) = &tool.python {
                    let _ = write!(line, ", on Python {request}");
                }
                for (name, command) in &tool.expose {
                    let _ = write!(line, ", {command} as {name}");
                }
                line
            }
            What::Venv(name, request) => format!("{name}, with Python {request}"),
            What::Dotfile(dotfile) => match dotfile.mode {
                Mode::Link => format!("~/{} -> {}", dotfile.target, dotfile.source.display()),
                Mode::Copy => format!(
                    "~/{}, a copy of {}",
                    dotfile.target,
                    dotfile.source.display()
                ),
                Mode::Template => format!(
                    "~/{}, from the template {}",
                    dotfile.target,
                    dotfile.source.display()
                ),
            },
            What::Gone(target) => format!("~/{target} goes: the manifest has it no more"),
            What::Handover(manager, ..) => {
                format!(
                    "all of them by {0}, whose repository this is: what {0} runs isn't shown here",
                    manager.name()
                )
            }
            What::Package(package) if package.manager.is_empty() => package.name.clone(),
            What::Package(package) => format!("{}, through {}", package.name, package.manager),
            What::Script(script) => {
                let on = match script.on {
                    On::Once => "once",
                    On::Change => "when it changes",
                    On::Always => "always",
                };
                format!("{}: {}, {on}", script.id, script.cmd)
            }
            What::Hook => "the hook, in the start-up files of your shells".into(),
        };
        if let (State::Conflict(_), What::Tool(_)) = (&self.state, &self.what) {
            let _ = write!(line, " ({} is there, and boot did not make it)", self.note);
        } else if let State::Conflict(what) = self.state {
            let _ = write!(line, " ({what} that boot did not make)");
        } else if let State::Skipped(why) = self.state {
            let _ = write!(line, " (skipped: {why})");
        } else if !self.note.is_empty() {
            let _ = write!(line, " ({})", self.note);
        }
        escaped(&line)
    }
}

impl Plan {
    /// The list that one can agree to: every item that isn't done, scripts with all of their text.
    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for item in self.items.iter().filter(|item| item.state != State::Done) {
            let mark = match (&item.state, &item.what) {
                (State::Conflict(_), _) => '!',
                (State::Skipped(_), _) | (_, What::Gone(_)) => '-',
                _ => '+',
            };
            let _ = writeln!(text, "  {mark} {:<8} {}", item.kind().name(), item.line());
            if let What::Script(script) = &item.what
                && script.text != script.cmd
            {
                for line in script.text.lines() {
                    let _ = writeln!(text, "      | {}", escaped(&line.replace('\t', "    ")));
                }
            }
        }
        match self
            .items
            .iter()
            .filter(|item| item.state == State::Done)
            .count()
        {
            0 => {}
            done => {
                let _ = writeln!(
                    text,
                    "  {done} {} already done",
                    if done == 1 { "is" } else { "are" }
                );
            }
        }
        text
    }

    /// For `--json`.
    pub(crate) fn json(&self, manifest: &Manifest) -> serde_json::Value {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|item| {
                let (state, why) = match &item.state {
                    State::Done => ("done", ""),
                    State::Todo => ("todo", item.note.as_str()),
                    State::Conflict(what) => ("conflict", *what),
                    State::Skipped(why) => ("skipped", *why),
                };
                serde_json::json!({ "kind": item.kind().name(), "id": item.id(), "state": state, "what": item.line(), "why": why })
            })
            .collect();
        serde_json::json!({
            "root": manifest.place.root,
            "home": self.home,
            "todo": self.todo().count(),
            "conflicts": self.conflicts().count(),
            "items": items,
        })
    }
}
