//! Others that activate environments in a shell, known by the functions and the variables that they
//! leave there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A program or plug-in that puts environments on PATH at a prompt or at the start of a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Activator {
    PyenvVirtualenv,
    CondaBase,
    ZshAutoswitchVirtualenv,
    Direnv,
    Mise,
}

/// Functions by which an activator is known, in whichever shell.
const FUNCTIONS: &[(&str, Activator)] = &[
    ("_pyenv_virtualenv_hook", Activator::PyenvVirtualenv),
    (
        "enable_autoswitch_virtualenv",
        Activator::ZshAutoswitchVirtualenv,
    ),
    ("_direnv_hook", Activator::Direnv),
    ("__direnv_export_eval", Activator::Direnv),
    ("_mise_hook", Activator::Mise),
    ("__mise_env_eval", Activator::Mise),
];

impl Activator {
    /// Its name, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Activator::PyenvVirtualenv => "pyenv-virtualenv",
            Activator::CondaBase => "conda",
            Activator::ZshAutoswitchVirtualenv => "zsh-autoswitch-virtualenv",
            Activator::Direnv => "direnv",
            Activator::Mise => "mise",
        }
    }

    /// Its effect beside boot.
    pub(crate) fn effect(self) -> &'static str {
        match self {
            Activator::PyenvVirtualenv | Activator::ZshAutoswitchVirtualenv => {
                "activates environments too"
            }
            Activator::CondaBase => {
                "activates its base environment in each shell, ahead of boot's Pythons"
            }
            Activator::Direnv => {
                "an environment that its .envrc activates stays as long as it is there"
            }
            Activator::Mise => {
                "an environment that its configuration activates stays as long as it is there"
            }
        }
    }

    /// The way to have boot alone. None where both get along.
    pub(crate) fn remedy(self) -> Option<&'static str> {
        match self {
            Activator::PyenvVirtualenv => {
                Some("take the line with `pyenv virtualenv-init -` out of your start-up files")
            }
            Activator::CondaBase => Some("conda config --set auto_activate_base false"),
            Activator::ZshAutoswitchVirtualenv => Some("take it out of the plugins in ~/.zshrc"),
            Activator::Direnv | Activator::Mise => None,
        }
    }
}

/// The names of functions to ask a shell for; [`of_shell`] reads the answers in this order.
pub(crate) fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name)
}

/// The activators in a shell that has these functions, in the order of [`functions`], and this
/// PATH.
pub(crate) fn of_shell(is_there: &[bool], path: &[PathBuf]) -> Vec<Activator> {
    let mut found: Vec<Activator> = FUNCTIONS
        .iter()
        .zip(is_there)
        .filter(|(_, is_there)| **is_there)
        .map(|((_, activator), _)| *activator)
        .collect();
    found.extend(has_conda_base(path).then_some(Activator::CondaBase));
    found.sort();
    found.dedup();
    found
}

/// The activators whose exported variables are in this process's environment.
pub(crate) fn of_environment(var: impl Fn(&str) -> Option<OsString>) -> Vec<Activator> {
    let is_set = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let mut found = Vec::new();
    found.extend(
        (is_set("PYENV_VIRTUALENV_INIT") || is_set("PYENV_VIRTUAL_ENV"))
            .then_some(Activator::PyenvVirtualenv),
    );
    let base = var("CONDA_DEFAULT_ENV").is_some_and(|name| name == "base");
    found.extend(base.then_some(Activator::CondaBase));
    found.extend((is_set("DIRENV_DIFF") && is_set("VIRTUAL_ENV")).then_some(Activator::Direnv));
    found.extend(is_set("__MISE_DIFF").then_some(Activator::Mise));
    found
}

/// Tells whether conda's base is active: its commands stand on PATH beside its `condabin`.
fn has_conda_base(path: &[PathBuf]) -> bool {
    let is_base = |folder: &&PathBuf| folder.ends_with("condabin");
    path.iter().filter(is_base).any(|folder| {
        folder
            .parent()
            .map(Path::to_path_buf)
            .is_some_and(|root| path.contains(&root.join("bin")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activators_are_found_by_function_path_and_variable() {
        let all = vec![true; FUNCTIONS.len()];
        let path = ["/opt/conda/bin", "/opt/conda/condabin", "/usr/bin"].map(PathBuf::from);
        let found = of_shell(&all, &path);
        assert_eq!(found.len(), 5, "each once: {found:?}");
        assert_eq!(of_shell(&vec![false; FUNCTIONS.len()], &path[1..]), []);
        let variables = |name: &str| {
            (name == "PYENV_VIRTUALENV_INIT" || name == "CONDA_DEFAULT_ENV")
                .then(|| OsString::from("base"))
        };
        assert_eq!(
            of_environment(variables),
            [Activator::PyenvVirtualenv, Activator::CondaBase]
        );
        assert_eq!(
            of_environment(|name| (name == "CONDA_DEFAULT_ENV").then(|| "science".into())),
            []
        );
    }
}
