//! `boot-receipt.toml`, inside a tool's environment: what was asked for, so that upgrade, reinstall
//! and repair ask for the same again, and what came of it. It is part of what is published in one
//! rename. No credentials are ever in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::spec::{self, Spec};
use crate::package::options::IndexOptions;
use crate::store::paths::Paths;
use crate::store::{self, atomic};

/// Its name inside the environment.
pub(crate) const NAME: &str = "boot-receipt.toml";
const SCHEMA: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Receipt {
    schema: u32,
    /// The package's version that is installed.
    pub version: String,
    /// The exact Python it was made with, see `python::key`. It follows the minor's link since
    /// then.
    pub python: String,
    #[serde(flatten)]
    pub wanted: Wanted,
    /// Everything in the environment: `name==version`, sorted.
    pub packages: Vec<String>,
    /// The wheels' SHA-256 of what came from an address, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addressed: BTreeMap<String, String>,
    /// The commits of what came from git, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub commits: BTreeMap<String, String>,
    #[serde(default, rename = "app", skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<App>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub injected: Vec<Injected>,
}

/// What was asked for, injected packages aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Wanted {
    /// The package's name, normalized.
    pub name: String,
    /// The requirement, as PEP 508 writes it.
    pub spec: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    /// The request for a Python, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python_request: Option<String>,
    /// Held at its version.
    #[serde(default)]
    pub pinned: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pre: bool,
    /// Packages whose commands are linked beside the tool's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_from: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// Links that were chosen beside those: name and command.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expose: BTreeMap<String, String>,
    /// Names that aren't linked although the packages offer them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<String>,
    /// Where packages may come from.
    #[serde(flatten)]
    pub index: IndexOptions,
}

/// One linked command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct App {
    /// In the bin folder.
    pub name: String,
    /// In the environment's scripts folder.
    pub script: String,
}

/// A package that was put into the tool's environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Injected {
    pub name: String,
    pub spec: String,
    /// Empty where its condition isn't met by the Python that the tool has.
    pub version: String,
    /// Its commands are linked too.
    #[serde(default)]
    pub expose: bool,
}

impl Injected {
    /// Whether `spec` asks for nothing else.
    pub(crate) fn meets(&self, spec: &Spec) -> bool {
        let Ok(asked) = self.spec.parse::<Spec>() else {
            return false;
        };
        let same = asked.condition() == spec.condition();
        same && (asked == *spec && self.version.is_empty() || spec.is_met_by(&self.version, &asked))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} can't be read: {reason}\nboot tool uninstall {name} removes that tool, boot tool \
             install makes it anew", path.display())]
    Unreadable {
        path: PathBuf,
        name: String,
        reason: String,
    },
    #[error("{} was written by a newer boot\nboot self update", path.display())]
    Newer { path: PathBuf },
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What every format of the receipt has.
#[derive(Deserialize)]
struct Format {
    schema: u32,
}

impl Wanted {
    /// The tool's name: the package's, and the suffix.
    pub(crate) fn tool(&self) -> String {
        format!("{}{}", self.name, self.suffix)
    }

    /// What holds its version back, as a person would name it; None where nothing does.
    pub(crate) fn bound(&self) -> Option<String> {
        if self.spec.parse::<Spec>().is_ok_and(|spec| spec.is_bound()) {
            return Some(self.spec.clone());
        }
        let before = self.index.before.map(|_| "--before".to_string());
        before.or_else(|| (!self.constraints.is_empty()).then(|| "--constraint".into()))
    }

    /// Whether what was said of constraints, dates and pre-releases is what bound `installed`
    /// already; where nothing was said it is.
    pub(crate) fn binds_no_more_than(&self, installed: &Wanted) -> bool {
        (self.index.before.is_none() || self.index.before == installed.index.before)
            && (self.constraints.is_empty() || self.constraints == installed.constraints)
            && (!self.pre || installed.pre)
    }
}

impl Receipt {
    pub(crate) fn new(wanted: Wanted, version: String, python: String) -> Receipt {
        Receipt {
            schema: SCHEMA,
            version,
            python,
            wanted,
            packages: Vec::new(),
            addressed: BTreeMap::new(),
            commits: BTreeMap::new(),
            apps: Vec::new(),
            injected: Vec::new(),
        }
    }

    /// The receipt of the tool in `folder`; None where there is no tool.
    pub(crate) fn read(folder: &Path) -> Result<Option<Receipt>, Error> {
        let name = super::name_of(folder);
        let receipt = Receipt::read_any(folder)?;
        match receipt {
            Some(receipt) if receipt.wanted.tool() != name || !spec::is_tool_name(&name) => {
                Err(Error::Unreadable {
                    path: folder.join(NAME),
                    name,
                    reason: "it is of another tool".into(),
                })
            }
            receipt => Ok(receipt),
        }
    }

    /// The receipt in any environment that boot made for a tool.
    pub(crate) fn read_any(folder: &Path) -> Result<Option<Receipt>, Error> {
        let path = folder.join(NAME);
        let name = super::name_of(folder);
        let unreadable = |reason: String| Error::Unreadable {
            path: path.clone(),
            name: name.clone(),
            reason,
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        // Of a later format nothing else can be relied on, so it is looked at first.
        if toml::from_str::<Format>(&text).is_ok_and(|format| format.schema > SCHEMA) {
            return Err(Error::Newer { path });
        }
        let receipt: Receipt =
            toml::from_str(&text).map_err(|error| unreadable(error.message().into()))?;
        if receipt.schema != SCHEMA {
            return Err(unreadable(format!(
                "its format {} is unknown",
                receipt.schema
            )));
        }
        // Names become paths: a receipt that somebody edited must not lead elsewhere.
        if receipt
            .apps
            .iter()
            .any(|app| app.name.contains('/') || app.script.contains('/'))
        {
            return Err(unreadable("a command in it is a path".into()));
        }
        Ok(Some(receipt))
    }

    /// Writes it into an environment.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let text = toml::to_string(self).map_err(|error| Error::Unreadable {
            path: path.clone(),
            name: self.wanted.tool(),
            reason: error.to_string(),
        })?;
        Ok(atomic::write(&path, text.as_bytes(), Some(0o644))?)
    }

    /// The requirement that it was installed with.
    pub(crate) fn spec(&self) -> Result<Spec, spec::Error> {
        self.wanted.spec.parse()
    }
}

/// Every tool that has a receipt, by name; and what is wrong with those whose receipt can't be
/// read.
pub(crate) fn all(paths: &Paths) -> (Vec<Receipt>, Vec<Error>) {
    let mut receipts = Vec::new();
    let mut errors = Vec::new();
    let Ok(entries) = fs::read_dir(paths.tools()) else {
        return (receipts, errors);
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| spec::is_tool_name(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    for folder in folders {
        match Receipt::read(&folder) {
            Ok(Some(receipt)) => receipts.push(receipt),
            Ok(None) => {}
            Err(error) => errors.push(error),
        }
    }
    (receipts, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipt_round_trips() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("sphinx@8");
        fs::create_dir(&folder).unwrap();
        assert!(Receipt::read(&folder).unwrap().is_none());
        let wanted = Wanted {
            name: "sphinx".into(),
            spec: "sphinx>=8".into(),
            suffix: "@8".into(),
            ..Wanted::default()
        };
        let mut receipt = Receipt::new(
            wanted,
            "8.2.3".into(),
            "cpython-3.11.9-linux-x86_64-gnu".into(),
        );
        receipt.packages = vec!["furo==2024.8.6".into(), "sphinx==8.2.3".into()];
        receipt.apps = vec![App {
            name: "sphinx-build@8".into(),
            script: "sphinx-build".into(),
        }];
        receipt.injected = vec![Injected {
            name: "furo".into(),
            spec: "furo".into(),
            version: "2024.8.6".into(),
            expose: false,
        }];
        receipt.write(&folder).unwrap();
        assert_eq!(Receipt::read(&folder).unwrap().unwrap(), receipt);
    }

    #[test]
    fn receipt_read_of_damaged_file_says_what_to_type() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("black");
        fs::create_dir(&folder).unwrap();
        for text in ["", "schema = 1", "not toml"] {
            fs::write(folder.join(NAME), text).unwrap();
            let error = Receipt::read(&folder).unwrap_err().to_string();
            assert!(
                error.contains("boot tool uninstall black") && error.lines().count() <= 3,
                "{error}"
            );
        }
        fs::write(folder.join(NAME), "schema = 2\nnews = true\n").unwrap();
        let error = Receipt::read(&folder).unwrap_err().to_string();
        assert!(
            error.contains("newer boot") && error.contains("boot self update"),
            "{error}"
        );
        let wanted = Wanted {
            name: "other".into(),
            spec: "other".into(),
            ..Wanted::default()
        };
        Receipt::new(wanted, "1".into(), "x".into())
            .write(&folder)
            .unwrap();
        assert!(Receipt::read(&folder).is_err(), "another tool's");
    }
}
