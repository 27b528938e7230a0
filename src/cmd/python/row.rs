//! A Python in the JSON of `boot python list`, installed or available.

use std::path::PathBuf;

use serde::Serialize;

use crate::python::installed::Origin;

/// A row of `--json`.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) version: String,
    pub(super) implementation: &'static str,
    pub(super) variant: &'static str,
    pub(super) platform: String,
    pub(super) origin: Origin,
    pub(super) installed: bool,
    pub(super) path: Option<PathBuf>,
    pub(super) default: bool,
    pub(super) active: bool,
    /// With `--outdated`: the newest patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<String>,
}
