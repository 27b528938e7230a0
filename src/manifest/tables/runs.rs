//! `[[run]]`.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::manifest::condition::Only;
use crate::manifest::document::{self, At, Table};
use crate::manifest::{Place, inside, word};
use crate::report::escaped;

/// A script of a repository, or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptEntry {
    pub place: Place,
    pub id: String,
    pub cmd: String,
    pub on: On,
    pub phase: Phase,
    /// Files whose change counts as the script's. Relative to the repository.
    pub watch: Vec<PathBuf>,
    pub only: Only,
    pub at: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum On {
    #[default]
    Once,
    Change,
    Always,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    Before,
    #[default]
    After,
}

/// Reads the scripts in their order; their ids tell them apart.
pub(in crate::manifest) fn read_scripts(top: &Table<'_>) -> document::Result<Vec<ScriptEntry>> {
    let mut scripts = Vec::new();
    let mut ids = HashSet::new();
    for table in top.tables("run", "[[run]]")? {
        table.only_keys(&["id", "cmd", "on", "phase", "only", "watch"])?;
        let id = read_id(&table)?;
        if !ids.insert(id.value.clone()) {
            return Err(table.problem(
                &id.span,
                format!("two scripts have the id {}", id.value),
                "give one of them another",
            ));
        }
        let on = match word(&table, "on", &["once", "change", "always"])? {
            Some("change") => On::Change,
            Some("always") => On::Always,
            _ => On::Once,
        };
        let phase = match word(&table, "phase", &["before", "after"])? {
            Some("before") => Phase::Before,
            _ => Phase::After,
        };
        scripts.push(ScriptEntry {
            place: Place::default(),
            at: table.place(&id.span),
            id: id.value,
            cmd: read_command(&table)?,
            on,
            phase,
            watch: read_watched(&table)?,
            only: Only::read(&table)?,
        });
    }
    Ok(scripts)
}

fn read_id(table: &Table<'_>) -> document::Result<At<String>> {
    let Some(id) = table.string("id")? else {
        return Err(table.lacks(
            "this script has no id",
            "write id = \"a-name\": once and change are remembered by it",
        ));
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if id.value.is_empty() || id.value.len() > 64 || !id.value.chars().all(is_plain) {
        return Err(table.problem(
            &id.span,
            format!("{} isn't an id", escaped(&id.value)),
            "use letters, digits, dots, dashes and underscores",
        ));
    }
    Ok(id)
}

fn read_command(table: &Table<'_>) -> document::Result<String> {
    let hint = "write cmd = \"scripts/a-name.sh\"";
    let Some(cmd) = table.string("cmd")? else {
        return Err(table.lacks("this script has no cmd", hint));
    };
    let first = cmd.value.split_whitespace().next().unwrap_or("");
    if first.is_empty() {
        return Err(table.problem(&cmd.span, "cmd is empty", hint));
    }
    if first.contains('/') && inside(first).is_none() {
        let message = format!("{} is outside of the repository", escaped(first));
        return Err(table.problem(
            &cmd.span,
            message,
            "put the script into the repository; its path starts at the repository's root",
        ));
    }
    Ok(cmd.value)
}

fn read_watched(table: &Table<'_>) -> document::Result<Vec<PathBuf>> {
    let mut watched = Vec::new();
    for file in table.strings("watch")? {
        watched.push(inside(&file.value).ok_or_else(|| {
            table.problem(
                &file.span,
                format!("{} is outside of the repository", escaped(&file.value)),
                "watch files of the repository",
            )
        })?);
    }
    Ok(watched)
}
