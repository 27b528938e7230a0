//! Projects: the pin, the environment that belongs to it, whom we trust, and what happens at the
//! prompt.

pub(crate) mod activation;
pub(crate) mod choice;
pub(crate) mod default_python;
pub(crate) mod dependents;
pub(crate) mod environment;
mod exclude;
pub(crate) mod hints;
pub(crate) mod known;
pub(crate) mod locate;
pub(crate) mod make;
pub(crate) mod missing;
pub mod pin;
mod relocate;
pub(crate) mod removed;
pub(crate) mod repair;
pub(crate) mod surroundings;
pub(crate) mod trust;
pub(crate) mod venv;

use std::path::PathBuf;

use crate::Code;

/// An environment can't be made, found or trusted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} can't be read: {message}\ncorrect it, or remove it: boot then trusts nothing until \
             told so", path.display())]
    TrustStore { path: PathBuf, message: String },
    #[error("{0}")]
    Refused(trust::Refusal),
    #[error("there is no environment in {}\nmake one there: boot venv", trust::shown(.0))]
    Nothing(PathBuf),
    #[error("{}", pin::not_a_name(.0))]
    NotAName(String),
    #[error(transparent)]
    NotARequest(#[from] crate::python::request::NotARequest),
    #[error(transparent)]
    NotInstalled(Box<missing::Missing>),
    #[error("boot does not manage {}; adopt it first\n\
             boot python adopt {}", trust::shown(.0), crate::shell::quote::for_message(.0))]
    NotAdopted(PathBuf),
    #[error("no Python is installed\nboot python install")]
    NoPython,
    /// A pin that nothing can meet, in the pin's words.
    #[error("{0}")]
    Unmet(String),
    #[error("{} is a link that the repository tracks, so boot leaves it alone\n\
             git rm --cached .venv, then the same again", trust::shown(.0))]
    TrackedLink(PathBuf),
    #[error("{} is in the way: it isn't a virtual environment, so boot leaves it alone\n\
             move it aside, or name another path", .0.display())]
    InTheWay(PathBuf),
    #[error("{} is there already, with Python {version}\n\
             to replace it: the same command with --clear", path.display())]
    Exists { path: PathBuf, version: String },
    #[error("{} isn't boot's, so boot leaves it alone\nmove it aside, then: boot venv \
             restore", trust::shown(.0))]
    Displaced(PathBuf),
    #[error("no earlier environment of {} is kept\nboot venv list shows those that \
             are", trust::shown(.0))]
    NothingKept(PathBuf),
    #[error(
        "no kept environment has the number {number}: there are {most}\n\
             boot venv restore --list shows them"
    )]
    NoSuchKept { number: usize, most: usize },
    #[error("{} is no environment that boot made, so boot doesn't remove it\n\
             boot venv list shows those that it made", .0.display())]
    NotMade(PathBuf),
    #[error(
        "the environment {name} is removed already\nthat of the folder {name} here: boot venv \
         remove ./{name}"
    )]
    Removed { name: pin::Name },
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Pip(#[from] crate::python::pip::Error),
}

impl Error {
    pub fn code(&self) -> Code {
        match self {
            Error::NotAName(_) | Error::NotARequest(_) => Code::Usage,
            Error::NotInstalled(_) | Error::NotAdopted(_) | Error::NoPython | Error::Unmet(_) => {
                Code::NotFound
            }
            _ => Code::Failed,
        }
    }
}
