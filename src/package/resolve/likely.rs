//! Which packages a tool will probably need: what it needed here the last time, else what it was
//! seen to need when boot was made; and so for the libraries that many tools need.
//!
//! A guess saves round trips: pages of dependencies are asked for together with the tool's own, not
//! after its metadata has come. Nothing is ever installed for it: the resolution doesn't know of
//! guesses, and one that is wrong has cost a page.

use std::fs;
use std::path::PathBuf;

use super::{Inputs, Resolution};
use crate::package::requirement::Name;
use crate::store::cache;
use crate::store::paths::Paths;

/// A line a tool or library: its name, and what it needs. `data/guess` makes it.
const KNOWN: &str = include_str!("../../../data/likely.txt");
/// As many guesses as are worth asking for.
const MOST: usize = 100;

/// What `name` probably needs.
pub(super) fn of(paths: &Paths, name: &Name) -> Vec<Name> {
    let noted = fs::read_to_string(file(paths, name)).ok();
    let words = noted.as_deref().or_else(|| known(name)).unwrap_or_default();
    words
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .take(MOST)
        .collect()
}

/// What a library that a tool needs probably needs itself.
pub(super) fn of_library(name: &Name) -> Vec<Name> {
    known(name)
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// Remembers what was needed this time. A cache that can't be written makes the next guess worse,
/// no more.
pub(super) fn note(paths: &Paths, inputs: &Inputs, resolution: &Resolution) {
    // Of several wishes nobody knows which needed what.
    let [wish] = inputs.requirements.as_slice() else {
        return;
    };
    if wish.url.is_some() {
        return;
    }
    let others = resolution
        .pins
        .iter()
        .filter(|pin| pin.name != wish.name && pin.direct_url.is_none());
    let words = others
        .map(|pin| pin.name.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    let file = file(paths, &wish.name);
    if fs::read_to_string(&file).ok().as_deref() != Some(&words) {
        cache::keep(paths, &file, words.as_bytes());
    }
}

fn file(paths: &Paths, name: &Name) -> PathBuf {
    paths.index().join("needed").join(name.as_str())
}

fn known(name: &Name) -> Option<&'static str> {
    KNOWN
        .lines()
        .find_map(|line| line.strip_prefix(name.as_str())?.strip_prefix(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_lines_consist_of_valid_names() {
        for line in KNOWN.lines() {
            let (name, words) = line.split_once(": ").unwrap();
            let name: Name = name.parse().unwrap();
            assert_eq!(known(&name), Some(words));
            assert!(
                words.split(' ').all(|word| word
                    .parse::<Name>()
                    .is_ok_and(|parsed| parsed.as_str() == word)),
                "{line}"
            );
        }
    }
}
