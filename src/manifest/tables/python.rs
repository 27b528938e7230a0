//! `[python]`.

use crate::manifest::Written;
use crate::manifest::document::{self, At, Table};
use crate::python::request::Request;
use crate::report::first_line;

/// A request for a Python that boot can install. A path is of one machine, so it is none here.
pub(crate) type PythonRequest = Written<Request>;

/// Reads `install`, the requests for Pythons, each once.
pub(in crate::manifest) fn read_pythons(top: &Table<'_>) -> document::Result<Vec<PythonRequest>> {
    let Some(table) = top.table("python", "[python]")? else {
        return Ok(Vec::new());
    };
    table.only_keys(&["install"])?;
    let mut requests: Vec<PythonRequest> = Vec::new();
    for text in table.strings("install")? {
        let request = read_request(&table, &text)?;
        if !requests.contains(&request) {
            requests.push(request);
        }
    }
    Ok(requests)
}

/// Reads a request for a Python; nothing is looked up for it.
pub(super) fn read_request(
    table: &Table<'_>,
    text: &At<String>,
) -> document::Result<PythonRequest> {
    let reason = match text.value.parse::<PythonRequest>() {
        Ok(request) if *request.value() != Request::System => return Ok(request),
        Ok(_) => "the system's Python is there or not: boot doesn't install it".to_string(),
        Err(error) => first_line(error),
    };
    Err(table.problem(
        &text.span,
        reason,
        "write 3.11, 3.11.9, 3.13t, or \">=3.10,<3.13\"",
    ))
}
