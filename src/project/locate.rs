//! Which project a folder belongs to, and which environment is in effect there. Hook, shims,
//! `which`, `exec` and `list` all ask here; nothing is changed by it.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::{self, Standing};
use super::pin::{self, Entry, Pin, Unmet};
use super::surroundings::find_system_program;
use super::trust::{self, Refusal, TrustedVenv};
use super::venv::{self, Config};
use crate::python::key::{Key, Platform, Variant, Version};
use crate::python::request::Request;
use crate::store::paths::Paths;

/// A folder with a pin, or with an environment of boot's or a trusted one.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub folder: PathBuf,
    /// The nearest pin, from the project's folder up.
    pub pin: Option<Pin>,
    pub standing: Standing,
}

/// A search's end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Located {
    pub project: Option<Project>,
    /// Lines about pins that were passed over.
    pub warnings: Vec<String>,
    /// An environment on the way that nobody trusts, in a folder that is no project without it.
    pub stranger: Option<Refusal>,
}

impl Project {
    /// The request that the project's environment has to meet. None where nothing is asked, or
    /// where the pin names an environment.
    pub(crate) fn request(&self) -> Option<&Request> {
        match self.pin.as_ref()?.first() {
            Entry::Python(request) => Some(request),
            _ => None,
        }
    }

    /// The pin and its word that nothing can meet, where that comes first.
    pub(crate) fn unmet(&self) -> Option<(&Pin, &Unmet)> {
        match self.pin.as_ref().map(|pin| (pin, pin.first()))? {
            (pin, Entry::Unmet(unmet)) => Some((pin, unmet)),
            _ => None,
        }
    }

    /// The project's pin, where it stands in the project's own folder or no environment is nearer.
    pub(crate) fn own_pin(&self) -> Option<&Pin> {
        self.pin.as_ref().filter(|pin| pin.folder() == self.folder)
    }
}

/// The project that `folder`, an absolute path, belongs to: the nearest.
pub(crate) fn locate(paths: &Paths, folder: &Path) -> Located {
    let found = pin::find_project(folder);
    let mut located = Located {
        project: None,
        warnings: found.warnings,
        stranger: None,
    };
    let pinned = found.pin.as_ref().map(Pin::folder);
    for above in folder.ancestors() {
        let standing = environment::inspect(paths, above);
        let is_pinned = pinned == Some(above);
        let is_project = match &standing {
            Standing::Nothing | Standing::Unusable => is_pinned,
            Standing::Foreign(root) => {
                is_pinned
                    || trust::check_in_project(paths, above, root)
                        .map_err(|refusal| note(&mut located, refusal))
                        .is_ok()
            }
            _ => true,
        };
        if is_project {
            located.project = Some(Project {
                folder: above.into(),
                pin: found.pin,
                standing,
            });
            break;
        }
    }
    located
}

/// Keeps the nearest, and only of what looks like an environment.
fn note(located: &mut Located, refusal: Refusal) {
    if !matches!(refusal, Refusal::NoVenv(_)) && located.stranger.is_none() {
        located.stranger = Some(refusal);
    }
}

/// The environment that is active at a prompt in `folder`, an absolute path, where there is one: it
/// may be put on PATH, works, and meets the pin.
pub(crate) fn environment_in_effect(paths: &Paths, folder: &Path) -> Option<TrustedVenv> {
    let project = locate(paths, folder).project?;
    if project.unmet().is_some()
        || project
            .own_pin()
            .is_some_and(|pin| !matches!(pin.first(), Entry::Python(_)))
    {
        // Named environments and what can't be read: the pin says all.
        return None;
    }
    let trusted = match &project.standing {
        Standing::Own(environment)
        | Standing::Renamed(environment)
        | Standing::Moved(environment, _) => trust::check_environment(environment).ok()?,
        Standing::Foreign(root) => trust::check_in_project(paths, &project.folder, root).ok()?,
        _ => return None,
    };
    let meets = project
        .request()
        .is_none_or(|request| meets(paths, trusted.root(), request));
    (meets && venv::works(trusted.root())).then_some(trusted)
}

/// Tells whether the environment `root` has the Python that is asked for: [`Request::matches`] on
/// its version and variant. `system` is met by the system's own, and in an environment of others by
/// any that boot does not manage.
pub(crate) fn meets(paths: &Paths, root: &Path, request: &Request) -> bool {
    if *request == Request::System {
        return has_system_python(paths, root);
    }
    interpreter(paths, root).is_some_and(|key| request.matches(&key))
}

fn has_system_python(paths: &Paths, root: &Path) -> bool {
    let python = root.join("bin/python");
    let pythons = fs::canonicalize(paths.pythons()).unwrap_or_else(|_| paths.pythons());
    let Ok(real) = fs::canonicalize(&python) else {
        return false;
    };
    if real.starts_with(&pythons) {
        return false;
    }
    // An adopted Python is reached through boot's folder, and may be the system's as well.
    let is_managed = fs::read_link(&python)
        .is_ok_and(|target| target.starts_with(paths.pythons()) || target.starts_with(&pythons));
    !is_managed
        || find_system_program(paths, "python3")
            .and_then(|system| fs::canonicalize(system).ok())
            .is_some_and(|system| system == real)
}

/// The key of an environment's Python: by the place of one of boot's own, else by what `pyvenv.cfg`
/// says. None where that says no version.
pub(crate) fn interpreter(paths: &Paths, root: &Path) -> Option<Key> {
    let python = root.join("bin/python");
    if let (Ok(real), Ok(pythons)) = (fs::canonicalize(&python), fs::canonicalize(paths.pythons()))
        && let Ok(inside) = real.strip_prefix(pythons)
        && let Some(key) = inside
            .iter()
            .next()
            .and_then(|name| name.to_str()?.parse().ok())
    {
        return Some(key);
    }
    let config = Config::read(root)?;
    let version: Version = config.full_version()?;
    let is_free_threaded =
        config.executable.to_string_lossy().ends_with('t') || has_free_threaded_name(root, version);
    let variant = if is_free_threaded {
        Variant::FreeThreaded
    } else {
        Variant::Default
    };
    Some(Key {
        version,
        variant,
        platform: Platform::host()?,
    })
}

/// Tells whether `bin` has the name of a free-threaded build of this version: environments that
/// others made don't say it elsewhere.
fn has_free_threaded_name(root: &Path, version: Version) -> bool {
    root.join("bin")
        .join(format!(
            "python{}",
            version.minor_name(Variant::FreeThreaded)
        ))
        .exists()
}
