//! The environments that boot knows: listed, removed, and put back, on purpose.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::environment::{self, Environment, Standing};
use super::repair::{self, RepairState};
use super::trust::{self, Kind, TrustedVenv};
use super::{Error, locate, venv};
use crate::Context;
use crate::store::paths::Paths;
use crate::store::{self, atomic, generation, owner};

/// An environment that boot knows.
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

/// Lists the arguments for `boot venv remove`: names, and the paths of those in projects. Changes
/// nothing.
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

/// Every environment that boot made or was told to trust. Those whose Python has moved are
/// repaired, those that nothing has used for a month are deleted; nothing is changed where root
/// looks at another user's.
///
/// # Errors
/// The list of what is trusted can't be read.
pub(crate) fn list_environments(ctx: &Context) -> Result<Vec<Listed>, Error> {
    let upkeep = match owner::foreign_home(&ctx.paths.home) {
        Some(_) => Upkeep::Forbidden,
        None => Upkeep::Allowed,
    };
    if upkeep == Upkeep::Allowed {
        environment::sweep(&ctx.paths);
    }
    let mut listed = describe_folders(ctx, upkeep)?;
    for environment in environment::list(&ctx.paths) {
        listed.push(describe_of_project(ctx, environment, upkeep));
    }
    listed.sort_by(|a, b| (&a.name, &a.path, a.kept).cmp(&(&b.name, &b.path, b.kept)));
    Ok(listed)
}

/// Permission to put listed environments in order on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upkeep {
    Allowed,
    Forbidden,
}

/// Named environments, and those that are folders in projects.
fn describe_folders(ctx: &Context, upkeep: Upkeep) -> Result<Vec<Listed>, Error> {
    let paths = &ctx.paths;
    let venvs = fs::canonicalize(paths.venvs()).unwrap_or_else(|_| paths.venvs());
    let name = |path: &Path| {
        path.strip_prefix(&venvs)
            .ok()
            .map(|name| name.display().to_string())
    };
    let known = trust::list_trusted(paths)?
        .into_iter()
        .filter(|known| matches!(known.kind, Kind::Made | Kind::Trusted));
    let mut listed: Vec<Listed> = Vec::new();
    for known in known {
        let trusted = trust::check(paths, &known.path).ok();
        listed.push(Listed {
            name: name(&known.path),
            kind: Some(known.kind),
            ..describe(ctx, &known.path, trusted, upkeep)
        });
    }
    for path in list_named(paths) {
        if listed.iter().all(|listed| listed.path != path) {
            listed.push(Listed {
                name: name(&path),
                ..describe(ctx, &path, None, upkeep)
            });
        }
    }
    Ok(listed)
}

/// An environment in boot's folder, behind a project's link. One whose project or data folder has
/// moved is put in order first.
fn describe_of_project(ctx: &Context, mut environment: Environment, upkeep: Upkeep) -> Listed {
    let paths = &ctx.paths;
    if upkeep == Upkeep::Allowed {
        // What can't be put in order, or is just being made, is listed as it is.
        if let Some(project) = renamed_to(paths, &environment)
            && let Ok(Some(_lock)) = venv::try_lock(paths, &project.join(venv::NAME))
        {
            // Its project is known by its link only when somebody stands there.
            let _ = environment.give_to(&project);
        }
        if let Standing::Moved(found, old) = environment::inspect(paths, environment.project())
            && found == environment
            && let Ok(Some(_lock)) = venv::try_lock(paths, &environment.project().join(venv::NAME))
        {
            let _ = environment::repair_moved(&environment, &old);
        }
    }
    let trusted = trust::check_environment(&environment).ok();
    Listed {
        path: environment.project().join(venv::NAME),
        kind: Some(Kind::Made),
        kept: !environment.is_in_use(),
        ..describe(ctx, environment.root(), trusted, upkeep)
    }
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

/// The environment `root`; one that may be activated is repaired if need be.
fn describe(ctx: &Context, root: &Path, trusted: Option<TrustedVenv>, upkeep: Upkeep) -> Listed {
    let state = trusted
        .filter(|_| upkeep == Upkeep::Allowed)
        .and_then(|venv| repair::repair(ctx, &venv, None).ok());
    Listed {
        name: None,
        python: locate::interpreter(&ctx.paths, root)
            .map(|key| key.version.to_string())
            .or_else(|| venv::Config::read(root).map(|config| config.version)),
        kind: None,
        works: venv::works(root),
        repaired: state == Some(RepairState::Repaired),
        lost: match state {
            Some(RepairState::Lost(request)) => Some(request),
            _ => None,
        },
        kept: false,
        environment: root.into(),
        path: root.into(),
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

/// An environment of before that can be restored.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Kept {
    /// The argument of `boot venv restore --number`.
    pub number: usize,
    pub environment: PathBuf,
    pub python: Option<String>,
    /// The day on which it came to the project, in UTC.
    pub since: Option<String>,
    /// The packages installed in it beside pip.
    pub packages: Vec<String>,
}

/// The environments of before of the project that `here` is in, the one that is restored without a
/// number first.
///
/// # Errors
/// None is kept.
pub(crate) fn list_kept(ctx: &Context, here: &Path) -> Result<Vec<Kept>, Error> {
    let (_, kept) = find_kept(ctx, here)?;
    let described = kept.iter().zip(1..).map(|(environment, number)| Kept {
        number,
        environment: environment.root().into(),
        python: locate::interpreter(&ctx.paths, environment.root())
            .map(|key| key.version.to_string()),
        since: environment.recorded_at().map(format_day),
        packages: environment.installed_packages(),
    });
    Ok(described.collect())
}

/// Has a project lead to its environment of before again, the one of that number in [`list_kept`];
/// the one it has now is kept in turn. Returns the project's `.venv`.
///
/// # Errors
/// None is kept, or none of that number; or something of somebody else stands at the project's
/// `.venv`.
pub(crate) fn restore_environment(
    ctx: &Context,
    here: &Path,
    number: usize,
) -> Result<PathBuf, Error> {
    let (folder, kept) = find_kept(ctx, here)?;
    let link = folder.join(venv::NAME);
    let Some(environment) = number.checked_sub(1).and_then(|at| kept.get(at)) else {
        return Err(Error::NoSuchKept {
            number,
            most: kept.len(),
        });
    };
    let _lock = venv::lock(ctx, &link)?;
    match environment::inspect(&ctx.paths, &folder) {
        Standing::Foreign(_) | Standing::Unusable => return Err(Error::Displaced(link)),
        _ => environment.link()?,
    }
    generation::advance(&ctx.paths)?;
    Ok(link)
}

/// The folder `here` or the project that it is in, whichever has environments of before, with
/// these.
fn find_kept(ctx: &Context, here: &Path) -> Result<(PathBuf, Vec<Environment>), Error> {
    let located = locate::locate(&ctx.paths, here)
        .project
        .map(|project| project.folder);
    for folder in [Some(here.to_path_buf()), located].into_iter().flatten() {
        let folder = fs::canonicalize(&folder).map_err(store::Error::io("find", &folder))?;
        let kept = environment::list_kept(&ctx.paths, &folder);
        if !kept.is_empty() {
            return Ok((folder, kept));
        }
    }
    Err(Error::NothingKept(here.into()))
}

/// The day of a time in UTC, as 2026-11-28. By the algorithm of Howard Hinnant's `civil_from_days`.
fn format_day(time: SystemTime) -> String {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month < 3);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn format_day_knows_leap_years() {
        let day = |days: u64| {
            format_day(SystemTime::UNIX_EPOCH + Duration::from_secs(days * 86_400 + 86_399))
        };
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(11_016), "2000-02-29");
        assert_eq!(day(11_017), "2000-03-01");
        assert_eq!(day(20_785), "2026-11-28");
        assert_eq!(day(47_540), "2100-02-28");
        assert_eq!(day(47_541), "2100-03-01");
    }
}
