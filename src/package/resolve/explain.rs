//! Why nothing goes together, in a few lines: what PubGrub's derivation rests on, without the
//! derivation.

use std::ops::Bound;

use pep440_rs::Version;
use pubgrub::{DerivationTree, External};
use version_ranges::Ranges;

use super::candidates::{Candidates, Offer};
use super::prefetch::Prefetch;
use super::solver::Package;
use crate::package::requirement::{self, Name};
use crate::report::escaped;

type Range = Ranges<Version>;
type Tree = DerivationTree<Package, Range, String>;

/// More than this nobody reads.
const LINES: usize = 5;

/// What the contradiction rests on.
#[derive(Default)]
struct Facts {
    needs: Vec<(Package, Range, Package, Range)>,
    none: Vec<(Package, Range)>,
    unusable: Vec<(Package, Range, String)>,
}

pub(super) fn explain(tree: &Tree, prefetch: &Prefetch<'_>) -> String {
    let mut facts = Facts::default();
    collect(tree, &mut facts);
    // What is asked for comes first, then the rest in the order of the derivation.
    facts
        .needs
        .sort_by_key(|(package, ..)| *package != Package::Root);

    // No version can be both of what one request says, whatever the Python.
    let is_empty = |package: &Package, asked: &Range| *package == Package::Root && asked.is_empty();
    let mut needs = facts.needs.iter();
    if let Some((.., wanted, _)) = needs.find(|(package, .., asked)| is_empty(package, asked)) {
        return format!(
            "what you ask of {wanted} excludes every version of it\nask for versions that can be"
        );
    }
    let reasons = list_reasons(&facts, prefetch);
    let mut lines = list_needs(&facts, prefetch);
    // Asked for, and not to be had: who asks needs no saying.
    if let [reason] = &reasons[..]
        && lines.len() < 2
    {
        return reason.clone();
    }
    lines.extend(reasons);
    let more = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    let list: String = lines.iter().map(|line| format!("\n  {line}")).collect();
    let rest = if more > 0 {
        format!("\n  and {more} more reasons of this kind")
    } else {
        String::new()
    };
    format!(
        "these can't go together:{list}{rest}\nask for other versions, or for another Python with \
         --python"
    )
}

/// The packages that have no version to take, or none that can be used, and why.
fn list_reasons(facts: &Facts, prefetch: &Prefetch<'_>) -> Vec<String> {
    // A package whose versions were tried one by one has no other ones: nothing to say of it.
    let tried = |package: &Package| {
        facts
            .needs
            .iter()
            .any(|(subject, ..)| subject.name() == package.name())
            || facts
                .unusable
                .iter()
                .any(|(subject, ..)| subject.name() == package.name())
    };
    let mut reasons: Vec<String> = Vec::new();
    for (package, range) in facts.none.iter().filter(|(package, _)| !tried(package)) {
        let Some(name) = package.name() else { continue };
        // What PubGrub couldn't find may be a remainder; what was asked for as a whole says more.
        let asked = facts
            .needs
            .iter()
            .find(|(_, _, wanted, _)| wanted.name() == Some(name))
            .map_or(range, |(.., asked)| asked);
        let asked = if asked.intersection(range).is_empty() {
            range
        } else {
            asked
        };
        push(&mut reasons, why_none(name, asked, prefetch));
    }
    for (package, range, reason) in &facts.unusable {
        push(
            &mut reasons,
            format!("{} {reason}", subject(package, range, prefetch)),
        );
    }
    reasons
}

/// The requests and needs that contradict each other.
fn list_needs(facts: &Facts, prefetch: &Prefetch<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (package, range, wanted, asked) in &facts.needs {
        // Of an extra and its package: true by nature.
        if package.name() == wanted.name() {
            continue;
        }
        let wanted = format!("{wanted}{}", shown(asked));
        push(
            &mut lines,
            match package {
                Package::Root => format!("you ask for {wanted}"),
                _ => format!("{} needs {wanted}", subject(package, range, prefetch)),
            },
        );
    }
    lines
}

fn push(lines: &mut Vec<String>, line: String) {
    if !lines.contains(&line) {
        lines.push(line);
    }
}

/// The leaves. The same need of several versions is one need.
fn collect(tree: &Tree, facts: &mut Facts) {
    match tree {
        DerivationTree::Derived(derived) => {
            collect(&derived.cause1, facts);
            collect(&derived.cause2, facts);
        }
        DerivationTree::External(External::FromDependencyOf(package, range, wanted, asked)) => {
            let same = facts
                .needs
                .iter_mut()
                .find(|(a, _, b, c)| a == package && b.name() == wanted.name() && c == asked);
            match same {
                Some((_, all, ..)) => *all = all.union(range),
                None => facts.needs.push((
                    package.clone(),
                    range.clone(),
                    wanted.clone(),
                    asked.clone(),
                )),
            }
        }
        DerivationTree::External(External::NoVersions(package, range)) => {
            match facts
                .none
                .iter_mut()
                .find(|(other, _)| other.name() == package.name())
            {
                Some((_, all)) => *all = all.union(range),
                None => facts.none.push((package.clone(), range.clone())),
            }
        }
        DerivationTree::External(External::Custom(package, range, reason)) => {
            match facts
                .unusable
                .iter_mut()
                .find(|(other, _, why)| other.name() == package.name() && why == reason)
            {
                Some((_, all, _)) => *all = all.union(range),
                None => facts
                    .unusable
                    .push((package.clone(), range.clone(), reason.clone())),
            }
        }
        DerivationTree::External(External::NotRoot(..)) => {}
    }
}

/// Says why no version of `name` in `range` can be taken.
fn why_none(name: &Name, range: &Range, prefetch: &Prefetch<'_>) -> String {
    let asked = format!("{name}{}", shown(range));
    let seen = prefetch.find_candidates(name);
    let Some(candidates) = seen.as_deref().filter(|candidates| candidates.known) else {
        return format!("the package index has no {name}\nis the name right?");
    };
    let newest_first = || {
        candidates
            .versions
            .iter()
            .rev()
            .filter(|(version, _)| range.contains(*version))
    };
    if range.is_empty() {
        return format!("what is asked of {name} excludes every version of it");
    }
    if newest_first().next().is_none() {
        let newest = candidates.choose(&Ranges::full(), None, false);
        return match newest {
            Some(newest) => format!(
                "there is no {asked}\nthe newest {name} that this Python can use is {newest}"
            ),
            None => format!("there is no {asked}, and no other version that this Python can use"),
        };
    }
    let offers: Vec<(&Version, &Offer)> = newest_first().collect();
    why_unusable(name, &asked, &offers, &prefetch.filter.python)
}

/// Says why none of `offers`, the newest first, can be taken.
fn why_unusable(
    name: &Name,
    asked: &str,
    offers: &[(&Version, &Offer)],
    running: &Version,
) -> String {
    let newest_first = || offers.iter();
    if let Some((version, _)) =
        newest_first().find(|(_, offer)| offer.file().is_some() && !offer.is_yanked())
    {
        return format!(
            "{asked} has only pre-releases, as {version}\n--pre takes them, or {name}=={version}"
        );
    }
    if let Some((version, _)) = newest_first().find(|(_, offer)| offer.is_yanked()) {
        return format!(
            "{name} {version} was withdrawn by its authors\n{name}=={version} takes it all the same"
        );
    }
    // A newer version that wants another Python matters less than one that could be built for this
    // one.
    if newest_first().all(|(_, offer)| offer.python.is_some())
        && let Some((version, offer)) = newest_first().next()
    {
        let python = offer.python.as_deref().unwrap_or_default();
        return format!(
            "{name} {version} needs Python {}, and this one is {}\n--python asks for another",
            escaped(python),
            running
        );
    }
    if newest_first().all(|(_, offer)| offer.late) {
        let undated = "the index knows of nothing published before the date of --before\n\
                       leave --before out, or give a later one";
        return format!("{asked} is too new, or has no date: {undated}");
    }
    if newest_first().any(|(_, offer)| offer.source) {
        return format!(
            "{asked} has no wheel for this Python, and --no-build forbids building one\n\
             leave --no-build out"
        );
    }
    format!(
        "{asked} has no wheel for this Python, and no source that one could be built from\n\
         --python asks for another"
    )
}

/// Some versions of a package, as short as what is known of it allows.
fn subject(package: &Package, range: &Range, prefetch: &Prefetch<'_>) -> String {
    let seen = package
        .name()
        .and_then(|name| prefetch.find_candidates(name));
    let versions = |candidates: &Candidates| -> Vec<Version> {
        candidates
            .versions
            .iter()
            .filter(|(_, offer)| offer.file().is_some())
            .map(|(version, _)| version.clone())
            .collect()
    };
    let all = seen.as_deref().map(versions).unwrap_or_default();
    let meant: Vec<&Version> = all
        .iter()
        .filter(|version| range.contains(*version))
        .collect();
    match meta(&meant, all.len()) {
        Meant::One(version) => format!("{package} {version}"),
        Meant::All => format!("every {package}"),
        Meant::Some => format!("{package}{}", shown(&range.simplify(all.iter()))),
    }
}

enum Meant<'a> {
    One(&'a Version),
    All,
    Some,
}

fn meta<'a>(meant: &[&'a Version], all: usize) -> Meant<'a> {
    match meant {
        [one] => Meant::One(one),
        _ if !meant.is_empty() && meant.len() == all => Meant::All,
        _ => Meant::Some,
    }
}

/// A set of versions as PEP 440 writes it, or near enough for a person; empty for all versions.
fn shown(range: &Range) -> String {
    let parts: Vec<String> = range.iter().map(|(low, high)| part(low, high)).collect();
    match &parts[..] {
        [] => " in no version".into(),
        [one] => one.clone(),
        // Mostly of `!=`: its holes in a wide range.
        [first, .., last] if parts.len() > 3 => format!("{first} or … or {last}"),
        _ => parts.join(" or "),
    }
}

fn part(low: &Bound<Version>, high: &Bound<Version>) -> String {
    if let (Bound::Included(low), Bound::Included(high)) = (low, high)
        && low == high
    {
        return format!("=={low}");
    }
    if let (Bound::Included(low), Bound::Excluded(high)) = (low, high)
        && *high == requirement::after(low)
    {
        return format!("=={low}");
    }
    let low = match low {
        Bound::Included(low) => format!(">={low}"),
        Bound::Excluded(low) => format!(">{low}"),
        Bound::Unbounded => String::new(),
    };
    // The end of `<=1.0` lies before 1.0's first post-release.
    let inclusive = |high: &Version| {
        let whole = high.clone().with_dev(None).with_post(None);
        (high.is_post() && requirement::after(&whole) == *high).then_some(whole)
    };
    let high = match high {
        Bound::Included(high) => format!("<={high}"),
        Bound::Excluded(high) => match inclusive(high) {
            Some(high) => format!("<={high}"),
            None => format!("<{high}"),
        },
        Bound::Unbounded => String::new(),
    };
    let comma = if low.is_empty() || high.is_empty() {
        ""
    } else {
        ","
    };
    format!("{low}{comma}{high}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::requirement::Requirement;

    #[test]
    fn shown_writes_version_sets_as_asked_for() {
        for (asked, words) in [
            ("a", ""),
            ("a==1.0", "==1.0"),
            ("a>=1,<2", ">=1,<2"),
            ("a<=1.0", "<=1.0"),
            ("a>1", ">1"),
            ("a!=1.5", "<1.5 or >=1.5.post0.dev0"),
        ] {
            assert_eq!(
                shown(&asked.parse::<Requirement>().unwrap().versions),
                words
            );
        }
    }
}
