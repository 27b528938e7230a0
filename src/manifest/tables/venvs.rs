//! `[venvs]`: named virtualenvs, and the Python of each.

use std::collections::BTreeMap;

use super::python::check_request;
use crate::manifest::document::{self, Table};
use crate::project::pin::Name;
use crate::report::escaped;

pub(in crate::manifest) fn venvs(top: &Table<'_>) -> document::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let Some(table) = top.table("venvs", "[venvs]")? else {
        return Ok(found);
    };
    for (key, _) in table.entries() {
        if key.value.parse::<Name>().is_err() {
            let message = format!("{} can't be the name of a virtualenv", escaped(key.value));
            return Err(table.problem(
                &key.span,
                message,
                "start with a letter; then letters, digits, dots, dashes and underscores",
            ));
        }
        let Some(request) = table.string(key.value)? else {
            continue;
        };
        check_request(&table, &request)?;
        found.insert(key.value.to_string(), request.value);
    }
    Ok(found)
}
