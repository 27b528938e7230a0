//! The environments that boot knows: listed, removed, and put back, on purpose.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::{self, Environment, Standing};
use super::repair::{self, RepairState};
use super::trust::{self, Kind, TrustedVenv};
use super::{Error, locate, venv};
use crate::Context;
use crate::store::paths::Paths;
use crate::store::{self, atomic, generation};

/// One environment that boot knows.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Listed {
    /// Of named ones.
    pub name: Option<String>,
    /// As the user knows it: a project's `.venv`.
    pub path: PathBuf,
    /// The folder itself, where that is another.
    pub environment: PathBuf,
    /// As it is now; None where it can't be known.
    pub python: Option<String>,
    /// None: it is a named one of boot's that nobody trusts any more, so it isn't activated.
    pub kind: Option<Kind>,
    pub works: bool,
    /// Its Python had moved; it is bound to it again.
    pub repaired: bool,
    /// The Python, as a request, that has to be installed for it to work again.
    pub lost: Option<String>,
    /// Its project doesn't lead to it: it can be restored, and is deleted after a month.
    pub kept: bool,
}

/// The named environments that stand in boot's own folder, whatever the list of what is trusted
/// says.
fn list_named(paths: &Paths) -> Vec<PathBuf> {
    let Ok(folder) = fs::canonicalize(paths.venvs()) else {
        return Vec::new();
    };
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let folders = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path());
    let mut all: Vec<PathBuf> = folders
        .filter(|path| venv::Config::read(path).is_some_and(|config| config.boot))
        .collect();
    all.sort();
    all
}

/// What `boot venv remove` can be told: names, and the paths of those in projects. Changes nothing.
pub(crate) fn list_removable(paths: &Paths) -> Vec<String> {
    let venvs = fs::canonicalize(paths.venvs()).unwrap_or_else(|_| paths.venvs());
    let known = trust::list_trusted(paths)
        .unwrap_or_default()
        .into_iter()
        .filter(|known| known.kind == Kind::Made)
        .map(|known| known.path);
    let projects = environment::list(paths)
        .into_iter()
        .filter(Environment::is_in_use)
        .map(|venv| venv.project().join(venv::NAME));
    let all = list_named(paths).into_iter().chain(known).chain(projects);
    all.map(|path| {
        path.strip_prefix(&venvs)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned()
    })
    .collect()
}

/// Every environment that boot made or was told to trust. Those whose Python has moved are repaired,
/// those that nothing has used for a month are deleted.
///
/// # Errors
/// The list of what is trusted can't be read.
pub(crate) fn list_environments(ctx: &Context) -> Result<Vec<Listed>, Error> {
    let paths = &ctx.paths;
    environment::sweep(paths);
    let venvs = fs::canonicalize(paths.venvs()).unwrap_or_else(|_| paths.venvs());
    let known = trust::list_trusted(paths)?
        .into_iter()
        .filter(|known| matches!(known.kind, Kind::Made | Kind::Trusted));
    let mut listed: Vec<Listed> = Vec::new();
    for known in known {
        let trusted = trust::check(paths, &known.path).ok();
        let name = known
            .path
            .strip_prefix(&venvs)
            .ok()
            .map(|name| name.display().to_string());
        listed.push(Listed {
            name,
            ..describe(
                ctx,
                known.path.clone(),
                known.path,
                Some(known.kind),
                trusted,
            )
        });
    }
    for path in list_named(paths) {
        if listed.iter().all(|listed| listed.path != path) {
            let name = path
                .strip_prefix(&venvs)
                .ok()
                .map(|name| name.display().to_string());
            listed.push(Listed {
                name,
                ..describe(ctx, path.clone(), path, None, None)
            });
        }
    }
    for mut environment in environment::list(paths) {
        if let Some(project) = renamed_to(paths, &environment) {
            // Its project is known by its link only when somebody stands there.
            let _ = environment.give_to(&project);
        }
        if let Standing::Moved(found, old) = environment::inspect(paths, environment.project())
            && found == environment
        {
            // One that can't be put in order is listed as it is.
            let _ = environment::repair_moved(&environment, &old);
        }
        let trusted = trust::check_environment(&environment).ok();
        let path = environment.project().join(venv::NAME);
        let line = describe(
            ctx,
            path,
            environment.root().into(),
            Some(Kind::Made),
            trusted,
        );
        listed.push(Listed {
            kept: !environment.is_in_use(),
            ..line
        });
    }
    listed.sort_by(|a, b| (&a.name, &a.path, a.kept).cmp(&(&b.name, &b.path, b.kept)));
    Ok(listed)
}

/// The project that the environment moved with, where the folder that is stood in, or one above, is
/// it.
fn renamed_to(paths: &Paths, environment: &Environment) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find_map(|folder| match environment::inspect(paths, folder) {
            Standing::Renamed(found) if found == *environment => fs::canonicalize(folder).ok(),
            _ => None,
        })
}

fn describe(
    ctx: &Context,
    path: PathBuf,
    root: PathBuf,
    kind: Option<Kind>,
    trusted: Option<TrustedVenv>,
) -> Listed {
    let state = trusted.and_then(|venv| repair::repair(ctx, &venv, None).ok());
    Listed {
        name: None,
        python: locate::interpreter(&ctx.paths, &root)
            .map(|key| key.version.to_string())
            .or_else(|| venv::Config::read(&root).map(|config| config.version)),
        kind,
        works: venv::works(&root),
        repaired: state == Some(RepairState::Repaired),
        lost: match state {
            Some(RepairState::Lost(request)) => Some(request),
            _ => None,
        },
        kept: false,
        environment: root,
        path,
    }
}

/// Removes an environment that boot made: by its path, its project's, or its name.
///
/// # Errors
/// Boot made no such environment; or it can't be removed.
pub(crate) fn remove_environment(
    ctx: &Context,
    here: &Path,
    what: &Path,
) -> Result<PathBuf, Error> {
    let named = list_named(&ctx.paths);
    let mut made: Vec<PathBuf> = trust::list_trusted(&ctx.paths)?
        .into_iter()
        .filter(|known| known.kind == Kind::Made)
        .map(|known| known.path)
        .collect();
    made.extend(named.iter().cloned());
    let path = here.join(what);
    let real = path
        .parent()
        .and_then(|folder| Some(fs::canonicalize(folder).ok()?.join(path.file_name()?)))
        .unwrap_or(path);
    let venvs = fs::canonicalize(ctx.paths.venvs())
        .map(|folder| folder.join(what))
        .ok();
    let candidates = [ctx.paths.venvs().join(what)].into_iter().chain(venvs);
    let target = candidates
        .chain([real.clone(), real.join(venv::NAME)])
        .find(|path| made.contains(path));
    let Some(target) = target else {
        return remove_of_project(ctx, &real, what);
    };
    let _lock = venv::lock(ctx, &target)?;
    // Another folder may stand there by now.
    let gone = fs::symlink_metadata(&target).is_err();
    if !gone {
        if !named.contains(&target) {
            trust::check(&ctx.paths, &target).map_err(Error::Refused)?;
        }
        atomic::remove_folder(&target)?;
    }
    trust::forget(ctx, &target)?;
    generation::advance(&ctx.paths)?;
    Ok(target)
}

/// Removes the environment whose project or link is at `real`, or which is itself there; else the
/// one that is kept for it.
fn remove_of_project(ctx: &Context, real: &Path, what: &Path) -> Result<PathBuf, Error> {
    let is_meant = |environment: &Environment| {
        let project = environment.project();
        let is_projects = project == real || project.join(venv::NAME) == real;
        // One that is kept is only removed by its own path: the same command typed twice takes
        // nothing more.
        environment.root() == real || (is_projects && environment.is_in_use())
    };
    let found = environment::list(&ctx.paths).into_iter().find(is_meant);
    let environment = found.ok_or_else(|| Error::NotMade(what.into()))?;
    let link = environment.project().join(venv::NAME);
    let _lock = venv::lock(ctx, &link)?;
    environment.remove()?;
    generation::advance(&ctx.paths)?;
    Ok(link)
}

/// Has a project lead to its environment of before again; the one it has now is kept in turn.
/// Returns the project's `.venv`.
///
/// # Errors
/// None is kept, or something of somebody else stands at the project's `.venv`.
pub(crate) fn restore_environment(ctx: &Context, here: &Path) -> Result<PathBuf, Error> {
    let located = locate::locate(&ctx.paths, here)
        .project
        .map(|project| project.folder);
    let candidates = [Some(here.to_path_buf()), located];
    for folder in candidates.into_iter().flatten() {
        let folder = fs::canonicalize(&folder).map_err(store::Error::io("find", &folder))?;
        let Some(environment) = environment::list_kept(&ctx.paths, &folder)
            .into_iter()
            .next()
        else {
            continue;
        };
        let link = folder.join(venv::NAME);
        let _lock = venv::lock(ctx, &link)?;
        match environment::inspect(&ctx.paths, &folder) {
            Standing::Foreign(_) | Standing::Unusable => return Err(Error::Displaced(link)),
            _ => environment.link()?,
        }
        generation::advance(&ctx.paths)?;
        return Ok(link);
    }
    Err(Error::NothingKept(here.into()))
}
