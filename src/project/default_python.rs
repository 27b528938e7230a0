//! The Python of a machine: for everywhere that no project and no variable names another.

use super::pin;
use crate::python::installed::{self, Installed};
use crate::python::request::Request;
use crate::store::paths::Paths;

/// The Python of the global pin, else the newest installed one. None where that pin can't be met.
pub(crate) fn find_default_python(paths: &Paths) -> Option<Installed> {
    let pin = pin::read_global(paths);
    match pin.as_ref().map_or(Ok(None), |pin| pin.python()) {
        Ok(Some(request)) => installed::find(paths, request),
        Ok(None) => installed::find(paths, &Request::Latest),
        Err(_) => None,
    }
}
