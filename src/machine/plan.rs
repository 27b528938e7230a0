//! What would be done: the manifest beside the machine. Reads, and touches nothing.

use std::fmt::Write;

use super::Result;
use super::applied::Applied;
use super::condition::Surroundings;
use super::dotfiles::{self, Dotfile, There};
use super::items::{self, ToolState};
use super::manifest::{Manifest, Mode, On, Phase, Tool};
use super::scripts::{self, Script};
use crate::Context;
use crate::report::escaped;

/// The kinds of items, as `--only` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Kind {
    Pythons,
    Tools,
    Dotfiles,
    Scripts,
    Shell,
}

impl Kind {
    /// One of them.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Pythons => "python",
            Kind::Tools => "tool",
            Kind::Dotfiles => "dotfile",
            Kind::Scripts => "script",
            Kind::Shell => "shell",
        }
    }
}

/// What an item is about.
#[derive(Clone, Debug)]
pub enum What {
    Python(String),
    /// The global pin.
    Default(String),
    Tool(Tool),
    Dotfile(Dotfile),
    Script(Script),
    Hook,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Done,
    Todo,
    /// Something that boot did not make is in the way: what it is.
    Conflict(&'static str),
}

#[derive(Clone, Debug)]
pub struct Item {
    pub what: What,
    pub state: State,
    /// Beside what it is: why there is something to do.
    pub note: String,
}

/// Everything the manifest asks for here, in the order in which it is done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub items: Vec<Item>,
    /// Where the home directory is, for showing.
    home: String,
}

impl Item {
    pub fn kind(&self) -> Kind {
        match self.what {
            What::Python(_) | What::Default(_) => Kind::Pythons,
            What::Tool(_) => Kind::Tools,
            What::Dotfile(_) => Kind::Dotfiles,
            What::Script(_) => Kind::Scripts,
            What::Hook => Kind::Shell,
        }
    }

    /// What tells it from the others of its kind.
    pub fn id(&self) -> String {
        match &self.what {
            What::Python(request) => request.clone(),
            What::Default(_) => "default".into(),
            What::Tool(tool) => tool.name.clone(),
            What::Dotfile(dotfile) => format!("~/{}", dotfile.target),
            What::Script(script) => script.id.clone(),
            What::Hook => "hook".into(),
        }
    }

    /// One line, without its kind.
    pub fn line(&self) -> String {
        let mut line = match &self.what {
            What::Python(request) => request.clone(),
            What::Default(request) => format!("{request} is the default"),
            What::Tool(tool) => {
                let mut line = tool.spec();
                if !tool.inject.is_empty() {
                    let _ = write!(line, ", with {}", tool.inject.join(", "));
                }
                if let Some(request) = &tool.python {
                    let _ = write!(line, ", on Python {request}");
                }
                line
            }
            What::Dotfile(dotfile) => match dotfile.mode {
                Mode::Link => format!("~/{} -> {}", dotfile.target, dotfile.source.display()),
                Mode::Copy => format!("~/{}, a copy of {}", dotfile.target, dotfile.source.display()),
            },
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
        if let State::Conflict(what) = self.state {
            let _ = write!(line, " ({what} that boot did not make)");
        } else if !self.note.is_empty() {
            let _ = write!(line, " ({})", self.note);
        }
        escaped(&line)
    }
}

impl Plan {
    pub fn todo(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.state != State::Done)
    }

    pub fn conflicts(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| matches!(item.state, State::Conflict(_)))
    }

    pub fn is_done(&self) -> bool {
        self.todo().next().is_none()
    }

    /// Scripts that would run.
    pub fn scripts(&self) -> impl Iterator<Item = &Script> {
        self.todo().filter_map(|item| match &item.what {
            What::Script(script) => Some(script),
            _ => None,
        })
    }

    /// The list that one can agree to: every item that isn't done, scripts with all of their text.
    pub fn shown(&self) -> String {
        let mut text = String::new();
        for item in self.todo() {
            let mark = if matches!(item.state, State::Conflict(_)) { '!' } else { '+' };
            let _ = writeln!(text, "  {mark} {:<8} {}", item.kind().name(), item.line());
            if let What::Script(script) = &item.what
                && script.text != script.cmd
            {
                for line in script.text.lines() {
                    let _ = writeln!(text, "      | {}", escaped(&line.replace('\t', "    ")));
                }
            }
        }
        match self.items.iter().filter(|item| item.state == State::Done).count() {
            0 => {}
            done => {
                let _ = writeln!(text, "  {done} {} already done", if done == 1 { "is" } else { "are" });
            }
        }
        text
    }

    /// For `--json`.
    pub fn json(&self, manifest: &Manifest) -> serde_json::Value {
        let items: Vec<_> = self
            .items
            .iter()
            .map(|item| {
                let (state, why) = match &item.state {
                    State::Done => ("done", ""),
                    State::Todo => ("todo", item.note.as_str()),
                    State::Conflict(what) => ("conflict", *what),
                };
                serde_json::json!({ "kind": item.kind().name(), "id": item.id(), "state": state, "what": item.line(), "why": why })
            })
            .collect();
        serde_json::json!({
            "root": manifest.root,
            "home": self.home,
            "todo": self.todo().count(),
            "conflicts": self.conflicts().count(),
            "items": items,
        })
    }

    /// Without the kinds that weren't asked for.
    pub fn only(mut self, kinds: &[Kind]) -> Plan {
        if !kinds.is_empty() {
            self.items.retain(|item| kinds.contains(&item.kind()));
        }
        self
    }
}

/// Compares the manifest with this machine.
pub fn plan(ctx: &Context, manifest: &Manifest, applied: &Applied) -> Result<Plan> {
    let here = Surroundings::here();
    let paths = &ctx.paths;
    let mut items = Vec::new();
    let mut after = Vec::new();
    let mut add = |what: What, state: State, note: &str| items.push(Item { what, state, note: note.into() });
    let is = |done: bool| if done { State::Done } else { State::Todo };

    for run in manifest.runs.iter().filter(|run| run.only.holds(&here)) {
        let script = scripts::script(manifest, run)?;
        let state = is(script.is_done(applied));
        match run.phase {
            Phase::Before => add(What::Script(script), state, ""),
            Phase::After => after.push(Item { what: What::Script(script), state, note: String::new() }),
        }
    }
    // Before Pythons and tools: pip's configuration may be among them.
    for dotfile in dotfiles::list(manifest, &here)? {
        dotfiles::check_place(paths, manifest, &dotfile)?;
        let (state, note) = match dotfiles::there(paths, manifest, applied, &dotfile) {
            There::Right => (State::Done, ""),
            There::Nothing => (State::Todo, ""),
            There::Ours => (State::Todo, "boot's own, of an earlier time"),
            There::Foreign(what) => (State::Conflict(what), ""),
        };
        add(What::Dotfile(dotfile), state, note);
    }
    for request in &manifest.pythons {
        let there = items::python(ctx, request);
        add(What::Python(request.clone()), is(there.is_some()), there.as_deref().unwrap_or(""));
    }
    if let Some(first) = manifest.pythons.first() {
        match items::default_python(ctx) {
            None => add(What::Default(first.clone()), State::Todo, ""),
            Some(now) if now == *first => add(What::Default(first.clone()), State::Done, ""),
            // Changed by hand since, or never boot's: the user's word counts.
            Some(now) if applied.default_python.as_ref() != Some(&now) => add(What::Default(now), State::Done, "your own choice"),
            Some(now) => add(What::Default(first.clone()), State::Todo, &format!("it is {now}")),
        }
    }
    for tool in manifest.tools.iter().filter(|tool| tool.only.holds(&here)) {
        let (state, note) = match items::tool(ctx, tool) {
            ToolState::Right => (State::Done, ""),
            ToolState::Missing => (State::Todo, ""),
            ToolState::Other(why) => (State::Todo, why),
        };
        add(What::Tool(tool.clone()), state, note);
    }
    if manifest.hook {
        add(What::Hook, is(items::hook(ctx)?), "");
    }
    items.extend(after);
    Ok(Plan { items, home: paths.home.display().to_string() })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::machine::applied::Ran;
    use crate::report::Silent;
    use crate::store::paths::Paths;

    fn machine(text: &str) -> (tempfile::TempDir, Context, Manifest) {
        let folder = tempfile::tempdir().unwrap();
        let (home, root) = (folder.path().join("h"), folder.path().join("repo"));
        fs::create_dir_all(&home).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        fs::write(root.join("home/.a"), "a").unwrap();
        fs::write(root.join("a.sh"), "echo '\u{1b}[2J'\n").unwrap();
        fs::write(root.join("boot.toml"), format!("version = 1\n{text}")).unwrap();
        let paths = Paths::from(&|name| (name == "HOME").then(|| home.clone().into())).unwrap();
        let manifest = Manifest::load(&root, &root, "repo").unwrap();
        (folder, Context::new(paths, Arc::new(Silent), true), manifest)
    }

    fn states(plan: &Plan) -> Vec<(&'static str, String, State)> {
        plan.items.iter().map(|item| (item.kind().name(), item.id(), item.state.clone())).collect()
    }

    fn nothing_was_touched(home: &Path) {
        assert_eq!(fs::read_dir(home).unwrap().count(), 0);
    }

    #[test]
    fn a_new_machine_has_everything_to_do_in_order() {
        let (_folder, ctx, manifest) = machine(
            "[python]\ninstall = ['3.11']\n[tools]\nblack = '*'\n[dotfiles]\n[shell]\nhook = true\n\
             [[run]]\nid = 'last'\ncmd = './a.sh'\n[[run]]\nid = 'first'\ncmd = 'true'\nphase = 'before'\n",
        );
        let plan = plan(&ctx, &manifest, &Applied::default()).unwrap();
        let found: Vec<_> = plan.items.iter().map(|item| (item.kind().name(), item.id())).collect();
        let expected = [
            ("script", "first"),
            ("dotfile", "~/.a"),
            ("python", "3.11"),
            ("python", "default"),
            ("tool", "black"),
            ("shell", "hook"),
            ("script", "last"),
        ];
        assert_eq!(found, expected.map(|(kind, id)| (kind, id.to_string())));
        let shown = plan.shown();
        assert!(shown.contains("| echo '\\u{1b}[2J'"), "the text is shown, and its control characters aren't obeyed: {shown}");
        assert!(plan.clone().only(&[Kind::Tools]).items.len() == 1);
        nothing_was_touched(&ctx.paths.home);
    }

    #[test]
    fn what_is_done_what_is_to_do_and_what_is_in_the_way() {
        let (_folder, ctx, manifest) = machine(
            "[dotfiles]\n[[run]]\nid = 'once'\ncmd = './a.sh'\n[[run]]\nid = 'change'\ncmd = './a.sh'\non = 'change'\n\
             [[run]]\nid = 'always'\ncmd = 'true'\non = 'always'\n[[run]]\nid = 'elsewhere'\ncmd = 'true'\nonly = ['host:nowhere']\n",
        );
        let other = crate::store::digest::Sha256::of(b"other");
        let mut applied = Applied::default();
        for id in ["once", "change", "always"] {
            applied.runs.insert(id.into(), Ran { sha256: other });
        }
        fs::write(ctx.paths.home.join(".a"), "mine").unwrap();
        let plan = plan(&ctx, &manifest, &applied).unwrap();
        let expected = [
            ("dotfile", "~/.a".to_string(), State::Conflict("is a file")),
            ("script", "once".into(), State::Done),
            ("script", "change".into(), State::Todo),
            ("script", "always".into(), State::Todo),
        ];
        assert_eq!(states(&plan), expected);
        assert_eq!(plan.json(&manifest)["conflicts"], 1);
    }
}
