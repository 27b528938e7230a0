//! The making of an environment on purpose, as `boot venv` asks for it.

use std::fs;
use std::path::{Path, PathBuf};

use super::choice::{Missing, Reason};
use super::environment::{self, Environment, Standing};
use super::pin::{self, Name, Pin};
use super::repair::{self, RepairState};
use super::trust;
use super::venv::{self, Made, Pip, VenvOptions};
use super::{Error, locate};
use crate::Context;
use crate::python::installed::{self, Installed};
use crate::python::key::Key;
use crate::python::request::Request;
use crate::report::escaped;
use crate::store::{self, atomic};

/// The place of an environment to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `.venv` of the project that `folder` is in, else of `folder` itself.
    Project(PathBuf),
    Path(PathBuf),
    Named(Name),
}

/// The environment that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub place: Place,
    /// Instead of the pin.
    pub python: Option<Request>,
    /// The Python that `system` means here, if there is one.
    pub system: Option<PathBuf>,
    pub prompt: Option<String>,
    pub system_site_packages: bool,
    pub pip: Pip,
    /// Replace what is there, if it is an environment.
    pub clear: bool,
}

/// An environment's making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// As the user knows it: a project's `.venv`.
    pub path: PathBuf,
    pub version: String,
    /// False: it was there.
    pub fresh: bool,
    /// It was there, and its Python had moved.
    pub repaired: bool,
    pub without_pip: Option<String>,
    /// The packages of the environment that was replaced.
    pub gone: Vec<String>,
    /// The project's environment of before is kept.
    pub kept: bool,
    /// The project, where the environment is one's.
    pub project: Option<PathBuf>,
}

impl Outcome {
    fn existing(path: &Path, version: String) -> Outcome {
        let path = path.into();
        Outcome {
            path,
            version,
            fresh: false,
            repaired: false,
            without_pip: None,
            gone: Vec::new(),
            kept: false,
            project: None,
        }
    }
}

/// The environment found for a project before one is made.
enum Found {
    Nothing,
    /// The project's own environment.
    Environment(Environment),
    /// Somebody else's environment, which is to be replaced.
    Foreign(PathBuf),
}

/// The input that all the ways to make an environment need.
struct Making<'a> {
    ctx: &'a Context,
    wanted: &'a Wanted,
    python: Installed,
    /// The Python was asked for, by the command line or a pin.
    asked: bool,
    exact: bool,
}

/// Makes an environment, unless there is a working one of boot's.
///
/// # Errors
/// There is no such Python; something is in the way; or it can't be written.
pub(crate) fn make_environment(
    ctx: &Context,
    here: &Path,
    wanted: &Wanted,
) -> Result<Outcome, Error> {
    let located = locate::locate(&ctx.paths, here);
    located
        .warnings
        .iter()
        .for_each(|line| ctx.report.warn(line));
    let pin = located
        .project
        .as_ref()
        .and_then(|project| project.pin.clone());
    let request = match &wanted.python {
        Some(request) => Some(request.clone()),
        None => match read_request(pin)? {
            Some(request) => Some(request),
            None => read_request(pin::read_global(&ctx.paths))?,
        },
    };
    let making = Making {
        ctx,
        wanted,
        python: choose_python(ctx, here, request.as_ref(), wanted.system.as_deref())?,
        asked: request.is_some(),
        exact: request
            .as_ref()
            .is_some_and(|request| request.is_exact() || *request == Request::System),
    };
    let in_project = ctx
        .settings()
        .is_ok_and(|settings| settings.venv.in_project);
    match &wanted.place {
        Place::Project(folder) => {
            let folder = located
                .project
                .as_ref()
                .map_or(folder.as_path(), |project| &project.folder);
            if in_project {
                making.make_folder(&folder.join(venv::NAME))
            } else {
                making.make_for_project(folder)
            }
        }
        Place::Path(path)
            if path.file_name().is_some_and(|name| name == venv::NAME) && !in_project =>
        {
            let path = here.join(path);
            making.make_for_project(path.parent().unwrap_or(Path::new("/")))
        }
        Place::Path(path) => making.make_folder(&here.join(path)),
        Place::Named(name) => {
            let target = ctx.paths.venvs().join(name.as_str());
            if target == ctx.paths.projects() {
                return Err(Error::NotAName(name.to_string()));
            }
            making.make_folder(&target)
        }
    }
}

/// The Python that a pin asks for. None without a pin, or where that names an environment.
fn read_request(pin: Option<Pin>) -> Result<Option<Request>, Error> {
    let Some(pin) = pin else { return Ok(None) };
    let subject = escaped(&pin.file.display().to_string());
    pin.python()
        .map(Option::<&Request>::cloned)
        .map_err(|unmet| Error::Unmet(unmet.error(&subject, false)))
}

impl Making<'_> {
    fn options(&self, folder: Option<&std::ffi::OsStr>) -> VenvOptions {
        VenvOptions {
            prompt: self
                .wanted
                .prompt
                .clone()
                .or_else(|| folder.map(|name| name.to_string_lossy().into_owned())),
            system_site_packages: self.wanted.system_site_packages,
            exact: self.exact,
            pip: self.wanted.pip,
        }
    }

    /// An environment in boot's folder, and the project's link to it.
    fn make_for_project(&self, folder: &Path) -> Result<Outcome, Error> {
        fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
        let folder = fs::canonicalize(folder).map_err(store::Error::io("find", folder))?;
        let lock = venv::lock(self.ctx, &folder.join(venv::NAME))?;
        match self.find_for_project(&folder)? {
            Found::Nothing => self.create_for_project(&folder, None),
            Found::Foreign(root) => self.create_for_project(&folder, Some(&root)),
            Found::Environment(environment) if self.wanted.clear => {
                self.replace_for_project(&folder, &environment)
            }
            Found::Environment(environment) => {
                // A repair takes a lock of its own.
                drop(lock);
                self.repair_for_project(&folder, &environment)
            }
        }
    }

    /// Finds the environment for the project at the canonical path `folder`. One of its own is put
    /// in order if need be.
    fn find_for_project(&self, folder: &Path) -> Result<Found, Error> {
        let ctx = self.ctx;
        Ok(match environment::inspect(&ctx.paths, folder) {
            Standing::Own(environment) => Found::Environment(environment),
            Standing::Renamed(mut environment) => {
                environment.give_to(folder)?;
                Found::Environment(environment)
            }
            Standing::Moved(environment, old) => {
                environment::repair_moved(&environment, &old)?;
                Found::Environment(environment)
            }
            Standing::Nothing if !self.wanted.clear => {
                match environment::find_displaced(&ctx.paths, folder) {
                    Some(environment) => {
                        environment::relink(&environment)?;
                        Found::Environment(environment)
                    }
                    None => Found::Nothing,
                }
            }
            Standing::Nothing | Standing::Copied(_) | Standing::Dangling => Found::Nothing,
            Standing::Foreign(root) => match self.displace(folder, &root)? {
                Some(environment) => Found::Environment(environment),
                None => Found::Foreign(root),
            },
            Standing::Unusable => return Err(Error::InTheWay(folder.join(venv::NAME))),
        })
    }

    /// A new environment; `foreign` is what stands at the project's `.venv`, and goes.
    fn create_for_project(&self, folder: &Path, foreign: Option<&Path>) -> Result<Outcome, Error> {
        let ctx = self.ctx;
        let link = folder.join(venv::NAME);
        let kept = environment::list_kept(&ctx.paths, folder)
            .iter()
            .any(Environment::has_packages);
        let gone = foreign
            .filter(|root| *root == link)
            .map(venv::list_added_packages)
            .unwrap_or_default();
        let options = self.options(folder.file_name());
        let (environment, made) = environment::create(ctx, &self.python, folder, &options)?;
        if foreign.is_some() {
            self.make_room(&link)?;
        }
        environment.link()?;
        Ok(Outcome {
            gone,
            kept,
            ..self.describe_made(folder, made)
        })
    }

    /// A new environment in the place of the project's own.
    fn replace_for_project(
        &self,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Outcome, Error> {
        let gone = environment.installed_packages();
        let options = self.options(folder.file_name());
        let made = environment::replace(self.ctx, &self.python, environment, &options)?;
        environment.link()?;
        Ok(Outcome {
            gone,
            ..self.describe_made(folder, made)
        })
    }

    /// The project's own environment, whose Python is the right one.
    fn repair_for_project(
        &self,
        folder: &Path,
        environment: &Environment,
    ) -> Result<Outcome, Error> {
        let ctx = self.ctx;
        let path = folder.join(venv::NAME);
        environment.keep_out_of_git();
        let trusted = trust::check_environment(environment).map_err(Error::Refused)?;
        let state = repair::repair(ctx, &trusted, self.binding())?;
        let version = locate::interpreter(&ctx.paths, environment.root())
            .map_or_else(|| "?".into(), |key| key.version.to_string());
        match state {
            RepairState::Other | RepairState::Lost(_) | RepairState::Broken => {
                Err(Error::Exists { path, version })
            }
            RepairState::Sound | RepairState::Repaired => Ok(Outcome {
                repaired: state == RepairState::Repaired,
                project: Some(folder.into()),
                ..Outcome::existing(&path, version)
            }),
        }
    }

    /// The outcome where an environment was just made for the project `folder`.
    fn describe_made(&self, folder: &Path, made: Made) -> Outcome {
        Outcome {
            fresh: true,
            without_pip: made.without_pip,
            project: Some(folder.into()),
            ..Outcome::existing(
                &folder.join(venv::NAME),
                self.python.key.version.to_string(),
            )
        }
    }

    /// The Python that an environment is bound to, where one was asked for.
    fn binding(&self) -> Option<repair::Binding<'_>> {
        self.asked.then_some(repair::Binding {
            python: &self.python,
            exact: self.exact,
        })
    }

    /// Takes over the folder that an earlier boot made at the project's `.venv`. Another one stays,
    /// unless it is to be replaced.
    fn displace(&self, folder: &Path, root: &Path) -> Result<Option<Environment>, Error> {
        let ctx = self.ctx;
        let link = folder.join(venv::NAME);
        let trusted = trust::check_in_project(&ctx.paths, folder, root);
        if trusted.is_ok_and(|trusted| trusted.is_made()) && root == link {
            let environment = environment::take_over(ctx, folder)?;
            trust::forget(ctx, root)?;
            return Ok(Some(environment));
        }
        let Some(config) = venv::Config::read(root) else {
            if fs::remove_dir(&link).is_ok() {
                // It was empty.
                return Ok(None);
            }
            return Err(Error::InTheWay(link));
        };
        if !self.wanted.clear {
            return Err(Error::Exists {
                path: link,
                version: config.version,
            });
        }
        Ok(None)
    }

    /// Makes room for the link to an environment that is there already: what stood at the project's
    /// `.venv` goes last.
    fn make_room(&self, link: &Path) -> Result<(), Error> {
        match fs::symlink_metadata(link) {
            Ok(data) if data.is_dir() => {
                trust::forget(self.ctx, link)?;
                atomic::remove_folder(link)?;
            }
            // What it leads to is the user's, and stays.
            Ok(_) => fs::remove_file(link).map_err(store::Error::io("remove", link))?,
            Err(_) => {}
        }
        Ok(())
    }

    /// A folder at a path of the user's, or a named one.
    fn make_folder(&self, target: &Path) -> Result<Outcome, Error> {
        let ctx = self.ctx;
        let target = resolve_folder(target)?;
        if target.as_os_str().as_encoded_bytes().contains(&b':') {
            return Err(Error::Refused(trust::Refusal::Colon(target)));
        }
        // Before the lock, which a repair takes too.
        let known = if self.wanted.clear {
            None
        } else {
            trust::check(&ctx.paths, &target).ok()
        };
        let state = known
            .map(|known| repair::repair(ctx, &known, self.binding()))
            .transpose()?;
        let repaired = state == Some(RepairState::Repaired);
        let _lock = venv::lock(ctx, &target)?;
        if target.file_name().is_some_and(|name| name == venv::NAME)
            && target.is_symlink()
            && self.wanted.clear
        {
            // A folder is to stand there from now on; what the link leads to stays.
            fs::remove_file(&target).map_err(store::Error::io("remove", &target))?;
        }
        if let Some(existing) = find_existing(self, &target)? {
            return Ok(Outcome {
                repaired,
                ..existing
            });
        }
        let in_project = target.file_name().is_some_and(|name| name == venv::NAME);
        let project = target.parent().filter(|_| in_project);
        let gone = venv::list_added_packages(&target);
        let options = self.options(project.unwrap_or(&target).file_name());
        let made = venv::publish(ctx, &self.python, &target, &options)?;
        let version = self.python.key.version.to_string();
        let (without_pip, project) = (made.without_pip, project.map(Path::to_path_buf));
        Ok(Outcome {
            version,
            fresh: true,
            without_pip,
            gone,
            project,
            ..Outcome::existing(&target, String::new())
        })
    }
}

/// The installed Python that is asked for, else the newest.
fn choose_python(
    ctx: &Context,
    here: &Path,
    request: Option<&Request>,
    system: Option<&Path>,
) -> Result<Installed, Error> {
    match request {
        Some(request) => find_python(ctx, here, request, system),
        None => installed::find(&ctx.paths, &Request::Latest)
            .or_else(|| installed::list(&ctx.paths).into_iter().next())
            .ok_or(Error::NoPython),
    }
}

/// The installed Python that is asked for, by its path too.
fn find_python(
    ctx: &Context,
    here: &Path,
    request: &Request,
    system: Option<&Path>,
) -> Result<Installed, Error> {
    let missing = || {
        Error::NotInstalled(Box::new(
            Missing::new(&request.to_string(), &Reason::Argument).explained(ctx),
        ))
    };
    let path = match request {
        Request::Path(path) => here.join(path),
        Request::System => system.ok_or_else(missing)?.into(),
        request => return installed::find(&ctx.paths, request).ok_or_else(missing),
    };
    installed::at(&ctx.paths, &path).ok_or(Error::NotAdopted(path))
}

/// The folder above made real, so that the environment's own path holds wherever it is called from.
fn resolve_folder(target: &Path) -> Result<PathBuf, Error> {
    let (Some(folder), Some(name)) = (target.parent(), target.file_name()) else {
        return Err(Error::InTheWay(target.into()));
    };
    fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
    Ok(fs::canonicalize(folder)
        .map_err(store::Error::io("find", folder))?
        .join(name))
}

/// Inspects `target`: None if it may be (over)written, an outcome if it is what is wanted.
fn find_existing(making: &Making, target: &Path) -> Result<Option<Outcome>, Error> {
    let Making {
        ctx,
        python,
        asked,
        exact,
        ..
    } = making;
    let clear = making.wanted.clear;
    let Ok(data) = fs::symlink_metadata(target) else {
        return Ok(None);
    };
    if !data.is_dir() {
        return Err(Error::InTheWay(target.into()));
    }
    let Some(config) = venv::Config::read(target) else {
        let empty = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none());
        return if empty {
            Ok(None)
        } else {
            Err(Error::InTheWay(target.into()))
        };
    };
    if clear {
        return Ok(None);
    }
    let is_same =
        |key: Key| key.is_same_minor(&python.key) && (!exact || key.version == python.key.version);
    let fits = !asked || locate::interpreter(&ctx.paths, target).is_some_and(is_same);
    if !fits || !venv::works(target) || trust::check(&ctx.paths, target).is_err() {
        return Err(Error::Exists {
            path: target.into(),
            version: config.version,
        });
    }
    Ok(Some(Outcome::existing(target, config.version)))
}
