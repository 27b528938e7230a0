//! The hook in the start-up files of the shells in use.

use super::Kind;
use crate::Context;
use crate::machine::Result;
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Item, View};
use crate::manifest::Manifest;
use crate::shell::{init, install};
use crate::store;
use crate::store::env::var;

pub(crate) const KIND: Kind = Kind {
    name: "shell",
    plural: "shell",
    counted: |_| "the shell hook".into(),
};

#[derive(Debug)]
struct HookItem;

pub(super) fn wanted(manifest: &Manifest) -> Vec<Box<dyn Item>> {
    match manifest.hook {
        Some(true) => vec![Box::new(HookItem)],
        _ => Vec::new(),
    }
}

impl Item for HookItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        "hook".into()
    }

    fn line(&self) -> String {
        "the hook, in the start-up files of your shells".into()
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        let changes = changes(view.ctx)?;
        let is_there = changes.iter().all(|change| !change.is_needed());
        Ok(Assessment::done_if(is_there))
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        let paths = &run.ctx.paths;
        let changes = changes(run.ctx)?;
        install::apply(&changes)?;
        let files: Vec<String> = changes
            .iter()
            .filter(|change| change.is_needed() && !change.is_own(paths))
            .map(|change| paths.tilde(&change.file))
            .collect();
        Ok(Some(if files.is_empty() {
            "the hook is up to date".into()
        } else {
            format!("the hook, in {}", files.join(", "))
        }))
    }

    /// A start-up file that is a dotfile takes the place of the one with the hook.
    fn is_fragile(&self) -> bool {
        true
    }
}

/// The changes to start-up files that the hook needs.
fn changes(ctx: &Context) -> Result<Vec<install::Change>> {
    let binary =
        init::binary(&ctx.paths).map_err(store::Error::io("find", "boot itself".as_ref()))?;
    Ok(install::plan(
        &ctx.paths,
        &install::in_use(&ctx.paths, var("SHELL").as_deref()),
        &binary,
    )?)
}
