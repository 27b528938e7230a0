//! `boot python install`.

use super::requests;
use crate::cli::python::Install;
use crate::error::{Error, Result};
use crate::parallel;
use crate::project::choice::{self, Missing, Reason, Target};
use crate::project::pin::{self, Entry};
use crate::python::install::{self, Options, Outcome};
use crate::python::installed::{self, Origin};
use crate::python::refresh::{self, When};
use crate::python::request::Request;
use crate::python::{links, source};
use crate::{Code, Context};

pub(super) fn run(args: &Install, ctx: &Context) -> Result<Code> {
    let requests = asked(args, ctx)?;
    let options = Options {
        locked: None,
        reinstall: args.reinstall,
        source: args.source || args.optimize || args.configure_opts.is_some(),
        prebuilt: args.prebuilt,
        mirror: args.mirror.clone(),
        replaces: None,
        build: source::Options {
            optimize: args.optimize,
            configure: args.configure_opts.clone(),
            jobs: args.jobs,
        },
    };
    if args.refresh {
        refresh::run(ctx, args.mirror.as_deref(), When::Now)?;
    } else if !options.source
        && requests.iter().any(|request| {
            !request.is_exact()
                && (args.reinstall || installed::find(&ctx.paths, request).is_none())
        })
    {
        // For what is there already nobody is asked, nor for what names its patch: where that isn't
        // known, `ensure` looks.
        refresh::run(ctx, args.mirror.as_deref(), When::Daily)?;
    }
    // Each is independent: all are tried, side by side, and each outcome is told.
    let outcomes = parallel::side_by_side(&requests, requests.len(), |request| {
        install::ensure(ctx, request, &options)
    });
    let mut codes = Vec::new();
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(outcome) => {
                if args.default && number == 0 {
                    pin::write(
                        &ctx.paths,
                        &ctx.paths.global_pin(),
                        &[Entry::Python(requests[number].clone())],
                    )?;
                }
                tell(ctx, &outcome);
                codes.push(Code::Done);
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
    let python = &outcome.installed;
    let version = format!("{}{}", python.key.version, python.key.variant.suffix());
    if !outcome.fresh {
        // An earlier run may have been killed when the Python was there and its links weren't.
        if let Err(error) = links::repair(&ctx.paths) {
            ctx.report.warn(&error.to_string());
        }
        ctx.report
            .info(&format!("Python {version} is already installed"));
        return;
    }
    let how = match python.origin {
        Origin::Source => "built and installed",
        _ => "installed",
    };
    ctx.report.info(&format!(
        "{how} Python {version}: {}",
        ctx.paths.tilde(&python.executable)
    ));
}

/// The requests of the command line; else those of the pin here; else the newest.
fn asked(args: &Install, ctx: &Context) -> Result<Vec<Request>> {
    if !args.requests.is_empty() {
        return requests(&args.requests);
    }
    let here = std::env::current_dir().unwrap_or_default();
    let choice = choice::choose(&ctx.paths, &here);
    for warning in &choice.warnings {
        ctx.report.warn(warning);
    }
    if choice.reason == Reason::Newest {
        return Ok(vec![Request::Latest]);
    }
    let asked: Vec<Request> = choice
        .items
        .iter()
        .filter_map(|item| item.asked.parse().ok())
        .filter(|request| *request != Request::System)
        .collect();
    let unmet = choice.items.iter().find_map(|item| match &item.target {
        Target::Unmet(unmet) => Some(Missing::unmet(unmet, &choice.reason)),
        _ => None,
    });
    match unmet {
        Some(unmet) if asked.is_empty() => return Err(unmet.into()),
        // The others can be had all the same.
        Some(unmet) => ctx
            .report
            .warn(&unmet.to_string().replace('\n', "; instead: ")),
        None => {}
    }
    if asked.is_empty() {
        return Err(Error::Usage(format!(
            "{} asks for nothing that can be installed\nboot python install 3.11",
            choice.reason
        )));
    }
    Ok(asked)
}
