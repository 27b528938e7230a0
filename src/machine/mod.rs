//! The machine: what of its manifest is there, and doing the rest.
//!
//! `repository` finds or fetches the folder that holds the manifest, `plan` compares that with the
//! disk and touches nothing, `apply` does a plan. `applied` keeps what was done, outside of the
//! repository.

pub(crate) mod add;
pub(crate) mod applied;
pub(crate) mod apply;
pub(crate) mod fresh_lock;
pub(crate) mod import;
pub(crate) mod item;
mod lock_in_use;
pub(crate) mod plan;
pub(crate) mod repository;
pub(crate) mod resolve_lock;
pub(crate) mod session;
pub(crate) mod start;
pub(crate) mod undo;
pub(crate) mod vars;
pub(crate) mod verify;

use std::path::PathBuf;

use crate::Code;
use crate::manifest::document;
use crate::python::catalog;
use crate::python::key::{Platform, Version};
use crate::python::request::NotARequest;
use crate::report::escaped;
use crate::{manifest, package, store};

/// Why a machine can't be made what its manifest says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    #[error(
        "this machine has no manifest yet\nboot init USER, boot init URL or boot init FOLDER gives \
         it one"
    )]
    NoManifest,
    #[error("{}: {reason}\n{hint}", escaped(what))]
    Content {
        what: String,
        reason: String,
        hint: &'static str,
    },
    #[error("{}", conflicts(.0))]
    Conflicts(Vec<String>),
    #[error("{reason}\n{hint}")]
    Repo { reason: String, hint: String },
    #[error("what boot remembers of this machine can't be read: {}: {reason}\n\
             move that file away; boot plan then shows what it would do anew", path.display())]
    Applied { path: PathBuf, reason: String },
    #[error("nothing was done: you didn't agree\nthe same command shows the list again")]
    Declined,
    /// Wheels alone don't go together: building one may help, where there is something to build
    /// with.
    #[error("{0}")]
    NoWheels(String),
    #[error(
        "no CPython {request} for {platform} is known\nboot python list --available shows those \
         that are"
    )]
    UnknownPython { request: String, platform: Platform },
    #[error("it is made with Python {0}, which isn't here\nboot python install {0}")]
    LockedPythonMissing(String),
    #[error(
        "the lock names {file}, and Python {python} of this machine can't use it\nboot update \
         resolves it again"
    )]
    UnusableFile { file: String, python: Version },
    #[error("no index has {0} with the checksum of the lock\nboot update resolves it again")]
    NoSuchFile(String),
    #[error("{0}")]
    Item(String),
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Request(#[from] NotARequest),
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    #[error(transparent)]
    Python(#[from] crate::python::Error),
    #[error(transparent)]
    Project(#[from] crate::project::Error),
    #[error(transparent)]
    Tool(#[from] crate::tool::Error),
    #[error(transparent)]
    Spec(#[from] crate::tool::spec::Error),
    #[error(transparent)]
    Requirement(#[from] package::requirement::Error),
    #[error(transparent)]
    Resolve(#[from] package::resolve::Error),
    #[error(transparent)]
    Index(#[from] package::index::Error),
    #[error(transparent)]
    Wheel(#[from] package::wheel::Error),
    #[error(transparent)]
    Build(#[from] package::build::Error),
    #[error(transparent)]
    Direct(#[from] package::direct::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::Manifest(error) => error.code(),
            Error::Usage(_) => Code::Usage,
            _ => Code::Failed,
        }
    }
}

impl From<document::Problem> for Error {
    fn from(problem: document::Problem) -> Error {
        Error::Manifest(problem.into())
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A few are named, the rest counted: an error is at most three lines.
fn conflicts(paths: &[String]) -> String {
    let shown: Vec<String> = paths.iter().take(4).map(|path| escaped(path)).collect();
    let more = match paths.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "nothing was done: boot did not make {}{more}, and would have to replace {}\n\
         move what you want to keep, or add --on-conflict backup (moves it for you) or \
         --on-conflict keep",
        shown.join(", "),
        if paths.len() == 1 { "it" } else { "them" },
    )
}
