//! The terminal: progress and hints on stderr, tables and JSON on stdout, questions where somebody
//! can answer.

pub(crate) mod prompt;
pub(crate) mod table;
pub(crate) mod term;

use crate::Code;

/// A question or a result that didn't reach the user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "cannot ask without a terminal: {question}\n\
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
            // The reader has stopped: the normal end of `boot tool list | head -1`.
            Error::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Code::Done,
            Error::Output(_) => Code::Failed,
        }
    }
}
