//! `[tools]`.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;
use toml::de::DeValue;

use super::python::{PythonRequest, read_request};
use crate::manifest::condition::Only;
use crate::manifest::document::{self, At, Table};
use crate::manifest::{Written, inside};
use crate::net;
use crate::package::requirement::Name;
use crate::report::{escaped, first_line};
use crate::store::digest::Sha256;
use crate::tool::spec::{self, Spec};

/// A tool that should be installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tool {
    /// The package's, with the suffix of a second one of a kind.
    pub name: String,
    /// At the end of `name`, and of its commands.
    pub suffix: String,
    /// A requirement of PEP 440; None for any version.
    pub version: Option<String>,
    /// Any version was asked for, in so many words: what a manifest further away says of it doesn't
    /// count.
    pub any: bool,
    pub extras: Vec<String>,
    pub inject: Vec<Written<Spec>>,
    pub python: Option<PythonRequest>,
    /// Links beside those of its own: the name, and the command.
    pub expose: BTreeMap<String, String>,
    /// From a git repository, with a revision perhaps, or from a folder of the dotfiles repository:
    /// no index has it.
    pub source: Option<Source>,
    pub only: Only,
}

/// The source of a tool that isn't on an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Git {
        url: String,
        rev: Option<String>,
    },
    /// Absolute once the manifest is loaded.
    Folder(std::path::PathBuf),
}

impl Source {
    /// As PEP 508 and pip write it, at `commit` where one is given.
    pub(crate) fn address(&self, commit: Option<&str>) -> String {
        match self {
            Source::Git { url, rev } => {
                let scheme = if url.starts_with("git+") { "" } else { "git+" };
                let rev = commit
                    .or(rev.as_deref())
                    .map(|rev| format!("@{rev}"))
                    .unwrap_or_default();
                format!("{scheme}{url}{rev}")
            }
            Source::Folder(path) => format!("file://{}", path.display()),
        }
    }

    /// The mark that tells it from others in a lock, which has no addresses: of a repository, a
    /// hash of where it is, and the revision; of a folder, a hash of the files that say what it
    /// needs.
    pub(crate) fn mark(&self) -> String {
        let short = |bytes: &[u8]| Sha256::of(bytes).to_string()[..16].to_string();
        match self {
            Source::Git { url, rev } => {
                let plain = net::without_credentials(url.strip_prefix("git+").unwrap_or(url));
                format!(
                    "git {} {}",
                    short(plain.as_bytes()),
                    rev.as_deref().unwrap_or("HEAD")
                )
            }
            Source::Folder(path) => {
                // One that isn't there is a file that says nothing: it is no other folder.
                let said = ["pyproject.toml", "setup.cfg", "setup.py"]
                    .map(|name| std::fs::read(path.join(name)).unwrap_or_default());
                format!(
                    "folder {}",
                    short(
                        &said
                            .map(|bytes| Sha256::of(&bytes).to_string())
                            .concat()
                            .into_bytes()
                    )
                )
            }
        }
    }
}

impl Tool {
    /// The package that it is.
    pub(crate) fn package(&self) -> &str {
        self.name.strip_suffix(&self.suffix).unwrap_or(&self.name)
    }

    /// Its name once it is installed: the package normalized, the suffix as it is.
    pub(crate) fn installed_name(&self) -> String {
        format!("{}{}", Name::normalize(self.package()), self.suffix)
    }

    /// Takes over what `below`, an entry for the same tool in a manifest that this one's extends,
    /// says beyond it. Where it comes from is one thing: a version says that it is on an index.
    pub(crate) fn extend(&mut self, below: Tool) {
        if !self.any && self.version.is_none() && self.source.is_none() {
            (self.version, self.source) = (below.version, below.source);
        }
        for extra in below.extras {
            if !self
                .extras
                .iter()
                .any(|own| Name::normalize(own) == Name::normalize(&extra))
            {
                self.extras.push(extra);
            }
        }
        for package in below.inject {
            let name = package.value().name();
            if !self.inject.iter().any(|own| own.value().name() == name) {
                self.inject.push(package);
            }
        }
        for (name, command) in below.expose {
            self.expose.entry(name).or_insert(command);
        }
        self.python = self.python.take().or(below.python);
        if self.only == Only::default() {
            self.only = below.only;
        }
    }

    /// As PEP 508 writes it: `httpie[socks]>=3,<4`, `mytool @ git+URL@rev`.
    pub(crate) fn spec(&self) -> String {
        let extras = if self.extras.is_empty() {
            String::new()
        } else {
            format!("[{}]", self.extras.join(","))
        };
        let from = match &self.source {
            None => self.version.clone().unwrap_or_default(),
            Some(source) => format!(" @ {}", source.address(None)),
        };
        format!("{}{extras}{from}", self.package())
    }

    /// The same, parsed.
    pub(crate) fn requirement(&self) -> Result<Spec, spec::Error> {
        self.spec().parse()
    }
}

/// Reads the tools; two of one name are an error.
pub(in crate::manifest) fn read_tools(top: &Table<'_>) -> document::Result<Vec<Tool>> {
    let Some(table) = top.table("tools", "[tools]")? else {
        return Ok(Vec::new());
    };
    let mut tools: Vec<Tool> = Vec::new();
    for (key, value) in table.entries() {
        let mut tool = Tool {
            name: key.value.to_string(),
            ..Tool::default()
        };
        check_tool(&tool).map_err(|reason| table.problem(&key.span, reason, hint(&tool)))?;
        let version = match value.get_ref() {
            DeValue::String(text) => Some(At {
                value: text.to_string(),
                span: value.span(),
            }),
            _ => match table.as_table(value, "a tool") {
                None => {
                    let message = format!("{} should be a version or a table", escaped(key.value));
                    return Err(table.problem(
                        &value.span(),
                        message,
                        "write \"*\", \">=3,<4\", or { inject = [\"furo\"] }",
                    ));
                }
                Some(options) => read_options(&mut tool, &options)?,
            },
        };
        let span = version
            .as_ref()
            .map_or(key.span.clone(), |version| version.span.clone());
        tool.any = version.is_some();
        tool.version = version
            .map(|version| version.value.trim().to_string())
            .filter(|version| !matches!(version.as_str(), "*" | "" | "latest"));
        tool.any &= tool.version.is_none();
        check_tool(&tool).map_err(|reason| table.problem(&span, reason, hint(&tool)))?;
        if let Some(twin) = tools
            .iter()
            .find(|other| is_same_tool(&other.name, &tool.name))
        {
            let message = format!(
                "{} is the same tool as {}",
                escaped(&tool.name),
                escaped(&twin.name)
            );
            return Err(table.problem(&key.span, message, "keep one of them"));
        }
        tools.push(tool);
    }
    Ok(tools)
}

/// The advice for a tool that is wrong.
fn hint(tool: &Tool) -> String {
    let digits = tool
        .version
        .as_deref()
        .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    match &tool.version {
        Some(version) if digits => {
            format!("write \"=={}\" for exactly that version", escaped(version))
        }
        Some(_) => "write a version requirement: \"*\", \">=3,<4\", \"==24.*\"".into(),
        None => "a tool is named as the package index names it: black".into(),
    }
}

/// Reads a tool's table into `tool`; the version, if it has one, is given back to be checked with
/// the rest.
fn read_options(tool: &mut Tool, options: &Table<'_>) -> document::Result<Option<At<String>>> {
    options.only_keys(&[
        "version", "suffix", "extras", "inject", "python", "expose", "git", "rev", "path", "only",
    ])?;
    tool.suffix = read_suffix(tool, options)?;
    tool.extras = read_extras(tool, options)?;
    for text in options.strings("inject")? {
        let requirement = text.value.parse().map_err(|error: spec::Error| {
            options.problem(
                &text.span,
                first_line(error),
                "write a package's name, or name>=version",
            )
        })?;
        tool.inject.push(requirement);
    }
    if let Some(request) = options.string("python")? {
        tool.python = Some(read_request(options, &request)?);
    }
    tool.only = Only::read(options)?;
    tool.expose = read_expose(options)?;
    tool.source = read_source(options)?;
    let version = options.string("version")?;
    if let (Some(version), Some(_)) = (&version, &tool.source) {
        return Err(options.problem(
            &version.span,
            "a tool from git or a folder has the version that is there",
            "leave version out; rev names a tag",
        ));
    }
    Ok(version)
}

fn read_suffix(tool: &Tool, options: &Table<'_>) -> document::Result<String> {
    let Some(suffix) = options.string("suffix")? else {
        return Ok(String::new());
    };
    let is_end = tool.name.len() > suffix.value.len() && tool.name.ends_with(&suffix.value);
    if is_end && spec::suffix(&suffix.value).is_ok() {
        return Ok(suffix.value);
    }
    let message = format!(
        "{} doesn't end in the suffix {}",
        escaped(&tool.name),
        escaped(&suffix.value)
    );
    Err(options.problem(
        &suffix.span,
        message,
        "write black_old = { suffix = \"_old\" } for a second black",
    ))
}

fn read_extras(tool: &Tool, options: &Table<'_>) -> document::Result<Vec<String>> {
    let mut extras = Vec::new();
    for extra in options.strings("extras")? {
        let with_extra = Tool {
            extras: vec![extra.value.clone()],
            source: None,
            ..tool.clone()
        };
        if check_tool(&with_extra).is_err() {
            let message = format!("{} isn't an extra", escaped(&extra.value));
            return Err(options.problem(
                &extra.span,
                message,
                "use letters, digits, dots, dashes and underscores",
            ));
        }
        extras.push(extra.value);
    }
    Ok(extras)
}

/// `expose = { dvc3 = "dvc" }`.
fn read_expose(options: &Table<'_>) -> document::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(table) = options.table("expose", "expose")? else {
        return Ok(found);
    };
    for (key, _) in table.entries() {
        let plain = |name: &str| {
            !name.is_empty()
                && !name.starts_with(['-', '.'])
                && !name
                    .chars()
                    .any(|c| c == '/' || c.is_whitespace() || c.is_control())
        };
        let Some(command) = table.string(key.value)? else {
            continue;
        };
        for (name, span) in [
            (key.value, &key.span),
            (command.value.as_str(), &command.span),
        ] {
            if !plain(name) {
                return Err(table.problem(
                    span,
                    format!("{} isn't a command's name", escaped(name)),
                    "write { new-name = \"command\" }",
                ));
            }
        }
        found.insert(key.value.to_string(), command.value);
    }
    Ok(found)
}

/// `git = "https://HOST/PATH"` with `rev`, or `path = "FOLDER"`.
fn read_source(options: &Table<'_>) -> document::Result<Option<Source>> {
    let git = options.string("git")?;
    let (rev, path) = (options.string("rev")?, options.string("path")?);
    match (git, rev, path) {
        (None, None, None) => Ok(None),
        (None, Some(rev), _) => Err(options.problem(
            &rev.span,
            "rev is a revision of git, and no git is named",
            "write git = \"URL\" beside it",
        )),
        (Some(_), _, Some(path)) => Err(options.problem(
            &path.span,
            "a tool comes from git or from a folder",
            "keep one of git and path",
        )),
        (Some(git), rev, None) => read_git(options, git, rev).map(Some),
        (None, None, Some(path)) => match inside(&path.value) {
            Some(folder) => Ok(Some(Source::Folder(folder))),
            None => Err(options.problem(
                &path.span,
                format!("{} is outside of the repository", escaped(&path.value)),
                "name a folder of the repository",
            )),
        },
    }
}

fn read_git(
    options: &Table<'_>,
    git: At<String>,
    rev: Option<At<String>>,
) -> document::Result<Source> {
    let is_odd = |text: &str| {
        text.is_empty()
            || text.starts_with('-')
            || text.chars().any(|c| c.is_control() || c.is_whitespace())
    };
    let address = git.value.strip_prefix("git+").unwrap_or(&git.value);
    let is_known = ["https://", "http://", "ssh://", "git://", "file://"]
        .iter()
        .any(|scheme| address.starts_with(scheme));
    let host = address
        .split_once("://")
        .map_or("", |(_, rest)| rest.rsplit('@').next().unwrap_or(rest));
    if is_odd(&git.value) || !is_known || host.starts_with('-') {
        let message = format!("{} isn't an address of git", escaped(&git.value));
        return Err(options.problem(&git.span, message, "write git = \"https://HOST/PATH\""));
    }
    let mut revs = rev.iter();
    if let Some(rev) = revs.find(|rev| is_odd(&rev.value) || rev.value.contains('@')) {
        return Err(options.problem(
            &rev.span,
            format!("{} isn't a revision", escaped(&rev.value)),
            "name a tag, a branch or a commit",
        ));
    }
    Ok(Source::Git {
        url: git.value,
        rev: rev.map(|rev| rev.value),
    })
}

/// Fails where a tool's name, version or extras can't be those of one.
fn check_tool(tool: &Tool) -> std::result::Result<(), String> {
    if !spec::is_tool_name(&tool.name) {
        return Err(format!("{} names no package", escaped(&tool.name)));
    }
    if let Some(version) = &tool.version
        && VersionSpecifiers::from_str(version).is_err()
    {
        return Err(format!("{} isn't a version requirement", escaped(version)));
    }
    let bare = Tool {
        source: None,
        ..tool.clone()
    };
    bare.requirement().map(drop).map_err(first_line)
}

/// Tells whether two names are one package.
pub(crate) fn is_same_tool(one: &str, other: &str) -> bool {
    Name::normalize(one) == Name::normalize(other)
}
