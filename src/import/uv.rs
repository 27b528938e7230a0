//! Inventory of uv: tools with a `uv-receipt.toml` each, and the Pythons it manages. The first
//! receipts (2024) had requirements as texts; since then they are tables.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::import::{
    Error, GitSource, ImportedTool, Inventory, Links, ask_for_odd_pythons, folder_of_variable,
    is_installable, is_supported, list_folders, read_text, supported_minor, without_passwords,
};
use crate::package::requirement::Name;
use crate::project::pin::{self, Entry};
use crate::project::venv::Config;
use crate::python::key::Key;
use crate::report::escaped;
use crate::store::paths::Paths;

const RECORD: &str = "uv-receipt.toml";

#[derive(Deserialize)]
struct Receipt {
    tool: Recorded,
}

#[derive(Deserialize)]
struct Recorded {
    requirements: Vec<Requirement>,
    #[serde(default)]
    python: Option<String>,
    #[serde(default)]
    entrypoints: Vec<EntryPoint>,
    #[serde(default)]
    constraints: Vec<toml::Value>,
    #[serde(default)]
    overrides: Vec<toml::Value>,
    #[serde(default)]
    options: toml::Table,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Requirement {
    Text(String),
    Table(Box<Asked>),
}

#[derive(Deserialize)]
struct Asked {
    name: String,
    #[serde(default)]
    extras: Vec<String>,
    specifier: Option<String>,
    marker: Option<String>,
    git: Option<String>,
    subdirectory: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
}

#[derive(Deserialize)]
struct EntryPoint {
    name: String,
    from: Option<String>,
}

/// The folder of uv's tools.
pub(crate) fn place(paths: &Paths) -> PathBuf {
    folder_of_variable(paths, "UV_TOOL_DIR").unwrap_or_else(|| paths.xdg_data.join("uv/tools"))
}

/// Every tool and every Python of uv's.
pub(crate) fn find(paths: &Paths) -> Inventory {
    let place = place(paths);
    let mut found = Inventory {
        place: place.clone(),
        ..Inventory::default()
    };
    pythons(paths, &mut found);
    let mut tools = Vec::new();
    for (name, root) in list_folders(&place, Links::Ignored) {
        match read_record(&root) {
            Ok(Some(recorded)) => add_tool(&mut found, &mut tools, &name, &root, recorded),
            Ok(None) => found.leave_out(
                name,
                "uv wrote nothing down about it; uv tool install --force does",
            ),
            Err(error) => found.failed.push(error),
        }
    }
    ask_for_odd_pythons(&mut tools);
    found.tools = tools.into_iter().map(|(tool, _)| tool).collect();
    found
}

/// Those that uv installed, by their folders; its global pin's first.
fn pythons(paths: &Paths, found: &mut Inventory) {
    let place = folder_of_variable(paths, "UV_PYTHON_INSTALL_DIR")
        .unwrap_or_else(|| paths.xdg_data.join("uv/python"));
    let mut keys: Vec<Key> = Vec::new();
    for (name, _) in list_folders(&place, Links::Ignored) {
        match name.parse::<Key>() {
            Ok(key) if is_supported(&key.version.to_string()) => keys.push(key),
            _ => found.leave_out(
                format!("Python {}", escaped(&name)),
                "boot has CPython 3.8 and newer",
            ),
        }
    }
    keys.sort_by_key(|key| std::cmp::Reverse((key.version, key.variant)));
    let version = |key: &Key| format!("{}{}", key.version, key.variant.suffix());
    let pin = read_text(&paths.xdg_config.join("uv/.python-version")).unwrap_or_default();
    let pinned = pin::parse(pin.as_bytes())
        .0
        .into_iter()
        .find_map(|entry| match entry {
            Entry::Python(request) => Some(request),
            _ => None,
        });
    if let Some(at) = pinned.and_then(|pinned| keys.iter().position(|key| pinned.matches(key))) {
        let first = keys.remove(at);
        keys.insert(0, first);
    }
    found.pythons = keys.iter().map(version).collect();
}

fn read_record(root: &Path) -> Result<Option<Recorded>, Error> {
    let path: PathBuf = root.join(RECORD);
    let wrong = |reason: String| Error {
        path: path.clone(),
        reason,
        hint: "uv tool install --force writes it anew; the others are imported",
    };
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let receipt: Receipt = toml::from_str(&text)
        .map_err(|error| wrong(escaped(&error.message().replace('\n', ", "))))?;
    Ok(Some(receipt.tool))
}

impl Requirement {
    /// The package's name, as far as one can tell.
    fn name(&self) -> String {
        match self {
            Requirement::Table(asked) => asked.name.clone(),
            Requirement::Text(text) => text
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .collect::<String>(),
        }
    }

    /// As a manifest's tool; otherwise why it can't be one.
    fn tool(&self) -> Result<ImportedTool, String> {
        let asked = match self {
            Requirement::Text(text) => return ImportedTool::parse(&self.name(), text),
            Requirement::Table(asked) => asked,
        };
        let place = [&asked.url, &asked.path, &asked.directory, &asked.editable]
            .into_iter()
            .flatten()
            .next();
        if let Some(place) = place {
            return ImportedTool::parse(&asked.name, place).and(Err(
                "it comes from a folder or an address that only this machine has".into(),
            ));
        }
        if asked.marker.is_some() {
            return Err("it has a condition, and a manifest has only".into());
        }
        let mut wanted = ImportedTool::parse(&asked.name, &asked.name)?;
        wanted.extras = asked.extras.clone();
        wanted.version = asked
            .specifier
            .clone()
            .filter(|specifier| !specifier.is_empty());
        if let Some(git) = &asked.git {
            wanted.git = Some(source(git, asked.subdirectory.as_deref())?);
            wanted.version = None;
        }
        wanted.check()?;
        Ok(wanted)
    }
}

/// `https://HOST/PATH?rev=v2#COMMIT`, as uv writes it.
fn source(git: &str, subdirectory: Option<&str>) -> Result<GitSource, String> {
    let (address, _) = git.split_once('#').unwrap_or((git, ""));
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let of = |key: &str| {
        query.split('&').find_map(|pair| {
            pair.strip_prefix(key)?
                .strip_prefix('=')
                .map(str::to_string)
        })
    };
    let subdirectory = subdirectory
        .map(str::to_string)
        .or_else(|| of("subdirectory"));
    let rev = ["rev", "tag", "branch"]
        .into_iter()
        .find_map(of)
        .map(|rev| format!("@{rev}"))
        .unwrap_or_default();
    let fragment = subdirectory
        .map(|folder| format!("#subdirectory={folder}"))
        .unwrap_or_default();
    GitSource::parse(&format!("git+{address}{rev}{fragment}"))
}

fn add_tool(
    found: &mut Inventory,
    tools: &mut Vec<(ImportedTool, Option<String>)>,
    name: &str,
    root: &Path,
    recorded: Recorded,
) {
    let is_own =
        |requirement: &&Requirement| Name::normalize(&requirement.name()) == Name::normalize(name);
    let Some(own) = recorded.requirements.iter().find(is_own) else {
        return found.leave_out(name, "its receipt doesn't ask for it");
    };
    let mut wanted = match own.tool() {
        Ok(wanted) => wanted,
        Err(why) => return found.leave_out(name, why),
    };
    for requirement in recorded
        .requirements
        .iter()
        .filter(|requirement| !is_own(requirement))
    {
        match requirement.tool() {
            Ok(injects) if injects.git.is_none() => wanted.inject.push(injects.requirement()),
            Ok(_) => found.leave_out(
                format!("{} in {name}", requirement.name()),
                "it comes from a repository, and a manifest injects from indexes",
            ),
            Err(why) => found.leave_out(format!("{} in {name}", requirement.name()), why),
        }
    }
    let of_others = recorded.entrypoints.iter().filter(|entry| {
        entry
            .from
            .as_deref()
            .is_some_and(|from| Name::normalize(from) != Name::normalize(name))
    });
    wanted
        .expose
        .extend(of_others.map(|entry| (entry.name.clone(), entry.name.clone())));
    // A path is of this machine; the environment knows which minor that is.
    wanted.python = recorded.python.filter(|request| is_installable(request));
    for (what, list) in [
        ("constraints", &recorded.constraints),
        ("overrides", &recorded.overrides),
    ] {
        if !list.is_empty() {
            found.leave_out(
                format!("{what} of {name}"),
                "a manifest has none; what they hold together, the lock does",
            );
        }
    }
    if !recorded.options.is_empty() {
        let keys: Vec<&str> = recorded.options.keys().map(String::as_str).collect();
        found.leave_out(
            format!("{} of {name}", without_passwords(&keys.join(" "))),
            "a manifest has no options of an index; pip's configuration has, which boot reads",
        );
    }
    let there = Config::read(root).and_then(|config| supported_minor(&config.version));
    tools.push((wanted, there));
}
