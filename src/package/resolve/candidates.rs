//! What a package's page means for one interpreter: its versions, the best wheel of each, and why others have none.

use std::collections::BTreeMap;
use std::ops::Bound;

use pep440_rs::Version;
use version_ranges::Ranges;

use crate::package::filename::{WheelName, source_version};
use crate::package::page::File;
use crate::package::requirement::{self, Name};
use crate::package::tags::Tags;

/// The versions of a package.
#[derive(Debug, Default)]
pub struct Candidates {
    /// False if no index has the package.
    pub known: bool,
    pub versions: BTreeMap<Version, Offer>,
    /// Some version that isn't a pre-release can be used.
    stable: bool,
}

/// One version.
#[derive(Debug, Default)]
pub struct Offer {
    /// The best wheel.
    pub wheel: Option<File>,
    /// What it says of Python, if that is why there is no wheel.
    pub python: Option<String>,
    /// In front of all others: not withdrawn, then the best tag, then the highest build.
    rank: Option<Rank>,
}

type Rank = (bool, std::cmp::Reverse<usize>, Option<(u64, String)>);

impl Offer {
    pub fn is_yanked(&self) -> bool {
        self.wheel.as_ref().is_some_and(|wheel| wheel.yanked)
    }
}

impl Candidates {
    pub fn of(name: &Name, files: Option<Vec<File>>, tags: &Tags, python: &Version) -> Candidates {
        let mut candidates = Candidates { known: files.is_some(), ..Candidates::default() };
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
            let unsuited = file.requires_python.as_deref().filter(|text| {
                requirement::requires_python(text).is_some_and(|specifiers| !requirement::allows_python(&specifiers, python))
            });
            if let Some(unsuited) = unsuited {
                offer.python = Some(unsuited.to_string());
                continue;
            }
            let Some((wheel, rank)) = wheel.and_then(|wheel| tags.rank(&wheel).map(|rank| (wheel, rank))) else { continue };
            let rank = Some((!file.yanked, std::cmp::Reverse(rank), wheel.build));
            if rank > offer.rank {
                offer.rank = rank;
                offer.wheel = Some(file);
            }
        }
        candidates.stable =
            candidates.versions.iter().any(|(version, offer)| offer.wheel.is_some() && !offer.is_yanked() && !version.any_prerelease());
        candidates
    }

    /// The version to take: the preferred one if it will do, else the newest that may be taken.
    pub fn choose(&self, range: &Ranges<Version>, preferred: Option<&Version>, pre: bool) -> Option<&Version> {
        let pre = pre || !self.stable || requirement::names_pre_release(range);
        let may = |version: &Version, offer: &Offer| {
            range.contains(version)
                && offer.wheel.is_some()
                && (pre || !version.any_prerelease())
                && (!offer.is_yanked() || is_exact(range, version))
        };
        if let Some((version, offer)) = preferred.and_then(|preferred| self.versions.get_key_value(preferred))
            && may(version, offer)
        {
            return Some(version);
        }
        self.versions.iter().rev().find(|(version, offer)| may(version, offer)).map(|(version, _)| version)
    }

    pub fn wheel(&self, version: &Version) -> Option<&File> {
        self.versions.get(version)?.wheel.as_ref()
    }
}

/// Whether `range` has `version` because of an `==`.
fn is_exact(range: &Ranges<Version>, version: &Version) -> bool {
    range.iter().any(|(low, high)| match (low, high) {
        (Bound::Included(low), Bound::Included(high)) => low == high && low == version,
        (Bound::Included(low), Bound::Excluded(high)) => low <= version && version < high && *high == requirement::after(low),
        _ => false,
    })
}
