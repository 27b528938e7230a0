//! `boot python upgrade`.

use super::requests;
use crate::cli::python::Upgrade;
use crate::error::Result;
use crate::parallel;
use crate::project::dependents;
use crate::python::install;
use crate::python::installed::Installed;
use crate::python::refresh::{self, When};
use crate::python::request::Request;
use crate::python::source;
use crate::python::upgrade::{self, OldPatch, Outcome};
use crate::{Code, Context};

pub(super) fn run(args: &Upgrade, ctx: &Context) -> Result<Code> {
    let requests = requests(&args.requests)?;
    let mut codes = Vec::new();
    let mut minors = Vec::new();
    let asked: Vec<Option<&Request>> = if requests.is_empty() {
        vec![None]
    } else {
        requests.iter().map(Some).collect()
    };
    for request in asked {
        match upgrade::minors(ctx, request) {
            Ok(found) => found.into_iter().for_each(|minor| {
                if !minors.contains(&minor) {
                    minors.push(minor);
                }
            }),
            Err(error) => {
                ctx.report.error(&error.to_string());
                codes.push(error.code());
            }
        }
    }
    if minors.is_empty() && codes.is_empty() {
        ctx.report.info(
            "boot has installed no Python yet, so there is nothing to upgrade\nboot python install",
        );
        return Ok(Code::Done);
    }
    refresh::run(
        ctx,
        args.mirror.as_deref(),
        if args.refresh { When::Now } else { When::Daily },
    )?;
    let options = install::Options {
        mirror: args.mirror.clone(),
        build: source::Options {
            jobs: args.jobs,
            ..source::Options::default()
        },
        ..install::Options::default()
    };
    let list_users = |python: &Installed| dependents::list_patch_dependents(&ctx.paths, python);
    let old_patch = match args.keep {
        true => OldPatch::Keep,
        false => OldPatch::Remove(&list_users),
    };
    let outcomes = parallel::side_by_side(&minors, minors.len(), |minor| {
        upgrade::upgrade(ctx, *minor, &old_patch, &options)
    });
    for outcome in outcomes {
        match outcome {
            Ok(outcome) => {
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
    let key = &outcome.now.key;
    let minor = key.version.minor_name(key.variant);
    if key.version == outcome.before {
        ctx.report
            .info(&format!("Python {minor} is {}, the newest", key.version));
    } else {
        ctx.report.info(&format!(
            "upgraded Python {minor} from {} to {}",
            outcome.before, key.version
        ));
    }
    for version in &outcome.gone {
        ctx.report
            .info(&format!("  {version} is gone: nothing was bound to it"));
    }
    for (version, users) in &outcome.held {
        ctx.report
            .info(&format!("  {version} stays, for {}", users.join(", ")));
    }
}
