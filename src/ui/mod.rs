//! The terminal: progress and hints on stderr, tables and JSON on stdout, questions where somebody
//! can answer.

pub(crate) mod prompt;
pub(crate) mod table;
pub(crate) mod term;

use crate::Code;

/// Talking to the user failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "this needs an answer, and there is no terminal to ask on: {question}\n\
         run it with --yes to agree beforehand"
    )]
    NobodyToAsk { question: String },
    #[error("can't write the result: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::NobodyToAsk { .. } => Code::WouldAsk,
            // Whoever read us has stopped: the normal end of `boot tool list | head -1`.
            Error::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Code::Done,
            Error::Output(_) => Code::Failed,
        }
    }
}
