//! Names and requirements: PEP 503, PEP 508 and PEP 440, made ready for the resolver, which reckons
//! with sets of versions.

use std::fmt;
use std::ops::Bound;
use std::str::FromStr;

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};
use pep508_rs::{ExtraName, MarkerEnvironment, MarkerTree, VerbatimUrl, VersionOrUrl};
use serde::{Deserialize, Serialize};
use version_ranges::Ranges;

use crate::report::escaped;

/// A package's name as PEP 503 compares it: lower case, with single dashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Name, Error> {
        text.parse()
    }
}

impl Name {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form of `text` that PEP 503 compares, of any text: also one that is no package's name.
    pub(crate) fn normalize(text: &str) -> String {
        let mut normal = String::with_capacity(text.len());
        for character in text.trim().chars() {
            match character {
                '-' | '_' | '.' if normal.ends_with('-') => {}
                '-' | '_' | '.' => normal.push('-'),
                _ => normal.extend(character.to_lowercase()),
            }
        }
        normal
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Name, Error> {
        let wrong = || Error::Name { text: text.into() };
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if !edge(text.as_bytes().first()) || !edge(text.as_bytes().last()) {
            return Err(wrong());
        }
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !text.bytes().all(is_allowed) {
            return Err(wrong());
        }
        Ok(Name(Name::normalize(text)))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(
        "{} isn't a package's name\nuse letters, digits, dots, dashes and underscores, as in black",
        escaped(text)
    )]
    Name { text: String },
    #[error(
        "{} isn't a requirement: {reason}\nwrite it as in black, black==24.* or black[d]>=24,<25",
        escaped(text)
    )]
    Requirement { text: String, reason: String },
}

/// One wish for a package.
#[derive(Clone, Debug)]
pub struct Requirement {
    pub name: Name,
    pub extras: Vec<Name>,
    /// The versions that will do.
    pub versions: Ranges<Version>,
    /// An address instead of versions, which no index can serve.
    pub url: Option<String>,
    marker: MarkerTree,
}

impl Requirement {
    pub(crate) fn new(
        name: Name,
        extras: Vec<Name>,
        specifiers: Option<&VersionSpecifiers>,
        url: Option<String>,
        marker: MarkerTree,
    ) -> Requirement {
        Requirement {
            name,
            extras,
            versions: specifiers.map_or_else(Ranges::full, ranges),
            url,
            marker,
        }
    }

    /// Tells whether it counts for this interpreter, as a wish of the package itself (no extra) or
    /// of one of its extras.
    pub fn applies(&self, environment: &MarkerEnvironment, extra: Option<&Name>) -> bool {
        let extra: Vec<ExtraName> = extra
            .iter()
            .filter_map(|extra| extra.as_str().parse().ok())
            .collect();
        self.marker.evaluate(environment, &extra)
    }
}

impl FromStr for Requirement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Requirement, Error> {
        // Old packages write `>=3.6.*`, which PEP 440 never allowed and everybody understands.
        let parsed = parse(text)
            .or_else(|reason| parse(&without_stars(text)).map_err(|_| reason))
            .map_err(|reason| Error::Requirement {
                text: text.into(),
                reason,
            })?;
        let (specifiers, url) = match &parsed.version_or_url {
            None => (None, None),
            Some(VersionOrUrl::VersionSpecifier(specifiers)) => (Some(specifiers), None),
            Some(VersionOrUrl::Url(url)) => (None, Some(url.to_string())),
        };
        let extras = parsed
            .extras
            .iter()
            .map(|extra| extra.as_ref().parse())
            .collect::<Result<_, _>>()?;
        let name = parsed.name.as_ref().parse()?;
        Ok(Requirement::new(
            name,
            extras,
            specifiers,
            url,
            parsed.marker,
        ))
    }
}

/// Tells whether `text` is one line of the ASCII that PEP 508 is made of; addresses are
/// percent-encoded. The library takes it for granted that characters are bytes, and panics where
/// they are not.
fn is_ascii_line(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b'\t' || byte.is_ascii() && !byte.is_ascii_control())
}

const NOT_ASCII: &str = "it has characters that no requirement has";

fn first_line(error: &pep508_rs::Pep508Error) -> String {
    let message = error.message.to_string();
    escaped(message.lines().next().unwrap_or_default())
}

/// Parses a marker (PEP 508); the error is one line.
pub fn parse_marker(text: &str) -> Result<MarkerTree, String> {
    if !is_ascii_line(text) {
        return Err(NOT_ASCII.into());
    }
    MarkerTree::from_str(text).map_err(|error| first_line(&error))
}

/// Parses a requirement (PEP 508); the error is one line.
pub(crate) fn parse(text: &str) -> Result<pep508_rs::Requirement<VerbatimUrl>, String> {
    if !is_ascii_line(text) {
        return Err(NOT_ASCII.into());
    }
    // The library also panics where what looks like a name doesn't end like one.
    let is_in_name =
        |character: char| character.is_ascii_alphanumeric() || ".-_".contains(character);
    let trimmed = text.trim_start();
    let (name, rest) = trimmed.split_at(
        trimmed
            .find(|character| !is_in_name(character))
            .unwrap_or(trimmed.len()),
    );
    let extras = rest
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
        .unwrap_or_default();
    let mut names = std::iter::once(name).chain(extras.split(|character| !is_in_name(character)));
    if let Some(name) = names.find(|name| name.ends_with(['.', '-', '_'])) {
        return Err(format!(
            "a name must end with a letter or a digit, and {name} doesn't"
        ));
    }
    pep508_rs::Requirement::from_str(text).map_err(|error| first_line(&error))
}

/// A Requires-Python, read as leniently as old packages need. None where it can't be read: then it
/// says nothing.
pub(crate) fn requires_python(text: &str) -> Option<VersionSpecifiers> {
    let specifiers: VersionSpecifiers =
        text.parse().or_else(|_| without_stars(text).parse()).ok()?;
    // The conversion to a range adds one to a number.
    let absurd = specifiers
        .iter()
        .any(|specifier| specifier.version().release().contains(&u64::MAX));
    (!absurd).then_some(specifiers)
}

/// Tells whether a Python of this version is meant. A pre-release of 3.14 counts as 3.14, as
/// everywhere in this field.
pub(crate) fn allows_python(specifiers: &VersionSpecifiers, python: &Version) -> bool {
    pep440_rs::release_specifiers_to_ranges(specifiers.clone()).contains(&python.only_release())
}

/// Takes the `.*` away where an ordering comparison has one.
fn without_stars(text: &str) -> String {
    let mut fixed = String::with_capacity(text.len());
    let mut ordering = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if rest.starts_with(".*") && ordering {
            rest = &rest[2..];
            continue;
        }
        match character {
            '<' | '>' | '~' => ordering = true,
            '=' if fixed.ends_with(['<', '>', '~']) => {}
            '=' | '!' | ',' | ';' | '\'' | '"' => ordering = false,
            _ => {}
        }
        fixed.push(character);
        rest = &rest[character.len_utf8()..];
    }
    fixed
}

/// The set of versions that all of `specifiers` allow.
pub(crate) fn ranges(specifiers: &VersionSpecifiers) -> Ranges<Version> {
    specifiers.iter().fold(Ranges::full(), |all, specifier| {
        all.intersection(&range(specifier))
    })
}

/// As PEP 440 compares; `==1.0` includes `1.0+cpu`. Bounds are chosen so that one of them is a
/// pre-release only if the specifier names one, see [`names_pre_release`].
fn range(specifier: &VersionSpecifier) -> Ranges<Version> {
    let version = specifier.version().clone();
    match specifier.operator() {
        Operator::Equal if version.is_local() => Ranges::singleton(version),
        Operator::Equal => Ranges::from_range_bounds(version.clone()..after(&version)),
        Operator::ExactEqual => Ranges::singleton(version),
        Operator::NotEqual if version.is_local() => Ranges::singleton(version).complement(),
        Operator::NotEqual => {
            Ranges::from_range_bounds(version.clone()..after(&version)).complement()
        }
        Operator::LessThanEqual if version.is_local() => Ranges::lower_than(version),
        Operator::LessThanEqual => Ranges::strictly_lower_than(after(&version)),
        Operator::TildeEqual => {
            let mut release = version.release().to_vec();
            release.pop();
            Ranges::from_range_bounds(version.clone()..next_release(&version, release))
        }
        Operator::EqualStar => star(&version),
        Operator::NotEqualStar => star(&version).complement(),
        Operator::LessThan if version.any_prerelease() => Ranges::strictly_lower_than(version),
        Operator::LessThan if version.is_post() => {
            Ranges::strictly_lower_than(version.with_dev(Some(0)))
        }
        Operator::LessThan => Ranges::strictly_lower_than(version.with_min(Some(0))),
        // Neither its local versions nor, unless it is one itself, its post-releases come after a
        // version.
        Operator::GreaterThan if version.is_dev() || version.is_post() => {
            Ranges::higher_than(after(&version))
        }
        Operator::GreaterThan => Ranges::strictly_higher_than(version.with_max(Some(0))),
        Operator::GreaterThanEqual => Ranges::higher_than(version),
    }
}

fn star(version: &Version) -> Ranges<Version> {
    let low = Version::new(version.release())
        .with_epoch(version.epoch())
        .with_min(Some(0));
    Ranges::from_range_bounds(low..next_release(version, version.release().to_vec()))
}

/// The lowest version of the release after `release`.
fn next_release(version: &Version, mut release: Vec<u64>) -> Version {
    if let Some(last) = release.last_mut() {
        *last = last.saturating_add(1);
    }
    Version::new(release)
        .with_epoch(version.epoch())
        .with_min(Some(0))
}

/// Tells whether whoever made this set asked for pre-releases, by naming one as a bound.
pub(crate) fn names_pre_release(versions: &Ranges<Version>) -> bool {
    let named = |bound: &Bound<Version>| match bound {
        Bound::Included(version) | Bound::Excluded(version) => {
            version.is_pre() || (version.is_dev() && !version.is_post())
        }
        Bound::Unbounded => false,
    };
    let bounds: Vec<(&Bound<Version>, &Bound<Version>)> = versions.iter().collect();
    // Only the outer ends: between two parts something was left out.
    bounds.first().is_some_and(|(low, _)| named(low))
        || bounds.last().is_some_and(|(_, high)| named(high))
}

/// The first version after `version` and all its local ones.
pub(crate) fn after(version: &Version) -> Version {
    let public = version.clone().without_local();
    match (public.dev(), public.post()) {
        (Some(dev), _) => public.with_dev(Some(dev.saturating_add(1))),
        (None, Some(post)) => public
            .with_post(Some(post.saturating_add(1)))
            .with_dev(Some(0)),
        (None, None) => public.with_post(Some(0)).with_dev(Some(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(requirement: &str, version: &str) -> bool {
        requirement
            .parse::<Requirement>()
            .unwrap()
            .versions
            .contains(&version.parse::<Version>().unwrap())
    }

    #[test]
    fn requirement_parse_of_hostile_text_is_error() {
        for text in [
            "b.*[c]~=1.4.1; v pyt",
            "b.",
            "b-[c]",
            "a[b.]",
            "a[b. , c]",
            "a[b.;",
            "a[b_",
            "a[c,b-]>1",
            "b.>=1",
            "b; python_version < '31.1'\u{61e}\u{6db} x",
            "b\0",
            ".b",
            "[",
            "a[",
            "",
            "é.",
        ] {
            assert!(text.parse::<Requirement>().is_err(), "{text}");
        }
        assert!(
            "a.b-c_d[e.f, g-h] >= 1.0 ; python_version > '3.'"
                .parse::<Requirement>()
                .is_ok()
        );
    }

    #[test]
    fn name_is_normalized_as_the_index_does() {
        assert_eq!(
            "Zope.Interface".parse::<Name>().unwrap().as_str(),
            "zope-interface"
        );
        assert_eq!("a-_.b".parse::<Name>().unwrap().as_str(), "a-b");
        for wrong in ["", "-a", "a-", "a b", "../a", "naïve", "a/b"] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn allows_compares_versions_as_pep_440_says() {
        for (requirement, yes, no) in [
            ("a==1.0", "1.0+cpu", "1.0.post1"),
            ("a==1.0", "1.0.0", "1.0.1"),
            ("a!=1.0", "1.0.post1", "1.0+cpu"),
            ("a<=1.0", "1.0+cpu", "1.0.post1"),
            ("a<2", "1.9", "2.0rc1"),
            ("a>1.0", "1.1", "1.0.post1"),
            ("a>1.0", "1.1", "1.0+cpu"),
            ("a<1.0.post1", "1.0", "1.0.post1.dev1"),
            ("a>1.0.post1", "1.0.post2", "1.0.post1"),
            ("a~=1.4.2", "1.4.9", "1.5.0a1"),
            ("a~=1.4", "1.9", "2.0.dev1"),
            ("a==1.4.*", "1.4rc1", "1.5.dev0"),
            ("a!=1.4.*", "1.5.dev0", "1.4.9"),
            ("a>=1.0.*", "1.0", "0.9"),
            ("a (>=1,<2)", "1.5", "2.0"),
            ("a==1!1.*", "1!1.2", "1.2"),
        ] {
            assert!(allows(requirement, yes), "{requirement} allows {yes}");
            assert!(!allows(requirement, no), "{requirement} doesn't allow {no}");
        }
    }

    #[test]
    fn requires_python_accepts_old_spellings() {
        let python = Version::new([3, 11, 9]);
        assert!(allows_python(&requires_python(">=3.6.*").unwrap(), &python));
        assert!(allows_python(
            &requires_python(">=2.7, !=3.0.*, !=3.1.*").unwrap(),
            &python
        ));
        assert!(!allows_python(&requires_python(">=3.12").unwrap(), &python));
        assert!(requires_python("three").is_none());
    }

    #[test]
    fn names_pre_release_only_if_one_is_named() {
        for (requirement, asked) in [
            ("a>=1.0rc1", true),
            ("a==1.0.dev3", true),
            ("a<2.0b1", true),
            ("a==1.0", false),
            ("a<=1.0", false),
            ("a<2", false),
            ("a~=1.0", false),
            ("a==1.*", false),
            ("a!=1.0rc1", false),
            ("a>1.0,<1.0.post2", false),
        ] {
            assert_eq!(
                names_pre_release(&requirement.parse::<Requirement>().unwrap().versions),
                asked,
                "{requirement}"
            );
        }
    }

    #[test]
    fn requirement_keeps_address() {
        let requirement: Requirement = "a @ https://example.org/a-1.0-py3-none-any.whl"
            .parse()
            .unwrap();
        assert!(requirement.url.is_some());
        assert!("a >> 1".parse::<Requirement>().is_err());
    }
}
