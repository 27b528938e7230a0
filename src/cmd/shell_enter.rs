//! `boot shell enter SHELL FOLDER TOLD [FOREIGN]`: what the hook asks. Its answer is evaluated by
//! the shell: calls of the hook's own functions, and every value one quoted word.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::PathBuf;

use crate::error::Result;
use crate::project::activation::{self, Decision, Making};
use crate::shell::{Shell, quote};
use crate::store::marker;
use crate::ui;
use crate::{Code, Context};

/// The answer where nothing of boot's belongs.
pub(super) fn leave() -> Result<Code> {
    std::io::stdout()
        .write_all(b"__boot_leave\n")
        .map_err(ui::Error::from)?;
    Ok(Code::Done)
}

/// The facts that a shell tells of itself.
pub(super) struct Question {
    pub shell: Shell,
    pub folder: PathBuf,
    /// The words of what it has said already, with blanks between them.
    pub told: OsString,
    /// VIRTUAL_ENV, where that isn't boot's doing.
    pub foreign: Option<PathBuf>,
    pub making: Making,
}

pub(super) fn run(question: &Question, ctx: &Context) -> Result<Code> {
    let shell = question.shell;
    let foreign = question
        .foreign
        .as_deref()
        .filter(|root| !root.as_os_str().is_empty());
    let decision = activation::decide(ctx, &question.folder, foreign, question.making);
    let mut answer = Answer {
        shell,
        lines: Vec::new(),
    };
    if let Some(told) = report_notes(&decision, &question.told, ctx) {
        answer.lines.extend(if shell == Shell::Fish {
            b"set -g __boot_told ".as_slice()
        } else {
            b"__boot_told="
        });
        answer.lines.extend(quote::word(shell, told));
        answer.lines.push(b'\n');
    }
    answer.add_decision(&decision, ctx);
    std::io::stdout()
        .write_all(&answer.lines)
        .map_err(ui::Error::from)?;
    Ok(Code::Done)
}

/// Says what is to be said: once for each state of a folder, however often somebody passes through
/// it. Returns the words of all that was said by now, where there is another one.
fn report_notes(decision: &Decision, told: &OsStr, ctx: &Context) -> Option<String> {
    let told = told.to_string_lossy();
    let mut said: Vec<String> = told.split_whitespace().map(String::from).collect();
    let before = said.len();
    for note in &decision.notes {
        let word = note.word(&decision.folder);
        if decision.made || !said.contains(&word) {
            if note.warning {
                ctx.report.warn(&note.line)
            } else {
                ctx.report.info(&note.line)
            }
        }
        if !decision.made && !said.contains(&word) {
            said.push(word);
        }
    }
    (said.len() != before).then(|| said.join(" "))
}

/// Lines for the shell to evaluate.
struct Answer {
    shell: Shell,
    lines: Vec<u8>,
}

impl Answer {
    /// Adds the calls that carry out `decision`.
    fn add_decision(&mut self, decision: &Decision, ctx: &Context) {
        match &decision.venv {
            Some(venv) => self.call(
                "__boot_use",
                &[venv.root().as_os_str(), OsStr::new(&decision.prompt)],
            ),
            None if decision.stay => self.call("__boot_stay", &[]),
            None => self.call("__boot_leave", &[]),
        }
        if let Some(watch) = &decision.watch {
            let marker = watch.watched.as_ref().and_then(|(folder, data)| {
                Some((folder, marker::create_marker(&ctx.paths, data)?))
            });
            let mut words = vec![watch.link.as_os_str(), watch.root.as_os_str()];
            words.extend(
                marker
                    .iter()
                    .flat_map(|(folder, marker)| [folder.as_os_str(), marker.as_os_str()]),
            );
            self.call("__boot_watch", &words);
        }
        if decision.made {
            self.call("__boot_settle", &[]);
        }
    }

    /// A call of one of the hook's functions.
    fn call(&mut self, function: &str, words: &[&OsStr]) {
        self.lines.extend(function.bytes());
        for word in words {
            self.lines.push(b' ');
            self.lines.extend(quote::word(self.shell, word));
        }
        self.lines.push(b'\n');
    }
}
