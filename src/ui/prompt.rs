//! Questions. None is asked without a terminal.

use std::io::{self, IsTerminal, Write};

use super::Error;
use crate::report::escaped;

/// Whether there is somebody to ask.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for one of `choices`, by its name or first letter; anything else is the last of them.
pub(crate) fn choose<'a>(question: &str, choices: &[&'a str]) -> Result<&'a str, Error> {
    if !is_possible() {
        return Err(Error::NobodyToAsk {
            question: question.into(),
        });
    }
    eprint!("{question} [{}] ", choices.join("/"));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let answer = answer.trim().to_ascii_lowercase();
    let chosen = choices
        .iter()
        .find(|choice| !answer.is_empty() && choice.starts_with(&answer));
    Ok(chosen.or(choices.last()).copied().unwrap_or(""))
}

/// Asks a yes-or-no question on the terminal; no answer is no.
pub(crate) fn confirm(question: &str) -> Result<bool, Error> {
    if !is_possible() {
        return Err(Error::NobodyToAsk {
            question: question.into(),
        });
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// Asks for a text; an empty answer is the default, and asks again where there is none.
pub(crate) fn ask(question: &str, default: Option<&str>) -> Result<String, Error> {
    if !is_possible() {
        return Err(Error::NobodyToAsk {
            question: question.into(),
        });
    }
    let question = escaped(question);
    loop {
        match default {
            Some(default) => eprint!("{question} [{}] ", escaped(default)),
            None => eprint!("{question} "),
        }
        io::stderr().flush()?;
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            return Err(Error::NobodyToAsk { question });
        }
        match (answer.trim(), default) {
            ("", None) => {}
            ("", Some(default)) => return Ok(default.into()),
            (answer, _) => return Ok(answer.into()),
        }
    }
}
