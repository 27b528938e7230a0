//! `boot.lock`: what a manifest meant, by checksum, for each platform that uses it. Applying it
//! resolves nothing.
//!
//! Sorted, one change a line, and without any address of a server: the machines that share it reach
//! indexes and mirrors by their own ways.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use pep440_rs::Version;
use serde::{Deserialize, Deserializer};

use crate::manifest::{Error, Place, PythonRequest, Result, Tool, Written};
use crate::package::requirement::Name;
use crate::python::key::{Key, Platform};
use crate::report::escaped;
use crate::store::atomic;
use crate::store::digest::Sha256;

mod check;
mod staleness;
mod text;

pub(crate) use staleness::{hash_wishes, list_packages, may_be_on, must_be_fresh, tools_on};

/// Its name, beside `boot.toml`.
pub(crate) const FILE: &str = "boot.lock";
pub(crate) const VERSION: u32 = 1;
/// In the place of a release: the Python is built, from this archive of upstream.
pub(crate) const SOURCE: &str = "source";
const LONGEST: u64 = 32 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    pub version: u32,
    /// Of what the manifest asks for: see [`hash_wishes`].
    pub manifest: String,
    #[serde(default, rename = "extends")]
    pub extends: BTreeMap<String, Pinned>,
    /// Scripts by id: the hash of their text and of what they watch.
    #[serde(default)]
    pub scripts: BTreeMap<String, Sha256>,
    /// Of the system, by manager, `any` where its name is the same everywhere: what they come to is
    /// the system's business.
    #[serde(default)]
    pub packages: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub platform: BTreeMap<Written<Platform>, Locked>,
}

/// A repository that the manifest extends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pinned {
    pub commit: String,
    /// Of what lies in it, see `extends::content`: an archive only says of itself which commit it
    /// is. None in older locks.
    #[serde(default)]
    pub sha256: Option<Sha256>,
}

/// The part of one platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    /// By request.
    #[serde(default)]
    pub python: BTreeMap<PythonRequest, LockedPython>,
    /// By normalized name.
    #[serde(default)]
    pub tool: BTreeMap<String, LockedTool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedPython {
    pub key: Key,
    pub release: String,
    pub file: String,
    pub sha256: Sha256,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedTool {
    /// The wish: another one is resolved again.
    pub asked: Asked,
    /// The minor that it is resolved for, as in `3.12` or `3.13t`.
    pub python: PythonRequest,
    /// Of a tool from a git repository: it is built from this one. Neither such a tool nor one of a
    /// folder is among its `packages`.
    #[serde(default)]
    pub commit: Option<String>,
    pub packages: Vec<LockedPackage>,
}

/// A distribution: a wheel, or a source archive where there is no wheel. Of that the lock holds
/// the archive to the byte; what building it needs is found out where it is built.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedPackage {
    pub name: Name,
    pub version: Version,
    pub file: String,
    pub sha256: Sha256,
    /// Its place on the index, see `package::address`.
    #[serde(default)]
    pub at: Option<String>,
}

impl Lock {
    /// The path of the lock of the repository at `place`, there or not.
    pub(crate) fn path(place: &Place) -> PathBuf {
        place.readable().join(FILE)
    }

    /// The lock beside the manifest; None where there is none. Whatever it says is checked: it
    /// comes from a repository.
    pub(crate) fn read(place: &Place) -> Result<Option<Lock>> {
        let path = Lock::path(place);
        let wrong = |reason: String| Error::Content {
            what: FILE.into(),
            reason,
            hint: "boot lock writes it again once the file is removed; nothing was done",
        };
        let text = match fs::metadata(&path) {
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && fs::symlink_metadata(&path).is_err() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(wrong(error.to_string())),
            Ok(data) if !data.is_file() || data.len() > LONGEST => {
                return Err(wrong("it isn't a file of a lock's size".into()));
            }
            Ok(_) => fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?,
        };
        let lock: Lock = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            wrong(format!(
                "line {line}: {}",
                escaped(&error.message().replace('\n', ", "))
            ))
        })?;
        if lock.version != VERSION {
            return Err(wrong("another version of boot wrote it".into()));
        }
        for (platform, locked) in &lock.platform {
            locked.check(*platform.value()).map_err(wrong)?;
        }
        Ok(Some(lock))
    }

    /// The part of the platform that this machine is.
    pub(crate) fn for_this_machine(&self) -> Option<&Locked> {
        self.platform.get(&Written::by_boot(Platform::host()?))
    }

    /// Writes it, unless it says the same already; says whether it did.
    pub(crate) fn write(&self, place: &Place) -> Result<bool> {
        let path = Lock::path(place);
        let text = self.to_text();
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(false);
        }
        if fs::symlink_metadata(&path).is_ok_and(|data| data.is_symlink()) {
            return Err(Error::Content {
                what: FILE.into(),
                reason: "it is a link, and boot writes through none".into(),
                hint: "remove it",
            });
        }
        atomic::write(&path, text.as_bytes(), None)?;
        Ok(true)
    }
}

impl LockedPackage {
    /// Tells whether it has to be built.
    pub(crate) fn is_source(&self) -> bool {
        !self.file.ends_with(".whl")
    }
}

impl Locked {
    /// The tool's entry, if it is for what the manifest asks for now.
    pub(crate) fn tool(&self, tool: &Tool) -> Option<&LockedTool> {
        self.tool
            .get(&Name::normalize(&tool.name))
            .filter(|locked| locked.asked == Asked::of(tool))
    }
}

/// The wish for a tool, in one line: `black[d]>=24 with furo on 3.12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    text: String,
    is_own_source: bool,
}

impl Asked {
    pub(crate) fn of(tool: &Tool) -> Asked {
        let mut text = Tool {
            source: None,
            ..tool.clone()
        }
        .spec();
        if let Some(source) = &tool.source {
            text.push_str(&format!(" from {}", source.mark()));
        }
        if !tool.inject.is_empty() {
            let mut inject: Vec<&str> = tool.inject.iter().map(Written::as_str).collect();
            inject.sort();
            text.push_str(&format!(" with {}", inject.join(" ")));
        }
        if let Some(python) = &tool.python {
            text.push_str(&format!(" on {python}"));
        }
        Asked {
            text,
            is_own_source: tool.source.is_some(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether the tool comes from git or a folder: it is no package of an index then.
    pub(crate) fn is_own_source(&self) -> bool {
        self.is_own_source
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Asked, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_own_source = [" from git ", " from folder "]
            .iter()
            .any(|source| text.contains(source));
        Ok(Asked {
            text,
            is_own_source,
        })
    }
}
