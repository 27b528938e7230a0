//! One environment in the making: which Python, which packages, their wheels, and the folder that
//! they are linked into.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use pep440_rs::Version;

use super::receipt::{App, Injected, Receipt, Wanted};
use super::spec::Spec;
use super::{Error, Result};
use crate::Context;
use crate::package::build::{self, Builder};
use crate::package::facts::Python;
use crate::package::link::{self, Environment};
use crate::package::requirement::Name;
pub(crate) use crate::package::resolve::ResolvedPin;
use crate::package::resolve::{Gate, Inputs, Resolution, resolve, resolve_elsewhere};
use crate::package::wheel::CachedWheel;
use crate::parallel::side_by_side;
use crate::project::default_python::find_default_python;
use crate::project::pin::{self, Entry};
use crate::project::venv::{self, VenvOptions};
use crate::python::catalog;
use crate::python::install;
use crate::python::installed::{self, Installed};
use crate::python::key::{Key, Platform};
use crate::python::request::{NotARequest, Request};
use crate::python::target;
use crate::report::Bar;
use crate::store::digest::Sha256;
use crate::store::env::var;

/// Packages fetched at a time. Round trips are what takes the time, not bytes.
const AT_ONCE: usize = 32;

/// A package that goes into the tool's environment beside the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addition {
    pub spec: Spec,
    /// Its commands are linked too.
    pub expose: bool,
    /// That was asked for now: also those that had been taken away.
    pub anew: bool,
}

impl Addition {
    /// One whose commands stay inside.
    pub(crate) fn inside(spec: Spec) -> Addition {
        Addition {
            spec,
            expose: false,
            anew: false,
        }
    }
}

/// What an environment will be: found out without changing anything.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    pub python: Installed,
    pub pins: Vec<ResolvedPin>,
}

impl Resolved {
    /// Every package, as the receipt has them.
    pub(crate) fn packages(&self) -> BTreeMap<Name, Version> {
        self.pins
            .iter()
            .map(|pin| (pin.name.clone(), pin.version.clone()))
            .collect()
    }

    /// The wheels of those that come from an address, by name: what lies there changes without its
    /// version.
    pub(crate) fn addressed(&self) -> BTreeMap<Name, Sha256> {
        let addressed = self.pins.iter().filter(|pin| pin.direct_url.is_some());
        addressed
            .map(|pin| (pin.name.clone(), pin.sha256))
            .collect()
    }

    /// The commits of those that come from git, by name.
    pub(crate) fn commits(&self) -> BTreeMap<Name, String> {
        self.pins
            .iter()
            .filter_map(|pin| Some((pin.name.clone(), pin.commit()?)))
            .collect()
    }

    /// The version of a package that is in it.
    pub(crate) fn version_of(&self, name: &Name) -> Option<&Version> {
        let pin = self.pins.iter().find(|pin| pin.name == *name);
        pin.map(|pin| &pin.version)
    }
}

/// The interpreter, for what has to be built.
pub(crate) fn runner(python: &Installed) -> Python<'_> {
    Python {
        facts: &python.facts,
        program: &python.executable,
    }
}

/// What there is of a tool already.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Now<'a> {
    Nothing,
    /// It keeps its Python where that suits; its packages may all become newer.
    Python(&'a Receipt),
    /// Its packages keep their versions and commits too, where these go with what is new; those
    /// that are named may take any.
    Versions(&'a Receipt, &'a BTreeSet<Name>),
}

impl<'a> Now<'a> {
    pub(crate) fn receipt(self) -> Option<&'a Receipt> {
        match self {
            Now::Nothing => None,
            Now::Python(receipt) | Now::Versions(receipt, _) => Some(receipt),
        }
    }
}

/// Finds the Python and the packages. One resolution for the tool and all that goes with it.
/// `install` says that it will be made: then wheels come while the resolution goes on.
/// With `gate`, they wait until that has agreed.
pub(crate) fn find(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    now: Now<'_>,
    install: bool,
    gate: Option<Gate>,
    bar: &dyn Bar,
) -> Result<Resolved> {
    // A script's environment has no package that it is for.
    let mut requirements: Vec<Spec> = wanted.spec().cloned().into_iter().collect();
    requirements.extend(additions.iter().map(|addition| addition.spec.clone()));
    if let Now::Versions(receipt, _) = now {
        // A branch may have moved on.
        for spec in &mut requirements {
            if let Some(commit) = receipt.commits.get(spec.name()) {
                *spec = spec.at_commit(commit);
            }
        }
    }
    let mut inputs = Inputs::parse(&[], &wanted.constraints, wanted.pre)?;
    inputs.requirements = requirements.iter().map(Spec::requirement).collect();
    inputs.editable = requirements
        .iter()
        .filter(|spec| spec.is_editable())
        .map(|spec| spec.name().clone())
        .collect();
    inputs.index = wanted.index.clone();
    let versions = |receipt: &Receipt| -> HashMap<Name, Version> {
        receipt.packages.clone().into_iter().collect()
    };
    match now {
        Now::Versions(receipt, loose) => {
            inputs.preferred = versions(receipt);
            inputs.preferred.retain(|name, _| !loose.contains(name));
        }
        // Where nothing is newer nothing is made, and its wheels aren't wanted.
        Now::Python(receipt) if install => inputs.ahead = Some(versions(receipt)),
        Now::Python(_) | Now::Nothing => {}
    }
    if install {
        inputs.ahead.get_or_insert_default();
    }
    // Where others bring commands too, which those are is known when all is.
    if gate.is_some()
        && (!wanted.expose_from.is_empty() || additions.iter().any(|addition| addition.expose))
    {
        inputs.ahead = None;
    }
    inputs.gate = gate;
    let mut first_error = None;
    let candidates = candidates(ctx, wanted, now.receipt())?;
    for (number, python) in candidates.iter().enumerate() {
        bar.say("resolving");
        ctx.report.step(&format!(
            "{}: resolving for Python {}",
            wanted.tool(),
            python.key.version
        ));
        match resolve(ctx, runner(python), &inputs, bar) {
            Ok(Resolution { pins, .. }) => {
                if number > 0 {
                    ctx.report.info(&format!(
                        "{} is made with Python {}: newer or default ones don't suit it",
                        wanted.tool(),
                        python.key.version
                    ));
                }
                say_left_out(ctx, additions, python, &pins);
                return Ok(Resolved {
                    python: python.clone(),
                    pins,
                });
            }
            // Another Python may do; a network that isn't there won't be there for it either.
            Err(error) if error.is_contradiction() => drop(first_error.get_or_insert(error)),
            Err(error) => return Err(error.into()),
        }
    }
    if wanted.python_request.is_none()
        && let Some(python) = one_more(ctx, wanted, &inputs, &candidates)?
    {
        let Resolution { pins, .. } = resolve(ctx, runner(&python), &inputs, bar)?;
        say_left_out(ctx, additions, &python, &pins);
        return Ok(Resolved { python, pins });
    }
    Err(first_error.map_or_else(
        || Error::NoPython {
            name: wanted.tool(),
        },
        Error::from,
    ))
}

/// Names what isn't in it because of its condition.
fn say_left_out(ctx: &Context, additions: &[Addition], python: &Installed, pins: &[ResolvedPin]) {
    let is_in = |name: &Name| pins.iter().any(|pin| pin.name == *name);
    let conditional = additions
        .iter()
        .map(|addition| &addition.spec)
        .filter(|spec| spec.condition().is_some());
    for spec in conditional.filter(|spec| !is_in(spec.name())) {
        ctx.report.info(&format!(
            "{} is left out: its condition isn't met by Python {}",
            spec.name(),
            python.key.version
        ));
    }
}

/// The newest Python that all of it accepts, installed now, where none of `installed` is accepted.
/// None where there is no such Python.
fn one_more(
    ctx: &Context,
    wanted: &Wanted,
    inputs: &Inputs,
    installed: &[Installed],
) -> Result<Option<Installed>> {
    let (Some(platform), Some(here)) = (Platform::host(), installed.first()) else {
        return Ok(None);
    };
    let Ok(builds) = catalog::builds(ctx) else {
        return Ok(None);
    };
    // Which one would be accepted is asked of its description; what only a source archive's backend
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
                "{} accepts none of the installed Pythons: installing {minor} first",
                wanted.tool()
            ));
        }
        return match install::ensure(ctx, &minor.parse()?, &install::Options::default()) {
            Ok(made) => Ok(Some(made.installed)),
            Err(_) if ctx.offline => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    Ok(None)
}

/// The Python that was asked for, if one was. The system's is none of ours unless it was adopted,
/// and then it has a version.
pub(crate) fn request_of(wanted: &Wanted) -> Result<Option<Request>> {
    let Some(text) = &wanted.python_request else {
        return Ok(None);
    };
    match Request::from_argument(text)? {
        Request::System => Err(Error::SystemPython),
        request => Ok(Some(request)),
    }
}

/// The Pythons to try, best first: the one asked for; else the one that the tool has, the default
/// one, each installed minor from the newest on; else a new one.
pub(crate) fn candidates(
    ctx: &Context,
    wanted: &Wanted,
    now: Option<&Receipt>,
) -> Result<Vec<Installed>> {
    if let Some(request) = request_of(wanted)? {
        // An adopted one may be named by its place.
        let named = request
            .path()
            .and_then(|path| installed::at(&ctx.paths, path));
        let ensured = || {
            install::ensure(ctx, &request, &install::Options::default()).map(|made| made.installed)
        };
        return Ok(vec![named.map_or_else(ensured, Ok)?]);
    }
    let mut found: Vec<Installed> = Vec::new();
    // It beats every pin, and so the default one.
    let chosen = match var("BOOT_PYTHON")
        .and_then(|text| pin::parse_value(&text).into_iter().next())
    {
        Some(Entry::Python(request)) => Some(request),
        Some(Entry::Unmet(unmet)) if now.is_none() => return Err(NotARequest(unmet.text).into()),
        _ => None,
    };
    match chosen
        .filter(|request| now.is_none() && request.path().is_none() && *request != Request::System)
    {
        Some(request) => {
            found.push(install::ensure(ctx, &request, &install::Options::default())?.installed)
        }
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
    if let Some(key) = now.map(|now| now.python) {
        found.sort_by_key(|python| !key.is_same_minor(&python.key));
    }
    if found.is_empty() {
        // Offline it may lie in the cache, which isn't promised before it is known.
        if !ctx.offline {
            ctx.report.info(&format!(
                "{} needs a Python, and none is installed: installing the newest first",
                wanted.tool()
            ));
        }
        match install::ensure(ctx, &Request::Latest, &install::Options::default()) {
            Ok(made) => found.push(made.installed),
            Err(_) if ctx.offline => {
                return Err(Error::NoPython {
                    name: wanted.tool(),
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
}

/// All wheels, from the cache, or fetched or built into it, many at a time; in the order of the
/// pins.
pub(crate) fn fetch(
    ctx: &Context,
    wanted: &Wanted,
    resolved: &Resolved,
    bar: &dyn Bar,
) -> Result<Vec<CachedWheel>> {
    let pins = &resolved.pins;
    let builder = Builder::new(ctx, runner(&resolved.python), wanted.index.clone());
    let mut wheels: Vec<Option<CachedWheel>> = pins
        .iter()
        .map(|pin| CachedWheel::open(&ctx.paths, &pin.sha256))
        .collect();
    let missing: Vec<usize> = (0..pins.len())
        .filter(|number| wheels[*number].is_none())
        .collect();
    let step = |what: String| ctx.report.step(&format!("{}: {what}", wanted.tool()));
    step(format!(
        "resolved to {} packages, {} of them still to be fetched",
        pins.len(),
        missing.len()
    ));
    if !missing.is_empty() {
        let done = AtomicUsize::new(0);
        let of_all = if missing.len() == 1 {
            "1 package".to_string()
        } else {
            format!("{} packages", missing.len())
        };
        bar.say(&format!("fetching {of_all}"));
        let fetched = side_by_side(&missing, AT_ONCE, |number| {
            let pin = &pins[*number];
            let wheel = build::obtain(&builder, pin, bar);
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            bar.say(&format!("fetched {count} of {of_all}"));
            wheel
        });
        for (number, wheel) in missing.iter().zip(fetched) {
            wheels[*number] = Some(wheel?);
        }
        step("fetched".into());
    }
    Ok(wheels.into_iter().flatten().collect())
}

/// Whether the tool has the links that were chosen for it beside its own.
pub(crate) fn has_exposed(receipt: &Receipt, wanted: &BTreeMap<String, String>) -> bool {
    wanted
        .iter()
        .all(|(name, script)| receipt.wanted.expose.get(name) == Some(script))
}

/// `wanted` without the names that it hides of what is to be exposed now.
pub(crate) fn shown(wanted: &Wanted, additions: &[Addition], wheels: &[CachedWheel]) -> Wanted {
    let of = |name: &Name| wheels.iter().find(|wheel| wheel.package() == name);
    let anew = additions
        .iter()
        .filter(|addition| addition.anew)
        .filter_map(|addition| of(addition.spec.name()));
    let names: Vec<String> = anew
        .flat_map(CachedWheel::scripts)
        .map(|script| format!("{script}{}", wanted.suffix))
        .collect();
    let mut wanted = wanted.clone();
    wanted.hide.retain(|hidden| !names.contains(hidden));
    wanted
}

/// Which commands the environment will offer, as far as wheels tell: known before anything is made.
pub(crate) fn apps(
    wanted: &Wanted,
    additions: &[Addition],
    wheels: &[CachedWheel],
) -> Result<Vec<App>> {
    let of = |name: &Name| wheels.iter().find(|wheel| wheel.package() == name);
    let mut apps: Vec<App> = Vec::new();
    let mut offer = |wheel: &CachedWheel| {
        for script in wheel.scripts() {
            let name = format!("{script}{}", wanted.suffix);
            if !apps.iter().any(|app| app.name == name) {
                apps.push(App { name, script });
            }
        }
        !wheel.scripts().is_empty()
    };
    let own = wanted.spec().and_then(|spec| of(spec.name()));
    let mut any = own.is_some_and(&mut offer);
    for package in &wanted.expose_from {
        if !of(package).is_some_and(&mut offer) {
            return Err(Error::NothingToExpose {
                tool: wanted.tool(),
                package: package.to_string(),
            });
        }
        any = true;
    }
    for addition in additions.iter().filter(|addition| addition.expose) {
        let left_out = addition.spec.condition().is_some() && of(addition.spec.name()).is_none();
        if !left_out && !of(addition.spec.name()).is_some_and(&mut offer) {
            return Err(Error::NothingToExpose {
                tool: wanted.tool(),
                package: addition.spec.name().to_string(),
            });
        }
    }
    if !any && wanted.spec().is_some() {
        let version = own
            .map(|wheel| wheel.version().to_string())
            .unwrap_or_default();
        return Err(Error::NoCommands {
            name: wanted.name().into(),
            version,
        });
    }
    // A command that a newer version has no more isn't linked, and is again when it comes back.
    let scripts: Vec<String> = wheels.iter().flat_map(CachedWheel::scripts).collect();
    for (name, script) in wanted
        .expose
        .iter()
        .filter(|(_, script)| scripts.contains(script))
    {
        apps.retain(|app| app.name != *name);
        apps.push(App {
            name: name.clone(),
            script: script.clone(),
        });
    }
    apps.retain(|app| !wanted.hide.contains(&app.name));
    apps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(apps)
}

/// Whether commands of the package `name` are linked: the tool's own, and what is exposed beside
/// it.
pub(crate) fn offers(wanted: &Wanted, additions: &[Addition], name: &Name) -> bool {
    let mut exposed = additions.iter().filter(|addition| addition.expose);
    wanted.is_for(name)
        || wanted.expose_from.contains(name)
        || exposed.any(|addition| addition.spec.name() == name)
}

/// The wheels whose commands are linked: of the tool, and of what is exposed beside it.
pub(crate) fn offering<'a>(
    wanted: &Wanted,
    additions: &[Addition],
    wheels: &'a [CachedWheel],
) -> Vec<&'a CachedWheel> {
    wheels
        .iter()
        .filter(|wheel| offers(wanted, additions, wheel.package()))
        .collect()
}

/// Writes the environment into `staging`; it will live at `home`. Its receipt is inside.
#[allow(clippy::too_many_arguments)]
pub(crate) fn write(
    ctx: &Context,
    wanted: &Wanted,
    additions: &[Addition],
    resolved: &Resolved,
    wheels: &[CachedWheel],
    apps: Vec<App>,
    staging: &Path,
    home: &Path,
) -> Result<Option<Receipt>> {
    let python = &resolved.python;
    let exact = request_of(wanted)?.is_some_and(|request| request.is_exact());
    let options = VenvOptions {
        prompt: Some(wanted.tool()),
        exact,
        ..VenvOptions::default()
    };
    venv::create(&ctx.paths, python, home, staging, &options)?;
    let asked = |wheel: &CachedWheel| {
        let name = wheel.package();
        wanted.is_for(name)
            || additions
                .iter()
                .any(|addition| addition.spec.name() == name)
    };
    // What two wheels both have belongs to what was asked for, then to the first by name.
    let mut order: Vec<&CachedWheel> = wheels.iter().collect();
    order.sort_by_key(|wheel| {
        (
            !wanted.is_for(wheel.package()),
            !asked(wheel),
            wheel.package(),
        )
    });
    let mut environment = Environment::new(staging, home, &python.facts, true);
    for wheel in order {
        let pin = resolved
            .pins
            .iter()
            .find(|pin| pin.name == *wheel.package());
        let direct_url = pin.and_then(|pin| pin.direct_url.as_deref());
        let linked = environment.install(
            wheel,
            link::Options {
                requested: asked(wheel),
                direct_url,
            },
        )?;
        for warning in &linked.warnings {
            ctx.report.warn(warning);
        }
    }
    environment.finish()?;

    let version = wanted
        .spec()
        .and_then(|spec| resolved.version_of(spec.name()));
    // A script's environment is never changed, so it has no receipt.
    let Some(version) = version.cloned() else {
        return Ok(None);
    };
    let mut receipt = Receipt::new(wanted.clone(), version, python.key);
    receipt.packages = resolved.packages();
    receipt.addressed = resolved.addressed();
    receipt.commits = resolved.commits();
    receipt.apps = apps;
    receipt.injected = additions
        .iter()
        .map(|addition| Injected {
            version: resolved.version_of(addition.spec.name()).cloned(),
            spec: addition.spec.clone(),
            expose: addition.expose,
        })
        .collect();
    // The receipt says what may be asked for at the next upgrade: no package has a say in it.
    if std::fs::symlink_metadata(staging.join(super::receipt::NAME)).is_ok() {
        let ending = format!("/data/{}", super::receipt::NAME);
        let culprit = wheels.iter().find(|wheel| {
            wheel
                .files()
                .iter()
                .any(|file| file.path.ends_with(&ending))
        });
        let wheel = culprit.map_or_else(
            || wanted.tool(),
            |wheel| format!("{}-{}", wheel.name(), wheel.version()),
        );
        return Err(link::Error::Replaces {
            wheel,
            path: super::receipt::NAME.into(),
        }
        .into());
    }
    receipt.write(staging)?;
    Ok(Some(receipt))
}
