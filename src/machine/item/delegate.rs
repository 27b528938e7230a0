//! A repository that is chezmoi's or yadm's: its dotfiles are that program's business. boot calls
//! it, after consent, and does the rest.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Kind, dotfile, script};
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Item, View};
use crate::machine::{Error, Result};
use crate::manifest::{FILE, Manager, Manifest, Place};
use crate::store::digest::Sha256;
use crate::{Context, store};

#[derive(Debug)]
struct DelegateItem {
    manager: Manager,
    place: Place,
    /// Of what the repository holds now.
    content: Sha256,
}

pub(super) fn wanted(manifest: &Manifest) -> Result<Vec<Box<dyn Item>>> {
    let mut items: Vec<Box<dyn Item>> = Vec::new();
    for dotfiles in &manifest.dotfiles {
        let Some(manager) = dotfiles.manager else {
            continue;
        };
        items.push(Box::new(DelegateItem {
            manager,
            place: dotfiles.place.clone(),
            content: hash_content(&dotfiles.place)?,
        }));
    }
    Ok(items)
}

impl Item for DelegateItem {
    fn kind(&self) -> Kind {
        dotfile::KIND
    }

    fn id(&self) -> String {
        self.manager.name().into()
    }

    fn line(&self) -> String {
        let name = self.manager.name();
        format!(
            "all of them by {name}, whose repository this is: what {name} runs isn't shown here"
        )
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        let before = view.applied.handed_over.get(self.manager.name());
        Ok(Assessment::done_if(before == Some(&self.content)))
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        let name = self.manager.name();
        run_manager(run.ctx, self.manager, &self.place)?;
        let mut applied = run.applied();
        applied.handed_over.insert(name.into(), self.content);
        applied.write(&run.ctx.paths)?;
        Ok(Some(format!("placed by {name}")))
    }
}

/// The hash of what the repository holds now: delegated again when it changes. Nothing of it
/// runs for this; asking the manager would run what templates call.
fn hash_content(place: &Place) -> Result<Sha256> {
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
            Some(".git" | FILE | "boot.lock")
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
fn run_manager(ctx: &Context, manager: Manager, place: &Place) -> Result<()> {
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
    script::run_command(ctx, command.current_dir(&ctx.paths.home))
}
