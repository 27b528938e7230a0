//! A first `boot.toml`, from what boot has installed on this machine.

use std::path::PathBuf;

use super::manifest::FILE;
use super::{Result, items};
use crate::Context;
use crate::store::atomic;

/// The text of a manifest that asks for what is here.
pub fn text(ctx: &Context) -> String {
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
        let version = tool.version.as_deref().unwrap_or("*");
        let mut options = toml_edit::InlineTable::new();
        for (key, list) in [("extras", &tool.extras), ("inject", &tool.inject)] {
            if !list.is_empty() {
                options.insert(key, list.iter().collect::<toml_edit::Array>().into());
            }
        }
        if let Some(python) = &tool.python {
            options.insert("python", python.as_str().into());
        }
        tools[&tool.name] = if options.is_empty() {
            toml_edit::value(version)
        } else {
            if version != "*" {
                options.insert("version", version.into());
            }
            toml_edit::value(options)
        };
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
pub fn write(ctx: &Context, text: &str) -> Result<PathBuf> {
    let path = ctx.paths.config.join(FILE);
    atomic::write(&path, text.as_bytes(), None)?;
    Ok(path)
}
