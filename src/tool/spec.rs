//! What is typed to name a tool: `black`, `black==24.*`, `black[d]>=24`, `black@24.4.2`, `black @
//! URL`. Addresses without a name, and paths, are for `source`, which can look there.

use std::fmt;
use std::str::FromStr;

use pep508_rs::VersionOrUrl;

use crate::package::requirement;
use crate::report::escaped;

/// One requirement, checked. Written as PEP 508 has it, so that a receipt can hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    name: String,
    extras: Vec<String>,
    text: String,
    versions: Option<pep440_rs::VersionSpecifiers>,
    /// Where it comes from, if not from an index.
    url: Option<String>,
    editable: bool,
    /// The marker after the `;` (PEP 508): what it is wanted on.
    condition: Option<String>,
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
    /// The package's name, normalized.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As PEP 508 writes it, without credentials; `-e ` stands before what is editable.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The marker that says where it is wanted; None where it is everywhere.
    pub(crate) fn condition(&self) -> Option<&str> {
        self.condition.as_deref()
    }

    /// The same, wanted where `condition` holds, which is a marker of PEP 508.
    pub(crate) fn when(mut self, condition: &str) -> Spec {
        // The blank ends an address.
        self.text = format!("{} ; {condition}", self.text);
        self.condition = Some(condition.into());
        self
    }

    /// Whether it names versions.
    pub(crate) fn is_bound(&self) -> bool {
        self.versions.is_some()
    }

    /// What meets both this and `other`, which is of the same package.
    ///
    /// # Errors
    /// They come from two places.
    pub(crate) fn united(&self, other: &Spec) -> Result<Spec, Error> {
        let united = self.both(other)?;
        Ok(match self.condition() {
            Some(condition) => united.when(condition),
            None => united,
        })
    }

    fn both(&self, other: &Spec) -> Result<Spec, Error> {
        if (&self.url, self.editable) == (&other.url, other.editable) && self.url.is_some() {
            return Spec::addressed(
                &self.name,
                &self.extras_with(other),
                self.url.as_deref().unwrap_or_default(),
                self.editable,
            );
        }
        if self.url.is_some() || other.url.is_some() {
            return Err(Error::Twice {
                text: self.text.clone(),
                other: other.text.clone(),
            });
        }
        let extras = self.extras_with(other);
        let extras = if extras.is_empty() {
            String::new()
        } else {
            format!("[{}]", extras.join(","))
        };
        let versions: Vec<String> = [&self.versions, &other.versions]
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        format!("{}{extras}{}", self.name, versions.join(",")).parse()
    }

    fn extras_with(&self, other: &Spec) -> Vec<String> {
        let mut extras: Vec<String> = self.extras.iter().chain(&other.extras).cloned().collect();
        extras.sort();
        extras.dedup();
        extras
    }

    /// Whether this asks for other versions than `installed` did; a bare name asks for none.
    pub(crate) fn is_another_choice(&self, installed: &Spec) -> bool {
        self.versions.is_some()
            && self.versions != installed.versions
            && self.extras == installed.extras
    }

    /// What lies at `url`, which has no credentials.
    pub(crate) fn addressed(
        name: &str,
        extras: &[String],
        url: &str,
        editable: bool,
    ) -> Result<Spec, Error> {
        let extras = if extras.is_empty() {
            String::new()
        } else {
            format!("[{}]", extras.join(","))
        };
        format!(
            "{}{name}{extras} @ {url}",
            if editable { "-e " } else { "" }
        )
        .parse()
    }

    /// The same of this very commit, where it comes from git.
    pub(crate) fn at_commit(&self, commit: &str) -> Spec {
        let Some(rest) = self.url.as_deref().and_then(|url| url.strip_prefix("git+")) else {
            return self.clone();
        };
        let Ok(mut url) = url::Url::parse(rest) else {
            return self.clone();
        };
        let path = url
            .path()
            .rsplit_once('@')
            .map_or(url.path(), |(path, _)| path);
        url.set_path(&format!("{path}@{commit}"));
        Spec::addressed(
            &self.name,
            &self.extras,
            &format!("git+{url}"),
            self.editable,
        )
        .unwrap_or_else(|_| self.clone())
    }

    /// Where it comes from, if not from an index.
    pub(crate) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Whether an installed `version`, that was asked for as `installed`, is what this asks for.
    pub(crate) fn is_met_by(&self, version: &str, installed: &Spec) -> bool {
        let version: Option<pep440_rs::Version> = version.parse().ok();
        self.name == installed.name
            && (self.url.is_none()
                || (&self.url, self.editable) == (&installed.url, installed.editable))
            && self
                .extras
                .iter()
                .all(|extra| installed.extras.contains(extra))
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
        let nonsense = |reason: &str| Error::Nonsense {
            text: typed.into(),
            reason: reason.into(),
        };
        if let (what, Some(condition)) = split_condition(typed) {
            // The whole parser knows what a condition is, and guards the library.
            requirement::parse(&format!("x ;{condition}"))
                .map_err(|reason| nonsense(&escaped(&reason)))?;
            return Ok(what.parse::<Spec>()?.when(condition.trim()));
        }
        let (typed, editable) = typed
            .strip_prefix("-e ")
            .map_or((typed, false), |rest| (rest.trim_start(), true));
        if typed.is_empty() {
            return Err(Error::Empty);
        }
        if let Some((first, rest)) = typed.split_once(char::is_whitespace)
            && first
                .chars()
                .all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one))
            && rest
                .trim_start()
                .starts_with(|one: char| one.is_ascii_alphanumeric())
        {
            return Err(nonsense(
                "a name has no blank in it; two tools are two arguments",
            ));
        }
        if typed.starts_with('-') {
            return Err(nonsense("it looks like an option"));
        }
        if is_place(typed) {
            return Err(Error::Unnamed { text: typed.into() });
        }
        let text = match typed.split_once('@') {
            Some((name, version))
                if !name.ends_with(char::is_whitespace) || !version.contains(':') =>
            {
                let version = version.trim();
                if version == "latest" {
                    name.trim().to_string()
                } else if version
                    .trim_end_matches(".*")
                    .parse::<pep440_rs::Version>()
                    .is_ok()
                {
                    format!("{}=={version}", name.trim())
                } else if version.contains("://") {
                    format!("{} @ {version}", name.trim())
                } else {
                    return Err(nonsense("after the @ stands no version"));
                }
            }
            _ => typed.to_string(),
        };
        let parsed = requirement::parse(&text).map_err(|reason| nonsense(&escaped(&reason)))?;
        let (versions, url) = match parsed.version_or_url.clone() {
            None => (None, None),
            Some(VersionOrUrl::VersionSpecifier(versions)) => (Some(versions), None),
            Some(VersionOrUrl::Url(url)) => (
                None,
                Some(crate::net::without_credentials(&url.to_string())),
            ),
        };
        if editable && !url.as_ref().is_some_and(|url| url.starts_with("file:")) {
            return Err(Error::Editable { text: typed.into() });
        }
        let mut extras: Vec<String> = parsed.extras.iter().map(ToString::to_string).collect();
        extras.sort();
        let text = match &url {
            None => parsed.to_string(),
            Some(url) => {
                let extras = if extras.is_empty() {
                    String::new()
                } else {
                    format!("[{}]", extras.join(","))
                };
                format!(
                    "{}{}{extras} @ {url}",
                    if editable { "-e " } else { "" },
                    parsed.name
                )
            }
        };
        Ok(Spec {
            name: parsed.name.to_string(),
            extras,
            text,
            versions,
            url,
            editable,
            condition: None,
        })
    }
}

/// What is wanted, and the condition behind the `;`, where there is one. In an address a semicolon
/// is one of its own, unless a blank stands before it (PEP 508).
pub(crate) fn split_condition(typed: &str) -> (&str, Option<&str>) {
    let found = typed.split_once(if typed.contains("://") { " ;" } else { ";" });
    found.map_or((typed, None), |(what, condition)| {
        (what.trim_end(), Some(condition))
    })
}

/// Whether what was typed is an address or a path without a name.
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

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `name` may be the name of a tool's folder.
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
            ("black[d]>=24,<25", "black", "black[d]>=24, <25"),
            ("black@24.4.2", "black", "black==24.4.2"),
            ("black[d]@24.4.2", "black", "black[d]==24.4.2"),
            ("black@latest", "black", "black"),
        ] {
            let spec: Spec = typed.parse().unwrap();
            assert_eq!(
                (spec.name(), spec.text().replace(", ", ",")),
                (name, text.replace(", ", ",")),
                "{typed}"
            );
            assert_eq!(
                spec.text().parse::<Spec>().unwrap(),
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
            assert_eq!(spec.text(), text, "{typed}");
            assert_eq!(
                spec.text().parse::<Spec>().unwrap(),
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
                spec.condition().is_some() && spec.text().parse::<Spec>().unwrap() == spec,
                "{typed}"
            );
        }
        assert!("black; what > '3'".parse::<Spec>().is_err());
    }

    #[test]
    fn is_met_by_compares_installed_version() {
        let spec = |text: &str| text.parse::<Spec>().unwrap();
        assert!(spec("black").is_met_by("24.4.2", &spec("black==24.4.2")));
        assert!(spec("black==24.*").is_met_by("24.4.2", &spec("black")));
        assert!(!spec("black>=25").is_met_by("24.4.2", &spec("black")));
        assert!(!spec("black[d]").is_met_by("24.4.2", &spec("black")));
        assert!(spec("black").is_met_by("24.4.2", &spec("black @ git+https://h/x")));
        assert!(!spec("black @ git+https://h/x").is_met_by("24.4.2", &spec("black")));
    }

    #[test]
    fn is_tool_name_refuses_paths() {
        for wrong in ["", ".", "..", "a/b", ".boot-staging-x", "-x", "a b"] {
            assert!(!is_tool_name(wrong), "{wrong}");
        }
        assert!(suffix("@24").is_ok() && suffix("/..").is_err());
    }
}
