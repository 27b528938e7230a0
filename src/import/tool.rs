//! A tool as another manager has it, in the words of a manifest.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use crate::net;
use crate::package::requirement::Name;
use crate::report::{escaped, first_line};
use crate::tool::Spec;
use crate::tool::spec::{self, is_tool_name};

/// A tool of another manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ImportedTool {
    /// The package's, with the suffix of a second one of a kind.
    pub name: String,
    /// At the end of `name`, and of its commands.
    pub suffix: String,
    /// A requirement of PEP 440; None for any version.
    pub version: Option<String>,
    pub extras: Vec<String>,
    pub inject: Vec<String>,
    pub python: Option<String>,
    /// Links beside those of its own: the name, and the command.
    pub expose: BTreeMap<String, String>,
    /// The repository that it comes from, if not from an index.
    pub git: Option<GitSource>,
}

/// A git repository, with a revision perhaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GitSource {
    pub url: String,
    pub rev: Option<String>,
}

const ELSEWHERE: &str = "it comes from a folder or an address that only this machine has";

impl GitSource {
    /// Understands `git+https://HOST/PATH@REV`, and leaves its password out. Otherwise says why a
    /// manifest can't have it.
    pub(crate) fn parse(url: &str) -> Result<GitSource, String> {
        let Some(address) = url.strip_prefix("git+") else {
            let web = ["http://", "https://"]
                .iter()
                .any(|scheme| url.starts_with(scheme));
            return Err(if web {
                "it comes from an archive's address, and a manifest has indexes and git"
            } else {
                ELSEWHERE
            }
            .into());
        };
        let (address, fragment) = address.split_once('#').unwrap_or((address, ""));
        if fragment.contains("subdirectory=") {
            return Err(
                "it comes from a folder within a repository, which a manifest can't name".into(),
            );
        }
        if address.starts_with("file:") {
            return Err(ELSEWHERE.into());
        }
        let path = address
            .find("://")
            .and_then(|at| Some(at + 3 + address[at + 3..].find('/')?))
            .unwrap_or(0);
        let (url, rev) = match address[path..].rsplit_once('@') {
            Some((below, rev)) => (
                format!("{}{below}", &address[..path]),
                Some(rev.to_string()),
            ),
            None => (address.to_string(), None),
        };
        Ok(GitSource {
            url: net::without_credentials(&url),
            rev,
        })
    }
}

impl ImportedTool {
    /// Understands `requirement` for the package `name`: one of PEP 508, or an address of git.
    /// Otherwise says why a manifest can't have it.
    pub(crate) fn parse(name: &str, requirement: &str) -> Result<ImportedTool, String> {
        if !is_tool_name(name) {
            return Err("its name is none of a package".into());
        }
        let requirement = requirement.trim();
        match requirement.parse::<Spec>() {
            Ok(spec) if spec.name().as_str() != Name::normalize(name) => {
                Err(format!("it was asked for as {}", escaped(requirement)))
            }
            Ok(spec) => ImportedTool::new(name, &spec),
            Err(spec::Error::Unnamed { .. }) => {
                let tool = ImportedTool {
                    name: name.into(),
                    git: Some(GitSource::parse(requirement)?),
                    ..ImportedTool::default()
                };
                tool.check()?;
                Ok(tool)
            }
            Err(error) => Err(first_line(error)),
        }
    }

    /// The tool of this name that `spec` asks for. Otherwise says why a manifest can't have it.
    pub(crate) fn new(name: &str, spec: &Spec) -> Result<ImportedTool, String> {
        if spec.condition().is_some() {
            return Err("it has a condition, and a manifest's tools have none".into());
        }
        let versions = spec.versions().map(|versions| {
            let versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
            versions.join(",")
        });
        let tool = ImportedTool {
            name: name.into(),
            extras: spec.extras().iter().map(ToString::to_string).collect(),
            version: versions,
            git: spec.url().map(GitSource::parse).transpose()?,
            ..ImportedTool::default()
        };
        tool.check()?;
        Ok(tool)
    }

    /// The package that it is.
    fn package(&self) -> &str {
        self.name.strip_suffix(&self.suffix).unwrap_or(&self.name)
    }

    /// The requirement of an index, as PEP 508 writes it: `httpie[socks]>=3,<4`.
    pub(crate) fn requirement(&self) -> String {
        let extras = if self.extras.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.extras.join(","))
        };
        let version = self.version.as_deref().unwrap_or_default();
        format!("{}{extras}{version}", self.package())
    }

    /// Fails where its name, its version or its extras can't be those of a tool.
    pub(super) fn check(&self) -> Result<(), String> {
        if !is_tool_name(&self.name) {
            return Err(format!("{} names no package", escaped(&self.name)));
        }
        if let Some(version) = &self.version
            && VersionSpecifiers::from_str(version).is_err()
        {
            return Err(format!("{} isn't a version requirement", escaped(version)));
        }
        match self.requirement().parse::<Spec>() {
            Ok(_) => Ok(()),
            Err(error) => Err(first_line(error)),
        }
    }
}

/// Gives tools the Python they are on where that isn't the one that most of them are on: only
/// somebody who wanted it can have asked for it.
pub(super) fn ask_for_odd_pythons(tools: &mut [(ImportedTool, Option<String>)]) {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    let rank = |minor: &str| {
        minor
            .rsplit('.')
            .next()
            .and_then(|number| number.parse().ok())
            .unwrap_or(0)
    };
    for minor in tools.iter().filter_map(|(_, minor)| minor.as_deref()) {
        *counts.entry(rank(minor)).or_default() += 1;
    }
    let usual = counts
        .into_iter()
        .max_by_key(|(rank, count)| (*count, *rank))
        .map(|(rank, _)| rank);
    for (tool, minor) in tools.iter_mut().filter(|(tool, _)| tool.python.is_none()) {
        tool.python = minor.clone().filter(|minor| Some(rank(minor)) != usual);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PEP 508 writes it.
    fn described(tool: &ImportedTool) -> String {
        match &tool.git {
            None => tool.requirement(),
            Some(GitSource { url, rev: None }) => format!("{} @ git+{url}", tool.requirement()),
            Some(GitSource {
                url,
                rev: Some(rev),
            }) => {
                format!("{} @ git+{url}@{rev}", tool.requirement())
            }
        }
    }

    #[test]
    fn parse_converts_foreign_requirement_or_fails() {
        for (name, asked, spec) in [
            ("black", "black", "black"),
            ("black", "black[d] >= 24, <26", "black[d]>=24,<26"),
            ("x", "git+https://h/x", "x @ git+https://h/x"),
            (
                "x",
                "git+https://me:secret@h/x.git@v1.2",
                "x @ git+https://h/x.git@v1.2",
            ),
            ("x", "git+ssh://git@h/x.git", "x @ git+ssh://git@h/x.git"),
            ("x", "x @ git+https://h/x@main", "x @ git+https://h/x@main"),
        ] {
            assert_eq!(
                described(&ImportedTool::parse(name, asked).unwrap()),
                spec,
                "{asked}"
            );
        }
        for asked in [
            "./x",
            "/src/x",
            "x.whl",
            "https://h/x.whl",
            "git+https://h/x#subdirectory=a",
            "git+file:///x",
            "other",
            "x; python_version > '3'",
        ] {
            assert!(ImportedTool::parse("x", asked).is_err(), "{asked}");
        }
    }

    #[test]
    fn ask_for_odd_pythons_skips_the_commonest() {
        let tool = |name: &str| ImportedTool {
            name: name.into(),
            ..ImportedTool::default()
        };
        let mut tools = vec![
            (tool("a"), Some("3.12".into())),
            (tool("b"), Some("3.9".into())),
            (tool("c"), Some("3.12".into())),
            (tool("d"), None),
        ];
        ask_for_odd_pythons(&mut tools);
        let asked: Vec<Option<&str>> = tools
            .iter()
            .map(|(tool, _)| tool.python.as_deref())
            .collect();
        assert_eq!(asked, [None, Some("3.9"), None, None]);
    }
}
