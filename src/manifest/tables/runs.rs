//! `[[run]]`.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::manifest::condition::Only;
use crate::manifest::document::{self, Table};
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

pub(in crate::manifest) fn runs(top: &Table<'_>) -> document::Result<Vec<ScriptEntry>> {
    let mut runs = Vec::new();
    let mut ids = HashSet::new();
    for table in top.tables("run", "[[run]]")? {
        table.only_keys(&["id", "cmd", "on", "phase", "only", "watch"])?;
        let id = table.string("id")?.ok_or_else(|| {
            table.lacks(
                "this script has no id",
                "write id = \"a-name\": once and change are remembered by it",
            )
        })?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if id.value.is_empty() || id.value.len() > 64 || !id.value.chars().all(plain) {
            return Err(table.problem(
                &id.span,
                format!("{} isn't an id", escaped(&id.value)),
                "use letters, digits, dots, dashes and underscores",
            ));
        }
        if !ids.insert(id.value.clone()) {
            return Err(table.problem(
                &id.span,
                format!("two scripts have the id {}", id.value),
                "give one of them another",
            ));
        }
        let cmd = table.string("cmd")?.ok_or_else(|| {
            table.lacks(
                "this script has no cmd",
                "write cmd = \"scripts/a-name.sh\"",
            )
        })?;
        let first = cmd.value.split_whitespace().next().unwrap_or("");
        if first.is_empty() {
            return Err(table.problem(
                &cmd.span,
                "cmd is empty",
                "write cmd = \"scripts/a-name.sh\"",
            ));
        }
        if first.contains('/') && inside(first).is_none() {
            let message = format!("{} is outside of the repository", escaped(first));
            return Err(table.problem(
                &cmd.span,
                message,
                "put the script into the repository; its path starts at the repository's root",
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
        let mut watch = Vec::new();
        for file in table.strings("watch")? {
            watch.push(inside(&file.value).ok_or_else(|| {
                table.problem(
                    &file.span,
                    format!("{} is outside of the repository", escaped(&file.value)),
                    "watch files of the repository",
                )
            })?);
        }
        let (at, only) = (table.place(&id.span), Only::read(&table)?);
        runs.push(ScriptEntry {
            place: Place::default(),
            at,
            id: id.value,
            cmd: cmd.value,
            on,
            phase,
            watch,
            only,
        });
    }
    Ok(runs)
}
