//! Python's packaging standards. Knows nothing of tools or projects.

pub mod facts;
