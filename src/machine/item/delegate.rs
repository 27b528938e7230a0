//! A repository that is chezmoi's or yadm's: its dotfiles are that program's business. boot calls
//! it, after consent, and does the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::item::script;
use crate::machine::{Error, Result};
use crate::manifest::{Manager, Place};
use crate::store::digest::Sha256;
use crate::{Context, store};

/// What the repository holds now, as one hash: handed over again when it changes. Nothing of it
/// runs for this; asking the manager would run what templates call.
pub(crate) fn content(place: &Place) -> Result<Sha256> {
    let mut lines = Vec::new();
    walk(place.readable(), Path::new(""), &mut lines)?;
    lines.sort();
    Ok(Sha256::of(lines.join("\n").as_bytes()))
}

fn walk(base: &Path, below: &Path, lines: &mut Vec<String>) -> Result<()> {
    let folder = base.join(below);
    for entry in fs::read_dir(&folder).map_err(store::Error::io("read", &folder))? {
        let entry = entry.map_err(store::Error::io("read", &folder))?;
        let kind = entry
            .file_type()
            .map_err(store::Error::io("read", &entry.path()))?;
        let path = below.join(entry.file_name());
        if matches!(
            entry.file_name().to_str(),
            Some(".git" | crate::manifest::FILE | "boot.lock")
        ) {
            continue;
        }
        if kind.is_dir() {
            walk(base, &path, lines)?;
        } else if kind.is_file() {
            let bytes = fs::read(entry.path()).map_err(store::Error::io("read", &entry.path()))?;
            lines.push(format!("{} {}", Sha256::of(&bytes), path.display()));
        } else if kind.is_symlink() {
            let leads =
                fs::read_link(entry.path()).map_err(store::Error::io("read", &entry.path()))?;
            lines.push(format!("-> {} {}", leads.display(), path.display()));
        }
    }
    Ok(())
}

/// Lets the manager place its dotfiles. Questions are its own to ask.
pub(crate) fn apply(ctx: &Context, manager: Manager, place: &Place) -> Result<()> {
    let name = manager.name();
    if which::which_global(name).is_err() && !ctx.paths.bin.join(name).exists() {
        return Err(Error::Item(format!(
            "{name} isn't installed, and this repository is {name}'s\n\
             install it (the system's packages have it as a rule), then: boot apply"
        )));
    }
    let mut command = Command::new(name);
    match manager {
        Manager::Chezmoi => command.arg("--source").arg(&place.root).arg("apply"),
        // yadm's repository lies beside the home directory, which is its working tree: a clone of
        // ours gives it the content.
        Manager::Yadm => {
            let known = Command::new(name)
                .args(["rev-parse", "--git-dir"])
                .output()
                .is_ok_and(|output| output.status.success());
            if !known && !place.root.join(".git").exists() {
                return Err(Error::Item(format!(
                    "yadm works with git, and {} is no repository of git: without git an archive \
                     was fetched\ninstall git, then: yadm clone URL",
                    ctx.paths.tilde(&place.root)
                )));
            }
            if known {
                command.arg("pull")
            } else {
                command.args(["clone", "--no-bootstrap"]).arg(&place.root)
            }
        }
    };
    script::finish(ctx, command.current_dir(&ctx.paths.home))
}
