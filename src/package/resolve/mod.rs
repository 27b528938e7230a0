//! Which versions go together: PubGrub over the index, for one interpreter.
//!
//! Markers are evaluated here, so that what comes out is a plain list of files. The same pages give the same list.

mod candidates;
mod explain;
mod lookahead;
mod solver;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use pep440_rs::Version;
use version_ranges::Ranges;

use super::facts::Facts;
use super::index::{self, Indexes};
use super::metadata::{self, Metadata};
use super::page::File;
use super::requirement::{self, Name, Requirement};
use super::tags::Tags;
use crate::Context;
use crate::store::digest::Sha256;
use lookahead::Lookahead;

/// Fetches at a time. Round trips are what takes the time, not bytes.
const AT_ONCE: usize = 16;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    pub requirements: Vec<Requirement>,
    /// Versions for whatever turns out to be needed.
    pub constraints: HashMap<Name, Ranges<Version>>,
    /// Pre-releases of anything will do.
    pub pre: bool,
    /// Versions to keep where they will do.
    pub preferred: HashMap<Name, Version>,
}

/// What goes together: one file a package, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    pub pins: Vec<Pin>,
    /// What somebody should know of it.
    pub warnings: Vec<String>,
}

/// One package of a resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub name: Name,
    pub version: Version,
    pub file: String,
    pub url: String,
    pub sha256: Sha256,
    pub size: Option<u64>,
    /// Asked for by name, rather than needed by another.
    pub requested: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{reason}")]
    Contradiction { reason: String },
    #[error("{name} is asked for by its address, and boot installs packages from an index\nask for {name} by its name alone")]
    Address { name: Name },
    #[error("this Python says of itself {0}, which is no version\nboot python install makes another")]
    Python(#[from] pep440_rs::VersionParseError),
    #[error(transparent)]
    Requirement(#[from] requirement::Error),
    #[error(transparent)]
    Index(#[from] index::Error),
    #[error(transparent)]
    Metadata(#[from] metadata::Error),
}

impl Error {
    /// No versions go together, for this Python at least; another one may do.
    pub fn is_contradiction(&self) -> bool {
        matches!(self, Error::Contradiction { .. })
    }
}

impl Inputs {
    /// From PEP 508's texts.
    pub fn parse(requirements: &[&str], constraints: &[String], pre: bool) -> Result<Inputs, Error> {
        let mut inputs = Inputs { pre, ..Inputs::default() };
        for text in requirements {
            inputs.requirements.push(text.parse()?);
        }
        for text in constraints {
            let constraint: Requirement = text.parse()?;
            let versions = inputs.constraints.entry(constraint.name).or_insert_with(Ranges::full);
            *versions = versions.intersection(&constraint.versions);
        }
        Ok(inputs)
    }
}

/// Where pages and metadata come from: the indexes, or a test's own.
pub trait Source: Sync {
    fn page(&self, name: &Name) -> Result<Option<Vec<File>>, index::Error>;
    fn metadata(&self, file: &File) -> Result<Metadata, metadata::Error>;
}

struct Online<'a> {
    ctx: &'a Context,
    indexes: Indexes<'a>,
}

impl Source for Online<'_> {
    fn page(&self, name: &Name) -> Result<Option<Vec<File>>, index::Error> {
        self.indexes.page(name)
    }

    fn metadata(&self, file: &File) -> Result<Metadata, metadata::Error> {
        metadata::fetch(self.ctx, file)
    }
}

/// Finds files for `inputs` that go together and that the interpreter can use.
pub fn resolve(ctx: &Context, facts: &Facts, inputs: &Inputs) -> Result<Resolution, Error> {
    let source = Online { ctx, indexes: Indexes::from_env(ctx)? };
    let resolution = resolve_from(&source, facts, inputs)?;
    for warning in &resolution.warnings {
        ctx.report.warn(warning);
    }
    Ok(resolution)
}

/// As [`resolve`], from any source.
pub fn resolve_from(source: &dyn Source, facts: &Facts, inputs: &Inputs) -> Result<Resolution, Error> {
    let (major, minor, micro) = facts.version;
    let python = Version::new([major, minor, micro].map(u64::from));
    let environment = facts.marker_environment()?;
    let ahead = Lookahead::new(source, environment, python, Tags::of(facts), inputs.pre, inputs.preferred.clone());
    ahead.run(AT_ONCE, || solver::solve(&ahead, inputs))
}
