//! The kinds of items of a machine, one file each.

pub(crate) mod delegate;
pub(crate) mod dotfile;
pub(crate) mod package;
pub(crate) mod script;
