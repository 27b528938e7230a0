//! `config.toml` in boot's configuration folder: few settings, all optional, read only where a path
//! needs one.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The user's settings. Projects have no say in them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub struct Settings {
    #[serde(default)]
    pub python: Python,
    #[serde(default)]
    pub index: Index,
    #[serde(default)]
    pub venv: Venv,
}

/// Sources of Pythons, see `net::endpoints` for the defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Python {
    pub mirror: Option<String>,
    pub source_mirror: Option<String>,
    pub catalog: Option<String>,
}

/// Sources of packages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    pub url: Option<String>,
    #[serde(default)]
    pub extra_urls: Vec<String>,
}

/// Virtual environments of projects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Venv {
    /// A project with a pin, an installed Python and no `.venv` gets one at the prompt.
    #[serde(default = "yes")]
    pub auto_create: bool,
    /// A project's `.venv` is a folder, instead of a link into boot's own.
    #[serde(default)]
    pub in_project: bool,
}

impl Default for Venv {
    fn default() -> Venv {
        Venv {
            auto_create: true,
            in_project: false,
        }
    }
}

fn yes() -> bool {
    true
}

/// The settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("can't read the settings in {}: {source}", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the settings in {}, line {line}: {message}\n\
             correct that line, or remove the file: every setting has a default", path.display())]
    Parse {
        path: PathBuf,
        line: usize,
        message: String,
    },
}

impl Settings {
    /// Reads `path`; a file that isn't there means the defaults.
    pub fn read(path: &Path) -> Result<Settings, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Settings::default());
            }
            Err(source) => {
                return Err(Error::Read {
                    path: path.into(),
                    source,
                });
            }
        };
        toml::from_str(&text).map_err(|error| Error::Parse {
            path: path.into(),
            line: error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            }),
            message: error.message().into(),
        })
    }
}
