//! Changes to a `boot.toml` that its owner wrote: comments, order and layout stay.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, InlineTable, Value};

use crate::manifest::{Error, Manifest, Result, Source, Tool, Written};
use crate::store::{self, atomic};

/// Changes the manifest at `path`, and says whether that changed a byte. What would come out of it
/// is read before it is written: a manifest that can't be applied is never left behind.
pub(crate) fn change(path: &Path, with: impl FnOnce(&mut DocumentMut)) -> Result<bool> {
    let (path, new) = match changed(path, with)? {
        Some(changed) => changed,
        None => return Ok(false),
    };
    atomic::write(&path, new.as_bytes(), None)?;
    Ok(true)
}

/// As [`change`], without writing it: the file to write, and its new text; None where nothing
/// changes. A manifest that isn't there begins with its version.
pub(crate) fn changed(
    path: &Path,
    with: impl FnOnce(&mut DocumentMut),
) -> Result<Option<(PathBuf, String)>> {
    let (path, old) = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            (path.to_path_buf(), String::new())
        }
        // The file itself, where a link leads to it.
        _ => {
            let path = fs::canonicalize(path).map_err(store::Error::io("read", path))?;
            let old = fs::read_to_string(&path).map_err(store::Error::io("read", &path))?;
            (path, old)
        }
    };
    let (mark, text) = match old.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", old.as_str()),
    };
    let start = if old.is_empty() {
        "version = 1\n"
    } else {
        text
    };
    let mut document: DocumentMut =
        start
            .parse()
            .map_err(|error: toml_edit::TomlError| Error::Content {
                what: path.display().to_string(),
                reason: error
                    .message()
                    .lines()
                    .next()
                    .unwrap_or("it isn't TOML")
                    .into(),
                hint: "boot plan shows where",
            })?;
    with(&mut document);
    let mut new = document.to_string();
    if text.contains("\r\n") {
        // The document has forgotten them. Only a line that is new can have had another end where
        // they are mixed.
        new = with_ends_of(text, &new);
    }
    if new == text {
        return Ok(None);
    }
    Manifest::parse(&new, &path.display().to_string())?;
    Ok(Some((path, format!("{mark}{new}"))))
}

/// `new` with the line ends that `old` has: CRLF for every line unless `old` has it as LF alone.
fn with_ends_of(old: &str, new: &str) -> String {
    let short: HashSet<&str> = old
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .filter(|line| !line.ends_with('\r'))
        .collect();
    let mut text = String::with_capacity(new.len() + new.len() / 16);
    for line in new.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(plain) if !plain.ends_with('\r') && !short.contains(plain) => {
                text.push_str(plain);
                text.push_str("\r\n");
            }
            _ => text.push_str(line),
        }
    }
    text
}

/// A tool as `[tools]` has it: its version, or a table of what is asked for beside it.
pub(crate) fn tool(tool: &Tool) -> Value {
    let mut options = InlineTable::new();
    let version = tool.version.as_deref().unwrap_or("*");
    if version != "*" {
        options.insert("version", version.into());
    }
    if !tool.suffix.is_empty() {
        options.insert("suffix", tool.suffix.as_str().into());
    }
    match &tool.source {
        Some(Source::Git { url, rev }) => {
            options.insert("git", url.as_str().into());
            if let Some(rev) = rev {
                options.insert("rev", rev.as_str().into());
            }
        }
        Some(Source::Folder(path)) => {
            drop(options.insert("path", path.display().to_string().into()))
        }
        None => {}
    }
    if !tool.extras.is_empty() {
        options.insert("extras", tool.extras.iter().collect::<Array>().into());
    }
    if !tool.inject.is_empty() {
        let inject = tool.inject.iter().map(Written::as_str);
        options.insert("inject", inject.collect::<Array>().into());
    }
    if let Some(python) = &tool.python {
        options.insert("python", python.as_str().into());
    }
    if !tool.expose.is_empty() {
        let expose: InlineTable = tool
            .expose
            .iter()
            .map(|(name, command)| (name.as_str(), Value::from(command.as_str())))
            .collect();
        options.insert("expose", expose.into());
    }
    // Nothing but a version, or not even that.
    if options.iter().all(|(key, _)| key == "version") {
        version.into()
    } else {
        options.into()
    }
}

/// Appends to the list at `table`.`key`, in the layout that it has. Both are made where they aren't
/// there.
pub(crate) fn append(document: &mut DocumentMut, table: &str, key: &str, text: &str) {
    let Some(table) = self::table(document, table) else {
        return;
    };
    let list = table
        .entry(key)
        .or_insert_with(|| toml_edit::value(Array::new()));
    let Some(list) = list.as_array_mut() else {
        return;
    };
    let before = list
        .iter()
        .last()
        .and_then(|last| last.decor().prefix()?.as_str().map(str::to_string));
    let mut new = Value::from(text);
    match before {
        Some(before) if list.len() > 1 || before.contains('\n') => {
            new.decor_mut().set_prefix(before)
        }
        Some(_) => new.decor_mut().set_prefix(" "),
        None => {}
    }
    list.push_formatted(new);
}

/// Sets `table`.`key`; the table is made where it isn't there.
pub(crate) fn set(document: &mut DocumentMut, table: &str, key: &str, value: Value) {
    if let Some(table) = self::table(document, table) {
        table.insert(key, toml_edit::value(value));
    }
}

/// None where something else than a table has its name; whoever reads the manifest says so.
fn table<'d>(
    document: &'d mut DocumentMut,
    name: &str,
) -> Option<&'d mut dyn toml_edit::TableLike> {
    document
        .entry(name)
        .or_insert_with(|| toml_edit::Item::Table(toml_edit::Table::new()))
        .as_table_like_mut()
}
