//! Which Python is in effect in a folder, and why: `BOOT_PYTHON`, else the nearest pin, else the
//! user's default. What shims, `which`, `exec`, `find` and `list` all ask.

use std::fmt;
use std::path::{Path, PathBuf};

use super::locate;
pub(crate) use super::missing::{DataFolder, Missing, NoCommand};
use super::pin::{self, Entry, Unmet};
use super::trust;
use crate::python::installed::{self, Installed, Origin};
use crate::python::key::Variant;
use crate::python::request::{NotARequest, Numbers, Request};
use crate::report::escaped;
use crate::store::env::var;
use crate::store::paths::Paths;

/// The source of a choice.
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
            Reason::Pin(file) | Reason::Global(file) => {
                f.write_str(&escaped(&file.to_string_lossy()))
            }
            Reason::Argument => f.write_str("the command line"),
            Reason::Newest => f.write_str("the newest installed"),
        }
    }
}

/// A thing that was asked for, with the target that meets it.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// As it was written.
    pub asked: String,
    pub target: Target,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Python(Box<Installed>),
    /// The programs on PATH without boot's shims.
    System,
    /// A named environment's folder.
    Environment(PathBuf),
    /// An interpreter by its path, from the command line.
    Interpreter(PathBuf),
    /// Nothing meets it.
    Missing,
    /// Nothing could.
    Unmet(Box<Unmet>),
}

/// The choice in effect. `items` is empty where nothing was asked for and nothing is installed.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub reason: Reason,
    pub items: Vec<Item>,
    /// Lines about pins that were passed over.
    pub warnings: Vec<String>,
    /// The first item is the project's environment.
    pub has_environment: bool,
}

/// The choice for somebody who stands in `folder`, an absolute path.
pub(crate) fn choose(paths: &Paths, folder: &Path) -> Choice {
    if let Some(text) = var("BOOT_PYTHON") {
        let items = pin::parse_value(&text)
            .iter()
            .map(|entry| item_of(paths, entry))
            .collect();
        return Choice {
            reason: Reason::Variable,
            items,
            warnings: Vec::new(),
            has_environment: false,
        };
    }
    let found = pin::find_from(folder, paths);
    let mut choice = match found.pin {
        Some(pin) => {
            let items = pin
                .entries
                .iter()
                .map(|entry| item_of(paths, entry))
                .collect();
            let reason = if pin.global {
                Reason::Global(pin.file)
            } else {
                Reason::Pin(pin.file)
            };
            Choice {
                reason,
                items,
                warnings: found.warnings,
                has_environment: false,
            }
        }
        None => {
            let newest = installed::find(paths, &Request::Latest);
            let items = newest.map(|python| Item {
                asked: python.key.version.to_string(),
                target: Target::Python(Box::new(python)),
            });
            Choice {
                reason: Reason::Newest,
                items: items.into_iter().collect(),
                warnings: found.warnings,
                has_environment: false,
            }
        }
    };
    // As at a prompt: the project's environment comes first.
    if let Some(environment) = locate::environment_in_effect(paths, folder) {
        let root = environment.root();
        choice.items.insert(
            0,
            Item {
                asked: root.display().to_string(),
                target: Target::Environment(root.into()),
            },
        );
        choice.has_environment = true;
    }
    choice
}

fn item_of(paths: &Paths, entry: &Entry) -> Item {
    let target = match entry {
        Entry::Python(request) => target_of(paths, request),
        Entry::Unmet(unmet) => Target::Unmet(Box::new(unmet.clone())),
        Entry::Environment(name) => {
            let root = paths.venvs().join(name.as_str());
            match trust::check(paths, &root) {
                Ok(trusted) => Target::Environment(trusted.root().into()),
                Err(_) => Target::Missing,
            }
        }
    };
    Item {
        asked: entry.to_string(),
        target,
    }
}

fn target_of(paths: &Paths, request: &Request) -> Target {
    match request {
        Request::System => Target::System,
        request => installed::find(paths, request)
            .map_or(Target::Missing, |python| Target::Python(Box::new(python))),
    }
}

/// The choice that the command line makes: a path, or what `BOOT_PYTHON` can say.
pub(crate) fn choose_for_request(paths: &Paths, text: &str) -> Result<Choice, NotARequest> {
    let items = match Request::from_argument(text) {
        Ok(Request::Path(path)) => vec![Item {
            asked: text.into(),
            target: Target::Interpreter(path),
        }],
        _ => pin::parse_value(text)
            .iter()
            .map(|entry| item_of(paths, entry))
            .collect(),
    };
    let is_wrong = |item: &Item| match item.target {
        Target::Unmet(_) => true,
        Target::Missing => item.asked.parse::<Request>().is_err(),
        _ => false,
    };
    match items.iter().find(|item| is_wrong(item)) {
        Some(wrong) => Err(NotARequest(wrong.asked.clone())),
        None => Ok(Choice {
            reason: Reason::Argument,
            items,
            warnings: Vec::new(),
            has_environment: false,
        }),
    }
}

impl Choice {
    /// The folders of what is in effect, in order, for PATH.
    pub(crate) fn folders(&self, paths: &Paths) -> Vec<PathBuf> {
        let folders = self.items.iter().filter_map(|item| match &item.target {
            // The folder that an adopted interpreter stands in has much else.
            Target::Python(python) if python.origin == Origin::Adopted => {
                Some(python.root.join("bin"))
            }
            Target::Python(python) => self
                .executable(paths, item, python)
                .parent()
                .map(Path::to_path_buf),
            Target::Environment(root) => Some(root.join("bin")),
            Target::Interpreter(path) => path.parent().map(Path::to_path_buf),
            Target::System | Target::Missing | Target::Unmet(_) => None,
        });
        folders.collect()
    }

    /// An error if the first thing that was asked for isn't there.
    pub(crate) fn check_found(&self) -> Result<(), Missing> {
        match self.items.first() {
            Some(Item {
                asked,
                target: Target::Missing,
            }) => Err(Missing::new(asked, &self.reason)),
            Some(Item {
                target: Target::Unmet(unmet),
                ..
            }) => Err(Missing::unmet(unmet, &self.reason)),
            _ => Ok(()),
        }
    }

    /// The Python of boot's that is asked for first, whatever environment there is.
    pub(crate) fn python(&self) -> Option<&Installed> {
        match &self.items.get(usize::from(self.has_environment))?.target {
            Target::Python(python) => Some(python),
            _ => None,
        }
    }

    /// The interpreter by the path that environments made with it should keep: the minor's link,
    /// unless this very patch was asked for.
    fn executable(&self, paths: &Paths, item: &Item, python: &Installed) -> PathBuf {
        let exact = self.reason != Reason::Newest
            && item
                .asked
                .parse()
                .is_ok_and(|request: Request| request.is_exact());
        if exact {
            python.executable.clone()
        } else {
            python.minor_executable(paths)
        }
    }

    /// The program that `name` (python, python3, python3.12, pip, …) is here.
    ///
    /// A name without a minor is what was asked for first, and nothing else. One with a minor is
    /// the first of what was asked for that is of that minor, else the newest installed one of it:
    /// such a name is never another Python. `system` looks a name up without boot's shims and
    /// without environments.
    pub(crate) fn program(
        &self,
        paths: &Paths,
        name: &str,
        system: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Result<PathBuf, Missing> {
        if let Some(minor) = parse_minor(name) {
            return self.find_numbered(paths, name, minor, system);
        }
        // Where there is no Python, its pip isn't what is missing.
        let item = self
            .items
            .first()
            .ok_or_else(|| Missing::new("python", &self.reason))?;
        let is_python = is_interpreter(name);
        let program = match &item.target {
            Target::Missing => return Err(Missing::new(&item.asked, &self.reason)),
            Target::Unmet(unmet) => return Err(Missing::unmet(unmet, &self.reason)),
            Target::System => {
                return system(name).ok_or_else(|| Missing::system(name, &self.reason));
            }
            Target::Interpreter(path) if is_python => return Ok(path.clone()),
            Target::Interpreter(path) => path.with_file_name(name),
            Target::Environment(root) => root.join("bin").join(name),
            Target::Python(python) => {
                program_of(python, self.executable(paths, item, python), name)
            }
        };
        if program.exists() {
            Ok(program)
        } else {
            Err(self.lacking(item, name))
        }
    }

    /// As [`Choice::program`], of a name that says its minor.
    fn find_numbered(
        &self,
        paths: &Paths,
        name: &str,
        minor: &str,
        system: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Result<PathBuf, Missing> {
        for item in &self.items {
            let program = match &item.target {
                Target::Missing | Target::Unmet(_) => None,
                Target::System => match system(&format!("python{minor}")) {
                    Some(_) => {
                        return system(name).ok_or_else(|| Missing::system(name, &self.reason));
                    }
                    None => None,
                },
                Target::Interpreter(path) => {
                    folder_of_minor(path.parent(), minor).map(|folder| folder.join(name))
                }
                Target::Environment(root) => numbered_in_environment(root, name, minor),
                Target::Python(python) => {
                    let is_minor = python.key.version.minor_name(python.key.variant) == minor;
                    let executable = self.executable(paths, item, python);
                    is_minor.then(|| program_of(python, executable, name))
                }
            };
            match program {
                Some(program) if program.exists() => return Ok(program),
                Some(_) => return Err(self.lacking(item, name)),
                None => {}
            }
        }
        self.find_newest(paths, name, minor)
    }

    /// The program of the newest installed Python of a minor that wasn't asked for.
    fn find_newest(&self, paths: &Paths, name: &str, minor: &str) -> Result<PathBuf, Missing> {
        let Some(python) = minor
            .parse()
            .ok()
            .and_then(|request: Request| installed::find(paths, &request))
        else {
            // The pin may say which patch of it is wanted.
            let asked = self.items.iter().find(|item| {
                matches!(item.target, Target::Missing) && may_mean_minor(&item.asked, minor)
            });
            return Err(asked.map_or_else(
                || Missing::new(minor, &Reason::Newest),
                |item| Missing::new(&item.asked, &self.reason),
            ));
        };
        let program = program_of(&python, python.minor_executable(paths), name);
        if program.exists() {
            return Ok(program);
        }
        let newest = Item {
            asked: minor.into(),
            target: Target::Python(Box::new(python)),
        };
        Err(self.lacking(&newest, name))
    }

    /// The error where `item` is there and has no `name`.
    fn lacking(&self, item: &Item, name: &str) -> Missing {
        match &item.target {
            Target::Environment(root) => Missing::in_environment(root, name, &self.reason),
            Target::Interpreter(path) => {
                Missing::in_python(&path.to_string_lossy(), name, &self.reason)
            }
            Target::Python(python) => {
                let version = format!("{}{}", python.key.version, python.key.variant.suffix());
                Missing::in_python(&version, name, &self.reason)
            }
            Target::System | Target::Missing | Target::Unmet(_) => {
                Missing::new(&item.asked, &self.reason)
            }
        }
    }
}

/// The minor in `python3.12` and `pip3.13t`.
fn parse_minor(name: &str) -> Option<&str> {
    name.strip_prefix("python")
        .or_else(|| name.strip_prefix("pip"))
        .filter(|rest| rest.contains('.'))
}

/// Tells whether a shim's name is an interpreter's, not pip's.
pub(super) fn is_interpreter(name: &str) -> bool {
    name.starts_with("python")
}

/// `folder`, if it has the interpreter of that minor.
fn folder_of_minor(folder: Option<&Path>, minor: &str) -> Option<PathBuf> {
    folder
        .filter(|folder| folder.join(format!("python{minor}")).exists())
        .map(PathBuf::from)
}

/// The program that `name`, which says its minor, is in the environment `root`; None where that has
/// another minor.
fn numbered_in_environment(root: &Path, name: &str, minor: &str) -> Option<PathBuf> {
    let bin = root.join("bin");
    // Environments of older Pythons have no such name: their library says what they are.
    if folder_of_minor(Some(&bin), minor).is_none()
        && !root.join(format!("lib/python{minor}")).is_dir()
    {
        return None;
    }
    let plain = if is_interpreter(name) {
        "python"
    } else {
        "pip"
    };
    let program = [name, plain]
        .map(|name| bin.join(name))
        .into_iter()
        .find(|program| program.exists());
    Some(program.unwrap_or_else(|| bin.join(name)))
}

/// The program `name` of `python`, whose interpreter is called `executable`.
fn program_of(python: &Installed, executable: PathBuf, name: &str) -> PathBuf {
    if is_interpreter(name) {
        executable
    } else {
        sibling(python, &executable, name)
    }
}

/// Another command of `python`, whose interpreter is called `executable`.
fn sibling(python: &Installed, executable: &Path, name: &str) -> PathBuf {
    match python.origin {
        Origin::Adopted => python.root.join("bin").join(name),
        _ => executable.with_file_name(name),
    }
}

/// Tells whether a request that nothing meets may have meant this minor.
fn may_mean_minor(asked: &str, minor: &str) -> bool {
    match asked.parse::<Request>() {
        Ok(Request::Version { numbers, variant }) => {
            let (plain, free) = minor
                .strip_suffix('t')
                .map_or((minor, Variant::Default), |plain| {
                    (plain, Variant::FreeThreaded)
                });
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
