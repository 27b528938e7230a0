//! A first `boot.toml`, from what boot has installed on this machine.

use std::path::PathBuf;

use crate::Context;
use crate::machine::{Result, items};
use crate::manifest::FILE;
use crate::manifest::edit;
use crate::store::atomic;

/// The text of a manifest that asks for what is here.
pub(crate) fn text(ctx: &Context) -> String {
    let mut doc = toml_edit::DocumentMut::new();
    doc["version"] = toml_edit::value(1);
    let pythons = items::pythons(ctx);
    if !pythons.is_empty() {
        let mut python = toml_edit::Table::new();
        python["install"] = toml_edit::value(pythons.iter().collect::<toml_edit::Array>());
        doc["python"] = toml_edit::Item::Table(python);
    }
    let mut tools = toml_edit::Table::new();
    for tool in items::tools(ctx) {
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

/// Writes it into boot's configuration folder, where it is found without being named.
pub(crate) fn write(ctx: &Context, text: &str) -> Result<PathBuf> {
    let path = ctx.paths.config.join(FILE);
    atomic::write(&path, text.as_bytes(), None)?;
    Ok(path)
}
