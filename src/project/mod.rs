//! Projects: the pin, the environment that belongs to it, whom we trust, and what happens at the prompt.

pub mod pin;
pub mod venv;

use crate::Code;

/// An environment can't be made, found or trusted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Wheel(#[from] crate::package::wheel::Error),
    #[error(transparent)]
    Link(#[from] crate::package::link::Error),
}

impl Error {
    pub fn code(&self) -> Code {
        match self {
            Error::Store(_) | Error::Wheel(_) | Error::Link(_) => Code::Failed,
        }
    }
}
