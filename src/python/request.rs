//! A request for a Python: `3.11`, `>=3.10,<3.13`, `3.13t`, `latest`,
//! `system`, a full key, a path.
//!
//! Parsed to a type first; what becomes part of a path is only ever a [`Key`] that was found by it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use super::foreign::{self, Foreign};
use super::key::{Key, Variant, Version, number};
use crate::report::escaped;

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
    Specifiers {
        specifiers: VersionSpecifiers,
        variant: Variant,
    },
    /// An exact build.
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
#[error("{}", self.text())]
pub struct NotARequest(pub String);

impl NotARequest {
    fn text(&self) -> String {
        let word = self.0.trim();
        let shown = if word.is_empty() {
            "an empty text".into()
        } else {
            escaped(word)
        };
        let instead = foreign::nearest_minor(word);
        match (Foreign::recognize(word), &instead) {
            (Some(foreign), Some(minor)) => {
                format!("{shown} {}\nask for {minor}", foreign.reason())
            }
            (Some(foreign), None) => format!(
                "{shown} {}\nask for 3.11, 3.11.9, 3.13t, '>=3.10,<3.13', latest or system",
                foreign.reason()
            ),
            (None, Some(minor)) => format!(
                "{shown} doesn't name a Python\nask for {minor}, {minor}.1, '>={minor}', latest or \
                 system"
            ),
            (None, None) => format!(
                "{shown} doesn't name a Python\nask for 3.11, 3.11.9, 3.13t, '>=3.10,<3.13', \
                 latest or system"
            ),
        }
    }
}

impl Request {
    /// As the command line takes it: paths too.
    pub fn from_argument(text: &str) -> Result<Request, NotARequest> {
        if text.contains('/') {
            return Ok(Request::Path(PathBuf::from(text)));
        }
        text.parse()
    }

    /// True if a Python of this key is one that was asked for. Pre-releases only when asked for by
    /// name, free-threaded ones only with `t`. Paths and `system` match no key.
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
                        Numbers::Minor(major, minor) => {
                            (version.major, version.minor) == (major, minor)
                                && version.pre.is_none()
                        }
                        Numbers::Full(full) => version == full,
                    }
            }
            Request::Specifiers {
                specifiers,
                variant,
            } => {
                let named = specifiers
                    .iter()
                    .any(|specifier| specifier.version().any_prerelease());
                key.variant == *variant
                    && (named || key.version.pre.is_none())
                    && specifiers.contains(&key.version.pep440())
            }
        }
    }

    /// True if newer patches of the same minor meet it too: then environments follow the minor's
    /// link.
    pub fn is_exact(&self) -> bool {
        match self {
            Request::Version {
                numbers: Numbers::Full(_),
                ..
            }
            | Request::Key(_)
            | Request::Path(_) => true,
            // `==3.11.9` is another way to write that patch.
            Request::Specifiers { specifiers, .. } => match &specifiers[..] {
                [only] => {
                    *only.operator() == pep440_rs::Operator::Equal
                        && only.version().release().len() == 3
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// The one minor that it asks for, if it does.
    pub fn minor(&self) -> Option<(u32, u32)> {
        match self {
            Request::Version {
                numbers: Numbers::Minor(major, minor),
                ..
            } => Some((*major, *minor)),
            Request::Version {
                numbers: Numbers::Full(version),
                ..
            } => Some((version.major, version.minor)),
            Request::Key(key) => Some((key.version.major, key.version.minor)),
            _ => None,
        }
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

    /// As a pin or a manifest writes it: no paths. Capitals, quotes around it, a `v` before it and
    /// `;` behind it change nothing.
    fn from_str(text: &str) -> Result<Request, NotARequest> {
        let wrong = || NotARequest(text.chars().take(LONGEST).collect());
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(wrong());
        }
        let lower = undecorated(text).to_ascii_lowercase();
        if lower.is_empty() {
            return Err(wrong());
        }
        if let Ok(key) = lower.parse::<Key>() {
            return Ok(Request::Key(key));
        }
        let bare = without_name(&lower);
        match bare {
            // `python` alone is any Python.
            "latest" | "" => return Ok(Request::Latest),
            "system" => return Ok(Request::System),
            _ => {}
        }
        let (plain, variant) = variant_of(bare);
        if plain.starts_with(OPERATORS) {
            let specifiers = specifiers(plain).ok_or_else(wrong)?;
            return Ok(Request::Specifiers {
                specifiers,
                variant,
            });
        }
        if !plain.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(wrong());
        }
        let numbers = numbers(plain).ok_or_else(wrong)?;
        Ok(Request::Version { numbers, variant })
    }
}

/// The first characters of a specifier. `^` is poetry's and npm's.
const OPERATORS: [char; 6] = ['<', '>', '=', '~', '!', '^'];

/// The text without blanks, quotes and the punctuation of a list around it.
fn undecorated(text: &str) -> &str {
    let text = text.trim().trim_end_matches([';', ',']).trim_end();
    let quoted = |quote: char| {
        text.strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    ['"', '\'', '`']
        .into_iter()
        .find_map(quoted)
        .unwrap_or(text)
        .trim()
}

/// The version in `python3.11`, `cpython@3.11`, `python = "3.11"`, `v3.11`; a text without a name
/// as it is.
fn without_name(text: &str) -> &str {
    let named = text
        .strip_prefix("cpython")
        .or_else(|| text.strip_prefix("python"));
    let bare = match named {
        Some(rest) => {
            let rest = rest.trim_start();
            let rest = rest.strip_prefix(['-', '@', ':']).unwrap_or(rest);
            undecorated(without_equals(rest.trim_start()))
        }
        None => without_equals(text),
    };
    match bare.strip_prefix('v') {
        // `v3` may be the name of an environment.
        Some(rest)
            if rest.starts_with(|c: char| c.is_ascii_digit())
                && (named.is_some() || rest.contains('.')) =>
        {
            rest
        }
        _ => bare,
    }
}

/// The version behind conda's single `=`.
fn without_equals(text: &str) -> &str {
    text.strip_prefix('=')
        .filter(|rest| !rest.starts_with('='))
        .map_or(text, str::trim_start)
}

/// PEP 440's specifiers, with blanks in place of commas too, and poetry's `^3.11` and `~3.11`. No
/// CPython has a local version, and the `t` at the end of one would be read as a variant.
fn specifiers(text: &str) -> Option<VersionSpecifiers> {
    let mut joined = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let follows = joined.is_empty() || joined.ends_with(',') || joined.ends_with(OPERATORS);
        match word.starts_with([',']) || follows {
            true => {}
            false if word.starts_with(OPERATORS) => joined.push(','),
            false => return None,
        }
        joined.push_str(word);
    }
    let parts: Option<Vec<String>> = joined.split(',').map(specifier).collect();
    let specifiers = VersionSpecifiers::from_str(&parts?.join(",")).ok()?;
    let local = specifiers
        .iter()
        .any(|specifier| specifier.version().is_local());
    (!local).then_some(specifiers)
}

/// A specifier as PEP 440 has it.
fn specifier(text: &str) -> Option<String> {
    let (caret, version) = match (
        text.strip_prefix('^'),
        text.strip_prefix('~').filter(|rest| !rest.starts_with('=')),
    ) {
        (Some(version), _) => (true, version),
        (None, Some(version)) => (false, version),
        (None, None) => return Some(text.into()),
    };
    let parts: Option<Vec<u32>> = version.split('.').map(number).collect();
    match parts?.as_slice() {
        [major] => Some(format!(">={version},<{}", major + 1)),
        [major, ..] if caret => Some(format!(">={version},<{}", major + 1)),
        [major, minor] | [major, minor, _] => Some(format!(">={version},<{major}.{}", minor + 1)),
        _ => None,
    }
}

/// Takes the `t` of a free-threaded build off a version.
fn variant_of(text: &str) -> (&str, Variant) {
    if let Some(plain) = text.strip_suffix("+freethreaded") {
        return (plain, Variant::FreeThreaded);
    }
    match text.strip_suffix('t') {
        Some(plain) if plain.ends_with(|c: char| c.is_ascii_digit() || c == '*') => {
            (plain, Variant::FreeThreaded)
        }
        _ => (text, Variant::Default),
    }
}

fn numbers(text: &str) -> Option<Numbers> {
    let text = text
        .strip_suffix(".*")
        .or_else(|| text.strip_suffix(".x"))
        .unwrap_or(text);
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        // `311` is no major: the dot was forgotten.
        [joined] if (2..=3).contains(&joined.len()) && joined.starts_with('3') => {
            Some(Numbers::Minor(3, number(&joined[1..])?))
        }
        [major] => Some(Numbers::Major(number(major)?)),
        [major, minor] => {
            let (Some(major), Some(minor)) = (number(major), number(minor)) else {
                return pre_release(text).map(Numbers::Full);
            };
            Some(Numbers::Minor(major, minor))
        }
        [_, _, _] => text
            .parse()
            .ok()
            .or_else(|| pre_release(text))
            .map(Numbers::Full),
        _ => pre_release(text).map(Numbers::Full),
    }
}

/// A pre-release in any spelling of PEP 440's: `3.15rc1`, `3.15.0-rc.1`, `3.15.0-beta.2`.
fn pre_release(text: &str) -> Option<Version> {
    let version = pep440_rs::Version::from_str(text).ok()?;
    let plain =
        !version.is_post() && !version.is_dev() && !version.is_local() && version.epoch() == 0;
    let pre = version.pre().filter(|_| plain)?;
    let (major, minor, patch) = match *version.release() {
        [major, minor] => (major, minor, 0),
        [major, minor, patch] => (major, minor, patch),
        _ => return None,
    };
    let letters = match pre.kind {
        pep440_rs::PrereleaseKind::Alpha => "a",
        pep440_rs::PrereleaseKind::Beta => "b",
        pep440_rs::PrereleaseKind::Rc => "rc",
    };
    format!("{major}.{minor}.{patch}{letters}{}", pre.number)
        .parse()
        .ok()
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Latest => f.write_str("latest"),
            Request::System => f.write_str("system"),
            Request::Key(key) => key.fmt(f),
            Request::Path(path) => f.write_str(&escaped(&path.to_string_lossy())),
            Request::Specifiers {
                specifiers,
                variant,
            } => {
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
        Key {
            version: version.parse().unwrap(),
            variant,
            platform: "linux-x86_64-gnu".parse().unwrap(),
        }
    }

    fn asks(request: &str, version: &str) -> bool {
        request
            .parse::<Request>()
            .unwrap()
            .matches(&key(version, Variant::Default))
    }

    #[test]
    fn request_matches_versions_by_meaning() {
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
    fn request_matches_free_threaded_only_if_asked() {
        let free = key("3.13.1", Variant::FreeThreaded);
        assert!("3.13t".parse::<Request>().unwrap().matches(&free));
        assert!("3.13.*t".parse::<Request>().unwrap().matches(&free));
        assert!(
            "3.13.1+freethreaded"
                .parse::<Request>()
                .unwrap()
                .matches(&free)
        );
        assert!(!"3.13".parse::<Request>().unwrap().matches(&free));
    }

    #[test]
    fn request_parse_refuses_nonsense() {
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
        assert!(matches!(
            Request::from_argument("/usr/bin/python3"),
            Ok(Request::Path(_))
        ));
    }

    #[test]
    fn request_is_displayed_as_written() {
        for text in [
            "3",
            "3.11",
            "3.13t",
            "3.11.9",
            "latest",
            "system",
            ">=3.10,<3.13",
            "==3.13.*t",
            "cpython-3.11.9-linux-x86_64-gnu",
        ] {
            assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
        }
    }
}
