//! `entry_points.txt`: which commands a distribution offers, and which function each of them calls.
//!
//! What is read here ends up as a file name in a `bin` folder and as Python code in it, so nothing
//! but plain names passes.

use serde::{Deserialize, Serialize};

use crate::report::escaped;

/// One command: its name, and the function that it calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoint {
    pub name: String,
    /// Dotted: `black.__main__`.
    pub module: String,
    /// Dotted, from the module's level: `patched_main`, `App.run`.
    pub function: String,
}

/// A line that can't be an entry point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its entry point {line} {reason}")]
pub struct Error {
    line: String,
    reason: &'static str,
}

/// The commands in `[console_scripts]` and `[gui_scripts]`, in the file's order. A name that comes
/// twice keeps its first meaning.
pub fn commands(text: &str) -> Result<Vec<EntryPoint>, Error> {
    let mut found: Vec<EntryPoint> = Vec::new();
    let mut within = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') || line.starts_with(';') {
            continue;
        }
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            within = matches!(section.trim(), "console_scripts" | "gui_scripts");
            continue;
        }
        if !within {
            continue;
        }
        let wrong = |reason| Error {
            line: escaped(line),
            reason,
        };
        let (name, value) = line.split_once('=').ok_or_else(|| wrong("has no ="))?;
        // Extras are from older days; whatever they name, the command is there.
        let target = value.split('[').next().unwrap_or(value);
        let (module, function) = target
            .split_once(':')
            .ok_or_else(|| wrong("names no function to call"))?;
        let point = EntryPoint {
            name: name.trim().into(),
            module: module.trim().into(),
            function: function.trim().into(),
        };
        if !is_command_name(&point.name) {
            return Err(wrong("has a name that can't be a command's"));
        }
        if !is_dotted(&point.module) || !is_dotted(&point.function) {
            return Err(wrong("isn't module:function"));
        }
        if !found.iter().any(|other| other.name == point.name) {
            found.push(point);
        }
    }
    Ok(found)
}

/// Tells whether `name` may stand in an environment's `bin`: a plain file name, and not the
/// interpreter's own.
pub fn is_command_name(name: &str) -> bool {
    let plain = !name.is_empty()
        && name.len() <= 200
        && !name.starts_with(['.', '-'])
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control);
    // `python-argcomplete` is a command like any other; `python3.11` would replace the interpreter.
    let interpreter = name
        .to_ascii_lowercase()
        .strip_prefix("python")
        .is_some_and(|rest| {
            rest.chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'w' | 't' | 'd'))
        });
    plain && !interpreter
}

/// `a.b.c`, each part an identifier.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut characters = part.chars();
        characters
            .next()
            .is_some_and(|first| first.is_alphabetic() || first == '_')
            && characters.all(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_reads_console_and_gui_scripts() {
        let text = "[console_scripts]\nblack = black:patched_main\n\
                    blackd = blackd:patched_main [d]\n# no\n\n[other]\nx = nothing\n\
                    [gui_scripts]\n win=pkg.mod:App.run\n";
        let found = commands(text).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|p| format!("{} {} {}", p.name, p.module, p.function))
            .collect();
        assert_eq!(
            shown,
            [
                "black black patched_main",
                "blackd blackd patched_main",
                "win pkg.mod App.run"
            ]
        );
    }

    #[test]
    fn commands_refuses_hostile_entry_points() {
        for line in [
            "../../.bashrc = m:f",
            "/bin/sh = m:f",
            "a\\b = m:f",
            ".hidden = m:f",
            "-e = m:f",
            " = m:f",
            "python = m:f",
            "Python3 = m:f",
            "python3.11 = m:f",
            "pythonw = m:f",
            "x = module.only",
            "x = m:f();import os",
            "x = m:",
            "x = a b:f",
            "x",
        ] {
            assert!(
                commands(&format!("[console_scripts]\n{line}\n")).is_err(),
                "{line}"
            );
        }
        assert!(commands("[console_scripts]\npython-argcomplete-check = m:f\n").is_ok());
    }
}
