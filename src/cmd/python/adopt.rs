//! `boot python adopt`.

use std::path::PathBuf;

use crate::cli::python::Adopt;
use crate::error::{Error, Result};
use crate::python::adopt::{self, Outcome};
use crate::python::discover;
use crate::report::first_line;
use crate::{Code, Context};

pub(super) fn run(args: &Adopt, ctx: &Context) -> Result<Code> {
    let mut paths: Vec<PathBuf> = args.paths.clone();
    if args.all {
        paths.extend(discover::interpreters(&ctx.paths));
    } else if paths.is_empty() {
        let found: Vec<String> = discover::interpreters(&ctx.paths)
            .iter()
            .map(|path| ctx.paths.tilde(path))
            .collect();
        let found = if found.is_empty() {
            "none was found here".into()
        } else {
            format!("here are {}", found.join(", "))
        };
        return Err(Error::Usage(format!(
            "name the interpreters to adopt: {found}\n\
             boot python adopt --all adopts all of them"
        )));
    }
    if paths.is_empty() {
        ctx.report.info("there is no other Python on this machine");
        return Ok(Code::Done);
    }
    let mut codes = Vec::new();
    for path in &paths {
        // A find of --all that can't be adopted is no failure.
        let named = args.paths.contains(path);
        match adopt::adopt(ctx, path) {
            Ok(outcome) => {
                tell(ctx, &outcome);
                codes.push(Code::Done);
            }
            Err(error) if !named => {
                ctx.report
                    .info(&format!("passed over: {}", first_line(error)));
            }
            Err(error) => {
                ctx.report.error(&error.to_string());
                codes.push(error.code());
            }
        }
    }
    Ok(Code::sum(codes))
}

fn tell(ctx: &Context, outcome: &Outcome) {
    let python = &outcome.python;
    let version = format!("{}{}", python.key.version, python.key.variant.suffix());
    let path = ctx.paths.tilde(&python.executable);
    if !outcome.fresh {
        ctx.report
            .info(&format!("Python {version} is already adopted: {path}"));
        return;
    }
    ctx.report
        .info(&format!("adopted Python {version}: {path}"));
    let Some(report) = &outcome.report else {
        return;
    };
    if !report.complete {
        let why = match (&report.problem, report.missing.is_empty()) {
            (Some(problem), true) => problem.clone(),
            _ => format!("it lacks {}", report.missing.join(", ")),
        };
        let repair = report.repair.as_ref().map_or_else(
            || format!("boot python install {version} has one that is complete"),
            Clone::clone,
        );
        ctx.report
            .warn(&format!("it is incomplete: {why}\n{repair}"));
    }
}
