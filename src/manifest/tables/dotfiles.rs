//! `[dotfiles]`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::manifest::condition::Only;
use crate::manifest::document::{self, Table};
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
    /// What is said of single ones.
    pub entries: Vec<Entry>,
    /// Who takes care of them instead of boot.
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
    /// Whose repository `folder` is, by what lies there: chezmoi's have its own files or names at
    /// the top, `.chezmoiroot`, `dot_bashrc`, `private_dot_ssh` (chezmoi's "Source state
    /// attributes"); yadm's have its configuration, or names of its alternates,
    /// `.bashrc##os.Linux`.
    pub(crate) fn of(folder: &Path) -> Option<Manager> {
        let names = |folder: &Path| -> Vec<String> {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()
        };
        let attributes = [
            "private_",
            "readonly_",
            "empty_",
            "executable_",
            "exact_",
            "create_",
            "modify_",
            "remove_",
            "symlink_",
            "encrypted_",
        ];
        let plain = |name: &str| {
            let mut rest = name;
            while let Some(next) = attributes
                .iter()
                .find_map(|attribute| rest.strip_prefix(attribute))
            {
                rest = next;
            }
            rest.starts_with("dot_")
        };
        let top = names(folder);
        if top
            .iter()
            .any(|name| name.starts_with(".chezmoi") || plain(name))
        {
            return Some(Manager::Chezmoi);
        }
        let alternate = |names: &[String]| names.iter().any(|name| name.contains("##"));
        let is_yadm = folder.join(".config/yadm").is_dir()
            || alternate(&top)
            || alternate(&names(&folder.join(".config")));
        is_yadm.then_some(Manager::Yadm)
    }

    /// The command.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Manager::Chezmoi => "chezmoi",
            Manager::Yadm => "yadm",
        }
    }
}

pub(in crate::manifest) fn dotfiles(top: &Table<'_>) -> document::Result<Option<Dotfiles>> {
    let Some(table) = top.table("dotfiles", "[dotfiles]")? else {
        return Ok(None);
    };
    let keys: Vec<&str> = table
        .entries()
        .map(|(key, _)| key.value)
        .filter(|key| !key.starts_with(['~', '/', '.']))
        .collect();
    if let Some(wrong) = keys
        .into_iter()
        .find(|key| !["root", "manager"].contains(key))
    {
        let span = table.key(wrong).unwrap_or(0..0);
        let hint = nearest(wrong, &["root", "manager"])
            .map_or("a single file is written \"~/.vimrc\"".into(), |word| {
                format!("did you mean {word}?")
            });
        return Err(table.problem(
            &span,
            format!("{} isn't a key of [dotfiles]", escaped(wrong)),
            hint,
        ));
    }
    let mut found = Dotfiles {
        root: "home".into(),
        ..Dotfiles::default()
    };
    found.manager = match word(&table, "manager", &["chezmoi", "yadm"])? {
        Some("chezmoi") => Some(Manager::Chezmoi),
        Some(_) => Some(Manager::Yadm),
        None => None,
    };
    if let (Some(manager), Some((other, _))) = (
        found.manager,
        table.entries().find(|(key, _)| key.value != "manager"),
    ) {
        let message = format!(
            "{} places the dotfiles of this repository, and boot none",
            manager.name()
        );
        return Err(table.problem(
            &other.span,
            message,
            "keep manager, or what boot is to place",
        ));
    }
    if let Some(root) = table.string("root")? {
        found.root = inside(&root.value).ok_or_else(|| {
            table.problem(
                &root.span,
                format!("{} is outside of the repository", escaped(&root.value)),
                "name a folder of the repository, like \"home\"",
            )
        })?;
    }
    for (key, value) in table
        .entries()
        .filter(|(key, _)| !["root", "manager"].contains(&key.value))
    {
        let target = key
            .value
            .strip_prefix("~/")
            .and_then(inside)
            .ok_or_else(|| {
                let message = format!("{} is outside of the home directory", escaped(key.value));
                table.problem(
                    &key.span,
                    message,
                    "boot writes dotfiles below ~ only; do the rest in a [[run]] script",
                )
            })?;
        let Some(options) = table.as_table(value, "a dotfile") else {
            return Err(table.problem(
                &value.span(),
                format!("{} should be a table", escaped(key.value)),
                "write { mode = \"link\" } or { mode = \"copy\", chmod = \"600\" }",
            ));
        };
        found
            .entries
            .push(entry(&options, target, table.place(&key.span))?);
    }
    Ok(Some(found))
}

fn entry(options: &Table<'_>, target: PathBuf, at: String) -> document::Result<Entry> {
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
