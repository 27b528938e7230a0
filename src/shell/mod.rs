//! Shells: their quoting, their start-up files, and what they read there. Knows nothing of Python.

pub mod company;
pub mod init;
pub mod install;
pub mod probe;
pub mod quote;
pub mod rcfile;
pub mod shim;
pub mod status;

use std::fmt;
use std::str::FromStr;

/// The shells that boot has a hook for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    pub const ALL: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

    pub fn name(self) -> &'static str {
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
pub struct UnknownShell(pub String);

impl FromStr for Shell {
    type Err = UnknownShell;

    fn from_str(text: &str) -> Result<Shell, UnknownShell> {
        Shell::ALL
            .into_iter()
            .find(|shell| shell.name() == text)
            .ok_or_else(|| UnknownShell(text.into()))
    }
}
