//! `[packages]` of the system.

use std::collections::BTreeMap;

use crate::manifest::document::{self, Table};
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

/// Reads the names of packages, by manager.
pub(in crate::manifest) fn read_packages(top: &Table<'_>) -> document::Result<Packages> {
    let mut found = Packages::default();
    let Some(table) = top.table("packages", "[packages]")? else {
        return Ok(found);
    };
    table.only_keys(&["any", "brew", "apt", "dnf", "pacman", "apk"])?;
    found.any = read_names(&table, "any")?;
    for manager in MANAGERS {
        let names = read_names(&table, manager)?;
        if !names.is_empty() {
            found.of.insert(manager, names);
        }
    }
    Ok(found)
}

/// Names that no command takes for an option, a path or an address.
fn read_names(table: &Table<'_>, key: &str) -> document::Result<Vec<String>> {
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
