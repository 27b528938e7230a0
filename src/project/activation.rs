//! What entering a folder means: which environment is put on PATH, and the few lines that may be said about it.
//!
//! The hook asks this once when something changed. Everything it does on its own is to make a missing environment from a
//! Python that is installed; it downloads nothing, and runs nothing.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::Error;
use super::mend::{self, State, Wanted};
use super::pin::{self, Entry, Name, Pin};
use super::trust::{self, TrustedVenv, shown};
use super::venv::{self, VenvOptions};
use crate::Context;
use crate::python::installed::{self, Installed};
use crate::python::request::{Numbers, Request};
use crate::report::escaped;
use crate::store::digest::Sha256;

/// What the shell is to do.
#[derive(Debug, Default)]
pub struct Decision {
    /// Put on PATH; None: nothing of boot's belongs there.
    pub venv: Option<TrustedVenv>,
    /// What prompts show of it.
    pub prompt: String,
    /// The environment came just now: made by us, or by another shell that got there first.
    pub made: bool,
    /// The folder that was looked at as the environment, trusted or not, as it was before that.
    pub seen: Option<(PathBuf, Metadata)>,
    pub notes: Vec<Note>,
    /// What they are about: the folder of the pin, else where the shell stands.
    pub folder: PathBuf,
}

/// One line for the user, once for each state of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub line: String,
    pub warning: bool,
}

impl Note {
    fn info(line: impl Into<String>) -> Note {
        Note { line: line.into(), warning: false }
    }

    fn warning(line: impl Into<String>) -> Note {
        Note { line: line.into(), warning: true }
    }

    /// A short word for what has been said of the project `folder`; the shell keeps these.
    pub fn word(&self, folder: &Path) -> String {
        Sha256::of(&[folder.as_os_str().as_encoded_bytes(), self.line.as_bytes()].concat()).to_string()[..12].into()
    }
}

/// Decides for a shell that stands in `folder`, an absolute path.
pub fn decide(ctx: &Context, folder: &Path) -> Decision {
    let found = pin::find_project(folder);
    let mut decision = Decision { notes: found.warnings.into_iter().map(Note::warning).collect(), ..Decision::default() };
    decision.folder = folder.into();
    if let Some(pin) = found.pin {
        decision.folder = pin.folder().into();
        match enter(ctx, &pin, &mut decision) {
            Ok(venv) => decision.venv = venv,
            Err(note) => decision.notes.push(note),
        }
    }
    decision
}

/// The environment of a project, made if need be.
fn enter(ctx: &Context, pin: &Pin, decision: &mut Decision) -> Result<Option<TrustedVenv>, Note> {
    let folder = pin.folder();
    let request = match pin.first() {
        Entry::Python(request) => request,
        Entry::Environment(name) => return named(ctx, name, decision).map(Some),
    };
    let venv = folder.join(venv::NAME);
    decision.prompt = prompt(folder);
    let python = installed::find(&ctx.paths, request);
    if there(&venv, decision) {
        let trusted = trust::check(&ctx.paths, &venv).map_err(|refusal| Note::warning(refusal.to_string()))?;
        fits(ctx, &trusted, python.as_ref(), Some(request))?;
        return Ok(Some(trusted));
    }
    let Some(python) = python else {
        // Environments are made from Pythons that boot knows; the system's is used as it is.
        return if *request == Request::System { Ok(None) } else { Err(not_installed(request)) };
    };
    if !may_create(ctx, folder)? {
        return Ok(None);
    }
    let started = Instant::now();
    let options = VenvOptions { prompt: Some(prompt(folder)), exact: request.is_exact(), ..VenvOptions::default() };
    let (trusted, by_us) = create(ctx, &python, folder, &options)
        .map_err(|error| Note::warning(format!("no environment could be made here: {}", first_line(&error))))?;
    decision.made = true;
    there(trusted.root(), decision);
    if by_us {
        let time = started.elapsed().as_millis();
        decision.notes.push(Note::info(format!("made {} with Python {} in {time} ms", shown(&venv), python.key.version)));
    }
    Ok(Some(trusted))
}

/// Whether something stands at `venv`; a folder is remembered as it is now.
fn there(venv: &Path, decision: &mut Decision) -> bool {
    let Ok(data) = fs::symlink_metadata(venv) else { return false };
    if data.is_dir() {
        decision.seen = Some((venv.into(), data));
    }
    true
}

/// The environment that a pin names instead of a Python.
fn named(ctx: &Context, name: &Name, decision: &mut Decision) -> Result<TrustedVenv, Note> {
    let venv = ctx.paths.venvs().join(name.as_str());
    if !there(&venv, decision) {
        return Err(Note::info(format!("no environment is called {name}: boot venv --name {name}")));
    }
    decision.prompt = name.to_string();
    let trusted = trust::check(&ctx.paths, &venv).map_err(|refusal| Note::warning(refusal.to_string()))?;
    fits(ctx, &trusted, None, None)?;
    Ok(trusted)
}

fn not_installed(request: &Request) -> Note {
    not_installed_text(&request.to_string())
}

fn not_installed_text(request: &str) -> Note {
    Note::info(format!("Python {request} isn't installed: boot python install {}", trust::word(Path::new(request))))
}

/// A pin is met by its own Python or by none: an environment of another one isn't put on PATH in its name. One whose Python has moved
/// is mended.
fn fits(ctx: &Context, trusted: &TrustedVenv, python: Option<&Installed>, request: Option<&Request>) -> Result<(), Note> {
    let root = trusted.root();
    let wanted = python.zip(request).map(|(python, request)| Wanted { python, exact: request.is_exact() });
    let state = mend::mend(ctx, trusted, wanted)
        .map_err(|error| Note::warning(format!("{} has lost its Python, and can't be mended: {}", shown(root), first_line(&error))))?;
    match state {
        State::Lost(request) => return Err(not_installed_text(&request)),
        State::Broken => {
            return Err(Note::warning(format!("{} has lost its Python; to make it anew: boot venv --clear", shown(root))));
        }
        State::Mended | State::Sound | State::Other => {}
    }
    let Some((major, minor)) = venv::Config::read(root).and_then(|config| config.minor()) else { return Ok(()) };
    match (python, request) {
        (Some(python), Some(request)) if (major, minor) != (python.key.version.major, python.key.version.minor) => Err(Note::warning(
            format!("{} has Python {major}.{minor}, the pin asks for {request}; to make it anew: boot venv --clear", shown(root)),
        )),
        // It may have been made with a Python that boot doesn't know.
        (None, Some(request)) if !may_be(request, major, minor) => Err(not_installed(request)),
        _ => Ok(()),
    }
}

/// Whether some Python of this minor could be the one that is asked for.
fn may_be(request: &Request, major: u32, minor: u32) -> bool {
    match request {
        Request::Version { numbers: Numbers::Major(asked), .. } => *asked == major,
        Request::Version { numbers: Numbers::Minor(asked, asked_minor), .. } => (*asked, *asked_minor) == (major, minor),
        Request::Version { numbers: Numbers::Full(version), .. } => (version.major, version.minor) == (major, minor),
        Request::Key(key) => (key.version.major, key.version.minor) == (major, minor),
        Request::Specifiers { .. } | Request::Latest | Request::System | Request::Path(_) => true,
    }
}

/// Whether an environment may appear in `folder` unasked: never in the home directory itself or in `/`.
fn may_create(ctx: &Context, folder: &Path) -> Result<bool, Note> {
    let auto = match ctx.settings() {
        Ok(settings) => settings.venv.auto_create,
        Err(error) => return Err(Note::warning(first_line(&error))),
    };
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
    let home = fs::canonicalize(&ctx.paths.home).unwrap_or_else(|_| ctx.paths.home.clone());
    if !auto || real == home || real == Path::new("/") {
        return Ok(false);
    }
    let refused = |why: &str| Err(Note::info(format!("no environment is made in {}: {why}", shown(folder))));
    match fs::metadata(&real) {
        Err(error) => refused(&error.to_string()),
        Ok(data) if !trust::is_own(&data) => refused("the folder isn't yours"),
        Ok(data) if trust::others_can_write(&data) => {
            refused(&format!("others can write to it; to change that: chmod go-w {} && boot venv", trust::word(folder)))
        }
        Ok(_) if real.as_os_str().as_encoded_bytes().contains(&b':') => refused("PATH can't hold a colon"),
        Ok(_) => Ok(true),
    }
}

/// Makes the environment of the project `folder` unless another process has just done so (then false), and notes that it is boot's.
fn create(ctx: &Context, python: &Installed, folder: &Path, options: &VenvOptions) -> Result<(TrustedVenv, bool), Error> {
    let target = fs::canonicalize(folder).map_err(crate::store::Error::io("find", folder))?.join(venv::NAME);
    let _lock = venv::lock(ctx, &target)?;
    let missing = fs::symlink_metadata(&target).is_err();
    if missing {
        let made = venv::publish(ctx, python, &target, options, true)?;
        if let Some(line) = made.without_pip {
            ctx.report.info(&line);
        }
    }
    Ok((trust::check(&ctx.paths, &target).map_err(Error::Refused)?, missing))
}

/// What prompts show of a project: the folder's name.
fn prompt(folder: &Path) -> String {
    escaped(&folder.file_name().unwrap_or_default().to_string_lossy())
}

fn first_line(error: &dyn std::error::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().into()
}
