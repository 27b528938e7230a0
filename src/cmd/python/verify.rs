//! `boot python verify`.

use super::requests;
use crate::cli::python::Verify;
use crate::error::Result;
use crate::parallel;
use crate::project::choice::{Missing, Reason};
use crate::python::installed::{self, Installed};
use crate::python::verify::{self, Report};
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Verify, ctx: &Context) -> Result<Code> {
    let pythons: Vec<Installed> = if args.requests.is_empty() {
        // One whose interpreter is gone is incomplete too.
        installed::list(&ctx.paths)
            .into_iter()
            .chain(installed::gone(&ctx.paths))
            .collect()
    } else {
        let mut pythons = Vec::new();
        for request in requests(&args.requests)? {
            pythons.push(
                installed::find(&ctx.paths, &request)
                    .ok_or_else(|| Missing::new(&request.to_string(), &Reason::Argument))?,
            );
        }
        pythons
    };
    let reports: Vec<Report> = {
        let _bar = ctx.report.spinner("importing every module");
        parallel::side_by_side(&pythons, pythons.len(), verify::verify)
    };
    if args.json {
        table::json(serde_json::json!({ "pythons": reports }))?;
    } else if reports.is_empty() {
        ctx.report
            .info("no Python is installed\nboot python install");
    }
    if !args.json {
        for report in &reports {
            show(report, args.all)?;
        }
    }
    Ok(if reports.iter().all(|report| report.complete) {
        Code::Done
    } else {
        Code::Failed
    })
}

/// The table of one Python: what has a library behind it or is missing, then the number of the
/// others; all of them with `--all`.
fn show(report: &Report, all: bool) -> Result<()> {
    let state = match (&report.problem, report.complete) {
        (None, true) => "complete".to_string(),
        (Some(problem), _) if report.modules.is_empty() => problem.clone(),
        (None, false) if report.pip_problem.is_some() && report.missing == ["pip"] => {
            "its pip is another Python's, or doesn't run".into()
        }
        _ => format!("incomplete: no {}", report.missing.join(", ")),
    };
    table::out(&format!("{}  {state}\n", report.key))?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut others = 0;
    for module in &report.modules {
        let note = match (module.ok, module.optional) {
            (true, _) => module.detail.clone().unwrap_or_default(),
            (false, true) => "not there; optional".into(),
            (false, false) => format!("MISSING  {}", module.error.as_deref().unwrap_or("")),
        };
        if all || !note.is_empty() {
            rows.push(vec![format!("  {}", module.name), note]);
        } else {
            others += 1;
        }
    }
    if others > 0 {
        rows.push(vec!["  and".into(), format!("{others} modules more")]);
    }
    if !report.modules.is_empty() {
        let pip = match &report.pip_problem {
            Some(problem) => format!("WRONG  {problem}"),
            None => report.pip.clone().unwrap_or_else(|| "MISSING".into()),
        };
        rows.push(vec!["  pip".into(), pip]);
        let venv = if report.venv {
            "made one, and it runs".into()
        } else {
            format!("MISSING  {}", report.problem.as_deref().unwrap_or(""))
        };
        rows.push(vec!["  an environment".into(), venv]);
    }
    table::columns(&rows)?;
    if let Some(repair) = &report.repair {
        table::out(&format!("  what isn't there: {repair}\n"))?;
    }
    Ok(())
}
