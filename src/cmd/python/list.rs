//! `boot python list`.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::row::Row;
use super::{available, request, tell_of_pyenv};
use crate::cli::python::List;
use crate::error::Result;
use crate::project::choice::{self, Reason};
use crate::project::default_python::find_default_python;
use crate::python::installed::{self, Installed, Origin};
use crate::python::key::{Key, Version};
use crate::python::refresh::{self, When};
use crate::python::{self, upgrade};
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &List, ctx: &Context) -> Result<Code> {
    tell_of_pyenv(ctx);
    let request = args.request.as_deref().map(request).transpose()?;
    let wanted = |key: &Key| request.as_ref().is_none_or(|request| request.matches(key));
    let installed = installed::list(&ctx.paths);
    let gone = installed::gone(&ctx.paths);
    let choice = choice::choose(&ctx.paths, &std::env::current_dir().unwrap_or_default());
    let active = choice.python().map(|python| python.key);
    let default = find_default_python(&ctx.paths).map(|python| python.key);
    let row = |python: &Installed| Row {
        key: python.key.to_string(),
        version: python.key.version.to_string(),
        implementation: "cpython",
        variant: python.key.variant.name(),
        platform: python.key.platform.to_string(),
        origin: python.origin,
        installed: python.is_there(),
        path: Some(python.executable.clone()),
        default: default == Some(python.key),
        active: active == Some(python.key),
        newest: None,
    };
    if args.available || args.outdated || args.refresh {
        refresh::run(
            ctx,
            None,
            if args.refresh { When::Now } else { When::Daily },
        )?;
    }
    if installed.is_empty() && gone.is_empty() && !args.available && !args.json {
        ctx.report
            .info("no Python is installed\nboot python install");
        return Ok(Code::Done);
    }
    if args.outdated {
        return outdated(
            args,
            ctx,
            installed.iter().filter(|python| wanted(&python.key)),
            &row,
        );
    }
    let rows: Vec<Row> = installed
        .iter()
        .filter(|python| wanted(&python.key))
        .map(row)
        .collect();
    if args.available {
        return available::run(ctx, &wanted, request.is_some(), args.json, &installed, rows);
    }
    let gone: Vec<&Installed> = gone.iter().filter(|python| wanted(&python.key)).collect();
    if args.json {
        let rows: Vec<Row> = rows.into_iter().chain(gone.into_iter().map(row)).collect();
        table::json(serde_json::json!({ "pythons": rows }))?;
        return Ok(Code::Done);
    }
    if rows.is_empty() && gone.is_empty() {
        ctx.report.info("no installed Python meets that");
        return Ok(Code::Done);
    }
    print_table(ctx, &rows, &gone, &choice.reason)
}

/// Prints the installed Pythons, then those whose interpreter is gone.
fn print_table(ctx: &Context, rows: &[Row], gone: &[&Installed], reason: &Reason) -> Result<Code> {
    let name = |origin: Origin| {
        serde_json::to_value(origin)
            .ok()
            .and_then(|v| v.as_str().map(String::from))
            .unwrap_or_default()
    };
    let cells = rows.iter().map(|row| {
        let free = if row.variant == "default" { "" } else { "t" };
        let mark = if row.active { "*" } else { " " };
        let note = match (&row.path, row.active) {
            (Some(path), true) => format!("{}  ({})", ctx.paths.tilde(path), reason),
            (Some(path), false) => ctx.paths.tilde(path),
            (None, _) => String::new(),
        };
        vec![
            format!("{mark} {}{free}", row.version),
            name(row.origin),
            note,
        ]
    });
    let gone = gone.iter().map(|python| {
        let note = format!("its interpreter is gone: {}", python.way_out());
        vec![
            format!("  {}{}", python.key.version, python.key.variant.suffix()),
            name(python.origin),
            note,
        ]
    });
    table::columns(&cells.chain(gone).collect::<Vec<_>>())?;
    Ok(Code::Done)
}

/// The newest patch of each installed minor, where there is a newer one.
fn outdated<'a>(
    args: &List,
    ctx: &Context,
    installed: impl Iterator<Item = &'a Installed>,
    row: &dyn Fn(&Installed) -> Row,
) -> Result<Code> {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    // An adopted one is its owner's to upgrade.
    let (adopted, own): (Vec<&Installed>, Vec<&Installed>) =
        installed.partition(|python| python.origin == Origin::Adopted);
    for python in &own {
        let key = &python.key;
        if !seen.insert((key.version.major, key.version.minor, key.variant)) {
            continue;
        }
        if let Some(newest) = upgrade::newer(ctx, python).map_err(python::Error::from)? {
            rows.push(Row {
                newest: Some(newest.to_string()),
                ..row(python)
            });
        }
    }
    if args.json {
        table::json(serde_json::json!({ "pythons": rows }))?;
    } else if rows.is_empty() {
        ctx.report.info(if own.is_empty() {
            "boot has installed no Python here"
        } else {
            "every Python that boot installed is the newest of its minor"
        });
    } else {
        let cells = rows.iter().map(|row| {
            let version = Version::from_str(&row.version)
                .map_or(String::new(), |v| format!("{}.{}", v.major, v.minor));
            let free = if row.variant == "default" { "" } else { "t" };
            let newest = row.newest.clone().unwrap_or_default();
            vec![
                format!("{}{free}", row.version),
                format!("-> {newest}{free}"),
                format!("boot python upgrade {version}{free}"),
            ]
        });
        table::columns(&cells.collect::<Vec<_>>())?;
    }
    if !adopted.is_empty() && !args.json {
        let names = adopted
            .iter()
            .map(|python| format!("{}{}", python.key.version, python.key.variant.suffix()));
        ctx.report.info(&format!(
            "not looked at, because they are adopted: {}",
            names.collect::<Vec<_>>().join(", ")
        ));
    }
    Ok(Code::Done)
}
