//! What PubGrub asks, and our answers.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use pep440_rs::Version;
use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, PubGrubError};
use version_ranges::Ranges;

use super::prefetch::Prefetch;
use super::{DirectWheel, Error, Inputs, Resolution, ResolvedPin, explain};
use crate::net;
use crate::package::metadata::{self, Metadata};
use crate::package::page::File;
use crate::package::requirement::{self, Name, Requirement};
use crate::package::wheel;
use crate::report::escaped;

/// What versions are chosen for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Package {
    /// Whoever asks: depends on all that is asked for.
    Root,
    /// A package (no extra), or what one of its extras adds; an extra depends on its package in the
    /// same version.
    Of { name: Name, extra: Option<Name> },
}

impl Package {
    pub(super) fn name(&self) -> Option<&Name> {
        match self {
            Package::Root => None,
            Package::Of { name, .. } => Some(name),
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Package::Root => f.write_str("you"),
            Package::Of { name, extra: None } => write!(f, "{name}"),
            Package::Of {
                name,
                extra: Some(extra),
            } => write!(f, "{name}[{extra}]"),
        }
    }
}

type Range = Ranges<Version>;
type Answer = Dependencies<Package, Range, String>;

pub(super) struct Solver<'a> {
    prefetch: &'a Prefetch<'a>,
    inputs: &'a Inputs,
    /// When each package was first heard of: it breaks ties, so that the outcome never depends on a
    /// hash table's order.
    order: RefCell<HashMap<Package, usize>>,
    /// The version last chosen of each package, for its extras to agree with.
    chosen: RefCell<HashMap<Name, Version>>,
    /// What comes from an address.
    direct: &'a Addressed,
    /// What the constraints leave of each package that they name.
    bounds: HashMap<Name, Range>,
    /// Versions whose files an index lists and doesn't have: nobody should wonder why an older one
    /// is taken.
    absent: RefCell<BTreeSet<(Name, Version)>>,
}

/// What comes from an address: which one, and what was found there.
pub(super) type Addressed = HashMap<Name, (String, DirectWheel)>;

pub(super) fn solve(
    prefetch: &Prefetch<'_>,
    inputs: &Inputs,
    direct: &Addressed,
) -> Result<Resolution, Error> {
    let solver = Solver {
        prefetch,
        inputs,
        order: RefCell::default(),
        chosen: RefCell::default(),
        direct,
        bounds: bounds(inputs, prefetch),
        absent: RefCell::default(),
    };
    let found = match pubgrub::resolve(&solver, Package::Root, Version::new([0])) {
        Ok(found) => found,
        Err(PubGrubError::NoSolution(tree)) => {
            return Err(Error::Contradiction {
                reason: explain::explain(&tree, prefetch),
            });
        }
        Err(
            PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => return Err(source),
    };
    solver.resolution(found)
}

/// The versions that constraints allow, by package. Files of constraints are written for many
/// Pythons.
fn bounds(inputs: &Inputs, prefetch: &Prefetch<'_>) -> HashMap<Name, Range> {
    let mut bounds: HashMap<Name, Range> = HashMap::new();
    for constraint in inputs
        .constraints
        .iter()
        .filter(|constraint| constraint.applies(&prefetch.environment, None))
    {
        let bound = bounds
            .entry(constraint.name.clone())
            .or_insert_with(Ranges::full);
        *bound = bound.intersection(&constraint.versions);
    }
    bounds
}

impl Solver<'_> {
    /// The files of the versions that were found, and what is odd about them.
    fn resolution(
        &self,
        found: impl IntoIterator<Item = (Package, Version)>,
    ) -> Result<Resolution, Error> {
        let mut resolution = Resolution::default();
        for (package, version) in found {
            let Package::Of { name, extra } = package else {
                continue;
            };
            let Some((file, about)) = self.wheel(&name, &version)? else {
                continue;
            };
            if extra.is_none() && file.yanked {
                resolution.warnings.push(format!(
                "{name} {version} was withdrawn by who published it, and is taken because it was \
                 asked for"
            ));
            }
            match extra {
                None => resolution.pins.push(ResolvedPin {
                    direct_url: self
                        .direct
                        .get(&name)
                        .map(|(_, found)| found.direct_url.clone()),
                    requested: self
                        .inputs
                        .requirements
                        .iter()
                        .any(|wish| wish.name == name),
                    name,
                    version,
                    file: file.file,
                    url: Some(file.url),
                    sha256: file.sha256,
                    size: file.size,
                }),
                Some(extra) if !about.extras.contains(&extra) => {
                    resolution
                        .warnings
                        .push(format!("{name} {version} has no extra {extra}"));
                }
                Some(_) => {}
            }
        }
        let absent = self.absent.take();
        resolution
            .warnings
            .extend(absent.iter().map(|(name, version)| {
                format!("{name} {version} is listed by the index, but isn't there: passed over")
            }));
        resolution.pins.sort_by(|a, b| a.name.cmp(&b.name));
        resolution.warnings.sort();
        Ok(resolution)
    }

    fn wheel(
        &self,
        name: &Name,
        version: &Version,
    ) -> Result<Option<(File, std::sync::Arc<Metadata>)>, Error> {
        let candidates = self.prefetch.candidates(name)?;
        let Some(file) = candidates.file(version) else {
            return Ok(None);
        };
        Ok(Some((file.clone(), self.prefetch.metadata(name, file)?)))
    }

    /// The versions that `wish` of the package `own` allows, or why there can be none.
    fn range(
        &self,
        own: Option<(&Package, &Version)>,
        wish: &Requirement,
    ) -> std::result::Result<Range, String> {
        let mut range = match self.bounds.get(&wish.name) {
            Some(constraint) => wish.versions.intersection(constraint),
            None => wish.versions.clone(),
        };
        if let Some(url) = &wish.url {
            match self.direct.get(&wish.name) {
                Some((known, found)) if same_address(known, url) => {
                    let version = Ranges::singleton(found.metadata.version.clone());
                    range = range.intersection(&version);
                }
                // Whatever an index serves could otherwise send us anywhere.
                _ => {
                    return Err(format!(
                        "needs {} from an address of its own choice",
                        wish.name
                    ));
                }
            }
        }
        if let Some((Package::Of { name, .. }, version)) = own
            && *name == wish.name
        {
            // Extras of its own, as `all` has them: of the same version, of course.
            if !range.contains(version) {
                return Err("needs another version of itself".into());
            }
            range = Ranges::singleton(version.clone());
        }
        Ok(range)
    }

    /// The requirements of the package `own`, as PubGrub takes them.
    fn dependencies<'r>(
        &self,
        own: Option<(&Package, &Version)>,
        wishes: impl Iterator<Item = &'r Requirement>,
    ) -> Answer {
        let mut found: Vec<(Package, Range)> = Vec::new();
        let mut add = |package: Package, range: &Range| match found
            .iter_mut()
            .find(|(other, _)| *other == package)
        {
            Some((_, all)) => *all = all.intersection(range),
            None => found.push((package, range.clone())),
        };
        if let Some((
            Package::Of {
                name,
                extra: Some(_),
            },
            version,
        )) = own
        {
            add(
                Package::Of {
                    name: name.clone(),
                    extra: None,
                },
                &Ranges::singleton(version.clone()),
            );
        }
        let wishes: Vec<&Requirement> = wishes.collect();
        self.prefetch.prefetch_requirements(wishes.iter().copied());
        for wish in wishes {
            let range = match self.range(own, wish) {
                Ok(range) => range,
                Err(reason) => return Dependencies::Unavailable(reason),
            };
            for extra in std::iter::once(None).chain(wish.extras.iter().cloned().map(Some)) {
                let package = Package::Of {
                    name: wish.name.clone(),
                    extra,
                };
                if own.is_none_or(|(own, _)| *own != package) {
                    add(package, &range);
                }
            }
        }
        let mut order = self.order.borrow_mut();
        for (package, _) in &found {
            let next = order.len();
            order.entry(package.clone()).or_insert(next);
        }
        Dependencies::Available(found.into_iter().collect())
    }
}

/// Tells whether two addresses mean the same; what stands after the `#` may only say its name.
pub(super) fn same_address(a: &str, b: &str) -> bool {
    let plain = |url: &str| {
        url.split("#egg=")
            .next()
            .unwrap_or(url)
            .trim_end_matches('/')
            .to_string()
    };
    plain(a) == plain(b)
}

impl DependencyProvider for Solver<'_> {
    type P = Package;
    type V = Version;
    type VS = Range;
    /// Troublemakers first, then what has a single version, then what was heard of first.
    type Priority = (bool, u32, bool, Reverse<usize>);
    type M = String;
    type Err = Error;

    fn prioritize(
        &self,
        package: &Package,
        range: &Range,
        conflicts: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let exact = range.iter().all(|(low, high)| match (low, high) {
            (std::ops::Bound::Included(low), std::ops::Bound::Included(high)) => low == high,
            (std::ops::Bound::Included(low), std::ops::Bound::Excluded(high)) => {
                *high == requirement::after(low)
            }
            _ => false,
        });
        let order = self
            .order
            .borrow()
            .get(package)
            .copied()
            .unwrap_or_default();
        (
            *package == Package::Root,
            conflicts.conflict_count(),
            exact,
            Reverse(order),
        )
    }

    fn choose_version(&self, package: &Package, range: &Range) -> Result<Option<Version>, Error> {
        let Package::Of { name, extra } = package else {
            return Ok(Some(Version::new([0])));
        };
        let candidates = self.prefetch.candidates(name)?;
        // An extra that goes for another version than its package only makes a conflict.
        let before = extra
            .as_ref()
            .and_then(|_| self.chosen.borrow().get(name).cloned());
        let version = self
            .prefetch
            .choose(&candidates, name, range, before.as_ref());
        if let Some(version) = &version {
            if extra.is_none() {
                self.prefetch
                    .prefetch_older(&candidates, name, range, version);
            }
            self.chosen
                .borrow_mut()
                .insert(name.clone(), version.clone());
        }
        Ok(version)
    }

    fn get_dependencies(&self, package: &Package, version: &Version) -> Result<Answer, Error> {
        let environment = &self.prefetch.environment;
        let Package::Of { name, extra } = package else {
            let wishes = self
                .inputs
                .requirements
                .iter()
                .filter(|wish| wish.applies(environment, None));
            return Ok(self.dependencies(None, wishes));
        };
        let about = match self.wheel(name, version) {
            Ok(Some((_, about))) => about,
            Ok(None) => return Ok(Dependencies::Unavailable("has no file".into())),
            // Broken packages are passed over, as if they weren't there; a broken network isn't.
            Err(Error::Metadata(metadata::Error::Bad { reason, .. })) => {
                return Ok(Dependencies::Unavailable(format!(
                    "has metadata that can't be used: {}",
                    escaped(&reason)
                )));
            }
            Err(Error::Metadata(metadata::Error::Wheel(wheel::Error::Refused {
                reason, ..
            }))) => {
                return Ok(Dependencies::Unavailable(format!(
                    "can't be installed: {}",
                    escaped(&reason)
                )));
            }
            Err(Error::Metadata(
                metadata::Error::Net(error @ net::Error::Status { .. })
                | metadata::Error::Wheel(wheel::Error::Net(error @ net::Error::Status { .. })),
            )) if error.is_missing() => {
                self.absent
                    .borrow_mut()
                    .insert((name.clone(), version.clone()));
                return Ok(Dependencies::Unavailable(
                    "is listed by the index, but isn't there".into(),
                ));
            }
            Err(error) => return Err(error),
        };
        if let Some(specifiers) = &about.requires_python
            && !requirement::allows_python(specifiers, &self.prefetch.filter.python)
        {
            return Ok(Dependencies::Unavailable(format!(
                "needs Python {specifiers}, and this one is {}",
                self.prefetch.filter.python
            )));
        }
        Ok(self.dependencies(
            Some((package, version)),
            about
                .requires
                .iter()
                .filter(|wish| wish.applies(environment, extra.as_ref())),
        ))
    }
}
