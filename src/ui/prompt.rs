//! Questions. None is asked without a terminal.

use std::io::{self, IsTerminal, Write};

use super::Error;

/// Asks a yes-or-no question on the terminal; no answer is no.
pub fn confirm(question: &str) -> Result<bool, Error> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Error::NobodyToAsk { question: question.into() });
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
