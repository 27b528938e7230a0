//! The error of the whole program: a domain's own error, passed on as it is, and the exit code it
//! means.
//!
//! Each message is worded once, beside the type that it belongs to; nothing here adds to it.

use crate::Code;

/// The failure of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Net(#[from] crate::net::Error),
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
    #[error(transparent)]
    Ui(#[from] crate::ui::Error),
    #[error(transparent)]
    Project(#[from] crate::project::Error),
    #[error(transparent)]
    Tool(#[from] crate::tool::Error),
    #[error(transparent)]
    Python(#[from] crate::python::Error),
    #[error(transparent)]
    Missing(#[from] crate::project::choice::Missing),
    #[error(transparent)]
    NoCommand(#[from] crate::project::choice::NoCommand),
    #[error(transparent)]
    Shim(#[from] crate::shell::shim::Failure),
    #[error(transparent)]
    Manifest(#[from] crate::manifest::Error),
    #[error(transparent)]
    Machine(#[from] crate::machine::Error),
    #[error(transparent)]
    SelfUpdate(#[from] crate::self_update::Error),
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The exit code that this error means.
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::Usage(_) | Error::Settings(_) => Code::Usage,
            Error::Ui(error) => error.code(),
            Error::Project(error) => error.code(),
            Error::Python(error) => error.code(),
            Error::Missing(_) | Error::NoCommand(_) => Code::NotFound,
            Error::Shim(_) => Code::Failed,
            Error::Manifest(error) => error.code(),
            Error::Machine(error) => error.code(),
            Error::Tool(error) => error.code(),
            Error::Store(_) | Error::Net(_) | Error::SelfUpdate(_) => Code::Failed,
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;
