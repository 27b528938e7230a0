//! Which versions go together: PubGrub over the index, for one interpreter.
//!
//! Markers are evaluated here, so that what comes out is a plain list of files. The same pages give
//! the same list.

mod candidates;
mod explain;
mod likely;
mod prefetch;
mod solver;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pep440_rs::Version;
use pep508_rs::MarkerEnvironment;

use super::build::{self, Builder};
use super::commands;
use super::direct::{self, DirectWheel};
use super::facts::{Facts, Python};
use super::index::{self, Indexes};
use super::metadata::{self, Metadata};
use super::options::IndexOptions;
use super::page::File;
use super::pip::Formats;
use super::requirement::{self, Name, Requirement};
use super::requirements_file;
use super::tags::Tags;
use super::wheel;
use crate::package::pip::Pip;
use crate::report::{Bar, Silent};
use crate::store::digest::Sha256;
use crate::{Context, net};
use candidates::Filter;
use prefetch::Prefetch;
use solver::Addressed;

/// Fetches at a time. Round trips are what takes the time, not bytes.
const AT_ONCE: usize = 24;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    pub requirements: Vec<Requirement>,
    /// Versions for whatever turns out to be needed, where its marker holds.
    pub constraints: Vec<Requirement>,
    /// Pre-releases of anything will do.
    pub pre: bool,
    /// Versions to keep where they will do.
    pub preferred: HashMap<Name, Version>,
    /// Folders among `requirements` whose code is to be used where it lies.
    pub editable: HashSet<Name>,
    pub index: IndexOptions,
    /// Wheels or source archives alone, for some or all.
    pub formats: Formats,
    /// What comes out will be installed: wheels that will probably be in it are fetched meanwhile,
    /// but for those in these versions.
    pub prefetch: Option<HashMap<Name, Version>>,
    /// What has to agree before the first of them is.
    pub gate: Option<Gate>,
}

/// Holds back all wheels until somebody has agreed to the commands of one of them.
#[derive(Clone)]
pub struct Gate {
    /// The package that brings the commands.
    pub name: Name,
    pub agrees: Arc<Agrees>,
}

/// Whether these commands may be linked.
pub type Agrees = dyn Fn(&[String]) -> bool + Send + Sync;

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({})", self.name)
    }
}

/// What goes together: one file a package, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    pub pins: Vec<ResolvedPin>,
    /// What somebody should know of it.
    pub warnings: Vec<String>,
}

/// One package of a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPin {
    pub name: Name,
    pub version: Version,
    pub file: String,
    /// None of a lock's file, which is in the cache before it is used.
    pub url: Option<String>,
    pub sha256: Sha256,
    pub size: Option<u64>,
    /// Asked for by name, rather than needed by another.
    pub requested: bool,
    /// The content of direct_url.json (PEP 610), where it comes from an address. Its wheel is in
    /// the cache already.
    pub direct_url: Option<String>,
}

impl ResolvedPin {
    /// The commit that it was built from, where it comes from git (PEP 610).
    pub fn commit(&self) -> Option<String> {
        let about: serde_json::Value = serde_json::from_str(self.direct_url.as_ref()?).ok()?;
        Some(about["vcs_info"]["commit_id"].as_str()?.to_string())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{reason}")]
    Contradiction { reason: String },
    #[error(
        "{name} is asked for from two addresses: {} and {}\nleave one of them out",
        net::shown(one),
        net::shown(other)
    )]
    TwoAddresses {
        name: Name,
        one: String,
        other: String,
    },
    #[error(
        "the constraint on {name} is an address, and a constraint is about versions\n\
         ask for that address itself"
    )]
    Constraint { name: Name },
    #[error("{0}\nthe file is named by constraint in pip's configuration")]
    ConstraintFile(requirements_file::Error),
    #[error(
        "this Python says of itself {0}, which is no version\nboot python install makes another"
    )]
    Python(#[from] pep440_rs::VersionParseError),
    #[error(transparent)]
    Requirement(#[from] requirement::Error),
    #[error(transparent)]
    Index(#[from] index::Error),
    #[error(transparent)]
    Metadata(#[from] metadata::Error),
    #[error(transparent)]
    Direct(#[from] direct::Error),
}

impl Error {
    /// No versions go together, for this Python at least; another one may do.
    pub fn is_contradiction(&self) -> bool {
        matches!(self, Error::Contradiction { .. })
    }
}

impl Error {
    /// What only a build could have told, and didn't: the error of the build.
    pub fn build(&self) -> Option<&build::Error> {
        match self {
            Error::Metadata(metadata::Error::Build(error)) => Some(error),
            Error::Direct(direct::Error::Build(error)) => Some(error),
            _ => None,
        }
    }
}

impl Inputs {
    /// From PEP 508's texts.
    pub fn parse(
        requirements: &[&str],
        constraints: &[String],
        pre: bool,
    ) -> Result<Inputs, Error> {
        let mut inputs = Inputs {
            pre,
            ..Inputs::default()
        };
        for text in requirements {
            // As requirements files and receipts write what is editable.
            let (text, editable) = text
                .strip_prefix("-e ")
                .map_or((*text, false), |text| (text, true));
            let requirement: Requirement = text.parse()?;
            if editable {
                inputs.editable.insert(requirement.name.clone());
            }
            inputs.requirements.push(requirement);
        }
        inputs.constrain(constraints)?;
        Ok(inputs)
    }

    /// Adds constraints, as PEP 508 writes requirements.
    fn constrain(&mut self, constraints: &[String]) -> Result<(), Error> {
        for text in constraints {
            let constraint: Requirement = text.parse()?;
            if constraint.url.is_some() {
                return Err(Error::Constraint {
                    name: constraint.name,
                });
            }
            self.constraints.push(constraint);
        }
        Ok(())
    }
}

/// Where pages and metadata come from: the indexes, or a test's own.
pub trait PackageSource: Sync {
    fn page(&self, name: &Name) -> Result<Option<Arc<Vec<File>>>, index::Error>;
    fn metadata(&self, file: &File) -> Result<Arc<Metadata>, metadata::Error>;
    /// What lies at an address, made ready to be installed.
    fn direct(&self, name: &Name, url: &str, editable: bool) -> Result<DirectWheel, direct::Error>;
    /// Fetches a wheel that will probably be installed.
    fn prefetch(&self, _file: &File) {}
    /// The commands that a wheel brings, without fetching it; None where that can't be told.
    fn commands(&self, _file: &File) -> Option<Vec<String>> {
        None
    }
    /// Tells whether the wheel needn't be fetched.
    fn is_here(&self, _file: &File) -> bool {
        false
    }
    /// What those who asked for `name` needed beside it, the last time: a guess.
    fn likely(&self, _name: &Name) -> Vec<Name> {
        Vec::new()
    }
    /// What `name` probably needs, as most know it who know it: a guess.
    fn needs(&self, _name: &Name) -> Vec<Name> {
        Vec::new()
    }
}

struct Online<'a> {
    ctx: &'a Context,
    indexes: Indexes<'a>,
    builder: Builder<'a>,
    /// For what is fetched meanwhile.
    bar: &'a dyn Bar,
}

impl PackageSource for Online<'_> {
    fn page(&self, name: &Name) -> Result<Option<Arc<Vec<File>>>, index::Error> {
        self.indexes.page(name)
    }

    fn metadata(&self, file: &File) -> Result<Arc<Metadata>, metadata::Error> {
        if file.is_source() {
            build::metadata(&self.builder, file).map(Arc::new)
        } else {
            metadata::fetch(self.ctx, file)
        }
    }

    fn direct(&self, name: &Name, url: &str, editable: bool) -> Result<DirectWheel, direct::Error> {
        direct::find(&self.builder, name, url, editable)
    }

    fn prefetch(&self, file: &File) {
        wheel::prefetch(self.ctx, &file.file, &file.url, &file.sha256, self.bar);
    }

    fn commands(&self, file: &File) -> Option<Vec<String>> {
        commands::of(self.ctx, &file.url, &file.sha256)
    }

    fn is_here(&self, file: &File) -> bool {
        wheel::is_cached(&self.ctx.paths, &file.sha256)
    }

    fn likely(&self, name: &Name) -> Vec<Name> {
        likely::of(&self.ctx.paths, name)
    }

    fn needs(&self, name: &Name) -> Vec<Name> {
        likely::of_library(name)
    }
}

/// Finds files for `inputs` that go together and that the interpreter can use.
pub fn resolve(
    ctx: &Context,
    python: Python<'_>,
    inputs: &Inputs,
    bar: &dyn Bar,
) -> Result<Resolution, Error> {
    configured(
        &Builder::new(ctx, python, inputs.index.clone()),
        python.facts,
        inputs,
        bar,
    )
}

/// As [`resolve`], for an interpreter that is like `facts` and that isn't here: what only the
/// backend of a source archive can tell, it tells to the interpreter of `builder`.
pub fn resolve_elsewhere(
    builder: &Builder<'_>,
    facts: &Facts,
    inputs: &Inputs,
) -> Result<Resolution, Error> {
    configured(builder, facts, inputs, &Silent)
}

/// With what pip's configuration says.
fn configured(
    builder: &Builder<'_>,
    facts: &Facts,
    inputs: &Inputs,
    bar: &dyn Bar,
) -> Result<Resolution, Error> {
    let pip = Pip::of_run(builder.ctx);
    let constraints = pip.constraints().map_err(Error::ConstraintFile)?;
    let mut inputs = inputs.clone();
    inputs.pre |= pip.is_on("pre") || constraints.pre;
    inputs.constrain(&constraints.constraints)?;
    online(builder, facts, &inputs, bar)
}

/// As [`resolve`], as part of what `builder` does: also for what a build needs.
pub fn resolve_for(builder: &Builder<'_>, inputs: &Inputs) -> Result<Resolution, Error> {
    online(builder, builder.python.facts, inputs, &Silent)
}

fn online(
    builder: &Builder<'_>,
    facts: &Facts,
    inputs: &Inputs,
    bar: &dyn Bar,
) -> Result<Resolution, Error> {
    let ctx = builder.ctx;
    let source = Online {
        ctx,
        indexes: Indexes::chosen(ctx, &inputs.index)?,
        builder: builder.clone(),
        bar,
    };
    let inputs = Inputs {
        formats: Pip::of_run(ctx).formats(),
        ..inputs.clone()
    };
    let resolution = resolve_from(&source, facts, &inputs)?;
    for warning in &resolution.warnings {
        ctx.report.warn(warning);
    }
    if inputs.prefetch.is_some() {
        likely::note(&ctx.paths, &inputs, &resolution);
    }
    source.indexes.say(
        resolution
            .pins
            .iter()
            .filter(|pin| pin.direct_url.is_none())
            .map(|pin| &pin.name),
    );
    Ok(resolution)
}

/// As [`resolve`], from any source.
pub fn resolve_from(
    source: &dyn PackageSource,
    facts: &Facts,
    inputs: &Inputs,
) -> Result<Resolution, Error> {
    let (major, minor, micro) = facts.version;
    let python = Version::new([major, minor, micro].map(u64::from));
    let environment = facts.marker_environment()?;
    let direct = addressed(source, &environment, inputs)?;
    let filter = Filter {
        tags: Tags::of(facts),
        python,
        before: inputs.index.before,
        build: !inputs.index.no_build,
        formats: inputs.formats.clone(),
    };
    let prefetch = Prefetch::new(source, environment, filter, inputs);
    for (name, (_, found)) in &direct {
        prefetch.add_direct(name, found);
    }
    for name in inputs
        .requirements
        .iter()
        .filter(|wish| wish.url.is_none())
        .map(|wish| &wish.name)
    {
        prefetch.prefetch_pages(name, &source.likely(name));
    }
    prefetch.run(AT_ONCE, || solver::solve(&prefetch, inputs, &direct))
}

/// Everything that is asked for by its address, and what that asks for by address in turn.
fn addressed(
    source: &dyn PackageSource,
    environment: &MarkerEnvironment,
    inputs: &Inputs,
) -> Result<Addressed, Error> {
    let mut found = Addressed::new();
    let mut queue: Vec<Requirement> = inputs
        .requirements
        .iter()
        .filter(|wish| wish.applies(environment, None))
        .cloned()
        .collect();
    let mut followed: HashSet<(Name, Option<Name>)> = HashSet::new();
    // Wishes without an address for what may turn out to come from one.
    let mut plain: Vec<Requirement> = Vec::new();
    while let Some(wish) = queue.pop() {
        if let Some(url) = &wish.url {
            match found.get(&wish.name) {
                Some((known, _)) if !solver::same_address(known, url) => {
                    return Err(Error::TwoAddresses {
                        name: wish.name,
                        one: known.clone(),
                        other: url.clone(),
                    });
                }
                Some(_) => {}
                None => {
                    let there =
                        source.direct(&wish.name, url, inputs.editable.contains(&wish.name))?;
                    found.insert(wish.name.clone(), (url.clone(), there));
                    queue.extend(
                        plain
                            .iter()
                            .filter(|other| other.name == wish.name)
                            .cloned(),
                    );
                }
            }
        }
        let Some((_, there)) = found.get(&wish.name) else {
            plain.push(wish);
            continue;
        };
        for extra in std::iter::once(None).chain(wish.extras.iter().cloned().map(Some)) {
            if followed.insert((wish.name.clone(), extra.clone())) {
                queue.extend(
                    there
                        .metadata
                        .requires
                        .iter()
                        .filter(|next| next.applies(environment, extra.as_ref()))
                        .cloned(),
                );
            }
        }
    }
    Ok(found)
}
