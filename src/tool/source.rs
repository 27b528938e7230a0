//! What is typed where a package is named, understood with a look at the place: paths become
//! addresses, addresses lose their credentials, and what has no name in it (a folder, a repository)
//! is asked for its name.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use url::Url;

use super::environment::runner;
use super::python::{self, PythonChoice};
use super::spec::{self, Spec};
use super::{Error, Result};
use crate::Context;
use crate::package::build::Builder;
use crate::package::direct::{self, Direct};
use crate::package::options::IndexOptions;
use crate::package::requirement;
use crate::report::escaped;

/// What goes along with what is typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typed {
    pub editable: bool,
    /// A request for a Python: something may have to be built to learn its name.
    pub python: Option<String>,
    pub index: IndexOptions,
}

/// The requirement that was typed.
pub(crate) fn spec(ctx: &Context, typed: &str, more: &Typed) -> Result<Spec> {
    let typed = typed.trim();
    let (typed, editable) = match typed.strip_prefix("-e ") {
        Some(rest) => (rest.trim_start(), true),
        None => (typed, more.editable),
    };
    let (name, place) = match typed.split_once('@') {
        _ if spec::is_place(typed) => (None, typed),
        Some((name, place)) if spec::is_place(place.trim()) => (Some(name.trim()), place.trim()),
        _ => {
            let spec: Spec = typed.parse()?;
            if spec.condition().is_some() {
                return Err(spec::Error::Marker { text: typed.into() }.into());
            }
            return if editable {
                Err(spec::Error::Editable { text: typed.into() }.into())
            } else {
                Ok(spec)
            };
        }
    };
    let (place, extras) = with_extras(place);
    let url = address(ctx, place)?;
    let direct: Direct = url.parse()?;
    if editable && !matches!(direct, Direct::Folder { .. }) {
        return Err(spec::Error::Editable { text: typed.into() }.into());
    }
    let (name, extras) = match name.map(|name| name.split_once('[').unwrap_or((name, ""))) {
        // Extras stand with the name, if there is one.
        Some((name, list)) => (name.to_string(), list.trim_end_matches(']')),
        None => match direct::name(ctx, &direct)? {
            Some(name) => (name.to_string(), extras),
            None => (by_building(ctx, &direct, more)?, extras),
        },
    };
    let extras: Vec<String> = extras
        .split(',')
        .map(|extra| extra.trim().to_string())
        .filter(|extra| !extra.is_empty())
        .collect();
    Ok(Spec::at_address(&name, &extras, &url, editable)?)
}

/// The requirement that was typed to go into a tool, with the condition behind its `;`: that is
/// asked of the Python which the tool gets.
///
/// # Errors
/// As [`spec`]'s; the condition isn't one of PEP 508.
pub(crate) fn conditional(ctx: &Context, typed: &str, more: &Typed) -> Result<Spec> {
    match spec::split_condition(typed) {
        (what, Some(condition)) => {
            let wrong = |_| spec::Error::Condition { text: typed.into() };
            requirement::parse_marker(condition.trim()).map_err(wrong)?;
            // Also an address has to be looked at, which a requirement's own parser doesn't do.
            Ok(spec(ctx, what, more)?.when(condition)?)
        }
        (what, None) => spec(ctx, what, more),
    }
}

/// As [`conditional`], of several. One that is named twice is wanted once, as both say.
pub(crate) fn conditional_all(ctx: &Context, typed: &[String], more: &Typed) -> Result<Vec<Spec>> {
    let mut all: Vec<Spec> = Vec::new();
    for typed in typed {
        unite(&mut all, conditional(ctx, typed, more)?)?;
    }
    Ok(all)
}

/// Adds `spec` to `all`, to the one of the same package and condition where there is one.
///
/// # Errors
/// They come from two places.
pub(crate) fn unite(all: &mut Vec<Spec>, spec: Spec) -> Result<()> {
    match all
        .iter_mut()
        .find(|other| (other.name(), other.condition()) == (spec.name(), spec.condition()))
    {
        Some(other) => *other = other.united(&spec)?,
        None => all.push(spec),
    }
    Ok(())
}

/// What only a build can tell: the wheel is in the cache afterwards, so little is done twice.
fn by_building(ctx: &Context, direct: &Direct, more: &Typed) -> Result<String> {
    let name = direct.to_string();
    let choice = PythonChoice {
        tool: &name,
        request: more.python.as_deref(),
        now: None,
    };
    let candidates = python::list_candidates(ctx, &choice)?.into_iter();
    let python = candidates
        .into_iter()
        .next()
        .ok_or_else(|| Error::NoPython {
            name: direct.to_string(),
        })?;
    let builder = Builder::new(ctx, runner(&python), more.index.clone());
    Ok(direct::built_name(&builder, direct)?.to_string())
}

/// `./folder[extra]` in two; a bracket in the middle of a name belongs to it.
fn with_extras(place: &str) -> (&str, &str) {
    match place
        .strip_suffix(']')
        .and_then(|rest| rest.rsplit_once('['))
    {
        Some((place, extras))
            if !place.is_empty()
                && !extras.contains('/')
                && !Path::new(&format!("{place}[{extras}]")).exists() =>
        {
            (place, extras)
        }
        _ => (place, ""),
    }
}

/// An address without credentials, of an address or a path.
fn address(ctx: &Context, place: &str) -> Result<String> {
    if place.contains("://") {
        return Ok(ctx.auth.strip(place));
    }
    let path = match place.strip_prefix("~/") {
        Some(rest) => ctx.paths.home.join(rest),
        None => PathBuf::from(place),
    };
    // It may be an address that was mistyped, with a password.
    let plain = place
        .rsplit_once('@')
        .filter(|(before, _)| before.contains(':'))
        .map_or(place, |(_, after)| after);
    let gone = || Error::NoPlace(escaped(plain));
    let path = std::fs::canonicalize(path).map_err(|_| gone())?;
    Url::from_file_path(path)
        .map(String::from)
        .map_err(|()| gone())
}

/// The day or the moment of `--before`. A day begins at midnight, UTC.
pub(crate) fn before(text: &str) -> Result<Timestamp> {
    let day = |date: Date| {
        date.to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    let wrong = || Error::Date(escaped(text));
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<Date>().ok().and_then(day))
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::package::wheel::tests::paths;
    use crate::report::Silent;

    #[test]
    fn spec_of_path_or_address_gets_name() {
        let home = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(home.path()).unwrap();
        let ctx = Context::new(paths(&root), Arc::new(Silent), true);
        let project = root.join("pro ject");
        std::fs::create_dir(&project).unwrap();
        std::fs::write(
            project.join("pyproject.toml"),
            "[project]\nname = 'My_Tool'\n",
        )
        .unwrap();
        std::fs::write(root.join("a_b-1.0-py3-none-any.whl"), "").unwrap();
        let url = |rest: &str| format!("file://{}/{rest}", root.display());
        let text = |typed: &str, editable: bool| {
            spec(
                &ctx,
                typed,
                &Typed {
                    editable,
                    ..Typed::default()
                },
            )
            .map(|spec| spec.to_string())
        };
        let folder = project.display().to_string();
        assert_eq!(
            text(&folder, false).unwrap(),
            format!("my-tool @ {}", url("pro%20ject"))
        );
        assert_eq!(
            text("~/pro ject[x, y]", true).unwrap(),
            format!("-e my-tool[x,y] @ {}", url("pro%20ject"))
        );
        assert_eq!(
            text(&format!("other @ {folder}"), false).unwrap(),
            format!("other @ {}", url("pro%20ject"))
        );
        assert_eq!(
            text("~/a_b-1.0-py3-none-any.whl", false).unwrap(),
            format!("a-b @ {}", url("a_b-1.0-py3-none-any.whl"))
        );
        assert!(
            !text("https://me:secret@h.example/c-2.tar.gz#sha256=00", false)
                .unwrap_err()
                .to_string()
                .contains("secret")
        );
        assert_eq!(
            text("https://me:secret@h.example/c-2.tar.gz", false).unwrap(),
            "c @ https://h.example/c-2.tar.gz"
        );
        for (typed, editable) in [
            ("black", true),
            ("~/a_b-1.0-py3-none-any.whl", true),
            ("~/nothing", false),
            ("https://h.example/x", false),
        ] {
            let error = text(typed, editable).unwrap_err().to_string();
            assert!(error.lines().count() <= 3, "{error}");
        }
    }

    #[test]
    fn before_day_begins_at_midnight() {
        assert_eq!(
            before("2026-01-31").unwrap().to_string(),
            "2026-01-31T00:00:00Z"
        );
        assert_eq!(
            before("2026-01-31T12:00:00Z").unwrap().to_string(),
            "2026-01-31T12:00:00Z"
        );
        assert!(before("tomorrow").is_err());
    }
}
