//! Shells: their quoting, their start-up files, and what they read there. Knows nothing of Python.

pub(crate) mod company;
pub(crate) mod init;
pub(crate) mod install;
pub(crate) mod probe;
pub(crate) mod quote;
pub(crate) mod rcfile;
pub(crate) mod shim;
pub(crate) mod status;

use std::fmt;
use std::str::FromStr;

/// The shells that boot has a hook for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    pub(crate) const ALL: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no hook for such a shell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("boot has no hook for this shell: {}\nthere is one for bash, zsh and \
         fish", crate::report::escaped(.0))]
pub(crate) struct UnknownShell(pub String);

impl FromStr for Shell {
    type Err = UnknownShell;

    fn from_str(text: &str) -> Result<Shell, UnknownShell> {
        Shell::ALL
            .into_iter()
            .find(|shell| shell.name() == text)
            .ok_or_else(|| UnknownShell(text.into()))
    }
}
