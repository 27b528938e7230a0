//! Hints from other tools' files in a folder. They tell which Python is asked for, and what
//! installs the project. They are hints only: nothing of them decides, nothing of them runs, and of
//! each no more than its beginning is read.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::python::key::Key;
use crate::python::request::Request;
use crate::store::file;

/// Number of bytes read of a file at most. The Python stands near the beginning; of a longer TOML
/// file nothing can be said.
const LONGEST: u64 = 256 << 10;

/// A Python that another tool's file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub file: PathBuf,
    /// As `boot python pin` takes it.
    pub request: String,
    /// The file, as messages name it.
    pub shown: String,
}

impl Asked {
    /// Tells whether a Python of this key is what the file asks for.
    pub(crate) fn is_met_by(&self, key: &Key) -> bool {
        self.request
            .parse::<Request>()
            .is_ok_and(|request| request.matches(key))
    }
}

/// Finds the request in a file's text.
type Reader = fn(&str) -> Option<String>;

/// Finds the Python that the files of `folder` itself ask for. The most exact ones come first.
pub(crate) fn asked_elsewhere(folder: &Path) -> Option<Asked> {
    let readers: [(&str, Reader); 12] = [
        (".tool-versions", tool_versions),
        ("mise.toml", mise),
        (".mise.toml", mise),
        (".config/mise.toml", mise),
        (".python-versions", first_word),
        ("runtime.txt", first_word),
        ("pyproject.toml", pyproject),
        ("Pipfile", pipfile),
        ("environment.yml", environment),
        ("environment.yaml", environment),
        ("uv.lock", uv_lock),
        ("setup.cfg", setup_cfg),
    ];
    readers.iter().find_map(|(name, reader)| {
        let file = folder.join(name);
        let said = reader(&read(&file)?)?;
        let request: Request = said.parse().ok()?;
        // The system's is no version.
        (request != Request::System).then(|| Asked {
            file,
            request: request.to_string(),
            shown: name.to_string(),
        })
    })
}

/// Suggests a command for a new environment of the project `folder`, if a file there tells.
pub(crate) fn next_step(folder: &Path) -> Option<String> {
    let steps = [
        ("uv.lock", "uv sync"),
        ("poetry.lock", "poetry install"),
        ("pdm.lock", "pdm install"),
        ("Pipfile.lock", "pipenv sync"),
        ("requirements.txt", "pip install -r requirements.txt"),
        ("pyproject.toml", "pip install -e ."),
        ("setup.py", "pip install -e ."),
    ];
    let (file, command) = steps
        .into_iter()
        .find(|(file, _)| folder.join(file).is_file())?;
    Some(format!("{file} is here: {command}"))
}

/// The beginning of a regular file.
fn read(path: &Path) -> Option<String> {
    let bytes = file::read_start(path, LONGEST).ok()?;
    Some(
        String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_owned(),
    )
}

fn toml(text: &str) -> Option<Table> {
    text.parse().ok()
}

fn string(value: Option<&toml::Value>) -> Option<String> {
    value?.as_str().map(String::from)
}

/// asdf's file: `python 3.11.9 3.12.1`.
fn tool_versions(text: &str) -> Option<String> {
    lines(text).find_map(|line| {
        line.strip_prefix("python")?
            .strip_prefix([' ', '\t'])?
            .split_whitespace()
            .next()
            .map(String::from)
    })
}

/// mise's: a text, a list, or a table with a `version`.
fn mise(text: &str) -> Option<String> {
    let tools = toml(text)?;
    let tools = tools.get("tools")?;
    let python = tools.get("python").or_else(|| tools.get("core:python"))?;
    let first = python
        .as_array()
        .map_or(Some(python), |list| list.first())?;
    string(first.get("version").or(Some(first)))
}

/// `requires-python`, or poetry's dependency on Python.
fn pyproject(text: &str) -> Option<String> {
    let table = toml(text)?;
    let project = string(
        table
            .get("project")
            .and_then(|project| project.get("requires-python")),
    );
    let poetry = || {
        table
            .get("tool")?
            .get("poetry")?
            .get("dependencies")?
            .get("python")
    };
    project.or_else(|| string(poetry()))
}

fn pipfile(text: &str) -> Option<String> {
    let table = toml(text)?;
    let requires = table.get("requires")?;
    string(
        requires
            .get("python_full_version")
            .or_else(|| requires.get("python_version")),
    )
}

/// uv's lock, of which only what stands before the packages.
fn uv_lock(text: &str) -> Option<String> {
    let head = text.find("\n[").map_or(text, |at| &text[..at]);
    string(toml(head)?.get("requires-python"))
}

/// conda's `- python=3.11`, without reading all of YAML.
fn environment(text: &str) -> Option<String> {
    lines(text).find_map(|line| {
        let item = line.strip_prefix("- ")?.trim().trim_matches(['"', '\'']);
        let rest = item.strip_prefix("python")?.trim_start();
        let version = rest
            .strip_prefix("==")
            .or_else(|| rest.strip_prefix('='))
            .unwrap_or(rest);
        // A build of conda's may follow.
        let version = version
            .split('=')
            .next()
            .filter(|_| !rest.starts_with(['<', '>', '~', '!']))
            .unwrap_or(rest);
        (rest.starts_with(['=', '<', '>', '~', '!'])).then(|| version.trim().to_string())
    })
}

/// `python_requires` of setuptools.
fn setup_cfg(text: &str) -> Option<String> {
    lines(text).find_map(|line| {
        Some(
            line.strip_prefix("python_requires")?
                .trim_start()
                .strip_prefix('=')?
                .trim()
                .to_string(),
        )
    })
}

/// The first word of a file of versions.
fn first_word(text: &str) -> Option<String> {
    lines(text)
        .next()?
        .split_whitespace()
        .next()
        .map(String::from)
}

/// Lines with something on them, without comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(|line| line.split('#').next().unwrap_or("").trim())
        .filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn asked(name: &str, text: &str) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(name), text).unwrap();
        let asked = asked_elsewhere(root.path())?;
        assert_eq!(
            (asked.file, asked.shown.as_str()),
            (root.path().join(name), name)
        );
        Some(asked.request)
    }

    #[test]
    fn asked_elsewhere_reads_files_of_other_tools() {
        for (name, text, request) in [
            (
                ".tool-versions",
                "nodejs 20\npython 3.12.1 3.11.2 # ours\n",
                "3.12.1",
            ),
            ("mise.toml", "[tools]\npython = \"3.12\"\n", "3.12"),
            (
                "mise.toml",
                "[tools]\npython = [\"3.12\", \"3.11\"]\n",
                "3.12",
            ),
            (
                ".mise.toml",
                "[tools]\npython = { version = \"3.12\", virtualenv = \".venv\" }\n",
                "3.12",
            ),
            (
                "pyproject.toml",
                "[project]\nname = \"x\"\nrequires-python = \">=3.12, <4\"\n",
                ">=3.12,<4",
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\npython = \"^3.12\"\n",
                ">=3.12,<4",
            ),
            ("Pipfile", "[requires]\npython_version = \"3.12\"\n", "3.12"),
            (
                "environment.yml",
                "name: x\ndependencies:\n  - numpy\n  - python=3.12\n",
                "3.12",
            ),
            (
                "environment.yml",
                "dependencies:\n  - python=3.12.1=h123_0\n",
                "3.12.1",
            ),
            (
                "environment.yml",
                "dependencies:\n  - python-dateutil=2\n  - python >=3.12\n",
                ">=3.12",
            ),
            ("runtime.txt", "python-3.12.1\n", "3.12.1"),
            (".python-versions", "3.12\n3.11\n", "3.12"),
            (
                "uv.lock",
                "version = 1\nrequires-python = \">=3.12\"\n",
                ">=3.12",
            ),
            (
                "uv.lock",
                &format!(
                    "requires-python = \">=3.12\"\n[[package]]\n{}",
                    "name = 'x'\n".repeat(40_000)
                ),
                ">=3.12",
            ),
            (
                "setup.cfg",
                "[options]\npython_requires = >=3.12\n",
                ">=3.12",
            ),
        ] {
            assert_eq!(
                asked(name, text).as_deref(),
                Some(request),
                "{name}: {text}"
            );
        }
    }

    #[test]
    fn asked_elsewhere_skips_unreadable_files() {
        for (name, text) in [
            (".tool-versions", "python pypy3.10\n"),
            (".tool-versions", "python system\n"),
            ("mise.toml", "[tools]\npython = 3\n"),
            ("pyproject.toml", "[project\nrequires-python = \">=3.12\"\n"),
            ("pyproject.toml", "[project]\nrequires-python = \"$(id)\"\n"),
            ("environment.yml", "dependencies:\n  - python\n"),
            ("runtime.txt", "\u{1b}[2J\n"),
            ("Pipfile", ""),
        ] {
            assert_eq!(asked(name, text), None, "{name}: {text}");
        }
        let root = tempfile::tempdir().unwrap();
        let fifo = root.path().join("runtime.txt");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        assert_eq!(asked_elsewhere(root.path()), None, "nobody waits");
    }

    #[test]
    fn next_step_prefers_the_lock() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(next_step(root.path()), None);
        for (file, step) in [
            ("pyproject.toml", "pyproject.toml is here: pip install -e ."),
            (
                "requirements.txt",
                "requirements.txt is here: pip install -r requirements.txt",
            ),
            ("uv.lock", "uv.lock is here: uv sync"),
        ] {
            fs::write(root.path().join(file), "").unwrap();
            assert_eq!(next_step(root.path()).as_deref(), Some(step));
        }
    }
}
