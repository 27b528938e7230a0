//! The Python that a tool gets.
//!
//! A request of its own decides. Without one an install takes the first of the installed Pythons
//! that the packages accept, the default first; a lock, which other machines share, takes the
//! manifest's in their order, and what is installed here has no say but by the default.

use crate::Context;
use crate::package::build::Builder;
use crate::package::resolve::{Inputs, resolve_elsewhere};
use crate::project::default_python::find_default_python;
use crate::project::pin::{self, Entry};
use crate::python::catalog;
use crate::python::install;
use crate::python::installed::{self, Installed};
use crate::python::key::{Key, Platform};
use crate::python::request::{NotARequest, Numbers, Request};
use crate::python::target;
use crate::store::env::var;
use crate::store::paths::Paths;

use super::environment::runner;
use super::{Error, Result};

/// What is known of a tool when its Python is chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PythonChoice<'a> {
    /// For messages.
    pub tool: &'a str,
    /// The request of the tool's own, where it has one.
    pub request: Option<&'a str>,
    /// The Python that it has now: it keeps that where it suits.
    pub now: Option<Key>,
}

/// Parses the request of a tool's own. The system's Python is nobody's unless it was adopted, and
/// then it has a version.
pub(crate) fn parse_request(text: Option<&str>) -> Result<Option<Request>> {
    match text.map(Request::from_argument).transpose()? {
        Some(Request::System) => Err(Error::SystemPython),
        request => Ok(request),
    }
}

/// The requests that a lock tries for a tool, in order: its own; else the manifest's; else the
/// minor of this machine's default; else the newest.
pub(crate) fn list_lock_requests<R: Clone + From<Request>>(
    paths: &Paths,
    own: Option<&R>,
    manifest: &[R],
) -> Vec<R> {
    match own {
        Some(request) => vec![request.clone()],
        None if !manifest.is_empty() => manifest.to_vec(),
        None => {
            let minor = |python: Installed| Request::Version {
                numbers: Numbers::Minor(python.key.version.major, python.key.version.minor),
                variant: python.key.variant,
            };
            let request = find_default_python(paths).map_or(Request::Latest, minor);
            vec![request.into()]
        }
    }
}

/// The Pythons that an install tries, best first: the one of its request; else the one that the
/// tool has, the default, each installed minor from the newest on; else a new one.
pub(crate) fn list_candidates(ctx: &Context, choice: &PythonChoice<'_>) -> Result<Vec<Installed>> {
    if let Some(request) = parse_request(choice.request)? {
        // One that was adopted may be named by its place.
        let named = request
            .path()
            .and_then(|path| installed::at(&ctx.paths, path));
        return Ok(vec![match named {
            Some(python) => python,
            None => install(ctx, &request)?,
        }]);
    }
    let mut found: Vec<Installed> = Vec::new();
    match read_boot_python(choice)? {
        Some(request) => found.push(install(ctx, &request)?),
        None => found.extend(find_default_python(&ctx.paths)),
    }
    for python in installed::list(&ctx.paths) {
        // The environment follows the minor's link, so one patch of each is enough; pre-releases
        // are for those who ask.
        let known = found
            .iter()
            .any(|other| other.key.is_same_minor(&python.key));
        if !known && python.key.version.pre.is_none() && python.key.variant == Default::default() {
            found.push(python);
        }
    }
    if let Some(key) = choice.now {
        found.sort_by_key(|python| !key.is_same_minor(&python.key));
    }
    if found.is_empty() {
        found.push(install_newest(ctx, choice)?);
    }
    Ok(found)
}

fn install(ctx: &Context, request: &Request) -> Result<Installed> {
    Ok(install::ensure(ctx, request, &install::Options::default())?.installed)
}

/// The request in `BOOT_PYTHON`, which beats every pin and so the default Python. A tool that has a
/// Python keeps it.
fn read_boot_python(choice: &PythonChoice<'_>) -> Result<Option<Request>> {
    let entry = var("BOOT_PYTHON").and_then(|text| pin::parse_value(&text).into_iter().next());
    if choice.now.is_some() {
        return Ok(None);
    }
    match entry {
        Some(Entry::Unmet(unmet)) => Err(NotARequest(unmet.text).into()),
        Some(Entry::Python(request)) if request.path().is_none() && request != Request::System => {
            Ok(Some(request))
        }
        _ => Ok(None),
    }
}

fn install_newest(ctx: &Context, choice: &PythonChoice<'_>) -> Result<Installed> {
    // Offline it may lie in the cache, which isn't promised before it is known.
    if !ctx.offline {
        ctx.report.info(&format!(
            "{} needs a Python, and none is installed: installing the newest first",
            choice.tool
        ));
    }
    match install(ctx, &Request::Latest) {
        Err(_) if ctx.offline => Err(Error::NoPython {
            name: choice.tool.into(),
        }),
        done => done,
    }
}

/// Installs the newest Python that accepts all of `inputs`, where none of `installed` does. None
/// where there is no such Python.
pub(super) fn install_accepting(
    ctx: &Context,
    tool: &str,
    inputs: &Inputs,
    installed: &[Installed],
) -> Result<Option<Installed>> {
    let (Some(platform), Some(here)) = (Platform::host(), installed.first()) else {
        return Ok(None);
    };
    let Ok(builds) = catalog::builds(ctx) else {
        return Ok(None);
    };
    // Which one would accept them is asked of its description; what only a source archive's backend
    // can tell, it tells to one that is here.
    let builder = Builder::new(ctx, runner(here), inputs.index.clone());
    let mut seen: Vec<Key> = installed.iter().map(|python| python.key).collect();
    // In the catalog's order: the newest first.
    for build in catalog::matching(&builds, &Request::Latest, platform) {
        if seen.iter().any(|key| key.is_same_minor(&build.key)) {
            continue;
        }
        seen.push(build.key);
        let mut facts = target::facts(&build.key);
        (facts.libc, facts.macos) = (here.facts.libc.clone(), here.facts.macos);
        match resolve_elsewhere(&builder, &facts, inputs) {
            Ok(_) => {}
            Err(error) if error.is_contradiction() => continue,
            // The installed ones got an answer, which is the one to be shown.
            Err(_) => return Ok(None),
        }
        let minor = build.key.version.minor_name(build.key.variant);
        // Offline it may lie in the cache, which isn't promised before it is known.
        if !ctx.offline {
            ctx.report.info(&format!(
                "{tool} accepts none of the installed Pythons: installing {minor} first"
            ));
        }
        return match install(ctx, &minor.parse()?) {
            Ok(python) => Ok(Some(python)),
            Err(_) if ctx.offline => Ok(None),
            Err(error) => Err(error),
        };
    }
    Ok(None)
}
