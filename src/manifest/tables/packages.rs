//! `[packages]` of the system, and `[vars]`.

use std::collections::BTreeMap;

use crate::manifest::document::{self, Table};
use crate::manifest::template;
use crate::report::escaped;

/// Packages of the system, by the manager that has them under this name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Packages {
    /// Called the same everywhere.
    pub any: Vec<String>,
    /// By the manager's name: `brew`, `apt`, `dnf`, `pacman`, `apk`.
    pub of: BTreeMap<&'static str, Vec<String>>,
}

/// The managers that boot knows, the machine's own before the added one.
pub(crate) const MANAGERS: [&str; 5] = ["apt", "dnf", "pacman", "apk", "brew"];

/// What a template may ask for under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Var {
    Is(String),
    /// Asked once; the answer stays on the machine.
    Ask {
        question: String,
        default: Option<String>,
    },
}

pub(in crate::manifest) fn packages(top: &Table<'_>) -> document::Result<Packages> {
    let mut found = Packages::default();
    let Some(table) = top.table("packages", "[packages]")? else {
        return Ok(found);
    };
    table.only_keys(&["any", "brew", "apt", "dnf", "pacman", "apk"])?;
    found.any = names(&table, "any")?;
    for manager in MANAGERS {
        let names = names(&table, manager)?;
        if !names.is_empty() {
            found.of.insert(manager, names);
        }
    }
    Ok(found)
}

/// Names that no command takes for an option, a path or an address.
fn names(table: &Table<'_>, key: &str) -> document::Result<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    for name in table.strings(key)? {
        let text = &name.value;
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-._@/:".contains(c);
        let tap = key == "brew"
            && text.split('/').count() == 3
            && text
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with('.'));
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !text.chars().all(plain)
            || (text.contains('/') && !tap)
            || text.contains("://")
        {
            let message = format!("{} isn't a package's name", escaped(text));
            return Err(table.problem(
                &name.span,
                message,
                "write it as the package manager's own search shows it",
            ));
        }
        if !found.contains(text) {
            found.push(name.value);
        }
    }
    Ok(found)
}

pub(in crate::manifest) fn vars(top: &Table<'_>) -> document::Result<BTreeMap<String, Var>> {
    let mut found = BTreeMap::new();
    let Some(vars) = top.table("vars", "[vars]")? else {
        return Ok(found);
    };
    for (key, value) in vars.entries() {
        if !template::is_name(key.value) {
            let message = format!("{} isn't a variable's name", escaped(key.value));
            return Err(vars.problem(
                &key.span,
                message,
                "use letters, digits, dashes and underscores",
            ));
        }
        let var = match vars.as_table(value, "a variable") {
            None => match vars.string(key.value)? {
                Some(text) => Var::Is(text.value),
                None => continue,
            },
            Some(table) => {
                table.only_keys(&["ask", "default"])?;
                let default = table.string("default")?.map(|text| text.value);
                match (table.string("ask")?, default) {
                    (Some(question), default) => Var::Ask {
                        question: question.value,
                        default,
                    },
                    (None, Some(default)) => Var::Is(default),
                    (None, None) => {
                        return Err(table.lacks(
                            "this variable has neither a question nor a value",
                            "write { ask = \"Your e-mail?\" }, or a text",
                        ));
                    }
                }
            }
        };
        found.insert(key.value.to_string(), var);
    }
    Ok(found)
}
