//! The tables of `boot.toml`, one file each: its type, how it is read, what is checked.

pub(super) mod dotfiles;
pub(super) mod packages;
pub(super) mod python;
pub(super) mod runs;
pub(super) mod tools;
pub(super) mod vars;
pub(super) mod venvs;
