//! boot makes a machine ready for Python work, and keeps it so.
//!
//! The layers, top to bottom; an arrow never points up: `cli` and `cmd` (what is typed), `ui` (what
//! is seen), the domain (`python`, `project`, `tool`, `machine`), `package` (Python's packaging
//! standards), and the foundations (`net`, `store`, `shell`, and the small files beside this one).

#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(unreachable_pub)]

mod cli;
mod cmd;
mod context;
mod doctor;
mod entry;
mod error;
mod exit;
mod import;
#[cfg(test)]
mod layers;
mod machine;
mod manifest;
mod net;
mod package;
mod parallel;
mod project;
mod python;
mod report;
mod self_update;
mod settings;
mod shell;
mod signals;
mod store;
mod tool;
mod ui;

pub(crate) use context::Context;
pub(crate) use error::Error;
pub(crate) use exit::Code;

pub use entry::run;

/// The parts that tests and fuzz targets drive by themselves. Everything else is private, so that
/// the compiler finds what nothing uses.
pub mod testing {
    pub use crate::cli::words::table::ROWS;
    pub use crate::context::Context;
    pub use crate::net::Client;
    pub use crate::net::auth::machines as netrc_machines;
    pub use crate::package::filename::{WheelName, source_version};
    pub use crate::package::pip::Pip;
    pub use crate::package::requirement::{Name, Requirement, parse_marker};
    pub use crate::package::{direct, entry_points, index, metadata, page, record, resolve};
    pub use crate::project::pin;
    pub use crate::python::key::{Key, Platform, Version};
    pub use crate::python::request::Request;
    pub use crate::python::target::facts;
    pub use crate::python::{catalog, checksums};
    pub use crate::report::Silent;
    pub use crate::self_update::target;
    pub use crate::store::digest::{self, Sha256};
    pub use crate::store::lock::Lock;
    pub use crate::store::paths::Paths;
    pub use crate::store::unpack;

    /// Parses a boot.toml; the error is the text that a person reads.
    pub fn parse_manifest(text: &str) -> Result<(), String> {
        match crate::manifest::Manifest::parse(text, crate::manifest::FILE) {
            Ok(_) => Ok(()),
            Err(problem) => Err(problem.to_string()),
        }
    }
}
