//! One environment in the making: its packages, their wheels, and the folder that they are linked
//! into.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use pep440_rs::Version;

use super::python::{self, PythonChoice};
use super::receipt::{self, App, Injected, Receipt, Wanted};
use super::spec::Spec;
use super::{Error, Result};
use crate::Context;
use crate::package::build::{self, Builder};
use crate::package::facts::Python;
use crate::package::link::{self, Environment};
use crate::package::requirement::Name;
pub(crate) use crate::package::resolve::ResolvedPin;
use crate::package::resolve::{self, Gate, Inputs, Resolution};
use crate::package::wheel::CachedWheel;
use crate::parallel::side_by_side;
use crate::project::venv::{self, VenvOptions};
use crate::python::installed::Installed;
use crate::report::Bar;
use crate::store::digest::Sha256;

/// Packages fetched at a time. Round trips are what takes the time, not bytes.
const AT_ONCE: usize = 32;

/// A package that goes into the tool's environment beside the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addition {
    pub spec: Spec,
    /// Its commands are linked too.
    pub expose: bool,
    /// Its commands were asked for just now: also those that had been unexposed.
    pub unhides: bool,
}

impl Addition {
    /// The packages that are in a tool beside it.
    pub(crate) fn list(receipt: &Receipt) -> Vec<Addition> {
        let injected = receipt.injected.iter();
        let additions = injected.map(|injected| Addition {
            expose: injected.expose,
            ..Addition::inside(injected.spec.clone())
        });
        additions.collect()
    }

    /// An addition whose commands stay inside.
    pub(crate) fn inside(spec: Spec) -> Addition {
        Addition {
            spec,
            expose: false,
            unhides: false,
        }
    }
}

/// The packages of an environment and its Python, found without changing anything.
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

/// The state of a tool before a resolution.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Now<'a> {
    Nothing,
    /// It keeps its Python where that suits; its packages may all become newer.
    Python(&'a Receipt),
    /// Its packages keep their versions and commits too, where these go with what is new; the named
    /// ones may take any.
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

/// What a resolution is for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// The packages will be installed: wheels come while the resolution goes on, once the gate has
    /// agreed.
    Install(Option<Gate>),
    /// Somebody wants to know: no wheel is fetched.
    Question,
}

/// An environment as it is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Recipe<'a> {
    pub ctx: &'a Context,
    pub wanted: &'a Wanted,
    pub additions: &'a [Addition],
    pub bar: &'a dyn Bar,
}

impl Recipe<'_> {
    /// Finds the Python and the packages. One resolution for the tool and all that goes with it.
    pub(crate) fn resolve(&self, now: Now<'_>, purpose: Purpose) -> Result<Resolved> {
        let tool = self.wanted.tool();
        let inputs = self.inputs(now, purpose)?;
        let choice = PythonChoice {
            tool: &tool,
            request: self.wanted.python_request.as_deref(),
            now: now.receipt().map(|receipt| receipt.python),
        };
        let candidates = python::list_candidates(self.ctx, &choice)?;
        let mut first_error = None;
        for (number, python) in candidates.iter().enumerate() {
            match self.resolve_on(python, &inputs) {
                Ok(resolved) => {
                    if number > 0 {
                        self.ctx.report.info(&format!(
                            "{tool} is made with Python {}: newer or default ones don't suit it",
                            python.key.version
                        ));
                    }
                    return Ok(resolved);
                }
                // Another Python may do; a network that isn't there won't be there for it either.
                Err(error) if error.is_contradiction() => drop(first_error.get_or_insert(error)),
                Err(error) => return Err(error.into()),
            }
        }
        if choice.request.is_none()
            && let Some(python) = python::install_accepting(self.ctx, &tool, &inputs, &candidates)?
        {
            return Ok(self.resolve_on(&python, &inputs)?);
        }
        Err(first_error.map_or(Error::NoPython { name: tool }, Error::from))
    }

    fn resolve_on(
        &self,
        python: &Installed,
        inputs: &Inputs,
    ) -> std::result::Result<Resolved, resolve::Error> {
        self.bar.say("resolving");
        let version = python.key.version;
        self.step(&format!("resolving for Python {version}"));
        let Resolution { pins, .. } = resolve::resolve(self.ctx, runner(python), inputs, self.bar)?;
        let resolved = Resolved {
            python: python.clone(),
            pins,
        };
        self.report_left_out(&resolved);
        Ok(resolved)
    }

    /// The resolver's question. A script's environment has no package that it is for.
    fn inputs(&self, now: Now<'_>, purpose: Purpose) -> Result<Inputs> {
        let Recipe {
            wanted, additions, ..
        } = *self;
        let mut specs: Vec<Spec> = wanted.spec().cloned().into_iter().collect();
        specs.extend(additions.iter().map(|addition| addition.spec.clone()));
        if let Now::Versions(receipt, _) = now {
            // A branch may have moved on.
            for spec in &mut specs {
                if let Some(commit) = receipt.commits.get(spec.name()) {
                    *spec = spec.at_commit(commit);
                }
            }
        }
        let mut inputs = Inputs::parse(&[], &wanted.constraints, wanted.pre)?;
        inputs.requirements = specs.iter().map(Spec::requirement).collect();
        let editable = specs.iter().filter(|spec| spec.is_editable());
        inputs.editable = editable.map(|spec| spec.name().clone()).collect();
        inputs.index = wanted.index.clone();
        let versions = |receipt: &Receipt| -> HashMap<Name, Version> {
            receipt.packages.clone().into_iter().collect()
        };
        if let Now::Versions(receipt, loose) = now {
            inputs.preferred = versions(receipt);
            inputs.preferred.retain(|name, _| !loose.contains(name));
        }
        if let Purpose::Install(gate) = purpose {
            // Where others bring commands too, which those are is known when all is.
            let others =
                !wanted.expose_from.is_empty() || additions.iter().any(|addition| addition.expose);
            inputs.prefetch = match now {
                _ if gate.is_some() && others => None,
                // Where nothing is newer nothing is made, and its wheels aren't wanted.
                Now::Python(receipt) => Some(versions(receipt)),
                Now::Versions(..) | Now::Nothing => Some(HashMap::new()),
            };
            inputs.gate = gate;
        }
        Ok(inputs)
    }

    /// Names what isn't in it because of its condition.
    fn report_left_out(&self, resolved: &Resolved) {
        let specs = self.additions.iter().map(|addition| &addition.spec);
        let conditional = specs.filter(|spec| spec.condition().is_some());
        for spec in conditional.filter(|spec| resolved.version_of(spec.name()).is_none()) {
            self.ctx.report.info(&format!(
                "{} is left out: its condition isn't met by Python {}",
                spec.name(),
                resolved.python.key.version
            ));
        }
    }

    pub(super) fn step(&self, what: &str) {
        let tool = self.wanted.tool();
        self.ctx.report.step(&format!("{tool}: {what}"));
    }

    /// All wheels, from the cache, or fetched or built into it, many at a time; in the order of the
    /// pins.
    pub(crate) fn fetch(&self, resolved: &Resolved) -> Result<Vec<CachedWheel>> {
        let (pins, paths) = (&resolved.pins, &self.ctx.paths);
        let mut wheels: Vec<Option<CachedWheel>> = pins
            .iter()
            .map(|pin| CachedWheel::open(paths, &pin.sha256))
            .collect();
        let missing: Vec<usize> = (0..pins.len())
            .filter(|number| wheels[*number].is_none())
            .collect();
        self.step(&format!(
            "resolved to {} packages, {} of them still to be fetched",
            pins.len(),
            missing.len()
        ));
        if !missing.is_empty() {
            let all: Vec<&ResolvedPin> = missing.iter().map(|number| &pins[*number]).collect();
            for (number, wheel) in missing.iter().zip(self.fetch_missing(resolved, &all)) {
                wheels[*number] = Some(wheel?);
            }
            self.step("fetched");
        }
        Ok(wheels.into_iter().flatten().collect())
    }

    fn fetch_missing(
        &self,
        resolved: &Resolved,
        missing: &[&ResolvedPin],
    ) -> Vec<build::Result<CachedWheel>> {
        let index = self.wanted.index.clone();
        let builder = Builder::new(self.ctx, runner(&resolved.python), index);
        let done = AtomicUsize::new(0);
        let of_all = match missing.len() {
            1 => "1 package".to_string(),
            count => format!("{count} packages"),
        };
        self.bar.say(&format!("fetching {of_all}"));
        side_by_side(missing, AT_ONCE, |pin| {
            let wheel = build::obtain(&builder, pin, self.bar);
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            self.bar.say(&format!("fetched {count} of {of_all}"));
            wheel
        })
    }

    /// Makes the environment in `staging`, without a receipt; it will live at `home`.
    pub(crate) fn write(
        &self,
        resolved: &Resolved,
        wheels: &[CachedWheel],
        staging: &Path,
        home: &Path,
    ) -> Result<()> {
        let request = python::parse_request(self.wanted.python_request.as_deref())?;
        let options = VenvOptions {
            prompt: Some(self.wanted.tool()),
            exact: request.is_some_and(|request| request.is_exact()),
            ..VenvOptions::default()
        };
        venv::create(&self.ctx.paths, &resolved.python, home, staging, &options)?;
        let is_asked_for = |wheel: &CachedWheel| {
            let name = wheel.package();
            let mut specs = self.additions.iter().map(|addition| &addition.spec);
            self.wanted.is_for(name) || specs.any(|spec| spec.name() == name)
        };
        // What two wheels both have belongs to what was asked for, then to the first by name.
        let mut order: Vec<&CachedWheel> = wheels.iter().collect();
        order.sort_by_key(|wheel| {
            (
                !self.wanted.is_for(wheel.package()),
                !is_asked_for(wheel),
                wheel.package(),
            )
        });
        let mut environment = Environment::new(staging, home, &resolved.python.facts, true);
        for wheel in order {
            let mut pins = resolved.pins.iter();
            let pin = pins.find(|pin| pin.name == *wheel.package());
            let options = link::Options {
                requested: is_asked_for(wheel),
                direct_url: pin.and_then(|pin| pin.direct_url.as_deref()),
            };
            let linked = environment.install(wheel, options)?;
            for warning in &linked.warnings {
                self.ctx.report.warn(warning);
            }
        }
        environment.finish()?;
        self.refuse_receipt(wheels, staging)
    }

    /// Refuses a package that brings a receipt: that says what the next upgrade may ask for, and no
    /// package has a say in it.
    fn refuse_receipt(&self, wheels: &[CachedWheel], staging: &Path) -> Result<()> {
        if std::fs::symlink_metadata(staging.join(receipt::NAME)).is_err() {
            return Ok(());
        }
        let ending = format!("/data/{}", receipt::NAME);
        let mut files = wheels
            .iter()
            .flat_map(|wheel| wheel.files().iter().map(move |file| (wheel, file)));
        let culprit = files.find(|(_, file)| file.path.ends_with(&ending));
        let wheel = culprit.map_or_else(
            || self.wanted.tool(),
            |(wheel, _)| format!("{}-{}", wheel.name(), wheel.version()),
        );
        Err(link::Error::Replaces {
            wheel,
            path: receipt::NAME.into(),
        }
        .into())
    }

    /// The receipt of the environment with `apps`. None for a script's, which is never changed.
    pub(crate) fn receipt(&self, resolved: &Resolved, apps: Vec<App>) -> Option<Receipt> {
        let version = resolved.version_of(self.wanted.spec()?.name())?;
        let injected = self.additions.iter().map(|addition| Injected {
            version: resolved.version_of(addition.spec.name()).cloned(),
            spec: addition.spec.clone(),
            expose: addition.expose,
        });
        let (wanted, python) = (self.wanted.clone(), resolved.python.key);
        let mut receipt = Receipt::new(wanted, version.clone(), python);
        receipt.packages = resolved.packages();
        receipt.addressed = resolved.addressed();
        receipt.commits = resolved.commits();
        receipt.apps = apps;
        receipt.injected = injected.collect();
        Some(receipt)
    }
}
