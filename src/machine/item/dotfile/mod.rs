//! A dotfile: linked, copied or filled in below the home directory, and taken away once the
//! manifest no longer has it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{Kind, counted};
use crate::machine::Result;
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Conflict, Effect, Item, State, View};
use crate::manifest::{Manifest, Mode};
use crate::store::paths::Paths;

mod list;
mod place;
mod state;

pub(crate) use list::{Dotfile, list};
pub(crate) use place::{forget, place, settle, supplant};
pub(crate) use state::{
    FileState, can_go, check_place, file_state, is_placed, is_placed_at, link_above,
};

pub(crate) const KIND: Kind = Kind {
    name: "dotfile",
    plural: "dotfiles",
    counted: |number| counted(number, "dotfile"),
};

#[derive(Debug)]
struct DotfileItem {
    dotfile: Dotfile,
    /// A folder above it that boot has linked whole, and that goes first.
    link_above: Option<String>,
}

/// A dotfile that boot placed and that the manifest no longer has.
#[derive(Debug)]
struct RemovedDotfileItem {
    target: String,
}

/// The dotfiles of every repository, and those that are no longer in one.
pub(super) fn wanted(manifest: &Manifest, view: &View<'_>) -> Result<Vec<Box<dyn Item>>> {
    let (paths, applied) = (&view.ctx.paths, view.applied);
    let mut items: Vec<Box<dyn Item>> = Vec::new();
    let (mut wanted, mut going) = (BTreeSet::new(), BTreeSet::new());
    for dotfile in list(manifest, &view.here)? {
        let link_above = link_above(paths, applied, &dotfile.target);
        if let Some(link) = link_above.filter(|link| going.insert(*link)) {
            let target = link.to_string();
            items.push(Box::new(RemovedDotfileItem { target }));
        }
        wanted.insert(dotfile.target.clone());
        items.push(Box::new(DotfileItem {
            dotfile,
            link_above: link_above.map(str::to_string),
        }));
    }
    let is_left = |target: &&String| !wanted.contains(*target) && !going.contains(target.as_str());
    for target in applied.dotfiles.keys().filter(is_left) {
        if can_go(paths, applied, target) {
            let target = target.clone();
            items.push(Box::new(RemovedDotfileItem { target }));
        }
    }
    Ok(items)
}

impl Item for DotfileItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        format!("~/{}", self.dotfile.target)
    }

    fn line(&self) -> String {
        let (target, source) = (&self.dotfile.target, self.dotfile.source.display());
        match self.dotfile.mode {
            Mode::Link => format!("~/{target} -> {source}"),
            Mode::Copy => format!("~/{target}, a copy of {source}"),
            Mode::Template => format!("~/{target}, from the template {source}"),
        }
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        let paths = &view.ctx.paths;
        check_place(paths, &self.dotfile, self.link_above.as_deref())?;
        self.dotfile.check(&view.vars)?;
        if self.link_above.is_some() {
            // What is seen through the link is the source. The link goes first.
            return Ok(Assessment::todo("instead of a link of its whole folder"));
        }
        Ok(
            match file_state(paths, &view.vars, view.applied, &self.dotfile) {
                FileState::Right => Assessment::done_if(true),
                FileState::Missing => Assessment::todo(""),
                FileState::Own => Assessment::todo("boot's own, of an earlier time"),
                FileState::Foreign(why) => {
                    let conflict = Conflict {
                        why,
                        path: self.id(),
                        remark: format!("{why} that boot did not make"),
                    };
                    Assessment::new(State::Conflict(conflict), "")
                }
            },
        )
    }

    fn apply(&self, run: &Run<'_>, takeover: Takeover) -> Result<Option<String>> {
        let (paths, vars) = (&run.ctx.paths, run.vars());
        let applied = &mut **run.applied();
        // Looked at again: another apply may have put it there since the plan.
        let is_foreign = takeover == Takeover::Agreed
            && matches!(
                file_state(paths, &vars, applied, &self.dotfile),
                FileState::Foreign(_)
            );
        if is_foreign {
            let backup = paths.tilde(&supplant(paths, &vars, applied, &self.dotfile)?);
            return Ok(Some(format!(
                "{}; what was there is in {backup}",
                self.id()
            )));
        }
        place(paths, &vars, applied, &self.dotfile)?;
        Ok(Some(self.id()))
    }

    fn claims(&self, paths: &Paths) -> Vec<PathBuf> {
        vec![paths.home.join(&self.dotfile.target)]
    }

    fn claimant(&self) -> String {
        self.dotfile.from().display().to_string()
    }

    fn variables(&self) -> Result<BTreeSet<String>> {
        self.dotfile.variables()
    }
}

impl Item for RemovedDotfileItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        format!("~/{}", self.target)
    }

    fn line(&self) -> String {
        format!("{} goes: it is no longer in the manifest", self.id())
    }

    fn assess(&self, _: &View<'_>) -> Result<Assessment> {
        Ok(Assessment::todo(""))
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        forget(&run.ctx.paths, &mut run.applied(), &self.target)?;
        Ok(Some(format!("{} is gone", self.id())))
    }

    fn effect(&self) -> Effect {
        Effect::Removes
    }
}

#[cfg(test)]
mod tests;
