//! What a package's page means for one interpreter: its versions, the best file of each, and why
//! others have none.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::Timestamp;
use pep440_rs::Version;
use version_ranges::Ranges;

use crate::package::filename::{WheelName, source_version};
use crate::package::page::File;
use crate::package::pip::Formats;
use crate::package::requirement::{self, Name};
use crate::package::tags::Tags;

/// Which files count.
#[derive(Debug)]
pub(super) struct Filter {
    pub tags: Tags,
    pub python: Version,
    /// Only what was published before.
    pub before: Option<Timestamp>,
    /// What has no wheel may be built.
    pub build: bool,
    /// Wheels or source archives alone, for some or all.
    pub formats: Formats,
}

/// The versions of a package.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// False if no index has the package.
    pub known: bool,
    pub versions: BTreeMap<Version, Offer>,
    /// Some version that isn't a pre-release can be used.
    stable: bool,
}

/// One version.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// The best wheel; without one, what it can be built from.
    file: Option<File>,
    /// What a file says of Python, if that is why it can't be taken.
    pub python: Option<String>,
    /// A file that came too late, or nobody knows when.
    pub late: bool,
    /// There is a source archive, which may not be built.
    pub source: bool,
    /// In front of all others: not withdrawn, a wheel, then the best tag, then the highest build.
    rank: Option<Rank>,
}

type Rank = (
    bool,
    Option<(std::cmp::Reverse<usize>, Option<(u64, String)>)>,
);

impl Offer {
    /// What would be taken.
    pub(super) fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    pub(super) fn is_yanked(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.yanked)
    }
}

impl Candidates {
    pub(super) fn of(name: &Name, files: Option<&[File]>, filter: &Filter) -> Candidates {
        let mut candidates = Candidates {
            known: files.is_some(),
            ..Candidates::default()
        };
        let (wheels, sources) = filter.formats.allow(name);
        for file in files.into_iter().flatten() {
            let wheel = WheelName::parse(&file.file).filter(|wheel| wheel.name == *name);
            let version = match &wheel {
                Some(wheel) => wheel.version.clone(),
                None => match source_version(&file.file, name) {
                    Some(version) => version,
                    None => continue,
                },
            };
            let offer = candidates.versions.entry(version).or_default();
            if filter.before.is_some_and(|before| !is_before(file, before)) {
                offer.late = true;
                continue;
            }
            let unsuited = file.requires_python.as_deref().filter(|text| {
                requirement::requires_python(text).is_some_and(|specifiers| {
                    !requirement::allows_python(&specifiers, &filter.python)
                })
            });
            if let Some(unsuited) = unsuited {
                offer.python = Some(unsuited.to_string());
                continue;
            }
            let rank = match wheel {
                Some(_) if !wheels => continue,
                Some(wheel) => match filter.tags.rank(&wheel) {
                    Some(rank) => Some((std::cmp::Reverse(rank), wheel.build)),
                    None => continue,
                },
                None => {
                    offer.source = true;
                    if !filter.build || !sources {
                        continue;
                    }
                    None
                }
            };
            let rank = Some((!file.yanked, rank));
            if rank > offer.rank {
                offer.rank = rank;
                offer.file = Some(file.clone());
            }
        }
        candidates.settle();
        candidates
    }

    /// The one version of what comes from an address.
    pub(super) fn only(version: Version, file: File) -> Candidates {
        let mut candidates = Candidates {
            known: true,
            ..Candidates::default()
        };
        candidates.versions.insert(
            version,
            Offer {
                file: Some(file),
                ..Offer::default()
            },
        );
        candidates.settle();
        candidates
    }

    fn settle(&mut self) {
        self.stable = self.versions.iter().any(|(version, offer)| {
            offer.file.is_some() && !offer.is_yanked() && !version.any_prerelease()
        });
    }

    /// The version to take: the preferred one if it will do, else the newest that may be taken.
    pub(super) fn choose<'s>(
        &'s self,
        range: &Ranges<Version>,
        preferred: Option<&Version>,
        pre: bool,
    ) -> Option<&'s Version> {
        if let Some((version, offer)) =
            preferred.and_then(|preferred| self.versions.get_key_value(preferred))
            && self.may(range, pre, version, offer)
        {
            return Some(version);
        }
        self.in_order(range, pre).next()
    }

    /// All versions that may be taken, the best first.
    pub(super) fn in_order<'s>(
        &'s self,
        range: &Ranges<Version>,
        pre: bool,
    ) -> impl Iterator<Item = &'s Version> {
        let may = move |(version, offer): &(&Version, &Offer)| self.may(range, pre, version, offer);
        self.versions
            .iter()
            .rev()
            .filter(may)
            .map(|(version, _)| version)
    }

    fn may(&self, range: &Ranges<Version>, pre: bool, version: &Version, offer: &Offer) -> bool {
        range.contains(version)
            && offer.file.is_some()
            && (pre
                || !version.any_prerelease()
                || !self.stable
                || requirement::names_pre_release(range))
            && (!offer.is_yanked() || is_exact(range, version))
    }

    pub(super) fn file(&self, version: &Version) -> Option<&File> {
        self.versions.get(version)?.file()
    }
}

fn is_before(file: &File, before: Timestamp) -> bool {
    file.uploaded
        .as_ref()
        .and_then(|text| text.parse::<Timestamp>().ok())
        .is_some_and(|uploaded| uploaded < before)
}

/// Tells whether `range` has `version` because of an `==`.
fn is_exact(range: &Ranges<Version>, version: &Version) -> bool {
    range.iter().any(|(low, high)| match (low, high) {
        (Bound::Included(low), Bound::Included(high)) => low == high && low == version,
        (Bound::Included(low), Bound::Excluded(high)) => {
            low <= version && version < high && *high == requirement::after(low)
        }
        _ => false,
    })
}
