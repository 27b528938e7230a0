//! What is typed to name a tool: `black`, `black==24.*`, `black[d]>=24`, `black@24.4.2`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl, VersionOrUrl};

use crate::report::escaped;

/// One requirement, checked. Written as PEP 508 has it, so that a receipt can hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    name: String,
    extras: Vec<String>,
    text: String,
    versions: Option<pep440_rs::VersionSpecifiers>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{} names no package: {reason}\nwrite black, black==24.*, black[d] or black@24.4.2", escaped(text))]
    Nonsense { text: String, reason: String },
    #[error("{} would have to be built, and boot can't do that yet: it installs wheels from a package index\nis there a release of it? then its name is enough", escaped(&crate::net::shown(text)))]
    Later { text: String },
    #[error("{} has a condition after the ;, and a tool is either wanted or not\nleave it out", escaped(text))]
    Marker { text: String },
    #[error("{} can't be a suffix\nuse letters, digits, dots, dashes, underscores and @", escaped(text))]
    Suffix { text: String },
}

impl Spec {
    /// The package's name, normalized.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As PEP 508 writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether this asks for other versions than `installed` did; a bare name asks for none.
    pub fn is_another_choice(&self, installed: &Spec) -> bool {
        self.versions.is_some() && self.versions != installed.versions && self.extras == installed.extras
    }

    /// Whether an installed `version`, that was asked for as `installed`, is what this asks for.
    pub fn is_met_by(&self, version: &str, installed: &Spec) -> bool {
        let version: Option<pep440_rs::Version> = version.parse().ok();
        self.name == installed.name
            && self.extras.iter().all(|extra| installed.extras.contains(extra))
            && match (&self.versions, version) {
                (None, _) => true,
                (Some(versions), Some(version)) => versions.contains(&version),
                (Some(_), None) => false,
            }
    }
}

impl FromStr for Spec {
    type Err = Error;

    fn from_str(typed: &str) -> Result<Spec, Error> {
        let typed = typed.trim();
        let nonsense = |reason: &str| Error::Nonsense { text: typed.into(), reason: reason.into() };
        if typed.is_empty() {
            return Err(nonsense("it is empty"));
        }
        if typed.starts_with('-') {
            return Err(nonsense("it looks like an option"));
        }
        let archive = [".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2"].iter().any(|end| typed.ends_with(end));
        let path = typed.starts_with(['.', '/', '~']) || (typed.contains('/') && !typed.contains('@'));
        if archive || path || typed.contains("://") || typed.starts_with("git+") {
            return Err(Error::Later { text: typed.into() });
        }
        let text = match typed.split_once('@') {
            Some((name, version)) if !name.ends_with(char::is_whitespace) || !version.contains(':') => {
                let version = version.trim();
                if version == "latest" {
                    name.trim().to_string()
                } else if version.trim_end_matches(".*").parse::<pep440_rs::Version>().is_ok() {
                    format!("{}=={version}", name.trim())
                } else if Path::new(version).is_absolute() {
                    return Err(Error::Later { text: typed.into() });
                } else {
                    return Err(nonsense("after the @ stands no version"));
                }
            }
            _ => typed.to_string(),
        };
        let parsed = Requirement::<VerbatimUrl>::from_str(&text).map_err(|error| nonsense(&first_line(&error.message.to_string())))?;
        let versions = match parsed.version_or_url.clone() {
            None => None,
            Some(VersionOrUrl::VersionSpecifier(versions)) => Some(versions),
            Some(VersionOrUrl::Url(_)) => return Err(Error::Later { text: typed.into() }),
        };
        if !parsed.marker.is_true() {
            return Err(Error::Marker { text: typed.into() });
        }
        let mut extras: Vec<String> = parsed.extras.iter().map(ToString::to_string).collect();
        extras.sort();
        Ok(Spec { name: parsed.name.to_string(), extras, text: parsed.to_string(), versions })
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn first_line(text: &str) -> String {
    escaped(text.lines().next().unwrap_or(""))
}

/// A name as PEP 503 compares it; a suffix's other characters stay.
pub fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.trim().chars() {
        match character {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            _ => normal.extend(character.to_lowercase()),
        }
    }
    normal
}

/// Whether `name` may be the name of a tool's folder.
pub fn is_tool_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 200
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+'))
}

/// A suffix that keeps names plain.
pub fn suffix(text: &str) -> Result<String, Error> {
    if is_tool_name(&format!("x{text}")) { Ok(text.into()) } else { Err(Error::Suffix { text: text.into() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_versions_and_extras_are_understood() {
        for (typed, name, text) in [
            ("black", "black", "black"),
            ("Zope.Interface", "zope-interface", "zope-interface"),
            ("black==24.*", "black", "black==24.*"),
            ("black[d]>=24,<25", "black", "black[d]>=24, <25"),
            ("black@24.4.2", "black", "black==24.4.2"),
            ("black[d]@24.4.2", "black", "black[d]==24.4.2"),
            ("black@latest", "black", "black"),
        ] {
            let spec: Spec = typed.parse().unwrap();
            assert_eq!((spec.name(), spec.text().replace(", ", ",")), (name, text.replace(", ", ",")), "{typed}");
            assert_eq!(spec.text().parse::<Spec>().unwrap(), spec, "a receipt can hold it");
        }
    }

    #[test]
    fn what_comes_later_is_told_from_nonsense() {
        for typed in ["git+https://h/x", "https://h/x.whl", "./x", "/x/y", "~/x", "x.whl", "black @ https://h/x.whl", "x @ file:///x"] {
            assert!(matches!(typed.parse::<Spec>(), Err(Error::Later { .. })), "{typed}");
        }
        for typed in ["", "-r", "a b", "black=24", "black@no", "../../x@1/..", "a\u{1b}[2J"] {
            let error = typed.parse::<Spec>().unwrap_err().to_string();
            assert!(error.lines().count() <= 3 && !error.contains('\u{1b}'), "{error}");
        }
        assert!(matches!("black; python_version > '3'".parse::<Spec>(), Err(Error::Marker { .. })));
    }

    #[test]
    fn an_installed_version_meets_a_spec_or_not() {
        let spec = |text: &str| text.parse::<Spec>().unwrap();
        assert!(spec("black").is_met_by("24.4.2", &spec("black==24.4.2")));
        assert!(spec("black==24.*").is_met_by("24.4.2", &spec("black")));
        assert!(!spec("black>=25").is_met_by("24.4.2", &spec("black")));
        assert!(!spec("black[d]").is_met_by("24.4.2", &spec("black")));
    }

    #[test]
    fn tool_names_stay_in_their_folder() {
        for wrong in ["", ".", "..", "a/b", ".boot-staging-x", "-x", "a b"] {
            assert!(!is_tool_name(wrong), "{wrong}");
        }
        assert!(suffix("@24").is_ok() && suffix("/..").is_err());
    }
}
