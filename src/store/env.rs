//! Environment variables: the only file that reads them. `HOME`, `XDG_*` and the `BOOT_*_DIR`
//! variables are read by [`super::paths`], through this file.

use std::ffi::{OsStr, OsString};

/// A variable's text. An empty value counts as unset, as everywhere in this field.
pub(crate) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable's bytes, an empty value included.
pub(crate) fn var_os(name: impl AsRef<OsStr>) -> Option<OsString> {
    std::env::var_os(name)
}

/// Every variable of this process.
pub(crate) fn vars_os() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}
