//! `boot self uninstall`: takes away what boot made, by name, and nothing else: the links of
//! projects to their environments, too. What is the user's stays: the dotfiles repository, backups,
//! settings.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Error, Result, bootx, own_binary};
use crate::Context;
use crate::machine::applied::{Applied, Placed};
use crate::machine::item::dotfile;
use crate::project::environment;
use crate::report::Silent;
use crate::shell::{Shell, install};
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, atomic, cache};
use crate::tool::{expose, manuals};

/// The parts that would be removed, and those that stay.
#[derive(Debug)]
pub(crate) struct Plan {
    binary: PathBuf,
    /// Folders and files of boot's, those that are there.
    pub going: Vec<PathBuf>,
    /// Start-up files that have the hook.
    pub hooked: Vec<PathBuf>,
    /// The user's, those that are there.
    pub staying: Vec<PathBuf>,
}

/// Looks at what is there; touches nothing.
pub(crate) fn plan(paths: &Paths) -> Result<Plan> {
    let binary = own_binary(paths)?;
    let there = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let full =
        |path: &PathBuf| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    let mut going = vec![paths.pythons(), paths.tools(), paths.venvs(), paths.shims()];
    going.push(paths.data.join("shell"));
    // Dotfiles that are links are edited where they lead.
    let applied = Applied::read(paths)?;
    let extends = paths.data.join("extends");
    let lead_there = |(target, placed): (&String, &Placed)| {
        matches!(placed, Placed::Link(source) if source.starts_with(&extends))
            && dotfile::is_placed_at(paths, target, placed)
    };
    let in_use = applied.dotfiles.iter().any(lead_there);
    if !in_use {
        going.push(extends.clone());
    }
    going.extend([
        paths.trust_file(),
        store::generation::file_path(paths),
        paths.log(),
        paths.locks(),
    ]);
    going.extend(["entry.log", "entry.done"].map(|name| paths.state.join(name)));
    // What was moved out of the way is found again by what was written down about it.
    let backups = paths.backups();
    if !full(&backups) {
        going.extend([backups.clone(), paths.applied_file()]);
    }
    // The pin that an apply wrote is boot's, one that was typed is the user's.
    let pin = paths.global_pin();
    let wrote = applied.default_python;
    let is_own = wrote.is_some_and(|wrote| {
        fs::read_to_string(&pin).is_ok_and(|text| text.trim() == wrote.trim())
    });
    if is_own {
        going.push(pin.clone());
    }
    going.push(paths.cache.clone());
    going.extend(
        [binary.clone(), paths.bin.join("boot")]
            .iter()
            .filter_map(|boot| bootx::removable(boot)),
    );
    going.push(binary.clone());
    going.retain(there);
    let hooked = install::removal(paths, &Shell::ALL)?;
    let hooked = hooked
        .iter()
        .filter(|change| change.is_needed() && !change.is_own(paths))
        .map(|change| change.file.clone())
        .collect();
    let mut staying: Vec<PathBuf> = [paths.dotfiles(), backups]
        .into_iter()
        .filter(full)
        .collect();
    staying.extend(in_use.then_some(extends));
    let settings = fs::read_dir(&paths.config).into_iter().flatten().flatten();
    if settings
        .map(|entry| entry.path())
        .any(|path| !(is_own && path == pin))
    {
        staying.push(paths.config.clone());
    }
    Ok(Plan {
        binary,
        going,
        hooked,
        staying,
    })
}

/// Does it. The hook goes first, so that no shell asks a boot that is gone; the binary last, so
/// that a run that was cut off can be done again.
pub(crate) fn uninstall(ctx: &Context, plan: &Plan) -> Result<()> {
    let paths = &ctx.paths;
    let lock = Lock::hold(&paths.locks(), "apply", ctx.report.as_ref())?;
    install::apply(&install::removal(paths, &Shell::ALL)?)?;
    {
        let _bin = Lock::hold(&paths.locks(), "bin", &Silent)?;
        for entry in fs::read_dir(paths.tools()).into_iter().flatten().flatten() {
            let tool = entry.file_name().to_string_lossy().into_owned();
            expose::unlink(paths, &tool).map_err(|error| match error {
                expose::Error::Store(error) => Error::Store(error),
                other => Error::Store(store::Error::io("remove the links in", &paths.bin)(
                    std::io::Error::other(other.to_string()),
                )),
            })?;
            manuals::unlink(paths, &tool)?;
        }
    }
    for environment in environment::list(paths)
        .iter()
        .filter(|environment| environment.is_in_use())
    {
        environment.unlink()?;
    }
    cache::clean(paths)?;
    drop(lock);
    for path in plan
        .going
        .iter()
        .filter(|path| **path != plan.binary && **path != paths.cache)
    {
        match fs::symlink_metadata(path) {
            Ok(data) if data.is_dir() => atomic::remove_folder(path)?,
            Ok(_) => fs::remove_file(path).map_err(store::Error::io("remove", path))?,
            Err(_) => {}
        }
    }
    fs::remove_file(&plan.binary).map_err(store::Error::io("remove", &plan.binary))?;
    // Folders that are empty now; one that holds anything isn't removed, and its parents neither.
    let man = paths.xdg_data.join("man/man1");
    for folder in [
        &paths.data,
        &paths.state,
        &paths.cache,
        &paths.config,
        &paths.bin,
        &man,
    ] {
        atomic::sweep(folder);
        remove_empty(folder, &paths.home);
    }
    Ok(())
}

/// Removes `folder` and then its parents below `home`, as far as they are empty.
fn remove_empty(folder: &Path, home: &Path) {
    let below = |folder: &&Path| folder.starts_with(home) && *folder != home;
    let _ =
        folder
            .ancestors()
            .take_while(below)
            .try_for_each(|folder| match fs::remove_dir(folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            });
}
