//! What somebody asks for when they say "Python": `3.11`, `>=3.10,<3.13`, `3.13t`, `latest`, `system`, a full key, a path.
//!
//! Parsed to a type first; what becomes part of a path is only ever a [`Key`] that was found by it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use super::key::{Key, Variant, Version, number};

/// Longest request that is looked at, in bytes.
const LONGEST: usize = 64;

/// A request for a Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The newest final release.
    Latest,
    /// The Python of the system, which boot neither made nor manages.
    System,
    /// `3`, `3.11`, `3.11.*`, `3.11.9`, `3.15.0rc1`, each perhaps with `t`.
    Version { numbers: Numbers, variant: Variant },
    /// PEP 440 specifiers.
    Specifiers { specifiers: VersionSpecifiers, variant: Variant },
    /// One exact build.
    Key(Key),
    /// An interpreter's path; from the command line only.
    Path(PathBuf),
}

/// As much of a version as was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    Major(u32),
    Minor(u32, u32),
    Full(Version),
}

/// Not a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} doesn't name a Python\nask for 3.11, 3.11.9, 3.13t, '>=3.10,<3.13', latest or system", crate::report::escaped(.0))]
pub struct NotARequest(pub String);

impl Request {
    /// As the command line takes it: paths too.
    pub fn from_argument(text: &str) -> Result<Request, NotARequest> {
        if text.contains('/') {
            return Ok(Request::Path(PathBuf::from(text)));
        }
        text.parse()
    }

    /// Whether a Python of this key is one that was asked for. Pre-releases only when asked for by name, free-threaded
    /// ones only with `t`. Paths and `system` match no key.
    pub fn matches(&self, key: &Key) -> bool {
        match self {
            Request::Latest => key.variant == Variant::Default && key.version.pre.is_none(),
            Request::System | Request::Path(_) => false,
            Request::Key(wanted) => wanted == key,
            Request::Version { numbers, variant } => {
                let version = key.version;
                key.variant == *variant
                    && match *numbers {
                        Numbers::Major(major) => version.major == major && version.pre.is_none(),
                        Numbers::Minor(major, minor) => (version.major, version.minor) == (major, minor) && version.pre.is_none(),
                        Numbers::Full(full) => version == full,
                    }
            }
            Request::Specifiers { specifiers, variant } => {
                let named = specifiers.iter().any(|specifier| specifier.version().any_prerelease());
                key.variant == *variant && (named || key.version.pre.is_none()) && specifiers.contains(&key.version.pep440())
            }
        }
    }

    /// Whether newer patches of the same minor meet it too: then environments follow the minor's link.
    pub fn is_exact(&self) -> bool {
        matches!(self, Request::Version { numbers: Numbers::Full(_), .. } | Request::Key(_) | Request::Path(_))
    }

    /// The request that a path asks for, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Request::Path(path) => Some(path),
            _ => None,
        }
    }
}

impl FromStr for Request {
    type Err = NotARequest;

    /// As a pin or a manifest writes it: no paths.
    fn from_str(text: &str) -> Result<Request, NotARequest> {
        let wrong = || NotARequest(text.chars().take(LONGEST).collect());
        let text = text.trim_matches(' ');
        if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(wrong());
        }
        if let Ok(key) = text.parse::<Key>() {
            return Ok(Request::Key(key));
        }
        let bare = ["cpython@", "cpython-", "cpython", "python-", "python"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text)
            .trim();
        match bare {
            // `python` alone is any Python.
            "latest" | "" => return Ok(Request::Latest),
            "system" => return Ok(Request::System),
            _ => {}
        }
        let starts_with_number = bare.starts_with(|c: char| c.is_ascii_digit());
        if !starts_with_number {
            if !bare.starts_with(['<', '>', '=', '~', '!']) {
                return Err(wrong());
            }
            let (plain, variant) = variant_of(bare);
            let specifiers = VersionSpecifiers::from_str(plain).map_err(|_| wrong())?;
            // No CPython has a local version, and the `t` at the end of one would be read as a variant.
            return match specifiers.iter().any(|specifier| specifier.version().is_local()) {
                true => Err(wrong()),
                false => Ok(Request::Specifiers { specifiers, variant }),
            };
        }
        let (plain, variant) = variant_of(bare);
        let numbers = numbers(plain).ok_or_else(wrong)?;
        Ok(Request::Version { numbers, variant })
    }
}

/// Takes the `t` of a free-threaded build off a version.
fn variant_of(text: &str) -> (&str, Variant) {
    if let Some(plain) = text.strip_suffix("+freethreaded") {
        return (plain, Variant::FreeThreaded);
    }
    match text.strip_suffix('t') {
        Some(plain) if plain.ends_with(|c: char| c.is_ascii_digit() || c == '*') => (plain, Variant::FreeThreaded),
        _ => (text, Variant::Default),
    }
}

fn numbers(text: &str) -> Option<Numbers> {
    let text = text.strip_suffix(".*").unwrap_or(text);
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        [major] => Some(Numbers::Major(number(major)?)),
        [major, minor] => {
            let (Some(major), Some(minor)) = (number(major), number(minor)) else {
                // `3.15rc1` is how some write `3.15.0rc1`.
                let at = minor.find(|c: char| !c.is_ascii_digit())?;
                return format!("{major}.{}.0{}", &minor[..at], &minor[at..]).parse().ok().map(Numbers::Full);
            };
            Some(Numbers::Minor(major, minor))
        }
        [_, _, _] => text.parse().ok().map(Numbers::Full),
        _ => None,
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Latest => f.write_str("latest"),
            Request::System => f.write_str("system"),
            Request::Key(key) => key.fmt(f),
            Request::Path(path) => f.write_str(&crate::report::escaped(&path.to_string_lossy())),
            Request::Specifiers { specifiers, variant } => {
                let text = specifiers.to_string().replace(", ", ",");
                write!(f, "{text}{}", variant.suffix())
            }
            Request::Version { numbers, variant } => match numbers {
                Numbers::Major(major) => write!(f, "{major}{}", variant.suffix()),
                Numbers::Minor(major, minor) => write!(f, "{major}.{minor}{}", variant.suffix()),
                Numbers::Full(full) => write!(f, "{full}{}", variant.suffix()),
            },
        }
    }
}

impl From<Key> for Request {
    fn from(key: Key) -> Request {
        Request::Key(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(version: &str, variant: Variant) -> Key {
        Key { version: version.parse().unwrap(), variant, platform: "linux-x86_64-gnu".parse().unwrap() }
    }

    fn asks(request: &str, version: &str) -> bool {
        request.parse::<Request>().unwrap().matches(&key(version, Variant::Default))
    }

    #[test]
    fn a_request_matches_what_its_words_mean() {
        for (request, version, matches) in [
            ("3", "3.11.9", true),
            ("3.1", "3.11.9", false),
            ("3.11", "3.11.9", true),
            ("3.11.*", "3.11.9", true),
            ("3.11.9", "3.11.9", true),
            ("3.11.9", "3.11.10", false),
            ("python3.11", "3.11.9", true),
            ("python-3.11", "3.11.9", true),
            ("cpython@3.11", "3.11.9", true),
            (">=3.10,<3.13", "3.12.1", true),
            (">=3.10,<3.13", "3.13.0", false),
            ("~=3.11", "3.12.0", true),
            ("latest", "3.14.0", true),
            ("3.15", "3.15.0rc1", false),
            ("latest", "3.15.0rc1", false),
            ("3.15.0rc1", "3.15.0rc1", true),
            ("3.15rc1", "3.15.0rc1", true),
            ("cpython-3.11.9-linux-x86_64-gnu", "3.11.9", true),
            ("system", "3.11.9", false),
            ("3.11t", "3.11.9", false),
        ] {
            assert_eq!(asks(request, version), matches, "{request} and {version}");
        }
    }

    #[test]
    fn free_threaded_only_when_asked() {
        let free = key("3.13.1", Variant::FreeThreaded);
        assert!("3.13t".parse::<Request>().unwrap().matches(&free));
        assert!("3.13.*t".parse::<Request>().unwrap().matches(&free));
        assert!("3.13.1+freethreaded".parse::<Request>().unwrap().matches(&free));
        assert!(!"3.13".parse::<Request>().unwrap().matches(&free));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for wrong in [
            "",
            " ",
            "..",
            "../3.11",
            "/usr/bin/python",
            "3.11/../..",
            "-e",
            "3.11\n",
            "x",
            "3.11.9.9",
            "3.011",
            ">=",
            "$(touch x)",
            "3.11.9-linux",
            "==3.11.9+x2T",
        ] {
            assert!(wrong.parse::<Request>().is_err(), "{wrong:?}");
        }
        assert!(matches!(Request::from_argument("/usr/bin/python3"), Ok(Request::Path(_))));
    }

    #[test]
    fn requests_are_shown_as_they_are_written() {
        for text in ["3", "3.11", "3.13t", "3.11.9", "latest", "system", ">=3.10,<3.13", "==3.13.*t", "cpython-3.11.9-linux-x86_64-gnu"] {
            assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
        }
    }
}
