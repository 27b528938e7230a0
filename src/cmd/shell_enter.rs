//! `boot shell enter SHELL FOLDER TOLD`: what the hook asks. Its answer is evaluated by the shell: calls of the hook's own
//! functions, and every value one quoted word.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;

use crate::error::Result;
use crate::project::activation;
use crate::shell::{Shell, quote};
use crate::store::mark;
use crate::ui;
use crate::{Code, Context};

pub fn run(shell: Shell, folder: &Path, told: &OsStr, ctx: &Context) -> Result<Code> {
    let decision = activation::decide(ctx, folder);
    // Said once for each state of a folder, however often somebody passes through it.
    let told = told.to_string_lossy();
    let mut said: Vec<String> = told.split_whitespace().map(String::from).collect();
    let before = said.len();
    for note in &decision.notes {
        let word = note.word(&decision.folder);
        if decision.made || !said.contains(&word) {
            if note.warning { ctx.report.warn(&note.line) } else { ctx.report.info(&note.line) }
        }
        if !decision.made && !said.contains(&word) {
            said.push(word);
        }
    }

    let mut lines = Vec::new();
    if said.len() != before {
        lines.extend(if shell == Shell::Fish { b"set -g __boot_told ".as_slice() } else { b"__boot_told=" });
        lines.extend(quote::word(shell, said.join(" ")));
        lines.push(b'\n');
    }
    match &decision.venv {
        Some(venv) => {
            lines.extend(b"__boot_use ");
            lines.extend(quote::word(shell, venv.root()));
            lines.push(b' ');
            lines.extend(quote::word(shell, &decision.prompt));
            lines.push(b'\n');
        }
        None => lines.extend(b"__boot_leave\n"),
    }
    if let Some((folder, data)) = &decision.seen
        && let Some(mark) = mark::of(&ctx.paths, data)
    {
        lines.extend(b"__boot_watch ");
        lines.extend(quote::word(shell, folder));
        lines.push(b' ');
        lines.extend(quote::word(shell, mark));
        lines.push(b'\n');
    }
    if decision.made {
        lines.extend(b"__boot_settle\n");
    }
    std::io::stdout().write_all(&lines).map_err(ui::Error::from)?;
    Ok(Code::Done)
}
