//! What happened to a tool, in one line for people: what is new, from which to which version, which
//! commands appeared.

use std::collections::BTreeMap;
use std::fmt;

use pep440_rs::Version;

use super::expose::Moved;
use super::receipt::{App, Receipt};
use crate::package::requirement::Name;

/// Packages that a line names; the others are counted.
const SHOWN: usize = 5;

/// What happened to a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Installed,
    /// Nothing was to do.
    Already,
    /// It is the newest already.
    Newest,
    /// From this version; the commands that are linked since, and those that aren't any more.
    Upgraded {
        from: Version,
        linked: Vec<String>,
        unlinked: Vec<String>,
    },
    /// Its version stayed, and packages beside it changed: how each of them did.
    Around(Vec<String>),
    /// Made again of the same packages: it was damaged, has another Python, or somebody asked for
    /// it.
    Remade,
    /// These packages; and the commands that are linked since.
    Injected(Vec<Name>, Vec<String>),
    /// These are in it already.
    AlreadyInjected(Vec<Name>),
    Uninjected(Vec<Name>),
    /// It is held at its version.
    Held,
}

#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub change: Change,
    pub receipt: Receipt,
    /// What `--force` took the place of.
    pub moved: Vec<Moved>,
}

impl Outcome {
    /// The outcome where nothing was changed.
    pub(super) fn unchanged(change: Change, receipt: Receipt) -> Outcome {
        Outcome {
            change,
            receipt,
            moved: Vec::new(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let receipt = &self.receipt;
        let name = receipt.wanted.tool();
        let tool = format!("{name} {}", receipt.version);
        let python = receipt.python.version;
        match &self.change {
            Change::Installed => {
                let with = match self.list_injected() {
                    names if names.is_empty() => String::new(),
                    names => format!(" with {}", self.with_versions(&names)),
                };
                write!(f, "installed {tool}{with} ({python}): {}", self.list_apps())
            }
            Change::Already => write!(f, "{tool} is already installed"),
            Change::Newest => match receipt.wanted.bound() {
                Some(bound) => write!(f, "{tool} is the newest that {bound} allows"),
                None => write!(f, "{tool} is the newest"),
            },
            Change::Upgraded { from, .. } => {
                let is_older = receipt.version < *from;
                let verb = if is_older { "downgraded" } else { "upgraded" };
                let version = &receipt.version;
                write!(f, "{verb} {name} {from} -> {version} ({python})")?;
                self.fmt_links(f)
            }
            Change::Around(changes) => {
                let more = match changes.len().saturating_sub(SHOWN) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let changes = changes[..changes.len().min(SHOWN)].join(", ");
                write!(f, "upgraded packages of {tool} ({python}): {changes}{more}")
            }
            Change::Remade => write!(f, "reinstalled {tool} ({python}): {}", self.list_apps()),
            Change::Injected(names, _) if names.is_empty() => {
                write!(f, "{tool} has all that is to be in it on Python {python}")
            }
            Change::Injected(names, linked) => {
                write!(f, "injected {} into {tool}", self.with_versions(names))?;
                if linked.is_empty() {
                    return Ok(());
                }
                write!(f, ": {}", linked.join(", "))
            }
            Change::AlreadyInjected(names) => {
                write!(f, "{tool} already has {}", self.with_versions(names))
            }
            Change::Uninjected(names) => write!(f, "removed {} from {tool}", joined(names)),
            Change::Held => write!(f, "{tool} is pinned; boot tool unpin {name} lets it go on"),
        }
    }
}

impl Outcome {
    /// The commands that an upgrade linked, and those it no longer links.
    fn fmt_links(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change::Upgraded {
            linked, unlinked, ..
        } = &self.change
        else {
            return Ok(());
        };
        for (what, names) in [("new", linked), ("gone", unlinked)] {
            if !names.is_empty() {
                write!(f, "; {what}: {}", names.join(", "))?;
            }
        }
        Ok(())
    }

    fn list_apps(&self) -> String {
        let apps: Vec<&str> = self
            .receipt
            .apps
            .iter()
            .map(|app| app.name.as_str())
            .collect();
        apps.join(", ")
    }

    /// The injected packages that are in the environment.
    fn list_injected(&self) -> Vec<Name> {
        let injected = self.receipt.injected.iter();
        injected
            .filter(|injected| injected.version.is_some())
            .map(|injected| injected.name().clone())
            .collect()
    }

    fn with_versions(&self, names: &[Name]) -> String {
        let packages = &self.receipt.packages;
        let named = names.iter().map(|name| match packages.get(name) {
            Some(version) => format!("{name} {version}"),
            None => name.to_string(),
        });
        named.collect::<Vec<_>>().join(", ")
    }
}

/// What an upgrade changed.
pub(super) fn compare(old: &Receipt, new: &Receipt) -> Change {
    if old.version != new.version {
        let (linked, unlinked) = (list_new_commands(old, new), list_new_commands(new, old));
        return Change::Upgraded {
            from: old.version.clone(),
            linked,
            unlinked,
        };
    }
    let short = |commit: &String| format!("{commit:.7}");
    let moved = new.commits.iter().filter_map(|(name, commit)| {
        let before = old.commits.get(name).filter(|before| *before != commit)?;
        Some(format!("{name} {} -> {}", short(before), short(commit)))
    });
    match differences(&old.packages, &new.packages)
        .into_iter()
        .chain(moved)
        .collect::<Vec<_>>()
    {
        changes if changes.is_empty() => Change::Remade,
        changes => Change::Around(changes),
    }
}

/// The linked commands of `new` that `old` doesn't have.
pub(super) fn list_new_commands(old: &Receipt, new: &Receipt) -> Vec<String> {
    let is_new = |app: &&App| !old.apps.iter().any(|before| before.name == app.name);
    let apps = new.apps.iter().filter(is_new);
    apps.map(|app| app.name.clone()).collect()
}

fn joined(names: &[Name]) -> String {
    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
    names.join(", ")
}

/// The differences between two sets of packages, for people.
fn differences(old: &BTreeMap<Name, Version>, new: &BTreeMap<Name, Version>) -> Vec<String> {
    let changed = new
        .iter()
        .filter_map(|(name, version)| match old.get(name) {
            Some(before) if before == version => None,
            Some(before) => Some(format!("{name} {before} -> {version}")),
            None => Some(format!("{name} {version} is new")),
        });
    let gone = old
        .keys()
        .filter(|name| !new.contains_key(*name))
        .map(|name| format!("{name} is gone"));
    changed.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_lists_changed_packages() {
        let packages = |list: &[(&str, &str)]| {
            let parsed = list
                .iter()
                .map(|(name, version)| (name.parse().unwrap(), version.parse().unwrap()));
            parsed.collect::<BTreeMap<_, _>>()
        };
        let old = packages(&[("a", "1"), ("b", "1.0"), ("c", "3")]);
        assert_eq!(
            differences(&old, &packages(&[("a", "1"), ("b", "1.1"), ("d", "2")])),
            ["b 1.0 -> 1.1", "d 2 is new", "c is gone"]
        );
        assert!(differences(&old, &old).is_empty());
    }
}
