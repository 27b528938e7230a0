//! Users of an installed Python, as far as boot knows: tools, named environments, and the
//! environments of projects. They tell by the link that their interpreter is: to one patch's
//! folder, or to the minor's link, which follows an upgrade.

use std::fs;
use std::path::{Path, PathBuf};

use super::environment::{self, Environment};
use super::trust::{self, Kind};
use super::{pin, venv};
use crate::python::installed::{self, Installed, Origin};
use crate::python::request::Request;
use crate::report::escaped;
use crate::store::paths::Paths;

/// A user of a Python, which would stop working without it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dependent {
    /// A tool, by its name.
    Tool(String),
    /// An environment, named or a project's.
    Environment(PathBuf),
    /// A pin that asks for this very patch. Nothing breaks without it, but its project has no
    /// Python.
    Pin(PathBuf),
}

impl Dependent {
    /// Its name in a message.
    fn describe(&self, paths: &Paths) -> String {
        let text = match self {
            Dependent::Tool(name) => format!("the tool {name}"),
            Dependent::Environment(path) | Dependent::Pin(path) => paths.tilde(path),
        };
        escaped(&text)
    }
}

/// Names of the tools and environments that have no Python when `python` goes: those bound to its
/// patch, and those bound to its minor's link if no other patch would take its place. Those of an
/// adopted one go on running, but boot could no longer upgrade or repair them.
pub(crate) fn list_dependents(paths: &Paths, python: &Installed) -> Vec<String> {
    describe_all(paths, find_dependents(paths, python))
}

/// Names of what holds `python` although a newer patch of its minor is there: environments bound to
/// its patch, and pins that name it.
pub(crate) fn list_patch_dependents(paths: &Paths, python: &Installed) -> Vec<String> {
    describe_all(paths, find_patch_dependents(paths, python))
}

fn describe_all(paths: &Paths, found: Vec<Dependent>) -> Vec<String> {
    found.iter().map(|user| user.describe(paths)).collect()
}

fn find_dependents(paths: &Paths, python: &Installed) -> Vec<Dependent> {
    if python.origin == Origin::Adopted {
        return bound_to(paths, &[python.root.clone(), python.executable.clone()]);
    }
    let minor = python.minor_link(paths);
    let last = !installed::list(paths)
        .iter()
        .any(|other| other.key != python.key && other.minor_link(paths) == minor);
    let mut places = vec![python.root.clone()];
    if last {
        places.push(minor);
    }
    bound_to(paths, &places)
}

fn find_patch_dependents(paths: &Paths, python: &Installed) -> Vec<Dependent> {
    let mut found = bound_to(paths, std::slice::from_ref(&python.root));
    let projects = known(paths)
        .into_iter()
        .filter_map(|venv| venv.parent().map(Path::to_path_buf));
    let projects =
        projects.chain(in_use(paths).map(|environment| environment.project().to_path_buf()));
    let mut pins: Vec<pin::Pin> = projects
        .filter_map(|folder| pin::find_project(&folder).pin)
        .collect();
    pins.extend(pin::find_from(Path::new("/"), paths).pin);
    for pin in pins {
        let names_it = |request: &Request| request.is_exact() && request.matches(&python.key);
        if pin.requests().any(names_it) {
            found.push(Dependent::Pin(pin.file));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The tools and environments whose interpreter lies in one of `places`.
fn bound_to(paths: &Paths, places: &[PathBuf]) -> Vec<Dependent> {
    let uses = |root: &Path| {
        places
            .iter()
            .any(|place| leads_into(&root.join("bin/python"), place))
    };
    let tools = folders(&paths.tools())
        .into_iter()
        .filter(|root| uses(root));
    let mut found: Vec<Dependent> = tools
        .filter_map(|root| {
            Some(Dependent::Tool(
                root.file_name()?.to_string_lossy().into_owned(),
            ))
        })
        .collect();
    let mut environments = folders(&paths.venvs());
    environments.extend(known(paths));
    found.extend(
        environments
            .into_iter()
            .filter(|root| uses(root))
            .map(Dependent::Environment),
    );
    let of_projects = in_use(paths).filter(|environment| uses(environment.root()));
    found.extend(
        of_projects
            .map(|environment| Dependent::Environment(environment.project().join(venv::NAME))),
    );
    found.sort();
    found.dedup();
    found
}

/// A chain of links from `link` passes through `place`. Environments made by an environment's
/// Python have links to its.
fn leads_into(link: &Path, place: &Path) -> bool {
    let mut at = link.to_path_buf();
    // The kernel follows forty.
    for _ in 0..40 {
        if at.starts_with(place) {
            return true;
        }
        let Ok(target) = fs::read_link(&at) else {
            return false;
        };
        at = at.parent().unwrap_or(Path::new("/")).join(target);
    }
    false
}

/// The environments in boot's folder that a project leads to. Those that are only kept hold no
/// Python.
fn in_use(paths: &Paths) -> impl Iterator<Item = Environment> + use<> {
    environment::list(paths)
        .into_iter()
        .filter(Environment::is_in_use)
}

/// The folders in projects that boot made or was told to trust.
fn known(paths: &Paths) -> Vec<PathBuf> {
    // A trust store that can't be read names nothing; whoever needs it says so.
    let known = trust::list_trusted(paths).unwrap_or_default();
    known
        .into_iter()
        .filter(|known| matches!(known.kind, Kind::Made | Kind::Trusted))
        .map(|known| known.path)
        .collect()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect()
}
