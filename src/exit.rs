//! The exit codes that scripts may rely on, as `boot help` promises them.
//!
//! | code | meaning |
//! |---|---|
//! | 0 to 4, 127 | see [`Code`] |
//! | 129, 130, 143 | ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM: see [`crate::signals`] |
//! | any other | the code of a program that boot ran |

use std::process::ExitCode;

/// The end of a command, for the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, or nothing to do.
    Done,
    /// Failed.
    Failed,
    /// Invalid command line, or an invalid file of the user's.
    Usage,
    /// A question was needed, and there was no terminal to ask it on.
    WouldAsk,
    /// Some items failed; the others are done.
    Partial,
    /// No such command, or no Python that meets the pin.
    NotFound,
    /// The code of a program that boot ran.
    Program(u8),
}

impl Code {
    /// The number of the process's end.
    pub fn number(self) -> u8 {
        match self {
            Code::Done => 0,
            Code::Failed => 1,
            Code::Usage => 2,
            Code::WouldAsk => 3,
            Code::Partial => 4,
            Code::NotFound => 127,
            Code::Program(code) => code,
        }
    }

    /// Sums up several independent items: all done, all failed alike, or some of each.
    pub fn sum(codes: impl IntoIterator<Item = Code>) -> Code {
        let mut sum: Option<Code> = None;
        for code in codes {
            sum = Some(match sum {
                None => code,
                Some(before) if before == code => before,
                Some(Code::Done | Code::Partial) => Code::Partial,
                Some(_) if matches!(code, Code::Done | Code::Partial) => Code::Partial,
                Some(_) => Code::Failed,
            });
        }
        sum.unwrap_or(Code::Done)
    }
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn code_sum_of_several_outcomes() {
        assert_eq!(Code::sum([]), Code::Done);
        assert_eq!(Code::sum([Code::Done, Code::Done]), Code::Done);
        assert_eq!(Code::sum([Code::NotFound]), Code::NotFound);
        assert_eq!(Code::sum([Code::Done, Code::Failed]), Code::Partial);
        assert_eq!(Code::sum([Code::Failed, Code::Failed]), Code::Failed);
        assert_eq!(Code::sum([Code::Failed, Code::Usage]), Code::Failed);
    }
}
