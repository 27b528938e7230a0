//! `only`: the one condition a manifest has. A list of plain words, of which one must hold; no
//! expression language.

use crate::manifest::document::{Result, Table};
use crate::report::escaped;
use crate::report::nearest;
use crate::store::env::var;

/// The surroundings that the words are compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub os: String,
    pub arch: String,
    pub host: String,
    pub codespaces: bool,
    pub ci: bool,
}

impl Surroundings {
    /// Those of this machine.
    pub(crate) fn here() -> Surroundings {
        Surroundings {
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            host: hostname(),
            codespaces: var("CODESPACES").is_some(),
            ci: var("CI").is_some(),
        }
    }
}

fn hostname() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

const WORDS: [&str; 8] = [
    "linux",
    "macos",
    "linux-x86_64",
    "linux-aarch64",
    "macos-x86_64",
    "macos-aarch64",
    "codespaces",
    "ci",
];

/// The words after `only`; none means always.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Only(Vec<String>);

impl Only {
    /// Reads the key `only` of a table.
    pub(crate) fn read(table: &Table<'_>) -> Result<Only> {
        let words = table.strings("only")?;
        for word in &words {
            let known = WORDS.contains(&word.value.as_str())
                || word
                    .value
                    .strip_prefix("host:")
                    .is_some_and(|name| !name.is_empty());
            if !known {
                let hint = match nearest(&word.value, &WORDS) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("write one of {}, or host:NAME", WORDS.join(", ")),
                };
                return Err(table.problem(
                    &word.span,
                    format!("{} isn't a condition", escaped(&word.value)),
                    hint,
                ));
            }
        }
        Ok(Only(words.into_iter().map(|word| word.value).collect()))
    }

    /// Tells whether it may hold on some machine of this system and architecture, as Rust names
    /// them (`macos`, `aarch64`).
    pub(crate) fn may_hold(&self, os: &str, arch: &str) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|word| match word.split_once('-') {
                _ if !WORDS.contains(&word.as_str()) || word == "codespaces" || word == "ci" => {
                    true
                }
                Some(pair) => pair == (os, arch),
                None => word == os,
            })
    }

    pub(crate) fn holds(&self, here: &Surroundings) -> bool {
        self.0.is_empty()
            || self.0.iter().any(|word| match word.as_str() {
                "codespaces" => here.codespaces,
                "ci" => here.ci,
                word => match (word.strip_prefix("host:"), word.split_once('-')) {
                    (Some(host), _) => {
                        host == here.host || Some(host) == here.host.split('.').next()
                    }
                    (_, Some((os, arch))) => os == here.os && arch == here.arch,
                    _ => word == here.os,
                },
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_holds_if_one_condition_does() {
        let here = Surroundings {
            os: "linux".into(),
            arch: "aarch64".into(),
            host: "box.example.org".into(),
            codespaces: false,
            ci: true,
        };
        let only =
            |words: &[&str]| Only(words.iter().map(ToString::to_string).collect()).holds(&here);
        assert!(
            only(&[]) && only(&["linux"]) && only(&["macos", "ci"]) && only(&["linux-aarch64"])
        );
        assert!(only(&["host:box"]) && only(&["host:box.example.org"]));
        assert!(
            !only(&["macos"])
                && !only(&["linux-x86_64"])
                && !only(&["codespaces"])
                && !only(&["host:bo"])
        );
    }
}
