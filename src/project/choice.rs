//! Which Python is in effect in a folder, and why: `BOOT_PYTHON`, else the nearest pin, else the user's default. What shims,
//! `which`, `exec`, `find` and `list` all ask.

use std::fmt;
use std::path::{Path, PathBuf};

use super::pin::{self, Entry};
use crate::context::var;
use crate::python::installed::{self, Installed, Origin};
use crate::python::key::Variant;
use crate::python::request::Request;
use crate::report::escaped;
use crate::store::paths::Paths;

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `BOOT_PYTHON` is set.
    Variable,
    /// A project's pin.
    Pin(PathBuf),
    /// The user's default.
    Global(PathBuf),
    /// The command line.
    Argument,
    /// Nobody: the newest installed one.
    Newest,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Variable => f.write_str("BOOT_PYTHON"),
            Reason::Pin(file) | Reason::Global(file) => f.write_str(&escaped(&file.to_string_lossy())),
            Reason::Argument => f.write_str("the command line"),
            Reason::Newest => f.write_str("the newest installed"),
        }
    }
}

/// One thing that was asked for, and what meets it.
#[derive(Clone, Debug)]
pub struct Item {
    /// As it was written.
    pub asked: String,
    pub target: Target,
}

#[derive(Clone, Debug)]
pub enum Target {
    Python(Box<Installed>),
    /// What PATH has without boot's shims.
    System,
    /// A named environment's folder.
    Environment(PathBuf),
    /// An interpreter by its path, from the command line.
    Interpreter(PathBuf),
    /// Nothing meets it.
    Missing,
}

/// What is in effect. `items` is empty where nothing was asked for and nothing is installed.
#[derive(Clone, Debug)]
pub struct Choice {
    pub reason: Reason,
    pub items: Vec<Item>,
    /// Lines about pins that were passed over.
    pub warnings: Vec<String>,
}

/// The choice for somebody who stands in `folder`, an absolute path.
pub fn choose(paths: &Paths, folder: &Path) -> Choice {
    if let Some(text) = var("BOOT_PYTHON") {
        // One request may have blanks in it (`>=3.10, <3.13`); several are separated by blanks, or by colons as pyenv's are.
        let items = match text.parse() {
            Ok(entry) => vec![item_of(paths, &entry)],
            Err(_) => text.split([' ', ':']).filter(|asked| !asked.is_empty()).map(|asked| item(paths, asked)).collect(),
        };
        return Choice { reason: Reason::Variable, items, warnings: Vec::new() };
    }
    let found = pin::find_from(folder, paths);
    match found.pin {
        Some(pin) => {
            let items = pin.entries.iter().map(|entry| item_of(paths, entry)).collect();
            let reason = if pin.global { Reason::Global(pin.file) } else { Reason::Pin(pin.file) };
            Choice { reason, items, warnings: found.warnings }
        }
        None => {
            let newest = installed::find(paths, &Request::Latest);
            let items = newest.map(|python| Item { asked: python.key.version.to_string(), target: Target::Python(Box::new(python)) });
            Choice { reason: Reason::Newest, items: items.into_iter().collect(), warnings: found.warnings }
        }
    }
}

fn item_of(paths: &Paths, entry: &Entry) -> Item {
    let target = match entry {
        Entry::Python(request) => target_of(paths, request),
        Entry::Environment(name) => {
            let root = paths.venvs().join(name.as_str());
            if root.join("pyvenv.cfg").is_file() { Target::Environment(root) } else { Target::Missing }
        }
    };
    Item { asked: entry.to_string(), target }
}

fn target_of(paths: &Paths, request: &Request) -> Target {
    match request {
        Request::System => Target::System,
        request => installed::find(paths, request).map_or(Target::Missing, |python| Target::Python(Box::new(python))),
    }
}

fn item(paths: &Paths, asked: &str) -> Item {
    asked.parse().map_or_else(|_| Item { asked: asked.into(), target: Target::Missing }, |entry| item_of(paths, &entry))
}

/// The choice that one request, from the command line, makes.
pub fn of_request(paths: &Paths, text: &str) -> Result<Choice, crate::python::request::NotARequest> {
    let target = match Request::from_argument(text)? {
        Request::Path(path) => Target::Interpreter(path),
        _ => item(paths, text).target,
    };
    Ok(Choice { reason: Reason::Argument, items: vec![Item { asked: text.into(), target }], warnings: Vec::new() })
}

impl Choice {
    /// The folders of what is in effect, in order, for PATH.
    pub fn folders(&self, paths: &Paths) -> Vec<PathBuf> {
        let folders = self.items.iter().filter_map(|item| match &item.target {
            // The folder that a taken-in interpreter stands in has much else.
            Target::Python(python) if python.origin == Origin::Adopted => Some(python.root.join("bin")),
            Target::Python(python) => self.executable(paths, item, python).parent().map(Path::to_path_buf),
            Target::Environment(root) => Some(root.join("bin")),
            Target::Interpreter(path) => path.parent().map(Path::to_path_buf),
            Target::System | Target::Missing => None,
        });
        folders.collect()
    }

    /// An error if the first thing that was asked for isn't there.
    pub fn whole(&self) -> Result<(), Missing> {
        match self.items.first() {
            Some(Item { asked, target: Target::Missing }) => Err(Missing::new(asked, &self.reason)),
            _ => Ok(()),
        }
    }

    /// The first Python of boot's, if the first thing asked for is one.
    pub fn python(&self) -> Option<&Installed> {
        match &self.items.first()?.target {
            Target::Python(python) => Some(python),
            _ => None,
        }
    }

    /// The interpreter by the path that environments made with it should keep: the minor's link, unless this very patch was asked for.
    fn executable(&self, paths: &Paths, item: &Item, python: &Installed) -> PathBuf {
        let exact = self.reason != Reason::Newest && item.asked.parse().is_ok_and(|request: Request| request.is_exact());
        if exact { python.executable.clone() } else { python.minor_executable(paths) }
    }

    /// The program that `name` (python, python3, python3.12, pip, …) is here. Every item is asked in turn, so that `python3.12`
    /// is the 3.12 that a pin names second; what is missing stops the search where it could have been meant. `system` looks a name
    /// up without boot's shims.
    pub fn program(&self, paths: &Paths, name: &str, system: &dyn Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, Missing> {
        let numbered = name.strip_prefix("python").or_else(|| name.strip_prefix("pip")).filter(|rest| rest.contains('.'));
        for item in &self.items {
            match &item.target {
                Target::Missing if numbered.is_none_or(|minor| could_be(&item.asked, minor)) => {
                    return Err(Missing::new(&item.asked, &self.reason));
                }
                Target::Missing => {}
                Target::System => {
                    if let Some(program) = system(name) {
                        return Ok(program);
                    }
                }
                Target::Interpreter(path) if name == "python" || name == "python3" => return Ok(path.clone()),
                Target::Interpreter(path) => {
                    let program = path.with_file_name(name);
                    if program.exists() {
                        return Ok(program);
                    }
                }
                Target::Environment(root) => {
                    let program = root.join("bin").join(name);
                    if program.exists() {
                        return Ok(program);
                    }
                }
                Target::Python(python) => {
                    let key = &python.key;
                    let minor = key.version.minor_name(key.variant);
                    if numbered.is_some_and(|numbered| numbered != minor) {
                        continue;
                    }
                    let executable = self.executable(paths, item, python);
                    if name.starts_with("python") && (numbered.is_some() || name == "python" || name == "python3") {
                        return Ok(executable);
                    }
                    let program = sibling(python, &executable, name);
                    if program.exists() {
                        return Ok(program);
                    }
                }
            }
        }
        let Some(minor) = numbered else {
            // Where there is no Python, its pip isn't what is missing.
            let missing = if self.items.is_empty() { "python" } else { name };
            return Err(Missing::new(missing, &self.reason));
        };
        if !matches!(self.reason, Reason::Newest | Reason::Global(_)) {
            let instead = self.items.iter().map(|item| item.asked.clone()).collect();
            return Err(Missing { asked: name.into(), reason: self.reason.clone(), instead });
        }
        // Where no project says otherwise, who types a version has said what he means.
        let python = minor.parse().ok().and_then(|request: Request| installed::find(paths, &request));
        let python = python.ok_or_else(|| Missing::new(minor, &Reason::Newest))?;
        let executable = python.minor_executable(paths);
        let program = if name.starts_with("python") { executable } else { sibling(&python, &executable, name) };
        if program.exists() { Ok(program) } else { Err(Missing::new(name, &Reason::Newest)) }
    }
}

/// Another command of `python`, whose interpreter is called `executable`.
fn sibling(python: &Installed, executable: &Path, name: &str) -> PathBuf {
    match python.origin {
        Origin::Adopted => python.root.join("bin").join(name),
        _ => executable.with_file_name(name),
    }
}

/// Whether a request that nothing meets may have meant this minor.
fn could_be(asked: &str, minor: &str) -> bool {
    match asked.parse::<Request>() {
        Ok(Request::Version { numbers, variant }) => {
            use crate::python::request::Numbers;
            let (plain, free) = minor.strip_suffix('t').map_or((minor, Variant::Default), |plain| (plain, Variant::FreeThreaded));
            let same = match numbers {
                Numbers::Major(major) => plain.starts_with(&format!("{major}.")),
                Numbers::Minor(major, minor) => plain == format!("{major}.{minor}"),
                Numbers::Full(full) => plain == format!("{}.{}", full.major, full.minor),
            };
            same && variant == free
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

/// Nothing that was asked for has the program. Shims and `which` end with 127.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Missing {
    pub asked: String,
    pub reason: Reason,
    /// What was asked for, where that isn't `asked`.
    pub instead: Vec<String>,
}

impl Missing {
    pub fn new(asked: &str, reason: &Reason) -> Missing {
        Missing { asked: asked.into(), reason: reason.clone(), instead: Vec::new() }
    }

    fn text(&self) -> String {
        let asked = escaped(&self.asked);
        let reason = &self.reason;
        if !self.instead.is_empty() {
            let instead = escaped(&self.instead.join(" "));
            let minor = asked.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            return format!(
                "{reason} asks for {instead}, and none of that has {asked}\nboot python pin {instead} {minor} adds it; boot exec --python {minor} -- {asked} runs it"
            );
        }
        // A command's name reads like a request.
        let is_request = asked.parse::<Request>().is_ok() && (!asked.starts_with("python") || asked.starts_with("python-"));
        let install = format!("boot python install {}", quoted(&asked));
        match (reason, is_request) {
            (_, true) if asked == "system" => "PATH has no Python beside boot's\nboot python install brings one".into(),
            (Reason::Newest, false) if asked.starts_with("python") => "no Python is installed\nboot python install".into(),
            (Reason::Newest, false) => format!("no Python here has {asked}\nboot python install brings one that has"),
            (Reason::Argument, false) => format!("{asked} is no Python\nboot python list shows what is installed"),
            (Reason::Newest | Reason::Argument, true) => format!("Python {asked} isn't installed\n{install}"),
            (_, true) => format!("Python {asked}, which {reason} asks for, isn't installed\n{install}"),
            (_, false) => format!("no {asked} is where {reason} points to\nboot python list shows what is installed"),
        }
    }
}

/// Neither the Pythons here nor PATH have such a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no command {0} is here\nboot tool install {0} makes it one, if a package of that name has it")]
pub struct NoCommand(pub String);

/// A request that the shell would take apart.
pub fn quoted(asked: &str) -> String {
    if asked.contains(['<', '>', '*', '!', ' ']) { format!("'{asked}'") } else { asked.into() }
}
