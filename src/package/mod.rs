//! Python's packaging standards. Knows nothing of tools or projects.

pub(crate) mod address;
pub(crate) mod build;
pub(crate) mod bytecode;
pub(crate) mod commands;
pub mod direct;
pub mod entry_points;
pub(crate) mod facts;
pub(crate) mod filename;
pub(crate) mod git;
pub mod index;
pub(crate) mod link;
pub(crate) mod links;
pub mod metadata;
pub(crate) mod options;
pub mod page;
pub(crate) mod pip;
mod ranges;
pub mod record;
pub(crate) mod requirement;
pub(crate) mod requirements_file;
pub mod resolve;
pub(crate) mod script;
pub(crate) mod shared;
pub(crate) mod tags;
pub(crate) mod wheel;
