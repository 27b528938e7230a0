//! `[dotfiles]`.

use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use crate::manifest::condition::Only;
use crate::manifest::document::{self, At, Table};
use crate::manifest::{Place, inside, word};
use crate::report::escaped;
use crate::report::nearest;

/// The dotfiles of one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dotfiles {
    pub place: Place,
    /// Every file below it is linked to the same place below the home directory. Relative to the
    /// repository.
    pub root: PathBuf,
    /// The lines of single ones.
    pub entries: Vec<Entry>,
    /// The program that takes care of them instead of boot.
    pub manager: Option<Manager>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Relative to the home directory; its source is the same below `root`.
    pub target: PathBuf,
    pub mode: Mode,
    pub chmod: Option<u32>,
    pub only: Only,
    /// `boot.toml:7:1`, for complaints that need a look at the disk.
    pub at: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Link,
    Copy,
    /// A copy with its variables filled in.
    Template,
}

/// A program whose repository this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    Chezmoi,
    Yadm,
}

impl Manager {
    /// The command.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Manager::Chezmoi => "chezmoi",
            Manager::Yadm => "yadm",
        }
    }
}

/// Reads the dotfiles of a repository: their root, what is said of some, or who else places them.
pub(in crate::manifest) fn read_dotfiles(top: &Table<'_>) -> document::Result<Option<Dotfiles>> {
    let Some(table) = top.table("dotfiles", "[dotfiles]")? else {
        return Ok(None);
    };
    check_keys(&table)?;
    let mut dotfiles = Dotfiles {
        root: "home".into(),
        manager: read_manager(&table)?,
        ..Dotfiles::default()
    };
    if let Some(root) = table.string("root")? {
        dotfiles.root = inside(&root.value).ok_or_else(|| {
            table.problem(
                &root.span,
                format!("{} is outside of the repository", escaped(&root.value)),
                "name a folder of the repository, like \"home\"",
            )
        })?;
    }
    for (key, value) in table.entries() {
        if !KEYS.contains(&key.value) {
            dotfiles.entries.push(read_entry(&table, &key, value)?);
        }
    }
    Ok(Some(dotfiles))
}

/// The keys that are no paths.
const KEYS: [&str; 2] = ["root", "manager"];

/// Fails where a key is neither a path nor one of [`KEYS`].
fn check_keys(table: &Table<'_>) -> document::Result<()> {
    let is_wrong =
        |key: &At<&str>| !key.value.starts_with(['~', '/', '.']) && !KEYS.contains(&key.value);
    let Some(wrong) = table.entries().map(|(key, _)| key).find(is_wrong) else {
        return Ok(());
    };
    let hint = nearest(wrong.value, &KEYS)
        .map_or("a single file is written \"~/.vimrc\"".into(), |word| {
            format!("did you mean {word}?")
        });
    Err(table.problem(
        &wrong.span,
        format!("{} isn't a key of [dotfiles]", escaped(wrong.value)),
        hint,
    ))
}

/// Reads who else places the dotfiles; then nothing else can be said of them.
fn read_manager(table: &Table<'_>) -> document::Result<Option<Manager>> {
    let manager = match word(table, "manager", &["chezmoi", "yadm"])? {
        Some("chezmoi") => Manager::Chezmoi,
        Some(_) => Manager::Yadm,
        None => return Ok(None),
    };
    let mut keys = table.entries().map(|(key, _)| key);
    match keys.find(|key| key.value != "manager") {
        None => Ok(Some(manager)),
        Some(other) => Err(table.problem(
            &other.span,
            format!(
                "{} places the dotfiles of this repository, and boot none",
                manager.name()
            ),
            "keep manager, or what boot is to place",
        )),
    }
}

/// Reads the line of a single file, as in `"~/.ssh/config" = { mode = "copy" }`.
fn read_entry(
    table: &Table<'_>,
    key: &At<&str>,
    value: &Spanned<DeValue<'_>>,
) -> document::Result<Entry> {
    let Some(target) = key.value.strip_prefix("~/").and_then(inside) else {
        let message = format!("{} is outside of the home directory", escaped(key.value));
        return Err(table.problem(
            &key.span,
            message,
            "boot writes dotfiles below ~ only; do the rest in a [[run]] script",
        ));
    };
    let Some(options) = table.as_table(value, "a dotfile") else {
        return Err(table.problem(
            &value.span(),
            format!("{} should be a table", escaped(key.value)),
            "write { mode = \"link\" } or { mode = \"copy\", chmod = \"600\" }",
        ));
    };
    read_options(&options, target, table.place(&key.span))
}

fn read_options(options: &Table<'_>, target: PathBuf, at: String) -> document::Result<Entry> {
    options.only_keys(&["mode", "chmod", "only"])?;
    let mode = match word(options, "mode", &["link", "copy", "template"])? {
        Some("copy") => Mode::Copy,
        Some("template") => Mode::Template,
        _ => Mode::Link,
    };
    let chmod = match options.string("chmod")? {
        None => None,
        Some(text) if mode == Mode::Link => {
            return Err(options.problem(
                &text.span,
                "a link has no mode of its own",
                "write mode = \"copy\" beside chmod",
            ));
        }
        Some(text) => match u32::from_str_radix(&text.value, 8) {
            Ok(bits) if bits <= 0o777 && bits & 0o400 != 0 => Some(bits),
            _ => {
                let message = format!("{} isn't a file's mode", escaped(&text.value));
                return Err(options.problem(&text.span, message, "write \"600\" or \"755\""));
            }
        },
    };
    Ok(Entry {
        target,
        mode,
        chmod,
        only: Only::read(options)?,
        at,
    })
}
