//! What is installed, as scripts get it: `boot tool list --json`.

use std::path::PathBuf;

use pep440_rs::Version;
use serde::Serialize;

use super::folder;
use super::receipt::Receipt;
use super::spec::Spec;
use crate::package::requirement::Name;
use crate::python::key::Key;
use crate::store::paths::Paths;

#[derive(Debug, Serialize)]
pub(crate) struct Tool {
    /// The package's; the tool's is this and the suffix.
    pub name: String,
    pub version: Version,
    pub spec: String,
    pub suffix: String,
    /// The exact Python that runs it now.
    pub python: Key,
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
    pub name: Name,
    pub version: Version,
    pub spec: Spec,
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
            name: receipt.wanted.name().into(),
            version: receipt.version,
            spec: receipt
                .wanted
                .spec()
                .map(ToString::to_string)
                .unwrap_or_default(),
            suffix: receipt.wanted.suffix,
            python: now.unwrap_or(receipt.python),
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
                .filter_map(|injected| {
                    Some(Injected {
                        name: injected.name().clone(),
                        version: injected.version?,
                        spec: injected.spec,
                    })
                })
                .collect(),
            broken: interpreter.is_none(),
        }
    }

    /// As the other verbs name it.
    pub(crate) fn tool(&self) -> String {
        format!("{}{}", self.name, self.suffix)
    }
}
