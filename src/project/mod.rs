//! Projects: the pin, the environment that belongs to it, whom we trust, and what happens at the prompt.

pub mod activation;
mod book;
pub mod choice;
pub mod make;
pub mod mend;
pub mod pin;
pub mod trust;
pub mod venv;

use std::path::PathBuf;

use crate::Code;
use crate::python::request::Request;

/// An environment can't be made, found or trusted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} can't be read: {message}\ncorrect it, or remove it: boot then trusts nothing until told so", path.display())]
    Book { path: PathBuf, message: String },
    #[error("{0}")]
    Refused(trust::Refusal),
    #[error("there is no environment in {}\nmake one there: boot venv", trust::shown(.0))]
    Nothing(PathBuf),
    #[error("{} can't name an environment\nstart with a letter, then letters, digits, dots, dashes and underscores; not a version", crate::report::escaped(.0))]
    NotAName(String),
    #[error(transparent)]
    NotARequest(#[from] crate::python::request::NotARequest),
    #[error("Python {request} isn't installed\nboot python install {}", trust::word(request.to_string().as_ref()))]
    NotInstalled { request: Request },
    #[error("{} isn't one of boot's Pythons, and environments are made from those\nboot python adopt {}", trust::shown(.0), trust::word(.0))]
    NotTakenIn(PathBuf),
    #[error("no Python is installed\nboot python install")]
    NoPython,
    #[error("{} is in the way: it isn't a virtual environment, so boot leaves it alone\nmove it aside, or name another path", .0.display())]
    InTheWay(PathBuf),
    #[error("{} is there already, with Python {version}\nto replace it: the same command with --clear", path.display())]
    Exists { path: PathBuf, version: String },
    #[error("{} is no environment that boot made, so boot doesn't remove it\nboot venv list shows those that it made", .0.display())]
    NotMade(PathBuf),
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Pip(#[from] crate::python::pip::Error),
}

impl Error {
    pub fn code(&self) -> Code {
        match self {
            Error::NotAName(_) | Error::NotARequest(_) => Code::Usage,
            Error::NotInstalled { .. } | Error::NotTakenIn(_) | Error::NoPython => Code::NotFound,
            _ => Code::Failed,
        }
    }
}
