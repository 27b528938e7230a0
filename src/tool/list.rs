//! What is installed, as scripts get it: `boot tool list --json`.

use std::path::PathBuf;

use serde::Serialize;

use super::folder;
use super::receipt::Receipt;
use crate::python::key::Key;
use crate::store::paths::Paths;

#[derive(Debug, Serialize)]
pub(crate) struct Tool {
    /// The package's; the tool's is this and the suffix.
    pub name: String,
    pub version: String,
    pub spec: String,
    pub suffix: String,
    /// The exact Python that runs it now.
    pub python: String,
    pub pinned: bool,
    pub env: PathBuf,
    pub apps: Vec<App>,
    pub injected: Vec<Injected>,
    /// For people: why it can't run.
    #[serde(skip)]
    pub broken: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct App {
    pub name: String,
    pub path: PathBuf,
}

#[derive(Debug, Serialize)]
pub(crate) struct Injected {
    pub name: String,
    pub version: String,
    pub spec: String,
}

impl Tool {
    pub(crate) fn new(paths: &Paths, receipt: Receipt) -> Tool {
        let env = folder(paths, &receipt.wanted.tool());
        // The environment follows its minor's link, which may lead to a newer patch than at first.
        let interpreter = std::fs::canonicalize(env.join("bin/python")).ok();
        let now = interpreter.as_deref().and_then(|path| {
            path.ancestors()
                .find_map(|folder| folder.file_name()?.to_str()?.parse::<Key>().ok())
        });
        Tool {
            name: receipt.wanted.name,
            version: receipt.version,
            spec: receipt.wanted.spec,
            suffix: receipt.wanted.suffix,
            python: now.map_or(receipt.python, |key| key.to_string()),
            pinned: receipt.wanted.pinned,
            env,
            apps: receipt
                .apps
                .into_iter()
                .map(|app| App {
                    path: paths.bin.join(&app.name),
                    name: app.name,
                })
                .collect(),
            injected: receipt
                .injected
                .into_iter()
                .filter(|injected| !injected.version.is_empty())
                .map(|injected| Injected {
                    name: injected.name,
                    version: injected.version,
                    spec: injected.spec,
                })
                .collect(),
            broken: interpreter.is_none(),
        }
    }

    /// As the other verbs name it.
    pub(crate) fn tool(&self) -> String {
        format!("{}{}", self.name, self.suffix)
    }

    /// The Python's version, where its key can be read.
    pub(crate) fn python_version(&self) -> String {
        self.python
            .parse::<Key>()
            .map_or_else(|_| self.python.clone(), |key| key.version.to_string())
    }
}
