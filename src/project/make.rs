//! What `boot venv` asks for: an environment made, listed or removed on purpose.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use super::mend::{self, State};
use super::pin::{self, Name};
use super::trust::{self, Kind};
use super::venv::{self, VenvOptions};
use crate::Context;
use crate::python::installed::{self, Installed};
use crate::python::request::Request;
use crate::store::paths::Paths;
use crate::store::{self, atomic, stamp};

/// Where an environment goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `.venv` of the project that `folder` is in, else of `folder` itself.
    Project(PathBuf),
    Path(PathBuf),
    Named(Name),
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub place: Place,
    /// Instead of the pin.
    pub python: Option<Request>,
    /// What `system` means here, if there is such a Python.
    pub system: Option<PathBuf>,
    pub prompt: Option<String>,
    pub system_site_packages: bool,
    pub pip: bool,
    /// Replace what is there, if it is an environment.
    pub clear: bool,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub path: PathBuf,
    pub version: String,
    /// False: it was there.
    pub fresh: bool,
    /// It was there, and its Python had moved.
    pub mended: bool,
    pub without_pip: Option<String>,
}

/// Makes an environment, unless there is a working one of boot's.
pub fn make(ctx: &Context, here: &Path, wanted: &Wanted) -> Result<Outcome, Error> {
    let found = pin::find_from(here, &ctx.paths);
    found.warnings.iter().for_each(|line| ctx.report.warn(line));
    let request = wanted.python.clone().or_else(|| found.pin.as_ref().and_then(|pin| pin.requests().next().cloned()));
    let python = match &request {
        Some(request) => python_of(ctx, here, request, wanted.system.as_deref())?,
        None => {
            let newest = installed::find(&ctx.paths, &Request::Latest);
            newest.or_else(|| installed::list(&ctx.paths).into_iter().next()).ok_or(Error::NoPython)?
        }
    };
    let (target, project) = match &wanted.place {
        Place::Project(folder) => {
            let folder = found.pin.as_ref().filter(|pin| !pin.global).map_or(folder.as_path(), |pin| pin.folder());
            (folder.join(venv::NAME), true)
        }
        Place::Path(path) => (here.join(path), path.file_name().is_some_and(|name| name == venv::NAME)),
        Place::Named(name) => (ctx.paths.venvs().join(name.as_str()), false),
    };
    let target = resolved(&target)?;
    if target.as_os_str().as_encoded_bytes().contains(&b':') {
        return Err(Error::Refused(trust::Refusal::Colon(target)));
    }
    let exact = request.as_ref().is_some_and(|request| request.is_exact() || *request == Request::System);
    // Before the lock, which mending takes too.
    let known = if wanted.clear { None } else { trust::check(&ctx.paths, &target).ok() };
    let bound_to = request.is_some().then_some(mend::Wanted { python: &python, exact });
    let mended = match known {
        Some(known) => mend::mend(ctx, &known, bound_to)? == State::Mended,
        None => false,
    };
    let _lock = venv::lock(ctx, &target)?;
    if let Some(there) = there(ctx, &target, &python, request.is_some(), wanted.clear)? {
        return Ok(Outcome { mended, ..there });
    }
    let folder_name = if project { target.parent().and_then(Path::file_name) } else { target.file_name() };
    let options = VenvOptions {
        prompt: wanted.prompt.clone().or_else(|| folder_name.map(|name| name.to_string_lossy().into_owned())),
        system_site_packages: wanted.system_site_packages,
        exact,
    };
    let made = venv::publish(ctx, &python, &target, &options, wanted.pip)?;
    Ok(Outcome { path: target, version: python.key.version.to_string(), fresh: true, mended: false, without_pip: made.without_pip })
}

/// The installed Python that is asked for, by its path too.
fn python_of(ctx: &Context, here: &Path, request: &Request, system: Option<&Path>) -> Result<Installed, Error> {
    let missing = || Error::NotInstalled { request: request.clone() };
    let path = match request {
        Request::Path(path) => here.join(path),
        Request::System => system.ok_or_else(missing)?.into(),
        request => return installed::find(&ctx.paths, request).ok_or_else(missing),
    };
    installed::at(&ctx.paths, &path).ok_or(Error::NotTakenIn(path))
}

/// The folder above made real, so that the environment's own path holds wherever it is called from.
fn resolved(target: &Path) -> Result<PathBuf, Error> {
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else { return Err(Error::InTheWay(target.into())) };
    fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
    Ok(fs::canonicalize(folder).map_err(store::Error::io("find", folder))?.join(name))
}

/// What stands at `target`: None if it may be (over)written, an outcome if it is what is wanted.
fn there(ctx: &Context, target: &Path, python: &Installed, asked: bool, clear: bool) -> Result<Option<Outcome>, Error> {
    let Ok(data) = fs::symlink_metadata(target) else { return Ok(None) };
    if !data.is_dir() {
        return Err(Error::InTheWay(target.into()));
    }
    let Some(config) = venv::Config::read(target) else {
        let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
        return if empty { Ok(None) } else { Err(Error::InTheWay(target.into())) };
    };
    if clear {
        return Ok(None);
    }
    let fits = !asked || config.minor() == Some((python.key.version.major, python.key.version.minor));
    if !fits || !venv::works(target) || trust::check(&ctx.paths, target).is_err() {
        return Err(Error::Exists { path: target.into(), version: config.version });
    }
    Ok(Some(Outcome { path: target.into(), version: config.version, fresh: false, mended: false, without_pip: None }))
}

/// One environment that boot knows.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Listed {
    /// Of named ones.
    pub name: Option<String>,
    pub path: PathBuf,
    /// As it is now; None where it can't be known.
    pub python: Option<String>,
    /// None: it is a named one of boot's that nobody trusts any more, so it isn't activated.
    pub kind: Option<Kind>,
    pub works: bool,
    /// Its Python had moved; it is bound to it again.
    pub mended: bool,
    /// The Python, as a request, that has to be installed for it to work again.
    pub lost: Option<String>,
}

/// The named environments that stand in boot's own folder, whatever the list of what is trusted says.
fn named(paths: &Paths) -> Vec<PathBuf> {
    let Ok(folder) = fs::canonicalize(paths.venvs()) else { return Vec::new() };
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    let mut all: Vec<PathBuf> = folders.filter(|path| venv::Config::read(path).is_some_and(|config| config.boot)).collect();
    all.sort();
    all
}

/// What `boot venv remove` can be told: names, and the paths of those in projects. Changes nothing.
pub fn names(paths: &Paths) -> Vec<String> {
    let venvs = fs::canonicalize(paths.venvs()).unwrap_or_else(|_| paths.venvs());
    let known = trust::list(paths).unwrap_or_default().into_iter().filter(|known| known.kind == Kind::Made).map(|known| known.path);
    let all = named(paths).into_iter().chain(known);
    all.map(|path| path.strip_prefix(&venvs).unwrap_or(&path).to_string_lossy().into_owned()).collect()
}

/// Every environment that boot made or was told to trust. Those whose Python has moved are mended.
pub fn list(ctx: &Context) -> Result<Vec<Listed>, Error> {
    let venvs = fs::canonicalize(ctx.paths.venvs()).unwrap_or_else(|_| ctx.paths.venvs());
    let pythons = installed::list(&ctx.paths);
    let known = trust::list(&ctx.paths)?.into_iter().filter(|known| matches!(known.kind, Kind::Made | Kind::Trusted));
    let mut known: Vec<(PathBuf, Option<Kind>)> = known.map(|known| (known.path, Some(known.kind))).collect();
    let forgotten: Vec<PathBuf> = named(&ctx.paths).into_iter().filter(|path| known.iter().all(|(known, _)| known != path)).collect();
    known.extend(forgotten.into_iter().map(|path| (path, None)));
    Ok(known
        .into_iter()
        .map(|(path, kind)| {
            let state = trust::check(&ctx.paths, &path).ok().and_then(|venv| mend::mend(ctx, &venv, None).ok());
            let works = venv::works(&path);
            let real = fs::canonicalize(path.join("bin/python")).ok();
            let now = real.and_then(|real| {
                let python = pythons.iter().find(|python| fs::canonicalize(&python.executable).is_ok_and(|path| path == real))?;
                Some(python.key.version.to_string())
            });
            Listed {
                name: path.strip_prefix(&venvs).ok().map(|name| name.display().to_string()),
                python: now.or_else(|| venv::Config::read(&path).map(|config| config.version)),
                kind,
                works,
                mended: state == Some(State::Mended),
                lost: match state {
                    Some(State::Lost(request)) => Some(request),
                    _ => None,
                },
                path,
            }
        })
        .collect())
}

/// Removes an environment that boot made: by its path, its project's, or its name.
pub fn remove(ctx: &Context, here: &Path, what: &Path) -> Result<PathBuf, Error> {
    let named = named(&ctx.paths);
    let mut made: Vec<PathBuf> =
        trust::list(&ctx.paths)?.into_iter().filter(|known| known.kind == Kind::Made).map(|known| known.path).collect();
    made.extend(named.iter().cloned());
    let path = here.join(what);
    let real = path.parent().and_then(|folder| Some(fs::canonicalize(folder).ok()?.join(path.file_name()?))).unwrap_or(path);
    let candidates = [ctx.paths.venvs().join(what), real.clone(), real.join(venv::NAME)];
    let venvs = fs::canonicalize(ctx.paths.venvs()).map(|folder| folder.join(what)).ok();
    let target = candidates.into_iter().chain(venvs).find(|path| made.contains(path)).ok_or_else(|| Error::NotMade(what.into()))?;
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
    stamp::touch(&ctx.paths)?;
    Ok(target)
}
