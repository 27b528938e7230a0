//! The exit codes that scripts may rely on, as `boot help` promises them.

use std::process::ExitCode;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Done, or nothing to do.
    Done,
    /// Failed.
    Failed,
    /// The command line, or a file that the user wrote, can't be understood.
    Usage,
    /// A question would have had to be asked, and there was nobody to ask.
    WouldAsk,
    /// Some items failed; the others are done.
    Partial,
    /// No such command, or no Python that meets the pin.
    NotFound,
    /// What a program that boot ran ended with.
    Program(u8),
}

impl Code {
    /// The number that the process ends with.
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
