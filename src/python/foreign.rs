//! Names of Pythons that boot does not have: other implementations, conda's, development builds.
//! pyenv, uv and mise install them, so they stand in the pins of people who come from there.

use std::ops::RangeInclusive;

/// Implementations and distributions that pyenv, uv or mise know by these names.
const FAMILIES: [&str; 24] = [
    "activepython",
    "anaconda",
    "cinder",
    "conda",
    "graalpy",
    "graalpython",
    "ironpython",
    "jython",
    "mamba",
    "mambaforge",
    "micromamba",
    "micropython",
    "miniconda",
    "miniforge",
    "nogil",
    "pyodide",
    "pypy",
    "pypy-c",
    "pypy-c-jit",
    "pypy-stm",
    "pyston",
    "rustpython",
    "stackless",
    "unladen-swallow",
];

/// Words that follow a family's name where no number does.
const CHANNELS: [&str; 8] = [
    "latest",
    "dev",
    "src",
    "nightly",
    "portable",
    "community",
    "jvm",
    "pypy3",
];

/// The minors of CPython 3 that every catalog has a final release of. A test compares them with the
/// compiled-in catalog.
const MINORS: RangeInclusive<u32> = 8..=14;

/// A Python that boot does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// Another implementation, or conda's.
    Implementation,
    /// `3.13-dev`: the head of a branch.
    Development,
    /// `3.11.7/envs/NAME`, pyenv-virtualenv's name of an environment.
    PyenvVirtualenv,
}

impl Foreign {
    /// The Python that `word` names, if it is one of them.
    pub(crate) fn recognize(word: &str) -> Option<Foreign> {
        let word = word.to_ascii_lowercase();
        if FAMILIES
            .iter()
            .any(|family| word.strip_prefix(family).is_some_and(is_release))
        {
            return Some(Foreign::Implementation);
        }
        if pyenv_virtualenv(&word).is_some() {
            return Some(Foreign::PyenvVirtualenv);
        }
        let plain = ["cpython-", "cpython", "python-", "python", "v"]
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix))
            .unwrap_or(&word);
        let version = plain
            .strip_suffix("-dev")
            .or_else(|| plain.strip_suffix("-nightly"))?;
        version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b't')
            .then_some(Foreign::Development)
    }

    /// Why it can't be had, behind "which".
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Foreign::Implementation => "isn't CPython, and boot has CPython only",
            Foreign::Development => "is a development build, and boot has releases only",
            Foreign::PyenvVirtualenv => {
                "is how pyenv names a virtualenv; boot names it by its last word alone"
            }
        }
    }
}

/// True if what follows a family's name says which release: `3.10-7.3.12`, `-latest`, `3-4.9`, or
/// nothing.
fn is_release(rest: &str) -> bool {
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    match rest.chars().next() {
        None => true,
        Some('-' | '.' | '@' | '_') => {
            let next = &rest[1..];
            next.starts_with(|c: char| c.is_ascii_digit())
                || CHANNELS
                    .iter()
                    .any(|channel| next.strip_prefix(channel).is_some_and(ends_word))
        }
        Some(_) => false,
    }
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The version and the name in pyenv-virtualenv's form.
pub(crate) fn pyenv_virtualenv(word: &str) -> Option<(&str, &str)> {
    let (version, name) = word.split_once("/envs/")?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    (is_version && is_name && !name.contains("..")).then_some((version, name))
}

/// The minor of CPython that `text` speaks of, if there is such a one: what somebody may ask for
/// instead.
pub(crate) fn nearest_minor(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find("3.") {
        let is_start = !rest[..at].ends_with(|c: char| c.is_ascii_digit() || c == '.');
        rest = &rest[at + 2..];
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        if let Some(minor) = rest[..end]
            .parse()
            .ok()
            .filter(|minor| is_start && MINORS.contains(minor))
        {
            return Some(format!("3.{minor}"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognize_knows_names_of_other_pythons() {
        for word in [
            "pypy3.10",
            "pypy3.10-7.3.12",
            "PyPy",
            "pypy@3.10",
            "pypy-c-jit-latest",
            "pypy2.7-portable-2.6",
            "miniconda3-latest",
            "Miniconda3",
            "miniforge3-4.9.2",
            "mambaforge-pypy3",
            "mambaforge",
            "anaconda3-2024.10-1",
            "graalpy-24.1",
            "graalpy-community-23.1.0",
            "graalpython-20.1.0",
            "stackless-3.5.4",
            "stackless-dev",
            "jython-2.7.2",
            "ironpython-dev",
            "micropython-1.19",
            "pyston-2.3.5",
            "cinder-3.10-dev",
            "nogil-3.9.10-1",
            "activepython-3.8.2",
            "nogil",
        ] {
            assert_eq!(
                Foreign::recognize(word),
                Some(Foreign::Implementation),
                "{word}"
            );
        }
        for word in [
            "3.11-dev",
            "python3.13-dev",
            "3.14t-dev",
            "v3.12-dev",
            "3.11-nightly",
        ] {
            assert_eq!(
                Foreign::recognize(word),
                Some(Foreign::Development),
                "{word}"
            );
        }
        assert_eq!(
            Foreign::recognize("3.11.7/envs/me"),
            Some(Foreign::PyenvVirtualenv)
        );
    }

    #[test]
    fn recognize_ignores_names_that_only_begin_alike() {
        for word in [
            "cinderella",
            "pypy-work",
            "condax",
            "mamba-tests",
            "work-dev",
            "nogil-tests",
            "3.11.7/envs/../me",
            "3.11",
            "3.11.7/envs/",
            "x/envs/me",
            "-dev",
        ] {
            assert!(
                Foreign::recognize(word).is_none() || word == "-dev",
                "{word}"
            );
        }
    }

    #[test]
    fn nearest_minor_is_in_the_catalog() {
        assert_eq!(nearest_minor("pypy3.10-7.3.12").as_deref(), Some("3.10"));
        assert_eq!(nearest_minor("3.11-slim").as_deref(), Some("3.11"));
        for text in [
            "jython-2.7",
            "pypy2.7-7.3.12",
            "graalpy-24.1",
            "miniconda3-4.9",
            "3.99-dev",
            "3.7-dev",
            "13.11",
            "3.",
        ] {
            assert_eq!(nearest_minor(text), None, "{text}");
        }
        let builds = crate::python::catalog::read(&crate::python::catalog::standalone()).unwrap();
        let has = |minor: u32| {
            builds
                .iter()
                .any(|build| build.key.version.minor == minor && build.key.version.pre.is_none())
        };
        assert!(
            MINORS.clone().all(has) && !has(MINORS.end() + 1),
            "MINORS is older than the catalog"
        );
    }
}
