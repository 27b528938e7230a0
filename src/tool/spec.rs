//! The requirement that names a tool: `black`, `black==24.*`, `black[d]>=24`, `black@24.4.2`,
//! `black @ URL`. Addresses without a name, and paths, are for `source`, which can look there.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{MarkerTree, VersionOrUrl};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::package::requirement::{self, Name, Requirement};
use crate::report::escaped;

/// One requirement, parsed. Shown as PEP 508 writes it, so that a receipt can hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    name: Name,
    /// Sorted.
    extras: Vec<Name>,
    origin: Origin,
    condition: Option<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Index(Option<VersionSpecifiers>),
    /// An address without credentials; `-e ` stands before what is editable.
    Address {
        url: String,
        editable: bool,
    },
}

/// The marker after the `;` (PEP 508), as it was written and as it is evaluated.
#[derive(Clone, PartialEq, Eq)]
struct Condition {
    text: String,
    marker: MarkerTree,
}

/// The text alone: the marker is a number of this run.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("an empty name names no package\nwrite black, black==24.*, black[d] or black@24.4.2")]
    Empty,
    #[error(
        "{} names no package: {reason}\nwrite black, black==24.*, black[d] or black@24.4.2",
        escaped(text)
    )]
    Nonsense { text: String, reason: String },
    #[error("{} is an address without a name\nwrite NAME @ \
             {}", escaped(&crate::net::shown(text)), escaped(&crate::net::shown(text)))]
    Unnamed { text: String },
    #[error("{} can't be editable: only a folder on this machine can\n\
             leave --editable out", escaped(&crate::net::shown(text)))]
    Editable { text: String },
    #[error(
        "{} has a condition after the ;, and a tool is either wanted or not\nleave it out",
        escaped(text)
    )]
    Marker { text: String },
    #[error("{} has something after the ; that is no condition\n\
             write it as in: six; python_version < '3.12'", escaped(&crate::net::shown(text)))]
    Condition { text: String },
    #[error(
        "{} and {} are one package from two places\nname it once",
        escaped(text),
        escaped(other)
    )]
    Twice { text: String, other: String },
    #[error(
        "{} can't be a suffix\nuse letters, digits, dots, dashes, underscores and @",
        escaped(text)
    )]
    Suffix { text: String },
}

impl Spec {
    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn extras(&self) -> &[Name] {
        &self.extras
    }

    /// The specifiers of PEP 440, where there are some.
    pub(crate) fn versions(&self) -> Option<&VersionSpecifiers> {
        match &self.origin {
            Origin::Index(versions) => versions.as_ref(),
            Origin::Address { .. } => None,
        }
    }

    /// The address that it comes from, if not from an index.
    pub(crate) fn url(&self) -> Option<&str> {
        match &self.origin {
            Origin::Index(_) => None,
            Origin::Address { url, .. } => Some(url),
        }
    }

    pub(crate) fn is_editable(&self) -> bool {
        matches!(self.origin, Origin::Address { editable: true, .. })
    }

    /// The marker that says where it is wanted; None where it is everywhere.
    pub(crate) fn condition(&self) -> Option<&str> {
        self.condition
            .as_ref()
            .map(|condition| condition.text.as_str())
    }

    /// The same, wanted where `condition` holds, which is a marker of PEP 508.
    ///
    /// # Errors
    /// It is no marker.
    pub(crate) fn when(self, condition: &str) -> Result<Spec, Error> {
        let text = condition.trim();
        let marker = requirement::parse_marker(text).map_err(|_| Error::Condition {
            text: format!("{self};{condition}"),
        })?;
        Ok(Spec {
            condition: Some(Condition {
                text: text.into(),
                marker,
            }),
            ..self
        })
    }

    /// As the resolver takes it.
    pub(crate) fn requirement(&self) -> Requirement {
        let marker = self.condition.as_ref().map(|condition| &condition.marker);
        Requirement::new(
            self.name.clone(),
            self.extras.clone(),
            self.versions(),
            self.url().map(String::from),
            marker.cloned().unwrap_or(MarkerTree::TRUE),
        )
    }

    /// The requirement that is met by what meets both this and `other`, of the same package. Its
    /// condition is this one's.
    ///
    /// # Errors
    /// They come from two places.
    pub(crate) fn united(&self, other: &Spec) -> Result<Spec, Error> {
        let origin = match (&self.origin, &other.origin) {
            (Origin::Index(one), Origin::Index(other)) => {
                let both = [one, other]
                    .into_iter()
                    .flatten()
                    .flat_map(|them| them.iter());
                let both: Vec<_> = both.cloned().collect();
                Origin::Index((!both.is_empty()).then(|| both.into_iter().collect()))
            }
            (one, other) if one == other => one.clone(),
            _ => {
                return Err(Error::Twice {
                    text: self.to_string(),
                    other: other.to_string(),
                });
            }
        };
        let mut extras: Vec<Name> = self.extras.iter().chain(&other.extras).cloned().collect();
        extras.sort();
        extras.dedup();
        Ok(Spec {
            name: self.name.clone(),
            extras,
            origin,
            condition: self.condition.clone(),
        })
    }

    /// Tells whether this asks for other versions than `installed` did; a bare name asks for none.
    pub(crate) fn is_another_choice(&self, installed: &Spec) -> bool {
        self.versions().is_some()
            && self.versions() != installed.versions()
            && self.extras == installed.extras
    }

    /// The requirement for what lies at `url`, which has no credentials.
    ///
    /// # Errors
    /// As of a requirement that is typed.
    pub(crate) fn at_address(
        name: &str,
        extras: &[String],
        url: &str,
        editable: bool,
    ) -> Result<Spec, Error> {
        let editable = if editable { "-e " } else { "" };
        let extras = bracketed(extras);
        format!("{editable}{name}{extras} @ {url}").parse()
    }

    /// The same of this very commit, where it comes from git.
    pub(crate) fn at_commit(&self, commit: &str) -> Spec {
        let repository = self.url().and_then(|url| url.strip_prefix("git+"));
        let Some(mut url) = repository.and_then(|url| url::Url::parse(url).ok()) else {
            return self.clone();
        };
        let path = url
            .path()
            .rsplit_once('@')
            .map_or(url.path(), |(path, _)| path);
        url.set_path(&format!("{path}@{commit}"));
        Spec {
            origin: Origin::Address {
                url: format!("git+{url}"),
                editable: self.is_editable(),
            },
            ..self.clone()
        }
    }

    /// Tells whether an installed `version`, that was asked for as `installed`, is what this asks
    /// for.
    pub(crate) fn is_met_by(&self, version: &Version, installed: &Spec) -> bool {
        let same_origin = match &self.origin {
            Origin::Index(None) => true,
            Origin::Index(Some(versions)) => versions.contains(version),
            Origin::Address { .. } => self.origin == installed.origin,
        };
        self.name == installed.name
            && same_origin
            && self
                .extras
                .iter()
                .all(|extra| installed.extras.contains(extra))
    }
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(typed: &str) -> Result<Spec, Error> {
        let (typed, condition) = split_condition(typed.trim());
        let (plain, editable) = typed
            .strip_prefix("-e ")
            .map_or((typed, false), |rest| (rest.trim_start(), true));
        let spec = parse_unconditional(plain, editable)?;
        match condition {
            Some(condition) => spec.when(condition),
            None => Ok(spec),
        }
    }
}

fn parse_unconditional(typed: &str, editable: bool) -> Result<Spec, Error> {
    let nonsense = |reason: String| Error::Nonsense {
        text: typed.into(),
        reason,
    };
    check_shape(typed)?;
    let text = expand_version(typed).map_err(|reason| nonsense(reason.into()))?;
    let parsed = requirement::parse(&text).map_err(|reason| nonsense(escaped(&reason)))?;
    let origin = match parsed.version_or_url {
        None => Origin::Index(None),
        Some(VersionOrUrl::VersionSpecifier(versions)) => Origin::Index(Some(versions)),
        Some(VersionOrUrl::Url(url)) => Origin::Address {
            url: crate::net::without_credentials(&url.to_string()),
            editable,
        },
    };
    let is_folder = matches!(&origin, Origin::Address { url, .. } if url.starts_with("file:"));
    if editable && !is_folder {
        return Err(Error::Editable { text: typed.into() });
    }
    let name = |text: &str| {
        text.parse::<Name>()
            .map_err(|error| nonsense(error.to_string()))
    };
    let mut extras = parsed
        .extras
        .iter()
        .map(|extra| name(extra.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    extras.sort();
    extras.dedup();
    Ok(Spec {
        name: name(parsed.name.as_ref())?,
        extras,
        origin,
        condition: None,
    })
}

/// Finds what isn't meant as a requirement at all.
fn check_shape(typed: &str) -> Result<(), Error> {
    let nonsense = |reason: &str| {
        Err(Error::Nonsense {
            text: typed.into(),
            reason: reason.into(),
        })
    };
    if typed.is_empty() {
        return Err(Error::Empty);
    }
    let is_name = |text: &str| {
        text.chars()
            .all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one))
    };
    if let Some((first, rest)) = typed.split_once(char::is_whitespace)
        && is_name(first)
        && rest
            .trim_start()
            .starts_with(|one: char| one.is_ascii_alphanumeric())
    {
        return nonsense("a name has no blank in it; two tools are two arguments");
    }
    if typed.starts_with('-') {
        return nonsense("it looks like an option");
    }
    if is_place(typed) {
        return Err(Error::Unnamed { text: typed.into() });
    }
    Ok(())
}

/// `black@24.4.2` and `black@latest` as PEP 508 writes them.
fn expand_version(typed: &str) -> Result<String, &'static str> {
    let (name, version) = match typed.split_once('@') {
        Some((name, version)) if !name.ends_with(char::is_whitespace) || !version.contains(':') => {
            (name.trim(), version.trim())
        }
        _ => return Ok(typed.into()),
    };
    if version == "latest" {
        return Ok(name.into());
    }
    if version.trim_end_matches(".*").parse::<Version>().is_ok() {
        return Ok(format!("{name}=={version}"));
    }
    if version.contains("://") {
        return Ok(format!("{name} @ {version}"));
    }
    Err("after the @ stands no version")
}

fn bracketed<T: fmt::Display>(extras: &[T]) -> String {
    let extras: Vec<String> = extras.iter().map(ToString::to_string).collect();
    if extras.is_empty() {
        String::new()
    } else {
        format!("[{}]", extras.join(","))
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let extras = bracketed(&self.extras);
        match &self.origin {
            Origin::Index(versions) => {
                let versions: Vec<String> = versions
                    .iter()
                    .flat_map(|versions| versions.iter())
                    .map(ToString::to_string)
                    .collect();
                write!(f, "{}{extras}{}", self.name, versions.join(","))?;
            }
            Origin::Address { url, editable } => {
                let editable = if *editable { "-e " } else { "" };
                write!(f, "{editable}{}{extras} @ {url}", self.name)?;
            }
        }
        match &self.condition {
            // The blank ends an address.
            Some(condition) => write!(f, " ; {}", condition.text),
            None => Ok(()),
        }
    }
}

impl Serialize for Spec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Spec, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The requirement, and the condition after the `;`, where there is one. In an address a semicolon
/// is one of its own, unless a blank stands before it (PEP 508).
pub(crate) fn split_condition(typed: &str) -> (&str, Option<&str>) {
    let found = typed.split_once(if typed.contains("://") { " ;" } else { ";" });
    found.map_or((typed, None), |(what, condition)| {
        (what.trim_end(), Some(condition))
    })
}

/// Tells whether what was typed is an address or a path without a name.
pub(crate) fn is_place(typed: &str) -> bool {
    let archive = [".whl", ".tar.gz", ".tgz", ".zip", ".tar.xz"]
        .iter()
        .any(|end| typed.ends_with(end));
    let url = typed.split_once("://").is_some_and(|(scheme, _)| {
        scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
    });
    let path = typed.starts_with(['.', '/', '~']) || (typed.contains('/') && !typed.contains('@'));
    url || path || typed.starts_with("git+") || (archive && !typed.contains('@'))
}

/// Tells whether `name` may be the name of a tool's folder.
pub(crate) fn is_tool_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+'))
}

/// A suffix that keeps names plain.
pub(crate) fn suffix(text: &str) -> Result<String, Error> {
    if is_tool_name(&format!("x{text}")) {
        Ok(text.into())
    } else {
        Err(Error::Suffix { text: text.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec_reads_names_versions_and_extras() {
        for (typed, name, text) in [
            ("black", "black", "black"),
            ("Zope.Interface", "zope-interface", "zope-interface"),
            ("black==24.*", "black", "black==24.*"),
            ("black[d]>=24,<25", "black", "black[d]>=24,<25"),
            ("black@24.4.2", "black", "black==24.4.2"),
            ("black[d]@24.4.2", "black", "black[d]==24.4.2"),
            ("black@latest", "black", "black"),
        ] {
            let spec: Spec = typed.parse().unwrap();
            assert_eq!(
                (spec.name().as_str(), spec.to_string().as_str()),
                (name, text),
                "{typed}"
            );
            assert_eq!(
                spec.to_string().parse::<Spec>().unwrap(),
                spec,
                "a receipt can hold it"
            );
        }
    }

    #[test]
    fn spec_tells_places_from_names() {
        for typed in [
            "git+https://h/x@v1",
            "https://h/x.whl",
            "./x",
            "/x/y",
            "~/x",
            "x.whl",
            "a/b",
            "git+ssh://git@h/x",
        ] {
            assert!(
                matches!(typed.parse::<Spec>(), Err(Error::Unnamed { .. })),
                "{typed}"
            );
        }
        for (typed, text) in [
            (
                "black @ https://me:secret@h/x.whl",
                "black @ https://h/x.whl",
            ),
            (
                "black[d]@git+https://h/x@v1",
                "black[d] @ git+https://h/x@v1",
            ),
            ("-e x @ file:///x", "-e x @ file:///x"),
        ] {
            let spec: Spec = typed.parse().unwrap();
            assert_eq!(spec.to_string(), text, "{typed}");
            assert_eq!(
                spec.to_string().parse::<Spec>().unwrap(),
                spec,
                "a receipt can hold it"
            );
        }
        assert!(matches!(
            "-e x @ https://h/x.whl".parse::<Spec>(),
            Err(Error::Editable { .. })
        ));
        for typed in [
            "",
            "-r",
            "a b",
            "black=24",
            "black@no",
            "../../x@1/..",
            "a\u{1b}[2J",
        ] {
            let error = typed.parse::<Spec>().unwrap_err().to_string();
            assert!(
                error.lines().count() <= 3 && !error.contains('\u{1b}'),
                "{error}"
            );
        }
        for typed in [
            "black; python_version > '3'",
            "black>=24;python_version > '3'",
            "x @ https://h/a;b.whl ; os_name == 'nt'",
        ] {
            let spec: Spec = typed.parse().unwrap();
            assert!(
                spec.condition().is_some() && spec.to_string().parse::<Spec>().unwrap() == spec,
                "{typed}"
            );
        }
        assert!("black; what > '3'".parse::<Spec>().is_err());
    }

    #[test]
    fn is_met_by_compares_installed_version() {
        let spec = |text: &str| text.parse::<Spec>().unwrap();
        let version: Version = "24.4.2".parse().unwrap();
        assert!(spec("black").is_met_by(&version, &spec("black==24.4.2")));
        assert!(spec("black==24.*").is_met_by(&version, &spec("black")));
        assert!(!spec("black>=25").is_met_by(&version, &spec("black")));
        assert!(!spec("black[d]").is_met_by(&version, &spec("black")));
        assert!(spec("black").is_met_by(&version, &spec("black @ git+https://h/x")));
        assert!(!spec("black @ git+https://h/x").is_met_by(&version, &spec("black")));
    }

    #[test]
    fn is_tool_name_refuses_paths() {
        for wrong in ["", ".", "..", "a/b", ".boot-staging-x", "-x", "a b"] {
            assert!(!is_tool_name(wrong), "{wrong}");
        }
        assert!(suffix("@24").is_ok() && suffix("/..").is_err());
    }
}
