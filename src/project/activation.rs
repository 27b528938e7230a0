//! The decision on entering a folder: the environment to put on PATH. It comes with the few lines
//! that may be said about it.
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

/// Permission to make an environment, or to put it in order, on the way.
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

/// A line for the user, said once for each state of a folder.
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
            Ok(Entry::Environment(name)) => enter_named(ctx, &name, decision).map(Some),
            _ => Ok(None),
        };
    }
    let located = locate::locate(&ctx.paths, folder);
    decision
        .notes
        .extend(located.warnings.into_iter().map(Note::warning));
    decision.notes.extend(located.stranger.map(Note::from));
    let Some(project) = located.project else {
        decision.notes.extend(hint_at_pin(ctx, folder));
        return Ok(None);
    };
    decision.folder = project.folder.clone();
    decision.in_project = true;
    if let Some((pin, unmet)) = project.unmet() {
        return Err(Note::warning(unmet.line(&pin.file)));
    }
    if let Some(Entry::Environment(name)) = project.own_pin().map(|pin| pin.first()) {
        return enter_named(ctx, name, decision).map(Some);
    }
    enter_project(ctx, &project, making, decision)
}

/// The line about a file of another tool's that asks for a Python which no pin asks for.
fn hint_at_pin(ctx: &Context, folder: &Path) -> Option<Note> {
    let default = find_default_python(&ctx.paths);
    let asked = hints::asked_elsewhere(folder)
        .filter(|asked| !default.is_some_and(|python| asked.is_met_by(&python.key)))?;
    Some(Note::info(format!(
        "{} asks for Python {}, and there is no pin: boot python pin {}",
        asked.shown,
        asked.request,
        quote::for_message(&asked.request)
    )))
}

/// Decides for a project whose pin, if it has one, asks for a Python.
fn enter_project(
    ctx: &Context,
    project: &Project,
    making: Making,
    decision: &mut Decision,
) -> Result<Option<TrustedVenv>, Note> {
    decision.prompt = choose_prompt(&project.folder);
    let link = project.folder.join(venv::NAME);
    let venv = match &project.standing {
        Standing::Foreign(root) => check_foreign(ctx, project, root, making)?,
        Standing::Unusable => {
            environment::note_displaced(&ctx.paths, &resolve_links(&project.folder));
            return Err(Refusal::NoVenv(link).into());
        }
        _ => match find_or_make(ctx, project, making, decision)? {
            Some(venv) => venv,
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
    check_meets_pin(ctx, project, &venv, making)?;
    Ok(Some(venv))
}

/// An environment that boot didn't make, or an earlier boot as a folder: that is taken over, with
/// all that is in it.
fn check_foreign(
    ctx: &Context,
    project: &Project,
    root: &Path,
    making: Making,
) -> Result<TrustedVenv, Note> {
    let folder = resolve_links(&project.folder);
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
    if !trusted.is_made()
        || keeps_folders(ctx)
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
fn find_or_make(
    ctx: &Context,
    project: &Project,
    making: Making,
    decision: &mut Decision,
) -> Result<Option<TrustedVenv>, Note> {
    if making == Making::Forbidden {
        return find_made(ctx, project);
    }
    if let Standing::Own(environment) = &project.standing {
        environment.note_used();
        environment.keep_out_of_git();
        return Ok(Some(trust::check_environment(environment)?));
    }
    let folder = resolve_links(&project.folder);
    let _lock = venv::lock(ctx, &folder.join(venv::NAME)).map_err(|error| not_made(&error))?;
    let found = match environment::inspect(&ctx.paths, &folder) {
        Standing::Own(environment) => {
            // Another shell was faster.
            decision.made = true;
            Some(environment)
        }
        Standing::Renamed(mut environment) => {
            let before = shown(environment.project());
            environment
                .give_to(&folder)
                .map_err(|error| not_made(&error))?;
            decision.notes.push(Note::info(format!(
                "{} came along from {before}",
                shown(&project.folder.join(venv::NAME))
            )));
            Some(environment)
        }
        Standing::Moved(environment, old) => {
            environment::repair_moved(&environment, &old).map_err(|error| not_made(&error))?;
            Some(environment)
        }
        Standing::Nothing => {
            let displaced = environment::find_displaced(&ctx.paths, &folder);
            if let Some(environment) = &displaced {
                environment::relink(environment).map_err(|error| not_made(&error))?;
                decision.made = true;
            }
            displaced
        }
        _ => None,
    };
    match found {
        Some(environment) => Ok(Some(trust::check_environment(&environment)?)),
        None => make_missing(ctx, project, &folder, decision),
    }
}

/// The environment that is there, where none may be made.
fn find_made(ctx: &Context, project: &Project) -> Result<Option<TrustedVenv>, Note> {
    if let Standing::Own(environment) | Standing::Renamed(environment) = &project.standing {
        return Ok(Some(trust::check_environment(environment)?));
    }
    let missing = project.request().filter(|request| {
        **request != Request::System && installed::find(&ctx.paths, request).is_none()
    });
    missing.map_or(Ok(None), |request| Err(not_installed(ctx, request)))
}

/// Makes the environment of the project at the canonical path `folder`, whose lock the caller
/// holds. None where it isn't to be made unasked.
fn make_missing(
    ctx: &Context,
    project: &Project,
    folder: &Path,
    decision: &mut Decision,
) -> Result<Option<TrustedVenv>, Note> {
    let Some(request) = project.request() else {
        return Err(without_pin(project));
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
    let before = environment::list_kept(&ctx.paths, folder);
    let options = VenvOptions {
        prompt: Some(choose_prompt(&project.folder)),
        exact: request.is_exact(),
        ..VenvOptions::default()
    };
    let (trusted, without_pip) = if keeps_folders(ctx) {
        let target = folder.join(venv::NAME);
        let made =
            venv::publish(ctx, &python, &target, &options).map_err(|error| not_made(&error))?;
        (trust::check(&ctx.paths, &target)?, made.without_pip)
    } else {
        let (environment, made) = environment::create(ctx, &python, folder, &options)
            .map_err(|error| not_made(&error))?;
        environment.link().map_err(|error| not_made(&error))?;
        (trust::check_environment(&environment)?, made.without_pip)
    };
    decision.made = true;
    decision.notes.extend(without_pip.map(Note::info));
    let line = format!(
        "made {} with Python {} in {} ms{}",
        shown(&project.folder.join(venv::NAME)),
        python.key.version,
        started.elapsed().as_millis(),
        next_step(project, &before)
    );
    decision.notes.push(Note::info(line));
    Ok(Some(trusted))
}

/// Returns the end of the line about an environment just made. It names the next step, the kept
/// environment of before, or the project that a copied link led to.
fn next_step(project: &Project, before: &[Environment]) -> String {
    if let Standing::Copied(environment) = &project.standing {
        format!(
            "; the copied link led to the one of {}",
            shown(environment.project())
        )
    } else if before.iter().any(Environment::has_packages) {
        "; the one before is kept: boot venv restore".into()
    } else {
        hints::next_step(&project.folder)
            .map(|step| format!("; {step}"))
            .unwrap_or_default()
    }
}

/// A link without an environment and without a pin that says which Python another one should have.
fn without_pin(project: &Project) -> Note {
    let venv = shown(&project.folder.join(venv::NAME));
    Note::info(match &project.standing {
        Standing::Copied(environment) => format!(
            "{venv} is a copy of the link in {}; to make one for this project: boot venv",
            shown(environment.project())
        ),
        _ => format!("{venv} leads to an environment that is gone; to make another: boot venv"),
    })
}

fn not_made(error: &dyn std::error::Error) -> Note {
    Note::warning(format!(
        "no environment could be made here: {}",
        first_line(error)
    ))
}

/// Tells whether the user wants environments as folders in projects.
fn keeps_folders(ctx: &Context) -> bool {
    ctx.settings()
        .is_ok_and(|settings| settings.venv.in_project)
}

/// The environment that a pin names instead of a Python.
fn enter_named(ctx: &Context, name: &Name, decision: &mut Decision) -> Result<TrustedVenv, Note> {
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
fn check_meets_pin(
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
        return Err(lost_python(&project.folder.join(venv::NAME)));
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
            "{here} has Python {version}, the pin asks for {request}; to replace it: boot venv \
             --clear"
        )),
        None if *request == Request::System => Note::warning(format!(
            "{here} has a Python of boot's, the pin asks for the system's; to replace it: boot \
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
        RepairState::Lost(request) => Err(request.parse().map_or_else(
            |_| lost_python(root),
            |request| not_installed(ctx, &request),
        )),
        RepairState::Broken => Err(lost_python(root)),
        RepairState::Repaired | RepairState::Sound | RepairState::Other => Ok(()),
    }
}

fn lost_python(venv: &Path) -> Note {
    Note::warning(format!(
        "{} has lost its Python; to replace it: boot venv --clear",
        shown(venv)
    ))
}

/// Tells whether an environment may appear in `folder` unasked: never in the home directory itself
/// or in `/`.
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

/// Returns a project's name for prompts: the folder's name.
fn choose_prompt(folder: &Path) -> String {
    escaped(&folder.file_name().unwrap_or_default().to_string_lossy())
}

fn resolve_links(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.into())
}
