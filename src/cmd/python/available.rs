//! `boot python list --available`: what could be installed here, and which of it is.

use std::collections::{BTreeMap, BTreeSet};

use super::row::Row;
use crate::error::Result;
use crate::python::installed::{Installed, Origin};
use crate::python::key::{Key, Platform, Version};
use crate::python::{self, catalog};
use crate::ui::table;
use crate::{Code, Context};

/// Lists what meets `wanted`, installed or not, newest first: for people the newest patch of each
/// minor, or every patch with `all`; as JSON every one.
pub(super) fn run(
    ctx: &Context,
    wanted: &dyn Fn(&Key) -> bool,
    all: bool,
    json: bool,
    installed: &[Installed],
    there: Vec<Row>,
) -> Result<Code> {
    let known = known(ctx, wanted)?;
    if json {
        let mut rows = there;
        let listed: BTreeSet<String> = rows.iter().map(|row| row.key.clone()).collect();
        rows.extend(
            known
                .into_iter()
                .rev()
                .map(|(key, origin)| row(&key.0, origin))
                .filter(|row| !listed.contains(&row.key)),
        );
        table::json(serde_json::json!({ "pythons": rows }))?;
        return Ok(Code::Done);
    }
    let cells = if all {
        patches(&known, installed)
    } else {
        minors(&known, installed)
    };
    if cells.is_empty() {
        ctx.report.info(
            "no Python that is known meets that\n\
                         boot python list --available --refresh asks for what is new",
        );
        return Ok(Code::Done);
    }
    table::columns(&cells)?;
    if !all {
        ctx.report
            .info("every patch of a minor: boot python list --available 3.11");
    }
    Ok(Code::Done)
}

/// A key in the order of a list: by version, the default variant after the free-threaded one so
/// that it comes first in reverse.
#[derive(PartialEq, Eq)]
struct Place(Key);

impl Ord for Place {
    fn cmp(&self, other: &Place) -> std::cmp::Ordering {
        let minor = |key: &Key| (key.version.major, key.version.minor);
        (minor(&self.0).cmp(&minor(&other.0)))
            .then(other.0.variant.cmp(&self.0.variant))
            .then(self.0.version.cmp(&other.0.version))
            .then(self.0.platform.cmp(&other.0.platform))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Place) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Pythons for this machine: as an archive where there is one, else to build. Oldest first.
fn known(ctx: &Context, wanted: &dyn Fn(&Key) -> bool) -> Result<BTreeMap<Place, Origin>> {
    let mut known = BTreeMap::new();
    let Some(platform) = Platform::host() else {
        return Ok(known);
    };
    for source in catalog::sources(ctx).map_err(python::Error::from)? {
        known.extend(
            source
                .keys(platform)
                .filter(|key| wanted(key))
                .map(|key| (Place(key), Origin::Source)),
        );
    }
    for build in catalog::builds(ctx).map_err(python::Error::from)? {
        if build.key.platform == platform && wanted(&build.key) {
            known.insert(Place(build.key), Origin::Prebuilt);
        }
    }
    Ok(known)
}

fn row(key: &Key, origin: Origin) -> Row {
    Row {
        key: key.to_string(),
        version: key.version.to_string(),
        implementation: "cpython",
        variant: key.variant.name(),
        platform: key.platform.to_string(),
        origin,
        installed: false,
        path: None,
        default: false,
        active: false,
        newest: None,
    }
}

fn name(key: &Key) -> String {
    format!("{}{}", key.version, key.variant.suffix())
}

fn state(key: &Key, origin: Origin, installed: &[Installed]) -> String {
    match origin {
        _ if installed.iter().any(|python| python.key == *key) => "installed".into(),
        Origin::Source => "to be built".into(),
        _ => "available".into(),
    }
}

/// A line for each patch.
fn patches(known: &BTreeMap<Place, Origin>, installed: &[Installed]) -> Vec<Vec<String>> {
    known
        .iter()
        .rev()
        .map(|(Place(key), origin)| vec![name(key), state(key, *origin, installed)])
        .collect()
}

/// A line for each minor: its newest final patch (its newest pre-release where there is none), and
/// what
/// of it is installed.
fn minors(known: &BTreeMap<Place, Origin>, installed: &[Installed]) -> Vec<Vec<String>> {
    let mut groups: Vec<Vec<(&Key, Origin)>> = Vec::new();
    for (Place(key), origin) in known.iter().rev() {
        match groups
            .last_mut()
            .filter(|group| group[0].0.is_same_minor(key))
        {
            Some(group) => group.push((key, *origin)),
            None => groups.push(vec![(key, *origin)]),
        }
    }
    groups
        .into_iter()
        .map(|group| {
            let is_final = |(key, _): &&(&Key, Origin)| key.version.pre.is_none();
            let (newest, origin) = *group.iter().find(is_final).unwrap_or(&group[0]);
            let state = match state(newest, origin, installed).as_str() {
                "available" if newest.version.pre.is_some() => "a pre-release".into(),
                state => state.to_string(),
            };
            let older: Vec<String> = installed
                .iter()
                .filter(|python| python.key.is_same_minor(newest) && python.key != *newest)
                .map(|python| format!("{} is installed", name(&python.key)))
                .collect();
            let finals: Vec<Version> = group
                .iter()
                .filter(is_final)
                .map(|(key, _)| key.version)
                .filter(|v| *v != newest.version)
                .collect();
            let more = match (finals.first(), finals.last()) {
                (Some(last), Some(first)) if last != first => format!("and {first} to {last}"),
                (Some(only), _) => format!("and {only}"),
                _ => String::new(),
            };
            vec![
                name(newest),
                state,
                if older.is_empty() {
                    more
                } else {
                    older.join(", ")
                },
            ]
        })
        .collect()
}
