//! `[python]`.

use crate::manifest::document::{self, At, Table};
use crate::python::request::Request;
use crate::report::first_line;

pub(in crate::manifest) fn pythons(top: &Table<'_>) -> document::Result<Vec<String>> {
    let Some(table) = top.table("python", "[python]")? else {
        return Ok(Vec::new());
    };
    table.only_keys(&["install"])?;
    let mut requests: Vec<String> = Vec::new();
    for request in table.strings("install")? {
        check_request(&table, &request)?;
        if !requests.contains(&request.value) {
            requests.push(request.value);
        }
    }
    Ok(requests)
}

/// Fails where `request` names no Python that boot installs.
pub(super) fn check_request(table: &Table<'_>, request: &At<String>) -> document::Result<()> {
    check_installable(&request.value).map_err(|reason| {
        table.problem(
            &request.span,
            reason,
            "write 3.11, 3.11.9, 3.13t, or \">=3.10,<3.13\"",
        )
    })
}

/// Why `request` can't be a Python to install; nothing is looked up for it. A path is of one
/// machine, so it is none here.
pub(crate) fn check_installable(request: &str) -> std::result::Result<(), String> {
    match request.parse::<Request>() {
        Ok(Request::System) => {
            Err("the system's Python is there or not: boot doesn't install it".into())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(first_line(error)),
    }
}
