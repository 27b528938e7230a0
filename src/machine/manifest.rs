//! `boot.toml`, read and checked: whoever has a [`Manifest`] needn't doubt a name or a path in it any more.
//!
//! What this boot can't do yet is an error that says so, never passed over in silence.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use toml::de::DeValue;

use super::condition::Only;
use super::document::{At, Document, Table, nearest};
use super::{Error, Result, document, items};
use crate::report::escaped;

/// The file's name, at the root of a repository.
pub const FILE: &str = "boot.toml";

/// No honest manifest comes near it.
const LONGEST: u64 = 1 << 20;

/// What a machine should have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The repository, where it is or will be: what links lead to.
    pub root: PathBuf,
    /// Where it can be read now; another folder than `root` until somebody has agreed to a fetched one.
    pub base: PathBuf,
    /// Requests; the first is the default.
    pub pythons: Vec<String>,
    pub tools: Vec<Tool>,
    pub dotfiles: Option<Dotfiles>,
    pub runs: Vec<Run>,
    /// Whether the shell hook should be installed.
    pub hook: bool,
}

/// A tool that should be installed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tool {
    pub name: String,
    /// A requirement of PEP 440; None for any version.
    pub version: Option<String>,
    pub extras: Vec<String>,
    pub inject: Vec<String>,
    pub python: Option<String>,
    pub only: Only,
}

/// `[dotfiles]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dotfiles {
    /// Every file below it is linked to the same place below the home directory. Relative to the repository.
    pub root: PathBuf,
    /// What is said of single ones.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the home directory; its source is the same below `root`.
    pub target: PathBuf,
    pub mode: Mode,
    pub chmod: Option<u32>,
    pub only: Only,
    /// `boot.toml:7:1`, for complaints that need a look at the disk.
    pub at: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Link,
    Copy,
}

/// `[[run]]`: a script of the repository, or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
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
pub enum On {
    #[default]
    Once,
    Change,
    Always,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    Before,
    #[default]
    After,
}

impl Tool {
    /// As PEP 508 writes it: `httpie[socks]>=3,<4`.
    pub fn spec(&self) -> String {
        let extras = if self.extras.is_empty() { String::new() } else { format!("[{}]", self.extras.join(",")) };
        format!("{}{extras}{}", self.name, self.version.as_deref().unwrap_or(""))
    }
}

impl Manifest {
    /// Reads the manifest of the repository that can be read at `base` and is, or will be, at `root`. `shown` is what
    /// complaints call the repository.
    pub fn load(base: &Path, root: &Path, shown: &str) -> Result<Manifest> {
        let path = base.join(FILE);
        let text = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoBootToml(shown.into())),
            Err(source) => return Err(Error::Unreadable { path: Path::new(shown).join(FILE), source }),
        };
        let file = format!("{}/{FILE}", shown.trim_end_matches('/'));
        let manifest = Manifest::parse(&text, &file)?;
        Ok(Manifest { root: root.into(), base: base.into(), ..manifest })
    }

    /// As [`Manifest::load`], from text.
    pub fn parse(text: &str, file: &str) -> document::Result<Manifest> {
        let doc = Document { file, text };
        let parsed = doc.parse()?;
        let top = doc.root(parsed.get_ref());
        top.only_keys(&["version", "extends", "python", "tools", "packages", "dotfiles", "vars", "run", "shell"])?;
        version(&top)?;
        later(&top)?;
        Ok(Manifest {
            pythons: pythons(&top)?,
            tools: tools(&top)?,
            dotfiles: dotfiles(&top)?,
            runs: runs(&top)?,
            hook: match top.table("shell", "[shell]")? {
                Some(shell) => {
                    shell.only_keys(&["hook"])?;
                    shell.boolean("hook")?.unwrap_or(false)
                }
                None => false,
            },
            ..Manifest::default()
        })
    }
}

/// A pipe or a device must not make boot wait, nor a huge file fill the memory.
fn read(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it isn't a regular file"));
    }
    let mut text = String::new();
    fs::File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("it is larger than a megabyte"));
    }
    // Some editors put a byte order mark there.
    Ok(text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text))
}

fn version(top: &Table<'_>) -> document::Result<()> {
    match top.integer("version")? {
        Some(At { value: 1, .. }) => Ok(()),
        Some(At { span, value }) => Err(top.problem(
            &span,
            format!("version {value} of boot.toml isn't known to this boot"),
            "write version = 1, or take a newer boot",
        )),
        None => Err(top.lacks("boot.toml doesn't say its version", "write version = 1 at its top")),
    }
}

/// What the format has and this boot doesn't do yet.
fn later(top: &Table<'_>) -> document::Result<()> {
    if let Some(first) = top.strings("extends")?.first() {
        return Err(top.problem(
            &first.span,
            "extends comes later: this boot reads one manifest",
            "copy what you need of it into this one",
        ));
    }
    if let Some(packages) = top.table("packages", "[packages]")? {
        packages.only_keys(&["any", "brew", "apt", "dnf", "pacman", "apk"])?;
        for (key, _) in packages.entries() {
            if let Some(first) = packages.strings(key.value)?.first() {
                let message = "packages of the system come later: this boot installs none";
                return Err(packages.problem(&first.span, message, "remove [packages], and install them with the system's own command"));
            }
        }
    }
    // Only templates use them, and a template says itself that it comes later.
    if let Some(vars) = top.table("vars", "[vars]")? {
        for (key, value) in vars.entries() {
            match vars.as_table(value, "a variable") {
                Some(table) => table.only_keys(&["ask", "default"])?,
                None => drop(vars.string(key.value)?),
            }
        }
    }
    Ok(())
}

fn pythons(top: &Table<'_>) -> document::Result<Vec<String>> {
    let Some(table) = top.table("python", "[python]")? else { return Ok(Vec::new()) };
    table.only_keys(&["install"])?;
    let mut requests: Vec<String> = Vec::new();
    for request in table.strings("install")? {
        python_request(&table, &request)?;
        if !requests.contains(&request.value) {
            requests.push(request.value);
        }
    }
    Ok(requests)
}

fn python_request(table: &Table<'_>, request: &At<String>) -> document::Result<()> {
    items::check_python(&request.value)
        .map_err(|reason| table.problem(&request.span, reason, "write 3.11, 3.11.9, 3.13t, or \">=3.10,<3.13\""))
}

fn tools(top: &Table<'_>) -> document::Result<Vec<Tool>> {
    const KEYS: [&str; 9] = ["version", "extras", "inject", "python", "expose", "git", "rev", "path", "only"];
    let Some(table) = top.table("tools", "[tools]")? else { return Ok(Vec::new()) };
    let mut tools: Vec<Tool> = Vec::new();
    for (key, value) in table.entries() {
        let mut tool = Tool { name: key.value.to_string(), ..Tool::default() };
        let version = match value.get_ref() {
            DeValue::String(text) => Some(At { value: text.to_string(), span: value.span() }),
            _ => match table.as_table(value, "a tool") {
                None => {
                    let message = format!("{} should be a version or a table", escaped(key.value));
                    return Err(table.problem(&value.span(), message, "write \"*\", \">=3,<4\", or { inject = [\"furo\"] }"));
                }
                Some(options) => {
                    options.only_keys(&KEYS)?;
                    for key in ["git", "rev", "path", "expose"] {
                        if let Some(span) = options.key(key) {
                            let message = format!("{key} comes later: this boot installs tools from a package index");
                            return Err(options.problem(&span, message, "leave it out, or remove this tool from the manifest for now"));
                        }
                    }
                    tool.extras = options.strings("extras")?.into_iter().map(|extra| extra.value).collect();
                    for dependency in options.strings("inject")? {
                        items::check_requirement(&dependency.value)
                            .map_err(|reason| options.problem(&dependency.span, reason, "write a package's name, or name>=version"))?;
                        tool.inject.push(dependency.value);
                    }
                    if let Some(request) = options.string("python")? {
                        python_request(&options, &request)?;
                        tool.python = Some(request.value);
                    }
                    tool.only = Only::read(&options)?;
                    options.string("version")?
                }
            },
        };
        let span = version.as_ref().map_or(key.span.clone(), |version| version.span.clone());
        tool.version =
            version.map(|version| version.value.trim().to_string()).filter(|version| !matches!(version.as_str(), "*" | "" | "latest"));
        items::check_tool(&tool).map_err(|reason| {
            let digits = tool.version.as_deref().is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
            let hint = match &tool.version {
                Some(version) if digits => format!("write \"=={}\" for exactly that version", escaped(version)),
                Some(_) => "write a version requirement: \"*\", \">=3,<4\", \"==24.*\"".into(),
                None => "a tool is named as the package index names it: black".into(),
            };
            table.problem(&span, reason, hint)
        })?;
        if let Some(twin) = tools.iter().find(|other| items::same_tool(&other.name, &tool.name)) {
            let message = format!("{} is the same tool as {}", escaped(&tool.name), escaped(&twin.name));
            return Err(table.problem(&key.span, message, "keep one of them"));
        }
        tools.push(tool);
    }
    Ok(tools)
}

fn dotfiles(top: &Table<'_>) -> document::Result<Option<Dotfiles>> {
    let Some(table) = top.table("dotfiles", "[dotfiles]")? else { return Ok(None) };
    if let Some(span) = table.key("manager") {
        let message = "handing dotfiles over to another manager comes later";
        return Err(table.problem(&span, message, "run that manager yourself, and leave [dotfiles] out"));
    }
    let keys: Vec<&str> = table.entries().map(|(key, _)| key.value).filter(|key| !key.starts_with(['~', '/', '.'])).collect();
    if let Some(wrong) = keys.into_iter().find(|key| *key != "root") {
        let span = table.key(wrong).unwrap_or(0..0);
        let hint = nearest(wrong, &["root", "manager"])
            .map_or("a single file is written \"~/.vimrc\"".into(), |word| format!("did you mean {word}?"));
        return Err(table.problem(&span, format!("{} isn't a key of [dotfiles]", escaped(wrong)), hint));
    }
    let mut found = Dotfiles { root: "home".into(), entries: Vec::new() };
    if let Some(root) = table.string("root")? {
        found.root = inside(&root.value).ok_or_else(|| {
            table.problem(
                &root.span,
                format!("{} is outside of the repository", escaped(&root.value)),
                "name a folder of the repository, like \"home\"",
            )
        })?;
    }
    for (key, value) in table.entries().filter(|(key, _)| key.value != "root") {
        let target = key.value.strip_prefix("~/").and_then(inside).ok_or_else(|| {
            let message = format!("{} is outside of the home directory", escaped(key.value));
            table.problem(&key.span, message, "boot writes dotfiles below ~ only; do the rest in a [[run]] script")
        })?;
        let Some(options) = table.as_table(value, "a dotfile") else {
            return Err(table.problem(
                &value.span(),
                format!("{} should be a table", escaped(key.value)),
                "write { mode = \"link\" } or { mode = \"copy\", chmod = \"600\" }",
            ));
        };
        options.only_keys(&["mode", "chmod", "only"])?;
        let mode = match options.string("mode")? {
            None => Mode::Link,
            Some(mode) => match mode.value.as_str() {
                "link" => Mode::Link,
                "copy" => Mode::Copy,
                "template" => return Err(options.problem(&mode.span, "templates come later", "write mode = \"copy\" or \"link\" for now")),
                other => return Err(options.problem(&mode.span, format!("{} isn't a mode", escaped(other)), "write \"link\" or \"copy\"")),
            },
        };
        let chmod = match options.string("chmod")? {
            None => None,
            Some(text) if mode == Mode::Link => {
                return Err(options.problem(&text.span, "a link has no mode of its own", "write mode = \"copy\" beside chmod"));
            }
            Some(text) => match u32::from_str_radix(&text.value, 8) {
                Ok(bits) if bits <= 0o777 && bits & 0o400 != 0 => Some(bits),
                _ => {
                    return Err(options.problem(
                        &text.span,
                        format!("{} isn't a file's mode", escaped(&text.value)),
                        "write \"600\" or \"755\"",
                    ));
                }
            },
        };
        let only = Only::read(&options)?;
        found.entries.push(Entry { target, mode, chmod, only, at: table.place(&key.span) });
    }
    Ok(Some(found))
}

/// A relative path that stays below what it is joined to, and that a terminal can show.
fn inside(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let shown = !text.chars().any(char::is_control);
    (plain && shown && !text.is_empty()).then(|| path.components().filter(|part| !matches!(part, Component::CurDir)).collect())
}

fn runs(top: &Table<'_>) -> document::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut ids = HashSet::new();
    for table in top.tables("run", "[[run]]")? {
        table.only_keys(&["id", "cmd", "on", "phase", "only", "watch"])?;
        let id = table
            .string("id")?
            .ok_or_else(|| table.lacks("this script has no id", "write id = \"a-name\": once and change are remembered by it"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if id.value.is_empty() || id.value.len() > 64 || !id.value.chars().all(plain) {
            return Err(table.problem(
                &id.span,
                format!("{} isn't an id", escaped(&id.value)),
                "use letters, digits, dots, dashes and underscores",
            ));
        }
        if !ids.insert(id.value.clone()) {
            return Err(table.problem(&id.span, format!("two scripts have the id {}", id.value), "give one of them another"));
        }
        let cmd = table.string("cmd")?.ok_or_else(|| table.lacks("this script has no cmd", "write cmd = \"scripts/a-name.sh\""))?;
        let first = cmd.value.split_whitespace().next().unwrap_or("");
        if first.is_empty() {
            return Err(table.problem(&cmd.span, "cmd is empty", "write cmd = \"scripts/a-name.sh\""));
        }
        if first.contains('/') && inside(first).is_none() {
            let message = format!("{} is outside of the repository", escaped(first));
            return Err(table.problem(&cmd.span, message, "put the script into the repository; its path starts at the repository's root"));
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
                table.problem(&file.span, format!("{} is outside of the repository", escaped(&file.value)), "watch files of the repository")
            })?);
        }
        runs.push(Run { at: table.place(&id.span), id: id.value, cmd: cmd.value, on, phase, watch, only: Only::read(&table)? });
    }
    Ok(runs)
}

/// The value of `key`, which must be one of `known`.
fn word<'w>(table: &Table<'_>, key: &str, known: &[&'w str]) -> document::Result<Option<&'w str>> {
    let Some(found) = table.string(key)? else { return Ok(None) };
    match known.iter().find(|word| **word == found.value) {
        Some(word) => Ok(Some(word)),
        None => {
            let hint = match nearest(&found.value, known) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("write one of {}", known.join(", ")),
            };
            Err(table.problem(&found.span, format!("{} isn't a value of {key}", escaped(&found.value)), hint))
        }
    }
}

#[cfg(test)]
mod tests;
