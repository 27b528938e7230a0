//! What entering a folder means: which environment is put on PATH, and the few lines that may be
//! said about it.
//!
//! The hook asks this once when something changed. Everything it does on its own is to make a
//! missing environment from a Python that is installed; it downloads nothing, and runs nothing.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::environment::{self, Environment, Standing};
use super::locate::{self, Project};
use super::pin::{Entry, Name};
use super::repair::{self, Binding, RepairState};
use super::trust::{self, Refusal, TrustedVenv, shown};
use super::venv::{self, VenvOptions};
use super::{hints, missing};
use crate::Context;
use crate::project::default_python::find_default_python;
use crate::python::installed;
use crate::python::request::Request;
use crate::report::escaped;
use crate::report::first_line;
use crate::shell::quote;
use crate::store::digest::Sha256;
use crate::store::env::var;
use crate::store::owner;

/// Whether an environment may be made or put in order on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    Allowed,
    /// A subshell, or one where another environment is active: it only looks.
    Forbidden,
}

/// The instructions for a shell.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// Put on PATH; None: nothing of boot's belongs there.
    pub venv: Option<TrustedVenv>,
    /// The folder belongs to a project.
    pub in_project: bool,
    /// An environment that somebody else activated stays.
    pub stay: bool,
    /// The prompt's name for it.
    pub prompt: String,
    /// The environment came just now: made by us, or by another shell that got there first.
    pub made: bool,
    pub watch: Option<Watch>,
    pub notes: Vec<Note>,
    /// The folder that the notes are about: the project's, else where the shell stands.
    pub folder: PathBuf,
}

/// Files by which a shell sees that another environment stands in the place of the active one.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The project's `.venv`.
    pub link: PathBuf,
    pub root: PathBuf,
    /// A file or folder of it, as it is now: another time means that something was changed there.
    pub watched: Option<(PathBuf, Metadata)>,
}

/// One line for the user, once for each state of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub line: String,
    pub warning: bool,
}

impl Note {
    fn info(line: impl Into<String>) -> Note {
        Note {
            line: line.into(),
            warning: false,
        }
    }

    fn warning(line: impl Into<String>) -> Note {
        Note {
            line: line.into(),
            warning: true,
        }
    }

    /// A short word for what has been said of the project `folder`; the shell keeps these.
    pub(crate) fn word(&self, folder: &Path) -> String {
        Sha256::of(&[folder.as_os_str().as_encoded_bytes(), self.line.as_bytes()].concat())
            .to_string()[..12]
            .into()
    }
}

impl From<Refusal> for Note {
    fn from(refusal: Refusal) -> Note {
        Note::warning(refusal.to_string())
    }
}

/// Decides for a shell that stands in `folder`, an absolute path, and has the environment `foreign`
/// active by other means.
pub(crate) fn decide(
    ctx: &Context,
    folder: &Path,
    foreign: Option<&Path>,
    making: Making,
) -> Decision {
    let foreign = foreign.map(|root| fs::canonicalize(root).unwrap_or_else(|_| root.into()));
    let making = if foreign.is_some() {
        Making::Forbidden
    } else {
        making
    };
    let mut decision = Decision {
        folder: folder.into(),
        ..Decision::default()
    };
    match enter(ctx, folder, making, &mut decision) {
        Ok(venv) => decision.venv = venv,
        Err(note) => decision.notes.push(note),
    }
    if let Some(foreign) = foreign
        && decision
            .venv
            .as_ref()
            .is_none_or(|venv| venv.root() != foreign)
    {
        if decision.in_project {
            let text = format!(
                "{} is active by hand, and stays until: deactivate",
                shown(&foreign)
            );
            decision.notes = vec![Note::info(text)];
        }
        decision.stay = true;
        decision.venv = None;
        decision.watch = None;
    }
    decision
}

fn enter(
    ctx: &Context,
    folder: &Path,
    making: Making,
    decision: &mut Decision,
) -> Result<Option<TrustedVenv>, Note> {
    if let Some(asked) = var("BOOT_PYTHON") {
        // It beats pins and environments, and shims obey it: only an environment that it names
        // belongs on PATH.
        return match asked.parse() {
            Ok(Entry::Environment(name)) => named(ctx, &name, decision).map(Some),
            _ => Ok(None),
        };
    }
    let located = locate::locate(&ctx.paths, folder);
    decision
        .notes
        .extend(located.warnings.into_iter().map(Note::warning));
    decision.notes.extend(located.stranger.map(Note::from));
    let Some(project) = located.project else {
        let default = find_default_python(&ctx.paths);
        let unmet = hints::asked_elsewhere(folder)
            .filter(|asked| !default.is_some_and(|python| asked.is_met_by(&python.key)));
        decision.notes.extend(unmet.map(|asked| {
            Note::info(format!(
                "{} asks for Python {}, and there is no pin: boot python pin {}",
                asked.shown,
                asked.request,
                quote::for_message(&asked.request)
            ))
        }));
        return Ok(None);
    };
    decision.folder = project.folder.clone();
    decision.in_project = true;
    if let Some((pin, unmet)) = project.unmet() {
        return Err(Note::warning(unmet.line(&pin.file)));
    }
    if let Some(Entry::Environment(name)) = project.own_pin().map(|pin| pin.first()) {
        return named(ctx, name, decision).map(Some);
    }
    decision.prompt = prompt(&project.folder);
    let (venv, link) = match &project.standing {
        Standing::Foreign(root) => (
            stranger(ctx, &project, root, making)?,
            project.folder.join(venv::NAME),
        ),
        Standing::Unusable => {
            environment::note_displaced(&ctx.paths, &real(&project.folder));
            return Err(Refusal::NoVenv(project.folder.join(venv::NAME)).into());
        }
        _ => match own(ctx, &project, making, decision)? {
            Some(venv) => (venv, project.folder.join(venv::NAME)),
            None => return Ok(None),
        },
    };
    // Nobody but boot and the user writes into boot's own folders; what makes such an environment
    // again in its place (`python -m venv --clear`, `uv venv --clear`) writes its config.
    let watched = venv
        .root()
        .join(if venv.is_made() { venv::CONFIG } else { "bin" });
    let watched = fs::metadata(&watched).ok().map(|data| (watched, data));
    decision.watch = Some(Watch {
        link,
        root: venv.root().into(),
        watched,
    });
    fits(ctx, &project, &venv, making)?;
    Ok(Some(venv))
}

/// An environment that boot didn't make, or an earlier boot as a folder: that is taken over, with
/// all that is in it.
fn stranger(
    ctx: &Context,
    project: &Project,
    root: &Path,
    making: Making,
) -> Result<TrustedVenv, Note> {
    let folder = real(&project.folder);
    let trusted = match trust::check_in_project(&ctx.paths, &project.folder, root) {
        Ok(trusted) => trusted,
        Err(refusal) => {
            let is_displaced = environment::note_displaced(&ctx.paths, &folder);
            if is_displaced && !matches!(refusal, Refusal::Tracked(_)) {
                let venv = shown(&project.folder.join(venv::NAME));
                return Err(Note::warning(format!(
                    "{venv} isn't the link to boot's environment any more, so it isn't activated; \
                     to have that back: boot venv restore"
                )));
            }
            return Err(refusal.into());
        }
    };
    let in_project = ctx
        .settings()
        .is_ok_and(|settings| settings.venv.in_project);
    if !trusted.is_made()
        || in_project
        || making == Making::Forbidden
        || root != folder.join(venv::NAME)
    {
        return Ok(trusted);
    }
    let _lock = venv::lock(ctx, root).map_err(|error| Note::warning(first_line(error)))?;
    // Another shell may have been faster.
    match environment::inspect(&ctx.paths, &folder) {
        Standing::Own(environment) => return Ok(trust::check_environment(&environment)?),
        Standing::Foreign(now) if now == root => {
            drop(trust::check_in_project(&ctx.paths, &folder, root)?)
        }
        _ => return Err(Refusal::NoVenv(root.into()).into()),
    }
    let taken =
        environment::take_over(ctx, &folder).map_err(|error| Note::warning(first_line(error)))?;
    trust::forget(ctx, root).map_err(|error| Note::warning(first_line(error)))?;
    Ok(trust::check_environment(&taken)?)
}

/// The project's environment in boot's folder, made if need be.
fn own(
    ctx: &Context,
    project: &Project,
    making: Making,
    decision: &mut Decision,
) -> Result<Option<TrustedVenv>, Note> {
    let folder = real(&project.folder);
    let failed = |error: &dyn std::error::Error| {
        Note::warning(format!(
            "no environment could be made here: {}",
            first_line(error)
        ))
    };
    match (&project.standing, making) {
        (Standing::Own(environment) | Standing::Renamed(environment), Making::Forbidden) => {
            return Ok(Some(trust::check_environment(environment)?));
        }
        (_, Making::Forbidden) => {
            let missing = project.request().filter(|request| {
                **request != Request::System && installed::find(&ctx.paths, request).is_none()
            });
            return missing.map_or(Ok(None), |request| Err(not_installed(ctx, request)));
        }
        (Standing::Own(environment), _) => {
            environment.note_used();
            environment.keep_out_of_git();
            return Ok(Some(trust::check_environment(environment)?));
        }
        (Standing::Renamed(environment), _) => {
            let before = shown(environment.project());
            let mut environment = environment.clone();
            environment
                .give_to(&folder)
                .map_err(|error| failed(&error))?;
            decision.notes.push(Note::info(format!(
                "{} came along from {before}",
                shown(&project.folder.join(venv::NAME))
            )));
            return Ok(Some(trust::check_environment(&environment)?));
        }
        (Standing::Moved(environment, old), _) => {
            environment::repair_moved(environment, old).map_err(|error| failed(&error))?;
            return Ok(Some(trust::check_environment(environment)?));
        }
        _ => {}
    }
    let _lock = venv::lock(ctx, &folder.join(venv::NAME)).map_err(|error| failed(&error))?;
    // Another shell may have been faster.
    if let Standing::Own(environment) = environment::inspect(&ctx.paths, &folder) {
        decision.made = true;
        return Ok(Some(trust::check_environment(&environment)?));
    }
    if project.standing == Standing::Nothing
        && let Some(environment) = environment::find_displaced(&ctx.paths, &folder)
    {
        environment::relink(&environment).map_err(|error| failed(&error))?;
        decision.made = true;
        return Ok(Some(trust::check_environment(&environment)?));
    }
    let Some(request) = project.request() else {
        let venv = shown(&project.folder.join(venv::NAME));
        return Err(Note::info(match &project.standing {
            Standing::Copied(environment) => {
                format!(
                    "{venv} is a copy of the link in {}; to make one of its own: boot venv",
                    shown(environment.project())
                )
            }
            _ => format!("{venv} leads to an environment that is gone; to make another: boot venv"),
        }));
    };
    let Some(python) = installed::find(&ctx.paths, request) else {
        // Environments are made from Pythons that boot knows; the system's is used as it is.
        return if *request == Request::System {
            Ok(None)
        } else {
            Err(not_installed(ctx, request))
        };
    };
    if !may_create(ctx, &project.folder)? {
        return Ok(None);
    }
    let started = Instant::now();
    let before = environment::list_kept(&ctx.paths, &folder);
    let options = VenvOptions {
        prompt: Some(prompt(&project.folder)),
        exact: request.is_exact(),
        ..VenvOptions::default()
    };
    let in_project = ctx
        .settings()
        .is_ok_and(|settings| settings.venv.in_project);
    let (trusted, without_pip) = if in_project {
        let target = folder.join(venv::NAME);
        let made =
            venv::publish(ctx, &python, &target, &options, true).map_err(|error| failed(&error))?;
        (trust::check(&ctx.paths, &target)?, made.without_pip)
    } else {
        let (environment, made) = environment::create(ctx, &python, &folder, &options, true)
            .map_err(|error| failed(&error))?;
        environment.link().map_err(|error| failed(&error))?;
        (trust::check_environment(&environment)?, made.without_pip)
    };
    decision.made = true;
    decision.notes.extend(without_pip.map(Note::info));
    let mut line = format!(
        "made {} with Python {} in {} ms",
        shown(&project.folder.join(venv::NAME)),
        python.key.version,
        started.elapsed().as_millis()
    );
    if let Standing::Copied(environment) = &project.standing {
        line += &format!(
            "; the copied link led to the one of {}",
            shown(environment.project())
        );
    } else if before.iter().any(Environment::has_packages) {
        line += "; the one before is kept: boot venv restore";
    } else if let Some(step) = hints::next_step(&project.folder) {
        line += &format!("; {step}");
    }
    decision.notes.push(Note::info(line));
    Ok(Some(trusted))
}

/// The environment that a pin names instead of a Python.
fn named(ctx: &Context, name: &Name, decision: &mut Decision) -> Result<TrustedVenv, Note> {
    let venv = ctx.paths.venvs().join(name.as_str());
    if fs::symlink_metadata(&venv).is_err() {
        return Err(Note::info(format!(
            "no environment is called {name}: {}",
            name.way_to_make()
        )));
    }
    decision.prompt = name.to_string();
    let trusted = trust::check(&ctx.paths, &venv)?;
    decision.watch = Some(Watch {
        link: venv,
        root: trusted.root().into(),
        watched: None,
    });
    repair(ctx, &trusted, None)?;
    Ok(trusted)
}

fn not_installed(ctx: &Context, request: &Request) -> Note {
    Note::info(missing::not_installed_line(ctx, request, false))
}

/// A pin is met by its own Python or by none: an environment of another one isn't put on PATH in
/// its name. One whose Python has moved is bound to it again first.
fn fits(
    ctx: &Context,
    project: &Project,
    trusted: &TrustedVenv,
    making: Making,
) -> Result<(), Note> {
    let root = trusted.root();
    let request = project.request();
    let python = request.and_then(|request| installed::find(&ctx.paths, request));
    if making == Making::Allowed {
        let wanted = python
            .as_ref()
            .zip(request)
            .map(|(python, request)| Binding {
                python,
                exact: request.is_exact(),
            });
        repair(ctx, trusted, wanted)?;
    } else if !venv::works(root) {
        return Err(lost(&project.folder.join(venv::NAME)));
    }
    let Some(request) = request else {
        return Ok(());
    };
    if locate::meets(&ctx.paths, root, request) {
        return Ok(());
    }
    let here = shown(&project.folder.join(venv::NAME));
    let version = venv::Config::read(root).map_or_else(
        || "another version".into(),
        |config| escaped(&config.version),
    );
    Err(match python {
        Some(_) => Note::warning(format!(
            "{here} has Python {version}, the pin asks for {request}; to make it anew: boot venv \
             --clear"
        )),
        None if *request == Request::System => Note::warning(format!(
            "{here} has a Python of boot's, the pin asks for the system's; to make it anew: boot \
             venv --clear"
        )),
        None => not_installed(ctx, request),
    })
}

/// Binds an environment of boot's to where its Python is now.
fn repair(ctx: &Context, trusted: &TrustedVenv, wanted: Option<Binding>) -> Result<(), Note> {
    let root = trusted.root();
    let state = repair::repair(ctx, trusted, wanted).map_err(|error| {
        Note::warning(format!(
            "{} has lost its Python, and it can't be repaired: {}",
            shown(root),
            first_line(error)
        ))
    })?;
    match state {
        RepairState::Lost(request) => Err(request
            .parse()
            .map_or_else(|_| lost(root), |request| not_installed(ctx, &request))),
        RepairState::Broken => Err(lost(root)),
        RepairState::Repaired | RepairState::Sound | RepairState::Other => Ok(()),
    }
}

fn lost(venv: &Path) -> Note {
    Note::warning(format!(
        "{} has lost its Python; to make it anew: boot venv --clear",
        shown(venv)
    ))
}

/// Whether an environment may appear in `folder` unasked: never in the home directory itself or in
/// `/`.
fn may_create(ctx: &Context, folder: &Path) -> Result<bool, Note> {
    let auto = match ctx.settings() {
        Ok(settings) => settings.venv.auto_create,
        Err(error) => return Err(Note::warning(first_line(error))),
    };
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
    let home = fs::canonicalize(&ctx.paths.home).unwrap_or_else(|_| ctx.paths.home.clone());
    if !auto || real == home || real == Path::new("/") {
        return Ok(false);
    }
    let refused = |why: &str| {
        Err(Note::info(format!(
            "no environment is made in {}: {why}",
            shown(folder)
        )))
    };
    match fs::metadata(&real) {
        Err(error) => refused(&error.to_string()),
        Ok(data) if !owner::is_own(&data) => {
            refused(&format!("the folder isn't yours; {}", owner::named(folder)))
        }
        Ok(data) if owner::others_can_write(&data) => refused(&format!(
            "others can write to it; to change that: chmod go-w {} && boot venv",
            quote::for_message(folder)
        )),
        Ok(_) => Ok(true),
    }
}

/// What prompts show of a project: the folder's name.
fn prompt(folder: &Path) -> String {
    escaped(&folder.file_name().unwrap_or_default().to_string_lossy())
}

fn real(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.into())
}
