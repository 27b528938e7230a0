//! Questions. None is asked without a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::Error;
use crate::report::escaped;

/// Set while a question waits for its answer.
static WAITING: AtomicBool = AtomicBool::new(false);

/// A question waits for its answer, for the message of an interruption.
pub(crate) fn is_waiting() -> bool {
    WAITING.load(Ordering::Relaxed)
}

/// Reads the answer to the question on the screen; None at the end of the input.
fn read_answer() -> io::Result<Option<String>> {
    io::stderr().flush()?;
    let mut answer = String::new();
    WAITING.store(true, Ordering::Relaxed);
    let read = io::stdin().read_line(&mut answer);
    WAITING.store(false, Ordering::Relaxed);
    Ok((read? > 0).then_some(answer))
}

/// There is a terminal to ask on.
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
    let answer = read_answer()?.unwrap_or_default();
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
    let answer = read_answer()?.unwrap_or_default();
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
        let Some(answer) = read_answer()? else {
            return Err(Error::NobodyToAsk { question });
        };
        match (answer.trim(), default) {
            ("", None) => {}
            ("", Some(default)) => return Ok(default.into()),
            (answer, _) => return Ok(answer.into()),
        }
    }
}
