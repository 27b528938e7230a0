//! The options of a command or a receipt that say where packages come from.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The indexes that packages come from, and what is accepted of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct IndexOptions {
    /// The main index instead of the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_url: Option<String>,
    /// Indexes that are asked before it, beside the configured ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_index_urls: Vec<String>,
    /// Accepts only what was published before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    /// Wheels only: nothing is built.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_build: bool,
}
