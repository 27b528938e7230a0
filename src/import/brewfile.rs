//! The Python part of a Brewfile: `brew "python@3.12"`, tools of Python that have the same name and
//! commands on the package index, and what it lists for uv. A Brewfile is a program of Ruby; only
//! lines that are plain calls are understood, and everything else stays Homebrew's.

use std::path::{Path, PathBuf};

use crate::import::{Error, ImportedTool, Inventory, folder_of_variable, is_supported, read_text};
use crate::package::requirement::Name;
use crate::store::paths::Paths;

/// Formulae that are a Python tool under its own name: the package, where it is called otherwise on
/// the index. Not in it is what merely shares a name (asciinema, tldr), is another major version
/// there (awscli), or is made of more than Python (pyright, youtube-dl's ffmpeg).
const TOOLS: [(&str, &str); 62] = [
    ("ansible-lint", ""),
    ("autopep8", ""),
    ("b2-tools", "b2"),
    ("bandit", ""),
    ("black", ""),
    ("build", ""),
    ("codespell", ""),
    ("commitizen", ""),
    ("conan", ""),
    ("cookiecutter", ""),
    ("copier", ""),
    ("csvkit", ""),
    ("datasette", ""),
    ("djlint", ""),
    ("dvc", ""),
    ("flake8", ""),
    ("flit", ""),
    ("flawfinder", ""),
    ("gallery-dl", ""),
    ("gcovr", ""),
    ("glances", ""),
    ("hatch", ""),
    ("httpie", ""),
    ("ipython", ""),
    ("isort", ""),
    ("jrnl", ""),
    ("jupyterlab", ""),
    ("khal", ""),
    ("litecli", ""),
    ("mdformat", ""),
    ("mercurial", ""),
    ("meson", ""),
    ("mkdocs", ""),
    ("mycli", ""),
    ("mypy", ""),
    ("nox", ""),
    ("pdm", ""),
    ("pgcli", ""),
    ("pip-audit", ""),
    ("pip-tools", ""),
    ("pipdeptree", ""),
    ("pipenv", ""),
    ("poetry", ""),
    ("pre-commit", ""),
    ("pycodestyle", ""),
    ("pydocstyle", ""),
    ("pygments", ""),
    ("pylint", ""),
    ("ranger", "ranger-fm"),
    ("ruff", ""),
    ("s3cmd", ""),
    ("scons", ""),
    ("sphinx-doc", "sphinx"),
    ("sqlfluff", ""),
    ("streamlink", ""),
    ("tox", ""),
    ("twine", ""),
    ("uv", ""),
    ("virtualenv", ""),
    ("vulture", ""),
    ("yamllint", ""),
    ("yapf", ""),
];

/// Programs whose work boot does itself.
const BOOTS: [&str; 5] = [
    "pyenv",
    "pyenv-virtualenv",
    "pyenv-virtualenvwrapper",
    "pipx",
    "boot",
];

/// The Brewfile that Homebrew would find: here, then the user's.
fn place(paths: &Paths, here: &Path) -> Option<PathBuf> {
    let named = ["HOMEBREW_BUNDLE_FILE", "HOMEBREW_BUNDLE_FILE_GLOBAL"]
        .map(|variable| folder_of_variable(paths, variable));
    let usual = [
        here.join("Brewfile"),
        paths.xdg_config.join("homebrew/Brewfile"),
        paths.home.join(".homebrew/Brewfile"),
        paths.home.join(".Brewfile"),
    ];
    named
        .into_iter()
        .flatten()
        .chain(usual)
        .find(|path| path.is_file())
}

/// The Python part of `file`, or of the Brewfile that Homebrew would take in the folder `here`.
pub(crate) fn find(paths: &Paths, file: Option<&Path>, here: &Path) -> Inventory {
    let Some(path) = file
        .map(|file| here.join(file))
        .or_else(|| place(paths, here))
    else {
        return Inventory {
            place: here.join("Brewfile"),
            ..Inventory::default()
        };
    };
    let mut found = Inventory {
        place: path.clone(),
        ..Inventory::default()
    };
    match read_text(&path) {
        Ok(text) => text.lines().for_each(|line| add_line(&mut found, line)),
        Err(error) => {
            found.failed.push(Error {
                path,
                reason: error.to_string(),
                hint: "name the file: boot import brewfile --file PATH",
            });
        }
    }
    found
}

fn add_line(found: &mut Inventory, line: &str) {
    let Some((verb, name, rest)) = call(line) else {
        return;
    };
    let (Some(name), condition) = (
        name,
        rest.split_whitespace()
            .any(|word| matches!(word, "if" | "unless")),
    ) else {
        return;
    };
    let shown = format!("{verb} {name}");
    let wanted = match verb {
        "uv" => name.clone(),
        "brew" => match python(&name) {
            Some(Ok(request)) if condition => {
                return found.leave_out(
                    shown,
                    format!(
                        "Homebrew has it on a condition; add {request} \
                                                   to [python] if you want it everywhere"
                    ),
                );
            }
            Some(Ok(request)) => {
                if !found.pythons.contains(&request) {
                    found.pythons.push(request);
                }
                return;
            }
            Some(Err(why)) => return found.leave_out(shown, why),
            None => match TOOLS.iter().find(|(formula, _)| *formula == name) {
                Some((formula, "")) => (*formula).to_string(),
                Some((_, package)) => (*package).to_string(),
                None if BOOTS.contains(&name.as_str()) => {
                    return found.leave_out(shown, "boot does what it does");
                }
                None => return found.leave_out(shown, OTHERS),
            },
        },
        _ => return found.leave_out(shown, OTHERS),
    };
    if condition || rest.contains("args:") {
        return found.leave_out(
            shown,
            "Homebrew has it on a condition, or with options of its own",
        );
    }
    let base: String = wanted
        .chars()
        .take_while(|c| !"[=<>~!@ ;".contains(*c))
        .collect();
    match ImportedTool::parse(&base, &wanted) {
        Ok(mut tool) => {
            tool.inject = with(rest);
            if !found.tools.iter().any(|other: &ImportedTool| {
                Name::normalize(&other.name) == Name::normalize(&tool.name)
            }) {
                found.tools.push(tool);
            }
        }
        Err(why) => found.leave_out(shown, why),
    }
}

/// The reason for everything that isn't Python's.
pub(crate) const OTHERS: &str = "it stays Homebrew's";

/// `python@3.12` as a request; why it is none; None for any other formula.
fn python(formula: &str) -> Option<Result<String, &'static str>> {
    if formula == "python" || formula == "python3" {
        return Some(Ok("3".into()));
    }
    if formula.starts_with("python-tk") {
        return Some(Err("boot's Pythons have tkinter"));
    }
    let version = formula.strip_prefix("python@")?;
    Some(if is_supported(version) {
        Ok(version.into())
    } else {
        Err("boot has CPython 3.8 and newer")
    })
}

/// The verb of a line, the text it is called with, and the rest. None for what isn't a call with a
/// plain text.
fn call(line: &str) -> Option<(&str, Option<String>, &str)> {
    let line = line.trim();
    let end = line.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
    let (verb, rest) = line.split_at(end);
    if ![
        "brew",
        "cask",
        "tap",
        "mas",
        "vscode",
        "whalebrew",
        "uv",
        "go",
        "cargo",
        "npm",
        "flatpak",
        "krew",
    ]
    .contains(&verb)
    {
        return None;
    }
    let rest = rest
        .trim_start()
        .strip_prefix('(')
        .unwrap_or(rest)
        .trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, rest) = rest[1..].split_once(quote)?;
    // What Ruby would put in isn't known.
    let plain = !name.contains("#{") && !name.contains('\\');
    Some((verb, plain.then(|| name.to_string()), comment_off(rest)))
}

/// Without the comment at its end.
fn comment_off(rest: &str) -> &str {
    rest.split_once(" #").map_or(rest, |(code, _)| code)
}

/// `with: ["mkdocs-material<10"]`, as `uv` lines have it.
fn with(rest: &str) -> Vec<String> {
    let Some((_, list)) = rest.split_once("with:") else {
        return Vec::new();
    };
    let Some((list, _)) = list
        .trim_start()
        .strip_prefix('[')
        .and_then(|list| list.split_once(']'))
    else {
        return Vec::new();
    };
    list.split(',')
        .map(|text| text.trim().trim_matches(['"', '\'']).to_string())
        .filter(|text| !text.is_empty())
        .collect()
}
