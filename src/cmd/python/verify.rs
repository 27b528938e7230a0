//! `boot python verify`.

use serde::Serialize;

use crate::cli::python::Verify;
use crate::error::{Error, Result};
use crate::project::choice::{Missing, Reason};
use crate::python::installed::{self, Installed};
use crate::python::request::{NotARequest, Request};
use crate::python::selftest;
use crate::ui::table;
use crate::{Code, Context};

#[derive(Serialize)]
struct Row {
    key: String,
    complete: bool,
    missing: Vec<String>,
    problem: Option<String>,
}

pub fn run(args: &Verify, ctx: &Context) -> Result<Code> {
    let pythons: Vec<Installed> = if args.requests.is_empty() {
        installed::list(&ctx.paths)
    } else {
        let mut pythons = Vec::new();
        for text in &args.requests {
            let request: Request = text.parse().map_err(|error: NotARequest| Error::Usage(error.to_string()))?;
            pythons.push(installed::find(&ctx.paths, &request).ok_or(Missing::new(text, &Reason::Newest))?);
        }
        pythons
    };
    let rows: Vec<Row> = pythons
        .iter()
        .map(|python| match selftest::run(&python.key, &python.executable, &python.root, &python.root, true) {
            Ok(passed) => Row { key: python.key.to_string(), complete: passed.missing.is_empty(), missing: passed.missing, problem: None },
            Err(error) => Row { key: python.key.to_string(), complete: false, missing: Vec::new(), problem: Some(first_line(&error)) },
        })
        .collect();
    let complete = rows.iter().all(|row| row.complete);
    if args.json {
        table::json(serde_json::json!({ "pythons": rows }))?;
    } else if rows.is_empty() {
        ctx.report.info("no Python is installed\nboot python install");
    } else {
        let cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let state = match &row.problem {
                    Some(problem) => problem.clone(),
                    None if row.complete => "complete".into(),
                    None => format!("can't import {}", row.missing.join(", ")),
                };
                vec![row.key.clone(), state]
            })
            .collect();
        table::columns(&cells)?;
    }
    Ok(if complete { Code::Done } else { Code::Failed })
}

fn first_line(error: &selftest::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_string()
}
