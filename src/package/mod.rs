//! Python's packaging standards. Knows nothing of tools or projects.

pub mod address;
pub mod build;
pub mod bytecode;
pub mod commands;
pub mod direct;
pub mod entry_points;
pub mod facts;
pub mod filename;
pub mod git;
pub mod index;
pub mod link;
pub mod links;
pub mod metadata;
pub mod page;
pub mod pip;
mod ranges;
pub mod record;
pub mod requirement;
pub mod requirements_file;
pub mod resolve;
pub mod script;
pub mod shared;
pub mod tags;
pub mod wheel;
