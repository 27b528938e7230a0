//! The kinds of items of a machine, one file each: what the manifest wants of it, its state, its
//! line in the plan, how it is done, its part of the lock.
//!
//! A new kind is a table in `manifest`, a file here, its [`Kind`] in [`KINDS`], and its line in
//! [`wanted`].

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::Result;
use super::plan::{Item, View};
use crate::manifest::{Manifest, Phase};

pub(crate) mod default_python;
pub(crate) mod delegate;
pub(crate) mod dotfile;
pub(crate) mod hook;
pub(crate) mod package;
pub(crate) mod python;
pub(crate) mod script;
pub(crate) mod tool;
mod venv;

/// All kinds, in the order in which a summary counts them.
const KINDS: [Kind; 7] = [
    python::KIND,
    tool::KIND,
    venv::KIND,
    dotfile::KIND,
    package::KIND,
    script::KIND,
    hook::KIND,
];

/// A kind of items.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Singular, as a plan shows it.
    pub name: &'static str,
    /// Plural, as `--only` takes it.
    pub plural: &'static str,
    /// Counts so many of them in a summary, as in `2 tools`.
    counted: fn(usize) -> String,
}

impl Kind {
    /// So many of them, in words.
    pub(crate) fn count(self, number: usize) -> String {
        (self.counted)(number)
    }

    fn rank(self) -> usize {
        KINDS
            .iter()
            .position(|kind| kind.name == self.name)
            .unwrap_or(KINDS.len())
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Kind) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

impl Ord for Kind {
    fn cmp(&self, other: &Kind) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Kind) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl ValueEnum for Kind {
    fn value_variants<'a>() -> &'a [Kind] {
        &KINDS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.plural))
    }
}

/// `1 tool`, `2 tools`.
fn counted(number: usize, name: &str) -> String {
    format!("{number} {name}{}", if number == 1 { "" } else { "s" })
}

/// Everything that the manifest asks for here, in the order in which it is done. Dotfiles come
/// before Pythons and tools: pip's configuration may be among them.
pub(crate) fn wanted(manifest: &Manifest, view: &View<'_>) -> Result<Vec<Box<dyn Item>>> {
    let mut items = script::wanted(manifest, view, Phase::Before)?;
    items.extend(dotfile::wanted(manifest, view)?);
    items.extend(delegate::wanted(manifest)?);
    items.extend(package::wanted(manifest));
    items.extend(python::wanted(manifest, view));
    items.extend(default_python::wanted(manifest, view));
    items.extend(tool::wanted(manifest, view));
    items.extend(venv::wanted(manifest));
    items.extend(hook::wanted(manifest));
    items.extend(script::wanted(manifest, view, Phase::After)?);
    Ok(items)
}
