//! Taking what others have on this machine into the manifest, whose comments and order stay. What
//! the manifest says already stays too.

use std::path::PathBuf;

use serde::Serialize;

use super::applied::Applied;
use crate::Context;
use crate::import::{GitSource, ImportedTool, Inventory, LeftOut};
use crate::machine::item::tool::describe;
use crate::machine::repository::Repository;
use crate::machine::{Error, Result};
use crate::manifest::edit;
use crate::manifest::{FILE, Manifest, Place, PythonRequest, Source, Tool, is_same_tool};
use crate::report::{escaped, first_line};
use crate::store::atomic;
use crate::tool::spec;

impl TryFrom<ImportedTool> for Tool {
    type Error = spec::Error;

    fn try_from(tool: ImportedTool) -> std::result::Result<Tool, spec::Error> {
        let inject = tool.inject.iter().map(|text| text.parse());
        Ok(Tool {
            inject: inject.collect::<std::result::Result<_, _>>()?,
            python: tool.python.and_then(|request| request.parse().ok()),
            source: tool
                .git
                .map(|GitSource { url, rev }| Source::Git { url, rev }),
            name: tool.name,
            suffix: tool.suffix,
            version: tool.version,
            extras: tool.extras,
            expose: tool.expose,
            ..Tool::default()
        })
    }
}

/// The result of an import: what would be in the manifest, and what wouldn't.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Imported {
    pub manifest: PathBuf,
    pub new: Vec<New>,
    /// Things that the manifest has already.
    pub there: Vec<String>,
    pub left: Vec<LeftOut>,
    #[serde(skip)]
    text: Option<(PathBuf, String)>,
}

/// A thing that comes in.
#[derive(Debug, Serialize)]
pub(crate) struct New {
    pub kind: &'static str,
    pub what: String,
}

impl Imported {
    fn add(&mut self, kind: &'static str, what: String) {
        self.new.push(New { kind, what });
    }

    /// The manifest as it would be; None where nothing changes.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_ref().map(|(_, text)| text.as_str())
    }

    /// Writes it.
    pub(crate) fn write(&self) -> Result<()> {
        let Some((path, text)) = &self.text else {
            return Ok(());
        };
        Ok(atomic::write(path, text.as_bytes(), None)?)
    }
}

/// Finds out what `inventories` add to the manifest of this machine, or to the one that it would
/// have. Writes nothing.
///
/// # Errors
/// The manifest can't be read, or is wrong already.
pub(crate) fn import(ctx: &Context, inventories: Vec<Inventory>) -> Result<Imported> {
    let path = match Repository::remembered(&ctx.paths, &Applied::read(&ctx.paths)?) {
        Ok(repository) => repository.place().root.join(FILE),
        Err(Error::NoManifest) => ctx.paths.config.join(FILE),
        Err(error) => return Err(error),
    };
    let shown = ctx.paths.tilde(&path);
    let manifest = match std::fs::symlink_metadata(&path) {
        Ok(_) => Manifest::load(
            &Place::at(path.parent().unwrap_or(&ctx.paths.config)),
            shown.trim_end_matches("/boot.toml"),
        )?,
        Err(_) => Manifest::default(),
    };
    let mut importer = Importer {
        manifest,
        ..Importer::default()
    };
    for inventory in inventories {
        importer.imported.left.extend(inventory.left);
        for request in inventory.pythons {
            importer.add_python(&request);
        }
        for tool in inventory.tools {
            importer.add_tool(tool);
        }
        for (name, request) in inventory.venvs {
            importer.add_venv(name, request);
        }
    }
    let mut imported = importer.imported;
    // Without anything new there is no first manifest either.
    let text = edit::changed(&path, |document| {
        importer.edits.iter().for_each(|edit| edit.apply(document));
    })?;
    imported.text = text.filter(|_| !imported.new.is_empty());
    imported.manifest = path;
    Ok(imported)
}

/// A manifest to which things are added.
#[derive(Default)]
struct Importer {
    manifest: Manifest,
    imported: Imported,
    edits: Vec<Edit>,
}

/// A change to the text of the manifest.
enum Edit {
    Python(PythonRequest),
    Tool(Box<Tool>),
    Venv(String, String),
}

impl Edit {
    fn apply(&self, document: &mut toml_edit::DocumentMut) {
        match self {
            Edit::Python(request) => edit::append(document, "python", "install", request.as_str()),
            Edit::Tool(tool) => edit::set(document, "tools", &tool.name, edit::tool(tool)),
            Edit::Venv(name, request) => {
                edit::set(document, "venvs", name, request.as_str().into())
            }
        }
    }
}

impl Importer {
    fn add_python(&mut self, request: &str) {
        let Ok(request) = request.parse::<PythonRequest>() else {
            return;
        };
        if self.manifest.pythons.contains(&request) {
            self.imported.there.push(format!("python {request}"));
            return;
        }
        self.imported.add("python", request.to_string());
        self.manifest.pythons.push(request.clone());
        self.edits.push(Edit::Python(request));
    }

    fn add_tool(&mut self, imported: ImportedTool) {
        let name = imported.name.clone();
        let mut own = self.manifest.tools.iter();
        if own.any(|own| is_same_tool(&own.name, &name)) {
            self.imported.there.push(format!("tool {name}"));
            return;
        }
        let tool = Tool::try_from(imported).map_err(first_line);
        let tool = tool.and_then(|tool| check_in_manifest(&tool).map(|()| tool));
        match tool {
            Ok(tool) => {
                self.imported.add("tool", escaped(&describe(&tool)));
                self.manifest.tools.push(tool.clone());
                self.edits.push(Edit::Tool(Box::new(tool)));
            }
            Err(why) => self.imported.left.push(LeftOut {
                what: format!("tool {name}"),
                why,
            }),
        }
    }

    fn add_venv(&mut self, name: String, request: String) {
        let (Ok(key), Ok(python)) = (name.parse(), request.parse()) else {
            return;
        };
        if self.manifest.venvs.insert(key, python).is_some() {
            self.imported.there.push(format!("venv {name}"));
            return;
        }
        let what = format!("{name}, with Python {request}");
        self.imported.add("venv", what);
        self.edits.push(Edit::Venv(name, request));
    }
}

/// Fails where a manifest with this tool would be wrong: what others allow isn't always what a
/// manifest does.
fn check_in_manifest(tool: &Tool) -> std::result::Result<(), String> {
    let mut document = toml_edit::DocumentMut::new();
    document["version"] = toml_edit::value(1);
    edit::set(&mut document, "tools", &tool.name, edit::tool(tool));
    Manifest::parse(&document.to_string(), FILE)
        .map(drop)
        .map_err(|problem| problem.message)
}
