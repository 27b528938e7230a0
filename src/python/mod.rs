//! Pythons: asking for one, knowing what exists, getting it, and what is installed.

pub mod installed;
pub mod key;
pub mod request;
