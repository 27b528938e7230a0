//! Tools: Python programs, each in an environment of its own, with their commands linked into the
//! bin folder.
//!
//! An environment is made whole beside its place, its receipt inside, and then takes the place in
//! one step; the links follow.

mod apps;
pub(crate) mod commands;
mod contents;
pub(crate) mod environment;
pub(crate) mod expose;
pub(crate) mod health;
mod inject;
pub(crate) mod inline;
pub(crate) mod install;
pub(crate) mod list;
mod make;
pub(crate) mod manuals;
pub(crate) mod outcome;
mod pin;
pub(crate) mod python;
pub(crate) mod receipt;
mod reinstall;
pub(crate) mod run;
pub(crate) mod source;
pub(crate) mod spec;
mod uninstall;
mod upgrade;

use std::path::{Path, PathBuf};

use crate::package::requirement::Name;
use crate::report::{escaped, nearest};
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::{Code, Context};

pub(crate) use inject::{inject, uninject};
pub(crate) use install::{InstallOptions, install};
pub(crate) use outcome::{Change, Outcome};
pub(crate) use pin::pin;
pub(crate) use receipt::Receipt;
pub(crate) use reinstall::reinstall;
pub(crate) use spec::Spec;
pub(crate) use uninstall::uninstall;
pub(crate) use upgrade::{find_newer, upgrade};

/// Why a tool can't be had, or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Spec(#[from] spec::Error),
    #[error(transparent)]
    Name(#[from] crate::package::requirement::Error),
    #[error(transparent)]
    Receipt(#[from] receipt::Error),
    #[error(transparent)]
    Expose(#[from] expose::Error),
    #[error(
        "{} isn't an installed tool\n{}boot tool list shows what is; boot tool install puts it \
         there",
        escaped(&crate::net::shown(typed)),
        near.as_ref().map(|near| format!("did you mean {near}? ")).unwrap_or_default()
    )]
    NotInstalled { typed: String, near: Option<String> },
    #[error(
        "{tool} is here already: it is {package} with the suffix {suffix}\n\
         boot tool uninstall {tool}, or install this one with a --suffix of its own"
    )]
    OtherPackage {
        tool: String,
        package: String,
        suffix: String,
    },
    #[error("there is no {_0}\nis the path right? a package of the index is named without a slash")]
    NoPlace(String),
    #[error("{_0} isn't a date\nwrite it as 2026-01-31 or 2026-01-31T12:00:00Z")]
    Date(String),
    #[error(
        "{tool} has no {} injected\nboot tool list shows what is",
        escaped(package)
    )]
    NotInjected { tool: String, package: String },
    #[error(
        "{name} {version} has no commands: it is a library\n\
         use it in a project (boot venv), or run another package's command with it: boot tool run \
         --with {name} PACKAGE"
    )]
    NothingToRun { name: String, version: String },
    #[error(
        "{name} {version} has no commands: it is a library\n\
         use it in a project (boot venv), or offer another package's commands: --expose-from \
         PACKAGE"
    )]
    NoCommands { name: String, version: String },
    #[error(
        "{package} isn't part of {tool}, or has no commands, so nothing of it can be linked\n\
         add it with --with {package}"
    )]
    NothingToExpose { tool: String, package: String },
    #[error(
        "{package} has no command {}; it has {}\nboot tool run --from {package} COMMAND runs one \
         of them",
        escaped(command),
        if offered.is_empty() { "none".into() } else { offered.join(", ") }
    )]
    NoSuchCommand {
        package: String,
        command: String,
        offered: Vec<String>,
    },
    #[error("can't run {} in the environment of {tool}: {reason}\n\
             boot tool exec {tool} -- ls {bin} shows its commands, boot tool inject {tool} PACKAGE \
             adds more", escaped(program), bin = escaped(bin))]
    CantExec {
        tool: String,
        program: String,
        bin: String,
        reason: std::io::Error,
    },
    #[error("{tool} has no command {} linked; it has {}\n\
             boot tool list shows \
             all", escaped(name), if offered.is_empty() { "none".into() } else { offered.join(", ") })]
    NotExposed {
        tool: String,
        name: String,
        offered: Vec<String>,
    },
    #[error(
        "{tool} has no command {}; it has {}\nboot tool expose {tool} COMMAND links one of them; \
         boot tool inject {tool} PACKAGE adds more",
        escaped(command),
        if offered.is_empty() { "none".into() } else { offered.join(", ") }
    )]
    NotOffered {
        tool: String,
        command: String,
        offered: Vec<String>,
    },
    #[error(
        "{} can't be a command's name: a plain file name, and not the interpreter's",
        escaped(_0)
    )]
    BadName(String),
    #[error("{}: {error}", escaped(script))]
    Script { script: String, error: String },
    #[error(
        "{tool} was made anew, and still doesn't work: {why}\n\
         boot tool upgrade {tool} looks for a newer version"
    )]
    StillBroken { tool: String, why: String },
    #[error(
        "the Python of {tool} brings no pip along\nboot tool inject {tool} pip, then boot tool \
         exec {tool} -- pip"
    )]
    NoPip { tool: String },
    #[error("{name} needs a Python, and none is installed\nboot python install")]
    NoPython { name: String },
    #[error(
        "tools run on Pythons that boot installed or adopted, not on the system's\n\
         leave --python out, or adopt it first: boot python adopt"
    )]
    SystemPython,
    #[error(transparent)]
    Request(#[from] crate::python::request::NotARequest),
    #[error(transparent)]
    Resolve(#[from] crate::package::resolve::Error),
    #[error(transparent)]
    Build(#[from] crate::package::build::Error),
    #[error(transparent)]
    Direct(#[from] crate::package::direct::Error),
    #[error(transparent)]
    Wheel(#[from] crate::package::wheel::Error),
    #[error(transparent)]
    Link(#[from] crate::package::link::Error),
    #[error(transparent)]
    Python(#[from] crate::python::Error),
    #[error(transparent)]
    Venv(#[from] crate::project::Error),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::Spec(_)
            | Error::Name(_)
            | Error::OtherPackage { .. }
            | Error::Request(_)
            | Error::BadName(_)
            | Error::Date(_) => Code::Usage,
            Error::NoSuchCommand { .. } | Error::CantExec { .. } => Code::NotFound,
            _ => Code::Failed,
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Where the tool of this name lives. `name` must have been checked: see [`spec::is_tool_name`].
pub(crate) fn folder(paths: &Paths, name: &str) -> PathBuf {
    paths.tools().join(name)
}

/// Locks a tool against changes by others.
fn lock(ctx: &Context, tool: &str) -> Result<Lock> {
    let name = format!("tool-{tool}");
    Ok(Lock::hold(&ctx.paths.locks(), &name, ctx.report.as_ref())?)
}

/// The error of a name that no installed tool has, with the one that was probably meant.
fn not_installed(paths: &Paths, typed: &str) -> Error {
    let (all, _) = receipt::all(paths);
    let names: Vec<String> = all.iter().map(|receipt| receipt.wanted.tool()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Error::NotInstalled {
        typed: typed.into(),
        near: nearest(typed, &names).map(String::from),
    }
}

/// The receipt of an installed tool, from a name as somebody types it.
pub(crate) fn find(paths: &Paths, typed: &str) -> Result<Receipt> {
    let not_there = || not_installed(paths, typed);
    let name = named(paths, typed).ok_or_else(not_there)?;
    if let Some(receipt) = Receipt::read(&folder(paths, &name))? {
        return Ok(receipt);
    }
    // Written in another way than it was installed with: `Black-Old`.
    let (all, _) = receipt::all(paths);
    all.into_iter()
        .find(|receipt| Name::normalize(&receipt.wanted.tool()) == Name::normalize(&name))
        .ok_or_else(not_there)
}

/// The name that a tool's folder would have, from what somebody types: a suffix is kept as it was
/// typed, so `black_old` and `black-old` may be two tools, and the one that is called so is meant.
/// None where no tool can be called so.
fn named(paths: &Paths, typed: &str) -> Option<String> {
    let typed = typed.trim();
    let exact =
        spec::is_tool_name(typed) && std::fs::symlink_metadata(folder(paths, typed)).is_ok();
    let name = if exact {
        typed.into()
    } else {
        Name::normalize(typed)
    };
    spec::is_tool_name(&name).then_some(name)
}

/// The name of the tool that lives in `folder`.
fn name_of(folder: &Path) -> String {
    folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
