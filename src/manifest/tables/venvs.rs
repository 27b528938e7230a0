//! `[venvs]`: named virtualenvs, and the Python of each.

use std::collections::BTreeMap;

use super::python::{PythonRequest, read_request};
use crate::manifest::document::{self, Table};
use crate::project::pin::Name;
use crate::report::escaped;

/// Reads the names of virtualenvs, and the request for the Python of each.
pub(in crate::manifest) fn read_venvs(
    top: &Table<'_>,
) -> document::Result<BTreeMap<Name, PythonRequest>> {
    let mut found = BTreeMap::new();
    let Some(table) = top.table("venvs", "[venvs]")? else {
        return Ok(found);
    };
    for (key, _) in table.entries() {
        let Ok(name) = key.value.parse::<Name>() else {
            let message = format!("{} can't be the name of a virtualenv", escaped(key.value));
            return Err(table.problem(
                &key.span,
                message,
                "start with a letter; then letters, digits, dots, dashes and underscores",
            ));
        };
        let Some(text) = table.string(key.value)? else {
            continue;
        };
        found.insert(name, read_request(&table, &text)?);
    }
    Ok(found)
}
