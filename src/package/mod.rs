//! Python's packaging standards. Knows nothing of tools or projects.

pub mod bytecode;
pub mod entry_points;
pub mod facts;
pub mod link;
pub mod record;
pub mod script;
pub mod wheel;
