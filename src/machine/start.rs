//! A first `boot.toml`, from what boot has installed on this machine.

use std::path::PathBuf;

use crate::Context;
use crate::import::{ImportedTool, is_installable};
use crate::machine::Result;
use crate::machine::item::default_python::global_pin;
use crate::manifest::{FILE, Tool, Written, edit};
use crate::python::installed;
use crate::store::atomic;
use crate::tool::receipt;

/// The text of a manifest that asks for what is here.
pub(crate) fn text(ctx: &Context) -> String {
    let mut doc = toml_edit::DocumentMut::new();
    doc["version"] = toml_edit::value(1);
    let pythons = installed_pythons(ctx);
    if !pythons.is_empty() {
        let mut python = toml_edit::Table::new();
        python["install"] = toml_edit::value(pythons.iter().collect::<toml_edit::Array>());
        doc["python"] = toml_edit::Item::Table(python);
    }
    let mut tools = toml_edit::Table::new();
    for tool in installed_tools(ctx) {
        tools[&tool.name] = toml_edit::value(edit::tool(&tool));
    }
    if !tools.is_empty() {
        doc["tools"] = toml_edit::Item::Table(tools);
    }
    let mut shell = toml_edit::Table::new();
    shell["hook"] = toml_edit::value(true);
    doc["shell"] = toml_edit::Item::Table(shell);
    doc.to_string()
}

/// The installed tools, as a manifest would ask for them. Those that only this machine has are
/// nothing for a manifest.
fn installed_tools(ctx: &Context) -> Vec<Tool> {
    let (receipts, _) = receipt::all(&ctx.paths);
    receipts
        .into_iter()
        .filter_map(|receipt| {
            let wanted = receipt.wanted;
            let asked = ImportedTool::new(wanted.name(), wanted.spec()?).ok()?;
            Some(Tool {
                name: wanted.tool(),
                python: wanted
                    .python_request
                    .filter(|request| is_installable(request))
                    .and_then(|request| request.parse().ok()),
                suffix: wanted.suffix,
                expose: wanted.expose,
                inject: receipt
                    .injected
                    .into_iter()
                    .map(|injected| Written::by_boot(injected.spec))
                    .collect(),
                ..Tool::try_from(asked).ok()?
            })
        })
        .collect()
}

/// The minors of the installed Pythons, as requests: the default's first, then the newest.
fn installed_pythons(ctx: &Context) -> Vec<String> {
    let installed = installed::list(&ctx.paths);
    let mut minors: Vec<String> = installed
        .iter()
        .map(|python| python.key.version.minor_name(python.key.variant))
        .collect();
    minors.dedup();
    if let Some(default) = global_pin(&ctx.paths)
        && let Some(at) = minors.iter().position(|minor| *minor == default)
    {
        let first = minors.remove(at);
        minors.insert(0, first);
    }
    minors
}

/// Writes it into boot's configuration folder, where it is found without being named.
pub(crate) fn write(ctx: &Context, text: &str) -> Result<PathBuf> {
    let path = ctx.paths.config.join(FILE);
    atomic::write(&path, text.as_bytes(), None)?;
    Ok(path)
}
