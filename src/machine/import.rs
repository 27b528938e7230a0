//! Taking what others have on this machine into the manifest, whose comments and order stay. What
//! the manifest says already stays too.

use std::path::PathBuf;

use serde::Serialize;

use super::applied::Applied;
use crate::Context;
use crate::import::{GitSource, ImportedTool, Inventory, LeftOut};
use crate::machine::repository::Repository;
use crate::machine::{Error, Result};
use crate::manifest::edit;
use crate::manifest::{FILE, Manifest, PythonRequest, Source, Tool, is_same_tool};
use crate::report::escaped;
use crate::store::atomic;

impl From<ImportedTool> for Tool {
    fn from(tool: ImportedTool) -> Tool {
        Tool {
            name: tool.name,
            suffix: tool.suffix,
            version: tool.version,
            extras: tool.extras,
            inject: tool.inject,
            python: tool.python.and_then(|request| request.parse().ok()),
            expose: tool.expose,
            source: tool
                .git
                .map(|GitSource { url, rev }| Source::Git { url, rev }),
            ..Tool::default()
        }
    }
}

/// What would be in the manifest, and what wouldn't.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Imported {
    pub manifest: PathBuf,
    pub new: Vec<New>,
    /// What the manifest has already.
    pub there: Vec<String>,
    pub left: Vec<LeftOut>,
    #[serde(skip)]
    text: Option<(PathBuf, String)>,
}

/// One thing that comes in.
#[derive(Debug, Serialize)]
pub(crate) struct New {
    pub kind: &'static str,
    pub what: String,
}

impl Imported {
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

/// Finds out what `found` adds to the manifest of this machine, or to the one that it would have.
/// Writes nothing.
///
/// # Errors
/// The manifest can't be read, or is wrong already.
pub(crate) fn import(ctx: &Context, found: Vec<Inventory>) -> Result<Imported> {
    let path = match Repository::remembered(&ctx.paths, &Applied::read(&ctx.paths)?) {
        Ok(repository) => repository.place().root.join(FILE),
        Err(Error::NoManifest) => ctx.paths.config.join(FILE),
        Err(error) => return Err(error),
    };
    let shown = ctx.paths.tilde(&path);
    let mut own = match std::fs::symlink_metadata(&path) {
        Ok(_) => Manifest::load(
            &crate::manifest::Place::at(path.parent().unwrap_or(&ctx.paths.config)),
            shown.trim_end_matches("/boot.toml"),
        )?,
        Err(_) => Manifest::default(),
    };
    let mut imported = Imported {
        manifest: path.clone(),
        ..Imported::default()
    };
    let (mut pythons, mut tools, mut venvs) = (Vec::new(), Vec::new(), Vec::new());
    for found in found {
        imported.left.extend(found.left);
        for request in found.pythons {
            let Ok(request) = request.parse::<PythonRequest>() else {
                continue;
            };
            if own.pythons.contains(&request) {
                imported.there.push(format!("python {request}"));
            } else {
                imported.new.push(New {
                    kind: "python",
                    what: request.to_string(),
                });
                own.pythons.push(request.clone());
                pythons.push(request);
            }
        }
        for tool in found.tools.into_iter().map(Tool::from) {
            match fits(&tool) {
                _ if own
                    .tools
                    .iter()
                    .any(|other| is_same_tool(&other.name, &tool.name)) =>
                {
                    imported.there.push(format!("tool {}", tool.name))
                }
                Err(why) => imported.left.push(LeftOut {
                    what: format!("tool {}", tool.name),
                    why,
                }),
                Ok(()) => {
                    imported.new.push(New {
                        kind: "tool",
                        what: shown_tool(&tool),
                    });
                    own.tools.push(tool.clone());
                    tools.push(tool);
                }
            }
        }
        for (name, request) in found.venvs {
            let (Ok(key), Ok(python)) = (name.parse(), request.parse()) else {
                continue;
            };
            if own.venvs.insert(key, python).is_some() {
                imported.there.push(format!("venv {name}"));
            } else {
                imported.new.push(New {
                    kind: "venv",
                    what: format!("{name}, with Python {request}"),
                });
                venvs.push((name, request));
            }
        }
    }
    imported.text = edit::changed(&path, |document| {
        pythons
            .iter()
            .for_each(|request| edit::append(document, "python", "install", request.as_str()));
        tools
            .iter()
            .for_each(|tool| edit::set(document, "tools", &tool.name, edit::tool(tool)));
        venvs.iter().for_each(|(name, request)| {
            edit::set(document, "venvs", name, request.as_str().into())
        });
    })?
    // Without anything new there is no first manifest either.
    .filter(|_| !imported.new.is_empty());
    Ok(imported)
}

/// Why a manifest with this tool would be wrong: what others allow isn't always what a manifest
/// does.
fn fits(tool: &Tool) -> std::result::Result<(), String> {
    let mut document = toml_edit::DocumentMut::new();
    document["version"] = toml_edit::value(1);
    edit::set(&mut document, "tools", &tool.name, edit::tool(tool));
    Manifest::parse(&document.to_string(), FILE)
        .map(drop)
        .map_err(|problem| problem.message)
}

fn shown_tool(tool: &Tool) -> String {
    let mut line = tool.spec();
    if !tool.inject.is_empty() {
        line.push_str(&format!(", with {}", tool.inject.join(", ")));
    }
    if !tool.suffix.is_empty() {
        line.push_str(&format!(", as {}", tool.name));
    }
    if let Some(request) = &tool.python {
        line.push_str(&format!(", on Python {request}"));
    }
    escaped(&line)
}
